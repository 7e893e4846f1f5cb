/* tests/unit/test_report_stage.c - the stage that gathers a report */
/* links: stages store base */
#include "base/json.h"
#include "tests/support/fixture.h"
#include "tests/support/predictions.h"

#include <png.h>

#include "base/banned.h"

extern const ost_stage ost_stage_report;
const ost_stage *const ost_stages[] = { &ost_stage_report, NULL };

static const case_row six[] = {
    { "i1", "p1", "a", 0.1, "0" }, { "i2", "p1", "a", 0.95, "0" },
    { "i3", "p2", "b", 0.9, "0" }, { "i4", "p2", "b", 0.99, "1" },
    { "i5", "p3", "a", 0.4, "1" }, { "i6", "p3", NULL, 0.3, "1" },
};

/* One-field pictures i1, i2, ...: u8 (4, 6), or f32 where `real`. */
static ost_digest put_images(fixture *f, size_t n, bool real, bool contours)
{
    static const int64_t shape[2] = { 4, 6 };
    uint8_t bytes[24], marks[24] = { [7] = 1 };
    ost_item items[8] = { 0 };
    float reals[24];
    ost_err err = { 0 };

    for (size_t i = 0; i < n; i++) {
        ost_field image = { .name = "image", .ndim = 2 }, contour;

        for (int k = 0; k < 24; k++) {
            bytes[k] = (uint8_t)(10 * (size_t)k + i);
            reals[k] = (float)k;
        }
        image.dtype = real ? OST_F32 : OST_U8;
        memcpy(image.shape, shape, sizeof(shape));
        image.stride[0] = 6;
        image.stride[1] = 1;
        contour = image;
        contour.name = "contour";
        contour.dtype = OST_U8;
        items[i].id = ost_arena_printf(&f->arena, "i%zu", i + 1);
        items[i].group = "p";
        assert_ok(ost_batch_put_blob(f->batch, real ? (void *)reals : bytes,
                                     real ? sizeof(reals) : sizeof(bytes),
                                     &image.blob, &err),
                  &err);
        assert_ok(ost_batch_put_blob(f->batch, marks, sizeof(marks),
                                     &contour.blob, &err),
                  &err);
        ost_item_set_field(&f->arena, &items[i], &image);
        if (contours)
            ost_item_set_field(&f->arena, &items[i], &contour);
    }
    return put_items(f->batch, OST_DATASET, "{}", items, n);
}

static ost_digest put_document(fixture *f, ost_artifact_type type,
                               const char *meta)
{
    ost_artifact a = { .type = type, .meta = meta };
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_artifact_put(f->batch, &a, &d, &err), &err);
    return d;
}

static json_t *gather(fixture *f, const char *with, const ost_step_input *in,
                      size_t n, ost_artifact *a)
{
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_report, with, in, n, &f->arena);
    json_t *doc = document_of(f->batch, &done, &f->arena);
    ost_err err = { 0 };

    assert_ok(ost_artifact_get(f->batch, &done.outputs[0].artifact, &f->arena,
                               a, &err),
              &err);
    return doc;
}

static const char *example(const json_t *doc, size_t i, const char *name)
{
    return json_string_value(json_object_get(
        json_array_get(json_object_get(doc, "examples"), i), name));
}

static json_int_t study(const json_t *doc, const char *name)
{
    return json_integer_value(
        json_object_get(json_object_get(doc, "study"), name));
}

static void the_study_is_counted_once_per_item(void **state)
{
    fixture *f = *state;
    ost_digest d = put_predictions(f->batch, "{}", six, 6);
    ost_step_input in[2] = { at_port("predictions", d),
                             at_port("predictions", d) };
    ost_artifact a;
    json_t *doc = gather(f, "{}", in, 2, &a);
    const json_t *classes =
        json_object_get(json_object_get(doc, "study"), "classes");

    assert_int_equal(study(doc, "n_items"), 6);
    assert_int_equal(study(doc, "n_groups"), 3);
    assert_int_equal(study(doc, "n_unlabeled"), 1);
    assert_int_equal(study(doc, "n_parts"), 2);
    assert_int_equal(study(doc, "split_groups"), 1);
    assert_int_equal(json_array_size(classes), 2);
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(classes, 0), "n")),
        3);
    assert_int_equal(json_array_size(json_object_get(doc, "examples")), 0);
    json_decref(doc);
}

static void the_most_certain_are_shown_wrong_ones_first(void **state)
{
    fixture *f = *state;
    ost_step_input in[2] = {
        at_port("predictions", put_predictions(f->batch, "{}", six, 6)),
        at_port("images", put_images(f, 6, false, true)),
    };
    ost_artifact a;
    json_t *doc = gather(f, "{'examples': 2}", in, 2, &a);

    assert_int_equal(json_array_size(json_object_get(doc, "examples")), 3);
    assert_string_equal(example(doc, 0, "id"), "i2");
    assert_string_equal(example(doc, 0, "predicted"), "b");
    /* Of the right ones, one of each class, the surer one first. */
    assert_string_equal(example(doc, 1, "id"), "i4");
    assert_string_equal(example(doc, 2, "id"), "i1");
    assert_string_equal(example(doc, 2, "part"), "0");
    assert_string_equal(example(doc, 2, "overlay"), "overlay.2");
    assert_int_equal(a.n_refs, 6);
    json_decref(doc);
}

