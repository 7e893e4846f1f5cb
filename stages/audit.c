/* stages/audit.c - whether published figures can be true
 *
 * Needs nothing but what is printed: counts, class totals, accuracies, areas,
 * p-values, with the decimals they have.  Each rule that applies gives a
 * verdict, "consistent" with a witness, "infeasible" with the reason,
 * "plausible" where only an approximation speaks, or "undecided".
 *
 * An agreement proves nothing: wrong figures may agree.  Infeasible is proven,
 * in exact arithmetic or by going through every confusion matrix, for figures
 * that come from one test; means over folds need not obey.
 */
#include "stages/audit.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "stages/stage.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { ON_INFEASIBLE_NOTE, ON_INFEASIBLE_ERROR };

typedef struct {
    const char *title;
    const json_t *tables;
    const json_t *claims;
    int rounding; /* ost_rounding */
    int on_infeasible;
} audit_params;

static const ost_param params[] = {
    OST_PARAM(audit_params, title, STR, "what is audited, for the report",
              .dflt = "null"),
    OST_PARAM(audit_params, tables, JSON,
              "list of tables of figures: {\"name\", \"n\", \"positives\", "
              "\"rows\": [{\"name\", \"accuracy\": \"0.916\", ...}]}",
              .dflt = "[]"),
    OST_PARAM(audit_params, claims, JSON,
              "list of other claims: {\"rule\": \"counts\", \"holds\": \"68 + "
              "51 = 119\", \"source\"}",
              .dflt = "[]"),
    OST_PARAM(audit_params, rounding, CHOICE,
              "what a printed decimal stands for: rounded to nearest, cut "
              "off, or either",
              .dflt = "\"nearest\"", .choices = "nearest|cut|either"),
    OST_PARAM(audit_params, on_infeasible, CHOICE,
              "what an infeasible verdict does: a note, or an error that ends "
              "the run",
              .dflt = "\"note\"", .choices = "note|error"),
    OST_END,
};

/* Rules that a claim may name; sorted. */
static const struct {
    const char *name;
    ost_rc (*judge)(ost_audit *a, const json_t *claim, ost_audit_about about,
                    const char *rule, const char *where, ost_err *err);
} claim_rules[] = {
    { "correlation", ost_audit_correlation },
    { "counts", ost_audit_equations },
    { "intervals", ost_audit_interval_rule },
    { "p_values", ost_audit_p_values },
    { "percentages", ost_audit_equations },
    { "sizes", ost_audit_equations },
};

enum { RULES = sizeof(claim_rules) / sizeof(claim_rules[0]) };

/* --- what is claimed ----------------------------------------------------- */

static ost_rc judge_claim(ost_audit *a, const json_t *claim, size_t index,
                          ost_err *err)
{
    const char *where = ost_arena_printf(a->arena, "claim %zu", index + 1);
    const char *names[RULES], *rule, *near;
    ost_audit_about about;
    ost_rc rc;

    if (!json_is_object(claim))
        return ost_fail(err, OST_EWORKFLOW, "%s: expected an object", where);
    rc = ost_audit_text(claim, "name", where, &about.claim, err);
    if (!rc)
        rc = ost_audit_text(claim, "source", where, &about.source, err);
    if (!rc)
        rc = ost_audit_text(claim, "rule", where, &rule, err);
    if (rc)
        return rc;
    if (about.claim)
        where = ost_arena_printf(a->arena, "%s ('%s')", where, about.claim);
    for (size_t i = 0; i < RULES; i++) {
        names[i] = claim_rules[i].name;
        if (!rule || strcmp(rule, names[i]) != 0)
            continue;
        about.claim = about.claim ? about.claim : where;
        return claim_rules[i].judge(a, claim, about, rule, where, err);
    }
    near = rule ? ost_nearest(rule, names, RULES) : NULL;
    return ost_fail(err, OST_EWORKFLOW, "%s: unknown rule '%s'%s%s%s", where,
                    rule ? rule : "", near ? " (did you mean '" : "",
                    near ? near : "", near ? "'?)" : "");
}

static ost_rc judge_claims(ost_audit *a, const json_t *claims, ost_err *err)
{
    ost_rc rc = OST_OK;

    if (!json_is_array(claims))
        return ost_fail(err, OST_EWORKFLOW, "param 'claims': expected a list");
    for (size_t i = 0; i < json_array_size(claims) && !rc; i++)
        rc = judge_claim(a, json_array_get(claims, i), i, err);
    ost_err_at(err, "param 'claims'");
    return rc;
}

static ost_rc read_tables(ost_audit *a, const json_t *tables,
                          ost_audit_table **all, ost_err *err)
{
    size_t n = json_array_size(tables);
    ost_rc rc = OST_OK;

    if (!json_is_array(tables))
        return ost_fail(err, OST_EWORKFLOW, "param 'tables': expected a list");
    *all = OST_ARENA_ARRAY(a->arena, ost_audit_table, n + 1);
    for (size_t i = 0; i < n && !rc; i++)
        rc = ost_audit_read_table(a, json_array_get(tables, i), i, &(*all)[i],
                                  err);
    if (rc)
        ost_err_at(err, "param 'tables'");
    return rc;
}

