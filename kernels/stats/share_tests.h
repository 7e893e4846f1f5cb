/* kernels/stats/share_tests.h - which test gave a printed p-value
 *
 * The tests of two shares that programs offer, by name, for figures whose test
 * is not said; and what McNemar's test of the same cases can give when only
 * its margins are known.
 */
#ifndef OST_KERNELS_STATS_SHARE_TESTS_H
#define OST_KERNELS_STATS_SHARE_TESTS_H

#include "kernels/stats/hypothesis.h"

/* A two-sided test of two independent shares; NaN where undefined. */
typedef struct ost_share_test {
    const char *name;  /* one word */
    const char *words; /* for people */
    double (*p)(const ost_two_by_two *t);
} ost_share_test;

enum { OST_SHARE_TESTS = 6 };
extern const ost_share_test ost_share_tests[OST_SHARE_TESTS];

/* Of n cases judged twice, a were right in the first and b in the second.  How
 * many were right in both is not known: `both` of low..high. */
typedef struct ost_margins {
    int64_t n;
    int64_t a;
    int64_t b;
} ost_margins;

void ost_margins_both(const ost_margins *m, int64_t *low, int64_t *high);
/* McNemar's p with so many right in both: exact, by chi-square, by chi-square
 * with correction. */
enum { OST_MCNEMAR_FORMS = 3 };
void ost_margins_mcnemar(const ost_margins *m, int64_t both,
                         double p[OST_MCNEMAR_FORMS]);

#endif
