/* tests/support/coverage.h - how often intervals hold what they are about
 *
 * Proportions are counted exactly: the probability of each number of hits,
 * over those whose interval holds the true rate.  Areas are simulated: scores
 * of both classes are normal with variance 1 and lie so far apart that the true
 * area is known.  With several images a patient, a part of each score is shared
 * by all images of the patient.
 */
#ifndef OST_TESTS_SUPPORT_COVERAGE_H
#define OST_TESTS_SUPPORT_COVERAGE_H

#include "base/alloc.h"
#include "base/rng.h"
#include "kernels/stats/bootstrap.h"
#include "kernels/stats/distributions.h"
#include "kernels/stats/scores.h"

#include <math.h>
#include <string.h>

/* --- proportions --------------------------------------------------------- */

typedef ost_interval (*coverage_interval)(uint64_t k, uint64_t n, double level);

typedef struct coverage_rates {
    double least;
    double mean;
} coverage_rates;

/* Of n cases: the probability that the interval holds the rate, over rates in
 * the middle of `steps` equal parts of 0 .. 1. */
static inline coverage_rates coverage_of_rates(coverage_interval interval,
                                               uint64_t n, int steps)
{
    ost_interval *of = ost_xalloc((n + 1) * sizeof(*of));
    coverage_rates c = { 1, 0 };

    for (uint64_t k = 0; k <= n; k++)
        of[k] = interval(k, n, 0.95);
    for (int s = 0; s < steps; s++) {
        double p = (s + 0.5) / steps, held = 0;

        for (uint64_t k = 0; k <= n; k++) {
            if (of[k].lo <= p && p <= of[k].hi)
                held += ost_binomial_pmf((double)k, (double)n, p);
        }
        c.least = fmin(c.least, held);
        c.mean += held / steps;
    }
    ost_free(of);
    return c;
}

/* --- areas --------------------------------------------------------------- */

enum {
    COVERAGE_DELONG,
    COVERAGE_LOGIT,      /* DeLong's variance on the logit scale */
    COVERAGE_HANLEY,     /* Hanley and McNeil's variance */
    COVERAGE_PERCENTILE, /* bootstrap, by class */
    COVERAGE_BCA,
    COVERAGE_METHODS,
};

static const char *const coverage_names[COVERAGE_METHODS] = {
    "DeLong", "logit DeLong", "Hanley-McNeil", "percentile", "BCa",
};

typedef struct coverage_design {
    double area;
    size_t units;  /* cases or patients of each class */
    size_t images; /* of a patient: 1 .. images, as drawn; 1: plain cases */
    double shared; /* part of the variance that a patient's images share */
    size_t sets;   /* simulated tables */
    size_t draws;  /* bootstrap replicates of each */
    uint64_t seed;
} coverage_design;

typedef struct coverage_result {
    size_t sets;
    size_t held[COVERAGE_METHODS];
    size_t undefined[COVERAGE_METHODS]; /* these hold nothing */
    double length[COVERAGE_METHODS];    /* summed over the defined ones */
} coverage_result;

/* Room for one table. */
typedef struct coverage_table {
    uint8_t *positive;
    double *score;
    uint32_t *cluster;
    uint32_t *stratum;
    size_t n;
} coverage_table;

static inline void coverage_draw(const coverage_design *d, size_t set,
                                 coverage_table *t)
{
    double apart = sqrt(2) * ost_normal_quantile(d->area);
    ost_rng r = ost_rng_of(d->seed, set);

    t->n = 0;
    for (size_t u = 0; u < 2 * d->units; u++) {
        size_t images = 1 + (size_t)ost_rng_below(&r, d->images);
        double own = sqrt(d->shared) * ost_rng_normal(&r);

        t->stratum[u] = u < d->units;
        for (size_t i = 0; i < images; i++, t->n++) {
            t->positive[t->n] = u < d->units;
            t->cluster[t->n] = (uint32_t)u;
            t->score[t->n] = own + sqrt(1 - d->shared) * ost_rng_normal(&r) +
                             (u < d->units ? apart : 0);
        }
    }
}

static inline void coverage_count(coverage_result *c, int method,
                                  ost_interval i, double truth)
{
    if (isnan(i.lo) || isnan(i.hi)) {
        c->undefined[method]++;
        return;
    }
    c->held[method] += i.lo <= truth && truth <= i.hi;
    c->length[method] += i.hi - i.lo;
}

static inline void coverage_resample(const coverage_design *d, size_t set,
                                     const coverage_table *t, double area,
                                     coverage_result *c)
{
    const ost_bootstrap_spec spec = {
        .n = t->n,
        .cluster = d->images > 1 ? t->cluster : NULL,
        .clusters = 2 * d->units,
        .stratum = t->stratum,
        .strata = 2,
        .seed = d->seed ^ (set + 1) << 20,
    };
    double *value = ost_xalloc(d->draws * sizeof(*value));
    double *without = ost_xalloc(2 * d->units * sizeof(*without));
    ost_bootstrap *b = ost_bootstrap_new(&spec);
    const ost_scores s = { t->positive, t->score, t->n };
    ost_bootstrap_area *a = ost_bootstrap_area_new(b, &s);
    const ost_bootstrap_area *all[1] = { a };

    ost_bootstrap_area_run(all, 1, 0, d->draws, value);
    ost_bootstrap_area_jackknife(a, without, 1);
    coverage_count(c, COVERAGE_PERCENTILE,
                   ost_percentile_interval(value, d->draws, 1, 0.95).interval,
                   d->area);
    coverage_count(
        c, COVERAGE_BCA,
        ost_bca_interval(b, value, d->draws, 1, area, without, 0.95).interval,
        d->area);
    ost_bootstrap_area_free(a);
    ost_bootstrap_free(b);
    ost_free(value);
    ost_free(without);
}

/* Sets from .. to - 1 of a design. */
static inline coverage_result coverage_of_area(const coverage_design *d,
                                               size_t from, size_t to)
{
    size_t most = 2 * d->units * d->images;
    coverage_result c = { .sets = to - from };
    coverage_table t = {
        .positive = ost_xalloc(most),
        .score = ost_xalloc(most * sizeof(double)),
        .cluster = ost_xalloc(most * sizeof(uint32_t)),
        .stratum = ost_xalloc(2 * d->units * sizeof(uint32_t)),
    };

    for (size_t set = from; set < to; set++) {
        ost_ranking r;
        double area, variance, hanley;

        coverage_draw(d, set, &t);
        r = ost_ranking_of(&(ost_scores){ t.positive, t.score, t.n });
        area = ost_ranking_auc(&r);
        variance = ost_ranking_delong_variance(&r);
        hanley = ost_hanley_mcneil_variance(area, r.positives, r.negatives);
        ost_ranking_release(&r);
        coverage_count(&c, COVERAGE_DELONG,
                       ost_normal_interval(area, variance, 0.95), d->area);
        coverage_count(&c, COVERAGE_LOGIT,
                       ost_logit_interval(area, variance, 0.95), d->area);
        coverage_count(&c, COVERAGE_HANLEY,
                       ost_normal_interval(area, hanley, 0.95), d->area);
        coverage_resample(d, set, &t, area, &c);
    }
    ost_free(t.positive);
    ost_free(t.score);
    ost_free(t.cluster);
    ost_free(t.stratum);
    return c;
}

static inline double coverage_share(const coverage_result *c, int method)
{
    return (double)c->held[method] / (double)c->sets;
}

#endif
