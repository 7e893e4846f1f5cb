/* stages/layout.c - what the paths of files say about them */
#include "stages/layout.h"

#include "base/fs.h"
#include "base/map.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

size_t ost_layout_stem(const char *path)
{
    size_t len = strlen(path);
    const char *dot = strrchr(ost_path_base(path), '.');
    size_t n;

    if (len > 7 && strcasecmp(path + len - 7, ".nii.gz") == 0)
        return path[len - 8] == '/' ? len : len - 7;
    if (!dot || dot == ost_path_base(path) || !isalpha((unsigned char)dot[1]))
        return strlen(path);
    for (n = 1; isalnum((unsigned char)dot[n]); n++)
        ;
    return n > 6 || dot[n] ? strlen(path) : (size_t)(dot - path);
}

static bool is_hidden(const char *path)
{
    return path[0] == '.' || strstr(path, "/.") || strstr(path, "__MACOSX/");
}

bool ost_layout_ignores(const char *path)
{
    static const char *const suffixes[] = {
        "txt", "csv",  "tsv", "json", "md",  "rst",  "html",   "htm",
        "xml", "yml",  "pdf", "yaml", "log", "sha1", "sha256", "md5",
        "doc", "docx", "xls", "xlsx", "py",  "sh",   "ini",    "toml",
    };
    static const char *const names[] = { "DICOMDIR", "README",  "LICENSE",
                                         "LICENCE",  "COPYING", "Thumbs.db" };
    const char *base = ost_path_base(path);
    size_t stem = ost_layout_stem(base);

    if (is_hidden(path))
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(base, names[i]) == 0)
            return true;
    for (size_t i = 0; base[stem] && i < sizeof(suffixes) / sizeof(*suffixes);
         i++)
        if (strcasecmp(base + stem + 1, suffixes[i]) == 0)
            return true;
    return false;
}

size_t ost_layout_common(const ost_layout *layout, const char **folder)
{
    const char *first = NULL;
    size_t n = 0;

    *folder = "";

    for (size_t i = 0; i < layout->n; i++) {
        const char *path = layout->files[i].path;
        size_t k = 0;

        if (layout->files[i].dropped || is_hidden(path))
            continue;
        if (!first) {
            *folder = first = path;
            n = (size_t)(ost_path_base(path) - path);
            continue;
        }
        while (k < n && path[k] == first[k])
            k++;
        while (k > 0 && first[k - 1] != '/')
            k--;
        n = k;
    }
    return n;
}

/* The path without suffix; two files that differ in the suffix alone keep
 * it. */
static void name_files(ost_arena *arena, ost_layout *layout)
{
    ost_map seen = { 0 };
    uint64_t other;

    for (size_t i = 0; i < layout->n; i++) {
        ost_layout_file *f = &layout->files[i];
        size_t stem = ost_layout_stem(f->path);

        if (f->dropped || f->id)
            continue;
        f->id = ost_arena_strndup(arena, f->path, stem);
        if (ost_map_get(&seen, f->id, stem, &other)) {
            layout->files[other].id = layout->files[other].path;
            f->id = f->path;
        } else {
            ost_map_put(&seen, f->id, stem, i);
        }
    }
    ost_map_release(&seen);
}

/* The members of an archive have groups, not the archive. */
static bool is_archive(const char *path)
{
    static const char *const suffixes[] = {
        "zip", "tar", "tgz", "gz", "tzst", "zst", "txz", "xz", "tbz2", "bz2"
    };
    size_t stem = ost_layout_stem(path);

    for (size_t i = 0; path[stem] && i < sizeof(suffixes) / sizeof(*suffixes);
         i++)
        if (strcasecmp(path + stem + 1, suffixes[i]) == 0)
            return true;
    return false;
}

static void count(ost_layout *layout)
{
    layout->n_images = layout->n_own_group = layout->n_unlabeled = 0;
    for (size_t i = 0; i < layout->n; i++) {
        const ost_layout_file *f = &layout->files[i];

        layout->n_images += !f->dropped;
        layout->n_own_group += !f->dropped && !f->group && !is_archive(f->path);
        layout->n_unlabeled += !f->dropped && !f->label;
    }
}

