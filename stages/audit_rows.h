/* stages/audit_rows.h - what judges rows of tables
 *
 * See audit.h; here is what the files about rows share.
 */
#ifndef OST_STAGES_AUDIT_ROWS_H
#define OST_STAGES_AUDIT_ROWS_H

#include "base/buf.h"
#include "stages/audit.h"

/* What figures of one row say about each other, without counts
 * (audit_figures.c). */
void ost_audit_figures(ost_audit *a, const ost_audit_table *t,
                       const ost_audit_row *row);

/* A row of two classes on the test sets that the table leaves
 * (audit_binary.c). */
void ost_audit_binary_row(ost_audit *a, const ost_audit_table *t,
                          const ost_audit_row *row);
/* The figures of a row as a search takes them. */
ost_binary_figures ost_audit_printed_of(const ost_audit_row *row);
/* A matrix and all that follows from it. */
json_t *ost_audit_matrix_json(const ost_binary_matrix *m);
/* Whether a printed area is a balanced accuracy, and so one of hard labels;
 * `exact` has the balanced accuracies that are possible. */
void ost_audit_labels_rule(ost_audit *a, const ost_audit_row *row,
                           const ost_ratio *exact, size_t n);
/* Whether the accuracy of every row is a whole number of cases out of n. */
void ost_audit_whole_rule(ost_audit *a, const ost_audit_table *t);

#endif
