/* stages/map_items.c - item by item, remembered per item and per page
 *
 * The memo of a page holds the items that came out of it, ids and all, under
 * the digest of the page; the memo of an item holds a delta (delta.c) under
 * what the stage reads of it.  An unchanged page costs one look-up, a changed
 * one a look-up per item, a changed item a call of .map.
 */
#include "stages/context.h"
#include "stages/params.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

typedef struct mapper {
    ost_stage_ctx *ctx;
    step_input *in;
    ost_buf prefix;      /* key components that all items share */
    ost_buf page_prefix; /* ... and the joined datasets, for pages */
    uint64_t seen;
    uint64_t total;
} mapper;

/* One item of a page that is being worked on. */
typedef struct piece {
    ost_stage_ctx ctx;
    ost_key key;
    ost_rc rc;
    ost_err err;
    bool dropped;
    bool remembered;
} piece;

static bool is_joined(const mapper *m, const step_input *in)
{
    return in != m->in && ost_artifact_has_items(in->pub.artifact.type) &&
           in->port != m->in->port;
}

static void build_prefix(mapper *m)
{
    step_state *step = m->ctx->step;
    char text[64];

    ost_key_text(&m->prefix, "map", step->stage->name);
    snprintf(text, sizeof(text), "%u", step->stage->version);
    ost_key_text(&m->prefix, "version", text);
    ost_params_key(step->stage, step->full, &m->prefix);
    ost_key_text(&m->prefix, "numeric", step->msg->numeric);
    if (step->stage->flags & OST_STAGE_DRAWS)
        ost_key_text(&m->prefix, "seed", step->msg->seed);
    ost_buf_add(&m->page_prefix, m->prefix.data, m->prefix.len);
    for (size_t i = 0; i < step->inputs.len; i++) {
        step_input *in = &step->inputs.data[i];

        if (in->port == m->in->port)
            continue;
        snprintf(text, sizeof(text), "in.%s",
                 step->stage->inputs[in->port].name);
        ost_key_digest(&m->page_prefix, text, &in->pub.digest);
        if (!is_joined(m, in))
            ost_key_digest(&m->prefix, text, &in->pub.digest);
    }
}

static ost_rc index_joined(mapper *m, ost_err *err)
{
    step_state *step = m->ctx->step;
    const ost_item *items;
    size_t n;
    ost_rc rc;

    for (size_t i = 0; i < step->inputs.len; i++) {
        step_input *in = &step->inputs.data[i];

        if (!is_joined(m, in) || in->indexed)
            continue;
        rc = ost_ctx_items(m->ctx, &in->pub, &items, &n, err);
        if (rc)
            return rc;
        for (size_t k = 0; k < n; k++)
            ost_map_put(&in->index, items[k].id, strlen(items[k].id), k);
        in->indexed = true;
    }
    return OST_OK;
}

/* The id that an item is looked up under in the other datasets. */
static const char *join_key(const step_state *step, const ost_item *item)
{
    const char *by = json_string_value(json_object_get(step->full, "by"));

    if (by && strcmp(by, "parent") == 0)
        return item->n_parents ? item->parents[0] : item->id;
    if (by && strcmp(by, "group") == 0)
        return item->group;
    return item->id;
}

static void find_joined(mapper *m, ost_stage_ctx *ctx, const ost_item *item)
{
    step_state *step = m->ctx->step;
    size_t ports = ost_port_count(step->stage->inputs);
    const char *key = join_key(step, item);
    uint64_t at;

    ctx->joined = OST_ARENA_ARRAY(ctx->arena, const ost_item *, ports + 1);
    for (size_t i = 0; i < step->inputs.len; i++) {
        step_input *in = &step->inputs.data[i];

        if (in->indexed && ost_map_get(&in->index, key, strlen(key), &at))
            ctx->joined[in->port] = &in->items[at];
    }
}

static ost_key item_key(mapper *m, const ost_stage_ctx *ctx)
{
    const ost_stage *stage = m->ctx->step->stage;
    ost_buf text = { 0 };
    ost_buf item = { 0 };
    ost_key key;

    ost_buf_add(&text, m->prefix.data, m->prefix.len);
    ost_key_digest(&text, "item", &ctx->read_digest);
    if (ctx->directive)
        ost_key_text(&text, "directive", ctx->directive);
    for (size_t p = 0; stage->inputs[p].name; p++) {
        ost_digest d;

        if (!ctx->joined[p])
            continue;
        ost_buf_reset(&item);
        ost_item_encode(&item, ctx->joined[p]);
        d = ost_digest_of(item.data, item.len);
        ost_key_digest(&text, stage->inputs[p].name, &d);
    }
    key = ost_key_of(&text);
    ost_buf_release(&text);
    ost_buf_release(&item);
    return key;
}

