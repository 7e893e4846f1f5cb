/* kernels/cpu/region.h - ranges of a value along one axis
 *
 * A part is `side` long on `axis` and otherwise shaped like the whole; both
 * have the whole's channel block.  Any range of channels will do: blocks that
 * do not begin where the whole's begin are copied lane by lane.  Private to
 * kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_REGION_H
#define OST_KERNELS_CPU_REGION_H

#include "kernels/cpu/cpu.h"

typedef struct ost_region {
    const ost_value *whole;
    int block; /* of both */
    int axis;  /* from 1 on */
    int64_t from;
    int64_t side;
} ost_region;

/* Copies the range into `part`, whose lanes of missing channels become 0. */
void ost_region_get(const ost_region *r, const float *whole, float *part);
/* Copies `part` to its place; the rest of the whole stays. */
void ost_region_put(const ost_region *r, float *whole, const float *part);

/* Sets the lanes of missing channels to 0. */
void ost_clear_lanes(const ost_value *v, int block, float *data);

#endif
