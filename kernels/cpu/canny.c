/* kernels/cpu/canny.c - Canny's edge detector
 *
 * The image is walked once, row by row.  Each row of pixels becomes rows of
 * dx, dy and magnitude (a ring of three is kept); when the row below is known,
 * each pixel is compared with its two neighbors along the gradient and marked
 * NONE, WEAK or STRONG in a map with a border of one pixel.  Then the strong
 * pixels flood through the weak ones.
 *
 * Gradients fit 16 bits: |dx|, |dy| <= 1020 for aperture 3, 12240 for 5 and
 * 10200 (after the division by 16) for 7, so |dx| + |dy| does too.
 */
#include "base/alloc.h"
#include "kernels/cpu/edge_map.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/wide.h"
#include "kernels/image.h"
#include "kernels/pixel.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* Rows are worked on in blocks; PAD around them stays readable. */
enum {
    MAX_REACH = 3,
    ROWS = 2 * MAX_REACH + 1,
    BLOCK = OST_EDGE_BLOCK,
    PAD = BLOCK
};

/* Rows of `w` values with PAD more on both sides; `mag` holds uint16_t, or
 * int32_t for the Euclidean magnitude. */
typedef struct gradient_row {
    int16_t *dx;
    int16_t *dy;
    void *mag;
} gradient_row;

typedef struct canny {
    ost_image in;
    int reach; /* of the kernels: 1, 2 or 3 */
    bool l2;
    int32_t low;
    int32_t high;
    uint8_t *pixels[ROWS]; /* only for images with other strides */
    int16_t *smooth;       /* columns weighted, then along rows */
    int16_t *slope;
    gradient_row ring[3];
    gradient_row other; /* of a further channel */
    ost_edge_map map;
    void *memory;
} canny;

#define INLINE static inline __attribute__((always_inline))

/* ---- gradients ---- */

/* Weighs the 2 * reach + 1 rows around one: smooth = sum of binomial weights,
 * slope = sum of derivative weights. */
INLINE void weigh_columns(const uint8_t *const *p, int reach, int64_t w,
                          int16_t *restrict smooth, int16_t *restrict slope)
{
    if (reach == 1)
        for (int64_t x = 0; x < w; x++) {
            smooth[x] = (int16_t)(p[0][x] + 2 * p[1][x] + p[2][x]);
            slope[x] = (int16_t)(p[2][x] - p[0][x]);
        }
    else if (reach == 2)
        for (int64_t x = 0; x < w; x++) {
            smooth[x] = (int16_t)(p[0][x] + p[4][x] + 4 * (p[1][x] + p[3][x]) +
                                  6 * p[2][x]);
            slope[x] = (int16_t)(p[4][x] - p[0][x] + 2 * (p[3][x] - p[1][x]));
        }
    else
        for (int64_t x = 0; x < w; x++) {
            smooth[x] = (int16_t)(p[0][x] + p[6][x] + 6 * (p[1][x] + p[5][x]) +
                                  15 * (p[2][x] + p[4][x]) + 20 * p[3][x]);
            slope[x] = (int16_t)(p[6][x] - p[0][x] + 4 * (p[5][x] - p[1][x]) +
                                 5 * (p[4][x] - p[2][x]));
        }
}

/* The same along the row, which is padded by `reach` on both sides. */
INLINE void weigh_row(const int16_t *restrict s, const int16_t *restrict d,
                      int reach, int64_t w, int16_t *restrict dx,
                      int16_t *restrict dy)
{
    if (reach == 1)
        for (int64_t x = 0; x < w; x++) {
            dx[x] = (int16_t)(s[x + 1] - s[x - 1]);
            dy[x] = (int16_t)(d[x - 1] + 2 * d[x] + d[x + 1]);
        }
    else if (reach == 2)
        for (int64_t x = 0; x < w; x++) {
            dx[x] = (int16_t)(s[x + 2] - s[x - 2] + 2 * (s[x + 1] - s[x - 1]));
            dy[x] = (int16_t)(d[x - 2] + d[x + 2] + 4 * (d[x - 1] + d[x + 1]) +
                              6 * d[x]);
        }
    else
        for (int64_t x = 0; x < w; x++) {
            /* Differences and sums of two fit 16 bits, as |s| <= 16320 and
             * |d| <= 2550; the compiler widens as late as we say. */
            int16_t sx1 = (int16_t)(s[x + 1] - s[x - 1]);
            int16_t sx2 = (int16_t)(s[x + 2] - s[x - 2]);
            int16_t sx3 = (int16_t)(s[x + 3] - s[x - 3]);
            int16_t dy1 = (int16_t)(d[x + 1] + d[x - 1]);
            int16_t dy2 = (int16_t)(d[x + 2] + d[x - 2]);
            int16_t dy3 = (int16_t)(d[x + 3] + d[x - 3]);

            dx[x] = ost_px_sixteenth(sx3 + 4 * sx2 + 5 * sx1);
            dy[x] = ost_px_sixteenth(dy3 + 6 * dy2 + 15 * dy1 + 20 * d[x]);
        }
}

