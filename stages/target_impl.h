/* stages/target_impl.h - the inside of ost_target
 *
 *     target.c          words: names, losses, what is refused
 *     target_items.c    which items have what: classes, numbers, masks
 *     target_loss.c     which loss suits, and what its classes weigh
 *     target_batch.c    outputs against that: losses, metrics
 */
#ifndef OST_STAGES_TARGET_IMPL_H
#define OST_STAGES_TARGET_IMPL_H

#include "stages/target.h"

/* Numbers of a batch, in memory of the step. */
typedef struct ost_target_numbers {
    float *v;
    size_t cap;
} ost_target_numbers;

/* What the device was told of last. */
typedef struct ost_target_told {
    ost_target_batch batch;
    const float *wanted;
    const float *output; /* as soon as the device has finished, as the loss */
    double loss;
} ost_target_told;

struct ost_target {
    ost_target_spec spec;
    ost_target_kind kind;
    const char *member;     /* "age" of "attribute.age"; NULL without a dot */
    const ost_target *like; /* the training items' target; it itself there */
    ost_stage_ctx *ctx;
    const char *port; /* where the items stand, for messages */
    const ost_item *items;
    size_t n;

    size_t n_classes;
    const char *const *classes; /* sorted; the mask's name; none for numbers */
    size_t positive;            /* of two classes */
    int32_t *class_of;          /* label: by item */
    float *values;              /* labels: by item and label; number: by item */
    ost_tensor *masks;          /* on stored bytes, all of one shape */
    uint64_t *marked;           /* pixels of each mask; training items only */

    /* From ost_target_check_output() on, of the training target. */
    ost_target_loss_kind loss;
    size_t outputs;       /* numbers of a network's output for an item */
    const float *weights; /* by class or output; NULL: all 1 */

    ost_target_numbers wanted[2]; /* what the outputs of a batch should be */
    int turn;                     /* those of the last one */
    ost_target_numbers seen;      /* outputs that came from the device */
    ost_target_told told;
};

/* A row for each kind, by ost_target_kind. */
typedef struct target_words {
    const char *word;   /* in models */
    const char *metric; /* in histories */
} target_words;
extern const target_words ost_target_words[];

/* The name of a loss. */
const char *ost_target_loss_word(ost_target_loss_kind loss);
/* Whether a loss can say how far outputs are from a target of this kind. */
bool ost_target_loss_suits(ost_target_loss_kind loss, ost_target_kind kind);

/* Reads what the items have.  Training items say the kind and the classes,
 * other ones have them already. */
ost_rc ost_target_read_items(ost_target *t, ost_err *err);
/* Row `row` of a mask, counted over all frames: 1 where it is not 0. */
void ost_target_mask_row(const ost_tensor *mask, int64_t row, float *out);

#endif
