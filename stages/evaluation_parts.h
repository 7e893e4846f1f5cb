/* stages/evaluation_parts.h - a block for all cases, and for each fold */
#ifndef OST_STAGES_EVALUATION_PARTS_H
#define OST_STAGES_EVALUATION_PARTS_H

#include "stages/evaluation.h"

typedef struct ost_parts {
    const ost_evaluation *e;
    const ost_prediction_table *table;
    const char *const *axes; /* the table's */
    const char *by;          /* what parts are called */
    uint32_t *index;         /* room for a number per case */
    ost_roc *curves;         /* of each part, once they are judged */
} ost_parts;

/* Callers decref. */
json_t *ost_parts_all(ost_parts *p);
/* An array, in the order of the parts; warns of those with one class. */
json_t *ost_parts_each(ost_parts *p);
/* Of several axes, a block for each value of the first: all folds of a repeat,
 * in which every item is there once. */
json_t *ost_parts_repeats(ost_parts *p);

#endif
