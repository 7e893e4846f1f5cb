/* stages/context.c - what a running stage reads */
#include "stages/context.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/text.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <omp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

const void *ost_ctx_params(const ost_stage_ctx *ctx)
{
    return ctx->step->params;
}

const json_t *ost_ctx_with(const ost_stage_ctx *ctx)
{
    return ctx->step->full;
}

ost_arena *ost_ctx_arena(ost_stage_ctx *ctx)
{
    return ctx->arena;
}

int ost_ctx_threads(const ost_stage_ctx *ctx)
{
    return (int)ctx->step->msg->threads;
}

bool ost_ctx_on_gpu(const ost_stage_ctx *ctx)
{
    return ost_step_on_gpu(ctx->step->msg);
}

bool ost_ctx_has_secret(const ost_stage_ctx *ctx)
{
    return ctx->step->msg->secret.known;
}

const char *ost_ctx_pseudonym(ost_stage_ctx *ctx, const char *kind,
                              const char *of, const char *name)
{
    char pseudonym[OST_PSEUDONYM];

    return ost_arena_strdup(ctx->arena,
                            ost_secret_pseudonym(&ctx->step->msg->secret, kind,
                                                 of, name, pseudonym));
}

static step_input *find_input(const ost_stage_ctx *ctx, const char *port,
                              size_t index)
{
    int p = ost_port_find(ctx->step->stage->inputs, port);

    if (p < 0)
        OST_BUG(); /* the stage names a port that it does not have */
    for (size_t i = 0; i < ctx->step->inputs.len; i++)
        if (ctx->step->inputs.data[i].port == (uint32_t)p && index-- == 0)
            return &ctx->step->inputs.data[i];
    return NULL;
}

size_t ost_ctx_input_count(const ost_stage_ctx *ctx, const char *port)
{
    size_t n = 0;

    while (find_input(ctx, port, n))
        n++;
    return n;
}

const ost_input *ost_ctx_input(const ost_stage_ctx *ctx, const char *port,
                               size_t index)
{
    step_input *in = find_input(ctx, port, index);

    return in ? &in->pub : NULL;
}

/* The public struct is the second member of ours. */
static step_input *own_input(ost_stage_ctx *ctx, const ost_input *in)
{
    for (size_t i = 0; i < ctx->step->inputs.len; i++)
        if (&ctx->step->inputs.data[i].pub == in)
            return &ctx->step->inputs.data[i];
    OST_BUG();
}

ost_rc ost_ctx_items(ost_stage_ctx *ctx, const ost_input *in,
                     const ost_item **items, size_t *n, ost_err *err)
{
    step_input *own = own_input(ctx, in);
    ost_rc rc;

    if (!own->items_loaded) {
        rc = ost_dataset_items(ctx->step->batch, &in->artifact,
                               &ctx->step->arena, &own->items, &own->n_items,
                               err);
        if (rc)
            return rc;
        own->items_loaded = true;
    }
    *items = own->items;
    *n = own->n_items;
    return OST_OK;
}

ost_rc ost_ctx_meta(ost_stage_ctx *ctx, const ost_input *in,
                    const json_t **meta, ost_err *err)
{
    step_input *own = own_input(ctx, in);

    if (!own->meta)
        own->meta = json_loads(in->artifact.meta, 0, NULL);
    if (!own->meta)
        return ost_fail(err, OST_ECORRUPT, "an artifact's metadata is no JSON");
    *meta = own->meta;
    return OST_OK;
}

ost_rc ost_ctx_blob(ost_stage_ctx *ctx, const ost_input *in, const char *name,
                    const void **data, size_t *size, ost_err *err)
{
    ost_blob blob = { 0 };
    ost_rc rc;

    for (size_t i = 0; i < in->artifact.n_refs; i++) {
        if (strcmp(in->artifact.refs[i].name, name) != 0)
            continue;
        rc = ost_store_blob(ost_batch_store(ctx->step->batch),
                            &in->artifact.refs[i].digest, true, &blob, err);
        if (rc)
            return rc;
        ost_vec_push(&ctx->step->blobs, blob);
        *data = blob.data;
        *size = blob.size;
        return OST_OK;
    }
    return ost_fail(err, OST_ENOTFOUND, "the %s has no part '%s'",
                    ost_artifact_type_name(in->artifact.type), name);
}

