/* kernels/optimizer.c - from gradients to better weights */
#include "kernels/optimizer.h"

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

ost_rc ost_optimizer_step(const ost_optimizer *opt, ost_weights *weights,
                          ost_err *err)
{
    ost_backend *b = weights->backend;
    int states = opt->kind == OST_ADAM ? 2 : opt->momentum != 0.0;

    weights->step++;
    for (size_t i = 0; i < weights->len; i++) {
        ost_weight *w = weights->data[i];
        ost_update update;
        ost_rc rc;

        if (!w->learned || !w->grad_set)
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
        };
        rc = opt->kind == OST_ADAM ? b->adam(&update, err)
                                   : b->sgd(&update, err);
        if (rc)
            return rc;
    }
    return OST_OK;
}
