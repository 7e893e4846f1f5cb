/* tests/unit/test_adversarial.c - how a discriminator's outputs are judged
 *
 * The fixtures were computed by PyTorch in double precision; ours may differ by
 * rounding alone.
 */
/* links: base kernels */
/* on: cpu cuda */
#include "base/rng.h"
#include "kernels/loss.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_case.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

static const char *const loss_names[] = {
    [OST_GAN_BCE] = "bce",
    [OST_GAN_LEAST_SQUARES] = "least_squares",
    [OST_GAN_HINGE] = "hinge",
    [OST_GAN_WASSERSTEIN] = "wasserstein",
};
enum { LOSSES = 4, VERDICTS = 3 };

/* `a` has numbers of the host. */
static double compute(ost_backend *b, const ost_adversarial *a)
{
    int64_t count = ost_tensor_count(&a->logits);
    ost_adversarial there = *a;
    double loss = -1.0;
    ost_err err = { 0 };

    there.logits.data = device_floats(b, a->logits.data, count);
    there.grad = a->grad ? device_floats(b, NULL, count) : NULL;
    there.loss = &loss;
    if (b->adversarial(&there, &err) || b->finish(b, &err))
        fail_msg("%s", err.text);
    if (a->grad)
        device_get(b, there.grad, a->grad, count);
    b->release(b, there.grad);
    b->release(b, there.logits.data);
    return loss;
}

static double attribute(const net_case *c, const char *name)
{
    const ost_layer_spec *l = &c->layers[0];

    for (int i = 0; i < l->n_attrs; i++)
        if (strcmp(l->attrs[i].name, name) == 0)
            return l->attrs[i].v[0];
    fail_msg("%s: no %s", c->name, name);
    return 0.0;
}

static ost_gan_loss kind_of(const net_case *c)
{
    for (int k = 0; k < LOSSES; k++)
        if (strcmp(c->layers[0].kind, loss_names[k]) == 0)
            return (ost_gan_loss)k;
    fail_msg("%s: unknown loss", c->name);
    return OST_GAN_BCE;
}

static void expect_near(const net_case *c, const char *name, const float *got)
{
    const case_tensor *t = case_find(c, name);
    double largest = 0.0;
    double worst = 0.0;

    assert_non_null(t);
    for (int64_t i = 0; i < t->count; i++) {
        double d = fabs((double)got[i] - (double)t->v[i]);

        if (!(d <= worst))
            worst = d;
        largest = fmax(largest, fabs((double)t->v[i]));
    }
    if (!(worst <= 1e-6 * largest))
        fail_msg("%s: %s differs by %.3g of %.3g", c->name, name, worst,
                 largest);
}

static void numbers_agree_with_pytorch(void **state)
{
    char *path =
        ost_path_join(getenv("OSTEON_SOURCE"), "tests/parity/adversarial.txt");
    FILE *f = fopen(path, "r");
    ost_backend *b = backend_case_open(2);
    net_case *c;
    int count = 0;

    (void)state;
    assert_non_null(f);
    for (; (c = case_read(f)); count++) {
        const case_tensor *x = case_find(c, "output");
        float *grad = ost_xalloc((size_t)x->count * sizeof(float));
        ost_adversarial a = {
            .logits = ost_tensor_of(x->v, OST_F32, x->ndim, x->shape),
            .kind = kind_of(c),
            .verdict = (ost_verdict)attribute(c, "verdict"),
            .smoothing = attribute(c, "smoothing"),
            .weight = attribute(c, "weight"),
            .grad = grad,
        };
        float loss = (float)compute(b, &a);

        expect_near(c, "loss", &loss);
        expect_near(c, "grad", grad);
        ost_free(grad);
        case_free(c);
    }
    assert_int_equal(count, LOSSES * VERDICTS * 3);
    ost_backend_close(b);
    fclose(f);
    ost_free(path);
}

/* The slope between two close points; hinges are not met by chance. */
static void gradients_are_slopes(void **state)
{
    enum { N = 11 };
    ost_backend *b = backend_case_open(2);
    float x[N];
    float grad[N];

    (void)state;
    for (int i = 0; i < N; i++)
        x[i] = (float)(i - 5) * 0.71f + 0.1f;
    for (int k = 0; k < LOSSES * VERDICTS; k++) {
        ost_adversarial a = {
            .logits = ost_tensor_of(x, OST_F32, 2, (int64_t[]){ N, 1 }),
            .kind = (ost_gan_loss)(k / VERDICTS),
            .verdict = (ost_verdict)(k % VERDICTS),
            .smoothing = 0.2,
            .weight = 1.5,
            .grad = grad,
        };

        compute(b, &a);
        a.grad = NULL;
        for (int i = 0; i < N; i++) {
            float at = x[i];
            double high;
            double low;
            double step;

            x[i] = at + 0x1p-8f;
            step = (double)x[i];
            high = compute(b, &a);
            x[i] = at - 0x1p-8f;
            step -= (double)x[i];
            low = compute(b, &a);
            x[i] = at;
            assert_true(fabs(1.5 * (high - low) / step - (double)grad[i]) <
                        1e-5);
        }
    }
    ost_backend_close(b);
}

