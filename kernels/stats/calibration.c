/* kernels/stats/calibration.c - scores as probabilities */
#include "kernels/stats/calibration.h"

#include "base/alloc.h"
#include "kernels/stats/quantile.h"
#include "kernels/stats/sorting.h"
#include "kernels/stats/sums.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

size_t ost_probabilities_check(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!(v[i] >= 0 && v[i] <= 1))
            return i;
    }
    return n;
}

size_t ost_rows_check(const double *probability, size_t n, size_t classes)
{
    for (size_t i = 0; i < n; i++) {
        ost_sum sum = { 0, 0 };

        for (size_t k = 0; k < classes; k++)
            ost_sum_add(&sum, probability[i * classes + k]);
        if (!(fabs(ost_sum_total(&sum) - 1) <= 1e-8 + 1e-5))
            return i;
    }
    return n;
}

static double mean_of(const ost_sum *sum, size_t n)
{
    return n > 0 ? ost_sum_total(sum) / (double)n : OST_UNDEFINED;
}

/* --- single numbers ---------------------------------------------------- */

double ost_brier(const ost_scores *s)
{
    ost_sum sum = { 0, 0 };

    for (size_t i = 0; i < s->n; i++) {
        double off = s->score[i] - s->positive[i];

        ost_sum_add(&sum, off * off);
    }
    return mean_of(&sum, s->n);
}

double ost_class_brier(const uint32_t *truth, const double *probability,
                       size_t n, size_t classes)
{
    ost_sum sum = { 0, 0 };

    for (size_t i = 0; i < n * classes; i++) {
        double off = probability[i] - (truth[i / classes] == i % classes);

        ost_sum_add(&sum, off * off);
    }
    return mean_of(&sum, n);
}

static double clipped(double p)
{
    const double least = 0x1p-52;

    return fmin(fmax(p, least), 1 - least);
}

double ost_log_loss(const ost_scores *s)
{
    ost_sum sum = { 0, 0 };

    for (size_t i = 0; i < s->n; i++) {
        double p = clipped(s->score[i]);

        ost_sum_add(&sum, -log(s->positive[i] ? p : 1 - p));
    }
    return mean_of(&sum, s->n);
}

double ost_class_log_loss(const uint32_t *truth, const double *probability,
                          size_t n, size_t classes)
{
    ost_sum sum = { 0, 0 };

    for (size_t i = 0; i < n; i++) {
        const double *row = probability + i * classes;
        double all = 0;

        for (size_t k = 0; k < classes; k++)
            all += clipped(row[k]);
        ost_sum_add(&sum, -log(clipped(row[truth[i]]) / all));
    }
    return mean_of(&sum, n);
}

/* --- curves ------------------------------------------------------------ */

/* The bins + 1 edges. */
static void set_edges(const ost_scores *s, size_t bins, ost_bins how,
                      double *edge)
{
    double step = 1 / (double)bins, *sorted;

    for (size_t b = 0; b < bins; b++)
        edge[b] = (double)b * step;
    edge[bins] = 1;
    if (how == OST_BINS_UNIFORM)
        return;
    sorted = ost_xalloc((s->n + 1) * sizeof(*sorted));
    memcpy(sorted, s->score, s->n * sizeof(*sorted));
    ost_sort_numbers(sorted, s->n);
    /* By way of percent, which may round. */
    for (size_t b = 0; b <= bins; b++)
        edge[b] = ost_quantile_sorted(sorted, s->n, edge[b] * 100 / 100);
    ost_free(sorted);
}

/* How many inner edges are below `v`. */
static size_t bin_of(const double *edge, size_t bins, double v)
{
    size_t low = 0, high = bins - 1;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (edge[middle + 1] < v)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void set_errors(ost_calibration *c, size_t cases)
{
    ost_sum sum = { 0, 0 };

    c->ece = c->mce = cases > 0 ? 0 : OST_UNDEFINED;
    for (size_t b = 0; b < c->bins; b++) {
        double off = fabs(c->score[b] - c->observed[b]);

        if (c->n[b] == 0)
            continue;
        ost_sum_add(&sum, off * (double)c->n[b]);
        c->mce = fmax(c->mce, off);
    }
    if (cases > 0)
        c->ece = ost_sum_total(&sum) / (double)cases;
}

ost_calibration ost_calibration_of(const ost_scores *s, size_t bins,
                                   ost_bins how, ost_arena *arena)
{
    ost_calibration c = {
        .bins = bins,
        .lower = OST_ARENA_ARRAY(arena, double, bins),
        .upper = OST_ARENA_ARRAY(arena, double, bins),
        .n = OST_ARENA_ARRAY(arena, uint64_t, bins),
        .score = OST_ARENA_ARRAY(arena, double, bins),
        .observed = OST_ARENA_ARRAY(arena, double, bins),
    };
    double *edge = ost_xalloc((bins + 1) * sizeof(*edge));
    ost_sum *sums = ost_xalloc(bins * sizeof(*sums));
    uint64_t *positives = ost_xalloc(bins * sizeof(*positives));

    assert(bins > 0);
    set_edges(s, bins, how, edge);
    for (size_t i = 0; i < s->n; i++) {
        size_t b = bin_of(edge, bins, s->score[i]);

        c.n[b]++;
        positives[b] += s->positive[i];
        ost_sum_add(&sums[b], s->score[i]);
    }
    for (size_t b = 0; b < bins; b++) {
        double n = c.n[b] > 0 ? (double)c.n[b] : OST_UNDEFINED;

        c.lower[b] = edge[b];
        c.upper[b] = edge[b + 1];
        c.score[b] = ost_sum_total(&sums[b]) / n;
        c.observed[b] = (double)positives[b] / n;
    }
    set_errors(&c, s->n);
    ost_free(edge);
    ost_free(sums);
    ost_free(positives);
    return c;
}

ost_calibration ost_class_calibration(const uint32_t *truth,
                                      const double *probability, size_t n,
                                      size_t classes, size_t bins, ost_bins how,
                                      ost_arena *arena)
{
    uint8_t *right = ost_xalloc(n + 1);
    double *top = ost_xalloc((n + 1) * sizeof(*top));
    const ost_scores s = { right, top, n };
    ost_calibration c;

    for (size_t i = 0; i < n; i++) {
        const double *row = probability + i * classes;
        size_t best = 0;

        for (size_t k = 1; k < classes; k++)
            best = row[k] > row[best] ? k : best;
        top[i] = row[best];
        right[i] = truth[i] == best;
    }
    c = ost_calibration_of(&s, bins, how, arena);
    ost_free(right);
    ost_free(top);
    return c;
}
