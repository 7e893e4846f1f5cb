/* tests/unit/test_canny.c - the edge detector against a plain version of it
 *
 * The plain version works pixel by pixel, straight from the definition; it is
 * what kernels/cpu/canny.c has to agree with.
 */
/* links: base kernels */
/* on: cpu cuda checked */
#include "base/alloc.h"
#include "base/rng.h"
#include "kernels/image.h"
#include "tests/support/check.h"
#include "tests/support/image_ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { MAX = 80 };

typedef struct picture {
    int h, w;
    uint8_t p[MAX][MAX];
} picture;

/* ---- the plain version ---- */

static const int smooth[3][7] = { { 1, 2, 1 },
                                  { 1, 4, 6, 4, 1 },
                                  { 1, 6, 15, 20, 15, 6, 1 } };
static const int slope[3][7] = { { -1, 0, 1 },
                                 { -1, -2, 0, 2, 1 },
                                 { -1, -4, -5, 0, 5, 4, 1 } };

static int clamp(int v, int hi)
{
    return v < 0 ? 0 : v > hi ? hi : v;
}

/* Weights `a` along x and `b` along y. */
static int weigh(const picture *in, int y, int x, int reach, const int *a,
                 const int *b)
{
    int sum = 0;

    for (int i = -reach; i <= reach; i++)
        for (int j = -reach; j <= reach; j++)
            sum += a[j + reach] * b[i + reach] *
                   in->p[clamp(y + i, in->h - 1)][clamp(x + j, in->w - 1)];
    return reach < 3 ? sum : (int)nearbyint(sum / 16.0);
}

static int dx[MAX][MAX], dy[MAX][MAX];
static int64_t mag[MAX][MAX];

static int64_t magnitude(const picture *in, int y, int x)
{
    return y < 0 || x < 0 || y >= in->h || x >= in->w ? 0 : mag[y][x];
}

static bool is_ridge(const picture *in, int y, int x)
{
    int64_t m = mag[y][x], ax = abs(dx[y][x]), ay = abs(dy[y][x]);
    int64_t t = 13573 * ax, v = ay << 15;
    int s = (dx[y][x] ^ dy[y][x]) < 0 ? -1 : 1;

    if (v < t)
        return m > magnitude(in, y, x - 1) && m >= magnitude(in, y, x + 1);
    if (v > t + (ax << 16))
        return m > magnitude(in, y - 1, x) && m >= magnitude(in, y + 1, x);
    return m > magnitude(in, y - 1, x - s) && m > magnitude(in, y + 1, x + s);
}

static void spread(picture *out, int y, int x)
{
    for (int v = y - 1; v <= y + 1; v++)
        for (int u = x - 1; u <= x + 1; u++)
            if (v >= 0 && u >= 0 && v < out->h && u < out->w &&
                out->p[v][u] == 1) {
                out->p[v][u] = 255;
                spread(out, v, u);
            }
}

static void threshold(double *v, const ost_canny_spec *spec)
{
    if (spec->l2) {
        *v = fmin(*v, 32767.0);
        *v = *v > 0 ? *v * *v : *v;
    }
    *v = floor(*v);
}

static void plain_canny(const picture *in, const ost_canny_spec *spec,
                        picture *out)
{
    int reach = spec->aperture / 2;
    const int *a = slope[reach - 1], *b = smooth[reach - 1];
    double unit = reach == 3 ? 16.0 : 1.0;
    double low = fmin(spec->low, spec->high) / unit;
    double high = fmax(spec->low, spec->high) / unit;

    threshold(&low, spec);
    threshold(&high, spec);
    for (int y = 0; y < in->h; y++)
        for (int x = 0; x < in->w; x++) {
            int gx = weigh(in, y, x, reach, a, b);
            int gy = weigh(in, y, x, reach, b, a);

            dx[y][x] = gx;
            dy[y][x] = gy;
            mag[y][x] = spec->l2 ? gx * gx + gy * gy : abs(gx) + abs(gy);
        }
    *out = (picture){ .h = in->h, .w = in->w };
    for (int y = 0; y < in->h; y++)
        for (int x = 0; x < in->w; x++)
            if ((double)mag[y][x] > low && is_ridge(in, y, x))
                out->p[y][x] = (double)mag[y][x] > high ? 2 : 1;
    for (int y = 0; y < in->h; y++)
        for (int x = 0; x < in->w; x++)
            if (out->p[y][x] == 2) {
                out->p[y][x] = 255;
                spread(out, y, x);
            }
    for (int y = 0; y < in->h; y++)
        for (int x = 0; x < in->w; x++)
            out->p[y][x] = out->p[y][x] == 255 ? 255 : 0;
}

