/* stages/generate.c - images that a trained generator makes
 *
 * A model of `train_gan` goes one of the ways of its objective: from a
 * condition to an image, from one domain to the other, from the first frames of
 * a series to what follows, or from numbers that are drawn.
 *
 * Ways that read make `copies` images of each item of `data`: they are called
 * "ID#0", "ID#1" and so on, have the item as parent, and its group, fields,
 * attributes and labels, unless `label` sets another one.  Of series the given
 * frames stand in front (`keep_given`); an image becomes a series by being
 * repeated.  Ways that draw make `count` images, "generated-00000" and so on,
 * each a group of its own; those of a model that has learned from one class
 * alone have that label.  `tag` is put behind the ids, so that images of
 * several generators can be gathered.  Each item has the attribute `kind`,
 * "generated".
 *
 * Generators that learned from pairs work as in training: dropout draws, batch
 * norms use the statistics of the image at hand.  In others nothing is dropped,
 * no noise is added, and running statistics are used (ost_generator_lives()
 * says why).  `eval_mode` decides otherwise: true is the second way, false the
 * first.
 *
 * An image depends on the model, the picture, the seed and the number of the
 * copy alone, never on the items beside it, and is remembered by these.  Who
 * generates is exposed to what the model has learned from, as the framework has
 * it for all items that a model makes.
 */
#include "base/text.h"
#include "kernels/backend.h"
#include "stages/generator.h"
#include "stages/planes.h"

#include <string.h>

#include "base/banned.h"

enum { FLUSH = 64 }; /* images between progress and stop */

typedef struct {
    const char *way;
    int64_t count;
    int64_t copies;
    const char *label;
    const char *tag;
    const json_t *eval_mode;
    bool keep_given;
    const char *field;
    const char *to;
    const char *condition;
} generate_params;

static const ost_param params[] = {
    OST_PARAM(generate_params, way, STR,
              "from what to what: 'a_to_b', say; unset: the first way of the "
              "model's objective",
              .dflt = "null"),
    OST_PARAM(generate_params, count, I64,
              "images of a way that draws what it begins with", .dflt = "0",
              .min = 0, .max = 10000000),
    OST_PARAM(generate_params, copies, I64,
              "images of each item, of a way that reads items", .dflt = "1",
              .min = 1, .max = 10000),
    OST_PARAM(generate_params, label, STR,
              "label of the images; unset: that of the item, and of drawn ones "
              "the only class that the model learned from",
              .dflt = "null"),
    OST_PARAM(generate_params, tag, STR,
              "put behind the ids, so that images of several generators do not "
              "have the same",
              .dflt = "null"),
    OST_PARAM(
        generate_params, eval_mode, JSON,
        "true: drop nothing and use running statistics; false: do as in "
        "training; unset: as the objective's publication has it, false of "
        "pairs and true of others",
        .dflt = "null"),
    OST_PARAM(generate_params, keep_given, BOOL,
              "the frames that were given stand before those that are made",
              .dflt = "true"),
    OST_PARAM(generate_params, field, STR,
              "field that is read; unset: the one that the model has learned",
              .dflt = "null"),
    OST_PARAM(generate_params, to, STR,
              "field that an image becomes; unset: image, or frames",
              .dflt = "null"),
    OST_PARAM(generate_params, condition, STR,
              "field that keeps what the image was made of; unset: none",
              .dflt = "null"),
    OST_END,
};

typedef struct {
    ost_stage_ctx *ctx;
    const generate_params *p;
    ost_backend *backend;
    ost_generator generator;
    char model_hex[OST_DIGEST_HEX];
    const char *field; /* that is read */
    const char *to;
    const ost_item *items;
    size_t n;     /* of them */
    size_t total; /* images */
    size_t done;
    size_t computed;
} generating;

/* Whether `eval_mode` says something. */
static bool is_told(const generate_params *p)
{
    return p->eval_mode && !json_is_null(p->eval_mode);
}

