/* tests/parity/test_score_tables.c - real tables as pROC and scikit-learn
 * judge them
 *
 * Tables of OSTEON_SHARED/data/08_roc with the numbers that R's pROC and
 * scikit-learn gave, to as many digits as were printed.  Skipped where the
 * tables are missing.
 */
/* links: stats base */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/csv.h"
#include "base/fs.h"
#include "base/text.h"
#include "kernels/stats/calibration.h"
#include "kernels/stats/confusion.h"
#include "kernels/stats/distributions.h"
#include "kernels/stats/intervals.h"
#include "kernels/stats/operating_points.h"
#include "kernels/stats/scores.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum { LIMIT = 1 << 20 };

static ost_arena arena;
static size_t compared;

/* --- tables ------------------------------------------------------------------
 */

static const char *path_of(const char *name)
{
    const char *shared = getenv("OSTEON_SHARED");

    return ost_arena_printf(&arena, "%s/data/08_roc/%s", shared ? shared : "",
                            name);
}

static ost_csv table(const char *name)
{
    ost_csv csv;
    ost_err err = { 0 };
    ost_buf text = { 0 };

    assert_ok(ost_fs_read(path_of(name), LIMIT, &text, &err), &err);
    assert_ok(
        ost_csv_parse(name, ost_buf_str(&text), text.len, &arena, &csv, &err),
        &err);
    ost_buf_release(&text);
    return csv;
}

static const char *cell(const ost_csv *csv, size_t row, const char *column)
{
    int k = ost_csv_column(csv, column);

    if (k < 0)
        fail_msg("no column '%s'", column);
    return csv->rows[row].cells[k];
}

static double number(const ost_csv *csv, size_t row, const char *column)
{
    double v = 0;

    if (!ost_parse_f64(cell(csv, row, column), &v))
        fail_msg("'%s' is no number", cell(csv, row, column));
    return v;
}

/* A number as printed, with `digits` significant ones. */
static void near(const ost_csv *want, size_t row, const char *column,
                 double got, double digits)
{
    double w = number(want, row, column);
    double slack = pow(10, -digits) * fmax(fabs(w), 1e-4);

    compared++;
    if (!(fabs(w - got) <= slack))
        fail_msg("%s %s: wanted %.15g, got %.15g", want->rows[row].cells[0],
                 column, w, got);
}

/* The first column whose cells are these two values. */
static const char *outcome_column(const ost_csv *csv, const char *positive,
                                  const char *negative)
{
    for (size_t k = 0; k < csv->n_columns; k++) {
        size_t known = 0;

        for (size_t i = 0; i < csv->n_rows; i++)
            known += strcmp(csv->rows[i].cells[k], positive) == 0 ||
                     strcmp(csv->rows[i].cells[k], negative) == 0;
        if (known == csv->n_rows)
            return csv->header[k];
    }
    fail_msg("no column of '%s' and '%s'", positive, negative);
    return NULL;
}

/* Cases of a table by one of its columns: "score", or "score[fold=3]". */
static ost_scores cases_of(const char *name, const char *column,
                           const char *positive, const char *negative,
                           double sign)
{
    ost_csv csv = table(name);
    char *score = ost_arena_strdup(&arena, column);
    char *fold = strstr(score, "[fold=");
    const char *outcome = outcome_column(&csv, positive, negative);
    uint8_t *y = OST_ARENA_ARRAY(&arena, uint8_t, csv.n_rows);
    double *v = OST_ARENA_ARRAY(&arena, double, csv.n_rows);
    ost_scores s = { y, v, 0 };

    if (fold) {
        *fold = 0;
        fold += strlen("[fold=");
        fold[strcspn(fold, "]")] = 0;
    }
    for (size_t i = 0; i < csv.n_rows; i++) {
        if (fold && strcmp(cell(&csv, i, "fold"), fold) != 0)
            continue;
        y[s.n] = strcmp(cell(&csv, i, outcome), positive) == 0;
        v[s.n++] = sign * number(&csv, i, score);
    }
    return s;
}

/* --- comparisons
 * ---------------------------------------------------------------- */

/* pROC puts a threshold halfway between two scores. */
static double halfway(const ost_ranking *r, double threshold)
{
    for (size_t k = 0; k + 1 < r->levels; k++) {
        if (r->score[k] == threshold)
            return (threshold + r->score[k + 1]) / 2;
    }
    return threshold;
}