/* ---- helpers ---- */

static ost_tensor tensor_of(picture *p)
{
    ost_tensor t = { p->p, OST_U8, 2, { p->h, p->w }, { MAX, 1 } };

    return t;
}

/* Noise, blocks, smooth waves or two levels, by turns. */
static void draw(picture *p, int h, int w, ost_rng *r, int kind)
{
    double a = ost_rng_range(r, 0.05, 0.6), b = ost_rng_range(r, 0.05, 0.6);

    *p = (picture){ .h = h, .w = w };
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double wave = 128 + 60 * sin(a * x) + 60 * cos(b * y);

            if (kind == 0)
                p->p[y][x] = (uint8_t)ost_rng_below(r, 256);
            else if (kind == 1)
                p->p[y][x] = (x / 9 + y / 7) % 2 ? 230 : 20;
            else if (kind == 2)
                p->p[y][x] = (uint8_t)(wave + ost_rng_range(r, -7, 7));
            else
                p->p[y][x] = ost_rng_below(r, 8) == 0 ? 255 : 0;
        }
}

static void assert_same(const picture *a, const picture *b)
{
    for (int y = 0; y < a->h; y++)
        assert_memory_equal(a->p[y], b->p[y], (size_t)a->w);
}

/* Says how many edge pixels there were, so that a test cannot pass idly. */
static int agree(int h, int w, int kind, const ost_canny_spec *spec, ost_rng *r)
{
    int edge_pixels = 0;
    static picture in, want, got;
    ost_tensor image, edges;
    ost_err err;

    draw(&in, h, w, r, kind);
    plain_canny(&in, spec, &want);
    got = (picture){ .h = h, .w = w };
    image = tensor_of(&in);
    edges = tensor_of(&got);
    assert_int_equal(images()->canny(&image, spec, &edges, &err), OST_OK);
    assert_same(&want, &got);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            edge_pixels += got.p[y][x] == 255;
    return edge_pixels;
}

/* ---- tests ---- */

static void fast_and_plain_agree_on_random_images(void **state)
{
    ost_rng r = ost_rng_of(13, 0);
    int edge_pixels = 0;

    (void)state;
    for (int i = 0; i < 900; i++) {
        int aperture = 3 + 2 * (i % 3);
        double unit = aperture == 3 ? 1 : aperture == 5 ? 8 : 100;
        ost_canny_spec spec = { .low = ost_rng_range(&r, -30, 400) * unit,
                                .high = ost_rng_range(&r, -30, 400) * unit,
                                .aperture = aperture,
                                .l2 = ost_rng_below(&r, 2) == 0 };

        edge_pixels += agree(1 + (int)ost_rng_below(&r, MAX),
                             1 + (int)ost_rng_below(&r, MAX), i % 4, &spec, &r);
    }
    assert_true(edge_pixels > 50000);
}

static void fast_and_plain_agree_on_thin_images(void **state)
{
    static const int sides[][2] = { { 1, 1 },  { 1, 2 },  { 2, 1 }, { 1, 64 },
                                    { 64, 1 }, { 1, 80 }, { 2, 2 }, { 65, 3 },
                                    { 3, 65 }, { 63, 64 } };
    ost_rng r = ost_rng_of(14, 0);
    int edge_pixels = 0;

    (void)state;
    for (int i = 0; i < 10; i++)
        for (int k = 0; k < 12; k++) {
            ost_canny_spec spec = { .low = k < 6 ? 0 : 100,
                                    .high = k < 6 ? 10 : 200,
                                    .aperture = 3 + 2 * (k % 3),
                                    .l2 = k % 2 == 0 };

            edge_pixels += agree(sides[i][0], sides[i][1], k % 4, &spec, &r);
        }
    assert_true(edge_pixels > 500);
}

static void strides_do_not_matter(void **state)
{
    static picture in, want, got;
    static uint8_t wide[MAX][MAX][3];
    ost_canny_spec spec = { .low = 100, .high = 200, .aperture = 3 };
    ost_rng r = ost_rng_of(15, 0);
    ost_tensor image, edges;

    (void)state;
    draw(&in, 40, 50, &r, 2);
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 50; x++)
            wide[y][x][1] = in.p[y][x];
    plain_canny(&in, &spec, &want);
    got = (picture){ .h = 40, .w = 50 };
    edges = tensor_of(&got);
    image =
        (ost_tensor){ &wide[0][0][1], OST_U8, 2, { 40, 50 }, { MAX * 3, 3 } };
    assert_int_equal(images()->canny(&image, &spec, &edges, NULL), OST_OK);
    assert_same(&want, &got);
}

