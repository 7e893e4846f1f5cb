/* stages/network_estimate.c - what a network would cost on a GPU */
#include "stages/network_estimate.h"

#include "base/alloc.h"
#include "kernels/cost.h"
#include "kernels/cuda_plugin.h"
#include "kernels/weights.h"

#include <string.h>

#include "base/banned.h"

enum { PASS_GRAPHS = 3 }; /* forward, backward, update */

static json_t *cost_json(const ost_cost *c)
{
    return json_pack("{s:f, s:f, s:i, s:f}", "flops", c->flops, "bytes",
                     c->bytes, "launches", c->launches, "seconds", c->seconds);
}

static ost_cost sum_of(const ost_layer_cost *c)
{
    ost_cost sum = { 0 };

    ost_cost_add(&sum, &c->forward);
    ost_cost_add(&sum, &c->again);
    ost_cost_add(&sum, &c->data);
    ost_cost_add(&sum, &c->weights);
    return sum;
}

/* What takes most of the time. */
static const char *bound_of(const ost_cost *sum, const ost_network_use *use)
{
    const ost_ceilings *d = use->device;
    double compute = sum->flops / d->rates[use->units];
    double memory = sum->bytes / d->bandwidth;
    double most = compute > memory ? compute : memory;

    if (sum->launches * d->launch > most)
        return "launches";
    if (most == 0.0)
        return "";
    return compute > memory ? "compute" : "memory";
}

static json_t *layer_json(const ost_layer_cost *c, const ost_network_use *use)
{
    ost_cost sum = sum_of(c);

    return json_pack("{s:o, s:o, s:o, s:o, s:i, s:f, s:s}", "forward",
                     cost_json(&c->forward), "again", cost_json(&c->again),
                     "data", cost_json(&c->data), "weights",
                     cost_json(&c->weights), "launches", sum.launches,
                     "seconds",
                     sum.seconds + sum.launches * use->device->launch, "bound",
                     bound_of(&sum, use));
}

/* The costs of the layers of the description, which may be built of several;
 * caller frees. */
static ost_layer_cost *layer_costs(const ost_net *net, size_t n_layers,
                                   const ost_network_use *use)
{
    ost_layer_cost *costs = ost_xalloc((n_layers + 1) * sizeof(*costs));
    ost_layer_cost *owner = &costs[n_layers];

    for (int i = ost_net_layers(net); i-- > 0;) {
        int index = ost_net_layer(net, i)->index;

        if (index >= 0)
            owner = &costs[index];
        ost_layer_cost_add(owner, net, i, use->device, use->units);
    }
    return costs;
}

static ost_layer_cost total_of(const ost_layer_cost *costs, size_t n)
{
    ost_layer_cost total = { 0 };

    for (size_t i = 0; i <= n; i++) {
        ost_cost_add(&total.forward, &costs[i].forward);
        ost_cost_add(&total.again, &costs[i].again);
        ost_cost_add(&total.data, &costs[i].data);
        ost_cost_add(&total.weights, &costs[i].weights);
    }
    return total;
}

static double number_in(const json_t *object, const char *member)
{
    return json_number_value(json_object_get(object, member));
}

/* Bytes of weights, of what training adds to them, of activations, and of the
 * libraries' workspace. */
static double memory_of(const ost_net *net, const json_t *model, bool train)
{
    const json_t *memory = json_object_get(model, "memory");
    double bytes = number_in(memory, "weights") + (double)ost_net_memory(net) +
                   OST_CUDA_WORKSPACE;

    if (train)
        bytes += number_in(memory, "gradients") + number_in(memory, "adam");
    return bytes;
}

