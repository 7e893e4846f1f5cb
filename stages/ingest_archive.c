/* stages/ingest_archive.c - the members of an archive to items
 *
 * The archive is walked once for the names, once for the images, and before
 * that for what has to be known of them: annotations, a manifest, the masks
 * that belong to them, which are kept in memory; and the headers of DICOM files
 * where they are needed first.  Nothing is unpacked to disk.
 */
#include "base/map.h"
#include "base/vec.h"
#include "stages/archive.h"
#include "stages/ingest_series.h"

#include <string.h>

#include "base/banned.h"

#define KEPT_BYTES (UINT64_C(1) << 30)

enum { FREE_BYTES = 8 << 20, MAX_RATIO = 200 };

#define MEMBER_BYTES (UINT64_C(1) << 30)

typedef struct kept_member {
    bool there;
    ost_buf bytes;
} kept_member;

typedef struct {
    ost_stage_ctx *ctx;
    const ost_item *in;
    const char *prefix;
    const void *data;
    size_t size;
    OST_VEC(ost_layout_file) files;
    ost_map index; /* path -> index in files */
    /* Members that are kept, or shall be (`bytes` empty); by path. */
    OST_VEC(kept_member) kept;
    ost_map kept_index;
    uint64_t kept_bytes;
    ost_series_list series;
} unpacking;

static ost_archive_reader new_reader(unpacking *u)
{
    const ost_ingest_params *p = ost_ctx_params(u->ctx);

    return (ost_archive_reader){
        .limits = { .max_member = MEMBER_BYTES,
                    .max_total = (uint64_t)p->max_unpacked,
                    .max_ratio = MAX_RATIO,
                    .free_bytes = FREE_BYTES },
        .skip_bad = p->on_error == OST_ON_ERROR_SKIP,
        .user = u,
    };
}

/* --- first walk: names -------------------------------------------------- */

static bool list_name(void *user, const char *path)
{
    unpacking *u = user;
    ost_layout_file f = { .path =
                              ost_arena_strdup(ost_ctx_arena(u->ctx), path) };

    if (ost_map_get(&u->index, path, strlen(path), NULL))
        return false;
    ost_map_put(&u->index, path, strlen(path), u->files.len);
    ost_vec_push(&u->files, f);
    return false;
}

static void note_skipped(void *user, const char *path, const char *why)
{
    unpacking *u = user;

    ost_note(u->ctx, "skipped '%s': %s", path, why);
}

/* --- members that are kept ---------------------------------------------- */

static void want_kept(unpacking *u, const char *path)
{
    if (ost_map_get(&u->kept_index, path, strlen(path), NULL))
        return;
    ost_map_put(&u->kept_index, path, strlen(path), u->kept.len);
    ost_vec_push(&u->kept, (kept_member){ 0 });
}

static kept_member *find_kept(const unpacking *u, const char *path)
{
    uint64_t i;

    return ost_map_get(&u->kept_index, path, strlen(path), &i)
               ? &u->kept.data[i]
               : NULL;
}

static bool is_missing(void *user, const char *path)
{
    const kept_member *k = find_kept(user, path);

    return k && !k->there;
}

static ost_rc keep_member(void *user, const char *path, const void *data,
                          size_t size, ost_err *err)
{
    unpacking *u = user;
    kept_member *k = find_kept(u, path);

    u->kept_bytes += size;
    if (u->kept_bytes > KEPT_BYTES)
        return ost_fail(err, OST_EINPUT,
                        "member '%s': annotations, masks and manifests of an "
                        "archive are larger than %d MB",
                        path, (int)(KEPT_BYTES >> 20));
    ost_buf_add(&k->bytes, data, size);
    k->there = true;
    return OST_OK;
}

/* Fetches all members that are wanted and not there yet. */
static ost_rc fetch_kept(unpacking *u, ost_err *err)
{
    ost_archive_reader reader = new_reader(u);
    bool missing = false;

    for (size_t i = 0; i < u->kept.len; i++)
        missing = missing || !u->kept.data[i].there;
    if (!missing)
        return OST_OK;
    reader.wants = is_missing;
    reader.member = keep_member;
    return ost_archive_read(u->data, u->size, &reader, err);
}

static ost_rc read_kept(void *user, const char *path, const void **data,
                        size_t *size, ost_err *err)
{
    unpacking *u = user;
    const kept_member *k;
    ost_rc rc;

    want_kept(u, path);
    rc = fetch_kept(u, err);
    if (rc)
        return rc;
    k = find_kept(u, path);
    if (!k->there)
        return ost_fail(err, OST_EINPUT, "member '%s' cannot be read", path);
    *data = ost_buf_str(&k->bytes);
    *size = k->bytes.len;
    return OST_OK;
}

static ost_rc read_listed(void *user, size_t index, const void **data,
                          size_t *size, ost_err *err)
{
    unpacking *u = user;

    return read_kept(u, u->files.data[index].path, data, size, err);
}

/* One walk for all annotations, and one for all that belongs to images. */
static ost_rc fetch_annotations(unpacking *u, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(u->ctx);

    if (strcmp(p->annotations, "none") == 0)
        return OST_OK;
    for (size_t i = 0; i < u->files.len; i++)
        if (ost_ingest_is_json(u->files.data[i].path))
            want_kept(u, u->files.data[i].path);
    return fetch_kept(u, err);
}

