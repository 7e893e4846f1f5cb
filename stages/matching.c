/* stages/matching.c - which items of two datasets belong together */
#include "stages/matching.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

#include "base/banned.h"

const char *ost_match_word(int by)
{
    static const char *const words[] = { "id", "group", "parent", "root" };

    return words[by];
}

const char *ost_item_root(ost_arena *arena, const ost_item *item)
{
    const char *hash = strchr(item->id, '#');

    return hash ? ost_arena_strndup(arena, item->id, (size_t)(hash - item->id))
                : item->id;
}

const char *ost_match_target(ost_arena *arena, int by, const ost_item *item)
{
    if (by == OST_MATCH_GROUP)
        return item->group;
    if (by == OST_MATCH_ROOT)
        return ost_item_root(arena, item);
    return item->id;
}

const char *ost_match_key(ost_arena *arena, int by, const ost_item *item)
{
    if (by == OST_MATCH_PARENT && item->n_parents)
        return item->parents[0];
    return ost_match_target(arena, by, item);
}

void ost_match_index_init(ost_match_index *m, ost_arena *arena, int by,
                          const ost_item *items, size_t n)
{
    *m = (ost_match_index){ .by = by, .items = items, .n = n };
    m->next = OST_ARENA_ARRAY(arena, uint32_t, n + 1);
    m->last = OST_ARENA_ARRAY(arena, uint32_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        const char *key = ost_match_target(arena, by, &items[i]);
        uint64_t first;

        m->next[i] = UINT32_MAX;
        if (ost_map_get(&m->first, key, strlen(key), &first)) {
            m->next[m->last[first]] = i;
            m->last[first] = i;
        } else {
            ost_map_put(&m->first, key, strlen(key), i);
            m->last[i] = i;
        }
    }
}

void ost_match_index_release(ost_match_index *m)
{
    ost_map_release(&m->first);
    *m = (ost_match_index){ 0 };
}

const ost_item *ost_match_first(const ost_match_index *m, const char *key)
{
    uint64_t first;

    return ost_map_get(&m->first, key, strlen(key), &first) ? &m->items[first]
                                                            : NULL;
}

const ost_item *ost_match_next(const ost_match_index *m, const ost_item *item)
{
    uint32_t next = m->next[item - m->items];

    return next == UINT32_MAX ? NULL : &m->items[next];
}

const char *ost_attr_text(ost_arena *arena, const ost_attr *a)
{
    ost_buf text = { 0 };
    const char *copy;

    if (a->kind == OST_ATTR_TEXT)
        return a->text;
    ost_json_add_real(&text, a->number);
    copy = ost_arena_strdup(arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return copy;
}

const char *ost_attr_part(ost_arena *arena, const ost_attr *a)
{
    const char *text = ost_attr_text(arena, a), *copy;
    ost_buf part = { 0 };

    for (; *text; text++) {
        if (*text == '/' || *text == '%')
            ost_buf_addf(&part, "%%%02X", (unsigned)*text);
        else
            ost_buf_addc(&part, *text);
    }
    copy = ost_arena_strdup(arena, ost_buf_str(&part));
    ost_buf_release(&part);
    return copy;
}

const char *ost_did_you_mean(ost_arena *arena, const char *word,
                             const char *const *names, size_t n)
{
    const char *near = ost_nearest(word, names, n);

    return near ? ost_arena_printf(arena, " (did you mean '%s'?)", near) : "";
}
