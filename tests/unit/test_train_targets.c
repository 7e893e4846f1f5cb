/* tests/unit/test_train_targets.c - train learns every kind of target */
/* links: stages kernels store base */
/* on: cpu cuda */
#include "tests/support/backend_case.h"
#include "tests/support/squares.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_train;
const ost_stage *const ost_stages[] = { &ost_stage_train, NULL };

static ost_done_msg train(step_fixture *f, const char *with, ost_digest data,
                          ost_digest check)
{
    ost_step_input in[] = { step_input_of("in", data),
                            step_input_of("validation", check) };

    f->numeric = backend_case_numeric();
    return run_stage(
        f, "train",
        ost_arena_printf(&f->arena,
                         "{\"network\": \"n\", \"epochs\": 12, "
                         "\"batch\": 8, \"learning_rate\": 0.02%s}",
                         with),
        in, 2);
}

/* The last epoch's member `name`. */
static double reached(step_fixture *f, const ost_done_msg *done,
                      const char *name)
{
    ost_artifact a = output_artifact(f, done, "model");
    json_t *meta = json_loads(a.meta, 0, NULL);
    const json_t *history = json_object_get(meta, "history");
    const json_t *last = json_array_get(history, json_array_size(history) - 1);
    double value = json_number_value(json_object_get(last, name));

    assert_non_null(json_object_get(last, name));
    json_decref(meta);
    return value;
}

typedef struct lesson {
    const char *with;
    const char *scores;
    bool mask;
    const char *metric;
    double least;
    double most;
    const char *told; /* the model's "target" */
} lesson;

static const lesson lessons[] = {
    { ", \"target\": \"labels\", \"loss\": \"focal\"", "sigmoid", false,
      "val_accuracy", 0.9, 1.0,
      "{\"kind\":\"labels\",\"loss\":\"focal\",\"name\":\"labels\"}" },
    { ", \"target\": \"attribute.found\", \"network_params\": {\"classes\": "
      "1}, \"class_weights\": \"balanced\"",
      "sigmoid", false, "val_accuracy", 0.9, 1.0,
      "{\"kind\":\"label\",\"loss\":\"sigmoid_cross_entropy\",\"name\":"
      "\"attribute.found\",\"positive\":\"yes\"}" },
    { ", \"target\": \"attribute.side\"", "softmax", false, "val_accuracy", 0.9,
      1.0,
      "{\"kind\":\"label\",\"loss\":\"softmax_cross_entropy\",\"name\":"
      "\"attribute.side\"}" },
    { ", \"target\": \"attribute.squares\"", "none", false,
      "val_mean_absolute_error", 0.0, 0.35,
      "{\"kind\":\"number\",\"loss\":\"l2\",\"name\":\"attribute.squares\"}" },
    { ", \"target\": \"mask.square\"", "sigmoid", true, "val_dice", 0.9, 1.0,
      "{\"kind\":\"mask\",\"loss\":\"dice\",\"name\":\"mask.square\"}" },
    /* masks follow the pictures */
    { ", \"target\": \"mask.square\", \"augment\": {\"flip_v\": 1, "
      "\"translate_share\": 0.1}",
      "sigmoid", true, "val_dice", 0.85, 1.0,
      "{\"kind\":\"mask\",\"loss\":\"dice\",\"name\":\"mask.square\"}" },
};

static void every_kind_is_learned(void **state)
{
    step_fixture *f = *state;
    ost_digest data = items_of(f, 0, 64, NULL);
    ost_digest check = items_of(f, 1000, 24, NULL);

    for (size_t i = 0; i < sizeof(lessons) / sizeof(lessons[0]); i++) {
        const lesson *l = &lessons[i];
        ost_buf told = { 0 };
        ost_done_msg done;
        ost_artifact a;
        json_t *meta;
        double value;

        f->file =
            with_scores(f, l->mask ? MASK_NETWORK : ROW_NETWORK, l->scores);
        f->threads = 1 + (uint32_t)i % 2;
        done = train(f, l->with, data, check);
        value = reached(f, &done, l->metric);
        if (!(value >= l->least && value <= l->most))
            fail_msg("%s: %s is %g", l->with, l->metric, value);
        a = output_artifact(f, &done, "model");
        meta = json_loads(a.meta, 0, NULL);
        ost_json_canonical(&told, json_object_get(meta, "target"));
        assert_string_equal(ost_buf_str(&told), l->told);
        ost_buf_release(&told);
        json_decref(meta);
    }
}

