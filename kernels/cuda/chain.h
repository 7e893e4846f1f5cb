/* kernels/cuda/chain.h - steps on each number that layers do in one kernel
 *
 * What a layer does number by number, and what following layers do that write
 * over its output, is one chain (chain_kernels.h has the steps).  A leader - a
 * convolution with its bias, a norm, an addition, a ReLU - keeps one in its
 * state:
 *
 *     while preparing   ost_cuda_chain_add() for steps of its own, say a bias
 *     as its `fuse`     ost_cuda_chain_take()
 *     as its `fuse_back`  ost_cuda_chain_take_back(), of another one
 *     forward           ost_cuda_chain_run() from where its numbers are to
 *                       layer->out->data; they may be the same.  Without steps
 *                       and in place nothing is launched.
 *     backward          likewise from layer->out->grad
 *
 * Steps point to where pointers to their operands are (`&value->data`,
 * `&weight->data`, a slot of ost_layer_memory()), since these change from one
 * pass to the next.
 */
#ifndef OST_KERNELS_CUDA_CHAIN_H
#define OST_KERNELS_CUDA_CHAIN_H

#include "kernels/cuda/chain_kernels.h"
#include "kernels/cuda/cuda.h"

typedef struct ost_cuda_step {
    ost_chain_op op;
    ost_chain_at at;
    float number;
    float *const *a;
    float *const *b;
    float *const *out;
} ost_cuda_step;

typedef struct ost_cuda_chain {
    int steps;
    ost_cuda_step step[OST_CHAIN_STEPS];
} ost_cuda_chain;

/* False when there is no room for another step. */
bool ost_cuda_chain_add(ost_cuda_chain *chain, ost_cuda_step step);
/* A bias for each channel. */
bool ost_cuda_chain_bias(ost_cuda_chain *chain, const ost_weight *bias);
/* `op` with the numbers of `v`, if that has the shape of `shape`, or is (N, C)
 * or (N, 1, S...) beside (N, C, S...). */
bool ost_cuda_chain_value(ost_cuda_chain *chain, ost_chain_op op,
                          const ost_value *v, const ost_value *shape);
/* The steps of a layer of one input, forward and backward; false when it is not
 * made of one. */
bool ost_cuda_chain_activation(const ost_layer *layer, ost_cuda_step *ahead,
                               ost_cuda_step *back);
/* For `fuse` of a layer (kernels/layer.h) that runs the chain last: adds the
 * steps of `next`, if that is made of such steps: activations, `scale`, and
 * `add` and `multiply` of values of its shape, or of (N, C) or (N, 1, S...)
 * beside (N, C, S...). */
bool ost_cuda_chain_take(ost_cuda_chain *chain, const ost_layer *next);
/* For `fuse_back`: puts before the steps what the backward of `next` does to
 * the gradient of its output, if that is a step: of activations and `scale`. */
bool ost_cuda_chain_take_back(ost_cuda_chain *chain, const ost_layer *next);
/* What a kernel gets to do it to the numbers of `shape`. */
void ost_cuda_chain_args(const ost_cuda_chain *chain, const ost_value *shape,
                         const float *from, float *to, ost_chain_args *args);
/* Does it. */
ost_rc ost_cuda_chain_run(const ost_cuda_chain *chain, const ost_value *shape,
                          const float *from, float *to, ost_err *err);

/* For `backward`: does it to the gradient of the output, and writes or adds
 * what comes out to that of an input, if one is wanted.  It leaves room for one
 * more step. */
ost_rc ost_cuda_chain_give(const ost_cuda_chain *chain, const ost_layer *layer,
                           int input, ost_err *err);

#endif
