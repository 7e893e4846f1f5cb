/* tests/unit/test_split_given.c - divisions that others made, and their checks
 */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/item_sets.h"

#include "base/banned.h"

extern const ost_stage ost_stage_split;
const ost_stage *const ost_stages[] = { &ost_stage_split, NULL };

/* 12 items a..l of 6 patients at 3 sites; the 10th day is reached halfway. */
static ost_step_input cohort(step_fixture *f)
{
    static const char *const sites[] = { "north", "east", "west" };
    static const char *const use[] = { "train", "Test", "valid" };
    item_set s = { .f = f };

    for (int i = 0; i < 12; i++) {
        ost_item *item = set_item(
            &s, ost_arena_printf(&f->arena, "x/%c", 'a' + i),
            ost_arena_printf(&f->arena, "p%d", i / 2), i < 6 ? "sick" : "well");

        ost_item_set_text(&f->arena, item, "site", sites[i / 2 % 3]);
        ost_item_set_text(&f->arena, item, "use", use[i / 2 % 3]);
        ost_item_set_number(&f->arena, item, "day", i * 2 - 2);
        if (i > 0)
            ost_item_set_number(&f->arena, item, "arm", i % 3);
    }
    return finish_set(&s, "in");
}

static void a_value_is_left_out(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = cohort(f);
    ost_done_msg done;

    done = run_stage(f, "split",
                     "{\"method\":\"leave_one_out\",\"of\":\"site\","
                     "\"value\":\"west\"}",
                     &in, 1);
    assert_string_equal(ids_at(f, &done, "test"), "x/e x/f x/k x/l");
    done = run_stage(f, "split",
                     "{\"method\":\"leave_one_out\",\"of\":\"site\",\"fold\":0,"
                     "\"validation_count\":2}",
                     &in, 1);
    assert_string_equal(ids_at(f, &done, "test"), "x/c x/d x/i x/j");
    assert_int_equal(output_artifact(f, &done, "validation").n_items, 2);
    done = run_stage(f, "split", "{\"method\":\"leave_one_out\",\"fold\":5}",
                     &in, 1);
    assert_string_equal(ids_at(f, &done, "test"), "x/k x/l");
    done = run_stage(f, "split",
                     "{\"method\":\"leave_one_out\",\"of\":\"day\","
                     "\"fold\":2,\"group\":false}",
                     &in, 1);
    assert_string_equal(ids_at(f, &done, "test"), "x/c");
}

static void what_cannot_be_left_out_is_refused(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = cohort(f);
    ost_done_msg done;

    done = run_stage(f, "split", "{\"method\":\"leave_one_out\",\"fold\":6}",
                     &in, 1);
    assert_fails(&done, "param 'fold': there is no fold 6; 'group' has 6 "
                        "values, so folds go from 0 to 5");
    done = run_stage(f, "split",
                     "{\"method\":\"leave_one_out\",\"of\":\"site\","
                     "\"value\":\"wst\"}",
                     &in, 1);
    assert_fails(&done, "param 'value': no item has site 'wst' (did you mean "
                        "'west'?)");
    done = run_stage(f, "split",
                     "{\"method\":\"leave_one_out\",\"of\":\"arm\","
                     "\"fold\":0}",
                     &in, 1);
    assert_fails(&done, "item 'x/a' has no attribute 'arm'");
    done = run_stage(f, "split",
                     "{\"method\":\"leave_one_out\",\"of\":\"day\","
                     "\"fold\":0}",
                     &in, 1);
    assert_fails(&done,
                 "group 'p0' is in more than one part (1 such groups): a model "
                 "would be tested on patients that it knows (divided: warn "
                 "allows that)");
}

static void a_column_says_the_part(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = cohort(f);
    ost_done_msg done;

    done = run_stage(f, "split", "{\"method\":\"column\",\"column\":\"use\"}",
                     &in, 1);
    assert_string_equal(ids_at(f, &done, "train"), "x/a x/b x/g x/h");
    assert_string_equal(ids_at(f, &done, "test"), "x/c x/d x/i x/j");
    assert_string_equal(ids_at(f, &done, "validation"), "x/e x/f x/k x/l");
    done = run_stage(f, "split",
                     "{\"method\":\"column\",\"column\":\"arm\","
                     "\"values\":{\"train\":[\"0\"],\"test\":[\"1\"]},"
                     "\"unlisted\":\"drop\",\"divided\":\"warn\"}",
                     &in, 1);
    assert_string_equal(ids_at(f, &done, "train"), "x/d x/g x/j");
    assert_string_equal(ids_at(f, &done, "test"), "x/b x/e x/h x/k");
    assert_non_null(strstr(done.notes, "5 items are in no part"));
    assert_non_null(strstr(done.notes, "groups are in more than one part"));
    done = run_stage(f, "split", "{\"method\":\"column\",\"column\":\"site\"}",
                     &in, 1);
    assert_fails(&done, "item 'x/a' is in no part: 'site' is 'north' "
                        "(unlisted: drop leaves such items out)");
    done = run_stage(f, "split", "{\"method\":\"column\",\"column\":\"arm\"}",
                     &in, 1);
    assert_fails(&done, "item 'x/a' has no attribute 'arm' (unlisted: drop "
                        "leaves such items out)");
}

