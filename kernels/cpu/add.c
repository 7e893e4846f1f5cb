/* kernels/cpu/add.c - the sum of values, in their order */
#include "kernels/cpu/broadcast.h"

#include "base/banned.h"

ost_rc ost_cpu_add(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cpu_broadcast(layer, OST_FIT_ADD);
}
