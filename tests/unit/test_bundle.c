/* tests/unit/test_bundle.c - a run travels whole, or not at all */
/* links: base store */
#include "base/alloc.h"
#include "store/bundle.h"
#include "store/fsck.h"
#include "store/libarchive.h"
#include "tests/support/study.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static ost_bundle_result export(ost_store *s, const char *run, const char *path)
{
    ost_bundle_result r;
    ost_err err = { 0 };

    assert_ok(ost_bundle_export(s, run, path, &r, &err), &err);
    return r;
}

static ost_rc import(ost_store *s, const char *path, ost_bundle_result *r,
                     ost_err *err)
{
    return ost_bundle_import(s, path, r, err);
}

static void a_run_travels_to_another_store(void **state)
{
    ost_store *from = new_store("from"), *to = new_store("to");
    study t = make_study(from, "run1", "a", 1);
    ost_fsck_options check = { .repair = false };
    ost_fsck_result checked;
    ost_bundle_result r;
    ost_err err = { 0 };
    ost_blob blob;

    (void)state;
    make_study(from, "run2", "a", 2);
    r = export(from, "run1", "run.tar.zst");
    assert_string_equal(r.run, "run1");
    assert_int_equal(r.nodes, 3);
    assert_int_equal(r.blobs, 13);
    assert_ok(import(to, "run.tar.zst", &r, &err), &err);
    assert_string_equal(r.run, "run1");
    assert_int_equal(r.nodes, 3);
    assert_int_equal(r.blobs, 13);
    assert_int_equal(r.known, 0);
    for (int i = 0; i < STUDY_STEPS; i++) {
        assert_true(ost_store_has_blob(to, &t.artifacts[i]));
        assert_true(
            ost_store_has(to, OST_TABLE_NODES, t.keys[i].b, OST_DIGEST_SIZE));
    }
    assert_true(ost_store_has(to, OST_TABLE_RUNS, "run1", 4));
    assert_false(ost_store_has(to, OST_TABLE_RUNS, "run2", 4));
    assert_ok(ost_store_blob(to, &t.images[2], true, &blob, &err), &err);
    ost_blob_release(&blob);
    assert_ok(ost_fsck(to, &check, &checked, &err), &err);
    assert_int_equal(checked.unreferenced, 0);
    assert_ok(import(to, "run.tar.zst", &r, &err), &err);
    assert_int_equal(r.known, 13);
    ost_store_close(from);
    ost_store_close(to);
}

static void the_same_run_gives_the_same_file(void **state)
{
    ost_store *one = new_store("one"), *two = new_store("two");
    ost_buf x = { 0 }, y = { 0 };
    ost_err err = { 0 };

    (void)state;
    make_study(one, "run1", "a", 1);
    make_study(two, "run0", "a", 5);
    make_study(two, "run1", "a", 1);
    export(one, "run1", "x");
    export(two, "run1", "y");
    assert_ok(ost_fs_read("x", 1 << 30, &x, &err), &err);
    assert_ok(ost_fs_read("y", 1 << 30, &y, &err), &err);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.data, y.data, x.len);
    ost_buf_release(&x);
    ost_buf_release(&y);
    ost_store_close(one);
    ost_store_close(two);
}

