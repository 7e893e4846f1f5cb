/* tests/unit/test_decode.c - foreign pictures to arrays, and to PNG and NumPy
 */
/* links: base stages */
#include "base/alloc.h"
#include "stages/decode.h"
#include "stages/encode.h"
#include "tests/support/check.h"
#include "tests/support/pictures.h"

#include "base/banned.h"

enum { W = 5, H = 3 };

static const ost_decode_limits gray = { .max_pixels = 1000 };
static const ost_decode_limits color = { .max_pixels = 1000, .color = true };

static unsigned luma(unsigned r, unsigned g, unsigned b)
{
    return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
}

static void gray_png_keeps_8_and_16_bits(void **state)
{
    unsigned char narrow[W * H], wide[2 * W * H];
    ost_buf file = { 0 };
    ost_picture p;

    (void)state;
    for (int i = 0; i < W * H; i++) {
        narrow[i] = (unsigned char)(17 * i);
        wide[2 * i] = (unsigned char)i; /* big endian: 256 i + 99 */
        wide[2 * i + 1] = 99;
    }
    for (int interlace = 0; interlace < 2; interlace++) {
        ost_buf_reset(&file);
        make_png(&file, W, H, 8, PNG_COLOR_TYPE_GRAY, interlace, narrow, W);
        assert_int_equal(ost_format_of(file.data, file.len), OST_FORMAT_PNG);
        assert_int_equal(ost_png_decode(file.data, file.len, &color, &p, NULL),
                         OST_OK);
        assert_int_equal(p.dtype, OST_U8);
        assert_int_equal(p.height, H);
        assert_int_equal(p.width, W);
        assert_int_equal(p.channels, 1);
        assert_memory_equal(p.data, narrow, sizeof(narrow));
        ost_picture_release(&p);
    }
    ost_buf_reset(&file);
    make_png(&file, W, H, 16, PNG_COLOR_TYPE_GRAY, 0, wide, 2 * W);
    assert_int_equal(ost_png_decode(file.data, file.len, &gray, &p, NULL),
                     OST_OK);
    assert_int_equal(p.dtype, OST_U16);
    for (int i = 0; i < W * H; i++)
        assert_int_equal(((uint16_t *)p.data)[i], 256 * i + 99);
    ost_picture_release(&p);
    ost_buf_release(&file);
}

static void color_png_becomes_gray_unless_asked_to_stay(void **state)
{
    unsigned char rgba[4 * W * H];
    ost_buf file = { 0 };
    ost_picture p;

    (void)state;
    for (int i = 0; i < 4 * W * H; i++)
        rgba[i] = (unsigned char)(i * 29);
    make_png(&file, W, H, 8, PNG_COLOR_TYPE_RGB_ALPHA, 0, rgba, 4 * W);
    assert_int_equal(ost_png_decode(file.data, file.len, &color, &p, NULL),
                     OST_OK);
    assert_int_equal(p.channels, 3);
    for (int i = 0; i < W * H; i++)
        assert_memory_equal((char *)p.data + 3 * i, rgba + 4 * i, 3);
    ost_picture_release(&p);
    assert_int_equal(ost_png_decode(file.data, file.len, &gray, &p, NULL),
                     OST_OK);
    assert_int_equal(p.channels, 1);
    for (int i = 0; i < W * H; i++)
        assert_int_equal(((unsigned char *)p.data)[i],
                         luma(rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]));
    ost_picture_release(&p);
    ost_buf_release(&file);
}

static void gray_colors_stay_what_they_are(void **state)
{
    uint16_t v[3 * 4] = {
        0, 0, 0, 1, 1, 1, 65535, 65535, 65535, 777, 777, 777
    };
    ost_picture p = {
        .dtype = OST_U16, .height = 1, .width = 4, .channels = 3, .data = v
    };

    (void)state;
    ost_picture_to_gray(&p);
    assert_int_equal(v[0], 0);
    assert_int_equal(v[1], 1);
    assert_int_equal(v[2], 65535);
    assert_int_equal(v[3], 777);
}

