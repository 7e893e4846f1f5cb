/* tests/property/test_hypothesis_levels.c - how often tests find what is not
 * there
 *
 * Drawn cases without any difference: at a level of 5 % exact tests reject at
 * most that often, and the others about that often.  Seeds are fixed.
 */
/* links: stats base */
#include "kernels/stats/hypothesis.h"
#include "tests/support/check.h"

#include "base/banned.h"

enum { STUDIES = 2000, CASES = 80 };

/* Share of the studies with p <= 0.05. */
typedef double (*study)(ost_rng *r);

static double rejected(study p_of, uint64_t seed)
{
    size_t n = 0;

    for (uint64_t i = 0; i < STUDIES; i++) {
        ost_rng r = ost_rng_of(seed, i);

        n += p_of(&r) <= 0.05;
    }
    return (double)n / STUDIES;
}

static void draw_scores(ost_rng *r, uint8_t y[CASES], double a[CASES],
                        double b[CASES])
{
    for (size_t i = 0; i < CASES; i++) {
        double shared = ost_rng_normal(r);

        y[i] = i % 3 == 0;
        a[i] = y[i] + shared + ost_rng_normal(r);
        b[i] = y[i] + shared + ost_rng_normal(r);
    }
}

static double delong_paired(ost_rng *r)
{
    uint8_t y[CASES];
    double a[CASES], b[CASES];

    draw_scores(r, y, a, b);
    return ost_delong_paired(&(ost_scores){ y, a, CASES },
                             &(ost_scores){ y, b, CASES })
        .p;
}

static double delong_unpaired(ost_rng *r)
{
    uint8_t y[CASES];
    double a[CASES], b[CASES], other[CASES];

    draw_scores(r, y, a, other);
    draw_scores(r, y, b, other);
    return ost_delong_unpaired(&(ost_scores){ y, a, CASES },
                               &(ost_scores){ y, b, CASES })
        .p;
}

/* Cases that are right in one arm alone, each arm as likely. */
static void draw_discordant(ost_rng *r, uint64_t *b, uint64_t *c)
{
    *b = *c = 0;
    for (size_t i = 0; i < CASES; i++) {
        double at = ost_rng_f64(r);

        *b += at < 0.2;
        *c += at >= 0.2 && at < 0.4;
    }
}

static double mcnemar_exact(ost_rng *r)
{
    uint64_t b, c;

    draw_discordant(r, &b, &c);
    return ost_mcnemar_exact(b, c, CASES).p;
}

static double mcnemar_plain(ost_rng *r)
{
    uint64_t b, c;

    draw_discordant(r, &b, &c);
    return ost_mcnemar_chi_square(b, c, CASES, false).p;
}

static ost_two_by_two draw_table(ost_rng *r)
{
    ost_two_by_two t = { { 0 } };

    for (size_t i = 0; i < 2 * (size_t)CASES; i++)
        t.count[i % 2 * 2 + (ost_rng_f64(r) < 0.4)]++;
    return t;
}

static double pearson_chi_square(ost_rng *r)
{
    ost_two_by_two t = draw_table(r);

    return ost_pearson_chi_square(&t).p;
}

static double fisher_exact(ost_rng *r)
{
    ost_two_by_two t = draw_table(r);

    return ost_fisher_exact(&t).p;
}

static double paired_t(ost_rng *r)
{
    double v[8];

    for (size_t i = 0; i < 8; i++)
        v[i] = ost_rng_normal(r);
    return ost_paired_t(v, 8, 0).p;
}

/* Differences of folds have a common part, of correlation rho: the plain test
 * does not know it, the corrected one does for n_test / n_train = rho / (1 -
 * rho). */
static void draw_folds(ost_rng *r, double v[10])
{
    double rho = 0.1, common = sqrt(rho) * ost_rng_normal(r);

    for (size_t i = 0; i < 10; i++)
        v[i] = common + sqrt(1 - rho) * ost_rng_normal(r);
}

static double folds_plain(ost_rng *r)
{
    double v[10];

    draw_folds(r, v);
    return ost_paired_t(v, 10, 0).p;
}

static double folds_corrected(ost_rng *r)
{
    double v[10];

    draw_folds(r, v);
    return ost_paired_t(v, 10, 1.0 / 9).p;
}

static double mean_of_swapped(const uint8_t *swap, void *user)
{
    const double *v = user;
    double sum = 0;

    for (size_t i = 0; i < 12; i++)
        sum += swap[i] ? -v[i] : v[i];
    return sum / 12;
}

static double permutation(ost_rng *r)
{
    double v[12];

    for (size_t i = 0; i < 12; i++)
        v[i] = ost_rng_normal(r) * (i % 4 ? 1 : 5);
    return ost_permutation_test(12, mean_of_swapped, v, 99, ost_rng_u64(r),
                                NULL)
        .p;
}

static double correlated(ost_rng *r, bool ranks)
{
    double x[20], y[20];

    for (size_t i = 0; i < 20; i++) {
        x[i] = ost_rng_normal(r);
        y[i] = ost_rng_normal(r);
    }
    return ranks ? ost_spearman_correlation(x, y, 20).p
                 : ost_pearson_correlation(x, y, 20).p;
}

static double pearson(ost_rng *r)
{
    return correlated(r, false);
}

static double spearman(ost_rng *r)
{
    return correlated(r, true);
}

/* About 5 %: four standard errors of 2000 studies are 2 %. */
static void about(study p_of)
{
    double share = rejected(p_of, 11);

    if (!(share > 0.03 && share < 0.07))
        fail_msg("rejects %.4f", share);
}

static void at_most(study p_of)
{
    double share = rejected(p_of, 12);

    if (!(share > 0.005 && share < 0.06))
        fail_msg("rejects %.4f", share);
}

static void test_levels(void **state)
{
    (void)state;
    about(delong_paired);
    about(delong_unpaired);
    about(pearson_chi_square);
    about(mcnemar_plain);
    about(paired_t);
    about(permutation);
    about(pearson);
    about(spearman);
    about(folds_corrected);
    at_most(mcnemar_exact);
    at_most(fisher_exact);
}

/* What the correction is for. */
static void test_plain_t_over_folds_rejects_too_often(void **state)
{
    (void)state;
    assert_true(rejected(folds_plain, 11) > 0.1);
}

/* Holm: the chance of any false finding among five is at most 5 %. */
static double smallest_of_five(ost_rng *r)
{
    double p[5], adjusted[5], least = 1;

    for (size_t i = 0; i < 5; i++)
        p[i] = paired_t(r);
    ost_holm(p, 5, adjusted);
    for (size_t i = 0; i < 5; i++)
        least = fmin(least, adjusted[i]);
    return least;
}

static void test_holm_keeps_the_family(void **state)
{
    (void)state;
    about(smallest_of_five);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_plain_t_over_folds_rejects_too_often),
        cmocka_unit_test(test_holm_keeps_the_family),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
