/* engine/name_table.c - from whole names to nodes and sub-workflows
 *
 * Open addressing over indices: four bytes and a half per name, which a
 * document of 100,000 nodes notices.
 */
#include "engine/workflow_internal.h"

#include <string.h>

#include "base/banned.h"

static const char *name_of(const ost_workflow *wf, uint32_t what)
{
    return what & OST_NAME_SCOPE
               ? wf->scopes.data[what & ~OST_NAME_SCOPE].p->full_name
               : wf->nodes.data[what].name;
}

/* FNV-1a */
static uint32_t hash_of(const char *name, size_t n)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)name[i]) * 16777619u;
    return h;
}

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t slot_of(const ost_workflow *wf, const char *name, size_t n)
{
    uint32_t mask = wf->n_name_slots - 1;
    uint32_t at = hash_of(name, n) & mask;

    for (; wf->name_slots[at] != OST_NONE; at = (at + 1) & mask) {
        const char *other = name_of(wf, wf->name_slots[at]);

        if (strncmp(other, name, n) == 0 && other[n] == '\0')
            break;
    }
    return at;
}

static void resize(ost_workflow *wf, uint32_t n_slots)
{
    uint32_t n = wf->n_name_slots, *old = wf->name_slots;

    wf->n_name_slots = n_slots;
    wf->name_slots = ost_xalloc(wf->n_name_slots * sizeof(*old));
    memset(wf->name_slots, 0xff, wf->n_name_slots * sizeof(*old));
    for (uint32_t i = 0; i < n; i++) {
        const char *name;

        if (old[i] == OST_NONE)
            continue;
        name = name_of(wf, old[i]);
        wf->name_slots[slot_of(wf, name, strlen(name))] = old[i];
    }
    ost_free(old);
}

void ost_name_reserve(ost_workflow *wf, uint32_t n)
{
    uint32_t slots = wf->n_name_slots ? wf->n_name_slots : 64;

    while (n > slots / 3 * 2)
        slots *= 2;
    if (slots != wf->n_name_slots)
        resize(wf, slots);
}

void ost_name_add(ost_workflow *wf, uint32_t what)
{
    const char *name = name_of(wf, what);
    uint32_t at;

    ost_name_reserve(wf, ++wf->n_names);
    at = slot_of(wf, name, strlen(name));
    if (wf->name_slots[at] == OST_NONE)
        wf->name_slots[at] = what;
}

uint32_t ost_name_find(const ost_workflow *wf, const char *name, size_t n)
{
    return wf->n_name_slots ? wf->name_slots[slot_of(wf, name, n)] : OST_NONE;
}

uint32_t ost_name_find_in(const ost_workflow *wf, const ost_scope *scope,
                          const char *name, size_t n)
{
    ost_buf whole = { 0 };
    uint32_t what;

    if (!*scope->prefix)
        return ost_name_find(wf, name, n);
    ost_buf_adds(&whole, scope->prefix);
    ost_buf_add(&whole, name, n);
    what = ost_name_find(wf, ost_buf_str(&whole), whole.len);
    ost_buf_release(&whole);
    return what;
}
