/* kernels/objectives/unit.c - images from one domain to another and back
 *
 * Liu, Breuel and Kautz, "Unsupervised image-to-image translation networks",
 * NIPS 2017: two variational autoencoders with one latent space.  With E the
 * encoders, G the decoders (which begin with the noise n), D the
 * discriminators, h = E_a(x_a) and x_ab = G_b(h + n), domain a has
 *     discriminator  gan [judge(D_a(x_a), real) + judge(D_a(x_ba), fake)]
 *     generators     gan judge(D_b(x_ab), wanted)
 *                    + reconstruction mean |G_a(h + n) - x_a| + kl mean h^2
 *                    + cycle mean |G_a(h' + n') - x_a| + cycle_kl mean h'^2,
 *                    h' = E_b(x_ab)
 * and domain b the same.  mean h^2 is the divergence of N(h, 1) from N(0, 1),
 * but for a factor.  What discriminators of several scales say is summed.
 *
 * Translations are made once, in the discriminators' turn; the generators' turn
 * goes on from them, one direction after the other.
 */
#include "base/alloc.h"
#include "kernels/gan.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { ENCODE_A, ENCODE_B, DECODE_A, DECODE_B, JUDGE_A, JUDGE_B };
enum { GAN, RECONSTRUCTION, KL, CYCLE, CYCLE_KL };
/* Two each: of domains a and b. */
enum {
    D_REAL = 0,
    D_FAKE = 2,
    G_GAN = 4,
    G_RECONSTRUCTION = 6,
    G_KL = 8,
    G_CYCLE = 10,
    G_CYCLE_KL = 12,
    D_PENALTY = 14,
};
/* Numbers drawn for the latents of each domain, there and back. */
enum { PASS_NOISE = 0, PASS_CYCLE = 2, PASS_OTHER = 4, PASS_PENALTY = 5 };

static const ost_gan_role roles[] = {
    { "encode_a", OST_GENERATOR, "a", "encode", false, false },
    { "encode_b", OST_GENERATOR, "b", "encode", false, false },
    { "decode_a", OST_GENERATOR, "a", "decode", false, false },
    { "decode_b", OST_GENERATOR, "b", "decode", false, false },
    { "discriminator_a", OST_DISCRIMINATOR, "a", NULL, false, true },
    { "discriminator_b", OST_DISCRIMINATOR, "b", NULL, false, true },
    { 0 },
};

static const ost_gan_term terms[] = {
    { "gan", 10.0, "that discriminators take translations for real" },
    { "reconstruction", 100.0, "distance of images from their decoded codes" },
    { "kl", 0.1, "mean square of codes" },
    { "cycle", 100.0, "distance of images from their way there and back" },
    { "cycle_kl", 0.1, "mean square of the codes of translations" },
    { 0 },
};

static const char *const losses[] = {
    "d_real_a",     "d_real_b",     "d_fake_a",           "d_fake_b",
    "g_gan_a",      "g_gan_b",      "g_reconstruction_a", "g_reconstruction_b",
    "g_kl_a",       "g_kl_b",       "g_cycle_a",          "g_cycle_b",
    "g_cycle_kl_a", "g_cycle_kl_b", "d_penalty_a",        "d_penalty_b",
    NULL,
};

static const ost_gan_way ways[] = {
    { "a_to_b", { ENCODE_A, DECODE_B }, 2, 0 },
    { "b_to_a", { ENCODE_B, DECODE_A }, 2, 1 },
    { "a_to_a", { ENCODE_A, DECODE_A }, 2, 0 },
    { "b_to_b", { ENCODE_B, DECODE_B }, 2, 1 },
    { 0 },
};

/* From one domain to the other and back. */
typedef struct direction {
    ost_net *encode; /* of the own domain */
    ost_net *decode; /* of the other one */
    ost_net *encode_back;
    ost_net *decode_back; /* and for what never left */
    float *latent_grad;   /* of the first code */
} direction;

/* What a domain's discriminators are asked. */
enum { ASKED_REAL, ASKED_FAKE, ASKED_WANTED, ASKED };

typedef struct {
    direction from[2];
    ost_net *judges[2][OST_GAN_SCALES];
    double said[ASKED][2][OST_GAN_SCALES]; /* and what each of them says */
    ost_gan_steepness *steepness[2][OST_GAN_SCALES];
    float *zeros; /* as many as a code has */
    float *more;  /* gradient to be added, of a code */
    int64_t image;
    int64_t latent;
} state;

