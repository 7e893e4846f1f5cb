/* tests/unit/test_evaluate_masks.c - the stage that judges masks */
/* links: stages store base */
#include "tests/support/judging.h"

#include "base/banned.h"

extern const ost_stage ost_stage_evaluate_masks;
const ost_stage *const ost_stages[] = { &ost_stage_evaluate_masks, NULL };

/* Masks are drawn as rows of '#' and '.', all of one length. */
static void add_mask(fixture *f, ost_item *item, const char *name,
                     int64_t planes, int64_t height, const char *const *rows)
{
    int64_t width = (int64_t)strlen(rows[0]);
    int64_t shape[] = { planes, height, width };
    int flat = planes == 1;
    ost_tensor t = ost_tensor_of(NULL, OST_U8, 3 - flat, shape + flat);
    ost_field field = { .name = name, .dtype = OST_U8, .ndim = t.ndim };
    size_t n = (size_t)(planes * height * width);
    uint8_t *pixels = ost_xalloc(n);
    ost_err err = { 0 };

    for (size_t i = 0; i < n; i++)
        pixels[i] = rows[i / (size_t)width][i % (size_t)width] == '#';
    memcpy(field.shape, t.shape, sizeof(field.shape));
    memcpy(field.stride, t.stride, sizeof(field.stride));
    assert_ok(ost_batch_put_blob(f->batch, pixels, n, &field.blob, &err), &err);
    ost_item_set_field(&f->arena, item, &field);
    ost_free(pixels);
}

enum { TALL = 4 };

static const char *const square[] = { "##....", "##....", "......", "......" };
static const char *const wide[] = { "####..", "......", "......", "......" };
static const char *const two[] = { "##....", "##....", ".....#", "....##" };
static const char *const none[] = { "......", "......", "......", "......" };

static ost_item pictured(fixture *f, const char *id, const char *group,
                         const char *const *found, const char *const *truth)
{
    ost_item item = { .id = id, .group = group };

    if (found)
        add_mask(f, &item, "mask.found", 1, TALL, found);
    if (truth)
        add_mask(f, &item, "mask.truth", 1, TALL, truth);
    return item;
}

static ost_step_input put(fixture *f, const char *port, const ost_item *items,
                          size_t n)
{
    return at_port(port, put_items(f->batch, OST_DATASET, "{}", items, n));
}

static json_t *judge_masks(fixture *f, const char *with,
                           const ost_step_input *in, size_t n)
{
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_evaluate_masks, with, in, n, &f->arena);

    return document_of(f->batch, &done, &f->arena);
}

static void fails(fixture *f, const char *with, const ost_step_input *in,
                  size_t n, const char *message)
{
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_evaluate_masks, with, in, n, &f->arena);

    assert_int_not_equal(done.rc, OST_OK);
    assert_string_equal(done.error, message);
}

#define BOTH "'predicted': 'mask.found', 'reference': 'mask.truth'"

static void numbers_of_each_picture(void **state)
{
    fixture *f = *state;
    ost_item items[] = { pictured(f, "i1", "p1", square, square),
                         pictured(f, "i2", "p2", wide, square) };
    ost_step_input in = put(f, "in", items, 2);
    json_t *doc = judge_masks(f, "{" BOTH "}", &in, 1);

    near(doc, "items.0.dice", 1);
    near(doc, "items.0.hd", 0);
    near(doc, "items.0.surface_dice", 1);
    near(doc, "items.1.dice", 4.0 / 8);
    near(doc, "items.1.iou", 2.0 / 6);
    /* (0, 3) is 2 from (0, 1); (1, 0) is 1 from (0, 0). */
    near(doc, "items.1.hd", 2);
    near(doc, "items.1.hd95", 2 * 0.85 + 1 * 0.15);
    near(doc, "items.1.surface_dice", 7.0 / 8);
    near(doc, "items.1.area_predicted", 4);
    near(doc, "items.1.area_difference", 0);
    near(doc, "pooled.dice", 0.75);
    near(doc, "pooled.means.dice.median", 0.75);
    near(doc, "pooled.dice_variants.pooled.value", 12.0 / 16);
    near(doc, "pooled.lesion_sensitivity", 1);
    near(doc, "pooled.n_groups", 2);
    assert_true(number(doc, "pooled.intervals.dice.lo") == 0.5);
    assert_true(number(doc, "pooled.intervals.dice.hi") == 1);
    json_decref(doc);
}

