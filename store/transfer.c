/* store/transfer.c - one request for a file, or for the rest of it
 *
 * The rest is asked for with Range and If-Range: the server sends it (206) when
 * its file is still the one that was begun, else all of the new one (200).
 * Without a validator that may stand in If-Range everything is asked for.
 */
#include "store/transfer.h"

#include "base/text.h"
#include "store/libcurl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/banned.h"

enum { MAX_REDIRECTS = 10, CONNECT_SECONDS = 30, STALL_SECONDS = 30 };

typedef struct request {
    ost_transfer *t;
    const ost_libcurl *lib;
    CURL *handle;
    struct curl_slist *headers;
    ost_validator validator; /* that the answer brings */
    uint64_t range_start;    /* of a 206 answer */
    bool writing;            /* the answer's kind is known */
    uint64_t offset;         /* where the next byte goes */
    ost_rc rc;               /* of our own failures */
    ost_err *err;
} request;

/* --- what the server says ----------------------------------------------------
 */

/* The value of a header line, without spaces around it, when it has that name.
 */
static bool header_value(const char *line, size_t n, const char *name,
                         char *out, size_t room)
{
    size_t m = strlen(name);

    if (n <= m || strncasecmp(line, name, m) != 0 || line[m] != ':')
        return false;
    line += m + 1;
    n -= m + 1;
    while (n > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        n--;
    }
    while (n > 0 && strchr("\r\n \t", line[n - 1]))
        n--;
    if (n >= room) /* too long to be kept: as if it were not there */
        n = 0;
    memcpy(out, line, n);
    out[n] = '\0';
    return true;
}

static size_t take_header(char *line, size_t size, size_t n, void *user)
{
    request *r = user;
    char text[64];
    size_t len = size * n;

    if (len > 5 && strncmp(line, "HTTP/", 5) == 0) { /* perhaps a redirect's */
        r->validator = (ost_validator){ 0 };
        r->range_start = 0;
    }
    header_value(line, len, "etag", r->validator.etag,
                 sizeof(r->validator.etag));
    header_value(line, len, "last-modified", r->validator.modified,
                 sizeof(r->validator.modified));
    if (header_value(line, len, "content-range", text, sizeof(text)) &&
        ost_starts_with(text, "bytes "))
        r->range_start = strtoull(text + strlen("bytes "), NULL, 10);
    return len;
}

static ost_rc begin(request *r)
{
    ost_transfer *t = r->t;
    long code = 0;

    r->lib->curl_easy_getinfo(r->handle, CURLINFO_RESPONSE_CODE, &code);
    if (code == 206 && r->range_start == t->have) {
        r->offset = t->have;
        return OST_OK;
    }
    if (code == 206)
        return ost_fail(r->err, OST_EIO,
                        "'%s': the server sent another part than asked for",
                        t->shown);
    r->offset = 0;
    if (ftruncate(t->fd, 0) < 0)
        return ost_fail_errno(r->err, OST_ESTORE, errno,
                              "cannot write the download");
    return t->begun(t->begun_user, &r->validator, r->err);
}

static ost_rc write_at(request *r, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = pwrite(r->t->fd, data, n, (off_t)r->offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return ost_fail_errno(r->err, OST_ESTORE, errno,
                                  "cannot write the download");
        data += done;
        n -= (size_t)done;
        r->offset += (uint64_t)done;
    }
    return OST_OK;
}

static size_t take_bytes(char *data, size_t size, size_t n, void *user)
{
    request *r = user;
    size_t len = size * n;

    if (!r->writing) {
        r->rc = begin(r);
        r->writing = true;
    }
    if (!r->rc && r->offset + len > r->t->max_bytes)
        r->rc = ost_fail(r->err, OST_EINPUT,
                         "'%s' is larger than the limit of %llu bytes",
                         r->t->shown, (unsigned long long)r->t->max_bytes);
    if (!r->rc)
        r->rc = write_at(r, data, len);
    r->t->received += len;
    return r->rc ? CURL_WRITEFUNC_ERROR : len;
}

static int tell_progress(void *user, curl_off_t total, curl_off_t now,
                         curl_off_t up_total, curl_off_t up_now)
{
    request *r = user;
    uint64_t before = r->offset > (uint64_t)now ? r->offset - (uint64_t)now : 0;

    (void)up_total;
    (void)up_now;
    if (!r->t->progress)
        return 0;
    return !r->t->progress(r->t->user, r->offset,
                           total > 0 ? before + (uint64_t)total : 0);
}

/* --- what we say
 * --------------------------------------------------------------- */

static void add_header(request *r, const char *name, const char *value)
{
    char line[512];

    snprintf(line, sizeof(line), "%s: %s", name, value);
    r->headers = r->lib->curl_slist_append(r->headers, line);
}