static ost_rc check(const void *with, ost_err *err)
{
    const generate_params *p = with;

    if (is_told(p) && !json_is_boolean(p->eval_mode))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'eval_mode' is true, false or null");
    if (p->tag && (!*p->tag || strpbrk(p->tag, "#/ ")))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'tag' becomes part of ids: it is a word without "
                        "'#', '/' and spaces");
    return OST_OK;
}

/* --- pictures ------------------------------------------------------------ */

/* Whether the item's field is a single picture that is to become the first
 * frames of a series. */
static bool is_repeated(const generating *g, const ost_tensor *t)
{
    return g->generator.input.frames > 0 && t->ndim == 2;
}

static ost_rc wrong_sides(const generating *g, const ost_item *item,
                          const ost_tensor *t, ost_err *err)
{
    const ost_generator_picture *want = &g->generator.input;
    int row = want->frames > 0 && t->ndim == 3 ? 1 : 0;
    bool pair =
        !row && t->shape[0] == want->height && t->shape[1] == 2 * want->width;

    return ost_fail(
        err, OST_EINPUT,
        "item '%s': field '%s' is %lld x %lld, the model learned %lld x %lld "
        "(%s)",
        item->id, g->field, (long long)t->shape[row],
        (long long)t->shape[row + 1], (long long)want->height,
        (long long)want->width,
        pair ? "a pair: 'unpair' takes it apart" : "'resize' makes them alike");
}

static ost_rc check_picture(const generating *g, const ost_item *item,
                            const ost_tensor *t, ost_err *err)
{
    const ost_generator_picture *want = &g->generator.input;
    int64_t deep = t->ndim == 3 ? t->shape[want->frames ? 0 : 2] : 1;
    int row = want->frames > 0 && t->ndim == 3 ? 1 : 0;

    if ((t->ndim != 2 && t->ndim != 3) || t->dtype != OST_U8)
        return ost_fail(err, OST_EINPUT,
                        "item '%s': field '%s' is no picture of u8, which the "
                        "model learned from",
                        item->id, g->field);
    if (t->shape[row] != want->height || t->shape[row + 1] != want->width)
        return wrong_sides(g, item, t, err);
    if (want->frames > 0 && !is_repeated(g, t) && deep < want->frames)
        return ost_fail(err, OST_EINPUT,
                        "item '%s' has %lld frames, the model reads %lld",
                        item->id, (long long)deep, (long long)want->frames);
    if (want->frames == 0 && deep != want->channels)
        return ost_fail(err, OST_EINPUT,
                        "item '%s' has %lld channels, the model learned %lld",
                        item->id, (long long)deep, (long long)want->channels);
    return OST_OK;
}

/* A series for models of series, whose first frames are taken. */
static const char *field_of(const generating *g, const ost_item *item)
{
    if (!g->p->field && g->generator.input.frames > 0 &&
        !ost_item_field(item, g->field) && ost_item_field(item, "image"))
        return "image";
    return g->field;
}

/* What the model reads of an item, as it reads it. */
static ost_rc open_picture(const generating *g, const ost_item *item,
                           ost_tensor *t, ost_err *err)
{
    int64_t frames = g->generator.input.frames;
    ost_rc rc = ost_item_tensor(g->ctx, item, field_of(g, item), t, err);

    if (rc) {
        ost_err_at(err, "item '%s'", item->id);
        return rc;
    }
    rc = check_picture(g, item, t, err);
    if (!rc && is_repeated(g, t)) {
        t->ndim = 3;
        for (int i = 2; i > 0; i--) {
            t->shape[i] = t->shape[i - 1];
            t->stride[i] = t->stride[i - 1];
        }
        t->stride[0] = 0;
    }
    if (!rc && frames > 0)
        t->shape[0] = frames;
    return rc;
}

/* --- what is remembered -------------------------------------------------- */

