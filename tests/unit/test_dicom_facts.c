/* tests/unit/test_dicom_facts.c - what a DICOM header says beside the pixels */
/* links: base stages */
#include "stages/decode_dicom.h"
#include "tests/support/check.h"
#include "tests/support/dicom.h"

#include "base/banned.h"

typedef struct reading {
    ost_buf before;
    ost_buf behind;
    ost_buf file;
    ost_dicom d;
} reading;

static void begin(reading *r, unsigned frames)
{
    const dicom_spec spec = { .rows = 1,
                              .columns = 2,
                              .frames = frames,
                              .samples = 1,
                              .bits = 8,
                              .stored = 8,
                              .photometric = "MONOCHROME2",
                              .before = &r->before,
                              .behind = &r->behind };
    const unsigned char pixels[8] = { 0 };

    make_dicom(&r->file, &spec, pixels, 2 * frames);
    assert_int_equal(ost_dicom_read(r->file.data, r->file.len, 100, &r->d),
                     OST_DICOM_OK);
}

static void end(reading *r)
{
    ost_dicom_release(&r->d);
    ost_buf_release(&r->before);
    ost_buf_release(&r->behind);
    ost_buf_release(&r->file);
}

static const char *view_of(const reading *r, uint32_t frame)
{
    static ost_dicom_frame f;

    ost_dicom_frame_of(&r->d, frame, &f);
    return f.view;
}

/* --- views ---------------------------------------------------------------- */

static void add_vector(ost_buf *out, unsigned element, const uint16_t *v,
                       size_t n)
{
    dicom_element(out, 0x0054, element, "US", v, 2 * n);
}

/* An item of the detector information sequence: a view code, or an angle. */
static void detector_item(ost_buf *item, const char *meaning, const char *angle)
{
    static const unsigned char tag[4] = { 0xfe, 0xff, 0x00, 0xe0 };
    ost_buf detector = { 0 }, code = { 0 };

    if (angle)
        dicom_text(&detector, 0x0054, 0x0200, "DS", angle);
    if (meaning) {
        dicom_text(&code, 0x0008, 0x0100, "SH", "G-A138");
        dicom_text(&code, 0x0008, 0x0104, "LO", meaning);
        dicom_sequence(&detector, 0x0054, 0x0220, &code);
    }
    ost_buf_add(item, tag, sizeof(tag));
    ost_buf_u32(item, (uint32_t)detector.len);
    ost_buf_add(item, detector.data, detector.len);
    ost_buf_release(&detector);
    ost_buf_release(&code);
}

static void detectors_name_the_views_of_their_frames(void **state)
{
    const uint16_t vector[4] = { 2, 1, 1, 2 };
    ost_buf items = { 0 };
    reading r = { 0 };

    (void)state;
    add_vector(&r.behind, 0x0020, vector, 4);
    detector_item(&items, "Anterior", NULL);
    detector_item(&items, "posterior projection", NULL);
    dicom_element(&r.behind, 0x0054, 0x0022, "SQ", items.data, items.len);
    begin(&r, 4);
    assert_string_equal(view_of(&r, 0), "posterior");
    assert_string_equal(view_of(&r, 1), "anterior");
    assert_string_equal(view_of(&r, 2), "anterior");
    assert_string_equal(view_of(&r, 3), "posterior");
    end(&r);
    ost_buf_release(&items);
}

static void angles_name_the_views_of_detectors_without_codes(void **state)
{
    const uint16_t vector[3] = { 1, 2, 3 };
    ost_buf items = { 0 };
    reading r = { 0 };

    (void)state;
    add_vector(&r.behind, 0x0020, vector, 3);
    detector_item(&items, NULL, "-180");
    detector_item(&items, NULL, "0");
    detector_item(&items, NULL, "90");
    dicom_element(&r.behind, 0x0054, 0x0022, "SQ", items.data, items.len);
    begin(&r, 3);
    assert_string_equal(view_of(&r, 0), "anterior");
    assert_string_equal(view_of(&r, 1), "posterior");
    assert_string_equal(view_of(&r, 2), "");
    end(&r);
    ost_buf_release(&items);
}

