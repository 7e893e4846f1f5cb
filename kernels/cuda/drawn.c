/* kernels/cuda/drawn.c - dropout, noise and latent numbers
 *
 * What is drawn hangs on the pass, the layer's index and the number's logical
 * place: rows are the positions of one channel of an item, or the channels of
 * an item that has no positions.  The backward pass draws again.  Layers that
 * draw nothing leave their numbers where they are.
 */
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/drawn_kernels.h"

#include "base/banned.h"

static ost_drawn_work work_of(const ost_layer *layer, const float *x, float *y)
{
    const ost_value *v = layer->out;
    int64_t area = ost_value_area(v);
    int64_t channels = ost_value_channels(v);

    return (ost_drawn_work){
        .rows = area > 1 ? v->shape[0] * channels : v->shape[0],
        .length = area > 1 ? area : channels,
        .layer = (uint32_t)layer->index,
        .draw = ost_layer_draw(layer),
        .x = x,
        .y = y,
    };
}

static ost_rc leave(const ost_layer *layer, const float *x, float *y,
                    ost_err *err)
{
    return x == y ? OST_OK
                  : ost_cuda_move(y, x, ost_value_stored(layer->out), err);
}

static ost_rc drop(const ost_layer *layer, const float *x, float *y,
                   ost_err *err)
{
    ost_drawn_work w = work_of(layer, x, y);
    double p = ost_layer_attr(layer, "p");

    if (!layer->live || p <= 0.0)
        return leave(layer, x, y, err);
    return ost_cuda_check(ost_cuda_launch_drop(&w, (uint32_t)(p * 4294967296.0),
                                               (float)(1.0 / (1.0 - p)),
                                               ost_cuda_here()->stream),
                          "drop numbers", err);
}

static ost_rc drop_forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    return drop(layer, layer->in[0]->data, layer->out->data, err);
}

static ost_rc drop_backward(ost_layer *layer, const ost_pass *pass,
                            ost_err *err)
{
    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    return drop(layer, layer->out->grad, layer->in_grad[0], err);
}

static ost_rc noise_forward(ost_layer *layer, const ost_pass *pass,
                            ost_err *err)
{
    const float *x = layer->in[0]->data;
    float *y = layer->out->data;
    ost_drawn_work w = work_of(layer, x, y);
    float sigma = (float)ost_layer_attr(layer, "sigma");

    (void)pass;
    if (!layer->training || sigma <= 0.0f)
        return leave(layer, x, y, err);
    return ost_cuda_check(
        ost_cuda_launch_noise(&w, sigma, ost_cuda_here()->stream), "add noise",
        err);
}

static ost_rc noise_backward(ost_layer *layer, const ost_pass *pass,
                             ost_err *err)
{
    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    return leave(layer, layer->out->grad, layer->in_grad[0], err);
}

static ost_rc latent_forward(ost_layer *layer, const ost_pass *pass,
                             ost_err *err)
{
    ost_drawn_work w = work_of(layer, NULL, layer->out->data);
    bool uniform = ost_layer_attr_word(layer, "distribution") == 1;

    (void)pass;
    return ost_cuda_check(
        ost_cuda_launch_latent(&w, uniform, ost_cuda_here()->stream),
        "draw numbers", err);
}

/* Nothing hangs on the input's numbers. */
static ost_rc latent_backward(ost_layer *layer, const ost_pass *pass,
                              ost_err *err)
{
    size_t bytes = (size_t)ost_value_stored(layer->in[0]) * sizeof(float);

    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    return ost_cuda_check(
        cudaMemsetAsync(layer->in_grad[0], 0, bytes, ost_cuda_here()->stream),
        "clear numbers", err);
}

static ost_rc need_short_rows(const ost_layer *layer, ost_err *err)
{
    if (work_of(layer, NULL, NULL).length > INT32_MAX)
        return ost_fail(err, OST_EINPUT, "its input is too large");
    return OST_OK;
}

ost_rc ost_cuda_dropout(ost_layer *layer, ost_err *err)
{
    layer->forward = drop_forward;
    layer->backward = drop_backward;
    return need_short_rows(layer, err);
}

ost_rc ost_cuda_gaussian_noise(ost_layer *layer, ost_err *err)
{
    layer->forward = noise_forward;
    layer->backward = noise_backward;
    return need_short_rows(layer, err);
}

ost_rc ost_cuda_latent(ost_layer *layer, ost_err *err)
{
    (void)err;
    layer->forward = latent_forward;
    layer->backward = latent_backward;
    return OST_OK;
}
