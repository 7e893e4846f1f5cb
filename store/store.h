/* store/store.h - bytes named by their hash, and records under their keys
 *
 * A store is a directory:
 *
 *     index.lmdb        tables (below), small blobs
 *     objects/ab/cdef   larger blobs, read-only files named by their SHA-256
 *     tmp/              files being written; swept when no process uses them
 *     downloads/        what was fetched from URLs, complete or to be resumed
 *     leases            byte-range locks: who is computing which key
 *     version           format number, readable by people
 *
 * Any number of processes may have a store open.  Reading sees what was
 * committed.  All writing goes through a batch: blobs above OST_BLOB_INLINE
 * bytes become files at once, smaller ones and records are collected, and
 * ost_store_commit() makes everything durable in one synced transaction.  A
 * worker process never commits: it hands the encoded batch to the engine.
 *
 * Functions may be called from any thread; see below for batches.  FORMAT.md
 * draws every record.
 */
#ifndef OST_STORE_STORE_H
#define OST_STORE_STORE_H

#include "base/buf.h"
#include "base/err.h"
#include "store/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OST_STORE_FORMAT = 1,        /* raised when the layout changes */
    OST_BLOB_INLINE = 16 * 1024, /* larger blobs are files */
};

typedef struct ost_store ost_store;
typedef struct ost_batch ost_batch;

enum ost_store_flags {
    OST_STORE_CREATE = 1u << 0,   /* make it when it is not there */
    OST_STORE_READONLY = 1u << 1, /* never write, take no write lock */
};

/* Opens the store in directory `path`.  OST_ENOTFOUND when there is none (and
 * CREATE was not asked), OST_EVERSION when a newer version wrote it,
 * OST_ESTORE for a network file system, missing permission or a read-only
 * directory opened for writing.  Stale LMDB readers of dead processes are
 * cleared.  Caller closes with ost_store_close(). */
ost_rc ost_store_open(const char *path, unsigned flags, ost_store **store,
                      ost_err *err);
void ost_store_close(ost_store *s);
/* Absolute path, borrowed. */
const char *ost_store_path(const ost_store *s);

/* --- tables ------------------------------------------------------------ */

/* How to add a table: one row here, its record drawn in FORMAT.md. */
#define OST_TABLE_MAP(XX)                                                    \
    XX(BLOBS, "blobs", "digest -> bytes of a small blob")                    \
    XX(NODES, "nodes", "key -> node record (store/record.h)")                \
    XX(MEMOS, "memos", "memo key -> memo record: referenced digests, bytes") \
    XX(SOURCES, "sources", "source name -> digest of its fingerprint blob")  \
    XX(STEPS, "steps", "workflow and step name -> recent keys")              \
    XX(PLANS, "plans", "digest of a whole plan's inputs -> its outcome")     \
    XX(RUNS, "runs", "run id -> run record")                                 \
    XX(PINS, "pins", "name -> run id or artifact digest")                    \
    XX(CHECKPOINTS, "checkpoints", "key -> digest of a training checkpoint") \
    XX(META, "meta", "name -> value: format, creation")

typedef enum ost_table {
#define XX(name, word, help) OST_TABLE_##name,
    OST_TABLE_MAP(XX)
#undef XX
        OST_TABLES
} ost_table;

/* Appends the value to `out`; OST_ENOTFOUND (no message) when it is not
 * there. */
ost_rc ost_store_get(ost_store *s, ost_table table, const void *key, size_t n,
                     ost_buf *out, ost_err *err);
bool ost_store_has(ost_store *s, ost_table table, const void *key, size_t n);

/* Calls `visit` for each record whose key starts with `prefix`, in key order,
 * inside one read transaction: the bytes are borrowed for the call.  Stops
 * at, and returns, the first result that is not OST_OK. */
typedef ost_rc (*ost_visit)(void *user, const void *key, size_t nkey,
                            const void *value, size_t nvalue, ost_err *err);
ost_rc ost_store_each(ost_store *s, ost_table table, const void *prefix,
                      size_t nprefix, ost_visit visit, void *user,
                      ost_err *err);

/* --- blobs ------------------------------------------------------------- */

