/* stages/twins.c - judged pictures that training has under another name */
#include "stages/twins.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
    MOST_LISTED = 100,
    TOLD = 3,
    LOOKS = 8192, /* at pictures that are like one, until that is enough */
};

/* --- all pictures ------------------------------------------------------ */

static ost_rc read_items(ost_twins *t, const char *port, ost_err *err)
{
    size_t inputs = ost_ctx_input_count(t->ctx, port), n;
    const ost_item *items;
    ost_rc rc = OST_OK;

    for (size_t k = 0; k < inputs && !rc; k++) {
        rc = ost_ctx_items(t->ctx, ost_ctx_input(t->ctx, port, k), &items, &n,
                           err);
        for (size_t i = 0; i < n && !rc; i++)
            if (ost_map_put(&t->by_id, items[i].id, strlen(items[i].id),
                            t->items.len))
                ost_vec_push(&t->items, &items[i]);
    }
    return rc;
}

static bool has_contrast(const ost_picture_mark *m)
{
    const ost_wide_hash none = { { 0 } };

    return ost_wide_distance(&m->wide, &none) > 0;
}

/* Says who comes next under a key, and is the first one from now on. */
static uint32_t chain(ost_map *first, const void *key, size_t n, size_t i)
{
    uint64_t before = UINT32_MAX;

    ost_map_get(first, key, n, &before);
    ost_map_put(first, key, n, i);
    return (uint32_t)before;
}

static void index_items(ost_twins *t)
{
    ost_arena *arena = ost_ctx_arena(t->ctx);
    size_t n = t->items.len;

    t->next_of_group = OST_ARENA_ARRAY(arena, uint32_t, n + 1);
    t->next_alike = OST_ARENA_ARRAY(arena, uint32_t, n + 1);
    /* From the last to the first, so that chains begin with the first. */
    for (size_t i = n; i-- > 0;) {
        const char *group = t->items.data[i]->group;

        t->next_of_group[i] = chain(&t->by_group, group, strlen(group), i);
        if (!has_contrast(&t->marks[i]))
            continue;
        t->next_alike[i] = chain(&t->by_pixels, t->marks[i].pixels.b,
                                 sizeof(t->marks[i].pixels.b), i);
        ost_wide_hashes_add(&t->near, &t->marks[i].wide);
        ost_vec_push(&t->near_item, (uint32_t)i);
    }
}

ost_rc ost_twins_open(ost_twins *t, ost_stage_ctx *ctx, const char *port,
                      const char *field, int distance, ost_err *err)
{
    size_t fresh = 0;
    ost_rc rc;

    *t = (ost_twins){ .ctx = ctx, .distance = distance };
    rc = read_items(t, port, err);
    if (rc || t->items.len == 0)
        return rc;
    t->marks =
        OST_ARENA_ARRAY(ost_ctx_arena(ctx), ost_picture_mark, t->items.len);
    rc = ost_picture_marks(ctx, t->items.data, t->items.len, field,
                           OST_MARK_PIXELS | OST_MARK_WIDE, t->marks, &fresh,
                           err);
    if (rc)
        return rc;
    ost_count_items(ctx, fresh, t->items.len - fresh);
    ost_wide_hashes_init(&t->near);
    index_items(t);
    return OST_OK;
}

void ost_twins_close(ost_twins *t)
{
    ost_wide_hashes_release(&t->near);
    ost_map_release(&t->by_id);
    ost_map_release(&t->by_group);
    ost_map_release(&t->by_pixels);
    ost_vec_release(&t->items);
    ost_vec_release(&t->near_item);
    ost_vec_release(&t->found);
}

/* --- one judged item --------------------------------------------------- */

typedef struct {
    ost_twins *t;
    const ost_item *judged;
    const char *const *groups;
    size_t n_groups;
    uint32_t picture; /* that is looked at */
    uint32_t looks;
    ost_twin best;
} looking;

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool was_learned(const looking *l, uint32_t i)
{
    const char *group = l->t->items.data[i]->group;

    return strcmp(group, l->judged->group) != 0 &&
           bsearch(&group, l->groups, l->n_groups, sizeof(*l->groups), by_name);
}

static void take(looking *l, uint32_t same_as, int distance, bool identical)
{
    l->best.picture = l->t->items.data[l->picture];
    l->best.same_as = l->t->items.data[same_as];
    l->best.distance = distance;
    l->best.identical = identical;
}

static bool visit_near(void *user, uint32_t at, int distance)
{
    looking *l = user;
    uint32_t i = l->t->near_item.data[at];

    if (distance <= l->t->distance &&
        (!l->best.same_as || distance < l->best.distance) && was_learned(l, i))
        take(l, i, distance, false);
    return ++l->looks < LOOKS && !(l->best.same_as && l->best.distance == 0);
}

