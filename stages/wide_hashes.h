/* stages/wide_hashes.h - which of many hashes of 256 bits are near one
 *
 * 256 bits in sixteen bands of 16.  Two hashes that differ in at most 15 bits
 * have a band in common, and those that are nearly the same have most of them:
 * so a search looks at the hashes that share a band.
 */
#ifndef OST_STAGES_WIDE_HASHES_H
#define OST_STAGES_WIDE_HASHES_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    OST_WIDE_BANDS = 16,
    OST_WIDE_MOST = 15, /* largest distance */
};

typedef struct ost_wide_hash {
    uint64_t w[4];
} ost_wide_hash;

int ost_wide_distance(const ost_wide_hash *a, const ost_wide_hash *b);

typedef struct ost_wide_hashes {
    OST_VEC(ost_wide_hash) hashes;
    OST_VEC(uint32_t)
    next[OST_WIDE_BANDS];            /* with the same band; UINT32_MAX
                                        ends */
    uint32_t *first[OST_WIDE_BANDS]; /* by the band's 16 bits */
} ost_wide_hashes;

void ost_wide_hashes_init(ost_wide_hashes *n);
void ost_wide_hashes_release(ost_wide_hashes *n);

/* Adds a hash; they are numbered from 0. */
void ost_wide_hashes_add(ost_wide_hashes *n, const ost_wide_hash *hash);

/* Calls `visit` for each hash that shares a band, with the distance, until it
 * returns false; for one that shares several perhaps again.  The last bands
 * come first: of pictures, which are alike in their low frequencies, those that
 * few others share. */
typedef bool (*ost_wide_visit)(void *user, uint32_t i, int distance);
void ost_wide_hashes_visit(const ost_wide_hashes *n, const ost_wide_hash *hash,
                           ost_wide_visit visit, void *user);

#endif
