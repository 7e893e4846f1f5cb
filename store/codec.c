/* store/codec.c - the parts that the encodings of store/ have in common */
#include "store/codec.h"

#include <string.h>

#include "base/banned.h"

void ost_codec_add_text(ost_buf *out, const char *s)
{
    ost_buf_string(out, s);
    ost_buf_u8(out, 0);
}

void ost_codec_add_digest(ost_buf *out, const ost_digest *d)
{
    ost_buf_add(out, d->b, OST_DIGEST_SIZE);
}

void ost_codec_add_signed(ost_buf *out, int64_t v)
{
    ost_buf_varint(out, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

const char *ost_codec_text(ost_reader *r, ost_arena *arena)
{
    size_t n;
    const unsigned char *p = ost_read_bytes(r, &n);

    if (ost_read_u8(r) != 0 || r->bad || (n > 0 && memchr(p, 0, n))) {
        r->bad = true;
        return "";
    }
    return arena ? ost_arena_strndup(arena, (const char *)p, n)
                 : (const char *)p;
}

ost_digest ost_codec_digest(ost_reader *r)
{
    ost_digest d = { { 0 } };
    const void *p = ost_read_raw(r, OST_DIGEST_SIZE);

    if (p)
        memcpy(d.b, p, OST_DIGEST_SIZE);
    return d;
}

size_t ost_codec_count(ost_reader *r, size_t least)
{
    uint64_t n = ost_read_varint(r);

    if (n > ost_read_left(r) / least)
        r->bad = true;
    return r->bad ? 0 : (size_t)n;
}

int64_t ost_codec_signed(ost_reader *r)
{
    uint64_t v = ost_read_varint(r);

    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}
