/* tests/parity/test_images.c - edges, sizes and levels as OpenCV computes them
 *
 * image_references.json holds what make_image_references.py wrote.  What is
 * made of real images is compared by digest, where the images are at hand.
 */
/* links: base store kernels stages */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/text.h"
#include "kernels/image.h"
#include "kernels/tone.h"
#include "stages/decode.h"
#include "store/key.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum { LIMIT = 64 << 20 };

static ost_json_doc *doc;
static ost_arena arena;

static const json_t *cases(const char *name)
{
    return json_object_get(ost_json_root(doc), name);
}

static int64_t number(const json_t *c, const char *name)
{
    return json_integer_value(json_object_get(c, name));
}

static uint8_t *bytes(const json_t *c, const char *name, size_t size)
{
    uint8_t *p = ost_arena_alloc(&arena, size + 1);

    assert_true(
        ost_unhex(p, json_string_value(json_object_get(c, name)), size));
    return p;
}

static ost_tensor picture(void *data, int64_t h, int64_t w, int64_t channels)
{
    return ost_tensor_of(data, OST_U8, channels > 1 ? 3 : 2,
                         (int64_t[]){ h, w, channels });
}

static ost_canny_spec spec_of(const json_t *c)
{
    return (ost_canny_spec){
        .low = json_number_value(json_object_get(c, "low")),
        .high = json_number_value(json_object_get(c, "high")),
        .aperture = (int)number(c, "aperture"),
        .l2 = json_is_true(json_object_get(c, "l2")),
    };
}

static void edges_are_opencv_s(void **state)
{
    size_t i;
    json_t *c;

    (void)state;
    assert_true(json_array_size(cases("canny")) > 20);
    json_array_foreach((json_t *)(uintptr_t)cases("canny"), i, c)
    {
        int64_t h = number(c, "height"), w = number(c, "width");
        int64_t channels = number(c, "channels");
        size_t n = (size_t)(h * w);
        uint8_t *want = bytes(c, "edges", (n + 7) / 8);
        uint8_t *got = ost_arena_alloc(&arena, n);
        ost_canny_spec spec = spec_of(c);
        ost_tensor in =
            picture(bytes(c, "image", n * (size_t)channels), h, w, channels);
        ost_tensor out = picture(got, h, w, 1);

        assert_int_equal(ost_cpu_canny(&in, &spec, &out, NULL), OST_OK);
        for (size_t k = 0; k < n; k++)
            if (got[k] != (want[k / 8] >> (7 - k % 8) & 1) * 255)
                fail_msg("case %zu, pixel %zu", i, k);
    }
}

static void sizes_are_opencv_s(void **state)
{
    static const struct {
        const char *name;
        ost_resize_method method;
    } methods[] = { { "linear", OST_RESIZE_LINEAR },
                    { "nearest", OST_RESIZE_NEAREST } };
    size_t i;
    json_t *c;

    (void)state;
    assert_true(json_array_size(cases("resize")) > 20);
    json_array_foreach((json_t *)(uintptr_t)cases("resize"), i, c)
    {
        int64_t h = number(c, "height"), w = number(c, "width");
        int64_t to_h = number(c, "to_height"), to_w = number(c, "to_width");
        int64_t channels = number(c, "channels");
        size_t size = (size_t)(to_h * to_w * channels);
        ost_tensor in = picture(bytes(c, "image", (size_t)(h * w * channels)),
                                h, w, channels);
        ost_tensor out =
            picture(ost_arena_alloc(&arena, size), to_h, to_w, channels);

        for (int m = 0; m < 2; m++) {
            assert_int_equal(ost_cpu_resize(&in, methods[m].method, &out, NULL),
                             OST_OK);
            if (memcmp(out.data, bytes(c, methods[m].name, size), size) != 0)
                fail_msg("case %zu, %s", i, methods[m].name);
        }
    }
}

/* Largest difference to what is stored. */
static int difference(const ost_tensor *t, const json_t *c, const char *name)
{
    size_t size = (size_t)ost_tensor_count(t);
    const uint8_t *want = bytes(c, name, size), *got = t->data;
    int most = 0;

    for (size_t i = 0; i < size; i++)
        most = abs(got[i] - want[i]) > most ? abs(got[i] - want[i]) : most;
    return most;
}

static void areas_and_curves_are_opencv_s_within_a_level(void **state)
{
    static const struct {
        const char *name;
        ost_resize_method method;
    } methods[] = { { "area", OST_RESIZE_AREA },
                    { "cubic", OST_RESIZE_CUBIC } };
    size_t i;
    json_t *c;

    (void)state;
    json_array_foreach((json_t *)(uintptr_t)cases("resize"), i, c)
    {
        int64_t h = number(c, "height"), w = number(c, "width");
        int64_t to_h = number(c, "to_height"), to_w = number(c, "to_width");
        int64_t channels = number(c, "channels");
        ost_tensor in = picture(bytes(c, "image", (size_t)(h * w * channels)),
                                h, w, channels);
        ost_tensor out =
            picture(ost_arena_alloc(&arena, (size_t)(to_h * to_w * channels)),
                    to_h, to_w, channels);

        for (int m = 0; m < 2; m++) {
            /* OpenCV averages areas only when both sides shrink. */
            if (m == 0 && (to_h > h || to_w > w))
                continue;
            assert_int_equal(ost_cpu_resize(&in, methods[m].method, &out, NULL),
                             OST_OK);
            if (difference(&out, c, methods[m].name) > 1)
                fail_msg("case %zu, %s: %d levels apart", i, methods[m].name,
                         difference(&out, c, methods[m].name));
        }
    }
}

