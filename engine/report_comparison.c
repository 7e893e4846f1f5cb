/* engine/report_comparison.c - arms beside each other, and their differences */
#include "engine/report_forest.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { MOST_ROWS = 60 };

static const char *title_of(ost_report_page *p, const json_t *test)
{
    return ost_arena_printf(
        &p->arena, "%s, %s",
        ost_report_heading(p, ost_report_text(test, "metric")),
        ost_report_text(test, "test"));
}

static ost_forest_row row_of(ost_report_page *p, const json_t *test)
{
    return (ost_forest_row){
        .group = title_of(p, test),
        .name = ost_arena_printf(&p->arena, "%s \xe2\x88\x92 %s",
                                 ost_report_text(test, "a"),
                                 ost_report_text(test, "b")),
        .note = "",
        .value = ost_report_real(test, "difference"),
        .lower = ost_report_real(test, "lower"),
        .upper = ost_report_real(test, "upper"),
    };
}

/* Differences with an interval; those of a metric and a test together. */
static void add_forest(ost_report_page *p, const json_t *tests)
{
    size_t n = json_array_size(tests), found = 0;
    ost_forest_row *rows = OST_ARENA_ARRAY(&p->arena, ost_forest_row, n + 1);
    bool *taken = OST_ARENA_ARRAY(&p->arena, bool, n + 1);
    ost_report_figure *f;

    for (size_t i = 0; i < n; i++) {
        const char *group = title_of(p, json_array_get(tests, i));

        for (size_t k = i; k < n && found < MOST_ROWS; k++) {
            ost_forest_row row = row_of(p, json_array_get(tests, k));

            if (taken[k] || strcmp(row.group, group) != 0)
                continue;
            taken[k] = true;
            if (isfinite(row.value) && isfinite(row.lower))
                rows[found++] = row;
        }
    }
    f = ost_forest_make(p, ost_report_id(p, "differences"), "Difference", 0,
                        rows, found);
    if (f)
        ost_report_figure_put(p, f);
}

static void add_tests(ost_report_page *p, const json_t *document)
{
    static const char *const names[] = { "Metric",     "Test",       "Arm",
                                         "Against",    "Difference", "p",
                                         "p adjusted", "Items" };
    const json_t *tests = json_object_get(document, "tests");
    ost_report_table *t =
        ost_table_new(&p->arena, ost_report_id(p, "tests"), "Differences");

    for (size_t c = 0; c < 8; c++)
        ost_table_column(t, names[c], c < 4 ? OST_COLUMN_TEXT : 0);
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *one = json_array_get(tests, i);

        ost_table_row(t, "");
        ost_table_text(t,
                       ost_report_heading(p, ost_report_text(one, "metric")));
        ost_table_text(t, ost_report_text(one, "test"));
        ost_table_text(t, ost_report_text(one, "a"));
        ost_table_text(t, ost_report_text(one, "b"));
        ost_table_interval(t, json_object_get(one, "difference"), one, 3,
                           false);
        ost_table_p(t, json_object_get(one, "p"));
        ost_table_p(t, json_object_get(one, "p_adjusted"));
        ost_table_value(t, json_object_get(one, "n"));
    }
    t->note = ost_arena_printf(
        &p->arena, "The baseline is %s. p values are adjusted by: %s.",
        ost_report_text(document, "baseline"),
        ost_report_text(document, "correction"));
    ost_report_table_put(p, t);
}

void ost_report_comparison(ost_report_page *p, const json_t *document)
{
    bool html = ost_report_is_html(p);

    ost_report_open(p, "comparison", "Comparison");
    ost_report_blocks(p, document, json_object_get(document, "arms"), "name",
                      "arms", "");
    add_forest(p, json_object_get(document, "tests"));
    add_tests(p, document);
    ost_report_leakage(p, document);
    ost_report_list(p, "warnings", json_object_get(document, "warnings"));
    ost_report_close(p);
    ost_buf_adds(p->out, html ? "<div class=\"pair\">\n" : "");
    ost_report_roc(p, document);
    ost_report_recall(p, document);
    ost_buf_adds(p->out, html ? "</div>\n" : "");
}
