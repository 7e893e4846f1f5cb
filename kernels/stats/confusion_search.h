/* kernels/stats/confusion_search.h - all 2 x 2 tables that print given figures
 *
 * Exhaustive: for so many cases of which so many are positive, every matrix is
 * either visited or lies outside bounds that follow exactly from a figure.
 * Quotients of 0 by 0 are taken for 0, as the usual programs print them.
 */
#ifndef OST_KERNELS_STATS_CONFUSION_SEARCH_H
#define OST_KERNELS_STATS_CONFUSION_SEARCH_H

#include "kernels/stats/published.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ost_binary_matrix {
    int64_t tp;
    int64_t fp;
    int64_t fn;
    int64_t tn;
} ost_binary_matrix;

/* The figures of one confusion matrix, and where they stand in `printed`. */
typedef enum ost_figure {
    OST_FIGURE_ACCURACY,
    OST_FIGURE_RECALL,
    OST_FIGURE_SPECIFICITY,
    OST_FIGURE_PRECISION,
    OST_FIGURE_NPV,
    OST_FIGURE_F1,
    OST_FIGURE_BALANCED_ACCURACY,
    OST_FIGURES,
} ost_figure;

typedef struct ost_binary_figures {
    const ost_printed *printed[OST_FIGURES]; /* NULL: not printed */
    ost_binary_matrix counts;                /* each -1: not given */
} ost_binary_figures;

enum { OST_SEARCH_KEEPS = 8 };

/* What has been found so far; `{0}` is the start.  With more steps than `most`
 * the search was given up, and what was found need not be all. */
typedef struct ost_binary_search {
    uint64_t found;
    ost_binary_matrix first[OST_SEARCH_KEEPS];
    uint64_t matrices; /* among which was searched */
    uint64_t steps;    /* what it took */
    uint64_t most;     /* steps that it may take; 0: as many as there are */
} ost_binary_search;

bool ost_binary_search_ended(const ost_binary_search *search);
/* Adds what there is among `n` cases of which `positive` are positive. */
void ost_binary_search_add(const ost_binary_figures *f, int64_t n,
                           int64_t positive, ost_binary_search *search);
/* A figure of a matrix as an exact fraction; 0/0 is 0. */
ost_ratio ost_figure_of(ost_figure which, const ost_binary_matrix *m);
/* True when the matrix prints all figures and has the given counts. */
bool ost_binary_prints(const ost_binary_figures *f, const ost_binary_matrix *m);

#endif
