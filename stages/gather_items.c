/* stages/gather_items.c - several items at a time, remembered per bucket
 *
 * The items of the first input are put into buckets, in the order in which
 * their first items come.  The memo of a bucket holds the items that came out
 * of it (item_work.c) under all that is encoded of the items that went in.  A
 * few buckets are worked on at a time: what they made is stored, and their
 * memory given back, before the next few.
 */
#include "base/map.h"
#include "stages/context.h"

#include <omp.h>
#include <string.h>

#include "base/banned.h"

enum { NO_BUCKET = -1, BUCKETS_PER_THREAD = 16 };

typedef struct bucket {
    const char *name;
    size_t first; /* in gatherer.sorted */
    size_t n;
} bucket;

typedef struct gatherer {
    item_work work;
    const ost_item *items;
    size_t n_items;
    int64_t *bucket_of; /* by item; NO_BUCKET: left out */
    OST_VEC(bucket) buckets;
    const ost_item **sorted; /* bucket by bucket */
    size_t done;             /* items */
} gatherer;

/* A bucket that is being worked on. */
typedef struct portion {
    ost_stage_ctx ctx;
    const bucket *of;
    ost_key key;
    ost_rc rc;
    ost_err err;
    ost_buf memo; /* when it is remembered */
    bool remembered;
} portion;

/* --- who belongs where --------------------------------------------------- */

static ost_rc name_of(gatherer *g, size_t i, const char **name, ost_err *err)
{
    ost_stage_ctx *ctx = g->work.ctx;
    ost_rc rc;

    *name = NULL;
    ctx->in = &g->items[i];
    if (ctx->directives) {
        ctx->directive = ctx->directives[i];
        if (!ctx->directive)
            return OST_OK;
    }
    rc = ctx->step->stage->bucket(ctx, ctx->in, name, err);
    if (rc)
        ost_err_at(err, "item '%s'", ctx->in->id);
    return rc;
}

static ost_rc assign(gatherer *g, ost_err *err)
{
    ost_map index = { 0 };
    const char *name;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < g->n_items && !rc; i++) {
        uint64_t at = g->buckets.len;

        rc = name_of(g, i, &name, err);
        g->bucket_of[i] = NO_BUCKET;
        if (rc || !name)
            continue;
        if (!ost_map_get(&index, name, strlen(name), &at)) {
            ost_map_put(&index, name, strlen(name), at);
            ost_vec_push(&g->buckets, (bucket){ .name = name });
        }
        g->buckets.data[at].n++;
        g->bucket_of[i] = (int64_t)at;
    }
    ost_map_release(&index);
    return rc;
}

static void sort_by_bucket(gatherer *g)
{
    size_t first = 0;

    for (size_t b = 0; b < g->buckets.len; b++) {
        g->buckets.data[b].first = first;
        first += g->buckets.data[b].n;
        g->buckets.data[b].n = 0;
    }
    for (size_t i = 0; i < g->n_items; i++) {
        bucket *b;

        if (g->bucket_of[i] == NO_BUCKET)
            continue;
        b = &g->buckets.data[g->bucket_of[i]];
        g->sorted[b->first + b->n++] = &g->items[i];
    }
}

static ost_rc fill_buckets(gatherer *g, ost_err *err)
{
    ost_stage_ctx *ctx = g->work.ctx;
    ost_arena *arena = &ctx->step->arena;
    ost_rc rc;

    rc = ost_ctx_items(ctx, &g->work.in->pub, &g->items, &g->n_items, err);
    if (rc)
        return rc;
    g->bucket_of = OST_ARENA_ARRAY(arena, int64_t, g->n_items + 1);
    g->sorted = OST_ARENA_ARRAY(arena, const ost_item *, g->n_items + 1);
    rc = assign(g, err);
    ctx->in = NULL;
    ctx->directive = NULL;
    if (!rc)
        sort_by_bucket(g);
    return rc;
}

/* --- bucket by bucket ---------------------------------------------------- */

static void portion_key(gatherer *g, portion *p)
{
    const char **directives = g->work.ctx->directives;
    ost_buf text = { 0 };
    ost_buf items = { 0 };

    for (size_t i = 0; i < p->ctx.n_bucket; i++)
        ost_item_encode(&items, p->ctx.bucket[i]);
    p->ctx.read_digest = ost_digest_of(items.data, items.len);
    ost_buf_add(&text, g->work.prefix.data, g->work.prefix.len);
    ost_key_digest(&text, "items", &p->ctx.read_digest);
    for (size_t i = 0; directives && i < p->ctx.n_bucket; i++)
        ost_key_text(&text, "directive",
                     directives[p->ctx.bucket[i] - g->items]);
    ost_work_joined_key(&p->ctx, &text);
    p->key = ost_key_of(&text);
    ost_buf_release(&text);
    ost_buf_release(&items);
}

