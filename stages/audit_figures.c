/* stages/audit_figures.c - what the figures of one row say about each other
 *
 * No count is needed here.  Each printed figure is the range of all numbers
 * that print so, and each rule asks exactly whether ranges can meet.  A range
 * is taken with its ends, and figures that depend on each other as if they did
 * not: what is called infeasible is so.
 */
#include "stages/audit_rows.h"

#include "base/banned.h"

typedef struct {
    ost_ratio lower;
    ost_ratio upper;
} span;

static ost_ratio whole(int64_t v)
{
    return ost_ratio_of(v, 1);
}

static ost_ratio least(ost_ratio a, ost_ratio b)
{
    return ost_ratio_compare(a, b) <= 0 ? a : b;
}

static ost_ratio most(ost_ratio a, ost_ratio b)
{
    return ost_ratio_compare(a, b) >= 0 ? a : b;
}

/* A printed share, within 0..1. */
static span span_of(const ost_audit_figure *f)
{
    return (span){ most(ost_printed_lower(&f->printed), whole(0)),
                   least(ost_printed_upper(&f->printed), whole(1)) };
}

static bool meet(span a, span b)
{
    return ost_ratio_compare(a.lower, b.upper) <= 0 &&
           ost_ratio_compare(b.lower, a.upper) <= 0;
}

static span within(span a, span b)
{
    return (span){ most(a.lower, b.lower), least(a.upper, b.upper) };
}

static const char *shown(ost_audit *a, span s)
{
    return ost_audit_range(a, ost_ratio_double(s.lower),
                           ost_ratio_double(s.upper));
}

static json_t *span_json(span s)
{
    return ost_audit_interval(
        (ost_interval){ ost_ratio_double(s.lower), ost_ratio_double(s.upper) });
}

static ost_ratio harmonic_mean(ost_ratio p, ost_ratio r)
{
    ost_ratio sum = ost_ratio_add(p, r);

    if (sum.num == 0)
        return whole(0);
    return ost_ratio_div(ost_ratio_mul(whole(2), ost_ratio_mul(p, r)), sum);
}

/* --- F1 = 2PR / (P + R) -------------------------------------------------- */

static void f1_rule(ost_audit *a, const ost_audit_table *t,
                    const ost_audit_row *row)
{
    const ost_audit_figure *f = row->figure;
    const ost_audit_figure *f1 = &f[OST_FIGURE_F1];
    span p, r, is;
    bool can;

    if (!f1->text || !f[OST_FIGURE_PRECISION].text ||
        !f[OST_FIGURE_RECALL].text)
        return;
    p = span_of(&f[OST_FIGURE_PRECISION]);
    r = span_of(&f[OST_FIGURE_RECALL]);
    is = (span){ harmonic_mean(p.lower, r.lower),
                 harmonic_mean(p.upper, r.upper) };
    /* F1 is concave: a mean of it is at most the F1 of the means. */
    can = t->mean_over > 1 ? ost_ratio_compare(span_of(f1).lower, is.upper) <= 0
                           : meet(is, span_of(f1));
    ost_audit_add(a, row->about, "f1", can ? OST_CONSISTENT : OST_INFEASIBLE,
                  "precision %s and recall %s give an F1 of %s%s; printed is "
                  "%s",
                  f[OST_FIGURE_PRECISION].text, f[OST_FIGURE_RECALL].text,
                  t->mean_over > 1 ? "at most " : "",
                  t->mean_over > 1
                      ? ost_audit_number(a, ost_ratio_double(is.upper))
                      : shown(a, is),
                  f1->text);
    ost_audit_witness(a, json_pack("{s:o}", "f1", span_json(is)));
}

/* --- accuracy is a weighted mean of sensitivity and specificity ---------- */

