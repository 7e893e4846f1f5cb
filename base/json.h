/* base/json.h - JSON text whose values know where they stand
 *
 * jansson builds the values; a scan of the same text remembers where each
 * value and each member name begins, and finds duplicate member names.  A
 * place is named by a JSON pointer (RFC 6901), e.g. "/nodes/train/with/epochs".
 * A document is immutable once parsed and may be read by several threads.
 */
#ifndef OST_BASE_JSON_H
#define OST_BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ost_json_doc ost_json_doc;

/* A position in a text: 1-based line and column (in code points). */
typedef struct ost_json_pos {
    size_t offset;
    int line;
    int column;
} ost_json_pos;

/* Parses `size` bytes of strict JSON (an object or an array) that came from
 * `name` (used in messages).  A syntax error ends at the first, as
 * "name:line:column: ...", with the source line and a caret under it.
 * Nesting deeper than 512 levels, NUL characters, invalid UTF-8, integers
 * beyond 64 bits and reals beyond a double are syntax errors.  Duplicate names
 * are not (the last one counts): ask ost_json_duplicates().
 * The caller frees *doc with ost_json_free(). */
ost_rc ost_json_parse(const char *name, const char *text, size_t size,
                      ost_json_doc **doc, ost_err *err);
/* The same for a file of at most `limit` bytes. */
ost_rc ost_json_load(const char *path, size_t limit, ost_json_doc **doc,
                     ost_err *err);
void ost_json_free(ost_json_doc *doc);

/* All borrowed until ost_json_free(). */
json_t *ost_json_root(const ost_json_doc *doc);
const char *ost_json_name(const ost_json_doc *doc);
const char *ost_json_text(const ost_json_doc *doc, size_t *size);

/* Pointers of duplicated member names, each position that of the second
 * occurrence (third, ...).  Returns how many, of which the first 100 are kept;
 * `pointer` and `pos` for index i. */
size_t ost_json_duplicates(const ost_json_doc *doc);
const char *ost_json_duplicate(const ost_json_doc *doc, size_t i,
                               ost_json_pos *pos);

/* Where the value at `pointer` begins (with `key` its member name instead, if
 * it has one).  When the pointer leads nowhere, its nearest existing ancestor
 * is taken.  Takes time proportional to the text: for messages only. */
ost_json_pos ost_json_locate(const ost_json_doc *doc, const char *pointer,
                             bool key);

/* Appends "name:line:column: pointer: message\n" + the source line + caret. */
void ost_json_add_report(ost_buf *out, const ost_json_doc *doc,
                         const char *pointer, bool key, const char *message);

/* Canonical form: no spaces, object members sorted by name (bytewise),
 * integers as decimal, reals as shortest text that reads back to the same
 * double (a real with an integral value below 2^53 prints like the integer,
 * so 1 and 1.0 are one value), strings with the shortest escapes, UTF-8 as is.
 * The same value has the same bytes everywhere; keys are built on it. */
void ost_json_canonical(ost_buf *out, const json_t *value);
/* Appends a double as the canonical form prints it ("null" if not finite). */
void ost_json_add_real(ost_buf *out, double v);

/* --- reading in place ----------------------------------------------------
 *
 * A large document need not be built: an index of its values takes a tenth of
 * their room.  Values are numbered in the order of the text, 0 is the root;
 * these are the children of value i:
 *
 *     for (c = i + 1; c < ost_json_end(doc, i); c = ost_json_end(doc, c))
 */

/* Like ost_json_parse(), but moves the text in (also on failure) and builds no
 * values: ost_json_root() is NULL. */
ost_rc ost_json_index(const char *name, ost_buf *text, ost_json_doc **doc,
                      ost_err *err);
/* Frees the index; only the text, its name and ost_json_build() are left. */
void ost_json_drop_index(ost_json_doc *doc);
/* The number behind value i and all that it holds. */
uint32_t ost_json_end(const ost_json_doc *doc, uint32_t i);
/* '{', '[', '"', '0' (a number), 't', 'f' or 'n'. */
char ost_json_kind(const ost_json_doc *doc, uint32_t i);
/* Where value i begins, or (with `key`) its member name, if it has one. */
size_t ost_json_offset(const ost_json_doc *doc, uint32_t i, bool key);
/* A member's name and a string's content: `*n` bytes without a 0 behind them,
 * borrowed from the document or from `scratch`. */
const char *ost_json_member(const ost_json_doc *doc, uint32_t i,
                            ost_buf *scratch, size_t *n);
const char *ost_json_string(const ost_json_doc *doc, uint32_t i,
                            ost_buf *scratch, size_t *n);
/* The value that begins at an offset; caller decrefs. */
json_t *ost_json_build(const ost_json_doc *doc, size_t offset);
/* Appends the JSON pointer of value i. */
void ost_json_add_path(ost_buf *out, const ost_json_doc *doc, uint32_t i);
/* Appends the source line of an offset and, below it, a caret. */
void ost_json_add_snippet(ost_buf *out, const ost_json_doc *doc, size_t offset);

/* Appends "/name" with ~ and / escaped as RFC 6901 says. */
void ost_json_add_pointer(ost_buf *out, const char *name);

#endif
