/* engine/report_latex.c - tables of a report as LaTeX, for package booktabs */
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

/* What is no letter to LaTeX, and how it is written. */
static const char *const marks[][2] = {
    { "\\", "\\textbackslash{}" },
    { "{", "\\{" },
    { "}", "\\}" },
    { "&", "\\&" },
    { "%", "\\%" },
    { "$", "\\$" },
    { "#", "\\#" },
    { "_", "\\_" },
    { "~", "\\textasciitilde{}" },
    { "^", "\\textasciicircum{}" },
    { "<", "\\textless{}" },
    { ">", "\\textgreater{}" },
    { "|", "\\textbar{}" },
    /* At the beginning of a row these would belong to the end of the last. */
    { "[", "{[}" },
    { "]", "{]}" },
    { "*", "{*}" },
    { "\xe2\x80\x93", "--" },
    { "\xe2\x88\x92", "$-$" },
    { "\xe2\x80\xaf", "\\," },
    { "\xc2\xa0", "~" },
    { "\xc2\xb1", "$\\pm$" },
    { "\xc3\x97", "$\\times$" },
    { "\xe2\x80\xa6", "\\ldots{}" },
    { "\xe2\x89\xa5", "$\\geq$" },
    { "\xe2\x89\xa4", "$\\leq$" },
    { "\xe2\x86\x92", "$\\rightarrow$" },
    { "\xc2\xb7", "$\\cdot$" },
};

enum { MARKS = sizeof(marks) / sizeof(marks[0]) };

static void add_text(ost_buf *out, const char *text)
{
    while (*text) {
        size_t k = 0;

        while (k < MARKS && strncmp(text, marks[k][0], strlen(marks[k][0])))
            k++;
        if (k < MARKS) {
            ost_buf_adds(out, marks[k][1]);
            text += strlen(marks[k][0]);
        } else {
            ost_buf_addc(out, (unsigned char)*text < 0x20 ? ' ' : *text);
            text++;
        }
    }
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

void ost_table_latex(ost_buf *out, const ost_report_table *t)
{
    if (*t->title) {
        ost_buf_adds(out, "% ");
        add_text(out, t->title);
        ost_buf_addc(out, '\n');
    }
    ost_buf_adds(out, "\\begin{tabular}{");
    for (size_t c = 0; c < t->n_columns; c++)
        ost_buf_addc(
            out, c == 0 || t->columns[c].flags & OST_COLUMN_TEXT ? 'l' : 'r');
    ost_buf_adds(out, "}\n\\toprule\n");
    for (size_t c = 0; c < t->n_columns; c++) {
        ost_buf_adds(out, c ? " & " : "");
        add_text(out, t->columns[c].name);
    }
    ost_buf_adds(out, " \\\\\n\\midrule\n");
    for (size_t r = 0; r < t->n_rows; r++) {
        if (strcmp(t->rows[r]->kind, "pooled") == 0 && r > 0)
            ost_buf_adds(out, "\\midrule\n");
        for (size_t c = 0; c < t->n_columns; c++) {
            ost_buf_adds(out, c ? " & " : "");
            if (c < t->rows[r]->n)
                add_cell(out, &t->rows[r]->cells[c]);
        }
        ost_buf_adds(out, " \\\\\n");
    }
    ost_buf_adds(out, "\\bottomrule\n\\end{tabular}\n");
    if (*t->note) {
        ost_buf_adds(out, "% ");
        add_text(out, t->note);
        ost_buf_addc(out, '\n');
    }
}
