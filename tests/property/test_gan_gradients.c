/* tests/property/test_gan_gradients.c - objectives: gradients and threads
 *
 * Every case of parity/gan_references/ in which nothing is shown again.  The
 * gradients of a side are those of the sum that it makes small: along a
 * direction, the sum changes by the product of the two.  Numbers are single,
 * and networks have kinks, so that of several steps the one that agrees best
 * counts.
 */
/* links: stages kernels base */
/* on: cpu cuda */
#include "tests/support/gan_case.h"

#include <glob.h>

#include "base/banned.h"

/* How the sum of a side is made of losses: factor times the term's weight.
 * Penalties have the weight of penalties. */
static const struct share {
    const char *objective;
    const char *loss;
    ost_gan_side side;
    const char *term; /* NULL: 1 */
    double factor;
} shares[] = {
    { "conv_lstm_gan", "d_real", OST_DISCRIMINATOR, NULL, 1.0 },
    { "conv_lstm_gan", "d_fake", OST_DISCRIMINATOR, NULL, 1.0 },
    { "conv_lstm_gan", "g_gan", OST_GENERATOR, "gan", 1.0 },
    { "conv_lstm_gan", "g_rec", OST_GENERATOR, "rec", 1.0 },
    { "cycle_gan", "d_a_real", OST_DISCRIMINATOR, NULL, 0.5 },
    { "cycle_gan", "d_a_fake", OST_DISCRIMINATOR, NULL, 0.5 },
    { "cycle_gan", "d_b_real", OST_DISCRIMINATOR, NULL, 0.5 },
    { "cycle_gan", "d_b_fake", OST_DISCRIMINATOR, NULL, 0.5 },
    { "cycle_gan", "g_a_to_b", OST_GENERATOR, "gan", 1.0 },
    { "cycle_gan", "g_b_to_a", OST_GENERATOR, "gan", 1.0 },
    { "cycle_gan", "cycle_a", OST_GENERATOR, "cycle", 1.0 },
    { "cycle_gan", "cycle_b", OST_GENERATOR, "cycle", 1.0 },
    { "cycle_gan", "identity_a", OST_GENERATOR, "identity", 1.0 },
    { "cycle_gan", "identity_b", OST_GENERATOR, "identity", 1.0 },
    { "dcgan", "d_real", OST_DISCRIMINATOR, NULL, 1.0 },
    { "dcgan", "d_fake", OST_DISCRIMINATOR, NULL, 1.0 },
    { "dcgan", "g_gan", OST_GENERATOR, "gan", 1.0 },
    { "pix2pix", "d_real", OST_DISCRIMINATOR, NULL, 0.5 },
    { "pix2pix", "d_fake", OST_DISCRIMINATOR, NULL, 0.5 },
    { "pix2pix", "g_gan", OST_GENERATOR, "gan", 1.0 },
    { "pix2pix", "g_l1", OST_GENERATOR, "l1", 1.0 },
    { "unit", "d_real_a", OST_DISCRIMINATOR, "gan", 1.0 },
    { "unit", "d_fake_a", OST_DISCRIMINATOR, "gan", 1.0 },
    { "unit", "g_gan_a", OST_GENERATOR, "gan", 1.0 },
    { "unit", "g_reconstruction_a", OST_GENERATOR, "reconstruction", 1.0 },
    { "unit", "g_kl_a", OST_GENERATOR, "kl", 1.0 },
    { "unit", "g_cycle_a", OST_GENERATOR, "cycle", 1.0 },
    { "unit", "g_cycle_kl_a", OST_GENERATOR, "cycle_kl", 1.0 },
    { "unit", "d_real_b", OST_DISCRIMINATOR, "gan", 1.0 },
    { "unit", "d_fake_b", OST_DISCRIMINATOR, "gan", 1.0 },
    { "unit", "g_gan_b", OST_GENERATOR, "gan", 1.0 },
    { "unit", "g_reconstruction_b", OST_GENERATOR, "reconstruction", 1.0 },
    { "unit", "g_kl_b", OST_GENERATOR, "kl", 1.0 },
    { "unit", "g_cycle_b", OST_GENERATOR, "cycle", 1.0 },
    { "unit", "g_cycle_kl_b", OST_GENERATOR, "cycle_kl", 1.0 },
};

