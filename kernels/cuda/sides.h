/* kernels/cuda/sides.h - how small values lie beside a large one
 *
 * A small value has the sides of a large one, or 1 in place of some of them.
 * Both lie in row-major order.
 */
#ifndef OST_KERNELS_CUDA_SIDES_H
#define OST_KERNELS_CUDA_SIDES_H

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/fold_kernels.h"
#include "kernels/cuda/spread_kernels.h"

/* Everything but pointers, of `inputs` small values of `ndim` sides each;
 * `multiply` is false and `scale` 1. */
void ost_cuda_spread_init(ost_spread_args *spread, int ndim,
                          const int64_t *large, int inputs,
                          int64_t (*small)[OST_MAX_DIMS]);
/* Everything but pointers, of what makes `small` of `large`; `scale` is 1. */
void ost_cuda_fold_init(ost_fold_args *fold, int ndim, const int64_t *large,
                        const int64_t *small);

#endif
