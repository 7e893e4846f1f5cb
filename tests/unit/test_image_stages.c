/* tests/unit/test_image_stages.c - stages that make and change images */
/* links: stages store base kernels */
#include "kernels/image.h"
#include "tests/support/image_stages.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_augment, ost_stage_canny, ost_stage_normalize;
extern const ost_stage ost_stage_pair, ost_stage_phantom, ost_stage_resize;
const ost_stage *const ost_stages[] = { &ost_stage_augment,
                                        &ost_stage_canny,
                                        &ost_stage_normalize,
                                        &ost_stage_pair,
                                        &ost_stage_phantom,
                                        &ost_stage_resize,
                                        NULL };
/* ---- canny, resize, pair ---- */

static void canny_writes_edges_to_a_field(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    uint8_t edges[H * W], *image;
    ost_canny_spec spec = { .low = 100, .high = 200, .aperture = 3 };
    ost_tensor in, out;
    result r;

    add_image(f, &item, "image", 1);
    r = apply_to_one(f, &ost_stage_canny, "{'to':'contour'}", &item);
    image = bytes_of(f, &r.items[0], "image");
    in = ost_tensor_of(image, OST_U8, 2, (int64_t[]){ H, W });
    out = ost_tensor_of(edges, OST_U8, 2, (int64_t[]){ H, W });
    assert_int_equal(ost_cpu_canny(&in, &spec, &out, NULL), OST_OK);
    assert_memory_equal(bytes_of(f, &r.items[0], "contour"), edges, H * W);
    assert_string_equal(r.items[0].group, "p");
    assert_string_equal(ost_item_label(&r.items[0]), "x");
    r = apply_to_one(f, &ost_stage_canny, "{}", &item);
    assert_memory_equal(bytes_of(f, &r.items[0], "image"), edges, H * W);
    assert_null(ost_item_field(&r.items[0], "contour"));
}

static void canny_takes_frames_one_by_one_and_wants_u8(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    ost_item deep = item;
    unsigned char frames[3 * H * W];
    float pixels[H * W] = { 0 };
    result r;

    fill_bytes(frames, sizeof(frames), 4);
    memcpy(frames + 2 * H * W, frames, H * W);
    add_field(f, &item, "frames", OST_U8, 3, (int64_t[]){ 3, H, W }, frames);
    r = apply_to_one(f, &ost_stage_canny, "{'field':'frames','sigma':0.8}",
                     &item);
    memcpy(frames, bytes_of(f, &r.items[0], "frames"), sizeof(frames));
    assert_memory_equal(frames, frames + 2 * H * W, H * W);
    assert_memory_not_equal(frames, frames + H * W, H * W);
    add_field(f, &deep, "image", OST_F32, 2, (int64_t[]){ H, W }, pixels);
    refuses(f, &ost_stage_canny, "{}", &deep, 1,
            "item 'a': field 'image': edges are found in u8, and this is f32 "
            "(a 'normalize' stage with \"type\": \"u8\" converts it)");
    refuses(f, &ost_stage_canny, "{'field':'x'}", &deep, 1,
            "item 'a': there is no field 'x' (there is 'image')");
}

static void resize_moves_masks_and_boxes_along(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char mask[H * W] = { 0 };
    const float box[4] = { 5, 3, 10, 6 };
    const float *moved;
    const uint8_t *m;
    result r;

    for (int i = 0; i < H * W; i++)
        mask[i] = i % W < W / 2 ? 7 : 3;
    add_image(f, &item, "image", 2);
    add_field(f, &item, "mask.bone", OST_U8, 2, (int64_t[]){ H, W }, mask);
    add_field(f, &item, "boxes", OST_F32, 2, (int64_t[]){ 1, 4 }, box);
    r = apply_to_one(f, &ost_stage_resize, "{'size':[24,10]}", &item);
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[0], 24);
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[1], 10);
    m = bytes_of(f, &r.items[0], "mask.bone");
    for (int i = 0; i < 240; i++)
        assert_int_equal(m[i], i % 10 < 5 ? 7 : 3);
    moved = bytes_of(f, &r.items[0], "boxes");
    assert_true(moved[0] == 2.5f && moved[1] == 6 && moved[2] == 5 &&
                moved[3] == 12);
}

