/* tests/cudasim/trials/good_convolution.cu - convolutions against plain loops
 */
#include "tests/cudasim/trials/trial.h"

#include <cudnn.h>
#include <math.h>

using namespace trial;

namespace
{

struct Case {
    int space, n, c, k, groups, in[3], kernel[3], pad, stride, dilation;
};

const Case CASES[] = {
    { 2, 2, 3, 4, 1, { 9, 11 }, { 3, 3 }, 1, 1, 1 },
    { 2, 1, 4, 6, 2, { 8, 7 }, { 3, 2 }, 2, 2, 1 },
    { 2, 2, 5, 3, 1, { 10, 10 }, { 1, 1 }, 0, 1, 1 },
    { 2, 1, 2, 2, 1, { 12, 9 }, { 3, 3 }, 2, 1, 2 },
    { 2, 1, 3, 3, 3, { 6, 6 }, { 5, 5 }, 2, 3, 1 },
    { 3, 2, 2, 3, 1, { 5, 6, 7 }, { 3, 3, 2 }, 1, 2, 1 },
};

float noise(int64_t i)
{
    return static_cast<float>((i * 7919 + 13) % 201 - 100) / 64;
}

std::vector<float> noises(int64_t count, int64_t from)
{
    std::vector<float> x(static_cast<size_t>(count));

    for (int64_t i = 0; i < count; i++)
        x[static_cast<size_t>(i)] = noise(i + from);
    return x;
}

/* Calls f(x index, w index, y index) for each product. */
template <class F> void walk(const Case &s, const int *xd, const int *yd, F f)
{
    int64_t taps = 1, places = 1;

    for (int i = 0; i < s.space; i++) {
        taps *= s.kernel[i];
        places *= yd[2 + i];
    }
    const int cg = s.c / s.groups, kg = s.k / s.groups;
    for (int n = 0; n < s.n; n++)
        for (int k = 0; k < s.k; k++)
            for (int c = 0; c < cg; c++)
                for (int64_t o = 0; o < places; o++)
                    for (int64_t t = 0; t < taps; t++) {
                        int64_t ro = o, rt = t, x = 0, step = 1;
                        bool in = true;
                        for (int i = s.space - 1; i >= 0; i--) {
                            const int64_t at = ro % yd[2 + i] * s.stride -
                                               s.pad +
                                               rt % s.kernel[i] * s.dilation;
                            ro /= yd[2 + i];
                            rt /= s.kernel[i];
                            in = in && at >= 0 && at < xd[2 + i];
                            x += at * step;
                            step *= xd[2 + i];
                        }
                        if (in)
                            f(x + step * (n * s.c + k / kg * cg + c),
                              (static_cast<int64_t>(k) * cg + c) * taps + t,
                              (static_cast<int64_t>(n) * s.k + k) * places + o);
                    }
}

void close(const std::vector<float> &got, const std::vector<double> &want)
{
    for (size_t i = 0; i < got.size(); i++)
        EXPECT(fabs(static_cast<double>(got[i]) - want[i]) <
               1e-4 * (1 + fabs(want[i])));
}

int64_t count_of(const int *dim, int n)
{
    int64_t count = 1;

    for (int i = 0; i < n; i++)
        count *= dim[i];
    return count;
}

struct Descriptors {
    cudnnTensorDescriptor_t x, y;
    cudnnFilterDescriptor_t w;
    cudnnConvolutionDescriptor_t c;
    int xd[5], wd[5], yd[5];

