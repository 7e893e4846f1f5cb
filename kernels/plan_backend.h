/* kernels/plan_backend.h - a device that networks are planned for, not run on
 *
 * It stands for the GPU where there is none: layouts are plain, and layers go
 * together as those of kernels/cuda/ do.  Only networks that are built with
 * OST_NET_PLAN may be made for it; its operators fail.
 */
#ifndef OST_KERNELS_PLAN_BACKEND_H
#define OST_KERNELS_PLAN_BACKEND_H

#include "kernels/backend.h"

#include <stdbool.h>

/* What a layer does beside its own work, in its own kernels. */
typedef struct ost_plan {
    int ahead;    /* layers that its forward does besides */
    bool relu;    /* the first of them is a ReLU */
    int back;     /* layers that its backward does besides */
    bool absorbs; /* the ReLU before it */
} ost_plan;

/* Caller closes with ost_backend_close(). */
ost_backend *ost_plan_backend(void);
/* Of a layer of a network for it; borrowed. */
const ost_plan *ost_plan_of(const ost_layer *layer);

#endif
