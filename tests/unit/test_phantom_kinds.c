/* tests/unit/test_phantom_kinds.c - bones, slices and scans that are made up */
/* links: stages store base kernels */
#include "base/csv.h"
#include "stages/decode.h"
#include "stages/decode_dicom.h"
#include "stages/phantom_body.h"
#include "stages/phantom_shapes.h"
#include "tests/support/image_stages.h"

#include "base/banned.h"

extern const ost_stage ost_stage_phantom;
const ost_stage *const ost_stages[] = { &ost_stage_phantom, NULL };

static result phantom(fixture *f, const char *with)
{
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_phantom, with, NULL, 0, &f->arena);
    ost_artifact a;
    ost_item *items;
    ost_err err = { 0 };
    result r;

    if (done.rc)
        fail_msg("%s", done.error);
    r.digest = done.outputs[0].artifact;
    assert_ok(ost_artifact_get(f->batch, &r.digest, &f->arena, &a, &err), &err);
    assert_ok(ost_dataset_items(f->batch, &a, &f->arena, &items, &r.n, &err),
              &err);
    r.items = items;
    return r;
}

static const ost_item *file_of(const result *r, const char *path)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->items[i].id, path) == 0)
            return &r->items[i];
    fail_msg("there is no '%s'", path);
    return NULL;
}

static size_t size_of(const ost_item *file)
{
    return (size_t)ost_item_field(file, "bytes")->shape[0];
}

static ost_csv manifest_of(fixture *f, const result *r)
{
    const ost_item *file = file_of(r, "manifest.csv");
    const char *text =
        ost_arena_strndup(&f->arena, bytes_of(f, file, "bytes"), size_of(file));
    ost_err err = { 0 };
    ost_csv csv;

    assert_ok(ost_csv_parse("manifest.csv", text, size_of(file), &f->arena,
                            &csv, &err),
              &err);
    return csv;
}

static const char *cell(const ost_csv *csv, size_t row, const char *column)
{
    int at = ost_csv_column(csv, column);

    if (at >= 0)
        return csv->rows[row].cells[at];
    fail_msg("there is no column '%s'", column);
    return NULL;
}

static ost_picture picture_of(fixture *f, const result *r, const char *path)
{
    const ost_decode_limits limits = { .max_pixels = 1 << 22 };
    const ost_item *file = file_of(r, path);
    ost_picture p = { 0 };
    ost_err err = { 0 };

    assert_ok(ost_png_decode(bytes_of(f, file, "bytes"), size_of(file), &limits,
                             &p, &err),
              &err);
    return p;
}

static size_t count_label(const ost_csv *csv, const char *label)
{
    size_t n = 0;

    for (size_t i = 0; i < csv->n_rows; i++)
        n += strcmp(cell(csv, i, "label"), label) == 0;
    return n;
}

/* The box in the manifest is the box around the mask. */
static void check_box(fixture *f, const result *r, const ost_csv *csv,
                      size_t row)
{
    static const char *const names[] = { "box_x0", "box_y0", "box_x1",
                                         "box_y1" };
    ost_picture mask = picture_of(f, r, cell(csv, row, "mask.lesion"));
    int64_t box[4];

    ost_shape_box(mask.data, mask.height, mask.width, box);
    assert_true(box[2] > box[0] && box[3] > box[1]);
    for (int k = 0; k < 4; k++)
        assert_int_equal(box[k], strtoll(cell(csv, row, names[k]), NULL, 10));
    ost_picture_release(&mask);
}

static void slices_have_a_bright_tumor_in_their_box(void **state)
{
    fixture *f = *state;
    result r = phantom(f, "{'kind':'mri','patients':9,'shares':[2,1],"
                          "'size':[92,140],'images':[2,2]}");
    ost_csv csv = manifest_of(f, &r);

    assert_int_equal(csv.n_rows, 18);
    assert_int_equal(count_label(&csv, "benign"), 12);
    assert_int_equal(count_label(&csv, "malignant"), 6);
    for (size_t i = 0; i < csv.n_rows; i++) {
        ost_picture image = picture_of(f, &r, cell(&csv, i, "path"));
        ost_picture mask = picture_of(f, &r, cell(&csv, i, "mask.lesion"));
        double in = 0, out = 0, n = 0;
        size_t all = (size_t)(image.height * image.width);

        for (size_t k = 0; k < all; k++) {
            double v = ((const unsigned char *)image.data)[k];

            in += ((const unsigned char *)mask.data)[k] ? v : 0.0;
            n += ((const unsigned char *)mask.data)[k] ? 1.0 : 0.0;
            out += v;
        }
        assert_true(in / n > 3.0 * (out - in) / ((double)all - n));
        check_box(f, &r, &csv, i);
        ost_picture_release(&mask);
        ost_picture_release(&image);
    }
}

