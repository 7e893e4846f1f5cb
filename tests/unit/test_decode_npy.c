/* tests/unit/test_decode_npy.c - NumPy arrays to pictures */
/* links: base stages */
#include "stages/decode.h"
#include "tests/support/check.h"
#include "tests/support/frames.h"
#include "tests/support/npys.h"

#include "base/banned.h"

static const unsigned char counting[64] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};

/* Memory of the exact size, so that a sanitizer sees reads behind it. */
static ost_rc decode_part(const ost_buf *file, size_t n, int arrays,
                          seen_frames *seen, ost_err *err)
{
    const ost_decode_limits limits = { .max_pixels = 100, .color = true };
    const ost_frame_sink sink = frames_sink(seen);
    unsigned char *exact = ost_xalloc(n ? n : 1);
    ost_rc rc;

    seen_frames_release(seen);
    *seen = (seen_frames){ 0 };
    memcpy(exact, file->data, n);
    rc = ost_npy_decode(exact, n, &limits, arrays, &sink, err);
    ost_free(exact);
    return rc;
}

static void heads_may_be_written_in_many_ways(void **state)
{
    static const char *const heads[] = {
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }   \n",
        "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"u1\"}",
        "{'descr':'=u1','shape': (2L, 3L,),'fortran_order': False,}\n",
    };
    seen_frames seen = { 0 };
    ost_buf file = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        ost_err err = { 0 };

        make_npy(&file, heads[i], counting, 6);
        assert_int_equal(ost_format_of(file.data, file.len), OST_FORMAT_NPY);
        assert_ok(decode_part(&file, file.len, 0, &seen, &err), &err);
        assert_int_equal(seen.picture.height, 2);
        assert_int_equal(seen.picture.width, 3);
        assert_memory_equal(seen.picture.data, counting, 6);
    }
    seen_frames_release(&seen);
    ost_buf_release(&file);
}

static void dimensions_are_what_the_layout_says(void **state)
{
    static const struct {
        const char *shape;
        int arrays;
        int64_t n, height, width; /* n = 0: refused */
        int channels;
    } rows[] = {
        { "(4, 6)", OST_ARRAYS_AUTO, 1, 4, 6, 1 },
        { "(4, 2, 3)", OST_ARRAYS_AUTO, 1, 4, 2, 3 },
        { "(4, 2, 3)", OST_ARRAYS_CHANNELS, 1, 4, 2, 3 },
        { "(4, 2, 3)", OST_ARRAYS_STACK, 4, 2, 3, 1 },
        { "(2, 3, 4)", OST_ARRAYS_AUTO, 1, 2, 3, 3 },
        { "(2, 12, 1)", OST_ARRAYS_AUTO, 1, 2, 12, 1 },
        { "(3, 4, 2)", OST_ARRAYS_AUTO, 3, 4, 2, 1 },
        { "(3, 4, 2)", OST_ARRAYS_CHANNELS, 0, 0, 0, 0 },
        { "(2, 2, 2, 3)", OST_ARRAYS_AUTO, 2, 2, 2, 3 },
        { "(2, 2, 2, 3)", OST_ARRAYS_STACK, 2, 2, 2, 3 },
        { "(2, 3, 2, 2)", OST_ARRAYS_AUTO, 0, 0, 0, 0 },
        { "(24,)", OST_ARRAYS_AUTO, 0, 0, 0, 0 },
        { "(1, 2, 3, 4, 1)", OST_ARRAYS_AUTO, 0, 0, 0, 0 },
    };
    seen_frames seen = { 0 };
    ost_buf file = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char head[128];
        ost_err err = { 0 };
        ost_rc rc;

        (void)snprintf(head, sizeof(head),
                       "{'descr':'u1','fortran_order':False,'shape':%s}",
                       rows[i].shape);
        make_npy(&file, head, counting, 24);
        rc = decode_part(&file, file.len, rows[i].arrays, &seen, &err);
        assert_int_equal(rc, rows[i].n ? OST_OK : OST_EINPUT);
        assert_int_equal(seen.n, rows[i].n);
        if (rc) {
            assert_non_null(strstr(err.text, "is no picture"));
            continue;
        }
        assert_int_equal(seen.picture.height, rows[i].height);
        assert_int_equal(seen.picture.width, rows[i].width);
        assert_int_equal(seen.picture.channels, rows[i].channels);
    }
    seen_frames_release(&seen);
    ost_buf_release(&file);
}