/* A false alarm, a miss, nothing on both sides, and one that is right. */
static void empty_masks_count_as_they_should(void **state)
{
    fixture *f = *state;
    ost_item items[] = { pictured(f, "alarm", "p1", square, none),
                         pictured(f, "miss", "p2", none, square),
                         pictured(f, "nothing", "p3", none, none),
                         pictured(f, "right", "p4", square, square) };
    ost_step_input in = put(f, "in", items, 4);
    json_t *doc = judge_masks(f, "{" BOTH "}", &in, 1);

    near(doc, "pooled.n_both_empty", 1);
    near(doc, "pooled.n_only_predicted", 1);
    near(doc, "pooled.n_only_reference", 1);
    near(doc, "pooled.dice", 1.0 / 3);
    near(doc, "pooled.dice_variants.not_both_empty.value", 1.0 / 3);
    near(doc, "pooled.dice_variants.not_both_empty.n", 3);
    near(doc, "pooled.dice_variants.with_reference.value", 1.0 / 2);
    near(doc, "pooled.dice_variants.with_reference.n", 2);
    near(doc, "pooled.dice_variants.empty_is_one.value", 2.0 / 4);
    near(doc, "pooled.dice_variants.empty_is_one.n", 4);
    near(doc, "pooled.dice_variants.pooled.value", 8.0 / 16);
    near(doc, "pooled.means.dice.skipped", 1);
    near(doc, "pooled.means.hd.n", 1);
    near(doc, "pooled.means.hd.skipped", 3);
    near(doc, "pooled.surface_dice", 1.0 / 3);
    near(doc, "pooled.lesion_sensitivity", 1.0 / 2);
    near(doc, "pooled.lesion_precision", 1.0 / 2);
    near(doc, "pooled.false_positives_per_image", 1.0 / 4);
    /* Items are sorted by id. */
    near(doc, "items.0.dice", 0);
    undefined(doc, "items.0.hd95", "a mask is empty");
    undefined(doc, "items.0.relative_area_difference",
              "the reference is empty");
    near(doc, "items.1.dice", 0);
    near(doc, "items.1.relative_area_difference", -1);
    undefined(doc, "items.2.dice", "both masks are empty");
    undefined(doc, "items.2.hd", "a mask is empty");
    json_decref(doc);
    in = put(f, "in", items + 2, 1);
    doc = judge_masks(f, "{" BOTH "}", &in, 1);
    undefined(doc, "pooled.dice", "both masks are empty");
    undefined(doc, "pooled.dice_variants.pooled.value", "both masks are empty");
    near(doc, "pooled.dice_variants.empty_is_one.value", 1);
    json_decref(doc);
}

static void lesions_are_met_by_a_share(void **state)
{
    fixture *f = *state;
    ost_item item = pictured(f, "i", "p", wide, two);
    ost_step_input in = put(f, "in", &item, 1);
    json_t *doc = judge_masks(f, "{" BOTH "}", &in, 1);

    near(doc, "items.0.lesions.reference", 2);
    near(doc, "items.0.lesions.found", 1);
    near(doc, "items.0.lesions.predicted", 1);
    near(doc, "items.0.lesions.false", 0);
    undefined(doc, "pooled.intervals.dice", "fewer than two groups");
    json_decref(doc);
    /* Half of the square is marked, and half of what is marked is in it. */
    doc = judge_masks(f, "{" BOTH ", 'overlap': 0.6, 'bootstrap': 0}", &in, 1);
    near(doc, "items.0.lesions.found", 0);
    near(doc, "items.0.lesions.false", 1);
    near(doc, "pooled.lesion_precision", 0);
    json_decref(doc);
    doc = judge_masks(f, "{" BOTH ", 'overlap': 0.5, 'least': 4}", &in, 1);
    near(doc, "items.0.lesions.reference", 1);
    near(doc, "pooled.lesion_sensitivity", 1);
    json_decref(doc);
}

