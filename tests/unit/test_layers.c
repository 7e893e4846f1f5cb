/* tests/unit/test_layers.c - what layers refuse, and the weights they begin
 * with
 */
/* links: base kernels */
/* on: cpu cuda checked */
#include "tests/support/backend_case.h"
#include "tests/support/net_case.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

static ost_backend *backend;

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

typedef struct refused {
    const char
        *layers;       /* as in fixtures, with '|' between; the last is wrong */
    const char *shape; /* of the input: sides with commas between */
    const char *message;
} refused;

static const refused table[] = {
    { "conv2d out=2 kernel=3", "2,4,6",
      "input 2x4x6 has 1 spatial sides, must have 2" },
    { "conv2d out=2 kernel=3,3,3", "2,4,6,6",
      "attribute 'kernel' has 3 numbers, must have 1 or 2" },
    { "conv2d out=2 kernel=3 groups=3", "2,4,6,6",
      "4 input and 2 output channels cannot be divided into 3 groups" },
    { "conv2d out=2 kernel=3 init=norm", "2,4,6,6",
      "attribute 'init': unknown value 'norm' (did you mean 'normal'?)" },
    { "conv3d out=2 kernel=3", "2,4,6,6",
      "input 2x4x6x6 has 2 spatial sides, must have 3" },
    { "conv3d out=2 kernel=3", "2,1,2,6,6",
      "input 2x1x2x6x6 is too small: it would make 2x2x0x4x4" },
    { "conv_transpose2d out=2 kernel=3 stride=2 output_padding=2", "2,4,6,6",
      "output_padding 2 is not less than the stride 2" },
    { "conv_transpose2d out=3 kernel=3 groups=2", "2,4,6,6",
      "4 input and 3 output channels cannot be divided into 2 groups" },
    { "conv_transpose2d out=2 kernel=1 padding=1", "2,4,2,6",
      "input 2x4x2x6 is too small: it would make 2x2x0x4" },
    { "conv_transpose2d out=2 kernel=3", "2,4,6,6,6",
      "input 2x4x6x6x6 has 3 spatial sides, must have 2" },
    { "instance_norm", "2,4,1,1",
      "training needs more than one value to normalize" },
    { "layer_norm epsilon=0", "2,4,6,6",
      "attribute 'epsilon' is 0, must be a number from 1e-30 to 1" },
    { "max_pool2d kernel=3 padding=2", "2,4,6,6",
      "padding 2 is more than half the window of 3" },
    { "max_pool2d kernel=3 ceil=1", "2,4,6",
      "input 2x4x6 has 1 spatial sides, must have 2" },
    { "max_pool3d kernel=3", "2,4,6,2,6",
      "input 2x4x6x2x6 is too small: it would make 2x4x2x0x2" },
    { "max_pool2d kernel=200", "1,1,200,200",
      "windows have 40000 positions, at most 32766 are possible" },
    { "avg_pool3d kernel=3,3", "2,4,6,6,6",
      "attribute 'kernel' has 2 numbers, must have 1 or 3" },
    { "adaptive_avg_pool2d", "2,4,6,6", "attribute 'size' is missing" },
    { "adaptive_avg_pool3d size=2", "2,4,6,6",
      "input 2x4x6x6 has 2 spatial sides, must have 3" },
    { "adaptive_max_pool2d size=0", "2,4,6,6",
      "attribute 'size' is 0, must be an integer from 1 to 100000" },
    { "upsample", "2,4,6,6",
      "one of the attributes 'factor' and 'size' must be given and not be 0" },
    { "upsample factor=2 size=12", "2,4,6,6",
      "one of the attributes 'factor' and 'size' must be given and not be 0" },
    { "upsample factor=2 mode=bilinear", "2,4,3,6,6",
      "input 2x4x3x6x6 has 3 spatial sides, must have 2" },
    { "upsample factor=4000", "1,1,30,2",
      "a side of the output would be 120000, at most 100000 are possible" },
    { "upsample factor=2 mode=cubic", "2,4,6,6",
      "attribute 'mode': unknown value 'cubic'" },
    { "reflection_pad2d padding=1", "2,4",
      "input 2x4 is not made of pictures" },
    { "reflection_pad2d padding=1,2", "2,4,6,6",
      "attribute 'padding' has 2 numbers, must have 1 or 4" },
    { "reflection_pad2d padding=0,0,6,0", "2,4,7,6",
      "padding 6 is not less than a side of the input 2x4x7x6" },
};

