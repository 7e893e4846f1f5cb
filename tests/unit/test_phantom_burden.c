/* tests/unit/test_phantom_burden.c - scans with outlines and a blood value */
/* links: stages store base kernels */
#include "base/csv.h"
#include "base/text.h"
#include "stages/decode_dicom.h"
#include "stages/labelme.h"
#include "stages/phantom_outline.h"
#include "tests/support/image_stages.h"

#include <stdlib.h>

#include "base/banned.h"

extern const ost_stage ost_stage_phantom;
const ost_stage *const ost_stages[] = { &ost_stage_phantom, NULL };

/* ---- outlines ---- */

enum { HIGH = 11, WIDE = 13, ALL = HIGH * WIDE };

/* What is reached from outside over the sides of pixels. */
static void find_outside(const uint8_t *mask, uint8_t *out)
{
    bool more = true;

    memset(out, 0, ALL);
    while (more) {
        more = false;
        for (int i = 0; i < ALL; i++) {
            int y = i / WIDE, x = i % WIDE;
            bool open = y == 0 || x == 0 || y == HIGH - 1 || x == WIDE - 1 ||
                        out[i - 1] || out[i + 1] || out[i - WIDE] ||
                        out[i + WIDE];

            if (mask[i] || out[i] || !open)
                continue;
            out[i] = 1;
            more = true;
        }
    }
}

static void draw_outlines(const json_t *shapes, uint8_t *mask)
{
    ost_canvas c = { .mask = ost_tensor_of(mask, OST_U8, 2,
                                           (int64_t[]){ HIGH, WIDE }),
                     .value = 1 };
    ost_point p[ALL * 8];
    ost_err err = { 0 };
    const json_t *shape;
    size_t i;

    memset(mask, 0, ALL);
    json_array_foreach(shapes, i, shape)
    {
        const json_t *points = json_object_get(shape, "points"), *point;
        size_t k;

        json_array_foreach(points, k, point) p[k] = (ost_point){
            json_number_value(json_array_get(point, 0)),
            json_number_value(json_array_get(point, 1)),
        };
        assert_in_range(json_array_size(points), 3, ALL * 8);
        assert_ok(ost_draw_polygon(&c, p, json_array_size(points), &err), &err);
    }
}

/* A spot as lesions are. */
static void draw_spot(ost_rng *r, uint8_t *mask)
{
    double cy = ost_rng_range(r, 0, HIGH), cx = ost_rng_range(r, 0, WIDE);
    double ry = ost_rng_range(r, 1.2, 6), rx = ost_rng_range(r, 1.2, 6);

    for (int i = 0; i < ALL; i++) {
        double v = (i / WIDE - cy) / ry, u = (i % WIDE - cx) / rx;

        mask[i] = u * u + v * v < 1.0;
    }
}

static void outlines_cover_spots_exactly(void **state)
{
    (void)state;
    for (int n = 0; n < 1000; n++) {
        ost_rng r = ost_rng_of(11, (uint64_t)n);
        uint8_t mask[ALL], drawn[ALL];
        json_t *shapes = json_array();
        ost_err err = { 0 };

        draw_spot(&r, mask);
        assert_ok(ost_outline_add(shapes, "lesion", mask, HIGH, WIDE, &err),
                  &err);
        draw_outlines(shapes, drawn);
        if (memcmp(mask, drawn, ALL) != 0)
            fail_msg("mask %d is drawn otherwise", n);
        json_decref(shapes);
    }
}

