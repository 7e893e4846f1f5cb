/* stages/report_tables.c - looks up numbers for tables of a report */
#include "stages/report_tables.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- paths --------------------------------------------------------------- */

/* The element of an array that "[...]" chooses: by index, or by a member that
 * has a value. */
static const json_t *choose(const json_t *array, const char *word)
{
    const char *equals = strchr(word, '=');
    int64_t index;

    if (!equals)
        return ost_parse_i64(word, &index) && index >= 0
                   ? json_array_get(array, (size_t)index)
                   : NULL;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *one = json_array_get(array, i), *v;
        char text[64] = "";
        size_t n = (size_t)(equals - word);

        v = json_object_getn(one, word, n);
        if (json_is_integer(v))
            snprintf(text, sizeof(text), "%lld",
                     (long long)json_integer_value(v));
        else if (json_is_real(v))
            snprintf(text, sizeof(text), "%g", json_real_value(v));
        if (strcmp(json_is_string(v) ? json_string_value(v) : text,
                   equals + 1) == 0)
            return one;
    }
    return NULL;
}

const json_t *ost_report_tables_find(const json_t *document, const char *path,
                                     ost_arena *arena, const json_t **parent,
                                     const char **last)
{
    const json_t *v = document;
    const char *p = path;

    *parent = NULL;
    *last = "";
    while (v && *p) {
        bool bracket = *p == '[';
        size_t n;

        p += bracket || *p == '.';
        n = strcspn(p, bracket ? "]" : ".[");
        *last = ost_arena_strndup(arena, p, n);
        *parent = bracket ? NULL : v;
        if (bracket && p[n] != ']')
            return NULL;
        v = bracket ? choose(v, *last) : json_object_get(v, *last);
        if (bracket)
            *last = "";
        p += n + bracket;
    }
    return v == document ? NULL : v;
}

/* --- refusing ------------------------------------------------------------ */

static const char *const ways[] = {
    "count", "interval", "mean_sd",          "number",
    "p",     "percent",  "percent_interval", "text",
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static bool is_way(const char *word)
{
    for (size_t i = 0; i < WAYS; i++)
        if (strcmp(ways[i], word) == 0)
            return true;
    return false;
}

static ost_rc check_word(const char *place, const char *name,
                         const char *const *words, size_t n, ost_err *err)
{
    const char *near;

    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], name) == 0)
            return OST_OK;
    near = ost_nearest(name, words, n);
    return ost_fail(err, OST_EWORKFLOW,
                    "param 'tables': %s: unknown word '%s'%s%s%s", place, name,
                    near ? " (did you mean '" : "", near ? near : "",
                    near ? "'?)" : "");
}

static ost_rc check_lookup(const json_t *cell, const char *place, ost_err *err)
{
    static const char *const words[] = { "as", "at", "digits", "metrics",
                                         "where" };
    const json_t *at = json_object_get(cell, "at");
    const json_t *as = json_object_get(cell, "as");
    const json_t *digits = json_object_get(cell, "digits");
    const json_t *metrics = json_object_get(cell, "metrics");
    const char *name;
    json_t *v;
    ost_rc rc;

    json_object_foreach((json_t *)(uintptr_t)cell, name, v)
    {
        rc = check_word(place, name, words, 5, err);
        if (rc)
            return rc;
    }
    if (!json_is_string(at) || !*json_string_value(at))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'tables': %s: 'at' is the path of a member, "
                        "for example 'pooled.auc'",
                        place);
    if (as && (!json_is_string(as) || !is_way(json_string_value(as))))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'tables': %s: 'as' is one of count, interval, "
                        "mean_sd, number, p, percent, percent_interval, text",
                        place);
    if (digits && (!json_is_integer(digits) || json_integer_value(digits) < 0 ||
                   json_integer_value(digits) > 9))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'tables': %s: 'digits' is a number from 0 to 9",
                        place);
    if (metrics && !json_is_string(metrics) &&
        (!json_is_integer(metrics) || json_integer_value(metrics) < 0))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'tables': %s: 'metrics' is the name or the "
                        "index of a row at port 'metrics'",
                        place);
    if (json_object_get(cell, "where") &&
        !json_is_object(json_object_get(cell, "where")))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'tables': %s: 'where' is an object from axis "
                        "to value",
                        place);
    return OST_OK;
}

