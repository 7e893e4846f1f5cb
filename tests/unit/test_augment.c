/* tests/unit/test_augment.c - copies of exams, and what was drawn for them */
/* links: stages store base kernels */
#include "tests/support/image_stages.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_augment;
const ost_stage *const ost_stages[] = { &ost_stage_augment, NULL };

static ost_item new_view(fixture *f, const char *id, const char *group,
                         const char *exam, const char *view, unsigned seed)
{
    ost_item item = new_item(id, group, "x", &f->arena);

    add_image(f, &item, "image", seed);
    ost_item_set_text(&f->arena, &item, "study", exam);
    ost_item_set_text(&f->arena, &item, "view", view);
    return item;
}

static const char *const moves =
    "{'copies':3,'rotate':20,'translate':4,'shear':5,'scale':0.1,'flip_h':0.5,"
    "'elastic':2,'brightness':0.1,'pair_by':'study'}";

static void views_of_an_exam_change_as_mirror_images(void **state)
{
    fixture *f = *state;
    ost_item items[] = {
        new_view(f, "a", "p", "1", "anterior", 2),
        new_view(f, "b", "p", "1", "posterior", 3),
        new_view(f, "c", "q", "1", "anterior", 4),
    };
    result r = apply(f, &ost_stage_augment, moves, dataset(f, items, 3));

    assert_int_equal(r.n, 12);
    for (size_t k = 0; k < 3; k++) {
        const ost_item *a = &r.items[1 + k], *b = &r.items[5 + k];
        const ost_item *c = &r.items[9 + k];

        assert_int_equal(a->id[0], 'a');
        assert_int_equal(b->id[0], 'b');
        assert_int_equal(c->id[0], 'c');
        assert_true(number_of(a, "augment.rotate") ==
                    -number_of(b, "augment.rotate"));
        assert_true(number_of(a, "augment.shift_x") ==
                    -number_of(b, "augment.shift_x"));
        assert_true(number_of(a, "augment.shear") ==
                    -number_of(b, "augment.shear"));
        assert_true(number_of(a, "augment.shift_y") ==
                    number_of(b, "augment.shift_y"));
        assert_true(number_of(a, "augment.scale") ==
                    number_of(b, "augment.scale"));
        assert_true(number_of(a, "augment.flip_h") ==
                    number_of(b, "augment.flip_h"));
        assert_true(number_of(a, "augment.brightness") ==
                    number_of(b, "augment.brightness"));
        assert_true(number_of(a, "augment.elastic_seed") ==
                    number_of(b, "augment.elastic_seed"));
        assert_true(number_of(a, "augment.elastic_mirror") !=
                    number_of(b, "augment.elastic_mirror"));
        /* another patient's exam of the same name is another exam */
        assert_true(number_of(a, "augment.rotate") !=
                    number_of(c, "augment.rotate"));
        assert_string_equal(ost_item_attr(a, "study")->text,
                            ost_item_attr(b, "study")->text);
        assert_int_equal(ost_item_attr(a, "study")->text[2], '0' + (int)k);
    }
    assert_string_equal(ost_item_attr(&r.items[0], "study")->text, "1");
}

static void an_item_without_exam_changes_on_its_own(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    result r;

    add_image(f, &item, "image", 2);
    r = apply(f, &ost_stage_augment, moves, dataset(f, &item, 1));
    assert_int_equal(r.n, 4);
    assert_null(ost_item_attr(&r.items[1], "study"));
}

/* The target is met exactly; at most one exam has views of two counts. */
static void targets_keep_the_views_of_an_exam_together(void **state)
{
    fixture *f = *state;
    ost_item items[14];
    size_t uneven = 0;
    result r;

    for (size_t i = 0; i < 14; i++)
        items[i] = new_view(f, ost_arena_printf(&f->arena, "i%02zu", i),
                            ost_arena_printf(&f->arena, "p%zu", i / 2), "1",
                            i % 2 ? "posterior" : "anterior", (unsigned)i + 1);
    r = apply(f, &ost_stage_augment,
              "{'target':37,'rotate':3,'pair_by':'study'}",
              dataset(f, items, 14));
    assert_int_equal(r.n, 37);
    for (size_t k = 0; k < 7; k++) {
        size_t n[2] = { 0, 0 };

        for (size_t i = 0; i < r.n; i++)
            for (size_t v = 0; v < 2; v++)
                n[v] += strncmp(r.items[i].id, items[2 * k + v].id, 3) == 0;
        uneven += n[0] != n[1];
    }
    assert_int_equal(uneven, 1);
}

