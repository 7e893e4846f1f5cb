/* store/fsck.h - are all bytes what they should be, and is all there
 *
 * Every blob is hashed, every record decoded, and from every node, pin and
 * checkpoint followed what it refers to.  Wrong bytes, missing blobs and
 * undecodable records are damage, each named in a line.  Object files that
 * nothing refers to and files in tmp/ are what a crash leaves behind: they are
 * counted, and gc removes them.
 *
 * A repair moves wrong bytes into quarantine/ and removes what refers to them
 * or to what is missing: nodes, artifacts, memos, checkpoints, pins.  Then
 * everything that is left is whole, and the next run computes the rest again.
 */
#ifndef OST_STORE_FSCK_H
#define OST_STORE_FSCK_H

#include "base/err.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ost_fsck_options {
    bool repair;
    double wait_seconds;                        /* for others to end */
    void (*tell)(void *user, const char *line); /* one per damage, or NULL */
    void *user;
} ost_fsck_options;

typedef struct ost_fsck_result {
    uint64_t blobs; /* hashed */
    uint64_t bytes;
    uint64_t records;      /* decoded */
    uint64_t wrong;        /* blobs with wrong bytes, undecodable records */
    uint64_t missing;      /* things that are referred to */
    uint64_t unreferenced; /* object files */
    uint64_t unreferenced_bytes;
    uint64_t leftovers;   /* files in tmp/ */
    uint64_t quarantined; /* by the repair */
    uint64_t removed;     /* records removed by the repair */
} ost_fsck_result;

/* OST_ECORRUPT, with a summary, when there is damage that was not repaired;
 * the result is filled in then too.  Without repair runs may go on meanwhile;
 * a repair waits until it has the store alone. */
ost_rc ost_fsck(ost_store *s, const ost_fsck_options *options,
                ost_fsck_result *result, ost_err *err);

#endif
