/* stages/item_work.c - what map and gather stages have in common
 *
 * Keys begin with all that a step's items share: stage, version, parameters,
 * numeric class, seed, and the inputs that are not joined.  A memo of items
 * holds what came out, ids and all:
 *
 *     notes           string
 *     per item:
 *       port          varint
 *       item          in the chain of its port
 */
#include "stages/context.h"
#include "stages/matching.h"
#include "stages/params.h"
#include "store/item_chain.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* Raised when memos are encoded differently, so that old ones are not met. */
#define MEMO_FORMAT "2"

static bool is_joined(const item_work *w, const step_input *in)
{
    return in != w->in && ost_artifact_has_items(in->pub.artifact.type) &&
           in->port != w->in->port;
}

static void build_prefix(item_work *w)
{
    step_state *step = w->ctx->step;
    char text[64];

    ost_key_text(&w->prefix, step->stage->gather ? "gather" : "map",
                 step->stage->name);
    snprintf(text, sizeof(text), "%u", step->stage->version);
    ost_key_text(&w->prefix, "version", text);
    ost_key_text(&w->prefix, "memo", MEMO_FORMAT);
    ost_params_key(step->stage, step->full, &w->prefix);
    ost_key_text(&w->prefix, "numeric", step->msg->numeric);
    if (step->stage->flags & OST_STAGE_DRAWS)
        ost_key_text(&w->prefix, "seed", step->msg->seed);
    if (step->msg->secret.known)
        ost_key_text(&w->prefix, "secret",
                     ost_secret_mark(&step->msg->secret, text));
    ost_buf_add(&w->whole, w->prefix.data, w->prefix.len);
    for (size_t i = 0; i < step->inputs.len; i++) {
        step_input *in = &step->inputs.data[i];

        if (in->port == w->in->port)
            continue;
        snprintf(text, sizeof(text), "in.%s",
                 step->stage->inputs[in->port].name);
        ost_key_digest(&w->whole, text, &in->pub.digest);
        if (!is_joined(w, in))
            ost_key_digest(&w->prefix, text, &in->pub.digest);
    }
}

static ost_rc index_joined(item_work *w, ost_err *err)
{
    step_state *step = w->ctx->step;
    const ost_item *items;
    size_t n;
    ost_rc rc;

    for (size_t i = 0; i < step->inputs.len; i++) {
        step_input *in = &step->inputs.data[i];

        if (!is_joined(w, in) || in->indexed)
            continue;
        rc = ost_ctx_items(w->ctx, &in->pub, &items, &n, err);
        if (rc)
            return rc;
        for (size_t k = 0; k < n; k++)
            ost_map_put(&in->index, items[k].id, strlen(items[k].id), k);
        in->indexed = true;
    }
    return OST_OK;
}

/* The id that an item is looked up under in the other datasets. */
static const char *join_key(const ost_stage_ctx *ctx, const step_state *step,
                            const ost_item *item)
{
    const char *by = json_string_value(json_object_get(step->full, "by"));

    if (by && strcmp(by, "parent") == 0)
        return item->n_parents ? item->parents[0] : item->id;
    if (by && strcmp(by, "group") == 0)
        return item->group;
    if (by && strcmp(by, "root") == 0)
        return ost_item_root(ctx->arena, item);
    return item->id;
}

void ost_work_join(const item_work *w, ost_stage_ctx *ctx, const ost_item *item)
{
    step_state *step = w->ctx->step;
    size_t ports = ost_port_count(step->stage->inputs);
    const char *key = join_key(ctx, step, item);
    uint64_t at;

    ctx->joined = OST_ARENA_ARRAY(ctx->arena, const ost_item *, ports + 1);
    for (size_t i = 0; i < step->inputs.len; i++) {
        step_input *in = &step->inputs.data[i];

        if (in->indexed && ost_map_get(&in->index, key, strlen(key), &at))
            ctx->joined[in->port] = &in->items[at];
    }
}

void ost_work_joined_key(const ost_stage_ctx *ctx, ost_buf *text)
{
    const ost_port *inputs = ctx->step->stage->inputs;
    ost_buf item = { 0 };

    for (size_t p = 0; inputs[p].name; p++) {
        ost_digest d;

        if (!ctx->joined[p])
            continue;
        ost_buf_reset(&item);
        ost_item_encode(&item, ctx->joined[p]);
        d = ost_digest_of(item.data, item.len);
        ost_key_digest(text, inputs[p].name, &d);
    }
    ost_buf_release(&item);
}

