/* engine/source.c - what an input is bound to, as an artifact of type files
 *
 * What is remembered of a source is a blob, named by table SOURCES under the
 * absolute path of the source ("url:" and the SHA-256 of a URL, which may hold
 * a secret):
 *
 *     u8       1
 *     32       fingerprint (digest of names and stat data)
 *     32       digest of the artifact
 *     u8       1: fresh, see engine/source.h
 *     varint   number of files, then for each, sorted by path:
 *     string   path
 *     varint   size
 *     u64      mtime, ctime (nanoseconds), inode
 *     32       SHA-256 of the content; zero: to be read again
 *
 * What a URL names is downloaded into the store's folder, and gets its own name
 * back through a link beside it: downloads/HASH.d/study.zip -> ../HASH.
 */
#include "engine/source.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "engine/listing.h"
#include "store/artifact.h"
#include "store/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

enum { FORMAT = 1, CHUNK = 1 << 20 };

/* A change within a tick of the file system's clock leaves no trace in the
 * stat data; ticks are 10 ms or less. */
#define TICK_NS UINT64_C(20000000)

void ost_source_state_release(ost_source_state *s)
{
    ost_free(s->root);
    *s = (ost_source_state){ 0 };
}

/* --- where it lies -------------------------------------------------------- */

/* The last component of a URL's path, made safe for a file name. */
static char *url_name(const char *url)
{
    const char *end = url + strcspn(url, "?#");
    const char *from = end;
    char *name;

    while (from > url && from[-1] != '/')
        from--;
    name = ost_xstrndup(from, (size_t)(end - from));
    if (!ost_path_is_plain(name) || name[0] == '.') {
        ost_free(name);
        name = ost_xstrdup("download");
    }
    return name;
}

static ost_rc link_download(const char *path, const char *url, char **place,
                            ost_err *err)
{
    char *dir = ost_xprintf("%s.d", path);
    char *target = ost_xprintf("../%s", ost_path_base(path));
    char *name = url_name(url);
    ost_rc rc = ost_fs_mkdirs(dir, err);

    *place = ost_path_join(dir, name);
    if (!rc && symlink(target, *place) != 0 && errno != EEXIST)
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot make '%s'", *place);
    ost_free(name);
    ost_free(target);
    ost_free(dir);
    return rc;
}

/* The path of the source; that of its download for a URL.  Caller frees. */
static ost_rc find_place(ost_store *store, const ost_source *source,
                         const ost_scan_options *options, char **place,
                         ost_err *err)
{
    ost_fetch_options o = { .sha256 = source->sha256 };
    ost_fetched fetched;
    ost_rc rc;

    *place = NULL;
    if (source->kind != OST_SOURCE_URL) {
        *place = ost_xstrdup(source->where);
        return OST_OK;
    }
    if (options) {
        o.progress = options->progress;
        o.user = options->user;
    }
    rc = ost_fetch(store, source->where, &o, &fetched, err);
    if (rc)
        return rc;
    rc = link_download(fetched.path, source->where, place, err);
    ost_fetched_release(&fetched);
    return rc;
}

typedef struct sight {
    char *where;
    ost_listing listing;
} sight;

struct ost_sights {
    OST_VEC(sight) list;
};

ost_sights *ost_sights_new(void)
{
    return ost_xalloc(sizeof(ost_sights));
}

void ost_sights_free(ost_sights *s)
{
    for (size_t i = 0; s && i < s->list.len; i++) {
        ost_free(s->list.data[i].where);
        ost_listing_release(&s->list.data[i].listing);
    }
    if (s)
        ost_vec_release(&s->list);
    ost_free(s);
}

static void keep_sight(ost_sights *s, const char *where, ost_listing *l)
{
    sight one = { ost_xstrdup(where), *l };

    ost_vec_push(&s->list, one);
    *l = (ost_listing){ 0 };
}

