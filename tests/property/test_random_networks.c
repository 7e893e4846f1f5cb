/* tests/property/test_random_networks.c - networks of any layers, however they
 * hang together
 *
 * What a layer computes is checked elsewhere; here it is what happens between
 * them: values that are written over, made again, read in several places, in
 * channel blocks and plain, with and without positions.  The output is that of
 * plain loops in double precision, in training and in inference; the gradients
 * of the input and of all weights, some of them shared and some frozen, along a
 * random direction, are the slope of these loops, and add up over passes; and
 * all of it is the same bytes when every value is kept.
 */
/* links: base kernels */
/* on: cpu cuda */
#include "tests/support/backend_case.h"
#include "tests/support/reference_net.h"
#include "tests/support/seed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { CASES = 300, LAYERS = 14, ITEMS = 3 };

static ost_backend *backend;

/* A network that grows, and the shapes of its values; 0 is the input. */
typedef struct growth {
    net_case *net;
    int n; /* values */
    int ndim[LAYERS + 1];
    int64_t shape[LAYERS + 1][OST_MAX_DIMS];
    bool batch_norm;
} growth;

static int64_t between(ost_rng *rng, int64_t low, int64_t high)
{
    return low + (int64_t)ost_rng_below(rng, (uint32_t)(high - low + 1));
}

/* The next layer reads value `from`, whose shape its own has at first. */
static int64_t *grow(growth *g, const char *kind, int from)
{
    ost_layer_spec *l = &g->net->layers[g->net->n_layers++];

    l->kind = ost_xstrdup(kind);
    l->attrs = ost_xalloc(OST_LAYER_ATTRS * sizeof(ost_net_attr));
    l->n_inputs = 1;
    l->inputs[0] = from - 1;
    g->ndim[g->n] = g->ndim[from];
    memcpy(g->shape[g->n], g->shape[from], sizeof(g->shape[0]));
    return g->shape[g->n++];
}

static void also_reads(growth *g, int from)
{
    ost_layer_spec *l = &g->net->layers[g->net->n_layers - 1];

    l->inputs[l->n_inputs++] = from - 1;
}

static ost_net_attr *give(growth *g, const char *name, double v)
{
    ost_layer_spec *l = &g->net->layers[g->net->n_layers - 1];
    ost_net_attr *a = (ost_net_attr *)(uintptr_t)&l->attrs[l->n_attrs++];

    *a = (ost_net_attr){ ost_xstrdup(name), .count = 1, .v = { v } };
    return a;
}

static void grow_pointwise(growth *g, int from, ost_rng *rng)
{
    static const char *const kinds[] = { "relu", "leaky_relu", "sigmoid",
                                         "tanh" };

    grow(g, kinds[between(rng, 0, 3)], from);
}

/* Convolutions of the same channels and kernel share their weights; those to
 * twelve channels do not learn them. */
static void name_convolution(growth *g, int64_t in, int64_t out, int64_t kernel)
{
    ost_layer_spec *layers = g->net->layers;
    int last = g->net->n_layers - 1;
    char *name = ost_xprintf("from%lld.to%lld.by%lld", (long long)in,
                             (long long)out, (long long)kernel);

    for (int i = 0; i < last; i++)
        layers[last].shared |=
            layers[i].name && strcmp(layers[i].name, name) == 0;
    layers[last].name = name;
    layers[last].frozen = out == 12;
}

static void grow_convolution(growth *g, int from, ost_rng *rng)
{
    static const int64_t channels[] = { 1, 2, 5, 8, 12, 16, 32 };
    int64_t kernel = between(rng, 0, 1) ? 3 : 1;
    int64_t stride = between(rng, 1, 2);
    int64_t *shape;

    if (g->ndim[from] != 4)
        return;
    shape = grow(g, "conv2d", from);
    shape[1] = channels[between(rng, 0, 6)];
    for (int i = 2; i < 4; i++)
        shape[i] = (shape[i] - 1) / stride + 1;
    give(g, "out", (double)shape[1]);
    give(g, "kernel", (double)kernel);
    give(g, "padding", (double)(kernel / 2));
    give(g, "stride", (double)stride);
    name_convolution(g, g->shape[from][1], shape[1], kernel);
}

