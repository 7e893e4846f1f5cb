/* kernels/cpu/global_avg_pool.c - the mean of each channel of each item
 *
 * Each (item, channel block) is summed by one thread, position by position, in
 * double.
 */
#include "kernels/cpu/cpu.h"
#include "kernels/cpu/threads.h"

#include "base/banned.h"

enum { MAX_BLOCK = 16 };

/* Means of the channels of one block. */
static void block_means(const float *x, int64_t area, int block, int lanes,
                        float *y)
{
    double sum[MAX_BLOCK] = { 0.0 };

    for (int64_t s = 0; s < area; s++)
        for (int l = 0; l < block; l++)
            sum[l] += (double)x[s * block + l];
    for (int l = 0; l < lanes; l++)
        y[l] = (float)(sum[l] / (double)area);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const ost_value *in = layer->in[0];
    int64_t channels = ost_value_channels(in);
    int64_t area = ost_value_area(in);
    int64_t blocks = ost_value_blocks(in);
    int block = in->block;
    int64_t tasks = in->shape[0] * blocks;

    (void)pass;
    (void)err;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t t = 0; t < tasks; t++) {
        int64_t n = t / blocks;
        int64_t c = t % blocks * block;
        int lanes = (int)(channels - c < block ? channels - c : block);

        block_means(in->data + t * area * block, area, block, lanes,
                    layer->out->data + n * channels + c);
    }
    return OST_OK;
}

static void spread(const float *dy, int64_t area, int block, int lanes,
                   float *dx)
{
    float part[MAX_BLOCK] = { 0.0f };

    for (int l = 0; l < lanes; l++)
        part[l] = dy[l] / (float)area;
    for (int64_t s = 0; s < area; s++)
        for (int l = 0; l < block; l++)
            dx[s * block + l] = part[l];
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const ost_value *in = layer->in[0];
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
        int64_t n = t / blocks;
        int64_t c = t % blocks * block;
        int lanes = (int)(channels - c < block ? channels - c : block);

        spread(layer->out->grad + n * channels + c, area, block, lanes,
               layer->in_grad[0] + t * area * block);
    }
    return OST_OK;
}

ost_rc ost_cpu_global_avg_pool(ost_layer *layer, ost_err *err)
{
    (void)err;
    if (layer->in_block[0] > MAX_BLOCK)
        layer->in_block[0] = ost_cpu_block(layer->backend);
    layer->forward = forward;
    layer->backward = backward;
    return OST_OK;
}
