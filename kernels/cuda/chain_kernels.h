/* kernels/cuda/chain_kernels.h - steps on each number, in one kernel
 *
 * A chain takes numbers x from `from`, does its steps to each in their order
 * and writes what comes out to `to`, which may be `from`.  The numbers are
 * those of a value (N, C, S...) in plain row-major order, so that number i is
 * of the row i / S and of the channel i / S mod C, where S counts positions.  A
 * step may have operands: arrays of which number i meets one.
 *
 * Every step is rounded by itself, so that a chain gives the same bits as its
 * steps one after the other.
 */
#ifndef OST_KERNELS_CUDA_CHAIN_KERNELS_H
#define OST_KERNELS_CUDA_CHAIN_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { OST_CHAIN_STEPS = 8 };

typedef enum ost_chain_op {
    OST_CHAIN_RELU,     /* 0 where x < 0 */
    OST_CHAIN_LEAKY,    /* number x where x < 0 */
    OST_CHAIN_SIGMOID,  /* 1 / (1 + e^-x) */
    OST_CHAIN_TANH,     /* tanh x */
    OST_CHAIN_SCALE,    /* number x */
    OST_CHAIN_ADD,      /* x + a */
    OST_CHAIN_MULTIPLY, /* x a */
    OST_CHAIN_LINE,     /* a x + b */
    OST_CHAIN_BEND,     /* a x where not x > 0 */
    OST_CHAIN_COPY,     /* a; nothing is read from `from` if it comes first */
    /* Derivatives, told by the result `a` of the step that went forward, or by
     * the one that it was told by: */
    OST_CHAIN_GATE,         /* x where a > 0, number x elsewhere */
    OST_CHAIN_RELU_BACK,    /* x where a > 0, 0 elsewhere */
    OST_CHAIN_SIGMOID_BACK, /* x (a (1 - a)) */
    OST_CHAIN_TANH_BACK,    /* x (1 - a a) */
    /* x is written to `out` and goes on. */
    OST_CHAIN_STORE,
} ost_chain_op;

/* Which number of its operands number i meets. */
typedef enum ost_chain_at {
    OST_CHAIN_EACH,    /* i */
    OST_CHAIN_CHANNEL, /* that of its channel */
    OST_CHAIN_ROW,     /* that of its row: of an item's channel */
    OST_CHAIN_SPOT,    /* that of its item's position */
    OST_CHAIN_ONE,     /* the first */
} ost_chain_at;

typedef struct ost_chain_step {
    ost_chain_op op;
    ost_chain_at at;
    float number;
    const float *a;
    const float *b;
    float *out; /* of STORE */
} ost_chain_step;

typedef struct ost_chain_args {
    const float *from;
    float *to;
    int64_t count; /* N C S */
    int64_t channels;
    int64_t area; /* S */
    int steps;
    ost_chain_step step[OST_CHAIN_STEPS];
} ost_chain_args;

/* Returns the cudaError_t of the launch on `stream` and does not wait. */
int ost_cuda_launch_chain(const ost_chain_args *chain, void *stream);

#ifdef __cplusplus
}
#endif

#endif
