/* engine/report_origin.c - where everything on the page comes from */
#include "base/clock.h"
#include "base/text.h"
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

enum { OPEN_STEPS = 40, MOST_STEPS = 400 };

static void row(ost_buf *out, const char *name)
{
    ost_buf_adds(out, "<div><dt>");
    ost_report_heading(out, name);
    ost_buf_adds(out, "</dt><dd>");
}

static void end_row(ost_buf *out)
{
    ost_buf_adds(out, "</dd></div>\n");
}

static bool is_digest(const char *text)
{
    return text && strlen(text) == OST_DIGEST_HEX - 1 &&
           strspn(text, "0123456789abcdef") == OST_DIGEST_HEX - 1;
}

/* A value in a list; the members of an object follow each other. */
static void add_value(ost_buf *out, const json_t *v)
{
    const char *name, *text = json_string_value(v);
    bool first = true;
    json_t *one;

    if (is_digest(text)) {
        ost_buf_addf(out, "<code title=\"%s\">%.16s</code>", text, text);
    } else if (json_object_size(v) > 0) {
        json_object_foreach((json_t *)v, name, one)
        {
            ost_buf_adds(out, first ? "<span>" : ", <span>");
            ost_buf_add_html(out, name);
            ost_buf_adds(out, "</span>");
            add_value(out, one);
            first = false;
        }
    } else {
        ost_buf_adds(out, "<code>");
        ost_report_value(out, v);
        ost_buf_adds(out, "</code>");
    }
}

/* The members of an object, or of an array, as a list of their own. */
static void add_list(ost_buf *out, const json_t *list)
{
    const char *name;
    json_t *v;

    ost_buf_adds(out, "<ul class=\"members\">");
    json_object_foreach((json_t *)list, name, v)
    {
        ost_buf_adds(out, "<li><span>");
        ost_buf_add_html(out, name);
        ost_buf_adds(out, "</span>");
        add_value(out, v);
        ost_buf_adds(out, "</li>");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        ost_buf_adds(out, "<li>");
        add_value(out, json_array_get(list, i));
        ost_buf_adds(out, "</li>");
    }
    ost_buf_adds(out, "</ul>");
}

static void add_meta(ost_report_page *p)
{
    const char *name;
    json_t *v;

    json_object_foreach(p->run_meta, name, v)
    {
        bool empty = (json_is_object(v) && json_object_size(v) == 0) ||
                     (json_is_array(v) && json_array_size(v) == 0) ||
                     json_is_null(v);

        if (strcmp(name, "graph") == 0 || strcmp(name, "workflow") == 0 ||
            empty)
            continue;
        row(p->out, name);
        if (json_is_object(v) || json_is_array(v))
            add_list(p->out, v);
        else
            add_value(p->out, v);
        end_row(p->out);
    }
}

static void add_run(ost_report_page *p)
{
    const ost_run_record *run = p->run;
    char text[32];

    row(p->out, "run");
    ost_buf_adds(p->out, "<code>");
    ost_buf_add_html(p->out, run->id);
    ost_buf_adds(p->out, "</code>");
    end_row(p->out);
    row(p->out, "workflow");
    ost_buf_add_html(p->out, run->workflow);
    end_row(p->out);
    row(p->out, "started");
    ost_buf_addf(p->out, "<time datetime=\"%s\">%s</time>",
                 ost_wall_text(text, run->started_ns), text);
    end_row(p->out);
    row(p->out, "took");
    ost_buf_adds(
        p->out,
        ost_human_seconds(
            text, run->finished_ns > run->started_ns
                      ? (double)(run->finished_ns - run->started_ns) / 1e9
                      : 0));
    end_row(p->out);
}

/* --- steps -------------------------------------------------------------- */

static const char *const verdict_words[] = { "cached", "ran", "failed",
                                             "skipped" };

static void add_step(ost_buf *out, const ost_run_step *s)
{
    const char *verdict = s->verdict < 4 ? verdict_words[s->verdict] : "";
    char hex[OST_DIGEST_HEX], time[32];

    ost_buf_addf(out, "<tr class=\"%s\"><th scope=\"row\">", verdict);
    ost_buf_add_html(out, s->name);
    ost_buf_adds(out, "</th><td>");
    ost_buf_add_html(out, s->stage);
    ost_buf_addf(out, "</td><td>%s</td><td>", verdict);
    if (s->verdict == OST_RUN_RAN)
        ost_buf_adds(out, ost_human_seconds(time, s->seconds));
    ost_buf_adds(out, "</td><td>");
    if (s->computed > 0 || s->remembered > 0) {
        ost_report_count(out, s->computed);
        ost_buf_adds(out, " / ");
        ost_report_count(out, s->remembered);
    }
    ost_buf_adds(out, "</td><td>");
    if (!ost_digest_is_zero(&s->key)) {
        ost_digest_hex(&s->key, hex);
        ost_buf_addf(out, "<code title=\"%s\">%.16s</code>", hex, hex);
    }
    ost_buf_adds(out, "</td></tr>\n");
}

static void add_steps(ost_report_page *p)
{
    const ost_run_record *run = p->run;
    size_t counts[4] = { 0, 0, 0, 0 }, shown = 0;

    for (size_t i = 0; i < run->n_steps; i++)
        if (run->steps[i].verdict < 4)
            counts[run->steps[i].verdict]++;
    ost_buf_addf(p->out, "<details%s><summary>",
                 run->n_steps <= OPEN_STEPS ? " open" : "");
    ost_report_counted(p->out, run->n_steps, "step", "steps");
    for (size_t v = 0; v < 4; v++) {
        if (counts[v] == 0)
            continue;
        ost_buf_adds(p->out, ", ");
        ost_report_count(p->out, counts[v]);
        ost_buf_addf(p->out, " %s", verdict_words[v]);
    }
    ost_buf_adds(p->out,
                 "</summary>\n<div class=\"wide\" tabindex=\"0\"><table "
                 "class=\"steps\">\n<thead><tr><th scope=\"col\">Step</th><th "
                 "scope=\"col\">Stage</th><th scope=\"col\">Verdict</th><th "
                 "scope=\"col\">Time</th><th scope=\"col\">Items computed / "
                 "remembered</th><th scope=\"col\">Key</th></tr></thead>\n"
                 "<tbody>\n");
    for (; shown < run->n_steps && shown < MOST_STEPS; shown++)
        add_step(p->out, &run->steps[shown]);
    ost_buf_adds(p->out, "</tbody></table></div>\n");
    if (shown < run->n_steps) {
        ost_buf_adds(p->out, "<p class=\"note\">");
        ost_report_counted(p->out, run->n_steps - shown, "further step is",
                           "further steps are");
        ost_buf_adds(p->out, " in the run's record.</p>\n");
    }
    ost_buf_adds(p->out, "</details>\n");
}

void ost_report_origin(ost_report_page *p)
{
    char hex[OST_DIGEST_HEX];

    ost_report_open(p, "provenance", "Provenance");
    ost_buf_adds(p->out, "<dl class=\"facts\">\n");
    if (p->run)
        add_run(p);
    add_meta(p);
    row(p->out, "report");
    ost_buf_addf(p->out, "<code class=\"long\">%s</code>",
                 ost_digest_hex(p->digest, hex));
    end_row(p->out);
    ost_buf_adds(p->out, "</dl>\n");
    if (p->run && p->run->n_steps > 0)
        add_steps(p);
    ost_report_close(p);
}