INLINE uint16_t magnitude16(int16_t dx, int16_t dy)
{
    return (uint16_t)((dx < 0 ? -dx : dx) + (dy < 0 ? -dy : dy));
}

INLINE void measure(const gradient_row *g, bool l2, int64_t w)
{
    const int16_t *restrict dx = g->dx, *restrict dy = g->dy;

    if (l2) {
        int32_t *restrict mag = g->mag;

        for (int64_t x = 0; x < w; x++)
            mag[x] = dx[x] * dx[x] + dy[x] * dy[x];
    } else {
        uint16_t *restrict mag = g->mag;

        for (int64_t x = 0; x < w; x++)
            mag[x] = magnitude16(dx[x], dy[x]);
    }
}

static void replicate_ends(int16_t *row, int64_t w, int reach)
{
    for (int k = 1; k <= reach; k++) {
        row[-k] = row[0];
        row[w - 1 + k] = row[w - 1];
    }
}

/* Gradients of one channel of row y. */
OST_WIDE_BODY(differentiate, (const canny *c, const uint8_t *const *rows,
                              const gradient_row *g))
{
    weigh_columns(rows, c->reach, c->in.w, c->smooth, c->slope);
    replicate_ends(c->smooth, c->in.w, c->reach);
    replicate_ends(c->slope, c->in.w, c->reach);
    weigh_row(c->smooth, c->slope, c->reach, c->in.w, g->dx, g->dy);
    measure(g, c->l2, c->in.w);
}
OST_WIDE(differentiate,
         (const canny *c, const uint8_t *const *rows, const gradient_row *g),
         (c, rows, g))

static void gradients_of_channel(const canny *c, int64_t y, int64_t channel,
                                 const gradient_row *g)
{
    const uint8_t *rows[ROWS];

    for (int k = 0; k < ROWS; k++) {
        int64_t from = ost_px_clamp(y + k - c->reach, 0, c->in.h - 1);
        const uint8_t *p = ost_image_at(&c->in, from, 0, channel);
        uint8_t *copy = c->pixels[k];

        if (c->in.step_x != 1) {
            for (int64_t x = 0; x < c->in.w; x++)
                copy[x] = p[x * c->in.step_x];
            p = copy;
        }
        rows[k] = p;
    }
    differentiate(c, rows, g);
}

/* Takes the other channel where its magnitude is larger. */
static void merge_channel(const canny *c, const gradient_row *g,
                          const gradient_row *other)
{
    for (int64_t x = 0; x < c->in.w; x++) {
        if (c->l2) {
            int32_t *mag = g->mag;
            int32_t m = ((const int32_t *)other->mag)[x];

            if (m <= mag[x])
                continue;
            mag[x] = m;
        } else {
            uint16_t *mag = g->mag;
            uint16_t m = ((const uint16_t *)other->mag)[x];

            if (m <= mag[x])
                continue;
            mag[x] = m;
        }
        g->dx[x] = other->dx[x];
        g->dy[x] = other->dy[x];
    }
}

/* Fills the ring's place of row y; above and below the image magnitudes are
 * 0, as they are left and right of it (the padding is never written). */
static void gradients(const canny *c, int64_t y)
{
    const gradient_row *g = &c->ring[(y + 3) % 3];

    if (y < 0 || y >= c->in.h) {
        size_t size = c->l2 ? sizeof(int32_t) : sizeof(uint16_t);

        memset(g->mag, 0, (size_t)c->in.w * size);
        return;
    }
    gradients_of_channel(c, y, 0, g);
    for (int64_t k = 1; k < c->in.c; k++) {
        gradients_of_channel(c, y, k, &c->other);
        merge_channel(c, g, &c->other);
    }
}

