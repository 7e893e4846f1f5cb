/* tests/unit/test_large_layers.c - layers whose sums are cut in parts, on every
 * device
 *
 * A device gives what the CPU gives: to a rounding where it adds up in another
 * order, to the last bit where it picks, draws or adds up in the same one.
 */
/* links: base kernels */
/* on: cpu cuda */
#include "base/rng.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_case.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* Of the largest number. */
static const double tolerance = 4e-6;

typedef struct large {
    const char *layers; /* as in fixtures, with '|' between */
    const char *shape;  /* of the input: sides with commas between */
    bool exact;
} large;

static const large table[] = {
    { "batch_norm", "2,3,96,96", false },
    { "batch_norm momentum=0.3", "3,2,97,95", false },
    { "batch_norm", "40,2,21,21", false },
    { "batch_norm epsilon=0.01", "5,3,4,6,5", false },
    { "batch_norm", "20000,3", false },
    { "batch_norm|relu", "2,3,96,96", false },
    { "batch_norm|leaky_relu slope=0.2", "3,2,7,5", false },
    { "tanh|batch_norm|add in=1,0|relu", "2,3,96,96", false },
    { "tanh|batch_norm|add in=0,1|leaky_relu", "2,3,7,9", false },
    { "tanh|instance_norm affine=1|add in=1,0|relu", "2,3,8,9", false },
    { "instance_norm", "2,2,130,130", false },
    { "instance_norm affine=1", "2,2,131,129", false },
    { "instance_norm affine=1", "1,40,6,6", false },
    { "instance_norm", "1,70,130,130", false },
    { "batch_norm|relu", "1,65,131,129", false },
    { "tanh|batch_norm|relu", "2,3,96,96", false },
    { "tanh|instance_norm affine=1|leaky_relu", "2,3,9,7", false },
    { "tanh|layer_norm|relu", "2,3,80,80", false },
    { "tanh|layer_norm|leaky_relu slope=0.2", "2,3,81,79", false },
    { "tanh|add in=0,-1|batch_norm in=0|add in=2,1", "2,3,6,6", false },
    { "tanh|avg_pool2d kernel=3 stride=1 padding=1|add in=0,1", "2,3,6,6",
      false },
    { "tanh|max_pool2d kernel=3 stride=1 padding=1|add in=0,1", "2,3,6,6",
      false },
    { "tanh|global_avg_pool|multiply in=0,1", "2,3,6,6", false },
    { "tanh|global_max_pool|multiply in=0,1", "2,3,5,5", false },
    { "tanh|upsample factor=1|add in=0,1", "2,3,6,6", false },
    { "tanh|prelu|add in=0,1", "2,3,6,6", false },
    { "layer_norm", "2,3,80,80", false },
    { "layer_norm", "2,3,81,79", false },
    { "layer_norm affine=0", "3,4,72,72", false },
    { "layer_norm deviation=unbiased", "2,5,60,60", false },
    { "layer_norm deviation=unbiased affine=0", "2,5,9,7", false },
    { "layer_norm", "3,20000", false },
    { "layer_norm", "4,6", false },
    { "softmax", "70,300", false },
    { "softmax", "2,7,33,31", false },
    { "softmax", "3,5,2,2", false },
    { "global_avg_pool", "2,3,40,40", false },
    { "global_avg_pool", "9,5,7,7", false },
    { "global_max_pool", "2,3,40,41", true },
    { "global_max_pool", "9,5,4,4", true },
    { "max_pool2d kernel=17 stride=5 padding=3", "2,3,50,61", true },
    { "max_pool2d kernel=3 stride=2 padding=1 ceil=1", "2,3,14,15", true },
    { "relu|max_pool2d kernel=2", "2,5,12,12", true },
    { "relu|max_pool2d kernel=20 stride=3", "1,2,40,40", true },
    { "max_pool3d kernel=2,3,2 stride=2", "1,3,6,7,8", true },
    { "avg_pool2d kernel=3 stride=2 padding=1", "2,3,14,15", true },
    { "avg_pool3d kernel=2,3,2 count_padding=0 padding=1", "1,3,6,7,8", true },
    { "adaptive_avg_pool2d size=3,5", "2,3,14,12", true },
    { "adaptive_max_pool2d size=5,30", "2,3,14,12", true },
    { "dropout p=0.3", "3,5,7,9", true },
    { "dropout p=0.75", "7,31", true },
    { "dropout", "2,4,40,40", true },
    { "gaussian_noise sigma=0.5", "3,5,7,9", true },
    { "gaussian_noise", "2,3,40,40", true },
    { "latent out=37", "5,3,4,4", true },
    { "latent out=36 distribution=uniform", "5,3", true },
    { "prelu per_channel=1", "2,3,100,100", false },
    { "prelu|relu", "2,3,90,90", false },
    { "prelu per_channel=1", "3,7", false },
    { "upsample factor=2,3", "2,3,8,7", true },
    { "upsample size=5,4,9", "1,2,3,9,4", true },
    { "upsample factor=2 mode=bilinear", "2,3,17,16", false },
    { "upsample size=7,40 mode=bilinear", "2,3,17,16", false },
    { "reflection_pad2d padding=3,2,0,4", "2,3,9,8", true },
};

