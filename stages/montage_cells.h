/* stages/montage_cells.h - fields in the cells of a larger picture
 *
 * Cells are numbered row by row from 0 and are of one size.
 */
#ifndef OST_STAGES_MONTAGE_CELLS_H
#define OST_STAGES_MONTAGE_CELLS_H

#include "stages/planes.h"

typedef struct ost_cells {
    int64_t rows;
    int64_t cols;
} ost_cells;

/* OST_EINPUT when a picture cannot be divided into cells of equal size. */
ost_rc ost_cells_divide(int64_t rows, int64_t cols, int64_t height,
                        int64_t width, ost_err *err);

/* Cell `k` of a picture (H, W[, C]) that can be divided, as a view. */
ost_tensor ost_cell_of(const ost_tensor *all, const ost_cells *cells,
                       int64_t k);

/* Field `name` of `n` items, one in each cell, as a field of `out`.  OST_EINPUT
 * names the item that lacks it or has it in another size or type. */
ost_rc ost_cells_join(ost_stage_ctx *ctx, const ost_cells *cells,
                      const ost_item *const *items, size_t n, const char *name,
                      ost_item *out, ost_err *err);
/* Their boxes, moved into the cells, and the fields boxes.NAME with a row for
 * each; nothing when no item has boxes.  Understood by the lead picture. */
ost_rc ost_cells_join_boxes(ost_stage_ctx *ctx, const ost_cells *cells,
                            const ost_item *const *items, size_t n,
                            ost_item *out, ost_err *err);

/* Field `from` (T, H, W) as one picture `to`, and back. */
ost_rc ost_cells_join_stack(ost_stage_ctx *ctx, const ost_cells *cells,
                            const ost_item *in, const char *from,
                            const char *to, ost_item *out, ost_err *err);
ost_rc ost_cells_split_stack(ost_stage_ctx *ctx, const ost_cells *cells,
                             const ost_item *in, const char *from,
                             const char *to, ost_item *out, ost_err *err);

#endif
