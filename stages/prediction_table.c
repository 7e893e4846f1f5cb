/* stages/prediction_table.c - predictions of several inputs as one table */
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "stages/positive.h"
#include "stages/prediction_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef OST_VEC(const char *) names;

/* Distinct words in the order in which they came. */
typedef struct {
    ost_map seen;
    names words;
} word_list;

static void word_add(word_list *l, const char *word)
{
    if (ost_map_put(&l->seen, word, strlen(word), l->words.len))
        ost_vec_push(&l->words, word);
}

static void word_release(word_list *l)
{
    ost_map_release(&l->seen);
    ost_vec_release(&l->words);
}

int ost_prediction_by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Numbers by value and before words, words by name. */
static int by_part(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    int64_t i = 0, k = 0;
    bool whole_x = ost_parse_i64(x, &i), whole_y = ost_parse_i64(y, &k);

    if (whole_x != whole_y)
        return whole_x ? -1 : 1;
    if (whole_x && i != k)
        return i < k ? -1 : 1;
    return strcmp(x, y);
}

static void take_words(word_list *l, ost_arena *arena, const char ***out,
                       size_t *n)
{
    *n = l->words.len;
    *out = OST_ARENA_ARRAY(arena, const char *, l->words.len);
    for (size_t i = 0; i < l->words.len; i++)
        (*out)[i] = l->words.data[i];
}

const char *ost_prediction_text(const ost_item *item, const char *name)
{
    const ost_attr *a = ost_item_attr(item, name);

    return a && a->kind == OST_ATTR_TEXT && *a->text ? a->text : NULL;
}

/* --- reading ----------------------------------------------------------- */

typedef struct {
    ost_stage_ctx *ctx;
    const ost_prediction_request *asked;
    const char **axis_attrs; /* "axis.NAME" for each axis */
    const char **values;     /* of the axes, of the item at hand */
    const char *label;       /* the one of several that the table is about */
    ost_prediction_table *table;
    OST_VEC(ost_prediction) rows;
    word_list classes;
    word_list parts;
    names part_values; /* n_axes for each of `parts` */
    bool parts_from_items;
} reading;

static const char *input_value(const ost_input *in, const char *axis)
{
    for (size_t i = 0; i < in->n_axes; i++) {
        if (strcmp(in->axes[2 * i], axis) == 0)
            return in->axes[2 * i + 1];
    }
    return NULL;
}

/* The part of an item, or NULL; a new one joins the list. */
static const char *find_part(reading *r, const ost_input *in,
                             const ost_item *item)
{
    const ost_prediction_request *asked = r->asked;
    const char *part = NULL;

    for (size_t a = 0; a < asked->n_axes; a++) {
        const char *value = input_value(in, asked->axes[a]);

        if (!value) {
            value = ost_prediction_text(item, r->axis_attrs[a]);
            r->parts_from_items |= value != NULL;
        }
        if (!value)
            return NULL;
        r->values[a] = value;
        part = a == 0 ? value
                      : ost_arena_printf(ost_ctx_arena(r->ctx), "%s/%s", part,
                                         value);
    }
    if (part &&
        ost_map_put(&r->parts.seen, part, strlen(part), r->parts.words.len)) {
        ost_vec_push(&r->parts.words, part);
        for (size_t a = 0; a < asked->n_axes; a++)
            ost_vec_push(&r->part_values, r->values[a]);
    }
    return part;
}

static bool welcome(const reading *r, ost_prediction_kind kind)
{
    return (r->asked->kinds & 1u << kind) != 0;
}

static ost_rc check_label(const reading *r, const json_t *classes, ost_err *err)
{
    const json_t *c;
    bool known = false;
    size_t i;

    json_array_foreach(classes, i, c) known |=
        strcmp(json_string_value(c), r->label) == 0;
    if (known)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "param 'label': '%s' is not among the labels", r->label);
}

