/* stages/devices.c - numeric classes, and whether there is a CUDA backend */
#include "stages/devices.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

const char *const ost_numerics[] = { "f32", "f32-tuned", "tf32", "bf16",
                                     "f16", "portable",  NULL };

ost_rc ost_numerics_check(const char *word, ost_err *err)
{
    const char *near;
    size_t n = 0;

    for (; ost_numerics[n]; n++) {
        if (strcmp(word, ost_numerics[n]) == 0)
            return OST_OK;
    }
    near = ost_nearest(word, ost_numerics, n);
    return ost_fail(err, OST_EUSAGE,
                    "unknown numerics '%s'%s%s%s (choose f32, f32-tuned, tf32, "
                    "bf16, f16 or portable)",
                    word, near ? ", did you mean '" : "", near ? near : "",
                    near ? "'?" : "");
}

bool ost_numerics_portable(const char *word)
{
    return strcmp(word, "portable") == 0;
}

const char *ost_numerics_cpu(const char *word)
{
    return ost_numerics_portable(word) ? classes[0] : ost_cpu_numeric_class();
}

const char *ost_numerics_gpu(const char *word, ost_arena *arena)
{
    return ost_arena_printf(arena, "%s-%s", ost_gpu_standin() ? "sim" : "cuda",
                            word);
}

const char *ost_gpu_standin(void)
{
    const char *folder = getenv("OSTEON_CUDASIM");

    return folder && *folder ? folder : NULL;
}

bool ost_gpu_built(ost_buf *reason)
{
    const char *standin = ost_gpu_standin();
    char *self = ost_proc_self_dir();
    char *path =
        ost_path_join(standin ? standin : self,
                      standin ? "libosteon_cudasim.so" : "libosteon_cuda.so");
    bool built = access(path, R_OK) == 0;

    if (!built && standin)
        ost_buf_addf(reason, "the stand-in '%s' is not there", path);
    else if (!built)
        ost_buf_adds(reason, "this build has no CUDA backend "
                             "(libosteon_cuda.so is not beside osteon)");
    ost_free(path);
    ost_free(self);
    return built;
}
