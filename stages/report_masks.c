/* stages/report_masks.c - predicted outlines and those of the reference on the
 * image
 *
 * Each item at port `masks` has its predicted mask in field `mask`, and its
 * reference in field `reference`, by itself or on the item of the same id at
 * port `images`.  Shown are those on which both agree least, and those on which
 * they agree most, by Dice over everything above 0.  Where there is nothing and
 * nothing was found, there is nothing to see: such pairs are shown when there
 * are no others, and so are those without a reference.
 */
#include "base/map.h"
#include "base/vec.h"
#include "stages/planes.h"
#include "stages/report_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Okabe and Ito's sky blue and orange: apart for everyone, seen on gray. */
static const uint8_t reference_color[3] = { 86, 180, 233 };
static const uint8_t predicted_color[3] = { 255, 176, 32 };

typedef struct {
    const ost_item *item;
    const ost_item *truth; /* NULL: there is no reference */
    double dice;
    bool blank; /* nothing is marked in either */
} pair;

typedef struct {
    ost_report_gathering *g;
    ost_map index; /* id -> image */
    OST_VEC(const ost_item *) images;
    OST_VEC(pair) pairs;
} masking;

static ost_rc read_images(masking *m, ost_err *err)
{
    ost_stage_ctx *ctx = m->g->ctx;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < ost_ctx_input_count(ctx, "images") && !rc; i++) {
        const ost_item *items;
        size_t n;

        rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "images", i), &items, &n,
                           err);
        for (size_t k = 0; k < n && !rc; k++) {
            ost_map_put(&m->index, items[k].id, strlen(items[k].id),
                        m->images.len);
            ost_vec_push(&m->images, &items[k]);
        }
    }
    return rc;
}

static const char *reference_of(const masking *m)
{
    const ost_report_params *with = m->g->params;

    return with->reference ? with->reference : with->mask;
}

/* The item that holds the reference of another. */
static const ost_item *truth_of(const masking *m, const ost_item *item)
{
    const char *reference = reference_of(m);
    const ost_item *image;
    uint64_t at;

    if (strcmp(reference, m->g->params->mask) != 0 &&
        ost_item_field(item, reference))
        return item;
    if (!ost_map_get(&m->index, item->id, strlen(item->id), &at))
        return NULL;
    image = m->images.data[at];
    return ost_item_field(image, reference) ? image : NULL;
}

/* 2|X and Y| / (|X| + |Y|) of u8 masks of one shape; 1 when both are empty. */
static ost_rc find_dice(masking *m, pair *p, ost_err *err)
{
    const ost_report_params *with = m->g->params;
    uint64_t both = 0, sum = 0;
    ost_tensor a, b;
    ost_rc rc = ost_item_tensor(m->g->ctx, p->item, with->mask, &a, err);

    if (!rc)
        rc = ost_item_tensor(m->g->ctx, p->truth, reference_of(m), &b, err);
    if (rc)
        return rc;
    if (!ost_tensor_same_shape(&a, &b) || a.dtype != OST_U8 ||
        b.dtype != OST_U8 || a.ndim < 2 || a.ndim > 3)
        return ost_fail(err, OST_EINPUT,
                        "item '%s': fields '%s' and '%s' are not masks of one "
                        "size",
                        p->item->id, with->mask, reference_of(m));
    for (int64_t z = 0; z < (a.ndim == 3 ? a.shape[0] : 1); z++) {
        ost_tensor u = a.ndim == 3 ? ost_plane_frame(&a, z) : a;
        ost_tensor v = b.ndim == 3 ? ost_plane_frame(&b, z) : b;

        for (int64_t y = 0; y < u.shape[0]; y++)
            for (int64_t x = 0; x < u.shape[1]; x++) {
                bool in =
                    ((uint8_t *)u.data)[y * u.stride[0] + x * u.stride[1]] > 0;
                bool is =
                    ((uint8_t *)v.data)[y * v.stride[0] + x * v.stride[1]] > 0;

                both += in && is;
                sum += (uint64_t)in + is;
            }
    }
    p->blank = sum == 0;
    p->dice = sum > 0 ? 2.0 * (double)both / (double)sum : 1;
    return OST_OK;
}

