/* cli/cmd_model.c - shows the layers of a network, without training it */
#include "base/text.h"
#include "base/vec.h"
#include "cli/ask_worker.h"
#include "cli/model_tree.h"
#include "cli/options.h"
#include "engine/library.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { BATCH_MAX = 1 << 20, DEPTH_MAX = 64, SIDES_MAX = 5, DRAWN_MAX = 2000 };

/* "3x224x224" */
static ost_rc parse_input(const char *text, json_t **sides, ost_err *err)
{
    ost_arena arena = { 0 };
    char *rest = ost_arena_strdup(&arena, text);
    const char *word;
    int64_t side;
    ost_rc rc = OST_OK;

    *sides = json_array();
    while (!rc && (word = strsep(&rest, "x"))) {
        if (!ost_parse_i64(word, &side) || side < 1 || side > INT32_MAX ||
            json_array_size(*sides) == SIDES_MAX)
            rc = ost_fail(err, OST_EUSAGE,
                          "option '--input': '%s' is not CxHxW, 3x224x224 for "
                          "instance",
                          text);
        else
            json_array_append_new(*sides, json_integer(side));
    }
    ost_arena_release(&arena);
    return rc;
}

/* The values of --set as an object: JSON if it parses, else a string. */
static ost_rc parse_settings(const ost_cli *cli, json_t *values, ost_err *err)
{
    size_t n;
    const char *const *words = ost_cli_values(cli, "set", &n);

    for (size_t i = 0; i < n; i++) {
        const char *equals = strchr(words[i], '=');
        char *name;
        json_t *v;

        if (!equals || equals == words[i])
            return ost_fail(err, OST_EUSAGE,
                            "option '--set': '%s' is not NAME=VALUE", words[i]);
        name = ost_xstrndup(words[i], (size_t)(equals - words[i]));
        v = json_loads(equals + 1, JSON_DECODE_ANY, NULL);
        if (!v)
            v = json_string(equals + 1);
        if (!v || json_object_set_new(values, name, v)) {
            ost_free(name);
            return ost_fail(err, OST_EUSAGE,
                            "option '--set': '%s' is not UTF-8", words[i]);
        }
        ost_free(name);
    }
    return OST_OK;
}

static ost_rc find_file(const char *word, char **path, ost_err *err)
{
    char *lib;
    ost_rc rc;

    if (!ost_starts_with(word, "lib:")) {
        *path = ost_xstrdup(word);
        return OST_OK;
    }
    lib = ost_cli_lib_dir();
    rc = ost_library_find(lib, word + 4, "models", path, err);
    ost_free(lib);
    return rc;
}

