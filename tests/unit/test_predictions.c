/* tests/unit/test_predictions.c - a table of predictions that came from
 * elsewhere */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/step.h"

#include "base/banned.h"

extern const ost_stage ost_stage_predictions;
const ost_stage *const ost_stages[] = { &ost_stage_predictions, NULL };

static ost_done_msg read_table(step_fixture *f, const char *text,
                               const char *with)
{
    files_builder b = { .f = f };
    ost_step_input in;

    add_text(&b, "p.csv", text);
    add_text(&b, "readme.txt", "nothing");
    in = finish_files(&b);
    return run_stage(f, "predictions", with, &in, 1);
}

static void what_a_run_writes_is_read(void **state)
{
    step_fixture *f = *state;
    const ost_item *items, *item;
    ost_done_msg done;
    size_t n;

    done = read_table(f,
                      "id,group,fold,repeat,label,predicted,score_a,score_b,"
                      "site\n"
                      "i1,p1,0,3,a,a,0.75,0.25,north\n"
                      "i2,,1,3,,b,0.25,7.5e-01,7\n",
                      "{}");
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 2);
    item = item_named(items, n, "i1");
    assert_string_equal(item->group, "p1");
    assert_string_equal(ost_item_label(item), "a");
    assert_string_equal(ost_item_attr(item, "predicted")->text, "a");
    assert_string_equal(ost_item_attr(item, "axis.fold")->text, "0");
    assert_string_equal(ost_item_attr(item, "axis.repeat")->text, "3");
    assert_string_equal(ost_item_attr(item, "site")->text, "north");
    assert_true(ost_item_attr(item, "score.a")->number == 0.75);
    item = item_named(items, n, "i2");
    assert_string_equal(item->group, "i2");
    assert_null(ost_item_label(item));
    assert_true(ost_item_attr(item, "score.b")->number == 0.75);
    assert_true(ost_item_attr(item, "site")->number == 7);
    assert_string_equal(output_artifact(f, &done, "out").meta,
                        "{\"classes\":[\"a\",\"b\"]}");
}

static void one_score_is_that_of_the_positive_class(void **state)
{
    static const char table[] = "id,label,score\ni1,good,0.75\ni2,poor,0.5\n";
    step_fixture *f = *state;
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done = read_table(f, table, "{}");
    items = output_items(f, &done, "out", &n);
    assert_true(ost_item_attr(&items[0], "score.poor")->number == 0.75);
    assert_true(ost_item_attr(&items[0], "score.good")->number == 0.25);
    done = read_table(f, table, "{\"positive\":\"good\"}");
    items = output_items(f, &done, "out", &n);
    assert_true(ost_item_attr(&items[0], "score.good")->number == 0.75);
    done = read_table(f, table, "{\"positive\":\"bad\"}");
    assert_int_equal(done.rc, OST_EINPUT);
}

static void several_labels_and_numbers_are_read(void **state)
{
    step_fixture *f = *state;
    const ost_item *items, *item;
    ost_done_msg done;
    size_t n;

    done = read_table(f,
                      "id,label,predicted,score_a,score_b\n"
                      "i1,b| a,a,0.75,0.25\ni2,,,0.1,0.2\n",
                      "{\"kind\":\"labels\"}");
    items = output_items(f, &done, "out", &n);
    item = item_named(items, n, "i1");
    assert_int_equal(item->n_labels, 2);
    assert_string_equal(item->labels[0], "a");
    assert_string_equal(item->labels[1], "b");
    assert_string_equal(ost_item_attr(item, "predicted")->text, "a");
    item = item_named(items, n, "i2");
    assert_int_equal(item->n_labels, 0);
    assert_string_equal(ost_item_attr(item, "predicted")->text, "");
    assert_string_equal(output_artifact(f, &done, "out").meta,
                        "{\"classes\":[\"a\",\"b\"],\"kind\":\"labels\"}");

    done = read_table(f, "id,label,predicted\ni1,3,2.5\ni2,,7\n",
                      "{\"kind\":\"number\"}");
    items = output_items(f, &done, "out", &n);
    assert_string_equal(ost_item_label(&items[0]), "3");
    assert_true(ost_item_attr(&items[0], "predicted")->number == 2.5);
    assert_null(ost_item_label(&items[1]));
    assert_string_equal(output_artifact(f, &done, "out").meta,
                        "{\"classes\":[],\"kind\":\"number\"}");
}

