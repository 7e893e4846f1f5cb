/* tests/unit/test_decode_nifti.c - NIfTI volumes to slices */
/* links: base stages */
#include "stages/decode.h"
#include "tests/support/check.h"
#include "tests/support/frames.h"
#include "tests/support/niftis.h"

#include <math.h>

#include "base/banned.h"

static const nifti_spec small = { .version = 1,
                                  .dim = { 3, 2, 3, 4, 1, 1, 1, 1 },
                                  .voxels = 24 };

/* Memory of the exact size, so that a sanitizer sees reads behind it. */
static ost_rc decode_part(const ost_buf *file, size_t n, int axis,
                          seen_frames *seen, ost_err *err)
{
    const ost_decode_limits limits = { .max_pixels = 100, .color = true };
    const ost_nifti_options options = { .axis = axis };
    const ost_frame_sink sink = frames_sink(seen);
    unsigned char *exact = ost_xalloc(n ? n : 1);
    ost_rc rc;

    seen_frames_release(seen);
    *seen = (seen_frames){ 0 };
    memcpy(exact, file->data, n);
    rc = ost_nifti_decode(exact, n, &limits, &options, &sink, err);
    ost_free(exact);
    return rc;
}

static void slices_are_planes_of_two_voxel_axes(void **state)
{
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    for (int version = 1; version <= 2; version++) {
        nifti_spec spec = small;

        spec.version = version;
        make_nifti(&file, &spec);
        assert_int_equal(ost_format_of(file.data, file.len), OST_FORMAT_NIFTI);
        assert_ok(decode_part(&file, file.len, OST_SLICES_2, &seen, &err),
                  &err);
        assert_int_equal(seen.n, 4);
        assert_int_equal(seen.picture.height, 3);
        assert_int_equal(seen.picture.width, 2);
        assert_memory_equal(seen.picture.data, "\x12\x13\x14\x15\x16\x17", 6);
        assert_true(seen.frame.spacing_x == 2 && seen.frame.spacing_y == 3);
        assert_ok(decode_part(&file, file.len, OST_SLICES_0, &seen, &err),
                  &err);
        assert_int_equal(seen.n, 2);
        assert_int_equal(seen.picture.height, 4);
        assert_int_equal(seen.picture.width, 3);
        assert_memory_equal(seen.picture.data,
                            "\x01\x03\x05\x07\x09\x0b\x0d\x0f\x11\x13\x15\x17",
                            12);
        assert_true(seen.frame.spacing_x == 3 && seen.frame.spacing_y == 4);
    }
    seen_frames_release(&seen);
    ost_buf_release(&file);
}

static void time_points_are_told_apart(void **state)
{
    const nifti_spec spec = { .version = 1,
                              .dim = { 4, 2, 2, 2, 3, 1, 1, 1 },
                              .voxels = 24 };
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    make_nifti(&file, &spec);
    assert_ok(decode_part(&file, file.len, OST_SLICES_2, &seen, &err), &err);
    assert_int_equal(seen.n, 6);
    assert_int_equal(seen.frame.timepoint, 2);
    assert_int_equal(seen.frame.timepoints, 3);
    assert_true(isnan(seen.frame.seconds)); /* no unit */
    file.data[123] = 8;                     /* seconds */
    assert_ok(decode_part(&file, file.len, OST_SLICES_2, &seen, &err), &err);
    assert_true(seen.frame.seconds == 10);
    seen_frames_release(&seen);
    ost_buf_release(&file);
}

/* Packed or not, every beginning of the file is refused. */
static void data_that_ends_early_is_refused(void **state)
{
    seen_frames seen = { 0 };
    ost_buf plain = { 0 }, packed = { 0 };
    ost_err err = { 0 };

    (void)state;
    make_nifti(&plain, &small);
    gzip_buf(&plain, &packed);
    assert_int_equal(ost_format_of(packed.data, packed.len), OST_FORMAT_NIFTI);
    assert_ok(decode_part(&packed, packed.len, 0, &seen, &err), &err);
    for (size_t n = 0; n < plain.len; n++)
        assert_int_equal(decode_part(&plain, n, 0, &seen, &err), OST_EINPUT);
    for (size_t n = 0; n < packed.len; n++)
        assert_int_equal(decode_part(&packed, n, 0, &seen, &err), OST_EINPUT);
    packed.data[packed.len - 8] ^= 1; /* the checksum */
    assert_int_equal(decode_part(&packed, packed.len, 0, &seen, &err),
                     OST_EINPUT);
    assert_non_null(strstr(err.text, "damaged gzip: incorrect data check"));
    seen_frames_release(&seen);
    ost_buf_release(&plain);
    ost_buf_release(&packed);
}

