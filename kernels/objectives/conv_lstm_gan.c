/* kernels/objectives/conv_lstm_gan.c - how a series of images goes on
 *
 * Xu, Niu, Tang et al., Computerized Medical Imaging and Graphics, 2022.  A
 * series x is cut into the frames that are given, X, and those that follow,
 * X*; z is drawn by the generator's own layer `latent`.  Its equation 8,
 *     min_G max_D  E log D(X*) + E log(1 - D(G(X, z)))
 * with the generator's part as the text has it (made series are to pass for
 * real), which does not saturate:
 *     discriminator  judge(D(X*), real) + judge(D(G(X, z)), fake)
 *     generator      gan judge(D(G(X, z)), wanted) + rec mean |G(X, z) - X*|
 * With a history it is series made before that the discriminator learns from
 * again.  The text promises a second term and prints none: `rec` is 0 unless
 * asked for. G(X, z) is made once in a step.
 */
#include "base/alloc.h"
#include "kernels/gan.h"

#include "base/banned.h"

enum { GENERATOR, DISCRIMINATOR };
enum { GAN, REC };
enum { D_REAL, D_FAKE, D_PENALTY, G_GAN, G_REC };
enum { PASS_GENERATOR, PASS_REAL, PASS_FAKE, PASS_HISTORY, PASS_PENALTY };
enum { TIME = 2 }; /* axis of the frames */

static const ost_gan_role roles[] = {
    { .name = "generator", .side = OST_GENERATOR },
    { .name = "discriminator", .side = OST_DISCRIMINATOR },
    { 0 },
};

static const ost_gan_term terms[] = {
    { "gan", 1.0, "that the discriminator takes made series for real" },
    { "rec", 0.0, "distance to the frames that follow in truth" },
    { 0 },
};

static const char *const losses[] = { "d_real", "d_fake", "d_penalty",
                                      "g_gan",  "g_rec",  NULL };

static const ost_gan_way ways[] = {
    { .name = "generate", .roles = { GENERATOR }, .n_roles = 1, .input = 0 },
    { 0 },
};

typedef struct {
    ost_net *generator;
    ost_net *discriminator;
    ost_gan_steepness *steepness;
    int pool;
    float *truth; /* what follows the given frames */
    int64_t items;
    int64_t rows;  /* items times channels */
    int64_t given; /* numbers of a row that are given */
    int64_t made;  /* that follow */
} state;

/* The shape of `frames` frames of the batch's series. */
static void shape_of(const ost_gan *gan, int64_t frames, int64_t *shape)
{
    for (int i = 0; i < gan->spec->ndim[0]; i++)
        shape[i] = i == TIME ? frames : gan->spec->shape[0][i];
}

static ost_rc check_series(const ost_gan *gan, ost_err *err)
{
    const ost_gan_spec *spec = gan->spec;
    char text[96];

    if (spec->ndim[0] != 5)
        return ost_fail(err, OST_EINPUT,
                        "the batch is %s, must be a series (items, channels, "
                        "frames, height, width)",
                        ost_shape_text(text, spec->ndim[0], spec->shape[0]));
    if (spec->given < 1 || spec->given >= spec->shape[0][TIME])
        return ost_fail(err, OST_EINPUT,
                        "%lld frames are given, a series of %lld frames must "
                        "have at least one before and one after",
                        (long long)spec->given,
                        (long long)spec->shape[0][TIME]);
    return OST_OK;
}

static ost_rc check_made(const ost_tensor *made, const int64_t *want,
                         ost_err *err)
{
    char a[96];
    char b[96];

    for (int i = 0; i < 5; i++)
        if (made->ndim != 5 || made->shape[i] != want[i])
            return ost_fail(
                err, OST_EINPUT,
                "the generator makes %s, what follows in the series is %s",
                ost_shape_text(a, made->ndim, made->shape),
                ost_shape_text(b, 5, want));
    return OST_OK;
}

static ost_rc build(ost_gan *gan, ost_err *err)
{
    const ost_gan_spec *spec = gan->spec;
    int64_t shape[OST_MAX_DIMS] = { 0 };
    ost_tensor made;
    state *s;
    ost_rc rc = check_series(gan, err);

    if (rc)
        return rc;
    gan->state = s = ost_xalloc(sizeof(*s));
    shape_of(gan, spec->given, shape);
    rc = ost_gan_net(gan, GENERATOR, 0, 5, shape, 0, &s->generator, err);
    if (rc)
        return rc;
    made = ost_net_output(s->generator);
    s->items = shape[0];
    s->rows = shape[0] * shape[1];
    s->given = spec->given * shape[3] * shape[4];
    shape_of(gan, spec->shape[0][TIME] - spec->given, shape);
    s->made = shape[TIME] * shape[3] * shape[4];
    rc = check_made(&made, shape, err);
    if (!rc)
        rc = ost_gan_floats(gan, s->rows * s->made, &s->truth, err);
    if (!rc)
        rc = ost_gan_net(gan, DISCRIMINATOR, 0, 5, shape,
                         OST_NET_ADD_GRAD | OST_NET_INPUT_GRAD,
                         &s->discriminator, err);
    if (!rc)
        rc = ost_gan_steepness_new(gan, DISCRIMINATOR, 0, s->discriminator,
                                   &s->steepness, err);
    return rc ? rc
              : ost_gan_pool(gan, s->rows / s->items * s->made, &s->pool, err);
}

