/* tests/unit/test_net.c - networks: shapes, memory, sharing, what goes wrong */
/* links: base kernels */
/* on: cpu cuda */
#include "base/alloc.h"
#include "base/rng.h"
#include "kernels/loss.h"
#include "kernels/network.h"
#include "kernels/optimizer.h"
#include "tests/support/backend_case.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

static ost_net_attr number(const char *name, double v)
{
    return (ost_net_attr){ .name = name, .count = 1, .v = { v } };
}

/* A chain of layers, each reading the one before. */
typedef struct chain {
    ost_layer_spec layers[16];
    ost_net_attr attrs[16][4];
    int n;
} chain;

static void add(chain *c, const char *kind, int n, const ost_net_attr *attrs)
{
    if (n)
        memcpy(c->attrs[c->n], attrs, (size_t)n * sizeof(*attrs));
    c->layers[c->n] = (ost_layer_spec){ .kind = kind,
                                        .n_inputs = 1,
                                        .inputs = { c->n - 1 },
                                        .attrs = c->attrs[c->n],
                                        .n_attrs = n };
    c->n++;
}

static void add_conv(chain *c, double out, double kernel, double padding)
{
    add(c, "conv2d", 3,
        (ost_net_attr[]){ number("out", out), number("kernel", kernel),
                          number("padding", padding) });
}

static void small(chain *c)
{
    add_conv(c, 8, 3, 1);
    add(c, "batch_norm", 0, NULL);
    add(c, "relu", 0, NULL);
    add(c, "max_pool2d", 1, (ost_net_attr[]){ number("kernel", 2) });
    add_conv(c, 12, 3, 1);
    add(c, "relu", 0, NULL);
    add(c, "global_avg_pool", 0, NULL);
    add(c, "dropout", 1, (ost_net_attr[]){ number("p", 0.5) });
    add(c, "dense", 1, (ost_net_attr[]){ number("out", 3) });
}

static ost_rc make(const chain *c, ost_weights *w, const int64_t *shape,
                   unsigned flags, ost_net **net, ost_net_place *where,
                   ost_err *err)
{
    ost_net_spec spec = { c->layers, c->n, c->n - 1 };

    return ost_net_new(w, &spec, 4, shape, flags, net, where, err);
}

static void draw(float *v, int64_t count, uint64_t key)
{
    ost_rng r = ost_rng_of(key, 0);

    for (int64_t i = 0; i < count; i++)
        v[i] = (float)ost_rng_normal(&r);
}

static void fill(ost_tensor t, uint64_t key)
{
    int64_t count = ost_tensor_count(&t);
    float *v = ost_xalloc((size_t)count * sizeof(*v));

    draw(v, count, key);
    device_fill(backend, &t, v);
    ost_free(v);
}

static void step(ost_net *net, ost_weights *w, uint64_t draw)
{
    static const ost_optimizer adam = { .kind = OST_ADAM,
                                        .rate = 0.01,
                                        .beta1 = 0.9,
                                        .beta2 = 0.999,
                                        .epsilon = 1e-8 };
    static const int32_t classes[8] = { 0, 1, 2, 0, 1, 2, 0, 1 };
    ost_class_loss loss = {
        .classes = device_lent(backend, classes, sizeof(classes)),
    };

    assert_int_equal(ost_net_forward(net, draw, NULL), OST_OK);
    loss.logits = ost_net_output(net);
    loss.grad = ost_net_output_grad(net).data;
    assert_int_equal(backend->softmax_cross_entropy(&loss, NULL), OST_OK);
    assert_int_equal(ost_net_backward(net, NULL), OST_OK);
    assert_int_equal(ost_optimizer_step(&adam, w, NULL), OST_OK);
    device_finish(backend);
}

/* oneDNN makes small things for each call and frees them again; what the
 * allocator keeps of these in its per-thread caches counts as in use and
 * varies a little.  Over so many steps anything that is kept would show. */
enum { MANY_STEPS = 400, CACHES = 16 * 1024 };

