/* tests/property/test_coverage.c - 95 % intervals hold the truth as often
 *
 * Proportions exactly; areas by simulation with fixed seeds, in few designs.
 * bench/bench_coverage.c simulates more and prints the tables of
 * docs/intervals.md.
 */
/* links: stats base */
#include "tests/support/check.h"
#include "tests/support/coverage.h"

#include <stdlib.h>

#include "base/banned.h"

/* Fewer where every step is checked by a sanitizer. */
static size_t sets_of(size_t n)
{
    const char *sanitize = getenv("OSTEON_SANITIZE");

    return sanitize && *sanitize ? n / 20 : n;
}

static void exact_intervals_never_hold_less_than_they_say(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 60; n++) {
        double least =
            coverage_of_rates(ost_clopper_pearson_interval, n, 199).least;

        if (least < 0.95)
            fail_msg("%llu cases: only %.6f", (unsigned long long)n, least);
    }
    assert_true(
        coverage_of_rates(ost_clopper_pearson_interval, 500, 37).least >= 0.95);
}

static void score_intervals_hold_it_on_average(void **state)
{
    static const uint64_t sizes[] = { 5, 10, 20, 50, 100, 200 };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        double mean =
            coverage_of_rates(ost_wilson_interval, sizes[i], 199).mean;

        if (!(mean >= 0.935 && mean <= 0.965))
            fail_msg("%llu cases: %.4f", (unsigned long long)sizes[i], mean);
    }
}

/* Each of the methods is within 93.5 .. 96.5 %, give or take three standard
 * errors of the simulation where that has few sets. */
static void holds(const coverage_design *d, const int *method, size_t n)
{
    coverage_result c = coverage_of_area(d, 0, d->sets);
    double few = d->sets < 1000 ? 3 * sqrt(0.05 * 0.95 / (double)d->sets) : 0;

    for (size_t k = 0; k < n; k++) {
        double held = coverage_share(&c, method[k]);

        print_message("area %.2f, %zu of each class, %s: %.4f\n", d->area,
                      d->units, coverage_names[method[k]], held);
        if (!(held >= 0.935 - few && held <= 0.965 + few))
            fail_msg("%s holds the truth in %.4f", coverage_names[method[k]],
                     held);
        assert_int_equal(c.undefined[method[k]], 0);
    }
}

static void intervals_of_areas_hold_them_from_100_cases_on(void **state)
{
    static const int method[] = { COVERAGE_DELONG, COVERAGE_LOGIT,
                                  COVERAGE_PERCENTILE, COVERAGE_BCA };

    (void)state;
    holds(&(coverage_design){ .area = 0.8,
                              .units = 100,
                              .images = 1,
                              .sets = sets_of(2000),
                              .draws = 400,
                              .seed = 11 },
          method, 4);
}

static void resampled_patients_hold_the_area_where_cases_do_not(void **state)
{
    static const int method[] = { COVERAGE_PERCENTILE, COVERAGE_BCA };
    const coverage_design d = {
        .area = 0.8,
        .units = 100,
        .images = 5,
        .shared = 0.6,
        .sets = sets_of(2000),
        .draws = 500,
        .seed = 12,
    };
    coverage_result c = coverage_of_area(&d, 0, d.sets / 10);

    (void)state;
    holds(&d, method, 2);
    /* As if images of a patient did not depend on each other. */
    assert_true(coverage_share(&c, COVERAGE_DELONG) < 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_intervals_never_hold_less_than_they_say),
        cmocka_unit_test(score_intervals_hold_it_on_average),
        cmocka_unit_test(intervals_of_areas_hold_them_from_100_cases_on),
        cmocka_unit_test(resampled_patients_hold_the_area_where_cases_do_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
