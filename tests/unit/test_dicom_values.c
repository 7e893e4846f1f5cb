/* tests/unit/test_dicom_values.c - stored values as values of an image */
/* links: base stages */
#include "stages/dicom_values.h"
#include "tests/support/check.h"
#include "tests/support/dicom.h"

#include "base/banned.h"

static const dicom_spec gray = {
    .rows = 1,
    .columns = 4,
    .frames = 1,
    .samples = 1,
    .bits = 16,
    .stored = 12,
    .photometric = "MONOCHROME2",
};

typedef struct reading {
    ost_buf file;
    ost_buf behind;
    ost_dicom d;
    ost_dicom_values v;
    ost_err err;
} reading;

/* Makes and opens a file; the caller has filled r->behind. */
static ost_rc begin(reading *r, dicom_spec spec, const void *pixels,
                    size_t size, ost_dicom_meaning meaning)
{
    spec.behind = &r->behind;
    make_dicom(&r->file, &spec, pixels, size);
    assert_int_equal(ost_dicom_read(r->file.data, r->file.len, 1000, &r->d),
                     OST_DICOM_OK);
    r->v.d = &r->d;
    r->v.meaning = meaning;
    r->v.bits = r->v.bits ? r->v.bits : 8;
    return ost_dicom_values_init(&r->v, &r->err);
}

static void fill(reading *r, uint32_t frame, void *out)
{
    assert_ok(ost_dicom_fill(&r->v, frame, out, &r->err), &r->err);
}

static void end(reading *r)
{
    ost_dicom_values_release(&r->v);
    ost_dicom_release(&r->d);
    ost_buf_release(&r->file);
    ost_buf_release(&r->behind);
    *r = (reading){ 0 };
}

static void add_window(ost_buf *out, const char *center, const char *width,
                       const char *function)
{
    dicom_text(out, 0x0028, 0x1050, "DS", center);
    dicom_text(out, 0x0028, 0x1051, "DS", width);
    if (function)
        dicom_text(out, 0x0028, 0x1056, "CS", function);
}

/* A table as the standard describes one, in the item of a sequence. */
static void add_table(ost_buf *out, unsigned sequence, int n, int first,
                      int bits, const uint16_t *v)
{
    uint16_t descriptor[3] = { (uint16_t)n, (uint16_t)first, (uint16_t)bits };
    ost_buf item = { 0 };

    dicom_element(&item, 0x0028, 0x3002, "US", descriptor, 6);
    dicom_element(&item, 0x0028, 0x3006, "OW", v, (size_t)n * 2);
    dicom_sequence(out, 0x0028, sequence, &item);
    ost_buf_release(&item);
}

/* PS3.3 C.11.2.1.2, its own examples: center 2048 and width 4096 leave 12 bits
 * as they are, center 1 and width 1 cut between 0 and 1. */
