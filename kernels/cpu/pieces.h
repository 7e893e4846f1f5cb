/* kernels/cpu/pieces.h - a primitive over pieces of the batch
 *
 * A primitive whose results would depend on the number of threads is made for
 * one thread and a piece of the batch, or of a single item's output channels;
 * the pieces, cut by the shape alone, run side by side.  Others take the whole
 * batch, as one piece, on all threads. The last piece may have fewer items and
 * is then another primitive.
 */
#ifndef OST_KERNELS_CPU_PIECES_H
#define OST_KERNELS_CPU_PIECES_H

#include "kernels/cpu/onednn.h"

enum { OST_PIECES = 16 };

/* Makes the primitive for `items` items and `threads` threads. */
typedef ost_rc (*ost_piece_maker)(const ost_layer *layer, int64_t items,
                                  int threads, ost_prim *prim, ost_err *err);

typedef struct ost_pieces {
    ost_prim whole;
    ost_prim rest;
    int64_t items; /* of a piece: of the batch, or output channels */
    int count;
    int operands;
    int64_t step[OST_DNNL_ARGS]; /* floats from one piece to the next */
    bool own[OST_DNNL_ARGS];     /* has a place for each piece of a wave */
    int wave; /* pieces that run together: a power of two, or all */
    ost_args args[OST_PIECES];
    char *scratch; /* one for each thread */
    size_t scratch_step;
} ost_pieces;

/* `cut`: into up to OST_PIECES pieces for one thread each.  Scratch memory is
 * asked for with `life`. */
ost_rc ost_pieces_init(ost_pieces *p, ost_layer *layer, ost_piece_maker make,
                       bool cut, ost_life life, ost_err *err);
/* One item of the batch, cut into `count` pieces of `channels` output channels;
 * `make` gets the channels as its items. */
ost_rc ost_pieces_init_channels(ost_pieces *p, ost_layer *layer,
                                ost_piece_maker make, int count,
                                int64_t channels, ost_life life, ost_err *err);
void ost_pieces_release(ost_pieces *p);

/* The next operand: its name, what the primitive calls its description and
 * floats per item (0: all pieces share it). */
ost_rc ost_pieces_add(ost_pieces *p, const ost_backend *backend, int name,
                      dnnl_query_t what, int index, int64_t per_item,
                      ost_err *err);
/* The next operand, of which each piece has its own, `step` floats apart: piece
 * i uses place i % wave. */
ost_rc ost_pieces_add_own(ost_pieces *p, const ost_backend *backend, int name,
                          dnnl_query_t what, int index, int64_t step,
                          ost_err *err);

/* Runs all pieces; base[i] belongs to the i-th operand that was added. */
ost_rc ost_pieces_run(ost_pieces *p, const ost_backend *backend,
                      float *const *base, ost_err *err);

/* For sums over pieces: how many runs of `step` floats ost_pieces_run_sum()
 * needs for what each piece makes of its own.  Large ones are few, because the
 * pieces then run in waves of as many as there are threads. */
int64_t ost_pieces_runs(ost_pieces *p, const ost_backend *backend,
                        int64_t step);
/* Runs all pieces and adds what each makes in its run of `sums`, pairwise in
 * one fixed tree, into the first run. */
ost_rc ost_pieces_run_sum(ost_pieces *p, const ost_backend *backend,
                          float *const *base, float *sums, int64_t step,
                          ost_err *err);

#endif
