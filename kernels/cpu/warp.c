/* kernels/cpu/warp.c - affine maps of images
 *
 * Positions are OpenCV's: 1/1024 of a pixel for what the column and the row of
 * an output pixel contribute, rounded apart and added, then 1/32 of a pixel for
 * bilinear weights or whole pixels.  Along a row of the output, the positions
 * in the input only rise or only fall, so that the pixels which lie all inside
 * are one run of each row: that is done in pieces of CHUNK pixels, band by
 * band, so that what a turned image reads stays at hand.  The rest of a row
 * looks at the border of each neighbor.
 */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/wide.h"
#include "kernels/exact.h"
#include "kernels/image.h"
#include "kernels/pixel.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

/* Sides are bounded so that positions inside of an image fit 31 bits. */
enum { UNIT_BITS = 10, MAX_SIDE = 1 << 20, CHUNK = 64, BAND = 32, LINES = 8 };

/* A run of output pixels, first ... end - 1. */
typedef struct run {
    int64_t first;
    int64_t end;
} run;

typedef struct warp {
    ost_image in;
    ost_image out;
    const ost_warp_spec *spec;
    int64_t *x; /* of each output column: what it adds to positions */
    int64_t *y;
    int32_t *low_x; /* the low bits of these */
    int32_t *low_y;
    run near_x; /* of the row before: its columns are not left or right */
    run near_y;
    run inside_x;
    run inside_y;
    _Alignas(float) uint8_t fill[sizeof(float)]; /* a value of the image */
    struct pieces *pieces;
    void *memory;
} warp;

/* A row of the output. */
typedef struct line {
    int64_t x; /* what the row adds to positions */
    int64_t y;
    run inside; /* all neighbors are pixels of the image */
    run near;   /* one neighbor at least is */
} line;

ost_affine ost_affine_of(const ost_motion *motion, int64_t height,
                         int64_t width)
{
    double center_x = ((double)width - 1.0) / 2.0;
    double center_y = ((double)height - 1.0) / 2.0;
    double to_x = center_x + motion->shift_x;
    double to_y = center_y + motion->shift_y;
    double sine, cosine;
    ost_affine a;

    /* Rows point down, so turning the picture counter-clockwise turns the
     * coordinates back, by the inverse of the motion. */
    ost_exact_sincos(motion->rotate, &sine, &cosine);
    a.m[0] = cosine / motion->scale;
    a.m[1] = -sine / motion->scale;
    a.m[3] = sine / motion->scale;
    a.m[4] = cosine / motion->scale;
    if (motion->flip_x) {
        a.m[0] = -a.m[0];
        a.m[1] = -a.m[1];
    }
    if (motion->flip_y) {
        a.m[3] = -a.m[3];
        a.m[4] = -a.m[4];
    }
    a.m[2] = center_x - (a.m[0] * to_x + a.m[1] * to_y);
    a.m[5] = center_y - (a.m[3] * to_x + a.m[4] * to_y);
    return a;
}

/* ---- positions ---- */

/* Positions far outside are all alike; bounded, their sums cannot overflow. */
static int64_t fixed(double v)
{
    const double most = 1125899906842624.0; /* 2^50 */

    return (int64_t)rint(fmin(fmax(v * (1 << UNIT_BITS), -most), most));
}

/* Moves the ends of `r` from where they were a row before to where the pixels
 * are whose positions are in `least` ... `most`.  Positions rise or fall all
 * along the row, and the ends move one way from row to row. */
static void follow(run *r, const int64_t *column, int64_t n, int64_t row,
                   int64_t least, int64_t most)
{
    int64_t sign = column[n - 1] < column[0] ? -1 : 1;
    int64_t low = sign < 0 ? -most : least, high = sign < 0 ? -least : most;

    while (r->first > 0 && sign * (row + column[r->first - 1]) >= low)
        r->first--;
    while (r->first < n && sign * (row + column[r->first]) < low)
        r->first++;
    while (r->end < n && sign * (row + column[r->end]) <= high)
        r->end++;
    while (r->end > 0 && sign * (row + column[r->end - 1]) > high)
        r->end--;
}

static run both(run a, run b)
{
    run r = { a.first > b.first ? a.first : b.first,
              a.end < b.end ? a.end : b.end };

    if (r.end <= r.first)
        return (run){ a.first, a.first };
    return r;
}