ost_rc ost_ctx_groups(ost_stage_ctx *ctx, const ost_digest *exposure,
                      ost_arena *arena, const char *const **groups, size_t *n,
                      ost_err *err)
{
    return ost_groups_get(ctx->step->batch, exposure, arena, groups, n, err);
}

static ost_rc check_bounds(const ost_field *f, size_t blob_size, ost_err *err)
{
    int64_t last = (int64_t)f->offset;

    for (int i = 0; i < f->ndim; i++) {
        if (f->shape[i] == 0)
            return OST_OK;
        last += (f->shape[i] - 1) * f->stride[i];
    }
    if (last < 0 || (uint64_t)last >= blob_size / ost_dtype_size(f->dtype))
        return ost_fail(err, OST_ECORRUPT,
                        "field '%s' reaches beyond its %zu bytes", f->name,
                        blob_size);
    return OST_OK;
}

static ost_rc no_such_field(const ost_item *item, const char *field,
                            ost_err *err)
{
    ost_buf names = { 0 };

    for (size_t i = 0; i < item->n_fields; i++)
        ost_buf_addf(&names, "%s'%s'", i ? ", " : "", item->fields[i].name);
    ost_fail(err, OST_EINPUT, "there is no field '%s' (there is %s)", field,
             names.len ? ost_buf_str(&names) : "none");
    ost_buf_release(&names);
    return OST_EINPUT;
}

ost_rc ost_item_tensor(ost_stage_ctx *ctx, const ost_item *item,
                       const char *field, ost_tensor *t, ost_err *err)
{
    const ost_field *f = ost_item_field(item, field);
    ost_blob blob = { 0 };
    ost_rc rc;

    if (!f)
        return no_such_field(item, field, err);
    rc = ost_store_blob(ost_batch_store(ctx->step->batch), &f->blob, true,
                        &blob, err);
    if (rc)
        return rc;
    ost_vec_push(&ctx->blobs, blob);
    rc = check_bounds(f, blob.size, err);
    if (rc)
        return rc;
    *t = (ost_tensor){ .dtype = f->dtype, .ndim = f->ndim };
    t->data =
        (char *)(uintptr_t)blob.data + f->offset * ost_dtype_size(f->dtype);
    memcpy(t->shape, f->shape, sizeof(t->shape));
    memcpy(t->stride, f->stride, sizeof(t->stride));
    return OST_OK;
}

/* A file below the outside folder, as it was when the plan was made. */
static ost_rc outside_bytes(ost_stage_ctx *ctx, const char *root,
                            const ost_item *item, const ost_field *f,
                            ost_blob *blob, ost_err *err)
{
    char *path = ost_path_join(root, item->id);
    const void *data = NULL;
    size_t size = 0;
    ost_digest d;
    ost_rc rc;

    (void)ctx;
    rc = ost_fs_map(path, &data, &size, err);
    if (rc)
        goto out;
    d = ost_digest_of(data, size);
    if (!ost_digest_equal(&d, &f->blob)) {
        ost_fs_unmap(data, size);
        rc = ost_fail(err, OST_ECHANGED,
                      "file '%s' changed while it was being used: run again",
                      path);
        goto out;
    }
    *blob = (ost_blob){ data, size, true };
out:
    ost_free(path);
    return rc;
}

