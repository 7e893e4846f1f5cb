/* stages/training.c - a network learns classes from pictures */
#include "stages/training.h"

#include "base/clock.h"
#include "base/text.h"
#include "kernels/loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Random streams of the step: weights, then one for each epoch's order. */
enum { STREAM_WEIGHTS = 0, STREAM_DROPOUT = 1, STREAM_ORDER = 2 };

/* Seconds between checkpoints; when they are taken changes no result.  Tests of
 * interruption want one after every epoch: OSTEON_CHECKPOINT_SECONDS=0. */
static double save_every(void)
{
    const char *text = getenv("OSTEON_CHECKPOINT_SECONDS");
    double seconds;

    return text && ost_parse_f64(text, &seconds) ? seconds : 3.0;
}

/* What an epoch, or a validation, adds up. */
typedef struct score {
    double loss;
    uint64_t right;
    uint64_t items;
} score;

static size_t batches_of(const ost_training_spec *spec)
{
    size_t batch = (size_t)spec->batch;

    return (spec->train.pictures.n + batch - 1) / batch;
}

static ost_rc build(ost_training *t, ost_err *err)
{
    const ost_training_spec *s = t->spec;
    const ost_picture_set *p = &s->train.pictures;
    size_t batches = batches_of(s);
    ost_rc rc = OST_OK;

    t->items[1] = p->n / batches;
    t->items[0] = t->items[1] + (p->n % batches != 0);
    for (int i = 0; i < 2 && !rc; i++) {
        int64_t shape[] = { (int64_t)t->items[i], p->channels, p->height,
                            p->width };

        if (i == 0 || t->items[1] != t->items[0])
            rc = ost_network_build(s->network, t->weights, 4, shape,
                                   OST_NET_TRAIN, &t->nets[i], err);
    }
    if (rc)
        return rc;
    if (s->validation.pictures.n > 0)
        rc = ost_inference_init(&t->inf, s->network, t->weights,
                                &s->validation.pictures, err);
    return rc;
}

static ost_rc check_output(const ost_training *t, ost_err *err)
{
    ost_tensor out = ost_net_output(t->nets[0]);
    const char *name = ost_network_name(t->spec->network);

    if (out.ndim != 2)
        return ost_fail(err, OST_EINPUT,
                        "network '%s' gives pictures, not scores of classes",
                        name);
    if ((size_t)out.shape[1] != t->spec->n_classes)
        return ost_fail(err, OST_EINPUT,
                        "network '%s' has %lld outputs, the data %zu classes "
                        "(its last layer should have \"out\": "
                        "\"${classes}\")",
                        name, (long long)out.shape[1], t->spec->n_classes);
    return OST_OK;
}

static uint64_t count_right(const float *logits, const int32_t *classes,
                            size_t n, size_t k)
{
    uint64_t right = 0;

    for (size_t i = 0; i < n; i++) {
        size_t best = 0;

        for (size_t c = 1; c < k; c++)
            if (logits[i * k + c] > logits[i * k + best])
                best = c;
        right += best == (size_t)classes[i];
    }
    return right;
}

static double rate_of(const ost_training_spec *s, int64_t epoch)
{
    const double pi = 3.14159265358979323846;
    double part = (double)epoch / (double)s->epochs;

    switch (s->schedule) {
    case OST_RATE_STEP:
        return s->optimizer.rate *
               pow(s->step_factor, (double)(epoch / s->step_epochs));
    case OST_RATE_COSINE:
        return s->optimizer.rate * 0.5 * (1.0 + cos(pi * part));
    case OST_RATE_CONSTANT:
        break;
    }
    return s->optimizer.rate;
}

/* One update with the pictures at index[0..n-1]; adds to `sum`. */
static ost_rc step(ost_training *t, ost_net *net, const uint32_t *index,
                   size_t n, int32_t *classes, score *sum, ost_err *err)
{
    const ost_training_spec *s = t->spec;
    ost_optimizer opt = s->optimizer;
    ost_rng draw = ost_ctx_rng(t->ctx, NULL, STREAM_DROPOUT);
    double loss = 0.0;
    ost_class_loss l = { .classes = classes,
                         .class_weights = s->class_weights,
                         .loss = &loss };
    ost_rc rc;

    for (size_t i = 0; i < n; i++)
        classes[i] = s->train.classes[index[i]];
    opt.rate = rate_of(s, t->epoch);
    rc = ost_picture_set_load(t->ctx, &s->train.pictures, &s->norm, index, n,
                              ost_net_input(net).data, err);
    if (!rc)
        rc = ost_net_forward(
            net, ost_rng_u64(&draw) + (uint64_t)t->weights->step, err);
    if (rc)
        return rc;
    l.logits = ost_net_output(net);
    l.grad = ost_net_output_grad(net).data;
    sum->right += count_right(l.logits.data, classes, n, s->n_classes);
    rc = t->weights->backend->softmax_cross_entropy(&l, err);
    if (!rc && !isfinite(loss))
        rc = ost_fail(err, OST_EFAIL,
                      "the loss is not finite in epoch %lld (a lower "
                      "'learning_rate' may help)",
                      (long long)t->epoch + 1);
    if (!rc)
        rc = ost_net_backward(net, err);
    if (!rc)
        rc = ost_optimizer_step(&opt, t->weights, err);
    sum->loss += loss * (double)n;
    sum->items += n;
    return rc;
}

static void tell(ost_training *t, size_t batch, const score *sum)
{
    size_t batches = batches_of(t->spec);
    double items = sum->items ? (double)sum->items : 1.0;
    json_t *extra =
        json_pack("{s:I,s:f,s:f}", "epoch", (json_int_t)t->epoch + 1, "loss",
                  sum->loss / items, "accuracy", (double)sum->right / items);

    ost_progress(t->ctx, (uint64_t)t->epoch * batches + batch,
                 (uint64_t)t->spec->epochs * batches, extra);
    json_decref(extra);
}

