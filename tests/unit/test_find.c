/* tests/unit/test_find.c - words that people type lead to runs and digests */
/* links: base store */
#include "store/find.h"
#include "tests/support/study.h"

#include "base/banned.h"

static ost_store *s;
static study t;

static int open_study(void **state)
{
    (void)state;
    s = new_store("s");
    t = make_study(s, "20260301-1", "a", 1);
    make_study(s, "20260301-2", "a", 2);
    make_study(s, "20260402", "a", 1);
    return 0;
}

static int close_study(void **state)
{
    (void)state;
    ost_store_close(s);
    return 0;
}

static ost_found find(const char *word)
{
    ost_found f;
    ost_err err = { 0 };

    assert_ok(ost_find(s, word, &f, &err), &err);
    return f;
}

static void assert_not_found(const char *word, ost_rc expect, const char *why)
{
    ost_found f;
    ost_err err = { 0 };

    assert_int_equal(ost_find(s, word, &f, &err), expect);
    if (!strstr(err.text, why))
        fail_msg("'%s' does not say '%s'", err.text, why);
}

static void runs_are_found_by_name_or_beginning(void **state)
{
    (void)state;
    assert_string_equal(find("20260301-2").run, "20260301-2");
    assert_string_equal(find("202604").run, "20260402");
    assert_string_equal(find("latest").run, "20260402");
    assert_int_equal(find("latest").kind, OST_FOUND_RUN);
    assert_not_found("20260301", OST_EUSAGE, "2 runs begin with");
    assert_not_found("nothing", OST_ENOTFOUND, "no run 'nothing'");
}

static void digests_are_found_by_beginning(void **state)
{
    char hex[OST_DIGEST_HEX];
    ost_found f;

    (void)state;
    ost_digest_hex(&t.images[0], hex);
    f = find(hex);
    assert_int_equal(f.kind, OST_FOUND_BLOB);
    hex[9] = '\0';
    f = find(hex);
    assert_true(ost_digest_equal(&f.digest, &t.images[0]));
    ost_digest_hex(&t.artifacts[2], hex);
    hex[12] = '\0';
    f = find(hex);
    assert_true(ost_digest_equal(&f.digest, &t.artifacts[2]));
    ost_digest_hex(&t.keys[1], hex);
    hex[13] = '\0';
    f = find(hex);
    assert_int_equal(f.kind, OST_FOUND_NODE);
    assert_true(ost_digest_equal(&f.digest, &t.keys[1]));
    assert_not_found("ffffffffffff", OST_ENOTFOUND, "'ffffffffffff'");
}

static void outputs_are_found_by_run_and_step(void **state)
{
    ost_found f = find("20260301-1:images");

    (void)state;
    assert_int_equal(f.kind, OST_FOUND_BLOB);
    assert_true(ost_digest_equal(&f.digest, &t.artifacts[1]));
    f = find("latest:train.out");
    assert_true(ost_digest_equal(&f.digest, &t.artifacts[2]));
    assert_not_found("latest:train.other", OST_ENOTFOUND, "no output 'other'");
    assert_not_found("latest:nobody", OST_ENOTFOUND, "no step 'nobody'");
}

static void an_empty_store_has_nothing(void **state)
{
    ost_store *keep = s;

    (void)state;
    s = new_store("empty");
    assert_not_found("latest", OST_ENOTFOUND, "no runs yet");
    ost_store_close(s);
    s = keep;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_found_by_name_or_beginning),
        cmocka_unit_test(digests_are_found_by_beginning),
        cmocka_unit_test(outputs_are_found_by_run_and_step),
        cmocka_unit_test(an_empty_store_has_nothing),
    };

    return cmocka_run_group_tests(tests, open_study, close_study);
}
