/* base/map.h - from byte strings to integers
 *
 * A hash table whose keys are copied into it.  Values are 64-bit integers:
 * indices into an array that the caller keeps, as a rule.
 */
#ifndef OST_BASE_MAP_H
#define OST_BASE_MAP_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ost_map_slot ost_map_slot;
/* A zeroed ost_map is empty and ready. */
typedef struct ost_map {
    ost_map_slot *slots;
    size_t len;
    size_t cap; /* a power of two, or 0 */
    ost_arena keys;
} ost_map;

void ost_map_release(ost_map *m);
/* True and the value in *value (may be NULL) when the key is there. */
bool ost_map_get(const ost_map *m, const void *key, size_t n, uint64_t *value);
/* Inserts or replaces; true when the key was new. */
bool ost_map_put(ost_map *m, const void *key, size_t n, uint64_t value);

#endif
