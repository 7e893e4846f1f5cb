/* tests/unit/test_generate.c - images that a trained generator makes */
/* links: stages kernels store base */
/* on: cpu cuda */
#include "tests/support/backend_case.h"
#include "tests/support/generators.h"
#include "tests/support/squares.h"

#include "base/banned.h"

extern const ost_stage ost_stage_generate;
const ost_stage *const ost_stages[] = { &ost_stage_generate, NULL };

#define DRAWING_NETWORK                                              \
    "{'osteon_model': 1, 'name': 'g', 'layers': [\n"                 \
    "{'op': 'conv2d', 'out': 6, 'kernel': 3, 'padding': 1},\n"       \
    "{'op': 'batch_norm'}, {'op': 'leaky_relu'},\n"                  \
    "{'op': 'dropout', 'p': 0.5},\n"                                 \
    "{'op': 'conv2d', 'out': 1, 'kernel': 3, 'padding': 1, 'init': " \
    "'normal', 'sigma': 0.5},\n"                                     \
    "{'op': 'tanh'}]}"
#define SIDES "'channels': 1, 'height': 16, 'width': 16"

static const generator_case pairs = {
    .objective = "pix2pix",
    .network = DRAWING_NETWORK,
    .meta =
        "{'kind': 'generator', 'objective': 'pix2pix', 'input': "
        "[{'field': 'image', " SIDES "}], 'image': {'field': 'image', " SIDES
        "}, 'classes': ['lesion']}",
    .ndim = 4,
    .shape = { 1, 1, 16, 16 },
    .key = 3,
};

static const char *const learned[] = { "A", "B", NULL };

static ost_digest model_of(step_fixture *f, const char *meta)
{
    generator_case c = pairs;

    if (meta)
        c.meta = meta;
    f->numeric = backend_case_numeric();
    return generator_model(f, &c, learned);
}

static ost_done_msg run(step_fixture *f, const char *with, ost_digest model,
                        const ost_digest *data)
{
    ost_step_input in[] = { step_input_of("model", model),
                            data ? step_input_of("data", *data)
                                 : (ost_step_input){ 0 } };

    return run_stage(f, "generate", unquoted(f, with), in, data ? 2 : 1);
}

static ost_done_msg of_squares(step_fixture *f, const char *with, int n)
{
    ost_digest data = items_of(f, 0, n, NULL);

    return run(f, with, model_of(f, NULL), &data);
}

static const unsigned char *image_of(step_fixture *f, const ost_item *items,
                                     size_t n, const char *id)
{
    size_t size;
    const unsigned char *bytes =
        field_bytes(f, item_named(items, n, id), "image", &size);

    assert_int_equal(size, SIDE * SIDE);
    return bytes;
}

static int differ(const unsigned char *a, const unsigned char *b)
{
    return memcmp(a, b, SIDE * SIDE);
}

static void images_have_what_their_item_has(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done = of_squares(f, "{'copies': 2}", 4);
    const char *const *groups;
    const ost_item *items, *it;
    size_t n, n_groups;
    ost_err err = { 0 };

    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 8);
    it = item_named(items, n, "p0001#1");
    assert_string_equal(it->group, "p0001");
    assert_int_equal(it->n_parents, 1);
    assert_string_equal(it->parents[0], "p0001");
    assert_string_equal(ost_item_label(it), "left");
    assert_string_equal(ost_item_attr(it, "kind")->text, "generated");
    assert_string_equal(ost_item_attr(it, "side")->text, "left");
    assert_non_null(ost_item_field(it, "mask.square"));
    assert_int_equal(ost_item_field(it, "image")->dtype, OST_U8);
    assert_ok(ost_groups_get(f->batch, &it->exposure, &f->arena, &groups,
                             &n_groups, &err),
              &err);
    assert_int_equal(n_groups, 2);
    assert_string_equal(groups[0], "A");
}

static void each_copy_is_drawn(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done = of_squares(f, "{'copies': 2}", 2);
    const ost_item *items;
    const unsigned char *first;
    size_t n;

    items = output_items(f, &done, "out", &n);
    first = image_of(f, items, n, "p0000#0");
    assert_int_not_equal(differ(first, image_of(f, items, n, "p0000#1")), 0);
    f->seed = "8";
    done = of_squares(f, "{'copies': 2}", 2);
    items = output_items(f, &done, "out", &n);
    assert_int_not_equal(differ(first, image_of(f, items, n, "p0000#0")), 0);
}

