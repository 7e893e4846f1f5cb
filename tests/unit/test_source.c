/* tests/unit/test_source.c - what an input is bound to, as files */
/* links: engine stage_desc store base */
#include "base/alloc.h"
#include "engine/source.h"
#include "store/artifact.h"
#include "tests/support/small_stages.h"
#include "tests/support/store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

static char *here;

static void write_text(const char *path, const char *text)
{
    ost_err err = { 0 };
    char *dir = ost_path_dir(path);

    assert_ok(ost_fs_mkdirs(dir, &err), &err);
    assert_ok(ost_fs_write_atomic(path, text, strlen(text), false, &err), &err);
    ost_free(dir);
}

static ost_source source_of(const char *name)
{
    return (ost_source){ .name = "xrays",
                         .type = OST_FILES,
                         .where = ost_path_join(here, name) };
}

static void source_free(ost_source *s)
{
    ost_free((char *)(uintptr_t)s->where);
}

static ost_rc try_scan(ost_store *s, const ost_source *source, bool rehash,
                       ost_source_state *state, ost_err *err)
{
    ost_batch *b = ost_batch_new(s);
    ost_scan_options o = { .rehash = rehash };
    ost_rc rc = ost_source_scan(b, source, &o, state, err);

    if (!rc)
        commit(b);
    ost_batch_free(b);
    return rc;
}

static ost_source_state scan(ost_store *s, const ost_source *source)
{
    ost_source_state state;
    ost_err err = { 0 };

    assert_ok(try_scan(s, source, false, &state, &err), &err);
    return state;
}

/* Scans until the files are old enough for their times to be trusted. */
static void settle(ost_store *s, const ost_source *source)
{
    bool fresh = true;

    while (fresh) {
        ost_source_state state = scan(s, source);

        fresh = state.fresh;
        ost_source_state_release(&state);
    }
}

static void refuses(const char *name, ost_rc rc, const char *words)
{
    ost_source source = source_of(name);
    ost_store *s = new_store("store");
    ost_source_state state;
    ost_err err = { 0 };

    assert_int_equal(try_scan(s, &source, false, &state, &err), rc);
    if (!strstr(err.text, words))
        fail_msg("'%s' does not say '%s'", err.text, words);
    source_free(&source);
    ost_store_close(s);
}

static ost_item *items_of(ost_store *s, const ost_digest *artifact,
                          ost_arena *arena, size_t *n, const char **meta)
{
    ost_batch *b = ost_batch_new(s);
    ost_item *items = NULL;
    ost_artifact a;
    ost_err err = { 0 };

    assert_ok(ost_artifact_get(b, artifact, arena, &a, &err), &err);
    assert_int_equal(a.type, OST_FILES);
    assert_ok(ost_dataset_items(b, &a, arena, &items, n, &err), &err);
    *meta = a.meta;
    ost_batch_free(b);
    return items;
}

static void a_folder_becomes_items(void **state)
{
    ost_source source = source_of("tree");
    ost_store *s = new_store("store");
    ost_arena arena = { 0 };
    ost_source_state st;
    const ost_field *f;
    const char *meta;
    ost_item *items;
    ost_digest d;
    size_t n;

    (void)state;
    ost_fs_remove_tree("tree", NULL);
    write_text("tree/b/two.png", "22");
    write_text("tree/a.png", "1");
    write_text("tree/.hidden", "no");
    st = scan(s, &source);
    assert_int_equal(st.files, 2);
    assert_int_equal(st.bytes, 3);
    assert_int_equal(st.files_read, 2);
    assert_string_equal(st.root, source.where);
    items = items_of(s, &st.artifact, &arena, &n, &meta);
    assert_int_equal(n, 2);
    assert_string_equal(meta, "{}");
    assert_string_equal(items[0].id, "a.png");
    assert_string_equal(items[1].id, "b/two.png");
    assert_string_equal(items[1].group, "b/two.png");
    f = ost_item_field(&items[1], "bytes");
    assert_int_equal(f->shape[0], 2);
    d = ost_digest_of("22", 2);
    assert_true(ost_digest_equal(&f->blob, &d));
    ost_arena_release(&arena);
    ost_source_state_release(&st);
    source_free(&source);
    ost_store_close(s);
}

