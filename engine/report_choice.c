/* engine/report_choice.c - which candidate was chosen, and why
 *
 * A line for each candidate: where it stands on its axes, how many items a
 * filter kept and dropped for it, what it was measured by.  Choices of one name
 * that differ in their axes (folds) stand in one table.
 */
#include "engine/report_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MOST_AXES = 16 };

typedef struct {
    const char *of[MOST_AXES]; /* axes of the choices, when there are several */
    size_t n_of;
    const char *names[MOST_AXES]; /* axes of the candidates */
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

static void note_candidates(shape *s, const json_t *candidates)
{
    for (size_t i = 0; i < json_array_size(candidates); i++) {
        json_t *row = json_array_get(candidates, i), *ignored;
        const json_t *threshold = json_object_get(row, "threshold");
        const char *name;

        json_object_foreach(row, name, ignored)
        {
            if (is_axis(name))
                note_axis(s, name);
        }
        s->filtered |= json_is_integer(json_object_get(row, "kept"));
        s->counted |= json_is_integer(json_object_get(row, "n"));
        s->threshold |= json_is_number(threshold) &&
                        !says(row, s, json_number_value(threshold));
    }
}

/* --- choices of one name -------------------------------------------------- */

static bool is_choice(const json_t *entry)
{
    return strcmp(ost_report_text(json_object_get(entry, "document"), "kind"),
                  "choice") == 0;
}

static bool same_name(const json_t *a, const json_t *b)
{
    return is_choice(a) && is_choice(b) &&
           strcmp(ost_report_text(a, "name"), ost_report_text(b, "name")) == 0;
}

size_t ost_report_choices(ost_report_page *p, size_t i, bool *first)
{
    const json_t *all = json_object_get(p->doc, "metrics");
    const json_t *entry = json_array_get(all, i);
    size_t n = 0;

    *first = true;
    for (size_t k = 0; k < json_array_size(all); k++)
        if (same_name(json_array_get(all, k), entry)) {
            *first &= k >= i;
            n++;
        }
    return n;
}

/* The entry of the page that a document is of. */
static const json_t *entry_of(const ost_report_page *p, const json_t *document)
{
    const json_t *all = json_object_get(p->doc, "metrics");

    for (size_t i = 0; i < json_array_size(all); i++)
        if (json_object_get(json_array_get(all, i), "document") == document)
            return json_array_get(all, i);
    return NULL;
}

static void note_choices(shape *s, const json_t *entry)
{
    const json_t *axes = json_object_get(entry, "axes");
    const char *name;
    json_t *ignored;

    json_object_foreach((json_t *)(uintptr_t)axes, name, ignored)
    {
        if (s->n_of < MOST_AXES)
            s->of[s->n_of++] = name;
    }
}

/* --- the table ----------------------------------------------------------- */

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
    for (size_t i = 0; i < s->n_of; i++)
        ost_table_column(t, ost_report_heading(p, s->of[i]), OST_COLUMN_TEXT);
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

static void add_candidate(ost_report_page *p, const json_t *entry,
                          const json_t *row, const shape *s,
                          ost_report_table *t)
{
    bool chosen = json_is_true(json_object_get(row, "chosen"));
    const json_t *value = json_object_get(row, "value");

    ost_table_row(t, chosen ? "chosen" : "");
    for (size_t i = 0; i < s->n_of; i++)
        ost_table_text(
            t, ost_report_text(json_object_get(entry, "axes"), s->of[i]));
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

static void add_choice(ost_report_page *p, const json_t *entry, const shape *s,
                       ost_report_table *t, ost_buf *note)
{
    const json_t *document = json_object_get(entry, "document");
    const json_t *candidates = json_object_get(document, "candidates");

    for (size_t i = 0; i < json_array_size(candidates); i++)
        add_candidate(p, entry, json_array_get(candidates, i), s, t);
    ost_buf_adds(note, note->len ? "; " : "Chosen is ");
    for (size_t i = 0; i < s->n_of; i++) {
        ost_buf_addf(note, "%s ", s->of[i]);
        ost_report_add_name(
            note, ost_report_text(json_object_get(entry, "axes"), s->of[i]));
        ost_buf_adds(note, i + 1 < s->n_of ? ", " : ": ");
    }
    ost_report_add_name(note, ost_report_text(document, "reason"));
}

void ost_report_choice(ost_report_page *p, const json_t *document)
{
    const json_t *all = json_object_get(p->doc, "metrics");
    const json_t *first = entry_of(p, document);
    ost_report_table *t =
        ost_table_new(&p->arena, ost_report_id(p, "choice"), "");
    ost_buf note = { 0 };
    shape s = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *entry = json_array_get(all, i);

        n += same_name(entry, first);
        if (same_name(entry, first))
            note_candidates(&s,
                            json_object_get(json_object_get(entry, "document"),
                                            "candidates"));
    }
    if (n > 1)
        note_choices(&s, first);
    add_columns(p, document, &s, t);
    for (size_t i = 0; i < json_array_size(all); i++)
        if (same_name(json_array_get(all, i), first))
            add_choice(p, json_array_get(all, i), &s, t, &note);
    ost_buf_adds(&note, s.filtered ? "; kept and dropped are items of the "
                                     "stage filter."
                                   : ".");
    t->note = ost_arena_strdup(&p->arena, ost_buf_str(&note));
    if (t->n_rows > 0) {
        ost_report_open(p, "choice", "What was chosen");
        ost_report_table_put(p, t);
        ost_report_close(p);
    }
    ost_buf_release(&note);
}
