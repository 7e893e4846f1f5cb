/* kernels/stats/bootstrap_draws.h - what the files of the bootstrap share */
#ifndef OST_KERNELS_STATS_BOOTSTRAP_DRAWS_H
#define OST_KERNELS_STATS_BOOTSTRAP_DRAWS_H

#include "kernels/stats/bootstrap.h"
#include "kernels/stats/legacy_rng.h"

struct ost_bootstrap {
    size_t n;
    size_t units;
    uint32_t *cluster; /* NULL: every case is its own unit */
    size_t strata;
    uint32_t *member; /* units by stratum */
    size_t *first;    /* strata + 1: where each stratum begins in member */
    uint64_t seed;
    ost_draws draws;
};

/* Replicates in order, from any first one. */
typedef struct ost_bootstrap_draws {
    const ost_bootstrap *b;
    size_t next;      /* replicate */
    uint32_t *weight; /* of each unit in the replicate drawn last */
    ost_legacy_rng legacy;
} ost_bootstrap_draws;

void ost_bootstrap_draws_init(ost_bootstrap_draws *d, const ost_bootstrap *b,
                              size_t from);
void ost_bootstrap_draws_release(ost_bootstrap_draws *d);
/* The weights of the next replicate's units; borrowed until the next call. */
const uint32_t *ost_bootstrap_draws_next(ost_bootstrap_draws *d);

#endif
