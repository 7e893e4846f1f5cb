/* cli/columns.h - a table for a terminal, and numbers as its cells
 *
 * Cells stand in columns as wide as their widest one; when that is more than 80
 * columns in all, the first is cut.  All texts live in the table's arena.
 */
#ifndef OST_CLI_COLUMNS_H
#define OST_CLI_COLUMNS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

#include <jansson.h>

enum { OST_COLUMNS_MAX = 10 };

typedef struct ost_columns_row {
    const char *cells[OST_COLUMNS_MAX];
} ost_columns_row;

/* Begins zeroed but for the two numbers. */
typedef struct ost_columns {
    int n;     /* columns */
    int words; /* so many of them, from the left, are not aligned right */
    ost_arena arena;
    OST_VEC(ost_columns_row) rows;
} ost_columns;

/* An empty row, its cells "". */
ost_columns_row ost_columns_empty(void);
void ost_columns_print(const ost_columns *c, ost_buf *out);
void ost_columns_release(ost_columns *c);

/* "21,797,672"; nothing for 0. */
const char *ost_cell_grouped(ost_columns *c, double v);
/* "3.7 G"; nothing for 0. */
const char *ost_cell_scaled(ost_columns *c, double v);
/* "1.2 MB"; nothing for 0. */
const char *ost_cell_bytes(ost_columns *c, double v);
/* "12.5 us", "1.20 ms"; nothing for 0. */
const char *ost_cell_seconds(ost_columns *c, double v);
/* "64x56x56" */
const char *ost_cell_shape(ost_columns *c, const json_t *shape);

#endif