static void nothing_is_drawn_in_eval_mode(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done = of_squares(f, "{'copies': 2, 'eval_mode': true}", 2);
    const ost_item *items;
    ost_artifact a;
    size_t n;

    items = output_items(f, &done, "out", &n);
    assert_int_equal(differ(image_of(f, items, n, "p0000#0"),
                            image_of(f, items, n, "p0000#1")),
                     0);
    a = output_artifact(f, &done, "out");
    assert_string_equal(a.meta, "{\"generated\":{\"eval_mode\":true,"
                                "\"images\":4,\"network\":\"g\",\"objective\":"
                                "\"pix2pix\",\"way\":\"generate\"}}");
}

/* In a fresh store each time, so that nothing is remembered. */
static void neighbors_and_threads_change_nothing(void **state)
{
    static const int sizes[] = { 1, 3, 9 };
    step_fixture *f = *state;
    const unsigned char *first = NULL;

    for (int i = 0; i < 3; i++) {
        const ost_item *items;
        const unsigned char *image;
        ost_done_msg done;
        size_t n;

        ost_batch_free(f->batch);
        ost_store_close(f->store);
        f->store = new_store(ost_arena_printf(&f->arena, "store%d", i));
        f->batch = ost_batch_new(f->store);
        f->threads = (uint32_t)i + 1;
        done = of_squares(f, "{}", sizes[i]);
        items = output_items(f, &done, "out", &n);
        assert_int_equal(done.computed, sizes[i]);
        image = image_of(f, items, n, "p0000#0");
        if (first)
            assert_int_equal(differ(first, image), 0);
        first = image;
    }
}

static void one_new_item_costs_one_image(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done = of_squares(f, "{'copies': 2}", 3);
    const ost_item *items;
    size_t n;
    const unsigned char *first;

    items = output_items(f, &done, "out", &n);
    first = image_of(f, items, n, "p0002#1");
    assert_int_equal(done.computed, 6);
    done = of_squares(f, "{'copies': 2, 'tag': 'x'}", 4);
    assert_int_equal(done.computed, 2);
    assert_int_equal(done.remembered, 6);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(differ(first, image_of(f, items, n, "p0002#1.x")), 0);
}

static void names_are_for_people_to_choose(void **state)
{
    step_fixture *f = *state;
    const char *with = "{'label': 'lesion', 'tag': 'fold0', 'to': 'made', "
                       "'condition': 'contour'}";
    ost_done_msg done = of_squares(f, with, 2);
    const ost_item *items, *it;
    size_t n;

    items = output_items(f, &done, "out", &n);
    it = item_named(items, n, "p0001#0.fold0");
    assert_string_equal(ost_item_label(it), "lesion");
    assert_int_equal(it->n_labels, 1);
    assert_int_equal(it->n_fields, 4);
    assert_memory_equal(field_bytes(f, it, "contour", NULL),
                        field_bytes(f, it, "image", NULL), SIDE * SIDE);
    assert_int_not_equal(differ(field_bytes(f, it, "made", NULL),
                                field_bytes(f, it, "image", NULL)),
                         0);
}

static void refused(step_fixture *f, const char *with, ost_digest model,
                    const ost_digest *data, const char *message)
{
    ost_done_msg done = run(f, with, model, data);

    assert_int_not_equal(done.rc, OST_OK);
    assert_string_equal(done.error, message);
}

static void another_field_may_be_read(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done = of_squares(f, "{'eval_mode': true}", 2);
    const unsigned char *of_image;
    const ost_item *items;
    size_t n;

    items = output_items(f, &done, "out", &n);
    of_image = image_of(f, items, n, "p0001#0");
    done = of_squares(f, "{'eval_mode': true, 'field': 'mask.square'}", 2);
    items = output_items(f, &done, "out", &n);
    assert_int_not_equal(differ(of_image, image_of(f, items, n, "p0001#0")), 0);
}

/* --- other ways ----------------------------------------------------------- */

/* From 6 numbers to 16 x 16 pixels. */
static const generator_case drawn = {
    .objective = "dcgan",
    .network = "{'osteon_model': 1, 'name': 'g', 'layers': [\n"
               "{'op': 'conv_transpose2d', 'out': 4, 'kernel': 16},\n"
               "{'op': 'batch_norm'}, {'op': 'relu'},\n"
               "{'op': 'conv2d', 'out': 1, 'kernel': 1}, {'op': 'tanh'}]}",
    .meta = "{'kind': 'generator', 'objective': 'dcgan', 'input': [], 'image': "
            "{'field': 'image', " SIDES
            "}, 'latent': [6, 1, 1], 'classes': ['lesion']}",
    .ndim = 4,
    .shape = { 1, 6, 1, 1 },
    .key = 3,
};

