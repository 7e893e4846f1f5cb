/* stages/training.h - a network learns from pictures
 *
 *     training.c          epochs, validation, the best weights, the end
 *     training_update.c   one update: a batch, in parts, and its gradients
 *     training_state.c    checkpoints
 *
 * An epoch takes items in a new random order (stages/sampling.h), in batches
 * whose sizes differ by at most one item, the larger ones first.  A batch
 * larger than `micro_batch` goes through the network in parts, whose gradients
 * add up to those of the batch; statistics of batch norms are then those of
 * each part. Nothing depends on the number of threads; a training that was cut
 * off goes on from its last checkpoint to the same bytes.
 */
#ifndef OST_STAGES_TRAINING_H
#define OST_STAGES_TRAINING_H

#include "kernels/optimizer.h"
#include "stages/changed_pictures.h"
#include "stages/inference.h"
#include "stages/network.h"
#include "stages/picture_set.h"
#include "stages/sampling.h"
#include "stages/step_size.h"
#include "stages/target.h"

/* Pictures and what is to be learned of them. */
typedef struct ost_taught {
    ost_picture_set pictures;
    ost_target *target;
} ost_taught;

typedef struct ost_training_spec {
    size_t batch;
    size_t micro_batch; /* 0: whole batches */
    size_t batches;     /* of an epoch */
    ost_optimizer optimizer;
    ost_schedule schedule; /* total_steps: updates in all */
    ost_sampling sampling;
    const ost_change_ranges *changes; /* drawn in each epoch; or NULL */
    int64_t patience; /* epochs without a better validation loss; 0: any */
    bool keep_best;   /* weights with the lowest validation loss */
    const ost_network *network;
    const ost_input *init; /* a model to begin with, or NULL */
    ost_taught train;
    ost_taught validation; /* pictures.n is 0 when there is none */
    ost_normalization norm;
} ost_training_spec;

/* What came of it. */
typedef struct ost_trained {
    ost_weights *weights;
    /* [{"epoch", "step", "learning_rate", "loss", METRIC, "val_loss",
     * "val_METRIC"}], METRIC being the target's word; step: updates so far,
     * learning_rate: of the last of them */
    json_t *history;
    json_t *init;  /* what ost_model_copy_weights() did, or NULL */
    int64_t epoch; /* whose weights they are, from 1 */
} ost_trained;

/* Trains.  Caller releases with ost_trained_release().  OST_EINTERRUPTED when
 * the step is to stop. */
ost_rc ost_train(ost_stage_ctx *ctx, ost_backend *backend,
                 const ost_training_spec *spec, ost_trained *trained,
                 ost_err *err);
void ost_trained_release(ost_trained *trained);

/* --- between training*.c ------------------------------------------------ */

typedef struct ost_training {
    ost_stage_ctx *ctx;
    const ost_training_spec *spec;
    ost_weights *weights; /* weights->step: updates done */
    size_t parts;         /* of a batch */
    size_t items[2];      /* of a larger and a smaller part */
    ost_net *nets[2];     /* for them */
    ost_inference inf;    /* for validation */
    ost_changed_pictures changed;
    uint64_t draw; /* key of dropout */

    int64_t epoch;        /* epochs done */
    size_t batch;         /* batches of this epoch done */
    ost_target_score sum; /* of them */
    bool told;            /* the device has been told more than that */
    uint32_t *order;      /* items of this epoch */
    double rate;          /* of the last update */
    ost_plateau plateau;
    json_t *history;
    double best_loss;
    int64_t best_epoch; /* 0: none yet */
    ost_buf best;       /* weights then, as ost_training_copy() makes them */

    double began; /* seconds, as the next two: this attempt */
    double save_at;
    double epoch_began;
    uint64_t epoch_items; /* since then */
} ost_training;

/* Builds the networks that updates need.  What it makes belongs to
 * ost_training_unbuild(). */
ost_rc ost_training_build(ost_training *t, ost_err *err);
void ost_training_unbuild(ost_training *t);
/* The next batch of the epoch: updates the weights, and adds to `sum` what came
 * of the one before. */
ost_rc ost_training_update(ost_training *t, ost_err *err);
/* Waits for the device and has `sum` up to date.  OST_EFAIL when the loss is
 * not finite. */
ost_rc ost_training_settle(ost_training *t, ost_err *err);

/* All numbers of one part of all weights, one after another. */
ost_rc ost_training_copy(ost_weights *w, ost_weight_part part, ost_buf *out,
                         ost_err *err);
ost_rc ost_training_restore(ost_weights *w, ost_weight_part part, ost_reader *r,
                            ost_err *err);
/* Whether any weight has the optimizer's state `i`. */
bool ost_training_has_state(const ost_weights *w, int i);
/* Seconds to the next checkpoint when one took `cost` seconds and the training
 * runs since `began`: writing takes a twentieth of the time at most, and a long
 * training, which loses a twentieth of its work at most, does not fill the
 * store.  Tests of interruption want one after every update:
 * OSTEON_CHECKPOINT_SECONDS=0. */
double ost_checkpoint_after(double cost, double began);
/* Everything that the next update hangs on, as a checkpoint of the step, when
 * the last one was long ago.  When they are taken changes no result. */
ost_rc ost_training_save(ost_training *t, ost_err *err);
/* Goes on from the checkpoint, when there is one. */
ost_rc ost_training_resume(ost_training *t, ost_err *err);

#endif
