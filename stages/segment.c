/* stages/segment.c - masks that a trained network draws
 *
 * A model that `train` made for target mask.NAME gives each item the field `to`
 * (mask.NAME unless it is set) of u8: `value` where the probability is at least
 * `threshold`, 0 elsewhere; and with `probability` that too, a field of f32.
 *
 * Pictures have the size that the model has learned on, or with `multiple` any:
 * they are then continued at the right and at the bottom, by their last pixels,
 * to multiples of that number, as the pooling of the network needs it, and what
 * is drawn there is cut off.
 *
 * A mask depends on the model and the picture alone, never on the items beside
 * it; it is remembered by both when no probabilities are asked for.
 */
#include "kernels/areas.h"
#include "kernels/backend.h"
#include "stages/inference.h"
#include "stages/model.h"
#include "stages/planes.h"
#include "stages/run_lengths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { FLUSH = 64 }; /* items between progress and stop */

typedef struct {
    double threshold;
    const char *to;
    const char *probability;
    int64_t value;
    int64_t multiple;
    const char *field;
} segment_params;

static const ost_param params[] = {
    OST_PARAM(segment_params, threshold, F64,
              "probability from which on a pixel is inside", .dflt = "0.5",
              .min = 0, .max = 1),
    OST_PARAM(segment_params, to, STR,
              "field that the mask becomes; unset: the one that was learned",
              .dflt = "null"),
    OST_PARAM(segment_params, probability, STR,
              "field that the probabilities become (f32); unset: none",
              .dflt = "null"),
    OST_PARAM(segment_params, value, I64, "what is inside in the mask",
              .dflt = "255", .min = 1, .max = 255),
    OST_PARAM(segment_params, multiple, I64,
              "sides may differ from those that were learned: pictures are "
              "continued to multiples of this; 0: they may not",
              .dflt = "0", .min = 0, .max = 65536),
    OST_PARAM(segment_params, field, STR,
              "field that is judged; unset: the one the model was trained on",
              .dflt = "null"),
    OST_END,
};

/* An item whose mask is not known, and the sides it has for the network. */
typedef struct {
    size_t item;
    int64_t height, width;
} job;

typedef struct {
    ost_stage_ctx *ctx;
    const segment_params *p;
    ost_backend *backend;
    ost_model model;
    char model_hex[2 * sizeof(ost_digest) + 1];
    const char *field;
    const char *to;
    const ost_item *items;
    size_t n;
    job *jobs; /* by sides */
    size_t n_jobs;
    size_t done; /* items that were put out */
} segmenting;

/* --- sides -----------------------------------------------------------------
 */

static int64_t raised(int64_t side, int64_t multiple)
{
    return multiple ? (side + multiple - 1) / multiple * multiple : side;
}

/* Can the model judge this field at all? */
static ost_rc check_item(const segmenting *s, const ost_item *item,
                         ost_err *err)
{
    const ost_field *f = ost_item_field(item, s->field);
    ost_plane_kind kind = f ? ost_plane_kind_of(f) : OST_PLANE_NONE;
    const ost_model *m = &s->model;
    int64_t h, w, deep;
    bool series = ost_plane_is_stack(kind);

    if (kind == OST_PLANE_NONE || kind == OST_PLANE_BOXES)
        return ost_fail(err, OST_EINPUT,
                        "item '%s' has no picture in field '%s'", item->id,
                        s->field);
    h = ost_plane_height(kind, f->shape);
    w = ost_plane_width(kind, f->shape);
    deep = series ? f->shape[0] : f->ndim == 3 ? f->shape[2] : 1;
    if (h < 1 || w < 1 || deep != (series ? m->frames : m->channels) ||
        series != (m->frames > 0))
        return ost_fail(
            err, OST_EINPUT, "item '%s' has %lld %s, the model learned %lld %s",
            item->id, (long long)deep, series ? "frames" : "channels",
            (long long)(m->frames ? m->frames : m->channels),
            m->frames ? "frames" : "channels");
    if (s->p->multiple || (h == m->height && w == m->width))
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "item '%s' is %lld x %lld, the model learned %lld x %lld "
                    "('resize' makes them alike, multiple: 16 lets the network "
                    "judge other sizes)",
                    item->id, (long long)h, (long long)w, (long long)m->height,
                    (long long)m->width);
}

