/* engine/report_text.c - words and numbers of a report */
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

void ost_report_rate(ost_buf *out, const json_t *v)
{
    if (json_is_number(v))
        ost_number_text(out, json_number_value(v), 3, false);
    else
        ost_buf_adds(out, EN_DASH);
}

void ost_report_interval(ost_buf *out, const json_t *interval)
{
    double lower, upper;

    if (!ost_interval_ends(interval, &lower, &upper))
        return;
    ost_number_text(out, lower, 3, false);
    ost_buf_adds(out, EN_DASH);
    ost_number_text(out, upper, 3, false);
}

const json_t *ost_report_interval_of(const json_t *set, const char *name)
{
    return json_object_get(json_object_get(set, "intervals"), name);
}

double ost_report_real(const json_t *set, const char *name)
{
    const json_t *v = json_object_get(set, name);

    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

bool ost_report_has(const json_t *set, const char *name)
{
    return json_is_number(json_object_get(set, name));
}

const char *ost_report_words(ost_report_page *p, const json_t *v)
{
    const char *words;
    ost_buf text = { 0 };

    if (json_is_string(v))
        return json_string_value(v);
    if (json_is_real(v))
        ost_buf_addf(&text, "%.6g", json_real_value(v));
    else if (v)
        ost_json_canonical(&text, v);
    words = ost_arena_strdup(&p->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return words;
}

/* Words that are not written as others are. */
static const char *const spelled[][2] = {
    { "auc", "AUC" },   { "ece", "ECE" }, { "f1", "F1" },     { "fid", "FID" },
    { "iou", "IoU" },   { "kid", "KID" }, { "mcc", "MCC" },   { "mce", "MCE" },
    { "npv", "NPV" },   { "pr", "PR" },   { "roc", "ROC" },   { "sd", "SD" },
    { "hd95", "HD95" }, { "p", "p" },     { "gpus", "GPUs" },
};

const char *ost_report_heading(ost_report_page *p, const char *name)
{
    char *words = ost_arena_strdup(&p->arena, name), *c = words;

    while (*c) {
        size_t n = strcspn(c, "_ ");

        for (size_t i = 0; i < sizeof(spelled) / sizeof(spelled[0]); i++)
            if (strlen(spelled[i][0]) == n && memcmp(spelled[i][0], c, n) == 0)
                memcpy(c, spelled[i][1], n);
        c += n;
        if (*c)
            *c++ = ' ';
    }
    if (islower((unsigned char)*words) && words[1] != 0 && words[1] != ' ')
        *words = (char)toupper((unsigned char)*words);
    return words;
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

const char *ost_report_entry_name(ost_report_page *p, const json_t *entry,
                                  size_t index)
{
    json_t *axes = json_object_get(entry, "axes"), *v;
    const char *name = ost_report_text(entry, "name"), *axis;

    json_object_foreach(axes, axis, v)
    {
        name = ost_arena_printf(&p->arena, "%s%s%s %s", name, *name ? ", " : "",
                                axis, ost_report_words(p, v));
    }
    return *name ? name : ost_arena_printf(&p->arena, "%zu", index + 1);
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