/* Rows are aimed at in order. */
static void aim(warp *w, int64_t y, line *l)
{
    int64_t reach = w->spec->nearest ? 0 : 1;
    int64_t unit = 1 << UNIT_BITS;
    int64_t n = w->out.w;

    ost_warp_row(w->spec, y, &l->x, &l->y);
    follow(&w->near_x, w->x, n, l->x, -reach * unit, w->in.w * unit - 1);
    follow(&w->near_y, w->y, n, l->y, -reach * unit, w->in.h * unit - 1);
    follow(&w->inside_x, w->x, n, l->x, 0, (w->in.w - reach) * unit - 1);
    follow(&w->inside_y, w->y, n, l->y, 0, (w->in.h - reach) * unit - 1);
    l->near = both(w->near_x, w->near_y);
    l->inside = both(l->near, both(w->inside_x, w->inside_y));
}

/* ---- any pixel ---- */

/* One value of the image, or of what stands outside of it. */
static const void *value_at(const warp *w, int64_t y, int64_t x, int64_t c)
{
    const ost_image *in = &w->in;

    if (y < 0 || y >= in->h || x < 0 || x >= in->w) {
        if (w->spec->border == OST_BORDER_CONSTANT)
            return w->fill;
        y = ost_px_clamp(y, 0, in->h - 1);
        x = ost_px_clamp(x, 0, in->w - 1);
    }
    return ost_image_at(in, y, x, c);
}

static void blend(const warp *w, const void *const v[4], int32_t fx, int32_t fy,
                  void *out)
{
    if (w->in.dtype == OST_U8) {
        *(uint8_t *)out = ost_px_warp_u8(
            *(const uint8_t *)v[0], *(const uint8_t *)v[1],
            *(const uint8_t *)v[2], *(const uint8_t *)v[3], fx, fy);
    } else if (w->in.dtype == OST_U16) {
        float f[4];

        for (int k = 0; k < 4; k++)
            f[k] = (float)*(const uint16_t *)v[k];
        *(uint16_t *)out =
            ost_px_u16(ost_px_warp_f32(f[0], f[1], f[2], f[3], fx, fy));
    } else {
        *(float *)out =
            ost_px_warp_f32(*(const float *)v[0], *(const float *)v[1],
                            *(const float *)v[2], *(const float *)v[3], fx, fy);
    }
}

static void warp_pixel(const warp *w, const line *l, int64_t y, int64_t x)
{
    int bits = w->spec->nearest ? 0 : OST_PX_WARP_BITS;
    int64_t px = (l->x + w->x[x]) >> (UNIT_BITS - bits);
    int64_t py = (l->y + w->y[x]) >> (UNIT_BITS - bits);
    int64_t u = px >> bits, v = py >> bits;
    int32_t mask = (1 << bits) - 1;

    for (int64_t c = 0; c < w->in.c; c++) {
        void *to = ost_image_at(&w->out, y, x, c);
        const void *from[4];

        from[0] = value_at(w, v, u, c);
        if (w->spec->nearest) {
            memcpy(to, from[0], w->in.size);
            continue;
        }
        from[1] = value_at(w, v, u + 1, c);
        from[2] = value_at(w, v + 1, u, c);
        from[3] = value_at(w, v + 1, u + 1, c);
        blend(w, from, (int32_t)px & mask, (int32_t)py & mask, to);
    }
}

/* ---- pieces inside the image: u8, one channel ---- */

/* Pieces of several lines: where the pixels are, and how far beyond. */
typedef struct pieces {
    int32_t at[LINES][CHUNK];
    int16_t fx[LINES][CHUNK];
    int16_t fy[LINES][CHUNK];
    uint16_t upper[LINES][CHUNK]; /* a pixel; in the high byte the next */
    uint16_t lower[LINES][CHUNK];
    run run[LINES];
} pieces;

static inline __attribute__((always_inline)) void
locate(pieces *restrict p, int k, const int32_t *restrict x,
       const int32_t *restrict y, uint32_t row_x, uint32_t row_y, int32_t step)
{
    enum { DROP = UNIT_BITS - OST_PX_WARP_BITS };

    for (int i = 0; i < CHUNK; i++) {
        int32_t px = (int32_t)(row_x + (uint32_t)x[i]) >> DROP;
        int32_t py = (int32_t)(row_y + (uint32_t)y[i]) >> DROP;

        p->at[k][i] =
            (py >> OST_PX_WARP_BITS) * step + (px >> OST_PX_WARP_BITS);
        p->fx[k][i] = (int16_t)(px & OST_PX_WARP_MASK);
        p->fy[k][i] = (int16_t)(py & OST_PX_WARP_MASK);
    }
}

