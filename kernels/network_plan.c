/* kernels/network_plan.c - all memory of a network, decided before it runs
 *
 * Time is counted in ticks: layer i runs forward at tick i, the loss at tick L,
 * the number of layers, and layer i backward at tick 2 L - i.  A value lives
 * from its maker to its last reader (a backward pass that reads it counts), its
 * gradient from the last reader's backward tick to the maker's.
 */
#include "base/alloc.h"
#include "kernels/memory_plan.h"
#include "kernels/network_build.h"

#include <stdint.h>
#include <string.h>

#include "base/banned.h"

typedef struct plan {
    ost_net *net;
    int layers;
    OST_VEC(ost_span) spans;
    OST_VEC(void *) slots; /* of span i: the pointer to fill */
} plan;

static void add_span(plan *p, size_t bytes, int from, int to, void *slot)
{
    ost_vec_push(&p->spans,
                 (ost_span){ .bytes = bytes, .from = from, .to = to });
    ost_vec_push(&p->slots, slot);
}

static int backward_tick(const plan *p, const ost_layer *l)
{
    return 2 * p->layers - l->serial;
}

static void count_readers(ost_net *net)
{
    for (size_t i = 0; i < net->layers.len; i++)
        for (int k = 0; k < net->layers.data[i]->n_inputs; k++)
            net->layers.data[i]->in[k]->consumers++;
    net->output->consumers++; /* the caller */
}

/* A layer that may write over its input does so when nobody else reads it. */
static void share(ost_net *net, ost_layer *l)
{
    ost_value *in = l->in[0];
    ost_value *out = l->out;
    const ost_layer *maker;

    if (!(l->kind->flags & OST_IN_PLACE) || in->consumers != 1 ||
        in->producer < 0 || ost_value_stored(in) != ost_value_stored(out))
        return;
    if (in->wants_grad)
        out->grad_home = in->grad_home;
    maker = net->layers.data[in->producer];
    if (!l->training || !((l->kind->flags & OST_READS_INPUT) ||
                          (maker->kind->flags & OST_READS_OUTPUT)))
        out->data_home = in->data_home;
}

static void widen(int *from, int *to, int a, int b)
{
    if (a < *from)
        *from = a;
    if (b > *to)
        *to = b;
}

/* From the first write of any value that lives at `home` to the last read. */
static void data_life(const plan *p, const ost_value *home, int *from, int *to)
{
    const ost_net *net = p->net;
    bool train = net->flags & OST_NET_TRAIN;

    *from = home->producer < 0 ? 0 : home->producer;
    *to = *from;
    for (size_t i = 0; i < net->layers.len; i++) {
        const ost_layer *l = net->layers.data[i];

        if (l->out->data_home == home) {
            widen(from, to, l->serial, l->serial);
            if (train && (l->kind->flags & OST_READS_OUTPUT))
                widen(from, to, l->serial, backward_tick(p, l));
        }
        for (int k = 0; k < l->n_inputs; k++)
            if (l->in[k]->data_home == home)
                widen(from, to, l->serial,
                      train && (l->kind->flags & OST_READS_INPUT)
                          ? backward_tick(p, l)
                          : l->serial);
    }
    if (home == net->input || home == net->output->data_home)
        widen(from, to, home == net->input ? 0 : *from, 2 * p->layers);
}

static void grad_life(const plan *p, const ost_value *home, int *from, int *to)
{
    const ost_net *net = p->net;

    *from = *to = 2 * p->layers - home->producer;
    for (size_t i = 0; i < net->layers.len; i++) {
        const ost_layer *l = net->layers.data[i];

        for (int k = 0; k < l->n_inputs; k++)
            if (l->in[k]->grad_home == home)
                widen(from, to, backward_tick(p, l), *to);
    }
    if (home == net->output->grad_home)
        *from = p->layers;
}