static ost_rc read_pairs(masking *m, ost_err *err)
{
    ost_stage_ctx *ctx = m->g->ctx;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < ost_ctx_input_count(ctx, "masks") && !rc; i++) {
        const ost_item *items;
        size_t n;

        rc =
            ost_ctx_items(ctx, ost_ctx_input(ctx, "masks", i), &items, &n, err);
        for (size_t k = 0; k < n && !rc; k++) {
            pair p = { .item = &items[k], .truth = truth_of(m, &items[k]) };

            if (!ost_item_field(p.item, m->g->params->mask))
                continue;
            if (p.truth)
                rc = find_dice(m, &p, err);
            ost_ctx_return(ctx);
            ost_vec_push(&m->pairs, p);
        }
    }
    return rc;
}

/* Those with least to see last. */
static int rank_of(const pair *p)
{
    return !p->truth ? 2 : p->blank ? 1 : 0;
}

/* The least alike first, among those with as much to see. */
static int by_agreement(const void *a, const void *b)
{
    const pair *x = a, *y = b;

    if (rank_of(x) != rank_of(y))
        return rank_of(x) < rank_of(y) ? -1 : 1;
    if (x->dice != y->dice)
        return x->dice < y->dice ? -1 : 1;
    return ost_id_compare(x->item->id, y->item->id);
}

static ost_rc add_pair(masking *m, const pair *p, const char *place,
                       json_t *all, ost_err *err)
{
    const ost_report_params *with = m->g->params;
    const ost_item *image = p->truth ? p->truth : p->item;
    json_t *e = json_pack("{s:s, s:s, s:s}", "id", p->item->id, "group",
                          p->item->group, "place", place);
    ost_rc rc;

    if (p->truth)
        json_object_set_new(e, "dice", json_real(p->dice));
    if (!ost_item_field(image, with->field))
        image = p->item;
    rc = ost_report_add_picture(m->g, image, with->field, "picture", e, err);
    if (!rc && p->truth)
        rc = ost_report_add_marks(m->g, p->truth, reference_of(m),
                                  reference_color, true, "reference", e, err);
    if (!rc)
        rc = ost_report_add_marks(m->g, p->item, with->mask, predicted_color,
                                  true, "predicted", e, err);
    json_array_append_new(all, e);
    return rc;
}

/* How many pairs have as much to see as the first of the sorted ones. */
static size_t count_shown(const masking *m)
{
    size_t n = 0;

    while (n < m->pairs.len &&
           rank_of(&m->pairs.data[n]) == rank_of(&m->pairs.data[0]))
        n++;
    return n;
}

static ost_rc add_pairs(masking *m, ost_err *err)
{
    size_t n = m->pairs.len, most = (size_t)m->g->params->examples;
    json_t *all = json_array();
    ost_rc rc = OST_OK;

    if (n > 0)
        qsort(m->pairs.data, n, sizeof(*m->pairs.data), by_agreement);
    n = count_shown(m);
    most = most < n ? most : n;
    for (size_t i = 0; i < most && !rc; i++) {
        bool least = i < (most + 1) / 2;

        rc = add_pair(m, &m->pairs.data[least ? i : n - most + i],
                      least ? "least" : "most", all, err);
    }
    json_object_set_new(m->g->doc, "segmentations", all);
    return rc;
}

ost_rc ost_report_gather_masks(ost_report_gathering *g, ost_err *err)
{
    masking m = { .g = g };
    ost_rc rc;

    if (ost_ctx_input_count(g->ctx, "masks") == 0)
        return OST_OK;
    rc = read_images(&m, err);
    if (!rc)
        rc = read_pairs(&m, err);
    if (!rc)
        rc = add_pairs(&m, err);
    ost_vec_release(&m.images);
    ost_vec_release(&m.pairs);
    ost_map_release(&m.index);
    return rc;
}
