/* kernels/optimizer.c - from gradients to better weights */
#include "kernels/optimizer.h"

#include "base/alloc.h"

#include <math.h>

#include "base/banned.h"

static ost_rc need_state(ost_weights *w, ost_weight *weight, int count,
                         ost_err *err)
{
    ost_backend *b = w->backend;

    for (int i = 0; i < count; i++) {
        if (!weight->state[i])
            weight->state[i] = b->alloc(
                b, (size_t)weight->stored * sizeof(float), weight->name);
        if (!weight->state[i])
            return ost_backend_no_memory(
                b, err, "the optimizer's state of '%s'", weight->name);
    }
    return OST_OK;
}

static bool has_update(const ost_weight *w)
{
    return w->learned && w->grad_set;
}

/* What all gradients are multiplied by, so that their norm is at most
 * clip_norm. */
static ost_rc clip(const ost_optimizer *opt, const ost_weights *weights,
                   double *scale, ost_err *err)
{
    double sum = 0.0;
    double norm;

    *scale = 1.0;
    if (opt->clip_norm <= 0.0)
        return OST_OK;
    for (size_t i = 0; i < weights->len; i++) {
        const ost_weight *w = weights->data[i];
        double part;
        ost_rc rc;

        if (!has_update(w))
            continue;
        rc = weights->backend->sum_squares(w->grad, w->stored, &part, err);
        if (rc)
            return rc;
        sum += part;
    }
    norm = sqrt(sum);
    if (!isfinite(norm))
        return ost_fail(err, OST_EFAIL, "the gradients are not finite");
    *scale = fmin(1.0, opt->clip_norm / (norm + 1e-6));
    return OST_OK;
}

ost_rc ost_optimizer_step(const ost_optimizer *opt, ost_weights *weights,
                          ost_err *err)
{
    ost_backend *b = weights->backend;
    bool decoupled = opt->kind == OST_ADAMW;
    int states = opt->kind == OST_SGD ? opt->momentum != 0.0 : 2;
    ost_update *updates;
    int count = 0;
    double scale;
    ost_rc rc = clip(opt, weights, &scale, err);

    if (rc)
        return rc;
    updates = ost_xalloc((weights->len + 1) * sizeof(*updates));
    weights->step++;
    for (size_t i = 0; i < weights->len && !rc; i++) {
        ost_weight *w = weights->data[i];

        if (!has_update(w))
            continue;
        rc = need_state(weights, w, states, err);
        updates[count++] = (ost_update){
            .count = w->stored,
            .data = w->data,
            .grad = w->grad,
            .state = { w->state[0], w->state[1] },
            .with = *opt,
            .step = weights->step,
            .scale = scale,
            .decay = w->l2 + (decoupled ? 0.0 : opt->weight_decay),
            .shrink = decoupled ? 1.0 - opt->rate * opt->weight_decay : 1.0,
        };
    }
    ost_backend_enter(b, "update");
    if (!rc)
        rc = opt->kind == OST_SGD ? b->sgd(updates, count, err)
                                  : b->adam(updates, count, err);
    ost_backend_leave(b);
    ost_free(updates);
    return rc;
}
