/* stages/network_describe.c - what a network would be, for people and programs
 */
#include "stages/network_describe.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/map.h"
#include "kernels/plan_backend.h"
#include "stages/network_estimate.h"

#include <string.h>

#include "base/banned.h"

enum { FILE_LIMIT = 1 << 24 };

/* What a layer of the description has come to, or a whole network.  A layer
 * may be built of several, and of conversions of layouts before them. */
typedef struct part {
    double parameters;
    double frozen; /* of these */
    double flops;
    double bytes;   /* of values */
    double weights; /* bytes, as the device keeps them */
    double learned; /* of these */
    const ost_value *out;
    bool shared; /* has the weights of an earlier layer */
} part;

/* The sides of one item: all but the batch. */
static json_t *item_shape(const ost_value *v)
{
    json_t *list = json_array();

    for (int i = 1; i < v->ndim; i++)
        json_array_append_new(list, json_integer(v->shape[i]));
    return list;
}

static json_t *input_list(const ost_layer_spec *spec)
{
    json_t *list = json_array();

    for (int i = 0; i < spec->n_inputs; i++)
        json_array_append_new(list, json_integer(spec->inputs[i]));
    return list;
}

/* Marks the layers whose weights an earlier one has, too. */
static void find_shared(const ost_net_spec *spec, part *parts)
{
    ost_map names = { 0 };

    for (int i = 0; i < spec->n_layers; i++) {
        const char *name = spec->layers[i].name;

        parts[i].shared = !ost_map_put(&names, name, strlen(name), 0) &&
                          spec->layers[i].shared;
    }
    ost_map_release(&names);
}

static void add_weights(const ost_layer *l, part *p)
{
    for (int i = 0; i < l->n_weights && !p->shared; i++) {
        const ost_weight *w = l->weights[i];
        double count = (double)ost_weight_count(w);
        double stored = (double)w->stored * sizeof(float);

        p->parameters += w->learned || w->frozen ? count : 0.0;
        p->frozen += w->frozen ? count : 0.0;
        p->weights += stored;
        p->learned += w->learned ? stored : 0.0;
    }
}

static void add_part(part *sum, const part *p)
{
    sum->parameters += p->parameters;
    sum->frozen += p->frozen;
    sum->flops += p->flops;
    sum->bytes += p->bytes;
    sum->weights += p->weights;
    sum->learned += p->learned;
}

/* What each layer of the description has come to; caller frees. */
static part *find_parts(const ost_net *net, const ost_net_spec *spec)
{
    part *parts = ost_xalloc(((size_t)spec->n_layers + 1) * sizeof(*parts));
    size_t n = (size_t)ost_net_layers(net);
    part **owners = ost_xalloc((n + 1) * sizeof(part *));
    part *owner = &parts[spec->n_layers];

    find_shared(spec, parts);
    for (size_t i = n; i-- > 0;) {
        const ost_layer *l = ost_net_layer(net, (int)i);

        if (l->index >= 0)
            owner = &parts[l->index];
        owners[i] = owner;
        if (l->index >= 0 && !owner->out)
            owner->out = l->out;
        if (l->kind->flops)
            owner->flops += l->kind->flops(l);
        add_weights(l, owner);
    }
    for (int i = 0; i < ost_net_spans(net); i++) {
        ost_net_span span = ost_net_span_at(net, i);

        if (span.layer && strcmp(span.what, "value") == 0)
            owners[span.layer->serial]->bytes += (double)span.bytes;
    }
    ost_free(owners);
    return parts;
}

static json_t *layer_json(const ost_layer_spec *l, const part *p)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:b, s:b}", "name",
                     l->name, "kind", l->kind, "inputs", input_list(l),
                     "output", item_shape(p->out), "parameters",
                     (json_int_t)p->parameters, "flops", (json_int_t)p->flops,
                     "bytes", (json_int_t)p->bytes, "frozen", l->frozen,
                     "shared", p->shared);
}

static json_t *memory_json(const ost_net *net, const part *sum)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "activations",
                     (json_int_t)ost_net_memory(net), "weights",
                     (json_int_t)sum->weights, "gradients",
                     (json_int_t)sum->learned, "sgd", (json_int_t)sum->learned,
                     "adam", (json_int_t)(2.0 * sum->learned));
}

