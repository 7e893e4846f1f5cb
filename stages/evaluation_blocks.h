/* stages/evaluation_blocks.h - a block of numbers while it is made
 *
 * For the files evaluation_*.c.
 */
#ifndef OST_STAGES_EVALUATION_BLOCKS_H
#define OST_STAGES_EVALUATION_BLOCKS_H

#include "kernels/stats/calibration.h"
#include "kernels/stats/operating_points.h"
#include "stages/evaluation.h"

/* The cases of a block, gathered.  `arena` is let go with the block. */
typedef struct ost_block {
    const ost_evaluation *e;
    const char *where;
    const uint32_t *index;
    size_t n;
    size_t points; /* OST_CURVE_... */
    ost_arena *arena;
    const uint32_t *truth; /* of classes */
    const uint32_t *predicted;
    const uint32_t *group;
    ost_confusion confusion;
    json_t *out;
    json_t *intervals;
} ost_block;

/* Why something is undefined. */
#define OST_ONE_CLASS        "one class"
#define OST_NO_SCORES        "no scores"
#define OST_NO_ITEMS         "no items"
#define OST_ZERO_BELOW       "zero denominator"
#define OST_NO_PROBABILITIES "scores outside 0..1"

/* Param `costs` in numbers; false when it is null. */
bool ost_costs_of(const json_t *costs, ost_costs *c);

void ost_block_warn(const ost_block *b, const char *place, const char *what);

/* Scores of class `k` over the block, positive where it is the truth. */
ost_scores ost_block_scores(const ost_block *b, uint32_t k);
/* A column of the cases, gathered. */
double *ost_block_column(const ost_block *b, const double *column);

/* Precision, recall, ... of one class; `place` begins warnings. */
void ost_block_rates(const ost_block *b, const char *place,
                     const ost_class_counts *c, json_t *out);
/* Areas, curves, calibration, operating points of one class; `points` as in
 * the block.  *roc is the whole curve. */
void ost_block_areas(const ost_block *b, const char *place, const ost_scores *s,
                     size_t points, json_t *out, ost_roc *roc);
json_t *ost_calibration_json(const ost_calibration *c);
/* As ost_number_or(), to twelve digits: of what has a logarithm in it, whose
 * last digits are the C library's own. */
json_t *ost_rounded_or(double v, const char *reason);
/* Everything that more than two classes have beyond the confusion matrix. */
void ost_block_classes(ost_block *b);
void ost_block_labels(ost_block *b);
void ost_block_numbers(ost_block *b);

/* Intervals of all numbers of a block of classes, into its member `intervals`
 * and those of its `per_class`. */
void ost_block_intervals(ost_block *b);
/* What an evaluation's `keep` holds of a block of two classes: per replicate
 * the numbers of these names. */
enum { OST_KEPT = 12 };
extern const char *const ost_kept_names[OST_KEPT];

/* Whether proportions and areas have the intervals of their formulas, which
 * take cases as independent. */
bool ost_formulas_hold(const ost_evaluation *e);
json_t *ost_proportion_interval(const ost_block *b, uint64_t k, uint64_t n);
/* Adds the intervals of accuracy, rates and areas to the block and its classes.
 */
void ost_block_formulas(ost_block *b);
/* Mean of v[0], v[stride], ... that are not NaN. */
double ost_strided_mean(const double *v, size_t n, size_t stride);

#endif
