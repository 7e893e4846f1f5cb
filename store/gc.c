/* store/gc.c - what no kept run needs is removed
 *
 * Order matters, since a gc may be killed at any instant: records first, for
 * what they refer to must be there as long as they are; then small blobs; then
 * object files, which nothing refers to any more.
 */
#include "store/gc.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/vec.h"
#include "store/objects.h"
#include "store/pin.h"
#include "store/reach.h"
#include "store/record.h"
#include "store/store_impl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum { CHUNK = 8192 }; /* removals per transaction */

typedef struct run_name {
    const char *id;
    const char *workflow;
} run_name;

typedef struct collector {
    ost_store *store;
    const ost_gc_options *options;
    ost_gc_result *result;
    ost_reach *reach;
    ost_batch *batch; /* of removals */
    ost_table table;  /* whose records are visited */
    ost_arena arena;
    OST_VEC(run_name) runs; /* oldest first */
    ost_map kept_runs;
} collector;

/* --- what is kept --------------------------------------------------------- */

static ost_rc visit_run(void *user, const void *key, size_t nkey,
                        const void *value, size_t nvalue, ost_err *err)
{
    collector *c = user;
    ost_arena arena = { 0 };
    ost_run_record run;
    run_name name = { .id = ost_arena_strndup(&c->arena, key, nkey) };
    ost_rc rc = ost_run_record_decode(value, nvalue, &arena, &run, err);

    if (rc) {
        ost_err_at(err, "run '%s'", name.id);
    } else {
        name.workflow = ost_arena_strdup(&c->arena, run.workflow);
        ost_vec_push(&c->runs, name);
    }
    ost_arena_release(&arena);
    return rc;
}

static ost_rc visit_pin(void *user, const void *key, size_t nkey,
                        const void *value, size_t nvalue, ost_err *err)
{
    collector *c = user;
    ost_pin pin;
    ost_rc rc = ost_pin_decode(value, nvalue, &pin, err);

    if (rc) {
        ost_err_at(err, "pin '%.*s'", (int)nkey, (const char *)key);
        return rc;
    }
    if (pin.run[0])
        ost_map_put(&c->kept_runs, pin.run, strlen(pin.run), 1);
    else
        rc = ost_reach_artifact(c->reach, &pin.artifact, NULL, err);
    return rc;
}

static void keep_newest(collector *c)
{
    ost_map counts = { 0 };

    for (size_t i = c->runs.len; i-- > 0;) {
        const run_name *run = &c->runs.data[i];
        uint64_t n = 0;

        ost_map_get(&counts, run->workflow, strlen(run->workflow), &n);
        ost_map_put(&counts, run->workflow, strlen(run->workflow), n + 1);
        if (n < c->options->keep_runs)
            ost_map_put(&c->kept_runs, run->id, strlen(run->id), 1);
    }
    ost_map_release(&counts);
}

static bool is_kept_run(const collector *c, const char *id, size_t n)
{
    return ost_map_get(&c->kept_runs, id, n, NULL);
}

static ost_rc visit_checkpoint(void *user, const void *key, size_t nkey,
                               const void *value, size_t nvalue, ost_err *err)
{
    collector *c = user;
    ost_digest d;

    if (nkey != OST_DIGEST_SIZE || nvalue != OST_DIGEST_SIZE ||
        ost_store_has(c->store, OST_TABLE_NODES, key, nkey))
        return OST_OK;
    memcpy(d.b, value, nvalue);
    if (!ost_store_has_blob(c->store, &d))
        return OST_OK;
    return ost_reach_blob(c->reach, &d, "checkpoint", NULL, err);
}

static bool is_kept_source(const void *key, size_t nkey)
{
    char path[4096];

    if (nkey >= OST_KEY_ROOM) /* shortened: nobody knows */
        return true;
    memcpy(path, key, nkey);
    path[nkey] = '\0';
    return path[0] != '/' || access(path, F_OK) == 0;
}

static ost_rc visit_source(void *user, const void *key, size_t nkey,
                           const void *value, size_t nvalue, ost_err *err)
{
    collector *c = user;
    ost_digest d;

    if (nvalue != OST_DIGEST_SIZE || !is_kept_source(key, nkey))
        return OST_OK;
    memcpy(d.b, value, nvalue);
    if (!ost_store_has_blob(c->store, &d))
        return OST_OK;
    return ost_reach_blob(c->reach, &d, "fingerprint of a source", NULL, err);
}

