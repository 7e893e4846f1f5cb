/* kernels/cpu/blur_fixed.c - Gaussian blur of integers, in fixed point
 *
 * Columns are weighed first, straight from the rows of the image, then the sums
 * along the row.  As nothing is rounded in between, the order is free.
 *
 * For u8 all is done in 16 bits.  A sum s of a column has 8 bits before and 8
 * behind the point, and T, the weighted sum of such, 8 and 16: with A the
 * weighted sum of the high bytes of s and B that of the low ones, T is 256 A +
 * B, and the rounded result (T + 2^15) >> 16 is (A + (B >> 8) + 128) >> 8, as
 * what is cut off of B is less than one unit of A.  A and B fit 16 bits,
 * because the weights add up to 256.
 */
#include "kernels/cpu/blur_fixed.h"

#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/wide.h"
#include "kernels/pixel.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

typedef struct blur {
    const ost_image *in;
    const ost_image *out;
    int64_t reach;
    int64_t n;             /* values in a row: width x channels */
    int64_t lag;           /* from a value to its right neighbor: channels */
    uint32_t *weight;      /* from the center outwards */
    const void **rows;     /* of the image, around the one that is made */
    unsigned char *packed; /* the image without gaps, if it has some */
    unsigned char *row;    /* a row of the result, likewise */
    void *high;            /* sums of columns; room for what lies around them */
    void *low;
    uint16_t *sum; /* two rows of u8's */
    void *memory;
} blur;

/* ---- u8 ---- */

#define INLINE static inline __attribute__((always_inline))

/* Sums of the columns of the five rows in the middle; all in one, split in
 * bytes, where there are no others. */
INLINE void sum_five_rows(const blur *b, bool split)
{
    const int64_t n = b->n;
    const uint8_t *const *row = (const uint8_t *const *)b->rows + b->reach;
    const uint8_t *r0 = row[-2], *r1 = row[-1], *r2 = row[0];
    const uint8_t *r3 = row[1], *r4 = row[2];
    uint16_t *high = b->high, *low = b->low;
    uint16_t w0 = (uint16_t)b->weight[0], w1 = (uint16_t)b->weight[1];
    uint16_t w2 = (uint16_t)b->weight[2];

    OST_APART
    for (int64_t x = 0; x < n; x++) {
        uint16_t near = (uint16_t)(r1[x] + r3[x]);
        uint16_t far = (uint16_t)(r0[x] + r4[x]);
        uint16_t sum = (uint16_t)(w0 * r2[x] + w1 * near + w2 * far);

        high[x] = split ? sum >> 8 : sum;
        if (split)
            low[x] = sum & 255;
    }
}

/* Adds the rows k and k + 1 away. */
INLINE void add_rows(const blur *b, int64_t k, uint16_t *sum)
{
    const int64_t n = b->n;
    const uint8_t *const *row = (const uint8_t *const *)b->rows + b->reach;
    const uint8_t *r0 = row[-k - 1], *r1 = row[-k], *r3 = row[k];
    const uint8_t *r4 = row[k + 1];
    uint16_t w1 = (uint16_t)b->weight[k], w2 = (uint16_t)b->weight[k + 1];

    OST_APART
    for (int64_t x = 0; x < n; x++) {
        uint16_t near = (uint16_t)(r1[x] + r3[x]);
        uint16_t far = (uint16_t)(r0[x] + r4[x]);

        sum[x] = (uint16_t)(sum[x] + w1 * near + w2 * far);
    }
}

/* Sums of columns, split in bytes. */
OST_WIDE_BODY(weigh_columns, (const blur *b))
{
    const int64_t n = b->n;
    uint16_t *high = b->high, *low = b->low;

    if (b->reach == 2) {
        sum_five_rows(b, true);
        return;
    }
    sum_five_rows(b, false);
    for (int64_t k = 3; k < b->reach; k += 2)
        add_rows(b, k, high);
    OST_APART
    for (int64_t x = 0; x < n; x++) {
        low[x] = high[x] & 255;
        high[x] = high[x] >> 8;
    }
}
OST_WIDE(weigh_columns, (const blur *b), (b))

static void extend(uint16_t *row, int64_t n, int64_t lag, int64_t reach)
{
    for (int64_t i = 0; i < reach * lag; i++) {
        row[-1 - i] = row[lag - 1 - i % lag];
        row[n + i] = row[n - lag + i % lag];
    }
}

