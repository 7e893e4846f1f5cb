/* stages/import_model.c - a model that was trained elsewhere
 *
 * Either a folder that `osteon run --out` wrote for a model (model.json beside
 * weights.safetensors), which says all about itself; or one .safetensors file,
 * of which the parameters say the rest.  The network must find all its weights
 * in the file, by name and shape; what the file has beyond them is left out
 * and listed in the model.
 *
 * Which patients the model learned from is not known here.
 */
#include "base/json.h"
#include "base/text.h"
#include "kernels/backend.h"
#include "stages/model.h"
#include "stages/safetensors.h"

#include <string.h>

#include "base/banned.h"

#define DESCRIPTION "model.json"

typedef struct import_params {
    ost_file network;
    const json_t *network_params;
    ost_i64_list input;
    int target; /* ost_target_kind */
    ost_str_list classes;
    ost_f64_list mean;
    ost_f64_list std;
    const char *field;
} import_params;

static const ost_param params[] = {
    OST_PARAM(import_params, network, FILE,
              "the network; unset: the one that " DESCRIPTION " tells",
              .dflt = "null"),
    OST_PARAM(import_params, network_params, OBJECT,
              "params of the network that are to differ", .dflt = "null"),
    OST_PARAM(import_params, input, I64_LIST,
              "channels, height and width of its pictures; of series one "
              "channel, frames, height and width",
              .dflt = "null", .min = 1, .max = 65536, .max_len = 4),
    OST_PARAM(import_params, target, CHOICE,
              "what it says of an item: one label, several, a number, or what "
              "pixels are marked",
              .dflt = "\"label\"", .choices = OST_TARGET_KINDS),
    OST_PARAM(import_params, classes, STR_LIST,
              "names of its outputs, in their order; of a mask its name, of "
              "a number none",
              .dflt = "null"),
    OST_PARAM(import_params, mean, F64_LIST,
              "what is subtracted from the values of each channel; unset: 0",
              .dflt = "null"),
    OST_PARAM(import_params, std, F64_LIST,
              "what they are then divided by; unset: 1 (torchvision's 0.226 of "
              "values from 0 to 1 is 57.6 of values from 0 to 255)",
              .dflt = "null", .min = 1e-30, .max = 1e30),
    OST_PARAM(import_params, field, STR, "field that it judges",
              .dflt = "\"image\""),
    OST_END,
};

/* How many names a kind has, by ost_target_kind. */
static const struct {
    size_t least;
    size_t most;
    const char *words;
} name_counts[] = {
    [OST_TARGET_LABEL] = { 2, SIZE_MAX, "two names or more" },
    [OST_TARGET_LABELS] = { 1, SIZE_MAX, "a name or more" },
    [OST_TARGET_NUMBER] = { 0, 0, "none for a number" },
    [OST_TARGET_MASK] = { 1, 1, "the name of the mask" },
};

