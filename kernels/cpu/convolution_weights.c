/* kernels/cpu/convolution_weights.c - the gradient of a convolution's weights
 *
 * oneDNN divides this sum among its threads, so that its last bits depend on
 * how many there are.  Here the batch is cut into chunks of images, by the
 * shape alone; each chunk is a primitive for one thread with a partial gradient
 * of its own, and the partial gradients are added pairwise in a fixed tree.
 *
 * The chunks: at most MAX_CHUNKS, so that partial gradients stay small.  The
 * last chunk may have fewer images and is then another primitive.
 */
#include "base/alloc.h"
#include "kernels/cpu/convolution.h"
#include "kernels/cpu/threads.h"

#include <string.h>

#include "base/banned.h"

enum { MAX_CHUNKS = 16, BIAS_ALIGN = 16 };

struct ost_conv_weights {
    ost_prim whole; /* for chunks of `images` images */
    ost_prim rest;  /* for the last chunk, when it has fewer */
    int64_t images;
    int chunks;
    ost_args args[MAX_CHUNKS];
    int64_t src_step; /* floats from one chunk to the next */
    int64_t dst_step;
    int64_t grad_step;  /* floats of a partial gradient, bias behind it */
    int64_t grad_count; /* floats of the weights in it */
    float *partial;     /* chunks * grad_step */
    char *scratch;      /* one piece a thread */
    size_t scratch_step;
    ost_prim convert; /* to the layout that the weight is kept in */
    ost_args convert_args;
    void *convert_scratch;
};

void ost_conv_weights_free(ost_conv_weights *c)
{
    if (!c)
        return;
    ost_args_release(&c->convert_args);
    ost_prim_release(&c->convert);
    for (int i = 0; i < c->chunks; i++)
        ost_args_release(&c->args[i]);
    ost_prim_release(&c->rest);
    ost_prim_release(&c->whole);
    ost_free(c);
}

static ost_rc make_prim(const ost_layer *layer, int64_t images, ost_prim *prim,
                        ost_err *err)
{
    const ost_weight *w = layer->weights[0];
    ost_conv_sides s = ost_conv_sides_of(layer);
    dnnl_memory_desc_t src =
        ost_dnnl_desc_n(layer->in[0], layer->in_block[0], images);
    dnnl_memory_desc_t dst =
        ost_dnnl_desc_n(layer->out, layer->out->block, images);
    dnnl_memory_desc_t weights = ost_dnnl_plain(w->ndim, w->shape);
    dnnl_memory_desc_t bias = ost_dnnl_plain(1, w->shape);
    bool with_bias = layer->n_weights > 1;
    ost_prim hint = { 0 };
    dnnl_convolution_desc_t op;
    ost_rc rc;

    dnnl_memory_desc_init_by_tag(&weights, weights.ndims, weights.dims,
                                 dnnl_f32, dnnl_format_tag_any);
    rc = ost_dnnl_check(dnnl_dilated_convolution_forward_desc_init(
                            &op, dnnl_forward_training, dnnl_convolution_direct,
                            &src, &weights, with_bias ? &bias : NULL, &dst,
                            s.stride, s.dilation, s.padding, s.padding),
                        "describe a convolution", err);
    if (!rc)
        rc = ost_prim_init(&hint, layer->backend, &op, NULL, 1,
                           "make a convolution", err);
    if (!rc)
        rc = ost_dnnl_check(dnnl_dilated_convolution_backward_weights_desc_init(
                                &op, dnnl_convolution_direct, &src, &weights,
                                with_bias ? &bias : NULL, &dst, s.stride,
                                s.dilation, s.padding, s.padding),
                            "describe a convolution", err);
    if (!rc)
        rc = ost_prim_init(prim, layer->backend, &op, &hint, 1,
                           "make a convolution", err);
    ost_prim_release(&hint);
    return rc;
}

static ost_rc make_args(const ost_layer *layer, ost_conv_weights *c,
                        ost_err *err)
{
    const ost_backend *b = layer->backend;
    dnnl_memory_desc_t bias = ost_dnnl_plain(1, layer->weights[0]->shape);
    ost_rc rc = OST_OK;

    for (int i = 0; i < c->chunks && !rc; i++) {
        const ost_prim *p =
            i == c->chunks - 1 && c->rest.prim ? &c->rest : &c->whole;
        ost_args *a = &c->args[i];

        rc = ost_args_add(a, b, DNNL_ARG_SRC,
                          ost_prim_desc(p, dnnl_query_src_md), err);
        if (!rc)
            rc = ost_args_add(a, b, DNNL_ARG_DIFF_DST,
                              ost_prim_desc(p, dnnl_query_diff_dst_md), err);
        if (!rc)
            rc =
                ost_args_add(a, b, DNNL_ARG_DIFF_WEIGHTS,
                             ost_prim_desc(p, dnnl_query_diff_weights_md), err);
        if (!rc)
            rc = ost_args_add(a, b, DNNL_ARG_SCRATCHPAD,
                              ost_prim_desc(p, dnnl_query_scratchpad_md), err);
        if (!rc && layer->n_weights > 1)
            rc = ost_args_add(a, b, DNNL_ARG_DIFF_BIAS, &bias, err);
    }
    return rc;
}

