/* kernels/objectives/cycle_gan.c - there and back between two domains
 *
 * Zhu, Park, Isola and Efros, "Unpaired image-to-image translation using
 * cycle-consistent adversarial networks", ICCV 2017.  With a and b images that
 * do not belong together, G: a -> b and F: b -> a:
 *     generators      gan [judge(D_b(G(a)), wanted) + judge(D_a(F(b)), wanted)]
 *                     + cycle [mean |F(G(a)) - a| + mean |G(F(b)) - b|]
 *                     + identity [mean |G(b) - b| + mean |F(a) - a|]
 *     discriminators  [judge(D_b(b), real) + judge(D_b(G(a)), fake)] / 2, and
 *                     the same of D_a
 * The discriminators learn after the generators, from what these have made
 * before, or from what is in the pool of each domain.
 *
 * A generator is one network, which runs up to three times for a step; each of
 * its passes has learned before the next begins, so that only one is in memory.
 */
#include "base/alloc.h"
#include "kernels/gan.h"

#include "base/banned.h"

enum { A_TO_B, B_TO_A, JUDGE_A, JUDGE_B, ROLES };
enum { A, B, DOMAINS };
enum { GAN, CYCLE, IDENTITY };
enum { D_REAL, D_FAKE, D_PENALTY, G_GAN, G_CYCLE, G_IDENTITY, LOSSES };
/* What a direction draws. */
enum {
    PASS_THERE,
    PASS_BACK,
    PASS_IDENTITY,
    PASS_WANTED,
    PASS_FAKE,
    PASS_REAL,
    PASS_HISTORY,
    PASS_PENALTY,
    PASSES,
};

static const ost_gan_role roles[] = {
    [A_TO_B] = { .name = "a_to_b", .side = OST_GENERATOR },
    [B_TO_A] = { .name = "b_to_a", .side = OST_GENERATOR },
    [JUDGE_A] = { .name = "judge_a", .side = OST_DISCRIMINATOR },
    [JUDGE_B] = { .name = "judge_b", .side = OST_DISCRIMINATOR },
    [ROLES] = { 0 },
};

static const ost_gan_term terms[] = {
    { "gan", 1.0, "that the discriminators take images for real" },
    { "cycle", 10.0,
      "distance to the image that it began with, there and back" },
    { "identity", 5.0, "distance of an image that is there already to itself" },
    { 0 },
};

/* Those of domain b, then those of domain a. */
static const char *const losses[] = {
    "d_b_real",   "d_b_fake",   "d_b_penalty", "g_a_to_b",    "cycle_a",
    "identity_b", "d_a_real",   "d_a_fake",    "d_a_penalty", "g_b_to_a",
    "cycle_b",    "identity_a", NULL,
};

static const ost_gan_way ways[] = {
    { .name = "a_to_b", .roles = { A_TO_B }, .n_roles = 1, .input = A },
    { .name = "b_to_a", .roles = { B_TO_A }, .n_roles = 1, .input = B },
    { 0 },
};

/* From one domain to the other. */
typedef struct {
    int there; /* roles */
    int back;
    int judge;
    int from; /* domains */
    int to;
    int loss; /* the first of its losses */
    int pass; /* the first number of what it draws */
} direction;

static const direction directions[] = {
    { A_TO_B, B_TO_A, JUDGE_B, A, B, 0, 0 },
    { B_TO_A, A_TO_B, JUDGE_A, B, A, LOSSES, PASSES },
};

typedef struct {
    ost_net *nets[ROLES];
    int64_t count[DOMAINS];                /* numbers of a batch */
    float *fake[DOMAINS];                  /* what was made last */
    ost_gan_steepness *steepness[DOMAINS]; /* of what judges it */
    int pool[DOMAINS];
    int64_t items;
} state;

/* --- building ------------------------------------------------------------ */

static ost_rc check_domains(const ost_gan *gan, ost_err *err)
{
    const ost_gan_spec *spec = gan->spec;
    bool same = spec->ndim[A] == spec->ndim[B];
    char a[96];
    char b[96];

    ost_shape_text(a, spec->ndim[A], spec->shape[A]);
    ost_shape_text(b, spec->ndim[B], spec->shape[B]);
    for (int i = 0; i < spec->ndim[A] && same; i++)
        same = spec->shape[A][i] == spec->shape[B][i];
    if (spec->shape[A][0] != spec->shape[B][0])
        return ost_fail(err, OST_EINPUT,
                        "%s images of a and %s of b are not as many", a, b);
    if (!same && ost_gan_weight(gan, IDENTITY) > 0.0)
        return ost_fail(err, OST_EINPUT,
                        "images of a are %s and those of b %s: 'identity' must "
                        "be 0",
                        a, b);
    return OST_OK;
}

