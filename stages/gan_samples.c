/* stages/gan_samples.c - what a generator makes while it learns */
#include "stages/gan_samples.h"

#include "base/alloc.h"
#include "stages/gan_training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Random streams of the step, beside those of gan_batch.c. */
enum { STREAM_ITEMS = 8, STREAM_REAL = 9, STREAM_IMAGES = 10 };

/* --- which items --------------------------------------------------------- */

static int by_index(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Some of `n` items, in their order; `count` becomes n at most. */
static uint32_t *draw_items(ost_stage_ctx *ctx, uint64_t stream, size_t n,
                            size_t *count)
{
    uint32_t *index = OST_ARENA_ARRAY(ost_ctx_arena(ctx), uint32_t, n);
    ost_rng rng = ost_ctx_rng(ctx, NULL, stream);

    for (size_t i = 0; i < n; i++)
        index[i] = (uint32_t)i;
    ost_rng_shuffle(&rng, index, n);
    *count = *count < n ? *count : n;
    qsort(index, *count, sizeof(*index), by_index);
    return index;
}

/* What the images are compared with: what belongs to them, or others. */
static void choose_real(ost_gan_training *t, ost_gan_samples *s)
{
    const ost_gan_pictures *p = s->pictures;
    int set = p->kind == OST_GAN_PAIRS || p->kind == OST_GAN_DOMAINS;

    s->real = &p->sets[set];
    s->n_real = s->n;
    s->real_index = s->index;
    s->first_real = p->kind == OST_GAN_SERIES ? t->spec->gan.given : 0;
    s->paired = p->kind == OST_GAN_PAIRS || p->kind == OST_GAN_SERIES;
    if (!s->paired)
        s->real_index = draw_items(t->ctx, STREAM_REAL, s->real->n, &s->n_real);
}

/* --- views --------------------------------------------------------------- */

/* Pictures of bytes, in whatever order. */
typedef struct view {
    const uint8_t *data;
    int64_t frames;
    int64_t channels;
    int64_t stride[4]; /* to the next frame, channel, row, column */
} view;

/* A field: (H, W), (H, W, C) or (T, H, W). */
static view view_of(const ost_picture_set *set, size_t i)
{
    const ost_tensor *t = &set->tensors[i];
    view v = { .data = t->data, .frames = 1, .channels = set->channels };

    if (set->frames) {
        v.frames = set->frames;
        v.stride[0] = t->stride[0];
        v.stride[2] = t->stride[1];
        v.stride[3] = t->stride[2];
        return v;
    }
    v.stride[1] = t->ndim == 3 ? t->stride[2] : 0;
    v.stride[2] = t->stride[0];
    v.stride[3] = t->stride[1];
    return v;
}

/* What was made: planes, one after the other. */
static view view_made(const ost_gan_samples *s, const uint8_t *bytes, size_t i)
{
    const ost_generator_picture *p = &s->generator.image;
    int64_t area = p->height * p->width;

    return (view){ .data = bytes + i * s->numbers,
                   .frames = p->frames ? p->frames : 1,
                   .channels = p->channels,
                   .stride = { area, area, p->width, 1 } };
}

static uint8_t at(const view *v, int64_t frame, int64_t channel, int64_t y,
                  int64_t x)
{
    return v->data[frame * v->stride[0] + channel * v->stride[1] +
                   y * v->stride[2] + x * v->stride[3]];
}

/* The frames of a real picture that are compared. */
static view view_real(const ost_gan_samples *s, size_t i)
{
    view v = view_of(s->real, s->real_index[i]);

    v.data += s->first_real * v.stride[0];
    v.frames -= s->first_real;
    return v;
}

/* --- spread -------------------------------------------------------------- */

typedef view (*nth_view)(const ost_gan_samples *s, const uint8_t *bytes,
                         size_t i);

static view nth_real(const ost_gan_samples *s, const uint8_t *bytes, size_t i)
{
    (void)bytes;
    return view_real(s, i);
}

/* The standard deviation of one number over `n` images. */
static double deviation(const view *views, size_t n, int64_t f, int64_t c,
                        int64_t y, int64_t x)
{
    int64_t sum = 0;
    int64_t squares = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t v = at(&views[i], f, c, y, x);

        sum += v;
        squares += v * v;
    }
    /* In whole numbers: what is equal has no deviation at all. */
    return sqrt((double)((int64_t)n * squares - sum * sum)) / (double)n;
}

