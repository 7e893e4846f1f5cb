/* stages/target_loss.c - a network's outputs against what it is taught
 *
 * Outputs are logits: a softmax or a sigmoid turns them into scores, as the
 * network says.  One output for two classes speaks of the positive one.
 */
#include "base/alloc.h"
#include "base/text.h"
#include "kernels/loss.h"
#include "stages/target_impl.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* Of the Dice loss, in pixels: added above and below. */
static const double dice_smoothing = 1.0;

/* --- what suits what --------------------------------------------------- */

static const char *const score_words[] = {
    [OST_SCORES_SOFTMAX] = "softmax",
    [OST_SCORES_SIGMOID] = "sigmoid",
    [OST_SCORES_NONE] = "none",
};

/* What networks must make of their outputs for a loss. */
static ost_scores_kind scores_for(ost_target_loss_kind loss)
{
    switch (loss) {
    case OST_TARGET_SIGMOID_CROSS_ENTROPY:
    case OST_TARGET_FOCAL:
    case OST_TARGET_DICE:
        return OST_SCORES_SIGMOID;
    case OST_TARGET_L1:
    case OST_TARGET_L2:
        return OST_SCORES_NONE;
    case OST_TARGET_AUTO:
    case OST_TARGET_SOFTMAX_CROSS_ENTROPY:
        break;
    }
    return OST_SCORES_SOFTMAX;
}

static ost_target_loss_kind choose_loss(ost_target_kind kind,
                                        ost_scores_kind scores)
{
    switch (kind) {
    case OST_TARGET_LABELS:
        return OST_TARGET_SIGMOID_CROSS_ENTROPY;
    case OST_TARGET_NUMBER:
        return OST_TARGET_L2;
    case OST_TARGET_MASK:
        return OST_TARGET_DICE;
    case OST_TARGET_LABEL:
        break;
    }
    return scores == OST_SCORES_SIGMOID ? OST_TARGET_SIGMOID_CROSS_ENTROPY
                                        : OST_TARGET_SOFTMAX_CROSS_ENTROPY;
}

static ost_rc check_row(const ost_target *t, const char *name,
                        ost_scores_kind scores, const ost_tensor *out,
                        ost_err *err)
{
    size_t want = ost_target_outputs(t);
    bool single = t->kind == OST_TARGET_LABEL && t->n_classes == 2 &&
                  scores == OST_SCORES_SIGMOID;
    char text[96];

    if (out->ndim != 2)
        return ost_fail(err, OST_EINPUT,
                        "network '%s' gives pictures (%s), target '%s' is for "
                        "one that ends in a row of outputs",
                        name, ost_shape_text(text, out->ndim, out->shape),
                        t->spec.name);
    if ((size_t)out->shape[1] == want || (single && out->shape[1] == 1))
        return OST_OK;
    if (t->kind == OST_TARGET_NUMBER)
        return ost_fail(err, OST_EINPUT,
                        "network '%s' has %lld outputs, target '%s' is one "
                        "number (its last layer should have \"out\": "
                        "\"${classes}\")",
                        name, (long long)out->shape[1], t->spec.name);
    return ost_fail(err, OST_EINPUT,
                    "network '%s' has %lld outputs, the data %zu classes (its "
                    "last layer should have \"out\": \"${classes}\")",
                    name, (long long)out->shape[1], t->n_classes);
}

static ost_rc check_picture(const ost_target *t, const char *name,
                            const ost_tensor *out, ost_err *err)
{
    const ost_tensor *m = &t->masks[0];
    bool alike = out->ndim == m->ndim + 2 && out->shape[1] == 1;
    char have[96], want[96];

    for (int i = 0; alike && i < m->ndim; i++)
        alike = out->shape[i + 2] == m->shape[i];
    if (alike)
        return OST_OK;
    ost_shape_text(have, out->ndim - 1, out->shape + 1);
    ost_shape_text(want, m->ndim, m->shape);
    return ost_fail(err, OST_EINPUT,
                    "network '%s' gives %s for an item, field '%s' needs 1x%s",
                    name, have, t->spec.name, want);
}

/* --- weights of classes ------------------------------------------------ */

/* How many of `of` things are the one that weight `c` is about. */
static double count_of(const ost_target *t, size_t c, double *of)
{
    double count = 0.0;

    *of = (double)t->n;
    if (t->kind == OST_TARGET_MASK) {
        *of *= (double)ost_tensor_count(&t->masks[0]);
        for (size_t i = 0; i < t->n; i++)
            count += (double)t->marked[i];
        return count;
    }
    for (size_t i = 0; i < t->n; i++)
        count += t->class_of ? (size_t)t->class_of[i] == c
                             : t->values[i * t->n_classes + c] > 0.5f;
    return count;
}

/* A softmax weighs classes: items / (classes * items of the class); a sigmoid
 * the positive term: the others / those. */
static double balance(const ost_target *t, size_t c)
{
    double of;
    double count = count_of(t, c, &of);

    if (t->loss == OST_TARGET_SOFTMAX_CROSS_ENTROPY)
        return of / ((double)t->n_classes * count);
    return count > 0.0 && count < of ? (of - count) / count : 1.0;
}

