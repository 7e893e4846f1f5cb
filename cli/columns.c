/* cli/columns.c - a table for a terminal, and numbers as its cells */
#include "cli/columns.h"

#include "base/text.h"
#include "cli/model_tree.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { WIDTH = 80, GAP = 2, NARROWEST = 12 };

ost_columns_row ost_columns_empty(void)
{
    ost_columns_row r;

    for (int i = 0; i < OST_COLUMNS_MAX; i++)
        r.cells[i] = "";
    return r;
}

/* Adds `text` cut to `width` columns, and fills up with spaces. */
static void add_cell(ost_buf *out, const char *text, size_t width, bool right)
{
    size_t columns = ost_utf8_columns(text);

    if (right && columns < width)
        ost_buf_addf(out, "%*s", (int)(width - columns), "");
    if (columns <= width) {
        ost_buf_adds(out, text);
    } else {
        for (size_t i = 0; i + 1 < width; i++) {
            size_t n = ost_utf8_len(text, strlen(text));

            ost_buf_add(out, text, n);
            text += n;
        }
        ost_buf_adds(out, "…");
    }
    if (!right && columns < width)
        ost_buf_addf(out, "%*s", (int)(width - columns), "");
}

void ost_columns_print(const ost_columns *c, ost_buf *out)
{
    size_t width[OST_COLUMNS_MAX] = { 0 };
    size_t all = ((size_t)c->n - 1) * GAP;

    for (size_t i = 0; i < c->rows.len; i++)
        for (int k = 0; k < c->n; k++) {
            size_t n = ost_utf8_columns(c->rows.data[i].cells[k]);

            width[k] = n > width[k] ? n : width[k];
        }
    for (int k = 0; k < c->n; k++)
        all += width[k];
    if (all > WIDTH) {
        size_t over = all - WIDTH;

        width[0] = width[0] > over + NARROWEST ? width[0] - over : NARROWEST;
    }
    for (size_t i = 0; i < c->rows.len; i++) {
        ost_buf line = { 0 };

        for (int k = 0; k < c->n; k++) {
            if (k)
                ost_buf_addf(&line, "%*s", GAP, "");
            add_cell(&line, c->rows.data[i].cells[k], width[k], k >= c->words);
        }
        while (line.len && line.data[line.len - 1] == ' ')
            line.len--;
        ost_buf_add(out, line.data, line.len);
        ost_buf_addc(out, '\n');
        ost_buf_release(&line);
    }
}

void ost_columns_release(ost_columns *c)
{
    ost_vec_release(&c->rows);
    ost_arena_release(&c->arena);
}

const char *ost_cell_grouped(ost_columns *c, double v)
{
    char digits[32];
    ost_buf b = { 0 };
    const char *made;
    size_t n = (size_t)snprintf(digits, sizeof(digits), "%.0f", v);

    for (size_t i = 0; i < n && v != 0.0; i++) {
        if (i && (n - i) % 3 == 0)
            ost_buf_addc(&b, ',');
        ost_buf_addc(&b, digits[i]);
    }
    made = ost_arena_strdup(&c->arena, ost_buf_str(&b));
    ost_buf_release(&b);
    return made;
}

const char *ost_cell_scaled(ost_columns *c, double v)
{
    static const char units[] = " kMGTPE";
    size_t unit = 0;

    if (v == 0.0)
        return "";
    while (v >= 999.5 && unit + 2 < sizeof(units)) {
        v /= 1000.0;
        unit++;
    }
    if (!unit)
        return ost_arena_printf(&c->arena, "%.0f", v);
    return ost_arena_printf(&c->arena, v < 9.95 ? "%.1f %c" : "%.0f %c", v,
                            units[unit]);
}

const char *ost_cell_bytes(ost_columns *c, double v)
{
    char text[32];

    return v == 0.0 ? ""
                    : ost_arena_strdup(&c->arena,
                                       ost_human_bytes(text, (uint64_t)v));
}

const char *ost_cell_seconds(ost_columns *c, double v)
{
    static const char *const units[] = { "us", "ms", "s" };
    size_t unit = 0;

    if (v == 0.0)
        return "";
    for (v *= 1e6; v >= 999.5 && unit < 2; unit++)
        v /= 1000.0;
    return ost_arena_printf(&c->arena, "%.*f %s",
                            v < 9.995   ? 2
                            : v < 99.95 ? 1
                                        : 0,
                            v, units[unit]);
}

const char *ost_cell_shape(ost_columns *c, const json_t *shape)
{
    ost_buf b = { 0 };
    const char *made;

    ost_model_add_shape(&b, shape);
    made = ost_arena_strdup(&c->arena, ost_buf_str(&b));
    ost_buf_release(&b);
    return made;
}