static size_t in_use(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

static void a_step_allocates_nothing_after_the_first(void **state)
{
    ost_weights *w = ost_weights_new(backend);
    ost_net *net;
    chain c = { 0 };
    size_t before;

    (void)state;
    cpu_alone(); /* a stand-in has memory of its own */
    small(&c);
    assert_int_equal(make(&c, w, (int64_t[]){ 5, 1, 16, 16 }, OST_NET_TRAIN,
                          &net, NULL, NULL),
                     OST_OK);
    assert_int_equal(ost_weights_init(w, 1, NULL), OST_OK);
    fill(ost_net_input(net), 1);
    step(net, w, 0);
    step(net, w, 1);
    before = in_use();
    for (uint64_t i = 2; i < MANY_STEPS; i++)
        step(net, w, i);
    assert_in_range(in_use(), 0, before + CACHES);
    ost_net_free(net);
    ost_weights_free(w);
}

static void training_makes_the_loss_small(void **state)
{
    ost_weights *w = ost_weights_new(backend);
    static const int32_t classes[6] = { 0, 1, 2, 0, 1, 2 };
    double loss = 0.0;
    ost_class_loss l = { .loss = &loss };
    ost_net *net;
    chain c = { 0 };

    (void)state;
    small(&c);
    assert_int_equal(make(&c, w, (int64_t[]){ 6, 1, 16, 16 }, OST_NET_TRAIN,
                          &net, NULL, NULL),
                     OST_OK);
    assert_int_equal(ost_weights_init(w, 1, NULL), OST_OK);
    fill(ost_net_input(net), 1);
    for (uint64_t i = 0; i < 400; i++)
        step(net, w, i);
    l.logits = ost_net_output(net);
    l.classes = device_lent(backend, classes, sizeof(classes));
    assert_int_equal(backend->softmax_cross_entropy(&l, NULL), OST_OK);
    device_finish(backend);
    assert_true(loss < 0.7); /* ln 3 is where it starts */
    ost_net_free(net);
    ost_weights_free(w);
}

/* The last place of an item's numbers among 7 others must not matter. */
static void an_item_is_judged_without_its_neighbors(void **state)
{
    ost_weights *w = ost_weights_new(backend);
    float alone[3];
    ost_net *net;
    chain c = { 0 };
    enum { ITEM = 2 * 17 * 19 };
    static float x[8 * ITEM];

    (void)state;
    small(&c);
    assert_int_equal(
        make(&c, w, (int64_t[]){ 8, 2, 17, 19 }, 0, &net, NULL, NULL), OST_OK);
    assert_int_equal(ost_weights_init(w, 3, NULL), OST_OK);
    for (int place = 0; place < 8; place++) {
        float y[8 * 3];

        draw(x, 8 * ITEM, (uint64_t)place + 10);
        if (place % 2)
            memset(x, 0, sizeof(x));
        draw(x + (ptrdiff_t)place * ITEM, ITEM, 5);
        device_put(backend, ost_net_input(net).data, x, 8 * ITEM);
        assert_int_equal(ost_net_forward(net, 0, NULL), OST_OK);
        device_get(backend, ost_net_output(net).data, y, 8 * 3);
        if (place == 0)
            memcpy(alone, y, sizeof(alone));
        assert_memory_equal(alone, y + (ptrdiff_t)place * 3, sizeof(alone));
    }
    ost_net_free(net);
    ost_weights_free(w);
}

static void networks_of_other_batch_sizes_share_weights(void **state)
{
    ost_weights *w = ost_weights_new(backend);
    ost_net *nets[3];
    chain c = { 0 };
    size_t count;

    (void)state;
    small(&c);
    for (int i = 0; i < 3; i++) {
        int64_t shape[] = { 2 + i, 1, 16, 16 };

        assert_int_equal(
            make(&c, w, shape, i < 2 ? OST_NET_TRAIN : 0, &nets[i], NULL, NULL),
            OST_OK);
        if (i == 0)
            count = w->len;
        assert_int_equal(w->len, count);
    }
    assert_int_equal(ost_weights_init(w, 1, NULL), OST_OK);
    fill(ost_net_input(nets[0]), 1);
    fill(ost_net_input(nets[1]), 2);
    step(nets[0], w, 0);
    step(nets[1], w, 1);
    assert_int_equal(w->step, 2);
    for (int i = 0; i < 3; i++)
        ost_net_free(nets[i]);
    ost_weights_free(w);
}

static void gradients_add_up_over_passes(void **state)
{
    ost_weights *w = ost_weights_new(backend);
    float once[24];
    float twice[24];
    ost_weight *head;
    ost_net *net;
    chain c = { 0 };

    (void)state;
    add_conv(&c, 8, 3, 1);
    add(&c, "global_avg_pool", 0, NULL);
    add(&c, "dense", 1, (ost_net_attr[]){ number("out", 3) });
    assert_int_equal(make(&c, w, (int64_t[]){ 2, 1, 6, 6 },
                          OST_NET_TRAIN | OST_NET_ADD_GRAD, &net, NULL, NULL),
                     OST_OK);
    assert_int_equal(ost_weights_init(w, 1, NULL), OST_OK);
    head = ost_weights_find(w, "2.weight");
    assert_non_null(head);
    fill(ost_net_input(net), 1);
    ost_weights_clear_grad(w);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ost_net_forward(net, 0, NULL), OST_OK);
        fill(ost_net_output_grad(net), 9);
        assert_int_equal(ost_net_backward(net, NULL), OST_OK);
        assert_int_equal(
            ost_weights_get(w, head, OST_PART_GRAD, i ? twice : once, NULL),
            OST_OK);
    }
    for (int i = 0; i < 24; i++)
        assert_true(twice[i] == 2.0f * once[i]);
    ost_net_free(net);
    ost_weights_free(w);
}