static const refused along_axes[] = {
    { "scale", "2,3", "attribute 'by' is missing" },
    { "leaky_relu slope=-0.1", "2,3",
      "attribute 'slope' is -0.1, must be a number from 0 to 1" },
    { "slice axis=1 to=2|add in=-1,0", "2,3,4,4",
      "inputs 2x3x4x4 and 2x2x4x4 differ in shape" },
    { "slice axis=2 index=0|multiply in=-1,0", "2,3,4,5",
      "inputs 2x3x4x5 and 2x3x5 differ in shape" },
    { "slice axis=2 index=0|multiply in=0,-1", "2,3,4,5",
      "inputs 2x3x4x5 and 2x3x5 differ in shape" },
    { "concat axis=4 in=-1,-1", "2,3,4,4", "input 2x3x4x4 has no axis 4" },
    { "slice axis=2 to=2|concat in=-1,0", "2,3,4,4",
      "inputs 2x3x4x4 and 2x3x2x4 differ in more than axis 1" },
    { "concat axis=1 stack=1 in=-1,-1", "2,3,4,4",
      "input 2x3x4x4 can have no new axis 1" },
    { "concat axis=5 stack=1 in=-1,-1", "2,3,4,4",
      "input 2x3x4x4 can have no new axis 5" },
    { "slice axis=2 to=2|concat axis=2 stack=1 in=-1,0", "2,3,4,4",
      "inputs 2x3x4x4 and 2x3x2x4 differ in shape" },
    { "slice axis=3 to=2", "2,3,4", "input 2x3x4 has no axis 3" },
    { "slice from=2 to=4", "2,3,4",
      "input 2x3x4 has no places 2 to 3 on axis 1" },
    { "slice from=3", "2,3,4", "input 2x3x4 has no places 3 to 2 on axis 1" },
    { "slice index=3", "2,3,4", "input 2x3x4 has no places 3 to 3 on axis 1" },
    { "slice index=1", "2,3",
      "input 2x3 would have no axis left: 'from' and 'to' keep it" },
    { "reshape shape=2,5", "2,3,4", "input 2x3x4 cannot be shaped to 2x2x5" },
    { "reshape shape=5,-1", "2,3,4", "input 2x3x4 cannot be shaped to 2x5x-1" },
    { "reshape shape=-1,-1", "2,3,4",
      "attribute 'shape' must have sides from 1 on, one of which may be -1" },
    { "reshape shape=0,12", "2,3,4",
      "attribute 'shape' must have sides from 1 on, one of which may be -1" },
    { "reshape shape=1,1,1,1,1,12", "2,3,4",
      "attribute 'shape' has 6 sides, must have 1 to 5" },
    { "conv_lstm hidden=2 kernel=3,2", "2,3,4,4",
      "attribute 'kernel' must be odd, so that the state keeps its sides" },
    { "conv_lstm hidden=2", "2,3,4",
      "input 2x3x4 has 1 spatial sides, must have 2" },
    { "conv_lstm hidden=2 in=-1,-1", "2,3,4,4",
      "the state is 2x3x4x4, must be 2x4x4x4" },
    { "global_avg_pool|conv_lstm hidden=2 in=-1,0", "2,3,4,4",
      "the state is 2x3, must be 2x4x4x4" },
    { "latent", "2,3", "attribute 'out' is missing" },
    { "latent out=4 distribution=cauchy", "2,3",
      "attribute 'distribution': unknown value 'cauchy'" },
    { "widen channels=5", "2,3,4,4", "unknown kind of layer 'widen'" },
    { "mean axes=3", "2,3,4", "input 2x3x4 has no axis 3" },
    { "max axes=2,1,2", "2,3,4", "attribute 'axes' names axis 2 twice" },
    { "sum axes=0", "2,3,4",
      "attribute 'axes' is 0, must be an integer from 1 to 5" },
};

static void expect_refusal(const refused *r)
{
    ost_weights *w = ost_weights_new(backend);
    net_case *c = ost_xalloc(sizeof(*c));
    char *text = ost_xstrdup(r->layers);
    char *rest = NULL;
    double sides[OST_MAX_DIMS];
    int64_t shape[OST_MAX_DIMS];
    int n = case_numbers(r->shape, OST_MAX_DIMS, sides);
    ost_net_spec spec = { .layers = c->layers };
    ost_net *net = NULL;
    ost_err err = { 0 };
    const char *message;

    for (int i = 0; i < n; i++)
        shape[i] = (int64_t)sides[i];
    for (char *l = strtok_r(text, "|", &rest); l;
         l = strtok_r(NULL, "|", &rest))
        case_layer(c, l);
    spec.n_layers = c->n_layers;
    spec.output = c->n_layers - 1;
    if (ost_net_new(w, &spec, n, shape, OST_NET_TRAIN, &net, NULL, &err) !=
        OST_EINPUT)
        fail_msg("%s of %s is not refused", r->layers, r->shape);
    message = strstr(err.text, "): ");
    assert_non_null(message);
    assert_string_equal(message + 3, r->message);
    ost_free(text);
    case_free(c);
    ost_weights_free(w);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        expect_refusal(&table[i]);
    for (size_t i = 0; i < sizeof(along_axes) / sizeof(along_axes[0]); i++)
        expect_refusal(&along_axes[i]);
}

