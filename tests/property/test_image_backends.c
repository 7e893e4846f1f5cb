/* tests/property/test_image_backends.c - image operators make the same bytes on
 * every device, wherever images lie
 *
 * The CPU's operator on packed images says what is right; the device that is
 * asked for works on views of any strides.
 */
/* links: base kernels */
/* on: cpu cuda */
#include "base/alloc.h"
#include "kernels/connected.h"
#include "kernels/cpu/cpu.h"
#include "kernels/merge.h"
#include "kernels/morphology.h"
#include "kernels/remap.h"
#include "kernels/threshold.h"
#include "kernels/tone.h"
#include "tests/support/backend_case.h"
#include "tests/support/image_case.h"
#include "tests/support/seed.h"

#include "base/banned.h"

static ost_backend *device;
static image_case in, out, other;
static ost_err expected, got;

/* What a comparison says; the output of both is `out`. */
static const char *same(ost_rc right, ost_rc rc)
{
    if (right != rc)
        return "one fails";
    if (rc && strcmp(expected.text, got.text) != 0)
        return "failures differ";
    return rc || image_case_agrees(&out) ? NULL : "bytes differ";
}

static void draw(ost_rng *r, image_case *i)
{
    image_case_make(r, image_case_dtype(r), image_case_side(r),
                    image_case_side(r), 1 + (int64_t)ost_rng_below(r, 3), i);
}

/* `out` of the size and channels of `in`. */
static void draw_like(ost_rng *r, ost_dtype dtype)
{
    image_case_make(r, dtype, in.packed.shape[0], in.packed.shape[1],
                    image_case_channels(&in.packed), &out);
}

static void draw_pair(ost_rng *r)
{
    draw(r, &in);
    draw_like(r, in.packed.dtype);
}

/* ---- one function an operator ---- */

static const char *blank_is_exact(ost_rng *r)
{
    double fill = ost_rng_range(r, -10, 300);

    draw_pair(r);
    image_case_make(r, OST_U8, in.packed.shape[0], in.packed.shape[1], 1,
                    &other);
    return same(
        ost_cpu_blank(&in.packed, &other.packed, fill, &out.packed, &expected),
        device->blank(&in.view, &other.view, fill, &out.view, &got));
}

static const char *blend_is_exact(ost_rng *r)
{
    int n = (int)ost_rng_below(r, 12);

    draw_pair(r);
    return same(ost_cpu_blend(&in.packed, n, &out.packed, &expected),
                device->blend(&in.view, n, &out.view, &got));
}

static const char *blur_is_exact(ost_rng *r)
{
    static const int64_t sizes[] = { 0, 0, 1, 3, 5, 7, 8, 21, 99 };
    double sigma = ost_rng_below(r, 5) ? ost_rng_range(r, 0.1, 6) : 0.0;
    int64_t size = sizes[ost_rng_below(r, 9)];

    draw_pair(r);
    return same(ost_cpu_blur(&in.packed, sigma, size, &out.packed, &expected),
                device->blur(&in.view, sigma, size, &out.view, &got));
}

static const char *canny_is_exact(ost_rng *r)
{
    static const int apertures[] = { 3, 3, 5, 7, 4 };
    ost_canny_spec spec = {
        .low = ost_rng_range(r, -10, 300),
        .high = ost_rng_range(r, -10, 600),
        .aperture = apertures[ost_rng_below(r, 5)],
        .l2 = ost_rng_below(r, 2),
    };

    if (spec.aperture == 5 || spec.aperture == 7) {
        spec.low *= 10;
        spec.high *= 10;
    }
    image_case_make(r, ost_rng_below(r, 9) ? OST_U8 : OST_U16,
                    image_case_side(r), image_case_side(r),
                    1 + (int64_t)ost_rng_below(r, 3), &in);
    image_case_make(r, OST_U8, in.packed.shape[0], in.packed.shape[1], 1, &out);
    return same(ost_cpu_canny(&in.packed, &spec, &out.packed, &expected),
                device->canny(&in.view, &spec, &out.view, &got));
}

