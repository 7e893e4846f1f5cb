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
#include "kernels/cpu/wide.h"
#include "kernels/pixel.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { BLOCK = 32 };

typedef uint8_t bytes __attribute__((vector_size(BLOCK)));
typedef uint16_t words __attribute__((vector_size(2 * BLOCK)));

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
    void *memory;
} blur;

/* ---- u8 ---- */

#define INLINE static inline __attribute__((always_inline))

/* Sums of the columns of five rows, split in bytes. */
INLINE void sum_five_rows(const blur *b)
{
    const uint8_t *const *row = (const uint8_t *const *)b->rows;
    const uint8_t *r0 = row[0], *r1 = row[1], *r2 = row[2];
    const uint8_t *r3 = row[3], *r4 = row[4];
    uint16_t *high = b->high, *low = b->low;
    uint16_t w0 = (uint16_t)b->weight[0], w1 = (uint16_t)b->weight[1];
    uint16_t w2 = (uint16_t)b->weight[2];

    OST_APART
    for (int64_t x = 0; x < b->n; x++) {
        uint16_t near = (uint16_t)(r1[x] + r3[x]);
        uint16_t far = (uint16_t)(r0[x] + r4[x]);
        uint16_t sum = (uint16_t)(w0 * r2[x] + w1 * near + w2 * far);

        high[x] = sum >> 8;
        low[x] = sum & 255;
    }
}

/* One value; for what is left behind the last block. */
INLINE uint16_t sum_column(const blur *b, int64_t x)
{
    const uint8_t *const *row = (const uint8_t *const *)b->rows + b->reach;
    uint32_t sum = b->weight[0] * row[0][x];

    for (int64_t k = 1; k <= b->reach; k++)
        sum += b->weight[k] * (uint32_t)(row[-k][x] + row[k][x]);
    return (uint16_t)sum;
}

/* The same of any number of rows, in blocks. */
INLINE void sum_rows(const blur *b)
{
    const uint8_t *const *row = (const uint8_t *const *)b->rows + b->reach;
    uint16_t *high = b->high;
    uint16_t *low = b->low;
    int64_t x = 0;

    for (; x + BLOCK <= b->n; x += BLOCK) {
        words sum, part;
        bytes v;

        memcpy(&v, row[0] + x, sizeof(v));
        sum = (uint16_t)b->weight[0] * __builtin_convertvector(v, words);
        for (int64_t k = 1; k <= b->reach; k++) {
            memcpy(&v, row[-k] + x, sizeof(v));
            part = __builtin_convertvector(v, words);
            memcpy(&v, row[k] + x, sizeof(v));
            part += __builtin_convertvector(v, words);
            sum += (uint16_t)b->weight[k] * part;
        }
        part = sum >> 8;
        memcpy(high + x, &part, sizeof(part));
        part = sum & 255;
        memcpy(low + x, &part, sizeof(part));
    }
    for (; x < b->n; x++) {
        uint16_t sum = sum_column(b, x);

        high[x] = sum >> 8;
        low[x] = sum & 255;
    }
}

OST_WIDE_BODY(weigh_columns, (const blur *b))
{
    if (b->reach == 2)
        sum_five_rows(b);
    else
        sum_rows(b);
}
OST_WIDE(weigh_columns, (const blur *b), (b))

static void extend(uint16_t *row, int64_t n, int64_t lag, int64_t reach)
{
    for (int64_t i = 0; i < reach * lag; i++) {
        row[-1 - i] = row[lag - 1 - i % lag];
        row[n + i] = row[n - lag + i % lag];
    }
}

/* The extended sums, weighed along the row: five of each channel. */
INLINE void sum_five(const blur *b, int64_t lag, uint8_t *restrict out)
{
    const uint16_t *h = b->high, *l = b->low;
    uint16_t w0 = (uint16_t)b->weight[0], w1 = (uint16_t)b->weight[1];
    uint16_t w2 = (uint16_t)b->weight[2];

    OST_APART
    for (int64_t x = 0; x < b->n; x++) {
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

INLINE uint8_t sum_one(const blur *b, int64_t x)
{
    const uint16_t *h = b->high, *l = b->low;
    uint32_t a = b->weight[0] * h[x], c = b->weight[0] * l[x];

    for (int64_t k = 1; k <= b->reach; k++) {
        int64_t left = x - k * b->lag, right = x + k * b->lag;

        a += b->weight[k] * (uint32_t)(h[left] + h[right]);
        c += b->weight[k] * (uint32_t)(l[left] + l[right]);
    }
    return (uint8_t)((a + (c >> 8) + 128) >> 8);
}

INLINE void sum_any(const blur *b, uint8_t *restrict out)
{
    const uint16_t *high = b->high;
    const uint16_t *low = b->low;
    int64_t lag = b->lag;
    int64_t x = 0;

    for (; x + BLOCK <= b->n; x += BLOCK) {
        words a, c, left, right;
        bytes v;

        memcpy(&a, high + x, sizeof(a));
        memcpy(&c, low + x, sizeof(c));
        a *= (uint16_t)b->weight[0];
        c *= (uint16_t)b->weight[0];
        for (int64_t k = 1; k <= b->reach; k++) {
            uint16_t weight = (uint16_t)b->weight[k];

            memcpy(&left, high + x - k * lag, sizeof(left));
            memcpy(&right, high + x + k * lag, sizeof(right));
            a += weight * (left + right);
            memcpy(&left, low + x - k * lag, sizeof(left));
            memcpy(&right, low + x + k * lag, sizeof(right));
            c += weight * (left + right);
        }
        a = (a + (c >> 8) + 128) >> 8;
        v = __builtin_convertvector(a, bytes);
        memcpy(out + x, &v, sizeof(v));
    }
    for (; x < b->n; x++)
        out[x] = sum_one(b, x);
}

OST_WIDE_BODY(weigh_row, (const blur *b, uint8_t *restrict out))
{
    if (b->reach != 2)
        sum_any(b, out);
    else if (b->lag == 1)
        sum_five(b, 1, out);
    else
        sum_five(b, b->lag, out);
}
OST_WIDE(weigh_row, (const blur *b, uint8_t *restrict out), (b, out))

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
static void round_weights(const blur *b, int64_t reach, const double *weight,
                          uint32_t one)
{
    double left = 0.0;
    uint32_t sum = 0;

    memset(b->weight, 0, (size_t)(b->reach + 1) * sizeof(*b->weight));
    for (int64_t k = reach; k > 0; k--) {
        double exact = weight[k] * (double)one + left;

        b->weight[k] = (uint32_t)rint(exact);
        left = exact - (double)b->weight[k];
        sum += 2 * b->weight[k];
    }
    b->weight[0] = one - sum;
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

    b->memory =
        ost_try_alloc_aligned(taps * (sizeof(*b->weight) + sizeof(*b->rows)) +
                                  2 * sums * sizeof(uint32_t) + row + packed,
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

    b.reach = reach < 2 ? 2 : reach; /* five have a loop of their own */
    rc = take_memory(&b, err);
    if (rc)
        return rc;
    round_weights(&b, reach, weight, small ? 1u << 8 : 1u << 16);
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