static void translate_counts_pixels_and_the_share_adds(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    double x = 0, y = 0;
    result r;

    add_image(f, &item, "image", 2);
    r = apply(f, &ost_stage_augment,
              "{'copies':200,'translate':1,'translate_share':0.5}",
              dataset(f, &item, 1));
    for (size_t i = 1; i < r.n; i++) {
        x = fmax(x, fabs(number_of(&r.items[i], "augment.shift_x")));
        y = fmax(y, fabs(number_of(&r.items[i], "augment.shift_y")));
    }
    assert_true(x > 0.9 * (1 + W / 2) && x <= 1 + W / 2);
    assert_true(y > 0.9 * (1 + H / 2) && y <= 1 + H / 2);
}

static void values_change_in_images_alone(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    result r;

    add_image(f, &item, "image", 2);
    add_image(f, &item, "mask", 2);
    r = apply(f, &ost_stage_augment, "{'gamma':1,'noise':0.1}",
              dataset(f, &item, 1));
    assert_memory_equal(bytes_of(f, &r.items[0], "mask"),
                        bytes_of(f, &r.items[1], "mask"), (size_t)H * W);
    assert_memory_not_equal(bytes_of(f, &r.items[0], "image"),
                            bytes_of(f, &r.items[1], "image"), (size_t)H * W);
    assert_true(number_of(&r.items[1], "augment.noise") <= 0.1);
    assert_true(number_of(&r.items[1], "augment.gamma") >= 0.5);
    assert_true(number_of(&r.items[1], "augment.gamma") <= 2.0);
}

static void frames_have_noise_of_their_own(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char flat[2 * H * W];
    const unsigned char *v;
    result r;

    memset(flat, 100, sizeof(flat));
    add_field(f, &item, "frames", OST_U8, 3, (int64_t[]){ 2, H, W }, flat);
    r = apply(f, &ost_stage_augment, "{'noise':0.2}", dataset(f, &item, 1));
    v = bytes_of(f, &r.items[1], "frames");
    assert_memory_not_equal(v, v + H * W, (size_t)H * W);
}

/* A box goes where its mask goes, whatever the field does. */
static void elastic_boxes_stay_around_their_masks(void **state)
{
    fixture *f = *state;
    ost_item item = new_item("a", "p", "x", &f->arena);
    unsigned char mask[H * W] = { 0 };
    const float box[4] = { 5, 3, 14, 9 };
    result r;

    for (int y = 3; y < 9; y++)
        memset(mask + y * W + 5, 255, 9);
    add_image(f, &item, "image", 2);
    add_field(f, &item, "mask.x", OST_U8, 2, (int64_t[]){ H, W }, mask);
    add_field(f, &item, "boxes", OST_F32, 2, (int64_t[]){ 1, 4 }, box);
    r = apply(f, &ost_stage_augment,
              "{'copies':20,'elastic':3,'elastic_sigma':5,'rotate':5}",
              dataset(f, &item, 1));
    for (size_t i = 1; i < r.n; i++) {
        const unsigned char *m = bytes_of(f, &r.items[i], "mask.x");
        const float *b = bytes_of(f, &r.items[i], "boxes");
        float seen[4] = { W, H, 0, 0 };

        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                if (!m[y * W + x])
                    continue;
                seen[0] = fminf(seen[0], (float)x);
                seen[1] = fminf(seen[1], (float)y);
                seen[2] = fmaxf(seen[2], (float)x + 1);
                seen[3] = fmaxf(seen[3], (float)y + 1);
            }
        assert_memory_equal(b, seen, sizeof(seen));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(views_of_an_exam_change_as_mirror_images),
        TEST(an_item_without_exam_changes_on_its_own),
        TEST(targets_keep_the_views_of_an_exam_together),
        TEST(translate_counts_pixels_and_the_share_adds),
        TEST(values_change_in_images_alone),
        TEST(frames_have_noise_of_their_own),
        TEST(elastic_boxes_stay_around_their_masks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
