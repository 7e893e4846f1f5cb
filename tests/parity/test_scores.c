/* tests/parity/test_scores.c - scores as scikit-learn and SciPy judge them
 *
 * score_references.json holds what make_score_references.py wrote: the numbers
 * of thousands of tables, each drawn here again from its seed.
 */
/* links: stats base */
#include "base/arena.h"
#include "kernels/stats/bootstrap.h"
#include "kernels/stats/calibration.h"
#include "kernels/stats/confusion.h"
#include "kernels/stats/legacy_rng.h"
#include "kernels/stats/multiclass.h"
#include "kernels/stats/operating_points.h"
#include "kernels/stats/precision_recall.h"
#include "kernels/stats/scores.h"
#include "tests/support/golden.h"

#include "base/banned.h"

enum { MOST = 1024, CLASSES = 7 };

static const double slack = 1e-12;

static ost_json_doc *doc;
static ost_arena arena;

/* --- tables ----------------------------------------------------------------
 */

typedef struct {
    size_t n;
    uint8_t y[MOST];
    uint32_t truth[MOST];
    double a[MOST];
    double b[MOST];
    uint32_t cluster[MOST];
    size_t clusters;
} binary_table;

static binary_table t;

static size_t below(ost_legacy_rng *r, size_t n)
{
    return ost_legacy_rng_below(r, n);
}

/* Patients by number, so that 0, 1, ... are all there. */
static void number_clusters(size_t names)
{
    uint32_t number[MOST] = { 0 };

    t.clusters = 0;
    for (size_t i = 0; i < t.n; i++)
        number[t.cluster[i]] = 1;
    for (size_t name = 0; name < names; name++) {
        if (number[name])
            number[name] = (uint32_t)t.clusters++;
    }
    for (size_t i = 0; i < t.n; i++)
        t.cluster[i] = number[t.cluster[i]];
}

static void draw_binary(uint32_t seed)
{
    static const size_t levels_of[6] = { 2, 3, 7, 20, 100, 1000003 };
    static const size_t share_of[7] = { 50, 50, 30, 90, 5, 0, 100 };
    size_t levels, share, pull;
    ost_legacy_rng r;

    ost_legacy_rng_init(&r, seed);
    t.n = 2 + below(&r, seed % 10 ? 60 : 600);
    levels = levels_of[below(&r, 6)];
    share = share_of[below(&r, 7)];
    pull = below(&r, 3);
    for (size_t i = 0; i < t.n; i++) {
        t.y[i] = below(&r, 100) < share;
        t.truth[i] = t.y[i];
    }
    for (int which = 0; which < 2; which++) {
        for (size_t i = 0; i < t.n; i++) {
            size_t k = below(&r, levels) + t.y[i] * (levels * pull / 4);

            (which ? t.b : t.a)[i] = (double)k / (double)(2 * levels);
        }
    }
    for (size_t i = 0; i < t.n; i++)
        t.cluster[i] = (uint32_t)below(&r, 1 + t.n / 3);
    number_clusters(1 + t.n / 3);
}

/* --- comparison --------------------------------------------------------------
 */

/* The numbers of one table, one after the other. */
typedef struct {
    const json_t *want;
    size_t at;
    char what[64];
} numbers;

/* Within `slack` of 1, or of the number where that is more. */
static void next(numbers *n, double got)
{
    const json_t *want = json_array_get(n->want, n->at++);
    double size = json_is_number(want) ? fabs(json_number_value(want)) : 0;
    char what[96];

    snprintf(what, sizeof(what), "%s number %zu", n->what, n->at - 1);
    golden_near(what, want, got, slack * fmax(size, 1));
}

static void done(const numbers *n)
{
    if (n->at != json_array_size(n->want))
        fail_msg("%s: %zu numbers compared of %zu", n->what, n->at,
                 json_array_size(n->want));
}

static double sum_by_place(const double *v, size_t n, size_t from)
{
    double sum = 0;

    for (size_t i = from; i < n; i++)
        sum += (double)(i + 1) * v[i];
    return sum;
}

/* --- two classes
 * -------------------------------------------------------------- */

