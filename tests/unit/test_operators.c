/* tests/unit/test_operators.c - network operators against PyTorch's numbers
 *
 * The fixtures were computed in double precision by another library; ours may
 * differ by rounding alone.  Every case also has to give the same bytes for any
 * number of threads, and every kind of layer has to have cases.
 */
/* links: base kernels */
/* on: cpu cuda checked */
#include "kernels/loss.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_case.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* Of the largest number: rounding, and on other devices rounding in another
 * order. */
static const double tolerance_cpu = 1e-5;
static const double tolerance_other = 1e-4;

static net_cases cases;
static ost_backend *backend;

typedef struct built {
    ost_weights *weights;
    ost_net *net;
} built;

static void open_backend(int threads)
{
    ost_backend_close(backend);
    backend = NULL;
    backend = backend_case_open(threads);
}

static void build(const net_case *c, unsigned flags, built *b)
{
    const case_tensor *in = case_find(c, "input");
    ost_net_spec spec = { c->layers, c->n_layers, c->n_layers - 1 };
    ost_tensor x;
    ost_err err = { 0 };

    b->weights = ost_weights_new(backend);
    if (ost_net_new(b->weights, &spec, in->ndim, in->shape, flags, &b->net,
                    NULL, &err))
        fail_msg("%s: %s", c->name, err.text);
    for (size_t i = 0; i < c->tensors.len; i++) {
        const case_tensor *t = &c->tensors.data[i];
        ost_weight *w;

        if (strncmp(t->name, "weight:", 7) != 0)
            continue;
        w = ost_weights_find(b->weights, t->name + 7);
        if (!w)
            fail_msg("%s: no weight %s", c->name, t->name);
        assert_int_equal(ost_weight_count(w), t->count);
        assert_int_equal(
            ost_weights_set(b->weights, w, OST_PART_DATA, t->v, &err), OST_OK);
    }
    x = ost_net_input(b->net);
    device_fill(backend, &x, in->v);
}

static void tear_down(built *b)
{
    ost_net_free(b->net);
    ost_weights_free(b->weights);
}

static void expect_near(const net_case *c, const char *name, const float *got)
{
    const double tolerance = backend_tolerance(tolerance_cpu, tolerance_other);
    const case_tensor *t = case_find(c, name);
    double largest = 0.0;
    double worst = 0.0;

    assert_non_null(t);
    for (int64_t i = 0; i < t->count; i++) {
        double d = fabs((double)got[i] - (double)t->v[i]);

        if (!(d <= worst))
            worst = d;
        if (fabs((double)t->v[i]) > largest)
            largest = fabs((double)t->v[i]);
    }
    if (!(worst <= tolerance * largest + 1e-7))
        fail_msg("%s: %s differs by %.3g of %.3g", c->name, name, worst,
                 largest);
}

static void expect_tensor(const net_case *c, const char *name, ost_tensor t)
{
    float *v = device_numbers(backend, &t);

    expect_near(c, name, v);
    ost_free(v);
}

static void expect_weight(const net_case *c, const built *b, const char *name,
                          ost_weight_part part)
{
    const case_tensor *t = case_find(c, name);
    const ost_weight *w = ost_weights_find(b->weights, strchr(name, ':') + 1);
    float *plain = ost_xalloc((size_t)t->count * sizeof(float));
    ost_err err;

    assert_int_equal(ost_weights_get(b->weights, w, part, plain, &err), OST_OK);
    expect_near(c, name, plain);
    ost_free(plain);
}

static void run_once(const net_case *c, unsigned flags, built *b)
{
    const case_tensor *dy = case_find(c, "output_grad");
    ost_tensor grad;
    ost_err err = { 0 };

    if (ost_net_forward(b->net, 1, &err))
        fail_msg("%s: %s", c->name, err.text);
    grad = ost_net_output_grad(b->net);
    if (!(flags & OST_NET_TRAIN) || !grad.data)
        return; /* for inference, or nothing learns */
    device_fill(backend, &grad, dy->v);
    if (ost_net_backward(b->net, &err))
        fail_msg("%s: %s", c->name, err.text);
}

