/* stages/matching.h - which items of two datasets belong together
 *
 *     id      the same id
 *     group   the same group (patient)
 *     parent  the one is the (first) parent of the other
 *     root    the same id up to the first '#': all that came of one item
 */
#ifndef OST_STAGES_MATCHING_H
#define OST_STAGES_MATCHING_H

#include "base/map.h"
#include "stages/stage.h"

/* In the order of the words. */
typedef enum ost_match_by {
    OST_MATCH_ID,
    OST_MATCH_GROUP,
    OST_MATCH_PARENT,
    OST_MATCH_ROOT,
} ost_match_by;

#define OST_MATCH_WORDS "id|group|parent|root"

/* The word of `by`. */
const char *ost_match_word(int by);

/* The id up to the first '#'; from the arena, or the id itself. */
const char *ost_item_root(ost_arena *arena, const ost_item *item);

/* What an item looks others up by: its id, group, first parent (without one,
 * its id) or root. */
const char *ost_match_key(ost_arena *arena, int by, const ost_item *item);
/* What an item is looked up by: as above, but its id for `parent`. */
const char *ost_match_target(ost_arena *arena, int by, const ost_item *item);

/* Items by that key, in the order in which they were added. */
typedef struct ost_match_index {
    int by;
    ost_map first; /* key -> index of its first item */
    const ost_item *items;
    size_t n;
    uint32_t *next; /* of the same key; UINT32_MAX ends */
    uint32_t *last; /* per first item */
} ost_match_index;

/* Indexes items that live until the step is finished.  Caller releases. */
void ost_match_index_init(ost_match_index *m, ost_arena *arena, int by,
                          const ost_item *items, size_t n);
void ost_match_index_release(ost_match_index *m);

/* The first item with that key, and the next one; NULL when there is none. */
const ost_item *ost_match_first(const ost_match_index *m, const char *key);
const ost_item *ost_match_next(const ost_match_index *m, const ost_item *item);

/* The value of an attribute as text, a number in as few digits as say it. */
const char *ost_attr_text(ost_arena *arena, const ost_attr *a);

/* The same as a part of a name: its / and % are %2F and %25, so that parts
 * behind slashes are what they are. */
const char *ost_attr_part(ost_arena *arena, const ost_attr *a);

/* " (did you mean 'x'?)" when one of the names is near, else "". */
const char *ost_did_you_mean(ost_arena *arena, const char *word,
                             const char *const *names, size_t n);

#endif