static void grow_dense(growth *g, int from, ost_rng *rng)
{
    if (g->ndim[from] != 2)
        return;
    grow(g, "dense", from)[1] = between(rng, 1, 20);
    give(g, "out", (double)g->shape[g->n - 1][1]);
}

static void grow_norm(growth *g, int from, ost_rng *rng)
{
    static const char *const kinds[] = { "batch_norm", "instance_norm",
                                         "layer_norm" };
    int64_t which = between(rng, 0, 2);

    if (which &&
        (g->ndim[from] < 4 || g->shape[from][2] * g->shape[from][3] < 2))
        return;
    grow(g, kinds[which], from);
    give(g, "epsilon", 0.2);
    g->batch_norm |= which == 0;
}

static void grow_pool(growth *g, int from, ost_rng *rng)
{
    int64_t kernel = between(rng, 2, 3);
    int64_t padding = between(rng, 0, 1);
    int64_t *shape;

    if (g->ndim[from] != 4)
        return;
    if (between(rng, 0, 2) == 0) {
        grow(g, between(rng, 0, 1) ? "global_avg_pool" : "global_max_pool",
             from);
        g->ndim[g->n - 1] = 2;
        return;
    }
    if (g->shape[from][2] < 3 || g->shape[from][3] < 3)
        return;
    shape = grow(g, "max_pool2d", from);
    for (int i = 2; i < 4; i++)
        shape[i] = (shape[i] + 2 * padding - kernel) / 2 + 1;
    give(g, "kernel", (double)kernel);
    give(g, "stride", 2.0);
    give(g, "padding", (double)padding);
}

static void grow_reduction(growth *g, int from, ost_rng *rng)
{
    static const char *const kinds[] = { "mean", "sum", "max" };
    int first = (int)between(rng, 1, g->ndim[from] - 1);
    int last = (int)between(rng, first, g->ndim[from] - 1);
    int64_t *shape = grow(g, kinds[between(rng, 0, 2)], from);
    ost_net_attr *a = give(g, "axes", first);

    a->count = 0;
    for (int i = first; i <= last; i++) {
        shape[i] = 1;
        a->v[a->count++] = i;
    }
}

/* A value that goes with `a`: of its shape but for the channels or, in a
 * broadcast, with sides of 1; or else `dflt`. */
static int partner(const growth *g, int a, bool broadcast, int dflt,
                   ost_rng *rng)
{
    for (int tries = 0; tries < 12; tries++) {
        int b = (int)between(rng, 0, g->n - 1);
        bool fits = g->ndim[a] == g->ndim[b];

        for (int i = 1; i < g->ndim[a] && fits; i++) {
            int64_t x = g->shape[a][i];
            int64_t y = g->shape[b][i];

            if (broadcast)
                fits = x == y || x == 1 || y == 1;
            else
                fits = i == 1 || x == y;
        }
        if (fits)
            return b;
    }
    return dflt;
}

static void grow_broadcast(growth *g, int from, ost_rng *rng)
{
    bool multiply = between(rng, 0, 1);
    int count = (int)between(rng, 1, 2);
    int64_t *shape = grow(g, multiply ? "multiply" : "add", from);

    g->n--; /* partners stand before */
    for (int k = 0; k < count; k++) {
        int other = partner(g, g->n, true, from, rng);

        also_reads(g, other);
        for (int i = 1; i < g->ndim[from]; i++)
            if (g->shape[other][i] > shape[i])
                shape[i] = g->shape[other][i];
    }
    g->n++;
}

static void grow_concat(growth *g, int from, ost_rng *rng)
{
    int other = partner(g, from, false, from, rng);
    bool first = between(rng, 0, 1);
    int64_t *shape = grow(g, "concat", first ? from : other);

    shape[1] = g->shape[from][1] + g->shape[other][1];
    also_reads(g, first ? other : from);
}

static void grow_slice(growth *g, int from, ost_rng *rng)
{
    int axis = (int)between(rng, 1, g->ndim[from] - 1);
    int64_t first = between(rng, 0, g->shape[from][axis] - 1);
    int64_t end = between(rng, first + 1, g->shape[from][axis]);

    grow(g, "slice", from)[axis] = end - first;
    give(g, "axis", axis);
    give(g, "from", (double)first);
    give(g, "to", (double)end);
}