/* What a network made of an input and of a gradient of its output. */
enum { OUTPUT, INPUT_GRAD, WEIGHTS = 2, ARRAYS = WEIGHTS + 16 };

typedef struct made {
    float *v[ARRAYS]; /* of weights: numbers and gradients */
    int64_t count[ARRAYS];
} made;

static void made_release(made *m)
{
    for (int i = 0; i < ARRAYS; i++)
        ost_free(m->v[i]);
}

static net_case *read_layers(const char *layers)
{
    net_case *c = ost_xalloc(sizeof(*c));
    char *text = ost_xstrdup(layers);
    char *rest = NULL;

    for (char *l = strtok_r(text, "|", &rest); l;
         l = strtok_r(NULL, "|", &rest))
        case_layer(c, l);
    ost_free(text);
    return c;
}

/* Numbers that are not centered, for sums to be large. */
static void fill(ost_backend *b, ost_tensor t, uint64_t stream, double mean)
{
    int64_t n = ost_tensor_count(&t);
    float *v = ost_xalloc((size_t)n * sizeof(*v));
    ost_rng rng = ost_rng_of(1, stream);

    for (int64_t i = 0; i < n; i++)
        v[i] = (float)(mean + 3.0 * ost_rng_f64(&rng) - 1.5);
    device_fill(b, &t, v);
    ost_free(v);
}

static void fill_weights(ost_weights *w)
{
    ost_err err = { 0 };

    for (size_t i = 0; i < w->len; i++) {
        int64_t n = ost_weight_count(w->data[i]);
        float *v = ost_xalloc((size_t)n * sizeof(*v));
        ost_rng rng = ost_rng_of(2, i);

        for (int64_t k = 0; k < n; k++)
            v[k] = (float)(0.5 + ost_rng_f64(&rng));
        assert_ok(ost_weights_set(w, w->data[i], OST_PART_DATA, v, &err), &err);
        ost_free(v);
    }
}

static void keep(ost_backend *b, made *m, int i, ost_tensor t)
{
    m->count[i] = ost_tensor_count(&t);
    m->v[i] = device_numbers(b, &t);
}

static void keep_weights(ost_weights *w, made *m)
{
    ost_err err = { 0 };

    assert_true(WEIGHTS + 2 * w->len <= ARRAYS);
    for (size_t i = 0; i < w->len; i++)
        for (size_t part = 0; part < 2; part++) {
            size_t to = WEIGHTS + 2 * i + part;

            m->count[to] = ost_weight_count(w->data[i]);
            m->v[to] = ost_xalloc((size_t)m->count[to] * sizeof(float));
            assert_ok(ost_weights_get(w, w->data[i],
                                      part ? OST_PART_GRAD : OST_PART_DATA,
                                      m->v[to], &err),
                      &err);
        }
}

