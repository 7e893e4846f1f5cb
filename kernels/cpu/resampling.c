/* kernels/cpu/resampling.c - outputs that are one input or a mix of neighbors
 *
 * One thread takes a row of the output, or, for the gradient, all positions of
 * one channel block of one item, in their order.
 */
#include "kernels/cpu/resampling.h"

#include "base/alloc.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

#define INLINE static inline __attribute__((always_inline))

/* Sides are counted from the last; those that are missing are 1. */
typedef struct resampling {
    ost_samples side[OST_RESAMPLED_SIDES];
    bool mixed;
    int block;
} resampling;

static void release(ost_layer *layer)
{
    resampling *r = layer->state;

    for (int i = 0; r && i < OST_RESAMPLED_SIDES; i++) {
        ost_free(r->side[i].near);
        ost_free(r->side[i].far);
        ost_free(r->side[i].part);
    }
    ost_free(r);
    layer->state = NULL;
}

/* A row of the output and the one or two of the input that it hangs on. */
typedef struct row {
    int64_t near; /* in floats from the start of the plane */
    int64_t far;
    float part;
} row;

static row row_of(const resampling *r, int64_t number)
{
    const ost_samples *d = &r->side[2];
    const ost_samples *h = &r->side[1];
    int64_t plane = d->near[number / h->out] * h->in;
    int64_t at = number % h->out;
    int64_t step = r->side[0].in * r->block;

    return (row){
        .near = (plane + h->near[at]) * step,
        .far = (plane + h->far[at]) * step,
        .part = h->part[at],
    };
}

INLINE void pick(const ost_samples *s, const float *x, float *y, int block)
{
    for (int64_t i = 0; i < s->out; i++)
        for (int l = 0; l < block; l++)
            y[i * block + l] = x[s->near[i] * (int64_t)block + l];
}

INLINE void give(const ost_samples *s, const float *dy, float *dx, int block)
{
    for (int64_t i = 0; i < s->out; i++)
        for (int l = 0; l < block; l++)
            dx[s->near[i] * (int64_t)block + l] += dy[i * block + l];
}

INLINE void mix(const ost_samples *s, const row *w, const float *x, float *y,
                int block)
{
    for (int64_t i = 0; i < s->out; i++) {
        const float *a = x + w->near + s->near[i] * (int64_t)block;
        const float *b = x + w->near + s->far[i] * (int64_t)block;
        const float *c = x + w->far + s->near[i] * (int64_t)block;
        const float *d = x + w->far + s->far[i] * (int64_t)block;
        float p = s->part[i];

        for (int l = 0; l < block; l++)
            y[i * block + l] =
                (1.0f - w->part) * ((1.0f - p) * a[l] + p * b[l]) +
                w->part * ((1.0f - p) * c[l] + p * d[l]);
    }
}

/* Adds up where near and far are the same, one after the other. */
INLINE void give_mixed(const ost_samples *s, const row *w, const float *dy,
                       float *dx, int block)
{
    for (int64_t i = 0; i < s->out; i++) {
        int64_t near = s->near[i] * (int64_t)block;
        int64_t far = s->far[i] * (int64_t)block;
        const float share[4] = {
            (1.0f - w->part) * (1.0f - s->part[i]),
            (1.0f - w->part) * s->part[i],
            w->part * (1.0f - s->part[i]),
            w->part * s->part[i],
        };
        float *const to[4] = { dx + w->near + near, dx + w->near + far,
                               dx + w->far + near, dx + w->far + far };

        for (int k = 0; k < 4; k++)
            for (int l = 0; l < block; l++)
                to[k][l] += share[k] * dy[i * block + l];
    }
}

INLINE void forward_row(const resampling *r, int64_t number, const float *x,
                        float *y, int block)
{
    row w = row_of(r, number);

    if (r->mixed)
        mix(&r->side[0], &w, x, y, block);
    else
        pick(&r->side[0], x + w.near, y, block);
}

INLINE void backward_row(const resampling *r, int64_t number, const float *dy,
                         float *dx, int block)
{
    row w = row_of(r, number);

    if (r->mixed)
        give_mixed(&r->side[0], &w, dy, dx, block);
    else
        give(&r->side[0], dy, dx + w.near, block);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const resampling *r = layer->state;
    const ost_value *in = layer->in[0];
    int64_t rows = r->side[2].out * r->side[1].out;
    int64_t tasks = in->shape[0] * ost_value_blocks(in) * rows;
    int64_t in_step = ost_value_area(in) * r->block;
    int64_t out_step = r->side[0].out * r->block;

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < tasks; t++) {
        const float *x = in->data + t / rows * in_step;
        float *y = layer->out->data + t * out_step;

        if (r->block == 8)
            forward_row(r, t % rows, x, y, 8);
        else if (r->block == 16)
            forward_row(r, t % rows, x, y, 16);
        else
            forward_row(r, t % rows, x, y, r->block);
    }
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const resampling *r = layer->state;
    const ost_value *in = layer->in[0];
    int64_t rows = r->side[2].out * r->side[1].out;
    int64_t planes = in->shape[0] * ost_value_blocks(in);
    int64_t in_step = ost_value_area(in) * r->block;
    int64_t out_step = r->side[0].out * r->block;

    (void)pass;
    (void)err;
    if (!layer->in_grad[0])
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < planes; i++) {
        float *dx = layer->in_grad[0] + i * in_step;

        memset(dx, 0, (size_t)in_step * sizeof(*dx));
        for (int64_t k = 0; k < rows; k++) {
            const float *dy = layer->out->grad + (i * rows + k) * out_step;

            if (r->block == 8)
                backward_row(r, k, dy, dx, 8);
            else if (r->block == 16)
                backward_row(r, k, dy, dx, 16);
            else
                backward_row(r, k, dy, dx, r->block);
        }
    }
    return OST_OK;
}

void ost_cpu_resampling(ost_layer *layer, ost_sample_maker make, bool mixed)
{
    resampling *r = ost_xalloc(sizeof(*r));
    int sides = layer->out->ndim - 2;

    ost_cpu_same_layout(layer);
    layer->state = r;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    r->mixed = mixed;
    r->block = layer->out->block;
    for (int i = 0; i < OST_RESAMPLED_SIDES; i++) {
        ost_samples *s = &r->side[i];
        int side = sides - 1 - i;

        s->in = side < 0 ? 1 : layer->in[0]->shape[2 + side];
        s->out = side < 0 ? 1 : layer->out->shape[2 + side];
        s->near = ost_xalloc((size_t)s->out * sizeof(*s->near));
        s->far = ost_xalloc((size_t)s->out * sizeof(*s->far));
        s->part = ost_xalloc((size_t)s->out * sizeof(*s->part));
        if (side >= 0)
            make(layer, side, s);
    }
}
