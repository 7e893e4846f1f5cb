/* tests/unit/test_shape_edges.c - shapes at the ends of what they are
 *
 * tests/parity/test_shapes.c compares whole outlines with Pillow's.
 */
/* links: base kernels */
#include "kernels/shapes.h"
#include "tests/support/check.h"

#include <fenv.h>

#include "base/banned.h"

enum { SIDE = 5 };

static ost_canvas canvas(uint8_t *pixels)
{
    return (ost_canvas){ .mask = ost_tensor_of(pixels, OST_U8, 2,
                                               (int64_t[]){ SIDE, SIDE }),
                         .value = 1 };
}

static int marked(const uint8_t *pixels)
{
    int n = 0;

    for (int i = 0; i < SIDE * SIDE; i++)
        n += pixels[i] == 1;
    return n;
}

static void a_line_to_itself_is_a_pixel(void **state)
{
    const ost_point p[] = { { 2, 3 }, { 2.9, 3.9 } };
    uint8_t pixels[SIDE * SIDE] = { 0 };
    ost_canvas c = canvas(pixels);
    ost_err err = { 0 };

    (void)state;
    feclearexcept(FE_ALL_EXCEPT);
    assert_ok(ost_draw_line(&c, p, 2, 4, &err), &err);
    assert_false(fetestexcept(FE_DIVBYZERO | FE_INVALID));
    assert_int_equal(marked(pixels), 1);
    assert_int_equal(pixels[3 * SIDE + 2], 1);
    assert_int_equal(c.drawn.height * c.drawn.width, 1);
}

static void what_lies_outside_is_cut_off(void **state)
{
    uint8_t pixels[SIDE * SIDE] = { 0 };
    ost_canvas c = canvas(pixels);
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_draw_rectangle(&c, (ost_point){ 3, 3 },
                                 (ost_point){ 900, 900 }, &err),
              &err);
    assert_int_equal(marked(pixels), 4);
    assert_ok(ost_draw_rectangle(&c, (ost_point){ -9, -9 },
                                 (ost_point){ -1, -1 }, &err),
              &err);
    assert_int_equal(marked(pixels), 4);
}

static void lines_too_thin_or_too_far_are_refused(void **state)
{
    const ost_point near[] = { { 0, 0 }, { 4, 4 } };
    const ost_point far[] = { { 0, 0 }, { 4, 2 * OST_SHAPE_REACH } };
    uint8_t pixels[SIDE * SIDE] = { 0 };
    ost_canvas c = canvas(pixels);
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(ost_draw_line(&c, near, 2, 1, &err), OST_EINPUT);
    assert_string_equal(err.text, "a line of width 1 is not drawn");
    assert_int_equal(ost_draw_line(&c, far, 2, 3, &err), OST_EINPUT);
    assert_int_equal(ost_draw_line(&c, near, 1, 3, &err), OST_EINPUT);
    assert_int_equal(marked(pixels), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_to_itself_is_a_pixel),
        cmocka_unit_test(what_lies_outside_is_cut_off),
        cmocka_unit_test(lines_too_thin_or_too_far_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
