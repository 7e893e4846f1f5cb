/* tests/unit/test_decode_dicom.c - stored values of DICOM files */
/* links: base stages */
#include "base/alloc.h"
#include "stages/decode.h"
#include "stages/decode_dicom.h"
#include "tests/support/check.h"
#include "tests/support/pictures.h"

#include "base/banned.h"

static const dicom_spec wide = {
    .rows = 2,
    .columns = 3,
    .frames = 1,
    .samples = 1,
    .bits = 16,
    .stored = 12,
    .photometric = "MONOCHROME1",
    .intercept = "-1024",
};

/* A copy of exactly the bytes that are read, as long as they are. */
static unsigned char *exact;

static ost_dicom_status read_exact(const ost_buf *file, size_t n,
                                   uint64_t max_pixels, ost_dicom *d)
{
    exact = ost_xalloc(n ? n : 1);
    memcpy(exact, file->data, n);
    return ost_dicom_read(exact, n, max_pixels, d);
}

static void finish(ost_dicom *d)
{
    ost_dicom_release(d);
    ost_free(exact);
    exact = NULL;
}

static void stored_words_and_header_are_read(void **state)
{
    const uint16_t v[6] = { 0, 1, 2, 1000, 4000, 4095 };
    const char *const keywords[] = { "Modality", "PatientName", "Rows",
                                     "BodyPartExamined" };
    char values[4][OST_DICOM_VALUE];
    ost_dicom_frame f;
    ost_buf file = { 0 };
    ost_dicom d;

    (void)state;
    for (int bare = 0; bare < 2; bare++) {
        dicom_spec spec = wide;

        spec.bare = bare;
        ost_buf_reset(&file);
        make_dicom(&file, &spec, v, sizeof(v));
        assert_int_equal(ost_format_of(file.data, file.len), OST_FORMAT_DICOM);
        assert_int_equal(ost_dicom_read(file.data, file.len, 6, &d),
                         OST_DICOM_OK);
        for (int i = 0; i < 4; i++)
            ost_dicom_value(&d, keywords[i], values[i]);
        ost_dicom_frame_of(&d, 0, &f);
        assert_int_equal(d.rows, 2);
        assert_int_equal(d.columns, 3);
        assert_int_equal(d.frames, 1);
        assert_int_equal(d.bits_stored, 12);
        assert_false(d.is_signed);
        assert_string_equal(d.photometric, "MONOCHROME1");
        assert_true(f.has_rescale && f.slope == 2 && f.intercept == -1024);
        assert_int_equal(d.size, sizeof(v));
        assert_memory_equal(d.words, v, sizeof(v));
        assert_string_equal(values[0], "OT");
        assert_string_equal(values[2], "2");
        assert_string_equal(values[3], "");
        ost_dicom_release(&d);
    }
    ost_buf_release(&file);
}

static void planes_are_interleaved(void **state)
{
    const unsigned char planes[12] = { 1,  2,  3,  4,  11, 12,
                                       13, 14, 21, 22, 23, 24 };
    const unsigned char mixed[12] = {
        1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24
    };
    const dicom_spec spec = { .rows = 2,
                              .columns = 2,
                              .frames = 1,
                              .samples = 3,
                              .bits = 8,
                              .stored = 8,
                              .planar = 1,
                              .photometric = "RGB" };
    ost_buf file = { 0 };
    ost_dicom d;

    (void)state;
    make_dicom(&file, &spec, planes, sizeof(planes));
    assert_int_equal(read_exact(&file, file.len, 4, &d), OST_DICOM_OK);
    assert_memory_equal(d.words, mixed, sizeof(mixed));
    finish(&d);
    ost_buf_release(&file);
}

static void single_bits_become_bytes_across_frames(void **state)
{
    const unsigned char bits[2] = { 0xa5, 0x03 }; /* 1010 0101 1100 0000 */
    const unsigned char bytes[10] = { 1, 0, 1, 0, 0, 1, 0, 1, 1, 1 };
    const dicom_spec spec = { .rows = 1,
                              .columns = 5,
                              .frames = 2,
                              .samples = 1,
                              .bits = 1,
                              .stored = 1,
                              .photometric = "MONOCHROME2" };
    ost_buf file = { 0 };
    ost_dicom d;

    (void)state;
    make_dicom(&file, &spec, bits, sizeof(bits));
    assert_int_equal(read_exact(&file, file.len, 10, &d), OST_DICOM_OK);
    assert_int_equal(d.frames, 2);
    assert_int_equal(d.bits, 8);
    assert_memory_equal(d.words, bytes, sizeof(bytes));
    finish(&d);
    ost_buf_release(&file);
}

