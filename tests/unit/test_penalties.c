/* tests/unit/test_penalties.c - discriminators that must not be steep
 *
 * The fixtures were computed by PyTorch, which differentiates twice; ours are
 * the backward pass of a network that makes the derivative.
 */
/* links: base kernels */
/* on: cpu cuda */
#include "base/rng.h"
#include "kernels/gan.h"
#include "kernels/tangent.h"
#include "tests/support/backend_case.h"
#include "tests/support/net_case.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { DISCRIMINATOR };
enum { D_REAL, D_FAKE, D_PENALTY, LOSSES };
enum { PASS_REAL, PASS_FAKE, PASS_PENALTY = 7 };

static const double tolerance = 1e-4; /* of the largest */

static ost_backend *backend;

static void open_backend(int threads)
{
    ost_backend_close(backend);
    backend = NULL;
    backend = backend_case_open(threads);
}

static int close_backend(void **state)
{
    (void)state;
    ost_backend_close(backend);
    return 0;
}

/* --- a game of a discriminator alone -------------------------------------- */

typedef struct game {
    ost_net *judge;
    ost_gan_steepness *steepness;
} game;

static const ost_gan_role roles[] = {
    { .name = "discriminator", .side = OST_DISCRIMINATOR },
    { 0 },
};
static const ost_gan_term terms[] = { { 0 } };
static const char *const losses[] = { "d_real", "d_fake", "d_penalty", NULL };
static const ost_gan_way ways[] = { { 0 } };

static ost_rc build(ost_gan *gan, ost_err *err)
{
    const ost_gan_spec *spec = gan->spec;
    game *g = ost_xalloc(sizeof(*g));
    ost_rc rc;

    gan->state = g;
    rc = ost_gan_net(gan, DISCRIMINATOR, 0, spec->ndim[0], spec->shape[0],
                     OST_NET_ADD_GRAD | OST_NET_INPUT_GRAD, &g->judge, err);
    if (!rc)
        rc = ost_gan_steepness_new(gan, DISCRIMINATOR, 0, g->judge,
                                   &g->steepness, err);
    return rc;
}

static ost_rc learn(ost_gan *gan, int of, ost_verdict verdict, double *loss,
                    ost_err *err)
{
    const game *g = gan->state;
    ost_tensor in = ost_net_input(g->judge);
    ost_tensor out = ost_net_output(g->judge);
    ost_rc rc =
        ost_gan_copy(gan, in.data, gan->in[of], ost_tensor_count(&in), err);

    if (!rc)
        rc = ost_gan_see(gan, g->steepness, verdict, err);
    if (!rc)
        rc = ost_net_forward(g->judge, ost_gan_draw(gan, of), err);
    if (!rc)
        rc = ost_gan_judge(gan, &out, verdict, 1.0,
                           ost_net_output_grad(g->judge).data, loss, err);
    return rc ? rc : ost_net_backward_to(g->judge, OST_NET_TO_WEIGHTS, err);
}

static ost_rc discriminate(ost_gan *gan, ost_err *err)
{
    const game *g = gan->state;
    ost_rc rc = learn(gan, 0, OST_VERDICT_REAL, &gan->loss[D_REAL], err);

    if (!rc)
        rc = learn(gan, 1, OST_VERDICT_FAKE, &gan->loss[D_FAKE], err);
    return rc ? rc
              : ost_gan_penalize(gan, g->steepness, PASS_PENALTY,
                                 &gan->loss[D_PENALTY], err);
}

static ost_rc generate(ost_gan *gan, ost_err *err)
{
    (void)gan;
    (void)err;
    return OST_OK;
}

static const ost_objective alone = {
    .name = "alone",
    .summary = "a discriminator between two sets of numbers",
    .roles = roles,
    .terms = terms,
    .first = OST_DISCRIMINATOR,
    .losses = losses,
    .ways = ways,
    .build = build,
    .discriminate = discriminate,
    .generate = generate,
};

