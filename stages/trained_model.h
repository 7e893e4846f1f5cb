/* stages/trained_model.h - what a training gives: the model artifact */
#ifndef OST_STAGES_TRAINED_MODEL_H
#define OST_STAGES_TRAINED_MODEL_H

#include "stages/training.h"

/* Hands the model to port 'model'.  Beside the weights it says what a user of
 * it must know (architecture, classes, input, normalization), what it learned
 * from ("training": items, groups, digest of the dataset, recipe), with which
 * success ("metrics": the epoch that the weights are of; "history") and what it
 * began with ("init"). */
ost_rc ost_trained_emit(ost_stage_ctx *ctx, const char *field,
                        const ost_training_spec *spec,
                        const ost_trained *trained, ost_err *err);

#endif
