/* kernels/network_plan.c - all memory of a network, decided before it runs
 *
 * A value lives from its maker to its last reader (a backward pass that reads
 * it counts, unless it is made again for that), its gradient from the last
 * reader's backward tick to the maker's.  For the ticks see ost_net_span.
 *
 * Where the weights have a pool, what is needed within the forward or within
 * the backward pass alone is planned by itself, and lies in the pool.
 */
#include "base/alloc.h"
#include "kernels/memory_plan.h"
#include "kernels/network_build.h"

#include <string.h>

#include "base/banned.h"

/* Spans are noted in the network; of span i, `pointers` has the pointer to fill
 * in one pass or both. */
typedef struct plan {
    ost_net *net;
    OST_VEC(size_t) forward;  /* of pointer i: its span in the forward pass, */
    OST_VEC(size_t) backward; /* and in the backward pass; or OST_NOWHERE */
} plan;

static size_t add_span(plan *p, const ost_layer *layer, const char *what,
                       size_t bytes, int from, int to)
{
    ost_vec_push(&p->net->spans, (ost_net_span){ .layer = layer,
                                                 .what = what,
                                                 .bytes = bytes,
                                                 .from = from,
                                                 .to = to });
    return p->net->spans.len - 1;
}

static void add_pointer(plan *p, void *slot, size_t forward, size_t backward)
{
    ost_vec_push(&p->net->pointers, (ost_pointer){ .slot = slot });
    ost_vec_push(&p->forward, forward);
    ost_vec_push(&p->backward, backward);
}

static const ost_layer *owner(const ost_net *net, const ost_value *v)
{
    return v->producer < 0 ? NULL : net->layers.data[v->producer];
}

static void add_data(plan *p, ost_room *r)
{
    ost_net *net = p->net;
    const ost_layer *l = owner(net, r->home);
    size_t kept = add_span(p, l, "value", r->bytes, r->from, r->to);
    size_t back = kept;

    if (r->again)
        back =
            add_span(p, l, "value again", r->bytes, r->again_from, r->again_to);
    else if (r->to < (int)net->layers.len)
        back = OST_NOWHERE;
    for (size_t i = 0; i < net->values.len; i++)
        if (net->values.data[i]->data_home == r->home)
            add_pointer(p, &net->values.data[i]->data, kept, back);
}

static void add_grad(plan *p, const ost_value *home)
{
    ost_net *net = p->net;
    int last = 2 * (int)net->layers.len - home->producer;
    int first = last;
    bool second = false; /* begins with the second part of a backward */
    size_t span;

    for (size_t i = 0; i < net->layers.len; i++) {
        const ost_layer *l = net->layers.data[i];

        for (int k = 0; k < l->n_inputs; k++)
            if (l->learns && l->in[k]->grad_home == home &&
                ost_net_backward_tick(net, l) < first) {
                first = ost_net_backward_tick(net, l);
                second = l->halves;
            }
    }
    if (home == net->output->grad_home) {
        first = (int)net->layers.len;
        second = false;
    }
    span =
        add_span(p, owner(net, home), "gradient",
                 (size_t)ost_value_stored(home) * sizeof(float), first, last);
    net->spans.data[span].part = second ? 2 : 0;
    for (size_t i = 0; i < net->values.len; i++) {
        ost_value *v = net->values.data[i];

        if (v->wants_grad && v->grad_home == home)
            add_pointer(p, &v->grad, span, span);
    }
}

static void add_values(plan *p)
{
    for (size_t i = 0; i <= p->net->layers.len; i++)
        if (p->net->rooms[i].home)
            add_data(p, &p->net->rooms[i]);
}

static void add_grads(plan *p)
{
    ost_net *net = p->net;

    for (size_t i = 0; i < net->values.len; i++) {
        const ost_value *v = net->values.data[i];

        if (v->wants_grad && v->grad_home == v)
            add_grad(p, v);
    }
}

/* When a layer's forward runs once more; 0: never. */
static int again_tick(const ost_net *net, const ost_layer *l)
{
    const ost_room *r = ost_net_room(net, l->out);

    return r->again ? r->again_from : 0;
}