/* Whether the stage can judge what an input predicts. */
static ost_rc check_kind(reading *r, const json_t *meta, ost_err *err)
{
    const char *word = json_string_value(json_object_get(meta, "kind"));
    ost_prediction_kind kind = OST_PREDICTS_CLASS;
    bool known = true;

    if (word && strcmp(word, "labels") == 0)
        kind = OST_PREDICTS_LABELS;
    else if (word && strcmp(word, "number") == 0)
        kind = OST_PREDICTS_NUMBER;
    else if (word && strcmp(word, "label") != 0)
        known = false;
    if (r->label && kind == OST_PREDICTS_LABELS)
        return check_label(r, json_object_get(meta, "classes"), err);
    if (r->label && known)
        return ost_fail(err, OST_EINPUT,
                        "param 'label' is for predictions of several labels");
    if (known && kind == OST_PREDICTS_LABELS && !welcome(r, kind))
        return ost_fail(err, OST_EINPUT,
                        "the predictions have several labels for each item: "
                        "param 'label' says which one is judged");
    if (!known || !welcome(r, kind))
        return ost_fail(err, OST_EINPUT,
                        "the predictions are of kind '%s': this stage judges "
                        "classes and labels",
                        word);
    if (r->rows.len > 0 && kind != r->table->kind)
        return ost_fail(err, OST_EINPUT,
                        "the predictions are of different kinds: some are of "
                        "classes, of labels or of numbers, and others not");
    r->table->kind = kind;
    return OST_OK;
}

static bool is_kept(const reading *r, const ost_input *in, const ost_item *item)
{
    return !r->asked->keep || r->asked->keep(r->asked->user, in, item);
}

static bool is_left_out(const reading *r, const ost_input *in,
                        const ost_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_kept(r, in, &items[i]))
            return false;
    return n > 0;
}

static ost_rc read_input(reading *r, const ost_input *in, ost_err *err)
{
    const json_t *meta, *c;
    const ost_item *items;
    size_t n, i;
    ost_rc rc;

    rc = ost_ctx_meta(r->ctx, in, &meta, err);
    if (!rc)
        rc = ost_ctx_items(r->ctx, in, &items, &n, err);
    if (rc || is_left_out(r, in, items, n))
        return rc;
    rc = check_kind(r, meta, err);
    if (rc)
        return rc;
    if (r->label)
        meta = NULL;
    json_array_foreach(json_object_get(meta, "classes"), i, c)
    {
        if (json_is_string(c))
            word_add(&r->classes, json_string_value(c));
    }
    for (i = 0; i < n; i++) {
        ost_prediction p = { .item = &items[i],
                             .truth = OST_NO_CLASS,
                             .predicted = OST_NO_CLASS,
                             .part_index = OST_NO_PART };

        if (!is_kept(r, in, &items[i]))
            continue;
        p.part = find_part(r, in, &items[i]);
        ost_vec_push(&r->rows, p);
    }
    return OST_OK;
}

static void find_classes(reading *r)
{
    const size_t skip = strlen(OST_SCORE_PREFIX);

    if (r->label) {
        word_add(&r->classes, r->label);
        word_add(&r->classes,
                 ost_arena_printf(ost_ctx_arena(r->ctx), "not %s", r->label));
        r->table->scored = true;
        return;
    }
    if (r->table->kind == OST_PREDICTS_NUMBER)
        return;
    for (size_t i = 0; i < r->rows.len; i++) {
        const ost_item *item = r->rows.data[i].item;

        for (size_t k = 0; k < item->n_attrs; k++) {
            if (ost_starts_with(item->attrs[k].name, OST_SCORE_PREFIX)) {
                word_add(&r->classes, item->attrs[k].name + skip);
                r->table->scored = true;
            }
        }
    }
    if (r->classes.words.len > 0)
        return;
    for (size_t i = 0; i < r->rows.len; i++) {
        const ost_item *item = r->rows.data[i].item;
        const char *called = ost_prediction_text(item, "predicted");

        if (ost_item_label(item))
            word_add(&r->classes, ost_item_label(item));
        if (called)
            word_add(&r->classes, called);
    }
}

/* --- parts --------------------------------------------------------------- */

typedef struct {
    const char *part;
    const char *const *values;
    size_t n;
} part_row;

static int by_values(const void *a, const void *b)
{
    const part_row *x = a, *y = b;
    int order = 0;

    for (size_t i = 0; i < x->n && order == 0; i++)
        order = by_part(&x->values[i], &y->values[i]);
    return order;
}

