/* kernels/optimizer.c - from gradients to better weights */
#include "kernels/optimizer.h"

#include <math.h>

#include "base/banned.h"

static ost_rc need_state(ost_weights *w, ost_weight *weight, int count,
                         ost_err *err)
{
    for (int i = 0; i < count; i++) {
        if (!weight->state[i])
            weight->state[i] = w->backend->alloc(
                w->backend, (size_t)weight->stored * sizeof(float));
        if (!weight->state[i])
            return ost_fail(err, OST_ENOMEM,
                            "no memory for the optimizer's state of '%s'",
                            weight->name);
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
    double scale;
    ost_rc rc = clip(opt, weights, &scale, err);

    if (rc)
        return rc;
    weights->step++;
    for (size_t i = 0; i < weights->len; i++) {
        ost_weight *w = weights->data[i];
        ost_update update;

        if (!has_update(w))
            continue;
        rc = need_state(weights, w, states, err);
        if (rc)
            return rc;
        update = (ost_update){
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
        rc =
            opt->kind == OST_SGD ? b->sgd(&update, err) : b->adam(&update, err);
        if (rc)
            return rc;
    }
    return OST_OK;
}