static void next_rates(numbers *n)
{
    uint32_t called[MOST];
    ost_class_counts of[2];
    ost_confusion c;

    for (size_t i = 0; i < t.n; i++)
        called[i] = t.a[i] >= 0.25;
    c = ost_confusion_of(t.truth, called, t.n, 2, &arena);
    of[0] = ost_confusion_class(&c, 0);
    of[1] = ost_confusion_class(&c, 1);
    next(n, ost_accuracy(&c));
    next(n, ost_balanced_accuracy(&c));
    next(n, ost_precision(&of[1], OST_ZERO_IS_0));
    next(n, ost_recall(&of[1], OST_ZERO_IS_0));
    next(n, ost_specificity(&of[1], OST_ZERO_IS_0));
    next(n, ost_npv(&of[1], OST_ZERO_IS_0));
    next(n, ost_f1(&of[1], OST_ZERO_IS_0));
    next(n, ost_mcc(&c));
    next(n, ost_kappa(&c));
}

static void next_calibration(numbers *n, const ost_calibration *c)
{
    double predicted = 0, observed = 0;

    for (size_t b = 0; b < c->bins; b++) {
        predicted += c->n[b] ? c->score[b] : 0;
        observed += c->n[b] ? c->observed[b] : 0;
    }
    next(n, c->ece);
    next(n, c->mce);
    next(n, predicted);
    next(n, observed);
}

static void next_cuts(numbers *n, const ost_ranking *r)
{
    ost_operating_point best = ost_sensitivity_at_specificity(r, 0.9);
    ost_operating_point keen = ost_specificity_at_sensitivity(r, 0.9);
    ost_operating_point youden = ost_youden(r);

    next(n, isfinite(best.threshold) ? best.threshold : OST_UNDEFINED);
    next(n, best.sensitivity);
    next(n, best.specificity);
    next(n, isfinite(keen.threshold) ? keen.threshold : OST_UNDEFINED);
    next(n, keen.specificity);
    next(n, isfinite(youden.threshold) ? youden.threshold : OST_UNDEFINED);
    next(n, youden.sensitivity);
    next(n, youden.specificity);
}

static void next_curves(numbers *n, const ost_ranking *r)
{
    ost_pr pr = ost_ranking_pr(r, &arena);

    for (unsigned all = 0; all < 2; all++) {
        ost_roc roc = ost_ranking_roc(r, all ? OST_ROC_ALL : 0, &arena);

        next(n, (double)roc.n);
        next(n, sum_by_place(roc.fpr, roc.n, 0));
        next(n, sum_by_place(roc.tpr, roc.n, 0));
        next(n, sum_by_place(roc.threshold, roc.n, 1));
    }
    next(n, (double)pr.n);
    next(n, sum_by_place(pr.precision, pr.n, 0));
    next(n, sum_by_place(pr.recall, pr.n, 0));
    next(n, sum_by_place(pr.threshold, pr.n - 1, 0));
}

static void two_classes_are_judged_as_the_reference_does(void **state)
{
    const json_t *rows = json_object_get(ost_json_root(doc), "binary");

    (void)state;
    assert_true(json_array_size(rows) >= 1500);
    for (size_t seed = 0; seed < json_array_size(rows); seed++) {
        numbers n = { json_array_get(rows, seed), 0, "" };
        ost_scores a = { t.y, t.a, 0 }, b = { t.y, t.b, 0 };
        ost_calibration uniform, quantile;
        ost_ranking r;
        ost_delong d;
        ost_roc roc;

        snprintf(n.what, sizeof(n.what), "binary table %zu", seed);
        draw_binary((uint32_t)seed);
        a.n = b.n = t.n;
        r = ost_ranking_of(&a);
        roc = ost_ranking_roc(&r, 0, &arena);
        d = ost_delong_covariance(&a, &b);
        next(&n, ost_ranking_auc(&r));
        next(&n, ost_auc(&b));
        next(&n, ost_auc_partial(&roc, 0.2));
        next(&n, ost_ranking_average_precision(&r));
        next(&n, ost_brier(&a));
        next(&n, ost_log_loss(&a));
        next_rates(&n);
        next(&n, d.variance_a);
        next(&n, d.variance_b);
        next(&n, d.covariance);
        next(&n, d.variance_of_difference);
        uniform = ost_calibration_of(&a, 10, OST_BINS_UNIFORM, &arena);
        next_calibration(&n, &uniform);
        quantile = ost_calibration_of(&a, 7, OST_BINS_QUANTILE, &arena);
        next_calibration(&n, &quantile);
        next_cuts(&n, &r);
        next_curves(&n, &r);
        done(&n);
        if (!isnan(d.auc_a)) {
            assert_true(d.auc_a == ost_ranking_auc(&r));
            assert_true(fabs(d.variance_a - ost_ranking_delong_variance(&r)) <=
                        slack);
        }
        ost_ranking_release(&r);
        ost_arena_reset(&arena);
    }
}

