/* kernels/cpu/region.c - ranges of a value along one axis */
#include "kernels/cpu/region.h"

#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

/* Runs of floats: `count` of them, `run` long, so far apart in the whole. */
typedef struct runs {
    int64_t count;
    int64_t run;
    int64_t step;
    int64_t from; /* where the first begins in the whole */
} runs;

static int64_t sides_product(const ost_value *v, int from, int to)
{
    int64_t n = 1;

    for (int i = from; i < to; i++)
        n *= v->shape[i];
    return n;
}

/* Whether the range is made of runs that are whole in memory. */
static bool find_runs(const ost_region *r, runs *out)
{
    const ost_value *v = r->whole;
    int64_t b = r->block;
    int64_t area = ost_value_area(v);
    int64_t blocks = (ost_value_channels(v) + b - 1) / b;
    int64_t inner;

    if (r->axis == 1) {
        out->count = v->shape[0];
        out->run = r->side * area;
        out->step = blocks * b * area;
        out->from = r->from * area;
        return r->from % b == 0 && r->side % b == 0;
    }
    inner = sides_product(v, r->axis + 1, v->ndim) * b;
    out->count = v->shape[0] * blocks * sides_product(v, 2, r->axis);
    out->run = r->side * inner;
    out->step = v->shape[r->axis] * inner;
    out->from = r->from * inner;
    return true;
}

static void copy_runs(const runs *r, bool get, float *whole, float *part)
{
    int64_t pieces = ost_cpu_chunks(r->run);

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < r->count * pieces; t++) {
        int64_t i = t / pieces;
        int64_t a = t % pieces * OST_CPU_CHUNK;
        int64_t n = r->run - a < OST_CPU_CHUNK ? r->run - a : OST_CPU_CHUNK;
        float *w = whole + i * r->step + r->from + a;
        float *p = part + i * r->run + a;

        memcpy(get ? p : w, get ? w : p, (size_t)n * sizeof(float));
    }
}

/* `n` neighboring lanes of all positions. */
static void copy_lanes(const float *from, float *to, int64_t area,
                       int64_t block, int64_t n)
{
    for (int64_t s = 0; s < area; s++)
        for (int64_t l = 0; l < n; l++)
            to[s * block + l] = from[s * block + l];
}

/* The channels of one block of the part: in the whole they stand in one or two
 * blocks. */
static void copy_block(const ost_region *r, bool get, int64_t first,
                       float *whole, float *part)
{
    int64_t b = r->block;
    int64_t area = ost_value_area(r->whole);
    int64_t end = first + b < r->side ? first + b : r->side;

    for (int64_t c = first; c < end;) {
        int64_t at = r->from + c;
        int64_t n = b - at % b < end - c ? b - at % b : end - c;
        float *w = whole + at / b * b * area + at % b;
        float *p = part + first * area + (c - first);

        copy_lanes(get ? w : p, get ? p : w, area, b, n);
        c += n;
    }
}

static void copy_blocks(const ost_region *r, bool get, float *whole,
                        float *part)
{
    const ost_value *v = r->whole;
    int64_t b = r->block;
    int64_t area = ost_value_area(v);
    int64_t blocks = (ost_value_channels(v) + b - 1) / b;
    int64_t parts = (r->side + b - 1) / b;

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < v->shape[0] * parts; t++) {
        int64_t n = t / parts;
        float *p = part + n * parts * b * area;
        int64_t first = t % parts * b;

        if (get && r->side - first < b)
            memset(p + first * area, 0, (size_t)(b * area) * sizeof(float));
        copy_block(r, get, first, whole + n * blocks * b * area, p);
    }
}

void ost_region_get(const ost_region *r, const float *whole, float *part)
{
    float *from = (float *)(uintptr_t)whole;
    runs k;

    if (find_runs(r, &k))
        copy_runs(&k, true, from, part);
    else
        copy_blocks(r, true, from, part);
}

void ost_region_put(const ost_region *r, float *whole, const float *part)
{
    float *from = (float *)(uintptr_t)part;
    runs k;

    if (find_runs(r, &k))
        copy_runs(&k, false, whole, from);
    else
        copy_blocks(r, false, whole, from);
}

void ost_clear_lanes(const ost_value *v, int block, float *data)
{
    int64_t channels = ost_value_channels(v);
    int64_t blocks = (channels + block - 1) / block;
    int64_t area = ost_value_area(v);
    int64_t first = channels % block;

    if (!first)
        return;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t n = 0; n < v->shape[0]; n++) {
        float *x = data + (n * blocks + blocks - 1) * area * block;

        for (int64_t s = 0; s < area; s++)
            for (int64_t l = first; l < block; l++)
                x[s * block + l] = 0.0f;
    }
}
