/* kernels/layer.h - what a network is made of: values, layers, attributes
 *
 * A layer reads values and makes one.  Its kind (ost_layer_kind, one per
 * LAYER() line of operator_list.def) says which attributes it takes, which
 * shapes come out and which weights it learns, the same for every device; the
 * backend's slot of that name then prepares it for the device: chooses layouts,
 * asks for memory and sets `forward` and `backward`.
 *
 * Layouts.  A value has the logical shape (N, C, spatial...) and a channel
 * block B: its element (n, c, s) lies at
 *     ((n * ceil(C / B) + c / B) * S + s) * B + c % B
 * where S counts the spatial positions.  B = 1 is plain row-major order, B = C
 * is channels last, B = 8 and 16 are what vector instructions like.  The lanes
 * of missing channels are zero, always.
 */
#ifndef OST_KERNELS_LAYER_H
#define OST_KERNELS_LAYER_H

#include "base/err.h"
#include "kernels/backend.h"
#include "kernels/tensor.h"
#include "kernels/weights.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OST_NET_ATTR_VALUES = 6, /* numbers in one attribute */
    OST_LAYER_ATTRS = 12,    /* attributes of one kind */
    OST_LAYER_WEIGHTS = 4,   /* weights of one layer */
    OST_LAYER_INPUTS = 32,
};

typedef struct ost_net ost_net;
typedef struct ost_spectral ost_spectral; /* kernels/spectral.h */

/* An attribute as it was written: one number or several, or a word.  Booleans
 * are 0 and 1. */
typedef struct ost_net_attr {
    const char *name;
    const char *text; /* NULL for numbers */
    int count;
    double v[OST_NET_ATTR_VALUES];
} ost_net_attr;

typedef enum ost_net_attr_type {
    OST_NET_ATTR_INT,  /* one integer */
    OST_NET_ATTR_INTS, /* one integer for all spatial sides, or one for each */
    OST_NET_ATTR_REAL,
    OST_NET_ATTR_BOOL,
    OST_NET_ATTR_WORD, /* one of `words` */
} ost_net_attr_type;

/* An attribute that a kind of layer knows. */
typedef struct ost_net_attr_spec {
    const char *name;
    ost_net_attr_type type;
    bool required;
    double dflt; /* of a word: its index */
    double min;
    double max;
    const char *const *words; /* ends with NULL */
    const char *help;
} ost_net_attr_spec;

typedef struct ost_value {
    int ndim;
    int64_t shape[OST_MAX_DIMS]; /* N, C, spatial... */
    int block;
    bool wants_grad; /* something that learns stands before it */
    unsigned ends;   /* what that is: of enum ost_net_ends */

    int producer;  /* index of its layer; -1 for the network's input */
    int consumers; /* layers that read it */
    int grads_set; /* consumers that have added their gradient this pass */
    struct ost_value *data_home; /* whose memory it shares, or itself */
    struct ost_value *grad_home;
    float *data;
    float *grad;
} ost_value;

bool ost_value_same_shape(const ost_value *a, const ost_value *b);
int64_t ost_value_channels(const ost_value *v);
/* Spatial positions: 1 for (N, C). */
int64_t ost_value_area(const ost_value *v);
/* ceil(C / B) */
int64_t ost_value_blocks(const ost_value *v);
/* Floats in memory, padding included; -1 when they cannot be counted. */
int64_t ost_value_stored(const ost_value *v);
/* "8x1x64x64"; `out` has room for 96 characters. */
const char *ost_shape_text(char out[96], int ndim, const int64_t *shape);

enum ost_layer_kind_flags {
    OST_READS_INPUT = 1u << 0,  /* backward reads the inputs' numbers */
    OST_READS_OUTPUT = 1u << 1, /* backward reads the output's numbers */
    /* May write over one of its first two inputs, if that has the output's
     * size, and the gradient of that input over the gradient of the output. */
    OST_IN_PLACE = 1u << 2,
    OST_INTERNAL = 1u << 3, /* not for network descriptions */
    /* No gradient goes to its first input: if backward is told to write one, it
     * is zero. */
    OST_CUTS_FIRST = 1u << 4,
    /* Its first input is so large that it is made again for its backward, even
     * by products. */
    OST_INPUT_AGAIN = 1u << 5,
};

/* What stands beside a layer where derivatives run along
 * (kernels/tangent.h). */
