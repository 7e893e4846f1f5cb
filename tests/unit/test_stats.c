/* tests/unit/test_stats.c - statistics against reference libraries and laws */
/* links: stats base */
#include "kernels/stats/confusion.h"
#include "kernels/stats/folds.h"
#include "kernels/stats/multiclass.h"
#include "kernels/stats/scores.h"
#include "tests/support/golden.h"
#include "tests/support/seed.h"

#include "base/banned.h"

enum { MOST = 512 };

/* Room for one set of scores. */
typedef struct {
    uint8_t y[MOST];
    double v[MOST];
    ost_scores s;
} scored;

/* `v` is the golden value, give or take `slack`; null and "nan" are NaN. */
static void near(const json_t *golden_value, double v, double slack)
{
    golden_near("number", golden_value, v, slack);
}

static void read_scores(const json_t *y, const json_t *score, scored *out)
{
    out->s = (ost_scores){ out->y, out->v, json_array_size(y) };
    assert_true(out->s.n <= MOST);
    for (size_t i = 0; i < out->s.n; i++) {
        out->y[i] = (uint8_t)json_integer_value(json_array_get(y, i));
        out->v[i] = json_number_value(json_array_get(score, i));
    }
}

static void same_curve(const json_t *want, const ost_roc *roc)
{
    golden_all_near("fpr", json_object_get(want, "fpr"), roc->fpr, roc->n, 0);
    golden_all_near("tpr", json_object_get(want, "tpr"), roc->tpr, roc->n, 0);
    golden_all_near("thr", json_object_get(want, "thr"), roc->threshold, roc->n,
                    0);
}

static void curves_and_areas_equal_the_reference(void **state)
{
    ost_json_doc *doc = golden_load("golden/roc");
    json_t *c;
    size_t i, full = 0;

    (void)state;
    json_array_foreach(ost_json_root(doc), i, c)
    {
        ost_arena arena = { 0 };
        ost_roc roc;
        scored in;

        read_scores(json_object_get(c, "y"), json_object_get(c, "score"), &in);
        near(json_object_get(c, "auc"), ost_auc(&in.s), 1e-15);
        if (!json_object_get(c, "ap"))
            continue;
        full++;
        roc = ost_roc_curve(&in.s, 0, &arena);
        same_curve(json_object_get(c, "roc_drop"), &roc);
        near(json_object_get(c, "partial_auc_0.2"), ost_auc_partial(&roc, 0.2),
             1e-12);
        roc = ost_roc_curve(&in.s, OST_ROC_ALL, &arena);
        same_curve(json_object_get(c, "roc_all"), &roc);
        near(json_object_get(c, "ap"), ost_average_precision(&in.s), 1e-12);
        near(json_object_get(c, "delong_var"), ost_delong_variance(&in.s),
             1e-15);
        ost_arena_release(&arena);
    }
    assert_true(full >= 14);
    ost_json_free(doc);
}

static void the_mean_curve_equals_the_reference(void **state)
{
    ost_json_doc *doc = golden_load("golden/mean_roc");
    const json_t *root = ost_json_root(doc);
    const json_t *folds = json_object_get(root, "folds");
    const json_t *areas = json_object_get(root, "fold_auc");
    ost_arena arena = { 0 };
    ost_roc curves[8];
    double auc[8];
    size_t n = json_array_size(folds);
    ost_mean_roc mean;

    (void)state;
    assert_true(n > 1 && n <= 8);
    for (size_t i = 0; i < n; i++) {
        const json_t *f = json_array_get(folds, i);
        scored in;

        read_scores(json_object_get(f, "y"), json_object_get(f, "score"), &in);
        curves[i] = ost_roc_curve(&in.s, 0, &arena);
        auc[i] = ost_auc(&in.s);
        near(json_array_get(areas, i), auc[i], 1e-15);
    }
    assert_true(ost_mean_roc_of(curves, n, &mean));
    for (size_t k = 0; k < OST_MEAN_ROC_POINTS; k++) {
        assert_true(fabs(mean.fpr[k] - (double)k / 99) < 1e-15);
        near(json_array_get(json_object_get(root, "mean_tpr"), k), mean.tpr[k],
             1e-15);
        near(json_array_get(json_object_get(root, "std_tpr_ddof0"), k),
             mean.std[k], 1e-15);
    }
    near(json_object_get(root, "mean_auc_of_mean_curve"), mean.auc, 1e-14);
    near(json_object_get(root, "std_of_fold_auc_ddof0"),
         ost_mean_of(auc, n).std, 1e-15);
    ost_arena_release(&arena);
    ost_json_free(doc);
}