static void piece_init(mapper *m, piece *j, const ost_item *item, size_t index)
{
    ost_stage_ctx *parent = m->ctx;

    j->ctx.step = parent->step;
    j->ctx.arena = &j->ctx.item_arena;
    j->ctx.in = item;
    j->ctx.in_map = true;
    if (parent->directives) {
        j->ctx.directive = parent->directives[index];
        j->dropped = j->ctx.directive == NULL;
    }
    if (j->dropped)
        return;
    find_joined(m, &j->ctx, item);
    j->ctx.read_digest = ost_read_digest(parent->step, item);
    j->key = item_key(m, &j->ctx);
}

static void piece_recall(mapper *m, piece *j)
{
    ost_buf value = { 0 };

    if (j->dropped)
        return;
    j->rc = ost_batch_get_memo(m->ctx->step->batch, &j->key, &value, &j->err);
    if (j->rc == OST_OK) {
        j->rc =
            ost_delta_apply(&j->ctx, j->ctx.in, value.data, value.len, &j->err);
        j->remembered = true;
    } else if (j->rc == OST_ENOTFOUND) {
        j->rc = OST_OK;
    }
    ost_buf_release(&value);
}

static void piece_compute(mapper *m, piece *j)
{
    if (j->dropped || j->remembered || j->rc)
        return;
    j->rc = m->ctx->step->stage->map(&j->ctx, j->ctx.in, &j->err);
    if (j->rc)
        ost_err_at(&j->err, "item '%s'", j->ctx.in->id);
}

