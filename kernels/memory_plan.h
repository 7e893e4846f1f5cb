/* kernels/memory_plan.h - who may use which bytes, and when
 *
 * Each span of memory is needed from one tick to another, both included.  Spans
 * that are never needed at the same time may share bytes.
 */
#ifndef OST_KERNELS_MEMORY_PLAN_H
#define OST_KERNELS_MEMORY_PLAN_H

#include <stddef.h>

typedef struct ost_span {
    size_t bytes;
    int from;
    int to;
    size_t offset; /* filled; a multiple of 64 */
} ost_span;

/* Fills the offsets, largest span first, each as low as it fits, and returns
 * the bytes of the whole; SIZE_MAX when they cannot be counted. */
size_t ost_memory_plan(ost_span *spans, size_t count);

#endif
