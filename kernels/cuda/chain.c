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

/* Layers of one input, and the attribute that is their step's number. */
static const struct {
    const char *kind;
    ost_chain_op op;
    const char *number;
} activations[] = {
    { "relu", OST_CHAIN_RELU, NULL },
    { "leaky_relu", OST_CHAIN_LEAKY, "slope" },
    { "sigmoid", OST_CHAIN_SIGMOID, NULL },
    { "tanh", OST_CHAIN_TANH, NULL },
    { "scale", OST_CHAIN_SCALE, "by" },
};

enum { ACTIVATIONS = sizeof(activations) / sizeof(activations[0]) };

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

bool ost_cuda_chain_take(ost_cuda_chain *chain, const ost_layer *next)
{
    const char *kind = next->kind->name;

    if (strcmp(kind, "add") == 0)
        return take_operands(chain, next, OST_CHAIN_ADD);
    if (strcmp(kind, "multiply") == 0)
        return take_operands(chain, next, OST_CHAIN_MULTIPLY);
    for (int i = 0; i < ACTIVATIONS; i++) {
        ost_cuda_step step = { .op = activations[i].op };

        if (strcmp(kind, activations[i].kind) != 0)
            continue;
        if (activations[i].number)
            step.number = (float)ost_layer_attr(next, activations[i].number);
        return ost_cuda_chain_add(chain, step);
    }
    return false;
}

static const float *there(float *const *slot)
{
    return slot ? *slot : NULL;
}

ost_rc ost_cuda_chain_run(const ost_cuda_chain *chain, const ost_value *shape,
                          const float *from, float *to, ost_err *err)
{
    ost_chain_args args = { .from = from,
                            .to = to,
                            .count = ost_value_stored(shape),
                            .channels = ost_value_channels(shape),
                            .area = ost_value_area(shape),
                            .steps = chain->steps };

    if (chain->steps == 0 && from == to)
        return OST_OK;
    for (int i = 0; i < chain->steps; i++) {
        const ost_cuda_step *s = &chain->step[i];

        args.step[i] = (ost_chain_step){ .op = s->op,
                                         .at = s->at,
                                         .number = s->number,
                                         .a = there(s->a),
                                         .b = there(s->b),
                                         .out = s->out ? *s->out : NULL };
    }
    return ost_cuda_check(ost_cuda_launch_chain(&args, ost_cuda_here()->stream),
                          "compute number by number", err);
}
