/* tests/unit/test_store.c - a store opens where it may, and keeps what is put
 */
/* links: base store */
#include "base/text.h"
#include "tests/support/store.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static ost_rc try_open(const char *name, unsigned flags, ost_err *err)
{
    ost_store *s;
    ost_rc rc = ost_store_open(name, flags, &s, err);

    ost_store_close(s);
    return rc;
}

static void write_file(const char *path, const char *text)
{
    ost_err err = { 0 };

    assert_ok(ost_fs_write_atomic(path, text, strlen(text), false, &err), &err);
}

static void put_text(ost_store *s, ost_table t, const char *key,
                     const char *value)
{
    ost_batch *b = ost_batch_new(s);

    ost_batch_put(b, t, key, strlen(key), value, value ? strlen(value) : 0);
    commit(b);
    ost_batch_free(b);
}

static ost_rc get_text(ost_store *s, ost_table t, const char *key, ost_buf *out)
{
    ost_err err = { 0 };

    ost_buf_reset(out);
    return ost_store_get(s, t, key, strlen(key), out, &err);
}

static ost_rc note_nothing(void *user, const void *key, size_t nkey,
                           const void *value, size_t nvalue, ost_err *err)
{
    (void)user;
    (void)key;
    (void)nkey;
    (void)value;
    (void)nvalue;
    (void)err;
    return OST_OK;
}

/* --- opening ------------------------------------------------------------- */

static void a_store_that_is_not_there_is_not_found(void **state)
{
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(try_open("none", 0, &err), OST_ENOTFOUND);
    assert_non_null(strstr(err.text, "'none'"));
    mkdir("empty", 0777);
    assert_int_equal(try_open("empty", 0, &err), OST_ENOTFOUND);
    assert_int_equal(access("empty/objects", F_OK), -1);
}

static void a_store_is_made_when_asked_for_and_opens_again(void **state)
{
    ost_err err = { 0 };
    ost_store *s;
    struct stat st;

    (void)state;
    s = new_store("deep/er/store");
    assert_int_equal(ost_store_path(s)[0], '/');
    assert_true(ost_ends_with(ost_store_path(s), "/deep/er/store"));
    ost_store_close(s);
    assert_int_equal(try_open("deep/er/store", 0, &err), OST_OK);
    assert_int_equal(try_open("deep/er/store", OST_STORE_READONLY, &err),
                     OST_OK);
    /* The map is 64 GiB of addresses; the file is small. */
    assert_int_equal(stat("deep/er/store/index.lmdb", &st), 0);
    assert_true(st.st_blocks * 512 < 1024 * 1024);
}

static void a_store_opens_once_in_a_process(void **state)
{
    ost_store *s = new_store("once");
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(try_open("once", 0, &err), OST_ESTORE);
    assert_non_null(strstr(err.text, "open in this process"));
    ost_store_close(s);
    assert_int_equal(try_open("once", 0, &err), OST_OK);
}

static void a_folder_with_other_things_is_refused(void **state)
{
    ost_err err = { 0 };

    (void)state;
    mkdir("images", 0777);
    write_file("images/a.png", "x");
    assert_int_equal(try_open("images", OST_STORE_CREATE, &err), OST_ESTORE);
    assert_non_null(strstr(err.text, "'a.png'"));
    assert_int_equal(access("images/index.lmdb", F_OK), -1);
    write_file("plain", "x");
    assert_int_equal(try_open("plain", OST_STORE_CREATE, &err), OST_ESTORE);
}

static void a_newer_version_is_refused_before_anything_is_touched(void **state)
{
    ost_err err = { 0 };

    (void)state;
    ost_store_close(new_store("newer"));
    write_file("newer/version", "osteon store format 7\n");
    write_file("newer/index.lmdb", "what format 7 looks like");
    assert_int_equal(try_open("newer", OST_STORE_CREATE, &err), OST_EVERSION);
    assert_non_null(strstr(err.text, "format 7"));
    write_file("newer/version", "gibberish");
    assert_int_equal(try_open("newer", 0, &err), OST_ECORRUPT);
}