static void add_request(plan *p, const ost_request *r)
{
    ost_net *net = p->net;
    const ost_layer *l = r->layer;
    int backward = ost_net_backward_tick(net, l);
    bool trains = net->flags & OST_NET_TRAIN;
    size_t span;

    if (l->absent)
        return;
    switch (r->life) {
    case OST_LIFE_FORWARD:
        span = add_span(p, l, "layer", r->bytes, l->at, l->at);
        add_pointer(p, r->slot, span, OST_NOWHERE);
        break;
    case OST_LIFE_BACKWARD:
    case OST_LIFE_BACKWARD_FIRST:
    case OST_LIFE_BACKWARD_SECOND:
        if (!l->learns)
            break;
        span = add_span(p, l, "layer", r->bytes, backward, backward);
        if (r->life != OST_LIFE_BACKWARD)
            net->spans.data[span].part =
                r->life == OST_LIFE_BACKWARD_FIRST ? 1 : 2;
        add_pointer(p, r->slot, OST_NOWHERE, span);
        break;
    case OST_LIFE_SAVED:
        span =
            add_span(p, l, "layer", r->bytes, l->at, trains ? backward : l->at);
        add_pointer(p, r->slot, span, span);
        break;
    }
}

/* What the layer needs in its forward pass it needs again in the second. */
static void add_second(plan *p, const ost_request *r)
{
    int tick = again_tick(p->net, r->layer);

    if (r->life != OST_LIFE_FORWARD || r->layer->absent || !tick)
        return;
    for (size_t i = 0; i < p->net->pointers.len; i++)
        if (p->net->pointers.data[i].slot == r->slot)
            p->backward.data[i] =
                add_span(p, r->layer, "layer", r->bytes, tick, tick);
}

/* Whether another layer of the network uses the weight too. */
static bool used_elsewhere(const ost_net *net, const ost_layer *l,
                           const ost_weight *w)
{
    for (size_t i = 0; i < net->layers.len; i++)
        for (int k = 0; k < net->layers.data[i]->n_weights; k++)
            if ((int)i != l->serial && net->layers.data[i]->weights[k] == w)
                return true;
    return false;
}

/* Room for gradients that are not the first of their value or weight. */
static void add_spares(plan *p, ost_layer *l)
{
    ost_net *net = p->net;
    int tick = ost_net_backward_tick(net, l);

    for (int i = 0; i < l->n_inputs; i++)
        if (l->in[i]->wants_grad && l->in[i]->consumers > 1 && !l->adds_in) {
            size_t bytes = (size_t)ost_value_stored(l->in[i]) * sizeof(float);
            size_t span = add_span(p, l, "gradient", bytes, tick, tick);

            net->spans.data[span].part = l->halves ? 2 : 0;
            add_pointer(p, &l->in_spare[i], OST_NOWHERE, span);
        }
    for (int i = 0; i < l->n_weights; i++) {
        ost_weight *w = l->weights[i];

        if (w->learned && !l->adds &&
            ((net->flags & OST_NET_ADD_GRAD) || used_elsewhere(net, l, w)))
            add_pointer(p, &l->weight_spare[i], OST_NOWHERE,
                        add_span(p, l, "gradient",
                                 (size_t)w->stored * sizeof(float), tick,
                                 tick));
    }
}

/* Whether the caller, or the other pass, finds something in it. */
static bool is_passed_on(const ost_net *net, const ost_net_span *s)
{
    int loss = (int)net->layers.len;

    return (s->from <= loss && s->to >= loss) || s->to > 2 * loss;
}

/* Finds the offsets of those spans that are `pooled`, or of the others; returns
 * the bytes of the whole. */
static size_t place_some(ost_net *net, bool pooled)
{
    ost_span *spans = ost_xalloc((net->spans.len + 1) * sizeof(*spans));
    size_t n = 0;
    size_t bytes;

    for (size_t i = 0; i < net->spans.len; i++) {
        const ost_net_span *s = &net->spans.data[i];

        if (s->pooled == pooled)
            spans[n++] = (ost_span){ .bytes = s->bytes,
                                     .from = 2 * s->from + (s->part == 2),
                                     .to = 2 * s->to + (s->part != 1) };
    }
    bytes = ost_memory_plan(spans, n);
    n = 0;
    for (size_t i = 0; i < net->spans.len; i++)
        if (net->spans.data[i].pooled == pooled)
            net->spans.data[i].offset = spans[n++].offset;
    ost_free(spans);
    return bytes;
}

static void point(const ost_net *net, ost_pointer *p, int pass, size_t span)
{
    p->offset[pass] = OST_NOWHERE;
    if (span == OST_NOWHERE)
        return;
    p->offset[pass] = net->spans.data[span].offset;
    p->pooled[pass] = net->spans.data[span].pooled;
}

