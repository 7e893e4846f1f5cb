/* tests/unit/test_decode_tiff.c - TIFF pages to arrays */
/* links: base stages */
#include "base/alloc.h"
#include "stages/decode.h"
#include "tests/support/check.h"
#include "tests/support/frames.h"
#include "tests/support/tiffs.h"

#include <string.h>
#include <tiffio.h>

#include "base/banned.h"

enum { W = 5, H = 3, GRAY = 1 };

static const ost_decode_limits few = { .max_pixels = 1000, .orient = true };
static const unsigned char values[W * H] = { 1, 2,  3,  4,  5,  6,  7, 8,
                                             9, 10, 11, 12, 13, 14, 15 };

static tiff_spec page_of_values(void)
{
    return (tiff_spec){ .width = W,
                        .height = H,
                        .bits = 8,
                        .photometric = GRAY,
                        .data = values,
                        .size = sizeof(values) };
}

/* Memory of the exact size, so that a sanitizer sees reads behind it. */
static ost_rc decode_part(const ost_buf *file, size_t n, seen_frames *seen,
                          ost_err *err)
{
    const ost_frame_sink sink = frames_sink(seen);
    unsigned char *exact = ost_xalloc(n ? n : 1);
    ost_rc rc;

    memcpy(exact, file->data, n);
    rc = ost_tiff_decode(exact, n, &few, &sink, err);
    ost_free(exact);
    return rc;
}

static void pages_come_in_order_without_copies_and_masks(void **state)
{
    tiff_spec pages[4] = { page_of_values(), page_of_values(), page_of_values(),
                           page_of_values() };
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    pages[0].subfile = 1; /* a reduced copy */
    pages[1].subfile = 2; /* a page of several */
    pages[2].subfile = 4; /* a mask */
    make_tiff(&file, pages, 4);
    assert_int_equal(ost_format_of(file.data, file.len), OST_FORMAT_TIFF);
    assert_ok(decode_part(&file, file.len, &seen, &err), &err);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.picture.dtype, OST_U8);
    assert_int_equal(seen.picture.height, H);
    assert_int_equal(seen.picture.width, W);
    assert_memory_equal(seen.picture.data, values, sizeof(values));
    seen_frames_release(&seen);
    ost_buf_release(&file);
}

static void a_tag_that_nobody_knows_is_no_news(void **state)
{
    tiff_spec page = page_of_values();
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    page.private_tag = 65000;
    make_tiff(&file, &page, 1);
    assert_ok(decode_part(&file, file.len, &seen, &err), &err);
    assert_string_equal(seen.told, "");
    seen_frames_release(&seen);
    ost_buf_release(&file);
}

static void what_libtiff_warns_of_is_told(void **state)
{
    tiff_spec page = page_of_values();
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    make_tiff(&file, &page, 1);
    /* Tags out of order: compression and photometric, which both are 1. */
    file.data[8 + page.size + 2 + 3 * 12] = 262 & 255;
    file.data[8 + page.size + 2 + 4 * 12] = 259 & 255;
    assert_ok(decode_part(&file, file.len, &seen, &err), &err);
    assert_non_null(strstr(seen.told, "sorted"));
    seen_frames_release(&seen);
    ost_buf_release(&file);
}

static void data_that_ends_early_is_refused(void **state)
{
    tiff_spec pages[2] = { page_of_values(), page_of_values() };
    ost_buf file = { 0 };

    (void)state;
    make_tiff(&file, pages, 2);
    for (size_t n = 0; n < file.len; n++) {
        seen_frames seen = { 0 };
        ost_err err = { 0 };

        if (decode_part(&file, n, &seen, &err) != OST_EINPUT)
            fail_msg("%zu of %zu bytes: %s; %s", n, file.len, err.text,
                     seen.told);
        assert_true(err.text[0] != 0);
        seen_frames_release(&seen);
    }
    ost_buf_release(&file);
}

