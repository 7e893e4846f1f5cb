/* kernels/ceilings.h - what a GPU can do at most, by its data sheet
 *
 * For estimates: time = the larger of operations / rate and bytes / bandwidth
 * (Williams, Waterman and Patterson, "Roofline", CACM 2009), and a fixed time
 * for each launch.  What runs does not read this.
 */
#ifndef OST_KERNELS_CEILINGS_H
#define OST_KERNELS_CEILINGS_H

#include "base/err.h"

#include <stddef.h>

/* Which units multiply: those of a numeric class. */
typedef enum ost_units {
    OST_UNITS_F32,
    OST_UNITS_TF32,
    OST_UNITS_BF16,
    OST_UNITS_F16,
    OST_UNITS,
} ost_units;

typedef struct ost_ceilings {
    const char *name; /* "h100" */
    const char *title;
    double rates[OST_UNITS]; /* operations per second, multiply and add counted
                                as two, without sparsity; 0: no such units */
    double bandwidth;        /* of its memory, bytes per second */
    double memory;           /* bytes */
    double link;             /* from the host, bytes per second */
    double launch;           /* seconds of one launch */
} ost_ceilings;

/* Device `i`, sorted by name; NULL past the end. */
const ost_ceilings *ost_ceilings_at(size_t i);
/* OST_EUSAGE with all names when there is none of that name. */
ost_rc ost_ceilings_find(const char *name, const ost_ceilings **found,
                         ost_err *err);

/* "f32", "tf32", "bf16", "f16" */
const char *ost_units_name(ost_units units);
/* OST_EUSAGE when there is no such word, or the device has no such units. */
ost_rc ost_units_find(const char *name, const ost_ceilings *device,
                      ost_units *units, ost_err *err);

#endif
