/* tests/unit/test_archive.c - images in archives, good and evil */
/* links: stages store base */
#include "stages/archive.h"
#include "stages/stage.h"
#include "tests/support/archives.h"
#include "tests/support/pictures.h"
#include "tests/support/step.h"

#include <unistd.h>

#include "base/banned.h"

extern const ost_stage ost_stage_ingest;
const ost_stage *const ost_stages[] = { &ost_stage_ingest, NULL };

static void add_png_member(archive_builder *b, const char *path,
                           unsigned char value)
{
    unsigned char pixels[8];
    ost_buf file = { 0 };

    memset(pixels, value, sizeof(pixels));
    make_png(&file, 4, 2, 8, PNG_COLOR_TYPE_GRAY, 0, pixels, 4);
    add_member(b, path, AE_IFREG, file.data, file.len);
    ost_buf_release(&file);
}

/* A step's input with the archive as its only file; frees the bytes. */
static ost_step_input only_file(step_fixture *f, const char *name,
                                ost_buf *bytes)
{
    files_builder b = { .f = f };

    add_file(&b, name, bytes->data, bytes->len);
    ost_buf_release(bytes);
    return finish_files(&b);
}

static void every_kind_of_archive_is_read(void **state)
{
    static const char *const kinds[] = { "zip", "tar", "tar.gzip", "tar.zstd",
                                         "tar.xz" };
    step_fixture *f = *state;
    ost_digest first = { { 0 } };

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        ost_buf bytes = { 0 };
        archive_builder b = begin_archive(&bytes, kinds[k]);
        const ost_item *items, *item;
        ost_step_input in;
        ost_done_msg done;
        ost_digest d;
        size_t n;

        add_member(&b, "set/", AE_IFDIR, NULL, 0);
        add_png_member(&b, "set/hand/1.png", 10);
        add_png_member(&b,
                       "set/h\xc3\xa9"
                       "ad/2.png",
                       20);
        add_member(&b, "./set/notes.txt", AE_IFREG, "hello", 5);
        end_archive(&b);
        in = only_file(f, "data.bin", &bytes);
        done = run_stage(f, "ingest", "{}", &in, 1);
        items = output_items(f, &done, "out", &n);
        assert_int_equal(n, 2);
        item = item_named(items, n,
                          "set/h\xc3\xa9"
                          "ad/2");
        assert_string_equal(ost_item_label(item), "h\xc3\xa9"
                                                  "ad");
        assert_int_equal(field_bytes(f, item, "image", NULL)[0], 20);
        d = output_digest(&done, "out");
        if (k == 0)
            first = d;
        assert_true(ost_digest_equal(&first, &d));
    }
}

static void an_archive_may_hold_a_manifest(void **state)
{
    static const char manifest[] = "path,label,patient\n1.png,a,p1\n";
    step_fixture *f = *state;
    ost_buf bytes = { 0 };
    archive_builder b = begin_archive(&bytes, "tar.gzip");
    const ost_item *items;
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    add_member(&b, "__MACOSX/set/._1.png", AE_IFREG, "mac", 3);
    add_png_member(&b, "set/1.png", 10);
    add_png_member(&b, "set/2.png", 20);
    add_member(&b, "set/manifest.csv", AE_IFREG, manifest, strlen(manifest));
    end_archive(&b);
    in = only_file(f, "data.tar.gz", &bytes);
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 1);
    assert_string_equal(items[0].group, "p1");
    assert_string_equal(ost_item_label(&items[0]), "a");
    assert_null(strstr(done.notes, "no group"));
}

static void several_archives_keep_their_names(void **state)
{
    step_fixture *f = *state;
    files_builder files = { .f = f };
    const ost_item *items;
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    for (int i = 0; i < 2; i++) {
        ost_buf bytes = { 0 };
        archive_builder b = begin_archive(&bytes, "zip");

        add_png_member(&b, "1.png", (unsigned char)i);
        end_archive(&b);
        add_file(&files, i ? "b.zip" : "a.zip", bytes.data, bytes.len);
        ost_buf_release(&bytes);
    }
    in = finish_files(&files);
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 2);
    item_named(items, n, "a/1");
    item_named(items, n, "b/1");
}

