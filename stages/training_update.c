/* stages/training_update.c - one update: a batch, in parts, and its gradients
 *
 * All batches are cut into the same number of parts, so that sizes of parts
 * differ by at most one item and two networks do.  These and the one for
 * validation, which never run in the middle of each other, share their memory.
 *
 * A device with memory of its own is told a part and works on it while the next
 * one is loaded; what came of a part is looked at before the next one is told,
 * and before anything hangs on it (ost_training_settle()).
 */
#include "base/alloc.h"
#include "stages/training.h"

#include <math.h>

#include "base/banned.h"

/* Random streams of the step; orders of epochs begin at 2. */
enum { STREAM_DROPOUT = 1 };
#define STREAM_CHANGES UINT64_MAX

/* Items of batch `b` of an epoch. */
static size_t batch_items(const ost_training_spec *s, size_t b)
{
    size_t n = s->sampling.epoch_items;

    return n / s->batches + (b < n % s->batches);
}

static size_t part_items(const ost_training *t, size_t batch, size_t part)
{
    return batch / t->parts + (part < batch % t->parts);
}

/* Where batch `b` begins in the order of the epoch. */
static size_t batch_begin(const ost_training_spec *s, size_t b)
{
    size_t n = s->sampling.epoch_items;
    size_t larger = n % s->batches;

    return b * (n / s->batches) + (b < larger ? b : larger);
}

/* Whether any batch has a part of the smaller size. */
static bool needs_smaller(const ost_training *t)
{
    const ost_training_spec *s = t->spec;
    size_t last = batch_items(s, s->batches - 1);

    return t->items[1] > 0 && part_items(t, last, t->parts - 1) != t->items[0];
}

static ost_rc build_net(ost_training *t, int i, ost_err *err)
{
    const ost_picture_set *p = &t->spec->train.pictures;
    unsigned flags =
        OST_NET_TRAIN | OST_NET_SHARE | (t->parts > 1 ? OST_NET_ADD_GRAD : 0u);
    int64_t shape[OST_MAX_DIMS];
    int ndim = ost_picture_set_shape(p, (int64_t)t->items[i], shape);

    return ost_network_build(t->spec->network, t->weights, ndim, shape, flags,
                             &t->nets[i], err);
}

ost_rc ost_training_build(ost_training *t, ost_err *err)
{
    const ost_training_spec *s = t->spec;
    size_t batch = batch_items(s, 0);
    ost_rng draw = ost_ctx_rng(t->ctx, NULL, STREAM_DROPOUT);
    ost_rng changes = ost_ctx_rng(t->ctx, NULL, STREAM_CHANGES);
    ost_rc rc;

    t->draw = ost_rng_u64(&draw);
    t->parts =
        s->micro_batch ? (batch + s->micro_batch - 1) / s->micro_batch : 1;
    t->items[0] = part_items(t, batch, 0);
    t->items[1] = t->items[0] - 1;
    t->order = ost_try_alloc(s->sampling.epoch_items, sizeof(*t->order));
    if (!t->order)
        return ost_fail(err, OST_ENOMEM, "no memory for an epoch of %zu items",
                        s->sampling.epoch_items);
    rc = build_net(t, 0, err);
    if (!rc && needs_smaller(t))
        rc = build_net(t, 1, err);
    if (!rc && s->changes)
        rc = ost_changed_pictures_init(&t->changed, t->ctx, &s->train.pictures,
                                       s->changes, ost_rng_u64(&changes),
                                       t->items[0], err);
    if (!rc && s->validation.pictures.n > 0)
        rc = ost_inference_init(&t->inf, s->network, t->weights,
                                &s->validation.pictures, err);
    return rc;
}

void ost_training_unbuild(ost_training *t)
{
    ost_backend *b = t->weights->backend;

    /* Nothing is to arrive in it any more. */
    (void)b->finish(b, NULL);
    ost_inference_release(&t->inf);
    ost_changed_pictures_release(&t->changed);
    ost_net_free(t->nets[1]);
    ost_net_free(t->nets[0]);
    ost_free(t->order);
}

