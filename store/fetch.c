/* store/fetch.c - a file from a URL into the store's folder downloads/
 *
 * What one request does is in transfer.c; here is what surrounds it: the names
 * of the files, one process at a time, retries, the pin.
 */
#include "store/fetch.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "store/store_impl.h"
#include "store/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define MAX_BYTES ((uint64_t)64 << 30)

enum { RETRIES = 3 };

typedef struct fetcher {
    ost_store *store;
    const ost_fetch_options *options;
    const char *url;
    char *shown;    /* the URL without its secrets */
    char *complete; /* paths */
    char *from;     /* validator of the complete file */
    char *part;
    char *part_from; /* validator of the part */
    ost_digest pin;
} fetcher;

bool ost_fetch_is_url(const char *where)
{
    return ost_starts_with(where, "http://") ||
           ost_starts_with(where, "https://") ||
           ost_starts_with(where, "file://");
}

/* "https://user:word@host/path?token" as "https://host/path". */
static char *without_secrets(const char *url)
{
    const char *host = strstr(url, "://");
    size_t scheme, authority, end;
    const char *at;

    if (!host)
        return ost_xstrdup(url);
    host += 3;
    scheme = (size_t)(host - url);
    authority = strcspn(host, "/?#");
    at = memrchr(host, '@', authority);
    if (at)
        host = at + 1;
    end = strcspn(host, "?#");
    return ost_xprintf("%.*s%.*s", (int)scheme, url, (int)end, host);
}

static char *download_path(const fetcher *f, const ost_digest *name,
                           const char *suffix)
{
    char hex[OST_DIGEST_HEX];

    return ost_xprintf("%s/downloads/%s%s", ost_store_path(f->store),
                       ost_digest_hex(name, hex), suffix);
}

/* --- the validator beside the file ---------------------------------------- */

static ost_validator read_validator(const char *path)
{
    ost_validator v = { "", "" };
    ost_buf text = { 0 };
    const char *p;

    if (!ost_fs_read(path, 4096, &text, NULL)) {
        p = ost_buf_str(&text);
        if (sscanf(p, "etag: %255[^\n]\n", v.etag) == 1)
            p += strcspn(p, "\n") + 1;
        if (sscanf(p, "last-modified: %63[^\n]\n", v.modified) != 1)
            v.modified[0] = '\0';
    }
    ost_buf_release(&text);
    return v;
}

static ost_rc write_validator(void *user, const ost_validator *v, ost_err *err)
{
    const fetcher *f = user;
    ost_buf text = { 0 };
    ost_rc rc;

    if (v->etag[0])
        ost_buf_addf(&text, "etag: %s\n", v->etag);
    if (v->modified[0])
        ost_buf_addf(&text, "last-modified: %s\n", v->modified);
    rc = ost_fs_write_atomic(f->part_from, ost_buf_str(&text), text.len, false,
                             err);
    ost_buf_release(&text);
    return rc;
}

/* --- complete files ---------------------------------------------------------
 */

static ost_rc hash_file(const char *path, ost_digest *d, uint64_t *size,
                        ost_err *err)
{
    const void *data;
    size_t n;
    ost_rc rc = ost_fs_map(path, &data, &n, err);

    if (rc)
        return rc;
    *d = ost_digest_of(data, n);
    *size = n;
    ost_fs_unmap(data, n);
    return OST_OK;
}

/* Takes the complete file as the result; one that is not the pinned one is
 * removed. */
static ost_rc take_complete(fetcher *f, ost_fetched *fetched, ost_err *err)
{
    char have[OST_DIGEST_HEX];
    ost_rc rc = hash_file(f->complete, &fetched->digest, &fetched->size, err);

    if (rc)
        return rc;
    if (f->options->sha256 && !ost_digest_equal(&fetched->digest, &f->pin)) {
        unlink(f->complete);
        unlink(f->from);
        return ost_fail(err, OST_EINPUT,
                        "'%s' has SHA-256 %s, not %s as asked for", f->shown,
                        ost_digest_hex(&fetched->digest, have),
                        f->options->sha256);
    }
    fetched->path = ost_xstrdup(f->complete);
    return OST_OK;
}

/* A pinned file that is there needs no server. */
static bool is_at_hand(fetcher *f, ost_fetched *fetched)
{
    ost_rc rc;

    if (!f->options->sha256 || access(f->complete, R_OK) < 0)
        return false;
    rc = take_complete(f, fetched, NULL);
    return rc == OST_OK;
}

