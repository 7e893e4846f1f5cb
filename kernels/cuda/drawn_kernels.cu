/* kernels/cuda/drawn_kernels.cu - layers that draw random numbers
 *
 * A thread draws one block of the generator and works on its four numbers.
 */
#include "base/rng_bodies.h"
#include "kernels/cuda/divide.h"
#include "kernels/cuda/drawn_kernels.h"
#include "kernels/cuda/reduce.h"
#include "kernels/normals.h"

namespace drawn
{

constexpr int AT_ONCE = 4; /* numbers of a block */

struct drop {
    uint32_t limit;
    float scale;

    __device__ inline void operator()(const uint32_t *bits, float *v) const
    {
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++)
            v[k] = bits[k] < limit ? 0.0f : v[k] * scale;
    }
};

struct noise {
    float sigma;

    __device__ inline void operator()(const uint32_t *bits, float *v) const
    {
#pragma unroll
        for (int k = 0; k < AT_ONCE; k += 2) {
            float first;
            float second;

            ost_normals_of(bits[k], bits[k + 1], sigma, &first, &second);
            v[k] += first;
            v[k + 1] += second;
        }
    }
};

/* Rows from `first` on, `count` groups of four in all, `groups` in each; WIDE:
 * rows are whole groups. */
template <class How, bool WIDE>
static __global__ void rows_kernel(ost_drawn_work w, How how, int64_t first,
                                   uint32_t count, ost::divider groups)
{
    const uint32_t step = static_cast<uint32_t>(ost::index_stride());
    const uint64_t draw = *w.draw;
    const uint32_t key[2] = { static_cast<uint32_t>(draw),
                              static_cast<uint32_t>(draw >> 32) };

    for (uint32_t i = static_cast<uint32_t>(ost::first_index()); i < count;
         i += step) {
        uint32_t group = i;
        const int64_t row = first + ost::divide_off(&group, groups);
        const uint32_t counter[4] = {
            group, static_cast<uint32_t>(row),
            static_cast<uint32_t>(static_cast<uint64_t>(row) >> 32), w.layer
        };
        const int64_t from = static_cast<int64_t>(group) * AT_ONCE;
        const int64_t at = row * w.length + from;
        uint32_t bits[4];
        ost::pack<AT_ONCE> p = {};

        ost_philox_block(counter, key, bits);
        if (WIDE) {
            p = ost::load_pack<AT_ONCE>(w.x, at / AT_ONCE);
            how(bits, p.v);
            ost::store_pack<AT_ONCE>(w.y, at / AT_ONCE, p);
        } else {
#pragma unroll
            for (int k = 0; k < AT_ONCE; k++)
                if (from + k < w.length)
                    p.v[k] = w.x[at + k];
            how(bits, p.v);
#pragma unroll
            for (int k = 0; k < AT_ONCE; k++)
                if (from + k < w.length)
                    w.y[at + k] = p.v[k];
        }
    }
}

static __device__ inline uint64_t two_words(const uint32_t *bits)
{
    return static_cast<uint64_t>(bits[1]) << 32 | bits[0];
}

/* Number i of stream (layer, row): of block i a normal one, of half a block a
 * uniform one. */
template <bool UNIFORM> static __global__ void latent_kernel(ost_drawn_work w)
{
    const uint64_t draw = *w.draw;
    const uint32_t key[2] = { static_cast<uint32_t>(draw),
                              static_cast<uint32_t>(draw >> 32) };
    const int64_t count = w.rows * w.length;

    for (int64_t i = ost::first_index(); i < count; i += ost::index_stride()) {
        const int64_t row = i / w.length;
        const uint32_t number = static_cast<uint32_t>(i - row * w.length);
        const uint32_t counter[4] = { UNIFORM ? number / 2 : number, 0,
                                      static_cast<uint32_t>(row), w.layer };
        uint32_t bits[4];

        ost_philox_block(counter, key, bits);
        if (UNIFORM)
            w.y[i] = static_cast<float>(
                2.0 * ost_uniform_of(number % 2 ? two_words(bits + 2)
                                                : two_words(bits)) -
                1.0);
        else
            w.y[i] = static_cast<float>(
                ost_normal_of(two_words(bits), two_words(bits + 2)));
    }
}

template <class How>
static int launch(const ost_drawn_work &w, How how, void *stream)
{
    const int64_t groups = (w.length + AT_ONCE - 1) / AT_ONCE;
    auto *kernel = w.length % AT_ONCE == 0 ? rows_kernel<How, true>
                                           : rows_kernel<How, false>;

    return ost::launch_planes(w.rows, groups, [&](int64_t row, int64_t rows) {
        const int64_t count = rows * groups;

        return static_cast<int>(OST_LAUNCH(
            kernel, ost::blocks_for(count), ost::THREADS, 0, stream, w, how,
            row, static_cast<uint32_t>(count), ost::divider_of(groups)));
    });
}

} /* namespace drawn */

int ost_cuda_launch_drop(const ost_drawn_work *work, uint32_t limit,
                         float scale, void *stream)
{
    return drawn::launch(*work, drawn::drop{ limit, scale }, stream);
}

int ost_cuda_launch_noise(const ost_drawn_work *work, float sigma, void *stream)
{
    return drawn::launch(*work, drawn::noise{ sigma }, stream);
}

int ost_cuda_launch_latent(const ost_drawn_work *work, bool uniform,
                           void *stream)
{
    const unsigned blocks = ost::blocks_for(work->rows * work->length);

    if (uniform)
        return OST_LAUNCH(drawn::latent_kernel<true>, blocks, ost::THREADS, 0,
                          stream, *work);
    return OST_LAUNCH(drawn::latent_kernel<false>, blocks, ost::THREADS, 0,
                      stream, *work);
}