/* Moves what was seen out: it is used once. */
static bool take_sight(ost_sights *s, const char *where, ost_listing *l)
{
    for (size_t i = 0; s && i < s->list.len; i++) {
        sight *one = &s->list.data[i];

        if (strcmp(one->where, where) != 0)
            continue;
        *l = one->listing;
        ost_free(one->where);
        *one = s->list.data[--s->list.len];
        return true;
    }
    return false;
}

static ost_rc list(ost_store *store, const ost_source *source,
                   const ost_scan_options *options, ost_listing *l,
                   ost_err *err)
{
    char *place;
    ost_rc rc;

    *l = (ost_listing){ 0 };
    if (options && take_sight(options->sights, source->where, l))
        return OST_OK;
    rc = find_place(store, source, options, &place, err);
    if (!rc)
        rc = ost_listing_make(l, place, err);
    ost_free(place);
    return rc;
}

/* --- what is remembered -------------------------------------------------- */

typedef struct memory {
    ost_blob blob;
    ost_digest fingerprint;
    ost_digest artifact;
    bool fresh;
    uint64_t n;
    ost_reader files; /* stands before the first */
} memory;

static ost_digest read_digest(ost_reader *r)
{
    const void *p = ost_read_raw(r, OST_DIGEST_SIZE);
    ost_digest d = { { 0 } };

    if (p)
        memcpy(d.b, p, sizeof(d.b));
    return d;
}

static void table_name(ost_buf *out, const ost_source *source)
{
    char hex[OST_DIGEST_HEX];
    ost_digest d;

    if (source->kind != OST_SOURCE_URL) {
        ost_buf_adds(out, source->where);
        return;
    }
    d = ost_digest_of(source->where, strlen(source->where));
    ost_buf_addf(out, "url:%s", ost_digest_hex(&d, hex));
}

/* False when nothing usable is remembered. */
static bool recall(ost_store *store, const ost_source *source, memory *m)
{
    ost_buf name = { 0 }, where = { 0 };
    ost_reader r;
    ost_rc rc;

    *m = (memory){ 0 };
    table_name(&where, source);
    rc = ost_store_get(store, OST_TABLE_SOURCES, where.data, where.len, &name,
                       NULL);
    ost_buf_release(&where);
    r = ost_reader_of(name.data, name.len);
    if (!rc) {
        ost_digest d = read_digest(&r);

        rc = r.bad ? OST_ECORRUPT
                   : ost_store_blob(store, &d, true, &m->blob, NULL);
    }
    ost_buf_release(&name);
    if (rc)
        return false;
    r = ost_reader_of(m->blob.data, m->blob.size);
    r.bad = ost_read_u8(&r) != FORMAT || r.bad;
    m->fingerprint = read_digest(&r);
    m->artifact = read_digest(&r);
    m->fresh = ost_read_u8(&r) != 0;
    m->n = ost_read_varint(&r);
    m->files = r;
    if (r.bad) {
        ost_blob_release(&m->blob);
        *m = (memory){ 0 };
    }
    return !r.bad;
}

/* The next remembered file; its path is copied into `path`. */
static bool recall_file(memory *m, ost_buf *path, ost_listed *e)
{
    const unsigned char *p;
    size_t n;

    if (m->n == 0)
        return false;
    m->n--;
    p = ost_read_bytes(&m->files, &n);
    ost_buf_reset(path);
    ost_buf_add(path, p, n);
    e->path = ost_buf_str(path);
    e->size = ost_read_varint(&m->files);
    e->mtime_ns = ost_read_u64(&m->files);
    e->ctime_ns = ost_read_u64(&m->files);
    e->inode = ost_read_u64(&m->files);
    e->digest = read_digest(&m->files);
    e->hashed = !ost_digest_is_zero(&e->digest);
    return !m->files.bad;
}

