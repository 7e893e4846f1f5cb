/* kernels/cpu/conversion.c - weights from one layout to another */
#include "kernels/cpu/convolution.h"

#include "base/banned.h"

ost_rc ost_conversion_init(ost_conversion *c, ost_layer *layer,
                           const dnnl_memory_desc_t *from,
                           const dnnl_memory_desc_t *to, ost_life life,
                           ost_err *err)
{
    const ost_backend *b = layer->backend;
    ost_rc rc;

    if (dnnl_memory_desc_equal(from, to))
        return OST_OK;
    rc = ost_prim_init_reorder(&c->prim, b, from, to, err);
    if (!rc)
        rc = ost_args_add(&c->args, b, DNNL_ARG_FROM, from, err);
    if (!rc)
        rc = ost_args_add(&c->args, b, DNNL_ARG_TO, to, err);
    if (!rc)
        rc = ost_args_add_scratch(&c->args, b, &c->prim, err);
    ost_layer_memory(layer, c->prim.scratch, life, &c->scratch);
    return rc;
}

ost_rc ost_conversion_init_weights(ost_conversion *c, ost_layer *layer,
                                   const dnnl_memory_desc_t *to, ost_life life,
                                   ost_err *err)
{
    dnnl_memory_desc_t have = ost_conv_weight_kept(layer);
    ost_rc rc = ost_conversion_init(c, layer, &have, to, life, err);

    if (!rc && c->prim.prim)
        ost_layer_memory(layer, dnnl_memory_desc_get_size(to), life, &c->data);
    return rc;
}

void ost_conversion_release(ost_conversion *c)
{
    ost_args_release(&c->args);
    ost_prim_release(&c->prim);
}

bool ost_conversion_needed(const ost_conversion *c)
{
    return c->prim.prim != NULL;
}

ost_rc ost_conversion_run(ost_conversion *c, const ost_layer *layer,
                          float *from, float *to, ost_err *err)
{
    return ost_prim_run(&c->prim, layer->backend, &c->args,
                        (void *[]){ from, to, c->scratch }, err);
}

ost_rc ost_conversion_weights(ost_conversion *c, const ost_layer *layer,
                              float **data, ost_err *err)
{
    *data = layer->weights[0]->data;
    if (!c->prim.prim)
        return OST_OK;
    *data = c->data;
    return ost_conversion_run(c, layer, layer->weights[0]->data, c->data, err);
}
