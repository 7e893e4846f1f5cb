/* stages/map_items.c - item by item, remembered per item and per page
 *
 * The memo of a page holds the items that came out of it, ids and all, under
 * the digest of the page; the memo of an item holds a delta (delta.c) under
 * what the stage reads of it.  An unchanged page costs one look-up, a changed
 * one a look-up per item, a changed item a call of .map.
 *
 * Items are worked on in windows, which take a part of a large page or several
 * small ones.  The thread that works on an item stores what came of it and
 * gives its memory back; only what is delivered is so in the order of items,
 * when the window is done.  So memory depends on neither the number of items
 * nor the size of pages.
 *
 * A window with a bad item is worked on to its end all the same: the failure
 * names some of the bad items in it, so that not each of them takes a run.
 */
#include "base/text.h"
#include "stages/context.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
    WINDOW = 128,             /* pieces */
    WINDOW_BYTES = 24u << 20, /* of small blobs and records */
    NAMED = 5,                /* bad items, in a failure */
    NAMED_TEXT = 320,         /* bytes of it for each of them */
};

/* A page of the input, until all its items are done. */
typedef struct page {
    const ost_ref *ref;
    size_t first; /* item of the input */
    ost_key key;
    ost_buf memo; /* when it is remembered */
    bool remembered;
    ost_arena arena;
    ost_item *items;
    size_t taken; /* items that are in a window, or were */
    size_t done;
    items_memo made;
} page;

/* One item of a page, or a page that is remembered. */
typedef struct piece {
    ost_stage_ctx ctx;
    page *of;
    ost_key key;
    ost_rc rc;
    ost_err err;
    bool dropped;
    bool remembered;
    bool worked;
} piece;

typedef struct mapping {
    item_work work;
    size_t next_page;
    size_t next_item; /* of the input */
    page *last;       /* opened page of which items are left, or NULL */
    piece *pieces;
    size_t n;
} mapping;

/* --- one item ------------------------------------------------------------ */

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

static void piece_init(piece *j, const item_work *w, page *of)
{
    const char **directives = w->ctx->directives;
    size_t k = of->taken++;

    *j = (piece){ .of = of };
    j->ctx.step = w->ctx->step;
    j->ctx.in = &of->items[k];
    if (directives) {
        j->ctx.directive = directives[of->first + k];
        j->dropped = j->ctx.directive == NULL;
    }
}

static ost_rc recall(piece *j)
{
    step_state *step = j->ctx.step;
    ost_buf value = { 0 };
    ost_rc rc;

    rc = ost_batch_get_memo(step->batch, &j->key, &value, &j->err);
    if (!rc)
        rc =
            ost_delta_apply(&j->ctx, j->ctx.in, value.data, value.len, &j->err);
    ost_buf_release(&value);
    return rc;
}

static int compare_emitted(const void *a, const void *b)
{
    const emitted *x = a, *y = b;

    return ost_id_compare(x->made->item.id, y->made->item.id);
}

/* By id: names of derived items begin with that of the item, so all that comes
 * out of a dataset is in order then, and is encoded without being sorted. */
static void sort_emitted(ost_stage_ctx *ctx)
{
    for (size_t i = 1; i < ctx->emitted.len; i++)
        if (compare_emitted(&ctx->emitted.data[i - 1], &ctx->emitted.data[i]) >
            0) {
            qsort(ctx->emitted.data, ctx->emitted.len,
                  sizeof(*ctx->emitted.data), compare_emitted);
            return;
        }
}

/* Stores what .map made, and the delta that says so. */
static ost_rc store(piece *j)
{
    ost_digest_vec refs = { 0 };
    ost_buf delta = { 0 };
    ost_rc rc;

    rc = ost_store_pending(&j->ctx, &j->err);
    if (!rc) {
        sort_emitted(&j->ctx);
        ost_delta_encode(&j->ctx, &delta, &refs);
        ost_batch_put_memo(j->ctx.step->batch, &j->key, refs.data, refs.len,
                           delta.data, delta.len);
    }
    ost_buf_release(&delta);
    ost_vec_release(&refs);
    return rc;
}

static void piece_work(piece *j, const item_work *w)
{
    ost_stage_ctx *ctx = &j->ctx;

    j->worked = true;
    if (j->of->remembered || j->dropped)
        return;
    ctx->arena = &ctx->item_arena;
    ost_work_join(w, ctx, ctx->in);
    ctx->read_digest = ost_read_digest(ctx->step, ctx->in);
    j->key = item_key(w, ctx);
    j->rc = recall(j);
    j->remembered = j->rc == OST_OK;
    if (j->rc != OST_ENOTFOUND)
        return;
    j->rc = ctx->step->stage->map(ctx, ctx->in, &j->err);
    if (j->rc)
        ost_err_at(&j->err, "item '%s'", ctx->in->id);
    else
        j->rc = store(j);
    ost_ctx_return(ctx);
}

