/* tests/property/test_operator_properties.c - operators of any shape against
 * their definitions
 *
 * The gradients of the definitions are compared with differences first, the
 * kernels with the definitions then.
 */
/* links: base kernels */
/* on: cpu cuda */
#include "tests/support/backend_case.h"
#include "tests/support/net_case.h"
#include "tests/support/reference_convolution.h"
#include "tests/support/reference_norm.h"
#include "tests/support/reference_pooling.h"
#include "tests/support/reference_resampling.h"
#include "tests/support/seed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { CASES = 300, PROBES = 12 };

static void (*const draws[])(reference *r,
                             ost_rng *rng) = { ref_conv_draw, ref_norm_draw,
                                               ref_pool_draw, ref_sample_draw };

static ost_backend *backend;

static void draw(reference *r, ost_rng *rng)
{
    size_t n = sizeof(draws) / sizeof(draws[0]);

    memset(r, 0, sizeof(*r));
    draws[ref_between(rng, 0, (int64_t)n - 1)](r, rng);
}

static double *numbers(ost_rng *rng, int64_t n)
{
    double *v = ost_xalloc((size_t)(n ? n : 1) * sizeof(*v));

    /* Of single precision, so that the kernels get the same. */
    for (int64_t i = 0; i < n && rng; i++)
        v[i] = (double)(float)ost_rng_normal(rng);
    return v;
}

/* Random numbers, or zeros without `rng`. */
static ref_numbers numbers_of(const reference *r, ost_rng *rng)
{
    ref_numbers v = { .x = numbers(rng, ref_in_count(r)),
                      .y = numbers(NULL, ref_out_count(r)) };

    for (int i = 0; i < REF_WEIGHTS; i++)
        v.w[i] = numbers(rng, r->weights[i]);
    return v;
}

static void numbers_release(ref_numbers *v)
{
    ost_free(v->x);
    ost_free(v->y);
    for (int i = 0; i < REF_WEIGHTS; i++)
        ost_free(v->w[i]);
}

/* sum(y dy) */
static double value(const reference *r, ref_numbers *v, const double *dy)
{
    double sum = 0.0;

    memset(v->y, 0, (size_t)ref_out_count(r) * sizeof(*v->y));
    r->forward(r, v);
    for (int64_t i = 0; i < ref_out_count(r); i++)
        sum += v->y[i] * dy[i];
    return sum;
}

/* A few derivatives of `value` by numbers at `at` against `grad`. */
static bool slopes_agree(const reference *r, ref_numbers *v, const double *dy,
                         double *at, const double *grad, int64_t count,
                         ost_rng *rng)
{
    const double step = 1e-5;

    for (int i = 0; i < PROBES && count; i++) {
        int64_t k = ref_between(rng, 0, count - 1);
        double keep = at[k];
        double up;
        double down;

        at[k] = keep + step;
        up = value(r, v, dy);
        at[k] = keep - step;
        down = value(r, v, dy);
        at[k] = keep;
        if (!(fabs((up - down) / (2.0 * step) - grad[k]) <=
              1e-6 * (1.0 + fabs(grad[k]))))
            return false;
    }
    return true;
}

static const char *gradient_is_a_slope(ost_rng *rng)
{
    static char wrong[300];
    reference r;
    ref_numbers v;
    ref_numbers g;
    bool fine;

    draw(&r, rng);
    v = numbers_of(&r, rng);
    g = numbers_of(&r, NULL);
    ost_free(g.y);
    g.y = numbers(rng, ref_out_count(&r));
    r.backward(&r, &v, &g);
    fine = slopes_agree(&r, &v, g.y, v.x, g.x, ref_in_count(&r), rng);
    for (int i = 0; i < REF_WEIGHTS; i++)
        fine &= slopes_agree(&r, &v, g.y, v.w[i], g.w[i], r.weights[i], rng);
    numbers_release(&g);
    numbers_release(&v);
    snprintf(wrong, sizeof(wrong), "%s: the gradient is no slope", r.layer);
    return fine ? NULL : wrong;
}

static void gradients_of_the_definitions_are_slopes(void **state)
{
    (void)state;
    assert_int_equal(each_seed(CASES, gradient_is_a_slope), 0);
}

static double error(const float *got, const double *want, int64_t n)
{
    double worst = 0.0;
    double largest = 0.0;

    for (int64_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - want[i]);

        if (!(d <= worst))
            worst = d;
        largest = fmax(largest, fabs(want[i]));
    }
    /* What cancels is as large as its terms' rounding. */
    return worst / (largest + 0.1);
}

