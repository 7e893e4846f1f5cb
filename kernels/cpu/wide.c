/* kernels/cpu/wide.c - which vectors this machine has */
#include "kernels/cpu/wide.h"

#include <stdatomic.h>

#include "base/banned.h"

static atomic_int widest = OST_WIDTH_AVX512;

/* A machine that hides some of what comes with a width does not have it. */
static ost_width width_of_machine(void)
{
#ifdef __x86_64__
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
        !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("popcnt"))
        return OST_WIDTH_ANY;
    if (__builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512cd"))
        return OST_WIDTH_AVX512;
    return OST_WIDTH_AVX2;
#else
    return OST_WIDTH_ANY;
#endif
}

ost_width ost_cpu_width(void)
{
    ost_width most =
        (ost_width)atomic_load_explicit(&widest, memory_order_relaxed);
    ost_width width = width_of_machine();

    return width < most ? width : most;
}

void ost_cpu_width_at_most(ost_width width)
{
    atomic_store_explicit(&widest, (int)width, memory_order_relaxed);
}