static void walk(const json_t *points, const uint8_t *mask, uint8_t *seen)
{
    size_t n = json_array_size(points);

    for (size_t i = 0; i < n; i++) {
        const json_t *a = json_array_get(points, i);
        const json_t *b = json_array_get(points, (i + 1) % n);
        int x = (int)json_number_value(json_array_get(a, 0));
        int y = (int)json_number_value(json_array_get(a, 1));
        int dx = (int)json_number_value(json_array_get(b, 0)) - x;
        int dy = (int)json_number_value(json_array_get(b, 1)) - y;
        int steps = abs(dx) > abs(dy) ? abs(dx) : abs(dy);

        assert_true(dx == 0 || dy == 0 || abs(dx) == abs(dy));
        for (int k = 0; k <= steps; k++) {
            int at = (y + (steps ? dy / steps * k : 0)) * WIDE + x +
                     (steps ? dx / steps * k : 0);

            assert_true(mask[at]);
            seen[at] = 1;
        }
    }
}

/* Whatever the shape: single pixels, lines, corners that touch, holes.  The
 * way goes over all pixels of the outer border and over no
 * pixel that is not in the mask. */
static void outlines_go_around_everything(void **state)
{
    static const double densities[] = { 0.08, 0.3, 0.5, 0.7, 0.95 };

    (void)state;
    for (int n = 0; n < 1000; n++) {
        ost_rng r = ost_rng_of(12, (uint64_t)n);
        uint8_t mask[ALL], outside[ALL], seen[ALL] = { 0 };
        json_t *shapes = json_array(), *shape;
        ost_err err = { 0 };
        size_t k;

        for (int i = 0; i < ALL; i++)
            mask[i] = ost_rng_f64(&r) < densities[n % 5] ? 255 : 0;
        assert_ok(ost_outline_add(shapes, "lesion", mask, HIGH, WIDE, &err),
                  &err);
        find_outside(mask, outside);
        json_array_foreach(shapes, k, shape)
            walk(json_object_get(shape, "points"), mask, seen);
        for (int i = 0; i < ALL; i++) {
            int y = i / WIDE, x = i % WIDE;
            bool border = y == 0 || x == 0 || y == HIGH - 1 || x == WIDE - 1 ||
                          outside[i - 1] || outside[i + 1] ||
                          outside[i - WIDE] || outside[i + WIDE];

            if (mask[i] && border && !seen[i])
                fail_msg("mask %d, pixel %d is not on the way", n, i);
        }
        json_decref(shapes);
    }
}

static void nothing_has_no_outline(void **state)
{
    uint8_t mask[ALL] = { 0 };
    json_t *shapes = json_array();
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_outline_add(shapes, "lesion", mask, HIGH, WIDE, &err), &err);
    assert_int_equal(json_array_size(shapes), 0);
    json_decref(shapes);
}

/* ---- the study ---- */

typedef struct study {
    result files;
    ost_csv csv;
} study;

static const ost_item *file_of(const study *s, const char *path)
{
    for (size_t i = 0; i < s->files.n; i++)
        if (strcmp(s->files.items[i].id, path) == 0)
            return &s->files.items[i];
    fail_msg("there is no '%s'", path);
    return NULL;
}

static size_t size_of(const ost_item *file)
{
    return (size_t)ost_item_field(file, "bytes")->shape[0];
}

static study make_study(fixture *f, const char *with)
{
    ost_done_msg done =
        run_stage(f->batch, &ost_stage_phantom, with, NULL, 0, &f->arena);
    const ost_item *manifest;
    ost_artifact a;
    ost_item *items;
    ost_err err = { 0 };
    study s;

    if (done.rc)
        fail_msg("%s", done.error);
    assert_ok(ost_artifact_get(f->batch, &done.outputs[0].artifact, &f->arena,
                               &a, &err),
              &err);
    assert_ok(
        ost_dataset_items(f->batch, &a, &f->arena, &items, &s.files.n, &err),
        &err);
    s.files.items = items;
    manifest = file_of(&s, "manifest.csv");
    assert_ok(ost_csv_parse("manifest.csv", bytes_of(f, manifest, "bytes"),
                            size_of(manifest), &f->arena, &s.csv, &err),
              &err);
    return s;
}

static const char *cell(const study *s, size_t row, const char *column)
{
    return s->csv.rows[row].cells[ost_csv_column(&s->csv, column)];
}

