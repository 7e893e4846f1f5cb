/* stages/params.c - the parameter table at work: check, complete, key, fill */
#include "stages/params.h"

#include "base/json.h"
#include "base/text.h"
#include "store/key.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static void add_fault(ost_param_faults *faults, const char *pointer, bool key,
                      const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void add_fault(ost_param_faults *faults, const char *pointer, bool key,
                      const char *fmt, ...)
{
    ost_param_fault f = { .key = key };
    va_list ap;

    snprintf(f.pointer, sizeof(f.pointer), "%s", pointer);
    va_start(ap, fmt);
    vsnprintf(f.text, sizeof(f.text), fmt, ap);
    va_end(ap);
    ost_vec_push(faults, f);
}

static bool is_list(ost_param_kind kind)
{
    return kind == OST_PARAM_I64_LIST || kind == OST_PARAM_F64_LIST ||
           kind == OST_PARAM_STR_LIST;
}

static bool is_number(ost_param_kind kind)
{
    return kind == OST_PARAM_I64 || kind == OST_PARAM_F64 ||
           kind == OST_PARAM_I64_LIST || kind == OST_PARAM_F64_LIST;
}

/* Index of `word` among the choices, or -1. */
static int choice_of(const ost_param *p, const char *word)
{
    size_t n = strlen(word);
    int i = 0;

    for (const char *c = p->choices; c; i++) {
        const char *bar = strchr(c, '|');
        size_t len = bar ? (size_t)(bar - c) : strlen(c);

        if (len == n && memcmp(c, word, n) == 0)
            return i;
        c = bar ? bar + 1 : NULL;
    }
    return -1;
}

static bool is_whole(const json_t *v)
{
    double d;

    if (json_is_integer(v))
        return true;
    if (!json_is_real(v))
        return false;
    d = json_real_value(v);
    return d == floor(d) && fabs(d) < 9007199254740992.0;
}

static void add_number(ost_buf *out, double v)
{
    ost_json_add_real(out, v);
}

static void describe_range(const ost_param *p, ost_buf *out)
{
    if (!(p->min < p->max))
        return;
    if (isinf(p->max)) {
        ost_buf_adds(out, ", at least ");
        add_number(out, p->min);
        return;
    }
    if (isinf(p->min)) {
        ost_buf_adds(out, ", at most ");
        add_number(out, p->max);
        return;
    }
    ost_buf_adds(out, " from ");
    add_number(out, p->min);
    ost_buf_adds(out, " to ");
    add_number(out, p->max);
}

void ost_param_describe(const ost_param *p, ost_buf *out)
{
    static const char *const words[] = {
        [OST_PARAM_BOOL] = "true or false",  [OST_PARAM_I64] = "integer",
        [OST_PARAM_F64] = "number",          [OST_PARAM_STR] = "string",
        [OST_PARAM_CHOICE] = "one of ",      [OST_PARAM_I64_LIST] = "integers",
        [OST_PARAM_F64_LIST] = "numbers",    [OST_PARAM_STR_LIST] = "strings",
        [OST_PARAM_JSON] = "any JSON value", [OST_PARAM_OBJECT] = "object",
        [OST_PARAM_FILE] = "path of a file",
    };

    if (is_list(p->kind)) {
        ost_buf_adds(out, "list of ");
        if (p->max_len > 0 && p->min_len == p->max_len)
            ost_buf_addf(out, "%zu ", p->min_len);
        else if (p->max_len > 0)
            ost_buf_addf(out, "%zu to %zu ", p->min_len, p->max_len);
    }
    ost_buf_adds(out, words[p->choices ? OST_PARAM_CHOICE : p->kind]);
    if (p->choices)
        for (const char *c = p->choices; *c; c++)
            *c == '|' ? ost_buf_adds(out, ", ") : ost_buf_addc(out, *c);
    if (is_number(p->kind))
        describe_range(p, out);
}

static bool scalar_has_kind(ost_param_kind kind, const json_t *v)
{
    switch (kind) {
    case OST_PARAM_BOOL:
        return json_is_boolean(v);
    case OST_PARAM_I64:
    case OST_PARAM_I64_LIST:
        return is_whole(v);
    case OST_PARAM_F64:
    case OST_PARAM_F64_LIST:
        return json_is_number(v);
    case OST_PARAM_STR:
    case OST_PARAM_CHOICE:
    case OST_PARAM_STR_LIST:
    case OST_PARAM_FILE:
        return json_is_string(v);
    case OST_PARAM_JSON:
        return true;
    case OST_PARAM_OBJECT:
        return json_is_object(v);
    }
    return false;
}

static bool is_choice(const ost_param *p, const json_t *v)
{
    char digits[32];

    if (!p->choices)
        return true;
    if (p->kind == OST_PARAM_CHOICE)
        return choice_of(p, json_string_value(v)) >= 0;
    snprintf(digits, sizeof(digits), "%.0f", json_number_value(v));
    return choice_of(p, digits) >= 0;
}

static bool in_range(const ost_param *p, const json_t *v)
{
    double d = json_number_value(v);

    return !is_number(p->kind) || !(p->min < p->max) ||
           (d >= p->min && d <= p->max);
}

