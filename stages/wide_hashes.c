/* stages/wide_hashes.c - which of many hashes of 256 bits are near one */
#include "stages/wide_hashes.h"

#include <string.h>

#include "base/banned.h"

enum { VALUES = 1 << 16 };

int ost_wide_distance(const ost_wide_hash *a, const ost_wide_hash *b)
{
    int n = 0;

    for (int k = 0; k < 4; k++)
        n += __builtin_popcountll(a->w[k] ^ b->w[k]);
    return n;
}

static uint32_t band_of(const ost_wide_hash *hash, int band)
{
    return (uint32_t)(hash->w[band / 4] >> (16 * (band % 4))) & (VALUES - 1);
}

void ost_wide_hashes_init(ost_wide_hashes *n)
{
    *n = (ost_wide_hashes){ 0 };
    for (int b = 0; b < OST_WIDE_BANDS; b++) {
        n->first[b] = ost_xalloc(sizeof(*n->first[b]) * VALUES);
        memset(n->first[b], 0xff, sizeof(*n->first[b]) * VALUES);
    }
}

void ost_wide_hashes_release(ost_wide_hashes *n)
{
    for (int b = 0; b < OST_WIDE_BANDS; b++) {
        ost_free(n->first[b]);
        ost_vec_release(&n->next[b]);
    }
    ost_vec_release(&n->hashes);
    *n = (ost_wide_hashes){ 0 };
}

void ost_wide_hashes_add(ost_wide_hashes *n, const ost_wide_hash *hash)
{
    for (int b = 0; b < OST_WIDE_BANDS; b++) {
        uint32_t *first = &n->first[b][band_of(hash, b)];

        ost_vec_push(&n->next[b], *first);
        *first = (uint32_t)n->hashes.len;
    }
    ost_vec_push(&n->hashes, *hash);
}

void ost_wide_hashes_visit(const ost_wide_hashes *n, const ost_wide_hash *hash,
                           ost_wide_visit visit, void *user)
{
    for (int b = OST_WIDE_BANDS; b-- > 0;)
        for (uint32_t i = n->first[b][band_of(hash, b)]; i != UINT32_MAX;
             i = n->next[b].data[i])
            if (!visit(user, i, ost_wide_distance(hash, &n->hashes.data[i])))
                return;
}
