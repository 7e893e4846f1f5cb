/* kernels/network.c - networks as data, built for a device and a batch */
#include "kernels/network.h"

#include "base/alloc.h"
#include "base/text.h"
#include "kernels/network_build.h"
#include "kernels/spectral.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

typedef ost_rc (*prepare_fn)(ost_layer *layer, ost_err *err);

static const struct {
    const char *kind;
    size_t offset;
} slots[] = {
#define OPERATOR(name, args)
#define LAYER(name) { #name, offsetof(ost_backend, name) },
#include "kernels/operator_list.def"
};

/* The slot of a backend that prepares layers of a kind. */
static prepare_fn slot_of(const ost_backend *backend,
                          const ost_layer_kind *kind)
{
    prepare_fn fn = NULL;

    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
        if (strcmp(kind->name, slots[i].kind) == 0)
            memcpy(&fn, (const char *)backend + slots[i].offset, sizeof(fn));
    return fn;
}

static ost_value *value_new(ost_net *net)
{
    ost_value *v = ost_xalloc(sizeof(*v));

    v->block = 1;
    v->producer = -1;
    ost_vec_push(&net->values, v);
    return v;
}

static ost_layer *layer_new(ost_net *net, const ost_layer_kind *kind)
{
    ost_layer *l = ost_xalloc(sizeof(*l));

    l->kind = kind;
    l->net = net;
    l->backend = net->backend;
    l->index = -1;
    l->training = net->flags & OST_NET_TRAIN;
    l->live = net->flags & (OST_NET_TRAIN | OST_NET_LIVE);
    l->out = value_new(net);
    return l;
}

static void layer_free(ost_layer *l)
{
    if (!l)
        return;
    if (l->release)
        l->release(l);
    ost_spectral_free(l->spectral);
    ost_free(l->again);
    ost_free(l->name);
    ost_free(l);
}

/* An earlier layer may have the weight only when this one says so, and only if
 * both learn it alike. */
static ost_rc may_share(const ost_layer *layer, const ost_weight *like,
                        const ost_weight *w, ost_err *err)
{
    const ost_net *net = layer->net;
    bool taken = false;

    for (size_t i = 0; i < net->layers.len && !taken; i++)
        for (int k = 0; k < net->layers.data[i]->n_weights; k++)
            taken |= net->layers.data[i]->weights[k] == w;
    if (taken && !layer->shared)
        return ost_fail(err, OST_EINPUT, "an earlier layer has the weight '%s'",
                        w->name);
    if (taken && (w->frozen != like->frozen || w->l2 != like->l2))
        return ost_fail(err, OST_EINPUT,
                        "shares the weight '%s' with an earlier layer of other "
                        "'frozen' or 'l2'",
                        w->name);
    return OST_OK;
}

ost_rc ost_layer_weight(ost_layer *layer, const char *suffix, int ndim,
                        const int64_t *shape, ost_init init, int64_t fan_in,
                        int64_t fan_out, bool learned, ost_err *err)
{
    char *name = ost_xprintf("%s.%s", layer->name, suffix);
    ost_weight like = {
        .name = name,
        .ndim = ndim,
        .learned = learned && !layer->frozen,
        .frozen = learned && layer->frozen,
        .l2 = strcmp(suffix, "weight") == 0 ? layer->l2 : 0.0,
        .init = init,
        .sigma = init == OST_INIT_NORMAL || init == OST_INIT_SCALES
                     ? ost_layer_attr(layer, "sigma")
                     : 0.0,
        .slope =
            init == OST_INIT_CONSTANT ? ost_layer_attr(layer, "slope") : 0.0,
        .fan_in = fan_in,
        .fan_out = fan_out,
    };
    int64_t count = (int64_t)sizeof(float);
    ost_rc rc = OST_OK;

    assert(layer->n_weights < OST_LAYER_WEIGHTS);
    for (int i = 0; i < ndim; i++) {
        like.shape[i] = shape[i];
        if (__builtin_mul_overflow(count, shape[i], &count))
            rc = ost_fail(err, OST_EINPUT, "weight '%s' is too large", suffix);
    }
    if (!rc)
        rc = ost_weights_declare(layer->net->weights, &like,
                                 &layer->weights[layer->n_weights], err);
    if (!rc)
        rc = may_share(layer, &like, layer->weights[layer->n_weights], err);
    if (!rc)
        layer->n_weights++;
    ost_free(name);
    return rc;
}