ost_rc ost_layout_by_folder(ost_arena *arena, ost_layout *layout, bool labels,
                            ost_err *err)
{
    const char *folder;
    size_t common;

    layout->n_dropped = 0;
    for (size_t i = 0; i < layout->n; i++) {
        layout->files[i].dropped = ost_layout_ignores(layout->files[i].path);
        layout->n_dropped += layout->files[i].dropped;
    }
    if (layout->n_dropped == layout->n)
        return ost_fail(err, OST_EINPUT, "no images among %zu files",
                        layout->n);
    common = ost_layout_common(layout, &folder);
    for (size_t i = 0; i < layout->n && labels; i++) {
        ost_layout_file *f = &layout->files[i];
        const char *slash = f->dropped ? NULL : strchr(f->path + common, '/');

        if (slash)
            f->label = ost_arena_strndup(arena, f->path + common,
                                         (size_t)(slash - f->path) - common);
    }
    name_files(arena, layout);
    count(layout);
    return OST_OK;
}

/* --- manifests ---------------------------------------------------------- */

typedef struct {
    ost_arena *arena;
    ost_layout *layout;
    const char *name;
    char *folder; /* "" or with '/' behind it */
    const ost_csv *csv;
    const json_t *columns;
    ost_map paths; /* path -> index of its file */
    ost_map ids;   /* id -> line */
    int path, id, label, group;
    const char **attr_of; /* by column: name of the attribute, or NULL */
} manifest;

static bool maps_to(const manifest *m, const char *column)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)m->columns, key, value)
    {
        if (strcmp(json_string_value(value), column) == 0)
            return true;
    }
    return false;
}

/* The column that the map names, else the first of `names` that is there. */
static ost_rc find_column(const manifest *m, const char *key,
                          const char *const *names, int *column, ost_err *err)
{
    const char *mapped = json_string_value(json_object_get(m->columns, key));

    *column = -1;
    if (mapped) {
        *column = ost_csv_column(m->csv, mapped);
        if (*column < 0)
            return ost_fail(err, OST_EINPUT,
                            "%s:1: no column '%s' (wanted as %s)", m->name,
                            mapped, key);
        return OST_OK;
    }
    for (size_t i = 0; names[i] && *column < 0; i++)
        if (!maps_to(m, names[i]))
            *column = ost_csv_column(m->csv, names[i]);
    return OST_OK;
}

static const char *full_path(const manifest *m, const char *cell)
{
    while (cell[0] == '.' && cell[1] == '/')
        cell += 2;
    return *m->folder ? ost_arena_printf(m->arena, "%s%s", m->folder, cell)
                      : cell;
}

static bool is_listed(const manifest *m, const char *cell, uint64_t *index)
{
    const char *path = full_path(m, cell);

    return ost_map_get(&m->paths, path, strlen(path), index);
}

static ost_rc find_columns(manifest *m, ost_err *err)
{
    static const char *const path[] = { "path",  "file",       "filename",
                                        "image", "image_path", NULL };
    static const char *const id[] = { "id", NULL };
    static const char *const label[] = { "label", "class", NULL };
    static const char *const group[] = { "group", "patient", "patient_id",
                                         NULL };
    ost_rc rc = find_column(m, "path", path, &m->path, err);

    if (!rc)
        rc = find_column(m, "id", id, &m->id, err);
    if (!rc)
        rc = find_column(m, "label", label, &m->label, err);
    if (!rc)
        rc = find_column(m, "group", group, &m->group, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < m->csv->n_columns && m->path < 0; i++)
        if (m->csv->n_rows > 0 &&
            is_listed(m, m->csv->rows[0].cells[i], &(uint64_t){ 0 }))
            m->path = (int)i;
    if (m->path < 0)
        return ost_fail(err, OST_EINPUT,
                        "%s:1: no column names the files (there should be "
                        "'path', or \"columns\": {\"path\": NAME})",
                        m->name);
    return OST_OK;
}

/* Attributes are the columns that mean nothing else, under their own names or
 * those of the map. */
static ost_rc name_attributes(manifest *m, ost_err *err)
{
    const char *key;
    json_t *value;

    m->attr_of = OST_ARENA_ARRAY(m->arena, const char *, m->csv->n_columns + 1);
    for (int i = 0; (size_t)i < m->csv->n_columns; i++)
        if (i != m->path && i != m->id && i != m->label && i != m->group)
            m->attr_of[i] = m->csv->header[i];
    json_object_foreach((json_t *)(uintptr_t)m->columns, key, value)
    {
        int column = ost_csv_column(m->csv, json_string_value(value));

        if (strcmp(key, "path") == 0 || strcmp(key, "id") == 0 ||
            strcmp(key, "label") == 0 || strcmp(key, "group") == 0)
            continue;
        if (column < 0)
            return ost_fail(err, OST_EINPUT,
                            "%s:1: no column '%s' (wanted as %s)", m->name,
                            json_string_value(value), key);
        m->attr_of[column] = key;
    }
    return OST_OK;
}

