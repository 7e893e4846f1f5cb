/* engine/report_forest.h - numbers with their intervals, one below the other */
#ifndef OST_ENGINE_REPORT_FOREST_H
#define OST_ENGINE_REPORT_FOREST_H

#include "engine/report_impl.h"

typedef struct ost_forest_row {
    const char *group; /* heading of the rows that share it, or "" */
    const char *name;
    const char *note; /* "n = 30", or "" */
    double value;
    double lower; /* NaN where there is no interval */
    double upper;
    bool pooled;
} ost_forest_row;

/* A figure of the rows; `mark` is where a line is drawn from top to bottom, or
 * NaN.  NULL when no row has a number. */
ost_report_figure *ost_forest_make(ost_report_page *p, const char *id,
                                   const char *axis, double mark,
                                   const ost_forest_row *rows, size_t n);

#endif
