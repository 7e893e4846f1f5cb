/* kernels/cuda/losses.h - losses of numbers beside numbers
 *
 * Private to kernels/cuda/.
 */
#ifndef OST_KERNELS_CUDA_LOSSES_H
#define OST_KERNELS_CUDA_LOSSES_H

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/loss_kernels.h"

/* The mean of a term over all numbers: what the slots of such losses do. */
ost_rc ost_cuda_value_loss(const ost_value_loss *loss, ost_loss_term term,
                           ost_err *err);
/* Room for partial sums is found, `*loss` is there after finish(). */
ost_rc ost_cuda_run_loss(ost_loss_args *args, double *loss, ost_err *err);

#endif