static double number(const study *s, size_t row, const char *column)
{
    double v = 0.0;

    assert_true(ost_parse_f64(cell(s, row, column), &v));
    return v;
}

/* Each view has 16-bit counts, and beside them what LabelMe would write. */
static void views_have_outlines_beside_them(void **state)
{
    fixture *f = *state;
    study s = make_study(f, "{'kind':'burden','patients':9,'size':[128,32]}");
    size_t ill = 0;

    assert_int_equal(s.csv.n_rows, 18);
    assert_int_equal(s.files.n, 37);
    for (size_t i = 0; i < s.csv.n_rows; i++) {
        const char *path = cell(&s, i, "path");
        char *json = ost_arena_printf(&f->arena, "%.*s.json",
                                      (int)strlen(path) - 4, path);
        const ost_item *file = file_of(&s, path), *beside = file_of(&s, json);
        bool metastasis = strcmp(cell(&s, i, "label"), "metastasis") == 0;
        double lesions = number(&s, i, "lesions");
        size_t bladder = 0, outlined = 0;
        ost_labelme marks;
        ost_err err = { 0 };
        ost_dicom d;

        assert_int_equal(ost_dicom_read(bytes_of(f, file, "bytes"),
                                        size_of(file), 1 << 20, &d),
                         OST_DICOM_OK);
        assert_int_equal(d.bits_stored, 16);
        ost_dicom_release(&d);
        assert_ok(ost_labelme_parse(json, bytes_of(f, beside, "bytes"),
                                    size_of(beside), 0, &f->arena, &marks,
                                    &err),
                  &err);
        assert_int_equal(marks.annotation.height, 128);
        assert_int_equal(marks.annotation.width, 32);
        assert_string_equal(marks.image_path, strrchr(path, '/') + 1);
        for (size_t k = 0; k < marks.annotation.n; k++) {
            bladder += strcmp(marks.annotation.shapes[k].label, "bladder") == 0;
            outlined += strcmp(marks.annotation.shapes[k].label, "lesion") == 0;
        }
        assert_int_equal(bladder, 1);
        assert_true(outlined == 0 || metastasis);
        assert_true((double)outlined <= lesions);
        assert_true((number(&s, i, "lesion_pixels") > 0) == (outlined > 0));
        assert_true((lesions > 0) == metastasis);
        assert_true((cell(&s, i, "sites")[0] != 0) == metastasis);
        ill += metastasis;
    }
    assert_int_equal(ill, 8);
}

/* The value of healthy patients stays low, and that of ill ones grows with
 * what is ill in them. */
static void the_blood_value_grows_with_the_burden(void **state)
{
    fixture *f = *state;
    study s = make_study(f, "{'kind':'burden','patients':300,"
                            "'shares':[1,2],'size':[64,16]}");
    double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0, lacking = 0;

    for (size_t i = 0; i < s.csv.n_rows; i += 2) {
        double alp, lesions = number(&s, i, "lesions");

        assert_string_equal(cell(&s, i, "alp"), cell(&s, i + 1, "alp"));
        lacking += !*cell(&s, i, "alp");
        if (!*cell(&s, i, "alp"))
            continue;
        alp = number(&s, i, "alp");
        assert_true(alp >= 45.0);
        if (lesions == 0) {
            assert_true(alp <= 115.0);
            continue;
        }
        n++;
        x += lesions;
        y += alp;
        xx += lesions * lesions;
        yy += alp * alp;
        xy += lesions * alp;
    }
    assert_true(lacking > 45 && lacking < 105);
    xy -= x * y / n;
    assert_true(xy > 0 && xy * xy > 0.36 * (xx - x * x / n) * (yy - y * y / n));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(outlines_cover_spots_exactly),
        TEST(outlines_go_around_everything),
        TEST(nothing_has_no_outline),
        TEST(views_have_outlines_beside_them),
        TEST(the_blood_value_grows_with_the_burden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
