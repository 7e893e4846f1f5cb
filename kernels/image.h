/* kernels/image.h - operators on images
 *
 * An image is a tensor (H, W) or (H, W, C) of u8, u16 or f32 with any strides
 * (so a view needs no copy); frames (T, H, W) are passed one at a time.  The
 * caller makes the output with the shape that it wants filled and owns it;
 * input and output never overlap.  An empty image (a zero in its shape) is
 * valid wherever nothing has to be read from it.
 *
 * Every operator is exact: the same bytes for any machine, instruction set and
 * number of threads.  Each runs on the calling thread; stages run items in
 * parallel.  Errors: OST_EINPUT for types and shapes that do not fit
 * together or parameters out of range, OST_ENOMEM.  On error the output's
 * content is undefined.
 */
#ifndef OST_KERNELS_IMAGE_H
#define OST_KERNELS_IMAGE_H

#include "base/err.h"
#include "kernels/tensor.h"

#include <stdbool.h>

/* Canny's edge detector, bit for bit OpenCV's cv2.Canny.
 *
 * J. Canny, "A computational approach to edge detection", PAMI 8(6), 1986.
 * Sobel gradients with replicated borders, magnitude |dx| + |dy| (or, with
 * `l2`, its Euclidean length), thinning along the gradient, and hysteresis:
 * what exceeds `high` is an edge, and so is what exceeds `low` and is
 * connected to one.  Of several channels each pixel takes the one with the
 * largest magnitude. */
typedef struct ost_canny_spec {
    double low; /* thresholds; swapped when low > high, never NaN */
    double high;
    int aperture; /* of the Sobel kernels: 3, 5 or 7 */
    bool l2;
} ost_canny_spec;

/* u8 (H, W[, C]) to u8 (H, W), 255 at edges and 0 elsewhere. */
ost_rc ost_cpu_canny(const ost_tensor *image, const ost_canny_spec *spec,
                     ost_tensor *edges, ost_err *err);

enum { OST_BLUR_MAX_SIGMA = 1000, OST_BLUR_MAX_SIZE = 9999 };

/* Gaussian blur with replicated borders; same shape and type.  `sigma` is in
 * pixels, 0 copies.  `size` is the odd side of the square that is summed; 0
 * stands for the odd number next to 6 sigma + 1 (u8) or 8 sigma + 1.  For u8
 * and u16 bit for bit cv2.GaussianBlur with BORDER_REPLICATE; f32 is weighed in
 * single precision. */
ost_rc ost_cpu_blur(const ost_tensor *image, double sigma, int64_t size,
                    ost_tensor *out, ost_err *err);

typedef enum ost_resize_method {
    OST_RESIZE_AUTO, /* area when a side shrinks, linear otherwise */
    OST_RESIZE_NEAREST,
    OST_RESIZE_LINEAR,
    OST_RESIZE_AREA, /* mean of the covered area; linear along a side that
                        grows */
    OST_RESIZE_CUBIC,
} ost_resize_method;

/* Resamples to the size of `resized` (same type and channels).  Pixel centers
 * are at half-integers.  Nearest and u8 linear are cv2.resize's INTER_NEAREST
 * and INTER_LINEAR bit for bit; u16 and f32 linear weigh in single precision.
 * Area and cubic are INTER_AREA and INTER_CUBIC within one gray level. */
ost_rc ost_cpu_resize(const ost_tensor *image, ost_resize_method method,
                      ost_tensor *resized, ost_err *err);

/* An affine map from output to input pixel centers,
 *     x_in = m[0] * x + m[1] * y + m[2]
 *     y_in = m[3] * x + m[4] * y + m[5]
 * with x, y the column and row of the output pixel. */
typedef struct ost_affine {
    double m[6];
} ost_affine;

/* What a person says about a geometric change, applied to the picture in this
 * order about its center: flip, scale, rotate, shift. */
typedef struct ost_motion {
    double rotate;  /* degrees, counter-clockwise as seen */
    double scale;   /* > 0; above 1 enlarges the content */
    double shift_x; /* pixels to the right */
    double shift_y; /* pixels down */
    bool flip_x;    /* mirror left and right */
    bool flip_y;    /* mirror top and bottom */
} ost_motion;

/* The map that ost_cpu_warp() needs to show an image of height x width moved
 * like that.  Angles are reduced so that multiples of 90 degrees are exact. */
ost_affine ost_affine_of(const ost_motion *motion, int64_t height,
                         int64_t width);

typedef enum ost_border {
    OST_BORDER_CONSTANT, /* `fill` outside of the image */
    OST_BORDER_EDGE,     /* the nearest pixel of the image */
} ost_border;

typedef struct ost_warp_spec {
    ost_affine map;
    bool nearest; /* takes the nearest pixel (masks); else bilinear */
    ost_border border;
    float fill;
} ost_warp_spec;

/* Fills `warped` (any size, same type and channels) through the map.  Bit for
 * bit cv2.warpAffine with WARP_INVERSE_MAP and INTER_LINEAR or INTER_NEAREST,
 * of all types: positions are rounded to 1/32 of a pixel, or to whole ones. The
 * image has at most 2^20 rows and columns. */
ost_rc ost_cpu_warp(const ost_tensor *image, const ost_warp_spec *spec,
                    ost_tensor *warped, ost_err *err);

/* out = image * scale + offset, in single precision, rounded half to even and
 * saturated when `rescaled` is an integer type (NaN becomes 0).  Same shape;
 * types may differ, so this is also the conversion between them; `rescaled` may
 * be the image itself. */
ost_rc ost_cpu_rescale(const ost_tensor *image, double scale, double offset,
                       ost_tensor *rescaled, ost_err *err);

/* Copies a tensor of any type and strides to one of the same type and shape. */
ost_rc ost_cpu_copy(const ost_tensor *image, ost_tensor *out, ost_err *err);

/* The levels of an image over all its pixels and channels.  NaN and infinite
 * values are left out; without any other value all numbers are 0. */
typedef struct ost_levels {
    int64_t count; /* of finite values */
    double min;
    double max;
    double mean;
    double std; /* population, not sample */
} ost_levels;

ost_rc ost_cpu_levels(const ost_tensor *image, ost_levels *levels,
                      ost_err *err);

/* Percentiles `percent[i]` in 0..100 of the finite values, linear between
 * neighbors in order (NumPy's default); 0 when there is none. */
ost_rc ost_cpu_percentiles(const ost_tensor *image, const double *percent,
                           int count, double *value, ost_err *err);

#endif