static void a_damaged_index_is_named(void **state)
{
    ost_err err = { 0 };

    (void)state;
    ost_store_close(new_store("torn"));
    write_file("torn/index.lmdb", "not an index, whatever it was once; and so "
                                  "long that it has a header of some kind");
    assert_int_equal(try_open("torn", 0, &err), OST_ECORRUPT);
    assert_non_null(strstr(err.text, "torn"));
    unlink("torn/index.lmdb");
    assert_int_equal(try_open("torn", 0, &err), OST_ECORRUPT);
    assert_non_null(strstr(err.text, "lost its tables"));
}

static void an_index_that_was_cut_is_damaged(void **state)
{
    ost_store *s = new_store("cut");
    ost_batch *b = ost_batch_new(s);
    static unsigned char bytes[4000];
    ost_err err = { 0 };
    ost_rc rc;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        ost_digest d;

        fill_bytes(bytes, sizeof(bytes), i);
        assert_ok(ost_batch_put_blob(b, bytes, sizeof(bytes), &d, &err), &err);
    }
    commit(b);
    ost_batch_free(b);
    ost_store_close(s);
    for (off_t size = 4000000; size > 0; size /= 2) {
        assert_int_equal(truncate("cut/index.lmdb", size), 0);
        rc = try_open("cut", 0, &err);
        if (rc == OST_OK) { /* what is left of it has to be looked at */
            s = old_store("cut");
            rc = ost_store_each(s, OST_TABLE_BLOBS, "", 0, note_nothing, NULL,
                                &err);
            ost_store_close(s);
        }
        assert_true(size > 3500000 || rc == OST_ECORRUPT);
    }
}

static void network_file_systems_are_refused(void **state)
{
    static const char *const magic[] = { "6969", "ff534d42", "517b",
                                         "65735546" };
    ost_err err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++) {
        setenv("OSTEON_TEST_FSTYPE", magic[i], 1);
        assert_int_equal(try_open("remote", OST_STORE_CREATE, &err),
                         OST_ESTORE);
        assert_non_null(strstr(err.text, "network file system"));
    }
    setenv("OSTEON_TEST_FSTYPE", "ef53", 1);
    assert_int_equal(try_open("remote", OST_STORE_CREATE, &err), OST_OK);
    unsetenv("OSTEON_TEST_FSTYPE");
}

static void a_folder_that_cannot_be_written_is_refused(void **state)
{
    ost_err err = { 0 };

    (void)state;
    if (geteuid() == 0)
        skip();
    ost_store_close(new_store("locked"));
    chmod("locked", 0555);
    assert_int_equal(try_open("locked", 0, &err), OST_ESTORE);
    assert_non_null(strstr(err.text, "cannot be written"));
    assert_int_equal(try_open("locked", OST_STORE_READONLY, &err), OST_OK);
    chmod("locked", 0755);
}

static void leftovers_of_dead_processes_are_swept(void **state)
{
    char mine[96], name[128];
    struct stat st;

    (void)state;
    ost_store_close(new_store("sweep"));
    assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
    /* No process has the largest number, and this one lives. */
    snprintf(name, sizeof(name), "sweep/tmp/%llu.4194305.0",
             (unsigned long long)st.st_ino);
    snprintf(mine, sizeof(mine), "sweep/tmp/%llu.%d.0",
             (unsigned long long)st.st_ino, (int)getpid());
    write_file(name, "x");
    write_file(mine, "x");
    write_file("sweep/tmp/1.4194305.0", "of another namespace");
    ost_store_close(old_store("sweep"));
    assert_int_equal(access(name, F_OK), -1);
    assert_int_equal(access(mine, F_OK), 0);
    assert_int_equal(access("sweep/tmp/1.4194305.0", F_OK), 0);
}

