/* tests/unit/test_gc.c - what kept runs need stays, the rest goes */
/* links: base store */
#include "base/alloc.h"
#include "base/fault.h"
#include "store/fsck.h"
#include "store/gc.h"
#include "store/pin.h"
#include "tests/support/study.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

static ost_gc_result collect(ost_store *s, uint32_t keep, bool dry_run)
{
    ost_gc_options options = { .keep_runs = keep, .dry_run = dry_run };
    ost_gc_result result;
    ost_err err = { 0 };

    assert_ok(ost_gc(s, &options, &result, &err), &err);
    return result;
}

static void pin_run(ost_store *s, const char *name, const char *id)
{
    ost_pin pin = { .run = "" };
    ost_err err = { 0 };

    snprintf(pin.run, sizeof(pin.run), "%s", id);
    assert_ok(ost_pin_set(s, name, &pin, &err), &err);
}

static void the_newest_runs_of_each_workflow_are_kept(void **state)
{
    ost_store *s = new_store("newest");
    study old = make_study(s, "run1", "a", 1);
    study middle = make_study(s, "run2", "a", 2);
    study new = make_study(s, "run3", "a", 3);
    study other = make_study(s, "run0", "b", 4);
    ost_gc_result r = collect(s, 2, false);

    (void)state;
    assert_true(study_is_gone(s, &old));
    assert_true(study_is_whole(s, &middle));
    assert_true(study_is_whole(s, &new));
    assert_true(study_is_whole(s, &other));
    assert_int_equal(r.runs_kept, 3);
    assert_int_equal(r.nodes_kept, 9);
    assert_int_equal(r.removed[OST_TABLE_RUNS].records, 1);
    assert_int_equal(r.removed[OST_TABLE_NODES].records, 3);
    assert_int_equal(r.removed[OST_TABLE_MEMOS].records, 3);
    assert_int_equal(r.removed[OST_TABLE_PLANS].records, 4);
    assert_int_equal(r.objects.records, 4);
    assert_int_equal(r.objects.bytes, 4 * STUDY_IMAGE);
    r = collect(s, 2, false);
    assert_int_equal(r.removed[OST_TABLE_BLOBS].records, 0);
    assert_int_equal(r.objects.records, 0);
    ost_store_close(s);
}

static void a_dry_run_counts_the_same_and_removes_nothing(void **state)
{
    ost_store *s = new_store("dry");
    study old = make_study(s, "run1", "a", 1);
    ost_gc_result dry, wet;

    (void)state;
    make_study(s, "run2", "a", 2);
    dry = collect(s, 1, true);
    assert_true(study_is_whole(s, &old));
    wet = collect(s, 1, false);
    assert_true(study_is_gone(s, &old));
    assert_memory_equal(&dry, &wet, sizeof(dry));
    ost_store_close(s);
}

static void pinned_runs_and_artifacts_are_kept(void **state)
{
    ost_store *s = new_store("pinned");
    study one = make_study(s, "run1", "a", 1);
    study two = make_study(s, "run2", "a", 2);
    study three = make_study(s, "run3", "a", 3);
    ost_pin pin = { .artifact = two.artifacts[1] };
    ost_err err = { 0 };

    (void)state;
    pin_run(s, "paper", "run1");
    assert_ok(ost_pin_set(s, "images", &pin, &err), &err);
    collect(s, 0, false);
    assert_true(study_is_whole(s, &one));
    assert_true(ost_store_has_blob(s, &two.artifacts[1]));
    assert_true(ost_store_has_blob(s, &two.images[0]));
    assert_false(ost_store_has_blob(s, &two.weights));
    assert_true(study_is_gone(s, &three));
    assert_ok(ost_pin_remove(s, "paper", &err), &err);
    assert_int_equal(ost_pin_remove(s, "paper", &err), OST_ENOTFOUND);
    collect(s, 0, false);
    assert_true(study_is_gone(s, &one));
    ost_store_close(s);
}

static void what_is_not_there_cannot_be_pinned(void **state)
{
    ost_store *s = new_store("nothing");
    ost_pin run = { .run = "none" }, artifact = { .artifact = { { 1 } } };
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(ost_pin_set(s, "x", &run, &err), OST_ENOTFOUND);
    assert_non_null(strstr(err.text, "'none'"));
    assert_int_equal(ost_pin_set(s, "x", &artifact, &err), OST_ENOTFOUND);
    ost_store_close(s);
}

static void what_runs_share_stays_for_the_one_that_is_kept(void **state)
{
    ost_store *s = new_store("shared");
    study t = make_study(s, "run1", "a", 7);
    ost_gc_result r;

    (void)state;
    make_study(s, "run2", "a", 7);
    r = collect(s, 1, false);
    assert_true(study_is_whole(s, &t));
    assert_int_equal(r.removed[OST_TABLE_RUNS].records, 1);
    assert_int_equal(r.removed[OST_TABLE_NODES].records, 0);
    assert_int_equal(r.removed[OST_TABLE_PLANS].records, 0);
    ost_store_close(s);
}

static void put(ost_store *s, ost_table table, const void *key, size_t n,
                const ost_digest *value)
{
    ost_batch *b = ost_batch_new(s);

    ost_batch_put(b, table, key, n, value->b, OST_DIGEST_SIZE);
    commit(b);
    ost_batch_free(b);
}

static ost_digest put_blob(ost_store *s, unsigned seed)
{
    ost_batch *b = ost_batch_new(s);
    ost_digest d = study_blob(b, STUDY_IMAGE, seed);

    commit(b);
    ost_batch_free(b);
    return d;
}