ost_rc ost_item_bytes(ost_stage_ctx *ctx, const ost_input *in,
                      const ost_item *item, const void **data, size_t *size,
                      ost_err *err)
{
    const ost_field *f = ost_item_field(item, "bytes");
    ost_blob blob = { 0 };
    ost_rc rc;

    if (!f)
        return no_such_field(item, "bytes", err);
    if (in->root)
        rc = outside_bytes(ctx, in->root, item, f, &blob, err);
    else
        rc = ost_store_blob(ost_batch_store(ctx->step->batch), &f->blob, true,
                            &blob, err);
    if (rc)
        return rc;
    ost_vec_push(&ctx->blobs, blob);
    *data = blob.data;
    *size = blob.size;
    return OST_OK;
}

void ost_ctx_return(ost_stage_ctx *ctx)
{
    for (size_t i = 0; i < ctx->blobs.len; i++)
        ost_blob_release(&ctx->blobs.data[i]);
    ctx->blobs.len = 0;
}

void ost_ctx_direct(ost_stage_ctx *ctx, size_t index, const char *directive)
{
    if (index >= ctx->n_directives)
        OST_BUG();
    ctx->directives[index] =
        directive ? ost_arena_strdup(&ctx->step->arena, directive) : NULL;
}

const char *ost_ctx_directive(const ost_stage_ctx *ctx)
{
    return ctx->directive;
}

const ost_item *ost_ctx_joined(const ost_stage_ctx *ctx, const char *port)
{
    int p = ost_port_find(ctx->step->stage->inputs, port);

    if (p < 0)
        OST_BUG();
    return ctx->joined ? ctx->joined[p] : NULL;
}

/* --- what a stage reads of an item ------------------------------------- */

static void hash_field(ost_buf *text, const ost_field *f)
{
    ost_buf_string(text, f->name);
    ost_buf_u8(text, (uint8_t)f->dtype);
    ost_buf_u8(text, (uint8_t)f->ndim);
    for (int i = 0; i < f->ndim; i++) {
        ost_buf_u64(text, (uint64_t)f->shape[i]);
        ost_buf_u64(text, (uint64_t)f->stride[i]);
    }
    ost_buf_u64(text, f->offset);
    ost_buf_add(text, f->blob.b, sizeof(f->blob.b));
}

static void hash_fields(ost_buf *text, const ost_item *item,
                        const char *pattern)
{
    for (size_t i = 0; i < item->n_fields; i++)
        if (fnmatch(pattern, item->fields[i].name, 0) == 0)
            hash_field(text, &item->fields[i]);
}

static void hash_attr(ost_buf *text, const ost_attr *a)
{
    ost_buf_string(text, a->name);
    ost_buf_u8(text, (uint8_t)a->kind);
    if (a->kind == OST_ATTR_NUMBER)
        ost_buf_f64(text, a->number);
    else
        ost_buf_string(text, a->text);
}

static void hash_token(const step_state *step, const ost_item *item,
                       const char *token, ost_buf *text)
{
    if (token[0] == '@') {
        const json_t *v = json_object_get(step->full, token + 1);

        if (json_is_string(v))
            hash_fields(text, item, json_string_value(v));
        for (size_t i = 0; i < json_array_size(v); i++)
            hash_fields(text, item, json_string_value(json_array_get(v, i)));
    } else if (ost_starts_with(token, "attr:")) {
        for (size_t i = 0; i < item->n_attrs; i++)
            if (fnmatch(token + 5, item->attrs[i].name, 0) == 0)
                hash_attr(text, &item->attrs[i]);
    } else if (strcmp(token, "label") == 0) {
        for (size_t i = 0; i < item->n_labels; i++)
            ost_buf_string(text, item->labels[i]);
    } else if (strcmp(token, "group") == 0) {
        ost_buf_string(text, item->group);
    } else if (strcmp(token, "id") == 0) {
        ost_buf_string(text, item->id);
    } else {
        hash_fields(text, item, token);
    }
}

