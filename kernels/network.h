/* kernels/network.h - networks as data, built for a device and a batch
 *
 * A description (ost_net_spec) is a list of layers: which kind, which inputs,
 * which attributes.  ost_net_new() builds it for one batch shape: infers
 * shapes, lets the backend choose layouts, inserts conversions between them,
 * plans all memory ahead and allocates it at once, so that a step allocates
 * nothing.
 *
 *     spec + weights -> ost_net_new -> { fill input, forward, loss, backward,
 *                                        ost_optimizer_step } repeated
 *
 * Networks for other batch sizes and for inference are built from the same
 * description with the same ost_weights.  A network is used by one thread at a
 * time.
 */
#ifndef OST_KERNELS_NETWORK_H
#define OST_KERNELS_NETWORK_H

#include "kernels/backend.h"
#include "kernels/layer.h"
#include "kernels/weights.h"

enum {
    OST_NET_INPUT = -1, /* as an input of a layer: the network's input */
};

/* One layer; strings are borrowed from the maker. */
typedef struct ost_layer_spec {
    const char *kind;
    const char *name; /* of its weights; NULL: its index */
    int n_inputs;
    int inputs[OST_LAYER_INPUTS]; /* indices of earlier layers, or INPUT */
    const ost_net_attr *attrs;
    int n_attrs;
    double l2;   /* this times its "weight" is added to the gradient of it */
    bool frozen; /* its weights are not learned */
    bool shared; /* its weights may be those of an earlier layer of its name */
} ost_layer_spec;

typedef struct ost_net_spec {
    const ost_layer_spec *layers;
    int n_layers;
    int output; /* index of the layer whose value comes out */
} ost_net_spec;

enum ost_net_flags {
    OST_NET_TRAIN = 1u << 0,      /* batch statistics, dropout, backward */
    OST_NET_ADD_GRAD = 1u << 1,   /* backward adds to the weights' gradients */
    OST_NET_INPUT_GRAD = 1u << 2, /* backward goes on to the input */
    /* Every layer runs by itself and every value that a backward reads is kept
     * until then, instead of being made again: more memory for the same
     * numbers.  For tests. */
    OST_NET_KEEP = 1u << 3,
    /* Only plans: layers, shapes, layouts and sizes, without memory, also of
     * the weights.  The network cannot run, and its weights are of no use to
     * others. */
    OST_NET_PLAN = 1u << 4,
    /* Its memory is that of the first such network on the same weights, where
     * it fits in: outputs are then valid until another of them runs, and no
     * other may run between a forward and its backward. */
    OST_NET_SHARE = 1u << 5,
    /* Layers behave as in training (dropout draws, batch norms use the
     * statistics of the batch) without a backward: nothing is kept for one,
     * and running statistics stay as they are. */
    OST_NET_LIVE = 1u << 6,
    /* Of a description by ost_tangent_spec(): kinds that are not for people are
     * known, and running statistics stay as they are. */
    OST_NET_TANGENT = 1u << 7,
};

/* Where a description is wrong: layer -1 is the whole. */
typedef struct ost_net_place {
    int layer;
    int attr; /* index among the layer's attributes, -1 for the layer */
} ost_net_place;

/* Builds `spec` for inputs of `shape` (N, C, H, W or N, C).  `weights` gets the
 * weights that it does not have yet, zeroed (see ost_weights_init()), and must
 * outlive the network.  `where` (may be NULL) is filled on OST_EINPUT, whose
 * message begins with "layer 3 (conv2d): ".  Caller frees with
 * ost_net_free(). */
ost_rc ost_net_new(ost_weights *weights, const ost_net_spec *spec, int ndim,
                   const int64_t *shape, unsigned flags, ost_net **net,
                   ost_net_place *where, ost_err *err);
void ost_net_free(ost_net *net);

/* The input, plain row-major numbers to be filled before each forward, and the
 * output, plain too, valid until the next forward.  Both borrowed, in the
 * memory of the device. */
ost_tensor ost_net_input(ost_net *net);
ost_tensor ost_net_output(const ost_net *net);
/* The same in memory of the host.  What is filled in there, all of it, the next
 * forward sends to the device, which may then still compute what it was told
 * before; OST_ENOMEM.  The output is read when the device is done with it. */
ost_rc ost_net_host_input(ost_net *net, ost_tensor *input, ost_err *err);
ost_rc ost_net_host_output(ost_net *net, ost_tensor *output, ost_err *err);
/* The gradient of the output, to be filled before each backward (with training
 * flag only; without data when nothing learns).  Borrowed. */
ost_tensor ost_net_output_grad(ost_net *net);

/* With OST_NET_INPUT_GRAD, after a backward: the gradient of the input.
 * Borrowed. */
ost_tensor ost_net_input_grad(const ost_net *net);

/* One pass.  `draw` names the random numbers of dropout: the same number gives
 * the same masks. */
ost_rc ost_net_forward(ost_net *net, uint64_t draw, ost_err *err);
/* After a forward of a network built for training: the gradients of all
 * learned weights.  Built with OST_NET_ADD_GRAD they are added to those of
 * earlier passes since ost_weights_clear_grad(), otherwise they replace
 * them. */
ost_rc ost_net_backward(ost_net *net, ost_err *err);
/* The same, to some of its ends alone: what is left out costs nothing and
 * stays as it was. */
enum ost_net_ends {
    OST_NET_TO_WEIGHTS = 1u << 0,
    OST_NET_TO_INPUT = 1u << 1, /* of a network built with INPUT_GRAD */
};
ost_rc ost_net_backward_to(ost_net *net, unsigned ends, ost_err *err);

/* What was built, for tables and tests: layers in order, those of the
 * description and the conversions in between (index -1). */
int ost_net_layers(const ost_net *net);
const ost_layer *ost_net_layer(const ost_net *net, int i);
/* Bytes for activations, their gradients and scratch; without what is in the
 * pool of its weights. */
size_t ost_net_memory(const ost_net *net);

/* A piece of that memory and the ticks between which it is in use, both
 * included: layer i runs forward at tick i, the loss at tick L, the number of
 * layers, and layer i backward at tick 2 L - i. */
typedef struct ost_net_span {
    const ost_layer *layer; /* whose it is; NULL: the network's input */
    const char *what;       /* "value", "value again", "gradient", "layer" */
    size_t bytes;
    size_t offset;
    bool pooled; /* in the pool of the weights: nothing is kept there from one
                    call to the next */
    int from;
    int to;
    /* Of a layer's backward in two parts: 1: of its only tick the first part;
     * 2: not in the first part of tick `from`; 0: all of them. */
    int part;
} ost_net_span;

int ost_net_spans(const ost_net *net);
ost_net_span ost_net_span_at(const ost_net *net, int i);

#endif