static void the_same_files_elsewhere_are_the_same(void **state)
{
    ost_source one = source_of("one"), two = source_of("deep/two");
    ost_store *s = new_store("store");
    ost_source_state a, b;

    (void)state;
    write_text("one/x/1", "first");
    write_text("one/2", "second");
    write_text("deep/two/2", "second");
    write_text("deep/two/x/1", "first");
    a = scan(s, &one);
    b = scan(s, &two);
    assert_true(ost_digest_equal(&a.artifact, &b.artifact));
    assert_false(ost_digest_equal(&a.fingerprint, &b.fingerprint));
    ost_source_state_release(&a);
    ost_source_state_release(&b);
    source_free(&one);
    source_free(&two);
    ost_store_close(s);
}

static void only_what_changed_is_read(void **state)
{
    ost_source source = source_of("grown");
    ost_store *s = new_store("store");
    ost_source_state a, b;

    (void)state;
    write_text("grown/1", "one");
    write_text("grown/2", "two");
    settle(s, &source);
    a = scan(s, &source);
    assert_int_equal(a.files_read, 0);
    assert_int_equal(a.bytes, 6);
    write_text("grown/3", "three");
    write_text("grown/1", "uno");
    b = scan(s, &source);
    assert_int_equal(b.files_read, 2);
    assert_false(ost_digest_equal(&a.artifact, &b.artifact));
    ost_source_state_release(&b);
    settle(s, &source);
    b = scan(s, &source);
    assert_int_equal(b.files_read, 0);
    ost_source_state_release(&a);
    ost_source_state_release(&b);
    source_free(&source);
    ost_store_close(s);
}

/* A file that is as young as the clock is coarse is read again, since it can
 * change without a trace. */
static void a_young_file_is_read_again(void **state)
{
    ost_source source = source_of("young");
    ost_store *s = new_store("store");
    ost_source_state a, b;

    (void)state;
    for (;;) {
        write_text("young/1", "one");
        a = scan(s, &source);
        if (a.fresh)
            break;
        ost_source_state_release(&a);
    }
    b = scan(s, &source);
    assert_int_equal(b.files_read, 1);
    ost_source_state_release(&a);
    ost_source_state_release(&b);
    source_free(&source);
    ost_store_close(s);
}

/* Same name, size and modification time: the inode and ctime tell. */
static void a_forged_time_does_not_hide_a_change(void **state)
{
    ost_source source = source_of("forged");
    ost_store *s = new_store("store");
    struct timespec times[2];
    ost_source_state a, b;
    struct stat st;

    (void)state;
    write_text("forged/1", "one");
    settle(s, &source);
    a = scan(s, &source);
    assert_int_equal(stat("forged/1", &st), 0);
    write_text("forged/1", "eno");
    times[0] = st.st_atim;
    times[1] = st.st_mtim;
    assert_int_equal(utimensat(AT_FDCWD, "forged/1", times, 0), 0);
    b = scan(s, &source);
    assert_false(ost_digest_equal(&a.artifact, &b.artifact));
    ost_source_state_release(&a);
    ost_source_state_release(&b);
    source_free(&source);
    ost_store_close(s);
}

static void rehash_reads_everything(void **state)
{
    ost_source source = source_of("again");
    ost_store *s = new_store("store");
    ost_source_state st;
    ost_err err = { 0 };

    (void)state;
    write_text("again/1", "one");
    settle(s, &source);
    assert_ok(try_scan(s, &source, true, &st, &err), &err);
    assert_int_equal(st.files_read, 1);
    ost_source_state_release(&st);
    source_free(&source);
    ost_store_close(s);
}

static void look_is_the_fingerprint_of_scan(void **state)
{
    ost_source source = source_of("looked");
    ost_store *s = new_store("store");
    ost_source_state st;
    ost_digest now;
    ost_err err = { 0 };

    (void)state;
    write_text("looked/1", "one");
    st = scan(s, &source);
    assert_ok(ost_source_look(s, &source, NULL, &now, &err), &err);
    assert_true(ost_digest_equal(&now, &st.fingerprint));
    write_text("looked/2", "two");
    assert_ok(ost_source_look(s, &source, NULL, &now, &err), &err);
    assert_false(ost_digest_equal(&now, &st.fingerprint));
    ost_source_state_release(&st);
    source_free(&source);
    ost_store_close(s);
}

