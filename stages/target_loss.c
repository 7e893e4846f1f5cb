/* stages/target_loss.c - a network's outputs against what it is taught */
#include "base/alloc.h"
#include "kernels/loss.h"
#include "stages/target_impl.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

ost_rc ost_target_check_output(ost_target *t, const ost_network *network,
                               const ost_tensor *output, ost_err *err)
{
    const char *name = ost_network_name(network);

    if (output->ndim != 2)
        return ost_fail(err, OST_EINPUT,
                        "network '%s' gives pictures, not scores of classes",
                        name);
    if ((size_t)output->shape[1] != t->n_classes)
        return ost_fail(err, OST_EINPUT,
                        "network '%s' has %lld outputs, the data %zu classes "
                        "(its last layer should have \"out\": "
                        "\"${classes}\")",
                        name, (long long)output->shape[1], t->n_classes);
    t->loss = OST_TARGET_SOFTMAX_CROSS_ENTROPY;
    return OST_OK;
}

double ost_target_total(const ost_target *t, const uint32_t *index, size_t n)
{
    double total = 0.0;

    if (!t->class_weights)
        return (double)n;
    for (size_t i = 0; i < n; i++)
        total += (double)t->class_weights[t->class_of[index[i]]];
    return total;
}

static size_t count_right(const float *logits, const int32_t *classes, size_t n,
                          size_t k)
{
    size_t right = 0;

    for (size_t i = 0; i < n; i++) {
        size_t best = 0;

        for (size_t c = 1; c < k; c++)
            if (logits[i * k + c] > logits[i * k + best])
                best = c;
        right += best == (size_t)classes[i];
    }
    return right;
}

ost_rc ost_target_loss(ost_target *t, ost_backend *backend,
                       const ost_target_batch *batch, const ost_tensor *output,
                       float *grad, ost_target_score *score, ost_err *err)
{
    int32_t *classes = ost_xalloc(batch->n * sizeof(*classes));
    double loss = 0.0;
    ost_class_loss l = { .logits = *output,
                         .classes = classes,
                         .class_weights = t->class_weights,
                         .total = batch->total,
                         .grad = grad,
                         .loss = &loss };
    ost_rc rc;

    for (size_t i = 0; i < batch->n; i++)
        classes[i] = t->class_of[batch->index[i]];
    rc = backend->softmax_cross_entropy(&l, err);
    score->loss += loss * batch->total;
    score->total += ost_target_total(t, batch->index, batch->n);
    score->metric +=
        (double)count_right(output->data, classes, batch->n, t->n_classes);
    score->judged += (double)batch->n;
    ost_free(classes);
    return rc;
}

double ost_target_score_loss(const ost_target_score *s)
{
    return s->loss / s->total;
}

double ost_target_score_metric(const ost_target_score *s)
{
    return s->judged > 0.0 ? s->metric / s->judged : (double)NAN;
}

const char *ost_target_metric(const ost_target *t)
{
    (void)t;
    return "accuracy";
}