/* The extended sums, weighed along the row: the five in the middle. */
INLINE void sum_five(const blur *b, int64_t lag, const uint16_t *v,
                     uint16_t *sum)
{
    const int64_t n = b->n;
    uint16_t w0 = (uint16_t)b->weight[0], w1 = (uint16_t)b->weight[1];
    uint16_t w2 = (uint16_t)b->weight[2];

    OST_APART
    for (int64_t x = 0; x < n; x++) {
        uint16_t near = (uint16_t)(v[x - lag] + v[x + lag]);
        uint16_t far = (uint16_t)(v[x - 2 * lag] + v[x + 2 * lag]);

        sum[x] = (uint16_t)(w0 * v[x] + w1 * near + w2 * far);
    }
}

/* Adds what is k and k + 1 away. */
INLINE void add_pairs(const blur *b, int64_t k, const uint16_t *v,
                      uint16_t *sum)
{
    const int64_t n = b->n;
    const uint16_t *left = v - k * b->lag, *right = v + k * b->lag;
    const uint16_t *lefter = left - b->lag, *righter = right + b->lag;
    uint16_t w1 = (uint16_t)b->weight[k], w2 = (uint16_t)b->weight[k + 1];

    OST_APART
    for (int64_t x = 0; x < n; x++) {
        uint16_t near = (uint16_t)(left[x] + right[x]);
        uint16_t far = (uint16_t)(lefter[x] + righter[x]);

        sum[x] = (uint16_t)(sum[x] + w1 * near + w2 * far);
    }
}

/* All in one for five: the sums are nowhere stored. */
INLINE void finish_five(const blur *b, int64_t lag, uint8_t *out)
{
    const int64_t n = b->n;
    const uint16_t *h = b->high, *l = b->low;
    uint16_t w0 = (uint16_t)b->weight[0], w1 = (uint16_t)b->weight[1];
    uint16_t w2 = (uint16_t)b->weight[2];

    OST_APART
    for (int64_t x = 0; x < n; x++) {
        uint16_t near = (uint16_t)(h[x - lag] + h[x + lag]);
        uint16_t far = (uint16_t)(h[x - 2 * lag] + h[x + 2 * lag]);
        uint16_t a = (uint16_t)(w0 * h[x] + w1 * near + w2 * far);
        uint16_t c;

        near = (uint16_t)(l[x - lag] + l[x + lag]);
        far = (uint16_t)(l[x - 2 * lag] + l[x + 2 * lag]);
        c = (uint16_t)(w0 * l[x] + w1 * near + w2 * far);
        out[x] = (uint8_t)((uint16_t)(a + (c >> 8) + 128) >> 8);
    }
}

OST_WIDE_BODY(weigh_row, (const blur *b, uint8_t *out))
{
    const int64_t n = b->n;
    const uint16_t *h = b->high, *l = b->low;
    uint16_t *a = b->sum, *c = b->sum + n;

    if (b->reach == 2) {
        if (b->lag == 1)
            finish_five(b, 1, out);
        else
            finish_five(b, b->lag, out);
        return;
    }
    sum_five(b, b->lag, h, a);
    sum_five(b, b->lag, l, c);
    for (int64_t k = 3; k < b->reach; k += 2) {
        add_pairs(b, k, h, a);
        add_pairs(b, k, l, c);
    }
    OST_APART
    for (int64_t x = 0; x < n; x++)
        out[x] = (uint8_t)((uint16_t)(a[x] + (c[x] >> 8) + 128) >> 8);
}
OST_WIDE(weigh_row, (const blur *b, uint8_t *out), (b, out))

static void blur_row_u8(const blur *b, void *out)
{
    weigh_columns(b);
    extend(b->high, b->n, b->lag, b->reach);
    extend(b->low, b->n, b->lag, b->reach);
    weigh_row(b, out);
}

/* ---- u16 ---- */

/* Here sums have 16 bits before and 16 or 32 behind the point. */
static void blur_row_u16(const blur *b, void *out)
{
    const uint16_t *const *row = (const uint16_t *const *)b->rows + b->reach;
    uint32_t *sum = b->high;
    uint16_t *to = out;

    for (int64_t x = 0; x < b->n; x++)
        sum[x] = b->weight[0] * row[0][x];
    for (int64_t k = 1; k <= b->reach; k++)
        for (int64_t x = 0; x < b->n; x++)
            sum[x] += b->weight[k] * ((uint32_t)row[-k][x] + row[k][x]);
    for (int64_t i = 0; i < b->reach * b->lag; i++) {
        sum[-1 - i] = sum[b->lag - 1 - i % b->lag];
        sum[b->n + i] = sum[b->n - b->lag + i % b->lag];
    }
    for (int64_t x = 0; x < b->n; x++) {
        uint64_t total = (uint64_t)b->weight[0] * sum[x];

        for (int64_t k = 1; k <= b->reach; k++)
            total += b->weight[k] *
                     ((uint64_t)sum[x - k * b->lag] + sum[x + k * b->lag]);
        to[x] = (uint16_t)((total + (1u << 31)) >> 32);
    }
}

