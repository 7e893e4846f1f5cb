/* stages/layout_manifest.c - what a manifest says about files */
#include "base/fs.h"
#include "base/map.h"
#include "base/text.h"
#include "stages/layout.h"

#include <ctype.h>
#include <string.h>

#include "base/banned.h"

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
    int box[4];           /* columns of x0, y0, x1, y1, or -1 */
    const char **attr_of; /* by column: name of the attribute, or NULL */
    const char **side_of; /* by column: the field it names files of, or NULL */
} manifest;

static bool maps_to(const manifest *m, const char *column)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)m->columns, key, value)
    {
        for (size_t i = 0; i < json_array_size(value); i++)
            if (strcmp(json_string_value(json_array_get(value, i)), column) ==
                0)
                return true;
        if (json_is_string(value) &&
            strcmp(json_string_value(value), column) == 0)
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

/* Whether the column has a cell that names a file. */
static bool names_files(const manifest *m, int column)
{
    for (size_t i = 0; i < m->csv->n_rows; i++) {
        const char *cell = m->csv->rows[i].cells[column];

        if (*cell && is_listed(m, cell, &(uint64_t){ 0 }))
            return true;
    }
    return false;
}

/* Columns of files beside the images are no attributes. */
static void name_sides(manifest *m)
{
    m->side_of = OST_ARENA_ARRAY(m->arena, const char *, m->csv->n_columns + 1);
    for (int i = 0; (size_t)i < m->csv->n_columns; i++) {
        const char *name = m->attr_of[i];

        if (!name || (strcmp(name, "mask") != 0 && strcmp(name, "boxes") != 0 &&
                      strcmp(name, "annotation") != 0 &&
                      !ost_starts_with(name, "mask.") &&
                      !ost_starts_with(name, "boxes.") &&
                      !ost_starts_with(name, "field.")))
            continue;
        if (!names_files(m, i))
            continue;
        m->side_of[i] = ost_starts_with(name, "field.") ? name + 6 : name;
        m->attr_of[i] = NULL;
    }
}

/* "boxes": [x0, y0, x1, y1], all names of columns. */
static ost_rc find_boxes(manifest *m, ost_err *err)
{
    const json_t *names = json_object_get(m->columns, "boxes"), *name;
    size_t i;

    m->box[0] = -1;
    json_array_foreach(names, i, name)
    {
        m->box[i] = ost_csv_column(m->csv, json_string_value(name));
        if (m->box[i] < 0)
            return ost_fail(err, OST_EINPUT,
                            "%s:1: no column '%s' (wanted as boxes)", m->name,
                            json_string_value(name));
        m->attr_of[m->box[i]] = NULL;
    }
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
        int column = json_is_string(value)
                         ? ost_csv_column(m->csv, json_string_value(value))
                         : -1;

        if (json_is_array(value))
            continue;
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

static ost_rc read_sides(manifest *m, const ost_csv_row *row,
                         ost_layout_file *f, ost_err *err)
{
    for (size_t i = 0; i < m->csv->n_columns; i++) {
        const char *cell = row->cells[i];
        ost_layout_file *side;
        uint64_t index;

        if (!m->side_of[i] || !*cell)
            continue;
        if (!is_listed(m, cell, &index))
            return ost_fail(err, OST_EINPUT,
                            "%s:%d: there is no file '%s' (column '%s')",
                            m->name, row->line, cell, m->csv->header[i]);
        side = &m->layout->files[index];
        side->is_side = true;
        if (strcmp(m->side_of[i], "annotation") == 0)
            f->annotation = side->path;
        else
            ost_layout_add_side(m->arena, f, m->side_of[i], side->path);
    }
    return OST_OK;
}

static ost_rc read_box(manifest *m, const ost_csv_row *row, ost_layout_file *f,
                       ost_err *err)
{
    double box[4];
    int found = 0;

    if (m->box[0] < 0)
        return OST_OK;
    for (int k = 0; k < 4; k++) {
        const char *cell = row->cells[m->box[k]];

        if (!*cell)
            continue;
        if (!ost_parse_f64(cell, &box[k]))
            return ost_fail(err, OST_EINPUT,
                            "%s:%d: '%s' is no number (column '%s')", m->name,
                            row->line, cell, m->csv->header[m->box[k]]);
        found++;
    }
    if (found != 0 && found != 4)
        return ost_fail(err, OST_EINPUT, "%s:%d: the box is not complete",
                        m->name, row->line);
    f->no_box = found == 0;
    if (found)
        f->box = ost_arena_copy(m->arena, box, sizeof(box));
    return OST_OK;
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
    ost_rc rc;

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
    rc = read_sides(m, row, f, err);
    if (!rc)
        rc = read_box(m, row, f, err);
    return rc ? rc : read_id(m, row, f, err);
}

static ost_rc check_columns(const json_t *columns, const char *name,
                            ost_err *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)columns, key, value)
    {
        bool boxes = json_array_size(value) == 4 && strcmp(key, "boxes") == 0;

        for (size_t i = 0; boxes && i < 4; i++)
            boxes = json_is_string(json_array_get(value, i));
        if (!json_is_string(value) && !boxes)
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
    if (!rc)
        rc = find_boxes(&m, err);
    if (!rc)
        name_sides(&m);
    for (size_t i = 0; i < csv->n_rows && !rc; i++)
        rc = read_row(&m, &csv->rows[i], err);
    if (!rc && csv->n_rows == 0)
        rc = ost_fail(err, OST_EINPUT, "%s lists no files", name);
    if (!rc) {
        ost_layout_finish(arena, layout);
        layout->n_dropped = 0;
        for (size_t i = 0; i < layout->n; i++)
            layout->n_dropped += layout->files[i].dropped &&
                                 !layout->files[i].is_side &&
                                 strcmp(layout->files[i].path, name) != 0;
    }
    ost_map_release(&m.paths);
    ost_map_release(&m.ids);
    return rc;
}
