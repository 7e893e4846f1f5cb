/* kernels/cpu/moments.h - sums over segments of blocked values
 *
 * The positions of each item's channel block are cut into segments of
 * OST_SEGMENT positions.  A segment's sums are computed in single precision, in
 * an order of their own, by whichever thread takes it; they are merged in
 * double, in the order of the segments (Chan, Golub and LeVeque, 1983).
 * Private to kernels/cpu/.
 */
#ifndef OST_KERNELS_CPU_MOMENTS_H
#define OST_KERNELS_CPU_MOMENTS_H

#include "kernels/cpu/cpu.h"

enum { OST_SEGMENT = 512 };

/* All segments of a value: by block, item and part. */
typedef struct ost_segments {
    int block; /* 1, 2, 4, 8 or 16 */
    int64_t items;
    int64_t channels;
    int64_t blocks;
    int64_t area;
    int64_t parts; /* of one item's channel block */
    int64_t count;
} ost_segments;

typedef struct ost_segment {
    int64_t block;
    int64_t item;
    int64_t at; /* floats from the start of the value */
    int64_t positions;
    int64_t index; /* of its first lane among sums: one a lane and segment */
} ost_segment;

/* The block in which a layer had best work: that of its input, if it is one of
 * those above. */
int ost_segment_block(const ost_layer *layer);
ost_segments ost_segments_of(const ost_value *v, int block);
ost_segment ost_segment_of(const ost_segments *s, int64_t number);

/* Of each lane: the sum, and the sum of squared deviations from the segment's
 * own mean. */
void ost_segment_moments(const float *x, int64_t positions, int block,
                         float *sum, float *squares);
/* Of each lane: the sums of dy and of dy (x - mean); `n` counts floats, here
 * and below. */
void ost_segment_gradients(const float *x, const float *dy, int64_t n,
                           int block, const float *mean, float *plain,
                           float *weighted);
/* Factors of the lanes of a block. */
typedef struct ost_line {
    const float *a;
    const float *b;
    const float *c;
} ost_line;

/* y = a x + b + c z, lane by lane. */
void ost_segment_combine(const float *x, const float *z, float *y, int64_t n,
                         int block, const ost_line *l);
/* y = a x + b, plus z unless that is NULL, and of that, with `relu`, the
 * positive part. */
void ost_segment_finish(const float *x, const float *z, bool relu, float *y,
                        int64_t n, int block, const ost_line *l);

/* Of channel `c` over `items` items from the n-th on: the sum and the sum of
 * squared deviations from the mean. */
void ost_merge_moments(const ost_segments *s, const float *sums,
                       const float *squares, int64_t c, int64_t n,
                       int64_t items, double merged[2]);
/* The same for sums that just add up. */
void ost_merge_sums(const ost_segments *s, const float *first,
                    const float *second, int64_t c, int64_t n, int64_t items,
                    double merged[2]);

#endif