ost_rc ost_layer_place_weight(ost_layer *layer, int i, int64_t stored,
                              void *layout, ost_err *err)
{
    if (layer->net->flags & OST_NET_PLAN) {
        ost_weights_measure(layer->weights[i], stored, layout);
        return OST_OK;
    }
    return ost_weights_place(layer->net->weights, layer->weights[i], stored,
                             layout, layer->training, err);
}

void ost_layer_memory(ost_layer *layer, size_t bytes, ost_life life, void *slot)
{
    layer->halves |= life == OST_LIFE_BACKWARD_FIRST;
    ost_vec_push(&layer->net->requests,
                 (ost_request){ layer, bytes, life, slot });
}

static ost_rc unknown_kind(const char *name, ost_err *err)
{
    const char *names[64];
    const ost_layer_kind *kind;
    const char *near;
    size_t n = 0;

    for (size_t i = 0; (kind = ost_layer_kind_at(i)) && n < 64; i++)
        if (!(kind->flags & OST_INTERNAL))
            names[n++] = kind->name;
    near = ost_nearest(name, names, n);
    if (near)
        return ost_fail(err, OST_EINPUT,
                        "unknown kind of layer '%s' (did you mean '%s'?)", name,
                        near);
    return ost_fail(err, OST_EINPUT, "unknown kind of layer '%s'", name);
}

static ost_rc connect(ost_layer *l, const ost_layer_spec *spec,
                      ost_value *const *made, ost_err *err)
{
    const ost_layer_kind *kind = l->kind;

    if (spec->n_inputs != kind->min_inputs &&
        kind->min_inputs == kind->max_inputs)
        return ost_fail(err, OST_EINPUT, "has %d inputs, must have %d",
                        spec->n_inputs, kind->min_inputs);
    if (spec->n_inputs < kind->min_inputs || spec->n_inputs > kind->max_inputs)
        return ost_fail(err, OST_EINPUT, "has %d inputs, must have %d to %d",
                        spec->n_inputs, kind->min_inputs, kind->max_inputs);
    for (int i = 0; i < spec->n_inputs; i++) {
        int from = spec->inputs[i];

        if (from < OST_NET_INPUT || from >= l->index)
            return ost_fail(err, OST_EINPUT,
                            "input %d is layer %d, which is not before it", i,
                            from);
        l->in[i] = from < 0 ? l->net->input : made[from];
        l->out->wants_grad |= l->in[i]->wants_grad;
        l->n_inputs++;
    }
    return OST_OK;
}

/* Fills shapes and weights. */
static ost_rc shape_layer(ost_layer *l, ost_err *err)
{
    ost_rc rc = l->kind->shape(l, err);

    if (rc)
        return rc;
    for (int i = 0; i < l->out->ndim; i++)
        if (l->out->shape[i] < 1) {
            char in[96];
            char out[96];

            ost_shape_text(in, l->in[0]->ndim, l->in[0]->shape);
            ost_shape_text(out, l->out->ndim, l->out->shape);
            return ost_fail(err, OST_EINPUT,
                            "input %s is too small: it would make %s", in, out);
        }
    for (int i = 0; i < l->n_weights; i++)
        l->out->wants_grad |= l->training && l->weights[i]->learned;
    return OST_OK;
}

static void append(ost_net *net, ost_layer *l)
{
    l->serial = (int)net->layers.len;
    l->out->producer = l->serial;
    ost_vec_push(&net->layers, l);
}

