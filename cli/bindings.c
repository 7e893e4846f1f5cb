/* cli/bindings.c - the options that commands on workflows share */
#include "base/fs.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/vec.h"
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

const ost_option ost_options_common[] = {
    { .name = "debug",
      .letter = 'd',
      .value = "TOPIC,...",
      .help = "log topics to stderr; 'list' prints them" },
    { .name = "help", .letter = 'h', .help = "this text" },
    OST_OPTIONS_END,
};

const ost_option ost_options_store[] = {
    { .name = "store",
      .value = "DIR",
      .words = "@folder",
      .help = "where results are kept (default: $OSTEON_STORE, else .osteon "
              "beside the workflow)" },
    OST_OPTIONS_END,
};

const ost_option ost_options_bindings[] = {
    { .name = "bind",
      .value = "INPUT=PATH",
      .many = true,
      .words = "@file",
      .help = "a folder, CSV manifest, archive or URL for an input; a URL may "
              "end in #sha256=HEX" },
    { .name = "set",
      .value = "NAME=VALUE",
      .many = true,
      .help = "a parameter; the value is JSON if it parses, else a string" },
    { .name = "preset",
      .value = "NAME",
      .many = true,
      .help = "a set of parameters that the workflow names" },
    { .name = "params",
      .value = "FILE",
      .many = true,
      .words = "@file",
      .help = "a JSON object of parameters" },
    { .name = "profile",
      .value = "FILE",
      .words = "@file",
      .help = "the site profile: this site's inputs and parameters" },
    { .name = "seed", .value = "N", .help = "instead of the workflow's seed" },
    OST_OPTIONS_END,
};

/* Splits "name=value" options; the names are copies. */
static ost_rc split_settings(const ost_cli *cli, const char *option,
                             const ost_setting **settings, size_t *count,
                             ost_err *err)
{
    size_t n;
    const char *const *words = ost_cli_values(cli, option, &n);
    ost_setting *out = ost_xalloc((n + 1) * sizeof(*out));

    *settings = out;
    for (size_t i = 0; i < n; i++) {
        const char *equals = strchr(words[i], '=');

        if (!equals || equals == words[i])
            return ost_fail(err, OST_EUSAGE,
                            "option '--%s': '%s' is not NAME=VALUE", option,
                            words[i]);
        out[i].name = ost_xstrndup(words[i], (size_t)(equals - words[i]));
        out[i].value = equals + 1;
        *count = i + 1;
    }
    return OST_OK;
}

ost_rc ost_cli_bindings(const ost_cli *cli, ost_bindings *b, ost_err *err)
{
    ost_rc rc;

    *b = (ost_bindings){ 0 };
    b->presets = ost_cli_values(cli, "preset", &b->n_presets);
    b->params = ost_cli_values(cli, "params", &b->n_params);
    b->profile = ost_cli_value(cli, "profile");
    b->seed = ost_cli_value(cli, "seed");
    b->lib_dir = ost_cli_lib_dir();
    rc = split_settings(cli, "bind", &b->binds, &b->n_binds, err);
    if (!rc)
        rc = split_settings(cli, "set", &b->sets, &b->n_sets, err);
    if (rc)
        ost_cli_bindings_release(b);
    return rc;
}

static void free_settings(const ost_setting *settings, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ost_free((char *)(uintptr_t)settings[i].name);
    ost_free((ost_setting *)(uintptr_t)settings);
}

void ost_cli_bindings_release(ost_bindings *b)
{
    free_settings(b->binds, b->n_binds);
    free_settings(b->sets, b->n_sets);
    ost_free((char *)(uintptr_t)b->lib_dir);
    *b = (ost_bindings){ 0 };
}

char *ost_cli_store_path(const ost_cli *cli, const char *workflow)
{
    const char *given = ost_cli_value(cli, "store");
    char *dir;
    char *path;

    if (!given)
        given = getenv("OSTEON_STORE");
    if (given && *given)
        return ost_xstrdup(given);
    if (!workflow)
        return ost_xstrdup(".osteon");
    dir = ost_path_dir(workflow);
    path = ost_path_join(dir, ".osteon");
    ost_free(dir);
    return path;
}

char *ost_cli_lib_dir(void)
{
    const char *given = getenv("OSTEON_LIB");
    char *self;
    char *installed;

    if (given && *given)
        return ost_xstrdup(given);
    self = ost_proc_self_dir();
    installed = ost_path_join(self, "../share/osteon/workflows");
    ost_free(self);
    if (access(installed, R_OK) == 0)
        return installed;
    ost_free(installed);
    return ost_xstrdup(OSTEON_SOURCE_WORKFLOWS);
}

ost_rc ost_cli_load(const ost_cli *cli, const char *path, ost_workflow **wf,
                    ost_err *err)
{
    ost_bindings bindings;
    ost_buf report = { 0 };
    ost_rc rc;

    rc = ost_cli_bindings(cli, &bindings, err);
    if (rc)
        return rc;
    rc = ost_workflow_load(path, &bindings, wf, &report, err);
    if (report.len)
        fputs(ost_buf_str(&report), stderr);
    ost_buf_release(&report);
    ost_cli_bindings_release(&bindings);
    return rc;
}
