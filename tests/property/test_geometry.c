/* tests/property/test_geometry.c - masks and boxes go where their image goes
 *
 * An item is drawn whose image shows what its masks mark, with a box around
 * each; after any chain of geometric steps the image still shows it, and the
 * boxes are those of the masks.
 */
/* links: stages store base kernels */
#include "stages/geometry.h"
#include "tests/support/image_stages.h"
#include "tests/support/seed.h"

#include "base/banned.h"

enum { CASES = 1000, MOST_STEPS = 4, OBJECTS = 3, MOST_SIDE = 40 };

/* A quarter turn clockwise, which no stage gives by itself. */
static const ost_param no_params[] = { OST_END };

static ost_rc turn(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    ost_item *out = ost_derive(ctx, in, -1);
    ost_warp_spec spec = { 0 };
    ost_rect frame;
    ost_rc rc = ost_geometry_frame(in, &frame, err);

    if (rc)
        return rc;
    spec.map = (ost_affine){
        { 0, 1, 0, -1, 0, (double)frame.height - 1 },
    };
    rc = ost_geometry_warp(ctx, in, &spec, frame.width, frame.height, out, err);
    return rc ? rc : ost_emit(ctx, "out", out, err);
}

static const ost_stage stage_turn = {
    .name = "turn",
    .version = 1,
    .summary = "Turns by 90 degrees.",
    .params = no_params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS({ "out", OST_DATASET, "images", false, false }),
    .map = turn,
};

extern const ost_stage ost_stage_augment, ost_stage_crop, ost_stage_pad;
extern const ost_stage ost_stage_resize, ost_stage_roi;
const ost_stage *const ost_stages[] = { &ost_stage_augment,
                                        &ost_stage_crop,
                                        &ost_stage_pad,
                                        &ost_stage_resize,
                                        &ost_stage_roi,
                                        &stage_turn,
                                        NULL };

static int64_t below(ost_rng *r, int64_t n)
{
    return (int64_t)ost_rng_below(r, (uint64_t)n);
}

static const char *const mask_names[OBJECTS] = { "mask.0", "mask.1", "mask.2" };

/* One rectangle an object; bit k of the image is object k. */
static ost_item draw_item(fixture *f, ost_rng *r)
{
    ost_item item = new_item("a", "p", "x", &f->arena);
    int64_t shape[2] = { 1 + below(r, MOST_SIDE), 1 + below(r, MOST_SIDE) };
    size_t pixels = (size_t)(shape[0] * shape[1]);
    uint8_t *image = ost_arena_alloc(&f->arena, pixels);
    int64_t n = 1 + below(r, OBJECTS);
    uint16_t ids[OBJECTS];
    float boxes[4 * OBJECTS];

    for (int64_t k = 0; k < n; k++) {
        uint8_t *mask = ost_arena_alloc(&f->arena, pixels);
        int64_t y0 = below(r, shape[0]), x0 = below(r, shape[1]);
        int64_t y1 = y0 + 1 + below(r, shape[0] - y0);
        int64_t x1 = x0 + 1 + below(r, shape[1] - x0);

        for (int64_t y = y0; y < y1; y++)
            for (int64_t x = x0; x < x1; x++) {
                mask[y * shape[1] + x] = 1;
                image[y * shape[1] + x] |= (uint8_t)(1 << k);
            }
        boxes[4 * k] = (float)x0;
        boxes[4 * k + 1] = (float)y0;
        boxes[4 * k + 2] = (float)x1;
        boxes[4 * k + 3] = (float)y1;
        ids[k] = (uint16_t)k;
        add_field(f, &item, mask_names[k], OST_U8, 2, shape, mask);
    }
    add_field(f, &item, "image", OST_U8, 2, shape, image);
    add_field(f, &item, "mask", OST_U8, 2, shape, image);
    add_field(f, &item, "boxes", OST_F32, 2, (int64_t[]){ n, 4 }, boxes);
    add_field(f, &item, "boxes.id", OST_U16, 1, (int64_t[]){ n }, ids);
    return item;
}

/* One drawn step.  `exact` is cleared by a step that boxes follow only
 * nearly. */