static void take_parts(reading *r)
{
    ost_arena *arena = ost_ctx_arena(r->ctx);
    ost_prediction_table *t = r->table;
    size_t n = r->parts.words.len, axes = r->asked->n_axes;
    part_row *rows = OST_ARENA_ARRAY(arena, part_row, n);

    t->n_parts = n;
    t->n_axes = axes;
    t->parts = OST_ARENA_ARRAY(arena, const char *, n);
    t->part_values = OST_ARENA_ARRAY(arena, const char *, n *axes);
    for (size_t i = 0; i < n; i++)
        rows[i] = (part_row){ r->parts.words.data[i],
                              r->part_values.data + i * axes, axes };
    if (n > 0 && r->parts_from_items)
        qsort(rows, n, sizeof(*rows), by_values);
    for (size_t i = 0; i < n; i++) {
        t->parts[i] = rows[i].part;
        memcpy(t->part_values + i * axes, rows[i].values,
               axes * sizeof(*rows[i].values));
        ost_map_put(&r->parts.seen, rows[i].part, strlen(rows[i].part), i);
    }
    for (size_t i = 0; i < r->rows.len; i++) {
        ost_prediction *p = &r->rows.data[i];
        uint64_t at;

        if (p->part &&
            ost_map_get(&r->parts.seen, p->part, strlen(p->part), &at))
            p->part_index = (uint32_t)at;
    }
}

ost_rc ost_prediction_table_of(ost_stage_ctx *ctx, const char *port,
                               const ost_prediction_request *request,
                               ost_prediction_table *table, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    size_t inputs = ost_ctx_input_count(ctx, port), axes = request->n_axes;
    reading r = {
        .ctx = ctx, .asked = request, .label = request->label, .table = table
    };
    ost_rc rc = OST_OK;

    *table = (ost_prediction_table){ .mixed = request->mixed };
    r.axis_attrs = OST_ARENA_ARRAY(arena, const char *, axes);
    r.values = OST_ARENA_ARRAY(arena, const char *, axes);
    for (size_t a = 0; a < axes; a++)
        r.axis_attrs[a] = ost_arena_printf(arena, "axis.%s", request->axes[a]);
    for (size_t i = 0; i < inputs && !rc; i++)
        rc = read_input(&r, ost_ctx_input(ctx, port, i), err);
    if (rc)
        goto out;
    find_classes(&r);
    take_words(&r.classes, arena, &table->classes, &table->n_classes);
    take_parts(&r);
    if (table->n_classes)
        qsort(table->classes, table->n_classes, sizeof(*table->classes),
              ost_prediction_by_name);
    for (size_t i = 0; i < r.rows.len && !rc; i++)
        rc = ost_prediction_fill(table, r.label, arena, &r.rows.data[i], err);
    table->n = r.rows.len;
    table->rows = r.rows.len ? ost_arena_copy(arena, r.rows.data,
                                              r.rows.len * sizeof(*table->rows))
                             : NULL;
out:
    ost_vec_release(&r.rows);
    ost_vec_release(&r.part_values);
    word_release(&r.classes);
    word_release(&r.parts);
    return rc;
}

ost_rc ost_prediction_table_read(ost_stage_ctx *ctx, const char *port,
                                 const char *axis, const char *label,
                                 ost_prediction_table *table, ost_err *err)
{
    const ost_prediction_request request = {
        .axes = &axis,
        .n_axes = 1,
        .label = label,
        .kinds = 1u << OST_PREDICTS_CLASS,
    };

    return ost_prediction_table_of(ctx, port, &request, table, err);
}

ost_rc ost_prediction_positive(const ost_prediction_table *t, const char *name,
                               uint32_t *positive, ost_err *err)
{
    const char *near;

    *positive = OST_NO_CLASS;
    if (t->n_classes == 2)
        *positive = (uint32_t)ost_positive_of_two(t->classes[0], t->classes[1]);
    if (!name)
        return OST_OK;
    *positive = ost_prediction_class(t, name);
    if (*positive == OST_NO_CLASS) {
        near = ost_nearest(name, t->classes, t->n_classes);
        return ost_fail(err, OST_EINPUT,
                        "param 'positive': no class '%s'%s%s%s", name,
                        near ? " (did you mean '" : "", near ? near : "",
                        near ? "'?)" : "");
    }
    if (t->n_classes > 2)
        return ost_fail(err, OST_EINPUT,
                        "param 'positive': there are %zu classes, and a "
                        "positive one among two only",
                        t->n_classes);
    return OST_OK;
}