static ost_rc run_epoch(ost_training *t, score *sum, ost_err *err)
{
    size_t n = t->spec->train.pictures.n;
    size_t batches = batches_of(t->spec);
    size_t larger = n % batches;
    ost_rng rng = ost_ctx_rng(t->ctx, NULL, STREAM_ORDER + (uint64_t)t->epoch);
    uint32_t *order = ost_xalloc(n * sizeof(*order));
    int32_t *classes = ost_xalloc(t->items[0] * sizeof(*classes));
    size_t at = 0;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    ost_rng_shuffle(&rng, order, n);
    for (size_t b = 0; b < batches && !rc; b++) {
        int which = larger && b >= larger;

        if (ost_ctx_stop(t->ctx)) {
            rc = ost_fail(err, OST_EINTERRUPTED, "interrupted");
            break;
        }
        rc = step(t, t->nets[which], order + at, t->items[which], classes, sum,
                  err);
        at += t->items[which];
        tell(t, b + 1, sum);
    }
    ost_free(classes);
    ost_free(order);
    return rc;
}

static ost_rc validate(ost_training *t, score *sum, ost_err *err)
{
    const ost_labeled *v = &t->spec->validation;
    size_t n = v->pictures.n;
    size_t k = t->spec->n_classes;
    uint32_t *index = ost_xalloc(n * sizeof(*index));
    float *logits = ost_xalloc(n * k * sizeof(*logits));
    ost_class_loss l = { .classes = v->classes,
                         .class_weights = t->spec->class_weights,
                         .loss = &sum->loss };
    ost_rc rc;

    for (size_t i = 0; i < n; i++)
        index[i] = (uint32_t)i;
    rc = ost_inference_run(&t->inf, t->ctx, &v->pictures, &t->spec->norm, index,
                           n, logits, err);
    l.logits = ost_tensor_of(logits, OST_F32, 2,
                             (int64_t[]){ (int64_t)n, (int64_t)k });
    if (!rc)
        rc = t->weights->backend->softmax_cross_entropy(&l, err);
    if (!rc)
        sum->right = count_right(logits, v->classes, n, k);
    ost_free(logits);
    ost_free(index);
    return rc;
}

static ost_rc note_best(ost_training *t, double loss, ost_err *err)
{
    if (t->best_epoch && !(loss < t->best_loss))
        return OST_OK;
    t->best_loss = loss;
    t->best_epoch = t->epoch + 1;
    ost_buf_reset(&t->best);
    if (!t->spec->keep_best)
        return OST_OK;
    return ost_training_copy(t->weights, OST_PART_DATA, &t->best, err);
}

static ost_rc one_epoch(ost_training *t, ost_err *err)
{
    const ost_training_spec *s = t->spec;
    score sum = { 0 };
    score check = { 0 };
    json_t *entry;
    ost_rc rc = run_epoch(t, &sum, err);

    if (rc)
        return rc;
    entry = json_pack("{s:I,s:f,s:f,s:f}", "epoch", (json_int_t)t->epoch + 1,
                      "loss", sum.loss / (double)sum.items, "accuracy",
                      (double)sum.right / (double)sum.items, "learning_rate",
                      rate_of(s, t->epoch));
    if (s->validation.pictures.n > 0) {
        rc = validate(t, &check, err);
        json_object_set_new(entry, "val_loss", json_real(check.loss));
        json_object_set_new(
            entry, "val_accuracy",
            json_real((double)check.right / (double)s->validation.pictures.n));
        if (!rc)
            rc = note_best(t, check.loss, err);
    }
    json_array_append_new(t->history, entry);
    t->epoch++;
    if (!rc && t->epoch < s->epochs &&
        ost_now() - t->last_saved >= save_every()) {
        rc = ost_training_save(t, err);
        t->last_saved = ost_now();
    }
    return rc;
}

static bool is_patient(const ost_training *t)
{
    return t->spec->patience == 0 || !t->best_epoch ||
           t->epoch - t->best_epoch < t->spec->patience;
}

static ost_rc run_all(ost_training *t, ost_err *err)
{
    ost_rng rng = ost_ctx_rng(t->ctx, NULL, STREAM_WEIGHTS);
    ost_rc rc = build(t, err);

    if (!rc)
        rc = check_output(t, err);
    if (!rc)
        rc = ost_weights_init(t->weights, ost_rng_u64(&rng), err);
    if (!rc)
        rc = ost_training_resume(t, err);
    t->last_saved = ost_now();
    while (!rc && t->epoch < t->spec->epochs && is_patient(t))
        rc = one_epoch(t, err);
    if (!rc && t->spec->keep_best && t->best_epoch) {
        ost_reader r = ost_reader_of(t->best.data, t->best.len);

        rc = ost_training_restore(t->weights, OST_PART_DATA, &r, err);
    }
    return rc;
}

ost_rc ost_train(ost_stage_ctx *ctx, ost_backend *backend,
                 const ost_training_spec *spec, ost_weights **weights,
                 json_t **history, ost_err *err)
{
    ost_training t = { .ctx = ctx, .spec = spec };
    ost_rc rc;

    t.weights = ost_weights_new(backend);
    t.history = json_array();
    rc = run_all(&t, err);
    ost_inference_release(&t.inf);
    ost_net_free(t.nets[1]);
    ost_net_free(t.nets[0]);
    ost_buf_release(&t.best);
    if (rc) {
        json_decref(t.history);
        ost_weights_free(t.weights);
        return rc;
    }
    *weights = t.weights;
    *history = t.history;
    return OST_OK;
}
