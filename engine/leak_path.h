/* engine/leak_path.h - how a group came to what judged it
 *
 * A step that judges (`judges` of stages/stage.h) reads items that are exposed
 * to groups: those that trained what made, chose or judged them.  Where an
 * item's own group is among them, this follows the artifacts upstream: first to
 * the model that the group trained, then to where its data came from.  A line
 * reads in the direction of the data:
 *
 *     group 'P07' (item 'P07/1') reached predictions[fold=1]: $images ->
 *     images -> gan (learned from it) -> made -> model[fold=1] (learned from
 *     what it gave) -> predictions[fold=1]
 */
#ifndef OST_ENGINE_LEAK_PATH_H
#define OST_ENGINE_LEAK_PATH_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/plan.h"

/* Appends a line without line end for each of the first leaks at the inputs
 * that the step judges, one of each input and `most` in all, with "\n" between
 * them.  Nothing when there is no leak, or the inputs are not known yet.  Reads
 * through `batch` what is committed or waits in it. */
ost_rc ost_leak_paths(const ost_plan *plan, ost_batch *batch, uint32_t step,
                      size_t most, ost_buf *out, ost_err *err);

#endif
