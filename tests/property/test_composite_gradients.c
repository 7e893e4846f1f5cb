/* tests/property/test_composite_gradients.c - gradients against differences
 *
 * A network of several layers is run by plain loops in double precision; a
 * number of its input or weights is moved a little up and down, and what that
 * does to the sum of the outputs, each times a number of its own, is compared
 * with the gradient that the backend computes.  This checks the formulas of
 * backward functions, and how they are put together, against nothing but the
 * definition of what they differentiate.
 */
/* links: base kernels */
/* on: cpu cuda */
#include "base/rng.h"
#include "tests/support/backend_case.h"
#include "tests/support/reference_net.h"

#include "base/banned.h"

enum { MOVED = 24 }; /* numbers of a tensor that are moved */

typedef struct composite {
    const char *name;
    int64_t input[4];
    const char *layers; /* as in fixtures, with '|' between */
} composite;

/* CBAM (Woo et al., ECCV 2018): a gate of channels, of the mean and the highest
 * of each through one small network, then a gate of positions. */
#define ATTENTION                                                         \
    "conv2d out=16 kernel=1|global_avg_pool|dense out=4 name=mlp.0|relu|" \
    "dense out=16 name=mlp.2|global_max_pool in=0|"                       \
    "dense out=4 name=mlp.0 shared=1|relu|"                               \
    "dense out=16 name=mlp.2 shared=1|add in=4,8|sigmoid|"                \
    "multiply in=0,10|max axes=1|mean axes=1 in=11|concat in=12,13|"      \
    "conv2d out=1 kernel=7 padding=3 bias=0|batch_norm|sigmoid|"          \
    "multiply in=11,17"

#define RESIDUAL                                              \
    "conv2d out=4 kernel=3 padding=1 bias=0|batch_norm|relu|" \
    "conv2d out=4 kernel=3 padding=1 bias=0|batch_norm|"      \
    "conv2d out=4 kernel=1 bias=0 in=-1|batch_norm|add in=4,6|relu"

#define RESIDUAL_BLOCKED                                             \
    "conv2d out=8 kernel=3 padding=1 bias=0|batch_norm|"             \
    "leaky_relu slope=0.2|"                                          \
    "conv2d out=8 kernel=3 padding=1 bias=0|batch_norm|add in=4,-1|" \
    "leaky_relu"

#define DILATED                                                     \
    "conv2d out=4 kernel=3 padding=2 dilation=2 bias=0|batch_norm|" \
    "tanh|conv2d out=2 kernel=3 stride=2 padding=1|sum axes=2,3"

static const composite composites[] = {
    { "residual block", { 2, 3, 6, 5 }, RESIDUAL },
    { "residual block, blocked", { 2, 8, 5, 5 }, RESIDUAL_BLOCKED },
    { "attention", { 2, 3, 5, 6 }, ATTENTION },
    { "attention, inside a residual block",
      { 2, 16, 4, 5 },
      ATTENTION "|add in=-1,18|relu" },
    { "inception",
      { 2, 4, 6, 5 },
      "conv2d out=5 kernel=1|relu|conv2d out=3 kernel=1 in=-1|relu|"
      "conv2d out=6 kernel=3 padding=1|relu|conv2d out=2 kernel=1 "
      "in=-1|relu|"
      "conv2d out=3 kernel=5 padding=2|relu|"
      "max_pool2d kernel=3 stride=1 padding=1 in=-1|conv2d out=4 kernel=1|"
      "relu|concat in=1,5,9,12" },
    { "recurrent cell, three steps",
      { 2, 6, 4, 3 },
      "slice to=2|conv_lstm hidden=3 name=cell|slice from=2 to=4 in=-1|"
      "conv_lstm hidden=3 name=cell shared=1 in=2,1|slice from=4 in=-1|"
      "conv_lstm hidden=3 name=cell shared=1 in=4,3|slice to=3" },
    { "recurrent cells, blocked, of two layers",
      { 2, 4, 3, 4 },
      "slice to=2|conv_lstm hidden=8 name=a|slice to=8|"
      "conv_lstm hidden=8 kernel=1 name=b|slice from=2 in=-1|"
      "conv_lstm hidden=8 name=a shared=1 in=4,1|slice to=8|"
      "conv_lstm hidden=8 kernel=1 name=b shared=1 in=6,3" },
    { "dilated block", { 2, 3, 7, 7 }, DILATED },
    { "layer norms",
      { 2, 3, 5, 4 },
      "layer_norm|conv2d out=11 kernel=3 padding=1|layer_norm|leaky_relu|"
      "conv2d out=8 kernel=1|layer_norm affine=0|tanh|mean axes=3" },
    { "instance norms",
      { 2, 3, 5, 4 },
      "conv2d out=11 kernel=3 padding=1 bias=0|instance_norm affine=1|relu|"
      "conv2d out=8 kernel=1 bias=0|instance_norm|sigmoid|multiply in=5,3" },
};

