/* tests/unit/test_split.c - training, test and validation sets; value */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/step.h"

#include "base/banned.h"

extern const ost_stage ost_stage_split, ost_stage_value;
const ost_stage *const ost_stages[] = { &ost_stage_split, &ost_stage_value,
                                        NULL };

/* 60 items of 30 patients; a third of them is "sick". */
static ost_step_input patients(step_fixture *f)
{
    ost_item items[60] = { 0 };
    ost_err err = { 0 };
    ost_digest d;

    for (int i = 0; i < 60; i++) {
        items[i].id = ost_arena_printf(&f->arena, "i%02d", i);
        items[i].group = ost_arena_printf(&f->arena, "p%d", i / 2);
        ost_item_set_label(&f->arena, &items[i],
                           i / 2 % 3 == 0 ? "sick" : "well");
    }
    assert_ok(ost_dataset_put(f->batch, OST_DATASET, "{}", items, 60, &d, &err),
              &err);
    commit(f->batch);
    return step_input_of("in", d);
}

static size_t count_label(const ost_item *items, size_t n, const char *label)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += strcmp(ost_item_label(&items[i]), label) == 0;
    return found;
}

static bool share_a_group(const ost_item *a, size_t na, const ost_item *b,
                          size_t nb)
{
    for (size_t i = 0; i < na; i++)
        for (size_t k = 0; k < nb; k++)
            if (strcmp(a[i].group, b[k].group) == 0)
                return true;
    return false;
}

static void each_item_is_tested_in_one_fold(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = patients(f);
    int tested[60] = { 0 };

    for (int fold = 0; fold < 5; fold++) {
        const ost_item *train, *test;
        ost_done_msg done;
        size_t n_train, n_test;

        done = run_stage(f, "split",
                         ost_arena_printf(&f->arena,
                                          "{\"method\":\"kfold\",\"folds\":5,"
                                          "\"fold\":%d}",
                                          fold),
                         &in, 1);
        train = output_items(f, &done, "train", &n_train);
        test = output_items(f, &done, "test", &n_test);
        assert_int_equal(n_test, 12);
        assert_int_equal(n_train, 48);
        assert_int_equal(count_label(test, n_test, "sick"), 4);
        assert_false(share_a_group(train, n_train, test, n_test));
        assert_int_equal(output_artifact(f, &done, "validation").n_items, 0);
        for (size_t i = 0; i < n_test; i++)
            tested[(test[i].id[1] - '0') * 10 + test[i].id[2] - '0']++;
    }
    for (int i = 0; i < 60; i++)
        assert_int_equal(tested[i], 1);
}

static void holdout_and_validation_have_their_shares(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = patients(f);
    const ost_item *train, *test, *validation;
    size_t n_train, n_test, n_validation;
    ost_done_msg done;

    done =
        run_stage(f, "split", "{\"fraction\":0.3,\"validation\":0.25}", &in, 1);
    train = output_items(f, &done, "train", &n_train);
    test = output_items(f, &done, "test", &n_test);
    validation = output_items(f, &done, "validation", &n_validation);
    assert_in_range(n_test, 16, 20);
    assert_in_range(n_validation, 8, 13);
    assert_int_equal(n_train + n_test + n_validation, 60);
    assert_in_range(count_label(test, n_test, "sick"), 4, 8);
    assert_false(share_a_group(train, n_train, test, n_test));
    assert_false(share_a_group(train, n_train, validation, n_validation));
    assert_false(share_a_group(test, n_test, validation, n_validation));
}

static void sizes_of_single_items_are_exact(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = patients(f);
    const ost_item *test;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "split", "{\"fraction\":0.21,\"group\":false}", &in, 1);
    test = output_items(f, &done, "test", &n);
    assert_int_equal(n, 13); /* ceil(12.6) */
    assert_in_range(count_label(test, n, "sick"), 4, 5);
}

static void the_seed_decides(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = patients(f);
    ost_digest one, again, other;
    ost_done_msg done;

    done = run_stage(f, "split", "{}", &in, 1);
    one = output_digest(&done, "test");
    f->threads = 3;
    done = run_stage(f, "split", "{}", &in, 1);
    again = output_digest(&done, "test");
    f->seed = "8";
    done = run_stage(f, "split", "{}", &in, 1);
    other = output_digest(&done, "test");
    assert_true(ost_digest_equal(&one, &again));
    assert_false(ost_digest_equal(&one, &other));
}

static void too_few_groups_are_an_error(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = patients(f);
    ost_done_msg done;

    done = run_stage(f, "split",
                     "{\"method\":\"kfold\",\"folds\":31,\"fold\":0}", &in, 1);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error, "31 parts need at least as many groups, "
                                    "there are 30");
    done = run_stage(f, "split",
                     "{\"method\":\"kfold\",\"folds\":30,\"fold\":29}", &in, 1);
    assert_int_equal(output_artifact(f, &done, "test").n_items, 2);
    assert_non_null(strstr(done.notes, "the test set has no item of class '"));
}

static void value_emits_its_object(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[2] = { patients(f), patients(f) };
    ost_done_msg done;

    done =
        run_stage(f, "value", "{\"data\":{\"b\":[1,2.5],\"a\":null}}", in, 2);
    assert_string_equal(output_artifact(f, &done, "out").meta,
                        "{\"a\":null,\"b\":[1,2.5]}");
    done = run_stage(f, "value", "{}", NULL, 0);
    assert_string_equal(output_artifact(f, &done, "out").meta, "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(each_item_is_tested_in_one_fold),
        step_test(holdout_and_validation_have_their_shares),
        step_test(sizes_of_single_items_are_exact),
        step_test(the_seed_decides),
        step_test(too_few_groups_are_an_error),
        step_test(value_emits_its_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
