/* engine/report_markdown.c - tables of a report as Markdown */
#include "engine/report_impl.h"

#include "base/banned.h"

static void add_text(ost_buf *out, const char *text)
{
    ost_buf words = { 0 };

    ost_report_add_name(&words, text);
    ost_words_markdown(out, ost_buf_str(&words));
    ost_buf_release(&words);
}

static void add_cell(ost_buf *out, const ost_report_cell *cell)
{
    add_text(out, cell->text);
    if (*cell->small) {
        ost_buf_adds(out, cell->ends ? " (" : " ");
        add_text(out, cell->small);
        ost_buf_adds(out, cell->ends ? ")" : "");
    }
}

void ost_table_markdown(ost_buf *out, const ost_report_table *t)
{
    if (*t->title) {
        ost_buf_adds(out, "### ");
        add_text(out, t->title);
        ost_buf_adds(out, "\n\n");
    }
    for (size_t c = 0; c < t->n_columns; c++) {
        ost_buf_adds(out, "| ");
        add_text(out, t->columns[c].name);
        ost_buf_addc(out, ' ');
    }
    ost_buf_adds(out, "|\n");
    for (size_t c = 0; c < t->n_columns; c++)
        ost_buf_adds(out, c == 0 || t->columns[c].flags & OST_COLUMN_TEXT
                              ? "|---"
                              : "|--:");
    ost_buf_adds(out, "|\n");
    for (size_t r = 0; r < t->n_rows; r++) {
        for (size_t c = 0; c < t->n_columns; c++) {
            ost_buf_adds(out, "| ");
            if (c < t->rows[r]->n)
                add_cell(out, &t->rows[r]->cells[c]);
            ost_buf_addc(out, ' ');
        }
        ost_buf_adds(out, "|\n");
    }
    ost_buf_addc(out, '\n');
    if (*t->note) {
        add_text(out, t->note);
        ost_buf_adds(out, "\n\n");
    }
}
