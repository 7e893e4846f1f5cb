/* stages/balance.c - exactly so many items of each class
 *
 * A class that has too many items keeps a drawn part of them; one that has too
 * few gets copies: every item equally often, and some drawn ones once more.
 * Copies hold no pixels of their own; they are called ID#0, ID#1 and so on
 * (numbers that are taken are skipped), have the item as their parent, and keep
 * its group, so that a split by patient keeps them together.
 *
 * Who is drawn follows from the seed and the item's own content, neither from
 * its id, its place nor the items beside it: a new item leaves the lots of the
 * others as they were.
 */
#include "base/vec.h"
#include "stages/matching.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { BOTH, UNDER, OVER };

typedef struct {
    const json_t *to;
    int method;
    const char *attribute;
} balance_params;

static const ost_param params[] = {
    OST_PARAM(balance_params, to, JSON,
              "items of each class in the end: \"min\" or \"max\" (as many as "
              "the smallest or largest class has), a number, or an object "
              "from class to number",
              .dflt = "\"min\""),
    OST_PARAM(balance_params, method, CHOICE,
              "under: only leave items out; over: only repeat items; both: as "
              "each class needs it",
              .dflt = "\"both\"", .choices = "both|under|over"),
    OST_PARAM(balance_params, attribute, STR,
              "attribute whose values are the classes; unset: the label",
              .dflt = "null"),
    OST_END,
};

static bool is_count(const json_t *v)
{
    return json_is_integer(v) && json_integer_value(v) >= 0 &&
           json_integer_value(v) <= INT32_MAX;
}

static ost_rc check(const void *of, ost_err *err)
{
    const balance_params *p = of;
    const char *word = json_string_value(p->to), *name;
    json_t *v;

    if (is_count(p->to) ||
        (word && (strcmp(word, "min") == 0 || strcmp(word, "max") == 0)))
        return OST_OK;
    if (!json_is_object(p->to))
        return ost_fail(err, OST_EWORKFLOW,
                        "param 'to': expected \"min\", \"max\", a whole "
                        "number, or an object from class to whole number");
    json_object_foreach((json_t *)(uintptr_t)p->to, name, v)
    {
        if (!is_count(v))
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'to': of class '%s' it is no whole number",
                            name);
    }
    return OST_OK;
}

typedef struct {
    const char *class;
    uint64_t lot; /* drawn from the item: who comes first in its class */
    size_t index;
} member;

typedef struct {
    ost_stage_ctx *ctx;
    const balance_params *p;
    const ost_item *items;
    size_t n;
    member *members; /* by class, then by lot */
    size_t smallest, largest;
    ost_map ids; /* that are taken */
} balancing;

