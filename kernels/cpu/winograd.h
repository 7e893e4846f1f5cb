/* kernels/cpu/winograd.h - convolutions with far fewer products
 *
 * Winograd's minimal filtering F(4x4, 3x3), F(3x3, 4x4) and F(2x2, 5x5) (Lavin
 * and Gray, "Fast algorithms for convolutional neural networks", 2016), by the
 * Toom-Cook construction over the points 0, 3/4, -3/4, 5/4, -5/4 and infinity.
 * The outputs are cut into tiles.  A tile's 6x6 inputs d and the weights g are
 * transformed to 36 numbers each, which are multiplied one by one and summed
 * over the channels:
 *
 *     y = A' [ (G g G') * (B' d B) ] A       36 products instead of 144 or 100
 *
 * The gradient of the weights is the adjoint, summed over the tiles:
 *
 *     dg = G' [ sum (A dy A') * (B' d B) ] G
 *
 * and the gradient of the input a convolution of dy with the weights turned
 * around.  These points lose less precision than the customary 0, 1, -1, 2, -2:
 * with 256 channels the largest error is 3e-6 of the largest number instead of
 * 1e-5.
 *
 * A kernel that goes two positions at a time is four kernels of half its sides,
 * each over every other row and column of the input: F(5x5, 2x2), four times.
 * These parts are so many more channels.  The gradient of its input is four
 * convolutions, one for every other row and column of the input.  So is a
 * transposed convolution, whose passes are those of the convolution that goes
 * the other way.
 *
 * Where there are few positions and many weights the direct way is as good:
 * tiles of one number, whose one plane is the number itself; every tap of the
 * kernel is a part.  Weights are then read once, from where they lie.
 *
 * The sums over channels or tiles are matrix products, one for each of the 36
 * numbers ("planes").  Eight channels are a vector everywhere; a value in a
 * channel block of 16 is two of them.  Sums are taken in an order that hangs on
 * the shape alone: a forward output is the same for any batch around it.
 *
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_WINOGRAD_H
#define OST_KERNELS_CPU_WINOGRAD_H

#include "kernels/cpu/convolution_end.h"

enum {
    OST_WINO_OUT = 5, /* side of a tile of outputs, at most */
    OST_WINO_IN = 6,  /* side of what it reads */
    OST_WINO_PLANES = 36,
    OST_WINO_TAPS = 5,   /* side of a kernel, at most */
    OST_WINO_PHASES = 2, /* kinds of positions along a side, at most */
    OST_WINO_PANEL = 2,  /* eights of output channels in a panel of weights */
    OST_WINO_TILES = 96, /* at most so many tiles at a time */
};

/* A value (N, C, D, H, W) in channel block 8 or 16; C fills its blocks.  A flat
 * one has depth 1. */
typedef struct ost_wino_value {
    int64_t items;
    int64_t eights; /* C / 8 */
    int64_t depth;
    int64_t side[2];
    int64_t block;
} ost_wino_value;

/* Transformed tiles, [plane][eight][tile][8]; strides in floats. */
typedef struct ost_wino_planes {
    float *data;
    int64_t plane;
    int64_t eight;
} ost_wino_planes;

/* Planes of `tiles` tiles of `eights` * 8 channels at `data`. */
ost_wino_planes ost_wino_planes_of(float *data, int64_t eights, int64_t tiles);
/* Floats that they need. */
int64_t ost_wino_planes_size(int64_t planes, int64_t eights, int64_t tiles);

/* What a layer's kernel is: depth x side x side, and the zeros around its
 * input.  The slices of a kernel that has depth are so many more channels. */
typedef struct ost_wino_window {
    int64_t depth;
    int64_t side;   /* 3 to 5 */
    int64_t stride; /* 1; of a flat one also 2 */
    int64_t padding[3];
    bool direct;   /* tiles of one number */
    int64_t block; /* of its weights: 8 or 16 channels */
} ost_wino_window;

/* One side of a pass: output v is written to out_first + out_step v, and its
 * part p of the kernel begins to read at in_first[p] + in_step v. */
typedef struct ost_wino_line {
    int64_t count; /* outputs */
    int64_t out_first;
    int64_t out_step;
    int64_t in_step;
    int parts;
    int64_t in_first[OST_WINO_TAPS];
    int tap[OST_WINO_TAPS][OST_WINO_TAPS]; /* what a part has of the kernel;
                                              -1: a zero */
} ost_wino_line;

/* The tiles of an output, row by row, slice by slice, item by item. */
typedef struct ost_wino_grid {
    int64_t out;    /* side of a tile */
    int64_t taps;   /* side of a part of the kernel */
    int64_t planes; /* 36, or 1 for the direct way */
    int64_t depth;
    int64_t before; /* slices of zeros before the input */
    ost_wino_line line[2];
    int64_t rows;
    int64_t cols;
    int64_t tiles; /* of all items */
    int64_t parts; /* of the kernel, slices included */
    bool deep;     /* the kernel has depth */
} ost_wino_grid;

/* The eights of the inputs of all parts are numbered: those of a kernel that
 * has depth part after part, others with all parts of an eight side by side,
 * as their weights lie. */
typedef struct ost_wino_place {
    int64_t part;
    int64_t eight;
} ost_wino_place;

static inline ost_wino_place ost_wino_place_of(const ost_wino_grid *g,
                                               int64_t eights, int64_t e)
{
    if (g->deep)
        return (ost_wino_place){ e / eights, e % eights };
    return (ost_wino_place){ e % g->parts, e / g->parts };
}

