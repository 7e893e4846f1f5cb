/* tests/unit/test_tiles.c - pictures cut into tiles, and laid together */
/* links: stages store base kernels */
#include "kernels/areas.h"
#include "kernels/merge.h"
#include "tests/support/step.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_stitch, ost_stage_tile;
const ost_stage *const ost_stages[] = { &ost_stage_stitch, &ost_stage_tile,
                                        NULL };

/* --- helpers ------------------------------------------------------------ */

static void add(step_fixture *f, ost_item *item, const char *name,
                ost_dtype dtype, int64_t h, int64_t w, const void *data)
{
    ost_field field = { .name = name,
                        .dtype = dtype,
                        .ndim = 2,
                        .shape = { h, w },
                        .stride = { w, 1 } };
    ost_err err = { 0 };

    assert_ok(ost_batch_put_blob(f->batch, data,
                                 (size_t)(h * w) * ost_dtype_size(dtype),
                                 &field.blob, &err),
              &err);
    ost_item_set_field(&f->arena, item, &field);
}

/* A picture whose pixel (y, x) is y * w + x. */
static void add_ramp(step_fixture *f, ost_item *item, const char *name,
                     int64_t h, int64_t w)
{
    uint16_t *v = OST_ARENA_ARRAY(&f->arena, uint16_t, (size_t)(h * w));

    for (int64_t i = 0; i < h * w; i++)
        v[i] = (uint16_t)i;
    add(f, item, name, OST_U16, h, w, v);
}

static ost_digest dataset(step_fixture *f, const ost_item *items, size_t n)
{
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_dataset_put(f->batch, OST_DATASET, "{}", items, n, &d, &err),
              &err);
    commit(f->batch);
    return d;
}

static ost_done_msg apply(step_fixture *f, const char *stage, const char *with,
                          ost_digest data)
{
    ost_step_input in = step_input_of("in", data);

    return run_stage(f, stage, with, &in, 1);
}

static const ost_item *tiles_of(step_fixture *f, const char *with,
                                const ost_item *item, size_t *n)
{
    ost_done_msg done = apply(f, "tile", with, dataset(f, item, 1));

    return output_items(f, &done, "out", n);
}

static void refuses(step_fixture *f, const char *stage, const char *with,
                    const ost_item *items, size_t n, const char *message)
{
    ost_done_msg done = apply(f, stage, with, dataset(f, items, n));

    assert_int_not_equal(done.rc, OST_OK);
    assert_string_equal(done.error, message);
}

static double number(const ost_item *item, const char *name)
{
    const ost_attr *a = ost_item_attr(item, name);

    assert_non_null(a);
    return a->number;
}

static void assert_at(const ost_item *tile, double y, double x)
{
    assert_true(number(tile, "tile.y") == y);
    assert_true(number(tile, "tile.x") == x);
}

static const void *bytes(step_fixture *f, const ost_item *item,
                         const char *name)
{
    const ost_field *field = ost_item_field(item, name);
    const void *copy;
    ost_err err = { 0 };
    ost_blob blob;

    assert_non_null(field);
    assert_ok(ost_batch_blob(f->batch, &field->blob, &blob, &err), &err);
    copy = ost_arena_copy(&f->arena, blob.data, blob.size);
    ost_blob_release(&blob);
    return copy;
}

/* --- tile ---------------------------------------------------------------- */

