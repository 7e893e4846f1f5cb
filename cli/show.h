/* cli/show.h - what is in the store, in words */
#ifndef OST_CLI_SHOW_H
#define OST_CLI_SHOW_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/artifact.h"
#include "store/find.h"
#include "store/store.h"

#include <stddef.h>

/* Appends a description of what was found: a run with its steps, a node with
 * its key's components, an artifact with `limit` of its items, the first of
 * them number `first`, else a plain blob. */
ost_rc ost_show(ost_store *s, const ost_found *found, size_t first,
                size_t limit, ost_buf *out, ost_err *err);

/* Appends what a model is, from its metadata: network, and what it learned
 * from; of a generator, what it makes of what. */
void ost_show_model(ost_buf *out, const char *meta);

/* --- items (show_items.c) ------------------------------------------------ */

/* Appends a line per item. */
ost_rc ost_show_items(ost_batch *b, const ost_artifact *a, size_t first,
                      size_t limit, ost_buf *out, ost_err *err);
/* Appends all that is known of an item. */
void ost_show_item(ost_buf *out, const ost_item *item);
/* The item of a dataset that was found; OST_ENOTFOUND suggests the nearest.
 * Everything borrows from the arena. */
ost_rc ost_show_find_item(ost_store *s, const ost_found *found, const char *id,
                          ost_arena *arena, ost_item *item, ost_err *err);

/* Appends one line per run, newest first; at most `limit`. */
ost_rc ost_show_runs(ost_store *s, size_t limit, ost_buf *out, ost_err *err);

#endif
