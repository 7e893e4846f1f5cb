/* stages/train.c - a network learns what items are
 *
 * What is learned of the items is a target (stages/target.h).  The model holds
 * the network, its weights (`weights.safetensors`), the classes, the
 * normalization (mean and standard deviation of each channel over the training
 * pictures), the recipe and the history, epoch by epoch.
 */
#include "kernels/backend.h"
#include "stages/trained_model.h"

#include <string.h>

#include "base/banned.h"

typedef struct train_params {
    ost_file network;
    const json_t *network_params;
    const char *field;
    const char *target;
    int loss;
    double focal_gamma;
    const char *positive;
    const json_t *class_weights;

    int sampling;
    const json_t *per_class;
    const json_t *augment;

    int64_t epochs;
    int64_t steps;
    int64_t batch;
    int64_t micro_batch;

    int optimizer;
    double learning_rate;
    double momentum;
    bool nesterov;
    ost_f64_list betas;
    double weight_decay;
    double clip_norm;

    int schedule;
    int64_t step_epochs;
    double step_factor;
    ost_i64_list milestones;
    double min_learning_rate;
    int64_t warmup_epochs;
    int64_t warmup_steps;

    int64_t patience;
    int keep;
} train_params;

enum { LAST, BEST };

static const ost_param params[] = {
    /* what is learned */
    OST_PARAM(train_params, network, FILE,
              "the network: a file, or lib:small_cnn", .required = true),
    OST_PARAM(train_params, network_params, OBJECT,
              "params of the network that are to differ", .dflt = "null"),
    OST_PARAM(train_params, field, STR, "field that is learned from",
              .dflt = "\"image\""),
    OST_PARAM(train_params, target, STR,
              "what is learned: label (one of each item), labels (any number), "
              "attribute.NAME (a text or a number) or mask.NAME (pixels)",
              .dflt = "\"label\""),
    OST_PARAM(train_params, loss, CHOICE,
              "what is made small; auto: cross-entropy of what the network's "
              "\"scores\" are, dice for masks, l2 for numbers",
              .dflt = "\"auto\"", .choices = OST_TARGET_LOSSES),
    OST_PARAM(train_params, focal_gamma, F64,
              "how much less 'focal' counts what is nearly right", .dflt = "2",
              .min = 0, .max = 100),
    OST_PARAM(train_params, positive, STR,
              "of two classes the one that a single output is about; null: the "
              "last by name, unless that is 'normal' or the like",
              .dflt = "null"),
    OST_PARAM(train_params, class_weights, JSON,
              "weights of classes in the loss: none, balanced (items / "
              "(classes * items of the class); for sigmoids those without / "
              "those with it), or an object from class to weight",
              .dflt = "\"none\""),
    /* from which items */
    OST_PARAM(train_params, sampling, CHOICE,
              "items of an epoch: each once, or evenly of each class, as many "
              "in all",
              .dflt = "\"shuffle\"", .choices = OST_SAMPLINGS),
    OST_PARAM(train_params, per_class, JSON,
              "items of each class in an epoch, a number or an object from "
              "class to number; takes the place of 'sampling'",
              .dflt = "null"),
    OST_PARAM(train_params, augment, OBJECT,
              "changes of the pictures, drawn anew in each epoch: rotate, "
              "translate, translate_share, scale, shear, flip_h, flip_v, "
              "elastic, elastic_sigma, brightness, contrast, gamma, noise, "
              "border and fill, as the stage 'augment' has them",
              .dflt = "null"),
    /* how long, in which portions */
    OST_PARAM(train_params, epochs, I64, "passes over the items", .dflt = "10",
              .min = 1, .max = 100000),
    OST_PARAM(train_params, steps, I64,
              "updates in all; takes the place of 'epochs' unless 0",
              .dflt = "0", .min = 0, .max = 1e9),
    OST_PARAM(train_params, batch, I64,
              "items of an update, at most; they are divided evenly",
              .dflt = "16", .min = 1, .max = 65536),
    OST_PARAM(train_params, micro_batch, I64,
              "items that are in memory at a time, at most: a larger batch "
              "goes in parts, whose gradients are added; 0: whole batches",
              .dflt = "0", .min = 0, .max = 65536),
    /* how weights follow gradients */
    OST_PARAM(train_params, optimizer, CHOICE,
              "how weights follow gradients: 'weight_decay' is L2 in sgd and "
              "adam, and decoupled in adamw",
              .dflt = "\"adam\"", .choices = "sgd|adam|adamw"),
    OST_PARAM(train_params, learning_rate, F64,
              "step size, which the schedule changes", .dflt = "0.001",
              .min = 0, .max = 1000),
    OST_PARAM(train_params, momentum, F64, "momentum of sgd", .dflt = "0.9",
              .min = 0, .max = 1),
    OST_PARAM(train_params, nesterov, BOOL,
              "sgd looks ahead along its momentum", .dflt = "false"),
    OST_PARAM(train_params, betas, F64_LIST,
              "how much adam and adamw keep of the mean of the gradients and "
              "of that of their squares",
              .dflt = "[0.9, 0.999]", .min = 0, .max = 0.999999, .min_len = 2,
              .max_len = 2),
    OST_PARAM(train_params, weight_decay, F64,
              "pull of all weights to 0; a layer's own is its word \"l2\"",
              .dflt = "0", .min = 0, .max = 1000),
    OST_PARAM(train_params, clip_norm, F64,
              "norm of all gradients together, at most; 0: any", .dflt = "0",
              .min = 0, .max = 1e9),
    /* how the step size changes */
    OST_PARAM(train_params, schedule, CHOICE,
              "how the step size changes: 'step' every 'step_epochs', "
              "'milestones' at these, 'plateau' after 'step_epochs' without a "
              "lower validation loss, 'cosine' with every update",
              .dflt = "\"constant\"", .choices = OST_SCHEDULES),
    OST_PARAM(train_params, step_epochs, I64, "epochs of 'step' and 'plateau'",
              .dflt = "10", .min = 1, .max = 100000),
    OST_PARAM(train_params, step_factor, F64,
              "what 'step', 'milestones' and 'plateau' multiply by",
              .dflt = "0.1", .min = 0, .max = 1),
    OST_PARAM(train_params, milestones, I64_LIST,
              "epochs after which 'milestones' makes the step size smaller",
              .dflt = "null", .min = 1, .max = 100000, .max_len = 64),
    OST_PARAM(train_params, min_learning_rate, F64,
              "smallest step size of 'cosine' and 'plateau'", .dflt = "0",
              .min = 0, .max = 1000),
    OST_PARAM(train_params, warmup_epochs, I64,
              "epochs in which the step size grows evenly to its full size",
              .dflt = "0", .min = 0, .max = 100000),
    OST_PARAM(train_params, warmup_steps, I64, "the same, in updates",
              .dflt = "0", .min = 0, .max = 1e9),
    /* when it ends */
    OST_PARAM(train_params, patience, I64,
              "ends after so many epochs without a lower validation loss; 0: "
              "never",
              .dflt = "0", .min = 0, .max = 100000),
    OST_PARAM(train_params, keep, CHOICE,
              "weights of the last epoch, or of the lowest validation loss",
              .dflt = "\"last\"", .choices = "last|best"),
    OST_END,
};

