/* tests/support/reference_norm.h - batch, instance and layer normalization
 *
 * Numbers of one group have one mean and variance: all of a channel, those of a
 * channel of an item, or all of an item.
 */
#ifndef OST_TESTS_SUPPORT_REFERENCE_NORM_H
#define OST_TESTS_SUPPORT_REFERENCE_NORM_H

#include "tests/support/reference.h"

#include <math.h>

enum { REF_BATCH, REF_INSTANCE, REF_LAYER };

static inline int64_t ref_norm_channel(const reference *r, int64_t i)
{
    return i / ref_area(r->in) % r->in_channels;
}

static inline bool ref_norm_alike(const reference *r, int64_t i, int64_t k)
{
    int64_t item = ref_area(r->in) * r->in_channels;
    bool channel = ref_norm_channel(r, i) == ref_norm_channel(r, k);

    if (r->kind == REF_BATCH)
        return channel;
    return i / item == k / item && (r->kind == REF_LAYER || channel);
}

/* Mean and standard deviation of the group of number i. */
static inline void ref_norm_moments(const reference *r, const double *x,
                                    int64_t i, double *mean, double *sigma)
{
    double count = 0.0;
    double sum = 0.0;
    double squares = 0.0;

    for (int64_t k = 0; k < ref_in_count(r); k++)
        if (ref_norm_alike(r, i, k)) {
            sum += x[k];
            count += 1.0;
        }
    *mean = sum / count;
    for (int64_t k = 0; k < ref_in_count(r); k++)
        if (ref_norm_alike(r, i, k))
            squares += (x[k] - *mean) * (x[k] - *mean);
    *sigma = sqrt(squares / count + r->epsilon);
}

static inline double ref_norm_weight(const reference *r, const ref_numbers *v,
                                     int64_t i)
{
    return r->weights[0] ? v->w[0][ref_norm_channel(r, i)] : 1.0;
}

static inline void ref_norm_forward(const reference *r, const ref_numbers *v)
{
    for (int64_t i = 0; i < ref_in_count(r); i++) {
        double mean;
        double sigma;

        ref_norm_moments(r, v->x, i, &mean, &sigma);
        v->y[i] = (v->x[i] - mean) / sigma * ref_norm_weight(r, v, i);
        if (r->weights[1])
            v->y[i] += v->w[1][ref_norm_channel(r, i)];
    }
}

/* With h the normalized numbers and e the gradient of h:
 * dx = (e - mean(e) - h mean(e h)) / sigma. */
static inline void ref_norm_backward(const reference *r, const ref_numbers *v,
                                     const ref_numbers *g)
{
    for (int64_t i = 0; i < ref_in_count(r); i++) {
        double plain = 0.0;
        double weighted = 0.0;
        double count = 0.0;
        double mean;
        double sigma;
        double h;

        ref_norm_moments(r, v->x, i, &mean, &sigma);
        for (int64_t k = 0; k < ref_in_count(r); k++)
            if (ref_norm_alike(r, i, k)) {
                double e = g->y[k] * ref_norm_weight(r, v, k);

                plain += e;
                weighted += e * (v->x[k] - mean) / sigma;
                count += 1.0;
            }
        h = (v->x[i] - mean) / sigma;
        g->x[i] = (g->y[i] * ref_norm_weight(r, v, i) - plain / count -
                   h * weighted / count) /
                  sigma;
        if (r->weights[0])
            g->w[0][ref_norm_channel(r, i)] += g->y[i] * h;
        if (r->weights[1])
            g->w[1][ref_norm_channel(r, i)] += g->y[i];
    }
}

static inline void ref_norm_draw(reference *r, ost_rng *rng)
{
    static const char *const kinds[] = { "batch_norm", "instance_norm",
                                         "layer_norm" };

    r->kind = (int)ref_between(rng, 0, 2);
    snprintf(r->layer, sizeof(r->layer), "%s", kinds[r->kind]);
    r->sides = (int)ref_between(rng, 2, 3);
    r->items = ref_between(rng, 1, 3);
    r->in_channels = r->out_channels = ref_between(rng, 1, 10);
    ref_draw_sides(r, rng, 2, 3, 1, r->in);
    r->in[2] += 2; /* few numbers are hardly told from their mean */
    memcpy(r->out, r->in, sizeof(r->out));
    r->epsilon = 1e-3;
    r->weights[0] = r->weights[1] = r->in_channels;
    r->forward = ref_norm_forward;
    r->backward = ref_norm_backward;
    snprintf(r->layer + strlen(r->layer), 32, " epsilon=%g", r->epsilon);
    if (r->kind == REF_BATCH)
        return;
    ref_say(r, "affine", ref_between(rng, 0, 1));
    if (r->layer[strlen(r->layer) - 1] == '0')
        r->weights[0] = r->weights[1] = 0;
}

#endif
