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

/* Fills the offsets and returns the bytes of the whole; SIZE_MAX when they
 * cannot be counted.  Spans are placed one after the other, each as low as it
 * fits; of a few such orders (largest first, longest first, earliest first) the
 * one that needs least is taken. */
size_t ost_memory_plan(ost_span *spans, size_t count);

#endif
