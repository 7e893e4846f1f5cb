/* base/text.h - small things about words */
#ifndef OST_BASE_TEXT_H
#define OST_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The nearest of `count` names to `word` by edit distance with
 * transpositions, or NULL when none is near (distance above a third of the
 * longer word, at least 1, at most 3, or not a letter in common).  The first
 * of several equally near ones wins.  Names are borrowed. */
const char *ost_nearest(const char *word, const char *const *names,
                        size_t count);
/* Levenshtein distance with transpositions of neighbors. */
size_t ost_edit_distance(const char *a, const char *b);

bool ost_starts_with(const char *s, const char *prefix);
bool ost_ends_with(const char *s, const char *suffix);

/* Decimal integer or finite real that fills the whole of `s`. */
bool ost_parse_i64(const char *s, int64_t *value);
bool ost_parse_f64(const char *s, double *value);

/* Lower-case hexadecimal; `out` has room for 2 * n + 1 characters. */
void ost_hex(char *out, const void *bytes, size_t n);
/* The reverse; false when `s` is not exactly 2 * n hexadecimal digits. */
bool ost_unhex(void *bytes, const char *s, size_t n);

/* "1.5 GB", "3 min 20 s": for people; `out` has room for 32 characters. */
const char *ost_human_bytes(char out[32], uint64_t bytes);
const char *ost_human_seconds(char out[32], double seconds);

/* Length of the well-formed UTF-8 character that `s` begins with, 0 when it
 * begins with none. */
size_t ost_utf8_len(const char *s, size_t n);
/* True when all of `s` is well-formed UTF-8. */
bool ost_utf8_valid(const char *s, size_t n);
/* Copies `s` as it may be shown: bytes that are no UTF-8, and control
 * characters that `keep` does not list, become \xNN.  Ends with a 0 within
 * `room` (at least 1), never within a character.  Returns the length that all
 * of it needs. */
size_t ost_utf8_shown(char *out, size_t room, const char *s, const char *keep);
/* Columns that `s` takes on a terminal (code points, no East-Asian rules). */
size_t ost_utf8_columns(const char *s);

#endif