static const char *const splits =
    "[{\"train\":[\"a\",\"b\",\"c\",\"d\"],\"val\":[\"e\",\"f\"]},"
    "{\"train\":[\"a\",\"b\"],\"val\":[\"b\"]},"
    "{\"train\":[\"a\",\"zz\"],\"val\":[\"c\"]},"
    "{\"train\":[\"a\"]}]";

static ost_done_msg run_nnunet(step_fixture *f, int fold, const char *more)
{
    ost_step_input in = cohort(f);

    return run_stage(f, "split",
                     ost_arena_printf(&f->arena,
                                      "{\"method\":\"nnunet\",\"file\":"
                                      "\"splits_final.json\",\"fold\":%d%s}",
                                      fold, more),
                     &in, 1);
}

static void the_file_of_nnunet_is_read(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done;

    f->file = splits;
    done = run_nnunet(f, 0, ",\"listed\":\"name\",\"unlisted\":\"drop\"");
    assert_string_equal(ids_at(f, &done, "train"), "x/a x/b x/c x/d");
    assert_string_equal(ids_at(f, &done, "test"), "x/e x/f");
    done = run_nnunet(f, 0, ",\"listed\":\"name\"");
    assert_fails(&done, "item 'x/g' is not in fold 0 of splits_final.json "
                        "(unlisted: drop leaves such items out)");
    done = run_nnunet(f, 1, "");
    assert_fails(&done, "splits_final.json: fold 1 lists 'b' twice");
    done = run_nnunet(f, 3, "");
    assert_fails(&done, "splits_final.json: fold 3 has no list \"val\"");
    done = run_nnunet(f, 4, "");
    assert_fails(&done, "splits_final.json: expected a list of more than 4 "
                        "folds, there are 4");
    f->file = "[{\"train\":[\"p0\",\"p1\",\"p3\",\"p9\"],\"val\":[\"p2\","
              "\"p4\",\"p5\"]}]";
    done = run_nnunet(f, 0, ",\"listed\":\"group\"");
    assert_fails(&done, "splits_final.json: no item is case 'p9' of fold 0 (1 "
                        "such cases; param 'listed' says what cases are named "
                        "after, unlisted: drop allows it)");
    done = run_nnunet(f, 0, ",\"listed\":\"group\",\"unlisted\":\"drop\"");
    assert_string_equal(ids_at(f, &done, "test"), "x/e x/f x/i x/j x/k x/l");
    assert_non_null(strstr(done.notes, "1 listed cases are not among"));
    f->file = "[";
    done = run_nnunet(f, 0, "");
    assert_int_not_equal(done.rc, OST_OK);
}

static void levels_have_their_shares(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = cohort(f);
    ost_done_msg done;
    json_t *table, *levels;

    done = run_stage(f, "split",
                     "{\"count\":4,\"group\":false,\"strata\":\"level\","
                     "\"level\":\"day\",\"levels\":[0,10]}",
                     &in, 1);
    table = json_loads(output_artifact(f, &done, "table").meta, 0, NULL);
    levels = json_object_get(
        json_object_get(json_object_get(table, "parts"), "test"), "levels");
    /* 1, 5 and 6 items of 12: a third of them */
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(levels, "from 10"), "n_items")),
                     2);
    assert_in_range(json_integer_value(json_object_get(
                        json_object_get(levels, "0 to below 10"), "n_items")),
                    1, 2);
    json_decref(table);
    done = run_stage(f, "split",
                     "{\"strata\":\"level\",\"level\":\"site\","
                     "\"levels\":[1]}",
                     &in, 1);
    assert_fails(&done, "item 'x/a': attribute 'site' is not a number, as "
                        "param 'levels' wants it");
    done = run_stage(f, "split", "{\"strata\":\"level\",\"level\":\"arm\"}",
                     &in, 1);
    assert_fails(&done, "item 'x/a' has no attribute 'arm'");
}

/* What KFold, train_test_split and GroupShuffleSplit give for these seeds. */
static void folds_are_scikit_learn_s(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = cohort(f);
    ost_done_msg done;

    done = run_stage(f, "split",
                     "{\"method\":\"kfold\",\"folds\":3,\"fold\":0,"
                     "\"like\":\"sklearn\",\"random_state\":0,"
                     "\"group\":false,\"stratify\":false}",
                     &in, 1);
    assert_string_equal(ids_at(f, &done, "test"), "x/e x/g x/k x/l");
    done = run_stage(f, "split",
                     "{\"count\":5,\"like\":\"sklearn\",\"random_state\":3,"
                     "\"group\":false,\"validation\":0.3}",
                     &in, 1);
    assert_string_equal(ids_at(f, &done, "test"), "x/a x/b x/d x/g x/j");
    assert_string_equal(ids_at(f, &done, "validation"), "x/f x/h x/i");
    done = run_stage(f, "split",
                     "{\"fraction\":0.4,\"like\":\"sklearn\","
                     "\"random_state\":3,\"stratify\":false}",
                     &in, 1);
    assert_string_equal(ids_at(f, &done, "test"), "x/g x/h x/i x/j x/k x/l");
}

