/* tests/unit/test_training.c - train and predict as stages */
/* links: stages kernels store base */
/* on: cpu cuda */
#include "stages/safetensors.h"
#include "tests/support/trainings.h"

#include <stdlib.h>

#include "base/banned.h"

extern const ost_stage ost_stage_predict;
extern const ost_stage ost_stage_train;
const ost_stage *const ost_stages[] = { &ost_stage_predict, &ost_stage_train,
                                        NULL };

static const char recipe[] =
    "{\"network\": \"tiny.json\", \"epochs\": 8, \"batch\": 8, "
    "\"learning_rate\": 0.01}";

static ost_digest train(fixture *f, ost_digest data, uint32_t threads)
{
    ost_step_input in = input("in", data);
    ost_done_msg done = run(f, &ost_stage_train, recipe, threads, &in, 1);

    if (done.rc)
        fail_msg("%s", done.error);
    return done.outputs[0].artifact;
}

static void what_was_learned_is_found_again(void **state)
{
    fixture *f = *state;
    ost_digest model = train(f, pictures(f, 0, 63), 2);
    ost_step_input in[2] = { input("model", model),
                             input("data", pictures(f, 1000, 30)) };
    ost_done_msg done = run(f, &ost_stage_predict, "{}", 2, in, 2);
    ost_artifact a;
    ost_item *items;
    size_t n;
    int right = 0;
    ost_err err = { 0 };

    assert_int_equal(done.rc, OST_OK);
    assert_int_equal(done.computed, 30);
    assert_ok(ost_artifact_get(f->batch, &done.outputs[0].artifact, &f->arena,
                               &a, &err),
              &err);
    assert_string_equal(a.meta, "{\"classes\":[\"left\",\"none\",\"right\"]}");
    assert_ok(ost_dataset_items(f->batch, &a, &f->arena, &items, &n, &err),
              &err);
    assert_int_equal(n, 30);
    for (size_t i = 0; i < n; i++) {
        double sum = ost_item_attr(&items[i], "score.left")->number +
                     ost_item_attr(&items[i], "score.none")->number +
                     ost_item_attr(&items[i], "score.right")->number;

        assert_true(sum > 0.999999 && sum < 1.000001);
        assert_int_equal(items[i].n_fields, 0);
        right += strcmp(ost_item_attr(&items[i], "predicted")->text,
                        ost_item_label(&items[i])) == 0;
    }
    assert_true(right >= 28);
}

static void threads_do_not_change_the_model(void **state)
{
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 40);
    ost_digest one = train(f, data, 1);

    for (uint32_t t = 2; t <= 4; t += 2) {
        ost_digest other = train(f, data, t);

        assert_memory_equal(&one, &other, sizeof(one));
    }
}

/* Cut off after every few looks, until it is through. */
static void a_training_cut_off_ends_in_the_same_bytes(void **state)
{
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 40);
    ost_digest whole = train(f, data, 2);
    ost_step_input in = input("in", data);
    ost_done_msg done;
    int cuts = 0;

    ost_batch_free(f->batch);
    ost_store_close(f->store);
    f->store = new_store("other");
    f->batch = ost_batch_new(f->store);
    pictures(f, 0, 40);
    f->stop_after = 13; /* five batches are an epoch */
    while ((done = run(f, &ost_stage_train, recipe, 2, &in, 1)).rc ==
           OST_EINTERRUPTED)
        assert_true(++cuts < 20);
    assert_int_equal(done.rc, OST_OK);
    assert_true(cuts >= 3);
    assert_memory_equal(&done.outputs[0].artifact, &whole, sizeof(whole));
}

static void scores_do_not_depend_on_neighbors(void **state)
{
    fixture *f = *state;
    ost_digest model = train(f, pictures(f, 0, 21), 2);
    static const int sizes[] = { 1, 7, 32 };
    double alone = 0.0;

    for (int i = 0; i < 3; i++) {
        ost_step_input in[2] = { input("model", model),
                                 input("data", pictures(f, 3000, sizes[i])) };
        ost_done_msg done;
        ost_artifact a;
        ost_item *items;
        size_t n;
        ost_err err = { 0 };

        done = run(f, &ost_stage_predict, "{}", 2, in, 2);
        assert_int_equal(done.rc, OST_OK);
        /* those that were judged before are remembered */
        assert_int_equal(done.remembered, i ? sizes[i - 1] : 0);
        assert_ok(ost_artifact_get(f->batch, &done.outputs[0].artifact,
                                   &f->arena, &a, &err),
                  &err);
        assert_ok(ost_dataset_items(f->batch, &a, &f->arena, &items, &n, &err),
                  &err);
        if (i == 0)
            alone = ost_item_attr(&items[0], "score.left")->number;
        assert_true(ost_item_attr(&items[0], "score.left")->number == alone);
    }
}

