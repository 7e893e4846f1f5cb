/* engine/outputs.c - artifacts as the files of `--out` */
#include "engine/outputs.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/json.h"
#include "engine/report.h"
#include "store/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

/* Lies in every folder that was written here. */
#define MARKER ".osteon"

typedef struct writer {
    ost_batch *batch;
    const ost_run_record *run;
    const char *dir;
    ost_arena arena;
} writer;

/* --- JSON for people ------------------------------------------------------ */

/* Copies a string with its quotes; returns what is behind it. */
static const char *copy_string(ost_buf *out, const char *p)
{
    const char *from = p++;

    while (*p && *p != '"')
        p += *p == '\\' && p[1] ? 2 : 1;
    p += *p == '"';
    ost_buf_add(out, from, (size_t)(p - from));
    return p;
}

static void new_line(ost_buf *out, int depth)
{
    ost_buf_addc(out, '\n');
    for (int i = 0; i < depth; i++)
        ost_buf_adds(out, "  ");
}

/* True for a container that holds no other: it stays on its line. */
static bool is_flat(const char *p)
{
    ost_buf skipped = { 0 };
    char open = *p++;
    bool flat = true;

    while (flat && *p && *p != ']' && *p != '}') {
        if (*p == '"')
            p = copy_string(&skipped, p);
        else
            flat = *p != '[' && *p != '{', p++;
    }
    ost_buf_release(&skipped);
    return flat && (open == '[' || *p == '}');
}

void ost_outputs_json(ost_buf *out, const char *canonical)
{
    const char *p = canonical;
    int depth = 0;
    int flat = 0; /* depth within a container that stays on its line */

    while (*p) {
        switch (*p) {
        case '"':
            p = copy_string(out, p);
            continue;
        case '{':
        case '[':
            ost_buf_addc(out, *p);
            if (flat || is_flat(p))
                flat++;
            else
                new_line(out, ++depth);
            break;
        case '}':
        case ']':
            if (flat)
                flat--;
            else
                new_line(out, --depth);
            ost_buf_addc(out, *p);
            break;
        case ',':
            ost_buf_addc(out, ',');
            if (flat)
                ost_buf_addc(out, ' ');
            else
                new_line(out, depth);
            break;
        case ':':
            ost_buf_adds(out, ": ");
            break;
        default:
            ost_buf_addc(out, *p);
        }
        p++;
    }
    ost_buf_addc(out, '\n');
}

/* --- names ---------------------------------------------------------------- */

/* Appends a word so that it can be part of a file name. */
static void add_safe(ost_buf *out, const char *word)
{
    for (const char *p = word; *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (c < 0x20 || c == '/' || c == '\\' || c == '%' ||
            (c == '.' && p == word))
            ost_buf_addf(out, "%%%02X", c);
        else
            ost_buf_addc(out, *p);
    }
}

/* "fold=0/arm=real": the place of an instance below its output. */
static void add_place(ost_buf *out, const ost_outcome_part *p)
{
    for (size_t i = 0; i < p->n_axes; i++) {
        if (i)
            ost_buf_addc(out, '/');
        add_safe(out, p->axes[2 * i]);
        ost_buf_addc(out, '=');
        add_safe(out, p->axes[2 * i + 1]);
    }
}

static ost_rc check_name(const char *name, ost_err *err)
{
    if (!ost_path_is_plain(name) || strchr(name, '/') || name[0] == '.')
        return ost_fail(err, OST_EWORKFLOW,
                        "output '%s' cannot be the name of a file", name);
    return OST_OK;
}

/* --- single files --------------------------------------------------------- */

static ost_rc write_file(const writer *w, const char *name, const char *suffix,
                         const ost_buf *content, ost_err *err)
{
    char *path = ost_xprintf("%s/%s%s", w->dir, name, suffix);
    ost_rc rc =
        ost_fs_write_atomic(path, content->data, content->len, false, err);

    ost_free(path);
    return rc;
}

static void add_axes(ost_buf *out, const ost_outcome_part *p)
{
    for (size_t i = 0; i < p->n_axes; i++) {
        const char *name = p->axes[2 * i];
        const char *value = p->axes[2 * i + 1];

        if (i)
            ost_buf_addc(out, ',');
        ost_buf_add_json(out, name, strlen(name));
        ost_buf_addc(out, ':');
        ost_buf_add_json(out, value, strlen(value));
    }
}