/* sum(output * direction) with all learned weights moved by `by` times a fixed
 * random direction; adds what the gradient says of it to `slope`. */
static double probe(ost_net *net, ost_weights *w, double by, double *slope)
{
    ost_tensor out = ost_net_output(net);
    int64_t count = ost_tensor_count(&out);
    ost_rng r = ost_rng_of(31, 0);
    double sum = 0.0;
    float *y;
    float *dy = ost_xalloc((size_t)count * sizeof(*dy));

    for (size_t i = 0; i < w->len; i++) {
        size_t n = (size_t)ost_weight_count(w->data[i]);
        float *plain = ost_xalloc(2 * n * sizeof(*plain));
        float *grad = plain + n;

        assert_int_equal(
            ost_weights_get(w, w->data[i], OST_PART_DATA, plain, NULL), OST_OK);
        assert_int_equal(
            ost_weights_get(w, w->data[i], OST_PART_GRAD, grad, NULL), OST_OK);
        for (size_t k = 0; k < n && w->data[i]->learned; k++) {
            double d = ost_rng_normal(&r);

            plain[k] += (float)(by * d);
            *slope += d * (double)grad[k];
        }
        assert_int_equal(
            ost_weights_set(w, w->data[i], OST_PART_DATA, plain, NULL), OST_OK);
        ost_free(plain);
    }
    assert_int_equal(ost_net_forward(net, 5, NULL), OST_OK);
    draw(dy, count, 8);
    device_put(backend, ost_net_output_grad(net).data, dy, count);
    y = device_numbers(backend, &out);
    for (int64_t i = 0; i < count; i++)
        sum += (double)y[i] * (double)dy[i];
    ost_free(y);
    ost_free(dy);
    return sum;
}

static void gradients_agree_with_differences(void **state)
{
    const double step = 1e-3;
    double unused = 0.0;
    double slope = 0.0;
    double up;
    double down;
    ost_weights *w = ost_weights_new(backend);
    ost_net *net;
    chain c = { 0 };

    (void)state;
    add_conv(&c, 6, 3, 1);
    add(&c, "batch_norm", 0, NULL);
    add_conv(&c, 9, 3, 0);
    add(&c, "avg_pool2d", 1, (ost_net_attr[]){ number("kernel", 2) });
    add_conv(&c, 5, 2, 1);
    add(&c, "global_avg_pool", 0, NULL);
    add(&c, "dropout", 1, (ost_net_attr[]){ number("p", 0.3) });
    add(&c, "dense", 1, (ost_net_attr[]){ number("out", 4) });
    assert_int_equal(
        make(&c, w, (int64_t[]){ 6, 2, 9, 9 }, OST_NET_TRAIN, &net, NULL, NULL),
        OST_OK);
    assert_int_equal(ost_weights_init(w, 2, NULL), OST_OK);
    fill(ost_net_input(net), 1);
    probe(net, w, 0.0, &unused);
    assert_int_equal(ost_net_backward(net, NULL), OST_OK);
    up = probe(net, w, step, &slope);
    down = probe(net, w, -2.0 * step, &unused);
    assert_true(fabs((up - down) / (2.0 * step) - slope) <
                0.01 * fabs(slope) + 0.01);
    ost_net_free(net);
    ost_weights_free(w);
}

