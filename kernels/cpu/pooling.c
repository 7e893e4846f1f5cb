/* kernels/cpu/pooling.c - pooling with one to three spatial sides
 *
 * Eight channels are taken at a time; one thread takes a row of the output, or
 * of a gradient all positions of one channel block of one item.  For maxima the
 * place of the winner in its window is kept for the backward pass, in bytes
 * where windows are small; NaN wins, and the first of equal numbers.
 *
 * Max pooling takes a ReLU before it along, as the positive part of a maximum
 * is the maximum of positive parts.  What that ReLU would have stopped has no
 * winner.
 */
#include "kernels/cpu/pooling.h"

#include "base/alloc.h"
#include "kernels/cpu/threads.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { SIDES = 3, LANES = 8, WINDOW_MAX = 32766 };
/* Winners that are none: no place in a window that large. */
enum { NOBODY = 32767, NOBODY_SMALL = 255, WINDOW_SMALL = 254 };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t whole __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef int16_t places __attribute__((vector_size(LANES * sizeof(int16_t))));
typedef uint8_t bytes __attribute__((vector_size(LANES)));

/* Sides are counted from the last; those that are missing are 1. */
typedef struct pooling {
    bool max;
    bool adaptive;
    bool padded; /* padding counts in means */
    int64_t in[SIDES];
    int64_t out[SIDES];
    int64_t kernel[SIDES];
    int64_t stride[SIDES];
    int64_t padding[SIDES];
    int block;
    bool relu;        /* of what is pooled only the positive part counts */
    int winner_size;  /* bytes of a winner: 1 or 2 */
    uint8_t *winners; /* NULL: not wanted */
} pooling;

/* The part of a window that is inside, and where it begins. */
typedef struct window {
    int64_t from[SIDES];
    int64_t to[SIDES];
    int64_t place[SIDES];   /* of `from` in the window */
    int64_t counted[SIDES]; /* positions that a mean divides by */
    float share;            /* 1 / their product */
} window;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static void set_side(const pooling *p, int side, int64_t at, window *w)
{
    int64_t in = p->in[side];
    int64_t from = at * p->stride[side] - p->padding[side];
    int64_t to = from + p->kernel[side];

    if (p->adaptive) {
        from = at * in / p->out[side];
        to = ((at + 1) * in + p->out[side] - 1) / p->out[side];
    }
    w->from[side] = from < 0 ? 0 : from;
    w->to[side] = to > in ? in : to;
    w->place[side] = w->from[side] - from;
    w->counted[side] = w->to[side] - w->from[side];
    if (p->padded)
        w->counted[side] =
            (to > in + p->padding[side] ? in + p->padding[side] : to) - from;
}

/* The window of an output; those of the outer sides are set already. */
static void set_window(const pooling *p, int64_t at, window *w)
{
    set_side(p, 0, at, w);
    w->share = 1.0f / (float)(w->counted[0] * w->counted[1] * w->counted[2]);
}

static int64_t position(const pooling *p, int64_t d, int64_t h, int64_t w)
{
    return ((d * p->in[1] + h) * p->in[0] + w) * p->block;
}

static int32_t place(const pooling *p, const window *w, int64_t d, int64_t h)
{
    return (int32_t)(((d - w->from[2] + w->place[2]) * p->kernel[1] + h -
                      w->from[1] + w->place[1]) *
                         p->kernel[0] +
                     w->place[0]);
}

static void put_winners(const pooling *p, const whole *where, uint8_t *winners)
{
    places two = __builtin_convertvector(*where, places);
    bytes one = __builtin_convertvector(*where, bytes);

    if (p->winner_size == 1)
        memcpy(winners, &one, sizeof(one));
    else
        memcpy(winners, &two, sizeof(two));
}

static void get_winners(const pooling *p, const uint8_t *winners, whole *where)
{
    places two;
    bytes one;

    if (p->winner_size == 1) {
        memcpy(&one, winners, sizeof(one));
        *where = __builtin_convertvector(one, whole);
    } else {
        memcpy(&two, winners, sizeof(two));
        *where = __builtin_convertvector(two, whole);
    }
}