/* If-Range compares strongly: a weak ETag ("W/...") will not do. */
static const char *range_validator(const ost_validator *v)
{
    if (v->etag[0])
        return ost_starts_with(v->etag, "W/") ? NULL : v->etag;
    return v->modified[0] ? v->modified : NULL;
}

static void ask_conditionally(request *r)
{
    ost_transfer *t = r->t;
    const char *validator = range_validator(&t->validator);
    char range[64];

    if (t->have > 0 && validator) {
        snprintf(range, sizeof(range), "bytes=%llu-",
                 (unsigned long long)t->have);
        add_header(r, "Range", range);
        add_header(r, "If-Range", validator);
        r->offset = t->have;
    } else if (t->have == 0 && t->is_complete) {
        if (t->validator.etag[0])
            add_header(r, "If-None-Match", t->validator.etag);
        else if (t->validator.modified[0])
            add_header(r, "If-Modified-Since", t->validator.modified);
    }
}

static void set_options(request *r)
{
    const ost_libcurl *lib = r->lib;
    CURL *h = r->handle;
    double stall = r->t->stall_seconds;

    lib->curl_easy_setopt(h, CURLOPT_URL, r->t->url);
    lib->curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https,file");
    lib->curl_easy_setopt(h, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    lib->curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 1L);
    lib->curl_easy_setopt(h, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    lib->curl_easy_setopt(h, CURLOPT_FAILONERROR, 1L);
    lib->curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    lib->curl_easy_setopt(h, CURLOPT_USERAGENT, "osteon");
    lib->curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    lib->curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
    lib->curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME,
                          stall > 0 ? (long)(stall + 0.999)
                                    : (long)STALL_SECONDS);
    lib->curl_easy_setopt(h, CURLOPT_HTTPHEADER, r->headers);
    lib->curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, take_header);
    lib->curl_easy_setopt(h, CURLOPT_HEADERDATA, r);
    lib->curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take_bytes);
    lib->curl_easy_setopt(h, CURLOPT_WRITEDATA, r);
    lib->curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
    lib->curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, tell_progress);
    lib->curl_easy_setopt(h, CURLOPT_XFERINFODATA, r);
}

/* --- how it went
 * ---------------------------------------------------------------- */

static ost_rc http_failure(request *r, long code)
{
    ost_transfer *t = r->t;

    if (code == 416) { /* what is there is no beginning of what is there now */
        if (ftruncate(t->fd, 0) == 0)
            t->transient = true;
        return ost_fail(r->err, OST_EIO, "'%s' changed on the server",
                        t->shown);
    }
    t->transient = code >= 500 || code == 408 || code == 429;
    return ost_fail(r->err,
                    code == 404 || code == 410 ? OST_ENOTFOUND : OST_EIO,
                    "'%s': the server answers %ld", t->shown, code);
}

static bool may_pass(CURLcode code)
{
    switch ((int)code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return true;
    default:
        return false;
    }
}

static ost_rc judge(request *r, CURLcode result)
{
    ost_transfer *t = r->t;
    long code = 0;

    r->lib->curl_easy_getinfo(r->handle, CURLINFO_RESPONSE_CODE, &code);
    if (r->rc)
        return r->rc;
    if (result == CURLE_OK && code == 304) {
        t->unchanged = true;
        return OST_OK;
    }
    if (result == CURLE_OK) {
        if (!r->writing) /* a file of no bytes */
            return begin(r);
        if (t->progress)
            t->progress(t->user, r->offset, r->offset);
        return OST_OK;
    }
    if (result == CURLE_HTTP_RETURNED_ERROR)
        return http_failure(r, code);
    if (result == CURLE_ABORTED_BY_CALLBACK)
        return ost_fail(r->err, OST_EINTERRUPTED, "'%s': interrupted",
                        t->shown);
    t->transient = may_pass(result);
    return ost_fail(r->err,
                    result == CURLE_FILE_COULDNT_READ_FILE ? OST_ENOTFOUND
                                                           : OST_EIO,
                    "'%s': %s", t->shown, r->lib->curl_easy_strerror(result));
}

ost_rc ost_transfer_run(ost_transfer *t, ost_err *err)
{
    request r = { .t = t, .err = err };
    ost_rc rc = ost_libcurl_open(&r.lib, err);

    if (rc)
        return rc;
    r.handle = r.lib->curl_easy_init();
    if (!r.handle)
        return ost_fail(err, OST_ENOMEM, "no memory for a download");
    ask_conditionally(&r);
    set_options(&r);
    rc = judge(&r, r.lib->curl_easy_perform(r.handle));
    r.lib->curl_slist_free_all(r.headers);
    r.lib->curl_easy_cleanup(r.handle);
    return rc;
}
