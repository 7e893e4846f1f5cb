/* kernels/cuda/operands.h - what layers that multiply have in common
 *
 * Private to kernels/cuda/.
 */
#ifndef OST_KERNELS_CUDA_OPERANDS_H
#define OST_KERNELS_CUDA_OPERANDS_H

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/operand_kernels.h"

/* How operands of products are kept in this numeric class. */
ost_conv_number_type ost_operand_type(void);
/* For backends, while preparing: memory for an operand of 16 bits. */
void ost_operand_memory(ost_layer *layer, int64_t count, ost_life life,
                        void *slot);

/* One more operand to be rounded. */
void ost_operand_add(ost_narrow *narrow, const float *from, void *to,
                     int64_t count);
/* Rounds all of them; the first is scaled if narrow->largest is there, with
 * memory for OST_OPERAND_PARTS numbers (narrow->parts is set here). */
ost_rc ost_operands_round(ost_narrow *narrow, ost_err *err);
ost_rc ost_operands_widen(const ost_widen *widen, ost_err *err);

/* Adds up the gradient of a bias, by cuDNN.  A zeroed one is released too. */
typedef struct ost_bias_sum {
    cudnnTensorDescriptor_t out;
    cudnnTensorDescriptor_t bias;
} ost_bias_sum;

ost_rc ost_bias_sum_init(ost_bias_sum *sum, const ost_value *out, ost_err *err);
void ost_bias_sum_release(ost_bias_sum *sum);
/* Weight 1 of a layer, if there is one and its gradient is wanted. */
ost_rc ost_bias_sum_run(const ost_bias_sum *sum, const ost_layer *layer,
                        ost_err *err);

#endif
