/* tests/unit/test_evaluate_intervals.c - how sure evaluate's numbers are */
/* links: stages store base */
#include "tests/support/judging.h"

#include "base/banned.h"

const ost_stage *const ost_stages[] = { &ost_stage_evaluate, NULL };

static const char *const headline[] = {
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "specificity",
    "npv",
    "f1",
    "mcc",
    "kappa",
    "auc",
    "average_precision",
    "brier",
};

/* Forty cases, `per` of each group, with scores that overlap. */
static ost_digest forty(fixture *f, int per)
{
    case_row rows[40];

    for (int i = 0; i < 40; i++) {
        bool ill = i % 5 < 2;

        rows[i] = (case_row){
            .id = ost_arena_printf(&f->arena, "i%02d", i),
            .group = ost_arena_printf(&f->arena, "p%02d", i / per),
            .label = ill ? "b" : "a",
            .score_b = ((ill ? 30 : 0) + i * 17 % 61) / 100.0,
        };
    }
    return put_predictions(f->batch, "{}", rows, 40);
}

static json_t *judge_forty(fixture *f, const char *with, int per)
{
    ost_step_input in = at_port("predictions", forty(f, per));

    return judge(f, with, &in, 1);
}

static const char *method_of(const json_t *doc, const char *name)
{
    char path[96];

    snprintf(path, sizeof(path), "pooled.intervals.%s.method", name);
    return json_string_value(at(doc, path));
}

/* Every interval holds its number. */
static void check_ends(const json_t *doc)
{
    for (size_t i = 0; i < sizeof(headline) / sizeof(headline[0]); i++) {
        char path[96];
        double v, lo;

        snprintf(path, sizeof(path), "pooled.%s", headline[i]);
        v = number(doc, path);
        snprintf(path, sizeof(path), "pooled.intervals.%s.lo", headline[i]);
        lo = number(doc, path);
        snprintf(path, sizeof(path), "pooled.intervals.%s.hi", headline[i]);
        if (!(lo <= v && v <= number(doc, path) && lo < number(doc, path)))
            fail_msg("%s: %g .. %g does not hold %g", headline[i], lo,
                     number(doc, path), v);
    }
}

static void single_items_have_formulas_and_the_rest_is_drawn(void **state)
{
    json_t *doc = judge_forty(*state, "{}", 1);

    assert_string_equal(method_of(doc, "auc"), "delong");
    assert_string_equal(method_of(doc, "accuracy"), "wilson");
    assert_string_equal(method_of(doc, "npv"), "wilson");
    assert_string_equal(method_of(doc, "f1"), "bootstrap_percentile");
    near(doc, "pooled.intervals.f1.replicates", 2000);
    assert_string_equal(
        json_string_value(at(doc, "interval_method.bootstrap.of")), "items");
    near(doc, "interval_method.bootstrap.n_units", 40);
    check_ends(doc);
    json_decref(doc);
}

static void groups_of_several_items_are_drawn_whole(void **state)
{
    json_t *doc = judge_forty(*state, "{}", 4), *single;

    for (size_t i = 0; i < sizeof(headline) / sizeof(headline[0]); i++)
        assert_string_equal(method_of(doc, headline[i]),
                            "bootstrap_percentile");
    assert_string_equal(
        json_string_value(at(doc, "interval_method.bootstrap.of")), "groups");
    assert_true(json_is_null(at(doc, "interval_method.areas")));
    near(doc, "interval_method.bootstrap.n_units", 10);
    check_ends(doc);
    json_decref(doc);

    doc = judge_forty(*state, "{'interval': 'formula'}", 4);
    assert_string_equal(method_of(doc, "auc"), "delong");
    assert_null(at(doc, "pooled.intervals.f1"));
    assert_string_equal(
        json_string_value(at(doc, "interval_method.why")),
        "groups have several items, and these are taken as independent all the "
        "same");
    single = judge_forty(*state, "{'resample': 'item'}", 4);
    assert_string_equal(
        json_string_value(at(single, "interval_method.bootstrap.of")), "items");
    json_decref(single);
    json_decref(doc);
}

