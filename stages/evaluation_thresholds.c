/* stages/evaluation_thresholds.c - the score from which on a case is positive
 */
#include "stages/evaluation_thresholds.h"

#include "base/map.h"
#include "kernels/stats/ranking.h"
#include "stages/evaluation_blocks.h"
#include "stages/leaks.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* --- params ----------------------------------------------------------------
 */

static const char expected[] =
    "param 'threshold': expected a number, \"youden\", \"cost\", "
    "{\"sensitivity\": 0.9}, {\"specificity\": 0.9} or null";

bool ost_costs_of(const json_t *costs, ost_costs *c)
{
    const json_t *prevalence = json_object_get(costs, "prevalence");

    c->false_positive = json_number_value(json_object_get(costs, "fp"));
    c->false_negative = json_number_value(json_object_get(costs, "fn"));
    c->prevalence = json_is_number(prevalence) ? json_number_value(prevalence)
                                               : OST_UNDEFINED;
    return json_is_object(costs);
}

static ost_rc check_costs(const json_t *costs, ost_err *err)
{
    static const char *const names[] = { "fp", "fn", "prevalence" };
    const char *name;
    json_t *v;

    if (!costs || json_is_null(costs))
        return OST_OK;
    json_object_foreach((json_t *)costs, name, v)
    {
        bool known = false;
        double most = strcmp(name, "prevalence") == 0 ? 1 : 1e300;

        for (int i = 0; i < 3; i++)
            known |= strcmp(name, names[i]) == 0;
        if (!known || !json_is_number(v) || json_number_value(v) < 0 ||
            json_number_value(v) > most)
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'costs': '%s' is not a cost 'fp' or 'fn' "
                            "of at least 0, or a 'prevalence' in 0..1",
                            name);
    }
    if (json_object_get(costs, "fp") && json_object_get(costs, "fn"))
        return OST_OK;
    return ost_fail(err, OST_EWORKFLOW,
                    "param 'costs': expected {\"fp\": 1, \"fn\": 10}, and a "
                    "\"prevalence\" where it is not that of the items");
}

static bool read_rate(const json_t *object, const char *name, double *value)
{
    const json_t *v = json_object_get(object, name);

    *value = json_number_value(v);
    return json_is_number(v) && *value > 0 && *value <= 1 &&
           json_object_size(object) == 1;
}

ost_rc ost_threshold_rule_of(const json_t *threshold, const json_t *costs,
                             ost_threshold_rule *rule, ost_err *err)
{
    const char *word = json_string_value(threshold);
    ost_rc rc = check_costs(costs, err);

    *rule = (ost_threshold_rule){ .kind = OST_THRESHOLD_NONE };
    if (rc)
        return rc;
    if (!threshold || json_is_null(threshold))
        return OST_OK;
    if (json_is_number(threshold)) {
        rule->kind = OST_THRESHOLD_FIXED;
        rule->value = json_number_value(threshold);
    } else if (word && strcmp(word, "youden") == 0) {
        rule->kind = OST_THRESHOLD_YOUDEN;
    } else if (word && strcmp(word, "cost") == 0) {
        rule->kind = OST_THRESHOLD_COST;
        if (!ost_costs_of(costs, &rule->costs))
            return ost_fail(err, OST_EWORKFLOW,
                            "param 'threshold': \"cost\" needs param 'costs' "
                            "({\"fp\": 1, \"fn\": 10})");
    } else if (read_rate(threshold, "sensitivity", &rule->value)) {
        rule->kind = OST_THRESHOLD_SENSITIVITY;
    } else if (read_rate(threshold, "specificity", &rule->value)) {
        rule->kind = OST_THRESHOLD_SPECIFICITY;
    } else {
        return ost_fail(err, OST_EWORKFLOW, "%s", expected);
    }
    return OST_OK;
}

bool ost_threshold_is_chosen(const ost_threshold_rule *rule)
{
    return rule->kind > OST_THRESHOLD_FIXED;
}

/* --- choosing --------------------------------------------------------------
 */

