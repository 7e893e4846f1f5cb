/* tests/property/test_store_pages.c - random datasets: what is put comes back,
 * in whatever order it was put, and small changes touch few pages
 */
/* links: base store */
#include "store/artifact.h"
#include "store/item_chain.h"
#include "tests/support/seed.h"
#include "tests/support/store.h"

#include "base/banned.h"

static ost_store *store;

static const char *word(ost_rng *r, ost_arena *arena)
{
    static const char *const letters[] = { "a", "b",  "z",        "#",
                                           "/", "\"", "\xc3\xbc", "7" };
    ost_buf b = { 0 };
    const char *s;

    for (uint64_t n = 1 + ost_rng_below(r, 12); n > 0; n--)
        ost_buf_adds(&b, letters[ost_rng_below(r, 8)]);
    s = ost_arena_strdup(arena, ost_buf_str(&b));
    ost_buf_release(&b);
    return s;
}

static ost_digest some_digest(ost_rng *r)
{
    uint64_t v = ost_rng_u64(r);

    return ost_digest_of(&v, sizeof(v));
}

static ost_field some_field(ost_rng *r, const char *name)
{
    ost_field f = { .name = name,
                    .dtype = (ost_dtype)(1 + ost_rng_below(r, 4)),
                    .ndim = (int)ost_rng_below(r, OST_MAX_DIMS + 1),
                    .blob = some_digest(r) };
    int64_t step = 1;

    for (int d = f.ndim - 1; d >= 0; d--) {
        f.shape[d] = (int64_t)ost_rng_below(r, 9);
        f.stride[d] = step;
        step *= f.shape[d];
    }
    f.offset = ost_rng_below(r, 1000);
    if (ost_rng_below(r, 3) == 0 && f.ndim > 0) {
        f.stride[0] = (int64_t)ost_rng_below(r, 100) - 50;
        f.offset += 1000;
    }
    return f;
}

static const char *const *some_words(ost_rng *r, ost_arena *arena, size_t *n)
{
    const char **list;

    *n = (size_t)ost_rng_below(r, 4);
    list = OST_ARENA_ARRAY(arena, const char *, *n);
    for (size_t i = 0; i < *n; i++)
        list[i] = word(r, arena);
    return list;
}

static ost_item some_item(ost_rng *r, ost_arena *arena)
{
    ost_item item = { .id = word(r, arena), .group = word(r, arena) };

    if (ost_rng_below(r, 2))
        item.group = item.id;
    if (ost_rng_below(r, 2))
        item.exposure = some_digest(r);
    item.labels = some_words(r, arena, &item.n_labels);
    item.parents = some_words(r, arena, &item.n_parents);
    for (uint64_t i = ost_rng_below(r, 4); i > 0; i--)
        ost_item_set_number(arena, &item, word(r, arena), ost_rng_f64(r));
    for (uint64_t i = ost_rng_below(r, 3); i > 0; i--)
        ost_item_set_text(arena, &item, word(r, arena), word(r, arena));
    for (uint64_t i = ost_rng_below(r, 4); i > 0; i--) {
        ost_field f = some_field(r, word(r, arena));

        ost_item_set_field(arena, &item, &f);
    }
    return item;
}

static bool same_words(const char *const *a, size_t n, const char *const *b,
                       size_t m)
{
    for (size_t i = 0; n == m && i < n; i++) {
        if (strcmp(a[i], b[i]) != 0)
            return false;
    }
    return n == m;
}

static bool same_field(const ost_field *a, const ost_field *b)
{
    if (strcmp(a->name, b->name) != 0 || a->dtype != b->dtype ||
        a->ndim != b->ndim || a->offset != b->offset ||
        !ost_digest_equal(&a->blob, &b->blob))
        return false;
    for (int d = 0; d < a->ndim; d++) {
        if (a->shape[d] != b->shape[d] || a->stride[d] != b->stride[d])
            return false;
    }
    return true;
}

