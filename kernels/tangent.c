/* kernels/tangent.c - a network with its derivative beside it */
#include "kernels/tangent.h"

#include "base/alloc.h"
#include "base/vec.h"

#include <string.h>

#include "base/banned.h"

struct ost_tangent {
    ost_net_spec spec;
    OST_VEC(ost_layer_spec) layers;
    /* Of layer i of the other description: where it and its twin are. */
    int *primal;
    int *twin;
    OST_VEC(char *) names;
    OST_VEC(ost_net_attr *) attrs;
};

static int add(ost_tangent *t, const ost_layer_spec *layer)
{
    ost_vec_push(&t->layers, *layer);
    return (int)t->layers.len - 1;
}

/* Attributes that belong to the tangent: those of `from` without `except`, and
 * room for two more. */
static ost_net_attr *copy_attrs(ost_tangent *t, const ost_layer_spec *from,
                                const char *except, int *count)
{
    ost_net_attr *attrs =
        ost_xalloc(((size_t)from->n_attrs + 2) * sizeof(*attrs));

    *count = 0;
    for (int i = 0; i < from->n_attrs; i++)
        if (!except || strcmp(from->attrs[i].name, except) != 0)
            attrs[(*count)++] = from->attrs[i];
    ost_vec_push(&t->attrs, attrs);
    return attrs;
}

/* Half of the input's channels. */
static int add_half(ost_tangent *t, int64_t from, int64_t to)
{
    static const ost_layer_spec none = { .kind = "" };
    ost_layer_spec half = { .kind = "slice",
                            .n_inputs = 1,
                            .inputs = { OST_NET_INPUT } };
    ost_net_attr *attrs = copy_attrs(t, &none, NULL, &half.n_attrs);

    attrs[half.n_attrs++] =
        (ost_net_attr){ .name = "from", .count = 1, .v = { (double)from } };
    attrs[half.n_attrs++] =
        (ost_net_attr){ .name = "to", .count = 1, .v = { (double)to } };
    half.attrs = attrs;
    return add(t, &half);
}

static const ost_net_attr_spec *known_attr(const ost_layer_kind *kind,
                                           const char *name)
{
    for (const ost_net_attr_spec *a = kind->attrs; a && a->name; a++)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

/* Its weights are those of the layer before it. */
static int add_linear(ost_tangent *t, const ost_layer_spec *layer,
                      const ost_layer_kind *kind)
{
    ost_layer_spec twin = *layer;

    twin.shared = true;
    for (int i = 0; i < layer->n_inputs; i++)
        twin.inputs[i] = t->twin[layer->inputs[i] + 1];
    if (known_attr(kind, "bias")) {
        ost_net_attr *attrs = copy_attrs(t, layer, "bias", &twin.n_attrs);

        attrs[twin.n_attrs++] = (ost_net_attr){ .name = "bias", .count = 1 };
        twin.attrs = attrs;
    }
    return add(t, &twin);
}

static int add_gate(ost_tangent *t, const ost_layer_spec *layer,
                    const ost_layer_kind *kind, int primal)
{
    const ost_net_attr_spec *slope = known_attr(kind, "slope");
    ost_layer_spec gate = { .kind = "gate", .n_inputs = 2 };
    ost_net_attr *attrs = copy_attrs(t, layer, NULL, &gate.n_attrs);

    gate.inputs[0] = primal;
    gate.inputs[1] = t->twin[layer->inputs[0] + 1];
    gate.attrs = attrs;
    if (slope && gate.n_attrs == 0)
        attrs[gate.n_attrs++] =
            (ost_net_attr){ .name = "slope", .count = 1, .v = { slope->dflt } };
    return add(t, &gate);
}

static ost_rc add_layer(ost_tangent *t, const ost_net_spec *spec, int index,
                        ost_err *err)
{
    ost_layer_spec layer = spec->layers[index];
    const ost_layer_kind *kind = ost_layer_kind_find(layer.kind);
    int primal;

    if (!layer.name) {
        char *name = ost_xprintf("%d", index);

        ost_vec_push(&t->names, name);
        layer.name = name;
    }
    if (!kind || kind->tangent == OST_TANGENT_NONE)
        return ost_fail(err, OST_EINPUT,
                        "layer %d (%s): gradients of gradients do not go "
                        "through it: a penalty needs a discriminator without "
                        "('spectral_norm' of its layers may take its place)",
                        index, layer.kind);
    primal = add(t, &layer);
    for (int i = 0; i < layer.n_inputs; i++)
        t->layers.data[primal].inputs[i] = t->primal[layer.inputs[i] + 1];
    t->primal[index + 1] = primal;
    t->twin[index + 1] = kind->tangent == OST_TANGENT_GATE
                             ? add_gate(t, &layer, kind, primal)
                             : add_linear(t, &layer, kind);
    return OST_OK;
}

ost_rc ost_tangent_new(const ost_net_spec *spec, int64_t channels,
                       ost_tangent **tangent, ost_err *err)
{
    size_t n = (size_t)spec->n_layers + 1;
    ost_tangent *t = ost_xalloc(sizeof(*t));
    ost_rc rc = OST_OK;

    t->primal = ost_xalloc(n * sizeof(*t->primal));
    t->twin = ost_xalloc(n * sizeof(*t->twin));
    t->primal[0] = add_half(t, 0, channels);
    t->twin[0] = add_half(t, channels, 2 * channels);
    for (int i = 0; i < spec->n_layers && !rc; i++)
        rc = add_layer(t, spec, i, err);
    if (rc) {
        ost_tangent_free(t);
        return rc;
    }
    t->spec = (ost_net_spec){ .layers = t->layers.data,
                              .n_layers = (int)t->layers.len,
                              .output = t->twin[spec->output + 1] };
    *tangent = t;
    return OST_OK;
}

void ost_tangent_free(ost_tangent *tangent)
{
    if (!tangent)
        return;
    for (size_t i = 0; i < tangent->attrs.len; i++)
        ost_free(tangent->attrs.data[i]);
    for (size_t i = 0; i < tangent->names.len; i++)
        ost_free(tangent->names.data[i]);
    ost_vec_release(&tangent->attrs);
    ost_vec_release(&tangent->names);
    ost_free(tangent->twin);
    ost_free(tangent->primal);
    ost_vec_release(&tangent->layers);
    ost_free(tangent);
}

const ost_net_spec *ost_tangent_spec(const ost_tangent *tangent)
{
    return &tangent->spec;
}