static ost_rc check_rows(const json_t *table, size_t number, ost_err *err)
{
    const json_t *rows = json_object_get(table, "rows");
    size_t columns = json_array_size(json_object_get(table, "columns"));
    char place[80];

    if (!json_is_array(rows))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'tables': table %zu: 'rows' is a list of lists "
                        "of cells",
                        number);
    for (size_t r = 0; r < json_array_size(rows); r++) {
        const json_t *row = json_array_get(rows, r);

        if (!json_is_array(row) || json_array_size(row) != columns)
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'tables': table %zu: row %zu has %zu cells "
                            "for %zu columns",
                            number, r + 1, json_array_size(row), columns);
        for (size_t c = 0; c < columns; c++) {
            const json_t *cell = json_array_get(row, c);
            ost_rc rc = OST_OK;

            snprintf(place, sizeof(place), "table %zu: row %zu: cell %zu",
                     number, r + 1, c + 1);
            if (json_is_object(cell))
                rc = check_lookup(cell, place, err);
            else if (json_is_array(cell) || json_is_boolean(cell))
                rc = ost_fail(err, OST_EWORKFLOW,
                              "param 'tables': %s: a cell is a text, a number, "
                              "null or an object with 'at'",
                              place);
            if (rc)
                return rc;
        }
    }
    return OST_OK;
}

static ost_rc check_table(const json_t *table, size_t number, ost_err *err)
{
    static const char *const words[] = { "columns", "note", "rows", "title" };
    const json_t *columns = json_object_get(table, "columns");
    char place[32];
    const char *name;
    json_t *v;
    ost_rc rc;

    snprintf(place, sizeof(place), "table %zu", number);
    if (!json_is_object(table))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'tables': %s is no object with 'columns' and "
                        "'rows'",
                        place);
    json_object_foreach((json_t *)(uintptr_t)table, name, v)
    {
        rc = check_word(place, name, words, 4, err);
        if (rc)
            return rc;
        if ((strcmp(name, "title") == 0 || strcmp(name, "note") == 0) &&
            !json_is_string(v) && !json_is_null(v))
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'tables': %s: '%s' is a text", place, name);
    }
    for (size_t i = 0; i < json_array_size(columns); i++)
        if (!json_is_string(json_array_get(columns, i)))
            columns = NULL;
    if (json_array_size(columns) == 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'tables': %s: 'columns' is a list of texts",
                        place);
    return check_rows(table, number, err);
}

ost_rc ost_report_tables_check(const json_t *tables, ost_err *err)
{
    ost_rc rc = OST_OK;

    if (!tables || json_is_null(tables))
        return OST_OK;
    if (!json_is_array(tables))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'tables': expected a list of tables");
    for (size_t i = 0; i < json_array_size(tables) && !rc; i++)
        rc = check_table(json_array_get(tables, i), i + 1, err);
    return rc;
}

/* --- filling ------------------------------------------------------------- */

static bool has_axes(const json_t *entry, const json_t *where)
{
    const json_t *axes = json_object_get(entry, "axes");
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)where, name, v)
    {
        const char *is = json_string_value(json_object_get(axes, name));
        char text[64] = "";

        if (json_is_integer(v))
            snprintf(text, sizeof(text), "%lld",
                     (long long)json_integer_value(v));
        if (!is ||
            strcmp(is, json_is_string(v) ? json_string_value(v) : text) != 0)
            return false;
    }
    return true;
}

