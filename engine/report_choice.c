/* engine/report_choice.c - which candidate was chosen, and why
 *
 * A line for each candidate: where it stands on its axes, how many items a
 * filter kept and dropped for it, what it was measured by.
 */
#include "engine/report_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MOST_AXES = 16 };

typedef struct {
    const char *names[MOST_AXES];
    size_t n;
    bool filtered;
    bool threshold; /* is not the value of an axis */
    bool counted;   /* it is known on how many items they were measured */
} shape;

/* Members of a candidate that are not axes. */
static bool is_axis(const char *name)
{
    static const char *const others[] = {
        "value",
        "n",
        "chosen",
        "threshold",
        "kept",
        "dropped",
        "without_prediction",
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(name, others[i]) == 0)
            return false;
    return true;
}

static void note_axis(shape *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->names[i], name) == 0)
            return;
    if (s->n < MOST_AXES)
        s->names[s->n++] = name;
}

/* Whether an axis says the same number. */
static bool says(const json_t *row, const shape *s, double threshold)
{
    for (size_t i = 0; i < s->n; i++) {
        const char *text = json_string_value(json_object_get(row, s->names[i]));

        if (text && strtod(text, NULL) == threshold)
            return true;
    }
    return false;
}

static shape shape_of(const json_t *candidates)
{
    shape s = { 0 };

    for (size_t i = 0; i < json_array_size(candidates); i++) {
        json_t *row = json_array_get(candidates, i), *ignored;
        const json_t *threshold = json_object_get(row, "threshold");
        const char *name;

        json_object_foreach(row, name, ignored)
        {
            if (is_axis(name))
                note_axis(&s, name);
        }
        s.filtered |= json_is_integer(json_object_get(row, "kept"));
        s.counted |= json_is_integer(json_object_get(row, "n"));
        s.threshold |= json_is_number(threshold) &&
                       !says(row, &s, json_number_value(threshold));
    }
    return s;
}

/* "pooled.auc" by its last word. */
static const char *metric_heading(ost_report_page *p, const json_t *document)
{
    const char *metric = ost_report_text(document, "metric");
    const char *dot = strrchr(metric, '.');

    return ost_report_heading(p, dot ? dot + 1 : metric);
}

static void add_columns(ost_report_page *p, const json_t *document,
                        const shape *s, ost_report_table *t)
{
    for (size_t i = 0; i < s->n; i++)
        ost_table_column(t, ost_report_heading(p, s->names[i]),
                         OST_COLUMN_TEXT);
    if (s->threshold)
        ost_table_column(t, "Threshold", 0);
    if (s->filtered) {
        ost_table_column(t, "Kept", 0);
        ost_table_column(t, "Dropped", 0);
    }
    ost_table_column(t, metric_heading(p, document), 0);
    if (s->counted)
        ost_table_column(t, "Measured on", OST_COLUMN_MINOR);
    ost_table_column(t, "Chosen", OST_COLUMN_TEXT);
}

static void add_count(ost_report_table *t, const json_t *row, const char *name)
{
    if (json_is_integer(json_object_get(row, name)))
        ost_table_value(t, json_object_get(row, name));
    else
        ost_table_text(t, "");
}

static void add_candidate(ost_report_page *p, const json_t *row, const shape *s,
                          ost_report_table *t)
{
    bool chosen = json_is_true(json_object_get(row, "chosen"));
    const json_t *value = json_object_get(row, "value");

    ost_table_row(t, chosen ? "chosen" : "");
    for (size_t i = 0; i < s->n; i++)
        ost_table_text(t,
                       ost_report_words(p, json_object_get(row, s->names[i])));
    if (s->threshold)
        ost_table_number(t, json_object_get(row, "threshold"), 3, false);
    if (s->filtered) {
        add_count(t, row, "kept");
        add_count(t, row, "dropped");
    }
    if (json_is_number(value))
        ost_table_number(t, value, 3, false);
    else
        ost_table_missing(t, ost_report_text(value, "reason"));
    if (s->counted)
        add_count(t, row, "n");
    ost_table_text(t, chosen ? "chosen" : "");
}

void ost_report_choice(ost_report_page *p, const json_t *document)
{
    const json_t *candidates = json_object_get(document, "candidates");
    ost_report_table *t =
        ost_table_new(&p->arena, ost_report_id(p, "choice"), "");
    shape s = shape_of(candidates);
    ost_buf note = { 0 };

    if (json_array_size(candidates) == 0)
        return;
    add_columns(p, document, &s, t);
    for (size_t i = 0; i < json_array_size(candidates); i++)
        add_candidate(p, json_array_get(candidates, i), &s, t);
    ost_buf_adds(&note, "Chosen is ");
    ost_report_add_name(&note, ost_report_text(document, "reason"));
    ost_buf_adds(&note, s.filtered ? "; kept and dropped are items of the "
                                     "stage filter."
                                   : ".");
    t->note = ost_arena_strdup(&p->arena, ost_buf_str(&note));
    ost_report_open(p, "choice", "What was chosen");
    ost_report_table_put(p, t);
    ost_report_close(p);
    ost_buf_release(&note);
}
