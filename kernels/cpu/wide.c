/* kernels/cpu/wide.c - which vectors this machine has */
#include "kernels/cpu/wide.h"

#include "base/banned.h"

ost_width ost_cpu_width(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512cd"))
        return OST_WIDTH_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt"))
        return OST_WIDTH_AVX2;
#endif
    return OST_WIDTH_ANY;
}
