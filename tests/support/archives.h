/* tests/support/archives.h - archives, good and evil, made by libarchive */
#ifndef OST_TESTS_SUPPORT_ARCHIVES_H
#define OST_TESTS_SUPPORT_ARCHIVES_H

#include "base/alloc.h"
#include "base/buf.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

typedef struct archive_builder {
    struct archive *a;
    ost_buf *out;
} archive_builder;

static inline la_ssize_t archive_to_buf(struct archive *a, void *user,
                                        const void *data, size_t n)
{
    (void)a;
    ost_buf_add(user, data, n);
    return (la_ssize_t)n;
}

/* `kind`: "zip", or "tar" with the name of a filter behind a dot: "tar.gzip",
 * "tar.zstd", "tar.xz". */
static inline archive_builder begin_archive(ost_buf *out, const char *kind)
{
    archive_builder b = { archive_write_new(), out };

    setlocale(LC_CTYPE, "C.UTF-8"); /* until the end: libarchive asks */
    if (strcmp(kind, "zip") == 0)
        archive_write_set_format_zip(b.a);
    else
        archive_write_set_format_pax_restricted(b.a);
    if (strncmp(kind, "tar.", 4) == 0)
        archive_write_add_filter_by_name(b.a, kind + 4);
    archive_write_set_bytes_in_last_block(b.a, 1);
    archive_write_open(b.a, out, NULL, archive_to_buf, NULL);
    return b;
}

/* `type`: AE_IFREG, AE_IFLNK (to the text in `data`), AE_IFCHR, ... */
static inline void add_member(archive_builder *b, const char *path,
                              unsigned type, const void *data, size_t size)
{
    struct archive_entry *e = archive_entry_new();

    archive_entry_set_pathname_utf8(e, path);
    archive_entry_set_filetype(e, type);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_mtime(e, 0, 0);
    if (type == AE_IFLNK)
        archive_entry_set_symlink(e, data);
    else if (type == AE_IFREG)
        archive_entry_set_size(e, (la_int64_t)size);
    archive_write_header(b->a, e);
    if (type == AE_IFREG)
        archive_write_data(b->a, data, size);
    archive_entry_free(e);
}

static inline void end_archive(archive_builder *b)
{
    archive_write_close(b->a);
    archive_write_free(b->a);
    b->a = NULL;
    setlocale(LC_CTYPE, "C");
}

#endif
