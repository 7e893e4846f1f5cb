/* stages/audit_tests.c - which test gives the printed p-values
 *
 *     {"rule": "p_values", "source": "Table 5", "paired": true,
 *      "arms": {"model": {"accuracy": "109/123"},
 *               "reader": {"accuracy": "116/123"}},
 *      "comparisons": [{"a": "model", "b": "reader",
 *                       "p": {"accuracy": "0.110"}}]}
 *
 * Every test of two shares is computed for every printed p-value, and counted
 * is which test gives how many of them.  With `test` that one has to give all.
 * With `paired` (the arms judged the same cases) each p-value is also held
 * against all that McNemar's test can give with these counts: how often both
 * were right is not printed.
 */
#include "base/text.h"
#include "base/vec.h"
#include "kernels/stats/share_tests.h"
#include "stages/audit.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { MOST_MARGINS = 20000 };

/* One printed p-value. */
typedef struct {
    const char *a;
    const char *b;
    const char *figure;
    ost_audit_figure printed;
    ost_two_by_two table;
    ost_margins margins; /* n 0: not of equally many cases */
    double p[OST_SHARE_TESTS];
} value;

typedef struct {
    ost_audit *audit;
    ost_audit_about about;
    const char *rule;
    const char *where;
    const json_t *arms;
    bool paired;
    const char *test; /* or NULL */
    double least;     /* what is below prints as "<" it */
    OST_VEC(value) values;
} reading;

/* --- reading ------------------------------------------------------------- */

static ost_rc share_of(reading *r, const char *arm, const char *figure,
                       int64_t *k, int64_t *n, ost_err *err)
{
    const json_t *of = json_object_get(r->arms, arm);
    const char *text;

    if (!json_is_object(of))
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: 'arms' has no arm '%s' with its counts", r->where,
                        arm);
    text = json_string_value(json_object_get(of, figure));
    if (!text)
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: arm '%s' has no count of '%s' (such as "
                        "\"109/123\")",
                        r->where, arm, figure);
    return ost_audit_share(text, r->where, k, n, err);
}

static ost_rc read_value(reading *r, value *v, const json_t *p, ost_err *err)
{
    int64_t k, n, j, m;
    ost_rc rc =
        ost_audit_figure_of(r->audit, p, v->figure, r->where, &v->printed, err);

    if (!rc)
        rc = share_of(r, v->a, v->figure, &k, &n, err);
    if (!rc)
        rc = share_of(r, v->b, v->figure, &j, &m, err);
    if (rc)
        return rc;
    if (v->printed.printed.bound && v->printed.printed.lower == 0)
        r->least = fmax(r->least, (double)v->printed.printed.upper /
                                      (double)v->printed.printed.den);
    v->table = (ost_two_by_two){ { (uint64_t)k, (uint64_t)(n - k), (uint64_t)j,
                                   (uint64_t)(m - j) } };
    v->margins = (ost_margins){ n == m ? n : 0, k, j };
    for (int i = 0; i < OST_SHARE_TESTS; i++)
        v->p[i] = ost_share_tests[i].p(&v->table);
    ost_vec_push(&r->values, *v);
    return OST_OK;
}

static ost_rc read_comparison(reading *r, const json_t *one, ost_err *err)
{
    const json_t *p = json_object_get(one, "p");
    const char *figure;
    value v = { 0 };
    json_t *text;
    ost_rc rc =
        ost_audit_members(r->audit, one, r->where, "a b p comment", err);

    if (!rc)
        rc = ost_audit_text(one, "a", r->where, &v.a, err);
    if (!rc)
        rc = ost_audit_text(one, "b", r->where, &v.b, err);
    if (!rc && (!v.a || !v.b || json_object_size(p) == 0))
        rc = ost_fail(err, OST_EWORKFLOW,
                      "%s: a comparison needs 'a', 'b' and 'p', an object "
                      "from figure to p-value",
                      r->where);
    if (rc)
        return rc;
    json_object_foreach((json_t *)(uintptr_t)p, figure, text)
    {
        v.figure = figure;
        rc = read_value(r, &v, p, err);
        if (rc)
            return rc;
    }
    return OST_OK;
}

static ost_rc check_test(const reading *r, ost_err *err)
{
    const char *names[OST_SHARE_TESTS], *near;

    for (int i = 0; i < OST_SHARE_TESTS && r->test; i++) {
        names[i] = ost_share_tests[i].name;
        if (strcmp(names[i], r->test) == 0)
            return OST_OK;
    }
    if (!r->test)
        return OST_OK;
    near = ost_nearest(r->test, names, OST_SHARE_TESTS);
    return ost_fail(err, OST_EWORKFLOW, "%s: unknown test '%s'%s%s%s", r->where,
                    r->test, near ? " (did you mean '" : "", near ? near : "",
                    near ? "'?)" : "");
}

static ost_rc read_claim(reading *r, const json_t *claim, ost_err *err)
{
    const json_t *list = json_object_get(claim, "comparisons");
    const json_t *paired = json_object_get(claim, "paired");
    ost_rc rc = ost_audit_members(
        r->audit, claim, r->where,
        "rule name source comment test paired arms comparisons", err);

    if (!rc)
        rc = ost_audit_text(claim, "test", r->where, &r->test, err);
    if (!rc)
        rc = check_test(r, err);
    if (!rc && paired && !json_is_boolean(paired))
        rc = ost_fail(err, OST_EWORKFLOW, "%s: 'paired' is true or false",
                      r->where);
    if (!rc && json_array_size(list) == 0)
        rc = ost_fail(err, OST_EWORKFLOW, "%s: expected 'comparisons', a list",
                      r->where);
    r->paired = json_is_true(paired);
    r->arms = json_object_get(claim, "arms");
    for (size_t i = 0; i < json_array_size(list) && !rc; i++)
        rc = read_comparison(r, json_array_get(list, i), err);
    return rc;
}