static void one_zero_rule(const json_t *c, const ost_confusion *m,
                          ost_zero_division zero, const char *each,
                          const char *macro, const char *weighted)
{
    const json_t *want = json_object_get(c, each);
    double p[8], r[8], f[8];
    uint64_t support[8];

    for (size_t k = 0; k < m->classes; k++) {
        ost_class_counts counts = ost_confusion_class(m, k);

        support[k] = counts.tp + counts.fn;
        p[k] = ost_precision(&counts, zero);
        r[k] = ost_recall(&counts, zero);
        f[k] = ost_f1(&counts, zero);
        near(json_array_get(json_object_get(want, "P"), k), p[k], 1e-15);
        near(json_array_get(json_object_get(want, "R"), k), r[k], 1e-15);
        near(json_array_get(json_object_get(want, "F"), k), f[k], 1e-15);
    }
    for (size_t i = 0; i < 3; i++) {
        const double *v = i == 0 ? p : i == 1 ? r : f;

        near(json_array_get(json_object_get(c, macro), i),
             ost_mean_of(v, m->classes).mean, 1e-15);
        near(json_array_get(json_object_get(c, weighted), i),
             ost_weighted_mean(v, support, m->classes), 1e-15);
    }
}

static void confusions_and_what_follows_equal_the_reference(void **state)
{
    ost_json_doc *doc = golden_load("golden/prf");
    ost_arena arena = { 0 };
    json_t *c;
    size_t i, seen = 0;

    (void)state;
    json_array_foreach(ost_json_root(doc), i, c)
    {
        const json_t *y = json_object_get(c, "y"), *cm;
        uint32_t truth[16], calls[16];
        size_t n = json_array_size(y), classes;
        ost_confusion m;

        if (n == 0)
            continue;
        seen++;
        cm = json_object_get(c, "cm");
        classes = json_array_size(cm);
        for (size_t k = 0; k < n; k++) {
            truth[k] = (uint32_t)json_integer_value(json_array_get(y, k));
            calls[k] = (uint32_t)json_integer_value(
                json_array_get(json_object_get(c, "p"), k));
        }
        m = ost_confusion_of(truth, calls, n, classes, &arena);
        for (size_t a = 0; a < classes * classes; a++)
            assert_int_equal(
                m.count[a], json_integer_value(json_array_get(
                                json_array_get(cm, a / classes), a % classes)));
        near(json_object_get(c, "acc"), ost_accuracy(&m), 1e-15);
        near(json_object_get(c, "bal_acc"), ost_balanced_accuracy(&m), 1e-15);
        near(json_object_get(c, "mcc"), ost_mcc(&m), 1e-15);
        near(json_object_get(c, "kappa"), ost_kappa(&m), 1e-15);
        one_zero_rule(c, &m, OST_ZERO_IS_0, "per_class_zd0", "macro_zd0",
                      "weighted_zd0");
        one_zero_rule(c, &m, OST_ZERO_IS_1, "per_class_zd1", "macro_zd1",
                      "weighted_zd1");
    }
    assert_int_equal(seen, 5);
    ost_arena_release(&arena);
    ost_json_free(doc);
}

static void a_published_three_class_matrix_gives_its_numbers(void **state)
{
    ost_json_doc *doc = golden_load("golden/prf");
    const json_t *root = ost_json_root(doc);
    const json_t *c = json_array_get(root, json_array_size(root) - 1);
    const json_t *cm = json_object_get(c, "cm");
    uint64_t count[9];
    ost_confusion m = { 3, count };
    double v[3][3];

    (void)state;
    for (size_t a = 0; a < 9; a++)
        count[a] = (uint64_t)json_integer_value(
            json_array_get(json_array_get(cm, a / 3), a % 3));
    for (size_t k = 0; k < 3; k++) {
        ost_class_counts one = ost_confusion_class(&m, k);

        v[0][k] = ost_precision(&one, OST_ZERO_IS_0);
        v[1][k] = ost_recall(&one, OST_ZERO_IS_0);
        v[2][k] = ost_f1(&one, OST_ZERO_IS_0);
    }
    near(json_object_get(c, "acc"), ost_accuracy(&m), 1e-15);
    for (size_t i = 0; i < 3; i++)
        near(json_array_get(json_object_get(c, "macro"), i),
             ost_mean_of(v[i], 3).mean, 1e-12);
    ost_json_free(doc);
}