/* Forward and, in training, backward, twice with ADD_GRAD. */
static void run(ost_backend *b, const large *l, unsigned flags, made *m)
{
    net_case *c = read_layers(l->layers);
    ost_net_spec spec = { c->layers, c->n_layers, c->n_layers - 1 };
    ost_weights *w = ost_weights_new(b);
    double sides[OST_MAX_DIMS];
    int64_t shape[OST_MAX_DIMS];
    int ndim = case_numbers(l->shape, OST_MAX_DIMS, sides);
    ost_net *net = NULL;
    ost_err err = { 0 };

    for (int i = 0; i < ndim; i++)
        shape[i] = (int64_t)sides[i];
    if (ost_net_new(w, &spec, ndim, shape, flags, &net, NULL, &err))
        fail_msg("%s: %s", l->layers, err.text);
    fill_weights(w);
    if (flags & OST_NET_TRAIN)
        ost_weights_clear_grad(w);
    for (uint64_t turn = 0; turn < (flags & OST_NET_ADD_GRAD ? 2 : 1); turn++) {
        fill(b, ost_net_input(net), turn, 0.7);
        assert_ok(ost_net_forward(net, 5 + turn, &err), &err);
        if (!(flags & OST_NET_TRAIN) || !ost_net_output_grad(net).data)
            continue;
        fill(b, ost_net_output_grad(net), 2 + turn, 0.1);
        assert_ok(ost_net_backward(net, &err), &err);
    }
    keep(b, m, OUTPUT, ost_net_output(net));
    if (flags & OST_NET_INPUT_GRAD)
        keep(b, m, INPUT_GRAD, ost_net_input_grad(net));
    keep_weights(w, m);
    ost_net_free(net);
    ost_weights_free(w);
    case_free(c);
}

static void expect_alike(const large *l, unsigned flags, const made *want,
                         const made *got)
{
    for (int i = 0; i < ARRAYS; i++) {
        double largest = 0.0;
        double worst = 0.0;

        assert_int_equal(want->count[i], got->count[i]);
        for (int64_t k = 0; k < want->count[i]; k++) {
            double d = fabs((double)want->v[i][k] - (double)got->v[i][k]);

            if (!(d <= worst))
                worst = d;
            largest = fmax(largest, fabs((double)want->v[i][k]));
        }
        if (!(worst <= (l->exact ? 0.0 : tolerance * (largest + 0.01))))
            fail_msg("%s of %s (flags %u): array %d differs by %.3g of %.3g",
                     l->layers, l->shape, flags, i, worst, largest);
    }
}

static void check(ost_backend *cpu, ost_backend *device, unsigned flags)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        made want = { 0 };
        made got = { 0 };

        run(cpu, &table[i], flags, &want);
        run(device, &table[i], flags, &got);
        expect_alike(&table[i], flags, &want, &got);
        made_release(&want);
        made_release(&got);
    }
}

static void check_flags(unsigned flags)
{
    ost_backend *device = backend_case_open(1);
    ost_backend *cpu = NULL;

    assert_int_equal(ost_backend_open("cpu", 3, &cpu, NULL), OST_OK);
    check(cpu, device, flags);
    ost_backend_close(cpu);
    ost_backend_close(device);
}

static void training_is_as_on_the_cpu(void **state)
{
    (void)state;
    check_flags(OST_NET_TRAIN | OST_NET_INPUT_GRAD);
}

static void added_gradients_are_as_on_the_cpu(void **state)
{
    (void)state;
    check_flags(OST_NET_TRAIN | OST_NET_ADD_GRAD);
}

static void inference_is_as_on_the_cpu(void **state)
{
    (void)state;
    check_flags(0);
}

static void live_layers_are_as_on_the_cpu(void **state)
{
    (void)state;
    check_flags(OST_NET_LIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_is_as_on_the_cpu),
        cmocka_unit_test(added_gradients_are_as_on_the_cpu),
        cmocka_unit_test(inference_is_as_on_the_cpu),
        cmocka_unit_test(live_layers_are_as_on_the_cpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
