/* stages/run_lengths.h - masks in few bytes
 *
 * Lengths of runs, outside and inside in turn, outside first (which may be of
 * length 0), as varints.
 */
#ifndef OST_STAGES_RUN_LENGTHS_H
#define OST_STAGES_RUN_LENGTHS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends the runs of `n` pixels; any nonzero one is inside. */
void ost_run_lengths_encode(const uint8_t *mask, size_t n, ost_buf *out);
/* Writes `value` where the runs are inside and 0 elsewhere; false when they do
 * not make exactly `n` pixels. */
bool ost_run_lengths_decode(const void *data, size_t size, uint8_t value,
                            uint8_t *mask, size_t n);

#endif
