/* tests/unit/test_lease.c - leases between processes end with their owner */
/* links: base store */
#include "tests/support/again.h"
#include "tests/support/store.h"

#include "base/banned.h"

static ost_lease_state take(ost_store *s, const ost_key *key)
{
    ost_lease_state state = OST_LEASE_BUSY;
    ost_err err = { 0 };

    assert_ok(ost_lease_take(s, key, &state, &err), &err);
    return state;
}

static ost_key key_of(const char *text)
{
    return ost_digest_of(text, strlen(text));
}

/* The second process: takes what `word` says, says so, and waits. */
static int be_second(const char *word, const char *text)
{
    ost_store *s = old_store("shared");
    ost_key key = key_of(text);
    ost_err err = { 0 };

    if (strcmp(word, "lease") == 0)
        assert_int_equal(take(s, &key), OST_LEASE_TAKEN);
    else
        assert_ok(ost_store_use(s, word[0] == 'a', 0, &err), &err);
    again_say_ready();
    pause();
    return 0;
}

static void a_lease_is_had_by_one_process(void **state)
{
    ost_store *s = new_store("shared");
    ost_key key = key_of("k"), other = key_of("other");
    again second = again_start("lease", "k");

    (void)state;
    assert_true(again_ready(&second));
    assert_int_equal(take(s, &key), OST_LEASE_BUSY);
    assert_int_equal(take(s, &other), OST_LEASE_TAKEN);
    ost_lease_drop(s, &other);
    again_end(&second, SIGKILL);
    assert_int_equal(take(s, &key), OST_LEASE_TAKEN);
    second = again_start("lease", "k");
    assert_false(again_ready(&second)); /* it fails: we have the key */
    again_end(&second, 0);
    ost_lease_drop(s, &key);
    second = again_start("lease", "k");
    assert_true(again_ready(&second));
    again_end(&second, SIGTERM);
    ost_store_close(s);
}

static void closing_the_store_gives_leases_back(void **state)
{
    ost_store *s = new_store("shared");
    ost_key key = key_of("k");
    again second;

    (void)state;
    assert_int_equal(take(s, &key), OST_LEASE_TAKEN);
    ost_store_close(s);
    second = again_start("lease", "k");
    assert_true(again_ready(&second));
    again_end(&second, SIGKILL);
}

static void many_use_a_store_or_one_alone(void **state)
{
    ost_store *s = new_store("shared");
    ost_err err = { 0 };
    again second = again_start("shared", "");

    (void)state;
    assert_true(again_ready(&second));
    assert_ok(ost_store_use(s, false, 0, &err), &err);
    ost_store_unuse(s);
    assert_int_equal(ost_store_use(s, true, 0, &err), OST_ESTORE);
    assert_non_null(strstr(err.text, "in use by a run"));
    again_end(&second, SIGKILL);
    assert_ok(ost_store_use(s, true, 0, &err), &err);
    ost_store_unuse(s);

    second = again_start("alone", "");
    assert_true(again_ready(&second));
    assert_int_equal(ost_store_use(s, false, 0.05, &err), OST_ESTORE);
    assert_non_null(strstr(err.text, "gc"));
    again_end(&second, SIGKILL);
    assert_ok(ost_store_use(s, false, 0, &err), &err);
    ost_store_close(s);
}

static void a_store_for_reading_takes_no_lease(void **state)
{
    ost_key key = key_of("k");
    ost_lease_state lease;
    ost_err err = { 0 };
    ost_store *s;

    (void)state;
    ost_store_close(new_store("shared"));
    assert_ok(ost_store_open("shared", OST_STORE_READONLY, &s, &err), &err);
    assert_int_equal(ost_lease_take(s, &key, &lease, &err), OST_ESTORE);
    assert_ok(ost_store_use(s, false, 0, &err), &err);
    ost_store_unuse(s);
    ost_store_close(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_is_had_by_one_process),
        cmocka_unit_test(closing_the_store_gives_leases_back),
        cmocka_unit_test(many_use_a_store_or_one_alone),
        cmocka_unit_test(a_store_for_reading_takes_no_lease),
    };

    if (argc == 3)
        return be_second(argv[1], argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