static void expect_fault(const chain *c, const int64_t *shape, unsigned flags,
                         int layer, int attr, const char *text)
{
    ost_weights *w = ost_weights_new(backend);
    ost_net_place where;
    ost_net *net;
    ost_err err = { 0 };

    assert_int_equal(make(c, w, shape, flags, &net, &where, &err), OST_EINPUT);
    assert_string_equal(err.text, text);
    assert_int_equal(where.layer, layer);
    assert_int_equal(where.attr, attr);
    ost_weights_free(w);
}

/* The gradient of the first layer's weight after one pass of a chain whose
 * layers from `frozen` on are frozen. */
static void first_gradient(int frozen, float *grad, size_t count)
{
    ost_weights *w = ost_weights_new(backend);
    ost_net *net;
    chain c = { 0 };

    small(&c);
    for (int i = frozen; i < c.n; i++)
        c.layers[i].frozen = true;
    assert_int_equal(make(&c, w, (int64_t[]){ 6, 3, 16, 16 }, OST_NET_TRAIN,
                          &net, NULL, NULL),
                     OST_OK);
    assert_int_equal(ost_weights_init(w, 1, NULL), OST_OK);
    fill(ost_net_input(net), 1);
    step(net, w, 0);
    for (size_t i = 0; i < w->len; i++) {
        bool still = strtol(w->data[i]->name, NULL, 10) >= frozen;

        if (still) {
            assert_false(w->data[i]->learned);
            assert_null(w->data[i]->grad);
        }
    }
    assert_int_equal(ost_weight_count(w->data[0]), count);
    assert_int_equal(ost_weights_get(w, w->data[0], OST_PART_GRAD, grad, NULL),
                     OST_OK);
    ost_net_free(net);
    ost_weights_free(w);
}

static void frozen_layers_hand_gradients_on(void **state)
{
    float free_grad[8 * 3 * 9];
    float frozen_grad[8 * 3 * 9];
    double sum = 0.0;

    (void)state;
    first_gradient(99, free_grad, 8 * 3 * 9);
    first_gradient(1, frozen_grad, 8 * 3 * 9);
    assert_memory_equal(free_grad, frozen_grad, sizeof(free_grad));
    for (int i = 0; i < 8 * 3 * 9; i++)
        sum += fabs((double)free_grad[i]);
    assert_true(sum > 0.0);
}

static void l2_is_of_the_weight_alone(void **state)
{
    ost_weights *w = ost_weights_new(backend);
    ost_net *net;
    chain c = { 0 };

    (void)state;
    small(&c);
    c.layers[4].l2 = 0.25;
    assert_int_equal(make(&c, w, (int64_t[]){ 2, 1, 16, 16 }, OST_NET_TRAIN,
                          &net, NULL, NULL),
                     OST_OK);
    assert_true(ost_weights_find(w, "4.weight")->l2 == 0.25);
    assert_true(ost_weights_find(w, "4.bias")->l2 == 0.0);
    assert_true(ost_weights_find(w, "0.weight")->l2 == 0.0);
    ost_net_free(net);
    ost_weights_free(w);
}

static void layers_share_weights_only_when_they_say_so(void **state)
{
    const int64_t shape[] = { 2, 4, 8, 8 };
    ost_weights *w = ost_weights_new(backend);
    ost_net *net;
    chain c = { 0 };

    (void)state;
    add_conv(&c, 4, 3, 1);
    add_conv(&c, 4, 3, 1);
    c.layers[0].name = c.layers[1].name = "same";
    expect_fault(&c, shape, 0, 1, -1,
                 "layer 1 (conv2d 'same'): an earlier layer has the weight "
                 "'same.weight'");
    c.layers[1].shared = true;
    c.layers[1].frozen = true;
    expect_fault(
        &c, shape, 0, 1, -1,
        "layer 1 (conv2d 'same'): shares the weight 'same.weight' with "
        "an earlier layer of other 'frozen' or 'l2'");
    c.layers[1].frozen = false;
    c.layers[1].l2 = 0.5;
    expect_fault(
        &c, shape, 0, 1, -1,
        "layer 1 (conv2d 'same'): shares the weight 'same.weight' with "
        "an earlier layer of other 'frozen' or 'l2'");
    c.layers[1].l2 = 0.0;
    assert_int_equal(make(&c, w, shape, OST_NET_TRAIN, &net, NULL, NULL),
                     OST_OK);
    assert_int_equal(w->len, 2);
    ost_net_free(net);
    ost_weights_free(w);
}

