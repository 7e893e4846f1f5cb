/* cli/cmd_completion.c - prints the completion of a shell */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static ost_rc run(ost_cli *cli, ost_err *err)
{
    const char *shell = cli->arguments[0];
    ost_buf text = { 0 };

    if (strcmp(shell, "bash") == 0)
        ost_completion_bash(&text);
    else if (strcmp(shell, "zsh") == 0)
        ost_completion_zsh(&text);
    else
        return ost_fail(err, OST_EUSAGE,
                        "unknown shell '%s' (choose bash or zsh)", shell);
    fputs(ost_buf_str(&text), stdout);
    ost_buf_release(&text);
    return OST_OK;
}

const ost_command ost_cmd_completion = {
    .name = "completion",
    .summary = "print the completion of a shell",
    .arguments = "bash|zsh",
    .min_arguments = 1,
    .max_arguments = 1,
    .details = "Use it with: source <(osteon completion bash)",
    .options = (const ost_option *const[]){ ost_options_common, NULL },
    .run = run,
};