static ost_rc read_network(const train_params *p, size_t n_classes,
                           ost_network **network, ost_err *err)
{
    json_t *extra = json_object();
    ost_rc rc;

    if (n_classes)
        json_object_set_new(extra, "classes",
                            json_integer((json_int_t)n_classes));
    rc = ost_network_read(p->network.name, p->network.data, p->network.size,
                          json_is_null(p->network_params) ? NULL
                                                          : p->network_params,
                          extra, network, err);
    json_decref(extra);
    return rc;
}

static ost_target_spec target_spec(const train_params *p)
{
    return (ost_target_spec){
        .name = p->target,
        .loss = p->loss,
        .focal_gamma = p->focal_gamma,
        .positive = p->positive,
        .class_weights = p->class_weights,
    };
}

static ost_rc refuse(ost_err *err, const char *text)
{
    return ost_fail(err, OST_EWORKFLOW, "%s", text);
}

static ost_rc check_milestones(const train_params *p, ost_err *err)
{
    const ost_i64_list *m = &p->milestones;

    if (p->schedule != OST_RATE_MILESTONES)
        return m->n == 0 ? OST_OK
                         : refuse(err, "'milestones' are epochs of 'schedule': "
                                       "'milestones'");
    if (m->n == 0)
        return refuse(err, "'schedule': 'milestones' needs 'milestones'");
    for (size_t i = 1; i < m->n; i++)
        if (m->v[i] <= m->v[i - 1])
            return refuse(err, "'milestones' are to go up");
    return OST_OK;
}

