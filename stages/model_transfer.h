/* stages/model_transfer.h - what one network learned, given to another
 *
 * Weights go by name.  A weight of the same name and shape is loaded.  The
 * kernels of a convolution that reads a single channel here and several there
 * are averaged over those channels.  Everything else stays as it was: a head
 * for other classes keeps its first weights.
 */
#ifndef OST_STAGES_MODEL_TRANSFER_H
#define OST_STAGES_MODEL_TRANSFER_H

#include "kernels/weights.h"
#include "stages/stage.h"

/* Copies what fits of `from` to `to` (both on the same backend or not).
 * `report` becomes {"loaded": [names], "averaged": [names], "skipped":
 * [{"name", "reason"}], "new": [names]}: "skipped" are weights of `from` that
 * found no place, "new" those of `to` that got nothing.  Caller decrefs.
 * OST_EINPUT when nothing at all fits. */
ost_rc ost_weights_transfer(ost_weights *from, ost_weights *to, json_t **report,
                            ost_err *err);

/* The same from the model artifact at `in`. */
ost_rc ost_model_copy_weights(ost_stage_ctx *ctx, const ost_input *in,
                              ost_weights *to, json_t **report, ost_err *err);

/* One line for people: "34 weights loaded, 1 averaged, 2 skipped (fc.weight:
 * 1000x512 does not fit 2x512, ...), 2 new". */
void ost_transfer_text(const json_t *report, ost_buf *out);

#endif
