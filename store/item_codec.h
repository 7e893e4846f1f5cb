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

/* The parts of an item.  `arena` takes what is read; with `copies` NULL, texts
 * are borrowed from the reader's bytes. */
void ost_texts_add(ost_buf *out, const char *const *texts, size_t n);
const char *const *ost_texts_read(ost_reader *r, ost_arena *arena,
                                  ost_arena *copies, size_t *n);
void ost_attr_add(ost_buf *out, const ost_attr *a);
void ost_attr_read(ost_reader *r, ost_arena *copies, ost_attr *a);
void ost_field_add(ost_buf *out, const ost_field *f);
void ost_field_read(ost_reader *r, ost_arena *copies, ost_field *f);
/* Do the strides follow from the shape?  Makes them so (false: overflow). */
bool ost_field_is_packed(const ost_field *f);
bool ost_field_pack(ost_field *f);
/* Can positions inside of the field be computed without overflow? */
bool ost_field_is_sane(const ost_field *f);
/* An array of attributes or fields itself when it is sorted by name, else a
 * sorted copy, which *owned names for ost_free(). */
const void *ost_by_name(const void *array, size_t n, size_t size, void **owned);

/* First byte of a page whose items are a chain. */
enum { OST_PAGE_VERSION = 2 };
/* A page: the bytes must live as long as the items.  Appends to `items`, which
 * has room for exactly `n`; false when the page has another number. */
bool ost_page_decode(const void *data, size_t size, ost_arena *arena,
                     ost_item *items, size_t n);
/* A set of groups; the bytes must live as long as the names. */
bool ost_groups_decode(const void *data, size_t size, ost_arena *arena,
                       const char *const **groups, size_t *n);

#endif
