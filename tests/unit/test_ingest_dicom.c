/* tests/unit/test_ingest_dicom.c - patients, views and reports of DICOM files
 */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/dicom.h"
#include "tests/support/step.h"

#include "base/banned.h"

extern const ost_stage ost_stage_ingest;
extern const ost_stage ost_stage_invert;
const ost_stage *const ost_stages[] = { &ost_stage_ingest, &ost_stage_invert,
                                        NULL };

typedef struct scan {
    const char *path;
    const char *patient; /* or NULL */
    const char *study;   /* or NULL */
    const char *series;
    const char *date; /* or NULL */
    const char *time;
    const char *instance;
    unsigned frames;
} scan;

static void add_scan(files_builder *b, const scan *s)
{
    const uint16_t pixels[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    ost_buf before = { 0 }, behind = { 0 }, file = { 0 };
    dicom_spec spec = { .rows = 1,
                        .columns = 2,
                        .frames = s->frames ? s->frames : 1,
                        .samples = 1,
                        .bits = 16,
                        .stored = 16,
                        .photometric = "MONOCHROME2",
                        .before = &before,
                        .behind = &behind };

    if (s->date)
        dicom_text(&before, 0x0008, 0x0020, "DA", s->date);
    if (s->time)
        dicom_text(&before, 0x0008, 0x0030, "TM", s->time);
    dicom_text(&before, 0x0009, 0x0010, "LO", "MAKER");
    dicom_text(&before, 0x0009, 0x1001, "LO", "Tell^Tale");
    dicom_text(&before, 0x0010, 0x0010, "PN", "Tell^Tale");
    if (s->patient)
        dicom_text(&before, 0x0010, 0x0020, "LO", s->patient);
    if (s->study)
        dicom_text(&before, 0x0020, 0x000d, "UI", s->study);
    if (s->series)
        dicom_text(&before, 0x0020, 0x000e, "UI", s->series);
    if (s->instance)
        dicom_text(&before, 0x0020, 0x0013, "IS", s->instance);
    dicom_text(&behind, 0x0028, 0x0301, "CS", "YES");
    make_dicom(&file, &spec, pixels, 4 * spec.frames);
    add_file(b, s->path, file.data, file.len);
    ost_buf_release(&before);
    ost_buf_release(&behind);
    ost_buf_release(&file);
}

static const scan scans[] = {
    { "s/a.dcm", "P1", "1.1", "1.1.1", "20200301", "120000", "1", 0 },
    { "s/b.dcm", "P1", "1.1", "1.1.1", "20200301", "120010", "2", 0 },
    { "s/c.dcm", "P2", "2.1", "2.1.1", "20200101", NULL, NULL, 2 },
    { "s/d.dcm", "P1", "1.2", "1.2.1", "20200229", "230000", "1", 0 },
    { "s/e", NULL, "3.1", "3.1.1", NULL, NULL, NULL, 0 },
    { "s/f", NULL, NULL, NULL, NULL, NULL, NULL, 0 },
};

enum { N_SCANS = sizeof(scans) / sizeof(scans[0]) };

static ost_step_input scan_files(step_fixture *f)
{
    files_builder b = { .f = f };

    for (size_t i = 0; i < N_SCANS; i++)
        add_scan(&b, &scans[i]);
    return finish_files(&b);
}

static const char *text_of(const ost_item *item, const char *name)
{
    const ost_attr *a = ost_item_attr(item, name);

    return a ? a->text : NULL;
}

static double number_of(const ost_item *item, const char *name)
{
    const ost_attr *a = ost_item_attr(item, name);

    if (!a)
        fail_msg("'%s' has no '%s'", item->id, name);
    return a->number;
}

static void set_secret(step_fixture *f, uint8_t byte)
{
    f->secret.known = true;
    memset(f->secret.key, byte, sizeof(f->secret.key));
}

/* --- groups -----------------------------------------------------------------
 */

static void without_a_secret_patients_are_named_after_files(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = scan_files(f);
    const ost_item *items, *item;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "ingest", "{\"labels\":\"none\"}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 7);
    item = item_named(items, n, "s/d");
    assert_string_equal(item->group, "patient:s/a");
    assert_string_equal(text_of(item, "study"), "study:s/d");
    assert_true(number_of(item, "instance") == 1);
    item = item_named(items, n, "s/b");
    assert_string_equal(item->group, "patient:s/a");
    assert_string_equal(text_of(item, "study"), "study:s/a");
    assert_string_equal(text_of(item, "series"), "series:s/a");
    assert_string_equal(item_named(items, n, "s/c#1")->group, "patient:s/c");
    assert_string_equal(item_named(items, n, "s/e")->group, "patient:s/e");
    assert_string_equal(item_named(items, n, "s/f")->group, "s/f");
    assert_null(ost_item_attr(item, "day"));
    assert_non_null(strstr(done.notes, "1 of 7 images have no group"));
    assert_non_null(strstr(done.notes, "6 of 7 images are in the group of "
                                       "their DICOM patient, which is named "
                                       "after its first file"));
}

static void with_a_secret_they_have_pseudonyms(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = scan_files(f);
    const ost_item *items, *a, *b, *d;
    char pseudonym[OST_PSEUDONYM];
    ost_done_msg done;
    size_t n;

    set_secret(f, 7);
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    a = item_named(items, n, "s/a");
    b = item_named(items, n, "s/b");
    d = item_named(items, n, "s/d");
    ost_secret_pseudonym(&f->secret, "patient", "", "P1", pseudonym);
    assert_string_equal(a->group, pseudonym);
    assert_string_equal(b->group, pseudonym);
    assert_string_equal(d->group, pseudonym);
    assert_string_equal(text_of(a, "study"), text_of(b, "study"));
    assert_string_not_equal(text_of(a, "study"), text_of(d, "study"));
    assert_string_not_equal(text_of(a, "study"), text_of(a, "series"));
    assert_string_equal(item_named(items, n, "s/e")->group,
                        text_of(item_named(items, n, "s/e"), "study"));
    assert_string_equal(item_named(items, n, "s/f")->group, "s/f");
    assert_null(strstr(done.notes, "named after its first file"));
}

static void another_secret_gives_other_pseudonyms(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = scan_files(f);
    ost_done_msg done;
    ost_digest first, again, other;

    set_secret(f, 7);
    done = run_stage(f, "ingest", "{}", &in, 1);
    first = output_digest(&done, "out");
    done = run_stage(f, "ingest", "{}", &in, 1);
    assert_int_equal(done.computed, 0);
    again = output_digest(&done, "out");
    assert_true(ost_digest_equal(&first, &again));
    set_secret(f, 8);
    done = run_stage(f, "ingest", "{}", &in, 1);
    assert_int_equal(done.computed, N_SCANS);
    other = output_digest(&done, "out");
    assert_false(ost_digest_equal(&first, &other));
}

static void a_manifest_says_the_group_whatever_the_files_say(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const ost_item *items;
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    for (int i = 0; i < 2; i++)
        add_scan(&b, &scans[i]);
    add_text(&b, "s/manifest.csv",
             "path,group,study\na.dcm,left,early\nb.dcm,right,\n");
    in = finish_files(&b);
    for (int secret = 0; secret < 2; secret++) {
        f->secret.known = secret;
        done = run_stage(f, "ingest", "{}", &in, 1);
        items = output_items(f, &done, "out", &n);
        assert_int_equal(n, 2);
        assert_string_equal(items[0].group, "left");
        assert_string_equal(items[1].group, "right");
        assert_string_equal(text_of(&items[0], "study"), "early");
        assert_non_null(text_of(&items[1], "study"));
    }
}

static void days_are_counted_from_the_patients_first(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = scan_files(f);
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    for (int secret = 0; secret < 2; secret++) {
        if (secret)
            set_secret(f, 7);
        done = run_stage(f, "ingest", "{\"days\":true}", &in, 1);
        items = output_items(f, &done, "out", &n);
        assert_true(number_of(item_named(items, n, "s/d"), "day") == 0);
        assert_true(number_of(item_named(items, n, "s/a"), "day") == 1);
        assert_true(number_of(item_named(items, n, "s/a"), "time") ==
                    13 * 3600);
        assert_true(number_of(item_named(items, n, "s/b"), "time") ==
                    13 * 3600 + 10);
        assert_true(number_of(item_named(items, n, "s/c#0"), "day") == 0);
        assert_null(ost_item_attr(item_named(items, n, "s/e"), "day"));
    }
}

static void frames_without_a_view_get_the_names_asked_for(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = scan_files(f);
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "ingest", "{\"views\":[\"front\",\"back\"]}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_string_equal(text_of(item_named(items, n, "s/c#0"), "view"),
                        "front");
    assert_string_equal(text_of(item_named(items, n, "s/c#1"), "view"), "back");
    assert_true(number_of(item_named(items, n, "s/c#1"), "frame") == 1);
}

