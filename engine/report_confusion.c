/* engine/report_confusion.c - confusion matrices */
#include "engine/report_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { SIDE = 76, SMALL_SIDE = 36, TOP = 24 };

typedef struct {
    const json_t *classes;
    const json_t *rows;
    size_t n;
    double side; /* of a cell */
    double left; /* where cells begin */
    double top;
    bool slanted; /* names of columns */
} matrix;

static double row_sum(const matrix *m, size_t k)
{
    const json_t *row = json_array_get(m->rows, k);
    double sum = 0;

    for (size_t i = 0; i < json_array_size(row); i++)
        sum += (double)json_integer_value(json_array_get(row, i));
    return sum;
}

static const char *class_name(ost_report_page *p, const matrix *m, size_t k)
{
    return ost_report_words(p, json_array_get(m->classes, k));
}

static void measure(ost_report_page *p, matrix *m)
{
    double widest = 0;

    m->side = m->n > 4 ? SMALL_SIDE : SIDE;
    for (size_t k = 0; k < m->n; k++)
        widest = fmax(widest, ost_text_width(class_name(p, m, k), 12));
    m->slanted = widest > m->side - 6;
    widest = fmin(widest, 150);
    m->left = widest + 44;
    m->top = TOP + (m->slanted ? widest * 0.75 + 14 : 22);
}

static void add_names(ost_report_page *p, ost_report_figure *f, const matrix *m)
{
    double middle = m->side * (double)m->n / 2;

    ost_svg_text(&f->body, "name mid", m->left + middle, 12, "called");
    ost_svg_text(&f->body, "name", 0, m->top + middle + 4, "is");
    for (size_t k = 0; k < m->n; k++) {
        double at = m->side * ((double)k + 0.5);
        const char *name =
            ost_text_fit(&p->arena, class_name(p, m, k), 12, 150);

        ost_svg_text(&f->body, "tick end", m->left - 8, m->top + at + 4, name);
        if (!m->slanted) {
            ost_svg_text(&f->body, "tick mid", m->left + at, m->top - 8, name);
            continue;
        }
        ost_buf_adds(&f->body, "<text class=\"tick\" transform=\"translate(");
        ost_svg_number(&f->body, m->left + at + 3);
        ost_buf_addc(&f->body, ' ');
        ost_svg_number(&f->body, m->top - 6);
        ost_buf_adds(&f->body, ") rotate(-48)\">");
        ost_buf_add_html(&f->body, name);
        ost_buf_adds(&f->body, "</text>\n");
    }
}

/* A number that fits into a small cell: 1234 becomes 1.2k. */
static void cell_text(char *text, size_t size, double n, double side)
{
    snprintf(text, size, "%.0f", n);
    if (ost_text_width(text, side < SIDE ? 11 : 15) > side - 4)
        snprintf(text, size,
                 n < 9.95e3    ? "%.1fk"
                 : n < 9.995e5 ? "%.0fk"
                               : "%.0fM",
                 n < 9.995e5 ? n / 1e3 : n / 1e6);
}

static void add_cell(ost_report_figure *f, const matrix *m, size_t r, size_t c)
{
    double n = (double)json_integer_value(
        json_array_get(json_array_get(m->rows, r), c));
    double sum = row_sum(m, r), share = sum > 0 ? n / sum : 0;
    double x = m->left + m->side * (double)c, y = m->top + m->side * (double)r;
    double middle = x + m->side / 2, gap = m->n > 4 ? 1 : 1.5;
    bool large = m->side >= SIDE;
    char text[32];

    ost_svg_rect(&f->body, "cell", x + gap, y + gap, m->side - 2 * gap,
                 m->side - 2 * gap, large ? 5 : 2);
    ost_buf_addf(&f->body, "<g fill-opacity=\"%.2f\">", 0.55 * share);
    ost_svg_rect(&f->body, r == c ? "hit" : "miss", x + gap, y + gap,
                 m->side - 2 * gap, m->side - 2 * gap, large ? 5 : 2);
    ost_buf_adds(&f->body, "</g>\n");
    cell_text(text, sizeof(text), n, m->side);
    ost_svg_text(&f->body, large ? "big mid" : "small mid", middle,
                 y + m->side / 2 + (large ? 0 : 4), text);
    if (!large || sum <= 0)
        return;
    snprintf(text, sizeof(text), "%.1f\xe2\x80\xaf%%", 100 * share);
    ost_svg_text(&f->body, "small mid", middle, y + m->side / 2 + 17, text);
}

