/* base/map.c - from byte strings to integers
 *
 * Open addressing with linear probing, at most two thirds full.  The hash is
 * seeded per process, so that nobody can prepare keys that collide; nothing
 * that anyone sees depends on the order of the slots.
 */
#include "base/map.h"

#include "base/alloc.h"

#include <string.h>
#include <sys/auxv.h>

enum { FIRST_CAP = 16 };

struct ost_map_slot {
    const unsigned char *key; /* NULL: free */
    size_t n;
    uint64_t hash;
    uint64_t value;
};

__extension__ typedef unsigned __int128 wide;

static uint64_t mix(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The kernel hands every process 16 random bytes. */
static uint64_t process_seed(void)
{
    const void *random = (const void *)getauxval(AT_RANDOM);
    uint64_t seed = 0;

    if (random)
        memcpy(&seed, random, sizeof(seed));
    return seed;
}

static uint64_t hash_of(const unsigned char *p, size_t n)
{
    const uint64_t odd = 0x9e3779b97f4a7c15u;
    uint64_t h = process_seed() ^ (n * odd);
    uint64_t word;

    for (; n >= 8; p += 8, n -= 8) {
        memcpy(&word, p, 8);
        h = mix(h ^ word, odd);
    }
    word = 0;
    if (n)
        memcpy(&word, p, n);
    return mix(h ^ word ^ 0xd6e8feb86659fd93u, odd);
}

/* The slot of the key, or the free slot where it belongs. */
static ost_map_slot *find(ost_map_slot *slots, size_t cap, uint64_t hash,
                          const void *key, size_t n)
{
    for (size_t i = hash & (cap - 1);; i = (i + 1) & (cap - 1)) {
        ost_map_slot *s = &slots[i];

        if (!s->key)
            return s;
        if (s->hash == hash && s->n == n &&
            (n == 0 || memcmp(s->key, key, n) == 0))
            return s;
    }
}

static void grow(ost_map *m)
{
    size_t cap = m->cap ? m->cap * 2 : FIRST_CAP;
    ost_map_slot *slots = ost_xalloc(cap * sizeof(*slots));

    for (size_t i = 0; i < m->cap; i++) {
        const ost_map_slot *s = &m->slots[i];

        if (s->key)
            *find(slots, cap, s->hash, s->key, s->n) = *s;
    }
    ost_free(m->slots);
    m->slots = slots;
    m->cap = cap;
}

void ost_map_release(ost_map *m)
{
    ost_free(m->slots);
    ost_arena_release(&m->keys);
    *m = (ost_map){ 0 };
}

bool ost_map_get(const ost_map *m, const void *key, size_t n, uint64_t *value)
{
    const ost_map_slot *s;

    if (m->len == 0)
        return false;
    s = find(m->slots, m->cap, hash_of(key, n), key, n);
    if (s->key && value)
        *value = s->value;
    return s->key != NULL;
}

bool ost_map_put(ost_map *m, const void *key, size_t n, uint64_t value)
{
    uint64_t hash = hash_of(key, n);
    ost_map_slot *s;
    bool added;

    if (3 * (m->len + 1) > 2 * m->cap)
        grow(m);
    s = find(m->slots, m->cap, hash, key, n);
    added = !s->key;
    if (added) {
        s->key = ost_arena_copy(&m->keys, key, n);
        s->n = n;
        s->hash = hash;
        m->len++;
    }
    s->value = value;
    return added;
}