static void threads_do_not_change_a_mask_model(void **state)
{
    step_fixture *f = *state;
    ost_digest data = items_of(f, 0, 20, NULL);
    ost_digest check = items_of(f, 1000, 9, NULL);
    ost_digest first = { 0 };

    f->file = with_scores(f, MASK_NETWORK, "sigmoid");
    for (f->threads = 1; f->threads <= 3; f->threads++) {
        ost_done_msg done =
            train(f, ", \"target\": \"mask.square\", \"loss\": \"focal\"", data,
                  check);
        ost_digest d = output_digest(&done, "model");

        if (f->threads == 1)
            first = d;
        assert_memory_equal(&d, &first, sizeof(d));
    }
}

static void drop_label(step_fixture *f, ost_item *item)
{
    (void)f;
    item->n_labels = 0;
}

static void number_for_text(step_fixture *f, ost_item *item)
{
    ost_item_set_number(&f->arena, item, "side", 3.0);
}

static void text_for_number(step_fixture *f, ost_item *item)
{
    ost_item_set_text(&f->arena, item, "squares", "many");
}

static void infinite(step_fixture *f, ost_item *item)
{
    ost_item_set_number(&f->arena, item, "squares", HUGE_VAL);
}

static void drop_mask(step_fixture *f, ost_item *item)
{
    ost_item_remove_field(&f->arena, item, "mask.square");
}

static void shrink_mask(step_fixture *f, ost_item *item)
{
    ost_field field = *ost_item_field(item, "mask.square");

    field.shape[0]--;
    ost_item_set_field(&f->arena, item, &field);
}

typedef struct fault {
    const char *with;
    void (*change)(step_fixture *f, ost_item *item);
    bool in_validation;
    const char *text;
} fault;

static const fault faults[] = {
    { "", drop_label, false, "item 'p0000' has 0 labels, must have one" },
    { ", \"target\": \"attribute.sides\"", NULL, false,
      "item 'p0000' has no attribute 'sides'" },
    { ", \"target\": \"attribute.side\"", number_for_text, false,
      "item 'p0001': attribute 'side' is a number, that of other items a "
      "text" },
    { ", \"target\": \"attribute.squares\"", text_for_number, false,
      "item 'p0001': attribute 'squares' is a text, that of other items a "
      "number" },
    { ", \"target\": \"attribute.squares\"", infinite, true,
      "item 'p1001': attribute 'squares' is not finite" },
    { ", \"target\": \"mask.square\"", drop_mask, true,
      "item 'p1001': there is no field 'mask.square' (there is 'image')" },
    { ", \"target\": \"mask.square\"", shrink_mask, true,
      "item 'p1001': field 'mask.square' has another size than that of the "
      "first training item" },
    { ", \"target\": \"mask.round\"", NULL, false,
      "item 'p0000': there is no field 'mask.round' (there is 'image', "
      "'mask.square')" },
    { ", \"target\": \"labels\", \"class_weights\": {\"top\": 2}", NULL, false,
      "param 'class_weights': no class 'top'" },
    { ", \"target\": \"mask.square\", \"class_weights\": \"balanced\"", NULL,
      false, "param 'class_weights': loss 'dice' knows no weights" },
};

static void data_that_do_not_fit_are_refused(void **state)
{
    step_fixture *f = *state;

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        const fault *t = &faults[i];
        bool mask = strstr(t->with, "mask.") != NULL;
        bool labels = strstr(t->with, "labels") != NULL;
        ost_done_msg done;

        f->file = with_scores(f, mask ? MASK_NETWORK : ROW_NETWORK,
                              mask || labels ? "sigmoid" : "none");
        done = train(f, t->with,
                     items_of(f, 0, 8, t->in_validation ? NULL : t->change),
                     items_of(f, 1000, 8, t->in_validation ? t->change : NULL));
        assert_int_not_equal(done.rc, OST_OK);
        assert_string_equal(done.error, t->text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(every_kind_is_learned),
        step_test(threads_do_not_change_a_mask_model),
        step_test(data_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
