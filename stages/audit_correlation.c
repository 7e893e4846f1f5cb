/* stages/audit_correlation.c - whether a p-value belongs to a correlation
 *
 *     {"rule": "correlation", "r": "0.72", "n": 50, "p": "<0.05"}
 *
 * t = r sqrt((n - 2) / (1 - r^2)), two-sided; over all r that print so.
 */
#include "kernels/stats/distributions.h"
#include "stages/audit.h"

#include <math.h>

#include "base/banned.h"

static double t_of(double r, double n)
{
    return r * sqrt((n - 2) / (1 - r * r));
}

static double p_of(double r, double n)
{
    return r >= 1 ? 0 : 2 * ost_student_sf(t_of(r, n), n - 2);
}

static ost_rc read_n(ost_audit *a, const json_t *claim, const char *where,
                     double *n, ost_err *err)
{
    ost_audit_counts c;
    ost_rc rc = ost_audit_counts_of(a, claim, "n", where, &c, err);

    if (!rc && (c.n != 1 || c.v[0] < 4))
        rc = ost_fail(err, OST_EWORKFLOW,
                      "%s: expected 'n', a number of cases of at least 4",
                      where);
    if (!rc)
        *n = (double)c.v[0];
    return rc;
}

static void judge(ost_audit *a, ost_audit_about about, const char *rule,
                  const ost_audit_figure *r, const ost_audit_figure *p,
                  double n)
{
    double at = (double)r->printed.value / (double)r->printed.den;
    double low = fmin((double)r->printed.upper / (double)r->printed.den, 1);
    double high = fmax((double)r->printed.lower / (double)r->printed.den, 0);
    double half = OST_Z95 / sqrt(n - 3), z = atanh(at);
    ost_interval is = { tanh(z - half), tanh(z + half) };
    bool can =
        !p->text ||
        ((double)p->printed.lower / (double)p->printed.den <= p_of(high, n) &&
         p_of(low, n) <= (double)p->printed.upper / (double)p->printed.den);

    ost_audit_add(a, about, rule,
                  !p->text ? OST_UNDECIDED
                  : can    ? OST_CONSISTENT
                           : OST_INFEASIBLE,
                  "r = %s of %.0f cases: t = %.2f, p = %.2g, 95 %% interval "
                  "%s; printed is %s",
                  r->text, n, t_of(at, n), p_of(at, n),
                  ost_audit_range(a, is.lo, is.hi),
                  p->text ? p->text : "no p-value");
    ost_audit_witness(a, json_pack("{s:o, s:o, s:o}", "t",
                                   ost_audit_real(t_of(at, n)), "p",
                                   ost_audit_real(p_of(at, n)), "interval",
                                   ost_audit_interval(is)));
}

ost_rc ost_audit_correlation(ost_audit *a, const json_t *claim,
                             ost_audit_about about, const char *rule,
                             const char *where, ost_err *err)
{
    ost_audit_figure r = { 0 }, p = { 0 };
    double n = 0;
    ost_rc rc = ost_audit_members(a, claim, where,
                                  "rule name source comment r n p", err);

    if (!rc)
        rc = ost_audit_figure_of(a, claim, "r", where, &r, err);
    if (!rc)
        rc = ost_audit_figure_of(a, claim, "p", where, &p, err);
    if (!rc)
        rc = read_n(a, claim, where, &n, err);
    if (rc)
        return rc;
    if (!r.text || r.printed.bound || r.printed.value >= r.printed.den)
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: expected 'r', a correlation below 1 without its "
                        "sign",
                        where);
    judge(a, about, rule, &r, &p, n);
    return OST_OK;
}
