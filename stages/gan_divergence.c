/* stages/gan_divergence.c - what cannot go on, and what is left then
 *
 * A training diverges when a loss or a gradient is not a finite number.  It has
 * collapsed when the spread of its images (stages/gan_samples.h) is below
 * `collapse` in several samplings in a row: one may be chance.  Either way it
 * ends at once; the last checkpoint is of before.
 */
#include "base/alloc.h"
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
    /* What the optimizers say of gradients. */
    if (rc == OST_EFAIL)
        return end(t,
                   ost_xprintf("the training diverged: in update %lld "
                               "gradients are not finite",
                               update),
                   err);
    return rc;
}

/* --- weights to go back to ----------------------------------------------- */

static bool is_finite(const ost_buf *b)
{
    const float *v = (const float *)(const void *)b->data;

    for (size_t i = 0; i < b->len / sizeof(*v); i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

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
    return t->spec->keeps ? keep_weights(t, err) : OST_OK;
}

ost_rc ost_gan_give_up(ost_gan_training *t, ost_err *err)
{
    const char *help = "a lower 'learning_rate' or "
                       "'discriminator_learning_rate', 'clip_norm' or another "
                       "'loss' may help";

    if (t->spec->keeps && t->good.step > 0) {
        ost_note(t->ctx,
                 "%s; the models are those of update %lld, the last sampling "
                 "that was good (%s)",
                 t->reason, (long long)t->good.step, help);
        return go_back(t, err);
    }
    if (t->spec->keeps)
        return ost_fail(err, OST_EFAIL,
                        "%s, and no sampling was good before (%s, and smaller "
                        "'sample_every')",
                        t->reason, help);
    return ost_fail(err, OST_EFAIL,
                    "%s (%s; the last checkpoint stays in the store, "
                    "'on_divergence': 'keep' hands on the models of the last "
                    "good sampling)",
                    t->reason, help);
}
