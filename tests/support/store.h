/* tests/support/store.h - a store in a folder of its own, for tests
 *
 * Tests run in an empty folder: a name is enough for a store.
 */
#ifndef OST_TESTS_SUPPORT_STORE_H
#define OST_TESTS_SUPPORT_STORE_H

#include "base/err.h"
#include "base/fs.h"
#include "store/store.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A new, empty store in the folder `name`, whatever was there; never in the
 * checkout, where a program started by hand would remove sources. */
static inline ost_store *new_store(const char *name)
{
    ost_store *s = NULL;
    ost_err err = { 0 };

    if (access("CMakeLists.txt", F_OK) == 0)
        fail_msg("start tests in an empty folder, not among the sources");
    assert_ok(ost_fs_remove_tree(name, &err), &err);
    assert_ok(ost_store_open(name, OST_STORE_CREATE, &s, &err), &err);
    return s;
}

/* A store that is there. */
static inline ost_store *old_store(const char *name)
{
    ost_store *s = NULL;
    ost_err err = { 0 };

    assert_ok(ost_store_open(name, 0, &s, &err), &err);
    return s;
}

static inline void commit(ost_batch *b)
{
    ost_err err = { 0 };

    assert_ok(ost_store_commit(ost_batch_store(b), b, &err), &err);
}

/* `size` bytes that `seed` decides. */
static inline void fill_bytes(unsigned char *p, size_t size, unsigned seed)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;

    for (size_t i = 0; i < size; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        p[i] = (unsigned char)(x >> 56);
    }
}

#endif