/* Whatever one byte is changed to, the decoder returns. */
static void damaged_bytes_do_no_harm(void **state)
{
    tiff_spec page = page_of_values();
    ost_buf file = { 0 };

    (void)state;
    make_tiff(&file, &page, 1);
    for (size_t i = 0; i < file.len; i++) {
        for (int k = 0; k < 8; k++) {
            seen_frames seen = { 0 };
            ost_err err = { 0 };
            ost_rc rc;

            file.data[i] ^= (unsigned char)(1u << k);
            rc = decode_part(&file, file.len, &seen, &err);
            assert_true(rc == OST_OK || err.text[0] != 0);
            file.data[i] ^= (unsigned char)(1u << k);
            seen_frames_release(&seen);
        }
    }
    ost_buf_release(&file);
}

static void huge_pictures_are_refused_before_memory_is_taken(void **state)
{
    tiff_spec pages[2] = { page_of_values(), page_of_values() };
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    pages[1].width = 60000;
    pages[1].height = 60000;
    make_tiff(&file, pages, 2);
    assert_int_equal(decode_part(&file, file.len, &seen, &err), OST_EINPUT);
    assert_int_equal(seen.n, 0);
    assert_non_null(strstr(err.text, "60000 x 60000 pixels and those "
                                     "before are more than max_pixels (1000)"));
    ost_buf_release(&file);
}

static void pages_that_run_in_a_circle_are_refused(void **state)
{
    tiff_spec page = page_of_values();
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    page.next = 8 + page.size;
    make_tiff(&file, &page, 1);
    assert_int_equal(decode_part(&file, file.len, &seen, &err), OST_EINPUT);
    ost_buf_release(&file);
}

static void samples_that_nobody_uses_are_named(void **state)
{
    tiff_spec page = page_of_values();
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    page.bits = 24;
    page.width = 1;
    make_tiff(&file, &page, 1);
    assert_int_equal(decode_part(&file, file.len, &seen, &err),
                     OST_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "24 bits"));
    ost_buf_release(&file);
}

/* Every bit pattern of 2 samples of 12 bits comes out as it is stored. */
static void twelve_bits_become_sixteen(void **state)
{
    const unsigned char packed[] = { 0xab, 0xc1, 0x23, 0xff, 0xf0, 0x00 };
    const uint16_t want[] = { 0xabc, 0x123, 0xfff, 0 };
    tiff_spec page = { .width = 2,
                       .height = 2,
                       .bits = 12,
                       .photometric = GRAY,
                       .data = packed,
                       .size = sizeof(packed) };
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    make_tiff(&file, &page, 1);
    assert_ok(decode_part(&file, file.len, &seen, &err), &err);
    assert_int_equal(seen.picture.dtype, OST_U16);
    assert_memory_equal(seen.picture.data, want, sizeof(want));
    seen_frames_release(&seen);
    ost_buf_release(&file);
}

/* A fax code that makes no sense is no white line. */
static void warnings_about_pixels_are_failures(void **state)
{
    unsigned char rubbish[64];
    tiff_spec page = { .width = 40,
                       .height = 20,
                       .bits = 1,
                       .photometric = 0,
                       .compression = COMPRESSION_CCITTFAX4,
                       .data = rubbish,
                       .size = sizeof(rubbish) };
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(rubbish); i++)
        rubbish[i] = (unsigned char)(i * 151 + 17);
    make_tiff(&file, &page, 1);
    assert_int_equal(decode_part(&file, file.len, &seen, &err), OST_EINPUT);
    assert_non_null(strstr(err.text, "damaged TIFF: Fax"));
    ost_buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_come_in_order_without_copies_and_masks),
        cmocka_unit_test(a_tag_that_nobody_knows_is_no_news),
        cmocka_unit_test(what_libtiff_warns_of_is_told),
        cmocka_unit_test(data_that_ends_early_is_refused),
        cmocka_unit_test(damaged_bytes_do_no_harm),
        cmocka_unit_test(huge_pictures_are_refused_before_memory_is_taken),
        cmocka_unit_test(pages_that_run_in_a_circle_are_refused),
        cmocka_unit_test(samples_that_nobody_uses_are_named),
        cmocka_unit_test(twelve_bits_become_sixteen),
        cmocka_unit_test(warnings_about_pixels_are_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
