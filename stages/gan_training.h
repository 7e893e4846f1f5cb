/* stages/gan_training.h - generators and discriminators learn
 *
 *     gan_terms.c           weights of terms
 *     gan_batch.c           what batches are made of
 *     gan_training.c        updates, epochs, the end
 *     gan_samples.c         images on the way, and how they spread
 *     gan_samples_out.c     what people see of them
 *     gan_training_state.c  checkpoints
 *     gan_divergence.c      what cannot go on, and what is left then
 *     gan_model.c           what comes of it: two models
 *
 * An update is one step of each side (ost_gan_step()); before it the
 * discriminator may have updates of its own, on further batches.  Nothing
 * depends on the number of threads; a training that was cut off goes on from
 * its last checkpoint to the same bytes.
 */
#ifndef OST_STAGES_GAN_TRAINING_H
#define OST_STAGES_GAN_TRAINING_H

#include "base/buf.h"
#include "kernels/average.h"
#include "kernels/gan.h"
#include "kernels/optimizer.h"
#include "stages/gan_batch.h"
#include "stages/gan_samples.h"
#include "stages/generator.h"
#include "stages/step_size.h"

typedef struct ost_gan_training_spec {
    const ost_side_networks *networks; /* by side */
    ost_gan_pictures *pictures;
    ost_gan_spec gan;
    int64_t discriminator_steps; /* updates of it for one of the generator */
    ost_optimizer optimizers[OST_GAN_SIDES];
    ost_schedule schedules[OST_GAN_SIDES]; /* total_steps: updates in all */
    double ema;                            /* of generators; 0: none */
    const ost_input *init;                 /* a model to begin with, or NULL */
    int64_t samples;                       /* images of a sampling; 0: none */
    int64_t sample_every;                  /* updates; 0: at the end alone */
    double collapse; /* a spread below it is too low; 0: none is */
    bool keeps;      /* what was good is handed on when it diverges */
} ost_gan_training_spec;

/* Weights of both sides as they were when all was well. */
typedef struct ost_gan_good {
    int64_t step; /* 0: never yet */
    ost_buf weights[OST_GAN_SIDES];
} ost_gan_good;

struct ost_gan_training {
    ost_stage_ctx *ctx;
    const ost_gan_training_spec *spec;
    ost_gan *gan;
    ost_average *average; /* of the generators' weights, or NULL */
    ost_gan_samples samples;
    ost_gan_good good;
    char *reason; /* why it ended early, NULL: it did not */
    json_t *init; /* what came of spec->init, or NULL */

    int64_t updates; /* told; those of the discriminator alone do not count */
    bool told;       /* the last of them is not looked at yet */
    bool judged;     /* one of them was */
    int64_t place;   /* items taken, of every row */
    int64_t epoch;   /* whose history is being summed up, from 0 */
    double sums[OST_GAN_LOSSES];
    int64_t summed; /* updates in `sums` */
    double rates[OST_GAN_SIDES];
    /* [{"epoch", "step", "learning_rate", LOSSES...}]: step: updates so far,
     * learning_rate: of the last of them, losses: means of the epoch */
    json_t *history;

    double began; /* seconds, as the next one: this attempt */
    double save_at;
    int64_t first_update; /* of this attempt */
};

/* Weights of the objective's terms: those of `given` (may be NULL), an object
 * by name, and the usual ones.  OST_EWORKFLOW names a term that there is not.
 */
ost_rc ost_gan_terms_read(const ost_objective *objective, const json_t *given,
                          double weight[OST_GAN_TERMS], ost_err *err);

/* Trains; `spec` must outlive the training.  OST_EINTERRUPTED when the step is
 * to stop, OST_EFAIL when the training diverges.  Caller releases with
 * ost_gan_training_release(), in any case. */
ost_rc ost_gan_train(ost_stage_ctx *ctx, ost_backend *backend,
                     const ost_gan_training_spec *spec, ost_gan_training *t,
                     ost_err *err);
void ost_gan_training_release(ost_gan_training *t);

/* Hands both models to their ports; samplings are there since they were made.
 */
ost_rc ost_gan_emit(ost_gan_training *t, ost_err *err);

/* --- between gan_*.c ------------------------------------------------------ */

/* Plain numbers of weight `i` of a side, as they are handed on: averaged, where
 * they are. */
ost_rc ost_gan_weight_get(ost_gan_training *t, ost_gan_side side, size_t i,
                          float *plain, ost_err *err);
/* Waits for the device, and looks at what came of the last update: its losses
 * are finite, and part of the history.  OST_EFAIL, `reason` set, when they are
 * not. */
ost_rc ost_gan_settle(ost_gan_training *t, ost_err *err);
/* Looks at losses after an update, the one behind t->updates, which said `rc`.
 */
ost_rc ost_gan_check_finite(ost_gan_training *t, ost_rc rc, ost_err *err);
/* Looks at the spread of the last sampling; keeps the weights if it is good. */
ost_rc ost_gan_check_spread(ost_gan_training *t, ost_err *err);
/* Where `keeps` is set: what a step that failed has left of this training, if
 * one did; `reason` is set then, and nothing is to be trained. */
ost_rc ost_gan_take_up(ost_gan_training *t, ost_err *err);
/* After OST_EFAIL of the two above: goes back to the weights that were good, if
 * that is wanted and there are any, and is content.  Otherwise adds to the
 * message what can be done. */
ost_rc ost_gan_give_up(ost_gan_training *t, ost_err *err);
/* Names all that decides a training: its words, but for what becomes of it when
 * it diverges, its inputs, and what is drawn. */
const char *ost_gan_training_name(const ost_gan_training *t,
                                  char name[OST_DIGEST_HEX]);
/* Everything that the next update hangs on, as a checkpoint of the step, when
 * the last one was long ago.  When they are taken changes no result. */
ost_rc ost_gan_training_save(ost_gan_training *t, ost_err *err);
/* Goes on from the checkpoint, when there is one. */
ost_rc ost_gan_training_resume(ost_gan_training *t, ost_err *err);
/* Weights to begin with, from the model at spec->init. */
ost_rc ost_gan_begin_with(ost_gan_training *t, ost_err *err);

#endif
