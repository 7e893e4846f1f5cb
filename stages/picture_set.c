/* stages/picture_set.c - items as what networks eat */
#include "stages/picture_set.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

static int64_t channels_of(const ost_tensor *t)
{
    return t->ndim == 3 ? t->shape[2] : 1;
}

static ost_rc check_picture(const ost_picture_set *set, size_t i,
                            const char *field, ost_err *err)
{
    const ost_tensor *t = &set->tensors[i];
    const char *id = set->items[i].id;

    if ((t->ndim != 2 && t->ndim != 3) ||
        (t->dtype != OST_U8 && t->dtype != OST_U16 && t->dtype != OST_F32))
        return ost_fail(err, OST_EINPUT,
                        "item '%s': field '%s' is no picture of u8, u16 or f32",
                        id, field);
    if (t->shape[0] < 1 || t->shape[1] < 1 || channels_of(t) < 1 ||
        channels_of(t) > OST_PICTURE_CHANNELS)
        return ost_fail(err, OST_EINPUT,
                        "item '%s': field '%s' has %lld x %lld pixels and %lld "
                        "channels",
                        id, field, (long long)t->shape[0],
                        (long long)t->shape[1], (long long)channels_of(t));
    if (i > 0 && (t->shape[0] != set->height || t->shape[1] != set->width ||
                  channels_of(t) != set->channels))
        return ost_fail(err, OST_EINPUT,
                        "item '%s' is %lld x %lld x %lld, item '%s' %lld x "
                        "%lld x %lld (a 'resize' stage makes them alike)",
                        id, (long long)t->shape[0], (long long)t->shape[1],
                        (long long)channels_of(t), set->items[0].id,
                        (long long)set->height, (long long)set->width,
                        (long long)set->channels);
    return OST_OK;
}

ost_rc ost_picture_set_open(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                            const char *field, ost_picture_set *set,
                            ost_err *err)
{
    *set = (ost_picture_set){ .items = items, .n = n };
    set->tensors = OST_ARENA_ARRAY(ost_ctx_arena(ctx), ost_tensor, n);
    for (size_t i = 0; i < n; i++) {
        ost_rc rc =
            ost_item_tensor(ctx, &items[i], field, &set->tensors[i], err);

        if (rc)
            ost_err_at(err, "item '%s'", items[i].id);
        if (!rc)
            rc = check_picture(set, i, field, err);
        if (rc)
            return rc;
        if (i == 0) {
            set->height = set->tensors[0].shape[0];
            set->width = set->tensors[0].shape[1];
            set->channels = channels_of(&set->tensors[0]);
        }
    }
    return OST_OK;
}

/* One row of one channel as floats. */
static void get_row(const ost_tensor *t, int64_t y, int64_t c, float *row)
{
    int64_t step = t->stride[1];
    int64_t at = y * t->stride[0] + (t->ndim == 3 ? c * t->stride[2] : 0);

    if (t->dtype == OST_U8) {
        const uint8_t *p = (const uint8_t *)t->data + at;

        for (int64_t x = 0; x < t->shape[1]; x++)
            row[x] = (float)p[x * step];
    } else if (t->dtype == OST_U16) {
        const uint16_t *p = (const uint16_t *)t->data + at;

        for (int64_t x = 0; x < t->shape[1]; x++)
            row[x] = (float)p[x * step];
    } else {
        const float *p = (const float *)t->data + at;

        for (int64_t x = 0; x < t->shape[1]; x++)
            row[x] = p[x * step];
    }
}

typedef struct sums {
    double plain;
    double squares;
} sums;

typedef struct measuring {
    const ost_picture_set *set;
    sums *sums; /* by picture and channel */
} measuring;

static ost_rc measure_one(void *user, size_t i, ost_err *err)
{
    const measuring *m = user;
    const ost_picture_set *set = m->set;
    sums *out = m->sums + i * (size_t)set->channels;
    float *row = ost_xalloc((size_t)set->width * sizeof(*row));
    bool finite = true;

    for (int64_t c = 0; c < set->channels; c++) {
        sums s = { 0.0, 0.0 };

        for (int64_t y = 0; y < set->height; y++) {
            get_row(&set->tensors[i], y, c, row);
            for (int64_t x = 0; x < set->width; x++) {
                s.plain += (double)row[x];
                s.squares += (double)row[x] * (double)row[x];
            }
        }
        out[c] = s;
        finite &= isfinite(s.squares);
    }
    ost_free(row);
    if (finite)
        return OST_OK;
    return ost_fail(err, OST_EINPUT, "item '%s' has values that are not finite",
                    set->items[i].id);
}

ost_rc ost_picture_set_measure(ost_stage_ctx *ctx, const ost_picture_set *set,
                               ost_normalization *norm, ost_err *err)
{
    size_t channels = (size_t)set->channels;
    double count = (double)set->n * (double)set->height * (double)set->width;
    measuring m = { .set = set };
    ost_rc rc;

    m.sums = OST_ARENA_ARRAY(ost_ctx_arena(ctx), sums, set->n * channels);
    rc = ost_parallel(ctx, set->n, measure_one, &m, err);
    if (rc)
        return rc;
    norm->channels = set->channels;
    for (size_t c = 0; c < channels; c++) {
        sums all = { 0.0, 0.0 };
        double variance;

        for (size_t i = 0; i < set->n; i++) {
            all.plain += m.sums[i * channels + c].plain;
            all.squares += m.sums[i * channels + c].squares;
        }
        norm->mean[c] = all.plain / count;
        variance = all.squares / count - norm->mean[c] * norm->mean[c];
        /* What rounding leaves of a constant channel is no variance. */
        norm->std[c] =
            variance > 1e-12 * all.squares / count ? sqrt(variance) : 1.0;
    }
    return OST_OK;
}

typedef struct loading {
    const ost_picture_set *set;
    const ost_normalization *norm;
    const uint32_t *index;
    float *out;
} loading;

static ost_rc load_one(void *user, size_t i, ost_err *err)
{
    const loading *l = user;
    const ost_picture_set *set = l->set;
    float *out = l->out + (int64_t)i * set->channels * set->height * set->width;

    (void)err;
    for (int64_t c = 0; c < set->channels; c++) {
        float scale = (float)(1.0 / l->norm->std[c]);
        float shift = (float)l->norm->mean[c];

        for (int64_t y = 0; y < set->height; y++, out += set->width) {
            get_row(&set->tensors[l->index[i]], y, c, out);
            for (int64_t x = 0; x < set->width; x++)
                out[x] = (out[x] - shift) * scale;
        }
    }
    return OST_OK;
}

ost_rc ost_picture_set_load(ost_stage_ctx *ctx, const ost_picture_set *set,
                            const ost_normalization *norm,
                            const uint32_t *index, size_t count, float *out,
                            ost_err *err)
{
    loading l = { set, norm, index, out };

    return ost_parallel(ctx, count, load_one, &l, err);
}
