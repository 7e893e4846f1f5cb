/* kernels/weights.h - the numbers that a network learns, by name
 *
 * The list is in the order of the layers and has every parameter ("3.weight",
 * "3.bias") and every running statistic ("4.running_mean"), named as PyTorch
 * names them.  It belongs to no network: networks built for other batch sizes,
 * or for inference, share one list.
 *
 * A device may keep a weight in a layout of its own; ost_weights_get() and
 * ost_weights_set() speak of plain row-major numbers (convolutions: output
 * channel, input channel, kernel), so that stored weights are the same bytes
 * whatever the device, and are the only way in and out.
 */
#ifndef OST_KERNELS_WEIGHTS_H
#define OST_KERNELS_WEIGHTS_H

#include "kernels/backend.h"
#include "kernels/tensor.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum ost_init {
    OST_INIT_ZEROS,
    OST_INIT_ONES,
    /* normal, sigma = sqrt(2 / fan in): He, Zhang, Ren and Sun, "Delving deep
     * into rectifiers", ICCV 2015, equation 10 */
    OST_INIT_KAIMING,
    /* uniform, +-sqrt(6 / (fan in + fan out)): Glorot and Bengio, AISTATS
     * 2010, equation 16 */
    OST_INIT_XAVIER,
    /* uniform, +-1 / sqrt(fan in), what PyTorch gives a layer by default */
    OST_INIT_UNIFORM,
    OST_INIT_NORMAL, /* of the given sigma */
    /* Not for people to choose: */
    OST_INIT_CONSTANT, /* the given slope */
    OST_INIT_SCALES,   /* normal around 1, of the given sigma */
} ost_init;

struct ost_weight {
    char *name;
    int ndim;
    int64_t shape[OST_MAX_DIMS]; /* plain */
    bool learned; /* false for running statistics and frozen layers */
    bool frozen;  /* it would be learned, but its layer is frozen */
    double l2;    /* this times the weight is added to its gradient */
    ost_init init;
    double sigma; /* of OST_INIT_NORMAL and OST_INIT_SCALES */
    double slope; /* of OST_INIT_CONSTANT */
    int64_t fan_in;
    int64_t fan_out;

    /* Private to kernels/: numbers as the device keeps them. */
    int64_t stored; /* floats, with padding that is always zero */
    void *layout;   /* the device's description; NULL when plain */
    float *data;
    float *grad;     /* NULL until a network is built for training */
    float *state[2]; /* of the optimizer */
    bool grad_set;   /* this step has written a gradient */
};

/* Memory that several networks use, one after the other, for what a call needs
 * only while it runs.  A zeroed one is empty and ready. */
typedef struct ost_pool {
    void *memory;
    size_t bytes; /* what the most demanding of them needs */
} ost_pool;

typedef struct ost_weights {
    ost_backend *backend;
    ost_weight **data; /* in the order of the layers */
    size_t len;
    size_t cap;
    int64_t step; /* updates made so far (Adam's t) */
    double *clip; /* what the step's gradients are multiplied by; or NULL */
    void *shared; /* memory of networks that were built to share it */
    size_t shared_bytes;
    ost_pool *pool; /* of the networks that are built on them, borrowed; NULL:
                       each has all of its memory by itself */
} ost_weights;

/* An empty list for networks on `backend`, which must outlive it.  Caller frees
 * with ost_weights_free(). */
ost_weights *ost_weights_new(ost_backend *backend);
void ost_weights_free(ost_weights *w);
/* Once the networks that use it are gone. */
void ost_pool_release(ost_pool *pool, ost_backend *backend);

/* Borrowed until ost_weights_free(); NULL when there is none. */
ost_weight *ost_weights_find(const ost_weights *w, const char *name);
/* Plain numbers in a weight. */
int64_t ost_weight_count(const ost_weight *w);

/* Zeroed memory of the device as large as the weight's own, which is told as
 * "`what` of NAME" where there is a lack of it.  Caller gives it back with
 * backend->release(); NULL when there is not enough. */
float *ost_weight_room(ost_backend *backend, const ost_weight *weight,
                       const char *what);

/* Fills every weight from its init.  Numbers depend on `key` and the weight's
 * name alone, so that adding a layer leaves the others as they were. */
ost_rc ost_weights_init(ost_weights *w, uint64_t key, ost_err *err);

/* Which numbers of a weight: those of step t, its gradient, or the optimizer's
 * first or second state (zeros before the first update). */
typedef enum ost_weight_part {
    OST_PART_DATA,
    OST_PART_GRAD,
    OST_PART_STATE0,
    OST_PART_STATE1,
} ost_weight_part;

/* Copies ost_weight_count() plain numbers out or in. */
ost_rc ost_weights_get(ost_weights *w, const ost_weight *weight,
                       ost_weight_part part, float *plain, ost_err *err);
ost_rc ost_weights_set(ost_weights *w, ost_weight *weight, ost_weight_part part,
                       const float *plain, ost_err *err);

/* Forgets the gradients: the next backward pass writes instead of adding. */
void ost_weights_clear_grad(ost_weights *w);

/* For the builders of networks: the weight called `name` with this shape, made
 * if it is not there yet.  Fails when it is there with another shape.  Its
 * memory comes with ost_weights_place(). */
ost_rc ost_weights_declare(ost_weights *w, const ost_weight *like,
                           ost_weight **weight, ost_err *err);
/* For planned networks: notes how the device would keep the weight, without
 * memory.  `layout` moves in. */
void ost_weights_measure(ost_weight *weight, int64_t stored, void *layout);
/* Gives the weight its memory, `stored` floats in `layout` (moves in; freed
 * with ost_free()), unless it has some already, and a gradient if asked to. */
ost_rc ost_weights_place(ost_weights *w, ost_weight *weight, int64_t stored,
                         void *layout, bool grad, ost_err *err);

#endif
