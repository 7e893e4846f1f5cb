/* engine/report_generic.c - any metrics document as tables
 *
 * What a stage writes is shown by its shape: members that are scalars stand in
 * one table; a list of objects, and an object of objects that are alike, are a
 * table each; further objects go the same way under their own name.  A number
 * has its interval beside it where an object `intervals` next to it names one,
 * or where it is itself {"value", "lo", "hi"}.  Long lists of numbers (curves)
 * are left to figures and to JSON.
 */
#include "engine/report_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { DEEPEST = 4, MOST_ROWS = 200, MOST_IN_CELL = 12, MOST_COLUMNS = 24 };

static bool is_scalar(const json_t *v)
{
    return !json_is_object(v) && !json_is_array(v);
}

/* {"value": ...}: a number with its reason or its ends. */
static bool is_valued(const json_t *v)
{
    return json_is_object(v) && json_object_get(v, "value");
}

/* {"mean": ..., "std": ...} alone, but for counts. */
static bool is_spread(const json_t *v)
{
    return json_is_number(json_object_get(v, "mean")) &&
           json_object_get(v, "std") && json_object_size(v) <= 5;
}

static bool is_short_list(const json_t *v)
{
    if (!json_is_array(v) || json_array_size(v) > MOST_IN_CELL ||
        json_array_size(v) == 0)
        return false;
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!is_scalar(json_array_get(v, i)))
            return false;
    return true;
}

static bool fits_cell(const json_t *v)
{
    return is_scalar(v) || is_valued(v) || is_spread(v) || is_short_list(v);
}

/* Words of what has none of its own on a page. */
static const char *plain(ost_report_page *p, const json_t *v)
{
    if (json_is_true(v))
        return "yes";
    if (json_is_false(v))
        return "no";
    return json_is_null(v) ? "" : ost_report_words(p, v);
}

static const char *joined(ost_report_page *p, const json_t *list)
{
    const char *words = "";

    for (size_t i = 0; i < json_array_size(list); i++)
        words = ost_arena_printf(&p->arena, "%s%s%s", words, i ? ", " : "",
                                 plain(p, json_array_get(list, i)));
    return words;
}

/* p values stand with what tells them apart. */
static int digits_of(const char *name, const json_t *v)
{
    double x = json_number_value(v);
    bool small = x != 0 && x > -0.001 && x < 0.001;

    return small && (*name == 'p' || strstr(name, "_p")) ? 6 : 3;
}

static void add_cell(ost_report_page *p, ost_report_table *t, const char *name,
                     const json_t *v, const json_t *beside)
{
    const json_t *intervals = json_object_get(beside, "intervals");

    if (is_spread(v)) {
        ost_table_spread(t, json_object_get(v, "mean"),
                         json_object_get(v, "std"), 3, false);
    } else if (is_valued(v)) {
        const json_t *value = json_object_get(v, "value");

        if (json_is_number(value))
            ost_table_interval(t, value, v, digits_of(name, value), false);
        else
            ost_table_missing(t, ost_report_text(v, "reason"));
    } else if (json_is_real(v)) {
        ost_table_interval(t, v, json_object_get(intervals, name),
                           digits_of(name, v), false);
    } else if (json_is_array(v)) {
        ost_table_text(t, joined(p, v));
    } else if (json_is_integer(v)) {
        ost_table_value(t, v);
    } else {
        ost_table_text(t, v ? plain(p, v) : "");
    }
}

/* --- tables of rows ------------------------------------------------------ */

typedef struct {
    const char *names[MOST_COLUMNS];
    bool words[MOST_COLUMNS];
    bool wide[MOST_COLUMNS]; /* some words are long */
    size_t n;
} columns;

static void add_columns(columns *c, const json_t *row)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)row, name, v)
    {
        size_t k = 0;

        if (!fits_cell(v) || strcmp(name, "intervals") == 0)
            continue;
        while (k < c->n && strcmp(c->names[k], name) != 0)
            k++;
        if (k == MOST_COLUMNS)
            continue;
        if (k == c->n)
            c->names[c->n++] = name;
        c->words[k] |= json_is_string(v) || json_is_array(v);
        c->wide[k] |= json_is_array(v) || json_string_length(v) > 36;
    }
}

/* What names a row comes first, and words before numbers. */
static void order_columns(columns *c)
{
    static const char *const first[] = { "name",      "label",  "class",
                                         "attribute", "metric", "id" };
    columns sorted = { .n = 0 };
    bool taken[MOST_COLUMNS] = { false };

    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
        for (size_t k = 0; k < c->n; k++)
            if (!taken[k] && strcmp(c->names[k], first[i]) == 0) {
                sorted.words[sorted.n] = c->words[k];
                sorted.wide[sorted.n] = c->wide[k];
                sorted.names[sorted.n++] = c->names[k];
                taken[k] = true;
            }
    for (int words = 1; words >= 0; words--)
        for (size_t k = 0; k < c->n; k++)
            if (!taken[k] && c->words[k] == (words == 1)) {
                sorted.words[sorted.n] = c->words[k];
                sorted.wide[sorted.n] = c->wide[k];
                sorted.names[sorted.n++] = c->names[k];
                taken[k] = true;
            }
    *c = sorted;
}