/* Of a convolution to `out` (see ost_wino_pass_of()). */
ost_wino_grid ost_wino_grid_of(const ost_wino_value *out,
                               const ost_wino_window *window);
/* Of the gradient of the input of such a convolution, `out` being the input:
 * for its rows `row`, `row` + stride, ... and columns likewise. */
ost_wino_grid ost_wino_turned_grid_of(const ost_wino_value *out,
                                      const ost_wino_window *window, int row,
                                      int col);

/* B' d B of tiles [first, first + count) of `x`, for eights [e0, e1) of all
 * parts; `to` begins with tile `first` and eight e0.  `count` <=
 * OST_WINO_TILES. */
void ost_wino_input(const ost_wino_value *v, const float *x,
                    const ost_wino_grid *grid, int64_t first, int64_t count,
                    int64_t e0, int64_t e1, ost_wino_planes to);
/* A dy A' in the same way, of the tiles of outputs themselves. */
void ost_wino_output_grad(const ost_wino_value *v, const float *dy,
                          const ost_wino_grid *grid, int64_t first,
                          int64_t count, int64_t e0, int64_t e1,
                          ost_wino_planes to);
/* What becomes of the outputs. */
typedef struct ost_wino_end {
    const float *bias; /* 8 numbers for each eight; NULL: none */
    const ost_finish *finish;
} ost_wino_end;

/* y = A' m A + bias, finished; `end` may be NULL. */
void ost_wino_output(ost_wino_planes m, const ost_wino_value *v, float *y,
                     const ost_wino_end *end, const ost_wino_grid *grid,
                     int64_t first, int64_t count, int64_t e0, int64_t e1);

/* Weights lie as oneDNN's OIdhw8i8o or OIdhw16i16o:
 * [out/block][in/block][depth][side][side][in % block][out % block]. */
typedef struct ost_wino_weights {
    int64_t in;  /* eights of the weights' input channels */
    int64_t out; /* and of their output channels */
    int64_t depth;
    int64_t side;
    int64_t block;
} ost_wino_weights;

/* G g G' of panel `panel` of output channels (at most two eights), as
 * [plane][in of all parts][panel lanes], planes `step` floats apart.  `turned`:
 * for the gradient of the input, where in and out change places. */
void ost_wino_filter(const ost_wino_weights *w, const ost_wino_grid *grid,
                     const float *g, bool turned, int64_t panel, float *u,
                     int64_t step);
/* G' du G of one panel of output channels, to where its weights lie in dg;
 * `add`: to what is there. */
void ost_wino_filter_grad(const ost_wino_weights *w, const ost_wino_grid *grid,
                          const float *du, int64_t step, int64_t panel,
                          bool add, float *dg);

/* One plane: m [out][tile][8] = v [eight][tile][8] u, where u has the weights
 * of `out` eights of output channels by panels, [in][panel lanes]; ve and me
 * are floats from eight to eight. */
void ost_wino_multiply(const float *v, int64_t ve, int64_t eights,
                       const float *u, int64_t out, float *m, int64_t me,
                       int64_t tiles);
/* One plane: du (by panels as u) (+)= sum over tiles of v [eight][tile][8]
 * times w [out][tile][8]. */
void ost_wino_correlate(const float *v, int64_t ve, int64_t eights,
                        const float *w, int64_t we, int64_t out, float *du,
                        int64_t tiles, bool add);

/* One way through a layer, cut by shape into what one thread does at a time:
 * many tiles go by chunks of tiles and all channels, few tiles by panels of
 * output channels and all tiles, whose weights are then transformed when they
 * are needed and no sooner. */
typedef struct ost_wino_pass {
    ost_wino_value in;
    ost_wino_value out;
    ost_wino_weights weights;
    bool turned;
    bool by_channels;
    int grids; /* that it goes through, one after the other */
    ost_wino_grid grid[OST_WINO_PHASES * OST_WINO_PHASES];
    int64_t planes;
    int64_t inner;  /* eights of the inputs of all parts, at most */
    int64_t chunk;  /* tiles at a time */
    int64_t run;    /* by channels: tiles of inputs that lie together */
    int64_t group;  /* by channels: eights of the output of a task */
    int64_t slices; /* by tiles, gradient of the weights: partial sums */
    int64_t shared; /* floats of memory for all threads */
    int64_t own;    /* and for each of them */
} ost_wino_pass;

/* A convolution from `in` to `out`; with `turned` weights the gradient of its
 * input, and then `in` is the convolution's output and `out` its input. */
ost_wino_pass ost_wino_pass_of(const ost_wino_value *in,
                               const ost_wino_value *out,
                               const ost_wino_window *window, bool turned);
/* The gradient of the weights of a layer from `in` to `out`. */
ost_wino_pass ost_wino_gradient_of(const ost_wino_value *in,
                                   const ost_wino_value *out,
                                   const ost_wino_window *window);

/* `memory` is what the pass asks for: shared + threads * own floats; `end` may
 * be NULL. */
void ost_wino_convolve(const ost_wino_pass *p, const float *x,
                       const float *weights, const ost_wino_end *end, float *y,
                       float *memory);
/* `add`: to what is in dg. */
void ost_wino_correlation(const ost_wino_pass *p, const float *x,
                          const float *dy, bool add, float *dg, float *memory);

#endif
