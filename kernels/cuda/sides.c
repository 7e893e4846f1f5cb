/* kernels/cuda/sides.c - how small values lie beside a large one
 *
 * Neighboring sides that every value has or lacks together are one side, so
 * that kernels divide less.
 */
#include "kernels/cuda/sides.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

static_assert((int)OST_SPREAD_SIDES == (int)OST_MAX_DIMS,
              "all sides of a value");
static_assert((int)OST_FOLD_SIDES == (int)OST_MAX_DIMS, "all sides of a value");
static_assert((int)OST_SPREAD_INPUTS > (int)OST_LAYER_INPUTS,
              "all inputs and one more");

/* Whether side d goes on where side d + 1 begins, in every input. */
static bool is_joined(const ost_spread_args *s, int d, int inputs)
{
    for (int k = 0; k < inputs; k++)
        if (s->stride[k][d] != s->stride[k][d + 1] * s->side[d + 1])
            return false;
    return true;
}

/* Makes sides d and d + 1 one. */
static void join(ost_spread_args *s, int d, int inputs)
{
    s->side[d + 1] *= s->side[d];
    for (int i = d; i + 1 < s->sides; i++) {
        s->side[i] = s->side[i + 1];
        for (int k = 0; k < inputs; k++)
            s->stride[k][i] = s->stride[k][i + 1];
    }
    s->sides--;
}

static int64_t stride_of(int ndim, const int64_t *shape, int d)
{
    int64_t step = shape[d] == 1 ? 0 : 1;

    while (++d < ndim)
        step *= shape[d];
    return step;
}

void ost_cuda_spread_init(ost_spread_args *spread, int ndim,
                          const int64_t *large, int inputs,
                          int64_t (*small)[OST_MAX_DIMS])
{
    *spread = (ost_spread_args){
        .count = 1, .scale = 1.0f, .item = 1, .inputs = inputs
    };
    for (int d = 0; d < ndim; d++) {
        spread->count *= large[d];
        spread->item *= d ? large[d] : 1;
        /* The last one stays, so that there is one. */
        if (large[d] == 1 && (spread->sides || d < ndim - 1))
            continue;
        for (int k = 0; k < inputs; k++)
            spread->stride[k][spread->sides] = stride_of(ndim, small[k], d);
        spread->side[spread->sides++] = large[d];
    }
    for (int d = spread->sides - 2; d >= 0; d--)
        if (is_joined(spread, d, inputs))
            join(spread, d, inputs);
}

static void add_side(ost_fold_walk *w, int64_t side, int64_t stride)
{
    w->side[w->sides] = side;
    w->stride[w->sides++] = stride;
}

void ost_cuda_fold_init(ost_fold_args *fold, int ndim, const int64_t *large,
                        const int64_t *small)
{
    int64_t shapes[1][OST_MAX_DIMS];
    int64_t stride[OST_MAX_DIMS];
    ost_spread_args s;

    memcpy(shapes[0], small, (size_t)ndim * sizeof(*small));
    ost_cuda_spread_init(&s, ndim, large, 1, shapes);
    *fold = (ost_fold_args){
        .scale = 1.0, .outputs = 1, .length = 1, .item = s.item
    };
    stride[s.sides - 1] = 1;
    for (int d = s.sides - 2; d >= 0; d--)
        stride[d] = stride[d + 1] * s.side[d + 1];
    for (int d = 0; d < s.sides; d++) {
        bool stays = s.stride[0][d] != 0;

        add_side(stays ? &fold->kept : &fold->gone, s.side[d], stride[d]);
        *(stays ? &fold->outputs : &fold->length) *= s.side[d];
    }
    if (fold->kept.sides == 0)
        add_side(&fold->kept, 1, 0);
    if (fold->gone.sides == 0)
        add_side(&fold->gone, 1, 0);
}
