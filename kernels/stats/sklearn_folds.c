/* kernels/stats/sklearn_folds.c - the folds that scikit-learn draws
 *
 * Comparisons of StratifiedGroupKFold go by sums that are rounded as NumPy
 * rounds them, so that ties fall as they do there.
 */
#include "kernels/stats/sklearn_folds.h"

#include "base/arena.h"
#include "kernels/stats/members.h"
#include "kernels/stats/numpy_sums.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

static ost_rc check_folds(size_t n, const char *what, uint32_t k, ost_err *err)
{
    if (n >= k)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "%u folds need at least as many %s, there are %zu", k, what,
                    n);
}

static uint32_t *class_sizes(ost_arena *arena, const ost_sklearn_items *s)
{
    uint32_t *size = OST_ARENA_ARRAY(arena, uint32_t, s->n_classes + 1);

    for (size_t i = 0; i < s->n; i++)
        size[s->classes[i]]++;
    return size;
}

/* scikit-learn refuses only when no class has enough. */
static ost_rc check_classes(ost_arena *arena, const ost_sklearn_items *s,
                            uint32_t k, ost_err *err)
{
    const uint32_t *size = class_sizes(arena, s);
    ost_rc rc = check_folds(s->n, "items", k, err);

    if (rc)
        return rc;
    for (uint32_t c = 0; c < s->n_classes; c++)
        if (size[c] >= k)
            return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "%u stratified folds need a class of at least as many "
                    "items, and each has fewer",
                    k);
}

/* --- single items ------------------------------------------------------- */

ost_rc ost_sklearn_kfold(const ost_sklearn_items *s, uint32_t k,
                         ost_legacy_rng *r, uint32_t *fold, ost_err *err)
{
    ost_arena arena = { 0 };
    uint32_t *order = OST_ARENA_ARRAY(&arena, uint32_t, s->n + 1);
    size_t at = 0;
    ost_rc rc = check_folds(s->n, "items", k, err);

    for (size_t i = 0; i < s->n; i++)
        order[i] = (uint32_t)i;
    if (r && !rc)
        ost_legacy_rng_shuffle(r, order, s->n);
    for (uint32_t f = 0; f < k && !rc; f++)
        for (size_t size = s->n / k + (f < s->n % k); size > 0; size--)
            fold[order[at++]] = f;
    ost_arena_release(&arena);
    return rc;
}

ost_rc ost_sklearn_stratified_kfold(const ost_sklearn_items *s, uint32_t k,
                                    ost_legacy_rng *r, uint32_t *fold,
                                    ost_err *err)
{
    ost_arena arena = { 0 };
    ost_members m = ost_members_of(&arena, s->classes, s->n, s->n_classes);
    uint32_t *deal = OST_ARENA_ARRAY(&arena, uint32_t, s->n + 1);
    size_t begin = 0; /* of the class, were they sorted by first appearance */
    ost_rc rc = check_classes(&arena, s, k, err);

    for (size_t i = 0; i < s->n && !rc; i++) {
        const uint32_t *members = m.index + m.first[s->classes[i]];
        size_t size = m.first[s->classes[i] + 1] - m.first[s->classes[i]];
        size_t n = 0;

        if (members[0] != i)
            continue; /* classes come by first appearance */
        for (uint32_t f = 0; f < k; f++) {
            /* Every k-th of the sorted items, from the f-th. */
            size_t to = (begin + size + k - 1 - f) / k;

            for (size_t j = (begin + k - 1 - f) / k; j < to; j++)
                deal[n++] = f;
        }
        if (r)
            ost_legacy_rng_shuffle(r, deal, n);
        for (size_t j = 0; j < size; j++)
            fold[members[j]] = deal[j];
        begin += size;
    }
    ost_arena_release(&arena);
    return rc;
}

/* --- groups ------------------------------------------------------------- */

typedef struct {
    uint32_t group;
    size_t n;
    double spread;
    size_t place; /* before sorting */
} ranked;

static int by_size(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return x->group > y->group ? -1 : 1;
}