static void bones_come_in_turn_and_lesions_have_boxes(void **state)
{
    fixture *f = *state;
    result r = phantom(f, "{'kind':'bone','patients':8,'lesions':0.5,"
                          "'size':[96,48],'bones':['tibia','femur']}");
    ost_csv csv = manifest_of(f, &r);

    assert_int_equal(csv.n_rows, 8);
    assert_int_equal(count_label(&csv, "lesion"), 4);
    for (size_t i = 0; i < csv.n_rows; i++) {
        assert_string_equal(cell(&csv, i, "bone"), i % 2 ? "femur" : "tibia");
        if (strcmp(cell(&csv, i, "label"), "lesion") == 0)
            check_box(f, &r, &csv, i);
        else
            assert_string_equal(cell(&csv, i, "mask.lesion"), "");
    }
}

static void scans_are_dicom_files_in_two_views(void **state)
{
    fixture *f = *state;
    result r = phantom(f, "{'kind':'scan','patients':4,'shares':[1,1,2],"
                          "'size':[128,32]}");
    const char *const keywords[] = { "Modality", "PatientID",
                                     "SeriesDescription" };
    ost_csv csv = manifest_of(f, &r);
    char values[3][OST_DICOM_VALUE];
    ost_dicom d;

    assert_int_equal(csv.n_rows, 8);
    assert_int_equal(count_label(&csv, "NoMet"), 4);
    for (size_t i = 0; i < csv.n_rows; i++) {
        const ost_item *file = file_of(&r, cell(&csv, i, "path"));
        bool ill = strcmp(cell(&csv, i, "label"), "NoMet") != 0;

        assert_int_equal(ost_dicom_read(bytes_of(f, file, "bytes"),
                                        size_of(file), 1 << 20, &d),
                         OST_DICOM_OK);
        for (int k = 0; k < 3; k++)
            ost_dicom_value(&d, keywords[k], values[k]);
        assert_int_equal(d.rows, 128);
        assert_int_equal(d.columns, 32);
        assert_int_equal(d.bits_stored, 16);
        assert_string_equal(values[0], "NM");
        assert_string_equal(values[1], cell(&csv, i, "patient_id"));
        assert_string_equal(values[2], i % 2 ? "posterior" : "anterior");
        assert_string_equal(values[2], cell(&csv, i, "view"));
        assert_int_equal(strcmp(cell(&csv, i, "lesions"), "0") != 0, ill);
        assert_int_equal(cell(&csv, i, "sites")[0] != 0, ill);
        ost_dicom_release(&d);
    }
}

static void both_views_may_be_frames_of_one_file(void **state)
{
    fixture *f = *state;
    result r = phantom(f, "{'kind':'scan','patients':1,'size':[64,16],"
                          "'views':'frames'}");
    const ost_item *file = file_of(&r, "scans/P1_1.dcm");
    ost_dicom_frame frame;
    ost_dicom d;

    assert_int_equal(
        ost_dicom_read(bytes_of(f, file, "bytes"), size_of(file), 1 << 20, &d),
        OST_DICOM_OK);
    assert_int_equal(d.frames, 2);
    assert_int_equal(d.size, 2 * 2 * 64 * 16);
    ost_dicom_frame_of(&d, 0, &frame);
    assert_string_equal(frame.view, "anterior");
    ost_dicom_frame_of(&d, 1, &frame);
    assert_string_equal(frame.view, "posterior");
    ost_dicom_release(&d);
}

/* The share of patients with four images, the classes and the threshold of 90
 * are those of the study that the kind stands for, and to the patient. */
