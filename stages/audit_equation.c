/* stages/audit_equation.c - sums, percentages and sizes that have to agree
 *
 *     68 + 51 = 61 + 58 = 119
 *     109/123 = 88.62 %
 *     ceil(0.3 * 945) = 284
 *     tiles(1024, 256, 128) = 7
 *     349 / 119 > 3
 *
 * Values are exact fractions.  A side that is one printed number with decimals
 * or a percent sign stands for all values that print so; every other number is
 * meant as it is written.  tiles(length, size, step) is how many pieces cover a
 * side: at 0, step, 2 step and so on while they fit, and one more at the end
 * where the last does not touch it.
 */
#include "stages/audit.h"

#include <string.h>

#include "base/banned.h"

enum { DEEPEST = 32 };

typedef struct {
    const char *text; /* all of it */
    const char *at;
    const char *where;
    int depth;
    ost_err *err;
} parsing;

static ost_rc sum(parsing *p, ost_ratio *v);

static ost_rc wrong(parsing *p, const char *what)
{
    return ost_fail(p->err, OST_EWORKFLOW, "%s: '%s': %s at '%s'", p->where,
                    p->text, what, *p->at ? p->at : "the end");
}

static void skip(parsing *p)
{
    while (*p->at == ' ')
        p->at++;
}

/* True, and past it, when `sign` comes next. */
static bool take(parsing *p, const char *sign)
{
    size_t n = strlen(sign);

    skip(p);
    if (strncmp(p->at, sign, n) != 0)
        return false;
    p->at += n;
    return true;
}

static ost_rc number(parsing *p, ost_ratio *v)
{
    int64_t digits = 0, scale = 1;
    int n = 0;
    bool point = false;

    for (;; p->at++) {
        if (*p->at == '.' && !point) {
            point = true;
            continue;
        }
        if (*p->at < '0' || *p->at > '9')
            break;
        if (++n > OST_PRINTED_DIGITS)
            return wrong(p, "more than 9 digits");
        digits = digits * 10 + (*p->at - '0');
        scale *= point ? 10 : 1;
    }
    if (n == 0)
        return wrong(p, "expected a number");
    *v = ost_ratio_of(digits, scale);
    if (take(p, "%"))
        *v = ost_ratio_div(*v, ost_ratio_of(100, 1));
    return OST_OK;
}

/* --- functions ----------------------------------------------------------- */

static ost_ratio ceiling(ost_ratio a)
{
    ost_ratio zero = ost_ratio_of(0, 1);

    return ost_ratio_sub(zero, ost_ratio_floor(ost_ratio_sub(zero, a)));
}

static ost_ratio apply_ceil(const ost_ratio *v)
{
    return ceiling(v[0]);
}

static ost_ratio apply_floor(const ost_ratio *v)
{
    return ost_ratio_floor(v[0]);
}

/* Halves go up. */
static ost_ratio apply_round(const ost_ratio *v)
{
    return ost_ratio_floor(ost_ratio_add(v[0], ost_ratio_of(1, 2)));
}

static ost_ratio apply_tiles(const ost_ratio *v)
{
    ost_ratio zero = ost_ratio_of(0, 1);

    if (!ost_ratio_valid(v[0]) || !ost_ratio_valid(v[1]) ||
        !ost_ratio_valid(v[2]) || ost_ratio_compare(v[2], zero) <= 0 ||
        ost_ratio_compare(v[0], v[1]) < 0)
        return ost_ratio_of(0, 0);
    return ost_ratio_add(
        ceiling(ost_ratio_div(ost_ratio_sub(v[0], v[1]), v[2])),
        ost_ratio_of(1, 1));
}

static const struct {
    const char *name;
    int inputs;
    ost_ratio (*apply)(const ost_ratio *v);
} functions[] = {
    { "ceil(", 1, apply_ceil },
    { "floor(", 1, apply_floor },
    { "round(", 1, apply_round },
    { "tiles(", 3, apply_tiles },
};

static ost_rc call(parsing *p, size_t f, ost_ratio *v)
{
    ost_ratio in[3];
    ost_rc rc;

    for (int i = 0; i < functions[f].inputs; i++) {
        if (i > 0 && !take(p, ","))
            return wrong(p, "expected ','");
        rc = sum(p, &in[i]);
        if (rc)
            return rc;
    }
    if (!take(p, ")"))
        return wrong(p, "expected ')'");
    *v = functions[f].apply(in);
    return OST_OK;
}

/* --- expressions --------------------------------------------------------- */

static ost_rc operand(parsing *p, ost_ratio *v)
{
    ost_rc rc;

    skip(p);
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (take(p, functions[i].name))
            return call(p, i, v);
    if (!take(p, "("))
        return number(p, v);
    rc = sum(p, v);
    if (!rc && !take(p, ")"))
        rc = wrong(p, "expected ')'");
    return rc;
}

static ost_rc product(parsing *p, ost_ratio *v)
{
    ost_rc rc = operand(p, v);
    ost_ratio next;

    while (!rc) {
        bool times = take(p, "*") || take(p, "\xc3\x97");

        if (!times && !take(p, "/"))
            break;
        rc = operand(p, &next);
        if (!rc)
            *v = times ? ost_ratio_mul(*v, next) : ost_ratio_div(*v, next);
    }
    return rc;
}

static ost_rc sum(parsing *p, ost_ratio *v)
{
    ost_ratio next;
    ost_rc rc;

    if (++p->depth > DEEPEST)
        return wrong(p, "too many parentheses");
    rc = product(p, v);
    while (!rc) {
        bool plus = take(p, "+");

        if (!plus && !take(p, "-"))
            break;
        rc = product(p, &next);
        if (!rc)
            *v = plus ? ost_ratio_add(*v, next) : ost_ratio_sub(*v, next);
    }
    p->depth--;
    if (!rc && !ost_ratio_valid(*v))
        rc = wrong(p, "a division by zero, or a number too large, before");
    return rc;
}

