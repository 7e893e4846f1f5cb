/* stages/map_items.c - item by item, remembered per item and per page
 *
 * The memo of a page holds the items that came out of it, ids and all, under
 * the digest of the page; the memo of an item holds a delta (delta.c) under
 * what the stage reads of it.  An unchanged page costs one look-up, a changed
 * one a look-up per item, a changed item a call of .map.
 */
#include "stages/context.h"

#include <omp.h>
#include <string.h>

#include "base/banned.h"

/* One item of a page that is being worked on. */
typedef struct piece {
    ost_stage_ctx ctx;
    ost_key key;
    ost_rc rc;
    ost_err err;
    bool dropped;
    bool remembered;
} piece;

static ost_key item_key(const item_work *w, const ost_stage_ctx *ctx)
{
    ost_buf text = { 0 };
    ost_key key;

    ost_buf_add(&text, w->prefix.data, w->prefix.len);
    ost_key_digest(&text, "item", &ctx->read_digest);
    if (ctx->directive)
        ost_key_text(&text, "directive", ctx->directive);
    ost_work_joined_key(ctx, &text);
    key = ost_key_of(&text);
    ost_buf_release(&text);
    return key;
}

static void piece_init(item_work *w, piece *j, const ost_item *item,
                       size_t index)
{
    ost_stage_ctx *parent = w->ctx;

    j->ctx.step = parent->step;
    j->ctx.arena = &j->ctx.item_arena;
    j->ctx.in = item;
    if (parent->directives) {
        j->ctx.directive = parent->directives[index];
        j->dropped = j->ctx.directive == NULL;
    }
    if (j->dropped)
        return;
    ost_work_join(w, &j->ctx, item);
    j->ctx.read_digest = ost_read_digest(parent->step, item);
    j->key = item_key(w, &j->ctx);
}

static void piece_recall(item_work *w, piece *j)
{
    ost_buf value = { 0 };

    if (j->dropped)
        return;
    j->rc = ost_batch_get_memo(w->ctx->step->batch, &j->key, &value, &j->err);
    if (j->rc == OST_OK) {
        j->rc =
            ost_delta_apply(&j->ctx, j->ctx.in, value.data, value.len, &j->err);
        j->remembered = true;
    } else if (j->rc == OST_ENOTFOUND) {
        j->rc = OST_OK;
    }
    ost_buf_release(&value);
}

static void piece_compute(item_work *w, piece *j)
{
    if (j->dropped || j->remembered || j->rc)
        return;
    j->rc = w->ctx->step->stage->map(&j->ctx, j->ctx.in, &j->err);
    if (j->rc)
        ost_err_at(&j->err, "item '%s'", j->ctx.in->id);
    else
        j->rc = ost_store_pending(&j->ctx, &j->err);
    ost_ctx_return(&j->ctx);
}

/* Remembers what a piece made and hands it on, in the order of the items. */
static ost_rc piece_finish(item_work *w, piece *j, ost_err *err)
{
    step_state *step = w->ctx->step;
    ost_buf delta = { 0 };
    ost_digest_vec refs = { 0 };
    ost_rc rc = j->rc;

    if (rc) {
        if (err)
            *err = j->err;
        return rc;
    }
    if (j->dropped)
        return OST_OK;
    if (!j->remembered) {
        ost_delta_encode(&j->ctx, &delta, &refs);
        ost_batch_put_memo(step->batch, &j->key, refs.data, refs.len,
                           delta.data, delta.len);
    }
    step->computed += !j->remembered;
    step->remembered += j->remembered;
    ost_buf_add(&step->notes, j->ctx.notes.data, j->ctx.notes.len);
    rc = ost_deliver(&j->ctx, err);
    ost_buf_release(&delta);
    ost_vec_release(&refs);
    return rc;
}

static ost_key page_key(item_work *w, const ost_ref *page, size_t first)
{
    ost_stage_ctx *ctx = w->ctx;
    ost_buf text = { 0 };
    ost_key key;

    ost_buf_add(&text, w->whole.data, w->whole.len);
    ost_key_digest(&text, "page", &page->digest);
    for (uint64_t i = 0; ctx->directives && i < page->items; i++) {
        const char *d = ctx->directives[first + i];

        ost_key_text(&text, d ? "directive" : "dropped", d ? d : "");
    }
    key = ost_key_of(&text);
    ost_buf_release(&text);
    return key;
}

static ost_rc work_on_page(item_work *w, const ost_item *items, size_t first,
                           size_t n, ost_err *err)
{
    piece *pieces = ost_try_alloc(n ? n : 1, sizeof(*pieces));
    ost_rc rc = OST_OK;

    if (!pieces)
        return ost_fail(err, OST_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        piece_init(w, &pieces[i], &items[i], first + i);
        piece_recall(w, &pieces[i]);
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(ost_work_threads(w))
    for (size_t i = 0; i < n; i++)
        piece_compute(w, &pieces[i]);
    for (size_t i = 0; i < n && !rc; i++)
        rc = piece_finish(w, &pieces[i], err);
    for (size_t i = 0; i < n; i++)
        ost_item_ctx_release(&pieces[i].ctx);
    ost_free(pieces);
    return rc;
}

static ost_rc map_page(item_work *w, size_t page, size_t first, ost_err *err)
{
    step_state *step = w->ctx->step;
    const ost_ref *ref = &w->in->pub.artifact.refs[page];
    ost_key key = page_key(w, ref, first);
    ost_buf memo = { 0 };
    made_mark mark;
    ost_item *items;
    size_t n;
    ost_rc rc;

    rc = ost_batch_get_memo(step->batch, &key, &memo, err);
    if (rc == OST_OK) {
        step->remembered += ref->items;
        rc = ost_work_recall(step, &memo, err);
        ost_buf_release(&memo);
        return rc;
    }
    if (rc != OST_ENOTFOUND)
        return rc;
    mark = ost_work_mark(step);
    rc = ost_dataset_page(step->batch, &w->in->pub.artifact, page, &step->arena,
                          &items, &n, err);
    if (rc)
        return rc;
    rc = work_on_page(w, items, first, n, err);
    if (rc)
        return rc;
    ost_work_remember(step, &key, &mark);
    return OST_OK;
}

static ost_rc map_input(item_work *w, ost_err *err)
{
    const ost_artifact *a = &w->in->pub.artifact;
    size_t first = 0;
    ost_rc rc = OST_OK;

    for (size_t page = 0; page < a->n_refs && !rc; page++) {
        if (ost_ctx_stop(w->ctx))
            return ost_fail(err, OST_EINTERRUPTED, "interrupted");
        rc = map_page(w, page, first, err);
        first += (size_t)a->refs[page].items;
        ost_progress(w->ctx, first, a->n_items, NULL);
        ost_step_relieve(w->ctx->step);
    }
    return rc;
}

ost_rc ost_map_run(ost_stage_ctx *ctx, ost_err *err)
{
    item_work w = { .ctx = ctx };
    ost_rc rc = ost_work_open(&w, err);

    if (!rc)
        rc = map_input(&w, err);
    ost_work_close(&w);
    return rc;
}
