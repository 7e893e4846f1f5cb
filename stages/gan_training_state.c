/* stages/gan_training_state.c - a training of two sides, cut off, goes on
 *
 * A checkpoint: u32 version; the list of samplings (gan_samples.c); varint
 * updates, place, epoch, summed and the gan's
 * step; f64 sums, as many as the objective has losses, and both rates; history
 * as a JSON text; then for each side varint updates of its weights, and part by
 * part: u8 whether it is there, and the numbers of all weights in their order;
 * u8 whether there is an average, and its numbers; the buffers that the
 * objective keeps; and varint step and weights of the last good sampling.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "stages/gan_training.h"
#include "stages/training.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { VERSION = 1 };

static const ost_weight_part parts[] = { OST_PART_DATA, OST_PART_STATE0,
                                         OST_PART_STATE1 };

static int count_losses(const ost_gan_training *t)
{
    int n = 0;

    while (t->spec->gan.objective->losses[n])
        n++;
    return n;
}

const char *ost_gan_training_name(const ost_gan_training *t,
                                  char name[OST_DIGEST_HEX])
{
    static const char *const ports[] = { "in", "b", "init" };
    json_t *with = json_copy((json_t *)(uintptr_t)ost_ctx_with(t->ctx));
    ost_buf text = { 0 };
    ost_digest digest;

    json_object_del(with, "on_divergence");
    ost_json_canonical(&text, with);
    json_decref(with);
    for (int i = 0; i < 3; i++)
        if (ost_ctx_input_count(t->ctx, ports[i]) > 0)
            ost_buf_addf(
                &text, " %s %s", ports[i],
                ost_digest_hex(&ost_ctx_input(t->ctx, ports[i], 0)->digest,
                               name));
    ost_buf_addf(&text, " %llu", (unsigned long long)t->spec->gan.key);
    digest = ost_digest_of(text.data, text.len);
    ost_buf_release(&text);
    return ost_digest_hex(&digest, name);
}

/* --- out ----------------------------------------------------------------- */

static void write_counts(const ost_gan_training *t, ost_buf *b)
{
    ost_buf text = { 0 };

    ost_buf_u32(b, VERSION);
    ost_gan_samples_write(&t->samples, b);
    ost_buf_varint(b, (uint64_t)t->updates);
    ost_buf_varint(b, (uint64_t)t->place);
    ost_buf_varint(b, (uint64_t)t->epoch);
    ost_buf_varint(b, (uint64_t)t->summed);
    ost_buf_varint(b, (uint64_t)t->gan->step);
    for (int i = 0; i < count_losses(t); i++)
        ost_buf_f64(b, t->sums[i]);
    for (int i = 0; i < OST_GAN_SIDES; i++)
        ost_buf_f64(b, t->rates[i]);
    ost_json_canonical(&text, t->history);
    ost_buf_bytes(b, text.data, text.len);
    ost_buf_release(&text);
}

static ost_rc write_side(ost_weights *w, ost_buf *b, ost_err *err)
{
    ost_rc rc = OST_OK;

    ost_buf_varint(b, (uint64_t)w->step);
    for (int i = 0; i < 3 && !rc; i++) {
        bool there = i == 0 || ost_training_has_state(w, i - 1);

        ost_buf_u8(b, there);
        if (there)
            rc = ost_training_copy(w, parts[i], b, err);
    }
    return rc;
}

static ost_rc write_average(ost_gan_training *t, ost_buf *b, ost_err *err)
{
    const ost_weights *w = t->gan->weights[OST_GENERATOR];
    ost_rc rc = OST_OK;

    ost_buf_u8(b, t->average != NULL);
    for (size_t i = 0; i < w->len && t->average && !rc; i++) {
        size_t bytes = (size_t)ost_weight_count(w->data[i]) * sizeof(float);
        float *plain = ost_try_alloc(bytes, 1);

        if (!plain)
            return ost_fail(err, OST_ENOMEM, "no memory for a checkpoint");
        rc = ost_average_get(t->average, i, plain, err);
        if (!rc)
            ost_buf_add(b, plain, bytes);
        ost_free(plain);
    }
    return rc;
}

static ost_rc write_kept(ost_gan *gan, int i, ost_buf *b, ost_err *err)
{
    size_t bytes = ost_gan_kept_count(gan, i) * sizeof(float);
    float *numbers = ost_try_alloc(bytes, 1);
    ost_rc rc;

    if (!numbers)
        return ost_fail(err, OST_ENOMEM, "no memory for a checkpoint");
    rc = ost_gan_kept_get(gan, i, numbers, err);
    if (!rc)
        ost_buf_bytes(b, numbers, bytes);
    ost_free(numbers);
    return rc;
}

static ost_rc write_all(ost_gan_training *t, ost_buf *b, ost_err *err)
{
    ost_rc rc = OST_OK;

    write_counts(t, b);
    for (int s = 0; s < OST_GAN_SIDES && !rc; s++)
        rc = write_side(t->gan->weights[s], b, err);
    if (!rc)
        rc = write_average(t, b, err);
    for (int i = 0; i < t->gan->n_kept && !rc; i++)
        rc = write_kept(t->gan, i, b, err);
    ost_buf_varint(b, (uint64_t)t->good.step);
    for (int s = 0; s < OST_GAN_SIDES; s++)
        ost_buf_bytes(b, t->good.weights[s].data, t->good.weights[s].len);
    return rc;
}

