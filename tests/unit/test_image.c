/* tests/unit/test_image.c - blur, resize, warp, levels and conversion */
/* links: base kernels */
/* on: cpu cuda checked */
#include "base/rng.h"
#include "kernels/exact.h"
#include "kernels/image.h"
#include "tests/support/check.h"
#include "tests/support/image_ops.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { H = 6, W = 7 };

static uint8_t bytes[H][W];
static float floats[H][W];

static ost_tensor over(void *data, ost_dtype dtype, int64_t h, int64_t w)
{
    return ost_tensor_of(data, dtype, 2, (int64_t[]){ h, w });
}

static int fill(void **state)
{
    ost_rng r = ost_rng_of(21, 0);

    (void)state;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            bytes[y][x] = (uint8_t)ost_rng_below(&r, 256);
            floats[y][x] = (float)ost_rng_range(&r, -3, 3);
        }
    return 0;
}

/* ---- warp ---- */

static void warp(const ost_motion *motion, const ost_warp_spec *how, void *from,
                 void *to, ost_dtype dtype, int64_t h, int64_t w)
{
    ost_tensor in = over(from, dtype, h, w), out = over(to, dtype, h, w);
    ost_warp_spec spec = *how;

    spec.map = ost_affine_of(motion, h, w);
    assert_int_equal(images()->warp(&in, &spec, &out, NULL), OST_OK);
}

static void no_motion_is_identity(void **state)
{
    static const ost_motion still = { .scale = 1 };
    uint8_t out[H][W];
    float fout[H][W];

    (void)state;
    for (int nearest = 0; nearest < 2; nearest++) {
        ost_warp_spec how = { .nearest = nearest };

        memset(out, 9, sizeof(out));
        warp(&still, &how, bytes, out, OST_U8, H, W);
        assert_memory_equal(out, bytes, sizeof(out));
        warp(&still, &how, floats, fout, OST_F32, H, W);
        assert_memory_equal(fout, floats, sizeof(fout));
    }
}

static void flipping_twice_is_identity(void **state)
{
    static const ost_motion flips[] = { { .scale = 1, .flip_x = true },
                                        { .scale = 1, .flip_y = true } };
    ost_warp_spec how = { .border = OST_BORDER_CONSTANT };
    uint8_t once[H][W], twice[H][W];

    (void)state;
    for (int i = 0; i < 2; i++) {
        warp(&flips[i], &how, bytes, once, OST_U8, H, W);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                assert_int_equal(once[y][x], i == 0 ? bytes[y][W - 1 - x]
                                                    : bytes[H - 1 - y][x]);
        warp(&flips[i], &how, once, twice, OST_U8, H, W);
        assert_memory_equal(twice, bytes, sizeof(bytes));
    }
}

static void a_positive_quarter_turn_is_counter_clockwise(void **state)
{
    static const ost_motion turn = { .scale = 1, .rotate = 90 };
    ost_warp_spec how = { .border = OST_BORDER_CONSTANT };
    uint8_t in[H][H], out[H][H];

    (void)state;
    for (int y = 0; y < H; y++)
        memcpy(in[y], bytes[y], H);
    warp(&turn, &how, in, out, OST_U8, H, H);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < H; x++)
            assert_int_equal(out[y][x], in[x][H - 1 - y]);
}

static void shifts_move_content_and_fill_behind_it(void **state)
{
    static const ost_motion shift = { .scale = 1, .shift_x = 2, .shift_y = 1 };
    ost_warp_spec how = { .border = OST_BORDER_CONSTANT, .fill = 17 };
    uint8_t out[H][W];

    (void)state;
    warp(&shift, &how, bytes, out, OST_U8, H, W);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            assert_int_equal(out[y][x],
                             y < 1 || x < 2 ? 17 : bytes[y - 1][x - 2]);
    how.border = OST_BORDER_EDGE;
    warp(&shift, &how, bytes, out, OST_U8, H, W);
    assert_int_equal(out[0][0], bytes[0][0]);
    assert_int_equal(out[3][1], bytes[2][0]);
}

static void scale_above_one_enlarges(void **state)
{
    static const ost_motion twice = { .scale = 2 };
    ost_warp_spec how = { .nearest = true };
    uint8_t in[8][8] = { 0 }, out[8][8];
    int area = 0;

    (void)state;
    for (int y = 3; y < 5; y++)
        in[y][3] = in[y][4] = 200;
    warp(&twice, &how, in, out, OST_U8, 8, 8);
    for (int y = 0; y < 8; y++)
        for (int x = 0; x < 8; x++)
            area += out[y][x] == 200;
    assert_int_equal(area, 16);
}

