/* stages/prediction_table.c - predictions of several inputs as one table */
#include "stages/prediction_table.h"

#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "stages/positive.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char score_prefix[] = "score.";

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

static int by_name(const void *a, const void *b)
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

static const char *text_of(const ost_item *item, const char *name)
{
    const ost_attr *a = ost_item_attr(item, name);

    return a && a->kind == OST_ATTR_TEXT && *a->text ? a->text : NULL;
}

/* --- reading ----------------------------------------------------------- */

typedef struct {
    ost_stage_ctx *ctx;
    const char *axis;
    const char *axis_attr;
    const char *label; /* the one of several that the table is about */
    ost_prediction_table *table;
    OST_VEC(ost_prediction) rows;
    word_list classes;
    word_list parts;
    bool parts_from_items;
} reading;

static const char *input_part(const reading *r, const ost_input *in)
{
    for (size_t i = 0; i < in->n_axes; i++) {
        if (strcmp(in->axes[2 * i], r->axis) == 0)
            return in->axes[2 * i + 1];
    }
    return NULL;
}

/* Whether the stage can judge what an input predicts. */
static ost_rc check_kind(const reading *r, const json_t *meta, ost_err *err)
{
    const char *kind = json_string_value(json_object_get(meta, "kind"));
    const json_t *classes = json_object_get(meta, "classes");
    bool several = kind && strcmp(kind, "labels") == 0;
    bool known = false;
    const json_t *c;
    size_t i;

    if (kind && !several)
        return ost_fail(err, OST_EINPUT,
                        "the predictions are of kind '%s': this stage judges "
                        "classes and labels",
                        kind);
    if (several && !r->label)
        return ost_fail(err, OST_EINPUT,
                        "the predictions have several labels for each item: "
                        "param 'label' says which one is judged");
    if (!several && r->label)
        return ost_fail(err, OST_EINPUT,
                        "param 'label' is for predictions of several labels");
    json_array_foreach(classes, i, c) known |=
        several && strcmp(json_string_value(c), r->label) == 0;
    if (several && !known)
        return ost_fail(err, OST_EINPUT,
                        "param 'label': '%s' is not among the labels",
                        r->label);
    return OST_OK;
}

static ost_rc read_input(reading *r, const ost_input *in, ost_err *err)
{
    const char *part = input_part(r, in);
    const json_t *meta, *c;
    const ost_item *items;
    size_t n, i;
    ost_rc rc;

    rc = ost_ctx_meta(r->ctx, in, &meta, err);
    if (!rc)
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
    rc = ost_ctx_items(r->ctx, in, &items, &n, err);
    for (i = 0; i < n && !rc; i++) {
        ost_prediction p = { .item = &items[i], .part = part };

        if (!part) {
            p.part = text_of(&items[i], r->axis_attr);
            r->parts_from_items |= p.part != NULL;
        }
        if (p.part)
            word_add(&r->parts, p.part);
        ost_vec_push(&r->rows, p);
    }
    return rc;
}

static void find_classes(reading *r)
{
    const size_t skip = strlen(score_prefix);

    if (r->label) {
        word_add(&r->classes, r->label);
        word_add(&r->classes,
                 ost_arena_printf(ost_ctx_arena(r->ctx), "not %s", r->label));
        r->table->scored = true;
        return;
    }
    for (size_t i = 0; i < r->rows.len; i++) {
        const ost_item *item = r->rows.data[i].item;

        for (size_t k = 0; k < item->n_attrs; k++) {
            if (ost_starts_with(item->attrs[k].name, score_prefix)) {
                word_add(&r->classes, item->attrs[k].name + skip);
                r->table->scored = true;
            }
        }
    }
    if (r->classes.words.len > 0)
        return;
    for (size_t i = 0; i < r->rows.len; i++) {
        const ost_item *item = r->rows.data[i].item;
        const char *called = text_of(item, "predicted");

        if (ost_item_label(item))
            word_add(&r->classes, ost_item_label(item));
        if (called)
            word_add(&r->classes, called);
    }
}

/* --- rows -------------------------------------------------------------- */

uint32_t ost_prediction_class(const ost_prediction_table *t, const char *name)
{
    const char **found = t->n_classes ? bsearch(&name, t->classes, t->n_classes,
                                                sizeof(*t->classes), by_name)
                                      : NULL;

    return found ? (uint32_t)(found - t->classes) : OST_NO_CLASS;
}

static ost_rc class_of(const ost_prediction_table *t, const ost_item *item,
                       const char *what, const char *name, uint32_t *class,
                       ost_err *err)
{
    const char *near;

    *class = ost_prediction_class(t, name);
    if (*class != OST_NO_CLASS)
        return OST_OK;
    near = ost_nearest(name, t->classes, t->n_classes);
    if (near)
        return ost_fail(err, OST_EINPUT,
                        "item '%s': %s '%s' is not among the classes "
                        "(did you mean '%s'?)",
                        item->id, what, name, near);
    return ost_fail(err, OST_EINPUT,
                    "item '%s': %s '%s' is not among the %zu classes", item->id,
                    what, name, t->n_classes);
}

