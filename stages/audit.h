/* stages/audit.h - what the parts of the audit share
 *
 * The stage (audit.c) reads tables of figures (audit_table.c), holds each row
 * against the rules (audit_binary.c, audit_classes.c), and each claim against
 * the rule that it names (audit_equation.c, audit_tests.c,
 * audit_intervals.c).  Every finding is a verdict.
 *
 * How to add a rule about rows: a function and a line in the list of its file.
 * How to add a rule for claims: a function in a file of its subject, its
 * declaration here, and a line in claim_rules[] of audit.c.
 */
#ifndef OST_STAGES_AUDIT_H
#define OST_STAGES_AUDIT_H

#include "base/arena.h"
#include "base/err.h"
#include "kernels/stats/class_search.h"
#include "kernels/stats/confusion_search.h"
#include "kernels/stats/intervals.h"
#include "kernels/stats/published.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- verdicts ------------------------------------------------------------ */

typedef enum ost_verdict {
    OST_CONSISTENT, /* exact counts or values give what is printed */
    OST_INFEASIBLE, /* no counts or values do */
    OST_PLAUSIBLE,  /* agrees as far as an approximation can tell */
    OST_UNDECIDED,  /* too little is known, or too much to search */
    OST_VERDICTS,
} ost_verdict;

/* "consistent" and so on. */
const char *ost_verdict_word(ost_verdict verdict);

typedef struct ost_audit {
    ost_arena *arena;
    ost_rounding rounding;
    json_t *verdicts; /* array that grows */
} ost_audit;

/* Whom a verdict is about: name of row or claim, and where it is printed. */
typedef struct ost_audit_about {
    const char *claim;
    const char *source; /* or NULL */
} ost_audit_about;

/* Adds a verdict; the words say why. */
void ost_audit_add(ost_audit *a, ost_audit_about about, const char *rule,
                   ost_verdict verdict, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Give the latest verdict more members: the witness (moves in), among how many
 * (matrices) was searched, and what an author should look at although nothing
 * is impossible. */
void ost_audit_witness(ost_audit *a, json_t *witness);
void ost_audit_searched(ost_audit *a, const char *what, uint64_t n);
void ost_audit_warn(ost_audit *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Numbers of a document, of ten digits so that every machine writes the same;
 * null when undefined. */
json_t *ost_audit_real(double v);
json_t *ost_audit_interval(ost_interval i);
/* 95 % intervals of k / n, by Wilson and by Clopper and Pearson. */
json_t *ost_audit_intervals_of(uint64_t k, uint64_t n);
/* "0.4815" and "0.4813..0.4817", in the arena. */
const char *ost_audit_number(ost_audit *a, double v);
const char *ost_audit_range(ost_audit *a, double lower, double upper);

/* --- reading (audit_read.c) ---------------------------------------------- */

/* A printed figure with its words; `text` NULL: not there. */
typedef struct ost_audit_figure {
    const char *text;
    ost_printed printed;
} ost_audit_figure;

/* Whole numbers that something may be. */
typedef struct ost_audit_counts {
    size_t n;
    int64_t *v;
} ost_audit_counts;

/* Refuses members that `names` (separated by spaces) lack, with the nearest. */
ost_rc ost_audit_members(ost_audit *a, const json_t *object, const char *where,
                         const char *names, ost_err *err);
/* A text, NULL when it is not there; another kind of value is refused. */
ost_rc ost_audit_text(const json_t *object, const char *name, const char *where,
                      const char **text, ost_err *err);
ost_rc ost_audit_figure_of(ost_audit *a, const json_t *object, const char *name,
                           const char *where, ost_audit_figure *figure,
                           ost_err *err);
/* A number, an expression, a list of these, or {"from", "to"}: whole numbers
 * of 0..OST_PRINTED_COUNT; none when it is not there. */
ost_rc ost_audit_counts_of(ost_audit *a, const json_t *object, const char *name,
                           const char *where, ost_audit_counts *counts,
                           ost_err *err);
/* "109/123" as two whole numbers, 0 <= k <= n, 0 < n. */
ost_rc ost_audit_share(const char *text, const char *where, int64_t *k,
                       int64_t *n, ost_err *err);

/* --- equations (audit_equation.c) ---------------------------------------- */

/* The exact value of an expression such as "ceil(0.3 * 945)". */
ost_rc ost_audit_value(const char *text, const char *where, ost_ratio *value,
                       ost_err *err);

/* --- tables (audit_table.c) ---------------------------------------------- */

enum { OST_AUDIT_CLASSES = OST_SEARCH_CLASSES };

typedef struct ost_audit_row {
    ost_audit_about about;
    ost_audit_figure figure[OST_FIGURES]; /* of several classes: means */
    ost_audit_figure auc;
    ost_binary_matrix counts; /* each -1: not given */
    /* Of a row of several classes: cells that are known, else -1, by truth and
     * prediction; and for a row that tells some classes from the others, which
     * are positive (0: it is no such row). */
    ost_class_cells cell;
    bool has_cells;
    unsigned positive;
} ost_audit_row;

typedef struct ost_audit_table {
    ost_audit_about about;
    size_t n_classes; /* 0: two, positive and not */
    const char *classes[OST_AUDIT_CLASSES];
    ost_audit_counts n; /* this and positives: in all folds together */
    ost_audit_counts positives;
    int64_t totals[OST_AUDIT_CLASSES];
    bool has_totals;
    size_t n_shares; /* declared shares of positives */
    const char **shares;
    ost_ratio share_within;
    int64_t mean_over; /* folds of equal size whose mean is printed; else 1 */
    bool common;       /* all rows are of one test set */
    size_t n_rows;
    ost_audit_row *rows;
} ost_audit_table;

ost_rc ost_audit_read_table(ost_audit *a, const json_t *json, size_t index,
                            ost_audit_table *table, ost_err *err);

/* Hold the rows of a table against the rules: of two classes, of several. */
void ost_audit_binary(ost_audit *a, const ost_audit_table *t);
void ost_audit_classes(ost_audit *a, const ost_audit_table *t);

/* --- claims -------------------------------------------------------------- */

/* Each reads a claim and adds its verdicts; `where` names the claim's place
 * for messages about what it says. */
ost_rc ost_audit_equations(ost_audit *a, const json_t *claim,
                           ost_audit_about about, const char *rule,
                           const char *where, ost_err *err);
ost_rc ost_audit_p_values(ost_audit *a, const json_t *claim,
                          ost_audit_about about, const char *rule,
                          const char *where, ost_err *err);
ost_rc ost_audit_interval_rule(ost_audit *a, const json_t *claim,
                               ost_audit_about about, const char *rule,
                               const char *where, ost_err *err);
ost_rc ost_audit_correlation(ost_audit *a, const json_t *claim,
                             ost_audit_about about, const char *rule,
                             const char *where, ost_err *err);

#endif
