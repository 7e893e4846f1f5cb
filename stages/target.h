/* stages/target.h - what a network is taught, and how it is judged meanwhile
 *
 *     label            one label for each item           classes
 *     labels           any number of labels for each     yes or no for each
 *     attribute.NAME   a text                            classes
 *                      a number                          that number
 *     mask.NAME        a field of the item's size        yes or no per pixel
 *
 * A target knows what is to be learned of each of its items, which loss says
 * how far a network's outputs are from it, and how well the network does in
 * words of people:
 *
 *     ost_target_open                the training items: finds the classes
 *     ost_target_open_like           validation items, with the same classes
 *     ost_target_check_output        once a network is there: chooses the loss
 *     ost_target_total, ..._load, ..._loss, ..._judge
 *                                    for every batch
 *
 * A batch may come in parts: with the total of the whole batch each time, the
 * losses and gradients of its parts add up to those of the batch.
 */
#ifndef OST_STAGES_TARGET_H
#define OST_STAGES_TARGET_H

#include "kernels/backend.h"
#include "stages/changes.h"
#include "stages/network.h"
#include "stages/stage.h"

typedef enum ost_target_kind {
    OST_TARGET_LABEL,  /* one class of several, from the label or a text */
    OST_TARGET_LABELS, /* yes or no for each of several labels */
    OST_TARGET_NUMBER, /* a number */
    OST_TARGET_MASK,   /* yes or no for each pixel */
} ost_target_kind;

/* What models and predictions call the kinds. */
#define OST_TARGET_KINDS "label|labels|number|mask"
const char *ost_target_kind_word(ost_target_kind kind);
/* The kind of that name (may be NULL); false when there is none. */
bool ost_target_kind_find(const char *word, ost_target_kind *kind);

/* In the order of the words of OST_TARGET_LOSSES. */
typedef enum ost_target_loss_kind {
    OST_TARGET_AUTO, /* what suits the target and the network's scores */
    OST_TARGET_SOFTMAX_CROSS_ENTROPY,
    OST_TARGET_SIGMOID_CROSS_ENTROPY,
    OST_TARGET_FOCAL,
    OST_TARGET_DICE,
    OST_TARGET_L1,
    OST_TARGET_L2,
} ost_target_loss_kind;

#define OST_TARGET_LOSSES \
    "auto|softmax_cross_entropy|sigmoid_cross_entropy|focal|dice|l1|l2"

typedef struct ost_target_spec {
    const char *name; /* "label", "labels", "attribute.NAME", "mask.NAME" */
    int loss;         /* ost_target_loss_kind */
    double focal_gamma;
    const char *positive; /* of two classes; or NULL */
    /* "none", "balanced", or an object of positive numbers by class (labels:
     * by label; masks: by the mask's name), 1 for those that it leaves out.
     * A softmax weighs each item by its class; a sigmoid weighs the positive
     * term of each output, one output for two classes by the ratio of their
     * weights.  Balanced is items / (classes * items of the class), and for
     * the positive term the others / those that have it. */
    const json_t *class_weights;
} ost_target_spec;

typedef struct ost_target ost_target;

/* Refuses words that no data can make right; OST_EWORKFLOW. */
ost_rc ost_target_check(const ost_target_spec *spec, ost_err *err);

/* Opens what `spec` says of `n` training items.  OST_EINPUT names the item that
 * lacks it, or says why there is nothing to learn.  The target, and the items
 * and texts behind it, are borrowed until the step is finished. */
ost_rc ost_target_open(ost_stage_ctx *ctx, const ost_target_spec *spec,
                       const ost_item *items, size_t n, ost_target **target,
                       ost_err *err);
/* The same of other items, with the classes and the loss of `like`; what they
 * have and the training items lack is OST_EINPUT.  `port` is where they stand,
 * for messages. */
ost_rc ost_target_open_like(ost_stage_ctx *ctx, const ost_target *like,
                            const char *port, const ost_item *items, size_t n,
                            ost_target **target, ost_err *err);

ost_target_kind ost_target_kind_of(const ost_target *t);
/* Outputs (channels) that a network should have: what its param `classes` is
 * set to. */
size_t ost_target_outputs(const ost_target *t);
/* Classes, sorted; none for a number, the mask's name for a mask. */
size_t ost_target_classes(const ost_target *t, const char *const **classes);
/* Class of item `i`, -1 when it has not just one: for balanced sampling. */
int32_t ost_target_class(const ost_target *t, size_t i);
/* What a model says of it: {"name", "kind": "label|labels|number|mask",
 * "loss"}, and "positive" when one output stands for two classes.  Once the
 * output is checked; new reference. */
json_t *ost_target_meta(const ost_target *t);

/* Says whether a network's output (N, ...) can be compared with the target and
 * chooses the loss; OST_EINPUT says what the network should have.  For the
 * training target, before the functions below. */
ost_rc ost_target_check_output(ost_target *t, const ost_network *network,
                               const ost_tensor *output, ost_err *err);

/* A batch or a part of one: items by index. */
typedef struct ost_target_batch {
    const uint32_t *index;
    size_t n;
    double total; /* ost_target_total() of the whole batch */
    /* How each item's picture was changed, which its mask follows; or NULL. */
    const ost_change *changes;
} ost_target_batch;

/* What batches add up to. */
typedef struct ost_target_score {
    double loss;   /* of all items, weighted */
    double total;  /* what it is to be divided by */
    double metric; /* right decisions, absolute errors, or pixels in common */
    double judged; /* what that is to be divided by */
} ost_target_score;

/* What the loss of a batch of these items is divided by: their number, or the
 * weights of their classes together. */
double ost_target_total(const ost_target *t, const uint32_t *index, size_t n);

/* Reads what the batch is taught.  The device may still compute what it was
 * told of the one before. */
ost_rc ost_target_load(ost_target *t, const ost_target_batch *batch,
                       ost_err *err);
/* Compares `output`, (batch->n, ...) plain f32, with the target of the batch
 * that was loaded last, both in the memory of the device.  Fills `grad` (as
 * many numbers; NULL: not wanted) with the gradient of the batch's loss. */
ost_rc ost_target_loss(ost_target *t, ost_backend *backend,
                       const ost_target_batch *batch, const ost_tensor *output,
                       float *grad, ost_err *err);
/* Once the device has finished, before the next ost_target_loss(), and while
 * the batch's index and the output of a device without memory of its own are
 * still there: adds what came of it to `score` (zeroed at first). */
void ost_target_judge(ost_target *t, ost_target_score *score);

/* Mean loss; NaN when nothing was added. */
double ost_target_score_loss(const ost_target_score *s);
/* The metric: "accuracy" (share of right classes; of right decisions over all
 * labels), "mean_absolute_error", or "dice" (2 |A and B| / (|A| + |B|) over all
 * pixels together; NaN when both are empty). */
double ost_target_score_metric(const ost_target_score *s);
const char *ost_target_metric(const ost_target *t);

#endif
