/* kernels/average.c - a moving average of weights */
#include "kernels/average.h"

#include "base/alloc.h"
#include "kernels/optimizer.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

struct ost_average {
    ost_weights *weights;
    double decay;
    float **data; /* by weight, laid out as it */
};

ost_rc ost_average_new(ost_weights *weights, double decay,
                       ost_average **average, ost_err *err)
{
    ost_backend *b = weights->backend;
    ost_average *a = ost_xalloc(sizeof(*a));

    *a = (ost_average){
        .weights = weights,
        .decay = decay,
        .data = ost_xalloc((weights->len + 1) * sizeof(*a->data)),
    };
    for (size_t i = 0; i < weights->len; i++) {
        const ost_weight *w = weights->data[i];
        ost_rc rc;

        a->data[i] = ost_weight_room(b, w, "average");
        if (!a->data[i]) {
            rc = ost_backend_no_memory(b, err, "the average of '%s'", w->name);
            ost_average_free(a);
            return rc;
        }
        rc = b->move(a->data[i], w->data, w->stored, err);
        if (rc) {
            ost_average_free(a);
            return rc;
        }
    }
    *average = a;
    return OST_OK;
}

void ost_average_free(ost_average *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->weights->len; i++)
        a->weights->backend->release(a->weights->backend, a->data[i]);
    ost_free(a->data);
    ost_free(a);
}

ost_rc ost_average_follow(ost_average *a, int64_t updates, ost_err *err)
{
    ost_backend *b = a->weights->backend;
    double t = (double)updates;
    double part = 1.0 - fmin(a->decay, t / (t + 9.0));
    ost_update *steps = ost_xalloc((a->weights->len + 1) * sizeof(*steps));
    ost_rc rc;

    for (size_t i = 0; i < a->weights->len; i++) {
        const ost_weight *w = a->weights->data[i];

        steps[i] = (ost_update){ .count = w->stored,
                                 .data = a->data[i],
                                 .grad = w->data };
    }
    rc = b->approach(steps, (int)a->weights->len, part, err);
    ost_free(steps);
    return rc;
}

ost_rc ost_average_get(const ost_average *a, size_t i, float *plain,
                       ost_err *err)
{
    ost_weight view = *a->weights->data[i];

    view.data = a->data[i];
    return a->weights->backend->weight_read(a->weights->backend, &view, plain,
                                            err);
}

ost_rc ost_average_set(ost_average *a, size_t i, const float *plain,
                       ost_err *err)
{
    ost_weight view = *a->weights->data[i];

    view.data = a->data[i];
    return a->weights->backend->weight_write(a->weights->backend, &view, plain,
                                             err);
}
