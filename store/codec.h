/* store/codec.h - the parts that the encodings of store/ have in common
 *
 * A text is its length as a varint, its bytes, and a 0 byte, so that it can be
 * used where it lies.
 */
#ifndef OST_STORE_CODEC_H
#define OST_STORE_CODEC_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/key.h"

#include <stddef.h>

void ost_codec_add_text(ost_buf *out, const char *s); /* NULL as "" */
void ost_codec_add_digest(ost_buf *out, const ost_digest *d);
/* Zigzag: small whether positive or negative. */
void ost_codec_add_signed(ost_buf *out, int64_t v);

/* A text; `bad` when it has a 0 byte inside.  Borrowed from the input, or a
 * copy in `arena` when that is not NULL. */
const char *ost_codec_text(ost_reader *r, ost_arena *arena);
ost_digest ost_codec_digest(ost_reader *r);
int64_t ost_codec_signed(ost_reader *r);
/* A count of things that take at least `least` bytes each: `bad`, and 0, when
 * so many cannot follow. */
size_t ost_codec_count(ost_reader *r, size_t least);

#endif