static void a_letterbox_keeps_proportions(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    const float box[4] = { 0, 0, W, H };
    const float *moved;
    const uint8_t *p;
    result r;

    add_image(f, &item, "image", 2);
    add_field(f, &item, "mask", OST_U8, 2, (int64_t[]){ H, W },
              bytes_of(f, &item, "image"));
    add_field(f, &item, "boxes", OST_F32, 2, (int64_t[]){ 1, 4 }, box);
    r = apply_to_one(f, &ost_stage_resize,
                     "{'size':[40,40],'fit':'letterbox','fill':9}", &item);
    p = bytes_of(f, &r.items[0], "image");
    for (int i = 0; i < 40 * 40; i++)
        if (i / 40 < 8 || i / 40 >= 32)
            assert_int_equal(p[i], 9);
    p = bytes_of(f, &r.items[0], "mask");
    assert_int_equal(p[0], 0);
    moved = bytes_of(f, &r.items[0], "boxes");
    assert_true(moved[0] == 0 && moved[1] == 8 && moved[2] == 40 &&
                moved[3] == 32);
    refuses(f, &ost_stage_resize, "{'size':[4,4]}",
            &(ost_item){ .id = "e", .group = "e" }, 1,
            "item 'e': there is no picture");
}

static void pairs_lie_side_by_side_or_in_channels(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    const uint8_t *p, *a, *b;
    result r;

    add_image(f, &item, "image", 2);
    add_image(f, &item, "contour", 3);
    a = bytes_of(f, &item, "contour");
    b = bytes_of(f, &item, "image");
    r = apply_to_one(f, &ost_stage_pair, "{}", &item);
    assert_null(ost_item_field(&r.items[0], "contour"));
    p = bytes_of(f, &r.items[0], "image");
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[1], 2 * W);
    for (int y = 0; y < H; y++) {
        assert_memory_equal(p + y * 2 * W, a + y * W, W);
        assert_memory_equal(p + y * 2 * W + W, b + y * W, W);
    }
    r = apply_to_one(f, &ost_stage_pair,
                     "{'layout':'channels','to':'both','keep':true}", &item);
    assert_int_equal(r.items[0].n_fields, 3);
    p = bytes_of(f, &r.items[0], "both");
    assert_int_equal(ost_item_field(&r.items[0], "both")->shape[2], 2);
    for (int i = 0; i < H * W; i++) {
        assert_int_equal(p[2 * i], a[i]);
        assert_int_equal(p[2 * i + 1], b[i]);
    }
}

static void gray_beside_color_becomes_color(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char color[H * W * 3];
    const uint8_t *p, *gray;
    result r;

    fill_bytes(color, sizeof(color), 8);
    add_field(f, &item, "image", OST_U8, 3, (int64_t[]){ H, W, 3 }, color);
    add_image(f, &item, "contour", 3);
    gray = bytes_of(f, &item, "contour");
    r = apply_to_one(f, &ost_stage_pair, "{}", &item);
    p = bytes_of(f, &r.items[0], "image");
    for (int k = 0; k < 3; k++) {
        assert_int_equal(p[3 * 5 + k], gray[5]);
        assert_int_equal(p[3 * (W + 5) + k], color[3 * 5 + k]);
    }
    r = apply_to_one(f, &ost_stage_pair, "{'layout':'channels'}", &item);
    p = bytes_of(f, &r.items[0], "image");
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[2], 4);
    assert_int_equal(p[4 * 7], gray[7]);
    assert_int_equal(p[4 * 7 + 3], color[3 * 7 + 2]);
}

/* A series becomes channels, and channels a series; one field may be there
 * several times. */