static ost_rc write_metrics(writer *w, const ost_outcome_output *o,
                            ost_err *err)
{
    bool many = o->n_parts != 1;
    ost_buf text = { 0 }, laid_out = { 0 };
    ost_rc rc = OST_OK;

    if (many)
        ost_buf_addc(&text, '[');
    for (size_t i = 0; i < o->n_parts && !rc; i++) {
        ost_artifact a;

        rc = ost_artifact_get(w->batch, &o->parts[i].artifact, &w->arena, &a,
                              err);
        if (rc)
            break;
        if (many) {
            ost_buf_adds(&text, i ? ",{\"axes\":{" : "{\"axes\":{");
            add_axes(&text, &o->parts[i]);
            ost_buf_adds(&text, "},\"metrics\":");
        }
        ost_buf_adds(&text, a.meta);
        if (many)
            ost_buf_addc(&text, '}');
    }
    if (many)
        ost_buf_addc(&text, ']');
    ost_outputs_json(&laid_out, ost_buf_str(&text));
    if (!rc)
        rc = write_file(w, o->name, ".json", &laid_out, err);
    ost_buf_release(&text);
    ost_buf_release(&laid_out);
    return rc;
}

static ost_rc write_predictions(writer *w, const ost_outcome_output *o,
                                ost_err *err)
{
    ost_buf text = { 0 };
    ost_rc rc =
        ost_outputs_predictions(w->batch, o->parts, o->n_parts, &text, err);

    if (!rc)
        rc = write_file(w, o->name, ".csv", &text, err);
    ost_buf_release(&text);
    return rc;
}

static ost_rc write_reports(writer *w, const ost_outcome_output *o,
                            ost_err *err)
{
    ost_buf html = { 0 }, name = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < o->n_parts && !rc; i++) {
        ost_buf_reset(&html);
        ost_buf_reset(&name);
        ost_buf_adds(&name, o->name);
        if (o->n_parts > 1) {
            char *dir = ost_path_join(w->dir, o->name);

            rc = ost_fs_mkdirs(dir, err);
            if (i == 0)
                ost_outputs_sweep(dir, "");
            ost_free(dir);
            ost_buf_addc(&name, '/');
            for (size_t k = 0; k < o->parts[i].n_axes; k++) {
                ost_buf_adds(&name, k ? "," : "");
                add_safe(&name, o->parts[i].axes[2 * k]);
                ost_buf_addc(&name, '=');
                add_safe(&name, o->parts[i].axes[2 * k + 1]);
            }
        }
        if (!rc)
            rc = ost_report_render(w->batch, &o->parts[i].artifact, w->run,
                                   &html, err);
        if (!rc)
            rc = write_file(w, ost_buf_str(&name), ".html", &html, err);
    }
    ost_buf_release(&html);
    ost_buf_release(&name);
    return rc;
}

/* --- folders -------------------------------------------------------------- */

static ost_rc write_below(const char *dir, const char *name, const void *data,
                          size_t size, ost_err *err)
{
    char *path, *parent;
    ost_rc rc;

    if (!ost_path_is_plain(name))
        return ost_fail(err, OST_EINPUT,
                        "'%s' cannot be the name of a file below '%s'", name,
                        dir);
    path = ost_path_join(dir, name);
    parent = ost_path_dir(path);
    rc = ost_fs_mkdirs(parent, err);
    if (!rc)
        rc = ost_fs_write_atomic(path, data, size, false, err);
    ost_free(parent);
    ost_free(path);
    return rc;
}

/* A file that lies outside the store must still be what was planned. */
static ost_rc copy_outside(const ost_outcome_part *part, const ost_item *item,
                           const ost_field *f, const char *dir, ost_err *err)
{
    char *path = ost_path_join(part->root, item->id);
    const void *data = NULL;
    size_t size = 0;
    ost_digest d;
    ost_rc rc;

    rc = ost_fs_map(path, &data, &size, err);
    if (!rc) {
        d = ost_digest_of(data, size);
        if (!ost_digest_equal(&d, &f->blob))
            rc = ost_fail(err, OST_ECHANGED, "'%s' changed while it was used",
                          path);
    }
    if (!rc)
        rc = write_below(dir, item->id, data, size, err);
    ost_fs_unmap(data, size);
    ost_free(path);
    return rc;
}

static ost_rc write_item(ost_batch *batch, const ost_outcome_part *part,
                         const ost_item *item, const char *dir, ost_err *err)
{
    const ost_field *f = ost_item_field(item, "bytes");
    ost_blob blob = { 0 };
    ost_rc rc;

    if (!f)
        return ost_fail(err, OST_ECORRUPT, "file '%s' has no bytes", item->id);
    if (*part->root)
        return copy_outside(part, item, f, dir, err);
    rc = ost_batch_blob(batch, &f->blob, &blob, err);
    if (!rc)
        rc = write_below(dir, item->id, blob.data, blob.size, err);
    ost_blob_release(&blob);
    return rc;
}

static ost_rc write_model(ost_batch *batch, const ost_artifact *a,
                          const char *dir, ost_err *err)
{
    ost_buf text = { 0 };
    ost_rc rc;

    ost_outputs_json(&text, a->meta);
    rc = write_below(dir, "model.json", text.data, text.len, err);
    ost_buf_release(&text);
    for (size_t i = 0; i < a->n_refs && !rc; i++) {
        ost_blob blob = { 0 };

        rc = ost_batch_blob(batch, &a->refs[i].digest, &blob, err);
        if (!rc)
            rc = write_below(dir, a->refs[i].name, blob.data, blob.size, err);
        ost_blob_release(&blob);
    }
    return rc;
}

