/* stages/training.c - epochs, validation, the best weights, the end */
#include "stages/training.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "stages/model_transfer.h"

#include <math.h>

#include "base/banned.h"

/* Random streams of the step: weights, then one for each epoch's order. */
enum { STREAM_WEIGHTS = 0, STREAM_ORDER = 2 };

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

static void tell(ost_training *t)
{
    double seconds = ost_now() - t->epoch_began;
    json_t *extra = json_pack("{s:I,s:f}", "epoch", (json_int_t)t->epoch + 1,
                              "learning_rate", t->rate);

    if (t->sum.total > 0.0)
        add_score(extra, "", t->spec->train.target, &t->sum);
    if (seconds > 0.0)
        json_object_set_new(extra, "images_per_second",
                            json_real((double)t->epoch_items / seconds));
    ost_progress(t->ctx, (uint64_t)t->weights->step,
                 (uint64_t)t->spec->schedule.total_steps, extra);
    json_decref(extra);
}

/* No more updates; the epoch may still have to be judged. */
static bool is_over(const ost_training *t)
{
    return t->weights->step >= t->spec->schedule.total_steps;
}

/* What is left of the epoch. */
static ost_rc run_epoch(ost_training *t, ost_err *err)
{
    ost_rng rng = ost_ctx_rng(t->ctx, NULL, STREAM_ORDER + (uint64_t)t->epoch);
    ost_rc rc = OST_OK;

    ost_sampling_draw(&t->spec->sampling, &rng, t->order);
    t->epoch_began = ost_now();
    t->epoch_items = 0;
    while (t->batch < t->spec->batches && !is_over(t) && !rc) {
        if (ost_ctx_stop(t->ctx))
            return ost_fail(err, OST_EINTERRUPTED, "interrupted");
        rc = ost_training_update(t, err);
        if (!rc)
            tell(t);
        if (!rc)
            rc = ost_training_save(t, err);
    }
    return rc ? rc : ost_training_settle(t, err);
}

static ost_rc validate(ost_training *t, ost_target_score *sum, ost_err *err)
{
    const ost_taught *v = &t->spec->validation;
    ost_backend *b = t->weights->backend;
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
        rc = ost_inference_load(&t->inf, t->ctx, &v->pictures, &t->spec->norm,
                                index, n, err);
        if (!rc)
            rc = ost_inference_compute(&t->inf, &output, err);
        if (!rc)
            rc = ost_target_load(v->target, &batch, err);
        if (!rc)
            rc = ost_target_loss(v->target, b, &batch, &output, NULL, err);
        if (!rc)
            rc = b->finish(b, err);
        if (!rc)
            ost_target_judge(v->target, sum);
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

static ost_rc judge(ost_training *t, json_t *entry, ost_err *err)
{
    const ost_training_spec *s = t->spec;
    ost_target_score score = { 0 };
    ost_rc rc = validate(t, &score, err);
    double loss;

    if (rc)
        return rc;
    loss = ost_target_score_loss(&score);
    add_score(entry, "val_", s->train.target, &score);
    ost_schedule_judge(&s->schedule, &t->plateau, t->weights->step, loss);
    return note_best(t, loss, err);
}

static ost_rc one_epoch(ost_training *t, ost_err *err)
{
    json_t *entry;
    ost_rc rc = run_epoch(t, err);

    if (rc)
        return rc;
    entry =
        json_pack("{s:I,s:I,s:f}", "epoch", (json_int_t)t->epoch + 1, "step",
                  (json_int_t)t->weights->step, "learning_rate", t->rate);
    add_score(entry, "", t->spec->train.target, &t->sum);
    if (t->spec->validation.pictures.n > 0)
        rc = judge(t, entry, err);
    json_array_append_new(t->history, entry);
    t->epoch++;
    t->batch = 0;
    t->sum = (ost_target_score){ 0 };
    if (!rc && !is_over(t))
        rc = ost_training_save(t, err);
    return rc;
}

static bool is_patient(const ost_training *t)
{
    return t->spec->patience == 0 || !t->best_epoch ||
           t->epoch - t->best_epoch < t->spec->patience;
}

/* The weights that the training begins with. */
static ost_rc begin(ost_training *t, json_t **init, ost_err *err)
{
    ost_rng rng = ost_ctx_rng(t->ctx, NULL, STREAM_WEIGHTS);
    ost_buf text = { 0 };
    ost_rc rc = ost_weights_init(t->weights, ost_rng_u64(&rng), err);

    if (!rc && t->spec->init) {
        rc = ost_model_copy_weights(t->ctx, t->spec->init, t->weights, init,
                                    err);
        if (rc)
            return ost_err_at(err, "port 'init'"), rc;
        ost_transfer_text(*init, &text);
        ost_note(t->ctx, "init: %s", ost_buf_str(&text));
        ost_buf_release(&text);
    }
    return rc;
}

static ost_rc run_all(ost_training *t, json_t **init, ost_err *err)
{
    ost_rc rc = ost_training_build(t, err);

    if (!rc) {
        ost_tensor output = ost_net_output(t->nets[0]);

        rc = ost_target_check_output(t->spec->train.target, t->spec->network,
                                     &output, err);
    }
    if (!rc)
        rc = begin(t, init, err);
    if (!rc)
        rc = ost_training_resume(t, err);
    while (!rc && (t->batch > 0 || !is_over(t)) && is_patient(t))
        rc = one_epoch(t, err);
    if (!rc && t->spec->keep_best && t->best_epoch) {
        ost_reader r = ost_reader_of(t->best.data, t->best.len);

        rc = ost_training_restore(t->weights, OST_PART_DATA, &r, err);
    }
    return rc;
}

ost_rc ost_train(ost_stage_ctx *ctx, ost_backend *backend,
                 const ost_training_spec *spec, ost_trained *trained,
                 ost_err *err)
{
    ost_training t = { .ctx = ctx, .spec = spec };
    bool best;
    ost_rc rc;

    *trained = (ost_trained){ 0 };
    t.weights = ost_weights_new(backend);
    t.history = json_array();
    rc = run_all(&t, &trained->init, err);
    best = spec->keep_best && t.best_epoch;
    ost_training_unbuild(&t);
    ost_buf_release(&t.best);
    trained->weights = t.weights;
    trained->history = t.history;
    trained->epoch = best ? t.best_epoch : t.epoch;
    if (rc)
        ost_trained_release(trained);
    return rc;
}

void ost_trained_release(ost_trained *trained)
{
    json_decref(trained->init);
    json_decref(trained->history);
    ost_weights_free(trained->weights);
    *trained = (ost_trained){ 0 };
}
