/* kernels/cpu/convolution.c - convolutions with any number of spatial sides
 *
 * Forward and the gradient of the input are oneDNN's direct convolutions in
 * channel blocks, whose results do not depend on the number of threads.  Where
 * those do not exist (a dilated gradient on AVX2, groups within a block) the
 * layer works on plain layouts by matrix products, in pieces.
 *
 * oneDNN divides the sum over the batch in the gradient of the weights among
 * its threads, so that the last bits hang on how many there are: here it is
 * taken in pieces, and the partial gradients are added pairwise, in a fixed
 * tree.  Where they are large the pieces run in waves of as many as there are
 * threads, so that only the sums of waves have to be kept.
 *
 * Weights are kept in the layout that the first network's forward pass likes
 * and converted where another primitive wants them otherwise.
 */
#include "kernels/cpu/convolution.h"

#include "base/alloc.h"
#include "kernels/cpu/pieces.h"

#include <string.h>

#include "base/banned.h"

enum { BIAS_ALIGN = 16, SLICE = 16 };

typedef struct conv {
    bool cut; /* no primitive whose results do not depend on the threads */
    ost_pieces forward;
    ost_conversion forward_weights;
    ost_pieces data; /* gradient of the input; empty when not wanted */
    ost_conversion data_weights;
    ost_pieces weights; /* gradient of the weights, partial */
    ost_conversion weight_grad;
    float *partial; /* of a wave's pieces, then sums of waves */
    int64_t slice;  /* floats of a slice of channels; 0: pieces are items */
    int64_t partial_step; /* floats of a partial gradient, bias included */
    int64_t partial_bias; /* where its bias begins */
    float *bias;          /* the bias, padded; NULL when it needs none */
    int64_t bias_padded;
} conv;

static void conv_release(ost_layer *layer)
{
    conv *c = layer->state;

    if (!c)
        return;
    ost_conversion_release(&c->weight_grad);
    ost_pieces_release(&c->weights);
    ost_conversion_release(&c->data_weights);
    ost_pieces_release(&c->data);
    ost_conversion_release(&c->forward_weights);
    ost_pieces_release(&c->forward);
    ost_free(c);
    layer->state = NULL;
}

/* Whether fast code exists for all three primitives in these layouts. */
static bool fits(ost_layer *layer, int in_block, int out_block)
{
    static const ost_piece_maker make[] = { ost_conv_forward,
                                            ost_conv_backward_weights,
                                            ost_conv_backward_data };
    int count = in_block == 1 && out_block != 1 ? 2 : 3;
    bool fast = true;

    layer->in_block[0] = in_block;
    layer->out->block = out_block;
    for (int i = 0; i < count && fast; i++) {
        ost_prim prim = { 0 };

        fast = !make[i](layer, 1, 1, &prim, NULL) && ost_prim_is_fast(&prim);
        ost_prim_release(&prim);
    }
    return fast;
}

/* Three channels of the network's input stay as they are when there is code for
 * it; everything else is in blocks, or plain in the end. */
static void choose_layouts(ost_layer *layer, conv *c)
{
    const ost_value *in = layer->in[0];
    int block = ost_cpu_block(layer->backend);

    if (ost_conv_groups(layer) == 1 && ost_value_channels(in) <= 3 &&
        !in->wants_grad && in->producer < 0 && fits(layer, 1, block))
        return;
    if (ost_conv_blocks_fit(layer, block) && fits(layer, block, block))
        return;
    c->cut = true;
    layer->in_block[0] = layer->out->block = 1;
}

/* Makes the conversion of the weights to what a primitive wants. */
static ost_rc want_weights(ost_layer *layer, ost_conversion *c,
                           const ost_prim *prim, ost_life life, ost_err *err)
{
    dnnl_memory_desc_t want =
        ost_conv_weight_desc(layer, ost_prim_desc(prim, dnnl_query_weights_md));

    return ost_conversion_init_weights(c, layer, &want, life, err);
}