static void words_name_the_view_of_a_single_frame(void **state)
{
    static const struct {
        unsigned group, element;
        const char *vr, *text, *view;
    } rows[] = {
        { 0x0008, 0x0008, "CS", "ORIGINAL\\PRIMARY\\WHOLE BODY\\POSTERIOR",
          "posterior" },
        { 0x0008, 0x103e, "LO", "WB Bone ANT", "anterior" },
        { 0x0008, 0x103e, "LO", "post_1", "posterior" },
        { 0x0008, 0x103e, "LO", "Anterior/Posterior", "" },
        { 0x0008, 0x103e, "LO", "antrum, postural", "" },
        { 0x0018, 0x5101, "CS", "AP", "ap" },
        { 0x0018, 0x5101, "CS", "ANTERIOR", "anterior" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reading r = { 0 };

        dicom_text(&r.before, rows[i].group, rows[i].element, rows[i].vr,
                   rows[i].text);
        begin(&r, 1);
        assert_string_equal(view_of(&r, 0), rows[i].view);
        end(&r);
    }
}

/* --- spacing and rescale ---------------------------------------------------
 */

static void spacing_says_what_it_is(void **state)
{
    ost_dicom_frame f;
    reading r = { 0 };

    (void)state;
    dicom_text(&r.before, 0x0018, 0x1164, "DS", "0.2\\0.1");
    begin(&r, 1);
    ost_dicom_frame_of(&r.d, 0, &f);
    assert_true(f.spacing_y == 0.2 && f.spacing_x == 0.1);
    assert_string_equal(f.spacing_kind, "imager");
    end(&r);
    r = (reading){ 0 };
    dicom_text(&r.before, 0x0018, 0x1164, "DS", "0.2\\0.1");
    dicom_text(&r.before, 0x0028, 0x0030, "DS", "2.5\\1.5");
    begin(&r, 1);
    ost_dicom_frame_of(&r.d, 0, &f);
    assert_true(f.spacing_y == 2.5 && f.spacing_x == 1.5);
    assert_string_equal(f.spacing_kind, "pixel");
    end(&r);
    r = (reading){ 0 };
    dicom_text(&r.before, 0x0028, 0x0030, "DS", "0\\1.5");
    begin(&r, 1);
    ost_dicom_frame_of(&r.d, 0, &f);
    assert_null(f.spacing_kind);
    end(&r);
}

static void functional_groups_speak_for_their_frames(void **state)
{
    static const unsigned char tag[4] = { 0xfe, 0xff, 0x00, 0xe0 };
    ost_buf shared = { 0 }, measures = { 0 }, own = { 0 };
    ost_dicom_frame f;
    reading r = { 0 };

    (void)state;
    dicom_text(&measures, 0x0028, 0x0030, "DS", "3\\4");
    dicom_sequence(&shared, 0x0028, 0x9110, &measures);
    dicom_sequence(&r.behind, 0x5200, 0x9229, &shared);
    for (int k = 0; k < 2; k++) {
        ost_buf frame = { 0 }, values = { 0 };

        dicom_text(&values, 0x0028, 0x1052, "DS", k ? "10" : "20");
        dicom_text(&values, 0x0028, 0x1053, "DS", "3");
        dicom_sequence(&frame, 0x0028, 0x9145, &values);
        ost_buf_add(&own, tag, sizeof(tag));
        ost_buf_u32(&own, (uint32_t)frame.len);
        ost_buf_add(&own, frame.data, frame.len);
        ost_buf_release(&frame);
        ost_buf_release(&values);
    }
    dicom_element(&r.behind, 0x5200, 0x9230, "SQ", own.data, own.len);
    begin(&r, 2);
    for (uint32_t k = 0; k < 2; k++) {
        ost_dicom_frame_of(&r.d, k, &f);
        assert_true(f.spacing_y == 3 && f.spacing_x == 4);
        assert_true(f.slope == 3 && f.intercept == (k ? 10 : 20));
    }
    end(&r);
    ost_buf_release(&shared);
    ost_buf_release(&measures);
    ost_buf_release(&own);
}

/* --- who and when ----------------------------------------------------------
 */

static void identity_is_read(void **state)
{
    ost_dicom_identity who;
    reading r = { 0 };

    (void)state;
    dicom_text(&r.before, 0x0008, 0x0020, "DA", "19991231");
    dicom_text(&r.before, 0x0008, 0x0022, "DA", "20000301");
    dicom_text(&r.before, 0x0008, 0x0032, "TM", "013015.25");
    dicom_text(&r.before, 0x0010, 0x0020, "LO", " 0815 ");
    dicom_text(&r.before, 0x0010, 0x0021, "LO", "Ward");
    dicom_text(&r.before, 0x0020, 0x000d, "UI", "1.2.3");
    dicom_text(&r.before, 0x0020, 0x000e, "UI", "1.2.3.4");
    dicom_text(&r.before, 0x0020, 0x0013, "IS", "12");
    begin(&r, 1);
    ost_dicom_identify(&r.d, &who);
    assert_string_equal(who.patient, "0815");
    assert_string_equal(who.issuer, "Ward");
    assert_string_equal(who.study, "1.2.3");
    assert_string_equal(who.series, "1.2.3.4");
    assert_true(who.has_instance && who.instance == 12);
    assert_true(who.has_day && who.day == 11017); /* 2000-03-01 */
    assert_true(who.has_seconds && who.seconds == 5415.25);
    end(&r);
}

static void values_are_characters(void **state)
{
    static const struct {
        const char *set;
        const char *text;
        const char *value;
    } cases[] = {
        { "", "plain", "plain" },
        { "ISO_IR 100", "R\xf6ntgen", "R\xc3\xb6ntgen" },
        { "ISO_IR 144", "\xbf\xd1", "\xd0\x9f\xd0\xb1" },
        { "ISO_IR 192", "R\xc3\xb6ntgen", "R\xc3\xb6ntgen" },
        { "ISO_IR 192", "R\xf6ntgen", "R?ntgen" },
        { "", "R\xf6ntgen", "R?ntgen" },
        { "NO_SUCH", "R\xf6ntgen", "R?ntgen" },
        { "ISO_IR 192",
          "a\x1b[31m\x7f\xc2\x9b"
          "b",
          "a?[31m??b" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char value[OST_DICOM_VALUE];
        ost_dicom_frame f;
        reading r = { 0 };

        if (cases[i].set[0])
            dicom_text(&r.before, 0x0008, 0x0005, "CS", cases[i].set);
        dicom_text(&r.before, 0x0008, 0x103e, "LO", cases[i].text);
        dicom_text(&r.before, 0x0018, 0x5101, "CS", cases[i].text);
        begin(&r, 1);
        ost_dicom_value(&r.d, "SeriesDescription", value);
        assert_string_equal(value, cases[i].value);
        ost_dicom_frame_of(&r.d, 0, &f);
        assert_string_equal(f.view + 1, cases[i].value + 1);
        end(&r);
    }
}

static void a_day_is_the_first_eight_digits(void **state)
{
    static const char *const texts[] = { "20000301", "2000.03.01",
                                         "20000301103015.123456",
                                         "20000301000000000000000000000000" };
    ost_dicom_identity who;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        reading r = { 0 };

        dicom_text(&r.before, 0x0008, 0x0020, "DA", texts[i]);
        begin(&r, 1);
        ost_dicom_identify(&r.d, &who);
        assert_true(who.has_day && who.day == 11017);
        end(&r);
    }
}

static void dates_that_are_none_give_no_day(void **state)
{
    static const char *const texts[] = { "1999", "19991331", "19990132", "" };
    ost_dicom_identity who;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        reading r = { 0 };

        dicom_text(&r.before, 0x0008, 0x0020, "DA", texts[i]);
        begin(&r, 1);
        ost_dicom_identify(&r.d, &who);
        assert_false(who.has_day);
        end(&r);
    }
}

