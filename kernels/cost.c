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

#include "kernels/plan_backend.h"

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
    if (is_kind(l, (const char *const[]){ "flatten", "reshape", NULL }))
        return true;
    if (strcmp(l->kind->name, "dropout") == 0)
        return !l->live || ost_layer_attr(l, "p") == 0.0;
    return !l->live && strcmp(l->kind->name, "gaussian_noise") == 0;
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

static bool is_narrow(const reckoning *r)
{
    return r->units == OST_UNITS_BF16 || r->units == OST_UNITS_F16;
}

/* Whether bias and what it takes along are of the product's own kernel: cuDNN
 * and cuBLASLt do a bias and a ReLU. */
static bool ends_itself(const ost_layer *l)
{
    const ost_plan *p = ost_plan_of(l);
    bool dense = strcmp(l->kind->name, "dense") == 0;

    if (p->ahead > p->relu)
        return false;
    if (dense || (p->ahead == 0 && l->n_weights == 1))
        return true;
    return strcmp(l->kind->name, "conv2d") == 0 && l->n_weights > 1;
}

/* In 16 bits factors are rounded by a kernel before, and the result widened by
 * one behind. */
static void add_product(const reckoning *r, const ost_layer *l, ost_cost *sum)
{
    double factors = bytes_of(l->in[0]) + weight_bytes(l);
    double out = bytes_of(l->out);
    double share = is_narrow(r) ? 0.5 : 1.0;

    if (is_narrow(r))
        add(sum, 0.0, 1.5 * factors, 1, r->device, r->units);
    add(sum, flops_of(l), share * (factors + out), 1, r->device, r->units);
    if (is_narrow(r))
        add(sum, 0.0, 1.5 * out, 1, r->device, r->units);
    if (is_narrow(r) ? ost_plan_of(l)->ahead > ost_plan_of(l)->relu
                     : !ends_itself(l))
        add(sum, 0.0, 2.0 * out, 1, r->device, r->units);
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
    if (l->kind->flops) {
        add_product(r, l, sum);
        return;
    }
    bytes = input_bytes(l) + weight_bytes(l) + bytes_of(l->out);
    if (is_norm(l) && (l->live || strcmp(l->kind->name, "batch_norm") != 0))
        bytes += bytes_of(l->in[0]);
    add(sum, 0.0, bytes, 1, r->device, r->units);
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

/* What is added to what is there: by the layer's own kernel, or by another. */
static void add_spares(const reckoning *r, const ost_layer *l, ost_cost *sum)
{
    for (int k = 0; k < l->n_inputs; k++)
        if (l->in[k]->wants_grad && comes_second(r->net, l, k))
            add(sum, 0.0, (l->adds_in ? 1.0 : 3.0) * bytes_of(l->in[k]),
                l->adds_in ? 0 : 1, r->device, r->units);
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
    double w = weight_bytes(l);
    double learned = learned_bytes(l);
    double share = is_narrow(r) ? 0.5 : 1.0;
    bool dense = strcmp(l->kind->name, "dense") == 0;

    if (ost_plan_of(l)->back ||
        (!dense && l->n_weights > 1 && l->weights[1]->learned))
        add(&sum->weights, 0.0, ost_plan_of(l)->back ? 2.0 * dy : dy, 1,
            r->device, r->units);
    if (is_narrow(r) && dx + learned > 0.0) {
        add(&sum->data, 0.0, 1.5 * (dy + bytes_of(l->in[0]) + w), 1, r->device,
            r->units);
        add(&sum->data, 0.0, 1.5 * (dx + learned), 1, r->device, r->units);
    }
    if (dx > 0.0)
        add(&sum->data, flops_of(l), share * (dy + w + dx), 1, r->device,
            r->units);
    if (learned > 0.0)
        add(&sum->weights, flops_of(l),
            share * (dy + bytes_of(l->in[0]) + learned), 1, r->device,
            r->units);
}

/* Whether its only gradient is that of its output, where it is. */
static bool passes_on(const ost_layer *l)
{
    return (is_view(l) || strcmp(l->kind->name, "add") == 0) &&
           l->in[0]->grad_home == l->out->grad_home;
}

/* Kernels of the backward of `add` and `multiply`: one for each gradient that
 * is summed up to a smaller shape, and one for the others. */
static int sum_launches(const ost_layer *l)
{
    int smaller = 0;
    int full = 0;

    for (int k = 0; k < l->n_inputs; k++)
        if (l->in[k]->wants_grad && ost_value_same_shape(l->in[k], l->out))
            full = 1;
        else if (l->in[k]->wants_grad)
            smaller++;
    return smaller + full;
}

static void add_others(const reckoning *r, const ost_layer *l, ost_cost *sum)
{
    double bytes = bytes_of(l->out) + input_grads(l) + learned_bytes(l);

    if (l->led_by) {
        if (l->kind->flags & OST_READS_OUTPUT)
            add(sum, 0.0, bytes_of(l->out), 0, r->device, r->units);
        return;
    }
    if (passes_on(l) && !ost_plan_of(l)->back)
        bytes -= bytes_of(l->out) + bytes_of(l->in[0]);
    if (bytes <= 0.0)
        return;
    if (l->kind->flags & OST_READS_INPUT)
        bytes += input_bytes(l);
    if (l->kind->flags & OST_READS_OUTPUT)
        bytes += bytes_of(l->out);
    if (is_norm(l))
        bytes += bytes_of(l->out) + bytes_of(l->in[0]);
    add(sum, 0.0, bytes,
        is_kind(l, (const char *const[]){ "add", "multiply", NULL })
            ? sum_launches(l)
            : 1,
        r->device, r->units);
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
