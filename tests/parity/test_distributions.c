/* tests/parity/test_distributions.c - distributions against 60-digit values
 *
 * distribution_references.json holds what make_distribution_references.py
 * wrote, with mpmath and SciPy at hand.
 */
/* links: stats base */
#include "base/json.h"
#include "kernels/stats/distributions.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MOST_ARGUMENTS = 4 };

/* Relative; far out in the tails the exponent itself is rounded. */
#define CLOSE 2e-13

typedef double (*law1)(double);
typedef double (*law2)(double, double);
typedef double (*law3)(double, double, double);
typedef double (*law4)(double, double, double, double);

typedef struct {
    const char *name;
    law1 of1;
    law2 of2;
    law3 of3;
    law4 of4;
} law;

static const law laws[] = {
    { "normal_cdf", .of1 = ost_normal_cdf },
    { "normal_sf", .of1 = ost_normal_sf },
    { "normal_quantile", .of1 = ost_normal_quantile },
    { "student_cdf", .of2 = ost_student_cdf },
    { "student_sf", .of2 = ost_student_sf },
    { "student_quantile", .of2 = ost_student_quantile },
    { "chi_square_cdf", .of2 = ost_chi_square_cdf },
    { "chi_square_sf", .of2 = ost_chi_square_sf },
    { "chi_square_quantile", .of2 = ost_chi_square_quantile },
    { "f_cdf", .of3 = ost_f_cdf },
    { "f_sf", .of3 = ost_f_sf },
    { "f_quantile", .of3 = ost_f_quantile },
    { "beta_cdf", .of3 = ost_beta_cdf },
    { "beta_sf", .of3 = ost_beta_sf },
    { "beta_quantile", .of3 = ost_beta_quantile },
    { "binomial_pmf", .of3 = ost_binomial_pmf },
    { "binomial_cdf", .of3 = ost_binomial_cdf },
    { "binomial_sf", .of3 = ost_binomial_sf },
    { "hypergeometric_pmf", .of4 = ost_hypergeometric_pmf },
    { "hypergeometric_cdf", .of4 = ost_hypergeometric_cdf },
    { "hypergeometric_sf", .of4 = ost_hypergeometric_sf },
};
enum { LAWS = sizeof(laws) / sizeof(laws[0]) };

static size_t law_named(const char *name)
{
    for (size_t i = 0; i < LAWS; i++) {
        if (strcmp(laws[i].name, name) == 0)
            return i;
    }
    fail_msg("no distribution '%s'", name);
    return LAWS;
}

static double value(const law *l, const double *a)
{
    if (l->of1)
        return l->of1(a[0]);
    if (l->of2)
        return l->of2(a[0], a[1]);
    return l->of3 ? l->of3(a[0], a[1], a[2]) : l->of4(a[0], a[1], a[2], a[3]);
}

static void test_references(void **state)
{
    const char *source = getenv("OSTEON_SOURCE");
    size_t seen[LAWS] = { 0 };
    ost_json_doc *doc = NULL;
    ost_err err = { 0 };
    char path[1024];
    json_t *row;
    size_t i;

    (void)state;
    assert_non_null(source);
    snprintf(path, sizeof(path), "%s/tests/parity/distribution_references.json",
             source);
    assert_ok(ost_json_load(path, 1 << 20, &doc, &err), &err);
    json_array_foreach(ost_json_root(doc), i, row)
    {
        const json_t *args = json_array_get(row, 1);
        double a[MOST_ARGUMENTS] = { 0 }, got;
        double want = json_number_value(json_array_get(row, 2));
        size_t at = law_named(json_string_value(json_array_get(row, 0)));

        assert_in_range(json_array_size(args), 1, MOST_ARGUMENTS);
        for (size_t k = 0; k < json_array_size(args); k++)
            a[k] = json_number_value(json_array_get(args, k));
        got = value(&laws[at], a);
        seen[at]++;
        if (!(fabs(got - want) <= CLOSE * fabs(want)))
            fail_msg("%s(%.17g, %.17g, %.17g, %.17g): wanted %.17g, got %.17g",
                     laws[at].name, a[0], a[1], a[2], a[3], want, got);
    }
    for (size_t k = 0; k < LAWS; k++)
        assert_true(seen[k] >= 10);
    ost_json_free(doc);
}

/* Whatever is asked, a probability, infinity or NaN comes back. */
static void test_any_argument(void **state)
{
    static const double odd[] = { NAN,   -INFINITY, INFINITY, -1, 0,    1,
                                  0.5,   2,         -0.5,     7,  1e-9, 1e9,
                                  1e300, 5e-324,    1e8,      3,  1.5,  20 };
    enum { N = sizeof(odd) / sizeof(odd[0]) };

    (void)state;
    for (size_t l = 0; l < LAWS; l++) {
        bool quantile = strstr(laws[l].name, "quantile");
        size_t args = laws[l].of1 ? 1 : laws[l].of2 ? 2 : laws[l].of3 ? 3 : 4;
        size_t all = 1;

        for (size_t k = 0; k < args; k++)
            all *= N;
        for (size_t i = 0; i < all; i++) {
            double a[MOST_ARGUMENTS] = { odd[i % N], odd[i / N % N],
                                         odd[i / N / N % N],
                                         odd[i / N / N / N % N] };
            double got = value(&laws[l], a);

            if (!quantile && !isnan(got) && !(got >= 0 && got <= 1))
                fail_msg("%s(%g, %g, %g, %g) is %g", laws[l].name, a[0], a[1],
                         a[2], a[3], got);
            for (size_t k = 0; k < args; k++) {
                if (isnan(a[k]))
                    assert_true(isnan(got));
            }
        }
    }
}

static void test_edges(void **state)
{
    (void)state;
    assert_true(ost_normal_quantile(0) < 0 && isinf(ost_normal_quantile(0)));
    assert_true(isinf(ost_chi_square_quantile(1, 3)));
    assert_true(ost_beta_quantile(1, 2, 3) == 1);
    assert_true(ost_student_cdf(INFINITY, 4) == 1);
    assert_true(ost_chi_square_sf(-1, 2) == 1);
    assert_true(ost_binomial_cdf(10, 10, 0.3) == 1);
    assert_true(ost_binomial_sf(-1, 10, 0.3) == 1);
    assert_true(ost_binomial_pmf(11, 10, 0.3) == 0);
    /* Of 10 drawn out of 12, 7 of them marked, at least 5 are marked. */
    assert_true(ost_hypergeometric_cdf(4, 7, 10, 12) == 0);
    assert_true(ost_hypergeometric_sf(4, 7, 10, 12) == 1);
    assert_true(isnan(ost_normal_quantile(1.1)));
    assert_true(isnan(ost_student_sf(1, 0)));
    assert_true(isnan(ost_f_cdf(1, 2, -1)));
    assert_true(isnan(ost_binomial_pmf(1.5, 10, 0.3)));
    assert_true(isnan(ost_binomial_pmf(1, 10.5, 0.3)));
    assert_true(isnan(ost_hypergeometric_pmf(1, 5, 3, 4)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_any_argument),
        cmocka_unit_test(test_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