ost_rc ost_outputs_folder(ost_batch *batch, const ost_outcome_part *part,
                          const char *dir, ost_err *err)
{
    bool is_exported = !ost_digest_is_zero(&part->exported);
    ost_arena arena = { 0 };
    ost_item *items;
    ost_artifact a;
    size_t n = 0;
    ost_rc rc;

    rc =
        ost_artifact_get(batch, is_exported ? &part->exported : &part->artifact,
                         &arena, &a, err);
    if (!rc && a.type == OST_MODEL) {
        rc = write_model(batch, &a, dir, err);
        goto out;
    }
    if (!rc && a.type != OST_FILES)
        rc = ost_fail(err, OST_EUNSUPPORTED,
                      "an artifact of type %s cannot be written as files",
                      ost_artifact_type_name(a.type));
    if (!rc)
        rc = ost_dataset_items(batch, &a, &arena, &items, &n, err);
    for (size_t i = 0; i < n && !rc; i++)
        rc = write_item(batch, part, &items[i], dir, err);
out:
    ost_arena_release(&arena);
    return rc;
}

/* Puts a finished folder in its place, and what was there out of the way. */
static ost_rc put_folder(const char *made, const char *place, ost_err *err)
{
    char *marker = ost_path_join(place, MARKER);
    struct stat st;
    ost_rc rc = OST_OK;

    if (rename(made, place) == 0)
        goto out; /* nothing was there, or an empty folder */
    if (lstat(place, &st) != 0 || !S_ISDIR(st.st_mode) ||
        access(marker, F_OK) != 0)
        rc =
            ost_fail(err, OST_EIO,
                     "'%s' is in the way: it was not written by osteon", place);
    else if (renameat2(AT_FDCWD, made, AT_FDCWD, place, RENAME_EXCHANGE) != 0 &&
             (ost_fs_remove_tree(place, err) || rename(made, place) != 0))
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot replace '%s'", place);
out:
    ost_fs_remove_tree(made, NULL);
    ost_free(marker);
    return rc;
}

static ost_rc write_folder(writer *w, const ost_outcome_output *o, ost_err *err)
{
    char *place = ost_path_join(w->dir, o->name);
    char *made = ost_xprintf("%s/.%s.%ld.tmp", w->dir, o->name, (long)getpid());
    ost_buf sub = { 0 };
    ost_rc rc;

    ost_fs_remove_tree(made, NULL);
    rc = ost_fs_mkdirs(made, err);
    for (size_t i = 0; i < o->n_parts && !rc; i++) {
        ost_buf_reset(&sub);
        ost_buf_addf(&sub, "%s/", made);
        if (o->n_parts > 1)
            add_place(&sub, &o->parts[i]);
        rc = ost_fs_mkdirs(ost_buf_str(&sub), err);
        if (!rc)
            rc = ost_outputs_folder(w->batch, &o->parts[i], ost_buf_str(&sub),
                                    err);
    }
    if (!rc)
        rc = write_below(made, MARKER, "", 0, err);
    if (!rc)
        rc = put_folder(made, place, err);
    else
        ost_fs_remove_tree(made, NULL);
    ost_buf_release(&sub);
    ost_free(made);
    ost_free(place);
    return rc;
}

/* --- all ------------------------------------------------------------------ */

static ost_rc write_output(writer *w, const ost_outcome_output *o, ost_err *err)
{
    ost_artifact a;
    ost_rc rc;

    if (o->n_parts == 0)
        return OST_OK;
    rc = check_name(o->name, err);
    if (!rc)
        rc = ost_artifact_get(w->batch, &o->parts[0].artifact, &w->arena, &a,
                              err);
    if (rc)
        return rc;
    ost_outputs_sweep(w->dir, o->name);
    if (a.type == OST_METRICS)
        return write_metrics(w, o, err);
    if (a.type == OST_PREDICTIONS)
        return write_predictions(w, o, err);
    if (a.type == OST_REPORT)
        return write_reports(w, o, err);
    return write_folder(w, o, err);
}

ost_rc ost_run_outputs(ost_batch *batch, const ost_outcome *outcome,
                       const ost_run_record *run, const char *dir, ost_err *err)
{
    writer w = { .batch = batch, .run = run, .dir = dir };
    ost_rc rc = ost_fs_mkdirs(dir, err);

    for (size_t i = 0; i < outcome->n_outputs && !rc; i++) {
        rc = write_output(&w, &outcome->outputs[i], err);
        if (rc)
            ost_err_at(err, "output '%s'", outcome->outputs[i].name);
        ost_arena_reset(&w.arena);
    }
    ost_arena_release(&w.arena);
    return rc;
}