static ost_rc make_conversion(ost_layer *layer, ost_conv_weights *c,
                              ost_err *err)
{
    const ost_backend *b = layer->backend;
    const dnnl_memory_desc_t *from =
        ost_prim_desc(&c->whole, dnnl_query_diff_weights_md);
    const dnnl_memory_desc_t *to = layer->weights[0]->layout;
    ost_rc rc;

    if (c->rest.prim &&
        !dnnl_memory_desc_equal(
            from, ost_prim_desc(&c->rest, dnnl_query_diff_weights_md)))
        return ost_fail(err, OST_EUNSUPPORTED,
                        "oneDNN wants two layouts for one gradient");
    if (dnnl_memory_desc_equal(from, to))
        return OST_OK;
    rc = ost_prim_init_reorder(&c->convert, b, from, to, err);
    if (!rc)
        rc = ost_args_add(&c->convert_args, b, DNNL_ARG_FROM, from, err);
    if (!rc)
        rc = ost_args_add(&c->convert_args, b, DNNL_ARG_TO, to, err);
    if (!rc)
        rc = ost_args_add_scratch(&c->convert_args, b, &c->convert, err);
    ost_layer_memory(layer, c->convert.scratch, OST_LIFE_BACKWARD,
                     &c->convert_scratch);
    return rc;
}

static void ask_memory(ost_layer *layer, ost_conv_weights *c)
{
    ost_value src = *layer->in[0];
    int64_t out = layer->weights[0]->shape[0];
    int64_t padded = (out + BIAS_ALIGN - 1) / BIAS_ALIGN * BIAS_ALIGN;
    size_t bytes = dnnl_memory_desc_get_size(
        ost_prim_desc(&c->whole, dnnl_query_diff_weights_md));
    size_t scratch =
        c->whole.scratch > c->rest.scratch ? c->whole.scratch : c->rest.scratch;

    src.block = layer->in_block[0];
    c->src_step = ost_value_stored(&src) / src.shape[0] * c->images;
    c->dst_step =
        ost_value_stored(layer->out) / layer->out->shape[0] * c->images;
    c->grad_count = (int64_t)((bytes + 63) / 64 * 16);
    c->grad_step = c->grad_count + padded;
    c->scratch_step = (scratch + 4095) / 4096 * 4096;
    ost_layer_memory(layer,
                     (size_t)c->grad_step * (size_t)c->chunks * sizeof(float),
                     OST_LIFE_BACKWARD, &c->partial);
    ost_layer_memory(layer, c->scratch_step * (size_t)layer->backend->threads,
                     OST_LIFE_BACKWARD, &c->scratch);
}

ost_rc ost_conv_weights_new(ost_layer *layer, ost_conv_weights **made,
                            ost_err *err)
{
    ost_conv_weights *c = ost_xalloc(sizeof(*c));
    int64_t n = layer->in[0]->shape[0];
    ost_rc rc;

    *made = c;
    c->images = (n + MAX_CHUNKS - 1) / MAX_CHUNKS;
    c->chunks = (int)((n + c->images - 1) / c->images);
    rc = make_prim(layer, c->images, &c->whole, err);
    if (!rc && n % c->images)
        rc = make_prim(layer, n % c->images, &c->rest, err);
    if (!rc)
        rc = make_args(layer, c, err);
    if (!rc)
        rc = make_conversion(layer, c, err);
    if (!rc)
        ask_memory(layer, c);
    layer->code[2] = ost_prim_code(&c->whole);
    return rc;
}

static ost_rc run_chunk(ost_conv_weights *c, const ost_layer *layer, int i,
                        ost_err *err)
{
    const ost_prim *p =
        i == c->chunks - 1 && c->rest.prim ? &c->rest : &c->whole;
    float *grad = c->partial + i * c->grad_step;
    size_t thread = (size_t)omp_get_thread_num();

    return ost_prim_run(p, layer->backend, &c->args[i],
                        (void *[]){ layer->in[0]->data + i * c->src_step,
                                    layer->out->grad + i * c->dst_step, grad,
                                    c->scratch + thread * c->scratch_step,
                                    grad + c->grad_count },
                        err);
}

/* Adds floats a to e of all partial gradients into those of the first. */
static void add_tree(const ost_conv_weights *c, int64_t a, int64_t e)
{
    for (int step = 1; step < c->chunks; step *= 2)
        for (int i = 0; i + step < c->chunks; i += 2 * step) {
            float *sum = c->partial + i * c->grad_step;
            const float *add = c->partial + (i + step) * c->grad_step;

            for (int64_t k = a; k < e; k++)
                sum[k] += add[k];
        }
}

ost_rc ost_conv_weights_run(ost_conv_weights *c, ost_layer *layer, ost_err *err)
{
    int threads = layer->backend->threads;
    int64_t pieces = ost_cpu_chunks(c->grad_step);
    ost_rc failed = OST_OK;

    if (!layer->weight_grad[0])
        return OST_OK;
    OST_OMP("omp parallel for num_threads(threads) schedule(dynamic, 1)")
    for (int i = 0; i < c->chunks; i++) {
        ost_rc rc = run_chunk(c, layer, i, NULL);

        if (rc) {
            OST_OMP("omp atomic write")
            failed = rc;
        }
    }
    if (failed)
        return ost_fail(err, failed, "oneDNN cannot run a primitive");
    OST_OMP("omp parallel for num_threads(threads) schedule(static)")
    for (int64_t i = 0; i < pieces; i++) {
        int64_t a = i * OST_CPU_CHUNK;
        int64_t e = a + OST_CPU_CHUNK;

        add_tree(c, a, e < c->grad_step ? e : c->grad_step);
    }
    if (layer->n_weights > 1)
        memcpy(layer->weight_grad[1], c->partial + c->grad_count,
               (size_t)layer->weights[1]->stored * sizeof(float));
    if (c->convert.prim)
        return ost_prim_run(
            &c->convert, layer->backend, &c->convert_args,
            (void *[]){ c->partial, layer->weight_grad[0], c->convert_scratch },
            err);
    memcpy(layer->weight_grad[0], c->partial,
           (size_t)layer->weights[0]->stored * sizeof(float));
    return OST_OK;
}
