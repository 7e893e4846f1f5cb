/* tests/fault/test_store_kill.c - kill -9 in the middle of commits
 *
 * A second process writes chains of records: number n with its blobs, and the
 * number of the last one.  It is killed at some instant, again and again.
 * After each kill every record up to that number is there with whole blobs,
 * the next writer goes on without ado, and the leases of the dead are free.
 */
/* links: base store */
#include "base/rng.h"
#include "tests/support/again.h"
#include "tests/support/store.h"

#include <stdlib.h>
#include <time.h>

#include "base/banned.h"

enum { KILLS = 30, LARGE = 20000 };

static unsigned char bytes[LARGE];

static uint32_t last_number(ost_store *s, const char *who)
{
    ost_buf out = { 0 };
    uint32_t n = 0;
    ost_err err = { 0 };
    ost_rc rc = ost_store_get(s, OST_TABLE_META, who, strlen(who), &out, &err);

    if (rc != OST_ENOTFOUND) {
        assert_ok(rc, &err);
        memcpy(&n, out.data, sizeof(n));
    }
    ost_buf_release(&out);
    return n;
}

static void make_key(char key[32], const char *who, uint32_t n)
{
    snprintf(key, 32, "%s.%u", who, n);
}

static void write_number(ost_batch *b, const char *who, uint32_t n)
{
    ost_digest d[2];
    ost_err err = { 0 };
    char key[32];

    make_key(key, who, n);
    fill_bytes(bytes, LARGE, n * 2 + (unsigned char)who[0]);
    assert_ok(ost_batch_put_blob(b, bytes, 300, &d[0], &err), &err);
    assert_ok(ost_batch_put_blob(b, bytes, LARGE, &d[1], &err), &err);
    ost_batch_put(b, OST_TABLE_NODES, key, strlen(key), d, sizeof(d));
    ost_batch_put(b, OST_TABLE_META, who, strlen(who), &n, sizeof(n));
    commit(b);
}

/* The second process: writes until it is killed, or `count` numbers. */
static int be_writer(const char *who, const char *count)
{
    ost_store *s = old_store("s");
    ost_batch *b = ost_batch_new(s);
    uint32_t n = last_number(s, who);
    ost_key key = ost_digest_of(who, strlen(who));
    ost_lease_state state;
    ost_err err = { 0 };

    assert_ok(ost_lease_take(s, &key, &state, &err), &err);
    assert_int_equal(state, OST_LEASE_TAKEN);
    again_say_ready();
    for (long left = strtol(count, NULL, 10); left != 0; left--) {
        write_number(b, who, ++n);
        if (left < 0)
            again_say_ready();
    }
    ost_batch_free(b);
    ost_store_close(s);
    return 0;
}

static uint32_t check(const char *who, uint32_t first)
{
    ost_store *s = old_store("s");
    uint32_t n = last_number(s, who);
    ost_buf out = { 0 };
    ost_err err = { 0 };
    char key[32];

    for (uint32_t i = first; i <= n; i++) {
        make_key(key, who, i);
        ost_buf_reset(&out);
        assert_ok(
            ost_store_get(s, OST_TABLE_NODES, key, strlen(key), &out, &err),
            &err);
        for (size_t k = 0; k < 2; k++) {
            ost_blob blob;
            ost_digest d;

            memcpy(&d, out.data + k * sizeof(d), sizeof(d));
            assert_ok(ost_store_blob(s, &d, true, &blob, &err), &err);
            ost_blob_release(&blob);
        }
    }
    make_key(key, who, n + 1);
    assert_false(ost_store_has(s, OST_TABLE_NODES, key, strlen(key)));
    ost_buf_release(&out);
    ost_store_close(s);
    return n;
}

static void a_killed_writer_leaves_whole_commits(void **state)
{
    ost_rng r = ost_rng_of(1, 2);
    uint32_t n = 0;

    (void)state;
    ost_store_close(new_store("s"));
    for (int i = 0; i < KILLS; i++) {
        struct timespec nap = { .tv_nsec = (long)ost_rng_below(&r, 5000000) };
        again writer = again_start("w", "-1");
        uint32_t before = n, commits = (uint32_t)ost_rng_below(&r, 5);

        for (uint32_t k = 0; k <= commits; k++) { /* two letters each */
            assert_true(again_ready(&writer));
            assert_true(again_ready(&writer));
        }
        nanosleep(&nap, NULL);
        again_end(&writer, SIGKILL);
        n = check("w", n ? n : 1);
        assert_true(n >= before + commits);
    }
}

static void two_writers_share_a_store(void **state)
{
    again x, y;

    (void)state;
    ost_store_close(new_store("s"));
    x = again_start("x", "40");
    y = again_start("y", "40");
    assert_true(again_ready(&x));
    assert_true(again_ready(&y));
    assert_int_equal(again_end(&x, 0), 0);
    assert_int_equal(again_end(&y, 0), 0);
    assert_int_equal(check("x", 1), 40);
    assert_int_equal(check("y", 1), 40);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_writer_leaves_whole_commits),
        cmocka_unit_test(two_writers_share_a_store),
    };

    if (argc == 3)
        return be_writer(argv[1], argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
