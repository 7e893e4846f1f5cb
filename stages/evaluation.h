/* stages/evaluation.h - the numbers of one set of predictions, as JSON
 *
 * The parts of the stage `evaluate`, in the order of the work:
 *
 *     evaluation_cases.c       predictions with a label, as columns
 *     evaluation_thresholds.c  the score from which on a case is positive
 *     evaluation.c             counts, rates and areas of a set: a block
 *     evaluation_curves.c      what follows from the scores of one class
 *     evaluation_classes.c     blocks of more than two classes
 *     evaluation_labels.c      blocks of several labels
 *     evaluation_numbers.c     blocks of numbers
 *     evaluation_intervals.c   how sure the numbers of a block of classes are
 *     evaluation_bootstrap.c   the cases of a block drawn again and again
 *     evaluation_subgroups.c   blocks by attributes of the items
 *     evaluation_parts.c       blocks of everything, of folds, of repeats
 *     evaluation_summary.c     means over folds
 *
 * An undefined number is {"value": null, "reason": "..."}.
 */
#ifndef OST_STAGES_EVALUATION_H
#define OST_STAGES_EVALUATION_H

#include "kernels/stats/confusion.h"
#include "kernels/stats/scores.h"
#include "stages/prediction_table.h"

/* Params of the stage; evaluate.c says what they mean. */
typedef struct ost_evaluate_params {
    const char *label;
    const char *positive;
    const json_t *threshold;
    const json_t *costs;
    const json_t *by;
    const json_t *subgroups;
    ost_f64_list rates;
    double max_fpr;
    int64_t bins;
    int zero_division; /* ost_zero_division */
    int leakage;       /* ost_leakage */
    int interval;      /* ost_interval_choice */
    double level;
    int proportion; /* ost_proportion_choice */
    int area;       /* ost_area_choice */
    int64_t bootstrap;
    int resample;           /* ost_resample */
    int bootstrap_interval; /* OST_BOOTSTRAP_BCA or not */
    int like;               /* OST_LIKE_NUMPY or not */
    int64_t random_state;
    int duplicates; /* ost_leakage */
    int64_t duplicate_distance;
    const char *duplicate_field;
} ost_evaluate_params;

/* In the order of the words in evaluate.c. */
typedef enum ost_interval_choice {
    OST_INTERVAL_AUTO,
    OST_INTERVAL_FORMULA,
    OST_INTERVAL_BOOTSTRAP,
} ost_interval_choice;

typedef enum ost_resample {
    OST_RESAMPLE_AUTO,
    OST_RESAMPLE_ITEM,
    OST_RESAMPLE_GROUP,
    OST_RESAMPLE_STRATIFIED,
} ost_resample;

typedef enum ost_proportion_choice {
    OST_PROPORTION_WILSON,
    OST_PROPORTION_CLOPPER_PEARSON,
} ost_proportion_choice;

/* Choices of param `area`: DeLong's variance on the scale of the area, or of
 * its logit. */
typedef enum ost_area_choice {
    OST_AREA_DELONG,
    OST_AREA_DELONG_LOGIT,
} ost_area_choice;

enum { OST_BOOTSTRAP_BCA = 1, OST_LIKE_NUMPY = 1 };

/* The predictions that have a label, column by column.  Of classes, `truth`
 * and `predicted` and, when there are scores, `score[class]`, NaN where a mixed
 * table has none; of labels
 * `has[label]`, `says[label]` and `score[label]`; of numbers `actual` and
 * `number`.  Groups and items are numbered. */
typedef struct ost_cases {
    size_t n;
    size_t n_classes;
    const char *const *classes;
    uint32_t *truth;
    uint32_t *predicted;
    double **score;
    uint8_t **has;
    uint8_t **says;
    double *number;
    double *actual;
    const ost_item **item;
    uint32_t *item_number;
    uint32_t *group;
    size_t n_items;
    size_t n_groups;
    uint32_t *part; /* or OST_NO_PART */
} ost_cases;

/* OST_EINPUT names the item that has neither scores nor a prediction. */
ost_rc ost_cases_of(const ost_prediction_table *t, ost_arena *arena,
                    ost_cases *c, ost_err *err);
/* Label `k` of the cases `index[0..n-1]` of several labels, as the classes
 * "LABEL" and "not LABEL", of which only the first has scores; says in
 * *positive which it is.  Items and parts are left out. */
ost_cases ost_cases_of_label(const ost_cases *c, size_t k,
                             const uint32_t *index, size_t n,
                             uint32_t *positive, ost_arena *arena);

typedef struct ost_evaluation {
    ost_stage_ctx *ctx;
    const ost_evaluate_params *params;
    ost_prediction_kind kind;
    const ost_cases *cases;
    uint32_t positive; /* OST_NO_CLASS: as many classes as there are */
    bool clustered;    /* some group has several cases */
    uint64_t seed;     /* of what is drawn */
    double *keep;      /* where a block's replicates go as well, or NULL */
    ost_arena *arena;
    json_t *warnings; /* array of texts; grows */
} ost_evaluation;

/* How long a block's curves are: up to this many points they are as they are,
 * longer ones are thinned (see evaluation_curves.c). */
enum { OST_CURVE_LONG = 2000, OST_CURVE_SHORT = 600, OST_CURVE_NONE = 0 };

/* Judges the cases `index[0..n-1]`; `where` begins the warnings ("fold 2").
 * With `roc`, the curve of a two-class problem (no points when there is none),
 * in the arena of `e`.  Caller decrefs. */
json_t *ost_evaluate_cases(const ost_evaluation *e, const char *where,
                           const uint32_t *index, size_t n, size_t points,
                           ost_roc *roc);

/* A number, or why there is none. */
json_t *ost_number_or(double v, const char *reason);
/* The first `n` numbers; +inf is the text "inf". */
json_t *ost_number_array(const double *v, size_t n);
/* A number that may be infinite: a threshold. */
json_t *ost_threshold_json(double v);
/* The member `name` as a number; NaN when it is undefined or not there. */
double ost_member_number(const json_t *block, const char *name);

#endif
