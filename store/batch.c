/* store/batch.c - what is to be committed together */
#include "base/alloc.h"
#include "store/store.h"
#include "store/store_impl.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

enum { ENCODING = 1, F_REMOVES = 0x80 };

ost_batch *ost_batch_new(ost_store *s)
{
    ost_batch *b = ost_xalloc(sizeof(*b));

    b->store = s;
    pthread_mutex_init(&b->lock, NULL);
    return b;
}

static void forget(ost_batch *b)
{
    b->records.len = 0;
    b->bytes = 0;
    b->wrote_files = false;
    ost_map_release(&b->index);
    b->index = (ost_map){ 0 };
    memset(b->united, 0, sizeof(b->united));
}

void ost_batch_free(ost_batch *b)
{
    if (!b)
        return;
    forget(b);
    ost_vec_release(&b->records);
    ost_arena_release(&b->arena);
    ost_buf_release(&b->scratch);
    pthread_mutex_destroy(&b->lock);
    ost_free(b);
}

void ost_batch_clear(ost_batch *b)
{
    forget(b);
    ost_arena_reset(&b->arena);
}

ost_store *ost_batch_store(ost_batch *b)
{
    return b->store;
}

size_t ost_batch_count(const ost_batch *b)
{
    return b->records.len;
}

size_t ost_batch_bytes(ost_batch *b)
{
    size_t bytes;

    pthread_mutex_lock(&b->lock);
    bytes = b->bytes;
    pthread_mutex_unlock(&b->lock);
    return bytes;
}

/* --- records ------------------------------------------------------------- */

static void index_key(ost_buf *out, ost_table table, const void *key, size_t n)
{
    ost_buf_reset(out);
    ost_buf_u8(out, (uint8_t)table);
    ost_buf_add(out, key, n);
}

/* Borrowed until the lock, which the caller holds, is given up. */
static const ost_batch_record *find(ost_batch *b, ost_table table,
                                    const void *key, size_t n)
{
    uint64_t i;

    index_key(&b->scratch, table, key, n);
    if (!ost_map_get(&b->index, b->scratch.data, b->scratch.len, &i))
        return NULL;
    return &b->records.data[i];
}

/* The caller holds the lock. */
static void put(ost_batch *b, ost_table table, const void *key, size_t n,
                const void *value, size_t size, bool removes)
{
    ost_batch_record r = { .table = table,
                           .removes = removes,
                           .nkey = n,
                           .size = size,
                           .value = ost_arena_copy(&b->arena, value, size) };
    uint64_t i;

    index_key(&b->scratch, table, key, n);
    if (ost_map_get(&b->index, b->scratch.data, b->scratch.len, &i)) {
        r.key = b->records.data[i].key;
        b->bytes -= b->records.data[i].size;
        b->bytes += size;
        b->records.data[i] = r;
        return;
    }
    r.key = ost_arena_copy(&b->arena, key, n);
    ost_map_put(&b->index, b->scratch.data, b->scratch.len, b->records.len);
    ost_vec_push(&b->records, r);
    b->bytes += n + size;
}

void ost_batch_put(ost_batch *b, ost_table table, const void *key, size_t n,
                   const void *value, size_t size)
{
    assert(n > 0);
    pthread_mutex_lock(&b->lock);
    put(b, table, key, n, value ? value : "", size, value == NULL);
    pthread_mutex_unlock(&b->lock);
}

ost_rc ost_batch_get(ost_batch *b, ost_table table, const void *key, size_t n,
                     ost_buf *out, ost_err *err)
{
    const ost_batch_record *r;
    ost_rc rc = OST_OK;

    pthread_mutex_lock(&b->lock);
    r = find(b, table, key, n);
    if (r && r->removes)
        rc = OST_ENOTFOUND;
    else if (r)
        ost_buf_add(out, r->value, r->size);
    pthread_mutex_unlock(&b->lock);
    return r ? rc : ost_store_get(b->store, table, key, n, out, err);
}

/* --- blobs --------------------------------------------------------------- */

static bool has_small(ost_batch *b, const ost_digest *digest)
{
    bool found;

    pthread_mutex_lock(&b->lock);
    found = find(b, OST_TABLE_BLOBS, digest->b, OST_DIGEST_SIZE) != NULL;
    pthread_mutex_unlock(&b->lock);
    return found;
}

ost_rc ost_batch_put_blob(ost_batch *b, const void *data, size_t size,
                          ost_digest *digest, ost_err *err)
{
    *digest = ost_digest_of(data, size);
    if (size <= OST_BLOB_INLINE) {
        if (!has_small(b, digest) && !ost_store_has(b->store, OST_TABLE_BLOBS,
                                                    digest->b, OST_DIGEST_SIZE))
            ost_batch_put(b, OST_TABLE_BLOBS, digest->b, OST_DIGEST_SIZE,
                          size ? data : "", size);
        return OST_OK;
    }
    /* A file that is there already may be another process's, which has not
     * synced it yet. */
    pthread_mutex_lock(&b->lock);
    b->wrote_files = true;
    pthread_mutex_unlock(&b->lock);
    if (ost_object_size(b->store, digest) == (int64_t)size)
        return OST_OK;
    return ost_object_write(b->store, digest, data, size, err);
}