static void dropout_drops_a_share_and_remembers_which(void **state)
{
    ost_weights *w = ost_weights_new(backend);
    enum { N = 2 * 5 * 40 * 41 };
    ost_net *net;
    chain c = { 0 };
    int dropped = 0;
    ost_tensor t;
    float *v = ost_xalloc(N * sizeof(*v));
    float *y;
    float *dx;

    (void)state;
    add(&c, "dropout", 1, (ost_net_attr[]){ number("p", 0.25) });
    assert_int_equal(make(&c, w, (int64_t[]){ 2, 5, 40, 41 },
                          OST_NET_TRAIN | OST_NET_INPUT_GRAD, &net, NULL, NULL),
                     OST_OK);
    for (int i = 0; i < N; i++)
        v[i] = 3.0f;
    device_put(backend, ost_net_input(net).data, v, N);
    assert_int_equal(ost_net_forward(net, 77, NULL), OST_OK);
    t = ost_net_output(net);
    y = device_numbers(backend, &t);
    for (int i = 0; i < N; i++)
        v[i] = 6.0f;
    device_put(backend, ost_net_output_grad(net).data, v, N);
    assert_int_equal(ost_net_backward(net, NULL), OST_OK);
    t = ost_net_input_grad(net);
    dx = device_numbers(backend, &t);
    for (int i = 0; i < N; i++) {
        assert_true(y[i] == 0.0f || y[i] == 4.0f);
        assert_true(dx[i] == 2.0f * y[i]);
        dropped += y[i] == 0.0f;
    }
    assert_in_range(dropped, N / 4 - N / 50, N / 4 + N / 50);
    ost_free(dx);
    ost_free(y);
    ost_free(v);
    ost_net_free(net);
    ost_weights_free(w);
}

static void not_a_number_is_not_hidden(void **state)
{
    static const char *const kinds[] = { "relu", "max_pool2d", "avg_pool2d",
                                         "global_avg_pool", "global_max_pool" };

    (void)state;
    for (int i = 0; i < 5; i++) {
        ost_weights *w = ost_weights_new(backend);
        ost_net_attr kernel = number("kernel", 2);
        float x[4];
        float y[4];
        ost_tensor out;
        ost_net *net;
        chain c = { 0 };

        add(&c, kinds[i], i == 1 || i == 2, &kernel);
        assert_int_equal(
            make(&c, w, (int64_t[]){ 1, 1, 2, 2 }, 0, &net, NULL, NULL),
            OST_OK);
        draw(x, 4, 1);
        x[2] = NAN;
        device_put(backend, ost_net_input(net).data, x, 4);
        assert_int_equal(ost_net_forward(net, 0, NULL), OST_OK);
        out = ost_net_output(net);
        device_get(backend, out.data, y, ost_tensor_count(&out));
        assert_true(isnan(y[i ? 0 : 2]));
        ost_net_free(net);
        ost_weights_free(w);
    }
}

