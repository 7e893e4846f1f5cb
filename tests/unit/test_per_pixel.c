/* tests/unit/test_per_pixel.c - loops over pixels do what their bodies do */
/* links: base kernels */
#include "base/rng.h"
#include "kernels/cpu/pixel_loops.h"
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { MOST = 150 };

/* Any bits: NaN, infinite and huge numbers are among the floats. */
static uint32_t bits[MOST];

static const ost_px_args_line line = { -1.7f, 260.25f };
static const ost_px_args_ramp ramp = { 10.0f, -3.0f, 0.37f, 2.5f, 200.5f };
static const ost_px_args_mark mark = { 7.5f, 700, 70, 255, 3 };

#define SAME(name, args, from, to)                                           \
    static void name##_is_its_body(void **state)                             \
    {                                                                        \
        static ost_px_type_##from in[MOST];                                  \
        static ost_px_type_##to out[MOST + 1];                               \
        char body[] = #name;                                                 \
        ost_pixel_loop loop;                                                 \
                                                                             \
        (void)state;                                                         \
        *strchr(body, '_') = 0;                                              \
        loop =                                                               \
            ost_pixel_loop_of(body, ost_dtype_of(#from), ost_dtype_of(#to)); \
        assert_non_null(loop);                                               \
        memcpy(in, bits, sizeof(in));                                        \
        for (int n = 0; n <= MOST; n++) {                                    \
            memset(out, 0x5A, sizeof(out));                                  \
            loop(in, n, &args, out);                                         \
            for (int i = 0; i < n; i++) {                                    \
                ost_px_type_##to want = ost_px_##name(in[i], &args);         \
                                                                             \
                if (memcmp(&out[i], &want, sizeof(want)) != 0 &&             \
                    !(isnan((double)out[i]) && isnan((double)want)))         \
                    fail_msg("pixel %d of %d", i, n);                        \
            }                                                                \
            for (size_t i = 0; i < sizeof(out[0]); i++)                      \
                assert_int_equal(((unsigned char *)&out[n])[i], 0x5A);       \
        }                                                                    \
    }
#define PER_PIXEL(name, args, from, to) SAME(name, args, from, to)
#include "kernels/per_pixel.def"

static void unknown_loops_are_none(void **state)
{
    (void)state;
    assert_null(ost_pixel_loop_of("lin", OST_U8, OST_U8));
    assert_null(ost_pixel_loop_of("threshold", OST_U8, OST_F32));
    assert_null(ost_pixel_loop_of("line", OST_U8, OST_I32));
}

static int draw(void **state)
{
    ost_rng r = ost_rng_of(77, 0);

    (void)state;
    for (int i = 0; i < MOST; i++) {
        float v = (float)ost_rng_range(&r, -300, 600);

        bits[i] = ost_rng_u32(&r);
        if (i % 2)
            memcpy(&bits[i], &v, sizeof(v));
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define PER_PIXEL(name, args, from, to) cmocka_unit_test(name##_is_its_body),
#include "kernels/per_pixel.def"
        cmocka_unit_test(unknown_loops_are_none),
    };

    return cmocka_run_group_tests(tests, draw, NULL);
}