/* --- privacy ---------------------------------------------------------------
 */

static void what_identifies_is_named_and_private_tags_are_counted(void **state)
{
    ost_dicom_privacy p;
    reading r = { 0 };
    ost_buf inner = { 0 };

    (void)state;
    dicom_text(&r.before, 0x0008, 0x0080, "LO", "St. Elsewhere");
    dicom_text(&r.before, 0x0008, 0x0090, "PN", "");
    dicom_text(&r.before, 0x0009, 0x0010, "LO", "MAKER");
    dicom_text(&r.before, 0x0009, 0x1001, "LO", "BERRA,JAMES");
    dicom_text(&r.before, 0x0010, 0x0010, "PN", "Berra^James");
    dicom_text(&r.before, 0x0010, 0x0030, "DA", "19500101");
    dicom_text(&r.before, 0x0018, 0x1030, "LO", "Protocol");
    dicom_text(&inner, 0x0019, 0x0010, "LO", "MAKER");
    dicom_text(&inner, 0x0019, 0x1001, "LO", "x");
    dicom_sequence(&r.behind, 0x0040, 0x0275, &inner);
    dicom_element(&r.behind, 0x6000, 0x3000, "OW", "\1\0", 2);
    begin(&r, 1);
    ost_dicom_privacy_of(&r.d, &p);
    assert_string_equal(p.burned_in, "not stated");
    assert_int_equal(p.private_tags, 2);
    assert_int_equal(p.overlays, 1);
    assert_string_equal(p.identifying,
                        "InstitutionName PatientName PatientBirthDate "
                        "RequestAttributesSequence");
    end(&r);
    ost_buf_release(&inner);
    r = (reading){ 0 };
    dicom_text(&r.behind, 0x0028, 0x0301, "CS", "YES");
    begin(&r, 1);
    ost_dicom_privacy_of(&r.d, &p);
    assert_string_equal(p.burned_in, "yes");
    end(&r);
}