static ost_report_table *new_table(ost_report_page *p, const char *path)
{
    char *id = ost_arena_strdup(&p->arena, *path ? path : "members");
    const char *last = strrchr(path, '.');

    for (char *c = id; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
              (*c >= '0' && *c <= '9') || *c == '_'))
            *c = '-';
    return ost_table_new(&p->arena, ost_report_id(p, id),
                         ost_report_heading(p, last ? last + 1 : path));
}

static void name_columns(ost_report_page *p, ost_report_table *t,
                         const columns *c)
{
    for (size_t k = 0; k < c->n; k++)
        ost_table_column(t, ost_report_heading(p, c->names[k]),
                         (c->words[k] ? OST_COLUMN_TEXT : 0u) |
                             (c->wide[k] ? OST_COLUMN_WRAP : 0u));
}

static void add_cells(ost_report_page *p, ost_report_table *t, const columns *c,
                      const json_t *row)
{
    for (size_t k = 0; k < c->n; k++)
        add_cell(p, t, c->names[k], json_object_get(row, c->names[k]), row);
}

static void add_rows(ost_report_page *p, const json_t *list, const char *path)
{
    size_t n = json_array_size(list), shown = n < MOST_ROWS ? n : MOST_ROWS;
    columns c = { .n = 0 };
    ost_report_table *t;

    for (size_t i = 0; i < shown; i++)
        add_columns(&c, json_array_get(list, i));
    if (c.n == 0)
        return;
    order_columns(&c);
    t = new_table(p, path);
    name_columns(p, t, &c);
    for (size_t i = 0; i < shown; i++) {
        ost_table_row(
            t, json_is_true(json_object_get(json_array_get(list, i), "chosen"))
                   ? "chosen"
                   : "");
        add_cells(p, t, &c, json_array_get(list, i));
    }
    if (shown < n)
        t->note = ost_arena_printf(&p->arena,
                                   "%zu further rows are in the "
                                   "JSON.",
                                   n - shown);
    ost_report_table_put(p, t);
}

/* Objects of one shape by name: {"dice": {"mean", "n"}, "iou": {...}}. */
static bool are_alike(const json_t *object)
{
    const json_t *first = NULL;
    const char *name, *member;
    json_t *one, *v;

    json_object_foreach((json_t *)(uintptr_t)object, name, one)
    {
        if (!json_is_object(one) || json_object_size(one) == 0)
            return false;
        json_object_foreach(one, member, v)
        {
            if (!fits_cell(v) ||
                (first && !json_object_get(first, member) && !is_valued(one)))
                return false;
        }
        first = first ? first : one;
    }
    return json_object_size(object) > 1;
}

static void add_named_rows(ost_report_page *p, const json_t *object,
                           const char *path)
{
    ost_report_table *t = new_table(p, path);
    columns c = { .n = 0 };
    const char *name;
    json_t *one;

    json_object_foreach((json_t *)(uintptr_t)object, name, one)
    {
        add_columns(&c, one);
    }
    order_columns(&c);
    ost_table_column(t, "", OST_COLUMN_TEXT);
    name_columns(p, t, &c);
    json_object_foreach((json_t *)(uintptr_t)object, name, one)
    {
        ost_table_row(t, "");
        ost_table_text(t, ost_report_heading(p, name));
        add_cells(p, t, &c, one);
    }
    ost_report_table_put(p, t);
}

/* --- objects ------------------------------------------------------------- */

/* Members that fit a line each. */
static void add_lines(ost_report_page *p, const json_t *object,
                      const char *path)
{
    ost_report_table *t = new_table(p, path);
    const char *name;
    json_t *v;

    ost_table_column(t, "", OST_COLUMN_TEXT);
    ost_table_column(t, "", OST_COLUMN_TEXT | OST_COLUMN_WRAP);
    json_object_foreach((json_t *)(uintptr_t)object, name, v)
    {
        if (!fits_cell(v) || strcmp(name, "kind") == 0 || json_is_null(v))
            continue;
        ost_table_row(t, "");
        ost_table_text(t, ost_report_heading(p, name));
        add_cell(p, t, name, v, object);
    }
    if (t->n_rows > 0)
        ost_report_table_put(p, t);
}

static void add_object(ost_report_page *p, const json_t *object,
                       const char *path, int depth)
{
    const char *name;
    json_t *v;

    if (*path && are_alike(object)) {
        add_named_rows(p, object, path);
        return;
    }
    add_lines(p, object, path);
    json_object_foreach((json_t *)(uintptr_t)object, name, v)
    {
        const char *inner =
            ost_arena_printf(&p->arena, "%s%s%s", path, *path ? "." : "", name);

        if (fits_cell(v) || strcmp(name, "intervals") == 0 ||
            (depth == 0 &&
             (strcmp(name, "warnings") == 0 || strcmp(name, "leakage") == 0)))
            continue;
        if (json_is_array(v) && json_is_object(json_array_get(v, 0)))
            add_rows(p, v, inner);
        else if (json_is_object(v) && depth < DEEPEST)
            add_object(p, v, inner, depth + 1);
    }
}

void ost_report_generic(ost_report_page *p, const json_t *document,
                        const char *title)
{
    ost_report_open(p, "numbers", title);
    add_object(p, document, "", 0);
    ost_report_leakage(p, document);
    ost_report_list(p, "warnings", json_object_get(document, "warnings"));
    ost_report_close(p);
}
