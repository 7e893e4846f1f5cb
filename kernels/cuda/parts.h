/* kernels/cuda/parts.h - values that stand side by side in a larger one
 *
 * Private to kernels/cuda/.
 */
#ifndef OST_KERNELS_CUDA_PARTS_H
#define OST_KERNELS_CUDA_PARTS_H

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/part_kernels.h"

/* The whole's rows, along `axis`; no parts yet. */
void ost_cuda_parts_init(ost_part_args *parts, const ost_value *whole,
                         int axis);
/* The next one in the list: `side` places of the axis from `from` on. */
void ost_cuda_parts_add(ost_part_args *parts, const ost_value *whole, int axis,
                        int64_t from, int64_t side, float *data);
ost_rc ost_cuda_join(const ost_part_args *parts, ost_err *err);
ost_rc ost_cuda_split(const ost_part_args *parts, ost_err *err);

#endif
