/* stages/near_hashes.h - which of many hashes are near one
 *
 * 64 bits in four bands of 16.  Of two hashes that differ in at most d bits,
 * some band differs in at most d / 4 of its bits: so a search looks at the
 * hashes that have a band in common but for so many bits, and not at all of
 * them.
 */
#ifndef OST_STAGES_NEAR_HASHES_H
#define OST_STAGES_NEAR_HASHES_H

#include "base/vec.h"

#include <stdint.h>

enum { OST_NEAR_MOST = 15 }; /* largest distance */

typedef struct ost_near_hashes {
    OST_VEC(uint64_t) hashes;
    OST_VEC(uint32_t) next[4]; /* with the same band; UINT32_MAX ends */
    uint32_t *first[4];        /* by the band's 16 bits */
} ost_near_hashes;

void ost_near_hashes_init(ost_near_hashes *n);
void ost_near_hashes_release(ost_near_hashes *n);

/* Adds a hash; they are numbered from 0. */
void ost_near_hashes_add(ost_near_hashes *n, uint64_t hash);

/* The hash that differs in the fewest bits, at most `most` of them, and of
 * equally near ones the first; UINT32_MAX when there is none. */
uint32_t ost_near_hashes_find(const ost_near_hashes *n, uint64_t hash, int most,
                              int *distance);

int ost_hash_distance(uint64_t a, uint64_t b);

#endif
