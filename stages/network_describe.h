/* stages/network_describe.h - what a network would be, for people and programs
 *
 * Everything is found by building the network without its memory
 * (OST_NET_PLAN), so that a large one costs nothing.
 */
#ifndef OST_STAGES_NETWORK_DESCRIBE_H
#define OST_STAGES_NETWORK_DESCRIBE_H

#include "base/buf.h"
#include "base/err.h"
#include "kernels/ceilings.h"
#include "stages/network.h"

#include <jansson.h>

typedef struct ost_network_use {
    int sides;                   /* of one input; 0: what the file says */
    int64_t input[OST_MAX_DIMS]; /* channels, height, width...; no batch */
    int64_t batch;
    bool train;
    /* The GPU whose costs are to be estimated (stages/network_estimate.h), and
     * its units; NULL: the description is that of the CPU's backend. */
    const ost_ceilings *device;
    ost_units units;
} ost_network_use;

/* Makes an object (caller decrefs):
 *
 *     name, help, scores, params, input, batch, train: what was asked
 *     layers: [{ name, kind, inputs: [index, -1 for the network's input],
 *                output: [channels, sides...], parameters, flops, bytes,
 *                frozen, shared (its weights counted before) }]
 *     output: the shape of one output, output_layer: the index of its layer
 *     parameters, frozen, flops: sums; shared weights count once
 *     memory: { activations, weights, gradients, sgd, adam }
 *
 * Parameters are what is learned or frozen, without running statistics.  Flops
 * are those of the forward pass of the batch, multiply and add counted as two.
 * Bytes are those of the values that the layer makes for the batch, conversions
 * of layouts before it included; 0 when they have no memory of their own
 * (written over the input, or made together with what follows).
 * memory.activations is what the network needs to run, with gradients of
 * activations and scratch, memory that is free at times being used again; sgd
 * (with momentum) and adam are the states of optimizers. */
ost_rc ost_network_describe(const ost_network *n, const ost_network_use *use,
                            json_t **out, ost_err *err);

/* All kinds of layers: [{ name, summary, inputs: [least, most], attributes:
 * [{ name, type, required, default, min, max, words, help }] }].  Caller
 * decrefs. */
json_t *ost_network_kinds(void);

/* Answers a request of the command `osteon model`, an object in JSON:
 *
 *     { file, values, input (may be missing), batch, train,
 *       device, numerics (both may be missing) } or
 *     { kinds: true } or { devices: true }
 *
 * as an object in JSON: { result } or { error, rc }. */
void ost_network_answer(const char *request, ost_buf *out);

#endif
