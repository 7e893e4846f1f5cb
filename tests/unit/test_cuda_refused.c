/* tests/unit/test_cuda_refused.c - libraries that do not do what they said
 *
 * What cuDNN says that it computes it refuses after all, and cuBLASLt has no
 * products with a bias or a ReLU: layers come to the same results otherwise.
 */
/* links: base kernels */
/* on: cuda */
#include "base/text.h"
#include "tests/support/product_case.h"

#include "base/banned.h"

static const char *const classes[] = { "sim-f32", "sim-f32-tuned", "sim-bf16",
                                       "sim-f16" };

enum { CLASSES = sizeof(classes) / sizeof(classes[0]) };

static ost_backend *open_class(const char *name)
{
    ost_backend *b = NULL;
    ost_err err = { 0 };

    if (backend_case_is_cpu())
        skip();
    assert_ok(ost_backend_open(name, 0, &b, &err), &err);
    return b;
}

/* The same numbers but for the order of sums, and of 16 bits the rounding of a
 * gradient that was made in pieces or at once. */
static double tolerance(const ost_backend *b)
{
    return strstr(b->numeric_class, "16") ? 5e-3 : 1e-5;
}

/* Whether another code computed it. */
static bool compare(ost_backend *b, const product_case *c, const char *failing)
{
    product_parts want = product_run(b, c, 1.0, 1);
    product_parts got;
    double far;
    bool other;

    setenv("OSTEON_CUDASIM_FAIL", failing, 1);
    got = product_run(b, c, 1.0, 1);
    unsetenv("OSTEON_CUDASIM_FAIL");
    far = product_distance(&want, &got, want.parts);
    if (!(far <= tolerance(b)))
        fail_msg("%s in %s with %s is %.3g away", c->name, b->numeric_class,
                 failing, far);
    other = strcmp(want.code, got.code) != 0;
    ost_vec_release(&got.v);
    ost_vec_release(&want.v);
    return other;
}

/* How many cases another code computed. */
static int compare_all(const char *numeric_class, const char *failing)
{
    ost_backend *b = open_class(numeric_class);
    int others = 0;

    for (int k = 0; k < PRODUCT_CASES; k++)
        others += compare(b, &product_cases[k], failing);
    ost_backend_close(b);
    return others;
}

static void the_next_algorithm_computes(void **state)
{
    (void)state;
    assert_true(compare_all("sim-f32", "refused:1") > 0);
}

static void loops_compute_at_last(void **state)
{
    (void)state;
    for (int i = 0; i < CLASSES; i++)
        assert_true(compare_all(classes[i], "refused:0") > 1);
}

static void a_bias_is_added_behind_a_product(void **state)
{
    (void)state;
    for (int i = 0; i < CLASSES; i++)
        (void)compare_all(classes[i], "epilogue:0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_algorithm_computes),
        cmocka_unit_test(loops_compute_at_last),
        cmocka_unit_test(a_bias_is_added_behind_a_product),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