static job job_of(const segmenting *s, size_t item)
{
    const ost_field *f = ost_item_field(&s->items[item], s->field);
    ost_plane_kind kind = ost_plane_kind_of(f);

    return (job){ item,
                  raised(ost_plane_height(kind, f->shape), s->p->multiple),
                  raised(ost_plane_width(kind, f->shape), s->p->multiple) };
}

static int compare_jobs(const void *a, const void *b)
{
    const job *x = a, *y = b;

    if (x->height != y->height)
        return x->height < y->height ? -1 : 1;
    if (x->width != y->width)
        return x->width < y->width ? -1 : 1;
    return x->item < y->item ? -1 : 1;
}

/* --- what is remembered ------------------------------------------------------
 */

static void memo_name(const segmenting *s, size_t item, ost_buf *name)
{
    const ost_field *f = ost_item_field(&s->items[item], s->field);
    char hex[OST_DIGEST_HEX];

    ost_buf_reset(name);
    ost_buf_addf(name, "%s %.17g %lld %s %d %llu", s->model_hex,
                 s->p->threshold, (long long)s->p->multiple,
                 ost_digest_hex(&f->blob, hex), (int)f->dtype,
                 (unsigned long long)f->offset);
    for (int k = 0; k < f->ndim; k++)
        ost_buf_addf(name, " %lld:%lld", (long long)f->shape[k],
                     (long long)f->stride[k]);
}

/* A new mask of the item's sides. */
static ost_rc new_mask(segmenting *s, size_t item, const char *name,
                       ost_dtype dtype, ost_item *out, ost_tensor *mask,
                       ost_err *err)
{
    const ost_field *f = ost_item_field(&s->items[item], s->field);
    int sides = s->model.frames ? 3 : 2;
    ost_field made = { .name = name, .dtype = dtype, .ndim = sides };
    ost_rc rc = ost_plane_check_name(
        s->model.frames ? OST_PLANE_FRAMES : OST_PLANE_IMAGE, &made, err);

    return rc ? rc
              : ost_new_field(s->ctx, out, name, dtype, sides, f->shape, mask,
                              err);
}

static ost_rc put_out(segmenting *s, ost_item *out, ost_err *err)
{
    ost_rc rc = ost_emit(s->ctx, "out", out, err);

    if (rc || ++s->done % FLUSH)
        return rc;
    rc = ost_flush(s->ctx, err);
    if (!rc && ost_ctx_stop(s->ctx))
        rc = ost_fail(err, OST_EINTERRUPTED, "interrupted");
    ost_progress(s->ctx, s->done, s->n, NULL);
    return rc;
}

/* Puts out what is remembered; the others become jobs. */
static ost_rc recall(segmenting *s, ost_err *err)
{
    ost_buf name = { 0 }, value = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < s->n && !rc; i++) {
        ost_item *out;
        ost_tensor mask;

        memo_name(s, i, &name);
        ost_buf_reset(&value);
        if (s->p->probability ||
            ost_memo_get(s->ctx, ost_buf_str(&name), &value, NULL)) {
            s->jobs[s->n_jobs++] = job_of(s, i);
            continue;
        }
        out = ost_derive(s->ctx, &s->items[i], -1);
        rc = new_mask(s, i, s->to, OST_U8, out, &mask, err);
        if (!rc &&
            !ost_run_lengths_decode(value.data, value.len, (uint8_t)s->p->value,
                                    mask.data, (size_t)ost_tensor_count(&mask)))
            rc = ost_fail(err, OST_ECORRUPT, "the memo of a mask is malformed");
        if (!rc)
            rc = put_out(s, out, err);
    }
    ost_buf_release(&name);
    ost_buf_release(&value);
    return rc;
}

/* --- a slice -----------------------------------------------------------------
 */

/* Pictures of one size on their way through a network that is built for it. */
typedef struct {
    segmenting *s;
    ost_inference inf;
    ost_picture_set set;
    ost_tensor tensors[OST_SLICE];
    void *padded[OST_SLICE];
} slice;

