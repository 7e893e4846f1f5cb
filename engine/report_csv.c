/* engine/report_csv.c - tables of a report as CSV
 *
 * Numbers stand with all their digits; the ends of intervals and standard
 * deviations have columns of their own.  What is undefined is empty.  Names
 * come from data: one that a spreadsheet would compute gets an apostrophe.
 */
#include "engine/report_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Whether a spreadsheet takes a text for a formula. */
static bool is_formula(const char *text)
{
    char *end;

    if (!*text || !strchr("=+-@\t\r", *text))
        return false;
    strtod(text, &end);
    return end == text || *end;
}

static void add_field(ost_buf *out, const char *text)
{
    const char *mark = is_formula(text) ? "'" : "";

    if (!strpbrk(text, "\",\r\n")) {
        ost_buf_addf(out, "%s%s", mark, text);
        return;
    }
    ost_buf_addf(out, "\"%s", mark);
    for (; *text; text++) {
        ost_buf_adds(out, *text == '"' ? "\"" : "");
        ost_buf_addc(out, *text);
    }
    ost_buf_addc(out, '"');
}

enum { ENDS = 1, SPREAD = 2 };

/* What any cell of the column has beside its number. */
static unsigned extras(const ost_report_table *t, size_t c)
{
    unsigned found = 0;

    for (size_t r = 0; r < t->n_rows; r++) {
        const ost_report_cell *cell = &t->rows[r]->cells[c];

        if (c < t->rows[r]->n)
            found |= (cell->ends ? ENDS : 0u) | (cell->spread ? SPREAD : 0u);
    }
    return found;
}

static void add_head(ost_buf *out, const ost_report_table *t)
{
    for (size_t c = 0; c < t->n_columns; c++) {
        const char *name = t->columns[c].name;
        unsigned more = extras(t, c);
        static const char *const words[] = { " lower", " upper", " sd" };

        ost_buf_adds(out, c ? "," : "");
        add_field(out, name);
        for (size_t k = 0; k < 3; k++)
            if (more & (k < 2 ? ENDS : SPREAD)) {
                ost_buf_addc(out, ',');
                add_field(out,
                          ost_arena_printf(t->arena, "%s%s", name, words[k]));
            }
    }
    ost_buf_addc(out, '\n');
}

static void add_cell(ost_buf *out, const ost_report_cell *cell)
{
    if (cell->number)
        ost_buf_addf(out, "%.9g", cell->value);
    else if (!*cell->why)
        add_field(out, cell->text);
}

void ost_table_csv(ost_buf *out, const ost_report_table *t)
{
    add_head(out, t);
    for (size_t r = 0; r < t->n_rows; r++) {
        for (size_t c = 0; c < t->n_columns; c++) {
            static const ost_report_cell none = { .text = "", .why = "" };
            const ost_report_cell *cell =
                c < t->rows[r]->n ? &t->rows[r]->cells[c] : &none;
            unsigned more = extras(t, c);

            ost_buf_adds(out, c ? "," : "");
            add_cell(out, cell);
            if (more & ENDS && cell->ends)
                ost_buf_addf(out, ",%.9g,%.9g", cell->lower, cell->upper);
            else if (more & ENDS)
                ost_buf_adds(out, ",,");
            if (more & SPREAD && cell->spread)
                ost_buf_addf(out, ",%.9g", cell->sd);
            else if (more & SPREAD)
                ost_buf_addc(out, ',');
        }
        ost_buf_addc(out, '\n');
    }
}