/* A stack is one picture; what is in one plane is not near the other. */
static void stacks_are_one_picture(void **state)
{
    static const char *const found[] = { "##..", "....", "....", "..##" };
    static const char *const truth[] = { "##..", "....", "....", "##.." };
    static const char *const first[] = { "##..", "....", "....", "...." };
    fixture *f = *state;
    ost_item item = { .id = "s", .group = "p" };
    ost_step_input in;
    json_t *doc;

    add_mask(f, &item, "mask.found", 2, 2, found);
    add_mask(f, &item, "mask.truth", 2, 2, truth);
    in = put(f, "in", &item, 1);
    doc = judge_masks(f, "{" BOTH "}", &in, 1);
    near(doc, "items.0.dice", 0.5);
    near(doc, "items.0.hd", 2);
    near(doc, "items.0.lesions.reference", 2);
    near(doc, "items.0.lesions.found", 1);
    json_decref(doc);
    add_mask(f, &item, "mask.found", 2, 2, first);
    in = put(f, "in", &item, 1);
    doc = judge_masks(f, "{" BOTH "}", &in, 1);
    near(doc, "items.0.dice", 4.0 / 6);
    undefined(doc, "items.0.hd", "a mask is empty");
    near(doc, "items.0.surface_dice", 4.0 / 6);
    json_decref(doc);
}

static void distances_are_in_one_unit(void **state)
{
    fixture *f = *state;
    ost_item items[] = { pictured(f, "i1", "p1", wide, square),
                         pictured(f, "i2", "p2", wide, square) };
    ost_step_input in;
    json_t *doc;

    ost_item_set_number(&f->arena, &items[0], "spacing.y", 3);
    ost_item_set_number(&f->arena, &items[0], "spacing.x", 0.5);
    in = put(f, "in", items, 2);
    fails(
        f, "{" BOTH "}", &in, 1,
        "item 'i2' has no 'spacing.y' and 'spacing.x', and others have: param "
        "'unit' pixels measures without");
    in = put(f, "in", items, 2);
    doc = judge_masks(f, "{" BOTH ", 'unit': 'pixels'}", &in, 1);
    near(doc, "items.0.hd", 2);
    json_decref(doc);
    in = put(f, "in", items, 1);
    doc = judge_masks(f, "{" BOTH "}", &in, 1);
    assert_string_equal(json_string_value(at(doc, "unit")), "mm");
    /* One row down is now further than two columns right. */
    near(doc, "items.0.hd", 3);
    near(doc, "items.0.area_reference", 6);
    json_decref(doc);
    in = put(f, "in", items + 1, 1);
    doc = judge_masks(f, "{" BOTH "}", &in, 1);
    assert_string_equal(json_string_value(at(doc, "unit")), "pixels");
    json_decref(doc);
    in = put(f, "in", items + 1, 1);
    fails(f, "{" BOTH ", 'unit': 'mm'}", &in, 1,
          "item 'i2' has no 'spacing.y' and 'spacing.x': param 'unit' pixels "
          "measures without");
}

static void references_are_joined_by_id(void **state)
{
    fixture *f = *state;
    ost_item made[] = { pictured(f, "i1", "p1", wide, NULL),
                        pictured(f, "i2", "p2", square, NULL) };
    ost_item true_ones[] = { pictured(f, "i1", "p1", NULL, square),
                             pictured(f, "i2", "p2", NULL, square),
                             pictured(f, "i3", "p3", NULL, square) };
    ost_step_input in[3];
    json_t *doc;

    in[0] = put(f, "in", made, 2);
    in[1] = put(f, "reference", true_ones, 3);
    doc = judge_masks(f, "{" BOTH "}", in, 2);
    near(doc, "pooled.n_items", 2);
    near(doc, "pooled.dice", 0.75);
    json_decref(doc);
    in[0] = put(f, "in", true_ones, 3);
    in[1] = put(f, "reference", made, 2);
    fails(f, "{'predicted': 'mask.truth', 'reference': 'mask.found'}", in, 2,
          "item 'i3' has no counterpart at port 'reference'");
    in[0] = put(f, "in", made, 2);
    in[1] = put(f, "reference", true_ones, 3);
    in[2] = put(f, "reference", true_ones, 1);
    fails(f, "{" BOTH "}", in, 3, "port 'reference': item 'i1' is there twice");
}

