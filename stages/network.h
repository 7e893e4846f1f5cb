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
 * a "name", an "in" (a reference or a list of them), "l2" (this times the
 * layer's "weight" is added to its gradient) and "frozen" (true: its weights
 * stay as they are).
 *
 * An entry with "layers" is a group.  With "repeat", a number or a list, its
 * layers stand there as often, and "as" names the pass's element (or number,
 * from 0).  Its "in" is what enters it (default: "previous"); what the last
 * layer makes comes out, and enters the next pass.
 *
 * References.  "previous" is what stands before (the default), "input" the
 * network's input, "entry" what entered this pass of the group.  Any other is
 * the name of an earlier entry of this pass or of one around it.
 * "group.name" is inside of an earlier group (of its last pass),
 * "group.PASS.name" of that pass, counted from 0, "group.*.name" of all passes,
 * in order.  null in "in" is nothing.
 *
 * "when": {"NAME": value or list of values, ...} on an entry: it is there only
 * if every named param or "as" name is (one of) the values.  An entry that is
 * not there stands for the first that it reads; nothing happens when one that
 * is there has its name, so that alternatives can share a name.
 *
 * Recurrent networks.  With "weights": "shared" all passes of a group have the
 * weights of the first.  "carry": {"NAME": reference or null} gives NAME a
 * meaning in the first pass; what the pass's own layer of that name makes is
 * what NAME means in the next, and after the group.  null: nothing; a layer
 * that reads it has one input less.
 *
 * Values.  Params hold a value or {"value": ..., "help": ...}; "${name}" takes
 * one, "${name.member}" a member of one that is an object, "${name.2}" an
 * element of one that is a list (from 0): alone in a string with its type, else
 * as text.  {"case": value, "TEXT": x, ..., "default": y}
 * is the member whose name is the value's text.  Both stand anywhere a value
 * stands, in params as well (which see other params only).
 *
 * "output" is a reference; default: what the last entry makes.  "scores" says
 * what turns the outputs into scores: "softmax" (default), "sigmoid" or "none".
 * "input" is the shape of one input (channels, sides...) that the network is
 * meant for: tables and tests use it.  Member names that begin with "$comment"
 * are skipped.
 *
 * Weights are named by the path of names to the layer; a layer or group without
 * name counts as its place in its list, and each pass of "repeat" as its
 * number: "0.1.0.weight", as PyTorch names nested sequences.  The number is
 * left out where the name mentions the "as" of its own group: then every pass
 * is a group with a name, "layer${stage.id}".  A group named "" adds nothing.
 */
#ifndef OST_STAGES_NETWORK_H
#define OST_STAGES_NETWORK_H

#include "base/err.h"
#include "kernels/network.h"

#include <jansson.h>
#include <stddef.h>

typedef struct ost_network ost_network;

/* What turns the outputs of a network into scores. */
typedef enum ost_scores_kind {
    OST_SCORES_SOFTMAX, /* one class of several */
    OST_SCORES_SIGMOID, /* each output by itself */
    OST_SCORES_NONE,    /* they are what is wanted */
} ost_scores_kind;

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

ost_scores_kind ost_network_scores(const ost_network *n);
/* The shape of one input (C, sides...; no N) that the file says; returns how
 * many numbers that are, 0 when it says nothing. */
int ost_network_input(const ost_network *n, int64_t shape[OST_MAX_DIMS]);

/* ost_net_new() with the place in the file in front of what is wrong. */
ost_rc ost_network_build(const ost_network *n, ost_weights *weights, int ndim,
                         const int64_t *shape, unsigned flags, ost_net **net,
                         ost_err *err);

/* The same up to the value of one layer, which comes out. */
ost_rc ost_network_build_to(const ost_network *n, int layer,
                            ost_weights *weights, int ndim,
                            const int64_t *shape, unsigned flags, ost_net **net,
                            ost_err *err);
/* Index of the layer of that name (as `osteon model` prints it); NULL names the
 * one whose value enters the last dense layer, the classifier.  OST_EINPUT when
 * there is none, or it is the network's input. */
ost_rc ost_network_find_layer(const ost_network *n, const char *name,
                              int *layer, ost_err *err);

#endif
