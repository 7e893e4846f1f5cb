/* stages/training_state.c - a training cut off goes on
 *
 * A checkpoint: u32 version; varint updates done, varint epochs done, varint
 * batches of this epoch done; f64 loss, total, metric and judged of these
 * batches, f64 rate; f64 best, varint judged, worse and cuts of the plateau;
 * f64 and varint of the best epoch, its weights as a byte string; history as a
 * JSON text; then weights and optimizer states, part by part: u8 whether it is
 * there, and the numbers of all weights in their order.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "stages/training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { VERSION = 2 };

_Static_assert(sizeof(ost_target_score) == 4 * sizeof(double),
               "a checkpoint holds the whole score");

static const ost_weight_part parts[] = { OST_PART_DATA, OST_PART_STATE0,
                                         OST_PART_STATE1 };

ost_rc ost_training_copy(ost_weights *w, ost_weight_part part, ost_buf *out,
                         ost_err *err)
{
    for (size_t i = 0; i < w->len; i++) {
        size_t bytes = (size_t)ost_weight_count(w->data[i]) * sizeof(float);
        ost_rc rc;
        float *plain = ost_try_alloc(bytes, 1);

        if (!plain)
            return ost_fail(err, OST_ENOMEM, "no memory for a checkpoint");
        rc = ost_weights_get(w, w->data[i], part, plain, err);
        if (!rc)
            ost_buf_add(out, plain, bytes);
        ost_free(plain);
        if (rc)
            return rc;
    }
    return OST_OK;
}

ost_rc ost_training_restore(ost_weights *w, ost_weight_part part, ost_reader *r,
                            ost_err *err)
{
    for (size_t i = 0; i < w->len; i++) {
        size_t bytes = (size_t)ost_weight_count(w->data[i]) * sizeof(float);
        const void *raw = ost_read_raw(r, bytes);
        float *plain = raw ? ost_try_alloc(bytes, 1) : NULL;
        ost_rc rc;

        if (!raw)
            return ost_fail(err, OST_EINPUT, "the checkpoint is too short");
        if (!plain)
            return ost_fail(err, OST_ENOMEM, "no memory for a checkpoint");
        memcpy(plain, raw, bytes);
        rc = ost_weights_set(w, w->data[i], part, plain, err);
        ost_free(plain);
        if (rc)
            return rc;
    }
    return OST_OK;
}

bool ost_training_has_state(const ost_weights *w, int i)
{
    for (size_t k = 0; k < w->len; k++)
        if (w->data[k]->state[i])
            return true;
    return false;
}

double ost_checkpoint_after(double cost, double began)
{
    const char *text = getenv("OSTEON_CHECKPOINT_SECONDS");
    double seconds;

    if (text && ost_parse_f64(text, &seconds))
        return seconds;
    return fmax(3.0, fmax(19.0 * cost, (ost_now() - began) / 20.0));
}

static void write_counts(const ost_training *t, ost_buf *b)
{
    ost_buf_u32(b, VERSION);
    ost_buf_varint(b, (uint64_t)t->weights->step);
    ost_buf_varint(b, (uint64_t)t->epoch);
    ost_buf_varint(b, t->batch);
    ost_buf_f64(b, t->sum.loss);
    ost_buf_f64(b, t->sum.total);
    ost_buf_f64(b, t->sum.metric);
    ost_buf_f64(b, t->sum.judged);
    ost_buf_f64(b, t->rate);
    ost_buf_f64(b, t->plateau.best);
    ost_buf_varint(b, (uint64_t)t->plateau.judged);
    ost_buf_varint(b, (uint64_t)t->plateau.worse);
    ost_buf_varint(b, (uint64_t)t->plateau.cuts);
    ost_buf_f64(b, t->best_loss);
    ost_buf_varint(b, (uint64_t)t->best_epoch);
}

static void read_counts(ost_training *t, ost_reader *r)
{
    t->weights->step = (int64_t)ost_read_varint(r);
    t->epoch = (int64_t)ost_read_varint(r);
    t->batch = (size_t)ost_read_varint(r);
    t->sum.loss = ost_read_f64(r);
    t->sum.total = ost_read_f64(r);
    t->sum.metric = ost_read_f64(r);
    t->sum.judged = ost_read_f64(r);
    t->rate = ost_read_f64(r);
    t->plateau.best = ost_read_f64(r);
    t->plateau.judged = (int64_t)ost_read_varint(r);
    t->plateau.worse = (int64_t)ost_read_varint(r);
    t->plateau.cuts = (int64_t)ost_read_varint(r);
    t->best_loss = ost_read_f64(r);
    t->best_epoch = (int64_t)ost_read_varint(r);
}

ost_rc ost_training_save(ost_training *t, ost_err *err)
{
    double began = ost_now();
    ost_buf b = { 0 };
    ost_buf text = { 0 };
    ost_rc rc = OST_OK;

    if (began < t->save_at)
        return OST_OK;
    rc = ost_training_settle(t, err);
    if (rc)
        return rc;
    write_counts(t, &b);
    ost_buf_bytes(&b, t->best.data, t->best.len);
    ost_json_canonical(&text, t->history);
    ost_buf_bytes(&b, text.data, text.len);
    for (int i = 0; i < 3 && !rc; i++) {
        bool there = i == 0 || ost_training_has_state(t->weights, i - 1);

        ost_buf_u8(&b, there);
        if (there)
            rc = ost_training_copy(t->weights, parts[i], &b, err);
    }
    if (!rc)
        rc = ost_checkpoint_save(t->ctx, b.data, b.len, err);
    t->save_at = ost_now() + ost_checkpoint_after(ost_now() - began, t->began);
    ost_buf_release(&text);
    ost_buf_release(&b);
    return rc;
}

static ost_rc resume_from(ost_training *t, ost_reader *r, ost_err *err)
{
    const unsigned char *text;
    const unsigned char *best;
    size_t text_size;
    size_t best_size;
    ost_rc rc = OST_OK;

    if (ost_read_u32(r) != VERSION)
        return OST_OK; /* of another time: starts anew */
    read_counts(t, r);
    best = ost_read_bytes(r, &best_size);
    text = ost_read_bytes(r, &text_size);
    if (r->bad)
        return ost_fail(err, OST_EINPUT, "the checkpoint is malformed");
    ost_buf_reset(&t->best);
    ost_buf_add(&t->best, best, best_size);
    json_decref(t->history);
    t->history = json_loadb((const char *)text, text_size, 0, NULL);
    if (!json_is_array(t->history))
        return ost_fail(err, OST_EINPUT, "the checkpoint is malformed");
    for (int i = 0; i < 3 && !rc; i++)
        if (ost_read_u8(r))
            rc = ost_training_restore(t->weights, parts[i], r, err);
    return rc;
}

ost_rc ost_training_resume(ost_training *t, ost_err *err)
{
    ost_buf data = { 0 };
    ost_rc rc = ost_checkpoint_load(t->ctx, &data, err);
    ost_reader r = ost_reader_of(data.data, data.len);

    if (rc == OST_ENOTFOUND)
        rc = OST_OK;
    else if (!rc)
        rc = resume_from(t, &r, err);
    t->began = ost_now();
    t->save_at = t->began + ost_checkpoint_after(0.0, t->began);
    ost_buf_release(&data);
    return rc;
}
