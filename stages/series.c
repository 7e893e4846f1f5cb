/* stages/series.c - items that become one, and come apart again */
#include "stages/series.h"

#include "base/map.h"
#include "base/text.h"
#include "stages/matching.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char prefix[] = "frame.";
/* What is said of a series, and not of its items. */
static const char own_prefix[] = "sequence.";
/* Where labels of items that differ in them are kept. */
static const char label_name[] = "label";

ost_rc ost_series_name(ost_arena *arena, const ost_series_spec *spec,
                       const ost_item *item, const char **name, ost_err *err)
{
    static const int by[] = { OST_MATCH_GROUP, OST_MATCH_PARENT,
                              OST_MATCH_ROOT };

    *name = ost_match_key(arena, by[spec->by], item);
    for (size_t i = 0; i < spec->within.n; i++) {
        const ost_attr *a = ost_item_attr(item, spec->within.v[i]);

        if (!a)
            return ost_fail(err, OST_EINPUT,
                            "item '%s' has no attribute '%s' (within)",
                            item->id, spec->within.v[i]);
        *name =
            ost_arena_printf(arena, "%s/%s", *name, ost_attr_part(arena, a));
    }
    return OST_OK;
}

/* --- order --------------------------------------------------------------- */

typedef struct {
    const ost_item *item;
    const ost_attr *at; /* NULL: by id */
} place;

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    int c = 0;

    if (x->at && x->at->kind != y->at->kind)
        return x->at->kind == OST_ATTR_NUMBER ? -1 : 1;
    if (x->at && x->at->kind == OST_ATTR_TEXT)
        c = strcmp(x->at->text, y->at->text);
    else if (x->at)
        c = (x->at->number > y->at->number) - (x->at->number < y->at->number);
    return c ? c : ost_id_compare(x->item->id, y->item->id);
}

ost_rc ost_series_sort(const ost_series_spec *spec, const ost_item **items,
                       size_t n, ost_err *err)
{
    place *places = ost_xalloc(sizeof(*places) * (n + 1));
    bool by_id = strcmp(spec->order, "id") == 0;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n && !rc; i++) {
        places[i].item = items[i];
        places[i].at = by_id ? NULL : ost_item_attr(items[i], spec->order);
        if (!by_id && !places[i].at)
            rc = ost_fail(err, OST_EINPUT,
                          "item '%s' has no attribute '%s' (order: \"id\" goes "
                          "by id)",
                          items[i]->id, spec->order);
    }
    if (!rc)
        qsort(places, n, sizeof(*places), compare_places);
    for (size_t i = 0; i < n && !rc; i++)
        items[i] = places[i].item;
    ost_free(places);
    return rc;
}

/* --- together ------------------------------------------------------------ */

static bool same_attr(const ost_attr *x, const ost_attr *y)
{
    if (!y || x->kind != y->kind)
        return false;
    if (x->kind == OST_ATTR_TEXT)
        return strcmp(x->text, y->text) == 0;
    return memcmp(&x->number, &y->number, sizeof(x->number)) == 0;
}

/* The attributes that a series gets. */
typedef struct {
    ost_arena *arena;
    ost_attr *v;
    size_t n;
} attr_list;

/* Says it of item `i` alone. */
static void add_of_one(attr_list *to, size_t i, const ost_attr *a)
{
    to->v[to->n] = *a;
    to->v[to->n++].name =
        ost_arena_printf(to->arena, "%s%zu.%s", prefix, i, a->name);
}

static bool all_have(const ost_attr *a, const ost_item *const *items, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (!same_attr(a, ost_item_attr(items[i], a->name)))
            return false;
    return true;
}

static void unite_attributes(attr_list *to, const ost_item *const *items,
                             size_t n)
{
    const ost_item *first = items[0];
    bool *shared = OST_ARENA_ARRAY(to->arena, bool, first->n_attrs + 1);

    for (size_t k = 0; k < first->n_attrs; k++) {
        shared[k] = all_have(&first->attrs[k], items, n);
        if (shared[k])
            to->v[to->n++] = first->attrs[k];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < items[i]->n_attrs; k++) {
            const ost_attr *a = &items[i]->attrs[k];
            const ost_attr *at = ost_item_attr(first, a->name);

            if (!at || !shared[at - first->attrs])
                add_of_one(to, i, a);
        }
}

static int compare_attrs(const void *x, const void *y)
{
    const ost_attr *a = x, *b = y;
    int c = strcmp(a->name, b->name);

    if (c || a->kind != b->kind)
        return c ? c : (a->kind > b->kind) - (a->kind < b->kind);
    if (a->kind == OST_ATTR_TEXT)
        return strcmp(a->text, b->text);
    return (a->number > b->number) - (a->number < b->number);
}

/* Sorted at once, as thousands of images make long lists. */
static void take_list(attr_list *list, ost_item *out)
{
    size_t n = 0;

    qsort(list->v, list->n, sizeof(*list->v), compare_attrs);
    for (size_t i = 0; i < list->n; i++)
        if (n == 0 || strcmp(list->v[n - 1].name, list->v[i].name) != 0)
            list->v[n++] = list->v[i];
    out->attrs = list->v;
    out->n_attrs = n;
}