static void areas_of_many_classes_equal_the_reference(void **state)
{
    ost_json_doc *doc = golden_load("golden/multiclass_auc");
    json_t *c;
    size_t i;

    (void)state;
    json_array_foreach(ost_json_root(doc), i, c)
    {
        const json_t *y = json_object_get(c, "y");
        const json_t *rows = json_object_get(c, "P");
        size_t n = json_array_size(y);
        ost_arena arena = { 0 };
        ost_multiclass_auc m;
        uint32_t truth[MOST];
        double score[3 * MOST];

        assert_true(n <= MOST);
        for (size_t k = 0; k < n; k++) {
            truth[k] = (uint32_t)json_integer_value(json_array_get(y, k));
            for (size_t j = 0; j < 3; j++)
                score[3 * k + j] = json_number_value(
                    json_array_get(json_array_get(rows, k), j));
        }
        m = ost_multiclass_auc_of(truth, score, n, 3, &arena);
        near(json_object_get(c, "ovr_macro"), m.ovr_macro, 1e-15);
        near(json_object_get(c, "ovr_weighted"), m.ovr_weighted, 1e-15);
        near(json_object_get(c, "ovr_micro"), m.ovr_micro, 1e-15);
        near(json_object_get(c, "ovo_macro"), m.ovo_macro, 1e-15);
        near(json_object_get(c, "ovo_weighted"), m.ovo_weighted, 1e-15);
        for (size_t k = 0; k < 3; k++)
            near(json_array_get(json_object_get(c, "ovr_each"), k), m.each[k],
                 1e-15);
        ost_arena_release(&arena);
    }
    ost_json_free(doc);
}

/* --- edges -------------------------------------------------------------- */

static void one_class_has_no_area_and_half_a_curve(void **state)
{
    const uint8_t y[3] = { 0, 0, 0 };
    const double v[3] = { 0.2, 0.2, 0.7 };
    const ost_scores s = { y, v, 3 }, none = { y, v, 0 };
    ost_arena arena = { 0 };
    ost_mean_roc mean;
    ost_roc roc = ost_roc_curve(&s, 0, &arena);

    (void)state;
    assert_true(isnan(ost_auc(&s)) && isnan(ost_auc(&none)));
    assert_true(isnan(ost_delong_variance(&s)));
    assert_true(isnan(ost_average_precision(&s)));
    assert_int_equal(roc.n, 3);
    assert_true(isnan(roc.tpr[0]) && isnan(roc.tpr[2]));
    assert_true(roc.fpr[0] == 0 && roc.fpr[2] == 1);
    assert_true(isnan(ost_auc_partial(&roc, 0.5)));
    assert_int_equal(ost_roc_curve(&none, 0, &arena).n, 0);
    assert_false(ost_mean_roc_of(&roc, 1, &mean));
    assert_int_equal(mean.skipped, 1);
    ost_arena_release(&arena);
}

static void a_mean_skips_undefined_values_and_counts_them(void **state)
{
    const double v[4] = { 1, OST_UNDEFINED, 3, OST_UNDEFINED };
    const uint64_t w[4] = { 3, 100, 1, 5 };
    ost_mean m = ost_mean_of(v, 4), none = ost_mean_of(v + 1, 1);

    (void)state;
    assert_true(m.mean == 2 && m.std == 1);
    assert_int_equal(m.n, 2);
    assert_int_equal(m.skipped, 2);
    assert_true(isnan(none.mean) && isnan(none.std));
    assert_true(ost_weighted_mean(v, w, 4) == 1.5);
    assert_true(isnan(ost_weighted_mean(v + 1, w, 1)));
}

static void zero_denominators_follow_the_rule(void **state)
{
    const ost_class_counts none = { .tn = 4 }, missed = { .fn = 2, .tn = 2 };

    (void)state;
    assert_true(ost_precision(&none, OST_ZERO_IS_0) == 0);
    assert_true(ost_precision(&none, OST_ZERO_IS_1) == 1);
    assert_true(isnan(ost_precision(&none, OST_ZERO_IS_UNDEFINED)));
    assert_true(isnan(ost_f1(&none, OST_ZERO_IS_UNDEFINED)));
    /* Precision is undefined here, the F1 value is not. */
    assert_true(isnan(ost_precision(&missed, OST_ZERO_IS_UNDEFINED)));
    assert_true(ost_f1(&missed, OST_ZERO_IS_UNDEFINED) == 0);
    assert_true(ost_specificity(&none, OST_ZERO_IS_UNDEFINED) == 1);
}

static void scores_that_are_no_numbers_are_found(void **state)
{
    const uint8_t y[3] = { 0, 1, 1 };
    double v[3] = { 0, 1, 2 };
    const ost_scores s = { y, v, 3 };

    (void)state;
    assert_int_equal(ost_scores_check(&s), 3);
    v[2] = (double)INFINITY;
    assert_int_equal(ost_scores_check(&s), 2);
    v[0] = OST_UNDEFINED;
    assert_int_equal(ost_scores_check(&s), 0);
}

/* --- laws --------------------------------------------------------------- */

/* Random cases with many ties, both classes there. */
static void draw(ost_rng *r, scored *out)
{
    uint64_t levels = 1 + ost_rng_below(r, 20);

    out->s = (ost_scores){ out->y, out->v, 4 + ost_rng_below(r, 80) };
    for (size_t i = 0; i < out->s.n; i++) {
        out->y[i] = (uint8_t)ost_rng_below(r, 2);
        out->v[i] = (double)ost_rng_below(r, levels) / 16 - 0.25;
    }
    out->y[0] = out->y[1] = 0;
    out->y[2] = out->y[3] = 1;
}

