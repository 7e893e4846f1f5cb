/* stages/value.c - a JSON object that the workflow gives, as metrics
 *
 * Its inputs are not looked at; they only put it behind other nodes.
 */
#include "stages/stage.h"

#include "base/banned.h"

typedef struct {
    const json_t *data;
} value_params;

static const ost_param params[] = {
    OST_PARAM(value_params, data, OBJECT, "the object to emit", .dflt = "{}"),
    OST_END,
};

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const value_params *p = ost_ctx_params(ctx);

    return ost_emit_meta(ctx, "out", p->data, err);
}

const ost_stage ost_stage_value = {
    .name = "value",
    .version = 1,
    .summary = "Emit a JSON object as metrics.",
    .param_size = sizeof(value_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_ANY, "what must come before", true, true }),
    .outputs = OST_PORTS({ "out", OST_METRICS, "the object", false, false }),
    .run = run,
};