static void other_kinds_have_faults_too(void **state)
{
    static const struct {
        const char *text, *with, *error;
    } rows[] = {
        { "id,label,predicted\ni,a|b,a\n", "{\"kind\":\"labels\"}",
          "p.csv:1: several labels need the columns 'predicted' and "
          "'score_LABEL'" },
        { "id,label,predicted,score_a\ni,a|b,a,1\n", "{\"kind\":\"labels\"}",
          "p.csv:2: label 'b' has no score" },
        { "id,label,predicted,score_a\ni,a,b,1\n", "{\"kind\":\"labels\"}",
          "p.csv:2: prediction 'b' has no score" },
        { "id,label,predicted,score_a\ni,1,2,1\n", "{\"kind\":\"number\"}",
          "p.csv:1: a number needs the column 'predicted' and no score" },
        { "id,label,predicted\ni,1,two\n", "{\"kind\":\"number\"}",
          "p.csv:2: predicted: 'two' is not a number" },
        { "id,label,predicted\ni,one,2\n", "{\"kind\":\"number\"}",
          "p.csv:2: label: 'one' is not a number" },
    };
    step_fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_done_msg done = read_table(f, rows[i].text, rows[i].with);

        assert_int_equal(done.rc, OST_EINPUT);
        assert_string_equal(done.error, rows[i].error);
    }
}

static void faults_have_their_line(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        { "label,score\na,1\n", "p.csv:1: no column 'id'" },
        { "id,label\ni,a\n", "p.csv:1: nothing is predicted" },
        { "id,score,score_a\ni,1,1\n", "p.csv:1: 'score' beside 'score_a'" },
        { "id,label,score\ni,a,1\nj,a,1\n",
          "p.csv: a column 'score' is for two classes, there are 1" },
        { "id,label,score_a,score_b\ni,a,1,0\n\nj,c,0,1\n",
          "p.csv:4: label 'c' has no score" },
        { "id,predicted,score_ann,score_bob\ni,bop,1,0\n",
          "p.csv:2: prediction 'bop' has no score (did you mean 'bob'?)" },
        { "id,score_a,score_b\ni,1,\n",
          "p.csv:2: score_b: '' is not a number" },
        { "id,score_a,score_b\ni,1,nan\n",
          "p.csv:2: score_b: 'nan' is not a number" },
        { "id,score_a,score_b\ni,1,0\ni,0,1\n",
          "p.csv:3: id 'i' is already that of line 2" },
        { "id,score_a,score_b\n,1,0\n", "p.csv:2: no id" },
        { "id,score_a,score_b\ni,1\n", "p.csv:2: " },
        { "id,score_a,score_b\n", "p.csv: no predictions" },
    };
    step_fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_done_msg done = read_table(f, rows[i].text, "{}");

        assert_int_equal(done.rc, OST_EINPUT);
        if (strncmp(done.error, rows[i].error, strlen(rows[i].error)) != 0)
            fail_msg("'%s' instead of '%s'", done.error, rows[i].error);
    }
}

static void the_table_comes_from_one_place(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    done = run_stage(f, "predictions", "{}", NULL, 0);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_non_null(strstr(done.error, "from the input or from param 'file'"));
    add_text(&b, "a.csv", "id,predicted\ni,a\n");
    add_text(&b, "b.csv", "id,predicted\ni,a\n");
    in = finish_files(&b);
    done = run_stage(f, "predictions", "{}", &in, 1);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error, "there should be one .csv file, there are "
                                    "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(what_a_run_writes_is_read),
        step_test(one_score_is_that_of_the_positive_class),
        step_test(several_labels_and_numbers_are_read),
        step_test(other_kinds_have_faults_too),
        step_test(faults_have_their_line),
        step_test(the_table_comes_from_one_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