static int compare_members(const void *a, const void *b)
{
    const member *x = a, *y = b;
    int c = strcmp(x->class, y->class);

    if (c != 0)
        return c;
    if (x->lot != y->lot)
        return x->lot < y->lot ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static ost_rc class_of(balancing *b, const ost_item *item, const char **class,
                       ost_err *err)
{
    const ost_attr *a;

    if (b->p->attribute) {
        a = ost_item_attr(item, b->p->attribute);
        if (!a)
            return ost_fail(err, OST_EINPUT, "item '%s' has no attribute '%s'",
                            item->id, b->p->attribute);
        *class = ost_attr_text(ost_ctx_arena(b->ctx), a);
        return OST_OK;
    }
    if (item->n_labels != 1)
        return ost_fail(err, OST_EINPUT,
                        "item '%s' has %zu labels, and classes are balanced "
                        "by one ('relabel' makes one of them)",
                        item->id, item->n_labels);
    *class = item->labels[0];
    return OST_OK;
}

static ost_rc draw_lots(balancing *b, ost_err *err)
{
    ost_rc rc = OST_OK;

    b->members = OST_ARENA_ARRAY(ost_ctx_arena(b->ctx), member, b->n + 1);
    for (size_t i = 0; i < b->n && !rc; i++) {
        ost_rng r = ost_ctx_rng(b->ctx, &b->items[i], 0);

        b->members[i] = (member){ .lot = ost_rng_u64(&r), .index = i };
        rc = class_of(b, &b->items[i], &b->members[i].class, err);
        ost_map_put(&b->ids, b->items[i].id, strlen(b->items[i].id), 0);
    }
    if (!rc)
        qsort(b->members, b->n, sizeof(*b->members), compare_members);
    return rc;
}

static size_t class_end(const balancing *b, size_t first)
{
    size_t end = first + 1;

    while (end < b->n &&
           strcmp(b->members[end].class, b->members[first].class) == 0)
        end++;
    return end;
}

static void measure_classes(balancing *b)
{
    b->smallest = SIZE_MAX;
    for (size_t i = 0, end; i < b->n; i = end) {
        end = class_end(b, i);
        b->smallest = end - i < b->smallest ? end - i : b->smallest;
        b->largest = end - i > b->largest ? end - i : b->largest;
    }
}

/* Classes of the items and of 'to' are the same ones. */
static ost_rc check_classes(balancing *b, ost_err *err)
{
    OST_VEC(const char *) classes = { 0 };
    const char *name;
    ost_rc rc = OST_OK;
    json_t *v;

    for (size_t i = 0; i < b->n; i = class_end(b, i))
        ost_vec_push(&classes, b->members[i].class);
    for (size_t k = 0; k < classes.len && !rc; k++)
        if (!json_object_get(b->p->to, classes.data[k]))
            rc = ost_fail(err, OST_EINPUT, "class '%s' is not in param 'to'",
                          classes.data[k]);
    json_object_foreach((json_t *)(uintptr_t)b->p->to, name, v)
    {
        bool found = false;

        for (size_t k = 0; k < classes.len; k++)
            found |= strcmp(classes.data[k], name) == 0;
        if (!rc && !found && json_integer_value(v) > 0)
            rc = ost_fail(err, OST_EINPUT,
                          "no item is of class '%s' that param 'to' names%s",
                          name,
                          ost_did_you_mean(ost_ctx_arena(b->ctx), name,
                                           classes.data, classes.len));
    }
    ost_vec_release(&classes);
    return rc;
}

static ost_rc target_of(const balancing *b, const char *class, size_t n,
                        size_t *target, ost_err *err)
{
    const json_t *to = b->p->to;

    if (json_is_object(to))
        *target = (size_t)json_integer_value(json_object_get(to, class));
    else if (json_is_integer(to))
        *target = (size_t)json_integer_value(to);
    else
        *target = strcmp(json_string_value(to), "min") == 0 ? b->smallest
                                                            : b->largest;
    if (*target > n && b->p->method == UNDER)
        return ost_fail(err, OST_EINPUT,
                        "class '%s' has %zu items and %zu are wanted: method "
                        "'under' makes no copies",
                        class, n, *target);
    if (*target < n && b->p->method == OVER)
        return ost_fail(err, OST_EINPUT,
                        "class '%s' has %zu items and %zu are wanted: method "
                        "'over' leaves none out",
                        class, n, *target);
    return OST_OK;
}

/* The item, and copies of it under numbers that are free. */
static ost_rc emit_copies(balancing *b, const ost_item *in, size_t copies,
                          ost_err *err)
{
    ost_rc rc = ost_emit(b->ctx, "out", ost_derive(b->ctx, in, -1), err);

    for (int64_t number = 0; copies > 0 && !rc; number++) {
        ost_item *out = ost_derive(b->ctx, in, number);

        if (!ost_map_put(&b->ids, out->id, strlen(out->id), 0))
            continue;
        copies--;
        rc = ost_emit(b->ctx, "out", out, err);
    }
    return rc;
}

static ost_rc balance_class(balancing *b, const member *m, size_t n,
                            ost_err *err)
{
    size_t target, kept;
    ost_rc rc = target_of(b, m->class, n, &target, err);

    if (rc)
        return rc;
    kept = target < n ? target : n;
    for (size_t i = 0; i < kept && !rc; i++)
        rc = emit_copies(b, &b->items[m[i].index],
                         target / n + (i < target % n) - (target > 0), err);
    if (!rc && target != n)
        ost_note(b->ctx, "class '%s': %zu items of %zu", m->class, target, n);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    balancing b = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &b.items, &b.n, err);
    if (!rc)
        rc = draw_lots(&b, err);
    if (!rc)
        measure_classes(&b);
    if (!rc && json_is_object(b.p->to))
        rc = check_classes(&b, err);
    for (size_t i = 0, end; i < b.n && !rc; i = end) {
        end = class_end(&b, i);
        rc = balance_class(&b, &b.members[i], end - i, err);
    }
    ost_map_release(&b.ids);
    return rc;
}

const ost_stage ost_stage_balance = {
    .name = "balance",
    .version = 2, /* bump when any output byte can change */
    .summary = "Leave out or repeat items until classes have exact counts.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(balance_params),
    .params = params,
    .inputs =
        OST_PORTS({ "in", OST_DATASET, "items of each class", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "as many of each as is wanted", false, false }),
    .check = check,
    .run = run,
};
