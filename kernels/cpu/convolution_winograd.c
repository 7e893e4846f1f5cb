/* kernels/cpu/convolution_winograd.c - layers that go by tiles
 *
 * Convolutions and transposed ones, Winograd's way or directly, but always with
 * the weights read from where they lie and their gradients added to where they
 * belong: see kernels/cpu/winograd.h.  A transposed convolution is one that
 * goes from its output to its input, with its passes exchanged.
 *
 * Weights are kept in the machine's channel blocks, as oneDNN's convolutions
 * like them.  The choice hangs on the shape alone.
 */
#include "base/alloc.h"
#include "kernels/cpu/convolution.h"
#include "kernels/cpu/eights.h"
#include "kernels/cpu/threads.h"
#include "kernels/cpu/winograd.h"

#include "base/banned.h"

enum {
    CHANNELS = 32,      /* fewer, on any side, take the direct way */
    TILES = 4,          /* and so do fewer tiles, */
    STRIDED_TILES = 32, /* of kernels that take two steps at a time */
    WASTE = 3, /* and outputs of which tiles are this many times larger */
};

typedef struct wino_layer {
    ost_wino_pass forward;
    ost_wino_pass data;
    ost_wino_pass gradient;
    ost_conversion forward_weights;
    ost_conversion data_weights;
    ost_conversion weight_grad;
    float *forward_memory;
    float *gradient_memory;
    float *data_memory;
    float *made; /* gradient of the weights, when it is to be converted */
    ost_finish finish;
    bool transposed;
} wino_layer;

/* What the convolution reads and makes: those of a transposed layer the other
 * way around. */
typedef struct ends {
    const ost_value *in;
    const ost_value *out;
} ends;

static void wino_release(ost_layer *layer)
{
    wino_layer *l = layer->state;

    if (!l)
        return;
    ost_conversion_release(&l->weight_grad);
    ost_conversion_release(&l->data_weights);
    ost_conversion_release(&l->forward_weights);
    ost_free(l);
    layer->state = NULL;
}

/* Whether a value has a depth. */
static bool has_depth(const ost_value *v)
{
    return v->ndim == 5;
}

static ost_wino_value value_of(const ost_value *v, int block)
{
    const int64_t *side = v->shape + 2 + has_depth(v);

    return (ost_wino_value){ .items = v->shape[0],
                             .eights = v->shape[1] / OST_EIGHT,
                             .depth = has_depth(v) ? v->shape[2] : 1,
                             .side = { side[0], side[1] },
                             .block = block };
}

static bool is_transposed(const ost_layer *layer)
{
    return strcmp(layer->kind->name, "conv_transpose2d") == 0;
}

static ends ends_of(const ost_layer *layer)
{
    if (is_transposed(layer))
        return (ends){ layer->out, layer->in[0] };
    return (ends){ layer->in[0], layer->out };
}

static ost_wino_window window_of(const ost_layer *layer)
{
    const ost_weight *w = layer->weights[0];
    int depth = has_depth(layer->out);
    ost_wino_window window = {
        .depth = depth ? w->shape[2] : 1,
        .side = w->shape[2 + depth],
        .stride = ost_layer_attr_int(layer, "stride", depth),
        .block = ost_cpu_block(layer->backend),
    };

    for (int i = !depth; i < 3; i++)
        window.padding[i] = ost_layer_attr_int(layer, "padding", i - !depth);
    return window;
}

/* One step at a time, two equal sides of 3 or 5; of 4 also two steps. */
static bool kernel_fits(const ost_layer *layer)
{
    const int64_t *kernel = layer->weights[0]->shape + 2;
    int sides = layer->out->ndim - 2;
    int64_t side = kernel[sides - 1];
    int64_t stride = ost_layer_attr_int(layer, "stride", 0);

    for (int i = 0; i < sides; i++)
        if (ost_layer_attr_int(layer, "stride", i) != stride ||
            ost_layer_attr_int(layer, "dilation", i) > 1 ||
            ost_layer_attr_int(layer, "padding", i) >= kernel[i])
            return false;
    if (kernel[sides - 2] != side)
        return false;
    if (side == 4 && sides == 2)
        return stride <= 2;
    return (side == 3 || side == 5) && stride == 1 && !is_transposed(layer);
}

/* Whether the tiles of a convolution are many, and mostly used. */
static bool is_worth_it(const ost_wino_value *out,
                        const ost_wino_window *window)
{
    ost_wino_grid g = ost_wino_grid_of(out, window);

    return g.tiles >= (window->stride > 1 ? STRIDED_TILES : TILES) &&
           g.tiles * g.out * g.out <
               WASTE * out->items * out->depth * out->side[0] * out->side[1];
}