static void check_pass(const net_case *c, unsigned flags)
{
    built b;

    build(c, flags, &b);
    run_once(c, flags, &b);
    expect_tensor(c, "output", ost_net_output(b.net));
    for (size_t i = 0; i < c->tensors.len && (flags & OST_NET_TRAIN); i++) {
        const char *name = c->tensors.data[i].name;

        if (strncmp(name, "grad:", 5) == 0)
            expect_weight(c, &b, name, OST_PART_GRAD);
        else if (strncmp(name, "after:", 6) == 0)
            expect_weight(c, &b, name, OST_PART_DATA);
    }
    if (flags & OST_NET_INPUT_GRAD)
        expect_tensor(c, "input_grad", ost_net_input_grad(b.net));
    tear_down(&b);
}

static void train(const net_case *c, built *b, float *losses)
{
    const case_tensor *labels = case_find(c, "labels");
    const case_tensor *class_weights = case_find(c, "class_weights");
    int32_t classes[64] = { 0 };
    ost_err err = { 0 };

    for (int64_t i = 0; i < labels->count; i++)
        classes[i] = (int32_t)labels->v[i];
    for (int s = 0; s < c->steps; s++) {
        double loss;
        ost_class_loss l = {
            .classes = device_lent(backend, classes, sizeof(classes)),
            .class_weights =
                class_weights
                    ? device_lent(backend, class_weights->v,
                                  (size_t)class_weights->count * sizeof(float))
                    : NULL,
            .loss = &loss,
        };

        if (ost_net_forward(b->net, (uint64_t)s, &err))
            fail_msg("%s: %s", c->name, err.text);
        l.logits = ost_net_output(b->net);
        l.grad = ost_net_output_grad(b->net).data;
        assert_int_equal(backend->softmax_cross_entropy(&l, &err), OST_OK);
        assert_int_equal(ost_net_backward(b->net, &err), OST_OK);
        assert_int_equal(ost_optimizer_step(&c->optimizer, b->weights, &err),
                         OST_OK);
        device_finish(backend);
        losses[s] = (float)loss;
    }
}

static void check_training(const net_case *c)
{
    float losses[16];
    built b;

    build(c, OST_NET_TRAIN, &b);
    train(c, &b, losses);
    expect_near(c, "losses", losses);
    for (size_t i = 0; i < c->tensors.len; i++)
        if (strncmp(c->tensors.data[i].name, "after:", 6) == 0)
            expect_weight(c, &b, c->tensors.data[i].name, OST_PART_DATA);
    tear_down(&b);
}

static void numbers_agree_with_pytorch(void **state)
{
    (void)state;
    open_backend(2);
    for (size_t i = 0; i < cases.len; i++) {
        const net_case *c = cases.data[i];

        if (c->has_steps) {
            check_training(c);
            continue;
        }
        if (c->train) {
            check_pass(c, OST_NET_TRAIN | OST_NET_INPUT_GRAD);
            check_pass(c, OST_NET_TRAIN);
        }
        if (c->infer)
            check_pass(c, 0);
    }
}

static uint64_t mix(uint64_t h, const void *data, size_t bytes)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < bytes; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return h;
}

static uint64_t mix_tensor(uint64_t h, ost_tensor t)
{
    float *v = device_numbers(backend, &t);

    h = mix(h, v, (size_t)ost_tensor_count(&t) * sizeof(*v));
    ost_free(v);
    return h;
}

static uint64_t digest(const net_case *c, unsigned flags, uint64_t h)
{
    float losses[16];
    ost_err err;
    built b;

    build(c, flags, &b);
    if (c->has_steps)
        train(c, &b, losses);
    else
        run_once(c, flags, &b);
    h = mix_tensor(h, ost_net_output(b.net));
    for (size_t i = 0; i < b.weights->len; i++) {
        const ost_weight *w = b.weights->data[i];
        size_t n = (size_t)ost_weight_count(w);
        float *plain = ost_xalloc(n * sizeof(float));

        for (int part = OST_PART_DATA; part <= OST_PART_STATE1; part++) {
            assert_int_equal(ost_weights_get(b.weights, w,
                                             (ost_weight_part)part, plain,
                                             &err),
                             OST_OK);
            h = mix(h, plain, n * sizeof(float));
        }
        ost_free(plain);
    }
    if (flags & OST_NET_INPUT_GRAD)
        h = mix_tensor(h, ost_net_input_grad(b.net));
    tear_down(&b);
    return h;
}

