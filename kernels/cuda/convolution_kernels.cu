/* kernels/cuda/convolution_kernels.cu - convolutions by plain loops
 *
 * One thread for each number that comes out; sums in the order of the channels
 * and of the kernel, those of a filter's gradient in the order of the items and
 * of the positions.
 */
#include "kernels/cuda/convolution_kernels.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/half_numbers.h"

typedef ost_conv_shape shape_t;

/* The sides of a position; the last is innermost. */
struct place {
    int64_t at[OST_CONV_SIDES];
};

static __device__ place place_of(int64_t i, const int64_t *side)
{
    place p;

    for (int k = OST_CONV_SIDES - 1; k >= 0; k--) {
        p.at[k] = i % side[k];
        i /= side[k];
    }
    return p;
}

static __device__ int64_t area_of(const int64_t *side)
{
    return side[0] * side[1] * side[2];
}

/* The position on the wide side that a position on the narrow one sees through
 * an element of the kernel; -1: none. */
static __device__ int64_t seen(const shape_t &s, const place &narrow,
                               const place &kernel)
{
    int64_t at = 0;

    for (int k = 0; k < OST_CONV_SIDES; k++) {
        const int64_t w = narrow.at[k] * s.stride[k] - s.padding[k] +
                          kernel.at[k] * s.dilation[k];

        if (w < 0 || w >= s.wide[k])
            return -1;
        at = at * s.wide[k] + w;
    }
    return at;
}

/* The other way: the position on the narrow side that sees `wide`. */
static __device__ int64_t seer(const shape_t &s, const place &wide,
                               const place &kernel)
{
    int64_t at = 0;

    for (int k = 0; k < OST_CONV_SIDES; k++) {
        const int64_t w =
            wide.at[k] + s.padding[k] - kernel.at[k] * s.dilation[k];

        if (w < 0 || w % s.stride[k] || w / s.stride[k] >= s.narrow[k])
            return -1;
        at = at * s.narrow[k] + w / s.stride[k];
    }
    return at;
}

template <class T>
static __global__ void down_kernel(shape_t s, const T *wide, const T *filter,
                                   int add, T *narrow)
{
    const int64_t wide_area = area_of(s.wide);
    const int64_t narrow_area = area_of(s.narrow);
    const int64_t taps = area_of(s.kernel);
    const int64_t in = s.wide_channels / s.groups;
    const int64_t out = s.narrow_channels / s.groups;
    const int64_t count = s.items * s.narrow_channels * narrow_area;

    for (int64_t i = ost::first_index(); i < count; i += ost::index_stride()) {
        const place p = place_of(i % narrow_area, s.narrow);
        const int64_t c = i / narrow_area % s.narrow_channels;
        const int64_t n = i / narrow_area / s.narrow_channels;
        const T *from = wide + (n * s.wide_channels + c / out * in) * wide_area;
        float sum = 0.0f;

        for (int64_t k = 0; k < in; k++)
            for (int64_t t = 0; t < taps; t++) {
                const int64_t at = seen(s, p, place_of(t, s.kernel));

                if (at >= 0)
                    sum += ost::load(from[k * wide_area + at]) *
                           ost::load(filter[(c * in + k) * taps + t]);
            }
        ost::store(narrow + i, add ? ost::load(narrow[i]) + sum : sum);
    }
}

template <class T>
static __global__ void up_kernel(shape_t s, const T *narrow, const T *filter,
                                 int add, T *wide)
{
    const int64_t wide_area = area_of(s.wide);
    const int64_t narrow_area = area_of(s.narrow);
    const int64_t taps = area_of(s.kernel);
    const int64_t in = s.wide_channels / s.groups;
    const int64_t out = s.narrow_channels / s.groups;
    const int64_t count = s.items * s.wide_channels * wide_area;

    for (int64_t i = ost::first_index(); i < count; i += ost::index_stride()) {
        const place p = place_of(i % wide_area, s.wide);
        const int64_t c = i / wide_area % s.wide_channels;
        const int64_t n = i / wide_area / s.wide_channels;
        const int64_t first = c / in * out;
        const T *from = narrow + n * s.narrow_channels * narrow_area;
        float sum = 0.0f;

        for (int64_t k = first; k < first + out; k++)
            for (int64_t t = 0; t < taps; t++) {
                const int64_t at = seer(s, p, place_of(t, s.kernel));

                if (at >= 0)
                    sum += ost::load(from[k * narrow_area + at]) *
                           ost::load(filter[(k * in + c % in) * taps + t]);
            }
        ost::store(wide + i, add ? ost::load(wide[i]) + sum : sum);
    }
}