/* Bytes borrowed from the store until ost_blob_release(): a private copy of a
 * small blob, a read-only map of a large one. */
typedef struct ost_blob {
    const unsigned char *data;
    size_t size;
    bool mapped;
} ost_blob;

/* OST_ECORRUPT when the bytes are missing; with `verify`, also when they do
 * not have the digest.  An object file is hashed once only in a process. */
ost_rc ost_store_blob(ost_store *s, const ost_digest *digest, bool verify,
                      ost_blob *blob, ost_err *err);
bool ost_store_has_blob(ost_store *s, const ost_digest *digest);
/* Size in bytes, or OST_ENOTFOUND. */
ost_rc ost_store_blob_size(ost_store *s, const ost_digest *digest,
                           uint64_t *size, ost_err *err);
void ost_blob_release(ost_blob *blob);
/* The path of a large blob's file; caller frees with ost_free(). */
char *ost_store_object_path(const ost_store *s, const ost_digest *digest);

/* --- batches ----------------------------------------------------------- */

/* Putting and getting is for any thread; encoding, clearing and committing are
 * not to be done while another thread uses the batch. */
ost_batch *ost_batch_new(ost_store *s);
void ost_batch_free(ost_batch *b);
ost_store *ost_batch_store(ost_batch *b);
/* Number of records collected, and their bytes. */
size_t ost_batch_count(const ost_batch *b);
size_t ost_batch_bytes(ost_batch *b);
void ost_batch_clear(ost_batch *b);

/* Stores bytes and says their digest.  A blob that the batch or the store has
 * already costs a look-up.  Large ones are written to tmp/ and renamed. */
ost_rc ost_batch_put_blob(ost_batch *b, const void *data, size_t size,
                          ost_digest *digest, ost_err *err);
/* The batch first, then the store. */
ost_rc ost_batch_blob(ost_batch *b, const ost_digest *digest, ost_blob *blob,
                      ost_err *err);
/* Put replaces; an empty value (size 0 with data NULL) deletes at commit. */
void ost_batch_put(ost_batch *b, ost_table table, const void *key, size_t n,
                   const void *value, size_t size);
ost_rc ost_batch_get(ost_batch *b, ost_table table, const void *key, size_t n,
                     ost_buf *out, ost_err *err);

/* A memo: what a computation gave, with the blobs that it refers to (they keep
 * or lose the memo at gc).  A memo with a missing blob counts as not there. */
void ost_batch_put_memo(ost_batch *b, const ost_key *key,
                        const ost_digest *refs, size_t nrefs, const void *value,
                        size_t size);
ost_rc ost_batch_get_memo(ost_batch *b, const ost_key *key, ost_buf *value,
                          ost_err *err);

/* To hand a batch to another process: appends its bytes, and adds them to
 * another batch of the same store. */
void ost_batch_encode(const ost_batch *b, ost_buf *out);
ost_rc ost_batch_add_encoded(ost_batch *b, const void *data, size_t size,
                             ost_err *err);

/* Makes everything in the batch durable (files first, then one synced
 * transaction) and clears it.  On failure nothing of the records is visible
 * and the batch is kept. */
ost_rc ost_store_commit(ost_store *s, ost_batch *b, ost_err *err);

/* --- leases ------------------------------------------------------------ */

/* Who computes a key: an open-file-description lock on one byte of the
 * `leases` file, chosen by the key.  The kernel gives it back when the owner
 * dies, however it dies. */
typedef enum ost_lease_state {
    OST_LEASE_TAKEN, /* it is ours now */
    OST_LEASE_BUSY,  /* another process has it */
} ost_lease_state;

ost_rc ost_lease_take(ost_store *s, const ost_key *key, ost_lease_state *state,
                      ost_err *err);
void ost_lease_drop(ost_store *s, const ost_key *key);

/* A run holds the store shared; gc holds it alone.  OST_ESTORE with a message
 * that says so when it cannot be had within `wait_seconds`. */
ost_rc ost_store_use(ost_store *s, bool alone, double wait_seconds,
                     ost_err *err);
void ost_store_unuse(ost_store *s);

#endif