ost_rc ost_batch_blob(ost_batch *b, const ost_digest *digest, ost_blob *blob,
                      ost_err *err)
{
    const ost_batch_record *r;
    unsigned char *copy = NULL;

    pthread_mutex_lock(&b->lock);
    r = find(b, OST_TABLE_BLOBS, digest->b, OST_DIGEST_SIZE);
    if (r && !r->removes) {
        copy = ost_xalloc(r->size + 1);
        memcpy(copy, r->value, r->size);
        *blob = (ost_blob){ copy, r->size, false };
    }
    pthread_mutex_unlock(&b->lock);
    return copy ? OST_OK : ost_store_blob(b->store, digest, true, blob, err);
}

bool ost_batch_has_blob(ost_batch *b, const ost_digest *digest)
{
    return has_small(b, digest) || ost_store_has_blob(b->store, digest);
}

/* --- memos --------------------------------------------------------------- */

void ost_batch_put_memo(ost_batch *b, const ost_key *key,
                        const ost_digest *refs, size_t nrefs, const void *value,
                        size_t size)
{
    ost_buf out = { 0 };

    ost_buf_varint(&out, nrefs);
    for (size_t i = 0; i < nrefs; i++)
        ost_buf_add(&out, refs[i].b, OST_DIGEST_SIZE);
    ost_buf_add(&out, value, size);
    ost_batch_put(b, OST_TABLE_MEMOS, key->b, OST_DIGEST_SIZE, out.data,
                  out.len);
    ost_buf_release(&out);
}

ost_rc ost_batch_get_memo(ost_batch *b, const ost_key *key, ost_buf *value,
                          ost_err *err)
{
    ost_buf record = { 0 };
    ost_reader r;
    uint64_t n;
    ost_rc rc = ost_batch_get(b, OST_TABLE_MEMOS, key->b, OST_DIGEST_SIZE,
                              &record, err);

    if (rc)
        goto out;
    r = ost_reader_of(record.data, record.len);
    n = ost_read_varint(&r);
    for (uint64_t i = 0; i < n && !rc; i++) {
        const void *ref = ost_read_raw(&r, OST_DIGEST_SIZE);

        if (!ref || !ost_batch_has_blob(b, ref))
            rc = OST_ENOTFOUND;
    }
    if (r.bad)
        rc = OST_ENOTFOUND;
    if (!rc)
        ost_buf_add(value, r.p, ost_read_left(&r));
out:
    ost_buf_release(&record);
    return rc;
}

/* --- handing over -------------------------------------------------------- */

void ost_batch_encode(const ost_batch *b, ost_buf *out)
{
    ost_buf_u8(out, ENCODING);
    ost_buf_u8(out, b->wrote_files);
    ost_buf_varint(out, b->records.len);
    for (size_t i = 0; i < b->records.len; i++) {
        const ost_batch_record *r = &b->records.data[i];

        ost_buf_u8(out, (uint8_t)(r->table | (r->removes ? F_REMOVES : 0)));
        ost_buf_bytes(out, r->key, r->nkey);
        ost_buf_bytes(out, r->value, r->size);
    }
}

ost_rc ost_batch_add_encoded(ost_batch *b, const void *data, size_t size,
                             ost_err *err)
{
    ost_reader r = ost_reader_of(data, size);
    uint8_t version = ost_read_u8(&r);
    uint8_t files = ost_read_u8(&r);
    uint64_t n = ost_read_varint(&r);
    ost_reader records = r;

    for (int pass = 0; pass < 2; pass++) { /* all of it, or nothing */
        r = records;
        for (uint64_t i = 0; i < n && !r.bad; i++) {
            size_t nkey, nvalue;
            uint8_t table = ost_read_u8(&r);
            const unsigned char *key = ost_read_bytes(&r, &nkey);
            const unsigned char *value = ost_read_bytes(&r, &nvalue);

            if (r.bad || nkey == 0 || (table & 0x7f) >= OST_TABLES)
                r.bad = true;
            else if (pass == 1)
                ost_batch_put(b, (ost_table)(table & 0x7f), key, nkey,
                              table & F_REMOVES ? NULL : value,
                              table & F_REMOVES ? 0 : nvalue);
        }
        if (r.bad || version != ENCODING || files > 1 || ost_read_left(&r))
            return ost_fail(err, OST_EPROTO, "malformed batch of records");
    }
    b->wrote_files = b->wrote_files || files;
    return OST_OK;
}
