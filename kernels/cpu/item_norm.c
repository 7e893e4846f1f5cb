/* kernels/cpu/item_norm.c - normalization of each item by itself
 *
 * Ulyanov, Vedaldi and Lempitsky, arXiv 1607.08022, 2016 (each channel by
 * itself); Ba, Kiros and Hinton, arXiv 1607.06450, 2016, and, for what has
 * positions, Wu and He, ECCV 2018 (all channels together, weights by channel).
 *
 * Sums are taken over segments and merged in their order (moments.h), one item
 * by one thread.  With M numbers in a group, w the channel's weight and s the
 * reciprocal of the standard deviation:
 *     y = s w x + (bias - s w mean)
 *     dx = s (w dy - P / M) - (x - mean) r Q / M,
 *     P = sum(w dy), Q = sum(w dy (x - mean)) over the group,
 * where r is s^3 for a deviation of sqrt(variance + epsilon), and for d +
 * epsilon with the unbiased d it is s^2 M / (d (M - 1)), or 0 where d is.
 */
#include "kernels/cpu/item_norm.h"

#include "base/alloc.h"
#include "kernels/cpu/moments.h"
#include "kernels/cpu/threads.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

typedef struct item_norm {
    ost_segments segments;
    unsigned flags;
    float *first; /* of each segment and lane: two sums */
    float *second;
    float *mean; /* of each item and channel with padding */
    float *a;    /* y = a x + b, dx = a dy + b + c x */
    float *b;
    float *c;
    double *invstd; /* of each item and channel: s */
    double *follow; /* and r */
    double *sums;   /* of each item and channel: of dy and dy (x - mean) */
} item_norm;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static double weight_of(const ost_layer *layer, int i, int64_t c)
{
    if (i < layer->n_weights)
        return (double)layer->weights[i]->data[c];
    return i == 0 ? 1.0 : 0.0;
}

/* Channels with padding. */
static int64_t width(const item_norm *s)
{
    return s->segments.blocks * s->segments.block;
}

/* Channels that have one mean. */
static int64_t group(const item_norm *s)
{
    return s->flags & OST_ITEM_TOGETHER ? s->segments.channels : 1;
}

/* Mean and sum of squares of channels c to e of item n. */
static void merge_group(const item_norm *s, int64_t n, int64_t c, int64_t e,
                        double *mean, double *sum)
{
    const ost_segments *all = &s->segments;
    double area = (double)all->area;
    double count = area * (double)(e - c);
    double squares = 0.0;
    double total = 0.0;
    double merged[2];

    for (int64_t k = c; k < e; k++) {
        ost_merge_moments(all, s->first, s->second, k, n, 1, merged);
        total += merged[0];
    }
    *mean = total / count;
    for (int64_t k = c; k < e; k++) {
        double d;

        ost_merge_moments(all, s->first, s->second, k, n, 1, merged);
        d = merged[0] / area - *mean;
        squares += merged[1] + d * d * area;
    }
    *sum = squares;
}

static void clear_padding(const item_norm *s, int64_t n)
{
    size_t at = (size_t)(n * width(s) + s->segments.channels);
    size_t count = (size_t)(width(s) - s->segments.channels);

    memset(s->mean + at, 0, count * sizeof(float));
    memset(s->a + at, 0, count * sizeof(float));
    memset(s->b + at, 0, count * sizeof(float));
    memset(s->c + at, 0, count * sizeof(float));
}

/* From a group's sum of squares to s and r. */
static void spread(const ost_layer *layer, const item_norm *s, double squares,
                   double *invstd, double *follow)
{
    double epsilon = ost_layer_attr(layer, "epsilon");
    double count = (double)group(s) * (double)s->segments.area;
    double deviation;

    if (!(s->flags & OST_ITEM_UNBIASED)) {
        *invstd = 1.0 / sqrt(squares / count + epsilon);
        *follow = *invstd * *invstd * *invstd;
        return;
    }
    deviation = count > 1.0 ? sqrt(squares / (count - 1.0)) : 0.0;
    *invstd = 1.0 / (deviation + epsilon);
    *follow = deviation > 0.0
                  ? *invstd * *invstd * count / (deviation * (count - 1.0))
                  : 0.0;
}

static void set_forward(const ost_layer *layer, const item_norm *s, int64_t n)
{
    int64_t channels = s->segments.channels;

    clear_padding(s, n);
    for (int64_t c = 0; c < channels; c += group(s)) {
        double mean;
        double squares;
        double invstd;
        double follow;

        merge_group(s, n, c, c + group(s), &mean, &squares);
        spread(layer, s, squares, &invstd, &follow);
        for (int64_t k = c; k < c + group(s); k++) {
            int64_t at = n * width(s) + k;
            double gain = invstd * weight_of(layer, 0, k);

            s->invstd[n * channels + k] = invstd;
            s->follow[n * channels + k] = follow;
            s->mean[at] = (float)mean;
            s->a[at] = (float)gain;
            s->b[at] = (float)(weight_of(layer, 1, k) - mean * gain);
        }
    }
}

