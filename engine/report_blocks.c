/* engine/report_blocks.c - sections, words, tables and figures of a report, in
 * the format that it is written in */
#include "base/alloc.h"
#include "engine/report_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* --- files --------------------------------------------------------------- */

static bool has_file(const ost_report_files *files, const char *name)
{
    for (size_t i = 0; i < files->len; i++)
        if (strcmp(files->data[i].name, name) == 0)
            return true;
    return false;
}

ost_buf *ost_report_file_add(ost_report_files *files, const char *name,
                             const char *suffix)
{
    char *unique = ost_xprintf("%s%s", name, suffix);

    for (unsigned k = 2; has_file(files, unique); k++) {
        ost_free(unique);
        unique = ost_xprintf("%s-%u%s", name, k, suffix);
    }
    ost_vec_push(files, (ost_report_file){ .name = unique });
    return &files->data[files->len - 1].content;
}

void ost_report_files_release(ost_report_files *files)
{
    for (size_t i = 0; i < files->len; i++) {
        ost_free(files->data[i].name);
        ost_buf_release(&files->data[i].content);
    }
    ost_vec_release(files);
}

const char *ost_report_id(ost_report_page *p, const char *name)
{
    return ost_arena_printf(&p->arena, "%s%s", p->part ? p->part : "", name);
}

/* --- words --------------------------------------------------------------- */

void ost_report_add_name(ost_buf *words, const char *name)
{
    for (; *name; name++)
        ost_buf_addc(words, (unsigned char)*name < 0x20 ? ' ' : *name);
}

void ost_words_html(ost_buf *out, const char *words)
{
    static const char *const tags[] = { "",      "",         "<em>",
                                        "</em>", "<strong>", "</strong>" };

    for (const char *p = words; *p; p++) {
        char one[2] = { *p, 0 };

        if (*p >= 2 && *p <= 5)
            ost_buf_adds(out, tags[(int)*p]);
        else
            ost_buf_add_html(out, one);
    }
}

void ost_words_markdown(ost_buf *out, const char *words)
{
    for (const char *p = words; *p; p++) {
        if (*p == 2 || *p == 3)
            ost_buf_addc(out, '*');
        else if (*p == 4 || *p == 5)
            ost_buf_adds(out, "**");
        else if (*p == '&' && (isalnum((unsigned char)p[1]) || p[1] == '#'))
            ost_buf_adds(out, "\\&"); /* no entity */
        else if (strchr("\\`*_[]<>|#~", *p)) {
            ost_buf_addc(out, '\\');
            ost_buf_addc(out, *p);
        } else
            ost_buf_addc(out, *p == '\n' ? ' ' : *p);
    }
}

void ost_report_paragraph(ost_report_page *p, const char *class,
                          const char *words)
{
    if (!*words)
        return;
    if (ost_report_is_html(p)) {
        ost_buf_adds(p->out, "<p");
        if (*class)
            ost_buf_addf(p->out, " class=\"%s\"", class);
        ost_buf_addc(p->out, '>');
        ost_words_html(p->out, words);
        ost_buf_adds(p->out, "</p>\n");
    } else if (p->format == OST_REPORT_MARKDOWN) {
        ost_words_markdown(p->out, words);
        ost_buf_adds(p->out, "\n\n");
    }
}

void ost_report_list(ost_report_page *p, const char *class, const json_t *texts)
{
    bool html = ost_report_is_html(p);

    if (json_array_size(texts) == 0 ||
        (!html && p->format != OST_REPORT_MARKDOWN))
        return;
    if (html)
        ost_buf_addf(p->out, "<ul class=\"%s\">\n", class);
    for (size_t i = 0; i < json_array_size(texts); i++) {
        ost_buf words = { 0 };

        ost_report_add_name(&words,
                            ost_report_words(p, json_array_get(texts, i)));
        ost_buf_adds(p->out, html ? "<li>" : "- ");
        (html ? ost_words_html : ost_words_markdown)(p->out,
                                                     ost_buf_str(&words));
        ost_buf_adds(p->out, html ? "</li>\n" : "\n");
        ost_buf_release(&words);
    }
    ost_buf_adds(p->out, html ? "</ul>\n" : "\n");
}

/* --- sections ------------------------------------------------------------ */

void ost_report_open(ost_report_page *p, const char *id, const char *title)
{
    unsigned n = ++p->ids;

    if (ost_report_is_html(p)) {
        ost_buf_addf(p->out,
                     "<section id=\"%s%u\" aria-labelledby=\"h-%s%u\">\n", id,
                     n, id, n);
        ost_buf_addf(p->out, "<h2 id=\"h-%s%u\">", id, n);
        ost_buf_add_html(p->out, title);
        ost_buf_adds(p->out, "</h2>\n");
    } else if (p->format == OST_REPORT_MARKDOWN) {
        ost_buf_adds(p->out, "## ");
        ost_words_markdown(p->out, title);
        ost_buf_adds(p->out, "\n\n");
    }
}

void ost_report_close(ost_report_page *p)
{
    if (ost_report_is_html(p))
        ost_buf_adds(p->out, "</section>\n");
}

/* --- tables and figures -------------------------------------------------- */

