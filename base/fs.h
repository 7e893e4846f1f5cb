/* base/fs.h - files and folders */
#ifndef OST_BASE_FS_H
#define OST_BASE_FS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads a whole file of at most `limit` bytes into `out` (appended). */
ost_rc ost_fs_read(const char *path, size_t limit, ost_buf *out, ost_err *err);
/* Writes a file so that a reader sees the old content or the new: temporary
 * file beside it, then rename.  `sync`: fsync before the rename. */
ost_rc ost_fs_write_atomic(const char *path, const void *data, size_t size,
                           bool sync, ost_err *err);
/* Makes a folder and its missing parents. */
ost_rc ost_fs_mkdirs(const char *path, ost_err *err);
/* Removes a file or a folder with everything in it; missing is fine.
 * Symbolic links are removed, never followed. */
ost_rc ost_fs_remove_tree(const char *path, ost_err *err);
/* A read-only mapping of a whole file; *data is NULL for an empty file.
 * Unmap with ost_fs_unmap(). */
ost_rc ost_fs_map(const char *path, const void **data, size_t *size,
                  ost_err *err);
void ost_fs_unmap(const void *data, size_t size);

/* "a/b" of "a" and "b"; absolute `b` stays.  Caller frees with ost_free(). */
char *ost_path_join(const char *a, const char *b);
/* The folder part ("." when there is none).  Caller frees with ost_free(). */
char *ost_path_dir(const char *path);
/* The last component, borrowed from `path`. */
const char *ost_path_base(const char *path);
/* True for a relative path without empty, "." or ".." components, without
 * backslashes, control characters and NUL: safe to create below a folder. */
bool ost_path_is_plain(const char *path);

#endif