/* The parameter that is given although model.json tells what it would. */
static const char *needless(const import_params *p)
{
    const struct {
        const char *name;
        bool given;
    } words[] = {
        { "network_params",
          p->network_params && !json_is_null(p->network_params) },
        { "input", p->input.n > 0 },
        { "target", p->target != OST_TARGET_LABEL },
        { "classes", p->classes.n > 0 },
        { "mean", p->mean.n > 0 },
        { "std", p->std.n > 0 },
        { "field", strcmp(p->field, "image") != 0 },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (words[i].given)
            return words[i].name;
    return NULL;
}

static ost_rc check(const void *with, ost_err *err)
{
    const import_params *p = with;
    ost_network *network = NULL;
    ost_rc rc;

    if (!p->network.data) {
        const char *word = needless(p);

        return word ? ost_fail(err, OST_EWORKFLOW,
                               "'%s' needs 'network': without it " DESCRIPTION
                               " tells all",
                               word)
                    : OST_OK;
    }
    if (p->input.n < 3 || (p->input.n == 4 && p->input.v[0] != 1))
        return ost_fail(err, OST_EWORKFLOW,
                        "'network' needs 'input': channels, height and width, "
                        "or 1, frames, height and width");
    if (p->classes.n < name_counts[p->target].least ||
        p->classes.n > name_counts[p->target].most)
        return ost_fail(err, OST_EWORKFLOW, "'network' needs 'classes': %s",
                        name_counts[p->target].words);
    if (p->input.v[0] > OST_PICTURE_CHANNELS ||
        (p->mean.n && p->mean.n != (size_t)p->input.v[0]) ||
        (p->std.n && p->std.n != (size_t)p->input.v[0]))
        return ost_fail(err, OST_EWORKFLOW,
                        "'input' has %lld channels (at most %d), 'mean' %zu "
                        "and 'std' %zu numbers",
                        (long long)p->input.v[0], OST_PICTURE_CHANNELS,
                        p->mean.n, p->std.n);
    rc = ost_network_read(p->network.name, p->network.data, p->network.size,
                          json_is_null(p->network_params) ? NULL
                                                          : p->network_params,
                          NULL, &network, err);
    ost_network_free(network);
    if (rc && err)
        err->rc = OST_EWORKFLOW;
    return rc ? OST_EWORKFLOW : OST_OK;
}

/* --- which files ------------------------------------------------------- */

typedef struct source {
    const ost_item *description; /* or NULL */
    const ost_item *weights;
} source;

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static ost_rc find_files(ost_stage_ctx *ctx, const ost_input *in, source *s,
                         ost_err *err)
{
    const import_params *p = ost_ctx_params(ctx);
    const ost_item *items;
    size_t n;
    ost_rc rc = ost_ctx_items(ctx, in, &items, &n, err);

    for (size_t i = 0; i < n && !rc; i++) {
        const char *name = file_name(items[i].id);
        const ost_item **place = NULL;

        if (strcmp(name, DESCRIPTION) == 0)
            place = &s->description;
        else if (ost_ends_with(name, ".safetensors"))
            place = &s->weights;
        if (place && *place)
            rc = ost_fail(err, OST_EINPUT, "there are two models: '%s', '%s'",
                          (*place)->id, items[i].id);
        else if (place)
            *place = &items[i];
    }
    if (!rc && !s->weights)
        rc = ost_fail(err, OST_EINPUT,
                      "there is no .safetensors file%s%s (a checkpoint of "
                      "PyTorch is converted by safetensors.torch.save_file)",
                      n ? " beside " : "", n ? items[0].id : "");
    if (!rc && p->network.data)
        s->description = NULL;
    if (!rc && !p->network.data && !s->description)
        rc = ost_fail(err, OST_EINPUT,
                      "there is no " DESCRIPTION " beside '%s': 'network', "
                      "'input' and 'classes' are needed",
                      s->weights->id);
    return rc;
}

/* --- what the model is ------------------------------------------------- */

static json_t *numbers(const ost_f64_list *list, int64_t n, double otherwise)
{
    json_t *made = json_array();

    for (int64_t i = 0; i < n; i++)
        json_array_append_new(made,
                              json_real(list->n ? list->v[i] : otherwise));
    return made;
}

static json_t *input_meta(const import_params *p)
{
    const int64_t *side = p->input.v + p->input.n - 2;
    json_t *in = json_pack("{s:s,s:I,s:I,s:I}", "field", p->field, "channels",
                           (json_int_t)p->input.v[0], "height",
                           (json_int_t)side[0], "width", (json_int_t)side[1]);

    if (p->input.n == 4)
        json_object_set_new(in, "frames",
                            json_integer((json_int_t)p->input.v[1]));
    return in;
}

/* One label is what models are about that say nothing of it. */
static void add_target(const import_params *p, json_t *meta)
{
    const char *kind = ost_target_kind_word((ost_target_kind)p->target);
    json_t *name = p->target == OST_TARGET_MASK
                       ? json_sprintf("mask.%s", p->classes.v[0])
                       : json_string(kind);

    if (p->target == OST_TARGET_LABEL)
        json_decref(name);
    else
        json_object_set_new(meta, "target",
                            json_pack("{s:o,s:s}", "name", name, "kind", kind));
}

static ost_rc meta_of_params(const import_params *p, json_t **meta,
                             ost_err *err)
{
    ost_network *network = NULL;
    json_t *classes = json_array();
    ost_rc rc;

    for (size_t i = 0; i < p->classes.n; i++)
        json_array_append_new(classes, json_string(p->classes.v[i]));
    rc = ost_network_read(p->network.name, p->network.data, p->network.size,
                          json_is_null(p->network_params) ? NULL
                                                          : p->network_params,
                          NULL, &network, err);
    if (!rc)
        *meta = json_pack("{s:s,s:O,s:O,s:O,s:o,s:{s:o,s:o},s:[]}", "network",
                          ost_network_name(network), "architecture",
                          ost_network_document(network), "params",
                          ost_network_values(network), "classes", classes,
                          "input", input_meta(p), "normalization", "mean",
                          numbers(&p->mean, p->input.v[0], 0.0), "std",
                          numbers(&p->std, p->input.v[0], 1.0), "history");
    if (!rc)
        add_target(p, *meta);
    json_decref(classes);
    ost_network_free(network);
    return rc;
}

static ost_rc meta_of_file(ost_stage_ctx *ctx, const ost_input *in,
                           const ost_item *file, json_t **meta, ost_err *err)
{
    ost_json_doc *doc = NULL;
    const void *data;
    size_t size;
    ost_rc rc = ost_item_bytes(ctx, in, file, &data, &size, err);

    if (!rc)
        rc = ost_json_parse(file->id, data, size, &doc, err);
    if (!rc && !json_is_object(ost_json_root(doc)))
        rc = ost_fail(err, OST_EINPUT, "'%s' is no JSON object", file->id);
    if (!rc)
        *meta = json_deep_copy(ost_json_root(doc));
    ost_json_free(doc);
    return rc;
}

/* --- weights ----------------------------------------------------------- */

static ost_rc build(const ost_model *m, ost_weights *weights, ost_err *err)
{
    int64_t shape[OST_MAX_DIMS];
    int ndim = ost_model_shape(m, 1, shape);
    ost_net *net = NULL;
    ost_rc rc =
        ost_network_build(m->network, weights, ndim, shape, 0, &net, err);

    if (!rc) {
        ost_tensor out = ost_net_output(net);

        if (out.ndim == 2 && out.shape[1] > 1 &&
            (size_t)out.shape[1] != m->n_classes)
            rc = ost_fail(err, OST_EINPUT,
                          "network '%s' has %lld outputs for %zu classes",
                          ost_network_name(m->network), (long long)out.shape[1],
                          m->n_classes);
    }
    ost_net_free(net);
    return rc;
}

static ost_rc fill(ost_weights *w, const ost_safetensors *file, ost_err *err)
{
    for (size_t i = 0; i < w->len; i++) {
        const ost_stored_tensor *t =
            ost_safetensors_find(file, w->data[i]->name);
        ost_rc rc;

        if (!t)
            return ost_fail(err, OST_EINPUT,
                            "the network's weight '%s' is not in the file, "
                            "which begins with '%s'",
                            w->data[i]->name,
                            ost_safetensors_count(file)
                                ? ost_safetensors_at(file, 0)->name
                                : "nothing");
        rc = ost_safetensors_fill(w, w->data[i], t, err);
        if (rc)
            return rc;
    }
    return OST_OK;
}

/* Tensors of the file that the network does not have. */
static json_t *left_out(const ost_weights *w, const ost_safetensors *file)
{
    json_t *names = json_array();

    for (size_t i = 0; i < ost_safetensors_count(file); i++) {
        const char *name = ost_safetensors_at(file, i)->name;

        if (!ost_weights_find(w, name))
            json_array_append_new(names, json_string(name));
    }
    return names;
}

static ost_rc emit(ost_stage_ctx *ctx, const source *s, ost_weights *w,
                   json_t *meta, json_t *skipped, ost_err *err)
{
    ost_buf bytes = { 0 };
    int64_t learned = 0;
    ost_rc rc;

    for (size_t i = 0; i < w->len; i++)
        if (w->data[i]->learned)
            learned += ost_weight_count(w->data[i]);
    json_object_set_new(meta, "n_weights", json_integer(learned));
    json_object_set_new(meta, "imported",
                        json_pack("{s:I,s:O}", "loaded", (json_int_t)w->len,
                                  "skipped", skipped));
    rc = ost_emit_meta(ctx, "model", meta, err);
    if (!rc)
        rc = ost_safetensors_write(w, &bytes, err);
    if (!rc)
        rc = ost_emit_blob(ctx, "model", OST_MODEL_WEIGHTS, bytes.data,
                           bytes.len, err);
    if (!rc && json_array_size(skipped))
        ost_note(ctx,
                 "%zu tensors of '%s' have no place in the network: '%s'%s",
                 json_array_size(skipped), s->weights->id,
                 json_string_value(json_array_get(skipped, 0)),
                 json_array_size(skipped) > 1 ? ", ..." : "");
    ost_buf_release(&bytes);
    return rc;
}

static ost_rc convert(ost_stage_ctx *ctx, const source *s, const void *data,
                      size_t size, ost_backend *backend, json_t *meta,
                      ost_err *err)
{
    ost_weights *weights = ost_weights_new(backend);
    ost_safetensors *file = NULL;
    json_t *skipped = NULL;
    ost_model model = { 0 };
    ost_rc rc = ost_model_describe(ctx, meta, &model, err);

    if (!rc)
        rc = build(&model, weights, err);
    if (!rc)
        rc = ost_safetensors_open(data, size, &file, err);
    if (!rc)
        rc = fill(weights, file, err);
    if (rc) {
        ost_err_at(err, "'%s'", s->weights->id);
    } else {
        skipped = left_out(weights, file);
        rc = emit(ctx, s, weights, meta, skipped, err);
    }
    json_decref(skipped);
    ost_safetensors_close(file);
    ost_model_release(&model);
    ost_weights_free(weights);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const import_params *p = ost_ctx_params(ctx);
    const ost_input *in = ost_ctx_input(ctx, "in", 0);
    ost_backend *backend = NULL;
    json_t *meta = NULL;
    source s = { 0 };
    const void *data;
    size_t size;
    ost_rc rc = find_files(ctx, in, &s, err);

    if (!rc)
        rc = s.description ? meta_of_file(ctx, in, s.description, &meta, err)
                           : meta_of_params(p, &meta, err);
    if (!rc)
        rc = ost_item_bytes(ctx, in, s.weights, &data, &size, err);
    if (!rc)
        rc = ost_ctx_backend(ctx, &backend, err);
    if (!rc)
        rc = convert(ctx, &s, data, size, backend, meta, err);
    json_decref(meta);
    return rc;
}

const ost_stage ost_stage_import_model = {
    .name = "import_model",
    .version = 1, /* bump when any output byte can change */
    .summary = "Reads a model that was trained elsewhere.",
    .flags = OST_STAGE_FLOAT,
    .param_size = sizeof(import_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_FILES,
                          "a .safetensors file, or the folder that a run wrote "
                          "for a model",
                          false, false }),
    .outputs = OST_PORTS({ "model", OST_MODEL, "the model", false, false }),
    .check = check,
    .run = run,
};