static const char *clahe_is_exact(ost_rng *r)
{
    ost_clahe_spec spec = {
        .clip_limit = ost_rng_below(r, 3) ? ost_rng_range(r, 0, 40) : 0.0,
        .rows = (int)ost_rng_below(r, 5),
        .columns = 1 + (int)ost_rng_below(r, 5),
    };

    draw_pair(r);
    return same(ost_cpu_clahe(&in.packed, &spec, &out.packed, &expected),
                device->clahe(&in.view, &spec, &out.view, &got));
}

static bool same_components(const ost_components *a, const ost_components *b)
{
    size_t runs = (size_t)a->row[a->height];

    return a->height == b->height && a->width == b->width &&
           a->count == b->count &&
           memcmp(a->row, b->row, ((size_t)a->height + 1) * sizeof(*a->row)) ==
               0 &&
           (runs == 0 ||
            memcmp(a->runs, b->runs, runs * sizeof(*a->runs)) == 0) &&
           (a->count == 0 ||
            memcmp(a->all, b->all, (size_t)a->count * sizeof(*a->all)) == 0);
}

static const char *components_are_exact(ost_rng *r)
{
    unsigned flags = (unsigned)ost_rng_below(r, 4);
    ost_components right, found;
    const char *wrong = NULL;
    ost_rc a, b;

    draw(r, &in);
    a = ost_cpu_components(&in.packed, flags, &right, &expected);
    b = device->components(&in.view, flags, &found, &got);
    if (a != b || (a && strcmp(expected.text, got.text) != 0))
        wrong = "failures differ";
    else if (!a && !same_components(&right, &found))
        wrong = "components differ";
    ost_components_release(&right);
    ost_components_release(&found);
    return wrong;
}

static const char *copy_is_exact(ost_rng *r)
{
    draw_pair(r);
    return same(ost_cpu_copy(&in.packed, &out.packed, &expected),
                device->copy(&in.view, &out.view, &got));
}

static const char *gamma_is_exact(ost_rng *r)
{
    double low = ost_rng_range(r, -50, 100);
    ost_gamma_spec spec = { low, low + ost_rng_range(r, 0, 60000),
                            ost_rng_range(r, 0.05, 4) };

    draw_pair(r);
    return same(ost_cpu_gamma(&in.packed, &spec, &out.packed, &expected),
                device->gamma(&in.view, &spec, &out.view, &got));
}

static const char *gray_is_exact(ost_rng *r)
{
    ost_dtype dtype = image_case_dtype(r);

    image_case_make(r, dtype, image_case_side(r), image_case_side(r),
                    ost_rng_below(r, 9) ? 3 : 2, &in);
    image_case_make(r, dtype, in.packed.shape[0], in.packed.shape[1], 1, &out);
    return same(ost_cpu_gray(&in.packed, &out.packed, &expected),
                device->gray(&in.view, &out.view, &got));
}

/* Sums of several channels hang on where these lie. */
static const char *levels_are_exact(ost_rng *r)
{
    ost_levels right, found;

    draw(r, &in);
    if (ost_cpu_levels(&in.view, &right, &expected) !=
        device->levels(&in.view, &found, &got))
        return "one fails";
    return memcmp(&right, &found, sizeof(right)) == 0 ? NULL : "levels differ";
}

static const char *mark_is_exact(ost_rng *r)
{
    draw(r, &in);
    image_case_make(r, OST_U8, in.packed.shape[0], in.packed.shape[1], 1, &out);
    return same(ost_cpu_mark(&in.packed, &out.packed, &expected),
                device->mark(&in.view, &out.view, &got));
}

static const char *marked_is_exact(ost_rng *r)
{
    ost_rect right, found;
    int64_t right_count, found_count;

    draw(r, &in);
    assert_ok(ost_cpu_marked(&in.packed, &right, &expected), &expected);
    assert_ok(device->marked(&in.view, &found, &got), &got);
    assert_ok(ost_cpu_marked_count(&in.packed, &right_count, &expected),
              &expected);
    assert_ok(device->marked_count(&in.view, &found_count, &got), &got);
    if (right_count != found_count)
        return "counts differ";
    return memcmp(&right, &found, sizeof(right)) == 0 ? NULL
                                                      : "rectangles differ";
}

