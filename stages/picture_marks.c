/* stages/picture_marks.c - by which the pictures of many items are known */
#include "stages/picture_marks.h"

#include "base/alloc.h"
#include "stages/picture_hash.h"
#include "stages/planes.h"

#include <string.h>

#include "base/banned.h"

enum { CHUNK = 64 };

/* A few pictures that are read at once. */
typedef struct {
    ost_stage_ctx *ctx;
    const ost_item *const *items;
    const char *field;
    unsigned wanted;
    ost_picture_mark *marks;
    size_t index[CHUNK];
    ost_tensor tensors[CHUNK];
    size_t n;
    size_t fresh;
} marking;

static ost_rc check_field(const ost_item *item, const char *field, ost_err *err)
{
    const ost_field *f = ost_item_field(item, field);
    ost_plane_kind kind = f ? ost_plane_kind_of(f) : OST_PLANE_NONE;

    if (kind != OST_PLANE_NONE && kind != OST_PLANE_BOXES)
        return OST_OK;
    return ost_fail(err, OST_EINPUT, "item '%s' has no picture in field '%s'",
                    item->id, field);
}

/* Names what a mark hangs on: what is wanted and the picture's bytes. */
static void memo_name(const marking *m, size_t i, ost_buf *name)
{
    const ost_field *f = ost_item_field(m->items[i], m->field);
    char hex[OST_DIGEST_HEX];

    ost_digest_hex(&f->blob, hex);
    ost_buf_reset(name);
    ost_buf_addf(name, "marks %u %d %s %d %llu", m->wanted,
                 (int)ost_plane_kind_of(f), hex, (int)f->dtype,
                 (unsigned long long)f->offset);
    for (int k = 0; k < f->ndim; k++)
        ost_buf_addf(name, " %lld:%lld", (long long)f->shape[k],
                     (long long)f->stride[k]);
}

static bool recall(marking *m, size_t i, ost_buf *name, ost_buf *value)
{
    memo_name(m, i, name);
    ost_buf_reset(value);
    if (ost_memo_get(m->ctx, ost_buf_str(name), value, NULL) ||
        value->len != sizeof(m->marks[i]))
        return false;
    memcpy(&m->marks[i], value->data, sizeof(m->marks[i]));
    return true;
}

static ost_rc mark_one(void *user, size_t i, ost_err *err)
{
    marking *m = user;
    const ost_tensor *t = &m->tensors[i];
    const ost_field *f = ost_item_field(m->items[m->index[i]], m->field);
    bool frames = ost_plane_is_stack(ost_plane_kind_of(f));
    ost_picture_mark *mark = &m->marks[m->index[i]];

    (void)err;
    if (m->wanted & OST_MARK_PIXELS)
        mark->pixels = ost_picture_digest(t);
    if (m->wanted & OST_MARK_DHASH)
        mark->dhash = ost_picture_dhash(t, frames);
    if (m->wanted & OST_MARK_PHASH)
        mark->phash = ost_picture_phash(t, frames);
    if (m->wanted & OST_MARK_WIDE)
        mark->wide = ost_picture_wide_hash(t, frames);
    return OST_OK;
}

static ost_rc mark_chunk(marking *m, ost_err *err)
{
    ost_buf name = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < m->n && !rc; i++) {
        const ost_item *item = m->items[m->index[i]];

        rc = ost_item_tensor(m->ctx, item, m->field, &m->tensors[i], err);
        if (rc)
            ost_err_at(err, "item '%s'", item->id);
    }
    if (!rc)
        rc = ost_parallel(m->ctx, m->n, mark_one, m, err);
    for (size_t i = 0; i < m->n && !rc; i++) {
        memo_name(m, m->index[i], &name);
        ost_memo_put(m->ctx, ost_buf_str(&name), &m->marks[m->index[i]],
                     sizeof(*m->marks));
    }
    m->fresh += m->n;
    m->n = 0;
    ost_buf_release(&name);
    ost_ctx_return(m->ctx);
    return rc;
}

ost_rc ost_picture_marks(ost_stage_ctx *ctx, const ost_item *const *items,
                         size_t n, const char *field, unsigned wanted,
                         ost_picture_mark *marks, size_t *fresh, ost_err *err)
{
    marking *m = ost_xalloc(sizeof(*m));
    ost_buf name = { 0 }, value = { 0 };
    ost_rc rc = OST_OK;

    *m = (marking){ .ctx = ctx,
                    .items = items,
                    .field = field,
                    .wanted = wanted,
                    .marks = marks };
    for (size_t i = 0; i < n && !rc; i++)
        rc = check_field(items[i], field, err);
    for (size_t i = 0; i < n && !rc; i++) {
        marks[i] = (ost_picture_mark){ 0 };
        if (!recall(m, i, &name, &value))
            m->index[m->n++] = i;
        if (m->n == CHUNK)
            rc = mark_chunk(m, err);
        if (!rc && ost_ctx_stop(ctx))
            rc = ost_fail(err, OST_EINTERRUPTED, "interrupted");
        ost_progress(ctx, i + 1, n, NULL);
    }
    if (!rc && m->n)
        rc = mark_chunk(m, err);
    *fresh = m->fresh;
    ost_buf_release(&name);
    ost_buf_release(&value);
    ost_free(m);
    return rc;
}