static void subgroups_of_few_groups_are_flagged(void **state)
{
    fixture *f = *state;
    ost_item items[24];
    ost_step_input in;
    json_t *doc;

    for (int i = 0; i < 24; i++) {
        items[i] = (ost_item){
            .id = ost_arena_printf(&f->arena, "i%02d", i),
            .group = ost_arena_printf(&f->arena, "p%02d", i / 2),
        };
        ost_item_set_label(&f->arena, &items[i], i % 3 ? "b" : "a");
        ost_item_set_number(&f->arena, &items[i], "score.b", i * 7 % 24 / 24.0);
        ost_item_set_number(&f->arena, &items[i], "score.a",
                            1 - i * 7 % 24 / 24.0);
        ost_item_set_text(&f->arena, &items[i], "site", "x");
        if (i < 12)
            ost_item_set_text(&f->arena, &items[i], "ward", "y");
    }
    in = at_port("predictions",
                 put_items(f->batch, OST_PREDICTIONS, "{}", items, 24));
    doc = judge(f, "{'subgroups': ['site', 'ward'], 'bootstrap': 100}", &in, 1);
    assert_int_equal(json_array_size(at(doc, "subgroups.0.flags")), 0);
    near(doc, "subgroups.1.n_groups", 6);
    assert_string_equal(json_string_value(at(doc, "subgroups.1.flags.0")),
                        "fewer than 10 groups");
    json_decref(doc);
}

static void params_say_which_interval_it_is(void **state)
{
    json_t *doc = judge_forty(*state,
                              "{'level': 0.8, 'proportion': 'clopper_pearson',"
                              "'bootstrap': 0}",
                              1);

    assert_string_equal(method_of(doc, "recall"), "clopper_pearson");
    near(doc, "pooled.intervals.recall.level", 0.8);
    assert_null(at(doc, "pooled.intervals.f1"));
    assert_true(json_is_null(at(doc, "interval_method.bootstrap")));
    json_decref(doc);

    doc = judge_forty(*state,
                      "{'interval': 'bootstrap', 'bootstrap': 300, "
                      "'bootstrap_interval': 'bca', 'resample': 'stratified'}",
                      1);
    assert_string_equal(method_of(doc, "auc"), "bootstrap_bca");
    near(doc, "pooled.intervals.auc.replicates", 300);
    assert_true(json_is_true(at(doc, "interval_method.bootstrap.stratified")));
    check_ends(doc);
    json_decref(doc);
}

static void replicates_with_one_class_are_skipped_and_counted(void **state)
{
    static const case_row rows[] = {
        { "i1", "i1", "a", 0.1, NULL },
        { "i2", "i2", "a", 0.3, NULL },
        { "i3", "i3", "b", 0.2, NULL },
        { "i4", "i4", "b", 0.9, NULL },
    };
    fixture *f = *state;
    json_t *doc = judge_rows(f, "{'interval': 'bootstrap'}", rows, 4);
    double skipped = number(doc, "pooled.intervals.auc.skipped");

    /* 2 of 16 resamples of the classes are of one */
    assert_true(skipped > 150 && skipped < 350);
    near(doc, "pooled.intervals.auc.replicates", 2000 - skipped);
    near(doc, "pooled.intervals.accuracy.skipped", 0);
    near(doc, "pooled.intervals.brier.skipped", 0);
    near(doc, "pooled.intervals.mcc.skipped", skipped);
    near(doc, "pooled.intervals.balanced_accuracy.skipped", skipped);
    json_decref(doc);
    doc = judge_rows(f, "{'interval': 'bootstrap', 'resample': 'stratified'}",
                     rows, 4);
    near(doc, "pooled.intervals.auc.skipped", 0);
    json_decref(doc);
}

/* Two positives of thirty, one of them found: an eighth of the replicates has
 * none, and says nothing of recall, rather than that nothing was found. */
