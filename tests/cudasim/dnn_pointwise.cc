/* tests/cudasim/dnn_pointwise.cc - activations, sums and scalings of cuDNN */
#include "tests/cudasim/dnn.h"

#include <algorithm>
#include <math.h>

namespace cudasim
{

float activate(const cudnnActivationStruct &a, float x)
{
    const float limit = static_cast<float>(a.coefficient);

    switch (a.mode) {
    case CUDNN_ACTIVATION_RELU:
        if (x != x)
            return a.nan == CUDNN_PROPAGATE_NAN ? x : 0;
        return x > 0 ? x : 0;
    case CUDNN_ACTIVATION_CLIPPED_RELU:
        return std::min(x > 0 ? x : 0, limit);
    case CUDNN_ACTIVATION_SIGMOID:
        return 1 / (1 + expf(-x));
    case CUDNN_ACTIVATION_TANH:
        return tanhf(x);
    case CUDNN_ACTIVATION_ELU:
        return x > 0 ? x : limit * expm1f(x);
    case CUDNN_ACTIVATION_IDENTITY:
    case CUDNN_ACTIVATION_SWISH:
        break;
    }
    return a.mode == CUDNN_ACTIVATION_SWISH ? x / (1 + expf(-limit * x)) : x;
}

} /* namespace cudasim */

using namespace cudasim;

extern "C" {

cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t *d)
{
    return make_descriptor(d, ACTIVATION);
}

cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t d)
{
    return drop_descriptor(d, ACTIVATION);
}

cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t d,
                                           cudnnActivationMode_t mode,
                                           cudnnNanPropagation_t nan,
                                           double coefficient)
{
    const Call call("cudnnSetActivationDescriptor");

    handle_check(d, ACTIVATION, call.name());
    d->set = true;
    d->mode = mode;
    d->nan = nan;
    d->coefficient = coefficient;
    return CUDNN_STATUS_SUCCESS;
}

} /* extern "C" */
