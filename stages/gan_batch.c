/* stages/gan_batch.c - what generators and discriminators learn from */
#include "stages/gan_batch.h"

#include "base/alloc.h"
#include "stages/generator.h"

#include <math.h>

#include "base/banned.h"

/* Random streams of the step: moves of a set, then orders, by epoch and set. */
enum { STREAM_MOVES = 4, STREAM_ORDER = 16 };

static ost_rc check_bytes(const ost_picture_set *set, const char *field,
                          ost_err *err)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->tensors[i].dtype != OST_U8)
            return ost_fail(err, OST_EINPUT,
                            "item '%s': field '%s' is %s, generators learn "
                            "from u8, 0 to 255 (a 'normalize' or 'window' "
                            "stage makes it)",
                            set->items[i].id, field,
                            ost_dtype_name(set->tensors[i].dtype));
    return OST_OK;
}

static ost_rc open_set(ost_gan_pictures *p, int set, const char *port,
                       const char *field, ost_err *err)
{
    const ost_item *items;
    size_t n;
    ost_rc rc =
        ost_ctx_items(p->ctx, ost_ctx_input(p->ctx, port, 0), &items, &n, err);

    if (!rc && n == 0)
        rc = ost_fail(err, OST_EINPUT, "port '%s' has no items", port);
    if (!rc)
        rc = ost_picture_set_open(p->ctx, items, n, field, &p->sets[set], err);
    if (!rc)
        rc = check_bytes(&p->sets[set], field, err);
    p->fields[set] = field;
    return rc;
}

/* Pictures that are two next to each other, as `pair` makes them: the left half
 * becomes set 0, the right one set 1. */
static ost_rc divide(ost_gan_pictures *p, ost_err *err)
{
    ost_picture_set *left = &p->sets[0];
    ost_picture_set *right = &p->sets[1];
    int64_t width = left->width / 2;

    if (left->width % 2)
        return ost_fail(err, OST_EINPUT,
                        "field '%s' is %lld pixels wide and no pair (a 'pair' "
                        "stage puts condition and image side by side; "
                        "'condition' names a field of its own)",
                        p->fields[0], (long long)left->width);
    left->width = width;
    *right = *left;
    right->tensors =
        OST_ARENA_ARRAY(ost_ctx_arena(p->ctx), ost_tensor, right->n);
    for (size_t i = 0; i < right->n; i++) {
        ost_tensor *t = &left->tensors[i];

        t->shape[1] = width;
        right->tensors[i] = *t;
        right->tensors[i].data =
            (unsigned char *)t->data + width * t->stride[1];
    }
    p->fields[1] = p->fields[0];
    return OST_OK;
}

static ost_rc open_pairs(ost_gan_pictures *p, const ost_gan_source *s,
                         ost_err *err)
{
    ost_rc rc;

    p->n_sets = 2;
    if (!s->condition) {
        rc = open_set(p, 0, "in", s->field, err);
        return rc ? rc : divide(p, err);
    }
    rc = open_set(p, 0, "in", s->condition, err);
    if (!rc)
        rc = open_set(p, 1, "in", s->field, err);
    if (!rc && (p->sets[0].height != p->sets[1].height ||
                p->sets[0].width != p->sets[1].width))
        rc =
            ost_fail(err, OST_EINPUT,
                     "field '%s' is %lld x %lld and field '%s' %lld x %lld",
                     s->condition, (long long)p->sets[0].height,
                     (long long)p->sets[0].width, s->field,
                     (long long)p->sets[1].height, (long long)p->sets[1].width);
    return rc;
}

static ost_rc open_domains(ost_gan_pictures *p, const ost_gan_source *s,
                           ost_err *err)
{
    const ost_picture_set *a = &p->sets[0];
    const ost_picture_set *b = &p->sets[1];
    ost_rc rc;

    p->n_sets = 2;
    if (ost_ctx_input_count(p->ctx, "b") == 0)
        return ost_fail(err, OST_EINPUT,
                        "the objective needs a second domain, a dataset at "
                        "port 'b'");
    rc = open_set(p, 0, "in", s->field, err);
    if (!rc)
        rc = open_set(p, 1, "b", s->field, err);
    if (!rc && (a->height != b->height || a->width != b->width))
        rc = ost_fail(err, OST_EINPUT,
                      "pictures at port 'in' are %lld x %lld, those at port "
                      "'b' %lld x %lld (a 'resize' stage makes them alike)",
                      (long long)a->height, (long long)a->width,
                      (long long)b->height, (long long)b->width);
    return rc;
}

