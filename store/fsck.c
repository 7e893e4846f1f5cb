/* store/fsck.c - are all bytes what they should be, and is all there
 *
 * First every blob is hashed, which gives the set of wrong ones.  Then
 * everything is followed from its records, with those counting as missing.
 * The repair is in fsck_repair.c.
 */
#include "store/fsck.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "store/fsck_impl.h"
#include "store/objects.h"
#include "store/pin.h"
#include "store/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

void ost_fsck_tell(checker *c, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    if (!c->options->tell)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    c->options->tell(c->options->user, line);
}

/* --- blobs -----------------------------------------------------------------
 */

static void check_blob(checker *c, const ost_digest *d, const void *data,
                       size_t size)
{
    char hex[OST_DIGEST_HEX];
    ost_digest found = ost_digest_of(data, size);

    c->result->blobs++;
    c->result->bytes += size;
    if (ost_digest_equal(&found, d))
        return;
    ost_map_put(&c->bad, d->b, OST_DIGEST_SIZE, 1);
    c->result->wrong++;
    ost_fsck_tell(c, "wrong bytes: blob %s", ost_digest_hex(d, hex));
}

static ost_rc visit_small(void *user, const void *key, size_t nkey,
                          const void *value, size_t nvalue, ost_err *err)
{
    checker *c = user;
    ost_digest d;

    (void)err;
    if (nkey != OST_DIGEST_SIZE) {
        ost_fsck_note_record(c, OST_TABLE_BLOBS, key, nkey, "blob");
        return OST_OK;
    }
    memcpy(d.b, key, nkey);
    check_blob(c, &d, value, nvalue);
    return OST_OK;
}

static ost_rc visit_object(void *user, const char *name, const ost_digest *d,
                           uint64_t size, ost_err *err)
{
    checker *c = user;
    char *path;
    const void *data;
    size_t n;
    ost_rc rc;

    if (!d || size == 0) /* counted later: see count_object() */
        return OST_OK;
    path = ost_xprintf("%s/objects/%s", ost_store_path(c->store), name);
    rc = ost_fs_map(path, &data, &n, err);
    if (!rc) {
        check_blob(c, d, data, n);
        ost_fs_unmap(data, n);
    }
    ost_free(path);
    return rc;
}

/* --- records ---------------------------------------------------------------
 */

void ost_fsck_note_record(checker *c, ost_table table, const void *key,
                          size_t nkey, const char *what)
{
    bad_record bad = { .table = table,
                       .key = ost_arena_copy(&c->arena, key, nkey),
                       .nkey = nkey };
    char hex[2 * OST_DIGEST_SIZE + 1];

    ost_hex(hex, key, nkey < OST_DIGEST_SIZE ? nkey : OST_DIGEST_SIZE);
    ost_vec_push(&c->bad_records, bad);
    c->result->wrong++;
    ost_fsck_tell(c, "damaged record: %s %s", what, hex);
}

static ost_rc visit_node(void *user, const void *key, size_t nkey,
                         const void *value, size_t nvalue, ost_err *err)
{
    checker *c = user;
    ost_arena arena = { 0 };
    ost_node_record node;
    bool whole = true;
    ost_key k;
    ost_rc rc = OST_OK;

    c->result->records++;
    if (nkey != OST_DIGEST_SIZE ||
        ost_node_record_decode(value, nvalue, &arena, &node, NULL)) {
        ost_fsck_note_record(c, OST_TABLE_NODES, key, nkey, "node");
    } else {
        memcpy(k.b, key, nkey);
        rc = ost_reach_node(c->reach, &k, &whole, err);
        if (!rc && !whole)
            ost_vec_push(&c->broken_nodes, k);
    }
    ost_arena_release(&arena);
    return rc;
}

static ost_rc visit_run(void *user, const void *key, size_t nkey,
                        const void *value, size_t nvalue, ost_err *err)
{
    checker *c = user;
    ost_arena arena = { 0 };
    ost_run_record run;

    (void)err;
    c->result->records++;
    if (ost_run_record_decode(value, nvalue, &arena, &run, NULL))
        ost_fsck_note_record(c, OST_TABLE_RUNS, key, nkey, "run");
    ost_arena_release(&arena);
    return OST_OK;
}

static ost_rc visit_pin(void *user, const void *key, size_t nkey,
                        const void *value, size_t nvalue, ost_err *err)
{
    checker *c = user;
    bool whole = true;
    ost_pin pin;
    ost_rc rc = OST_OK;

    c->result->records++;
    if (ost_pin_decode(value, nvalue, &pin, NULL)) {
        ost_fsck_note_record(c, OST_TABLE_PINS, key, nkey, "pin");
        return OST_OK;
    }
    if (!pin.run[0])
        rc = ost_reach_artifact(c->reach, &pin.artifact, &whole, err);
    if (!whole)
        ost_fsck_drop(c, OST_TABLE_PINS, key, nkey);
    return rc;
}

static ost_rc visit_digest(void *user, const void *key, size_t nkey,
                           const void *value, size_t nvalue, ost_err *err)
{
    checker *c = user;
    bool whole = false;
    ost_digest d;
    ost_rc rc = OST_OK;

    c->result->records++;
    if (nvalue == OST_DIGEST_SIZE) {
        memcpy(d.b, value, nvalue);
        rc = ost_reach_blob(c->reach, &d,
                            c->table == OST_TABLE_SOURCES
                                ? "fingerprint of a source"
                                : "checkpoint",
                            &whole, err);
    } else {
        ost_fsck_note_record(c, c->table, key, nkey,
                             c->table == OST_TABLE_SOURCES ? "source"
                                                           : "checkpoint");
        return OST_OK;
    }
    if (!whole)
        ost_fsck_drop(c, c->table, key, nkey);
    return rc;
}

