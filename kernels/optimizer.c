/* kernels/optimizer.c - from gradients to better weights */
#include "kernels/optimizer.h"

#include "base/alloc.h"

#include "base/banned.h"

static ost_rc need_state(ost_weights *w, ost_weight *weight, int count,
                         ost_err *err)
{
    ost_backend *b = w->backend;

    for (int i = 0; i < count; i++) {
        if (!weight->state[i])
            weight->state[i] = ost_weight_room(b, weight, "optimizer's state");
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

/* Where gradients are to be clipped: what they are multiplied by, in the
 * device's memory. */
static ost_rc clip(const ost_optimizer *opt, ost_weights *weights,
                   ost_update *updates, int count, ost_err *err)
{
    ost_backend *b = weights->backend;

    if (opt->clip_norm <= 0.0)
        return OST_OK;
    if (!weights->clip)
        weights->clip = b->alloc(b, sizeof(*weights->clip), "gradients' scale");
    if (!weights->clip)
        return ost_backend_no_memory(b, err, "the scale of gradients");
    for (int i = 0; i < count; i++)
        updates[i].scale = weights->clip;
    return b->clip(updates, count, opt->clip_norm, weights->clip, err);
}

ost_rc ost_optimizer_step(const ost_optimizer *opt, ost_weights *weights,
                          ost_err *err)
{
    ost_backend *b = weights->backend;
    bool decoupled = opt->kind == OST_ADAMW;
    int states = opt->kind == OST_SGD ? opt->momentum != 0.0 : 2;
    ost_update *updates = ost_xalloc((weights->len + 1) * sizeof(*updates));
    int count = 0;
    ost_rc rc = OST_OK;

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
            .step = weights->step + 1,
            .decay = w->l2 + (decoupled ? 0.0 : opt->weight_decay),
            .shrink = decoupled ? 1.0 - opt->rate * opt->weight_decay : 1.0,
        };
    }
    ost_backend_enter(b, "update");
    if (!rc)
        rc = clip(opt, weights, updates, count, err);
    if (!rc) {
        weights->step++;
        rc = opt->kind == OST_SGD ? b->sgd(updates, count, err)
                                  : b->adam(updates, count, err);
    }
    ost_backend_leave(b);
    ost_free(updates);
    return rc;
}