/* Cuts the batch: the given frames go in, the others are the truth. */
static ost_rc cut(ost_gan *gan, ost_err *err)
{
    const state *s = gan->state;
    const float *from = gan->in[0];
    float *given = ost_net_input(s->generator).data;
    ost_rc rc = OST_OK;

    for (int64_t i = 0; i < s->rows && !rc; i++) {
        rc = ost_gan_copy(gan, given + i * s->given, from, s->given, err);
        from += s->given;
        if (!rc)
            rc = ost_gan_copy(gan, s->truth + i * s->made, from, s->made, err);
        from += s->made;
    }
    return rc;
}

/* Puts a series before the discriminator. */
static ost_rc put(ost_gan *gan, const float *series, ost_err *err)
{
    const state *s = gan->state;

    return ost_gan_copy(gan, ost_net_input(s->discriminator).data, series,
                        s->rows * s->made, err);
}

static ost_rc show(ost_gan *gan, int pass, ost_err *err)
{
    const state *s = gan->state;

    return ost_net_forward(s->discriminator, ost_gan_draw(gan, pass), err);
}

static ost_rc learn(ost_gan *gan, int pass, ost_verdict verdict, double *loss,
                    ost_err *err)
{
    const state *s = gan->state;
    ost_rc rc = show(gan, pass, err);

    if (!rc)
        rc = ost_gan_see(gan, s->steepness, verdict, err);
    return rc ? rc
              : ost_gan_learn(gan, s->discriminator, verdict, 1.0, loss, err);
}

static ost_rc discriminate(ost_gan *gan, ost_err *err)
{
    const state *s = gan->state;
    ost_rc rc = cut(gan, err);

    if (!rc)
        rc = ost_net_forward(s->generator, ost_gan_draw(gan, PASS_GENERATOR),
                             err);
    if (!rc)
        rc = put(gan, ost_net_output(s->generator).data, err);
    if (!rc)
        rc = ost_gan_show_again(gan, s->pool, PASS_HISTORY, s->items,
                                ost_net_input(s->discriminator).data, err);
    if (!rc)
        rc = learn(gan, PASS_FAKE, OST_VERDICT_FAKE, &gan->loss[D_FAKE], err);
    if (!rc)
        rc = put(gan, s->truth, err);
    if (!rc)
        rc = learn(gan, PASS_REAL, OST_VERDICT_REAL, &gan->loss[D_REAL], err);
    return rc ? rc
              : ost_gan_penalize(gan, s->steepness, PASS_PENALTY,
                                 &gan->loss[D_PENALTY], err);
}

static ost_rc generate(ost_gan *gan, ost_err *err)
{
    const state *s = gan->state;
    ost_tensor made = ost_net_output(s->generator);
    float *grad = ost_net_output_grad(s->generator).data;
    ost_tensor logits = ost_net_output(s->discriminator);
    ost_rc rc = put(gan, made.data, err);

    if (!rc)
        rc = show(gan, PASS_FAKE, err);
    if (!rc)
        rc = ost_gan_judge(
            gan, &logits, OST_VERDICT_WANTED, ost_gan_weight(gan, GAN),
            ost_net_output_grad(s->discriminator).data, &gan->loss[G_GAN], err);
    if (!rc)
        rc = ost_net_backward_to(s->discriminator, OST_NET_TO_INPUT, err);
    if (!rc)
        rc = ost_gan_l1(gan, &made, s->truth, ost_gan_weight(gan, REC), grad,
                        &gan->loss[G_REC], err);
    if (!rc)
        rc = gan->backend->accumulate(grad,
                                      ost_net_input_grad(s->discriminator).data,
                                      s->rows * s->made, err);
    return rc ? rc : ost_net_backward(s->generator, err);
}

static ost_tensor image(const ost_gan *gan)
{
    const state *s = gan->state;

    return ost_net_output(s->generator);
}

const ost_objective ost_objective_conv_lstm_gan = {
    .name = "conv_lstm_gan",
    .summary = "how a series of images goes on (Xu et al., CMIG 2022)",
    .data = OST_GAN_SERIES,
    .loss = OST_GAN_BCE,
    .first = OST_DISCRIMINATOR,
    .roles = roles,
    .terms = terms,
    .losses = losses,
    .ways = ways,
    .build = build,
    .discriminate = discriminate,
    .generate = generate,
    .image = image,
};