static ost_rc check_schedule(const train_params *p, ost_err *err)
{
    bool has_lowest =
        p->schedule == OST_RATE_COSINE || p->schedule == OST_RATE_PLATEAU;

    if (p->min_learning_rate > 0.0 && !has_lowest)
        return refuse(err, "'min_learning_rate' is of 'schedule': 'cosine' and "
                           "'plateau'");
    if (p->min_learning_rate > p->learning_rate)
        return refuse(err, "'min_learning_rate' is above 'learning_rate'");
    if (p->warmup_epochs > 0 && p->warmup_steps > 0)
        return refuse(err, "'warmup_epochs' and 'warmup_steps' are two words "
                           "for one thing");
    if ((p->steps > 0 && p->warmup_steps >= p->steps) ||
        (p->steps == 0 && p->warmup_epochs >= p->epochs))
        return refuse(err, "the warm-up is as long as the training");
    return check_milestones(p, err);
}

static ost_rc check_augment(const train_params *p, ost_err *err)
{
    ost_change_ranges ranges;
    ost_rc rc;

    if (json_is_null(p->augment) || !p->augment)
        return OST_OK;
    rc = ost_change_ranges_read("augment", p->augment, &ranges, err);
    if (!rc && !ost_change_ranges_any(&ranges))
        return refuse(err, "'augment' changes nothing (all is 0)");
    return rc;
}

static ost_rc check_combinations(const train_params *p, ost_err *err)
{
    const char *weights = json_string_value(p->class_weights);
    bool balanced = weights && strcmp(weights, "balanced") == 0;
    ost_rc rc;

    if (p->nesterov && (p->optimizer != OST_SGD || p->momentum <= 0.0))
        return refuse(err, "'nesterov' is of 'optimizer': 'sgd' with a "
                           "'momentum' above 0");
    if (p->micro_batch > p->batch)
        return refuse(err, "'micro_batch' is above 'batch', which it is to be "
                           "a part of");
    if (p->sampling == OST_SAMPLE_BALANCED && balanced)
        return refuse(err, "'sampling' and 'class_weights' are both "
                           "'balanced', and one of them is enough");
    if (p->per_class && !json_is_null(p->per_class) && balanced)
        return refuse(err, "'per_class' says how many items of each class "
                           "there are to be, and 'class_weights': 'balanced' "
                           "knows only how many there were");
    rc = ost_sampling_check((ost_sampling_kind)p->sampling, p->per_class, err);
    if (!rc)
        rc = check_schedule(p, err);
    return rc ? rc : check_augment(p, err);
}

static ost_rc check(const void *with, ost_err *err)
{
    const train_params *p = with;
    ost_target_spec target = target_spec(p);
    ost_network *network = NULL;
    ost_rc rc = check_combinations(p, err);

    if (!rc)
        rc = ost_target_check(&target, err);
    if (!rc)
        rc = read_network(p, 0, &network, err);
    ost_network_free(network);
    if (rc && err)
        err->rc = OST_EWORKFLOW;
    return rc ? OST_EWORKFLOW : OST_OK;
}

/* What needs validation and has none. */
static const char *judged_word(const train_params *p)
{
    if (p->patience)
        return "'patience'";
    if (p->keep == BEST)
        return "'keep': 'best'";
    return p->schedule == OST_RATE_PLATEAU ? "'schedule': 'plateau'" : NULL;
}

static ost_rc open_validation(ost_stage_ctx *ctx, const train_params *p,
                              ost_training_spec *s, ost_err *err)
{
    const ost_item *items;
    size_t n;
    ost_rc rc;

    if (ost_ctx_input_count(ctx, "validation") == 0) {
        if (judged_word(p))
            return ost_fail(err, OST_EINPUT,
                            "%s needs a dataset at port 'validation'",
                            judged_word(p));
        return OST_OK;
    }
    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "validation", 0), &items, &n,
                       err);
    if (!rc && n == 0)
        return ost_fail(err, OST_EINPUT, "port 'validation' has no items");
    if (!rc)
        rc = ost_picture_set_open(ctx, items, n, p->field,
                                  &s->validation.pictures, err);
    if (!rc)
        rc = ost_target_open_like(ctx, s->train.target, "validation", items, n,
                                  &s->validation.target, err);
    return rc;
}

static ost_rc open_training(ost_stage_ctx *ctx, const train_params *p,
                            ost_training_spec *s, ost_err *err)
{
    ost_target_spec target = target_spec(p);
    const ost_item *items;
    size_t n;
    ost_rc rc =
        ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);

    if (!rc)
        rc = ost_target_open(ctx, &target, items, n, &s->train.target, err);
    if (!rc)
        rc = ost_picture_set_open(ctx, items, n, p->field, &s->train.pictures,
                                  err);
    if (!rc)
        rc =
            ost_sampling_open(ctx, (ost_sampling_kind)p->sampling, p->per_class,
                              s->train.target, items, n, &s->sampling, err);
    return rc;
}

