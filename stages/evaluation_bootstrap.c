/* stages/evaluation_bootstrap.c - the cases of a block drawn again and again
 *
 * BCa leaves out each unit once, which takes as long as a replicate each time:
 * where that is too much, the percentile interval is given instead, and
 * `method` says so.
 */
#include "stages/evaluation_bootstrap.h"

#include "base/alloc.h"

#include <string.h>

#include "base/banned.h"

/* Replicates that are computed together by one thread. */
enum { CHUNK = 32 };
/* Units times cases (times classes, which are walked one by one) that BCa may
 * take. */
static const double most_left_out = 4e9;
enum { OF_A_CLASS = 12 }; /* numbers of a replicate, about */

static bool bca_fits(size_t units, size_t n, size_t k)
{
    double classes = (double)((k + OF_A_CLASS - 1) / OF_A_CLASS);

    return (double)units * (double)n * classes <= most_left_out;
}

ost_drawing ost_drawing_of(const ost_evaluation *e)
{
    const ost_evaluate_params *p = e->params;

    return (ost_drawing){
        .clusters = p->resample == OST_RESAMPLE_GROUP ||
                    (p->resample != OST_RESAMPLE_ITEM && e->clustered),
        .stratified = p->resample == OST_RESAMPLE_STRATIFIED,
        .bca = p->bootstrap_interval == OST_BOOTSTRAP_BCA,
        .replicates =
            p->interval == OST_INTERVAL_FORMULA ? 0 : (size_t)p->bootstrap,
    };
}

/* The unit of each weight: the number of its group within the block, or of the
 * case.  Returns how many there are. */
static size_t find_units(const ost_block *b, bool groups, const uint32_t *order,
                         uint32_t *unit)
{
    uint32_t *number =
        OST_ARENA_ARRAY(b->arena, uint32_t, b->e->cases->n_groups);
    uint32_t *of = OST_ARENA_ARRAY(b->arena, uint32_t, b->n), units = 0;

    for (size_t i = 0; i < b->n; i++) {
        uint32_t *group = &number[b->group[i]];

        if (*group == 0)
            *group = ++units;
        of[i] = groups ? *group - 1 : (uint32_t)i;
    }
    for (size_t i = 0; i < b->n; i++)
        unit[i] = of[order ? order[i] : i];
    return groups ? units : b->n;
}

/* Strata of the units: the greatest of their cases'. */
static uint32_t *strata_of(const ost_block *b, const ost_bootstrap_spec *spec,
                           const uint32_t *order, const uint32_t *stratum,
                           size_t *strata)
{
    uint32_t *of = OST_ARENA_ARRAY(b->arena, uint32_t, spec->clusters);

    *strata = 1;
    for (size_t i = 0; i < b->n; i++) {
        uint32_t s = stratum[order ? order[i] : i];

        if (s > of[spec->cluster[i]])
            of[spec->cluster[i]] = s;
        if (s >= *strata)
            *strata = s + 1;
    }
    return of;
}

static ost_bootstrap *draw_from(const ost_block *b, const ost_drawing *d,
                                const uint32_t *order, const uint32_t *stratum)
{
    const ost_evaluate_params *p = b->e->params;
    uint32_t *unit = OST_ARENA_ARRAY(b->arena, uint32_t, b->n);
    ost_bootstrap_spec spec = { .n = b->n,
                                .cluster = unit,
                                .seed = b->e->seed };

    spec.clusters = find_units(b, d->clusters, order, unit);
    if (d->stratified && stratum)
        spec.stratum = strata_of(b, &spec, order, stratum, &spec.strata);
    if (p->like == OST_LIKE_NUMPY) {
        spec.draws = OST_DRAWS_NUMPY;
        spec.seed = (uint64_t)p->random_state;
    }
    return ost_bootstrap_new(&spec);
}

const char *ost_few_units(const ost_block *b, size_t units)
{
    if (units > 1)
        return NULL;
    return ost_drawing_of(b->e).clusters ? "fewer than two groups"
                                         : "fewer than two items";
}

/* Replicates, or units that are left out, shared out over threads. */
typedef struct {
    const ost_block *b;
    const ost_replicates *r;
    ost_statistics f;
    void *user;
    size_t n;
    size_t chunk;
    bool leave_out;
} sharing;

static ost_rc run_chunk(void *user, size_t i, ost_err *err)
{
    const sharing *s = user;
    size_t from = i * s->chunk, to = from + s->chunk;

    (void)err;
    if (to > s->n)
        to = s->n;
    if (ost_ctx_stop(s->b->e->ctx))
        return OST_OK;
    if (s->leave_out)
        ost_jackknife_run(s->r->b, s->f, s->user, s->r->k, from, to,
                          s->r->without + from * s->r->k);
    else
        ost_bootstrap_run(s->r->b, s->f, s->user, s->r->k, from, to,
                          s->r->value + from * s->r->k);
    return OST_OK;
}

static void share_out(const sharing *s)
{
    ost_err err = { 0 };

    (void)ost_parallel(s->b->e->ctx, (s->n + s->chunk - 1) / s->chunk,
                       run_chunk, (void *)s, &err);
}