/* A composite, built and filled. */
typedef struct bench {
    const composite *of;
    net_case *c;
    ost_weights *weights;
    ost_net *net;
    ref_weights ref; /* the same numbers as in `weights` */
    ref_value input;
    double *output_grad;
} bench;

static ost_backend *backend;

static double tolerance(void)
{
    return backend_tolerance(1e-5, 1e-4);
}

static float draw(ost_rng *rng, double sigma)
{
    return (float)(ost_rng_normal(rng) * sigma);
}

static void fill_weights(bench *b, ost_rng *rng)
{
    for (size_t i = 0; i < b->weights->len; i++) {
        ost_weight *w = b->weights->data[i];
        int64_t n = ost_weight_count(w);
        ref_weight r = { .name = w->name, .count = n };
        float *plain = ost_xalloc((size_t)n * sizeof(*plain));
        double sigma = sqrt(2.0 / ((double)n / (double)w->shape[0]));

        if (!w->learned) {
            ost_free(plain);
            continue;
        }
        r.v = ost_xalloc((size_t)n * sizeof(*r.v));
        for (int64_t k = 0; k < n; k++) {
            plain[k] = draw(rng, w->ndim > 1 ? sigma : 0.4);
            if (w->ndim == 1 && strstr(w->name, ".weight"))
                plain[k] += 1.0f;
            r.v[k] = (double)plain[k];
        }
        assert_int_equal(
            ost_weights_set(b->weights, w, OST_PART_DATA, plain, NULL), OST_OK);
        ost_vec_push(&b->ref, r);
        ost_free(plain);
    }
}

/* The same numbers on the device and here. */
static void draw_device(ost_rng *rng, ost_tensor to, double *here)
{
    int64_t count = ost_tensor_count(&to);
    float *v = ost_xalloc((size_t)count * sizeof(*v));

    for (int64_t i = 0; i < count; i++) {
        v[i] = draw(rng, 1.0);
        here[i] = (double)v[i];
    }
    device_fill(backend, &to, v);
    ost_free(v);
}

static void build(const composite *of, uint64_t seed, unsigned flags, bench *b)
{
    ost_rng rng = ost_rng_of(seed, 0);
    char *text = ost_xstrdup(of->layers);
    char *rest = NULL;
    ost_net_spec spec = { 0 };
    ost_tensor x;
    ost_err err = { 0 };

    *b = (bench){ .of = of, .c = ost_xalloc(sizeof(*b->c)) };
    for (char *l = strtok_r(text, "|", &rest); l;
         l = strtok_r(NULL, "|", &rest))
        case_layer(b->c, l);
    spec = (ost_net_spec){ b->c->layers, b->c->n_layers, b->c->n_layers - 1 };
    b->weights = ost_weights_new(backend);
    if (ost_net_new(b->weights, &spec, 4, of->input, flags, &b->net, NULL,
                    &err))
        fail_msg("%s: %s", of->name, err.text);
    fill_weights(b, &rng);
    ref_make(&b->input, 4, of->input);
    draw_device(&rng, ost_net_input(b->net), b->input.v);
    assert_int_equal(ost_net_forward(b->net, 1, &err), OST_OK);
    x = ost_net_output_grad(b->net);
    b->output_grad =
        ost_xalloc((size_t)ost_tensor_count(&x) * sizeof(*b->output_grad));
    draw_device(&rng, x, b->output_grad);
    ost_free(text);
}

static void tear_down(bench *b)
{
    for (size_t i = 0; i < b->ref.len; i++)
        ost_free(b->ref.data[i].v);
    ost_vec_release(&b->ref);
    ost_free(b->output_grad);
    ost_free(b->input.v);
    ost_net_free(b->net);
    ost_weights_free(b->weights);
    case_free(b->c);
}

