/* stages/devices.c - numeric classes of the processors at hand */
#include "stages/devices.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *const classes[] = {
    "cpu-f32-portable",
    "cpu-f32-avx2",
    "cpu-f32-avx512",
};

static int best_class(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        return 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return 1;
#endif
    return 0;
}

const char *ost_cpu_numeric_class(void)
{
    const char *asked = getenv("OSTEON_ISA");
    int best = best_class();

    if (asked && strcmp(asked, "avx2") == 0 && best > 1)
        best = 1;
    if (asked && strcmp(asked, "portable") == 0)
        best = 0;
    return classes[best];
}

ost_rc ost_backend_numeric_class(const char *backend, const char **numeric,
                                 ost_err *err)
{
    if (strcmp(backend, "auto") == 0 || strcmp(backend, "cpu") == 0) {
        *numeric = ost_cpu_numeric_class();
        return OST_OK;
    }
    if (strcmp(backend, "cuda") == 0)
        return ost_fail(err, OST_EUNSUPPORTED,
                        "backend 'cuda': this build has no CUDA backend "
                        "(use '--backend cpu' or 'auto')");
    return ost_fail(err, OST_EUSAGE,
                    "unknown backend '%s' (choose auto, cpu or cuda)", backend);
}
