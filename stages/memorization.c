/* stages/memorization.c - whether generated images are copies
 */
#include "stages/memorization.h"

#include "base/alloc.h"
#include "kernels/stats/image_sets.h"
#include "kernels/stats/intervals.h"
#include "kernels/stats/quantile.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- rows --------------------------------------------------------------- */

static float value_at(const ost_tensor *t, int64_t at)
{
    if (t->dtype == OST_U8)
        return ((const uint8_t *)t->data)[at];
    if (t->dtype == OST_U16)
        return ((const uint16_t *)t->data)[at];
    return ((const float *)t->data)[at];
}

/* Copies the numbers of any view, row by row. */
static void copy_values(const ost_tensor *t, float *to)
{
    int64_t index[OST_MAX_DIMS] = { 0 };
    int64_t n = ost_tensor_count(t);

    for (int64_t i = 0; i < n; i++) {
        int64_t at = 0;

        for (int k = 0; k < t->ndim; k++)
            at += index[k] * t->stride[k];
        to[i] = value_at(t, at);
        for (int k = t->ndim - 1; k >= 0 && ++index[k] == t->shape[k]; k--)
            index[k] = 0;
    }
}

static bool same_shape(const ost_field *a, const ost_field *b)
{
    bool same = a->ndim == b->ndim;

    for (int k = 0; same && k < a->ndim; k++)
        same = a->shape[k] == b->shape[k];
    return same;
}

static ost_rc read_row(ost_stage_ctx *ctx, const ost_item *item,
                       const char *field, const char *port, ost_image_rows *r,
                       float *to, ost_err *err)
{
    ost_tensor t;
    ost_rc rc = ost_item_tensor(ctx, item, field, &t, err);

    if (rc)
        return rc;
    copy_values(&t, to);
    for (size_t k = 0; k < r->d; k++)
        if (!isfinite(to[k]))
            return ost_fail(err, OST_EINPUT,
                            "port '%s': item '%s' has a value in '%s' that is "
                            "not finite",
                            port, item->id, field);
    return OST_OK;
}

ost_rc ost_image_rows_read(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                           const char *field, const char *port,
                           ost_image_rows *r, ost_err *err)
{
    const ost_field *first = n ? ost_item_field(&items[0], field) : NULL;
    ost_rc rc = OST_OK;

    *r = (ost_image_rows){ .items = items, .n = n };
    for (size_t i = 0; i < n; i++) {
        const ost_field *f = ost_item_field(&items[i], field);

        if (!f)
            return ost_fail(err, OST_EINPUT,
                            "port '%s': item '%s' has no field '%s' (the "
                            "stage 'features' makes features)",
                            port, items[i].id, field);
        if (!same_shape(f, first))
            return ost_fail(err, OST_EINPUT,
                            "port '%s': field '%s' of item '%s' has another "
                            "shape than that of '%s'",
                            port, field, items[i].id, items[0].id);
    }
    if (!first)
        return OST_OK;
    r->d = 1;
    for (int k = 0; k < first->ndim; k++)
        r->d *= (size_t)first->shape[k];
    r->rows = OST_ARENA_ARRAY(ost_ctx_arena(ctx), float, n * r->d + 1);
    for (size_t i = 0; i < n && !rc; i++) {
        rc = read_row(ctx, &items[i], field, port, r, r->rows + i * r->d, err);
        ost_ctx_return(ctx);
    }
    return rc;
}

/* --- neighbors ---------------------------------------------------------- */

typedef struct {
    size_t of, to;
    double distance;
} neighbor;

typedef struct {
    const ost_image_rows *from, *to;
    bool within; /* the two are one: a row is not its own neighbor */
    neighbor *found;
} search;

static ost_rc find_one(void *user, size_t i, ost_err *err)
{
    search *s = user;
    neighbor *f = &s->found[i];

    (void)err;
    f->of = i;
    f->distance =
        ost_nearest_row(s->from->rows + i * s->from->d, s->to->rows, s->to->n,
                        s->to->d, s->within ? i : SIZE_MAX, &f->to);
    return OST_OK;
}

static int by_distance(const void *a, const void *b)
{
    const neighbor *x = a, *y = b;

    if (x->distance < y->distance || x->distance > y->distance)
        return x->distance < y->distance ? -1 : 1;
    return x->of < y->of ? -1 : 1;
}

/* The nearest neighbors of all rows, by rising distance. */
static ost_rc find_all(ost_stage_ctx *ctx, const ost_image_rows *from,
                       const ost_image_rows *to, neighbor **found, ost_err *err)
{
    search s = { .from = from, .to = to, .within = from == to };
    ost_rc rc;

    s.found = OST_ARENA_ARRAY(ost_ctx_arena(ctx), neighbor, from->n + 1);
    rc = ost_parallel(ctx, from->n, find_one, &s, err);
    if (!rc)
        qsort(s.found, from->n, sizeof(*s.found), by_distance);
    *found = s.found;
    return rc;
}

static double quantile_of(const neighbor *found, size_t n, double q)
{
    double *v = ost_xalloc((n + 1) * sizeof(*v)), at;

    for (size_t i = 0; i < n; i++)
        v[i] = found[i].distance;
    at = ost_quantile_sorted(v, n, q);
    ost_free(v);
    return at;
}

/* --- the verdict -------------------------------------------------------- */

static json_t *list_nearest(const ost_memorization *how, const neighbor *found,
                            const ost_image_rows *made,
                            const ost_image_rows *learned)
{
    json_t *list = json_array();

    for (size_t i = 0; i < made->n && i < how->pairs; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:f}", "generated",
                            made->items[found[i].of].id, "learned",
                            learned->items[found[i].to].id, "distance",
                            found[i].distance / how->unit));
    return list;
}

ost_rc ost_memorization_judge(ost_stage_ctx *ctx, const ost_memorization *how,
                              const ost_image_rows *made,
                              const ost_image_rows *learned, json_t **out,
                              ost_err *err)
{
    neighbor *within, *found;
    size_t below = 0, identical = 0;
    double threshold;
    ost_interval i;
    ost_rc rc = find_all(ctx, learned, learned, &within, err);

    if (!rc)
        rc = find_all(ctx, made, learned, &found, err);
    if (rc)
        return rc;
    threshold = quantile_of(within, learned->n, how->quantile);
    for (size_t k = 0; k < made->n; k++) {
        bool copy = found[k].distance <= 0;

        /* Learned images that are there twice leave no distance to be below. */
        below += copy || found[k].distance < threshold;
        identical += copy;
    }
    i = ost_wilson_interval(below, made->n, 0.95);
    *out = json_pack(
        "{s:f, s:I, s:I, s:I, s:f, s:{s:{s:f, s:f, s:s, s:f}}, s:o}",
        "threshold", threshold / how->unit, "n", (json_int_t)made->n, "n_below",
        (json_int_t)below, "n_identical", (json_int_t)identical, "share",
        (double)below / (double)made->n, "intervals", "share", "lower", i.lo,
        "upper", i.hi, "method", "wilson", "level", 0.95, "nearest",
        list_nearest(how, found, made, learned));
    return OST_OK;
}
