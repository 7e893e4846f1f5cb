/* stages/evaluation.c - counts, rates and areas of a set */
#include "stages/evaluation.h"

#include "stages/evaluation_blocks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* --- JSON ----------------------------------------------------------------- */

json_t *ost_number_or(double v, const char *reason)
{
    if (isfinite(v))
        return json_real(v);
    return json_pack("{s:n, s:s}", "value", "reason", reason);
}

json_t *ost_threshold_json(double v)
{
    if (isinf(v))
        return json_string("inf");
    return isnan(v) ? json_null() : json_real(v);
}

json_t *ost_number_array(const double *v, size_t n)
{
    json_t *a = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, ost_threshold_json(v[i]));
    return a;
}

double ost_member_number(const json_t *block, const char *name)
{
    const json_t *v = json_object_get(block, name);

    return json_is_number(v) ? json_number_value(v) : OST_UNDEFINED;
}

static json_t *count_json(uint64_t n)
{
    return json_integer((json_int_t)n);
}

/* --- what blocks are made of -----------------------------------------------
 */

void ost_block_warn(const ost_block *b, const char *place, const char *what)
{
    json_array_append_new(b->e->warnings, json_sprintf("%s: %s", place, what));
}

double *ost_block_column(const ost_block *b, const double *column)
{
    double *v = OST_ARENA_ARRAY(b->arena, double, b->n);

    for (size_t i = 0; i < b->n; i++)
        v[i] = column[b->index[i]];
    return v;
}

static const uint32_t *gather(const ost_block *b, const uint32_t *column)
{
    uint32_t *v = OST_ARENA_ARRAY(b->arena, uint32_t, b->n);

    for (size_t i = 0; i < b->n; i++)
        v[i] = column[b->index[i]];
    return v;
}

ost_scores ost_block_scores(const ost_block *b, uint32_t k)
{
    uint8_t *positive = OST_ARENA_ARRAY(b->arena, uint8_t, b->n);

    for (size_t i = 0; i < b->n; i++)
        positive[i] = b->truth[i] == k;
    return (ost_scores){ positive, ost_block_column(b, b->e->cases->score[k]),
                         b->n };
}

static uint64_t distinct(const ost_block *b, const uint32_t *numbers, size_t of)
{
    uint8_t *seen = OST_ARENA_ARRAY(b->arena, uint8_t, of);
    uint64_t n = 0;

    for (size_t i = 0; i < b->n; i++) {
        n += !seen[numbers[b->index[i]]];
        seen[numbers[b->index[i]]] = 1;
    }
    return n;
}

static void warn_zero(const ost_block *b, const char *place, const char *what,
                      uint64_t denominator)
{
    ost_zero_division zero = (ost_zero_division)b->e->params->zero_division;
    char text[128];

    if (denominator > 0 || zero == OST_ZERO_IS_UNDEFINED || b->n == 0)
        return;
    snprintf(text, sizeof(text), "%s has a zero denominator, taken as %d", what,
             zero == OST_ZERO_IS_1);
    ost_block_warn(b, place, text);
}

void ost_block_rates(const ost_block *b, const char *place,
                     const ost_class_counts *c, json_t *out)
{
    ost_zero_division zero = (ost_zero_division)b->e->params->zero_division;

    warn_zero(b, place, "precision", c->tp + c->fp);
    warn_zero(b, place, "recall", c->tp + c->fn);
    warn_zero(b, place, "specificity", c->tn + c->fp);
    warn_zero(b, place, "npv", c->tn + c->fn);
    json_object_set_new(out, "precision",
                        ost_number_or(ost_precision(c, zero), OST_ZERO_BELOW));
    json_object_set_new(out, "recall",
                        ost_number_or(ost_recall(c, zero), OST_ZERO_BELOW));
    json_object_set_new(
        out, "specificity",
        ost_number_or(ost_specificity(c, zero), OST_ZERO_BELOW));
    json_object_set_new(out, "npv",
                        ost_number_or(ost_npv(c, zero), OST_ZERO_BELOW));
    json_object_set_new(out, "f1",
                        ost_number_or(ost_f1(c, zero), OST_ZERO_BELOW));
}

