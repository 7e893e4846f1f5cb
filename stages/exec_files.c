/* stages/exec_files.c - inputs of a program to files, its files to outputs */
#include "base/fs.h"
#include "base/map.h"
#include "stages/exec.h"
#include "stages/export_files.h"
#include "stages/prediction_csv.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

/* --- inputs ------------------------------------------------------------- */

typedef struct {
    ost_stage_ctx *ctx;
    const char *folder; /* of the current input */
} target;

static ost_rc write_file(void *user, const char *path, const void *data,
                         size_t size, ost_err *err)
{
    const target *t = user;
    char *full, *parent;
    ost_rc rc;

    if (!ost_path_is_plain(path))
        return ost_fail(err, OST_EINPUT, "'%s' cannot be a file's name", path);
    full = ost_path_join(t->folder, path);
    parent = ost_path_dir(full);
    rc = ost_fs_mkdirs(parent, err);
    if (!rc)
        rc = ost_fs_write_atomic(full, data, size, false, err);
    ost_free(parent);
    ost_free(full);
    return rc;
}

static ost_rc write_members(target *t, const ost_input *in, ost_err *err)
{
    const ost_item *items;
    const void *data;
    size_t n, size;
    ost_rc rc;

    rc = ost_ctx_items(t->ctx, in, &items, &n, err);
    if (!rc)
        rc = ost_fs_mkdirs(t->folder, err);
    for (size_t i = 0; i < n && !rc; i++) {
        rc = ost_item_bytes(t->ctx, in, &items[i], &data, &size, err);
        if (!rc)
            rc = write_file(t, items[i].id, data, size, err);
        ost_ctx_return(t->ctx);
    }
    return rc;
}

static ost_rc write_dataset(target *t, const ost_input *in, ost_err *err)
{
    static const char *const all[] = { "*" };
    const ost_str_list fields = { 1, all };

    return ost_export_items(t->ctx, in, &fields, true, write_file, t, err);
}

static ost_rc write_model(target *t, const ost_input *in, ost_err *err)
{
    const ost_artifact *a = &in->artifact;
    const void *data;
    size_t size;
    ost_rc rc;

    rc = write_file(t, "model.json", a->meta, strlen(a->meta), err);
    for (size_t i = 0; i < a->n_refs && !rc; i++) {
        rc = ost_ctx_blob(t->ctx, in, a->refs[i].name, &data, &size, err);
        if (!rc)
            rc = write_file(t, a->refs[i].name, data, size, err);
    }
    return rc;
}

/* One file beside the folders: NAME.json or NAME.csv. */
static ost_rc write_document(target *t, const ost_input *in, ost_err *err)
{
    char *parent = ost_path_dir(t->folder);
    target beside = { .ctx = t->ctx, .folder = parent };
    bool table = in->artifact.type == OST_PREDICTIONS;
    char *name =
        ost_xprintf("%s.%s", ost_path_base(t->folder), table ? "csv" : "json");
    ost_buf text = { 0 };
    ost_rc rc = OST_OK;

    if (table)
        rc = ost_prediction_csv(t->ctx, in, &text, err);
    else
        ost_buf_adds(&text, in->artifact.meta);
    if (!rc)
        rc = write_file(&beside, name, text.data, text.len, err);
    ost_buf_release(&text);
    ost_free(name);
    ost_free(parent);
    return rc;
}

static ost_rc write_input(target *t, const ost_input *in, ost_err *err)
{
    switch (in->artifact.type) {
    case OST_DATASET:
        return write_dataset(t, in, err);
    case OST_FILES:
        return write_members(t, in, err);
    case OST_MODEL:
        return write_model(t, in, err);
    case OST_PREDICTIONS:
    case OST_METRICS:
    case OST_REPORT:
    case OST_ANY:
        break;
    }
    return write_document(t, in, err);
}

ost_rc ost_exec_write_inputs(ost_stage_ctx *ctx, const char *folder,
                             ost_err *err)
{
    size_t n = ost_ctx_input_count(ctx, "in");
    ost_arena *arena = ost_ctx_arena(ctx);
    ost_map seen = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n && !rc; i++) {
        const ost_input *in = ost_ctx_input(ctx, "in", i);
        target t = { .ctx = ctx };
        char *name = in->row ? ost_arena_strdup(arena, in->row)
                             : ost_arena_printf(arena, "%zu", i);

        for (size_t a = 0; a < in->n_axes; a++)
            name = ost_arena_printf(arena, "%s.%s=%s", name, in->axes[2 * a],
                                    in->axes[2 * a + 1]);
        if (!ost_path_is_plain(name) || strchr(name, '/'))
            rc =
                ost_fail(err, OST_EINPUT, "'%s' cannot be a file's name", name);
        else if (!ost_map_put(&seen, name, strlen(name), 0))
            name = ost_arena_printf(arena, "%s.%zu", name, i);
        t.folder = ost_arena_printf(arena, "%s/in/%s", folder, name);
        if (!rc)
            rc = write_input(&t, in, err);
    }
    ost_map_release(&seen);
    return rc;
}

/* --- outputs ------------------------------------------------------------ */

static ost_rc collect(ost_stage_ctx *ctx, const char *folder, const char *path,
                      ost_err *err);

static ost_rc collect_file(ost_stage_ctx *ctx, const char *full,
                           const char *path, ost_err *err)
{
    const void *data;
    size_t size;
    ost_rc rc;

    rc = ost_fs_map(full, &data, &size, err);
    if (rc)
        return rc;
    rc = ost_emit_file(ctx, "out", path, data, size, err);
    ost_fs_unmap(data, size);
    if (!rc)
        rc = ost_flush(ctx, err);
    return rc;
}

static ost_rc collect_folder(ost_stage_ctx *ctx, const char *folder,
                             const char *full, const char *path, ost_err *err)
{
    struct dirent **names;
    ost_rc rc = OST_OK;
    int n = scandir(full, &names, NULL, alphasort);

    if (n < 0)
        return ost_fail_errno(err, OST_EIO, errno, "cannot read output '%s'",
                              path);
    for (int i = 0; i < n; i++) {
        const char *name = names[i]->d_name;

        if (!rc && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            rc = collect(
                ctx, folder,
                ost_arena_printf(ost_ctx_arena(ctx), "%s/%s", path, name), err);
        ost_free(names[i]);
    }
    ost_free(names);
    return rc;
}

static ost_rc collect(ost_stage_ctx *ctx, const char *folder, const char *path,
                      ost_err *err)
{
    char *full = ost_path_join(folder, path);
    struct stat st;
    ost_rc rc;

    if (lstat(full, &st) != 0)
        rc = ost_fail(err, OST_EFAIL, "the command made no output '%s'", path);
    else if (S_ISDIR(st.st_mode))
        rc = collect_folder(ctx, folder, full, path, err);
    else if (S_ISREG(st.st_mode))
        rc = collect_file(ctx, full, path, err);
    else
        rc = ost_fail(err, OST_EFAIL,
                      "output '%s' is neither a file nor a folder", path);
    ost_free(full);
    return rc;
}

ost_rc ost_exec_collect(ost_stage_ctx *ctx, const char *folder,
                        const ost_str_list *outputs, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < outputs->n && !rc; i++)
        rc = collect(ctx, folder, outputs->v[i], err);
    return rc;
}
