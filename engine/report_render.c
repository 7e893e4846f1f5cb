/* engine/report_render.c - a report page from top to bottom */
#include "base/clock.h"
#include "base/text.h"
#include "engine/report.h"
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

static const char *page_title(const ost_report_page *p)
{
    const char *title = ost_report_text(p->doc, "title");

    if (*title)
        return title;
    return p->run && *p->run->workflow ? p->run->workflow : "Report";
}

static void add_head(ost_report_page *p)
{
    ost_buf *out = p->out;

    ost_buf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                      "<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, "
                      "initial-scale=1\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\""
                      "default-src 'none'; style-src 'unsafe-inline'; "
                      "img-src data:\">\n"
                      "<meta name=\"generator\" content=\"osteon\">\n<title>");
    ost_buf_add_html(out, page_title(p));
    ost_buf_adds(out, "</title>\n<style>\n");
    for (size_t i = 0; ost_report_style[i]; i++) {
        ost_buf_adds(out, ost_report_style[i]);
        ost_buf_addc(out, '\n');
    }
    ost_buf_adds(out, "</style>\n</head>\n<body>\n");
}

/* What the reader must know before any number. */
static void add_statement(ost_report_page *p)
{
    const char *text = ost_report_text(p->doc, "statement");

    if (!*text)
        return;
    ost_buf_adds(p->out, "<p class=\"statement\" role=\"note\">");
    ost_buf_add_html(p->out, text);
    ost_buf_adds(p->out, "</p>\n");
}

static void add_masthead(ost_report_page *p)
{
    char time[32];

    ost_buf_adds(p->out, "<header>\n<p class=\"masthead\"><span>osteon "
                         "report</span>");
    if (p->run) {
        ost_wall_text(time, p->run->finished_ns);
        ost_buf_addf(p->out, "<time datetime=\"%s\">%.10s, %.5s UTC</time>",
                     time, time, time + 11);
    }
    ost_buf_adds(p->out, "</p>\n<h1>");
    ost_buf_add_html(p->out, page_title(p));
    ost_buf_adds(p->out, "</h1>\n");
    add_statement(p);
    ost_report_study(p);
    ost_buf_adds(p->out, "</header>\n<main>\n");
}

/* The parts that are drawn once per metrics document. */
static void add_metrics(ost_report_page *p)
{
    const json_t *all = json_object_get(p->doc, "metrics");
    size_t n = json_array_size(all);

    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(all, i);
        const json_t *document = json_object_get(entry, "document");

        if (n > 1) {
            ost_buf_adds(p->out, "<h2 class=\"arm\">");
            ost_report_entry_name(p->out, entry, i);
            ost_buf_adds(p->out, "</h2>\n");
        }
        ost_report_numbers(p, document);
        if (!ost_report_is_evaluation(document))
            continue;
        ost_buf_adds(p->out, "<div class=\"pair\">\n");
        ost_report_roc(p, document);
        ost_report_confusion(p, document);
        ost_buf_adds(p->out, "</div>\n");
    }
}

static ost_rc add_page(ost_report_page *p, ost_err *err)
{
    ost_rc rc;

    add_head(p);
    add_masthead(p);
    ost_report_published(p);
    ost_report_graph(p);
    add_metrics(p);
    ost_report_training(p);
    rc = ost_report_examples(p, err);
    if (rc)
        return rc;
    ost_report_origin(p);
    ost_buf_adds(p->out, "</main>\n</body>\n</html>\n");
    return OST_OK;
}

ost_rc ost_report_render(ost_batch *b, const ost_digest *artifact,
                         const ost_run_record *run, ost_buf *html, ost_err *err)
{
    ost_report_page p = {
        .out = html, .run = run, .digest = artifact, .batch = b
    };
    ost_artifact a;
    json_t *doc = NULL;
    ost_rc rc;

    rc = ost_artifact_get(b, artifact, &p.arena, &a, err);
    if (rc)
        goto out;
    if (a.type != OST_REPORT) {
        rc = ost_fail(err, OST_EINPUT, "a report was expected, not %s",
                      ost_artifact_type_name(a.type));
        goto out;
    }
    doc = json_loads(a.meta, 0, NULL);
    if (!json_is_object(doc)) {
        rc = ost_fail(err, OST_EINPUT, "the report is not a JSON object");
        goto out;
    }
    p.doc = doc;
    p.artifact = &a;
    if (run)
        p.run_meta = json_loads(run->meta, 0, NULL);
    rc = add_page(&p, err);
out:
    json_decref(doc);
    json_decref(p.run_meta);
    ost_arena_release(&p.arena);
    return rc;
}