static void absurd_maps_are_bounded_or_refused(void **state)
{
    uint8_t out[H][W];
    ost_tensor in = over(bytes, OST_U8, H, W), to = over(out, OST_U8, H, W);
    ost_warp_spec spec = { .map = { { 1e300, 0, -1e300, 0, 1e300, 0 } },
                           .border = OST_BORDER_EDGE };

    (void)state;
    assert_int_equal(images()->warp(&in, &spec, &to, NULL), OST_OK);
    spec.map.m[2] = (double)INFINITY;
    assert_int_equal(images()->warp(&in, &spec, &to, NULL), OST_EINPUT);
}

static void sine_and_cosine_are_exact_at_quarters(void **state)
{
    double s, c;

    (void)state;
    for (int i = -8; i <= 8; i++) {
        static const double sines[] = { 0, 1, 0, -1 };

        ost_exact_sincos(90.0 * i, &s, &c);
        assert_true(s == sines[(i + 8) % 4]);
        assert_true(c == sines[(i + 9) % 4]);
    }
    for (double a = -700; a < 700; a += 3.7) {
        ost_exact_sincos(a, &s, &c);
        assert_true(fabs(s - sin(a * 3.14159265358979323846 / 180)) < 1e-13);
        assert_true(fabs(s * s + c * c - 1) < 1e-14);
    }
    for (double x = -690; x < 690; x += 1.3)
        assert_true(fabs(ost_exact_exp(x) / exp(x) - 1) < 1e-15);
    assert_true(ost_exact_exp(0) == 1);
    assert_true(ost_exact_exp(-800) == 0);
}

/* ---- resize ---- */

static void resizing_to_the_same_size_copies(void **state)
{
    uint8_t out[H][W];
    float fout[H][W];

    (void)state;
    for (int m = OST_RESIZE_AUTO; m <= OST_RESIZE_AREA; m++) {
        ost_tensor in = over(bytes, OST_U8, H, W);
        ost_tensor to = over(out, OST_U8, H, W);

        assert_int_equal(images()->resize(&in, (ost_resize_method)m, &to, NULL),
                         OST_OK);
        assert_memory_equal(out, bytes, sizeof(bytes));
        in = over(floats, OST_F32, H, W);
        to = over(fout, OST_F32, H, W);
        assert_int_equal(images()->resize(&in, (ost_resize_method)m, &to, NULL),
                         OST_OK);
        assert_memory_equal(fout, floats, sizeof(floats));
    }
}

static void area_is_the_mean_of_what_is_covered(void **state)
{
    uint16_t in[4][6], out[2][2];
    ost_tensor from = over(in, OST_U16, 4, 6), to = over(out, OST_U16, 2, 2);

    (void)state;
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 6; x++)
            in[y][x] = (uint16_t)(1000 * y + 6 * x);
    assert_int_equal(images()->resize(&from, OST_RESIZE_AREA, &to, NULL),
                     OST_OK);
    assert_int_equal(out[0][0], 506);
    assert_int_equal(out[0][1], 524);
    assert_int_equal(out[1][1], 2524);
}

static void area_of_a_part_weighs_by_cover(void **state)
{
    float in[3] = { 0, 30, 90 }, out[2];
    ost_tensor from = over(in, OST_F32, 1, 3), to = over(out, OST_F32, 1, 2);

    (void)state;
    assert_int_equal(images()->resize(&from, OST_RESIZE_AUTO, &to, NULL),
                     OST_OK);
    assert_true(fabsf(out[0] - 10) < 1e-5f);
    assert_true(fabsf(out[1] - 70) < 1e-5f);
}

static void one_pixel_fills_everything(void **state)
{
    uint8_t in = 77, out[3][5];
    ost_tensor from = over(&in, OST_U8, 1, 1), to = over(out, OST_U8, 3, 5);

    (void)state;
    for (int m = OST_RESIZE_AUTO; m <= OST_RESIZE_AREA; m++) {
        memset(out, 0, sizeof(out));
        assert_int_equal(
            images()->resize(&from, (ost_resize_method)m, &to, NULL), OST_OK);
        for (int i = 0; i < 15; i++)
            assert_int_equal(out[i / 5][i % 5], 77);
    }
}

static void channels_are_resized_alike(void **state)
{
    uint8_t in[H][W][3], one[4][5], all[4][5][3];
    ost_tensor from = ost_tensor_of(in, OST_U8, 3, (int64_t[]){ H, W, 3 });
    ost_tensor to = ost_tensor_of(all, OST_U8, 3, (int64_t[]){ 4, 5, 3 });
    ost_tensor plain = over(bytes, OST_U8, H, W), out = over(one, OST_U8, 4, 5);

    (void)state;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            for (int c = 0; c < 3; c++)
                in[y][x][c] = bytes[y][x];
    for (int m = OST_RESIZE_AUTO; m <= OST_RESIZE_AREA; m++) {
        ost_resize_method method = (ost_resize_method)m;

        assert_int_equal(images()->resize(&from, method, &to, NULL), OST_OK);
        assert_int_equal(images()->resize(&plain, method, &out, NULL), OST_OK);
        for (int i = 0; i < 60; i++)
            assert_int_equal(all[i / 15][i / 3 % 5][i % 3],
                             one[i / 15][i / 3 % 5]);
    }
}