/* How far the two may be apart, as a share. */
static const double agrees = 0.02;

/* --- sums ---------------------------------------------------------------- */

static double weight_of(const gan_case *c, const char *term)
{
    const ost_gan_term *terms = c->spec.objective->terms;

    for (int t = 0; term && terms[t].name; t++)
        if (strcmp(terms[t].name, term) == 0)
            return c->spec.weight[t];
    return 1.0;
}

/* Both sides without an update; the sum that `side` makes small. */
static double sum_of(const gan_case *c, ost_gan *gan, ost_gan_side side)
{
    const ost_objective *o = c->spec.objective;
    ost_err err = { 0 };
    double sum = 0.0;
    int found = 0;

    for (int i = 0; i < OST_GAN_SIDES; i++)
        if ((i == 0) == (o->first == OST_DISCRIMINATOR)
                ? ost_gan_discriminate(gan, &err)
                : ost_gan_generate(gan, &err))
            fail_msg("%s: %s", c->name, err.text);
    assert_ok(ost_gan_finish(gan, &err), &err);
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        const struct share *s = &shares[i];

        if (strcmp(s->objective, o->name) != 0)
            continue;
        found++;
        for (int k = 0; o->losses[k]; k++)
            if (s->side == side && strcmp(o->losses[k], s->loss) == 0)
                sum += s->factor * weight_of(c, s->term) * gan->loss[k];
    }
    for (int k = 0; o->losses[k]; k++) {
        bool penalty = strstr(o->losses[k], "_penalty") != NULL;

        if (penalty && side == OST_DISCRIMINATOR)
            sum += c->spec.penalty_weight * gan->loss[k];
        found -= !penalty;
    }
    if (found)
        fail_msg("%s: 'shares' does not say how its losses are summed up",
                 o->name);
    return sum;
}

/* --- directions ---------------------------------------------------------- */

/* Numbers of all learned weights of a side, one behind the other. */
static float *numbers(ost_weights *w, ost_weight_part part, int64_t *count)
{
    ost_err err = { 0 };
    float *all;

    *count = 0;
    for (size_t i = 0; i < w->len; i++)
        *count += ost_weight_count(w->data[i]);
    all = ost_xalloc((size_t)*count * sizeof(*all));
    for (size_t i = 0, at = 0; i < w->len; i++) {
        const ost_weight *weight = w->data[i];

        if ((weight->learned || part == OST_PART_DATA) &&
            ost_weights_get(w, weight, part, all + at, &err))
            fail_msg("%s", err.text);
        at += (size_t)ost_weight_count(weight);
    }
    return all;
}

/* Weights become `from` plus `step` times `direction`. */
static void move(ost_weights *w, const float *from, const float *direction,
                 double step)
{
    ost_err err = { 0 };

    for (size_t i = 0, at = 0; i < w->len; i++) {
        ost_weight *weight = w->data[i];
        size_t n = (size_t)ost_weight_count(weight);
        float *p = ost_xalloc(n * sizeof(*p));

        for (size_t k = 0; k < n; k++)
            p[k] = (float)((double)from[at + k] +
                           step * (double)direction[at + k]);
        if (ost_weights_set(w, weight, OST_PART_DATA, p, &err))
            fail_msg("%s", err.text);
        ost_free(p);
        at += n;
    }
}

/* How far the change of the sum along `direction` is from what the gradient
 * says, as a share of it. */
static double disagreement(const gan_case *c, ost_gan *gan, ost_gan_side side,
                           const float *gradient, const float *direction)
{
    ost_weights *w = gan->weights[side];
    double best = (double)INFINITY;
    double slope = 0.0;
    double sum = sum_of(c, gan, side);
    int64_t count;
    float *from = numbers(w, OST_PART_DATA, &count);

    for (int64_t i = 0; i < count; i++)
        slope += (double)gradient[i] * (double)direction[i];
    for (double share = 0.01; share > 1e-5 && best > agrees; share /= 3.0) {
        double step = share * fabs(sum) / fabs(slope);
        double change;

        move(w, from, direction, step);
        change = sum_of(c, gan, side);
        move(w, from, direction, -step);
        change -= sum_of(c, gan, side);
        best = fmin(best, fabs(change / (2.0 * step * slope) - 1.0));
    }
    move(w, from, direction, 0.0);
    ost_free(from);
    return best;
}

