/* kernels/cuda/picture.h - images in device memory
 *
 * The functions of the image kernels take them; C and C++ can both read this.
 * Private to kernels/cuda/.
 */
#ifndef OST_KERNELS_CUDA_PICTURE_H
#define OST_KERNELS_CUDA_PICTURE_H

#include "base/dtype.h"

#include <stdint.h>

/* Rows of pixels of channels, without gaps: value (y, x, k) is number
 * (y * w + x) * c + k.  At most 2^31 - 1 values. */
typedef struct ost_cuda_picture {
    void *data; /* of the device */
    ost_dtype dtype;
    int64_t h;
    int64_t w;
    int64_t c;
} ost_cuda_picture;

#endif
