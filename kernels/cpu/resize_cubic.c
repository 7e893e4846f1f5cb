/* kernels/cpu/resize_cubic.c - change the size of an image by cubic curves
 *
 * Each output pixel is a weighted sum of the 4 x 4 pixels around it, with the
 * weights of cubic convolution (a = -0.75), edges repeated.  u8 runs in whole
 * numbers with 11 bits for a weight, everything else in single precision; what
 * the curve makes of steps is cut off where the type ends.
 *
 * R. Keys, "Cubic convolution interpolation for digital image processing",
 * IEEE Transactions on Acoustics, Speech, and Signal Processing 29(6), 1981.
 */
#include "kernels/cpu/resize_cubic.h"

#include "base/alloc.h"
#include "kernels/pixel.h"

#include <math.h>

#include "base/banned.h"

enum { TAPS = 4, BITS = 11 };

/* What the four taps of an output position take and how they weigh. */
typedef struct taps {
    int64_t at[TAPS];
    float weight[TAPS];
    int32_t fixed[TAPS]; /* weight in units of 2^-11 */
} taps;

static void fill_taps(taps *t, int64_t i, int64_t from, int64_t to)
{
    const float a = -0.75f;
    double scale = 1.0 / ((double)to / (double)from);
    float x = (float)(((double)i + 0.5) * scale - 0.5);
    int64_t first = (int64_t)floorf(x) - 1;
    float *w = t->weight, y;

    x -= floorf(x);
    y = 1.0f - x;
    w[0] = ((a * (x + 1.0f) - 5.0f * a) * (x + 1.0f) + 8.0f * a) * (x + 1.0f) -
           4.0f * a;
    w[1] = ((a + 2.0f) * x - (a + 3.0f)) * x * x + 1.0f;
    w[2] = ((a + 2.0f) * y - (a + 3.0f)) * y * y + 1.0f;
    w[3] = 1.0f - w[0] - w[1] - w[2];
    for (int k = 0; k < TAPS; k++) {
        t->at[k] = ost_px_clamp(first + k, 0, from - 1);
        t->fixed[k] = (int32_t)rintf(w[k] * (float)(1 << BITS));
    }
}

static void fixed_row(const ost_image *in, int64_t y, int64_t c, int64_t w,
                      const taps *along, int32_t *sum)
{
    const uint8_t *p = ost_image_at(in, y, 0, c);

    for (int64_t x = 0; x < w; x++) {
        const taps *t = &along[x];

        sum[x] = 0;
        for (int k = 0; k < TAPS; k++)
            sum[x] += p[t->at[k] * in->step_x] * t->fixed[k];
    }
}

static void float_row(const ost_image *in, int64_t y, int64_t c, int64_t w,
                      const taps *along, float *row, float *sum)
{
    ost_row_get(in, y, c, row);
    for (int64_t x = 0; x < w; x++) {
        const taps *t = &along[x];

        sum[x] = row[t->at[0]] * t->weight[0] + row[t->at[1]] * t->weight[1] +
                 row[t->at[2]] * t->weight[2] + row[t->at[3]] * t->weight[3];
    }
}

static void fixed_columns(const ost_image *out, int64_t y, int64_t c,
                          const int32_t *const *sum, const int32_t *weight)
{
    uint8_t *p = ost_image_at(out, y, 0, c);

    for (int64_t x = 0; x < out->w; x++)
        p[x * out->step_x] =
            ost_px_cubic_u8(sum[0][x], sum[1][x], sum[2][x], sum[3][x], weight);
}

/* Rows that were convolved along x are kept in a ring of four. */
typedef struct ring {
    int64_t kept[TAPS]; /* the input row in each place, or -1 */
    float *rows;        /* of int32_t for u8 */
    float *row;         /* an input row */
    float *sum;
} ring;

static void cubic_channel(const ost_image *in, const ost_image *out, int64_t c,
                          const taps *down, const taps *along, ring *r)
{
    bool fixed = in->dtype == OST_U8;
    const int32_t *whole[TAPS];
    const float *part[TAPS];

    for (int k = 0; k < TAPS; k++)
        r->kept[k] = -1;
    for (int64_t y = 0; y < out->h; y++) {
        const taps *t = &down[y];

        for (int k = 0; k < TAPS; k++) {
            int64_t v = t->at[k];
            float *place = r->rows + v % TAPS * out->w;

            part[k] = place;
            whole[k] = (const int32_t *)place;
            if (r->kept[v % TAPS] == v)
                continue;
            r->kept[v % TAPS] = v;
            if (fixed)
                fixed_row(in, v, c, out->w, along, (int32_t *)place);
            else
                float_row(in, v, c, out->w, along, r->row, place);
        }
        if (fixed) {
            fixed_columns(out, y, c, whole, t->fixed);
            continue;
        }
        for (int64_t x = 0; x < out->w; x++)
            r->sum[x] = part[0][x] * t->weight[0] + part[1][x] * t->weight[1] +
                        part[2][x] * t->weight[2] + part[3][x] * t->weight[3];
        ost_row_put(out, y, c, r->sum);
    }
}

ost_rc ost_resize_cubic(const ost_image *in, const ost_image *out, ost_err *err)
{
    size_t w = (size_t)out->w, h = (size_t)out->h;
    taps *down = ost_try_alloc(h, sizeof(*down));
    taps *along = ost_try_alloc(w, sizeof(*along));
    float *memory =
        ost_try_alloc((TAPS + 1) * w + (size_t)in->w, sizeof(float));
    ring r = { .rows = memory };
    ost_rc rc = OST_OK;

    if (!down || !along || !memory) {
        rc = ost_fail(err, OST_ENOMEM, "resize: no memory for %lld x %lld",
                      (long long)out->h, (long long)out->w);
        goto out;
    }
    r.sum = memory + TAPS * w;
    r.row = r.sum + w;
    for (int64_t y = 0; y < out->h; y++)
        fill_taps(&down[y], y, in->h, out->h);
    for (int64_t x = 0; x < out->w; x++)
        fill_taps(&along[x], x, in->w, out->w);
    for (int64_t c = 0; c < in->c; c++)
        cubic_channel(in, out, c, down, along, &r);
out:
    ost_free(memory);
    ost_free(along);
    ost_free(down);
    return rc;
}