/* --- evil ones ---------------------------------------------------------- */

static const struct evil {
    const char *path;
    unsigned type;
    const char *error;
} evil[] = {
    { "../up.png", AE_IFREG,
      "member '../up.png' is refused: its path leads outside" },
    { "a/../../up.png", AE_IFREG,
      "member 'a/../../up.png' is refused: its path leads outside" },
    { "/tmp/abs.png", AE_IFREG,
      "member '/tmp/abs.png' is refused: its path is absolute" },
    { "link.png", AE_IFLNK, "member 'link.png' is refused: it is a link" },
    { "device.png", AE_IFCHR,
      "member 'device.png' is refused: it is no regular file" },
    { "good.png", AE_IFREG, "member 'good.png' is refused: it is there twice" },
};

static ost_step_input evil_archive(step_fixture *f, const char *kind,
                                   const struct evil *e)
{
    ost_buf bytes = { 0 };
    archive_builder b = begin_archive(&bytes, kind);

    add_png_member(&b, "good.png", 1);
    add_member(&b, e->path, e->type, "/etc/passwd", 11);
    end_archive(&b);
    return only_file(f, "evil.bin", &bytes);
}

static void evil_members_are_refused_or_skipped_by_name(void **state)
{
    step_fixture *f = *state;

    for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
        const char *kind =
            i % 2 && evil[i].type == AE_IFREG ? "zip" : "tar.gzip";
        ost_step_input in = evil_archive(f, kind, &evil[i]);
        const ost_item *items;
        ost_done_msg done;
        size_t n;

        done = run_stage(f, "ingest", "{}", &in, 1);
        assert_int_equal(done.rc, OST_EINPUT);
        if (!strstr(done.error, evil[i].error))
            fail_msg("'%s' instead of '%s'", done.error, evil[i].error);
        done = run_stage(f, "ingest", "{\"on_error\":\"skip\"}", &in, 1);
        items = output_items(f, &done, "out", &n);
        assert_int_equal(n, 1);
        assert_string_equal(items[0].id, "good");
        assert_non_null(strstr(done.notes, "skipped '"));
        assert_non_null(strstr(done.notes, evil[i].path));
    }
    assert_int_equal(access("../up.png", F_OK), -1);
    assert_int_equal(access("/tmp/abs.png", F_OK), -1);
}

/* A name that would clear the screen, or begin a line of its own. */
static void names_do_nothing_to_a_terminal(void **state)
{
    step_fixture *f = *state;
    ost_buf bytes = { 0 };
    archive_builder b = begin_archive(&bytes, "tar");
    ost_step_input in;
    ost_done_msg done;

    add_png_member(&b, "good.png", 1);
    add_member(&b, "\x1b[2Jx\nnote: y.png", AE_IFREG, "", 0);
    end_archive(&b);
    in = only_file(f, "evil.bin", &bytes);
    done = run_stage(f, "ingest", "{}", &in, 1);
    assert_non_null(strstr(done.error, "member '\\x1b[2Jx\\x0anote: y.png' is "
                                       "refused: its path leads outside"));
    done = run_stage(f, "ingest", "{\"on_error\":\"skip\"}", &in, 1);
    assert_int_equal(done.rc, OST_OK);
    assert_non_null(strstr(done.notes, "skipped '\\x1b[2Jx\\x0anote: y.png'"));
    assert_null(strchr(done.notes, '\x1b'));
}

static ost_buf bomb(const char *kind, size_t size)
{
    char *zeros = ost_xalloc(size);
    ost_buf bytes = { 0 };
    archive_builder b = begin_archive(&bytes, kind);

    add_member(&b, "bomb.png", AE_IFREG, zeros, size);
    end_archive(&b);
    ost_free(zeros);
    return bytes;
}