static ost_rc finish(fetcher *f, ost_err *err)
{
    int fd = open(f->part, O_RDONLY | O_CLOEXEC);
    ost_rc rc = OST_OK;

    if (fd < 0 || fsync(fd) < 0 || fchmod(fd, 0444) < 0 ||
        rename(f->part_from, f->from) < 0 || rename(f->part, f->complete) < 0)
        rc = ost_fail_errno(err, OST_ESTORE, errno, "cannot keep '%s'",
                            f->complete);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* --- requests ----------------------------------------------------------------
 */

static ost_rc open_part(fetcher *f, ost_transfer *t, ost_err *err)
{
    struct stat st;

    t->fd = open(f->part, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (t->fd < 0 || fstat(t->fd, &st) < 0)
        return ost_fail_errno(err, OST_ESTORE, errno, "cannot write '%s'",
                              f->part);
    t->have = (uint64_t)st.st_size;
    return OST_OK;
}

/* One request.  *unchanged: the complete file is what the server has. */
static ost_rc request(fetcher *f, ost_fetched *fetched, bool *unchanged,
                      bool *again, ost_err *err)
{
    ost_transfer t = { .url = f->url,
                       .shown = f->shown,
                       .max_bytes = f->options->max_bytes
                                        ? f->options->max_bytes
                                        : MAX_BYTES,
                       .stall_seconds = f->options->stall_seconds,
                       .is_complete = access(f->complete, R_OK) == 0,
                       .begun = write_validator,
                       .begun_user = f,
                       .progress = f->options->progress,
                       .user = f->options->user };
    ost_rc rc = open_part(f, &t, err);

    if (!rc) {
        t.validator = read_validator(t.have > 0 ? f->part_from : f->from);
        rc = ost_transfer_run(&t, err);
    }
    if (t.fd >= 0)
        close(t.fd);
    fetched->received += t.received;
    *unchanged = t.unchanged;
    *again = t.transient;
    if (t.unchanged)
        unlink(f->part);
    return rc;
}

static ost_rc download(fetcher *f, ost_fetched *fetched, ost_err *err)
{
    static const struct timespec nap = { .tv_nsec = 200000000L };
    uint32_t retries = f->options->retries ? f->options->retries : RETRIES;
    bool unchanged = false, again = true;
    ost_rc rc = OST_OK;

    for (uint32_t i = 0; again && i <= retries; i++) {
        if (i > 0)
            nanosleep(&nap, NULL);
        rc = request(f, fetched, &unchanged, &again, err);
        if (!rc)
            break;
    }
    if (rc && again && access(f->complete, R_OK) == 0 && !f->options->sha256) {
        ost_warn("%s; the copy of an earlier download is used", err->text);
        return OST_OK;
    }
    return rc || unchanged ? rc : finish(f, err);
}

/* One process downloads, the others wait for it. */
static ost_rc take_lease(fetcher *f, const ost_key *key, ost_err *err)
{
    static const struct timespec nap = { .tv_nsec = 100000000L };
    ost_lease_state state = OST_LEASE_BUSY;

    for (;;) {
        ost_rc rc = ost_lease_take(f->store, key, &state, err);

        if (rc || state == OST_LEASE_TAKEN)
            return rc;
        if (f->options->progress &&
            !f->options->progress(f->options->user, 0, 0))
            return ost_fail(err, OST_EINTERRUPTED, "interrupted");
        nanosleep(&nap, NULL);
    }
}

ost_rc ost_fetch(ost_store *s, const char *url,
                 const ost_fetch_options *options, ost_fetched *fetched,
                 ost_err *err)
{
    fetcher f = { .store = s, .options = options, .url = url };
    ost_digest name = ost_digest_of(url, strlen(url));
    ost_err local = { 0 };
    ost_rc rc;

    if (!err)
        err = &local;
    *fetched = (ost_fetched){ 0 };
    if (options->sha256 && !ost_digest_parse(&f.pin, options->sha256))
        return ost_fail(err, OST_EINPUT, "'%s' is not a SHA-256",
                        options->sha256);
    if (!ost_fetch_is_url(url))
        return ost_fail(err, OST_EINPUT, "'%s' is not a URL", url);
    rc = take_lease(&f, &name, err);
    if (rc)
        return rc;
    f.shown = without_secrets(url);
    f.complete = download_path(&f, &name, "");
    f.part = download_path(&f, &name, ".part");
    f.from = download_path(&f, &name, ".from");
    f.part_from = download_path(&f, &name, ".part.from");
    if (!is_at_hand(&f, fetched)) {
        rc = download(&f, fetched, err);
        if (!rc)
            rc = take_complete(&f, fetched, err);
    }
    ost_lease_drop(s, &name);
    ost_free(f.shown);
    ost_free(f.complete);
    ost_free(f.part);
    ost_free(f.from);
    ost_free(f.part_from);
    return rc;
}

void ost_fetched_release(ost_fetched *f)
{
    ost_free(f->path);
    *f = (ost_fetched){ 0 };
}
