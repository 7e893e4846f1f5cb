/* tests/unit/test_products.c - layers that multiply, in every numeric class of
 * a device
 */
/* links: base kernels */
/* on: cpu cuda checked */
#include "base/text.h"
#include "tests/support/product_case.h"

#include "base/banned.h"

/* How far a class may be from the CPU, and how far it is at least: rounding of
 * operands to 11, 8 and 11 bits. */
static const struct {
    const char *name; /* without the device */
    double most;
    double least;
} classes[] = {
    { "f32", 1e-5, 0.0 },   { "f32-tuned", 1e-5, 0.0 }, { "tf32", 2e-3, 1e-5 },
    { "bf16", 2e-2, 2e-4 }, { "f16", 3e-3, 2e-5 },
};

enum { CLASSES = sizeof(classes) / sizeof(classes[0]) };

static ost_backend *open_class(const char *name)
{
    char *numeric =
        ost_xprintf("%s-%s", getenv("OSTEON_CUDASIM") ? "sim" : "cuda", name);
    ost_backend *b = NULL;
    ost_err err = { 0 };

    if (ost_backend_open(backend_case_is_cpu() ? "cpu" : numeric, 0, &b, &err))
        fail_msg("%s", err.text);
    ost_free(numeric);
    return b;
}

static ost_backend *open_cpu(void)
{
    ost_backend *b = NULL;
    ost_err err = { 0 };

    assert_ok(ost_backend_open("cpu-f32-portable", 0, &b, &err), &err);
    return b;
}

static void free_parts(product_parts *p)
{
    ost_vec_release(&p->v);
}

static void compare(ost_backend *b, const product_case *c, int class)
{
    ost_backend *cpu = open_cpu();
    product_parts want = product_run(cpu, c, 1.0, 1);
    product_parts got = product_run(b, c, 1.0, 1);
    int parts = c->gates && classes[class].least > 0.0 ? 1 : want.parts;
    double far = product_distance(&want, &got, parts);

    if (!(far <= classes[class].most))
        fail_msg("%s in %s is %.3g away from the CPU", c->name,
                 b->numeric_class, far);
    if (!backend_case_is_cpu() && far < classes[class].least)
        fail_msg("%s in %s is only %.3g away from f32", c->name,
                 b->numeric_class, far);
    free_parts(&got);
    free_parts(&want);
    ost_backend_close(cpu);
}

static void every_class_is_as_near_as_its_operands(void **state)
{
    (void)state;
    for (int i = 0; i < CLASSES; i++) {
        ost_backend *b = open_class(classes[i].name);

        for (int k = 0; k < PRODUCT_CASES; k++)
            compare(b, &product_cases[k], i);
        ost_backend_close(b);
    }
}

/* Gradients far outside of 16 bits are the same numbers, moved. */
static void check_scale(ost_backend *b, const product_case *c, int exponent)
{
    double scale = ldexp(1.0, exponent);
    product_parts one = product_run(b, c, 1.0, 1);
    product_parts moved = product_run(b, c, scale, 1);

    for (size_t i = one.first[1]; i < one.v.len; i++)
        if (moved.v.data[i] != (float)((double)one.v.data[i] * scale))
            fail_msg("%s in %s: %.9g times 2^%d became %.9g", c->name,
                     b->numeric_class, (double)one.v.data[i], exponent,
                     (double)moved.v.data[i]);
    free_parts(&moved);
    free_parts(&one);
}

static void gradients_of_any_size_are_as_precise(void **state)
{
    (void)state;
    for (int i = 0; i < CLASSES; i++) {
        ost_backend *b = open_class(classes[i].name);

        for (int k = 0; k < PRODUCT_CASES; k++) {
            check_scale(b, &product_cases[k], -60);
            check_scale(b, &product_cases[k], 40);
        }
        ost_backend_close(b);
    }
}

static void gradients_of_weights_add_up(void **state)
{
    (void)state;
    for (int i = 0; i < CLASSES; i++) {
        ost_backend *b = open_class(classes[i].name);

        for (int k = 0; k < PRODUCT_CASES; k++) {
            product_parts once = product_run(b, &product_cases[k], 1.0, 1);
            product_parts twice = product_run(b, &product_cases[k], 1.0, 2);
            double far;

            for (size_t n = once.first[2]; n < once.v.len; n++)
                once.v.data[n] *= 2.0f;
            far = product_distance(&once, &twice, once.parts);
            if (!(far <= fmax(classes[i].most / 10.0, 1e-6)))
                fail_msg("%s in %s: %.3g", product_cases[k].name,
                         b->numeric_class, far);
            free_parts(&twice);
            free_parts(&once);
        }
        ost_backend_close(b);
    }
}

