/* tests/parity/test_images.c - edges and sizes as OpenCV computes them
 *
 * image_references.json holds what make_image_references.py wrote.  The edges
 * of real images are compared by digest, where the images are at hand.
 */
/* links: base store kernels stages */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/text.h"
#include "kernels/image.h"
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

static void check_real(const json_t *c, const ost_picture *p)
{
    size_t n = (size_t)(p->height * p->width);
    ost_tensor in = picture(p->data, p->height, p->width, 1);
    ost_tensor out =
        picture(ost_arena_alloc(&arena, n), p->height, p->width, 1);
    ost_canny_spec spec = spec_of(c);
    char hex[OST_DIGEST_HEX];
    ost_digest d = ost_digest_of(p->data, n);

    assert_string_equal(ost_digest_hex(&d, hex),
                        json_string_value(json_object_get(c, "pixels")));
    assert_int_equal(ost_cpu_canny(&in, &spec, &out, NULL), OST_OK);
    d = ost_digest_of(out.data, n);
    assert_string_equal(ost_digest_hex(&d, hex),
                        json_string_value(json_object_get(c, "edges")));
}

static void edges_of_real_images_are_opencv_s(void **state)
{
    const ost_decode_limits limits = { .max_pixels = 100 << 20 };
    const char *shared = getenv("OSTEON_SHARED");
    size_t i;
    json_t *c;

    (void)state;
    json_array_foreach((json_t *)(uintptr_t)cases("real"), i, c)
    {
        char *path =
            ost_path_join(shared ? shared : ".",
                          json_string_value(json_object_get(c, "path")));
        ost_buf file = { 0 };
        ost_picture p = { 0 };
        ost_err err = { 0 };
        ost_rc rc;

        if (access(path, R_OK) != 0) {
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
        check_real(c, &p);
        ost_picture_release(&p);
        ost_buf_release(&file);
        ost_free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_are_opencv_s),
        cmocka_unit_test(sizes_are_opencv_s),
        cmocka_unit_test(edges_of_real_images_are_opencv_s),
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
