/* store/bundle.h - a run with all that it reaches, as one archive file
 *
 * A .tar.zst, written and read through libarchive (opened on use).  Members, in
 * this order:
 *
 *     osteon-bundle      "osteon bundle format 1\nrun ID\n"
 *     blobs/ab/cdef...   bytes, named by their SHA-256
 *     nodes/HEX          node record under its key
 *     runs/ID            run record
 *
 * The same run gives the same bytes, wherever it is exported.
 */
#ifndef OST_STORE_BUNDLE_H
#define OST_STORE_BUNDLE_H

#include "base/err.h"
#include "store/store.h"

#include <stdint.h>

enum { OST_BUNDLE_FORMAT = 1, OST_BUNDLE_RUN = 128 };

typedef struct ost_bundle_result {
    char run[OST_BUNDLE_RUN]; /* id */
    uint64_t nodes;
    uint64_t blobs;
    uint64_t bytes; /* of the blobs */
    uint64_t known; /* import: blobs that the store had already */
} ost_bundle_result;

/* Writes the file atomically.  OST_ENOTFOUND when there is no such run,
 * OST_ECORRUPT when something that it needs is missing or damaged. */
ost_rc ost_bundle_export(ost_store *s, const char *run, const char *path,
                         ost_bundle_result *result, ost_err *err);

/* Every blob is hashed, every node's key recomputed from its components, and
 * everything that they refer to must be there in the end; otherwise, and for
 * any member that is not of the above, OST_EINPUT, and the store holds no new
 * record.  Nodes that the store has already stay as they are. */
ost_rc ost_bundle_import(ost_store *s, const char *path,
                         ost_bundle_result *result, ost_err *err);

#endif
