/* kernels/cost.h - what the layers of a network cost on a GPU, by arithmetic
 *
 * From shapes and from the plan of a network alone (kernels/plan_backend.h):
 * operations of matrix products and convolutions, bytes that must be read from
 * and written to the device's memory at least, and kernels launched.  Nothing
 * is measured: caches make it cheaper, bad access and small kernels dearer.
 */
#ifndef OST_KERNELS_COST_H
#define OST_KERNELS_COST_H

#include "kernels/ceilings.h"
#include "kernels/network.h"

typedef struct ost_cost {
    double flops;   /* multiply and add counted as two */
    double bytes;   /* each number once per kernel that reads or writes it */
    double seconds; /* by ceilings, without launches */
    int launches;
} ost_cost;

/* One layer of a network in one pass. */
typedef struct ost_layer_cost {
    ost_cost forward;
    /* Of a network that trains: forward functions that run again before its
     * backward, the gradients of its inputs and those of its weights. */
    ost_cost again;
    ost_cost data;
    ost_cost weights;
} ost_layer_cost;

void ost_cost_add(ost_cost *sum, const ost_cost *cost);

/* Adds the cost of layer `i` of a planned network to `*sum`, with its seconds
 * on the device. */
void ost_layer_cost_add(ost_layer_cost *sum, const ost_net *net, int i,
                        const ost_ceilings *device, ost_units units);

/* The loss behind the network's output: reads output and target, writes the
 * gradient. */
ost_cost ost_loss_cost(const ost_net *net, const ost_ceilings *device);
/* One update of `count` learned numbers: all of them in one kernel, with
 * `states` further numbers for each (Adam: 2, momentum: 1). */
ost_cost ost_update_cost(double count, int states, const ost_ceilings *device);

#endif
