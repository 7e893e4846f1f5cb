/* store/item_chain.h - items one after another, each as a difference
 *
 * Neighbors in a dataset are alike: tiles of one image share its blob, its
 * group and the names of their attributes.  A chain writes of an item what is
 * not so in the one before; the bytes depend on the items alone.  FORMAT.md
 * draws them.
 *
 *     ost_item_chain chain = { 0 };
 *     for (...) ost_chain_add(&chain, &out, &items[i]);
 *     ost_chain_release(&chain);
 */
#ifndef OST_STORE_ITEM_CHAIN_H
#define OST_STORE_ITEM_CHAIN_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/artifact.h"

#include <stdbool.h>

/* A zeroed chain is at its beginning. */
typedef struct ost_item_chain {
    ost_item last; /* borrowed, or in `own` */
    size_t id_len;
    void *attrs; /* sorted copies, or NULL */
    void *fields;
    ost_arena own;
} ost_item_chain;

void ost_chain_release(ost_item_chain *c);
/* Appends an item, which is borrowed until the next call. */
void ost_chain_add(ost_item_chain *c, ost_buf *out, const ost_item *item);
/* Takes a copy of the last item, which may go then. */
void ost_chain_settle(ost_item_chain *c);
/* Reads the next item: texts are borrowed from the reader's bytes, the rest
 * from the arena.  False (and r->bad) when malformed. */
bool ost_chain_read(ost_item_chain *c, ost_reader *r, ost_arena *arena,
                    ost_item *item);

#endif