static double order_of(double x, double y)
{
    return x > y ? 1 : x == y ? 0.5 : 0;
}

/* The definition, pair by pair. */
static void slow_delong(const ost_scores *s, double *auc, double *variance)
{
    double v[2][MOST], sums[2] = { 0, 0 }, squares[2] = { 0, 0 };
    size_t n[2] = { 0, 0 };

    for (size_t i = 0; i < s->n; i++) {
        int side = s->positive[i];
        double sum = 0, others = 0;

        for (size_t k = 0; k < s->n; k++) {
            if (s->positive[k] == side)
                continue;
            others += 1;
            sum += side ? order_of(s->score[i], s->score[k])
                        : order_of(s->score[k], s->score[i]);
        }
        v[side][n[side]++] = sum / others;
        sums[side] += sum / others;
    }
    *auc = sums[1] / (double)n[1];
    *variance = 0;
    for (int side = 0; side < 2; side++) {
        double count = (double)n[side];

        for (size_t i = 0; i < n[side]; i++)
            squares[side] += pow(v[side][i] - sums[side] / count, 2);
        *variance += squares[side] / (count - 1) / count;
    }
}

static const char *areas_follow_the_definition(ost_rng *r)
{
    double auc, variance, points = 0;
    ost_arena arena = { 0 };
    ost_roc some, all;
    scored in;

    draw(r, &in);
    slow_delong(&in.s, &auc, &variance);
    if (fabs(auc - ost_auc(&in.s)) > 1e-14)
        return "the area is not the share of ordered pairs";
    if (fabs(variance - ost_delong_variance(&in.s)) > 1e-14)
        return "the variance is not DeLong's";
    some = ost_roc_curve(&in.s, 0, &arena);
    all = ost_roc_curve(&in.s, OST_ROC_ALL, &arena);
    for (size_t i = 1; i < some.n; i++)
        points += (some.fpr[i] - some.fpr[i - 1]) *
                  (some.tpr[i] + some.tpr[i - 1]) / 2;
    if (some.n > all.n || fabs(points - auc) > 1e-14)
        return "dropping points changes the area under the curve";
    if (fabs(ost_auc_partial(&some, 1) - auc) > 1e-14)
        return "the whole partial area is not the area";
    ost_arena_release(&arena);
    return NULL;
}

static const char *areas_obey_their_symmetries(ost_rng *r)
{
    double auc, variance;
    scored in;

    draw(r, &in);
    auc = ost_auc(&in.s);
    variance = ost_delong_variance(&in.s);
    for (size_t i = 0; i < in.s.n; i++)
        in.v[i] = 8 * in.v[i] * in.v[i] * in.v[i] + 3;
    if (ost_auc(&in.s) != auc || ost_delong_variance(&in.s) != variance)
        return "a rising function of the scores changes the area";
    for (size_t i = 0; i < in.s.n; i++)
        in.v[i] = -in.v[i];
    if (fabs(ost_auc(&in.s) + auc - 1) > 1e-15)
        return "turned scores do not turn the area";
    for (size_t i = 0; i < in.s.n; i++)
        in.y[i] = !in.y[i];
    if (ost_auc(&in.s) != auc)
        return "turned classes do not turn it back";
    for (size_t i = in.s.n - 1; i > 0; i--) {
        size_t k = ost_rng_below(r, i + 1);
        double v = in.v[i];
        uint8_t y = in.y[i];

        in.v[i] = in.v[k];
        in.v[k] = v;
        in.y[i] = in.y[k];
        in.y[k] = y;
    }
    if (ost_auc(&in.s) != auc || ost_delong_variance(&in.s) != variance)
        return "the order of the cases changes the area";
    return NULL;
}

static void areas_keep_their_laws(void **state)
{
    (void)state;
    assert_int_equal(each_seed(300, areas_follow_the_definition), 0);
    assert_int_equal(each_seed(300, areas_obey_their_symmetries), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_and_areas_equal_the_reference),
        cmocka_unit_test(the_mean_curve_equals_the_reference),
        cmocka_unit_test(confusions_and_what_follows_equal_the_reference),
        cmocka_unit_test(a_published_three_class_matrix_gives_its_numbers),
        cmocka_unit_test(areas_of_many_classes_equal_the_reference),
        cmocka_unit_test(one_class_has_no_area_and_half_a_curve),
        cmocka_unit_test(a_mean_skips_undefined_values_and_counts_them),
        cmocka_unit_test(zero_denominators_follow_the_rule),
        cmocka_unit_test(scores_that_are_no_numbers_are_found),
        cmocka_unit_test(areas_keep_their_laws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