ost_digest ost_read_digest(const step_state *step, const ost_item *item)
{
    const char *reads = step->stage->reads ? step->stage->reads : "*";
    ost_buf text = { 0 };
    char token[128];
    ost_digest d;

    while (*reads) {
        size_t n = strcspn(reads, " ");

        if (n >= sizeof(token))
            OST_BUG();
        memcpy(token, reads, n);
        token[n] = '\0';
        ost_buf_string(&text, token);
        hash_token(step, item, token, &text);
        reads += n + strspn(reads + n, " ");
    }
    d = ost_digest_of(text.data, text.len);
    ost_buf_release(&text);
    return d;
}

static uint64_t first_64(const ost_digest *d)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v |= (uint64_t)d->b[i] << (8 * i);
    return v;
}

ost_rng ost_ctx_rng(const ost_stage_ctx *ctx, const ost_item *item, uint64_t n)
{
    ost_digest d = { { 0 } };

    if (item && item == ctx->in)
        d = ctx->read_digest;
    else if (item)
        d = ost_read_digest(ctx->step, item);
    return ost_rng_of(ctx->step->rng_key,
                      first_64(&d) ^ (n * UINT64_C(0x9E3779B97F4A7C15)));
}

/* --- while it runs ----------------------------------------------------- */

void ost_announce(ost_stage_ctx *ctx, uint64_t done, uint64_t total,
                  const json_t *extra)
{
    step_state *step = ctx->step;
    ost_buf text = { 0 };

    if (!step->link || !step->link->progress)
        return;
    step->last_progress = ost_now();
    if (extra)
        ost_json_canonical(&text, extra);
    step->link->progress(step->link->user, done, total, ost_buf_str(&text));
    ost_buf_release(&text);
}

void ost_progress(ost_stage_ctx *ctx, uint64_t done, uint64_t total,
                  const json_t *extra)
{
    if (ost_now() - ctx->step->last_progress >= 0.1 || done == total)
        ost_announce(ctx, done, total, extra);
}

void ost_note(ost_stage_ctx *ctx, const char *fmt, ...)
{
    ost_buf text = { 0 };
    size_t room;
    va_list ap;

    va_start(ap, fmt);
    ost_buf_addv(&text, fmt, ap);
    va_end(ap);
    room = 4 * text.len + 1; /* every byte as \xNN */
    ost_buf_reserve(&ctx->notes, room);
    ctx->notes.len += ost_utf8_shown((char *)ctx->notes.data + ctx->notes.len,
                                     room, ost_buf_str(&text), "\n\t");
    ost_buf_addc(&ctx->notes, '\n');
    ost_buf_release(&text);
}

bool ost_ctx_stop(const ost_stage_ctx *ctx)
{
    const step_link *link = ctx->step->link;

    return link && link->stop && link->stop(link->user);
}

static ost_key memo_key(const ost_stage_ctx *ctx, const char *name)
{
    const step_state *step = ctx->step;
    ost_buf text = { 0 };
    char version[16];
    ost_key key;

    snprintf(version, sizeof(version), "%u", step->stage->version);
    ost_key_text(&text, "memo", step->stage->name);
    ost_key_text(&text, "version", version);
    ost_key_text(&text, "numeric", step->msg->numeric);
    ost_key_text(&text, "name", name);
    key = ost_key_of(&text);
    ost_buf_release(&text);
    return key;
}

ost_rc ost_memo_get(ost_stage_ctx *ctx, const char *name, ost_buf *value,
                    ost_err *err)
{
    ost_key key = memo_key(ctx, name);

    return ost_batch_get_memo(ctx->step->batch, &key, value, err);
}

void ost_memo_put(ost_stage_ctx *ctx, const char *name, const void *value,
                  size_t size)
{
    ost_key key = memo_key(ctx, name);

    ost_batch_put_memo(ctx->step->batch, &key, NULL, 0, value, size);
}

