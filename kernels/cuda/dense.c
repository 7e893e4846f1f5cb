/* kernels/cuda/dense.c - every output hangs on every input
 *
 * One product forward, with the bias and a ReLU behind it, and a chain for what
 * follows (kernels/cuda/chain.h); backward one for the
 * gradients of weight and bias and one for that of the input.  In bf16 and f16
 * the operands are rounded in one launch before; the results are f32 as they
 * are.  In f16 the gradient of the output is scaled by a power of two of its
 * own meanwhile (docs/decisions/0243).
 */
#include "base/alloc.h"
#include "kernels/cuda/chain.h"
#include "kernels/cuda/operands.h"
#include "kernels/cuda/product.h"

#include <string.h>

#include "base/banned.h"

/* The exponent that the largest gradient gets. */
enum { AIM = 8 };

typedef struct dense {
    ost_product ahead;
    ost_product data;
    ost_product weights;
    ost_product both; /* gradients of weight and bias, where cuBLAS has it */
    bool has_both;
    bool relu;          /* behind it */
    ost_cuda_chain end; /* what follows that */
    ost_bias_sum sum;
    /* Operands of 16 bits. */
    void *x;
    void *w;
    void *back_x;
    void *back_w;
    void *dy;
    float *largest;
    float *undo;
} dense;

static void dense_release(ost_layer *layer)
{
    dense *d = layer->state;

    if (!d)
        return;
    ost_bias_sum_release(&d->sum);
    ost_product_release(&d->both);
    ost_product_release(&d->weights);
    ost_product_release(&d->data);
    ost_product_release(&d->ahead);
    ost_free(d);
    layer->state = NULL;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const dense *d = layer->state;
    const void *x = layer->in[0]->data;
    const void *w = layer->weights[0]->data;
    const float *bias = layer->n_weights > 1 ? layer->weights[1]->data : NULL;
    ost_rc rc;

    (void)pass;
    if (ost_operand_type() != OST_NUMBER_F32) {
        ost_narrow n = { 0 };

        ost_operand_add(&n, x, d->x, ost_value_stored(layer->in[0]));
        ost_operand_add(&n, w, d->w, layer->weights[0]->stored);
        rc = ost_operands_round(&n, err);
        if (rc)
            return rc;
        x = d->x;
        w = d->w;
    }
    rc = ost_product_run(&d->ahead, x, w, layer->out->data, false, bias, NULL,
                         err);
    return rc ? rc
              : ost_cuda_chain_run(&d->end, layer->out, layer->out->data,
                                   layer->out->data, err);
}