static ost_rc build_direction(ost_gan *gan, const direction *d, ost_err *err)
{
    const ost_gan_spec *spec = gan->spec;
    state *s = gan->state;
    ost_tensor made;
    ost_rc rc;

    rc = ost_gan_net(
        gan, d->there, 0, spec->ndim[d->from], spec->shape[d->from],
        OST_NET_ADD_GRAD | OST_NET_INPUT_GRAD, &s->nets[d->there], err);
    if (rc)
        return rc;
    made = ost_net_output(s->nets[d->there]);
    rc = ost_gan_expect(gan, d->there, &made, spec->ndim[d->to],
                        spec->shape[d->to], err);
    if (rc)
        return rc;
    s->count[d->to] = ost_tensor_count(&made);
    rc = ost_gan_net(gan, d->judge, 0, made.ndim, made.shape,
                     OST_NET_ADD_GRAD | OST_NET_INPUT_GRAD, &s->nets[d->judge],
                     err);
    if (!rc)
        rc = ost_gan_steepness_new(gan, d->judge, 0, s->nets[d->judge],
                                   &s->steepness[d->to], err);
    if (!rc)
        rc = ost_gan_floats(gan, s->count[d->to], &s->fake[d->to], err);
    if (!rc)
        rc =
            ost_gan_pool(gan, s->count[d->to] / s->items, &s->pool[d->to], err);
    return rc;
}

static ost_rc build(ost_gan *gan, ost_err *err)
{
    state *s = ost_xalloc(sizeof(*s));
    ost_rc rc;

    gan->state = s;
    s->items = gan->spec->shape[A][0];
    rc = check_domains(gan, err);
    for (int i = 0; i < DOMAINS && !rc; i++)
        rc = build_direction(gan, &directions[i], err);
    return rc;
}

/* --- generators ---------------------------------------------------------- */

static ost_rc run(ost_gan *gan, ost_net *net, const float *from, int64_t count,
                  int pass, ost_err *err)
{
    ost_rc rc = ost_gan_copy(gan, ost_net_input(net).data, from, count, err);

    return rc ? rc : ost_net_forward(net, ost_gan_draw(gan, pass), err);
}

/* What comes out of a generator must be like `target`; back to `ends`. */
static ost_rc be_like(ost_gan *gan, ost_net *net, const float *target,
                      double weight, unsigned ends, double *loss, ost_err *err)
{
    ost_tensor made = ost_net_output(net);
    ost_rc rc = ost_gan_l1(gan, &made, target, weight,
                           ost_net_output_grad(net).data, loss, err);

    return rc ? rc : ost_net_backward_to(net, ends, err);
}

/* There and back; leaves the gradient of what was made on the way. */
static ost_rc cycle(ost_gan *gan, const direction *d, ost_err *err)
{
    const state *s = gan->state;
    ost_net *there = s->nets[d->there];
    ost_net *back = s->nets[d->back];
    ost_rc rc;

    rc = run(gan, there, gan->in[d->from], s->count[d->from],
             d->pass + PASS_THERE, err);
    if (!rc)
        rc = ost_gan_copy(gan, s->fake[d->to], ost_net_output(there).data,
                          s->count[d->to], err);
    if (!rc)
        rc = run(gan, back, s->fake[d->to], s->count[d->to],
                 d->pass + PASS_BACK, err);
    if (!rc)
        rc = be_like(gan, back, gan->in[d->from], ost_gan_weight(gan, CYCLE),
                     OST_NET_TO_WEIGHTS | OST_NET_TO_INPUT,
                     &gan->loss[d->loss + G_CYCLE], err);
    return rc ? rc
              : ost_gan_copy(gan, ost_net_output_grad(there).data,
                             ost_net_input_grad(back).data, s->count[d->to],
                             err);
}

/* What the discriminator says of it, added. */
static ost_rc add_verdict(ost_gan *gan, const direction *d, ost_err *err)
{
    const state *s = gan->state;
    ost_net *judge = s->nets[d->judge];
    ost_tensor logits;
    ost_rc rc = run(gan, judge, s->fake[d->to], s->count[d->to],
                    d->pass + PASS_WANTED, err);

    if (rc)
        return rc;
    logits = ost_net_output(judge);
    rc = ost_gan_judge(
        gan, &logits, OST_VERDICT_WANTED, ost_gan_weight(gan, GAN),
        ost_net_output_grad(judge).data, &gan->loss[d->loss + G_GAN], err);
    if (!rc)
        rc = ost_net_backward_to(judge, OST_NET_TO_INPUT, err);
    return rc ? rc
              : gan->backend->accumulate(
                    ost_net_output_grad(s->nets[d->there]).data,
                    ost_net_input_grad(judge).data, s->count[d->to], err);
}

