/* tests/fault/test_store_faults.c - every call that can fail, failing once
 *
 * A small session of writes is repeated while the n-th pass of a fault point
 * fails, for n = 1, 2, ... until none is left to fail.  Whatever fails, what
 * was committed before stays whole, a failed commit shows nothing of itself,
 * and nothing is left in tmp/.
 */
/* links: base store */
#include "base/fault.h"
#include "tests/support/store.h"

#include <dirent.h>
#include <stdlib.h>

#include "base/banned.h"

enum { ROUNDS = 4, SMALL = 500, LARGE = 40000 };

static unsigned char bytes[LARGE];

static void arm(const char *point, int n)
{
    char text[64];

    snprintf(text, sizeof(text), "%s:%d", point, n);
    if (n)
        setenv("OSTEON_FAULT", text, 1);
    else
        unsetenv("OSTEON_FAULT");
    ost_fault_reload();
}

/* One commit: a small and a large blob, and a record that names both. */
static ost_rc write_round(ost_batch *b, unsigned round, ost_err *err)
{
    char name = (char)('0' + round);
    ost_digest d[2];
    ost_rc rc;

    fill_bytes(bytes, LARGE, round);
    rc = ost_batch_put_blob(b, bytes, SMALL, &d[0], err);
    if (!rc)
        rc = ost_batch_put_blob(b, bytes, LARGE, &d[1], err);
    if (!rc) {
        ost_batch_put(b, OST_TABLE_NODES, &name, 1, d, sizeof(d));
        rc = ost_store_commit(ost_batch_store(b), b, err);
    }
    return rc;
}

/* Each record that is there leads to whole blobs. */
typedef struct checking {
    ost_store *store;
    size_t count;
} checking;

static ost_rc check_record(void *user, const void *key, size_t nkey,
                           const void *value, size_t nvalue, ost_err *err)
{
    const ost_digest *d = value;
    checking *c = user;
    ost_blob blob;

    (void)key;
    (void)nkey;
    (void)err;
    assert_int_equal(nvalue, 2 * sizeof(*d));
    for (int i = 0; i < 2; i++) {
        ost_err why = { 0 };
        ost_digest copy;

        memcpy(&copy, &d[i], sizeof(copy));
        assert_ok(ost_store_blob(c->store, &copy, true, &blob, &why), &why);
        ost_blob_release(&blob);
    }
    c->count++;
    return OST_OK;
}

static size_t files_in(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    size_t n = 0;

    assert_non_null(d);
    while ((e = readdir(d)))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* Writes with one failure; how many rounds were reported as committed. */
static size_t session(const char *point, int n, bool *failed)
{
    ost_store *s = new_store("s");
    ost_batch *b = ost_batch_new(s);
    size_t committed = 0;
    ost_err err = { 0 };

    *failed = false;
    arm(point, n);
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (write_round(b, i, &err) == OST_OK) {
            committed++;
        } else {
            assert_true(err.text[0] != '\0');
            *failed = true;
            ost_batch_clear(b);
        }
    }
    arm(point, 0);
    ost_batch_free(b);
    ost_store_close(s);
    return committed;
}

static void check(size_t committed)
{
    ost_store *s = old_store("s");
    checking c = { .store = s };
    ost_err err = { 0 };

    assert_ok(ost_store_each(s, OST_TABLE_NODES, "", 0, check_record, &c, &err),
              &err);
    assert_int_equal(c.count, committed);
    assert_int_equal(files_in("s/tmp"), 0);
    ost_store_close(s);
}

static void fail_each(const char *point, int least)
{
    bool failed = true;
    int n;

    for (n = 1; failed; n++) {
        size_t committed = session(point, n, &failed);

        assert_int_equal(committed, failed ? ROUNDS - 1 : ROUNDS);
        check(committed);
    }
    assert_true(n - 2 >= least);
}

static void writing_a_file_may_fail(void **state)
{
    (void)state;
    fail_each("blob.write", ROUNDS);
}

static void renaming_a_file_may_fail(void **state)
{
    (void)state;
    fail_each("blob.rename", ROUNDS);
}

static void committing_may_fail(void **state)
{
    (void)state;
    fail_each("store.commit", ROUNDS);
}

static void reading_may_fail(void **state)
{
    ost_store *s = new_store("s");
    ost_batch *b = ost_batch_new(s);
    ost_err err = { 0 };
    ost_buf out = { 0 };
    ost_digest d;
    ost_blob blob;

    (void)state;
    assert_ok(ost_batch_put_blob(b, "x", 1, &d, &err), &err);
    ost_batch_put(b, OST_TABLE_PINS, "p", 1, "x", 1);
    commit(b);
    arm("store.get", 1);
    assert_int_equal(ost_store_get(s, OST_TABLE_PINS, "p", 1, &out, &err),
                     OST_ESTORE);
    assert_ok(ost_store_get(s, OST_TABLE_PINS, "p", 1, &out, &err), &err);
    arm("store.get", 1);
    assert_int_equal(ost_store_blob(s, &d, true, &blob, &err), OST_ESTORE);
    assert_ok(ost_store_blob(s, &d, true, &blob, &err), &err);
    arm("store.get", 0);
    ost_blob_release(&blob);
    ost_buf_release(&out);
    ost_batch_free(b);
    ost_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_a_file_may_fail),
        cmocka_unit_test(renaming_a_file_may_fail),
        cmocka_unit_test(committing_may_fail),
        cmocka_unit_test(reading_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
