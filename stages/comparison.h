/* stages/comparison.h - arms that judged the same items, and tests of them
 *
 * The parts of the stage `compare`, in the order of the work:
 *
 *     comparison_arms.c      predictions as arms, joined by item
 *     comparison_metrics.c   what is compared: one number of an arm
 *     comparison_tests.c     the tests of two arms, by name
 *     comparison_draws.c     tests that swap what two arms said of a patient
 *     comparison_bootstrap.c how sure a paired difference is
 *     comparison_document.c  what is told of it all
 */
#ifndef OST_STAGES_COMPARISON_H
#define OST_STAGES_COMPARISON_H

#include "kernels/stats/hypothesis.h"
#include "stages/evaluation.h"

#define OST_NO_CASE UINT32_MAX

/* What becomes of items that some arm did not judge; the words of a param, in
 * this order. */
typedef enum ost_unmatched {
    OST_UNMATCHED_ERROR,
    OST_UNMATCHED_COMMON,
    OST_UNMATCHED_UNPAIRED,
} ost_unmatched;

/* Params of the stage; compare.c says what they mean. */
typedef struct ost_compare_params {
    const char *baseline;
    const char *by;
    const char *fold;
    const char *repeat;
    const char *label;
    const char *positive;
    const json_t *threshold;
    ost_str_list arms; /* empty: all */
    ost_str_list metrics;
    ost_str_list tests;
    int pairs;      /* 1: all of them */
    int unmatched;  /* ost_unmatched */
    int correction; /* 1: Holm's */
    int64_t draws;
    int64_t bootstrap;
    double test_to_train;
    int leakage; /* ost_leakage */
} ost_compare_params;

/* One reader or model: its labeled cases, and of each item the case. */
typedef struct ost_arm {
    const char *name;
    size_t n;
    uint32_t *index;
    uint32_t *at; /* per item, or OST_NO_CASE */
    bool scored;  /* all of its cases have scores */
} ost_arm;

/* `hit` and `said` are what an arm's numbers are counted from: with two classes
 * whether a case is and is called positive, else all ones and whether it is
 * called what it is. */
typedef struct ost_comparison {
    ost_stage_ctx *ctx;
    const ost_compare_params *params;
    ost_arena *arena;
    ost_prediction_table table;
    ost_cases cases;
    uint32_t positive; /* OST_NO_CLASS: not two classes */
    size_t n_repeats;  /* divisions, in each of which an item is judged once */
    size_t n_arms;
    ost_arm *arms; /* the baseline first */
    uint8_t *hit;  /* per case */
    uint8_t *said;
    bool scored; /* all arms are */
    size_t n_common;
    uint32_t *common; /* items that every arm judged */
    json_t *missing;  /* of each arm that has not judged all */
    bool paired;      /* whether arms are compared item by item */
    struct ost_contest *contests;
    size_t n_contests;
    json_t *leakage;
    json_t *warnings;
} ost_comparison;

/* Reads port `predictions` and joins the arms.  OST_EINPUT names an item that
 * is there twice, whose label or group is not the same in two arms, or, where
 * `unmatched` says so, that an arm has not judged.  A group that is called as
 * its item is none, and the other arms say which it is. */
ost_rc ost_comparison_read(ost_comparison *c, ost_err *err);
/* The cases by which an arm is judged: those of common items when arms are
 * paired, else all of its own.  `index` has room for all cases; returns how
 * many. */
size_t ost_comparison_cases(const ost_comparison *c, const ost_arm *arm,
                            uint32_t *index);

/* --- what is compared ----------------------------------------------------- */

typedef struct ost_comparison_metric {
    const char *name;
    bool two_classes; /* means nothing of other numbers of classes */
    bool scored;      /* needs scores */
    bool share;       /* of a fixed set of cases that are right or not */
} ost_comparison_metric;

/* NULL when there is none of that name. */
const ost_comparison_metric *ost_comparison_metric_named(const char *name);
/* All names, for messages. */
const char *const *ost_comparison_metric_names(size_t *n);

/* Cases as they are looked at: columns of `n`, scores or NULL. */
typedef struct ost_judged {
    size_t n;
    const uint8_t *hit;
    const uint8_t *said;
    const double *score;
} ost_judged;

/* NaN when it is undefined. */
double ost_comparison_value(const ost_comparison_metric *m,
                            const ost_judged *j);
/* The same of a metric without scores, from the cases that are: neither,
 * called so alone, so but not called so, both. */
double ost_comparison_rate(const ost_comparison_metric *m,
                           const uint64_t count[4]);
/* Of a share: whether case i counts at all, and whether it is right. */
bool ost_comparison_counts(const ost_comparison_metric *m, const ost_judged *j,
                           size_t i);
bool ost_comparison_right(const ost_judged *j, size_t i);

/* Cases `index[0..n-1]` as columns in `arena`. */
ost_judged ost_comparison_gather(const ost_comparison *c, const uint32_t *index,
                                 size_t n, ost_arena *arena);

/* --- tests ---------------------------------------------------------------- */

/* Arms a and b with a metric, and what a test of them found.  When paired,
 * case i of both is of the same item, and `group` numbers its patient. */
typedef struct ost_contest {
    const ost_comparison *c;
    const ost_arm *arm[2];
    const ost_comparison_metric *metric;
    const char *test;
    size_t number;   /* of the contest */
    size_t question; /* the same for all tests of one metric of two arms */
    bool paired;
    size_t n[2];
    uint32_t *index[2];
    ost_judged judged[2];
    uint32_t *group; /* per case of a pair, 0 .. n_groups - 1 */
    size_t n_groups;
    ost_arena *arena;
    ost_test result;
    const char *method; /* of the interval, or NULL */
    const char *reason; /* why p is undefined, or NULL */
    json_t *out;        /* more members of the document */
} ost_contest;

typedef struct ost_comparison_test {
    const char *name;
    bool paired;      /* needs the same items */
    bool takes_items; /* as independent of each other */
    bool (*applies)(const ost_comparison_metric *m);
    ost_rc (*run)(ost_contest *t, ost_err *err);
} ost_comparison_test;

const ost_comparison_test *ost_comparison_test_named(const char *name);
const char *const *ost_comparison_test_names(size_t *n);

/* Swaps all that two arms said of a patient. */
ost_rc ost_contest_permute(ost_contest *t, ost_err *err);
/* Replaces the interval of a paired contest by one from groups drawn again. */
void ost_contest_bootstrap(ost_contest *t);

/* --- the document --------------------------------------------------------- */

/* When all contests are done; grows the warnings.  Caller decrefs. */
json_t *ost_comparison_json(ost_comparison *c);

#endif
