/* engine/recent.h - what the engine remembers of steps
 *
 * Table STEPS holds, under the workflow's name, a 0 byte and the step's name,
 * the keys that the step had in its last runs, newest first:
 *
 *     u8     1
 *     then at most OST_RECENT times: key (32 bytes), wall clock (u64)
 */
#ifndef OST_ENGINE_RECENT_H
#define OST_ENGINE_RECENT_H

#include "base/buf.h"
#include "base/err.h"
#include "stages/stage.h"
#include "store/key.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OST_RECENT = 8 };

typedef struct ost_recent_key {
    ost_key key;
    uint64_t wall_ns;
} ost_recent_key;

/* Fills in the digests of a cached key's outputs, one per port of the stage.
 * False when there is no record, or an output of it is gone. */
bool ost_record_outputs(ost_store *store, const ost_key *key,
                        const ost_stage *stage, ost_digest *outputs);

/* The recent keys of a step, newest first; returns how many. */
size_t ost_recent_get(ost_store *store, const char *workflow, const char *step,
                      ost_recent_key recent[OST_RECENT]);
/* True when any step of the workflow has recent keys. */
bool ost_recent_any(ost_store *store, const char *workflow);
/* Puts a key in front; writes nothing when it is there already. */
void ost_recent_put(ost_batch *batch, const char *workflow, const char *step,
                    const ost_key *key, uint64_t wall_ns);

#endif
