/* stages/picture_hash.c - by which equal and similar pictures are found */
#include "stages/picture_hash.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { SMALL = 32, LOW = 8, MOST_LOW = 16 };

/* --- equal --------------------------------------------------------------- */

ost_digest ost_picture_digest(const ost_tensor *t)
{
    size_t size = ost_dtype_size(t->dtype);
    int64_t side[3] = { 1, 1, 1 }, step[3] = { 0 };
    ost_buf bytes = { 0 };
    ost_digest d;

    for (int k = 0; k < t->ndim; k++) {
        side[3 - t->ndim + k] = t->shape[k];
        step[3 - t->ndim + k] = t->stride[k];
    }
    ost_buf_u8(&bytes, (uint8_t)t->dtype);
    ost_buf_u8(&bytes, (uint8_t)t->ndim);
    for (int k = 0; k < t->ndim; k++)
        ost_buf_u64(&bytes, (uint64_t)t->shape[k]);
    for (int64_t i = 0; i < side[0]; i++)
        for (int64_t j = 0; j < side[1]; j++) {
            const unsigned char *row =
                (const unsigned char *)t->data +
                (size_t)(i * step[0] + j * step[1]) * size;

            if (step[2] == 1)
                ost_buf_add(&bytes, row, (size_t)side[2] * size);
            for (int64_t k = 0; step[2] != 1 && k < side[2]; k++)
                ost_buf_add(&bytes, row + (size_t)(k * step[2]) * size, size);
        }
    d = ost_digest_of(bytes.data, bytes.len);
    ost_buf_release(&bytes);
    return d;
}

/* --- small --------------------------------------------------------------- */

static double value_at(const ost_tensor *t, int64_t at)
{
    float f;

    if (t->dtype == OST_U8)
        return ((const uint8_t *)t->data)[at];
    if (t->dtype == OST_U16)
        return ((const uint16_t *)t->data)[at];
    f = ((const float *)t->data)[at];
    return isfinite(f) ? (double)f : 0.0;
}

/* Where the area `i` of `n` begins; each has one pixel or more. */
static int64_t border(int64_t i, int64_t n, int64_t side)
{
    int64_t at = i * side / n;

    return at < side ? at : side - 1;
}

typedef struct {
    const ost_tensor *t;
    int64_t planes, height, width; /* sides */
    int64_t plane_step, row, step; /* elements from one to the next */
} picture;

static picture picture_of(const ost_tensor *t, bool frames)
{
    picture p = { .t = t, .planes = 1 };
    int first = frames ? 1 : 0;

    if (t->ndim == 3) {
        p.planes = t->shape[frames ? 0 : 2];
        p.plane_step = t->stride[frames ? 0 : 2];
    }
    p.height = t->shape[first];
    p.width = t->shape[first + 1];
    p.row = t->stride[first];
    p.step = t->stride[first + 1];
    return p;
}

static double area_mean(const picture *p, const int64_t from[2],
                        const int64_t to[2])
{
    double sum = 0.0;

    for (int64_t y = from[0]; y < to[0]; y++)
        for (int64_t x = from[1]; x < to[1]; x++)
            for (int64_t k = 0; k < p->planes; k++)
                sum += value_at(p->t,
                                y * p->row + x * p->step + k * p->plane_step);
    return sum / (double)((to[0] - from[0]) * (to[1] - from[1]));
}

/* Means of rows x cols areas. */
static void shrink(const ost_tensor *t, bool frames, int64_t rows, int64_t cols,
                   double *out)
{
    picture p = picture_of(t, frames);

    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) {
            int64_t from[2] = { border(i, rows, p.height),
                                border(j, cols, p.width) };
            int64_t to[2] = { (i + 1) * p.height / rows,
                              (j + 1) * p.width / cols };

            for (int k = 0; k < 2; k++)
                to[k] = to[k] > from[k] ? to[k] : from[k] + 1;
            out[i * cols + j] = area_mean(&p, from, to);
        }
}

/* Adds up what part of each pixel lies in each of SMALL areas of a line, as
 * wide as they are, whatever the number of pixels. */
static void add_line(const picture *p, int64_t y, double *areas)
{
    double wide = (double)p->width / SMALL;

    for (int j = 0; j < SMALL; j++) {
        double from = j * wide, to = (j + 1) * wide, sum = 0.0;

        for (int64_t x = (int64_t)from; x < p->width && (double)x < to; x++) {
            double left = (double)x > from ? (double)x : from;
            double right = (double)(x + 1) < to ? (double)(x + 1) : to;
            double value = 0.0;

            for (int64_t k = 0; k < p->planes; k++)
                value += value_at(p->t,
                                  y * p->row + x * p->step + k * p->plane_step);
            sum += value * (right - left);
        }
        areas[j] = sum;
    }
}

/* Means of SMALL x SMALL areas of equal size, which cut through pixels: they
 * stay the same when a picture is resized. */
