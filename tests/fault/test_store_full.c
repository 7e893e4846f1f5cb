/* tests/fault/test_store_full.c - a full disk, and a read-only one
 *
 * Small file systems in memory, which only root can mount: skipped elsewhere.
 */
/* links: base store */
#include "tests/support/store.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum { SIZE = 20000 };

static unsigned char bytes[SIZE];

/* Puts and commits blobs until something fails. */
static ost_rc fill_up(ost_store *s, size_t size, ost_digest *last, ost_err *err)
{
    ost_batch *b = ost_batch_new(s);
    ost_rc rc = OST_OK;

    for (unsigned i = 0; i < 10000 && !rc; i++) {
        ost_digest d;

        fill_bytes(bytes, size, i);
        rc = ost_batch_put_blob(b, bytes, size, &d, err);
        if (!rc)
            rc = ost_store_commit(s, b, err);
        if (!rc)
            *last = d;
    }
    ost_batch_free(b);
    return rc;
}

static void check_full(size_t size)
{
    ost_store *s;
    ost_digest d;
    ost_blob blob;
    ost_err err = { 0 };

    assert_int_equal(mount("none", "disk", "tmpfs", 0, "size=3m"), 0);
    s = new_store("disk/store");
    assert_int_equal(fill_up(s, size, &d, &err), OST_ENOSPC);
    assert_non_null(strstr(err.text, "disk/store"));
    ost_store_close(s);
    s = old_store("disk/store");
    assert_ok(ost_store_blob(s, &d, true, &blob, &err), &err);
    ost_blob_release(&blob);
    ost_store_close(s);
    assert_int_equal(umount("disk"), 0);
}

static void a_full_disk_is_named_and_nothing_is_lost(void **state)
{
    (void)state;
    check_full(SIZE);
    check_full(4000);
}

static void a_read_only_disk_can_be_read(void **state)
{
    ost_store *s;
    ost_digest d;
    ost_blob blob;
    ost_batch *b;
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(mount("none", "disk", "tmpfs", 0, "size=3m"), 0);
    s = new_store("disk/store");
    b = ost_batch_new(s);
    assert_ok(ost_batch_put_blob(b, "x", 1, &d, &err), &err);
    commit(b);
    ost_batch_free(b);
    ost_store_close(s);
    assert_int_equal(mount("none", "disk", "tmpfs", MS_REMOUNT | MS_RDONLY, ""),
                     0);
    assert_int_equal(ost_store_open("disk/store", 0, &s, &err), OST_ESTORE);
    assert_non_null(strstr(err.text, "Read-only"));
    assert_int_equal(ost_store_open("disk/new", OST_STORE_CREATE, &s, &err),
                     OST_ESTORE);
    assert_ok(ost_store_open("disk/store", OST_STORE_READONLY, &s, &err), &err);
    assert_ok(ost_store_blob(s, &d, true, &blob, &err), &err);
    ost_blob_release(&blob);
    ost_store_close(s);
    assert_int_equal(umount("disk"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_is_named_and_nothing_is_lost),
        cmocka_unit_test(a_read_only_disk_can_be_read),
    };

    /* A mount name space of our own, so that nothing stays mounted. */
    if (unshare(CLONE_NEWNS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mkdir("disk", 0777) < 0)
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
