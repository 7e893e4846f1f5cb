/* tests/parity/test_masks.c - masks and levels as OpenCV computes them
 *
 * mask_references.json holds what make_mask_references.py wrote.  What is made
 * of real images is compared by digest, where the images are at hand.
 */
/* links: base store kernels stages */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/text.h"
#include "kernels/connected.h"
#include "kernels/morphology.h"
#include "kernels/threshold.h"
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

static const char *text(const json_t *c, const char *name)
{
    return json_string_value(json_object_get(c, name));
}

static ost_tensor picture(void *data, ost_dtype dtype, int64_t h, int64_t w)
{
    return ost_tensor_of(data, dtype, 2, (int64_t[]){ h, w });
}

static ost_tensor new_picture(ost_dtype dtype, int64_t h, int64_t w)
{
    return picture(
        ost_arena_alloc(&arena, (size_t)(h * w) * ost_dtype_size(dtype) + 1),
        dtype, h, w);
}

static ost_tensor picture_of(const json_t *c, const char *name)
{
    ost_tensor t = new_picture(number(c, "bytes") == 2 ? OST_U16 : OST_U8,
                               number(c, "height"), number(c, "width"));

    assert_true(
        ost_unhex(t.data, text(c, name),
                  (size_t)ost_tensor_count(&t) * ost_dtype_size(t.dtype)));
    return t;
}

static void is_digest(const ost_tensor *t, const json_t *c, const char *name)
{
    size_t size = (size_t)ost_tensor_count(t) * ost_dtype_size(t->dtype);
    ost_digest d = ost_digest_of(t->data, size);
    char hex[OST_DIGEST_HEX];

    if (strcmp(ost_digest_hex(&d, hex), text(c, name)) != 0)
        fail_msg("%s: '%s' differs", text(c, "path"), name);
}

/* ---- components ---- */

static ost_tensor unpacked_mask(const json_t *c)
{
    ost_tensor t = new_picture(OST_U8, number(c, "height"), number(c, "width"));
    size_t n = (size_t)ost_tensor_count(&t);
    uint8_t *packed = ost_arena_alloc(&arena, n / 8 + 2);

    assert_true(ost_unhex(packed, text(c, "mask"), (n + 7) / 8));
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)t.data)[i] = packed[i / 8] >> (7 - i % 8) & 1;
    return t;
}

static void check_component(const ost_component *k, const json_t *want)
{
    const double is[7] = {
        k->left,         k->top,      k->right - k->left, k->bottom - k->top,
        (double)k->area, k->center_x, k->center_y
    };

    for (size_t i = 0; i < 7; i++)
        assert_true(is[i] == json_number_value(json_array_get(want, i)));
}

static ost_tensor labels_of(const ost_components *found)
{
    ost_tensor labels = new_picture(OST_I32, found->height, found->width);

    assert_int_equal(ost_components_label(found, &labels, NULL), OST_OK);
    return labels;
}

static void components_are_opencv_s(void **state)
{
    size_t i, k;
    json_t *c, *want;

    (void)state;
    assert_true(json_array_size(cases("components")) > 20);
    json_array_foreach((json_t *)(uintptr_t)cases("components"), i, c)
    {
        ost_tensor mask = unpacked_mask(c), labels;
        json_t *all = json_object_get(c, "components");
        unsigned flags =
            number(c, "connectivity") == 4 ? OST_COMPONENTS_SIDES : 0;
        ost_components found;

        assert_int_equal(ost_cpu_components(&mask, flags, &found, NULL),
                         OST_OK);
        assert_int_equal(found.count, json_array_size(all));
        json_array_foreach(all, k, want) check_component(&found.all[k], want);
        labels = labels_of(&found);
        is_digest(&labels, c, "labels");
        ost_components_release(&found);
    }
}

/* ---- levels ---- */

static void levels_are_opencv_s(void **state)
{
    size_t i;
    json_t *c;

    (void)state;
    assert_true(json_array_size(cases("otsu")) > 20);
    json_array_foreach((json_t *)(uintptr_t)cases("otsu"), i, c)
    {
        ost_tensor image = picture_of(c, "image");
        double level, want = json_number_value(json_object_get(c, "level"));

        assert_int_equal(ost_cpu_otsu(&image, NULL, &level, NULL), OST_OK);
        if (level != want)
            fail_msg("case %zu: %g instead of %g", i, level, want);
    }
}

/* ---- morphology ---- */

static int index_of(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    fail_msg("unknown word '%s'", word);
    return -1;
}