static void pairs_may_be_series(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    const uint8_t *p, *a, *b;
    ost_item made;
    result r;

    add_image(f, &item, "image", 2);
    add_image(f, &item, "last", 3);
    a = bytes_of(f, &item, "image");
    b = bytes_of(f, &item, "last");
    r = apply_to_one(f, &ost_stage_pair,
                     "{'fields':['image','image','last'],'layout':'frames',"
                     "'to':'frames'}",
                     &item);
    assert_int_equal(r.items[0].n_fields, 1);
    assert_int_equal(ost_item_field(&r.items[0], "frames")->shape[0], 3);
    p = bytes_of(f, &r.items[0], "frames");
    assert_memory_equal(p, a, H * W);
    assert_memory_equal(p + H * W, a, H * W);
    assert_memory_equal(p + 2 * H * W, b, H * W);
    made = r.items[0];
    r = apply_to_one(f, &ost_stage_pair,
                     "{'fields':['frames'],'layout':'channels'}", &made);
    assert_int_equal(ost_item_field(&r.items[0], "image")->shape[2], 3);
    p = bytes_of(f, &r.items[0], "image");
    assert_int_equal(p[3 * 7], a[7]);
    assert_int_equal(p[3 * 7 + 2], b[7]);
    made = r.items[0];
    r = apply_to_one(f, &ost_stage_pair,
                     "{'fields':['image'],'layout':'frames','to':'frames'}",
                     &made);
    p = bytes_of(f, &r.items[0], "frames");
    assert_memory_equal(p + 2 * H * W, b, H * W);
    refuses(f, &ost_stage_pair, "{'fields':['frames']}", &r.items[0], 1,
            "item 'a': frames cannot be paired side by side ('montage' puts "
            "them next to each other)");
}

static void pairs_must_fit(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    float deep[H * W] = { 0 };

    add_image(f, &item, "image", 2);
    add_field(f, &item, "contour", OST_F32, 2, (int64_t[]){ H, W }, deep);
    refuses(f, &ost_stage_pair, "{}", &item, 1,
            "item 'a': field 'image' is u8 and 'contour' is f32");
    add_field(f, &item, "contour", OST_U8, 2, (int64_t[]){ 4, 5 }, deep);
    refuses(f, &ost_stage_pair, "{}", &item, 1,
            "item 'a': field 'image' is 12 x 20 and 'contour' is 4 x 5");
}

/* ---- normalize ---- */

static ost_item ramp_item(fixture *f, const char *id, int from, int to)
{
    ost_item item = new_item(id, id, "x", &f->arena);
    unsigned char p[101];

    for (int i = 0; i <= 100; i++)
        p[i] = (unsigned char)(from + (to - from) * i / 100);
    add_field(f, &item, "image", OST_U8, 2, (int64_t[]){ 1, 101 }, p);
    return item;
}

static void normalize_maps_levels_to_the_range(void **state)
{
    fixture *f = *state;
    ost_item item = ramp_item(f, "a", 50, 150);
    const uint8_t *u;
    const float *v;
    result r;

    r = apply_to_one(f, &ost_stage_normalize, "{}", &item);
    v = bytes_of(f, &r.items[0], "image");
    assert_true(v[0] == 0 && fabsf(v[100] - 1) < 1e-6f &&
                fabsf(v[50] - 0.5f) < 1e-6f);
    r = apply_to_one(f, &ost_stage_normalize, "{'method':'zscore'}", &item);
    v = bytes_of(f, &r.items[0], "image");
    assert_true(fabsf(v[50]) < 1e-5f);
    assert_true(fabs((double)v[100] - 50 / sqrt(850)) < 1e-5);
    r = apply_to_one(f, &ost_stage_normalize,
                     "{'method':'percentile','percentiles':[10,90],"
                     "'type':'u8','to':'flat'}",
                     &item);
    u = bytes_of(f, &r.items[0], "flat");
    assert_int_equal(u[5], 0);
    assert_int_equal(u[10], 0);
    assert_int_equal(u[50], 128);
    assert_int_equal(u[95], 255);
    r = apply_to_one(f, &ost_stage_normalize,
                     "{'method':'percentile','percentiles':[10,90],"
                     "'type':'u16','range':[1000,2000]}",
                     &item);
    assert_int_equal(((uint16_t *)bytes_of(f, &r.items[0], "image"))[0], 1000);
    assert_int_equal(((uint16_t *)bytes_of(f, &r.items[0], "image"))[99], 2000);
}

static void a_flat_image_becomes_the_lower_end(void **state)
{
    fixture *f = *state;
    ost_item item = ramp_item(f, "a", 70, 70);
    result r;

    r = apply_to_one(f, &ost_stage_normalize, "{'range':[-1,1]}", &item);
    assert_true(*(float *)bytes_of(f, &r.items[0], "image") == -1);
}

