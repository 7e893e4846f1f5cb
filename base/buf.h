/* base/buf.h - a growing byte buffer, and a reader for what it wrote
 *
 * The encoders are the one way in which osteon lays out binary records:
 * integers little endian, varints LEB128, strings and byte strings as varint
 * length and bytes.  All encodings are deterministic.
 */
#ifndef OST_BASE_BUF_H
#define OST_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `data` always has a 0 byte after `len`, so text can be used as a string. */
typedef struct ost_buf {
    unsigned char *data;
    size_t len;
    size_t cap;
} ost_buf;

/* A zeroed ost_buf is empty and ready. */
void ost_buf_release(ost_buf *b);
void ost_buf_reset(ost_buf *b);
/* Room for `extra` more bytes; aborts on exhaustion. */
void ost_buf_reserve(ost_buf *b, size_t extra);
/* Moves the bytes out (caller frees with ost_free()) and empties the buffer. */
unsigned char *ost_buf_detach(ost_buf *b, size_t *len);
/* The content as text, "" when empty; borrowed until the next change. */
const char *ost_buf_str(const ost_buf *b);

void ost_buf_add(ost_buf *b, const void *p, size_t n);
void ost_buf_adds(ost_buf *b, const char *s);
void ost_buf_addc(ost_buf *b, char c);
void ost_buf_addf(ost_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void ost_buf_addv(ost_buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* `s` as a JSON string with its quotes and the shortest escapes; `n` bytes of
 * UTF-8, in which what is malformed becomes U+FFFD byte by byte. */
void ost_buf_add_json(ost_buf *b, const char *s, size_t n);
/* `s` with &, <, >, " and ' escaped for HTML, XML and SVG; control characters
 * that these forbid become spaces. */
void ost_buf_add_html(ost_buf *b, const char *s);

void ost_buf_u8(ost_buf *b, uint8_t v);
void ost_buf_u32(ost_buf *b, uint32_t v);
void ost_buf_u64(ost_buf *b, uint64_t v);
void ost_buf_f64(ost_buf *b, double v);
void ost_buf_varint(ost_buf *b, uint64_t v);
void ost_buf_bytes(ost_buf *b, const void *p, size_t n); /* length, bytes */
void ost_buf_string(ost_buf *b, const char *s);          /* NULL as "" */

/* Reads what the encoders wrote.  After any read past the end or a malformed
 * value `bad` is set and every later read returns zero or "". */
typedef struct ost_reader {
    const unsigned char *p;
    const unsigned char *end;
    bool bad;
} ost_reader;

ost_reader ost_reader_of(const void *p, size_t n);
size_t ost_read_left(const ost_reader *r);
uint8_t ost_read_u8(ost_reader *r);
uint32_t ost_read_u32(ost_reader *r);
uint64_t ost_read_u64(ost_reader *r);
double ost_read_f64(ost_reader *r);
uint64_t ost_read_varint(ost_reader *r);
/* A pointer to `n` raw bytes, NULL when there are not that many. */
const void *ost_read_raw(ost_reader *r, size_t n);
/* A counted byte string: pointer into the input, length in *n. */
const unsigned char *ost_read_bytes(ost_reader *r, size_t *n);

#endif