static void data_that_ends_early_is_refused(void **state)
{
    const uint16_t v[6] = { 0, 1, 2, 1000, 4000, 4095 };
    ost_buf file = { 0 };

    (void)state;
    make_dicom(&file, &wide, v, sizeof(v));
    for (size_t n = 0; n < file.len; n++) {
        ost_dicom d;

        assert_int_not_equal(read_exact(&file, n, 6, &d), OST_DICOM_OK);
        assert_true(d.error[0] != 0);
        finish(&d);
    }
    ost_buf_release(&file);
}

static void too_few_pixels_and_too_many_are_refused(void **state)
{
    const uint16_t v[6] = { 0 };
    ost_buf file = { 0 };
    dicom_spec spec = wide;
    ost_dicom d;

    (void)state;
    make_dicom(&file, &spec, v, 8);
    assert_int_equal(read_exact(&file, file.len, 6, &d), OST_DICOM_DAMAGED);
    assert_string_equal(d.error,
                        "pixel data ends early: 8 of 12 bytes are there");
    finish(&d);
    spec.rows = 60000;
    spec.columns = 60000;
    spec.frames = 60000;
    ost_buf_reset(&file);
    make_dicom(&file, &spec, v, sizeof(v));
    assert_int_equal(read_exact(&file, file.len, 1u << 30, &d),
                     OST_DICOM_TOO_LARGE);
    assert_non_null(strstr(d.error, "60000 x 60000 pixels in 60000 frames"));
    finish(&d);
    spec.bits = 64;
    ost_buf_reset(&file);
    make_dicom(&file, &spec, v, sizeof(v));
    assert_int_equal(read_exact(&file, file.len, 1u << 30, &d),
                     OST_DICOM_UNSUPPORTED);
    finish(&d);
    ost_buf_release(&file);
}

/* Four gigabytes are claimed and not there. */
static void a_value_that_is_not_there_takes_no_memory(void **state)
{
    const uint16_t v[6] = { 0 };
    ost_buf file = { 0 };
    ost_dicom d;

    (void)state;
    make_dicom(&file, &wide, v, sizeof(v));
    memset(file.data + file.len - sizeof(v) - 4, 0xf0, 4);
    assert_int_equal(read_exact(&file, file.len, 6, &d), OST_DICOM_DAMAGED);
    finish(&d);
    ost_buf_release(&file);
}

static void damaged_bytes_do_no_harm(void **state)
{
    const uint16_t v[6] = { 0, 1, 2, 3, 4, 5 };
    ost_buf file = { 0 };

    (void)state;
    make_dicom(&file, &wide, v, sizeof(v));
    for (size_t i = 128; i < file.len; i++) {
        ost_dicom d;

        file.data[i] ^= 0x5a;
        (void)read_exact(&file, file.len, 1000, &d);
        assert_true(d.size <= 1000 * 12);
        finish(&d);
        file.data[i] ^= 0x5a;
    }
    ost_buf_release(&file);
}

static void attributes_of_the_patient_are_not_to_be_had(void **state)
{
    (void)state;
    assert_int_equal(ost_dicom_keyword("Modality"), 1);
    assert_int_equal(ost_dicom_keyword("PatientSex"), 1);
    assert_int_equal(ost_dicom_keyword("PatientName"), -1);
    assert_int_equal(ost_dicom_keyword("PatientID"), -1);
    assert_int_equal(ost_dicom_keyword("OperatorsName"), -1);
    assert_int_equal(ost_dicom_keyword("StudyDate"), -1);
    assert_int_equal(ost_dicom_keyword("StudyInstanceUID"), -1);
    assert_int_equal(ost_dicom_keyword("InstitutionName"), -1);
    assert_int_equal(ost_dicom_keyword("0008,0060"), 0);
    assert_int_equal(ost_dicom_keyword("0029,1010"), 0);
    assert_int_equal(ost_dicom_keyword("NoSuchKeyword"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_words_and_header_are_read),
        cmocka_unit_test(planes_are_interleaved),
        cmocka_unit_test(single_bits_become_bytes_across_frames),
        cmocka_unit_test(data_that_ends_early_is_refused),
        cmocka_unit_test(too_few_pixels_and_too_many_are_refused),
        cmocka_unit_test(a_value_that_is_not_there_takes_no_memory),
        cmocka_unit_test(damaged_bytes_do_no_harm),
        cmocka_unit_test(attributes_of_the_patient_are_not_to_be_had),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