static ost_rc check_whole(collector *c, ost_err *err)
{
    char hex[OST_DIGEST_HEX];
    size_t n;
    const ost_reach_fault *faults = ost_reach_faults(c->reach, &n);

    if (n == 0)
        return OST_OK;
    return ost_fail(err, OST_ECORRUPT,
                    "store '%s': %s (blob %s) is missing or damaged, and so "
                    "are %zu more; run 'osteon store fsck --repair' first",
                    ost_store_path(c->store), faults[0].what,
                    ost_digest_hex(&faults[0].digest, hex), n - 1);
}

static ost_rc mark(collector *c, ost_err *err)
{
    ost_store *s = c->store;
    ost_rc rc = ost_store_each(s, OST_TABLE_RUNS, "", 0, visit_run, c, err);

    if (!rc)
        rc = ost_store_each(s, OST_TABLE_PINS, "", 0, visit_pin, c, err);
    if (rc)
        return rc;
    keep_newest(c);
    for (size_t i = 0; i < c->runs.len && !rc; i++) {
        const char *id = c->runs.data[i].id;

        if (is_kept_run(c, id, strlen(id))) {
            rc = ost_reach_run(c->reach, id, err);
            c->result->runs_kept++;
        }
    }
    if (!rc)
        rc = ost_store_each(s, OST_TABLE_CHECKPOINTS, "", 0, visit_checkpoint,
                            c, err);
    if (!rc)
        rc = ost_store_each(s, OST_TABLE_SOURCES, "", 0, visit_source, c, err);
    return rc ? rc : check_whole(c, err);
}

/* --- what is removed ------------------------------------------------------ */

static bool refers_to_kept(const collector *c, const void *value, size_t size)
{
    ost_reader r = ost_reader_of(value, size);
    ost_digest d;

    for (uint64_t n = ost_read_varint(&r); n > 0; n--) {
        const void *ref = ost_read_raw(&r, OST_DIGEST_SIZE);

        if (!ref)
            return false;
        memcpy(d.b, ref, OST_DIGEST_SIZE);
        if (!ost_reach_has_blob(c->reach, &d))
            return false;
    }
    return !r.bad;
}

/* The recent keys of a step serve to explain; see FORMAT.md. */
static bool has_kept_key(const collector *c, const void *value, size_t size)
{
    ost_reader r = ost_reader_of(value, size);
    ost_digest d;

    ost_read_u8(&r);
    while (ost_read_left(&r) >= OST_DIGEST_SIZE + 8) {
        memcpy(d.b, ost_read_raw(&r, OST_DIGEST_SIZE), OST_DIGEST_SIZE);
        ost_read_u64(&r);
        if (ost_reach_has_node(c->reach, &d))
            return true;
    }
    return false;
}

static bool is_kept(const collector *c, const void *key, size_t nkey,
                    const void *value, size_t nvalue)
{
    ost_digest k = { { 0 } }, d = { { 0 } };

    if (nkey == OST_DIGEST_SIZE)
        memcpy(k.b, key, nkey);
    switch (c->table) {
    case OST_TABLE_BLOBS:
        return ost_reach_has_blob(c->reach, &k);
    case OST_TABLE_NODES:
        return ost_reach_has_node(c->reach, &k);
    case OST_TABLE_MEMOS:
        return refers_to_kept(c, value, nvalue);
    case OST_TABLE_SOURCES:
    case OST_TABLE_CHECKPOINTS:
        if (nvalue == OST_DIGEST_SIZE)
            memcpy(d.b, value, nvalue);
        return ost_reach_has_blob(c->reach, &d) &&
               (c->table == OST_TABLE_SOURCES ||
                !ost_reach_has_node(c->reach, &k));
    case OST_TABLE_STEPS:
        return has_kept_key(c, value, nvalue);
    case OST_TABLE_PLANS: /* see loses_nodes() */
        return false;
    case OST_TABLE_RUNS:
        return is_kept_run(c, key, nkey);
    case OST_TABLE_PINS:
    case OST_TABLE_META:
    case OST_TABLES:
        break;
    }
    return true;
}

