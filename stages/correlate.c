/* stages/correlate.c - whether two numbers of items go together
 *
 * Takes the items that have both attributes, `x` and `y`, as numbers; the
 * others are counted.  Pearson's r is about a straight line, Spearman's, of the
 * ranks, about any rise.  Both come with a p-value and an interval that take
 * items as independent: where a group has several, a warning says so, and
 * `per_group` takes the means of each group instead.
 *
 * An item whose numbers come of a model that had learned from its group is a
 * leak (leaks.h).  docs/burden.md has the members of the document.
 */
#include "base/map.h"
#include "base/text.h"
#include "kernels/stats/hypothesis.h"
#include "stages/evaluation_blocks.h"
#include "stages/leaks.h"
#include "stages/matching.h"

#include <string.h>

#include "base/banned.h"

enum { MOST_POINTS = 5000 };

typedef struct correlate_params {
    const char *x;
    const char *y;
    bool per_group;
    bool allow_empty;
    int leakage;
} correlate_params;

static const ost_param params[] = {
    OST_PARAM(correlate_params, x, STR, "an attribute with numbers",
              .required = true),
    OST_PARAM(correlate_params, y, STR, "another one", .required = true),
    OST_PARAM(correlate_params, per_group, BOOL,
              "the means of each group (patient) instead of items",
              .dflt = "false"),
    OST_PARAM(correlate_params, allow_empty, BOOL,
              "no item with both is no error: nothing is known then",
              .dflt = "false"),
    OST_PARAM(correlate_params, leakage, CHOICE, OST_LEAKAGE_HELP,
              .dflt = "\"error\"", .choices = OST_LEAKAGE_CHOICES),
    OST_END,
};

/* One case: an item, or the items of a group. */
typedef struct numbers {
    const char *group;
    double x;
    double y;
    size_t items;
} numbers;

typedef struct correlating {
    ost_stage_ctx *ctx;
    const correlate_params *p;
    OST_VEC(numbers) cases;
    ost_map groups; /* -> its first case */
    size_t n_in;
    size_t n_lacking;
    double *x;
    double *y;
    json_t *leakage;
} correlating;

/* --- reading ------------------------------------------------------------- */

/* The number, or false when there is none. */
static ost_rc number_of(const ost_item *item, const char *name, bool *there,
                        double *v, ost_err *err)
{
    const ost_attr *a = ost_item_attr(item, name);

    if (!a) {
        *there = false;
        return OST_OK;
    }
    if (a->kind != OST_ATTR_NUMBER || !isfinite(a->number))
        return ost_fail(err, OST_EINPUT,
                        "item '%s': attribute '%s' is no finite number",
                        item->id, name);
    *v = a->number;
    return OST_OK;
}

static void add_case(correlating *c, const ost_item *item, double x, double y)
{
    uint64_t at;

    if (!ost_map_get(&c->groups, item->group, strlen(item->group), &at)) {
        at = c->cases.len;
        ost_map_put(&c->groups, item->group, strlen(item->group), at);
    } else if (c->p->per_group) {
        c->cases.data[at].x += x;
        c->cases.data[at].y += y;
        c->cases.data[at].items++;
        return;
    }
    ost_vec_push(&c->cases, (numbers){ item->group, x, y, 1 });
}

static ost_rc read_items(correlating *c, ost_err *err)
{
    ost_leak_check leaks = { .ctx = c->ctx,
                             .mode = (ost_leakage)c->p->leakage };
    const ost_item *items = NULL;
    ost_rc rc = ost_ctx_items(c->ctx, ost_ctx_input(c->ctx, "in", 0), &items,
                              &c->n_in, err);

    for (size_t i = 0; i < c->n_in && !rc; i++) {
        bool there = true;
        double x = 0.0, y = 0.0;

        rc = number_of(&items[i], c->p->x, &there, &x, err);
        if (!rc)
            rc = number_of(&items[i], c->p->y, &there, &y, err);
        c->n_lacking += !rc && !there;
        if (rc || !there)
            continue;
        add_case(c, &items[i], x, y);
        ost_leaks_add(&leaks, &items[i], NULL);
    }
    if (!rc && c->cases.len == 0 && c->n_in && !c->p->allow_empty)
        rc = ost_fail(err, OST_EINPUT,
                      "none of %zu items has both '%s' and '%s'", c->n_in,
                      c->p->x, c->p->y);
    if (!rc)
        rc = ost_leaks_finish(&leaks, &c->leakage, err);
    ost_leaks_release(&leaks);
    return rc;
}

/* --- the document -------------------------------------------------------- */

