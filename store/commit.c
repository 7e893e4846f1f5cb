/* store/commit.c - a batch becomes durable
 *
 * First the object files, with one syncfs(): measured on ext4, it costs less
 * than an fsync() even of a single file and its folder, and it covers files
 * that other processes wrote.  Then one synced transaction.
 */
#include "base/alloc.h"
#include "base/fault.h"
#include "base/log.h"
#include "store/store.h"
#include "store/store_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

static int compare_records(const void *x, const void *y)
{
    const ost_batch_record *a = *(const ost_batch_record *const *)x;
    const ost_batch_record *b = *(const ost_batch_record *const *)y;
    size_t n = a->nkey < b->nkey ? a->nkey : b->nkey;
    int order = a->table < b->table   ? -1
                : a->table > b->table ? 1
                                      : memcmp(a->key, b->key, n);

    return order ? order : (a->nkey > b->nkey) - (a->nkey < b->nkey);
}

/* In key order, pages of the index are touched once each. */
static const ost_batch_record **in_order(const ost_batch *b)
{
    const ost_batch_record **list = ost_xalloc(b->records.len * sizeof(void *));

    for (size_t i = 0; i < b->records.len; i++)
        list[i] = &b->records.data[i];
    qsort(list, b->records.len, sizeof(void *), compare_records);
    return list;
}

static int write_records(ost_store *s, MDB_txn *txn, const ost_batch *b)
{
    const ost_batch_record **list = in_order(b);
    int code = 0;

    for (size_t i = 0; i < b->records.len && !code; i++) {
        const ost_batch_record *r = list[i];
        unsigned char room[OST_KEY_ROOM];
        MDB_val k = ost_table_key(r->key, r->nkey, room);
        MDB_val v = { r->size, (void *)(uintptr_t)r->value };

        if (r->removes) {
            code = mdb_del(txn, s->tables[r->table], &k, NULL);
            if (code == MDB_NOTFOUND)
                code = 0;
        } else {
            code = mdb_put(txn, s->tables[r->table], &k, &v, 0);
        }
    }
    ost_free(list);
    return code;
}

ost_rc ost_store_commit(ost_store *s, ost_batch *b, ost_err *err)
{
    MDB_txn *txn = NULL;
    int code;

    if (s->flags & OST_STORE_READONLY)
        return ost_fail(err, OST_ESTORE,
                        "store '%s' was opened for reading only", s->path);
    if (b->wrote_files && syncfs(s->objects_fd) < 0)
        return ost_fail_errno(err, OST_ESTORE, errno,
                              "store '%s': cannot sync its files", s->path);
    if (b->records.len == 0) {
        ost_batch_clear(b);
        return OST_OK;
    }
    code = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (!code)
        code = write_records(s, txn, b);
    if (!code && ost_fault("store.commit"))
        code = ENOSPC;
    if (code && txn)
        mdb_txn_abort(txn);
    else if (!code)
        code = mdb_txn_commit(txn);
    if (code)
        return ost_lmdb_fail(s, err, code, "committing");
    ost_log(STORE, "committed %zu records, %zu bytes", b->records.len,
            b->bytes);
    ost_batch_clear(b);
    return OST_OK;
}
