/* kernels/stats/permutation.c - what chance does to a paired statistic */
#include "base/alloc.h"
#include "kernels/stats/hypothesis.h"

#include <string.h>

#include "base/banned.h"

enum { MOST_EXACT = 62 }; /* pairs whose subsets can be counted at all */

typedef struct {
    ost_swapped statistic;
    void *user;
    double limit; /* what is as far from 0 as what was seen */
} measure;

static bool is_far(const measure *m, const uint8_t *swap)
{
    double v = m->statistic(swap, m->user);

    return isnan(v) || fabs(v) >= m->limit;
}

static uint64_t count_all(const measure *m, uint8_t *swap, size_t n)
{
    uint64_t far = 0;

    for (uint64_t way = 0; way < UINT64_C(1) << n; way++) {
        for (size_t i = 0; i < n; i++)
            swap[i] = way >> i & 1;
        far += is_far(m, swap);
    }
    return far;
}

static uint64_t count_drawn(const measure *m, uint8_t *swap, size_t n,
                            uint64_t draws, uint64_t key)
{
    uint64_t far = 0;

    for (uint64_t draw = 0; draw < draws; draw++) {
        ost_rng rng = ost_rng_of(key, draw);

        for (size_t i = 0; i < n; i += 32) {
            uint32_t bits = ost_rng_u32(&rng);

            for (size_t k = i; k < n && k < i + 32; k++)
                swap[k] = bits >> (k - i) & 1;
        }
        far += is_far(m, swap);
    }
    return far;
}

ost_test ost_permutation_test(size_t n, ost_swapped statistic, void *user,
                              uint64_t draws, uint64_t key, bool *exact)
{
    bool few = n <= MOST_EXACT && UINT64_C(1) << n <= draws;
    uint8_t *swap = ost_xalloc(n + 1);
    measure m = { statistic, user, 0 };
    ost_test out = { .statistic = OST_UNDEFINED,
                     .df = OST_UNDEFINED,
                     .p = OST_UNDEFINED,
                     .estimate = OST_UNDEFINED,
                     .interval = { OST_UNDEFINED, OST_UNDEFINED } };
    uint64_t far;

    if (exact)
        *exact = few;
    if (n > 0)
        out.estimate = out.statistic = statistic(swap, user);
    if (isnan(out.estimate))
        goto out;
    m.limit = fabs(out.estimate) - 1e-12 * fmax(1, fabs(out.estimate));
    if (few) {
        far = count_all(&m, swap, n);
        out.p = (double)far / (double)(UINT64_C(1) << n);
    } else {
        far = count_drawn(&m, swap, n, draws, key);
        out.p = ((double)far + 1) / ((double)draws + 1);
    }
out:
    ost_free(swap);
    return out;
}