static void portion_init(gatherer *g, portion *p, const bucket *b)
{
    ost_stage_ctx *parent = g->work.ctx;

    p->of = b;
    p->ctx.step = parent->step;
    p->ctx.arena = &p->ctx.item_arena;
    p->ctx.bucket = g->sorted + b->first;
    p->ctx.n_bucket = b->n;
    p->ctx.in = p->ctx.bucket[0];
    if (parent->directives)
        p->ctx.directive = parent->directives[p->ctx.in - g->items];
    ost_work_join(&g->work, &p->ctx, p->ctx.in);
    portion_key(g, p);
    p->rc = ost_batch_get_memo(parent->step->batch, &p->key, &p->memo, &p->err);
    p->remembered = p->rc == OST_OK;
    if (p->rc == OST_ENOTFOUND)
        p->rc = OST_OK;
}

static void portion_compute(portion *p)
{
    if (p->remembered || p->rc)
        return;
    p->rc = p->ctx.step->stage->gather(&p->ctx, p->ctx.bucket, p->ctx.n_bucket,
                                       &p->err);
    if (!p->rc)
        p->rc = ost_store_pending(&p->ctx, &p->err);
    if (p->rc)
        ost_err_at(&p->err, "bucket '%s'", p->of->name);
    ost_ctx_return(&p->ctx);
}

/* In the order of the buckets. */
static ost_rc portion_finish(portion *p, ost_err *err)
{
    step_state *step = p->ctx.step;
    items_memo memo = { 0 };
    ost_rc rc = p->rc;

    if (rc) {
        if (err)
            *err = p->err;
        return rc;
    }
    if (p->remembered) {
        step->remembered += p->of->n;
        return ost_memo_recall(step, &p->memo, err);
    }
    ost_buf_add(&step->notes, p->ctx.notes.data, p->ctx.notes.len);
    rc = ost_deliver(&p->ctx, err);
    if (rc)
        return rc;
    ost_memo_add(&memo, &p->ctx);
    ost_memo_store(&memo, step, &p->key);
    ost_memo_release(&memo, step);
    step->computed += p->of->n;
    return OST_OK;
}

static ost_rc work_on(gatherer *g, size_t from, size_t n, ost_err *err)
{
    portion *portions = ost_try_alloc(n, sizeof(*portions));
    ost_rc rc = OST_OK;

    if (!portions)
        return ost_fail(err, OST_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        portion_init(g, &portions[i], &g->buckets.data[from + i]);
#pragma omp parallel for schedule(dynamic, 1) \
    num_threads(ost_work_threads(&g->work))
    for (size_t i = 0; i < n; i++)
        portion_compute(&portions[i]);
    for (size_t i = 0; i < n && !rc; i++) {
        rc = portion_finish(&portions[i], err);
        g->done += portions[i].of->n;
    }
    ost_settle_outputs(g->work.ctx->step);
    for (size_t i = 0; i < n; i++) {
        ost_item_ctx_release(&portions[i].ctx);
        ost_buf_release(&portions[i].memo);
    }
    ost_free(portions);
    return rc;
}

static ost_rc gather_all(gatherer *g, ost_err *err)
{
    size_t most = (size_t)ost_ctx_threads(g->work.ctx) * BUCKETS_PER_THREAD;
    ost_rc rc = OST_OK;

    for (size_t from = 0; from < g->buckets.len && !rc; from += most) {
        size_t left = g->buckets.len - from;

        if (ost_ctx_stop(g->work.ctx))
            return ost_fail(err, OST_EINTERRUPTED, "interrupted");
        rc = work_on(g, from, left < most ? left : most, err);
        ost_progress(g->work.ctx, g->done, g->n_items, NULL);
        ost_step_relieve(g->work.ctx->step);
    }
    return rc;
}

ost_rc ost_gather_run(ost_stage_ctx *ctx, ost_err *err)
{
    gatherer g = { .work = { .ctx = ctx } };
    ost_rc rc = ost_work_open(&g.work, err);

    if (!rc)
        rc = fill_buckets(&g, err);
    if (!rc)
        rc = gather_all(&g, err);
    ost_vec_release(&g.buckets);
    ost_work_close(&g.work);
    return rc;
}