static const char *scores_word(ost_scores_kind scores)
{
    static const char *const words[] = { [OST_SCORES_SOFTMAX] = "softmax",
                                         [OST_SCORES_SIGMOID] = "sigmoid",
                                         [OST_SCORES_NONE] = "none" };

    return words[scores];
}

static json_t *net_json(const ost_network *n, const ost_net *net,
                        const ost_network_use *use)
{
    const ost_net_spec *spec = ost_network_spec(n);
    const json_t *help = json_object_get(ost_network_document(n), "help");
    json_t *layers = json_array();
    json_t *input = json_array();
    part *parts = find_parts(net, spec);
    part sum = { 0 };
    json_t *made;

    for (int i = 0; i < use->sides; i++)
        json_array_append_new(input, json_integer(use->input[i]));
    for (int i = 0; i < spec->n_layers; i++) {
        json_array_append_new(layers, layer_json(&spec->layers[i], &parts[i]));
        add_part(&sum, &parts[i]);
    }
    made = json_pack(
        "{s:s, s:s, s:s, s:O, s:o, s:I, s:b, s:o, s:o, s:i, s:I, s:I, s:I, "
        "s:o}",
        "name", ost_network_name(n), "help",
        json_is_string(help) ? json_string_value(help) : "", "scores",
        scores_word(ost_network_scores(n)), "params", ost_network_values(n),
        "input", input, "batch", (json_int_t)use->batch, "train", use->train,
        "layers", layers, "output", item_shape(parts[spec->output].out),
        "output_layer", spec->output, "parameters", (json_int_t)sum.parameters,
        "frozen", (json_int_t)sum.frozen, "flops", (json_int_t)sum.flops,
        "memory", memory_json(net, &sum));
    ost_free(parts);
    return made;
}

ost_rc ost_network_describe(const ost_network *n, const ost_network_use *use,
                            json_t **out, ost_err *err)
{
    unsigned flags = OST_NET_PLAN | (use->train ? OST_NET_TRAIN : 0);
    int64_t shape[OST_MAX_DIMS] = { use->batch };
    ost_network_use full = *use;
    ost_backend *backend = NULL;
    ost_weights *weights = NULL;
    ost_net *net = NULL;
    ost_rc rc;

    if (!full.sides)
        full.sides = ost_network_input(n, full.input);
    if (!full.sides)
        return ost_fail(err, OST_EUSAGE,
                        "network '%s' does not say its 'input': give "
                        "--input, 1x256x256 for instance",
                        ost_network_name(n));
    memcpy(shape + 1, full.input, (size_t)full.sides * sizeof(*shape));
    if (full.device)
        backend = ost_plan_backend();
    rc = backend ? OST_OK : ost_backend_open("cpu", 0, &backend, err);
    if (rc)
        return rc;
    weights = ost_weights_new(backend);
    rc = ost_network_build(n, weights, full.sides + 1, shape, flags, &net, err);
    if (!rc)
        *out = net_json(n, net, &full);
    if (!rc && full.device)
        rc = ost_network_estimate(n, net, &full, *out, err);
    ost_net_free(net);
    ost_weights_free(weights);
    ost_backend_close(backend);
    return rc;
}

/* --- kinds ------------------------------------------------------------- */

static json_t *attribute_json(const ost_net_attr_spec *a)
{
    static const char *const types[] = {
        [OST_NET_ATTR_INT] = "integer", [OST_NET_ATTR_INTS] = "integers",
        [OST_NET_ATTR_REAL] = "number", [OST_NET_ATTR_BOOL] = "boolean",
        [OST_NET_ATTR_WORD] = "word",
    };
    json_t *made =
        json_pack("{s:s, s:s, s:b, s:s}", "name", a->name, "type",
                  types[a->type], "required", a->required, "help", a->help);
    json_t *dflt = json_real(a->dflt);

    if (a->type == OST_NET_ATTR_WORD) {
        json_t *words = json_array();

        for (int i = 0; a->words[i]; i++)
            json_array_append_new(words, json_string(a->words[i]));
        json_object_set_new(made, "words", words);
        json_decref(dflt);
        dflt = json_string(a->words[(int)a->dflt]);
    } else if (a->type == OST_NET_ATTR_BOOL) {
        json_decref(dflt);
        dflt = json_boolean(a->dflt != 0.0);
    } else {
        json_object_set_new(made, "min", json_real(a->min));
        json_object_set_new(made, "max", json_real(a->max));
    }
    if (a->required)
        json_decref(dflt);
    else
        json_object_set_new(made, "default", dflt);
    return made;
}