static void take_max(const pooling *p, const window *w, const float *x,
                     float *y, uint8_t *winners)
{
    int32_t nobody = p->winner_size == 1 ? NOBODY_SMALL : NOBODY;
    lanes best = { 0 };
    whole where = { 0 };

    for (int l = 0; l < LANES; l++)
        best[l] = -INFINITY;
    where += place(p, w, w->from[2], w->from[1]);
    for (int64_t d = w->from[2]; d < w->to[2]; d++)
        for (int64_t h = w->from[1]; h < w->to[1]; h++) {
            const float *row = x + position(p, d, h, w->from[0]);
            int32_t at = place(p, w, d, h);

            for (int64_t i = w->from[0]; i < w->to[0]; i++, at++) {
                lanes v;
                whole wins;

                memcpy(&v, row, sizeof(v));
                wins = (v > best) | (v != v);
                best = (lanes)(((whole)v & wins) | ((whole)best & ~wins));
                where = (at & wins) | (where & ~wins);
                row += p->block;
            }
        }
    if (p->relu) {
        whole counts = best > 0.0f;

        where = (where & counts) | (nobody & ~counts);
        best = (lanes)((whole)best & ~(best < 0.0f));
    }
    memcpy(y, &best, sizeof(best));
    if (winners)
        put_winners(p, &where, winners);
}

static void take_mean(const pooling *p, const window *w, const float *x,
                      float *y)
{
    lanes sum = { 0 };

    for (int64_t d = w->from[2]; d < w->to[2]; d++)
        for (int64_t h = w->from[1]; h < w->to[1]; h++) {
            const float *row = x + position(p, d, h, w->from[0]);

            for (int64_t i = w->from[0]; i < w->to[0]; i++) {
                lanes v;

                memcpy(&v, row, sizeof(v));
                sum += v;
                row += p->block;
            }
        }
    sum *= w->share;
    memcpy(y, &sum, sizeof(sum));
}

/* Adds to all of the window what its output passes back. */
static void give_back(const pooling *p, const window *w, const float *dy,
                      const uint8_t *winners, float *dx)
{
    lanes give;
    whole where = { 0 };

    memcpy(&give, dy, sizeof(give));
    if (winners)
        get_winners(p, winners, &where);
    else
        give *= w->share;
    for (int64_t d = w->from[2]; d < w->to[2]; d++)
        for (int64_t h = w->from[1]; h < w->to[1]; h++) {
            float *row = dx + position(p, d, h, w->from[0]);
            int32_t at = place(p, w, d, h);

            for (int64_t i = w->from[0]; i < w->to[0]; i++, at++) {
                whole wins = where == at;
                lanes v;

                memcpy(&v, row, sizeof(v));
                v += winners ? (lanes)((whole)give & wins) : give;
                memcpy(row, &v, sizeof(v));
                row += p->block;
            }
        }
}

/* One row of outputs, forward or backward; a row is counted over the two outer
 * sides. */
static void forward_row(const pooling *p, int64_t row, const float *x, float *y,
                        uint8_t *winners)
{
    window w;

    set_side(p, 2, row / p->out[1], &w);
    set_side(p, 1, row % p->out[1], &w);
    for (int64_t i = 0; i < p->out[0]; i++) {
        set_window(p, i, &w);
        for (int l = 0; l < p->block; l += LANES) {
            int64_t at = i * p->block + l;

            if (p->max)
                take_max(p, &w, x + l, y + at,
                         winners ? winners + at * p->winner_size : NULL);
            else
                take_mean(p, &w, x + l, y + at);
        }
    }
}

static void backward_row(const pooling *p, int64_t row, const float *dy,
                         const uint8_t *winners, float *dx)
{
    window w;

    set_side(p, 2, row / p->out[1], &w);
    set_side(p, 1, row % p->out[1], &w);
    for (int64_t i = 0; i < p->out[0]; i++) {
        set_window(p, i, &w);
        for (int l = 0; l < p->block; l += LANES) {
            int64_t at = i * p->block + l;

            give_back(p, &w, dy + at,
                      winners ? winners + at * p->winner_size : NULL, dx + l);
        }
    }
}

