/* store/key.h - digests, and the keys that are built from them
 *
 * A digest is a SHA-256.  A key is the digest of a list of components, each
 * one line "name=value\n" in a fixed order (values have \n and \ escaped as
 * \\n and \\\\).  The text of the components is kept beside what the key
 * names, so that two keys can be compared line by line (`osteon explain`).
 */
#ifndef OST_STORE_KEY_H
#define OST_STORE_KEY_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OST_DIGEST_SIZE = 32, OST_DIGEST_HEX = 65 };

typedef struct ost_digest {
    uint8_t b[OST_DIGEST_SIZE];
} ost_digest;

/* A node's or a memo's key. */
typedef ost_digest ost_key;

ost_digest ost_digest_of(const void *data, size_t size);
bool ost_digest_equal(const ost_digest *a, const ost_digest *b);
/* The all-zero digest stands for "none". */
bool ost_digest_is_zero(const ost_digest *d);
int ost_digest_compare(const void *a, const void *b);
/* 64 hexadecimal digits and a 0 byte; returns `out`. */
const char *ost_digest_hex(const ost_digest *d, char out[OST_DIGEST_HEX]);
bool ost_digest_parse(ost_digest *d, const char *hex);

/* Incremental hashing; ost_hash_new() aborts on exhaustion. */
typedef struct ost_hash ost_hash;
ost_hash *ost_hash_new(void);
void ost_hash_add(ost_hash *h, const void *data, size_t size);
/* The digest; frees the hash. */
ost_digest ost_hash_final(ost_hash *h);

/* Components of a key, appended to a text. */
void ost_key_text(ost_buf *components, const char *name, const char *value);
void ost_key_digest(ost_buf *components, const char *name,
                    const ost_digest *value);
ost_key ost_key_of(const ost_buf *components);

#endif
