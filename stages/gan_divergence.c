/* stages/gan_divergence.c - what cannot go on, and what is left then
 *
 * A training diverges when a loss or a gradient is not a finite number.  It has
 * collapsed when the spread of its images (stages/gan_samples.h) is below
 * `collapse` in several samplings in a row: one may be chance.  Either way it
 * ends at once.
 *
 * Weights of the last good sampling are kept all along.  A step that fails
 * leaves them in the store, under all that the training hangs on, so that a
 * step that differs in `on_divergence` alone hands them on without training
 * once more.  What is left there: varint updates and step of the good sampling;
 * reason and history as texts; the list of samplings (gan_samples.c); weights
 * of both sides as byte strings.
 */
#include "base/alloc.h"
#include "base/json.h"
#include "stages/gan_training.h"
#include "stages/training.h"

#include <math.h>

#include "base/banned.h"

enum { LOW_SAMPLINGS = 3 };

static ost_rc end(ost_gan_training *t, char *reason, ost_err *err)
{
    t->reason = reason;
    return ost_fail(err, OST_EFAIL, "%s", reason);
}

static bool is_finite(const ost_buf *b)
{
    const float *v = (const float *)(const void *)b->data;

    for (size_t i = 0; i < b->len / sizeof(*v); i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

/* Whether the optimizers had a reason to refuse an update. */
static bool has_finite_gradients(ost_gan_training *t)
{
    ost_buf all = { 0 };
    ost_rc rc = OST_OK;
    bool finite;

    for (int s = 0; s < OST_GAN_SIDES && !rc; s++)
        rc = ost_training_copy(t->gan->weights[s], OST_PART_GRAD, &all, NULL);
    finite = rc || is_finite(&all);
    ost_buf_release(&all);
    return finite;
}

ost_rc ost_gan_check_finite(ost_gan_training *t, ost_rc rc, ost_err *err)
{
    const char *const *names = t->spec->gan.objective->losses;
    long long update = (long long)t->updates + 1;

    for (int i = 0; names[i] && (!rc || rc == OST_EFAIL); i++)
        if (!isfinite(t->gan->loss[i]))
            return end(t,
                       ost_xprintf("the training diverged: in update %lld the "
                                   "loss '%s' is not finite",
                                   update, names[i]),
                       err);
    if (rc == OST_EFAIL && !has_finite_gradients(t))
        return end(t,
                   ost_xprintf("the training diverged: in update %lld "
                               "gradients are not finite",
                               update),
                   err);
    return rc;
}

/* --- weights to go back to ----------------------------------------------- */

static ost_rc copy_side(ost_gan_training *t, ost_gan_side side, ost_buf *out,
                        ost_err *err)
{
    const ost_weights *w = t->gan->weights[side];
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < w->len && !rc; i++) {
        size_t bytes = (size_t)ost_weight_count(w->data[i]) * sizeof(float);
        float *plain = ost_try_alloc(bytes, 1);

        if (!plain)
            return ost_fail(err, OST_ENOMEM, "no memory for weight '%s'",
                            w->data[i]->name);
        rc = ost_gan_weight_get(t, side, i, plain, err);
        if (!rc)
            ost_buf_add(out, plain, bytes);
        ost_free(plain);
    }
    return rc;
}

static ost_rc keep_weights(ost_gan_training *t, ost_err *err)
{
    ost_buf now[OST_GAN_SIDES] = { { 0 } };
    bool good = true;
    ost_rc rc = OST_OK;

    for (int s = 0; s < OST_GAN_SIDES && !rc; s++) {
        rc = copy_side(t, (ost_gan_side)s, &now[s], err);
        good = good && is_finite(&now[s]);
    }
    for (int s = 0; s < OST_GAN_SIDES; s++) {
        if (!rc && good) {
            ost_buf_release(&t->good.weights[s]);
            t->good.weights[s] = now[s];
        } else {
            ost_buf_release(&now[s]);
        }
    }
    if (!rc && good)
        t->good.step = t->updates;
    return rc;
}

static ost_rc go_back(ost_gan_training *t, ost_err *err)
{
    ost_rc rc = OST_OK;

    ost_average_free(t->average); /* what was kept is the average */
    t->average = NULL;
    for (int s = 0; s < OST_GAN_SIDES && !rc; s++) {
        ost_reader r =
            ost_reader_of(t->good.weights[s].data, t->good.weights[s].len);

        rc = ost_training_restore(t->gan->weights[s], OST_PART_DATA, &r, err);
    }
    return rc;
}

/* --- samplings ----------------------------------------------------------- */

ost_rc ost_gan_check_spread(ost_gan_training *t, ost_err *err)
{
    ost_gan_samples *s = &t->samples;
    const ost_gan_sampling *last = &s->list.data[s->list.len - 1];

    if (last->spread < t->spec->collapse) {
        if (++s->low < LOW_SAMPLINGS)
            return OST_OK;
        return end(t,
                   ost_xprintf("the training collapsed: in the last %d "
                               "samplings, up to update %lld, images differ "
                               "less than 'collapse' (%g) times as much as "
                               "real ones do, in the last one %.3g times",
                               (int)LOW_SAMPLINGS, (long long)t->updates,
                               t->spec->collapse, last->spread),
                   err);
    }
    s->low = 0;
    return t->spec->sample_every > 0 ? keep_weights(t, err) : OST_OK;
}

/* --- what a failed step leaves ------------------------------------------- */

/* Names what a failed step leaves. */
static char *memo_name(const ost_gan_training *t)
{
    char training[OST_DIGEST_HEX];

    return ost_xprintf("diverged %s", ost_gan_training_name(t, training));
}

static ost_rc leave(ost_gan_training *t, ost_err *err)
{
    char *name = memo_name(t);
    ost_buf left = { 0 };
    ost_buf text = { 0 };
    ost_rc rc;

    ost_buf_varint(&left, (uint64_t)t->updates);
    ost_buf_varint(&left, (uint64_t)t->good.step);
    ost_buf_string(&left, t->reason);
    ost_json_canonical(&text, t->history);
    ost_buf_bytes(&left, text.data, text.len);
    ost_gan_samples_write(&t->samples, &left);
    for (int s = 0; s < OST_GAN_SIDES; s++)
        ost_buf_bytes(&left, t->good.weights[s].data, t->good.weights[s].len);
    rc = ost_memo_put_large(t->ctx, name, left.data, left.len, err);
    ost_buf_release(&text);
    ost_buf_release(&left);
    ost_free(name);
    return rc;
}

static ost_rc take_up(ost_gan_training *t, ost_reader *r, ost_err *err)
{
    int64_t updates = (int64_t)ost_read_varint(r);
    int64_t step = (int64_t)ost_read_varint(r);
    size_t reason_size, size;
    const unsigned char *reason = ost_read_bytes(r, &reason_size);
    const unsigned char *text = ost_read_bytes(r, &size);
    json_t *history =
        r->bad ? NULL : json_loadb((const char *)text, size, 0, NULL);
    ost_rc rc = ost_gan_samples_read(t, &t->samples, r, err);

    for (int s = 0; s < OST_GAN_SIDES && !rc; s++) {
        text = ost_read_bytes(r, &size);
        ost_buf_add(&t->good.weights[s], text, r->bad ? 0 : size);
    }
    if (!rc && (r->bad || !json_is_array(history)))
        rc = ost_fail(err, OST_EINPUT, "what a failed step left is malformed");
    if (rc) {
        json_decref(history);
        return rc;
    }
    t->updates = updates;
    t->good.step = step;
    t->reason = ost_xprintf("%.*s", (int)reason_size, (const char *)reason);
    json_decref(t->history);
    t->history = history;
    return OST_OK;
}

ost_rc ost_gan_take_up(ost_gan_training *t, ost_err *err)
{
    ost_buf left = { 0 };
    char *name;
    ost_rc rc;

    if (!t->spec->keeps)
        return OST_OK;
    name = memo_name(t);
    rc = ost_memo_get_large(t->ctx, name, &left, err);
    if (!rc) {
        ost_reader r = ost_reader_of(left.data, left.len);

        rc = take_up(t, &r, err);
    }
    ost_buf_release(&left);
    ost_free(name);
    return rc == OST_ENOTFOUND ? OST_OK : rc;
}

/* --- the end ------------------------------------------------------------- */

ost_rc ost_gan_give_up(ost_gan_training *t, ost_err *err)
{
    const char *help = "a lower 'learning_rate' or "
                       "'discriminator_learning_rate', 'clip_norm' or another "
                       "'loss' may help";
    ost_rc rc;

    if (t->spec->keeps && t->good.step > 0) {
        ost_note(t->ctx,
                 "%s; the models are those of update %lld, the last sampling "
                 "that was good (%s)",
                 t->reason, (long long)t->good.step, help);
        return go_back(t, err);
    }
    if (t->good.step == 0)
        return ost_fail(err, OST_EFAIL,
                        "%s, and no sampling was good before (%s; a smaller "
                        "'sample_every' looks earlier)",
                        t->reason, help);
    rc = leave(t, err);
    if (rc)
        return rc;
    return ost_fail(err, OST_EFAIL,
                    "%s (%s; 'on_divergence': 'keep' hands on the models of "
                    "update %lld, the last sampling that was good, without "
                    "training again)",
                    t->reason, help, (long long)t->good.step);
}
