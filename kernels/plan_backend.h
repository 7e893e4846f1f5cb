/* kernels/plan_backend.h - a device that networks are planned for, not run on
 *
 * It stands for the GPU where there is none: layouts are plain, and layers go
 * together as those of kernels/cuda/ do.  Only networks that are built with
 * OST_NET_PLAN may be made for it; its operators fail.
 */
#ifndef OST_KERNELS_PLAN_BACKEND_H
#define OST_KERNELS_PLAN_BACKEND_H

#include "kernels/backend.h"

/* Caller closes with ost_backend_close(). */
ost_backend *ost_plan_backend(void);

#endif