/* The first entry of that name (or number) and those axis values. */
static const json_t *find_document(const json_t *metrics, const json_t *cell)
{
    const json_t *which = json_object_get(cell, "metrics");
    const json_t *where = json_object_get(cell, "where");
    size_t seen = 0;

    for (size_t i = 0; i < json_array_size(metrics); i++) {
        const json_t *entry = json_array_get(metrics, i);
        const char *name = json_string_value(json_object_get(entry, "name"));

        if (!has_axes(entry, where))
            continue;
        if (json_is_string(which)
                ? name && strcmp(name, json_string_value(which)) == 0
                : (json_int_t)seen == json_integer_value(which))
            return json_object_get(entry, "document");
        seen++;
    }
    return NULL;
}

static json_t *not_found(const char *what, const char *why)
{
    return json_pack("{s:o}", "missing", json_sprintf("%s: %s", what, why));
}

static void add_interval(json_t *cell, const json_t *interval)
{
    static const char *const ends[][2] = { { "lo", "lower" },
                                           { "hi", "upper" } };

    for (size_t k = 0; k < 2; k++) {
        json_t *v = json_object_get(interval, ends[k][0]);

        v = v ? v : json_object_get(interval, ends[k][1]);
        if (json_is_number(v))
            json_object_set(cell, ends[k][0], v);
    }
}

static json_t *look_up(const json_t *cell, const json_t *metrics,
                       ost_arena *arena)
{
    const char *at = json_string_value(json_object_get(cell, "at"));
    const char *as = json_string_value(json_object_get(cell, "as")), *last;
    const json_t *document = find_document(metrics, cell), *parent, *v;
    json_t *digits = json_object_get(cell, "digits"), *out;

    as = as ? as : "number";
    if (!document)
        return not_found(at, "the report has no such metrics");
    v = ost_report_tables_find(document, at, arena, &parent, &last);
    if (!v)
        return not_found(at, "not in the metrics");
    if (json_is_string(json_object_get(v, "reason")) &&
        !json_is_number(json_object_get(v, "value")))
        return not_found(at, json_string_value(json_object_get(v, "reason")));
    if (json_is_string(v))
        return json_copy((json_t *)(uintptr_t)v);
    out = json_pack("{s:s}", "as", as);
    if (digits)
        json_object_set(out, "digits", digits);
    if (strcmp(as, "mean_sd") == 0 && json_is_object(v)) {
        json_t *std = json_object_get(v, "std");

        if (json_is_number(std))
            json_object_set(out, "std", std);
        v = json_object_get(v, "mean");
    } else if (strstr(as, "interval")) {
        add_interval(
            out, json_object_get(json_object_get(parent, "intervals"), last));
    }
    if (!json_is_number(v)) {
        json_decref(out);
        return not_found(at, "not a number");
    }
    json_object_set(out, "value", (json_t *)(uintptr_t)v);
    return out;
}

static json_t *fill_table(const json_t *table, const json_t *metrics,
                          ost_arena *arena, size_t *missing)
{
    const json_t *rows = json_object_get(table, "rows");
    json_t *out = json_copy((json_t *)(uintptr_t)table), *filled = json_array();

    for (size_t r = 0; r < json_array_size(rows); r++) {
        const json_t *row = json_array_get(rows, r);
        json_t *cells = json_array();

        for (size_t c = 0; c < json_array_size(row); c++) {
            json_t *cell = json_array_get(row, c);

            cell = json_is_object(cell) ? look_up(cell, metrics, arena)
                                        : json_incref(cell);
            *missing += json_object_get(cell, "missing") != NULL;
            json_array_append_new(cells, cell);
        }
        json_array_append_new(filled, cells);
    }
    json_object_set_new(out, "rows", filled);
    return out;
}

json_t *ost_report_tables_fill(const json_t *tables, const json_t *metrics,
                               size_t *missing)
{
    json_t *out = json_array();
    ost_arena arena = { 0 };

    *missing = 0;
    for (size_t i = 0; i < json_array_size(tables); i++)
        json_array_append_new(out, fill_table(json_array_get(tables, i),
                                              metrics, &arena, missing));
    ost_arena_release(&arena);
    return out;
}
