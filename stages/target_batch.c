/* stages/target_batch.c - batches against what they are taught
 *
 * What a batch is taught is loaded while the device still computes the one
 * before, and looked at once more when the device has finished: two batches of
 * it are in memory, by turns.
 */
#include "base/alloc.h"
#include "kernels/loss.h"
#include "stages/target_impl.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* Of the Dice loss, in pixels: added above and below. */
static const double dice_smoothing = 1.0;

/* --- losses ------------------------------------------------------------ */

double ost_target_total(const ost_target *t, const uint32_t *index, size_t n)
{
    const float *weights = t->like->weights;
    double total = 0.0;

    if (!weights || t->like->loss != OST_TARGET_SOFTMAX_CROSS_ENTROPY)
        return (double)n;
    for (size_t i = 0; i < n; i++)
        total += (double)weights[t->class_of[index[i]]];
    return total;
}

typedef struct batch_masks {
    const ost_target *t;
    const uint32_t *index;
    const ost_change *changes;
    float *out;
} batch_masks;

/* The mask as its picture was changed; caller frees `moved->data`. */
static ost_rc move_mask(const ost_change *change, const ost_tensor *mask,
                        ost_tensor *moved, ost_err *err)
{
    unsigned flags =
        OST_CHANGE_MASK | (mask->ndim == 3 ? OST_CHANGE_FRAMES : 0u);
    void *data = ost_try_alloc((size_t)ost_tensor_count(mask),
                               ost_dtype_size(mask->dtype));

    if (!data)
        return ost_fail(err, OST_ENOMEM, "no memory for a mask");
    *moved = ost_tensor_of(data, mask->dtype, mask->ndim, mask->shape);
    return ost_change_picture(change, flags, mask, moved, err);
}

static ost_rc read_mask(void *user, size_t i, ost_err *err)
{
    const batch_masks *b = user;
    const ost_tensor *m = &b->t->masks[b->index[i]];
    int64_t width = m->shape[m->ndim - 1];
    int64_t rows = ost_tensor_count(m) / width;
    float *out = b->out + i * b->t->like->outputs;
    ost_tensor moved = { 0 };
    ost_rc rc = OST_OK;

    if (b->changes) {
        rc = move_mask(&b->changes[i], m, &moved, err);
        m = &moved;
    }
    for (int64_t r = 0; r < rows && !rc; r++, out += width)
        ost_target_mask_row(m, r, out);
    ost_free(moved.data);
    return rc;
}

/* Numbers of a batch, more of them if need be. */
static float *room_for(ost_target *t, ost_target_numbers *numbers, size_t need)
{
    if (need > numbers->cap) {
        numbers->v = OST_ARENA_ARRAY(ost_ctx_arena(t->ctx), float, need);
        numbers->cap = need;
    }
    return numbers->v;
}

ost_rc ost_target_load(ost_target *t, const ost_target_batch *batch,
                       ost_err *err)
{
    const ost_target_batch *b = batch;
    size_t outputs = t->like->outputs;
    batch_masks masks = { .t = t, .index = b->index, .changes = b->changes };

    if (t->like->loss == OST_TARGET_SOFTMAX_CROSS_ENTROPY)
        return OST_OK;
    t->turn = !t->turn;
    masks.out = room_for(t, &t->wanted[t->turn], b->n * outputs);
    if (t->kind == OST_TARGET_MASK)
        return ost_parallel(t->ctx, b->n, read_mask, &masks, err);
    for (size_t i = 0; i < b->n; i++) {
        float *out = masks.out + i * outputs;

        if (t->values) {
            memcpy(out, t->values + b->index[i] * outputs,
                   outputs * sizeof(float));
            continue;
        }
        for (size_t c = 0; c < outputs; c++) {
            size_t means = outputs == 1 ? t->positive : c;

            out[c] = (size_t)t->class_of[b->index[i]] == means;
        }
    }
    return OST_OK;
}

static ost_rc lend_weights(const ost_target *t, ost_backend *backend,
                           const float **weights, ost_err *err)
{
    const void *lent = NULL;
    size_t count = t->like->n_classes ? t->like->n_classes : 1;
    ost_rc rc = backend->lend(backend, t->like->weights, count * sizeof(float),
                              &lent, err);

    *weights = lent;
    return rc;
}