static void bombs_are_refused_by_name(void **state)
{
    static const char *const kinds[] = { "zip", "tar.gzip" };
    step_fixture *f = *state;

    for (int k = 0; k < 2; k++) {
        ost_buf bytes = bomb(kinds[k], 32 << 20);
        ost_step_input in;
        ost_done_msg done;

        assert_true(bytes.len < 40000);
        in = only_file(f, "bomb.bin", &bytes);
        done = run_stage(f, "ingest", "{}", &in, 1);
        assert_int_equal(done.rc, OST_EINPUT);
        assert_non_null(strstr(done.error, "'bomb.bin'"));
        assert_non_null(strstr(done.error, "member 'bomb.png': the archive "
                                           "unpacks to more than 200 times"));
    }
}

static void the_absolute_limit_counts_all_members(void **state)
{
    step_fixture *f = *state;
    ost_buf bytes = { 0 };
    archive_builder b = begin_archive(&bytes, "zip");
    ost_step_input in;
    ost_done_msg done;

    add_png_member(&b, "1.png", 10);
    add_png_member(&b, "2.png", 20);
    end_archive(&b);
    in = only_file(f, "data.zip", &bytes);
    done = run_stage(f, "ingest", "{\"max_unpacked\":80}", &in, 1);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_non_null(strstr(done.error, "member '2.png': the archive unpacks to "
                                       "more than 80 bytes"));
}

static void a_broken_member_is_named(void **state)
{
    step_fixture *f = *state;
    ost_buf bytes = { 0 };
    archive_builder b = begin_archive(&bytes, "zip");
    const ost_item *items;
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    add_png_member(&b, "1.png", 10);
    add_member(&b, "2.png", AE_IFREG, "nothing", 7);
    add_member(&b, "3.png", AE_IFREG, "PK\3\4", 4);
    end_archive(&b);
    in = only_file(f, "data.zip", &bytes);
    done = run_stage(f, "ingest", "{}", &in, 1);
    assert_int_equal(done.rc, OST_EUNSUPPORTED);
    assert_non_null(strstr(done.error, "item 'data.zip': member '2.png': the "
                                       "content is neither"));
    done = run_stage(f, "ingest", "{\"on_error\":\"skip\"}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 1);
    assert_string_equal(items[0].id, "1");
    assert_non_null(strstr(done.notes, "skipped '3.png': an archive within"));
}

static bool wants_all(void *user, const char *path)
{
    (void)user;
    (void)path;
    return true;
}

static ost_rc count_bytes(void *user, const char *path, const void *data,
                          size_t size, ost_err *err)
{
    (void)path;
    (void)data;
    (void)err;
    *(size_t *)user += size;
    return OST_OK;
}

/* Every beginning of an archive, and every changed byte, ends with a result. */
static void damaged_archives_do_no_harm(void **state)
{
    static const char *const kinds[] = { "zip", "tar.gzip", "tar" };
    size_t seen = 0;
    const ost_archive_reader reader = {
        .limits = { 1 << 20, 1 << 20, 200, 1 << 20 },
        .wants = wants_all,
        .member = count_bytes,
        .user = &seen,
    };

    (void)state;
    for (int k = 0; k < 3; k++) {
        ost_buf bytes = { 0 };
        archive_builder b = begin_archive(&bytes, kinds[k]);

        add_png_member(&b, "1.png", 10);
        end_archive(&b);
        for (size_t n = 0; n < bytes.len; n += 1 + bytes.len / 500) {
            ost_err err = { 0 };

            if (ost_archive_read(bytes.data, n, &reader, &err))
                assert_true(err.text[0] != 0);
            bytes.data[n] ^= 0x41;
            (void)ost_archive_read(bytes.data, bytes.len, &reader, NULL);
            bytes.data[n] ^= 0x41;
        }
        seen = 0;
        assert_int_equal(ost_archive_read(bytes.data, bytes.len, &reader, NULL),
                         OST_OK);
        assert_true(seen > 50);
        ost_buf_release(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(every_kind_of_archive_is_read),
        step_test(an_archive_may_hold_a_manifest),
        step_test(several_archives_keep_their_names),
        step_test(evil_members_are_refused_or_skipped_by_name),
        step_test(names_do_nothing_to_a_terminal),
        step_test(bombs_are_refused_by_name),
        step_test(the_absolute_limit_counts_all_members),
        step_test(a_broken_member_is_named),
        step_test(damaged_archives_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