/* ---- thinning ---- */

/* All bits where `condition` holds, none elsewhere. */
#define MASK(type, condition) ((type) - (type)(condition))
#define PICK(mask, yes, no)   (((mask) & (yes)) | (~(mask) & (no)))

/* Marks BLOCK pixels with magnitudes of type `type`; says if it marked any.
 * Written without branches, so that the compiler makes vectors of it; a block
 * in which nothing exceeds `low` is left out, as most are.  A magnitude of 0 is
 * never kept: nothing is smaller.  "Not smaller than after" on straight sectors
 * and "larger than after" on diagonals are one comparison, as m > after is m -
 * 1 >= after for a positive m. */
#define DEFINE_THIN(name, type)                                                \
    INLINE bool name(const gradient_row *row, int64_t at, const void *above,   \
                     const void *below, type low, type high,                   \
                     uint8_t *restrict mark)                                   \
    {                                                                          \
        const int16_t *restrict dx = row->dx + at;                             \
        const int16_t *restrict dy = row->dy + at;                             \
        const type *restrict mid = (const type *)row->mag + at;                \
        const type *restrict up = (const type *)above + at;                    \
        const type *restrict down = (const type *)below + at;                  \
        type any = 0;                                                          \
                                                                               \
        for (int x = 0; x < BLOCK; x++)                                        \
            any |= MASK(type, mid[x] > low);                                   \
        if (!any) {                                                            \
            memset(mark, OST_EDGE_NONE, BLOCK);                                \
            return false;                                                      \
        }                                                                      \
        for (int x = 0; x < BLOCK; x++) {                                      \
            uint16_t ax = (uint16_t)(dx[x] < 0 ? -dx[x] : dx[x]);              \
            uint16_t ay = (uint16_t)(dy[x] < 0 ? -dy[x] : dy[x]);              \
            uint16_t q = ost_px_sector(ax);                                    \
            type flat = MASK(type, ost_px_along_row(q, ay));                   \
            type upright = MASK(type, ost_px_along_column(q, ax, ay));         \
            type falling = MASK(type, (dx[x] ^ dy[x]) < 0);                    \
            type m = mid[x];                                                   \
            type before = PICK(falling, up[x + 1], up[x - 1]);                 \
            type after = PICK(falling, down[x - 1], down[x + 1]);              \
            type least = (type)(m + (type) ~(flat | upright));                 \
                                                                               \
            before = PICK(upright, up[x], before);                             \
            after = PICK(upright, down[x], after);                             \
            before = PICK(flat, mid[x - 1], before);                           \
            after = PICK(flat, mid[x + 1], after);                             \
            mark[x] = (uint8_t)(MASK(type, m > low) & MASK(type, m > before) & \
                                MASK(type, least >= after) &                   \
                                (MASK(type, m > high) | OST_EDGE_WEAK));       \
        }                                                                      \
        return true;                                                           \
    }

DEFINE_THIN(thin16, uint16_t)
DEFINE_THIN(thin32, int32_t)

/* Whole blocks: what lies past the end of the row has magnitude 0. */
OST_WIDE_BODY(thin, (const canny *c, int64_t y))
{
    const gradient_row *row = &c->ring[y % 3];
    const void *above = c->ring[(y + 2) % 3].mag;
    const void *below = c->ring[(y + 1) % 3].mag;
    uint8_t *mark = ost_edge_map_row(&c->map, y);
    bool *busy = c->map.busy + y * c->map.blocks;

    for (int64_t x = 0; x < c->in.w; x += BLOCK)
        *busy++ = c->l2
                      ? thin32(row, x, above, below, c->low, c->high, mark + x)
                      : thin16(row, x, above, below, (uint16_t)c->low,
                               (uint16_t)c->high, mark + x);
}
OST_WIDE(thin, (const canny *c, int64_t y), (c, y))

/* ---- the whole ---- */