json_t *ost_network_kinds(void)
{
    json_t *all = json_array();
    const ost_layer_kind *kind;

    for (size_t i = 0; (kind = ost_layer_kind_at(i)); i++) {
        json_t *attrs = json_array();

        for (int k = 0; kind->attrs && kind->attrs[k].name; k++)
            json_array_append_new(attrs, attribute_json(&kind->attrs[k]));
        if (kind->flags & OST_INTERNAL)
            json_decref(attrs);
        else
            json_array_append_new(
                all,
                json_pack("{s:s, s:s, s:[i, i], s:o}", "name", kind->name,
                          "summary", kind->summary, "inputs", kind->min_inputs,
                          kind->max_inputs, "attributes", attrs));
    }
    return all;
}

/* --- requests ---------------------------------------------------------- */

static ost_rc read_device(const json_t *request, ost_network_use *use,
                          ost_err *err)
{
    const char *device = json_string_value(json_object_get(request, "device"));
    const char *numeric =
        json_string_value(json_object_get(request, "numerics"));
    ost_rc rc = OST_OK;

    if (device)
        rc = ost_ceilings_find(device, &use->device, err);
    if (!rc && device && numeric)
        rc = ost_units_find(numeric, use->device, &use->units, err);
    return rc;
}

static ost_rc read_use(const json_t *request, ost_network_use *use,
                       ost_err *err)
{
    const json_t *input = json_object_get(request, "input");
    const json_t *side;
    size_t i;

    *use = (ost_network_use){
        .batch = json_integer_value(json_object_get(request, "batch")),
        .train = json_is_true(json_object_get(request, "train")),
    };
    if (json_array_size(input) >= OST_MAX_DIMS)
        return ost_fail(err, OST_EUSAGE, "the input has more than %d sides",
                        OST_MAX_DIMS - 1);
    json_array_foreach(input, i, side)
    {
        use->input[use->sides++] = json_integer_value(side);
    }
    return read_device(request, use, err);
}

static ost_rc describe_file(const json_t *request, json_t **out, ost_err *err)
{
    const char *file = json_string_value(json_object_get(request, "file"));
    ost_network *n = NULL;
    ost_buf text = { 0 };
    ost_network_use use;
    ost_rc rc;

    if (!file)
        return ost_fail(err, OST_EPROTO, "malformed request");
    rc = read_use(request, &use, err);
    if (!rc)
        rc = ost_fs_read(file, FILE_LIMIT, &text, err);
    if (!rc)
        rc =
            ost_network_read(file, ost_buf_str(&text), text.len,
                             json_object_get(request, "values"), NULL, &n, err);
    if (!rc)
        rc = ost_network_describe(n, &use, out, err);
    ost_network_free(n);
    ost_buf_release(&text);
    return rc;
}

void ost_network_answer(const char *request, ost_buf *out)
{
    json_t *asked = json_loads(request, 0, NULL);
    json_t *result = NULL;
    json_t *answer;
    ost_err err = { 0 };
    char *text;
    ost_rc rc = OST_OK;

    if (json_is_true(json_object_get(asked, "kinds")))
        result = ost_network_kinds();
    else if (json_is_true(json_object_get(asked, "devices")))
        result = ost_network_devices();
    else
        rc = describe_file(asked, &result, &err);
    answer = rc ? json_pack("{s:s, s:i}", "error", err.text, "rc", (int)rc)
                : json_pack("{s:o}", "result", result);
    text = json_dumps(answer, JSON_COMPACT);
    ost_buf_adds(out, text);
    ost_free(text);
    json_decref(answer);
    json_decref(asked);
}