/* --- a whole set -----------------------------------------------------------
 */

static void add_overall(ost_block *b)
{
    const ost_confusion *c = &b->confusion;
    json_t *rows = json_array(), *out = b->out;

    for (size_t i = 0; i < c->classes; i++) {
        json_t *row = json_array();

        for (size_t k = 0; k < c->classes; k++)
            json_array_append_new(row,
                                  count_json(c->count[i * c->classes + k]));
        json_array_append_new(rows, row);
    }
    json_object_set_new(out, "confusion", rows);
    json_object_set_new(out, "accuracy",
                        ost_number_or(ost_accuracy(c), OST_NO_ITEMS));
    json_object_set_new(out, "balanced_accuracy",
                        ost_number_or(ost_balanced_accuracy(c), OST_NO_ITEMS));
    json_object_set_new(out, "mcc", ost_number_or(ost_mcc(c), OST_NO_ITEMS));
    json_object_set_new(
        out, "kappa",
        ost_number_or(ost_kappa(c),
                      b->n ? "chance agrees everywhere" : OST_NO_ITEMS));
}

static void add_two_classes(ost_block *b, ost_roc *roc)
{
    ost_class_counts counts =
        ost_confusion_class(&b->confusion, b->e->positive);
    ost_scores s;

    json_object_set_new(b->out, "n_positive",
                        count_json(counts.tp + counts.fn));
    json_object_set_new(b->out, "n_negative",
                        count_json(counts.tn + counts.fp));
    ost_block_rates(b, b->where, &counts, b->out);
    if (b->e->cases->score) {
        s = ost_block_scores(b, b->e->positive);
        ost_block_areas(b, b->where, &s, b->points, b->out, roc);
        return;
    }
    json_object_set_new(b->out, "auc",
                        ost_number_or(OST_UNDEFINED, OST_NO_SCORES));
    json_object_set_new(b->out, "roc",
                        ost_number_or(OST_UNDEFINED, OST_NO_SCORES));
}

static void add_classes(ost_block *b, ost_roc *roc)
{
    b->truth = gather(b, b->e->cases->truth);
    b->predicted = gather(b, b->e->cases->predicted);
    b->confusion = ost_confusion_of(b->truth, b->predicted, b->n,
                                    b->e->cases->n_classes, b->arena);
    add_overall(b);
    if (b->e->positive != OST_NO_CLASS)
        add_two_classes(b, roc);
    else
        ost_block_classes(b);
    json_object_set(b->out, "intervals", b->intervals);
    ost_block_intervals(b);
}

json_t *ost_evaluate_cases(const ost_evaluation *e, const char *where,
                           const uint32_t *index, size_t n, size_t points,
                           ost_roc *roc)
{
    ost_arena arena = { 0 };
    ost_block b = {
        .e = e,
        .where = where,
        .index = index,
        .n = n,
        .points = points,
        .arena = &arena,
        .out = json_object(),
        .intervals = json_object(),
    };
    ost_roc none;

    if (!roc)
        roc = &none;
    *roc = (ost_roc){ 0 };
    json_object_set_new(b.out, "n_items", count_json(n));
    json_object_set_new(
        b.out, "n_groups",
        count_json(distinct(&b, e->cases->group, e->cases->n_groups)));
    b.group = gather(&b, e->cases->group);
    if (e->kind == OST_PREDICTS_NUMBER)
        ost_block_numbers(&b);
    else if (e->kind == OST_PREDICTS_LABELS)
        ost_block_labels(&b);
    else
        add_classes(&b, roc);
    json_decref(b.intervals);
    ost_arena_release(&arena);
    return b.out;
}
