/* stages/network.c - networks written as JSON */
#include "stages/network_impl.h"

#include <string.h>

#include "base/banned.h"

enum { SIZE_LIMIT = 1 << 24 };

/* --- the document ------------------------------------------------------ */

static ost_rc check_top(ost_network *n, ost_err *err)
{
    static const char *const words[] = { "osteon_model", "name",   "help",
                                         "params",       "input",  "layers",
                                         "output",       "scores", NULL };
    const json_t *root = ost_json_root(n->doc);
    ost_json_pos pos;
    ost_rc rc;

    if (ost_json_duplicates(n->doc)) {
        const char *pointer = ost_json_duplicate(n->doc, 0, &pos);

        return ost_fail(err, OST_EINPUT, "%s:%d:%d: %s is there twice",
                        ost_json_name(n->doc), pos.line, pos.column, pointer);
    }
    if (!json_is_object(root))
        return ost_network_fault(n, "", false, err, "a network is an object");
    rc = ost_network_check_words(n, root, "", words, "", err);
    if (rc)
        return rc;
    if (json_integer_value(json_object_get(root, "osteon_model")) != 1)
        return ost_network_fault(
            n, "/osteon_model", false, err,
            "not a network of this version: 'osteon_model' must be "
            "1");
    n->name = json_string_value(json_object_get(root, "name"));
    if (!n->name)
        return ost_network_fault(n, "/name", false, err,
                                 "the network needs a 'name'");
    return OST_OK;
}

/* The network's own params: the value, or the member "value". */
static ost_rc own_params(ost_network *n, ost_err *err)
{
    json_t *params = json_object_get(ost_json_root(n->doc), "params");
    const char *name;
    json_t *v;

    n->values = json_object();
    n->resolved = json_object();
    if (params && !json_is_object(params))
        return ost_network_fault(n, "/params", false, err,
                                 "'params' must be an object");
    json_object_foreach(params, name, v)
    {
        json_t *inner = json_object_get(v, "value");

        json_object_set_new(n->values, name, json_deep_copy(inner ? inner : v));
    }
    return OST_OK;
}

static ost_rc replace_params(ost_network *n, const json_t *values,
                             const json_t *extra, ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    const char *name;
    const char *unknown = NULL;
    json_t *v;
    ost_rc rc = own_params(n, err);

    if (rc)
        return rc;
    json_object_foreach(n->values, name, v) ost_vec_push(&names, name);
    json_object_foreach((json_t *)(uintptr_t)values, name, v)
    {
        if (!json_object_get(n->values, name))
            unknown = name;
        else
            json_object_set(n->values, name, v);
    }
    if (unknown)
        rc = ost_network_unknown(
            n, "/params", false, unknown, names.data, names.len, err,
            "network '%s' has no param '%s'", n->name, unknown);
    json_object_foreach((json_t *)(uintptr_t)extra, name, v)
    {
        if (json_object_get(n->values, name) && !json_object_get(values, name))
            json_object_set(n->values, name, v);
    }
    ost_vec_release(&names);
    return rc;
}

static ost_rc read_scores(ost_network *n, ost_err *err)
{
    static const char *const words[] = { [OST_SCORES_SOFTMAX] = "softmax",
                                         [OST_SCORES_SIGMOID] = "sigmoid",
                                         [OST_SCORES_NONE] = "none" };
    const json_t *scores = json_object_get(ost_json_root(n->doc), "scores");
    json_t *v = NULL;
    const char *text;
    ost_rc rc;

    n->scores = OST_SCORES_SOFTMAX;
    if (!scores)
        return OST_OK;
    rc = ost_network_expand(n, NULL, scores, "/scores", &v, err);
    if (rc)
        return rc;
    rc = OST_EINPUT;
    text = json_is_string(v) ? json_string_value(v) : "";
    for (int i = 0; i < 3; i++)
        if (strcmp(text, words[i]) == 0) {
            n->scores = (ost_scores_kind)i;
            rc = OST_OK;
        }
    if (rc)
        ost_network_unknown(n, "/scores", false, text, words, 3, err,
                            "'scores' must be 'softmax', 'sigmoid' or 'none'");
    json_decref(v);
    return rc;
}

static ost_rc read_input(ost_network *n, ost_err *err)
{
    const json_t *input = json_object_get(ost_json_root(n->doc), "input");
    json_t *v = NULL;
    const json_t *side;
    size_t i;
    ost_rc rc = OST_OK;

    if (!input)
        return OST_OK;
    rc = ost_network_expand(n, NULL, input, "/input", &v, err);
    if (rc)
        return rc;
    if (json_array_size(v) < 1 || json_array_size(v) >= OST_MAX_DIMS)
        rc = OST_EINPUT;
    json_array_foreach(v, i, side)
    {
        if (rc || !json_is_integer(side) || json_integer_value(side) < 1 ||
            json_integer_value(side) > INT32_MAX) {
            rc = OST_EINPUT;
            break;
        }
        n->input[n->input_sides++] = json_integer_value(side);
    }
    if (rc)
        ost_network_fault(n, "/input", false, err,
                          "'input' must be a list of 1 to %d sides: channels, "
                          "then height and width, for instance",
                          OST_MAX_DIMS - 1);
    json_decref(v);
    return rc;
}

