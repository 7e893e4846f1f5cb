/* kernels/cpu/resize_cubic.h - the method OST_RESIZE_CUBIC of ost_cpu_resize()
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_RESIZE_CUBIC_H
#define OST_KERNELS_CPU_RESIZE_CUBIC_H

#include "base/err.h"
#include "kernels/cpu/rows.h"

/* Both have pixels, and the same type and channels. */
ost_rc ost_resize_cubic(const ost_image *in, const ost_image *out,
                        ost_err *err);

#endif
