/* stages/split_drawn.c - divisions that are drawn
 *
 * Our own are dealt by stages/partition.c; those of scikit-learn by
 * kernels/stats/sklearn_folds.c, over the items in id order, classes and
 * groups sorted by name.
 */
#include "base/map.h"
#include "kernels/stats/sklearn_folds.h"
#include "stages/partition.h"
#include "stages/splitting.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* The items that are divided: all, or what is left for training. */
typedef struct {
    ost_splitting *s;
    size_t n;
    uint32_t *index; /* into the items */
    const char **units;
    uint32_t *strata;
} pile;

static pile pile_of(ost_splitting *s, uint8_t part, const uint32_t *strata)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    pile p = { .s = s,
               .index = OST_ARENA_ARRAY(arena, uint32_t, s->n),
               .units = OST_ARENA_ARRAY(arena, const char *, s->n),
               .strata = OST_ARENA_ARRAY(arena, uint32_t, s->n) };

    for (size_t i = 0; i < s->n; i++) {
        if (s->part[i] != part)
            continue;
        p.index[p.n] = (uint32_t)i;
        p.units[p.n] = s->units[i];
        p.strata[p.n++] = strata[i];
    }
    return p;
}

/* --- our own ------------------------------------------------------------ */

static uint64_t draw_key(ost_splitting *s, uint64_t stream)
{
    ost_rng r =
        ost_ctx_rng(s->ctx, NULL, stream + ((uint64_t)s->p->repeat << 32));

    return ost_rng_u64(&r);
}

/* Bin 0 of two gets the share. */
static ost_rc deal_share(const pile *p, double share, uint64_t stream,
                         uint32_t *bin, ost_err *err)
{
    const double weights[] = { share, 1 - share };
    const ost_partition parts = { .n = p->n,
                                  .units = p->units,
                                  .classes = p->strata,
                                  .n_classes = p->s->n_strata,
                                  .stratify = p->s->p->stratify,
                                  .n_bins = 2,
                                  .weights = weights,
                                  .key = draw_key(p->s, stream) };

    return ost_partition_make(&parts, bin, err);
}

static ost_rc deal_folds(const pile *p, uint32_t *bin, ost_err *err)
{
    uint32_t folds = (uint32_t)p->s->p->folds;
    double *weights = OST_ARENA_ARRAY(ost_ctx_arena(p->s->ctx), double, folds);
    const ost_partition parts = { .n = p->n,
                                  .units = p->units,
                                  .classes = p->strata,
                                  .n_classes = p->s->n_strata,
                                  .stratify = p->s->p->stratify,
                                  .n_bins = folds,
                                  .weights = weights,
                                  .key = draw_key(p->s, 0) };

    for (uint32_t b = 0; b < folds; b++)
        weights[b] = 1.0 / folds;
    return ost_partition_make(&parts, bin, err);
}

/* --- scikit-learn's ----------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Numbers the groups of a pile in the order of their names. */
static uint32_t number_groups(const pile *p, uint32_t *groups)
{
    ost_arena *arena = ost_ctx_arena(p->s->ctx);
    const char **names = OST_ARENA_ARRAY(arena, const char *, p->n);
    ost_map numbers = { 0 };
    uint64_t at;
    uint32_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        if (ost_map_put(&numbers, p->units[i], strlen(p->units[i]), 0))
            names[n++] = p->units[i];
    qsort(names, n, sizeof(*names), by_name);
    for (uint32_t g = 0; g < n; g++)
        ost_map_put(&numbers, names[g], strlen(names[g]), g);
    for (size_t i = 0; i < p->n; i++)
        if (ost_map_get(&numbers, p->units[i], strlen(p->units[i]), &at))
            groups[i] = (uint32_t)at;
    ost_map_release(&numbers);
    return n;
}

/* Classes without gaps: a pile may have none of some. */
static uint32_t close_gaps(const pile *p, uint32_t *classes)
{
    ost_arena *arena = ost_ctx_arena(p->s->ctx);
    uint32_t *place = OST_ARENA_ARRAY(arena, uint32_t, p->s->n_strata);
    uint32_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        place[p->strata[i]] = 1;
    for (uint32_t c = 0; c < p->s->n_strata; c++)
        if (place[c])
            place[c] = n++;
    for (size_t i = 0; i < p->n; i++)
        classes[i] = place[p->strata[i]];
    return n;
}

static ost_sklearn_items sklearn_items(const pile *p)
{
    ost_arena *arena = ost_ctx_arena(p->s->ctx);
    uint32_t *classes = OST_ARENA_ARRAY(arena, uint32_t, p->n);
    uint32_t *groups = OST_ARENA_ARRAY(arena, uint32_t, p->n);
    ost_sklearn_items s = { .n = p->n, .classes = classes, .groups = groups };

    s.n_classes = close_gaps(p, classes);
    s.n_groups = number_groups(p, groups);
    return s;
}

