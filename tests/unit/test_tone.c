/* tests/unit/test_tone.c - remap, gamma and noise */
/* links: base kernels */
/* on: cpu cuda checked */
#include "base/rng.h"
#include "kernels/exact.h"
#include "kernels/remap.h"
#include "kernels/tone.h"
#include "tests/support/check.h"
#include "tests/support/image_ops.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { H = 5, W = 7, MANY = 200 };

static void logarithms_are_exact(void **state)
{
    ost_rng r = ost_rng_of(3, 0);

    (void)state;
    assert_true(ost_exact_log(1.0) == 0.0);
    for (int i = 0; i < 10000; i++) {
        double x = ost_exact_exp(ost_rng_range(&r, -600, 600));

        assert_true(fabs(ost_exact_log(x) - log(x)) <=
                    1e-15 * (1.0 + fabs(log(x))));
    }
}

static void a_map_says_where_pixels_come_from(void **state)
{
    float in[H * W], map[H * W * 2], out[H * W];
    ost_tensor image = ost_tensor_of(in, OST_F32, 2, (int64_t[]){ H, W });
    ost_tensor places = ost_tensor_of(map, OST_F32, 3, (int64_t[]){ H, W, 2 });
    ost_tensor moved = ost_tensor_of(out, OST_F32, 2, (int64_t[]){ H, W });
    ost_remap_spec spec = { .map = &places, .fill = -1.0f };

    (void)state;
    for (int i = 0; i < H * W; i++) {
        in[i] = (float)(i * i);
        map[2 * i] = (float)(i % W) - 2.0f;
        map[2 * i + 1] = (float)(i / W) + 1.0f;
    }
    for (int nearest = 0; nearest < 2; nearest++) {
        spec.nearest = nearest;
        assert_int_equal(images()->remap(&image, &spec, &moved, NULL), OST_OK);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                assert_true(
                    out[y * W + x] ==
                    (x < 2 || y == H - 1 ? -1.0f : in[(y + 1) * W + x - 2]));
    }
    for (int i = 0; i < H * W; i++) {
        map[2 * i] = 2.5f;
        map[2 * i + 1] = 1.0f;
    }
    spec.nearest = false;
    assert_int_equal(images()->remap(&image, &spec, &moved, NULL), OST_OK);
    assert_true(out[0] == (in[W + 2] + in[W + 3]) / 2.0f);
    map[0] = NAN;
    map[3] = INFINITY;
    spec.border = OST_BORDER_EDGE;
    assert_int_equal(images()->remap(&image, &spec, &moved, NULL), OST_OK);
    assert_true(isfinite(out[0]) && isfinite(out[1]));
}

static void a_map_has_to_fit(void **state)
{
    float in[4] = { 0 }, map[8] = { 0 };
    ost_tensor image = ost_tensor_of(in, OST_F32, 2, (int64_t[]){ 2, 2 });
    ost_tensor places = ost_tensor_of(map, OST_F32, 2, (int64_t[]){ 2, 4 });
    ost_remap_spec spec = { .map = &places };
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(images()->remap(&image, &spec, &image, &err), OST_EINPUT);
    assert_string_equal(err.text, "remap: the map is not f32 of (h, w, 2)");
}

static void gamma_bends_between_its_ends(void **state)
{
    uint8_t v[5] = { 0, 10, 60, 110, 200 }, out[5];
    ost_tensor in = ost_tensor_of(v, OST_U8, 2, (int64_t[]){ 1, 5 });
    ost_tensor to = ost_tensor_of(out, OST_U8, 2, (int64_t[]){ 1, 5 });
    const ost_gamma_spec square = { 10, 110, 2.0 };
    const ost_gamma_spec flat = { 10, 10, 2.0 };

    (void)state;
    assert_int_equal(images()->gamma(&in, &square, &to, NULL), OST_OK);
    assert_int_equal(out[0], 0);
    assert_int_equal(out[1], 10);
    assert_int_equal(out[2], 35);
    assert_int_equal(out[3], 110);
    assert_int_equal(out[4], 200);
    assert_int_equal(images()->gamma(&in, &flat, &to, NULL), OST_OK);
    assert_memory_equal(v, out, 5);
}

static void gamma_is_the_power_of_the_library(void **state)
{
    static float v[MANY * MANY], out[MANY * MANY];
    ost_tensor in = ost_tensor_of(v, OST_F32, 2, (int64_t[]){ MANY, MANY });
    ost_tensor to = ost_tensor_of(out, OST_F32, 2, (int64_t[]){ MANY, MANY });
    const ost_gamma_spec spec = { 0.0, 1.0, 0.7 };
    ost_rng r = ost_rng_of(4, 0);

    (void)state;
    for (int i = 0; i < MANY * MANY; i++)
        v[i] = (float)ost_rng_f64(&r);
    v[7] = NAN;
    assert_int_equal(images()->gamma(&in, &spec, &to, NULL), OST_OK);
    assert_true(isnan(out[7]));
    for (int i = 8; i < MANY * MANY; i++)
        assert_true(fabs((double)out[i] - pow((double)v[i], 0.7)) < 1e-6);
}

static void noise_has_its_deviation_and_no_trend(void **state)
{
    static float v[MANY * MANY], out[MANY * MANY], again[MANY * MANY];
    ost_tensor in = ost_tensor_of(v, OST_F32, 2, (int64_t[]){ MANY, MANY });
    ost_tensor to = ost_tensor_of(out, OST_F32, 2, (int64_t[]){ MANY, MANY });
    ost_tensor two =
        ost_tensor_of(again, OST_F32, 2, (int64_t[]){ MANY, MANY });
    double sum = 0, square = 0, next = 0, n = MANY * MANY;

    (void)state;
    assert_int_equal(images()->noise(&in, 2.0, 5, &to, NULL), OST_OK);
    for (int i = 0; i < MANY * MANY; i++) {
        sum += (double)out[i];
        square += (double)out[i] * (double)out[i];
        next += i ? (double)out[i] * (double)out[i - 1] : 0.0;
    }
    assert_true(fabs(sum / n) < 0.04);
    assert_true(fabs(square / n - 4.0) < 0.12);
    assert_true(fabs(next / n) < 0.08);
    assert_int_equal(images()->noise(&in, 2.0, 5, &two, NULL), OST_OK);
    assert_memory_equal(out, again, sizeof(out));
    assert_int_equal(images()->noise(&in, 2.0, 6, &two, NULL), OST_OK);
    assert_memory_not_equal(out, again, sizeof(out));
    assert_int_equal(images()->noise(&in, -1.0, 6, &two, NULL), OST_EINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logarithms_are_exact),
        cmocka_unit_test(a_map_says_where_pixels_come_from),
        cmocka_unit_test(a_map_has_to_fit),
        cmocka_unit_test(gamma_bends_between_its_ends),
        cmocka_unit_test(gamma_is_the_power_of_the_library),
        cmocka_unit_test(noise_has_its_deviation_and_no_trend),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
