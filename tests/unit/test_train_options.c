/* tests/unit/test_train_options.c - what a training can be told */
/* links: stages kernels store base */
/* on: cpu cuda */
#include "stages/changed_pictures.h"
#include "stages/sampling.h"
#include "tests/support/trainings.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

extern const ost_stage ost_stage_train;
const ost_stage *const ost_stages[] = { &ost_stage_train, NULL };

/* Everything at once, on all ports. */
static const char everything[] =
    "{\"network\": \"tiny.json\", \"steps\": 33, \"batch\": 10, "
    "\"micro_batch\": 4, \"optimizer\": \"sgd\", \"nesterov\": true, "
    "\"learning_rate\": 0.05, \"weight_decay\": 0.001, \"clip_norm\": 0.5, "
    "\"per_class\": {\"left\": 20, \"right\": 10, \"none\": 11}, "
    "\"augment\": {\"rotate\": 5, \"translate_share\": 0.05, \"contrast\": "
    "0.2}, "
    "\"schedule\": \"plateau\", \"step_epochs\": 1, \"step_factor\": 0.5, "
    "\"warmup_steps\": 7, \"keep\": \"best\"}";

static ost_done_msg train_on(fixture *f, const char *with, uint32_t threads,
                             ost_digest in, const ost_digest *validation,
                             const ost_digest *init)
{
    ost_step_input ports[3] = { input("in", in) };
    uint32_t n = 1;

    if (validation)
        ports[n++] = input("validation", *validation);
    if (init)
        ports[n++] = input("init", *init);
    return run(f, &ost_stage_train, with, threads, ports, n);
}

static ost_digest model_of(ost_done_msg done)
{
    if (done.rc)
        fail_msg("%s", done.error);
    return done.outputs[0].artifact;
}

/* The metadata of a model; caller decrefs. */
static json_t *meta_of(fixture *f, ost_digest model)
{
    ost_artifact a;
    ost_err err = { 0 };

    assert_ok(ost_artifact_get(f->batch, &model, &f->arena, &a, &err), &err);
    return json_loads(a.meta, 0, NULL);
}

/* The digest of a model's weights. */
static ost_digest weights_of(fixture *f, ost_digest model)
{
    ost_artifact a;
    ost_err err = { 0 };

    assert_ok(ost_artifact_get(f->batch, &model, &f->arena, &a, &err), &err);
    assert_int_equal(a.n_refs, 1);
    return a.refs[0].digest;
}

static double number_of(const json_t *meta, const char *list, size_t i,
                        const char *name)
{
    return json_number_value(
        json_object_get(json_array_get(json_object_get(meta, list), i), name));
}

static void all_options_do_not_hang_on_threads(void **state)
{
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 40);
    ost_digest judge = pictures(f, 700, 9);
    ost_digest first = model_of(train_on(f, everything, 1, data, &judge, NULL));

    for (uint32_t t = 2; t <= 4; t++) {
        ost_digest other =
            model_of(train_on(f, everything, t, data, &judge, NULL));

        assert_memory_equal(&first, &other, sizeof(first));
    }
}

/* Cut off within epochs, after every few updates, until it is through. */
static void all_options_survive_being_cut_off(void **state)
{
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 40);
    ost_digest judge = pictures(f, 700, 9);
    ost_digest begun = model_of(train_on(f,
                                         "{\"network\": \"tiny.json\", "
                                         "\"epochs\": 1}",
                                         1, data, NULL, NULL));
    ost_digest whole =
        model_of(train_on(f, everything, 2, data, &judge, &begun));
    ost_done_msg done;
    int cuts = 0;

    ost_batch_free(f->batch);
    ost_store_close(f->store);
    f->store = new_store("other");
    f->batch = ost_batch_new(f->store);
    data = pictures(f, 0, 40);
    judge = pictures(f, 700, 9);
    begun = model_of(train_on(f, "{\"network\": \"tiny.json\", \"epochs\": 1}",
                              1, data, NULL, NULL));
    f->stop_after = 3;
    while ((done = train_on(f, everything, 1 + (uint32_t)cuts % 3, data, &judge,
                            &begun))
               .rc == OST_EINTERRUPTED)
        assert_true(++cuts < 40);
    assert_int_equal(done.rc, OST_OK);
    assert_true(cuts >= 8);
    assert_memory_equal(&done.outputs[0].artifact, &whole, sizeof(whole));
}

