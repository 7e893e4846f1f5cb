/* kernels/cuda/resample.c - upsampling, and margins that mirror the picture */
#include "base/alloc.h"
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/resample_kernels.h"

#include "base/banned.h"

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    return ost_cuda_check(
        ost_cuda_launch_resample(layer->state, layer->in[0]->data,
                                 layer->out->data, ost_cuda_here()->stream),
        "resample", err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    (void)pass;
    if (!layer->in_grad[0])
        return OST_OK;
    return ost_cuda_check(ost_cuda_launch_resample_back(
                              layer->state, layer->out->grad, layer->add_in[0],
                              layer->in_grad[0], ost_cuda_here()->stream),
                          "resample backward", err);
}

static ost_rc prepare(ost_layer *layer, ost_resample how, ost_err *err)
{
    ost_resample_work *w = ost_xalloc(sizeof(*w));
    const ost_value *in = layer->in[0];
    int sides = layer->out->ndim - 2;

    layer->state = w;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    layer->adds_in = true;
    w->how = how;
    w->planes = in->shape[0] * ost_value_channels(in);
    for (int i = 0; i < OST_RESAMPLE_SIDES; i++)
        w->side[i] = (ost_resample_side){ 1, 1, 0 };
    for (int i = 0; i < sides; i++) {
        ost_resample_side *s = &w->side[sides - 1 - i];

        s->in = (int32_t)in->shape[2 + i];
        s->out = (int32_t)layer->out->shape[2 + i];
        if (how == OST_RESAMPLE_REFLECT)
            s->before = (int32_t)ost_layer_attr_int(layer, "padding", 2 * i);
    }
    if (ost_value_area(in) > INT32_MAX ||
        ost_value_area(layer->out) > INT32_MAX)
        return ost_fail(err, OST_EINPUT, "its input is too large");
    return OST_OK;
}

ost_rc ost_cuda_upsample(ost_layer *layer, ost_err *err)
{
    bool mixed = ost_layer_attr_word(layer, "mode") == 1;

    return prepare(layer, mixed ? OST_RESAMPLE_MIX : OST_RESAMPLE_REPEAT, err);
}

ost_rc ost_cuda_reflection_pad2d(ost_layer *layer, ost_err *err)
{
    return prepare(layer, OST_RESAMPLE_REFLECT, err);
}