static void what_is_not_for_us_is_named(void **state)
{
    static const struct {
        nifti_spec spec;
        ost_rc rc;
        const char *error;
    } rows[] = {
        { { 1, { 3, 2, 3, 4 }, 2, "ni1", 24 },
          OST_EUNSUPPORTED,
          "voxels in a file of their own (.hdr and .img)" },
        { { 1, { 3, 2, 3, 4 }, 32, NULL, 24 },
          OST_EUNSUPPORTED,
          "voxels of type 32" },
        { { 1, { 5, 2, 3, 2, 1, 2 }, 2, NULL, 24 },
          OST_EUNSUPPORTED,
          "dimension 5 (several values per voxel)" },
        { { 1, { 3, 2, 0, 4 }, 2, NULL, 24 },
          OST_EINPUT,
          "damaged NIfTI: dimension 2 is 0" },
        { { 1, { 9, 2, 3, 4 }, 2, NULL, 24 },
          OST_EINPUT,
          "damaged NIfTI: 9 dimensions" },
        { { 1, { 1, 2 }, 2, NULL, 24 }, OST_EINPUT, "one dimension" },
        { { 2, { 3, 2000000000, 2000000000, 2000000000 }, 64, NULL, 24 },
          OST_EINPUT,
          "more than max_pixels (100)" },
        { { 1, { 3, 5, 5, 5 }, 2, NULL, 125 },
          OST_EINPUT,
          "5 x 5 x 5 x 1 voxels are more than max_pixels (100)" },
    };
    seen_frames seen = { 0 };
    ost_buf file = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_err err = { 0 };

        make_nifti(&file, &rows[i].spec);
        assert_int_equal(decode_part(&file, file.len, 0, &seen, &err),
                         rows[i].rc);
        if (!strstr(err.text, rows[i].error))
            fail_msg("'%s' instead of '%s'", err.text, rows[i].error);
        assert_int_equal(seen.n, 0);
    }
    ost_buf_release(&file);
}

/* Whatever one bit of the head is changed to, the decoder returns. */
static void damaged_heads_do_no_harm(void **state)
{
    seen_frames seen = { 0 };
    ost_buf file = { 0 };

    (void)state;
    for (int version = 1; version <= 2; version++) {
        nifti_spec spec = small;

        spec.version = version;
        make_nifti(&file, &spec);
        for (size_t i = 0; i < file.len * 8; i++) {
            ost_err err = { 0 };
            ost_rc rc;

            file.data[i / 8] ^= (unsigned char)(1u << i % 8);
            rc = decode_part(&file, file.len, (int)(i % 7), &seen, &err);
            assert_true(rc == OST_OK || err.text[0] != 0);
            file.data[i / 8] ^= (unsigned char)(1u << i % 8);
        }
    }
    seen_frames_release(&seen);
    ost_buf_release(&file);
}

static void rounded_values_are_told(void **state)
{
    const nifti_spec spec = { .version = 1,
                              .dim = { 2, 2, 1, 1 },
                              .type = 8, /* i32 */
                              .voxels = 8 };
    const int32_t small_ones[2] = { -16777216, 1 << 30 };
    const int32_t large_ones[2] = { 16777217, 5 };
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    make_nifti(&file, &spec);
    memcpy(file.data + 352, small_ones, 8);
    assert_ok(decode_part(&file, file.len, 0, &seen, &err), &err);
    assert_string_equal(seen.told, "");
    memcpy(file.data + 352, large_ones, 8);
    assert_ok(decode_part(&file, file.len, 0, &seen, &err), &err);
    assert_string_equal(seen.told, "values were rounded to f32 (24 bits)");
    seen_frames_release(&seen);
    ost_buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_planes_of_two_voxel_axes),
        cmocka_unit_test(time_points_are_told_apart),
        cmocka_unit_test(data_that_ends_early_is_refused),
        cmocka_unit_test(what_is_not_for_us_is_named),
        cmocka_unit_test(damaged_heads_do_no_harm),
        cmocka_unit_test(rounded_values_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
