/* kernels/cpu/lanes.h - sums over blocked numbers in an order of their own
 *
 * A run of numbers in channel block B (1, 2, 4, 8 or 16) is read 16 numbers at
 * a time: lane l always holds channel l % B.  Four vectors of partial sums are
 * kept and added in one order, so that results do not depend on how the
 * compiler or the machine does it.  Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_LANES_H
#define OST_KERNELS_CPU_LANES_H

#include <stdint.h>
#include <string.h>

enum { OST_LANES = 16 };

typedef float ost_lanes __attribute__((vector_size(OST_LANES * sizeof(float))));

#define OST_LANES_INLINE static inline __attribute__((always_inline))

OST_LANES_INLINE void ost_lanes_load(ost_lanes *v, const float *p)
{
    memcpy(v, p, sizeof(*v));
}

OST_LANES_INLINE void ost_lanes_store(float *p, const ost_lanes *v)
{
    memcpy(p, v, sizeof(*v));
}

/* Numbers of the `n` at `p` from the k-th on; the rest is 0. */
OST_LANES_INLINE void ost_lanes_load_tail(ost_lanes *v, const float *p,
                                          int64_t k, int64_t n)
{
    float part[OST_LANES] = { 0.0f };

    for (int64_t i = k; i < n; i++)
        part[i - k] = p[i];
    ost_lanes_load(v, part);
}

#endif
