/* stages/report_chosen.c - the predictions that are most certain, right and
 * wrong, as pictures */
#include "base/alloc.h"
#include "base/map.h"
#include "base/vec.h"
#include "stages/report_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Amber: seen on gray, and on most colors. */
static const uint8_t contour_color[3] = { 255, 176, 32 };

/* --- examples ----------------------------------------------------------- */

/* A prediction that may be shown. */
typedef struct {
    const ost_prediction *p;
    const ost_item *image;
    double score;
    size_t rank; /* among those of its class */
} candidate;

typedef OST_VEC(candidate) candidates;

/* Where the images are: id -> index. */
typedef struct {
    ost_map index;
    OST_VEC(const ost_item *) items;
} album;

static int by_certainty(const void *a, const void *b)
{
    const candidate *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return ost_id_compare(x->p->item->id, y->p->item->id);
}

/* The most certain of each class first, then the second of each. */
static int by_turn(const void *a, const void *b)
{
    const candidate *x = a, *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->p->truth != y->p->truth)
        return x->p->truth < y->p->truth ? -1 : 1;
    return by_certainty(a, b);
}

static ost_rc open_album(ost_report_gathering *g, album *al, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < ost_ctx_input_count(g->ctx, "images") && !rc; i++) {
        const ost_input *in = ost_ctx_input(g->ctx, "images", i);
        const ost_item *items;
        size_t n;

        rc = ost_ctx_items(g->ctx, in, &items, &n, err);
        for (size_t k = 0; k < n && !rc; k++) {
            ost_map_put(&al->index, items[k].id, strlen(items[k].id),
                        al->items.len);
            ost_vec_push(&al->items, &items[k]);
        }
    }
    return rc;
}

static void choose(const ost_report_gathering *g, const album *al, bool right,
                   candidates *out)
{
    size_t *ranks = ost_xalloc((g->table.n_classes + 1) * sizeof(*ranks));
    size_t most = (size_t)g->params->examples;

    for (size_t i = 0; i < g->table.n; i++) {
        const ost_prediction *p = &g->table.rows[i];
        candidate c = { .p = p };
        uint64_t at;

        if (p->truth == OST_NO_CLASS || p->predicted == OST_NO_CLASS ||
            (p->truth == p->predicted) != right)
            continue;
        if (!ost_map_get(&al->index, p->item->id, strlen(p->item->id), &at))
            continue;
        c.image = al->items.data[at];
        c.score = p->score ? p->score[p->predicted] : 0;
        ost_vec_push(out, c);
    }
    if (out->len > 0) {
        qsort(out->data, out->len, sizeof(*out->data), by_certainty);
        for (size_t i = 0; i < out->len; i++)
            out->data[i].rank = ranks[out->data[i].p->truth]++;
        qsort(out->data, out->len, sizeof(*out->data), by_turn);
        out->len = out->len < most ? out->len : most;
    }
    if (out->len > 0)
        qsort(out->data, out->len, sizeof(*out->data), by_certainty);
    ost_free(ranks);
}

static ost_rc add_pictures(ost_report_gathering *g, const candidate *c,
                           json_t *e, ost_err *err)
{
    const ost_report_params *p = g->params;
    ost_rc rc =
        ost_report_add_picture(g, c->image, p->field, "picture", e, err);

    if (rc || !json_object_get(e, "picture") ||
        !ost_item_field(c->image, p->contour) ||
        strcmp(p->contour, p->field) == 0)
        return rc;
    return ost_report_add_marks(g, c->image, p->contour, contour_color, false,
                                "overlay", e, err);
}

ost_rc ost_report_gather_examples(ost_report_gathering *g, ost_err *err)
{
    json_t *all = json_array();
    album al = { 0 };
    ost_rc rc;

    json_object_set_new(g->doc, "examples", all);
    rc = open_album(g, &al, err);
    for (int right = 0; right < 2 && !rc; right++) {
        candidates chosen = { 0 };

        choose(g, &al, right, &chosen);
        for (size_t i = 0; i < chosen.len && !rc; i++) {
            const candidate *c = &chosen.data[i];
            const char **classes = g->table.classes;
            json_t *e = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s?}", "id",
                                  c->p->item->id, "group", c->p->item->group,
                                  "label", classes[c->p->truth], "predicted",
                                  classes[c->p->predicted], "right", right,
                                  "part", c->p->part);

            if (c->p->score)
                json_object_set_new(e, "score", json_real(c->score));
            rc = add_pictures(g, c, e, err);
            json_array_append_new(all, e);
        }
        ost_vec_release(&chosen);
    }
    ost_vec_release(&al.items);
    ost_map_release(&al.index);
    return rc;
}