/* --- independent tests --------------------------------------------------- */

/* Where "<0.001" is printed, 0.0007 does not print as 0.001. */
static bool prints(const reading *r, const value *v, double p)
{
    return ost_printed_double(&v->printed.printed, p) &&
           (v->printed.printed.bound || p >= r->least);
}

static int reproduced(const reading *r, int test)
{
    int n = 0;

    for (size_t i = 0; i < r->values.len; i++)
        n += prints(r, &r->values.data[i], r->values.data[i].p[test]);
    return n;
}

static json_t *values_json(const reading *r)
{
    json_t *out = json_array();

    for (size_t i = 0; i < r->values.len; i++) {
        const value *v = &r->values.data[i];
        json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:o}", "a", v->a, "b",
                                v->b, "figure", v->figure, "printed",
                                v->printed.text, "least_expected",
                                ost_audit_real(ost_least_expected(&v->table)));

        for (int k = 0; k < OST_SHARE_TESTS; k++)
            json_object_set_new(one, ost_share_tests[k].name,
                                ost_audit_real(v->p[k]));
        json_array_append_new(out, one);
    }
    return out;
}

static json_t *tally_json(const reading *r)
{
    json_t *out = json_object();

    for (int k = 0; k < OST_SHARE_TESTS; k++)
        json_object_set_new(out, ost_share_tests[k].name,
                            json_integer(reproduced(r, k)));
    return out;
}

/* "pearson 18, yates 8, ..." */
static const char *tally_text(const reading *r)
{
    const char *text = "";

    for (int k = 0; k < OST_SHARE_TESTS; k++)
        text =
            ost_arena_printf(r->audit->arena, "%s%s%s %d", text, k ? ", " : "",
                             ost_share_tests[k].name, reproduced(r, k));
    return text;
}

static void judge_tests(const reading *r)
{
    int n = (int)r->values.len, best = -1, asked = -1;
    ost_verdict v = OST_UNDECIDED;
    const char *words;

    for (int k = OST_SHARE_TESTS - 1; k >= 0; k--) {
        best = reproduced(r, k) == n ? k : best;
        asked = r->test && strcmp(r->test, ost_share_tests[k].name) == 0
                    ? k
                    : asked;
    }
    if (asked >= 0) {
        v = reproduced(r, asked) == n ? OST_CONSISTENT : OST_INFEASIBLE;
        words = ost_arena_printf(
            r->audit->arena, "%s gives %d of %d printed p-values",
            ost_share_tests[asked].words, reproduced(r, asked), n);
    } else if (best >= 0) {
        v = OST_CONSISTENT;
        words = ost_arena_printf(r->audit->arena,
                                 "%s gives %d of %d printed p-values",
                                 ost_share_tests[best].words, n, n);
    } else {
        words =
            ost_arena_printf(r->audit->arena,
                             "no known test of two independent shares gives "
                             "all %d printed p-values",
                             n);
    }
    ost_audit_add(r->audit, r->about, r->rule, v, "%s (%s)", words,
                  tally_text(r));
    ost_audit_witness(r->audit,
                      json_pack("{s:i, s:o, s:o}", "n", n, "reproduced",
                                tally_json(r), "values", values_json(r)));
    if (r->paired)
        ost_audit_warn(r->audit,
                       "the arms judged the same cases: a test of paired "
                       "shares (McNemar) is due, and needs the cases");
}

/* --- paired tests -------------------------------------------------------- */

static void judge_paired(const reading *r, const value *v)
{
    ost_audit_about about = r->about;
    double p[OST_MCNEMAR_FORMS], least = 1, most = 0;
    const char *range;
    int64_t low, high;
    bool can = false;

    if (v->margins.n == 0 || v->margins.n > MOST_MARGINS)
        return;
    ost_margins_both(&v->margins, &low, &high);
    for (int64_t both = low; both <= high; both++) {
        ost_margins_mcnemar(&v->margins, both, p);
        least = p[0] < least ? p[0] : least;
        most = p[0] > most ? p[0] : most;
        for (int i = 0; i < OST_MCNEMAR_FORMS; i++)
            can = can || prints(r, v, p[i]);
    }
    about.claim = ost_arena_printf(r->audit->arena, "%s, %s against %s, %s",
                                   r->about.claim, v->a, v->b, v->figure);
    range = most - least < 1e-12
                ? ost_arena_printf(r->audit->arena, "is %.4g", most)
                : ost_arena_printf(r->audit->arena,
                                   "lies between %.4g and %.4g", least, most);
    ost_audit_add(
        r->audit, about, "paired_p_value", can ? OST_PLAUSIBLE : OST_INFEASIBLE,
        "McNemar's exact p of these counts %s, and printed is %s%s", range,
        v->printed.text,
        can ? "" : ": neither it nor its chi-square forms can print so");
    ost_audit_witness(
        r->audit, json_pack("{s:o}", "exact",
                            ost_audit_interval((ost_interval){ least, most })));
}

ost_rc ost_audit_p_values(ost_audit *a, const json_t *claim,
                          ost_audit_about about, const char *rule,
                          const char *where, ost_err *err)
{
    reading r = { .audit = a, .about = about, .rule = rule, .where = where };
    ost_rc rc = read_claim(&r, claim, err);

    if (!rc) {
        judge_tests(&r);
        for (size_t i = 0; i < r.values.len && r.paired; i++)
            judge_paired(&r, &r.values.data[i]);
    }
    ost_vec_release(&r.values);
    return rc;
}
