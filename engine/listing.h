/* engine/listing.h - the files of a source, as a walk or a manifest finds them
 *
 * Entries are sorted by path (bytewise) and distinct.  Names that begin with a
 * dot are skipped; symbolic links are followed, in circles is an error; what is
 * neither a file nor a folder is skipped.
 */
#ifndef OST_ENGINE_LISTING_H
#define OST_ENGINE_LISTING_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "store/key.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

typedef struct ost_listed {
    const char *path; /* relative to the root, '/' separated */
    uint64_t size;
    uint64_t mtime_ns;
    uint64_t ctime_ns;
    uint64_t inode;
    ost_digest digest; /* of the content, when `hashed` */
    bool hashed;
} ost_listed;

typedef struct ost_listing {
    OST_VEC(ost_listed) files;
    char *root;     /* absolute folder */
    char *manifest; /* name of the manifest in the root, or NULL */
    ost_arena arena;
} ost_listing;

void ost_listing_release(ost_listing *l);

/* Lists what `where` (an absolute path) stands for; reads no file but a
 * manifest. */
ost_rc ost_listing_make(ost_listing *l, const char *where, ost_err *err);

/* Digest of names and stat data. */
ost_digest ost_listing_fingerprint(const ost_listing *l);

/* Stat data of a file into an entry. */
void ost_listed_stat(ost_listed *e, const struct stat *st);
bool ost_listed_same(const ost_listed *a, const ost_listed *b);

#endif