static void tiles_are_views_that_know_their_place(void **state)
{
    step_fixture *f = *state;
    ost_item item = { .id = "a", .group = "p" };
    const ost_item *tiles;
    size_t n;

    add_ramp(f, &item, "image", 7, 10);
    add_ramp(f, &item, "mask.x", 7, 10);
    ost_item_set_label(&f->arena, &item, "sick");
    tiles = tiles_of(f, "{\"size\":[4,5],\"step\":[2,5]}", &item, &n);
    assert_int_equal(n, 6); /* rows 0, 2, and 3 at the edge */
    assert_string_equal(tiles[3].id, "a#3");
    assert_string_equal(tiles[3].parents[0], "a");
    assert_string_equal(tiles[3].group, "p");
    assert_string_equal(ost_item_label(&tiles[3]), "sick");
    assert_at(&tiles[3], 2, 5);
    assert_at(&tiles[5], 3, 5);
    assert_true(number(&tiles[5], "parent.height") == 7);
    assert_true(number(&tiles[5], "parent.width") == 10);
    for (size_t k = 0; k < 2; k++) {
        const ost_field *field = &tiles[5].fields[k];

        assert_memory_equal(&field->blob, &item.fields[k].blob,
                            OST_DIGEST_SIZE);
        assert_int_equal(field->offset, 35);
        assert_int_equal(field->shape[0], 4);
        assert_int_equal(field->shape[1], 5);
        assert_int_equal(field->stride[0], 10);
    }
}

static void edges_are_shifted_padded_or_dropped(void **state)
{
    step_fixture *f = *state;
    ost_item item = { .id = "a", .group = "p" };
    const ost_item *tiles;
    const uint16_t *v;
    size_t n;

    add_ramp(f, &item, "image", 4, 10);
    tiles = tiles_of(f, "{\"size\":4,\"edge\":\"shift\"}", &item, &n);
    assert_int_equal(n, 3);
    assert_at(&tiles[2], 0, 6);
    tiles = tiles_of(f, "{\"size\":4,\"edge\":\"drop\"}", &item, &n);
    assert_int_equal(n, 2);
    tiles = tiles_of(f, "{\"size\":4,\"edge\":\"pad\",\"fill\":9}", &item, &n);
    assert_int_equal(n, 3);
    assert_at(&tiles[2], 0, 8);
    v = bytes(f, &tiles[2], "image");
    assert_int_equal(v[0], 8);
    assert_int_equal(v[1], 9);
    assert_int_equal(v[2], 9);
    assert_int_equal(v[4], 18);
    /* The last one ends at the edge: nothing is left over. */
    tiles = tiles_of(f, "{\"size\":[4,5],\"edge\":\"pad\"}", &item, &n);
    assert_int_equal(n, 2);
}

static void the_papers_have_28_tiles_or_49(void **state)
{
    step_fixture *f = *state;
    ost_item item = { .id = "a", .group = "p" };
    size_t n;

    add_ramp(f, &item, "image", 1024, 1024);
    tiles_of(f,
             "{\"size\":256,\"step\":{\"rows\":128,\"cols\":256},"
             "\"expect_tiles\":28}",
             &item, &n);
    assert_int_equal(n, 28);
    tiles_of(f, "{\"size\":256,\"step\":128}", &item, &n);
    assert_int_equal(n, 49);
    refuses(f, "tile", "{\"size\":256,\"step\":128,\"expect_tiles\":28}", &item,
            1,
            "item 'a': 49 tiles come of it (7 x 7 on 1024 x 1024 pixels) where "
            "'expect_tiles' says 28");
}

static void masks_become_labels_by_a_rule(void **state)
{
    step_fixture *f = *state;
    static const uint8_t hot[16] = { 0, 0, 0, 7, 0, 0, 3, 7,
                                     0, 0, 0, 0, 0, 1, 0, 0 };
    static const uint8_t cold[16] = { 1, 1, 0, 0, 1, 1 };
    ost_item item = { .id = "a", .group = "p" };
    const ost_item *t;
    size_t n;

    add(f, &item, "image", OST_U8, 4, 4, hot);
    add(f, &item, "mask.hot", OST_U8, 4, 4, hot);
    add(f, &item, "mask.cold", OST_U8, 4, 4, cold);
    t = tiles_of(f, "{\"size\":2,\"labels\":\"masks\"}", &item, &n);
    assert_int_equal(n, 4);
    assert_int_equal(t[0].n_labels, 1);
    assert_string_equal(t[0].labels[0], "cold");
    assert_string_equal(t[1].labels[0], "hot");
    assert_string_equal(t[2].labels[0], "hot");
    assert_int_equal(t[3].n_labels, 0);
    t = tiles_of(f,
                 "{\"size\":2,\"labels\":\"masks\",\"rule\":\"fraction\","
                 "\"threshold\":0.75,\"otherwise\":\"none\"}",
                 &item, &n);
    assert_string_equal(t[1].labels[0], "hot");
    assert_string_equal(t[2].labels[0], "none");
    t = tiles_of(f,
                 "{\"size\":[4,4],\"labels\":\"masks\",\"rule\":\"count\","
                 "\"threshold\":4}",
                 &item, &n);
    assert_int_equal(t[0].n_labels, 2);
    assert_string_equal(t[0].labels[0], "cold");
    assert_string_equal(t[0].labels[1], "hot");
}

