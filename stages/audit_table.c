/* stages/audit_table.c - reads a table of figures
 *
 *     {"name": "Table 3", "n": 210, "positives": 120, "common": true,
 *      "rows": [{"name": "CNN", "source": "Table 3 row 1",
 *                "accuracy": "0.916", "recall": "0.948"}]}
 *
 * With `mean_over` the figures are means over so many folds, each of `n` cases
 * of which `positives` are positive.
 *
 * `sensitivity` is `recall`, `ppv` is `precision`.  With `classes` the figures
 * are plain means over the classes, each held against the rest, except for the
 * accuracy.
 */
#include "base/text.h"
#include "stages/audit.h"

#include <string.h>

#include "base/banned.h"

#define ROW_MEMBERS                                                    \
    "name source comment accuracy recall sensitivity specificity "     \
    "precision ppv npv f1 balanced_accuracy auc tp fp fn tn positive " \
    "cells"
#define TABLE_MEMBERS                                               \
    "name source comment n positives prevalence prevalence_within " \
    "mean_over classes totals common rows"

static const struct {
    const char *name;
    const char *other; /* name of the same, or NULL */
    ost_figure figure;
} figures[] = {
    { "accuracy", NULL, OST_FIGURE_ACCURACY },
    { "recall", "sensitivity", OST_FIGURE_RECALL },
    { "specificity", NULL, OST_FIGURE_SPECIFICITY },
    { "precision", "ppv", OST_FIGURE_PRECISION },
    { "npv", NULL, OST_FIGURE_NPV },
    { "f1", NULL, OST_FIGURE_F1 },
    { "balanced_accuracy", NULL, OST_FIGURE_BALANCED_ACCURACY },
};

/* --- figures ------------------------------------------------------------- */

static ost_rc check_share(const ost_audit_figure *f, const char *name,
                          const char *where, ost_err *err)
{
    const ost_printed *p = &f->printed;

    if (!f->text || (!p->bound && p->value <= p->den))
        return OST_OK;
    if (p->bound)
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: '%s': '%s' is a bound, not a figure", where, name,
                        f->text);
    return ost_fail(err, OST_EWORKFLOW,
                    "%s: '%s': %s is above 1 (write '%s %%' if it is a "
                    "percentage)",
                    where, name, f->text, f->text);
}

static ost_rc read_figure(ost_audit *a, const json_t *json, const char *name,
                          const char *where, ost_audit_figure *f, ost_err *err)
{
    ost_rc rc = ost_audit_figure_of(a, json, name, where, f, err);

    return rc ? rc : check_share(f, name, where, err);
}

static ost_rc read_figures(ost_audit *a, const json_t *json, const char *where,
                           ost_audit_row *row, ost_err *err)
{
    ost_rc rc = read_figure(a, json, "auc", where, &row->auc, err);

    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]) && !rc; i++) {
        ost_audit_figure *f = &row->figure[figures[i].figure];
        const char *other = figures[i].other;

        if (other && json_object_get(json, other)) {
            if (json_object_get(json, figures[i].name))
                return ost_fail(err, OST_EWORKFLOW,
                                "%s: '%s' and '%s' are the same figure", where,
                                figures[i].name, other);
            rc = read_figure(a, json, other, where, f, err);
        } else {
            rc = read_figure(a, json, figures[i].name, where, f, err);
        }
    }
    return rc;
}

static ost_rc read_counts(ost_audit *a, const json_t *json, const char *where,
                          ost_binary_matrix *counts, ost_err *err)
{
    const struct {
        const char *name;
        int64_t *count;
    } names[] = { { "tp", &counts->tp },
                  { "fp", &counts->fp },
                  { "fn", &counts->fn },
                  { "tn", &counts->tn } };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < 4 && !rc; i++) {
        ost_audit_counts c;

        rc = ost_audit_counts_of(a, json, names[i].name, where, &c, err);
        if (!rc && c.n > 1)
            rc = ost_fail(err, OST_EWORKFLOW, "%s: '%s' is several numbers",
                          where, names[i].name);
        if (!rc)
            *names[i].count = c.n ? c.v[0] : -1;
    }
    return rc;
}

/* --- classes ------------------------------------------------------------- */

static ost_rc find_class(const ost_audit_table *t, const char *name,
                         const char *where, size_t *k, ost_err *err)
{
    const char *near;

    for (*k = 0; *k < t->n_classes; (*k)++)
        if (name && strcmp(t->classes[*k], name) == 0)
            return OST_OK;
    near = name ? ost_nearest(name, t->classes, t->n_classes) : NULL;
    return ost_fail(err, OST_EWORKFLOW, "%s: '%s' is no class%s%s%s", where,
                    name ? name : "this", near ? " (did you mean '" : "",
                    near ? near : "", near ? "'?)" : "");
}

