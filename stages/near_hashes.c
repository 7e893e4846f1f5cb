/* stages/near_hashes.c - which of many hashes are near one */
#include "stages/near_hashes.h"

#include <string.h>

#include "base/banned.h"

enum { BANDS = 4, BITS = 16, VALUES = 1 << BITS };

int ost_hash_distance(uint64_t a, uint64_t b)
{
    return __builtin_popcountll(a ^ b);
}

static uint32_t band_of(uint64_t hash, int band)
{
    return (uint32_t)(hash >> (BITS * band)) & (VALUES - 1);
}

void ost_near_hashes_init(ost_near_hashes *n)
{
    *n = (ost_near_hashes){ 0 };
    for (int b = 0; b < BANDS; b++) {
        n->first[b] = ost_xalloc(sizeof(*n->first[b]) * VALUES);
        memset(n->first[b], 0xff, sizeof(*n->first[b]) * VALUES);
    }
}

void ost_near_hashes_release(ost_near_hashes *n)
{
    for (int b = 0; b < BANDS; b++) {
        ost_free(n->first[b]);
        ost_vec_release(&n->next[b]);
    }
    ost_vec_release(&n->hashes);
    *n = (ost_near_hashes){ 0 };
}

void ost_near_hashes_add(ost_near_hashes *n, uint64_t hash)
{
    for (int b = 0; b < BANDS; b++) {
        uint32_t *first = &n->first[b][band_of(hash, b)];

        ost_vec_push(&n->next[b], *first);
        *first = (uint32_t)n->hashes.len;
    }
    ost_vec_push(&n->hashes, hash);
}

typedef struct {
    const ost_near_hashes *n;
    uint64_t hash;
    int band;
    int distance; /* of the best so far; or one more than allowed */
    uint32_t best;
} search;

static void look_at(search *s, uint32_t value)
{
    const ost_near_hashes *n = s->n;

    for (uint32_t i = n->first[s->band][value]; i != UINT32_MAX;
         i = n->next[s->band].data[i]) {
        int d = ost_hash_distance(s->hash, n->hashes.data[i]);

        if (d < s->distance ||
            (d == s->distance && s->best != UINT32_MAX && i < s->best)) {
            s->distance = d;
            s->best = i;
        }
    }
}

/* All values of the band that differ in at most `more` of its bits from `bit`
 * on. */
static void look_around(search *s, uint32_t value, int bit, int more)
{
    look_at(s, value);
    for (int b = bit; more > 0 && b < BITS; b++)
        look_around(s, value ^ (1u << b), b + 1, more - 1);
}

uint32_t ost_near_hashes_find(const ost_near_hashes *n, uint64_t hash, int most,
                              int *distance)
{
    search s = {
        .n = n, .hash = hash, .distance = most + 1, .best = UINT32_MAX
    };

    for (s.band = 0; s.band < BANDS; s.band++)
        look_around(&s, band_of(hash, s.band), 0, most / BANDS);
    *distance = s.distance;
    return s.best;
}