/* Takes over the digests of files that look as they did. */
static void recall_digests(memory *m, ost_listing *l)
{
    ost_buf path = { 0 };
    ost_listed old;
    size_t i = 0;

    while (recall_file(m, &path, &old)) {
        while (i < l->files.len && strcmp(l->files.data[i].path, old.path) < 0)
            i++;
        if (i < l->files.len && strcmp(l->files.data[i].path, old.path) == 0 &&
            ost_listed_same(&l->files.data[i], &old)) {
            l->files.data[i].digest = old.digest;
            l->files.data[i].hashed = old.hashed;
        }
    }
    ost_buf_release(&path);
}

static ost_rc remember(ost_batch *batch, const ost_source *source,
                       const ost_listing *l, const ost_source_state *state,
                       const bool *fresh, ost_err *err)
{
    const ost_digest zero = { { 0 } };
    ost_buf text = { 0 }, name = { 0 };
    ost_digest d;
    ost_rc rc;

    table_name(&name, source);
    ost_buf_u8(&text, FORMAT);
    ost_buf_add(&text, state->fingerprint.b, OST_DIGEST_SIZE);
    ost_buf_add(&text, state->artifact.b, OST_DIGEST_SIZE);
    ost_buf_u8(&text, state->fresh);
    ost_buf_varint(&text, l->files.len);
    for (size_t i = 0; i < l->files.len; i++) {
        const ost_listed *e = &l->files.data[i];

        ost_buf_string(&text, e->path);
        ost_buf_varint(&text, e->size);
        ost_buf_u64(&text, e->mtime_ns);
        ost_buf_u64(&text, e->ctime_ns);
        ost_buf_u64(&text, e->inode);
        ost_buf_add(&text, fresh[i] ? zero.b : e->digest.b, OST_DIGEST_SIZE);
    }
    rc = ost_batch_put_blob(batch, text.data, text.len, &d, err);
    if (!rc)
        ost_batch_put(batch, OST_TABLE_SOURCES, name.data, name.len, d.b,
                      sizeof(d.b));
    ost_buf_release(&name);
    ost_buf_release(&text);
    return rc;
}

/* --- reading ------------------------------------------------------------- */

static ost_rc hash_content(int fd, const char *path, unsigned char *chunk,
                           ost_digest *digest, ost_err *err)
{
    ost_hash *h = ost_hash_new();
    ost_rc rc = OST_OK;
    ssize_t n;

    do {
        n = read(fd, chunk, CHUNK);
        if (n > 0)
            ost_hash_add(h, chunk, (size_t)n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0)
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot read '%s'", path);
    *digest = ost_hash_final(h);
    return rc;
}

/* Hashes a file and takes its stat data anew; what changes meanwhile is
 * OST_ECHANGED. */
static ost_rc hash_file(const char *path, unsigned char *chunk, ost_listed *e,
                        ost_err *err)
{
    ost_listed before = *e;
    struct stat st;
    ost_rc rc;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return ost_fail_errno(err, OST_EIO, errno, "cannot open '%s'", path);
    if (fstat(fd, &st) == 0)
        ost_listed_stat(&before, &st);
    rc = hash_content(fd, path, chunk, &e->digest, err);
    if (!rc && fstat(fd, &st) != 0)
        rc = ost_fail_errno(err, OST_EIO, errno, "cannot look at '%s'", path);
    close(fd);
    if (rc)
        return rc;
    ost_listed_stat(e, &st);
    if (!ost_listed_same(e, &before))
        return ost_fail(err, OST_ECHANGED, "'%s' changed while it was read",
                        path);
    e->hashed = true;
    return OST_OK;
}

static uint64_t file_clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* Hashes what has no digest yet; fresh[i] says which files are too young for
 * their stat data to vouch for them. */
static ost_rc hash_files(ost_listing *l, ost_source_state *state, bool *fresh,
                         ost_err *err)
{
    unsigned char *chunk = NULL;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < l->files.len && !rc; i++) {
        ost_listed *e = &l->files.data[i];
        uint64_t now;
        char *path;

        state->bytes += e->size;
        if (e->hashed)
            continue;
        if (!chunk)
            chunk = ost_xalloc(CHUNK);
        path = ost_path_join(l->root, e->path);
        now = file_clock_ns();
        rc = hash_file(path, chunk, e, err);
        ost_free(path);
        fresh[i] = e->ctime_ns + TICK_NS > now || e->mtime_ns + TICK_NS > now;
        state->fresh |= fresh[i];
        state->files_read++;
    }
    ost_free(chunk);
    return rc;
}

