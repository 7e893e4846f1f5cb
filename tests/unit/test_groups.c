/* tests/unit/test_groups.c - sets of groups and their unions */
/* links: base store */
#include "store/artifact.h"
#include "tests/support/store.h"

#include "base/banned.h"

static ost_digest put(ost_batch *b, const char *const *names, size_t n)
{
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_groups_put(b, names, n, &d, &err), &err);
    return d;
}

static ost_digest unite(ost_batch *b, const ost_digest *x, const ost_digest *y)
{
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_groups_unite(b, x, y, &d, &err), &err);
    return d;
}

static void a_set_has_no_order_and_no_repetitions(void **state)
{
    ost_store *s = new_store("set");
    ost_batch *b = ost_batch_new(s);
    ost_arena arena = { 0 };
    const char *const one[] = { "b", "a", "b", "" };
    const char *const two[] = { "", "a", "b" };
    ost_digest x = put(b, one, 4), y = put(b, two, 3);
    const char *const *names;
    ost_err err = { 0 };
    size_t n;

    (void)state;
    assert_true(ost_digest_equal(&x, &y));
    assert_ok(ost_groups_get(b, &x, &arena, &names, &n, &err), &err);
    assert_int_equal(n, 3);
    assert_string_equal(names[0], "");
    assert_string_equal(names[2], "b");
    ost_arena_release(&arena);
    ost_batch_free(b);
    ost_store_close(s);
}

static void the_empty_set_is_the_zero_digest(void **state)
{
    ost_store *s = new_store("nothing");
    ost_batch *b = ost_batch_new(s);
    ost_arena arena = { 0 };
    ost_digest none = put(b, NULL, 0);
    const char *const *names;
    ost_err err = { 0 };
    size_t n = 5;

    (void)state;
    assert_true(ost_digest_is_zero(&none));
    assert_int_equal(ost_batch_count(b), 0);
    assert_ok(ost_groups_get(b, &none, &arena, &names, &n, &err), &err);
    assert_int_equal(n, 0);
    ost_arena_release(&arena);
    ost_batch_free(b);
    ost_store_close(s);
}

static void unions_are_those_of_sets(void **state)
{
    ost_store *s = new_store("unite");
    ost_batch *b = ost_batch_new(s);
    const char *const all[] = { "a", "b", "c", "d" };
    ost_digest none = { { 0 } };
    ost_digest ab = put(b, all, 2), bc = put(b, all + 1, 2);
    ost_digest cd = put(b, all + 2, 2), abc = put(b, all, 3);
    ost_digest abcd = put(b, all, 4), d;

    (void)state;
    d = unite(b, &ab, &none);
    assert_true(ost_digest_equal(&d, &ab));
    d = unite(b, &none, &ab);
    assert_true(ost_digest_equal(&d, &ab));
    d = unite(b, &none, &none);
    assert_true(ost_digest_is_zero(&d));
    d = unite(b, &ab, &ab);
    assert_true(ost_digest_equal(&d, &ab));
    for (int pass = 0; pass < 2; pass++) { /* computed, then remembered */
        d = unite(b, &ab, &bc);
        assert_true(ost_digest_equal(&d, &abc));
        d = unite(b, &bc, &ab);
        assert_true(ost_digest_equal(&d, &abc));
        d = unite(b, &ab, &cd);
        assert_true(ost_digest_equal(&d, &abcd));
        d = unite(b, &abcd, &bc);
        assert_true(ost_digest_equal(&d, &abcd));
    }
    ost_batch_free(b);
    ost_store_close(s);
}

/* What is remembered of unions belongs to the batch that has their blobs. */
static void a_cleared_batch_forgets_its_unions(void **state)
{
    ost_store *s = new_store("cleared");
    ost_batch *b = ost_batch_new(s);
    const char *const all[] = { "a", "b" };
    ost_digest x = put(b, all, 1), y = put(b, all + 1, 1), d;
    ost_arena arena = { 0 };
    const char *const *names;
    ost_err err = { 0 };
    size_t n;

    (void)state;
    commit(b);
    unite(b, &x, &y);
    ost_batch_clear(b);
    d = unite(b, &x, &y);
    assert_ok(ost_groups_get(b, &d, &arena, &names, &n, &err), &err);
    assert_int_equal(n, 2);
    ost_arena_release(&arena);
    ost_batch_free(b);
    ost_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_has_no_order_and_no_repetitions),
        cmocka_unit_test(the_empty_set_is_the_zero_digest),
        cmocka_unit_test(unions_are_those_of_sets),
        cmocka_unit_test(a_cleared_batch_forgets_its_unions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
