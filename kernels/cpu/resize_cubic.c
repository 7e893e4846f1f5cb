/* kernels/cpu/resize_cubic.c - change the size of an image by cubic curves
 *
 * Each output pixel is a weighted sum of the 4 x 4 pixels around it, with the
 * weights of cubic convolution (a = -0.75), edges repeated.  u8 runs in whole
 * numbers with 11 bits for a weight, everything else in single precision; what
 * the curve makes of steps is cut off where the type ends.  Where the taps of
 * eight neighbors in a row of u8 lie within 16 pixels, the processor picks them
 * from these in one instruction.
 *
 * R. Keys, "Cubic convolution interpolation for digital image processing",
 * IEEE Transactions on Acoustics, Speech, and Signal Processing 29(6), 1981.
 */
#include "kernels/cpu/resize_cubic.h"

#include "base/alloc.h"
#include "kernels/cpu/resize_axis.h"
#include "kernels/cpu/wide.h"
#include "kernels/pixel.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { TAPS = OST_CUBIC_TAPS, GROUP = 8, REACH = 16 };

typedef ost_cubic_taps taps;

/* Eight outputs: which of the REACH pixels from `at` on they take as their
 * first and second tap, and as the others. */
typedef struct group {
    int16_t weight[2][2 * GROUP];
    uint8_t pick[2][2 * GROUP];
    int32_t at;
} group;

/* Rows may be read REACH bytes from any of their groups' places on. */
static bool is_plain(const ost_image *in)
{
    return in->step_x == 1 && in->w >= REACH;
}

static bool fill_groups(const ost_image *in, int64_t n, const taps *along,
                        group *groups)
{
    int64_t most = is_plain(in) ? in->w - REACH : INT32_MAX;

    for (int64_t x = 0; x < n; x++) {
        group *g = &groups[x / GROUP];
        int64_t i = x % GROUP;

        if (i == 0) {
            memset(g, 0, sizeof(*g));
            g->at = (int32_t)(along[x].at[0] < most ? along[x].at[0] : most);
        }
        for (int k = 0; k < TAPS; k++) {
            int64_t beyond = along[x].at[k] - g->at;

            if (beyond >= REACH)
                return false;
            g->pick[k / 2][2 * i + k % 2] = (uint8_t)beyond;
            g->weight[k / 2][2 * i + k % 2] = (int16_t)along[x].fixed[k];
        }
    }
    return true;
}

static void weigh_taps(const uint8_t *row, int64_t n, const taps *along,
                       int32_t *sum)
{
    for (int64_t x = 0; x < n; x++) {
        const taps *t = &along[x];

        sum[x] = 0;
        for (int k = 0; k < TAPS; k++)
            sum[x] += row[t->at[k]] * t->fixed[k];
    }
}

#ifdef __x86_64__
typedef char sixteen __attribute__((vector_size(16)));
typedef uint8_t sixteen_bytes __attribute__((vector_size(16)));
typedef short pairs __attribute__((vector_size(32)));
typedef int eight __attribute__((vector_size(32)));

__attribute__((target("avx2"))) static void
weigh_groups(const uint8_t *row, int64_t n, const group *g, int32_t *sum)
{
    for (int64_t x = 0; x < n; x += GROUP, g++) {
        sixteen pixels, picked[2];
        pairs weight[2];
        eight sums;

        memcpy(&pixels, row + g->at, sizeof(pixels));
        memcpy(picked, g->pick, sizeof(picked));
        memcpy(weight, g->weight, sizeof(weight));
        picked[0] = __builtin_ia32_pshufb128(pixels, picked[0]);
        picked[1] = __builtin_ia32_pshufb128(pixels, picked[1]);
        sums = __builtin_ia32_pmaddwd256(
                   __builtin_convertvector((sixteen_bytes)picked[0], pairs),
                   weight[0]) +
               __builtin_ia32_pmaddwd256(
                   __builtin_convertvector((sixteen_bytes)picked[1], pairs),
                   weight[1]);
        memcpy(sum + x, &sums, sizeof(sums));
    }
}
#endif

