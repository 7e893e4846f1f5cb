/* tests/unit/test_unit.c - the objective `unit` and its networks */
/* links: stages kernels base */
/* on: cpu cuda */
#include "base/alloc.h"
#include "base/fs.h"
#include "kernels/gan.h"
#include "stages/network.h"
#include "tests/support/backend_case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Both sides of a game, read for every role. */
typedef struct game {
    ost_network *nets[OST_GAN_ROLES][OST_GAN_SCALES];
    ost_gan_spec spec;
} game;

static ost_network *read_role(const ost_gan_role *role, const char *name,
                              const char *params, int scale)
{
    char *file = ost_xprintf("%s/workflows/models/%s.json",
                             getenv("OSTEON_SOURCE"), name);
    json_t *given = json_pack("{s:s?, s:s?, s:i}", "domain", role->domain,
                              "part", role->part, "scale", scale);
    json_t *values = json_loads(params, 0, NULL);
    ost_network *n = NULL;
    ost_buf text = { 0 };
    ost_err err = { 0 };

    assert_ok(ost_fs_read(file, 1 << 20, &text, &err), &err);
    assert_ok(ost_network_read(file, ost_buf_str(&text), text.len, values,
                               given, &n, &err),
              &err);
    ost_buf_release(&text);
    json_decref(values);
    json_decref(given);
    ost_free(file);
    return n;
}

static void read_game(const char *const files[2], const char *const params[2],
                      game *g)
{
    const ost_objective *o = ost_objective_find("unit");

    *g = (game){ .spec = { .objective = o, .loss = o->loss, .key = 5 } };
    for (int i = 0; o->roles[i].name; i++)
        for (int k = 0, scales = 1; k < scales; k++) {
            const ost_gan_role *role = &o->roles[i];
            const json_t *v;

            g->nets[i][k] =
                read_role(role, files[role->side], params[role->side], k);
            g->spec.nets[i][k] = ost_network_spec(g->nets[i][k]);
            g->spec.named[i] = true;
            v = json_object_get(ost_network_values(g->nets[i][0]), "scales");
            scales = v && role->scaled ? (int)json_integer_value(v) : 1;
        }
    for (int i = 0; o->terms[i].name; i++)
        g->spec.weight[i] = o->terms[i].weight;
    for (int i = 0; i < 2; i++) {
        const int64_t shape[] = { 2, 1, 16, 16 };

        g->spec.ndim[i] = 4;
        memcpy(g->spec.shape[i], shape, sizeof(shape));
    }
}

static void release_game(game *g)
{
    for (int i = 0; i < OST_GAN_ROLES; i++)
        for (int k = 0; k < OST_GAN_SCALES; k++)
            ost_network_free(g->nets[i][k]);
}

static const char *const old[] = { "unit_generator", "unit_discriminator" };
static const char *const new[] = { "unit2018_generator",
                                   "unit2018_discriminator" };
static const char *const whole[] = { "{}", "{}" };
static const char *const small_old[] = {
    "{\"widths\": [4, 6, 8], \"blocks\": 1}",
    "{\"own\": [4, 6], \"shared\": [8]}",
};
static const char *const small_new[] = {
    "{\"widths\": [4, 6, 8], \"blocks\": 1}",
    "{\"widths\": [4, 6], \"scales\": 2}",
};

static int64_t learned(const ost_weights *w)
{
    int64_t count = 0;

    for (size_t i = 0; i < w->len; i++)
        count += w->data[i]->learned ? ost_weight_count(w->data[i]) : 0;
    return count;
}

/* What all roles of a side learn together, those of one domain if told so. */
static int64_t learned_by(const game *g, ost_gan_side side, const char *domain)
{
    const ost_gan_role *roles = g->spec.objective->roles;
    ost_backend *backend = backend_case_open(1);
    ost_weights *w;
    ost_err err = { 0 };
    int64_t count;

    w = ost_weights_new(backend);
    for (int i = 0; roles[i].name; i++)
        for (int k = 0; k < OST_GAN_SCALES && g->nets[i][k]; k++) {
            int64_t shape[OST_MAX_DIMS + 1] = { 1 };
            int ndim = 1 + ost_network_input(g->nets[i][k], shape + 1);
            ost_net *net;

            if (roles[i].side != side ||
                (domain && strcmp(roles[i].domain, domain) != 0))
                continue;
            assert_ok(ost_network_build(g->nets[i][k], w, ndim, shape,
                                        OST_NET_PLAN, &net, &err),
                      &err);
            ost_net_free(net);
        }
    count = learned(w);
    ost_weights_free(w);
    ost_backend_close(backend);
    return count;
}

static void networks_have_as_many_weights_as_published(void **state)
{
    game g;

    (void)state;
    read_game(old, whole, &g);
    assert_int_equal(learned_by(&g, OST_GENERATOR, NULL), 18004482);
    assert_int_equal(learned_by(&g, OST_DISCRIMINATOR, NULL), 25227521);
    release_game(&g);
    read_game(new, whole, &g);
    assert_int_equal(learned_by(&g, OST_GENERATOR, "a"), 11127937);
    assert_int_equal(learned_by(&g, OST_GENERATOR, NULL), 2 * 11127937);
    assert_int_equal(learned_by(&g, OST_DISCRIMINATOR, "b"), 8265027);
    assert_int_equal(learned_by(&g, OST_DISCRIMINATOR, NULL), 2 * 8265027);
    release_game(&g);
}