/* --- pages --------------------------------------------------------------- */

static ost_key page_key(const item_work *w, const ost_ref *ref, size_t first)
{
    ost_stage_ctx *ctx = w->ctx;
    ost_buf text = { 0 };
    ost_key key;

    ost_buf_add(&text, w->whole.data, w->whole.len);
    ost_key_digest(&text, "page", &ref->digest);
    for (uint64_t i = 0; ctx->directives && i < ref->items; i++) {
        const char *d = ctx->directives[first + i];

        ost_key_text(&text, d ? "directive" : "dropped", d ? d : "");
    }
    key = ost_key_of(&text);
    ost_buf_release(&text);
    return key;
}

static void page_free(page *p, const step_state *step)
{
    if (!p)
        return;
    ost_memo_release(&p->made, step);
    ost_buf_release(&p->memo);
    ost_arena_release(&p->arena);
    ost_free(p);
}

/* Opens the next page: its memo, or its items. */
static ost_rc open_page(mapping *m, page **opened, ost_err *err)
{
    step_state *step = m->work.ctx->step;
    const ost_artifact *a = &m->work.in->pub.artifact;
    page *p = ost_xalloc(sizeof(*p));
    size_t n;
    ost_rc rc;

    p->ref = &a->refs[m->next_page];
    p->first = m->next_item;
    p->key = page_key(&m->work, p->ref, p->first);
    rc = ost_batch_get_memo(step->batch, &p->key, &p->memo, err);
    p->remembered = rc == OST_OK;
    if (rc == OST_ENOTFOUND)
        rc = ost_dataset_page(step->batch, a, m->next_page, &p->arena,
                              &p->items, &n, err);
    if (!rc && p->ref->items == 0)
        rc = ost_fail(err, OST_ECORRUPT, "a page has no items");
    if (rc) {
        page_free(p, step);
        return rc;
    }
    m->next_page++;
    m->next_item += (size_t)p->ref->items;
    *opened = p;
    return OST_OK;
}

/* Takes the next items, or pages that are remembered, into the window. */
static ost_rc fill_window(mapping *m, ost_err *err)
{
    ost_rc rc = OST_OK;

    while (m->n < WINDOW && !rc) {
        page *p = m->last;

        if (!p && m->next_page == m->work.in->pub.artifact.n_refs)
            break;
        if (!p)
            rc = open_page(m, &p, err);
        if (rc)
            break;
        if (p->remembered) {
            m->pieces[m->n++] = (piece){ .of = p };
            continue;
        }
        while (m->n < WINDOW && p->taken < p->ref->items)
            piece_init(&m->pieces[m->n++], &m->work, p);
        m->last = p->taken < p->ref->items ? p : NULL;
    }
    return rc;
}

/* --- windows ------------------------------------------------------------- */

/* Works on pieces from `from` on, as long as there is room for what they make;
 * at least on the first. */
static void work_on(mapping *m, size_t from)
{
    ost_batch *batch = m->work.ctx->step->batch;

#pragma omp parallel for schedule(dynamic, 1) \
    num_threads(ost_work_threads(&m->work))
    for (size_t i = from; i < m->n; i++)
        if (!m->pieces[i].worked &&
            (i == from || ost_batch_bytes(batch) < WINDOW_BYTES))
            piece_work(&m->pieces[i], &m->work);
}

static ost_rc finish_page(page *p, step_state *step, ost_err *err)
{
    if (!p->remembered) {
        ost_memo_store(&p->made, step, &p->key);
        return OST_OK;
    }
    step->remembered += p->ref->items;
    return ost_memo_recall(step, &p->memo, err);
}

/* Hands on what a piece made. */
static ost_rc piece_finish(piece *j, step_state *step, ost_err *err)
{
    ost_rc rc = j->rc;

    if (rc && err)
        *err = j->err;
    if (rc)
        return rc;
    if (!j->of->remembered && !j->dropped) {
        step->computed += !j->remembered;
        step->remembered += j->remembered;
        ost_buf_add(&step->notes, j->ctx.notes.data, j->ctx.notes.len);
        rc = ost_deliver(&j->ctx, err);
        if (rc)
            return rc;
        ost_memo_add(&j->of->made, &j->ctx);
    }
    if (j->of->remembered || ++j->of->done == j->of->ref->items)
        rc = finish_page(j->of, step, err);
    return rc;
}

