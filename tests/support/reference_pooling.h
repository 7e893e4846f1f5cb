/* tests/support/reference_pooling.h - maxima and means over windows */
#ifndef OST_TESTS_SUPPORT_REFERENCE_POOLING_H
#define OST_TESTS_SUPPORT_REFERENCE_POOLING_H

#include "tests/support/reference.h"

#include <math.h>

enum {
    REF_MAX,
    REF_MEAN,
    REF_MEAN_PADDED,
    REF_ADAPTIVE_MAX,
    REF_ADAPTIVE_MEAN
};

/* The numbers of the window of one output. */
typedef struct ref_window {
    int64_t from[REF_SIDES];
    int64_t to[REF_SIDES];
    double counted;
} ref_window;

static inline ref_window ref_pool_window(const reference *r,
                                         const int64_t at[REF_SIDES])
{
    ref_window w = { .counted = 1.0 };

    for (int i = 0; i < REF_SIDES; i++) {
        double share = (double)r->in[i] / (double)r->out[i];
        int64_t from = at[i] * r->stride[i] - r->padding[i];
        int64_t to = from + r->kernel[i];
        int64_t end = r->in[i] + r->padding[i];

        if (r->kind >= REF_ADAPTIVE_MAX) {
            from = (int64_t)floor((double)at[i] * share + 1e-9);
            to = (int64_t)ceil((double)(at[i] + 1) * share - 1e-9);
        }
        w.from[i] = from < 0 ? 0 : from;
        w.to[i] = to > r->in[i] ? r->in[i] : to;
        if (r->kind == REF_MEAN_PADDED)
            w.counted *= (double)((to > end ? end : to) - from);
        else
            w.counted *= (double)(w.to[i] - w.from[i]);
    }
    return w;
}

static inline bool ref_pool_inside(const ref_window *w,
                                   const int64_t at[REF_SIDES])
{
    for (int i = 0; i < REF_SIDES; i++)
        if (at[i] < w->from[i] || at[i] >= w->to[i])
            return false;
    return true;
}

/* Of output o: adds up what its window gives (give NULL), or gives back; for
 * maxima all goes to the first of the highest. */
static inline void ref_pool_one(const reference *r, int64_t o, double *x,
                                double *y, double *give)
{
    int64_t plane = o / ref_area(r->out);
    bool max = r->kind == REF_MAX || r->kind == REF_ADAPTIVE_MAX;
    int64_t highest = -1;
    int64_t at[REF_SIDES];
    ref_window w;

    ref_position(r->out, o % ref_area(r->out), at);
    w = ref_pool_window(r, at);
    for (int64_t k = 0; k < ref_area(r->in); k++) {
        int64_t i = plane * ref_area(r->in) + k;

        ref_position(r->in, k, at);
        if (!ref_pool_inside(&w, at))
            continue;
        if (highest < 0 || x[i] > x[highest])
            highest = i;
        if (!max && give)
            give[i] += y[o] / w.counted;
        else if (!max)
            y[o] += x[i] / w.counted;
    }
    if (max && give)
        give[highest] += y[o];
    else if (max)
        y[o] = x[highest];
}

static inline void ref_pool_forward(const reference *r, const ref_numbers *v)
{
    for (int64_t o = 0; o < ref_out_count(r); o++)
        ref_pool_one(r, o, v->x, v->y, NULL);
}

static inline void ref_pool_backward(const reference *r, const ref_numbers *v,
                                     const ref_numbers *g)
{
    for (int64_t o = 0; o < ref_out_count(r); o++)
        ref_pool_one(r, o, v->x, g->y, g->x);
}

/* Windows that fit, and with `ceil` one more that begins inside. */
static inline void ref_draw_windows(reference *r, ost_rng *rng)
{
    bool ceil = ref_between(rng, 0, 1);

    ref_draw_sides(r, rng, 1, 4, 1, r->kernel);
    ref_draw_sides(r, rng, 1, 3, 1, r->stride);
    for (int i = 0; i < REF_SIDES; i++) {
        int64_t most = i < REF_SIDES - r->sides ? 0 : 4;

        r->padding[i] = ref_between(rng, 0, r->kernel[i] / 2);
        r->in[i] = r->kernel[i] + ref_between(rng, 0, most);
        for (r->out[i] = 1;; r->out[i]++) {
            int64_t next = r->out[i] * r->stride[i] - r->padding[i];
            int64_t end = next + r->kernel[i];

            if (ceil ? next >= r->in[i] ||
                           end - r->stride[i] >= r->in[i] + r->padding[i]
                     : end > r->in[i] + r->padding[i])
                break;
        }
    }
    ref_say_sides(r, "kernel", r->kernel);
    ref_say_sides(r, "stride", r->stride);
    ref_say_sides(r, "padding", r->padding);
    ref_say(r, "ceil", ceil);
}

static inline void ref_pool_draw(reference *r, ost_rng *rng)
{
    static const char *const kinds[] = { "max_pool", "avg_pool", "avg_pool",
                                         "adaptive_max_pool",
                                         "adaptive_avg_pool" };

    r->kind = (int)ref_between(rng, REF_MAX, REF_ADAPTIVE_MEAN);
    r->sides = r->kind == REF_ADAPTIVE_MAX ? 2 : (int)ref_between(rng, 2, 3);
    snprintf(r->layer, sizeof(r->layer), "%s%dd", kinds[r->kind], r->sides);
    r->items = ref_between(rng, 1, 2);
    r->in_channels = r->out_channels = ref_between(rng, 1, 10);
    r->forward = ref_pool_forward;
    r->backward = ref_pool_backward;
    if (r->kind < REF_ADAPTIVE_MAX) {
        ref_draw_windows(r, rng);
    } else {
        ref_draw_sides(r, rng, 1, 6, 1, r->in);
        ref_draw_sides(r, rng, 1, 6, 1, r->out);
        ref_say_sides(r, "size", r->out);
    }
    if (r->kind == REF_MEAN || r->kind == REF_MEAN_PADDED)
        ref_say(r, "count_padding", r->kind == REF_MEAN_PADDED);
}

#endif
