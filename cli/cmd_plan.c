/* cli/cmd_plan.c - osteon plan: what a run would do, and why */
#include "cli/forecast.h"
#include "cli/places.h"
#include "cli/planning.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { FLUSH_BYTES = 1 << 16 };

static void add_member(ost_buf *out, const char *name, const char *value)
{
    ost_buf_addf(out, ",\"%s\":", name);
    ost_buf_add_json(out, value, strlen(value));
}

/* What is foretold of a step. */
static void add_warnings(const ost_plan *plan, uint32_t step,
                         const ost_forecast_list *leaks, ost_buf *out)
{
    const ost_plan_node *n = ost_plan_node_of(plan, step);
    bool any = false;

    for (size_t i = 0; i < leaks->len; i++) {
        const ost_forecast *f = &leaks->data[i];

        if (n->index != (int64_t)f->node ||
            plan->steps[step].instance != f->instance)
            continue;
        ost_buf_adds(out, any ? "," : ",\"warnings\":[");
        ost_buf_add_json(out, f->text, strlen(f->text));
        any = true;
    }
    ost_buf_adds(out, any ? "]" : "");
}

static void add_place(const ost_place *place, ost_buf *out)
{
    if (*place->numeric)
        add_member(out, "numeric", place->numeric);
    else
        ost_buf_adds(out, ",\"numeric\":null");
    ost_buf_addf(out, ",\"gpu\":%s", place->gpu ? "true" : "false");
    if (place->why)
        add_member(out, "no_gpu", place->why);
}

static void add_json(ost_plan *plan, uint32_t step, const char *name,
                     const char *reason, const ost_forecast_list *leaks,
                     ost_buf *out)
{
    const ost_node *node = ost_plan_node_of(plan, step)->node;
    const ost_step *s = &plan->steps[step];
    char hex[OST_DIGEST_HEX];

    ost_buf_adds(out, "{\"step\":");
    ost_buf_add_json(out, name, strlen(name));
    add_member(out, "node", node->name);
    add_member(out, "stage", node->stage->name);
    add_member(out, "verdict", ost_verdict_name(s->verdict));
    add_member(out, "reason", reason);
    if (ost_digest_is_zero(&s->key))
        ost_buf_adds(out, ",\"key\":null");
    else
        ost_buf_addf(out, ",\"key\":\"%s\"", ost_digest_hex(&s->key, hex));
    add_place(&ost_plan_node_of(plan, step)->place, out);
    add_warnings(plan, step, leaks, out);
    ost_buf_addc(out, '}');
}

/* Where bytes depend on it, or a GPU is at work. */
static void add_class(const ost_place *place, ost_buf *out)
{
    if (place->gpu)
        ost_buf_addf(out, "  [%s]", place->computes);
    else if (*place->numeric)
        ost_buf_addf(out, "  [%s]", place->numeric);
}

static void flush(ost_buf *out, size_t limit)
{
    if (out->len < limit)
        return;
    fwrite(out->data, 1, out->len, stdout);
    ost_buf_reset(out);
}

static void print_plan(ost_plan *plan, bool json)
{
    ost_buf out = { 0 }, name = { 0 }, reason = { 0 };
    ost_forecast_list leaks = { 0 };
    bool first = true;

    ost_forecast_collect(plan->wf, &leaks);

    ost_buf_adds(&out, json ? "[" : "");
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        if (plan->steps[i].flags & OST_STEP_OUT)
            continue;
        ost_buf_reset(&name);
        ost_buf_reset(&reason);
        ost_plan_step_name(plan, i, &name);
        ost_plan_reason(plan, i, &reason);
        if (json) {
            ost_buf_adds(&out, first ? "\n" : ",\n");
            add_json(plan, i, ost_buf_str(&name), ost_buf_str(&reason), &leaks,
                     &out);
        } else {
            ost_buf_addf(&out, "%-6s  %s  %s",
                         ost_verdict_name(plan->steps[i].verdict),
                         ost_buf_str(&name), ost_buf_str(&reason));
            add_class(&ost_plan_node_of(plan, i)->place, &out);
            ost_buf_addc(&out, '\n');
        }
        first = false;
        flush(&out, FLUSH_BYTES);
    }
    ost_buf_adds(&out, json ? "\n]\n" : "");
    flush(&out, 1);
    if (!json) {
        ost_forecast_print(plan->wf, &leaks);
        ost_places_print(plan);
    }
    ost_forecast_release(&leaks);
    ost_buf_release(&out);
    ost_buf_release(&name);
    ost_buf_release(&reason);
}

static ost_rc run(ost_cli *cli, ost_err *err)
{
    ost_planning p = { 0 };
    ost_rc rc;

    rc = ost_planning_store(&p, cli, 0, err);
    if (!rc)
        rc = ost_planning_plan(&p, cli, 0, err);
    if (!rc)
        print_plan(p.plan, ost_cli_flag(cli, "json"));
    ost_planning_close(&p);
    return rc;
}

static const ost_option own[] = {
    { .name = "json", .help = "an array of objects instead of lines" },
    OST_OPTIONS_END,
};

static const ost_option *const options[] = {
    ost_options_store,    ost_options_bindings,
    ost_options_planning, own,
    ost_options_common,   NULL
};

const ost_command ost_cmd_plan = {
    .name = "plan",
    .summary = "say what a run would do, and why",
    .arguments = "WORKFLOW",
    .min_arguments = 1,
    .max_arguments = 1,
    .details =
        "One line a step: 'cached', 'run', or 'maybe' for a step that hangs on "
        "another one that must run first, the reason, and in brackets the "
        "numeric class where results depend on it.  Nothing is "
        "computed.  A leak between training and test data that the workflow "
        "gives away is a warning.  With --json an array of objects with the "
        "members step, node, stage, verdict, reason, key (null while it is "
        "not known), numeric (the class in its key, or null), gpu and, where "
        "there are any, no_gpu (why a preferred GPU is not used) and warnings.",
    .options = options,
    .run = run,
};