static bool same_item(const ost_item *a, const ost_item *b)
{
    if (strcmp(a->id, b->id) != 0 || strcmp(a->group, b->group) != 0 ||
        !ost_digest_equal(&a->exposure, &b->exposure) ||
        a->n_attrs != b->n_attrs || a->n_fields != b->n_fields)
        return false;
    for (size_t i = 0; i < a->n_fields; i++) {
        if (!same_field(&a->fields[i], &b->fields[i]))
            return false;
    }
    for (size_t i = 0; i < a->n_attrs; i++) {
        const ost_attr *x = &a->attrs[i], *y = &b->attrs[i];

        if (strcmp(x->name, y->name) != 0 || x->kind != y->kind ||
            (x->kind == OST_ATTR_TEXT ? strcmp(x->text, y->text) != 0
                                      : x->number != y->number))
            return false;
    }
    return same_words(a->labels, a->n_labels, b->labels, b->n_labels) &&
           same_words(a->parents, a->n_parents, b->parents, b->n_parents);
}

static const char *decoding_inverts_encoding(ost_rng *r)
{
    ost_arena arena = { 0 };
    ost_item item = some_item(r, &arena), back;
    ost_buf out = { 0 }, again = { 0 };
    const char *wrong = NULL;
    ost_reader reader;

    ost_item_encode(&out, &item);
    reader = ost_reader_of(out.data, out.len);
    if (!ost_item_decode(&reader, &arena, &back) || ost_read_left(&reader))
        wrong = "an encoded item does not decode";
    else if (!same_item(&item, &back))
        wrong = "an item is not what was encoded";
    if (!wrong) {
        ost_item_encode(&again, &back);
        if (again.len != out.len || memcmp(again.data, out.data, out.len) != 0)
            wrong = "an item that was decoded encodes differently";
    }
    ost_buf_release(&out);
    ost_buf_release(&again);
    ost_arena_release(&arena);
    return wrong;
}

/* The next of a chain: new, or the last one with a few things changed. */
static ost_item next_item(ost_rng *r, ost_arena *arena, const ost_item *last)
{
    static const double numbers[] = { 0.0, -0.0, 1.5, -7.0, 1e300, 4e15 };
    ost_item other = some_item(r, arena), item = *last;
    ost_field f = some_field(r, "z");

    if (ost_rng_below(r, 4) == 0)
        return other;
    if (ost_rng_below(r, 2))
        item.id = ost_arena_printf(arena, "%s%s", last->id, other.id);
    if (ost_rng_below(r, 3) == 0)
        item.group = ost_rng_below(r, 2) ? item.id : other.group;
    if (ost_rng_below(r, 3) == 0)
        item.exposure = other.exposure;
    if (ost_rng_below(r, 3) == 0) {
        item.parents = other.parents;
        item.n_parents = other.n_parents;
    }
    if (ost_rng_below(r, 3) == 0) {
        item.labels = other.labels;
        item.n_labels = other.n_labels;
    }
    if (ost_rng_below(r, 2) && item.n_attrs > 0)
        ost_item_set_number(arena, &item, item.attrs[0].name,
                            numbers[ost_rng_below(r, 6)]);
    if (ost_rng_below(r, 2))
        ost_item_set_field(arena, &item, &f);
    else if (item.n_fields > 0) {
        f = item.fields[0];
        f.offset += ost_rng_below(r, 100);
        ost_item_set_field(arena, &item, &f);
    }
    return item;
}

/* Items in a chain come out as they went in, whether the writer kept the last
 * one or a copy of it. */