/* --- tables -------------------------------------------------------------- */

static void what_is_committed_is_found_in_its_table_only(void **state)
{
    ost_store *s = new_store("tables");
    ost_buf out = { 0 };

    (void)state;
    put_text(s, OST_TABLE_NODES, "key", "of a node");
    put_text(s, OST_TABLE_PINS, "key", "of a pin");
    assert_int_equal(get_text(s, OST_TABLE_NODES, "key", &out), OST_OK);
    assert_string_equal(ost_buf_str(&out), "of a node");
    assert_int_equal(get_text(s, OST_TABLE_PINS, "key", &out), OST_OK);
    assert_string_equal(ost_buf_str(&out), "of a pin");
    assert_int_equal(get_text(s, OST_TABLE_RUNS, "key", &out), OST_ENOTFOUND);
    assert_true(ost_store_has(s, OST_TABLE_PINS, "key", 3));
    assert_false(ost_store_has(s, OST_TABLE_PINS, "ke", 2));
    ost_store_close(s);
    s = old_store("tables");
    assert_int_equal(get_text(s, OST_TABLE_PINS, "key", &out), OST_OK);
    put_text(s, OST_TABLE_PINS, "key", "");
    assert_int_equal(get_text(s, OST_TABLE_PINS, "key", &out), OST_OK);
    assert_int_equal(out.len, 0);
    put_text(s, OST_TABLE_PINS, "key", NULL);
    assert_int_equal(get_text(s, OST_TABLE_PINS, "key", &out), OST_ENOTFOUND);
    put_text(s, OST_TABLE_PINS, "key", NULL);
    ost_buf_release(&out);
    ost_store_close(s);
}

static void keys_of_any_length_are_distinct(void **state)
{
    ost_store *s = new_store("long");
    char one[2000], two[2000];
    ost_buf out = { 0 };

    (void)state;
    memset(one, 'k', sizeof(one));
    memset(two, 'k', sizeof(two));
    one[1999] = two[1999] = '\0';
    two[1998] = 'l';
    put_text(s, OST_TABLE_STEPS, one, "one");
    put_text(s, OST_TABLE_STEPS, two, "two");
    assert_int_equal(get_text(s, OST_TABLE_STEPS, one, &out), OST_OK);
    assert_string_equal(ost_buf_str(&out), "one");
    assert_int_equal(get_text(s, OST_TABLE_STEPS, two, &out), OST_OK);
    assert_string_equal(ost_buf_str(&out), "two");
    ost_buf_release(&out);
    ost_store_close(s);
}

static ost_rc note_key(void *user, const void *key, size_t nkey,
                       const void *value, size_t nvalue, ost_err *err)
{
    ost_buf *seen = user;

    (void)err;
    ost_buf_add(seen, key, nkey);
    ost_buf_addc(seen, '=');
    ost_buf_add(seen, value, nvalue);
    ost_buf_addc(seen, ' ');
    return nvalue == 4 ? OST_EINTERRUPTED : OST_OK;
}