static double spread_of(const ost_gan_samples *s, const uint8_t *bytes,
                        size_t n, nth_view nth)
{
    const ost_generator_picture *p = &s->generator.image;
    int64_t frames = p->frames ? p->frames : 1;
    view *views = ost_xalloc(n * sizeof(*views));
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        views[i] = nth(s, bytes, i);
    for (int64_t f = 0; f < frames; f++)
        for (int64_t c = 0; c < p->channels; c++)
            for (int64_t y = 0; y < p->height; y++)
                for (int64_t x = 0; x < p->width; x++)
                    sum += deviation(views, n, f, c, y, x);
    ost_free(views);
    return sum / (double)s->numbers;
}

/* NaN where nothing can be compared. */
static double measure_spread(const ost_gan_samples *s, const uint8_t *bytes)
{
    if (s->n < 2 || !(s->real_spread > 0.0))
        return (double)NAN;
    return spread_of(s, bytes, s->n, view_made) / s->real_spread;
}

/* --- opening ------------------------------------------------------------- */

static ost_generator_picture picture_of(const ost_picture_set *set,
                                        const char *field)
{
    return (ost_generator_picture){ .field = field,
                                    .channels = set->channels,
                                    .frames = set->frames,
                                    .height = set->height,
                                    .width = set->width };
}

/* The generator that learns, as `generate` would open it. */
static void describe(ost_gan_training *t, ost_gan_samples *s)
{
    const ost_gan_pictures *p = s->pictures;
    const ost_gan_spec *spec = &t->spec->gan;
    const ost_gan_way *way = spec->objective->ways;
    ost_tensor made = spec->objective->image(t->gan);
    const char *field = p->fields[p->kind == OST_GAN_PAIRS ? 1 : 0];
    ost_generator *g = &s->generator;

    *g = (ost_generator){
        .ctx = t->ctx,
        .backend = t->gan->backend,
        .networks = t->spec->networks[OST_GENERATOR],
        .way = way,
        .live = ost_generator_lives(spec->objective),
        .latent_ndim = spec->latent_ndim,
        .image = { .field = field,
                   .channels = made.shape[1],
                   .frames = made.ndim == 5 ? made.shape[2] : 0,
                   .height = made.shape[made.ndim - 2],
                   .width = made.shape[made.ndim - 1] },
    };
    memcpy(g->latent, spec->latent, sizeof(g->latent));
    if (way->input < 0)
        return;
    g->input = picture_of(&p->sets[way->input], p->fields[way->input]);
    if (p->kind == OST_GAN_SERIES)
        g->input.frames = spec->given;
}

static ost_rc check_real(const ost_gan_samples *s, ost_err *err)
{
    const ost_generator_picture *made = &s->generator.image;
    const ost_picture_set *real = s->real;
    int64_t frames = real->frames ? real->frames - s->first_real : 0;

    if (made->channels == real->channels && made->height == real->height &&
        made->width == real->width && made->frames <= frames &&
        (made->frames > 0) == (frames > 0))
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "the generator makes pictures of %lld x %lld x %lld, the "
                    "real ones are %lld x %lld x %lld",
                    (long long)made->height, (long long)made->width,
                    (long long)made->channels, (long long)real->height,
                    (long long)real->width, (long long)real->channels);
}

ost_rc ost_gan_samples_open(ost_gan_training *t, int64_t n, ost_gan_samples *s,
                            ost_err *err)
{
    ost_rng rng = ost_ctx_rng(t->ctx, NULL, STREAM_IMAGES);
    ost_rc rc;

    *s = (ost_gan_samples){ .pictures = t->spec->pictures, .n = (size_t)n };
    s->key = ost_rng_u64(&rng);
    describe(t, s);
    s->numbers = (size_t)(s->generator.image.channels *
                          s->generator.image.height * s->generator.image.width);
    if (s->generator.image.frames)
        s->numbers *= (size_t)s->generator.image.frames;
    if (!ost_generator_draws(&s->generator))
        s->index =
            draw_items(t->ctx, STREAM_ITEMS,
                       s->pictures->sets[s->generator.way->input].n, &s->n);
    choose_real(t, s);
    rc = check_real(s, err);
    s->bytes = ost_try_alloc(s->n, s->numbers);
    if (!rc && !s->bytes)
        rc = ost_fail(err, OST_ENOMEM, "no memory for %zu samples", s->n);
    if (!rc && s->n_real > 1)
        s->real_spread = spread_of(s, NULL, s->n_real, nth_real);
    return rc ? rc : ost_generator_build(&s->generator, err);
}