/* Updates and epochs, now that the number of items is known. */
static ost_rc plan_steps(const train_params *p, ost_training_spec *s,
                         ost_err *err)
{
    ost_schedule *schedule = &s->schedule;
    int64_t batches;

    s->batch = (size_t)p->batch;
    s->micro_batch = (size_t)p->micro_batch;
    s->batches = (s->sampling.epoch_items + s->batch - 1) / s->batch;
    batches = (int64_t)s->batches;
    *schedule = (ost_schedule){
        .kind = (ost_schedule_kind)p->schedule,
        .rate = p->learning_rate,
        .lowest = p->min_learning_rate,
        .factor = p->step_factor,
        .step_epochs = p->step_epochs,
        .milestones = p->milestones.v,
        .n_milestones = p->milestones.n,
        .warmup_steps =
            p->warmup_steps ? p->warmup_steps : p->warmup_epochs * batches,
        .total_steps = p->steps ? p->steps : p->epochs * batches,
    };
    if (schedule->warmup_steps > 0 &&
        schedule->warmup_steps >= schedule->total_steps)
        return ost_fail(err, OST_EINPUT,
                        "the warm-up has %lld updates, the training %lld",
                        (long long)schedule->warmup_steps,
                        (long long)schedule->total_steps);
    return OST_OK;
}

static ost_rc plan_changes(ost_stage_ctx *ctx, const train_params *p,
                           ost_training_spec *s, ost_err *err)
{
    ost_change_ranges *ranges;

    if (!p->augment || json_is_null(p->augment))
        return OST_OK;
    ranges = OST_ARENA_ARRAY(ost_ctx_arena(ctx), ost_change_ranges, 1);
    s->changes = ranges;
    return ost_change_ranges_read("augment", p->augment, ranges, err);
}

static ost_rc prepare(ost_stage_ctx *ctx, const train_params *p,
                      ost_training_spec *s, ost_err *err)
{
    ost_rc rc;

    s->optimizer = (ost_optimizer){
        .kind = (ost_optimizer_kind)p->optimizer,
        .momentum = p->momentum,
        .nesterov = p->nesterov,
        .beta1 = p->betas.v[0],
        .beta2 = p->betas.v[1],
        .epsilon = 1e-8,
        .weight_decay = p->weight_decay,
        .clip_norm = p->clip_norm,
    };
    s->patience = p->patience;
    s->keep_best = p->keep == BEST;
    if (ost_ctx_input_count(ctx, "init") > 0)
        s->init = ost_ctx_input(ctx, "init", 0);
    rc = open_training(ctx, p, s, err);
    if (!rc)
        rc = plan_steps(p, s, err);
    if (!rc)
        rc = plan_changes(ctx, p, s, err);
    if (!rc)
        rc = open_validation(ctx, p, s, err);
    if (!rc)
        rc = ost_picture_set_measure(ctx, &s->train.pictures, &s->norm, err);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const train_params *p = ost_ctx_params(ctx);
    ost_training_spec s = { 0 };
    ost_backend *backend = NULL;
    ost_network *network = NULL;
    ost_trained trained = { 0 };
    ost_rc rc = prepare(ctx, p, &s, err);

    if (!rc)
        rc = read_network(p, ost_target_outputs(s.train.target), &network, err);
    if (!rc)
        rc = ost_ctx_backend(ctx, &backend, err);
    s.network = network;
    if (!rc)
        rc = ost_train(ctx, backend, &s, &trained, err);
    if (!rc)
        rc = ost_trained_emit(ctx, p->field, &s, &trained, err);
    if (!rc)
        ost_count_items(ctx, s.train.pictures.n, 0);
    ost_trained_release(&trained);
    ost_network_free(network);
    return rc;
}

const ost_stage ost_stage_train = {
    .name = "train",
    .version = 9, /* bump when any output byte can change */
    .summary = "Trains a network on pictures and what is known of them.",
    .flags = OST_STAGE_FLOAT | OST_STAGE_GPU | OST_STAGE_DRAWS,
    .param_size = sizeof(train_params),
    .params = params,
    .inputs =
        OST_PORTS({ "in", OST_DATASET, "labeled pictures", false, false },
                  { "validation", OST_DATASET,
                    "labeled pictures to judge each epoch by", false, true },
                  { "init", OST_MODEL, "a model whose weights it begins with",
                    false, true }),
    .outputs =
        OST_PORTS({ "model", OST_MODEL, "the trained network", false, false }),
    .check = check,
    .run = run,
};
