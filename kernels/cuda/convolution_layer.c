/* kernels/cuda/convolution_layer.c - layers that are convolutions
 *
 * In f32 and tf32 cuDNN works on values and weights as they are: one call
 * forward, with the bias and a ReLU behind it where cuDNN takes them along, and
 * otherwise a chain for all that follows (kernels/cuda/chain.h); one each for
 * the gradients of the input and the weight.  The gradient of the bias is added
 * up on the way back through what follows.
 *
 * In bf16 and f16 the operands are rounded in one launch before, and the
 * results made f32 in one after, with the bias.  In f16 the gradient of the
 * output is scaled by a power of two of its own meanwhile
 * (docs/decisions/0243).
 */
#include "base/alloc.h"
#include "kernels/cuda/bias_back.h"
#include "kernels/cuda/convolution_passes.h"
#include "kernels/cuda/operands.h"

#include <string.h>

#include "base/banned.h"

/* Operands of 16 bits. */
typedef struct narrow_operands {
    void *in;
    void *weight;
    void *out; /* forward: the result; backward: the gradient */
    void *in_grad;
    void *weight_grad;
} narrow_operands;

typedef struct conv_layer {
    ost_conv conv;
    ost_conv_way forward;
    ost_conv_way data;     /* of the gradient of the input */
    ost_cuda_chain end;    /* the bias and what follows */
    bool relu;             /* a ReLU alone follows the bias */
    bool along;            /* cuDNN does the whole end */
    ost_bias_back bias;    /* of the way back, and what follows */
    narrow_operands ahead; /* forward */
    narrow_operands back;
    float *largest;
    float *undo;
    int aim;
} conv_layer;

static void conv_release(ost_layer *layer)
{
    conv_layer *c = layer->state;

    if (!c)
        return;
    ost_conv_release(&c->conv);
    ost_free(c);
    layer->state = NULL;
}

static void name_code(ost_layer *layer, const conv_layer *c)
{
    layer->code[0] = c->conv.pass[c->forward].code;
    layer->code[1] = c->conv.pass[c->data].code;
    layer->code[2] = c->conv.pass[OST_CONV_FILTER].code;
}