/* One score of the cases, and for what it is one. */
typedef struct {
    const double *score;
    const uint32_t *truth; /* positive where it equals `positive`, or */
    uint32_t positive;
    const uint8_t *has; /* where it is 1 */
} score_column;

static score_column column_of(const ost_evaluation *e, const ost_cases *c,
                              size_t k)
{
    if (e->kind == OST_PREDICTS_LABELS)
        return (score_column){ .score = c->score[k], .has = c->has[k] };
    return (score_column){ .score = c->score[e->positive],
                           .truth = c->truth,
                           .positive = e->positive };
}

static double best_cut(const ost_threshold_rule *rule, const ost_scores *s)
{
    ost_ranking r = ost_ranking_of(s);
    ost_operating_point p;

    if (rule->kind == OST_THRESHOLD_YOUDEN)
        p = ost_youden(&r);
    else if (rule->kind == OST_THRESHOLD_COST)
        p = ost_cost_point(&r, &rule->costs);
    else if (rule->kind == OST_THRESHOLD_SENSITIVITY)
        p = ost_specificity_at_sensitivity(&r, rule->value);
    else
        p = ost_sensitivity_at_specificity(&r, rule->value);
    ost_ranking_release(&r);
    return p.threshold;
}

/* The place of a threshold in messages: "fold 2". */
static const char *place_of(const ost_threshold_work *w, size_t part)
{
    if (w->test->n_parts == 0 || w->chosen_from->n_parts == 0)
        return "the predictions";
    return ost_arena_printf(w->e->arena, "%s %s", w->by, w->test->parts[part]);
}

/* Which part of the validation predictions is part `part` of the test's. */
static bool same_part(const ost_threshold_work *w, size_t part, uint32_t of)
{
    if (w->chosen_from->n_parts == 0)
        return true;
    return of != OST_NO_PART &&
           (w->test->n_parts == 0 ||
            strcmp(w->chosen_from->parts[of], w->test->parts[part]) == 0);
}

static ost_rc choose(const ost_threshold_work *w,
                     const ost_threshold_rule *rule, size_t k, size_t part,
                     double *threshold, ost_err *err)
{
    const ost_cases *c = w->validation;
    score_column column = column_of(w->e, c, k);
    uint8_t *positive = ost_xalloc(c->n + 1);
    double *score = ost_xalloc(sizeof(*score) * (c->n + 1));
    ost_scores s = { positive, score, 0 };
    size_t positives;

    for (size_t i = 0; i < c->n; i++) {
        if (!same_part(w, part, c->part[i]))
            continue;
        positive[s.n] =
            column.has ? column.has[i] : column.truth[i] == column.positive;
        score[s.n++] = column.score[i];
    }
    positives = ost_scores_positives(&s);
    *threshold = best_cut(rule, &s);
    ost_free(positive);
    ost_free(score);
    if (s.n == 0)
        return ost_fail(err, OST_EINPUT,
                        "param 'threshold': no validation predictions for %s",
                        place_of(w, part));
    if (positives == 0 || positives == s.n)
        return ost_fail(err, OST_EINPUT,
                        "param 'threshold': the validation items for %s are "
                        "of one class, so that nothing can be chosen",
                        place_of(w, part));
    return OST_OK;
}

/* --- what may not be -------------------------------------------------------
 */