/* Of everything that a case computes; `more`: further flags for training. */
static uint64_t digest_of(const net_case *c, unsigned more)
{
    uint64_t h = 14695981039346656037u;

    if (c->train)
        h = digest(c, OST_NET_TRAIN | more, h);
    if (c->train && !c->has_steps)
        h = digest(c, OST_NET_TRAIN | OST_NET_INPUT_GRAD | more, h);
    return c->infer ? digest(c, 0, h) : h;
}

static void bytes_are_the_same_for_any_number_of_threads(void **state)
{
    static const int threads[] = { 1, 2, 3, 4, 8, 1 };
    uint64_t *first = ost_xalloc(cases.len * sizeof(*first));
    /* A GPU knows no threads, but what it computes is the same once more. */
    size_t turns =
        backend_case_is_cpu() ? sizeof(threads) / sizeof(threads[0]) : 2;

    (void)state;
    for (size_t t = 0; t < turns; t++) {
        open_backend(threads[t]);
        for (size_t i = 0; i < cases.len; i++) {
            uint64_t h = digest_of(cases.data[i], 0);

            if (t == 0)
                first[i] = h;
            else if (first[i] != h)
                fail_msg("%s: other bytes with %d threads", cases.data[i]->name,
                         threads[t]);
        }
    }
    ost_free(first);
}

/* Item `k` of the output, with all others of the input set to zero. */
static void expect_alone(const net_case *c, built *b, const float *whole,
                         int64_t k)
{
    ost_tensor in = ost_net_input(b->net);
    ost_tensor out = ost_net_output(b->net);
    size_t from = (size_t)ost_tensor_count(&in) / (size_t)in.shape[0];
    size_t to = (size_t)ost_tensor_count(&out) / (size_t)out.shape[0];
    const float *x = case_find(c, "input")->v + (size_t)k * from;
    float *alone = ost_xalloc(from * (size_t)in.shape[0] * sizeof(*alone));
    float *y;

    memcpy(alone + (size_t)k * from, x, from * sizeof(float));
    device_fill(backend, &in, alone);
    run_once(c, 0, b);
    y = device_numbers(backend, &out);
    if (memcmp(y + (size_t)k * to, whole + (size_t)k * to, to * sizeof(float)))
        fail_msg("%s: item %d depends on its neighbors", c->name, (int)k);
    ost_free(y);
    ost_free(alone);
}

static void an_item_does_not_depend_on_its_neighbors(void **state)
{
    (void)state;
    open_backend(2);
    for (size_t i = 0; i < cases.len; i++) {
        const net_case *c = cases.data[i];
        int64_t last = case_find(c, "input")->shape[0] - 1;
        ost_tensor out;
        float *whole;
        built b;

        if (!c->infer || last < 1)
            continue;
        build(c, 0, &b);
        run_once(c, 0, &b);
        out = ost_net_output(b.net);
        whole = device_numbers(backend, &out);
        expect_alone(c, &b, whole, 0);
        expect_alone(c, &b, whole, last);
        ost_free(whole);
        tear_down(&b);
    }
}

static void bytes_are_the_same_when_values_are_kept(void **state)
{
    (void)state;
    open_backend(2);
    for (size_t i = 0; i < cases.len; i++)
        if (cases.data[i]->train && digest_of(cases.data[i], OST_NET_KEEP) !=
                                        digest_of(cases.data[i], 0))
            fail_msg("%s: other bytes when all values are kept",
                     cases.data[i]->name);
}

/* oneDNN has nothing else for what is dilated in space and time; no network
 * here needs it. */
