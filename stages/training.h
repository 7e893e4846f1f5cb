/* stages/training.h - a network learns from pictures
 *
 * An epoch takes the items in a new random order, in batches whose sizes differ
 * by at most one item.  Nothing depends on the number of threads; a training
 * that was cut off goes on from its last checkpoint to the same bytes.
 */
#ifndef OST_STAGES_TRAINING_H
#define OST_STAGES_TRAINING_H

#include "kernels/optimizer.h"
#include "stages/inference.h"
#include "stages/network.h"
#include "stages/picture_set.h"
#include "stages/target.h"

typedef enum ost_schedule {
    OST_RATE_CONSTANT,
    OST_RATE_STEP,   /* times step_factor every step_epochs */
    OST_RATE_COSINE, /* half a cosine from the rate to 0 */
} ost_schedule;

/* Pictures and what is to be learned of them. */
typedef struct ost_taught {
    ost_picture_set pictures;
    ost_target *target;
} ost_taught;

typedef struct ost_training_spec {
    int64_t epochs;
    int64_t batch;
    ost_optimizer optimizer; /* rate: of the first epoch */
    ost_schedule schedule;
    int64_t step_epochs;
    double step_factor;
    int64_t patience; /* epochs without a better validation loss; 0: any */
    bool keep_best;   /* weights with the lowest validation loss */
    const ost_network *network;
    ost_taught train;
    ost_taught validation; /* pictures.n is 0 when there is none */
    ost_normalization norm;
} ost_training_spec;

/* Trains.  The weights and the history ([{"epoch", "loss", METRIC,
 * "learning_rate", "val_loss", "val_METRIC"}], where METRIC is the target's
 * word) are the caller's, who frees them with ost_weights_free() and
 * json_decref().  OST_EINTERRUPTED when the step is to stop. */
ost_rc ost_train(ost_stage_ctx *ctx, ost_backend *backend,
                 const ost_training_spec *spec, ost_weights **weights,
                 json_t **history, ost_err *err);

/* --- between training.c and training_state.c --------------------------- */

typedef struct ost_training {
    ost_stage_ctx *ctx;
    const ost_training_spec *spec;
    ost_weights *weights;
    ost_net *nets[2];  /* for the larger and the smaller batches */
    size_t items[2];   /* of one batch */
    ost_inference inf; /* for validation */
    json_t *history;
    int64_t epoch; /* epochs done */
    double best_loss;
    int64_t best_epoch; /* 0: none yet */
    ost_buf best;       /* weights then, as ost_training_copy() makes them */
    double last_saved;
} ost_training;

/* All numbers of one part of all weights, one after another. */
ost_rc ost_training_copy(ost_weights *w, ost_weight_part part, ost_buf *out,
                         ost_err *err);
ost_rc ost_training_restore(ost_weights *w, ost_weight_part part, ost_reader *r,
                            ost_err *err);
/* Everything that the next epoch hangs on, as a checkpoint of the step. */
ost_rc ost_training_save(ost_training *t, ost_err *err);
/* Goes on from the checkpoint, when there is one. */
ost_rc ost_training_resume(ost_training *t, ost_err *err);

#endif