/* Floats of one item of a value in a channel block. */
static int64_t per_item(const ost_value *v, int block)
{
    ost_value blocked = *v;

    blocked.block = block;
    return ost_value_stored(&blocked) / v->shape[0];
}

/* The bias with the lanes of missing channels. */
static void prepare_bias(ost_layer *layer, conv *c)
{
    int64_t out = layer->weights[0]->shape[0];
    int block = layer->out->block;

    c->bias_padded = (out + block - 1) / block * block;
    if (layer->n_weights > 1 && c->bias_padded != out)
        ost_layer_memory(layer, (size_t)c->bias_padded * sizeof(float),
                         OST_LIFE_FORWARD, &c->bias);
}

static ost_rc prepare_forward(ost_layer *layer, conv *c, ost_err *err)
{
    const ost_backend *b = layer->backend;
    ost_pieces *p = &c->forward;
    ost_rc rc = ost_pieces_init(p, layer, ost_conv_forward, c->cut,
                                OST_LIFE_FORWARD, err);

    if (!rc)
        rc = ost_conv_place_weights(layer, &p->whole, err);
    if (rc)
        return rc;
    prepare_bias(layer, c);
    rc = want_weights(layer, &c->forward_weights, &p->whole, OST_LIFE_FORWARD,
                      err);
    if (!rc)
        rc = ost_pieces_add(p, b, DNNL_ARG_SRC, dnnl_query_src_md, 0,
                            per_item(layer->in[0], layer->in_block[0]), err);
    if (!rc)
        rc = ost_pieces_add(p, b, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0, 0,
                            err);
    if (!rc)
        rc = ost_pieces_add(p, b, DNNL_ARG_DST, dnnl_query_dst_md, 0,
                            per_item(layer->out, layer->out->block), err);
    if (!rc && layer->n_weights > 1)
        rc = ost_pieces_add(p, b, DNNL_ARG_BIAS, dnnl_query_weights_md, 1, 0,
                            err);
    return rc;
}

static ost_rc prepare_data(ost_layer *layer, conv *c, ost_err *err)
{
    const ost_backend *b = layer->backend;
    ost_pieces *p = &c->data;
    ost_rc rc = ost_pieces_init(p, layer, ost_conv_backward_data, c->cut,
                                OST_LIFE_BACKWARD_SECOND, err);

    if (rc)
        return rc;
    layer->code[1] = ost_prim_code(&p->whole);
    rc = want_weights(layer, &c->data_weights, &p->whole,
                      OST_LIFE_BACKWARD_SECOND, err);
    if (!rc)
        rc = ost_pieces_add(p, b, DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, 0,
                            per_item(layer->in[0], layer->in_block[0]), err);
    if (!rc)
        rc = ost_pieces_add(p, b, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0, 0,
                            err);
    if (!rc)
        rc = ost_pieces_add(p, b, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0,
                            per_item(layer->out, layer->out->block), err);
    return rc;
}

/* A batch of one item has no pieces: the gradient of its weights is made in
 * slices of output channels, as many as divide the channel blocks evenly, with
 * at least SLICE channels each; 1: not divided. */
static int slices_of(const ost_layer *layer)
{
    int64_t blocks = ost_value_blocks(layer->out);

    if (layer->out->shape[0] != 1 || layer->out->block == 1 ||
        ost_conv_groups(layer) > 1)
        return 1;
    for (int64_t n = OST_PIECES; n > 1; n--)
        if (blocks % n == 0 && blocks / n * layer->out->block >= SLICE)
            return (int)n;
    return 1;
}

/* Whether slices of `channels`, one after another, are the whole in its
 * layout. */
static bool slices_join(const dnnl_memory_desc_t *slice,
                        const dnnl_memory_desc_t *whole, int64_t channels)
{
    const dnnl_blocking_desc_t *a = &slice->format_desc.blocking;
    const dnnl_blocking_desc_t *b = &whole->format_desc.blocking;

    if (slice->format_kind != dnnl_blocked ||
        whole->format_kind != dnnl_blocked || memcmp(a, b, sizeof(*a)) != 0)
        return false;
    for (int i = 0; i < a->inner_nblks; i++)
        if (a->inner_idxs[i] == 0)
            channels /= a->inner_blks[i];
    return dnnl_memory_desc_get_size(slice) ==
           (size_t)(channels * a->strides[0]) * sizeof(float);
}