static inline __attribute__((always_inline)) uint16_t pair(const uint8_t *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof(v));
    return le16toh(v);
}

static inline __attribute__((always_inline)) void
fetch(pieces *restrict p, int k, const uint8_t *restrict from, int64_t step)
{
    for (int64_t i = p->run[k].first; i < p->run[k].end; i++) {
        const uint8_t *v = from + p->at[k][i];

        p->upper[k][i] = pair(v);
        p->lower[k][i] = pair(v + step);
    }
}

static inline __attribute__((always_inline)) void
mix(const pieces *restrict p, int k, uint8_t *restrict value)
{
    for (int i = 0; i < CHUNK; i++)
        value[i] = ost_px_warp_u8(p->upper[k][i] & 255, p->upper[k][i] >> 8,
                                  p->lower[k][i] & 255, p->lower[k][i] >> 8,
                                  p->fx[k][i], p->fy[k][i]);
}

/* The pieces from column `x` on of `n` lines, the first of them row `y`.  What
 * lies outside of the lines' runs is located and mixed too, and left out.
 * Several lines are fetched before the first is mixed, because memory that was
 * just written in bits is slow to read as a whole. */
OST_WIDE_BODY(mix_pieces, (const warp *w, pieces *p, const line *l, int n,
                           int64_t y, int64_t x))
{
    int64_t step = w->in.step_y;
    uint8_t value[CHUNK];

    for (int k = 0; k < n; k++) {
        run piece = both(l[k].inside, (run){ x, x + CHUNK });

        p->run[k] = (run){ piece.first - x, piece.end - x };
        locate(p, k, w->low_x + x, w->low_y + x, (uint32_t)l[k].x,
               (uint32_t)l[k].y, (int32_t)step);
        fetch(p, k, w->in.data, step);
    }
    for (int k = 0; k < n; k++) {
        run r = p->run[k];

        mix(p, k, value);
        if (r.first < r.end)
            memcpy(w->out.data + (y + k) * w->out.step_y + x + r.first,
                   value + r.first, (size_t)(r.end - r.first));
    }
}
OST_WIDE(mix_pieces,
         (const warp *w, pieces *p, const line *l, int n, int64_t y, int64_t x),
         (w, p, l, n, y, x))

/* Whether the above does for the image. */
static bool is_plain(const warp *w)
{
    return w->in.dtype == OST_U8 && w->in.c == 1 && w->in.step_x == 1 &&
           w->out.step_x == 1 && w->in.step_y >= 0 && !w->spec->nearest &&
           w->in.step_y * w->in.h <= INT32_MAX;
}

/* ---- the whole ---- */

static void warp_pixels(const warp *w, const line *l, int64_t y, int64_t first,
                        int64_t end)
{
    for (int64_t x = first; x < end; x++)
        warp_pixel(w, l, y, x);
}

static void fill_pixels(const warp *w, int64_t y, int64_t first, int64_t end)
{
    if (w->in.dtype == OST_U8 && w->in.c == 1 && w->out.step_x == 1) {
        if (first < end)
            memset(ost_image_at(&w->out, y, first, 0), w->fill[0],
                   (size_t)(end - first));
        return;
    }
    for (int64_t x = first; x < end; x++)
        for (int64_t c = 0; c < w->out.c; c++)
            memcpy(ost_image_at(&w->out, y, x, c), w->fill, w->out.size);
}

/* What is not all inside. */
static void warp_ends(const warp *w, const line *l, int64_t y, run inside)
{
    run near = { 0, w->out.w };

    if (w->spec->border == OST_BORDER_CONSTANT) {
        near = l->near;
        fill_pixels(w, y, 0, near.first);
        fill_pixels(w, y, near.end, w->out.w);
    }
    warp_pixels(w, l, y, near.first, inside.first);
    warp_pixels(w, l, y, inside.end, near.end);
}

