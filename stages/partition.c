/* stages/partition.c - divides items into bins, by group and by class
 *
 * Equal shares of single items are dealt like cards, class after class.  Units
 * of several items go one by one to the bin whose share they disturb least:
 * for each class the deviation over bins of (items in the bin / share of the
 * bin) is wanted small.
 */
#include "stages/partition.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/rng.h"
#include "store/key.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

typedef struct {
    uint32_t class_of;
    uint32_t n;
} class_count;

typedef struct {
    const char *name;
    uint64_t priority;
    size_t n;            /* items */
    class_count *counts; /* of the classes that it has, in class order */
    size_t n_counts;
    double spread; /* deviation of its counts over all classes */
    uint32_t bin;
} unit;

typedef struct {
    const ost_partition *p;
    ost_arena arena;
    unit *units;
    size_t n_units;
    uint32_t *unit_of;  /* per item */
    unit **order;       /* in which units are dealt */
    double *in_bin;     /* [bin]: items so far */
    double *in_class;   /* [class * bins + bin]: items so far */
    double *class_size; /* [class]: items in all */
    double *sum;        /* [class]: of the bins' shares */
    double *squares;    /* [class]: of the bins' shares squared */
} dealer;

static uint64_t draw_priority(uint64_t key, const char *name)
{
    ost_digest d = ost_digest_of(name, strlen(name));
    uint64_t stream = 0;
    ost_rng r;

    for (int i = 0; i < 8; i++)
        stream |= (uint64_t)d.b[i] << (8 * i);
    r = ost_rng_of(key, stream);
    return ost_rng_u64(&r);
}

static void count_class(dealer *d, unit *u, uint32_t class_of)
{
    class_count *grown;
    size_t at = 0;

    while (at < u->n_counts && u->counts[at].class_of < class_of)
        at++;
    if (at < u->n_counts && u->counts[at].class_of == class_of) {
        u->counts[at].n++;
        return;
    }
    grown = OST_ARENA_ARRAY(&d->arena, class_count, u->n_counts + 1);
    if (at)
        memcpy(grown, u->counts, at * sizeof(*grown));
    grown[at] = (class_count){ class_of, 1 };
    if (u->n_counts > at)
        memcpy(grown + at + 1, u->counts + at,
               (u->n_counts - at) * sizeof(*grown));
    u->counts = grown;
    u->n_counts++;
}

/* Population standard deviation of the counts, zeros included. */
static double spread_of(const unit *u, uint32_t n_classes)
{
    double mean = (double)u->n / n_classes, sum;

    sum = mean * mean * (double)(n_classes - u->n_counts);
    for (size_t i = 0; i < u->n_counts; i++) {
        double d = u->counts[i].n - mean;

        sum += d * d;
    }
    return sqrt(sum / n_classes);
}

static void gather_units(dealer *d)
{
    const ost_partition *p = d->p;
    ost_map seen = { 0 };
    uint64_t at;

    d->units = OST_ARENA_ARRAY(&d->arena, unit, p->n + 1);
    d->unit_of = OST_ARENA_ARRAY(&d->arena, uint32_t, p->n + 1);
    d->class_size = OST_ARENA_ARRAY(&d->arena, double, p->n_classes + 1);
    for (size_t i = 0; i < p->n; i++) {
        const char *name = p->units[i];

        if (!ost_map_get(&seen, name, strlen(name), &at)) {
            at = d->n_units++;
            ost_map_put(&seen, name, strlen(name), at);
            d->units[at].name = name;
            d->units[at].priority = draw_priority(p->key, name);
        }
        d->unit_of[i] = (uint32_t)at;
        d->units[at].n++;
        count_class(d, &d->units[at], p->classes[i]);
        d->class_size[p->classes[i]]++;
    }
    ost_map_release(&seen);
    d->order = OST_ARENA_ARRAY(&d->arena, unit *, d->n_units + 1);
    for (size_t i = 0; i < d->n_units; i++) {
        d->order[i] = &d->units[i];
        d->units[i].spread = spread_of(&d->units[i], p->n_classes);
    }
}

