/* tests/unit/test_fsck.c - damage is found, named, and cleared away */
/* links: base store */
#include "base/alloc.h"
#include "store/fsck.h"
#include "store/gc.h"
#include "store/pin.h"
#include "tests/support/study.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static void add_line(void *user, const char *line)
{
    ost_buf_adds(user, line);
    ost_buf_addc(user, '\n');
}

static ost_rc check(ost_store *s, bool repair, ost_fsck_result *r, ost_buf *out)
{
    ost_fsck_options options = { .repair = repair,
                                 .tell = add_line,
                                 .user = out };
    ost_err err = { 0 };
    ost_rc rc;

    ost_buf_reset(out);
    rc = ost_fsck(s, &options, r, &err);
    if (rc && rc != OST_ECORRUPT)
        fail_msg("%s", err.text);
    return rc;
}

static void flip(ost_store *s, const ost_digest *d)
{
    char *path = ost_store_object_path(s, d);
    unsigned char c;
    int fd;

    assert_int_equal(chmod(path, 0644), 0);
    fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &c, 1, 12345), 1);
    c ^= 1;
    assert_int_equal(pwrite(fd, &c, 1, 12345), 1);
    close(fd);
    ost_free(path);
}

static void remove_object(ost_store *s, const ost_digest *d)
{
    char *path = ost_store_object_path(s, d);

    assert_int_equal(unlink(path), 0);
    ost_free(path);
}

static void put(ost_store *s, ost_table table, const void *key, size_t n,
                const void *value, size_t size)
{
    ost_batch *b = ost_batch_new(s);

    ost_batch_put(b, table, key, n, value, size);
    commit(b);
    ost_batch_free(b);
}

static bool names(const ost_buf *out, const ost_digest *d)
{
    char hex[OST_DIGEST_HEX];

    return strstr(ost_buf_str(out), ost_digest_hex(d, hex)) != NULL;
}

static bool has_node(ost_store *s, const ost_key *key)
{
    return ost_store_has(s, OST_TABLE_NODES, key->b, OST_DIGEST_SIZE);
}

/* After a repair nothing is found, and gc is content. */
static void assert_sound(ost_store *s)
{
    ost_gc_options gc = { .keep_runs = 9 };
    ost_gc_result collected;
    ost_fsck_result r;
    ost_buf out = { 0 };
    ost_err err = { 0 };

    if (check(s, false, &r, &out))
        fail_msg("%s", ost_buf_str(&out));
    assert_ok(ost_gc(s, &gc, &collected, &err), &err);
    ost_buf_release(&out);
}

static void a_sound_store_is_sound(void **state)
{
    ost_store *s = new_store("sound");
    ost_fsck_result r;
    ost_buf out = { 0 };

    (void)state;
    assert_int_equal(check(s, false, &r, &out), OST_OK);
    make_study(s, "run1", "a", 1);
    assert_int_equal(check(s, false, &r, &out), OST_OK);
    assert_int_equal(out.len, 0);
    /* 3 files, 3 images, 3 artifacts, 2 pages, weights, exposure */
    assert_int_equal(r.blobs, 13);
    assert_int_equal(r.records, 3 + 1 + 3);
    assert_int_equal(r.unreferenced + r.leftovers, 0);
    ost_buf_release(&out);
    ost_store_close(s);
}

static void leftovers_are_counted_and_fine(void **state)
{
    ost_store *s = new_store("leftovers");
    ost_batch *b = ost_batch_new(s);
    ost_err err = { 0 };
    ost_fsck_result r;
    ost_buf out = { 0 };

    (void)state;
    study_blob(b, STUDY_IMAGE, 1);
    assert_ok(ost_fs_write_atomic("leftovers/tmp/1.2.3", "x", 1, false, &err),
              &err);
    assert_int_equal(check(s, false, &r, &out), OST_OK);
    assert_int_equal(r.unreferenced, 1);
    assert_int_equal(r.unreferenced_bytes, STUDY_IMAGE);
    assert_int_equal(r.leftovers, 1);
    ost_buf_release(&out);
    ost_batch_free(b);
    ost_store_close(s);
}