static void levels_of_a_dataset_are_common(void **state)
{
    fixture *f = *state;
    ost_item items[3] = { ramp_item(f, "a", 0, 100), ramp_item(f, "b", 50, 150),
                          ramp_item(f, "c", 100, 200) };
    ost_digest d = dataset(f, items, 3);
    double sum = 0, squares = 0;
    const float *v;
    result r;

    r = apply(f, &ost_stage_normalize, "{'scope':'dataset'}", d);
    v = bytes_of(f, &r.items[1], "image");
    assert_true(v[0] == 0.25f && v[100] == 0.75f);
    r = apply(f, &ost_stage_normalize,
              "{'scope':'dataset','method':'percentile',"
              "'percentiles':[0,100]}",
              d);
    v = bytes_of(f, &r.items[0], "image");
    assert_true(v[0] == 0 && v[100] == 0.5f);
    r = apply(f, &ost_stage_normalize, "{'scope':'dataset','method':'zscore'}",
              d);
    for (int i = 0; i < 3; i++) {
        v = bytes_of(f, &r.items[i], "image");
        for (int k = 0; k <= 100; k++) {
            sum += (double)v[k];
            squares += (double)v[k] * (double)v[k];
        }
    }
    assert_true(fabs(sum) < 1e-3);
    assert_true(fabs(squares / 303 - 1) < 1e-5);
}

/* ---- augment ---- */

static void augment_without_changes_copies(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    result r;

    add_image(f, &item, "image", 2);
    r = apply(f, &ost_stage_augment, "{'copies':2}", dataset(f, &item, 1));
    assert_int_equal(r.n, 3);
    assert_string_equal(r.items[0].id, "a");
    assert_string_equal(r.items[1].id, "a#0");
    assert_string_equal(r.items[2].id, "a#1");
    assert_int_equal(r.items[0].n_parents, 0);
    assert_string_equal(r.items[2].parents[0], "a");
    assert_string_equal(r.items[2].group, "p");
    assert_string_equal(ost_item_label(&r.items[2]), "x");
    assert_int_equal(r.items[2].n_attrs, 0);
    for (int i = 1; i < 3; i++)
        assert_memory_equal(bytes_of(f, &r.items[i], "image"),
                            bytes_of(f, &item, "image"), H * W);
}

static void certain_flips_are_flips_of_everything(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    const float box[4] = { 2, 3, 5, 7 };
    const uint8_t *before, *after;
    const float *moved;
    result r;

    add_image(f, &item, "image", 2);
    add_field(f, &item, "mask.m", OST_U8, 2, (int64_t[]){ H, W },
              bytes_of(f, &item, "image"));
    add_field(f, &item, "boxes", OST_F32, 2, (int64_t[]){ 1, 4 }, box);
    r = apply(f, &ost_stage_augment, "{'flip_h':1,'keep_original':false}",
              dataset(f, &item, 1));
    assert_int_equal(r.n, 1);
    assert_true(number_of(&r.items[0], "augment.flip_h") == 1);
    before = bytes_of(f, &item, "image");
    after = bytes_of(f, &r.items[0], "image");
    for (int i = 0; i < H * W; i++)
        assert_int_equal(after[i], before[i / W * W + W - 1 - i % W]);
    assert_memory_equal(bytes_of(f, &r.items[0], "mask.m"), after, H * W);
    moved = bytes_of(f, &r.items[0], "boxes");
    assert_true(moved[0] == W - 5 && moved[1] == 3 && moved[2] == W - 2 &&
                moved[3] == 7);
}

static void what_was_drawn_is_kept_and_in_bounds(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    double most = 0;
    result r;

    add_image(f, &item, "image", 2);
    r = apply(f, &ost_stage_augment,
              "{'copies':50,'rotate':15,'translate':3,'scale':0.2,"
              "'brightness':0.1,'contrast':0.3,'flip_v':0.5}",
              dataset(f, &item, 1));
    assert_int_equal(r.n, 51);
    for (size_t i = 1; i < r.n; i++) {
        const ost_item *c = &r.items[i];

        most = fmax(most, fabs(number_of(c, "augment.rotate")));
        assert_true(fabs(number_of(c, "augment.rotate")) <= 15);
        assert_true(fabs(number_of(c, "augment.shift_x")) <= 3);
        assert_true(fabs(number_of(c, "augment.shift_y")) <= 3);
        assert_true(fabs(number_of(c, "augment.scale") - 1) <= 0.2);
        assert_true(fabs(number_of(c, "augment.brightness")) <= 0.1);
        assert_true(fabs(number_of(c, "augment.contrast") - 1) <= 0.3);
        assert_null(ost_item_attr(c, "augment.flip_h"));
    }
    assert_true(most > 5);
}

