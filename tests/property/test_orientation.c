/* tests/property/test_orientation.c - pictures turned as their file says */
/* links: base stages */
#include "base/alloc.h"
#include "stages/exif.h"
#include "tests/support/check.h"
#include "tests/support/seed.h"

#include <string.h>

#include "base/banned.h"

enum { CASES = 2000 };

static size_t pixel_bytes(const ost_picture *p)
{
    return ost_dtype_size(p->dtype) * (size_t)p->channels;
}

static const char *pixel(const ost_picture *p, int64_t y, int64_t x)
{
    return (const char *)p->data + (size_t)(y * p->width + x) * pixel_bytes(p);
}

/* Where EXIF says that the first row and the first column of the stored
 * picture belong: 't'op, 'b'ottom, 'l'eft, 'r'ight. */
static const char *const sides[] = { "",   "tl", "tr", "br", "bl",
                                     "lt", "rt", "rb", "lb" };

/* Where stored pixel (y, x) of a height x width picture is to be seen. */
static void place(const char *side, int64_t height, int64_t width, int64_t y,
                  int64_t x, int64_t *row, int64_t *column)
{
    const int64_t at[2] = { y, x }, size[2] = { height, width };

    for (int i = 0; i < 2; i++) {
        if (side[i] == 't')
            *row = at[i];
        else if (side[i] == 'b')
            *row = size[i] - 1 - at[i];
        else if (side[i] == 'l')
            *column = at[i];
        else
            *column = size[i] - 1 - at[i];
    }
}

static const char *one(ost_rng *r)
{
    static const ost_dtype types[] = { OST_U8, OST_U16, OST_F32 };
    int64_t height = 1 + (int64_t)ost_rng_below(r, 9);
    int64_t width = 1 + (int64_t)ost_rng_below(r, 9);
    int orientation = 1 + (int)ost_rng_below(r, 8);
    const char *wrong = NULL;
    ost_picture in, out;
    unsigned char *bytes;

    if (ost_picture_init(&in, types[ost_rng_below(r, 3)], (uint64_t)height,
                         (uint64_t)width, ost_rng_below(r, 2) ? 3 : 1, 1000,
                         NULL) ||
        ost_picture_init(&out, in.dtype, (uint64_t)height, (uint64_t)width,
                         in.channels, 1000, NULL))
        return "no memory";
    bytes = in.data;
    for (size_t i = 0; i < (size_t)(height * width) * pixel_bytes(&in); i++)
        bytes[i] = (unsigned char)ost_rng_below(r, 256);
    memcpy(out.data, in.data, (size_t)(height * width) * pixel_bytes(&in));
    if (ost_picture_orient(&out, orientation, NULL))
        wrong = "it cannot be turned";
    for (int64_t y = 0; y < height && !wrong; y++) {
        for (int64_t x = 0; x < width && !wrong; x++) {
            int64_t row = 0, column = 0;

            place(sides[orientation], height, width, y, x, &row, &column);
            if (row >= out.height || column >= out.width ||
                memcmp(pixel(&in, y, x), pixel(&out, row, column),
                       pixel_bytes(&in)) != 0)
                wrong = "a pixel is elsewhere";
        }
    }
    if (!wrong && out.height * out.width != height * width)
        wrong = "the size is another";
    ost_picture_release(&in);
    ost_picture_release(&out);
    return wrong;
}

static void pixels_are_where_the_sides_say(void **state)
{
    (void)state;
    assert_int_equal(each_seed(CASES, one), 0);
}

static void put(unsigned char *p, uint32_t v, int bytes, int big)
{
    for (int i = 0; i < bytes; i++)
        p[i] = (unsigned char)(v >> 8 * (big ? bytes - 1 - i : i));
}

/* A list of two tags, the second of which is the orientation. */
static void make_exif(unsigned char exif[38], int big, uint32_t type,
                      uint32_t value)
{
    memset(exif, 0, 38);
    memcpy(exif, big ? "MM\0*" : "II*\0", 4);
    put(exif + 4, 8, 4, big);
    put(exif + 8, 2, 2, big);
    put(exif + 10, 0x010f, 2, big);
    put(exif + 22, 0x0112, 2, big);
    put(exif + 24, type, 2, big);
    put(exif + 26, 1, 4, big);
    put(exif + 30, value, type == 3 ? 2 : 4, big);
}

static void the_tag_is_found_in_either_byte_order(void **state)
{
    unsigned char exif[38];

    (void)state;
    for (int big = 0; big < 2; big++) {
        for (uint32_t v = 0; v < 12; v++) {
            make_exif(exif, big, 3, v);
            assert_int_equal(ost_exif_orientation(exif, sizeof(exif)),
                             v >= 1 && v <= 8 ? (int)v : 1);
        }
        make_exif(exif, big, 4, 6); /* a long: not what the standard says */
        assert_int_equal(ost_exif_orientation(exif, sizeof(exif)), 1);
    }
}

static void what_is_cut_off_says_nothing(void **state)
{
    unsigned char exif[38];

    (void)state;
    make_exif(exif, 0, 3, 6);
    assert_int_equal(ost_exif_orientation(exif, 34), 6);
    for (size_t n = 0; n < 34; n++) {
        unsigned char *exact = ost_xalloc(n ? n : 1);

        memcpy(exact, exif, n);
        assert_int_equal(ost_exif_orientation(exact, n), 1);
        ost_free(exact);
    }
    put(exif + 4, UINT32_MAX, 4, 0);
    assert_int_equal(ost_exif_orientation(exif, sizeof(exif)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_are_where_the_sides_say),
        cmocka_unit_test(the_tag_is_found_in_either_byte_order),
        cmocka_unit_test(what_is_cut_off_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