/* Parts of a batch: the same training, but for rounding. */
static void parts_add_up_to_the_batch(void **state)
{
    static const char whole[] =
        "{\"network\": \"plain\", \"epochs\": 3, \"batch\": 16, "
        "\"learning_rate\": 0.1, \"optimizer\": \"sgd\", \"class_weights\": "
        "\"balanced\"}";
    static const char parts[] =
        "{\"network\": \"plain\", \"epochs\": 3, \"batch\": 16, "
        "\"learning_rate\": 0.1, \"optimizer\": \"sgd\", \"class_weights\": "
        "\"balanced\", \"micro_batch\": %d}";
    fixture *f = *state;
    ost_digest data = special_pictures(f, 0, 45, MOSTLY_LEFT);
    json_t *a = meta_of(f, model_of(train_on(f, whole, 2, data, NULL, NULL)));

    for (int size = 1; size <= 16; size += 5) {
        char *with = ost_arena_printf(&f->arena, parts, size);
        json_t *b =
            meta_of(f, model_of(train_on(f, with, 2, data, NULL, NULL)));

        assert_int_equal(json_array_size(json_object_get(b, "history")), 3);
        for (size_t e = 0; e < 3; e++) {
            double x = number_of(a, "history", e, "loss");
            double y = number_of(b, "history", e, "loss");

            if (!(fabs(x - y) < 1e-5 * x))
                fail_msg("parts of %d: loss %.9g, not %.9g", size, y, x);
            assert_true(number_of(a, "history", e, "accuracy") ==
                        number_of(b, "history", e, "accuracy"));
        }
        json_decref(b);
    }
    json_decref(a);
}

/* Always flipped as they are taken, or flipped beforehand. */
static void changes_are_those_of_stored_pictures(void **state)
{
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 30);
    ost_digest flipped = special_pictures(f, 0, 30, FLIPPED);
    ost_digest as_taken =
        weights_of(f, model_of(train_on(f,
                                        "{\"network\": \"n\", \"epochs\": 2, "
                                        "\"augment\": {\"flip_h\": 1}}",
                                        2, data, NULL, NULL)));
    ost_digest before = weights_of(
        f, model_of(train_on(f, "{\"network\": \"n\", \"epochs\": 2}", 2,
                             flipped, NULL, NULL)));
    ost_digest plain = weights_of(
        f, model_of(train_on(f, "{\"network\": \"n\", \"epochs\": 2}", 2, data,
                             NULL, NULL)));

    assert_memory_equal(&as_taken, &before, sizeof(before));
    assert_memory_not_equal(&as_taken, &plain, sizeof(plain));
}

static void changes_are_drawn_anew_in_each_epoch(void **state)
{
    fixture *f = *state;
    ost_picture_set set = { .n = 1, .channels = 1, .height = 4, .width = 4 };
    const ost_normalization norm = { 1, { 0.0 }, { 1.0 } };
    const ost_change_ranges ranges = { .brightness = 1.0 };
    const uint32_t twice[] = { 0, 0 };
    float picture[16] = { 0.0f };
    ost_tensor t = ost_tensor_of(picture, OST_F32, 2, (int64_t[]){ 4, 4 });
    step_state step = { .msg = &(ost_step_msg){ .threads = 2 } };
    ost_stage_ctx ctx = { .step = &step };
    ost_changed_pictures c;
    float out[3][32];
    ost_err err = { 0 };

    (void)f;
    set.tensors = &t;
    assert_ok(ost_changed_pictures_init(&c, &ctx, &set, &ranges, 5, 2, &err),
              &err);
    for (int i = 0; i < 3; i++)
        assert_ok(ost_changed_pictures_load(&c, &norm, i != 0, i == 2, twice, 2,
                                            out[i], &err),
                  &err);
    assert_true(out[0][0] != out[0][16]);
    assert_true(out[0][0] != out[1][0]);
    /* what stands at place 1, alone or as the second of two */
    assert_true(out[1][16] == out[2][0]);
    ost_changed_pictures_release(&c);
}

