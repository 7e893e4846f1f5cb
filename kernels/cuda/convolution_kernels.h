/* kernels/cuda/convolution_kernels.h - convolutions by plain loops
 *
 * For the few shapes that no algorithm of cuDNN takes; right, not fast.  They
 * add to what is there if `add`.  Each returns the cudaError_t of its launch on
 * `stream` and does not wait.
 */
#ifndef OST_KERNELS_CUDA_CONVOLUTION_KERNELS_H
#define OST_KERNELS_CUDA_CONVOLUTION_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { OST_CONV_SIDES = 3 };

/* Sides that are missing stand first, and are 1. */
typedef struct ost_conv_shape {
    int64_t items;
    int64_t groups;
    int64_t wide_channels; /* of all groups */
    int64_t narrow_channels;
    int64_t wide[OST_CONV_SIDES];
    int64_t narrow[OST_CONV_SIDES];
    int64_t kernel[OST_CONV_SIDES];
    int64_t stride[OST_CONV_SIDES];
    int64_t padding[OST_CONV_SIDES];
    int64_t dilation[OST_CONV_SIDES];
    int sides; /* that there are */
} ost_conv_shape;

/* How numbers of an operand are kept. */
typedef enum ost_conv_number_type {
    OST_NUMBER_F32,
    OST_NUMBER_BF16,
    OST_NUMBER_F16,
} ost_conv_number_type;

int ost_cuda_launch_conv_down(const ost_conv_shape *shape, int type,
                              const void *wide, const void *filter, int add,
                              void *narrow, void *stream);
int ost_cuda_launch_conv_up(const ost_conv_shape *shape, int type,
                            const void *narrow, const void *filter, int add,
                            void *wide, void *stream);
int ost_cuda_launch_conv_filter(const ost_conv_shape *shape, int type,
                                const void *wide, const void *narrow, int add,
                                void *filter, void *stream);

#ifdef __cplusplus
}
#endif

#endif