void ost_report_table_put(ost_report_page *p, const ost_report_table *t)
{
    switch (p->format) {
    case OST_REPORT_HTML:
        ost_table_html(p->out, t);
        break;
    case OST_REPORT_MARKDOWN:
        ost_table_markdown(p->out, t);
        break;
    case OST_REPORT_CSV:
        ost_table_csv(ost_report_file_add(p->files, t->id, ".csv"), t);
        break;
    case OST_REPORT_LATEX:
        ost_table_latex(ost_report_file_add(p->files, t->id, ".tex"), t);
        break;
    case OST_REPORT_JSON:
    case OST_REPORT_FIGURES:
        break;
    }
}

static void add_key(ost_buf *out, const ost_figure_entry *k)
{
    ost_buf_adds(out, "<li><svg class=\"key\" viewBox=\"0 0 22 8\" "
                      "width=\"22\" height=\"8\" aria-hidden=\"true\">");
    ost_buf_adds(out, k->swatch);
    ost_buf_addf(out, "</svg><span%s>",
                 *k->value || *k->small ? "" : " class=\"all\"");
    ost_buf_add_html(out, k->name);
    ost_buf_adds(out, "</span>");
    if (*k->value || *k->small) {
        ost_buf_adds(out, "<b>");
        ost_buf_add_html(out, k->value);
        ost_buf_adds(out, "</b><small>");
        ost_buf_add_html(out, k->small);
        ost_buf_adds(out, "</small>");
    }
    ost_buf_adds(out, "</li>\n");
}

static void add_html_figure(ost_report_page *p, const ost_report_figure *f)
{
    unsigned id = ++p->ids;
    ost_buf *out = p->out;

    ost_buf_addf(out, "<figure class=\"plot%s%s%s\">\n",
                 f->below ? " below" : "", *f->frame ? " " : "", f->frame);
    if (*f->title) {
        ost_buf_adds(out, "<figcaption>");
        ost_buf_add_html(out, f->title);
        ost_buf_adds(out, "</figcaption>\n");
    }
    ost_buf_addf(out, "<svg class=\"%s\" viewBox=\"0 0 ", f->class);
    ost_svg_number(out, f->width);
    ost_buf_addc(out, ' ');
    ost_svg_number(out, f->height);
    ost_buf_addc(out, '"');
    ost_svg_attr(out, "width", f->width);
    ost_svg_attr(out, "height", f->height);
    ost_buf_addf(out,
                 " role=\"img\" aria-labelledby=\"t%u d%u\">\n"
                 "<title id=\"t%u\">",
                 id, id, id);
    ost_buf_add_html(out, *f->title ? f->title : f->id);
    ost_buf_addf(out, "</title><desc id=\"d%u\">", id);
    ost_buf_add_html(out, f->description);
    ost_buf_adds(out, "</desc>\n");
    ost_buf_adds(out, ost_buf_str(&f->body));
    ost_buf_adds(out, "</svg>\n");
    if (f->n_keys > 0) {
        ost_buf_addf(out, "<ul class=\"keys%s\">\n", f->below ? " inline" : "");
        for (size_t i = 0; i < f->n_keys; i++)
            add_key(out, &f->keys[i]);
        ost_buf_adds(out, "</ul>\n");
    }
    ost_buf_adds(out, "</figure>\n");
}

/* Markdown has no drawings: it says what they are of, and their keys. */
static void add_words_of_figure(ost_report_page *p, const ost_report_figure *f)
{
    ost_report_paragraph(p, "", f->description);
    for (size_t i = 0; i < f->n_keys; i++) {
        ost_buf words = { 0 };

        ost_report_add_name(&words, ost_figure_key_text(f, i));
        ost_buf_adds(p->out, "- ");
        ost_words_markdown(p->out, ost_buf_str(&words));
        ost_buf_addc(p->out, '\n');
        ost_buf_release(&words);
    }
    ost_buf_adds(p->out, f->n_keys > 0 ? "\n" : "");
}

void ost_report_figure_put(ost_report_page *p, ost_report_figure *f)
{
    if (ost_report_is_html(p))
        add_html_figure(p, f);
    else if (p->format == OST_REPORT_MARKDOWN)
        add_words_of_figure(p, f);
    else if (p->format == OST_REPORT_FIGURES)
        ost_figure_svg(ost_report_file_add(p->files, f->id, ".svg"), f);
    ost_figure_release(f);
}

/* --- what figures share -------------------------------------------------- */

const char *ost_report_series(ost_report_page *p, size_t i, const char *more)
{
    return ost_arena_printf(&p->arena, "line s%zu d%zu%s",
                            i % OST_REPORT_COLORS, i / OST_REPORT_COLORS % 6,
                            more);
}

void ost_report_line_key(ost_report_page *p, ost_report_figure *f,
                         const char *class, const char *name,
                         const json_t *number, const json_t *interval)
{
    ost_buf value = { 0 }, small = { 0 };

    if (number)
        ost_report_rate(&value, number);
    ost_report_interval(&small, interval);
    ost_figure_key(f,
                   ost_arena_printf(
                       &p->arena, "<path class=\"%s\" d=\"M1 4H21\"/>", class),
                   name, ost_buf_str(&value), ost_buf_str(&small));
    ost_buf_release(&value);
    ost_buf_release(&small);
}