static void an_epoch_has_so_many_of_each_class(void **state)
{
    size_t wanted[] = { 5, 2, 7 };
    size_t first[] = { 0, 2, 8, 11 };
    uint32_t members[] = { 3, 8, 0, 1, 2, 4, 5, 6, 7, 9, 10 };
    const ost_sampling s = { .n = 11,
                             .epoch_items = 14,
                             .n_classes = 3,
                             .wanted = wanted,
                             .first = first,
                             .members = members };
    uint32_t index[2][14];

    (void)state;
    for (int epoch = 0; epoch < 2; epoch++) {
        int times[11] = { 0 };
        ost_rng r = ost_rng_of(1, (uint64_t)epoch);

        ost_sampling_draw(&s, &r, index[epoch]);
        for (int i = 0; i < 14; i++)
            times[index[epoch][i]]++;
        for (size_t c = 0; c < 3; c++) {
            int all = 0;

            for (size_t i = first[c]; i < first[c + 1]; i++) {
                int least = (int)(wanted[c] / (first[c + 1] - first[c]));

                assert_in_range(times[members[i]], least, least + 1);
                all += times[members[i]];
            }
            assert_int_equal(all, wanted[c]);
        }
    }
    assert_memory_not_equal(index[0], index[1], sizeof(index[0]));
}

static void sampling_says_what_is_missing(void **state)
{
    static const struct {
        const char *with;
        const char *text;
    } rows[] = {
        { "{\"network\": \"n\", \"per_class\": {\"left\": 3, \"none\": 2}}",
          "class 'right' has no 'per_class'" },
        { "{\"network\": \"n\", \"per_class\": {\"left\": 3, \"none\": 2, "
          "\"right\": 2, \"up\": 1}}",
          "no item is of class 'up' that 'per_class' names" },
        { "{\"network\": \"n\", \"per_class\": {\"left\": 0, \"none\": 0, "
          "\"right\": 0}}",
          "'per_class' leaves no items" },
        { "{\"network\": \"n\", \"warmup_steps\": 20, \"batch\": 8}",
          "the warm-up has 20 updates, the training 20" },
        { "{\"network\": \"n\", \"schedule\": \"plateau\"}",
          "'schedule': 'plateau' needs a dataset at port 'validation'" },
    };
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 12);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_done_msg done = train_on(f, rows[i].with, 1, data, NULL, NULL);

        assert_int_equal(done.rc, OST_EINPUT);
        assert_string_equal(done.error, rows[i].text);
    }
}