/* --- orders ------------------------------------------------------------- */

static int by_priority(const void *a, const void *b)
{
    const unit *x = *(unit *const *)a, *y = *(unit *const *)b;

    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_class(const void *a, const void *b)
{
    const unit *x = *(unit *const *)a, *y = *(unit *const *)b;

    if (x->counts[0].class_of != y->counts[0].class_of)
        return x->counts[0].class_of < y->counts[0].class_of ? -1 : 1;
    return by_priority(a, b);
}

static int by_size(const void *a, const void *b)
{
    const unit *x = *(unit *const *)a, *y = *(unit *const *)b;

    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return by_priority(a, b);
}

static int by_spread(const void *a, const void *b)
{
    const unit *x = *(unit *const *)a, *y = *(unit *const *)b;

    if (x->spread > y->spread || x->spread < y->spread)
        return x->spread > y->spread ? -1 : 1;
    return by_priority(a, b);
}

static void sort_units(dealer *d, int (*compare)(const void *, const void *))
{
    qsort(d->order, d->n_units, sizeof(unit *), compare);
}

/* --- single items ------------------------------------------------------- */

static bool equal_weights(const ost_partition *p)
{
    for (uint32_t b = 1; b < p->n_bins; b++)
        if (fabs(p->weights[b] - p->weights[0]) > 1e-12)
            return false;
    return true;
}

/* How many of the units in order[from .. to) bin 0 of two gets: each class its
 * rounded-down share, and what is missing goes to the largest remainders. */
static void take_shares(const dealer *d, const size_t *first, size_t n_parts,
                        size_t *take)
{
    double weight = d->p->weights[0];
    size_t missing = (size_t)ceil(weight * (double)d->n_units - 1e-9);

    for (size_t c = 0; c < n_parts; c++) {
        take[c] =
            (size_t)floor(weight * (double)(first[c + 1] - first[c]) + 1e-9);
        missing -= take[c] < missing ? take[c] : missing;
    }
    while (missing > 0) {
        size_t best = n_parts;
        double most = 0;

        for (size_t c = 0; c < n_parts; c++) {
            double rest =
                weight * (double)(first[c + 1] - first[c]) - (double)take[c];

            if (rest > most + 1e-9 && take[c] < first[c + 1] - first[c]) {
                most = rest;
                best = c;
            }
        }
        if (best == n_parts)
            return;
        take[best]++;
        missing--;
    }
}

/* Two bins of any weights: the first units of each class are bin 0. */
static void deal_two(dealer *d)
{
    size_t *first = OST_ARENA_ARRAY(&d->arena, size_t, d->n_units + 2);
    size_t *take = OST_ARENA_ARRAY(&d->arena, size_t, d->n_units + 1);
    size_t parts = 0;

    for (size_t i = 0; i < d->n_units; i++)
        if (i == 0 ||
            (d->p->stratify && d->order[i]->counts[0].class_of !=
                                   d->order[i - 1]->counts[0].class_of))
            first[parts++] = i;
    first[parts] = d->n_units;
    take_shares(d, first, parts, take);
    for (size_t c = 0; c < parts; c++)
        for (size_t i = first[c]; i < first[c + 1]; i++)
            d->order[i]->bin = i - first[c] >= take[c];
}

static void deal_singles(dealer *d)
{
    sort_units(d, d->p->stratify ? by_class : by_priority);
    if (!equal_weights(d->p)) {
        deal_two(d);
        return;
    }
    for (size_t i = 0; i < d->n_units; i++)
        d->order[i]->bin = (uint32_t)(i % d->p->n_bins);
}

/* --- groups ------------------------------------------------------------- */

/* Share of a class's quota that `bin` has. */
static double share_of(const dealer *d, uint32_t c, uint32_t bin, double more)
{
    double n = d->in_class[(size_t)c * d->p->n_bins + bin] + more;

    return n / (d->class_size[c] * d->p->weights[bin]);
}

static double deviation(double sum, double squares, uint32_t n)
{
    double variance = squares / n - sum / n * (sum / n);

    return variance > 0 ? sqrt(variance) : 0;
}

/* Deviation over bins of one class if `more` of it came to `bin`. */
static double class_deviation(const dealer *d, uint32_t c, uint32_t bin,
                              double more)
{
    double now = share_of(d, c, bin, 0), then = share_of(d, c, bin, more);

    return deviation(d->sum[c] - now + then,
                     d->squares[c] - now * now + then * then, d->p->n_bins);
}

/* What putting the unit into the bin costs: only the classes that it has
 * change.  Without classes: how full the bin would be. */
static double cost(const dealer *d, const unit *u, uint32_t bin)
{
    double sum = 0;

    if (!d->p->stratify)
        return (d->in_bin[bin] + (double)u->n) / d->p->weights[bin];
    for (size_t i = 0; i < u->n_counts; i++)
        sum += class_deviation(d, u->counts[i].class_of, bin, u->counts[i].n) -
               class_deviation(d, u->counts[i].class_of, bin, 0);
    return sum / d->p->n_classes;
}

static void put(dealer *d, unit *u, uint32_t bin)
{
    u->bin = bin;
    d->in_bin[bin] += (double)u->n;
    for (size_t i = 0; i < u->n_counts; i++) {
        uint32_t c = u->counts[i].class_of;
        double now = share_of(d, c, bin, 0);
        double then = share_of(d, c, bin, u->counts[i].n);

        d->sum[c] += then - now;
        d->squares[c] += then * then - now * now;
        d->in_class[(size_t)c * d->p->n_bins + bin] += u->counts[i].n;
    }
}

static void deal_groups(dealer *d)
{
    const ost_partition *p = d->p;

    d->in_bin = OST_ARENA_ARRAY(&d->arena, double, p->n_bins);
    d->in_class =
        OST_ARENA_ARRAY(&d->arena, double, (size_t)p->n_classes * p->n_bins);
    d->sum = OST_ARENA_ARRAY(&d->arena, double, p->n_classes);
    d->squares = OST_ARENA_ARRAY(&d->arena, double, p->n_classes);
    sort_units(d, p->stratify ? by_spread : by_size);
    for (size_t i = 0; i < d->n_units; i++) {
        uint32_t best = 0;
        double least = cost(d, d->order[i], 0);

        for (uint32_t b = 1; b < p->n_bins; b++) {
            double c = cost(d, d->order[i], b);
            bool close = fabs(c - least) <= 1e-8 + 1e-5 * fabs(least);

            if (close ? d->in_bin[b] / p->weights[b] <
                            d->in_bin[best] / p->weights[best]
                      : c < least) {
                least = c;
                best = b;
            }
        }
        put(d, d->order[i], best);
    }
}

/* --- all ---------------------------------------------------------------- */

static ost_rc check_bins(dealer *d, ost_err *err)
{
    bool *there = OST_ARENA_ARRAY(&d->arena, bool, d->p->n_bins);

    for (size_t i = 0; i < d->n_units; i++)
        there[d->units[i].bin] = true;
    for (uint32_t b = 0; b < d->p->n_bins; b++)
        if (!there[b])
            return ost_fail(err, OST_EINPUT,
                            "%zu items in %zu groups cannot be divided into "
                            "%u parts: part %u stays empty",
                            d->p->n, d->n_units, d->p->n_bins, b);
    return OST_OK;
}

ost_rc ost_partition_make(const ost_partition *p, uint32_t *bin, ost_err *err)
{
    dealer d = { .p = p };
    ost_rc rc = OST_OK;

    gather_units(&d);
    if (d.n_units < p->n_bins) {
        rc = ost_fail(err, OST_EINPUT,
                      "%u parts need at least as many groups, there are %zu",
                      p->n_bins, d.n_units);
        goto out;
    }
    if (d.n_units == p->n_bins ||
        (d.n_units == p->n && (p->n_bins == 2 || equal_weights(p))))
        deal_singles(&d);
    else
        deal_groups(&d);
    for (size_t i = 0; i < p->n; i++)
        bin[i] = d.units[d.unit_of[i]].bin;
    rc = check_bins(&d, err);
out:
    ost_arena_release(&d.arena);
    return rc;
}
