/* engine/components.c - two texts of key components, line by line */
#include "engine/components.h"

#include "store/key.h"

#include <string.h>

#include "base/banned.h"

bool ost_component_next(const char **at, ost_component *c)
{
    const char *p = *at;
    const char *end;

    if (!*p)
        return false;
    end = strchrnul(p, '\n');
    c->name = p;
    /* Names of inputs hold axes, "in.data[0;fold=2]"; their values are hex. */
    c->value = strncmp(p, "in.", 3) == 0 ? memrchr(p, '=', (size_t)(end - p))
                                         : memchr(p, '=', (size_t)(end - p));
    c->name_size = (size_t)((c->value ? c->value : end) - p);
    c->value = c->value ? c->value + 1 : end;
    c->value_size = (size_t)(end - c->value);
    *at = *end ? end + 1 : end;
    return true;
}

static bool same_name(const ost_component *a, const ost_component *b)
{
    return a->name_size == b->name_size &&
           memcmp(a->name, b->name, a->name_size) == 0;
}

bool ost_component_same(const ost_component *a, const ost_component *b)
{
    return a->value_size == b->value_size &&
           memcmp(a->value, b->value, a->value_size) == 0;
}

bool ost_component_find(const char *text, const char **hint,
                        const ost_component *wanted, ost_component *found)
{
    const char *start = hint && *hint ? *hint : text;
    const char *at = start;

    while (ost_component_next(&at, found)) {
        if (same_name(found, wanted))
            goto found;
    }
    at = text;
    while (at < start && ost_component_next(&at, found)) {
        if (same_name(found, wanted))
            goto found;
    }
    return false;
found:
    if (hint)
        *hint = at;
    return true;
}

bool ost_component_unknown(const ost_component *c)
{
    if (c->value_size != OST_DIGEST_HEX - 1)
        return false;
    for (size_t i = 0; i < c->value_size; i++) {
        if (c->value[i] != '0')
            return false;
    }
    return true;
}

void ost_components_diff(const char *before, const char *after,
                         ost_component_visit visit, void *user)
{
    const char *at = after;
    const char *hint = NULL;
    ost_component a, b;

    while (ost_component_next(&at, &b)) {
        if (!ost_component_find(before, &hint, &b, &a))
            visit(user, NULL, &b);
        else if (!ost_component_same(&a, &b) && !ost_component_unknown(&b))
            visit(user, &a, &b);
    }
    at = before;
    hint = NULL;
    while (ost_component_next(&at, &a)) {
        if (!ost_component_find(after, &hint, &a, &b))
            visit(user, &a, NULL);
    }
}
