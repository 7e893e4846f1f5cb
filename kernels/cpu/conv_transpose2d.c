/* kernels/cpu/conv_transpose2d.c - transposed convolution
 *
 * The gradient of a convolution that goes the other way: what that convolution
 * calls the gradient of its output is our input.  So all three passes are
 * oneDNN's convolutions, in the layouts and cut into the pieces that make their
 * results independent of the number of threads (kernels/cpu/convolution.c).
 * The bias and its gradient are loops of our own.  4x4 kernels go by tiles
 * (kernels/cpu/convolution_winograd.c).
 */
#include "base/alloc.h"
#include "kernels/cpu/convolution.h"
#include "kernels/cpu/pieces.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

enum { MAX_BLOCK = 16 };

typedef struct transposed {
    bool cut; /* no primitive whose results do not depend on the threads */
    ost_pieces forward;
    ost_conversion forward_weights;
    ost_pieces data; /* gradient of the input; empty when not wanted */
    ost_conversion data_weights;
    ost_pieces weights; /* gradient of the weights, partial */
    ost_conversion weight_grad;
    float *partial;
    int64_t partial_step; /* floats of a partial gradient */
} transposed;

static void transposed_release(ost_layer *layer)
{
    transposed *t = layer->state;

    if (!t)
        return;
    ost_conversion_release(&t->weight_grad);
    ost_pieces_release(&t->weights);
    ost_conversion_release(&t->data_weights);
    ost_pieces_release(&t->data);
    ost_conversion_release(&t->forward_weights);
    ost_pieces_release(&t->forward);
    ost_free(t);
    layer->state = NULL;
}

/* The convolution that goes the other way; `in` becomes its output. */
static void turn(const ost_layer *layer, ost_layer *turned, ost_value *in)
{
    *in = *layer->in[0];
    in->block = layer->in_block[0];
    *turned = *layer;
    turned->in[0] = layer->out;
    turned->in_block[0] = layer->out->block;
    turned->out = in;
    turned->n_weights = 1;
}

static ost_rc make_forward(const ost_layer *layer, int64_t items, int threads,
                           ost_prim *prim, ost_err *err)
{
    ost_layer turned;
    ost_value in;

    turn(layer, &turned, &in);
    return ost_conv_backward_data(&turned, items, threads, prim, err);
}

static ost_rc make_data(const ost_layer *layer, int64_t items, int threads,
                        ost_prim *prim, ost_err *err)
{
    ost_layer turned;
    ost_value in;

    turn(layer, &turned, &in);
    return ost_conv_forward(&turned, items, threads, prim, err);
}

static ost_rc make_weights(const ost_layer *layer, int64_t items, int threads,
                           ost_prim *prim, ost_err *err)
{
    ost_layer turned;
    ost_value in;

    turn(layer, &turned, &in);
    return ost_conv_backward_weights(&turned, items, threads, prim, err);
}

/* A primitive's layout of weights over the channels that there are. */
static dnnl_memory_desc_t weight_desc(const ost_layer *layer,
                                      const dnnl_memory_desc_t *of)
{
    ost_layer turned;
    ost_value in;

    turn(layer, &turned, &in);
    return ost_conv_weight_desc(&turned, of);
}

/* Whether fast code exists for all three primitives in blocks. */
static bool fits(ost_layer *layer, int block)
{
    static const ost_piece_maker make[] = { make_forward, make_data,
                                            make_weights };
    bool fast = ost_conv_blocks_fit(layer, block);

    layer->in_block[0] = layer->out->block = block;
    for (int i = 0; i < 3 && fast; i++) {
        ost_prim prim = { 0 };

        fast = !make[i](layer, 1, 1, &prim, NULL) && ost_prim_is_fast(&prim);
        ost_prim_release(&prim);
    }
    return fast;
}

static void choose_layouts(ost_layer *layer, transposed *t)
{
    if (fits(layer, ost_cpu_block(layer->backend)))
        return;
    t->cut = true;
    layer->in_block[0] = layer->out->block = 1;
}

static ost_rc place_weights(ost_layer *layer, const ost_prim *prim,
                            ost_err *err)
{
    ost_layer turned;
    ost_value in;
    ost_rc rc;

    turn(layer, &turned, &in);
    rc = ost_conv_place_weights(&turned, prim, err);
    if (!rc && layer->n_weights > 1)
        rc = ost_layer_place_weight(layer, 1, layer->weights[1]->shape[0], NULL,
                                    err);
    return rc;
}