static void expect_fault(fixture *f, const char *with, const ost_step_input *in,
                         uint32_t n, const char *text)
{
    ost_done_msg done = run(f, &ost_stage_train, with, 1, in, n);

    assert_int_not_equal(done.rc, OST_OK);
    assert_string_equal(done.error, text);
}

static void faults_name_what_to_do(void **state)
{
    fixture *f = *state;
    ost_step_input in = input("in", pictures(f, 0, 1));

    expect_fault(f, recipe, &in, 1, "all 1 items are of class 'left'");
    in = input("in", pictures(f, 0, 6));
    expect_fault(f, "{\"network\": \"n\", \"patience\": 3}", &in, 1,
                 "'patience' needs a dataset at port 'validation'");
    expect_fault(f, "{\"network\": \"n\", \"field\": \"mask.x\"}", &in, 1,
                 "item 'p0000': there is no field 'mask.x' (there is 'image')");
    expect_fault(f, "{\"network\": \"n\", \"network_params\": {\"depth\": 3}}",
                 &in, 1, "n:2:11: network 'tiny' has no param 'depth'");
}

static void patience_keeps_the_best(void **state)
{
    fixture *f = *state;
    ost_step_input in[2] = { input("in", pictures(f, 0, 30)),
                             input("validation", pictures(f, 500, 12)) };
    ost_done_msg done =
        run(f, &ost_stage_train,
            "{\"network\": \"n\", \"epochs\": 60, \"patience\": 2, \"keep\": "
            "\"best\", \"learning_rate\": 0.05, \"optimizer\": \"sgd\", "
            "\"class_weights\": \"balanced\", \"schedule\": \"step\"}",
            2, in, 2);
    const json_t *history;
    ost_artifact a;
    json_t *meta;
    ost_err err = { 0 };

    assert_int_equal(done.rc, OST_OK);
    assert_ok(ost_artifact_get(f->batch, &done.outputs[0].artifact, &f->arena,
                               &a, &err),
              &err);
    meta = json_loads(a.meta, 0, NULL);
    history = json_object_get(meta, "history");
    assert_true(json_array_size(history) < 60);
    assert_true(json_is_number(json_object_get(
        json_array_get(history, json_array_size(history) - 1), "val_loss")));
    json_decref(meta);
}

static void weights_that_do_not_fit_are_refused(void **state)
{
    fixture *f = *state;
    ost_backend *b = NULL;
    ost_weights *w;
    ost_weight like = { .name = (char *)(uintptr_t) "a",
                        .ndim = 1,
                        .shape = { 3 } };
    ost_weight *made;
    ost_buf out = { 0 };
    ost_err err = { 0 };
    const float numbers[] = { 1.0f, 2.0f, 3.0f };

    (void)f;
    assert_ok(ost_backend_open("cpu", 1, &b, &err), &err);
    w = ost_weights_new(b);
    assert_ok(ost_weights_declare(w, &like, &made, &err), &err);
    assert_ok(ost_weights_place(w, made, 3, NULL, false, &err), &err);
    assert_ok(ost_weights_set(w, made, OST_PART_DATA, numbers, &err), &err);
    assert_ok(ost_safetensors_write(w, &out, &err), &err);
    assert_ok(ost_safetensors_read(w, out.data, out.len, &err), &err);
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(ost_safetensors_read(w, out.data, n, &err),
                         OST_EINPUT);
    for (size_t i = 8; i < out.len - 12; i++) {
        unsigned char was = out.data[i];

        out.data[i] = '7';
        ost_safetensors_read(w, out.data, out.len, &err);
        out.data[i] = was;
    }
    made->shape[0] = 2;
    assert_int_equal(ost_safetensors_read(w, out.data, out.len, &err),
                     OST_EINPUT);
    assert_string_equal(err.text, "tensor 'a' is 3, the network's 2");
    ost_buf_release(&out);
    ost_weights_free(w);
    ost_backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_learned_is_found_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(threads_do_not_change_the_model, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_training_cut_off_ends_in_the_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(scores_do_not_depend_on_neighbors,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(faults_name_what_to_do, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(patience_keeps_the_best, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(weights_that_do_not_fit_are_refused,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
