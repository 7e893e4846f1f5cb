/* stages/gan_training.c - updates, epochs, the end */
#include "stages/gan_training.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* Random streams of the step: weights by side; gan_batch.c has those from 4
 * on. */
enum { STREAM_WEIGHTS = 0 };

static int64_t batch_of(const ost_gan_training *t)
{
    return t->spec->gan.shape[0][0];
}

static bool is_over(const ost_gan_training *t)
{
    return t->updates >= t->spec->schedules[0].total_steps;
}

/* Epochs that are through. */
static int64_t epochs_done(const ost_gan_training *t)
{
    return t->place / (int64_t)ost_gan_epoch_items(t->spec->pictures);
}

static const char *const *loss_names(const ost_gan_training *t)
{
    return t->spec->gan.objective->losses;
}

/* --- telling ------------------------------------------------------------- */

/* What watchers are told; caller decrefs. */
static json_t *state_of(const ost_gan_training *t)
{
    double seconds = ost_now() - t->began;
    int64_t done = t->updates - t->first_update;
    const char *const *names = loss_names(t);
    json_t *extra =
        json_pack("{s:I,s:f}", "epoch", (json_int_t)epochs_done(t) + 1,
                  "learning_rate", t->rates[OST_GENERATOR]);

    for (int i = 0; names[i] && t->judged; i++)
        if (ost_gan_tells(&t->spec->gan, i))
            json_object_set_new(extra, names[i], json_real(t->gan->loss[i]));
    if (seconds > 0.0)
        json_object_set_new(extra, "images_per_second",
                            json_real((double)(done * batch_of(t)) / seconds));
    return extra;
}

static void tell(ost_gan_training *t)
{
    json_t *extra = state_of(t);

    ost_progress(t->ctx, (uint64_t)t->updates,
                 (uint64_t)t->spec->schedules[0].total_steps, extra);
    json_decref(extra);
}

/* "spread" and "grid", a picture that is there while the step runs. */
static void tell_sampling(ost_gan_training *t)
{
    const ost_gan_samples *s = &t->samples;
    double spread = s->list.data[s->list.len - 1].spread;
    const char *path = ost_gan_samples_show(t->ctx, s);
    json_t *extra = state_of(t);

    if (isfinite(spread))
        json_object_set_new(extra, "spread", json_real(spread));
    if (path)
        json_object_set_new(extra, "grid", json_string(path));
    ost_announce(t->ctx, (uint64_t)t->updates,
                 (uint64_t)t->spec->schedules[0].total_steps, extra);
    json_decref(extra);
}

static void end_epoch(ost_gan_training *t)
{
    const char *const *names = loss_names(t);
    json_t *entry = json_pack(
        "{s:I,s:I,s:f}", "epoch", (json_int_t)t->epoch + 1, "step",
        (json_int_t)t->updates, "learning_rate", t->rates[OST_GENERATOR]);

    for (int i = 0; names[i]; i++) {
        if (ost_gan_tells(&t->spec->gan, i))
            json_object_set_new(entry, names[i],
                                json_real(t->sums[i] / (double)t->summed));
        t->sums[i] = 0.0;
    }
    json_array_append_new(t->history, entry);
    t->summed = 0;
    t->epoch = epochs_done(t);
}

static void add_losses(ost_gan_training *t)
{
    for (int i = 0; loss_names(t)[i]; i++)
        t->sums[i] += t->gan->loss[i];
    t->summed++;
    if (epochs_done(t) > t->epoch || is_over(t))
        end_epoch(t);
}

/* --- updates ------------------------------------------------------------- */

static ost_rc load_next(ost_gan_training *t, ost_err *err)
{
    return ost_gan_load(t->spec->pictures, t->place, t->gan, err);
}

ost_rc ost_gan_settle(ost_gan_training *t, ost_err *err)
{
    ost_rc rc;

    if (!t->told)
        return OST_OK;
    t->told = false;
    t->updates--;
    rc = ost_gan_check_finite(t, ost_gan_finish(t->gan, err), err);
    if (rc)
        return rc;
    t->updates++;
    t->judged = true;
    add_losses(t);
    return OST_OK;
}

/* An update of the discriminators alone, with the batch that is loaded; loads
 * the next. */
static ost_rc discriminate(ost_gan_training *t, const ost_optimizer *opt,
                           ost_err *err)
{
    ost_rc rc = ost_gan_discriminate(t->gan, err);

    t->place += batch_of(t);
    if (!rc)
        rc = ost_optimizer_step(opt, t->gan->weights[OST_DISCRIMINATOR], err);
    t->gan->step++;
    return rc ? rc : load_next(t, err);
}

/* A device with memory of its own works on the last update while the batch of
 * this one is loaded; what came of that is looked at then. */