static ost_rc open_single(ost_gan_pictures *p, const ost_gan_source *s,
                          ost_err *err)
{
    ost_rc rc = open_set(p, 0, "in", s->field, err);

    p->n_sets = 1;
    if (!rc && s->kind == OST_GAN_SERIES && !p->sets[0].frames)
        rc = ost_fail(err, OST_EINPUT,
                      "the objective learns from series, and field '%s' holds "
                      "pictures ('field': 'frames')",
                      s->field);
    return rc;
}

static ost_rc open_kind(ost_gan_pictures *p, const ost_gan_source *s,
                        ost_err *err)
{
    if (s->kind != OST_GAN_DOMAINS && ost_ctx_input_count(p->ctx, "b") > 0)
        return ost_fail(err, OST_EINPUT,
                        "the objective knows no second domain: nothing is to "
                        "stand at port 'b'");
    if (s->kind == OST_GAN_PAIRS)
        return open_pairs(p, s, err);
    return s->kind == OST_GAN_DOMAINS ? open_domains(p, s, err)
                                      : open_single(p, s, err);
}

static bool moves(const ost_gan_pictures *p)
{
    return p->jitter > 1.0 || p->flip > 0.0;
}

ost_rc ost_gan_pictures_open(ost_stage_ctx *ctx, const ost_gan_source *source,
                             ost_gan_pictures *p, ost_err *err)
{
    ost_rc rc;

    *p = (ost_gan_pictures){
        .ctx = ctx,
        .kind = source->kind,
        .jitter = source->jitter,
        .flip = source->flip,
    };
    rc = open_kind(p, source, err);
    for (int i = 0; i < p->n_sets && !rc; i++) {
        ost_gan_row *row = &p->rows[i];
        ost_rng rng = ost_ctx_rng(ctx, NULL, STREAM_MOVES + (uint64_t)i);

        *row = (ost_gan_row){
            .stream = STREAM_ORDER + (uint64_t)i,
            .key = ost_rng_u64(&rng),
            .n = p->sets[i].n,
            .epoch = -1,
        };
    }
    return rc;
}

void ost_gan_pictures_release(ost_gan_pictures *p)
{
    for (int i = 0; i < OST_GAN_INPUTS; i++)
        ost_free(p->rows[i].order);
    ost_free(p->raw);
    *p = (ost_gan_pictures){ 0 };
}

size_t ost_gan_epoch_items(const ost_gan_pictures *p)
{
    size_t most = 0;

    for (int i = 0; i < p->n_sets; i++)
        most = p->sets[i].n > most ? p->sets[i].n : most;
    return most;
}

/* The row that a set is taken from. */
static ost_gan_row *row_of(ost_gan_pictures *p, int set)
{
    return &p->rows[p->kind == OST_GAN_PAIRS ? 0 : set];
}

ost_rc ost_gan_item_at(ost_gan_pictures *p, int set, int64_t place,
                       uint32_t *index, ost_err *err)
{
    ost_gan_row *row = row_of(p, set);
    int64_t epoch = place / (int64_t)row->n;

    if (!row->order)
        row->order = ost_try_alloc(row->n, sizeof(*row->order));
    if (!row->order)
        return ost_fail(err, OST_ENOMEM, "no memory for an epoch of %zu items",
                        row->n);
    if (row->epoch != epoch) {
        ost_rng rng = ost_ctx_rng(
            p->ctx, NULL, row->stream + (uint64_t)epoch * OST_GAN_INPUTS);

        for (size_t i = 0; i < row->n; i++)
            row->order[i] = (uint32_t)i;
        ost_rng_shuffle(&rng, row->order, row->n);
        row->epoch = epoch;
    }
    *index = row->order[place % (int64_t)row->n];
    return OST_OK;
}

/* --- moves --------------------------------------------------------------- */

/* Output pixel i is made of input pixels at[i] and its right neighbor, in the
 * parts 1 - part[i] and part[i]. */
typedef struct line {
    int64_t *at;
    float *part;
} line;

static void free_line(line *l)
{
    ost_free(l->part);
    ost_free(l->at);
}

