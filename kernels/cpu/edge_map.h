/* kernels/cpu/edge_map.h - weak and strong edge pixels, and hysteresis
 *
 * One byte a pixel with a border of one around the image, so that neighbors
 * are looked at without asking where the image ends.  Rows are worked on in
 * blocks of OST_EDGE_BLOCK pixels; blocks without marks are known and skipped.
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_EDGE_MAP_H
#define OST_KERNELS_CPU_EDGE_MAP_H

#include "base/err.h"
#include "kernels/cpu/rows.h"

#include <stdbool.h>
#include <stdint.h>

enum { OST_EDGE_BLOCK = 32 };
enum ost_edge_mark {
    OST_EDGE_NONE = 0,
    OST_EDGE_WEAK = 1,
    OST_EDGE_STRONG = 255,
};

typedef struct ost_edge_map {
    int64_t h;
    int64_t w;
    int64_t step;   /* from row to row: w + 2, and room for whole blocks */
    int64_t blocks; /* in a row */
    uint8_t *marks; /* (h + 2) x step, the image at (1, 1); border is NONE */
    bool *busy;     /* h x blocks: this block has marks */
    void *memory;
} ost_edge_map;

/* The marks are not set, the border is.  Release in any case. */
ost_rc ost_edge_map_init(ost_edge_map *m, int64_t h, int64_t w, ost_err *err);
void ost_edge_map_release(ost_edge_map *m);

/* The marks of row y: whole blocks may be written. */
uint8_t *ost_edge_map_row(const ost_edge_map *m, int64_t y);

/* Makes strong what is weak and connected (8 neighbors) to strong pixels. */
ost_rc ost_edge_map_flood(const ost_edge_map *m, ost_err *err);

/* 255 where strong, 0 elsewhere; `out` is u8 of the same size. */
void ost_edge_map_write(const ost_edge_map *m, const ost_image *out);

#endif