/* With another algorithm from now on where the library refuses one. */
static ost_rc run(ost_layer *layer, ost_conv_way way, void *in, void *weight,
                  void *out, bool add, ost_err *err)
{
    conv_layer *c = layer->state;
    bool down = c->forward == OST_CONV_DOWN;
    ost_rc rc = ost_conv_run(&c->conv, way, down ? in : out, down ? out : in,
                             weight, add, err);

    name_code(layer, c);
    return rc;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    conv_layer *c = layer->state;
    void *in = layer->in[0]->data;
    void *weight = layer->weights[0]->data;
    float *out = layer->out->data;
    ost_rc rc;

    (void)pass;
    if (c->along) {
        rc = ost_conv_run_end(&c->conv, in, weight, layer->weights[1]->data,
                              c->relu, out, err);
        if (rc != OST_EUNSUPPORTED)
            return rc;
        c->along = false;
    }
    rc = run(layer, c->forward, in, weight, out, false, err);
    return rc ? rc : ost_cuda_chain_run(&c->end, layer->out, out, out, err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const conv_layer *c = layer->state;
    float *dy = layer->out->grad;
    ost_rc rc = ost_bias_back_run(&c->bias, layer, err);

    (void)pass;
    if (!rc && layer->weight_grad[0])
        rc = run(layer, OST_CONV_FILTER, layer->in[0]->data,
                 layer->weight_grad[0], dy, layer->add_weight[0], err);
    if (!rc && layer->in_grad[0])
        rc = run(layer, c->data, layer->in_grad[0], layer->weights[0]->data, dy,
                 layer->add_in[0], err);
    return rc;
}

/* From the result of 16 bits to the output: in one launch where bias and ReLU
 * are all that follows. */
static ost_rc end_narrow(const ost_layer *layer, ost_err *err)
{
    const conv_layer *c = layer->state;
    bool bias = layer->n_weights > 1;
    bool whole = c->end.steps == bias + c->relu;
    ost_widen w = { .parts = 1, .type = ost_operand_type() };
    ost_rc rc;

    w.part[0] = (ost_widen_part){
        .from = c->ahead.out,
        .to = layer->out->data,
        .count = ost_value_stored(layer->out),
        .copies = 1,
        .bias = whole && bias ? layer->weights[1]->data : NULL,
        .channels = layer->out->shape[1],
        .area = ost_value_area(layer->out),
        .relu = whole && c->relu,
    };
    rc = ost_operands_widen(&w, err);
    if (rc || whole)
        return rc;
    return ost_cuda_chain_run(&c->end, layer->out, layer->out->data,
                              layer->out->data, err);
}

static ost_rc forward_narrow(ost_layer *layer, const ost_pass *pass,
                             ost_err *err)
{
    conv_layer *c = layer->state;
    ost_narrow n = { 0 };
    ost_rc rc;

    (void)pass;
    ost_operand_add(&n, layer->in[0]->data, c->ahead.in,
                    ost_value_stored(layer->in[0]));
    ost_operand_add(&n, layer->weights[0]->data, c->ahead.weight,
                    layer->weights[0]->stored);
    rc = ost_operands_round(&n, err);
    if (!rc)
        rc = run(layer, c->forward, c->ahead.in, c->ahead.weight, c->ahead.out,
                 false, err);
    return rc ? rc : end_narrow(layer, err);
}

/* Rounds what the passes that are wanted read. */
static ost_rc narrow_gradients(const ost_layer *layer, ost_err *err)
{
    const conv_layer *c = layer->state;
    const ost_value *dy = layer->out;
    ost_narrow n = { .largest = c->largest, .aim = c->aim, .undo = c->undo };

    ost_operand_add(&n, dy->grad, c->back.out, ost_value_stored(dy));
    if (layer->weight_grad[0])
        ost_operand_add(&n, layer->in[0]->data, c->back.in,
                        ost_value_stored(layer->in[0]));
    if (layer->in_grad[0])
        ost_operand_add(&n, layer->weights[0]->data, c->back.weight,
                        layer->weights[0]->stored);
    return ost_operands_round(&n, err);
}

static ost_rc widen_gradients(const ost_layer *layer, ost_err *err)
{
    const conv_layer *c = layer->state;
    ost_widen w = { .type = ost_conv_type(&c->conv), .undo = c->undo };

    if (layer->weight_grad[0])
        w.part[w.parts++] =
            (ost_widen_part){ .from = c->back.weight_grad,
                              .to = layer->weight_grad[0],
                              .count = layer->weights[0]->stored,
                              .copies = ost_conv_copies(&c->conv),
                              .add = layer->add_weight[0] };
    if (layer->in_grad[0])
        w.part[w.parts++] =
            (ost_widen_part){ .from = c->back.in_grad,
                              .to = layer->in_grad[0],
                              .count = ost_value_stored(layer->in[0]),
                              .copies = 1,
                              .add = layer->add_in[0] };
    return ost_operands_widen(&w, err);
}

static ost_rc backward_narrow(ost_layer *layer, const ost_pass *pass,
                              ost_err *err)
{
    const conv_layer *c = layer->state;
    const narrow_operands *b = &c->back;
    ost_rc rc = ost_bias_back_run(&c->bias, layer, err);

    (void)pass;
    if (rc || (!layer->weight_grad[0] && !layer->in_grad[0]))
        return rc;
    rc = narrow_gradients(layer, err);
    if (!rc && layer->weight_grad[0])
        rc = run(layer, OST_CONV_FILTER, b->in, b->weight_grad, b->out, false,
                 err);
    if (!rc && layer->in_grad[0])
        rc = run(layer, c->data, b->in_grad, b->weight, b->out, false, err);
    return rc ? rc : widen_gradients(layer, err);
}

/* Whether cuDNN does the bias and what follows in the same call. */
static bool goes_along(const ost_layer *layer, const conv_layer *c)
{
    return layer->n_weights > 1 && c->end.steps == 1 + c->relu &&
           c->forward == OST_CONV_DOWN && ost_conv_has_end(&c->conv, c->relu);
}

static bool fuse(ost_layer *layer, const ost_layer *next)
{
    conv_layer *c = layer->state;
    bool first = c->end.steps == (layer->n_weights > 1);

    if (!ost_cuda_chain_take(&c->end, next))
        return false;
    c->relu |= first && strcmp(next->kind->name, "relu") == 0;
    c->along = goes_along(layer, c);
    return true;
}

static bool fuse_back(ost_layer *layer, const ost_layer *next)
{
    conv_layer *c = layer->state;

    return ost_cuda_chain_take_back(&c->bias.steps, next);
}

static ost_conv_shape shape_of(const ost_layer *layer, bool transposed)
{
    const ost_value *wide = transposed ? layer->out : layer->in[0];
    const ost_value *slim = transposed ? layer->in[0] : layer->out;
    ost_conv_shape s = { .items = wide->shape[0],
                         .groups = ost_layer_attr_int(layer, "groups", 0),
                         .wide_channels = wide->shape[1],
                         .narrow_channels = slim->shape[1],
                         .sides = wide->ndim - 2 };

    for (int i = 0; i < OST_CONV_SIDES; i++) {
        int side = i - (OST_CONV_SIDES - s.sides);

        s.wide[i] = side < 0 ? 1 : wide->shape[2 + side];
        s.narrow[i] = side < 0 ? 1 : slim->shape[2 + side];
        s.kernel[i] = side < 0 ? 1 : ost_layer_attr_int(layer, "kernel", side);
        s.stride[i] = side < 0 ? 1 : ost_layer_attr_int(layer, "stride", side);
        s.padding[i] =
            side < 0 ? 0 : ost_layer_attr_int(layer, "padding", side);
        s.dilation[i] =
            side < 0 ? 1 : ost_layer_attr_int(layer, "dilation", side);
    }
    return s;
}

/* The exponent that the largest gradient of the output gets: 2^11 divided by
 * the products of a sum, so that values and weights below 16 keep the sums in
 * range whatever their signs; within 2^-8 and 2^8. */
static int aim_of(const ost_conv_shape *s)
{
    int64_t positions = s->items * s->narrow[0] * s->narrow[1] * s->narrow[2];
    int64_t taps = s->narrow_channels / s->groups * s->kernel[0] *
                   s->kernel[1] * s->kernel[2];
    int64_t products = positions > taps ? positions : taps;
    int aim = 11;

    while (products > 1 && aim > -8) {
        products = (products + 1) / 2;
        aim--;
    }
    return aim < 8 ? aim : 8;
}

static void ask_for_operands(ost_layer *layer, conv_layer *c)
{
    int64_t in = ost_value_stored(layer->in[0]);
    int64_t out = ost_value_stored(layer->out);
    int64_t weight = ost_weight_count(layer->weights[0]);
    bool learned = layer->weights[0]->learned;

    ost_operand_memory(layer, in, OST_LIFE_FORWARD, &c->ahead.in);
    ost_operand_memory(layer, weight, OST_LIFE_FORWARD, &c->ahead.weight);
    ost_operand_memory(layer, out, OST_LIFE_FORWARD, &c->ahead.out);
    if (!layer->training)
        return;
    ost_operand_memory(layer, out, OST_LIFE_BACKWARD, &c->back.out);
    if (learned) {
        ost_operand_memory(layer, in, OST_LIFE_BACKWARD, &c->back.in);
        ost_operand_memory(layer, weight * ost_conv_copies(&c->conv),
                           OST_LIFE_BACKWARD, &c->back.weight_grad);
    }
    if (layer->in[0]->wants_grad) {
        ost_operand_memory(layer, weight, OST_LIFE_BACKWARD, &c->back.weight);
        ost_operand_memory(layer, in, OST_LIFE_BACKWARD, &c->back.in_grad);
    }
    if (c->conv.type != CUDNN_DATA_HALF)
        return;
    ost_layer_memory(layer, OST_OPERAND_PARTS * sizeof(float),
                     OST_LIFE_BACKWARD, &c->largest);
    ost_layer_memory(layer, OST_UNDO_NUMBERS * sizeof(float), OST_LIFE_BACKWARD,
                     &c->undo);
}

ost_rc ost_cuda_convolution(ost_layer *layer, bool transposed, ost_err *err)
{
    conv_layer *c = ost_xalloc(sizeof(*c));
    ost_conv_shape shape = shape_of(layer, transposed);
    unsigned ways;
    ost_rc rc;

    layer->state = c;
    layer->release = conv_release;
    layer->fuse = fuse;
    layer->fuse_back = fuse_back;
    layer->adds = layer->adds_in = true;
    c->forward = transposed ? OST_CONV_UP : OST_CONV_DOWN;
    c->data = transposed ? OST_CONV_DOWN : OST_CONV_UP;
    c->aim = aim_of(&shape);
    ways = 1u << c->forward;
    if (layer->training && layer->in[0]->wants_grad)
        ways |= 1u << c->data;
    if (layer->training && layer->weights[0]->learned)
        ways |= 1u << OST_CONV_FILTER;
    rc = ost_conv_init(&c->conv, &shape, ways, err);
    for (int i = 0; i < layer->n_weights && !rc; i++)
        rc = ost_layer_place_weight(
            layer, i, ost_weight_count(layer->weights[i]), NULL, err);
    if (rc)
        return rc;
    ost_bias_back_init(&c->bias, layer);
    if (layer->n_weights > 1)
        (void)ost_cuda_chain_bias(&c->end, layer->weights[1]);
    c->along = goes_along(layer, c);
    name_code(layer, c);
    layer->forward = forward;
    layer->backward = backward;
    if (c->conv.type == CUDNN_DATA_FLOAT)
        return OST_OK;
    ask_for_operands(layer, c);
    layer->forward = forward_narrow;
    layer->backward = backward_narrow;
    return OST_OK;
}