static ost_rc compare(const ost_target *t, ost_backend *backend,
                      const ost_target_batch *b, const ost_tensor *output,
                      float *grad, double *loss, ost_err *err)
{
    ost_value_loss v = { .output = *output,
                         .gamma = t->like->spec.focal_gamma,
                         .smoothing = dice_smoothing,
                         .total = b->total,
                         .grad = grad,
                         .loss = loss };
    const void *lent;
    ost_rc rc =
        backend->lend(backend, t->wanted[t->turn].v,
                      b->n * t->like->outputs * sizeof(float), &lent, err);

    if (!rc)
        rc = lend_weights(t, backend, &v.weights, err);
    if (rc)
        return rc;
    v.target = lent;
    switch (t->like->loss) {
    case OST_TARGET_SIGMOID_CROSS_ENTROPY:
        return backend->sigmoid_cross_entropy(&v, err);
    case OST_TARGET_FOCAL:
        return backend->focal(&v, err);
    case OST_TARGET_DICE:
        return backend->dice(&v, err);
    case OST_TARGET_L1:
        return backend->l1(&v, err);
    case OST_TARGET_L2:
        return backend->l2(&v, err);
    case OST_TARGET_AUTO:
    case OST_TARGET_SOFTMAX_CROSS_ENTROPY:
        break;
    }
    OST_BUG();
}

static ost_rc compare_classes(const ost_target *t, ost_backend *backend,
                              const ost_target_batch *b,
                              const ost_tensor *output, float *grad,
                              double *loss, ost_err *err)
{
    int32_t *classes = ost_xalloc(b->n * sizeof(*classes));
    ost_class_loss l = {
        .logits = *output, .total = b->total, .grad = grad, .loss = loss
    };
    const void *lent;
    ost_rc rc;

    for (size_t i = 0; i < b->n; i++)
        classes[i] = t->class_of[b->index[i]];
    rc = backend->lend(backend, classes, b->n * sizeof(*classes), &lent, err);
    if (!rc)
        rc = lend_weights(t, backend, &l.class_weights, err);
    if (!rc) {
        l.classes = lent;
        rc = backend->softmax_cross_entropy(&l, err);
    }
    ost_free(classes);
    return rc;
}

/* --- metrics ----------------------------------------------------------- */

static void judge_classes(const ost_target *t, const ost_target_batch *b,
                          const float *x, ost_target_score *score)
{
    size_t k = t->like->outputs;
    size_t right = 0;

    for (size_t i = 0; i < b->n; i++, x += k) {
        size_t best = 0;

        for (size_t c = 1; c < k; c++)
            if (x[c] > x[best])
                best = c;
        if (k == 1)
            best = x[0] > 0.0f ? t->positive : 1 - t->positive;
        right += best == (size_t)t->class_of[b->index[i]];
    }
    score->metric += (double)right;
    score->judged += (double)b->n;
}

static void judge(const ost_target *t, const ost_target_batch *b,
                  const float *x, ost_target_score *score)
{
    size_t n = b->n * t->like->outputs;
    const float *wanted = t->told.wanted;
    uint64_t right = 0, both = 0, either = 0;
    double off = 0.0;

    if (t->kind == OST_TARGET_LABEL) {
        judge_classes(t, b, x, score);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        bool says = x[i] > 0.0f;
        bool is = wanted[i] > 0.5f;

        right += says == is;
        both += says && is;
        either += (uint64_t)says + (uint64_t)is;
        off += fabs((double)x[i] - (double)wanted[i]);
    }
    if (t->kind == OST_TARGET_MASK)
        score->metric += 2.0 * (double)both;
    else
        score->metric += t->kind == OST_TARGET_NUMBER ? off : (double)right;
    score->judged += t->kind == OST_TARGET_MASK ? (double)either : (double)n;
}

/* The outputs as the host reads them, once the device has finished. */
static ost_rc bring(ost_target *t, ost_backend *backend,
                    const ost_tensor *output, ost_err *err)
{
    size_t count = (size_t)ost_tensor_count(output);

    t->told.output = output->data;
    if (backend->host_memory)
        return OST_OK;
    t->told.output = room_for(t, &t->seen, count);
    return backend->bring(backend, t->seen.v, output->data,
                          count * sizeof(float), err);
}

ost_rc ost_target_loss(ost_target *t, ost_backend *backend,
                       const ost_target_batch *batch, const ost_tensor *output,
                       float *grad, ost_err *err)
{
    ost_rc rc = bring(t, backend, output, err);

    t->told.batch = *batch;
    t->told.wanted = t->wanted[t->turn].v;
    if (rc)
        return rc;
    if (t->like->loss == OST_TARGET_SOFTMAX_CROSS_ENTROPY)
        return compare_classes(t, backend, batch, output, grad, &t->told.loss,
                               err);
    return compare(t, backend, batch, output, grad, &t->told.loss, err);
}

void ost_target_judge(ost_target *t, ost_target_score *score)
{
    const ost_target_batch *b = &t->told.batch;

    score->loss += t->told.loss * b->total;
    score->total += ost_target_total(t, b->index, b->n);
    judge(t, b, t->told.output, score);
}

double ost_target_score_loss(const ost_target_score *s)
{
    return s->loss / s->total;
}

double ost_target_score_metric(const ost_target_score *s)
{
    return s->judged > 0.0 ? s->metric / s->judged : (double)NAN;
}