static ost_rc check_kind(const ost_threshold_work *w,
                         const ost_threshold_rule *rule, ost_err *err)
{
    const ost_evaluation *e = w->e;

    if (e->kind == OST_PREDICTS_NUMBER)
        return ost_fail(err, OST_EINPUT,
                        "param 'threshold': the predictions are numbers, and a "
                        "threshold is for classes");
    if (e->kind == OST_PREDICTS_CLASS && e->positive == OST_NO_CLASS)
        return ost_fail(err, OST_EINPUT,
                        "param 'threshold': there are %zu classes, and a "
                        "threshold is for two",
                        e->cases->n_classes);
    if (!e->cases->score)
        return ost_fail(err, OST_EINPUT,
                        "param 'threshold': the predictions have no scores");
    if (!ost_threshold_is_chosen(rule))
        return OST_OK;
    if (!w->validation)
        return ost_fail(err, OST_EINPUT,
                        "param 'threshold': a threshold is chosen on "
                        "validation predictions, never on those that are "
                        "judged: bind them to the port 'validation' "
                        "(\"in\": {\"predictions\": \"test\", \"validation\": "
                        "\"val\"}), or write a number");
    if (!w->validation->score)
        return ost_fail(err, OST_EINPUT,
                        "port 'validation': the predictions have no scores");
    if (w->validation->n_classes != e->cases->n_classes)
        return ost_fail(err, OST_EINPUT,
                        "port 'validation': there are %zu classes, and %zu in "
                        "the predictions that are judged",
                        w->validation->n_classes, e->cases->n_classes);
    for (size_t k = 0; k < e->cases->n_classes; k++)
        if (strcmp(w->validation->classes[k], e->cases->classes[k]) != 0)
            return ost_fail(err, OST_EINPUT,
                            "port 'validation': class '%s' stands where the "
                            "predictions that are judged have '%s'",
                            w->validation->classes[k], e->cases->classes[k]);
    return OST_OK;
}

/* The name of an item or group in its part. */
static void key_of(const ost_threshold_work *w, ost_buf *key, const char *part,
                   const char *name)
{
    bool apart = w->test->n_parts > 0 && w->chosen_from->n_parts > 0;

    ost_buf_reset(key);
    ost_buf_adds(key, apart && part ? part : "");
    ost_buf_addc(key, '\n');
    ost_buf_adds(key, name);
}

/* What is judged: the names of its items and groups, each in its part. */
static void gather_judged(const ost_threshold_work *w, ost_map *items,
                          ost_map *groups)
{
    ost_buf key = { 0 };

    for (size_t i = 0; i < w->test->n; i++) {
        const ost_prediction *p = &w->test->rows[i];

        key_of(w, &key, p->part, p->item->id);
        ost_map_put(items, key.data, key.len, 0);
        key_of(w, &key, p->part, p->item->group);
        ost_map_put(groups, key.data, key.len, 0);
    }
    ost_buf_release(&key);
}

static ost_rc fail_shared(const ost_threshold_work *w, const ost_prediction *p,
                          ost_err *err)
{
    const char *place =
        p->part ? ost_arena_printf(w->e->arena, " of %s %s", w->by, p->part)
                : "";

    return ost_fail(err, OST_EINPUT,
                    "item '%s'%s is among the validation predictions and among "
                    "those that are judged",
                    p->item->id, place);
}

/* Groups are in both, if by other items: a leak like those of models. */
static ost_rc tell_shared(const ost_threshold_work *w, size_t n,
                          const char *example, ost_err *err)
{
    const char *what = ost_arena_printf(
        w->e->arena,
        "the threshold was chosen on other items of groups that are judged "
        "(%zu: '%s'%s)",
        n, example, n > 1 ? ", ..." : "");

    if (w->e->params->leakage == OST_LEAKAGE_OFF)
        return OST_OK;
    if (w->e->params->leakage == OST_LEAKAGE_WARN) {
        json_array_append_new(w->e->warnings, json_string(what));
        return OST_OK;
    }
    return ost_fail(err, OST_EINPUT,
                    "leakage: %s; choose it on other groups (leakage: warn "
                    "judges them all the same)",
                    what);
}

static ost_rc check_apart(const ost_threshold_work *w, ost_err *err)
{
    ost_map items = { 0 }, groups = { 0 }, shared = { 0 };
    const char *example = "";
    ost_buf key = { 0 };
    ost_rc rc = OST_OK;

    gather_judged(w, &items, &groups);
    for (size_t i = 0; i < w->chosen_from->n && !rc; i++) {
        const ost_prediction *p = &w->chosen_from->rows[i];

        key_of(w, &key, p->part, p->item->id);
        if (ost_map_get(&items, key.data, key.len, NULL))
            rc = fail_shared(w, p, err);
        key_of(w, &key, p->part, p->item->group);
        if (ost_map_get(&groups, key.data, key.len, NULL) &&
            ost_map_put(&shared, key.data, key.len, 0))
            example = p->item->group;
    }
    if (!rc && shared.len > 0)
        rc = tell_shared(w, shared.len, example, err);
    ost_map_release(&items);
    ost_map_release(&groups);
    ost_map_release(&shared);
    ost_buf_release(&key);
    return rc;
}