static void steps_count_updates(void **state)
{
    fixture *f = *state;
    ost_digest data = special_pictures(f, 0, 40, MOSTLY_LEFT);
    json_t *meta = meta_of(
        f, model_of(train_on(f,
                             "{\"network\": \"n\", \"steps\": 7, \"batch\": 8, "
                             "\"sampling\": \"balanced\", \"schedule\": "
                             "\"cosine\", \"min_learning_rate\": 0.0001}",
                             1, data, NULL, NULL)));
    const json_t *metrics = json_object_get(meta, "metrics");
    const json_t *made = json_object_get(meta, "training");
    const json_t *recipe = json_object_get(made, "recipe");
    char hex[OST_DIGEST_HEX];

    assert_int_equal(json_array_size(json_object_get(meta, "history")), 2);
    assert_true(number_of(meta, "history", 0, "step") == 5.0);
    assert_true(number_of(meta, "history", 1, "step") == 7.0);
    assert_true(number_of(meta, "history", 1, "learning_rate") < 0.0003);
    assert_int_equal(json_integer_value(json_object_get(metrics, "epoch")), 2);
    assert_string_equal(json_string_value(json_object_get(made, "digest")),
                        ost_digest_hex(&data, hex));
    assert_string_equal(json_string_value(json_object_get(recipe, "sampling")),
                        "balanced");
    assert_int_equal(json_integer_value(json_object_get(recipe, "steps")), 7);
    assert_null(json_object_get(recipe, "network"));
    json_decref(meta);
}

/* With a step size of nothing the weights stay what they were at first. */
static void a_training_begins_with_the_weights_of_a_model(void **state)
{
    static const char idle[] =
        "{\"network\": \"plain\", \"epochs\": 1, \"learning_rate\": 0}";
    fixture *f = *state;
    ost_digest three = pictures(f, 0, 30);
    ost_digest two = special_pictures(f, 0, 30, TWO_CLASSES);
    ost_digest begun = model_of(train_on(f,
                                         "{\"network\": \"plain\", "
                                         "\"epochs\": 2}",
                                         1, three, NULL, NULL));
    ost_digest same = model_of(train_on(f, idle, 1, three, NULL, &begun));
    ost_digest a = weights_of(f, begun);
    ost_digest b = weights_of(f, same);
    ost_done_msg done = train_on(f, idle, 1, two, NULL, &begun);
    json_t *meta = meta_of(f, model_of(done));
    const json_t *init = json_object_get(meta, "init");

    assert_memory_equal(&a, &b, sizeof(a));
    assert_non_null(strstr(done.notes, "init: 2 weights loaded, 2 skipped"));
    assert_int_equal(json_array_size(json_object_get(init, "loaded")), 2);
    assert_int_equal(json_array_size(json_object_get(init, "skipped")), 2);
    json_decref(meta);
}

/* Checks params as the command does before anything runs. */
static ost_rc check_params(fixture *f, const char *with, ost_err *err)
{
    json_t *given = json_loads(with, 0, NULL);
    json_t *full = NULL;
    const void *params;
    ost_rc rc;

    assert_non_null(given);
    assert_ok(ost_params_complete(&ost_stage_train, given, give_network, NULL,
                                  &full, err),
              err);
    assert_ok(ost_params_fill(&ost_stage_train, full, &f->arena, &params, err),
              err);
    rc = ost_stage_train.check(params, err);
    json_decref(full);
    json_decref(given);
    return rc;
}