/* Labels are smoothed only for real images, and where there are labels. */
static void smoothing_is_for_real_images(void **state)
{
    ost_backend *b = backend_case_open(1);
    float x[3] = { -0.7f, 0.3f, 0.4f };

    (void)state;
    for (int k = 0; k < LOSSES * VERDICTS; k++) {
        ost_adversarial a = {
            .logits = ost_tensor_of(x, OST_F32, 2, (int64_t[]){ 3, 1 }),
            .kind = (ost_gan_loss)(k / VERDICTS),
            .verdict = (ost_verdict)(k % VERDICTS),
            .weight = 1.0,
        };
        bool labels = a.kind == OST_GAN_BCE || a.kind == OST_GAN_LEAST_SQUARES;
        double plain = compute(b, &a);

        a.smoothing = 0.1;
        if (labels && a.verdict == OST_VERDICT_REAL)
            assert_true(compute(b, &a) != plain);
        else
            assert_true(compute(b, &a) == plain);
    }
    ost_backend_close(b);
}

/* Far out the sigmoid is 0 or 1 and its logarithm would not be finite. */
static void cross_entropy_is_finite_far_out(void **state)
{
    ost_backend *b = backend_case_open(1);
    float x[4] = { 1e4f, -1e4f, 3e38f, -3e38f };
    float grad[4];
    ost_adversarial a = {
        .logits = ost_tensor_of(x, OST_F32, 2, (int64_t[]){ 4, 1 }),
        .weight = 4.0,
        .grad = grad,
    };

    (void)state;
    a.verdict = OST_VERDICT_WANTED;
    assert_true(isfinite(compute(b, &a)));
    assert_true(grad[0] == 0.0f && grad[1] == -1.0f);
    assert_true(grad[2] == 0.0f && grad[3] == -1.0f);
    a.verdict = OST_VERDICT_FAKE;
    assert_true(isfinite(compute(b, &a)));
    assert_true(grad[0] == 1.0f && grad[1] == 0.0f);
    assert_true(grad[2] == 1.0f && grad[3] == 0.0f);
    ost_backend_close(b);
}

static void what_is_not_a_number_stays_so(void **state)
{
    ost_backend *b = backend_case_open(1);
    float x[2] = { NAN, 1.0f };
    float grad[2];

    (void)state;
    for (int k = 0; k < LOSSES * VERDICTS; k++) {
        ost_adversarial a = {
            .logits = ost_tensor_of(x, OST_F32, 2, (int64_t[]){ 2, 1 }),
            .kind = (ost_gan_loss)(k / VERDICTS),
            .verdict = (ost_verdict)(k % VERDICTS),
            .weight = 1.0,
            .grad = grad,
        };

        if (!isnan(compute(b, &a)))
            fail_msg("%s: a loss that is not a number is hidden",
                     loss_names[a.kind]);
    }
    ost_backend_close(b);
}

static void bytes_are_the_same_for_any_number_of_threads(void **state)
{
    enum { N = 100003 };
    float *x = ost_xalloc(N * sizeof(*x));
    float *one = ost_xalloc(N * sizeof(*one));
    float *many = ost_xalloc(N * sizeof(*many));
    ost_rng rng = ost_rng_of(11, 0);

    (void)state;
    for (int i = 0; i < N; i++)
        x[i] = (float)ost_rng_range(&rng, -4.0, 4.0);
    for (int k = 0; k < LOSSES * VERDICTS; k++) {
        ost_adversarial a = {
            .logits = ost_tensor_of(x, OST_F32, 2, (int64_t[]){ N, 1 }),
            .kind = (ost_gan_loss)(k / VERDICTS),
            .verdict = (ost_verdict)(k % VERDICTS),
            .weight = 1.0,
        };
        double first = 0.0;

        for (int threads = 1; threads <= 8; threads *= 2) {
            ost_backend *b = backend_case_open(threads);
            double loss;

            a.grad = threads == 1 ? one : many;
            loss = compute(b, &a);
            if (threads == 1)
                first = loss;
            assert_memory_equal(&loss, &first, sizeof(loss));
            assert_memory_equal(a.grad, one, N * sizeof(*one));
            ost_backend_close(b);
        }
    }
    ost_free(many);
    ost_free(one);
    ost_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_agree_with_pytorch),
        cmocka_unit_test(gradients_are_slopes),
        cmocka_unit_test(smoothing_is_for_real_images),
        cmocka_unit_test(cross_entropy_is_finite_far_out),
        cmocka_unit_test(what_is_not_a_number_stays_so),
        cmocka_unit_test(bytes_are_the_same_for_any_number_of_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