static void tumors_are_seen_twice_or_four_times(void **state)
{
    fixture *f = *state;
    result r = phantom(f, "{'kind':'series','patients':119,'size':[8,8]}");
    ost_csv csv = manifest_of(f, &r);
    size_t first = 0, series = 0, below = 0, high = 0;

    assert_int_equal(csv.n_rows, 2 * 119 + 2 * 33);
    for (size_t i = 0; i < csv.n_rows; i++) {
        bool next = i > 0 && strcmp(cell(&csv, i, "patient_id"),
                                    cell(&csv, i - 1, "patient_id")) == 0;
        long necrosis = strtol(cell(&csv, i, "necrosis"), NULL, 10);
        long day = strtol(cell(&csv, i, "day"), NULL, 10);

        assert_string_equal(cell(&csv, i, "phase"),
                            day >= 45 ? "during" : "before");
        assert_string_equal(cell(&csv, i, "label"),
                            necrosis < 80 ? "below80" : "above80");
        if (next) {
            assert_true(day > strtol(cell(&csv, i - 1, "day"), NULL, 10));
            assert_string_equal(cell(&csv, i, "necrosis"),
                                cell(&csv, i - 1, "necrosis"));
        } else {
            first++;
            below += necrosis < 80;
            high += necrosis >= 90;
            assert_int_equal(day, 0);
        }
        series += i > 2 && next &&
                  strcmp(cell(&csv, i, "patient_id"),
                         cell(&csv, i - 3, "patient_id")) == 0;
    }
    assert_int_equal(first, 119);
    assert_int_equal(series, 33);
    assert_int_equal(below, 68);
    assert_int_equal(high, 40);
}

static void normal_bones_have_one_image_and_no_rate(void **state)
{
    fixture *f = *state;
    result r = phantom(f, "{'kind':'series','patients':6,'size':[8,8],"
                          "'shares':[1,0,1,1],'series':9,'prefix':'bone-'}");
    ost_csv csv = manifest_of(f, &r);

    assert_int_equal(csv.n_rows, 2 + 4 * 4);
    assert_int_equal(count_label(&csv, "normal"), 2);
    for (size_t i = 0; i < csv.n_rows; i++) {
        bool normal = strcmp(cell(&csv, i, "label"), "normal") == 0;

        assert_memory_equal(cell(&csv, i, "patient_id"), "bone-", 5);
        assert_int_equal(cell(&csv, i, "necrosis")[0] == 0, normal);
        assert_int_equal(cell(&csv, i, "phase")[0] == 0, normal);
    }
}

/* Mean gray level of the middle of the first or last image of each patient. */
static double bone_gained(fixture *f, const result *r, const char *label)
{
    ost_csv csv = manifest_of(f, r);
    double sum = 0.0, n = 0.0;

    for (size_t i = 0; i < csv.n_rows; i++) {
        bool last =
            i + 1 == csv.n_rows || strcmp(cell(&csv, i, "patient_id"),
                                          cell(&csv, i + 1, "patient_id")) != 0;
        bool early = strcmp(cell(&csv, i, "day"), "0") == 0;
        ost_picture image;

        if (strcmp(cell(&csv, i, "label"), label) != 0 || (!last && !early))
            continue;
        image = picture_of(f, r, cell(&csv, i, "path"));
        for (int64_t k = 0; k < image.height * image.width; k++)
            sum += (last ? 1.0 : -1.0) * ((const uint8_t *)image.data)[k] /
                   (double)(image.height * image.width);
        n += last ? 1.0 : 0.0;
        ost_picture_release(&image);
    }
    return sum / n;
}

static void tumors_that_respond_become_dense(void **state)
{
    fixture *f = *state;
    result r = phantom(f, "{'kind':'series','patients':40,'size':[32,32],"
                          "'shares':[1,0,1,0]}");

    assert_true(bone_gained(f, &r, "above80") > 1.0);
    assert_true(bone_gained(f, &r, "below80") < 0.5);
}

enum { HIGH = 256, WIDE = 64 };

/* What the camera behind sees is mirrored: a lesion stands out at the mirrored
 * place. */
