/* tests/support/seed.h - where property tests get their random numbers
 *
 * Each case has its own stream.  A failure prints the number of its case;
 * OSTEON_SEED=n runs that case alone.
 */
#ifndef OST_TESTS_SUPPORT_SEED_H
#define OST_TESTS_SUPPORT_SEED_H

#include "base/rng.h"
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Calls `one` with the streams of cases 0 .. count-1, or of the chosen case
 * alone.  `one` returns NULL or what is wrong.  Returns how many failed. */
static inline int each_seed(int64_t count, const char *(*one)(ost_rng *r))
{
    const char *chosen = getenv("OSTEON_SEED");
    int64_t first = 0;
    int failed = 0;

    if (chosen && ost_parse_i64(chosen, &first))
        count = first + 1;
    for (int64_t i = first; i < count; i++) {
        ost_rng r = ost_rng_of((uint64_t)i, 0x7465737473);
        const char *wrong = one(&r);

        if (!wrong)
            continue;
        fprintf(stderr, "%s (repeat with OSTEON_SEED=%lld)\n", wrong,
                (long long)i);
        failed++;
    }
    return failed;
}

#endif
