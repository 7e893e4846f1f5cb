/* stages/prediction_rows.c - what one item is predicted as, and what it is */
#include "stages/prediction_rows.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

uint32_t ost_prediction_class(const ost_prediction_table *t, const char *name)
{
    const char **found =
        t->n_classes ? bsearch(&name, t->classes, t->n_classes,
                               sizeof(*t->classes), ost_prediction_by_name)
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

static ost_rc read_scores(const ost_prediction_table *t, ost_arena *arena,
                          ost_prediction *p, ost_err *err)
{
    double *score = OST_ARENA_ARRAY(arena, double, t->n_classes);
    ost_buf name = { 0 };
    ost_rc rc = OST_OK;

    for (size_t k = 0; k < t->n_classes && !rc; k++) {
        const ost_attr *a;

        ost_buf_reset(&name);
        ost_buf_addf(&name, "%s%s", OST_SCORE_PREFIX, t->classes[k]);
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

/* Whether an item has a label. */
static bool has_label(const ost_item *item, const char *label)
{
    for (size_t i = 0; i < item->n_labels; i++)
        if (strcmp(item->labels[i], label) == 0)
            return true;
    return false;
}

/* One label of several: there, or not. */
static ost_rc finish_label(ost_prediction_table *t, const char *label,
                           ost_arena *arena, ost_prediction *p, ost_err *err)
{
    const ost_attr *a =
        ost_item_attr(p->item, ost_arena_printf(arena, "score.%s", label));
    double *score = OST_ARENA_ARRAY(arena, double, 2);
    uint32_t yes = ost_prediction_class(t, label);

    if (!a || a->kind != OST_ATTR_NUMBER || !isfinite(a->number))
        return ost_fail(err, OST_EINPUT,
                        "item '%s': no finite score for label '%s'",
                        p->item->id, label);
    score[yes] = a->number;
    score[1 - yes] = 1.0 - a->number;
    p->score = score;
    p->predicted = a->number > 0.5 ? yes : 1 - yes;
    p->truth = has_label(p->item, label) ? yes : 1 - yes;
    t->n_labeled++;
    return OST_OK;
}

static ost_rc finish_labels(ost_prediction_table *t, ost_arena *arena,
                            ost_prediction *p, ost_err *err)
{
    uint8_t *has = OST_ARENA_ARRAY(arena, uint8_t, t->n_classes);
    uint8_t *says = OST_ARENA_ARRAY(arena, uint8_t, t->n_classes);
    uint32_t k;
    ost_rc rc = read_scores(t, arena, p, err);

    for (size_t i = 0; i < p->item->n_labels && !rc; i++) {
        rc = class_of(t, p->item, "label", p->item->labels[i], &k, err);
        if (!rc)
            has[k] = 1;
    }
    for (size_t i = 0; i < t->n_classes && !rc; i++)
        says[i] = p->score[i] > 0.5;
    p->has = has;
    p->says = says;
    t->n_labeled++;
    return rc;
}

static ost_rc finish_number(ost_prediction_table *t, ost_prediction *p,
                            ost_err *err)
{
    const ost_attr *a = ost_item_attr(p->item, "predicted");
    const char *label = ost_item_label(p->item);

    if (!a || a->kind != OST_ATTR_NUMBER || !isfinite(a->number))
        return ost_fail(err, OST_EINPUT,
                        "item '%s': what is predicted is not a finite number",
                        p->item->id);
    p->number = a->number;
    p->actual = (double)NAN;
    if (!label)
        return OST_OK;
    if (!ost_parse_f64(label, &p->actual))
        return ost_fail(err, OST_EINPUT,
                        "item '%s': label '%s' is not a number", p->item->id,
                        label);
    t->n_labeled++;
    return OST_OK;
}

static bool has_score(const ost_item *item)
{
    for (size_t i = 0; i < item->n_attrs; i++)
        if (ost_starts_with(item->attrs[i].name, OST_SCORE_PREFIX))
            return true;
    return false;
}

static ost_rc finish_class(ost_prediction_table *t, ost_arena *arena,
                           ost_prediction *p, ost_err *err)
{
    const char *label = ost_item_label(p->item);
    const char *called = ost_prediction_text(p->item, "predicted");
    ost_rc rc = OST_OK;

    if (label) {
        rc = class_of(t, p->item, "label", label, &p->truth, err);
        t->n_labeled++;
    }
    if (!rc && t->scored && (!t->mixed || has_score(p->item)))
        rc = read_scores(t, arena, p, err);
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

ost_rc ost_prediction_fill(ost_prediction_table *t, const char *label,
                           ost_arena *arena, ost_prediction *p, ost_err *err)
{
    if (label)
        return finish_label(t, label, arena, p, err);
    if (t->kind == OST_PREDICTS_LABELS)
        return finish_labels(t, arena, p, err);
    if (t->kind == OST_PREDICTS_NUMBER)
        return finish_number(t, p, err);
    return finish_class(t, arena, p, err);
}