static void palettes_and_few_bits_are_spread(void **state)
{
    const unsigned char bits[] = { 0xa0, 0x40 };  /* 1 0 1 / 0 1 0 */
    const unsigned char index[] = { 0x12, 0x30 }; /* 1 2 3 */
    ost_buf file = { 0 };
    ost_picture p;

    (void)state;
    make_png(&file, 3, 2, 1, PNG_COLOR_TYPE_GRAY, 0, bits, 1);
    assert_int_equal(ost_png_decode(file.data, file.len, &gray, &p, NULL),
                     OST_OK);
    assert_memory_equal(p.data, "\xff\x00\xff\x00\xff\x00", 6);
    ost_picture_release(&p);
    ost_buf_reset(&file);
    make_png(&file, 3, 1, 4, PNG_COLOR_TYPE_PALETTE, 0, index, 2);
    assert_int_equal(ost_png_decode(file.data, file.len, &color, &p, NULL),
                     OST_OK);
    assert_int_equal(p.channels, 3);
    assert_memory_equal(p.data, "\x0a\x14\x1e\x14\x28\x3c\x1e\x3c\x5a", 9);
    ost_picture_release(&p);
    ost_buf_release(&file);
}

static void jpegs_are_read_in_gray_and_in_color(void **state)
{
    unsigned char pixels[3 * 16 * 16];
    ost_buf file = { 0 };
    ost_picture p;

    (void)state;
    for (int i = 0; i < 16 * 16; i++) {
        pixels[3 * i] = 200;
        pixels[3 * i + 1] = 100;
        pixels[3 * i + 2] = 50;
    }
    for (int progressive = 0; progressive < 2; progressive++) {
        ost_buf_reset(&file);
        make_jpeg(&file, 16, 16, 3, progressive, pixels);
        assert_int_equal(ost_format_of(file.data, file.len), OST_FORMAT_JPEG);
        assert_int_equal(ost_jpeg_decode(file.data, file.len, &color, &p, NULL),
                         OST_OK);
        assert_int_equal(p.channels, 3);
        assert_in_range(((unsigned char *)p.data)[0], 198, 202);
        assert_in_range(((unsigned char *)p.data)[2], 48, 52);
        ost_picture_release(&p);
        assert_int_equal(ost_jpeg_decode(file.data, file.len, &gray, &p, NULL),
                         OST_OK);
        assert_int_equal(p.channels, 1);
        assert_in_range(((unsigned char *)p.data)[255], luma(200, 100, 50) - 1,
                        luma(200, 100, 50) + 1);
        ost_picture_release(&p);
    }
    ost_buf_reset(&file);
    ost_buf_release(&file);
}

/* The same inks are the same light, whichever way round they are stored. */
static void inks_become_light(void **state)
{
    unsigned char pixels[4 * 8 * 8];
    ost_buf file = { 0 };
    unsigned char *adobe;
    ost_picture p;

    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        for (int i = 0; i < 64; i++) {
            const unsigned char inks[4] = { 0, 100, 200, 55 };

            for (int c = 0; c < 4; c++)
                pixels[4 * i + c] =
                    turned ? (unsigned char)(255 - inks[c]) : inks[c];
        }
        ost_buf_reset(&file);
        make_jpeg(&file, 8, 8, 4, 0, pixels);
        adobe = memmem(file.data, file.len, "Adobe", 5);
        assert_non_null(adobe);
        if (!turned)
            adobe[0] = 'a'; /* nobody says that it is turned around */
        assert_int_equal(ost_jpeg_decode(file.data, file.len, &color, &p, NULL),
                         OST_OK);
        assert_int_equal(p.channels, 3);
        assert_in_range(((unsigned char *)p.data)[0], 198, 202);
        assert_in_range(((unsigned char *)p.data)[1], 119, 124);
        assert_in_range(((unsigned char *)p.data)[2], 41, 46);
        ost_picture_release(&p);
        assert_int_equal(ost_jpeg_decode(file.data, file.len, &gray, &p, NULL),
                         OST_OK);
        assert_int_equal(p.channels, 1);
        assert_in_range(((unsigned char *)p.data)[63], 134, 140);
        ost_picture_release(&p);
    }
    ost_buf_release(&file);
}

