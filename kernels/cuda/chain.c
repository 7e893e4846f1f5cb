/* kernels/cuda/chain.c - steps on each number that layers do in one kernel */
#include "kernels/cuda/chain.h"

#include <string.h>

#include "base/banned.h"

bool ost_cuda_chain_add(ost_cuda_chain *chain, ost_cuda_step step)
{
    if (chain->steps == OST_CHAIN_STEPS)
        return false;
    chain->step[chain->steps++] = step;
    return true;
}

bool ost_cuda_chain_bias(ost_cuda_chain *chain, const ost_weight *bias)
{
    return ost_cuda_chain_add(chain, (ost_cuda_step){ .op = OST_CHAIN_ADD,
                                                      .at = OST_CHAIN_CHANNEL,
                                                      .a = &bias->data });
}

/* Layers of one input: their step and that of their backward, which the output
 * tells, and the attribute that is the number of both. */
static const struct {
    const char *kind;
    ost_chain_op op;
    ost_chain_op back;
    const char *number;
} activations[] = {
    { "relu", OST_CHAIN_RELU, OST_CHAIN_RELU_BACK, NULL },
    { "leaky_relu", OST_CHAIN_LEAKY, OST_CHAIN_GATE, "slope" },
    { "sigmoid", OST_CHAIN_SIGMOID, OST_CHAIN_SIGMOID_BACK, NULL },
    { "tanh", OST_CHAIN_TANH, OST_CHAIN_TANH_BACK, NULL },
    { "scale", OST_CHAIN_SCALE, OST_CHAIN_SCALE, "by" },
};

enum { ACTIVATIONS = sizeof(activations) / sizeof(activations[0]) };

/* Whether it is (N, 1, S...) beside (N, C, S...). */
static bool is_spots(const ost_value *v, const ost_value *out)
{
    for (int i = 0; i < v->ndim && i < out->ndim; i++)
        if (v->shape[i] != (i == 1 ? 1 : out->shape[i]))
            return false;
    return v->ndim == out->ndim;
}

/* Where number i of `out` finds its operand in `v`; false when it does not so
 * simply. */
static bool place_of(const ost_value *v, const ost_value *out, ost_chain_at *at)
{
    if (ost_value_same_shape(v, out))
        *at = OST_CHAIN_EACH;
    else if (v->shape[0] == out->shape[0] &&
             ost_value_channels(v) == ost_value_channels(out) &&
             ost_value_area(v) == 1)
        *at = OST_CHAIN_ROW;
    else if (is_spots(v, out))
        *at = OST_CHAIN_SPOT;
    else
        return false;
    return true;
}

bool ost_cuda_chain_value(ost_cuda_chain *chain, ost_chain_op op,
                          const ost_value *v, const ost_value *shape)
{
    ost_cuda_step step = { .op = op, .a = &v->data };

    return place_of(v, shape, &step.at) && ost_cuda_chain_add(chain, step);
}

/* All operands but the one that is written over. */
static bool take_operands(ost_cuda_chain *chain, const ost_layer *next,
                          ost_chain_op op)
{
    ost_cuda_chain longer = *chain;
    bool over = false;

    for (int i = 0; i < next->n_inputs; i++) {
        if (!over && next->in[i]->data_home == next->out->data_home) {
            over = true;
            continue;
        }
        if (!ost_cuda_chain_value(&longer, op, next->in[i], next->out))
            return false;
    }
    if (over)
        *chain = longer;
    return over;
}

/* The index of a layer's kind, or -1. */
static int activation_of(const ost_layer *layer)
{
    for (int i = 0; i < ACTIVATIONS; i++)
        if (strcmp(layer->kind->name, activations[i].kind) == 0)
            return i;
    return -1;
}

static float number_of(const ost_layer *layer, int activation)
{
    const char *name = activations[activation].number;

    return name ? (float)ost_layer_attr(layer, name) : 0.0f;
}

bool ost_cuda_chain_activation(const ost_layer *layer, ost_cuda_step *ahead,
                               ost_cuda_step *back)
{
    int i = activation_of(layer);

    if (i < 0)
        return false;
    *ahead = (ost_cuda_step){ .op = activations[i].op,
                              .number = number_of(layer, i) };
    *back = (ost_cuda_step){ .op = activations[i].back,
                             .number = ahead->number,
                             .a = &layer->out->data };
    return true;
}

bool ost_cuda_chain_take(ost_cuda_chain *chain, const ost_layer *next)
{
    const char *kind = next->kind->name;
    ost_cuda_step ahead;
    ost_cuda_step back;

    if (strcmp(kind, "add") == 0)
        return take_operands(chain, next, OST_CHAIN_ADD);
    if (strcmp(kind, "multiply") == 0)
        return take_operands(chain, next, OST_CHAIN_MULTIPLY);
    return ost_cuda_chain_activation(next, &ahead, &back) &&
           ost_cuda_chain_add(chain, ahead);
}

bool ost_cuda_chain_take_back(ost_cuda_chain *chain, const ost_layer *next)
{
    ost_cuda_step ahead;
    ost_cuda_step back;

    if (chain->steps == OST_CHAIN_STEPS ||
        !ost_cuda_chain_activation(next, &ahead, &back))
        return false;
    for (int i = chain->steps++; i > 0; i--)
        chain->step[i] = chain->step[i - 1];
    chain->step[0] = back;
    return true;
}

static const float *there(float *const *slot)
{
    return slot ? *slot : NULL;
}

void ost_cuda_chain_args(const ost_cuda_chain *chain, const ost_value *shape,
                         const float *from, float *to, ost_chain_args *args)
{
    *args = (ost_chain_args){ .from = from,
                              .to = to,
                              .count = ost_value_stored(shape),
                              .channels = ost_value_channels(shape),
                              .area = ost_value_area(shape),
                              .steps = chain->steps };
    for (int i = 0; i < chain->steps; i++) {
        const ost_cuda_step *s = &chain->step[i];

        args->step[i] = (ost_chain_step){ .op = s->op,
                                          .at = s->at,
                                          .number = s->number,
                                          .a = there(s->a),
                                          .b = there(s->b),
                                          .out = s->out ? *s->out : NULL };
    }
}

ost_rc ost_cuda_chain_run(const ost_cuda_chain *chain, const ost_value *shape,
                          const float *from, float *to, ost_err *err)
{
    ost_chain_args args;

    if (chain->steps == 0 && from == to)
        return OST_OK;
    ost_cuda_chain_args(chain, shape, from, to, &args);
    return ost_cuda_check(ost_cuda_launch_chain(&args, ost_cuda_here()->stream),
                          "compute number by number", err);
}

ost_rc ost_cuda_chain_give(const ost_cuda_chain *chain, const ost_layer *layer,
                           int input, ost_err *err)
{
    ost_cuda_chain whole = *chain;

    if (!layer->in_grad[input])
        return OST_OK;
    if (layer->add_in[input] &&
        !ost_cuda_chain_add(&whole,
                            (ost_cuda_step){ .op = OST_CHAIN_ADD,
                                             .a = &layer->in_grad[input] }))
        OST_BUG();
    return ost_cuda_chain_run(&whole, layer->out, layer->out->grad,
                              layer->in_grad[input], err);
}
