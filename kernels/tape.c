/* kernels/tape.c - what ran forward, to run it backward */
#include "kernels/tape.h"

#include "base/vec.h"
#include "kernels/network.h"

#include <assert.h>

#include "base/banned.h"

void ost_tape_release(ost_tape *tape)
{
    ost_vec_release(tape);
}

void ost_tape_start(ost_tape *tape, ost_pass pass)
{
    tape->len = 0;
    tape->pass = pass;
}

void ost_tape_record(ost_tape *tape, ost_layer *layer)
{
    ost_vec_push(tape, layer);
}

static float *target(float *grad, bool set, float *spare)
{
    if (!set)
        return grad;
    assert(spare);
    return spare;
}

static void choose_targets(ost_layer *layer, unsigned ends)
{
    for (int i = 0; i < layer->n_inputs; i++) {
        ost_value *v = layer->in[i];
        bool wanted = v->wants_grad && (v->ends & ends);

        layer->in_grad[i] = NULL;
        layer->add_in[i] = wanted && layer->adds_in && v->grads_set > 0;
        if (wanted && layer->adds_in)
            layer->in_grad[i] = v->grad;
        else if (wanted)
            layer->in_grad[i] =
                target(v->grad, v->grads_set > 0, layer->in_spare[i]);
        v->grads_set += wanted;
    }
    for (int i = 0; i < layer->n_weights; i++) {
        ost_weight *w = layer->weights[i];
        bool wanted = w->learned && (ends & OST_NET_TO_WEIGHTS);

        layer->weight_grad[i] = NULL;
        layer->add_weight[i] = wanted && layer->adds && w->grad_set;
        if (wanted && layer->adds)
            layer->weight_grad[i] = w->grad;
        else if (wanted)
            layer->weight_grad[i] =
                target(w->grad, w->grad_set, layer->weight_spare[i]);
        w->grad_set |= wanted;
    }
}

static ost_rc add_spares(ost_layer *layer, ost_err *err)
{
    ost_backend *b = layer->backend;

    for (int i = 0; i < layer->n_inputs; i++) {
        ost_value *v = layer->in[i];
        ost_rc rc = OST_OK;

        if (layer->in_grad[i] && layer->in_grad[i] == layer->in_spare[i])
            rc = b->accumulate(v->grad, layer->in_grad[i], ost_value_stored(v),
                               err);
        if (rc)
            return rc;
    }
    for (int i = 0; i < layer->n_weights; i++) {
        ost_weight *w = layer->weights[i];
        ost_rc rc = OST_OK;

        if (layer->weight_grad[i] &&
            layer->weight_grad[i] == layer->weight_spare[i])
            rc = b->accumulate(w->grad, layer->weight_grad[i], w->stored, err);
        if (rc)
            return rc;
    }
    return OST_OK;
}

void ost_tape_skip(ost_tape *tape, unsigned ends)
{
    for (size_t i = tape->len; i-- > 0;) {
        const ost_layer *layer = tape->data[i];

        if (!layer->learns || !(layer->out->ends & ends))
            continue;
        for (int k = 0; k < layer->n_weights; k++)
            layer->weights[k]->grad_set |=
                layer->weights[k]->learned && (ends & OST_NET_TO_WEIGHTS);
    }
}

/* Makes again what was not kept. */
static ost_rc run_again(const ost_layer *layer, const ost_pass *pass,
                        ost_err *err)
{
    ost_pass again = *pass;
    ost_rc rc = OST_OK;

    again.again = true;
    for (int i = 0; !rc && i < layer->n_again; i++)
        rc = layer->again[i]->forward(layer->again[i], &again, err);
    return rc;
}

ost_rc ost_tape_replay(ost_tape *tape, ost_value *from, unsigned ends,
                       ost_err *err)
{
    for (size_t i = 0; i < tape->len; i++)
        for (int k = 0; k < tape->data[i]->n_inputs; k++)
            tape->data[i]->in[k]->grads_set = 0;
    from->grads_set = 1;
    for (size_t i = tape->len; i-- > 0;) {
        ost_layer *layer = tape->data[i];
        ost_rc rc;

        if (!layer->learns || layer->led_by || !(layer->out->ends & ends))
            continue;
        choose_targets(layer, ends);
        ost_backend_enter(layer->backend, layer->name);
        rc = run_again(layer, &tape->pass, err);
        if (!rc)
            rc = layer->backward(layer, &tape->pass, err);
        if (!rc)
            rc = add_spares(layer, err);
        ost_backend_leave(layer->backend);
        if (rc)
            return rc;
    }
    return OST_OK;
}
