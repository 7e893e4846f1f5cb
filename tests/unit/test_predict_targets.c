/* tests/unit/test_predict_targets.c - predict says what models were taught */
/* links: stages kernels store base */
/* on: cpu cuda */
#include "tests/support/backend_case.h"
#include "tests/support/squares.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_predict;
extern const ost_stage ost_stage_train;
const ost_stage *const ost_stages[] = { &ost_stage_predict, &ost_stage_train,
                                        NULL };

static ost_digest learned(step_fixture *f, const char *with, int items)
{
    ost_step_input in = step_input_of("in", items_of(f, 0, items, NULL));
    ost_done_msg done;

    f->numeric = backend_case_numeric();
    done = run_stage(f, "train",
                     ost_arena_printf(&f->arena,
                                      "{\"network\": \"n\", \"epochs\": 12, "
                                      "\"batch\": 8, \"learning_rate\": 0.02, "
                                      "%s}",
                                      with),
                     &in, 1);
    return output_digest(&done, "model");
}

static ost_done_msg judge(step_fixture *f, ost_digest model, ost_digest data)
{
    ost_step_input in[] = { step_input_of("model", model),
                            step_input_of("data", data) };

    return run_stage(f, "predict", "{}", in, 2);
}

static double number_of(const ost_item *item, const char *name)
{
    const ost_attr *a = ost_item_attr(item, name);

    assert_non_null(a);
    assert_int_equal(a->kind, OST_ATTR_NUMBER);
    return a->number;
}

static const char *text_of(const ost_item *item, const char *name)
{
    const ost_attr *a = ost_item_attr(item, name);

    assert_non_null(a);
    assert_int_equal(a->kind, OST_ATTR_TEXT);
    return a->text;
}

/* Index of the square kind (none, left, right, both) of item p1000 + i. */
static int kind_of(size_t i)
{
    return (int)(1000 + i) % 4;
}

static void each_label_has_a_score(void **state)
{
    static const char *const words[] = { "", "left", "right", "left|right" };
    step_fixture *f = *state;
    const ost_item *items;
    ost_done_msg done;
    size_t n, right = 0;

    f->file = with_scores(f, ROW_NETWORK, "sigmoid");
    done = judge(f, learned(f, "\"target\": \"labels\"", 64),
                 items_of(f, 1000, 24, NULL));
    items = output_items(f, &done, "predictions", &n);
    assert_int_equal(n, 24);
    for (size_t i = 0; i < n; i++) {
        bool left = number_of(&items[i], "score.left") > 0.5;
        bool other = number_of(&items[i], "score.right") > 0.5;

        assert_string_equal(text_of(&items[i], "predicted"),
                            words[left + 2 * other]);
        assert_int_equal(items[i].n_labels, (kind_of(i) & 1) + kind_of(i) / 2);
        right += left + 2 * other == kind_of(i);
    }
    assert_true(right >= 21);
    assert_string_equal(output_artifact(f, &done, "predictions").meta,
                        "{\"classes\":[\"left\",\"right\"],\"kind\":"
                        "\"labels\"}");
}

static void one_output_speaks_of_the_positive_class(void **state)
{
    step_fixture *f = *state;
    const ost_item *items;
    ost_done_msg done;
    size_t n, right = 0;

    f->file = with_scores(f, ROW_NETWORK, "sigmoid");
    done = judge(f,
                 learned(f,
                         "\"target\": \"attribute.found\", \"positive\": "
                         "\"no\", \"network_params\": {\"classes\": 1}",
                         64),
                 items_of(f, 1000, 24, NULL));
    items = output_items(f, &done, "predictions", &n);
    for (size_t i = 0; i < n; i++) {
        double yes = number_of(&items[i], "score.yes");
        double no = number_of(&items[i], "score.no");
        const char *said = text_of(&items[i], "predicted");

        assert_true(fabs(yes + no - 1.0) < 1e-12);
        assert_string_equal(said, yes > no ? "yes" : "no");
        /* what is true stands beside it */
        assert_string_equal(ost_item_label(&items[i]),
                            kind_of(i) ? "yes" : "no");
        right += strcmp(said, ost_item_label(&items[i])) == 0;
    }
    assert_true(right >= 21);
}

static void sigmoids_of_classes_share_one(void **state)
{
    step_fixture *f = *state;
    const ost_item *items;
    ost_done_msg done;
    size_t n, right = 0;

    f->file = with_scores(f, ROW_NETWORK, "sigmoid");
    done = judge(f, learned(f, "\"target\": \"attribute.side\"", 64),
                 items_of(f, 1000, 24, NULL));
    items = output_items(f, &done, "predictions", &n);
    for (size_t i = 0; i < n; i++) {
        double sum = number_of(&items[i], "score.none") +
                     number_of(&items[i], "score.left") +
                     number_of(&items[i], "score.right") +
                     number_of(&items[i], "score.both");

        assert_true(fabs(sum - 1.0) < 1e-12);
        right += strcmp(text_of(&items[i], "predicted"),
                        ost_item_label(&items[i])) == 0;
    }
    assert_true(right >= 21);
}

static void a_number_is_predicted(void **state)
{
    step_fixture *f = *state;
    const ost_item *items;
    ost_done_msg done;
    double off = 0.0;
    size_t n;

    f->file = with_scores(f, ROW_NETWORK, "none");
    done = judge(f, learned(f, "\"target\": \"attribute.squares\"", 64),
                 items_of(f, 1000, 24, NULL));
    items = output_items(f, &done, "predictions", &n);
    for (size_t i = 0; i < n; i++) {
        double squares = number_of(&items[i], "squares");

        off += fabs(number_of(&items[i], "predicted") - squares);
        assert_string_equal(ost_item_label(&items[i]), squares > 1.5   ? "2"
                                                       : squares > 0.5 ? "1"
                                                                       : "0");
    }
    assert_true(off / (double)n < 0.35);
    assert_string_equal(output_artifact(f, &done, "predictions").meta,
                        "{\"classes\":[],\"kind\":\"number\"}");
}