/* Lets the backend prepare the layer; its layouts are then decided. */
static ost_rc prepare(ost_layer *l, ost_err *err)
{
    prepare_fn fn;
    ost_rc rc;

    for (int i = 0; i < l->n_inputs; i++)
        l->in_block[i] = l->in[i]->block;
    fn = slot_of(l->backend, l->kind);
    if (!fn)
        return ost_fail(err, OST_EUNSUPPORTED, "the backend '%s' has no '%s'",
                        l->backend->name, l->kind->name);
    rc = fn(l, err);
    if (!rc && l->spectral)
        rc = ost_spectral_wrap(l, err);
    if (!rc && ost_value_stored(l->out) < 0)
        rc = ost_fail(err, OST_EINPUT, "its output is too large");
    return rc;
}

/* Puts a conversion of `v` to `block` into the network. */
static ost_rc insert_reorder(ost_net *net, ost_value *v, int block,
                             ost_value **out, ost_err *err)
{
    ost_layer *l = layer_new(net, ost_layer_kind_find("reorder"));
    ost_rc rc;

    l->name = ost_xstrdup("reorder");
    l->in[0] = v;
    l->n_inputs = 1;
    l->out->ndim = v->ndim;
    memcpy(l->out->shape, v->shape, sizeof(v->shape));
    l->out->wants_grad = v->wants_grad;
    l->out->block = block;
    append(net, l);
    rc = prepare(l, err);
    *out = l->out;
    return rc;
}

/* From a connected layer with attributes to one that only has to run. */
static ost_rc settle(ost_layer *l, ost_err *err)
{
    ost_rc rc = shape_layer(l, err);

    if (!rc && l->kind->compose)
        rc = l->kind->compose(l, err);
    for (int i = 0; !rc && i < l->n_inputs; i++)
        l->out->wants_grad |= l->in[i]->wants_grad;
    if (!rc)
        rc = prepare(l, err);
    for (int i = 0; !rc && i < l->n_inputs; i++)
        if (l->in_block[i] != l->in[i]->block)
            rc = insert_reorder(l->net, l->in[i], l->in_block[i], &l->in[i],
                                err);
    return rc;
}

static ost_rc add_layer(ost_net *net, const ost_layer_spec *spec, int index,
                        ost_value **made, int *attr, ost_err *err)
{
    const ost_layer_kind *kind = ost_layer_kind_find(spec->kind);
    ost_layer *l;
    ost_rc rc;

    *attr = -1;
    if (!kind ||
        ((kind->flags & OST_INTERNAL) && !(net->flags & OST_NET_TANGENT)))
        return unknown_kind(spec->kind, err);
    l = layer_new(net, kind);
    l->index = index;
    l->name = spec->name ? ost_xstrdup(spec->name) : ost_xprintf("%d", index);
    l->l2 = spec->l2;
    l->frozen = spec->frozen;
    l->shared = spec->shared;
    made[index] = l->out;
    rc = connect(l, spec, made, err);
    if (!rc)
        rc = ost_layer_resolve(l, spec->attrs, spec->n_attrs, attr, err);
    if (!rc)
        rc = settle(l, err);
    append(net, l);
    return rc;
}

ost_rc ost_layer_before(ost_layer *layer, const char *kind,
                        const ost_net_attr *attrs, int n_attrs,
                        ost_value *const *in, int n_inputs, ost_value **out,
                        ost_err *err)
{
    ost_layer *l = layer_new(layer->net, ost_layer_kind_find(kind));
    int which;
    ost_rc rc;

    l->name = ost_xstrdup(layer->name);
    l->l2 = layer->l2;
    l->frozen = layer->frozen;
    l->shared = layer->shared;
    for (int i = 0; i < n_inputs; i++) {
        l->in[i] = in[i];
        l->out->wants_grad |= in[i]->wants_grad;
        l->n_inputs++;
    }
    rc = ost_layer_resolve(l, attrs, n_attrs, &which, err);
    if (!rc)
        rc = settle(l, err);
    if (l->n_weights)
        l->index = layer->index;
    append(layer->net, l);
    *out = l->out;
    return rc;
}

