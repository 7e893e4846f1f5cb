/* kernels/weights.c - the numbers that a network learns, by name */
#include "kernels/weights.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "base/vec.h"
#include "kernels/layer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

ost_weights *ost_weights_new(ost_backend *backend)
{
    ost_weights *w = ost_xalloc(sizeof(*w));

    w->backend = backend;
    return w;
}

static void weight_free(ost_backend *backend, ost_weight *w)
{
    backend->release(backend, w->state[1]);
    backend->release(backend, w->state[0]);
    backend->release(backend, w->grad);
    backend->release(backend, w->data);
    ost_free(w->layout);
    ost_free(w->name);
    ost_free(w);
}

void ost_weights_free(ost_weights *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->len; i++)
        weight_free(w->backend, w->data[i]);
    w->backend->release(w->backend, w->shared);
    w->backend->release(w->backend, w->clip);
    ost_free(w->data);
    ost_free(w);
}

void ost_pool_release(ost_pool *pool, ost_backend *backend)
{
    backend->release(backend, pool->memory);
    *pool = (ost_pool){ 0 };
}

ost_weight *ost_weights_find(const ost_weights *w, const char *name)
{
    for (size_t i = 0; i < w->len; i++)
        if (strcmp(w->data[i]->name, name) == 0)
            return w->data[i];
    return NULL;
}

int64_t ost_weight_count(const ost_weight *w)
{
    int64_t n = 1;

    for (int i = 0; i < w->ndim; i++)
        n *= w->shape[i];
    return n;
}

/* FNV-1a, so that a weight's random numbers hang on its name alone. */
static uint64_t stream_of(const char *name)
{
    uint64_t h = 14695981039346656037u;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h;
}

static void fill_uniform(float *p, int64_t n, ost_rng *rng, double bound)
{
    for (int64_t i = 0; i < n; i++)
        p[i] = (float)ost_rng_range(rng, -bound, bound);
}

static void fill_normal(float *p, int64_t n, ost_rng *rng, double sigma)
{
    for (int64_t i = 0; i < n; i++)
        p[i] = (float)(ost_rng_normal(rng) * sigma);
}

static void fill(const ost_weight *w, uint64_t key, float *p)
{
    ost_rng rng = ost_rng_of(key, stream_of(w->name));
    int64_t n = ost_weight_count(w);
    double fan_in = w->fan_in > 0 ? (double)w->fan_in : 1.0;
    double fan_out = w->fan_out > 0 ? (double)w->fan_out : 1.0;

    switch (w->init) {
    case OST_INIT_ZEROS:
        memset(p, 0, (size_t)n * sizeof(*p));
        break;
    case OST_INIT_ONES:
        for (int64_t i = 0; i < n; i++)
            p[i] = 1.0f;
        break;
    case OST_INIT_KAIMING:
        fill_normal(p, n, &rng, sqrt(2.0 / fan_in));
        break;
    case OST_INIT_XAVIER:
        fill_uniform(p, n, &rng, sqrt(6.0 / (fan_in + fan_out)));
        break;
    case OST_INIT_UNIFORM:
        fill_uniform(p, n, &rng, 1.0 / sqrt(fan_in));
        break;
    case OST_INIT_NORMAL:
        fill_normal(p, n, &rng, w->sigma);
        break;
    case OST_INIT_SCALES:
        for (int64_t i = 0; i < n; i++)
            p[i] = (float)(1.0 + ost_rng_normal(&rng) * w->sigma);
        break;
    case OST_INIT_CONSTANT:
        for (int64_t i = 0; i < n; i++)
            p[i] = (float)w->slope;
        break;
    }
}

ost_rc ost_weights_init(ost_weights *w, uint64_t key, ost_err *err)
{
    for (size_t i = 0; i < w->len; i++) {
        ost_weight *weight = w->data[i];
        size_t n = (size_t)ost_weight_count(weight);
        float *plain = ost_try_alloc(n, sizeof(*plain));
        ost_rc rc;

        if (!plain)
            return ost_fail(err, OST_ENOMEM, "no memory for weight '%s'",
                            weight->name);
        fill(weight, key, plain);
        rc = ost_weights_set(w, weight, OST_PART_DATA, plain, err);
        ost_free(plain);
        if (rc)
            return rc;
    }
    return OST_OK;
}

