/* cli/cmd_stages.c - lists the stages, or describes one */
#include "base/text.h"
#include "base/vec.h"
#include "cli/options.h"
#include "stages/params.h"
#include "stages/stage.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static void add_list(ost_buf *out)
{
    int width = 0;

    for (const ost_stage *const *s = ost_stages; *s; s++) {
        int n = (int)strlen((*s)->name);

        width = n > width ? n : width;
    }
    for (const ost_stage *const *s = ost_stages; *s; s++)
        ost_buf_addf(out, "%-*s  %s\n", width, (*s)->name, (*s)->summary);
}

static void add_ports(ost_buf *out, const char *title, const ost_port *ports,
                      bool inputs)
{
    if (!ports[0].name)
        return;
    ost_buf_addf(out, "\n%s:\n", title);
    for (; ports->name; ports++) {
        ost_buf_addf(out, "  %s: %s", ports->name,
                     ost_artifact_type_name(ports->type));
        if (inputs && ports->many)
            ost_buf_adds(out, ", any number");
        if (inputs && ports->optional)
            ost_buf_adds(out, ", optional");
        ost_buf_addf(out, "\n      %s\n", ports->help);
    }
}

static void add_param(ost_buf *out, const ost_param *p)
{
    ost_buf_addf(out, "  %s: ", p->name);
    ost_param_describe(p, out);
    if (p->required)
        ost_buf_adds(out, "; required");
    else if (p->dflt && strcmp(p->dflt, "null") != 0)
        ost_buf_addf(out, "; default %s", p->dflt);
    else
        ost_buf_adds(out, "; optional");
    ost_buf_addf(out, "\n      %s\n", p->help);
}

static void add_properties(ost_buf *out, const ost_stage *stage)
{
    static const struct {
        unsigned flag;
        const char *words;
    } rows[] = {
        { OST_STAGE_DRAWS, "draws random numbers: the seed counts" },
        { OST_STAGE_FLOAT, "results depend on the numeric class of the "
                           "machine" },
        { OST_STAGE_GPU, "can use a GPU" },
        { OST_STAGE_EXEC, "runs foreign programs: needs --allow exec" },
        { OST_STAGE_FOREIGN, "decodes foreign formats, within limits" },
    };

    ost_buf_addf(out, "\nProperties:\n  version %u\n", stage->version);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (stage->flags & rows[i].flag)
            ost_buf_addf(out, "  %s\n", rows[i].words);
}

static void add_stage(ost_buf *out, const ost_stage *stage)
{
    ost_buf_addf(out, "%s - %s\n", stage->name, stage->summary);
    add_ports(out, "Inputs", stage->inputs, true);
    add_ports(out, "Outputs", stage->outputs, false);
    if (stage->params && stage->params->name) {
        ost_buf_adds(out, "\nParameters:\n");
        for (const ost_param *p = stage->params; p->name; p++)
            add_param(out, p);
    }
    add_properties(out, stage);
}

static ost_rc unknown(const char *name, ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    const char *near;

    for (const ost_stage *const *s = ost_stages; *s; s++)
        ost_vec_push(&names, (*s)->name);
    near = ost_nearest(name, names.data, names.len);
    ost_vec_release(&names);
    if (near)
        return ost_fail(err, OST_EUSAGE,
                        "unknown stage '%s' (did you mean '%s'?)", name, near);
    return ost_fail(err, OST_EUSAGE, "unknown stage '%s' (see 'osteon stages')",
                    name);
}

static ost_rc run(ost_cli *cli, ost_err *err)
{
    ost_buf out = { 0 };
    ost_rc rc = OST_OK;

    if (cli->n_arguments == 0)
        add_list(&out);
    for (size_t i = 0; i < cli->n_arguments && !rc; i++) {
        const ost_stage *stage = ost_stage_find(cli->arguments[i]);

        if (i > 0)
            ost_buf_addc(&out, '\n');
        if (stage)
            add_stage(&out, stage);
        else
            rc = unknown(cli->arguments[i], err);
    }
    if (!rc)
        fputs(ost_buf_str(&out), stdout);
    ost_buf_release(&out);
    return rc;
}

const ost_command ost_cmd_stages = {
    .name = "stages",
    .summary = "list the stages, or describe some",
    .arguments = "[STAGE]...",
    .min_arguments = 0,
    .max_arguments = -1,
    .details = "A description names the ports and parameters of a stage, "
               "with their types, ranges and defaults.",
    .options = (const ost_option *const[]){ ost_options_common, NULL },
    .run = run,
};
