/* engine/report_text.c - words, numbers and sections of a report page */
#include "base/json.h"
#include "base/text.h"
#include "engine/report_impl.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* What separates groups of digits: a narrow space that does not break. */
#define THIN_SPACE "\xe2\x80\xaf"
#define EN_DASH    "\xe2\x80\x93"
#define MINUS      "\xe2\x88\x92"

void ost_report_count(ost_buf *out, uint64_t n)
{
    char digits[32];
    size_t len;

    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    len = strlen(digits);
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && len > 4 && (len - i) % 3 == 0)
            ost_buf_adds(out, THIN_SPACE);
        ost_buf_addc(out, digits[i]);
    }
}

void ost_report_counted(ost_buf *out, uint64_t n, const char *one,
                        const char *many)
{
    ost_report_count(out, n);
    ost_buf_addc(out, ' ');
    ost_buf_adds(out, n == 1 ? one : many);
}

static void add_rate(ost_buf *out, double v)
{
    if (v < 0)
        ost_buf_adds(out, MINUS);
    ost_buf_addf(out, "%.3f", fabs(v));
}

void ost_report_rate(ost_buf *out, const json_t *v)
{
    const char *reason = ost_report_text(v, "reason");

    if (json_is_number(v)) {
        add_rate(out, json_number_value(v));
        return;
    }
    ost_buf_adds(out, "<span class=\"none\"");
    if (*reason) {
        ost_buf_adds(out, " title=\"undefined: ");
        ost_buf_add_html(out, reason);
        ost_buf_addc(out, '"');
    }
    ost_buf_adds(out, ">" EN_DASH "</span>");
}

void ost_report_interval(ost_buf *out, const json_t *interval)
{
    const json_t *lo = json_object_get(interval, "lo");
    const json_t *hi = json_object_get(interval, "hi");

    if (!json_is_number(lo) || !json_is_number(hi))
        return;
    add_rate(out, json_number_value(lo));
    ost_buf_adds(out, EN_DASH);
    add_rate(out, json_number_value(hi));
}

bool ost_report_has(const json_t *set, const char *name)
{
    return json_is_number(json_object_get(set, name));
}

void ost_report_value(ost_buf *out, const json_t *v)
{
    ost_buf text = { 0 };

    if (json_is_string(v)) {
        ost_buf_add_html(out, json_string_value(v));
        return;
    }
    if (json_is_real(v))
        ost_buf_addf(&text, "%.6g", json_real_value(v));
    else if (v)
        ost_json_canonical(&text, v);
    ost_buf_add_html(out, ost_buf_str(&text));
    ost_buf_release(&text);
}

void ost_report_heading(ost_buf *out, const char *name)
{
    if (islower((unsigned char)*name)) {
        ost_buf_addc(out, (char)toupper((unsigned char)*name));
        name++;
    }
    for (; *name; name++) {
        const char c[2] = { *name == '_' ? ' ' : *name, 0 };

        ost_buf_add_html(out, c);
    }
}

const char *ost_report_text(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));

    return s ? s : "";
}

uint64_t ost_report_number(const json_t *object, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(object, name));

    return n > 0 ? (uint64_t)n : 0;
}

void ost_report_entry_name(ost_buf *out, const json_t *entry, size_t index)
{
    json_t *axes = json_object_get(entry, "axes"), *v;
    const char *name = ost_report_text(entry, "name"), *axis;
    bool any = *name != 0;

    ost_buf_add_html(out, name);
    json_object_foreach(axes, axis, v)
    {
        ost_buf_adds(out, any ? ", " : "");
        ost_buf_add_html(out, axis);
        ost_buf_addc(out, ' ');
        ost_report_value(out, v);
        any = true;
    }
    if (!any)
        ost_buf_addf(out, "%zu", index + 1);
}

bool ost_report_is_evaluation(const json_t *document)
{
    return json_is_object(json_object_get(document, "pooled")) &&
           json_is_array(json_object_get(document, "classes"));
}

const char *ost_report_by(const json_t *document)
{
    const char *by = ost_report_text(document, "by");

    return *by ? by : "fold";
}

void ost_report_open(ost_report_page *p, const char *id, const char *title)
{
    ost_buf_addf(p->out, "<section id=\"%s\" aria-labelledby=\"h-%s\">\n", id,
                 id);
    ost_buf_addf(p->out, "<h2 id=\"h-%s\">", id);
    ost_buf_add_html(p->out, title);
    ost_buf_adds(p->out, "</h2>\n");
}

void ost_report_close(ost_report_page *p)
{
    ost_buf_adds(p->out, "</section>\n");
}

double *ost_report_array(ost_report_page *p, const json_t *array, size_t *n)
{
    double *v = OST_ARENA_ARRAY(&p->arena, double, json_array_size(array));

    *n = json_array_size(array);
    for (size_t i = 0; i < *n; i++) {
        const json_t *one = json_array_get(array, i);

        v[i] = json_is_number(one) ? json_number_value(one) : (double)NAN;
    }
    return v;
}
