/* stages/evaluation_summary.h - means over blocks: folds, repeats */
#ifndef OST_STAGES_EVALUATION_SUMMARY_H
#define OST_STAGES_EVALUATION_SUMMARY_H

#include "kernels/stats/folds.h"
#include "stages/evaluation.h"

/* Of the member `name` of each block. */
ost_mean ost_mean_over(const json_t *blocks, const char *name);
/* {name: {mean, std, n, skipped}} of what the kind's blocks are judged by. */
json_t *ost_summary_json(const json_t *blocks, ost_prediction_kind kind);
/* The mean of the curves of `n` blocks, or why there is none. */
json_t *ost_mean_roc_json(const ost_evaluation *e, const ost_roc *curves,
                          size_t n, const json_t *blocks);

#endif
