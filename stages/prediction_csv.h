/* stages/prediction_csv.h - predictions as a table for other programs */
#ifndef OST_STAGES_PREDICTION_CSV_H
#define OST_STAGES_PREDICTION_CSV_H

#include "base/buf.h"
#include "stages/stage.h"

/* Appends id, group, fold and other axes, label, predicted, score_CLASS per
 * class, numbers as %.9g; what the stage `predictions` reads. */
ost_rc ost_prediction_csv(ost_stage_ctx *ctx, const ost_input *in, ost_buf *out,
                          ost_err *err);

#endif
