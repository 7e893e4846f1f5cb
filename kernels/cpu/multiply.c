/* kernels/cpu/multiply.c - the product of values, in their order */
#include "kernels/cpu/broadcast.h"

#include "base/banned.h"

ost_rc ost_cpu_multiply(ost_layer *layer, ost_err *err)
{
    (void)err;
    return ost_cpu_broadcast(layer, OST_FIT_MULTIPLY);
}
