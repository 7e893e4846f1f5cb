/* tests/support/reference.h - operators as their definitions say, in double
 *
 * What the kernels are compared with: plain loops over plain row-major numbers,
 * (N, C, D, H, W) with sides of 1 in front where there are fewer.  The
 * gradients are written down too, and are themselves compared with differences
 * of the forward pass.
 *
 * To add an operator: a function that draws one at random, fills the shapes,
 * the layer line (as in fixtures) and the two functions, and its row in
 * property/test_operator_properties.c.
 */
#ifndef OST_TESTS_SUPPORT_REFERENCE_H
#define OST_TESTS_SUPPORT_REFERENCE_H

#include "base/rng.h"
#include "kernels/layer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { REF_SIDES = 3, REF_WEIGHTS = 2 };

/* Numbers of an operator: its input, weights and output, or their gradients. */
typedef struct ref_numbers {
    double *x;
    double *w[REF_WEIGHTS];
    double *y;
} ref_numbers;

typedef struct reference reference;

struct reference {
    char layer[256]; /* kind and attributes */
    int sides;       /* spatial ones that there are */
    int64_t items;
    int64_t in_channels;
    int64_t in[REF_SIDES];
    int64_t out_channels;
    int64_t out[REF_SIDES];
    int64_t weights[REF_WEIGHTS]; /* numbers in each; 0: none */

    /* Fills v->y, which is zero. */
    void (*forward)(const reference *r, const ref_numbers *v);
    /* Fills g->x and g->w, which are zero, from v and g->y. */
    void (*backward)(const reference *r, const ref_numbers *v,
                     const ref_numbers *g);

    /* Of one operator or the other. */
    int64_t groups;
    int64_t kernel[REF_SIDES];
    int64_t stride[REF_SIDES];
    int64_t padding[REF_SIDES];
    int64_t dilation[REF_SIDES];
    int64_t after[REF_SIDES]; /* padding at the end */
    int kind;
    bool flag;
    double epsilon;
};

static inline int64_t ref_area(const int64_t side[REF_SIDES])
{
    return side[0] * side[1] * side[2];
}

static inline int64_t ref_in_count(const reference *r)
{
    return r->items * r->in_channels * ref_area(r->in);
}

static inline int64_t ref_out_count(const reference *r)
{
    return r->items * r->out_channels * ref_area(r->out);
}

/* Where (plane, d, h, w) lies. */
static inline int64_t ref_at(const int64_t side[REF_SIDES], int64_t plane,
                             const int64_t at[REF_SIDES])
{
    return ((plane * side[0] + at[0]) * side[1] + at[1]) * side[2] + at[2];
}

/* The k-th position of something with these sides. */
static inline void ref_position(const int64_t side[REF_SIDES], int64_t k,
                                int64_t at[REF_SIDES])
{
    at[2] = k % side[2];
    at[1] = k / side[2] % side[1];
    at[0] = k / side[2] / side[1];
}

static inline int64_t ref_between(ost_rng *rng, int64_t a, int64_t b)
{
    return a + (int64_t)ost_rng_below(rng, (uint64_t)(b - a + 1));
}

/* Draws a number for each side that there is; the others are `missing`. */
static inline void ref_draw_sides(const reference *r, ost_rng *rng, int64_t a,
                                  int64_t b, int64_t missing,
                                  int64_t side[REF_SIDES])
{
    for (int i = 0; i < REF_SIDES; i++)
        side[i] = i < REF_SIDES - r->sides ? missing : ref_between(rng, a, b);
}

static inline void ref_say(reference *r, const char *name, int64_t value)
{
    size_t n = strlen(r->layer);

    snprintf(r->layer + n, sizeof(r->layer) - n, " %s=%lld", name,
             (long long)value);
}

/* An attribute with a number for each side. */
static inline void ref_say_sides(reference *r, const char *name,
                                 const int64_t side[REF_SIDES])
{
    for (int i = REF_SIDES - r->sides; i < REF_SIDES; i++) {
        size_t n = strlen(r->layer);
        bool first = i == REF_SIDES - r->sides;

        snprintf(r->layer + n, sizeof(r->layer) - n, "%s%s%s%lld",
                 first ? " " : ",", first ? name : "", first ? "=" : "",
                 (long long)side[i]);
    }
}

#endif