static ost_rc update(ost_gan_training *t, ost_err *err)
{
    const ost_gan_training_spec *s = t->spec;
    ost_optimizer opt[OST_GAN_SIDES];
    ost_rc rc = load_next(t, err);

    if (!rc)
        rc = ost_gan_settle(t, err);
    if (rc)
        return rc;
    for (int i = 0; i < OST_GAN_SIDES; i++) {
        opt[i] = s->optimizers[i];
        t->rates[i] = ost_schedule_rate(&s->schedules[i], NULL, epochs_done(t),
                                        t->updates);
        opt[i].rate = t->rates[i];
    }
    for (int64_t i = 1; i < s->discriminator_steps && !rc; i++)
        rc = discriminate(t, &opt[OST_DISCRIMINATOR], err);
    if (!rc)
        rc = ost_gan_step(t->gan, opt, err);
    t->place += batch_of(t);
    if (rc) {
        (void)ost_gan_finish(t->gan, NULL);
        return ost_gan_check_finite(t, rc, err);
    }
    t->updates++;
    t->told = true;
    if (t->average)
        rc = ost_average_follow(t->average, t->updates, err);
    if (!rc && t->gan->backend->host_memory)
        rc = ost_gan_settle(t, err);
    return rc;
}

/* --- samplings ----------------------------------------------------------- */

static bool samples_now(const ost_gan_training *t)
{
    const ost_gan_training_spec *s = t->spec;

    return s->samples > 0 &&
           (is_over(t) ||
            (s->sample_every > 0 && t->updates % s->sample_every == 0));
}

static ost_rc sample(ost_gan_training *t, ost_err *err)
{
    ost_rc rc = ost_gan_sample(t, &t->samples, err);

    if (rc)
        return rc;
    tell_sampling(t);
    return ost_gan_check_spread(t, err);
}

/* --- the whole ----------------------------------------------------------- */

static ost_rc begin(ost_gan_training *t, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (int s = 0; s < OST_GAN_SIDES && !rc; s++) {
        ost_rng rng = ost_ctx_rng(t->ctx, NULL, STREAM_WEIGHTS + (uint64_t)s);

        rc = ost_weights_init(t->gan->weights[s], ost_rng_u64(&rng), err);
    }
    if (!rc && t->spec->init)
        rc = ost_gan_begin_with(t, err);
    if (!rc && t->spec->ema > 0.0)
        rc = ost_average_new(t->gan->weights[OST_GENERATOR], t->spec->ema,
                             &t->average, err);
    return rc;
}

static ost_rc run_all(ost_gan_training *t, ost_err *err)
{
    ost_rc rc = begin(t, err);

    if (!rc && t->spec->samples > 0)
        rc = ost_gan_samples_open(t, t->spec->samples, &t->samples, err);
    if (!rc)
        rc = ost_gan_take_up(t, err);
    if (!rc && !t->reason)
        rc = ost_gan_training_resume(t, err);
    t->first_update = t->updates;
    while (!rc && !t->reason && !is_over(t)) {
        if (ost_ctx_stop(t->ctx))
            return ost_fail(err, OST_EINTERRUPTED, "interrupted");
        rc = update(t, err);
        if (!rc && (samples_now(t) || is_over(t)))
            rc = ost_gan_settle(t, err);
        if (!rc)
            tell(t);
        if (!rc && samples_now(t))
            rc = sample(t, err);
        if (!rc && !is_over(t))
            rc = ost_gan_training_save(t, err);
    }
    return t->reason ? ost_gan_give_up(t, err) : rc;
}

ost_rc ost_gan_train(ost_stage_ctx *ctx, ost_backend *backend,
                     const ost_gan_training_spec *spec, ost_gan_training *t,
                     ost_err *err)
{
    ost_rc rc;

    *t = (ost_gan_training){ .ctx = ctx, .spec = spec };
    t->history = json_array();
    rc = ost_gan_new(&spec->gan, backend, &t->gan, err);
    return rc ? rc : run_all(t, err);
}

void ost_gan_training_release(ost_gan_training *t)
{
    for (int s = 0; s < OST_GAN_SIDES; s++)
        ost_buf_release(&t->good.weights[s]);
    ost_gan_samples_release(&t->samples);
    ost_average_free(t->average);
    ost_free(t->reason);
    ost_gan_free(t->gan);
    json_decref(t->init);
    json_decref(t->history);
    *t = (ost_gan_training){ 0 };
}

ost_rc ost_gan_weight_get(ost_gan_training *t, ost_gan_side side, size_t i,
                          float *plain, ost_err *err)
{
    ost_weights *w = t->gan->weights[side];

    if (t->average && side == OST_GENERATOR)
        return ost_average_get(t->average, i, plain, err);
    return ost_weights_get(w, w->data[i], OST_PART_DATA, plain, err);
}