/* A number, but not a code such as 007. */
static bool is_number(const char *text, double *number)
{
    const char *digits = text + (*text == '-' || *text == '+');

    if (digits[0] == '0' && isdigit((unsigned char)digits[1]))
        return false;
    return ost_parse_f64(text, number);
}

static void read_attributes(const manifest *m, const ost_csv_row *row,
                            ost_layout_file *f)
{
    ost_item holder = { 0 };

    for (size_t i = 0; i < m->csv->n_columns; i++) {
        const char *text = row->cells[i];
        double number;

        if (!m->attr_of[i] || !*text)
            continue;
        if (is_number(text, &number))
            ost_item_set_number(m->arena, &holder, m->attr_of[i], number);
        else
            ost_item_set_text(m->arena, &holder, m->attr_of[i], text);
    }
    f->attrs = holder.attrs;
    f->n_attrs = holder.n_attrs;
}

static ost_rc read_id(manifest *m, const ost_csv_row *row, ost_layout_file *f,
                      ost_err *err)
{
    const char *id = m->id >= 0 ? row->cells[m->id] : "";
    uint64_t other;

    if (!*id)
        return OST_OK; /* named by its path, with all the others */
    if (!ost_path_is_plain(id))
        return ost_fail(err, OST_EINPUT, "%s:%d: '%s' cannot be an id", m->name,
                        row->line, id);
    if (ost_map_get(&m->ids, id, strlen(id), &other))
        return ost_fail(err, OST_EINPUT,
                        "%s:%d: id '%s' is already that of line %d", m->name,
                        row->line, id, (int)other);
    ost_map_put(&m->ids, id, strlen(id), (uint64_t)row->line);
    f->id = id;
    return OST_OK;
}

static ost_rc read_row(manifest *m, const ost_csv_row *row, ost_err *err)
{
    const char *cell = row->cells[m->path];
    ost_layout_file *f;
    uint64_t index;

    if (!*cell)
        return ost_fail(err, OST_EINPUT, "%s:%d: no file is named", m->name,
                        row->line);
    if (!is_listed(m, cell, &index))
        return ost_fail(err, OST_EINPUT, "%s:%d: there is no file '%s'",
                        m->name, row->line, cell);
    f = &m->layout->files[index];
    if (!f->dropped)
        return ost_fail(err, OST_EINPUT, "%s:%d: file '%s' is listed twice",
                        m->name, row->line, cell);
    f->dropped = false;
    if (m->label >= 0 && *row->cells[m->label])
        f->label = row->cells[m->label];
    if (m->group >= 0 && *row->cells[m->group])
        f->group = row->cells[m->group];
    read_attributes(m, row, f);
    return read_id(m, row, f, err);
}

static ost_rc check_columns(const json_t *columns, const char *name,
                            ost_err *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)columns, key, value)
    {
        if (!json_is_string(value))
            return ost_fail(err, OST_EINPUT,
                            "%s: \"columns\" must map '%s' to a column's name",
                            name, key);
    }
    return OST_OK;
}

ost_rc ost_layout_by_manifest(ost_arena *arena, ost_layout *layout,
                              const char *name, const ost_csv *csv,
                              const json_t *columns, ost_err *err)
{
    manifest m = { .arena = arena,
                   .layout = layout,
                   .name = name,
                   .csv = csv,
                   .columns = columns };
    ost_rc rc;

    m.folder =
        ost_arena_strndup(arena, name, (size_t)(ost_path_base(name) - name));
    for (size_t i = 0; i < layout->n; i++) {
        layout->files[i].dropped = true;
        ost_map_put(&m.paths, layout->files[i].path,
                    strlen(layout->files[i].path), i);
    }
    rc = check_columns(columns, name, err);
    if (!rc)
        rc = find_columns(&m, err);
    if (!rc)
        rc = name_attributes(&m, err);
    for (size_t i = 0; i < csv->n_rows && !rc; i++)
        rc = read_row(&m, &csv->rows[i], err);
    if (!rc && csv->n_rows == 0)
        rc = ost_fail(err, OST_EINPUT, "%s lists no files", name);
    if (!rc) {
        name_files(arena, layout);
        count(layout);
        layout->n_dropped =
            layout->n - layout->n_images -
            is_listed(&m, ost_path_base(name), &(uint64_t){ 0 });
    }
    ost_map_release(&m.paths);
    ost_map_release(&m.ids);
    return rc;
}
