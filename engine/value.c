/* engine/value.c - ${name}: parameters and axis values inside other values
 *
 * A text is a row of pieces: plain text, `${name}` or `${name.member}`, and
 * `$${`, which stands for `${` itself.  A text that is one reference and
 * nothing else takes the type of what it refers to.
 */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

typedef enum {
    PIECE_END,
    PIECE_TEXT,
    PIECE_REF,
    PIECE_BAD, /* "${" without "}" */
} piece_kind;

typedef struct {
    const char *at; /* of a reference: its name */
    size_t n;
    const char *path; /* "a.b" of ${name.a.b}, or NULL */
    size_t n_path;
} piece;

static piece_kind next_piece(const char **p, const char *end, piece *out)
{
    const char *s = *p, *close, *dot;
    size_t left = (size_t)(end - s);

    *out = (piece){ .at = s };
    if (left == 0)
        return PIECE_END;
    if (left >= 3 && memcmp(s, "$${", 3) == 0) {
        *out = (piece){ .at = s + 1, .n = 2 };
        *p = s + 3;
        return PIECE_TEXT;
    }
    if (left < 2 || s[0] != '$' || s[1] != '{') {
        const char *dollar = left > 1 ? memchr(s + 1, '$', left - 1) : NULL;

        *p = dollar ? dollar : end;
        out->n = (size_t)(*p - s);
        return PIECE_TEXT;
    }
    close = memchr(s, '}', left);
    if (!close)
        return PIECE_BAD;
    *p = close + 1;
    out->at = s + 2;
    out->n = (size_t)(close - out->at);
    dot = memchr(out->at, '.', out->n);
    if (dot) {
        out->path = dot + 1;
        out->n_path = (size_t)(close - out->path);
        out->n = (size_t)(dot - out->at);
    }
    return PIECE_REF;
}

bool ost_text_has_refs(const char *text, size_t n)
{
    return memmem(text, n, "${", 2) != NULL;
}

/* The text is one reference and nothing else. */
static bool is_alone(const char *text, size_t n)
{
    return n > 3 && text[0] == '$' && text[1] == '{' &&
           memchr(text, '}', n) == text + n - 1;
}

/* --- names --------------------------------------------------------------- */

static bool same(const char *name, const char *text, size_t n)
{
    return strncmp(name, text, n) == 0 && name[n] == '\0';
}

static const ost_scope_param *find_param(const ost_scope *scope,
                                         const char *text, size_t n)
{
    for (size_t i = 0; i < scope->params.len; i++)
        if (same(scope->params.data[i].name, text, n))
            return &scope->params.data[i];
    return NULL;
}

static const ost_scope_axis *find_axis(const ost_scope *scope, const char *text,
                                       size_t n)
{
    for (size_t i = 0; i < scope->axes.len; i++)
        if (!scope->axes.data[i].hidden &&
            same(scope->axes.data[i].name, text, n))
            return &scope->axes.data[i];
    return NULL;
}

const ost_scope_param *ost_scope_param_find(const ost_scope *scope,
                                            const char *name)
{
    return find_param(scope, name, strlen(name));
}

const ost_scope_axis *ost_scope_axis_find(const ost_scope *scope,
                                          const char *name)
{
    return find_axis(scope, name, strlen(name));
}

void ost_axis_set_add(ost_axis_set *set, uint32_t axis)
{
    if (ost_axis_set_has(set, axis))
        return;
    if (set->n == OST_NODE_AXES)
        set->full = true;
    else
        set->axis[set->n++] = axis;
}

bool ost_axis_set_has(const ost_axis_set *set, uint32_t axis)
{
    for (uint32_t i = 0; i < set->n; i++)
        if (set->axis[i] == axis)
            return true;
    return false;
}

/* Goes down "a.b"; NULL when there is no such member.  Borrowed. */
static json_t *follow(json_t *value, const char *path, size_t n)
{
    while (path && value) {
        const char *dot = memchr(path, '.', n);
        size_t len = dot ? (size_t)(dot - path) : n;

        value = json_object_getn(value, path, len);
        path = dot ? dot + 1 : NULL;
        n -= dot ? len + 1 : 0;
    }
    return value;
}

/* --- checking ------------------------------------------------------------ */

typedef struct {
    ost_workflow *wf;
    const ost_scope *scope;
    uint32_t entry;
    bool alone;
} check_place;

static void unknown_name(const check_place *c, const char *name)
{
    OST_VEC(const char *) names = { 0 };

    for (size_t i = 0; i < c->scope->params.len; i++)
        ost_vec_push(&names, c->scope->params.data[i].name);
    for (size_t i = 0; i < c->scope->axes.len; i++)
        ost_vec_push(&names, c->scope->axes.data[i].name);
    ost_wf_fault(c->wf, c->scope->doc, c->entry, false,
                 "'${%s}': no such parameter or axis%s", name,
                 ost_suggest(c->wf, name, names.data, names.len));
    ost_vec_release(&names);
}

