/* tests/parity/test_shapes.c - annotations as Pillow, LabelMe and pycocotools
 * draw them
 *
 * shape_references.json holds what make_shape_references.py wrote,
 * labelme_masks.json the polygons of a reference set.  Where the sample data is
 * at hand, files that LabelMe wrote are compared with the pictures of labels
 * that it made of them.
 */
/* links: stages kernels store base */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/text.h"
#include "kernels/runs.h"
#include "stages/decode.h"
#include "stages/labelme.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum { LIMIT = 64 << 20, MOST_LABELS = 16 };

const ost_stage *const ost_stages[] = { NULL };

static ost_arena arena;

static void read_file(const char *path, ost_buf *file)
{
    ost_err err = { 0 };

    ost_buf_reset(file);
    assert_ok(ost_fs_read(path, LIMIT, file, &err), &err);
}

static ost_json_doc *open_references(const char *name)
{
    char *path =
        ost_xprintf("%s/tests/parity/%s", getenv("OSTEON_SOURCE"), name);
    ost_json_doc *doc = NULL;
    ost_err err = { 0 };

    assert_ok(ost_json_load(path, LIMIT, &doc, &err), &err);
    ost_free(path);
    return doc;
}

static ost_canvas canvas(int64_t height, int64_t width, uint8_t value)
{
    uint8_t *mask = ost_arena_alloc(&arena, (size_t)(height * width) + 1);

    return (ost_canvas){ .mask = ost_tensor_of(mask, OST_U8, 2,
                                               (int64_t[]){ height, width }),
                         .value = value };
}

static const ost_point *points_of(const json_t *c, size_t *n)
{
    const json_t *list = json_object_get(c, "points"), *one;
    ost_point *p =
        OST_ARENA_ARRAY(&arena, ost_point, json_array_size(list) + 1);
    size_t i;

    json_array_foreach(list, i, one)
    {
        p[i] = (ost_point){ json_number_value(json_array_get(one, 0)),
                            json_number_value(json_array_get(one, 1)) };
    }
    *n = json_array_size(list);
    return p;
}

static double number(const json_t *c, const char *name)
{
    return json_number_value(json_object_get(c, name));
}

/* Whether pixel i of a packed mask is what was drawn; `drawn` holds it all. */
static void expect_mask(const ost_canvas *c, const uint8_t *bits, size_t index)
{
    int64_t h = c->mask.shape[0], w = c->mask.shape[1];
    const uint8_t *mask = c->mask.data;

    for (int64_t i = 0; i < h * w; i++) {
        int64_t y = i / w, x = i % w;

        if (mask[i] != (bits[i / 8] >> (7 - i % 8) & 1))
            fail_msg("shape %zu differs in row %lld, column %lld", index,
                     (long long)y, (long long)x);
        if (mask[i] &&
            (y < c->drawn.top || y >= c->drawn.top + c->drawn.height ||
             x < c->drawn.left || x >= c->drawn.left + c->drawn.width))
            fail_msg("shape %zu: a pixel outside of what was drawn", index);
    }
}

static ost_rc draw(const json_t *c, ost_canvas *to, ost_err *err)
{
    const char *kind = json_string_value(json_object_get(c, "kind"));
    size_t n;
    const ost_point *p = points_of(c, &n);

    if (strcmp(kind, "polygon") == 0)
        return ost_draw_polygon(to, p, n, err);
    if (strcmp(kind, "rectangle") == 0)
        return ost_draw_rectangle(to, p[0], p[1], err);
    if (strcmp(kind, "circle") == 0)
        return ost_draw_circle(to, p[0], number(c, "radius"), err);
    if (strcmp(kind, "line") == 0)
        return ost_draw_line(to, p, n, (int)number(c, "line"), err);
    return ost_draw_outline(to, p, n, err);
}

static void shapes_are_drawn_as_others_draw_them(void **state)
{
    ost_json_doc *doc = open_references("shape_references.json");
    const json_t *c;
    size_t i;

    (void)state;
    json_array_foreach(json_object_get(ost_json_root(doc), "shapes"), i, c)
    {
        int64_t h = (int64_t)number(c, "height"),
                w = (int64_t)number(c, "width");
        ost_canvas to = canvas(h, w, 1);
        size_t bytes = (size_t)(h * w + 7) / 8;
        uint8_t *bits = ost_arena_alloc(&arena, bytes);
        ost_err err = { 0 };

        assert_true(ost_unhex(
            bits, json_string_value(json_object_get(c, "mask")), bytes));
        assert_ok(draw(c, &to, &err), &err);
        expect_mask(&to, bits, i);
    }
    assert_true(i > 500);
    ost_json_free(doc);
}

static void compressed_runs_are_the_outlines(void **state)
{
    ost_json_doc *doc = open_references("shape_references.json");
    const json_t *c;
    size_t i, found = 0;

    (void)state;
    json_array_foreach(json_object_get(ost_json_root(doc), "shapes"), i, c)
    {
        const char *text = json_string_value(json_object_get(c, "runs"));
        int64_t h = (int64_t)number(c, "height"),
                w = (int64_t)number(c, "width");
        ost_canvas a = canvas(h, w, 1), b = canvas(h, w, 1);
        uint32_t runs[2000];
        ost_err err = { 0 };
        size_t n;

        if (!text)
            continue;
        found++;
        n = ost_runs_read(text, strlen(text), runs, 2000);
        assert_true(n != SIZE_MAX);
        assert_ok(ost_draw_runs(&a, runs, n, &err), &err);
        assert_ok(draw(c, &b, &err), &err);
        assert_memory_equal(a.mask.data, b.mask.data, (size_t)(h * w));
    }
    assert_true(found > 100);
    ost_json_free(doc);
}