/* `n` pixels out of those of a picture enlarged to `large`, from `from` on. */
static line make_line(int64_t n, int64_t large, int64_t from, bool flip)
{
    line l = { ost_xalloc((size_t)n * sizeof(*l.at)),
               ost_xalloc((size_t)n * sizeof(*l.part)) };
    double step = (double)n / (double)large;

    for (int64_t i = 0; i < n; i++) {
        int64_t k = flip ? n - 1 - i : i;
        double x = ((double)(k + from) + 0.5) * step - 0.5;
        int64_t left;

        x = fmin(fmax(x, 0.0), (double)(n - 1));
        left = (int64_t)x;
        if (left > n - 2)
            left = n > 1 ? n - 2 : 0;
        l.at[i] = left;
        l.part[i] = (float)(x - (double)left);
    }
    return l;
}

static void move_plane(const float *from, int64_t height, int64_t width,
                       const line *rows, const line *columns, float *to)
{
    int64_t right = width > 1;
    int64_t below = height > 1 ? width : 0;

    for (int64_t y = 0; y < height; y++) {
        const float *above = from + rows->at[y] * width;
        float v = rows->part[y];

        for (int64_t x = 0; x < width; x++) {
            const float *p = above + columns->at[x];
            float h = columns->part[x];
            float a = p[0] + h * (p[right] - p[0]);
            float b = p[below] + h * (p[below + right] - p[below]);

            *to++ = a + v * (b - a);
        }
    }
}

typedef struct moving {
    const ost_gan_pictures *p;
    const ost_gan_row *row;
    const ost_picture_set *set;
    int64_t place;
    float *out;
} moving;

static ost_rc move_one(void *user, size_t i, ost_err *err)
{
    const moving *m = user;
    const ost_picture_set *set = m->set;
    int64_t h = set->height;
    int64_t w = set->width;
    int64_t planes = set->channels * (set->frames ? set->frames : 1);
    int64_t tall = llround((double)h * m->p->jitter);
    int64_t wide = llround((double)w * m->p->jitter);
    ost_rng rng = ost_rng_of(m->row->key, (uint64_t)m->place + i);
    int64_t top = (int64_t)ost_rng_below(&rng, (uint64_t)(tall - h + 1));
    int64_t left = (int64_t)ost_rng_below(&rng, (uint64_t)(wide - w + 1));
    bool flip = ost_rng_f64(&rng) < m->p->flip;
    line rows = make_line(h, tall, top, false);
    line columns = make_line(w, wide, left, flip);
    int64_t at = (int64_t)i * planes * h * w;

    (void)err;
    for (int64_t k = 0; k < planes; k++, at += h * w)
        move_plane(m->p->raw + at, h, w, &rows, &columns, m->out + at);
    free_line(&columns);
    free_line(&rows);
    return OST_OK;
}

static ost_rc need_raw(ost_gan_pictures *p, size_t count, ost_err *err)
{
    if (count <= p->raw_count)
        return OST_OK;
    ost_free(p->raw);
    p->raw = ost_try_alloc(count, sizeof(*p->raw));
    p->raw_count = p->raw ? count : 0;
    return p->raw ? OST_OK : ost_fail(err, OST_ENOMEM, "no memory for a batch");
}

static ost_rc load_set(ost_gan_pictures *p, int i, int64_t place,
                       const ost_gan_spec *spec, float *out, ost_err *err)
{
    const ost_picture_set *set = &p->sets[i];
    ost_normalization norm = ost_generator_norm(set->channels);
    size_t n = (size_t)spec->shape[i][0];
    size_t count = 1;
    uint32_t *index = ost_xalloc(n * sizeof(*index));
    moving m = { p, row_of(p, i), set, place, out };
    ost_rc rc = OST_OK;

    for (int k = 0; k < spec->ndim[i]; k++)
        count *= (size_t)spec->shape[i][k];
    for (size_t k = 0; k < n && !rc; k++)
        rc = ost_gan_item_at(p, i, place + (int64_t)k, &index[k], err);
    if (!rc && moves(p))
        rc = need_raw(p, count, err);
    if (!rc)
        rc = ost_picture_set_load(p->ctx, set, &norm, index, n,
                                  moves(p) ? p->raw : out, err);
    if (!rc && moves(p))
        rc = ost_parallel(p->ctx, n, move_one, &m, err);
    ost_free(index);
    return rc;
}

ost_rc ost_gan_load(ost_gan_pictures *p, int64_t place, ost_gan *gan,
                    ost_err *err)
{
    ost_rc rc = OST_OK;

    for (int i = 0; i < p->n_sets && !rc; i++) {
        float *to;

        rc = ost_gan_host_input(gan, i, &to, err);
        if (!rc)
            rc = load_set(p, i, place, gan->spec, to, err);
    }
    return rc;
}
