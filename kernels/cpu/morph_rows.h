/* kernels/cpu/morph_rows.h - the ends of u8 under a small shape, row by row
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_MORPH_ROWS_H
#define OST_KERNELS_CPU_MORPH_ROWS_H

#include "base/err.h"
#include "kernels/cpu/rows.h"
#include "kernels/morphology.h"

enum { OST_MORPH_REACH = 31 };

/* A shape that gets no taller away from its center: in the columns `d` to its
 * left and right it reaches `tall[d]` rows up and down. */
typedef struct ost_morph_columns {
    int64_t reach; /* columns to each side, up to OST_MORPH_REACH */
    int64_t tall[OST_MORPH_REACH + 1];
} ost_morph_columns;

/* One channel of u8 changed as kernels/morphology.h says. */
ost_rc ost_morph_rows(const ost_image *in, const ost_image *out, int64_t c,
                      const ost_morph_columns *shape, ost_morph_change change,
                      int iterations, ost_err *err);

#endif