static ost_rc read_positive(const ost_audit_table *t, const json_t *json,
                            const char *where, ost_audit_row *row, ost_err *err)
{
    const json_t *list = json_object_get(json, "positive"), *one;
    size_t i, k;
    ost_rc rc;

    if (!list)
        return OST_OK;
    json_array_foreach(list, i, one)
    {
        rc = find_class(t, json_string_value(one), where, &k, err);
        if (rc)
            return rc;
        row->positive |= 1u << k;
    }
    if (row->positive == 0 || row->positive == (1u << t->n_classes) - 1)
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: 'positive' is a list of some classes, not of all",
                        where);
    return OST_OK;
}

static ost_rc read_cells(const ost_audit_table *t, const json_t *json,
                         const char *where, ost_audit_row *row, ost_err *err)
{
    const json_t *cells = json_object_get(json, "cells");
    const char *truth, *predicted;
    json_t *line, *v;
    size_t i, k;
    ost_rc rc;

    for (i = 0; i < OST_AUDIT_CLASSES; i++)
        for (k = 0; k < OST_AUDIT_CLASSES; k++)
            row->cell.of[i][k] = -1;
    json_object_foreach((json_t *)(uintptr_t)cells, truth, line)
    {
        rc = find_class(t, truth, where, &i, err);
        if (rc)
            return rc;
        json_object_foreach(line, predicted, v)
        {
            rc = find_class(t, predicted, where, &k, err);
            if (rc)
                return rc;
            if (!json_is_integer(v) || json_integer_value(v) < 0 ||
                json_integer_value(v) > OST_PRINTED_COUNT)
                return ost_fail(err, OST_EWORKFLOW,
                                "%s: cell '%s' taken for '%s' is no count",
                                where, truth, predicted);
            row->cell.of[i][k] = json_integer_value(v);
            row->has_cells = true;
        }
    }
    return OST_OK;
}

static ost_rc read_classes(const json_t *json, const char *where,
                           ost_audit_table *t, ost_err *err)
{
    const json_t *list = json_object_get(json, "classes");
    const json_t *totals = json_object_get(json, "totals");
    const char *key;
    json_t *v;
    size_t k;
    ost_rc rc;

    if (!list && !totals)
        return OST_OK;
    t->n_classes = json_array_size(list);
    if (t->n_classes < 3 || t->n_classes > OST_AUDIT_CLASSES)
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: 'classes' is a list of 3 to %d names (two classes "
                        "need none: say 'positives')",
                        where, OST_AUDIT_CLASSES);
    for (k = 0; k < t->n_classes; k++) {
        t->classes[k] = json_string_value(json_array_get(list, k));
        if (!t->classes[k])
            return ost_fail(err, OST_EWORKFLOW,
                            "%s: element %zu of 'classes' is no text", where,
                            k);
    }
    json_object_foreach((json_t *)(uintptr_t)totals, key, v)
    {
        rc = find_class(t, key, where, &k, err);
        if (rc)
            return rc;
        if (!json_is_integer(v) || json_integer_value(v) < 1 ||
            json_integer_value(v) > OST_PRINTED_COUNT)
            return ost_fail(err, OST_EWORKFLOW,
                            "%s: 'totals': that of '%s' is no count above 0",
                            where, key);
        t->totals[k] = json_integer_value(v);
    }
    for (k = 0; k < t->n_classes && totals; k++)
        if (t->totals[k] == 0)
            return ost_fail(err, OST_EWORKFLOW, "%s: 'totals' lacks class '%s'",
                            where, t->classes[k]);
    t->has_totals = totals != NULL;
    return OST_OK;
}

/* --- rows and the table -------------------------------------------------- */

static ost_rc read_row(ost_audit *a, const ost_audit_table *t,
                       const json_t *json, size_t index, ost_audit_row *row,
                       ost_err *err)
{
    const char *where =
        ost_arena_printf(a->arena, "%s, row %zu", t->about.claim, index + 1);
    const char *name;
    ost_rc rc = ost_audit_members(a, json, where, ROW_MEMBERS, err);

    if (!rc)
        rc = ost_audit_text(json, "name", where, &name, err);
    if (!rc)
        rc = ost_audit_text(json, "source", where, &row->about.source, err);
    if (rc)
        return rc;
    if (name)
        where = ost_arena_printf(a->arena, "%s, '%s'", t->about.claim, name);
    row->about.claim = name ? name : where;
    if (!row->about.source)
        row->about.source = t->about.source;
    rc = read_figures(a, json, where, row, err);
    if (!rc)
        rc = read_counts(a, json, where, &row->counts, err);
    if (!rc && t->n_classes)
        rc = read_positive(t, json, where, row, err);
    if (!rc)
        rc = read_cells(t, json, where, row, err);
    return rc;
}