static float **part_of(ost_weight *weight, ost_weight_part part)
{
    switch (part) {
    case OST_PART_GRAD:
        return &weight->grad;
    case OST_PART_STATE0:
        return &weight->state[0];
    case OST_PART_STATE1:
        return &weight->state[1];
    case OST_PART_DATA:
        break;
    }
    return &weight->data;
}

ost_rc ost_weights_get(ost_weights *w, const ost_weight *weight,
                       ost_weight_part part, float *plain, ost_err *err)
{
    ost_weight view = *weight;

    view.data = *part_of(&view, part);
    if (!view.data) {
        memset(plain, 0, (size_t)ost_weight_count(weight) * sizeof(*plain));
        return OST_OK;
    }
    return w->backend->weight_read(w->backend, &view, plain, err);
}

float *ost_weight_room(ost_backend *backend, const ost_weight *weight,
                       const char *what)
{
    char *name = ost_xprintf("%s of %s", what, weight->name);
    float *room =
        backend->alloc(backend, (size_t)weight->stored * sizeof(*room), name);

    ost_free(name);
    return room;
}

ost_rc ost_weights_set(ost_weights *w, ost_weight *weight, ost_weight_part part,
                       const float *plain, ost_err *err)
{
    static const char *const whats[] = {
        [OST_PART_DATA] = "numbers",
        [OST_PART_GRAD] = "gradient",
        [OST_PART_STATE0] = "optimizer's state",
        [OST_PART_STATE1] = "optimizer's state",
    };
    float **data = part_of(weight, part);
    ost_weight view = *weight;

    if (!*data)
        *data = ost_weight_room(w->backend, weight, whats[part]);
    if (!*data)
        return ost_backend_no_memory(w->backend, err, "weight '%s'",
                                     weight->name);
    view.data = *data;
    return w->backend->weight_write(w->backend, &view, plain, err);
}

void ost_weights_clear_grad(ost_weights *w)
{
    for (size_t i = 0; i < w->len; i++)
        w->data[i]->grad_set = false;
}

static bool same_shape(const ost_weight *a, const ost_weight *b)
{
    return a->ndim == b->ndim &&
           memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof(a->shape[0])) ==
               0;
}

ost_rc ost_weights_declare(ost_weights *w, const ost_weight *like,
                           ost_weight **weight, ost_err *err)
{
    ost_weight *found = ost_weights_find(w, like->name);

    if (!found) {
        found = ost_xalloc(sizeof(*found));
        *found = *like;
        found->name = ost_xstrdup(like->name);
        ost_vec_push(w, found);
    } else if (!same_shape(found, like)) {
        char old[96];
        char new[96];

        return ost_fail(err, OST_EINPUT, "weight '%s' is %s, but exists as %s",
                        like->name,
                        ost_shape_text(new, like->ndim, like->shape),
                        ost_shape_text(old, found->ndim, found->shape));
    }
    *weight = found;
    return OST_OK;
}

void ost_weights_measure(ost_weight *weight, int64_t stored, void *layout)
{
    if (weight->stored) {
        ost_free(layout);
        return;
    }
    weight->stored = stored;
    weight->layout = layout;
}

ost_rc ost_weights_place(ost_weights *w, ost_weight *weight, int64_t stored,
                         void *layout, bool grad, ost_err *err)
{
    ost_backend *b = w->backend;

    if (!weight->data) {
        weight->stored = stored;
        weight->layout = layout;
        layout = NULL;
    }
    ost_free(layout);
    if (!weight->data)
        weight->data = ost_weight_room(b, weight, "numbers");
    if (grad && weight->learned && !weight->grad)
        weight->grad = ost_weight_room(b, weight, "gradient");
    if (!weight->data || (grad && weight->learned && !weight->grad))
        return ost_backend_no_memory(b, err, "weight '%s'", weight->name);
    return OST_OK;
}