typedef ost_rc (*decoder)(const void *data, size_t size,
                          const ost_decode_limits *limits, ost_picture *p,
                          ost_err *err);

/* Memory of the exact size, so that a sanitizer sees reads behind it. */
static ost_rc decode_part(decoder decode, const ost_buf *file, size_t n,
                          ost_err *err)
{
    unsigned char *exact = ost_xalloc(n ? n : 1);
    ost_picture p;
    ost_rc rc;

    memcpy(exact, file->data, n);
    rc = decode(exact, n, &gray, &p, err);
    ost_picture_release(&p);
    ost_free(exact);
    return rc;
}

static void data_that_ends_early_is_refused(void **state)
{
    unsigned char pixels[16 * 16];
    ost_buf png = { 0 }, jpeg = { 0 };

    (void)state;
    for (int i = 0; i < 256; i++)
        pixels[i] = (unsigned char)(i * 37 % 251);
    make_png(&png, 16, 16, 8, PNG_COLOR_TYPE_GRAY, 0, pixels, 16);
    make_jpeg(&jpeg, 16, 16, 1, 1, pixels);
    for (size_t n = 0; n < png.len; n++) {
        ost_err err = { 0 };

        assert_int_equal(decode_part(ost_png_decode, &png, n, &err),
                         OST_EINPUT);
        assert_true(err.text[0] != 0);
    }
    for (size_t n = 0; n + 2 < jpeg.len; n++)
        assert_int_equal(decode_part(ost_jpeg_decode, &jpeg, n, NULL),
                         OST_EINPUT);
    ost_buf_release(&png);
    ost_buf_release(&jpeg);
}

/* Whatever one byte is changed to, the decoder returns. */
static void damaged_bytes_do_no_harm(void **state)
{
    unsigned char pixels[16 * 16] = { 1, 2, 3 };
    ost_buf png = { 0 }, jpeg = { 0 };

    (void)state;
    make_png(&png, 16, 16, 8, PNG_COLOR_TYPE_GRAY, 0, pixels, 16);
    make_jpeg(&jpeg, 16, 16, 1, 0, pixels);
    for (size_t i = 0; i < png.len; i++) {
        png.data[i] ^= 0x55;
        assert_true(decode_part(ost_png_decode, &png, png.len, NULL) <= 0);
        png.data[i] ^= 0x55;
    }
    for (size_t i = 0; i < jpeg.len; i++) {
        jpeg.data[i] ^= 0x55;
        assert_true(decode_part(ost_jpeg_decode, &jpeg, jpeg.len, NULL) <= 0);
        jpeg.data[i] ^= 0x55;
    }
    ost_buf_release(&png);
    ost_buf_release(&jpeg);
}

/* A header that promises 60000 x 60000 pixels asks for no memory. */
static void huge_pictures_are_refused_before_memory_is_taken(void **state)
{
    unsigned char pixels[4 * 4] = { 0 };
    ost_buf png = { 0 }, jpeg = { 0 };
    ost_err err = { 0 };
    unsigned char *sof;

    (void)state;
    make_jpeg(&jpeg, 4, 4, 1, 0, pixels);
    sof = memmem(jpeg.data, jpeg.len, "\xff\xc0", 2);
    assert_non_null(sof);
    memcpy(sof + 5, "\xea\x60\xea\x60", 4);
    assert_int_equal(decode_part(ost_jpeg_decode, &jpeg, jpeg.len, &err),
                     OST_EINPUT);
    assert_non_null(strstr(err.text, "60000 x 60000"));
    assert_non_null(strstr(err.text, "max_pixels"));
    make_png(&png, 40, 40, 8, PNG_COLOR_TYPE_GRAY, 0,
             (const unsigned char[40]){ 0 }, 0);
    assert_int_equal(decode_part(ost_png_decode, &png, png.len, &err),
                     OST_EINPUT);
    assert_non_null(strstr(err.text, "40 x 40"));
    ost_buf_release(&png);
    ost_buf_release(&jpeg);
}

