/* kernels/cost.c - what the layers of a network cost on a GPU, by arithmetic
 *
 * Forward, a kernel reads its inputs and weights and writes its output once.  A
 * layer that is taken along by the one before costs what it reads besides; one
 * that gives the same numbers in the same memory, nothing.  Norms of what is
 * there read it twice, for the statistics and for the result.
 *
 * Backward, products make the gradients of inputs and of weights in a kernel
 * each, from the gradient of the output and from what the product is with; the
 * other kinds read what their flags say and write all gradients in one kernel.
 * What several layers read gets the sum of their gradients: each but the first
 * to write is added by a kernel.
 */
#include "kernels/cost.h"

#include <string.h>

#include "base/banned.h"

static bool is_kind(const ost_layer *l, const char *const *kinds)
{
    for (; *kinds; kinds++)
        if (strcmp(l->kind->name, *kinds) == 0)
            return true;
    return false;
}

static bool is_norm(const ost_layer *l)
{
    return is_kind(l, (const char *const[]){ "batch_norm", "instance_norm",
                                             "layer_norm", NULL });
}

/* Whether the numbers of its input are those of its output. */
static bool is_view(const ost_layer *l)
{
    return is_kind(l, (const char *const[]){ "flatten", "reshape", NULL }) ||
           (!l->live && is_kind(l, (const char *const[]){
                                       "dropout", "gaussian_noise", NULL }));
}

static double bytes_of(const ost_value *v)
{
    return (double)ost_value_stored(v) * sizeof(float);
}

static double weight_bytes(const ost_layer *l)
{
    double bytes = 0.0;

    for (int i = 0; i < l->n_weights; i++)
        bytes += (double)l->weights[i]->stored * sizeof(float);
    return bytes;
}

static double flops_of(const ost_layer *l)
{
    return l->kind->flops ? l->kind->flops(l) : 0.0;
}

/* What it reads of its inputs. */
static double input_bytes(const ost_layer *l)
{
    double bytes = 0.0;

    if (strcmp(l->kind->name, "latent") == 0)
        return 0.0;
    if (strcmp(l->kind->name, "slice") == 0)
        return bytes_of(l->out);
    for (int i = 0; i < l->n_inputs; i++)
        bytes += bytes_of(l->in[i]);
    return bytes;
}

void ost_cost_add(ost_cost *sum, const ost_cost *cost)
{
    sum->flops += cost->flops;
    sum->bytes += cost->bytes;
    sum->seconds += cost->seconds;
    sum->launches += cost->launches;
}

/* Adds one kernel, or (launches 0) a part of one. */
static void add(ost_cost *sum, double flops, double bytes, int launches,
                const ost_ceilings *device, ost_units units)
{
    double compute = flops / device->rates[units];
    double memory = bytes / device->bandwidth;
    ost_cost one = { .flops = flops,
                     .bytes = bytes,
                     .seconds = compute > memory ? compute : memory,
                     .launches = launches };

    ost_cost_add(sum, &one);
}

typedef struct reckoning {
    const ost_net *net;
    const ost_ceilings *device;
    ost_units units;
} reckoning;

static bool is_taken_along(const ost_net *net, const ost_layer *l)
{
    for (int i = l->serial; i < ost_net_layers(net); i++)
        if (ost_net_layer(net, i)->runs == l)
            return false;
    return true;
}

static void add_forward(const reckoning *r, const ost_layer *l, ost_cost *sum)
{
    double bytes = 0.0;

    if (l->absent || (is_view(l) && l->out->data_home == l->in[0]->data_home))
        return;
    if (is_taken_along(r->net, l)) {
        for (int i = 0; i < l->n_inputs; i++)
            if (l->in[i]->data_home != l->out->data_home)
                bytes += bytes_of(l->in[i]);
        add(sum, 0.0, bytes, 0, r->device, r->units);
        return;
    }
    bytes = input_bytes(l) + weight_bytes(l) + bytes_of(l->out);
    if (is_norm(l) && (l->live || strcmp(l->kind->name, "batch_norm") != 0))
        bytes += bytes_of(l->in[0]);
    add(sum, flops_of(l), bytes, 1, r->device, r->units);
}

/* The leader and all that it takes along. */
static void add_again(const reckoning *r, const ost_layer *leader,
                      ost_cost *sum)
{
    int last = leader->serial;

    for (int i = leader->serial; i < ost_net_layers(r->net); i++)
        if (ost_net_layer(r->net, i)->runs == leader)
            last = i;
    for (int i = leader->serial; i <= last; i++) {
        const ost_layer *l = ost_net_layer(r->net, i);

        if (l == leader || (l->at == last && is_taken_along(r->net, l) &&
                            l->out->data_home == leader->out->data_home))
            add_forward(r, l, sum);
    }
}