static void repeats_differ(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = cohort(f);
    ost_done_msg first, second;

    first = run_stage(f, "split", "{\"group\":false}", &in, 1);
    second = run_stage(f, "split", "{\"group\":false,\"repeat\":1}", &in, 1);
    assert_string_not_equal(ids_at(f, &first, "test"),
                            ids_at(f, &second, "test"));
}

static void few_members_and_divided_groups_are_noted(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = cohort(f);
    ost_done_msg done;

    done = run_stage(f, "split",
                     "{\"method\":\"kfold\",\"folds\":4,\"fold\":0}", &in, 1);
    assert_non_null(
        strstr(done.notes, "'sick' has 3 groups, fewer than 4 folds"));
    done = run_stage(f, "split", "{\"group\":false}", &in, 1);
    assert_non_null(strstr(done.notes, "in more than one part"));
    done = run_stage(f, "split", "{\"group\":false,\"divided\":\"error\"}", &in,
                     1);
    assert_int_equal(done.rc, OST_EINPUT);
    done = run_stage(f, "split", "{\"count\":12}", &in, 1);
    assert_fails(&done, "param 'count': 12 of 12 items would leave nothing to "
                        "train on");
}

static void combinations_are_refused(void **state)
{
    const ost_stage *s = &ost_stage_split;

    (void)state;
    assert_refused(s, "{\"method\":\"nnunet\",\"fold\":0}",
                   "method 'nnunet' needs param 'file'");
    assert_refused(s, "{\"method\":\"column\"}",
                   "method 'column' needs param 'column'");
    assert_refused(s, "{\"method\":\"leave_one_out\"}",
                   "method 'leave_one_out' needs param 'fold' (per fold: "
                   "\"fold\": \"${fold}\")");
    assert_refused(s, "{\"method\":\"leave_one_out\",\"value\":[]}",
                   "param 'value': expected a text or a number");
    assert_refused(s, "{\"level\":\"day\"}",
                   "param 'level' names the attribute for strata 'level' or "
                   "'both': give both or neither");
    assert_refused(s,
                   "{\"strata\":\"level\",\"level\":\"day\","
                   "\"levels\":[1,1]}",
                   "param 'levels': 1 does not come after 1");
    assert_refused(s, "{\"validation\":0.1,\"validation_count\":1}",
                   "params 'validation' and 'validation_count' say the same: "
                   "leave one out");
    assert_refused(s,
                   "{\"method\":\"column\",\"column\":\"a\","
                   "\"values\":{\"tests\":[]}}",
                   "param 'values': there is no part 'tests' (train, test, "
                   "validation)");
    assert_refused(s,
                   "{\"method\":\"column\",\"column\":\"a\","
                   "\"values\":{\"test\":[1]}}",
                   "param 'values': expected texts for 'test'");
}

static void what_scikit_learn_lacks_is_refused(void **state)
{
    const ost_stage *s = &ost_stage_split;

    (void)state;
    assert_refused(s, "{\"like\":\"sklearn\",\"random_state\":1}",
                   "like 'sklearn': it has no division that is both "
                   "stratified and grouped; set 'stratify' or 'group' to "
                   "false");
    assert_refused(s, "{\"like\":\"sklearn\",\"group\":false}",
                   "like 'sklearn': a share is drawn, so param 'random_state' "
                   "is needed");
    assert_refused(s,
                   "{\"like\":\"sklearn\",\"method\":\"kfold\",\"fold\":0,"
                   "\"stratify\":false,\"random_state\":1}",
                   "like 'sklearn': GroupKFold draws nothing; leave param "
                   "'random_state' out");
    assert_refused(s,
                   "{\"like\":\"sklearn\",\"method\":\"kfold\",\"fold\":0,"
                   "\"repeat\":1}",
                   "like 'sklearn': without param 'random_state' every repeat "
                   "is the same");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(a_value_is_left_out),
        step_test(what_cannot_be_left_out_is_refused),
        step_test(a_column_says_the_part),
        step_test(the_file_of_nnunet_is_read),
        step_test(levels_have_their_shares),
        step_test(folds_are_scikit_learn_s),
        step_test(repeats_differ),
        step_test(few_members_and_divided_groups_are_noted),
        cmocka_unit_test(combinations_are_refused),
        cmocka_unit_test(what_scikit_learn_lacks_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
