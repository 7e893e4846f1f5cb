/* tests/unit/test_ingest.c - files to a dataset of images */
/* links: stages store base */
#include "base/text.h"
#include "stages/stage.h"
#include "tests/support/pictures.h"
#include "tests/support/step.h"

#include "base/banned.h"

extern const ost_stage ost_stage_ingest;
const ost_stage *const ost_stages[] = { &ost_stage_ingest, NULL };

/* A 4 x 2 PNG whose pixels are `value`. */
static void add_png(files_builder *b, const char *path, unsigned char value)
{
    unsigned char pixels[8];
    ost_buf file = { 0 };

    memset(pixels, value, sizeof(pixels));
    make_png(&file, 4, 2, 8, PNG_COLOR_TYPE_GRAY, 0, pixels, 4);
    add_file(b, path, file.data, file.len);
    ost_buf_release(&file);
}

static void a_folder_per_class_gives_labels(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const ost_item *items, *item;
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    add_png(&b, "set/hand/1.png", 10);
    add_png(&b, "set/hand/deep/2.png", 20);
    add_png(&b, "set/head/1.png", 30);
    add_text(&b, "set/readme.txt", "not a picture");
    add_text(&b, ".hidden/x.png", "not a picture");
    in = finish_files(&b);
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 3);
    item = item_named(items, n, "set/hand/deep/2");
    assert_string_equal(ost_item_label(item), "hand");
    assert_string_equal(item->group, "set/hand/deep/2");
    assert_int_equal(item->n_fields, 1);
    assert_int_equal(item->fields[0].shape[0], 2);
    assert_int_equal(item->fields[0].shape[1], 4);
    assert_int_equal(field_bytes(f, item, "image", NULL)[7], 20);
    assert_string_equal(ost_item_label(item_named(items, n, "set/head/1")),
                        "head");
    assert_non_null(strstr(done.notes, "2 files are left out because they "
                                       "are no images: '.hidden/x.png', "
                                       "'set/readme.txt'"));
    assert_non_null(strstr(done.notes, "3 of 3 images have no group"));
}

static void a_flat_folder_has_no_labels(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const ost_item *items;
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    add_png(&b, "images/a.png", 1);
    add_png(&b, "images/b.png", 2);
    in = finish_files(&b);
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 2);
    assert_null(ost_item_label(&items[0]));
}

static void files_that_differ_in_the_suffix_keep_it(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const ost_item *items;
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    add_png(&b, "a.jpg", 1); /* content decides, not the suffix */
    add_png(&b, "a.png", 2);
    add_png(&b, "scan.2.5", 3);
    in = finish_files(&b);
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 3);
    item_named(items, n, "a.jpg");
    item_named(items, n, "a.png");
    item_named(items, n, "scan.2.5");
}

static const char manifest[] = "path,label,patient_id,day,note,code\n"
                               "x/1.png,sick,p1,3,,007\n"
                               "x/2.png,well,p2,-1.5,\"fine, too\",8\n"
                               "x/3.png,well,,2,,9\n";

static ost_step_input manifest_files(step_fixture *f, const char *text)
{
    files_builder b = { .f = f };

    add_text(&b, "manifest.csv", text);
    add_png(&b, "x/1.png", 1);
    add_png(&b, "x/2.png", 2);
    add_png(&b, "x/3.png", 3);
    add_png(&b, "x/4.png", 4);
    return finish_files(&b);
}

static void a_manifest_says_labels_groups_and_attributes(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = manifest_files(f, manifest);
    const ost_item *items, *item;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "ingest", "{\"columns\":{\"time\":\"day\"}}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 3);
    item = item_named(items, n, "x/1");
    assert_string_equal(ost_item_label(item), "sick");
    assert_string_equal(item->group, "p1");
    assert_true(ost_item_attr(item, "time")->number == 3);
    assert_null(ost_item_attr(item, "day"));
    assert_null(ost_item_attr(item, "note"));
    assert_string_equal(ost_item_attr(item, "code")->text, "007");
    item = item_named(items, n, "x/2");
    assert_true(ost_item_attr(item, "time")->number == -1.5);
    assert_string_equal(ost_item_attr(item, "note")->text, "fine, too");
    assert_true(ost_item_attr(item, "code")->number == 8);
    assert_string_equal(item_named(items, n, "x/3")->group, "x/3");
    assert_non_null(strstr(done.notes, "1 of 3 images have no group"));
    assert_non_null(strstr(done.notes,
                           "1 files are left out because "
                           "'manifest.csv' does not list them: 'x/4.png'"));
}

