/* tests/unit/test_bootstrap.c - resamples and intervals from them */
/* links: stats base */
#include "kernels/stats/bootstrap.h"
#include "kernels/stats/scores.h"
#include "tests/support/golden.h"
#include "tests/support/seed.h"

#include "base/banned.h"

enum { MOST = 160, DRAWS = 40 };

/* The area of a weighted sample by its definition: the cases written out. */
static void area_written_out(void *user, const uint32_t *weight, double *out)
{
    const ost_scores *s = user;
    static uint8_t y[8 * MOST];
    static double v[8 * MOST];
    ost_scores drawn = { y, v, 0 };

    for (size_t i = 0; i < s->n; i++) {
        for (uint32_t k = 0; k < weight[i]; k++) {
            assert_true(drawn.n < sizeof(y));
            y[drawn.n] = s->positive[i];
            v[drawn.n++] = s->score[i];
        }
    }
    *out = ost_auc(&drawn);
}

typedef struct {
    uint8_t y[MOST];
    double v[MOST];
    uint32_t cluster[MOST];
    uint32_t stratum[MOST];
    ost_scores s;
    ost_bootstrap_spec spec;
} sample;

/* Random cases with ties; clusters and strata by the bits of `kind`. */
static void draw(ost_rng *r, unsigned kind, sample *out)
{
    size_t n = 4 + ost_rng_below(r, MOST - 4), clusters = 2 + n / 3;

    out->s = (ost_scores){ out->y, out->v, n };
    for (size_t i = 0; i < n; i++) {
        out->y[i] = i < 4 ? i & 1 : (uint8_t)ost_rng_below(r, 2);
        out->v[i] = (double)ost_rng_below(r, 25) / 8;
        out->cluster[i] =
            (uint32_t)(i < clusters ? i : ost_rng_below(r, clusters));
        out->stratum[i] = out->y[i];
    }
    out->spec = (ost_bootstrap_spec){ .n = n, .seed = ost_rng_u64(r) };
    if (kind & 1) {
        out->spec.cluster = out->cluster;
        out->spec.clusters = clusters;
        ost_cluster_strata(out->y, out->cluster, n, clusters, out->stratum);
    }
    if (kind & 2) {
        out->spec.stratum = out->stratum;
        out->spec.strata = 2;
    }
    if (kind & 4)
        out->spec.draws = OST_DRAWS_NUMPY;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static const char *fast_areas_are_the_areas(ost_rng *r)
{
    double slow[MOST], fast[MOST], part[MOST];
    unsigned kind = (unsigned)ost_rng_below(r, 8);
    ost_bootstrap_area *a;
    const char *wrong = NULL;
    size_t units, cut = 1 + ost_rng_below(r, DRAWS - 1);
    ost_bootstrap *b;
    sample in;

    draw(r, kind, &in);
    b = ost_bootstrap_new(&in.spec);
    a = ost_bootstrap_area_new(b, &in.s);
    units = ost_bootstrap_units(b);
    ost_bootstrap_run(b, area_written_out, &in.s, 1, 0, DRAWS, slow);
    ost_bootstrap_area_run((const ost_bootstrap_area *const[]){ a }, 1, 0,
                           DRAWS, fast);
    for (size_t i = 0; i < DRAWS; i++)
        wrong = same(slow[i], fast[i]) ? wrong : "a fast replicate differs";
    ost_bootstrap_area_run((const ost_bootstrap_area *const[]){ a }, 1, cut,
                           DRAWS, part);
    for (size_t i = cut; i < DRAWS; i++)
        wrong = same(part[i - cut], fast[i]) ? wrong
                                             : "replicates depend on "
                                               "where one begins";
    ost_jackknife_run(b, area_written_out, &in.s, 1, 0, units, slow);
    ost_bootstrap_area_jackknife(a, fast, 1);
    for (size_t i = 0; i < units; i++)
        wrong = same(slow[i], fast[i]) ? wrong
                                       : "the area without a unit "
                                         "differs";
    ost_bootstrap_area_free(a);
    ost_bootstrap_free(b);
    return wrong;
}

typedef struct {
    const sample *in;
    const char *wrong;
} weight_check;

/* What each kind of resample keeps. */
static void check_weights(void *user, const uint32_t *weight, double *out)
{
    weight_check *c = user;
    const ost_bootstrap_spec *spec = &c->in->spec;
    size_t units = spec->cluster ? spec->clusters : spec->n, all = 0;
    size_t drawn[2] = { 0, 0 }, there[2] = { 0, 0 };
    uint32_t of[MOST] = { 0 };

    for (size_t i = 0; i < spec->n; i++) {
        size_t u = spec->cluster ? spec->cluster[i] : i;

        if (spec->cluster && of[u] > 0 && of[u] != weight[i])
            c->wrong = "cases of a cluster are not drawn together";
        of[u] = weight[i];
    }
    for (size_t u = 0; u < units; u++) {
        size_t s = spec->stratum ? spec->stratum[u] : 0;

        all += of[u];
        drawn[s] += of[u];
        there[s]++;
    }
    if (all != units)
        c->wrong = "not as many units are drawn as there are";
    if (spec->stratum && (drawn[0] != there[0] || drawn[1] != there[1]))
        c->wrong = "a stratum changes its size";
    *out = 0;
}

static const char *resamples_keep_what_they_must(ost_rng *r)
{
    weight_check c = { NULL, NULL };
    double none[DRAWS];
    ost_bootstrap *b;
    sample in;

    draw(r, (unsigned)ost_rng_below(r, 8), &in);
    c.in = &in;
    b = ost_bootstrap_new(&in.spec);
    ost_bootstrap_run(b, check_weights, &c, 1, 0, DRAWS, none);
    ost_bootstrap_free(b);
    return c.wrong;
}

static void resamples_keep_their_laws(void **state)
{
    (void)state;
    assert_int_equal(each_seed(200, fast_areas_are_the_areas), 0);
    assert_int_equal(each_seed(200, resamples_keep_what_they_must), 0);
}

static void paired_models_share_their_resamples(void **state)
{
    ost_rng r = ost_rng_of(5, 0);
    const ost_bootstrap_area *two[2];
    ost_bootstrap_area *a, *b;
    double both[2 * DRAWS], one[DRAWS];
    ost_bootstrap *boot;
    sample in;

    (void)state;
    draw(&r, 1, &in);
    boot = ost_bootstrap_new(&in.spec);
    a = ost_bootstrap_area_new(boot, &in.s);
    for (size_t i = 0; i < in.s.n; i++)
        in.v[i] = -in.v[i];
    b = ost_bootstrap_area_new(boot, &in.s);
    two[0] = a;
    two[1] = b;
    ost_bootstrap_area_run(two, 2, 0, DRAWS, both);
    ost_bootstrap_area_run(&two[1], 1, 0, DRAWS, one);
    for (size_t i = 0; i < DRAWS; i++) {
        assert_true(fabs(both[2 * i] + both[2 * i + 1] - 1) < 1e-15);
        assert_true(both[2 * i + 1] == one[i]);
    }
    ost_bootstrap_area_free(a);
    ost_bootstrap_area_free(b);
    ost_bootstrap_free(boot);
}

static void percentiles_equal_the_reference(void **state)
{
    ost_json_doc *doc = golden_load("golden/bootstrap");
    size_t i;
    json_t *c;

    (void)state;
    json_array_foreach(ost_json_root(doc), i, c)
    {
        static double value[2000];
        size_t draws = (size_t)json_integer_value(json_object_get(c, "B"));
        ost_bootstrap_interval got;
        ost_bootstrap_area *a;
        ost_bootstrap *b;
        sample in;

        in.s = (ost_scores){ in.y, in.v,
                             json_array_size(json_object_get(c, "y")) };
        assert_true(in.s.n <= MOST && draws <= 2000);
        for (size_t k = 0; k < in.s.n; k++) {
            in.y[k] = (uint8_t)json_integer_value(
                json_array_get(json_object_get(c, "y"), k));
            in.v[k] = json_number_value(
                json_array_get(json_object_get(c, "score"), k));
        }
        in.spec = (ost_bootstrap_spec){
            .n = in.s.n,
            .seed = (uint64_t)json_integer_value(json_object_get(c, "seed")),
            .draws = OST_DRAWS_NUMPY,
        };
        b = ost_bootstrap_new(&in.spec);
        a = ost_bootstrap_area_new(b, &in.s);
        ost_bootstrap_area_run((const ost_bootstrap_area *const[]){ a }, 1, 0,
                               draws, value);
        got = ost_percentile_interval(value, draws, 1, 0.95);
        golden_near("lo", json_object_get(c, "lo"), got.interval.lo, 1e-15);
        golden_near("hi", json_object_get(c, "hi"), got.interval.hi, 1e-15);
        golden_near("mean", json_object_get(c, "mean"), got.mean, 1e-15);
        assert_int_equal(got.skipped,
                         json_integer_value(json_object_get(c, "skipped")));
        ost_bootstrap_area_free(a);
        ost_bootstrap_free(b);
    }
    assert_true(i >= 2);
    ost_json_free(doc);
}

/* --- edges ---------------------------------------------------------------- */

static void replicates_of_one_class_are_counted(void **state)
{
    const double v[5] = { 3, OST_UNDEFINED, 1, 2, OST_UNDEFINED };
    ost_bootstrap_interval i = ost_percentile_interval(v, 5, 1, 0.95);

    (void)state;
    assert_int_equal(i.used, 3);
    assert_int_equal(i.skipped, 2);
    assert_true(i.mean == 2 && i.se == 1);
    assert_true(fabs(i.interval.lo - 1.05) < 1e-15);
    assert_true(fabs(i.interval.hi - 2.95) < 1e-15);
    i = ost_percentile_interval(v + 1, 1, 1, 0.95);
    assert_int_equal(i.used, 0);
    assert_true(isnan(i.interval.lo) && isnan(i.mean) && isnan(i.se));
}

/* A bootstrap of n cases in one stratum. */
static ost_bootstrap *plain(size_t n)
{
    return ost_bootstrap_new(&(ost_bootstrap_spec){ .n = n });
}

static void bca_is_undefined_where_nothing_tells_the_bias(void **state)
{
    const double value[4] = { 1, 2, 3, 4 }, flat[4] = { 2, 2, 2, 2 };
    const double one_short[4] = { 1, 2, OST_UNDEFINED, 3 };
    ost_bootstrap *b = plain(4);
    ost_bootstrap_interval i;

    (void)state;
    /* Every replicate is below the estimate. */
    i = ost_bca_interval(b, value, 4, 1, 9, value, 0.95);
    assert_true(isnan(i.interval.lo) && i.used == 4);
    i = ost_bca_interval(b, value, 4, 1, 2.5, one_short, 0.95);
    assert_true(isnan(i.interval.lo) && isnan(i.interval.hi));
    /* Nothing moves: the interval is the one value. */
    i = ost_bca_interval(b, flat, 4, 1, 2, flat, 0.95);
    assert_true(i.interval.lo == 2 && i.interval.hi == 2);
    ost_bootstrap_free(b);
}

static void bca_without_bias_is_the_percentile_interval(void **state)
{
    double value[1000], without[4] = { 1, 2, 3, 4 };
    ost_bootstrap_interval p, i;
    ost_bootstrap *b = plain(4);

    (void)state;
    for (size_t k = 0; k < 1000; k++)
        value[k] = (double)k;
    p = ost_percentile_interval(value, 1000, 1, 0.9);
    i = ost_bca_interval(b, value, 1000, 1, 499.5, without, 0.9);
    assert_true(fabs(i.interval.lo - p.interval.lo) < 1e-9);
    assert_true(fabs(i.interval.hi - p.interval.hi) < 1e-9);
    /* One unit that pulls down makes it longer below. */
    without[3] = 40;
    i = ost_bca_interval(b, value, 1000, 1, 499.5, without, 0.9);
    assert_true(i.interval.lo < p.interval.lo - 1);
    ost_bootstrap_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resamples_keep_their_laws),
        cmocka_unit_test(paired_models_share_their_resamples),
        cmocka_unit_test(percentiles_equal_the_reference),
        cmocka_unit_test(replicates_of_one_class_are_counted),
        cmocka_unit_test(bca_is_undefined_where_nothing_tells_the_bias),
        cmocka_unit_test(bca_without_bias_is_the_percentile_interval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