static void look_at_picture(looking *l, uint32_t i)
{
    const ost_picture_mark *mark = &l->t->marks[i];
    uint64_t same = UINT32_MAX;

    if (!has_contrast(mark) || l->best.identical)
        return;
    l->picture = i;
    l->looks = 0;
    ost_map_get(&l->t->by_pixels, mark->pixels.b, sizeof(mark->pixels.b),
                &same);
    for (; same != UINT32_MAX && l->looks < LOOKS;
         same = l->t->next_alike[same], l->looks++)
        if (was_learned(l, (uint32_t)same)) {
            take(l, (uint32_t)same, 0, true);
            return;
        }
    l->looks = 0;
    ost_wide_hashes_visit(&l->t->near, &mark->wide, visit_near, l);
}

/* The picture of an id, or of what stands in front of its '#'. */
static bool find_picture(const ost_twins *t, const char *id, uint64_t *at)
{
    return ost_map_get(&t->by_id, id, strlen(id), at) ||
           ost_map_get(&t->by_id, id, strcspn(id, "#"), at);
}

void ost_twins_look(ost_twins *t, const ost_item *judged, const char *part,
                    const char *const *groups, size_t n_groups)
{
    looking l = { .t = t,
                  .judged = judged,
                  .groups = groups,
                  .n_groups = n_groups,
                  .best.part = part };
    uint64_t at = UINT32_MAX;

    if (find_picture(t, judged->id, &at)) {
        look_at_picture(&l, (uint32_t)at);
    } else {
        ost_map_get(&t->by_group, judged->group, strlen(judged->group), &at);
        if (at == UINT32_MAX) {
            t->n_without++;
            return;
        }
        for (; at != UINT32_MAX; at = t->next_of_group[at])
            look_at_picture(&l, (uint32_t)at);
    }
    t->n_judged++;
    if (!l.best.same_as)
        return;
    t->n_identical += l.best.identical;
    t->n_near += !l.best.identical;
    ost_vec_push(&t->found, l.best);
}

/* --- what was found ---------------------------------------------------- */

static int by_distance(const void *a, const void *b)
{
    const ost_twin *x = a, *y = b;

    if (x->identical != y->identical)
        return x->identical ? -1 : 1;
    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    return ost_id_compare(x->picture->id, y->picture->id);
}

static json_t *twin_json(const ost_twin *twin, const char *axis)
{
    json_t *out =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:b}", "item", twin->picture->id,
                  "group", twin->picture->group, "same_as", twin->same_as->id,
                  "same_as_group", twin->same_as->group, "distance",
                  twin->distance, "identical", (int)twin->identical);
    int64_t number;

    if (twin->part && axis)
        json_object_set_new(out, axis,
                            ost_parse_i64(twin->part, &number)
                                ? json_integer((json_int_t)number)
                                : json_string(twin->part));
    return out;
}

json_t *ost_twins_json(ost_twins *t, const char *axis)
{
    size_t n = t->found.len, listed = n < MOST_LISTED ? n : MOST_LISTED;
    json_t *pairs = json_array();

    if (n > 1)
        qsort(t->found.data, n, sizeof(*t->found.data), by_distance);
    for (size_t i = 0; i < listed; i++)
        json_array_append_new(pairs, twin_json(&t->found.data[i], axis));
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:o, s:I}", "n_pictures",
        (json_int_t)t->items.len, "n_judged", (json_int_t)t->n_judged,
        "n_without", (json_int_t)t->n_without, "n_identical",
        (json_int_t)t->n_identical, "n_near", (json_int_t)t->n_near, "pairs",
        pairs, "n_not_listed", (json_int_t)(n - listed));
}

void ost_twins_tell(ost_twins *t, bool identical, ost_buf *out)
{
    size_t n = identical ? t->n_identical : t->n_near, told = 0;

    if (t->found.len > 1)
        qsort(t->found.data, t->found.len, sizeof(*t->found.data), by_distance);
    for (size_t i = 0; i < t->found.len && told < TOLD; i++) {
        const ost_twin *twin = &t->found.data[i];

        if (twin->identical != identical)
            continue;
        ost_buf_addf(out, "%s'%s' of '%s' is %s'%s' of '%s'",
                     told++ ? ", " : "", twin->picture->id,
                     twin->picture->group, identical ? "" : "near ",
                     twin->same_as->id, twin->same_as->group);
    }
    if (n > told)
        ost_buf_addf(out, " and %zu more", n - told);
}
