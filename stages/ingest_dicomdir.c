/* stages/ingest_dicomdir.c - a layout from a DICOMDIR
 *
 * A DICOMDIR names the files of a medium.  Names are compared without regard to
 * case, and ";1" behind them does not count: copying from a disc changes both.
 */
#include "base/map.h"
#include "stages/decode_dicom.h"
#include "stages/dicom_values.h"
#include "stages/ingest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

enum { NAMED = 5 };

ptrdiff_t ost_ingest_find_dicomdir(const ost_layout *layout)
{
    const char *folder;
    size_t common = ost_layout_common(layout, &folder);

    for (size_t i = 0; i < layout->n; i++) {
        const char *path = layout->files[i].path;

        if (strcasecmp(path, "DICOMDIR") == 0)
            return (ptrdiff_t)i;
    }
    for (size_t i = 0; i < layout->n && common; i++) {
        const char *path = layout->files[i].path;

        if (strncmp(path, folder, common) == 0 &&
            strcasecmp(path + common, "DICOMDIR") == 0)
            return (ptrdiff_t)i;
    }
    return -1;
}

typedef struct listing {
    ost_layout *layout;
    const char *name; /* path of the DICOMDIR */
    size_t folder;    /* length of what paths are relative to */
    ost_map files;    /* folded path -> index */
    bool *listed;     /* by index */
    size_t n_missing;
    ost_buf missing; /* some names */
} listing;

/* Lower case, without the version that discs append. */
static void fold(ost_buf *out, const char *path)
{
    size_t n = strlen(path);

    if (n > 2 && strcmp(path + n - 2, ";1") == 0)
        n -= 2;
    ost_buf_reset(out);
    for (size_t i = 0; i < n; i++)
        ost_buf_addc(out, (char)tolower((unsigned char)path[i]));
}

/* True for a path in the DICOMDIR's folder, or below it. */
static bool is_beside(const listing *l, const char *path)
{
    return strncmp(path, l->name, l->folder) == 0;
}

static void index_files(listing *l)
{
    ost_buf name = { 0 };

    for (size_t i = 0; i < l->layout->n; i++) {
        if (!is_beside(l, l->layout->files[i].path))
            continue;
        fold(&name, l->layout->files[i].path + l->folder);
        ost_map_put(&l->files, name.data, name.len, i);
    }
    ost_buf_release(&name);
}

static void list_path(void *user, const char *path)
{
    listing *l = user;
    ost_buf name = { 0 };
    uint64_t at;

    fold(&name, path);
    if (ost_map_get(&l->files, name.data, name.len, &at))
        l->listed[at] = true;
    else if (l->n_missing++ < NAMED)
        ost_buf_addf(&l->missing, "%s'%s'", l->missing.len ? ", " : "", path);
    ost_buf_release(&name);
}

static ost_rc read_records(listing *l, const char *name, const void *data,
                           size_t size, ost_err *err)
{
    ost_dicom d;
    ost_dicom_status status = ost_dicom_open(data, size, &d);
    ost_rc rc = OST_OK;

    if (!status)
        status = ost_dicomdir_read(&d, list_path, l);
    if (status)
        rc = ost_dicom_fail(&d, status, err);
    if (rc)
        ost_err_at(err, "'%s'", name);
    ost_dicom_release(&d);
    return rc;
}

static void drop_others(listing *l)
{
    ost_layout *layout = l->layout;

    layout->n_images = layout->n_dropped = 0;
    for (size_t i = 0; i < layout->n; i++) {
        ost_layout_file *f = &layout->files[i];

        f->dropped = !l->listed[i];
        layout->n_images += !f->dropped;
        layout->n_dropped += f->dropped && strcmp(f->path, l->name) != 0;
    }
    layout->n_own_group = layout->n_unlabeled = layout->n_images;
}

static ost_rc tell_missing(ost_stage_ctx *ctx, listing *l, ost_err *err)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);
    const char *more = l->n_missing > NAMED ? ", ..." : "";
    const char *names = ost_buf_str(&l->missing);

    if (l->n_missing == 0)
        return OST_OK;
    if (p->on_error == OST_ON_ERROR_FAIL)
        return ost_fail(err, OST_EINPUT,
                        "'%s' lists %zu files that are not there: %s%s",
                        l->name, l->n_missing, names, more);
    ost_note(ctx, "'%s' lists %zu files that are not there: %s%s", l->name,
             l->n_missing, names, more);
    return OST_OK;
}

ost_rc ost_ingest_by_dicomdir(ost_stage_ctx *ctx, ost_layout *layout,
                              size_t index, const void *data, size_t size,
                              ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    const char *name = layout->files[index].path;
    listing l = { .layout = layout,
                  .name = name,
                  .folder = strlen(name) - strlen("DICOMDIR") };
    ost_rc rc;

    l.listed = OST_ARENA_ARRAY(arena, bool, layout->n + 1);
    index_files(&l);
    rc = read_records(&l, name, data, size, err);
    if (!rc)
        rc = ost_layout_by_folder(arena, layout, false, err);
    if (!rc)
        rc = tell_missing(ctx, &l, err);
    if (!rc)
        drop_others(&l);
    ost_map_release(&l.files);
    ost_buf_release(&l.missing);
    return rc;
}