/* The picture as it is, or continued to the sides of the network. */
static ost_rc open_picture(slice *c, size_t i, const job *j, ost_err *err)
{
    segmenting *s = c->s;
    ost_tensor from, to;
    ost_plane_kind kind;
    ost_pad_spec pad = { .mode = OST_PAD_EDGE };
    int64_t shape[3];
    int row;
    ost_rc rc =
        ost_open_plane(s->ctx, &s->items[j->item], s->field, &kind, &from, err);

    if (rc)
        return rc;
    c->tensors[i] = from;
    row = ost_plane_is_stack(kind) ? 1 : 0;
    if (from.shape[row] == j->height && from.shape[row + 1] == j->width)
        return OST_OK;
    memcpy(shape, from.shape, sizeof(shape));
    shape[row] = j->height;
    shape[row + 1] = j->width;
    to = ost_tensor_of(NULL, from.dtype, from.ndim, shape);
    to.data = c->padded[i] = ost_try_alloc((size_t)ost_tensor_count(&to),
                                           ost_dtype_size(from.dtype));
    if (!to.data)
        return ost_fail(err, OST_ENOMEM, "no memory for a picture");
    c->tensors[i] = to;
    if (!ost_plane_is_stack(kind))
        return ost_cpu_pad(&from, &pad, &to, err);
    for (int64_t t = 0; t < shape[0] && !rc; t++) {
        ost_tensor a = ost_plane_frame(&from, t), b = ost_plane_frame(&to, t);

        rc = ost_cpu_pad(&a, &pad, &b, err);
    }
    return rc;
}

static double probability_of(const segmenting *s, float x)
{
    double v = (double)x;

    if (ost_network_scores(s->model.network) == OST_SCORES_NONE)
        return v;
    return v >= 0.0 ? 1.0 / (1.0 + exp(-v)) : exp(v) / (1.0 + exp(v));
}

/* What the network gave for picture `i`, without what was added. */
static ost_rc draw(slice *c, size_t i, const job *j, const ost_tensor *y,
                   ost_err *err)
{
    segmenting *s = c->s;
    ost_item *out = ost_derive(s->ctx, &s->items[j->item], -1);
    int64_t planes = s->model.frames ? s->model.frames : 1, at = 0;
    const float *x =
        (const float *)y->data + (int64_t)i * planes * j->height * j->width;
    ost_tensor mask, map = { 0 };
    ost_buf name = { 0 }, value = { 0 };
    uint8_t *inside;
    ost_rc rc;

    rc = new_mask(s, j->item, s->to, OST_U8, out, &mask, err);
    if (!rc && s->p->probability)
        rc = new_mask(s, j->item, s->p->probability, OST_F32, out, &map, err);
    if (rc)
        return rc;
    inside = mask.data;
    for (int64_t t = 0; t < planes; t++)
        for (int64_t row = 0; row < mask.shape[mask.ndim - 2]; row++)
            for (int64_t k = 0; k < mask.shape[mask.ndim - 1]; k++, at++) {
                double p =
                    probability_of(s, x[(t * j->height + row) * j->width + k]);

                if (p >= s->p->threshold)
                    inside[at] = (uint8_t)s->p->value;
                if (map.data)
                    ((float *)map.data)[at] = (float)p;
            }
    if (!s->p->probability) {
        memo_name(s, j->item, &name);
        ost_run_lengths_encode(inside, (size_t)at, &value);
        ost_memo_put(s->ctx, ost_buf_str(&name), value.data, value.len);
    }
    ost_buf_release(&name);
    ost_buf_release(&value);
    return put_out(s, out, err);
}

static ost_rc run_slice(slice *c, const job *jobs, size_t n, ost_err *err)
{
    static const uint32_t index[OST_SLICE] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    ost_tensor y;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n && !rc; i++)
        rc = open_picture(c, i, &jobs[i], err);
    if (!rc)
        rc = ost_inference_slice(&c->inf, c->s->ctx, &c->set, &c->s->model.norm,
                                 index, n, &y, err);
    for (size_t i = 0; i < n && !rc; i++)
        rc = draw(c, i, &jobs[i], &y, err);
    for (size_t i = 0; i < n; i++) {
        ost_free(c->padded[i]);
        c->padded[i] = NULL;
    }
    ost_ctx_return(c->s->ctx);
    return rc;
}