/* The picture's bytes and the copy, or the number of a drawn image. */
static void picture_name(const generating *g, const ost_item *item,
                         int64_t copy, ost_buf *name)
{
    const ost_field *f = item ? ost_item_field(item, field_of(g, item)) : NULL;
    char hex[OST_DIGEST_HEX];

    ost_buf_addf(name, "%lld", (long long)copy);
    if (!f)
        return;
    ost_buf_addf(name, " %s %d %llu", ost_digest_hex(&f->blob, hex),
                 (int)f->dtype, (unsigned long long)f->offset);
    for (int k = 0; k < f->ndim; k++)
        ost_buf_addf(name, " %lld:%lld", (long long)f->shape[k],
                     (long long)f->stride[k]);
}

/* Names the random numbers of an image, and the image. */
static uint64_t name_image(const generating *g, const ost_item *item,
                           int64_t copy, ost_buf *name)
{
    ost_buf picture = { 0 };
    ost_digest d;
    uint64_t stream;
    uint64_t draw;
    ost_rng rng;

    picture_name(g, item, copy, &picture);
    d = ost_digest_of(picture.data, picture.len);
    memcpy(&stream, d.b, sizeof(stream));
    rng = ost_ctx_rng(g->ctx, NULL, stream);
    draw = ost_rng_u64(&rng);
    ost_buf_reset(name);
    ost_buf_addf(name, "%s %s %d %016llx %s", g->model_hex,
                 g->generator.way->name, g->generator.live,
                 (unsigned long long)draw, ost_buf_str(&picture));
    ost_buf_release(&picture);
    return draw;
}

/* --- images -------------------------------------------------------------- */

static size_t image_bytes(const generating *g)
{
    const ost_generator_picture *p = &g->generator.image;

    return (size_t)((p->frames ? p->frames : 1) * p->channels * p->height *
                    p->width);
}

/* Channels go last in what is stored; frames, which have one, stay in order. */
static void interleave(const uint8_t *planes, const ost_generator_picture *p,
                       uint8_t *out)
{
    int64_t area = (p->frames ? p->frames : 1) * p->height * p->width;

    for (int64_t c = 0; c < p->channels; c++)
        for (int64_t i = 0; i < area; i++)
            out[i * p->channels + c] = planes[c * area + i];
}

/* The bytes of an image: remembered, or made now. */
static ost_rc make_image(generating *g, const ost_item *item, int64_t copy,
                         const ost_tensor *picture, uint8_t *out, ost_err *err)
{
    size_t size = image_bytes(g);
    ost_buf name = { 0 }, value = { 0 };
    uint64_t draw = name_image(g, item, copy, &name);
    ost_rc rc = ost_memo_get(g->ctx, ost_buf_str(&name), &value, NULL);

    if (!rc && value.len == size) {
        memcpy(out, value.data, size);
    } else if (!rc || rc == OST_ENOTFOUND) {
        uint8_t *planes = ost_xalloc(size);
        ost_tensor image;

        rc = ost_generator_run(&g->generator, picture, draw, &image, err);
        if (!rc) {
            ost_generator_bytes(image.data, size, planes);
            interleave(planes, &g->generator.image, out);
            ost_memo_put(g->ctx, ost_buf_str(&name), out, size);
            g->computed++;
        }
        ost_free(planes);
    }
    ost_buf_release(&name);
    ost_buf_release(&value);
    return rc;
}

static void copy_frames(const ost_tensor *from, uint8_t *to)
{
    for (int64_t t = 0; t < from->shape[0]; t++)
        for (int64_t y = 0; y < from->shape[1]; y++)
            for (int64_t x = 0; x < from->shape[2]; x++)
                *to++ =
                    ((const uint8_t *)
                         from->data)[t * from->stride[0] + y * from->stride[1] +
                                     x * from->stride[2]];
}