/* Mean and standard deviation of the first weights of a layer. */
static void first_weights(const char *layer, double *mean, double *sigma)
{
    ost_weights *w = ost_weights_new(backend);
    net_case *c = ost_xalloc(sizeof(*c));
    char *text = ost_xstrdup(layer);
    ost_net_spec spec = { c->layers, 1, 0 };
    ost_net *net = NULL;
    int64_t n;
    float *v;

    case_layer(c, text);
    assert_int_equal(ost_net_new(w, &spec, 4, (int64_t[]){ 1, 40, 4, 4 }, 0,
                                 &net, NULL, NULL),
                     OST_OK);
    assert_int_equal(ost_weights_init(w, 3, NULL), OST_OK);
    n = ost_weight_count(w->data[0]);
    v = ost_xalloc((size_t)n * sizeof(*v));
    assert_int_equal(ost_weights_get(w, w->data[0], OST_PART_DATA, v, NULL),
                     OST_OK);
    *mean = *sigma = 0.0;
    for (int64_t i = 0; i < n; i++)
        *mean += (double)v[i] / (double)n;
    for (int64_t i = 0; i < n; i++)
        *sigma += ((double)v[i] - *mean) * ((double)v[i] - *mean);
    *sigma = sqrt(*sigma / (double)n);
    ost_free(v);
    ost_net_free(net);
    ost_free(text);
    case_free(c);
    ost_weights_free(w);
}

static void first_weights_have_the_spread_that_was_asked_for(void **state)
{
    static const struct {
        const char *layer;
        double sigma;
    } rows[] = {
        { "conv2d out=50 kernel=3 init=normal", 0.01 },
        { "conv2d out=50 kernel=3 init=normal sigma=0.3", 0.3 },
        { "conv2d out=50 kernel=3 init=normal sigma=0", 0.0 },
        { "conv2d out=50 kernel=3", 0.0745 },           /* sqrt(2 / (40 * 9)) */
        { "conv2d out=50 kernel=3 groups=10", 0.2357 }, /* sqrt(2 / 36) */
        { "conv2d out=50 kernel=3 init=zeros", 0.0 },
        { "conv_transpose2d out=8 kernel=3", 0.1667 }, /* sqrt(2 / 72) */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double mean;
        double sigma;

        first_weights(rows[i].layer, &mean, &sigma);
        assert_true(fabs(mean) <= 0.06 * rows[i].sigma);
        assert_true(fabs(sigma - rows[i].sigma) <= 0.04 * rows[i].sigma);
    }
}

static void first_slopes_are_those_asked_for(void **state)
{
    double mean;
    double sigma;

    (void)state;
    first_weights("prelu per_channel=1", &mean, &sigma);
    assert_true(fabs(mean - 0.25) < 1e-12 && sigma < 1e-12);
    first_weights("prelu slope=-0.5", &mean, &sigma);
    assert_true(fabs(mean + 0.5) < 1e-12 && sigma < 1e-12);
}

/* What a layer draws in a pass, for two items, into `y`. */
static void drawn(const char *layer, unsigned flags, uint64_t draw, float *y)
{
    ost_weights *w = ost_weights_new(backend);
    net_case *c = ost_xalloc(sizeof(*c));
    char *text = ost_xstrdup(layer);
    ost_net_spec spec = { c->layers, 1, 0 };
    ost_net *net = NULL;
    ost_tensor out;

    case_layer(c, text);
    assert_int_equal(
        ost_net_new(w, &spec, 2, (int64_t[]){ 2, 3 }, flags, &net, NULL, NULL),
        OST_OK);
    assert_int_equal(ost_net_forward(net, draw, NULL), OST_OK);
    out = ost_net_output(net);
    device_get(backend, out.data, y, ost_tensor_count(&out));
    ost_net_free(net);
    ost_free(text);
    case_free(c);
    ost_weights_free(w);
}

static void drawn_numbers_are_those_of_the_pass_and_the_item(void **state)
{
    enum { OUT = 4000 };
    const char *uniform = "latent out=4000 distribution=uniform";
    float *a = ost_xalloc(2 * OUT * sizeof(*a));
    float *b = ost_xalloc(2 * OUT * sizeof(*b));
    double sum = 0.0;
    double squares = 0.0;

    (void)state;
    drawn("latent out=4000", OST_NET_TRAIN, 7, a);
    drawn("latent out=4000", 0, 7, b);
    assert_memory_equal(a, b, 2 * OUT * sizeof(*a));
    assert_memory_not_equal(a, a + OUT, OUT * sizeof(*a));
    drawn("latent out=4000", 0, 8, b);
    assert_memory_not_equal(a, b, OUT * sizeof(*a));
    for (int i = 0; i < 2 * OUT; i++)
        squares += (double)(a[i] * a[i]) / (2 * OUT);
    assert_true(fabs(squares - 1.0) < 0.05);
    drawn(uniform, 0, 7, a);
    for (int i = 0; i < 2 * OUT; i++) {
        assert_true(a[i] >= -1.0f && a[i] <= 1.0f);
        sum += (double)a[i] / (2 * OUT);
    }
    assert_true(fabs(sum) < 0.03);
    ost_free(a);
    ost_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(first_weights_have_the_spread_that_was_asked_for),
        cmocka_unit_test(first_slopes_are_those_asked_for),
        cmocka_unit_test(drawn_numbers_are_those_of_the_pass_and_the_item),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
