/* kernels/plan_backend.c - a device that networks are planned for, not run on
 */
#include "kernels/plan_backend.h"

#include "base/alloc.h"
#include "kernels/layer.h"
#include "kernels/network.h"

#include <string.h>

#include "base/banned.h"

enum { STEPS = 8 }; /* of a chain: kernels/cuda/chain_kernels.h */

static bool is_one_of(const ost_layer *l, const char *const *kinds)
{
    for (; *kinds; kinds++)
        if (strcmp(l->kind->name, *kinds) == 0)
            return true;
    return false;
}

static bool is_activation(const ost_layer *l)
{
    return is_one_of(l, (const char *const[]){ "leaky_relu", "relu", "scale",
                                               "sigmoid", "tanh", NULL });
}

static bool is_sum(const ost_layer *l)
{
    return is_one_of(l, (const char *const[]){ "add", "multiply", NULL });
}

static bool is_norm(const ost_layer *l)
{
    return is_one_of(l, (const char *const[]){ "batch_norm", "instance_norm",
                                               "layer_norm", NULL });
}

const ost_plan *ost_plan_of(const ost_layer *layer)
{
    return layer->state;
}

/* Whether each number meets one of `v`: an own one, or its channel's. */
static bool meets(const ost_value *v, const ost_value *out)
{
    return ost_value_same_shape(v, out) ||
           (v->shape[0] == out->shape[0] &&
            ost_value_channels(v) == ost_value_channels(out) &&
            ost_value_area(v) == 1);
}

/* As ost_cuda_chain_take(): a chain of steps on each number. */
static bool take_chain(ost_layer *layer, const ost_layer *next)
{
    ost_plan *p = layer->state;

    if (p->ahead == STEPS - 2 || (!is_activation(next) && !is_sum(next)))
        return false;
    for (int i = 0; i < next->n_inputs; i++)
        if (!meets(next->in[i], next->out))
            return false;
    p->relu |= p->ahead == 0 && strcmp(next->kind->name, "relu") == 0;
    p->ahead++;
    return true;
}

/* As the norms of kernels/cuda/norm.c: an addition, then a ReLU. */
static bool take_bend(ost_layer *layer, const ost_layer *next)
{
    ost_plan *p = layer->state;

    if (p->relu)
        return false;
    if (strcmp(next->kind->name, "add") == 0) {
        if (p->ahead || next->n_inputs != 2 ||
            !ost_value_same_shape(next->in[0], next->in[1]))
            return false;
    } else if (!is_one_of(
                   next, (const char *const[]){ "leaky_relu", "relu", NULL })) {
        return false;
    } else {
        p->relu = true;
    }
    p->ahead++;
    return true;
}

static bool take_chain_back(ost_layer *layer, const ost_layer *next)
{
    ost_plan *p = layer->state;

    if (p->back == STEPS - 2 || !is_activation(next))
        return false;
    p->back++;
    return true;
}

static bool take_bend_back(ost_layer *layer, const ost_layer *next)
{
    ost_plan *p = layer->state;

    if (p->back ||
        !is_one_of(next, (const char *const[]){ "leaky_relu", "relu", NULL }))
        return false;
    p->back++;
    return true;
}

static bool absorb(ost_layer *layer, const ost_layer *before)
{
    ost_plan *p = layer->state;

    return p->absorbs = strcmp(before->kind->name, "relu") == 0;
}

static void plan_release_layer(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

/* What layers of kernels/cuda/ do together. */
static void choose_partners(ost_layer *layer)
{
    bool product = layer->kind->flops;
    bool dense = strcmp(layer->kind->name, "dense") == 0;

    layer->adds = product || is_norm(layer);
    layer->adds_in =
        product || is_activation(layer) || is_sum(layer) ||
        is_one_of(layer, (const char *const[]){
                             "concat", "flatten", "gate", "max", "mean",
                             "reshape", "slice", "sum", "widen", NULL });
    if (product || is_activation(layer) || is_sum(layer) ||
        strcmp(layer->kind->name, "prelu") == 0)
        layer->fuse = take_chain;
    if ((product && !dense) || is_activation(layer) ||
        strcmp(layer->kind->name, "add") == 0)
        layer->fuse_back = take_chain_back;
    if (is_norm(layer)) {
        layer->fuse = take_bend;
        layer->fuse_back = take_bend_back;
    }
    if (is_one_of(layer,
                  (const char *const[]){ "adaptive_max_pool2d", "max_pool2d",
                                         "max_pool3d", NULL }))
        layer->absorb = absorb;
}

static ost_rc plan(ost_layer *layer, ost_err *err)
{
    ost_rc rc = OST_OK;

    layer->state = ost_xalloc(sizeof(ost_plan));
    layer->release = plan_release_layer;
    for (int i = 0; i < layer->n_inputs; i++)
        layer->in_block[i] = 1;
    layer->out->block = 1;
    choose_partners(layer);
    for (int i = 0; !rc && i < layer->n_weights; i++)
        rc = ost_layer_place_weight(
            layer, i, ost_weight_count(layer->weights[i]), NULL, err);
    return rc;
}

/* Of memory that was never taken. */
static void plan_release(ost_backend *backend, void *data)
{
    (void)backend;
    (void)data;
}

static void plan_close(ost_backend *backend)
{
    ost_free(backend);
}

ost_backend *ost_plan_backend(void)
{
    ost_backend *b = ost_xalloc(sizeof(*b));

    *b = (ost_backend){
        .name = "plan",
        .numeric_class = "plan",
        .threads = 1,
        .close = plan_close,
        .release = plan_release,
        .host_release = plan_release,
#define OPERATOR(name, args)
#define LAYER(name) .name = plan,
#include "kernels/operator_list.def"
    };
    return b;
}
