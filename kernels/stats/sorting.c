/* kernels/stats/sorting.c - radix sorts
 *
 * Keys of 64 bits take three passes of 11 bits over the highest bits in which
 * they differ; after that, neighbors that still are out of order agree in
 * those 33 bits and are put right within their run.
 */
#include "kernels/stats/sorting.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdbool.h>

#include "base/banned.h"

enum { DIGIT = 11, BINS = 1 << DIGIT, PASSES = 3, FEW = 48 };

static void insertion_sort(uint64_t *key, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint64_t k = key[i];
        size_t j = i;

        for (; j > 0 && key[j - 1] > k; j--)
            key[j] = key[j - 1];
        key[j] = k;
    }
}

/* The lowest bit of the 33 that are sorted by, or -1 when all are equal. */
static int lowest_bit(const uint64_t *key, size_t n)
{
    uint64_t differ = 0;
    int top;

    for (size_t i = 1; i < n; i++)
        differ |= key[i] ^ key[0];
    if (differ == 0)
        return -1;
    top = 64 - __builtin_clzll(differ);
    return top > PASSES * DIGIT ? top - PASSES * DIGIT : 0;
}

/* Counts to starts.  True when one bin holds everything. */
static bool to_starts(size_t count[BINS], size_t n)
{
    size_t start = 0;
    bool alone = false;

    for (size_t b = 0; b < BINS; b++) {
        size_t here = count[b];

        alone = alone || here == n;
        count[b] = start;
        start += here;
    }
    return alone;
}

/* Puts runs right that agree in all bits from `low` on. */
static void mend_runs(uint64_t *key, uint64_t *room, size_t n, int low)
{
    for (size_t i = 1; i < n; i++) {
        size_t begin = i - 1, end = i;
        uint64_t *sorted;

        if (key[i] >= key[i - 1])
            continue;
        while (begin > 0 && key[begin - 1] >> low == key[i] >> low)
            begin--;
        while (end < n && key[end] >> low == key[i] >> low)
            end++;
        sorted = ost_sort_keys(key + begin, room, end - begin);
        if (sorted != key + begin)
            memcpy(key + begin, sorted, (end - begin) * sizeof(*key));
        i = end - 1;
    }
}

uint64_t *ost_sort_keys(uint64_t *key, uint64_t *room, size_t n)
{
    size_t(*count)[BINS];
    int low;

    if (n <= FEW) {
        insertion_sort(key, n);
        return key;
    }
    low = lowest_bit(key, n);
    if (low < 0)
        return key;
    count = ost_xalloc(PASSES * sizeof(*count));
    for (size_t i = 0; i < n; i++) {
        uint64_t k = key[i] >> low;

        count[0][k % BINS]++;
        count[1][k >> DIGIT & (BINS - 1)]++;
        count[2][k >> 2 * DIGIT & (BINS - 1)]++;
    }
    for (int pass = 0; pass < PASSES; pass++) {
        int shift = low + pass * DIGIT;
        size_t *start = count[pass];
        uint64_t *held = key;

        if (to_starts(start, n))
            continue;
        for (size_t i = 0; i < n; i++) {
            uint64_t k = key[i];

            room[start[k >> shift & (BINS - 1)]++] = k;
        }
        key = room;
        room = held;
    }
    ost_free(count);
    if (low > 0)
        mend_runs(key, room, n, low);
    return key;
}

void ost_sort_numbers(double *v, size_t n)
{
    uint64_t *key = ost_xalloc((2 * n + 1) * sizeof(*key)), *sorted;

    for (size_t i = 0; i < n; i++)
        key[i] = ost_sorting_key(v[i]);
    sorted = ost_sort_keys(key, key + n, n);
    for (size_t i = 0; i < n; i++)
        v[i] = ost_sorting_value(sorted[i]);
    ost_free(key);
}

typedef struct {
    uint64_t key;
    uint32_t index;
} keyed;

void ost_sort_falling(const double *v, size_t n, uint32_t *index)
{
    keyed *at = ost_xalloc((2 * n + 1) * sizeof(*at)), *to = at + n;
    size_t *count = ost_xalloc(BINS * sizeof(*count));
    keyed *room = at;

    assert(n <= UINT32_MAX);
    for (size_t i = 0; i < n; i++)
        at[i] = (keyed){ ~ost_sorting_key(v[i]), (uint32_t)i };
    for (int shift = 0; shift < 64; shift += DIGIT) {
        keyed *held = at;

        memset(count, 0, BINS * sizeof(*count));
        for (size_t i = 0; i < n; i++)
            count[at[i].key >> shift & (BINS - 1)]++;
        if (to_starts(count, n))
            continue;
        for (size_t i = 0; i < n; i++)
            to[count[at[i].key >> shift & (BINS - 1)]++] = at[i];
        at = to;
        to = held;
    }
    for (size_t i = 0; i < n; i++)
        index[i] = at[i].index;
    ost_free(room);
    ost_free(count);
}