static void numbers_become_images(void **state)
{
    step_fixture *f = *state;
    const ost_item *items, *it;
    const unsigned char *first;
    ost_done_msg done;
    size_t n;

    f->numeric = backend_case_numeric();
    done = run(f, "{'count': 3, 'tag': 'd'}",
               generator_model(f, &drawn, learned), NULL);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 3);
    it = item_named(items, n, "generated-00002.d");
    assert_string_equal(it->group, it->id);
    assert_string_equal(ost_item_label(it), "lesion");
    assert_int_equal(it->n_parents, 0);
    assert_false(ost_digest_is_zero(&it->exposure));
    first = image_of(f, items, n, "generated-00000.d");
    assert_int_not_equal(
        differ(first, image_of(f, items, n, "generated-00001.d")), 0);
    assert_non_null(
        strstr(output_artifact(f, &done, "out").meta, "\"eval_mode\":true"));
    /* More of them are these and others. */
    done = run(f, "{'count': 5}", generator_model(f, &drawn, learned), NULL);
    assert_int_equal(done.computed, 2);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(differ(first, image_of(f, items, n, "generated-00000")),
                     0);
    done = run(f, "{'count': 1, 'eval_mode': false, 'label': 'x'}",
               generator_model(f, &drawn, learned), NULL);
    items = output_items(f, &done, "out", &n);
    assert_string_equal(ost_item_label(&items[0]), "x");
    assert_int_not_equal(
        differ(first, image_of(f, items, n, "generated-00000")), 0);
}

static void ways_that_draw_read_nothing(void **state)
{
    step_fixture *f = *state;
    ost_digest data = items_of(f, 0, 2, NULL);

    f->numeric = backend_case_numeric();
    refused(f, "{}", generator_model(f, &drawn, learned), NULL,
            "way 'generate' draws what it begins with: param 'count' says how "
            "many images");
    refused(f, "{'count': 2}", generator_model(f, &drawn, learned), &data,
            "way 'generate' draws what it begins with: nothing is to stand at "
            "port 'data'");
}

static void each_way_has_its_network(void **state)
{
    generator_case c = pairs;
    step_fixture *f = *state;
    ost_digest data = items_of(f, 0, 1, NULL), model;
    const unsigned char *images[2];

    c.objective = "cycle_gan";
    c.meta = "{'kind': 'generator', 'objective': 'cycle_gan', 'input': "
             "[{'field': 'image', " SIDES "}, {'field': 'image', " SIDES
             "}], 'image': {'field': 'image', " SIDES "}, 'classes': []}";
    f->numeric = backend_case_numeric();
    model = generator_model(f, &c, learned);
    for (int i = 0; i < 2; i++) {
        ost_done_msg done = run(f,
                                i ? "{'way': 'b_to_a', 'eval_mode': true}"
                                  : "{'eval_mode': true}",
                                model, &data);
        const ost_item *items;
        size_t n;

        items = output_items(f, &done, "out", &n);
        images[i] = image_of(f, items, n, "p0000#0");
    }
    assert_int_not_equal(differ(images[0], images[1]), 0);
    refused(f, "{'way': 'b_to_c'}", model, &data,
            "a generator of objective 'cycle_gan' has no way 'b_to_c'; it has "
            "'a_to_b', 'b_to_a'");
}

/* Two frames become the next two. */
static const generator_case series = {
    .objective = "conv_lstm_gan",
    .network = "{'osteon_model': 1, 'name': 'g', 'layers': [\n"
               "{'op': 'conv3d', 'out': 1, 'kernel': 3, 'padding': 1},\n"
               "{'op': 'tanh'}]}",
    .meta = "{'kind': 'generator', 'objective': 'conv_lstm_gan', 'input': "
            "[{'field': 'frames', 'frames': 2, " SIDES
            "}], 'image': {'field': 'frames', 'frames': 2, " SIDES
            "}, 'classes': []}",
    .ndim = 5,
    .shape = { 1, 1, 2, 16, 16 },
    .key = 3,
};

/* `n` frames, of which frame t is filled with 10 t. */
static ost_digest stack_of(step_fixture *f, int64_t n)
{
    unsigned char pixels[8 * SIDE * SIDE];
    ost_item item = { .id = "s", .group = "p" };
    ost_field field = { .name = "frames",
                        .dtype = OST_U8,
                        .ndim = 3,
                        .shape = { n, SIDE, SIDE },
                        .stride = { SIDE * SIDE, SIDE, 1 } };
    ost_err err = { 0 };
    ost_digest d;

    for (int i = 0; i < (int)n * SIDE * SIDE; i++)
        pixels[i] = (unsigned char)(i / (SIDE * SIDE) * 10);
    assert_ok(ost_batch_put_blob(f->batch, pixels, (size_t)n * SIDE * SIDE,
                                 &field.blob, &err),
              &err);
    ost_item_set_field(&f->arena, &item, &field);
    assert_ok(ost_dataset_put(f->batch, OST_DATASET, "{}", &item, 1, &d, &err),
              &err);
    commit(f->batch);
    return d;
}

