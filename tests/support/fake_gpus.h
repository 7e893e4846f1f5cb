/* tests/support/fake_gpus.h - a machine with the GPUs of one's choice
 *
 * Where there is a management library that lists them, and no more: see
 * fake_nvml.c.
 */
#ifndef OST_TESTS_SUPPORT_FAKE_GPUS_H
#define OST_TESTS_SUPPORT_FAKE_GPUS_H

#include "base/alloc.h"
#include "tests/support/check.h"

#include <stdlib.h>

#define TWO_GPUS "gpu=GPU-0000aaaa,80,70,90 gpu=GPU-1111bbbb,40,39,80"

static inline void have_gpus(const char *words)
{
    const char *bin = getenv("OSTEON_BIN");
    char *folder;

    assert_non_null(bin);
    folder = ost_xprintf("%s/tests/fake_cuda", bin);
    setenv("OSTEON_CUDASIM", folder, 1);
    setenv("FAKE_GPUS", words, 1);
    ost_free(folder);
}

static inline int have_no_gpus(void **state)
{
    (void)state;
    unsetenv("OSTEON_CUDASIM");
    unsetenv("FAKE_GPUS");
    unsetenv("FAKE_CUDA");
    unsetenv("FAKE_INIT");
    unsetenv("CUDA_VISIBLE_DEVICES");
    return 0;
}

#endif
