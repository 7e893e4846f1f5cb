/* engine/outputs.h - artifacts as the files of `--out`
 *
 *   metrics      NAME.json; of several instances an array of
 *                {"axes": {...}, "metrics": {...}}
 *   report       NAME.html (NAME/AXIS=VALUE.html of several)
 *   predictions  NAME.csv: id, group, fold, other axes, label, predicted,
 *                score_CLASS...; all instances in one table
 *   dataset      NAME/ with what the exporting stage made of it
 *   files        NAME/ with each file
 *   model        NAME/model.json and a file per blob
 *
 * Several instances of a folder lie below it as AXIS=VALUE/.  Files are
 * written beside their place and renamed.  A folder is exchanged as a whole;
 * one that osteon did not write is left alone, which is an error.
 */
#ifndef OST_ENGINE_OUTPUTS_H
#define OST_ENGINE_OUTPUTS_H

#include "engine/outcome.h"

/* Makes the folder `dir` and writes every output into it.  `run` is for reports
 * and may be NULL. */
ost_rc ost_run_outputs(ost_batch *batch, const ost_outcome *outcome,
                       const ost_run_record *run, const char *dir,
                       ost_err *err);

/* For those who write single artifacts: canonical JSON laid out for people,
 * and predictions as a table. */
void ost_outputs_json(ost_buf *out, const char *canonical);
ost_rc ost_outputs_predictions(ost_batch *batch, const ost_outcome_part *parts,
                               size_t n_parts, ost_buf *csv, ost_err *err);
/* Writes the content of one artifact into an existing folder. */
ost_rc ost_outputs_folder(ost_batch *batch, const ost_outcome_part *part,
                          const char *dir, ost_err *err);

/* Removes what killed processes left of the output `name` ("" for all) in
 * `dir`: their temporary files and folders.  What is of a process that is still
 * there stays. */
void ost_outputs_sweep(const char *dir, const char *name);

#endif
