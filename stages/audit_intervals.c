/* stages/audit_intervals.c - printed 95 % intervals, and numbers beside them
 *
 *     {"rule": "intervals", "positives": 50, "negatives": 500,
 *      "rows": [{"name": "A", "auc": "0.876", "lower": "0.817",
 *                "upper": "0.926"},
 *               {"name": "B", "count": "50/54", "lower": "0.82",
 *                "upper": "0.97"}],
 *      "pairs": [{"a": "A", "b": "B", "p": "0.03"}]}
 *
 * An interval has to hold its estimate.  A quarter of its width (3.92 standard
 * errors) is held against what Hanley and McNeil (1982) expect of an area with
 * so many cases; a share's interval against the usual ones of its count.  Pairs
 * are compared as if they were independent.
 */
#include "base/vec.h"
#include "kernels/stats/distributions.h"
#include "stages/audit.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

typedef struct {
    ost_audit_about about;
    ost_audit_figure auc;
    ost_audit_figure lower;
    ost_audit_figure upper;
    int64_t k; /* of a share; n 0: an area */
    int64_t n;
} row;

typedef struct {
    ost_audit *audit;
    ost_audit_about about;
    const char *where;
    int64_t positives; /* of areas; 0: not said */
    int64_t negatives;
    OST_VEC(row) rows;
} reading;

json_t *ost_audit_intervals_of(uint64_t k, uint64_t n)
{
    return json_pack(
        "{s:o, s:o}", "wilson",
        ost_audit_interval(ost_wilson_interval(k, n, 0.95)), "clopper_pearson",
        ost_audit_interval(ost_clopper_pearson_interval(k, n, 0.95)));
}

/* --- reading ------------------------------------------------------------- */

static ost_rc read_row(reading *r, const json_t *json, ost_err *err)
{
    ost_audit *a = r->audit;
    const char *where = r->where, *count = NULL;
    row v = { 0 };
    ost_rc rc = ost_audit_members(
        a, json, where, "name source comment auc count lower upper", err);

    if (!rc)
        rc = ost_audit_text(json, "name", where, &v.about.claim, err);
    if (!rc)
        rc = ost_audit_text(json, "source", where, &v.about.source, err);
    if (!rc)
        rc = ost_audit_text(json, "count", where, &count, err);
    if (!rc && v.about.claim)
        where = ost_arena_printf(a->arena, "%s, '%s'", where, v.about.claim);
    if (!rc)
        rc = ost_audit_figure_of(a, json, "auc", where, &v.auc, err);
    if (!rc)
        rc = ost_audit_figure_of(a, json, "lower", where, &v.lower, err);
    if (!rc)
        rc = ost_audit_figure_of(a, json, "upper", where, &v.upper, err);
    if (!rc && count)
        rc = ost_audit_share(count, where, &v.k, &v.n, err);
    if (!rc && (!count == !v.auc.text || !v.lower.text != !v.upper.text ||
                (v.auc.text && !v.lower.text)))
        rc = ost_fail(err, OST_EWORKFLOW,
                      "%s: expected 'auc' with 'lower' and 'upper', or "
                      "'count' with both or none",
                      where);
    if (rc)
        return rc;
    if (!v.about.claim)
        v.about.claim = r->about.claim;
    if (!v.about.source)
        v.about.source = r->about.source;
    ost_vec_push(&r->rows, v);
    return OST_OK;
}

static ost_rc read_size(reading *r, const json_t *claim, const char *name,
                        int64_t *size, ost_err *err)
{
    ost_audit_counts c;
    ost_rc rc = ost_audit_counts_of(r->audit, claim, name, r->where, &c, err);

    if (!rc && c.n > 1)
        rc = ost_fail(err, OST_EWORKFLOW, "%s: '%s' is several numbers",
                      r->where, name);
    *size = !rc && c.n ? c.v[0] : 0;
    return rc;
}

/* --- one interval -------------------------------------------------------- */

static double middle(const ost_audit_figure *f)
{
    return (double)f->printed.value / (double)f->printed.den;
}

static double standard_error(const row *v)
{
    return (middle(&v->upper) - middle(&v->lower)) / (2 * OST_Z95);
}