static ost_rc load(ost_training *t, size_t at, size_t n, float *to,
                   ost_err *err)
{
    const ost_training_spec *s = t->spec;
    const uint32_t *index = t->order + at;

    if (s->changes)
        return ost_changed_pictures_load(
            &t->changed, &s->norm, (uint64_t)t->epoch, at, index, n, to, err);
    return ost_picture_set_load(t->ctx, &s->train.pictures, &s->norm, index, n,
                                to, err);
}

ost_rc ost_training_settle(ost_training *t, ost_err *err)
{
    ost_backend *b = t->weights->backend;
    ost_rc rc;

    if (!t->told)
        return OST_OK;
    t->told = false;
    rc = b->finish(b, err);
    if (rc && rc != OST_EFAIL)
        return rc;
    ost_target_judge(t->spec->train.target, &t->sum);
    /* Where a gradient is not finite, the loss may be the reason. */
    if (isfinite(t->sum.loss))
        return rc;
    return ost_fail(err, OST_EFAIL,
                    "the loss is not finite in epoch %lld (a lower "
                    "'learning_rate' or a 'clip_norm' may help)",
                    (long long)t->epoch + 1);
}

static ost_rc load_part(ost_training *t, ost_net *net, size_t at, size_t n,
                        ost_target_batch *batch, ost_err *err)
{
    ost_tensor input;
    ost_rc rc = ost_net_host_input(net, &input, err);

    if (!rc)
        rc = load(t, at, n, input.data, err);
    batch->changes = t->changed.drawn;
    return rc ? rc : ost_target_load(t->spec->train.target, batch, err);
}

/* Items at..at+n-1 of the epoch: forward, loss, backward. */
static ost_rc run_part(ost_training *t, size_t at, size_t n, double total,
                       size_t part, ost_err *err)
{
    ost_net *net = t->nets[n != t->items[0]];
    ost_backend *b = t->weights->backend;
    ost_target_batch batch = { .index = t->order + at, .n = n, .total = total };
    uint64_t number = (uint64_t)t->weights->step * t->parts + part;
    ost_tensor output = ost_net_output(net);
    ost_rc rc = load_part(t, net, at, n, &batch, err);

    if (!rc)
        rc = ost_training_settle(t, err);
    if (!rc)
        rc = ost_net_forward(net, t->draw + number, err);
    ost_backend_enter(b, "loss");
    if (!rc)
        rc = ost_target_loss(t->spec->train.target, b, &batch, &output,
                             ost_net_output_grad(net).data, err);
    ost_backend_leave(b);
    t->told = !rc;
    if (!rc && b->host_memory)
        rc = ost_training_settle(t, err);
    return rc ? rc : ost_net_backward(net, err);
}

ost_rc ost_training_update(ost_training *t, ost_err *err)
{
    const ost_training_spec *s = t->spec;
    ost_optimizer optimizer = s->optimizer;
    size_t at = batch_begin(s, t->batch);
    size_t items = batch_items(s, t->batch);
    double total = ost_target_total(s->train.target, t->order + at, items);
    ost_rc rc = OST_OK;

    t->rate = ost_schedule_rate(&s->schedule, &t->plateau, t->epoch,
                                t->weights->step);
    optimizer.rate = t->rate;
    ost_weights_clear_grad(t->weights);
    ost_backend_enter(t->weights->backend, "step");
    for (size_t part = 0; part < t->parts && !rc; part++) {
        size_t n = part_items(t, items, part);

        if (n > 0)
            rc = run_part(t, at, n, total, part, err);
        at += n;
    }
    if (!rc)
        rc = ost_optimizer_step(&optimizer, t->weights, err);
    ost_backend_leave(t->weights->backend);
    t->batch++;
    t->epoch_items += items;
    return rc;
}