/* The factors of a segment's channels. */
static ost_line line_of(const item_norm *s, const ost_segment *g)
{
    int64_t c = g->item * width(s) + g->block * s->segments.block;

    return (ost_line){ s->a + c, s->b + c, s->c + c };
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const item_norm *s = layer->state;
    const ost_segments *all = &s->segments;
    const float *x = layer->in[0]->data;

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < all->count; t++) {
        ost_segment g = ost_segment_of(all, t);

        ost_segment_moments(x + g.at, g.positions, all->block,
                            s->first + g.index, s->second + g.index);
    }
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t n = 0; n < all->items; n++)
        set_forward(layer, s, n);
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < all->count; t++) {
        ost_segment g = ost_segment_of(all, t);
        ost_line line = line_of(s, &g);

        ost_segment_finish(x + g.at, NULL, false, layer->out->data + g.at,
                           g.positions * all->block, all->block, &line);
    }
    return OST_OK;
}

static void set_backward(const ost_layer *layer, const item_norm *s, int64_t n)
{
    const ost_segments *all = &s->segments;
    double count = (double)group(s) * (double)all->area;

    clear_padding(s, n);
    for (int64_t c = 0; c < all->channels; c += group(s)) {
        double p = 0.0;
        double q = 0.0;

        for (int64_t k = c; k < c + group(s); k++) {
            double *sums = &s->sums[2 * (n * all->channels + k)];

            ost_merge_sums(all, s->first, s->second, k, n, 1, sums);
            p += weight_of(layer, 0, k) * sums[0];
            q += weight_of(layer, 0, k) * sums[1];
        }
        for (int64_t k = c; k < c + group(s); k++) {
            int64_t at = n * width(s) + k;
            double invstd = s->invstd[n * all->channels + k];
            double slope = -s->follow[n * all->channels + k] * q / count;

            s->a[at] = (float)(invstd * weight_of(layer, 0, k));
            s->c[at] = (float)slope;
            s->b[at] =
                (float)(-invstd * p / count - slope * (double)s->mean[at]);
        }
    }
}

static void give_weights(const ost_layer *layer, const item_norm *s)
{
    int64_t channels = s->segments.channels;

    for (int64_t c = 0; c < channels; c++) {
        double weight = 0.0;
        double bias = 0.0;

        for (int64_t n = 0; n < s->segments.items; n++) {
            int64_t at = n * channels + c;

            weight += s->sums[2 * at + 1] * s->invstd[at];
            bias += s->sums[2 * at];
        }
        layer->weight_grad[0][c] = (float)weight;
        layer->weight_grad[1][c] = (float)bias;
    }
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const item_norm *s = layer->state;
    const ost_segments *all = &s->segments;
    const float *x = layer->in[0]->data;
    const float *dy = layer->out->grad;
    float *dx = layer->in_grad[0];

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < all->count; t++) {
        ost_segment g = ost_segment_of(all, t);

        ost_segment_gradients(
            x + g.at, dy + g.at, g.positions * all->block, all->block,
            s->mean + g.item * width(s) + g.block * all->block,
            s->first + g.index, s->second + g.index);
    }
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t n = 0; n < all->items; n++)
        set_backward(layer, s, n);
    if (layer->n_weights && layer->weight_grad[0])
        give_weights(layer, s);
    if (!dx)
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < all->count; t++) {
        ost_segment g = ost_segment_of(all, t);
        ost_line line = line_of(s, &g);

        ost_segment_combine(dy + g.at, x + g.at, dx + g.at,
                            g.positions * all->block, all->block, &line);
    }
    return OST_OK;
}

static void ask_memory(ost_layer *layer, item_norm *s)
{
    const ost_segments *all = &s->segments;
    size_t parts = (size_t)(all->count * all->block) * sizeof(float);
    size_t lanes = (size_t)(all->items * width(s)) * sizeof(float);
    size_t exact = (size_t)(all->items * all->channels) * sizeof(double);

    ost_layer_memory(layer, parts, OST_LIFE_SAVED, &s->first);
    ost_layer_memory(layer, parts, OST_LIFE_SAVED, &s->second);
    ost_layer_memory(layer, lanes, OST_LIFE_SAVED, &s->mean);
    ost_layer_memory(layer, lanes, OST_LIFE_SAVED, &s->a);
    ost_layer_memory(layer, lanes, OST_LIFE_SAVED, &s->b);
    ost_layer_memory(layer, lanes, OST_LIFE_SAVED, &s->c);
    ost_layer_memory(layer, exact, OST_LIFE_SAVED, &s->invstd);
    ost_layer_memory(layer, exact, OST_LIFE_SAVED, &s->follow);
    if (!layer->training)
        return;
    ost_layer_memory(layer, 2 * exact, OST_LIFE_BACKWARD, &s->sums);
}

ost_rc ost_cpu_item_norm(ost_layer *layer, unsigned flags, ost_err *err)
{
    item_norm *s = ost_xalloc(sizeof(*s));
    ost_rc rc = OST_OK;

    layer->state = s;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    layer->in_block[0] = layer->out->block = ost_segment_block(layer);
    s->segments = ost_segments_of(layer->in[0], layer->out->block);
    s->flags = flags;
    if (layer->training && group(s) * s->segments.area < 2)
        return ost_fail(err, OST_EINPUT,
                        "training needs more than one value to normalize");
    for (int i = 0; i < layer->n_weights && !rc; i++)
        rc = ost_layer_place_weight(layer, i, s->segments.channels, NULL, err);
    if (!rc)
        ask_memory(layer, s);
    return rc;
}