static void verify_says(ost_store *s, const ost_source *source,
                        const ost_source_state *st, const char *words)
{
    ost_err err = { 0 };

    assert_int_equal(ost_source_verify(s, source, st, &err), OST_ECHANGED);
    if (!strstr(err.text, words))
        fail_msg("'%s' does not say '%s'", err.text, words);
}

static void verify_names_the_change(void **state)
{
    ost_source source = source_of("verified");
    ost_store *s = new_store("store");
    ost_source_state st;
    ost_err err = { 0 };

    (void)state;
    ost_fs_remove_tree("verified", NULL);
    write_text("verified/b", "one");
    write_text("verified/d", "two");
    st = scan(s, &source);
    assert_ok(ost_source_verify(s, &source, &st, &err), &err);
    write_text("verified/c", "new");
    verify_says(s, &source, &st, "verified/c' was added while it was used");
    unlink("verified/c");
    write_text("verified/d", "other");
    verify_says(s, &source, &st, "verified/d' changed while it was used");
    unlink("verified/b");
    verify_says(s, &source, &st, "verified/b' was removed while it was used");
    ost_fs_remove_tree("verified", NULL);
    verify_says(s, &source, &st, "cannot find");
    ost_source_state_release(&st);
    source_free(&source);
    ost_store_close(s);
}

/* --- manifests ------------------------------------------------------------ */

static void a_manifest_lists_its_files(void **state)
{
    ost_source source = source_of("study/list.csv");
    ost_store *s = new_store("store");
    ost_arena arena = { 0 };
    ost_source_state st;
    const char *meta;
    ost_item *items;
    size_t n;

    (void)state;
    write_text("study/img/1.png", "1");
    write_text("study/img/2.png", "2");
    write_text("study/not listed.png", "3");
    write_text("study/list.csv",
               "label,file\nx,img/2.png\ny,./img/1.png\nz,img/2.png\n");
    st = scan(s, &source);
    items = items_of(s, &st.artifact, &arena, &n, &meta);
    assert_string_equal(meta, "{\"manifest\":\"list.csv\"}");
    assert_int_equal(n, 3);
    assert_string_equal(items[0].id, "img/1.png");
    assert_string_equal(items[2].id, "list.csv");
    ost_arena_release(&arena);
    ost_source_state_release(&st);
    source_free(&source);
    ost_store_close(s);
}

/* Masks and annotations lie in columns of their own. */
static void other_columns_of_a_manifest_name_files_too(void **state)
{
    ost_source source = source_of("marked/list.csv");
    ost_store *s = new_store("store");
    ost_arena arena = { 0 };
    ost_source_state st;
    const char *meta;
    ost_item *items;
    size_t n;

    (void)state;
    write_text("marked/1.png", "1");
    write_text("marked/2.png", "2");
    write_text("marked/m/2.png", "3");
    write_text("marked/x.json", "{}");
    write_text("marked/list.csv", "file,mask,note,age\n1.png,,x.json,3\n"
                                  "2.png,m/2.png,gone.json,1.png\n");
    st = scan(s, &source);
    items = items_of(s, &st.artifact, &arena, &n, &meta);
    assert_int_equal(n, 5);
    assert_string_equal(items[3].id, "m/2.png");
    assert_string_equal(items[4].id, "x.json");
    ost_arena_release(&arena);
    ost_source_state_release(&st);
    source_free(&source);
    ost_store_close(s);
}

/* A table whose cells are not files is a file like any other. */
static void a_table_is_no_manifest(void **state)
{
    ost_source source = source_of("table/scores.csv");
    ost_store *s = new_store("store");
    ost_arena arena = { 0 };
    ost_source_state st;
    const char *meta;
    ost_item *items;
    size_t n;

    (void)state;
    write_text("table/scores.csv", "id,label,score\na,x,0.5\n");
    write_text("table/other", "");
    st = scan(s, &source);
    items = items_of(s, &st.artifact, &arena, &n, &meta);
    assert_string_equal(meta, "{}");
    assert_int_equal(n, 1);
    assert_string_equal(items[0].id, "scores.csv");
    ost_arena_release(&arena);
    ost_source_state_release(&st);
    source_free(&source);
    ost_store_close(s);
}

