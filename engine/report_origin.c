/* engine/report_origin.c - where everything in a report comes from */
#include "base/clock.h"
#include "base/text.h"
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

enum { OPEN_STEPS = 40, MOST_STEPS = 400 };

static bool is_digest(const char *text)
{
    return text && strlen(text) == OST_DIGEST_HEX - 1 &&
           strspn(text, "0123456789abcdef") == OST_DIGEST_HEX - 1;
}

/* --- facts as a list of a page ------------------------------------------- */

static void add_html_value(ost_report_page *p, const json_t *v)
{
    const char *name, *text = json_string_value(v);
    bool first = true;
    json_t *one;

    if (is_digest(text)) {
        ost_buf_addf(p->out, "<code title=\"%s\">%.16s</code>", text, text);
    } else if (json_object_size(v) > 0) {
        json_object_foreach((json_t *)(uintptr_t)v, name, one)
        {
            ost_buf_adds(p->out, first ? "<span>" : ", <span>");
            ost_buf_add_html(p->out, name);
            ost_buf_adds(p->out, "</span>");
            add_html_value(p, one);
            first = false;
        }
    } else if (json_is_string(json_array_get(v, 0))) {
        for (size_t i = 0; i < json_array_size(v); i++) {
            ost_buf_adds(p->out, i ? ", " : "");
            add_html_value(p, json_array_get(v, i));
        }
    } else {
        ost_buf_adds(p->out, "<code>");
        ost_buf_add_html(p->out, ost_report_words(p, v));
        ost_buf_adds(p->out, "</code>");
    }
}

/* The members of an object, or of an array, as a list of their own. */
static void add_html_list(ost_report_page *p, const json_t *list)
{
    const char *name;
    json_t *v;

    ost_buf_adds(p->out, "<ul class=\"members\">");
    json_object_foreach((json_t *)(uintptr_t)list, name, v)
    {
        ost_buf_adds(p->out, "<li><span>");
        ost_buf_add_html(p->out, name);
        ost_buf_adds(p->out, "</span>");
        add_html_value(p, v);
        ost_buf_adds(p->out, "</li>");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        ost_buf_adds(p->out, "<li>");
        add_html_value(p, json_array_get(list, i));
        ost_buf_adds(p->out, "</li>");
    }
    ost_buf_adds(p->out, "</ul>");
}

/* One fact: a row of the table, or of the page's list. */
static void add_fact(ost_report_page *p, ost_report_table *t, const char *name,
                     const json_t *v)
{
    if (!ost_report_is_html(p)) {
        ost_table_row(t, "");
        ost_table_text(t, ost_report_heading(p, name));
        ost_table_text(t, ost_report_words(p, v));
        return;
    }
    ost_buf_adds(p->out, "<div><dt>");
    ost_buf_add_html(p->out, ost_report_heading(p, name));
    ost_buf_adds(p->out, "</dt><dd>");
    if (json_is_object(v) || json_is_array(v))
        add_html_list(p, v);
    else
        add_html_value(p, v);
    ost_buf_adds(p->out, "</dd></div>\n");
}

static void add_text_fact(ost_report_page *p, ost_report_table *t,
                          const char *name, const char *text)
{
    json_t *v = json_string(text);

    add_fact(p, t, name, v);
    json_decref(v);
}

static void add_meta(ost_report_page *p, ost_report_table *t)
{
    const char *name;
    json_t *v;

    json_object_foreach(p->run_meta, name, v)
    {
        bool empty = (json_is_object(v) && json_object_size(v) == 0) ||
                     (json_is_array(v) && json_array_size(v) == 0) ||
                     json_is_null(v);

        if (strcmp(name, "graph") != 0 && strcmp(name, "workflow") != 0 &&
            !empty)
            add_fact(p, t, name, v);
    }
}