ost_rc ost_gan_training_save(ost_gan_training *t, ost_err *err)
{
    double began = ost_now();
    ost_buf b = { 0 };
    ost_rc rc;

    if (began < t->save_at)
        return OST_OK;
    rc = ost_gan_settle(t, err);
    if (rc)
        return rc;
    rc = write_all(t, &b, err);
    if (!rc)
        rc = ost_checkpoint_save(t->ctx, b.data, b.len, err);
    t->save_at = ost_now() + ost_checkpoint_after(ost_now() - began, t->began);
    ost_buf_release(&b);
    return rc;
}

/* --- in ------------------------------------------------------------------ */

static ost_rc malformed(ost_err *err)
{
    return ost_fail(err, OST_EINPUT, "the checkpoint is malformed");
}

static ost_rc read_counts(ost_gan_training *t, ost_reader *r, ost_err *err)
{
    const unsigned char *text;
    size_t size;

    t->updates = (int64_t)ost_read_varint(r);
    t->place = (int64_t)ost_read_varint(r);
    t->epoch = (int64_t)ost_read_varint(r);
    t->summed = (int64_t)ost_read_varint(r);
    t->gan->step = (int64_t)ost_read_varint(r);
    for (int i = 0; i < count_losses(t); i++)
        t->sums[i] = ost_read_f64(r);
    for (int i = 0; i < OST_GAN_SIDES; i++)
        t->rates[i] = ost_read_f64(r);
    text = ost_read_bytes(r, &size);
    if (r->bad)
        return malformed(err);
    json_decref(t->history);
    t->history = json_loadb((const char *)text, size, 0, NULL);
    return json_is_array(t->history) ? OST_OK : malformed(err);
}

static ost_rc read_side(ost_weights *w, ost_reader *r, ost_err *err)
{
    ost_rc rc = OST_OK;

    w->step = (int64_t)ost_read_varint(r);
    for (int i = 0; i < 3 && !rc; i++)
        if (ost_read_u8(r))
            rc = ost_training_restore(w, parts[i], r, err);
    return rc;
}

static ost_rc read_average(ost_gan_training *t, ost_reader *r, ost_err *err)
{
    const ost_weights *w = t->gan->weights[OST_GENERATOR];
    bool there = ost_read_u8(r);
    ost_rc rc = OST_OK;

    if (there != (t->average != NULL))
        return malformed(err);
    for (size_t i = 0; i < w->len && there && !rc; i++) {
        size_t bytes = (size_t)ost_weight_count(w->data[i]) * sizeof(float);
        const void *raw = ost_read_raw(r, bytes);
        float *plain = raw ? ost_try_alloc(bytes, 1) : NULL;

        if (!raw)
            return malformed(err);
        if (!plain)
            return ost_fail(err, OST_ENOMEM, "no memory for a checkpoint");
        memcpy(plain, raw, bytes);
        rc = ost_average_set(t->average, i, plain, err);
        ost_free(plain);
    }
    return rc;
}

static ost_rc read_kept(ost_gan *gan, int i, ost_reader *r, ost_err *err)
{
    size_t bytes = ost_gan_kept_count(gan, i) * sizeof(float);
    size_t size;
    const void *raw = ost_read_bytes(r, &size);
    float *numbers;
    ost_rc rc;

    if (r->bad || size != bytes)
        return malformed(err);
    numbers = ost_try_alloc(bytes, 1);
    if (!numbers)
        return ost_fail(err, OST_ENOMEM, "no memory for a checkpoint");
    memcpy(numbers, raw, bytes);
    rc = ost_gan_kept_set(gan, i, numbers, err);
    ost_free(numbers);
    return rc;
}

static ost_rc read_good(ost_gan_good *good, ost_reader *r, ost_err *err)
{
    good->step = (int64_t)ost_read_varint(r);
    for (int s = 0; s < OST_GAN_SIDES; s++) {
        size_t size;
        const unsigned char *raw = ost_read_bytes(r, &size);

        if (r->bad)
            return malformed(err);
        ost_buf_add(&good->weights[s], raw, size);
    }
    return OST_OK;
}

static ost_rc read_all(ost_gan_training *t, ost_reader *r, ost_err *err)
{
    ost_rc rc;

    if (ost_read_u32(r) != VERSION)
        return OST_OK; /* of another time: starts anew */
    rc = ost_gan_samples_read(t, &t->samples, r, err);
    if (rc == OST_ENOTFOUND)
        return OST_OK; /* its images are gone: likewise */
    if (!rc)
        rc = read_counts(t, r, err);
    for (int s = 0; s < OST_GAN_SIDES && !rc; s++)
        rc = read_side(t->gan->weights[s], r, err);
    if (!rc)
        rc = read_average(t, r, err);
    for (int i = 0; i < t->gan->n_kept && !rc; i++)
        rc = read_kept(t->gan, i, r, err);
    return rc ? rc : read_good(&t->good, r, err);
}

ost_rc ost_gan_training_resume(ost_gan_training *t, ost_err *err)
{
    ost_buf data = { 0 };
    ost_rc rc = ost_checkpoint_load(t->ctx, &data, err);
    ost_reader r = ost_reader_of(data.data, data.len);

    if (rc == OST_ENOTFOUND)
        rc = OST_OK;
    else if (!rc)
        rc = read_all(t, &r, err);
    t->began = ost_now();
    t->save_at = t->began + ost_checkpoint_after(0.0, t->began);
    ost_buf_release(&data);
    return rc;
}
