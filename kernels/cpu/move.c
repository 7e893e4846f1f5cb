/* kernels/cpu/move.c - numbers from one place to another */
#include "kernels/cpu/cpu.h"

#include <string.h>

#include "base/banned.h"

ost_rc ost_cpu_move(float *to, const float *from, int64_t count, ost_err *err)
{
    (void)err;
    memcpy(to, from, (size_t)count * sizeof(float));
    return OST_OK;
}
