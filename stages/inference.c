/* stages/inference.c - what a network makes of pictures */
#include "stages/inference.h"

#include <string.h>

#include "base/banned.h"

static ost_rc take_net(ost_inference *inf, ost_rc rc)
{
    ost_tensor out;

    if (rc)
        return rc;
    out = ost_net_output(inf->net);
    inf->outputs = (size_t)(ost_tensor_count(&out) / OST_SLICE);
    return OST_OK;
}

ost_rc ost_inference_init(ost_inference *inf, const ost_network *network,
                          ost_weights *weights, const ost_picture_set *in,
                          ost_err *err)
{
    int64_t shape[OST_MAX_DIMS];
    int ndim = ost_picture_set_shape(in, OST_SLICE, shape);

    return take_net(inf, ost_network_build(network, weights, ndim, shape,
                                           OST_NET_SHARE, &inf->net, err));
}

ost_rc ost_inference_init_to(ost_inference *inf, const ost_network *network,
                             int layer, ost_weights *weights,
                             const ost_picture_set *in, ost_err *err)
{
    int64_t shape[OST_MAX_DIMS];
    int ndim = ost_picture_set_shape(in, OST_SLICE, shape);

    return take_net(inf,
                    ost_network_build_to(network, layer, weights, ndim, shape,
                                         OST_NET_SHARE, &inf->net, err));
}

void ost_inference_release(ost_inference *inf)
{
    ost_net_free(inf->net);
    *inf = (ost_inference){ 0 };
}

ost_rc ost_inference_load(ost_inference *inf, ost_stage_ctx *ctx,
                          const ost_picture_set *in,
                          const ost_normalization *norm, const uint32_t *index,
                          size_t n, ost_err *err)
{
    ost_tensor x;
    size_t size;
    ost_rc rc = ost_net_host_input(inf->net, &x, err);

    if (rc)
        return rc;
    size = (size_t)(ost_tensor_count(&x) / OST_SLICE);
    memset((float *)x.data + n * size, 0,
           (OST_SLICE - n) * size * sizeof(float));
    inf->loaded = n;
    return ost_picture_set_load(ctx, in, norm, index, n, x.data, err);
}

ost_rc ost_inference_compute(ost_inference *inf, ost_tensor *output,
                             ost_err *err)
{
    *output = ost_net_output(inf->net);
    output->shape[0] = (int64_t)inf->loaded;
    return ost_net_forward(inf->net, 0, err);
}

ost_rc ost_inference_slice(ost_inference *inf, ost_stage_ctx *ctx,
                           const ost_picture_set *in,
                           const ost_normalization *norm, const uint32_t *index,
                           size_t n, ost_tensor *output, ost_err *err)
{
    ost_rc rc = ost_inference_load(inf, ctx, in, norm, index, n, err);

    if (!rc)
        rc = ost_inference_compute(inf, output, err);
    if (!rc)
        rc = ost_net_host_output(inf->net, output, err);
    output->shape[0] = (int64_t)n;
    return rc;
}

/* Takes the last slice's numbers. */
static ost_rc take(ost_inference *inf, size_t n, float *output, ost_err *err)
{
    ost_tensor y;
    ost_rc rc = ost_net_host_output(inf->net, &y, err);

    if (!rc)
        memcpy(output, y.data, n * inf->outputs * sizeof(float));
    return rc;
}

ost_rc ost_inference_run(ost_inference *inf, ost_stage_ctx *ctx,
                         const ost_picture_set *in,
                         const ost_normalization *norm, const uint32_t *index,
                         size_t count, float *output, ost_err *err)
{
    size_t computed = 0; /* of the slice that the device is at */
    ost_tensor y;
    ost_rc rc = OST_OK;

    for (size_t at = 0; at < count && !rc; at += OST_SLICE) {
        size_t n = count - at < OST_SLICE ? count - at : OST_SLICE;

        rc = ost_inference_load(inf, ctx, in, norm, index + at, n, err);
        if (!rc && computed)
            rc = take(inf, computed, output, err);
        output += computed * inf->outputs;
        if (!rc)
            rc = ost_inference_compute(inf, &y, err);
        computed = n;
    }
    return rc || !computed ? rc : take(inf, computed, output, err);
}