static int by_spread(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    if (x->spread > y->spread || x->spread < y->spread)
        return x->spread > y->spread ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

ost_rc ost_sklearn_group_kfold(const ost_sklearn_items *s, uint32_t k,
                               uint32_t *fold, ost_err *err)
{
    ost_arena arena = { 0 };
    ranked *order = OST_ARENA_ARRAY(&arena, ranked, s->n_groups + 1);
    uint32_t *of = OST_ARENA_ARRAY(&arena, uint32_t, s->n_groups + 1);
    size_t *in_fold = OST_ARENA_ARRAY(&arena, size_t, k);
    ost_rc rc = check_folds(s->n_groups, "groups", k, err);

    if (rc)
        goto out;
    for (uint32_t g = 0; g < s->n_groups; g++)
        order[g].group = g;
    for (size_t i = 0; i < s->n; i++)
        order[s->groups[i]].n++;
    qsort(order, s->n_groups, sizeof(*order), by_size);
    for (uint32_t g = 0; g < s->n_groups; g++) {
        uint32_t lightest = 0;

        for (uint32_t f = 1; f < k; f++)
            if (in_fold[f] < in_fold[lightest])
                lightest = f;
        in_fold[lightest] += order[g].n;
        of[order[g].group] = lightest;
    }
    for (size_t i = 0; i < s->n; i++)
        fold[i] = of[s->groups[i]];
out:
    ost_arena_release(&arena);
    return rc;
}

/* Groups and folds as rows of counts per class. */
typedef struct {
    uint32_t k, n_classes;
    const uint32_t *class_size;
    double *in_group; /* [group * classes + class] */
    double *in_fold;  /* [fold * classes + class] */
    double *column;   /* scratch: one share per fold */
    double *spread;   /* scratch: one per class */
} balance;

/* Deviation over folds of the shares of one class, added fold by fold. */
static double share_spread(balance *b, uint32_t c)
{
    double sum = 0, mean;

    for (uint32_t f = 0; f < b->k; f++)
        b->column[f] =
            b->in_fold[(size_t)f * b->n_classes + c] / b->class_size[c];
    if (b->n_classes == 1) /* a single column is contiguous */
        return ost_numpy_std(b->column, b->k);
    for (uint32_t f = 0; f < b->k; f++)
        sum += b->column[f];
    mean = sum / b->k;
    sum = 0;
    for (uint32_t f = 0; f < b->k; f++)
        sum += (b->column[f] - mean) * (b->column[f] - mean);
    return sqrt(sum / b->k);
}

static void add_row(balance *b, uint32_t fold, uint32_t group, double sign)
{
    for (uint32_t c = 0; c < b->n_classes; c++)
        b->in_fold[(size_t)fold * b->n_classes + c] +=
            sign * b->in_group[(size_t)group * b->n_classes + c];
}

static uint32_t best_fold(balance *b, uint32_t group)
{
    double least = INFINITY, fewest = INFINITY;
    uint32_t best = 0;

    for (uint32_t f = 0; f < b->k; f++) {
        double cost, n;

        add_row(b, f, group, 1);
        for (uint32_t c = 0; c < b->n_classes; c++)
            b->spread[c] = share_spread(b, c);
        add_row(b, f, group, -1);
        cost = ost_numpy_sum(b->spread, b->n_classes) / b->n_classes;
        n = ost_numpy_sum(b->in_fold + (size_t)f * b->n_classes, b->n_classes);
        if (cost < least ||
            (fabs(cost - least) <= 1e-8 + 1e-5 * fabs(least) && n < fewest)) {
            least = cost;
            fewest = n;
            best = f;
        }
    }
    return best;
}

ost_rc ost_sklearn_stratified_group_kfold(const ost_sklearn_items *s,
                                          uint32_t k, ost_legacy_rng *r,
                                          uint32_t *fold, ost_err *err)
{
    ost_arena arena = { 0 };
    balance b = {
        .k = k,
        .n_classes = s->n_classes,
        .class_size = class_sizes(&arena, s),
        .in_group = OST_ARENA_ARRAY(&arena, double,
                                    (size_t)s->n_groups * s->n_classes + 1),
        .in_fold = OST_ARENA_ARRAY(&arena, double, (size_t)k * s->n_classes),
        .column = OST_ARENA_ARRAY(&arena, double, k),
        .spread = OST_ARENA_ARRAY(&arena, double, s->n_classes + 1),
    };
    ranked *order = OST_ARENA_ARRAY(&arena, ranked, s->n_groups + 1);
    uint32_t *drawn = OST_ARENA_ARRAY(&arena, uint32_t, s->n_groups + 1);
    ost_rc rc = check_classes(&arena, s, k, err);

    if (rc)
        goto out;
    for (size_t i = 0; i < s->n; i++)
        b.in_group[(size_t)s->groups[i] * s->n_classes + s->classes[i]]++;
    for (uint32_t g = 0; g < s->n_groups; g++)
        drawn[g] = g;
    if (r)
        ost_legacy_rng_shuffle(r, drawn, s->n_groups);
    for (size_t i = 0; i < s->n_groups; i++)
        order[i] = (ranked){
            .group = drawn[i],
            .place = i,
            .spread = ost_numpy_std(
                b.in_group + (size_t)drawn[i] * s->n_classes, s->n_classes),
        };
    qsort(order, s->n_groups, sizeof(*order), by_spread);
    for (size_t i = 0; i < s->n_groups; i++) {
        uint32_t best = best_fold(&b, order[i].group);

        add_row(&b, best, order[i].group, 1);
        drawn[order[i].group] = best;
    }
    for (size_t i = 0; i < s->n; i++)
        fold[i] = drawn[s->groups[i]];
out:
    ost_arena_release(&arena);
    return rc;
}
