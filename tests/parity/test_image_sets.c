/* tests/parity/test_image_sets.c - distances of image sets are the published
 *
 * golden/fid_kid.json holds sets of features, in base64, with their Fréchet
 * distance by a matrix square root and by a symmetric form, and their kernel
 * distance.
 */
/* links: base stats */
#include "base/alloc.h"
#include "base/json.h"
#include "base/rng.h"
#include "kernels/stats/image_sets.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { LIMIT = 1 << 20 };

static unsigned digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
                                 "tuvwxyz0123456789+/";
    const char *at = strchr(digits, c);

    return at && c ? (unsigned)(at - digits) : 0;
}

static double *numbers_of(const json_t *c, const char *name, size_t n)
{
    const char *text = json_string_value(json_object_get(c, name));
    size_t size = n * sizeof(double), at = 0;
    unsigned char *out = ost_xalloc(size + 3);

    assert_int_equal(strlen(text), (size + 2) / 3 * 4);
    for (size_t i = 0; at < size; i += 4) {
        unsigned v = digit(text[i]) << 18 | digit(text[i + 1]) << 12 |
                     digit(text[i + 2]) << 6 | digit(text[i + 3]);

        out[at++] = (unsigned char)(v >> 16);
        out[at++] = (unsigned char)(v >> 8);
        out[at++] = (unsigned char)v;
    }
    return (double *)(void *)out;
}

static double real(const json_t *c, const char *name)
{
    return json_number_value(json_object_get(c, name));
}

static void assert_near(double a, double b, double relative)
{
    if (!(fabs(a - b) <= relative * fabs(b)))
        fail_msg("%.17g is not %.17g", a, b);
}

static void check_case(const json_t *c)
{
    size_t d = (size_t)real(c, "d"), n = (size_t)real(c, "n");
    size_t m = (size_t)real(c, "m"), q = (size_t)real(c, "q");
    double *a = numbers_of(c, "A", n * d), *b = numbers_of(c, "B", m * d);
    double fid = ost_frechet_distance(a, n, b, m, d);

    /* With fewer images than features, roots of what is 0 but for rounding
     * take half the digits of both forms. */
    assert_near(fid, real(c, "fid_symmetric"), n > d ? 1e-12 : 1e-8);
    assert_near(fid, real(c, "fid_sqrtm"), n > d ? 1e-12 : 2.5e-8);
    if (d == 64) /* in forty digits */
        assert_near(fid, 3587.182948455597057, 1e-13);
    assert_near(ost_frechet_distance(b, m, a, n, d), fid, 1e-12);
    assert_near(ost_kernel_distance(a, q, b, q, d),
                real(c, "kid_unbiased_first_q"), 1e-12);
    assert_true(ost_frechet_distance(a, n, a, n, d) >= 0);
    assert_true(ost_frechet_distance(a, n, a, n, d) <= 1e-9 * fid);
    ost_free(b);
    ost_free(a);
}

static void published_distances_are_equal(void **state)
{
    const char *source = getenv("OSTEON_SOURCE");
    ost_json_doc *doc = NULL;
    ost_err err = { 0 };
    char path[512];
    json_t *cases, *c;
    size_t i;

    (void)state;
    snprintf(path, sizeof(path), "%s/tests/parity/golden/fid_kid.json",
             source ? source : ".");
    assert_ok(ost_json_load(path, LIMIT, &doc, &err), &err);
    cases = json_object_get(ost_json_root(doc), "cases");
    assert_true(json_array_size(cases) >= 3);
    json_array_foreach(cases, i, c) check_case(c);
    ost_json_free(doc);
}

/* N(0, 1) and N(1, 4) in one dimension: 1 + (2 - 1)^2. */
static void normal_sets_have_the_distance_of_their_laws(void **state)
{
    const double a[] = { -1, 1 }, b[] = { -1, 3 };

    (void)state;
    /* means 0 and 1, deviations sqrt 2 and sqrt 8: 1 + (sqrt 8 - sqrt 2)^2 */
    assert_near(ost_frechet_distance(a, 2, b, 2, 1), 3, 1e-14);
    /* k: (x y + 1)^3; within a 0, within b (-2)^3, between 8, -8, 0, 64 */
    assert_near(ost_kernel_distance(a, 2, b, 2, 1), 0 - 8 - 2 * 64 / 4.0,
                1e-14);
    assert_true(isnan(ost_frechet_distance(a, 1, b, 2, 1)));
    assert_true(isnan(ost_kernel_distance(a, 2, b, 1, 1)));
}