static ost_rc sklearn_folds(const pile *p, uint32_t *fold, ost_err *err)
{
    const ost_split_params *o = p->s->p;
    ost_sklearn_items items = sklearn_items(p);
    uint32_t k = (uint32_t)o->folds;
    ost_legacy_rng state, *r = o->random_state >= 0 ? &state : NULL;
    ost_rc rc = OST_OK;

    ost_legacy_rng_init(&state, (uint32_t)o->random_state);
    for (int64_t i = 0; i <= o->repeat && !rc; i++)
        rc = o->stratify && o->group
                 ? ost_sklearn_stratified_group_kfold(&items, k, r, fold, err)
             : o->stratify
                 ? ost_sklearn_stratified_kfold(&items, k, r, fold, err)
             : o->group ? ost_sklearn_group_kfold(&items, k, fold, err)
                        : ost_sklearn_kfold(&items, k, r, fold, err);
    return rc;
}

/* Bin 0 is drawn: `count` of what is divided (groups, when they are kept
 * together), or a share of it. */
static ost_rc sklearn_share(const pile *p, double share, int64_t count,
                            int64_t repeat, uint32_t *bin, ost_err *err)
{
    const ost_split_params *o = p->s->p;
    ost_sklearn_items items = sklearn_items(p);
    size_t n = o->group ? items.n_groups : items.n;
    size_t take = count ? (size_t)count : (size_t)ceil(share * (double)n);
    uint8_t *test = OST_ARENA_ARRAY(ost_ctx_arena(p->s->ctx), uint8_t, p->n);
    ost_legacy_rng r;
    ost_rc rc = OST_OK;

    ost_legacy_rng_init(&r, (uint32_t)o->random_state);
    for (int64_t i = 0; i <= repeat && !rc; i++)
        rc = o->group
                 ? ost_sklearn_group_shuffle_split(&items, take, &r, test, err)
             : o->stratify
                 ? ost_sklearn_stratified_shuffle_split(&items, take, &r, test,
                                                        err)
                 : ost_sklearn_shuffle_split(&items, take, &r, test, err);
    for (size_t i = 0; i < p->n; i++)
        bin[i] = !test[i];
    return rc;
}

/* --- parts -------------------------------------------------------------- */

static const uint32_t *strata_of(ost_splitting *s)
{
    return s->p->like == OST_SKLEARN ? ost_split_sorted_strata(s) : s->strata;
}

/* A fold that nothing is in would be tested on nothing. */
static ost_rc check_filled(const ost_splitting *s, ost_err *err)
{
    bool *filled =
        OST_ARENA_ARRAY(ost_ctx_arena(s->ctx), bool, (size_t)s->p->folds);

    for (size_t i = 0; i < s->n; i++)
        filled[s->fold[i]] = true;
    for (int64_t k = 0; k < s->p->folds; k++)
        if (!filled[k])
            return ost_fail(err, OST_EINPUT,
                            "fold %lld of %lld stays empty: the items are of "
                            "too few groups",
                            (long long)k, (long long)s->p->folds);
    return OST_OK;
}

static ost_rc draw_folds(ost_splitting *s, const pile *p, ost_err *err)
{
    ost_rc rc = s->p->like == OST_SKLEARN ? sklearn_folds(p, s->fold, err)
                                          : deal_folds(p, s->fold, err);

    if (!rc)
        rc = check_filled(s, err);
    s->n_folds = (uint32_t)s->p->folds;
    s->test_fold = (uint32_t)s->p->fold;
    for (size_t i = 0; i < s->n && !rc; i++)
        s->part[i] = s->fold[i] == s->test_fold ? OST_TEST : OST_TRAIN;
    return rc;
}

static ost_rc check_count(int64_t count, const char *name, size_t n,
                          ost_err *err)
{
    if ((uint64_t)count < n)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "param '%s': %lld of %zu items would leave nothing to "
                    "train on",
                    name, (long long)count, n);
}

ost_rc ost_split_draw(ost_splitting *s, ost_err *err)
{
    const ost_split_params *o = s->p;
    pile p = pile_of(s, OST_TRAIN, strata_of(s));
    ost_rc rc = check_count(o->count, "count", p.n, err);

    if (rc)
        return rc;
    if (o->method == OST_KFOLD)
        return draw_folds(s, &p, err);
    s->n_folds = 1;
    rc = o->like == OST_SKLEARN
             ? sklearn_share(&p, o->fraction, o->count, o->repeat, s->fold, err)
             : deal_share(
                   &p, o->count ? (double)o->count / (double)p.n : o->fraction,
                   0, s->fold, err);
    for (size_t i = 0; i < s->n && !rc; i++)
        s->part[i] = s->fold[i] == 0 ? OST_TEST : OST_TRAIN;
    return rc;
}

ost_rc ost_split_draw_validation(ost_splitting *s, ost_err *err)
{
    const ost_split_params *o = s->p;
    pile p = pile_of(s, OST_TRAIN, strata_of(s));
    uint32_t *bin = OST_ARENA_ARRAY(ost_ctx_arena(s->ctx), uint32_t, s->n);
    ost_rc rc = check_count(o->validation_count, "validation_count", p.n, err);

    if (!rc)
        rc = o->like == OST_SKLEARN
                 ? sklearn_share(&p, o->validation, o->validation_count, 0, bin,
                                 err)
                 : deal_share(&p,
                              o->validation_count
                                  ? (double)o->validation_count / (double)p.n
                                  : o->validation,
                              1 + (uint64_t)s->test_fold, bin, err);
    if (rc) {
        ost_err_at(err, "validation");
        return rc;
    }
    for (size_t i = 0; i < p.n; i++)
        if (bin[i] == 0)
            s->part[p.index[i]] = OST_VALIDATION;
    return OST_OK;
}