static void accuracy_rule(ost_audit *a, const ost_audit_table *t,
                          const ost_audit_row *row)
{
    const ost_audit_figure *f = row->figure;
    const ost_audit_figure *accuracy = &f[OST_FIGURE_ACCURACY];
    span r, s, is;

    (void)t;
    if (!accuracy->text || !f[OST_FIGURE_RECALL].text ||
        !f[OST_FIGURE_SPECIFICITY].text)
        return;
    r = span_of(&f[OST_FIGURE_RECALL]);
    s = span_of(&f[OST_FIGURE_SPECIFICITY]);
    is = (span){ least(r.lower, s.lower), most(r.upper, s.upper) };
    if (meet(is, span_of(accuracy)))
        ost_audit_add(a, row->about, "accuracy_between", OST_CONSISTENT,
                      "accuracy %s lies between sensitivity %s and "
                      "specificity %s",
                      accuracy->text, f[OST_FIGURE_RECALL].text,
                      f[OST_FIGURE_SPECIFICITY].text);
    else
        ost_audit_add(a, row->about, "accuracy_between", OST_INFEASIBLE,
                      "accuracy %s lies outside of sensitivity %s and "
                      "specificity %s: no share of positive cases gives that",
                      accuracy->text, f[OST_FIGURE_RECALL].text,
                      f[OST_FIGURE_SPECIFICITY].text);
}

static void balanced_rule(ost_audit *a, const ost_audit_table *t,
                          const ost_audit_row *row)
{
    const ost_audit_figure *f = row->figure;
    const ost_audit_figure *balanced = &f[OST_FIGURE_BALANCED_ACCURACY];
    span r, s, is;

    (void)t;
    if (!balanced->text || !f[OST_FIGURE_RECALL].text ||
        !f[OST_FIGURE_SPECIFICITY].text)
        return;
    r = span_of(&f[OST_FIGURE_RECALL]);
    s = span_of(&f[OST_FIGURE_SPECIFICITY]);
    is = (span){
        ost_ratio_div(ost_ratio_add(r.lower, s.lower), whole(2)),
        ost_ratio_div(ost_ratio_add(r.upper, s.upper), whole(2)),
    };
    ost_audit_add(a, row->about, "balanced_accuracy",
                  meet(is, span_of(balanced)) ? OST_CONSISTENT : OST_INFEASIBLE,
                  "sensitivity and specificity have a mean of %s; printed is "
                  "%s",
                  shown(a, is), balanced->text);
}

/* --- the share of positive cases that figures imply ---------------------- */

/* Three figures at one corner of their box; not valid where undefined. */
typedef ost_ratio (*implied)(ost_ratio x, ost_ratio y, ost_ratio z);

/* accuracy, recall, precision: 1 - A = share * (1 - 2R + R/P) */
static ost_ratio by_precision(ost_ratio accuracy, ost_ratio r, ost_ratio p)
{
    ost_ratio wrong =
        ost_ratio_add(ost_ratio_sub(whole(1), ost_ratio_mul(whole(2), r)),
                      ost_ratio_div(r, p));

    return ost_ratio_div(ost_ratio_sub(whole(1), accuracy), wrong);
}

/* accuracy, recall, specificity: A = share * R + (1 - share) * S */
static ost_ratio by_accuracy(ost_ratio accuracy, ost_ratio r, ost_ratio s)
{
    return ost_ratio_div(ost_ratio_sub(accuracy, s), ost_ratio_sub(r, s));
}

/* recall, specificity, precision: P = share R / (share R + (1 - share)(1 - S))
 */
static ost_ratio by_rates(ost_ratio r, ost_ratio s, ost_ratio p)
{
    ost_ratio false_alarms = ost_ratio_mul(ost_ratio_sub(whole(1), s), p);
    ost_ratio hits = ost_ratio_mul(r, ost_ratio_sub(whole(1), p));

    return ost_ratio_div(false_alarms, ost_ratio_add(false_alarms, hits));
}

/* Each is monotonic in each figure, so that its ends are at corners. */
static bool corners(implied f, span x, span y, span z, span *is)
{
    for (unsigned i = 0; i < 8; i++) {
        ost_ratio v = f(i & 1 ? x.upper : x.lower, i & 2 ? y.upper : y.lower,
                        i & 4 ? z.upper : z.lower);

        if (!ost_ratio_valid(v))
            return false;
        is->lower = i == 0 ? v : least(is->lower, v);
        is->upper = i == 0 ? v : most(is->upper, v);
    }
    return true;
}

/* The precision that F1 and recall give: F R / (2R - F). */
static bool precision_of_f1(span f1, span r, span *p)
{
    ost_ratio low = ost_ratio_sub(ost_ratio_mul(whole(2), r.upper), f1.lower);
    ost_ratio high = ost_ratio_sub(ost_ratio_mul(whole(2), r.lower), f1.upper);

    if (!ost_ratio_valid(low) || !ost_ratio_valid(high) || low.num <= 0 ||
        high.num <= 0)
        return false;
    p->lower = ost_ratio_div(ost_ratio_mul(f1.lower, r.upper), low);
    p->upper = ost_ratio_div(ost_ratio_mul(f1.upper, r.lower), high);
    if (!ost_ratio_valid(p->lower) || !ost_ratio_valid(p->upper))
        return false;
    *p = within(*p, (span){ whole(0), whole(1) });
    return ost_ratio_compare(p->lower, p->upper) <= 0;
}

