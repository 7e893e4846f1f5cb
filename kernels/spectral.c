/* kernels/spectral.c - a weight divided by its largest singular value */
#include "kernels/spectral.h"

#include "base/alloc.h"
#include "kernels/network_build.h"

#include "base/banned.h"

struct ost_spectral {
    int axis; /* of the weight: its rows */
    ost_weight *u0;
    ost_weight *v0;
    ost_weight *weight; /* what is learned */
    ost_weight view;    /* what the layer computes with */
    float *data;        /* its numbers */
    float *u;           /* of the pass */
    float *v;
    double *sigma;
    double *room;
    /* Where the device keeps the weight in a layout of its own: */
    float *plain; /* the weight, row by row */
    float *slope; /* and its gradient */
    /* The backend's. */
    ost_rc (*forward)(ost_layer *layer, const ost_pass *pass, ost_err *err);
    ost_rc (*backward)(ost_layer *layer, const ost_pass *pass, ost_err *err);
};

static ost_rc declare(const ost_layer *layer, const char *suffix, int64_t count,
                      ost_init init, ost_weight **weight, ost_err *err)
{
    char *name = ost_xprintf("%s.%s", layer->name, suffix);
    ost_weight like = {
        .name = name,
        .ndim = 1,
        .shape = { count },
        .init = init,
        .fan_in = 1,
        .fan_out = 1,
    };
    ost_rc rc = ost_weights_declare(layer->net->weights, &like, weight, err);

    ost_free(name);
    return rc;
}

ost_rc ost_layer_spectral(ost_layer *layer, int axis, ost_err *err)
{
    ost_spectral *s;
    int64_t rows;
    ost_rc rc;

    if (ost_layer_attr(layer, "spectral_norm") == 0.0)
        return OST_OK;
    layer->spectral = s = ost_xalloc(sizeof(*s));
    s->axis = axis;
    s->weight = layer->weights[0];
    rows = s->weight->shape[axis];
    rc = declare(layer, "weight_u", rows, OST_INIT_UNIFORM, &s->u0, err);
    if (!rc)
        rc = declare(layer, "weight_v", ost_weight_count(s->weight) / rows,
                     OST_INIT_ZEROS, &s->v0, err);
    return rc;
}

void ost_spectral_free(ost_spectral *spectral)
{
    ost_free(spectral);
}

static ost_spectral_work work_of(ost_spectral *s, float *matrix)
{
    ost_spectral_work work = { .matrix = matrix,
                               .outer = 1,
                               .rows = s->weight->shape[s->axis],
                               .inner = 1,
                               .u0 = s->u0->data,
                               .v0 = s->v0->data,
                               .u = s->u,
                               .v = s->v,
                               .sigma = s->sigma,
                               .room = s->room };

    for (int i = 0; i < s->weight->ndim; i++)
        if (i < s->axis)
            work.outer *= s->weight->shape[i];
        else if (i > s->axis)
            work.inner *= s->weight->shape[i];
    return work;
}

/* W / s, for this pass. */
static ost_rc normalize(const ost_layer *layer, ost_spectral *s, ost_err *err)
{
    ost_backend *b = layer->backend;
    bool plain = !s->weight->layout;
    ost_spectral_work work = work_of(s, plain ? s->data : s->plain);
    ost_rc rc = plain
                    ? b->move(s->data, s->weight->data, s->weight->stored, err)
                    : b->weight_read(b, s->weight, s->plain, err);

    work.keep = layer->training && !(layer->net->flags & OST_NET_TANGENT);
    work.turns = work.keep;
    s->view = *s->weight;
    s->view.data = s->data;
    if (!rc)
        rc = b->spectral_norm(&work, err);
    if (!rc && !plain)
        rc = b->weight_write(b, &s->view, s->plain, err);
    return rc;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_spectral *s = layer->spectral;
    ost_rc rc = pass->again ? OST_OK : normalize(layer, s, err);

    if (rc)
        return rc;
    layer->weights[0] = &s->view;
    rc = s->forward(layer, pass, err);
    layer->weights[0] = s->weight;
    return rc;
}

/* From the gradient of W / s to that of W. */
static ost_rc through_sigma(const ost_layer *layer, ost_spectral *s,
                            ost_err *err)
{
    ost_backend *b = layer->backend;
    bool plain = !s->weight->layout;
    ost_spectral_work work =
        work_of(s, plain ? layer->weight_grad[0] : s->slope);
    ost_weight grad = *s->weight;
    ost_rc rc = OST_OK;

    work.grad = grad.data = layer->weight_grad[0];
    work.normed = s->data;
    work.stored = grad.stored;
    if (!plain)
        rc = b->weight_read(b, &grad, s->slope, err);
    if (!rc)
        rc = b->spectral_grad(&work, err);
    if (!rc && !plain)
        rc = b->weight_write(b, &grad, s->slope, err);
    return rc;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    ost_spectral *s = layer->spectral;
    ost_rc rc;

    layer->weights[0] = &s->view;
    rc = s->backward(layer, pass, err);
    layer->weights[0] = s->weight;
    if (!rc && layer->weight_grad[0])
        rc = through_sigma(layer, s, err);
    return rc;
}

static ost_rc place(const ost_layer *layer, ost_weight *weight, ost_err *err)
{
    int64_t count = ost_weight_count(weight);

    if (layer->net->flags & OST_NET_PLAN) {
        ost_weights_measure(weight, count, NULL);
        return OST_OK;
    }
    return ost_weights_place(layer->net->weights, weight, count, NULL, false,
                             err);
}

ost_rc ost_spectral_wrap(ost_layer *layer, ost_err *err)
{
    ost_spectral *s = layer->spectral;
    size_t rows = (size_t)s->u0->shape[0] * sizeof(float);
    size_t columns = (size_t)s->v0->shape[0] * sizeof(float);
    size_t plain = (size_t)ost_weight_count(s->weight) * sizeof(float);
    size_t room = (size_t)ost_spectral_room(s->u0->shape[0], s->v0->shape[0]);
    ost_rc rc = place(layer, s->u0, err);

    if (!rc)
        rc = place(layer, s->v0, err);
    if (rc)
        return rc;
    s->forward = layer->forward;
    s->backward = layer->backward;
    layer->forward = forward;
    layer->backward = backward;
    /* What comes out of its backward goes through sigma before it is added. */
    layer->adds = false;
    ost_layer_memory(layer, (size_t)s->weight->stored * sizeof(float),
                     OST_LIFE_SAVED, &s->data);
    ost_layer_memory(layer, rows, OST_LIFE_SAVED, &s->u);
    ost_layer_memory(layer, columns, OST_LIFE_SAVED, &s->v);
    ost_layer_memory(layer, sizeof(double), OST_LIFE_SAVED, &s->sigma);
    if (!layer->backend->host_memory)
        ost_layer_memory(layer, room * sizeof(double), OST_LIFE_SAVED,
                         &s->room);
    if (!s->weight->layout)
        return OST_OK;
    ost_layer_memory(layer, plain, OST_LIFE_FORWARD, &s->plain);
    if (s->weight->learned)
        ost_layer_memory(layer, plain, OST_LIFE_BACKWARD, &s->slope);
    return OST_OK;
}
