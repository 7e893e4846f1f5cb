/* stages/archive.c - the members of a zip or tar file, through libarchive */
#include "stages/archive.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

#include "base/banned.h"

enum { PIECE = 1 << 16 };

typedef struct {
    const ost_archive_reader *reader;
    struct archive *a;
    uint64_t size;  /* of the archive */
    uint64_t total; /* bytes of members so far */
    ost_buf bytes;  /* of the current member */
    ost_map seen;   /* paths of members */
} walk;

static ost_rc damaged(walk *w, const char *place, ost_err *err)
{
    const char *words = archive_error_string(w->a);

    return ost_fail(err, OST_EINPUT, "damaged archive%s%s%s: %s",
                    *place ? " at '" : "", place, *place ? "'" : "",
                    words ? words : "cannot be read");
}

/* Why a member cannot be taken, or NULL. */
static const char *fault_of(struct archive_entry *e, const char *path)
{
    if (!path)
        return "its name is no UTF-8";
    if (path[0] == '/')
        return "its path is absolute";
    if (!ost_path_is_plain(path))
        return "its path leads outside";
    if (archive_entry_hardlink(e) || archive_entry_filetype(e) == AE_IFLNK)
        return "it is a link";
    if (archive_entry_filetype(e) != AE_IFREG)
        return "it is no regular file";
    return NULL;
}

/* Counts `more` bytes; fails beyond a limit. */
static ost_rc grow(walk *w, const char *path, uint64_t member, uint64_t more,
                   ost_err *err)
{
    const ost_archive_limits *l = &w->reader->limits;

    if (member > l->max_member)
        return ost_fail(err, OST_EINPUT,
                        "member '%s' is larger than %llu bytes", path,
                        (unsigned long long)l->max_member);
    if (more > l->max_total || w->total > l->max_total - more)
        return ost_fail(err, OST_EINPUT,
                        "member '%s': the archive unpacks to more than %llu "
                        "bytes",
                        path, (unsigned long long)l->max_total);
    w->total += more;
    if (w->total > l->free_bytes && w->total / l->max_ratio > w->size)
        return ost_fail(err, OST_EINPUT,
                        "member '%s': the archive unpacks to more than %llu "
                        "times its size, as bombs do",
                        path, (unsigned long long)l->max_ratio);
    return OST_OK;
}

/* A member may be larger or smaller than its header says. */
static ost_rc read_member(walk *w, const char *path, ost_err *err)
{
    unsigned char piece[PIECE];
    la_ssize_t n;
    ost_rc rc;

    ost_buf_reset(&w->bytes);
    while ((n = archive_read_data(w->a, piece, sizeof(piece))) > 0) {
        rc = grow(w, path, w->bytes.len + (uint64_t)n, (uint64_t)n, err);
        if (rc)
            return rc;
        ost_buf_add(&w->bytes, piece, (size_t)n);
    }
    if (n < 0)
        return damaged(w, path, err);
    return w->reader->member(w->reader->user, path, w->bytes.data, w->bytes.len,
                             err);
}

/* What is not wanted is unpacked all the same when the archive is one stream,
 * so it counts. */
static ost_rc pass_by(walk *w, struct archive_entry *e, const char *path,
                      ost_err *err)
{
    uint64_t size = 0;

    if (archive_entry_size_is_set(e) && archive_entry_size(e) > 0)
        size = (uint64_t)archive_entry_size(e);
    return grow(w, path, size, size, err);
}

static ost_rc take_entry(walk *w, struct archive_entry *e, ost_err *err)
{
    const ost_archive_reader *r = w->reader;
    const char *path = archive_entry_pathname_utf8(e);
    const char *why;
    char shown[512];

    while (path && path[0] == '.' && path[1] == '/')
        path += 2;
    if (path && archive_entry_filetype(e) == AE_IFDIR)
        return OST_OK;
    why = fault_of(e, path);
    /* Which of both is meant, nobody can tell. */
    if (!why && !ost_map_put(&w->seen, path, strlen(path), 0))
        why = "it is there twice";
    if (why) {
        path = path ? path : archive_entry_pathname(e);
        ost_utf8_shown(shown, sizeof(shown), path ? path : "?", "");
        path = shown;
        if (!r->skip_bad)
            return ost_fail(err, OST_EINPUT, "member '%s' is refused: %s", path,
                            why);
        if (r->told)
            r->told(r->user, path, why);
        return pass_by(w, e, path, err);
    }
    if (!r->wants(r->user, path))
        return pass_by(w, e, path, err);
    return read_member(w, path, err);
}

static ost_rc walk_entries(walk *w, ost_err *err)
{
    struct archive_entry *e;
    uint64_t entries = 0;
    ost_rc rc;
    int r;

    for (;;) {
        r = archive_read_next_header(w->a, &e);
        if (r == ARCHIVE_EOF)
            break;
        if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
            return damaged(w, "", err);
        entries++;
        rc = take_entry(w, e, err);
        if (rc)
            return rc;
    }
    return entries ? OST_OK : ost_fail(err, OST_EINPUT, "an empty archive");
}

ost_rc ost_archive_read(const void *data, size_t size,
                        const ost_archive_reader *reader, ost_err *err)
{
    walk w = { .reader = reader, .size = size ? size : 1 };
    /* Names are UTF-8 whatever language the user speaks. */
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    ost_rc rc;

    w.a = archive_read_new();
    if (!w.a) {
        rc = ost_fail(err, OST_ENOMEM, "no memory for libarchive");
        goto out;
    }
    archive_read_support_filter_gzip(w.a);
    archive_read_support_filter_zstd(w.a);
    archive_read_support_filter_xz(w.a);
    archive_read_support_filter_bzip2(w.a);
    archive_read_support_format_tar(w.a);
    archive_read_support_format_zip(w.a);
    if (archive_read_open_memory(w.a, data, size) != ARCHIVE_OK)
        rc = damaged(&w, "", err);
    else
        rc = walk_entries(&w, err);
out:
    archive_read_free(w.a);
    ost_buf_release(&w.bytes);
    ost_map_release(&w.seen);
    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
    return rc;
}
