/* kernels/cuda/divide.h - division by what a launch knows
 *
 * For .cu files: a multiplication and a shift in place of the twenty
 * instructions of a division (Granlund and Montgomery, PLDI 1994), for
 * 0 <= n < 2^31.
 */
#ifndef OST_KERNELS_CUDA_DIVIDE_H
#define OST_KERNELS_CUDA_DIVIDE_H

#include "kernels/cuda/device.h"

namespace ost
{

/* Most numbers that one launch goes through with such indices. */
constexpr int64_t INDEX_MOST = 0x7fffffff;

struct divider {
    uint32_t by;
    uint32_t factor;
    uint32_t shift;
};

/* 1 <= by < 2^31. */
inline divider divider_of(int64_t by)
{
    divider d = { static_cast<uint32_t>(by), 0, 0 };

    while ((int64_t{ 1 } << d.shift) < by)
        d.shift++;
    d.factor = static_cast<uint32_t>(
        (((uint64_t{ 1 } << d.shift) - static_cast<uint64_t>(by)) << 32) /
            static_cast<uint64_t>(by) +
        1);
    return d;
}

static __device__ inline uint32_t divide(uint32_t n, divider d)
{
    const uint32_t high =
        static_cast<uint32_t>((static_cast<uint64_t>(n) * d.factor) >> 32);

    return (high + n) >> d.shift;
}

/* n / by, and the rest in its place. */
static __device__ inline uint32_t divide_off(uint32_t *n, divider d)
{
    const uint32_t whole = divide(*n, d);

    *n -= whole * d.by;
    return whole;
}

/* launch(first, count) for planes of `each` numbers, 0 < each < 2^31, as many
 * at once as such indices reach; stops when one does not give 0. */
template <typename Launch>
static inline int launch_planes(int64_t planes, int64_t each, Launch launch)
{
    const int64_t most = INDEX_MOST / each;
    int status = 0;

    for (int64_t p = 0; p < planes && !status; p += most)
        status = launch(p, planes - p < most ? planes - p : most);
    return status;
}

} /* namespace ost */

#endif
