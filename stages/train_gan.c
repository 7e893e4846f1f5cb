/* stages/train_gan.c - a generator and a discriminator learn from each other
 *
 * What they learn is an objective (kernels/gan.h, one file each in
 * kernels/objectives/); each side is a network file.  Both models say what they
 * are and how they came about: stages/generator.h.
 */
#include "kernels/backend.h"
#include "stages/gan_training.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

typedef struct train_gan_params {
    int objective;
    ost_file generator;
    const json_t *generator_params;
    ost_file discriminator;
    const json_t *discriminator_params;
    const char *field;
    const char *condition;
    int64_t given;

    const json_t *terms;
    int loss;
    double smoothing;
    int penalty;
    double penalty_weight;
    int64_t history;

    double jitter;
    double flip_h;

    int64_t epochs;
    int64_t steps;
    int64_t batch;
    int64_t discriminator_steps;

    double learning_rate;
    double discriminator_learning_rate;
    ost_f64_list betas;
    double weight_decay;
    double clip_norm;
    double ema;

    int schedule;
    double linear_after;
    int64_t step_epochs;
    double step_factor;

    int64_t samples;
    int64_t sample_every;
    double collapse;
    int on_divergence;
} train_gan_params;

enum { FAIL, KEEP };
enum { CONSTANT, LINEAR, STEP, COSINE };

/* "|pix2pix|...", in the order of ost_objective_at(). */
static const char objectives[] =
#define OBJECTIVE(name) "|" #name
#include "kernels/objective_list.def"
#undef OBJECTIVE
    ;

