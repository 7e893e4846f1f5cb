/* stages/audit_read.c - reads what the author of an audit wrote
 *
 * Printed figures are texts, because a number of JSON forgets its last zeros.
 */
#include "base/text.h"
#include "stages/audit.h"

#include <string.h>

#include "base/banned.h"

enum { MOST_NAMES = 32, MOST_COUNTS = 100000 };

/* The words of a list separated by spaces. */
static size_t split_names(ost_audit *a, const char *names, const char **word)
{
    char *copy = ost_arena_strdup(a->arena, names);
    size_t n = 0;

    for (char *at = copy; *at && n < MOST_NAMES;) {
        size_t len = strcspn(at, " ");
        bool more = at[len] != '\0';

        at[len] = '\0';
        word[n++] = at;
        at += len + more;
    }
    return n;
}

ost_rc ost_audit_members(ost_audit *a, const json_t *object, const char *where,
                         const char *names, ost_err *err)
{
    const char *word[MOST_NAMES], *key, *near;
    size_t n = split_names(a, names, word);
    json_t *v;

    if (!json_is_object(object))
        return ost_fail(err, OST_EWORKFLOW, "%s: expected an object", where);
    json_object_foreach((json_t *)(uintptr_t)object, key, v)
    {
        bool known = false;

        for (size_t i = 0; i < n; i++)
            known = known || strcmp(word[i], key) == 0;
        if (known)
            continue;
        near = ost_nearest(key, word, n);
        return ost_fail(err, OST_EWORKFLOW, "%s: unknown member '%s'%s%s%s",
                        where, key, near ? " (did you mean '" : "",
                        near ? near : "", near ? "'?)" : "");
    }
    return OST_OK;
}

ost_rc ost_audit_text(const json_t *object, const char *name, const char *where,
                      const char **text, ost_err *err)
{
    const json_t *v = json_object_get(object, name);

    *text = json_string_value(v);
    if (v && !*text)
        return ost_fail(err, OST_EWORKFLOW, "%s: '%s' is no text", where, name);
    return OST_OK;
}

ost_rc ost_audit_figure_of(ost_audit *a, const json_t *object, const char *name,
                           const char *where, ost_audit_figure *figure,
                           ost_err *err)
{
    const json_t *v = json_object_get(object, name);
    const char *text = json_string_value(v);

    figure->text = NULL;
    if (!v)
        return OST_OK;
    if (json_is_number(v))
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: '%s' is a number; write it as a text, with the "
                        "decimals that are printed, such as \"0.910\"",
                        where, name);
    if (!text || !ost_printed_parse(text, a->rounding, &figure->printed))
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: '%s': '%s' is no printed figure (expected a text "
                        "such as \"0.916\", \"92.59 %%\" or \"<0.001\")",
                        where, name, text ? text : "this");
    figure->text = text;
    return OST_OK;
}

/* --- whole numbers ------------------------------------------------------- */

static ost_rc count_of(const json_t *v, const char *name, const char *where,
                       int64_t *count, ost_err *err)
{
    ost_ratio value;
    ost_rc rc;

    *count = -1;
    if (json_is_integer(v)) {
        *count = json_integer_value(v);
    } else if (json_is_string(v)) {
        rc = ost_audit_value(json_string_value(v), where, &value, err);
        if (rc)
            return rc;
        if (ost_ratio_is_whole(value) && value.num >= 0 &&
            value.num <= OST_PRINTED_COUNT)
            *count = (int64_t)value.num;
    }
    if (*count < 0 || *count > OST_PRINTED_COUNT)
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: '%s': expected a whole number of 0 to %d, or a "
                        "text such as \"ceil(0.3 * 945)\" that gives one",
                        where, name, OST_PRINTED_COUNT);
    return OST_OK;
}

static ost_rc counts_of_range(ost_audit *a, const json_t *v, const char *name,
                              const char *where, ost_audit_counts *counts,
                              ost_err *err)
{
    int64_t from, to;
    ost_rc rc = ost_audit_members(a, v, where, "from to", err);

    if (!rc)
        rc = count_of(json_object_get(v, "from"), "from", where, &from, err);
    if (!rc)
        rc = count_of(json_object_get(v, "to"), "to", where, &to, err);
    if (rc)
        return rc;
    if (from > to || to - from >= MOST_COUNTS)
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: '%s' goes from %lld to %lld (expected 1 to %d "
                        "values)",
                        where, name, (long long)from, (long long)to,
                        MOST_COUNTS);
    counts->n = (size_t)(to - from) + 1;
    counts->v = OST_ARENA_ARRAY(a->arena, int64_t, counts->n);
    for (size_t i = 0; i < counts->n; i++)
        counts->v[i] = from + (int64_t)i;
    return OST_OK;
}

ost_rc ost_audit_counts_of(ost_audit *a, const json_t *object, const char *name,
                           const char *where, ost_audit_counts *counts,
                           ost_err *err)
{
    const json_t *v = json_object_get(object, name);
    bool list = json_is_array(v);
    ost_rc rc = OST_OK;

    *counts = (ost_audit_counts){ 0 };
    if (!v)
        return OST_OK;
    if (json_is_object(v))
        return counts_of_range(a, v, name, where, counts, err);
    counts->n = list ? json_array_size(v) : 1;
    if (counts->n == 0 || counts->n > MOST_COUNTS)
        return ost_fail(err, OST_EWORKFLOW,
                        "%s: '%s' has %zu values (expected 1 to %d)", where,
                        name, counts->n, MOST_COUNTS);
    counts->v = OST_ARENA_ARRAY(a->arena, int64_t, counts->n);
    for (size_t i = 0; i < counts->n && !rc; i++)
        rc = count_of(list ? json_array_get(v, i) : v, name, where,
                      &counts->v[i], err);
    return rc;
}

static const char *whole(const char *s, int64_t *v)
{
    int n = 0;

    for (*v = 0; *s >= '0' && *s <= '9' && n < OST_PRINTED_DIGITS; s++, n++)
        *v = *v * 10 + (*s - '0');
    return n > 0 ? s : NULL;
}

ost_rc ost_audit_share(const char *text, const char *where, int64_t *k,
                       int64_t *n, ost_err *err)
{
    const char *s = whole(text, k);

    s = s && *s == '/' ? whole(s + 1, n) : NULL;
    if (s && *s == '\0' && *k <= *n && *n > 0 && *n <= OST_PRINTED_COUNT)
        return OST_OK;
    return ost_fail(err, OST_EWORKFLOW,
                    "%s: '%s' is no share of a whole (expected a text such as "
                    "\"109/123\")",
                    where, text);
}