static void compute_pieces(mapper *m, piece *pieces, size_t n)
{
    int threads = ost_ctx_threads(m->ctx);

    if (m->ctx->step->stage->flags & OST_STAGE_SERIAL)
        threads = 1;
    if (threads == 1) {
        for (size_t i = 0; i < n; i++)
            piece_compute(m, &pieces[i]);
        return;
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (size_t i = 0; i < n; i++)
        piece_compute(m, &pieces[i]);
}

/* Stores what a piece made and hands it on, in the order of the items. */
static ost_rc piece_finish(mapper *m, piece *j, ost_err *err)
{
    step_state *step = m->ctx->step;
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
    rc = ost_store_pending(&j->ctx, err);
    if (rc)
        goto out;
    if (!j->remembered) {
        ost_delta_encode(&j->ctx, &delta, &refs);
        ost_batch_put_memo(step->batch, &j->key, refs.data, refs.len,
                           delta.data, delta.len);
    }
    step->computed += !j->remembered;
    step->remembered += j->remembered;
    ost_buf_add(&step->notes, j->ctx.notes.data, j->ctx.notes.len);
    rc = ost_deliver(&j->ctx, err);
out:
    ost_buf_release(&delta);
    ost_vec_release(&refs);
    return rc;
}

static ost_key page_key(mapper *m, const ost_ref *page, size_t first)
{
    ost_stage_ctx *ctx = m->ctx;
    ost_buf text = { 0 };
    ost_key key;

    ost_buf_add(&text, m->page_prefix.data, m->page_prefix.len);
    ost_key_digest(&text, "page", &page->digest);
    for (uint64_t i = 0; ctx->directives && i < page->items; i++) {
        const char *d = ctx->directives[first + i];

        ost_key_text(&text, d ? "directive" : "dropped", d ? d : "");
    }
    key = ost_key_of(&text);
    ost_buf_release(&text);
    return key;
}

/* What came out of a page: remembered items' notes, then port and item. */
static void remember_page(mapper *m, const ost_key *key, const size_t *from,
                          size_t notes_from)
{
    step_state *step = m->ctx->step;
    ost_buf value = { 0 };
    ost_digest_vec refs = { 0 };

    ost_buf_bytes(&value, step->notes.data + notes_from,
                  step->notes.len - notes_from);
    for (size_t p = 0; p < step->n_outputs; p++)
        for (size_t i = from[p]; i < step->outputs[p].items.len; i++) {
            const ost_item *item = &step->outputs[p].items.data[i];

            ost_buf_varint(&value, p);
            ost_item_encode(&value, item);
            if (!ost_digest_is_zero(&item->exposure))
                ost_vec_push(&refs, item->exposure);
            for (size_t k = 0; k < item->n_fields; k++)
                ost_vec_push(&refs, item->fields[k].blob);
        }
    ost_batch_put_memo(step->batch, key, refs.data, refs.len, value.data,
                       value.len);
    ost_vec_release(&refs);
    ost_buf_release(&value);
}

static ost_rc recall_page(mapper *m, const ost_key *key, ost_err *err)
{
    step_state *step = m->ctx->step;
    ost_buf value = { 0 };
    const unsigned char *notes;
    ost_reader r;
    size_t n;
    ost_rc rc;

    rc = ost_batch_get_memo(step->batch, key, &value, err);
    if (rc)
        goto out;
    r = ost_reader_of(ost_arena_copy(&step->arena, value.data, value.len),
                      value.len);
    notes = ost_read_bytes(&r, &n);
    if (!r.bad)
        ost_buf_add(&step->notes, notes, n);
    while (!r.bad && ost_read_left(&r) > 0) {
        uint64_t port = ost_read_varint(&r);
        ost_item item = { 0 };

        if (port >= step->n_outputs ||
            !ost_item_decode(&r, &step->arena, &item)) {
            r.bad = true;
            break;
        }
        ost_vec_push(&step->outputs[port].items, item);
    }
    if (r.bad)
        rc = ost_fail(err, OST_ECORRUPT, "the memo of a page is malformed");
out:
    ost_buf_release(&value);
    return rc;
}

static ost_rc work_on_page(mapper *m, const ost_item *items, size_t first,
                           size_t n, ost_err *err)
{
    piece *pieces = ost_try_alloc(n ? n : 1, sizeof(*pieces));
    ost_rc rc = OST_OK;

    if (!pieces)
        return ost_fail(err, OST_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        piece_init(m, &pieces[i], &items[i], first + i);
        piece_recall(m, &pieces[i]);
    }
    compute_pieces(m, pieces, n);
    for (size_t i = 0; i < n && !rc; i++)
        rc = piece_finish(m, &pieces[i], err);
    for (size_t i = 0; i < n; i++)
        ost_item_ctx_release(&pieces[i].ctx);
    ost_free(pieces);
    return rc;
}

static ost_rc map_page(mapper *m, size_t page, size_t first, ost_err *err)
{
    step_state *step = m->ctx->step;
    const ost_ref *ref = &m->in->pub.artifact.refs[page];
    ost_key key = page_key(m, ref, first);
    size_t *from = OST_ARENA_ARRAY(&step->arena, size_t, step->n_outputs + 1);
    size_t notes_from = step->notes.len;
    ost_item *items;
    size_t n;
    ost_rc rc;

    rc = recall_page(m, &key, err);
    if (rc == OST_OK)
        step->remembered += ref->items;
    if (rc != OST_ENOTFOUND)
        return rc;
    for (size_t p = 0; p < step->n_outputs; p++)
        from[p] = step->outputs[p].items.len;
    rc = ost_dataset_page(step->batch, &m->in->pub.artifact, page, &step->arena,
                          &items, &n, err);
    if (rc)
        return rc;
    rc = work_on_page(m, items, first, n, err);
    if (rc)
        return rc;
    remember_page(m, &key, from, notes_from);
    return OST_OK;
}

static ost_rc prepare(mapper *m, ost_err *err)
{
    ost_stage_ctx *ctx = m->ctx;

    if (!ctx->step->stage->prepare)
        return OST_OK;
    ctx->n_directives = (size_t)m->in->pub.artifact.n_items;
    ctx->directives =
        OST_ARENA_ARRAY(&ctx->step->arena, const char *, ctx->n_directives + 1);
    return ctx->step->stage->prepare(ctx, err);
}

static ost_rc map_input(mapper *m, ost_err *err)
{
    const ost_artifact *a = &m->in->pub.artifact;
    size_t first = 0;
    ost_rc rc = OST_OK;

    m->total = a->n_items;
    for (size_t page = 0; page < a->n_refs && !rc; page++) {
        if (ost_ctx_stop(m->ctx))
            return ost_fail(err, OST_EINTERRUPTED, "interrupted");
        rc = map_page(m, page, first, err);
        first += (size_t)a->refs[page].items;
        ost_progress(m->ctx, first, m->total, NULL);
        ost_step_relieve(m->ctx->step);
    }
    return rc;
}

ost_rc ost_map_run(ost_stage_ctx *ctx, ost_err *err)
{
    step_state *step = ctx->step;
    mapper m = { .ctx = ctx };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < step->inputs.len && !m.in; i++)
        if (step->inputs.data[i].port == 0)
            m.in = &step->inputs.data[i];
    if (!m.in)
        return ost_fail(err, OST_EPROTO, "a map stage without its input");
    build_prefix(&m);
    rc = index_joined(&m, err);
    if (!rc)
        rc = prepare(&m, err);
    if (!rc)
        rc = map_input(&m, err);
    ost_buf_release(&m.prefix);
    ost_buf_release(&m.page_prefix);
    return rc;
}