/* Finds the way to go; false: none of these. */
static bool choose(const ost_layer *layer, ost_wino_window *window)
{
    const ost_weight *w = layer->weights[0];
    int block = ost_cpu_block(layer->backend);
    ost_wino_value out;

    if (w->ndim < 4 || w->shape[0] % block || w->shape[1] % block ||
        w->shape[0] < CHANNELS || w->shape[1] < CHANNELS ||
        ost_conv_groups(layer) > 1 || !kernel_fits(layer))
        return false;
    *window = window_of(layer);
    out = value_of(ends_of(layer).out, block);
    window->direct = !is_worth_it(&out, window);
    return !window->direct || window->side == 4;
}

bool ost_conv_is_winograd(const ost_layer *layer)
{
    ost_wino_window window;

    return choose(layer, &window);
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    wino_layer *l = layer->state;
    ost_wino_end end = { .finish = &l->finish };
    float *weights;
    ost_rc rc =
        ost_conversion_weights(&l->forward_weights, layer, &weights, err);

    (void)pass;
    if (rc)
        return rc;
    if (layer->n_weights > 1)
        end.bias = layer->weights[1]->data;
    ost_finish_begin(&l->finish);
    ost_wino_convolve(&l->forward, layer->in[0]->data, weights, &end,
                      layer->out->data, l->forward_memory);
    return OST_OK;
}

static bool fuse(ost_layer *layer, const ost_layer *next)
{
    wino_layer *l = layer->state;

    return ost_finish_take(&l->finish, layer, next);
}

/* The sum of every channel over all positions, in the order of the items;
 * `add`: to what is there. */
static void bias_grad(const ost_wino_value *v, const float *dy, bool add,
                      float *grad)
{
    int64_t area = v->depth * v->side[0] * v->side[1];

    OST_OMP("omp parallel for schedule(dynamic, 1)")
    for (int64_t e = 0; e < v->eights; e++) {
        int64_t c = e * OST_EIGHT;
        ost_eight sum = ost_eight_of(0.0f);

        for (int64_t n = 0; n < v->items; n++) {
            const float *p =
                dy +
                (n * (v->eights * OST_EIGHT / v->block) + c / v->block) * area *
                    v->block +
                c % v->block;
            ost_eight part[4] = { { 0 } };
            int64_t i = 0;

            for (; i + 4 <= area; i += 4)
                for (int k = 0; k < 4; k++)
                    part[k] += ost_eight_load(p + (i + k) * v->block);
            for (; i < area; i++)
                part[0] += ost_eight_load(p + i * v->block);
            sum += (part[0] + part[1]) + (part[2] + part[3]);
        }
        ost_eight_store(grad + c, add ? ost_eight_load(grad + c) + sum : sum);
    }
}

