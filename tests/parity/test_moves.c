/* tests/parity/test_moves.c - images moved and blurred as OpenCV does
 *
 * move_references.json holds what make_move_references.py wrote.  Real images
 * are compared by digest, where they are at hand.
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

static ost_dtype type_of(const json_t *c)
{
    const char *name = json_string_value(json_object_get(c, "type"));

    return strcmp(name, "uint8") == 0    ? OST_U8
           : strcmp(name, "uint16") == 0 ? OST_U16
                                         : OST_F32;
}

/* The image of a case, in the type that it names. */
static ost_tensor typed(const json_t *c)
{
    ost_dtype dtype = type_of(c);
    int64_t shape[] = { number(c, "height"), number(c, "width"),
                        number(c, "channels") };
    size_t size = (size_t)(shape[0] * shape[1] * shape[2]);

    return ost_tensor_of(bytes(c, "image", size * ost_dtype_size(dtype)), dtype,
                         shape[2] > 1 ? 3 : 2, shape);
}

static void moves_are_opencv_s(void **state)
{
    size_t i;
    json_t *c;

    (void)state;
    assert_true(json_array_size(cases("warp")) > 20);
    json_array_foreach((json_t *)(uintptr_t)cases("warp"), i, c)
    {
        ost_tensor in = typed(c);
        int64_t shape[] = { number(c, "to_height"), number(c, "to_width"),
                            number(c, "channels") };
        size_t size =
            (size_t)(shape[0] * shape[1] * shape[2]) * ost_dtype_size(in.dtype);
        ost_tensor out = ost_tensor_of(ost_arena_alloc(&arena, size), in.dtype,
                                       in.ndim, shape);
        ost_warp_spec spec = {
            .fill = (float)json_number_value(json_object_get(c, "fill")),
            .border = strcmp(json_string_value(json_object_get(c, "border")),
                             "edge") == 0
                          ? OST_BORDER_EDGE
                          : OST_BORDER_CONSTANT,
        };

        for (int k = 0; k < 6; k++)
            spec.map.m[k] = json_number_value(
                json_array_get(json_object_get(c, "map"), (size_t)k));
        for (int nearest = 0; nearest < 2; nearest++) {
            const char *name = nearest ? "nearest" : "linear";

            spec.nearest = nearest;
            assert_int_equal(ost_cpu_warp(&in, &spec, &out, NULL), OST_OK);
            if (memcmp(out.data, bytes(c, name, size), size) != 0)
                fail_msg("case %zu, %s", i, name);
        }
    }
}

static void blurs_are_opencv_s(void **state)
{
    size_t i;
    json_t *c;

    (void)state;
    assert_true(json_array_size(cases("blur")) > 20);
    json_array_foreach((json_t *)(uintptr_t)cases("blur"), i, c)
    {
        ost_tensor in = typed(c);
        size_t size = (size_t)ost_tensor_count(&in) * ost_dtype_size(in.dtype);
        ost_tensor out = ost_tensor_of(ost_arena_alloc(&arena, size), in.dtype,
                                       in.ndim, in.shape);
        double sigma = json_number_value(json_object_get(c, "sigma"));

        assert_int_equal(
            ost_cpu_blur(&in, sigma, number(c, "size"), &out, NULL), OST_OK);
        if (memcmp(out.data, bytes(c, "blurred", size), size) != 0)
            fail_msg("case %zu", i);
    }
}

static void is_digest(const void *data, size_t n, const json_t *c,
                      const char *name)
{
    char hex[OST_DIGEST_HEX];
    ost_digest d = ost_digest_of(data, n);

    assert_string_equal(ost_digest_hex(&d, hex),
                        json_string_value(json_object_get(c, name)));
}

static void check_real(const json_t *c, const ost_picture *p)
{
    int64_t shape[] = { p->height, p->width };
    size_t n = (size_t)(p->height * p->width);
    ost_tensor in = ost_tensor_of(p->data, OST_U8, 2, shape);
    ost_tensor out =
        ost_tensor_of(ost_arena_alloc(&arena, n), OST_U8, 2, shape);
    ost_warp_spec spec = { .border = OST_BORDER_CONSTANT };

    for (int k = 0; k < 6; k++)
        spec.map.m[k] = json_number_value(
            json_array_get(json_object_get(c, "map"), (size_t)k));
    is_digest(p->data, n, c, "pixels");
    assert_int_equal(ost_cpu_warp(&in, &spec, &out, NULL), OST_OK);
    is_digest(out.data, n, c, "moved");
    assert_int_equal(ost_cpu_blur(&in, 1.4, 5, &out, NULL), OST_OK);
    is_digest(out.data, n, c, "blurred");
}

static void real_images_are_moved_and_blurred_as_opencv_does(void **state)
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
        cmocka_unit_test(moves_are_opencv_s),
        cmocka_unit_test(blurs_are_opencv_s),
        cmocka_unit_test(real_images_are_moved_and_blurred_as_opencv_does),
    };
    const char *source = getenv("OSTEON_SOURCE");
    char *path = ost_path_join(source ? source : ".",
                               "tests/parity/move_references.json");
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
