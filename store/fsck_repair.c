/* store/fsck_repair.c - what is damaged goes, with all that hangs on it
 *
 * Records first: a repair that is interrupted leaves wrong bytes that nothing
 * refers to any more, and the next repair takes those.
 */
#include "base/alloc.h"
#include "store/fsck_impl.h"
#include "store/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

void ost_fsck_drop(checker *c, ost_table table, const void *key, size_t nkey)
{
    bad_record drop = { .table = table,
                        .key = ost_arena_copy(&c->arena, key, nkey),
                        .nkey = nkey };

    ost_vec_push(&c->drops, drop);
}

static ost_rc drop_plan(void *user, const void *key, size_t nkey,
                        const void *value, size_t nvalue, ost_err *err)
{
    (void)value;
    (void)nvalue;
    (void)err;
    ost_fsck_drop(user, OST_TABLE_PLANS, key, nkey);
    return OST_OK;
}

static void remove_records(ost_batch *b, const bad_record *records, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ost_batch_put(b, records[i].table, records[i].key, records[i].nkey,
                      NULL, 0);
}

static ost_rc drop_records(checker *c, ost_batch *b, ost_err *err)
{
    size_t n;
    const ost_digest *broken = ost_reach_broken(c->reach, &n);
    ost_rc rc = OST_OK;

    /* A plan's outcome stands for all its nodes; it is cheap to make again. */
    if (c->broken_nodes.len || c->bad_records.len || n)
        rc =
            ost_store_each(c->store, OST_TABLE_PLANS, "", 0, drop_plan, c, err);
    if (rc)
        return rc;
    remove_records(b, c->drops.data, c->drops.len);
    remove_records(b, c->bad_records.data, c->bad_records.len);
    for (size_t i = 0; i < c->broken_nodes.len; i++)
        ost_batch_put(b, OST_TABLE_NODES, c->broken_nodes.data[i].b,
                      OST_DIGEST_SIZE, NULL, 0);
    for (size_t i = 0; i < n; i++) {
        if (ost_store_has(c->store, OST_TABLE_BLOBS, broken[i].b,
                          OST_DIGEST_SIZE))
            ost_batch_put(b, OST_TABLE_BLOBS, broken[i].b, OST_DIGEST_SIZE,
                          NULL, 0);
    }
    c->result->removed = ost_batch_count(b);
    return ost_store_commit(c->store, b, err);
}

/* Artifacts and pages that were large enough to be files. */
static ost_rc remove_broken_files(checker *c, ost_err *err)
{
    size_t n;
    const ost_digest *broken = ost_reach_broken(c->reach, &n);

    for (size_t i = 0; i < n; i++) {
        char name[OST_OBJECT_NAME];

        ost_object_name(&broken[i], name);
        if (unlinkat(c->store->objects_fd, name, 0) < 0 && errno != ENOENT)
            return ost_fail_errno(err, OST_ESTORE, errno,
                                  "cannot remove '%s/objects/%s'",
                                  ost_store_path(c->store), name);
    }
    return OST_OK;
}

/* Keeps the bytes of a damaged row for whoever wants to look at them. */
static ost_rc quarantine_small(checker *c, ost_batch *b, const ost_digest *d,
                               ost_err *err)
{
    char hex[OST_DIGEST_HEX];
    ost_buf bytes = { 0 };
    char *path;
    ost_rc rc = ost_store_get(c->store, OST_TABLE_BLOBS, d->b, OST_DIGEST_SIZE,
                              &bytes, err);

    if (rc)
        return rc == OST_ENOTFOUND ? OST_OK : rc;
    path = ost_xprintf("%s/quarantine/%s", ost_store_path(c->store),
                       ost_digest_hex(d, hex));
    rc = ost_fs_write_atomic(path, bytes.data, bytes.len, false, err);
    if (!rc) {
        ost_batch_put(b, OST_TABLE_BLOBS, d->b, OST_DIGEST_SIZE, NULL, 0);
        c->result->quarantined++;
    }
    ost_free(path);
    ost_buf_release(&bytes);
    return rc;
}

static ost_rc quarantine_row(void *user, const void *key, size_t nkey,
                             const void *value, size_t nvalue, ost_err *err)
{
    checker *c = user;
    ost_digest d;

    (void)value;
    (void)nvalue;
    (void)err;
    if (nkey != OST_DIGEST_SIZE ||
        !ost_map_get(&c->bad, key, OST_DIGEST_SIZE, NULL))
        return OST_OK;
    memcpy(d.b, key, nkey);
    ost_vec_push(&c->bad_rows, d);
    return OST_OK;
}

static ost_rc quarantine_object(void *user, const char *name,
                                const ost_digest *d, uint64_t size,
                                ost_err *err)
{
    checker *c = user;
    char target[OST_DIGEST_HEX + 16];
    char hex[OST_DIGEST_HEX];

    (void)size;
    if (!d || !ost_map_get(&c->bad, d->b, OST_DIGEST_SIZE, NULL))
        return OST_OK;
    snprintf(target, sizeof(target), "quarantine/%s", ost_digest_hex(d, hex));
    if (renameat(c->store->objects_fd, name, c->store->dir_fd, target) < 0)
        return ost_fail_errno(err, OST_ESTORE, errno,
                              "cannot move '%s/objects/%s' to quarantine",
                              ost_store_path(c->store), name);
    c->result->quarantined++;
    return OST_OK;
}

static ost_rc quarantine(checker *c, ost_batch *b, ost_err *err)
{
    ost_rc rc;

    if (c->bad.len == 0)
        return OST_OK;
    if (mkdirat(c->store->dir_fd, "quarantine", 0777) < 0 && errno != EEXIST)
        return ost_fail_errno(err, OST_ESTORE, errno,
                              "cannot make '%s/quarantine'",
                              ost_store_path(c->store));
    rc = ost_store_each(c->store, OST_TABLE_BLOBS, "", 0, quarantine_row, c,
                        err);
    for (size_t i = 0; i < c->bad_rows.len && !rc; i++)
        rc = quarantine_small(c, b, &c->bad_rows.data[i], err);
    if (!rc)
        rc = ost_store_commit(c->store, b, err);
    return rc ? rc : ost_objects_each(c->store, quarantine_object, c, err);
}

ost_rc ost_fsck_repair(checker *c, ost_err *err)
{
    ost_batch *b = ost_batch_new(c->store);
    ost_rc rc = drop_records(c, b, err);

    if (!rc)
        rc = quarantine(c, b, err);
    if (!rc)
        rc = remove_broken_files(c, err);
    ost_batch_free(b);
    return rc;
}