static const char *chains_invert(ost_rng *r)
{
    enum { LONG = 12 };
    ost_arena arena = { 0 };
    ost_item_chain chain = { 0 }, other = { 0 }, back = { 0 };
    ost_buf out = { 0 }, again = { 0 };
    ost_item items[LONG] = { some_item(r, &arena) };
    const char *wrong = NULL;
    ost_reader reader;

    for (int i = 0; i < LONG; i++) {
        if (i > 0)
            items[i] = next_item(r, &arena, &items[i - 1]);
        ost_chain_add(&chain, &out, &items[i]);
        ost_chain_add(&other, &again, &items[i]);
        if (ost_rng_below(r, 2))
            ost_chain_settle(&other);
    }
    if (out.len != again.len || memcmp(out.data, again.data, out.len) != 0)
        wrong = "a copy of the last item is not the last item";
    reader = ost_reader_of(out.data, out.len);
    for (int i = 0; i < LONG && !wrong; i++) {
        ost_item item;

        if (!ost_chain_read(&back, &reader, &arena, &item))
            wrong = "a chain does not decode";
        else if (!same_item(&items[i], &item))
            wrong = "an item of a chain is not what went in";
    }
    if (!wrong && ost_read_left(&reader))
        wrong = "a chain is longer than its items";
    ost_chain_release(&chain);
    ost_chain_release(&other);
    ost_chain_release(&back);
    ost_buf_release(&out);
    ost_buf_release(&again);
    ost_arena_release(&arena);
    return wrong;
}

static bool put(ost_batch *b, const ost_item *items, size_t n, ost_arena *arena,
                ost_digest *d, ost_artifact *a)
{
    ost_err err = { 0 };

    return ost_dataset_put(b, OST_DATASET, "{}", items, n, d, &err) == OST_OK &&
           ost_artifact_get(b, d, arena, a, &err) == OST_OK;
}

static size_t pages_not_in(const ost_artifact *a, const ost_artifact *old)
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

/* Items of distinct ids, some derived; the last is the one to come and go. */
static ost_item *some_dataset(ost_rng *r, ost_arena *arena, size_t n)
{
    ost_item *items = OST_ARENA_ARRAY(arena, ost_item, n);
    uint64_t width = 1 + ost_rng_below(r, 5);

    for (size_t i = 0; i < n; i++) {
        items[i] = some_item(r, arena);
        items[i].id = ost_arena_printf(arena, "%zu/%zu#%zu", i % 7,
                                       i / (size_t)width, i % (size_t)width);
    }
    return items;
}

static const char *one_item_changes_one_page(ost_rng *r)
{
    ost_arena arena = { 0 };
    ost_batch *b = ost_batch_new(store);
    size_t n = 2 + (size_t)ost_rng_below(r, 1500);
    ost_item *items = some_dataset(r, &arena, n);
    ost_artifact with, without, turned;
    ost_digest x, y, z;
    const char *wrong = NULL;

    if (!put(b, items, n, &arena, &x, &with) ||
        !put(b, items, n - 1, &arena, &y, &without))
        wrong = "a dataset was refused";
    else if (pages_not_in(&with, &without) > 2 ||
             pages_not_in(&without, &with) > 2)
        wrong = "one item more changes more than its page";
    for (size_t i = n; i > 1 && !wrong; i--) {
        size_t k = (size_t)ost_rng_below(r, i);
        ost_item swap = items[k];

        items[k] = items[i - 1];
        items[i - 1] = swap;
    }
    if (!wrong &&
        (!put(b, items, n, &arena, &z, &turned) || !ost_digest_equal(&x, &z)))
        wrong = "the order of items is not without effect";
    ost_batch_free(b);
    ost_arena_release(&arena);
    return wrong;
}

static void items_survive(void **state)
{
    (void)state;
    assert_int_equal(each_seed(2000, decoding_inverts_encoding), 0);
}

static void chains_survive(void **state)
{
    (void)state;
    assert_int_equal(each_seed(2000, chains_invert), 0);
}

static void datasets_change_little(void **state)
{
    (void)state;
    store = new_store("s");
    assert_int_equal(each_seed(60, one_item_changes_one_page), 0);
    ost_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_survive),
        cmocka_unit_test(chains_survive),
        cmocka_unit_test(datasets_change_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