static ost_rc visit_record(void *user, const void *key, size_t nkey,
                           const void *value, size_t nvalue, ost_err *err)
{
    collector *c = user;
    ost_gc_count *count = &c->result->removed[c->table];

    if (is_kept(c, key, nkey, value, nvalue))
        return OST_OK;
    count->records++;
    count->bytes += nkey + nvalue;
    if (c->options->dry_run)
        return OST_OK;
    ost_batch_put(c->batch, c->table, key, nkey, NULL, 0);
    return ost_batch_count(c->batch) < CHUNK
               ? OST_OK
               : ost_store_commit(c->store, c->batch, err);
}

static ost_rc sweep_table(collector *c, ost_table table, ost_err *err)
{
    ost_rc rc;

    c->table = table;
    rc = ost_store_each(c->store, table, "", 0, visit_record, c, err);
    if (!rc && !c->options->dry_run)
        rc = ost_store_commit(c->store, c->batch, err);
    return rc;
}

static ost_rc visit_node(void *user, const void *key, size_t nkey,
                         const void *value, size_t nvalue, ost_err *err)
{
    const collector *c = user;

    (void)value;
    (void)nvalue;
    (void)err;
    return nkey == OST_DIGEST_SIZE && ost_reach_has_node(c->reach, key)
               ? OST_OK
               : OST_ENOTFOUND;
}

/* A plan's outcome stands for all its nodes.  It is cheap to make again, so
 * that all of them go when any node goes. */
static bool loses_nodes(collector *c)
{
    return ost_store_each(c->store, OST_TABLE_NODES, "", 0, visit_node, c,
                          NULL) != OST_OK;
}

static ost_rc sweep_records(collector *c, ost_err *err)
{
    static const ost_table order[] = {
        OST_TABLE_RUNS,    OST_TABLE_NODES,       OST_TABLE_MEMOS,
        OST_TABLE_SOURCES, OST_TABLE_CHECKPOINTS, OST_TABLE_STEPS,
        OST_TABLE_BLOBS,
    };
    ost_rc rc = OST_OK;

    if (loses_nodes(c))
        rc = sweep_table(c, OST_TABLE_PLANS, err);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && !rc; i++)
        rc = sweep_table(c, order[i], err);
    return rc;
}

static ost_rc visit_object(void *user, const char *name, const ost_digest *d,
                           uint64_t size, ost_err *err)
{
    collector *c = user;

    if (d && ost_reach_has_blob(c->reach, d))
        return OST_OK;
    c->result->objects.records++;
    c->result->objects.bytes += size;
    if (!c->options->dry_run && unlinkat(c->store->objects_fd, name, 0) < 0 &&
        errno != ENOENT)
        return ost_fail_errno(err, OST_ESTORE, errno,
                              "cannot remove '%s/objects/%s'",
                              ost_store_path(c->store), name);
    return OST_OK;
}

static ost_rc collect(collector *c, ost_err *err)
{
    ost_gc_result *result = c->result;
    size_t n;
    ost_rc rc = mark(c, err);

    if (rc)
        return rc;
    ost_reach_nodes(c->reach, &n);
    result->nodes_kept = n;
    ost_reach_blobs(c->reach, &n);
    result->blobs_kept = n;
    ost_tmp_sweep(c->store, true, c->options->dry_run,
                  &result->leftovers.records, &result->leftovers.bytes);
    rc = sweep_records(c, err);
    return rc ? rc : ost_objects_each(c->store, visit_object, c, err);
}

ost_rc ost_gc(ost_store *s, const ost_gc_options *options,
              ost_gc_result *result, ost_err *err)
{
    collector c = { .store = s, .options = options, .result = result };
    ost_rc rc;

    *result = (ost_gc_result){ 0 };
    rc = ost_store_use(s, true, options->wait_seconds, err);
    if (rc)
        return rc;
    c.reach = ost_reach_new(s, NULL);
    c.batch = ost_batch_new(s);
    rc = collect(&c, err);
    ost_batch_free(c.batch);
    ost_reach_free(c.reach);
    ost_vec_release(&c.runs);
    ost_map_release(&c.kept_runs);
    ost_arena_release(&c.arena);
    ost_store_unuse(s);
    return rc;
}