static const ost_param params[] = {
    /* what is learned */
    OST_PARAM(train_gan_params, objective, CHOICE,
              "what the sides learn from each other", .required = true,
              .choices = objectives + 1),
    OST_PARAM(train_gan_params, generator, FILE,
              "the network that makes images: a file, or lib:unet256",
              .required = true),
    OST_PARAM(train_gan_params, generator_params, OBJECT,
              "params of it that are to differ", .dflt = "null"),
    OST_PARAM(train_gan_params, discriminator, FILE,
              "the network that tells them from real ones: a file, or "
              "lib:patch_gan",
              .required = true),
    OST_PARAM(train_gan_params, discriminator_params, OBJECT,
              "params of it that are to differ", .dflt = "null"),
    OST_PARAM(train_gan_params, field, STR,
              "field that is learned from; null: image, of series frames",
              .dflt = "null"),
    OST_PARAM(train_gan_params, condition, STR,
              "of pairs the field of the condition; null: the left half of "
              "'field', as the stage 'pair' makes it",
              .dflt = "null"),
    OST_PARAM(train_gan_params, given, I64,
              "of series the frames that are given, the first ones",
              .dflt = "2", .min = 1, .max = 1000),
    OST_PARAM(train_gan_params, terms, OBJECT,
              "weights of terms of the objective that are to differ, by name",
              .dflt = "null"),
    OST_PARAM(train_gan_params, loss, CHOICE,
              "how the discriminator's outputs are judged; auto: as the "
              "objective has it",
              .dflt = "\"auto\"",
              .choices = "auto|bce|least_squares|hinge|wasserstein"),
    OST_PARAM(train_gan_params, smoothing, F64,
              "the label of real images is 1 minus this, where the "
              "discriminator learns",
              .dflt = "0", .min = 0, .max = 0.5),
    OST_PARAM(train_gan_params, penalty, CHOICE,
              "what keeps the discriminator smooth: its gradient between real "
              "and generated images (gradient) or at real ones (r1)",
              .dflt = "\"none\"", .choices = "none|gradient|r1"),
    OST_PARAM(train_gan_params, penalty_weight, F64, "weight of the penalty",
              .dflt = "10", .min = 0, .max = 1e6),
    OST_PARAM(train_gan_params, history, I64,
              "generated images that are kept to be shown to the "
              "discriminator again; 0: none",
              .dflt = "0", .min = 0, .max = 65536),
    /* from which pictures */
    OST_PARAM(train_gan_params, jitter, F64,
              "enlarges pictures so many times, then crops them at a random "
              "place; 1: not",
              .dflt = "1", .min = 1, .max = 4),
    OST_PARAM(train_gan_params, flip_h, F64,
              "how probably a picture is flipped left to right", .dflt = "0",
              .min = 0, .max = 1),
    /* how long, in which portions */
    OST_PARAM(train_gan_params, epochs, I64, "passes over the items",
              .dflt = "10", .min = 1, .max = 1000000),
    OST_PARAM(train_gan_params, steps, I64,
              "updates of the generator in all; takes the place of 'epochs' "
              "unless 0",
              .dflt = "0", .min = 0, .max = 1e9),
    OST_PARAM(train_gan_params, batch, I64, "items of an update", .dflt = "1",
              .min = 1, .max = 65536),
    OST_PARAM(train_gan_params, discriminator_steps, I64,
              "updates of the discriminator for one of the generator",
              .dflt = "1", .min = 1, .max = 100),
    /* how weights follow gradients */
    OST_PARAM(train_gan_params, learning_rate, F64,
              "step size of adam, which the schedule changes", .dflt = "0.0002",
              .min = 0, .max = 1000),
    OST_PARAM(train_gan_params, discriminator_learning_rate, F64,
              "that of the discriminator; 0: the same", .dflt = "0", .min = 0,
              .max = 1000),
    OST_PARAM(train_gan_params, betas, F64_LIST,
              "how much adam keeps of the mean of the gradients and of that "
              "of their squares",
              .dflt = "[0.5, 0.999]", .min = 0, .max = 0.999999, .min_len = 2,
              .max_len = 2),
    OST_PARAM(train_gan_params, weight_decay, F64,
              "pull of all weights to 0 (L2)", .dflt = "0", .min = 0,
              .max = 1000),
    OST_PARAM(train_gan_params, clip_norm, F64,
              "norm of all gradients of a side together, at most; 0: any",
              .dflt = "0", .min = 0, .max = 1e9),
    OST_PARAM(train_gan_params, ema, F64,
              "hands on the moving average of the generator's weights, of "
              "which an update keeps this share; 0: the weights themselves",
              .dflt = "0", .min = 0, .max = 0.9999999),
    /* how the step size changes */
    OST_PARAM(train_gan_params, schedule, CHOICE,
              "how the step size changes: 'linear' falls to 0 after "
              "'linear_after', 'step' changes every 'step_epochs', 'cosine' "
              "falls to 0 all along",
              .dflt = "\"constant\"", .choices = "constant|linear|step|cosine"),
    OST_PARAM(train_gan_params, linear_after, F64,
              "share of the training after which 'linear' begins to fall",
              .dflt = "0.5", .min = 0, .max = 1),
    OST_PARAM(train_gan_params, step_epochs, I64, "epochs of 'step'",
              .dflt = "10", .min = 1, .max = 1000000),
    OST_PARAM(train_gan_params, step_factor, F64, "what 'step' multiplies by",
              .dflt = "0.1", .min = 0, .max = 1),
    /* what is seen of it, and when it ends early */
    OST_PARAM(train_gan_params, samples, I64,
              "images that are made to be looked at; 0: none", .dflt = "16",
              .min = 0, .max = 1024),
    OST_PARAM(train_gan_params, sample_every, I64,
              "updates from one time to the next; 0: at the end alone",
              .dflt = "0", .min = 0, .max = 1e9),
    OST_PARAM(train_gan_params, collapse, F64,
              "spread of the images, as a share of that of real ones, below "
              "which the training ends if it happens three times in a row; 0: "
              "none",
              .dflt = "0", .min = 0, .max = 1),
    OST_PARAM(train_gan_params, on_divergence, CHOICE,
              "what becomes of a training that diverges or collapses: it "
              "fails, or hands on what was good the last time that images "
              "were looked at",
              .dflt = "\"fail\"", .choices = "fail|keep"),
    OST_END,
};

static ost_rc refuse(ost_err *err, const char *text)
{
    return ost_fail(err, OST_EWORKFLOW, "%s", text);
}

static const ost_objective *objective_of(const train_gan_params *p)
{
    return ost_objective_at((size_t)p->objective);
}

static const json_t *object_of(const json_t *v)
{
    return v && json_is_object(v) ? v : NULL;
}

/* --- before anything runs ------------------------------------------------ */

/* Adds to `values` what the data say of params that the file has and that are
 * not given; true when there is such a thing. */