static void grow_cell(growth *g, int from, ost_rng *rng)
{
    int64_t hidden = between(rng, 1, 9);

    if (g->ndim[from] != 4)
        return;
    grow(g, "conv_lstm", from)[1] = 2 * hidden;
    give(g, "hidden", (double)hidden);
    if (between(rng, 0, 1)) { /* once more, with the state */
        grow(g, "conv_lstm", from)[1] = 2 * hidden;
        also_reads(g, g->n - 2);
        give(g, "hidden", (double)hidden);
    }
}

static void (*const kinds[])(growth *g, int from, ost_rng *rng) = {
    grow_pointwise,   grow_pointwise, grow_pointwise, grow_convolution,
    grow_convolution, grow_dense,     grow_norm,      grow_norm,
    grow_pool,        grow_reduction, grow_broadcast, grow_broadcast,
    grow_broadcast,   grow_concat,    grow_slice,     grow_cell,
};

static void draw(growth *g, ost_rng *rng)
{
    int layers = (int)between(rng, 2, LAYERS - 1);
    int64_t side = between(rng, 0, 2) ? between(rng, 1, 9) : 1;

    *g = (growth){ .net = ost_xalloc(sizeof(*g->net)), .n = 1, .ndim = { 4 } };
    memcpy(
        g->shape[0],
        (int64_t[]){ ITEMS, between(rng, 1, 17), side, between(rng, 1, side) },
        4 * sizeof(int64_t));
    while (g->n <= layers) {
        int from = g->n - 1;

        if (between(rng, 0, 2) == 0)
            from = (int)between(rng, 0, g->n - 1);
        kinds[between(rng, 0, sizeof(kinds) / sizeof(kinds[0]) - 1)](g, from,
                                                                     rng);
    }
}

/* Numbers in double, in a row: the input, then all weights. */
typedef struct numbers {
    int64_t count;
    double *v;
    bool *fixed; /* has no gradient */
    ref_value input;
    ref_weights weights;
} numbers;

static void numbers_init(numbers *n, ost_net *net, ost_weights *w)
{
    ost_tensor x = ost_net_input(net);
    double *at;

    n->count = ost_tensor_count(&x);
    for (size_t i = 0; i < w->len; i++)
        n->count += ost_weight_count(w->data[i]);
    at = n->v = ost_xalloc((size_t)n->count * sizeof(double));
    n->fixed = ost_xalloc((size_t)n->count * sizeof(bool));
    n->input = (ref_value){ .ndim = x.ndim, .v = at };
    memcpy(n->input.shape, x.shape, sizeof(x.shape));
    at += ost_tensor_count(&x);
    for (size_t i = 0; i < w->len; i++) {
        int64_t count = ost_weight_count(w->data[i]);

        ost_vec_push(&n->weights, (ref_weight){ w->data[i]->name, count, at });
        memset(n->fixed + (at - n->v), !w->data[i]->learned, (size_t)count);
        at += count;
    }
}

static void numbers_release(numbers *n)
{
    ost_vec_release(&n->weights);
    ost_free(n->fixed);
    ost_free(n->v);
}

/* What a network of the kernels gives: output, then gradients like numbers. */
typedef struct result {
    int64_t outputs;
    int64_t count;
    float *y;
    float *grad;
} result;

static ost_net *build(const growth *g, unsigned flags, ost_weights *w)
{
    ost_net_spec spec = { g->net->layers, g->net->n_layers,
                          g->net->n_layers - 1 };
    ost_net *net = NULL;
    ost_err err = { 0 };

    if (ost_net_new(w, &spec, 4, g->shape[0], flags, &net, NULL, &err))
        fail_msg("%s", err.text);
    return net;
}

