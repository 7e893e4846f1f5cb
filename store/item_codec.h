/* store/item_codec.h - decoders of store/ for its own use and for its fuzzers
 *
 * All of them take any bytes: false, and r->bad, for what is malformed.
 */
#ifndef OST_STORE_ITEM_CODEC_H
#define OST_STORE_ITEM_CODEC_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/artifact.h"

#include <stdbool.h>
#include <stddef.h>

bool ost_artifact_decode(ost_reader *r, ost_arena *arena, ost_artifact *a);
/* Like ost_item_decode(), but texts are borrowed from the reader's bytes. */
bool ost_item_decode_in_place(ost_reader *r, ost_arena *arena, ost_item *item);
/* A page: the bytes must live as long as the items.  Appends to `items`, which
 * has room for exactly `n`; false when the page has another number. */
bool ost_page_decode(const void *data, size_t size, ost_arena *arena,
                     ost_item *items, size_t n);
/* A set of groups; the bytes must live as long as the names. */
bool ost_groups_decode(const void *data, size_t size, ost_arena *arena,
                       const char *const **groups, size_t *n);

#endif