static bool add_known(json_t *values, const json_t *known,
                      const ost_side_networks *nets)
{
    const json_t *has = ost_network_values(ost_side_networks_first(nets));
    bool any = false;
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)known, name, v)
    {
        if (!json_object_get(has, name) || json_object_get(values, name))
            continue;
        json_object_set(values, name, v);
        any = true;
    }
    return any;
}

/* `known` (may be NULL): params that the data decide. */
static ost_rc read_side(const train_gan_params *p, ost_gan_side side,
                        const json_t *known, ost_side_networks *nets,
                        ost_err *err)
{
    bool makes = side == OST_GENERATOR;
    const ost_file *file = makes ? &p->generator : &p->discriminator;
    const json_t *given =
        object_of(makes ? p->generator_params : p->discriminator_params);
    const ost_objective *o = objective_of(p);
    json_t *values =
        given ? json_copy((json_t *)(uintptr_t)given) : json_object();
    ost_rc rc = ost_side_networks_read(o, side, file->name, file->data,
                                       file->size, values, nets, err);

    if (!rc && known && add_known(values, known, nets)) {
        ost_side_networks_release(nets);
        rc = ost_side_networks_read(o, side, file->name, file->data, file->size,
                                    values, nets, err);
    }
    json_decref(values);
    return rc;
}

static ost_rc check_data(const train_gan_params *p, ost_err *err)
{
    const ost_objective *o = objective_of(p);

    if (p->condition && o->data != OST_GAN_PAIRS)
        return ost_fail(err, OST_EWORKFLOW,
                        "'condition' is of objectives that learn from pairs, "
                        "which '%s' does not",
                        o->name);
    if (p->condition && p->field && strcmp(p->condition, p->field) == 0)
        return refuse(err, "'condition' and 'field' are the same");
    if (p->discriminator_steps > 1 && o->first != OST_DISCRIMINATOR)
        return ost_fail(err, OST_EWORKFLOW,
                        "'discriminator_steps' above 1 is of objectives that "
                        "update the discriminator first, which '%s' does not",
                        o->name);
    return OST_OK;
}

static ost_rc check_judging(const train_gan_params *p, ost_err *err)
{
    int loss = p->loss ? p->loss - 1 : (int)objective_of(p)->loss;

    if (p->smoothing > 0.0 && loss != OST_GAN_BCE &&
        loss != OST_GAN_LEAST_SQUARES)
        return refuse(err, "'smoothing' is of 'loss': 'bce' and "
                           "'least_squares', which have labels");
    if (p->penalty != OST_PENALTY_NONE && p->penalty_weight <= 0.0)
        return refuse(err, "'penalty' has a 'penalty_weight' of 0");
    return OST_OK;
}

static ost_rc check_samples(const train_gan_params *p, ost_err *err)
{
    bool watched = p->samples > 0 && p->sample_every > 0;

    if (p->collapse > 0.0 && (p->samples < 2 || p->sample_every == 0))
        return refuse(err, "'collapse' looks at 'samples', 2 at least, every "
                           "'sample_every' updates");
    if (p->on_divergence == KEEP && !watched)
        return refuse(err, "'on_divergence': 'keep' goes back to a time when "
                           "'samples' were looked at, which 'sample_every' "
                           "says");
    return OST_OK;
}

static ost_rc check(const void *with, ost_err *err)
{
    const train_gan_params *p = with;
    ost_side_networks nets = { 0 };
    double weight[OST_GAN_TERMS];
    ost_rc rc = check_data(p, err);

    if (!rc)
        rc = check_judging(p, err);
    if (!rc)
        rc = check_samples(p, err);
    if (!rc)
        rc = ost_gan_terms_read(objective_of(p), object_of(p->terms), weight,
                                err);
    for (int s = 0; s < OST_GAN_SIDES && !rc; s++) {
        rc = read_side(p, (ost_gan_side)s, NULL, &nets, err);
        ost_side_networks_release(&nets);
    }
    if (rc && err)
        err->rc = OST_EWORKFLOW;
    return rc ? OST_EWORKFLOW : OST_OK;
}

/* --- the step ------------------------------------------------------------ */

/* Params that the data decide, where a side's file has them: "channels" of the
 * images that are made, where there is one answer; of series "given" and
 * "made" frames, the latter for judges as "frames". */