/* Reads a blob of the artifact back with libpng; returns its pixels, RGBA. */
static unsigned char *read_png(fixture *f, const ost_artifact *a,
                               const char *name, png_image *image)
{
    ost_err err = { 0 };
    unsigned char *pixels;
    ost_blob blob;
    size_t i = 0;

    while (i < a->n_refs && strcmp(a->refs[i].name, name) != 0)
        i++;
    assert_true(i < a->n_refs);
    assert_ok(ost_batch_blob(f->batch, &a->refs[i].digest, &blob, &err), &err);
    *image = (png_image){ .version = PNG_IMAGE_VERSION };
    assert_true(png_image_begin_read_from_memory(image, blob.data, blob.size));
    image->format = PNG_FORMAT_RGBA;
    pixels = ost_arena_alloc(&f->arena, PNG_IMAGE_SIZE(*image));
    assert_true(png_image_finish_read(image, NULL, pixels, 0, NULL));
    ost_blob_release(&blob);
    return pixels;
}

static void pictures_show_the_pixels_and_overlays_the_contour(void **state)
{
    fixture *f = *state;
    ost_step_input in[2] = {
        at_port("predictions", put_predictions(f->batch, "{}", six, 1)),
        at_port("images", put_images(f, 1, false, true)),
    };
    const unsigned char *p;
    png_image image;
    ost_artifact a;
    json_t *doc = gather(f, "{}", in, 2, &a);

    p = read_png(f, &a, "picture.0", &image);
    assert_int_equal(image.width, 6);
    assert_int_equal(image.height, 4);
    for (int k = 0; k < 24; k++)
        assert_int_equal(p[4 * k], 10 * k);
    p = read_png(f, &a, "overlay.0", &image);
    for (int k = 0; k < 24; k++)
        assert_int_equal(p[4 * k + 3], k == 7 ? 255 : 0);
    assert_int_equal(p[4 * 7], 255);
    json_decref(doc);
}

static void real_pictures_are_stretched_and_made_smaller(void **state)
{
    fixture *f = *state;
    ost_step_input in[2] = {
        at_port("predictions", put_predictions(f->batch, "{}", six, 1)),
        at_port("images", put_images(f, 1, true, false)),
    };
    const unsigned char *p;
    png_image image;
    ost_artifact a;
    json_t *doc = gather(f, "{}", in, 2, &a);

    p = read_png(f, &a, "picture.0", &image);
    assert_int_equal(p[0], 0);
    assert_int_equal(p[4 * 23], 255);
    assert_int_equal(p[4 * 11], 122); /* 11 / 23 * 255 */
    assert_int_equal(a.n_refs, 1);
    json_decref(doc);
}

static void models_and_metrics_keep_their_rows_and_axes(void **state)
{
    fixture *f = *state;
    static const char *const axes[] = { "fold", "2" };
    ost_step_input in[2] = {
        at_port("models",
                put_document(f, OST_MODEL,
                             "{\"history\":[{\"epoch\":1,\"loss\":0.5}],"
                             "\"network\":{\"name\":\"tiny\"},\"secret\":1}")),
        at_port("metrics", put_document(f, OST_METRICS, "{\"x\":1}")),
    };
    const json_t *model, *metrics;
    ost_artifact a;
    json_t *doc;

    in[0].axes = axes;
    in[0].n_axes = 1;
    in[1].row = "ours";
    doc = gather(f, "{'title': 'T'}", in, 2, &a);
    model = json_array_get(json_object_get(doc, "models"), 0);
    metrics = json_array_get(json_object_get(doc, "metrics"), 0);
    assert_string_equal(json_string_value(json_object_get(doc, "title")), "T");
    assert_string_equal(json_string_value(json_object_get(model, "network")),
                        "tiny");
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(model, "axes"), "fold")),
                        "2");
    assert_int_equal(json_array_size(json_object_get(model, "history")), 1);
    assert_null(json_object_get(model, "secret"));
    assert_string_equal(json_string_value(json_object_get(metrics, "name")),
                        "ours");
    assert_null(json_object_get(doc, "study"));
    json_decref(doc);
}

static void the_same_inputs_give_the_same_report(void **state)
{
    fixture *f = *state;
    ost_step_input in[2] = {
        at_port("predictions", put_predictions(f->batch, "{}", six, 6)),
        at_port("images", put_images(f, 6, false, true)),
    };
    ost_done_msg one =
        run_stage(f->batch, &ost_stage_report, "{}", in, 2, &f->arena);
    ost_done_msg two =
        run_stage(f->batch, &ost_stage_report, "{}", in, 2, &f->arena);

    assert_memory_equal(&one.outputs[0].artifact, &two.outputs[0].artifact,
                        sizeof(ost_digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_study_is_counted_once_per_item),
        cmocka_unit_test(the_most_certain_are_shown_wrong_ones_first),
        cmocka_unit_test(pictures_show_the_pixels_and_overlays_the_contour),
        cmocka_unit_test(real_pictures_are_stretched_and_made_smaller),
        cmocka_unit_test(models_and_metrics_keep_their_rows_and_axes),
        cmocka_unit_test(the_same_inputs_give_the_same_report),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
