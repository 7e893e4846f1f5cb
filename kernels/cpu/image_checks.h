/* kernels/cpu/image_checks.h - what operators on images check and prepare
 *
 * The first part of an image operator is done on the host and is the same for
 * every backend: whether its arguments go together, and tables that hang on
 * sizes and settings.  ost_X_check() takes the arguments of the operator X and
 * fails as it does; what it takes apart is set where it succeeds.  Bodies are
 * in kernels/cpu/X.c.  Private to kernels/.
 */
#ifndef OST_KERNELS_CPU_IMAGE_CHECKS_H
#define OST_KERNELS_CPU_IMAGE_CHECKS_H

#include "kernels/areas.h"
#include "kernels/cpu/rows.h"
#include "kernels/image.h"
#include "kernels/merge.h"
#include "kernels/morphology.h"
#include "kernels/per_pixel.h"
#include "kernels/remap.h"
#include "kernels/threshold.h"
#include "kernels/tone.h"

#include <stdbool.h>
#include <stdint.h>

/* --- single pixels ---------------------------------------------------------
 */

/* An operator of kernels/per_pixel.def. */
typedef struct ost_pixel_work {
    ost_image in;
    ost_image out;
    union {
        ost_px_args_line line;
        ost_px_args_mark mark;
        ost_px_args_ramp ramp;
    } args;
} ost_pixel_work;

ost_rc ost_ramp_check(const ost_tensor *image, const ost_ramp_spec *spec,
                      const ost_tensor *out, ost_pixel_work *work,
                      ost_err *err);
ost_rc ost_rescale_check(const ost_tensor *image, double scale, double offset,
                         const ost_tensor *rescaled, ost_pixel_work *work,
                         ost_err *err);
ost_rc ost_threshold_check(const ost_tensor *image,
                           const ost_threshold_spec *spec,
                           const ost_tensor *mask, ost_pixel_work *work,
                           ost_err *err);

ost_rc ost_gamma_check(const ost_tensor *image, const ost_gamma_spec *spec,
                       const ost_tensor *toned, ost_image *in, ost_image *out,
                       ost_err *err);
/* What the first `n` whole numbers become; NULL: no memory; caller frees. */
float *ost_gamma_table(const ost_gamma_spec *spec, int64_t n);
ost_rc ost_gray_check(const ost_tensor *image, const ost_tensor *gray,
                      ost_image *in, ost_image *out, ost_err *err);
ost_rc ost_noise_check(const ost_tensor *image, double deviation,
                       const ost_tensor *noisy, ost_image *in, ost_image *out,
                       ost_err *err);

/* --- areas -----------------------------------------------------------------
 */

ost_rc ost_blank_check(const ost_tensor *image, const ost_tensor *mask,
                       double fill, const ost_tensor *out, ost_image *in,
                       ost_image *marks, ost_image *to, ost_err *err);
ost_rc ost_blend_check(const ost_tensor *image, int n,
                       const ost_tensor *blended, ost_image *in, ost_image *out,
                       ost_err *err);
/* The share of each of `count` rows or columns. */
void ost_blend_weigh(double *weight, int64_t count, int n);
ost_rc ost_mark_check(const ost_tensor *image, const ost_tensor *mask,
                      ost_image *in, ost_image *out, ost_err *err);
ost_rc ost_marked_sum_check(const ost_tensor *mask, const ost_tensor *image,
                            ost_image *marks, ost_image *in, ost_err *err);
/* `parts` has room for all. */
ost_rc ost_merge_check(const ost_merge *merge, const ost_tensor *whole,
                       ost_image *out, ost_image *parts, ost_err *err);
ost_rc ost_pad_check(const ost_tensor *image, const ost_pad_spec *spec,
                     const ost_tensor *padded, ost_image *in, ost_image *out,
                     ost_err *err);
/* The column (or row) of the image that column `x` shows, -1 for the fill. */
int64_t ost_pad_source(int64_t x, int64_t n, ost_pad_mode mode);

/* --- filters ---------------------------------------------------------------
 */

