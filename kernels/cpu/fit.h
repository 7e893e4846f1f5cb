/* kernels/cpu/fit.h - a value with sides of 1 beside one of full shape
 *
 * A small value has the sides of a large one or 1.  The large one lies in
 * blocks; the small one may lie otherwise where it has no positions or no
 * channels of its own, so that gates need no conversion.  Private to
 * kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_FIT_H
#define OST_KERNELS_CPU_FIT_H

#include "kernels/cpu/cpu.h"

enum {
    OST_FIT_BLOCK = 16,  /* lanes at most */
    OST_FIT_TILE = 2048, /* floats of the large value looked at together */
};

typedef enum ost_fit_positions {
    OST_FIT_ONE, /* the small value has no spatial sides of its own */
    OST_FIT_ALL, /* as many positions as the large one */
    OST_FIT_SOME,
} ost_fit_positions;

typedef struct ost_fit {
    int64_t items;
    int64_t channels;
    int64_t blocks;
    int block;
    int64_t area;
    int64_t tile; /* positions in a tile */
    int64_t tiles;

    bool per_channel; /* the small value has the large one's channels */
    ost_fit_positions positions;
    int64_t item;       /* floats of an item of the small value */
    int64_t block_step; /* from the large value's blocks one to the next */
    int64_t step;       /* from one position to the next, of ALL */
    int sides;          /* spatial ones, for SOME */
    int64_t side[OST_MAX_DIMS];
    int64_t stride[OST_MAX_DIMS];
} ost_fit;

/* The tiles of a large value alone. */
void ost_fit_tiles(ost_fit *f, const ost_value *large, int block);
/* The small value has `shape`, as many sides as the large one, and lies in
 * `small_block`; with channels and positions of its own it must be that of the
 * large one, `block`, which is at most OST_FIT_BLOCK. */
void ost_fit_init(ost_fit *f, const ost_value *large, int block,
                  const int64_t *shape, int small_block);

/* A tile: `count` positions from `first` on of block `k` of item `n`. */
typedef struct ost_tile {
    int64_t n;
    int64_t k;
    int64_t first;
    int64_t count;
} ost_tile;
/* Tile i of items * blocks * tiles. */
ost_tile ost_fit_tile(const ost_fit *f, int64_t i);
/* Where it begins in the large value. */
int64_t ost_tile_at(const ost_fit *f, const ost_tile *t);

typedef enum ost_fit_operation {
    OST_FIT_COPY, /* y = small */
    OST_FIT_ADD,  /* y = x + small */
    OST_FIT_MULTIPLY,
} ost_fit_operation;

/* One tile of y, count * block floats, from those of x and what stands beside
 * them in the small value.  Lanes of missing channels are cleared. */
void ost_fit_combine(const ost_fit *f, ost_fit_operation operation,
                     const ost_tile *t, const float *x, const float *small,
                     float *y);

/* What one thread makes of the small value: all that belongs to positions
 * `first` to before `end` of blocks `k` to before `k_end`. */
typedef struct ost_fit_part {
    int64_t n;
    int64_t k;
    int64_t k_end;
    int64_t first;
    int64_t end;
} ost_fit_part;
int64_t ost_fit_parts(const ost_fit *f);
ost_fit_part ost_fit_part_at(const ost_fit *f, int64_t i);
/* Its tile at block k and position `first`. */
ost_tile ost_part_tile(const ost_fit *f, const ost_fit_part *p, int64_t k,
                       int64_t first);
/* Lanes of block k that are channels. */
int ost_fit_lanes(const ost_fit *f, int64_t k);

/* Makes or finds the numbers of a tile; `room` has space for them. */
typedef const float *(*ost_fit_source)(const void *from, const ost_tile *t,
                                       float *room);

/* small = scale * the sums over the sides that it does not have, in double and
 * in an order that shapes alone decide.  `room` has ost_fit_room() bytes. */
void ost_fit_sum(const ost_fit *f, ost_fit_source source, const void *from,
                 double scale, float *small, double *room);
size_t ost_fit_room(const ost_fit *f);

/* Offset in an item of the small value of the large one's position s. */
int64_t ost_fit_position(const ost_fit *f, int64_t s);

#endif