typedef struct {
    ost_audit *audit;
    json_t *ways; /* by which figures, and what they give */
    ost_buf words;
    span is; /* what all ways leave */
    int n;
} shares;

static void add_way(shares *s, const char *figures, span is)
{
    json_array_append_new(s->ways, json_pack("{s:s, s:o}", "from", figures,
                                             "share", span_json(is)));
    ost_buf_addf(&s->words, "%s%s imply a share of positives of %s",
                 s->n ? "; " : "", figures, shown(s->audit, is));
    s->is = s->n++ ? within(s->is, is) : is;
}

/* The accuracy that follows from a share and both rates. */
static span accuracy_of(span share, span r, span s)
{
    span is = { whole(1), whole(0) };

    for (unsigned i = 0; i < 8; i++) {
        ost_ratio p = i & 1 ? share.upper : share.lower;
        ost_ratio v = ost_ratio_add(ost_ratio_mul(p, i & 2 ? r.upper : r.lower),
                                    ost_ratio_mul(ost_ratio_sub(whole(1), p),
                                                  i & 4 ? s.upper : s.lower));

        if (!ost_ratio_valid(v))
            return (span){ whole(0), whole(1) };
        is = (span){ least(is.lower, v), most(is.upper, v) };
    }
    return is;
}

/* By both rates and the precision, or by the one that F1 gives. */
static void add_rates(shares *s, const char *figures, span r, span spec, span p)
{
    json_t *way;
    span is, accuracy;

    if (!corners(by_rates, r, spec, p, &is))
        return;
    add_way(s, figures, is);
    accuracy = accuracy_of(is, r, spec);
    way = json_array_get(s->ways, json_array_size(s->ways) - 1);
    json_object_set_new(way, "precision", span_json(p));
    json_object_set_new(way, "accuracy", span_json(accuracy));
    ost_buf_addf(&s->words, " (and so an accuracy of %s)",
                 shown(s->audit, accuracy));
}

static void find_shares(const ost_audit_row *row, shares *s)
{
    const ost_audit_figure *f = row->figure;
    bool has_a = f[OST_FIGURE_ACCURACY].text != NULL;
    bool has_s = f[OST_FIGURE_SPECIFICITY].text != NULL;
    bool has_p = f[OST_FIGURE_PRECISION].text != NULL;
    span acc, r, spec, p, is;

    if (!f[OST_FIGURE_RECALL].text)
        return;
    r = span_of(&f[OST_FIGURE_RECALL]);
    acc = has_a ? span_of(&f[OST_FIGURE_ACCURACY]) : r;
    spec = has_s ? span_of(&f[OST_FIGURE_SPECIFICITY]) : r;
    p = has_p ? span_of(&f[OST_FIGURE_PRECISION]) : r;
    if (has_a && has_p && corners(by_precision, acc, r, p, &is))
        add_way(s, "accuracy, recall and precision", is);
    if (has_a && has_s && !meet(r, spec) &&
        corners(by_accuracy, acc, r, spec, &is))
        add_way(s, "accuracy, sensitivity and specificity", is);
    if (has_s && has_p)
        add_rates(s, "sensitivity, specificity and precision", r, spec, p);
    else if (has_s && f[OST_FIGURE_F1].text &&
             precision_of_f1(span_of(&f[OST_FIGURE_F1]), r, &p))
        add_rates(s, "sensitivity, specificity and F1", r, spec, p);
}

/* The declared shares, from the table or from its counts. */
static size_t declared(ost_audit *a, const ost_audit_table *t,
                       const char *const **texts)
{
    const char **own;

    *texts = t->shares;
    if (t->n_shares || t->n.n != 1 || t->positives.n == 0 || t->n.v[0] == 0)
        return t->n_shares;
    own = OST_ARENA_ARRAY(a->arena, const char *, t->positives.n);
    for (size_t i = 0; i < t->positives.n; i++)
        own[i] = ost_arena_printf(a->arena, "%lld/%lld",
                                  (long long)t->positives.v[i],
                                  (long long)t->n.v[0]);
    *texts = own;
    return t->positives.n;
}

