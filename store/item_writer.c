/* store/item_writer.c - a dataset in the making
 *
 * Where a page ends depends on the ids around it alone (see artifact.h), so
 * that a page of an earlier version of a dataset is met again byte for byte.
 */
#include "store/item_writer.h"

#include "base/text.h"
#include "base/vec.h"
#include "store/item_codec.h"

#include <string.h>

#include "base/banned.h"

enum { PAGE_MASK = 63 /* a boundary for one root id in 64 */ };

/* FNV-1a, then the finalizer of MurmurHash3, since the low bits of FNV alone
 * are uneven for ids that differ in their last digits. */
static uint64_t hash_root(const char *id, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)id[i]) * 0x100000001b3u;
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

static bool ends_page(const char *id, const char *next)
{
    size_t n = strcspn(id, "#");

    if ((hash_root(id, n) & PAGE_MASK) != 0)
        return false;
    return n != strcspn(next, "#") || memcmp(id, next, n) != 0;
}

ost_rc ost_item_check(const ost_item *item, ost_err *err)
{
    if (!item->id || !item->id[0])
        return ost_fail(err, OST_EINPUT, "an item has an empty id");
    if (!ost_utf8_valid(item->id, strlen(item->id)))
        return ost_fail(err, OST_EINPUT, "item id '%s' is not UTF-8", item->id);
    if (!item->group || !item->group[0])
        return ost_fail(err, OST_EINPUT, "item '%s' has an empty group",
                        item->id);
    return OST_OK;
}

void ost_writer_release(ost_item_writer *w)
{
    ost_buf_release(&w->bytes);
    ost_vec_release(&w->pages);
    ost_chain_release(&w->chain);
    *w = (ost_item_writer){ 0 };
}

void ost_writer_settle(ost_item_writer *w)
{
    ost_chain_settle(&w->chain);
}

ost_rc ost_writer_add(ost_item_writer *w, const ost_item *item, ost_err *err)
{
    const char *last = w->chain.last.id;
    ost_rc rc = ost_item_check(item, err);

    if (rc)
        return rc;
    if (last && ost_id_compare(last, item->id) >= 0)
        w->unsorted = true;
    if (!last || ends_page(last, item->id)) {
        ost_chain_release(&w->chain);
        ost_vec_push(&w->pages, (ost_page_bytes){ .begin = w->bytes.len });
    }
    ost_chain_add(&w->chain, &w->bytes, item);
    w->pages.data[w->pages.len - 1].items++;
    w->n++;
    return OST_OK;
}

static size_t end_of(const ost_item_writer *w, size_t page)
{
    return page + 1 < w->pages.len ? w->pages.data[page + 1].begin
                                   : w->bytes.len;
}

static ost_rc put_pages(ost_item_writer *w, ost_batch *b, ost_ref *refs,
                        ost_err *err)
{
    ost_buf page = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < w->pages.len && !rc; i++) {
        const ost_page_bytes *p = &w->pages.data[i];

        ost_buf_reset(&page);
        ost_buf_u8(&page, OST_PAGE_VERSION);
        ost_buf_varint(&page, p->items);
        ost_buf_add(&page, w->bytes.data + p->begin, end_of(w, i) - p->begin);
        refs[i] = (ost_ref){ .name = "", .items = p->items, .size = page.len };
        rc = ost_batch_put_blob(b, page.data, page.len, &refs[i].digest, err);
    }
    ost_buf_release(&page);
    return rc;
}

ost_item *ost_writer_items(const ost_item_writer *w, ost_arena *arena)
{
    ost_item *items = OST_ARENA_ARRAY(arena, ost_item, (size_t)w->n + 1);
    size_t n = 0;

    for (size_t i = 0; i < w->pages.len; i++) {
        size_t begin = w->pages.data[i].begin;
        ost_item_chain chain = { 0 };
        ost_reader r =
            ost_reader_of(w->bytes.data + begin, end_of(w, i) - begin);

        while (ost_read_left(&r) > 0)
            if (!ost_chain_read(&chain, &r, arena, &items[n++]))
                OST_BUG();
    }
    return items;
}

/* Reads all of it again, since it has to be put in order. */
static ost_rc put_unsorted(ost_item_writer *w, ost_batch *b,
                           ost_artifact_type type, const char *meta,
                           ost_digest *digest, ost_err *err)
{
    ost_arena arena = { 0 };
    const ost_item *items = ost_writer_items(w, &arena);
    ost_rc rc =
        ost_dataset_put(b, type, meta, items, (size_t)w->n, digest, err);

    ost_arena_release(&arena);
    return rc;
}

ost_rc ost_writer_put(ost_item_writer *w, ost_batch *b, ost_artifact_type type,
                      const char *meta, ost_digest *digest, ost_err *err)
{
    ost_artifact a = { .type = type, .meta = meta, .n_items = w->n };
    ost_ref *refs;
    ost_rc rc;

    if (w->unsorted)
        return put_unsorted(w, b, type, meta, digest, err);
    refs = ost_try_alloc(w->pages.len + 1, sizeof(*refs));
    if (!refs)
        return ost_fail(err, OST_ENOMEM, "no memory for %zu pages",
                        w->pages.len);
    rc = put_pages(w, b, refs, err);
    a.refs = refs;
    a.n_refs = w->pages.len;
    if (!rc)
        rc = ost_artifact_put(b, &a, digest, err);
    ost_free(refs);
    return rc;
}