/* Two frames: "hot" is marked in the first alone, half of it in the second. */
static void masks_of_frames_count_where_any_marks(void **state)
{
    step_fixture *f = *state;
    static const uint8_t both[16] = { 0, 0, 1, 0, 0, 0, 1, 0,
                                      0, 0, 0, 1, 0, 0, 0, 0 };
    static const char with[] =
        "{\"size\":2,\"labels\":\"masks\",\"rule\":\"count\","
        "\"threshold\":3}";
    ost_item item = { .id = "a", .group = "p" };
    ost_field stack;
    const ost_item *t;
    size_t n;

    add(f, &item, "frames", OST_U8, 4, 4, both);
    add(f, &item, "mask.hot", OST_U8, 4, 4, both);
    for (size_t i = 0; i < 2; i++) {
        stack = item.fields[i];
        stack.ndim = 3;
        memcpy(stack.shape, ((int64_t[]){ 2, 2, 4 }), 3 * sizeof(int64_t));
        memcpy(stack.stride, ((int64_t[]){ 8, 4, 1 }), 3 * sizeof(int64_t));
        ost_item_set_field(&f->arena, &item, &stack);
    }
    t = tiles_of(f, with, &item, &n);
    assert_int_equal(n, 2);
    assert_int_equal(t[0].n_labels, 0);
    assert_int_equal(t[1].n_labels, 1);
    assert_string_equal(t[1].labels[0], "hot");
    assert_int_equal(ost_item_field(&t[1], "mask.hot")->ndim, 3);
    assert_int_equal(ost_item_field(&t[1], "mask.hot")->shape[2], 2);
}

static void labels_do_not_come_with_the_pixels(void **state)
{
    step_fixture *f = *state;
    static const char with[] = "{\"size\":2,\"labels\":\"none\"}";
    ost_item one = { .id = "a", .group = "p" }, two = { .id = "b" };
    size_t n;

    add_ramp(f, &one, "image", 2, 2);
    two.group = "q";
    two.fields = one.fields;
    two.n_fields = one.n_fields;
    tiles_of(f, with, &one, &n);
    ost_item_set_label(&f->arena, &two, "sick");
    ost_item_set_number(&f->arena, &two, "tile.x", 77);
    /* Remembered from pixels that had no label and no such number. */
    assert_int_equal(tiles_of(f, with, &two, &n)->n_labels, 0);
    assert_at(tiles_of(f, with, &two, &n), 0, 0);
    assert_string_equal(tiles_of(f, with, &two, &n)->group, "q");
}

static void boxes_are_moved_clipped_and_left_out(void **state)
{
    step_fixture *f = *state;
    static const float boxes[] = { 1, 1, 3, 3, 3, 0, 9, 2 };
    ost_item item = { .id = "a", .group = "p" };
    const ost_item *t;
    const float *v;
    size_t n;

    add_ramp(f, &item, "image", 4, 8);
    add(f, &item, "boxes", OST_F32, 2, 4, boxes);
    t = tiles_of(f, "{\"size\":4}", &item, &n);
    assert_int_equal(n, 2);
    assert_int_equal(ost_item_field(&t[0], "boxes")->shape[0], 2);
    assert_int_equal(ost_item_field(&t[1], "boxes")->shape[0], 1);
    v = bytes(f, &t[1], "boxes");
    assert_true(v[0] == 0 && v[1] == 0 && v[2] == 4 && v[3] == 2);
}