static json_t *known_of(const train_gan_params *p, const ost_gan_pictures *pics,
                        ost_gan_side side)
{
    const ost_picture_set *last = &pics->sets[pics->n_sets - 1];
    json_int_t made = (json_int_t)(last->frames - p->given);
    bool series = pics->kind == OST_GAN_SERIES && made > 0;
    json_t *known = json_object();

    if (side == OST_DISCRIMINATOR) {
        if (series)
            json_object_set_new(known, "frames", json_integer(made));
        return known;
    }
    if (pics->kind != OST_GAN_DOMAINS ||
        pics->sets[0].channels == last->channels)
        json_object_set_new(known, "channels",
                            json_integer((json_int_t)last->channels));
    if (!series)
        return known;
    json_object_set_new(known, "given", json_integer((json_int_t)p->given));
    json_object_set_new(known, "made", json_integer(made));
    return known;
}

/* What is numbers drawn has the shape that its network's file says. */
static ost_rc plan_latent(ost_gan_spec *g, const ost_side_networks *nets,
                          ost_err *err)
{
    const ost_gan_role *roles = g->objective->roles;

    for (int i = 0; roles[i].name; i++) {
        if (!roles[i].drawn)
            continue;
        g->latent_ndim =
            ost_network_input(nets[OST_GENERATOR].nets[i][0], g->latent);
        if (g->latent_ndim == 0)
            return ost_fail(err, OST_EINPUT,
                            "the generator's file says no 'input', the shape "
                            "of the numbers that it makes an image of");
    }
    return OST_OK;
}

static ost_rc plan_gan(ost_stage_ctx *ctx, const train_gan_params *p,
                       const ost_gan_pictures *pictures,
                       const ost_side_networks *nets, ost_gan_spec *g,
                       ost_err *err)
{
    enum { STREAM_DRAWS = 2 };
    const ost_objective *o = objective_of(p);
    ost_rng rng = ost_ctx_rng(ctx, NULL, STREAM_DRAWS);
    ost_rc rc;

    *g = (ost_gan_spec){
        .objective = o,
        .loss = p->loss ? (ost_gan_loss)(p->loss - 1) : o->loss,
        .smoothing = p->smoothing,
        .penalty = (ost_gan_penalty)p->penalty,
        .penalty_weight = p->penalty_weight,
        .history = p->history,
        .given = p->given,
        .key = ost_rng_u64(&rng),
    };
    for (int i = 0; o->roles[i].name; i++)
        for (int s = 0; s < OST_GAN_SCALES; s++) {
            const ost_side_networks *side = &nets[o->roles[i].side];

            g->nets[i][s] = side->nets[i][s] ? &side->specs[i][s] : NULL;
            g->named[i] = true;
        }
    for (int i = 0; i < pictures->n_sets; i++)
        g->ndim[i] =
            ost_picture_set_shape(&pictures->sets[i], p->batch, g->shape[i]);
    rc = ost_gan_terms_read(o, object_of(p->terms), g->weight, err);
    if (!rc)
        rc = plan_latent(g, nets, err);
    if (!rc && o->data == OST_GAN_SERIES &&
        p->given >= pictures->sets[0].frames)
        rc = ost_fail(err, OST_EINPUT,
                      "series have %lld frames, of which 'given' leaves none "
                      "to be made",
                      (long long)pictures->sets[0].frames);
    return rc;
}

/* Updates and step sizes, now that the number of items is known. */
static void plan_steps(const train_gan_params *p,
                       const ost_gan_pictures *pictures,
                       ost_gan_training_spec *s)
{
    static const ost_schedule_kind kinds[] = {
        [CONSTANT] = OST_RATE_CONSTANT,
        [LINEAR] = OST_RATE_LINEAR,
        [STEP] = OST_RATE_STEP,
        [COSINE] = OST_RATE_COSINE,
    };
    int64_t items = (int64_t)ost_gan_epoch_items(pictures) * p->epochs;
    int64_t portion = p->batch * p->discriminator_steps;
    int64_t total = p->steps ? p->steps : (items + portion - 1) / portion;

    s->discriminator_steps = p->discriminator_steps;
    for (int i = 0; i < OST_GAN_SIDES; i++) {
        bool own =
            i == OST_DISCRIMINATOR && p->discriminator_learning_rate > 0.0;

        s->optimizers[i] = (ost_optimizer){
            .kind = OST_ADAM,
            .beta1 = p->betas.v[0],
            .beta2 = p->betas.v[1],
            .epsilon = 1e-8,
            .weight_decay = p->weight_decay,
            /* Infinity changes nothing, and finds what is not finite. */
            .clip_norm = p->clip_norm > 0.0 ? p->clip_norm : (double)INFINITY,
        };
        s->schedules[i] = (ost_schedule){
            .kind = kinds[p->schedule],
            .rate = own ? p->discriminator_learning_rate : p->learning_rate,
            .factor = p->step_factor,
            .step_epochs = p->step_epochs,
            .total_steps = total,
            .falls_from = llround((double)total * p->linear_after),
        };
    }
}