static ost_rc want_weights(ost_layer *layer, ost_conversion *c,
                           const ost_prim *prim, ost_life life, ost_err *err)
{
    dnnl_memory_desc_t want =
        weight_desc(layer, ost_prim_desc(prim, dnnl_query_weights_md));

    return ost_conversion_init_weights(c, layer, &want, life, err);
}

/* Floats of one item of a value in a channel block. */
static int64_t per_item(const ost_value *v, int block)
{
    ost_value blocked = *v;

    blocked.block = block;
    return ost_value_stored(&blocked) / v->shape[0];
}

/* The operands of a pass over our output, the weights and our input, in this
 * order. */
static ost_rc add_operands(const ost_layer *layer, ost_pieces *p,
                           const int names[2], const dnnl_query_t what[2],
                           ost_err *err)
{
    const ost_backend *b = layer->backend;
    ost_rc rc = ost_pieces_add(p, b, names[0], what[0], 0,
                               per_item(layer->out, layer->out->block), err);

    if (!rc)
        rc = ost_pieces_add(p, b, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0, 0,
                            err);
    if (!rc)
        rc = ost_pieces_add(p, b, names[1], what[1], 0,
                            per_item(layer->in[0], layer->in_block[0]), err);
    return rc;
}

static ost_rc prepare_forward(ost_layer *layer, transposed *t, ost_err *err)
{
    ost_pieces *p = &t->forward;
    ost_rc rc =
        ost_pieces_init(p, layer, make_forward, t->cut, OST_LIFE_FORWARD, err);

    if (!rc)
        rc = place_weights(layer, &p->whole, err);
    if (rc)
        return rc;
    layer->code[0] = ost_prim_code(&p->whole);
    rc = want_weights(layer, &t->forward_weights, &p->whole, OST_LIFE_FORWARD,
                      err);
    if (rc)
        return rc;
    return add_operands(
        layer, p, (int[]){ DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_DST },
        (dnnl_query_t[]){ dnnl_query_diff_src_md, dnnl_query_diff_dst_md },
        err);
}

static ost_rc prepare_data(ost_layer *layer, transposed *t, ost_err *err)
{
    ost_pieces *p = &t->data;
    ost_rc rc = ost_pieces_init(p, layer, make_data, t->cut,
                                OST_LIFE_BACKWARD_SECOND, err);

    if (rc)
        return rc;
    layer->code[1] = ost_prim_code(&p->whole);
    rc = want_weights(layer, &t->data_weights, &p->whole,
                      OST_LIFE_BACKWARD_SECOND, err);
    if (rc)
        return rc;
    return add_operands(
        layer, p, (int[]){ DNNL_ARG_SRC, DNNL_ARG_DST },
        (dnnl_query_t[]){ dnnl_query_src_md, dnnl_query_dst_md }, err);
}

static ost_rc prepare_weights(ost_layer *layer, transposed *t, ost_err *err)
{
    const ost_backend *b = layer->backend;
    dnnl_memory_desc_t keep = ost_conv_weight_kept(layer);
    dnnl_memory_desc_t given;
    ost_pieces *p = &t->weights;
    const dnnl_memory_desc_t *made;
    ost_rc rc = ost_pieces_init(p, layer, make_weights, true,
                                OST_LIFE_BACKWARD_FIRST, err);

    if (rc)
        return rc;
    layer->code[2] = ost_prim_code(&p->whole);
    made = ost_prim_desc(&p->whole, dnnl_query_diff_weights_md);
    if (p->rest.prim &&
        !dnnl_memory_desc_equal(
            made, ost_prim_desc(&p->rest, dnnl_query_diff_weights_md)))
        return ost_fail(err, OST_EUNSUPPORTED,
                        "oneDNN makes one gradient in two layouts");
    t->partial_step =
        (int64_t)((dnnl_memory_desc_get_size(made) + 63) / 64 * 16);
    ost_layer_memory(
        layer,
        (size_t)(t->partial_step * ost_pieces_runs(p, b, t->partial_step)) *
            sizeof(float),
        OST_LIFE_BACKWARD_FIRST, &t->partial);
    given = weight_desc(layer, made);
    rc = ost_conversion_init(&t->weight_grad, layer, &given, &keep,
                             OST_LIFE_BACKWARD_FIRST, err);
    if (!rc)
        rc = ost_pieces_add(p, b, DNNL_ARG_SRC, dnnl_query_src_md, 0,
                            per_item(layer->out, layer->out->block), err);
    if (!rc)
        rc = ost_pieces_add(p, b, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0,
                            per_item(layer->in[0], layer->in_block[0]), err);
    if (!rc)
        rc = ost_pieces_add_own(p, b, DNNL_ARG_DIFF_WEIGHTS,
                                dnnl_query_diff_weights_md, 0, t->partial_step,
                                err);
    return rc;
}