static ost_rc add_device(const ost_cli *cli, json_t *request, ost_err *err)
{
    const char *device = ost_cli_value(cli, "device");
    const char *numeric = ost_cli_value(cli, "numerics");
    const char *format = ost_cli_value(cli, "format");

    if (numeric && !device)
        return ost_fail(err, OST_EUSAGE,
                        "option '--numerics' goes with '--device'");
    if (!device)
        return OST_OK;
    if (format && strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
        return ost_fail(err, OST_EUSAGE, "costs on a device are no %s", format);
    if (json_object_set_new(request, "device", json_string(device)))
        return ost_fail(err, OST_EUSAGE, "option '--device' is not UTF-8");
    json_object_set_new(request, "numerics",
                        json_string(numeric ? numeric : "f32"));
    return OST_OK;
}

static ost_rc make_request(const ost_cli *cli, const char *path, json_t **made,
                           ost_err *err)
{
    const char *input = ost_cli_value(cli, "input");
    json_t *values = json_object();
    json_t *sides = NULL;
    int64_t batch;
    ost_rc rc = ost_cli_integer(cli, "batch", 1, BATCH_MAX, 1, &batch, err);

    if (!rc)
        rc = parse_settings(cli, values, err);
    if (!rc && input)
        rc = parse_input(input, &sides, err);
    if (!rc) {
        *made = json_pack("{s:s, s:O, s:I, s:b}", "file", path, "values",
                          values, "batch", (json_int_t)batch, "train",
                          ost_cli_flag(cli, "train"));
        if (!*made)
            rc = ost_fail(err, OST_EUSAGE, "'%s' is not UTF-8", path);
        else if (sides)
            json_object_set(*made, "input", sides);
    }
    if (!rc)
        rc = add_device(cli, *made, err);
    json_decref(sides);
    json_decref(values);
    return rc;
}

/* A network that is wrong is a document that is wrong. */
static ost_rc as_workflow(ost_rc rc, ost_err *err)
{
    if (rc != OST_EINPUT && rc != OST_EIO && rc != OST_ENOTFOUND)
        return rc;
    return err->rc = OST_EWORKFLOW;
}

static void add_json(const json_t *value, ost_buf *out)
{
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

    ost_buf_adds(out, text);
    ost_buf_addc(out, '\n');
    ost_free(text);
}

static size_t count_boxes(const ost_model_tree *t, int depth)
{
    size_t count = 0;

    for (size_t i = 0; i < t->n; count++)
        i = ost_model_is_box(t, i, depth) ? t->nodes[i].end : i + 1;
    return count;
}

static ost_rc show(const json_t *model, const char *format, int depth,
                   ost_buf *out, ost_err *err)
{
    ost_arena arena = { 0 };
    ost_model_tree tree;
    size_t boxes;
    ost_rc rc = OST_OK;

    ost_model_tree_make(model, &arena, &tree);
    boxes = count_boxes(&tree, depth);
    if ((!format || strcmp(format, "table") == 0) &&
        json_object_get(model, "estimate"))
        ost_model_costs(&tree, depth, out);
    else if (!format || strcmp(format, "table") == 0)
        ost_model_table(&tree, depth, out);
    else if (strcmp(format, "json") == 0)
        add_json(model, out);
    else if (strcmp(format, "dot") == 0)
        ost_model_dot(&tree, depth, out);
    else if (boxes <= DRAWN_MAX)
        ost_model_svg(&tree, depth, out);
    else
        rc = ost_fail(err, OST_EUSAGE,
                      "%zu layers and groups are too many to draw (at most "
                      "%d): fold groups with --depth",
                      boxes, DRAWN_MAX);
    ost_arena_release(&arena);
    return rc;
}

static ost_rc show_network(const ost_cli *cli, ost_buf *out, ost_err *err)
{
    json_t *request = NULL;
    json_t *model = NULL;
    char *path = NULL;
    int64_t depth;
    ost_rc rc = ost_cli_integer(cli, "depth", 0, DEPTH_MAX, 0, &depth, err);

    if (!rc)
        rc = find_file(cli->arguments[0], &path, err);
    if (!rc)
        rc = make_request(cli, path, &request, err);
    if (!rc)
        rc = as_workflow(ost_ask_worker("--model", request, &model, err), err);
    if (!rc)
        rc = show(model, ost_cli_value(cli, "format"), (int)depth, out, err);
    json_decref(model);
    json_decref(request);
    ost_free(path);
    return rc;
}

static ost_rc unknown_kind(const char *name, const json_t *kinds, ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    const json_t *kind;
    const char *near;
    size_t i;

    json_array_foreach(kinds, i, kind)
    {
        ost_vec_push(&names, json_string_value(json_object_get(kind, "name")));
    }
    near = ost_nearest(name, names.data, names.len);
    if (near)
        ost_fail(err, OST_EUSAGE,
                 "unknown kind of layer '%s' (did you mean '%s'?)", name, near);
    else
        ost_fail(err, OST_EUSAGE,
                 "unknown kind of layer '%s' (see 'osteon model --kinds')",
                 name);
    ost_vec_release(&names);
    return OST_EUSAGE;
}

static ost_rc show_kinds(const ost_cli *cli, ost_buf *out, ost_err *err)
{
    const char *format = ost_cli_value(cli, "format");
    json_t *request = json_pack("{s:b}", "kinds", true);
    json_t *kinds = NULL;
    ost_rc rc = OST_OK;

    if (format && strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
        rc = ost_fail(err, OST_EUSAGE, "kinds of layers are no %s", format);
    if (!rc)
        rc = ost_ask_worker("--model", request, &kinds, err);
    if (!rc && format && strcmp(format, "json") == 0)
        add_json(kinds, out);
    else if (!rc && !cli->n_arguments)
        ost_model_kinds(kinds, out);
    else if (!rc && !ost_model_kind(kinds, cli->arguments[0], out))
        rc = unknown_kind(cli->arguments[0], kinds, err);
    json_decref(kinds);
    json_decref(request);
    return rc;
}

static ost_rc show_devices(const ost_cli *cli, ost_buf *out, ost_err *err)
{
    const char *format = ost_cli_value(cli, "format");
    json_t *request = json_pack("{s:b}", "devices", true);
    json_t *devices = NULL;
    ost_rc rc = OST_OK;

    if (format && strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
        rc = ost_fail(err, OST_EUSAGE, "devices are no %s", format);
    if (!rc)
        rc = ost_ask_worker("--model", request, &devices, err);
    if (!rc && format && strcmp(format, "json") == 0)
        add_json(devices, out);
    else if (!rc)
        ost_model_devices(devices, out);
    json_decref(devices);
    json_decref(request);
    return rc;
}

static ost_rc run(ost_cli *cli, ost_err *err)
{
    ost_buf out = { 0 };
    ost_rc rc;

    if (ost_cli_flag(cli, "kinds"))
        rc = show_kinds(cli, &out, err);
    else if (ost_cli_flag(cli, "devices"))
        rc = show_devices(cli, &out, err);
    else if (cli->n_arguments)
        rc = show_network(cli, &out, err);
    else
        rc = ost_fail(err, OST_EUSAGE,
                      "'osteon model' needs a network: a file or lib:NAME");
    if (!rc)
        fwrite(ost_buf_str(&out), 1, out.len, stdout);
    ost_buf_release(&out);
    return rc;
}

static const ost_option options[] = {
    { .name = "set",
      .value = "NAME=VALUE",
      .many = true,
      .help = "a param of the network; the value is JSON if it parses, else a "
              "string" },
    { .name = "input",
      .value = "CxHxW",
      .help = "the shape of one input (or CxTxHxW; default: what the file "
              "says)" },
    { .name = "batch", .value = "N", .help = "inputs at once (default 1)" },
    { .name = "train", .help = "as training needs it, not inference" },
    { .name = "depth",
      .value = "N",
      .help = "show only N levels of groups (default 0: all)" },
    { .name = "device",
      .value = "NAME",
      .help = "what it would cost on a GPU, h100 for instance, by its data "
              "sheet" },
    { .name = "numerics",
      .value = "NAME",
      .words = "f32|tf32|bf16|f16",
      .help = "with --device: what products are computed in (default f32)" },
    { .name = "devices", .help = "list the GPUs that --device knows" },
    { .name = "kinds",
      .help = "list the kinds of layers, or with a name, describe one" },
    { .name = "format",
      .letter = 'f',
      .value = "FORMAT",
      .words = "table|json|dot|svg",
      .help = "table (the default), json for programs, dot for Graphviz, or a "
              "picture as svg" },
    OST_OPTIONS_END,
};

const ost_command ost_cmd_model = {
    .name = "model",
    .summary = "show the layers of a network: shapes, sizes, a drawing",
    .arguments = "NETWORK",
    .min_arguments = 0,
    .max_arguments = 1,
    .details = "NETWORK is a JSON file or lib:NAME, one of the shipped ones. "
               "Its layers are built without their memory: shapes, "
               "parameters, floating point operations of the forward pass "
               "and bytes of each layer's output, for a batch; memory that is "
               "free at times is used again, so the total is less than the "
               "sum. With --kinds it is a kind of layer that is described.\n\n"
               "With --device the table has what the layers cost there: "
               "operations, bytes moved, operations per byte, kernels "
               "launched (n), the time and what bounds it; for one pass, or "
               "with --train for a training step. The time is the larger of "
               "operations by the device's rate and bytes by its bandwidth, "
               "and a fixed one for each launch: an estimate from ceilings, "
               "not a measurement.",
    .options = (const ost_option *const[]){ options, ost_options_common, NULL },
    .run = run,
};
