/* stages/features.c - what a layer of a network makes of pictures
 *
 * Each item gets the field `features`, a row of numbers: the values of one
 * layer, averaged over each channel's plane.  By default it is the layer whose
 * value enters the classifier (the last dense layer).
 *
 * Pictures are prepared as the model's training prepared them: the field, its
 * normalization by channel, the size it learned; nothing is resized here.  The
 * attribute `extractor` says what the numbers are: network, layer and the
 * model's digest.  Distances are for features of one extractor.
 */
#include "base/text.h"
#include "kernels/backend.h"
#include "stages/inference.h"
#include "stages/model.h"

#include <string.h>

#include "base/banned.h"

enum { MEAN, NONE };
enum { SHOWN = 12 }; /* hexadecimal digits of a model's digest */

typedef struct {
    const char *layer;
    const char *field;
    int pool;
    const char *to;
} features_params;

static const ost_param params[] = {
    OST_PARAM(features_params, layer, STR,
              "layer whose values they are, as 'osteon model' names it "
              "(\"features.3.conv\"); unset: what enters the last dense layer",
              .dflt = "null"),
    OST_PARAM(features_params, field, STR,
              "field that is looked at; unset: the one the model was trained "
              "on",
              .dflt = "null"),
    OST_PARAM(features_params, pool, CHOICE,
              "of a layer that gives planes: their means, or all values",
              .dflt = "\"mean\"", .choices = "mean|none"),
    OST_PARAM(features_params, to, STR, "field that gets them",
              .dflt = "\"features\""),
    OST_END,
};

typedef struct {
    ost_stage_ctx *ctx;
    const features_params *p;
    ost_backend *backend;
    ost_model model;
    ost_picture_set set;
    const char *field;
    const char *extractor;
    const char *memo; /* name of what the numbers hang on */
    int layer;
    size_t dims;
    float *rows; /* n x dims */
    size_t computed;
} extraction;

/* Means over each channel's plane, added in order. */
static void average(const ost_inference *inf, const float *from, float *to)
{
    ost_tensor out = ost_net_output(inf->net);
    size_t channels = (size_t)out.shape[1], plane = inf->outputs / channels;

    for (size_t c = 0; c < channels; c++) {
        double sum = 0;

        for (size_t i = 0; i < plane; i++)
            sum += (double)from[c * plane + i];
        to[c] = (float)(sum / (double)plane);
    }
}

static ost_rc open_model(extraction *x, ost_err *err)
{
    const ost_input *in = ost_ctx_input(x->ctx, "model", 0);
    ost_arena *arena = ost_ctx_arena(x->ctx);
    char hex[2 * sizeof(ost_digest) + 1];
    const char *layer, *pool = x->p->pool == MEAN ? "mean" : "all";
    ost_rc rc = ost_model_open(x->ctx, in, x->backend, &x->model, err);

    if (!rc)
        rc = ost_network_find_layer(x->model.network, x->p->layer, &x->layer,
                                    err);
    if (rc)
        return rc;
    ost_hex(hex, in->digest.b, sizeof(in->digest.b));
    layer = ost_network_spec(x->model.network)->layers[x->layer].name;
    layer = layer ? layer : ost_arena_printf(arena, "%d", x->layer);
    x->field = x->p->field ? x->p->field : x->model.field;
    x->memo = ost_arena_printf(arena, "%s %s %s", hex, layer, pool);
    x->extractor = ost_arena_printf(arena, "%s %s (%s), model %.*s, field %s",
                                    ost_network_name(x->model.network), layer,
                                    pool, SHOWN, hex, x->field);
    return OST_OK;
}

static ost_rc open_pictures(extraction *x, ost_err *err)
{
    const ost_item *items;
    size_t n;
    ost_rc rc = ost_ctx_items(x->ctx, ost_ctx_input(x->ctx, "data", 0), &items,
                              &n, err);

    if (!rc)
        rc = ost_picture_set_open(x->ctx, items, n, x->field, &x->set, err);
    return rc ? rc : ost_model_check_pictures(&x->model, &x->set, err);
}

static ost_rc extract(extraction *x, ost_err *err)
{
    ost_inference inf = { 0 };
    ost_inference_memo memo = { .inf = &inf,
                                .ctx = x->ctx,
                                .set = &x->set,
                                .norm = &x->model.norm,
                                .field = x->field,
                                .name = x->memo };
    ost_rc rc = ost_inference_init_to(&inf, x->model.network, x->layer,
                                      x->model.weights, &x->set, err);

    if (!rc) {
        ost_tensor out = ost_net_output(inf.net);

        x->dims = inf.outputs;
        if (x->p->pool == MEAN && out.ndim > 2) {
            x->dims = (size_t)out.shape[1];
            memo.keep = average;
        }
        memo.kept = x->dims;
        x->rows = OST_ARENA_ARRAY(ost_ctx_arena(x->ctx), float,
                                  x->set.n * x->dims + 1);
        rc = ost_inference_remember(&memo, x->rows, &x->computed, err);
    }
    ost_inference_release(&inf);
    return rc;
}

static ost_rc emit_item(extraction *x, size_t i, ost_err *err)
{
    ost_item *out = ost_derive(x->ctx, &x->set.items[i], -1);
    int64_t shape[1] = { (int64_t)x->dims };
    ost_tensor t;
    ost_rc rc =
        ost_new_field(x->ctx, out, x->p->to, OST_F32, 1, shape, &t, err);

    if (rc)
        return rc;
    memcpy(t.data, x->rows + i * x->dims, x->dims * sizeof(float));
    ost_item_set_text(ost_ctx_arena(x->ctx), out, "extractor", x->extractor);
    return ost_emit(x->ctx, "out", out, err);
}

static ost_rc emit(extraction *x, ost_err *err)
{
    json_t *meta =
        json_pack("{s:{s:s, s:I, s:s}}", "features", "extractor", x->extractor,
                  "dims", (json_int_t)x->dims, "field", x->p->to);
    ost_rc rc = ost_emit_meta(x->ctx, "out", meta, err);

    json_decref(meta);
    for (size_t i = 0; i < x->set.n && !rc; i++)
        rc = emit_item(x, i, err);
    ost_count_items(x->ctx, x->computed, x->set.n - x->computed);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    extraction x = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    ost_rc rc = ost_ctx_backend(ctx, &x.backend, err);

    if (!rc)
        rc = open_model(&x, err);
    if (!rc)
        rc = open_pictures(&x, err);
    if (!rc && x.set.n > 0)
        rc = extract(&x, err);
    if (!rc)
        rc = emit(&x, err);
    ost_model_release(&x.model);
    return rc;
}

const ost_stage ost_stage_features = {
    .name = "features",
    .version = 2, /* bump when any output byte can change */
    .summary = "Gives pictures what a layer of a network makes of them.",
    .flags = OST_STAGE_FLOAT | OST_STAGE_GPU | OST_STAGE_KEEPS,
    .param_size = sizeof(features_params),
    .params = params,
    .inputs = OST_PORTS({ "model", OST_MODEL, "the extractor", false, false },
                        { "data", OST_DATASET, "pictures", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the items with their features", false, false }),
    .run = run,
};
