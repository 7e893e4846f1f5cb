/* kernels/cpu/gray.c - the gray levels of a color image
 *
 * Bytes whose three colors lie side by side are weighed 32 pixels at a time
 * where the machine has AVX2: shuffled into pairs of red and green, and of
 * green and blue, which are multiplied and added in one instruction.  Green's
 * weight is too large for it and shared among both pairs.
 */
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/wide.h"
#include "kernels/pixel.h"
#include "kernels/tone.h"

#include <string.h>

#include "base/banned.h"

enum { RED = 19595, HALF_GREEN = 38470 / 2, BLUE = 7471, HALF = 32768 };
enum { BLOCK = 32, PART = 12, LANE = 16 };

#ifdef __x86_64__
typedef int64_t two __attribute__((vector_size(LANE)));
typedef char lanes __attribute__((vector_size(2 * LANE)));
typedef short words __attribute__((vector_size(2 * LANE)));
typedef int eight __attribute__((vector_size(2 * LANE)));

#define FOUR_TIMES(a, b) a, b, a, b, a, b, a, b
#define TWICE(...)               \
    {                            \
        __VA_ARGS__, __VA_ARGS__ \
    }

/* Four pixels from each of two places. */
__attribute__((target("avx2"), always_inline)) static inline eight
weigh_eight(const uint8_t *low, const uint8_t *high)
{
    const lanes red_green =
        TWICE(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1);
    const lanes green_blue =
        TWICE(1, -1, 2, -1, 4, -1, 5, -1, 7, -1, 8, -1, 10, -1, 11, -1);
    const words by_red = TWICE(FOUR_TIMES(RED, HALF_GREEN));
    const words by_blue = TWICE(FOUR_TIMES(HALF_GREEN, BLUE));
    two a, b;
    lanes v;
    eight sums;

    memcpy(&a, low, sizeof(a));
    memcpy(&b, high, sizeof(b));
    v = (lanes)__builtin_shufflevector(a, b, 0, 1, 2, 3);
    sums = __builtin_ia32_pmaddwd256(
               (words)__builtin_ia32_pshufb256(v, red_green), by_red) +
           __builtin_ia32_pmaddwd256(
               (words)__builtin_ia32_pshufb256(v, green_blue), by_blue);
    return (sums + HALF) >> 16;
}

/* How many pixels of a row were done; loads reach up to four bytes, less than
 * two pixels, beyond those. */
__attribute__((target("avx2"))) static int64_t
gray_blocks(const uint8_t *v, int64_t n, uint8_t *out)
{
    int64_t x = 0;

    for (; x + BLOCK + 2 <= n; x += BLOCK, v += 3 * BLOCK) {
        eight sums[4];
        lanes bytes;

        for (int k = 0; k < 4; k++)
            sums[k] = weigh_eight(v + k * PART, v + (k + 4) * PART);
        bytes = (lanes)__builtin_ia32_packuswb256(
            (words)__builtin_ia32_packusdw256(sums[0], sums[1]),
            (words)__builtin_ia32_packusdw256(sums[2], sums[3]));
        memcpy(out + x, &bytes, sizeof(bytes));
    }
    return x;
}
#else
static int64_t gray_blocks(const uint8_t *v, int64_t n, uint8_t *out)
{
    (void)v;
    (void)n;
    (void)out;
    return 0;
}
#endif

static void gray_row(const ost_image *in, const ost_image *out, int64_t y)
{
    const void *p = ost_image_at(in, y, 0, 0);
    void *q = ost_image_at(out, y, 0, 0);
    int64_t step = in->step_x, c = in->step_c, to = out->step_x;

    if (in->dtype == OST_U8) {
        const uint8_t *v = p;
        uint8_t *g = q;
        int64_t done = 0;

        if (step == 3 && c == 1 && to == 1 && ost_cpu_width() != OST_WIDTH_ANY)
            done = gray_blocks(v, in->w, g);
        v += done * step;
        for (int64_t x = done; x < in->w; x++, v += step)
            g[x * to] = (uint8_t)ost_px_luma(v[0], v[c], v[2 * c]);
    } else if (in->dtype == OST_U16) {
        const uint16_t *v = p;
        uint16_t *g = q;

        for (int64_t x = 0; x < in->w; x++, v += step)
            g[x * to] = (uint16_t)ost_px_luma(v[0], v[c], v[2 * c]);
    } else {
        const float *v = p;
        float *g = q;

        for (int64_t x = 0; x < in->w; x++, v += step)
            g[x * to] = ost_px_luma_f32(v[0], v[c], v[2 * c]);
    }
}

ost_rc ost_gray_check(const ost_tensor *image, const ost_tensor *gray,
                      ost_image *in, ost_image *out, ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(gray, "gray image", out, err);
    if (rc)
        return rc;
    if (in->c != 3 || out->c != 1 || in->h != out->h || in->w != out->w ||
        in->dtype != out->dtype)
        return ost_fail(err, OST_EINPUT,
                        "gray: 3 channels become 1 of the same size and type");
    return OST_OK;
}

ost_rc ost_cpu_gray(const ost_tensor *image, ost_tensor *gray, ost_err *err)
{
    ost_image in, out;
    ost_rc rc = ost_gray_check(image, gray, &in, &out, err);

    if (rc)
        return rc;
    for (int64_t y = 0; y < in.h && in.w > 0; y++)
        gray_row(&in, &out, y);
    return OST_OK;
}