static void tile_says_what_is_wrong(void **state)
{
    step_fixture *f = *state;
    ost_item item = { .id = "a", .group = "p" }, two;
    size_t n;

    add_ramp(f, &item, "image", 4, 6);
    refuses(f, "tile", "{\"size\":5}", &item, 1,
            "item 'a': the picture is 4 x 6 pixels, smaller than a tile of 5 x "
            "5 ('edge' 'pad' fills the rest)");
    refuses(f, "tile", "{\"size\":2,\"labels\":\"masks\"}", &item, 1,
            "item 'a': there is no mask to take labels from");
    two = item;
    add_ramp(f, &two, "mask", 4, 5);
    refuses(f, "tile", "{\"size\":2}", &two, 1,
            "item 'a': field 'mask' is 4 x 5 and 'image' is 4 x 6: one "
            "rectangle does not fit both");
    assert_int_equal(
        apply(f, "tile", "{\"size\":5,\"edge\":\"drop\"}", dataset(f, &item, 1))
            .rc,
        OST_OK);
    tiles_of(f, "{\"size\":5,\"edge\":\"drop\"}", &item, &n);
    assert_int_equal(n, 0);
}

static void check_fails(const char *with, const char *message)
{
    json_t *given = json_loads(with, 0, NULL), *full = NULL;
    const void *params;
    ost_arena arena = { 0 };
    ost_err err = { 0 };

    assert_ok(
        ost_params_complete(&ost_stage_tile, given, NULL, NULL, &full, &err),
        &err);
    assert_ok(ost_params_fill(&ost_stage_tile, full, &arena, &params, &err),
              &err);
    assert_int_equal(ost_stage_tile.check(params, &err), OST_EWORKFLOW);
    assert_string_equal(err.text, message);
    json_decref(full);
    json_decref(given);
    ost_arena_release(&arena);
}

static void tile_refuses_parameters_before_it_runs(void **state)
{
    static const char sides[] =
        "'size' has to be a whole number from 1 to 65536, or two as "
        "{\"rows\": h, \"cols\": w} or [h, w]";

    (void)state;
    check_fails("{\"size\":0}", sides);
    check_fails("{\"size\":1.5}", sides);
    check_fails("{\"size\":\"8\"}", sides);
    check_fails("{\"size\":[8]}", sides);
    check_fails("{\"size\":{\"rows\":8,\"columns\":8}}", sides);
    check_fails("{\"size\":8,\"step\":-1}",
                "'step' has to be a whole number from 1 to 65536, or two as "
                "{\"rows\": h, \"cols\": w} or [h, w]");
    check_fails("{\"size\":8,\"rule\":\"fraction\"}",
                "rule 'fraction' needs a 'threshold' above 0, at most 1");
    check_fails("{\"size\":8,\"rule\":\"count\",\"threshold\":0.5}",
                "rule 'count' needs a 'threshold' of at least 1");
    check_fails("{\"size\":8,\"threshold\":0.5}",
                "'threshold' is for the rules 'fraction' and 'count'");
}

/* --- merge --------------------------------------------------------------- */

static ost_merge_part part(const void *data, ost_dtype dtype, int64_t h,
                           int64_t w, int64_t top, int64_t left)
{
    return (ost_merge_part){ ost_tensor_of((void *)(uintptr_t)data, dtype, 2,
                                           (int64_t[]){ h, w }),
                             top, left };
}