static ost_rc put_artifact(ost_batch *batch, const ost_listing *l,
                           ost_digest *digest, ost_err *err)
{
    ost_arena arena = { 0 };
    ost_buf meta = { 0 };
    size_t n = l->files.len;
    ost_item *items = OST_ARENA_ARRAY(&arena, ost_item, n);
    ost_field *fields = OST_ARENA_ARRAY(&arena, ost_field, n);
    ost_rc rc;

    for (size_t i = 0; i < n; i++) {
        const ost_listed *e = &l->files.data[i];

        fields[i] = (ost_field){ .name = "bytes",
                                 .dtype = OST_U8,
                                 .ndim = 1,
                                 .shape = { (int64_t)e->size },
                                 .stride = { 1 },
                                 .blob = e->digest };
        items[i] = (ost_item){
            .id = e->path, .group = e->path, .fields = &fields[i], .n_fields = 1
        };
    }
    ost_buf_addc(&meta, '{');
    if (l->manifest) {
        ost_buf_adds(&meta, "\"manifest\":");
        ost_buf_add_json(&meta, l->manifest, strlen(l->manifest));
    }
    ost_buf_addc(&meta, '}');
    rc = ost_dataset_put(batch, OST_FILES, ost_buf_str(&meta), items, n, digest,
                         err);
    ost_buf_release(&meta);
    ost_arena_release(&arena);
    return rc;
}

static ost_rc check_pin(const ost_source *source, const ost_listing *l,
                        ost_err *err)
{
    char hex[OST_DIGEST_HEX];

    if (!source->sha256)
        return OST_OK;
    if (l->files.len != 1)
        return ost_fail(err, OST_EINPUT,
                        "input '%s' has a sha256, but '%s' is not one file",
                        source->name, source->where);
    ost_digest_hex(&l->files.data[0].digest, hex);
    if (strcmp(hex, source->sha256) != 0)
        return ost_fail(err, OST_EINPUT,
                        "input '%s': '%s' has SHA-256 %s, not %s as asked for",
                        source->name, source->where, hex, source->sha256);
    return OST_OK;
}

/* --- the three calls ----------------------------------------------------- */

ost_rc ost_source_look(ost_store *store, const ost_source *source,
                       ost_sights *sights, ost_digest *fingerprint,
                       ost_err *err)
{
    ost_listing l;
    ost_rc rc;

    rc = list(store, source, NULL, &l, err);
    if (rc)
        ost_err_at(err, "input '%s'", source->name);
    else
        *fingerprint = ost_listing_fingerprint(&l);
    if (!rc && sights)
        keep_sight(sights, source->where, &l);
    ost_listing_release(&l);
    return rc;
}

/* Everything is as remembered, and what was made of it is still there. */
static bool is_known(ost_batch *batch, const ost_source *source,
                     const ost_listing *l, const memory *m,
                     ost_source_state *state)
{
    if (m->fresh || source->sha256 ||
        !ost_digest_equal(&m->fingerprint, &state->fingerprint) ||
        !ost_store_has_blob(ost_batch_store(batch), &m->artifact))
        return false;
    state->artifact = m->artifact;
    for (size_t i = 0; i < l->files.len; i++)
        state->bytes += l->files.data[i].size;
    return true;
}