static void folds_and_attributes_have_blocks(void **state)
{
    fixture *f = *state;
    ost_item items[] = { pictured(f, "i1", "p1", square, square),
                         pictured(f, "i2", "p2", wide, square),
                         pictured(f, "i3", "p3", wide, square) };
    ost_step_input in;
    json_t *doc;

    for (size_t i = 0; i < 3; i++)
        ost_item_set_text(&f->arena, &items[i], "axis.fold", i ? "1" : "0");
    ost_item_set_text(&f->arena, &items[0], "site", "B");
    ost_item_set_text(&f->arena, &items[2], "site", "A");
    in = put(f, "in", items, 3);
    doc = judge_masks(f, "{" BOTH ", 'subgroups': ['site']}", &in, 1);
    near(doc, "folds.0.fold", 0);
    near(doc, "folds.0.dice", 1);
    near(doc, "folds.1.dice", 0.5);
    near(doc, "folds.1.n_items", 2);
    assert_string_equal(json_string_value(at(doc, "subgroups.0.value")), "A");
    near(doc, "subgroups.1.dice", 1);
    assert_string_equal(json_string_value(at(doc, "warnings.0")),
                        "1 of 3 items have no 'site'");
    json_decref(doc);
    in = put(f, "in", items, 3);
    fails(f, "{" BOTH ", 'subgroups': ['center']}", &in, 1,
          "param 'subgroups': no item has an attribute 'center'");
}

static void a_mask_that_is_missing_is_one_without_marks(void **state)
{
    fixture *f = *state;
    ost_item items[] = { pictured(f, "i1", "p1", square, NULL),
                         pictured(f, "i2", "p2", NULL, NULL) };
    ost_step_input in = put(f, "in", items, 2);
    json_t *doc = judge_masks(f, "{" BOTH ", 'missing': 'zero'}", &in, 1);
    ost_done_msg done;

    near(doc, "pooled.n_only_predicted", 1);
    near(doc, "pooled.n_both_empty", 1);
    near(doc, "pooled.dice", 0);
    json_decref(doc);
    in = put(f, "in", items, 2);
    done = run_stage(f->batch, &ost_stage_evaluate_masks, "{" BOTH "}", &in, 1,
                     &f->arena);
    assert_int_not_equal(done.rc, OST_OK);
    assert_non_null(strstr(done.error, "'i1'"));
    assert_non_null(strstr(done.error, "mask.truth"));
}

static void masks_that_do_not_fit_are_refused(void **state)
{
    static const char *const small[] = { "##", "##" };
    fixture *f = *state;
    ost_item item = pictured(f, "i", "p", square, NULL);
    ost_step_input in;

    add_mask(f, &item, "mask.truth", 1, 2, small);
    in = put(f, "in", &item, 1);
    fails(f, "{" BOTH "}", &in, 1,
          "item 'i': predicted 'mask.found' is 4 x 6 and reference "
          "'mask.truth' is 2 x 2: masks are not resized here");
    in = put(f, "in", &item, 1);
    fails(f, "{'predicted': 'mask.found'}", &in, 1,
          "the mask would be held against itself: param 'reference' names the "
          "field that is true, or port 'reference' has the items with it");
    add_mask(f, &item, "image", 1, TALL, square);
    in = put(f, "in", &item, 1);
    fails(f, "{'predicted': 'image', 'reference': 'mask.truth'}", &in, 1,
          "item 'i': field 'image' is no mask");
    in = put(f, "in", &item, 0);
    {
        json_t *doc = judge_masks(f, "{" BOTH "}", &in, 1);

        undefined(doc, "pooled.dice", "no pictures");
        near(doc, "pooled.n_items", 0);
        json_decref(doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_of_each_picture, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(empty_masks_count_as_they_should, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(lesions_are_met_by_a_share, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(stacks_are_one_picture, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(distances_are_in_one_unit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(references_are_joined_by_id, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(folds_and_attributes_have_blocks, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_mask_that_is_missing_is_one_without_marks, setup, teardown),
        cmocka_unit_test_setup_teardown(masks_that_do_not_fit_are_refused,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
