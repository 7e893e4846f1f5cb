/* kernels/cpu/drawn_rows.h - numbers by their logical place, for random draws
 *
 * What is drawn for a number must not depend on the layout: rows are the
 * positions of one channel of an item, or the channels of an item that has no
 * positions.  Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_DRAWN_ROWS_H
#define OST_KERNELS_CPU_DRAWN_ROWS_H

#include "kernels/layer.h"

typedef struct ost_drawn_rows {
    int64_t count;
    int64_t length; /* of a row */
    int64_t step;   /* floats from one number of a row to the next */
    const ost_value *v;
} ost_drawn_rows;

static inline ost_drawn_rows ost_drawn_rows_of(const ost_value *v)
{
    int64_t area = ost_value_area(v);
    ost_drawn_rows r = { .v = v };

    if (area > 1) {
        r.count = v->shape[0] * ost_value_channels(v);
        r.length = area;
        r.step = v->block;
    } else {
        r.count = v->shape[0];
        r.length = ost_value_channels(v);
        r.step = 1;
    }
    return r;
}

/* Where a row begins, in floats. */
static inline int64_t ost_drawn_row(const ost_drawn_rows *r, int64_t row)
{
    const ost_value *v = r->v;
    int64_t area = ost_value_area(v);
    int64_t channels = ost_value_channels(v);
    int64_t blocks = ost_value_blocks(v);
    int64_t n = row / channels;
    int64_t c = row % channels;

    if (area == 1)
        return row * blocks * v->block;
    return (n * blocks + c / v->block) * area * v->block + c % v->block;
}

#endif