static const unsigned char *frames_of(step_fixture *f, const char *with,
                                      ost_digest data, int64_t n)
{
    ost_done_msg done =
        run(f, with, generator_model(f, &series, learned), &data);
    const ost_item *items;
    size_t size;

    items = output_items(f, &done, "out", &size);
    assert_int_equal(size > 0, 1);
    assert_int_equal(ost_item_field(&items[0], "frames")->ndim, 3);
    assert_int_equal(ost_item_field(&items[0], "frames")->shape[0], n);
    return field_bytes(f, &items[0], "frames", &size);
}

static void given_frames_stand_in_front(void **state)
{
    step_fixture *f = *state;
    const unsigned char *all, *made;

    f->numeric = backend_case_numeric();
    all = frames_of(f, "{}", stack_of(f, 5), 4);
    for (int i = 0; i < 2 * SIDE * SIDE; i++)
        assert_int_equal(all[i], i / (SIDE * SIDE) * 10);
    /* No frame is left out: tanh of small numbers is gray. */
    for (int i = 2 * SIDE * SIDE; i < 4 * SIDE * SIDE; i++)
        assert_in_range(all[i], 1, 254);
    made = frames_of(f, "{'keep_given': false}", stack_of(f, 5), 2);
    assert_memory_equal(all + 2 * SIDE * SIDE, made, 2 * SIDE * SIDE);
    refused(f, "{}", generator_model(f, &series, learned),
            &(ost_digest[]){ stack_of(f, 1) }[0],
            "item 's' has 1 frames, the model reads 2");
}

static void an_image_is_repeated(void **state)
{
    step_fixture *f = *state;
    const unsigned char *all;

    f->numeric = backend_case_numeric();
    all = frames_of(f, "{}", items_of(f, 0, 1, NULL), 4);
    assert_int_equal(differ(all, all + SIDE * SIDE), 0);
    assert_int_not_equal(differ(all, all + 2 * SIDE * SIDE), 0);
}

/* --- what is refused ------------------------------------------------------ */

static void models_that_generate_nothing_are_refused(void **state)
{
    static const struct {
        const char *meta;
        const char *message;
    } cases[] = {
        { "{'target': {'kind': 'label', 'name': 'label'}}",
          "the model is no generator ('train_gan' makes one)" },
        { "{'kind': 'discriminator', 'objective': 'pix2pix'}",
          "the model is a discriminator, which makes no images ('train_gan' "
          "has them at output 'generator')" },
        { "{'kind': 'generator', 'objective': 'magic'}",
          "the model's objective 'magic' is not known" },
        { "{'kind': 'generator'}", "the model's objective '' is not known" },
        { "{'kind': 'generator', 'objective': 'pix2pix'}",
          "the model's 'image' is malformed" },
        { "{'kind': 'generator', 'objective': 'pix2pix', 'image': {'field': "
          "'image', " SIDES "}, 'input': [{'field': 'image', 'channels': 0, "
          "'height': 16, 'width': 16}]}",
          "the model's 'input' is malformed" },
        { "{'kind': 'generator', 'objective': 'pix2pix', 'image': {'field': "
          "'image', " SIDES "}, 'input': [{'field': 'image', " SIDES
          "}], 'classes': [7]}",
          "the model's 'classes' is malformed" },
        { "{'kind': 'generator', 'objective': 'pix2pix', 'image': {'field': "
          "'image', 'channels': 3, 'height': 16, 'width': 16}, 'input': "
          "[{'field': 'image', " SIDES "}]}",
          "the model's network makes 1x1x16x16, its images are 1x3x16x16" },
    };
    step_fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ost_digest data = items_of(f, 0, 2, NULL);

        refused(f, "{}", model_of(f, cases[i].meta), &data, cases[i].message);
    }
}

static void ways_are_told(void **state)
{
    step_fixture *f = *state;
    ost_digest data = items_of(f, 0, 2, NULL);

    refused(f, "{'way': 'a_to_b'}", model_of(f, NULL), &data,
            "a generator of objective 'pix2pix' has no way 'a_to_b'; it has "
            "'generate'");
    refused(f, "{}", model_of(f, NULL), NULL,
            "way 'generate' reads items: a dataset is to stand at port 'data'");
    refused(f, "{'count': 3}", model_of(f, NULL), &data,
            "way 'generate' reads items: there are as many images, times "
            "'copies', and 'count' is of ways that draw");
}