static ost_rc find_weights(ost_target *t, ost_err *err)
{
    const json_t *given = t->spec.class_weights;
    bool balanced = json_is_string(given);
    bool single = t->outputs == 1 && t->kind == OST_TARGET_LABEL;
    double *w =
        OST_ARENA_ARRAY(ost_ctx_arena(t->ctx), double, t->n_classes + 1);
    float *weights =
        OST_ARENA_ARRAY(ost_ctx_arena(t->ctx), float, t->n_classes + 1);
    const char *name;
    json_t *value;

    if (!given || (balanced && strcmp(json_string_value(given), "none") == 0))
        return OST_OK;
    if (t->loss > OST_TARGET_FOCAL)
        return ost_fail(err, OST_EINPUT,
                        "param 'class_weights': loss '%s' knows no weights",
                        ost_target_loss_word(t->loss));
    for (size_t c = 0; c < t->n_classes; c++)
        w[c] = balanced ? balance(t, c) : 1.0;
    json_object_foreach((json_t *)(uintptr_t)given, name, value)
    {
        size_t c = 0;

        while (c < t->n_classes && strcmp(t->classes[c], name) != 0)
            c++;
        if (c == t->n_classes)
            return ost_fail(err, OST_EINPUT,
                            "param 'class_weights': no class '%s'", name);
        w[c] = json_number_value(value);
    }
    if (single) /* the balanced weight of the positive term says it all */
        weights[0] = (float)(balanced ? w[t->positive]
                                      : w[t->positive] / w[1 - t->positive]);
    for (size_t c = 0; c < t->n_classes && !single; c++)
        weights[c] = (float)w[c];
    t->weights = weights;
    return OST_OK;
}

ost_rc ost_target_check_output(ost_target *t, const ost_network *network,
                               const ost_tensor *output, ost_err *err)
{
    const char *name = ost_network_name(network);
    ost_scores_kind scores = ost_network_scores(network);
    ost_rc rc;

    t->loss = (ost_target_loss_kind)t->spec.loss;
    if (t->loss == OST_TARGET_AUTO)
        t->loss = choose_loss(t->kind, scores);
    if (scores != scores_for(t->loss))
        return ost_fail(err, OST_EINPUT,
                        "target '%s' with loss '%s' needs a network with "
                        "\"scores\": \"%s\", network '%s' has \"%s\"",
                        t->spec.name, ost_target_loss_word(t->loss),
                        score_words[scores_for(t->loss)], name,
                        score_words[scores]);
    rc = t->kind == OST_TARGET_MASK ? check_picture(t, name, output, err)
                                    : check_row(t, name, scores, output, err);
    if (rc)
        return rc;
    t->outputs = (size_t)(ost_tensor_count(output) / output->shape[0]);
    return find_weights(t, err);
}

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

/* What the outputs of the batch should be, number by number. */
static ost_rc fill_wanted(ost_target *t, const ost_target_batch *b,
                          ost_err *err)
{
    size_t outputs = t->like->outputs;
    size_t need = b->n * outputs;
    batch_masks masks = { .t = t, .index = b->index, .changes = b->changes };

    if (need > t->wanted_cap) {
        t->wanted = OST_ARENA_ARRAY(ost_ctx_arena(t->ctx), float, need);
        t->wanted_cap = need;
    }
    masks.out = t->wanted;
    if (t->kind == OST_TARGET_MASK)
        return ost_parallel(t->ctx, b->n, read_mask, &masks, err);
    for (size_t i = 0; i < b->n; i++) {
        float *out = t->wanted + i * outputs;

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

static ost_rc compare(const ost_target *t, ost_backend *backend,
                      const ost_target_batch *b, const ost_tensor *output,
                      float *grad, double *loss, ost_err *err)
{
    ost_value_loss v = { .output = *output,
                         .target = t->wanted,
                         .weights = t->like->weights,
                         .gamma = t->like->spec.focal_gamma,
                         .smoothing = dice_smoothing,
                         .total = b->total,
                         .grad = grad,
                         .loss = loss };

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
    ost_class_loss l = { .logits = *output,
                         .classes = classes,
                         .class_weights = t->like->weights,
                         .total = b->total,
                         .grad = grad,
                         .loss = loss };
    ost_rc rc;

    for (size_t i = 0; i < b->n; i++)
        classes[i] = t->class_of[b->index[i]];
    rc = backend->softmax_cross_entropy(&l, err);
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
    uint64_t right = 0, both = 0, either = 0;
    double off = 0.0;

    if (t->kind == OST_TARGET_LABEL) {
        judge_classes(t, b, x, score);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        bool says = x[i] > 0.0f;
        bool is = t->wanted[i] > 0.5f;

        right += says == is;
        both += says && is;
        either += (uint64_t)says + (uint64_t)is;
        off += fabs((double)x[i] - (double)t->wanted[i]);
    }
    if (t->kind == OST_TARGET_MASK)
        score->metric += 2.0 * (double)both;
    else
        score->metric += t->kind == OST_TARGET_NUMBER ? off : (double)right;
    score->judged += t->kind == OST_TARGET_MASK ? (double)either : (double)n;
}

ost_rc ost_target_loss(ost_target *t, ost_backend *backend,
                       const ost_target_batch *batch, const ost_tensor *output,
                       float *grad, ost_target_score *score, ost_err *err)
{
    double loss = 0.0;
    ost_rc rc;

    if (t->like->loss == OST_TARGET_SOFTMAX_CROSS_ENTROPY) {
        rc = compare_classes(t, backend, batch, output, grad, &loss, err);
    } else {
        rc = fill_wanted(t, batch, err);
        if (!rc)
            rc = compare(t, backend, batch, output, grad, &loss, err);
    }
    if (rc)
        return rc;
    score->loss += loss * batch->total;
    score->total += ost_target_total(t, batch->index, batch->n);
    judge(t, batch, output->data, score);
    return OST_OK;
}

double ost_target_score_loss(const ost_target_score *s)
{
    return s->loss / s->total;
}

double ost_target_score_metric(const ost_target_score *s)
{
    return s->judged > 0.0 ? s->metric / s->judged : (double)NAN;
}
