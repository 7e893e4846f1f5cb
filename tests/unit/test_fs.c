/* tests/unit/test_fs.c - files, folders and paths */
/* links: base */
#include "base/alloc.h"
#include "base/fault.h"
#include "base/fs.h"
#include "tests/support/check.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static void write_file(const char *path, const char *text)
{
    ost_err err = { 0 };

    if (ost_fs_write_atomic(path, text, strlen(text), false, &err))
        fail_msg("%s", err.text);
}

static void check_content(const char *path, const char *want)
{
    ost_buf b = { 0 };

    assert_int_equal(ost_fs_read(path, 1 << 20, &b, NULL), OST_OK);
    assert_string_equal(ost_buf_str(&b), want);
    ost_buf_release(&b);
}

static int entries_of(const char *path)
{
    DIR *dir = opendir(path);
    int n = -2; /* . and .. */

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    write_file("a.txt", "old");
    check_content("a.txt", "old");
    write_file("a.txt", "new and longer");
    check_content("a.txt", "new and longer");
    write_file("a.txt", "");
    check_content("a.txt", "");
    assert_int_equal(ost_fs_write_atomic("s.txt", "x", 1, true, NULL), OST_OK);
    check_content("s.txt", "x");
}

static void reading_appends_and_stops_at_the_limit(void **state)
{
    ost_err err = { 0 };
    ost_buf b = { 0 };

    (void)state;
    write_file("five.txt", "12345");
    ost_buf_adds(&b, "> ");
    assert_int_equal(ost_fs_read("five.txt", 5, &b, &err), OST_OK);
    assert_string_equal(ost_buf_str(&b), "> 12345");
    assert_int_equal(ost_fs_read("five.txt", 4, &b, &err), OST_EINPUT);
    assert_string_equal(err.text, "'five.txt' is larger than 4 bytes");
    ost_buf_release(&b);
}

static void files_without_a_size_are_read_whole(void **state)
{
    ost_buf b = { 0 };

    (void)state;
    assert_int_equal(ost_fs_read("/proc/self/status", 1 << 20, &b, NULL),
                     OST_OK);
    assert_true(b.len > 100);
    ost_buf_release(&b);
}

static void missing_files_and_folders_are_told_apart(void **state)
{
    ost_err err = { 0 };
    ost_buf b = { 0 };

    (void)state;
    assert_int_equal(ost_fs_read("none", 9, &b, &err), OST_ENOTFOUND);
    assert_string_equal(err.text,
                        "cannot open 'none': No such file or directory");
    assert_int_equal(ost_fs_read("/", 9, &b, &err), OST_EIO);
    assert_string_equal(err.text, "cannot read '/': Is a directory");
    ost_buf_release(&b);
}

static void
a_write_that_fails_keeps_the_old_file_and_leaves_nothing(void **state)
{
    static const char *const faults[] = { "fs.write:1", "fs.rename:1" };
    static const ost_rc codes[] = { OST_ENOSPC, OST_EIO };

    (void)state;
    assert_int_equal(ost_fs_mkdirs("w", NULL), OST_OK);
    write_file("w/a", "old");
    for (int i = 0; i < 2; i++) {
        ost_err err = { 0 };

        setenv("OSTEON_FAULT", faults[i], 1);
        ost_fault_reload();
        assert_int_equal(ost_fs_write_atomic("w/a", "new", 3, true, &err),
                         codes[i]);
        assert_memory_equal(err.text, "cannot write 'w/a': ", 20);
        check_content("w/a", "old");
        assert_int_equal(entries_of("w"), 1);
    }
    unsetenv("OSTEON_FAULT");
    ost_fault_reload();
}

static void writing_below_a_missing_folder_fails(void **state)
{
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(ost_fs_write_atomic("no/a", "x", 1, false, &err), OST_EIO);
    assert_string_equal(err.text,
                        "cannot create 'no/a': No such file or directory");
}

