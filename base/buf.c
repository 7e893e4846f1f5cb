/* base/buf.c - a growing byte buffer, and a reader for what it wrote */
#include "base/buf.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

void ost_buf_release(ost_buf *b)
{
    ost_free(b->data);
    *b = (ost_buf){ 0 };
}

void ost_buf_reset(ost_buf *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = 0;
}

void ost_buf_reserve(ost_buf *b, size_t extra)
{
    size_t cap = b->cap ? b->cap : FIRST_CAP;

    if (b->cap > b->len && b->cap - b->len > extra) /* one more: the 0 byte */
        return;
    if (extra > PTRDIFF_MAX / 2 - b->len) {
        fputs("osteon: out of memory\n", stderr);
        abort();
    }
    while (cap <= b->len + extra)
        cap += cap / 2;
    b->data = ost_xrealloc(b->data, cap);
    b->cap = cap;
    b->data[b->len] = 0;
}

unsigned char *ost_buf_detach(ost_buf *b, size_t *len)
{
    unsigned char *data;

    ost_buf_reserve(b, 0);
    data = b->data;
    if (len)
        *len = b->len;
    *b = (ost_buf){ 0 };
    return data;
}

const char *ost_buf_str(const ost_buf *b)
{
    return b->data ? (const char *)b->data : "";
}

void ost_buf_add(ost_buf *b, const void *p, size_t n)
{
    ost_buf_reserve(b, n);
    if (n)
        memcpy(b->data + b->len, p, n);
    b->len += n;
    b->data[b->len] = 0;
}

void ost_buf_adds(ost_buf *b, const char *s)
{
    ost_buf_add(b, s, strlen(s));
}

void ost_buf_addc(ost_buf *b, char c)
{
    ost_buf_add(b, &c, 1);
}

void ost_buf_addf(ost_buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    ost_buf_addv(b, fmt, ap);
    va_end(ap);
}

void ost_buf_addv(ost_buf *b, const char *fmt, va_list ap)
{
    va_list again;
    size_t room;
    int n;

    ost_buf_reserve(b, FIRST_CAP);
    room = b->cap - b->len;
    va_copy(again, ap);
    n = vsnprintf((char *)b->data + b->len, room, fmt, ap);
    if (n > 0 && (size_t)n >= room) {
        ost_buf_reserve(b, (size_t)n);
        vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    if (n > 0)
        b->len += (size_t)n;
    b->data[b->len] = 0;
}

/* The escape of an ASCII character, or NULL when it stands for itself. */
static const char *json_escape(unsigned char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

void ost_buf_add_json(ost_buf *b, const char *s, size_t n)
{
    ost_buf_addc(b, '"');
    for (size_t i = 0; i < n;) {
        const char *escape = json_escape((unsigned char)s[i]);
        size_t len = ost_utf8_len(s + i, n - i);

        if (escape)
            ost_buf_adds(b, escape);
        else if ((unsigned char)s[i] < 0x20)
            ost_buf_addf(b, "\\u%04x", (unsigned)s[i]);
        else if (len == 0)
            ost_buf_adds(b, "\xef\xbf\xbd");
        else
            ost_buf_add(b, s + i, len);
        i += len ? len : 1;
    }
    ost_buf_addc(b, '"');
}

void ost_buf_add_html(ost_buf *b, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&':
            ost_buf_adds(b, "&amp;");
            break;
        case '<':
            ost_buf_adds(b, "&lt;");
            break;
        case '>':
            ost_buf_adds(b, "&gt;");
            break;
        case '"':
            ost_buf_adds(b, "&quot;");
            break;
        case '\'':
            ost_buf_adds(b, "&#39;");
            break;
        default: /* what XML cannot hold becomes a space */
            ost_buf_addc(b, (unsigned char)*s < 0x20 && !strchr("\t\n\r", *s)
                                ? ' '
                                : *s);
        }
    }
}

static void add_le(ost_buf *b, uint64_t v, size_t n)
{
    unsigned char bytes[8];

    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    ost_buf_add(b, bytes, n);
}

void ost_buf_u8(ost_buf *b, uint8_t v)
{
    add_le(b, v, 1);
}

void ost_buf_u32(ost_buf *b, uint32_t v)
{
    add_le(b, v, 4);
}

void ost_buf_u64(ost_buf *b, uint64_t v)
{
    add_le(b, v, 8);
}

void ost_buf_f64(ost_buf *b, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    add_le(b, bits, 8);
}

void ost_buf_varint(ost_buf *b, uint64_t v)
{
    unsigned char bytes[10];
    size_t n = 0;

    while (v >= 0x80) {
        bytes[n++] = (unsigned char)(v | 0x80);
        v >>= 7;
    }
    bytes[n++] = (unsigned char)v;
    ost_buf_add(b, bytes, n);
}

void ost_buf_bytes(ost_buf *b, const void *p, size_t n)
{
    ost_buf_varint(b, n);
    ost_buf_add(b, p, n);
}

void ost_buf_string(ost_buf *b, const char *s)
{
    ost_buf_bytes(b, s, s ? strlen(s) : 0);
}

ost_reader ost_reader_of(const void *p, size_t n)
{
    static const unsigned char nothing[1];
    const unsigned char *start = p ? p : nothing;

    return (ost_reader){ .p = start, .end = start + n };
}

size_t ost_read_left(const ost_reader *r)
{
    return r->bad ? 0 : (size_t)(r->end - r->p);
}

const void *ost_read_raw(ost_reader *r, size_t n)
{
    const unsigned char *p = r->p;

    if (r->bad || n > ost_read_left(r)) {
        r->bad = true;
        return NULL;
    }
    r->p += n;
    return p;
}

static uint64_t read_le(ost_reader *r, size_t n)
{
    const unsigned char *p = ost_read_raw(r, n);
    uint64_t v = 0;

    for (size_t i = 0; p && i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint8_t ost_read_u8(ost_reader *r)
{
    return (uint8_t)read_le(r, 1);
}

uint32_t ost_read_u32(ost_reader *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t ost_read_u64(ost_reader *r)
{
    return read_le(r, 8);
}

double ost_read_f64(ost_reader *r)
{
    uint64_t bits = read_le(r, 8);
    double v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

uint64_t ost_read_varint(ost_reader *r)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t byte = ost_read_u8(r);

        if (r->bad)
            return 0;
        v |= (byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        /* One value, one encoding: no bits lost, no empty last byte. */
        if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
            break;
        return v;
    }
    r->bad = true;
    return 0;
}

const unsigned char *ost_read_bytes(ost_reader *r, size_t *n)
{
    uint64_t len = ost_read_varint(r);
    const unsigned char *p = ost_read_raw(r, len);

    *n = p ? len : 0;
    return p ? p : (const unsigned char *)"";
}