/* Bars that lie in one domain and stand in the other. */
static void fill_bars(ost_gan *gan)
{
    for (int d = 0; d < 2; d++) {
        ost_err err = { 0 };
        float *to;

        assert_ok(ost_gan_host_input(gan, d, &to, &err), &err);
        for (int64_t i = 0; i < 2 * 256; i++) {
            int64_t at = d ? i % 16 : i % 256 / 16;

            to[i] = at / 3 % 2 ? 0.8f : -0.8f;
        }
    }
}

static ost_gan *start(const game *g, ost_backend *backend)
{
    ost_err err = { 0 };
    ost_gan *gan;

    assert_ok(ost_gan_new(&g->spec, backend, &gan, &err), &err);
    for (int s = 0; s < OST_GAN_SIDES; s++)
        assert_ok(ost_weights_init(gan->weights[s], 11 + (uint64_t)s, &err),
                  &err);
    fill_bars(gan);
    return gan;
}

static void make_steps(ost_gan *gan, int steps)
{
    const ost_optimizer adam = {
        .kind = OST_ADAM,
        .rate = 0.002,
        .beta1 = 0.5,
        .beta2 = 0.999,
        .epsilon = 1e-8,
    };
    const ost_optimizer opt[OST_GAN_SIDES] = { adam, adam };
    ost_err err = { 0 };

    for (int i = 0; i < steps; i++)
        assert_ok(ost_gan_step(gan, opt, &err), &err);
    assert_ok(ost_gan_finish(gan, &err), &err);
}

/* Losses after some steps, and the sum of all weights. */
static void train(const game *g, int threads, int steps, double *loss,
                  double *sum)
{
    ost_backend *backend = backend_case_open(threads);
    ost_err err = { 0 };
    ost_gan *gan;

    gan = start(g, backend);
    make_steps(gan, steps);
    memcpy(loss, gan->loss, sizeof(gan->loss));
    *sum = 0.0;
    for (int s = 0; s < OST_GAN_SIDES; s++)
        for (size_t i = 0; i < gan->weights[s]->len; i++) {
            ost_weight *w = gan->weights[s]->data[i];
            float *v = ost_xalloc((size_t)ost_weight_count(w) * sizeof(float));

            assert_ok(
                ost_weights_get(gan->weights[s], w, OST_PART_DATA, v, &err),
                &err);
            for (int64_t k = 0; k < ost_weight_count(w); k++)
                *sum += (double)v[k] * (double)(1 + k % 7);
            ost_free(v);
        }
    ost_gan_free(gan);
    ost_backend_close(backend);
}

static void check_threads(const char *const files[2],
                          const char *const params[2])
{
    double loss[2][OST_GAN_LOSSES];
    double sum[2];
    game g;

    read_game(files, params, &g);
    train(&g, 1, 2, loss[0], &sum[0]);
    train(&g, 2, 2, loss[1], &sum[1]);
    assert_memory_equal(loss[0], loss[1], sizeof(loss[0]));
    assert_true(sum[0] == sum[1] && isfinite(sum[0]));
    release_game(&g);
}

static void steps_are_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    check_threads(old, small_old);
    check_threads(new, small_new);
}

static double loss_named(const game *g, const double *loss, const char *name)
{
    for (int i = 0; g->spec.objective->losses[i]; i++)
        if (strcmp(g->spec.objective->losses[i], name) == 0)
            return loss[i];
    fail_msg("there is no loss '%s'", name);
    return 0.0;
}

static void images_come_back_better_and_better(void **state)
{
    static const char *const names[] = { "g_reconstruction_a",
                                         "g_reconstruction_b", "g_cycle_a",
                                         "g_cycle_b" };
    double first[OST_GAN_LOSSES];
    double last[OST_GAN_LOSSES];
    double sum;
    game g;

    (void)state;
    read_game(new, small_new, &g);
    train(&g, 1, 1, first, &sum);
    train(&g, 1, 40, last, &sum);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (loss_named(&g, last, names[i]) >
            0.6 * loss_named(&g, first, names[i]))
            fail_msg("%s: from %g to %g", names[i],
                     loss_named(&g, first, names[i]),
                     loss_named(&g, last, names[i]));
    release_game(&g);
}

static void refuses(const game *g, const char *message)
{
    ost_backend *backend = backend_case_open(1);
    ost_err err = { 0 };
    ost_gan *gan = NULL;

    assert_int_equal(ost_gan_new(&g->spec, backend, &gan, &err), OST_EINPUT);
    assert_string_equal(err.text, message);
    ost_backend_close(backend);
}

static void what_does_not_fit_is_told(void **state)
{
    static const char *const colored[] = {
        "{\"widths\": [4, 6, 8], \"channels\": 3}",
        "{\"own\": [4, 6], \"shared\": [8]}",
    };
    game g;

    (void)state;
    read_game(old, colored, &g);
    refuses(&g, "decode_b: makes 2x3x16x16, the images are 2x1x16x16");
    g.spec.shape[1][2] = 12;
    refuses(&g, "images of domain a are 2x1x16x16, of b 2x1x12x16");
    release_game(&g);
    read_game(old, small_old, &g);
    g.spec.history = 5;
    refuses(&g, "unit shows no image again: 'history' must be 0");
    g.spec.history = 0;
    g.spec.shape[0][2] = g.spec.shape[1][2] = 18;
    refuses(&g, "decode_b: makes 2x1x20x16, the images are 2x1x18x16");
    release_game(&g);
    read_game(new, small_new, &g);
    g.spec.shape[0][2] = g.spec.shape[1][2] = 3;
    refuses(&g, "encode_a: layer 0 (reflection_pad2d 'encode_a.stem.0'): "
                "padding 3 is not less than a side of the input 2x1x3x16");
    release_game(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_have_as_many_weights_as_published),
        cmocka_unit_test(steps_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(images_come_back_better_and_better),
        cmocka_unit_test(what_does_not_fit_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
