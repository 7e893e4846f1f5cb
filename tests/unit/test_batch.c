/* tests/unit/test_batch.c - blobs, memos, and batches that change hands */
/* links: base store */
#include "base/alloc.h"
#include "base/fault.h"
#include "tests/support/store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static const size_t sizes[] = {
    0, 1, 100, OST_BLOB_INLINE, OST_BLOB_INLINE + 1, 300000
};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static unsigned char bytes[300000];

static void put_bytes(ost_batch *b, size_t size, unsigned seed, ost_digest *d)
{
    ost_err err = { 0 };

    fill_bytes(bytes, size, seed);
    assert_ok(ost_batch_put_blob(b, bytes, size, d, &err), &err);
}

static void check_bytes(ost_batch *b, size_t size, unsigned seed,
                        const ost_digest *d)
{
    ost_err err = { 0 };
    ost_blob blob;

    fill_bytes(bytes, size, seed);
    assert_ok(ost_batch_blob(b, d, &blob, &err), &err);
    assert_int_equal(blob.size, size);
    assert_non_null(blob.data);
    assert_int_equal(memcmp(blob.data, bytes, size), 0);
    ost_blob_release(&blob);
    ost_blob_release(&blob);
}

static void blobs_of_any_size_read_back(void **state)
{
    ost_store *s = new_store("sizes");
    ost_batch *b = ost_batch_new(s);
    ost_digest d[SIZES];
    uint64_t size;
    ost_err err = { 0 };

    (void)state;
    for (unsigned i = 0; i < SIZES; i++) {
        put_bytes(b, sizes[i], i, &d[i]);
        check_bytes(b, sizes[i], i, &d[i]);
    }
    assert_int_equal(ost_batch_count(b), 4); /* the others are files */
    assert_int_equal(ost_batch_bytes(b),
                     4 * OST_DIGEST_SIZE + 101 + OST_BLOB_INLINE);
    commit(b);
    assert_int_equal(ost_batch_count(b), 0);
    for (unsigned i = 0; i < SIZES; i++) {
        check_bytes(b, sizes[i], i, &d[i]);
        assert_true(ost_store_has_blob(s, &d[i]));
        assert_ok(ost_store_blob_size(s, &d[i], &size, &err), &err);
        assert_int_equal(size, sizes[i]);
    }
    ost_batch_free(b);
    ost_store_close(s);
}

static void a_large_blob_is_a_read_only_file(void **state)
{
    ost_store *s = new_store("file");
    ost_batch *b = ost_batch_new(s);
    struct stat st, again;
    ost_digest d;
    char *path;

    (void)state;
    put_bytes(b, 20000, 1, &d);
    path = ost_store_object_path(s, &d);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0444);
    assert_int_equal(st.st_size, 20000);
    put_bytes(b, 20000, 1, &d);
    assert_int_equal(stat(path, &again), 0);
    assert_int_equal(st.st_ino, again.st_ino);
    ost_free(path);
    ost_batch_free(b);
    ost_store_close(s);
}

static void a_blob_that_is_not_there_is_damage(void **state)
{
    ost_store *s = new_store("absent");
    ost_digest d = ost_digest_of("x", 1);
    ost_err err = { 0 };
    ost_blob blob;
    uint64_t size;

    (void)state;
    assert_int_equal(ost_store_blob(s, &d, false, &blob, &err), OST_ECORRUPT);
    assert_non_null(strstr(err.text, "2d711642b726b044"));
    assert_null(blob.data);
    assert_false(ost_store_has_blob(s, &d));
    assert_int_equal(ost_store_blob_size(s, &d, &size, &err), OST_ENOTFOUND);
    ost_store_close(s);
}

static void flip(const char *path, off_t at)
{
    unsigned char c;
    int fd;

    assert_int_equal(chmod(path, 0644), 0);
    fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &c, 1, at), 1);
    c ^= 0x10;
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

