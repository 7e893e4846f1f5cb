/* kernels/cpu/batch_norm.c - batch normalization
 *
 * Ioffe and Szegedy, ICML 2015.  Sums are taken over segments and merged in
 * their order (moments.h), so that the thread that takes a segment changes
 * nothing.
 *
 * An addition and a ReLU that follow are done in the same pass over the
 * numbers.  In inference, by running statistics, the convolution before may
 * take all of it over (convolution_end.h).
 *
 * Running statistics: new = (1 - momentum) * old + momentum * batch, with the
 * unbiased variance of the batch.
 */
#include "base/alloc.h"
#include "kernels/cpu/convolution_end.h"
#include "kernels/cpu/threads.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { SCALE, SHIFT, RUNNING_MEAN, RUNNING_VAR };

typedef struct norm {
    ost_segments segments;
    float *first; /* per block, item, segment, lane: two sums */
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
    const ost_segments *all = &s->segments;
    const float *x = layer->in[0]->data;
    double count = (double)all->items * (double)all->area;

    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < all->count; t++) {
        ost_segment g = ost_segment_of(all, t);

        ost_segment_moments(x + g.at, g.positions, all->block,
                            s->first + g.index, s->second + g.index);
    }
    for (int64_t c = 0; c < all->channels; c++) {
        double merged[2];

        ost_merge_moments(all, s->first, s->second, c, 0, all->items, merged);
        set_forward(layer, s, c, merged[0] / count, merged[1] / count);
        if (layer->training)
            update_running(layer, c, merged[0] / count, merged[1] / count,
                           count);
    }
}

static void clear_padding(const norm *s)
{
    const ost_segments *all = &s->segments;

    for (int64_t c = all->channels; c < all->blocks * all->block; c++)
        s->mean[c] = s->invstd[c] = s->a[c] = s->b[c] = s->c[c] = 0.0f;
}

/* The factors of the channels from the c-th on. */
static ost_line line_of(const norm *s, int64_t c)
{
    return (ost_line){ s->a + c, s->b + c, s->c + c };
}

static void finish_segment(const ost_layer *layer, const norm *s, int64_t task)
{
    int block = s->segments.block;
    ost_segment g = ost_segment_of(&s->segments, task);
    ost_line line = line_of(s, g.block * block);

    ost_segment_finish(
        layer->in[0]->data + g.at, s->addend ? s->addend->data + g.at : NULL,
        s->relu, layer->out->data + g.at, g.positions * block, block, &line);
}

static void prepare_pass(const ost_layer *layer, norm *s)
{
    clear_padding(s);
    if (layer->live)
        batch_statistics(layer, s);
    else
        for (int64_t c = 0; c < s->segments.channels; c++)
            set_forward(layer, s, c,
                        (double)layer->weights[RUNNING_MEAN]->data[c],
                        (double)layer->weights[RUNNING_VAR]->data[c]);
}

ost_line ost_batch_norm_line(const ost_layer *layer)
{
    norm *s = layer->state;

    prepare_pass(layer, s);
    return line_of(s, 0);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    norm *s = layer->state;

    (void)err;
    if (!pass->again)
        prepare_pass(layer, s);
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < s->segments.count; t++)
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
    if (strcmp(next->kind->name, "add") != 0 || next->n_inputs != 2 ||
        s->addend)
        return false;
    other = next->in[next->in[0]->data_home == layer->out->data_home];
    if (other->block != s->segments.block ||
        !ost_value_same_shape(other, layer->out))
        return false;
    s->addend = other;
    return true;
}

/* With m the batch's size: dx = gain (dy - sum(dy) / m
 *                               - (x - mean) invstd^2 sum(dy (x - mean)) / m)
 */
static void set_backward(const ost_layer *layer, norm *s, int64_t c)
{
    const ost_segments *all = &s->segments;
    double m = (double)all->items * (double)all->area;
    double invstd = (double)s->invstd[c];
    double gain = invstd * (double)layer->weights[SCALE]->data[c];
    double sums[2]; /* of dy and of dy (x - mean) */
    double slope;

    ost_merge_sums(all, s->first, s->second, c, 0, all->items, sums);
    slope = -gain * invstd * invstd * sums[1] / m;
    s->a[c] = (float)gain;
    s->c[c] = (float)slope;
    s->b[c] = (float)(-gain * sums[0] / m - slope * (double)s->mean[c]);
    if (!layer->weight_grad[SCALE])
        return;
    layer->weight_grad[SCALE][c] = (float)(sums[1] * invstd);
    layer->weight_grad[SHIFT][c] = (float)sums[0];
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    norm *s = layer->state;
    const ost_segments *all = &s->segments;
    const float *x = layer->in[0]->data;
    const float *dy = layer->out->grad;
    float *dx = layer->in_grad[0];

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < all->count; t++) {
        ost_segment g = ost_segment_of(all, t);

        ost_segment_gradients(x + g.at, dy + g.at, g.positions * all->block,
                              all->block, s->mean + g.block * all->block,
                              s->first + g.index, s->second + g.index);
    }
    clear_padding(s);
    for (int64_t c = 0; c < all->channels; c++)
        set_backward(layer, s, c);
    if (!dx)
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < all->count; t++) {
        ost_segment g = ost_segment_of(all, t);
        ost_line line = line_of(s, g.block * all->block);

        ost_segment_combine(dy + g.at, x + g.at, dx + g.at,
                            g.positions * all->block, all->block, &line);
    }
    return OST_OK;
}

static void ask_memory(ost_layer *layer, norm *s)
{
    const ost_segments *all = &s->segments;
    size_t channels = (size_t)(all->blocks * all->block) * sizeof(float);
    size_t parts = (size_t)(all->count * all->block) * sizeof(float);

    ost_layer_memory(layer, channels, OST_LIFE_SAVED, &s->mean);
    ost_layer_memory(layer, channels, OST_LIFE_SAVED, &s->invstd);
    ost_layer_memory(layer, channels, OST_LIFE_SAVED, &s->a);
    ost_layer_memory(layer, channels, OST_LIFE_SAVED, &s->b);
    ost_layer_memory(layer, channels, OST_LIFE_SAVED, &s->c);
    if (!layer->live)
        return;
    ost_layer_memory(layer, parts, OST_LIFE_SAVED, &s->first);
    ost_layer_memory(layer, parts, OST_LIFE_SAVED, &s->second);
}

ost_rc ost_cpu_batch_norm(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];
    norm *s = ost_xalloc(sizeof(*s));
    ost_rc rc = OST_OK;
    int block;

    layer->state = s;
    layer->release = norm_release;
    layer->forward = forward;
    layer->backward = backward;
    layer->fuse = fuse;
    block = ost_segment_block(layer);
    layer->in_block[0] = layer->out->block = block;
    s->segments = ost_segments_of(in, block);
    if (layer->live && s->segments.items * s->segments.area < 2)
        return ost_fail(err, OST_EINPUT,
                        "training needs more than one value per channel");
    for (int i = 0; i < layer->n_weights && !rc; i++)
        rc = ost_layer_place_weight(layer, i, s->segments.channels, NULL, err);
    if (!rc)
        ask_memory(layer, s);
    return rc;
}