/* Every pixel on its own, as the header says. */
static float expected(const ost_merge *m, int64_t y, int64_t x)
{
    double sum = 0, weight = 0;
    float best = (float)m->fill;
    size_t most = 0, n = 0;
    float v[8];

    for (size_t i = 0; i < m->n; i++) {
        const ost_tensor *t = &m->parts[i].image;
        int64_t py = y - m->parts[i].top, px = x - m->parts[i].left;
        int64_t far = 1;

        if (py < 0 || px < 0 || py >= t->shape[0] || px >= t->shape[1])
            continue;
        while (py - far >= 0 && py + far < t->shape[0] && px - far >= 0 &&
               px + far < t->shape[1])
            far++;
        v[n] = ((const uint8_t *)t->data)[py * t->stride[0] + px];
        if (m->method == OST_MERGE_MAX && (n == 0 || v[n] > best))
            best = v[n];
        sum += (double)v[n] *
               (m->method == OST_MERGE_WEIGHTED ? (double)far : 1.0);
        weight += m->method == OST_MERGE_WEIGHTED ? (double)far : 1.0;
        n++;
    }
    for (size_t i = 0; i < n && m->method == OST_MERGE_VOTE; i++) {
        size_t votes = 0;

        for (size_t k = 0; k < n; k++)
            votes += v[k] == v[i];
        if (votes > most || (votes == most && v[i] < best)) {
            most = votes;
            best = v[i];
        }
    }
    if (n == 0 || m->method == OST_MERGE_MAX || m->method == OST_MERGE_VOTE)
        return best;
    return (float)rint(sum / weight);
}

static void merging_is_what_each_pixel_says(void **state)
{
    enum { H = 13, W = 17, PARTS = 6 };
    unsigned char data[PARTS][100], whole[H * W];
    ost_merge_part parts[PARTS];
    ost_rng r = ost_rng_of(1, 2);

    (void)state;
    for (int round = 0; round < 200; round++) {
        ost_merge m = { .parts = parts,
                        .n = (size_t)ost_rng_below(&r, PARTS + 1),
                        .method = (ost_merge_method)ost_rng_below(&r, 4),
                        .fill = 77 };
        ost_tensor t = ost_tensor_of(whole, OST_U8, 2, (int64_t[]){ H, W });
        ost_merge_gap gap;
        ost_err err = { 0 };

        for (size_t i = 0; i < m.n; i++) {
            for (size_t k = 0; k < 100; k++)
                data[i][k] = (unsigned char)ost_rng_below(&r, 5);
            parts[i] = part(data[i], OST_U8, 1 + (int64_t)ost_rng_below(&r, 10),
                            1 + (int64_t)ost_rng_below(&r, 10),
                            (int64_t)ost_rng_below(&r, 20) - 5,
                            (int64_t)ost_rng_below(&r, 22) - 5);
        }
        assert_ok(ost_cpu_merge(&m, &t, &gap, &err), &err);
        for (int64_t y = 0; y < H; y++)
            for (int64_t x = 0; x < W; x++)
                if (whole[y * W + x] != (uint8_t)expected(&m, y, x))
                    fail_msg("method %d at %d, %d: %d", (int)m.method, (int)y,
                             (int)x, whole[y * W + x]);
    }
}

static void merging_counts_what_no_part_has(void **state)
{
    static const float v[6] = { 1, 2, 3, 4, 5, 6 };
    float whole[12];
    ost_merge_part parts[] = { part(v, OST_F32, 2, 3, 1, 0) };
    ost_merge m = { .parts = parts, .n = 1, .fill = -1 };
    ost_tensor t = ost_tensor_of(whole, OST_F32, 2, (int64_t[]){ 3, 4 });
    ost_tensor small = ost_tensor_of(whole, OST_U8, 2, (int64_t[]){ 3, 4 });
    ost_merge_gap gap;
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_cpu_merge(&m, &t, &gap, &err), &err);
    assert_int_equal(gap.count, 6);
    assert_int_equal(gap.y, 0);
    assert_int_equal(gap.x, 0);
    assert_true(whole[4] == 1 && whole[7] == -1 && whole[11] == -1);
    assert_int_equal(ost_cpu_merge(&m, &small, &gap, &err), OST_EINPUT);
}

