/* cli/cmd_graph.c - shows what reads what in a workflow */
#include "cli/graph.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static ost_rc run(ost_cli *cli, ost_err *err)
{
    const char *format = ost_cli_value(cli, "format");
    ost_arena arena = { 0 };
    ost_buf out = { 0 };
    ost_workflow *wf;
    ost_graph graph;
    ost_rc rc = ost_cli_load(cli, cli->arguments[0], &wf, err);

    if (rc)
        return rc;
    ost_graph_make(wf, &arena, &graph);
    if (!format || strcmp(format, "text") == 0)
        ost_graph_text(&graph, &out);
    else if (strcmp(format, "dot") == 0)
        ost_graph_dot(&graph, &out);
    else
        ost_graph_svg(&graph, &out);
    fwrite(ost_buf_str(&out), 1, out.len, stdout);
    ost_buf_release(&out);
    ost_arena_release(&arena);
    ost_workflow_free(wf);
    return OST_OK;
}

static const ost_option options[] = {
    { .name = "format",
      .letter = 'f',
      .value = "FORMAT",
      .words = "text|dot|svg",
      .help = "text (the default), dot for Graphviz, or a picture as svg" },
    OST_OPTIONS_END,
};

const ost_command ost_cmd_graph = {
    .name = "graph",
    .summary = "show the nodes of a workflow and what they read",
    .arguments = "WORKFLOW",
    .min_arguments = 1,
    .max_arguments = 1,
    .details = "Nodes are shown once, with their axes; 'osteon plan' shows "
               "each step.",
    .options = (const ost_option *const[]){ options, ost_options_bindings,
                                            ost_options_common, NULL },
    .run = run,
};
