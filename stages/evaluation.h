/* stages/evaluation.h - the numbers of one set of predictions, as JSON
 *
 * An undefined number is {"value": null, "reason": "..."}.
 */
#ifndef OST_STAGES_EVALUATION_H
#define OST_STAGES_EVALUATION_H

#include "kernels/stats/confusion.h"
#include "kernels/stats/folds.h"
#include "kernels/stats/intervals.h"
#include "kernels/stats/multiclass.h"
#include "kernels/stats/scores.h"
#include "stages/prediction_table.h"

typedef struct ost_evaluation {
    const ost_prediction_table *table;
    uint32_t positive; /* OST_NO_CLASS: as many classes as there are */
    double max_fpr;    /* of the partial area; 0: none is wanted */
    ost_zero_division zero;
    ost_arena *arena;
    json_t *warnings; /* array of texts; grows */
} ost_evaluation;

/* Judges the labeled and predicted rows `index[0..n-1]`; `where` begins the
 * warnings ("fold 2").  With `roc`, the curve of a two-class problem (no
 * points when there is none).  Caller decrefs. */
json_t *ost_evaluate_rows(const ost_evaluation *e, const char *where,
                          const uint32_t *index, size_t n, ost_roc *roc);

/* A number, or why there is none. */
json_t *ost_number_or(double v, const char *reason);
/* The first `n` numbers; +inf is the text "inf". */
json_t *ost_number_array(const double *v, size_t n);

#endif
