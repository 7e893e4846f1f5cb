/* engine/source.h - what an input is bound to, as an artifact of type files
 *
 * A folder, an archive, or a CSV manifest with the files that it lists becomes
 * a sequence of items (id: path relative to the folder, '/' separated; field
 * `bytes`: size and SHA-256 of the content, which stays where it is).  The same
 * files give the same digest, wherever they lie and whoever made them: a bound
 * folder and the output of a stage are the same thing to what follows.
 *
 * The store keeps a fingerprint per source (each path with size, mtime, ctime,
 * inode and digest), so that an unchanged file is not read again.
 */
#ifndef OST_ENGINE_SOURCE_H
#define OST_ENGINE_SOURCE_H

#include "base/err.h"
#include "engine/workflow.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ost_source_state {
    ost_digest artifact;    /* digest of the artifact of type files */
    ost_digest fingerprint; /* of the stat data alone: equal means untouched */
    char *root;             /* folder that item ids are relative to */
    uint64_t files;
    uint64_t bytes;
    uint64_t files_read; /* how many had to be hashed */
    bool fresh; /* a file changed so shortly before it was read that its stat
                   data cannot vouch for it: to be read again next time */
} ost_source_state;

void ost_source_state_release(ost_source_state *s);

/* What was seen of sources a moment ago, so that it is not looked at twice. */
typedef struct ost_sights ost_sights;
ost_sights *ost_sights_new(void);
void ost_sights_free(ost_sights *s);

/* How to scan; NULL stands for zeros. */
typedef struct ost_scan_options {
    bool rehash;        /* trust no stored fingerprint */
    ost_sights *sights; /* of ost_source_look(), or NULL */
    /* Called now and then during a download; false stops it. */
    bool (*progress)(void *user, uint64_t done, uint64_t total);
    void *user;
} ost_scan_options;

/* Only looks (stat; a URL without a pin asks its server): the fingerprint
 * digest of the source now.  With `sights` (or NULL) what was seen is kept for
 * a scan that follows. */
ost_rc ost_source_look(ost_store *store, const ost_source *source,
                       ost_sights *sights, ost_digest *fingerprint,
                       ost_err *err);

/* Scans the source, hashes what the stored fingerprint does not vouch for, and
 * collects artifact and fingerprint in the batch.  A CSV manifest lists its
 * files in the column `path`, `file`, `filename`, `image` or `image_path`, else
 * in the first column whose first value is a file beside it; members must lie
 * below the manifest's folder.  The artifact's meta holds {"manifest":
 * "name.csv"} then. */
ost_rc ost_source_scan(ost_batch *batch, const ost_source *source,
                       const ost_scan_options *options, ost_source_state *state,
                       ost_err *err);

/* Looks again after use: OST_ECHANGED names the first file that is not as it
 * was when scanned. */
ost_rc ost_source_verify(ost_store *store, const ost_source *source,
                         const ost_source_state *state, ost_err *err);

#endif