static void a_flipped_bit_is_named_and_quarantined(void **state)
{
    ost_store *s = new_store("flipped");
    study t = make_study(s, "run1", "a", 1), u = make_study(s, "run2", "a", 2);
    ost_fsck_result r;
    ost_buf out = { 0 };
    char hex[OST_DIGEST_HEX], path[128];

    (void)state;
    flip(s, &t.images[1]);
    assert_int_equal(check(s, false, &r, &out), OST_ECORRUPT);
    assert_int_equal(r.wrong, 1);
    assert_int_equal(r.missing, 0);
    assert_true(names(&out, &t.images[1]));
    assert_non_null(strstr(ost_buf_str(&out), "image of item 'item1'"));
    assert_int_equal(check(s, true, &r, &out), OST_OK);
    assert_int_equal(r.quarantined, 1);
    snprintf(path, sizeof(path), "flipped/quarantine/%s",
             ost_digest_hex(&t.images[1], hex));
    assert_int_equal(access(path, F_OK), 0);
    /* The dataset goes, and its node, and the item's memo; not the rest. */
    assert_false(ost_store_has_blob(s, &t.images[1]));
    assert_false(ost_store_has_blob(s, &t.artifacts[1]));
    assert_false(has_node(s, &t.keys[1]));
    assert_true(has_node(s, &t.keys[0]));
    assert_true(has_node(s, &t.keys[2]));
    assert_true(ost_store_has_blob(s, &t.images[0]));
    assert_true(study_is_whole(s, &u));
    assert_sound(s);
    make_study(s, "run3", "a", 1);
    assert_true(study_is_whole(s, &t));
    assert_sound(s);
    ost_buf_release(&out);
    ost_store_close(s);
}

static void a_missing_blob_is_named(void **state)
{
    ost_store *s = new_store("missing");
    study t = make_study(s, "run1", "a", 1);
    ost_fsck_result r;
    ost_buf out = { 0 };

    (void)state;
    remove_object(s, &t.weights);
    assert_int_equal(check(s, false, &r, &out), OST_ECORRUPT);
    assert_int_equal(r.wrong, 0);
    assert_int_equal(r.missing, 1);
    assert_true(names(&out, &t.weights));
    assert_non_null(strstr(ost_buf_str(&out), "'weights' of artifact"));
    assert_int_equal(check(s, true, &r, &out), OST_OK);
    assert_false(has_node(s, &t.keys[2]));
    assert_true(has_node(s, &t.keys[1]));
    assert_sound(s);
    ost_buf_release(&out);
    ost_store_close(s);
}

static void wrong_small_blobs_are_found_too(void **state)
{
    ost_store *s = new_store("small");
    study t = make_study(s, "run1", "a", 1);
    ost_fsck_result r;
    ost_buf out = { 0 };

    (void)state;
    put(s, OST_TABLE_BLOBS, t.artifacts[1].b, OST_DIGEST_SIZE, "junk", 4);
    put(s, OST_TABLE_BLOBS, t.exposure.b, OST_DIGEST_SIZE, "junk", 4);
    assert_int_equal(check(s, false, &r, &out), OST_ECORRUPT);
    assert_int_equal(r.wrong, 2);
    assert_int_equal(check(s, true, &r, &out), OST_OK);
    assert_int_equal(r.quarantined, 2);
    assert_false(has_node(s, &t.keys[1]));
    assert_false(has_node(s, &t.keys[2]));
    assert_true(has_node(s, &t.keys[0]));
    assert_sound(s);
    ost_buf_release(&out);
    ost_store_close(s);
}