/* --- DICOMDIR --------------------------------------------------------------
 */

static void add_path(void *user, const char *path)
{
    ost_buf_adds(user, path);
    ost_buf_adds(user, ";");
}

static void a_dicomdir_names_its_files(void **state)
{
    static const unsigned char tag[4] = { 0xfe, 0xff, 0x00, 0xe0 };
    static const char *const paths[] = { NULL, "A\\B\\IM1", "IM2" };
    ost_buf items = { 0 }, paths_read = { 0 }, file = { 0 };
    ost_dicom d;

    (void)state;
    for (int i = 0; i < 3; i++) {
        ost_buf record = { 0 };

        if (paths[i])
            dicom_text(&record, 0x0004, 0x1500, "CS", paths[i]);
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
    assert_int_equal(ost_dicom_open(file.data, file.len, &d), OST_DICOM_OK);
    assert_int_equal(ost_dicomdir_read(&d, add_path, &paths_read),
                     OST_DICOM_OK);
    assert_string_equal(ost_buf_str(&paths_read), "A/B/IM1;IM2;");
    ost_dicom_release(&d);
    ost_buf_release(&items);
    ost_buf_release(&paths_read);
    ost_buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detectors_name_the_views_of_their_frames),
        cmocka_unit_test(angles_name_the_views_of_detectors_without_codes),
        cmocka_unit_test(words_name_the_view_of_a_single_frame),
        cmocka_unit_test(spacing_says_what_it_is),
        cmocka_unit_test(functional_groups_speak_for_their_frames),
        cmocka_unit_test(identity_is_read),
        cmocka_unit_test(values_are_characters),
        cmocka_unit_test(a_day_is_the_first_eight_digits),
        cmocka_unit_test(dates_that_are_none_give_no_day),
        cmocka_unit_test(what_identifies_is_named_and_private_tags_are_counted),
        cmocka_unit_test(a_dicomdir_names_its_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