static uint8_t *winners_at(const pooling *p, int64_t number)
{
    return p->winners ? p->winners + number * p->winner_size : NULL;
}

static bool absorb(ost_layer *layer, const ost_layer *before)
{
    pooling *p = layer->state;

    return p->relu = strcmp(before->kind->name, "relu") == 0;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const pooling *p = layer->state;
    const ost_value *in = layer->in[0];
    const ost_value *out = layer->out;
    int64_t rows = p->out[2] * p->out[1];
    int64_t tasks = in->shape[0] * ost_value_blocks(in) * rows;
    int64_t in_step = ost_value_area(in) * p->block;
    int64_t out_step = p->out[0] * p->block;

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < tasks; t++)
        forward_row(p, t % rows, in->data + t / rows * in_step,
                    out->data + t * out_step, winners_at(p, t * out_step));
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const pooling *p = layer->state;
    const ost_value *in = layer->in[0];
    const ost_value *out = layer->out;
    int64_t rows = p->out[2] * p->out[1];
    int64_t planes = in->shape[0] * ost_value_blocks(in);
    int64_t in_step = ost_value_area(in) * p->block;
    int64_t out_step = p->out[0] * p->block;

    (void)pass;
    (void)err;
    if (!layer->in_grad[0])
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < planes; i++) {
        float *dx = layer->in_grad[0] + i * in_step;

        memset(dx, 0, (size_t)in_step * sizeof(*dx));
        for (int64_t r = 0; r < rows; r++) {
            int64_t at = (i * rows + r) * out_step;

            backward_row(p, r, out->grad + at, winners_at(p, at), dx);
        }
    }
    return OST_OK;
}

static void set_kernel(const ost_layer *layer, pooling *p, int i, int side)
{
    int64_t stride;

    if (p->adaptive) { /* the longest that can be */
        p->kernel[side] = (p->in[side] + p->out[side] - 1) / p->out[side] + 1;
        return;
    }
    p->kernel[side] = ost_layer_attr_int(layer, "kernel", i);
    stride = ost_layer_attr_int(layer, "stride", i);
    p->stride[side] = stride ? stride : p->kernel[side];
    p->padding[side] = ost_layer_attr_int(layer, "padding", i);
}

static ost_rc set_sides(const ost_layer *layer, pooling *p, ost_err *err)
{
    int sides = layer->out->ndim - 2;
    int64_t positions = 1;

    for (int i = 0; i < SIDES; i++)
        p->in[i] = p->out[i] = p->kernel[i] = p->stride[i] = 1;
    for (int i = 0; i < sides; i++) {
        int side = sides - 1 - i;

        p->in[side] = layer->in[0]->shape[2 + i];
        p->out[side] = layer->out->shape[2 + i];
        set_kernel(layer, p, i, side);
        positions *= p->kernel[side];
    }
    if (p->max && positions > WINDOW_MAX)
        return ost_fail(err, OST_EINPUT,
                        "windows have %lld positions, at most %d are possible",
                        (long long)positions, WINDOW_MAX);
    p->winner_size = positions <= WINDOW_SMALL ? 1 : 2;
    return OST_OK;
}

ost_rc ost_cpu_pooling(ost_layer *layer, ost_pooling how, ost_err *err)
{
    pooling *p = ost_xalloc(sizeof(*p));
    ost_rc rc;

    layer->state = p;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    p->max = how == OST_POOL_MAX || how == OST_POOL_ADAPTIVE_MAX;
    p->adaptive = how == OST_POOL_ADAPTIVE_MAX || how == OST_POOL_ADAPTIVE_MEAN;
    p->padded = how == OST_POOL_MEAN_PADDED;
    p->block = ost_cpu_block(layer->backend);
    layer->in_block[0] = layer->out->block = p->block;
    rc = set_sides(layer, p, err);
    if (!rc && p->max) {
        layer->absorb = absorb;
        if (layer->training)
            ost_layer_memory(layer,
                             (size_t)ost_value_stored(layer->out) *
                                 (size_t)p->winner_size,
                             OST_LIFE_SAVED, &p->winners);
    }
    return rc;
}