static void marked_pixels_are_counted(void **state)
{
    static uint8_t many[300 * 300];
    float odd[6] = { 0, -0.0f, NAN, 1, 0, 2 };
    ost_tensor t = ost_tensor_of(many, OST_U8, 2, (int64_t[]){ 300, 300 });
    ost_err err = { 0 };
    int64_t n;

    (void)state;
    memset(many, 255, sizeof(many));
    assert_ok(ost_cpu_marked_count(&t, &n, &err), &err);
    assert_int_equal(n, 90000);
    t.shape[1] = 150; /* every other column */
    t.stride[1] = 2;
    assert_ok(ost_cpu_marked_count(&t, &n, &err), &err);
    assert_int_equal(n, 45000);
    t = ost_tensor_of(odd, OST_F32, 2, (int64_t[]){ 2, 3 });
    assert_ok(ost_cpu_marked_count(&t, &n, &err), &err);
    assert_int_equal(n, 3);
    t = ost_tensor_of(odd, OST_F32, 3, (int64_t[]){ 1, 2, 3 });
    assert_ok(ost_cpu_marked_count(&t, &n, &err), &err);
    assert_int_equal(n, 2);
}

/* --- stitch -------------------------------------------------------------- */

/* Two tiles of one row that overlap in a column. */
static ost_digest two_tiles(step_fixture *f, bool gap)
{
    static const uint8_t left[] = { 10, 20 }, right[] = { 40, 50 };
    static const uint8_t yes[] = { 1, 1 }, no[] = { 0, 0 };
    ost_item t[2] = { { .id = "a#0" }, { .id = "a#1" } };
    static const char *const parent[] = { "a" };

    for (int i = 0; i < 2; i++) {
        t[i].group = "p";
        t[i].parents = parent;
        t[i].n_parents = 1;
        add(f, &t[i], "image", OST_U8, 1, 2, i ? right : left);
        add(f, &t[i], "mask.m", OST_U8, 1, 2, i ? no : yes);
        ost_item_set_labels(&f->arena, &t[i], i ? "x" : "x|y");
        ost_item_set_number(&f->arena, &t[i], "tile.y", 0);
        ost_item_set_number(&f->arena, &t[i], "tile.x", i + (gap && i));
        ost_item_set_number(&f->arena, &t[i], "parent.height", 1);
        ost_item_set_number(&f->arena, &t[i], "parent.width", gap ? 5 : 3);
        ost_item_set_number(&f->arena, &t[i], "age", 50);
        ost_item_set_number(&f->arena, &t[i], "own", i);
    }
    return dataset(f, t, 2);
}

static const ost_item *stitched(step_fixture *f, const char *with, bool gap)
{
    ost_done_msg done = apply(f, "stitch", with, two_tiles(f, gap));
    const ost_item *items;
    size_t n;

    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 1);
    return items;
}

static void tiles_are_merged_by_the_method(void **state)
{
    step_fixture *f = *state;
    const uint8_t *v = bytes(f, stitched(f, "{}", false), "image");
    const float *w;

    assert_int_equal(v[0], 10);
    assert_int_equal(v[1], 30);
    assert_int_equal(v[2], 50);
    v = bytes(f, stitched(f, "{\"method\":\"max\"}", false), "image");
    assert_int_equal(v[1], 40);
    v = bytes(f, stitched(f, "{\"method\":\"vote\"}", false), "image");
    assert_int_equal(v[1], 20);
    w = bytes(f, stitched(f, "{\"type\":\"f32\"}", false), "image");
    assert_true(w[1] == 30.0f);
    v = bytes(f, stitched(f, "{}", false), "mask.m");
    assert_int_equal(v[1], 0);
    v = bytes(f, stitched(f, "{\"masks\":\"any\"}", false), "mask.m");
    assert_int_equal(v[1], 1);
}

static void a_stitched_item_is_the_parent(void **state)
{
    step_fixture *f = *state;
    const ost_item *a = stitched(f, "{}", false);

    assert_string_equal(a->id, "a");
    assert_string_equal(a->group, "p");
    assert_int_equal(a->n_parents, 0);
    assert_int_equal(a->n_attrs, 1);
    assert_true(number(a, "age") == 50);
    assert_int_equal(a->n_labels, 2);
    a = stitched(f, "{\"labels\":\"vote\"}", false);
    assert_int_equal(a->n_labels, 1);
    assert_string_equal(a->labels[0], "x");
    assert_int_equal(stitched(f, "{\"labels\":\"none\"}", false)->n_labels, 0);
    a = stitched(f, "{\"fields\":[\"mask.*\"]}", false);
    assert_null(ost_item_field(a, "image"));
}

