/* base/csv.c - comma-separated values (RFC 4180)
 *
 * The text is copied into the arena once and cut in place: a cell is a pointer
 * into that copy, and a quoted cell is unquoted where it stands.
 */
#include "base/csv.h"

#include "base/text.h"
#include "base/vec.h"

#include <stdbool.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

typedef struct scanner {
    const char *name;
    char *p;
    char *end; /* *end is writable and 0 */
    int line;
    char separator;
    OST_VEC(const char *) cells; /* of the row that is being read */
} scanner;

/* The first of the usual separators outside quotes in the header line; a
 * comma wins over the others. */
static char find_separator(const char *p, const char *end)
{
    bool quoted = false;
    char found = ',';

    for (; p < end; p++) {
        if (*p == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        if (*p == '\n' || *p == ',')
            return *p == ',' ? ',' : found;
        if (found == ',' && (*p == ';' || *p == '\t'))
            found = *p;
    }
    return found;
}

/* Unquotes the cell behind an opening quote; leaves s->p on what follows the
 * closing one. */
static ost_rc read_quoted(scanner *s, const char **cell, ost_err *err)
{
    int opened = s->line;
    char *from = s->p + 1;
    char *to = from;

    *cell = from;
    while (from < s->end) {
        if (*from == '"' && from[1] == '"') {
            from++;
        } else if (*from == '"') {
            *to = '\0';
            s->p = from + 1;
            return OST_OK;
        } else if (*from == '\n') {
            s->line++;
        }
        *to++ = *from++;
    }
    return ost_fail(err, OST_EINPUT, "%s:%d: quote is never closed", s->name,
                    opened);
}

static ost_rc read_cell(scanner *s, bool *last, ost_err *err)
{
    const char *cell = s->p;
    ost_rc rc;
    char *at;

    if (s->p < s->end && *s->p == '"') {
        rc = read_quoted(s, &cell, err);
        if (rc)
            return rc;
        at = s->p;
    } else {
        at = s->p;
        while (at < s->end && *at != s->separator && *at != '\n')
            at++;
    }
    if (at < s->end && *at == '\r' && at[1] == '\n')
        at++;
    if (at < s->end && *at != s->separator && *at != '\n')
        return ost_fail(err, OST_EINPUT, "%s:%d: text behind a closing quote",
                        s->name, s->line);
    *last = at >= s->end || *at == '\n';
    if (*last && at > cell && at[-1] == '\r')
        at[-1] = '\0';
    *at = '\0';
    s->p = at < s->end ? at + 1 : at;
    ost_vec_push(&s->cells, cell);
    return OST_OK;
}

/* Reads the next line that is not empty; no cells at the end of the text. */
static ost_rc read_row(scanner *s, int *line, ost_err *err)
{
    s->cells.len = 0;
    while (s->p < s->end) {
        bool last = false;

        s->cells.len = 0;
        *line = s->line;
        while (!last) {
            ost_rc rc = read_cell(s, &last, err);

            if (rc)
                return rc;
        }
        s->line++;
        if (s->cells.len > 1 || s->cells.data[0][0])
            return OST_OK;
        s->cells.len = 0;
    }
    return OST_OK;
}

static ost_rc check_header(const scanner *s, const ost_csv *csv, int line,
                           ost_err *err)
{
    for (size_t i = 0; i < csv->n_columns; i++) {
        if (!csv->header[i][0])
            return ost_fail(err, OST_EINPUT, "%s:%d: column %zu has no name",
                            s->name, line, i + 1);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(csv->header[i], csv->header[k]) == 0)
                return ost_fail(err, OST_EINPUT,
                                "%s:%d: column '%s' is there twice", s->name,
                                line, csv->header[i]);
        }
    }
    return OST_OK;
}

static ost_rc read_rows(scanner *s, ost_arena *arena, ost_csv *csv,
                        ost_err *err)
{
    OST_VEC(ost_csv_row) rows = { 0 };
    ost_rc rc;
    int line = 1;

    for (;;) {
        ost_csv_row row;

        rc = read_row(s, &line, err);
        if (rc || s->cells.len == 0)
            break;
        if (s->cells.len != csv->n_columns) {
            rc = ost_fail(err, OST_EINPUT,
                          "%s:%d: %zu cells where the header has %zu", s->name,
                          line, s->cells.len, csv->n_columns);
            break;
        }
        row.cells = ost_arena_copy(arena, s->cells.data,
                                   s->cells.len * sizeof(*s->cells.data));
        row.line = line;
        ost_vec_push(&rows, row);
    }
    if (!rc) {
        csv->n_rows = rows.len;
        csv->rows =
            ost_arena_copy(arena, rows.data, rows.len * sizeof(*rows.data));
    }
    ost_vec_release(&rows);
    return rc;
}

static int line_of(const char *text, const char *p)
{
    int line = 1;

    for (; text < p; text++)
        line += *text == '\n';
    return line;
}

/* Refuses NUL bytes and malformed UTF-8, and says where. */
static ost_rc check_text(const char *name, const char *text, size_t size,
                         ost_err *err)
{
    size_t i = 0;

    while (i < size) {
        size_t n = ost_utf8_len(text + i, size - i);

        if (n == 0 || text[i] == '\0')
            return ost_fail(err, OST_EINPUT, "%s:%d: text is not valid UTF-8",
                            name, line_of(text, text + i));
        i += n;
    }
    return OST_OK;
}

ost_rc ost_csv_parse(const char *name, const char *text, size_t size,
                     ost_arena *arena, ost_csv *csv, ost_err *err)
{
    scanner s = { .name = name, .line = 1 };
    int line = 1;
    ost_rc rc;

    *csv = (ost_csv){ 0 };
    if (size >= 3 && memcmp(text, BYTE_ORDER_MARK, 3) == 0) {
        text += 3;
        size -= 3;
    }
    rc = check_text(name, text, size, err);
    if (rc)
        return rc;
    s.p = ost_arena_strndup(arena, text, size);
    s.end = s.p + size;
    s.separator = find_separator(s.p, s.end);
    rc = read_row(&s, &line, err);
    if (!rc && s.cells.len == 0)
        rc = ost_fail(err, OST_EINPUT, "%s:1: table has no header", name);
    if (rc)
        goto out;
    csv->n_columns = s.cells.len;
    csv->header = ost_arena_copy(arena, s.cells.data,
                                 s.cells.len * sizeof(*s.cells.data));
    rc = check_header(&s, csv, line, err);
    if (!rc)
        rc = read_rows(&s, arena, csv, err);
out:
    ost_vec_release(&s.cells);
    return rc;
}

int ost_csv_column(const ost_csv *csv, const char *name)
{
    for (size_t i = 0; i < csv->n_columns; i++) {
        if (strcmp(csv->header[i], name) == 0)
            return (int)i;
    }
    return -1;
}

void ost_csv_add(ost_buf *out, const char *cell)
{
    if (!strpbrk(cell, ",;\t\"\r\n")) {
        ost_buf_adds(out, cell);
        return;
    }
    ost_buf_addc(out, '"');
    for (; *cell; cell++) {
        if (*cell == '"')
            ost_buf_addc(out, '"');
        ost_buf_addc(out, *cell);
    }
    ost_buf_addc(out, '"');
}