static void senseless_combinations_are_refused(void **state)
{
    static const struct {
        const char *words;
        const char *text;
    } rows[] = {
        { "\"nesterov\": true", "'nesterov' is of 'optimizer': 'sgd' with a "
                                "'momentum' above 0" },
        { "\"nesterov\": true, \"optimizer\": \"sgd\", \"momentum\": 0",
          "'nesterov' is of 'optimizer': 'sgd' with a 'momentum' above 0" },
        { "\"micro_batch\": 17", "'micro_batch' is above 'batch', which it is "
                                 "to be a part of" },
        { "\"sampling\": \"balanced\", \"class_weights\": \"balanced\"",
          "'sampling' and 'class_weights' are both 'balanced', and one of them "
          "is enough" },
        { "\"per_class\": 3, \"class_weights\": \"balanced\"",
          "'per_class' says how many items of each class there are to be, and "
          "'class_weights': 'balanced' knows only how many there were" },
        { "\"sampling\": \"balanced\", \"per_class\": 3",
          "'per_class' says how many items of each class there are to be, so "
          "'sampling' cannot be 'balanced' too" },
        { "\"per_class\": 0.5",
          "'per_class' is neither a whole number above 0 nor an object from "
          "class to whole number" },
        { "\"per_class\": {\"a\": -1}",
          "'per_class' of class 'a' is not a whole number" },
        { "\"min_learning_rate\": 0.0001",
          "'min_learning_rate' is of 'schedule': 'cosine' and 'plateau'" },
        { "\"min_learning_rate\": 0.1, \"schedule\": \"cosine\"",
          "'min_learning_rate' is above 'learning_rate'" },
        { "\"warmup_steps\": 3, \"warmup_epochs\": 1",
          "'warmup_epochs' and 'warmup_steps' are two words for one thing" },
        { "\"warmup_epochs\": 10", "the warm-up is as long as the training" },
        { "\"warmup_steps\": 30, \"steps\": 30",
          "the warm-up is as long as the training" },
        { "\"milestones\": [3]",
          "'milestones' are epochs of 'schedule': 'milestones'" },
        { "\"schedule\": \"milestones\"",
          "'schedule': 'milestones' needs 'milestones'" },
        { "\"schedule\": \"milestones\", \"milestones\": [3, 3]",
          "'milestones' are to go up" },
        { "\"augment\": {}", "'augment' changes nothing (all is 0)" },
        { "\"augment\": {\"fill\": 3}",
          "'augment' changes nothing (all is 0)" },
        { "\"augment\": {\"rotate\": 200}",
          "'augment': param 'rotate': 200 is out of range (expected "
          "number from 0 to 180)" },
        { "\"augment\": {\"rotat\": 2}",
          "'augment': stage 'augment' has no param 'rotat' (did you mean "
          "'rotate'?)" },
    };
    fixture *f = *state;
    ost_err err = { 0 };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *with = ost_arena_printf(&f->arena, "{\"network\": \"n\", %s}",
                                      rows[i].words);

        assert_int_equal(check_params(f, with, &err), OST_EWORKFLOW);
        assert_string_equal(err.text, rows[i].text);
    }
    assert_ok(check_params(f, everything, &err), &err);
}

/* The `with` objects of docs/training.md: blocks that begin with a network. */
static void recipes_of_the_manual_are_valid(void **state)
{
    static const char begin[] = "\n    { \"network\"";
    fixture *f = *state;
    char *path = ost_path_join(getenv("OSTEON_SOURCE"), "docs/training.md");
    const char *text;
    ost_buf data = { 0 };
    ost_err err = { 0 };
    int found = 0;

    assert_ok(ost_fs_read(path, 1 << 20, &data, &err), &err);
    text = ost_buf_str(&data);
    while ((text = strstr(text, begin))) {
        json_t *with = json_loads(++text, JSON_DISABLE_EOF_CHECK, NULL);
        char *words = json_dumps(with, 0);
        ost_param_faults faults = { 0 };

        if (!with)
            fail_msg("no JSON: %.60s", text);
        ost_params_check(&ost_stage_train, with, &faults);
        if (faults.len)
            fail_msg("%.60s: %s", text, faults.data[0].text);
        assert_ok(check_params(f, words, &err), &err);
        ost_vec_release(&faults);
        (free)(words);
        json_decref(with);
        found++;
    }
    assert_int_equal(found, 7);
    ost_buf_release(&data);
    ost_free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_options_do_not_hang_on_threads),
        TEST(all_options_survive_being_cut_off),
        TEST(parts_add_up_to_the_batch),
        TEST(changes_are_those_of_stored_pictures),
        TEST(changes_are_drawn_anew_in_each_epoch),
        TEST(an_epoch_has_so_many_of_each_class),
        TEST(sampling_says_what_is_missing),
        TEST(steps_count_updates),
        TEST(a_training_begins_with_the_weights_of_a_model),
        TEST(senseless_combinations_are_refused),
        TEST(recipes_of_the_manual_are_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
