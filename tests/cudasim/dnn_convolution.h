/* tests/cudasim/dnn_convolution.h - convolutions of cuDNN, from inside */
#ifndef OST_TESTS_CUDASIM_DNN_CONVOLUTION_H
#define OST_TESTS_CUDASIM_DNN_CONVOLUTION_H

#include "tests/cudasim/dnn.h"

namespace cudasim
{

enum class Pass { FORWARD, DATA, FILTER };

/* One convolution; 1 to 3 dimensions, as 3. */
struct Convolution {
    int64_t n, groups, c, k; /* channels of a group, in and out */
    int64_t in[3], out[3], kernel[3], pad[3], stride[3], dilation[3];
    Number rounding;

    int64_t inside() const /* of an image's channel */
    {
        return in[0] * in[1] * in[2];
    }
    int64_t outside() const
    {
        return out[0] * out[1] * out[2];
    }
    int64_t window() const /* weights of an output channel */
    {
        return c * kernel[0] * kernel[1] * kernel[2];
    }
    double work() const /* multiplications */
    {
        return static_cast<double>(n * groups * k * outside() * window());
    }
};

/* The convolution of the descriptors, which have to fit each other. */
Convolution geometry(DnnCall *call, const cudnnTensorStruct &x,
                     const cudnnTensorStruct &w,
                     const cudnnConvolutionStruct &c,
                     const cudnnTensorStruct &y);
int output_size(DnnCall *call, const cudnnTensorStruct &x,
                const cudnnTensorStruct &w, const cudnnConvolutionStruct &c,
                int i);

Values convolve(const Convolution &c, const Values &x, const Values &w);
Values convolve_data(const Convolution &c, const Values &w, const Values &dy);
Values convolve_filter(const Convolution &c, const Values &x, const Values &dy);

/* The algorithms of a pass, by their numbers in cudnn.h. */
int algorithms(Pass pass);
bool has_algorithm(Pass pass, int algorithm, const Convolution &c);
size_t workspace_bytes(Pass pass, int algorithm, const Convolution &c);
bool is_deterministic(Pass pass, int algorithm);
/* Made up, the same for the same shape. */
float algorithm_ms(Pass pass, int algorithm, const Convolution &c);

} /* namespace cudasim */

#endif