static void put(ost_weights *w, const numbers *n)
{
    for (size_t i = 0; i < w->len; i++) {
        int64_t count = n->weights.data[i].count;
        float *plain = ost_xalloc((size_t)count * sizeof(float));

        for (int64_t k = 0; k < count; k++)
            plain[k] = (float)n->weights.data[i].v[k];
        assert_int_equal(
            ost_weights_set(w, w->data[i], OST_PART_DATA, plain, NULL), OST_OK);
        ost_free(plain);
    }
}

static void put_row(float *to, const double *from, int64_t count)
{
    float *v = ost_xalloc((size_t)count * sizeof(*v));

    for (int64_t i = 0; i < count; i++)
        v[i] = (float)from[i];
    device_put(backend, to, v, count);
    ost_free(v);
}

static void run_once(ost_net *net, unsigned flags, const double *dy, result *r)
{
    assert_int_equal(ost_net_forward(net, 1, NULL), OST_OK);
    device_get(backend, ost_net_output(net).data, r->y, r->outputs);
    if (!(flags & OST_NET_TRAIN))
        return;
    put_row(ost_net_output_grad(net).data, dy, r->outputs);
    assert_int_equal(ost_net_backward(net, NULL), OST_OK);
}

/* Twice, when gradients are added; in inference with weights that a network for
 * training has laid out. */
static void run(const growth *g, unsigned flags, const numbers *n,
                const double *dy, result *r)
{
    ost_weights *w = ost_weights_new(backend);
    ost_net *before =
        flags ? NULL : build(g, OST_NET_TRAIN | OST_NET_INPUT_GRAD, w);
    ost_net *net = build(g, flags, w);
    ost_tensor x = ost_net_input(net);
    ost_tensor y = ost_net_output(net);
    int64_t at = ost_tensor_count(&x);
    int passes = flags & OST_NET_ADD_GRAD ? 2 : 1;

    put(w, n);
    put_row(x.data, n->input.v, at);
    r->outputs = ost_tensor_count(&y);
    r->y = ost_xalloc((size_t)r->outputs * sizeof(float));
    ost_weights_clear_grad(w);
    for (int i = 0; i < passes; i++)
        run_once(net, flags, dy, r);
    if (flags & OST_NET_TRAIN) {
        r->grad = ost_xalloc((size_t)n->count * sizeof(float));
        x = ost_net_input_grad(net);
        device_get(backend, x.data, r->grad, at);
        for (size_t i = 0; i < w->len; at += n->weights.data[i++].count)
            if (w->data[i]->learned && w->data[i]->grad_set)
                assert_int_equal(ost_weights_get(w, w->data[i], OST_PART_GRAD,
                                                 r->grad + at, NULL),
                                 OST_OK);
    }
    ost_net_free(net);
    ost_net_free(before);
    ost_weights_free(w);
}

static void result_release(result *r)
{
    ost_free(r->grad);
    ost_free(r->y);
}

/* sum(y dy) of the plain loops with all numbers moved by `by` times `way`. */
static double value(const growth *g, numbers *n, const double *way, double by,
                    const double *dy)
{
    ref_value y;
    double sum = 0.0;

    for (int64_t i = 0; i < n->count; i++)
        n->v[i] += by * way[i];
    ref_run(g->net, &n->weights, &n->input, &y);
    for (int64_t i = 0; i < n->count; i++)
        n->v[i] -= by * way[i];
    for (int64_t i = 0; i < ref_count(&y); i++)
        sum += y.v[i] * dy[i];
    ost_free(y.v);
    return sum;
}

static double output_error(const result *r, const ref_value *y)
{
    double largest = 0.1;
    double worst = 0.0;

    for (int64_t i = 0; i < r->outputs; i++) {
        double d = fabs((double)r->y[i] - y->v[i]);

        worst = !(d <= worst) ? d : worst;
        largest = fmax(largest, fabs(y->v[i]));
    }
    return worst / largest;
}

/* How far the gradients of the weights are from twice those of one pass. */
static double sum_error(const result *one, const result *two, const numbers *n)
{
    double largest = 0.1;
    double worst = 0.0;

    for (int64_t i = ref_count(&n->input); i < n->count; i++) {
        double want = 2.0 * (double)one->grad[i];
        double d = fabs((double)two->grad[i] - want);

        worst = !(d <= worst) ? d : worst;
        largest = fmax(largest, fabs(want));
    }
    return worst / largest;
}