static void a_flipped_bit_is_found_when_verifying(void **state)
{
    ost_store *s = new_store("flipped");
    ost_batch *b = ost_batch_new(s);
    ost_err err = { 0 };
    ost_blob blob;
    ost_digest d;
    char *path;

    (void)state;
    put_bytes(b, 50000, 3, &d);
    commit(b);
    path = ost_store_object_path(s, &d);
    flip(path, 40000);
    assert_int_equal(ost_batch_blob(b, &d, &blob, &err), OST_ECORRUPT);
    assert_non_null(strstr(err.text, "damaged"));
    assert_int_equal(ost_store_blob(s, &d, true, &blob, &err), OST_ECORRUPT);
    assert_ok(ost_store_blob(s, &d, false, &blob, &err), &err);
    ost_blob_release(&blob);
    flip(path, 40000);
    assert_ok(ost_store_blob(s, &d, true, &blob, &err), &err);
    ost_blob_release(&blob);
    ost_free(path);
    ost_batch_free(b);
    ost_store_close(s);
}

static void a_file_cut_short_by_a_power_cut_is_written_again(void **state)
{
    ost_store *s = new_store("short");
    ost_batch *b = ost_batch_new(s);
    ost_digest d;
    char *path;

    (void)state;
    put_bytes(b, 50000, 3, &d);
    path = ost_store_object_path(s, &d);
    for (off_t size = 0; size < 50000; size += 49999) {
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(truncate(path, size), 0);
        put_bytes(b, 50000, 3, &d);
        check_bytes(b, 50000, 3, &d);
    }
    ost_free(path);
    ost_batch_free(b);
    ost_store_close(s);
}

static void the_batch_is_asked_before_the_store(void **state)
{
    ost_store *s = new_store("first");
    ost_batch *b = ost_batch_new(s);
    ost_buf out = { 0 };
    ost_err err = { 0 };

    (void)state;
    ost_batch_put(b, OST_TABLE_PINS, "p", 1, "old", 3);
    commit(b);
    assert_ok(ost_batch_get(b, OST_TABLE_PINS, "p", 1, &out, &err), &err);
    assert_string_equal(ost_buf_str(&out), "old");
    ost_buf_reset(&out);
    ost_batch_put(b, OST_TABLE_PINS, "p", 1, "new", 3);
    ost_batch_put(b, OST_TABLE_PINS, "p", 1, "newer", 5);
    assert_int_equal(ost_batch_count(b), 1);
    assert_int_equal(ost_batch_bytes(b), 6);
    assert_ok(ost_batch_get(b, OST_TABLE_PINS, "p", 1, &out, &err), &err);
    assert_string_equal(ost_buf_str(&out), "newer");
    ost_batch_put(b, OST_TABLE_PINS, "p", 1, NULL, 0);
    assert_int_equal(ost_batch_get(b, OST_TABLE_PINS, "p", 1, &out, &err),
                     OST_ENOTFOUND);
    assert_true(ost_store_has(s, OST_TABLE_PINS, "p", 1));
    commit(b);
    assert_false(ost_store_has(s, OST_TABLE_PINS, "p", 1));
    ost_buf_release(&out);
    ost_batch_free(b);
    ost_store_close(s);
}

static void a_memo_is_there_as_long_as_its_blobs(void **state)
{
    ost_store *s = new_store("memo");
    ost_batch *b = ost_batch_new(s);
    ost_key key = ost_digest_of("memo", 4);
    ost_digest refs[2];
    ost_buf value = { 0 };
    ost_err err = { 0 };
    char *path;

    (void)state;
    put_bytes(b, 100, 1, &refs[0]);
    put_bytes(b, 20000, 2, &refs[1]);
    assert_int_equal(ost_batch_get_memo(b, &key, &value, &err), OST_ENOTFOUND);
    ost_batch_put_memo(b, &key, refs, 2, "result", 6);
    assert_ok(ost_batch_get_memo(b, &key, &value, &err), &err);
    assert_string_equal(ost_buf_str(&value), "result");
    commit(b);
    ost_buf_reset(&value);
    assert_ok(ost_batch_get_memo(b, &key, &value, &err), &err);
    assert_string_equal(ost_buf_str(&value), "result");
    ost_buf_reset(&value);
    path = ost_store_object_path(s, &refs[1]);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(ost_batch_get_memo(b, &key, &value, &err), OST_ENOTFOUND);
    assert_int_equal(value.len, 0);
    ost_batch_put_memo(b, &key, NULL, 0, NULL, 0);
    assert_ok(ost_batch_get_memo(b, &key, &value, &err), &err);
    assert_int_equal(value.len, 0);
    ost_buf_release(&value);
    ost_free(path);
    ost_batch_free(b);
    ost_store_close(s);
}