static ost_rc read_scores(reading *r, ost_prediction *p, ost_err *err)
{
    const ost_prediction_table *t = r->table;
    ost_arena *arena = ost_ctx_arena(r->ctx);
    double *score = OST_ARENA_ARRAY(arena, double, t->n_classes);
    ost_buf name = { 0 };
    ost_rc rc = OST_OK;

    for (size_t k = 0; k < t->n_classes && !rc; k++) {
        const ost_attr *a;

        ost_buf_reset(&name);
        ost_buf_addf(&name, "%s%s", score_prefix, t->classes[k]);
        a = ost_item_attr(p->item, ost_buf_str(&name));
        if (!a)
            rc = ost_fail(err, OST_EINPUT, "item '%s': no score for class '%s'",
                          p->item->id, t->classes[k]);
        else if (a->kind != OST_ATTR_NUMBER || !isfinite(a->number))
            rc = ost_fail(err, OST_EINPUT,
                          "item '%s': the score for class '%s' is not a "
                          "finite number",
                          p->item->id, t->classes[k]);
        else
            score[k] = a->number;
    }
    ost_buf_release(&name);
    p->score = score;
    return rc;
}

/* One label of several: there, or not. */
static ost_rc finish_label(reading *r, ost_prediction *p, ost_err *err)
{
    ost_prediction_table *t = r->table;
    ost_arena *arena = ost_ctx_arena(r->ctx);
    const ost_attr *a =
        ost_item_attr(p->item, ost_arena_printf(arena, "score.%s", r->label));
    double *score = OST_ARENA_ARRAY(arena, double, 2);
    uint32_t yes = ost_prediction_class(t, r->label);

    if (!a || a->kind != OST_ATTR_NUMBER || !isfinite(a->number))
        return ost_fail(err, OST_EINPUT,
                        "item '%s': no finite score for label '%s'",
                        p->item->id, r->label);
    score[yes] = a->number;
    score[1 - yes] = 1.0 - a->number;
    p->score = score;
    p->predicted = a->number > 0.5 ? yes : 1 - yes;
    p->truth = 1 - yes;
    for (size_t i = 0; i < p->item->n_labels; i++)
        if (strcmp(p->item->labels[i], r->label) == 0)
            p->truth = yes;
    t->n_labeled++;
    return OST_OK;
}

static ost_rc finish_row(reading *r, ost_prediction *p, ost_err *err)
{
    ost_prediction_table *t = r->table;
    const char *label = ost_item_label(p->item);
    const char *called = text_of(p->item, "predicted");
    ost_rc rc = OST_OK;

    p->truth = p->predicted = OST_NO_CLASS;
    if (label) {
        rc = class_of(t, p->item, "label", label, &p->truth, err);
        t->n_labeled++;
    }
    if (!rc && t->scored)
        rc = read_scores(r, p, err);
    if (rc)
        return rc;
    if (called)
        return class_of(t, p->item, "prediction", called, &p->predicted, err);
    for (size_t k = 0; p->score && k < t->n_classes; k++) {
        if (k == 0 || p->score[k] > p->score[p->predicted])
            p->predicted = (uint32_t)k;
    }
    return OST_OK;
}

ost_rc ost_prediction_table_read(ost_stage_ctx *ctx, const char *port,
                                 const char *axis, const char *label,
                                 ost_prediction_table *table, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    size_t inputs = ost_ctx_input_count(ctx, port);
    reading r = { .ctx = ctx, .axis = axis, .label = label, .table = table };
    ost_rc rc = OST_OK;

    *table = (ost_prediction_table){ 0 };
    r.axis_attr = ost_arena_printf(arena, "axis.%s", axis);
    for (size_t i = 0; i < inputs && !rc; i++)
        rc = read_input(&r, ost_ctx_input(ctx, port, i), err);
    if (rc)
        goto out;
    find_classes(&r);
    take_words(&r.classes, arena, &table->classes, &table->n_classes);
    take_words(&r.parts, arena, &table->parts, &table->n_parts);
    if (table->n_classes)
        qsort(table->classes, table->n_classes, sizeof(*table->classes),
              by_name);
    if (table->n_parts && r.parts_from_items)
        qsort(table->parts, table->n_parts, sizeof(*table->parts), by_part);
    for (size_t i = 0; i < r.rows.len && !rc; i++)
        rc = label ? finish_label(&r, &r.rows.data[i], err)
                   : finish_row(&r, &r.rows.data[i], err);
    table->n = r.rows.len;
    table->rows = r.rows.len ? ost_arena_copy(arena, r.rows.data,
                                              r.rows.len * sizeof(*table->rows))
                             : NULL;
out:
    ost_vec_release(&r.rows);
    word_release(&r.classes);
    word_release(&r.parts);
    return rc;
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
