/* kernels/cuda/pooling_kernels.cu - pooling with one to three spatial sides
 *
 * One thread makes one number: forward it reads a window, backward it goes
 * through the windows that hold its place, in their order, so that sums are
 * those of kernels/cpu/pooling.c to the last bit.
 */
#include "kernels/cuda/divide.h"
#include "kernels/cuda/pooling_kernels.h"

#include <math.h>

namespace pooling
{

/* Winners that are none: no place in a window that large. */
template <typename Winner> struct nobody {
    static constexpr int place = sizeof(Winner) == 1 ? 255 : 32767;
};

/* What a kernel is told: numbers to go through, and how their places follow
 * from their index. */
struct layout {
    uint32_t count;
    ost::divider row;   /* side 0 */
    ost::divider plane; /* side 1 */
    ost::divider item;  /* side 2 */
    ost::divider stride[OST_POOL_SIDES];
};

struct spot {
    int64_t plane;
    int32_t at[OST_POOL_SIDES];
};

/* The part of a window that is inside, or of the outputs those whose windows
 * hold a place. */
struct span {
    int32_t from;
    int32_t to;
    int32_t place;   /* of `from` in the window */
    int32_t counted; /* positions that a mean divides by */
};

static __device__ inline spot spot_of(uint32_t index, const layout &l)
{
    spot s;
    uint32_t rest = index;
    const uint32_t rows = ost::divide_off(&rest, l.row);

    s.at[0] = static_cast<int32_t>(rest);
    rest = rows;
    const uint32_t planes = ost::divide_off(&rest, l.plane);

    s.at[1] = static_cast<int32_t>(rest);
    rest = planes;
    s.plane = ost::divide_off(&rest, l.item);
    s.at[2] = static_cast<int32_t>(rest);
    return s;
}

/* The window of output `at` of a side. */
static __device__ inline span window_of(const ost_pool_work &w, int side,
                                        int32_t at)
{
    const ost_pool_side &p = w.side[side];
    int32_t from = at * p.stride - p.padding;
    int32_t to = from + p.kernel;
    span s;

    if (w.adaptive) {
        const int64_t in = p.in;

        from = static_cast<int32_t>(at * in / p.out);
        to = static_cast<int32_t>(((at + 1) * in + p.out - 1) / p.out);
    }
    s.from = from < 0 ? 0 : from;
    s.to = to > p.in ? p.in : to;
    s.place = s.from - from;
    s.counted = s.to - s.from;
    if (w.padded)
        s.counted = (to > p.in + p.padding ? p.in + p.padding : to) - from;
    return s;
}

/* The outputs of a side whose windows hold input `at`. */
static __device__ inline span holders_of(const ost_pool_work &w,
                                         const layout &l, int side, int32_t at)
{
    const ost_pool_side &p = w.side[side];
    span s = { 0, 0, 0, 0 };

    if (w.adaptive) {
        const int64_t out = p.out;

        s.from = static_cast<int32_t>(at * out / p.in);
        s.to = static_cast<int32_t>(((at + 1) * out + p.in - 1) / p.in);
        return s;
    }
    const int32_t last = at + p.padding;
    const int32_t first = last - p.kernel + p.stride; /* rounds up */

    s.from = first < p.stride
                 ? 0
                 : static_cast<int32_t>(ost::divide(
                       static_cast<uint32_t>(first), l.stride[side]));
    s.to = static_cast<int32_t>(
               ost::divide(static_cast<uint32_t>(last), l.stride[side])) +
           1;
    if (s.to > p.out)
        s.to = p.out;
    return s;
}

static __device__ inline int64_t in_area(const ost_pool_work &w)
{
    return static_cast<int64_t>(w.side[2].in) * w.side[1].in * w.side[0].in;
}

static __device__ inline float share_of(const span *window)
{
    return 1.0f / static_cast<float>(static_cast<int64_t>(window[0].counted) *
                                     window[1].counted * window[2].counted);
}

/* Goes through a window: see(number, place in the window). */
template <typename See>
static __device__ inline void walk(const ost_pool_work &w, const span *s,
                                   const float *plane, See see)
{
    for (int32_t d = s[2].from; d < s[2].to; d++)
        for (int32_t h = s[1].from; h < s[1].to; h++) {
            const float *row = plane + (d * w.side[1].in + h) * w.side[0].in;
            const int32_t place =
                ((d - s[2].from + s[2].place) * w.side[1].kernel + h -
                 s[1].from + s[1].place) *
                    w.side[0].kernel +
                s[0].place - s[0].from;

            for (int32_t i = s[0].from; i < s[0].to; i++)
                see(row[i], place + i);
        }
}

template <typename Winner>
static __global__ void max_kernel(ost_pool_work w, layout l, const float *x,
                                  float *y, Winner *winners)
{
    const uint32_t step = static_cast<uint32_t>(ost::index_stride());

    for (uint32_t o = static_cast<uint32_t>(ost::first_index()); o < l.count;
         o += step) {
        const spot at = spot_of(o, l);
        const span s[OST_POOL_SIDES] = { window_of(w, 0, at.at[0]),
                                         window_of(w, 1, at.at[1]),
                                         window_of(w, 2, at.at[2]) };
        float best = -INFINITY;
        int32_t where =
            (s[2].place * w.side[1].kernel + s[1].place) * w.side[0].kernel +
            s[0].place;

        walk(w, s, x + at.plane * in_area(w), [&](float v, int32_t place) {
            if (v > best || v != v) {
                best = v;
                where = place;
            }
        });
        if (w.relu && !(best > 0.0f))
            where = nobody<Winner>::place;
        y[o] = w.relu && best < 0.0f ? 0.0f : best;
        if (winners)
            winners[o] = static_cast<Winner>(where);
    }
}

static __global__ void mean_kernel(ost_pool_work w, layout l, const float *x,
                                   float *y)
{
    const uint32_t step = static_cast<uint32_t>(ost::index_stride());

    for (uint32_t o = static_cast<uint32_t>(ost::first_index()); o < l.count;
         o += step) {
        const spot at = spot_of(o, l);
        const span s[OST_POOL_SIDES] = { window_of(w, 0, at.at[0]),
                                         window_of(w, 1, at.at[1]),
                                         window_of(w, 2, at.at[2]) };
        float sum = 0.0f;

        walk(w, s, x + at.plane * in_area(w),
             [&](float v, int32_t) { sum += v; });
        y[o] = sum * share_of(s);
    }
}

/* What an output gives to a place in its window. */
struct from_mean {
    __device__ inline float operator()(const ost_pool_work &, int64_t,
                                       const int32_t *, const span *window,
                                       float dy) const
    {
        return dy * share_of(window);
    }
};

template <typename Winner> struct from_max {
    const Winner *winners;

    __device__ inline float operator()(const ost_pool_work &w, int64_t output,
                                       const int32_t *at, const span *window,
                                       float dy) const
    {
        int32_t place = 0;

        for (int side = OST_POOL_SIDES - 1; side >= 0; side--)
            place = place * w.side[side].kernel + at[side] - window[side].from +
                    window[side].place;
        return static_cast<int32_t>(winners[output]) == place ? dy : 0.0f;
    }
};

template <typename Give>
static __global__ void __launch_bounds__(ost::THREADS, 4)
    back_kernel(ost_pool_work w, layout l, const float *dy, float *dx, bool add,
                Give give)
{
    const uint32_t step = static_cast<uint32_t>(ost::index_stride());

    for (uint32_t i = static_cast<uint32_t>(ost::first_index()); i < l.count;
         i += step) {
        const spot at = spot_of(i, l);
        const span d = holders_of(w, l, 2, at.at[2]);
        const span h = holders_of(w, l, 1, at.at[1]);
        const span r = holders_of(w, l, 0, at.at[0]);
        span window[OST_POOL_SIDES];
        float sum = 0.0f;

        for (int32_t a = d.from; a < d.to; a++) {
            window[2] = window_of(w, 2, a);
            for (int32_t b = h.from; b < h.to; b++) {
                const int64_t row =
                    ((at.plane * w.side[2].out + a) * w.side[1].out + b) *
                    w.side[0].out;

                window[1] = window_of(w, 1, b);
                for (int32_t c = r.from; c < r.to; c++) {
                    window[0] = window_of(w, 0, c);
                    sum += give(w, row + c, at.at, window, dy[row + c]);
                }
            }
        }
        dx[i] = add ? dx[i] + sum : sum;
    }
}

static layout layout_of(const ost_pool_work &w, int64_t planes, bool out)
{
    layout l;
    int64_t area = 1;
    int64_t sides[OST_POOL_SIDES];

    for (int i = 0; i < OST_POOL_SIDES; i++) {
        sides[i] = out ? w.side[i].out : w.side[i].in;
        area *= sides[i];
        l.stride[i] = ost::divider_of(w.side[i].stride);
    }
    l.count = static_cast<uint32_t>(planes * area);
    l.row = ost::divider_of(sides[0]);
    l.plane = ost::divider_of(sides[1]);
    l.item = ost::divider_of(sides[2]);
    return l;
}

static int64_t area_of(const ost_pool_work &w, bool out)
{
    int64_t area = 1;

    for (int i = 0; i < OST_POOL_SIDES; i++)
        area *= out ? w.side[i].out : w.side[i].in;
    return area;
}

template <typename Winner>
static int launch_max(const ost_pool_work &w, const layout &l, const float *x,
                      float *y, Winner *winners, int64_t from, void *stream)
{
    return OST_LAUNCH(max_kernel<Winner>, ost::blocks_for(l.count),
                      ost::THREADS, 0, stream, w, l, x, y,
                      winners ? winners + from : winners);
}

template <typename Give>
static int launch_back(const ost_pool_work &w, const layout &l, const float *dy,
                       float *dx, bool add, Give give, void *stream)
{
    return OST_LAUNCH(back_kernel<Give>, ost::blocks_for(l.count), ost::THREADS,
                      0, stream, w, l, dy, dx, add, give);
}

} /* namespace pooling */

