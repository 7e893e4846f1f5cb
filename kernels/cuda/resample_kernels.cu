/* kernels/cuda/resample_kernels.cu - outputs that are one input or a mix of
 * neighbors
 *
 * One thread makes one number: forward from its inputs, backward from all
 * outputs that hang on it, in their order.
 */
#include "kernels/cuda/divide.h"
#include "kernels/cuda/resample_kernels.h"

namespace resample
{

/* What a kernel is told beside the work. */
struct layout {
    uint32_t count;
    ost::divider row;   /* side 0 */
    ost::divider plane; /* side 1 */
    ost::divider item;  /* side 2 */
    bool add;           /* to gradients that are there */
};

struct spot {
    int64_t plane;
    int32_t at[OST_RESAMPLE_SIDES];
};

static __device__ inline spot spot_of(uint32_t index, const layout &l)
{
    spot s;
    uint32_t rest = index;
    uint32_t next = ost::divide_off(&rest, l.row);

    s.at[0] = static_cast<int32_t>(rest);
    rest = next;
    next = ost::divide_off(&rest, l.plane);
    s.at[1] = static_cast<int32_t>(rest);
    rest = next;
    s.plane = ost::divide_off(&rest, l.item);
    s.at[2] = static_cast<int32_t>(rest);
    return s;
}

/* a / b rounded down and up; b > 0, and a >= 0 or the result 0. */
static __device__ inline int32_t down(int64_t a, int64_t b)
{
    return a <= 0 ? 0 : static_cast<int32_t>(a / b);
}

static __device__ inline int32_t up(int64_t a, int64_t b)
{
    return a <= 0 ? 0 : static_cast<int32_t>((a + b - 1) / b);
}

/* Outputs of a side, at most `pieces` runs of them. */
struct run {
    int32_t from;
    int32_t to;
};

struct repeat {
    static constexpr int PIECES = 1;

    static __device__ inline int32_t near(const ost_resample_side &s, int32_t i)
    {
        return down(static_cast<int64_t>(i) * s.in, s.out);
    }
    /* Outputs that hang on input `at`. */
    static __device__ inline run piece(const ost_resample_side &s, int32_t at,
                                       int)
    {
        return run{ up(static_cast<int64_t>(at) * s.out, s.in),
                    up(static_cast<int64_t>(at + 1) * s.out, s.in) };
    }
};

struct reflect {
    static constexpr int PIECES = 3;

