/* stages/evaluation_cases.c - predictions with a label, as columns */
#include "base/map.h"
#include "stages/evaluation.h"

#include <string.h>

#include "base/banned.h"

static bool is_labeled(const ost_prediction_table *t, const ost_prediction *p)
{
    if (t->kind == OST_PREDICTS_NUMBER)
        return !isnan(p->actual);
    return t->kind == OST_PREDICTS_LABELS || p->truth != OST_NO_CLASS;
}

/* The number of a name, a new one when it is new. */
static uint32_t number_of(ost_map *seen, const char *name)
{
    uint64_t number = seen->len;

    if (!ost_map_get(seen, name, strlen(name), &number))
        ost_map_put(seen, name, strlen(name), number);
    return (uint32_t)number;
}

static double **new_columns(ost_arena *arena, size_t columns, size_t n)
{
    double **all = OST_ARENA_ARRAY(arena, double *, columns);

    for (size_t k = 0; k < columns; k++)
        all[k] = OST_ARENA_ARRAY(arena, double, n);
    return all;
}

static uint8_t **new_flags(ost_arena *arena, size_t columns, size_t n)
{
    uint8_t **all = OST_ARENA_ARRAY(arena, uint8_t *, columns);

    for (size_t k = 0; k < columns; k++)
        all[k] = OST_ARENA_ARRAY(arena, uint8_t, n);
    return all;
}

static void make_room(const ost_prediction_table *t, ost_arena *arena,
                      ost_cases *c)
{
    size_t n = t->n_labeled;

    c->n_classes = t->n_classes;
    c->classes = t->classes;
    c->item = OST_ARENA_ARRAY(arena, const ost_item *, n);
    c->item_number = OST_ARENA_ARRAY(arena, uint32_t, n);
    c->group = OST_ARENA_ARRAY(arena, uint32_t, n);
    c->part = OST_ARENA_ARRAY(arena, uint32_t, n);
    if (t->kind == OST_PREDICTS_NUMBER) {
        c->number = OST_ARENA_ARRAY(arena, double, n);
        c->actual = OST_ARENA_ARRAY(arena, double, n);
        return;
    }
    if (t->scored)
        c->score = new_columns(arena, t->n_classes, n);
    if (t->kind == OST_PREDICTS_LABELS) {
        c->has = new_flags(arena, t->n_classes, n);
        c->says = new_flags(arena, t->n_classes, n);
    } else {
        c->truth = OST_ARENA_ARRAY(arena, uint32_t, n);
        c->predicted = OST_ARENA_ARRAY(arena, uint32_t, n);
    }
}

static void set_case(ost_cases *c, size_t at, const ost_prediction *p)
{
    if (c->number) {
        c->number[at] = p->number;
        c->actual[at] = p->actual;
    }
    if (c->truth) {
        c->truth[at] = p->truth;
        c->predicted[at] = p->predicted;
    }
    for (size_t k = 0; k < c->n_classes; k++) {
        if (c->score)
            c->score[k][at] = p->score ? p->score[k] : OST_UNDEFINED;
        if (c->has) {
            c->has[k][at] = p->has[k];
            c->says[k][at] = p->says[k];
        }
    }
}

ost_rc ost_cases_of(const ost_prediction_table *t, ost_arena *arena,
                    ost_cases *c, ost_err *err)
{
    ost_map groups = { 0 }, items = { 0 };
    ost_rc rc = OST_OK;

    *c = (ost_cases){ 0 };
    make_room(t, arena, c);
    for (size_t i = 0; i < t->n && !rc; i++) {
        const ost_prediction *p = &t->rows[i];

        if (!is_labeled(t, p))
            continue;
        if (t->kind == OST_PREDICTS_CLASS && p->predicted == OST_NO_CLASS) {
            rc = ost_fail(err, OST_EINPUT,
                          "item '%s' has neither scores nor a prediction",
                          p->item->id);
            break;
        }
        c->item[c->n] = p->item;
        c->item_number[c->n] = number_of(&items, p->item->id);
        c->group[c->n] = number_of(&groups, p->item->group);
        c->part[c->n] = p->part_index;
        set_case(c, c->n++, p);
    }
    c->n_items = items.len;
    c->n_groups = groups.len;
    ost_map_release(&groups);
    ost_map_release(&items);
    return rc;
}

ost_cases ost_cases_of_label(const ost_cases *c, size_t k,
                             const uint32_t *index, size_t n,
                             uint32_t *positive, ost_arena *arena)
{
    const char *without = ost_arena_printf(arena, "not %s", c->classes[k]);
    uint32_t yes = strcmp(c->classes[k], without) > 0;
    const char **classes = OST_ARENA_ARRAY(arena, const char *, 2);
    ost_cases of = { .n = n,
                     .n_classes = 2,
                     .classes = classes,
                     .n_items = c->n_items,
                     .n_groups = c->n_groups };

    classes[yes] = c->classes[k];
    classes[1 - yes] = without;
    of.truth = OST_ARENA_ARRAY(arena, uint32_t, n);
    of.predicted = OST_ARENA_ARRAY(arena, uint32_t, n);
    of.group = OST_ARENA_ARRAY(arena, uint32_t, n);
    of.score = OST_ARENA_ARRAY(arena, double *, 2);
    of.score[yes] = OST_ARENA_ARRAY(arena, double, n);
    for (size_t i = 0; i < n; i++) {
        of.truth[i] = c->has[k][index[i]] ? yes : 1 - yes;
        of.predicted[i] = c->says[k][index[i]] ? yes : 1 - yes;
        of.group[i] = c->group[index[i]];
        of.score[yes][i] = c->score[k][index[i]];
    }
    *positive = yes;
    return of;
}
