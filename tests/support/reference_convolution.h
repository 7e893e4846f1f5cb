/* tests/support/reference_convolution.h - convolutions and transposed ones
 *
 * A convolution ties each number of its larger side (the input) to numbers of
 * its smaller side (the output) by the weights; the transposed one goes from
 * the smaller to the larger.  All passes are the same sum of products, into
 * another of the three.
 */
#ifndef OST_TESTS_SUPPORT_REFERENCE_CONVOLUTION_H
#define OST_TESTS_SUPPORT_REFERENCE_CONVOLUTION_H

#include "tests/support/reference.h"

enum { REF_INTO_LARGE, REF_INTO_WEIGHT, REF_INTO_SMALL };

/* The larger and the smaller side: planes are counted over items. */
typedef struct ref_ends {
    const int64_t *large;
    const int64_t *small;
    int64_t large_channels;
    int64_t small_channels;
} ref_ends;

static inline ref_ends ref_conv_ends(const reference *r)
{
    if (r->flag)
        return (ref_ends){ r->out, r->in, r->out_channels, r->in_channels };
    return (ref_ends){ r->in, r->out, r->in_channels, r->out_channels };
}

/* All products of one channel of the small side with one of its group of the
 * large side. */
static inline void ref_conv_pair(const reference *r, const ref_ends *e,
                                 int64_t large_plane, int64_t small_plane,
                                 double *large, double *weight, double *small,
                                 int into)
{
    for (int64_t k = 0; k < ref_area(r->kernel); k++)
        for (int64_t s = 0; s < ref_area(e->small); s++) {
            int64_t tap[REF_SIDES];
            int64_t at[REF_SIDES];
            int64_t from[REF_SIDES];
            bool inside = true;
            double *x;
            double *y;

            ref_position(r->kernel, k, tap);
            ref_position(e->small, s, at);
            for (int i = 0; i < REF_SIDES; i++) {
                from[i] = at[i] * r->stride[i] - r->padding[i] +
                          tap[i] * r->dilation[i];
                inside &= from[i] >= 0 && from[i] < e->large[i];
            }
            if (!inside)
                continue;
            x = &large[ref_at(e->large, large_plane, from)];
            y = &small[ref_at(e->small, small_plane, at)];
            if (into == REF_INTO_LARGE)
                *x += *y * weight[k];
            else if (into == REF_INTO_WEIGHT)
                weight[k] += *x * *y;
            else
                *y += *x * weight[k];
        }
}

static inline void ref_conv_run(const reference *r, double *large,
                                double *weight, double *small, int into)
{
    ref_ends e = ref_conv_ends(r);
    int64_t per_group = e.large_channels / r->groups;

    for (int64_t n = 0; n < r->items; n++)
        for (int64_t o = 0; o < e.small_channels; o++)
            for (int64_t i = 0; i < per_group; i++) {
                int64_t group = o / (e.small_channels / r->groups);

                ref_conv_pair(
                    r, &e, n * e.large_channels + group * per_group + i,
                    n * e.small_channels + o, large,
                    weight + (o * per_group + i) * ref_area(r->kernel), small,
                    into);
            }
}

static inline void ref_conv_forward(const reference *r, const ref_numbers *v)
{
    int64_t area = ref_area(r->out);

    if (r->flag)
        ref_conv_run(r, v->y, v->w[0], v->x, REF_INTO_LARGE);
    else
        ref_conv_run(r, v->x, v->w[0], v->y, REF_INTO_SMALL);
    for (int64_t i = 0; i < ref_out_count(r) && r->weights[1]; i++)
        v->y[i] += v->w[1][i / area % r->out_channels];
}

static inline void ref_conv_backward(const reference *r, const ref_numbers *v,
                                     const ref_numbers *g)
{
    int64_t area = ref_area(r->out);

    if (r->flag) {
        ref_conv_run(r, g->y, v->w[0], g->x, REF_INTO_SMALL);
        ref_conv_run(r, g->y, g->w[0], v->x, REF_INTO_WEIGHT);
    } else {
        ref_conv_run(r, g->x, v->w[0], g->y, REF_INTO_LARGE);
        ref_conv_run(r, v->x, g->w[0], g->y, REF_INTO_WEIGHT);
    }
    for (int64_t i = 0; i < ref_out_count(r) && r->weights[1]; i++)
        g->w[1][i / area % r->out_channels] += g->y[i];
}

/* Sides of the input that give between one and three outputs. */
static inline void ref_draw_conv_sides(reference *r, ost_rng *rng)
{
    for (int i = 0; i < REF_SIDES; i++) {
        int64_t reach = r->dilation[i] * (r->kernel[i] - 1) + 1;
        int64_t outputs = r->sides < REF_SIDES - i ? 1 : ref_between(rng, 1, 4);
        int64_t more = ref_between(rng, 0, r->stride[i] - 1);
        int64_t side =
            reach + (outputs - 1) * r->stride[i] + more - 2 * r->padding[i];

        if (side < 1)
            side = 1;
        outputs = (side + 2 * r->padding[i] - reach) / r->stride[i] + 1;
        more = (side + 2 * r->padding[i] - reach) % r->stride[i];
        r->after[i] = more;
        r->in[i] = r->flag ? outputs : side;
        r->out[i] = r->flag ? side : outputs;
    }
}

static inline void ref_conv_draw(reference *r, ost_rng *rng)
{
    static const char *const kinds[] = { "conv2d", "conv3d",
                                         "conv_transpose2d" };
    int64_t kind = ref_between(rng, 0, 2);

    snprintf(r->layer, sizeof(r->layer), "%s", kinds[kind]);
    r->flag = kind == 2;
    r->sides = kind == 1 ? 3 : 2;
    r->groups = ref_between(rng, 0, 1) ? 1 : ref_between(rng, 1, 3);
    r->items = ref_between(rng, 1, 3);
    r->in_channels = r->groups * ref_between(rng, 1, 9);
    r->out_channels = r->groups * ref_between(rng, 1, 9);
    ref_draw_sides(r, rng, 1, 3, 1, r->kernel);
    ref_draw_sides(r, rng, 1, 3, 1, r->stride);
    ref_draw_sides(r, rng, 1, 2, 1, r->dilation);
    for (int i = 0; i < REF_SIDES; i++) {
        int64_t most = r->dilation[i] * (r->kernel[i] - 1);

        r->padding[i] = ref_between(rng, 0, most > 2 ? 2 : most);
    }
    ref_draw_conv_sides(r, rng);
    r->weights[0] =
        r->in_channels * r->out_channels / r->groups * ref_area(r->kernel);
    r->weights[1] = ref_between(rng, 0, 1) ? r->out_channels : 0;
    r->forward = ref_conv_forward;
    r->backward = ref_conv_backward;
    ref_say(r, "out", r->out_channels);
    ref_say(r, "groups", r->groups);
    ref_say(r, "bias", r->weights[1] > 0);
    ref_say_sides(r, "kernel", r->kernel);
    ref_say_sides(r, "stride", r->stride);
    ref_say_sides(r, "padding", r->padding);
    ref_say_sides(r, "dilation", r->dilation);
    if (r->flag)
        ref_say_sides(r, "output_padding", r->after);
}

#endif
