/* stages/inference_memo.c - what a network made of pictures, remembered
 */
#include "base/alloc.h"
#include "base/text.h"
#include "stages/inference.h"

#include <string.h>

#include "base/banned.h"

enum { GROUP = 64 * OST_SLICE }; /* items between progress and stop */

/* Names what the numbers hang on: the model and the picture's bytes. */
static void memo_name(const ost_inference_memo *m, size_t i, ost_buf *name)
{
    const ost_field *f = ost_item_field(&m->set->items[i], m->field);
    char hex[2 * sizeof(ost_digest) + 1];

    ost_hex(hex, f->blob.b, sizeof(f->blob.b));
    ost_buf_reset(name);
    ost_buf_addf(name, "%s %s %d %llu", m->name, hex, (int)f->dtype,
                 (unsigned long long)f->offset);
    for (int k = 0; k < f->ndim; k++)
        ost_buf_addf(name, " %lld:%lld", (long long)f->shape[k],
                     (long long)f->stride[k]);
}

/* Fills what is known, and lists the items of which nothing is. */
static ost_rc recall(const ost_inference_memo *m, float *out, uint32_t *fresh,
                     size_t *n, ost_err *err)
{
    size_t bytes = m->kept * sizeof(float);
    ost_buf name = { 0 };
    ost_buf value = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < m->set->n; i++) {
        memo_name(m, i, &name);
        ost_buf_reset(&value);
        rc = ost_memo_get(m->ctx, ost_buf_str(&name), &value, err);
        if (rc && rc != OST_ENOTFOUND)
            break;
        if (!rc && value.len == bytes)
            memcpy(out + i * m->kept, value.data, bytes);
        else
            fresh[(*n)++] = (uint32_t)i;
        rc = OST_OK;
    }
    ost_buf_release(&value);
    ost_buf_release(&name);
    return rc;
}

static ost_rc compute_group(const ost_inference_memo *m, const uint32_t *fresh,
                            size_t n, float *raw, float *out, ost_err *err)
{
    size_t k = m->inf->outputs;
    ost_buf name = { 0 };
    ost_rc rc =
        ost_inference_run(m->inf, m->ctx, m->set, m->norm, fresh, n, raw, err);

    for (size_t i = 0; i < n && !rc; i++) {
        float *to = out + fresh[i] * m->kept;

        if (m->keep)
            m->keep(m->inf, raw + i * k, to);
        else
            memcpy(to, raw + i * k, k * sizeof(float));
        memo_name(m, fresh[i], &name);
        ost_memo_put(m->ctx, ost_buf_str(&name), to, m->kept * sizeof(float));
    }
    ost_buf_release(&name);
    return rc;
}

ost_rc ost_inference_remember(const ost_inference_memo *m, float *out,
                              size_t *computed, ost_err *err)
{
    uint32_t *fresh = ost_xalloc((m->set->n + 1) * sizeof(*fresh));
    size_t group = m->inf->outputs > 4096 ? OST_SLICE : GROUP;
    float *raw = ost_xalloc(group * m->inf->outputs * sizeof(*raw));
    size_t n = 0;
    ost_rc rc = recall(m, out, fresh, &n, err);

    for (size_t at = 0; at < n && !rc; at += group) {
        size_t some = n - at < group ? n - at : group;

        if (ost_ctx_stop(m->ctx))
            rc = ost_fail(err, OST_EINTERRUPTED, "interrupted");
        else
            rc = compute_group(m, fresh + at, some, raw, out, err);
        ost_progress(m->ctx, at + some, n, NULL);
    }
    *computed = n;
    ost_free(raw);
    ost_free(fresh);
    return rc;
}