ost_replicates ost_replicates_of(const ost_block *b, ost_statistics f,
                                 void *user, size_t k, const uint32_t *order,
                                 const uint32_t *stratum)
{
    ost_drawing d = ost_drawing_of(b->e);
    ost_replicates r = { .k = k, .n = d.replicates };
    sharing s = { .b = b, .r = &r, .f = f, .user = user, .n = r.n };
    uint32_t *ones;
    size_t units;

    if (d.replicates == 0 || b->n == 0)
        return r;
    r.b = draw_from(b, &d, order, stratum);
    r.method = "bootstrap_percentile";
    units = ost_bootstrap_units(r.b);
    r.few = ost_few_units(b, units);
    if (r.few)
        return r;
    r.value = ost_xalloc(sizeof(*r.value) * r.n * k);
    r.estimate = ost_xalloc(sizeof(*r.estimate) * k);
    ones = ost_xalloc(sizeof(*ones) * b->n);
    for (size_t i = 0; i < b->n; i++)
        ones[i] = 1;
    f(user, ones, r.estimate);
    ost_free(ones);
    /* NumPy's numbers come one after the other. */
    s.chunk = b->e->params->like == OST_LIKE_NUMPY ? r.n : CHUNK;
    share_out(&s);
    if (!d.bca)
        return r;
    if (!bca_fits(units, b->n, k)) {
        ost_block_warn(b, b->where,
                       "too many to leave out each once: intervals are "
                       "percentiles, without the correction of BCa");
        return r;
    }
    r.method = "bootstrap_bca";
    r.without = ost_xalloc(sizeof(*r.without) * units * k);
    s.leave_out = true;
    s.n = units;
    s.chunk = CHUNK;
    share_out(&s);
    return r;
}

void ost_replicates_release(ost_replicates *r)
{
    ost_bootstrap_free(r->b);
    ost_free(r->value);
    ost_free(r->estimate);
    ost_free(r->without);
    *r = (ost_replicates){ 0 };
}

json_t *ost_replicates_interval(const ost_block *b, const ost_replicates *r,
                                size_t j)
{
    double level = b->e->params->level;
    ost_bootstrap_interval i;

    if (r->few)
        return ost_number_or(OST_UNDEFINED, r->few);
    if (r->without)
        i = ost_bca_interval(r->b, r->value + j, r->n, r->k, r->estimate[j],
                             r->without + j, level);
    else
        i = ost_percentile_interval(r->value + j, r->n, r->k, level);
    if (isnan(i.interval.lo))
        return ost_number_or(OST_UNDEFINED,
                             i.used == 0 ? "undefined in every replicate"
                                         : "the replicates do not allow it");
    if (i.interval.lo == i.interval.hi)
        return ost_number_or(OST_UNDEFINED, "no replicate differs");
    /* Normal quantiles have a logarithm in them. */
    return json_pack("{s:o, s:o, s:f, s:s, s:I, s:I}", "lo",
                     r->without ? ost_rounded_or(i.interval.lo, "")
                                : json_real(i.interval.lo),
                     "hi",
                     r->without ? ost_rounded_or(i.interval.hi, "")
                                : json_real(i.interval.hi),
                     "level", level, "method", r->method, "replicates",
                     (json_int_t)i.used, "skipped", (json_int_t)i.skipped);
}

/* --- how -------------------------------------------------------------------
 */

static const char *reason_of(const ost_evaluation *e, const ost_drawing *d)
{
    if (d->clusters && e->clustered && d->replicates > 0)
        return "groups have several items, which are not independent: whole "
               "groups are drawn";
    if (e->clustered)
        return "groups have several items, and these are taken as independent "
               "all the same";
    return "every group has one item";
}

json_t *ost_interval_method_json(const ost_evaluation *e)
{
    static const char *const proportions[] = { "wilson", "clopper_pearson" };
    static const char *const areas[] = { "delong", "delong_logit" };
    const ost_evaluate_params *p = e->params;
    ost_drawing d = ost_drawing_of(e);
    bool formulas = ost_formulas_hold(e);
    size_t units = d.clusters ? e->cases->n_groups : e->cases->n;
    size_t classes = e->positive == OST_NO_CLASS ? e->cases->n_classes : 1;
    bool bca = d.bca && bca_fits(units, e->cases->n, classes * OF_A_CLASS);
    json_t *out = json_pack(
        "{s:f, s:s?, s:s?, s:s, s:n}", "level", p->level, "proportions",
        formulas ? proportions[p->proportion] : NULL, "areas",
        formulas ? areas[p->area] : NULL, "why", reason_of(e, &d), "bootstrap");

    if (d.replicates == 0)
        return out;
    json_object_set_new(
        out, "bootstrap",
        json_pack("{s:I, s:s, s:b, s:s, s:I, s:s}", "replicates",
                  (json_int_t)d.replicates, "of",
                  d.clusters ? "groups" : "items", "stratified", d.stratified,
                  "interval", bca ? "bca" : "percentile", "n_units",
                  (json_int_t)units, "draws",
                  p->like == OST_LIKE_NUMPY ? "numpy" : "osteon"));
    return out;
}
