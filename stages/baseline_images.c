/* stages/baseline_images.c - images that no generator is needed for
 *
 * What a generator has to be better than: as many images as there are in a
 * dataset, either noise of its mean and standard deviation (of each channel,
 * over all images and pixels; every pixel of every image is drawn by itself and
 * clamped to the numbers of the field), or its mean image, over and over.  They
 * stand in for generated ones in `evaluate_images`.
 *
 * Items are called "noise-00000" and so on, each a group of its own, without
 * labels, with the attribute `kind`, "noise" or "mean".  A field `frames` makes
 * series.
 */
#include "stages/picture_set.h"

#include <math.h>

#include "base/banned.h"

enum { NOISE, MEAN };
enum { FLUSH = 256 }; /* images between progress and stop */

typedef struct {
    int kind;
    const char *field;
    int64_t count;
} baseline_params;

static const ost_param params[] = {
    OST_PARAM(baseline_params, kind, CHOICE,
              "noise of the images' mean and deviation, or their mean image",
              .required = true, .choices = "noise|mean"),
    OST_PARAM(baseline_params, field, STR, "field of pictures, or 'frames'",
              .dflt = "\"image\""),
    OST_PARAM(baseline_params, count, I64,
              "how many; 0: as many as there are images", .dflt = "0", .min = 0,
              .max = 10000000),
    OST_END,
};

typedef struct {
    ost_stage_ctx *ctx;
    const baseline_params *p;
    ost_picture_set set;
    ost_normalization norm; /* of each channel */
    size_t channels;
    size_t plane; /* numbers of a channel: pixels, of all frames */
    double *mean; /* (C, plane) */
} making;

/* --- means --------------------------------------------------------------- */

static ost_rc mean_image(making *m, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(m->ctx);
    size_t n = m->channels * m->plane;
    float *one = OST_ARENA_ARRAY(arena, float, n + 1);
    ost_normalization as_it_is = { .channels = (int64_t)m->channels };

    for (size_t c = 0; c < m->channels; c++)
        as_it_is.std[c] = 1.0;
    m->mean = OST_ARENA_ARRAY(arena, double, n + 1);
    for (size_t i = 0; i < m->set.n; i++) {
        uint32_t at = (uint32_t)i;
        ost_rc rc =
            ost_picture_set_load(m->ctx, &m->set, &as_it_is, &at, 1, one, err);

        if (rc)
            return rc;
        for (size_t k = 0; k < n; k++)
            m->mean[k] += (double)one[k];
    }
    for (size_t k = 0; k < n; k++)
        m->mean[k] /= (double)m->set.n;
    return OST_OK;
}

static ost_rc look(making *m, ost_err *err)
{
    const ost_item *items;
    size_t n;
    ost_rc rc =
        ost_ctx_items(m->ctx, ost_ctx_input(m->ctx, "in", 0), &items, &n, err);

    if (!rc && n == 0)
        rc = ost_fail(err, OST_EINPUT, "there are no images");
    if (!rc)
        rc = ost_picture_set_open(m->ctx, items, n, m->p->field, &m->set, err);
    if (rc)
        return rc;
    m->channels = (size_t)m->set.channels;
    m->plane = (size_t)(m->set.height * m->set.width) *
               (size_t)(m->set.frames ? m->set.frames : 1);
    return m->p->kind == MEAN
               ? mean_image(m, err)
               : ost_picture_set_measure(m->ctx, &m->set, &m->norm, err);
}

/* --- images -------------------------------------------------------------- */

static void put(ost_tensor *t, size_t at, double v)
{
    double most = t->dtype == OST_U8 ? 255.0 : 65535.0;

    if (t->dtype == OST_F32) {
        ((float *)t->data)[at] = (float)v;
        return;
    }
    v = rint(fmin(fmax(v, 0.0), most));
    if (t->dtype == OST_U8)
        ((uint8_t *)t->data)[at] = (uint8_t)v;
    else
        ((uint16_t *)t->data)[at] = (uint16_t)v;
}

/* Channels lie side by side in a field. */
static void fill(const making *m, ost_tensor *t, size_t number)
{
    ost_rng rng = ost_ctx_rng(m->ctx, NULL, number);

    for (size_t k = 0; k < m->plane; k++)
        for (size_t c = 0; c < m->channels; c++)
            put(t, k * m->channels + c,
                m->p->kind == MEAN
                    ? m->mean[c * m->plane + k]
                    : m->norm.mean[c] + m->norm.std[c] * ost_rng_normal(&rng));
}

static ost_rc emit(making *m, size_t number, ost_err *err)
{
    static const char *const kinds[] = { "noise", "mean" };
    const ost_tensor *like = &m->set.tensors[0];
    ost_arena *arena = ost_ctx_arena(m->ctx);
    const char *kind = kinds[m->p->kind];
    ost_item *item = ost_new_item(
        m->ctx, ost_arena_printf(arena, "%s-%05zu", kind, number), NULL);
    ost_tensor t;
    ost_rc rc = ost_new_field(m->ctx, item, m->p->field, like->dtype,
                              like->ndim, like->shape, &t, err);

    if (rc)
        return rc;
    fill(m, &t, number);
    ost_item_set_text(arena, item, "kind", kind);
    return ost_emit(m->ctx, "out", item, err);
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    making m = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    ost_rc rc = look(&m, err);
    size_t count = m.p->count ? (size_t)m.p->count : m.set.n;

    for (size_t i = 0; i < count && !rc; i++) {
        if (ost_ctx_stop(ctx))
            return OST_EINTERRUPTED;
        rc = emit(&m, i, err);
        if (!rc && i % FLUSH == FLUSH - 1) {
            rc = ost_flush(ctx, err);
            ost_progress(ctx, i + 1, count, NULL);
        }
    }
    ost_count_items(ctx, count, 0);
    return rc;
}

const ost_stage ost_stage_baseline_images = {
    .name = "baseline_images",
    .version = 1, /* bump when any output byte can change */
    .summary = "Make images that need no generator: noise, or the mean image.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(baseline_params),
    .params = params,
    .inputs = OST_PORTS({ .name = "in",
                          .type = OST_DATASET,
                          .help = "images that they are to be like" }),
    .outputs =
        OST_PORTS({ .name = "out", .type = OST_DATASET, .help = "the images" }),
    .run = run,
};