static void a_colored_image_takes_the_steepest_channel(void **state)
{
    static picture in, want, got;
    static uint8_t color[MAX][MAX][3];
    ost_canny_spec spec = { .low = 100, .high = 200, .aperture = 5 };
    ost_rng r = ost_rng_of(16, 0);
    ost_tensor image, edges;

    (void)state;
    draw(&in, 40, 50, &r, 1);
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 50; x++) {
            color[y][x][0] = 77;
            color[y][x][1] = in.p[y][x] / 2;
            color[y][x][2] = in.p[y][x];
        }
    plain_canny(&in, &spec, &want);
    got = (picture){ .h = 40, .w = 50 };
    edges = tensor_of(&got);
    image = (ost_tensor){ color, OST_U8, 3, { 40, 50, 3 }, { MAX * 3, 3, 1 } };
    assert_int_equal(images()->canny(&image, &spec, &edges, NULL), OST_OK);
    assert_same(&want, &got);
    spec.l2 = true;
    plain_canny(&in, &spec, &want);
    assert_int_equal(images()->canny(&image, &spec, &edges, NULL), OST_OK);
    assert_same(&want, &got);
}

static void a_flat_image_has_no_edges(void **state)
{
    static picture in = { .h = 30, .w = 30 }, got;
    ost_canny_spec spec = { .low = -5, .high = -1, .aperture = 7 };
    ost_tensor image = tensor_of(&in), edges;

    (void)state;
    memset(in.p, 90, sizeof(in.p));
    memset(got.p, 9, sizeof(got.p));
    got.h = got.w = 30;
    edges = tensor_of(&got);
    assert_int_equal(images()->canny(&image, &spec, &edges, NULL), OST_OK);
    for (int y = 0; y < 30; y++)
        for (int x = 0; x < 30; x++)
            assert_int_equal(got.p[y][x], 0);
    assert_int_equal(got.p[0][30], 9);
}

static void what_does_not_fit_is_refused(void **state)
{
    static picture in = { .h = 8, .w = 8 }, out = { .h = 8, .w = 8 };
    ost_canny_spec spec = { .low = 1, .high = 2, .aperture = 3 };
    ost_tensor image = tensor_of(&in), edges = tensor_of(&out);
    ost_err err;

    (void)state;
    spec.aperture = 4;
    assert_int_equal(images()->canny(&image, &spec, &edges, &err), OST_EINPUT);
    assert_string_equal(err.text, "canny: aperture 4 is not 3, 5 or 7");
    spec = (ost_canny_spec){ .low = (double)NAN, .high = 2, .aperture = 3 };
    assert_int_equal(images()->canny(&image, &spec, &edges, &err), OST_EINPUT);
    spec.low = 1;
    edges.shape[1] = 7;
    assert_int_equal(images()->canny(&image, &spec, &edges, &err), OST_EINPUT);
    edges.shape[1] = 8;
    image.dtype = OST_U16;
    assert_int_equal(images()->canny(&image, &spec, &edges, &err), OST_EINPUT);
    assert_string_equal(err.text, "canny: image is u16, but only u8 has edges");
    image.dtype = OST_U8;
    image.ndim = 1;
    assert_int_equal(images()->canny(&image, &spec, &edges, &err), OST_EINPUT);
}

static void an_empty_image_is_fine(void **state)
{
    uint8_t nothing = 7;
    ost_tensor image = { &nothing, OST_U8, 2, { 0, 5 }, { 5, 1 } };
    ost_tensor edges = image;
    ost_canny_spec spec = { .low = 1, .high = 2, .aperture = 3 };

    (void)state;
    assert_int_equal(images()->canny(&image, &spec, &edges, NULL), OST_OK);
    assert_int_equal(nothing, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fast_and_plain_agree_on_random_images),
        cmocka_unit_test(fast_and_plain_agree_on_thin_images),
        cmocka_unit_test(strides_do_not_matter),
        cmocka_unit_test(a_colored_image_takes_the_steepest_channel),
        cmocka_unit_test(a_flat_image_has_no_edges),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(an_empty_image_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
