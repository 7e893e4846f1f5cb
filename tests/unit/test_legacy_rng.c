/* tests/unit/test_legacy_rng.c - the numbers of NumPy's RandomState */
/* links: stats base */
#include "kernels/stats/legacy_rng.h"
#include "tests/support/golden.h"

#include "base/banned.h"

static void same_indices(const json_t *want, const uint32_t *got)
{
    size_t n = json_array_size(want);

    assert_true(n > 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(got[i], json_integer_value(json_array_get(want, i)));
}

static const json_t *random_state(const ost_json_doc *doc)
{
    const json_t *root = ost_json_root(doc);

    return json_array_get(root, json_array_size(root) - 1);
}

static void draws_equal_the_reference(void **state)
{
    ost_json_doc *doc = golden_load("golden/folds");
    const json_t *c = random_state(doc);
    const json_t *samples = json_object_get(c, "random_sample");
    uint32_t seed = (uint32_t)json_integer_value(json_object_get(c, "seed"));
    ost_legacy_rng r;
    uint32_t got[10];

    (void)state;
    ost_legacy_rng_init(&r, seed);
    for (size_t i = 0; i < 8; i++)
        got[i] = ost_legacy_rng_u32(&r);
    same_indices(json_object_get(c, "u32"), got);
    ost_legacy_rng_init(&r, seed);
    ost_legacy_rng_permutation(&r, got, 10);
    same_indices(json_object_get(c, "permutation10"), got);
    ost_legacy_rng_init(&r, seed);
    ost_legacy_rng_fill(&r, 100, got, 10);
    same_indices(json_object_get(c, "randint_0_100"), got);
    ost_legacy_rng_init(&r, seed);
    for (size_t i = 0; i < json_array_size(samples); i++)
        assert_true(ost_legacy_rng_f64(&r) ==
                    json_number_value(json_array_get(samples, i)));
    ost_json_free(doc);
}

/* The numbers are those of NumPy 1.24, drawn one after the other. */
static void kinds_of_draws_may_follow_each_other(void **state)
{
    static const uint32_t below_1000003[5] = { 585903, 189636, 573977, 535030,
                                               759363 };
    static const uint32_t below_all[3] = { 4201435347, 3107259287, 1956722279 };
    static const uint32_t permuted[9] = { 6, 3, 4, 8, 5, 2, 1, 0, 7 };
    static const uint32_t below_256[4] = { 0, 75, 55, 250 };
    ost_legacy_rng r;
    uint32_t got[9];

    (void)state;
    ost_legacy_rng_init(&r, 7);
    /* Nothing is drawn where there is nothing to choose. */
    ost_legacy_rng_fill(&r, 1, got, 3);
    assert_true(got[0] == 0 && got[1] == 0 && got[2] == 0);
    ost_legacy_rng_fill(&r, 1000003, got, 5);
    assert_memory_equal(got, below_1000003, sizeof(below_1000003));
    ost_legacy_rng_fill(&r, (uint64_t)1 << 32, got, 3);
    assert_memory_equal(got, below_all, sizeof(below_all));
    ost_legacy_rng_permutation(&r, got, 9);
    assert_memory_equal(got, permuted, sizeof(permuted));
    assert_true(ost_legacy_rng_f64(&r) == 0.8688014582078086);
    assert_true(ost_legacy_rng_f64(&r) == 0.3308392493496919);
    ost_legacy_rng_fill(&r, 256, got, 4);
    assert_memory_equal(got, below_256, sizeof(below_256));
}

/* scikit-learn's shuffled KFold: slices of the permutation. */
static void shuffled_folds_are_those_of_the_reference(void **state)
{
    ost_json_doc *doc = golden_load("golden/folds");
    size_t i, seen = 0;
    json_t *c;

    (void)state;
    json_array_foreach(ost_json_root(doc), i, c)
    {
        const char *kind = json_string_value(json_object_get(c, "kind"));
        const json_t *first = json_array_get(json_object_get(c, "test"), 0);
        uint32_t order[128];
        ost_legacy_rng r;
        size_t n, at = 0;

        if (strcmp(kind, "KFold") != 0 ||
            !json_is_integer(json_object_get(c, "seed")))
            continue;
        n = (size_t)json_integer_value(json_object_get(c, "n"));
        assert_true(n <= 128);
        ost_legacy_rng_init(
            &r, (uint32_t)json_integer_value(json_object_get(c, "seed")));
        ost_legacy_rng_permutation(&r, order, n);
        /* The fold is sorted: each of its members is in the slice. */
        for (size_t k = 0; k < json_array_size(first); k++) {
            for (size_t j = 0; j < json_array_size(first); j++)
                at += order[j] == json_integer_value(json_array_get(first, k));
        }
        assert_int_equal(at, json_array_size(first));
        seen++;
    }
    assert_int_equal(seen, 3);
    ost_json_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_equal_the_reference),
        cmocka_unit_test(kinds_of_draws_may_follow_each_other),
        cmocka_unit_test(shuffled_folds_are_those_of_the_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
