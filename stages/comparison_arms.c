/* stages/comparison_arms.c - predictions as arms, joined by item */
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "stages/comparison.h"

#include <string.h>

#include "base/banned.h"

typedef struct {
    ost_comparison *c;
    ost_map seen;                 /* arm names */
    ost_map repeats;              /* values of the axis of repeats */
    OST_VEC(const char *) names;  /* in their order */
    OST_VEC(const char *) others; /* left out by param 'arms' */
    OST_VEC(uint32_t) arm;        /* of each row of the table */
} reading;

static const char *axis_value(const ost_input *in, const ost_item *item,
                              const char *axis, ost_arena *arena)
{
    const ost_attr *a;

    for (size_t i = 0; i < in->n_axes; i++) {
        if (strcmp(in->axes[2 * i], axis) == 0)
            return in->axes[2 * i + 1];
    }
    a = ost_item_attr(item, ost_arena_printf(arena, "axis.%s", axis));
    return a && a->kind == OST_ATTR_TEXT && *a->text ? a->text : NULL;
}

static const char *arm_of(const ost_comparison *c, const ost_input *in,
                          const ost_item *item)
{
    if (c->params->by)
        return axis_value(in, item, c->params->by, c->arena);
    return in->row && *in->row ? in->row : NULL;
}

/* Not the items of arms that param 'arms' does not name; name_rows() tells of
 * items that have no arm. */
static bool is_compared(const void *user, const ost_input *in,
                        const ost_item *item)
{
    const ost_comparison *c = user;
    const ost_str_list *wanted = &c->params->arms;
    const char *name = wanted->n > 0 ? arm_of(c, in, item) : NULL;

    for (size_t i = 0; name && i < wanted->n; i++) {
        if (strcmp(name, wanted->v[i]) == 0)
            return true;
    }
    return !name;
}

static uint32_t arm_named(reading *r, const char *name)
{
    uint64_t number = r->names.len;

    if (!ost_map_get(&r->seen, name, strlen(name), &number)) {
        ost_map_put(&r->seen, name, strlen(name), number);
        ost_vec_push(&r->names, name);
    }
    return (uint32_t)number;
}

static void note_other(reading *r, const char *name)
{
    const char *last = r->others.len ? r->others.data[r->others.len - 1] : "";

    if (strcmp(last, name) != 0)
        ost_vec_push(&r->others, name);
}

/* An item of one repeat is another one than that of the next. */
static void name_repeat(reading *r, const ost_input *in, const ost_item *item)
{
    ost_comparison *c = r->c;
    const char *repeat = axis_value(in, item, c->params->repeat, c->arena);
    ost_prediction *row = &c->table.rows[r->arm.len];
    ost_item *copy;
    uint64_t number;

    if (!repeat)
        return;
    if (!ost_map_get(&r->repeats, repeat, strlen(repeat), &number))
        ost_map_put(&r->repeats, repeat, strlen(repeat), ++c->n_repeats);
    copy = ost_arena_alloc(c->arena, sizeof(*copy));
    *copy = *row->item;
    copy->id = ost_arena_printf(c->arena, "%s (%s %s)", item->id,
                                c->params->repeat, repeat);
    row->item = copy;
}

/* Names the arm of every row of the table. */
static ost_rc name_rows(reading *r, ost_err *err)
{
    ost_comparison *c = r->c;
    size_t inputs = ost_ctx_input_count(c->ctx, "predictions");
    const char *by = c->params->by;
    ost_rc rc = OST_OK;

    for (size_t k = 0; k < inputs && !rc; k++) {
        const ost_input *in = ost_ctx_input(c->ctx, "predictions", k);
        const ost_item *items;
        size_t n = 0;

        rc = ost_ctx_items(c->ctx, in, &items, &n, err);
        for (size_t i = 0; i < n && !rc; i++) {
            const char *name = arm_of(c, in, &items[i]);

            if (!is_compared(c, in, &items[i])) {
                note_other(r, name);
                continue;
            }
            if (!name)
                rc = by ? ost_fail(err, OST_EINPUT,
                                   "item '%s' has no value on the axis '%s' of "
                                   "param 'by'",
                                   items[i].id, by)
                        : ost_fail(err, OST_EINPUT,
                                   "port 'predictions': each arm needs a name "
                                   "({\"reader\": ..., \"network\": ...}), or "
                                   "param 'by' the axis that tells them apart");
            if (rc)
                break;
            name_repeat(r, in, &items[i]);
            ost_vec_push(&r->arm, arm_named(r, name));
        }
    }
    return rc;
}