static void zero_denominators_are_skipped_and_counted(void **state)
{
    fixture *f = *state;
    case_row rows[30];
    json_t *doc;

    for (int i = 0; i < 30; i++) {
        char *id = ost_arena_printf(&f->arena, "i%02d", i);

        rows[i] =
            (case_row){ id, id, i < 2 ? "b" : "a", i == 1 ? 0.9 : 0.1, NULL };
    }
    doc = judge_rows(f, "{'interval': 'bootstrap'}", rows, 30);
    near(doc, "pooled.recall", 0.5);
    assert_true(number(doc, "pooled.intervals.recall.skipped") > 150);
    assert_true(number(doc, "pooled.intervals.recall.skipped") < 400);
    json_decref(doc);
    for (int i = 0; i < 30; i++)
        rows[i].label = "a";
    doc = judge_rows(f, "{'interval': 'bootstrap'}", rows, 30);
    near(doc, "pooled.recall", 0);
    undefined(doc, "pooled.intervals.recall", "undefined in every replicate");
    json_decref(doc);
}

static void check_mean_recall(const json_t *doc)
{
    double v = number(doc, "pooled.recall");

    assert_true(v > 0.3 && v < 0.5);
    assert_true(number(doc, "pooled.intervals.recall.lo") < v);
    assert_true(number(doc, "pooled.intervals.recall.hi") > v);
    assert_true(number(doc, "pooled.intervals.recall.hi") < 2.0 / 3 + 1e-9);
}

/* Class c is in no item: its recall is taken as 0 in the mean, and in that of
 * every replicate. */
static void means_over_classes_are_drawn_as_they_are_taken(void **state)
{
    fixture *f = *state;
    ost_item items[20];
    ost_step_input in;
    json_t *doc;

    for (int i = 0; i < 20; i++) {
        char *id = ost_arena_printf(&f->arena, "i%02d", i);
        double p = i % 3 ? 0.8 : 0.3;

        items[i] = (ost_item){ .id = id, .group = id };
        ost_item_set_label(&f->arena, &items[i], i % 2 ? "a" : "b");
        ost_item_set_number(&f->arena, &items[i], "score.a",
                            i % 2 ? p : 0.9 - p);
        ost_item_set_number(&f->arena, &items[i], "score.b",
                            i % 2 ? 0.9 - p : p);
        ost_item_set_number(&f->arena, &items[i], "score.c", 0.1);
    }
    in = at_port("predictions",
                 put_items(f->batch, OST_PREDICTIONS, "{}", items, 20));
    doc = judge(f, "{'bootstrap': 500}", &in, 1);
    check_mean_recall(doc);
    json_decref(doc);
    in = at_port("predictions",
                 put_items(f->batch, OST_PREDICTIONS,
                           "{\"classes\":[\"a\",\"b\",\"c\"],\"kind\":"
                           "\"labels\"}",
                           items, 20));
    doc = judge(f, "{'bootstrap': 500}", &in, 1);
    check_mean_recall(doc);
    json_decref(doc);
}

/* One patient drawn from one patient is that patient: no interval of length 0
 * may come of it. */
static void one_group_says_nothing_of_others(void **state)
{
    static const char few[] = "fewer than two groups";
    json_t *doc = judge_forty(*state, "{}", 40);

    undefined(doc, "pooled.intervals.auc", few);
    undefined(doc, "pooled.intervals.accuracy", few);
    undefined(doc, "pooled.intervals.f1", few);
    json_decref(doc);
    doc = judge_forty(*state, "{'resample': 'item'}", 40);
    assert_string_equal(method_of(doc, "auc"), "delong");
    assert_string_equal(method_of(doc, "f1"), "bootstrap_percentile");
    json_decref(doc);
}

/* Ten cases of five patients, all judged rightly and set apart by their
 * scores, or by the class that is called alone. */
static json_t *judge_flawless(fixture *f, int per, const char *with)
{
    case_row rows[10];

    for (int i = 0; i < 10; i++) {
        bool ill = i < 4;

        rows[i] = (case_row){
            .id = ost_arena_printf(&f->arena, "i%d", i),
            .group = ost_arena_printf(&f->arena, "p%d", i / per),
            .label = ill ? "b" : "a",
            .score_b = ill ? 0.8 + i / 100.0 : 0.2 - i / 100.0,
        };
    }
    return judge_rows(f, with, rows, 10);
}