static void faults_name_the_layer(void **state)
{
    const int64_t shape[] = { 2, 1, 8, 8 };
    chain c = { 0 };

    (void)state;
    add_conv(&c, 4, 3, 0);
    add(&c, "conv2", 0, NULL);
    expect_fault(&c, shape, 0, 1, -1,
                 "layer 1 (conv2): unknown kind of layer 'conv2' (did you mean "
                 "'conv2d'?)");
    c.layers[1].kind = "reorder";
    expect_fault(&c, shape, 0, 1, -1,
                 "layer 1 (reorder): unknown kind of layer 'reorder'");
    c.layers[1].kind = "dense";
    expect_fault(&c, shape, 0, 1, -1,
                 "layer 1 (dense): attribute 'out' is missing");
    c.attrs[1][0] = number("out", 2);
    c.layers[1].n_attrs = 1;
    expect_fault(&c, shape, 0, 1, -1,
                 "layer 1 (dense): input 2x4x6x6 is not rows of numbers; put "
                 "'flatten' or 'global_avg_pool' before it");
    c.layers[1].kind = "max_pool2d";
    c.attrs[1][0] = number("kernal", 2);
    expect_fault(&c, shape, 0, 1, 0,
                 "layer 1 (max_pool2d): unknown attribute 'kernal' (did you "
                 "mean 'kernel'?)");
    c.attrs[1][0] = number("kernel", 2.5);
    expect_fault(&c, shape, 0, 1, 0,
                 "layer 1 (max_pool2d): attribute 'kernel' is 2.5, must be an "
                 "integer from 1 to 4096");
    c.attrs[1][0] = number("kernel", 7);
    expect_fault(&c, shape, 0, 1, -1,
                 "layer 1 (max_pool2d): input 2x4x6x6 is too small: it would "
                 "make 2x4x0x0");
    c.layers[1] =
        (ost_layer_spec){ .kind = "relu", .n_inputs = 1, .inputs = { 1 } };
    expect_fault(&c, shape, 0, 1, -1,
                 "layer 1 (relu): input 0 is layer 1, which is not before it");
    c.layers[1] = (ost_layer_spec){
        .kind = "add", .name = "sum", .n_inputs = 2, .inputs = { 0, -1 }
    };
    expect_fault(&c, shape, 0, 1, -1,
                 "layer 1 (add 'sum'): inputs 2x4x6x6 and 2x1x8x8 differ in "
                 "shape");
}

static void a_batch_norm_needs_more_than_one_value_to_train(void **state)
{
    chain c = { 0 };

    (void)state;
    add(&c, "batch_norm", 0, NULL);
    expect_fault(&c, (int64_t[]){ 1, 3, 1, 1 }, OST_NET_TRAIN, 0, -1,
                 "layer 0 (batch_norm): training needs more than one value per "
                 "channel");
}

static void weights_depend_on_key_and_name_alone(void **state)
{
    ost_weights *w[2] = { ost_weights_new(backend), ost_weights_new(backend) };
    float a[8 * 9];
    float b[8 * 9];
    double sum = 0.0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        ost_net *net;
        chain c = { 0 };

        add_conv(&c, 8, 3, 1);
        if (i)
            add_conv(&c, 4, 3, 1);
        assert_int_equal(
            make(&c, w[i], (int64_t[]){ 1, 1, 6, 6 }, 0, &net, NULL, NULL),
            OST_OK);
        assert_int_equal(ost_weights_init(w[i], 42, NULL), OST_OK);
        assert_int_equal(ost_weights_get(w[i],
                                         ost_weights_find(w[i], "0.weight"),
                                         OST_PART_DATA, i ? b : a, NULL),
                         OST_OK);
        ost_net_free(net);
    }
    assert_memory_equal(a, b, sizeof(a));
    for (int i = 0; i < 8 * 9; i++)
        sum += (double)a[i] * (double)a[i];
    /* variance 2 / fan in, fan in 9 */
    assert_true(sum / (8 * 9) > 0.1 && sum / (8 * 9) < 0.4);
    ost_weights_free(w[0]);
    ost_weights_free(w[1]);
}

static void other_numeric_classes_are_refused(void **state)
{
    ost_backend *other = NULL;
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(ost_backend_open("tpu", 1, &other, &err),
                     OST_EUNSUPPORTED);
    assert_string_equal(err.text, "no backend computes 'tpu'");
    assert_int_equal(ost_backend_open("cpu-f32-avx9", 1, &other, &err),
                     OST_EUNSUPPORTED);
    assert_null(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_allocates_nothing_after_the_first),
        cmocka_unit_test(training_makes_the_loss_small),
        cmocka_unit_test(an_item_is_judged_without_its_neighbors),
        cmocka_unit_test(networks_of_other_batch_sizes_share_weights),
        cmocka_unit_test(gradients_add_up_over_passes),
        cmocka_unit_test(gradients_agree_with_differences),
        cmocka_unit_test(frozen_layers_hand_gradients_on),
        cmocka_unit_test(l2_is_of_the_weight_alone),
        cmocka_unit_test(layers_share_weights_only_when_they_say_so),
        cmocka_unit_test(dropout_drops_a_share_and_remembers_which),
        cmocka_unit_test(not_a_number_is_not_hidden),
        cmocka_unit_test(faults_name_the_layer),
        cmocka_unit_test(a_batch_norm_needs_more_than_one_value_to_train),
        cmocka_unit_test(weights_depend_on_key_and_name_alone),
        cmocka_unit_test(other_numeric_classes_are_refused),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
