/* cli/cmd_man.c - prints the manual page */
#include "cli/options.h"

#include <stdio.h>

#include "base/banned.h"

static ost_rc run(ost_cli *cli, ost_err *err)
{
    ost_buf text = { 0 };

    (void)cli;
    (void)err;
    ost_man_page(&text);
    fputs(ost_buf_str(&text), stdout);
    ost_buf_release(&text);
    return OST_OK;
}

const ost_command ost_cmd_man = {
    .name = "man",
    .summary = "print the manual page",
    .arguments = "",
    .details = "Read it with: osteon man | man -l -",
    .options = (const ost_option *const[]){ ost_options_common, NULL },
    .run = run,
};
