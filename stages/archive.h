/* stages/archive.h - the members of a zip or tar file, one after another
 *
 * Through libarchive: zip, tar, and tar under gzip, zstd, xz or bzip2.  Nothing
 * is written to disk.  A member whose name is absolute, has `..` in it or is
 * no UTF-8, and a link, device or pipe, is refused, or skipped and told.
 */
#ifndef OST_STAGES_ARCHIVE_H
#define OST_STAGES_ARCHIVE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What keeps a small file from growing without end. */
typedef struct ost_archive_limits {
    uint64_t max_member; /* bytes of one member */
    uint64_t max_total;  /* bytes of all members together */
    uint64_t max_ratio;  /* all members to the archive, above `free_bytes` */
    uint64_t free_bytes; /* so much is fine at any ratio */
} ost_archive_limits;

typedef struct ost_archive_reader {
    ost_archive_limits limits;
    bool skip_bad; /* skip what would be refused, after `told` */
    /* True for members whose bytes are wanted. */
    bool (*wants)(void *user, const char *path);
    /* A wanted member; the bytes are borrowed for the call. */
    ost_rc (*member)(void *user, const char *path, const void *data,
                     size_t size, ost_err *err);
    /* A member that is skipped, and why; may be NULL. */
    void (*told)(void *user, const char *path, const char *why);
    void *user;
} ost_archive_reader;

/* Reads the archive in memory from beginning to end.  OST_EINPUT for a member
 * that is refused, for one beyond the limits and for damaged data, always with
 * the member's name; the first failure of `member` is passed on. */
ost_rc ost_archive_read(const void *data, size_t size,
                        const ost_archive_reader *reader, ost_err *err);

#endif
