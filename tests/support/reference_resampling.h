/* tests/support/reference_resampling.h - up-sampling and reflected margins
 *
 * Each output is a sum of inputs, whose shares are products over the sides; the
 * gradient gives back by the same shares.
 */
#ifndef OST_TESTS_SUPPORT_REFERENCE_RESAMPLING_H
#define OST_TESTS_SUPPORT_REFERENCE_RESAMPLING_H

#include "tests/support/reference.h"

#include <math.h>
#include <stdlib.h>

enum { REF_NEAREST, REF_BILINEAR, REF_REFLECT };

/* What input i of a side gives to output o. */
static inline double ref_sample_share(const reference *r, int side, int64_t o,
                                      int64_t i)
{
    double last = (double)(r->in[side] - 1);
    double place;

    if (r->kind == REF_REFLECT) {
        int64_t from = o - r->padding[side];

        if (from < 0)
            from = -from;
        if (from > r->in[side] - 1)
            from = 2 * (r->in[side] - 1) - from;
        return i == from ? 1.0 : 0.0;
    }
    if (r->kind == REF_NEAREST)
        return i * r->out[side] <= o * r->in[side] &&
                       o * r->in[side] < (i + 1) * r->out[side]
                   ? 1.0
                   : 0.0;
    place =
        ((double)o + 0.5) * (double)r->in[side] / (double)r->out[side] - 0.5;
    place = fmin(fmax(place, 0.0), last);
    return fmax(0.0, 1.0 - fabs(place - (double)i));
}

static inline double ref_sample_weight(const reference *r, int64_t o, int64_t i)
{
    int64_t to[REF_SIDES];
    int64_t from[REF_SIDES];
    double share = 1.0;

    ref_position(r->out, o, to);
    ref_position(r->in, i, from);
    for (int side = REF_SIDES - r->sides; side < REF_SIDES; side++)
        share *= ref_sample_share(r, side, to[side], from[side]);
    return share;
}

static inline void ref_sample_forward(const reference *r, const ref_numbers *v)
{
    int64_t in = ref_area(r->in);
    int64_t out = ref_area(r->out);

    for (int64_t o = 0; o < ref_out_count(r); o++)
        for (int64_t i = 0; i < in; i++)
            v->y[o] +=
                ref_sample_weight(r, o % out, i) * v->x[o / out * in + i];
}

static inline void ref_sample_backward(const reference *r, const ref_numbers *v,
                                       const ref_numbers *g)
{
    int64_t in = ref_area(r->in);
    int64_t out = ref_area(r->out);

    (void)v;
    for (int64_t o = 0; o < ref_out_count(r); o++)
        for (int64_t i = 0; i < in; i++)
            g->x[o / out * in + i] +=
                ref_sample_weight(r, o % out, i) * g->y[o];
}

static inline void ref_draw_reflection(reference *r, ost_rng *rng)
{
    int64_t margin[4];

    snprintf(r->layer, sizeof(r->layer), "reflection_pad2d padding=");
    ref_draw_sides(r, rng, 1, 5, 1, r->in);
    r->out[0] = 1;
    for (int i = 0; i < 4; i++) {
        size_t n = strlen(r->layer);

        margin[i] = ref_between(rng, 0, r->in[1 + i / 2] - 1);
        snprintf(r->layer + n, sizeof(r->layer) - n, "%s%lld", i ? "," : "",
                 (long long)margin[i]);
    }
    for (int i = 0; i < 2; i++) {
        r->padding[1 + i] = margin[2 * i];
        r->out[1 + i] = r->in[1 + i] + margin[2 * i] + margin[2 * i + 1];
    }
}

static inline void ref_sample_draw(reference *r, ost_rng *rng)
{
    r->kind = (int)ref_between(rng, REF_NEAREST, REF_REFLECT);
    r->sides = r->kind == REF_NEAREST ? (int)ref_between(rng, 2, 3) : 2;
    r->items = ref_between(rng, 1, 2);
    r->in_channels = r->out_channels = ref_between(rng, 1, 10);
    r->forward = ref_sample_forward;
    r->backward = ref_sample_backward;
    if (r->kind == REF_REFLECT) {
        ref_draw_reflection(r, rng);
        return;
    }
    snprintf(r->layer, sizeof(r->layer), "upsample mode=%s",
             r->kind == REF_NEAREST ? "nearest" : "bilinear");
    ref_draw_sides(r, rng, 1, 4, 1, r->in);
    ref_draw_sides(r, rng, 1, 6, 1, r->out);
    ref_say_sides(r, "size", r->out);
}

#endif