static void nothing_cannot_become_something(void **state)
{
    uint8_t out[4];
    ost_tensor from = over(bytes, OST_U8, 0, W), to = over(out, OST_U8, 2, 2);
    ost_err err;

    (void)state;
    assert_int_equal(images()->resize(&from, OST_RESIZE_LINEAR, &to, &err),
                     OST_EINPUT);
    from = over(floats, OST_F32, H, W);
    assert_int_equal(images()->resize(&from, OST_RESIZE_LINEAR, &to, &err),
                     OST_EINPUT);
    assert_string_equal(err.text, "input is f32 and output is u8");
}

/* ---- blur ---- */

static void a_blur_keeps_flat_images_and_copies_at_zero(void **state)
{
    uint8_t flat[H][W], out[H][W];
    ost_tensor in = over(flat, OST_U8, H, W), to = over(out, OST_U8, H, W);

    (void)state;
    memset(flat, 201, sizeof(flat));
    assert_int_equal(images()->blur(&in, 5.5, 0, &to, NULL), OST_OK);
    assert_memory_equal(out, flat, sizeof(flat));
    in = over(bytes, OST_U8, H, W);
    assert_int_equal(images()->blur(&in, 0, 0, &to, NULL), OST_OK);
    /* a square of one pixel, which is all that so little reaches */
    assert_int_equal(images()->blur(&in, 0.05, 0, &to, NULL), OST_OK);
    assert_memory_equal(out, bytes, sizeof(bytes));
    assert_int_equal(images()->blur(&in, -1, 0, &to, NULL), OST_EINPUT);
    assert_int_equal(images()->blur(&in, (double)NAN, 0, &to, NULL),
                     OST_EINPUT);
    assert_int_equal(images()->blur(&in, 2, 4, &to, NULL), OST_EINPUT);
    assert_int_equal(images()->blur(&in, 2, -1, &to, NULL), OST_EINPUT);
    assert_int_equal(images()->blur(&in, 2, 1, &to, NULL), OST_OK);
    assert_memory_equal(out, bytes, sizeof(bytes));
}

static void a_blurred_point_is_a_bell(void **state)
{
    enum { N = 31 };
    static float point[N][N], bell[N][N];
    ost_tensor in = over(point, OST_F32, N, N), to = over(bell, OST_F32, N, N);
    double sum = 0, spread = 0;

    (void)state;
    point[15][15] = 1;
    assert_int_equal(images()->blur(&in, 2, 0, &to, NULL), OST_OK);
    for (int y = 0; y < N; y++)
        for (int x = 0; x < N; x++) {
            assert_true(bell[y][x] == bell[x][y]);
            assert_true(bell[y][x] == bell[y][N - 1 - x]);
            sum += (double)bell[y][x];
            spread += (double)bell[y][x] * (x - 15) * (x - 15);
        }
    assert_true(fabs(sum - 1) < 1e-5);
    assert_true(fabs(sqrt(spread) - 2) < 0.03);
}

/* ---- levels, conversion, copies ---- */

static void levels_leave_out_what_is_not_finite(void **state)
{
    float v[5] = { 1, NAN, 3, INFINITY, 8 };
    ost_tensor t = over(v, OST_F32, 1, 5);
    ost_levels l;
    double p[3];

    (void)state;
    assert_int_equal(images()->levels(&t, &l, NULL), OST_OK);
    assert_int_equal(l.count, 3);
    assert_true(l.min == 1 && l.max == 8 && l.mean == 4);
    assert_true(fabs(l.std - sqrt(26.0 / 3)) < 1e-12);
    assert_int_equal(
        images()->percentiles(&t, (double[]){ 0, 25, 100 }, 3, p, NULL),
        OST_OK);
    assert_true(p[0] == 1 && p[1] == 2 && p[2] == 8);
    v[0] = v[2] = v[4] = NAN;
    assert_int_equal(images()->levels(&t, &l, NULL), OST_OK);
    assert_int_equal(l.count, 0);
    assert_int_equal(images()->percentiles(&t, (double[]){ 50 }, 1, p, NULL),
                     OST_OK);
    assert_true(p[0] == 0);
    assert_int_equal(images()->percentiles(&t, (double[]){ 101 }, 1, p, NULL),
                     OST_EINPUT);
}