static void a_walk_visits_a_prefix_in_order_until_told_to_stop(void **state)
{
    ost_store *s = new_store("walk");
    ost_err err = { 0 };
    ost_buf seen = { 0 };

    (void)state;
    put_text(s, OST_TABLE_RUNS, "b2", "2");
    put_text(s, OST_TABLE_RUNS, "b1", "1");
    put_text(s, OST_TABLE_RUNS, "a", "0");
    put_text(s, OST_TABLE_RUNS, "c", "3");
    assert_ok(ost_store_each(s, OST_TABLE_RUNS, "b", 1, note_key, &seen, &err),
              &err);
    assert_string_equal(ost_buf_str(&seen), "b1=1 b2=2 ");
    ost_buf_reset(&seen);
    assert_ok(ost_store_each(s, OST_TABLE_RUNS, "", 0, note_key, &seen, &err),
              &err);
    assert_string_equal(ost_buf_str(&seen), "a=0 b1=1 b2=2 c=3 ");
    ost_buf_reset(&seen);
    assert_ok(ost_store_each(s, OST_TABLE_RUNS, "zz", 2, note_key, &seen, &err),
              &err);
    assert_ok(ost_store_each(s, OST_TABLE_PINS, "", 0, note_key, &seen, &err),
              &err);
    assert_int_equal(seen.len, 0);
    put_text(s, OST_TABLE_RUNS, "b1", "stop");
    assert_int_equal(
        ost_store_each(s, OST_TABLE_RUNS, "", 0, note_key, &seen, &err),
        OST_EINTERRUPTED);
    assert_string_equal(ost_buf_str(&seen), "a=0 b1=stop ");
    ost_buf_release(&seen);
    ost_store_close(s);
}

static void a_full_index_says_so_and_stays_as_it_was(void **state)
{
    static unsigned char bytes[16000];
    ost_err err = { 0 };
    ost_digest d;
    ost_store *s;
    ost_batch *b;
    ost_rc rc = OST_OK;

    (void)state;
    setenv("OSTEON_TEST_MAP_SIZE", "1048576", 1);
    s = new_store("full");
    put_text(s, OST_TABLE_PINS, "before", "x");
    b = ost_batch_new(s);
    for (unsigned i = 0; i < 100; i++) {
        fill_bytes(bytes, sizeof(bytes), i);
        assert_ok(ost_batch_put_blob(b, bytes, sizeof(bytes), &d, &err), &err);
    }
    rc = ost_store_commit(s, b, &err);
    assert_int_equal(rc, OST_ENOSPC);
    assert_non_null(strstr(err.text, "osteon store gc"));
    assert_false(ost_store_has_blob(s, &d));
    assert_int_equal(ost_batch_count(b), 100);
    assert_true(ost_store_has(s, OST_TABLE_PINS, "before", 6));
    ost_batch_clear(b);
    ost_batch_put(b, OST_TABLE_PINS, "after", 5, "x", 1);
    commit(b);
    unsetenv("OSTEON_TEST_MAP_SIZE");
    ost_batch_free(b);
    ost_store_close(s);
}

static void a_store_for_reading_refuses_to_write(void **state)
{
    ost_err err = { 0 };
    ost_store *s;
    ost_batch *b;

    (void)state;
    ost_store_close(new_store("reading"));
    assert_ok(ost_store_open("reading", OST_STORE_READONLY, &s, &err), &err);
    b = ost_batch_new(s);
    ost_batch_put(b, OST_TABLE_PINS, "x", 1, "x", 1);
    assert_int_equal(ost_store_commit(s, b, &err), OST_ESTORE);
    ost_batch_free(b);
    ost_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_that_is_not_there_is_not_found),
        cmocka_unit_test(a_store_is_made_when_asked_for_and_opens_again),
        cmocka_unit_test(a_store_opens_once_in_a_process),
        cmocka_unit_test(a_folder_with_other_things_is_refused),
        cmocka_unit_test(a_newer_version_is_refused_before_anything_is_touched),
        cmocka_unit_test(a_damaged_index_is_named),
        cmocka_unit_test(an_index_that_was_cut_is_damaged),
        cmocka_unit_test(network_file_systems_are_refused),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_refused),
        cmocka_unit_test(leftovers_of_dead_processes_are_swept),
        cmocka_unit_test(what_is_committed_is_found_in_its_table_only),
        cmocka_unit_test(keys_of_any_length_are_distinct),
        cmocka_unit_test(a_walk_visits_a_prefix_in_order_until_told_to_stop),
        cmocka_unit_test(a_full_index_says_so_and_stays_as_it_was),
        cmocka_unit_test(a_store_for_reading_refuses_to_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