static void warp_band(warp *w, int64_t y, int64_t rows)
{
    line lines[BAND];

    for (int64_t k = 0; k < rows; k++) {
        line *l = &lines[k];

        aim(w, y + k, l);
        warp_ends(w, l, y + k, l->inside);
    }
    for (int64_t x = 0; x < w->out.w; x += CHUNK) {
        int64_t end = x + CHUNK;

        for (int64_t k = 0; is_plain(w) && k < rows; k += LINES)
            mix_pieces(w, w->pieces, lines + k,
                       (int)(rows - k < LINES ? rows - k : LINES), y + k, x);
        if (is_plain(w))
            continue;
        for (int64_t k = 0; k < rows; k++) {
            const run *r = &lines[k].inside;

            warp_pixels(w, &lines[k], y + k, r->first > x ? r->first : x,
                        r->end < end ? r->end : end);
        }
    }
}

static ost_rc take_memory(warp *w, ost_err *err)
{
    size_t columns = (size_t)w->out.w + CHUNK;

    w->memory = ost_try_alloc_aligned(
        columns * 2 * (sizeof(*w->x) + sizeof(*w->low_x)) + sizeof(pieces), 1);
    if (!w->memory)
        return ost_fail(err, OST_ENOMEM, "warp: no memory for %lld columns",
                        (long long)w->out.w);
    w->x = w->memory;
    w->y = w->x + columns;
    w->low_x = (int32_t *)(w->y + columns);
    w->low_y = w->low_x + columns;
    w->pieces = (pieces *)(w->low_y + columns);
    memset(w->pieces, 0, sizeof(pieces));
    memset(w->low_x, 0, 2 * columns * sizeof(*w->low_x));
    ost_warp_columns(w->spec, w->out.w, w->x, w->y);
    for (int64_t x = 0; x < w->out.w; x++) {
        w->low_x[x] = (int32_t)(uint32_t)w->x[x];
        w->low_y[x] = (int32_t)(uint32_t)w->y[x];
    }
    return OST_OK;
}

ost_rc ost_warp_check(const ost_tensor *image, const ost_warp_spec *spec,
                      const ost_tensor *warped, ost_image *in, ost_image *out,
                      ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(warped, "warped image", out, err);
    if (!rc)
        rc = ost_image_alike(in, out, err);
    if (rc || ost_image_is_empty(out))
        return rc;
    for (int i = 0; i < 6; i++)
        if (!isfinite(spec->map.m[i]))
            return ost_fail(err, OST_EINPUT, "warp: the map is not finite");
    if (ost_image_is_empty(in))
        return ost_fail(err, OST_EINPUT, "warp: the image has no pixels");
    if (in->h > MAX_SIDE || in->w > MAX_SIDE)
        return ost_fail(err, OST_EINPUT,
                        "warp: a side of %lld x %lld is above %d",
                        (long long)in->h, (long long)in->w, MAX_SIDE);
    return OST_OK;
}

/* What makes shifts to the right round. */
static int64_t half_of(const ost_warp_spec *spec)
{
    return 1 << (UNIT_BITS - 1 - (spec->nearest ? 0 : OST_PX_WARP_BITS));
}

void ost_warp_columns(const ost_warp_spec *spec, int64_t n, int64_t *x,
                      int64_t *y)
{
    const double *m = spec->map.m;

    for (int64_t i = 0; i < n; i++) {
        x[i] = fixed(m[0] * (double)i);
        y[i] = fixed(m[3] * (double)i);
    }
}

void ost_warp_row(const ost_warp_spec *spec, int64_t row, int64_t *x,
                  int64_t *y)
{
    const double *m = spec->map.m;

    *x = fixed(m[1] * (double)row + m[2]) + half_of(spec);
    *y = fixed(m[4] * (double)row + m[5]) + half_of(spec);
}

ost_rc ost_cpu_warp(const ost_tensor *image, const ost_warp_spec *spec,
                    ost_tensor *warped, ost_err *err)
{
    warp w = { .spec = spec };
    ost_rc rc = ost_warp_check(image, spec, warped, &w.in, &w.out, err);

    if (rc || ost_image_is_empty(&w.out))
        return rc;
    ost_value_put(w.in.dtype, spec->fill, w.fill);
    rc = take_memory(&w, err);
    if (rc)
        return rc;
    for (int64_t y = 0; y < w.out.h; y += BAND)
        warp_band(&w, y, w.out.h - y < BAND ? w.out.h - y : BAND);
    ost_free(w.memory);
    return OST_OK;
}