/* Tables are read without a search; claims take no time. */
static ost_rc check(const void *of, ost_err *err)
{
    const audit_params *p = of;
    ost_arena arena = { 0 };
    ost_audit a = { .arena = &arena, .rounding = (ost_rounding)p->rounding };
    ost_audit_table *tables;
    ost_rc rc;

    a.verdicts = json_array();
    rc = read_tables(&a, p->tables, &tables, err);
    if (!rc)
        rc = judge_claims(&a, p->claims, err);
    if (!rc && json_array_size(p->tables) + json_array_size(p->claims) == 0)
        rc = ost_fail(err, OST_EWORKFLOW,
                      "nothing to audit: 'tables' and 'claims' are empty");
    json_decref(a.verdicts);
    ost_arena_release(&arena);
    return rc;
}

/* --- the document -------------------------------------------------------- */

static const char *member(const json_t *verdict, const char *name)
{
    const char *s = json_string_value(json_object_get(verdict, name));

    return s ? s : "";
}

static json_t *summary_of(const ost_audit *a)
{
    json_t *out = json_object(), *v;
    json_int_t warnings = 0;
    size_t i;

    json_object_set_new(out, "n",
                        json_integer((json_int_t)json_array_size(a->verdicts)));
    for (int k = 0; k < OST_VERDICTS; k++) {
        json_int_t n = 0;

        json_array_foreach(a->verdicts, i, v)
        {
            n += strcmp(member(v, "verdict"),
                        ost_verdict_word((ost_verdict)k)) == 0;
        }
        json_object_set_new(out, ost_verdict_word((ost_verdict)k),
                            json_integer(n));
    }
    json_array_foreach(a->verdicts, i, v)
    {
        warnings += json_object_get(v, "warning") != NULL;
    }
    json_object_set_new(out, "warnings", json_integer(warnings));
    return out;
}

/* What its author should look at; the first infeasible verdict is given. */
static const json_t *note_verdicts(ost_stage_ctx *ctx, const ost_audit *a)
{
    enum { MOST = 20 };
    const json_t *first = NULL;
    json_t *v;
    size_t i, n = 0;

    json_array_foreach(a->verdicts, i, v)
    {
        bool bad =
            strcmp(member(v, "verdict"), ost_verdict_word(OST_INFEASIBLE)) == 0;
        const char *claim = member(v, "claim"), *source = member(v, "source");

        if (!bad && !json_object_get(v, "warning"))
            continue;
        first = bad && !first ? v : first;
        if (n++ >= MOST)
            continue;
        if (strcmp(claim, source) == 0)
            source = "";
        ost_note(ctx, "%s%s%s%s: %s: %s", claim, *source ? " (" : "", source,
                 *source ? ")" : "", bad ? "infeasible" : member(v, "warning"),
                 member(v, "reason"));
    }
    if (n > MOST)
        ost_note(ctx, "%zu further findings are in the verdicts", n - MOST);
    return first;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const audit_params *p = ost_ctx_params(ctx);
    ost_audit a = { .arena = ost_ctx_arena(ctx),
                    .rounding = (ost_rounding)p->rounding };
    ost_audit_table *tables;
    const json_t *first;
    json_t *out = NULL;
    ost_rc rc;

    a.verdicts = json_array();
    rc = read_tables(&a, p->tables, &tables, err);
    for (size_t i = 0; i < json_array_size(p->tables) && !rc; i++)
        tables[i].n_classes ? ost_audit_classes(&a, &tables[i])
                            : ost_audit_binary(&a, &tables[i]);
    if (!rc)
        rc = judge_claims(&a, p->claims, err);
    if (rc)
        goto out;
    first = note_verdicts(ctx, &a);
    if (first && p->on_infeasible == ON_INFEASIBLE_ERROR) {
        rc = ost_fail(err, OST_EINPUT, "%s is infeasible: %s",
                      member(first, "claim"), member(first, "reason"));
        goto out;
    }
    out = json_object();
    json_object_set_new(out, "kind", json_string("audit"));
    json_object_set_new(out, "title",
                        p->title ? json_string(p->title) : json_null());
    json_object_set_new(out, "summary", summary_of(&a));
    json_object_set(out, "verdicts", a.verdicts);
    rc = ost_emit_meta(ctx, "metrics", out, err);
out:
    json_decref(out);
    json_decref(a.verdicts);
    return rc;
}

const ost_stage ost_stage_audit = {
    .name = "audit",
    .version = 3, /* bump when any output byte can change */
    .summary = "Say whether published figures can be true.",
    .param_size = sizeof(audit_params),
    .params = params,
    .inputs = OST_NO_PORTS,
    .outputs = OST_PORTS({ .name = "metrics",
                           .type = OST_METRICS,
                           .help = "verdicts, each with reason and witness" }),
    .check = check,
    .run = run,
};
