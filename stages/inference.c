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

ost_rc ost_inference_slice(ost_inference *inf, ost_stage_ctx *ctx,
                           const ost_picture_set *in,
                           const ost_normalization *norm, const uint32_t *index,
                           size_t n, ost_tensor *output, ost_err *err)
{
    ost_tensor x = ost_net_input(inf->net);
    size_t size = (size_t)(ost_tensor_count(&x) / OST_SLICE);
    ost_rc rc = ost_picture_set_load(ctx, in, norm, index, n, x.data, err);

    memset((float *)x.data + n * size, 0,
           (OST_SLICE - n) * size * sizeof(float));
    if (!rc)
        rc = ost_net_forward(inf->net, 0, err);
    *output = ost_net_output(inf->net);
    output->shape[0] = (int64_t)n;
    return rc;
}

ost_rc ost_inference_run(ost_inference *inf, ost_stage_ctx *ctx,
                         const ost_picture_set *in,
                         const ost_normalization *norm, const uint32_t *index,
                         size_t count, float *output, ost_err *err)
{
    size_t outputs = inf->outputs;

    for (size_t at = 0; at < count; at += OST_SLICE) {
        size_t n = count - at < OST_SLICE ? count - at : OST_SLICE;
        ost_tensor y;
        ost_rc rc =
            ost_inference_slice(inf, ctx, in, norm, index + at, n, &y, err);

        if (rc)
            return rc;
        memcpy(output + at * outputs, y.data, n * outputs * sizeof(float));
    }
    return OST_OK;
}