void ost_gan_samples_release(ost_gan_samples *s)
{
    ost_free(s->bytes);
    ost_vec_release(&s->list);
    s->generator.networks = (ost_side_networks){ 0 }; /* the training's */
    ost_generator_release(&s->generator);
    *s = (ost_gan_samples){ 0 };
}

/* --- one sampling -------------------------------------------------------- */

static ost_rc take_weights(ost_gan_training *t, ost_gan_samples *s,
                           ost_err *err)
{
    const ost_weights *from = t->gan->weights[OST_GENERATOR];
    ost_weights *to = s->generator.weights;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < from->len && !rc; i++) {
        ost_weight *w = ost_weights_find(to, from->data[i]->name);
        float *plain;

        if (!w) /* of another way */
            continue;
        plain = ost_try_alloc((size_t)ost_weight_count(w), sizeof(*plain));
        if (!plain)
            return ost_fail(err, OST_ENOMEM, "no memory for weight '%s'",
                            w->name);
        rc = ost_gan_weight_get(t, OST_GENERATOR, i, plain, err);
        if (!rc)
            rc = ost_weights_set(to, w, OST_PART_DATA, plain, err);
        ost_free(plain);
    }
    return rc;
}

static ost_rc make_image(ost_gan_samples *s, size_t i, uint8_t *bytes,
                         ost_err *err)
{
    const ost_tensor *picture = NULL;
    ost_rng rng = ost_rng_of(s->key, i);
    ost_tensor image;
    ost_rc rc;

    if (s->index)
        picture =
            &s->pictures->sets[s->generator.way->input].tensors[s->index[i]];
    rc = ost_generator_run(&s->generator, picture, ost_rng_u64(&rng), &image,
                           err);
    if (!rc)
        ost_generator_bytes(image.data, s->numbers, bytes);
    return rc;
}

/* Names what is remembered of a sampling. */
static char *memo_name(const ost_gan_training *t, int64_t step)
{
    char training[OST_DIGEST_HEX];

    return ost_xprintf("samples of %s, %lld",
                       ost_gan_training_name(t, training), (long long)step);
}

ost_rc ost_gan_sample(ost_gan_training *t, ost_gan_samples *s, ost_err *err)
{
    ost_gan_sampling made = { .step = t->updates };
    ost_rc rc = take_weights(t, s, err);
    char *name;

    for (size_t i = 0; i < s->n && !rc; i++)
        rc = make_image(s, i, s->bytes + i * s->numbers, err);
    if (rc)
        return rc;
    made.spread = measure_spread(s, s->bytes);
    ost_vec_push(&s->list, made);
    name = memo_name(t, made.step);
    rc = ost_memo_put_large(t->ctx, name, s->bytes, s->n * s->numbers, err);
    ost_free(name);
    return rc ? rc : ost_gan_samples_emit(t->ctx, s, err);
}

/* --- pictures of samplings ----------------------------------------------- */

/* Frames of what comes in, 0 where the way draws. */
static int64_t frames_in(const ost_gan_samples *s)
{
    if (!s->index)
        return 0;
    return s->generator.input.frames ? s->generator.input.frames : 1;
}

static int64_t frames_out(const ost_gan_samples *s)
{
    return s->generator.image.frames ? s->generator.image.frames : 1;
}

