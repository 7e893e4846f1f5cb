/* kernels/cpu/batch_norm.c - batch normalization
 *
 * Ioffe and Szegedy, ICML 2015.  The positions of each item's channel block are
 * cut into segments of SEGMENT positions.  A segment's mean and sum of squared
 * deviations (its sums of gradients, in the backward pass) are computed in
 * single precision, in an order of their own; the segments are merged in
 * double, in their order (Chan, Golub and LeVeque, 1983).  So the thread that
 * takes a segment changes nothing.
 *
 * An addition and a ReLU that follow are done in the same pass over the
 * numbers.
 *
 * Running statistics: new = (1 - momentum) * old + momentum * batch, with the
 * unbiased variance of the batch.
 */
#include "base/alloc.h"
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/lanes.h"
#include "kernels/cpu/threads.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { SEGMENT = 512 };
enum { SCALE, SHIFT, RUNNING_MEAN, RUNNING_VAR };

typedef int32_t whole __attribute__((vector_size(OST_LANES * sizeof(int32_t))));

typedef struct norm {
    int block;
    int64_t items;
    int64_t channels;
    int64_t blocks;
    int64_t area;
    int64_t segments; /* of one item's channel block */
    float *first;     /* per block, item, segment, lane: two sums */
    float *second;
    float *mean;   /* of the batch, per channel with padding */
    float *invstd; /* 1 / sqrt(variance + epsilon) */
    float *a;      /* per channel with padding: y = a x + b, */
    float *b;      /* dx = a dy + b x + c */
    float *c;
    const ost_value *addend; /* of a following addition; NULL: none follows */
    bool relu;               /* one follows */
} norm;

static void norm_release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

/* One segment: where it starts and how many positions it has. */
typedef struct segment {
    int64_t block;
    int64_t item;
    int64_t at; /* floats from the start of the value */
    int64_t positions;
    int64_t index; /* floats from the start of `first` */
} segment;

