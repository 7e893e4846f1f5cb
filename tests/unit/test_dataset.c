/* tests/unit/test_dataset.c - sequences of items: order, pages, faults */
/* links: base store */
#include "base/alloc.h"
#include "store/artifact.h"
#include "tests/support/store.h"

#include <stdlib.h>

#include "base/banned.h"

enum { MANY = 20000 };

/* Items "p00000" ...; with `derived`, three more of each: "p00000#0" ... */
static ost_item *make_items(ost_arena *arena, size_t n, bool derived)
{
    ost_item *items = OST_ARENA_ARRAY(arena, ost_item, n);

    for (size_t i = 0; i < n; i++) {
        size_t root = derived ? i / 4 : i;
        ost_field f = { .name = "image", .dtype = OST_U8, .ndim = 2 };

        items[i].id = derived && i % 4
                          ? ost_arena_printf(arena, "p%05zu#%zu", root, i % 4)
                          : ost_arena_printf(arena, "p%05zu", root);
        items[i].group = ost_arena_printf(arena, "g%zu", root / 3);
        f.shape[0] = f.shape[1] = f.stride[0] = 64;
        f.stride[1] = 1;
        f.blob = ost_digest_of(items[i].id, strlen(items[i].id));
        ost_item_set_field(arena, &items[i], &f);
    }
    return items;
}

static ost_artifact put_items(ost_batch *b, ost_arena *arena,
                              const ost_item *items, size_t n, ost_digest *d)
{
    ost_artifact a;
    ost_err err = { 0 };

    assert_ok(ost_dataset_put(b, OST_DATASET, "{}", items, n, d, &err), &err);
    assert_ok(ost_artifact_get(b, d, arena, &a, &err), &err);
    return a;
}

static void items_come_back_in_id_order(void **state)
{
    ost_store *s = new_store("order");
    ost_batch *b = ost_batch_new(s);
    ost_arena arena = { 0 };
    ost_item *items = make_items(&arena, 500, true), *back;
    ost_artifact a;
    ost_digest d, again;
    ost_err err = { 0 };
    size_t n;

    (void)state;
    a = put_items(b, &arena, items, 500, &d);
    for (size_t i = 0; i < 250; i++) {
        ost_item swap = items[i];

        items[i] = items[499 - i];
        items[499 - i] = swap;
    }
    put_items(b, &arena, items, 500, &again);
    assert_true(ost_digest_equal(&d, &again));
    commit(b);
    assert_ok(ost_dataset_items(b, &a, &arena, &back, &n, &err), &err);
    assert_int_equal(n, 500);
    assert_int_equal(a.n_items, 500);
    for (size_t i = 1; i < n; i++)
        assert_true(ost_id_compare(back[i - 1].id, back[i].id) < 0);
    assert_string_equal(back[5].id, "p00001#1");
    assert_int_equal(back[5].fields[0].shape[0], 64);
    ost_arena_release(&arena);
    ost_batch_free(b);
    ost_store_close(s);
}

static void pages_together_are_the_whole(void **state)
{
    ost_store *s = new_store("pages");
    ost_batch *b = ost_batch_new(s);
    ost_arena arena = { 0 };
    ost_item *all, *page;
    ost_artifact a;
    ost_digest d;
    ost_err err = { 0 };
    size_t n, m, seen = 0;

    (void)state;
    a = put_items(b, &arena, make_items(&arena, 4000, true), 4000, &d);
    assert_true(a.n_refs > 5);
    assert_ok(ost_dataset_items(b, &a, &arena, &all, &n, &err), &err);
    for (size_t i = 0; i < a.n_refs; i++) {
        assert_ok(ost_dataset_page(b, &a, i, &arena, &page, &m, &err), &err);
        assert_true(m > 0);
        for (size_t k = 0; k < m; k++)
            assert_string_equal(page[k].id, all[seen++].id);
        /* What was derived from one item stays on one page. */
        if (seen < n)
            assert_null(strchr(all[seen].id, '#'));
    }
    assert_int_equal(seen, n);
    ost_arena_release(&arena);
    ost_batch_free(b);
    ost_store_close(s);
}

static void an_empty_dataset_has_no_pages(void **state)
{
    ost_store *s = new_store("empty");
    ost_batch *b = ost_batch_new(s);
    ost_arena arena = { 0 };
    ost_item *items;
    ost_artifact a;
    ost_digest d;
    ost_err err = { 0 };
    size_t n = 9;

    (void)state;
    a = put_items(b, &arena, NULL, 0, &d);
    assert_int_equal(a.n_refs, 0);
    assert_ok(ost_dataset_items(b, &a, &arena, &items, &n, &err), &err);
    assert_int_equal(n, 0);
    ost_arena_release(&arena);
    ost_batch_free(b);
    ost_store_close(s);
}