typedef struct arena {
    ost_net_spec net;
    ost_gan_spec spec;
    ost_gan *gan;
} arena;

static ost_rc arena_try(arena *a, const net_case *c, ost_err *err)
{
    const case_tensor *in = case_find(c, "input");
    const case_tensor *setting = case_find(c, "setting");

    a->net = (ost_net_spec){ c->layers, c->n_layers, c->n_layers - 1 };
    a->spec = (ost_gan_spec){
        .objective = &alone,
        .nets = { { &a->net } },
        .named = { true },
        .ndim = { in->ndim, in->ndim },
        .loss = (ost_gan_loss)setting->v[0],
        .penalty = (ost_gan_penalty)setting->v[1],
        .penalty_weight = (double)setting->v[2],
        .key = (uint64_t)setting->v[3],
    };
    for (int i = 0; i < 2; i++)
        memcpy(a->spec.shape[i], in->shape, sizeof(in->shape));
    return ost_gan_new(&a->spec, backend, &a->gan, err);
}

static void arena_init(arena *a, const net_case *c)
{
    const case_tensor *in = case_find(c, "input");
    ost_weights *weights;
    ost_err err = { 0 };

    if (arena_try(a, c, &err))
        fail_msg("%s: %s", c->name, err.text);
    weights = a->gan->weights[OST_DISCRIMINATOR];
    for (size_t i = 0; i < c->tensors.len; i++) {
        const case_tensor *t = &c->tensors.data[i];
        ost_weight *w;

        if (strncmp(t->name, "weight:", 7) != 0)
            continue;
        w = ost_weights_find(weights, t->name + 7);
        assert_non_null(w);
        assert_int_equal(ost_weight_count(w), t->count);
        assert_int_equal(ost_weights_set(weights, w, OST_PART_DATA, t->v, &err),
                         OST_OK);
    }
    device_put(backend, a->gan->in[0], in->v, in->count);
    device_put(backend, a->gan->in[1], case_find(c, "fake")->v, in->count);
}

static void arena_release(arena *a)
{
    ost_gan_free(a->gan);
}

static void run(arena *a)
{
    ost_err err = { 0 };

    if (ost_gan_discriminate(a->gan, &err) || ost_gan_finish(a->gan, &err))
        fail_msg("%s", err.text);
}

/* --- cases ---------------------------------------------------------------- */

typedef void (*check)(const net_case *c);

static void each_case(check run_check)
{
    char *path =
        ost_path_join(getenv("OSTEON_SOURCE"), "tests/parity/penalties.txt");
    FILE *f = fopen(path, "r");
    net_case *c;
    int count = 0;

    assert_non_null(f);
    for (; (c = case_read(f)); count++) {
        run_check(c);
        case_free(c);
    }
    assert_true(count >= 11);
    fclose(f);
    ost_free(path);
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
    if (!(worst <= tolerance * largest + 1e-7))
        fail_msg("%s: %s differs by %.3g of %.3g", c->name, name, worst,
                 largest);
}

static void check_numbers(const net_case *c)
{
    float told[LOSSES];
    arena a;

    arena_init(&a, c);
    run(&a);
    for (int i = 0; i < LOSSES; i++)
        told[i] = (float)a.gan->loss[i];
    expect_near(c, "losses", told);
    for (size_t i = 0; i < c->tensors.len; i++) {
        const case_tensor *t = &c->tensors.data[i];
        bool grad = strncmp(t->name, "grad:", 5) == 0;
        ost_weights *weights = a.gan->weights[OST_DISCRIMINATOR];
        float *plain;
        ost_err err = { 0 };

        if (!grad && strncmp(t->name, "after:", 6) != 0)
            continue;
        plain = ost_xalloc((size_t)t->count * sizeof(float));
        assert_int_equal(
            ost_weights_get(weights,
                            ost_weights_find(weights, strchr(t->name, ':') + 1),
                            grad ? OST_PART_GRAD : OST_PART_DATA, plain, &err),
            OST_OK);
        expect_near(c, t->name, plain);
        ost_free(plain);
    }
    arena_release(&a);
}

