/* stages/network_estimate.h - what a network would cost on a GPU
 *
 * From ceilings of data sheets (kernels/ceilings.h, kernels/cost.h), never
 * measured.
 */
#ifndef OST_STAGES_NETWORK_ESTIMATE_H
#define OST_STAGES_NETWORK_ESTIMATE_H

#include "base/err.h"
#include "stages/network_describe.h"

#include <jansson.h>

/* Puts into `model`, the description of `net` on a device that plans
 * (ost_network_describe()):
 *
 *     estimate: { device: an object as of ost_network_devices(),
 *         numerics: "f32",
 *         inference, training: { forward, again, data, weights, loss,
 *             optimizer, launches, seconds, seconds_as_graphs, memory },
 *         input: { bytes, seconds } }
 *     cost of each layer: { forward, again, data, weights, launches,
 *         seconds, bound }, in the pass that was asked for
 *
 * Each of forward (pass), again (forward functions that run once more before a
 * backward), data and weights (gradients), loss and optimizer (Adam, one
 * update) is { flops, bytes, launches, seconds }; their seconds are without
 * launches, `seconds` beside them with each launch, seconds_as_graphs with one
 * for a pass.  memory is that of weights, activations, gradients, Adam and the
 * libraries' workspace.
 * input is what a batch takes on its way to the device.  bound is "compute",
 * "memory" or "launches", or "" for a layer that costs nothing. */
ost_rc ost_network_estimate(const ost_network *n, const ost_net *net,
                            const ost_network_use *use, json_t *model,
                            ost_err *err);

/* All devices: [{ name, title, rates: { f32, ... }, bandwidth, memory, link,
 * launch }], operations and bytes per second, bytes, seconds.  Caller
 * decrefs. */
json_t *ost_network_devices(void);

#endif
