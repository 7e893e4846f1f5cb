/* stages/emit.c - what a running stage hands over */
#include "base/json.h"
#include "stages/context.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

ost_item *ost_derive(ost_stage_ctx *ctx, const ost_item *in, int64_t copy)
{
    made_item *made = OST_ARENA_NEW(ctx->arena, made_item);
    const char **parents;

    made->item = *in;
    made->from = in;
    made->copy = copy;
    if (copy >= 0) {
        parents = OST_ARENA_ARRAY(ctx->arena, const char *, 1);
        parents[0] = in->id;
        made->item.id =
            ost_arena_printf(ctx->arena, "%s#%lld", in->id, (long long)copy);
        made->item.parents = parents;
        made->item.n_parents = 1;
    }
    return &made->item;
}

ost_item *ost_new_item(ost_stage_ctx *ctx, const char *id, const char *group)
{
    made_item *made = OST_ARENA_NEW(ctx->arena, made_item);

    made->item.id = ost_arena_strdup(ctx->arena, id);
    made->item.group =
        group ? ost_arena_strdup(ctx->arena, group) : made->item.id;
    made->copy = -1;
    return &made->item;
}

/* Drops what waits to be stored as a field that is made again. */
static void forget_pending(ost_stage_ctx *ctx, const ost_item *item,
                           const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < ctx->pending.len; i++) {
        pending_field p = ctx->pending.data[i];

        if (p.item == item && strcmp(p.name, name) == 0)
            ost_free(p.data);
        else
            ctx->pending.data[kept++] = p;
    }
    ctx->pending.len = kept;
}

ost_rc ost_new_field(ost_stage_ctx *ctx, ost_item *item, const char *name,
                     ost_dtype dtype, int ndim, const int64_t *shape,
                     ost_tensor *t, ost_err *err)
{
    ost_field f = { .name = name, .dtype = dtype, .ndim = ndim };
    pending_field p = { .item = item };
    int64_t count;

    *t = ost_tensor_of(NULL, dtype, ndim, shape);
    count = ost_tensor_count(t);
    if (count < 0)
        return ost_fail(err, OST_ENOMEM, "field '%s' would be too large", name);
    p.size = (size_t)count * ost_dtype_size(dtype);
    p.data = ost_try_alloc_aligned(p.size ? p.size : 1, 1);
    if (!p.data)
        return ost_fail(err, OST_ENOMEM,
                        "out of memory: field '%s' needs %zu bytes", name,
                        p.size);
    memset(p.data, 0, p.size);
    forget_pending(ctx, item, name);
    t->data = p.data;
    memcpy(f.shape, t->shape, sizeof(f.shape));
    memcpy(f.stride, t->stride, sizeof(f.stride));
    ost_item_set_field(ctx->arena, item, &f);
    p.name = ost_arena_strdup(ctx->arena, name);
    ost_vec_push(&ctx->pending, p);
    return OST_OK;
}

ost_rc ost_expose(ost_stage_ctx *ctx, ost_item *item, const ost_item *other,
                  ost_err *err)
{
    return ost_groups_unite(ctx->step->batch, &item->exposure, &other->exposure,
                            &item->exposure, err);
}

static uint32_t output_port(const ost_stage_ctx *ctx, const char *port)
{
    int p = ost_port_find(ctx->step->stage->outputs, port);

    if (p < 0)
        OST_BUG(); /* the stage names a port that it does not have */
    return (uint32_t)p;
}

ost_rc ost_emit(ost_stage_ctx *ctx, const char *port, ost_item *item,
                ost_err *err)
{
    emitted e = { output_port(ctx, port), (made_item *)item };

    if (!item->id || !*item->id)
        return ost_fail(err, OST_EINPUT, "an item without an id");
    ost_vec_push(&ctx->emitted, e);
    return OST_OK;
}

ost_rc ost_emit_like(ost_stage_ctx *ctx, const ost_item *in, ost_item **out,
                     const char *field, ost_dtype dtype,
                     const ost_tensor *shape_of, ost_tensor *t, ost_err *err)
{
    ost_rc rc;

    *out = ost_derive(ctx, in, -1);
    rc = ost_new_field(ctx, *out, field, dtype, shape_of->ndim, shape_of->shape,
                       t, err);
    if (rc)
        return rc;
    return ost_emit(ctx, ctx->step->stage->outputs[0].name, *out, err);
}

