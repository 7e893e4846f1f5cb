/* kernels/stats/class_search.h - matrices of several classes that print means
 *
 * Means over the classes of precision, recall and F1 (each class against the
 * rest) depend on the diagonal and on the totals of rows and columns alone: a
 * solution is a diagonal with predicted totals, for given true totals, to
 * which a matrix of counts exists.  Exhaustive; what doubles pick is decided
 * in whole numbers.  Quotients of 0 by 0 are taken for 0.
 */
#ifndef OST_KERNELS_STATS_CLASS_SEARCH_H
#define OST_KERNELS_STATS_CLASS_SEARCH_H

#include "kernels/stats/confusion_search.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OST_SEARCH_CLASSES = 6,
    OST_SEARCH_CASES = 20000, /* the most of which matrices are searched */
};

typedef struct ost_class_solution {
    int64_t right[OST_SEARCH_CLASSES];     /* the diagonal */
    int64_t predicted[OST_SEARCH_CLASSES]; /* column totals */
} ost_class_solution;

/* What is searched, and how far.  The accuracy of `printed` is that of all
 * cases, the other figures are means over the classes. */
typedef struct ost_class_search {
    size_t classes; /* 2..OST_SEARCH_CLASSES */
    int64_t total[OST_SEARCH_CLASSES];
    const ost_printed *printed[OST_FIGURES]; /* NULL: not printed */
    uint64_t patience;                       /* steps before it gives up */
    /* Called for each solution; false ends the search. */
    bool (*found)(void *user, const ost_class_solution *s);
    void *user;
    uint64_t steps; /* what it took so far; adds up over calls */
} ost_class_search;

/* False when it gave up or `found` ended it. */
bool ost_class_search_run(ost_class_search *search);

/* A mean over the classes, or the accuracy, as an exact fraction; not valid
 * when it is too large for one. */
ost_ratio ost_class_figure(ost_figure which, size_t classes,
                           const int64_t *total, const ost_class_solution *s);

/* Matrices (by truth, then prediction) with these totals and diagonal, and
 * with known->of[i][j] where it is not -1: the first is given, and how many
 * there are, at most `most`. */
typedef struct ost_class_cells {
    int64_t of[OST_SEARCH_CLASSES][OST_SEARCH_CLASSES];
} ost_class_cells;

uint64_t ost_class_matrices(size_t classes, const int64_t *total,
                            const ost_class_solution *s,
                            const ost_class_cells *known, uint64_t most,
                            ost_class_cells *first);

#endif
