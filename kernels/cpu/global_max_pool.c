/* kernels/cpu/global_max_pool.c - the highest number of each channel
 *
 * One thread takes a channel block of an item.  NaN wins, and the first of
 * equal numbers.
 */
#include "base/alloc.h"
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

enum { MAX_BLOCK = 16 };

typedef struct highest {
    int32_t *where; /* position of each channel's highest, as the output */
} highest;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static void block_max(const float *x, int64_t area, int block, int n, float *y,
                      int32_t *where)
{
    float best[MAX_BLOCK];
    int32_t at[MAX_BLOCK] = { 0 };

    memcpy(best, x, (size_t)block * sizeof(*x));
    for (int64_t s = 1; s < area; s++)
        for (int l = 0; l < block; l++) {
            float v = x[s * block + l];

            if (v > best[l] || v != v) {
                best[l] = v;
                at[l] = (int32_t)s;
            }
        }
    memcpy(y, best, (size_t)n * sizeof(*y));
    if (where)
        memcpy(where, at, (size_t)n * sizeof(*where));
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const ost_value *in = layer->in[0];
    const highest *h = layer->state;
    int64_t channels = ost_value_channels(in);
    int64_t area = ost_value_area(in);
    int64_t blocks = ost_value_blocks(in);
    int block = in->block;
    int64_t tasks = in->shape[0] * blocks;

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < tasks; t++) {
        int64_t c = t % blocks * block;
        int64_t at = t / blocks * channels + c;
        int n = (int)(channels - c < block ? channels - c : block);

        block_max(in->data + t * area * block, area, block, n,
                  layer->out->data + at, h->where ? h->where + at : NULL);
    }
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const ost_value *in = layer->in[0];
    const highest *h = layer->state;
    int64_t channels = ost_value_channels(in);
    int64_t area = ost_value_area(in);
    int64_t blocks = ost_value_blocks(in);
    int block = in->block;
    int64_t tasks = in->shape[0] * blocks;

    (void)pass;
    (void)err;
    if (!layer->in_grad[0])
        return OST_OK;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < tasks; t++) {
        float *dx = layer->in_grad[0] + t * area * block;
        int64_t c = t % blocks * block;
        int64_t at = t / blocks * channels + c;

        memset(dx, 0, (size_t)(area * block) * sizeof(*dx));
        for (int l = 0; l < block && c + l < channels; l++)
            dx[h->where[at + l] * block + l] = layer->out->grad[at + l];
    }
    return OST_OK;
}

ost_rc ost_cpu_global_max_pool(ost_layer *layer, ost_err *err)
{
    highest *h = ost_xalloc(sizeof(*h));

    layer->state = h;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    if (layer->in_block[0] > MAX_BLOCK)
        layer->in_block[0] = ost_cpu_block(layer->backend);
    if (ost_value_area(layer->in[0]) > INT32_MAX)
        return ost_fail(err, OST_EINPUT, "its input is too large");
    if (layer->training)
        ost_layer_memory(
            layer, (size_t)ost_value_stored(layer->out) * sizeof(*h->where),
            OST_LIFE_SAVED, &h->where);
    return OST_OK;
}