/* Divides the gradient of the weights of a single item, if that can be; `made`
 * is then its layout over all channels. */
static ost_rc try_slices(ost_layer *layer, conv *c, dnnl_memory_desc_t *made,
                         ost_err *err)
{
    int count = slices_of(layer);
    ost_pieces *p = &c->weights;
    ost_prim all = { 0 };
    ost_prim some = { 0 };
    int64_t channels;
    ost_rc rc;

    if (count == 1)
        return OST_OK;
    channels = ost_value_blocks(layer->out) / count * layer->out->block;
    rc = ost_conv_backward_weights(layer, 1, 1, &all, err);
    if (!rc)
        rc = ost_conv_backward_weights_some(layer, channels, 1, &some, err);
    if (!rc) {
        const dnnl_memory_desc_t *slice =
            ost_prim_desc(&some, dnnl_query_diff_weights_md);

        *made = *ost_prim_desc(&all, dnnl_query_diff_weights_md);
        if (slices_join(slice, made, channels))
            c->slice =
                (int64_t)(dnnl_memory_desc_get_size(slice) / sizeof(float));
    }
    ost_prim_release(&some);
    ost_prim_release(&all);
    if (!rc && c->slice)
        rc = ost_pieces_init_channels(p, layer, ost_conv_backward_weights_some,
                                      count, channels, OST_LIFE_BACKWARD_FIRST,
                                      err);
    return rc;
}

/* Floats of the gradient of the weights, bias included, and runs of them. */
static void ask_partial(ost_layer *layer, conv *c,
                        const dnnl_memory_desc_t *made)
{
    int64_t runs;

    c->partial_bias =
        (int64_t)((dnnl_memory_desc_get_size(made) + 63) / 64 * 16);
    c->partial_step = c->partial_bias + (c->bias_padded + BIAS_ALIGN - 1) /
                                            BIAS_ALIGN * BIAS_ALIGN;
    runs = c->slice
               ? 1
               : ost_pieces_runs(&c->weights, layer->backend, c->partial_step);
    ost_layer_memory(layer, (size_t)(c->partial_step * runs) * sizeof(float),
                     OST_LIFE_BACKWARD_FIRST, &c->partial);
}

static ost_rc weight_operands(ost_layer *layer, conv *c, ost_err *err)
{
    const ost_backend *b = layer->backend;
    ost_pieces *p = &c->weights;
    int64_t in = per_item(layer->in[0], layer->in_block[0]);
    int64_t out = per_item(layer->out, layer->out->block);
    ost_rc rc;

    rc = ost_pieces_add(p, b, DNNL_ARG_SRC, dnnl_query_src_md, 0,
                        c->slice ? 0 : in, err);
    if (!rc)
        rc = ost_pieces_add(p, b, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0,
                            c->slice ? ost_value_area(layer->out) : out, err);
    if (!rc)
        rc = ost_pieces_add_own(p, b, DNNL_ARG_DIFF_WEIGHTS,
                                dnnl_query_diff_weights_md, 0,
                                c->slice ? c->slice : c->partial_step, err);
    if (!rc && layer->n_weights > 1)
        rc = ost_pieces_add_own(p, b, DNNL_ARG_DIFF_BIAS,
                                dnnl_query_diff_weights_md, 1,
                                c->slice ? p->items : c->partial_step, err);
    return rc;
}