static bool check_inside_text(const check_place *c, const piece *p,
                              json_t *value)
{
    ost_buf text = { 0 };
    bool good = c->alone || ost_value_text(value, &text);

    if (!good)
        ost_wf_fault(c->wf, c->scope->doc, c->entry, false,
                     "'${%.*s}' is %s and cannot stand inside a text",
                     (int)(p->n + (p->path ? p->n_path + 1 : 0)), p->at,
                     json_is_array(value) ? "a list" : "an object");
    ost_buf_release(&text);
    return good;
}

static bool check_axis(const check_place *c, const piece *p,
                       const ost_scope_axis *axis)
{
    const ost_axis *a = &c->wf->axes.data[axis->axis];

    if (p->path && !axis->values) {
        ost_wf_fault(
            c->wf, c->scope->doc, c->entry, false,
            "the values of axis '%s' are numbers, without member '%.*s'",
            axis->name, (int)p->n_path, p->path);
        return false;
    }
    for (size_t i = 0; axis->values && i < a->n; i++) {
        json_t *value =
            follow(json_array_get(axis->values, i), p->path, p->n_path);

        if (!value) {
            ost_wf_fault(c->wf, c->scope->doc, c->entry, false,
                         "value '%s' of axis '%s' has no member '%.*s'",
                         a->values[i], axis->name, (int)p->n_path, p->path);
            return false;
        }
        if (!check_inside_text(c, p, value))
            return false;
    }
    return true;
}

static bool check_param(const check_place *c, const piece *p,
                        const ost_scope_param *param)
{
    json_t *value;

    if (param->outer) /* checked where it was given */
        return true;
    value = follow(param->value, p->path, p->n_path);
    if (!value) {
        ost_wf_fault(c->wf, c->scope->doc, c->entry, false,
                     "parameter '%s' has no member '%.*s'", param->name,
                     (int)p->n_path, p->path);
        return false;
    }
    return check_inside_text(c, p, value);
}

static bool check_ref(const check_place *c, const piece *p, ost_axis_set *reads)
{
    const ost_scope_param *param = find_param(c->scope, p->at, p->n);
    const ost_scope_axis *axis = find_axis(c->scope, p->at, p->n);
    char *name;

    if (param) {
        if (param->outer)
            ost_value_reads(param->outer, param->value, reads);
        return check_param(c, p, param);
    }
    if (axis) {
        ost_axis_set_add(reads, axis->axis);
        return check_axis(c, p, axis);
    }
    name = ost_xstrndup(p->at, p->n);
    unknown_name(c, name);
    ost_free(name);
    return false;
}

static bool check_text(const check_place *c, const char *text, size_t n,
                       ost_axis_set *reads)
{
    const char *at = text;
    bool good = true;
    piece p;

    for (;;) {
        switch (next_piece(&at, text + n, &p)) {
        case PIECE_END:
            return good;
        case PIECE_TEXT:
            break;
        case PIECE_REF:
            good = check_ref(c, &p, reads) && good;
            break;
        case PIECE_BAD:
            ost_wf_fault(c->wf, c->scope->doc, c->entry, false,
                         "'${' without '}' ('$${' stands for a plain '${')");
            return false;
        }
    }
}

bool ost_value_check(ost_workflow *wf, const ost_scope *scope, uint32_t entry,
                     ost_axis_set *reads, bool *has_refs)
{
    const ost_json_doc *json = scope->doc->json;
    ost_buf scratch = { 0 };
    bool good = true;

    *has_refs = false;
    for (uint32_t i = entry; i < ost_json_end(json, entry); i++) {
        const char *text;
        size_t n;

        if (ost_json_kind(json, i) != '"')
            continue;
        text = ost_json_string(json, i, &scratch, &n);
        if (ost_text_has_refs(text, n)) {
            check_place c = { wf, scope, i, is_alone(text, n) };

            *has_refs = true;
            good = check_text(&c, text, n, reads) && good;
        }
    }
    ost_buf_release(&scratch);
    return good;
}

/* --- what a value reads -------------------------------------------------- */

static void text_reads(const ost_scope *scope, const json_t *string,
                       ost_axis_set *reads)
{
    const char *at = json_string_value(string);
    const char *end = at + json_string_length(string);
    piece_kind kind;
    piece p;

    while ((kind = next_piece(&at, end, &p)) != PIECE_END &&
           kind != PIECE_BAD) {
        const ost_scope_param *param =
            kind == PIECE_REF ? find_param(scope, p.at, p.n) : NULL;
        const ost_scope_axis *axis =
            kind == PIECE_REF ? find_axis(scope, p.at, p.n) : NULL;

        if (param && param->outer)
            ost_value_reads(param->outer, param->value, reads);
        else if (!param && axis)
            ost_axis_set_add(reads, axis->axis);
    }
}

