/* stages/inference.c - a classifier's probabilities for pictures */
#include "stages/inference.h"

#include <string.h>

#include "base/banned.h"

ost_rc ost_inference_init(ost_inference *inf, const ost_network *network,
                          ost_weights *weights, const ost_picture_set *in,
                          ost_err *err)
{
    int64_t shape[] = { OST_SLICE, in->channels, in->height, in->width };
    ost_tensor out;
    ost_rc rc =
        ost_network_build(network, weights, 4, shape, 0, &inf->net, err);

    if (rc)
        return rc;
    out = ost_net_output(inf->net);
    if (out.ndim != 2)
        return ost_fail(err, OST_EINPUT,
                        "network '%s' gives pictures, not scores of classes",
                        ost_network_name(network));
    inf->classes = out.shape[1];
    return OST_OK;
}

void ost_inference_release(ost_inference *inf)
{
    ost_net_free(inf->net);
    *inf = (ost_inference){ 0 };
}

ost_rc ost_inference_run(ost_inference *inf, ost_stage_ctx *ctx,
                         const ost_picture_set *in,
                         const ost_normalization *norm, const uint32_t *index,
                         size_t count, float *logits, ost_err *err)
{
    size_t size = (size_t)(in->channels * in->height * in->width);
    ost_tensor x = ost_net_input(inf->net);
    ost_tensor y = ost_net_output(inf->net);
    size_t classes = (size_t)inf->classes;

    for (size_t at = 0; at < count; at += OST_SLICE) {
        size_t n = count - at < OST_SLICE ? count - at : OST_SLICE;
        float *rest = (float *)x.data + n * size;
        ost_rc rc =
            ost_picture_set_load(ctx, in, norm, index + at, n, x.data, err);

        memset(rest, 0, (OST_SLICE - n) * size * sizeof(float));
        if (!rc)
            rc = ost_net_forward(inf->net, 0, err);
        if (rc)
            return rc;
        memcpy(logits + at * classes, y.data, n * classes * sizeof(float));
    }
    return OST_OK;
}