static void a_manifest_can_be_declined(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = manifest_files(f, manifest);
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "ingest", "{\"manifest\":\"none\"}", &in, 1);
    (void)output_items(f, &done, "out", &n);
    assert_int_equal(n, 4);
}

static void faults_of_a_manifest_have_its_line(void **state)
{
    static const struct {
        const char *text, *with, *error;
    } rows[] = {
        { "path,label\nx/1.png,a\nx/9.png,b\n", "{}",
          "manifest.csv:3: there is no file 'x/9.png'" },
        { "path,label\nx/1.png,a\nx/1.png,b\n", "{}",
          "manifest.csv:3: file 'x/1.png' is listed twice" },
        { "path,id\nx/1.png,../a\n", "{}",
          "manifest.csv:2: '../a' cannot be an id" },
        { "path,id\nx/1.png,a\nx/2.png,a\n", "{}",
          "manifest.csv:3: id 'a' is already that of line 2" },
        { "path,label\nx/1.png\n", "{}", "manifest.csv:2: " },
        { "path,label\n,a\n", "{}", "manifest.csv:2: no file is named" },
        { "label\na\n", "{}", "manifest.csv:1: no column names the files" },
        { "path\nx/1.png\n", "{\"columns\":{\"group\":\"pat\"}}",
          "manifest.csv:1: no column 'pat' (wanted as group)" },
        { "path\nx/1.png\n", "{\"manifest\":\"other.csv\"}",
          "there is no manifest 'other.csv'" },
    };
    step_fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_step_input in = manifest_files(f, rows[i].text);
        ost_done_msg done = run_stage(f, "ingest", rows[i].with, &in, 1);

        assert_int_equal(done.rc, OST_EINPUT);
        if (!strstr(done.error, rows[i].error))
            fail_msg("'%s' instead of '%s'", done.error, rows[i].error);
    }
}

static ost_step_input broken_files(step_fixture *f)
{
    files_builder b = { .f = f };
    unsigned char pixels[64] = { 1, 2, 3 };
    ost_buf file = { 0 };

    add_png(&b, "a/good.png", 1);
    add_file(&b, "b/empty.png", "", 0);
    make_png(&file, 8, 8, 8, PNG_COLOR_TYPE_GRAY, 0, pixels, 8);
    add_file(&b, "b/short.png", file.data, file.len - 20);
    add_text(&b, "b/text.png", "surprise");
    ost_buf_release(&file);
    return finish_files(&b);
}

static void broken_files_fail_by_name_or_are_skipped_by_name(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = broken_files(f);
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "ingest", "{}", &in, 1);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_true(ost_starts_with(
        done.error, "3 bad items: item 'b/empty.png': the file is empty; item "
                    "'b/short.png': damaged PNG: data ends early"));
    assert_non_null(strstr(done.error, "; item 'b/text.png': the content is "));
    for (int again = 0; again < 2; again++) {
        done = run_stage(f, "ingest", "{\"on_error\":\"skip\"}", &in, 1);
        items = output_items(f, &done, "out", &n);
        assert_int_equal(n, 1);
        assert_string_equal(items[0].id, "a/good");
        assert_non_null(
            strstr(done.notes, "skipped 'b/empty.png': the file is empty"));
        assert_non_null(strstr(
            done.notes, "skipped 'b/short.png': damaged PNG: data ends early"));
        assert_non_null(strstr(done.notes, "skipped 'b/text.png': the content "
                                           "is neither PNG, JPEG"));
    }
}

static void too_large_an_image_is_named(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    add_png(&b, "a.png", 1);
    in = finish_files(&b);
    done = run_stage(f, "ingest", "{\"max_pixels\":7}", &in, 1);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error, "item 'a.png': 4 x 2 pixels are more than "
                                    "max_pixels (7)");
}

static void one_new_image_costs_one_image(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    for (int i = 0; i < 40; i++)
        add_png(&b, ost_arena_printf(&f->arena, "%02d.png", i),
                (unsigned char)i);
    in = finish_files(&b);
    done = run_stage(f, "ingest", "{}", &in, 1);
    assert_int_equal(done.computed, 40);
    for (int i = 0; i < 41; i++)
        add_png(&b, ost_arena_printf(&f->arena, "%02d.png", i),
                (unsigned char)i);
    in = finish_files(&b);
    done = run_stage(f, "ingest", "{}", &in, 1);
    assert_int_equal(done.computed, 1);
    assert_int_equal(done.remembered, 40);
}

/* --- DICOM -------------------------------------------------------------- */

static const int16_t signed_values[8] = { -1000, -1, 0, 1, 2, 3, 100, 2047 };

