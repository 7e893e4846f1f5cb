/* kernels/cuda/chain.h - steps on each number that layers do in one kernel
 *
 * What a layer does number by number, and what following layers do that write
 * over its output, is one chain (chain_kernels.h has the steps).  A leader - a
 * convolution with its bias, a norm, an addition, a ReLU - keeps one in its
 * state:
 *
 *     while preparing   ost_cuda_chain_add() for steps of its own, say a bias
 *     as its `fuse`     ost_cuda_chain_take()
 *     forward           ost_cuda_chain_run() from where its numbers are to
 *                       layer->out->data; they may be the same.  Without steps
 *                       and in place nothing is launched.
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
 * beside (N, C, S...). */
bool ost_cuda_chain_value(ost_cuda_chain *chain, ost_chain_op op,
                          const ost_value *v, const ost_value *shape);
/* For `fuse` of a layer (kernels/layer.h) that runs the chain last: adds the
 * steps of `next`, if that is made of such steps: activations, `scale`, and
 * `add` and `multiply` of values of its shape, or of (N, C) beside
 * (N, C, S...). */
bool ost_cuda_chain_take(ost_cuda_chain *chain, const ost_layer *next);
/* Does it to the numbers of `shape`. */
ost_rc ost_cuda_chain_run(const ost_cuda_chain *chain, const ost_value *shape,
                          const float *from, float *to, ost_err *err);

#endif