static void give(step_fixture *f, ost_item *item, ost_dtype dtype, int ndim,
                 const int64_t *shape)
{
    static const unsigned char zeros[4 * 32 * 32];
    ost_tensor t = ost_tensor_of(NULL, dtype, ndim, shape);
    ost_field field = { .name = "image", .dtype = dtype, .ndim = ndim };
    ost_err err = { 0 };

    memcpy(field.shape, t.shape, sizeof(field.shape));
    memcpy(field.stride, t.stride, sizeof(field.stride));
    assert_ok(
        ost_batch_put_blob(f->batch, zeros, sizeof(zeros), &field.blob, &err),
        &err);
    ost_item_set_field(&f->arena, item, &field);
}

static void give_large(step_fixture *f, ost_item *item)
{
    give(f, item, OST_U8, 2, (int64_t[]){ 20, 24 });
}

static void give_pair(step_fixture *f, ost_item *item)
{
    give(f, item, OST_U8, 2, (int64_t[]){ 16, 32 });
}

static void give_color(step_fixture *f, ost_item *item)
{
    give(f, item, OST_U8, 3, (int64_t[]){ 16, 16, 3 });
}

static void give_floats(step_fixture *f, ost_item *item)
{
    give(f, item, OST_F32, 2, (int64_t[]){ 16, 16 });
}

static void give_nothing(step_fixture *f, ost_item *item)
{
    ost_item_remove_field(&f->arena, item, "image");
}

static void pictures_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        void (*change)(step_fixture *f, ost_item *item);
        const char *message;
    } cases[] = {
        { give_large,
          "item 'p0001': field 'image' is 20 x 24, the model learned 16 x 16 "
          "('resize' makes them alike)" },
        { give_pair,
          "item 'p0001': field 'image' is 16 x 32, the model learned 16 x 16 "
          "(a pair: 'unpair' takes it apart)" },
        { give_color, "item 'p0001' has 3 channels, the model learned 1" },
        { give_floats, "item 'p0001': field 'image' is no picture of u8, which "
                       "the model learned from" },
        { give_nothing,
          "item 'p0001': there is no field 'image' (there is 'mask.square')" },
    };
    step_fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ost_digest data = items_of(f, 0, 2, cases[i].change);

        refused(f, "{}", model_of(f, NULL), &data, cases[i].message);
    }
}

static void names_that_mean_something_else_are_refused(void **state)
{
    step_fixture *f = *state;
    ost_digest data = items_of(f, 0, 2, NULL);

    refused(f, "{'to': 'frames'}", model_of(f, NULL), &data,
            "this image cannot be called 'frames'");
    refused(f, "{'condition': 'frames'}", model_of(f, NULL), &data,
            "param 'condition': the picture cannot be called 'frames'");
}

static void params_are_checked(void **state)
{
    static const char *const with[] = {
        "{\"tag\":\"\"}",    "{\"tag\":\"a#b\"}",     "{\"tag\":\"a/b\"}",
        "{\"tag\":\"a b\"}", "{\"eval_mode\":\"x\"}",
    };

    (void)state;
    for (int i = 0; i < 5; i++) {
        json_t *given = json_loads(with[i], 0, NULL), *full = NULL;
        ost_arena arena = { 0 };
        ost_err err = { 0 };
        const void *params;

        assert_ok(ost_params_complete(&ost_stage_generate, given, NULL, NULL,
                                      &full, &err),
                  &err);
        assert_ok(
            ost_params_fill(&ost_stage_generate, full, &arena, &params, &err),
            &err);
        assert_int_equal(ost_stage_generate.check(params, &err), OST_EWORKFLOW);
        ost_arena_release(&arena);
        json_decref(given);
        json_decref(full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(images_have_what_their_item_has),
        step_test(each_copy_is_drawn),
        step_test(nothing_is_drawn_in_eval_mode),
        step_test(neighbors_and_threads_change_nothing),
        step_test(one_new_item_costs_one_image),
        step_test(names_are_for_people_to_choose),
        step_test(another_field_may_be_read),
        step_test(numbers_become_images),
        step_test(ways_that_draw_read_nothing),
        step_test(each_way_has_its_network),
        step_test(given_frames_stand_in_front),
        step_test(an_image_is_repeated),
        step_test(models_that_generate_nothing_are_refused),
        step_test(ways_are_told),
        step_test(pictures_that_do_not_fit_are_refused),
        step_test(names_that_mean_something_else_are_refused),
        cmocka_unit_test(params_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