static void numbers_agree_with_pytorch(void **state)
{
    (void)state;
    open_backend(2);
    each_case(check_numbers);
}

static uint64_t digest_of(const net_case *c)
{
    uint64_t h = 14695981039346656037u;
    ost_weights *weights;
    arena a;

    arena_init(&a, c);
    run(&a);
    weights = a.gan->weights[OST_DISCRIMINATOR];
    for (size_t i = 0; i < weights->len; i++) {
        size_t n = (size_t)ost_weight_count(weights->data[i]);
        float *plain = ost_xalloc(n * sizeof(float));
        ost_err err = { 0 };

        assert_int_equal(ost_weights_get(weights, weights->data[i],
                                         OST_PART_GRAD, plain, &err),
                         OST_OK);
        for (size_t k = 0; k < n * sizeof(float); k++)
            h = (h ^ ((const unsigned char *)plain)[k]) * 1099511628211u;
        ost_free(plain);
    }
    arena_release(&a);
    return h;
}

static void check_threads(const net_case *c)
{
    static const int threads[] = { 1, 2, 3, 8 };
    uint64_t first = 0;

    for (size_t t = 0; t < sizeof(threads) / sizeof(threads[0]); t++) {
        uint64_t h;

        open_backend(threads[t]);
        h = digest_of(c);
        if (t == 0)
            first = h;
        else if (h != first)
            fail_msg("%s: other bytes with %d threads", c->name, threads[t]);
    }
}

static void bytes_are_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    each_case(check_threads);
}

/* d_penalty for weights moved by `step` along their gradient. */
static double moved(const net_case *c, double step, double *square)
{
    ost_weights *weights;
    double loss;
    arena a;

    arena_init(&a, c);
    a.spec.penalty_weight = 1.0;
    run(&a);
    weights = a.gan->weights[OST_DISCRIMINATOR];
    *square = 0.0;
    for (size_t i = 0; i < weights->len; i++) {
        ost_weight *w = weights->data[i];
        int64_t n = ost_weight_count(w);
        float *data = ost_xalloc((size_t)n * sizeof(float));
        float *grad = ost_xalloc((size_t)n * sizeof(float));
        ost_err err = { 0 };

        ost_weights_get(weights, w, OST_PART_DATA, data, &err);
        if (w->grad_set)
            ost_weights_get(weights, w, OST_PART_GRAD, grad, &err);
        for (int64_t k = 0; k < n; k++) {
            *square += (double)grad[k] * (double)grad[k];
            data[k] += (float)(step * (double)grad[k]);
        }
        ost_weights_set(weights, w, OST_PART_DATA, data, &err);
        ost_free(grad);
        ost_free(data);
    }
    run(&a);
    loss = a.gan->loss[D_REAL] + a.gan->loss[D_FAKE] + a.gan->loss[D_PENALTY];
    arena_release(&a);
    return loss;
}

/* Without statistics that move, the slope along the gradient is its square;
 * kinks between the two points are few. */
static void check_slope(const net_case *c)
{
    const double step = 1e-3;
    double square;
    double slope;

    if (strstr(c->name, "spectral"))
        return;
    open_backend(2);
    moved(c, 0.0, &square);
    slope =
        (moved(c, step / square, &slope) - moved(c, -step / square, &slope)) /
        (2.0 * step);
    if (!(fabs(slope - 1.0) < 0.05))
        fail_msg("%s: the slope is %.4f", c->name, slope);
}

static void gradients_are_slopes(void **state)
{
    (void)state;
    each_case(check_slope);
}

/* --- updates -------------------------------------------------------------- */