static ost_rc check_wanted(const reading *r, ost_err *err)
{
    const ost_str_list *wanted = &r->c->params->arms;

    for (size_t i = 0; i < wanted->n; i++) {
        const char *name = wanted->v[i], *near;
        uint64_t number;

        if (ost_map_get(&r->seen, name, strlen(name), &number))
            continue;
        near = ost_nearest(name, r->others.data, r->others.len);
        return ost_fail(err, OST_EINPUT, "param 'arms': no arm '%s'%s%s%s",
                        name, near ? " (did you mean '" : "", near ? near : "",
                        near ? "'?)" : "");
    }
    return OST_OK;
}

static ost_rc order_arms(reading *r, uint32_t **place, ost_err *err)
{
    const char *baseline = r->c->params->baseline, *near;
    uint64_t first = 0;

    if (r->names.len == 1 && r->c->params->by)
        json_array_append_new(
            r->c->warnings,
            json_sprintf("'%s' is the only arm on the axis '%s': there is "
                         "nothing to test",
                         r->names.data[0], r->c->params->by));
    else if (r->names.len < 2)
        return ost_fail(err, OST_EINPUT,
                        "there is nothing to compare: %zu arm%s%s%s%s",
                        r->names.len, r->names.len == 1 ? " ('" : "s",
                        r->names.len == 1 ? r->names.data[0] : "",
                        r->names.len == 1 ? "')" : "", "");
    if (baseline &&
        !ost_map_get(&r->seen, baseline, strlen(baseline), &first)) {
        near = ost_nearest(baseline, r->names.data, r->names.len);
        return ost_fail(err, OST_EINPUT, "param 'baseline': no arm '%s'%s%s%s",
                        baseline, near ? " (did you mean '" : "",
                        near ? near : "", near ? "'?)" : "");
    }
    r->c->n_arms = r->names.len;
    r->c->arms = OST_ARENA_ARRAY(r->c->arena, ost_arm, r->names.len);
    *place = OST_ARENA_ARRAY(r->c->arena, uint32_t, r->names.len);
    for (size_t i = 0; i < r->names.len; i++) {
        size_t at = i == first ? 0 : i < first ? i + 1 : i;

        (*place)[i] = (uint32_t)at;
        r->c->arms[at].name = r->names.data[i];
    }
    return OST_OK;
}

/* Gives each labeled case to its arm. */
static ost_rc deal_cases(reading *r, const uint32_t *place, ost_err *err)
{
    ost_comparison *c = r->c;
    const ost_cases *cases = &c->cases;
    size_t at = 0;

    for (size_t a = 0; a < c->n_arms; a++) {
        c->arms[a].index = OST_ARENA_ARRAY(c->arena, uint32_t, cases->n);
        c->arms[a].at = OST_ARENA_ARRAY(c->arena, uint32_t, cases->n_items);
        c->arms[a].scored = cases->score != NULL;
        for (size_t i = 0; i < cases->n_items; i++)
            c->arms[a].at[i] = OST_NO_CASE;
    }
    for (size_t i = 0; i < c->table.n; i++) {
        ost_arm *arm = &c->arms[place[r->arm.data[i]]];
        uint32_t item;

        if (c->table.rows[i].truth == OST_NO_CLASS)
            continue;
        item = cases->item_number[at];
        if (arm->at[item] != OST_NO_CASE)
            return ost_fail(err, OST_EINPUT,
                            "arm '%s': item '%s' was predicted twice; an arm "
                            "says one thing of each item",
                            arm->name, cases->item[at]->id);
        arm->scored &= c->table.rows[i].score != NULL;
        arm->at[item] = (uint32_t)at;
        arm->index[arm->n++] = (uint32_t)at++;
    }
    return OST_OK;
}

static ost_rc check_truth(const ost_comparison *c, ost_err *err)
{
    const ost_cases *cases = &c->cases;

    for (size_t item = 0; item < cases->n_items; item++) {
        const ost_arm *first = NULL;

        for (size_t a = 0; a < c->n_arms; a++) {
            const ost_arm *arm = &c->arms[a];
            uint32_t at = arm->at[item];

            if (at == OST_NO_CASE)
                continue;
            if (!first)
                first = arm;
            else if (cases->truth[at] != cases->truth[first->at[item]])
                return ost_fail(err, OST_EINPUT,
                                "item '%s' is labeled '%s' in arm '%s' and "
                                "'%s' in arm '%s'",
                                cases->item[at]->id,
                                cases->classes[cases->truth[first->at[item]]],
                                first->name, cases->classes[cases->truth[at]],
                                arm->name);
        }
    }
    return OST_OK;
}