static void add_values(plan *p)
{
    ost_net *net = p->net;

    for (size_t i = 0; i < net->values.len; i++) {
        ost_value *v = net->values.data[i];
        size_t bytes = (size_t)ost_value_stored(v) * sizeof(float);
        int from;
        int to;

        if (v->data_home == v) {
            data_life(p, v, &from, &to);
            add_span(p, bytes, from, to, &v->data);
        }
        if (v->grad_home == v && v->wants_grad) {
            grad_life(p, v, &from, &to);
            add_span(p, bytes, from, to, &v->grad);
        }
    }
}

static void add_requests(plan *p)
{
    for (size_t i = 0; i < p->net->requests.len; i++) {
        const ost_request *r = &p->net->requests.data[i];
        int forward = r->layer->serial;
        int backward = backward_tick(p, r->layer);

        add_span(p, r->bytes, r->life == OST_LIFE_BACKWARD ? backward : forward,
                 r->life == OST_LIFE_FORWARD ? forward : backward, r->slot);
    }
}

/* Whether an earlier layer of the network uses the weight too. */
static bool used_before(const ost_net *net, const ost_layer *l,
                        const ost_weight *w)
{
    for (int i = 0; i < l->serial; i++)
        for (int k = 0; k < net->layers.data[i]->n_weights; k++)
            if (net->layers.data[i]->weights[k] == w)
                return true;
    return false;
}

static bool used_after(const ost_net *net, const ost_layer *l,
                       const ost_weight *w)
{
    for (size_t i = (size_t)l->serial + 1; i < net->layers.len; i++)
        for (int k = 0; k < net->layers.data[i]->n_weights; k++)
            if (net->layers.data[i]->weights[k] == w)
                return true;
    return false;
}

/* Room for gradients that are not the first of their value or weight. */
static void add_spares(plan *p, ost_layer *l)
{
    ost_net *net = p->net;
    int tick = backward_tick(p, l);

    for (int i = 0; i < l->n_inputs; i++)
        if (l->in[i]->wants_grad && l->in[i]->consumers > 1)
            add_span(p, (size_t)ost_value_stored(l->in[i]) * sizeof(float),
                     tick, tick, &l->in_spare[i]);
    for (int i = 0; i < l->n_weights; i++) {
        ost_weight *w = l->weights[i];

        if (w->learned && ((net->flags & OST_NET_ADD_GRAD) ||
                           used_before(net, l, w) || used_after(net, l, w)))
            add_span(p, (size_t)w->stored * sizeof(float), tick, tick,
                     &l->weight_spare[i]);
    }
}

static ost_rc allocate(plan *p, ost_err *err)
{
    ost_net *net = p->net;
    size_t bytes = ost_memory_plan(p->spans.data, p->spans.len);

    if (bytes != SIZE_MAX)
        net->memory = net->backend->alloc(net->backend, bytes ? bytes : 1);
    if (!net->memory)
        return ost_fail(err, OST_ENOMEM,
                        "no memory for the network: it needs %zu MB",
                        bytes / 1000000 + 1);
    net->memory_bytes = bytes;
    for (size_t i = 0; i < p->spans.len; i++) {
        void *at = (char *)net->memory + p->spans.data[i].offset;

        memcpy(p->slots.data[i], &at, sizeof(at));
    }
    for (size_t i = 0; i < net->values.len; i++) {
        ost_value *v = net->values.data[i];

        v->data = v->data_home->data;
        v->grad = v->wants_grad ? v->grad_home->grad : NULL;
    }
    return OST_OK;
}

ost_rc ost_net_place_memory(ost_net *net, ost_err *err)
{
    plan p = { .net = net, .layers = (int)net->layers.len };
    ost_rc rc;

    for (size_t i = 0; i < net->values.len; i++) {
        net->values.data[i]->data_home = net->values.data[i];
        net->values.data[i]->grad_home = net->values.data[i];
    }
    count_readers(net);
    for (size_t i = 0; i < net->layers.len; i++)
        share(net, net->layers.data[i]);
    add_values(&p);
    add_requests(&p);
    if (net->flags & OST_NET_TRAIN)
        for (size_t i = 0; i < net->layers.len; i++)
            add_spares(&p, net->layers.data[i]);
    rc = allocate(&p, err);
    ost_vec_release(&p.slots);
    ost_vec_release(&p.spans);
    return rc;
}
