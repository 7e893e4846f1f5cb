/* store/reach.h - what hangs together: from runs to nodes to artifacts to blobs
 *
 * A walk that remembers what it met.  From a run it reaches the records of its
 * steps and its outputs; from a node its outputs and, through the digests among
 * its key's components, its inputs; from an artifact its pages, arrays, named
 * blobs and exposures.  The content of files that lie outside the store is
 * named by artifacts of type files but is not there, and is not missed.
 *
 * Used by gc (what is not reached goes), bundle (what is reached travels) and
 * fsck (what is reached must be there).
 */
#ifndef OST_STORE_REACH_H
#define OST_STORE_REACH_H

#include "base/err.h"
#include "base/map.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>

/* Something that is referred to and is not there, or not what it should be. */
typedef struct ost_reach_fault {
    ost_digest digest;
    const char *what; /* "page 3 of artifact 12ab...", borrowed */
} ost_reach_fault;

typedef struct ost_reach ost_reach;

/* `bad`: digests of blobs that are there with wrong bytes, or NULL; borrowed.
 * Free with ost_reach_free(). */
ost_reach *ost_reach_new(ost_store *s, const ost_map *bad);
void ost_reach_free(ost_reach *r);

/* Each walks on from one thing.  `whole` (may be NULL) says whether all that
 * it needs is there; what is not becomes a fault.  An error is a store that
 * cannot be read.  Steps and outputs of a run may have been collected since,
 * which is no fault: OST_ENOTFOUND, with a message, is for the run itself. */
ost_rc ost_reach_run(ost_reach *r, const char *id, ost_err *err);
ost_rc ost_reach_node(ost_reach *r, const ost_key *key, bool *whole,
                      ost_err *err);
ost_rc ost_reach_artifact(ost_reach *r, const ost_digest *digest, bool *whole,
                          ost_err *err);
ost_rc ost_reach_blob(ost_reach *r, const ost_digest *digest, const char *what,
                      bool *whole, ost_err *err);

/* What was reached and is there, in the order in which it was met; borrowed
 * until the next walk. */
const ost_digest *ost_reach_blobs(const ost_reach *r, size_t *n);
const ost_key *ost_reach_nodes(const ost_reach *r, size_t *n);
bool ost_reach_has_blob(const ost_reach *r, const ost_digest *digest);
bool ost_reach_has_node(const ost_reach *r, const ost_key *key);
const ost_reach_fault *ost_reach_faults(const ost_reach *r, size_t *n);

/* Artifacts and pages that are there, below which something is not. */
const ost_digest *ost_reach_broken(const ost_reach *r, size_t *n);

#endif
