/* base/csv.h - comma-separated values (RFC 4180)
 *
 * Fields may be quoted; quotes inside are doubled; LF or CRLF ends a line; a
 * UTF-8 byte order mark is skipped; ';' or tab is taken as the separator when
 * the header has it and no comma.  Empty lines are skipped.
 */
#ifndef OST_BASE_CSV_H
#define OST_BASE_CSV_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

typedef struct ost_csv_row {
    const char **cells; /* n_columns of them */
    int line;           /* 1-based, of its beginning */
} ost_csv_row;

typedef struct ost_csv {
    const char **header;
    size_t n_columns;
    ost_csv_row *rows;
    size_t n_rows;
} ost_csv;

/* Parses a table with a header; everything borrows from the arena.  A row with
 * another number of cells, an unclosed quote, a doubled or empty column name
 * or invalid UTF-8 is OST_EINPUT with "name:line: ...". */
ost_rc ost_csv_parse(const char *name, const char *text, size_t size,
                     ost_arena *arena, ost_csv *csv, ost_err *err);
/* Index of a column, or -1. */
int ost_csv_column(const ost_csv *csv, const char *name);
/* Appends one cell, quoted when it has to be. */
void ost_csv_add(ost_buf *out, const char *cell);

#endif
