/* kernels/objectives/dcgan.c - images from nothing but numbers
 *
 * Goodfellow et al., "Generative adversarial nets", NIPS 2014, with the
 * networks and the recipe of Radford, Metz and Chintala, "Unsupervised
 * representation learning with deep convolutional generative adversarial
 * networks", ICLR 2016.  With x images and z from N(0, 1), drawn for each item:
 *     discriminator  judge(D(x), real) + judge(D(G(z)), fake)
 *     generator      gan judge(D(G(z)), wanted)
 * G(z) is made once for both.  The frames of series can be images, too: (N, C,
 * T, H, W) are the numbers of (N, C T, H, W), which is what G makes and D sees.
 */
#include "base/alloc.h"
#include "base/rng.h"
#include "kernels/gan.h"

#include <string.h>

#include "base/banned.h"

enum { GENERATOR, DISCRIMINATOR };
enum { GAN };
enum { D_REAL, D_FAKE, D_PENALTY, G_GAN };
enum {
    PASS_NUMBERS,
    PASS_GENERATOR,
    PASS_REAL,
    PASS_FAKE,
    PASS_WANTED,
    PASS_HISTORY,
    PASS_PENALTY,
};

static const ost_gan_role roles[] = {
    { .name = "generator", .side = OST_GENERATOR, .drawn = true },
    { .name = "discriminator", .side = OST_DISCRIMINATOR },
    { 0 },
};

static const ost_gan_term terms[] = {
    { "gan", 1.0, "that the discriminator takes images for real" },
    { 0 },
};

static const char *const losses[] = { "d_real", "d_fake", "d_penalty", "g_gan",
                                      NULL };

static const ost_gan_way ways[] = {
    { .name = "generate", .roles = { GENERATOR }, .n_roles = 1, .input = -1 },
    { 0 },
};

typedef struct {
    ost_net *generator;
    ost_net *discriminator;
    ost_gan_steepness *steepness;
    int pool;
    int64_t items;
    int64_t count;  /* numbers of a batch of images */
    int64_t latent; /* numbers of one drawn input */
} state;

/* The images' shape with the frames as channels; how many sides it has. */
static int flat_shape(const ost_gan_spec *spec, int64_t shape[OST_MAX_DIMS])
{
    memcpy(shape, spec->shape[0], sizeof(spec->shape[0]));
    if (spec->ndim[0] < 5)
        return spec->ndim[0];
    shape[1] *= shape[2];
    shape[2] = shape[3];
    shape[3] = shape[4];
    return 4;
}

static ost_rc build(ost_gan *gan, ost_err *err)
{
    const ost_gan_spec *spec = gan->spec;
    int64_t drawn[OST_MAX_DIMS] = { spec->shape[0][0] };
    int64_t seen[OST_MAX_DIMS];
    int ndim = flat_shape(spec, seen);
    state *s = ost_xalloc(sizeof(*s));
    ost_tensor made;
    ost_rc rc;

    gan->state = s;
    s->items = drawn[0];
    s->latent = 1;
    for (int i = 0; i < spec->latent_ndim; i++) {
        drawn[i + 1] = spec->latent[i];
        s->latent *= spec->latent[i];
    }
    rc = ost_gan_net(gan, GENERATOR, 0, spec->latent_ndim + 1, drawn, 0,
                     &s->generator, err);
    if (rc)
        return rc;
    made = ost_net_output(s->generator);
    s->count = ost_tensor_count(&made);
    rc = ost_gan_expect(gan, GENERATOR, &made, ndim, seen, err);
    if (!rc)
        rc = ost_gan_net(gan, DISCRIMINATOR, 0, ndim, seen,
                         OST_NET_ADD_GRAD | OST_NET_INPUT_GRAD,
                         &s->discriminator, err);
    if (!rc)
        rc = ost_gan_steepness_new(gan, DISCRIMINATOR, 0, s->discriminator,
                                   &s->steepness, err);
    return rc ? rc : ost_gan_pool(gan, s->count / s->items, &s->pool, err);
}

static ost_rc show(ost_gan *gan, const float *images, int pass, ost_err *err)
{
    const state *s = gan->state;
    float *to = ost_net_input(s->discriminator).data;
    ost_rc rc = ost_gan_copy(gan, to, images, s->count, err);

    if (!rc && pass == PASS_FAKE)
        rc = ost_gan_show_again(gan, s->pool, PASS_HISTORY, s->items, to, err);
    return rc ? rc
              : ost_net_forward(s->discriminator, ost_gan_draw(gan, pass), err);
}

static ost_rc learn(ost_gan *gan, const float *images, int pass,
                    ost_verdict verdict, double *loss, ost_err *err)
{
    const state *s = gan->state;
    ost_rc rc = show(gan, images, pass, err);

    if (!rc)
        rc = ost_gan_see(gan, s->steepness, verdict, err);
    return rc ? rc
              : ost_gan_learn(gan, s->discriminator, verdict, 1.0, loss, err);
}

static ost_rc discriminate(ost_gan *gan, ost_err *err)
{
    const state *s = gan->state;
    ost_tensor numbers;
    ost_rc rc = ost_net_host_input(s->generator, &numbers, err);

    if (rc)
        return rc;
    ost_gan_numbers(gan, PASS_NUMBERS, s->items, s->latent, numbers.data);
    rc = ost_net_forward(s->generator, ost_gan_draw(gan, PASS_GENERATOR), err);
    if (!rc)
        rc = learn(gan, ost_net_output(s->generator).data, PASS_FAKE,
                   OST_VERDICT_FAKE, &gan->loss[D_FAKE], err);
    if (!rc)
        rc = learn(gan, gan->in[0], PASS_REAL, OST_VERDICT_REAL,
                   &gan->loss[D_REAL], err);
    return rc ? rc
              : ost_gan_penalize(gan, s->steepness, PASS_PENALTY,
                                 &gan->loss[D_PENALTY], err);
}

static ost_rc generate(ost_gan *gan, ost_err *err)
{
    const state *s = gan->state;
    ost_tensor logits;
    ost_rc rc = show(gan, ost_net_output(s->generator).data, PASS_WANTED, err);

    if (rc)
        return rc;
    logits = ost_net_output(s->discriminator);
    rc = ost_gan_judge(
        gan, &logits, OST_VERDICT_WANTED, ost_gan_weight(gan, GAN),
        ost_net_output_grad(s->discriminator).data, &gan->loss[G_GAN], err);
    if (!rc)
        rc = ost_net_backward_to(s->discriminator, OST_NET_TO_INPUT, err);
    if (!rc)
        rc = ost_gan_copy(gan, ost_net_output_grad(s->generator).data,
                          ost_net_input_grad(s->discriminator).data, s->count,
                          err);
    return rc ? rc : ost_net_backward(s->generator, err);
}

static ost_tensor image(const ost_gan *gan)
{
    const state *s = gan->state;

    return ost_net_output(s->generator);
}

const ost_objective ost_objective_dcgan = {
    .name = "dcgan",
    .summary =
        "images from numbers drawn at random (Radford et al., ICLR 2016)",
    .data = OST_GAN_IMAGES,
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