static void manifests_stay_in_their_folder(void **state)
{
    (void)state;
    write_text("secret", "pixels of another study");
    write_text("walls/1.png", "1");
    write_text("walls/up.csv", "path\n../secret\n");
    refuses("walls/up.csv", OST_EINPUT,
            "up.csv:2: '../secret' is not a path below the manifest's folder");
    write_text("walls/abs.csv", "path\n1.png\n/etc/passwd\n");
    refuses("walls/abs.csv", OST_EINPUT, "abs.csv:3: '/etc/passwd' is not");
    assert_int_equal(symlink("../secret", "walls/link.png"), 0);
    write_text("walls/link.csv", "path\nlink.png\n");
    refuses("walls/link.csv", OST_EINPUT,
            "link.csv:2: 'link.png' leads out of the manifest's folder");
    write_text("walls/side.csv", "path,mask\n1.png,link.png\n");
    refuses("walls/side.csv", OST_EINPUT,
            "side.csv:2: 'link.png' leads out of the manifest's folder");
    write_text("walls/gone.csv", "path\n1.png\nnope.png\n");
    refuses("walls/gone.csv", OST_EINPUT, "gone.csv:3: file 'nope.png'");
    write_text("walls/dir.csv", "path\nsub\n");
    ost_fs_mkdirs("walls/sub", NULL);
    refuses("walls/dir.csv", OST_EINPUT, "dir.csv:2: 'sub' is not a file");
}

/* --- odd folders ---------------------------------------------------------- */

static void links_are_followed_but_not_in_circles(void **state)
{
    ost_source source = source_of("linked");
    ost_store *s = new_store("store");
    ost_source_state st;

    (void)state;
    write_text("elsewhere/deep/1", "one");
    ost_fs_mkdirs("linked", NULL);
    assert_int_equal(symlink("../elsewhere", "linked/there"), 0);
    st = scan(s, &source);
    assert_int_equal(st.files, 1);
    ost_source_state_release(&st);
    source_free(&source);
    ost_store_close(s);
    assert_int_equal(symlink("..", "elsewhere/deep/up"), 0);
    refuses("elsewhere", OST_EINPUT, "deep/up' leads back to itself");
}

static void odd_places(void **state)
{
    (void)state;
    refuses("nowhere", OST_EINPUT, "input 'xrays': cannot find '");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    refuses("pipe", OST_EINPUT, "is neither a file nor a folder");
    write_text("odd/back\\slash", "x");
    refuses("odd", OST_EINPUT, "cannot be an item id");
    write_text("bells/\a\n\xff", "x");
    refuses("bells", OST_EINPUT, "'\\x07\\x0a\\xff' in '");
}

static void a_pin_is_kept(void **state)
{
    ost_source source = source_of("pinned.zip");
    ost_store *s = new_store("store");
    char hex[OST_DIGEST_HEX];
    ost_source_state st;
    ost_err err = { 0 };
    ost_digest d;

    (void)state;
    write_text("pinned.zip", "archive");
    d = ost_digest_of("archive", 7);
    source.sha256 = ost_digest_hex(&d, hex);
    st = scan(s, &source);
    assert_int_equal(st.files, 1);
    ost_source_state_release(&st);
    write_text("pinned.zip", "another");
    assert_int_equal(try_scan(s, &source, false, &st, &err), OST_EINPUT);
    assert_non_null(strstr(err.text, "not "));
    assert_non_null(strstr(err.text, hex));
    source_free(&source);
    ost_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_becomes_items),
        cmocka_unit_test(the_same_files_elsewhere_are_the_same),
        cmocka_unit_test(only_what_changed_is_read),
        cmocka_unit_test(a_young_file_is_read_again),
        cmocka_unit_test(a_forged_time_does_not_hide_a_change),
        cmocka_unit_test(rehash_reads_everything),
        cmocka_unit_test(look_is_the_fingerprint_of_scan),
        cmocka_unit_test(verify_names_the_change),
        cmocka_unit_test(a_manifest_lists_its_files),
        cmocka_unit_test(other_columns_of_a_manifest_name_files_too),
        cmocka_unit_test(a_table_is_no_manifest),
        cmocka_unit_test(manifests_stay_in_their_folder),
        cmocka_unit_test(links_are_followed_but_not_in_circles),
        cmocka_unit_test(odd_places),
        cmocka_unit_test(a_pin_is_kept),
    };
    int failed;

    here = realpath(".", NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(here);
    return failed;
}