int ost_gan_grid_shape(const ost_gan_samples *s, int64_t shape[3])
{
    const ost_generator_picture *p = &s->generator.image;
    int64_t rows = frames_in(s) + frames_out(s) * (s->paired ? 2 : 1);
    int64_t channels = p->channels;

    if (s->index && s->generator.input.channels > channels)
        channels = s->generator.input.channels;
    shape[0] = rows * p->height;
    shape[1] = (int64_t)s->n * p->width;
    /* What is neither gray nor colored shows its first channel. */
    shape[2] = channels == 3 ? 3 : 1;
    return channels == 3 ? 3 : 2;
}

/* The frames of `v` below each other, the first at row `row`. */
static void put_frames(const ost_gan_samples *s, const view *v, int64_t frames,
                       size_t column, int64_t row, ost_tensor *out)
{
    const ost_generator_picture *p = &s->generator.image;
    int64_t channels = out->ndim == 3 ? out->shape[2] : 1;
    int64_t width = out->shape[1];
    uint8_t *to = out->data;

    for (int64_t f = 0; f < frames; f++)
        for (int64_t y = 0; y < p->height; y++)
            for (int64_t x = 0; x < p->width; x++)
                for (int64_t c = 0; c < channels; c++) {
                    int64_t line = (row + f) * p->height + y;
                    int64_t place = (int64_t)column * p->width + x;

                    to[(line * width + place) * channels + c] =
                        at(v, f, c < v->channels ? c : 0, y, x);
                }
}

void ost_gan_grid(const ost_gan_samples *s, ost_tensor *out)
{
    for (size_t i = 0; i < s->n; i++) {
        view made = view_made(s, s->bytes, i);
        int64_t row = frames_in(s);

        if (s->index) {
            view in = view_of(&s->pictures->sets[s->generator.way->input],
                              s->index[i]);

            put_frames(s, &in, row, i, 0, out);
        }
        put_frames(s, &made, frames_out(s), i, row, out);
        if (s->paired) {
            view real = view_real(s, i);

            put_frames(s, &real, frames_out(s), i, row + frames_out(s), out);
        }
    }
}

/* --- for checkpoints ----------------------------------------------------- */

void ost_gan_samples_write(const ost_gan_samples *s, ost_buf *b)
{
    ost_buf_varint(b, (uint64_t)s->low);
    ost_buf_varint(b, s->list.len);
    for (size_t i = 0; i < s->list.len; i++) {
        ost_buf_varint(b, (uint64_t)s->list.data[i].step);
        ost_buf_f64(b, s->list.data[i].spread);
    }
}

/* The images of a sampling that is remembered; `wanted` says whether they are
 * to be handed out, or only looked for. */
static ost_rc recall(ost_gan_training *t, ost_gan_samples *s, int64_t step,
                     bool wanted, ost_err *err)
{
    char *name = memo_name(t, step);
    ost_buf bytes = { 0 };
    ost_rc rc = ost_memo_get_large(t->ctx, name, &bytes, err);

    if (!rc && bytes.len != s->n * s->numbers)
        rc = OST_ENOTFOUND;
    if (!rc && wanted)
        memcpy(s->bytes, bytes.data, bytes.len);
    ost_buf_release(&bytes);
    ost_free(name);
    return rc;
}

ost_rc ost_gan_samples_read(ost_gan_training *t, ost_gan_samples *s,
                            ost_reader *r, ost_err *err)
{
    int64_t low = (int64_t)ost_read_varint(r);
    uint64_t n = ost_read_varint(r);
    OST_VEC(ost_gan_sampling) all = { 0 };
    ost_rc rc = OST_OK;

    for (uint64_t i = 0; i < n && !rc && !r->bad; i++) {
        ost_gan_sampling made = { 0 };

        made.step = (int64_t)ost_read_varint(r);
        made.spread = ost_read_f64(r);
        ost_vec_push(&all, made);
        rc = recall(t, s, made.step, false, err);
    }
    if (!rc && r->bad)
        rc = ost_fail(err, OST_EINPUT, "the checkpoint is malformed");
    for (size_t i = 0; i < all.len && !rc; i++) {
        rc = recall(t, s, all.data[i].step, true, err);
        ost_vec_push(&s->list, all.data[i]);
        if (!rc)
            rc = ost_gan_samples_emit(t->ctx, s, err);
    }
    s->low = rc ? 0 : low;
    ost_vec_release(&all);
    return rc;
}
