/* store/item_writer.h - a dataset in the making
 *
 * Items that come in the order of their ids are encoded at once, as they will
 * stand in their pages, so that a dataset of any length takes little memory.
 * Items in any other order are welcome, and are sorted at the end.
 */
#ifndef OST_STORE_ITEM_WRITER_H
#define OST_STORE_ITEM_WRITER_H

#include "store/artifact.h"
#include "store/item_chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the chain of a page begins, and how many items it has. */
typedef struct ost_page_bytes {
    size_t begin;
    uint64_t items;
} ost_page_bytes;

/* A zeroed writer is empty and ready. */
typedef struct ost_item_writer {
    ost_buf bytes; /* the chains of the pages */
    OST_VEC(ost_page_bytes) pages;
    ost_item_chain chain; /* of the last page */
    uint64_t n;           /* items */
    bool unsorted;
} ost_item_writer;

/* OST_EINPUT for an item without id or group.  The item is borrowed until the
 * next call. */
ost_rc ost_writer_add(ost_item_writer *w, const ost_item *item, ost_err *err);
/* The last item may go. */
void ost_writer_settle(ost_item_writer *w);
/* The items so far, in the order in which they came; they borrow from the arena
 * and from the writer, until it is added to. */
ost_item *ost_writer_items(const ost_item_writer *w, ost_arena *arena);
/* Stores pages and artifact as ost_dataset_put() does. */
ost_rc ost_writer_put(ost_item_writer *w, ost_batch *b, ost_artifact_type type,
                      const char *meta, ost_digest *digest, ost_err *err);
void ost_writer_release(ost_item_writer *w);

/* OST_EINPUT for an item that no dataset may have. */
ost_rc ost_item_check(const ost_item *item, ost_err *err);

#endif
