/* stages/evaluation_thresholds.h - the score from which on a case is positive
 *
 * A number, or a rule that is followed on validation predictions: those of a
 * part (a fold) choose the threshold of the part's test predictions.
 */
#ifndef OST_STAGES_EVALUATION_THRESHOLDS_H
#define OST_STAGES_EVALUATION_THRESHOLDS_H

#include "kernels/stats/operating_points.h"
#include "stages/evaluation.h"

typedef enum ost_threshold_kind {
    OST_THRESHOLD_NONE, /* what scores highest is predicted */
    OST_THRESHOLD_FIXED,
    OST_THRESHOLD_YOUDEN,
    OST_THRESHOLD_COST,
    OST_THRESHOLD_SENSITIVITY, /* at least `value` of it */
    OST_THRESHOLD_SPECIFICITY,
} ost_threshold_kind;

typedef struct ost_threshold_rule {
    ost_threshold_kind kind;
    double value;
    ost_costs costs;
} ost_threshold_rule;

/* Params `threshold` and `costs`.  OST_EWORKFLOW says what they may be. */
ost_rc ost_threshold_rule_of(const json_t *threshold, const json_t *costs,
                             ost_threshold_rule *rule, ost_err *err);
/* True when the rule needs validation predictions. */
bool ost_threshold_is_chosen(const ost_threshold_rule *rule);

/* What the thresholds are applied to, and what they are chosen on. */
typedef struct ost_threshold_work {
    ost_evaluation *e; /* the test cases; predictions change */
    ost_cases *cases;  /* the same, to write */
    const ost_prediction_table *test;
    const ost_cases *validation;             /* NULL: there are none */
    const ost_prediction_table *chosen_from; /* their table */
    const char *by; /* what parts are called in messages */
} ost_threshold_work;

/* Predicts anew.  *threshold is the one number that was used, or null; *from
 * says how thresholds were chosen, or is null.  OST_EINPUT when the predictions
 * are of another kind, have no scores, are among the validation predictions, or
 * when these do not allow a choice.  Caller decrefs both. */
ost_rc ost_thresholds_apply(const ost_threshold_work *w,
                            const ost_threshold_rule *rule, json_t **threshold,
                            json_t **from, ost_err *err);

#endif