static void undecodable_records_are_removed(void **state)
{
    ost_store *s = new_store("records");
    study t = make_study(s, "run1", "a", 1);
    ost_fsck_result r;
    ost_buf out = { 0 };

    (void)state;
    put(s, OST_TABLE_NODES, t.keys[2].b, OST_DIGEST_SIZE, "x", 1);
    put(s, OST_TABLE_RUNS, "run1", 4, "x", 1);
    put(s, OST_TABLE_PINS, "pin", 3, "x", 1);
    put(s, OST_TABLE_MEMOS, t.memos[0].b, OST_DIGEST_SIZE, "\x09", 1);
    put(s, OST_TABLE_CHECKPOINTS, t.keys[0].b, OST_DIGEST_SIZE, "x", 1);
    assert_int_equal(check(s, false, &r, &out), OST_ECORRUPT);
    assert_int_equal(r.wrong, 5);
    assert_int_equal(check(s, true, &r, &out), OST_OK);
    assert_false(has_node(s, &t.keys[2]));
    assert_false(ost_store_has(s, OST_TABLE_PINS, "pin", 3));
    assert_sound(s);
    ost_buf_release(&out);
    ost_store_close(s);
}

static void pins_and_checkpoints_of_what_is_missing_go(void **state)
{
    ost_store *s = new_store("dangling");
    study t = make_study(s, "run1", "a", 1);
    ost_pin pin = { .artifact = t.artifacts[1] };
    ost_key other = ost_digest_of("other", 5);
    ost_fsck_result r;
    ost_buf out = { 0 };
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_pin_set(s, "images", &pin, &err), &err);
    put(s, OST_TABLE_CHECKPOINTS, other.b, OST_DIGEST_SIZE, other.b,
        OST_DIGEST_SIZE);
    remove_object(s, &t.images[0]);
    assert_int_equal(check(s, false, &r, &out), OST_ECORRUPT);
    assert_int_equal(r.missing, 2);
    assert_int_equal(check(s, true, &r, &out), OST_OK);
    assert_false(ost_store_has(s, OST_TABLE_PINS, "images", 6));
    assert_false(
        ost_store_has(s, OST_TABLE_CHECKPOINTS, other.b, OST_DIGEST_SIZE));
    assert_sound(s);
    ost_buf_release(&out);
    ost_store_close(s);
}

/* Files that a user brought are named, not kept; those a stage made are. */
static void files_outside_the_store_are_not_missed(void **state)
{
    ost_store *s = new_store("outside");
    ost_batch *b = ost_batch_new(s);
    study t = make_study(s, "run1", "a", 1);
    ost_digest absent[STUDY_ITEMS], mixed[STUDY_ITEMS];
    study u = t;
    ost_fsck_result r;
    ost_buf out = { 0 };

    (void)state;
    for (unsigned i = 0; i < STUDY_ITEMS; i++)
        mixed[i] = absent[i] = ost_digest_of(&i, sizeof(i));
    u.artifacts[0] = study_items(b, OST_FILES, absent, 4);
    study_node(b, &u, 1, 77);
    commit(b);
    assert_int_equal(check(s, false, &r, &out), OST_OK);

    mixed[0] = t.images[0];
    u.artifacts[0] = study_items(b, OST_FILES, mixed, 4);
    study_node(b, &u, 0, 78);
    commit(b);
    assert_int_equal(check(s, false, &r, &out), OST_ECORRUPT);
    assert_non_null(strstr(ost_buf_str(&out), "a stage made"));
    assert_int_equal(check(s, true, &r, &out), OST_OK);
    assert_sound(s);
    ost_buf_release(&out);
    ost_batch_free(b);
    ost_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_store_is_sound),
        cmocka_unit_test(leftovers_are_counted_and_fine),
        cmocka_unit_test(a_flipped_bit_is_named_and_quarantined),
        cmocka_unit_test(a_missing_blob_is_named),
        cmocka_unit_test(wrong_small_blobs_are_found_too),
        cmocka_unit_test(undecodable_records_are_removed),
        cmocka_unit_test(pins_and_checkpoints_of_what_is_missing_go),
        cmocka_unit_test(files_outside_the_store_are_not_missed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