static ost_rc add_layers(ost_net *net, const ost_net_spec *spec,
                         ost_net_place *where, ost_err *err)
{
    ost_value **made =
        ost_xalloc(((size_t)spec->n_layers + 1) * sizeof(ost_value *));
    ost_rc rc = OST_OK;

    for (int i = 0; !rc && i < spec->n_layers; i++) {
        const ost_layer_spec *l = &spec->layers[i];

        rc = add_layer(net, l, i, made, &where->attr, err);
        where->layer = i;
        if (rc && l->name)
            ost_err_at(err, "layer %d (%s '%s')", i, l->kind, l->name);
        else if (rc)
            ost_err_at(err, "layer %d (%s)", i, l->kind);
    }
    if (!rc)
        net->output = made[spec->output];
    if (!rc && net->output->block != 1)
        rc = insert_reorder(net, net->output, 1, &net->output, err);
    ost_free(made);
    return rc;
}

static ost_rc check_spec(const ost_net_spec *spec, int ndim,
                         const int64_t *shape, ost_err *err)
{
    char text[96];

    if (spec->n_layers < 1 || spec->output < 0 ||
        spec->output >= spec->n_layers)
        return ost_fail(err, OST_EINPUT, "the network has no output layer");
    if (ndim < 2 || ndim > OST_MAX_DIMS)
        return ost_fail(err, OST_EINPUT, "the input has %d sides", ndim);
    for (int i = 0; i < ndim; i++)
        if (shape[i] < 1 || shape[i] > INT32_MAX)
            return ost_fail(err, OST_EINPUT, "the input's shape is %s",
                            ost_shape_text(text, ndim, shape));
    return OST_OK;
}

ost_rc ost_net_new(ost_weights *weights, const ost_net_spec *spec, int ndim,
                   const int64_t *shape, unsigned flags, ost_net **net,
                   ost_net_place *where, ost_err *err)
{
    ost_net_place place = { -1, -1 };
    ost_net *n = ost_xalloc(sizeof(*n));
    ost_rc rc = check_spec(spec, ndim, shape, err);

    n->weights = weights;
    n->backend = weights->backend;
    n->flags = flags;
    if (rc)
        goto out;
    n->input = value_new(n);
    n->input->wants_grad =
        (flags & OST_NET_TRAIN) && (flags & OST_NET_INPUT_GRAD);
    n->input->ndim = ndim;
    memcpy(n->input->shape, shape, (size_t)ndim * sizeof(*shape));
    if (ost_value_stored(n->input) < 0) {
        rc = ost_fail(err, OST_EINPUT, "the input is too large");
        goto out;
    }
    rc = add_layers(n, spec, &place, err);
    if (rc)
        goto out;
    ost_net_arrange(n);
    rc = ost_net_place_memory(n, err);
    if (rc)
        goto out;
    *net = n;
    n = NULL;
out:
    if (where)
        *where = place;
    ost_net_free(n);
    return rc;
}

void ost_net_free(ost_net *net)
{
    if (!net)
        return;
    for (size_t i = 0; i < net->layers.len; i++)
        layer_free(net->layers.data[i]);
    for (size_t i = 0; i < net->values.len; i++)
        ost_free(net->values.data[i]);
    if (net->memory != net->weights->shared)
        net->backend->release(net->backend, net->memory);
    ost_net_forget(net);
    net->backend->release(net->backend, net->draw);
    for (int i = 0; i < 2; i++)
        net->backend->host_release(net->backend, net->host_input[i]);
    net->backend->host_release(net->backend, net->host_output);
    ost_tape_release(&net->tape);
    ost_vec_release(&net->pointers);
    ost_vec_release(&net->spans);
    ost_free(net->rooms);
    ost_vec_release(&net->requests);
    ost_vec_release(&net->values);
    ost_vec_release(&net->layers);
    ost_free(net);
}

int ost_net_layers(const ost_net *net)
{
    return (int)net->layers.len;
}

const ost_layer *ost_net_layer(const ost_net *net, int i)
{
    return net->layers.data[i];
}

size_t ost_net_memory(const ost_net *net)
{
    return net->memory_bytes;
}

int ost_net_spans(const ost_net *net)
{
    return (int)net->spans.len;
}

ost_net_span ost_net_span_at(const ost_net *net, int i)
{
    return net->spans.data[i];
}
