/* kernels/cpu/eights.h - vectors of eight numbers, multiplied and added at once
 *
 * For hot loops whose products and sums are fused by name: the result is
 * rounded once on every machine, whatever the compiler chooses.  Private to
 * kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_EIGHTS_H
#define OST_KERNELS_CPU_EIGHTS_H

#include <string.h>

enum { OST_EIGHT = 8 };

#define OST_EIGHT_INLINE static inline __attribute__((always_inline))

typedef float ost_eight __attribute__((vector_size(OST_EIGHT * sizeof(float))));

OST_EIGHT_INLINE ost_eight ost_eight_load(const float *p)
{
    ost_eight v;

    memcpy(&v, p, sizeof(v));
    return v;
}

OST_EIGHT_INLINE void ost_eight_store(float *p, ost_eight v)
{
    memcpy(p, &v, sizeof(v));
}

/* a * b + c, rounded once on every machine. */
OST_EIGHT_INLINE ost_eight ost_eight_fma(ost_eight a, ost_eight b, ost_eight c)
{
#ifdef __FMA__
    return __builtin_ia32_vfmaddps256(a, b, c);
#else
    ost_eight v;

    for (int i = 0; i < OST_EIGHT; i++)
        v[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return v;
#endif
}

OST_EIGHT_INLINE ost_eight ost_eight_of(float x)
{
    return (ost_eight){ x, x, x, x, x, x, x, x };
}

#endif