static void content_decides_what_a_file_is(void **state)
{
    char both[132] = { 0 };
    unsigned char tar[512] = { 0 };

    (void)state;
    memcpy(tar + 257, "ustar", 5);
    assert_int_equal(ost_format_of("", 0), OST_FORMAT_UNKNOWN);
    assert_int_equal(ost_format_of("hello, world", 12), OST_FORMAT_UNKNOWN);
    assert_int_equal(ost_format_of("PK\3\4", 4), OST_FORMAT_ARCHIVE);
    memcpy(both, "II*\0", 4);
    memcpy(both + 128, "DICM", 4);
    assert_int_equal(ost_format_of(both, sizeof(both)), OST_FORMAT_DICOM);
    assert_int_equal(ost_format_of("\x1f\x8b\x08", 3), OST_FORMAT_ARCHIVE);
    assert_int_equal(ost_format_of(tar, sizeof(tar)), OST_FORMAT_ARCHIVE);
    assert_int_equal(ost_format_of("\x08\0\x05\0CS\x0a\0", 8),
                     OST_FORMAT_DICOM);
}

static void what_is_encoded_as_png_reads_back(void **state)
{
    uint16_t v[4 * 6];
    ost_buf file = { 0 };
    ost_picture p;
    /* a view: columns 1 to 4 of 6, so that strides count */
    ost_tensor t = { .data = v + 1,
                     .dtype = OST_U16,
                     .ndim = 2,
                     .shape = { 4, 4 },
                     .stride = { 6, 1 } };
    ost_tensor flat = { .data = v,
                        .dtype = OST_F32,
                        .ndim = 2,
                        .shape = { 2, 2 },
                        .stride = { 2, 1 } };

    (void)state;
    for (int i = 0; i < 24; i++)
        v[i] = (uint16_t)(i * 2711);
    assert_int_equal(ost_png_encode(&t, &file, NULL), OST_OK);
    assert_int_equal(ost_png_decode(file.data, file.len, &gray, &p, NULL),
                     OST_OK);
    for (int y = 0; y < 4; y++)
        assert_memory_equal((uint16_t *)p.data + 4 * y, v + 6 * y + 1, 8);
    assert_int_equal(ost_png_encode(&flat, &file, NULL), OST_EUNSUPPORTED);
    ost_picture_release(&p);
    ost_buf_release(&file);
}

static void numpy_files_have_the_documented_layout(void **state)
{
    float v[6] = { 0, 1, 2, 3, 4, 5 };
    const float turned[6] = { 0, 3, 1, 4, 2, 5 };
    ost_tensor t = { .data = v,
                     .dtype = OST_F32,
                     .ndim = 2,
                     .shape = { 3, 2 },
                     .stride = { 1, 3 } };
    ost_buf file = { 0 };

    (void)state;
    assert_int_equal(ost_npy_encode(&t, &file, NULL), OST_OK);
    assert_int_equal(file.len, 128 + sizeof(v));
    assert_memory_equal(file.data, "\x93NUMPY\1\0\x76\0", 10);
    assert_non_null(strstr((char *)file.data + 10,
                           "{'descr': '<f4', 'fortran_order': False, "
                           "'shape': (3, 2), }"));
    assert_int_equal(file.data[127], '\n');
    assert_memory_equal(file.data + 128, turned, sizeof(turned));
    t.ndim = 1;
    ost_buf_reset(&file);
    assert_int_equal(ost_npy_encode(&t, &file, NULL), OST_OK);
    assert_non_null(strstr((char *)file.data + 10, "'shape': (3,), }"));
    ost_buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gray_png_keeps_8_and_16_bits),
        cmocka_unit_test(color_png_becomes_gray_unless_asked_to_stay),
        cmocka_unit_test(gray_colors_stay_what_they_are),
        cmocka_unit_test(palettes_and_few_bits_are_spread),
        cmocka_unit_test(jpegs_are_read_in_gray_and_in_color),
        cmocka_unit_test(inks_become_light),
        cmocka_unit_test(data_that_ends_early_is_refused),
        cmocka_unit_test(damaged_bytes_do_no_harm),
        cmocka_unit_test(huge_pictures_are_refused_before_memory_is_taken),
        cmocka_unit_test(content_decides_what_a_file_is),
        cmocka_unit_test(what_is_encoded_as_png_reads_back),
        cmocka_unit_test(numpy_files_have_the_documented_layout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