/* The network gives a number for each pixel. */
static ost_rc check_output(const slice *c, ost_err *err)
{
    ost_tensor y = ost_net_output(c->inf.net);
    int last = y.ndim - 1;
    char shape[96];

    if (y.ndim == (c->set.frames ? 5 : 4) && y.shape[1] == 1 &&
        (!c->set.frames || y.shape[2] == c->set.frames) &&
        y.shape[last - 1] == c->set.height && y.shape[last] == c->set.width)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "the model's network gives %s for pictures of %lld x %lld",
                    ost_shape_text(shape, y.ndim - 1, y.shape + 1),
                    (long long)c->set.height, (long long)c->set.width);
}

/* Jobs of the same sides. */
static ost_rc run_jobs(segmenting *s, const job *jobs, size_t n, ost_err *err)
{
    slice *c = ost_xalloc(sizeof(*c));
    ost_rc rc;

    c->s = s;
    c->set = (ost_picture_set){ .n = OST_SLICE,
                                .tensors = c->tensors,
                                .channels = s->model.channels,
                                .frames = s->model.frames,
                                .height = jobs[0].height,
                                .width = jobs[0].width };
    rc = ost_inference_init(&c->inf, s->model.network, s->model.weights,
                            &c->set, err);
    if (rc)
        ost_err_at(err, "pictures of %lld x %lld", (long long)jobs[0].height,
                   (long long)jobs[0].width);
    if (!rc)
        rc = check_output(c, err);
    for (size_t at = 0; at < n && !rc; at += OST_SLICE)
        rc = run_slice(c, jobs + at, n - at < OST_SLICE ? n - at : OST_SLICE,
                       err);
    ost_inference_release(&c->inf);
    ost_free(c);
    return rc;
}

/* --- all
 * ---------------------------------------------------------------------- */

static ost_rc open_items(segmenting *s, ost_err *err)
{
    const ost_model *m = &s->model;
    ost_rc rc;

    if (m->kind != OST_TARGET_MASK)
        return ost_fail(err, OST_EINPUT,
                        "the model says '%s' of an item and marks no pixels: "
                        "'predict' is for that",
                        m->target);
    if (ost_network_scores(m->network) == OST_SCORES_SOFTMAX)
        return ost_fail(err, OST_EINPUT,
                        "the model's network has \"scores\": \"softmax\", and "
                        "one map has \"sigmoid\"");
    s->field = s->p->field ? s->p->field : m->field;
    s->to = s->p->to ? s->p->to : m->target;
    rc = ost_ctx_items(s->ctx, ost_ctx_input(s->ctx, "data", 0), &s->items,
                       &s->n, err);
    for (size_t i = 0; i < s->n && !rc; i++)
        rc = check_item(s, &s->items[i], err);
    s->jobs = OST_ARENA_ARRAY(ost_ctx_arena(s->ctx), job, s->n + 1);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const ost_input *in = ost_ctx_input(ctx, "model", 0);
    segmenting s = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    ost_rc rc;

    ost_digest_hex(&in->digest, s.model_hex);
    rc = ost_ctx_backend(ctx, &s.backend, err);
    if (!rc)
        rc = ost_model_open(ctx, in, s.backend, &s.model, err);
    if (!rc)
        rc = open_items(&s, err);
    if (!rc)
        rc = recall(&s, err);
    if (s.n_jobs)
        qsort(s.jobs, s.n_jobs, sizeof(*s.jobs), compare_jobs);
    for (size_t at = 0, end; at < s.n_jobs && !rc; at = end) {
        for (end = at + 1; end < s.n_jobs; end++)
            if (s.jobs[end].height != s.jobs[at].height ||
                s.jobs[end].width != s.jobs[at].width)
                break;
        rc = run_jobs(&s, s.jobs + at, end - at, err);
    }
    ost_count_items(ctx, s.n_jobs, s.n - s.n_jobs);
    ost_model_release(&s.model);
    return rc;
}

const ost_stage ost_stage_segment = {
    .name = "segment",
    .version = 2, /* bump when any output byte can change */
    .summary = "Lets a trained network draw masks.",
    .flags = OST_STAGE_FLOAT | OST_STAGE_GPU | OST_STAGE_KEEPS,
    .param_size = sizeof(segment_params),
    .params = params,
    .inputs =
        OST_PORTS({ "model", OST_MODEL, "a model of masks", false, false },
                  { "data", OST_DATASET, "pictures", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the pictures with masks", false, false }),
    .run = run,
};
