/* stages/mask_scores.c - overlap, distances and lesions of two masks */
#include "stages/mask_scores.h"

#include "base/alloc.h"
#include "base/vec.h"
#include "kernels/areas.h"
#include "kernels/connected.h"
#include "kernels/stats/quantile.h"
#include "kernels/stats/sorting.h"
#include "kernels/surfaces.h"
#include "stages/planes.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

typedef OST_VEC(double) numbers;

/* A plane of both masks as bytes, and room for what is made of them. */
typedef struct {
    const ost_mask_spec *spec;
    ost_mask_scores *s;
    ost_grid grid;
    size_t size;
    uint8_t *mask[2];
    uint8_t *outline[2];
    double *room;
    numbers distance[2]; /* from each outline to the other */
    size_t within;       /* outline pixels within the tolerance */
    size_t outlined;
} scoring;

static ost_rc fill_plane(scoring *k, const ost_tensor *t, int which,
                         ost_err *err)
{
    ost_tensor bytes =
        ost_tensor_of(k->mask[which], OST_U8, 2,
                      (int64_t[]){ k->grid.height, k->grid.width });

    memset(k->mask[which], 0, k->size);
    return t->data ? ost_cpu_mark(t, &bytes, err) : OST_OK;
}

static void count_pixels(scoring *k)
{
    for (size_t i = 0; i < k->size; i++) {
        k->s->pixels[0] += k->mask[0][i];
        k->s->pixels[1] += k->mask[1][i];
        k->s->both += k->mask[0][i] & k->mask[1][i];
    }
}

static void measure_outlines(scoring *k)
{
    size_t n[2];

    for (int a = 0; a < 2; a++)
        n[a] = ost_mask_outline(&k->grid, k->mask[a], k->outline[a]);
    for (int a = 0; a < 2; a++) {
        numbers *d = &k->distance[a];

        if (n[a] == 0)
            continue;
        ost_vec_reserve(d, d->len + n[a]);
        ost_outline_distances(&k->grid, k->outline[a], k->outline[1 - a],
                              k->room, d->data + d->len);
        for (size_t i = 0; i < n[a]; i++)
            k->within += d->data[d->len + i] <= k->spec->tolerance;
        d->len += n[a];
        k->outlined += n[a];
    }
}

/* Whether the other mask marks enough of a lesion. */
static bool is_met(const scoring *k, int64_t marked, int64_t area)
{
    return marked > 0 && (double)marked >= k->spec->overlap * (double)area;
}

static ost_rc count_lesions(scoring *k, int which, ost_err *err)
{
    const uint8_t *other = k->mask[1 - which];
    ost_tensor t = ost_tensor_of(k->mask[which], OST_U8, 2,
                                 (int64_t[]){ k->grid.height, k->grid.width });
    ost_components c = { 0 };
    int64_t *marked;
    ost_rc rc = ost_cpu_components(
        &t, k->spec->sides ? OST_COMPONENTS_SIDES : 0, &c, err);

    if (rc)
        return rc;
    marked = ost_xalloc(((size_t)c.count + 1) * sizeof(*marked));
    for (int64_t y = 0; y < c.height; y++) {
        for (int64_t r = c.row[y]; r < c.row[y + 1]; r++) {
            for (int32_t x = c.runs[r].begin; x < c.runs[r].end; x++)
                marked[c.runs[r].component] += other[y * c.width + x];
        }
    }
    for (int32_t i = 1; i <= c.count; i++) {
        if (c.all[i - 1].area < k->spec->least)
            continue;
        k->s->lesions[which]++;
        k->s->met[which] += is_met(k, marked[i], c.all[i - 1].area);
    }
    ost_free(marked);
    ost_components_release(&c);
    return OST_OK;
}

static ost_rc score_plane(scoring *k, const ost_tensor *predicted,
                          const ost_tensor *reference, ost_err *err)
{
    ost_rc rc = fill_plane(k, predicted, 0, err);

    if (!rc)
        rc = fill_plane(k, reference, 1, err);
    if (rc)
        return rc;
    count_pixels(k);
    measure_outlines(k);
    rc = count_lesions(k, 0, err);
    return rc ? rc : count_lesions(k, 1, err);
}

/* --- what follows from the counts ------------------------------------------
 */

/* Sorts distances, the infinite ones (as far as any) last; returns how many
 * are finite. */
static size_t settle(numbers *d)
{
    size_t finite = 0;

    for (size_t i = 0; i < d->len; i++) {
        if (isfinite(d->data[i]))
            d->data[finite++] = d->data[i];
    }
    ost_sort_numbers(d->data, finite);
    for (size_t i = finite; i < d->len; i++)
        d->data[i] = finite > 0 ? d->data[finite - 1] : 0;
    return finite;
}

static double quantile_of(const numbers *d, size_t finite, double q)
{
    if (d->len == 0 || (size_t)ceil(q * (double)(d->len - 1)) >= finite)
        return (double)NAN;
    return ost_quantile_sorted(d->data, d->len, q);
}

/* The larger of the two directions' quantiles. */
static double hausdorff(const scoring *k, const size_t finite[2], double q)
{
    double a = quantile_of(&k->distance[0], finite[0], q);
    double b = quantile_of(&k->distance[1], finite[1], q);

    return isnan(a) || isnan(b) ? (double)NAN : fmax(a, b);
}

static void conclude(scoring *k)
{
    ost_mask_scores *s = k->s;
    double sum = (double)(s->pixels[0] + s->pixels[1]);
    double both = (double)s->both;
    size_t finite[2] = { settle(&k->distance[0]), settle(&k->distance[1]) };

    s->dice = sum > 0 ? 2 * both / sum : (double)NAN;
    s->iou = sum > 0 ? both / (sum - both) : (double)NAN;
    s->surface_dice =
        k->outlined > 0 ? (double)k->within / (double)k->outlined : (double)NAN;
    s->hd95 = hausdorff(k, finite, 0.95);
    s->hd = hausdorff(k, finite, 1);
}

static ost_tensor plane_of(const ost_tensor *t, int64_t i)
{
    return t->data && t->ndim == 3 ? ost_plane_frame(t, i) : *t;
}

ost_rc ost_mask_scores_of(const ost_tensor *predicted,
                          const ost_tensor *reference,
                          const ost_mask_spec *spec, ost_mask_scores *s,
                          ost_err *err)
{
    bool stack = predicted->ndim == 3;
    int64_t planes = stack ? predicted->shape[0] : 1;
    scoring k = { .spec = spec, .s = s };
    ost_rc rc = OST_OK;

    *s = (ost_mask_scores){ 0 };
    k.grid = (ost_grid){ predicted->shape[stack], predicted->shape[stack + 1],
                         spec->spacing_y, spec->spacing_x };
    k.size = (size_t)(k.grid.height * k.grid.width);
    for (int a = 0; a < 2; a++) {
        k.mask[a] = ost_xalloc(k.size + 1);
        k.outline[a] = ost_xalloc(k.size + 1);
    }
    k.room = ost_xalloc((k.size + 1) * sizeof(*k.room));
    for (int64_t i = 0; i < planes && !rc; i++) {
        ost_tensor a = plane_of(predicted, i), b = plane_of(reference, i);

        rc = score_plane(&k, &a, &b, err);
    }
    if (!rc)
        conclude(&k);
    for (int a = 0; a < 2; a++) {
        ost_free(k.mask[a]);
        ost_free(k.outline[a]);
        ost_vec_release(&k.distance[a]);
    }
    ost_free(k.room);
    return rc;
}
