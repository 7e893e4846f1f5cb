/* cli/cmd_validate.c - says everything that is wrong with a workflow */
#include "cli/forecast.h"
#include "cli/options.h"

#include <stdio.h>

#include "base/banned.h"

static uint64_t count_steps(const ost_workflow *wf, size_t *nodes)
{
    uint64_t steps = 0;

    *nodes = 0;
    for (size_t i = 0; i < ost_workflow_node_count(wf); i++) {
        if (!ost_workflow_node_is_live(wf, i))
            continue;
        ++*nodes;
        steps += ost_workflow_node(wf, i)->instances;
    }
    return steps;
}

static ost_rc run(ost_cli *cli, ost_err *err)
{
    ost_forecast_list leaks = { 0 };
    ost_workflow *wf;
    uint64_t steps;
    size_t nodes;
    ost_rc rc = ost_cli_load(cli, cli->arguments[0], &wf, err);

    if (rc)
        return rc;
    steps = count_steps(wf, &nodes);
    printf("%s: valid, %zu node%s, %llu step%s\n", ost_workflow_path(wf), nodes,
           nodes == 1 ? "" : "s", (unsigned long long)steps,
           steps == 1 ? "" : "s");
    ost_forecast_collect(wf, &leaks);
    ost_forecast_print(wf, &leaks);
    ost_forecast_release(&leaks);
    ost_workflow_free(wf);
    return OST_OK;
}

const ost_command ost_cmd_validate = {
    .name = "validate",
    .summary = "check a workflow and all that it uses",
    .arguments = "WORKFLOW",
    .min_arguments = 1,
    .max_arguments = 1,
    .details = "Every fault is printed with its place, the line of the file "
               "and the nearest valid name; a leak between training and test "
               "data that the workflow gives away is a warning.  Nothing is "
               "planned or run.",
    .options = (const ost_option *const[]){ ost_options_bindings,
                                            ost_options_common, NULL },
    .run = run,
};
