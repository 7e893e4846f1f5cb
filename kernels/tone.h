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

/* A straight line through (low, to_low), cut off below `least` and above
 * `most`:
 *     y = to_low + (v - low) * gain
 * in single precision. */
typedef struct ost_ramp_spec {
    double low;
    double to_low;
    double gain;
    double least;
    double most;
} ost_ramp_spec;

/* Same shape; types may differ.  Integers are rounded half to even and
 * saturated, and NaN is 0 in them and NaN in f32.  `out` may be the image. */
ost_rc ost_cpu_ramp(const ost_tensor *image, const ost_ramp_spec *spec,
                    ost_tensor *out, ost_err *err);

/* Gray levels of (H, W, 3) in red, green, blue: the luma of ITU-R BT.601, to
 * (H, W) of the same type.  u8 and u16 in whole numbers, as `ingest` does it:
 * (19595 r + 38470 g + 7471 b + 32768) / 65536. */
ost_rc ost_cpu_gray(const ost_tensor *image, ost_tensor *gray, ost_err *err);

/* Contrast limited adaptive histogram equalization, bit for bit cv2.CLAHE.
 *
 * K. Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics
 * Gems IV, 1994.  The image is cut into tiles (mirrored at its right and lower
 * edge where they do not fit); each one's histogram is clipped at `clip_limit`
 * times the mean count of a level, what is cut off is shared out among all
 * levels, and a pixel is equalized by a mix of the four nearest tiles. */
typedef struct ost_clahe_spec {
    double clip_limit; /* 0: no limit */
    int rows;          /* of tiles, 1 .. 1024 */
    int columns;
} ost_clahe_spec;

/* u8 or u16, same shape and type; channels are taken one by one. */
ost_rc ost_cpu_clahe(const ost_tensor *image, const ost_clahe_spec *spec,
                     ost_tensor *out, ost_err *err);

#endif