static ost_rc read_output(ost_network *n, const network_scope *top, int *layer,
                          ost_err *err)
{
    const json_t *output = json_object_get(ost_json_root(n->doc), "output");
    ost_rc rc = OST_OK;

    *layer = top->previous;
    if (n->layers.len == 0)
        return ost_network_fault(n, "/layers", false, err,
                                 "the network has no layers");
    if (output)
        rc = ost_network_refer_one(n, top, output, "/output", layer, err);
    if (!rc && *layer < 0)
        rc = ost_network_fault(n, "/output", false, err,
                               *layer == NETWORK_INPUT
                                   ? "the input cannot be the output"
                                   : "the network has no output");
    return rc;
}

static ost_rc read_document(ost_network *n, ost_err *err)
{
    const json_t *root = ost_json_root(n->doc);
    network_scope top = { .prefix = "",
                          .entry = NETWORK_INPUT,
                          .previous = NETWORK_INPUT };
    int layer = 0;
    ost_rc rc = read_scores(n, err);

    if (!rc)
        rc = read_input(n, err);
    if (!rc)
        rc = ost_network_read_entries(n, &top, json_object_get(root, "layers"),
                                      "/layers", err);
    if (!rc)
        rc = read_output(n, &top, &layer, err);
    n->spec = (ost_net_spec){ n->layers.data, (int)n->layers.len, layer };
    ost_vec_release(&top.names);
    return rc;
}

ost_rc ost_network_read(const char *file, const char *text, size_t size,
                        const json_t *values, const json_t *extra,
                        ost_network **network, ost_err *err)
{
    ost_network *n = ost_xalloc(sizeof(*n));
    ost_rc rc;

    if (size > SIZE_LIMIT)
        rc = ost_fail(err, OST_EINPUT, "%s: the network is too large", file);
    else
        rc = ost_json_parse(file, text, size, &n->doc, err);
    if (!rc)
        rc = check_top(n, err);
    if (!rc)
        rc = replace_params(n, values, extra, err);
    if (!rc)
        rc = read_document(n, err);
    if (rc) {
        ost_network_free(n);
        return rc;
    }
    *network = n;
    return OST_OK;
}

void ost_network_free(ost_network *n)
{
    if (!n)
        return;
    ost_vec_release(&n->pointers);
    ost_vec_release(&n->layers);
    json_decref(n->resolved);
    json_decref(n->values);
    ost_json_free(n->doc);
    ost_arena_release(&n->arena);
    ost_free(n);
}

const ost_net_spec *ost_network_spec(const ost_network *n)
{
    return &n->spec;
}

const char *ost_network_name(const ost_network *n)
{
    return n->name;
}

const json_t *ost_network_document(const ost_network *n)
{
    return ost_json_root(n->doc);
}

const json_t *ost_network_values(const ost_network *n)
{
    return n->values;
}

ost_scores_kind ost_network_scores(const ost_network *n)
{
    return n->scores;
}

int ost_network_input(const ost_network *n, int64_t shape[OST_MAX_DIMS])
{
    memcpy(shape, n->input, sizeof(n->input));
    return n->input_sides;
}

static ost_rc build(const ost_network *n, const ost_net_spec *spec,
                    ost_weights *weights, int ndim, const int64_t *shape,
                    unsigned flags, ost_net **net, ost_err *err)
{
    ost_net_place where = { -1, -1 };
    ost_rc rc =
        ost_net_new(weights, spec, ndim, shape, flags, net, &where, err);
    ost_json_pos pos;
    ost_buf pointer = { 0 };

    if (!rc || where.layer < 0)
        return rc;
    ost_buf_adds(&pointer, n->pointers.data[where.layer]);
    if (where.attr >= 0)
        ost_json_add_pointer(
            &pointer, n->layers.data[where.layer].attrs[where.attr].name);
    pos = ost_json_locate(n->doc, ost_buf_str(&pointer), where.attr >= 0);
    ost_err_at(err, "%s:%d:%d", ost_json_name(n->doc), pos.line, pos.column);
    ost_buf_release(&pointer);
    return rc;
}

ost_rc ost_network_build(const ost_network *n, ost_weights *weights, int ndim,
                         const int64_t *shape, unsigned flags, ost_net **net,
                         ost_err *err)
{
    return build(n, &n->spec, weights, ndim, shape, flags, net, err);
}

ost_rc ost_network_build_to(const ost_network *n, int layer,
                            ost_weights *weights, int ndim,
                            const int64_t *shape, unsigned flags, ost_net **net,
                            ost_err *err)
{
    /* Layers read earlier ones alone: what comes behind is left out. */
    const ost_net_spec spec = { n->spec.layers, layer + 1, layer };

    return build(n, &spec, weights, ndim, shape, flags, net, err);
}