/* Finds the offsets; the bytes of the network's own memory and of the pool. */
static void place(const plan *p, size_t *own, size_t *pooled)
{
    ost_net *net = p->net;

    for (size_t i = 0; i < net->spans.len; i++) {
        ost_net_span *s = &net->spans.data[i];

        s->pooled = net->weights->pool && !is_passed_on(net, s);
    }
    *own = place_some(net, false);
    *pooled = place_some(net, true);
    for (size_t i = 0; i < net->pointers.len; i++) {
        point(net, &net->pointers.data[i], OST_FORWARD, p->forward.data[i]);
        point(net, &net->pointers.data[i], OST_BACKWARD, p->backward.data[i]);
    }
}

void ost_net_enter(ost_net *net, int pass)
{
    for (size_t i = 0; i < net->pointers.len; i++) {
        const ost_pointer *p = &net->pointers.data[i];
        void *at = NULL;

        if (p->offset[pass] != OST_NOWHERE && p->pooled[pass])
            at = (char *)net->weights->pool->memory + p->offset[pass];
        else if (p->offset[pass] != OST_NOWHERE)
            at = (char *)net->memory + p->offset[pass];
        memcpy(p->slot, &at, sizeof(at));
    }
}

/* Bytes in use at each tick by what has a span by now. */
static size_t *uses(const plan *p)
{
    const ost_net *net = p->net;
    size_t *use = ost_xalloc((2 * net->layers.len + 2) * sizeof(*use));
    size_t *part = ost_xalloc((2 * net->layers.len + 2) * sizeof(*part));

    for (size_t i = 0; i < net->spans.len; i++) {
        const ost_net_span *s = &net->spans.data[i];

        for (int t = s->from; t <= s->to; t++) {
            if (s->part != 2 || t > s->from)
                use[t] += s->bytes;
            if (s->part != 1)
                part[t] += s->bytes;
        }
    }
    for (size_t t = 0; t < 2 * net->layers.len + 2; t++)
        if (part[t] > use[t])
            use[t] = part[t];
    ost_free(part);
    return use;
}

static void plan_spans(plan *p)
{
    ost_net *net = p->net;
    size_t *use;

    add_grads(p);
    for (size_t i = 0; i < net->requests.len; i++)
        add_request(p, &net->requests.data[i]);
    for (size_t i = 0; i < net->layers.len; i++)
        if (net->layers.data[i]->learns)
            add_spares(p, net->layers.data[i]);
    use = uses(p);
    ost_net_settle(net, use);
    ost_free(use);
    add_values(p);
    for (size_t i = 0; i < net->requests.len; i++)
        add_second(p, &net->requests.data[i]);
}

/* Memory for the network: its own, or what another one has. */
static void *memory_for(ost_net *net, size_t bytes)
{
    ost_weights *w = net->weights;
    bool shares = net->flags & OST_NET_SHARE;
    void *memory;

    if (shares && w->shared && bytes <= w->shared_bytes)
        return w->shared;
    memory = net->backend->alloc(net->backend, bytes ? bytes : 1,
                                 "values of a network");
    if (shares && !w->shared) {
        w->shared = memory;
        w->shared_bytes = bytes;
    }
    return memory;
}

/* Makes the pool as large as this network needs it.  Networks find where it is
 * when a call begins. */
static bool grow_pool(ost_net *net, size_t bytes)
{
    ost_pool *pool = net->weights->pool;

    if (!pool || bytes <= pool->bytes)
        return true;
    ost_pool_release(pool, net->backend);
    pool->memory = net->backend->alloc(net->backend, bytes, "work of networks");
    pool->bytes = pool->memory ? bytes : 0;
    return pool->memory;
}

ost_rc ost_net_place_memory(ost_net *net, ost_err *err)
{
    plan p = { .net = net };
    size_t bytes;
    size_t pooled;

    plan_spans(&p);
    place(&p, &bytes, &pooled);
    ost_vec_release(&p.backward);
    ost_vec_release(&p.forward);
    if (net->flags & OST_NET_PLAN && bytes != SIZE_MAX) {
        net->memory_bytes = bytes;
        return OST_OK;
    }
    if (bytes != SIZE_MAX && pooled != SIZE_MAX && grow_pool(net, pooled))
        net->memory = memory_for(net, bytes);
    if (!net->memory)
        return ost_backend_no_memory(net->backend, err,
                                     "the network: it needs %zu MB",
                                     bytes / 1000000 + pooled / 1000000 + 1);
    net->memory_bytes = bytes;
    ost_net_enter(net, OST_FORWARD);
    return OST_OK;
}