static const char *marked_sum_is_exact(ost_rng *r)
{
    ost_sum right = { 0 }, found = { 0 };
    int64_t h = image_case_side(r), w = image_case_side(r);

    image_case_make(r, image_case_dtype(r), h, w, 1, &in);
    image_case_make(r, image_case_dtype(r), h, w, 1, &other);
    assert_ok(ost_cpu_marked_sum(&other.packed, &in.packed, &right, &expected),
              &expected);
    assert_ok(device->marked_sum(&other.view, &in.view, &found, &got), &got);
    return memcmp(&right, &found, sizeof(right)) == 0 ? NULL : "sums differ";
}

enum { PARTS = 5 };

static image_case parts[PARTS];

static const char *merge_is_exact(ost_rng *r)
{
    ost_dtype dtype = image_case_dtype(r);
    int64_t channels = 1 + (int64_t)ost_rng_below(r, 3);
    ost_merge_part packed[PARTS], view[PARTS];
    ost_merge merge = {
        .n = ost_rng_below(r, PARTS + 1),
        .method = (ost_merge_method)ost_rng_below(r, 4),
        .fill = ost_rng_range(r, 0, 200),
    };
    ost_merge_gap right, found;
    const char *wrong;

    for (size_t i = 0; i < merge.n; i++) {
        int64_t top = (int64_t)ost_rng_below(r, 100) - 40;
        int64_t left = (int64_t)ost_rng_below(r, 100) - 40;

        image_case_make(r, dtype, image_case_side(r), image_case_side(r),
                        channels, &parts[i]);
        packed[i] = (ost_merge_part){ parts[i].packed, top, left };
        view[i] = (ost_merge_part){ parts[i].view, top, left };
    }
    image_case_make(r, ost_rng_below(r, 2) ? dtype : OST_F32,
                    image_case_side(r), image_case_side(r), channels, &out);
    merge.parts = packed;
    wrong = same(
        ost_cpu_merge(&merge, &out.packed, &right, &expected),
        (merge.parts = view, device->merge(&merge, &out.view, &found, &got)));
    if (!wrong && memcmp(&right, &found, sizeof(right)) != 0)
        wrong = "gaps differ";
    return wrong;
}

static const char *morphology_is_exact(ost_rng *r)
{
    static const int sizes[] = { 1, 3, 3, 5, 7, 15, 41, 4 };
    ost_morph_spec spec = {
        .change = (ost_morph_change)ost_rng_below(r, 7),
        .shape = (ost_morph_shape)ost_rng_below(r, 3),
        .size = sizes[ost_rng_below(r, 8)],
        .iterations = 1 + (int)ost_rng_below(r, 3),
    };

    draw_pair(r);
    return same(ost_cpu_morphology(&in.packed, &spec, &out.packed, &expected),
                device->morphology(&in.view, &spec, &out.view, &got));
}

static const char *noise_is_exact(ost_rng *r)
{
    double deviation = ost_rng_range(r, -0.2, 50);
    uint32_t seed = ost_rng_u32(r);

    draw_pair(r);
    return same(
        ost_cpu_noise(&in.packed, deviation, seed, &out.packed, &expected),
        device->noise(&in.view, deviation, seed, &out.view, &got));
}

static const char *otsu_is_exact(ost_rng *r)
{
    bool everywhere = ost_rng_below(r, 2);
    double right, found;

    draw(r, &in);
    image_case_make(r, image_case_dtype(r), in.packed.shape[0],
                    in.packed.shape[1], 1, &other);
    if (ost_cpu_otsu(&in.packed, everywhere ? NULL : &other.packed, &right,
                     &expected) !=
        device->otsu(&in.view, everywhere ? NULL : &other.view, &found, &got))
        return "one fails";
    return memcmp(&right, &found, sizeof(right)) == 0 ? NULL : "levels differ";
}

static const char *pad_is_exact(ost_rng *r)
{
    ost_pad_spec spec = {
        .top = (int64_t)ost_rng_below(r, 120) - 60,
        .left = (int64_t)ost_rng_below(r, 120) - 60,
        .mode = (ost_pad_mode)ost_rng_below(r, 3),
        .fill = ost_rng_range(r, -5, 300),
    };

    draw(r, &in);
    image_case_make(r, in.packed.dtype, image_case_side(r), image_case_side(r),
                    image_case_channels(&in.packed), &out);
    return same(ost_cpu_pad(&in.packed, &spec, &out.packed, &expected),
                device->pad(&in.view, &spec, &out.view, &got));
}

