/* kernels/stats/sklearn_shuffle.c - the two parts that scikit-learn draws
 */
#include "base/arena.h"
#include "kernels/stats/members.h"
#include "kernels/stats/sklearn_folds.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

static ost_rc check_parts(size_t n, size_t n_test, const char *what,
                          ost_err *err)
{
    if (n_test > 0 && n_test < n)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "a test set of %zu out of %zu %s: one part would be empty",
                    n_test, n, what);
}

ost_rc ost_sklearn_shuffle_split(const ost_sklearn_items *s, size_t n_test,
                                 ost_legacy_rng *r, uint8_t *test, ost_err *err)
{
    ost_arena arena = { 0 };
    uint32_t *order = OST_ARENA_ARRAY(&arena, uint32_t, s->n + 1);
    ost_rc rc = check_parts(s->n, n_test, "items", err);

    if (!rc) {
        ost_legacy_rng_permutation(r, order, s->n);
        for (size_t i = 0; i < s->n; i++)
            test[order[i]] = i < n_test;
    }
    ost_arena_release(&arena);
    return rc;
}

ost_rc ost_sklearn_group_shuffle_split(const ost_sklearn_items *s,
                                       size_t n_test, ost_legacy_rng *r,
                                       uint8_t *test, ost_err *err)
{
    const ost_sklearn_items groups = { .n = s->n_groups };
    ost_arena arena = { 0 };
    uint8_t *of = OST_ARENA_ARRAY(&arena, uint8_t, s->n_groups + 1);
    ost_rc rc = check_parts(s->n_groups, n_test, "groups", err);

    if (!rc)
        rc = ost_sklearn_shuffle_split(&groups, n_test, r, of, err);
    for (size_t i = 0; i < s->n && !rc; i++)
        test[i] = of[s->groups[i]];
    ost_arena_release(&arena);
    return rc;
}

static int downward(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x > y ? -1 : x < y;
}

/* How many of each class are drawn: shares rounded down, and what is missing
 * goes to the largest remainders, ties by lot. */
static void approximate_mode(ost_arena *arena, const uint32_t *size,
                             uint32_t n_classes, size_t draws,
                             ost_legacy_rng *r, uint32_t *take)
{
    double *rest = OST_ARENA_ARRAY(arena, double, n_classes + 1);
    double *sorted = OST_ARENA_ARRAY(arena, double, n_classes + 1);
    uint32_t *tied = OST_ARENA_ARRAY(arena, uint32_t, n_classes + 1);
    uint32_t *lot = OST_ARENA_ARRAY(arena, uint32_t, n_classes + 1);
    size_t total = 0, missing = draws;

    for (uint32_t c = 0; c < n_classes; c++)
        total += size[c];
    for (uint32_t c = 0; c < n_classes; c++) {
        double share = (double)size[c] / (double)total * (double)draws;

        take[c] = (uint32_t)floor(share);
        rest[c] = sorted[c] = share - floor(share);
        missing -= take[c];
    }
    qsort(sorted, n_classes, sizeof(*sorted), downward);
    for (uint32_t i = 0; i < n_classes && missing > 0; i++) {
        uint32_t n = 0;

        if (i > 0 && sorted[i] >= sorted[i - 1])
            continue;
        for (uint32_t c = 0; c < n_classes; c++)
            if (rest[c] >= sorted[i] && rest[c] <= sorted[i])
                tied[n++] = c;
        ost_legacy_rng_permutation(r, lot, n);
        for (uint32_t k = 0; k < n && missing > 0; k++, missing--)
            take[tied[lot[k]]]++;
    }
}

static ost_rc check_classes(const ost_sklearn_items *s, const uint32_t *size,
                            size_t n_test, ost_err *err)
{
    ost_rc rc = check_parts(s->n, n_test, "items", err);

    if (rc)
        return rc;
    for (uint32_t c = 0; c < s->n_classes; c++)
        if (size[c] < 2)
            return ost_fail(err, OST_EINPUT,
                            "a stratified division needs two items of each "
                            "class, and one class has %u",
                            size[c]);
    if (n_test < s->n_classes || s->n - n_test < s->n_classes)
        return ost_fail(err, OST_EINPUT,
                        "a stratified division of %u classes needs parts of "
                        "at least as many items, not of %zu and %zu",
                        s->n_classes, s->n - n_test, n_test);
    return OST_OK;
}

ost_rc ost_sklearn_stratified_shuffle_split(const ost_sklearn_items *s,
                                            size_t n_test, ost_legacy_rng *r,
                                            uint8_t *test, ost_err *err)
{
    ost_arena arena = { 0 };
    uint32_t *size = OST_ARENA_ARRAY(&arena, uint32_t, s->n_classes + 1);
    uint32_t *to_train = OST_ARENA_ARRAY(&arena, uint32_t, s->n_classes + 1);
    uint32_t *to_test = OST_ARENA_ARRAY(&arena, uint32_t, s->n_classes + 1);
    uint32_t *left = OST_ARENA_ARRAY(&arena, uint32_t, s->n_classes + 1);
    ost_members m = ost_members_of(&arena, s->classes, s->n, s->n_classes);
    uint32_t *order = OST_ARENA_ARRAY(&arena, uint32_t, s->n + 1);
    ost_rc rc;

    for (uint32_t c = 0; c < s->n_classes; c++)
        size[c] = (uint32_t)(m.first[c + 1] - m.first[c]);
    rc = check_classes(s, size, n_test, err);
    if (rc)
        goto out;
    approximate_mode(&arena, size, s->n_classes, s->n - n_test, r, to_train);
    for (uint32_t c = 0; c < s->n_classes; c++)
        left[c] = size[c] - to_train[c];
    approximate_mode(&arena, left, s->n_classes, n_test, r, to_test);
    for (uint32_t c = 0; c < s->n_classes; c++) {
        const uint32_t *members = m.index + m.first[c];

        ost_legacy_rng_permutation(r, order, size[c]);
        for (size_t i = 0; i < size[c]; i++)
            test[members[order[i]]] = i >= to_train[c];
    }
out:
    ost_arena_release(&arena);
    return rc;
}