static segment segment_of(const norm *s, int64_t task)
{
    int64_t part = task % s->segments;
    int64_t item = task / s->segments % s->items;
    int64_t block = task / s->segments / s->items;
    int64_t from = part * SEGMENT;
    int64_t left = s->area - from;

    return (segment){
        .block = block,
        .item = item,
        .at = ((item * s->blocks + block) * s->area + from) * s->block,
        .positions = left < SEGMENT ? left : SEGMENT,
        .index = task * s->block,
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

    for (; i + 4 * OST_LANES <= n; i += 4 * OST_LANES)
        for (int k = 0; k < 4; k++) {
            ost_lanes_load(&v, x + i + k * OST_LANES);
            s[k] += v;
        }
    for (; i < n; i += OST_LANES) {
        if (i + OST_LANES <= n)
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
    for (; i + 4 * OST_LANES <= n; i += 4 * OST_LANES)
        for (int k = 0; k < 4; k++) {
            ost_lanes_load(&v, x + i + k * OST_LANES);
            v -= m;
            s[k] += v * v;
        }
    for (; i < n; i += OST_LANES) {
        if (i + OST_LANES <= n) {
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

/* Sums of dy and of dy * (x - mean). */
static void sum_gradients(const float *x, const float *dy, int64_t n, int block,
                          const float *mean, float *plain, float *weighted)
{
    ost_lanes s[2] = { { 0 } };
    ost_lanes q[2] = { { 0 } };
    ost_lanes m;
    ost_lanes v;
    ost_lanes g;
    int64_t i = 0;

    repeat(mean, block, &m);
    for (; i + 2 * OST_LANES <= n; i += 2 * OST_LANES)
        for (int k = 0; k < 2; k++) {
            ost_lanes_load(&v, x + i + k * OST_LANES);
            ost_lanes_load(&g, dy + i + k * OST_LANES);
            s[k] += g;
            q[k] += g * (v - m);
        }
    for (; i < n; i += OST_LANES) {
        ost_lanes_load_tail(&v, x, i, n < i + OST_LANES ? n : i + OST_LANES);
        ost_lanes_load_tail(&g, dy, i, n < i + OST_LANES ? n : i + OST_LANES);
        s[0] += g;
        q[0] += g * (v - m);
    }
    s[0] += s[1];
    q[0] += q[1];
    fold(&s[0], block, plain);
    fold(&q[0], block, weighted);
}

/* y = a x + b + c z, lane by lane. */
static void combine(const float *x, const float *z, float *y, int64_t n,
                    int block, const float *a, const float *b, const float *c)
{
    ost_lanes va;
    ost_lanes vb;
    ost_lanes vc;
    ost_lanes v;
    ost_lanes w;
    int64_t i = 0;

    repeat(a, block, &va);
    repeat(b, block, &vb);
    repeat(c, block, &vc);
    for (; i + OST_LANES <= n; i += OST_LANES) {
        ost_lanes_load(&v, x + i);
        ost_lanes_load(&w, z + i);
        v = v * va + vb;
        v += w * vc;
        ost_lanes_store(y + i, &v);
    }
    for (; i < n; i++) {
        float r = x[i] * a[i % block] + b[i % block];

        y[i] = r + z[i] * c[i % block];
    }
}

/* y = a x + b, plus z unless that is NULL, and of that the positive part. */
OST_LANES_INLINE void finish(const float *x, const float *z, bool relu,
                             float *y, int64_t n, int block, const float *a,
                             const float *b)
{
    ost_lanes va;
    ost_lanes vb;
    ost_lanes v;
    ost_lanes w;
    int64_t i = 0;

    repeat(a, block, &va);
    repeat(b, block, &vb);
    for (; i + OST_LANES <= n; i += OST_LANES) {
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
        float r = x[i] * a[i % block] + b[i % block];

        if (z)
            r += z[i];
        y[i] = relu && r < 0.0f ? 0.0f : r;
    }
}

static int64_t tasks_of(const norm *s)
{
    return s->blocks * s->items * s->segments;
}

/* Merges the segments of channel `c` into the batch's mean and variance. */
static void merge_stats(norm *s, int64_t c, double *mean, double *var)
{
    int64_t parts = s->items * s->segments;
    int64_t at = c / s->block * parts * s->block + c % s->block;
    double count = (double)s->items * (double)s->area;
    double sum = 0.0;
    double squares = 0.0;

    for (int64_t k = 0; k < parts; k++)
        sum += (double)s->first[at + k * s->block];
    *mean = sum / count;
    for (int64_t k = 0; k < parts; k++) {
        int64_t left = s->area - k % s->segments * SEGMENT;
        double n = (double)(left < SEGMENT ? left : SEGMENT);
        double d = (double)s->first[at + k * s->block] / n - *mean;

        squares += (double)s->second[at + k * s->block] + d * d * n;
    }
    *var = squares / count;
}

static void set_forward(const ost_layer *layer, norm *s, int64_t c, double mean,
                        double var)
{
    double epsilon = ost_layer_attr(layer, "epsilon");
    double invstd = 1.0 / sqrt(var + epsilon);
    double gain = invstd * (double)layer->weights[SCALE]->data[c];

    s->mean[c] = (float)mean;
    s->invstd[c] = (float)invstd;
    s->a[c] = (float)gain;
    s->b[c] = (float)((double)layer->weights[SHIFT]->data[c] - mean * gain);
}

static void update_running(const ost_layer *layer, int64_t c, double mean,
                           double var, double count)
{
    double momentum = ost_layer_attr(layer, "momentum");
    float *m = &layer->weights[RUNNING_MEAN]->data[c];
    float *v = &layer->weights[RUNNING_VAR]->data[c];
    double unbiased = var * count / (count - 1.0);

    *m = (float)((1.0 - momentum) * (double)*m + momentum * mean);
    *v = (float)((1.0 - momentum) * (double)*v + momentum * unbiased);
}

static void batch_statistics(const ost_layer *layer, norm *s)
{
    const float *x = layer->in[0]->data;
    int64_t tasks = tasks_of(s);
    double count = (double)s->items * (double)s->area;

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < tasks; t++) {
        segment g = segment_of(s, t);
        int64_t n = g.positions * s->block;
        float mean[OST_LANES];

        sum_lanes(x + g.at, n, s->block, s->first + g.index);
        for (int l = 0; l < s->block; l++)
            mean[l] = s->first[g.index + l] / (float)g.positions;
        sum_squares(x + g.at, n, s->block, mean, s->second + g.index);
    }
    for (int64_t c = 0; c < s->channels; c++) {
        double mean;
        double var;

        merge_stats(s, c, &mean, &var);
        set_forward(layer, s, c, mean, var);
        update_running(layer, c, mean, var, count);
    }
}

static void clear_padding(const norm *s)
{
    for (int64_t c = s->channels; c < s->blocks * s->block; c++)
        s->mean[c] = s->invstd[c] = s->a[c] = s->b[c] = s->c[c] = 0.0f;
}

static void finish_segment(const ost_layer *layer, const norm *s, int64_t task)
{
    segment g = segment_of(s, task);
    const float *x = layer->in[0]->data + g.at;
    const float *a = s->a + g.block * s->block;
    const float *b = s->b + g.block * s->block;
    const float *z = s->addend ? s->addend->data + g.at : NULL;
    float *y = layer->out->data + g.at;
    int64_t n = g.positions * s->block;

    if (z && s->relu)
        finish(x, z, true, y, n, s->block, a, b);
    else if (z)
        finish(x, z, false, y, n, s->block, a, b);
    else if (s->relu)
        finish(x, NULL, true, y, n, s->block, a, b);
    else
        finish(x, NULL, false, y, n, s->block, a, b);
}

static void prepare_pass(const ost_layer *layer, norm *s)
{
    clear_padding(s);
    if (layer->training)
        batch_statistics(layer, s);
    else
        for (int64_t c = 0; c < s->channels; c++)
            set_forward(layer, s, c,
                        (double)layer->weights[RUNNING_MEAN]->data[c],
                        (double)layer->weights[RUNNING_VAR]->data[c]);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    norm *s = layer->state;
    int64_t tasks = tasks_of(s);

    (void)err;
    if (!pass->again)
        prepare_pass(layer, s);
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < tasks; t++)
        finish_segment(layer, s, t);
    return OST_OK;
}

static bool fuse(ost_layer *layer, const ost_layer *next)
{
    norm *s = layer->state;
    const ost_value *other;

    if (s->relu)
        return false;
    if (strcmp(next->kind->name, "relu") == 0)
        return s->relu = true;
    if (strcmp(next->kind->name, "add") || next->n_inputs != 2 || s->addend)
        return false;
    other = next->in[next->in[0]->data_home == layer->out->data_home];
    if (other->block != s->block || !ost_value_same_shape(other, layer->out))
        return false;
    s->addend = other;
    return true;
}

/* With m the batch's size: dx = gain (dy - sum(dy) / m
 *                               - (x - mean) invstd^2 sum(dy (x - mean)) / m)
 */
static void set_backward(const ost_layer *layer, norm *s, int64_t c)
{
    int64_t parts = s->items * s->segments;
    int64_t at = c / s->block * parts * s->block + c % s->block;
    double m = (double)s->items * (double)s->area;
    double invstd = (double)s->invstd[c];
    double gain = invstd * (double)layer->weights[SCALE]->data[c];
    double plain = 0.0;
    double weighted = 0.0;
    double slope;

    for (int64_t k = 0; k < parts; k++) {
        plain += (double)s->first[at + k * s->block];
        weighted += (double)s->second[at + k * s->block];
    }
    slope = -gain * invstd * invstd * weighted / m;
    s->a[c] = (float)gain;
    s->c[c] = (float)slope;
    s->b[c] = (float)(-gain * plain / m - slope * (double)s->mean[c]);
    if (!layer->weight_grad[SCALE])
        return;
    layer->weight_grad[SCALE][c] = (float)(weighted * invstd);
    layer->weight_grad[SHIFT][c] = (float)plain;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    norm *s = layer->state;
    const float *x = layer->in[0]->data;
    const float *dy = layer->out->grad;
    float *dx = layer->in_grad[0];
    int64_t tasks = tasks_of(s);

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < tasks; t++) {
        segment g = segment_of(s, t);

        sum_gradients(x + g.at, dy + g.at, g.positions * s->block, s->block,
                      s->mean + g.block * s->block, s->first + g.index,
                      s->second + g.index);
    }
    clear_padding(s);
    for (int64_t c = 0; c < s->channels; c++)
        set_backward(layer, s, c);
    if (!dx)
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < tasks; t++) {
        segment g = segment_of(s, t);
        int64_t c = g.block * s->block;

        combine(dy + g.at, x + g.at, dx + g.at, g.positions * s->block,
                s->block, s->a + c, s->b + c, s->c + c);
    }
    return OST_OK;
}

static void ask_memory(ost_layer *layer, norm *s)
{
    size_t channels = (size_t)(s->blocks * s->block) * sizeof(float);
    size_t parts = (size_t)(tasks_of(s) * s->block) * sizeof(float);

    ost_layer_memory(layer, channels, OST_LIFE_SAVED, &s->mean);
    ost_layer_memory(layer, channels, OST_LIFE_SAVED, &s->invstd);
    ost_layer_memory(layer, channels, OST_LIFE_SAVED, &s->a);
    ost_layer_memory(layer, channels, OST_LIFE_SAVED, &s->b);
    ost_layer_memory(layer, channels, OST_LIFE_SAVED, &s->c);
    if (!layer->training)
        return;
    ost_layer_memory(layer, parts, OST_LIFE_SAVED, &s->first);
    ost_layer_memory(layer, parts, OST_LIFE_SAVED, &s->second);
}

ost_rc ost_cpu_batch_norm(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];
    norm *s = ost_xalloc(sizeof(*s));
    ost_rc rc = OST_OK;

    layer->state = s;
    layer->release = norm_release;
    layer->forward = forward;
    layer->backward = backward;
    layer->fuse = fuse;
    s->block = layer->in_block[0];
    if (s->block > OST_LANES || OST_LANES % s->block)
        s->block = ost_cpu_block(layer->backend);
    layer->in_block[0] = layer->out->block = s->block;
    s->items = in->shape[0];
    s->channels = ost_value_channels(in);
    s->blocks = (s->channels + s->block - 1) / s->block;
    s->area = ost_value_area(in);
    s->segments = (s->area + SEGMENT - 1) / SEGMENT;
    if (layer->training && s->items * s->area < 2)
        return ost_fail(err, OST_EINPUT,
                        "training needs more than one value per channel");
    for (int i = 0; i < layer->n_weights && !rc; i++)
        rc = ost_layer_place_weight(layer, i, s->channels, NULL, err);
    if (!rc)
        ask_memory(layer, s);
    return rc;
}
