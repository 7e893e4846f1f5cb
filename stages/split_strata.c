/* stages/split_strata.c - what a division keeps even: classes and levels
 */
#include "base/map.h"
#include "stages/matching.h"
#include "stages/splitting.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *class_name(ost_arena *arena, const ost_item *item)
{
    const char *name = ost_item_label(item);

    if (name || item->n_labels == 0)
        return name ? name : "";
    name = item->labels[0];
    for (size_t i = 1; i < item->n_labels; i++)
        name = ost_arena_printf(arena, "%s\n%s", name, item->labels[i]);
    return name;
}

/* A text that sorts as the number does. */
static const char *sortable(ost_arena *arena, double v)
{
    uint64_t bits;

    v += 0; /* one zero */
    memcpy(&bits, &v, sizeof(bits));
    bits = bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
    return ost_arena_printf(arena, "%016llx", (unsigned long long)bits);
}

/* Name and key of the level that an attribute is in. */
static ost_rc find_level(ost_splitting *s, const ost_item *item,
                         const char **name, const char **key, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    const ost_attr *a = ost_item_attr(item, s->p->level);
    const ost_f64_list *cuts = &s->p->levels;
    size_t at = 0;

    if (!a)
        return ost_fail(err, OST_EINPUT, "item '%s' has no attribute '%s'",
                        item->id, s->p->level);
    if (cuts->n == 0) {
        *name = ost_attr_text(arena, a);
        *key = a->kind == OST_ATTR_TEXT ? a->text : sortable(arena, a->number);
        return OST_OK;
    }
    if (a->kind == OST_ATTR_TEXT || isnan(a->number))
        return ost_fail(err, OST_EINPUT,
                        "item '%s': attribute '%s' is not a number, as param "
                        "'levels' wants it",
                        item->id, s->p->level);
    while (at < cuts->n && a->number >= cuts->v[at])
        at++;
    *key = ost_arena_printf(arena, "%08zu", at);
    *name = at == 0 ? ost_arena_printf(arena, "below %g", cuts->v[0])
            : at == cuts->n
                ? ost_arena_printf(arena, "from %g", cuts->v[at - 1])
                : ost_arena_printf(arena, "%g to below %g", cuts->v[at - 1],
                                   cuts->v[at]);
    return OST_OK;
}

static ost_rc name_item(ost_splitting *s, size_t i, const char **name,
                        const char **key, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    const char *level_key = NULL;
    ost_rc rc;

    s->units[i] = s->p->group ? s->items[i].group : s->items[i].id;
    s->class_names[i] = class_name(arena, &s->items[i]);
    *name = *key = s->class_names[i];
    if (s->p->strata == OST_BY_CLASS)
        return OST_OK;
    rc = find_level(s, &s->items[i], &s->level_names[i], &level_key, err);
    if (rc)
        return rc;
    *name = s->level_names[i];
    *key = level_key;
    if (s->p->strata == OST_BY_BOTH) {
        *name = ost_arena_printf(arena, "%s, %s", s->class_names[i], *name);
        *key = ost_arena_printf(arena, "%s\t%s", s->class_names[i], level_key);
    }
    return OST_OK;
}

static void number_groups(ost_splitting *s)
{
    ost_map numbers = { 0 };
    uint64_t at;

    s->groups = OST_ARENA_ARRAY(ost_ctx_arena(s->ctx), uint32_t, s->n);
    for (size_t i = 0; i < s->n; i++) {
        const char *group = s->items[i].group;

        /* Items of a patient mostly follow each other. */
        if (i > 0 && strcmp(group, s->items[i - 1].group) == 0) {
            s->groups[i] = s->groups[i - 1];
            continue;
        }
        if (!ost_map_get(&numbers, group, strlen(group), &at)) {
            at = s->n_groups++;
            ost_map_put(&numbers, group, strlen(group), at);
        }
        s->groups[i] = (uint32_t)at;
    }
    ost_map_release(&numbers);
}

ost_rc ost_split_number(ost_splitting *s, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    ost_map numbers = { 0 };
    const char *name, *key;
    uint64_t at;
    ost_rc rc = OST_OK;

    s->units = OST_ARENA_ARRAY(arena, const char *, s->n);
    s->class_names = OST_ARENA_ARRAY(arena, const char *, s->n);
    if (s->p->strata != OST_BY_CLASS)
        s->level_names = OST_ARENA_ARRAY(arena, const char *, s->n);
    s->strata = OST_ARENA_ARRAY(arena, uint32_t, s->n);
    s->strata_keys = OST_ARENA_ARRAY(arena, const char *, s->n);
    s->strata_names = OST_ARENA_ARRAY(arena, const char *, s->n);
    s->fold = OST_ARENA_ARRAY(arena, uint32_t, s->n);
    s->part = OST_ARENA_ARRAY(arena, uint8_t, s->n);
    number_groups(s);
    for (size_t i = 0; i < s->n && !rc; i++) {
        rc = name_item(s, i, &name, &key, err);
        if (rc)
            break;
        if (!ost_map_get(&numbers, key, strlen(key), &at)) {
            at = s->n_strata++;
            ost_map_put(&numbers, key, strlen(key), at);
            s->strata_keys[at] = key;
            s->strata_names[at] = name;
        }
        s->strata[i] = (uint32_t)at;
    }
    ost_map_release(&numbers);
    return rc;
}

typedef struct {
    const char *key;
    uint32_t number;
} keyed;

static int by_key(const void *a, const void *b)
{
    return strcmp(((const keyed *)a)->key, ((const keyed *)b)->key);
}

const uint32_t *ost_split_sorted_strata(ost_splitting *s)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    keyed *order = OST_ARENA_ARRAY(arena, keyed, s->n_strata);
    uint32_t *place = OST_ARENA_ARRAY(arena, uint32_t, s->n_strata);
    uint32_t *sorted = OST_ARENA_ARRAY(arena, uint32_t, s->n);

    for (uint32_t c = 0; c < s->n_strata; c++)
        order[c] = (keyed){ s->strata_keys[c], c };
    qsort(order, s->n_strata, sizeof(*order), by_key);
    for (uint32_t c = 0; c < s->n_strata; c++)
        place[order[c].number] = c;
    for (size_t i = 0; i < s->n; i++)
        sorted[i] = place[s->strata[i]];
    return sorted;
}