static void percentiles_count_integers(void **state)
{
    uint16_t v[5] = { 40000, 10, 20, 65535, 30 };
    ost_tensor t = over(v, OST_U16, 5, 1);
    double p[3];

    (void)state;
    assert_int_equal(
        images()->percentiles(&t, (double[]){ 50, 62.5, 100 }, 3, p, NULL),
        OST_OK);
    assert_true(p[0] == 30 && p[1] == 20015 && p[2] == 65535);
}

static void conversion_rounds_to_even_and_saturates(void **state)
{
    float v[7] = { -3, 0.5f, 1.5f, 2.5f, 254.6f, 70000, NAN };
    uint8_t u8[7], want8[7] = { 0, 0, 2, 2, 255, 255, 0 };
    uint16_t u16[7], want16[7] = { 0, 0, 2, 2, 255, 65535, 0 };
    ost_tensor in = over(v, OST_F32, 1, 7), to8 = over(u8, OST_U8, 1, 7);
    ost_tensor to16 = over(u16, OST_U16, 1, 7);

    (void)state;
    assert_int_equal(images()->rescale(&in, 1, 0, &to8, NULL), OST_OK);
    assert_memory_equal(u8, want8, sizeof(u8));
    assert_int_equal(images()->rescale(&in, 1, 0, &to16, NULL), OST_OK);
    assert_memory_equal(u16, want16, sizeof(u16));
    assert_int_equal(images()->rescale(&to8, 257, 0, &to16, NULL), OST_OK);
    assert_int_equal(u16[4], 65535);
    assert_int_equal(images()->rescale(&in, 1e300, 0, &to8, NULL), OST_EINPUT);
}

static void copies_follow_strides(void **state)
{
    uint8_t out[2][3] = { 0 };
    ost_tensor in = { &bytes[1][1], OST_U8, 2, { 2, 3 }, { 2 * W, 2 } };
    ost_tensor to = over(out, OST_U8, 2, 3);

    (void)state;
    assert_int_equal(images()->copy(&in, &to, NULL), OST_OK);
    for (int y = 0; y < 2; y++)
        for (int x = 0; x < 3; x++)
            assert_int_equal(out[y][x], bytes[1 + 2 * y][1 + 2 * x]);
    to.dtype = OST_U16;
    assert_int_equal(images()->copy(&in, &to, NULL), OST_EINPUT);
}

static void operators_read_views(void **state)
{
    uint8_t part[4][5], whole[2][2], seen[2][2];
    ost_tensor view = { &bytes[1][1], OST_U8, 2, { 4, 5 }, { W, 1 } };
    ost_tensor copy = over(part, OST_U8, 4, 5);
    ost_tensor a = over(whole, OST_U8, 2, 2), b = over(seen, OST_U8, 2, 2);

    (void)state;
    assert_int_equal(images()->copy(&view, &copy, NULL), OST_OK);
    for (int m = OST_RESIZE_AUTO; m <= OST_RESIZE_AREA; m++) {
        ost_resize_method method = (ost_resize_method)m;

        assert_int_equal(images()->resize(&copy, method, &a, NULL), OST_OK);
        assert_int_equal(images()->resize(&view, method, &b, NULL), OST_OK);
        assert_memory_equal(whole, seen, sizeof(whole));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_motion_is_identity),
        cmocka_unit_test(flipping_twice_is_identity),
        cmocka_unit_test(a_positive_quarter_turn_is_counter_clockwise),
        cmocka_unit_test(shifts_move_content_and_fill_behind_it),
        cmocka_unit_test(scale_above_one_enlarges),
        cmocka_unit_test(absurd_maps_are_bounded_or_refused),
        cmocka_unit_test(sine_and_cosine_are_exact_at_quarters),
        cmocka_unit_test(resizing_to_the_same_size_copies),
        cmocka_unit_test(area_is_the_mean_of_what_is_covered),
        cmocka_unit_test(area_of_a_part_weighs_by_cover),
        cmocka_unit_test(one_pixel_fills_everything),
        cmocka_unit_test(channels_are_resized_alike),
        cmocka_unit_test(nothing_cannot_become_something),
        cmocka_unit_test(a_blur_keeps_flat_images_and_copies_at_zero),
        cmocka_unit_test(a_blurred_point_is_a_bell),
        cmocka_unit_test(levels_leave_out_what_is_not_finite),
        cmocka_unit_test(percentiles_count_integers),
        cmocka_unit_test(conversion_rounds_to_even_and_saturates),
        cmocka_unit_test(copies_follow_strides),
        cmocka_unit_test(operators_read_views),
    };

    return cmocka_run_group_tests(tests, fill, NULL);
}