/* --- building ------------------------------------------------------------ */

static ost_rc check_settings(const ost_gan_spec *spec, ost_err *err)
{
    if (spec->history)
        return ost_fail(err, OST_EINPUT,
                        "unit shows no image again: 'history' must be 0");
    return OST_OK;
}

static ost_rc check_domains(const ost_gan_spec *spec, ost_err *err)
{
    char a[96];
    char b[96];

    if (spec->ndim[0] == spec->ndim[1] &&
        memcmp(spec->shape[0], spec->shape[1],
               (size_t)spec->ndim[0] * sizeof(int64_t)) == 0)
        return OST_OK;
    return ost_fail(err, OST_EINPUT, "images of domain a are %s, of b %s",
                    ost_shape_text(a, spec->ndim[0], spec->shape[0]),
                    ost_shape_text(b, spec->ndim[1], spec->shape[1]));
}

static ost_rc build_direction(ost_gan *gan, int d, ost_err *err)
{
    const ost_gan_spec *spec = gan->spec;
    unsigned both = OST_NET_ADD_GRAD | OST_NET_INPUT_GRAD;
    state *s = gan->state;
    direction *f = &s->from[d];
    ost_tensor code;
    ost_tensor made;
    ost_rc rc;

    rc = ost_gan_net(gan, ENCODE_A + d, 0, spec->ndim[d], spec->shape[d],
                     OST_NET_ADD_GRAD, &f->encode, err);
    if (rc)
        return rc;
    code = ost_net_output(f->encode);
    s->latent = ost_tensor_count(&code);
    rc = ost_gan_net(gan, DECODE_B - d, 0, code.ndim, code.shape, both,
                     &f->decode, err);
    if (rc)
        return rc;
    made = ost_net_output(f->decode);
    rc = ost_gan_expect(gan, DECODE_B - d, &made, spec->ndim[d], spec->shape[d],
                        err);
    if (!rc)
        rc = ost_gan_net(gan, ENCODE_B - d, 0, spec->ndim[d], spec->shape[d],
                         both, &f->encode_back, err);
    if (!rc)
        rc = ost_gan_net(gan, DECODE_A + d, 0, code.ndim, code.shape, both,
                         &f->decode_back, err);
    if (!rc)
        rc = ost_gan_floats(gan, s->latent, &f->latent_grad, err);
    return rc;
}

static ost_rc build_judges(ost_gan *gan, int d, ost_err *err)
{
    const ost_gan_spec *spec = gan->spec;
    state *s = gan->state;
    ost_rc rc = OST_OK;

    for (int k = 0; k < OST_GAN_SCALES && spec->nets[JUDGE_A + d][k] && !rc;
         k++) {
        rc = ost_gan_net(gan, JUDGE_A + d, k, spec->ndim[d], spec->shape[d],
                         OST_NET_ADD_GRAD | OST_NET_INPUT_GRAD,
                         &s->judges[d][k], err);
        if (!rc)
            rc = ost_gan_steepness_new(gan, JUDGE_A + d, k, s->judges[d][k],
                                       &s->steepness[d][k], err);
    }
    return rc;
}

static ost_rc build(ost_gan *gan, ost_err *err)
{
    state *s = ost_xalloc(sizeof(*s));
    ost_rc rc = check_settings(gan->spec, err);

    gan->state = s;
    if (!rc)
        rc = check_domains(gan->spec, err);
    for (int d = 0; d < 2 && !rc; d++) {
        rc = build_direction(gan, d, err);
        if (!rc)
            rc = build_judges(gan, d, err);
    }
    s->image = 1;
    for (int i = 0; i < gan->spec->ndim[0]; i++)
        s->image *= gan->spec->shape[0][i];
    if (!rc)
        rc = ost_gan_floats(gan, s->latent, &s->zeros, err);
    if (!rc)
        rc = ost_gan_floats(gan, s->latent, &s->more, err);
    return rc;
}

/* --- the discriminators' turn -------------------------------------------- */

/* From numbers through a network. */
static ost_rc run(ost_gan *gan, ost_net *net, const float *from, int pass,
                  ost_err *err)
{
    ost_tensor in = ost_net_input(net);
    ost_rc rc = ost_gan_copy(gan, in.data, from, ost_tensor_count(&in), err);

    return rc ? rc : ost_net_forward(net, ost_gan_draw(gan, pass), err);
}

