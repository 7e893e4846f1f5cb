/* tests/support/fixture.h - a store, a batch and an arena for each test
 *
 * `setup` and `teardown` go with cmocka_unit_test_setup_teardown().
 */
#ifndef OST_TESTS_SUPPORT_FIXTURE_H
#define OST_TESTS_SUPPORT_FIXTURE_H

#include "base/alloc.h"
#include "base/arena.h"
#include "tests/support/store.h"

typedef struct fixture {
    ost_store *store;
    ost_batch *batch;
    ost_arena arena;
} fixture;

static inline int setup(void **state)
{
    fixture *f = ost_xalloc(sizeof(*f));

    f->store = new_store("store");
    f->batch = ost_batch_new(f->store);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    fixture *f = *state;

    ost_batch_free(f->batch);
    ost_store_close(f->store);
    ost_arena_release(&f->arena);
    ost_free(f);
    return 0;
}

#endif