/* `copied` has room for a row without gaps and REACH more. */
static void fixed_row(const ost_image *in, int64_t y, int64_t c, int64_t w,
                      const taps *along, const group *groups, uint8_t *copied,
                      int32_t *sum)
{
    const uint8_t *p = ost_image_at(in, y, 0, c);

    if (!is_plain(in)) {
        for (int64_t x = 0; x < in->w; x++)
            copied[x] = p[x * in->step_x];
        p = copied;
    }
#ifdef __x86_64__
    if (groups) {
        weigh_groups(p, w, groups, sum);
        return;
    }
#endif
    weigh_taps(p, w, along, sum);
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

OST_WIDE_BODY(weigh_columns, (int64_t n, const int32_t *const *sum,
                              const int32_t *weight, uint8_t *to))
{
    const int32_t *a = sum[0], *b = sum[1], *c = sum[2], *d = sum[3];
    const int32_t by[TAPS] = { weight[0], weight[1], weight[2], weight[3] };

    OST_APART
    for (int64_t x = 0; x < n; x++)
        to[x] = ost_px_cubic_u8(a[x], b[x], c[x], d[x], by);
}
OST_WIDE(weigh_columns,
         (int64_t n, const int32_t *const *sum, const int32_t *weight,
          uint8_t *to),
         (n, sum, weight, to))

/* `made` has room for a row. */
static void fixed_columns(const ost_image *out, int64_t y, int64_t c,
                          const int32_t *const *sum, const int32_t *weight,
                          uint8_t *made)
{
    uint8_t *p = ost_image_at(out, y, 0, c);

    weigh_columns(out->w, sum, weight, out->step_x == 1 ? p : made);
    for (int64_t x = 0; out->step_x != 1 && x < out->w; x++)
        p[x * out->step_x] = made[x];
}

/* Rows that were convolved along x are kept in a ring of four. */
typedef struct ring {
    int64_t kept[TAPS]; /* the input row in each place, or -1 */
    float *rows;        /* of int32_t for u8 */
    int64_t step;       /* from place to place: whole groups */
    float *row;         /* an input row */
    float *sum;
    group *groups; /* NULL where they do not reach */
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
            float *place = r->rows + v % TAPS * r->step;

            part[k] = place;
            whole[k] = (const int32_t *)place;
            if (r->kept[v % TAPS] == v)
                continue;
            r->kept[v % TAPS] = v;
            if (fixed)
                fixed_row(in, v, c, out->w, along, r->groups, (uint8_t *)r->row,
                          (int32_t *)place);
            else
                float_row(in, v, c, out->w, along, r->row, place);
        }
        if (fixed) {
            fixed_columns(out, y, c, whole, t->fixed, (uint8_t *)r->sum);
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
    size_t n = (w + GROUP - 1) / GROUP;
    float *memory = ost_try_alloc(
        (TAPS + 1) * n * GROUP + (size_t)in->w + REACH, sizeof(float));
    group *groups = ost_try_alloc(n, sizeof(*groups));
    ring r = { .rows = memory, .step = (int64_t)n * GROUP };
    ost_rc rc = OST_OK;

    if (!down || !along || !memory || !groups) {
        rc = ost_fail(err, OST_ENOMEM, "resize: no memory for %lld x %lld",
                      (long long)out->h, (long long)out->w);
        goto out;
    }
    r.sum = memory + TAPS * r.step;
    r.row = r.sum + r.step;
    for (int64_t y = 0; y < out->h; y++)
        ost_cubic_fill(&down[y], y, in->h, out->h);
    for (int64_t x = 0; x < out->w; x++)
        ost_cubic_fill(&along[x], x, in->w, out->w);
    if (in->dtype == OST_U8 && ost_cpu_width() != OST_WIDTH_ANY &&
        fill_groups(in, out->w, along, groups))
        r.groups = groups;
    for (int64_t c = 0; c < in->c; c++)
        cubic_channel(in, out, c, down, along, &r);
out:
    ost_free(groups);
    ost_free(memory);
    ost_free(along);
    ost_free(down);
    return rc;
}