static void monochrome1_says_so_until_it_is_turned_around(void **state)
{
    const uint16_t pixels[2] = { 3, 5 };
    const dicom_spec spec = { .rows = 1,
                              .columns = 2,
                              .frames = 1,
                              .samples = 1,
                              .bits = 16,
                              .stored = 12,
                              .photometric = "MONOCHROME1" };
    step_fixture *f = *state;
    files_builder b = { .f = f };
    ost_buf file = { 0 };
    const ost_item *items;
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    make_dicom(&file, &spec, pixels, sizeof(pixels));
    add_file(&b, "x.dcm", file.data, file.len);
    ost_buf_release(&file);
    in = finish_files(&b);
    done = run_stage(f, "ingest", "{\"dicom_values\":\"displayed\"}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_null(ost_item_attr(items, "photometric"));
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_string_equal(text_of(items, "photometric"), "MONOCHROME1");
    assert_memory_equal(field_bytes(f, items, "image", NULL), pixels, 4);
    in = step_input_of("in", output_digest(&done, "out"));
    done = run_stage(f, "invert", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_string_equal(text_of(items, "photometric"), "MONOCHROME2");
}

/* --- the report --------------------------------------------------------------
 */

static void the_report_names_what_was_left_out(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    const ost_item *rows, *row;
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    for (size_t i = 0; i < N_SCANS; i++)
        add_scan(&b, &scans[i]);
    add_text(&b, "s/x.png", "no picture at all");
    in = finish_files(&b);
    done = run_stage(f, "ingest", "{\"on_error\":\"skip\"}", &in, 1);
    rows = output_items(f, &done, "report", &n);
    assert_int_equal(n, N_SCANS + 1);
    row = item_named(rows, n, "s/c");
    assert_int_equal(row->n_fields, 0);
    assert_string_equal(row->group, "patient:s/c");
    assert_string_equal(text_of(row, "file"), "s/c.dcm");
    assert_string_equal(text_of(row, "status"), "read");
    assert_string_equal(text_of(row, "transfer_syntax"), "1.2.840.10008.1.2.1");
    assert_string_equal(text_of(row, "burned_in"), "yes");
    assert_true(number_of(row, "frames") == 2);
    assert_true(number_of(row, "private_tags") == 1);
    assert_string_equal(text_of(row, "identifying"),
                        "StudyDate PatientName PatientID StudyInstanceUID "
                        "SeriesInstanceUID");
    row = item_named(rows, n, "s/x");
    assert_string_equal(text_of(row, "status"), "skipped");
    assert_non_null(strstr(text_of(row, "error"), "the content is neither"));
    assert_non_null(strstr(done.notes, "of 6 DICOM files 6 have annotations "
                                       "burned into the pixels and 0 do not "
                                       "say; left out: identifying attributes "
                                       "of 6, private tags of 6, overlays of "
                                       "0"));
}

/* --- DICOMDIR
 * ----------------------------------------------------------------- */

static void add_dicomdir(files_builder *b, const char *path,
                         const char *const *files, size_t n)
{
    static const unsigned char tag[4] = { 0xfe, 0xff, 0x00, 0xe0 };
    ost_buf items = { 0 }, file = { 0 };

    for (size_t i = 0; i < n; i++) {
        ost_buf record = { 0 };

        dicom_text(&record, 0x0004, 0x1430, "CS", files[i] ? "IMAGE" : "STUDY");
        if (files[i])
            dicom_text(&record, 0x0004, 0x1500, "CS", files[i]);
        ost_buf_add(&items, tag, sizeof(tag));
        ost_buf_u32(&items, (uint32_t)record.len);
        ost_buf_add(&items, record.data, record.len);
        ost_buf_release(&record);
    }
    for (int i = 0; i < 128; i++)
        ost_buf_u8(&file, 0);
    ost_buf_adds(&file, "DICM");
    dicom_text(&file, 2, 0x0010, "UI", "1.2.840.10008.1.2.1");
    dicom_element(&file, 0x0004, 0x1220, "SQ", items.data, items.len);
    add_file(b, path, file.data, file.len);
    ost_buf_release(&items);
    ost_buf_release(&file);
}

static ost_step_input disc(step_fixture *f)
{
    static const char *const listed[] = { NULL, "S\\A.DCM", "S\\E" };
    files_builder b = { .f = f };

    add_dicomdir(&b, "DICOMDIR", listed, 3);
    for (size_t i = 0; i < N_SCANS; i++)
        add_scan(&b, &scans[i]);
    return finish_files(&b);
}

static void a_dicomdir_says_what_is_read(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = disc(f);
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 2);
    assert_null(ost_item_label(item_named(items, n, "s/a")));
    assert_string_equal(item_named(items, n, "s/e")->group, "patient:s/e");
    assert_non_null(strstr(done.notes, "4 files are left out because "
                                       "'DICOMDIR' does not list them: "
                                       "'s/b.dcm', 's/c.dcm'"));
    done = run_stage(f, "ingest", "{\"dicomdir\":\"ignore\"}", &in, 1);
    output_items(f, &done, "out", &n);
    assert_int_equal(n, 7);
}

static void files_that_a_dicomdir_lists_must_be_there(void **state)
{
    static const char *const listed[] = { "A.DCM", "GONE\\IM1" };
    step_fixture *f = *state;
    files_builder b = { .f = f };
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    add_dicomdir(&b, "s/DICOMDIR", listed, 2);
    add_scan(&b, &scans[0]);
    in = finish_files(&b);
    done = run_stage(f, "ingest", "{}", &in, 1);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_non_null(strstr(done.error, "'s/DICOMDIR' lists 1 files that are "
                                       "not there: 'GONE/IM1'"));
    done = run_stage(f, "ingest", "{\"on_error\":\"skip\"}", &in, 1);
    output_items(f, &done, "out", &n);
    assert_int_equal(n, 1);
    assert_non_null(strstr(done.notes, "'s/DICOMDIR' lists 1 files that are "
                                       "not there: 'GONE/IM1'"));
}

static void a_dicomdir_that_is_none_is_refused(void **state)
{
    step_fixture *f = *state;
    files_builder b = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    add_text(&b, "DICOMDIR", "no DICOM");
    add_scan(&b, &scans[0]);
    in = finish_files(&b);
    done = run_stage(f, "ingest", "{}", &in, 1);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_non_null(strstr(done.error, "DICOMDIR"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(without_a_secret_patients_are_named_after_files),
        step_test(with_a_secret_they_have_pseudonyms),
        step_test(another_secret_gives_other_pseudonyms),
        step_test(a_manifest_says_the_group_whatever_the_files_say),
        step_test(days_are_counted_from_the_patients_first),
        step_test(frames_without_a_view_get_the_names_asked_for),
        step_test(monochrome1_says_so_until_it_is_turned_around),
        step_test(the_report_names_what_was_left_out),
        step_test(a_dicomdir_says_what_is_read),
        step_test(files_that_a_dicomdir_lists_must_be_there),
        step_test(a_dicomdir_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