static void judge_holds(const reading *r, const row *v)
{
    ost_ratio low = ost_printed_lower(&v->lower.printed);
    ost_ratio high = ost_printed_upper(&v->upper.printed);
    bool in =
        v->n
            ? ost_ratio_compare(low, ost_ratio_of(v->k, v->n)) <= 0 &&
                  ost_ratio_compare(ost_ratio_of(v->k, v->n), high) <= 0
            : ost_ratio_compare(low, ost_printed_upper(&v->auc.printed)) <= 0 &&
                  ost_ratio_compare(ost_printed_lower(&v->auc.printed), high) <=
                      0;
    const char *estimate =
        v->n ? ost_arena_printf(r->audit->arena, "%lld/%lld", (long long)v->k,
                                (long long)v->n)
             : v->auc.text;

    ost_audit_add(r->audit, v->about, "interval_holds",
                  in ? OST_CONSISTENT : OST_INFEASIBLE, "%s lies %s %s..%s",
                  estimate, in ? "in" : "outside of", v->lower.text,
                  v->upper.text);
}

static void judge_width(const reading *r, const row *v)
{
    enum { AGREES = 10, UNUSUAL = 30 };
    double area = middle(&v->auc), is = standard_error(v), expected, percent;
    double below = area - middle(&v->lower), above = middle(&v->upper) - area;
    double unit = 2.0 / (double)v->auc.printed.den;
    const char *width;

    if (r->positives == 0 || r->negatives == 0)
        return;
    expected = sqrt(ost_hanley_mcneil_variance(area, (uint64_t)r->positives,
                                               (uint64_t)r->negatives));
    percent = 100 * (is / expected - 1);
    width = fabs(percent) <= AGREES
                ? "agrees within 10 %"
                : ost_arena_printf(r->audit->arena, "%s by %.0f %%",
                                   percent < 0 ? "tighter" : "wider",
                                   fabs(percent));
    ost_audit_add(
        r->audit, v->about, "interval_width", OST_PLAUSIBLE,
        "a standard error of %.4f, where Hanley and McNeil expect %.4f: %s; %s",
        is, expected, width,
        fabs(below - above) < 2.5 * unit ? "symmetric"
        : below > above ? "leans left, as of a bootstrap or a logit, not of a "
                          "normal interval"
                        : "leans right");
    ost_audit_witness(
        r->audit,
        json_pack("{s:o, s:o, s:o, s:o}", "standard_error", ost_audit_real(is),
                  "hanley_mcneil", ost_audit_real(expected), "below",
                  ost_audit_real(below), "above", ost_audit_real(above)));
    if (percent < -UNUSUAL || percent > UNUSUAL)
        ost_audit_warn(r->audit,
                       "the interval is much %s than so many cases give; are "
                       "the resampled units the cases",
                       percent < 0 ? "tighter" : "wider");
}

static bool prints(const row *v, ost_interval i)
{
    return ost_printed_double(&v->lower.printed, i.lo) &&
           ost_printed_double(&v->upper.printed, i.hi);
}

static void judge_share(const reading *r, const row *v)
{
    uint64_t k = (uint64_t)v->k, n = (uint64_t)v->n;
    double p = (double)v->k / (double)v->n;
    const struct {
        const char *name;
        ost_interval is;
    } forms[] = {
        { "Wilson's", ost_wilson_interval(k, n, 0.95) },
        { "Clopper and Pearson's", ost_clopper_pearson_interval(k, n, 0.95) },
        { "the normal",
          ost_normal_interval(p, p * (1 - p) / (double)v->n, 0.95) },
    };
    const char *found = NULL;

    for (int i = 2; i >= 0 && v->lower.text; i--)
        found = prints(v, forms[i].is) ? forms[i].name : found;
    if (found)
        ost_audit_add(r->audit, v->about, "interval_form", OST_CONSISTENT,
                      "%s interval of %lld/%lld prints so", found,
                      (long long)v->k, (long long)v->n);
    else
        ost_audit_add(
            r->audit, v->about, "interval_form", OST_UNDECIDED,
            "%s: Wilson's is %s, Clopper and Pearson's %s",
            v->lower.text ? "none of the usual intervals prints so"
                          : "no interval is printed",
            ost_audit_range(r->audit, forms[0].is.lo, forms[0].is.hi),
            ost_audit_range(r->audit, forms[1].is.lo, forms[1].is.hi));
    ost_audit_witness(r->audit, ost_audit_intervals_of(k, n));
}