static void a_lesion_is_hot_in_both_views(void **state)
{
    static float scratch[2 * HIGH * WIDE];
    static uint16_t pixels[HIGH * WIDE];
    static uint8_t lesions[HIGH * WIDE], bladder[HIGH * WIDE];
    ost_rng r = ost_rng_of(5, 0);
    ost_body *body = ost_xalloc(sizeof(*body));
    int64_t box[2][4];

    (void)state;
    ost_body_draw(&r, body);
    ost_body_add_lesion(&r, body, OST_BODY_FEMUR, 10.0, 200.0, 0.0);
    for (int k = 0; k < 2; k++) {
        const ost_body_view v = {
            .back = k == 1, .unit = 4.0, .cosine = 1.0, .dose = 1.0, .grain = 9
        };
        double in = 0.0, n = 0.0, all = 0.0;

        ost_body_render(body, &v, HIGH, WIDE, scratch, pixels, lesions,
                        bladder);
        ost_shape_box(lesions, HIGH, WIDE, box[k]);
        for (size_t i = 0; i < HIGH * WIDE; i++) {
            in += lesions[i] ? pixels[i] : 0;
            n += lesions[i] ? 1 : 0;
            all += pixels[i];
        }
        assert_true(n > 4.0 && in / n > 6.0 * all / (HIGH * WIDE));
    }
    assert_int_equal(box[0][0], WIDE - box[1][2]);
    assert_int_equal(box[0][2], WIDE - box[1][0]);
    assert_int_equal(box[0][1], box[1][1]);
    ost_free(body);
}

static void poisson_numbers_have_their_mean_and_variance(void **state)
{
    static const double means[] = { 0.5, 3.0, 20.0, 60.0 };

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        double sum = 0.0, square = 0.0, n = 40000.0, mean;

        for (int64_t i = 0; i < 40000; i++) {
            double v = ost_shape_poisson(means[k], i % 200, i / 200, 77);

            sum += v;
            square += v * v;
        }
        mean = sum / n;
        assert_true(fabs(mean - means[k]) < 0.03 * means[k]);
        assert_true(fabs(square / n - mean * mean - means[k]) <
                    0.06 * means[k]);
    }
    assert_int_equal(ost_shape_poisson(0.0, 1, 2, 3), 0);
}

static void check_says(const char *with, const char *message)
{
    json_t *given = json_loads(with, 0, NULL), *full = NULL;
    ost_arena arena = { 0 };
    const void *params;
    ost_err err = { 0 };

    assert_non_null(given);
    assert_ok(
        ost_params_complete(&ost_stage_phantom, given, NULL, NULL, &full, &err),
        &err);
    assert_ok(ost_params_fill(&ost_stage_phantom, full, &arena, &params, &err),
              &err);
    assert_int_equal(ost_stage_phantom.check(params, &err), OST_EWORKFLOW);
    assert_string_equal(err.text, message);
    ost_arena_release(&arena);
    json_decref(given);
    json_decref(full);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    check_says("{\"kind\":\"bone\",\"bones\":[\"skull\"]}",
               "'bones' knows humerus, tibia and femur, and no 'skull'");
    check_says("{\"kind\":\"scan\",\"labels\":[\"a\",\"b\"]}",
               "'labels' has 2 names for 3 classes");
    check_says("{\"kind\":\"mri\",\"shares\":[0,0]}",
               "'shares' is not a ratio for each of 2 classes");
    check_says("{\"prefix\":\"a/b\"}",
               "'prefix' is not 1 to 32 letters, digits and hyphens");
    check_says("{\"shares\":[1,2,3]}",
               "'shares' is not a ratio for each of 2 classes");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(slices_have_a_bright_tumor_in_their_box),
        TEST(bones_come_in_turn_and_lesions_have_boxes),
        TEST(scans_are_dicom_files_in_two_views),
        TEST(both_views_may_be_frames_of_one_file),
        TEST(tumors_are_seen_twice_or_four_times),
        TEST(normal_bones_have_one_image_and_no_rate),
        TEST(tumors_that_respond_become_dense),
        TEST(a_lesion_is_hot_in_both_views),
        TEST(poisson_numbers_have_their_mean_and_variance),
        TEST(says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
