/* kernels/cpu/moments.c - sums over segments of blocked values */
#include "kernels/cpu/moments.h"

#include "kernels/cpu/lanes.h"

#include "base/banned.h"

/* OST_LANES in the type of what counts floats. */
static const int64_t STEP = OST_LANES;

typedef int32_t whole __attribute__((vector_size(OST_LANES * sizeof(int32_t))));

int ost_segment_block(const ost_layer *layer)
{
    int block = layer->in_block[0];

    return block > OST_LANES || OST_LANES % block
               ? ost_cpu_block(layer->backend)
               : block;
}

ost_segments ost_segments_of(const ost_value *v, int block)
{
    ost_segments s = {
        .block = block,
        .items = v->shape[0],
        .channels = ost_value_channels(v),
        .area = ost_value_area(v),
    };

    s.blocks = (s.channels + block - 1) / block;
    s.parts = (s.area + OST_SEGMENT - 1) / OST_SEGMENT;
    s.count = s.blocks * s.items * s.parts;
    return s;
}

ost_segment ost_segment_of(const ost_segments *s, int64_t number)
{
    int64_t part = number % s->parts;
    int64_t item = number / s->parts % s->items;
    int64_t block = number / s->parts / s->items;
    int64_t from = part * OST_SEGMENT;
    int64_t left = s->area - from;

    return (ost_segment){
        .block = block,
        .item = item,
        .at = ((item * s->blocks + block) * s->area + from) * s->block,
        .positions = left < OST_SEGMENT ? left : OST_SEGMENT,
        .index = number * s->block,
    };
}

/* Adds lanes of the same channel. */
static void fold(const ost_lanes *v, int block, float *out)
{
    float lane[OST_LANES];

    ost_lanes_store(lane, v);
    for (int l = 0; l < block; l++) {
        float sum = lane[l];

        for (int k = l + block; k < OST_LANES; k += block)
            sum += lane[k];
        out[l] = sum;
    }
}

static void repeat(const float *channel, int block, ost_lanes *v)
{
    float lane[OST_LANES];

    for (int l = 0; l < OST_LANES; l++)
        lane[l] = channel[l % block];
    ost_lanes_load(v, lane);
}

static void sum_lanes(const float *x, int64_t n, int block, float *out)
{
    ost_lanes s[4] = { { 0 } };
    ost_lanes v;
    int64_t i = 0;

    for (; i + 4 * STEP <= n; i += 4 * STEP)
        for (int k = 0; k < 4; k++) {
            ost_lanes_load(&v, x + i + k * STEP);
            s[k] += v;
        }
    for (; i < n; i += STEP) {
        if (i + STEP <= n)
            ost_lanes_load(&v, x + i);
        else
            ost_lanes_load_tail(&v, x, i, n);
        s[0] += v;
    }
    s[0] = (s[0] + s[1]) + (s[2] + s[3]);
    fold(&s[0], block, out);
}

/* Sum of squared deviations from the segment's own mean. */
static void sum_squares(const float *x, int64_t n, int block, const float *mean,
                        float *out)
{
    ost_lanes s[4] = { { 0 } };
    ost_lanes m;
    ost_lanes v;
    int64_t i = 0;

    repeat(mean, block, &m);
    for (; i + 4 * STEP <= n; i += 4 * STEP)
        for (int k = 0; k < 4; k++) {
            ost_lanes_load(&v, x + i + k * STEP);
            v -= m;
            s[k] += v * v;
        }
    for (; i < n; i += STEP) {
        if (i + STEP <= n) {
            ost_lanes_load(&v, x + i);
            v -= m;
        } else {
            float part[OST_LANES] = { 0.0f };

            for (int64_t k = i; k < n; k++)
                part[k - i] = x[k] - mean[k % block];
            ost_lanes_load(&v, part);
        }
        s[0] += v * v;
    }
    s[0] = (s[0] + s[1]) + (s[2] + s[3]);
    fold(&s[0], block, out);
}

void ost_segment_gradients(const float *x, const float *dy, int64_t n,
                           int block, const float *mean, float *plain,
                           float *weighted)
{
    ost_lanes s[2] = { { 0 } };
    ost_lanes q[2] = { { 0 } };
    ost_lanes m;
    ost_lanes v;
    ost_lanes g;
    int64_t i = 0;

    repeat(mean, block, &m);
    for (; i + 2 * STEP <= n; i += 2 * STEP)
        for (int k = 0; k < 2; k++) {
            ost_lanes_load(&v, x + i + k * STEP);
            ost_lanes_load(&g, dy + i + k * STEP);
            s[k] += g;
            q[k] += g * (v - m);
        }
    for (; i < n; i += STEP) {
        ost_lanes_load_tail(&v, x, i, n < i + STEP ? n : i + STEP);
        ost_lanes_load_tail(&g, dy, i, n < i + STEP ? n : i + STEP);
        s[0] += g;
        q[0] += g * (v - m);
    }
    s[0] += s[1];
    q[0] += q[1];
    fold(&s[0], block, plain);
    fold(&q[0], block, weighted);
}

