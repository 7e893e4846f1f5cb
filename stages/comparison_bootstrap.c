/* stages/comparison_bootstrap.c - how sure a paired difference is
 *
 * Whole groups are drawn again, with what both arms said of them: 95 %
 * percentile intervals of the difference.
 */
#include "base/alloc.h"
#include "kernels/stats/bootstrap.h"
#include "stages/comparison.h"

#include <string.h>

#include "base/banned.h"

/* The difference in drawn cases of a metric that is counted. */
static void counted_difference(void *user, const uint32_t *weight, double *out)
{
    const ost_contest *t = user;
    double value[2];

    for (size_t k = 0; k < 2; k++) {
        const ost_judged *j = &t->judged[k];
        uint64_t count[4] = { 0 };

        for (size_t i = 0; i < j->n; i++)
            count[2 * j->hit[i] + j->said[i]] += weight[i];
        value[k] = ost_comparison_rate(t->metric, count);
    }
    *out = value[0] - value[1];
}

static void area_differences(const ost_contest *t, const ost_bootstrap *b,
                             size_t n, double *value)
{
    double *both = ost_xalloc(2 * n * sizeof(*both));
    ost_bootstrap_area *area[2];

    for (size_t k = 0; k < 2; k++) {
        const ost_judged *j = &t->judged[k];
        const ost_scores s = { j->hit, j->score, j->n };

        area[k] = ost_bootstrap_area_new(b, &s);
    }
    ost_bootstrap_area_run((const ost_bootstrap_area *const *)area, 2, 0, n,
                           both);
    for (size_t r = 0; r < n; r++)
        value[r] = both[2 * r] - both[2 * r + 1];
    for (size_t k = 0; k < 2; k++)
        ost_bootstrap_area_free(area[k]);
    ost_free(both);
}

void ost_contest_bootstrap(ost_contest *t)
{
    ost_rng rng = ost_ctx_rng(t->c->ctx, NULL, UINT64_C(1) << 32 | t->question);
    size_t n = (size_t)t->c->params->bootstrap;
    const ost_bootstrap_spec spec = { .n = t->n[0],
                                      .cluster = t->group,
                                      .clusters = t->n_groups,
                                      .seed = ost_rng_u64(&rng) };
    ost_bootstrap_interval i;
    ost_bootstrap *b;
    double *value;

    t->method = "bootstrap_percentile";
    t->result.interval = (ost_interval){ OST_UNDEFINED, OST_UNDEFINED };
    if (t->n_groups < 2)
        return;
    b = ost_bootstrap_new(&spec);
    value = ost_xalloc(n * sizeof(*value));
    if (t->metric->scored)
        area_differences(t, b, n, value);
    else
        ost_bootstrap_run(b, counted_difference, t, 1, 0, n, value);
    i = ost_percentile_interval(value, n, 1, 0.95);
    t->result.interval = i.interval;
    json_object_set_new(t->out, "replicates", json_integer((json_int_t)i.used));
    json_object_set_new(t->out, "skipped", json_integer((json_int_t)i.skipped));
    ost_free(value);
    ost_bootstrap_free(b);
}
