/* kernels/cuda/convolution_passes.h - convolutions, both ways, by cuDNN
 *
 * A convolution has a wide side and a narrow one, and a filter between them
 * (narrow channels, wide channels / groups, kernel...).  There are three passes
 * over them:
 *     OST_CONV_DOWN    narrow = wide * filter, what conv2d calls forward
 *     OST_CONV_UP      wide = the gradient of `wide` for a gradient `narrow`
 *     OST_CONV_FILTER  the gradient of the filter for both
 * A transposed convolution goes up when it runs forward and down when it runs
 * backward.  Private to kernels/cuda/.
 */
#ifndef OST_KERNELS_CUDA_CONVOLUTION_PASSES_H
#define OST_KERNELS_CUDA_CONVOLUTION_PASSES_H

#include "kernels/cuda/convolution_kernels.h"
#include "kernels/cuda/cuda.h"

typedef enum ost_conv_way {
    OST_CONV_DOWN,
    OST_CONV_UP,
    OST_CONV_FILTER,
    OST_CONV_WAYS,
} ost_conv_way;

/* How one pass is computed (kernels/cuda/algorithms.h). */
typedef struct ost_conv_pass {
    cudnnTensorDescriptor_t wide; /* of `items` items */
    cudnnTensorDescriptor_t narrow;
    int64_t items;    /* of the batch at a time; divides it */
    int algorithm;    /* cuDNN's number of it; -1: our own loops */
    size_t bytes;     /* of workspace */
    const char *code; /* its name */
    unsigned refused; /* bits of those that the library did not compute with */
} ost_conv_pass;

typedef struct ost_conv {
    ost_conv_shape shape;
    cudnnDataType_t type; /* of all three operands */
    cudnnFilterDescriptor_t filter;
    cudnnTensorDescriptor_t bias; /* of the narrow side */
    cudnnConvolutionDescriptor_t how;
    cudnnActivationDescriptor_t end[2]; /* nothing, ReLU */
    ost_conv_pass pass[OST_CONV_WAYS];
} ost_conv;

/* Describes the convolution to cuDNN and chooses how the passes in `ways` (bits
 * 1 << way) are computed.  A zeroed `conv`; released with ost_conv_release()
 * also when this fails. */
ost_rc ost_conv_init(ost_conv *conv, const ost_conv_shape *shape, unsigned ways,
                     ost_err *err);
void ost_conv_release(ost_conv *conv);

/* The bytes of a number of the operands: 4, or 2 in narrow numeric classes. */
size_t ost_conv_number(const ost_conv *conv);
ost_conv_number_type ost_conv_type(const ost_conv *conv);
/* Numbers of the operands. */
int64_t ost_conv_wide_count(const ost_conv *conv);
int64_t ost_conv_narrow_count(const ost_conv *conv);
int64_t ost_conv_filter_count(const ost_conv *conv);

/* Runs a pass over operands of `conv->type`.  `add` adds to the result
 * that is there (f32 only).  Gradients of 16 bits are made one for
 * each piece of the batch (ost_conv_copies()), one after the other.  Where the
 * library refuses to compute, the next algorithm is chosen and remembered. */
int ost_conv_copies(const ost_conv *conv);
ost_rc ost_conv_run(ost_conv *conv, ost_conv_way way, void *wide, void *narrow,
                    void *filter, bool add, ost_err *err);

/* Whether cuDNN takes a bias (and a ReLU with it) along going down. */
bool ost_conv_has_end(const ost_conv *conv, bool relu);
/* OST_CONV_DOWN with them; OST_EUNSUPPORTED, and nothing is done, when cuDNN
 * does not after all. */
ost_rc ost_conv_run_end(const ost_conv *conv, void *wide, const void *filter,
                        const float *bias, bool relu, void *narrow,
                        ost_err *err);

/* What the slots of conv2d and conv3d do, and that of conv_transpose2d. */
ost_rc ost_cuda_convolution(ost_layer *layer, bool transposed, ost_err *err);

#endif
