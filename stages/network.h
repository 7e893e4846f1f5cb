/* stages/network.h - networks written as JSON
 *
 *     {
 *       "osteon_model": 1,
 *       "name": "small_cnn",
 *       "params": { "widths": [16, 32], "dropout": 0.3, "classes": 2 },
 *       "layers": [
 *         { "repeat": "${widths}", "as": "w", "layers": [
 *           { "op": "conv2d", "out": "${w}", "kernel": 3, "padding": 1 },
 *           { "op": "relu" } ] },
 *         { "op": "global_avg_pool" },
 *         { "op": "dropout", "p": "${dropout}" },
 *         { "op": "dense", "out": "${classes}" }
 *       ]
 *     }
 *
 * A layer has an "op" (a kind of kernels/layer.h), its attributes, and perhaps
 * a "name" and an "in": a reference or an array of them.  A reference is the
 * name of an earlier layer of this group or one around it, "previous" (what
 * stands before; the default), "input" (of the network) or "entry" (what
 * entered this pass of the group).
 *
 * An entry with "layers" is a group.  With "repeat", a number or a list, its
 * layers stand there as often, and "as" names the pass's element (or number,
 * from 0).  What the last of them makes comes out.
 *
 * Params hold a value or {"value": ..., "help": ...}; "${name}" takes one,
 * "${name.member}" a member of one that is an object, alone in a string with
 * its type, else as text.  "output" is a reference; default: the last layer.
 * Member names that begin with "$comment" are skipped.
 *
 * Weights are named by the path of names to the layer; a layer or group without
 * name counts as its place in its list, and each pass of "repeat" as its
 * number: "0.1.0.weight", as PyTorch names nested sequences.
 */
#ifndef OST_STAGES_NETWORK_H
#define OST_STAGES_NETWORK_H

#include "base/err.h"
#include "kernels/network.h"

#include <jansson.h>
#include <stddef.h>

typedef struct ost_network ost_network;

/* Reads a network from the text of file `file` (for messages, which begin with
 * "file:line:column: ").  `values` (may be NULL) is an object that replaces
 * params; naming none of the network's is an error, unless `extra` (may be
 * NULL) has it: an object of params that are taken where the network wants
 * them.  Caller frees with ost_network_free(). */
ost_rc ost_network_read(const char *file, const char *text, size_t size,
                        const json_t *values, const json_t *extra,
                        ost_network **network, ost_err *err);
void ost_network_free(ost_network *n);

/* Borrowed until ost_network_free(): the description, its name, the whole
 * document and the params as they were used. */
const ost_net_spec *ost_network_spec(const ost_network *n);
const char *ost_network_name(const ost_network *n);
const json_t *ost_network_document(const ost_network *n);
const json_t *ost_network_values(const ost_network *n);

/* ost_net_new() with the place in the file in front of what is wrong. */
ost_rc ost_network_build(const ost_network *n, ost_weights *weights, int ndim,
                         const int64_t *shape, unsigned flags, ost_net **net,
                         ost_err *err);

#endif
