/* stages/picture_set.c - items as what networks eat */
#include "stages/picture_set.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* One plane of numbers within a field. */
typedef struct plane {
    const ost_tensor *t;
    int64_t at;
    int64_t row; /* elements from one row to the next */
    int64_t step;
} plane;

/* `frames` differ from a picture with as many channels by name alone. */
static bool has_frames(const char *field)
{
    return strcmp(field, "frames") == 0;
}

int ost_picture_set_shape(const ost_picture_set *set, int64_t n,
                          int64_t shape[OST_MAX_DIMS])
{
    int ndim = 0;

    shape[ndim++] = n;
    shape[ndim++] = set->channels;
    if (set->frames)
        shape[ndim++] = set->frames;
    shape[ndim++] = set->height;
    shape[ndim++] = set->width;
    return ndim;
}

json_t *ost_picture_set_meta(const ost_picture_set *set, const char *field)
{
    json_t *meta =
        json_pack("{s:s,s:I,s:I,s:I}", "field", field, "channels",
                  (json_int_t)set->channels, "height", (json_int_t)set->height,
                  "width", (json_int_t)set->width);

    if (set->frames)
        json_object_set_new(meta, "frames",
                            json_integer((json_int_t)set->frames));
    return meta;
}

static size_t planes_of(const ost_picture_set *set)
{
    return (size_t)(set->frames ? set->frames : set->channels);
}

static plane plane_of(const ost_picture_set *set, size_t item, size_t i)
{
    const ost_tensor *t = &set->tensors[item];
    plane p = { .t = t, .row = t->stride[0], .step = t->stride[1] };

    if (set->frames)
        p = (plane){ .t = t,
                     .at = (int64_t)i * t->stride[0],
                     .row = t->stride[1],
                     .step = t->stride[2] };
    else if (t->ndim == 3)
        p.at = (int64_t)i * t->stride[2];
    return p;
}

static ost_rc check_frames(const ost_picture_set *set, size_t i,
                           const char *field, ost_err *err)
{
    const ost_tensor *t = &set->tensors[i];

    if (t->ndim != 3 || ost_tensor_count(t) < 1)
        return ost_fail(err, OST_EINPUT,
                        "item '%s': field '%s' is no series of pictures",
                        set->items[i].id, field);
    if (i > 0 && (t->shape[0] != set->frames || t->shape[1] != set->height ||
                  t->shape[2] != set->width))
        return ost_fail(
            err, OST_EINPUT,
            "item '%s' has %lld frames of %lld x %lld, item '%s' %lld of %lld "
            "x %lld",
            set->items[i].id, (long long)t->shape[0], (long long)t->shape[1],
            (long long)t->shape[2], set->items[0].id, (long long)set->frames,
            (long long)set->height, (long long)set->width);
    return OST_OK;
}

static ost_rc check_picture(const ost_picture_set *set, size_t i,
                            const char *field, ost_err *err)
{
    const ost_tensor *t = &set->tensors[i];
    const char *id = set->items[i].id;
    int64_t channels = t->ndim == 3 ? t->shape[2] : 1;

    if ((t->ndim != 2 && t->ndim != 3) ||
        (t->dtype != OST_U8 && t->dtype != OST_U16 && t->dtype != OST_F32))
        return ost_fail(err, OST_EINPUT,
                        "item '%s': field '%s' is no picture of u8, u16 or f32",
                        id, field);
    if (has_frames(field))
        return check_frames(set, i, field, err);
    if (t->shape[0] < 1 || t->shape[1] < 1 || channels < 1 ||
        channels > OST_PICTURE_CHANNELS)
        return ost_fail(err, OST_EINPUT,
                        "item '%s': field '%s' has %lld x %lld pixels and %lld "
                        "channels",
                        id, field, (long long)t->shape[0],
                        (long long)t->shape[1], (long long)channels);
    if (i > 0 && (t->shape[0] != set->height || t->shape[1] != set->width ||
                  channels != set->channels))
        return ost_fail(err, OST_EINPUT,
                        "item '%s' is %lld x %lld x %lld, item '%s' %lld x "
                        "%lld x %lld (a 'resize' stage makes them alike)",
                        id, (long long)t->shape[0], (long long)t->shape[1],
                        (long long)channels, set->items[0].id,
                        (long long)set->height, (long long)set->width,
                        (long long)set->channels);
    return OST_OK;
}

static void take_sides(ost_picture_set *set, const char *field)
{
    const int64_t *shape = set->tensors[0].shape;
    bool frames = has_frames(field);

    set->frames = frames ? shape[0] : 0;
    set->height = shape[frames];
    set->width = shape[frames + 1];
    set->channels = frames || set->tensors[0].ndim == 2 ? 1 : shape[2];
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
        if (i == 0)
            take_sides(set, field);
    }
    return OST_OK;
}

/* One row of a plane as floats. */
static void get_row(const plane *p, int64_t y, int64_t width, float *row)
{
    int64_t at = p->at + y * p->row;
    int64_t step = p->step;

    if (p->t->dtype == OST_U8) {
        const uint8_t *v = (const uint8_t *)p->t->data + at;

        for (int64_t x = 0; x < width; x++)
            row[x] = (float)v[x * step];
    } else if (p->t->dtype == OST_U16) {
        const uint16_t *v = (const uint16_t *)p->t->data + at;

        for (int64_t x = 0; x < width; x++)
            row[x] = (float)v[x * step];
    } else {
        const float *v = (const float *)p->t->data + at;

        for (int64_t x = 0; x < width; x++)
            row[x] = v[x * step];
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

    for (size_t k = 0; k < planes_of(set); k++) {
        plane p = plane_of(set, i, k);
        sums s = { 0.0, 0.0 };

        for (int64_t y = 0; y < set->height; y++) {
            get_row(&p, y, set->width, row);
            for (int64_t x = 0; x < set->width; x++) {
                s.plain += (double)row[x];
                s.squares += (double)row[x] * (double)row[x];
            }
        }
        out[set->frames ? 0 : k].plain += s.plain;
        out[set->frames ? 0 : k].squares += s.squares;
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
    double count = (double)set->n * (double)set->height * (double)set->width *
                   (set->frames ? (double)set->frames : 1.0);
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
    size_t planes = planes_of(set);
    float *out = l->out + (int64_t)(i * planes) * set->height * set->width;

    (void)err;
    for (size_t k = 0; k < planes; k++) {
        plane p = plane_of(set, l->index[i], k);
        float scale = (float)(1.0 / l->norm->std[set->frames ? 0 : k]);
        float shift = (float)l->norm->mean[set->frames ? 0 : k];

        for (int64_t y = 0; y < set->height; y++, out += set->width) {
            get_row(&p, y, set->width, out);
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
