/* stages/audit_verdict.c - verdicts, and how numbers are written in them */
#include "base/buf.h"
#include "base/text.h"
#include "stages/audit.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/banned.h"

static const char *const words[OST_VERDICTS] = { "consistent", "infeasible",
                                                 "plausible", "undecided" };

const char *ost_verdict_word(ost_verdict verdict)
{
    return words[verdict];
}

void ost_audit_add(ost_audit *a, ost_audit_about about, const char *rule,
                   ost_verdict verdict, const char *fmt, ...)
{
    ost_buf reason = { 0 };
    json_t *out = json_object();
    va_list ap;

    va_start(ap, fmt);
    ost_buf_addv(&reason, fmt, ap);
    va_end(ap);
    json_object_set_new(out, "claim", json_string(about.claim));
    json_object_set_new(out, "source",
                        about.source ? json_string(about.source) : json_null());
    json_object_set_new(out, "rule", json_string(rule));
    json_object_set_new(out, "verdict", json_string(words[verdict]));
    json_object_set_new(out, "reason", json_string(ost_buf_str(&reason)));
    json_array_append_new(a->verdicts, out);
    ost_buf_release(&reason);
}

static json_t *latest(const ost_audit *a)
{
    return json_array_get(a->verdicts, json_array_size(a->verdicts) - 1);
}

void ost_audit_witness(ost_audit *a, json_t *witness)
{
    json_object_set_new(latest(a), "witness", witness);
}

void ost_audit_searched(ost_audit *a, const char *what, uint64_t n)
{
    json_t *in = json_object_get(latest(a), "searched");

    if (!in) {
        in = json_object();
        json_object_set_new(latest(a), "searched", in);
    }
    json_object_set_new(in, what, json_integer((json_int_t)n));
}

void ost_audit_warn(ost_audit *a, const char *fmt, ...)
{
    ost_buf text = { 0 };
    va_list ap;

    va_start(ap, fmt);
    ost_buf_addv(&text, fmt, ap);
    va_end(ap);
    json_object_set_new(latest(a), "warning", json_string(ost_buf_str(&text)));
    ost_buf_release(&text);
}

json_t *ost_audit_real(double v)
{
    char text[32];

    if (isnan(v))
        return json_null();
    snprintf(text, sizeof(text), "%.10g", v);
    (void)ost_parse_f64(text, &v);
    return json_real(v);
}

json_t *ost_audit_interval(ost_interval i)
{
    return json_pack("[o, o]", ost_audit_real(i.lo), ost_audit_real(i.hi));
}

const char *ost_audit_number(ost_audit *a, double v)
{
    return ost_arena_printf(a->arena, "%.4f", v);
}

const char *ost_audit_range(ost_audit *a, double lower, double upper)
{
    return ost_arena_printf(a->arena, "%.4f..%.4f", lower, upper);
}