static ost_rc translate(ost_gan *gan, int d, ost_err *err)
{
    const direction *f = &((state *)gan->state)->from[d];
    ost_rc rc = run(gan, f->encode, gan->in[d], PASS_OTHER, err);

    return rc ? rc
              : run(gan, f->decode, ost_net_output(f->encode).data,
                    PASS_NOISE + d, err);
}

/* Shows images of domain d to its discriminators. */
static ost_rc show(ost_gan *gan, int d, const float *images,
                   ost_verdict verdict, unsigned ends, ost_err *err)
{
    static const int asked[] = {
        [OST_VERDICT_FAKE] = ASKED_FAKE,
        [OST_VERDICT_REAL] = ASKED_REAL,
        [OST_VERDICT_WANTED] = ASKED_WANTED,
    };
    state *s = gan->state;
    double weight = ost_gan_weight(gan, GAN);
    ost_rc rc = OST_OK;

    for (int k = 0; k < OST_GAN_SCALES && s->judges[d][k] && !rc; k++) {
        ost_net *net = s->judges[d][k];
        ost_tensor logits = ost_net_output(net);

        rc = run(gan, net, images, PASS_OTHER, err);
        if (!rc)
            rc = ost_gan_see(gan, s->steepness[d][k], verdict, err);
        if (!rc)
            rc = ost_gan_judge(gan, &logits, verdict, weight,
                               ost_net_output_grad(net).data,
                               &s->said[asked[verdict]][d][k], err);
        if (!rc)
            rc = ost_net_backward_to(net, ends, err);
    }
    return rc;
}

/* The sum of what the discriminators of domain d are fined. */
static ost_rc penalize(ost_gan *gan, int d, ost_err *err)
{
    const state *s = gan->state;
    ost_rc rc = OST_OK;

    gan->loss[D_PENALTY + d] = 0.0;
    for (int k = 0; k < OST_GAN_SCALES && s->judges[d][k] && !rc; k++) {
        double part;

        rc =
            ost_gan_penalize(gan, s->steepness[d][k],
                             PASS_PENALTY + d * OST_GAN_SCALES + k, &part, err);
        gan->loss[D_PENALTY + d] += part;
    }
    return rc;
}

static ost_rc discriminate(ost_gan *gan, ost_err *err)
{
    const state *s = gan->state;
    ost_rc rc = OST_OK;

    for (int d = 0; d < 2 && !rc; d++)
        rc = translate(gan, d, err);
    for (int d = 0; d < 2 && !rc; d++) {
        rc = show(gan, d, ost_net_output(s->from[1 - d].decode).data,
                  OST_VERDICT_FAKE, OST_NET_TO_WEIGHTS, err);
        if (!rc)
            rc = show(gan, d, gan->in[d], OST_VERDICT_REAL, OST_NET_TO_WEIGHTS,
                      err);
        if (!rc)
            rc = penalize(gan, d, err);
    }
    return rc;
}

/* --- the generators' turn ------------------------------------------------ */

/* Adds weight * mean square of a code to its gradient. */
static ost_rc add_squares(ost_gan *gan, const ost_tensor *code, int term,
                          float *grad, double *loss, ost_err *err)
{
    const state *s = gan->state;
    double weight = ost_gan_weight(gan, term);
    ost_value_loss l = { .output = *code, .target = s->zeros, .loss = loss };
    ost_rc rc = gan->backend->l2(&l, err);

    l.loss = NULL;
    l.grad = s->more;
    l.total = weight > 0.0 ? (double)code->shape[0] / weight : (double)INFINITY;
    if (!rc)
        rc = gan->backend->l2(&l, err);
    return rc ? rc : gan->backend->accumulate(grad, s->more, s->latent, err);
}

/* From a code to the image that it came from, and the way back of what is
 * wrong with it, up to the gradient of the code. */
static ost_rc restore(ost_gan *gan, int d, const ost_tensor *code, int pass,
                      int term, double *loss, ost_err *err)
{
    const direction *f = &((state *)gan->state)->from[d];
    ost_tensor image = ost_net_output(f->decode_back);
    ost_rc rc = run(gan, f->decode_back, code->data, pass, err);

    if (!rc)
        rc = ost_gan_l1(gan, &image, gan->in[d], ost_gan_weight(gan, term),
                        ost_net_output_grad(f->decode_back).data, loss, err);
    return rc ? rc : ost_net_backward(f->decode_back, err);
}