ost_rc ost_store_pending(ost_stage_ctx *ctx, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < ctx->pending.len; i++) {
        pending_field *p = &ctx->pending.data[i];
        ost_digest d;

        if (!rc)
            rc =
                ost_batch_put_blob(ctx->step->batch, p->data, p->size, &d, err);
        /* The field is the item's latest of that name or was replaced. */
        for (size_t k = 0; k < p->item->n_fields && !rc; k++) {
            ost_field *f = (ost_field *)&p->item->fields[k];

            if (strcmp(f->name, p->name) == 0 && ost_digest_is_zero(&f->blob))
                f->blob = d;
        }
        ost_free(p->data);
    }
    ctx->pending.len = 0;
    return rc;
}

static ost_rc add_joined(ost_stage_ctx *ctx, ost_digest *e, ost_err *err)
{
    step_state *step = ctx->step;
    ost_rc rc = OST_OK;

    for (size_t p = 0; ctx->joined && !rc && step->stage->inputs[p].name; p++)
        if (ctx->joined[p])
            rc = ost_groups_unite(step->batch, e, &ctx->joined[p]->exposure, e,
                                  err);
    return rc;
}

/* What comes of a bucket is exposed to all that its items are exposed to. */
static ost_rc bucket_exposure(ost_stage_ctx *ctx, ost_digest *e, ost_err *err)
{
    ost_digest all = ctx->step->model_exposure;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < ctx->n_bucket && !ctx->bucket_exposure_known && !rc;
         i++)
        rc = ost_groups_unite(ctx->step->batch, &all, &ctx->bucket[i]->exposure,
                              &all, err);
    if (!rc && !ctx->bucket_exposure_known) {
        rc = add_joined(ctx, &all, err);
        ctx->bucket_exposure = all;
        ctx->bucket_exposure_known = rc == OST_OK;
    }
    *e = ctx->bucket_exposure;
    return rc;
}

/* Of items that are made from no single other one, or of what was learned. */
static ost_rc new_exposure(ost_stage_ctx *ctx, ost_err *err)
{
    step_state *step = ctx->step;
    bool learns = (step->stage->flags & OST_STAGE_LEARNS) != 0;
    ost_rc rc;

    if (step->new_exposure_known)
        return OST_OK;
    rc = ost_step_exposure(ctx, learns, &step->new_exposure, err);
    step->new_exposure_known = rc == OST_OK;
    return rc;
}

static ost_rc item_exposure(ost_stage_ctx *ctx, made_item *made, ost_err *err)
{
    step_state *step = ctx->step;
    ost_digest *e = &made->item.exposure;
    ost_rc rc;

    if (ctx->bucket)
        return bucket_exposure(ctx, e, err);
    if (!made->from || (step->stage->flags & OST_STAGE_LEARNS)) {
        rc = new_exposure(ctx, err);
        if (rc)
            return rc;
    }
    if (!made->from) {
        *e = step->new_exposure;
        return OST_OK;
    }
    if (step->stage->flags & OST_STAGE_LEARNS) {
        rc = ost_groups_unite(step->batch, e, &step->new_exposure, e, err);
        if (rc)
            return rc;
    }
    rc = ost_groups_unite(step->batch, e, &step->model_exposure, e, err);
    return rc ? rc : add_joined(ctx, e, err);
}

ost_rc ost_deliver(ost_stage_ctx *ctx, ost_err *err)
{
    step_state *step = ctx->step;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < ctx->emitted.len && !rc; i++) {
        emitted *e = &ctx->emitted.data[i];

        rc = item_exposure(ctx, e->made, err);
        if (!rc)
            rc = ost_writer_add(&step->outputs[e->port].items, &e->made->item,
                                err);
    }
    return rc;
}

void ost_settle_outputs(step_state *step)
{
    for (size_t p = 0; p < step->n_outputs; p++)
        ost_writer_settle(&step->outputs[p].items);
}