static void equalized_images_are_opencv_s(void **state)
{
    size_t i;
    json_t *c;

    (void)state;
    assert_true(json_array_size(cases("clahe")) > 20);
    json_array_foreach((json_t *)(uintptr_t)cases("clahe"), i, c)
    {
        int64_t h = number(c, "height"), w = number(c, "width");
        int64_t width = number(c, "bytes");
        size_t size = (size_t)(h * w * width);
        ost_dtype dtype = width == 2 ? OST_U16 : OST_U8;
        ost_tensor image = ost_tensor_of(bytes(c, "image", size), dtype, 2,
                                         (int64_t[]){ h, w });
        ost_clahe_spec spec = {
            .clip_limit = json_number_value(json_object_get(c, "limit")),
            .rows = (int)number(c, "rows"),
            .columns = (int)number(c, "columns"),
        };

        assert_int_equal(ost_cpu_clahe(&image, &spec, &image, NULL), OST_OK);
        if (memcmp(image.data, bytes(c, "equalized", size), size) != 0)
            fail_msg("case %zu", i);
    }
}

/* ---- real images ---- */

static void is_digest(const ost_tensor *t, const json_t *c, const char *name)
{
    ost_digest d = ost_digest_of(t->data, (size_t)ost_tensor_count(t));
    char hex[OST_DIGEST_HEX];

    assert_string_equal(ost_digest_hex(&d, hex),
                        json_string_value(json_object_get(c, name)));
}

/* Calls `body` with the image of each case, or skips where they are missing. */
static void each_real(const char *group,
                      void (*body)(const json_t *c, const ost_tensor *image))
{
    const ost_decode_limits limits = { .max_pixels = 100 << 20 };
    const char *shared = getenv("OSTEON_SHARED");
    size_t i;
    json_t *c;

    json_array_foreach((json_t *)(uintptr_t)cases(group), i, c)
    {
        char *path =
            ost_path_join(shared ? shared : ".",
                          json_string_value(json_object_get(c, "path")));
        ost_buf file = { 0 };
        ost_picture p = { 0 };
        ost_err err = { 0 };
        ost_tensor image;
        ost_rc rc;

        if (access(path, R_OK) != 0) {
            print_message("no %s\n", path);
            ost_free(path);
            skip();
        }
        rc = ost_fs_read(path, LIMIT, &file, &err);
        if (!rc)
            rc = ost_format_of(file.data, file.len) == OST_FORMAT_PNG
                     ? ost_png_decode(file.data, file.len, &limits, &p, &err)
                     : ost_jpeg_decode(file.data, file.len, &limits, &p, &err);
        if (rc)
            fail_msg("%s: %s", path, err.text);
        image = picture(p.data, p.height, p.width, 1);
        is_digest(&image, c, "pixels");
        body(c, &image);
        ost_picture_release(&p);
        ost_buf_release(&file);
        ost_free(path);
    }
}

static ost_tensor new_picture(int64_t h, int64_t w)
{
    return picture(ost_arena_alloc(&arena, (size_t)(h * w)), h, w, 1);
}

static void check_edges(const json_t *c, const ost_tensor *image)
{
    ost_tensor out = new_picture(image->shape[0], image->shape[1]);
    ost_canny_spec spec = spec_of(c);

    assert_int_equal(ost_cpu_canny(image, &spec, &out, NULL), OST_OK);
    is_digest(&out, c, "edges");
}

static void edges_of_real_images_are_opencv_s(void **state)
{
    (void)state;
    each_real("real", check_edges);
}

static void check_sizes(const json_t *c, const ost_tensor *image)
{
    int64_t h = image->shape[0], w = image->shape[1];
    ost_tensor small = new_picture(47, 61), same = new_picture(h, w);
    ost_tensor large = new_picture(h + 21, w + 37);
    ost_clahe_spec spec = { .clip_limit = 2, .rows = 8, .columns = 8 };

    assert_int_equal(ost_cpu_resize(image, OST_RESIZE_LINEAR, &small, NULL),
                     OST_OK);
    is_digest(&small, c, "smaller");
    assert_int_equal(ost_cpu_resize(image, OST_RESIZE_LINEAR, &large, NULL),
                     OST_OK);
    is_digest(&large, c, "larger");
    assert_int_equal(ost_cpu_resize(image, OST_RESIZE_NEAREST, &small, NULL),
                     OST_OK);
    is_digest(&small, c, "nearest");
    assert_int_equal(ost_cpu_clahe(image, &spec, &same, NULL), OST_OK);
    is_digest(&same, c, "equalized");
}

static void sizes_and_levels_of_real_images_are_opencv_s(void **state)
{
    (void)state;
    each_real("real_sizes", check_sizes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_are_opencv_s),
        cmocka_unit_test(sizes_are_opencv_s),
        cmocka_unit_test(areas_and_curves_are_opencv_s_within_a_level),
        cmocka_unit_test(equalized_images_are_opencv_s),
        cmocka_unit_test(edges_of_real_images_are_opencv_s),
        cmocka_unit_test(sizes_and_levels_of_real_images_are_opencv_s),
    };
    const char *source = getenv("OSTEON_SOURCE");
    char *path = ost_path_join(source ? source : ".",
                               "tests/parity/image_references.json");
    ost_err err = { 0 };
    int failed;

    if (ost_json_load(path, LIMIT, &doc, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    ost_json_free(doc);
    ost_arena_release(&arena);
    ost_free(path);
    return failed;
}