static void what_never_went_wrong_is_bounded_by_its_patients(void **state)
{
    static const char *const rates[] = { "accuracy", "recall", "specificity",
                                         "precision", "npv" };
    static const uint64_t patients[] = { 5, 2, 3, 2, 3 };
    json_t *doc = judge_flawless(*state, 2, "{}");
    char path[96];

    for (int i = 0; i < 5; i++) {
        assert_string_equal(method_of(doc, rates[i]), "clopper_pearson_groups");
        snprintf(path, sizeof(path), "pooled.intervals.%s.n_units", rates[i]);
        near(doc, path, (double)patients[i]);
        snprintf(path, sizeof(path), "pooled.intervals.%s.hi", rates[i]);
        near(doc, path, 1);
        snprintf(path, sizeof(path), "pooled.intervals.%s.lo", rates[i]);
        near(doc, path, pow(0.025, 1.0 / (double)patients[i]));
    }
    undefined(doc, "pooled.intervals.auc", "no replicate differs");
    undefined(doc, "pooled.intervals.f1", "no replicate differs");
    json_decref(doc);
    doc = judge_flawless(*state, 1, "{}");
    assert_string_equal(method_of(doc, "recall"), "wilson");
    undefined(doc, "pooled.intervals.auc", "DeLong's variance is 0");
    json_decref(doc);
    doc = judge_flawless(*state, 1, "{'interval': 'bootstrap'}");
    assert_string_equal(method_of(doc, "recall"), "clopper_pearson");
    near(doc, "pooled.intervals.recall.n_units", 4);
    json_decref(doc);
}

/* On the logit scale an interval is longer towards one half and stays below 1:
 * its ends are as far from the logit of the area, by DeLong's deviation over
 * area (1 - area). */
static void areas_have_an_interval_of_their_logit(void **state)
{
    json_t *plain = judge_forty(*state, "{}", 1);
    json_t *doc = judge_forty(*state, "{'area': 'delong_logit'}", 1);
    double area = number(doc, "pooled.auc");
    double half = number(plain, "pooled.intervals.auc.hi") - area;
    double middle = log(area / (1 - area)), far = half / (area * (1 - area));

    assert_true(area > 0.5 && area + half < 1);
    assert_string_equal(method_of(doc, "auc"), "delong_logit");
    assert_string_equal(json_string_value(at(doc, "interval_method.areas")),
                        "delong_logit");
    near(doc, "pooled.intervals.auc.lo", 1 / (1 + exp(far - middle)));
    near(doc, "pooled.intervals.auc.hi", 1 / (1 + exp(-far - middle)));
    json_decref(plain);
    json_decref(doc);
}

/* Too many units for each to be left out once. */
static void what_was_not_corrected_says_so(void **state)
{
    enum { MANY = 63300 };
    fixture *f = *state;
    case_row *rows = OST_ARENA_ARRAY(&f->arena, case_row, MANY);
    json_t *doc;

    for (int i = 0; i < MANY; i++) {
        char *id = ost_arena_printf(&f->arena, "i%05d", i);

        rows[i] = (case_row){ id, id, i % 3 ? "b" : "a", i % 7 / 7.0, NULL };
    }
    doc = judge_rows(f, "{'bootstrap': 2, 'bootstrap_interval': 'bca'}", rows,
                     MANY);
    assert_string_equal(method_of(doc, "f1"), "bootstrap_percentile");
    assert_string_equal(
        json_string_value(at(doc, "interval_method.bootstrap.interval")),
        "percentile");
    assert_string_equal(json_string_value(at(doc, "warnings.0")),
                        "pooled: too many to leave out each once: intervals "
                        "are percentiles, without the correction of BCa");
    json_decref(doc);
}

