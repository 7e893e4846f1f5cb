/* store/secret.h - a site's secret, and pseudonyms under it
 *
 * The secret is a file that the site makes and keeps: at least 16 bytes, read
 * and written by its owner alone.  What is used is not the file's bytes but a
 * key that is derived from them, so that nothing else of the file is ever in
 * memory for longer, or on its way to a worker.  Neither the file's bytes nor
 * the key may enter keys, records, events, logs or messages to people; the
 * mark, which cannot be turned back, may.
 */
#ifndef OST_STORE_SECRET_H
#define OST_STORE_SECRET_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { OST_SECRET_SIZE = 32, OST_SECRET_MARK = 17, OST_PSEUDONYM = 21 };

typedef struct ost_secret {
    bool known; /* false: there is none */
    uint8_t key[OST_SECRET_SIZE];
} ost_secret;

/* Reads the file; line ends at its end do not count.  OST_EUSAGE says what is
 * wrong with it: missing, open to others, too short. */
ost_rc ost_secret_read(const char *path, ost_secret *secret, ost_err *err);
/* Overwrites it. */
void ost_secret_forget(ost_secret *secret);

/* 16 hexadecimal digits that tell one secret from another; "" for none. */
const char *ost_secret_mark(const ost_secret *secret,
                            char mark[OST_SECRET_MARK]);
/* 20 hexadecimal digits for `name` (with `of`, whose name it is, such as who
 * gave it): the same wherever the secret is the same.  Names of different kinds
 * ("patient", "study") have different pseudonyms.  The secret must be known. */
const char *ost_secret_pseudonym(const ost_secret *secret, const char *kind,
                                 const char *of, const char *name,
                                 char pseudonym[OST_PSEUDONYM]);

#endif
