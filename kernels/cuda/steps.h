/* kernels/cuda/steps.h - updates of many weights in few launches
 *
 * Private to kernels/cuda/.
 */
#ifndef OST_KERNELS_CUDA_STEPS_H
#define OST_KERNELS_CUDA_STEPS_H

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/step_kernels.h"

/* Launches what some of the updates ask for; their arrays are in `args`, and
 * those of the blocks before are `before` blocks. */
typedef int ost_cuda_step_fn(const ost_step_args *args, int64_t before,
                             void *given);

/* In as many launches as the arrays need.  `args` has what is the same for
 * all. */
ost_rc ost_cuda_steps(const ost_update *updates, int count, ost_step_args *args,
                      ost_cuda_step_fn *launch, void *given, ost_err *err);
/* Blocks that this makes in all. */
int64_t ost_cuda_step_blocks(const ost_update *updates, int count);

#endif