static ost_rc add_blob(ost_stage_ctx *ctx, const ost_digest *d, ost_buf *out,
                       ost_err *err)
{
    ost_blob blob = { 0 };
    ost_rc rc = ost_batch_blob(ctx->step->batch, d, &blob, err);

    if (!rc)
        ost_buf_add(out, blob.data, blob.size);
    ost_blob_release(&blob);
    return rc;
}

ost_rc ost_memo_get_large(ost_stage_ctx *ctx, const char *name, ost_buf *value,
                          ost_err *err)
{
    ost_buf digest = { 0 };
    ost_digest d;
    ost_rc rc = ost_memo_get(ctx, name, &digest, err);

    if (!rc && digest.len != sizeof(d.b))
        rc = ost_fail(err, OST_ECORRUPT, "a memo is malformed");
    if (!rc) {
        memcpy(d.b, digest.data, sizeof(d.b));
        rc = add_blob(ctx, &d, value, err);
    }
    ost_buf_release(&digest);
    return rc;
}

ost_rc ost_memo_put_large(ost_stage_ctx *ctx, const char *name,
                          const void *value, size_t size, ost_err *err)
{
    ost_key key = memo_key(ctx, name);
    ost_digest d;
    ost_rc rc = ost_batch_put_blob(ctx->step->batch, value, size, &d, err);

    if (!rc)
        ost_batch_put_memo(ctx->step->batch, &key, &d, 1, d.b, sizeof(d.b));
    return rc;
}

void ost_count_items(ost_stage_ctx *ctx, uint64_t computed, uint64_t remembered)
{
    ctx->step->computed += computed;
    ctx->step->remembered += remembered;
}

void ost_count_leaks(ost_stage_ctx *ctx, uint64_t items)
{
    ctx->step->leaked += items;
}

ost_rc ost_checkpoint_save(ost_stage_ctx *ctx, const void *data, size_t size,
                           ost_err *err)
{
    step_state *step = ctx->step;
    ost_digest d;
    ost_rc rc;

    rc = ost_batch_put_blob(step->batch, data, size, &d, err);
    if (rc)
        return rc;
    ost_batch_put(step->batch, OST_TABLE_CHECKPOINTS, step->msg->key.b,
                  sizeof(step->msg->key.b), d.b, sizeof(d.b));
    if (step->link && step->link->commit)
        step->link->commit(step->link->user, step->batch);
    return OST_OK;
}

ost_rc ost_checkpoint_load(ost_stage_ctx *ctx, ost_buf *data, ost_err *err)
{
    step_state *step = ctx->step;
    ost_buf value = { 0 };
    ost_digest d;
    ost_rc rc;

    rc = ost_batch_get(step->batch, OST_TABLE_CHECKPOINTS, step->msg->key.b,
                       sizeof(step->msg->key.b), &value, err);
    if (rc)
        goto out;
    if (value.len != sizeof(d.b)) {
        rc = ost_fail(err, OST_ECORRUPT, "a checkpoint record is malformed");
        goto out;
    }
    memcpy(d.b, value.data, sizeof(d.b));
    rc = add_blob(ctx, &d, data, err);
out:
    ost_buf_release(&value);
    return rc;
}

ost_rc ost_parallel(ost_stage_ctx *ctx, size_t n, ost_parallel_body body,
                    void *user, ost_err *err)
{
    size_t failed = SIZE_MAX;
    ost_rc first = OST_OK;

#pragma omp parallel for schedule(dynamic, 1) num_threads(ost_ctx_threads(ctx))
    for (size_t i = 0; i < n; i++) {
        ost_err own = { 0 };
        bool worth = false;
        ost_rc rc;

#pragma omp critical(ost_parallel_first)
        worth = i < failed;
        if (!worth)
            continue;
        rc = body(user, i, &own);
        if (!rc)
            continue;
#pragma omp critical(ost_parallel_first)
        if (i < failed) {
            failed = i;
            first = rc;
            if (err)
                *err = own;
        }
    }
    return first;
}
