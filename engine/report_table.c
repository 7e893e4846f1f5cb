/* engine/report_table.c - builds tables of a report, and writes them as HTML */
#include "engine/report_table.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

#define THIN_SPACE "\xe2\x80\xaf"
#define EN_DASH    "\xe2\x80\x93"
#define MINUS      "\xe2\x88\x92"

/* --- words of numbers ---------------------------------------------------- */

void ost_number_text(ost_buf *out, double v, int digits, bool percent)
{
    double shown = percent ? 100 * v : v;

    /* What rounds to zero has no sign. */
    if (shown < 0 && fabs(shown) * pow(10, digits) >= 0.5)
        ost_buf_adds(out, MINUS);
    ost_buf_addf(out, "%.*f", digits, fabs(shown));
    if (percent)
        ost_buf_adds(out, THIN_SPACE "%");
}

bool ost_interval_ends(const json_t *interval, double *lower, double *upper)
{
    const json_t *lo = json_object_get(interval, "lo");
    const json_t *hi = json_object_get(interval, "hi");

    lo = lo ? lo : json_object_get(interval, "lower");
    hi = hi ? hi : json_object_get(interval, "upper");
    if (!json_is_number(lo) || !json_is_number(hi))
        return false;
    *lower = json_number_value(lo);
    *upper = json_number_value(hi);
    return true;
}

/* --- building ------------------------------------------------------------ */

ost_report_table *ost_table_new(ost_arena *arena, const char *id,
                                const char *title)
{
    ost_report_table *t = OST_ARENA_NEW(arena, ost_report_table);

    t->arena = arena;
    t->id = ost_arena_strdup(arena, id);
    t->title = ost_arena_strdup(arena, title);
    t->note = "";
    return t;
}

void ost_table_column(ost_report_table *t, const char *name, unsigned flags)
{
    if (t->n_columns < OST_REPORT_COLUMNS)
        t->columns[t->n_columns++] =
            (ost_report_column){ ost_arena_strdup(t->arena, name), flags };
}

void ost_table_row(ost_report_table *t, const char *kind)
{
    ost_report_row *row = OST_ARENA_NEW(t->arena, ost_report_row);

    if (t->n_rows == t->room) {
        ost_report_row **more;

        t->room = t->room ? 2 * t->room : 16;
        more = OST_ARENA_ARRAY(t->arena, ost_report_row *, t->room);
        if (t->n_rows > 0)
            memcpy(more, t->rows, t->n_rows * sizeof(*more));
        t->rows = more;
    }
    row->kind = kind;
    t->rows[t->n_rows++] = row;
}

static ost_report_cell *add_cell(ost_report_table *t, const char *text)
{
    ost_report_row *row = t->rows[t->n_rows - 1];
    ost_report_cell *cell = row->n < t->n_columns
                                ? &row->cells[row->n++]
                                : OST_ARENA_NEW(t->arena, ost_report_cell);

    *cell = (ost_report_cell){ .text = ost_arena_strdup(t->arena, text),
                               .small = "",
                               .why = "" };
    return cell;
}

ost_report_cell *ost_table_text(ost_report_table *t, const char *text)
{
    return add_cell(t, text);
}

static ost_report_cell *add_number(ost_report_table *t, ost_buf *text, double v)
{
    ost_report_cell *cell = add_cell(t, ost_buf_str(text));

    cell->number = true;
    cell->value = v;
    ost_buf_release(text);
    return cell;
}

ost_report_cell *ost_table_count(ost_report_table *t, uint64_t n)
{
    ost_buf text = { 0 };

    ost_buf_addf(&text, "%llu", (unsigned long long)n);
    return add_number(t, &text, (double)n);
}

ost_report_cell *ost_table_missing(ost_report_table *t, const char *why)
{
    ost_report_cell *cell = add_cell(t, EN_DASH);

    cell->why = ost_arena_strdup(t->arena, *why ? why : "not known");
    return cell;
}

ost_report_cell *ost_table_value(ost_report_table *t, const json_t *v)
{
    ost_report_cell *cell;
    ost_buf text = { 0 };

    if (json_is_string(v))
        return add_cell(t, json_string_value(v));
    if (json_is_real(v)) {
        ost_buf_addf(&text, "%.6g", json_real_value(v));
        return add_number(t, &text, json_real_value(v));
    }
    if (json_is_integer(v)) {
        ost_buf_addf(&text, "%lld", (long long)json_integer_value(v));
        return add_number(t, &text, (double)json_integer_value(v));
    }
    if (v && !json_is_null(v))
        ost_json_canonical(&text, v);
    cell = add_cell(t, ost_buf_str(&text));
    ost_buf_release(&text);
    return cell;
}

ost_report_cell *ost_table_number(ost_report_table *t, const json_t *v,
                                  int digits, bool percent)
{
    const char *reason = json_string_value(json_object_get(v, "reason"));
    ost_buf text = { 0 };

    if (json_is_object(v) && json_is_number(json_object_get(v, "value")))
        v = json_object_get(v, "value");
    if (!json_is_number(v))
        return ost_table_missing(t, reason ? reason : "");
    ost_number_text(&text, json_number_value(v), digits, percent);
    return add_number(t, &text, json_number_value(v));
}