ost_rc ost_audit_value(const char *text, const char *where, ost_ratio *value,
                       ost_err *err)
{
    parsing p = { text, text, where, 0, err };
    ost_rc rc = sum(&p, value);

    skip(&p);
    if (!rc && *p.at)
        rc = wrong(&p, "expected an operator");
    return rc;
}

/* --- equations ----------------------------------------------------------- */

typedef enum { EQUAL, BELOW, AT_MOST, ABOVE, AT_LEAST, NONE } relation;

static const struct {
    const char *sign;
    relation is;
} relations[] = {
    { "<=", AT_MOST }, { ">=", AT_LEAST }, { "<", BELOW },
    { ">", ABOVE },    { "=", EQUAL },
};

typedef struct {
    char text[128];
    ost_ratio value;
    bool printed; /* one number with decimals or percent */
    ost_printed as;
} side;

static bool holds(const side *l, relation is, const side *r)
{
    int order = ost_ratio_compare(l->value, r->value);

    switch (is) {
    case BELOW:
        return order < 0;
    case AT_MOST:
        return order <= 0;
    case ABOVE:
        return order > 0;
    case AT_LEAST:
        return order >= 0;
    case EQUAL:
    case NONE:
        break;
    }
    if (l->printed && r->printed)
        return ost_ratio_compare(ost_printed_lower(&l->as),
                                 ost_printed_upper(&r->as)) <= 0 &&
               ost_ratio_compare(ost_printed_lower(&r->as),
                                 ost_printed_upper(&l->as)) <= 0;
    if (l->printed || r->printed)
        return ost_printed_exact(l->printed ? &l->as : &r->as,
                                 l->printed ? r->value : l->value);
    return order == 0;
}

/* Reads a side, up to the next relation. */
static ost_rc read_side(ost_audit *a, parsing *p, side *s)
{
    const char *from;
    size_t n;
    ost_rc rc;

    skip(p);
    from = p->at;
    rc = sum(p, &s->value);
    if (rc)
        return rc;
    n = (size_t)(p->at - from);
    while (n > 0 && from[n - 1] == ' ')
        n--;
    if (n >= sizeof(s->text))
        return wrong(p, "a side of more than 127 characters before");
    memcpy(s->text, from, n);
    s->text[n] = '\0';
    s->printed = ost_printed_parse(s->text, a->rounding, &s->as) &&
                 (s->as.decimals > 0 || s->as.percent);
    return OST_OK;
}

static relation next_relation(parsing *p)
{
    for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
        if (take(p, relations[i].sign))
            return relations[i].is;
    return NONE;
}

/* "924" or "0.6667", a percentage beside one. */
static const char *shown(ost_audit *a, const side *s, const side *beside)
{
    double v = ost_ratio_double(s->value);

    if (beside->printed && beside->as.percent)
        return ost_arena_printf(a->arena, "%.6g %%", 100 * v);
    return ost_arena_printf(a->arena, "%.9g", v);
}

/* "130 / 2 is 65, not 119 + 11 = 130" */
static const char *refuted(ost_audit *a, const side *l, relation is,
                           const side *r)
{
    static const char *const signs[] = { "", "< ", "<= ", "> ", ">= " };
    const char *left = shown(a, l, r), *right = shown(a, r, l);
    bool given = l->printed || strcmp(left, l->text) == 0;
    bool plain = r->printed || strcmp(right, r->text) == 0;

    return ost_arena_printf(a->arena, "%s is %s%snot %s%s%s%s", l->text,
                            given ? "" : left, given ? "" : ", ", signs[is],
                            r->text, plain ? "" : " = ", plain ? "" : right);
}

static ost_rc judge(ost_audit *a, ost_audit_about about, const char *rule,
                    const char *where, const char *text, ost_err *err)
{
    parsing p = { text, text, where, 0, err };
    side left, right;
    const char *fault = NULL;
    relation is;
    ost_rc rc = read_side(a, &p, &left);
    int compared = 0;

    for (; !rc; left = right, compared++) {
        is = next_relation(&p);
        if (is == NONE)
            break;
        rc = read_side(a, &p, &right);
        if (!rc && !fault && !holds(&left, is, &right))
            fault = refuted(a, &left, is, &right);
    }
    skip(&p);
    if (!rc && (*p.at || compared == 0))
        rc = wrong(&p, "expected =, <, <=, > or >=");
    if (rc)
        return rc;
    if (fault)
        ost_audit_add(a, about, rule, OST_INFEASIBLE, "%s: %s", text, fault);
    else
        ost_audit_add(a, about, rule, OST_CONSISTENT, "%s", text);
    return OST_OK;
}

ost_rc ost_audit_equations(ost_audit *a, const json_t *claim,
                           ost_audit_about about, const char *rule,
                           const char *where, ost_err *err)
{
    const json_t *list = json_object_get(claim, "holds"), *one;
    size_t i;
    ost_rc rc = ost_audit_members(a, claim, where,
                                  "rule name source comment holds", err);

    if (rc)
        return rc;
    if (json_is_string(list))
        return judge(a, about, rule, where, json_string_value(list), err);
    if (json_array_size(list) == 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: expected 'holds', a text such as \"68 + 51 = "
                        "119\" or a list of them",
                        where);
    json_array_foreach(list, i, one)
    {
        if (!json_is_string(one))
            return ost_fail(err, OST_EWORKFLOW,
                            "%s: element %zu of 'holds' is no text", where, i);
        rc = judge(a, about, rule, where, json_string_value(one), err);
        if (rc)
            return rc;
    }
    return OST_OK;
}