    explicit Descriptors(const Case &s)
    {
        const int n = s.space + 2;
        int pad[3], stride[3], dilation[3];

        xd[0] = s.n;
        xd[1] = s.c;
        wd[0] = s.k;
        wd[1] = s.c / s.groups;
        for (int i = 0; i < s.space; i++) {
            xd[2 + i] = s.in[i];
            wd[2 + i] = s.kernel[i];
            pad[i] = s.pad;
            stride[i] = s.stride;
            dilation[i] = s.dilation;
        }
        MUST(cudnnCreateTensorDescriptor(&x));
        MUST(cudnnCreateTensorDescriptor(&y));
        MUST(cudnnCreateFilterDescriptor(&w));
        MUST(cudnnCreateConvolutionDescriptor(&c));
        MUST(cudnnSetTensorNdDescriptorEx(x, CUDNN_TENSOR_NCHW,
                                          CUDNN_DATA_FLOAT, n, xd));
        MUST(cudnnSetFilterNdDescriptor(w, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW,
                                        n, wd));
        MUST(cudnnSetConvolutionNdDescriptor(c, s.space, pad, stride, dilation,
                                             CUDNN_CROSS_CORRELATION,
                                             CUDNN_DATA_FLOAT));
        MUST(cudnnSetConvolutionGroupCount(c, s.groups));
        MUST(cudnnSetConvolutionMathType(c, CUDNN_FMA_MATH));
        MUST(cudnnGetConvolutionNdForwardOutputDim(c, x, w, n, yd));
        MUST(cudnnSetTensorNdDescriptorEx(y, CUDNN_TENSOR_NCHW,
                                          CUDNN_DATA_FLOAT, n, yd));
    }
    ~Descriptors()
    {
        MUST(cudnnDestroyTensorDescriptor(x));
        MUST(cudnnDestroyTensorDescriptor(y));
        MUST(cudnnDestroyFilterDescriptor(w));
        MUST(cudnnDestroyConvolutionDescriptor(c));
    }
};

void try_case(cudnnHandle_t dnn, const Case &s)
{
    const Descriptors d(s);
    const int n = s.space + 2;
    const auto hx = noises(count_of(d.xd, n), 5);
    const auto hw = noises(count_of(d.wd, n), 77);
    const auto hy = noises(count_of(d.yd, n), 991);
    std::vector<double> y(hy.size()), dx(hx.size()), dw(hw.size());
    float *x = to_device(hx), *w = to_device(hw), *dy = to_device(hy);
    float *out = on_device<float>(hy.size());
    float *back = on_device<float>(hx.size()), *steep = to_device(hw);
    const float one = 1, zero = 0, half = 0.5f;
    size_t bytes = 0, more = 0;
    void *workspace;

    MUST(cudnnGetConvolutionForwardWorkspaceSize(
        dnn, d.x, d.w, d.c, d.y,
        CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, &bytes));
    MUST(cudnnGetConvolutionBackwardDataWorkspaceSize(
        dnn, d.w, d.y, d.c, d.x, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, &more));
    bytes = more > bytes ? more : bytes;
    MUST(cudnnGetConvolutionBackwardFilterWorkspaceSize(
        dnn, d.x, d.y, d.c, d.w, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, &more));
    bytes = more > bytes ? more : bytes;
    MUST(cudaMalloc(&workspace, bytes));
    MUST(cudnnConvolutionForward(
        dnn, &one, d.x, x, d.w, w, d.c,
        CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, workspace, bytes,
        &zero, d.y, out));
    MUST(cudnnConvolutionBackwardData(dnn, &one, d.w, w, d.y, dy, d.c,
                                      CUDNN_CONVOLUTION_BWD_DATA_ALGO_1,
                                      workspace, bytes, &zero, d.x, back));
    MUST(cudnnConvolutionBackwardFilter(dnn, &half, d.x, x, d.y, dy, d.c,
                                        CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1,
                                        workspace, bytes, &one, d.w, steep));
    for (size_t i = 0; i < dw.size(); i++)
        dw[i] = static_cast<double>(hw[i]);
    walk(s, d.xd, d.yd, [&](int64_t i, int64_t j, int64_t k) {
        const double xi = static_cast<double>(hx[static_cast<size_t>(i)]);
        const double wj = static_cast<double>(hw[static_cast<size_t>(j)]);
        const double yk = static_cast<double>(hy[static_cast<size_t>(k)]);
        y[static_cast<size_t>(k)] += xi * wj;
        dx[static_cast<size_t>(i)] += wj * yk;
        dw[static_cast<size_t>(j)] += 0.5 * xi * yk;
    });
    close(to_host(out, hy.size()), y);
    close(to_host(back, hx.size()), dx);
    close(to_host(steep, hw.size()), dw);
    for (float *memory : { x, w, dy, out, back, steep })
        MUST(cudaFree(memory));
    MUST(cudaFree(workspace));
}

} /* namespace */

TRIAL(good_convolution)
{
    cudnnHandle_t dnn;

    MUST(cudnnCreate(&dnn));
    for (const Case &one : CASES)
        try_case(dnn, one);
    MUST(cudnnDestroy(dnn));
    return 0;
}