/* --- pairs --------------------------------------------------------------- */

static const row *find_row(const reading *r, const char *name)
{
    for (size_t i = 0; name && i < r->rows.len; i++)
        if (strcmp(r->rows.data[i].about.claim, name) == 0)
            return &r->rows.data[i];
    return NULL;
}

static ost_rc judge_pair(const reading *r, const json_t *json, ost_err *err)
{
    const char *name_a, *name_b;
    const row *a, *b;
    ost_audit_about about = r->about;
    ost_audit_figure printed;
    double z, p;
    bool same;
    ost_rc rc =
        ost_audit_members(r->audit, json, r->where, "a b p comment", err);

    if (!rc)
        rc = ost_audit_text(json, "a", r->where, &name_a, err);
    if (!rc)
        rc = ost_audit_text(json, "b", r->where, &name_b, err);
    if (!rc)
        rc = ost_audit_figure_of(r->audit, json, "p", r->where, &printed, err);
    if (rc)
        return rc;
    a = find_row(r, name_a);
    b = find_row(r, name_b);
    if (!a || !b || a->n || b->n)
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: 'pairs': '%s' is the name of no row with an area",
                        r->where,
                        a && !a->n ? name_b ? name_b : ""
                        : name_a   ? name_a
                                   : "");
    z = (middle(&b->auc) - middle(&a->auc)) /
        hypot(standard_error(a), standard_error(b));
    p = 2 * ost_normal_sf(fabs(z));
    same = printed.text && ost_printed_double(&printed.printed, p);
    about.claim =
        ost_arena_printf(r->audit->arena, "%s against %s", name_b, name_a);
    ost_audit_add(r->audit, about, "difference",
                  same ? OST_PLAUSIBLE : OST_UNDECIDED,
                  "taken as independent, the intervals give z = %.2f, p = "
                  "%.2g; printed is %s (a paired test needs the scores)",
                  z, p, printed.text ? printed.text : "none");
    ost_audit_witness(r->audit, json_pack("{s:o, s:o}", "z", ost_audit_real(z),
                                          "p", ost_audit_real(p)));
    return OST_OK;
}

static ost_rc read_and_judge(reading *r, const json_t *claim, ost_err *err)
{
    const json_t *rows = json_object_get(claim, "rows");
    const json_t *pairs = json_object_get(claim, "pairs");
    ost_rc rc = ost_audit_members(
        r->audit, claim, r->where,
        "rule name source comment positives negatives rows pairs", err);

    if (!rc)
        rc = read_size(r, claim, "positives", &r->positives, err);
    if (!rc)
        rc = read_size(r, claim, "negatives", &r->negatives, err);
    if (!rc && json_array_size(rows) == 0)
        rc = ost_fail(err, OST_EWORKFLOW, "%s: expected 'rows', a list",
                      r->where);
    for (size_t i = 0; i < json_array_size(rows) && !rc; i++)
        rc = read_row(r, json_array_get(rows, i), err);
    for (size_t i = 0; i < r->rows.len && !rc; i++) {
        const row *v = &r->rows.data[i];

        if (v->lower.text)
            judge_holds(r, v);
        v->n ? judge_share(r, v) : judge_width(r, v);
    }
    for (size_t i = 0; i < json_array_size(pairs) && !rc; i++)
        rc = judge_pair(r, json_array_get(pairs, i), err);
    return rc;
}

ost_rc ost_audit_interval_rule(ost_audit *a, const json_t *claim,
                               ost_audit_about about, const char *rule,
                               const char *where, ost_err *err)
{
    reading r = { .audit = a, .about = about, .where = where };
    ost_rc rc;

    (void)rule;
    rc = read_and_judge(&r, claim, err);
    ost_vec_release(&r.rows);
    return rc;
}