static void curves_are_those_of_the_reference(void **state)
{
    size_t i;
    json_t *c;

    (void)state;
    json_array_foreach(json_object_get(ost_json_root(doc), "curves"), i, c)
    {
        ost_scores s = { t.y, t.a, 0 };
        double observed[10], predicted[10];
        ost_calibration cal;
        size_t there = 0;
        ost_roc roc;
        ost_pr pr;

        draw_binary((uint32_t)json_integer_value(json_object_get(c, "seed")));
        s.n = t.n;
        roc = ost_roc_curve(&s, 0, &arena);
        pr = ost_pr_curve(&s, &arena);
        cal = ost_calibration_of(&s, 10, OST_BINS_UNIFORM, &arena);
        for (size_t b = 0; b < 10; b++) {
            if (cal.n[b] == 0)
                continue;
            observed[there] = cal.observed[b];
            predicted[there++] = cal.score[b];
        }
        golden_all_near("fpr", json_object_get(c, "fpr"), roc.fpr, roc.n, 0);
        golden_all_near("tpr", json_object_get(c, "tpr"), roc.tpr, roc.n, 0);
        golden_all_near("threshold", json_object_get(c, "threshold"),
                        roc.threshold + 1, roc.n - 1, 0);
        golden_all_near("precision", json_object_get(c, "precision"),
                        pr.precision, pr.n, 0);
        golden_all_near("recall", json_object_get(c, "recall"), pr.recall, pr.n,
                        0);
        golden_all_near("threshold", json_object_get(c, "pr_threshold"),
                        pr.threshold, pr.n - 1, 0);
        golden_all_near("observed", json_object_get(c, "observed"), observed,
                        there, 0);
        golden_all_near("predicted", json_object_get(c, "predicted"), predicted,
                        there, 1e-15);
        ost_arena_reset(&arena);
    }
    assert_true(i >= 40);
}

/* --- several classes
 * ------------------------------------------------------------ */

typedef struct {
    size_t n;
    size_t classes;
    uint32_t truth[MOST];
    uint32_t called[MOST];
    double rows[MOST * CLASSES];
    uint8_t labels[MOST * CLASSES];
    uint32_t asked[CLASSES];
    size_t n_asked;
} several_table;

static several_table m;

static void draw_several(uint32_t seed)
{
    static const size_t levels_of[3] = { 3, 10, 1000 };
    uint64_t k[CLASSES * MOST];
    size_t levels, there;
    ost_legacy_rng r;

    ost_legacy_rng_init(&r, seed);
    m.n = 2 + below(&r, 60);
    m.classes = 2 + below(&r, 5);
    levels = levels_of[below(&r, 3)];
    there = 1 + below(&r, m.classes);
    for (size_t i = 0; i < m.n; i++)
        m.truth[i] = (uint32_t)below(&r, there);
    for (size_t i = 0; i < m.n * m.classes; i++)
        k[i] = 1 + below(&r, levels);
    for (size_t i = 0; i < m.n; i++)
        k[i * m.classes + m.truth[i]] += levels / 2;
    for (size_t i = 0; i < m.n; i++)
        m.called[i] = (uint32_t)below(&r, m.classes);
    for (size_t i = 0; i < m.n * m.classes; i++)
        m.labels[i] = below(&r, 3) == 0;
    m.n_asked = 0;
    for (size_t i = 0; i < m.classes; i++) {
        if (below(&r, 2))
            m.asked[m.n_asked++] = (uint32_t)i;
    }
    for (size_t i = 0; i < m.n; i++) {
        uint64_t sum = 0;

        for (size_t c = 0; c < m.classes; c++)
            sum += k[i * m.classes + c];
        for (size_t c = 0; c < m.classes; c++)
            m.rows[i * m.classes + c] =
                (double)k[i * m.classes + c] / (double)sum;
    }
}

static void next_means(numbers *n, const ost_confusion *c)
{
    bool some = m.n_asked > 0 && m.n_asked < m.classes;
    ost_class_means means =
        ost_class_means_of(c, some ? m.asked : NULL, m.n_asked, OST_ZERO_IS_0);
    const ost_class_mean *each[3] = { &means.macro, &means.weighted,
                                      &means.micro };

    for (int i = 0; i < 3; i++) {
        next(n, each[i]->precision);
        next(n, each[i]->recall);
        next(n, each[i]->f1);
    }
}

