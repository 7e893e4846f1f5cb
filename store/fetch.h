/* store/fetch.h - a file from a URL into the store's folder downloads/
 *
 * http, https and file, through libcurl (opened on use).  The file is named by
 * the SHA-256 of its URL; while it arrives it is NAME.part.  Beside either lies
 * a file with ".from" appended: the validators (ETag, Last-Modified) that the
 * server sent.  A broken download goes on where it stopped, if the server still
 * has the same file; otherwise it begins anew.  One that is complete is used
 * again without asking the server when its SHA-256 was pinned, else when the
 * server says that it has not changed.
 */
#ifndef OST_STORE_FETCH_H
#define OST_STORE_FETCH_H

#include "base/err.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ost_fetch_options {
    const char *sha256;   /* hexadecimal pin, or NULL */
    uint64_t max_bytes;   /* 0: 64 GiB */
    uint32_t retries;     /* of a broken transfer; 0: 3 */
    double stall_seconds; /* without a byte, then it is broken; 0: 30 */
    /* Called now and then; total is 0 while it is unknown.  False stops the
     * download (OST_EINTERRUPTED), which can be resumed later. */
    bool (*progress)(void *user, uint64_t done, uint64_t total);
    void *user;
} ost_fetch_options;

typedef struct ost_fetched {
    char *path; /* absolute */
    ost_digest digest;
    uint64_t size;
    uint64_t received; /* bytes that came over the wire now */
} ost_fetched;

/* True for what this module takes: "http://", "https://", "file://". */
bool ost_fetch_is_url(const char *where);

/* OST_EINPUT when the bytes are not those of the pin (they are removed), or
 * are too many; OST_ENOTFOUND when the server says so; OST_EIO for other
 * failures of the network or the server; OST_EUNSUPPORTED without libcurl.
 * Names the URL without user, password and query.  Release the result with
 * ost_fetched_release(). */
ost_rc ost_fetch(ost_store *s, const char *url,
                 const ost_fetch_options *options, ost_fetched *fetched,
                 ost_err *err);
void ost_fetched_release(ost_fetched *f);

#endif