/* Whether another gradient of input `k` is there before this one. */
static bool comes_second(const ost_net *net, const ost_layer *l, int k)
{
    const ost_value *v = l->in[k];
    int readers = 0;
    bool before = false;

    for (int i = 0; i < ost_net_layers(net); i++) {
        const ost_layer *other = ost_net_layer(net, i);

        for (int j = 0; j < other->n_inputs; j++) {
            if (other->absent || other->in[j] != v)
                continue;
            readers++;
            before |=
                other->learns && (i > l->serial || (i == l->serial && j < k));
        }
    }
    return before || readers < v->consumers; /* the caller reads it too */
}

static void add_spares(const reckoning *r, const ost_layer *l, ost_cost *sum)
{
    for (int k = 0; k < l->n_inputs; k++)
        if (l->in[k]->wants_grad && comes_second(r->net, l, k))
            add(sum, 0.0, 3.0 * bytes_of(l->in[k]), 1, r->device, r->units);
}

/* Bytes of the gradients that it writes to its inputs. */
static double input_grads(const ost_layer *l)
{
    double bytes = 0.0;

    for (int k = 0; k < l->n_inputs; k++)
        if (l->in[k]->wants_grad)
            bytes += bytes_of(l->in[k]);
    return bytes;
}

static double learned_bytes(const ost_layer *l)
{
    double bytes = 0.0;

    for (int i = 0; i < l->n_weights; i++)
        if (l->weights[i]->learned)
            bytes += (double)l->weights[i]->stored * sizeof(float);
    return bytes;
}

static void add_products(const reckoning *r, const ost_layer *l,
                         ost_layer_cost *sum)
{
    double dy = bytes_of(l->out);
    double dx = input_grads(l);

    if (dx > 0.0)
        add(&sum->data, flops_of(l), dy + weight_bytes(l) + dx, 1, r->device,
            r->units);
    if (learned_bytes(l) > 0.0)
        add(&sum->weights, flops_of(l),
            dy + bytes_of(l->in[0]) + learned_bytes(l), 1, r->device, r->units);
    if (l->n_weights > 1 && l->weights[1]->learned)
        add(&sum->weights, 0.0, dy, 1, r->device, r->units);
}

/* Whether its only gradient is that of its output, where it is. */
static bool passes_on(const ost_layer *l)
{
    return (is_view(l) || strcmp(l->kind->name, "add") == 0) &&
           l->in[0]->grad_home == l->out->grad_home;
}

static void add_others(const reckoning *r, const ost_layer *l, ost_cost *sum)
{
    double bytes = bytes_of(l->out) + input_grads(l) + learned_bytes(l);

    if (passes_on(l))
        bytes -= bytes_of(l->out) + bytes_of(l->in[0]);
    if (bytes <= 0.0)
        return;
    if (l->kind->flags & OST_READS_INPUT)
        bytes += input_bytes(l);
    if (l->kind->flags & OST_READS_OUTPUT)
        bytes += bytes_of(l->out);
    if (is_norm(l))
        bytes += bytes_of(l->out) + bytes_of(l->in[0]);
    add(sum, 0.0, bytes, 1, r->device, r->units);
}

void ost_layer_cost_add(ost_layer_cost *sum, const ost_net *net, int i,
                        const ost_ceilings *device, ost_units units)
{
    const ost_layer *l = ost_net_layer(net, i);
    reckoning r = { net, device, units };

    add_forward(&r, l, &sum->forward);
    if (!l->learns)
        return;
    for (int k = 0; k < l->n_again; k++)
        add_again(&r, l->again[k], &sum->again);
    if (l->kind->flops)
        add_products(&r, l, sum);
    else
        add_others(&r, l, &sum->data);
    add_spares(&r, l, &sum->data);
}

ost_cost ost_loss_cost(const ost_net *net, const ost_ceilings *device)
{
    ost_tensor out = ost_net_output(net);
    ost_cost cost = { 0 };

    add(&cost, 0.0, 3.0 * (double)ost_tensor_count(&out) * sizeof(float), 1,
        device, OST_UNITS_F32);
    return cost;
}

ost_cost ost_update_cost(double count, int states, const ost_ceilings *device)
{
    ost_cost cost = { 0 };
    double moved = 3.0 + 2.0 * states; /* the weight and each state: to and fro;
                                          the gradient: to */

    add(&cost, 0.0, moved * count * sizeof(float), 1, device, OST_UNITS_F32);
    return cost;
}