/* How far the slope of the plain loops is from what the gradients say. */
static double slope_error(const growth *g, const result *r, numbers *n,
                          const double *dy, ost_rng *rng)
{
    const double step = 1e-7;
    double *way = ost_xalloc((size_t)n->count * sizeof(double));
    double slope = 0.0;
    double size = 0.1;
    double real;

    for (int64_t i = 0; i < n->count; i++) {
        way[i] = n->fixed[i] ? 0.0 : ost_rng_normal(rng);
        slope += way[i] * (double)r->grad[i];
        size += way[i] * way[i] * (double)r->grad[i] * (double)r->grad[i];
    }
    real = (value(g, n, way, step, dy) - value(g, n, way, -step, dy)) /
           (2.0 * step);
    ost_free(way);
    return fabs(slope - real) / sqrt(size);
}

static void text_of(const growth *g, char *text, size_t room)
{
    size_t at = 0;

    for (int i = 0; i < g->net->n_layers; i++) {
        const ost_layer_spec *l = &g->net->layers[i];

        at += (size_t)snprintf(text + at, room - at, " %s(", l->kind);
        for (int k = 0; k < l->n_inputs; k++)
            at += (size_t)snprintf(text + at, room - at, "%s%d", k ? "," : "",
                                   l->inputs[k]);
        at += (size_t)snprintf(text + at, room - at, ")");
    }
}

static const char *networks_follow_their_layers(ost_rng *rng)
{
    static char wrong[1200];
    char text[1000] = "";
    unsigned train = OST_NET_TRAIN | OST_NET_INPUT_GRAD;
    ost_weights *w = ost_weights_new(backend);
    numbers n = { 0 };
    result r = { 0 };
    result kept = { 0 };
    result judged = { 0 };
    result added = { 0 };
    double e[4] = { 0.0 };
    bool same;
    double *dy;
    ost_net *net;
    ref_value y;
    growth g;

    draw(&g, rng);
    text_of(&g, text, sizeof(text));
    net = build(&g, train, w);
    numbers_init(&n, net, w);
    for (int64_t i = 0; i < n.count; i++)
        n.v[i] = (double)(float)(ost_rng_normal(rng) * 0.5);
    ref_run(g.net, &n.weights, &n.input, &y);
    dy = ost_xalloc((size_t)ref_count(&y) * sizeof(double));
    for (int64_t i = 0; i < ref_count(&y); i++)
        dy[i] = (double)(float)ost_rng_normal(rng);
    run(&g, train, &n, dy, &r);
    run(&g, train | OST_NET_KEEP, &n, dy, &kept);
    run(&g, train | OST_NET_ADD_GRAD, &n, dy, &added);
    run(&g, 0, &n, dy, &judged);
    same = memcmp(r.y, kept.y, (size_t)r.outputs * sizeof(float)) == 0 &&
           memcmp(r.grad, kept.grad, (size_t)n.count * sizeof(float)) == 0;
    e[0] = output_error(&r, &y);
    e[1] = slope_error(&g, &r, &n, dy, rng);
    if (!g.batch_norm)
        e[2] = output_error(&judged, &y);
    e[3] = sum_error(&r, &added, &n);
    snprintf(wrong, sizeof(wrong),
             "output off by %.2g, slope by %.2g, in inference %.2g, sums of "
             "gradients by %.2g%s:%s",
             e[0], e[1], e[2], e[3], same ? "" : ", other bytes when kept",
             text);
    result_release(&judged);
    result_release(&added);
    result_release(&kept);
    result_release(&r);
    ost_free(dy);
    ost_free(y.v);
    numbers_release(&n);
    ost_net_free(net);
    ost_weights_free(w);
    case_free(g.net);
    return same && e[0] <= 1e-4 && e[1] <= 1e-3 && e[2] <= 1e-4 && e[3] <= 1e-5
               ? NULL
               : wrong;
}

static void networks_are_what_their_layers_are(void **state)
{
    (void)state;
    assert_int_equal(each_seed(CASES, networks_follow_their_layers), 0);
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
        cmocka_unit_test(networks_are_what_their_layers_are),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
