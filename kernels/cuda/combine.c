/* kernels/cuda/combine.c - layers of several values, number by number
 *
 * From inputs of the output's shape, or of (N, C) beside it, the output is a
 * chain, which what follows may join.  The gradient of an input is that of the
 * output, times the other inputs where they were multiplied, summed over the
 * sides that the input does not have.
 */
#include "kernels/cuda/combine.h"

#include "base/alloc.h"
#include "kernels/cuda/chain.h"
#include "kernels/cuda/sides.h"
#include "kernels/layers/axes.h"

#include <string.h>

#include "base/banned.h"

typedef struct combine {
    bool multiply;
    int first;            /* the input that the chain starts from */
    ost_cuda_chain chain; /* without steps: inputs lie otherwise */
    ost_cuda_chain back;  /* of what follows an addition, to the gradient */
    float *product;       /* what a gradient is the sum of */
} combine;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static bool is_full(const ost_layer *layer, int input)
{
    return ost_value_same_shape(layer->in[input], layer->out);
}

/* Steps by all inputs but one; false when they do not fit into a chain. */
static bool add_steps(ost_cuda_chain *chain, const ost_layer *layer, int but)
{
    const combine *c = layer->state;

    for (int i = 0; i < layer->n_inputs; i++)
        if (i != but && !ost_cuda_chain_value(chain,
                                              c->multiply ? OST_CHAIN_MULTIPLY
                                                          : OST_CHAIN_ADD,
                                              layer->in[i], layer->out))
            return false;
    return true;
}

/* out = `from`, if there is one, and all inputs but one taken together; or that
 * is added to it. */
static ost_rc spread_all(const ost_layer *layer, const float *from, int but,
                         float *out, bool add, ost_err *err)
{
    const combine *c = layer->state;
    int64_t small[OST_SPREAD_INPUTS][OST_MAX_DIMS];
    const float *data[OST_SPREAD_INPUTS];
    ost_spread_args s;
    int n = 0;

    if (from) {
        memcpy(small[n], layer->out->shape, sizeof(small[n]));
        data[n++] = from;
    }
    for (int i = 0; i < layer->n_inputs; i++) {
        if (i == but)
            continue;
        ost_broadcast_sides(layer, i, small[n]);
        data[n++] = layer->in[i]->data;
    }
    ost_cuda_spread_init(&s, layer->out->ndim, layer->out->shape, n, small);
    s.multiply = c->multiply;
    s.add = add;
    s.out = out;
    memcpy(s.in, data, (size_t)n * sizeof(data[0]));
    return ost_cuda_check(ost_cuda_launch_spread(&s, ost_cuda_here()->stream),
                          "combine values", err);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const combine *c = layer->state;

    (void)pass;
    if (c->chain.steps)
        return ost_cuda_chain_run(&c->chain, layer->out,
                                  layer->in[c->first]->data, layer->out->data,
                                  err);
    return spread_all(layer, NULL, -1, layer->out->data, false, err);
}

static bool fuse(ost_layer *layer, const ost_layer *next)
{
    combine *c = layer->state;

    return c->chain.steps && ost_cuda_chain_take(&c->chain, next);
}

/* The gradient of the output times the other inputs, to that of an input. */
static ost_rc give_product(const ost_layer *layer, int input, ost_err *err)
{
    ost_cuda_chain chain = { 0 };

    if (add_steps(&chain, layer, input) && chain.steps < OST_CHAIN_STEPS)
        return ost_cuda_chain_give(&chain, layer, input, err);
    return spread_all(layer, layer->out->grad, input, layer->in_grad[input],
                      layer->add_in[input], err);
}

/* The other one of two inputs, if it has the output's shape; else NULL. */
static const ost_value *full_other(const ost_layer *layer, int input)
{
    if (layer->n_inputs != 2 || !is_full(layer, 1 - input))
        return NULL;
    return layer->in[1 - input];
}

static ost_rc sum_gradient(const ost_layer *layer, int input, ost_err *err)
{
    const combine *c = layer->state;
    const ost_value *other = c->multiply ? full_other(layer, input) : NULL;
    int64_t small[OST_MAX_DIMS];
    ost_fold_args f;

    ost_broadcast_sides(layer, input, small);
    ost_cuda_fold_init(&f, layer->out->ndim, layer->out->shape, small);
    f.from = layer->out->grad;
    f.to = layer->in_grad[input];
    f.add = layer->add_in[input];
    if (other) {
        f.times = other->data;
    } else if (c->multiply) {
        ost_rc rc =
            spread_all(layer, layer->out->grad, input, c->product, false, err);

        if (rc)
            return rc;
        f.from = c->product;
    }
    return ost_cuda_check(ost_cuda_launch_fold_sum(&f, ost_cuda_here()->stream),
                          "sum up a gradient", err);
}

static ost_cuda_step store_to(float *const *out)
{
    return (ost_cuda_step){ .op = OST_CHAIN_STORE, .out = out };
}

static bool takes_copy(const ost_layer *layer, int input)
{
    return layer->in_grad[input] && is_full(layer, input) &&
           layer->in_grad[input] != layer->out->grad;
}

/* An addition's, of inputs that have the output's shape: one number goes to all
 * of them, once `back` is done to it.  Gradients that are written come first,
 * then those that are added to. */