template <class T>
static __global__ void filter_kernel(shape_t s, const T *wide, const T *narrow,
                                     int add, T *filter)
{
    const int64_t wide_area = area_of(s.wide);
    const int64_t narrow_area = area_of(s.narrow);
    const int64_t taps = area_of(s.kernel);
    const int64_t in = s.wide_channels / s.groups;
    const int64_t out = s.narrow_channels / s.groups;
    const int64_t count = s.narrow_channels * in * taps;

    for (int64_t i = ost::first_index(); i < count; i += ost::index_stride()) {
        const place tap = place_of(i % taps, s.kernel);
        const int64_t k = i / taps % in;
        const int64_t c = i / taps / in;
        float sum = 0.0f;

        for (int64_t n = 0; n < s.items; n++) {
            const T *from =
                wide + (n * s.wide_channels + c / out * in + k) * wide_area;
            const T *to = narrow + (n * s.narrow_channels + c) * narrow_area;

            for (int64_t p = 0; p < narrow_area; p++) {
                const int64_t at = seen(s, place_of(p, s.narrow), tap);

                if (at >= 0)
                    sum += ost::load(from[at]) * ost::load(to[p]);
            }
        }
        ost::store(filter + i, add ? ost::load(filter[i]) + sum : sum);
    }
}

static int64_t area(const int64_t *side)
{
    return side[0] * side[1] * side[2];
}

template <class T>
static int launch_down(const ost_conv_shape *s, const void *wide,
                       const void *filter, int add, void *narrow, void *stream)
{
    return OST_LAUNCH(
        down_kernel<T>,
        ost::blocks_for(s->items * s->narrow_channels * area(s->narrow)),
        ost::THREADS, 0, stream, *s, static_cast<const T *>(wide),
        static_cast<const T *>(filter), add, static_cast<T *>(narrow));
}

int ost_cuda_launch_conv_down(const ost_conv_shape *shape, int type,
                              const void *wide, const void *filter, int add,
                              void *narrow, void *stream)
{
    if (type == OST_NUMBER_F32)
        return launch_down<float>(shape, wide, filter, add, narrow, stream);
    if (type == OST_NUMBER_BF16)
        return launch_down<ost::bf16>(shape, wide, filter, add, narrow, stream);
    return launch_down<ost::f16>(shape, wide, filter, add, narrow, stream);
}

template <class T>
static int launch_up(const ost_conv_shape *s, const void *narrow,
                     const void *filter, int add, void *wide, void *stream)
{
    return OST_LAUNCH(
        up_kernel<T>,
        ost::blocks_for(s->items * s->wide_channels * area(s->wide)),
        ost::THREADS, 0, stream, *s, static_cast<const T *>(narrow),
        static_cast<const T *>(filter), add, static_cast<T *>(wide));
}

int ost_cuda_launch_conv_up(const ost_conv_shape *shape, int type,
                            const void *narrow, const void *filter, int add,
                            void *wide, void *stream)
{
    if (type == OST_NUMBER_F32)
        return launch_up<float>(shape, narrow, filter, add, wide, stream);
    if (type == OST_NUMBER_BF16)
        return launch_up<ost::bf16>(shape, narrow, filter, add, wide, stream);
    return launch_up<ost::f16>(shape, narrow, filter, add, wide, stream);
}

template <class T>
static int launch_filter(const ost_conv_shape *s, const void *wide,
                         const void *narrow, int add, void *filter,
                         void *stream)
{
    const int64_t count =
        s->narrow_channels * (s->wide_channels / s->groups) * area(s->kernel);

    return OST_LAUNCH(filter_kernel<T>, ost::blocks_for(count), ost::THREADS, 0,
                      stream, *s, static_cast<const T *>(wide),
                      static_cast<const T *>(narrow), add,
                      static_cast<T *>(filter));
}

int ost_cuda_launch_conv_filter(const ost_conv_shape *shape, int type,
                                const void *wide, const void *narrow, int add,
                                void *filter, void *stream)
{
    if (type == OST_NUMBER_F32)
        return launch_filter<float>(shape, wide, narrow, add, filter, stream);
    if (type == OST_NUMBER_BF16)
        return launch_filter<ost::bf16>(shape, wide, narrow, add, filter,
                                        stream);
    return launch_filter<ost::f16>(shape, wide, narrow, add, filter, stream);
}