/* Finishes pieces in order, up to the first that was not worked on. */
static ost_rc finish(mapping *m, size_t *from, ost_err *err)
{
    step_state *step = m->work.ctx->step;
    ost_rc rc = OST_OK;

    while (*from < m->n && m->pieces[*from].worked && !rc)
        rc = piece_finish(&m->pieces[(*from)++], step, err);
    return rc;
}

/* Gives back what the pieces hold; the last page may have more items. */
static void empty_window(mapping *m)
{
    step_state *step = m->work.ctx->step;
    page *before = NULL;

    ost_settle_outputs(step);
    if (m->last)
        ost_memo_settle(&m->last->made, step);
    for (size_t i = 0; i < m->n; i++) {
        page *p = m->pieces[i].of;

        ost_item_ctx_release(&m->pieces[i].ctx);
        if (before && before != p)
            page_free(before, step);
        before = p;
    }
    if (before != m->last)
        page_free(before, step);
    m->n = 0;
}

/* True when there are items that no window had yet. */
static bool has_more(const mapping *m)
{
    return m->last || m->next_page < m->work.in->pub.artifact.n_refs;
}

/* True for what is wrong with an item, not with the machine. */
static bool is_bad_item(const piece *j)
{
    return j->rc == OST_EINPUT || j->rc == OST_EUNSUPPORTED;
}

/* Works on what is left from `from` on, for what is wrong with it. */
static void try_others(mapping *m, size_t from)
{
    ost_stage_ctx *ctx = m->work.ctx;

    while (from < m->n && !ost_ctx_stop(ctx)) {
        work_on(m, from);
        while (from < m->n && m->pieces[from].worked)
            from++;
        ost_step_relieve(ctx->step);
    }
}

/* How much of a text is shown: all, or whole characters of it. */
static size_t shown_part(const char *text)
{
    size_t all = strlen(text), n = 0, next;

    while (n < all && (next = ost_utf8_len(text + n, all - n)) != 0 &&
           n + next <= NAMED_TEXT)
        n += next;
    return n;
}

/* The failure of a bad item is that of all in the window, when there are more
 * of them: how many, and what is wrong with the first. */
static void name_bad_items(mapping *m, size_t first, ost_err *err)
{
    ost_buf text = { 0 };
    size_t bad = 0;

    if (!err || !is_bad_item(&m->pieces[first]))
        return;
    try_others(m, first + 1);
    for (size_t i = first; i < m->n; i++) {
        const char *why = m->pieces[i].err.text;
        size_t n = shown_part(why);

        if (!is_bad_item(&m->pieces[i]))
            continue;
        if (bad++ < NAMED)
            ost_buf_addf(&text, "%s%.*s%s", bad > 1 ? "; " : "", (int)n, why,
                         why[n] ? "..." : "");
    }
    if (bad > NAMED)
        ost_buf_adds(&text, "; ...");
    if (bad > 1)
        ost_fail(err, err->rc, "%s%zu bad items: %s",
                 has_more(m) ? "at least " : "", bad, ost_buf_str(&text));
    ost_buf_release(&text);
}

static ost_rc map_window(mapping *m, ost_err *err)
{
    ost_stage_ctx *ctx = m->work.ctx;
    size_t from = 0;
    ost_rc rc = fill_window(m, err);

    while (from < m->n && !rc) {
        work_on(m, from);
        rc = finish(m, &from, err);
        ost_step_relieve(ctx->step);
    }
    if (rc && from > 0)
        name_bad_items(m, from - 1, err);
    empty_window(m);
    return rc;
}

static ost_rc map_input(mapping *m, ost_err *err)
{
    ost_stage_ctx *ctx = m->work.ctx;
    const ost_artifact *a = &m->work.in->pub.artifact;
    ost_rc rc = OST_OK;

    while (has_more(m) && !rc) {
        if (ost_ctx_stop(ctx))
            return ost_fail(err, OST_EINTERRUPTED, "interrupted");
        rc = map_window(m, err);
        ost_progress(ctx,
                     m->last ? m->last->first + m->last->taken : m->next_item,
                     a->n_items, NULL);
    }
    return rc;
}

ost_rc ost_map_run(ost_stage_ctx *ctx, ost_err *err)
{
    mapping m = { .work = { .ctx = ctx } };
    ost_rc rc;

    m.pieces = ost_try_alloc(WINDOW, sizeof(*m.pieces));
    if (!m.pieces)
        return ost_fail(err, OST_ENOMEM, "out of memory");
    rc = ost_work_open(&m.work, err);
    if (!rc)
        rc = map_input(&m, err);
    page_free(m.last, ctx->step);
    ost_free(m.pieces);
    ost_work_close(&m.work);
    return rc;
}