static void labels_and_numbers_have_intervals_too(void **state)
{
    fixture *f = *state;
    ost_item items[30];
    ost_step_input in;
    json_t *doc;

    for (int i = 0; i < 30; i++) {
        char *id = ost_arena_printf(&f->arena, "i%02d", i);

        items[i] =
            (ost_item){ .id = id,
                        .group = ost_arena_printf(&f->arena, "g%d", i / 3) };
        ost_item_set_labels(&f->arena, &items[i],
                            i % 3 == 0 ? "x|y"
                            : i % 2    ? "y"
                                       : "");
        ost_item_set_number(&f->arena, &items[i], "score.x",
                            (i % 3 ? 0.2 : 0.5) + i * 7 % 31 / 100.0);
        ost_item_set_number(&f->arena, &items[i], "score.y",
                            i * 11 % 29 / 30.0);
        ost_item_set_number(&f->arena, &items[i], "predicted", i + i * 7 % 11);
    }
    in = at_port("predictions",
                 put_items(f->batch, OST_PREDICTIONS,
                           "{\"classes\":[\"x\",\"y\"],\"kind\":\"labels\"}",
                           items, 30));
    doc = judge(f, "{'bootstrap': 200}", &in, 1);
    assert_true(number(doc, "pooled.intervals.auc.lo") <
                number(doc, "pooled.auc"));
    assert_true(number(doc, "pooled.intervals.auc.hi") >
                number(doc, "pooled.auc"));
    near(doc, "pooled.intervals.hamming_loss.replicates", 200);
    assert_string_equal(
        json_string_value(at(doc, "labels.0.intervals.f1.method")),
        "bootstrap_percentile");
    json_decref(doc);

    for (int i = 0; i < 30; i++)
        ost_item_set_label(&f->arena, &items[i],
                           ost_arena_printf(&f->arena, "%d", i));
    in = at_port("predictions", put_items(f->batch, OST_PREDICTIONS,
                                          "{\"classes\":[],\"kind\":"
                                          "\"number\"}",
                                          items, 30));
    doc = judge(f, "{'bootstrap': 200}", &in, 1);
    assert_true(number(doc, "pooled.intervals.pearson_r.lo") <
                number(doc, "pooled.pearson_r"));
    near(doc, "pooled.intervals.rmse.replicates", 200);
    json_decref(doc);
}

/* The mean of three times 0.1 is not 0.1. */
static void one_true_number_explains_nothing(void **state)
{
    static const char equal[] = "all numbers are the same";
    fixture *f = *state;
    ost_item items[3];
    ost_step_input in;
    json_t *doc;

    for (int i = 0; i < 3; i++) {
        char *id = ost_arena_printf(&f->arena, "i%d", i);

        items[i] = (ost_item){ .id = id, .group = id };
        ost_item_set_label(&f->arena, &items[i], "0.1");
        ost_item_set_number(&f->arena, &items[i], "predicted", 0.1 + i / 10.0);
    }
    in = at_port("predictions", put_items(f->batch, OST_PREDICTIONS,
                                          "{\"classes\":[],\"kind\":"
                                          "\"number\"}",
                                          items, 3));
    doc = judge(f, "{}", &in, 1);
    undefined(doc, "pooled.r2", equal);
    undefined(doc, "pooled.pearson_r", equal);
    assert_null(at(doc, "pooled.intervals.r2"));
    json_decref(doc);
}

static void the_same_seed_draws_the_same(void **state)
{
    json_t *x = judge_forty(*state, "{}", 4), *y = judge_forty(*state, "{}", 4);

    assert_true(json_equal(x, y));
    json_decref(x);
    json_decref(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_items_have_formulas_and_the_rest_is_drawn),
        cmocka_unit_test(groups_of_several_items_are_drawn_whole),
        cmocka_unit_test(subgroups_of_few_groups_are_flagged),
        cmocka_unit_test(params_say_which_interval_it_is),
        cmocka_unit_test(replicates_with_one_class_are_skipped_and_counted),
        cmocka_unit_test(zero_denominators_are_skipped_and_counted),
        cmocka_unit_test(means_over_classes_are_drawn_as_they_are_taken),
        cmocka_unit_test(one_group_says_nothing_of_others),
        cmocka_unit_test(what_never_went_wrong_is_bounded_by_its_patients),
        cmocka_unit_test(areas_have_an_interval_of_their_logit),
        cmocka_unit_test(what_was_not_corrected_says_so),
        cmocka_unit_test(labels_and_numbers_have_intervals_too),
        cmocka_unit_test(one_true_number_explains_nothing),
        cmocka_unit_test(the_same_seed_draws_the_same),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