    static __device__ inline int32_t near(const ost_resample_side &s, int32_t i)
    {
        const int32_t from = i < s.before ? s.before - i : i - s.before;

        return from < s.in ? from : 2 * (s.in - 1) - from;
    }
    /* Those before the input, in it and behind it. */
    static __device__ inline run piece(const ost_resample_side &s, int32_t at,
                                       int k)
    {
        const int32_t i = k == 0   ? s.before - at
                          : k == 1 ? s.before + at
                                   : s.before + 2 * (s.in - 1) - at;
        const bool there = k == 0   ? at > 0 && i >= 0
                           : k == 1 ? true
                                    : at < s.in - 1 && i < s.out;

        return run{ i, there ? i + 1 : i };
    }
};

/* Output i: (1 - part) input[near] + part input[far]. */
struct sample {
    int32_t near;
    int32_t far;
    float part;
};

static __device__ inline sample mixed(const ost_resample_side &s, int32_t i)
{
    const int64_t by = 2 * static_cast<int64_t>(s.out);
    int64_t at = (2 * static_cast<int64_t>(i) + 1) * s.in - s.out;
    sample m;

    at = at < 0 ? 0 : at;
    m.near = static_cast<int32_t>(at / by);
    m.far = m.near + (m.near + 1 < s.in ? 1 : 0);
    m.part = static_cast<float>(at - m.near * by) / static_cast<float>(by);
    return m;
}

/* Outputs that hang on input `at`. */
static __device__ inline run mixed_from(const ost_resample_side &s, int32_t at)
{
    const int64_t out = s.out;
    const int64_t by = 2 * static_cast<int64_t>(s.in);
    run r = { up((2 * static_cast<int64_t>(at) - 1) * out - s.in, by),
              up((2 * static_cast<int64_t>(at) + 3) * out - s.in, by) };

    if (at == s.in - 1 || r.to > s.out)
        r.to = s.out;
    return r;
}

static __device__ inline float share_of(const sample &m, int32_t at)
{
    return (m.near == at ? 1.0f - m.part : 0.0f) +
           (m.far == at ? m.part : 0.0f);
}

template <class How>
static __global__ void pick_kernel(ost_resample_work w, layout l,
                                   const float *x, float *y)
{
    const uint32_t step = static_cast<uint32_t>(ost::index_stride());

    for (uint32_t i = static_cast<uint32_t>(ost::first_index()); i < l.count;
         i += step) {
        const spot s = spot_of(i, l);
        const int64_t plane =
            s.plane * w.side[2].in + How::near(w.side[2], s.at[2]);
        const int64_t row =
            plane * w.side[1].in + How::near(w.side[1], s.at[1]);

        y[i] = x[row * w.side[0].in + How::near(w.side[0], s.at[0])];
    }
}

/* Sums of the outputs of a row that hang on input `at`. */
template <class How>
static __device__ inline void add_row(const ost_resample_side &s, int32_t at,
                                      const float *row, float *sum)
{
    for (int k = 0; k < How::PIECES; k++) {
        const run r = How::piece(s, at, k);

        for (int32_t i = r.from; i < r.to; i++)
            *sum += row[i];
    }
}

template <class How>
static __global__ void give_kernel(ost_resample_work w, layout l,
                                   const float *dy, float *dx)
{
    const uint32_t step = static_cast<uint32_t>(ost::index_stride());

    for (uint32_t i = static_cast<uint32_t>(ost::first_index()); i < l.count;
         i += step) {
        const spot s = spot_of(i, l);
        const run d = repeat::piece(w.side[2], s.at[2], 0);
        float sum = 0.0f;

        for (int32_t a = d.from; a < d.to; a++)
            for (int k = 0; k < How::PIECES; k++) {
                const run h = How::piece(w.side[1], s.at[1], k);

                for (int32_t b = h.from; b < h.to; b++)
                    add_row<How>(
                        w.side[0], s.at[0],
                        dy + ((s.plane * w.side[2].out + a) * w.side[1].out +
                              b) *
                                 w.side[0].out,
                        &sum);
            }
        dx[i] = l.add ? dx[i] + sum : sum;
    }
}

static __global__ void mix_kernel(ost_resample_work w, layout l, const float *x,
                                  float *y)
{
    const uint32_t step = static_cast<uint32_t>(ost::index_stride());

    for (uint32_t i = static_cast<uint32_t>(ost::first_index()); i < l.count;
         i += step) {
        const spot s = spot_of(i, l);
        const sample h = mixed(w.side[1], s.at[1]);
        const sample v = mixed(w.side[0], s.at[0]);
        const float *plane =
            x + s.plane * w.side[1].in * static_cast<int64_t>(w.side[0].in);
        const float *near = plane + static_cast<int64_t>(h.near) * w.side[0].in;
        const float *far = plane + static_cast<int64_t>(h.far) * w.side[0].in;

        y[i] = (1.0f - h.part) *
                   ((1.0f - v.part) * near[v.near] + v.part * near[v.far]) +
               h.part * ((1.0f - v.part) * far[v.near] + v.part * far[v.far]);
    }
}

static __global__ void give_mixed_kernel(ost_resample_work w, layout l,
                                         const float *dy, float *dx)
{
    const uint32_t step = static_cast<uint32_t>(ost::index_stride());

    for (uint32_t i = static_cast<uint32_t>(ost::first_index()); i < l.count;
         i += step) {
        const spot s = spot_of(i, l);
        const run h = mixed_from(w.side[1], s.at[1]);
        const run v = mixed_from(w.side[0], s.at[0]);
        float sum = 0.0f;

        for (int32_t a = h.from; a < h.to; a++) {
            const float *row =
                dy + (s.plane * w.side[1].out + a) * w.side[0].out;
            float across = 0.0f;

            for (int32_t b = v.from; b < v.to; b++)
                across += share_of(mixed(w.side[0], b), s.at[0]) * row[b];
            sum += share_of(mixed(w.side[1], a), s.at[1]) * across;
        }
        dx[i] = l.add ? dx[i] + sum : sum;
    }
}

static int64_t area_of(const ost_resample_work &w, bool out)
{
    int64_t area = 1;

    for (int i = 0; i < OST_RESAMPLE_SIDES; i++)
        area *= out ? w.side[i].out : w.side[i].in;
    return area;
}

static layout layout_of(const ost_resample_work &w, int64_t planes, bool out,
                        bool add)
{
    return layout{
        static_cast<uint32_t>(planes * area_of(w, out)),
        ost::divider_of(out ? w.side[0].out : w.side[0].in),
        ost::divider_of(out ? w.side[1].out : w.side[1].in),
        ost::divider_of(out ? w.side[2].out : w.side[2].in),
        add,
    };
}

typedef void (*kernel)(ost_resample_work w, layout l, const float *from,
                       float *to);

static int launch(const ost_resample_work &w, kernel k, bool out, bool add,
                  const float *from, float *to, void *stream)
{
    const int64_t there = area_of(w, out);
    const int64_t here = area_of(w, !out);

    return ost::launch_planes(w.planes, there, [&](int64_t p, int64_t planes) {
        const layout l = layout_of(w, planes, out, add);

        return static_cast<int>(OST_LAUNCH(k, ost::blocks_for(l.count),
                                           ost::THREADS, 0, stream, w, l,
                                           from + p * here, to + p * there));
    });
}

} /* namespace resample */

int ost_cuda_launch_resample(const ost_resample_work *work, const float *x,
                             float *y, void *stream)
{
    static const resample::kernel kernels[] = {
        resample::pick_kernel<resample::repeat>,
        resample::mix_kernel,
        resample::pick_kernel<resample::reflect>,
    };

    return resample::launch(*work, kernels[work->how], true, false, x, y,
                            stream);
}

int ost_cuda_launch_resample_back(const ost_resample_work *work,
                                  const float *dy, bool add, float *dx,
                                  void *stream)
{
    static const resample::kernel kernels[] = {
        resample::give_kernel<resample::repeat>,
        resample::give_mixed_kernel,
        resample::give_kernel<resample::reflect>,
    };

    return resample::launch(*work, kernels[work->how], false, add, dy, dx,
                            stream);
}
