/* stages/report_points.c - images and patients at points of the study
 *
 * Each row at port `flow` is a point, in the order of the study: what was
 * read, what was good enough, what trained, what tested.  A point stems from
 * the last earlier one that holds all its patients, and all its images where
 * both know them by the same ids; so training and test set become branches of
 * one point, and filters a chain.  What is in a point and in none that stems
 * from it was lost there.
 */
#include "base/map.h"
#include "base/vec.h"
#include "stages/report_parts.h"

#include <string.h>

#include "base/banned.h"

typedef struct {
    const ost_input *in;
    const ost_item *items;
    size_t n;
    ost_map ids;
    ost_map groups;
    size_t parent; /* own index: none */
    bool by_id;    /* the parent knows its images by the same ids */
    bool branches; /* something stems from it */
    bool ids_last; /* all that stem from it know their images by its ids */
} point;

static ost_rc read_point(ost_report_gathering *g, size_t i, point *p,
                         ost_err *err)
{
    ost_rc rc;

    p->in = ost_ctx_input(g->ctx, "flow", i);
    rc = ost_ctx_items(g->ctx, p->in, &p->items, &p->n, err);
    for (size_t k = 0; k < p->n && !rc; k++) {
        const ost_item *item = &p->items[k];

        ost_map_put(&p->ids, item->id, strlen(item->id), 0);
        ost_map_put(&p->groups, item->group, strlen(item->group), 0);
    }
    return rc;
}

/* Points of two folds have nothing to do with each other. */
static bool may_meet(const ost_input *a, const ost_input *b)
{
    for (size_t i = 0; i < a->n_axes; i++)
        for (size_t k = 0; k < b->n_axes; k++)
            if (strcmp(a->axes[2 * i], b->axes[2 * k]) == 0 &&
                strcmp(a->axes[2 * i + 1], b->axes[2 * k + 1]) != 0)
                return false;
    return true;
}

/* Whether all patients of `p` are among those of `of`, and how many images. */
static bool stems_from(const point *p, const point *of, bool *by_id)
{
    size_t shared = 0;

    for (size_t k = 0; k < p->n; k++) {
        const ost_item *item = &p->items[k];

        if (!ost_map_get(&of->groups, item->group, strlen(item->group), NULL))
            return false;
        shared += ost_map_get(&of->ids, item->id, strlen(item->id), NULL);
    }
    *by_id = shared == p->n;
    return shared == 0 || shared == p->n;
}

static void find_parents(point *points, size_t n)
{
    for (size_t i = 0; i < n; i++)
        points[i].ids_last = true;
    for (size_t i = 0; i < n; i++) {
        point *p = &points[i];

        p->parent = i;
        for (size_t j = i; j-- > 0 && p->parent == i;)
            if (may_meet(p->in, points[j].in) &&
                stems_from(p, &points[j], &p->by_id))
                p->parent = j;
        if (p->parent != i) {
            points[p->parent].branches = true;
            points[p->parent].ids_last &= p->by_id;
        }
    }
}

/* Patients, and images, of a point that are in none that stems from it. */
static json_t *lost_at(const point *points, size_t n, size_t at)
{
    const point *p = &points[at];
    ost_map groups = { 0 };
    uint64_t images = 0;
    json_t *lost;

    for (size_t k = 0; k < p->n; k++) {
        const ost_item *item = &p->items[k];
        bool has_image = false, has_group = false;

        for (size_t i = at + 1; i < n; i++) {
            if (points[i].parent != at)
                continue;
            has_image |=
                ost_map_get(&points[i].ids, item->id, strlen(item->id), NULL);
            has_group |= ost_map_get(&points[i].groups, item->group,
                                     strlen(item->group), NULL);
        }
        images += !has_image;
        if (!has_group)
            ost_map_put(&groups, item->group, strlen(item->group), 0);
    }
    lost = json_pack("{s:I}", "n_groups", (json_int_t)groups.len);
    json_object_set_new(lost, "n_items",
                        p->ids_last ? json_integer((json_int_t)images)
                                    : json_null());
    ost_map_release(&groups);
    return lost;
}

/* How many images have which label, for points with few of them. */
static json_t *labels_of(const point *p)
{
    json_t *labels = json_object();

    for (size_t k = 0; k < p->n; k++) {
        const char *label = ost_item_label(&p->items[k]);
        const json_t *n = label ? json_object_get(labels, label) : NULL;

        if (label)
            json_object_set_new(labels, label,
                                json_integer(json_integer_value(n) + 1));
    }
    return labels;
}

static json_t *point_json(ost_report_gathering *g, const point *points,
                          size_t n, size_t i)
{
    const point *p = &points[i];
    const char *name = p->in->row ? p->in->row : "";
    const json_t *why = json_object_get(g->params->excluded, name);
    json_t *out = ost_report_entry(p->in);

    json_object_set_new(out, "n_items", json_integer((json_int_t)p->n));
    json_object_set_new(out, "n_groups",
                        json_integer((json_int_t)p->groups.len));
    json_object_set_new(out, "labels", labels_of(p));
    json_object_set_new(out, "from",
                        p->parent == i ? json_null()
                                       : json_integer((json_int_t)p->parent));
    if (p->branches)
        json_object_set_new(out, "lost", lost_at(points, n, i));
    if (json_is_string(why))
        json_object_set(out, "why", (json_t *)(uintptr_t)why);
    return out;
}

ost_rc ost_report_gather_flow(ost_report_gathering *g, ost_err *err)
{
    size_t n = ost_ctx_input_count(g->ctx, "flow");
    point *points = OST_ARENA_ARRAY(ost_ctx_arena(g->ctx), point, n + 1);
    json_t *flow = json_array();
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n && !rc; i++)
        rc = read_point(g, i, &points[i], err);
    if (!rc)
        find_parents(points, n);
    for (size_t i = 0; i < n && !rc; i++)
        json_array_append_new(flow, point_json(g, points, n, i));
    if (n > 0)
        json_object_set_new(g->doc, "flow", flow);
    else
        json_decref(flow);
    for (size_t i = 0; i < n; i++) {
        ost_map_release(&points[i].ids);
        ost_map_release(&points[i].groups);
    }
    return rc;
}