static void windows_follow_the_standard(void **state)
{
    static const struct {
        const char *center, *width, *function;
        uint16_t in[4];
        uint16_t out[4];
    } rows[] = {
        { "2048", "4096", NULL, { 0, 1, 2048, 4095 }, { 0, 16, 32776, 65535 } },
        { "1", "1", NULL, { 0, 1, 2, 3 }, { 0, 65535, 65535, 65535 } },
        { "0.5", "1", "LINEAR", { 0, 1, 2, 3 }, { 0, 65535, 65535, 65535 } },
        { "10",
          "4",
          "LINEAR_EXACT",
          { 8, 9, 10, 13 },
          { 0, 16384, 32768, 65535 } },
        { "10",
          "4",
          "SIGMOID",
          { 8, 10, 12, 4000 },
          { 7812, 32768, 57723, 65535 } },
        { "10",
          "0.5",
          "LINEAR",
          { 9, 10, 11, 12 },
          { 0, 32768, 65535, 65535 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reading r = { .v.bits = 16 };
        uint16_t out[4];

        add_window(&r.behind, rows[i].center, rows[i].width, rows[i].function);
        assert_ok(begin(&r, gray, rows[i].in, 8, OST_DICOM_DISPLAYED), &r.err);
        assert_int_equal(ost_dicom_dtype(&r.v), OST_U16);
        fill(&r, 0, out);
        for (int k = 0; k < 4; k++)
            assert_int_equal(out[k], rows[i].out[k]);
        end(&r);
    }
}

static void the_window_asked_for_is_used(void **state)
{
    const uint16_t in[4] = { 0, 100, 200, 300 };
    const uint16_t table[2] = { 0, 3 };
    uint8_t out[4];
    reading r = { .v.window = 1 };

    (void)state;
    add_window(&r.behind, "1\\200", "2\\201", NULL);
    assert_ok(begin(&r, gray, in, 8, OST_DICOM_DISPLAYED), &r.err);
    fill(&r, 0, out);
    assert_memory_equal(out, ((uint8_t[]){ 0, 1, 128, 255 }), 4);
    end(&r);
    r.v.window = 2; /* the table behind the windows */
    add_window(&r.behind, "1\\200", "2\\201", NULL);
    add_table(&r.behind, 0x3010, 2, 200, 2, table);
    assert_ok(begin(&r, gray, in, 8, OST_DICOM_DISPLAYED), &r.err);
    fill(&r, 0, out);
    assert_memory_equal(out, ((uint8_t[]){ 0, 0, 0, 255 }), 4);
    end(&r);
    r.v.window = 2;
    add_window(&r.behind, "1\\200", "2\\201", NULL);
    assert_int_equal(begin(&r, gray, in, 8, OST_DICOM_DISPLAYED), OST_EINPUT);
    assert_string_equal(r.err.text, "DICOM: there is no window 2: the file "
                                    "has 2, counted from 0");
    end(&r);
}

static void without_a_window_the_range_is_shown(void **state)
{
    const uint16_t in[4] = { 100, 200, 300, 65000 & 0xfff };
    const unsigned char small[4] = { 0, 1, 200, 255 };
    dicom_spec spec = gray;
    uint8_t out[4];
    reading r = { 0 };

    (void)state;
    assert_ok(begin(&r, gray, in, 8, OST_DICOM_DISPLAYED), &r.err);
    fill(&r, 0, out);
    assert_int_equal(out[0], 0);
    assert_int_equal(out[3], 255);
    end(&r);
    spec.bits = spec.stored = 8;
    assert_ok(begin(&r, spec, small, 4, OST_DICOM_DISPLAYED), &r.err);
    fill(&r, 0, out);
    assert_memory_equal(out, small, 4);
    end(&r);
}

static void padding_does_not_widen_the_range(void **state)
{
    const uint16_t in[4] = { 4000, 10, 20, 30 };
    dicom_spec spec = gray;
    uint8_t out[4];
    reading r = { 0 };

    (void)state;
    dicom_us(&r.behind, 0x0120, 4000); /* out of order, which is read too */
    assert_ok(begin(&r, spec, in, 8, OST_DICOM_DISPLAYED), &r.err);
    fill(&r, 0, out);
    assert_memory_equal(out, ((uint8_t[]){ 255, 0, 128, 255 }), 4);
    end(&r);
}

static void monochrome1_is_shown_inverted_and_stored_as_stated(void **state)
{
    const uint16_t in[4] = { 0, 1, 2, 4095 };
    dicom_spec spec = gray;
    uint16_t stored[4];
    uint8_t out[4];
    float rescaled[4];
    reading r = { 0 };

    (void)state;
    spec.photometric = "MONOCHROME1";
    spec.intercept = "-1000";
    assert_ok(begin(&r, spec, in, 8, OST_DICOM_STORED), &r.err);
    assert_true(ost_dicom_is_inverse(&r.v));
    fill(&r, 0, stored);
    assert_memory_equal(stored, in, sizeof(in));
    end(&r);
    r.v.turn = true;
    assert_ok(begin(&r, spec, in, 8, OST_DICOM_RESCALED), &r.err);
    assert_false(ost_dicom_is_inverse(&r.v));
    fill(&r, 0, rescaled);
    assert_true(rescaled[0] == 2 * 4095 - 1000 && rescaled[3] == -1000);
    end(&r);
    assert_ok(begin(&r, spec, in, 8, OST_DICOM_DISPLAYED), &r.err);
    assert_false(ost_dicom_is_inverse(&r.v));
    fill(&r, 0, out);
    assert_int_equal(out[0], 255);
    assert_int_equal(out[3], 0);
    end(&r);
}

static void signed_values_of_twelve_bits_are_rescaled(void **state)
{
    const uint16_t in[4] = { 0xf800, 0x0fff, 0, 0x07ff };
    dicom_spec spec = gray;
    float out[4];
    reading r = { 0 };

    (void)state;
    spec.is_signed = 1;
    spec.intercept = "0.5";
    assert_ok(begin(&r, spec, in, 8, OST_DICOM_RESCALED), &r.err);
    fill(&r, 0, out);
    assert_true(out[0] == -4095.5f && out[1] == -1.5f && out[2] == 0.5f &&
                out[3] == 4094.5f);
    end(&r);
}

static void a_modality_table_replaces_the_slope(void **state)
{
    const uint16_t in[4] = { 0, 10, 11, 99 };
    const uint16_t table[3] = { 7, 500, 40000 };
    float out[4];
    reading r = { 0 };

    (void)state;
    add_table(&r.behind, 0x3000, 3, 9, 16, table);
    assert_ok(begin(&r, gray, in, 8, OST_DICOM_RESCALED), &r.err);
    fill(&r, 0, out);
    assert_true(out[0] == 7 && out[1] == 500 && out[2] == 40000 &&
                out[3] == 40000);
    end(&r);
}

static void floating_point_pixels_are_read(void **state)
{
    const float in[4] = { -1.5f, 0, 2.5f, 1e30f };
    dicom_spec spec = gray;
    uint8_t out[4];
    float plain[4];
    reading r = { 0 };

    (void)state;
    spec.bits = spec.stored = 32;
    dicom_element(&r.behind, 0x7fe0, 0x0008, "OF", in, sizeof(in));
    assert_ok(begin(&r, spec, NULL, 0, OST_DICOM_STORED), &r.err);
    assert_int_equal(ost_dicom_dtype(&r.v), OST_F32);
    fill(&r, 0, plain);
    assert_memory_equal(plain, in, sizeof(in));
    end(&r);
    add_window(&r.behind, "0", "4", "LINEAR_EXACT");
    dicom_element(&r.behind, 0x7fe0, 0x0008, "OF", in, sizeof(in));
    assert_ok(begin(&r, spec, NULL, 0, OST_DICOM_DISPLAYED), &r.err);
    fill(&r, 0, out);
    assert_memory_equal(out, ((uint8_t[]){ 32, 128, 255, 255 }), 4);
    end(&r);
}

/* --- color -----------------------------------------------------------------
 */

static void add_palette(ost_buf *out, int n, int bits, unsigned data,
                        const void *v, size_t size)
{
    uint16_t descriptor[3] = { (uint16_t)n, 0, (uint16_t)bits };

    for (unsigned c = 0; c < 3; c++)
        dicom_element(out, 0x0028, 0x1101 + c, "US", descriptor, 6);
    for (unsigned c = 0; c < 3; c++)
        dicom_element(out, 0x0028, data + c, "OW", v, size);
}

static void check_palette(int bits, unsigned data, const void *v, size_t size,
                          const uint8_t *want)
{
    const unsigned char in[4] = { 0, 1, 4, 200 };
    dicom_spec spec = gray;
    uint8_t out[12];
    reading r = { 0 };

    spec.bits = spec.stored = 8;
    spec.photometric = "PALETTE COLOR";
    add_palette(&r.behind, 5, bits, data, v, size);
    assert_ok(begin(&r, spec, in, 4, OST_DICOM_STORED), &r.err);
    assert_true(ost_dicom_is_color(&r.d));
    assert_int_equal(ost_dicom_dtype(&r.v), OST_U8);
    fill(&r, 0, out);
    for (int i = 0; i < 12; i++)
        assert_int_equal(out[i], want[i / 3]);
    end(&r);
}

static void palettes_are_applied(void **state)
{
    const uint16_t wide[5] = { 0x1000, 0x2000, 0x3000, 0x4000, 0x5000 };
    const uint16_t low[5] = { 1, 2, 3, 4, 5 };
    const unsigned char packed[6] = { 10, 20, 30, 40, 50, 0 };
    /* one entry, then three on a line up to 400, then one again */
    const uint16_t line[] = { 0, 1, 100, 1, 3, 400, 0, 1, 7 };
    /* one entry, a line of one, twice again from byte 0 */
    const uint16_t again[] = {
        0, 1, 0x700, 1, 1, 0x900, 2, 2, 0, 0, 0, 1, 0x100
    };

    (void)state;
    check_palette(16, 0x1201, wide, sizeof(wide),
                  (uint8_t[]){ 0x10, 0x20, 0x50, 0x50 });
    check_palette(16, 0x1201, low, sizeof(low), (uint8_t[]){ 1, 2, 5, 5 });
    check_palette(8, 0x1201, packed, sizeof(packed),
                  (uint8_t[]){ 10, 20, 50, 50 });
    check_palette(16, 0x1221, line, sizeof(line), (uint8_t[]){ 0, 0, 0, 0 });
    check_palette(16, 0x1221, again, sizeof(again), (uint8_t[]){ 7, 9, 1, 1 });
}

static void a_palette_that_is_too_short_is_refused(void **state)
{
    const uint16_t v[5] = { 1, 2, 3, 4, 5 };
    const uint16_t nested[] = { 2, 1, 0, 0 };
    const unsigned char in[4] = { 0 };
    dicom_spec spec = gray;
    reading r = { 0 };

    (void)state;
    spec.bits = spec.stored = 8;
    spec.photometric = "PALETTE COLOR";
    add_palette(&r.behind, 6, 16, 0x1201, v, sizeof(v));
    assert_int_equal(begin(&r, spec, in, 4, OST_DICOM_STORED), OST_EINPUT);
    assert_string_equal(r.err.text, "damaged DICOM: the palette has 5 of 6 "
                                    "entries of 16 bits");
    end(&r);
    add_palette(&r.behind, 6, 16, 0x1221, nested, sizeof(nested));
    assert_int_equal(begin(&r, spec, in, 4, OST_DICOM_STORED), OST_EINPUT);
    assert_string_equal(r.err.text, "damaged DICOM: the palette's segments "
                                    "give 0 of 6 entries");
    end(&r);
}

static void color_spaces_become_rgb(void **state)
{
    static const struct {
        const char *photometric;
        unsigned char in[3], out[3];
    } rows[] = {
        { "RGB", { 1, 2, 3 }, { 1, 2, 3 } },
        { "YBR_FULL", { 76, 85, 255 }, { 254, 0, 0 } },
        { "YBR_PARTIAL_420", { 235, 128, 128 }, { 255, 255, 255 } },
        { "YBR_PARTIAL_420", { 16, 128, 128 }, { 0, 0, 0 } },
        { "YBR_PARTIAL_420", { 81, 90, 240 }, { 254, 0, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        dicom_spec spec = gray;
        uint8_t out[3];
        reading r = { 0 };

        spec.columns = 1;
        spec.samples = 3;
        spec.bits = spec.stored = 8;
        spec.photometric = rows[i].photometric;
        assert_ok(begin(&r, spec, rows[i].in, 3, OST_DICOM_DISPLAYED), &r.err);
        fill(&r, 0, out);
        assert_memory_equal(out, rows[i].out, 3);
        end(&r);
    }
}

static void colors_that_are_not_known_are_refused(void **state)
{
    const unsigned char in[4] = { 0 };
    dicom_spec spec = gray;
    reading r = { 0 };

    (void)state;
    spec.columns = 1;
    spec.samples = 3;
    spec.bits = spec.stored = 8;
    spec.photometric = "HSV";
    assert_int_equal(begin(&r, spec, in, 4, OST_DICOM_STORED),
                     OST_EUNSUPPORTED);
    assert_string_equal(r.err.text, "DICOM: HSV of 8 bits is not supported");
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_follow_the_standard),
        cmocka_unit_test(the_window_asked_for_is_used),
        cmocka_unit_test(without_a_window_the_range_is_shown),
        cmocka_unit_test(padding_does_not_widen_the_range),
        cmocka_unit_test(monochrome1_is_shown_inverted_and_stored_as_stated),
        cmocka_unit_test(signed_values_of_twelve_bits_are_rescaled),
        cmocka_unit_test(a_modality_table_replaces_the_slope),
        cmocka_unit_test(floating_point_pixels_are_read),
        cmocka_unit_test(palettes_are_applied),
        cmocka_unit_test(a_palette_that_is_too_short_is_refused),
        cmocka_unit_test(color_spaces_become_rgb),
        cmocka_unit_test(colors_that_are_not_known_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