static ost_rc check_thresholds(const ost_canny_spec *spec, ost_canny_work *c,
                               ost_err *err)
{
    double low = spec->low, high = spec->high;

    if (isnan(low) || isnan(high))
        return ost_fail(err, OST_EINPUT, "canny: a threshold is not a number");
    if (spec->aperture != 3 && spec->aperture != 5 && spec->aperture != 7)
        return ost_fail(err, OST_EINPUT, "canny: aperture %d is not 3, 5 or 7",
                        spec->aperture);
    c->reach = spec->aperture / 2;
    c->l2 = spec->l2;
    if (spec->aperture == 7) {
        low /= 16.0;
        high /= 16.0;
    }
    if (low > high) {
        double swapped = low;

        low = high;
        high = swapped;
    }
    low = fmin(low, 32767.0);
    high = fmin(high, 32767.0);
    if (spec->l2) {
        low = low > 0 ? low * low : low;
        high = high > 0 ? high * high : high;
    }
    /* No magnitude of 0 is kept, so negative thresholds act like 0. */
    c->low = (int32_t)floor(fmax(low, 0.0));
    c->high = (int32_t)floor(fmax(high, 0.0));
    return OST_OK;
}

ost_rc ost_canny_check(const ost_tensor *image, const ost_canny_spec *spec,
                       const ost_tensor *edges, ost_canny_work *c, ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", &c->in, err);

    if (!rc)
        rc = ost_image_of(edges, "edge image", &c->out, err);
    if (!rc)
        rc = check_thresholds(spec, c, err);
    if (rc)
        return rc;
    if (c->in.dtype != OST_U8 || c->out.dtype != OST_U8)
        return ost_fail(err, OST_EINPUT,
                        "canny: image is %s, but only u8 has edges",
                        ost_dtype_name(c->in.dtype));
    if (c->out.h != c->in.h || c->out.w != c->in.w || c->out.c != 1)
        return ost_fail(err, OST_EINPUT,
                        "canny: the edge image has another size");
    return OST_OK;
}

/* One piece of memory for all rows. */
static ost_rc take_memory(canny *c, ost_err *err)
{
    size_t row = ((size_t)c->in.w + 2 * (size_t)PAD + 63) / 64 * 64;
    size_t mag = c->l2 ? sizeof(int32_t) : sizeof(uint16_t);
    size_t rows = 4 + 4 * (4 + mag) + ROWS; /* bytes a column */
    unsigned char *p;

    c->memory = ost_try_alloc_aligned(row, rows);
    if (!c->memory)
        return ost_fail(err, OST_ENOMEM, "canny: no memory for %lld x %lld",
                        (long long)c->in.h, (long long)c->in.w);
    p = c->memory;
    memset(p, 0, row * rows);
    c->smooth = (int16_t *)p + PAD;
    p += 2 * row;
    c->slope = (int16_t *)p + PAD;
    p += 2 * row;
    for (int i = 0; i < 4; i++) {
        gradient_row *g = i < 3 ? &c->ring[i] : &c->other;

        g->dx = (int16_t *)p + PAD;
        p += 2 * row;
        g->dy = (int16_t *)p + PAD;
        p += 2 * row;
        g->mag = p + mag * PAD;
        p += mag * row;
    }
    for (int i = 0; i < ROWS; i++, p += row)
        c->pixels[i] = p;
    return OST_OK;
}

static void mark_all(const canny *c)
{
    gradients(c, -1);
    gradients(c, 0);
    for (int64_t y = 0; y < c->in.h; y++) {
        gradients(c, y + 1);
        thin(c, y);
    }
}

static void clear(const ost_image *out)
{
    for (int64_t y = 0; y < out->h; y++)
        for (int64_t x = 0; x < out->w; x++)
            *(uint8_t *)ost_image_at(out, y, x, 0) = 0;
}

ost_rc ost_cpu_canny(const ost_tensor *image, const ost_canny_spec *spec,
                     ost_tensor *edges, ost_err *err)
{
    ost_canny_work work;
    canny c;
    ost_rc rc = ost_canny_check(image, spec, edges, &work, err);

    if (rc)
        return rc;
    c = (canny){ .in = work.in,
                 .reach = work.reach,
                 .l2 = work.l2,
                 .low = work.low,
                 .high = work.high };
    if (ost_image_is_empty(&c.in)) {
        clear(&work.out);
        return OST_OK;
    }
    rc = take_memory(&c, err);
    if (!rc)
        rc = ost_edge_map_init(&c.map, c.in.h, c.in.w, err);
    if (rc)
        goto out;
    mark_all(&c);
    rc = ost_edge_map_flood(&c.map, err);
    if (!rc)
        ost_edge_map_write(&c.map, &work.out);
out:
    ost_edge_map_release(&c.map);
    ost_free(c.memory);
    return rc;
}