static void what_cannot_be_exported_leaves_no_file(void **state)
{
    ost_store *s = new_store("broken");
    study t = make_study(s, "run1", "a", 1);
    char *path = ost_store_object_path(s, &t.images[0]);
    ost_bundle_result r;
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(ost_bundle_export(s, "none", "b", &r, &err),
                     OST_ENOTFOUND);
    assert_non_null(strstr(err.text, "'none'"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(ost_bundle_export(s, "run1", "b", &r, &err), OST_ECORRUPT);
    assert_int_equal(access("b", F_OK), -1);
    assert_int_equal(access("b.part", F_OK), -1);
    ost_free(path);
    ost_store_close(s);
}

static void assert_refused(const char *path, const char *why)
{
    ost_store *s = new_store("refusing");
    ost_bundle_result r;
    ost_err err = { 0 };
    ost_rc rc = import(s, path, &r, &err);
    size_t runs = ost_store_has(s, OST_TABLE_RUNS, "run1", 4);

    assert_int_not_equal(rc, OST_OK);
    if (!strstr(err.text, why))
        fail_msg("'%s' does not say '%s'", err.text, why);
    assert_int_equal(runs, 0);
    ost_store_close(s);
}

static void a_damaged_file_is_refused(void **state)
{
    ost_store *s = new_store("source");
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    make_study(s, "run1", "a", 1);
    export(s, "run1", "good");
    ost_store_close(s);
    assert_ok(ost_fs_read("good", 1 << 30, &file, &err), &err);
    for (size_t n = 0; n < file.len; n += file.len / 7) {
        assert_ok(ost_fs_write_atomic("cut", file.data, n, false, &err), &err);
        assert_refused("cut", "'cut'");
    }
    for (size_t at = file.len / 9; at < file.len; at += file.len / 9) {
        ost_store *t = new_store("flipped");
        ost_bundle_result r;

        file.data[at] ^= 4;
        assert_ok(ost_fs_write_atomic("flip", file.data, file.len, false, &err),
                  &err);
        file.data[at] ^= 4;
        /* What a frame's padding hides is no harm; the rest is refused. */
        if (import(t, "flip", &r, &err))
            assert_false(ost_store_has(t, OST_TABLE_RUNS, "run1", 4));
        ost_store_close(t);
    }
    assert_refused("none", "cannot read 'none'");
    ost_buf_release(&file);
}

/* --- archives that others made ---------------------------------------------
 */

typedef struct member {
    const char *name;
    const void *text;
    mode_t type;
    size_t size; /* 0: that of the text */
} member;

static const char head[] = "osteon bundle format 1\nrun run1\n";

static void write_archive(const char *path, const member *m, size_t n)
{
    const ost_libarchive *lib;
    struct archive *a;
    FILE *f = fopen(path, "we");
    ost_err err = { 0 };

    assert_ok(ost_libarchive_open(&lib, &err), &err);
    a = lib->archive_write_new();
    lib->archive_write_add_filter_zstd(a);
    lib->archive_write_set_format_pax_restricted(a);
    assert_int_equal(lib->archive_write_open_fd(a, fileno(f)), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = lib->archive_entry_new();
        size_t size = m[i].size ? m[i].size : strlen(m[i].text);

        lib->archive_entry_set_pathname(e, m[i].name);
        lib->archive_entry_set_filetype(e, m[i].type ? m[i].type : S_IFREG);
        lib->archive_entry_set_perm(e, 0644);
        lib->archive_entry_set_size(e, (la_int64_t)size);
        lib->archive_write_header(a, e);
        lib->archive_write_data(a, m[i].text, size);
        lib->archive_entry_free(e);
    }
    lib->archive_write_close(a);
    lib->archive_write_free(a);
    fclose(f);
}

static void odd_members_are_refused(void **state)
{
    static const member odd[] = {
        { .name = "../outside", .text = "x" },
        { .name = "/etc/passwd", .text = "x" },
        { .name = "blobs/../../x", .text = "x" },
        { .name = "blobs/ab/cd", .text = "x" },
        { .name = "nodes/a/b", .text = "x" },
        { .name = "runs/../run1", .text = "x" },
        { .name = "runs/other", .text = "x" },
        { .name = "index.lmdb", .text = "x" },
        { .name = "osteon-bundle", .text = head },
        { .name = "nodes/x", .text = "", .type = S_IFLNK },
        { .name = "blobs/", .text = "", .type = S_IFDIR },
        { .name = "blobs/2d/711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258"
                  "717921a4882",
          .text = "x" },
    };
    member m[2] = { { .name = "osteon-bundle", .text = head } };

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        m[1] = odd[i];
        write_archive("odd", m, 2);
        assert_refused("odd", "'odd'");
    }
    assert_int_equal(access("outside", F_OK), -1);
}

static void other_archives_are_refused(void **state)
{
    const member stray[] = { { .name = "image.png", .text = "x" } };
    const member newer[] = { { .name = "osteon-bundle",
                               .text = "osteon bundle format 9\nrun x\n" } };
    const member alone[] = { { .name = "osteon-bundle", .text = head } };

    (void)state;
    write_archive("stray", stray, 1);
    assert_refused("stray", "unexpected member 'image.png'");
    write_archive("newer", newer, 1);
    assert_refused("newer", "newer osteon");
    write_archive("alone", alone, 1);
    assert_refused("alone", "no run");
}

static void a_lack_is_found_before_anything_is_recorded(void **state)
{
    ost_output output = { .port = "out", .artifact = { { 1 } } };
    ost_node_record node = { .components = "stage=x\n",
                             .outputs = &output,
                             .n_outputs = 1 };
    ost_run_record run = { .id = "run1" };
    ost_key key = ost_digest_of("stage=x\n", 8);
    ost_buf n = { 0 }, r = { 0 };
    char hex[OST_DIGEST_HEX], name[80];
    member m[] = { { .name = "osteon-bundle", .text = head },
                   { .name = name },
                   { .name = "runs/run1" } };

    (void)state;
    ost_node_record_encode(&n, &node);
    ost_run_record_encode(&r, &run);
    snprintf(name, sizeof(name), "nodes/%s", ost_digest_hex(&key, hex));
    m[1].text = n.data;
    m[1].size = n.len;
    m[2].text = r.data;
    m[2].size = r.len;
    write_archive("lacking", m, 3);
    assert_refused("lacking", "lacks artifact");
    name[10] = name[10] == 'a' ? 'b' : 'a';
    write_archive("forged", m, 3);
    assert_refused("forged", "not what its key says");
    ost_buf_release(&n);
    ost_buf_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_travels_to_another_store),
        cmocka_unit_test(the_same_run_gives_the_same_file),
        cmocka_unit_test(what_cannot_be_exported_leaves_no_file),
        cmocka_unit_test(a_damaged_file_is_refused),
        cmocka_unit_test(odd_members_are_refused),
        cmocka_unit_test(other_archives_are_refused),
        cmocka_unit_test(a_lack_is_found_before_anything_is_recorded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