/* The case that says which group an item is of. */
static ost_rc find_group(const ost_comparison *c, size_t item, uint32_t *found,
                         ost_err *err)
{
    const ost_arm *by = NULL;

    *found = OST_NO_CASE;
    for (size_t a = 0; a < c->n_arms; a++) {
        uint32_t at = c->arms[a].at[item];
        const ost_item *of, *before;

        if (at == OST_NO_CASE)
            continue;
        of = c->cases.item[at];
        if (!by && strcmp(of->group, of->id) == 0) {
            *found = *found == OST_NO_CASE ? at : *found;
            continue;
        }
        before = by ? c->cases.item[*found] : of;
        if (strcmp(of->group, of->id) != 0 &&
            strcmp(of->group, before->group) != 0)
            return ost_fail(err, OST_EINPUT,
                            "item '%s' is of group '%s' in arm '%s' and of "
                            "'%s' in arm '%s'",
                            of->id, before->group, by->name, of->group,
                            c->arms[a].name);
        if (!by) {
            by = &c->arms[a];
            *found = at;
        }
    }
    return OST_OK;
}

/* Gives an item one group in all arms; groups are numbered anew. */
static ost_rc join_groups(ost_comparison *c, ost_err *err)
{
    ost_cases *cases = &c->cases;
    uint32_t *number = OST_ARENA_ARRAY(c->arena, uint32_t, cases->n_groups + 1);
    uint32_t n = 0;

    for (size_t item = 0; item < cases->n_items; item++) {
        uint32_t by, *of;
        ost_rc rc = find_group(c, item, &by, err);

        if (rc)
            return rc;
        of = &number[cases->group[by]];
        if (*of == 0)
            *of = ++n;
        for (size_t a = 0; a < c->n_arms; a++)
            if (c->arms[a].at[item] != OST_NO_CASE)
                cases->group[c->arms[a].at[item]] = *of - 1;
    }
    cases->n_groups = n;
    return OST_OK;
}

/* --- items that not all arms judged ----------------------------------------
 */

enum { MOST_NAMED = 20 };

static const char *item_id(const ost_comparison *c, size_t item)
{
    for (size_t a = 0; a < c->n_arms; a++) {
        if (c->arms[a].at[item] != OST_NO_CASE)
            return c->cases.item[c->arms[a].at[item]]->id;
    }
    return "";
}

static void find_missing(ost_comparison *c)
{
    for (size_t a = 0; a < c->n_arms; a++) {
        json_t *named = json_array();
        size_t n = 0;

        for (size_t i = 0; i < c->cases.n_items; i++) {
            if (c->arms[a].at[i] == OST_NO_CASE && n++ < MOST_NAMED)
                json_array_append_new(named, json_string(item_id(c, i)));
        }
        if (n > 0)
            json_array_append_new(
                c->missing, json_pack("{s:s, s:I, s:O}", "arm", c->arms[a].name,
                                      "n", (json_int_t)n, "items", named));
        json_decref(named);
    }
}

static ost_rc match_items(ost_comparison *c, ost_err *err)
{
    const json_t *first;
    size_t items = c->cases.n_items;

    c->common = OST_ARENA_ARRAY(c->arena, uint32_t, items);
    for (size_t i = 0; i < items; i++) {
        bool all = true;

        for (size_t a = 0; a < c->n_arms && all; a++)
            all = c->arms[a].at[i] != OST_NO_CASE;
        if (all)
            c->common[c->n_common++] = (uint32_t)i;
    }
    find_missing(c);
    first = json_array_get(c->missing, 0);
    if (!first)
        return OST_OK;
    if (c->params->unmatched == OST_UNMATCHED_ERROR)
        return ost_fail(
            err, OST_EINPUT,
            "arm '%s' has not judged %" JSON_INTEGER_FORMAT " of %zu items "
            "('%s', ...); all arms have judged %zu (param 'unmatched': common "
            "compares these, unpaired compares without pairs)",
            json_string_value(json_object_get(first, "arm")),
            json_integer_value(json_object_get(first, "n")), items,
            json_string_value(
                json_array_get(json_object_get(first, "items"), 0)),
            c->n_common);
    if (c->params->unmatched == OST_UNMATCHED_COMMON && c->n_common == 0)
        return ost_fail(err, OST_EINPUT, "no item was judged by all arms");
    json_array_append_new(
        c->warnings,
        json_sprintf("%zu of %zu items were judged by all arms: %s",
                     c->n_common, items,
                     c->params->unmatched == OST_UNMATCHED_COMMON
                         ? "the others are left out"
                         : "arms are compared without pairs"));
    return OST_OK;
}

/* --- columns ----------------------------------------------------------------
 */

