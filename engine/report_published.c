/* engine/report_published.c - numbers that a publication prints beside ours */
#include "base/text.h"
#include "engine/report_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static int digits_of(const json_t *cell, int usual)
{
    const json_t *digits = json_object_get(cell, "digits");
    json_int_t n = json_integer_value(digits);

    return json_is_integer(digits) && n >= 0 && n <= 9 ? (int)n : usual;
}

static void add_p(ost_report_table *t, const json_t *v)
{
    ost_report_cell *cell = ost_table_number(t, v, 4, false);

    if (json_number_value(v) < 0.0001)
        cell->text = "< 0.0001";
}

/* A number that was looked up, as its "as" wants it. */
static void add_found(ost_report_table *t, const json_t *cell)
{
    const char *as = ost_report_text(cell, "as");
    bool percent = ost_starts_with(as, "percent");
    const json_t *v = json_object_get(cell, "value");
    const json_t *std = json_object_get(cell, "std");
    int digits = digits_of(cell, percent                    ? 1
                                 : strcmp(as, "count") == 0 ? 0
                                                            : 3);

    if (strcmp(as, "p") == 0)
        add_p(t, v);
    else if (json_is_number(std))
        ost_table_spread(t, v, std, digits, percent);
    else
        ost_table_interval(t, v, cell, digits, percent);
}

static void add_cell(ost_report_table *t, const json_t *cell, ost_buf *absent)
{
    const char *missing = ost_report_text(cell, "missing");

    if (json_is_number(json_object_get(cell, "value"))) {
        add_found(t, cell);
    } else if (*missing) {
        ost_table_missing(t, missing);
        ost_buf_adds(absent, absent->len ? "; " : "Not known: ");
        ost_buf_adds(absent, missing);
    } else {
        ost_table_value(t, json_is_null(cell) ? NULL : cell);
    }
}

static void add_table(ost_report_page *p, const json_t *table, size_t number)
{
    const json_t *columns = json_object_get(table, "columns");
    const json_t *rows = json_object_get(table, "rows");
    const char *note = ost_report_text(table, "note");
    ost_buf below = { 0 }, absent = { 0 };
    ost_report_table *t;
    char id[32];

    snprintf(id, sizeof(id), "published%zu", number);
    t = ost_table_new(&p->arena, id, ost_report_text(table, "title"));
    for (size_t c = 0; c < json_array_size(columns); c++) {
        const char *name = json_string_value(json_array_get(columns, c));

        ost_table_column(t, name ? name : "", c == 0 ? OST_COLUMN_TEXT : 0);
    }
    for (size_t r = 0; r < json_array_size(rows); r++) {
        const json_t *row = json_array_get(rows, r);

        ost_table_row(t, "");
        for (size_t c = 0; c < json_array_size(row); c++)
            add_cell(t, json_array_get(row, c), &absent);
    }
    ost_buf_adds(&below, note);
    if (absent.len > 0) {
        ost_buf_adds(&below, *note ? " " : "");
        ost_buf_adds(&below, ost_buf_str(&absent));
        ost_buf_addc(&below, '.');
    }
    t->note = ost_arena_strdup(&p->arena, ost_buf_str(&below));
    ost_report_table_put(p, t);
    ost_buf_release(&below);
    ost_buf_release(&absent);
}

void ost_report_published(ost_report_page *p)
{
    const json_t *tables = json_object_get(p->doc, "tables");
    size_t n = json_array_size(tables);

    if (n == 0)
        return;
    ost_report_open(p, "published", "Beside published numbers");
    for (size_t i = 0; i < n; i++)
        add_table(p, json_array_get(tables, i), i + 1);
    ost_report_close(p);
}