static void one_change_leaves_the_draws_of_others_alone(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    result a, b;

    add_image(f, &item, "image", 2);
    a = apply(f, &ost_stage_augment, "{'rotate':10}", dataset(f, &item, 1));
    b = apply(f, &ost_stage_augment, "{'rotate':10,'scale':0.1,'copies':2}",
              dataset(f, &item, 1));
    assert_true(number_of(&a.items[1], "augment.rotate") ==
                number_of(&b.items[1], "augment.rotate"));
    assert_true(number_of(&b.items[1], "augment.rotate") !=
                number_of(&b.items[2], "augment.rotate"));
}

static void brightness_changes_images_and_no_masks(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    uint16_t flat[H * W];
    const uint16_t *p;
    double shift;
    result r;

    for (int i = 0; i < H * W; i++)
        flat[i] = 30000;
    add_field(f, &item, "image", OST_U16, 2, (int64_t[]){ H, W }, flat);
    add_field(f, &item, "mask", OST_U16, 2, (int64_t[]){ H, W }, flat);
    r = apply(f, &ost_stage_augment, "{'brightness':0.2,'contrast':0.5}",
              dataset(f, &item, 1));
    shift = number_of(&r.items[1], "augment.brightness") * 65535;
    p = bytes_of(f, &r.items[1], "image");
    assert_true(fabs(p[17] - (30000 + shift)) < 1);
    assert_memory_equal(bytes_of(f, &r.items[1], "mask"), flat, sizeof(flat));
}

/* Counts items of a class, and of them those that are no copies. */
static void tally(const result *r, const char *label, size_t *all,
                  size_t *originals)
{
    *all = *originals = 0;
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(ost_item_label(&r->items[i]), label) == 0) {
            (*all)++;
            *originals += r->items[i].n_parents == 0;
        }
}

static void targets_are_met_exactly(void **state)
{
    fixture *f = *state;
    ost_item items[12];
    size_t all, originals;
    ost_digest d;
    result r;

    for (int i = 0; i < 12; i++) {
        items[i] = new_item(ost_arena_printf(&f->arena, "i%02d", i), "p",
                            i < 5 ? "few" : "many", &f->arena);
        add_image(f, &items[i], "image", (unsigned)i);
    }
    d = dataset(f, items, 12);
    for (int target = 0; target <= 23; target++) {
        r = apply(f, &ost_stage_augment,
                  ost_arena_printf(&f->arena, "{'target':%d}", target), d);
        tally(&r, "few", &all, &originals);
        assert_int_equal(all, target);
        assert_int_equal(originals, target < 5 ? target : 5);
        tally(&r, "many", &all, &originals);
        assert_int_equal(all, target);
        assert_int_equal(originals, target < 7 ? target : 7);
    }
    r = apply(f, &ost_stage_augment,
              "{'target':{'few':9,'many':3},'keep_original':false}", d);
    tally(&r, "few", &all, &originals);
    assert_int_equal(all, 9);
    assert_int_equal(originals, 0);
    tally(&r, "many", &all, &originals);
    assert_int_equal(all, 3);
}

static void targets_name_every_class(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    ost_item bare = { .id = "b", .group = "b" };

    add_image(f, &item, "image", 2);
    add_image(f, &bare, "image", 2);
    refuses(f, &ost_stage_augment, "{'target':{'y':3}}", &item, 1,
            "class 'x' has no 'target'");
    refuses(f, &ost_stage_augment, "{'target':{'x':3,'y':3}}", &item, 1,
            "no item has the label 'y' that 'target' names");
    refuses(f, &ost_stage_augment, "{'target':3}", &bare, 1,
            "item 'b' has 0 labels, and 'target' counts items of one");
}

/* ---- what is refused before anything runs ---- */

static void check_says(const ost_stage *stage, const char *with,
                       const char *message)
{
    json_t *given = json_loads(with, 0, NULL), *full = NULL;
    ost_arena arena = { 0 };
    const void *params;
    ost_err err = { 0 };

    assert_non_null(given);
    assert_ok(ost_params_complete(stage, given, NULL, NULL, &full, &err), &err);
    assert_ok(ost_params_fill(stage, full, &arena, &params, &err), &err);
    assert_int_equal(stage->check(params, &err), OST_EWORKFLOW);
    assert_string_equal(err.text, message);
    ost_arena_release(&arena);
    json_decref(given);
    json_decref(full);
}

