/* stages/training.c - a network learns from pictures */
#include "stages/training.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"

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
                   size_t n, ost_target_score *sum, ost_err *err)
{
    const ost_training_spec *s = t->spec;
    ost_optimizer opt = s->optimizer;
    ost_rng draw = ost_ctx_rng(t->ctx, NULL, STREAM_DROPOUT);
    ost_target_batch batch = { index, n,
                               ost_target_total(s->train.target, index, n) };
    ost_tensor output = ost_net_output(net);
    ost_rc rc;

    opt.rate = rate_of(s, t->epoch);
    rc = ost_picture_set_load(t->ctx, &s->train.pictures, &s->norm, index, n,
                              ost_net_input(net).data, err);
    if (!rc)
        rc = ost_net_forward(
            net, ost_rng_u64(&draw) + (uint64_t)t->weights->step, err);
    if (!rc)
        rc = ost_target_loss(s->train.target, t->weights->backend, &batch,
                             &output, ost_net_output_grad(net).data, sum, err);
    if (!rc && !isfinite(sum->loss))
        rc = ost_fail(err, OST_EFAIL,
                      "the loss is not finite in epoch %lld (a lower "
                      "'learning_rate' may help)",
                      (long long)t->epoch + 1);
    if (!rc)
        rc = ost_net_backward(net, err);
    if (!rc)
        rc = ost_optimizer_step(&opt, t->weights, err);
    return rc;
}

/* Loss and metric of `score` as members of an event or of the history, their
 * names behind `prefix`; a metric that is not defined is null. */
static void add_score(json_t *to, const char *prefix, const ost_target *target,
                      const ost_target_score *score)
{
    double metric = ost_target_score_metric(score);
    char *names[] = { ost_xprintf("%sloss", prefix),
                      ost_xprintf("%s%s", prefix, ost_target_metric(target)) };

    json_object_set_new(to, names[0], json_real(ost_target_score_loss(score)));
    json_object_set_new(to, names[1],
                        isfinite(metric) ? json_real(metric) : json_null());
    ost_free(names[0]);
    ost_free(names[1]);
}

static void tell(ost_training *t, size_t batch, const ost_target_score *sum)
{
    size_t batches = batches_of(t->spec);
    json_t *extra = json_pack("{s:I}", "epoch", (json_int_t)t->epoch + 1);

    if (sum->total > 0.0)
        add_score(extra, "", t->spec->train.target, sum);
    ost_progress(t->ctx, (uint64_t)t->epoch * batches + batch,
                 (uint64_t)t->spec->epochs * batches, extra);
    json_decref(extra);
}

static ost_rc run_epoch(ost_training *t, ost_target_score *sum, ost_err *err)
{
    size_t n = t->spec->train.pictures.n;
    size_t batches = batches_of(t->spec);
    size_t larger = n % batches;
    ost_rng rng = ost_ctx_rng(t->ctx, NULL, STREAM_ORDER + (uint64_t)t->epoch);
    uint32_t *order = ost_xalloc(n * sizeof(*order));
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
        rc = step(t, t->nets[which], order + at, t->items[which], sum, err);
        at += t->items[which];
        tell(t, b + 1, sum);
    }
    ost_free(order);
    return rc;
}

static ost_rc validate(ost_training *t, ost_target_score *sum, ost_err *err)
{
    const ost_taught *v = &t->spec->validation;
    ost_rc rc = OST_OK;

    for (size_t at = 0; at < v->pictures.n && !rc; at += OST_SLICE) {
        size_t left = v->pictures.n - at;
        size_t n = left < OST_SLICE ? left : OST_SLICE;
        uint32_t index[OST_SLICE];
        ost_target_batch batch = { .index = index, .n = n };
        ost_tensor output;

        for (size_t i = 0; i < n; i++)
            index[i] = (uint32_t)(at + i);
        batch.total = ost_target_total(v->target, index, n);
        rc = ost_inference_slice(&t->inf, t->ctx, &v->pictures, &t->spec->norm,
                                 index, n, &output, err);
        if (!rc)
            rc = ost_target_loss(v->target, t->weights->backend, &batch,
                                 &output, NULL, sum, err);
    }
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
    ost_target_score sum = { 0 };
    ost_target_score check = { 0 };
    json_t *entry;
    ost_rc rc = run_epoch(t, &sum, err);

    if (rc)
        return rc;
    entry = json_pack("{s:I,s:f}", "epoch", (json_int_t)t->epoch + 1,
                      "learning_rate", rate_of(s, t->epoch));
    add_score(entry, "", s->train.target, &sum);
    if (s->validation.pictures.n > 0) {
        rc = validate(t, &check, err);
        if (!rc) {
            add_score(entry, "val_", s->train.target, &check);
            rc = note_best(t, ost_target_score_loss(&check), err);
        }
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

    if (!rc) {
        ost_tensor output = ost_net_output(t->nets[0]);

        rc = ost_target_check_output(t->spec->train.target, t->spec->network,
                                     &output, err);
    }
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