static void damaged_heads_are_named(void **state)
{
    static const struct {
        const char *head;
        ost_rc rc;
        const char *error;
    } rows[] = {
        { "", OST_EINPUT, "no dictionary" },
        { "{'descr':'u1','shape':(2,3)}", OST_EINPUT, "no dictionary" },
        { "{'descr':'u1','fortran_order':0,'shape':(2,3)}", OST_EINPUT,
          "no dictionary" },
        { "{'descr':'u1','fortran_order':False,'shape':(-2,3)}", OST_EINPUT,
          "no dictionary" },
        { "{'descr':'u1','fortran_order':False,'shape':(2,3)} x", OST_EINPUT,
          "no dictionary" },
        { "{'descr':'u1','fortran_order':False,'shape':(2,3),'x':1}",
          OST_EINPUT, "no dictionary" },
        { "{'descr':'<c8','fortran_order':False,'shape':(2,3)}",
          OST_EUNSUPPORTED, "values of type '<c8'" },
        { "{'descr':'|O','fortran_order':False,'shape':(2,3)}",
          OST_EUNSUPPORTED, "values of type '|O'" },
        { "{'descr':[('a','u1')],'fortran_order':False,'shape':(2,3)}",
          OST_EUNSUPPORTED, "records are not" },
        { "{'descr':'u1','fortran_order':False,'shape':(2,4)}", OST_EINPUT,
          "it ends early (6 of 8 bytes)" },
        { "{'descr':'u1','fortran_order':False,'shape':(2,2)}", OST_EINPUT,
          "2 bytes follow the array" },
        { "{'descr':'u1','fortran_order':False,'shape':(3000000000,"
          "3000000000,3000000000)}",
          OST_EINPUT, "too many elements" },
        { "{'descr':'u1','fortran_order':False,'shape':(9999999999999999999,)"
          "}",
          OST_EINPUT, "no dictionary" },
    };
    seen_frames seen = { 0 };
    ost_buf file = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_err err = { 0 };

        make_npy(&file, rows[i].head, counting, 6);
        assert_int_equal(decode_part(&file, file.len, 0, &seen, &err),
                         rows[i].rc);
        if (!strstr(err.text, rows[i].error))
            fail_msg("'%s' instead of '%s'", err.text, rows[i].error);
        assert_int_equal(seen.n, 0);
    }
    ost_buf_release(&file);
}

static void empty_and_huge_arrays_are_refused(void **state)
{
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    make_npy(&file, "{'descr':'u1','fortran_order':False,'shape':(0,5)}", "",
             0);
    assert_int_equal(decode_part(&file, file.len, 0, &seen, &err), OST_EINPUT);
    assert_string_equal(err.text, "an empty array");
    make_npy(&file, "{'descr':'u1','fortran_order':False,'shape':(4,4,8)}",
             (const char[128]){ 0 }, 128);
    assert_int_equal(decode_part(&file, file.len, 0, &seen, &err), OST_EINPUT);
    assert_string_equal(err.text,
                        "4 x 4 x 8 pixels are more than max_pixels (100)");
    ost_buf_release(&file);
}

/* Whatever is cut off or changed, the decoder returns. */
static void damaged_bytes_do_no_harm(void **state)
{
    seen_frames seen = { 0 };
    ost_buf file = { 0 };
    ost_err err = { 0 };

    (void)state;
    make_npy(&file,
             "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 2, 3), }",
             counting, 24);
    for (size_t n = 0; n < file.len; n++)
        assert_int_equal(decode_part(&file, n, 0, &seen, &err), OST_EINPUT);
    for (size_t i = 0; i < file.len * 8; i++) {
        err = (ost_err){ 0 };
        file.data[i / 8] ^= (unsigned char)(1u << i % 8);
        if (decode_part(&file, file.len, 0, &seen, &err))
            assert_true(err.text[0] != 0);
        file.data[i / 8] ^= (unsigned char)(1u << i % 8);
    }
    seen_frames_release(&seen);
    ost_buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_may_be_written_in_many_ways),
        cmocka_unit_test(dimensions_are_what_the_layout_says),
        cmocka_unit_test(damaged_heads_are_named),
        cmocka_unit_test(empty_and_huge_arrays_are_refused),
        cmocka_unit_test(damaged_bytes_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