/* The value for a message; of a long one the beginning. */
static void describe_value(const json_t *v, ost_buf *out)
{
    enum { LONGEST = 60 };

    ost_json_canonical(out, v);
    if (out->len <= LONGEST)
        return;
    out->len = LONGEST - 3;
    while (out->len > 0 && (out->data[out->len] & 0xc0) == 0x80)
        out->len--;
    ost_buf_adds(out, "...");
}

static void check_scalar(const ost_param *p, const json_t *v,
                         const char *pointer, ost_param_faults *faults)
{
    ost_buf want = { 0 };
    ost_buf got = { 0 };
    bool fits = scalar_has_kind(p->kind, v) && is_choice(p, v);

    if (fits && in_range(p, v))
        return;
    ost_param_describe(p, &want);
    describe_value(v, &got);
    if (fits)
        add_fault(faults, pointer, false,
                  "param '%s': %s is out of range (expected %s)", p->name,
                  ost_buf_str(&got), ost_buf_str(&want));
    else
        add_fault(faults, pointer, false, "param '%s': expected %s, not %s",
                  p->name, ost_buf_str(&want), ost_buf_str(&got));
    ost_buf_release(&want);
    ost_buf_release(&got);
}

static void check_list(const ost_param *p, const json_t *v, const char *pointer,
                       ost_param_faults *faults)
{
    ost_buf want = { 0 };
    size_t n = json_array_size(v);
    char place[256];

    ost_param_describe(p, &want);
    if (!json_is_array(v)) {
        add_fault(faults, pointer, false, "param '%s': expected %s", p->name,
                  ost_buf_str(&want));
    } else if (p->max_len > 0 && (n < p->min_len || n > p->max_len)) {
        add_fault(faults, pointer, false,
                  "param '%s': expected %s, not %zu values", p->name,
                  ost_buf_str(&want), n);
    } else {
        for (size_t i = 0; i < n; i++) {
            snprintf(place, sizeof(place), "%s/%zu", pointer, i);
            check_scalar(p, json_array_get(v, i), place, faults);
        }
    }
    ost_buf_release(&want);
}

/* null stands for "unset" where that is the default. */
static bool may_be_null(const ost_param *p)
{
    return !p->required && (!p->dflt || strcmp(p->dflt, "null") == 0);
}

static void check_value(const ost_param *p, const json_t *v,
                        ost_param_faults *faults)
{
    ost_buf pointer = { 0 };

    ost_json_add_pointer(&pointer, p->name);
    if (json_is_null(v) && may_be_null(p)) {
        ost_buf_release(&pointer);
        return;
    }
    if (is_list(p->kind))
        check_list(p, v, ost_buf_str(&pointer), faults);
    else
        check_scalar(p, v, ost_buf_str(&pointer), faults);
    ost_buf_release(&pointer);
}

static void check_unknown(const ost_stage *stage, const char *name,
                          ost_param_faults *faults)
{
    OST_VEC(const char *) names = { 0 };
    ost_buf pointer = { 0 };
    const char *near;

    for (const ost_param *p = stage->params; p && p->name; p++)
        ost_vec_push(&names, p->name);
    near = ost_nearest(name, names.data, names.len);
    ost_json_add_pointer(&pointer, name);
    if (near)
        add_fault(faults, ost_buf_str(&pointer), true,
                  "stage '%s' has no param '%s' (did you mean '%s'?)",
                  stage->name, name, near);
    else
        add_fault(faults, ost_buf_str(&pointer), true,
                  "stage '%s' has no param '%s'", stage->name, name);
    ost_vec_release(&names);
    ost_buf_release(&pointer);
}

void ost_params_check(const ost_stage *stage, const json_t *with,
                      ost_param_faults *faults)
{
    const char *name;
    json_t *value;

    if (with && !json_is_object(with)) {
        add_fault(faults, "", false, "expected an object of parameters");
        return;
    }
    json_object_foreach((json_t *)with, name, value)
    {
        const ost_param *p = ost_param_find(stage, name);

        if (ost_starts_with(name, "$comment"))
            continue;
        if (p)
            check_value(p, value, faults);
        else
            check_unknown(stage, name, faults);
    }
    for (const ost_param *p = stage->params; p && p->name; p++)
        if (p->required && !json_object_get(with, p->name))
            add_fault(faults, "", false, "stage '%s' needs the param '%s' (%s)",
                      stage->name, p->name, p->help);
}

static ost_rc complete_file(const json_t *value, ost_params_reader reader,
                            void *user, json_t **out, ost_err *err)
{
    const char *name = json_string_value(value);
    ost_buf data = { 0 };
    ost_rc rc;

    rc = reader(user, name, &data, err);
    if (!rc && !ost_utf8_valid(ost_buf_str(&data), data.len))
        rc = ost_fail(err, OST_EWORKFLOW, "file '%s' is not UTF-8 text", name);
    if (!rc)
        *out = json_pack("{s:s, s:s%}", "name", name, "data",
                         ost_buf_str(&data), data.len);
    if (!rc && !*out)
        rc = ost_fail(err, OST_EWORKFLOW, "file '%s' holds NUL characters",
                      name);
    ost_buf_release(&data);
    return rc;
}