static ost_rc fetch_sides(unpacking *u, ost_err *err)
{
    for (size_t i = 0; i < u->files.len; i++) {
        const ost_layout_file *f = &u->files.data[i];

        if (f->dropped)
            continue;
        if (f->annotation)
            want_kept(u, f->annotation);
        for (size_t k = 0; k < f->n_sides; k++)
            want_kept(u, f->sides[k].path);
    }
    return fetch_kept(u, err);
}

/* --- patients and series ------------------------------------------------- */

static bool may_be_dicom(void *user, const char *path)
{
    const unpacking *u = user;
    uint64_t i;

    return ost_map_get(&u->index, path, strlen(path), &i) &&
           !u->files.data[i].dropped && ost_series_may_be(path);
}

static ost_rc look_at(void *user, const char *path, const void *data,
                      size_t size, ost_err *err)
{
    unpacking *u = user;
    uint64_t i;

    if (!ost_map_get(&u->index, path, strlen(path), &i))
        OST_BUG();
    if (ost_ctx_stop(u->ctx))
        return ost_fail(err, OST_EINTERRUPTED, "interrupted");
    ost_series_look(&u->series, (size_t)i, data, size);
    return OST_OK;
}

/* A walk that only data without a secret needs. */
static ost_rc find_series(unpacking *u, ost_layout *layout, ost_err *err)
{
    ost_archive_reader reader = new_reader(u);
    bool any = false;
    ost_rc rc;

    for (size_t i = 0; i < layout->n && !any; i++)
        any = may_be_dicom(u, layout->files[i].path);
    if (!any || !ost_series_wanted(u->ctx))
        return OST_OK;
    reader.wants = may_be_dicom;
    reader.member = look_at;
    rc = ost_archive_read(u->data, u->size, &reader, err);
    if (!rc)
        ost_series_settle(u->ctx, &u->series, u->prefix, layout);
    return rc;
}

/* --- second walk: images ------------------------------------------------ */

static bool is_image(void *user, const char *path)
{
    const unpacking *u = user;
    uint64_t i;

    return ost_map_get(&u->index, path, strlen(path), &i) &&
           !u->files.data[i].dropped;
}

static ost_rc take_image(void *user, const char *path, const void *data,
                         size_t size, ost_err *err)
{
    unpacking *u = user;
    const ost_ingest_params *p = ost_ctx_params(u->ctx);
    const ost_side_source sides = { read_kept, u };
    ost_layout_file f;
    ost_err own = { 0 };
    uint64_t i;
    ost_rc rc;

    if (ost_ctx_stop(u->ctx))
        return ost_fail(err, OST_EINTERRUPTED, "interrupted");
    if (!ost_map_get(&u->index, path, strlen(path), &i))
        OST_BUG();
    f = u->files.data[i];
    f.source = &sides;
    f.id = ost_arena_printf(ost_ctx_arena(u->ctx), "%s%s", u->prefix, f.id);
    rc = ost_ingest_picture(u->ctx, u->in, &f, data, size, &own);
    if (!rc)
        rc = ost_spill(u->ctx, &own);
    if (ost_ingest_may_skip(p, rc)) {
        ost_note(u->ctx, "skipped '%s': %s", path, own.text);
        return ost_ingest_report(u->ctx, u->in, &f, NULL, own.text, err);
    }
    if (rc) {
        ost_err_at(&own, "member '%s'", path);
        if (err)
            *err = own;
    }
    return rc;
}

ost_rc ost_ingest_archive(ost_stage_ctx *ctx, const ost_item *in,
                          const char *prefix, const void *data, size_t size,
                          ost_err *err)
{
    unpacking u = {
        .ctx = ctx, .in = in, .prefix = prefix, .data = data, .size = size
    };
    ost_archive_reader reader = new_reader(&u);
    ost_layout layout = { 0 };
    ost_rc rc;

    reader.wants = list_name;
    reader.told = note_skipped;
    rc = ost_archive_read(data, size, &reader, err);
    layout.files = u.files.data;
    layout.n = u.files.len;
    if (!rc && layout.n == 0)
        rc = ost_fail(err, OST_EINPUT, "no files in the archive");
    if (!rc)
        rc = fetch_annotations(&u, err);
    if (!rc)
        rc = ost_ingest_layout(ctx, &layout, NULL, read_listed, &u, err);
    if (!rc)
        rc = fetch_sides(&u, err);
    if (!rc)
        rc = find_series(&u, &layout, err);
    if (!rc) {
        reader.wants = is_image;
        reader.member = take_image;
        reader.told = NULL;
        rc = ost_archive_read(data, size, &reader, err);
    }
    ost_map_release(&u.index);
    ost_vec_release(&u.files);
    for (size_t i = 0; i < u.kept.len; i++)
        ost_buf_release(&u.kept.data[i].bytes);
    ost_vec_release(&u.kept);
    ost_map_release(&u.kept_index);
    ost_vec_release(&u.series);
    return rc;
}
