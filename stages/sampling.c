/* stages/sampling.c - which items an epoch takes, in which order */
#include "stages/sampling.h"

#include "base/alloc.h"

#include <string.h>

#include "base/banned.h"

enum { MOST_OF_A_CLASS = 10000000 };

static bool is_count(const json_t *v)
{
    return json_is_integer(v) && json_integer_value(v) >= 0 &&
           json_integer_value(v) <= MOST_OF_A_CLASS;
}

ost_rc ost_sampling_check(ost_sampling_kind kind, const json_t *per_class,
                          ost_err *err)
{
    const char *name;
    json_t *v;

    if (!per_class || json_is_null(per_class))
        return OST_OK;
    if (kind == OST_SAMPLE_BALANCED)
        return ost_fail(err, OST_EWORKFLOW,
                        "'per_class' says how many items of each class there "
                        "are to be, so 'sampling' cannot be 'balanced' too");
    if (json_is_integer(per_class) && json_integer_value(per_class) > 0 &&
        is_count(per_class))
        return OST_OK;
    if (!json_is_object(per_class))
        return ost_fail(err, OST_EWORKFLOW,
                        "'per_class' is neither a whole number above 0 nor an "
                        "object from class to whole number");
    json_object_foreach((json_t *)(uintptr_t)per_class, name, v)
    {
        if (!is_count(v))
            return ost_fail(err, OST_EWORKFLOW,
                            "'per_class' of class '%s' is not a whole number",
                            name);
    }
    return OST_OK;
}

/* Sorts the items by class. */
static ost_rc list_members(ost_stage_ctx *ctx, const ost_target *target,
                           const ost_item *items, ost_sampling *s, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    size_t *next = OST_ARENA_ARRAY(arena, size_t, s->n_classes + 1);

    s->wanted = OST_ARENA_ARRAY(arena, size_t, s->n_classes + 1);
    s->first = OST_ARENA_ARRAY(arena, size_t, s->n_classes + 1);
    s->members = OST_ARENA_ARRAY(arena, uint32_t, s->n + 1);
    for (size_t i = 0; i < s->n; i++) {
        int32_t c = ost_target_class(target, i);

        if (c < 0)
            return ost_fail(err, OST_EINPUT,
                            "item '%s' is not of one class, and items are to "
                            "be drawn by class",
                            items[i].id);
        s->first[c + 1]++;
    }
    for (size_t c = 0; c < s->n_classes; c++) {
        s->first[c + 1] += s->first[c];
        next[c] = s->first[c];
    }
    for (size_t i = 0; i < s->n; i++)
        s->members[next[ost_target_class(target, i)]++] = (uint32_t)i;
    return OST_OK;
}

static ost_rc read_counts(const json_t *per_class, const char *const *classes,
                          ost_sampling *s, ost_err *err)
{
    const char *name;
    json_t *v;

    for (size_t c = 0; c < s->n_classes; c++) {
        const json_t *count = json_is_object(per_class)
                                  ? json_object_get(per_class, classes[c])
                                  : per_class;

        if (!count)
            return ost_fail(err, OST_EINPUT, "class '%s' has no 'per_class'",
                            classes[c]);
        s->wanted[c] = (size_t)json_integer_value(count);
    }
    json_object_foreach((json_t *)(uintptr_t)per_class, name, v)
    {
        bool found = json_integer_value(v) == 0;

        for (size_t c = 0; c < s->n_classes && !found; c++)
            found = strcmp(classes[c], name) == 0;
        if (!found)
            return ost_fail(err, OST_EINPUT,
                            "no item is of class '%s' that 'per_class' names",
                            name);
    }
    return OST_OK;
}

ost_rc ost_sampling_open(ost_stage_ctx *ctx, ost_sampling_kind kind,
                         const json_t *per_class, const ost_target *target,
                         const ost_item *items, size_t n, ost_sampling *s,
                         ost_err *err)
{
    bool given = per_class && !json_is_null(per_class);
    const char *const *classes;
    ost_rc rc;

    *s = (ost_sampling){ .n = n, .epoch_items = n };
    if (!given && kind == OST_SAMPLE_SHUFFLE)
        return OST_OK;
    s->n_classes = ost_target_classes(target, &classes);
    rc = list_members(ctx, target, items, s, err);
    if (rc)
        return rc;
    if (given) {
        rc = read_counts(per_class, classes, s, err);
        s->epoch_items = 0;
        for (size_t c = 0; c < s->n_classes; c++)
            s->epoch_items += s->wanted[c];
        if (!rc && s->epoch_items == 0)
            rc = ost_fail(err, OST_EINPUT, "'per_class' leaves no items");
    } else {
        for (size_t c = 0; c < s->n_classes; c++)
            s->wanted[c] = n / s->n_classes + (c < n % s->n_classes);
    }
    return rc;
}

/* `wanted` of `n` members: all of them as often as they go in, some more. */
static uint32_t *draw_class(const uint32_t *members, size_t n, size_t wanted,
                            ost_rng *rng, uint32_t *to)
{
    size_t some = n ? wanted % n : 0;
    uint32_t *mixed;

    for (size_t left = wanted - some; left > 0; left -= n, to += n)
        memcpy(to, members, n * sizeof(*to));
    if (some == 0)
        return to;
    mixed = ost_xalloc(n * sizeof(*mixed));
    memcpy(mixed, members, n * sizeof(*mixed));
    ost_rng_shuffle(rng, mixed, n);
    memcpy(to, mixed, some * sizeof(*to));
    ost_free(mixed);
    return to + some;
}

void ost_sampling_draw(const ost_sampling *s, ost_rng *rng, uint32_t *index)
{
    uint32_t *to = index;

    for (size_t i = 0; s->n_classes == 0 && i < s->n; i++)
        index[i] = (uint32_t)i;
    for (size_t c = 0; c < s->n_classes; c++)
        to = draw_class(s->members + s->first[c], s->first[c + 1] - s->first[c],
                        s->wanted[c], rng, to);
    ost_rng_shuffle(rng, index, s->epoch_items);
}