static ost_step_input dicom_files(step_fixture *f)
{
    dicom_spec spec = { .rows = 1,
                        .columns = 4,
                        .frames = 2,
                        .samples = 1,
                        .bits = 16,
                        .stored = 12,
                        .is_signed = 1,
                        .photometric = "MONOCHROME2",
                        .intercept = "10" };
    uint16_t words[8];
    files_builder b = { .f = f };
    ost_buf file = { 0 };

    for (int i = 0; i < 8; i++) /* an overlay sits in the upper bits */
        words[i] = (uint16_t)((signed_values[i] & 0xfff) | 0x5000);
    make_dicom(&file, &spec, words, sizeof(words));
    add_file(&b, "x/ct", file.data, file.len);
    ost_buf_reset(&file);
    spec = (dicom_spec){ .rows = 1,
                         .columns = 4,
                         .frames = 1,
                         .samples = 1,
                         .bits = 16,
                         .stored = 12,
                         .photometric = "MONOCHROME1" };
    for (int i = 0; i < 4; i++)
        words[i] = (uint16_t)(i * 1000);
    make_dicom(&file, &spec, words, 8);
    add_file(&b, "x/xr.dcm", file.data, file.len);
    ost_buf_release(&file);
    return finish_files(&b);
}

static void dicom_frames_are_items_with_stored_values(void **state)
{
    const float frame1[4] = { 2, 3, 100, 2047 };
    const uint16_t plain[4] = { 0, 1000, 2000, 3000 };
    step_fixture *f = *state;
    ost_step_input in = dicom_files(f);
    const ost_item *items, *item;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "ingest", "{\"attributes\":[\"Modality\",\"Rows\"]}",
                     &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 3);
    item = item_named(items, n, "x/ct#1");
    assert_string_equal(item->group, "x/ct");
    assert_string_equal(item->parents[0], "x/ct");
    assert_true(ost_item_attr(item, "frame")->number == 1);
    assert_string_equal(ost_item_attr(item, "Modality")->text, "OT");
    assert_true(ost_item_attr(item, "Rows")->number == 1);
    assert_int_equal(item->fields[0].dtype, OST_F32);
    assert_memory_equal(field_bytes(f, item, "image", NULL), frame1, 16);
    item = item_named(items, n, "x/xr");
    assert_int_equal(item->fields[0].dtype, OST_U16);
    assert_memory_equal(field_bytes(f, item, "image", NULL), plain, 8);
    assert_string_equal(ost_item_attr(item, "photometric")->text,
                        "MONOCHROME1");
}

static void dicom_values_are_rescaled_and_turned_when_asked(void **state)
{
    const float frame0[4] = { -1990, 8, 10, 12 };
    const uint16_t turned[4] = { 4095, 3095, 2095, 1095 };
    step_fixture *f = *state;
    ost_step_input in = dicom_files(f);
    const ost_item *items, *item;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "ingest", "{\"dicom_values\":\"rescaled\"}", &in, 1);
    items = output_items(f, &done, "out", &n);
    item = item_named(items, n, "x/ct#0");
    assert_memory_equal(field_bytes(f, item, "image", NULL), frame0, 16);
    done = run_stage(f, "ingest", "{\"dicom_invert\":true}", &in, 1);
    items = output_items(f, &done, "out", &n);
    item = item_named(items, n, "x/xr");
    assert_memory_equal(field_bytes(f, item, "image", NULL), turned, 8);
    assert_null(ost_item_attr(item, "photometric"));
}

static void attributes_that_name_the_patient_are_refused(void **state)
{
    const char *names[] = { "PatientName" };
    struct {
        char room[512];
    } p = { { 0 } };
    ost_err err = { 0 };

    (void)state;
    for (const ost_param *row = ost_stage_ingest.params; row->name; row++)
        if (strcmp(row->name, "attributes") == 0)
            *(ost_str_list *)(void *)(p.room + row->offset) =
                (ost_str_list){ 1, names };
    assert_int_equal(ost_stage_ingest.check(&p, &err), OST_EINPUT);
    assert_non_null(strstr(err.text, "'PatientName' tells who the patient is"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(a_folder_per_class_gives_labels),
        step_test(a_flat_folder_has_no_labels),
        step_test(files_that_differ_in_the_suffix_keep_it),
        step_test(a_manifest_says_labels_groups_and_attributes),
        step_test(a_manifest_can_be_declined),
        step_test(faults_of_a_manifest_have_its_line),
        step_test(broken_files_fail_by_name_or_are_skipped_by_name),
        step_test(too_large_an_image_is_named),
        step_test(one_new_image_costs_one_image),
        step_test(dicom_frames_are_items_with_stored_values),
        step_test(dicom_values_are_rescaled_and_turned_when_asked),
        step_test(attributes_that_name_the_patient_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
