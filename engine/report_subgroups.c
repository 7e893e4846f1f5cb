/* engine/report_subgroups.c - numbers of sub-groups of the patients */
#include "engine/report_forest.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { MOST_ROWS = 60 };

static double end_of(const json_t *interval, bool upper)
{
    double lo, hi;

    if (!ost_interval_ends(interval, &lo, &hi))
        return (double)NAN;
    return upper ? hi : lo;
}

static ost_forest_row row_of(ost_report_page *p, const json_t *set,
                             const char *metric)
{
    const json_t *interval = ost_report_interval_of(set, metric);
    const json_t *value = json_object_get(set, "value");

    return (ost_forest_row){
        .group = ost_report_text(set, "attribute"),
        .name = value ? ost_report_words(p, value) : "Pooled",
        .note = ost_arena_printf(
            &p->arena, "n = %llu",
            (unsigned long long)ost_report_number(set, "n_items")),
        .value = ost_report_real(set, metric),
        .lower = end_of(interval, false),
        .upper = end_of(interval, true),
        .pooled = !value,
    };
}

/* The first metric of these that sub-groups know. */
static const char *metric_of(const json_t *groups, const char **words)
{
    static const char *const known[][2] = {
        { "auc", "Area under the curve" },
        { "recall", "Sensitivity" },
        { "accuracy", "Accuracy" },
        { "mean_absolute_error", "Mean absolute error" },
    };

    for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
        for (size_t i = 0; i < json_array_size(groups); i++)
            if (ost_report_has(json_array_get(groups, i), known[k][0])) {
                *words = known[k][1];
                return known[k][0];
            }
    return NULL;
}

void ost_report_subgroups(ost_report_page *p, const json_t *document)
{
    const json_t *groups = json_object_get(document, "subgroups");
    const json_t *pooled = json_object_get(document, "pooled");
    size_t n = json_array_size(groups), shown = n < MOST_ROWS ? n : MOST_ROWS;
    const char *words = "", *metric = metric_of(groups, &words);
    ost_forest_row *rows;
    ost_report_figure *f;

    if (n == 0)
        return;
    ost_report_open(p, "subgroups", "Sub-groups");
    if (metric) {
        rows = OST_ARENA_ARRAY(&p->arena, ost_forest_row, shown + 1);
        for (size_t i = 0; i < shown; i++)
            rows[i] = row_of(p, json_array_get(groups, i), metric);
        rows[shown] = row_of(p, pooled, metric);
        f = ost_forest_make(p, ost_report_id(p, "subgroups"), words,
                            rows[shown].value, rows, shown + 1);
        if (f)
            ost_report_figure_put(p, f);
    }
    ost_report_blocks(p, document, groups, "value", "subgroups", "");
    ost_report_close(p);
}