static ost_rc backward_weights(ost_layer *layer, wino_layer *l, ost_err *err)
{
    const float *in = layer->in[0]->data;
    const float *dy = layer->out->grad;
    float *grad = layer->weight_grad[0];
    float *made = l->made ? l->made : grad;

    if (l->transposed)
        ost_wino_correlation(&l->gradient, dy, in, layer->add_weight[0], made,
                             l->gradient_memory);
    else
        ost_wino_correlation(&l->gradient, in, dy, layer->add_weight[0], made,
                             l->gradient_memory);
    if (!l->made)
        return OST_OK;
    return ost_conversion_run(&l->weight_grad, layer, made, grad, err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    wino_layer *l = layer->state;
    const float *dy = layer->out->grad;
    ost_wino_value out = value_of(layer->out, layer->out->block);
    float *weights;
    ost_rc rc = OST_OK;

    (void)pass;
    if (layer->weight_grad[0])
        rc = backward_weights(layer, l, err);
    if (layer->n_weights > 1 && layer->weight_grad[1])
        bias_grad(&out, dy, layer->add_weight[1], layer->weight_grad[1]);
    if (rc || !layer->in_grad[0])
        return rc;
    rc = ost_conversion_weights(&l->data_weights, layer, &weights, err);
    if (rc)
        return rc;
    ost_wino_convolve(&l->data, dy, weights, NULL, layer->in_grad[0],
                      l->data_memory);
    return OST_OK;
}

/* The weights' layout: OIdhw8i8o or OIdhw16i16o, without d where there is no
 * depth.  A transposed layer's channels go in where a convolution's come out.
 */
static dnnl_memory_desc_t wanted_layout(const ost_layer *layer)
{
    int ndim = layer->weights[0]->ndim;
    bool by8 = ost_cpu_block(layer->backend) == 8;
    dnnl_format_tag_t flat = by8 ? dnnl_ABcd8b8a : dnnl_ABcd16b16a;
    dnnl_format_tag_t deep = by8 ? dnnl_ABcde8b8a : dnnl_ABcde16b16a;
    dnnl_dims_t dims = { 0 };
    dnnl_memory_desc_t md;

    memcpy(dims, layer->weights[0]->shape, (size_t)ndim * sizeof(dims[0]));
    if (dnnl_memory_desc_init_by_tag(&md, ndim, dims, dnnl_f32,
                                     ndim == 4 ? flat : deep))
        OST_BUG();
    return md;
}

static ost_rc place_weights(ost_layer *layer, const dnnl_memory_desc_t *want,
                            ost_err *err)
{
    dnnl_memory_desc_t *layout = ost_xalloc(sizeof(*layout));
    int64_t count = (int64_t)(dnnl_memory_desc_get_size(want) / sizeof(float));
    ost_rc rc;

    *layout = *want;
    rc = ost_layer_place_weight(layer, 0, count, layout, err);
    if (!rc && layer->n_weights > 1)
        rc = ost_layer_place_weight(layer, 1, layer->weights[1]->shape[0], NULL,
                                    err);
    return rc;
}

static ost_rc prepare_weights(ost_layer *layer, wino_layer *l, ost_err *err)
{
    dnnl_memory_desc_t want = wanted_layout(layer);
    dnnl_memory_desc_t kept;
    ost_rc rc = place_weights(layer, &want, err);

    if (!rc)
        rc = ost_conversion_init_weights(&l->forward_weights, layer, &want,
                                         OST_LIFE_FORWARD, err);
    if (!rc && layer->training)
        rc = ost_conversion_init_weights(&l->data_weights, layer, &want,
                                         OST_LIFE_BACKWARD_SECOND, err);
    if (!rc && layer->training) {
        kept = ost_conv_weight_kept(layer);
        rc = ost_conversion_init(&l->weight_grad, layer, &want, &kept,
                                 OST_LIFE_BACKWARD_FIRST, err);
    }
    if (!rc && ost_conversion_needed(&l->weight_grad))
        ost_layer_memory(layer, dnnl_memory_desc_get_size(&want),
                         OST_LIFE_BACKWARD_FIRST, &l->made);
    else
        layer->adds = true;
    return rc;
}

static size_t bytes_of(const ost_layer *layer, const ost_wino_pass *p)
{
    return (size_t)(p->shared + layer->backend->threads * p->own) *
           sizeof(float);
}

static void prepare_passes(ost_layer *layer, wino_layer *l,
                           const ost_wino_window *window)
{
    int block = layer->in_block[0];
    ost_wino_value in = value_of(ends_of(layer).in, block);
    ost_wino_value out = value_of(ends_of(layer).out, block);
    ost_wino_pass along = ost_wino_pass_of(&in, &out, window, false);
    ost_wino_pass back = ost_wino_pass_of(&out, &in, window, true);

    l->forward = l->transposed ? back : along;
    l->data = l->transposed ? along : back;
    ost_layer_memory(layer, bytes_of(layer, &l->forward), OST_LIFE_FORWARD,
                     &l->forward_memory);
    if (!layer->training)
        return;
    l->gradient = ost_wino_gradient_of(&in, &out, window);
    ost_layer_memory(layer, bytes_of(layer, &l->gradient),
                     OST_LIFE_BACKWARD_FIRST, &l->gradient_memory);
    if (layer->in[0]->wants_grad)
        ost_layer_memory(layer, bytes_of(layer, &l->data),
                         OST_LIFE_BACKWARD_SECOND, &l->data_memory);
}

ost_rc ost_conv_winograd(ost_layer *layer, ost_err *err)
{
    wino_layer *l = ost_xalloc(sizeof(*l));
    ost_wino_window window;

    if (!choose(layer, &window))
        OST_BUG();
    layer->state = l;
    l->transposed = is_transposed(layer);
    layer->release = wino_release;
    layer->forward = forward;
    layer->backward = backward;
    if (!layer->training)
        layer->fuse = fuse;
    for (int i = 0; i < 3; i++)
        layer->code[i] = window.direct ? "tiles of one" : "winograd";
    layer->in_block[0] = layer->out->block = ost_cpu_block(layer->backend);
    prepare_passes(layer, l, &window);
    return prepare_weights(layer, l, err);
}