typedef struct ost_blur_work {
    ost_image in;
    ost_image out;
    int64_t reach;  /* 0: a copy is all */
    double *weight; /* reach + 1, from the center outwards; caller frees */
} ost_blur_work;

ost_rc ost_blur_begin(const ost_tensor *image, double sigma, int64_t size,
                      const ost_tensor *out, ost_blur_work *work, ost_err *err);
/* In units of 1 / one, so that they still add up to 1. */
void ost_blur_round(const double *weight, int64_t reach, uint32_t one,
                    uint32_t *rounded);

typedef struct ost_canny_work {
    ost_image in;
    ost_image out;
    int reach; /* of the kernels: 1, 2 or 3 */
    bool l2;
    int32_t low;
    int32_t high;
} ost_canny_work;

ost_rc ost_canny_check(const ost_tensor *image, const ost_canny_spec *spec,
                       const ost_tensor *edges, ost_canny_work *work,
                       ost_err *err);

enum { OST_MORPH_MOST = 255, OST_MORPH_RECTS = OST_MORPH_MOST / 2 + 1 };

/* Half sides of a centered rectangle: 2 * x + 1 columns, 2 * y + 1 rows. */
typedef struct ost_morph_rect {
    int64_t x;
    int64_t y;
} ost_morph_rect;

/* A shape as the union of rectangles, and how often it is applied. */
typedef struct ost_morph_rects {
    int n;
    ost_morph_rect rect[OST_MORPH_RECTS];
    int iterations;
} ost_morph_rects;

ost_rc ost_morph_check(const ost_tensor *image, const ost_morph_spec *spec,
                       const ost_tensor *out, ost_image *in, ost_image *to,
                       ost_err *err);
void ost_morph_cut(const ost_image *in, const ost_morph_spec *spec,
                   ost_morph_rects *rects);

/* --- geometry --------------------------------------------------------------
 */

ost_rc ost_remap_check(const ost_tensor *image, const ost_remap_spec *spec,
                       const ost_tensor *remapped, ost_image *in,
                       ost_image *out, ost_err *err);
ost_rc ost_resize_check(const ost_tensor *image, ost_resize_method method,
                        const ost_tensor *resized, ost_image *in,
                        ost_image *out, ost_err *err);
ost_rc ost_warp_check(const ost_tensor *image, const ost_warp_spec *spec,
                      const ost_tensor *warped, ost_image *in, ost_image *out,
                      ost_err *err);
/* What `n` columns, and a row, add to positions in the input, in 1/1024 of a
 * pixel. */
void ost_warp_columns(const ost_warp_spec *spec, int64_t n, int64_t *x,
                      int64_t *y);
void ost_warp_row(const ost_warp_spec *spec, int64_t row, int64_t *x,
                  int64_t *y);

/* --- components ------------------------------------------------------------
 */

ost_rc ost_components_check(const ost_tensor *mask, ost_image *in,
                            ost_err *err);

/* --- levels ----------------------------------------------------------------
 */

typedef struct ost_clahe_tiles {
    int levels;
    int rows;
    int columns;
    int64_t tile_h;
    int64_t tile_w;
    int clip; /* counts above are cut off; 0: none */
} ost_clahe_tiles;

ost_rc ost_clahe_check(const ost_tensor *image, const ost_clahe_spec *spec,
                       const ost_tensor *out, ost_image *in, ost_image *to,
                       ost_err *err);
void ost_clahe_cut(const ost_image *in, const ost_clahe_spec *spec,
                   ost_clahe_tiles *tiles);

ost_rc ost_otsu_check(const ost_tensor *image, const ost_tensor *region,
                      ost_image *in, ost_image *inside, ost_err *err);
/* The best last level of the lower class. */
int ost_otsu_best(const int64_t *histogram, int levels);

ost_rc ost_percentiles_check(const ost_tensor *image, const double *percent,
                             int count, double *value, ost_image *in,
                             ost_err *err);

/* Between the values of two ranks, at a share of the way. */
typedef struct ost_between {
    int64_t below;
    int64_t above;
    double share;
} ost_between;

ost_between ost_percentile_place(double percent, int64_t count);
double ost_percentile_of(const ost_between *between, double low, double high);

#endif