static const char *labels_of(ost_arena *arena, const ost_item *item)
{
    ost_buf text = { 0 };
    const char *copy;

    ost_item_add_labels(&text, item);
    copy = ost_arena_strdup(arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return copy;
}

static ost_rc unite_labels(attr_list *to, ost_item *out,
                           const ost_item *const *items, size_t n, int labels,
                           ost_err *err)
{
    const ost_item *from = items[labels == OST_SERIES_LAST ? n - 1 : 0];
    const char **texts = OST_ARENA_ARRAY(to->arena, const char *, n);
    ost_buf all = { 0 };
    size_t other = 0;

    for (size_t i = 0; i < n; i++) {
        texts[i] = labels_of(to->arena, items[i]);
        ost_buf_addf(&all, "|%s", texts[i]);
        if (strcmp(texts[i], texts[0]) != 0)
            other = i;
    }
    out->labels = from->labels;
    out->n_labels = from->n_labels;
    if (labels == OST_SERIES_ANY)
        ost_item_set_labels(to->arena, out, ost_buf_str(&all));
    ost_buf_release(&all);
    if (other == 0)
        return OST_OK;
    if (labels == OST_SERIES_SAME)
        return ost_fail(err, OST_EINPUT,
                        "item '%s' has the label '%s' and item '%s' '%s' "
                        "(labels: last, first or any settles that)",
                        items[0]->id, texts[0], items[other]->id, texts[other]);
    for (size_t i = 0; i < n; i++)
        add_of_one(to, i,
                   &(ost_attr){ .name = label_name,
                                .kind = OST_ATTR_TEXT,
                                .text = texts[i] });
    return OST_OK;
}

ost_rc ost_series_new(ost_stage_ctx *ctx, const char *id,
                      const ost_item *const *items, size_t n, int labels,
                      ost_item **out, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    const char **parents = OST_ARENA_ARRAY(arena, const char *, n);
    attr_list list = { .arena = arena };
    size_t most = 1;
    ost_rc rc;

    *out = ost_new_item(ctx, id, items[0]->group);
    for (size_t i = 0; i < n; i++) {
        parents[i] = items[i]->id;
        most += items[i]->n_attrs + 1;
        if (strcmp(items[i]->group, items[0]->group) != 0)
            return ost_fail(err, OST_EINPUT,
                            "items '%s' and '%s' are of different groups",
                            items[0]->id, items[i]->id);
    }
    (*out)->parents = parents;
    (*out)->n_parents = n;
    list.v = OST_ARENA_ARRAY(arena, ost_attr, most);
    unite_attributes(&list, items, n);
    rc = unite_labels(&list, *out, items, n, labels, err);
    take_list(&list, *out);
    return rc;
}

static bool is_taken(const char *name, const char *field,
                     const ost_str_list *also)
{
    for (size_t i = 0; i < also->n; i++)
        if (strcmp(also->v[i], name) == 0)
            return true;
    return strcmp(name, field) == 0;
}

void ost_series_note_fields(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                            const char *field, const ost_str_list *also)
{
    ost_map seen = { 0 };
    ost_buf list = { 0 };

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < items[i].n_fields; k++) {
            const char *name = items[i].fields[k].name;

            if (!is_taken(name, field, also) &&
                ost_map_put(&seen, name, strlen(name), 0))
                ost_buf_addf(&list, "%s'%s'", list.len ? ", " : "", name);
        }
    if (list.len)
        ost_note(ctx, "fields that are left out: %s ('also' takes stacks)",
                 ost_buf_str(&list));
    ost_buf_release(&list);
    ost_map_release(&seen);
}

/* --- apart --------------------------------------------------------------- */

/* The name behind "frame.K."; NULL when it is about another item.  *about says
 * whether it is about any. */
static const char *name_within(const char *name, size_t k, bool *about)
{
    unsigned long of;
    char *end;

    *about = ost_starts_with(name, prefix) && name[sizeof(prefix) - 1] >= '0' &&
             name[sizeof(prefix) - 1] <= '9';
    if (!*about)
        return NULL;
    of = strtoul(name + sizeof(prefix) - 1, &end, 10);
    *about = *end == '.';
    return *about && of == k ? end + 1 : NULL;
}

static void set_attr(ost_arena *arena, ost_item *out, const char *name,
                     const ost_attr *a)
{
    if (a->kind == OST_ATTR_NUMBER)
        ost_item_set_number(arena, out, name, a->number);
    else
        ost_item_set_text(arena, out, name, a->text);
}

static void take_attributes(ost_arena *arena, const ost_item *series, size_t k,
                            ost_item *out)
{
    for (size_t i = 0; i < series->n_attrs; i++) {
        const ost_attr *a = &series->attrs[i];
        bool about;
        const char *name = name_within(a->name, k, &about);

        if (ost_starts_with(a->name, own_prefix))
            continue;
        if (name && strcmp(name, label_name) == 0 && a->kind == OST_ATTR_TEXT)
            ost_item_set_labels(arena, out, a->text);
        else if (name || !about)
            set_attr(arena, out, name ? name : a->name, a);
    }
}

static bool is_repeated(const ost_item *series, size_t k)
{
    for (size_t i = 0; i < k; i++)
        if (strcmp(series->parents[i], series->parents[k]) == 0)
            return true;
    return false;
}

ost_rc ost_series_part(ost_stage_ctx *ctx, const ost_item *series, size_t k,
                       size_t n, bool restore, ost_item **out, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(ctx);

    *out = NULL;
    if (restore && series->n_parents != n)
        return ost_fail(err, OST_EINPUT,
                        "item '%s' has %zu parents and %zu parts: their ids "
                        "are not known (ids: number)",
                        series->id, series->n_parents, n);
    if (restore && is_repeated(series, k))
        return OST_OK;
    *out = ost_derive(ctx, series, (int64_t)k);
    if (restore)
        (*out)->id = series->parents[k];
    (*out)->fields = NULL;
    (*out)->n_fields = 0;
    (*out)->attrs = NULL;
    (*out)->n_attrs = 0;
    take_attributes(arena, series, k, *out);
    return OST_OK;
}
