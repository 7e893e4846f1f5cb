/* cli/cmd_stages.c - lists the stages, or describes one */
#include "base/text.h"
#include "base/vec.h"
#include "cli/options.h"
#include "stages/params.h"
#include "stages/stage.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct {
    unsigned flag;
    const char *word; /* for programs */
    const char *help; /* for people */
} stage_property;

static const stage_property properties[] = {
    { OST_STAGE_DRAWS, "draws", "draws random numbers: the seed counts" },
    { OST_STAGE_FLOAT, "float",
      "results depend on the numeric class of the machine" },
    { OST_STAGE_GPU, "gpu", "can use a GPU" },
    { OST_STAGE_EXEC, "exec", "runs foreign programs: needs --allow exec" },
    { OST_STAGE_FOREIGN, "foreign", "decodes foreign formats, within limits" },
    { OST_STAGE_SECRET, "secret",
      "makes pseudonyms with the site's secret, if there is one" },
    { 0, NULL, NULL },
};

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
    ost_buf_addf(out, "\nProperties:\n  version %u\n", stage->version);
    for (const stage_property *p = properties; p->word; p++)
        if (stage->flags & p->flag)
            ost_buf_addf(out, "  %s\n", p->help);
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

/* --- JSON --------------------------------------------------------------- */

static json_t *ports_json(const ost_port *ports)
{
    json_t *list = json_array();

    for (; ports->name; ports++)
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:b, s:b, s:s}", "name", ports->name, "type",
                      ost_artifact_type_name(ports->type), "many", ports->many,
                      "optional", ports->optional, "help", ports->help));
    return list;
}

static json_t *params_json(const ost_stage *stage)
{
    json_t *list = json_array();
    ost_buf words = { 0 };

    for (const ost_param *p = stage->params; p && p->name; p++) {
        json_t *dflt =
            json_loads(p->dflt ? p->dflt : "null", JSON_DECODE_ANY, NULL);

        ost_buf_reset(&words);
        ost_param_describe(p, &words);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:b, s:o, s:s}", "name", p->name,
                            "value", ost_buf_str(&words), "required",
                            p->required, "default", dflt, "help", p->help));
    }
    ost_buf_release(&words);
    return list;
}

static json_t *flags_json(const ost_stage *stage)
{
    json_t *list = json_array();

    for (const stage_property *p = properties; p->word; p++)
        if (stage->flags & p->flag)
            json_array_append_new(list, json_string(p->word));
    return list;
}

static json_t *stage_json(const ost_stage *stage)
{
    return json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o}", "name", stage->name,
                     "version", (int)stage->version, "summary", stage->summary,
                     "flags", flags_json(stage), "inputs",
                     ports_json(stage->inputs), "outputs",
                     ports_json(stage->outputs), "params", params_json(stage));
}

static void add_json(ost_buf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(2));

    ost_buf_adds(out, text);
    ost_buf_addc(out, '\n');
    ost_free(text);
}

/* --- the command -------------------------------------------------------- */

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

static void describe(const ost_stage *stage, json_t *list, ost_buf *out)
{
    if (list)
        json_array_append_new(list, stage_json(stage));
    else if (out->len)
        ost_buf_addc(out, '\n');
    if (!list)
        add_stage(out, stage);
}

static ost_rc describe_named(const ost_cli *cli, json_t *list, ost_buf *out,
                             ost_err *err)
{
    for (size_t i = 0; i < cli->n_arguments; i++) {
        const ost_stage *stage = ost_stage_find(cli->arguments[i]);

        if (!stage)
            return unknown(cli->arguments[i], err);
        describe(stage, list, out);
    }
    return OST_OK;
}

static ost_rc run(ost_cli *cli, ost_err *err)
{
    json_t *list = ost_cli_flag(cli, "json") ? json_array() : NULL;
    ost_buf out = { 0 };
    ost_rc rc = describe_named(cli, list, &out, err);

    if (cli->n_arguments == 0 && !list)
        add_list(&out);
    for (const ost_stage *const *s = ost_stages;
         cli->n_arguments == 0 && list && *s; s++)
        describe(*s, list, &out);
    if (list)
        add_json(&out, list);
    if (!rc)
        fputs(ost_buf_str(&out), stdout);
    json_decref(list);
    ost_buf_release(&out);
    return rc;
}

static const ost_option options[] = {
    { .name = "json", .help = "an array of objects, for programs" },
    OST_OPTIONS_END,
};

const ost_command ost_cmd_stages = {
    .name = "stages",
    .summary = "list the stages, or describe some",
    .arguments = "[STAGE]...",
    .min_arguments = 0,
    .max_arguments = -1,
    .details = "A description names the ports and parameters of a stage, "
               "with their types, ranges and defaults.",
    .options = (const ost_option *const[]){ options, ost_options_common, NULL },
    .run = run,
};