/* --- applying --------------------------------------------------------------
 */

static void predict(const ost_threshold_work *w, size_t k, size_t i,
                    double threshold)
{
    uint32_t positive = w->e->positive;

    if (w->e->kind == OST_PREDICTS_LABELS)
        w->cases->says[k][i] = w->cases->score[k][i] >= threshold;
    else
        w->cases->predicted[i] =
            w->cases->score[positive][i] >= threshold ? positive : 1 - positive;
}

/* Chooses for each part, applies, and says what was chosen in `per`. */
static ost_rc apply_chosen(const ost_threshold_work *w,
                           const ost_threshold_rule *rule, size_t k,
                           json_t *per, ost_err *err)
{
    bool apart = w->test->n_parts > 0 && w->chosen_from->n_parts > 0;
    size_t n = apart ? w->test->n_parts : 1;
    double *chosen = OST_ARENA_ARRAY(w->e->arena, double, n);
    ost_rc rc = OST_OK;

    for (size_t p = 0; p < n && !rc; p++) {
        rc = choose(w, rule, k, p, &chosen[p], err);
        if (!rc)
            json_object_set_new(per, apart ? w->test->parts[p] : "all",
                                ost_threshold_json(chosen[p]));
    }
    for (size_t i = 0; i < w->cases->n && !rc; i++) {
        uint32_t part = apart ? w->cases->part[i] : 0;

        if (part == OST_NO_PART)
            rc = ost_fail(err, OST_EINPUT,
                          "item '%s' has no %s, so no threshold was chosen "
                          "for it",
                          w->cases->item[i]->id, w->by);
        else
            predict(w, k, i, chosen[part]);
    }
    return rc;
}

static ost_rc apply_rule(const ost_threshold_work *w,
                         const ost_threshold_rule *rule, json_t *per,
                         ost_err *err)
{
    ost_rc rc = check_apart(w, err);

    if (rc || w->e->kind == OST_PREDICTS_CLASS)
        return rc ? rc : apply_chosen(w, rule, 0, per, err);
    for (size_t k = 0; k < w->cases->n_classes && !rc; k++) {
        json_t *of = json_object();

        json_object_set_new(per, w->cases->classes[k], of);
        rc = apply_chosen(w, rule, k, of, err);
        if (rc)
            ost_err_at(err, "label '%s'", w->cases->classes[k]);
    }
    return rc;
}

ost_rc ost_thresholds_apply(const ost_threshold_work *w,
                            const ost_threshold_rule *rule, json_t **threshold,
                            json_t **from, ost_err *err)
{
    size_t columns =
        w->e->kind == OST_PREDICTS_LABELS ? w->cases->n_classes : 1;
    json_t *per;
    ost_rc rc;

    *threshold = json_null();
    *from = json_null();
    if (rule->kind == OST_THRESHOLD_NONE)
        return OST_OK;
    rc = check_kind(w, rule, err);
    if (rc)
        return rc;
    if (rule->kind == OST_THRESHOLD_FIXED) {
        for (size_t k = 0; k < columns; k++)
            for (size_t i = 0; i < w->cases->n; i++)
                predict(w, k, i, rule->value);
        *threshold = json_real(rule->value);
        return OST_OK;
    }
    per = json_object();
    rc = apply_rule(w, rule, per, err);
    *from = json_pack("{s:O, s:s, s:I, s:o}", "rule", w->e->params->threshold,
                      "on", "validation", "n_items",
                      (json_int_t)w->validation->n, "per", per);
    if (w->e->kind == OST_PREDICTS_CLASS && json_object_size(per) == 1)
        *threshold = json_incref(json_object_iter_value(json_object_iter(per)));
    return rc;
}
