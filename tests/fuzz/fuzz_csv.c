/* tests/fuzz/fuzz_csv.c - any bytes as a table
 *
 * What is read and written again reads as the same table.
 */
/* links: base */
#include "base/csv.h"
#include "tests/fuzz/fuzzed.h"

#include <string.h>

#include "base/banned.h"

static void write_row(ost_buf *out, const char *const *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            ost_buf_addc(out, ',');
        ost_csv_add(out, cells[i]);
    }
    ost_buf_addc(out, '\n');
}

/* A lone empty cell writes an empty line, which is none. */
static bool is_blank(const ost_csv_row *row, size_t n)
{
    return n == 1 && !*row->cells[0];
}

static void check_same(const ost_csv *a, const ost_csv *b)
{
    size_t at = 0;

    if (a->n_columns != b->n_columns)
        OST_BUG();
    for (size_t c = 0; c < a->n_columns; c++)
        if (strcmp(a->header[c], b->header[c]) != 0 ||
            ost_csv_column(b, a->header[c]) != (int)c)
            OST_BUG();
    for (size_t i = 0; i < a->n_rows; i++) {
        if (is_blank(&a->rows[i], a->n_columns))
            continue;
        if (at == b->n_rows || a->rows[i].line < 1)
            OST_BUG();
        for (size_t c = 0; c < a->n_columns; c++)
            if (strcmp(a->rows[i].cells[c], b->rows[at].cells[c]) != 0)
                OST_BUG();
        at++;
    }
    if (at != b->n_rows)
        OST_BUG();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ost_arena arena = { 0 };
    ost_buf text = { 0 };
    ost_err err = { 0 };
    ost_csv first, again;

    if (ost_csv_parse("fuzz", (const char *)data, size, &arena, &first, &err)) {
        if (!err.text[0])
            OST_BUG();
        goto out;
    }
    ost_buf_adds(&text, "\xef\xbb\xbf"); /* one may belong to the first name */
    write_row(&text, first.header, first.n_columns);
    for (size_t i = 0; i < first.n_rows; i++)
        write_row(&text, first.rows[i].cells, first.n_columns);
    if (ost_csv_parse("again", ost_buf_str(&text), text.len, &arena, &again,
                      &err))
        OST_BUG();
    check_same(&first, &again);
out:
    ost_buf_release(&text);
    ost_arena_release(&arena);
    return 0;
}
