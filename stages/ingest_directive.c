/* stages/ingest_directive.c - what .prepare tells .map of a file
 *
 *     {"id", "label", "group", "only", "attrs": {name: value},
 *      "annotation": [path, digest], "marks": {...},
 *      "sides": [field, path, digest, ...], "box": [x0, y0, x1, y1] or []}
 *
 * The directive is part of what an item is remembered under, so it names the
 * bytes of the files beside the image by their digests.
 */
#include "base/json.h"
#include "base/text.h"
#include "stages/ingest.h"

#include <string.h>

#include "base/banned.h"

/* All files, in the order of their ids. */
typedef struct files {
    const ost_item *items;
    size_t n;
} files;

const ost_item *ost_ingest_find_file(const ost_item *items, size_t n,
                                     const char *path)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = ost_id_compare(path, items[mid].id);

        if (c == 0)
            return &items[mid];
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

static void add_member(ost_buf *out, const char *name, const char *value)
{
    ost_buf_addf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",",
                 name);
    ost_buf_add_json(out, value, strlen(value));
}

/* The path of a side and the digest of its bytes. */
static void add_side(const files *d, ost_buf *out, const char *path)
{
    const ost_item *item = ost_ingest_find_file(d->items, d->n, path);
    const ost_field *bytes = item ? ost_item_field(item, "bytes") : NULL;
    char digest[2 * sizeof(bytes->blob.b) + 1] = "";

    if (bytes)
        ost_hex(digest, bytes->blob.b, sizeof(bytes->blob.b));
    ost_buf_add_json(out, path, strlen(path));
    ost_buf_addf(out, ",\"%s\"", digest);
}

/* "annotation": [path, digest], "marks": {...}, "sides": [field, path, digest,
 * ...], "box": [x0, y0, x1, y1] or []. */
static void add_sides(const files *d, ost_buf *out, const ost_layout_file *f)
{
    if (f->annotation) {
        ost_buf_adds(out, ",\"annotation\":[");
        add_side(d, out, f->annotation);
        ost_buf_adds(out, "]");
    }
    if (f->marks)
        ost_buf_addf(out, ",\"marks\":%s", f->marks);
    for (size_t i = 0; i < f->n_sides; i++) {
        ost_buf_adds(out, i ? "," : ",\"sides\":[");
        ost_buf_add_json(out, f->sides[i].field, strlen(f->sides[i].field));
        ost_buf_adds(out, ",");
        add_side(d, out, f->sides[i].path);
    }
    ost_buf_adds(out, f->n_sides ? "]" : "");
    if (f->box || f->no_box)
        ost_buf_adds(out, ",\"box\":[");
    for (int k = 0; f->box && k < 4; k++) {
        ost_buf_adds(out, k ? "," : "");
        ost_json_add_real(out, f->box[k]);
    }
    ost_buf_adds(out, f->box || f->no_box ? "]" : "");
}

void ost_ingest_add_directive(ost_buf *out, const ost_layout_file *f, bool only,
                              const ost_item *items, size_t n)
{
    const files d = { items, n };

    ost_buf_adds(out, "{");
    add_member(out, "id", f->id);
    if (f->label)
        add_member(out, "label", f->label);
    if (f->group)
        add_member(out, "group", f->group);
    if (only)
        ost_buf_adds(out, ",\"only\":true");
    add_sides(&d, out, f);
    ost_buf_adds(out, ",\"attrs\":{");
    for (size_t i = 0; i < f->n_attrs; i++) {
        ost_buf_adds(out, i ? "," : "");
        ost_buf_add_json(out, f->attrs[i].name, strlen(f->attrs[i].name));
        ost_buf_adds(out, ":");
        if (f->attrs[i].kind == OST_ATTR_NUMBER)
            ost_json_add_real(out, f->attrs[i].number);
        else
            ost_buf_add_json(out, f->attrs[i].text, strlen(f->attrs[i].text));
    }
    ost_buf_adds(out, "}}");
}

static const char *read_text(ost_arena *arena, const json_t *d,
                             const char *name)
{
    const char *text = json_string_value(json_object_get(d, name));

    return text ? ost_arena_strdup(arena, text) : NULL;
}

static void read_sides(ost_arena *arena, const json_t *d, ost_layout_file *f)
{
    const json_t *sides = json_object_get(d, "sides"), *v;
    const char *annotation =
        json_string_value(json_array_get(json_object_get(d, "annotation"), 0));
    double *box;
    ost_buf text = { 0 };
    size_t i;

    if (annotation)
        f->annotation = ost_arena_strdup(arena, annotation);
    v = json_object_get(d, "marks");
    if (v) {
        ost_json_canonical(&text, v);
        f->marks = ost_arena_strndup(arena, ost_buf_str(&text), text.len);
        ost_buf_release(&text);
    }
    for (i = 0; i + 2 < json_array_size(sides); i += 3)
        ost_layout_add_side(
            arena, f,
            ost_arena_strdup(arena,
                             json_string_value(json_array_get(sides, i))),
            ost_arena_strdup(arena,
                             json_string_value(json_array_get(sides, i + 1))));
    v = json_object_get(d, "box");
    f->no_box = v && json_array_size(v) == 0;
    if (json_array_size(v) != 4)
        return;
    box = OST_ARENA_ARRAY(arena, double, 4);
    for (i = 0; i < 4; i++)
        box[i] = json_number_value(json_array_get(v, i));
    f->box = box;
}

void ost_ingest_read_directive(ost_arena *arena, const json_t *d,
                               ost_layout_file *f)
{
    ost_item holder = { 0 };
    const char *name;
    json_t *value;

    f->id = read_text(arena, d, "id");
    f->label = read_text(arena, d, "label");
    f->group = read_text(arena, d, "group");
    json_object_foreach(json_object_get(d, "attrs"), name, value)
    {
        if (json_is_string(value))
            ost_item_set_text(arena, &holder, name, json_string_value(value));
        else
            ost_item_set_number(arena, &holder, name, json_number_value(value));
    }
    f->attrs = holder.attrs;
    f->n_attrs = holder.n_attrs;
    read_sides(arena, d, f);
}