static ost_rc prepare_weights(ost_layer *layer, conv *c, ost_err *err)
{
    dnnl_memory_desc_t keep = ost_conv_weight_kept(layer);
    dnnl_memory_desc_t given;
    dnnl_memory_desc_t made;
    ost_pieces *p = &c->weights;
    ost_rc rc = try_slices(layer, c, &made, err);

    if (!rc && !c->slice) {
        rc = ost_pieces_init(p, layer, ost_conv_backward_weights, true,
                             OST_LIFE_BACKWARD_FIRST, err);
        if (!rc)
            made = *ost_prim_desc(&p->whole, dnnl_query_diff_weights_md);
    }
    if (rc)
        return rc;
    layer->code[2] = ost_prim_code(&p->whole);
    if (p->rest.prim &&
        !dnnl_memory_desc_equal(
            &made, ost_prim_desc(&p->rest, dnnl_query_diff_weights_md)))
        return ost_fail(err, OST_EUNSUPPORTED,
                        "oneDNN makes one gradient in two layouts");
    ask_partial(layer, c, &made);
    given = ost_conv_weight_desc(layer, &made);
    rc = ost_conversion_init(&c->weight_grad, layer, &given, &keep,
                             OST_LIFE_BACKWARD_FIRST, err);
    if (!rc)
        rc = weight_operands(layer, c, err);
    return rc;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    conv *c = layer->state;
    float *weights;
    float *bias = layer->n_weights > 1 ? layer->weights[1]->data : NULL;
    ost_rc rc =
        ost_conversion_weights(&c->forward_weights, layer, &weights, err);

    (void)pass;
    if (rc)
        return rc;
    if (c->bias) {
        int64_t n = layer->weights[1]->stored;

        memcpy(c->bias, bias, (size_t)n * sizeof(float));
        memset(c->bias + n, 0, (size_t)(c->bias_padded - n) * sizeof(float));
        bias = c->bias;
    }
    return ost_pieces_run(
        &c->forward, layer->backend,
        (float *[]){ layer->in[0]->data, weights, layer->out->data, bias },
        err);
}

static ost_rc backward_weights(ost_layer *layer, conv *c, ost_err *err)
{
    float *const base[] = { layer->in[0]->data, layer->out->grad, c->partial,
                            c->partial + c->partial_bias };
    ost_rc rc = c->slice
                    ? ost_pieces_run(&c->weights, layer->backend, base, err)
                    : ost_pieces_run_sum(&c->weights, layer->backend, base,
                                         c->partial, c->partial_step, err);

    if (rc)
        return rc;
    if (layer->n_weights > 1)
        memcpy(layer->weight_grad[1], c->partial + c->partial_bias,
               (size_t)layer->weights[1]->stored * sizeof(float));
    if (ost_conversion_needed(&c->weight_grad))
        return ost_conversion_run(&c->weight_grad, layer, c->partial,
                                  layer->weight_grad[0], err);
    memcpy(layer->weight_grad[0], c->partial,
           (size_t)layer->weights[0]->stored * sizeof(float));
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    conv *c = layer->state;
    float *weights;
    ost_rc rc =
        layer->weight_grad[0] ? backward_weights(layer, c, err) : OST_OK;

    (void)pass;
    if (rc || !layer->in_grad[0])
        return rc;
    rc = ost_conversion_weights(&c->data_weights, layer, &weights, err);
    if (rc)
        return rc;
    return ost_pieces_run(
        &c->data, layer->backend,
        (float *[]){ layer->in_grad[0], weights, layer->out->grad }, err);
}

ost_rc ost_cpu_convolution(ost_layer *layer, ost_err *err)
{
    conv *c;
    ost_rc rc;

    if (ost_conv_is_few(layer))
        return ost_conv_few(layer, err);
    if (ost_conv_is_winograd(layer))
        return ost_conv_winograd(layer, err);
    layer->state = c = ost_xalloc(sizeof(*c));
    layer->release = conv_release;
    layer->forward = forward;
    layer->backward = backward;
    choose_layouts(layer, c);
    rc = prepare_forward(layer, c, err);
    if (rc)
        return rc;
    layer->code[0] = ost_prim_code(&c->forward.whole);
    if (layer->training && layer->in[0]->wants_grad)
        rc = prepare_data(layer, c, err);
    if (!rc && layer->training)
        rc = prepare_weights(layer, c, err);
    return rc;
}
