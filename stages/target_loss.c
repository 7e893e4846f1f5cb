/* stages/target_loss.c - which loss suits, and what its classes weigh
 *
 * Outputs are logits: a softmax or a sigmoid turns them into scores, as the
 * network says.  One output for two classes speaks of the positive one.
 */
#include "base/text.h"
#include "stages/target_impl.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

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