int ost_cuda_launch_pool(const ost_pool_work *work, const float *x, float *y,
                         void *winners, void *stream)
{
    const ost_pool_work &w = *work;
    const int64_t in = pooling::area_of(w, false);
    const int64_t out = pooling::area_of(w, true);

    return ost::launch_planes(w.planes, out, [&](int64_t p, int64_t planes) {
        const pooling::layout l = pooling::layout_of(w, planes, true);

        if (!w.max)
            return static_cast<int>(OST_LAUNCH(
                pooling::mean_kernel, ost::blocks_for(l.count), ost::THREADS, 0,
                stream, w, l, x + p * in, y + p * out));
        if (w.winner_bytes == 1)
            return pooling::launch_max(w, l, x + p * in, y + p * out,
                                       static_cast<uint8_t *>(winners), p * out,
                                       stream);
        return pooling::launch_max(w, l, x + p * in, y + p * out,
                                   static_cast<uint16_t *>(winners), p * out,
                                   stream);
    });
}

int ost_cuda_launch_pool_back(const ost_pool_work *work, const float *dy,
                              const void *winners, bool add, float *dx,
                              void *stream)
{
    const ost_pool_work &w = *work;
    const int64_t in = pooling::area_of(w, false);
    const int64_t out = pooling::area_of(w, true);
    const auto *bytes = static_cast<const uint8_t *>(winners);
    const auto *words = static_cast<const uint16_t *>(winners);

    return ost::launch_planes(w.planes, in, [&](int64_t p, int64_t planes) {
        const pooling::layout l = pooling::layout_of(w, planes, false);

        if (!w.max)
            return pooling::launch_back(w, l, dy + p * out, dx + p * in, add,
                                        pooling::from_mean{}, stream);
        if (w.winner_bytes == 1)
            return pooling::launch_back(
                w, l, dy + p * out, dx + p * in, add,
                pooling::from_max<uint8_t>{ bytes + p * out }, stream);
        return pooling::launch_back(
            w, l, dy + p * out, dx + p * in, add,
            pooling::from_max<uint16_t>{ words + p * out }, stream);
    });
}
