/* tests/unit/test_sorting.c - numbers by radix, quantiles, compensated sums */
/* links: stats base */
#include "kernels/stats/quantile.h"
#include "kernels/stats/ranking.h"
#include "kernels/stats/sorting.h"
#include "kernels/stats/sums.h"
#include "tests/support/check.h"
#include "tests/support/seed.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MOST = 3000 };

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Numbers of one of several kinds that sorts by digits might stumble over. */
static size_t draw(ost_rng *r, double *v)
{
    size_t n =
        ost_rng_below(r, 4) ? ost_rng_below(r, 200) : ost_rng_below(r, MOST);
    uint64_t kind = ost_rng_below(r, 6);

    for (size_t i = 0; i < n; i++) {
        double u = ost_rng_f64(r);
        uint64_t bits = ost_rng_u64(r);

        if (kind == 0) { /* any double */
            memcpy(&v[i], &bits, sizeof(bits));
            v[i] = isfinite(v[i]) ? v[i] : 0;
        } else if (kind == 1) { /* equal in their first 33 bits */
            v[i] = 0.5 + u * 0x1p-40;
        } else if (kind == 2) { /* runs of these among others */
            v[i] = (double)ost_rng_below(r, 3) + u * 0x1p-45;
        } else if (kind == 3) { /* ties, both zeros */
            v[i] = (double)ost_rng_below(r, 7) - 3;
            v[i] = v[i] == 0 && u < 0.5 ? -0.0 : v[i];
        } else if (kind == 4) { /* one that lies far off */
            v[i] = i == n / 2 ? -DBL_MAX : u * DBL_TRUE_MIN * 1e9;
        } else {
            v[i] = ost_rng_normal(r);
        }
    }
    return n;
}

static const char *numbers_come_in_order(ost_rng *r)
{
    static double v[MOST], sorted[MOST], ours[MOST];
    static uint32_t index[MOST];
    size_t n = draw(r, v);

    memcpy(sorted, v, n * sizeof(*v));
    memcpy(ours, v, n * sizeof(*v));
    qsort(sorted, n, sizeof(*sorted), rising);
    ost_sort_numbers(ours, n);
    ost_sort_falling(v, n, index);
    for (size_t i = 0; i < n; i++) {
        if (ours[i] != sorted[i])
            return "numbers do not rise";
        if (v[index[i]] != sorted[n - 1 - i])
            return "indices do not fall";
        if (i > 0 && v[index[i]] == v[index[i - 1]] && index[i] < index[i - 1])
            return "equal numbers change places";
    }
    return NULL;
}

static const char *a_ranking_counts_what_is_above(ost_rng *r)
{
    static double v[MOST];
    static uint8_t y[MOST];
    ost_scores s = { y, v, draw(r, v) };
    const char *wrong = NULL;
    ost_ranking ranking;

    for (size_t i = 0; i < s.n; i++)
        y[i] = (uint8_t)ost_rng_below(r, 2);
    ranking = ost_ranking_of(&s);
    for (size_t k = 0; k < ranking.levels && s.n < 300; k++) {
        uint64_t count[2] = { 0, 0 };

        for (size_t i = 0; i < s.n; i++)
            count[y[i]] += v[i] >= ranking.score[k];
        if (count[1] != ranking.tps[k] || count[0] != ranking.fps[k])
            wrong = "a level has other counts";
        if (k > 0 && !(ranking.score[k] < ranking.score[k - 1]))
            wrong = "levels do not fall";
    }
    if (s.n > 0 && (ranking.tps[ranking.levels - 1] != ranking.positives ||
                    ranking.fps[ranking.levels - 1] != ranking.negatives))
        wrong = "the last level does not hold all";
    ost_ranking_release(&ranking);
    return wrong;
}

static void sorts_keep_their_laws(void **state)
{
    (void)state;
    assert_int_equal(each_seed(400, numbers_come_in_order), 0);
    assert_int_equal(each_seed(400, a_ranking_counts_what_is_above), 0);
}

static void keys_give_their_numbers_back(void **state)
{
    static const double v[6] = { -DBL_MAX, -1, -DBL_TRUE_MIN, 0, 0.5, DBL_MAX };

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        assert_true(ost_sorting_value(ost_sorting_key(v[i])) == v[i]);
        if (i > 0)
            assert_true(ost_sorting_key(v[i]) > ost_sorting_key(v[i - 1]));
    }
    assert_true(ost_sorting_key(-0.0) == ost_sorting_key(0));
}

/* The numbers are numpy.quantile's. */
static void quantiles_lie_between_numbers(void **state)
{
    static const double v[4] = { 1, 2, 4, 8 };

    (void)state;
    assert_true(ost_quantile_sorted(v, 4, 0) == 1);
    assert_true(ost_quantile_sorted(v, 4, 1) == 8);
    assert_true(ost_quantile_sorted(v, 4, 0.5) == 3);
    assert_true(ost_quantile_sorted(v, 4, 0.1) == 1.3);
    assert_true(ost_quantile_sorted(v, 4, 0.9) == 6.800000000000001);
    assert_true(ost_quantile_sorted(v, 1, 0.3) == 1);
    assert_true(isnan(ost_quantile_sorted(v, 0, 0.5)));
}

static void sums_keep_small_terms(void **state)
{
    ost_sum s = { 0, 0 };

    (void)state;
    ost_sum_add(&s, 1);
    ost_sum_add(&s, 1e100);
    ost_sum_add(&s, 1);
    ost_sum_add(&s, -1e100);
    assert_true(ost_sum_total(&s) == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_keep_their_laws),
        cmocka_unit_test(keys_give_their_numbers_back),
        cmocka_unit_test(quantiles_lie_between_numbers),
        cmocka_unit_test(sums_keep_small_terms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
