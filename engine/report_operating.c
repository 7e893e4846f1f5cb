/* engine/report_operating.c - operating points, and what leaked */
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

static const char *number_of(ost_report_page *p, const json_t *v)
{
    const char *words;
    ost_buf text = { 0 };

    if (!json_is_number(v))
        return json_is_string(v) ? json_string_value(v) : "";
    ost_number_text(&text, json_number_value(v), 3, false);
    words = ost_arena_strdup(&p->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return words;
}

static void add_point(ost_report_page *p, ost_report_table *t, const char *name,
                      const json_t *point)
{
    static const char *const rates[] = { "sensitivity", "specificity" };

    ost_table_row(t, "");
    ost_table_text(t, name);
    ost_table_text(t, number_of(p, json_object_get(point, "threshold")));
    for (size_t k = 0; k < 2; k++)
        ost_table_interval(t, json_object_get(point, rates[k]),
                           ost_report_interval_of(point, rates[k]), 3, false);
}

static void add_points(ost_report_page *p, ost_report_table *t,
                       const json_t *points, const char *words,
                       const char *member)
{
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *one = json_array_get(points, i);
        const json_t *at = json_object_get(one, "at");

        add_point(p, t,
                  ost_arena_printf(
                      &p->arena, "%s %s", words,
                      number_of(p, at ? at : json_object_get(one, member))),
                  one);
    }
}

void ost_report_operating(ost_report_page *p, const json_t *document)
{
    const json_t *points = json_object_get(json_object_get(document, "pooled"),
                                           "operating_points");
    ost_report_table *t;

    if (json_object_size(points) == 0)
        return;
    ost_report_open(p, "operating", "Operating points on the pooled curve");
    t = ost_table_new(&p->arena, ost_report_id(p, "operating-points"), "");
    ost_table_column(t, "", OST_COLUMN_TEXT);
    ost_table_column(t, "Threshold", 0);
    ost_table_column(t, "Sensitivity", 0);
    ost_table_column(t, "Specificity", 0);
    add_points(p, t, json_object_get(points, "sensitivity_at_specificity"),
               "At specificity", "specificity");
    add_points(p, t, json_object_get(points, "specificity_at_sensitivity"),
               "At sensitivity", "sensitivity");
    if (json_is_object(json_object_get(points, "youden")))
        add_point(p, t, "Largest sum of both (Youden)",
                  json_object_get(points, "youden"));
    if (json_is_object(json_object_get(points, "cost")))
        add_point(p, t, "Least cost", json_object_get(points, "cost"));
    t->note = "Chosen on the items that are judged, so they say what a curve "
              "allows, not what a new study would find.";
    ost_report_table_put(p, t);
    ost_report_close(p);
}

/* --- leaks --------------------------------------------------------------- */

void ost_report_leakage(ost_report_page *p, const json_t *document)
{
    const json_t *leakage = json_object_get(document, "leakage");
    const char *mode = ost_report_text(leakage, "mode");
    uint64_t leaked = ost_report_number(leakage, "n_leaked");
    uint64_t checked = ost_report_number(leakage, "n_checked");
    uint64_t unknown = ost_report_number(leakage, "n_unknown");
    ost_buf words = { 0 };

    if (!json_is_object(leakage))
        return;
    if (strcmp(mode, "off") == 0) {
        ost_buf_adds(&words, "Nobody looked whether the models had learned "
                             "from the patients that judge them.");
    } else if (leaked > 0) {
        ost_buf_adds(&words, OST_STRONG "Leak: ");
        ost_report_counted(&words, leaked, "item was", "items were");
        ost_buf_adds(&words, " judged by what had learned from the same "
                             "patient" OST_STRONG_END);
        ost_buf_addf(
            &words, " (%llu patients). These numbers flatter.",
            (unsigned long long)ost_report_number(leakage, "n_groups"));
    } else if (checked > 0) {
        ost_buf_adds(&words, "No leak: none of ");
        ost_report_counted(&words, checked, "item", "items");
        ost_buf_adds(&words, " was judged by a model, a generator or a filter "
                             "that had learned from the same patient.");
    }
    if (unknown > 0) {
        ost_buf_adds(&words, words.len ? " It" : "It");
        ost_buf_adds(&words,
                     " is not known which patients trained what judged ");
        ost_report_counted(&words, unknown, "item", "items");
        ost_buf_addc(&words, '.');
    }
    ost_report_paragraph(p, leaked > 0 ? "statement" : "note",
                         ost_buf_str(&words));
    ost_buf_release(&words);
}