static const char *percentiles_are_exact(ost_rng *r)
{
    double percent[3] = { ost_rng_range(r, 0, 100), 0.0, 100.0 };
    double right[3], found[3];

    draw(r, &in);
    if (ost_rng_below(r, 20) == 0)
        percent[1] = -1.0;
    if (ost_cpu_percentiles(&in.packed, percent, 3, right, &expected) !=
        device->percentiles(&in.view, percent, 3, found, &got))
        return "one fails";
    return memcmp(right, found, sizeof(right)) == 0 ? NULL : "values differ";
}

static const char *ramp_is_exact(ost_rng *r)
{
    ost_ramp_spec spec = { ost_rng_range(r, 0, 100), ost_rng_range(r, 0, 9),
                           ost_rng_range(r, -3, 3), ost_rng_range(r, -20, 50),
                           ost_rng_range(r, 50, 300) };

    draw(r, &in);
    draw_like(r, image_case_dtype(r));
    return same(ost_cpu_ramp(&in.packed, &spec, &out.packed, &expected),
                device->ramp(&in.view, &spec, &out.view, &got));
}

/* Maps are packed pairs, with odd places among them. */
static const char *remap_is_exact(ost_rng *r)
{
    static float places[IMAGE_SIDE * IMAGE_SIDE * 2];
    ost_tensor map;
    ost_remap_spec spec = {
        .map = &map,
        .nearest = ost_rng_below(r, 2),
        .border = (ost_border)ost_rng_below(r, 2),
        .fill = (float)ost_rng_range(r, 0, 99),
    };

    draw(r, &in);
    image_case_make(r, in.packed.dtype, image_case_side(r), image_case_side(r),
                    image_case_channels(&in.packed), &out);
    map = ost_tensor_of(
        places, OST_F32, 3,
        (int64_t[]){ out.packed.shape[0], out.packed.shape[1], 2 });
    for (int64_t i = 0; i < ost_tensor_count(&map); i++)
        places[i] = ost_rng_below(r, 30) == 0
                        ? image_case_float(r, 0)
                        : (float)ost_rng_range(r, -4, IMAGE_SIDE);
    return same(ost_cpu_remap(&in.packed, &spec, &out.packed, &expected),
                device->remap(&in.view, &spec, &out.view, &got));
}

static const char *rescale_is_exact(ost_rng *r)
{
    double scale = ost_rng_range(r, -3, 3), offset = ost_rng_range(r, -9, 400);

    draw(r, &in);
    draw_like(r, image_case_dtype(r));
    return same(
        ost_cpu_rescale(&in.packed, scale, offset, &out.packed, &expected),
        device->rescale(&in.view, scale, offset, &out.view, &got));
}

static const char *resize_is_exact(ost_rng *r)
{
    ost_resize_method method = (ost_resize_method)ost_rng_below(r, 5);
    bool half = ost_rng_below(r, 6) == 0;

    draw(r, &in);
    image_case_make(r, in.packed.dtype,
                    half ? in.packed.shape[0] / 2 : image_case_side(r),
                    half ? in.packed.shape[1] / 2 : image_case_side(r),
                    image_case_channels(&in.packed), &out);
    return same(ost_cpu_resize(&in.packed, method, &out.packed, &expected),
                device->resize(&in.view, method, &out.view, &got));
}

static const char *threshold_is_exact(ost_rng *r)
{
    ost_threshold_spec spec = { ost_rng_range(r, -5, 300), ost_rng_below(r, 2),
                                255, 3 };

    if (ost_rng_below(r, 2))
        spec.least = rint(spec.least);
    draw(r, &in);
    draw_like(r, OST_U8);
    return same(ost_cpu_threshold(&in.packed, &spec, &out.packed, &expected),
                device->threshold(&in.view, &spec, &out.view, &got));
}