void ost_segment_combine(const float *x, const float *z, float *y, int64_t n,
                         int block, const ost_line *l)
{
    ost_lanes va;
    ost_lanes vb;
    ost_lanes vc;
    ost_lanes v;
    ost_lanes w;
    int64_t i = 0;

    repeat(l->a, block, &va);
    repeat(l->b, block, &vb);
    repeat(l->c, block, &vc);
    for (; i + STEP <= n; i += STEP) {
        ost_lanes_load(&v, x + i);
        ost_lanes_load(&w, z + i);
        v = v * va + vb;
        v += w * vc;
        ost_lanes_store(y + i, &v);
    }
    for (; i < n; i++) {
        float r = x[i] * l->a[i % block] + l->b[i % block];

        y[i] = r + z[i] * l->c[i % block];
    }
}

OST_LANES_INLINE void finish(const float *x, const float *z, bool relu,
                             float *y, int64_t n, int block, const ost_line *l)
{
    ost_lanes va;
    ost_lanes vb;
    ost_lanes v;
    ost_lanes w;
    int64_t i = 0;

    repeat(l->a, block, &va);
    repeat(l->b, block, &vb);
    for (; i + STEP <= n; i += STEP) {
        ost_lanes_load(&v, x + i);
        v = v * va + vb;
        if (z) {
            ost_lanes_load(&w, z + i);
            v += w;
        }
        if (relu)
            v = (ost_lanes)((whole)v & ~(v < 0.0f));
        ost_lanes_store(y + i, &v);
    }
    for (; i < n; i++) {
        float r = x[i] * l->a[i % block] + l->b[i % block];

        if (z)
            r += z[i];
        y[i] = relu && r < 0.0f ? 0.0f : r;
    }
}

void ost_segment_moments(const float *x, int64_t positions, int block,
                         float *sum, float *squares)
{
    int64_t n = positions * block;
    float mean[OST_LANES] = { 0.0f };

    sum_lanes(x, n, block, sum);
    for (int l = 0; l < block; l++)
        mean[l] = sum[l] / (float)positions;
    sum_squares(x, n, block, mean, squares);
}

void ost_segment_finish(const float *x, const float *z, bool relu, float *y,
                        int64_t n, int block, const ost_line *l)
{
    if (z && relu)
        finish(x, z, true, y, n, block, l);
    else if (z)
        finish(x, z, false, y, n, block, l);
    else if (relu)
        finish(x, NULL, true, y, n, block, l);
    else
        finish(x, NULL, false, y, n, block, l);
}

static int64_t first_lane(const ost_segments *s, int64_t c, int64_t n)
{
    return (c / s->block * s->items + n) * s->parts * s->block + c % s->block;
}

void ost_merge_moments(const ost_segments *s, const float *sums,
                       const float *squares, int64_t c, int64_t n,
                       int64_t items, double merged[2])
{
    int64_t parts = items * s->parts;
    int64_t at = first_lane(s, c, n);
    double mean;

    merged[0] = merged[1] = 0.0;
    for (int64_t k = 0; k < parts; k++)
        merged[0] += (double)sums[at + k * s->block];
    mean = merged[0] / ((double)items * (double)s->area);
    for (int64_t k = 0; k < parts; k++) {
        int64_t left = s->area - k % s->parts * OST_SEGMENT;
        double m = (double)(left < OST_SEGMENT ? left : OST_SEGMENT);
        double d = (double)sums[at + k * s->block] / m - mean;

        merged[1] += (double)squares[at + k * s->block] + d * d * m;
    }
}

void ost_merge_sums(const ost_segments *s, const float *first,
                    const float *second, int64_t c, int64_t n, int64_t items,
                    double merged[2])
{
    int64_t parts = items * s->parts;
    int64_t at = first_lane(s, c, n);

    merged[0] = merged[1] = 0.0;
    for (int64_t k = 0; k < parts; k++) {
        merged[0] += (double)first[at + k * s->block];
        merged[1] += (double)second[at + k * s->block];
    }
}