typedef enum ost_tangent_rule {
    OST_TANGENT_NONE,   /* nothing: not known */
    OST_TANGENT_LINEAR, /* the same layer without bias */
    OST_TANGENT_GATE,   /* what its output lets through: 1 where that is
                           positive, its attribute `slope` or 0 elsewhere */
} ost_tangent_rule;

typedef struct ost_layer_kind {
    const char *name;
    const char *summary;
    int min_inputs;
    int max_inputs;
    unsigned flags;
    ost_tangent_rule tangent;
    const ost_net_attr_spec *attrs; /* ends with a NULL name */
    /* From the inputs' shapes and the attributes to the output's shape and the
     * layer's weights (ost_layer_weight()).  Says what is wrong without naming
     * the layer: the caller does. */
    ost_rc (*shape)(ost_layer *layer, ost_err *err);
    /* Of kinds that are made of others: puts layers before the shaped `layer`
     * with ost_layer_before() and makes it read what they make, in place of
     * some of its inputs.  NULL: none. */
    ost_rc (*compose)(ost_layer *layer, ost_err *err);
    /* Floating point operations of the forward pass, multiply and add counted
     * as two; NULL for negligible. */
    double (*flops)(const ost_layer *layer);
} ost_layer_kind;

/* What differs from one pass to the next. */
typedef struct ost_pass {
    uint64_t draw; /* names the random numbers of this pass */
    /* The forward of a layer runs once more, before a backward, to make again
     * what was not kept: the same numbers, and nothing else changes. */
    bool again;
} ost_pass;

struct ost_layer {
    const ost_layer_kind *kind;
    ost_net *net;
    ost_backend *backend;
    char *name;
    int index;     /* in the network description; -1 when inserted */
    int serial;    /* in the network */
    bool training; /* keeps what its backward reads */
    bool live;     /* gives what it gives in training, with a backward or not */
    double l2;     /* see ost_layer_spec */
    bool frozen;   /* its weights are not learned */
    bool shared;   /* its weights may be those of an earlier layer */

    ost_net_attr
        attrs[OST_LAYER_ATTRS]; /* resolved, in the order of kind->attrs */

    int n_inputs;
    ost_value *in[OST_LAYER_INPUTS];
    ost_value *out;
    int n_weights;
    ost_weight *weights[OST_LAYER_WEIGHTS];
    ost_spectral *spectral; /* how weights[0] is normalized; NULL: not */

    /* Set by the backend's slot: layouts it wants and makes, memory sizes,
     * functions. */
    int in_block[OST_LAYER_INPUTS]; /* preset to what the inputs have */
    ost_rc (*forward)(ost_layer *layer, const ost_pass *pass, ost_err *err);
    /* Reads out->grad; writes the gradient of each input i that wants one to
     * in_grad[i] and that of each learned weight to weight_grad[i], or adds it
     * to what is there (add_in[i], if the layer `adds_in`; add_weight[i], if it
     * `adds`). */
    ost_rc (*backward)(ost_layer *layer, const ost_pass *pass, ost_err *err);
    void (*release)(ost_layer *layer); /* frees `state`; may be NULL */
    /* Takes over the forward of `next`, which follows and writes over this
     * layer's output, or over that of the last one taken over: from then on
     * `forward` does both, at the place of `next`.  False when it cannot.  It
     * may ask for memory.  NULL: never. */
    bool (*fuse)(ost_layer *layer, const ost_layer *next);
    /* Takes over the backward of `next`, which alone reads this layer's output,
     * or that of the last one taken over, and has the gradients of both in one
     * place: from then on `backward` finds that of next's output in out->grad
     * and does the work of both.  False when it cannot.  NULL: never. */
    bool (*fuse_back)(ost_layer *layer, const ost_layer *next);
    /* Takes over all of `before`, whose output nobody else reads: from then on
     * this layer reads the input of `before` and does the work of both, forward
     * and backward.  False when it cannot.  NULL: never. */
    bool (*absorb)(ost_layer *layer, const ost_layer *before);
    bool adds;    /* to gradients of weights, which need no spare memory then */
    bool adds_in; /* to those of inputs, likewise */
    void *state;

