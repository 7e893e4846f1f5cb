/* kernels/stats/bootstrap.c - resamples, and statistics of them */
#include "kernels/stats/bootstrap.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "kernels/stats/bootstrap_draws.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

/* Units by stratum, in their order. */
static void group_by_stratum(ost_bootstrap *b, const uint32_t *stratum)
{
    size_t *at = ost_xalloc((b->strata + 1) * sizeof(*at));

    b->first = ost_xalloc((b->strata + 1) * sizeof(*b->first));
    b->member = ost_xalloc((b->units + 1) * sizeof(*b->member));
    for (size_t u = 0; u < b->units; u++) {
        size_t s = stratum ? stratum[u] : 0;

        assert(s < b->strata);
        b->first[s + 1]++;
    }
    for (size_t s = 0; s < b->strata; s++) {
        b->first[s + 1] += b->first[s];
        at[s] = b->first[s];
    }
    for (size_t u = 0; u < b->units; u++)
        b->member[at[stratum ? stratum[u] : 0]++] = (uint32_t)u;
    ost_free(at);
}

ost_bootstrap *ost_bootstrap_new(const ost_bootstrap_spec *spec)
{
    ost_bootstrap *b = ost_xalloc(sizeof(*b));

    b->n = spec->n;
    b->units = spec->cluster ? spec->clusters : spec->n;
    assert(b->n < (size_t)1 << 30 && b->units < (size_t)1 << 30);
    b->strata = spec->stratum ? spec->strata : 1;
    b->seed = spec->seed;
    b->draws = spec->draws;
    if (spec->cluster) {
        b->cluster = ost_xalloc((b->n + 1) * sizeof(*b->cluster));
        memcpy(b->cluster, spec->cluster, b->n * sizeof(*b->cluster));
    }
    group_by_stratum(b, spec->stratum);
    return b;
}

void ost_bootstrap_free(ost_bootstrap *b)
{
    if (!b)
        return;
    ost_free(b->cluster);
    ost_free(b->member);
    ost_free(b->first);
    ost_free(b);
}

size_t ost_bootstrap_units(const ost_bootstrap *b)
{
    return b->units;
}

void ost_cluster_strata(const uint8_t *positive, const uint32_t *cluster,
                        size_t n, size_t clusters, uint32_t *stratum)
{
    memset(stratum, 0, clusters * sizeof(*stratum));
    for (size_t i = 0; i < n; i++)
        stratum[cluster[i]] |= positive[i];
}

/* --- draws --------------------------------------------------------------- */

void ost_bootstrap_draws_init(ost_bootstrap_draws *d, const ost_bootstrap *b,
                              size_t from)
{
    *d = (ost_bootstrap_draws){ .b = b };
    d->weight = ost_xalloc((b->units + 1) * sizeof(*d->weight));
    if (b->draws == OST_DRAWS_PHILOX) {
        d->next = from;
        return;
    }
    ost_legacy_rng_init(&d->legacy, (uint32_t)b->seed);
    while (d->next < from)
        ost_bootstrap_draws_next(d);
}

void ost_bootstrap_draws_release(ost_bootstrap_draws *d)
{
    ost_free(d->weight);
    *d = (ost_bootstrap_draws){ 0 };
}

/* Uniform in 0 .. n-1 without bias (Lemire 2019). */
static uint32_t below(ost_rng *r, uint32_t n)
{
    uint64_t product = (uint64_t)ost_rng_u32(r) * n;

    if ((uint32_t)product < n) {
        uint32_t surplus = -n % n; /* 2^32 modulo n */

        while ((uint32_t)product < surplus)
            product = (uint64_t)ost_rng_u32(r) * n;
    }
    return (uint32_t)(product >> 32);
}

const uint32_t *ost_bootstrap_draws_next(ost_bootstrap_draws *d)
{
    const ost_bootstrap *b = d->b;
    ost_rng rng = ost_rng_of(b->seed, d->next);

    memset(d->weight, 0, b->units * sizeof(*d->weight));
    for (size_t s = 0; s < b->strata; s++) {
        const uint32_t *member = b->member + b->first[s];
        uint32_t m = (uint32_t)(b->first[s + 1] - b->first[s]);

        for (uint32_t i = 0; i < m; i++) {
            uint32_t drawn = b->draws == OST_DRAWS_PHILOX
                                 ? below(&rng, m)
                                 : ost_legacy_rng_below(&d->legacy, m);

            d->weight[member[drawn]]++;
        }
    }
    d->next++;
    return d->weight;
}

/* --- any statistic -------------------------------------------------------- */

void ost_bootstrap_run(const ost_bootstrap *b, ost_statistics f, void *user,
                       size_t k, size_t from, size_t to, double *out)
{
    uint32_t *weight = ost_xalloc((b->n + 1) * sizeof(*weight));
    ost_bootstrap_draws d;

    ost_bootstrap_draws_init(&d, b, from);
    for (size_t r = from; r < to; r++) {
        const uint32_t *drawn = ost_bootstrap_draws_next(&d);

        for (size_t i = 0; i < b->n; i++)
            weight[i] = drawn[b->cluster ? b->cluster[i] : i];
        f(user, weight, out + (r - from) * k);
    }
    ost_bootstrap_draws_release(&d);
    ost_free(weight);
}

void ost_jackknife_run(const ost_bootstrap *b, ost_statistics f, void *user,
                       size_t k, size_t from, size_t to, double *out)
{
    uint32_t *weight = ost_xalloc((b->n + 1) * sizeof(*weight));

    for (size_t u = from; u < to; u++) {
        for (size_t i = 0; i < b->n; i++)
            weight[i] = (b->cluster ? b->cluster[i] : i) != u;
        f(user, weight, out + (u - from) * k);
    }
    ost_free(weight);
}