/* Numbers of all weights that are learned; caller frees. */
static float *all_numbers(ost_weights *w, ost_weight_part part, size_t *count)
{
    float *all = NULL;

    *count = 0;
    for (size_t i = 0; i < w->len; i++) {
        size_t n = (size_t)ost_weight_count(w->data[i]);
        ost_err err = { 0 };

        if (!w->data[i]->learned)
            continue;
        all = ost_xrealloc(all, (*count + n) * sizeof(*all));
        assert_int_equal(
            ost_weights_get(w, w->data[i], part, all + *count, &err), OST_OK);
        *count += n;
    }
    return all;
}

/* A side's gradients are cut to a length together, the penalty's among them;
 * what decays is added behind. */
static void check_update(const net_case *c)
{
    const ost_optimizer plain = { .rate = 1.0,
                                  .clip_norm = 1e-2,
                                  .weight_decay = 0.25 };
    ost_optimizer opt[OST_GAN_SIDES] = { plain, plain };
    ost_weights *w;
    ost_err err = { 0 };
    double square = 0.0;
    size_t n;
    float *before;
    float *after;
    float *grad;
    arena a;

    arena_init(&a, c);
    w = a.gan->weights[OST_DISCRIMINATOR];
    before = all_numbers(w, OST_PART_DATA, &n);
    if (ost_gan_step(a.gan, opt, &err))
        fail_msg("%s: %s", c->name, err.text);
    assert_int_equal(a.gan->weights[OST_DISCRIMINATOR]->step, 1);
    after = all_numbers(w, OST_PART_DATA, &n);
    grad = all_numbers(w, OST_PART_GRAD, &n);
    for (size_t i = 0; i < n; i++)
        square += (double)grad[i] * (double)grad[i];
    assert_true(sqrt(square) > 1e-2);
    for (size_t i = 0; i < n; i++) {
        double want =
            0.75 * (double)before[i] - 1e-2 / sqrt(square) * (double)grad[i];

        if (!(fabs((double)after[i] - want) < 1e-5))
            fail_msg("%s: a weight of %.6g becomes %.6g, must become %.6g",
                     c->name, (double)before[i], (double)after[i], want);
    }
    ost_free(grad);
    ost_free(after);
    ost_free(before);
    arena_release(&a);
}

static void gradients_of_a_side_are_cut_together(void **state)
{
    (void)state;
    open_backend(2);
    each_case(check_update);
}

/* --- what is refused ------------------------------------------------------ */

static void layers_without_derivative_are_refused(void **state)
{
    static const char *const kinds[] = { "batch_norm", "dropout", "max_pool2d",
                                         "sigmoid" };
    ost_err err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        ost_layer_spec layers[] = {
            { .kind = "conv2d", .n_inputs = 1, .inputs = { -1 } },
            { .kind = kinds[i], .n_inputs = 1 },
        };
        ost_net_spec spec = { layers, 2, 1 };
        ost_tangent *t = NULL;

        assert_int_equal(ost_tangent_new(&spec, 3, &t, &err), OST_EINPUT);
        assert_null(t);
        assert_non_null(strstr(err.text, "layer 1 ("));
        assert_non_null(strstr(err.text, kinds[i]));
    }
}

/* An objective that never asks for one would train without a word. */
static ost_rc build_nothing(ost_gan *gan, ost_err *err)
{
    (void)gan;
    (void)err;
    return OST_OK;
}

static void objectives_without_penalty_are_refused(void **state)
{
    ost_objective deaf = alone;
    ost_gan_spec spec = { .objective = &deaf, .penalty = OST_PENALTY_R1 };
    ost_gan *gan = NULL;
    ost_err err = { 0 };

    (void)state;
    open_backend(2);
    deaf.build = build_nothing;
    assert_int_equal(ost_gan_new(&spec, backend, &gan, &err), OST_EINPUT);
    assert_string_equal(err.text, "objective 'alone' has no gradient penalty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_agree_with_pytorch),
        cmocka_unit_test(bytes_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(gradients_are_slopes),
        cmocka_unit_test(gradients_of_a_side_are_cut_together),
        cmocka_unit_test(objectives_without_penalty_are_refused),
        cmocka_unit_test(layers_without_derivative_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, close_backend);
}