static ost_rc read_shares(ost_audit *a, const json_t *json, const char *where,
                          ost_audit_table *t, ost_err *err)
{
    const json_t *v = json_object_get(json, "prevalence");
    bool list = json_is_array(v);
    const char *within;
    ost_ratio share;
    ost_rc rc = ost_audit_text(json, "prevalence_within", where, &within, err);

    t->share_within = ost_ratio_of(0, 1);
    if (!rc && within)
        rc = ost_audit_value(within, where, &t->share_within, err);
    if (rc || !v)
        return rc;
    t->n_shares = list ? json_array_size(v) : 1;
    t->shares = OST_ARENA_ARRAY(a->arena, const char *, t->n_shares + 1);
    for (size_t i = 0; i < t->n_shares; i++) {
        t->shares[i] = json_string_value(list ? json_array_get(v, i) : v);
        if (!t->shares[i])
            return ost_fail(err, OST_EWORKFLOW,
                            "%s: 'prevalence' is a text such as \"68/119\" or "
                            "a list of them",
                            where);
        rc = ost_audit_value(t->shares[i], where, &share, err);
        if (rc)
            return rc;
    }
    return OST_OK;
}

static ost_rc read_folds(ost_audit *a, const json_t *json, const char *where,
                         ost_audit_table *t, ost_err *err)
{
    enum { MOST = 1000 };
    ost_audit_counts c;
    ost_rc rc = ost_audit_counts_of(a, json, "mean_over", where, &c, err);

    if (rc)
        return rc;
    t->mean_over = c.n == 1 ? c.v[0] : 1;
    if (c.n > 1 || t->mean_over < 1 || t->mean_over > MOST ||
        (c.n && t->n_classes))
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: 'mean_over' is a number of folds, 1 to %d, of "
                        "tables of two classes",
                        where, MOST);
    for (size_t i = 0; i < t->n.n; i++) {
        t->n.v[i] *= t->mean_over;
        if (t->n.v[i] > OST_PRINTED_COUNT)
            return ost_fail(err, OST_EWORKFLOW,
                            "%s: there are %lld cases in all folds, more than "
                            "%d",
                            where, (long long)t->n.v[i], OST_PRINTED_COUNT);
    }
    for (size_t i = 0; i < t->positives.n; i++)
        t->positives.v[i] *= t->mean_over;
    return OST_OK;
}

ost_rc ost_audit_read_table(ost_audit *a, const json_t *json, size_t index,
                            ost_audit_table *t, ost_err *err)
{
    const char *where = ost_arena_printf(a->arena, "table %zu", index + 1);
    const json_t *rows = json_object_get(json, "rows");
    const json_t *common = json_object_get(json, "common");
    const char *name;
    ost_rc rc = ost_audit_members(a, json, where, TABLE_MEMBERS, err);

    *t = (ost_audit_table){ .n_rows = json_array_size(rows) };
    if (!rc)
        rc = ost_audit_text(json, "name", where, &name, err);
    if (!rc)
        rc = ost_audit_text(json, "source", where, &t->about.source, err);
    if (rc)
        return rc;
    t->about.claim = name ? name : where;
    if (!t->about.source)
        t->about.source = name;
    where = t->about.claim;
    if (common && !json_is_boolean(common))
        return ost_fail(err, OST_EWORKFLOW, "%s: 'common' is true or false",
                        where);
    t->common = json_is_true(common);
    rc = read_classes(json, where, t, err);
    if (!rc)
        rc = ost_audit_counts_of(a, json, "n", where, &t->n, err);
    if (!rc)
        rc = ost_audit_counts_of(a, json, "positives", where, &t->positives,
                                 err);
    if (!rc)
        rc = read_shares(a, json, where, t, err);
    if (!rc)
        rc = read_folds(a, json, where, t, err);
    if (rc)
        return rc;
    if (t->n_rows == 0)
        return ost_fail(err, OST_EWORKFLOW, "%s: expected 'rows', a list",
                        where);
    t->rows = OST_ARENA_ARRAY(a->arena, ost_audit_row, t->n_rows);
    for (size_t i = 0; i < t->n_rows && !rc; i++)
        rc = read_row(a, t, json_array_get(rows, i), i, &t->rows[i], err);
    return rc;
}