static void several_classes_are_judged_as_the_reference_does(void **state)
{
    const json_t *rows = json_object_get(ost_json_root(doc), "several");
    size_t areas = 0;

    (void)state;
    assert_true(json_array_size(rows) >= 700);
    for (size_t seed = 0; seed < json_array_size(rows); seed++) {
        numbers n = { json_array_get(rows, seed), 0, "" };
        ost_average_precisions ap;
        ost_multiclass_auc auc;
        ost_calibration cal;
        ost_confusion c;

        snprintf(n.what, sizeof(n.what), "table of classes %zu", seed);
        draw_several((uint32_t)seed);
        c = ost_confusion_of(m.truth, m.called, m.n, m.classes, &arena);
        cal = ost_class_calibration(m.truth, m.rows, m.n, m.classes, 10,
                                    OST_BINS_UNIFORM, &arena);
        ap =
            ost_average_precisions_of(m.labels, m.rows, m.n, m.classes, &arena);
        auc = ost_multiclass_auc_of(m.truth, m.rows, m.n, m.classes, &arena);
        next(&n, ost_class_log_loss(m.truth, m.rows, m.n, m.classes));
        next(&n, ost_class_brier(m.truth, m.rows, m.n, m.classes));
        next(&n, cal.ece);
        next(&n, cal.mce);
        next(&n, ost_accuracy(&c));
        next(&n, ost_balanced_accuracy(&c));
        next(&n, ost_mcc(&c));
        next(&n, ost_kappa(&c));
        next(&n, ap.macro);
        next(&n, ap.weighted);
        next(&n, ap.micro);
        next(&n, auc.ovr_micro);
        next_means(&n, &c);
        if (n.at < json_array_size(n.want)) {
            next(&n, auc.ovr_macro);
            next(&n, auc.ovr_weighted);
            next(&n, auc.ovo_macro);
            next(&n, auc.ovo_weighted);
            areas++;
        }
        done(&n);
        ost_arena_reset(&arena);
    }
    assert_true(areas >= 50);
}

/* --- resamples --------------------------------------------------------------
 */

static void resamples_give_the_reference_s_intervals(void **state)
{
    enum { DRAWS = 200 };
    static const double level[2] = { 0.95, 0.8 };
    size_t i;
    json_t *c;

    (void)state;
    json_array_foreach(json_object_get(ost_json_root(doc), "resamples"), i, c)
    {
        uint32_t seed =
            (uint32_t)json_integer_value(json_object_get(c, "seed"));
        numbers n = { json_object_get(c, "numbers"), 0, "" };
        double value[DRAWS], without[MOST];
        ost_bootstrap_interval got = { 0 };
        ost_bootstrap_spec spec = { .seed = seed, .draws = OST_DRAWS_NUMPY };
        ost_scores s = { t.y, t.a, 0 };
        ost_bootstrap_area *a;
        ost_bootstrap *b;

        snprintf(n.what, sizeof(n.what), "resamples of table %u", seed);
        draw_binary(seed);
        s.n = spec.n = t.n;
        if (json_is_true(json_object_get(c, "by_patient"))) {
            spec.cluster = t.cluster;
            spec.clusters = t.clusters;
        }
        b = ost_bootstrap_new(&spec);
        a = ost_bootstrap_area_new(b, &s);
        ost_bootstrap_area_run((const ost_bootstrap_area *const[]){ a }, 1, 0,
                               DRAWS, value);
        ost_bootstrap_area_jackknife(a, without, 1);
        for (int k = 0; k < 2; k++) {
            got = ost_percentile_interval(value, DRAWS, 1, level[k]);
            next(&n, got.interval.lo);
            next(&n, got.interval.hi);
        }
        for (int k = 0; k < 2; k++) {
            got = ost_bca_interval(b, value, DRAWS, 1, ost_auc(&s), without,
                                   level[k]);
            next(&n, got.interval.lo);
            next(&n, got.interval.hi);
        }
        next(&n, got.se);
        done(&n);
        ost_bootstrap_area_free(a);
        ost_bootstrap_free(b);
    }
    assert_true(i >= 16);
}

static int load(void **state)
{
    (void)state;
    doc = golden_load("score_references");
    return 0;
}

static int unload(void **state)
{
    (void)state;
    ost_json_free(doc);
    ost_arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_classes_are_judged_as_the_reference_does),
        cmocka_unit_test(curves_are_those_of_the_reference),
        cmocka_unit_test(several_classes_are_judged_as_the_reference_does),
        cmocka_unit_test(resamples_give_the_reference_s_intervals),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