ost_report_cell *ost_table_interval(ost_report_table *t, const json_t *v,
                                    const json_t *interval, int digits,
                                    bool percent)
{
    ost_report_cell *cell = ost_table_number(t, v, digits, percent);
    ost_buf text = { 0 };

    if (!cell->number ||
        !ost_interval_ends(interval, &cell->lower, &cell->upper))
        return cell;
    cell->ends = true;
    ost_number_text(&text, percent ? 100 * cell->lower : cell->lower, digits,
                    false);
    /* A dash between signs would be read as one. */
    ost_buf_adds(&text, cell->lower < 0 || cell->upper < 0 ? " to " : EN_DASH);
    ost_number_text(&text, cell->upper, digits, percent);
    cell->small = ost_arena_strdup(t->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return cell;
}

ost_report_cell *ost_table_p(ost_report_table *t, const json_t *v)
{
    ost_report_cell *cell = ost_table_number(t, v, 4, false);

    if (cell->number && cell->value < 0.0001)
        cell->text = "< 0.0001";
    return cell;
}

ost_report_cell *ost_table_spread(ost_report_table *t, const json_t *mean,
                                  const json_t *sd, int digits, bool percent)
{
    ost_report_cell *cell = ost_table_number(t, mean, digits, percent);
    ost_buf text = { 0 };

    if (!cell->number || !json_is_number(sd))
        return cell;
    cell->spread = true;
    cell->sd = json_number_value(sd);
    ost_buf_adds(&text, "\xc2\xb1" THIN_SPACE);
    ost_number_text(&text, cell->sd, digits, percent);
    cell->small = ost_arena_strdup(t->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return cell;
}

/* --- HTML ---------------------------------------------------------------- */

static void add_class(ost_buf *out, const ost_report_column *c)
{
    bool text = c->flags & OST_COLUMN_TEXT, minor = c->flags & OST_COLUMN_MINOR;
    bool wrap = c->flags & OST_COLUMN_WRAP;

    if (!text && !minor && !wrap)
        return;
    ost_buf_addf(out, " class=\"%s%s%s\"", text ? "text" : "",
                 minor ? " minor" : "", wrap ? " any" : "");
}

static void add_html_cell(ost_buf *out, const ost_report_cell *cell)
{
    if (cell->code && *cell->text) {
        ost_buf_addf(out, "<code title=\"%s\">%.16s</code>", cell->text,
                     cell->text);
        return;
    }
    if (*cell->why) {
        ost_buf_adds(out, "<span class=\"none\" title=\"");
        ost_buf_add_html(out, cell->why);
        ost_buf_adds(out, "\">");
    }
    ost_buf_add_html(out, cell->text);
    ost_buf_adds(out, *cell->why ? "</span>" : "");
    if (*cell->small) {
        ost_buf_adds(out, " <small>");
        ost_buf_add_html(out, cell->small);
        ost_buf_adds(out, "</small>");
    }
}

static void add_html_row(ost_buf *out, const ost_report_table *t,
                         const ost_report_row *row)
{
    ost_buf_adds(out, "<tr");
    if (*row->kind)
        ost_buf_addf(out, " class=\"%s\"", row->kind);
    ost_buf_addc(out, '>');
    for (size_t c = 0; c < t->n_columns; c++) {
        ost_buf_adds(out, c == 0 ? "<th scope=\"row\"" : "<td");
        add_class(out, &t->columns[c]);
        ost_buf_addc(out, '>');
        if (c < row->n)
            add_html_cell(out, &row->cells[c]);
        ost_buf_adds(out, c == 0 ? "</th>" : "</td>");
    }
    ost_buf_adds(out, "</tr>\n");
}

void ost_table_html(ost_buf *out, const ost_report_table *t)
{
    bool headed = false;

    for (size_t c = 0; c < t->n_columns; c++)
        headed |= *t->columns[c].name != 0;
    if (*t->title) {
        ost_buf_adds(out, "<h3>");
        ost_buf_add_html(out, t->title);
        ost_buf_adds(out, "</h3>\n");
    }
    ost_buf_adds(out, "<div class=\"wide\" tabindex=\"0\"><table "
                      "class=\"numbers\">\n");
    if (headed) {
        ost_buf_adds(out, "<thead><tr>");
        for (size_t c = 0; c < t->n_columns; c++) {
            ost_buf_adds(out, "<th scope=\"col\"");
            add_class(out, &t->columns[c]);
            ost_buf_addc(out, '>');
            ost_buf_add_html(out, t->columns[c].name);
            ost_buf_adds(out, "</th>");
        }
        ost_buf_adds(out, "</tr></thead>\n");
    }
    ost_buf_adds(out, "<tbody>\n");
    for (size_t r = 0; r < t->n_rows; r++)
        add_html_row(out, t, t->rows[r]);
    ost_buf_adds(out, "</tbody></table></div>\n");
    if (*t->note) {
        ost_buf_adds(out, "<p class=\"note\">");
        ost_buf_add_html(out, t->note);
        ost_buf_adds(out, "</p>\n");
    }
}
