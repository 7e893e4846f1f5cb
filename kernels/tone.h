/* kernels/tone.h - other values for the pixels of an image
 *
 * Images are those of kernels/image.h; so are exactness and errors.
 */
#ifndef OST_KERNELS_TONE_H
#define OST_KERNELS_TONE_H

#include "kernels/image.h"

/* Values between `low` and `high` are moved along a curve that keeps both:
 * ((v - low) / (high - low)) to the power of `exponent` (above 0); others, and
 * NaN, stay.  `toned` (same type and shape) may be the image itself. */
typedef struct ost_gamma_spec {
    double low;
    double high;
    double exponent;
} ost_gamma_spec;

ost_rc ost_cpu_gamma(const ost_tensor *image, const ost_gamma_spec *spec,
                     ost_tensor *toned, ost_err *err);

/* Adds to each value a number that is close to normal, of mean 0 and the given
 * standard deviation; integers are rounded and saturated.  The numbers hang on
 * `seed` and the place alone.  `noisy` (same type and shape) may be the image
 * itself. */
ost_rc ost_cpu_noise(const ost_tensor *image, double deviation, uint32_t seed,
                     ost_tensor *noisy, ost_err *err);

#endif