static void faulty_items_are_named(void **state)
{
    ost_store *s = new_store("faulty");
    ost_batch *b = ost_batch_new(s);
    ost_item twice[] = { { .id = "x", .group = "g" },
                         { .id = "y", .group = "g" },
                         { .id = "x", .group = "h" } };
    ost_item no_id = { .id = "", .group = "g" };
    ost_item no_group = { .id = "lonely", .group = "" };
    ost_item latin = { .id = "caf\xe9", .group = "g" };
    ost_err err = { 0 };
    ost_digest d;

    (void)state;
    assert_int_equal(ost_dataset_put(b, OST_DATASET, "{}", twice, 3, &d, &err),
                     OST_EINPUT);
    assert_non_null(strstr(err.text, "'x' is there twice"));
    assert_int_equal(ost_dataset_put(b, OST_DATASET, "{}", &no_id, 1, &d, &err),
                     OST_EINPUT);
    assert_int_equal(
        ost_dataset_put(b, OST_DATASET, "{}", &no_group, 1, &d, &err),
        OST_EINPUT);
    assert_non_null(strstr(err.text, "'lonely'"));
    assert_int_equal(ost_dataset_put(b, OST_DATASET, "{}", &latin, 1, &d, &err),
                     OST_EINPUT);
    ost_batch_free(b);
    ost_store_close(s);
}

/* How many pages of `a` are not among those of `old`. */
static size_t new_pages(const ost_artifact *a, const ost_artifact *old)
{
    size_t count = 0;

    for (size_t i = 0; i < a->n_refs; i++) {
        bool met = false;

        for (size_t k = 0; k < old->n_refs && !met; k++)
            met = ost_digest_equal(&a->refs[i].digest, &old->refs[k].digest);
        count += !met;
    }
    return count;
}

static void an_inserted_item_changes_one_page(void **state)
{
    ost_store *s = new_store("insert");
    ost_batch *b = ost_batch_new(s);
    ost_arena arena = { 0 };
    ost_item *items = make_items(&arena, MANY + 1, false);
    ost_artifact before, after;
    ost_digest d;

    (void)state;
    items[MANY].id = "p00777x";
    before = put_items(b, &arena, items, MANY, &d);
    assert_true(before.n_refs > MANY / 64 / 2);
    assert_true(before.n_refs < MANY / 64 * 2);
    commit(b);
    after = put_items(b, &arena, items, MANY + 1, &d);
    /* Two when the new id happens to be a boundary itself. */
    assert_true(new_pages(&after, &before) <= 2);
    assert_true(new_pages(&before, &after) == 1);
    /* The pages, and the list of pages. */
    assert_true(ost_batch_count(b) <= 3);
    ost_arena_release(&arena);
    ost_batch_free(b);
    ost_store_close(s);
}

/* Earlier versions wrote the items of a page whole. */
static void pages_of_whole_items_are_read(void **state)
{
    ost_store *s = new_store("whole");
    ost_batch *b = ost_batch_new(s);
    ost_item one = { .id = "a", .group = "p" },
             two = { .id = "b", .group = "b" };
    ost_ref ref = { .name = "", .items = 2 };
    ost_artifact a = { .type = OST_DATASET,
                       .meta = "{}",
                       .n_items = 2,
                       .refs = &ref,
                       .n_refs = 1 };
    ost_arena arena = { 0 };
    ost_buf page = { 0 };
    ost_item *items;
    ost_err err = { 0 };
    size_t n;

    (void)state;
    ost_buf_u8(&page, 1);
    ost_buf_varint(&page, 2);
    ost_item_encode(&page, &one);
    ost_item_encode(&page, &two);
    ref.size = page.len;
    assert_ok(ost_batch_put_blob(b, page.data, page.len, &ref.digest, &err),
              &err);
    assert_ok(ost_dataset_items(b, &a, &arena, &items, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_string_equal(items[0].group, "p");
    assert_string_equal(items[1].group, "b");
    ost_buf_release(&page);
    ost_arena_release(&arena);
    ost_batch_free(b);
    ost_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_back_in_id_order),
        cmocka_unit_test(pages_together_are_the_whole),
        cmocka_unit_test(an_empty_dataset_has_no_pages),
        cmocka_unit_test(faulty_items_are_named),
        cmocka_unit_test(pages_of_whole_items_are_read),
        cmocka_unit_test(an_inserted_item_changes_one_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
