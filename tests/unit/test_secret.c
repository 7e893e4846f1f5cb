/* tests/unit/test_secret.c - a site's secret and pseudonyms under it */
/* links: store base */
#include "store/secret.h"
#include "tests/support/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static void write_secret(const char *text, mode_t mode)
{
    FILE *f = fopen("secret", "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod("secret", mode), 0);
}

static ost_secret secret_of(const char *text)
{
    ost_secret secret;
    ost_err err = { 0 };

    write_secret(text, 0600);
    assert_ok(ost_secret_read("secret", &secret, &err), &err);
    assert_true(secret.known);
    return secret;
}

/* The numbers of an independent HMAC-SHA256 (Python's hmac):
 *     key = hmac(b"correct horse battery", b"osteon pseudonyms 1")
 *     hmac(key, b"patient\0Ward\0" b"4711").hexdigest()[:20]
 *     hmac(key, b"mark").hexdigest()[:16] */
static void pseudonyms_are_those_of_any_hmac(void **state)
{
    ost_secret secret = secret_of("correct horse battery\n");
    char pseudonym[OST_PSEUDONYM], mark[OST_SECRET_MARK];

    (void)state;
    assert_string_equal(
        ost_secret_pseudonym(&secret, "patient", "Ward", "4711", pseudonym),
        "a13144e892638a25cf66");
    assert_string_equal(ost_secret_mark(&secret, mark), "f031fe9743069003");
}

static void line_ends_do_not_count_and_all_else_does(void **state)
{
    ost_secret a = secret_of("correct horse battery");
    ost_secret b = secret_of("correct horse battery\r\n");
    ost_secret c = secret_of("correct horse battery ");

    (void)state;
    assert_memory_equal(a.key, b.key, sizeof(a.key));
    assert_memory_not_equal(a.key, c.key, sizeof(a.key));
}

static void kinds_and_issuers_keep_names_apart(void **state)
{
    ost_secret secret = secret_of("correct horse battery");
    char a[OST_PSEUDONYM], b[OST_PSEUDONYM];

    (void)state;
    ost_secret_pseudonym(&secret, "patient", "", "1.2", a);
    ost_secret_pseudonym(&secret, "study", "", "1.2", b);
    assert_string_not_equal(a, b);
    ost_secret_pseudonym(&secret, "patient", "1", ".2", b);
    assert_string_not_equal(a, b);
    ost_secret_pseudonym(&secret, "patient", "", "1.2", b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), OST_PSEUDONYM - 1);
}

static void a_forgotten_secret_has_no_mark(void **state)
{
    ost_secret secret = secret_of("correct horse battery");
    char mark[OST_SECRET_MARK];

    (void)state;
    ost_secret_forget(&secret);
    assert_string_equal(ost_secret_mark(&secret, mark), "");
}

static void check_refused(const char *path, const char *says)
{
    ost_secret secret;
    ost_err err = { 0 };

    assert_int_equal(ost_secret_read(path, &secret, &err), OST_EUSAGE);
    assert_false(secret.known);
    if (!strstr(err.text, says))
        fail_msg("no '%s' in '%s'", says, err.text);
}

static void files_that_are_no_secret_are_refused(void **state)
{
    (void)state;
    (void)unlink("secret");
    check_refused("secret", "cannot read the secret 'secret'");
    check_refused("/dev/null", "the secret '/dev/null' is no file");
    write_secret("correct horse battery", 0640);
    check_refused("secret", "is open to others (mode 0640): 'chmod 600' it");
    write_secret("correct horse battery", 0604);
    check_refused("secret", "is open to others");
    write_secret("fifteen bytes..\n", 0600);
    check_refused("secret", "has less than 16 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pseudonyms_are_those_of_any_hmac),
        cmocka_unit_test(line_ends_do_not_count_and_all_else_does),
        cmocka_unit_test(kinds_and_issuers_keep_names_apart),
        cmocka_unit_test(a_forgotten_secret_has_no_mark),
        cmocka_unit_test(files_that_are_no_secret_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
