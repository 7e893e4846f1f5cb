/* kernels/stats/bootstrap_area.c - areas of resamples, without sorting again
 *
 * Cases stand by falling score, and positives before negatives where scores
 * are equal.  A negative then has, twice, the positives above its score, and
 * once those at it: the positives before its level began plus those passed by
 * now.
 */
#include "base/alloc.h"
#include "kernels/stats/bootstrap_draws.h"
#include "kernels/stats/sorting.h"

#include <assert.h>
#include <stdbool.h>

#include "base/banned.h"

/* A case in one word. */
enum { FIRST = 1u << 0, POSITIVE = 1u << 1, UNIT_SHIFT = 2 };

struct ost_bootstrap_area {
    const ost_bootstrap *b;
    uint32_t *at; /* unit << 2, POSITIVE, FIRST of its score */
};

/* Adds the cases index[0 .. n-1], which have one score, to at[0 .. n-1]. */
static void place_level(const ost_bootstrap *b, const uint8_t *positive,
                        const uint32_t *index, size_t n, uint32_t *at)
{
    size_t up = 0, down = n;

    for (size_t k = 0; k < n; k++) {
        uint32_t c = index[k], unit = b->cluster ? b->cluster[c] : c;

        if (positive[c])
            at[up++] = unit << UNIT_SHIFT | POSITIVE;
        else
            at[--down] = unit << UNIT_SHIFT;
    }
    at[0] |= FIRST;
}

ost_bootstrap_area *ost_bootstrap_area_new(const ost_bootstrap *b,
                                           const ost_scores *s)
{
    ost_bootstrap_area *a = ost_xalloc(sizeof(*a));
    uint32_t *index = ost_xalloc((s->n + 1) * sizeof(*index));

    assert(s->n == b->n);
    a->b = b;
    a->at = ost_xalloc((s->n + 1) * sizeof(*a->at));
    ost_sort_falling(s->score, s->n, index);
    for (size_t i = 0, end; i < s->n; i = end) {
        double score = s->score[index[i]];

        for (end = i + 1; end < s->n && s->score[index[end]] == score;)
            end++;
        place_level(b, s->positive, index + i, end - i, a->at + i);
    }
    ost_free(index);
    return a;
}

void ost_bootstrap_area_free(ost_bootstrap_area *a)
{
    if (!a)
        return;
    ost_free(a->at);
    ost_free(a);
}

static double area_of(uint64_t doubled, uint64_t positives, uint64_t negatives)
{
    if (positives == 0 || negatives == 0)
        return OST_UNDEFINED;
    return (double)doubled / (2.0 * (double)positives * (double)negatives);
}

/* The area when each unit is there weight[unit] times. */
static double weighted_area(const ost_bootstrap_area *a, const uint32_t *weight)
{
    uint64_t doubled = 0, before = 0, now = 0, negatives = 0;

    for (size_t i = 0; i < a->b->n; i++) {
        uint32_t at = a->at[i];
        uint64_t w = weight[at >> UNIT_SHIFT];
        uint64_t up = at & POSITIVE ? w : 0, down = w - up;

        before = at & FIRST ? now : before;
        now += up;
        negatives += down;
        doubled += down * (before + now);
    }
    return area_of(doubled, now, negatives);
}

void ost_bootstrap_area_run(const ost_bootstrap_area *const *area, size_t k,
                            size_t from, size_t to, double *out)
{
    ost_bootstrap_draws d;

    assert(k > 0);
    ost_bootstrap_draws_init(&d, area[0]->b, from);
    for (size_t r = from; r < to; r++) {
        const uint32_t *weight = ost_bootstrap_draws_next(&d);

        for (size_t j = 0; j < k; j++)
            out[(r - from) * k + j] = weighted_area(area[j], weight);
    }
    ost_bootstrap_draws_release(&d);
}

/* --- without one unit ------------------------------------------------------
 */

/* What goes when a unit goes. */
typedef struct {
    uint64_t pairs;  /* doubled, of one of its cases and any other case */
    uint64_t within; /* doubled, of two of its own */
    uint64_t positives;
    uint64_t negatives;
    uint64_t before; /* its positives before level `level` began */
    size_t level;
} share;

/* Adds the cases i .. end - 1, which are level `level`. */
static void add_level(const ost_bootstrap_area *a, size_t i, size_t end,
                      size_t level, const uint64_t above[2],
                      const uint64_t total[2], share *of)
{
    uint64_t here[2] = { 0, 0 };

    for (size_t k = i; k < end; k++)
        here[(a->at[k] & POSITIVE) != 0]++;
    for (size_t k = i; k < end; k++) {
        share *u = &of[a->at[k] >> UNIT_SHIFT];

        if (u->level != level) {
            u->level = level;
            u->before = u->positives;
        }
        if (a->at[k] & POSITIVE) {
            u->pairs += 2 * (total[0] - above[0]) - here[0];
            u->positives++;
        } else {
            u->pairs += 2 * above[1] + here[1];
            u->within += u->before + u->positives;
            u->negatives++;
        }
    }
}

void ost_bootstrap_area_jackknife(const ost_bootstrap_area *a, double *out,
                                  size_t stride)
{
    size_t n = a->b->n, level = 0;
    uint64_t total[2] = { 0, 0 }, above[2] = { 0, 0 }, twice = 0;
    share *of = ost_xalloc((a->b->units + 1) * sizeof(*of));

    for (size_t i = 0; i < n; i++)
        total[(a->at[i] & POSITIVE) != 0]++;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && !(a->at[end] & FIRST);)
            end++;
        add_level(a, i, end, ++level, above, total, of);
        for (size_t k = i; k < end; k++)
            above[(a->at[k] & POSITIVE) != 0]++;
    }
    /* Every pair was counted at both of its cases. */
    for (size_t u = 0; u < a->b->units; u++)
        twice += of[u].pairs;
    for (size_t u = 0; u < a->b->units; u++)
        out[u * stride] =
            area_of(twice / 2 - (of[u].pairs - of[u].within),
                    total[1] - of[u].positives, total[0] - of[u].negatives);
    ost_free(of);
}