ost_rc ost_source_scan(ost_batch *batch, const ost_source *source,
                       const ost_scan_options *options, ost_source_state *state,
                       ost_err *err)
{
    bool rehash = options && options->rehash;
    memory m = { 0 };
    ost_listing l;
    bool *fresh = NULL;
    double began = ost_now(), listed, hashed;
    ost_rc rc;

    *state = (ost_source_state){ 0 };
    rc = list(ost_batch_store(batch), source, options, &l, err);
    if (rc)
        goto out;
    listed = ost_now();
    state->root = ost_xstrdup(l.root);
    state->files = l.files.len;
    state->fingerprint = ost_listing_fingerprint(&l);
    if (!rehash && recall(ost_batch_store(batch), source, &m)) {
        if (is_known(batch, source, &l, &m, state))
            goto out;
        recall_digests(&m, &l);
    }
    fresh = ost_xalloc(l.files.len * sizeof(*fresh) + 1);
    rc = hash_files(&l, state, fresh, err);
    if (rc)
        goto out;
    hashed = ost_now();
    state->fingerprint = ost_listing_fingerprint(&l);
    rc = check_pin(source, &l, err);
    if (!rc)
        rc = put_artifact(batch, &l, &state->artifact, err);
    if (!rc)
        rc = remember(batch, source, &l, state, fresh, err);
    ost_log(STATS, "source %s: listed in %.1f ms, read in %.1f, kept in %.1f",
            source->name, 1e3 * (listed - began), 1e3 * (hashed - listed),
            1e3 * (ost_now() - hashed));
out:
    if (rc) {
        ost_err_at(err, "input '%s'", source->name);
        ost_source_state_release(state);
    }
    ost_free(fresh);
    ost_blob_release(&m.blob);
    ost_listing_release(&l);
    return rc;
}

/* The first file that is not as remembered, and what became of it; an empty
 * name when there is none.  The name is borrowed from `l` or `path`. */
static const char *first_change(memory *m, const ost_listing *l, ost_buf *path,
                                const char **what)
{
    ost_listed old;
    size_t i = 0;

    for (; recall_file(m, path, &old); i++) {
        int order =
            i < l->files.len ? strcmp(l->files.data[i].path, old.path) : 1;

        if (order == 0 && ost_listed_same(&l->files.data[i], &old))
            continue;
        *what = order == 0  ? "changed"
                : order < 0 ? "was added"
                            : "was removed";
        return order < 0 ? l->files.data[i].path : old.path;
    }
    *what = i < l->files.len ? "was added" : "changed";
    return i < l->files.len ? l->files.data[i].path : "";
}

static ost_rc name_change(ost_store *store, const ost_source *source,
                          const ost_listing *l, ost_err *err)
{
    const char *what = "changed";
    const char *which = "";
    ost_buf path = { 0 };
    memory m = { 0 };
    ost_rc rc;

    if (recall(store, source, &m))
        which = first_change(&m, l, &path, &what);
    rc =
        ost_fail(err, OST_ECHANGED, "input '%s': '%s%s%s' %s while it was used",
                 source->name, l->root, *which ? "/" : "", which, what);
    ost_blob_release(&m.blob);
    ost_buf_release(&path);
    return rc;
}

ost_rc ost_source_verify(ost_store *store, const ost_source *source,
                         const ost_source_state *state, ost_err *err)
{
    ost_digest now;
    ost_listing l = { 0 };
    ost_rc rc;

    if (source->kind == OST_SOURCE_URL)
        return OST_OK; /* the download is ours: nobody else writes it */
    rc = ost_listing_make(&l, source->where, err);
    if (rc) {
        ost_err_at(err, "input '%s' changed while it was used", source->name);
        rc = OST_ECHANGED;
        goto out;
    }
    now = ost_listing_fingerprint(&l);
    if (!ost_digest_equal(&now, &state->fingerprint))
        rc = name_change(store, source, &l, err);
out:
    ost_listing_release(&l);
    return rc;
}