    /* Set by the network once all layers are there. */
    bool halves;       /* its backward works in two parts, see ost_life */
    bool absent;       /* another one has absorbed it */
    bool learns;       /* its backward runs */
    ost_layer *runs;   /* whose forward runs in its place; NULL: none */
    bool leads;        /* its backward does that of others, too */
    ost_layer *led_by; /* whose backward does its own too; NULL: none */
    int at;            /* the layer in whose place its own forward runs */
    ost_layer **again; /* what runs forward again before its backward */
    int n_again;

    /* Set by the tape before `backward`; NULL where no gradient is wanted (of
     * weights: running statistics, and all weights of a frozen layer). */
    float *in_grad[OST_LAYER_INPUTS];
    bool add_in[OST_LAYER_INPUTS];
    float *weight_grad[OST_LAYER_WEIGHTS];
    bool add_weight[OST_LAYER_WEIGHTS];

    /* Spare memory for gradients that are to be added to earlier ones; NULL
     * where there is nothing to add. */
    float *in_spare[OST_LAYER_INPUTS];
    float *weight_spare[OST_LAYER_WEIGHTS];

    /* For people and tests: what computes forward, the gradients of the input
     * and those of the weights; NULL: own loops. */
    const char *code[3];
};

/* For kinds: the attribute called `name` of a resolved layer (it is in the
 * kind's table; anything else is a bug).  `side` chooses among INTS. */
double ost_layer_attr(const ost_layer *layer, const char *name);
int64_t ost_layer_attr_int(const ost_layer *layer, const char *name, int side);
/* How many numbers it has. */
int ost_layer_attr_count(const ost_layer *layer, const char *name);
/* Index of a word in its table. */
int ost_layer_attr_word(const ost_layer *layer, const char *name);

/* For kinds: declares the next weight as "layer.suffix".  That of a frozen
 * layer is not learned; "weight" gets the layer's l2.  Fails when an earlier
 * layer of the network has it and the layer is not marked as shared, or is
 * frozen or has an l2 otherwise than that one.  Kinds that can be told
 * OST_INIT_NORMAL or OST_INIT_SCALES have the attribute `sigma`. */
ost_rc ost_layer_weight(ost_layer *layer, const char *suffix, int ndim,
                        const int64_t *shape, ost_init init, int64_t fan_in,
                        int64_t fan_out, bool learned, ost_err *err);

/* For kinds, while composing: a layer of `kind` that reads `in` and runs before
 * `layer`.  It has the name of `layer`, and its index if it has weights, so
 * that they are called and counted as those of `layer`. */
ost_rc ost_layer_before(ost_layer *layer, const char *kind,
                        const ost_net_attr *attrs, int n_attrs,
                        ost_value *const *in, int n_inputs, ost_value **out,
                        ost_err *err);

/* When memory that a layer asks for has to keep its content. */
typedef enum ost_life {
    OST_LIFE_FORWARD,  /* within a forward call */
    OST_LIFE_BACKWARD, /* within a backward call */
    /* Within one of two parts of a backward call, in this order.  A layer that
     * asks for the first writes its inputs' gradients in the second. */
    OST_LIFE_BACKWARD_FIRST,
    OST_LIFE_BACKWARD_SECOND,
    OST_LIFE_SAVED, /* from the forward call to the backward call */
} ost_life;

/* For backends, while preparing: the pointer at `slot` will point to `bytes` of
 * 64-byte aligned memory once the network is built.  `slot` must stay where it
 * is. */
void ost_layer_memory(ost_layer *layer, size_t bytes, ost_life life,
                      void *slot);
/* For backends: gives weight `i` its memory (ost_weights_place()). */
ost_rc ost_layer_place_weight(ost_layer *layer, int i, int64_t stored,
                              void *layout, ost_err *err);

/* For backends with memory of their own: where the device finds the `draw` of
 * the pass that runs, so that the same work can be told it again for another
 * one. */
const uint64_t *ost_layer_draw(const ost_layer *layer);

/* Looks up a kind by name; NULL when there is none. */
const ost_layer_kind *ost_layer_kind_find(const char *name);
/* Kind `i`, sorted by name; NULL past the end. */
const ost_layer_kind *ost_layer_kind_at(size_t i);
/* Fills `layer->attrs` from what was written.  On failure `*which` is the index
 * of the attribute at fault, -1 when one is missing. */
ost_rc ost_layer_resolve(ost_layer *layer, const ost_net_attr *attrs, int count,
                         int *which, ost_err *err);

#endif
