/* engine/report_render.c - a report from top to bottom */
#include "base/clock.h"
#include "engine/report.h"
#include "engine/report_color.h"
#include "engine/report_impl.h"

#include <ctype.h>
#include <string.h>

#include "base/banned.h"

static const char *page_title(const ost_report_page *p)
{
    const char *title = ost_report_text(p->doc, "title");

    if (*title)
        return title;
    return p->run && *p->run->workflow ? p->run->workflow : "Report";
}

static void add_style(ost_buf *out)
{
    ost_buf_adds(out, ":root { color-scheme: light dark;");
    ost_report_colors(out, false);
    ost_buf_adds(out, " }\n@media (prefers-color-scheme: dark) { :root {");
    ost_report_colors(out, true);
    ost_buf_adds(out, " } }\n@media print { :root { color-scheme: light;");
    ost_report_colors(out, false);
    ost_buf_adds(out, " } }\n");
    for (size_t i = 0; ost_figure_style[i]; i++) {
        ost_buf_adds(out, ost_figure_style[i]);
        ost_buf_addc(out, '\n');
    }
    for (size_t i = 0; ost_report_style[i]; i++) {
        ost_buf_adds(out, ost_report_style[i]);
        ost_buf_addc(out, '\n');
    }
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
    add_style(out);
    ost_buf_adds(out, "</style>\n</head>\n<body>\n");
}

static void add_title(ost_report_page *p)
{
    char time[32] = "";

    if (p->run)
        ost_wall_text(time, p->run->finished_ns);
    if (ost_report_is_html(p)) {
        ost_buf_adds(p->out, "<header>\n<p class=\"masthead\"><span>osteon "
                             "report</span>");
        if (p->run)
            ost_buf_addf(p->out, "<time datetime=\"%s\">%.10s, %.5s UTC</time>",
                         time, time, time + 11);
        ost_buf_adds(p->out, "</p>\n<h1>");
        ost_buf_add_html(p->out, page_title(p));
        ost_buf_adds(p->out, "</h1>\n");
    } else if (p->format == OST_REPORT_MARKDOWN) {
        ost_buf_adds(p->out, "# ");
        ost_words_markdown(p->out, page_title(p));
        if (p->run)
            ost_buf_addf(p->out, "\n\nosteon report, %.10s, %.5s UTC", time,
                         time + 11);
        ost_buf_adds(p->out, "\n\n");
    }
}

static void add_masthead(ost_report_page *p)
{
    ost_buf statement = { 0 };

    add_title(p);
    ost_report_add_name(&statement, ost_report_text(p->doc, "statement"));
    ost_report_paragraph(p, "statement", ost_buf_str(&statement));
    ost_report_study(p);
    if (ost_report_is_html(p))
        ost_buf_adds(p->out, "</header>\n<main>\n");
    ost_buf_release(&statement);
}

/* "ours, fold 0" as the beginning of a file's name: "ours-fold-0-". */
static const char *part_name(ost_report_page *p, const char *name, size_t i)
{
    char *part = ost_arena_printf(&p->arena, "%s-", name);
    bool plain = true;

    for (char *c = part; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_') {
            plain &= *c == ' ' || *c == ',' || *c == '-';
            *c = '-';
        }
    return plain && strlen(part) < 60
               ? part
               : ost_arena_printf(&p->arena, "metrics%zu-", i + 1);
}

/* The parts that are there once per metrics document. */
static void add_metrics(ost_report_page *p)
{
    const json_t *all = json_object_get(p->doc, "metrics");
    size_t n = json_array_size(all);

    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(all, i);
        const char *name = ost_report_entry_name(p, entry, i);
        bool first;

        if (ost_report_choices(p, i, &first) > 1 &&
            *ost_report_text(entry, "name"))
            name = ost_report_text(entry, "name");
        if (!first || ost_report_is_in_quality(p, entry))
            continue;
        if (n > 1) {
            p->part = part_name(p, name, i);
            if (ost_report_is_html(p)) {
                ost_buf_adds(p->out, "<h2 class=\"arm\">");
                ost_buf_add_html(p->out, name);
                ost_buf_adds(p->out, "</h2>\n");
            } else if (p->format == OST_REPORT_MARKDOWN) {
                ost_buf_adds(p->out, "# ");
                ost_words_markdown(p->out, name);
                ost_buf_adds(p->out, "\n\n");
            }
        }
        ost_report_metrics(p, json_object_get(entry, "document"));
    }
    p->part = NULL;
}

static ost_rc add_page(ost_report_page *p, ost_err *err)
{
    ost_rc rc;

    if (ost_report_is_html(p))
        add_head(p);
    add_masthead(p);
    ost_report_published(p);
    ost_report_flow(p);
    add_metrics(p);
    ost_report_training(p);
    ost_report_quality(p);
    rc = ost_report_grids(p, err);
    if (!rc)
        rc = ost_report_examples(p, err);
    if (!rc)
        rc = ost_report_outlines(p, err);
    if (!rc)
        rc = ost_report_generated(p, err);
    if (!rc)
        rc = ost_report_neighbors(p, err);
    if (rc)
        return rc;
    ost_report_graph(p);
    ost_report_notes(p);
    ost_report_checklists(p);
    ost_report_origin(p);
    if (ost_report_is_html(p))
        ost_buf_adds(p->out, "</main>\n</body>\n</html>\n");
    return OST_OK;
}

static ost_rc read_document(ost_report_page *p, ost_artifact *a, json_t **doc,
                            ost_err *err)
{
    ost_rc rc = ost_artifact_get(p->batch, p->digest, &p->arena, a, err);

    if (rc)
        return rc;
    if (a->type != OST_REPORT)
        return ost_fail(err, OST_EINPUT, "a report was expected, not %s",
                        ost_artifact_type_name(a->type));
    *doc = json_loads(a->meta, 0, NULL);
    if (!json_is_object(*doc))
        return ost_fail(err, OST_EINPUT, "the report is not a JSON object");
    return OST_OK;
}

ost_rc ost_report_write(ost_batch *b, const ost_digest *artifact,
                        const ost_run_record *run, ost_report_format format,
                        ost_report_files *files, ost_err *err)
{
    static const char *const suffixes[] = { ".html", ".md", ".json" };
    ost_buf words = { 0 };
    ost_report_page p = { .format = format,
                          .out = &words,
                          .files = files,
                          .run = run,
                          .digest = artifact,
                          .batch = b };
    ost_artifact a;
    json_t *doc = NULL;
    ost_rc rc;

    rc = read_document(&p, &a, &doc, err);
    if (rc)
        goto out;
    p.doc = doc;
    p.artifact = &a;
    if (run)
        p.run_meta = json_loads(run->meta, 0, NULL);
    if (format == OST_REPORT_JSON)
        ost_report_json(&p);
    else
        rc = add_page(&p, err);
    if (!rc && format <= OST_REPORT_JSON) {
        *ost_report_file_add(files, "report", suffixes[format]) = words;
        words = (ost_buf){ 0 };
    }
out:
    ost_buf_release(&words);
    json_decref(doc);
    json_decref(p.run_meta);
    ost_arena_release(&p.arena);
    return rc;
}

ost_rc ost_report_render(ost_batch *b, const ost_digest *artifact,
                         const ost_run_record *run, ost_buf *html, ost_err *err)
{
    ost_report_files files = { 0 };
    ost_rc rc;

    rc = ost_report_write(b, artifact, run, OST_REPORT_HTML, &files, err);
    if (!rc)
        ost_buf_add(html, files.data[0].content.data,
                    files.data[0].content.len);
    ost_report_files_release(&files);
    return rc;
}