static ost_rc apply_threshold(ost_comparison *c, ost_err *err)
{
    const json_t *threshold = c->params->threshold;

    if (!json_is_number(threshold))
        return OST_OK;
    if (c->positive == OST_NO_CLASS || !c->cases.score)
        return ost_fail(err, OST_EINPUT,
                        "param 'threshold' is for two classes with scores");
    for (size_t i = 0; i < c->cases.n; i++) {
        double score = c->cases.score[c->positive][i];

        if (!isnan(score))
            c->cases.predicted[i] = score >= json_number_value(threshold)
                                        ? c->positive
                                        : 1 - c->positive;
    }
    return OST_OK;
}

/* Whether areas can be compared. */
static void find_scored(ost_comparison *c)
{
    size_t n = 0;

    for (size_t a = 0; a < c->n_arms; a++)
        n += c->arms[a].scored;
    c->scored = n == c->n_arms;
    for (size_t a = 0; a < c->n_arms && n > 0; a++)
        if (!c->arms[a].scored)
            json_array_append_new(
                c->warnings,
                json_sprintf("arm '%s' has no scores: areas are not compared",
                             c->arms[a].name));
}

static void set_columns(ost_comparison *c)
{
    const ost_cases *cases = &c->cases;
    bool two = c->positive != OST_NO_CLASS;

    c->hit = OST_ARENA_ARRAY(c->arena, uint8_t, cases->n);
    c->said = OST_ARENA_ARRAY(c->arena, uint8_t, cases->n);
    for (size_t i = 0; i < cases->n; i++) {
        c->hit[i] = !two || cases->truth[i] == c->positive;
        c->said[i] = two ? cases->predicted[i] == c->positive
                         : cases->predicted[i] == cases->truth[i];
    }
}

/* Whether any input is of one repeat of several, by its axes or its items. */
static ost_rc find_repeats(const ost_comparison *c, bool *found, ost_err *err)
{
    size_t inputs = ost_ctx_input_count(c->ctx, "predictions");

    *found = false;
    for (size_t k = 0; k < inputs && !*found; k++) {
        const ost_input *in = ost_ctx_input(c->ctx, "predictions", k);
        const ost_item *items;
        size_t n = 0;
        ost_rc rc = ost_ctx_items(c->ctx, in, &items, &n, err);

        if (rc)
            return rc;
        *found =
            n > 0 && axis_value(in, &items[0], c->params->repeat, c->arena);
    }
    return OST_OK;
}

ost_rc ost_comparison_read(ost_comparison *c, ost_err *err)
{
    const char *const axes[] = { c->params->repeat, c->params->fold };
    ost_prediction_request request = {
        .axes = axes,
        .n_axes = 2,
        .label = c->params->label,
        .kinds = 1u << OST_PREDICTS_CLASS,
        .mixed = true,
        .keep = is_compared,
        .user = c,
    };
    reading r = { .c = c };
    uint32_t *place = NULL;
    bool repeated = false;
    ost_rc rc = find_repeats(c, &repeated, err);

    if (!repeated) {
        request.axes++;
        request.n_axes--;
    }
    if (!rc)
        rc = ost_prediction_table_of(c->ctx, "predictions", &request, &c->table,
                                     err);
    if (!rc)
        rc = name_rows(&r, err);
    if (!rc)
        rc = check_wanted(&r, err);
    if (!rc)
        rc = ost_cases_of(&c->table, c->arena, &c->cases, err);
    if (!rc)
        rc = ost_prediction_positive(&c->table, c->params->positive,
                                     &c->positive, err);
    if (!rc)
        rc = apply_threshold(c, err);
    if (!rc)
        rc = order_arms(&r, &place, err);
    if (!rc)
        rc = deal_cases(&r, place, err);
    if (!rc)
        rc = check_truth(c, err);
    if (!rc)
        rc = join_groups(c, err);
    if (!rc)
        find_scored(c);
    if (!rc)
        rc = match_items(c, err);
    if (!rc)
        set_columns(c);
    c->paired = json_array_size(c->missing) == 0 ||
                c->params->unmatched == OST_UNMATCHED_COMMON;
    ost_map_release(&r.seen);
    ost_map_release(&r.repeats);
    ost_vec_release(&r.names);
    ost_vec_release(&r.others);
    ost_vec_release(&r.arm);
    return rc;
}

size_t ost_comparison_cases(const ost_comparison *c, const ost_arm *arm,
                            uint32_t *index)
{
    if (!c->paired) {
        memcpy(index, arm->index, arm->n * sizeof(*index));
        return arm->n;
    }
    for (size_t i = 0; i < c->n_common; i++)
        index[i] = arm->at[c->common[i]];
    return c->n_common;
}
