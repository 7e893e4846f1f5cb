/* kernels/cuda/operand_kernels.h - between numbers and the operands of products
 *
 * Before a product in a narrow numeric class its operands are rounded to 16
 * bits, all in one launch; after it the results become f32 again, also in one,
 * which adds the bias as well.  Weights, values and gradients stay f32.
 *
 * Each function returns the cudaError_t of its launch on `stream` and does not
 * wait.
 */
#ifndef OST_KERNELS_CUDA_OPERAND_KERNELS_H
#define OST_KERNELS_CUDA_OPERAND_KERNELS_H

#include "kernels/cuda/convolution_kernels.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    OST_OPERANDS = 3,        /* of one launch */
    OST_OPERAND_PARTS = 256, /* largest numbers of parts */
    OST_UNDO_NUMBERS = 3
};

typedef struct ost_narrow {
    const float *from[OST_OPERANDS];
    void *to[OST_OPERANDS];
    int64_t count[OST_OPERANDS];
    int operands;
    int type; /* ost_conv_number_type: BF16 or F16 */
    /* Unless `largest` is NULL the first operand is multiplied by the power of
     * two that brings the largest of its `parts` largest numbers to
     * [2^aim, 2^(aim + 1)), and *undo becomes what undoes that, 0 and 1.  Where
     * they are not finite or all 0 the power is 1. */
    float *largest;
    int parts;
    int aim;
    float *undo; /* OST_UNDO_NUMBERS */
} ost_narrow;

int ost_cuda_launch_narrow(const ost_narrow *narrow, void *stream);

/* largest[part] = max |v| in each of `parts` parts; NaN is passed over. */
int ost_cuda_launch_largest(const float *v, int64_t count, int parts,
                            float *largest, void *stream);

typedef struct ost_widen_part {
    const void *from;
    float *to; /* of f32 it may be `from` */
    int64_t count;
    int copies;        /* one after another, added up in their order */
    int add;           /* to what is there */
    const float *bias; /* one for each of `channels`; NULL: none */
    int64_t channels;
    int64_t area; /* numbers of a channel that stand together */
    int relu;     /* of the sum; NaN stays NaN */
} ost_widen_part;

typedef struct ost_widen {
    ost_widen_part part[OST_OPERANDS];
    int parts;
    int type;          /* of `from` */
    const float *undo; /* multiplies all; NULL: 1 */
} ost_widen;

int ost_cuda_launch_widen(const ost_widen *widen, void *stream);

#ifdef __cplusplus
}
#endif

#endif
