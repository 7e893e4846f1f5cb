/* kernels/stats/ranking.c - cases by score
 *
 * The keys of positives and negatives are sorted apart, so that no label has
 * to move along with its score, and then merged from the top without branches:
 * each step takes the greater key, or both, and writes the counts so far over
 * those of the same score.
 */
#include "kernels/stats/ranking.h"

#include "base/alloc.h"
#include "kernels/stats/sorting.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/banned.h"

size_t ost_scores_check(const ost_scores *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (!isfinite(s->score[i]))
            return i;
    }
    return s->n;
}

size_t ost_scores_positives(const ost_scores *s)
{
    size_t positives = 0;

    for (size_t i = 0; i < s->n; i++)
        positives += s->positive[i];
    return positives;
}

/* Keys of the positives to `high`, of the negatives to `low`; each place is
 * followed by one that may be written to. */
static void split_keys(const ost_scores *s, uint64_t *high, uint64_t *low)
{
    size_t p = 0, q = 0;

    for (size_t i = 0; i < s->n; i++) {
        uint64_t key = ost_sorting_key(s->score[i]);

        high[p] = key;
        low[q] = key;
        p += s->positive[i];
        q += !s->positive[i];
    }
}

/* `high` and `low` are rising and preceded by a 0, which is below all keys. */
static void merge(const uint64_t *high, const uint64_t *low, ost_ranking *r)
{
    const uint64_t *p = high + r->positives - 1, *q = low + r->negatives - 1;
    uint64_t before = 0;
    uint32_t tps = 0, fps = 0;
    size_t level = (size_t)-1;

    for (uint64_t key; (key = *p > *q ? *p : *q) != 0;) {
        unsigned up = *p == key, down = *q == key;

        p -= up;
        q -= down;
        tps += up;
        fps += down;
        level += key != before;
        before = key;
        r->score[level] = ost_sorting_value(key);
        r->tps[level] = tps;
        r->fps[level] = fps;
    }
    r->levels = level + 1;
}

/* Where the keys of a class lie, in both of two rooms. */
typedef struct {
    uint64_t *key;
    uint64_t *other;
    size_t n;
} side;

/* Sorts the keys of a side; true when they end in the other room. */
static bool sort_side(const side *s)
{
    return s->n > 0 && ost_sort_keys(s->key, s->other, s->n) == s->other;
}

ost_ranking ost_ranking_of(const ost_scores *s)
{
    size_t positives = ost_scores_positives(s), negatives = s->n - positives;
    ost_ranking r = { .positives = positives, .negatives = negatives };
    uint64_t *room[2] = { ost_xalloc((s->n + 4) * sizeof(uint64_t)),
                          ost_xalloc((s->n + 4) * sizeof(uint64_t)) };
    /* A place before each side for its end, and one behind for overshoot. */
    size_t at_low = 1, at_high = negatives + 3;
    side low = { room[0] + at_low, room[1] + at_low, negatives };
    side high = { room[0] + at_high, room[1] + at_high, positives };
    bool low_moved, high_moved;
    uint64_t *sorted;

    assert(s->n < UINT32_MAX);
    split_keys(s, high.key, low.key);
    low_moved = sort_side(&low);
    high_moved = sort_side(&high);
    if (low_moved && !high_moved)
        memcpy(high.other, high.key, positives * sizeof(uint64_t));
    if (high_moved && !low_moved)
        memcpy(low.other, low.key, negatives * sizeof(uint64_t));
    sorted = room[low_moved || high_moved];
    sorted[at_low - 1] = sorted[at_high - 1] = 0;
    r.score = (double *)(void *)room[!(low_moved || high_moved)];
    r.tps = ost_xalloc(s->n * sizeof(*r.tps) + 1);
    r.fps = ost_xalloc(s->n * sizeof(*r.fps) + 1);
    merge(sorted + at_high, sorted + at_low, &r);
    ost_free(sorted);
    return r;
}

void ost_ranking_release(ost_ranking *r)
{
    ost_free(r->score);
    ost_free(r->tps);
    ost_free(r->fps);
    *r = (ost_ranking){ 0 };
}