static json_t *pass_json(const ost_net *net, const ost_layer_cost *total,
                         const json_t *model, const ost_network_use *use)
{
    const ost_ceilings *d = use->device;
    double learned = number_in(json_object_get(model, "memory"), "gradients") /
                     (double)sizeof(float);
    ost_cost loss = { 0 };
    ost_cost update = { 0 };
    ost_cost sum = sum_of(total);

    if (use->train) {
        loss = ost_loss_cost(net, d);
        update = ost_update_cost(learned, 2, d);
        ost_cost_add(&sum, &loss);
        ost_cost_add(&sum, &update);
    }
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:f, s:f, s:f}", "forward",
        cost_json(&total->forward), "again", cost_json(&total->again), "data",
        cost_json(&total->data), "weights", cost_json(&total->weights), "loss",
        cost_json(&loss), "optimizer", cost_json(&update), "launches",
        sum.launches, "seconds", sum.seconds + sum.launches * d->launch,
        "seconds_as_graphs",
        sum.seconds + (use->train ? PASS_GRAPHS : 1) * d->launch, "memory",
        memory_of(net, model, use->train));
}

static json_t *device_json(const ost_ceilings *d)
{
    json_t *rates = json_object();

    for (int i = 0; i < OST_UNITS; i++)
        if (d->rates[i] > 0.0)
            json_object_set_new(rates, ost_units_name((ost_units)i),
                                json_real(d->rates[i]));
    return json_pack("{s:s, s:s, s:o, s:f, s:f, s:f, s:f}", "name", d->name,
                     "title", d->title, "rates", rates, "bandwidth",
                     d->bandwidth, "memory", d->memory, "link", d->link,
                     "launch", d->launch);
}

json_t *ost_network_devices(void)
{
    json_t *all = json_array();
    const ost_ceilings *d;

    for (size_t i = 0; (d = ost_ceilings_at(i)); i++)
        json_array_append_new(all, device_json(d));
    return all;
}

static json_t *input_json(const ost_network_use *use)
{
    double bytes = (double)use->batch * sizeof(float);

    for (int i = 0; i < use->sides; i++)
        bytes *= (double)use->input[i];
    return json_pack("{s:f, s:f}", "bytes", bytes, "seconds",
                     bytes / use->device->link);
}

/* Adds one pass to the estimate, and its costs to the layers if it is the one
 * that was asked for. */
static void add_pass(const ost_net *net, const ost_network_use *use, bool asked,
                     json_t *model, json_t *estimate)
{
    json_t *layers = json_object_get(model, "layers");
    size_t n = json_array_size(layers);
    ost_layer_cost *costs = layer_costs(net, n, use);
    ost_layer_cost total = total_of(costs, n);

    for (size_t i = 0; asked && i < n; i++)
        json_object_set_new(json_array_get(layers, i), "cost",
                            layer_json(&costs[i], use));
    json_object_set_new(estimate, use->train ? "training" : "inference",
                        pass_json(net, &total, model, use));
    ost_free(costs);
}

/* The pass that was not asked for. */
static ost_rc add_other_pass(const ost_network *n, const ost_net *net,
                             const ost_network_use *use, json_t *model,
                             json_t *estimate, ost_err *err)
{
    ost_network_use other = *use;
    int64_t shape[OST_MAX_DIMS] = { use->batch };
    ost_backend *backend = ost_net_layer(net, 0)->backend;
    ost_weights *weights = ost_weights_new(backend);
    ost_net *made = NULL;
    ost_rc rc;

    other.train = !use->train;
    memcpy(shape + 1, use->input, (size_t)use->sides * sizeof(*shape));
    rc = ost_network_build(n, weights, use->sides + 1, shape,
                           OST_NET_PLAN | (other.train ? OST_NET_TRAIN : 0),
                           &made, err);
    if (!rc)
        add_pass(made, &other, false, model, estimate);
    ost_net_free(made);
    ost_weights_free(weights);
    return rc;
}

ost_rc ost_network_estimate(const ost_network *n, const ost_net *net,
                            const ost_network_use *use, json_t *model,
                            ost_err *err)
{
    json_t *estimate = json_pack(
        "{s:o, s:s, s:o}", "device", device_json(use->device), "numerics",
        ost_units_name(use->units), "input", input_json(use));
    ost_rc rc;

    add_pass(net, use, true, model, estimate);
    rc = add_other_pass(n, net, use, model, estimate, err);
    json_object_set_new(model, "estimate", estimate);
    return rc;
}
