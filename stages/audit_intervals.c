/* stages/audit_intervals.c - printed intervals, and numbers beside them */
#include "kernels/stats/distributions.h"
#include "stages/audit.h"

#include <math.h>

#include "base/banned.h"

static ost_interval clopper_pearson(uint64_t k, uint64_t n)
{
    double hits = (double)k, misses = (double)(n - k);

    return (ost_interval){
        k == 0 ? 0 : ost_beta_quantile(0.025, hits, misses + 1),
        k == n ? 1 : ost_beta_quantile(0.975, hits + 1, misses),
    };
}

json_t *ost_audit_intervals_of(uint64_t k, uint64_t n)
{
    return json_pack(
        "{s:o, s:o}", "wilson", ost_audit_interval(ost_wilson_interval(k, n)),
        "clopper_pearson", ost_audit_interval(clopper_pearson(k, n)));
}
