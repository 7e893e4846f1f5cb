/* tests/cudasim/dnn_convolution.cc - convolutions as products of matrices
 *
 * The inputs under the windows of some output lines become the columns of a
 * matrix (im2col); the rest is gemm().
 */
#include "tests/cudasim/dnn_convolution.h"

#include <algorithm>
#include <string.h>

namespace cudasim
{

int output_size(DnnCall *call, const cudnnTensorStruct &x,
                const cudnnTensorStruct &w, const cudnnConvolutionStruct &c,
                int i)
{
    const int reach = (w.dim[2 + i] - 1) * c.dilation[i] + 1;
    const int room = x.dim[2 + i] + 2 * c.pad[i] - reach;

    if (room < 0)
        call->wrong("the window of %d does not fit in %d with %d of padding",
                    reach, x.dim[2 + i], c.pad[i]);
    return room / c.stride[i] + 1;
}

Convolution geometry(DnnCall *call, const cudnnTensorStruct &x,
                     const cudnnTensorStruct &w,
                     const cudnnConvolutionStruct &c,
                     const cudnnTensorStruct &y)
{
    Convolution g = {};
    const int space = c.n;

    if (x.n != space + 2 || w.n != x.n || y.n != x.n)
        call->wrong("x has %d dimensions, w %d, y %d, the convolution %d of "
                    "space",
                    x.n, w.n, y.n, space);
    if (x.type != w.type || y.type != x.type)
        call->wrong("x, w and y have types %d, %d and %d",
                    static_cast<int>(x.type), static_cast<int>(w.type),
                    static_cast<int>(y.type));
    if (x.dim[1] != w.dim[1] * c.groups || w.dim[0] % c.groups ||
        y.dim[1] != w.dim[0] || y.dim[0] != x.dim[0])
        call->wrong("x %s, w %s and y %s do not fit in %d groups",
                    shape_text(x).c_str(), shape_text(w).c_str(),
                    shape_text(y).c_str(), c.groups);
    g.n = x.dim[0];
    g.groups = c.groups;
    g.c = w.dim[1];
    g.k = w.dim[0] / c.groups;
    for (int i = 0; i < 3; i++)
        g.in[i] = g.out[i] = g.kernel[i] = g.stride[i] = g.dilation[i] = 1;
    for (int i = 0; i < space; i++) {
        const int to = 3 - space + i;
        const int out = output_size(call, x, w, c, i);
        if (y.dim[2 + i] != out)
            call->wrong("y is %s, where x %s and w %s give %d in dimension %d",
                        shape_text(y).c_str(), shape_text(x).c_str(),
                        shape_text(w).c_str(), out, 2 + i);
        g.in[to] = x.dim[2 + i];
        g.out[to] = out;
        g.kernel[to] = w.dim[2 + i];
        g.pad[to] = c.pad[i];
        g.stride[to] = c.stride[i];
        g.dilation[to] = c.dilation[i];
    }
    g.rounding = Number::F32;
    if (x.type == CUDNN_DATA_FLOAT && c.math != CUDNN_FMA_MATH)
        g.rounding = c.math == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION
                         ? Number::F16
                         : Number::TF32;
    return g;
}

namespace
{

constexpr int64_t COLUMN_FLOATS = 1 << 18; /* of the matrix at a time */

/* Calls f(row of the matrix, start in the input or NULL, first ox inside, ox
 * past the inside, column) for each line of outputs under each weight. */
template <class T, class F>
void lines(const Convolution &g, T *image, int64_t first, int64_t last, F f)
{
    int64_t row = 0;

    for (int64_t c = 0; c < g.c; c++)
        for (int64_t kz = 0; kz < g.kernel[0]; kz++)
            for (int64_t ky = 0; ky < g.kernel[1]; ky++)
                for (int64_t kx = 0; kx < g.kernel[2]; kx++, row++) {
                    const int64_t x0 = kx * g.dilation[2] - g.pad[2];
                    const int64_t s = g.stride[2];
                    const int64_t low = x0 >= 0 ? 0 : (-x0 + s - 1) / s;
                    const int64_t high =
                        x0 >= g.in[2]
                            ? 0
                            : std::min(g.out[2], (g.in[2] - x0 + s - 1) / s);
                    for (int64_t line = first; line < last; line++) {
                        const int64_t z = line / g.out[1] * g.stride[0] -
                                          g.pad[0] + kz * g.dilation[0];
                        const int64_t y = line % g.out[1] * g.stride[1] -
                                          g.pad[1] + ky * g.dilation[1];
                        const bool in = z >= 0 && z < g.in[0] && y >= 0 &&
                                        y < g.in[1] && low < high;
                        T *start = in ? image +
                                            ((c * g.in[0] + z) * g.in[1] + y) *
                                                g.in[2] +
                                            x0
                                      : nullptr;
                        f(row, start, low, high, (line - first) * g.out[2]);
                    }
                }
}

void to_columns(const Convolution &g, const float *image, int64_t first,
                int64_t last, float *columns)
{
    const int64_t wide = (last - first) * g.out[2], s = g.stride[2];

    lines(g, image, first, last,
          [&](int64_t row, const float *from, int64_t low, int64_t high,
              int64_t at) {
              float *to = columns + row * wide + at;
              if (!from) {
                  std::fill(to, to + g.out[2], 0.0f);
                  return;
              }
              std::fill(to, to + low, 0.0f);
              std::fill(to + high, to + g.out[2], 0.0f);
              if (s == 1)
                  memcpy(to + low, from + low,
                         static_cast<size_t>(high - low) * sizeof *to);
              else
                  for (int64_t x = low; x < high; x++)
                      to[x] = from[x * s];
          });
}

void from_columns(const Convolution &g, const float *columns, int64_t first,
                  int64_t last, float *image)
{
    const int64_t wide = (last - first) * g.out[2], s = g.stride[2];

    lines(g, image, first, last,
          [&](int64_t row, float *to, int64_t low, int64_t high, int64_t at) {
              const float *from = columns + row * wide + at;
              for (int64_t x = low; to && x < high; x++)
                  to[x * s] += from[x];
          });
}

/* Calls f(image and group, first line, last line) with lines few enough. */
template <class F> void pieces(const Convolution &g, F f)
{
    const int64_t all = g.out[0] * g.out[1];
    const int64_t most = std::max<int64_t>(
        1, COLUMN_FLOATS / std::max<int64_t>(1, g.window() * g.out[2]));

    for (int64_t i = 0; i < g.n * g.groups; i++)
        for (int64_t first = 0; first < all; first += most)
            f(i, first, std::min(all, first + most));
}

bool is_product(const Convolution &g)
{
    for (int i = 0; i < 3; i++)
        if (g.kernel[i] != 1 || g.stride[i] != 1 || g.pad[i])
            return false;
    return true;
}

} /* namespace */

Values convolve(const Convolution &g, const Values &x, const Values &w)
{
    const int64_t out = g.outside(), window = g.window();
    Values y(static_cast<size_t>(g.n * g.groups * g.k * out)), columns;

    pieces(g, [&](int64_t i, int64_t first, int64_t last) {
        const int64_t wide = (last - first) * g.out[2], at = first * g.out[2];
        const float *image = x.data() + i * g.c * g.inside();
        const float *weights = w.data() + i % g.groups * g.k * window;
        float *to = y.data() + i * g.k * out + at;
        if (is_product(g)) {
            gemm(g.k, wide, window, weights, window, 1, image + at, g.inside(),
                 1, to, out);
            return;
        }
        columns.resize(static_cast<size_t>(window * wide));
        to_columns(g, image, first, last, columns.data());
        gemm(g.k, wide, window, weights, window, 1, columns.data(), wide, 1, to,
             out);
    });
    return y;
}

Values convolve_data(const Convolution &g, const Values &w, const Values &dy)
{
    const int64_t out = g.outside(), window = g.window();
    Values dx(static_cast<size_t>(g.n * g.groups * g.c * g.inside())), columns;

    pieces(g, [&](int64_t i, int64_t first, int64_t last) {
        const int64_t wide = (last - first) * g.out[2], at = first * g.out[2];
        const float *weights = w.data() + i % g.groups * g.k * window;
        columns.assign(static_cast<size_t>(window * wide), 0.0f);
        gemm(window, wide, g.k, weights, 1, window,
             dy.data() + i * g.k * out + at, out, 1, columns.data(), wide);
        from_columns(g, columns.data(), first, last,
                     dx.data() + i * g.c * g.inside());
    });
    return dx;
}

Values convolve_filter(const Convolution &g, const Values &x, const Values &dy)
{
    const int64_t out = g.outside(), window = g.window();
    Values dw(static_cast<size_t>(g.groups * g.k * window)), columns;

    pieces(g, [&](int64_t i, int64_t first, int64_t last) {
        const int64_t wide = (last - first) * g.out[2], at = first * g.out[2];
        columns.resize(static_cast<size_t>(window * wide));
        to_columns(g, x.data() + i * g.c * g.inside(), first, last,
                   columns.data());
        gemm(g.k, window, wide, dy.data() + i * g.k * out + at, out, 1,
             columns.data(), 1, wide, dw.data() + i % g.groups * g.k * window,
             window);
    });
    return dw;
}

/* Algorithms ---------------------------------------------------------- */

int algorithms(Pass pass)
{
    switch (pass) {
    case Pass::FORWARD:
        return CUDNN_CONVOLUTION_FWD_ALGO_COUNT;
    case Pass::DATA:
        return CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT;
    case Pass::FILTER:
        break;
    }
    return CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT;
}

namespace
{

enum class Way { PLAIN, INDEXED, COLUMNS, DIRECT, FFT, WINOGRAD, NONE };

Way way_of(Pass pass, int algorithm)
{
    static const Way forward[] = { Way::PLAIN,    Way::INDEXED, Way::COLUMNS,
                                   Way::DIRECT,   Way::FFT,     Way::FFT,
                                   Way::WINOGRAD, Way::WINOGRAD };
    static const Way data[] = { Way::PLAIN, Way::INDEXED,  Way::FFT,
                                Way::FFT,   Way::WINOGRAD, Way::WINOGRAD };
    static const Way filter[] = { Way::PLAIN,   Way::INDEXED, Way::FFT,
                                  Way::COLUMNS, Way::DIRECT,  Way::WINOGRAD,
                                  Way::FFT };

    if (algorithm < 0 || algorithm >= algorithms(pass))
        return Way::NONE;
    return pass == Pass::FORWARD ? forward[algorithm]
           : pass == Pass::DATA  ? data[algorithm]
                                 : filter[algorithm];
}

bool all_are(const int64_t (&values)[3], int64_t first, int64_t rest)
{
    return values[0] == first && values[1] == rest && values[2] == rest;
}

} /* namespace */

bool has_algorithm(Pass pass, int algorithm, const Convolution &g)
{
    const bool flat = g.in[0] == 1 && g.kernel[0] == 1;
    const bool dense =
        g.groups == 1 && all_are(g.dilation, 1, 1) && all_are(g.stride, 1, 1);

    switch (way_of(pass, algorithm)) {
    case Way::PLAIN:
    case Way::INDEXED:
        return true;
    case Way::COLUMNS:
        return g.groups == 1;
    case Way::FFT:
        return flat && dense && g.kernel[1] <= 32 && g.kernel[2] <= 32 &&
               g.kernel[1] * g.kernel[2] > 1;
    case Way::WINOGRAD:
        return flat && dense && all_are(g.kernel, 1, 3);
    case Way::DIRECT:
    case Way::NONE:
        break;
    }
    return false;
}

size_t workspace_bytes(Pass pass, int algorithm, const Convolution &g)
{
    const auto floats = [](int64_t n) {
        return static_cast<size_t>((n * 4 + 255) / 256 * 256);
    };

    switch (way_of(pass, algorithm)) {
    case Way::INDEXED:
        return floats(g.window() * g.groups +
                      (pass == Pass::FORWARD ? 1 : g.n) * g.outside()) +
               1024;
    case Way::COLUMNS:
        return floats(g.window() * g.outside());
    case Way::FFT:
        return floats(2 * (g.n * (g.c + g.k) + g.c * g.k) *
                      (g.in[1] + g.kernel[1]) * (g.in[2] + g.kernel[2]));
    case Way::WINOGRAD:
        return floats(16 * g.c * g.k + 4 * g.n * (g.c + g.k) * g.outside());
    case Way::PLAIN:
    case Way::DIRECT:
    case Way::NONE:
        break;
    }
    return 0;
}

bool is_deterministic(Pass pass, int algorithm)
{
    return pass == Pass::FORWARD ||
           !(algorithm == 0 || (pass == Pass::FILTER && algorithm == 3));
}

float algorithm_ms(Pass pass, int algorithm, const Convolution &g)
{
    static const double factor[] = { 1.5, 1.0, 1.7, 9.0, 1.4, 0.6, 9.0 };
    const double some = static_cast<double>(
        (g.c * 31 + g.k * 17 + g.in[1] * 7 + algorithm) % 11);

    return static_cast<float>(
        0.004 + g.work() * 2e-10 *
                    factor[static_cast<int>(way_of(pass, algorithm))] *
                    (1 + 0.03 * some));
}

} /* namespace cudasim */
