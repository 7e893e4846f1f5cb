/* kernels/cuda/norm_kernels.h - kernels of batch, instance and layer
 * normalization
 *
 * Numbers that share a mean are a group: column g of (rows, groups, area) in
 * row-major order.  A group's `stats` are four numbers: its mean m, the
 * reciprocal s of its deviation, what the gradient follows, r, and 0.  With M
 * numbers in the group, w and v the weight and bias of a number's channel:
 *     y = s w (x - m) + v
 *     dx = s w dy - s P / M - (x - m) r Q / M,
 *     P = sum(w dy), Q = sum(w dy (x - m)) over the group,
 * where r is s^3 for a deviation of sqrt(variance + epsilon), and for d +
 * epsilon with the unbiased d it is s^2 M / (d (M - 1)), or 0 where d is.
 *
 * Each launcher returns the cudaError_t of its launches on `stream` and does
 * not wait.
 */
#ifndef OST_KERNELS_CUDA_NORM_KERNELS_H
#define OST_KERNELS_CUDA_NORM_KERNELS_H

#include "kernels/cuda/cuts.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    OST_NORM_STATS = 4,   /* floats of a group's stats */
    OST_NORM_MOMENTS = 3, /* floats of a part, forward */
    OST_NORM_SUMS = 2,    /* floats of a part, backward */
};

typedef struct ost_norm_groups {
    int64_t groups;
    int64_t rows;
    int64_t area;
    ost_cut cut; /* of a group's numbers */
} ost_norm_groups;

/* Whether one block goes through a group by itself: one that is small, or of so
 * many that all of a device is busy, while each stays in a cache. */
static inline bool ost_norm_is_whole(const ost_norm_groups *g)
{
    return g->cut.count <= (g->groups < 64 ? 16384 : 65536);
}

typedef struct ost_norm_work {
    ost_norm_groups all;  /* those that share a mean */
    ost_norm_groups sums; /* those whose gradients are summed: the same or,
                             `together`, one for each channel of an item */
    int64_t channels;     /* of an item; group g is of channel g % channels, */
    int64_t positions;    /* or, `together`, number i of a group is of channel
                             i / positions: then it has less than 2^31 */
    bool together;
    bool unbiased;         /* deviations: see above */
    double share;          /* 1 / M, */
    double unbiased_share; /* 1 / (M - 1), or 0 for M = 1 */
    double epsilon;
    const float *weight; /* of each channel; NULL: 1, and */
    const float *bias;   /* 0 */
    float *stats;        /* of each group; NULL: not to be kept */
    float *partial;      /* of each part of each group */
} ost_norm_work;

/* Where a forward takes the stats from. */
typedef enum ost_norm_source {
    OST_NORM_FROM_NUMBERS,
    OST_NORM_FROM_STATS,
    OST_NORM_FROM_RUNNING,
} ost_norm_source;

typedef struct ost_norm_forward {
    ost_norm_source source;
    const float *x;
    const float *addend; /* is added to what comes out; NULL: none */
    bool bends;          /* then what is negative is multiplied by `slope` */
    float slope;
    float *y; /* may be x or the addend */
    /* Of each channel; what is not NULL takes `momentum` of the batch's, if
     * stats are taken from numbers. */
    float *running_mean;
    float *running_var;
    double momentum;
} ost_norm_forward;

typedef struct ost_norm_backward {
    const float *x;
    const float *dy;
    /* A ReLU that followed passes back dy where what came out of the norm was
     * positive, and `slope` dy elsewhere. */
    bool bends;
    float slope;
    float *dx;          /* may be dy; NULL: not wanted */
    bool add;           /* to what is there */
    float *weight_grad; /* both, or NULL */
    float *bias_grad;
    bool add_weight; /* to what is there */
    bool add_bias;
} ost_norm_backward;

int ost_cuda_launch_norm(const ost_norm_work *work,
                         const ost_norm_forward *pass, void *stream);
int ost_cuda_launch_norm_back(const ost_norm_work *work,
                              const ost_norm_backward *pass, void *stream);

#ifdef __cplusplus
}
#endif

#endif