/* A memo whose blobs are gone counts as not there, so only wrong ones make it
 * unusable; but the repair takes it along. */
static ost_rc visit_memo(void *user, const void *key, size_t nkey,
                         const void *value, size_t nvalue, ost_err *err)
{
    checker *c = user;
    ost_reader r = ost_reader_of(value, nvalue);
    uint64_t n = ost_read_varint(&r);
    bool whole = true;

    c->result->records++;
    for (uint64_t i = 0; i < n && !r.bad; i++) {
        const void *p = ost_read_raw(&r, OST_DIGEST_SIZE);
        ost_digest d;

        if (!p)
            break;
        memcpy(d.b, p, OST_DIGEST_SIZE);
        if (ost_map_get(&c->bad, d.b, OST_DIGEST_SIZE, NULL) ||
            !ost_store_has_blob(c->store, &d))
            whole = false;
        else
            ost_reach_blob(c->reach, &d, "blob of a memo", NULL, err);
    }
    if (r.bad)
        ost_fsck_note_record(c, OST_TABLE_MEMOS, key, nkey, "memo");
    else if (!whole)
        ost_fsck_drop(c, OST_TABLE_MEMOS, key, nkey);
    return OST_OK;
}

static ost_rc check_records(checker *c, ost_err *err)
{
    static const struct {
        ost_table table;
        ost_visit visit;
    } visits[] = {
        { OST_TABLE_NODES, visit_node },
        { OST_TABLE_RUNS, visit_run },
        { OST_TABLE_PINS, visit_pin },
        { OST_TABLE_CHECKPOINTS, visit_digest },
        { OST_TABLE_SOURCES, visit_digest },
        { OST_TABLE_MEMOS, visit_memo },
    };
    const ost_reach_fault *faults;
    char hex[OST_DIGEST_HEX];
    size_t n;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < sizeof(visits) / sizeof(visits[0]) && !rc; i++) {
        c->table = visits[i].table;
        rc = ost_store_each(c->store, c->table, "", 0, visits[i].visit, c, err);
    }
    faults = ost_reach_faults(c->reach, &n);
    for (size_t i = 0; i < n && !rc; i++) {
        bool wrong =
            ost_map_get(&c->bad, faults[i].digest.b, OST_DIGEST_SIZE, NULL);

        c->result->missing += !wrong;
        ost_fsck_tell(c, "%s: %s, blob %s", wrong ? "damaged" : "missing",
                      faults[i].what, ost_digest_hex(&faults[i].digest, hex));
    }
    return rc;
}

/* --- leftovers -------------------------------------------------------------
 */

static ost_rc count_object(void *user, const char *name, const ost_digest *d,
                           uint64_t size, ost_err *err)
{
    checker *c = user;

    (void)name;
    (void)err;
    if (d && (ost_reach_has_blob(c->reach, d) ||
              ost_map_get(&c->bad, d->b, OST_DIGEST_SIZE, NULL)))
        return OST_OK;
    c->result->unreferenced++;
    c->result->unreferenced_bytes += size;
    return OST_OK;
}

static ost_rc check(checker *c, ost_err *err)
{
    uint64_t ignored = 0;
    ost_rc rc =
        ost_store_each(c->store, OST_TABLE_BLOBS, "", 0, visit_small, c, err);

    if (!rc)
        rc = ost_objects_each(c->store, visit_object, c, err);
    c->reach = ost_reach_new(c->store, &c->bad);
    if (!rc)
        rc = check_records(c, err);
    if (!rc)
        rc = ost_objects_each(c->store, count_object, c, err);
    ost_tmp_sweep(c->store, true, true, &c->result->leftovers, &ignored);
    return rc;
}

static void release(checker *c)
{
    ost_reach_free(c->reach);
    ost_map_release(&c->bad);
    ost_vec_release(&c->bad_records);
    ost_vec_release(&c->drops);
    ost_vec_release(&c->broken_nodes);
    ost_vec_release(&c->bad_rows);
    ost_arena_release(&c->arena);
}

ost_rc ost_fsck(ost_store *s, const ost_fsck_options *options,
                ost_fsck_result *result, ost_err *err)
{
    checker c = { .store = s, .options = options, .result = result };
    ost_rc rc;

    *result = (ost_fsck_result){ 0 };
    rc = ost_store_use(s, options->repair, options->wait_seconds, err);
    if (rc)
        return rc;
    rc = check(&c, err);
    if (!rc && options->repair)
        rc = ost_fsck_repair(&c, err);
    else if (!rc && (result->wrong || result->missing))
        rc = ost_fail(err, OST_ECORRUPT,
                      "store '%s' is damaged: %llu with wrong bytes, %llu "
                      "missing; 'osteon store fsck --repair' removes what "
                      "hangs on them, so that it is computed again",
                      ost_store_path(s), (unsigned long long)result->wrong,
                      (unsigned long long)result->missing);
    release(&c);
    ost_store_unuse(s);
    return rc;
}