static void add_table(ost_report_page *p, const matrix *m)
{
    ost_report_table *t =
        ost_table_new(&p->arena, ost_report_id(p, "confusion"), "");

    ost_table_column(t, "is, called", OST_COLUMN_TEXT);
    for (size_t k = 0; k < m->n; k++)
        ost_table_column(t, class_name(p, m, k), 0);
    for (size_t r = 0; r < m->n; r++) {
        ost_table_row(t, "");
        ost_table_text(t, class_name(p, m, r));
        for (size_t c = 0; c < m->n; c++)
            ost_table_value(t, json_array_get(json_array_get(m->rows, r), c));
    }
    ost_report_table_put(p, t);
}

static json_int_t count_at(const json_t *set, size_t r, size_t c)
{
    const json_t *rows = json_object_get(set, "confusion");

    return json_integer_value(json_array_get(json_array_get(rows, r), c));
}

/* Of two classes, what became of each fold's items. */
static void add_folds(ost_report_page *p, const json_t *document)
{
    static const char *const names[] = { "", "True positive", "False negative",
                                         "False positive", "True negative" };
    const json_t *classes = json_object_get(document, "classes");
    const json_t *folds = json_object_get(document, "folds");
    const char *by = ost_report_by(document);
    size_t yes = strcmp(json_is_string(json_array_get(classes, 0))
                            ? json_string_value(json_array_get(classes, 0))
                            : "",
                        ost_report_text(document, "positive")) == 0
                     ? 0
                     : 1;
    ost_report_table *t =
        ost_table_new(&p->arena, ost_report_id(p, "confusion-by-part"), "");

    if (json_array_size(classes) != 2 || json_array_size(folds) < 2 ||
        !*ost_report_text(document, "positive"))
        return;
    for (size_t c = 0; c < 5; c++)
        ost_table_column(t, names[c], c ? 0 : OST_COLUMN_TEXT);
    for (size_t i = 0; i < json_array_size(folds); i++) {
        const json_t *one = json_array_get(folds, i);

        if (json_array_size(json_object_get(one, "confusion")) != 2)
            continue;
        ost_table_row(t, "");
        ost_table_text(
            t, ost_arena_printf(&p->arena, "%s %s", by,
                                ost_report_words(p, json_object_get(one, by))));
        for (size_t k = 0; k < 4; k++) {
            size_t r = k < 2 ? yes : 1 - yes, c = k % 2 ? 1 - yes : yes;
            json_int_t n = count_at(one, r, c);

            ost_table_count(t, n > 0 ? (uint64_t)n : 0);
        }
    }
    if (t->n_rows > 0)
        ost_report_table_put(p, t);
}

void ost_report_confusion(ost_report_page *p, const json_t *document)
{
    const json_t *classes = json_object_get(document, "classes");
    matrix m = { .classes = classes,
                 .rows = json_object_get(json_object_get(document, "pooled"),
                                         "confusion"),
                 .n = json_array_size(classes) };
    ost_report_figure *f;

    if (m.n == 0 || json_array_size(m.rows) != m.n)
        return;
    measure(p, &m);
    ost_report_open(p, "confusion", "Confusion matrix");
    f = ost_figure_new(&p->arena, ost_report_id(p, "confusion"), "",
                       "Pooled predictions; the color is the share of a row.",
                       "chart heat",
                       m.left + m.side * (double)m.n + (m.slanted ? 90 : 8),
                       m.top + m.side * (double)m.n + 4);
    add_names(p, f, &m);
    for (size_t r = 0; r < m.n; r++)
        for (size_t c = 0; c < m.n; c++)
            add_cell(f, &m, r, c);
    ost_report_figure_put(p, f);
    if (ost_report_is_html(p))
        ost_report_paragraph(p, "note",
                             "Pooled predictions; the color is the share of a "
                             "row.");
    if (!ost_report_is_html(p))
        add_table(p, &m);
    add_folds(p, document);
    ost_report_close(p);
}
