/* tests/unit/test_rng.c - random numbers that anyone can recompute */
/* links: base */
#include "base/rng.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Known answers of the authors' Random123 library (kat_vectors). */
static void philox_gives_the_published_answers(void **state)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } rows[] = {
        { { 0, 0, 0, 0 },
          { 0, 0 },
          { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t out[4];

        ost_philox(rows[i].counter, rows[i].key, out);
        assert_memory_equal(out, rows[i].out, sizeof(out));
    }
}

static void a_stream_is_the_blocks_of_its_counter(void **state)
{
    const uint32_t key[2] = { 0x89abcdef, 0x01234567 };
    ost_rng r = ost_rng_of(0x0123456789abcdef, 0xfedcba9876543210);

    (void)state;
    for (uint32_t block = 0; block < 3; block++) {
        const uint32_t counter[4] = { block, 0, 0x76543210, 0xfedcba98 };
        uint32_t out[4];

        ost_philox(counter, key, out);
        for (int i = 0; i < 4; i++)
            assert_int_equal(ost_rng_u32(&r), out[i]);
    }
}

static void streams_and_keys_differ(void **state)
{
    ost_rng a = ost_rng_of(1, 1), b = ost_rng_of(1, 2), c = ost_rng_of(2, 1);
    uint64_t va = ost_rng_u64(&a), vb = ost_rng_u64(&b), vc = ost_rng_u64(&c);

    (void)state;
    assert_true(va != vb && vb != vc && va != vc);
}

static void reals_stay_in_their_range_and_fill_it(void **state)
{
    enum { N = 20000 };
    ost_rng r = ost_rng_of(3, 0);
    double sum = 0, lowest = 1, highest = 0;

    (void)state;
    for (int i = 0; i < N; i++) {
        double v = ost_rng_f64(&r);

        assert_true(v >= 0 && v < 1);
        sum += v;
        lowest = fmin(lowest, v);
        highest = fmax(highest, v);
    }
    assert_true(fabs(sum / N - 0.5) < 0.01);
    assert_true(lowest < 0.001 && highest > 0.999);
    for (int i = 0; i < 1000; i++) {
        double v = ost_rng_range(&r, 1.0, nextafter(1.0, 2.0));

        assert_true(v >= 1.0 && v < nextafter(1.0, 2.0));
    }
    assert_true(ost_rng_range(&r, 5.0, 5.0) == 5.0);
}

static void below_is_uniform_also_for_odd_bounds(void **state)
{
    enum { N = 70000, BOUND = 7 };
    ost_rng r = ost_rng_of(4, 0);
    int seen[BOUND] = { 0 };

    (void)state;
    for (int i = 0; i < N; i++)
        seen[ost_rng_below(&r, BOUND)]++;
    for (int i = 0; i < BOUND; i++)
        assert_true(abs(seen[i] - N / BOUND) < 500);
    assert_int_equal(ost_rng_below(&r, 1), 0);
    for (int i = 0; i < 100; i++)
        assert_true(ost_rng_below(&r, UINT64_MAX) < UINT64_MAX);
}

static void normals_have_the_moments_of_the_normal_distribution(void **state)
{
    enum { N = 100000 };
    ost_rng r = ost_rng_of(5, 0);
    double sum = 0, squares = 0, fourths = 0;

    (void)state;
    for (int i = 0; i < N; i++) {
        double v = ost_rng_normal(&r);

        sum += v;
        squares += v * v;
        fourths += v * v * v * v;
    }
    assert_true(fabs(sum / N) < 0.015);
    assert_true(fabs(squares / N - 1) < 0.02);
    assert_true(fabs(fourths / N - 3) < 0.15);
}

/* The generator's own logarithm and cosine against those of the C library,
 * which may differ in the last digits only. */
static void normals_agree_with_the_formula_of_box_and_muller(void **state)
{
    ost_rng r = ost_rng_of(6, 9), same = r;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        double v = ost_rng_normal(&r);
        double radius = sqrt(-2 * log(1 - ost_rng_f64(&same)));
        double want = radius * cos(2 * M_PI * ost_rng_f64(&same));

        assert_true(fabs(v - want) <= 1e-14 * (1 + radius));
    }
}

static void a_shuffle_is_a_permutation_and_repeats(void **state)
{
    uint32_t a[100], b[100], seen[100] = { 0 };
    ost_rng r = ost_rng_of(7, 0), s = ost_rng_of(7, 0);
    bool moved = false;

    (void)state;
    for (uint32_t i = 0; i < 100; i++)
        a[i] = b[i] = i;
    ost_rng_shuffle(&r, a, 100);
    ost_rng_shuffle(&s, b, 100);
    assert_memory_equal(a, b, sizeof(a));
    for (uint32_t i = 0; i < 100; i++) {
        seen[a[i]]++;
        moved |= a[i] != i;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    assert_true(moved);
    ost_rng_shuffle(&r, a, 0);
    ost_rng_shuffle(&r, a, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_answers),
        cmocka_unit_test(a_stream_is_the_blocks_of_its_counter),
        cmocka_unit_test(streams_and_keys_differ),
        cmocka_unit_test(reals_stay_in_their_range_and_fill_it),
        cmocka_unit_test(below_is_uniform_also_for_odd_bounds),
        cmocka_unit_test(normals_have_the_moments_of_the_normal_distribution),
        cmocka_unit_test(normals_agree_with_the_formula_of_box_and_muller),
        cmocka_unit_test(a_shuffle_is_a_permutation_and_repeats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
