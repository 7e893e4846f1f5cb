/* kernels/cuda/merge_kernels.cu - pictures that overlap become one
 *
 * One thread a pixel, which adds up parts in their order as
 * kernels/cpu/merge.c does.
 */
#include "kernels/cuda/merge_kernels.h"
#include "kernels/cuda/picture_device.h"

namespace
{

using ost::first_index;
using ost::index_stride;

/* The parts that have a pixel, one after another. */
struct walk {
    const ost_cuda_merge_args &a;
    int64_t y;
    int64_t x;
    int64_t at;
    int64_t end;

    __device__ walk(const ost_cuda_merge_args &args, int64_t across, int64_t v,
                    int64_t u)
        : a(args), y(v), x(u)
    {
        const int64_t square =
            v / OST_CUDA_SQUARE * across + u / OST_CUDA_SQUARE;

        at = a.begin[square];
        end = a.begin[square + 1];
    }

    __device__ const ost_cuda_part *next()
    {
        while (at < end) {
            const ost_cuda_part *p = &a.parts[a.list[at++]];
            const int64_t v = y - p->top, u = x - p->left;

            if (v >= 0 && u >= 0 && v < p->picture.h && u < p->picture.w)
                return p;
        }
        return nullptr;
    }
};

__device__ int64_t index_in(const ost_cuda_part *p, int64_t y, int64_t x,
                            int64_t k)
{
    return ((y - p->top) * p->picture.w + x - p->left) * p->picture.c + k;
}

__device__ float average(walk w, int64_t k, bool weighted, bool whole)
{
    double sum = 0.0, total = 0.0;
    bool any = false;

    while (const ost_cuda_part *p = w.next()) {
        const double f =
            weighted
                ? static_cast<double>(ost_px_inner_distance(
                      w.y - p->top, w.x - p->left, p->picture.h, p->picture.w))
                : 1.0;
        const double s = f * static_cast<double>(ost::value_at(
                                 p->picture, index_in(p, w.y, w.x, k)));

        sum = any ? sum + s : s;
        total = any ? total + f : f;
        any = true;
    }
    sum /= total;
    return static_cast<float>(whole ? rint(sum) : sum);
}

__device__ float greatest(walk w, int64_t k)
{
    float best = 0.0f;
    bool any = false;

    while (const ost_cuda_part *p = w.next()) {
        const float v = ost::value_at(p->picture, index_in(p, w.y, w.x, k));

        best = any ? ost_px_greater(best, v) : v;
        any = true;
    }
    return best;
}

__device__ float most_voted(walk w, int64_t k)
{
    const walk again = w;
    int64_t most = 0;
    float best = 0.0f;

    while (const ost_cuda_part *p = w.next()) {
        const float v = ost::value_at(p->picture, index_in(p, w.y, w.x, k));
        int64_t votes = 0;
        walk others = again;

        while (const ost_cuda_part *q = others.next())
            votes += ost_px_bits(v) ==
                     ost_px_bits(
                         ost::value_at(q->picture, index_in(q, w.y, w.x, k)));
        if (votes > most || (votes == most && v < best)) {
            most = votes;
            best = v;
        }
    }
    return best;
}

__device__ float merged(const walk &w, int64_t k, bool whole)
{
    if (w.a.method == OST_CUDA_MERGE_MAX)
        return greatest(w, k);
    if (w.a.method == OST_CUDA_MERGE_VOTE)
        return most_voted(w, k);
    return average(w, k, w.a.method == OST_CUDA_MERGE_WEIGHTED, whole);
}

__global__ void merge_kernel(ost_cuda_merge_args a, ost_cuda_picture out,
                             ost_cuda_gap *gap)
{
    const int64_t n = out.h * out.w;
    const int64_t across = (out.w + OST_CUDA_SQUARE - 1) / OST_CUDA_SQUARE;

    for (int64_t i = first_index(); i < n; i += index_stride()) {
        const walk all(a, across, i / out.w, i % out.w);
        walk look = all;
        const ost_cuda_part *first = look.next();
        const bool alone = first && !look.next();

        if (!first) {
            atomicAdd(&gap->count, 1ULL);
            atomicMin(&gap->first, static_cast<unsigned long long>(i));
        }
        for (int64_t k = 0; k < out.c; k++)
            if (!first)
                ost::put_value(out, i * out.c + k, a.fill);
            else if (alone && first->picture.dtype == out.dtype)
                ost::put_bits(out, i * out.c + k,
                              ost::bits_at(first->picture,
                                           index_in(first, all.y, all.x, k)));
            else
                ost::put_value(out, i * out.c + k,
                               merged(all, k, out.dtype != OST_F32));
    }
}

} /* namespace */

int ost_cuda_merge_parts(const ost_cuda_merge_args *args,
                         const ost_cuda_picture *whole, ost_cuda_gap *gap,
                         void *stream)
{
    return OST_LAUNCH(merge_kernel, ost::blocks_for(ost::pixels_of(whole)),
                      ost::THREADS, 0, stream, *args, *whole, gap);
}
