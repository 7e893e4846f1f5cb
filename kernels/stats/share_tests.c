/* kernels/stats/share_tests.c - which test gave a printed p-value */
#include "kernels/stats/share_tests.h"

#include "kernels/stats/distributions.h"

#include "base/banned.h"

static double pearson(const ost_two_by_two *t)
{
    return ost_pearson_chi_square(t).p;
}

static double yates(const ost_two_by_two *t)
{
    return ost_yates_chi_square(t).p;
}

static double fisher(const ost_two_by_two *t)
{
    return ost_fisher_exact(t).p;
}

static double cases(const ost_two_by_two *t)
{
    return (double)t->count[0] + (double)t->count[1] + (double)t->count[2] +
           (double)t->count[3];
}

/* Pearson's statistic times (N - 1) / N (Campbell 2007). */
static double n_minus_1(const ost_two_by_two *t)
{
    double n = cases(t), x = ost_pearson_chi_square(t).statistic;

    return ost_chi_square_sf(x * (n - 1) / n, 1);
}

/* G = 2 sum O ln(O / E). */
static double likelihood_ratio(const ost_two_by_two *t)
{
    double n = cases(t), g = 0;

    for (int i = 0; i < 4; i++) {
        double o = (double)t->count[i];
        double row = o + (double)t->count[i ^ 1];
        double column = o + (double)t->count[i ^ 2];

        if (o > 0)
            g += 2 * o * log(o * n / (row * column));
    }
    return ost_chi_square_sf(fmax(g, 0), 1);
}

/* The difference over its standard error, each share with its own variance. */
static double unpooled_z(const ost_two_by_two *t)
{
    double n = (double)t->count[0] + (double)t->count[1];
    double m = (double)t->count[2] + (double)t->count[3];
    double p = (double)t->count[0] / n, q = (double)t->count[2] / m;
    double variance = p * (1 - p) / n + q * (1 - q) / m;

    if (!(variance > 0))
        return p < q || q < p ? 0 : 1;
    return 2 * ost_normal_sf(fabs(p - q) / sqrt(variance));
}

const ost_share_test ost_share_tests[OST_SHARE_TESTS] = {
    { "pearson", "Pearson's chi-square without correction", pearson },
    { "yates", "chi-square with Yates' correction", yates },
    { "fisher", "Fisher's exact test", fisher },
    { "n_minus_1", "chi-square with N - 1", n_minus_1 },
    { "likelihood_ratio", "the likelihood ratio (G) test", likelihood_ratio },
    { "unpooled_z", "z of the difference, variances not pooled", unpooled_z },
};

void ost_margins_both(const ost_margins *m, int64_t *low, int64_t *high)
{
    *low = m->a + m->b > m->n ? m->a + m->b - m->n : 0;
    *high = m->a < m->b ? m->a : m->b;
}

void ost_margins_mcnemar(const ost_margins *m, int64_t both,
                         double p[OST_MCNEMAR_FORMS])
{
    uint64_t b = (uint64_t)(m->a - both), c = (uint64_t)(m->b - both);
    uint64_t n = (uint64_t)m->n;

    p[0] = ost_mcnemar_exact(b, c, n).p;
    p[1] = ost_mcnemar_chi_square(b, c, n, false).p;
    p[2] = ost_mcnemar_chi_square(b, c, n, true).p;
}