/* Blocks of rows change nothing: sums over pairs, one after the other. */
static void large_sets_are_cut_into_blocks(void **state)
{
    enum { N = 300, M = 270, D = 3 };
    double *a = ost_xalloc(N * D * sizeof(*a)), sum = 0;
    double *b = ost_xalloc(M * D * sizeof(*b));
    ost_rng r = ost_rng_of(1, 2);

    (void)state;
    for (size_t i = 0; i < N * D; i++)
        a[i] = ost_rng_range(&r, -1, 1);
    for (size_t i = 0; i < M * D; i++)
        b[i] = ost_rng_range(&r, -1, 2);
    for (size_t i = 0; i < N + M; i++)
        for (size_t j = 0; j < N + M; j++) {
            const double *x = i < N ? a + i * D : b + (i - N) * D;
            const double *y = j < N ? a + j * D : b + (j - N) * D;
            double k = (x[0] * y[0] + x[1] * y[1] + x[2] * y[2]) / D + 1;
            double pairs = i < N && j < N     ? N * (N - 1.0)
                           : i >= N && j >= N ? M * (M - 1.0)
                                              : -1.0 * N * M;

            if (i != j)
                sum += k * k * k / pairs;
        }
    assert_near(ost_kernel_distance(a, N, b, M, D), sum, 1e-10);
    ost_free(b);
    ost_free(a);
}

static double *drawn_set(ost_rng *r, size_t n, size_t d)
{
    double *v = ost_xalloc(n * d * sizeof(*v));

    for (size_t i = 0; i < n * d; i++)
        v[i] = ost_rng_range(r, -1, 1) + (double)(n % 7);
    return v;
}

/* Rows `at`, step `by`, of a set. */
static double *listed(const double *set, size_t n, size_t d, size_t by,
                      uint32_t *index, size_t m)
{
    double *rows = ost_xalloc(m * d * sizeof(*rows));

    for (size_t i = 0; i < m; i++) {
        index[i] = (uint32_t)((i * by + 5) % n);
        memcpy(rows + i * d, set + index[i] * d, d * sizeof(*rows));
    }
    return rows;
}

static void subsets_are_read_from_tables(void **state)
{
    enum { N1 = 301, N2 = 269, D = 5, M = 64 };
    ost_rng r = ost_rng_of(3, 4);
    double *a = drawn_set(&r, N1, D), *b = drawn_set(&r, N2, D);
    double *aa = ost_xalloc(N1 * N1 * sizeof(*aa));
    double *bb = ost_xalloc(N2 * N2 * sizeof(*bb));
    double *ab = ost_xalloc(N1 * N2 * sizeof(*ab));
    ost_kernel_tables t = { N1, N2, aa, bb, ab };
    uint32_t i[M], k[M];
    double *x = listed(a, N1, D, 2, i, M), *y = listed(b, N2, D, 3, k, M);

    (void)state;
    assert_true(ost_kernel_table(a, N1, a, N1, D, aa));
    assert_true(ost_kernel_table(b, N2, b, N2, D, bb));
    assert_true(ost_kernel_table(a, N1, b, N2, D, ab));
    assert_near(ost_kernel_distance_in(&t, i, k, M),
                ost_kernel_distance(x, M, y, M, D), 1e-12);
    assert_true(isnan(ost_kernel_distance_in(&t, i, k, 1)));
    ost_free(y);
    ost_free(x);
    ost_free(ab);
    ost_free(bb);
    ost_free(aa);
    ost_free(b);
    ost_free(a);
}

static void the_nearest_row_is_the_first_of_the_nearest(void **state)
{
    enum { N = 5, D = 1030 };
    float *rows = ost_xalloc(N * D * sizeof(*rows));
    float *query = ost_xalloc(D * sizeof(*query));
    size_t at = 99;

    (void)state;
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < D; k++)
            rows[i * D + k] = (float)(i == 3 ? 1 : i);
    for (size_t k = 0; k < D; k++)
        query[k] = 1;
    rows[1 * D + D - 1] = 3; /* the last one differs by 2 */
    assert_near(ost_nearest_row(query, rows, 3, D, SIZE_MAX, &at), 2, 1e-14);
    assert_int_equal(at, 1);
    assert_true(ost_nearest_row(query, rows, N, D, SIZE_MAX, &at) <= 0);
    assert_int_equal(at, 3);
    assert_near(ost_nearest_row(query, rows, 4, D, 3, &at), 2, 1e-14);
    assert_int_equal(at, 1);
    ost_free(query);
    ost_free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_distances_are_equal),
        cmocka_unit_test(normal_sets_have_the_distance_of_their_laws),
        cmocka_unit_test(large_sets_are_cut_into_blocks),
        cmocka_unit_test(subsets_are_read_from_tables),
        cmocka_unit_test(the_nearest_row_is_the_first_of_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
