/* store/item.c - items: look-up, changed copies */
#include "store/artifact.h"

#include <string.h>

#include "base/banned.h"

const ost_field *ost_item_field(const ost_item *item, const char *name)
{
    for (size_t i = 0; i < item->n_fields; i++) {
        if (strcmp(item->fields[i].name, name) == 0)
            return &item->fields[i];
    }
    return NULL;
}

const ost_attr *ost_item_attr(const ost_item *item, const char *name)
{
    for (size_t i = 0; i < item->n_attrs; i++) {
        if (strcmp(item->attrs[i].name, name) == 0)
            return &item->attrs[i];
    }
    return NULL;
}

bool ost_item_is_inverse(const ost_item *item, const char *field)
{
    const ost_attr *a = ost_item_attr(item, "photometric");

    return a && a->kind == OST_ATTR_TEXT && strcmp(field, "image") == 0 &&
           (strcmp(a->text, "MONOCHROME1") == 0 ||
            strcmp(a->text, "MINISWHITE") == 0);
}

const char *ost_item_label(const ost_item *item)
{
    return item->n_labels ? item->labels[0] : NULL;
}

/* The end of the text comes first, then '#', then the bytes by value. */
static int rank(unsigned char c)
{
    return c == '\0' ? -1 : c == '#' ? 0 : c;
}

int ost_id_compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return rank((unsigned char)*a) - rank((unsigned char)*b);
}

/* --- changed copies ------------------------------------------------------ */

/* A copy of `n` elements with room for one at index `at`, which is made when
 * `insert`; the array is borrowed until the arena goes. */
static void *copy_with(ost_arena *arena, const void *old, size_t n, size_t size,
                       size_t at, bool insert)
{
    char *copy = ost_arena_alloc(arena, (n + 1) * size);
    const char *from = old;

    if (at > 0)
        memcpy(copy, from, at * size);
    if (at < n)
        memcpy(copy + (at + insert) * size, from + at * size, (n - at) * size);
    return copy;
}

void ost_item_set_field(ost_arena *arena, ost_item *item, const ost_field *f)
{
    const ost_field *old = ost_item_field(item, f->name);
    size_t at = old ? (size_t)(old - item->fields) : 0;
    ost_field *fields;

    while (!old && at < item->n_fields &&
           strcmp(item->fields[at].name, f->name) < 0)
        at++;
    fields = copy_with(arena, item->fields, item->n_fields, sizeof(*fields), at,
                       !old);
    fields[at] = *f;
    fields[at].name = ost_arena_strdup(arena, f->name);
    item->fields = fields;
    item->n_fields += !old;
}

void ost_item_remove_field(ost_arena *arena, ost_item *item, const char *name)
{
    const ost_field *old = ost_item_field(item, name);
    ost_field *fields;
    size_t at;

    if (!old)
        return;
    at = (size_t)(old - item->fields);
    fields = copy_with(arena, item->fields, item->n_fields, sizeof(*fields), at,
                       false);
    memmove(fields + at, fields + at + 1,
            (item->n_fields - at - 1) * sizeof(*fields));
    item->fields = fields;
    item->n_fields--;
}

static void set_attr(ost_arena *arena, ost_item *item, const ost_attr *a)
{
    const ost_attr *old = ost_item_attr(item, a->name);
    size_t at = old ? (size_t)(old - item->attrs) : 0;
    ost_attr *attrs;

    while (!old && at < item->n_attrs &&
           strcmp(item->attrs[at].name, a->name) < 0)
        at++;
    attrs =
        copy_with(arena, item->attrs, item->n_attrs, sizeof(*attrs), at, !old);
    attrs[at] = *a;
    attrs[at].name = ost_arena_strdup(arena, a->name);
    item->attrs = attrs;
    item->n_attrs += !old;
}

void ost_item_set_number(ost_arena *arena, ost_item *item, const char *name,
                         double value)
{
    set_attr(arena, item,
             &(ost_attr){ .name = name,
                          .kind = OST_ATTR_NUMBER,
                          .number = value,
                          .text = "" });
}

void ost_item_set_text(ost_arena *arena, ost_item *item, const char *name,
                       const char *value)
{
    set_attr(arena, item,
             &(ost_attr){ .name = name,
                          .kind = OST_ATTR_TEXT,
                          .text = ost_arena_strdup(arena, value) });
}

void ost_item_set_label(ost_arena *arena, ost_item *item, const char *label)
{
    const char **labels = OST_ARENA_ARRAY(arena, const char *, 1);

    labels[0] = label ? ost_arena_strdup(arena, label) : NULL;
    item->labels = labels;
    item->n_labels = label ? 1 : 0;
}

/* Puts a word in its place among sorted ones, unless it is there. */
static size_t add_sorted(const char **words, size_t n, const char *word)
{
    size_t at = 0;

    while (at < n && strcmp(words[at], word) < 0)
        at++;
    if (at < n && strcmp(words[at], word) == 0)
        return n;
    memmove(words + at + 1, words + at, (n - at) * sizeof(*words));
    words[at] = word;
    return n + 1;
}

void ost_item_set_labels(ost_arena *arena, ost_item *item, const char *text)
{
    const char **labels;
    size_t most = 1;
    size_t n = 0;

    for (const char *p = text; *p; p++)
        most += *p == '|';
    labels = OST_ARENA_ARRAY(arena, const char *, most);
    for (const char *p = text; most > 0; most--) {
        const char *end = strchrnul(p, '|');
        const char *last = end;
        char *label;

        while (p < last && *p == ' ')
            p++;
        while (last > p && last[-1] == ' ')
            last--;
        label = ost_arena_strndup(arena, p, (size_t)(last - p));
        if (*label)
            n = add_sorted(labels, n, label);
        p = end + (*end == '|');
    }
    item->labels = labels;
    item->n_labels = n;
}

void ost_item_add_labels(ost_buf *out, const ost_item *item)
{
    for (size_t i = 0; i < item->n_labels; i++)
        ost_buf_addf(out, "%s%s", i ? "|" : "", item->labels[i]);
}
