/* base/fault.h - calls that fail on demand, for tests
 *
 * OSTEON_FAULT=point:n makes the n-th pass (1-based, counted per process) of a
 * named point fail, once; "point:n+" makes every pass from the n-th on fail.
 * Several, separated by commas.  Points are words such as alloc, blob.write,
 * blob.rename, store.commit, worker.crash.  Costs one load when unused.
 */
#ifndef OST_BASE_FAULT_H
#define OST_BASE_FAULT_H

#include <stdbool.h>

/* True when this pass of `point` is to fail. */
bool ost_fault(const char *point);

/* Reads OSTEON_FAULT again and forgets the passes that were counted.  Only
 * while no other thread is running. */
void ost_fault_reload(void);

#endif
