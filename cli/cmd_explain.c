/* cli/cmd_explain.c - osteon explain: what changed since a node last ran */
#include "base/text.h"
#include "cli/planning.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* Instances that are explained in full; of more only those to be computed. */
enum { SHOWN = 32 };

static ost_rc no_such_node(const ost_plan *plan, const char *name, ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    const char *near;

    for (size_t i = 0; i < plan->nodes.len; i++)
        ost_vec_push(&names, plan->nodes.data[i].node->name);
    near = ost_nearest(name, names.data, names.len);
    ost_vec_release(&names);
    return ost_fail(err, OST_EUSAGE, "no node '%s'%s%s%s", name,
                    near ? " (did you mean '" : "", near ? near : "",
                    near ? "'?)" : "");
}

static ost_rc explain_node(ost_plan *plan, const ost_plan_node *n,
                           const char *word, ost_buf *out, size_t *found,
                           ost_err *err)
{
    ost_buf name = { 0 };
    ost_rc rc = OST_OK;
    size_t shown = 0, left_out = 0;

    for (uint32_t k = 0; k < n->node->instances && !rc; k++) {
        uint32_t step = n->first_step + k;

        ost_buf_reset(&name);
        ost_plan_step_name(plan, step, &name);
        if (strcmp(word, n->node->name) != 0 &&
            strcmp(word, ost_buf_str(&name)) != 0)
            continue;
        ++*found;
        if (shown == SHOWN) {
            left_out++;
            continue;
        }
        rc = ost_plan_explain(plan, step, out, err);
        shown++;
    }
    if (left_out)
        ost_buf_addf(out,
                     "... and %zu more instances: name one, such as '%s', to "
                     "see it\n",
                     left_out, ost_buf_str(&name));
    ost_buf_release(&name);
    return rc;
}

static ost_rc explain(ost_plan *plan, const char *word, ost_err *err)
{
    size_t length = strcspn(word, "[");
    ost_buf out = { 0 };
    ost_rc rc = OST_OK;
    size_t found = 0;

    for (size_t i = 0; i < plan->nodes.len && !rc; i++) {
        const ost_plan_node *n = &plan->nodes.data[i];

        if (strlen(n->node->name) == length &&
            strncmp(n->node->name, word, length) == 0)
            rc = explain_node(plan, n, word, &out, &found, err);
    }
    if (!rc && found == 0)
        rc = no_such_node(plan, word, err);
    if (!rc)
        fputs(ost_buf_str(&out), stdout);
    ost_buf_release(&out);
    return rc;
}

static ost_rc run(ost_cli *cli, ost_err *err)
{
    ost_planning p = { 0 };
    ost_rc rc;

    rc = ost_planning_store(&p, cli, 0, err);
    if (!rc)
        rc = ost_planning_plan(&p, cli, 0, err);
    if (!rc)
        rc = explain(p.plan, cli->arguments[1], err);
    ost_planning_close(&p);
    return rc;
}

static const ost_option *const options[] = { ost_options_store,
                                             ost_options_bindings,
                                             ost_options_planning,
                                             ost_options_common, NULL };

const ost_command ost_cmd_explain = {
    .name = "explain",
    .summary = "say what changed since a node last ran",
    .arguments = "WORKFLOW NODE",
    .min_arguments = 2,
    .max_arguments = 2,
    .details =
        "Compares what decides the node's result with the nearest earlier "
        "run: which parameter changed, which input and through which chain of "
        "nodes, which stage version.  NODE is a node, or one of its steps "
        "such as 'train[fold=2]'.",
    .options = options,
    .run = run,
};