void ost_value_reads(const ost_scope *scope, const json_t *value,
                     ost_axis_set *reads)
{
    const char *name;
    json_t *member;
    size_t i;

    if (json_is_string(value)) {
        text_reads(scope, value, reads);
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, member)
            ost_value_reads(scope, member, reads);
    } else if (json_is_object(value)) {
        json_object_foreach((json_t *)value, name, member)
            ost_value_reads(scope, member, reads);
    }
}

/* --- replacing ----------------------------------------------------------- */

static json_t *axis_value(const ost_scope_axis *axis, const ost_assignment *a)
{
    for (uint32_t i = 0; i < a->n; i++)
        if (a->axes[i] == axis->axis)
            return axis->values
                       ? json_incref(json_array_get(axis->values, a->digits[i]))
                       : json_integer(a->digits[i]);
    return json_null();
}

/* What a reference stands for; null for what is not there, which only a value
 * handed down to a used file can be. */
static json_t *value_of(const ost_workflow *wf, const ost_scope *scope,
                        const piece *p, const ost_assignment *a)
{
    const ost_scope_param *param = find_param(scope, p->at, p->n);
    const ost_scope_axis *axis = find_axis(scope, p->at, p->n);
    json_t *whole, *found;

    if (param && param->outer)
        whole = ost_value_eval(wf, param->outer, param->value, a);
    else if (param)
        whole = json_incref(param->value);
    else if (axis)
        whole = axis_value(axis, a);
    else
        whole = json_null();
    if (!p->path)
        return whole;
    found = json_incref(follow(whole, p->path, p->n_path));
    json_decref(whole);
    return found ? found : json_null();
}

bool ost_value_text(const json_t *value, ost_buf *out)
{
    if (json_is_object(value))
        value = json_object_get(value, "name");
    if (json_is_string(value))
        ost_buf_add(out, json_string_value(value), json_string_length(value));
    else if (value && !json_is_object(value) && !json_is_array(value))
        ost_json_canonical(out, value);
    else
        return false;
    return true;
}

static json_t *eval_text(const ost_workflow *wf, const ost_scope *scope,
                         json_t *string, const ost_assignment *a)
{
    const char *at = json_string_value(string);
    const char *end = at + json_string_length(string);
    ost_buf text = { 0 };
    piece_kind kind;
    json_t *value;
    piece p;

    if (!ost_text_has_refs(at, (size_t)(end - at)))
        return json_incref(string);
    if (is_alone(at, (size_t)(end - at))) {
        next_piece(&at, end, &p);
        return value_of(wf, scope, &p, a);
    }
    while ((kind = next_piece(&at, end, &p)) != PIECE_END &&
           kind != PIECE_BAD) {
        if (kind == PIECE_TEXT) {
            ost_buf_add(&text, p.at, p.n);
            continue;
        }
        value = value_of(wf, scope, &p, a);
        ost_value_text(value, &text);
        json_decref(value);
    }
    value = json_stringn(ost_buf_str(&text), text.len);
    ost_buf_release(&text);
    return value;
}

static json_t *eval_array(const ost_workflow *wf, const ost_scope *scope,
                          json_t *array, const ost_assignment *a)
{
    json_t *out = json_array(), *value;
    size_t i;

    json_array_foreach(array, i, value)
        json_array_append_new(out, ost_value_eval(wf, scope, value, a));
    return out;
}

static json_t *eval_object(const ost_workflow *wf, const ost_scope *scope,
                           json_t *object, const ost_assignment *a)
{
    json_t *out = json_object(), *value;
    const char *name;

    json_object_foreach(object, name, value) json_object_set_new_nocheck(
        out, name, ost_value_eval(wf, scope, value, a));
    return out;
}

json_t *ost_value_eval(const ost_workflow *wf, const ost_scope *scope,
                       json_t *value, const ost_assignment *a)
{
    if (json_is_string(value))
        return eval_text(wf, scope, value, a);
    if (json_is_array(value))
        return eval_array(wf, scope, value, a);
    if (json_is_object(value))
        return eval_object(wf, scope, value, a);
    return json_incref(value);
}

json_t *ost_value_fixed(ost_workflow *wf, const ost_scope *scope,
                        uint32_t entry, const char *what)
{
    ost_assignment none = { 0 };
    ost_axis_set reads = { 0 };
    json_t *value, *out;
    bool has_refs;

    if (!ost_value_check(wf, scope, entry, &reads, &has_refs))
        return NULL;
    if (reads.n) {
        ost_wf_fault(wf, scope->doc, entry, false,
                     "%s cannot depend on axis '%s'", what,
                     wf->axes.data[reads.axis[0]].name);
        return NULL;
    }
    value = ost_entry_build(scope->doc, entry);
    out = ost_value_eval(wf, scope, value, &none);
    json_decref(value);
    return out;
}