ost_rc ost_flush(ost_stage_ctx *ctx, ost_err *err)
{
    ost_rc rc = ost_store_pending(ctx, err);

    if (!rc)
        rc = ost_deliver(ctx, err);
    ctx->emitted.len = 0;
    if (!rc)
        ost_step_relieve(ctx->step);
    return rc;
}

ost_rc ost_spill(ost_stage_ctx *ctx, ost_err *err)
{
    return ost_store_pending(ctx, err);
}

ost_rc ost_emit_meta(ost_stage_ctx *ctx, const char *port, const json_t *meta,
                     ost_err *err)
{
    step_output *out = &ctx->step->outputs[output_port(ctx, port)];
    ost_buf text = { 0 };

    if (!json_is_object(meta))
        return ost_fail(err, OST_EFAIL,
                        "output '%s': the metadata is no JSON object", port);
    ost_json_canonical(&text, meta);
    out->meta =
        ost_arena_strndup(&ctx->step->arena, ost_buf_str(&text), text.len);
    ost_buf_release(&text);
    return OST_OK;
}

ost_rc ost_emit_blob(ost_stage_ctx *ctx, const char *port, const char *name,
                     const void *data, size_t size, ost_err *err)
{
    step_output *out = &ctx->step->outputs[output_port(ctx, port)];
    ost_ref ref = { .size = size };
    ost_rc rc;

    rc = ost_batch_put_blob(ctx->step->batch, data, size, &ref.digest, err);
    if (rc)
        return rc;
    ref.name = ost_arena_strdup(&ctx->step->arena, name);
    ost_vec_push(&out->refs, ref);
    return OST_OK;
}

ost_rc ost_emit_input(ost_stage_ctx *ctx, const char *port, const ost_input *in,
                      ost_err *err)
{
    step_output *out = &ctx->step->outputs[output_port(ctx, port)];
    const ost_artifact *a = &in->artifact;
    const ost_item *items;
    ost_rc rc = OST_OK;
    size_t n;

    out->meta = a->meta;
    out->passed = true;
    if (!ost_artifact_has_items(a->type)) {
        for (size_t i = 0; i < a->n_refs; i++)
            ost_vec_push(&out->refs, a->refs[i]);
        return OST_OK;
    }
    rc = ost_ctx_items(ctx, in, &items, &n, err);
    for (size_t i = 0; i < n && !rc; i++)
        rc = ost_emit(ctx, port, ost_derive(ctx, &items[i], -1), err);
    return rc;
}

ost_rc ost_emit_file(ost_stage_ctx *ctx, const char *port, const char *path,
                     const void *data, size_t size, ost_err *err)
{
    int64_t shape[1] = { (int64_t)size };
    ost_item *item = ost_new_item(ctx, path, NULL);
    ost_tensor t;
    ost_rc rc;

    rc = ost_new_field(ctx, item, "bytes", OST_U8, 1, shape, &t, err);
    if (rc)
        return rc;
    if (size)
        memcpy(t.data, data, size);
    return ost_emit(ctx, port, item, err);
}

const ost_item *ost_ctx_made(ost_stage_ctx *ctx, const char *port, size_t *n)
{
    int p = ost_port_find(ctx->step->stage->outputs, port);

    if (p < 0)
        OST_BUG(); /* the stage names a port that it does not have */
    *n = (size_t)ctx->step->outputs[p].items.n;
    return ost_writer_items(&ctx->step->outputs[p].items, ctx->arena);
}

void ost_item_ctx_reset(ost_stage_ctx *ctx)
{
    ost_ctx_return(ctx);
    for (size_t i = 0; i < ctx->pending.len; i++)
        ost_free(ctx->pending.data[i].data);
    ctx->pending.len = 0;
    ctx->emitted.len = 0;
    ost_arena_reset(&ctx->item_arena);
}

void ost_item_ctx_release(ost_stage_ctx *ctx)
{
    ost_item_ctx_reset(ctx);
    ost_vec_release(&ctx->blobs);
    ost_vec_release(&ctx->pending);
    ost_vec_release(&ctx->emitted);
    ost_buf_release(&ctx->notes);
    ost_arena_release(&ctx->item_arena);
}
