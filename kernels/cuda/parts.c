/* kernels/cuda/parts.c - values that stand side by side in a larger one */
#include "kernels/cuda/parts.h"

#include <assert.h>

#include "base/banned.h"

static_assert((int)OST_PARTS > (int)OST_LAYER_INPUTS, "all inputs");

/* Numbers of one place of the axis. */
static int64_t inner_of(const ost_value *whole, int axis)
{
    int64_t inner = 1;

    for (int i = axis + 1; i < whole->ndim; i++)
        inner *= whole->shape[i];
    return inner;
}

void ost_cuda_parts_init(ost_part_args *parts, const ost_value *whole, int axis)
{
    *parts = (ost_part_args){
        .rows = 1,
        .length = whole->shape[axis] * inner_of(whole, axis),
    };
    for (int i = 0; i < axis; i++)
        parts->rows *= whole->shape[i];
}

void ost_cuda_parts_add(ost_part_args *parts, const ost_value *whole, int axis,
                        int64_t from, int64_t side, float *data)
{
    int64_t inner = inner_of(whole, axis);

    if (side < 1)
        return;
    parts->part[parts->parts++] = (ost_part){ .data = data,
                                              .first = from * inner,
                                              .run = side * inner,
                                              .before = parts->listed };
    parts->listed += side * inner;
}

ost_rc ost_cuda_join(const ost_part_args *parts, ost_err *err)
{
    return ost_cuda_check(ost_cuda_launch_join(parts, ost_cuda_here()->stream),
                          "put values side by side", err);
}

ost_rc ost_cuda_split(const ost_part_args *parts, ost_err *err)
{
    return ost_cuda_check(ost_cuda_launch_split(parts, ost_cuda_here()->stream),
                          "take a value apart", err);
}