static void add_test(const ost_test *t, const char *name, const char *method,
                     json_t *out, json_t *intervals)
{
    static const char few[] = "fewer than three cases, or all the same";
    ost_buf member = { 0 };
    json_t *interval;

    ost_buf_addf(&member, "%s_r", name);
    interval = isfinite(t->interval.lo)
                   ? json_pack("{s:o, s:o, s:f, s:s}", "lo",
                               ost_rounded_or(t->interval.lo, ""), "hi",
                               ost_rounded_or(t->interval.hi, ""), "level",
                               0.95, "method", method)
                   : ost_number_or(OST_UNDEFINED,
                                   "fewer than four cases, or all in one line");
    json_object_set_new(intervals, ost_buf_str(&member), interval);
    json_object_set_new(out, ost_buf_str(&member),
                        ost_rounded_or(t->estimate, few));
    ost_buf_reset(&member);
    ost_buf_addf(&member, "%s_t", name);
    json_object_set_new(out, ost_buf_str(&member),
                        ost_rounded_or(t->statistic, few));
    ost_buf_reset(&member);
    ost_buf_addf(&member, "%s_p", name);
    json_object_set_new(out, ost_buf_str(&member), ost_rounded_or(t->p, few));
    ost_buf_release(&member);
}

/* Mean and standard deviation (n - 1). */
static json_t *moments_json(const double *v, size_t n)
{
    double mean = 0.0, squares = 0.0;

    for (size_t i = 0; i < n; i++)
        mean += v[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (v[i] - mean) * (v[i] - mean);
    return json_pack(
        "{s:o, s:o}", "mean",
        ost_rounded_or(n ? mean : OST_UNDEFINED, "no items"), "std",
        ost_rounded_or(n > 1 ? sqrt(squares / (double)(n - 1)) : OST_UNDEFINED,
                       "fewer than two cases"));
}

static json_t *pooled_json(const correlating *c)
{
    size_t n = c->cases.len;
    ost_test pearson = ost_pearson_correlation(c->x, c->y, n);
    ost_test spearman = ost_spearman_correlation(c->x, c->y, n);
    json_t *intervals = json_object();
    json_t *out = json_pack("{s:I, s:I}", "n_items", (json_int_t)n, "n_groups",
                            (json_int_t)c->groups.len);

    add_test(&pearson, "pearson", "fisher", out, intervals);
    add_test(&spearman, "spearman", "bonett-wright", out, intervals);
    json_object_set_new(out, "intervals", intervals);
    json_object_set_new(out, "x", moments_json(c->x, n));
    json_object_set_new(out, "y", moments_json(c->y, n));
    return out;
}

static json_t *points_json(const correlating *c)
{
    json_t *points = json_array();

    for (size_t i = 0; i < c->cases.len && i < MOST_POINTS; i++)
        json_array_append_new(points, json_pack("[ff]", c->x[i], c->y[i]));
    return points;
}

static json_t *document(const correlating *c)
{
    json_t *warnings = json_array();
    json_t *out = json_pack(
        "{s:s, s:s, s:s, s:b, s:I, s:I, s:o, s:o}", "kind", "correlation", "x",
        c->p->x, "y", c->p->y, "per_group", c->p->per_group, "n_items_in",
        (json_int_t)c->n_in, "n_lacking", (json_int_t)c->n_lacking, "pooled",
        pooled_json(c), "points", points_json(c));

    if (c->groups.len < c->cases.len)
        json_array_append_new(
            warnings,
            json_sprintf("%zu items are of %zu groups and not independent: p "
                         "is too small ('per_group' takes means)",
                         c->cases.len, c->groups.len));
    json_object_set(out, "leakage", c->leakage);
    json_object_set_new(out, "warnings", warnings);
    return out;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    correlating c = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    ost_arena *arena = ost_ctx_arena(ctx);
    json_t *doc = NULL, *warning;
    ost_rc rc = read_items(&c, err);
    size_t i;

    if (rc)
        goto out;
    c.x = OST_ARENA_ARRAY(arena, double, c.cases.len + 1);
    c.y = OST_ARENA_ARRAY(arena, double, c.cases.len + 1);
    for (i = 0; i < c.cases.len; i++) {
        c.x[i] = c.cases.data[i].x / (double)c.cases.data[i].items;
        c.y[i] = c.cases.data[i].y / (double)c.cases.data[i].items;
    }
    doc = document(&c);
    json_array_foreach(json_object_get(doc, "warnings"), i, warning)
        ost_note(ctx, "%s", json_string_value(warning));
    if (c.n_lacking)
        ost_note(ctx, "%zu of %zu items lack '%s' or '%s'", c.n_lacking, c.n_in,
                 c.p->x, c.p->y);
    rc = ost_emit_meta(ctx, "metrics", doc, err);
out:
    json_decref(doc);
    json_decref(c.leakage);
    ost_vec_release(&c.cases);
    ost_map_release(&c.groups);
    return rc;
}

const ost_stage ost_stage_correlate = {
    .name = "correlate",
    .version = 2, /* bump when any output byte can change */
    .summary = "Says whether two numbers of items go together.",
    .param_size = sizeof(correlate_params),
    .params = params,
    .inputs = OST_PORTS(
        { "in", OST_DATASET, "items with both attributes", false, false }),
    .outputs =
        OST_PORTS({ "metrics", OST_METRICS, "the numbers", false, false }),
    .judges = "in",
    .run = run,
};
