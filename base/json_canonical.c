/* base/json_canonical.c - the one way to write a JSON value */
#include "base/alloc.h"
#include "base/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes "1e+05" as "1e5" and "1e-07" as "1e-7". */
static void add_short_exponent(ost_buf *out, const char *text)
{
    size_t n = strcspn(text, "e");

    ost_buf_add(out, text, n);
    if (text[n] == '\0')
        return;
    ost_buf_addc(out, 'e');
    if (text[n + 1] == '-')
        ost_buf_addc(out, '-');
    text += n + 2;
    ost_buf_adds(out, text + strspn(text, "0"));
}

static void add_integer(ost_buf *out, json_int_t v)
{
    unsigned long long left =
        v < 0 ? -(unsigned long long)v : (unsigned long long)v;
    char text[24];
    size_t at = sizeof(text);

    do {
        text[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (v < 0)
        text[--at] = '-';
    ost_buf_add(out, text + at, sizeof(text) - at);
}

void ost_json_add_real(ost_buf *out, double v)
{
    char text[40];
    int digits = DBL_DIG;

    if (!isfinite(v)) {
        ost_buf_adds(out, "null");
        return;
    }
    if (v == trunc(v) && fabs(v) < 0x1p53) {
        add_integer(out, (json_int_t)v);
        return;
    }
    /* A normal double that has a text of at most DBL_DIG digits is printed
     * as that text; a denormal one has fewer digits than that. */
    if (fabs(v) < DBL_MIN)
        digits = 1;
    for (; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    add_short_exponent(out, text);
}

typedef struct {
    const char *name;
    const json_t *value;
} member;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const member *)a)->name, ((const member *)b)->name);
}

static void add_object(ost_buf *out, const json_t *object)
{
    enum { FEW = 16 }; /* need no memory of their own */
    json_t *o = (json_t *)(uintptr_t)object;
    size_t n = json_object_size(object), k = 0;
    member few[FEW], *members = few;

    if (n > FEW)
        members = ost_xalloc(n * sizeof(*members));
    for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i))
        members[k++] =
            (member){ json_object_iter_key(i), json_object_iter_value(i) };
    if (n > 1)
        qsort(members, n, sizeof(*members), by_name);
    ost_buf_addc(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            ost_buf_addc(out, ',');
        ost_buf_add_json(out, members[i].name, strlen(members[i].name));
        ost_buf_addc(out, ':');
        ost_json_canonical(out, members[i].value);
    }
    ost_buf_addc(out, '}');
    if (members != few)
        ost_free(members);
}

static void add_array(ost_buf *out, const json_t *array)
{
    ost_buf_addc(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i)
            ost_buf_addc(out, ',');
        ost_json_canonical(out, json_array_get(array, i));
    }
    ost_buf_addc(out, ']');
}

void ost_json_canonical(ost_buf *out, const json_t *value)
{
    if (!value) {
        ost_buf_adds(out, "null");
        return;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_object(out, value);
        break;
    case JSON_ARRAY:
        add_array(out, value);
        break;
    case JSON_STRING:
        ost_buf_add_json(out, json_string_value(value),
                         json_string_length(value));
        break;
    case JSON_INTEGER:
        add_integer(out, json_integer_value(value));
        break;
    case JSON_REAL:
        ost_json_add_real(out, json_real_value(value));
        break;
    case JSON_TRUE:
        ost_buf_adds(out, "true");
        break;
    case JSON_FALSE:
        ost_buf_adds(out, "false");
        break;
    case JSON_NULL:
        ost_buf_adds(out, "null");
        break;
    }
}