static ost_rc prepare(item_work *w, ost_err *err)
{
    ost_stage_ctx *ctx = w->ctx;

    if (!ctx->step->stage->prepare)
        return OST_OK;
    ctx->n_directives = (size_t)w->in->pub.artifact.n_items;
    ctx->directives =
        OST_ARENA_ARRAY(&ctx->step->arena, const char *, ctx->n_directives + 1);
    return ctx->step->stage->prepare(ctx, err);
}

ost_rc ost_work_open(item_work *w, ost_err *err)
{
    step_state *step = w->ctx->step;
    ost_rc rc;

    for (size_t i = 0; i < step->inputs.len && !w->in; i++)
        if (step->inputs.data[i].port == 0)
            w->in = &step->inputs.data[i];
    if (!w->in)
        return ost_fail(err, OST_EPROTO, "stage '%s' lacks its first input",
                        step->stage->name);
    build_prefix(w);
    rc = index_joined(w, err);
    return rc ? rc : prepare(w, err);
}

void ost_work_close(item_work *w)
{
    ost_buf_release(&w->prefix);
    ost_buf_release(&w->whole);
}

int ost_work_threads(const item_work *w)
{
    unsigned flags = w->ctx->step->stage->flags;
    bool serial = flags & OST_STAGE_SERIAL;

    /* A GPU is used from one thread at a time; operators on images wait for
     * each other by themselves. */
    serial |= (flags & OST_STAGE_FLOAT) && ost_ctx_on_gpu(w->ctx);
    return serial ? 1 : ost_ctx_threads(w->ctx);
}

/* --- memos of items ------------------------------------------------------ */

static void add_ref(ost_digest_vec *refs, const ost_digest *d)
{
    if (!ost_digest_is_zero(d) &&
        (refs->len == 0 || !ost_digest_equal(&refs->data[refs->len - 1], d)))
        ost_vec_push(refs, *d);
}

void ost_add_refs(const ost_item *item, ost_digest_vec *refs)
{
    add_ref(refs, &item->exposure);
    for (size_t k = 0; k < item->n_fields; k++)
        add_ref(refs, &item->fields[k].blob);
}

void ost_memo_add(items_memo *m, const ost_stage_ctx *ctx)
{
    if (!m->chains)
        m->chains = ost_xalloc((ctx->step->n_outputs + 1) * sizeof(*m->chains));
    ost_buf_add(&m->notes, ctx->notes.data, ctx->notes.len);
    for (size_t i = 0; i < ctx->emitted.len; i++) {
        const emitted *e = &ctx->emitted.data[i];

        ost_buf_varint(&m->items, e->port);
        ost_chain_add(&m->chains[e->port], &m->items, &e->made->item);
        ost_add_refs(&e->made->item, &m->refs);
    }
}

void ost_memo_settle(items_memo *m, const step_state *step)
{
    for (size_t p = 0; m->chains && p < step->n_outputs; p++)
        ost_chain_settle(&m->chains[p]);
}

void ost_memo_store(const items_memo *m, step_state *step, const ost_key *key)
{
    ost_buf value = { 0 };

    ost_buf_bytes(&value, m->notes.data, m->notes.len);
    ost_buf_add(&value, m->items.data, m->items.len);
    ost_batch_put_memo(step->batch, key, m->refs.data, m->refs.len, value.data,
                       value.len);
    ost_buf_release(&value);
}

void ost_memo_release(items_memo *m, const step_state *step)
{
    for (size_t p = 0; m->chains && p < step->n_outputs; p++)
        ost_chain_release(&m->chains[p]);
    ost_free(m->chains);
    ost_vec_release(&m->refs);
    ost_buf_release(&m->items);
    ost_buf_release(&m->notes);
    *m = (items_memo){ 0 };
}

ost_rc ost_memo_recall(step_state *step, const ost_buf *memo, ost_err *err)
{
    ost_reader r = ost_reader_of(memo->data, memo->len);
    size_t n;
    const unsigned char *notes = ost_read_bytes(&r, &n);
    ost_arena arena = { 0 };
    ost_item_chain *chains =
        OST_ARENA_ARRAY(&arena, ost_item_chain, step->n_outputs + 1);
    ost_rc rc = OST_OK;

    if (!r.bad)
        ost_buf_add(&step->notes, notes, n);
    while (!r.bad && !rc && ost_read_left(&r) > 0) {
        uint64_t port = ost_read_varint(&r);
        ost_item item = { 0 };

        if (port >= step->n_outputs ||
            !ost_chain_read(&chains[port], &r, &arena, &item))
            r.bad = true;
        else
            rc = ost_writer_add(&step->outputs[port].items, &item, err);
    }
    if (r.bad)
        rc = ost_fail(err, OST_ECORRUPT, "a memo of items is malformed");
    ost_settle_outputs(step);
    ost_arena_release(&arena);
    return rc;
}