static void outputs_agree(const bench *b)
{
    ost_tensor out = ost_net_output(b->net);
    float *got = device_numbers(backend, &out);
    double largest = 0.0;
    ref_value want;

    ref_run(b->c, &b->ref, &b->input, &want);
    assert_int_equal(ref_count(&want), ost_tensor_count(&out));
    for (int64_t i = 0; i < ref_count(&want); i++)
        largest = fmax(largest, fabs(want.v[i]));
    for (int64_t i = 0; i < ref_count(&want); i++) {
        double d = fabs(want.v[i] - (double)got[i]);

        if (!(d <= tolerance() * largest))
            fail_msg("%s: output %d differs by %.3g of %.3g", b->of->name,
                     (int)i, d, largest);
    }
    ost_free(want.v);
    ost_free(got);
}

/* What the sum of the outputs, each times its gradient, changes by when
 * `number` does; `terms` is the sum of the magnitudes of what each output adds
 * to that: how large the numbers are that may have canceled out. */
static double slope(const bench *b, double *number, double *terms)
{
    const double step = 1e-5;
    double saved = *number;
    double sum = 0.0;
    ref_value up;
    ref_value down;

    *number = saved + step;
    ref_run(b->c, &b->ref, &b->input, &up);
    *number = saved - step;
    ref_run(b->c, &b->ref, &b->input, &down);
    *number = saved;
    *terms = 0.0;
    for (int64_t i = 0; i < ref_count(&up); i++) {
        double term = (up.v[i] - down.v[i]) / (2.0 * step) * b->output_grad[i];

        sum += term;
        *terms += fabs(term);
    }
    ost_free(up.v);
    ost_free(down.v);
    return sum;
}

/* Moves numbers of a tensor that lie all over it.  A sum in single precision
 * is as exact as its terms are large, whatever is left of them. */
static void gradients_agree(const bench *b, const char *name, double *v,
                            int64_t count, const float *grad)
{
    double largest = 0.0;
    int64_t moved = count < MOVED ? count : MOVED;

    for (int64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)grad[i]));
    for (int64_t i = 0; i < moved; i++) {
        int64_t at = i * count / moved + i * 7 % (count / moved);
        double terms;
        double want = slope(b, &v[at], &terms);
        double d = fabs(want - (double)grad[at]);

        if (!(d <= tolerance() * fmax(largest, terms) + 1e-7))
            fail_msg("%s: gradient %d of %s is %.9g, must be %.9g of %.3g",
                     b->of->name, (int)at, name, (double)grad[at], want,
                     fmax(largest, terms));
    }
}

static void check(const composite *of, uint64_t seed, unsigned more)
{
    unsigned flags = OST_NET_TRAIN | OST_NET_INPUT_GRAD | more;
    float *input_grad;
    ost_tensor dx;
    bench b;

    build(of, seed, flags, &b);
    outputs_agree(&b);
    assert_int_equal(ost_net_backward(b.net, NULL), OST_OK);
    dx = ost_net_input_grad(b.net);
    input_grad = device_numbers(backend, &dx);
    gradients_agree(&b, "the input", b.input.v, ref_count(&b.input),
                    input_grad);
    ost_free(input_grad);
    for (size_t i = 0; i < b.ref.len; i++) {
        const ref_weight *r = &b.ref.data[i];
        const ost_weight *w = ost_weights_find(b.weights, r->name);
        float *grad = ost_xalloc((size_t)r->count * sizeof(*grad));

        assert_int_equal(
            ost_weights_get(b.weights, w, OST_PART_GRAD, grad, NULL), OST_OK);
        gradients_agree(&b, r->name, r->v, r->count, grad);
        ost_free(grad);
    }
    tear_down(&b);
}

static void gradients_are_what_differences_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(composites) / sizeof(composites[0]); i++)
        for (uint64_t seed = 1; seed <= 2; seed++) {
            check(&composites[i], seed, 0);
            check(&composites[i], seed, OST_NET_KEEP);
        }
}

static int open_backend(void **state)
{
    (void)state;
    backend = backend_case_open(2);
    return 0;
}

static int close_backend(void **state)
{
    (void)state;
    ost_backend_close(backend);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_what_differences_say),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