/* ---- the whole ---- */

/* From the rim inwards each weight is rounded together with what rounding has
 * left before; the center gets what is missing to 1. */
void ost_blur_round(const double *weight, int64_t reach, uint32_t one,
                    uint32_t *rounded)
{
    double left = 0.0;
    uint32_t sum = 0;

    for (int64_t k = reach; k > 0; k--) {
        double exact = weight[k] * (double)one + left;

        rounded[k] = (uint32_t)rint(exact);
        left = exact - (double)rounded[k];
        sum += 2 * rounded[k];
    }
    rounded[0] = one - sum;
}

static bool is_packed(const ost_image *image)
{
    return image->step_x == image->c && (image->c == 1 || image->step_c == 1);
}

static ost_rc take_memory(blur *b, ost_err *err)
{
    size_t taps = 2 * (size_t)b->reach + 1, size = b->in->size;
    size_t sums = (size_t)(b->n + 2 * b->reach * b->lag);
    size_t row = ((size_t)b->n * size + 7) / 8 * 8;
    size_t packed = is_packed(b->in) ? 0 : (size_t)(b->in->h * b->n) * size;
    unsigned char *p;

    b->memory = ost_try_alloc_aligned(
        taps * (sizeof(*b->weight) + sizeof(*b->rows)) +
            2 * sums * sizeof(uint32_t) + 2 * (size_t)b->n * sizeof(*b->sum) +
            row + packed,
        1);
    if (!b->memory)
        return ost_fail(err, OST_ENOMEM, "blur: no memory for %lld x %lld",
                        (long long)b->in->h, (long long)b->in->w);
    p = b->memory;
    b->rows = (const void **)p;
    p += taps * sizeof(*b->rows);
    b->high = (uint32_t *)p + b->reach * b->lag;
    p += sums * sizeof(uint32_t);
    b->low = (uint32_t *)p + b->reach * b->lag;
    p += sums * sizeof(uint32_t);
    b->weight = (uint32_t *)p;
    p += taps * sizeof(*b->weight);
    b->row = p;
    p += row;
    b->sum = (uint16_t *)p;
    p += 2 * (size_t)b->n * sizeof(*b->sum);
    b->packed = packed ? p : NULL;
    return OST_OK;
}

static void copy_row(const ost_image *image, int64_t y, unsigned char *plain,
                     bool to_plain)
{
    for (int64_t x = 0; x < image->w; x++)
        for (int64_t c = 0; c < image->c; c++, plain += image->size) {
            void *value = ost_image_at(image, y, x, c);

            memcpy(to_plain ? (void *)plain : value,
                   to_plain ? value : (void *)plain, image->size);
        }
}

static const void *row_of(const blur *b, int64_t y)
{
    y = ost_px_clamp(y, 0, b->in->h - 1);
    return b->packed ? b->packed + (size_t)(y * b->n) * b->in->size
                     : ost_image_at(b->in, y, 0, 0);
}

ost_rc ost_blur_fixed(const ost_image *in, const ost_image *out, int64_t reach,
                      const double *weight, ost_err *err)
{
    blur b = { .in = in, .out = out, .n = in->w * in->c, .lag = in->c };
    bool small = in->dtype == OST_U8;
    ost_rc rc;

    b.reach = (reach + 1) / 2 * 2; /* two on each side at a time */
    rc = take_memory(&b, err);
    if (rc)
        return rc;
    memset(b.weight, 0, (size_t)(b.reach + 1) * sizeof(*b.weight));
    ost_blur_round(weight, reach, small ? 1u << 8 : 1u << 16, b.weight);
    for (int64_t y = 0; b.packed && y < in->h; y++)
        copy_row(in, y, b.packed + (size_t)(y * b.n) * in->size, true);
    for (int64_t y = 0; y < in->h; y++) {
        void *to = is_packed(out) ? ost_image_at(out, y, 0, 0) : b.row;

        for (int64_t k = -b.reach; k <= b.reach; k++)
            b.rows[b.reach + k] = row_of(&b, y + k);
        if (small)
            blur_row_u8(&b, to);
        else
            blur_row_u16(&b, to);
        if (to == b.row)
            copy_row(out, y, b.row, false);
    }
    ost_free(b.memory);
    return OST_OK;
}