static ost_rc keep_identity(ost_gan *gan, const direction *d, ost_err *err)
{
    const state *s = gan->state;
    double weight = ost_gan_weight(gan, IDENTITY);
    ost_rc rc;

    if (!(weight > 0.0))
        return OST_OK;
    rc = run(gan, s->nets[d->there], gan->in[d->to], s->count[d->to],
             d->pass + PASS_IDENTITY, err);
    return rc ? rc
              : be_like(gan, s->nets[d->there], gan->in[d->to], weight,
                        OST_NET_TO_WEIGHTS, &gan->loss[d->loss + G_IDENTITY],
                        err);
}

static ost_rc generate(ost_gan *gan, ost_err *err)
{
    const state *s = gan->state;
    ost_rc rc = OST_OK;

    for (int i = 0; i < DOMAINS && !rc; i++) {
        const direction *d = &directions[i];

        rc = cycle(gan, d, err);
        if (!rc)
            rc = add_verdict(gan, d, err);
        if (!rc)
            rc =
                ost_net_backward_to(s->nets[d->there], OST_NET_TO_WEIGHTS, err);
        if (!rc)
            rc = keep_identity(gan, d, err);
    }
    return rc;
}

/* --- discriminators ------------------------------------------------------ */

/* Learns from what is before the discriminator. */
static ost_rc learn(ost_gan *gan, const direction *d, int pass,
                    ost_verdict verdict, double *loss, ost_err *err)
{
    const state *s = gan->state;
    ost_net *judge = s->nets[d->judge];
    ost_tensor logits;
    ost_rc rc = ost_gan_see(gan, s->steepness[d->to], verdict, err);

    if (!rc)
        rc = ost_net_forward(judge, ost_gan_draw(gan, d->pass + pass), err);
    if (rc)
        return rc;
    logits = ost_net_output(judge);
    rc = ost_gan_judge(gan, &logits, verdict, 0.5,
                       ost_net_output_grad(judge).data, loss, err);
    return rc ? rc : ost_net_backward_to(judge, OST_NET_TO_WEIGHTS, err);
}

static ost_rc discriminate(ost_gan *gan, ost_err *err)
{
    const state *s = gan->state;
    ost_rc rc = OST_OK;

    for (int i = 0; i < DOMAINS && !rc; i++) {
        const direction *d = &directions[i];
        float *shown = ost_net_input(s->nets[d->judge]).data;

        rc = ost_gan_copy(gan, shown, s->fake[d->to], s->count[d->to], err);
        if (!rc)
            rc = ost_gan_show_again(gan, s->pool[d->to], d->pass + PASS_HISTORY,
                                    s->items, shown, err);
        if (!rc)
            rc = learn(gan, d, PASS_FAKE, OST_VERDICT_FAKE,
                       &gan->loss[d->loss + D_FAKE], err);
        if (!rc)
            rc = ost_gan_copy(gan, shown, gan->in[d->to], s->count[d->to], err);
        if (!rc)
            rc = learn(gan, d, PASS_REAL, OST_VERDICT_REAL,
                       &gan->loss[d->loss + D_REAL], err);
        if (!rc)
            rc = ost_gan_penalize(gan, s->steepness[d->to],
                                  d->pass + PASS_PENALTY,
                                  &gan->loss[d->loss + D_PENALTY], err);
    }
    return rc;
}

static ost_tensor image(const ost_gan *gan)
{
    const state *s = gan->state;
    ost_tensor made = ost_net_output(s->nets[A_TO_B]);

    made.data = s->fake[B];
    return made;
}

const ost_objective ost_objective_cycle_gan = {
    .name = "cycle_gan",
    .summary = "from domain to domain and back, learned without pairs (Zhu et "
               "al., ICCV 2017)",
    .data = OST_GAN_DOMAINS,
    .loss = OST_GAN_LEAST_SQUARES,
    .first = OST_GENERATOR,
    .roles = roles,
    .terms = terms,
    .losses = losses,
    .ways = ways,
    .build = build,
    .discriminate = discriminate,
    .generate = generate,
    .image = image,
};