ost_rc ost_params_complete(const ost_stage *stage, const json_t *with,
                           ost_params_reader reader, void *user, json_t **full,
                           ost_err *err)
{
    json_t *out = json_object();
    ost_rc rc = OST_OK;

    for (const ost_param *p = stage->params; p && p->name && !rc; p++) {
        json_t *v = json_incref(json_object_get(with, p->name));

        if (!v)
            v = p->dflt ? json_loads(p->dflt, JSON_DECODE_ANY, NULL)
                        : json_null();
        if (!v)
            OST_BUG(); /* a default that is no JSON: the table is wrong */
        if (p->kind == OST_PARAM_FILE && json_is_string(v)) {
            json_t *file = NULL;

            rc = complete_file(v, reader, user, &file, err);
            json_decref(v);
            v = file;
        }
        if (!rc)
            json_object_set_new(out, p->name, v);
    }
    if (rc)
        json_decref(out);
    else
        *full = out;
    return rc;
}

void ost_params_key(const ost_stage *stage, const json_t *full,
                    ost_buf *components)
{
    ost_buf name = { 0 };
    ost_buf text = { 0 };

    for (const ost_param *p = stage->params; p && p->name; p++) {
        const json_t *v = json_object_get(full, p->name);
        const json_t *data = json_object_get(v, "data");

        ost_buf_reset(&name);
        ost_buf_addf(&name, "param.%s", p->name);
        if (p->kind == OST_PARAM_FILE && data) {
            ost_digest d = ost_digest_of(json_string_value(data),
                                         json_string_length(data));

            ost_key_digest(components, ost_buf_str(&name), &d);
            continue;
        }
        ost_buf_reset(&text);
        ost_json_canonical(&text, v);
        ost_key_text(components, ost_buf_str(&name), ost_buf_str(&text));
    }
    ost_buf_release(&name);
    ost_buf_release(&text);
}

static int64_t whole_value(const json_t *v)
{
    return json_is_integer(v) ? (int64_t)json_integer_value(v)
                              : (int64_t)json_real_value(v);
}

static void fill_list(const ost_param *p, const json_t *v, ost_arena *arena,
                      char *to)
{
    size_t n = json_array_size(v);
    int64_t *whole = OST_ARENA_ARRAY(arena, int64_t, n + 1);
    double *real = OST_ARENA_ARRAY(arena, double, n + 1);
    const char **word = OST_ARENA_ARRAY(arena, const char *, n + 1);

    for (size_t i = 0; i < n; i++) {
        const json_t *e = json_array_get(v, i);

        whole[i] = json_is_number(e) ? whole_value(e) : 0;
        real[i] = json_number_value(e);
        word[i] = json_string_value(e);
    }
    if (p->kind == OST_PARAM_I64_LIST)
        *(ost_i64_list *)to = (ost_i64_list){ n, whole };
    else if (p->kind == OST_PARAM_F64_LIST)
        *(ost_f64_list *)to = (ost_f64_list){ n, real };
    else
        *(ost_str_list *)to = (ost_str_list){ n, word };
}

static void fill_one(const ost_param *p, const json_t *v, ost_arena *arena,
                     char *to)
{
    const json_t *data = json_object_get(v, "data");

    switch (p->kind) {
    case OST_PARAM_BOOL:
        *(bool *)to = json_is_true(v);
        break;
    case OST_PARAM_I64:
        *(int64_t *)to = whole_value(v);
        break;
    case OST_PARAM_F64:
        *(double *)to = json_number_value(v);
        break;
    case OST_PARAM_STR:
        *(const char **)to = json_string_value(v);
        break;
    case OST_PARAM_CHOICE:
        *(int *)to = choice_of(p, json_string_value(v));
        break;
    case OST_PARAM_I64_LIST:
    case OST_PARAM_F64_LIST:
    case OST_PARAM_STR_LIST:
        fill_list(p, v, arena, to);
        break;
    case OST_PARAM_JSON:
    case OST_PARAM_OBJECT:
        *(const json_t **)to = v;
        break;
    case OST_PARAM_FILE:
        *(ost_file *)to = (ost_file){
            json_string_value(json_object_get(v, "name")),
            json_string_value(data),
            json_string_length(data),
        };
        break;
    }
}

ost_rc ost_params_fill(const ost_stage *stage, const json_t *full,
                       ost_arena *arena, const void **params, ost_err *err)
{
    char *to = ost_arena_alloc(arena, stage->param_size + 1);

    for (const ost_param *p = stage->params; p && p->name; p++) {
        const json_t *v = json_object_get(full, p->name);

        if (!v)
            return ost_fail(err, OST_EPROTO, "param '%s' is missing", p->name);
        if (!json_is_null(v) || p->kind == OST_PARAM_JSON)
            fill_one(p, v, arena, to + p->offset);
    }
    *params = to;
    return OST_OK;
}
