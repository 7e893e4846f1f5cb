/* kernels/network_build.h - the inside of a network
 *
 * Private to kernels/network*.c and kernels/layer.c.
 */
#ifndef OST_KERNELS_NETWORK_BUILD_H
#define OST_KERNELS_NETWORK_BUILD_H

#include "base/vec.h"
#include "kernels/network.h"
#include "kernels/tape.h"

/* Memory that a layer asked for. */
typedef struct ost_request {
    const ost_layer *layer;
    size_t bytes;
    ost_life life;
    void *slot; /* of a pointer */
} ost_request;

struct ost_net {
    ost_weights *weights;
    ost_backend *backend;
    unsigned flags;
    OST_VEC(ost_layer *) layers; /* in the order in which they run */
    ost_value *input;
    ost_value *output;
    OST_VEC(ost_value *) values; /* owns them, input and output included */
    OST_VEC(ost_request) requests;
    void *memory;
    size_t memory_bytes;
    ost_tape tape;
};

/* Decides who shares memory with whom, allocates it, fills all pointers. */
ost_rc ost_net_place_memory(ost_net *net, ost_err *err);

#endif