static bool may_be_slow(const ost_layer *l)
{
    if (strcmp(l->kind->name, "reorder") == 0)
        return true;
    if (strcmp(l->kind->name, "conv3d") != 0)
        return false;
    for (int i = 0; i < 3; i++)
        if (ost_layer_attr_int(l, "dilation", i) > 1)
            return true;
    return false;
}

static void no_operator_runs_reference_code(void **state)
{
    (void)state;
    cpu_alone();
    open_backend(2);
    for (size_t n = 0; n < cases.len; n++) {
        const net_case *c = cases.data[n];
        built b;

        build(c, c->train ? OST_NET_TRAIN | OST_NET_INPUT_GRAD : 0, &b);
        for (int i = 0; i < ost_net_layers(b.net); i++) {
            const ost_layer *l = ost_net_layer(b.net, i);

            for (int k = 0; k < 3; k++)
                if (l->code[k] && strstr(l->code[k], "ref") && !may_be_slow(l))
                    fail_msg("%s: layer %s runs %s (%d)", c->name, l->name,
                             l->code[k], k);
        }
        tear_down(&b);
    }
}

/* Fails when a lane that is no channel is not 0. */
static void expect_clear_lanes(const net_case *c, const ost_layer *l)
{
    const ost_value *v = l->out;
    int64_t blocks = ost_value_blocks(v);
    int64_t area = ost_value_area(v);

    for (int64_t i = 0; i < ost_value_stored(v); i++) {
        int64_t channel =
            i / v->block / area % blocks * v->block + i % v->block;

        if (channel >= ost_value_channels(v) && v->data[i] != 0.0f)
            fail_msg("%s: layer %s (%s) leaves %g in a missing channel",
                     c->name, l->name, l->kind->name, (double)v->data[i]);
    }
}

/* What a layer does not write would be seen: memory is filled before. */
static void lanes_of_missing_channels_are_zero(void **state)
{
    const ost_pass pass = { .draw = 1 };

    (void)state;
    cpu_alone(); /* others have no channels that are missing */
    open_backend(2);
    for (size_t n = 0; n < cases.len; n++) {
        const net_case *c = cases.data[n];
        unsigned flags = c->train ? OST_NET_TRAIN : 0;
        built b;

        build(c, flags | OST_NET_KEEP, &b);
        run_once(c, 0, &b);
        for (int i = 0; i < ost_net_layers(b.net); i++) {
            ost_layer *l = (ost_layer *)(uintptr_t)ost_net_layer(b.net, i);

            if (l->out->data_home == l->out)
                memset(l->out->data, 0xff,
                       (size_t)ost_value_stored(l->out) * sizeof(float));
            assert_int_equal(l->forward(l, &pass, NULL), OST_OK);
            expect_clear_lanes(c, l);
        }
        tear_down(&b);
    }
}

static bool has_case(const char *kind)
{
    for (size_t n = 0; n < cases.len; n++)
        for (int i = 0; i < cases.data[n]->n_layers; i++)
            if (strcmp(cases.data[n]->layers[i].kind, kind) == 0)
                return true;
    return false;
}

static void every_kind_of_layer_has_cases(void **state)
{
    const ost_layer_kind *kind;

    (void)state;
    for (size_t i = 0; (kind = ost_layer_kind_at(i)); i++)
        if (!(kind->flags & OST_INTERNAL) && !has_case(kind->name))
            fail_msg("no case of '%s'", kind->name);
}

static int set_up(void **state)
{
    (void)state;
    cases_read(&cases);
    return 0;
}

static int release(void **state)
{
    (void)state;
    ost_backend_close(backend);
    cases_release(&cases);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_layer_has_cases),
        cmocka_unit_test(numbers_agree_with_pytorch),
        cmocka_unit_test(bytes_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(lanes_of_missing_channels_are_zero),
        cmocka_unit_test(bytes_are_the_same_when_values_are_kept),
        cmocka_unit_test(an_item_does_not_depend_on_its_neighbors),
        cmocka_unit_test(no_operator_runs_reference_code),
    };

    return cmocka_run_group_tests(tests, set_up, release);
}
