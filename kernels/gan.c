/* kernels/gan.c - two sides that learn against each other */
#include "kernels/gan.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "base/vec.h"
#include "kernels/gan_build.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* A network, and the description that its weights' names were made for. */
typedef struct built {
    ost_net *net;
    ost_layer_spec *layers;
} built;

/* Memory of the host for one input of a batch: where the device has its own,
 * two by turns. */
typedef struct feed {
    size_t bytes;
    void *host[2];
    int turn;
    bool filled; /* host[turn] is to be sent */
} feed;

/* What belongs to a gan beside what the header shows. */
typedef struct holdings {
    ost_gan gan; /* first: the one is the other */
    OST_VEC(built) nets;
    OST_VEC(float *) floats;
    size_t float_bytes;
    OST_VEC(ost_gan_steepness *) steepness;
    ost_pool pool; /* of all networks: they run one after the other */
    feed feeds[OST_GAN_INPUTS];
} holdings;

#define OBJECTIVE(name) extern const ost_objective ost_objective_##name;
#include "kernels/objective_list.def"
#undef OBJECTIVE

static const ost_objective *const objectives[] = {
#define OBJECTIVE(name) &ost_objective_##name,
#include "kernels/objective_list.def"
#undef OBJECTIVE
};

const ost_objective *ost_objective_at(size_t i)
{
    return i < sizeof(objectives) / sizeof(objectives[0]) ? objectives[i]
                                                          : NULL;
}