/* --- which algorithm ------------------------------------------------------ */

static const product_case *case_of(const char *name)
{
    for (int i = 0; i < PRODUCT_CASES; i++)
        if (strcmp(product_cases[i].name, name) == 0)
            return &product_cases[i];
    fail_msg("no case '%s'", name);
    return NULL;
}

/* The code of a case, as near to the CPU as with any other. */
static void expect_code(const char *class, const char *name, const char *code)
{
    const product_case *c = case_of(name);
    ost_backend *b = open_class(class);
    ost_backend *cpu = open_cpu();
    product_parts want = product_run(cpu, c, 1.0, 1);
    product_parts got = product_run(b, c, 1.0, 1);
    bool narrow = strcmp(class, "bf16") == 0;

    assert_string_equal(got.code, code);
    assert_true(product_distance(&want, &got, narrow ? 1 : want.parts) <=
                (narrow ? 2e-2 : 1e-5));
    free_parts(&got);
    free_parts(&want);
    ost_backend_close(cpu);
    ost_backend_close(b);
}

/* A small one is faster to make. */
static int small_workspace(void **state)
{
    (void)state;
    return setenv("OSTEON_TEST_CUDA_WORKSPACE", "4194304", 1);
}

static void limit_workspace(const char *bytes)
{
    assert_int_equal(setenv("OSTEON_TEST_CUDA_WORKSPACE", bytes, 1), 0);
}

static void the_rule_takes_the_first_that_fits(void **state)
{
    (void)state;
    if (backend_case_is_cpu())
        skip();
    expect_code("f32", "uneven",
                "cudnn forward implicit_precomp_gemm / cudnn data algo_1 / "
                "cudnn filter algo_1");
    expect_code("f32", "transposed",
                "cudnn data algo_1 / cudnn forward implicit_precomp_gemm / "
                "cudnn filter algo_1; loops / loops / loops");
    expect_code("f32", "dense",
                "cublaslt / cublaslt / cublaslt; loops / loops / loops; "
                "cublaslt / cublaslt / cublaslt; loops / loops / loops; "
                "cublaslt / cublaslt / cublaslt");
}

/* One item at a time needs less. */
static void a_large_batch_is_taken_in_pieces(void **state)
{
    static const char code[] =
        "cudnn forward implicit_precomp_gemm / cudnn data algo_1 / "
        "cudnn filter algo_1; loops / loops / loops; "
        "cudnn forward implicit_precomp_gemm / cudnn data algo_1 / "
        "cudnn filter algo_1";

    (void)state;
    if (backend_case_is_cpu())
        skip();
    limit_workspace("2048");
    expect_code("f32", "relu", code);
    expect_code("bf16", "relu", code);
    limit_workspace("1535");
    expect_code("f32", "relu",
                "cudnn forward implicit_gemm / loops / loops; "
                "loops / loops / loops; "
                "cudnn forward implicit_gemm / loops / loops");
}

static void without_workspace_there_are_loops(void **state)
{
    (void)state;
    if (backend_case_is_cpu())
        skip();
    limit_workspace("256");
    expect_code("f32", "branches",
                "cudnn forward implicit_gemm / loops / loops; "
                "cudnn forward implicit_gemm / loops / loops; "
                "cudnn forward implicit_gemm / loops / loops; "
                "loops / loops / loops; "
                "loops / cudnn forward implicit_gemm / loops; "
                "loops / loops / loops");
    expect_code("f32", "uneven", "cudnn forward implicit_gemm / loops / loops");
    expect_code("bf16", "dilated",
                "cudnn forward implicit_gemm / loops / loops; "
                "loops / loops / loops");
    expect_code("f32", "volume",
                "cudnn forward implicit_gemm / loops / loops; "
                "loops / loops / loops");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_is_as_near_as_its_operands),
        cmocka_unit_test(gradients_of_any_size_are_as_precise),
        cmocka_unit_test(gradients_of_weights_add_up),
        cmocka_unit_test(the_rule_takes_the_first_that_fits),
        cmocka_unit_test(a_large_batch_is_taken_in_pieces),
        cmocka_unit_test(without_workspace_there_are_loops),
    };

    return cmocka_run_group_tests(tests, small_workspace, NULL);
}