static void shrink_evenly(const ost_tensor *t, bool frames, double *out)
{
    picture p = picture_of(t, frames);
    double high = (double)p.height / SMALL;
    double line[SMALL];

    memset(out, 0, sizeof(*out) * SMALL * SMALL);
    for (int64_t y = 0; y < p.height; y++) {
        add_line(&p, y, line);
        for (int i = (int)((double)y / high); i < SMALL; i++) {
            double top = (double)y > i * high ? (double)y : i * high;
            double bottom = (double)(y + 1) < (i + 1) * high ? (double)(y + 1)
                                                             : (i + 1) * high;

            if (i * high >= (double)(y + 1))
                break;
            for (int j = 0; j < SMALL && bottom > top; j++)
                out[i * SMALL + j] += line[j] * (bottom - top);
        }
    }
}

/* --- similar ------------------------------------------------------------- */

uint64_t ost_picture_dhash(const ost_tensor *t, bool frames)
{
    double v[LOW * (LOW + 1)];
    uint64_t hash = 0;

    if (ost_tensor_count(t) == 0)
        return 0;
    shrink(t, frames, LOW, LOW + 1, v);
    for (int i = 0; i < LOW; i++)
        for (int j = 0; j < LOW; j++)
            hash =
                hash << 1 | (v[i * (LOW + 1) + j] > v[i * (LOW + 1) + j + 1]);
    return hash;
}

/* The areas as whole numbers from 0 to 65535, whatever the range of pixels. */
static void to_whole(const double *v, int64_t whole[SMALL * SMALL])
{
    double lowest = v[0], highest = v[0];

    for (int i = 1; i < SMALL * SMALL; i++) {
        lowest = v[i] < lowest ? v[i] : lowest;
        highest = v[i] > highest ? v[i] : highest;
    }
    for (int i = 0; i < SMALL * SMALL; i++)
        whole[i] = highest > lowest
                       ? llround((v[i] - lowest) / (highest - lowest) * 65535.0)
                       : 0;
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The `low` x `low` lowest frequencies, in whole numbers: cosines times 2^14.
 */
static void frequencies(const int64_t *v, int low, int64_t *out)
{
    int64_t wave[MOST_LOW][SMALL], half[MOST_LOW][SMALL];

    for (int k = 0; k < low; k++)
        for (int x = 0; x < SMALL; x++)
            wave[k][x] = llround(
                16384.0 * cos(acos(-1.0) * k * (2 * x + 1) / (2.0 * SMALL)));
    for (int k = 0; k < low; k++)
        for (int y = 0; y < SMALL; y++) {
            half[k][y] = 0;
            for (int x = 0; x < SMALL; x++)
                half[k][y] += v[y * SMALL + x] * wave[k][x];
        }
    for (int i = 0; i < low; i++)
        for (int k = 0; k < low; k++) {
            int64_t sum = 0;

            for (int y = 0; y < SMALL; y++)
                sum += half[k][y] * wave[i][y];
            out[i * low + k] = sum;
        }
}

/* Which of the lowest frequencies are above the median of all but the first. */
static void high_ones(const double *v, int low, bool *high)
{
    int64_t whole[SMALL * SMALL], f[MOST_LOW * MOST_LOW],
        sorted[MOST_LOW * MOST_LOW];
    int n = low * low;

    to_whole(v, whole);
    frequencies(whole, low, f);
    memcpy(sorted, f + 1, (size_t)(n - 1) * sizeof(*sorted));
    qsort(sorted, (size_t)n - 1, sizeof(*sorted), compare_numbers);
    for (int i = 0; i < n; i++)
        high[i] = f[i] > sorted[(n - 1) / 2];
}

uint64_t ost_picture_phash(const ost_tensor *t, bool frames)
{
    bool high[LOW * LOW];
    uint64_t hash = 0;
    double *v;

    if (ost_tensor_count(t) == 0)
        return 0;
    v = ost_xalloc(sizeof(*v) * SMALL * SMALL);
    shrink(t, frames, SMALL, SMALL, v);
    high_ones(v, LOW, high);
    ost_free(v);
    for (int i = 0; i < LOW * LOW; i++)
        hash = hash << 1 | high[i];
    return hash;
}

ost_wide_hash ost_picture_wide_hash(const ost_tensor *t, bool frames)
{
    bool high[MOST_LOW * MOST_LOW];
    ost_wide_hash hash = { { 0 } };
    double *v;

    if (ost_tensor_count(t) == 0)
        return hash;
    v = ost_xalloc(sizeof(*v) * SMALL * SMALL);
    shrink_evenly(t, frames, v);
    high_ones(v, MOST_LOW, high);
    ost_free(v);
    for (int i = 0; i < MOST_LOW * MOST_LOW; i++)
        hash.w[i / 64] |= (uint64_t)high[i] << (i % 64);
    return hash;
}