const ost_objective *ost_objective_find(const char *name)
{
    const ost_objective *o;

    for (size_t i = 0; (o = ost_objective_at(i)); i++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

/* --- building ------------------------------------------------------------ */

/* The role's name in front of the names of its weights. */
static ost_layer_spec *named_layers(const ost_net_spec *spec, const char *role)
{
    size_t n = (size_t)spec->n_layers;
    ost_layer_spec *layers = ost_xalloc((n + 1) * sizeof(*layers));

    for (size_t i = 0; i < n; i++) {
        layers[i] = spec->layers[i];
        layers[i].name = layers[i].name
                             ? ost_xprintf("%s.%s", role, layers[i].name)
                             : ost_xprintf("%s.%zu", role, i);
    }
    return layers;
}

static void free_layers(ost_layer_spec *layers)
{
    if (!layers)
        return;
    for (ost_layer_spec *l = layers; l->name; l++)
        ost_free((char *)(uintptr_t)l->name);
    ost_free(layers);
}

ost_rc ost_gan_net(ost_gan *gan, int role, int scale, int ndim,
                   const int64_t *shape, unsigned flags, ost_net **net,
                   ost_err *err)
{
    return ost_gan_net_of(gan, role, gan->spec->nets[role][scale], ndim, shape,
                          flags, net, err);
}

ost_rc ost_gan_net_of(ost_gan *gan, int role, const ost_net_spec *spec,
                      int ndim, const int64_t *shape, unsigned flags,
                      ost_net **net, ost_err *err)
{
    holdings *h = (holdings *)gan;
    const ost_gan_role *r = &gan->spec->objective->roles[role];
    ost_net_spec named = *spec;
    built b = { 0 };
    ost_rc rc;

    if (!gan->spec->named[role])
        named.layers = b.layers = named_layers(spec, r->name);
    rc = ost_net_new(gan->weights[r->side], &named, ndim, shape,
                     flags | OST_NET_TRAIN, &b.net, NULL, err);
    if (rc) {
        ost_err_at(err, "%s", r->name);
        free_layers(b.layers);
        return rc;
    }
    ost_vec_push(&h->nets, b);
    *net = b.net;
    return OST_OK;
}

void ost_gan_keep_steepness(ost_gan *gan, ost_gan_steepness *steepness)
{
    holdings *h = (holdings *)gan;

    ost_vec_push(&h->steepness, steepness);
}

ost_rc ost_gan_floats(ost_gan *gan, int64_t count, float **data, ost_err *err)
{
    holdings *h = (holdings *)gan;

    *data = gan->backend->alloc(gan->backend, (size_t)count * sizeof(float),
                                "images");
    if (!*data)
        return ost_backend_no_memory(gan->backend, err, "%lld numbers",
                                     (long long)count);
    ost_vec_push(&h->floats, *data);
    h->float_bytes += (size_t)count * sizeof(float);
    return OST_OK;
}

ost_rc ost_gan_new(const ost_gan_spec *spec, ost_backend *backend,
                   ost_gan **gan, ost_err *err)
{
    holdings *h = ost_xalloc(sizeof(*h));
    ost_gan *g = &h->gan;
    ost_rc rc = OST_OK;

    g->spec = spec;
    g->backend = backend;
    for (int s = 0; s < OST_GAN_SIDES; s++) {
        g->weights[s] = ost_weights_new(backend);
        g->weights[s]->pool = &h->pool;
    }
    for (int i = 0; i < OST_GAN_INPUTS && !rc; i++) {
        int64_t count = 1;

        for (int k = 0; k < spec->ndim[i]; k++)
            count *= spec->shape[i][k];
        h->feeds[i].bytes = (size_t)count * sizeof(float);
        if (spec->ndim[i])
            rc = ost_gan_floats(g, count, &g->in[i], err);
    }
    if (!rc)
        rc = spec->objective->build(g, err);
    if (!rc && spec->penalty != OST_PENALTY_NONE && h->steepness.len == 0)
        rc = ost_fail(err, OST_EINPUT, "objective '%s' has no gradient penalty",
                      spec->objective->name);
    if (rc)
        ost_gan_free(g);
    else
        *gan = g;
    return rc;
}

void ost_gan_free(ost_gan *gan)
{
    holdings *h = (holdings *)gan;

    if (!gan)
        return;
    /* Nothing is to arrive in it any more. */
    (void)gan->backend->finish(gan->backend, NULL);
    ost_free(gan->state);
    for (size_t i = 0; i < h->steepness.len; i++)
        ost_gan_steepness_free(h->steepness.data[i]);
    for (size_t i = 0; i < h->nets.len; i++) {
        ost_net_free(h->nets.data[i].net);
        free_layers(h->nets.data[i].layers);
    }
    for (size_t i = 0; i < h->floats.len; i++)
        gan->backend->release(gan->backend, h->floats.data[i]);
    for (int i = 0; i < 2 * OST_GAN_INPUTS; i++)
        gan->backend->host_release(gan->backend, h->feeds[i / 2].host[i % 2]);
    for (int s = 0; s < OST_GAN_SIDES; s++)
        ost_weights_free(gan->weights[s]);
    ost_vec_release(&h->steepness);
    ost_pool_release(&h->pool, gan->backend);
    ost_vec_release(&h->floats);
    ost_vec_release(&h->nets);
    ost_free(h);
}

size_t ost_gan_memory(const ost_gan *gan)
{
    const holdings *h = (const holdings *)gan;
    size_t bytes = h->float_bytes + h->pool.bytes;

    for (size_t i = 0; i < h->nets.len; i++)
        bytes += ost_net_memory(h->nets.data[i].net);
    return bytes;
}

const ost_net *ost_gan_net_at(const ost_gan *gan, int i)
{
    const holdings *h = (const holdings *)gan;

    return (size_t)i < h->nets.len ? h->nets.data[i].net : NULL;
}

/* --- a step -------------------------------------------------------------- */

ost_rc ost_gan_host_input(ost_gan *gan, int i, float **numbers, ost_err *err)
{
    feed *f = &((holdings *)gan)->feeds[i];
    void **host = &f->host[f->turn];
    ost_backend *b = gan->backend;
    ost_rc rc = OST_OK;

    *numbers = gan->in[i];
    if (b->host_memory)
        return OST_OK;
    if (*host)
        rc = b->sent(b, *host, err);
    else
        *host = b->host_alloc(b, f->bytes);
    if (!*host)
        return ost_backend_no_memory(b, err, "a batch on the host");
    *numbers = *host;
    f->filled = !rc;
    return rc;
}

/* What was filled in on the host. */
static ost_rc send(ost_gan *gan, ost_err *err)
{
    ost_backend *b = gan->backend;
    ost_rc rc = OST_OK;

    for (int i = 0; i < OST_GAN_INPUTS && !rc; i++) {
        feed *f = &((holdings *)gan)->feeds[i];

        if (!f->filled)
            continue;
        rc = b->send(b, gan->in[i], f->host[f->turn], f->bytes, err);
        f->filled = false;
        f->turn = !f->turn;
    }
    return rc;
}

ost_rc ost_gan_discriminate(ost_gan *gan, ost_err *err)
{
    ost_rc rc = send(gan, err);

    ost_gan_clear(gan, OST_DISCRIMINATOR);
    ost_backend_enter(gan->backend, "discriminate");
    rc = rc ? rc : gan->spec->objective->discriminate(gan, err);
    ost_backend_leave(gan->backend);
    return rc;
}

ost_rc ost_gan_generate(ost_gan *gan, ost_err *err)
{
    ost_rc rc = send(gan, err);

    ost_gan_clear(gan, OST_GENERATOR);
    ost_backend_enter(gan->backend, "generate");
    rc = rc ? rc : gan->spec->objective->generate(gan, err);
    ost_backend_leave(gan->backend);
    return rc;
}

ost_rc ost_gan_finish(ost_gan *gan, ost_err *err)
{
    ost_rc rc = gan->backend->finish(gan->backend, err);

    if (gan->spec->objective->sum_up)
        gan->spec->objective->sum_up(gan);
    return rc;
}

ost_rc ost_gan_step(ost_gan *gan, const ost_optimizer *opt, ost_err *err)
{
    ost_gan_side side = gan->spec->objective->first;
    ost_rc rc = OST_OK;

    for (int i = 0; i < OST_GAN_SIDES && !rc; i++) {
        rc = side == OST_DISCRIMINATOR ? ost_gan_discriminate(gan, err)
                                       : ost_gan_generate(gan, err);
        if (!rc)
            rc = ost_optimizer_step(&opt[side], gan->weights[side], err);
        side = side == OST_DISCRIMINATOR ? OST_GENERATOR : OST_DISCRIMINATOR;
    }
    gan->step++;
    return rc;
}

/* --- for objectives ------------------------------------------------------ */

uint64_t ost_gan_draw(const ost_gan *gan, int pass)
{
    ost_rng rng =
        ost_rng_of(gan->spec->key, (uint64_t)gan->step * 64 + (uint64_t)pass);

    return ost_rng_u64(&rng);
}

void ost_gan_numbers(const ost_gan *gan, int pass, int64_t items, int64_t count,
                     float *numbers)
{
    for (int64_t i = 0; i < items; i++) {
        ost_rng rng = ost_rng_of(ost_gan_draw(gan, pass), (uint64_t)i);

        for (int64_t k = 0; k < count; k++)
            *numbers++ = (float)ost_rng_normal(&rng);
    }
}

ost_rc ost_gan_expect(const ost_gan *gan, int role, const ost_tensor *made,
                      int ndim, const int64_t *shape, ost_err *err)
{
    bool same = made->ndim == ndim;
    char a[96];
    char b[96];

    for (int i = 0; i < ndim && same; i++)
        same = made->shape[i] == shape[i];
    if (same)
        return OST_OK;
    return ost_fail(err, OST_EINPUT, "%s: makes %s, the images are %s",
                    gan->spec->objective->roles[role].name,
                    ost_shape_text(a, made->ndim, made->shape),
                    ost_shape_text(b, ndim, shape));
}

double ost_gan_weight(const ost_gan *gan, int term)
{
    return gan->spec->weight[term];
}

ost_rc ost_gan_copy(const ost_gan *gan, float *to, const float *from,
                    int64_t count, ost_err *err)
{
    return gan->backend->move(to, from, count, err);
}

ost_rc ost_gan_judge(const ost_gan *gan, const ost_tensor *logits,
                     ost_verdict verdict, double weight, float *grad,
                     double *loss, ost_err *err)
{
    ost_adversarial a = {
        .logits = *logits,
        .kind = gan->spec->loss,
        .verdict = verdict,
        .smoothing = gan->spec->smoothing,
        .weight = weight,
        .grad = grad,
        .loss = loss,
    };

    return gan->backend->adversarial(&a, err);
}

ost_rc ost_gan_learn(const ost_gan *gan, ost_net *net, ost_verdict verdict,
                     double weight, double *loss, ost_err *err)
{
    ost_tensor logits = ost_net_output(net);
    ost_rc rc = ost_gan_judge(gan, &logits, verdict, weight,
                              ost_net_output_grad(net).data, loss, err);

    return rc ? rc : ost_net_backward_to(net, OST_NET_TO_WEIGHTS, err);
}

ost_rc ost_gan_l1(const ost_gan *gan, const ost_tensor *x, const float *target,
                  double weight, float *grad, double *loss, ost_err *err)
{
    ost_value_loss l = { .output = *x, .target = target, .loss = loss };
    ost_rc rc = gan->backend->l1(&l, err);

    if (rc || !grad)
        return rc;
    l.loss = NULL;
    l.grad = grad;
    l.total = weight > 0.0 ? (double)x->shape[0] / weight : (double)INFINITY;
    return gan->backend->l1(&l, err);
}

void ost_gan_clear(const ost_gan *gan, ost_gan_side side)
{
    ost_weights_clear_grad(gan->weights[side]);
}