static void shapes_are_opencv_s(void **state)
{
    static const char *const shapes[] = { "rect", "ellipse", "cross", NULL };
    static const char *const changes[] = { "erode",    "dilate",   "open",
                                           "close",    "gradient", "tophat",
                                           "blackhat", NULL };
    size_t i;
    json_t *c;

    (void)state;
    assert_true(json_array_size(cases("morphology")) > 20);
    json_array_foreach((json_t *)(uintptr_t)cases("morphology"), i, c)
    {
        ost_tensor image = picture_of(c, "image"), want = picture_of(c, "made");
        ost_morph_spec spec = {
            .change = (ost_morph_change)index_of(text(c, "change"), changes),
            .shape = (ost_morph_shape)index_of(text(c, "shape"), shapes),
            .size = (int)number(c, "size"),
            .iterations = (int)number(c, "iterations"),
        };

        assert_int_equal(ost_cpu_morphology(&image, &spec, &image, NULL),
                         OST_OK);
        if (memcmp(image.data, want.data,
                   (size_t)ost_tensor_count(&image) *
                       ost_dtype_size(image.dtype)) != 0)
            fail_msg("case %zu: %s with %s of %d, %d times", i,
                     text(c, "change"), text(c, "shape"), spec.size,
                     spec.iterations);
    }
}

/* ---- real images ---- */

static void change(ost_tensor *t, ost_morph_change what, ost_morph_shape shape,
                   int size)
{
    ost_morph_spec spec = { what, shape, size, 1 };

    assert_int_equal(ost_cpu_morphology(t, &spec, t, NULL), OST_OK);
}

static void keep_largest(const json_t *c, ost_tensor *mask)
{
    ost_components found;
    ost_tensor labels;
    bool *others;

    assert_int_equal(
        ost_cpu_components(mask, OST_COMPONENTS_SIDES, &found, NULL), OST_OK);
    labels = labels_of(&found);
    is_digest(&labels, c, "labels_4");
    ost_components_release(&found);
    assert_int_equal(ost_cpu_components(mask, 0, &found, NULL), OST_OK);
    assert_int_equal(found.count, number(c, "components"));
    labels = labels_of(&found);
    is_digest(&labels, c, "labels");
    others = ost_arena_alloc(&arena, (size_t)found.count);
    memset(others, 1, (size_t)found.count);
    others[ost_components_largest(&found) - 1] = false;
    assert_int_equal(ost_components_erase(&found, others, mask, NULL), OST_OK);
    ost_components_release(&found);
}

static void fill_holes(ost_tensor *mask)
{
    ost_components found;
    bool *holes;

    assert_int_equal(
        ost_cpu_components(mask, OST_COMPONENTS_SIDES | OST_COMPONENTS_ZEROS,
                           &found, NULL),
        OST_OK);
    holes = ost_arena_alloc(&arena, (size_t)found.count + 1);
    for (int32_t i = 1; i <= found.count; i++)
        holes[i - 1] = !ost_components_at_border(&found, i);
    assert_int_equal(ost_components_fill(&found, holes, mask, NULL), OST_OK);
    ost_components_release(&found);
}

static void check_real(const json_t *c, const ost_picture *p)
{
    ost_tensor image = picture(p->data, OST_U8, p->height, p->width);
    ost_tensor mask = new_picture(OST_U8, p->height, p->width);
    ost_threshold_spec spec = { .above = true, .inside = 255 };
    ost_tensor copy = new_picture(OST_U8, p->height, p->width);

    is_digest(&image, c, "pixels");
    assert_int_equal(ost_cpu_otsu(&image, NULL, &spec.least, NULL), OST_OK);
    assert_true(spec.least == json_number_value(json_object_get(c, "level")));
    assert_int_equal(ost_cpu_threshold(&image, &spec, &mask, NULL), OST_OK);
    keep_largest(c, &mask);
    change(&mask, OST_MORPH_OPEN, OST_MORPH_RECT, 3);
    change(&mask, OST_MORPH_CLOSE, OST_MORPH_RECT, 3);
    fill_holes(&mask);
    is_digest(&mask, c, "filled");
    memcpy(copy.data, image.data, (size_t)ost_tensor_count(&image));
    change(&copy, OST_MORPH_TOPHAT, OST_MORPH_ELLIPSE, 9);
    is_digest(&copy, c, "tophat");
    change(&image, OST_MORPH_ERODE, OST_MORPH_RECT, 15);
    is_digest(&image, c, "eroded");
}

static void masks_of_real_images_are_opencv_s(void **state)
{
    const ost_decode_limits limits = { .max_pixels = 100 << 20 };
    const char *shared = getenv("OSTEON_SHARED");
    size_t i;
    json_t *c;

    (void)state;
    json_array_foreach((json_t *)(uintptr_t)cases("real"), i, c)
    {
        char *path = ost_path_join(shared ? shared : ".", text(c, "path"));
        ost_buf file = { 0 };
        ost_picture p = { 0 };
        ost_err err = { 0 };
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
        check_real(c, &p);
        ost_picture_release(&p);
        ost_buf_release(&file);
        ost_free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_are_opencv_s),
        cmocka_unit_test(levels_are_opencv_s),
        cmocka_unit_test(shapes_are_opencv_s),
        cmocka_unit_test(masks_of_real_images_are_opencv_s),
    };
    const char *source = getenv("OSTEON_SOURCE");
    char *path = ost_path_join(source ? source : ".",
                               "tests/parity/mask_references.json");
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