static ost_rc hand_out(ost_layer *layer, const ost_cuda_chain *back,
                       ost_err *err)
{
    ost_cuda_chain chain = *back;
    ost_cuda_chain again = *back;
    float *const *last = NULL; /* where the number still has to go */
    ost_rc rc = OST_OK;

    for (int i = 0; back->steps && i < layer->n_inputs && !last; i++)
        if (layer->in_grad[i] == layer->out->grad)
            last = &layer->out->grad;
    if (last)
        again.steps = 0;
    for (int i = 0; i < layer->n_inputs && !rc; i++) {
        if (!takes_copy(layer, i) || layer->add_in[i])
            continue;
        if (last && chain.steps + 2 >= OST_CHAIN_STEPS) {
            rc = ost_cuda_chain_run(&chain, layer->out, layer->out->grad, *last,
                                    err);
            chain = again;
        } else if (last) {
            (void)ost_cuda_chain_add(&chain, store_to(last));
        }
        last = &layer->in_grad[i];
    }
    for (int i = 0; i < layer->n_inputs && !rc; i++) {
        if (!takes_copy(layer, i) || !layer->add_in[i])
            continue;
        if (last)
            (void)ost_cuda_chain_add(&chain, store_to(last));
        last = NULL;
        rc = ost_cuda_chain_give(&chain, layer, i, err);
        chain = again;
    }
    if (rc || !last)
        return rc;
    return ost_cuda_chain_run(&chain, layer->out, layer->out->grad, *last, err);
}

/* Both gradients of a product of two values of one shape, at once. */
static ost_rc cross(ost_layer *layer, ost_err *err)
{
    int over = layer->in_grad[0] == layer->out->grad ? 0 : 1;
    ost_cuda_chain chain = {
        .steps = 4,
        .step = { { .op = OST_CHAIN_MULTIPLY, .a = &layer->in[over]->data },
                  { .op = OST_CHAIN_STORE, .out = &layer->in_grad[1 - over] },
                  { .op = OST_CHAIN_COPY, .a = &layer->out->grad },
                  { .op = OST_CHAIN_MULTIPLY,
                    .a = &layer->in[1 - over]->data } },
    };

    return ost_cuda_chain_run(&chain, layer->out, layer->out->grad,
                              layer->in_grad[over], err);
}

static ost_rc multiply_backward(ost_layer *layer, ost_err *err)
{
    int over = -1; /* the input whose gradient is written over the output's */
    ost_rc rc = OST_OK;

    if (layer->in_grad[0] && layer->in_grad[1] && full_other(layer, 0) &&
        full_other(layer, 1) && !layer->add_in[0] && !layer->add_in[1])
        return cross(layer, err);
    for (int i = 0; i < layer->n_inputs && !rc; i++) {
        if (!layer->in_grad[i])
            continue;
        if (layer->in_grad[i] == layer->out->grad)
            over = i;
        else if (is_full(layer, i))
            rc = give_product(layer, i, err);
        else
            rc = sum_gradient(layer, i, err);
    }
    if (!rc && over >= 0)
        rc = give_product(layer, over, err);
    return rc;
}

/* Whether the gradient goes to an input of another shape. */
static bool sums_gradients(const ost_layer *layer)
{
    for (int i = 0; i < layer->n_inputs; i++)
        if (layer->in_grad[i] && !is_full(layer, i))
            return true;
    return false;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const combine *c = layer->state;
    ost_cuda_chain back = c->back;
    ost_rc rc = OST_OK;

    (void)pass;
    if (c->multiply)
        return multiply_backward(layer, err);
    if (back.steps && (sums_gradients(layer) ||
                       back.steps + layer->n_inputs + 2 > OST_CHAIN_STEPS)) {
        rc = ost_cuda_chain_run(&back, layer->out, layer->out->grad,
                                layer->out->grad, err);
        back.steps = 0;
    }
    for (int i = 0; i < layer->n_inputs && !rc; i++)
        if (layer->in_grad[i] && !is_full(layer, i))
            rc = sum_gradient(layer, i, err);
    return rc ? rc : hand_out(layer, &back, err);
}

static bool fuse_back(ost_layer *layer, const ost_layer *next)
{
    combine *c = layer->state;

    return !c->multiply && ost_cuda_chain_take_back(&c->back, next);
}

ost_rc ost_cuda_combine(ost_layer *layer, bool multiply)
{
    combine *c = ost_xalloc(sizeof(*c));
    bool needs_product = false;

    layer->state = c;
    layer->release = release;
    c->multiply = multiply;
    c->first = is_full(layer, 0) ? 0 : 1;
    if (!is_full(layer, c->first) || !add_steps(&c->chain, layer, c->first))
        c->chain.steps = 0;
    for (int i = 0; i < layer->n_inputs; i++)
        needs_product |=
            multiply && !is_full(layer, i) && !full_other(layer, i);
    if (layer->training && needs_product)
        ost_layer_memory(layer,
                         (size_t)ost_value_stored(layer->out) * sizeof(float),
                         OST_LIFE_BACKWARD, &c->product);
    layer->forward = forward;
    layer->backward = backward;
    layer->fuse = fuse;
    layer->fuse_back = fuse_back;
    layer->adds_in = true;
    return OST_OK;
}
