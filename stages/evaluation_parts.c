/* stages/evaluation_parts.c - a block for all cases, and for each fold */
#include "stages/evaluation_parts.h"

#include "base/text.h"

#include <string.h>

#include "base/banned.h"

static json_t *value_json(const char *value)
{
    int64_t number;

    if (ost_parse_i64(value, &number))
        return json_integer((json_int_t)number);
    return json_string(value);
}

json_t *ost_parts_all(ost_parts *p)
{
    for (size_t i = 0; i < p->e->cases->n; i++)
        p->index[i] = (uint32_t)i;
    return ost_evaluate_cases(p->e, "pooled", p->index, p->e->cases->n,
                              OST_CURVE_LONG, NULL);
}

/* The cases of a part, or of all parts whose first `axes` values are those of
 * `part`. */
static json_t *judge_part(ost_parts *p, size_t part, size_t axes, ost_roc *roc)
{
    const ost_prediction_table *t = p->table;
    const char **values = t->part_values + part * t->n_axes;
    const char *where = "";
    json_t *one = json_object(), *numbers;
    size_t n = 0;

    for (size_t a = 0; a < axes; a++) {
        where = ost_arena_printf(p->e->arena, "%s%s%s %s", where,
                                 a > 0 ? ", " : "", p->axes[a], values[a]);
        json_object_set_new(one, p->axes[a], value_json(values[a]));
    }
    for (size_t i = 0; i < p->e->cases->n; i++) {
        uint32_t of = p->e->cases->part[i];
        bool same = of != OST_NO_PART;

        for (size_t a = 0; a < axes && same; a++)
            same = of == part ||
                   strcmp(t->part_values[of * t->n_axes + a], values[a]) == 0;
        if (same)
            p->index[n++] = (uint32_t)i;
    }
    numbers = ost_evaluate_cases(
        p->e, where, p->index, n,
        axes == t->n_axes ? OST_CURVE_LONG : OST_CURVE_SHORT, roc);
    json_object_update(one, numbers);
    json_decref(numbers);
    return one;
}

static void warn_one_class(const ost_parts *p, const json_t *folds)
{
    ost_buf named = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(folds); i++) {
        const json_t *block = json_array_get(folds, i);
        const json_t *items = json_object_get(block, "n_items");

        if (json_object_get(block, "auc") &&
            isnan(ost_member_number(block, "auc")) && p->e->cases->score &&
            json_integer_value(items) > 0)
            ost_buf_addf(&named, "%s%s", n++ ? ", " : "", p->table->parts[i]);
    }
    if (n > 0)
        json_array_append_new(
            p->e->warnings,
            json_sprintf("one class only, and no area, in %s %s", p->by,
                         ost_buf_str(&named)));
    ost_buf_release(&named);
}

json_t *ost_parts_each(ost_parts *p)
{
    json_t *all = json_array();

    p->curves = OST_ARENA_ARRAY(p->e->arena, ost_roc, p->table->n_parts);
    for (size_t i = 0; i < p->table->n_parts; i++) {
        json_array_append_new(
            all, judge_part(p, i, p->table->n_axes, &p->curves[i]));
        ost_progress(p->e->ctx, i + 1, p->table->n_parts, NULL);
    }
    warn_one_class(p, all);
    return all;
}

json_t *ost_parts_repeats(ost_parts *p)
{
    const ost_prediction_table *t = p->table;
    json_t *all = json_array();

    for (size_t i = 0; i < t->n_parts; i++) {
        const char *value = t->part_values[i * t->n_axes];
        bool before = false;

        for (size_t k = 0; k < i && !before; k++)
            before = strcmp(t->part_values[k * t->n_axes], value) == 0;
        if (!before)
            json_array_append_new(all, judge_part(p, i, 1, NULL));
    }
    return all;
}