static const char *draw_step(fixture *f, ost_rng *r, const ost_item *item,
                             const ost_stage **stage, bool *exact)
{
    const ost_field *image = ost_item_field(item, "image");
    long long h = image->shape[0], w = image->shape[1];
    long long top = below(r, h), left = below(r, w);

    switch (below(r, 7)) {
    case 0:
        *stage = &ost_stage_crop;
        return ost_arena_printf(&f->arena,
                                "{'rectangle':[%lld,%lld,%lld,%lld]}", top,
                                left, 1 + (long long)below(r, h - top),
                                1 + (long long)below(r, w - left));
    case 1:
        *stage = &ost_stage_crop;
        return ost_arena_printf(
            &f->arena, "{'rectangle':[%lld,%lld,%lld,%lld],'outside':'pad'}",
            top - h / 2, left - w / 2, h / 2 + 1 + (long long)below(r, h),
            w / 2 + 1 + (long long)below(r, w));
    case 2:
        *stage = &ost_stage_pad;
        return ost_arena_printf(&f->arena, "{'amounts':[%lld,%lld,%lld,%lld]}",
                                (long long)below(r, 9), (long long)below(r, 9),
                                (long long)below(r, 9), (long long)below(r, 9));
    case 3:
        *stage = &ost_stage_roi;
        return ost_arena_printf(
            &f->arena, "{'margin':%lld,'empty':'keep','square':%s}",
            (long long)below(r, 5), below(r, 2) ? "true" : "false");
    case 4:
        *stage = &ost_stage_augment;
        return ost_arena_printf(&f->arena,
                                "{'keep_original':false,'flip_h':%d,"
                                "'flip_v':%d}",
                                (int)below(r, 2), (int)below(r, 2));
    case 5:
        *stage = &ost_stage_resize;
        if (h * w < 4000 && below(r, 2))
            return ost_arena_printf(
                &f->arena, "{'size':[%lld,%lld],'method':'nearest'}",
                h * (1 + below(r, 3)), w * (1 + below(r, 3)));
        *exact = false;
        return ost_arena_printf(
            &f->arena, "{'size':[%lld,%lld],'method':'nearest'%s}",
            1 + (long long)below(r, 60), 1 + (long long)below(r, 60),
            below(r, 2) ? ",'fit':'letterbox'" : "");
    default:
        *stage = &stage_turn;
        return "{}";
    }
}

/* Bounds of a mask as a box; false when nothing is marked. */
static bool bounds(const uint8_t *mask, const int64_t *shape, float box[4])
{
    bool any = false;

    for (int64_t y = 0; y < shape[0]; y++)
        for (int64_t x = 0; x < shape[1]; x++) {
            if (!mask[y * shape[1] + x])
                continue;
            box[0] = any && box[0] < (float)x ? box[0] : (float)x;
            box[1] = any && box[1] < (float)y ? box[1] : (float)y;
            box[2] = any && box[2] > (float)x + 1 ? box[2] : (float)x + 1;
            box[3] = any && box[3] > (float)y + 1 ? box[3] : (float)y + 1;
            any = true;
        }
    return any;
}

/* Whether a mask is the bit of the image that it was drawn as. */
static bool is_bit(const uint8_t *mask, const uint8_t *image, int k, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mask[i] != (image[i] >> k & 1))
            return false;
    return true;
}

static const char *compare(fixture *f, const ost_item *item, bool exact)
{
    const ost_field *field = ost_item_field(item, "image");
    const int64_t *shape = field->shape;
    size_t pixels = (size_t)(shape[0] * shape[1]);
    const uint8_t *image = pixels_of(f, item, "image");
    const float *boxes = pixels_of(f, item, "boxes");
    const uint16_t *ids = pixels_of(f, item, "boxes.id");
    int64_t n = ost_item_field(item, "boxes")->shape[0], at = 0;

    if (ost_item_field(item, "boxes.id")->shape[0] != n)
        return "a box has lost its row";
    if (memcmp(image, pixels_of(f, item, "mask"), pixels) != 0)
        return "a mask is not where its image is";
    for (int k = 0; k < OBJECTS && ost_item_field(item, mask_names[k]); k++) {
        const uint8_t *mask = pixels_of(f, item, mask_names[k]);
        float box[4];
        bool there = bounds(mask, shape, box);

        if (!is_bit(mask, image, k, pixels))
            return "an object's mask is not where the object is";
        if (!exact)
            continue;
        if (there != (at < n && ids[at] == k))
            return there ? "a box is missing" : "a box is left of nothing";
        if (there && memcmp(box, boxes + 4 * at, sizeof(box)) != 0)
            return "a box is not around its mask";
        at += there;
    }
    return exact && at != n ? "there are too many boxes" : NULL;
}

static fixture *shared;

static const char *everything_follows(ost_rng *r)
{
    fixture *f = shared;
    int64_t steps = 1 + below(r, MOST_STEPS);
    ost_item item = draw_item(f, r);
    bool exact = true;
    const char *wrong = NULL;

    for (int64_t i = 0; i < steps && !wrong; i++) {
        const ost_stage *stage;
        const char *with = draw_step(f, r, &item, &stage, &exact);
        result out = apply_to_one(f, stage, with, &item);

        item = out.items[0];
        wrong = compare(f, &item, exact);
        if (wrong)
            fprintf(stderr, "step %lld, %s %s: ", (long long)i, stage->name,
                    with);
    }
    return wrong;
}

static void masks_and_boxes_follow(void **state)
{
    shared = *state;
    assert_int_equal(each_seed(CASES, everything_follows), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(masks_and_boxes_follow, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