/* Gives `out` the image, and the frames that were given before it. */
static ost_rc add_image(generating *g, const ost_item *item, int64_t copy,
                        const ost_tensor *picture, ost_item *out, ost_err *err)
{
    const ost_generator_picture *p = &g->generator.image;
    int64_t before =
        p->frames && picture && picture->ndim == 3 && g->p->keep_given
            ? g->generator.input.frames
            : 0;
    int64_t shape[3] = { p->height, p->width, p->channels };
    int ndim = p->channels > 1 ? 3 : 2;
    ost_field made = { .name = g->to, .dtype = OST_U8 };
    ost_tensor t;
    ost_rc rc;

    if (p->frames) {
        shape[0] = before + p->frames;
        shape[1] = p->height;
        shape[2] = p->width;
        ndim = 3;
    }
    made.ndim = ndim;
    rc = ost_plane_check_name(p->frames ? OST_PLANE_FRAMES : OST_PLANE_IMAGE,
                              &made, err);
    if (!rc)
        rc = ost_new_field(g->ctx, out, g->to, OST_U8, ndim, shape, &t, err);
    if (rc)
        return rc;
    if (before)
        copy_frames(picture, t.data);
    return make_image(g, item, copy, picture,
                      (uint8_t *)t.data + before * p->height * p->width, err);
}

/* --- items --------------------------------------------------------------- */

/* What the image was made of, under another name. */
static ost_rc keep_condition(const generating *g, const ost_item *item,
                             ost_item *out, ost_err *err)
{
    ost_field kept;

    if (!g->p->condition)
        return OST_OK;
    kept = *ost_item_field(item, field_of(g, item));
    kept.name = g->p->condition;
    if (ost_plane_kind_of(&kept) == OST_PLANE_NONE)
        return ost_fail(err, OST_EINPUT,
                        "param 'condition': the picture cannot be called '%s'",
                        kept.name);
    ost_item_set_field(ost_ctx_arena(g->ctx), out, &kept);
    return OST_OK;
}

static ost_rc put_out(generating *g, ost_item *out, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(g->ctx);
    ost_rc rc;

    if (g->p->label)
        ost_item_set_label(arena, out, g->p->label);
    ost_item_set_text(arena, out, "kind", "generated");
    rc = ost_emit(g->ctx, "out", out, err);
    if (rc || ++g->done % FLUSH)
        return rc;
    rc = ost_flush(g->ctx, err);
    ost_ctx_return(g->ctx);
    if (!rc && ost_ctx_stop(g->ctx))
        rc = ost_fail(err, OST_EINTERRUPTED, "interrupted");
    ost_progress(g->ctx, g->done, g->total, NULL);
    return rc;
}

static const char *tagged(const generating *g, const char *id)
{
    return g->p->tag
               ? ost_arena_printf(ost_ctx_arena(g->ctx), "%s.%s", id, g->p->tag)
               : id;
}

static ost_rc generate_of(generating *g, const ost_item *item, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (int64_t k = 0; k < g->p->copies && !rc; k++) {
        ost_item *out = ost_derive(g->ctx, item, k);
        ost_tensor picture;

        out->id = tagged(g, out->id);
        rc = open_picture(g, item, &picture, err);
        if (!rc)
            rc = keep_condition(g, item, out, err);
        if (!rc)
            rc = add_image(g, item, k, &picture, out, err);
        if (!rc)
            rc = put_out(g, out, err);
    }
    return rc;
}

static ost_rc draw_image(generating *g, int64_t number, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(g->ctx);
    const char *id =
        ost_arena_printf(arena, "generated-%05lld", (long long)number);
    ost_item *out = ost_new_item(g->ctx, tagged(g, id), NULL);
    ost_rc rc = add_image(g, NULL, number, NULL, out, err);

    if (g->generator.n_classes == 1)
        ost_item_set_label(arena, out, g->generator.classes[0]);
    return rc ? rc : put_out(g, out, err);
}