static void an_encoded_batch_is_the_same_batch(void **state)
{
    ost_store *s = new_store("handed");
    ost_batch *worker = ost_batch_new(s), *engine = ost_batch_new(s);
    ost_buf wire = { 0 }, out = { 0 };
    ost_err err = { 0 };
    ost_digest small, large;

    (void)state;
    ost_batch_put(engine, OST_TABLE_PINS, "old", 3, "x", 1);
    commit(engine);
    put_bytes(worker, 10, 1, &small);
    put_bytes(worker, 20000, 2, &large);
    ost_batch_put(worker, OST_TABLE_NODES, "node", 4, "record", 6);
    ost_batch_put(worker, OST_TABLE_PINS, "old", 3, NULL, 0);
    ost_batch_encode(worker, &wire);
    ost_batch_put(engine, OST_TABLE_RUNS, "mine", 4, "x", 1);
    assert_ok(ost_batch_add_encoded(engine, wire.data, wire.len, &err), &err);
    assert_int_equal(ost_batch_count(engine), 4);
    commit(engine);
    check_bytes(engine, 10, 1, &small);
    check_bytes(engine, 20000, 2, &large);
    assert_ok(ost_batch_get(engine, OST_TABLE_NODES, "node", 4, &out, &err),
              &err);
    assert_string_equal(ost_buf_str(&out), "record");
    assert_false(ost_store_has(s, OST_TABLE_PINS, "old", 3));
    ost_buf_release(&wire);
    ost_buf_release(&out);
    ost_batch_free(worker);
    ost_batch_free(engine);
    ost_store_close(s);
}

static void a_malformed_batch_adds_nothing(void **state)
{
    ost_store *s = new_store("malformed");
    ost_batch *worker = ost_batch_new(s), *engine = ost_batch_new(s);
    ost_buf wire = { 0 };
    ost_err err = { 0 };

    (void)state;
    ost_batch_put(worker, OST_TABLE_NODES, "a", 1, "1", 1);
    ost_batch_put(worker, OST_TABLE_NODES, "b", 1, "2", 1);
    ost_batch_encode(worker, &wire);
    for (size_t n = 0; n < wire.len; n++) {
        assert_int_equal(ost_batch_add_encoded(engine, wire.data, n, &err),
                         OST_EPROTO);
        assert_int_equal(ost_batch_count(engine), 0);
    }
    ost_buf_u8(&wire, 0);
    assert_int_equal(ost_batch_add_encoded(engine, wire.data, wire.len, &err),
                     OST_EPROTO);
    wire.data[0] = 99;
    assert_int_equal(
        ost_batch_add_encoded(engine, wire.data, wire.len - 1, &err),
        OST_EPROTO);
    ost_buf_release(&wire);
    ost_batch_free(worker);
    ost_batch_free(engine);
    ost_store_close(s);
}

static void a_failed_commit_keeps_the_batch(void **state)
{
    ost_store *s = new_store("failing");
    ost_batch *b = ost_batch_new(s);
    ost_err err = { 0 };
    ost_digest d;

    (void)state;
    put_bytes(b, 10, 1, &d);
    setenv("OSTEON_FAULT", "store.commit:1", 1);
    ost_fault_reload();
    assert_int_equal(ost_store_commit(s, b, &err), OST_ENOSPC);
    unsetenv("OSTEON_FAULT");
    ost_fault_reload();
    assert_false(ost_store_has_blob(s, &d));
    assert_int_equal(ost_batch_count(b), 1);
    commit(b);
    assert_true(ost_store_has_blob(s, &d));
    ost_batch_free(b);
    ost_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blobs_of_any_size_read_back),
        cmocka_unit_test(a_large_blob_is_a_read_only_file),
        cmocka_unit_test(a_blob_that_is_not_there_is_damage),
        cmocka_unit_test(a_flipped_bit_is_found_when_verifying),
        cmocka_unit_test(a_file_cut_short_by_a_power_cut_is_written_again),
        cmocka_unit_test(the_batch_is_asked_before_the_store),
        cmocka_unit_test(a_memo_is_there_as_long_as_its_blobs),
        cmocka_unit_test(an_encoded_batch_is_the_same_batch),
        cmocka_unit_test(a_malformed_batch_adds_nothing),
        cmocka_unit_test(a_failed_commit_keeps_the_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
