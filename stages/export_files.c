/* stages/export_files.c - the items of a dataset as files
 *
 * Fields are encoded by several threads, a chunk of items at a time, and handed
 * over in the order of the items.
 */
#include "stages/export_files.h"

#include "base/csv.h"
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "stages/encode.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { CHUNK = 64 }; /* items that are encoded at a time */

/* One field of one item on its way to a file. */
typedef struct {
    const ost_item *item;
    const char *field;
    const char *path;
    ost_tensor t;
    ost_buf bytes;
} writing;

/* The files of one item. */
typedef struct {
    const char *first;  /* that of the image, or of what comes first */
    const char **paths; /* by field; NULL: not written, or the first one */
} written;

typedef struct {
    ost_stage_ctx *ctx;
    const ost_str_list *fields;
    const ost_item *items;
    size_t n;
    ost_file_sink sink;
    void *user;
    OST_VEC(writing) chunk;
    written *files; /* per item */
} exporting;

static bool is_wanted(const exporting *e, const char *field)
{
    for (size_t i = 0; i < e->fields->n; i++)
        if (fnmatch(e->fields->v[i], field, 0) == 0)
            return true;
    return false;
}

static ost_rc add_field(exporting *e, size_t i, size_t k, ost_err *err)
{
    const ost_field *f = &e->items[i].fields[k];
    written *files = &e->files[i];
    writing w = { .item = &e->items[i], .field = f->name };
    bool is_image = strcmp(f->name, "image") == 0;
    const char *suffix;
    ost_rc rc;

    rc = ost_item_tensor(e->ctx, w.item, f->name, &w.t, err);
    if (rc)
        return rc;
    suffix = ost_png_can(&w.t) ? "png" : "npy";
    w.path =
        ost_arena_printf(ost_ctx_arena(e->ctx), "%s%s%s.%s", w.item->id,
                         is_image ? "" : ".", is_image ? "" : f->name, suffix);
    files->paths[k] = w.path;
    if (is_image || !files->first)
        files->first = w.path;
    ost_vec_push(&e->chunk, w);
    return OST_OK;
}

static ost_rc encode_one(void *user, size_t i, ost_err *err)
{
    writing *w = &((exporting *)user)->chunk.data[i];
    ost_rc rc = ost_png_can(&w->t) ? ost_png_encode(&w->t, &w->bytes, err)
                                   : ost_npy_encode(&w->t, &w->bytes, err);

    if (rc)
        ost_err_at(err, "item '%s': field '%s'", w->item->id, w->field);
    return rc;
}

static ost_rc finish_chunk(exporting *e, ost_err *err)
{
    ost_rc rc;

    rc = ost_parallel(e->ctx, e->chunk.len, encode_one, e, err);
    for (size_t i = 0; i < e->chunk.len && !rc; i++) {
        const writing *w = &e->chunk.data[i];

        rc = e->sink(e->user, w->path, w->bytes.data, w->bytes.len, err);
    }
    for (size_t i = 0; i < e->chunk.len; i++)
        ost_buf_release(&e->chunk.data[i].bytes);
    e->chunk.len = 0;
    ost_ctx_return(e->ctx);
    return rc;
}

static ost_rc write_fields(exporting *e, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < e->n && !rc; i++) {
        const ost_item *item = &e->items[i];

        e->files[i].paths = OST_ARENA_ARRAY(ost_ctx_arena(e->ctx), const char *,
                                            item->n_fields + 1);
        for (size_t k = 0; k < item->n_fields && !rc; k++)
            if (is_wanted(e, item->fields[k].name))
                rc = add_field(e, i, k, err);
        if (!rc && (i % CHUNK == CHUNK - 1 || i + 1 == e->n)) {
            if (ost_ctx_stop(e->ctx))
                return ost_fail(err, OST_EINTERRUPTED, "interrupted");
            rc = finish_chunk(e, err);
            ost_progress(e->ctx, i + 1, e->n, NULL);
        }
    }
    return rc;
}

/* --- items.csv ---------------------------------------------------------- */

typedef OST_VEC(const char *) name_vec;

typedef struct {
    name_vec fields; /* whose files have a column, sorted */
    name_vec attrs;  /* sorted */
} columns;

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_names(name_vec *names)
{
    if (names->len)
        qsort(names->data, names->len, sizeof(*names->data), by_name);
}

/* Files other than the one that stands for the item. */
static void find_fields(const exporting *e, columns *c)
{
    ost_map seen = { 0 };

    for (size_t i = 0; i < e->n; i++)
        for (size_t k = 0; k < e->items[i].n_fields; k++) {
            const char *name = e->items[i].fields[k].name;
            const char *path = e->files[i].paths[k];

            if (path && path != e->files[i].first &&
                ost_map_put(&seen, name, strlen(name), 0))
                ost_vec_push(&c->fields, name);
        }
    sort_names(&c->fields);
    ost_map_release(&seen);
}