/* One channel block of one item; the lanes of missing channels stay zero. */
static void add_bias(const ost_layer *layer, int64_t plane)
{
    const ost_value *out = layer->out;
    int64_t c = plane % ost_value_blocks(out) * out->block;
    int64_t n = ost_value_area(out);
    float *y = out->data + plane * n * out->block;
    float bias[MAX_BLOCK] = { 0.0f };

    for (int l = 0; l < out->block && c + l < out->shape[1]; l++)
        bias[l] = layer->weights[1]->data[c + l];
    for (int64_t i = 0; i < n; i++)
        for (int l = 0; l < out->block; l++)
            y[i * out->block + l] += bias[l];
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    transposed *t = layer->state;
    int64_t planes = layer->out->shape[0] * ost_value_blocks(layer->out);
    float *weights;
    ost_rc rc =
        ost_conversion_weights(&t->forward_weights, layer, &weights, err);

    (void)pass;
    if (!rc)
        rc = ost_pieces_run(
            &t->forward, layer->backend,
            (float *[]){ layer->out->data, weights, layer->in[0]->data }, err);
    if (rc || layer->n_weights < 2)
        return rc;
    OST_OMP("omp parallel for schedule(static)")
    for (int64_t i = 0; i < planes; i++)
        add_bias(layer, i);
    return OST_OK;
}

/* The sums of one channel block over all items, in their order. */
static void sum_block(const ost_layer *layer, int64_t block)
{
    const ost_value *out = layer->out;
    int64_t blocks = ost_value_blocks(out);
    int64_t area = ost_value_area(out);
    int64_t c = block * out->block;
    double sum[MAX_BLOCK] = { 0.0 };

    for (int64_t n = 0; n < out->shape[0]; n++) {
        const float *dy = out->grad + (n * blocks + block) * area * out->block;

        for (int64_t i = 0; i < area; i++)
            for (int l = 0; l < out->block; l++)
                sum[l] += (double)dy[i * out->block + l];
    }
    for (int l = 0; l < out->block && c + l < out->shape[1]; l++)
        layer->weight_grad[1][c + l] = (float)sum[l];
}

static ost_rc backward_weights(ost_layer *layer, transposed *t, ost_err *err)
{
    int64_t blocks = ost_value_blocks(layer->out);
    ost_rc rc = ost_pieces_run_sum(
        &t->weights, layer->backend,
        (float *[]){ layer->out->grad, layer->in[0]->data, t->partial },
        t->partial, t->partial_step, err);

    if (rc)
        return rc;
    if (layer->n_weights > 1) {
        OST_OMP("omp parallel for schedule(static)")
        for (int64_t i = 0; i < blocks; i++)
            sum_block(layer, i);
    }
    if (ost_conversion_needed(&t->weight_grad))
        return ost_conversion_run(&t->weight_grad, layer, t->partial,
                                  layer->weight_grad[0], err);
    memcpy(layer->weight_grad[0], t->partial,
           (size_t)layer->weights[0]->stored * sizeof(float));
    return OST_OK;
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    transposed *t = layer->state;
    float *weights;
    ost_rc rc =
        layer->weight_grad[0] ? backward_weights(layer, t, err) : OST_OK;

    (void)pass;
    if (rc || !layer->in_grad[0])
        return rc;
    rc = ost_conversion_weights(&t->data_weights, layer, &weights, err);
    if (rc)
        return rc;
    return ost_pieces_run(
        &t->data, layer->backend,
        (float *[]){ layer->out->grad, weights, layer->in_grad[0] }, err);
}

ost_rc ost_cpu_conv_transpose2d(ost_layer *layer, ost_err *err)
{
    transposed *t;
    ost_rc rc;

    if (ost_conv_is_winograd(layer))
        return ost_conv_winograd(layer, err);
    layer->state = t = ost_xalloc(sizeof(*t));
    layer->release = transposed_release;
    layer->forward = forward;
    layer->backward = backward;
    choose_layouts(layer, t);
    rc = prepare_forward(layer, t, err);
    if (!rc && layer->training && layer->in[0]->wants_grad)
        rc = prepare_data(layer, t, err);
    if (!rc && layer->training)
        rc = prepare_weights(layer, t, err);
    return rc;
}
