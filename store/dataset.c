/* store/dataset.c - sequences of items, page by page */
#include "base/alloc.h"
#include "store/artifact.h"
#include "store/item_chain.h"
#include "store/item_codec.h"
#include "store/item_writer.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
    PAGE_WHOLE = 1, /* items written whole, as earlier versions did */
    ITEM_LEAST = 4, /* bytes of the smallest item */
};

/* --- pages --------------------------------------------------------------- */

bool ost_page_decode(const void *data, size_t size, ost_arena *arena,
                     ost_item *items, size_t n)
{
    ost_reader r = ost_reader_of(data, size);
    uint8_t version = ost_read_u8(&r);
    ost_item_chain chain = { 0 };

    if ((version != OST_PAGE_VERSION && version != PAGE_WHOLE) ||
        ost_read_varint(&r) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (version == PAGE_WHOLE
                ? !ost_item_decode_in_place(&r, arena, &items[i])
                : !ost_chain_read(&chain, &r, arena, &items[i]))
            return false;
    }
    return !r.bad && ost_read_left(&r) == 0;
}

/* --- reading ------------------------------------------------------------- */

static ost_rc read_page(ost_batch *b, const ost_ref *ref, ost_arena *arena,
                        ost_item *items, ost_err *err)
{
    char hex[OST_DIGEST_HEX];
    const void *copy;
    ost_blob blob;
    ost_rc rc = ost_batch_blob(b, &ref->digest, &blob, err);

    if (rc)
        return rc;
    copy = ost_arena_copy(arena, blob.data, blob.size);
    if (!ost_page_decode(copy, blob.size, arena, items, (size_t)ref->items))
        rc = ost_fail(err, OST_ECORRUPT, "blob %s is not a page of %zu items",
                      ost_digest_hex(&ref->digest, hex), (size_t)ref->items);
    ost_blob_release(&blob);
    return rc;
}

static ost_rc check_page(const ost_ref *ref, ost_err *err)
{
    if (ref->name[0] || ref->items > ref->size / ITEM_LEAST)
        return ost_fail(err, OST_ECORRUPT, "damaged list of pages");
    return OST_OK;
}

ost_rc ost_dataset_page(ost_batch *b, const ost_artifact *a, size_t i,
                        ost_arena *arena, ost_item **items, size_t *n,
                        ost_err *err)
{
    const ost_ref *ref = &a->refs[i];
    ost_rc rc = check_page(ref, err);

    if (rc)
        return rc;
    *n = (size_t)ref->items;
    *items = OST_ARENA_ARRAY(arena, ost_item, *n);
    return read_page(b, ref, arena, *items, err);
}

ost_rc ost_dataset_items(ost_batch *b, const ost_artifact *a, ost_arena *arena,
                         ost_item **items, size_t *n, ost_err *err)
{
    size_t total = 0;
    ost_rc rc = OST_OK;

    *n = 0;
    for (size_t i = 0; !rc && i < a->n_refs; i++) {
        rc = check_page(&a->refs[i], err);
        *n += (size_t)a->refs[i].items;
    }
    if (rc)
        return rc;
    *items = OST_ARENA_ARRAY(arena, ost_item, *n);
    for (size_t i = 0; !rc && i < a->n_refs; i++) {
        rc = read_page(b, &a->refs[i], arena, *items + total, err);
        total += (size_t)a->refs[i].items;
    }
    return rc;
}

/* --- writing ------------------------------------------------------------- */

static int compare_items(const void *a, const void *b)
{
    return ost_id_compare((*(const ost_item *const *)a)->id,
                          (*(const ost_item *const *)b)->id);
}

static ost_rc sort_items(const ost_item **list, size_t n, ost_err *err)
{
    bool sorted = true;

    for (size_t i = 1; i < n && sorted; i++)
        sorted = compare_items(&list[i - 1], &list[i]) < 0;
    if (sorted)
        return OST_OK;
    qsort(list, n, sizeof(void *), compare_items);
    for (size_t i = 1; i < n; i++) {
        if (compare_items(&list[i - 1], &list[i]) == 0)
            return ost_fail(err, OST_EINPUT, "item id '%s' is there twice",
                            list[i]->id);
    }
    return OST_OK;
}

ost_rc ost_dataset_put(ost_batch *b, ost_artifact_type type, const char *meta,
                       const ost_item *items, size_t n, ost_digest *digest,
                       ost_err *err)
{
    const ost_item **list = ost_try_alloc(n + 1, sizeof(void *));
    ost_item_writer w = { 0 };
    ost_rc rc = OST_OK;

    if (!list)
        return ost_fail(err, OST_ENOMEM, "no memory for %zu items", n);
    for (size_t i = 0; i < n && !rc; i++) {
        list[i] = &items[i];
        rc = ost_item_check(&items[i], err);
    }
    if (!rc)
        rc = sort_items(list, n, err);
    for (size_t i = 0; i < n && !rc; i++)
        rc = ost_writer_add(&w, list[i], err);
    if (!rc)
        rc = ost_writer_put(&w, b, type, meta, digest, err);
    ost_writer_release(&w);
    ost_free(list);
    return rc;
}
