/* kernels/cuda/global_pool.c - the mean or the highest of each channel of each
 * item
 */
#include "base/alloc.h"
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/global_pool_kernels.h"

#include "base/banned.h"

typedef struct highest {
    int32_t *where; /* position of each channel's highest, as the output */
} highest;

static int64_t rows_of(const ost_layer *layer)
{
    return ost_value_stored(layer->out);
}

static int64_t area_of(const ost_layer *layer)
{
    return ost_value_area(layer->in[0]);
}

static ost_rc mean_forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    return ost_cuda_check(
        ost_cuda_launch_row_mean(rows_of(layer), area_of(layer),
                                 layer->in[0]->data, layer->out->data,
                                 ost_cuda_here()->stream),
        "compute means", err);
}

static ost_rc mean_backward(ost_layer *layer, const ost_pass *pass,
                            ost_err *err)
{
    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    return ost_cuda_check(ost_cuda_launch_row_mean_back(
                              rows_of(layer), area_of(layer), layer->out->grad,
                              layer->add_in[0], layer->in_grad[0],
                              ost_cuda_here()->stream),
                          "compute means backward", err);
}

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static ost_rc max_forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const highest *h = layer->state;

    (void)pass;
    return ost_cuda_check(
        ost_cuda_launch_row_max(rows_of(layer), area_of(layer),
                                layer->in[0]->data, layer->out->data, h->where,
                                ost_cuda_here()->stream),
        "find maxima", err);
}

static ost_rc max_backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const highest *h = layer->state;

    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    return ost_cuda_check(ost_cuda_launch_row_max_back(
                              rows_of(layer), area_of(layer), layer->out->grad,
                              h->where, layer->add_in[0], layer->in_grad[0],
                              ost_cuda_here()->stream),
                          "find maxima backward", err);
}

ost_rc ost_cuda_global_avg_pool(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->forward = mean_forward;
    layer->backward = mean_backward;
    layer->adds_in = true;
    return OST_OK;
}

ost_rc ost_cuda_global_max_pool(ost_layer *layer, ost_err *err)
{
    highest *h = ost_xalloc(sizeof(*h));

    layer->state = h;
    layer->release = release;
    layer->forward = max_forward;
    layer->backward = max_backward;
    layer->adds_in = true;
    if (area_of(layer) > INT32_MAX)
        return ost_fail(err, OST_EINPUT, "its input is too large");
    if (layer->training)
        ost_layer_memory(layer, (size_t)rows_of(layer) * sizeof(*h->where),
                         OST_LIFE_SAVED, &h->where);
    return OST_OK;
}
