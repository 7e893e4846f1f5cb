/* kernels/stats/bootstrap.h - intervals of any statistic by drawing cases again
 *
 * A replicate draws as many units as there are, with replacement, and the
 * statistic is computed of what was drawn.  The unit is the case, or the
 * cluster (patient) with all of its cases when a patient has several: drawing
 * single images of a patient would make intervals too short.  With strata
 * (classes, say) each stratum keeps its number of units.
 *
 * A resample is told as weights: how often each case is in it.  Statistics of
 * several models computed from the same weights are paired.
 *
 *     b = ost_bootstrap_new(&spec);
 *     ost_bootstrap_run(b, f, user, 1, 0, 2000, value);    on any thread
 *     ost_jackknife_run(b, f, user, 1, 0, ost_bootstrap_units(b), without);
 *     i = ost_bca_interval(b, value, 2000, 1, estimate, without, 0.95);
 *     ost_bootstrap_free(b);
 *
 * Replicate r depends on the seed and on r alone, so that any number of threads
 * that share the replicates out give the same numbers; an ost_bootstrap may be
 * read by all of them.
 */
#ifndef OST_KERNELS_STATS_BOOTSTRAP_H
#define OST_KERNELS_STATS_BOOTSTRAP_H

#include "kernels/stats/intervals.h"
#include "kernels/stats/ranking.h"

typedef enum ost_draws {
    OST_DRAWS_PHILOX, /* stream r of the seed (base/rng.h) draws replicate r */
    /* RandomState(seed).randint(0, m, m) for one replicate after the other, in
     * each for one stratum of m units after the other: published resamples.
     * The seed is taken modulo 2^32.  Replicates cannot be reached but through
     * those before them, which are drawn as well. */
    OST_DRAWS_NUMPY,
} ost_draws;

typedef struct ost_bootstrap_spec {
    size_t n;                /* cases, fewer than 2^30 */
    const uint32_t *cluster; /* n: of each case, < clusters; NULL: cases are
                                drawn one by one */
    size_t clusters;
    const uint32_t *stratum; /* of each unit (cluster, or case), < strata;
                                NULL: all are one stratum */
    size_t strata;
    uint64_t seed;
    ost_draws draws;
} ost_bootstrap_spec;

typedef struct ost_bootstrap ost_bootstrap;

/* Copies what it needs; caller frees. */
ost_bootstrap *ost_bootstrap_new(const ost_bootstrap_spec *spec);
void ost_bootstrap_free(ost_bootstrap *b);
/* What is drawn: clusters, or cases without them. */
size_t ost_bootstrap_units(const ost_bootstrap *b);

/* Strata of clusters by what they hold: 1 with a positive case, 0 without. */
void ost_cluster_strata(const uint8_t *positive, const uint32_t *cluster,
                        size_t n, size_t clusters, uint32_t *stratum);

/* Computes numbers of the cases of which case i is there weight[i] times; what
 * is undefined (one class, ...) is NaN.  May be called by several threads. */
typedef void (*ost_statistics)(void *user, const uint32_t *weight, double *out);

/* Replicates from .. to - 1 of k numbers each: out[(r - from) * k + j]. */
void ost_bootstrap_run(const ost_bootstrap *b, ost_statistics f, void *user,
                       size_t k, size_t from, size_t to, double *out);
/* The same numbers with unit u left out, for u in from .. to - 1.  All of them
 * take time in proportion to units x n: of many units, take percentiles. */
void ost_jackknife_run(const ost_bootstrap *b, ost_statistics f, void *user,
                       size_t k, size_t from, size_t to, double *out);

/* --- areas, faster -------------------------------------------------------
 *
 * The cases are ranked once; a replicate takes one walk over them.
 */

typedef struct ost_bootstrap_area ost_bootstrap_area;

/* Area under the ROC curve of these scores of the cases of `b`, both borrowed
 * until it is made (scores) or freed (b). */
ost_bootstrap_area *ost_bootstrap_area_new(const ost_bootstrap *b,
                                           const ost_scores *s);
void ost_bootstrap_area_free(ost_bootstrap_area *a);

/* Replicates from .. to - 1 of k areas over the same `b`, from the same draws:
 * out[(r - from) * k + j]; NaN where a resample has one class. */
void ost_bootstrap_area_run(const ost_bootstrap_area *const *area, size_t k,
                            size_t from, size_t to, double *out);
/* The area without unit u, for all units: out[u * stride]. */
void ost_bootstrap_area_jackknife(const ost_bootstrap_area *a, double *out,
                                  size_t stride);

/* --- intervals ------------------------------------------------------------
 *
 * Of replicates value[0], value[stride], ...: those that are NaN are left out
 * and counted.
 */

typedef struct ost_bootstrap_interval {
    ost_interval interval; /* NaN when undefined */
    double mean;           /* of the used replicates */
    double se;             /* their standard deviation, ddof 1 */
    size_t used;
    size_t skipped;
} ost_bootstrap_interval;

/* The quantiles (1 - level) / 2 and (1 + level) / 2 of the replicates, as
 * quantile.h interpolates. */
ost_bootstrap_interval ost_percentile_interval(const double *value, size_t n,
                                               size_t stride, double level);

/* Bias-corrected and accelerated (Efron 1987): quantiles moved by how far the
 * replicates lie to one side of `estimate` (the statistic of the cases as they
 * are; replicates equal to it count half) and by how much single units pull,
 * which without[u * stride] tells: the statistic without unit u, per stratum.
 * Undefined when all replicates lie on one side, or when the statistic is
 * undefined without one of the units.  Takes normal quantiles, hence
 * logarithms, whose last digits may differ between machines. */
ost_bootstrap_interval ost_bca_interval(const ost_bootstrap *b,
                                        const double *value, size_t n,
                                        size_t stride, double estimate,
                                        const double *without, double level);

#endif
