/* engine/report_figure.c - drawings as files, and how wide texts are */
#include "engine/report_figure.h"

#include "base/text.h"
#include "engine/report_color.h"
#include "engine/report_svg.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { MARGIN = 12, TITLE = 24, KEY_LINE = 19, KEY_SIZE = 12 };

ost_report_figure *ost_figure_new(ost_arena *arena, const char *id,
                                  const char *title, const char *description,
                                  const char *class, double width,
                                  double height)
{
    ost_report_figure *f = OST_ARENA_NEW(arena, ost_report_figure);

    *f = (ost_report_figure){
        .arena = arena,
        .id = ost_arena_strdup(arena, id),
        .title = ost_arena_strdup(arena, title),
        .description = ost_arena_strdup(arena, description),
        .class = class,
        .frame = "",
        .width = width,
        .height = height,
    };
    return f;
}

void ost_figure_key(ost_report_figure *f, const char *swatch, const char *name,
                    const char *value, const char *small)
{
    if (f->n_keys == f->room) {
        ost_figure_entry *more;

        f->room = f->room ? 2 * f->room : 8;
        more = OST_ARENA_ARRAY(f->arena, ost_figure_entry, f->room);
        if (f->n_keys > 0)
            memcpy(more, f->keys, f->n_keys * sizeof(*more));
        f->keys = more;
    }
    f->keys[f->n_keys++] = (ost_figure_entry){
        ost_arena_strdup(f->arena, swatch),
        ost_arena_strdup(f->arena, name),
        ost_arena_strdup(f->arena, value),
        ost_arena_strdup(f->arena, small),
    };
}

void ost_figure_release(ost_report_figure *f)
{
    ost_buf_release(&f->body);
}

/* --- widths -------------------------------------------------------------- */

/* Of the printable ASCII in DejaVu Sans, the widest of the fonts that figures
 * ask for, in hundredths of the size. */
static const unsigned char widths[95] = {
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36,  32, 34, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63,
    58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63,  61, 73, 68, 99, 69,
    61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35,  63, 63, 28, 28, 58,
    28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59,  52, 64, 34, 64, 84,
};

/* Width of the character at `p`, and its length in bytes. */
static double letter_width(const char *p, size_t *len)
{
    unsigned char c = (unsigned char)*p;

    *len = ost_utf8_len(p, strlen(p));
    *len = *len ? *len : 1;
    if (c >= 32 && c < 127)
        return widths[c - 32] / 100.0;
    return *len > 2 && c >= 0xe3 ? 1.0 : 0.84;
}

double ost_text_width(const char *text, double size)
{
    double sum = 0;
    size_t len;

    for (const char *p = text; *p; p += len)
        sum += letter_width(p, &len);
    return sum * size;
}

const char *ost_text_fit(ost_arena *arena, const char *text, double size,
                         double width)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    double room = width - 1.0 * size, sum = 0;
    const char *p = text;
    size_t len;

    if (ost_text_width(text, size) <= width)
        return ost_arena_strdup(arena, text);
    while (*p) {
        double w = letter_width(p, &len) * size;

        if (sum + w > room)
            break;
        sum += w;
        p += len;
    }
    return ost_arena_printf(arena, "%.*s%s", (int)(p - text), text, ellipsis);
}

/* --- a file -------------------------------------------------------------- */

const char *ost_figure_key_text(const ost_report_figure *f, size_t i)
{
    const ost_figure_entry *k = &f->keys[i];
    bool ends = *k->small && *k->value && (unsigned char)*k->small != 0xc2;

    return ost_arena_printf(f->arena, "%s%s%s%s%s%s", k->name,
                            *k->value ? ": " : "", k->value,
                            ends        ? " ("
                            : *k->small ? " "
                                        : "",
                            k->small, ends ? ")" : "");
}

/* How many keys stand side by side. */
static size_t key_columns(const ost_report_figure *f)
{
    double widest = 1;
    size_t columns;

    for (size_t i = 0; i < f->n_keys; i++)
        widest = fmax(widest,
                      50 + ost_text_width(ost_figure_key_text(f, i), KEY_SIZE));
    columns = (size_t)fmax(1, floor(f->width / widest));
    return columns < f->n_keys ? columns : f->n_keys ? f->n_keys : 1;
}

static void add_keys(ost_buf *out, const ost_report_figure *f)
{
    size_t columns = key_columns(f);
    double step = f->width / (double)columns;

    for (size_t i = 0; i < f->n_keys; i++) {
        double x = step * (double)(i % columns);
        double y =
            f->height + KEY_LINE * (double)(i / columns) + KEY_LINE / 2.0;

        ost_buf_adds(out, "<g transform=\"translate(");
        ost_svg_number(out, x);
        ost_buf_addc(out, ' ');
        ost_svg_number(out, y);
        ost_buf_adds(out, ")\"><g transform=\"translate(0 -4)\">");
        ost_buf_adds(out, f->keys[i].swatch);
        ost_buf_adds(out, "</g>");
        ost_svg_text(out, "key", 30, 4,
                     ost_text_fit(f->arena, ost_figure_key_text(f, i), KEY_SIZE,
                                  step - 34));
        ost_buf_adds(out, "</g>\n");
    }
}

void ost_figure_svg(ost_buf *out, const ost_report_figure *f)
{
    size_t lines = (f->n_keys + key_columns(f) - 1) / key_columns(f);
    double top = *f->title ? MARGIN + TITLE : MARGIN;
    double width = f->width + 2 * MARGIN;
    double height = top + f->height + MARGIN +
                    (f->n_keys ? KEY_LINE * (double)lines + 4 : 0);

    ost_buf_adds(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 "
                      "0 ");
    ost_svg_number(out, width);
    ost_buf_addc(out, ' ');
    ost_svg_number(out, height);
    ost_buf_addc(out, '"');
    ost_svg_attr(out, "width", width);
    ost_svg_attr(out, "height", height);
    ost_buf_adds(out, " role=\"img\">\n<title>");
    ost_buf_add_html(out, f->title);
    ost_buf_adds(out, "</title>\n<desc>");
    ost_buf_add_html(out, f->description);
    ost_buf_adds(out, "</desc>\n<style>\nsvg { font-family: \"DejaVu Sans\", "
                      "\"Liberation Sans\", Arial, sans-serif; }\n");
    ost_figure_style_light(out);
    ost_buf_adds(out, "</style>\n<rect width=\"100%\" height=\"100%\" "
                      "fill=\"#ffffff\"/>\n");
    if (*f->title)
        ost_svg_text(out, "bold", MARGIN, MARGIN + 12,
                     ost_text_fit(f->arena, f->title, 13, f->width));
    ost_buf_adds(out, "<g transform=\"translate(");
    ost_svg_number(out, MARGIN);
    ost_buf_addc(out, ' ');
    ost_svg_number(out, top);
    ost_buf_adds(out, ")\">\n");
    ost_buf_adds(out, ost_buf_str(&f->body));
    add_keys(out, f);
    ost_buf_adds(out, "</g>\n</svg>\n");
}