/* Along the gradient, and along a part of it that is drawn. */
static void check_side(const gan_case *c, ost_gan *gan, ost_gan_side side)
{
    int64_t count;
    float *gradient;

    sum_of(c, gan, side);
    gradient = numbers(gan->weights[side], OST_PART_GRAD, &count);
    for (int turn = 0; turn < 2; turn++) {
        float *direction = ost_xalloc((size_t)count * sizeof(*direction));
        uint64_t seed = stream_seed(c->name);
        double off;

        for (int64_t i = 0; i < count; i++)
            if (turn == 0 ||
                stream_hash(seed + (uint64_t)turn, (uint64_t)i) % 2 == 0)
                direction[i] = gradient[i];
        off = disagreement(c, gan, side, gradient, direction);
        if (!(off < agrees))
            fail_msg("%s %s: the sum of side %d changes by %.3g more than its "
                     "gradient says",
                     c->spec.objective->name, c->name, (int)side, off);
        ost_free(direction);
    }
    ost_free(gradient);
}

static void check_gradients(const gan_case *c)
{
    ost_backend *backend;
    ost_gan *gan;

    if (c->spec.history)
        return;
    backend = backend_case_open(1);
    gan = gan_case_new(c, backend);
    gan_case_batch(c, gan);
    for (int side = 0; side < OST_GAN_SIDES; side++)
        check_side(c, gan, (ost_gan_side)side);
    ost_gan_free(gan);
    ost_backend_close(backend);
}

/* --- threads ------------------------------------------------------------- */

/* All weights after the case's steps.  A GPU knows no threads: what it computes
 * is the same once more. */
static float *weights_after(const gan_case *c, int threads, ost_gan_side side,
                            int64_t *count)
{
    ost_backend *backend = backend_case_open(threads);
    ost_gan *gan;
    float *all;

    gan = gan_case_new(c, backend);
    for (int s = 0; s < 2; s++)
        gan_case_step(c, gan);
    all = numbers(gan->weights[side], OST_PART_DATA, count);
    ost_gan_free(gan);
    ost_backend_close(backend);
    return all;
}

static void check_threads(const gan_case *c)
{
    for (int side = 0; side < OST_GAN_SIDES; side++) {
        int64_t count;
        int64_t n;
        float *one = weights_after(c, 1, (ost_gan_side)side, &count);
        float *more = weights_after(c, 3, (ost_gan_side)side, &n);

        assert_int_equal(n, count);
        if (memcmp(one, more, (size_t)count * sizeof(*one)) != 0)
            fail_msg("%s %s: side %d is another with three threads",
                     c->spec.objective->name, c->name, side);
        ost_free(more);
        ost_free(one);
    }
}

/* --- all cases ----------------------------------------------------------- */

static int each_case_of(const char *path, void (*check)(const gan_case *c))
{
    FILE *f = fopen(path, "r");
    gan_case c = { 0 };
    char *line = NULL;
    size_t cap = 0;
    int cases = 0;

    if (!f)
        fail_msg("%s: cannot open it", path);
    while (getline(&line, &cap, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (gan_case_line(&c, line) || strcmp(line, "end") != 0)
            continue;
        /* Sums are put together once for all devices: elsewhere than on the
         * CPU one case of each objective is enough. */
        if (cases == 0 || backend_case_is_cpu())
            check(&c);
        cases++;
    }
    gan_case_release(&c);
    (free)(line);
    fclose(f);
    return cases;
}

static void each_case(void (*check)(const gan_case *c))
{
    char *pattern = ost_path_join(getenv("OSTEON_SOURCE"),
                                  "tests/parity/gan_references/*.txt");
    glob_t files;

    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        assert_true(each_case_of(files.gl_pathv[i], check) > 0);
    globfree(&files);
    ost_free(pattern);
}

static void gradients_are_slopes_of_the_sums(void **state)
{
    (void)state;
    each_case(check_gradients);
}

static void weights_are_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    each_case(check_threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_slopes_of_the_sums),
        cmocka_unit_test(weights_are_the_same_for_any_number_of_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
