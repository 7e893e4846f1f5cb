/* stages/prediction_rows.h - the rows of a table of predictions
 *
 * For prediction_table.c.
 */
#ifndef OST_STAGES_PREDICTION_ROWS_H
#define OST_STAGES_PREDICTION_ROWS_H

#include "stages/prediction_table.h"

#define OST_SCORE_PREFIX "score."

/* Fills the row of `p->item` in a table that has its kind and classes; `label`
 * is the only one of several, or NULL.  Counts it when it is labeled. */
ost_rc ost_prediction_fill(ost_prediction_table *t, const char *label,
                           ost_arena *arena, ost_prediction *p, ost_err *err);

/* The text of an attribute, NULL when there is none or it is empty. */
const char *ost_prediction_text(const ost_item *item, const char *name);
/* Order of class names, for qsort and bsearch. */
int ost_prediction_by_name(const void *a, const void *b);

#endif