static ost_rc round_gradients(const ost_layer *layer, ost_err *err)
{
    const dense *d = layer->state;
    ost_narrow n = { .largest = d->largest, .aim = AIM, .undo = d->undo };

    ost_operand_add(&n, layer->out->grad, d->dy, ost_value_stored(layer->out));
    if (layer->weight_grad[0])
        ost_operand_add(&n, layer->in[0]->data, d->back_x,
                        ost_value_stored(layer->in[0]));
    if (layer->in_grad[0])
        ost_operand_add(&n, layer->weights[0]->data, d->back_w,
                        layer->weights[0]->stored);
    return ost_operands_round(&n, err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const dense *d = layer->state;
    bool narrow = ost_operand_type() != OST_NUMBER_F32;
    float *dw = layer->weight_grad[0];
    bool both =
        d->has_both && dw && layer->weight_grad[1] && !layer->add_weight[1];
    const void *dy = narrow ? d->dy : layer->out->grad;
    const void *x = narrow ? d->back_x : (const void *)layer->in[0]->data;
    const void *w = narrow ? d->back_w : (const void *)layer->weights[0]->data;
    ost_rc rc = both ? OST_OK : ost_bias_sum_run(&d->sum, layer, err);

    (void)pass;
    if (!rc && narrow)
        rc = round_gradients(layer, err);
    if (!rc && dw)
        rc = ost_product_run(both ? &d->both : &d->weights, dy, x, dw,
                             layer->add_weight[0], layer->weight_grad[1],
                             d->undo, err);
    if (!rc && layer->in_grad[0])
        rc = ost_product_run(&d->data, dy, w, layer->in_grad[0],
                             layer->add_in[0], NULL, d->undo, err);
    return rc;
}

static ost_product_end end_of(const ost_layer *layer, bool relu)
{
    if (layer->n_weights > 1)
        return relu ? OST_PRODUCT_BIAS_RELU : OST_PRODUCT_BIAS;
    return relu ? OST_PRODUCT_RELU : OST_PRODUCT_PLAIN;
}

/* (N, out) = (N, K) (out, K)' */
static ost_rc init_forward(const ost_layer *layer, ost_product *product,
                           ost_product_end end, ost_err *err)
{
    ost_product_spec spec = { .rows = layer->out->shape[0],
                              .columns = layer->out->shape[1],
                              .inner = layer->in[0]->shape[1],
                              .y_across = true,
                              .end = end };

    return ost_product_init(product, &spec, err);
}

/* Where the library has no such product with a bias, that is a step behind it.
 */
static ost_rc init_ahead(const ost_layer *layer, dense *d, ost_err *err)
{
    ost_err why = { 0 };
    ost_rc rc = init_forward(layer, &d->ahead, end_of(layer, false), &why);

    if (rc == OST_EUNSUPPORTED && layer->n_weights > 1) {
        ost_product_release(&d->ahead);
        (void)ost_cuda_chain_bias(&d->end, layer->weights[1]);
        return init_forward(layer, &d->ahead, OST_PRODUCT_PLAIN, err);
    }
    return rc ? ost_fail(err, rc, "%s", why.text) : OST_OK;
}

/* (N, K) = (N, out) (out, K) */
static ost_rc init_data(const ost_layer *layer, dense *d, ost_err *err)
{
    ost_product_spec spec = { .rows = layer->out->shape[0],
                              .columns = layer->in[0]->shape[1],
                              .inner = layer->out->shape[1],
                              .scaled = ost_operand_type() == OST_NUMBER_F16 };

    return ost_product_init(&d->data, &spec, err);
}

/* (out, K) = (N, out)' (N, K), and the sums over N of the gradient */
static ost_rc init_weights(const ost_layer *layer, dense *d, ost_err *err)
{
    ost_product_spec spec = { .rows = layer->out->shape[1],
                              .columns = layer->in[0]->shape[1],
                              .inner = layer->out->shape[0],
                              .x_across = true,
                              .scaled = ost_operand_type() == OST_NUMBER_F16 };
    ost_err ignored = { 0 };
    ost_rc rc = ost_product_init(&d->weights, &spec, err);

    if (rc || layer->n_weights < 2)
        return rc;
    rc = ost_bias_sum_init(&d->sum, layer->out, err);
    if (rc || ost_operand_type() != OST_NUMBER_F32)
        return rc;
    spec.end = OST_PRODUCT_SUMS;
    d->has_both = !ost_product_init(&d->both, &spec, &ignored);
    return OST_OK;
}

/* Puts a ReLU into the product. */
static bool take_relu(const ost_layer *layer, dense *d)
{
    ost_product with = { 0 };
    ost_err ignored = { 0 };

    if (init_forward(layer, &with, end_of(layer, true), &ignored)) {
        ost_product_release(&with);
        return false;
    }
    ost_product_release(&d->ahead);
    d->ahead = with;
    return d->relu = true;
}

static bool fuse(ost_layer *layer, const ost_layer *next)
{
    dense *d = layer->state;
    bool first = !d->relu && d->end.steps == 0;

    if (first && strcmp(next->kind->name, "relu") == 0 && take_relu(layer, d))
        return true;
    return ost_cuda_chain_take(&d->end, next);
}

static void ask_for_operands(ost_layer *layer, dense *d)
{
    int64_t in = ost_value_stored(layer->in[0]);
    int64_t out = ost_value_stored(layer->out);
    int64_t weight = ost_weight_count(layer->weights[0]);

    ost_operand_memory(layer, in, OST_LIFE_FORWARD, &d->x);
    ost_operand_memory(layer, weight, OST_LIFE_FORWARD, &d->w);
    if (!layer->training)
        return;
    ost_operand_memory(layer, out, OST_LIFE_BACKWARD, &d->dy);
    if (layer->weights[0]->learned)
        ost_operand_memory(layer, in, OST_LIFE_BACKWARD, &d->back_x);
    if (layer->in[0]->wants_grad)
        ost_operand_memory(layer, weight, OST_LIFE_BACKWARD, &d->back_w);
    if (ost_operand_type() != OST_NUMBER_F16)
        return;
    ost_layer_memory(layer, OST_OPERAND_PARTS * sizeof(float),
                     OST_LIFE_BACKWARD, &d->largest);
    ost_layer_memory(layer, OST_UNDO_NUMBERS * sizeof(float), OST_LIFE_BACKWARD,
                     &d->undo);
}

ost_rc ost_cuda_dense(ost_layer *layer, ost_err *err)
{
    dense *d = ost_xalloc(sizeof(*d));
    ost_rc rc;

    layer->state = d;
    layer->release = dense_release;
    rc = init_ahead(layer, d, err);
    if (!rc && layer->training && layer->in[0]->wants_grad)
        rc = init_data(layer, d, err);
    if (!rc && layer->training)
        rc = init_weights(layer, d, err);
    for (int i = 0; i < layer->n_weights && !rc; i++)
        rc = ost_layer_place_weight(
            layer, i, ost_weight_count(layer->weights[i]), NULL, err);
    if (rc)
        return rc;
    if (ost_operand_type() != OST_NUMBER_F32)
        ask_for_operands(layer, d);
    layer->forward = forward;
    layer->backward = backward;
    layer->fuse = fuse;
    layer->adds = layer->adds_in = true;
    layer->code[0] = layer->code[1] = layer->code[2] = "cublaslt";
    return OST_OK;
}