/* The own image from the own code. */
static ost_rc reconstruct(ost_gan *gan, int d, ost_err *err)
{
    const state *s = gan->state;
    const direction *f = &s->from[d];
    ost_tensor code = ost_net_output(f->encode);
    ost_rc rc = restore(gan, d, &code, PASS_NOISE + d, RECONSTRUCTION,
                        &gan->loss[G_RECONSTRUCTION + d], err);

    if (!rc)
        rc = ost_gan_copy(gan, f->latent_grad,
                          ost_net_input_grad(f->decode_back).data, s->latent,
                          err);
    if (rc)
        return rc;
    return add_squares(gan, &code, KL, f->latent_grad, &gan->loss[G_KL + d],
                       err);
}

/* From the translation back; leaves its gradient at `encode_back`. */
static ost_rc come_back(ost_gan *gan, int d, ost_err *err)
{
    const state *s = gan->state;
    const direction *f = &s->from[d];
    ost_tensor code = ost_net_output(f->encode_back);
    float *grad = ost_net_output_grad(f->encode_back).data;
    ost_rc rc = run(gan, f->encode_back, ost_net_output(f->decode).data,
                    PASS_OTHER, err);

    if (!rc)
        rc = restore(gan, d, &code, PASS_CYCLE + d, CYCLE,
                     &gan->loss[G_CYCLE + d], err);
    if (!rc)
        rc = ost_gan_copy(gan, grad, ost_net_input_grad(f->decode_back).data,
                          s->latent, err);
    if (!rc)
        rc = add_squares(gan, &code, CYCLE_KL, grad, &gan->loss[G_CYCLE_KL + d],
                         err);
    return rc ? rc : ost_net_backward(f->encode_back, err);
}

/* Adds what the discriminators say of the translation to its gradient, and goes
 * back with it to where it came from. */
static ost_rc convince(ost_gan *gan, int d, ost_err *err)
{
    const state *s = gan->state;
    const direction *f = &s->from[d];
    float *grad = ost_net_output_grad(f->decode).data;
    float *code_grad = ost_net_output_grad(f->encode).data;
    ost_rc rc = show(gan, 1 - d, ost_net_output(f->decode).data,
                     OST_VERDICT_WANTED, OST_NET_TO_INPUT, err);

    if (!rc)
        rc = ost_gan_copy(gan, grad, ost_net_input_grad(f->encode_back).data,
                          s->image, err);
    for (int k = 0; k < OST_GAN_SCALES && s->judges[1 - d][k] && !rc; k++)
        rc = gan->backend->accumulate(
            grad, ost_net_input_grad(s->judges[1 - d][k]).data, s->image, err);
    if (!rc)
        rc = ost_net_backward(f->decode, err);
    if (!rc)
        rc = ost_gan_copy(gan, code_grad, ost_net_input_grad(f->decode).data,
                          s->latent, err);
    if (!rc)
        rc =
            gan->backend->accumulate(code_grad, f->latent_grad, s->latent, err);
    return rc ? rc : ost_net_backward(f->encode, err);
}

static ost_rc generate(ost_gan *gan, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (int d = 0; d < 2 && !rc; d++) {
        rc = reconstruct(gan, d, err);
        if (!rc)
            rc = come_back(gan, d, err);
        if (!rc)
            rc = convince(gan, d, err);
    }
    return rc;
}

/* What discriminators of several scales say is summed. */
static void sum_up(ost_gan *gan)
{
    static const int told[] = {
        [ASKED_REAL] = D_REAL,
        [ASKED_FAKE] = D_FAKE,
        [ASKED_WANTED] = G_GAN,
    };
    const state *s = gan->state;

    for (int i = 0; i < ASKED; i++)
        for (int d = 0; d < 2; d++) {
            double sum = 0.0;

            for (int k = 0; k < OST_GAN_SCALES && s->judges[d][k]; k++)
                sum += s->said[i][d][k];
            gan->loss[told[i] + d] = sum;
        }
}

static ost_tensor image(const ost_gan *gan)
{
    const state *s = gan->state;

    return ost_net_output(s->from[0].decode);
}

const ost_objective ost_objective_unit = {
    .name = "unit",
    .summary = "images between two domains that share their codes (Liu et al., "
               "NIPS 2017)",
    .data = OST_GAN_DOMAINS,
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
    .sum_up = sum_up,
};