static void checkpoints_are_kept_until_their_step_is_done(void **state)
{
    ost_store *s = new_store("checkpoints");
    study t = make_study(s, "run1", "a", 1);
    ost_digest open = put_blob(s, 901), done = put_blob(s, 902);
    ost_key other = ost_digest_of("other", 5);

    (void)state;
    put(s, OST_TABLE_CHECKPOINTS, other.b, OST_DIGEST_SIZE, &open);
    put(s, OST_TABLE_CHECKPOINTS, t.keys[2].b, OST_DIGEST_SIZE, &done);
    collect(s, 1, false);
    assert_true(ost_store_has_blob(s, &open));
    assert_false(ost_store_has_blob(s, &done));
    assert_true(
        ost_store_has(s, OST_TABLE_CHECKPOINTS, other.b, OST_DIGEST_SIZE));
    assert_false(
        ost_store_has(s, OST_TABLE_CHECKPOINTS, t.keys[2].b, OST_DIGEST_SIZE));
    ost_store_close(s);
}

static void fingerprints_are_kept_while_their_source_is_there(void **state)
{
    ost_store *s = new_store("sources");
    ost_digest here = put_blob(s, 903), gone = put_blob(s, 904);

    (void)state;
    put(s, OST_TABLE_SOURCES, "/proc", 5, &here);
    put(s, OST_TABLE_SOURCES, "/nowhere/at/all", 15, &gone);
    collect(s, 1, false);
    assert_true(ost_store_has_blob(s, &here));
    assert_false(ost_store_has_blob(s, &gone));
    assert_true(ost_store_has(s, OST_TABLE_SOURCES, "/proc", 5));
    assert_false(ost_store_has(s, OST_TABLE_SOURCES, "/nowhere/at/all", 15));
    ost_store_close(s);
}

static void leftovers_go(void **state)
{
    ost_store *s = new_store("leftovers");
    ost_err err = { 0 };
    ost_gc_result r;

    (void)state;
    assert_ok(ost_fs_write_atomic("leftovers/tmp/1.2.3", "xyz", 3, false, &err),
              &err);
    assert_ok(ost_fs_mkdirs("leftovers/objects/zz", &err), &err);
    assert_ok(
        ost_fs_write_atomic("leftovers/objects/zz/odd", "x", 1, false, &err),
        &err);
    put_blob(s, 1);
    r = collect(s, 1, false);
    assert_int_equal(r.leftovers.records, 1);
    assert_int_equal(r.leftovers.bytes, 3);
    assert_int_equal(r.objects.records, 2);
    assert_int_equal(access("leftovers/tmp/1.2.3", F_OK), -1);
    assert_int_equal(access("leftovers/objects/zz/odd", F_OK), -1);
    ost_store_close(s);
}

static void damage_stops_it_before_anything_is_removed(void **state)
{
    ost_store *s = new_store("damage");
    study old = make_study(s, "run1", "a", 1);
    study new = make_study(s, "run2", "a", 2);
    ost_gc_options options = { .keep_runs = 1 };
    ost_gc_result result;
    char *path = ost_store_object_path(s, &new.images[1]);
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(ost_gc(s, &options, &result, &err), OST_ECORRUPT);
    assert_non_null(strstr(err.text, "fsck --repair"));
    assert_non_null(strstr(err.text, "image of item 'item1'"));
    assert_true(study_is_whole(s, &old));
    ost_free(path);
    ost_store_close(s);
}

static void arm(int n)
{
    char text[32];

    snprintf(text, sizeof(text), "store.commit:%d", n);
    if (n)
        setenv("OSTEON_FAULT", text, 1);
    else
        unsetenv("OSTEON_FAULT");
    ost_fault_reload();
}

static void one_that_fails_midway_leaves_a_whole_store(void **state)
{
    ost_gc_options options = { .keep_runs = 1 };
    ost_fsck_options check = { .repair = false };
    ost_gc_result result;
    ost_fsck_result checked;
    ost_err err = { 0 };
    ost_rc rc = OST_ENOSPC;
    int n;

    (void)state;
    for (n = 1; rc; n++) {
        ost_store *s = new_store("midway");
        study old = make_study(s, "run1", "a", 1);
        study new = make_study(s, "run2", "a", 2);

        arm(n);
        rc = ost_gc(s, &options, &result, &err);
        arm(0);
        assert_true(rc == OST_OK || rc == OST_ENOSPC);
        assert_true(study_is_whole(s, &new));
        assert_ok(ost_fsck(s, &check, &checked, &err), &err);
        collect(s, 1, false);
        assert_true(study_is_gone(s, &old));
        ost_store_close(s);
    }
    assert_true(n > 5); /* a commit per table */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_runs_of_each_workflow_are_kept),
        cmocka_unit_test(a_dry_run_counts_the_same_and_removes_nothing),
        cmocka_unit_test(pinned_runs_and_artifacts_are_kept),
        cmocka_unit_test(what_is_not_there_cannot_be_pinned),
        cmocka_unit_test(what_runs_share_stays_for_the_one_that_is_kept),
        cmocka_unit_test(checkpoints_are_kept_until_their_step_is_done),
        cmocka_unit_test(fingerprints_are_kept_while_their_source_is_there),
        cmocka_unit_test(leftovers_go),
        cmocka_unit_test(damage_stops_it_before_anything_is_removed),
        cmocka_unit_test(one_that_fails_midway_leaves_a_whole_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