static void find_attrs(const exporting *e, columns *c)
{
    ost_map seen = { 0 };

    for (size_t i = 0; i < e->n; i++)
        for (size_t k = 0; k < e->items[i].n_attrs; k++) {
            const char *name = e->items[i].attrs[k].name;

            if (ost_map_put(&seen, name, strlen(name), 0))
                ost_vec_push(&c->attrs, name);
        }
    sort_names(&c->attrs);
    ost_map_release(&seen);
}

/* The column of a field: masks and boxes by their names, as `ingest` takes
 * them. */
static const char *field_column(const exporting *e, const char *field)
{
    if (strcmp(field, "mask") == 0 || strcmp(field, "boxes") == 0 ||
        ost_starts_with(field, "mask.") || ost_starts_with(field, "boxes."))
        return field;
    return ost_arena_printf(ost_ctx_arena(e->ctx), "field.%s", field);
}

static void add_joined(ost_buf *out, const char *const *words, size_t n)
{
    ost_buf joined = { 0 };

    for (size_t i = 0; i < n; i++)
        ost_buf_addf(&joined, "%s%s", i ? "|" : "", words[i]);
    ost_csv_add(out, ost_buf_str(&joined));
    ost_buf_release(&joined);
}

static bool is_taken(const exporting *e, const columns *c, const char *name)
{
    static const char *const fixed[] = { "path", "id", "group", "label",
                                         "parents" };

    for (size_t k = 0; k < sizeof(fixed) / sizeof(fixed[0]); k++)
        if (strcmp(name, fixed[k]) == 0)
            return true;
    for (size_t k = 0; k < c->fields.len; k++)
        if (strcmp(name, field_column(e, c->fields.data[k])) == 0)
            return true;
    return false;
}

static void add_header(const exporting *e, const columns *c, ost_buf *out)
{
    ost_buf_adds(out, "path,id,group,label,parents");
    for (size_t i = 0; i < c->fields.len; i++) {
        ost_buf_addc(out, ',');
        ost_csv_add(out, field_column(e, c->fields.data[i]));
    }
    for (size_t i = 0; i < c->attrs.len; i++) {
        ost_buf_addc(out, ',');
        if (is_taken(e, c, c->attrs.data[i]))
            ost_buf_adds(out, "attr_");
        ost_csv_add(out, c->attrs.data[i]);
    }
    ost_buf_addc(out, '\n');
}

static void add_files(const exporting *e, const columns *c, size_t i,
                      ost_buf *out)
{
    const ost_item *item = &e->items[i];
    const written *files = &e->files[i];

    for (size_t n = 0; n < c->fields.len; n++) {
        ost_buf_addc(out, ',');
        for (size_t k = 0; k < item->n_fields; k++)
            if (files->paths[k] && files->paths[k] != files->first &&
                strcmp(item->fields[k].name, c->fields.data[n]) == 0)
                ost_csv_add(out, files->paths[k]);
    }
}

static void add_row(const exporting *e, const columns *c, size_t i,
                    ost_buf *out)
{
    const ost_item *item = &e->items[i];

    ost_csv_add(out, e->files[i].first ? e->files[i].first : "");
    ost_buf_addc(out, ',');
    ost_csv_add(out, item->id);
    ost_buf_addc(out, ',');
    ost_csv_add(out, item->group);
    ost_buf_addc(out, ',');
    add_joined(out, item->labels, item->n_labels);
    ost_buf_addc(out, ',');
    add_joined(out, item->parents, item->n_parents);
    add_files(e, c, i, out);
    for (size_t k = 0; k < c->attrs.len; k++) {
        const ost_attr *a = ost_item_attr(item, c->attrs.data[k]);

        ost_buf_addc(out, ',');
        if (a && a->kind == OST_ATTR_NUMBER)
            ost_json_add_real(out, a->number);
        else if (a)
            ost_csv_add(out, a->text);
    }
    ost_buf_addc(out, '\n');
}

static ost_rc write_table(exporting *e, ost_err *err)
{
    ost_buf text = { 0 };
    columns c = { 0 };
    ost_rc rc;

    find_fields(e, &c);
    find_attrs(e, &c);
    add_header(e, &c, &text);
    for (size_t i = 0; i < e->n; i++)
        add_row(e, &c, i, &text);
    rc = e->sink(e->user, OST_ITEM_TABLE, text.data, text.len, err);
    ost_buf_release(&text);
    ost_vec_release(&c.fields);
    ost_vec_release(&c.attrs);
    return rc;
}

ost_rc ost_export_items(ost_stage_ctx *ctx, const ost_input *in,
                        const ost_str_list *fields, bool table,
                        ost_file_sink sink, void *user, ost_err *err)
{
    exporting e = { .ctx = ctx, .fields = fields, .sink = sink, .user = user };
    ost_rc rc;

    rc = ost_ctx_items(ctx, in, &e.items, &e.n, err);
    if (rc)
        return rc;
    e.files = OST_ARENA_ARRAY(ost_ctx_arena(ctx), written, e.n + 1);
    rc = write_fields(&e, err);
    if (!rc && table)
        rc = write_table(&e, err);
    ost_vec_release(&e.chunk);
    return rc;
}