static void add_facts(ost_report_page *p)
{
    ost_report_table *t = ost_table_new(&p->arena, "provenance", "");
    const ost_run_record *run = p->run;
    char hex[OST_DIGEST_HEX], text[32];

    ost_table_column(t, "Fact", OST_COLUMN_TEXT);
    ost_table_column(t, "Value", OST_COLUMN_TEXT | OST_COLUMN_WRAP);
    if (ost_report_is_html(p))
        ost_buf_adds(p->out, "<dl class=\"facts\">\n");
    if (run) {
        double seconds =
            run->finished_ns > run->started_ns
                ? (double)(run->finished_ns - run->started_ns) / 1e9
                : 0;

        add_text_fact(p, t, "run", run->id);
        add_text_fact(p, t, "workflow", run->workflow);
        add_text_fact(p, t, "started", ost_wall_text(text, run->started_ns));
        add_text_fact(p, t, "took", ost_human_seconds(text, seconds));
    }
    add_meta(p, t);
    add_text_fact(p, t, "report", ost_digest_hex(p->digest, hex));
    if (ost_report_is_html(p))
        ost_buf_adds(p->out, "</dl>\n");
    else
        ost_report_table_put(p, t);
}

/* --- steps --------------------------------------------------------------- */

static const char *const verdict_words[] = { "cached", "ran", "failed",
                                             "skipped" };

static void add_step(ost_report_page *p, ost_report_table *t,
                     const ost_run_step *s)
{
    const char *verdict = s->verdict < 4 ? verdict_words[s->verdict] : "";
    char hex[OST_DIGEST_HEX], time[32];

    ost_table_row(t, verdict);
    ost_table_text(t, s->name);
    ost_table_text(t, s->stage);
    ost_table_text(t, verdict);
    ost_table_text(t, s->verdict == OST_RUN_RAN
                          ? ost_human_seconds(time, s->seconds)
                          : "");
    ost_table_text(t, s->computed > 0 || s->remembered > 0
                          ? ost_arena_printf(&p->arena, "%llu / %llu",
                                             (unsigned long long)s->computed,
                                             (unsigned long long)s->remembered)
                          : "");
    ost_table_text(
        t, ost_digest_is_zero(&s->key) ? "" : ost_digest_hex(&s->key, hex));
    t->rows[t->n_rows - 1]->cells[5].code = true;
}

static const char *steps_summary(ost_report_page *p)
{
    const ost_run_record *run = p->run;
    size_t counts[4] = { 0, 0, 0, 0 };
    const char *words;
    ost_buf text = { 0 };

    for (size_t i = 0; i < run->n_steps; i++)
        if (run->steps[i].verdict < 4)
            counts[run->steps[i].verdict]++;
    ost_report_counted(&text, run->n_steps, "step", "steps");
    for (size_t v = 0; v < 4; v++)
        if (counts[v] > 0)
            ost_buf_addf(&text, ", %zu %s", counts[v], verdict_words[v]);
    words = ost_arena_strdup(&p->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return words;
}

static void add_steps(ost_report_page *p)
{
    static const char *const names[] = {
        "Step", "Stage", "Verdict", "Time", "Items computed / remembered", "Key"
    };
    ost_report_table *t = ost_table_new(&p->arena, "steps", "");
    const ost_run_record *run = p->run;
    size_t shown = 0;

    for (size_t c = 0; c < 6; c++)
        ost_table_column(t, names[c], c < 3 ? OST_COLUMN_TEXT : 0);
    for (; shown < run->n_steps && shown < MOST_STEPS; shown++)
        add_step(p, t, &run->steps[shown]);
    if (shown < run->n_steps)
        t->note = ost_arena_printf(&p->arena,
                                   "%zu further steps are in the run's record.",
                                   run->n_steps - shown);
    if (ost_report_is_html(p))
        ost_buf_addf(p->out, "<details%s><summary>%s</summary>\n",
                     run->n_steps <= OPEN_STEPS ? " open" : "",
                     steps_summary(p));
    else
        ost_report_paragraph(p, "", steps_summary(p));
    ost_report_table_put(p, t);
    if (ost_report_is_html(p))
        ost_buf_adds(p->out, "</details>\n");
}

void ost_report_origin(ost_report_page *p)
{
    ost_report_open(p, "provenance", "Provenance");
    add_facts(p);
    if (p->run && p->run->n_steps > 0)
        add_steps(p);
    ost_report_close(p);
}