static void areas_and_cuts_are_those_of_proc(void **state)
{
    ost_csv want = table("expected_roc.csv");

    (void)state;
    assert_true(want.n_rows >= 20);
    for (size_t i = 0; i < want.n_rows; i++) {
        double sign = strcmp(cell(&want, i, "direction"), "<") == 0 ? 1 : -1;
        ost_scores s = cases_of(
            cell(&want, i, "table"), cell(&want, i, "score"),
            cell(&want, i, "positive"), cell(&want, i, "negative"), sign);
        ost_ranking r = ost_ranking_of(&s);
        ost_roc roc = ost_ranking_roc(&r, 0, &arena);
        double auc = ost_ranking_auc(&r);
        double variance = ost_ranking_delong_variance(&r);
        ost_interval ci = ost_normal_interval(auc, variance, 0.95);
        ost_operating_point best = ost_youden(&r);
        double partial = 2 * ost_auc_partial(&roc, 0.1) - 1;

        near(&want, i, "n_pos", (double)r.positives, 12);
        near(&want, i, "n_neg", (double)r.negatives, 12);
        near(&want, i, "auc", auc, 11.9);
        near(&want, i, "delong_var", variance, 11.2);
        near(&want, i, "ci95_lo", ci.lo, 11.5);
        near(&want, i, "ci95_hi", ci.hi, 11.5);
        /* The area itself, not standardized. */
        near(&want, i, "pauc_spec_1_to_0.9", partial * 0.095 + 0.005, 9);
        near(&want, i, "sens", best.sensitivity, 11.5);
        near(&want, i, "spec", best.specificity, 11.5);
        near(&want, i, "tp", (double)best.tp, 12);
        near(&want, i, "tn", (double)best.tn, 12);
        near(&want, i, "fp", (double)best.fp, 12);
        near(&want, i, "fn", (double)best.fn, 12);
        near(&want, i, "youden_threshold", sign * halfway(&r, best.threshold),
             11);
        ost_ranking_release(&r);
    }
}

static void rates_at_thresholds_are_those_of_scikit_learn(void **state)
{
    ost_csv want = table("expected_threshold.csv");

    (void)state;
    assert_true(want.n_rows >= 6);
    for (size_t i = 0; i < want.n_rows; i++) {
        char *name = ost_arena_strdup(&arena, cell(&want, i, "table"));
        char *score = strchr(name, ':');
        bool simple = score == NULL;
        double threshold = number(&want, i, "threshold");
        ost_operating_point p;
        ost_ranking r;
        ost_scores s;
        ost_class_counts c;
        uint64_t count[4];
        ost_confusion m = { 2, count };

        if (score)
            *score++ = 0;
        s = cases_of(name, simple ? "score" : score, simple ? "1" : "Poor",
                     simple ? "0" : "Good", 1);
        r = ost_ranking_of(&s);
        p = ost_operating_point_at(&r, threshold);
        c = (ost_class_counts){ p.tp, p.fp, p.fn, p.tn };
        memcpy(count, (uint64_t[]){ p.tn, p.fp, p.fn, p.tp }, sizeof(count));
        near(&want, i, "tp", (double)p.tp, 12);
        near(&want, i, "fp", (double)p.fp, 12);
        near(&want, i, "tn", (double)p.tn, 12);
        near(&want, i, "fn", (double)p.fn, 12);
        near(&want, i, "accuracy", ost_accuracy(&m), 12);
        near(&want, i, "precision", ost_precision(&c, OST_ZERO_IS_0), 12);
        near(&want, i, "recall", p.sensitivity, 12);
        near(&want, i, "specificity", p.specificity, 12);
        near(&want, i, "f1", ost_f1(&c, OST_ZERO_IS_0), 12);
        near(&want, i, "balanced_accuracy", ost_balanced_accuracy(&m), 12);
        near(&want, i, "mcc", ost_mcc(&m), 12);
        near(&want, i, "cohen_kappa", ost_kappa(&m), 12);
        near(&want, i, "roc_auc", ost_ranking_auc(&r), 12);
        near(&want, i, "average_precision", ost_ranking_average_precision(&r),
             12);
        if (simple)
            near(&want, i, "brier", ost_brier(&s), 12);
        ost_ranking_release(&r);
    }
}

static void paired_areas_differ_as_in_proc(void **state)
{
    ost_csv want = table("expected_delong_paired.csv");

    (void)state;
    assert_true(want.n_rows >= 2);
    for (size_t i = 0; i < want.n_rows; i++) {
        const char *name = cell(&want, i, "table");
        ost_scores a =
            cases_of(name, cell(&want, i, "score_a"), "Poor", "Good", 1);
        ost_scores b =
            cases_of(name, cell(&want, i, "score_b"), "Poor", "Good", 1);
        ost_delong d = ost_delong_covariance(&a, &b);
        double z = (d.auc_a - d.auc_b) / sqrt(d.variance_of_difference);

        near(&want, i, "z", z, 11.5);
        near(&want, i, "p", 2 * ost_normal_sf(fabs(z)), 11);
    }
}

static int tell_and_release(void **state)
{
    (void)state;
    print_message("%zu numbers compared\n", compared);
    ost_arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(areas_and_cuts_are_those_of_proc),
        cmocka_unit_test(rates_at_thresholds_are_those_of_scikit_learn),
        cmocka_unit_test(paired_areas_differ_as_in_proc),
    };
    int there = access(path_of("expected_roc.csv"), R_OK);

    if (there != 0) {
        ost_arena_release(&arena);
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, tell_and_release);
}
