/* stages/picture_hash.c - by which equal and similar pictures are found */
#include "stages/picture_hash.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { SMALL = 32, LOW = 8 };

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

/* The lowest frequencies, in whole numbers: cosines times 2^14. */
static void frequencies(const int64_t *v, int64_t out[LOW * LOW])
{
    int64_t wave[LOW][SMALL], half[LOW][SMALL];

    for (int k = 0; k < LOW; k++)
        for (int x = 0; x < SMALL; x++)
            wave[k][x] = llround(
                16384.0 * cos(acos(-1.0) * k * (2 * x + 1) / (2.0 * SMALL)));
    for (int k = 0; k < LOW; k++)
        for (int y = 0; y < SMALL; y++) {
            half[k][y] = 0;
            for (int x = 0; x < SMALL; x++)
                half[k][y] += v[y * SMALL + x] * wave[k][x];
        }
    for (int i = 0; i < LOW; i++)
        for (int k = 0; k < LOW; k++) {
            int64_t sum = 0;

            for (int y = 0; y < SMALL; y++)
                sum += half[k][y] * wave[i][y];
            out[i * LOW + k] = sum;
        }
}

uint64_t ost_picture_phash(const ost_tensor *t, bool frames)
{
    double *v;
    int64_t whole[SMALL * SMALL], f[LOW * LOW], sorted[LOW * LOW - 1];
    uint64_t hash = 0;

    if (ost_tensor_count(t) == 0)
        return 0;
    v = ost_xalloc(sizeof(*v) * SMALL * SMALL);
    shrink(t, frames, SMALL, SMALL, v);
    to_whole(v, whole);
    ost_free(v);
    frequencies(whole, f);
    memcpy(sorted, f + 1, sizeof(sorted));
    qsort(sorted, LOW * LOW - 1, sizeof(*sorted), compare_numbers);
    for (int i = 0; i < LOW * LOW; i++)
        hash = hash << 1 | (f[i] > sorted[(LOW * LOW - 1) / 2]);
    return hash;
}
