/* stages/train.c - a network learns what items are
 *
 * What is learned of the items is a target (stages/target.h).  The model holds
 * the network, its weights (`weights.safetensors`), the classes, the
 * normalization (mean and standard deviation of each channel over the training
 * pictures) and the history, epoch by epoch.
 */
#include "base/text.h"
#include "base/vec.h"
#include "kernels/backend.h"
#include "stages/model.h"
#include "stages/safetensors.h"
#include "stages/training.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct train_params {
    ost_file network;
    const json_t *network_params;
    const char *field;
    int64_t epochs;
    int64_t batch;
    int optimizer;
    double learning_rate;
    double momentum;
    double weight_decay;
    int schedule;
    int64_t step_epochs;
    double step_factor;
    const char *target;
    int loss;
    double focal_gamma;
    const char *positive;
    const json_t *class_weights;
    int64_t patience;
    int keep;
} train_params;

enum { LAST, BEST };

static const ost_param params[] = {
    OST_PARAM(train_params, network, FILE,
              "the network: a file, or lib:small_cnn", .required = true),
    OST_PARAM(train_params, network_params, OBJECT,
              "params of the network that are to differ", .dflt = "null"),
    OST_PARAM(train_params, field, STR, "field that is learned from",
              .dflt = "\"image\""),
    OST_PARAM(train_params, epochs, I64, "passes over the items", .dflt = "10",
              .min = 1, .max = 100000),
    OST_PARAM(train_params, batch, I64,
              "items of an update, at most; they are divided evenly",
              .dflt = "16", .min = 1, .max = 65536),
    OST_PARAM(train_params, optimizer, CHOICE, "how weights follow gradients",
              .dflt = "\"adam\"", .choices = "sgd|adam"),
    OST_PARAM(train_params, learning_rate, F64, "step size of the first epoch",
              .dflt = "0.001", .min = 0, .max = 1000),
    OST_PARAM(train_params, momentum, F64, "momentum of sgd", .dflt = "0.9",
              .min = 0, .max = 1),
    OST_PARAM(train_params, weight_decay, F64,
              "L2: this times the weight is added to its gradient", .dflt = "0",
              .min = 0, .max = 1000),
    OST_PARAM(train_params, schedule, CHOICE,
              "how the step size changes from epoch to epoch",
              .dflt = "\"constant\"", .choices = "constant|step|cosine"),
    OST_PARAM(train_params, step_epochs, I64, "epochs of a step of 'step'",
              .dflt = "10", .min = 1, .max = 100000),
    OST_PARAM(train_params, step_factor, F64, "factor of a step of 'step'",
              .dflt = "0.1", .min = 0, .max = 1),
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

static ost_rc check(const void *with, ost_err *err)
{
    const train_params *p = with;
    ost_target_spec target = target_spec(p);
    ost_network *network = NULL;
    ost_rc rc = ost_target_check(&target, err);

    if (!rc)
        rc = read_network(p, 0, &network, err);
    ost_network_free(network);
    if (rc && err)
        err->rc = OST_EWORKFLOW;
    return rc ? OST_EWORKFLOW : OST_OK;
}

static ost_rc open_validation(ost_stage_ctx *ctx, const train_params *p,
                              ost_training_spec *s, ost_err *err)
{
    const ost_item *items;
    size_t n;
    ost_rc rc;

    if (ost_ctx_input_count(ctx, "validation") == 0) {
        if (p->patience || p->keep == BEST)
            return ost_fail(err, OST_EINPUT,
                            "%s needs a dataset at port 'validation'",
                            p->patience ? "'patience'" : "'keep': 'best'");
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

static ost_rc prepare(ost_stage_ctx *ctx, const train_params *p,
                      ost_training_spec *s, ost_err *err)
{
    ost_target_spec target = target_spec(p);
    const ost_item *items;
    size_t n;
    ost_rc rc;

    s->epochs = p->epochs;
    s->batch = p->batch;
    s->optimizer = (ost_optimizer){
        .kind = (ost_optimizer_kind)p->optimizer,
        .rate = p->learning_rate,
        .momentum = p->momentum,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .epsilon = 1e-8,
        .weight_decay = p->weight_decay,
    };
    s->schedule = (ost_schedule)p->schedule;
    s->step_epochs = p->step_epochs;
    s->step_factor = p->step_factor;
    s->patience = p->patience;
    s->keep_best = p->keep == BEST;
    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    if (!rc)
        rc = ost_target_open(ctx, &target, items, n, &s->train.target, err);
    if (!rc)
        rc = ost_picture_set_open(ctx, items, n, p->field, &s->train.pictures,
                                  err);
    if (!rc)
        rc = open_validation(ctx, p, s, err);
    if (!rc)
        rc = ost_picture_set_measure(ctx, &s->train.pictures, &s->norm, err);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_groups(const ost_item *items, size_t n)
{
    OST_VEC(const char *) groups = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        ost_vec_push(&groups, items[i].group);
    qsort(groups.data, n, sizeof(*groups.data), by_name);
    for (size_t i = 0; i < n; i++)
        count += i == 0 || strcmp(groups.data[i], groups.data[i - 1]) != 0;
    ost_vec_release(&groups);
    return count;
}

static json_t *numbers(const double *v, int64_t n)
{
    json_t *list = json_array();

    for (int64_t i = 0; i < n; i++)
        json_array_append_new(list, json_real(v[i]));
    return list;
}

static json_t *model_meta(const train_params *p, const ost_training_spec *s,
                          const ost_weights *w, json_t *history)
{
    const ost_picture_set *set = &s->train.pictures;
    const char *const *classes;
    size_t n_classes = ost_target_classes(s->train.target, &classes);
    json_t *names = json_array();
    int64_t learned = 0;

    for (size_t i = 0; i < n_classes; i++)
        json_array_append_new(names, json_string(classes[i]));
    for (size_t i = 0; i < w->len; i++)
        if (w->data[i]->learned)
            learned += ost_weight_count(w->data[i]);
    return json_pack(
        "{s:s,s:O,s:O,s:I,s:o,s:o,s:{s:s,s:I,s:I,s:I},s:{s:o,s:o},s:{s:I,s:I},"
        "s:O}",
        "network", ost_network_name(s->network), "architecture",
        ost_network_document(s->network), "params",
        ost_network_values(s->network), "n_weights", (json_int_t)learned,
        "classes", names, "target", ost_target_meta(s->train.target), "input",
        "field", p->field, "channels", (json_int_t)set->channels, "height",
        (json_int_t)set->height, "width", (json_int_t)set->width,
        "normalization", "mean", numbers(s->norm.mean, s->norm.channels), "std",
        numbers(s->norm.std, s->norm.channels), "training", "items",
        (json_int_t)set->n, "groups",
        (json_int_t)count_groups(set->items, set->n), "history", history);
}

static ost_rc emit_model(ost_stage_ctx *ctx, const train_params *p,
                         const ost_training_spec *s, ost_weights *w,
                         json_t *history, ost_err *err)
{
    json_t *meta = model_meta(p, s, w, history);
    ost_buf bytes = { 0 };
    ost_rc rc = ost_emit_meta(ctx, "model", meta, err);

    if (!rc)
        rc = ost_safetensors_write(w, &bytes, err);
    if (!rc)
        rc = ost_emit_blob(ctx, "model", OST_MODEL_WEIGHTS, bytes.data,
                           bytes.len, err);
    ost_buf_release(&bytes);
    json_decref(meta);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const train_params *p = ost_ctx_params(ctx);
    ost_training_spec s = { 0 };
    ost_backend *backend = NULL;
    ost_network *network = NULL;
    ost_weights *weights = NULL;
    json_t *history = NULL;
    ost_rc rc = prepare(ctx, p, &s, err);

    if (!rc)
        rc = read_network(p, ost_target_outputs(s.train.target), &network, err);
    if (!rc)
        rc = ost_backend_open(ost_ctx_numeric(ctx), ost_ctx_threads(ctx),
                              &backend, err);
    s.network = network;
    if (!rc)
        rc = ost_train(ctx, backend, &s, &weights, &history, err);
    if (!rc)
        rc = emit_model(ctx, p, &s, weights, history, err);
    if (!rc)
        ost_count_items(ctx, s.train.pictures.n, 0);
    json_decref(history);
    ost_weights_free(weights);
    ost_backend_close(backend);
    ost_network_free(network);
    return rc;
}

const ost_stage ost_stage_train = {
    .name = "train",
    .version = 3, /* bump when any output byte can change */
    .summary = "Trains a network to tell the labels of pictures.",
    .flags = OST_STAGE_FLOAT | OST_STAGE_DRAWS,
    .param_size = sizeof(train_params),
    .params = params,
    .inputs =
        OST_PORTS({ "in", OST_DATASET, "labeled pictures", false, false },
                  { "validation", OST_DATASET,
                    "labeled pictures to judge each epoch by", false, true }),
    .outputs =
        OST_PORTS({ "model", OST_MODEL, "the trained network", false, false }),
    .check = check,
    .run = run,
};