static void wrong_combinations_are_refused(void **state)
{
    (void)state;
    check_says(&ost_stage_canny, "{\"low\":300}",
               "'low' (300) is above 'high' (200)");
    check_says(&ost_stage_canny, "{\"sigma\":1.4,\"kernel\":4}",
               "'kernel' (4) is not odd");
    check_says(&ost_stage_phantom, "{\"images\":[3,2]}",
               "'images' has a least number above the largest");
    check_says(&ost_stage_normalize, "{\"range\":[3]}",
               "'range' needs two numbers");
    check_says(&ost_stage_normalize, "{\"percentiles\":[50,50]}",
               "'percentiles' are not in ascending order");
    check_says(&ost_stage_normalize, "{\"method\":\"zscore\",\"type\":\"u8\"}",
               "z-scores have no place in an integer type without a 'range' "
               "(\"range\": [128, 168] puts the mean at 128)");
    check_says(&ost_stage_augment, "{\"target\":-1}",
               "'target' is neither a whole number nor an object from class "
               "to whole number");
    check_says(&ost_stage_augment, "{\"target\":{\"a\":\"b\"}}",
               "'target' of class 'a' is not a whole number");
}

/* Two numbers for each box are no image. */
static void rows_of_boxes_are_no_pictures(void **state)
{
    const float box[8] = { 0, 0, W, H, 2, 3, 4, 5 }, points[4] = { 1, 2, 3, 4 };
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char pixels[H * W] = { 1 };
    result r;

    add_field(f, &item, "boxes", OST_F32, 2, (int64_t[]){ 2, 4 }, box);
    add_field(f, &item, "boxes.point", OST_F32, 2, (int64_t[]){ 2, 2 }, points);
    add_field(f, &item, "mask", OST_U8, 2, (int64_t[]){ H, W }, pixels);
    r = apply_to_one(f, &ost_stage_resize, "{'size':[24,40]}", &item);
    assert_memory_equal(bytes_of(f, r.items, "boxes.point"), points,
                        sizeof(points));
    assert_true(((const float *)bytes_of(f, r.items, "boxes"))[7] == 10.0f);
}

/* Masks of frames (T, H, W) are no color image of height T. */
static void masks_of_frames_go_frame_by_frame(void **state)
{
    static const char with[] = "{'size':[6,9],'method':'nearest'}";
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char pixels[2 * H * W];
    const ost_field *field;
    result r;

    fill_bytes(pixels, sizeof(pixels), 3);
    add_field(f, &item, "frames", OST_U8, 3, (int64_t[]){ 2, H, W }, pixels);
    add_field(f, &item, "mask.bone", OST_U8, 3, (int64_t[]){ 2, H, W }, pixels);
    r = apply_to_one(f, &ost_stage_resize, with, &item);
    field = ost_item_field(r.items, "mask.bone");
    assert_int_equal(field->shape[0], 2);
    assert_int_equal(field->shape[1], 6);
    assert_int_equal(field->shape[2], 9);
    assert_memory_equal(bytes_of(f, r.items, "mask.bone"),
                        bytes_of(f, r.items, "frames"), 2 * 6 * 9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(canny_writes_edges_to_a_field),
        TEST(canny_takes_frames_one_by_one_and_wants_u8),
        TEST(resize_moves_masks_and_boxes_along),
        TEST(a_letterbox_keeps_proportions),
        TEST(pairs_lie_side_by_side_or_in_channels),
        TEST(gray_beside_color_becomes_color),
        TEST(pairs_may_be_series),
        TEST(pairs_must_fit),
        TEST(normalize_maps_levels_to_the_range),
        TEST(a_flat_image_becomes_the_lower_end),
        TEST(levels_of_a_dataset_are_common),
        TEST(augment_without_changes_copies),
        TEST(certain_flips_are_flips_of_everything),
        TEST(what_was_drawn_is_kept_and_in_bounds),
        TEST(one_change_leaves_the_draws_of_others_alone),
        TEST(brightness_changes_images_and_no_masks),
        TEST(targets_are_met_exactly),
        TEST(targets_name_every_class),
        TEST(wrong_combinations_are_refused),
        TEST(rows_of_boxes_are_no_pictures),
        TEST(masks_of_frames_go_frame_by_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