static void folders_are_made_with_their_parents(void **state)
{
    struct stat st;
    char *here = getcwd(NULL, 0), *below = ost_path_join(here, "m/n");

    (void)state;
    assert_int_equal(ost_fs_mkdirs("p/q//r/", NULL), OST_OK);
    assert_int_equal(stat("p/q/r", &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(ost_fs_mkdirs("p/q/r", NULL), OST_OK);
    assert_int_equal(ost_fs_mkdirs(below, NULL), OST_OK);
    assert_int_equal(stat("m/n", &st), 0);
    ost_free(below);
    ost_free(here);
}

static void a_file_in_the_way_of_a_folder_is_an_error(void **state)
{
    ost_err err = { 0 };

    (void)state;
    write_file("way", "x");
    assert_int_equal(ost_fs_mkdirs("way", &err), OST_EIO);
    assert_string_equal(err.text, "cannot make folder 'way': Not a directory");
    assert_int_equal(ost_fs_mkdirs("way/below", &err), OST_EIO);
    assert_int_equal(ost_fs_mkdirs("", &err), OST_EIO);
}

static void trees_are_removed_but_links_are_not_followed(void **state)
{
    (void)state;
    assert_int_equal(ost_fs_mkdirs("keep", NULL), OST_OK);
    write_file("keep/a", "safe");
    assert_int_equal(ost_fs_mkdirs("tree/a/b/c", NULL), OST_OK);
    write_file("tree/a/b/f", "x");
    assert_int_equal(symlink("../../keep", "tree/a/link"), 0);
    assert_int_equal(symlink("keep", "top"), 0);
    assert_int_equal(ost_fs_remove_tree("tree", NULL), OST_OK);
    assert_int_equal(ost_fs_remove_tree("top", NULL), OST_OK);
    assert_int_equal(access("tree", F_OK), -1);
    assert_int_equal(access("top", F_OK), -1);
    check_content("keep/a", "safe");
    assert_int_equal(ost_fs_remove_tree("tree", NULL), OST_OK);
    assert_int_equal(ost_fs_remove_tree("keep/a", NULL), OST_OK);
}

static void mappings_show_the_file(void **state)
{
    const void *data;
    size_t size;

    (void)state;
    write_file("map", "tibia");
    assert_int_equal(ost_fs_map("map", &data, &size, NULL), OST_OK);
    assert_int_equal(size, 5);
    assert_memory_equal(data, "tibia", 5);
    ost_fs_unmap(data, size);
    write_file("map", "");
    assert_int_equal(ost_fs_map("map", &data, &size, NULL), OST_OK);
    assert_null(data);
    ost_fs_unmap(data, size);
    assert_int_equal(ost_fs_map("none", &data, &size, NULL), OST_ENOTFOUND);
    assert_null(data);
    assert_int_equal(ost_fs_map("/", &data, &size, NULL), OST_EIO);
}

static void check_join(const char *a, const char *b, const char *want)
{
    char *joined = ost_path_join(a, b);

    assert_string_equal(joined, want);
    ost_free(joined);
}

static void check_dir(const char *path, const char *want)
{
    char *dir = ost_path_dir(path);

    assert_string_equal(dir, want);
    ost_free(dir);
}

static void paths_are_joined_and_split(void **state)
{
    (void)state;
    check_join("a", "b/c", "a/b/c");
    check_join("a/", "b", "a/b");
    check_join("/", "b", "/b");
    check_join("a", "/b", "/b");
    check_join("", "b", "b");
    check_dir("a/b/c", "a/b");
    check_dir("a//b", "a");
    check_dir("a", ".");
    check_dir("/a", "/");
    check_dir("//a", "/");
    check_dir("", ".");
    assert_string_equal(ost_path_base("a/b"), "b");
    assert_string_equal(ost_path_base("b"), "b");
    assert_string_equal(ost_path_base("a/"), "");
}

static void only_paths_that_stay_below_are_plain(void **state)
{
    static const char *const plain[] = {
        "a", "a/b.png", "...", "a..b/c", ".hidden", "a b", "\xc3\xa9/x",
    };
    static const char *const odd[] = {
        "",      "/", "/a",  "a/",     "a//b", "..",   "../a",  "a/..",
        "a/./b", ".", "./a", "a/../b", "a\\b", "a\nb", "a\x7f",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        assert_true(ost_path_is_plain(plain[i]));
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        assert_false(ost_path_is_plain(odd[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(reading_appends_and_stops_at_the_limit),
        cmocka_unit_test(files_without_a_size_are_read_whole),
        cmocka_unit_test(missing_files_and_folders_are_told_apart),
        cmocka_unit_test(
            a_write_that_fails_keeps_the_old_file_and_leaves_nothing),
        cmocka_unit_test(writing_below_a_missing_folder_fails),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(a_file_in_the_way_of_a_folder_is_an_error),
        cmocka_unit_test(trees_are_removed_but_links_are_not_followed),
        cmocka_unit_test(mappings_show_the_file),
        cmocka_unit_test(paths_are_joined_and_split),
        cmocka_unit_test(only_paths_that_stay_below_are_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