/* --- all ----------------------------------------------------------------- */

static ost_rc open_items(generating *g, ost_err *err)
{
    const char *way = g->generator.way->name;
    bool given = ost_ctx_input_count(g->ctx, "data") > 0;
    ost_rc rc;

    if (ost_generator_draws(&g->generator)) {
        g->total = (size_t)g->p->count;
        if (given)
            return ost_fail(err, OST_EINPUT,
                            "way '%s' draws what it begins with: nothing is to "
                            "stand at port 'data'",
                            way);
        return g->p->count > 0
                   ? OST_OK
                   : ost_fail(err, OST_EINPUT,
                              "way '%s' draws what it begins with: param "
                              "'count' says how many images",
                              way);
    }
    if (g->p->count > 0)
        return ost_fail(err, OST_EINPUT,
                        "way '%s' reads items: there are as many images, times "
                        "'copies', and 'count' is of ways that draw",
                        way);
    if (!given)
        return ost_fail(err, OST_EINPUT,
                        "way '%s' reads items: a dataset is to stand at port "
                        "'data'",
                        way);
    rc = ost_ctx_items(g->ctx, ost_ctx_input(g->ctx, "data", 0), &g->items,
                       &g->n, err);
    g->total = g->n * (size_t)g->p->copies;
    return rc;
}

/* What is known of the images, for reports. */
static ost_rc tell(const generating *g, ost_err *err)
{
    const ost_generator *m = &g->generator;
    json_t *meta =
        json_pack("{s:{s:O,s:O,s:s,s:b,s:I}}", "generated", "objective",
                  json_object_get(m->meta, "objective"), "network",
                  json_object_get(m->meta, "network"), "way", m->way->name,
                  "eval_mode", !m->live, "images", (json_int_t)g->done);
    ost_rc rc = ost_emit_meta(g->ctx, "out", meta, err);

    json_decref(meta);
    return rc;
}

static ost_rc generate_all(generating *g, ost_err *err)
{
    const ost_generator_picture *in = &g->generator.input;
    ost_rc rc = open_items(g, err);

    g->field = g->p->field ? g->p->field : in->field;
    g->to = g->p->to                    ? g->p->to
            : g->generator.image.frames ? "frames"
                                        : "image";
    for (size_t i = 0; i < g->n && !rc; i++)
        rc = generate_of(g, &g->items[i], err);
    for (int64_t k = 0; k < g->p->count && !rc; k++)
        rc = draw_image(g, k, err);
    ost_count_items(g->ctx, g->computed, g->done - g->computed);
    return rc ? rc : tell(g, err);
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const ost_input *in = ost_ctx_input(ctx, "model", 0);
    generating g = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    ost_rc rc;

    ost_digest_hex(&in->digest, g.model_hex);
    rc = ost_ctx_backend(ctx, &g.backend, err);
    if (!rc)
        rc =
            ost_generator_open(ctx, in, g.p->way, g.backend, &g.generator, err);
    if (!rc && is_told(g.p))
        g.generator.live = !json_is_true(g.p->eval_mode);
    if (!rc)
        rc = generate_all(&g, err);
    ost_generator_release(&g.generator);
    return rc;
}

const ost_stage ost_stage_generate = {
    .name = "generate",
    .version = 2, /* bump when any output byte can change */
    .summary = "Lets a trained generator make images.",
    .flags =
        OST_STAGE_FLOAT | OST_STAGE_GPU | OST_STAGE_DRAWS | OST_STAGE_KEEPS,
    .param_size = sizeof(generate_params),
    .params = params,
    .inputs = OST_PORTS({ "model", OST_MODEL, "a generator", false, false },
                        { "data", OST_DATASET,
                          "what the images are made of; of ways that draw: "
                          "none",
                          false, true }),
    .outputs = OST_PORTS({ "out", OST_DATASET, "the images", false, false }),
    .check = check,
    .run = run,
};