static const char *warp_is_exact(ost_rng *r)
{
    ost_motion motion = {
        .rotate = ost_rng_range(r, -200, 200),
        .scale = ost_rng_range(r, 0.3, 3),
        .shift_x = ost_rng_range(r, -30, 30),
        .shift_y = ost_rng_range(r, -30, 30),
        .flip_x = ost_rng_below(r, 2),
        .flip_y = ost_rng_below(r, 2),
    };
    ost_warp_spec spec = {
        .nearest = ost_rng_below(r, 2),
        .border = (ost_border)ost_rng_below(r, 2),
        .fill = (float)ost_rng_range(r, 0, 99),
    };

    draw(r, &in);
    image_case_make(r, in.packed.dtype, image_case_side(r), image_case_side(r),
                    image_case_channels(&in.packed), &out);
    spec.map = ost_affine_of(&motion, in.packed.shape[0], in.packed.shape[1]);
    return same(ost_cpu_warp(&in.packed, &spec, &out.packed, &expected),
                device->warp(&in.view, &spec, &out.view, &got));
}

/* ---- all ---- */

/* The stand-in runs every thread of a kernel. */
enum { CASES = 150, CASES_OTHER = 100 };

static int64_t cases(void)
{
    return backend_case_is_cpu() ? CASES : CASES_OTHER;
}

#define TRIED(name)                                    \
    static void name##_on_all(void **state)            \
    {                                                  \
        (void)state;                                   \
        assert_int_equal(each_seed(cases(), name), 0); \
    }
TRIED(blank_is_exact)
TRIED(blend_is_exact)
TRIED(blur_is_exact)
TRIED(canny_is_exact)
TRIED(clahe_is_exact)
TRIED(components_are_exact)
TRIED(copy_is_exact)
TRIED(gamma_is_exact)
TRIED(gray_is_exact)
TRIED(levels_are_exact)
TRIED(mark_is_exact)
TRIED(marked_is_exact)
TRIED(marked_sum_is_exact)
TRIED(merge_is_exact)
TRIED(morphology_is_exact)
TRIED(noise_is_exact)
TRIED(otsu_is_exact)
TRIED(pad_is_exact)
TRIED(percentiles_are_exact)
TRIED(ramp_is_exact)
TRIED(remap_is_exact)
TRIED(rescale_is_exact)
TRIED(resize_is_exact)
TRIED(threshold_is_exact)
TRIED(warp_is_exact)

static int open_device(void **state)
{
    (void)state;
    device = backend_case_open(1);
    return 0;
}

static int close_device(void **state)
{
    (void)state;
    ost_backend_close(device);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blank_is_exact_on_all),
        cmocka_unit_test(blend_is_exact_on_all),
        cmocka_unit_test(blur_is_exact_on_all),
        cmocka_unit_test(canny_is_exact_on_all),
        cmocka_unit_test(clahe_is_exact_on_all),
        cmocka_unit_test(components_are_exact_on_all),
        cmocka_unit_test(copy_is_exact_on_all),
        cmocka_unit_test(gamma_is_exact_on_all),
        cmocka_unit_test(gray_is_exact_on_all),
        cmocka_unit_test(levels_are_exact_on_all),
        cmocka_unit_test(mark_is_exact_on_all),
        cmocka_unit_test(marked_is_exact_on_all),
        cmocka_unit_test(marked_sum_is_exact_on_all),
        cmocka_unit_test(merge_is_exact_on_all),
        cmocka_unit_test(morphology_is_exact_on_all),
        cmocka_unit_test(noise_is_exact_on_all),
        cmocka_unit_test(otsu_is_exact_on_all),
        cmocka_unit_test(pad_is_exact_on_all),
        cmocka_unit_test(percentiles_are_exact_on_all),
        cmocka_unit_test(ramp_is_exact_on_all),
        cmocka_unit_test(remap_is_exact_on_all),
        cmocka_unit_test(rescale_is_exact_on_all),
        cmocka_unit_test(resize_is_exact_on_all),
        cmocka_unit_test(threshold_is_exact_on_all),
        cmocka_unit_test(warp_is_exact_on_all),
    };

    return cmocka_run_group_tests(tests, open_device, close_device);
}
