/* kernels/network_build.h - the inside of a network
 *
 * Private to kernels/network*.c, kernels/layer.c and kernels/spectral.c.
 */
#ifndef OST_KERNELS_NETWORK_BUILD_H
#define OST_KERNELS_NETWORK_BUILD_H

#include "base/vec.h"
#include "kernels/network.h"
#include "kernels/tape.h"

#include <stdint.h>

/* Memory that a layer asked for. */
typedef struct ost_request {
    const ost_layer *layer;
    size_t bytes;
    ost_life life;
    void *slot; /* of a pointer */
} ost_request;

/* The memory of a value and of those that are written over it, one after the
 * other.  What it holds is kept from the forward pass to the last backward that
 * reads it, or is made again before the first of them. */
typedef struct ost_room {
    const ost_value *home; /* the first value; NULL: not in use */
    size_t bytes;
    int last;    /* index of the layer that writes the last value */
    bool needed; /* a backward reads it, or what is made again from it */
    bool again;  /* is made again */
    int from;    /* ticks of the forward's content, */
    int to;
    int again_from; /* and of what was made again; 0: not at all */
    int again_to;
} ost_room;

/* A pointer to fill, and where it points in the forward and in the backward
 * passes. */
typedef struct ost_pointer {
    void *slot;
    size_t offset[2];
    bool pooled[2]; /* in the pool of the weights */
} ost_pointer;

/* A pass as the device was told it, to be told again at once: one for each of
 * the things that change what it is told. */
typedef struct ost_recording {
    int pass;
    unsigned ends;      /* of a backward */
    const void *memory; /* where values are, */
    const void *pool;   /* and what is in the pool */
    bool *grad_set;     /* of each layer's weights: whether gradients are added
                           to what is there */
    int64_t runs;
    void *work; /* the device's; NULL: not recorded yet */
} ost_recording;

enum { OST_FORWARD, OST_BACKWARD };
#define OST_NOWHERE SIZE_MAX

struct ost_net {
    ost_weights *weights;
    ost_backend *backend;
    unsigned flags;
    OST_VEC(ost_layer *) layers; /* in the order in which they run */
    ost_value *input;
    ost_value *output;
    OST_VEC(ost_value *) values; /* owns them, input and output included */
    OST_VEC(ost_request) requests;
    ost_room *rooms; /* of the value that layer i makes: i + 1; input: 0 */
    OST_VEC(ost_net_span) spans;
    OST_VEC(ost_pointer) pointers;
    void *memory;
    size_t memory_bytes;
    void *host_input[2]; /* by turns, where the device has its own memory */
    int turn;
    bool fed; /* host_input[turn] is to be sent */
    void *host_output;
    uint64_t *draw; /* of the pass, in the device's memory; NULL on the host */
    bool draws;     /* a layer has asked where that is */
    OST_VEC(ost_recording) recordings;
    bool unrecorded; /* recording failed: passes are told call by call */
    ost_tape tape;
};

/* The steps of planning, in this order. */
/* Which layers run, where, and whose values share memory. */
void ost_net_arrange(ost_net *net);
/* How long each room's content is kept, and what is made again when.
 * `use[tick]` is how many bytes other things take. */
void ost_net_settle(ost_net *net, const size_t *use);
/* Finds a place for everything and allocates it. */
ost_rc ost_net_place_memory(ost_net *net, ost_err *err);

/* Drops what was recorded. */
void ost_net_forget(ost_net *net);

/* Points everything to where it is in one of the two passes. */
void ost_net_enter(ost_net *net, int pass);

ost_room *ost_net_room(const ost_net *net, const ost_value *v);
/* When a layer runs backward, see ost_net_span. */
int ost_net_backward_tick(const ost_net *net, const ost_layer *layer);

#endif
