/* stages/changed_pictures.c - pictures changed anew each time they are taken */
#include "stages/changed_pictures.h"

#include "base/alloc.h"

#include "base/banned.h"

ost_rc ost_changed_pictures_init(ost_changed_pictures *c, ost_stage_ctx *ctx,
                                 const ost_picture_set *set,
                                 const ost_change_ranges *ranges, uint64_t key,
                                 size_t most, ost_err *err)
{
    *c = (ost_changed_pictures){
        .ctx = ctx, .set = set, .ranges = ranges, .key = key, .most = most
    };
    for (size_t i = 0; i < set->n; i++) {
        const ost_tensor *t = &set->tensors[i];
        size_t size = (size_t)ost_tensor_count(t) * ost_dtype_size(t->dtype);

        c->size = size > c->size ? size : c->size;
    }
    c->bytes = ost_try_alloc(most, c->size);
    c->tensors = ost_xalloc(most * sizeof(*c->tensors));
    c->index = ost_xalloc(most * sizeof(*c->index));
    c->drawn = ost_xalloc(most * sizeof(*c->drawn));
    for (size_t i = 0; i < most; i++)
        c->index[i] = (uint32_t)i;
    return c->bytes ? OST_OK
                    : ost_fail(err, OST_ENOMEM, "no memory for pictures");
}

void ost_changed_pictures_release(ost_changed_pictures *c)
{
    ost_free(c->drawn);
    ost_free(c->index);
    ost_free(c->tensors);
    ost_free(c->bytes);
    *c = (ost_changed_pictures){ 0 };
}

typedef struct changing {
    ost_changed_pictures *c;
    const uint32_t *index;
    uint64_t first; /* number of the first one's stream */
} changing;

static ost_rc change_one(void *user, size_t i, ost_err *err)
{
    const changing *job = user;
    ost_changed_pictures *c = job->c;
    const ost_tensor *from = &c->set->tensors[job->index[i]];
    ost_rng r = ost_rng_of(c->key, job->first + i);
    unsigned flags =
        (ost_change_ranges_tone(c->ranges) ? OST_CHANGE_TONE : 0u) |
        (c->set->frames > 0 ? OST_CHANGE_FRAMES : 0u);

    c->tensors[i] = ost_tensor_of(c->bytes + i * c->size, from->dtype,
                                  from->ndim, from->shape);
    c->drawn[i] = ost_change_draw(c->ranges, &r);
    return ost_change_picture(&c->drawn[i], flags, from, &c->tensors[i], err);
}

ost_rc ost_changed_pictures_load(ost_changed_pictures *c,
                                 const ost_normalization *norm, uint64_t epoch,
                                 uint64_t place, const uint32_t *index,
                                 size_t count, float *out, ost_err *err)
{
    changing job = { c, index, (epoch << 32) + place };
    ost_picture_set changed = *c->set;
    ost_rc rc = ost_parallel(c->ctx, count, change_one, &job, err);

    changed.tensors = c->tensors;
    if (!rc)
        rc = ost_picture_set_load(c->ctx, &changed, norm, c->index, count, out,
                                  err);
    return rc;
}
