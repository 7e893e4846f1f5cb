/* cli/cmd_schema.c - prints the JSON Schema of workflow files */
#include "cli/options.h"
#include "engine/format.h"

#include <stdio.h>

#include "base/banned.h"

static ost_rc run(ost_cli *cli, ost_err *err)
{
    ost_buf text = { 0 };

    (void)cli;
    (void)err;
    ost_format_schema(&text);
    fputs(ost_buf_str(&text), stdout);
    ost_buf_release(&text);
    return OST_OK;
}

const ost_command ost_cmd_schema = {
    .name = "schema",
    .summary = "print a JSON Schema of workflow files, for editors",
    .arguments = "",
    .details = "Made from the same tables that 'osteon validate' uses.",
    .options = (const ost_option *const[]){ ost_options_common, NULL },
    .run = run,
};
