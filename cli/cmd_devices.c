/* cli/cmd_devices.c - osteon devices: what could compute, and who uses it */
#include "base/proc.h"
#include "cli/options.h"
#include "stages/devices.h"

#include <stdio.h>

#include "base/banned.h"

static ost_rc run(ost_cli *cli, ost_err *err)
{
    const char *words = ost_cli_value(cli, "gpus");
    ost_buf text = { 0 };
    ost_gpus gpus;
    ost_rc rc;

    ost_gpus_find(&gpus);
    rc = ost_gpus_choose(&gpus, words, err);
    if (!rc && ost_cli_flag(cli, "json")) {
        ost_gpus_json(&gpus, &text);
    } else if (!rc) {
        ost_buf_addf(&text, "CPU    %d cores, %s\n", ost_proc_cores(),
                     ost_cpu_numeric_class());
        ost_gpus_text(&gpus, &text);
    }
    fputs(ost_buf_str(&text), stdout);
    ost_buf_release(&text);
    ost_gpus_release(&gpus);
    return rc;
}

static const ost_option own[] = {
    { .name = "gpus",
      .value = "WHICH",
      .help = "what 'osteon run --gpus' would make of these words" },
    { .name = "json", .help = "an array of the GPUs" },
    OST_OPTIONS_END,
};

const ost_command ost_cmd_devices = {
    .name = "devices",
    .summary = "list the GPUs, their memory, and who uses them",
    .arguments = "",
    .details =
        "Lists every GPU and every slice of one (MIG) with its UUID, name, "
        "memory and compute capability, the processes that use it, and the "
        "reason where it cannot be used.  Without a CUDA backend, a driver or "
        "a device it says which is missing, and the exit status is 0 all the "
        "same.",
    .options = (const ost_option *const[]){ own, ost_options_common, NULL },
    .run = run,
};