static ost_point corner(const json_t *rect, size_t i)
{
    const json_t *p = json_array_get(rect, i);

    return (ost_point){ json_number_value(json_array_get(p, 0)),
                        json_number_value(json_array_get(p, 1)) };
}

static void polygons_of_the_reference_set_agree(void **state)
{
    ost_json_doc *doc = open_references("labelme_masks.json");
    const json_t *c;
    size_t i, n;

    (void)state;
    json_array_foreach(json_object_get(ost_json_root(doc), "cases"), i, c)
    {
        int64_t h = (int64_t)number(c, "h"), w = (int64_t)number(c, "w");
        const char *mask = json_string_value(json_object_get(c, "mask"));
        ost_canvas to = canvas(h, w, 1);
        const json_t *rect = json_object_get(c, "rect");
        const ost_point *p = points_of(c, &n);
        ost_labelme packed;
        ost_err err = { 0 };
        char *text;

        /* The packed mask is base64: read as what LabelMe keeps so. */
        text = ost_arena_printf(&arena, "{\"shapes\":[],\"imageData\":\"%s\"}",
                                mask);
        assert_ok(ost_labelme_parse("mask", text, strlen(text),
                                    OST_LABELME_IMAGE, &arena, &packed, &err),
                  &err);
        assert_int_equal(packed.image_size, (h * w + 7) / 8);
        if (rect)
            assert_ok(
                ost_draw_rectangle(&to, corner(rect, 0), corner(rect, 1), &err),
                &err);
        else
            assert_ok(ost_draw_polygon(&to, p, n, &err), &err);
        expect_mask(&to, packed.image, i);
    }
    assert_int_equal(i, 7);
    ost_json_free(doc);
}

/* ---- files that LabelMe wrote ---- */

/* Paints the shapes over each other, as LabelMe does: value k is label k-1. */
static ost_canvas paint(const ost_annotation *a)
{
    const ost_drawing how = { .line_width = 10,
                              .point_size = 5,
                              .max_pixels = LIMIT };
    const char *labels[MOST_LABELS];
    ost_canvas c = canvas(a->height, a->width, 0);
    size_t n = 0, k;
    ost_err err = { 0 };

    for (size_t i = 0; i < a->n; i++) {
        for (k = 0; k < n && strcmp(labels[k], a->shapes[i].label) != 0; k++)
            ;
        assert_true(k < MOST_LABELS);
        if (k == n)
            labels[n++] = a->shapes[i].label;
        c.value = (uint8_t)(k + 1);
        assert_ok(ost_shape_draw(&a->shapes[i], &how, &c, &err), &err);
    }
    return c;
}

/* The colors of the picture stand for the painted values, one for one, but for
 * `other` pixels. */
static void expect_colors(const ost_canvas *c, const ost_picture *p, int other,
                          const char *name)
{
    const uint8_t *value = c->mask.data, *color = p->data;
    int32_t of[MOST_LABELS + 1];
    size_t pixels = (size_t)(p->height * p->width);
    int differ = 0;

    memset(of, -1, sizeof(of));
    assert_int_equal(p->channels, 3);
    assert_int_equal(p->height, c->mask.shape[0]);
    assert_int_equal(p->width, c->mask.shape[1]);
    for (size_t i = 0; i < pixels; i++) {
        int32_t rgb =
            color[3 * i] << 16 | color[3 * i + 1] << 8 | color[3 * i + 2];

        if (of[value[i]] < 0)
            of[value[i]] = rgb;
        differ += of[value[i]] != rgb;
    }
    if (differ != other)
        fail_msg("%s: %d pixels are of another label", name, differ);
    for (int i = 0; i <= MOST_LABELS; i++)
        for (int k = 0; k < i; k++)
            assert_true(of[i] < 0 || of[i] != of[k]);
}

static void labels_of_labelme_agree(void **state)
{
    /* The last one was drawn by a Pillow that joined one corner otherwise than
     * 9.4 does, in eight pixels. */
    static const char *const names[] = { "instance_segmentation__2011_000003",
                                         "instance_segmentation__2011_000025",
                                         "tutorial__apc2016_obj3" };
    static const int other[] = { 0, 0, 8 };
    const char *shared = getenv("OSTEON_SHARED");
    const ost_decode_limits limits = { .max_pixels = LIMIT, .color = true };
    ost_buf json = { 0 }, png = { 0 };

    (void)state;
    if (!shared || access(shared, R_OK)) {
        print_message("skipped: no sample data (OSTEON_SHARED)\n");
        skip();
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *at =
            ost_arena_printf(&arena, "%s/data/05_polygons/labelme_authored/%s",
                             shared, names[i]);
        ost_picture p = { 0 };
        ost_labelme file;
        ost_err err = { 0 };
        ost_canvas c;

        read_file(ost_arena_printf(&arena, "%s.json", at), &json);
        read_file(ost_arena_printf(&arena, "%s__label.png", at), &png);
        assert_ok(ost_labelme_parse(names[i], json.data, json.len, 0, &arena,
                                    &file, &err),
                  &err);
        assert_ok(ost_png_decode(png.data, png.len, &limits, &p, &err), &err);
        if (!file.annotation.height) {
            file.annotation.height = p.height;
            file.annotation.width = p.width;
        }
        c = paint(&file.annotation);
        expect_colors(&c, &p, other[i], names[i]);
        ost_picture_release(&p);
    }
    ost_buf_release(&json);
    ost_buf_release(&png);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_drawn_as_others_draw_them),
        cmocka_unit_test(compressed_runs_are_the_outlines),
        cmocka_unit_test(polygons_of_the_reference_set_agree),
        cmocka_unit_test(labels_of_labelme_agree),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    ost_arena_release(&arena);
    return failed;
}