static void what_no_tile_has_is_an_error_or_a_value(void **state)
{
    step_fixture *f = *state;
    const uint8_t *v;
    ost_done_msg done = apply(f, "stitch", "{}", two_tiles(f, true));

    assert_string_equal(done.error,
                        "bucket 'a': field 'image': 1 pixels are in no tile, "
                        "the first in row 0, column 4 ('missing' 'value' fills "
                        "them)");
    v = bytes(f, stitched(f, "{\"missing\":\"value\",\"value\":7}", true),
              "image");
    assert_int_equal(v[1], 20);
    assert_int_equal(v[2], 40);
    assert_int_equal(v[4], 7);
    v = bytes(f, stitched(f, "{\"missing\":\"value\",\"value\":7}", true),
              "mask.m");
    assert_int_equal(v[4], 0);
}

static void stitch_says_what_is_wrong(void **state)
{
    step_fixture *f = *state;
    static const char *const parent[] = { "a" };
    ost_item t[2] = { { .id = "a#0" }, { .id = "a#1" } };

    for (int i = 0; i < 2; i++) {
        t[i].group = "p";
        add_ramp(f, &t[i], "image", 2, 2);
    }
    refuses(f, "stitch", "{}", t, 2, "item 'a#0': no tile: it has 0 parents");
    for (int i = 0; i < 2; i++) {
        t[i].parents = parent;
        t[i].n_parents = 1;
    }
    refuses(f, "stitch", "{}", t, 2,
            "item 'a#0': no tile: it lacks the number 'tile.y'");
    for (int i = 0; i < 2; i++) {
        ost_item_set_number(&f->arena, &t[i], "tile.y", 0);
        ost_item_set_number(&f->arena, &t[i], "tile.x", i ? 0.5 : 0);
        ost_item_set_number(&f->arena, &t[i], "parent.height", 2 + i);
        ost_item_set_number(&f->arena, &t[i], "parent.width", 2);
    }
    refuses(f, "stitch", "{}", t, 2,
            "bucket 'a': tile 'a#1': 'tile.x' cannot be 0.5");
    ost_item_set_number(&f->arena, &t[1], "tile.x", 0);
    refuses(f, "stitch", "{}", t, 2,
            "bucket 'a': tile 'a#1': its parent is 3 x 2 pixels and that of "
            "'a#0' is 2 x 2");
    ost_item_set_number(&f->arena, &t[1], "parent.height", 2);
    refuses(f, "stitch", "{\"fields\":[\"mask\"]}", t, 2,
            "bucket 'a': tile 'a#0' has no picture that 'fields' names");
    ost_item_remove_field(&f->arena, &t[1], "image");
    refuses(f, "stitch", "{}", t, 2,
            "bucket 'a': field 'image': tile 'a#1': there is no field 'image' "
            "(there is none)");
    add(f, &t[1], "image", OST_U8, 2, 2, "abcd");
    refuses(f, "stitch", "{}", t, 2,
            "bucket 'a': field 'image': tile 'a#1': its field 'image' is of "
            "another type or number of channels than that of 'a#0'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(tiles_are_views_that_know_their_place),
        step_test(edges_are_shifted_padded_or_dropped),
        step_test(the_papers_have_28_tiles_or_49),
        step_test(masks_become_labels_by_a_rule),
        step_test(masks_of_frames_count_where_any_marks),
        step_test(labels_do_not_come_with_the_pixels),
        step_test(boxes_are_moved_clipped_and_left_out),
        step_test(tile_says_what_is_wrong),
        cmocka_unit_test(tile_refuses_parameters_before_it_runs),
        cmocka_unit_test(merging_is_what_each_pixel_says),
        cmocka_unit_test(merging_counts_what_no_part_has),
        cmocka_unit_test(marked_pixels_are_counted),
        step_test(tiles_are_merged_by_the_method),
        step_test(a_stitched_item_is_the_parent),
        step_test(what_no_tile_has_is_an_error_or_a_value),
        step_test(stitch_says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