static ost_rc prepare(ost_stage_ctx *ctx, const train_gan_params *p,
                      ost_gan_pictures *pictures, ost_side_networks *nets,
                      ost_gan_training_spec *s, ost_err *err)
{
    const ost_objective *o = objective_of(p);
    const char *usual = o->data == OST_GAN_SERIES ? "frames" : "image";
    const ost_gan_source source = {
        .kind = o->data,
        .field = p->field ? p->field : usual,
        .condition = p->condition,
        .jitter = p->jitter,
        .flip = p->flip_h,
    };
    ost_rc rc = ost_gan_pictures_open(ctx, &source, pictures, err);

    for (int i = 0; i < OST_GAN_SIDES && !rc; i++) {
        ost_gan_side side = (ost_gan_side)i;
        json_t *known = known_of(p, pictures, side);

        rc = read_side(p, side, known, &nets[i], err);
        json_decref(known);
    }
    if (!rc)
        rc = plan_gan(ctx, p, pictures, nets, &s->gan, err);
    if (rc)
        return rc;
    plan_steps(p, pictures, s);
    s->networks = nets;
    s->pictures = pictures;
    s->ema = p->ema;
    s->samples = p->samples;
    s->sample_every = p->sample_every;
    s->collapse = p->collapse;
    s->keeps = p->on_divergence == KEEP;
    if (ost_ctx_input_count(ctx, "init") > 0)
        s->init = ost_ctx_input(ctx, "init", 0);
    return OST_OK;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const train_gan_params *p = ost_ctx_params(ctx);
    ost_side_networks nets[OST_GAN_SIDES] = { 0 };
    ost_gan_pictures pictures = { 0 };
    ost_gan_training_spec s = { 0 };
    ost_gan_training t = { 0 };
    ost_backend *backend = NULL;
    ost_rc rc = prepare(ctx, p, &pictures, nets, &s, err);

    if (!rc)
        rc = ost_ctx_backend(ctx, &backend, err);
    if (!rc)
        rc = ost_gan_train(ctx, backend, &s, &t, err);
    if (!rc)
        rc = ost_gan_emit(&t, err);
    if (!rc)
        for (int i = 0; i < pictures.n_sets; i++)
            if (i == 0 || pictures.kind == OST_GAN_DOMAINS)
                ost_count_items(ctx, pictures.sets[i].n, 0);
    ost_gan_training_release(&t);
    for (int i = 0; i < OST_GAN_SIDES; i++)
        ost_side_networks_release(&nets[i]);
    ost_gan_pictures_release(&pictures);
    return rc;
}

const ost_stage ost_stage_train_gan = {
    .name = "train_gan",
    .version = 1, /* bump when any output byte can change */
    .summary = "Trains a generator of images and its discriminator.",
    .flags =
        OST_STAGE_FLOAT | OST_STAGE_GPU | OST_STAGE_DRAWS | OST_STAGE_LEARNS,
    .param_size = sizeof(train_gan_params),
    .params = params,
    .inputs = OST_PORTS(
        { "in", OST_DATASET, "pairs, images, series, or pictures of domain a",
          false, false },
        { "b", OST_DATASET, "pictures of domain b", false, true },
        { "init", OST_MODEL, "a generator whose weights it begins with", false,
          true }),
    .outputs =
        OST_PORTS({ "generator", OST_MODEL, "the network that makes images",
                    false, false },
                  { "discriminator", OST_MODEL, "the network that judges them",
                    false, false },
                  { "samples", OST_DATASET,
                    "images that it made while it learned", false, false },
                  { "grids", OST_DATASET, "one picture of them for each time",
                    false, false }),
    .check = check,
    .run = run,
};
