/* stages/ingest_archive.c - the members of an archive to items
 *
 * The archive is walked once for the names (and a manifest) and once for the
 * images; between the two, once more for the headers of DICOM files where they
 * are needed first.  Nothing is unpacked to disk.
 */
#include "base/map.h"
#include "base/vec.h"
#include "stages/archive.h"
#include "stages/ingest_series.h"

#include <string.h>

#include "base/banned.h"

enum { MANIFEST_BYTES = 64 << 20, FREE_BYTES = 8 << 20, MAX_RATIO = 200 };

#define MEMBER_BYTES (UINT64_C(1) << 30)

typedef struct {
    ost_stage_ctx *ctx;
    const ost_item *in;
    const char *prefix;
    const void *data;
    size_t size;
    OST_VEC(ost_layout_file) files;
    ost_map index;      /* path -> index in files */
    const char *single; /* the one member that is wanted, or NULL */
    ost_buf bytes;      /* of that member */
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

    if (ost_map_put(&u->index, path, strlen(path), u->files.len))
        ost_vec_push(&u->files, f);
    return false;
}

static void note_skipped(void *user, const char *path, const char *why)
{
    unpacking *u = user;

    ost_note(u->ctx, "skipped '%s': %s", path, why);
}

/* --- the manifest ------------------------------------------------------- */

static bool is_single(void *user, const char *path)
{
    const unpacking *u = user;

    return strcmp(path, u->single) == 0;
}

static ost_rc keep_single(void *user, const char *path, const void *data,
                          size_t size, ost_err *err)
{
    unpacking *u = user;

    if (size > MANIFEST_BYTES)
        return ost_fail(err, OST_EINPUT, "member '%s' is too large", path);
    ost_buf_reset(&u->bytes);
    ost_buf_add(&u->bytes, data, size);
    return OST_OK;
}

static ost_rc read_manifest(void *user, size_t index, const void **data,
                            size_t *size, ost_err *err)
{
    unpacking *u = user;
    ost_archive_reader reader = new_reader(u);
    ost_rc rc;

    u->single = u->files.data[index].path;
    reader.wants = is_single;
    reader.member = keep_single;
    rc = ost_archive_read(u->data, u->size, &reader, err);
    *data = ost_buf_str(&u->bytes);
    *size = u->bytes.len;
    return rc;
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
    ost_layout_file f;
    ost_err own = { 0 };
    uint64_t i;
    ost_rc rc;

    if (ost_ctx_stop(u->ctx))
        return ost_fail(err, OST_EINTERRUPTED, "interrupted");
    if (!ost_map_get(&u->index, path, strlen(path), &i))
        OST_BUG();
    f = u->files.data[i];
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
        rc = ost_ingest_layout(ctx, &layout, NULL, read_manifest, &u, err);
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
    ost_buf_release(&u.bytes);
    ost_vec_release(&u.series);
    return rc;
}
