/* stages/report_tables.h - numbers of a publication beside one's own
 *
 * The param `tables` of the stage `report`:
 *
 *   [{"title": text, "note": text,
 *     "columns": ["", "paper", "ours"],
 *     "rows": [["accuracy", "88.62 %",
 *               {"metrics": "bone", "at": "pooled.accuracy",
 *                "as": "percent", "digits": 2}], ...]}]
 *
 * A cell is a text, a number, null, or an object that names a member of a
 * metrics document: `metrics` is the name or the index of its row at the port
 * (0 when it is not said), `where` chooses among instances by axis values, `at`
 * is a path:
 *
 *   pooled.auc   folds[2].auc   arms[name=resnet].auc
 *
 * and `as` says how it is written: number, percent, count, interval (the
 * number with its interval), percent_interval, mean_sd (of {"mean", "std"}), p
 * (a small one as "< 0.0001") or text.  What is not there becomes {"missing":
 * why}, never a number.
 */
#ifndef OST_STAGES_REPORT_TABLES_H
#define OST_STAGES_REPORT_TABLES_H

#include "base/arena.h"
#include "base/err.h"

#include <jansson.h>

/* Refuses what is no list of tables (NULL and null are none). */
ost_rc ost_report_tables_check(const json_t *tables, ost_err *err);

/* The tables with their numbers filled in from `metrics`, a list of {name,
 * axes, document}.  A looked-up cell is a text, {"value", "as", "digits"} with
 * "lo" and "hi" or "std" where they belong, or {"missing"}.  The caller owns
 * the result, an array; `missing` counts what was not found. */
json_t *ost_report_tables_fill(const json_t *tables, const json_t *metrics,
                               size_t *missing);

/* The value at a path, or NULL; `parent` is the object that holds it, or NULL,
 * `last` the name within it (in the arena, "" for an element of an array). */
const json_t *ost_report_tables_find(const json_t *document, const char *path,
                                     ost_arena *arena, const json_t **parent,
                                     const char **last);

#endif
