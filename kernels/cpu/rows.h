/* kernels/cpu/rows.h - rows of an image, whatever its type and strides
 *
 * The image operators work on rows of one channel in plain memory.  Private to
 * kernels/cpu/ and to what other devices do on the host.
 */
#ifndef OST_KERNELS_CPU_ROWS_H
#define OST_KERNELS_CPU_ROWS_H

#include "base/err.h"
#include "kernels/tensor.h"

#include <stdbool.h>
#include <stdint.h>

/* An image tensor taken apart; `step_*` count elements. */
typedef struct ost_image {
    unsigned char *data;
    ost_dtype dtype;
    size_t size; /* bytes of an element */
    int64_t h;
    int64_t w;
    int64_t c;
    int64_t step_y;
    int64_t step_x;
    int64_t step_c;
} ost_image;

/* Fails unless `t` is (H, W) or (H, W, C) of u8, u16 or f32 with sides that
 * are countable in 31 bits.  `what` names it in the message. */
ost_rc ost_image_of(const ost_tensor *t, const char *what, ost_image *image,
                    ost_err *err);

/* Fails unless the types and channels of the two are the same. */
ost_rc ost_image_alike(const ost_image *a, const ost_image *b, ost_err *err);

/* True when nothing has to be computed for it. */
bool ost_image_is_empty(const ost_image *image);

/* Channels that lie next to each other become columns, for operators that
 * look at each value alone. */
void ost_image_flatten(ost_image *image);

/* Where the element (y, x, c) is. */
void *ost_image_at(const ost_image *image, int64_t y, int64_t x, int64_t c);

/* Writes one element: integers rounded half to even and saturated. */
void ost_value_put(ost_dtype dtype, float v, void *at);

/* One channel of row `y` as floats, w of them. */
void ost_row_get(const ost_image *image, int64_t y, int64_t c, float *row);
/* The reverse, rounded half to even and saturated; NaN becomes 0 in integer
 * images. */
void ost_row_put(const ost_image *image, int64_t y, int64_t c,
                 const float *row);

#endif