static void models_that_mark_pixels_are_for_another_stage(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done;

    f->file = with_scores(f, MASK_NETWORK, "sigmoid");
    done = judge(f, learned(f, "\"target\": \"mask.square\"", 8),
                 items_of(f, 1000, 4, NULL));
    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error,
                        "the model marks pixels (target 'mask.square'): "
                        "'predict' is for classes and numbers");
}

/* Alone, in sevens and in thirty-twos; a fresh store each time, so that
 * nothing is remembered. */
static void neighbors_and_threads_change_no_score(void **state)
{
    static const int sizes[] = { 1, 7, 32 };
    step_fixture *f = *state;
    double first[2] = { 0.0 };

    for (int i = 0; i < 3; i++) {
        const ost_item *items;
        ost_digest model;
        ost_done_msg done;
        size_t n;

        ost_batch_free(f->batch);
        ost_store_close(f->store);
        f->store = new_store(ost_arena_printf(&f->arena, "store%d", i));
        f->batch = ost_batch_new(f->store);
        f->threads = 2;
        f->file = with_scores(f, ROW_NETWORK, "sigmoid");
        model = learned(f, "\"target\": \"labels\"", 16);
        f->threads = 1 + (uint32_t)i;
        done = judge(f, model, items_of(f, 1000, sizes[i], NULL));
        assert_int_equal(done.computed, sizes[i]);
        items = output_items(f, &done, "predictions", &n);
        for (int k = 0; k < 2; k++) {
            double score =
                number_of(&items[0], k ? "score.right" : "score.left");

            if (i == 0)
                first[k] = score;
            assert_true(score == first[k]);
        }
    }
}

/* --- series ------------------------------------------------------------ */

/* Four frames of 8 x 8; a bright spot moves to the right, or stays. */
static ost_digest series_of(step_fixture *f, int first, int n, int frames)
{
    ost_item *items = OST_ARENA_ARRAY(&f->arena, ost_item, (size_t)n);
    ost_err err = { 0 };
    ost_digest d;

    for (int i = 0; i < n; i++) {
        unsigned char v[6 * 8 * 8];
        ost_rng r = ost_rng_of((uint64_t)(first + i), 2);
        char *id = ost_arena_printf(&f->arena, "s%04d", first + i);
        ost_field field = { .name = "frames",
                            .dtype = OST_U8,
                            .ndim = 3,
                            .shape = { frames, 8, 8 },
                            .stride = { 64, 8, 1 } };
        int y = (int)ost_rng_below(&r, 8);
        int x = (int)ost_rng_below(&r, 4);

        for (int k = 0; k < frames * 64; k++)
            v[k] = (unsigned char)ost_rng_below(&r, 60);
        for (int t = 0; t < frames; t++)
            v[t * 64 + y * 8 + x + (i % 2 ? t : 0)] = 250;
        items[i] = (ost_item){ .id = id, .group = id };
        ost_item_set_label(&f->arena, &items[i], i % 2 ? "moves" : "stays");
        assert_ok(ost_batch_put_blob(f->batch, v, (size_t)frames * 64,
                                     &field.blob, &err),
                  &err);
        ost_item_set_field(&f->arena, &items[i], &field);
    }
    assert_ok(ost_dataset_put(f->batch, OST_DATASET, "{}", items, (size_t)n, &d,
                              &err),
              &err);
    commit(f->batch);
    return d;
}

static void series_are_learned_and_judged(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = step_input_of("in", series_of(f, 0, 64, 4));
    const ost_item *items;
    ost_done_msg done;
    ost_digest model;
    ost_artifact a;
    size_t n, right = 0;

    f->numeric = backend_case_numeric();
    f->file =
        "{\"osteon_model\": 1, \"name\": \"n\", \"params\": "
        "{\"classes\": 2}, \"layers\": [{\"op\": \"conv3d\", \"out\": 8, "
        "\"kernel\": 3, \"padding\": 1}, {\"op\": \"relu\"}, {\"op\": "
        "\"global_max_pool\"}, {\"op\": \"dense\", \"out\": \"${classes}\"}]}";
    done = run_stage(f, "train",
                     "{\"network\": \"n\", \"field\": \"frames\", \"epochs\": "
                     "30, \"batch\": 8, \"learning_rate\": 0.02}",
                     &in, 1);
    model = output_digest(&done, "model");
    a = output_artifact(f, &done, "model");
    assert_non_null(strstr(a.meta,
                           "\"input\":{\"channels\":1,\"field\":\"frames\","
                           "\"frames\":4,\"height\":8,\"width\":8}"));
    done = judge(f, model, series_of(f, 1000, 20, 4));
    items = output_items(f, &done, "predictions", &n);
    assert_int_equal(n, 20);
    for (size_t i = 0; i < n; i++)
        right += strcmp(text_of(&items[i], "predicted"),
                        ost_item_label(&items[i])) == 0;
    assert_true(right >= 16);

    done = judge(f, model, series_of(f, 2000, 2, 3));
    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error,
                        "items are 3 frames of 8 x 8, the model learned 4 "
                        "frames of 8 x 8 (prepare both in the same way)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(each_label_has_a_score),
        step_test(one_output_speaks_of_the_positive_class),
        step_test(sigmoids_of_classes_share_one),
        step_test(a_number_is_predicted),
        step_test(models_that_mark_pixels_are_for_another_stage),
        step_test(neighbors_and_threads_change_no_score),
        step_test(series_are_learned_and_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
