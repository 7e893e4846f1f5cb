/* engine/outputs_csv.c - predictions as a table
 *
 * An item holds `predicted` (text), `score.CLASS` (numbers) and, when it was
 * gathered before, `axis.NAME` among its attributes; an axis that it does not
 * hold comes from the instance that it is part of.
 */
#include "base/csv.h"
#include "base/map.h"
#include "engine/outputs.h"
#include "store/artifact.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct table {
    ost_arena arena;
    ost_item **items; /* per part */
    size_t *n;
    OST_VEC(const char *) axes;    /* "fold" first, then sorted */
    OST_VEC(const char *) classes; /* sorted */
} table;

typedef OST_VEC(const char *) names;

static void add_name(names *list, ost_map *seen, const char *name)
{
    if (ost_map_put(seen, name, strlen(name), list->len))
        ost_vec_push(list, name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *behind(const char *name, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(name, prefix, n) == 0 ? name + n : NULL;
}

/* The columns that the parts' items ask for together. */
static void find_columns(table *t, const ost_outcome_part *parts,
                         size_t n_parts)
{
    ost_map seen_axes = { 0 }, seen_classes = { 0 };
    names axes = { 0 }, classes = { 0 };

    add_name(&axes, &seen_axes, "fold");
    for (size_t p = 0; p < n_parts; p++) {
        for (size_t i = 0; i < parts[p].n_axes; i++)
            add_name(&axes, &seen_axes, parts[p].axes[2 * i]);
        for (size_t i = 0; i < t->n[p]; i++) {
            const ost_item *item = &t->items[p][i];

            for (size_t k = 0; k < item->n_attrs; k++) {
                const char *axis = behind(item->attrs[k].name, "axis.");
                const char *class = behind(item->attrs[k].name, "score.");

                if (axis)
                    add_name(&axes, &seen_axes, axis);
                if (class)
                    add_name(&classes, &seen_classes, class);
            }
        }
    }
    if (axes.len > 2)
        qsort(axes.data + 1, axes.len - 1, sizeof(*axes.data), by_name);
    if (classes.len > 1)
        qsort(classes.data, classes.len, sizeof(*classes.data), by_name);
    t->axes.data = axes.data;
    t->axes.len = axes.len;
    t->classes.data = classes.data;
    t->classes.len = classes.len;
    ost_map_release(&seen_axes);
    ost_map_release(&seen_classes);
}

static const ost_attr *prefixed_attr(const ost_item *item, const char *prefix,
                                     const char *name)
{
    for (size_t k = 0; k < item->n_attrs; k++) {
        const char *rest = behind(item->attrs[k].name, prefix);

        if (rest && strcmp(rest, name) == 0)
            return &item->attrs[k];
    }
    return NULL;
}

static void add_attr(ost_buf *out, const ost_attr *a)
{
    if (!a)
        return;
    if (a->kind == OST_ATTR_TEXT)
        ost_csv_add(out, a->text);
    else if (!isnan(a->number))
        ost_buf_addf(out, "%.9g", a->number);
}

static void add_axis(ost_buf *out, const ost_outcome_part *part,
                     const ost_item *item, const char *axis)
{
    const ost_attr *a = prefixed_attr(item, "axis.", axis);

    if (a) {
        add_attr(out, a);
        return;
    }
    for (size_t i = 0; i < part->n_axes; i++) {
        if (strcmp(part->axes[2 * i], axis) == 0)
            ost_csv_add(out, part->axes[2 * i + 1]);
    }
}

static void add_label(ost_buf *out, const ost_item *item)
{
    ost_buf joined = { 0 };

    ost_item_add_labels(&joined, item);
    ost_csv_add(out, ost_buf_str(&joined));
    ost_buf_release(&joined);
}

static void add_row(const table *t, const ost_outcome_part *part,
                    const ost_item *item, ost_buf *out)
{
    ost_csv_add(out, item->id);
    ost_buf_addc(out, ',');
    ost_csv_add(out, item->group);
    for (size_t i = 0; i < t->axes.len; i++) {
        ost_buf_addc(out, ',');
        add_axis(out, part, item, t->axes.data[i]);
    }
    ost_buf_addc(out, ',');
    add_label(out, item);
    ost_buf_addc(out, ',');
    add_attr(out, ost_item_attr(item, "predicted"));
    for (size_t i = 0; i < t->classes.len; i++) {
        ost_buf_addc(out, ',');
        add_attr(out, prefixed_attr(item, "score.", t->classes.data[i]));
    }
    ost_buf_addc(out, '\n');
}

static void add_header(const table *t, ost_buf *out)
{
    ost_buf name = { 0 };

    ost_buf_adds(out, "id,group");
    for (size_t i = 0; i < t->axes.len; i++) {
        ost_buf_addc(out, ',');
        ost_csv_add(out, t->axes.data[i]);
    }
    ost_buf_adds(out, ",label,predicted");
    for (size_t i = 0; i < t->classes.len; i++) {
        ost_buf_reset(&name);
        ost_buf_addf(&name, "score_%s", t->classes.data[i]);
        ost_buf_addc(out, ',');
        ost_csv_add(out, ost_buf_str(&name));
    }
    ost_buf_addc(out, '\n');
    ost_buf_release(&name);
}

ost_rc ost_outputs_predictions(ost_batch *batch, const ost_outcome_part *parts,
                               size_t n_parts, ost_buf *csv, ost_err *err)
{
    table t = { 0 };
    ost_rc rc = OST_OK;

    t.items = OST_ARENA_ARRAY(&t.arena, ost_item *, n_parts + 1);
    t.n = OST_ARENA_ARRAY(&t.arena, size_t, n_parts + 1);
    for (size_t p = 0; p < n_parts && !rc; p++) {
        ost_artifact a;

        rc = ost_artifact_get(batch, &parts[p].artifact, &t.arena, &a, err);
        if (!rc)
            rc = ost_dataset_items(batch, &a, &t.arena, &t.items[p], &t.n[p],
                                   err);
    }
    if (!rc) {
        find_columns(&t, parts, n_parts);
        add_header(&t, csv);
    }
    for (size_t p = 0; p < n_parts && !rc; p++) {
        for (size_t i = 0; i < t.n[p]; i++)
            add_row(&t, &parts[p], &t.items[p][i], csv);
    }
    ost_vec_release(&t.axes);
    ost_vec_release(&t.classes);
    ost_arena_release(&t.arena);
    return rc;
}