static double weight_error(ost_weights *w, size_t i, ost_weight_part part,
                           const double *want)
{
    int64_t n = ost_weight_count(w->data[i]);
    float *plain = ost_xalloc((size_t)n * sizeof(*plain));
    double e;

    assert_int_equal(ost_weights_get(w, w->data[i], part, plain, NULL), OST_OK);
    e = error(plain, want, n);
    ost_free(plain);
    return e;
}

static void put(const double *from, float *to, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = (float)from[i];
}

static void put_device(const double *from, float *to, int64_t n)
{
    float *v = ost_xalloc((size_t)n * sizeof(*v));

    put(from, v, n);
    device_put(backend, to, v, n);
    ost_free(v);
}

static double device_error(ost_tensor got, const double *want)
{
    float *v = device_numbers(backend, &got);
    double e = error(v, want, ost_tensor_count(&got));

    ost_free(v);
    return e;
}

static ost_net *build(const reference *r, const ref_numbers *v, ost_weights *w)
{
    int64_t shape[OST_MAX_DIMS] = { r->items, r->in_channels };
    net_case *c = ost_xalloc(sizeof(*c));
    char *text = ost_xstrdup(r->layer);
    ost_net_spec spec = { c->layers, 1, 0 };
    ost_net *net = NULL;
    ost_err err = { 0 };

    for (int i = 0; i < r->sides; i++)
        shape[2 + i] = r->in[REF_SIDES - r->sides + i];
    case_layer(c, text);
    if (ost_net_new(w, &spec, r->sides + 2, shape,
                    OST_NET_TRAIN | OST_NET_INPUT_GRAD, &net, NULL, &err))
        fail_msg("%s: %s", r->layer, err.text);
    for (size_t i = 0; i < REF_WEIGHTS; i++) {
        float *plain;

        if (!r->weights[i])
            continue;
        assert_int_equal(ost_weight_count(w->data[i]), r->weights[i]);
        plain = ost_xalloc((size_t)r->weights[i] * sizeof(*plain));
        put(v->w[i], plain, r->weights[i]);
        assert_int_equal(
            ost_weights_set(w, w->data[i], OST_PART_DATA, plain, NULL), OST_OK);
        ost_free(plain);
    }
    put_device(v->x, ost_net_input(net).data, ref_in_count(r));
    ost_free(text);
    case_free(c);
    return net;
}

static const char *kernel_follows_definition(ost_rng *rng)
{
    static char wrong[400];
    ost_weights *w = ost_weights_new(backend);
    double e[2 + REF_WEIGHTS] = { 0.0 };
    bool fine = true;
    ost_tensor out;
    ost_net *net;
    reference r;
    ref_numbers v;
    ref_numbers g;

    draw(&r, rng);
    v = numbers_of(&r, rng);
    g = numbers_of(&r, NULL);
    ost_free(g.y);
    g.y = numbers(rng, ref_out_count(&r));
    r.forward(&r, &v);
    r.backward(&r, &v, &g);
    net = build(&r, &v, w);
    out = ost_net_output(net);
    assert_int_equal(ost_tensor_count(&out), ref_out_count(&r));
    assert_int_equal(ost_net_forward(net, 0, NULL), OST_OK);
    e[0] = device_error(out, v.y);
    put_device(g.y, ost_net_output_grad(net).data, ref_out_count(&r));
    assert_int_equal(ost_net_backward(net, NULL), OST_OK);
    e[1] = device_error(ost_net_input_grad(net), g.x);
    for (size_t i = 0; i < REF_WEIGHTS; i++)
        if (r.weights[i])
            e[2 + i] = weight_error(w, i, OST_PART_GRAD, g.w[i]);
    for (int i = 0; i < 2 + REF_WEIGHTS; i++)
        fine &= e[i] <= backend_tolerance(1e-5, 1e-4);
    ost_net_free(net);
    ost_weights_free(w);
    numbers_release(&g);
    numbers_release(&v);
    snprintf(wrong, sizeof(wrong),
             "%s: output off by %.2g, gradients by %.2g, %.2g, %.2g", r.layer,
             e[0], e[1], e[2], e[3]);
    return fine ? NULL : wrong;
}

static void kernels_follow_the_definitions(void **state)
{
    (void)state;
    assert_int_equal(each_seed(CASES, kernel_follows_definition), 0);
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
        cmocka_unit_test(gradients_of_the_definitions_are_slopes),
        cmocka_unit_test(kernels_follow_the_definitions),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
