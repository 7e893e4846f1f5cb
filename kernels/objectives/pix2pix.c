/* kernels/objectives/pix2pix.c - an image for a condition
 *
 * Isola, Zhu, Zhou and Efros, "Image-to-image translation with conditional
 * adversarial networks", CVPR 2017.  With x a condition, y its image:
 *     discriminator  [judge(D(x, y), real) + judge(D(x, G(x)), fake)] / 2
 *     generator      gan judge(D(x, G(x)), wanted) + l1 mean |G(x) - y|
 * The discriminator sees condition and image as channels of one picture; with a
 * history it is such pictures that it learns from again.  The numbers that
 * dropout draws are those of the step, so that G(x) is made once.
 */
#include "base/alloc.h"
#include "kernels/gan.h"

#include "base/banned.h"

enum { GENERATOR, DISCRIMINATOR };
enum { GAN, L1 };
enum { D_REAL, D_FAKE, D_PENALTY, G_GAN, G_L1 };
enum { PASS_GENERATOR, PASS_REAL, PASS_FAKE, PASS_HISTORY, PASS_PENALTY };

static const ost_gan_role roles[] = {
    { .name = "generator", .side = OST_GENERATOR },
    { .name = "discriminator", .side = OST_DISCRIMINATOR },
    { 0 },
};

static const ost_gan_term terms[] = {
    { "gan", 1.0, "that the discriminator takes images for real" },
    { "l1", 100.0, "distance to the image that belongs to the condition" },
    { 0 },
};

static const char *const losses[] = { "d_real", "d_fake", "d_penalty",
                                      "g_gan",  "g_l1",   NULL };

static const ost_gan_way ways[] = {
    { .name = "generate", .roles = { GENERATOR }, .n_roles = 1, .input = 0 },
    { 0 },
};

typedef struct {
    ost_net *generator;
    ost_net *discriminator;
    ost_gan_steepness *steepness;
    int pool;
    int64_t items;
    int64_t condition; /* numbers of one */
    int64_t image;
} state;

static ost_rc build(ost_gan *gan, ost_err *err)
{
    const ost_gan_spec *spec = gan->spec;
    int64_t both[OST_MAX_DIMS] = { 0 };
    state *s = ost_xalloc(sizeof(*s));
    ost_tensor made;
    ost_rc rc;

    gan->state = s;
    rc = ost_gan_net(gan, GENERATOR, 0, spec->ndim[0], spec->shape[0], 0,
                     &s->generator, err);
    if (rc)
        return rc;
    made = ost_net_output(s->generator);
    rc = ost_gan_expect(gan, GENERATOR, &made, spec->ndim[1], spec->shape[1],
                        err);
    if (rc)
        return rc;
    s->items = spec->shape[0][0];
    s->image = ost_tensor_count(&made) / s->items;
    s->condition = 1;
    for (int i = 1; i < spec->ndim[0]; i++)
        s->condition *= spec->shape[0][i];
    for (int i = 0; i < spec->ndim[0]; i++)
        both[i] = spec->shape[0][i];
    both[1] += made.shape[1];
    rc = ost_gan_net(gan, DISCRIMINATOR, 0, spec->ndim[0], both,
                     OST_NET_ADD_GRAD | OST_NET_INPUT_GRAD, &s->discriminator,
                     err);
    if (!rc)
        rc = ost_gan_steepness_new(gan, DISCRIMINATOR, 0, s->discriminator,
                                   &s->steepness, err);
    return rc ? rc : ost_gan_pool(gan, s->condition + s->image, &s->pool, err);
}

/* Puts condition and image before the discriminator. */
static ost_rc put(ost_gan *gan, const float *image, ost_err *err)
{
    const state *s = gan->state;
    float *to = ost_net_input(s->discriminator).data;
    ost_rc rc = OST_OK;

    for (int64_t i = 0; i < s->items && !rc; i++) {
        rc = ost_gan_copy(gan, to, gan->in[0] + i * s->condition, s->condition,
                          err);
        to += s->condition;
        if (!rc)
            rc = ost_gan_copy(gan, to, image + i * s->image, s->image, err);
        to += s->image;
    }
    return rc;
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
              : ost_gan_learn(gan, s->discriminator, verdict, 0.5, loss, err);
}

static ost_rc discriminate(ost_gan *gan, ost_err *err)
{
    const state *s = gan->state;
    ost_rc rc = ost_gan_copy(gan, ost_net_input(s->generator).data, gan->in[0],
                             s->items * s->condition, err);

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
        rc = put(gan, gan->in[1], err);
    if (!rc)
        rc = learn(gan, PASS_REAL, OST_VERDICT_REAL, &gan->loss[D_REAL], err);
    return rc ? rc
              : ost_gan_penalize(gan, s->steepness, PASS_PENALTY,
                                 &gan->loss[D_PENALTY], err);
}

/* Adds what the discriminator says of images to their gradient. */
static ost_rc add_verdict(ost_gan *gan, float *grad, ost_err *err)
{
    const state *s = gan->state;
    const float *from;
    ost_tensor logits = ost_net_output(s->discriminator);
    ost_rc rc = ost_gan_judge(
        gan, &logits, OST_VERDICT_WANTED, ost_gan_weight(gan, GAN),
        ost_net_output_grad(s->discriminator).data, &gan->loss[G_GAN], err);

    if (!rc)
        rc = ost_net_backward_to(s->discriminator, OST_NET_TO_INPUT, err);
    from = ost_net_input_grad(s->discriminator).data;
    for (int64_t i = 0; i < s->items && !rc; i++) {
        from += s->condition;
        rc = gan->backend->accumulate(grad + i * s->image, from, s->image, err);
        from += s->image;
    }
    return rc;
}

static ost_rc generate(ost_gan *gan, ost_err *err)
{
    const state *s = gan->state;
    ost_tensor image = ost_net_output(s->generator);
    float *grad = ost_net_output_grad(s->generator).data;
    ost_rc rc = put(gan, image.data, err);

    if (!rc)
        rc = show(gan, PASS_FAKE, err);
    if (!rc)
        rc = ost_gan_l1(gan, &image, gan->in[1], ost_gan_weight(gan, L1), grad,
                        &gan->loss[G_L1], err);
    if (!rc)
        rc = add_verdict(gan, grad, err);
    return rc ? rc : ost_net_backward(s->generator, err);
}

static ost_tensor image(const ost_gan *gan)
{
    const state *s = gan->state;

    return ost_net_output(s->generator);
}

const ost_objective ost_objective_pix2pix = {
    .name = "pix2pix",
    .summary = "an image for a condition, learned from pairs (Isola et al., "
               "CVPR 2017)",
    .data = OST_GAN_PAIRS,
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
