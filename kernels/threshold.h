/* kernels/threshold.h - levels that part an image in two, and what lies above
 *
 * Images are those of kernels/image.h; so are exactness and errors.
 */
#ifndef OST_KERNELS_THRESHOLD_H
#define OST_KERNELS_THRESHOLD_H

#include "base/err.h"
#include "kernels/tensor.h"

#include <stdint.h>

/* Otsu's threshold: the level t for which the pixels <= t and the pixels > t
 * lie furthest apart (largest variance between the classes; the first of
 * several).
 *
 * N. Otsu, "A threshold selection method from gray-level histograms", IEEE
 * Transactions on Systems, Man, and Cybernetics 9(1), 1979.
 *
 * u8 and u16: the number of cv2.threshold with THRESH_OTSU, exactly.  f32: the
 * finite values are counted in 65536 bins of the same width from the least to
 * the largest one, and t is the largest value of the lower class.  Without a
 * pixel, or with all in one place, 0.
 *
 * `region` (NULL: the whole image) is a mask (H, W) of u8, u16 or f32: only
 * pixels where it is not zero count. */
ost_rc ost_cpu_otsu(const ost_tensor *image, const ost_tensor *region,
                    double *level, ost_err *err);

/* What is marked: image >= least, or with `above` image > least; NaN never is.
 * `inside` is written there and `outside` elsewhere. */
typedef struct ost_threshold_spec {
    double least;
    bool above;
    uint8_t inside;
    uint8_t outside;
} ost_threshold_spec;

/* u8, u16 or f32 to u8 of the same shape; compared in double. */
ost_rc ost_cpu_threshold(const ost_tensor *image,
                         const ost_threshold_spec *spec, ost_tensor *mask,
                         ost_err *err);

#endif
