/* kernels/plan_backend.c - a device that networks are planned for, not run on
 */
#include "kernels/plan_backend.h"

#include "base/alloc.h"
#include "kernels/layer.h"
#include "kernels/network.h"

#include <string.h>

#include "base/banned.h"

/* What may stand behind another layer in one kernel. */
static bool is_pointwise(const ost_layer *l)
{
    static const char *const kinds[] = { "add",      "dropout", "leaky_relu",
                                         "multiply", "relu",    "scale",
                                         "sigmoid",  "tanh" };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(l->kind->name, kinds[i]) == 0)
            return true;
    return false;
}

static bool take_along(ost_layer *layer, const ost_layer *next)
{
    (void)layer;
    return is_pointwise(next);
}

static ost_rc plan(ost_layer *layer, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (int i = 0; i < layer->n_inputs; i++)
        layer->in_block[i] = 1;
    layer->out->block = 1;
    layer->adds = layer->adds_in = layer->kind->flops;
    if (layer->kind->flops || is_pointwise(layer) ||
        strcmp(layer->kind->name, "batch_norm") == 0)
        layer->fuse = take_along;
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