static void judge_shares(ost_audit *a, const ost_audit_table *t,
                         const ost_audit_row *row, shares *s)
{
    const char *const *texts;
    size_t n = declared(a, t, &texts);
    json_t *matches = json_array();
    ost_buf all = { 0 };
    bool none = ost_ratio_compare(s->is.lower, s->is.upper) > 0 ||
                ost_ratio_compare(s->is.lower, whole(1)) > 0 ||
                ost_ratio_compare(s->is.upper, whole(0)) < 0;
    ost_verdict v = OST_UNDECIDED;

    for (size_t i = 0; i < n; i++) {
        ost_ratio is = whole(0);
        span around;

        (void)ost_audit_value(texts[i], "", &is, NULL);
        around = (span){ ost_ratio_sub(is, t->share_within),
                         ost_ratio_add(is, t->share_within) };
        if (!none && meet(s->is, around))
            json_array_append_new(matches, json_string(texts[i]));
        ost_buf_addf(&all, "%s%s = %s", i ? " or " : "", texts[i],
                     ost_audit_number(a, ost_ratio_double(is)));
    }
    if (n)
        v = json_array_size(matches) == 0 ? OST_INFEASIBLE
            : t->share_within.num == 0    ? OST_CONSISTENT
                                          : OST_PLAUSIBLE;
    if (none)
        v = OST_INFEASIBLE;
    ost_audit_add(
        a, row->about, "prevalence", v, "%s%s%s%s", ost_buf_str(&s->words),
        none ? ": there is no such share" : "",
        n ? "; declared is " : "; no share is declared", ost_buf_str(&all));
    ost_audit_witness(
        a, json_pack("{s:O, s:o}", "implied", s->ways, "matches", matches));
    ost_buf_release(&all);
}

static void prevalence_rule(ost_audit *a, const ost_audit_table *t,
                            const ost_audit_row *row)
{
    shares s = { .audit = a, .ways = json_array() };

    find_shares(row, &s);
    if (s.n)
        judge_shares(a, t, row, &s);
    json_decref(s.ways);
    ost_buf_release(&s.words);
}

/* --- the area that one point of a curve allows --------------------------- */

static void band_rule(ost_audit *a, const ost_audit_table *t,
                      const ost_audit_row *row)
{
    const ost_audit_figure *f = row->figure;
    ost_ratio one = whole(1);
    span r, s, is;

    (void)t;
    if (!row->auc.text || !f[OST_FIGURE_RECALL].text ||
        !f[OST_FIGURE_SPECIFICITY].text)
        return;
    r = span_of(&f[OST_FIGURE_RECALL]);
    s = span_of(&f[OST_FIGURE_SPECIFICITY]);
    is.lower = ost_ratio_mul(r.lower, s.lower);
    is.upper = ost_ratio_sub(one, ost_ratio_mul(ost_ratio_sub(one, r.upper),
                                                ost_ratio_sub(one, s.upper)));
    ost_audit_add(a, row->about, "auc_band",
                  meet(is, span_of(&row->auc)) ? OST_CONSISTENT
                                               : OST_INFEASIBLE,
                  "a curve through sensitivity %s and specificity %s has an "
                  "area of %s; printed is %s",
                  f[OST_FIGURE_RECALL].text, f[OST_FIGURE_SPECIFICITY].text,
                  shown(a, is), row->auc.text);
    ost_audit_witness(a, json_pack("{s:o}", "auc", span_json(is)));
}

/* --- all of them --------------------------------------------------------- */

void ost_audit_figures(ost_audit *a, const ost_audit_table *t,
                       const ost_audit_row *row)
{
    static const struct {
        void (*judge)(ost_audit *, const ost_audit_table *,
                      const ost_audit_row *);
        enum { ALL_MEANS, EQUAL_SHARES, ONE_MATRIX } holds_for;
    } rules[] = {
        { f1_rule, ALL_MEANS },          { balanced_rule, ALL_MEANS },
        { accuracy_rule, EQUAL_SHARES }, { prevalence_rule, ONE_MATRIX },
        { band_rule, ONE_MATRIX },
    };
    bool equal = t->n.n == 1 && t->positives.n == 1;

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (t->mean_over == 1 || rules[i].holds_for == ALL_MEANS ||
            (rules[i].holds_for == EQUAL_SHARES && equal))
            rules[i].judge(a, t, row);
}
