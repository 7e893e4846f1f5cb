/* tests/unit/test_train_gan.c - generators and discriminators in training */
/* links: stages kernels store base */
/* on: cpu cuda */
#include "kernels/average.h"
#include "stages/gan_training.h"
#include "tests/support/gan_trainings.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

const ost_stage *const ost_stages[] = { &ost_stage_train_gan, NULL };

static const char everything[] =
    "{" SIDES ", \"steps\": 15, \"batch\": 3, \"discriminator_steps\": 2, "
    "\"smoothing\": 0.1, \"jitter\": 1.2, \"flip_h\": 0.5, \"history\": 5, "
    "\"schedule\": \"linear\", \"linear_after\": 0.2, \"ema\": 0.9, "
    "\"weight_decay\": 0.001, \"clip_norm\": 1, "
    "\"discriminator_learning_rate\": 0.001, \"samples\": 5, "
    "\"sample_every\": 4, \"collapse\": 0.001, \"on_divergence\": \"keep\"}";

static void results_do_not_hang_on_threads(void **state)
{
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 10);
    ost_done_msg first = train_on(f, everything, 1, data);

    for (uint32_t t = 2; t <= 4; t += 2) {
        ost_done_msg other = train_on(f, everything, t, data);

        same_outputs(&first, &other);
    }
}

/* Cut off after every few updates, until it is through. */
static void a_training_survives_being_cut_off(void **state)
{
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 10);
    ost_done_msg whole = train_on(f, everything, 2, data);
    ost_done_msg done;
    int cuts = 0;

    f->stop_after = 3;
    while ((done = train_on(f, everything, 1 + (uint32_t)cuts % 3, data)).rc ==
           OST_EINTERRUPTED)
        assert_true(++cuts < 40);
    assert_true(cuts >= 4);
    same_outputs(&whole, &done);
}

static void both_models_say_what_they_are(void **state)
{
    fixture *f = *state;
    ost_done_msg done = train_on(
        f,
        "{" SIDES ", \"epochs\": 2, \"batch\": 4, \"generator_params\": "
        "{\"width\": 6}, \"terms\": {\"l1\": 10}}",
        1, pictures(f, 0, 10));
    json_t *g = meta_of(f, must(&done), 0);
    json_t *d = meta_of(f, &done, 1);
    json_t *v = json_object_get(g, "input");

    assert_string_equal(json_string_value(json_object_get(g, "kind")),
                        "generator");
    assert_string_equal(json_string_value(json_object_get(d, "kind")),
                        "discriminator");
    assert_string_equal(json_string_value(json_object_get(d, "network")),
                        "tiny_discriminator");
    assert_int_equal(json_array_size(v), 1);
    v = json_array_get(v, 0);
    assert_int_equal(json_integer_value(json_object_get(v, "width")), SIDE / 2);
    assert_int_equal(json_integer_value(json_object_get(v, "height")), SIDE);
    v = json_object_get(g, "params");
    assert_int_equal(json_integer_value(json_object_get(v, "width")), 6);
    /* 6 filters of 4 x 4, their biases and norms, and back */
    assert_int_equal(json_integer_value(json_object_get(g, "n_weights")),
                     6 * 16 + 6 + 12 + 6 * 16 + 1);
    assert_int_equal(json_array_size(json_object_get(g, "classes")), 3);
    v = json_object_get(g, "history");
    assert_int_equal(json_array_size(v), 2);
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(v, 1), "step")), 5);
    assert_true(
        json_number_value(json_object_get(json_array_get(v, 1), "g_l1")) > 0.0);
    json_decref(d);
    json_decref(g);
}

/* Every item comes once in an epoch, whatever the batch. */
static void rows_take_every_item_once_in_an_epoch(void **state)
{
    fixture *f = *state;
    step_state step = { .msg = &(ost_step_msg){ .threads = 1 } };
    ost_stage_ctx ctx = { .step = &step };
    ost_gan_pictures p = { .ctx = &ctx, .kind = OST_GAN_DOMAINS, .n_sets = 2 };
    uint32_t order[2][21];
    int64_t sizes[] = { 7, 5 };
    ost_err err = { 0 };

    (void)f;
    for (int s = 0; s < 2; s++)
        p.rows[s] = (ost_gan_row){ .stream = (uint64_t)s,
                                   .n = (size_t)sizes[s],
                                   .epoch = -1 };
    for (int s = 0; s < 2; s++)
        for (int64_t i = 0; i < 3 * sizes[s]; i++)
            assert_ok(ost_gan_item_at(&p, s, i, &order[s][i], &err), &err);
    for (int s = 0; s < 2; s++)
        for (int64_t e = 0; e < 3; e++) {
            unsigned seen = 0;

            for (int64_t i = 0; i < sizes[s]; i++)
                seen |= 1u << order[s][e * sizes[s] + i];
            assert_int_equal(seen, (1u << sizes[s]) - 1);
        }
    assert_memory_not_equal(order[0], order[0] + 7, 7 * sizeof(order[0][0]));
    ost_gan_pictures_release(&p);
}

static void initial_weights_come_from_another_model(void **state)
{
    static const char still[] = "{" SIDES ", \"steps\": 1, \"learning_rate\": "
                                "0}";
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 6);
    ost_done_msg first = train_on(f, everything, 1, data);
    ost_step_input ports[] = {
        input("in", data), input("init", must(&first)->outputs[0].artifact)
    };
    ost_done_msg done = run(f, &ost_stage_train_gan, still, 1, ports, 2);
    json_t *meta = meta_of(f, must(&done), 0);
    json_t *init = json_object_get(meta, "init");

    assert_int_equal(json_array_size(json_object_get(init, "loaded")), 8);
    assert_int_equal(json_array_size(json_object_get(init, "skipped")), 0);
    assert_string_equal(done.notes, "init: 8 weights loaded\n");
    json_decref(meta);
}

static void the_average_lets_go_of_the_first_weights(void **state)
{
    const int64_t shape[] = { 3 };
    const float first[] = { 0.0f, 1.0f, -2.0f };
    ost_backend *backend;
    ost_weights *w;
    ost_weight like = { .name = (char *)(uintptr_t) "w", .ndim = 1 };
    ost_weight *weight;
    ost_average *a;
    float out[3];
    double expected = 0.0;
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_backend_open("cpu", 1, &backend, &err), &err);
    w = ost_weights_new(backend);
    like.shape[0] = shape[0];
    assert_ok(ost_weights_declare(w, &like, &weight, &err), &err);
    assert_ok(ost_weights_place(w, weight, 3, NULL, false, &err), &err);
    assert_ok(ost_weights_set(w, weight, OST_PART_DATA, first, &err), &err);
    assert_ok(ost_average_new(w, 0.5, &a, &err), &err);
    for (int t = 1; t <= 40; t++) {
        const float now[] = { (float)t, 1.0f, -2.0f };
        double d = fmin(0.5, t / (t + 9.0));

        assert_ok(ost_weights_set(w, weight, OST_PART_DATA, now, &err), &err);
        assert_ok(ost_average_follow(a, t, &err), &err);
        expected = d * expected + (1.0 - d) * t;
        assert_ok(ost_average_get(a, 0, out, &err), &err);
        assert_true(fabs((double)out[0] - expected) < 1e-5 * expected);
    }
    assert_true(out[1] == 1.0f && out[2] == -2.0f);
    ost_average_free(a);
    ost_weights_free(w);
    ost_backend_close(backend);
}

/* --- other objectives ---------------------------------------------------- */

static const char domains[] =
    "{\"objective\": \"cycle_gan\", \"generator\": \"generator\", "
    "\"discriminator\": \"discriminator\", \"steps\": 8, \"batch\": 2, "
    "\"history\": 3, \"samples\": 3, \"sample_every\": 3, \"jitter\": 1.1}";
static const char drawn[] =
    "{\"objective\": \"dcgan\", \"generator\": \"drawn\", "
    "\"discriminator\": \"discriminator\", \"steps\": 8, \"batch\": 3, "
    "\"history\": 5, \"samples\": 3, \"sample_every\": 3, \"ema\": 0.9}";

/* Whole, on several threads, and cut off: the same. */
static void same_however_it_runs(fixture *f, const char *with,
                                 const ost_step_input *ports, uint32_t n,
                                 ost_done_msg *whole)
{
    ost_done_msg done;
    int cuts = 0;

    *whole = run(f, &ost_stage_train_gan, with, 1, ports, n);
    done = run(f, &ost_stage_train_gan, with, 3, ports, n);
    same_outputs(whole, &done);
    f->stop_after = 2;
    while ((done = run(f, &ost_stage_train_gan, with, 2, ports, n)).rc ==
           OST_EINTERRUPTED)
        assert_true(++cuts < 40);
    f->stop_after = -1;
    assert_true(cuts >= 3);
    same_outputs(whole, &done);
}

static void two_domains_need_not_be_as_many(void **state)
{
    fixture *f = *state;
    ost_step_input ports[] = { input("in", pictures(f, 0, 5)),
                               input("b", pictures(f, 100, 7)) };
    ost_done_msg done;
    json_t *meta;
    size_t n;

    same_however_it_runs(f, domains, ports, 2, &done);
    meta = meta_of(f, &done, 0);
    assert_int_equal(json_array_size(json_object_get(meta, "input")), 2);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(meta, "training"), "items_b")),
                     7);
    json_decref(meta);
    items_at(f, &done, 2, &n);
    assert_int_equal(n, 9);
    done = run(f, &ost_stage_train_gan, domains, 1, ports, 1);
    assert_string_equal(done.error, "the objective needs a second domain, a "
                                    "dataset at port 'b'");
}

static void drawn_images_have_no_parents(void **state)
{
    fixture *f = *state;
    ost_step_input ports[] = { input("in", pictures(f, 0, 8)) };
    ost_done_msg done;
    ost_item *items;
    json_t *meta;
    size_t n;

    same_however_it_runs(f, drawn, ports, 1, &done);
    meta = meta_of(f, &done, 0);
    assert_int_equal(json_array_size(json_object_get(meta, "input")), 0);
    assert_int_equal(json_array_size(json_object_get(meta, "latent")), 3);
    json_decref(meta);
    items = items_at(f, &done, 2, &n);
    assert_int_equal(n, 9);
    assert_string_equal(items[0].id, "drawn-0000#3");
    assert_string_equal(items[0].group, "drawn-0000#3");
    assert_int_equal(items[0].n_parents, 0);
    done = run(f, &ost_stage_train_gan,
               "{\"objective\": \"dcgan\", \"generator\": \"generator\", "
               "\"discriminator\": \"discriminator\"}",
               1, ports, 1);
    assert_string_equal(done.error,
                        "the generator's file says no 'input', the shape of "
                        "the numbers that it makes an image of");
}

/* `n` series of `frames` pictures. */
static ost_digest series(fixture *f, int n, int frames)
{
    ost_item *items = OST_ARENA_ARRAY(&f->arena, ost_item, (size_t)n);
    ost_field *fields = OST_ARENA_ARRAY(&f->arena, ost_field, (size_t)n);
    ost_err err = { 0 };
    ost_digest d;

    for (int i = 0; i < n; i++) {
        unsigned char p[8 * SIDE * SIDE];
        char *id = ost_arena_printf(&f->arena, "s%04d", i);

        for (int k = 0; k < frames; k++)
            paint(p + k * SIDE * SIDE, i % 3, (uint64_t)(i * frames + k));
        fields[i] = (ost_field){ .name = "frames",
                                 .dtype = OST_U8,
                                 .ndim = 3,
                                 .shape = { frames, SIDE, SIDE },
                                 .stride = { SIDE * SIDE, SIDE, 1 } };
        assert_ok(ost_batch_put_blob(f->batch, p,
                                     (size_t)(frames * SIDE * SIDE),
                                     &fields[i].blob, &err),
                  &err);
        items[i] = (ost_item){
            .id = id, .group = id, .fields = &fields[i], .n_fields = 1
        };
    }
    assert_ok(ost_dataset_put(f->batch, OST_DATASET, "{}", items, (size_t)n, &d,
                              &err),
              &err);
    commit(f->batch);
    return d;
}

static void series_go_on(void **state)
{
    static const char with[] =
        "{\"objective\": \"conv_lstm_gan\", \"generator\": \"series\", "
        "\"discriminator\": \"judge\", \"steps\": 8, \"batch\": 2, "
        "\"history\": 3, \"samples\": 3, \"sample_every\": 3, \"flip_h\": "
        "0.5}";
    fixture *f = *state;
    ost_step_input ports[] = { input("in", series(f, 6, 4)) };
    const ost_field *field;
    ost_done_msg done;
    ost_item *items;
    json_t *meta;
    json_t *in;
    size_t n;

    same_however_it_runs(f, with, ports, 1, &done);
    meta = meta_of(f, &done, 0);
    in = json_array_get(json_object_get(meta, "input"), 0);
    assert_int_equal(json_integer_value(json_object_get(in, "frames")), 2);
    in = json_object_get(meta, "image");
    assert_int_equal(json_integer_value(json_object_get(in, "frames")), 2);
    json_decref(meta);
    meta = meta_of(f, &done, 1);
    in = json_object_get(meta, "params"); /* what the data decide */
    assert_int_equal(json_integer_value(json_object_get(in, "frames")), 2);
    json_decref(meta);
    items = items_at(f, &done, 2, &n);
    assert_int_equal(n, 9);
    field = ost_item_field(&items[0], "frames");
    assert_int_equal(field->ndim, 3);
    assert_int_equal(field->shape[0], 2);
    items = items_at(f, &done, 3, &n);
    field = ost_item_field(&items[0], "image");
    /* two frames that are given, two that are made, two real ones */
    assert_int_equal(field->shape[0], 6 * SIDE);
    ports[0] = input("in", series(f, 6, 2));
    done = run(f, &ost_stage_train_gan, with, 1, ports, 1);
    assert_string_equal(done.error, "series have 2 frames, of which 'given' "
                                    "leaves none to be made");
    ports[0] = input("in", pictures(f, 0, 3));
    done = run(f, &ost_stage_train_gan,
               "{\"objective\": \"conv_lstm_gan\", \"generator\": \"series\", "
               "\"discriminator\": \"judge\", \"field\": \"image\"}",
               1, ports, 1);
    assert_string_equal(done.error, "the objective learns from series, and "
                                    "field 'image' holds pictures ('field': "
                                    "'frames')");
}

static void penalties_go_on_as_well(void **state)
{
    static const char with[] =
        "{\"objective\": \"dcgan\", \"generator\": \"drawn\", "
        "\"discriminator\": \"discriminator\", \"steps\": 8, \"batch\": 3, "
        "\"loss\": \"wasserstein\", \"penalty\": \"gradient\", "
        "\"discriminator_steps\": 2}";
    fixture *f = *state;
    ost_step_input ports[] = { input("in", pictures(f, 0, 8)) };
    ost_done_msg done;

    same_however_it_runs(f, with, ports, 1, &done);
}

static void linear_falls_to_nothing(void **state)
{
    const ost_schedule s = {
        .kind = OST_RATE_LINEAR, .rate = 0.5, .total_steps = 10, .falls_from = 6
    };
    const double rates[] = { 0.5, 0.5, 0.5,   0.5,  0.5,
                             0.5, 0.5, 0.375, 0.25, 0.125 };

    (void)state;
    for (int64_t i = 0; i < 10; i++)
        assert_true(ost_schedule_rate(&s, NULL, 0, i) == rates[i]);
}

/* --- what is refused ----------------------------------------------------- */

static void refuses(fixture *f, const char *with, const char *text)
{
    json_t *given = json_loads(with, 0, NULL);
    json_t *full = NULL;
    const void *params;
    ost_err err = { 0 };

    assert_non_null(given);
    assert_ok(ost_params_complete(&ost_stage_train_gan, given, give_network,
                                  NULL, &full, &err),
              &err);
    assert_ok(
        ost_params_fill(&ost_stage_train_gan, full, &f->arena, &params, &err),
        &err);
    assert_int_equal(ost_stage_train_gan.check(params, &err), OST_EWORKFLOW);
    assert_string_equal(err.text, text);
    json_decref(full);
    json_decref(given);
}

static void combinations_are_refused(void **state)
{
    static const struct {
        const char *with;
        const char *text;
    } cases[] = {
        { ", \"terms\": {\"l2\": 1}",
          "'terms': 'pix2pix' has no term 'l2' (did you mean 'l1'?)" },
        { ", \"terms\": {\"perceptual\": 1}",
          "'terms': 'pix2pix' has no term 'perceptual' (it has 'gan', 'l1')" },
        { ", \"terms\": {\"l1\": -1}",
          "'terms': the weight of 'l1' is to be a number, 0 or above" },
        { ", \"terms\": {\"l1\": \"much\"}",
          "'terms': the weight of 'l1' is to be a number, 0 or above" },
        { ", \"loss\": \"hinge\", \"smoothing\": 0.1",
          "'smoothing' is of 'loss': 'bce' and 'least_squares', which have "
          "labels" },
        { ", \"penalty\": \"r1\", \"penalty_weight\": 0",
          "'penalty' has a 'penalty_weight' of 0" },
        { ", \"condition\": \"image\", \"field\": \"image\"",
          "'condition' and 'field' are the same" },
        { ", \"objective\": \"cycle_gan\", \"discriminator_steps\": 2",
          "'discriminator_steps' above 1 is of objectives that update the "
          "discriminator first, which 'cycle_gan' does not" },
        { ", \"objective\": \"cycle_gan\", \"condition\": \"contour\"",
          "'condition' is of objectives that learn from pairs, which "
          "'cycle_gan' does not" },
        { ", \"collapse\": 0.1",
          "'collapse' looks at 'samples', 2 at least, every 'sample_every' "
          "updates" },
        { ", \"collapse\": 0.1, \"sample_every\": 3, \"samples\": 1",
          "'collapse' looks at 'samples', 2 at least, every 'sample_every' "
          "updates" },
        { ", \"on_divergence\": \"keep\"",
          "'on_divergence': 'keep' goes back to a time when 'samples' were "
          "looked at, which 'sample_every' says" },
        { ", \"generator_params\": {\"domain\": \"a\"}",
          "generator: the param 'domain' is given by the objective, for each "
          "network anew" },
        { ", \"generator_params\": {\"widht\": 3}",
          "generator:2:11: network 'tiny_generator' has no param 'widht' (did "
          "you mean 'width'?)" },
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refuses(f, ost_arena_printf(&f->arena, "{" SIDES "%s}", cases[i].with),
                cases[i].text);
}

static void fails(fixture *f, const char *with, ost_digest data,
                  const char *text)
{
    ost_done_msg done = train_on(f, with, 1, data);

    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error, text);
}

static void pictures_that_do_not_fit_are_named(void **state)
{
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 3);
    ost_step_input ports[] = { input("in", data), input("b", data) };
    ost_done_msg done =
        run(f, &ost_stage_train_gan, "{" SIDES "}", 1, ports, 2);

    assert_string_equal(done.error, "the objective knows no second domain: "
                                    "nothing is to stand at port 'b'");
    fails(f, "{" SIDES ", \"condition\": \"contour\"}", data,
          "item 'p0000': there is no field 'contour' (there is 'image')");
    fails(f, "{" SIDES ", \"generator_params\": {\"channels\": 3}}", data,
          "generator: makes 1x3x16x8, the images are 1x1x16x8");
}

/* Items with fields of the given types and sides, in a dataset. */
typedef struct {
    const char *name;
    ost_dtype dtype;
    int64_t height;
    int64_t width;
} blank;

static ost_digest blanks(fixture *f, const char *id, const blank *b, size_t n)
{
    ost_item item = { .id = id, .group = id, .n_fields = n };
    ost_field *fields = OST_ARENA_ARRAY(&f->arena, ost_field, n);
    ost_err err = { 0 };
    ost_digest d;

    for (size_t i = 0; i < n; i++) {
        size_t size =
            (size_t)(b[i].height * b[i].width) * ost_dtype_size(b[i].dtype);
        void *bytes = ost_xalloc(size);

        fields[i] = (ost_field){ .name = b[i].name,
                                 .dtype = b[i].dtype,
                                 .ndim = 2,
                                 .shape = { b[i].height, b[i].width },
                                 .stride = { b[i].width, 1 } };
        assert_ok(
            ost_batch_put_blob(f->batch, bytes, size, &fields[i].blob, &err),
            &err);
        ost_free(bytes);
    }
    item.fields = fields;
    assert_ok(ost_dataset_put(f->batch, OST_DATASET, "{}", &item, 1, &d, &err),
              &err);
    commit(f->batch);
    return d;
}

static void fields_that_do_not_fit_are_named(void **state)
{
    static const blank odd[] = { { "image", OST_U8, 8, 15 } };
    static const blank wide[] = { { "image", OST_U16, 8, 16 } };
    static const blank two[] = { { "contour", OST_U8, 8, 16 },
                                 { "image", OST_U8, 8, 8 } };
    static const blank small[] = { { "image", OST_U8, 8, 8 } };
    fixture *f = *state;
    ost_step_input ports[] = { input("in", pictures(f, 0, 3)),
                               input("b", blanks(f, "x", small, 1)) };
    ost_done_msg done;
    ost_err err = { 0 };
    ost_digest none;

    fails(f, "{" SIDES "}", blanks(f, "x", odd, 1),
          "field 'image' is 15 pixels wide and no pair (a 'pair' stage puts "
          "condition and image side by side; 'condition' names a field of its "
          "own)");
    fails(f, "{" SIDES "}", blanks(f, "x", wide, 1),
          "item 'x': field 'image' is u16, generators learn from u8, 0 to 255 "
          "(a 'normalize' or 'window' stage makes it)");
    fails(f, "{" SIDES ", \"condition\": \"contour\"}", blanks(f, "x", two, 2),
          "field 'contour' is 8 x 16 and field 'image' 8 x 8");
    done = run(f, &ost_stage_train_gan, domains, 1, ports, 2);
    assert_string_equal(done.error,
                        "pictures at port 'in' are 16 x 16, those at port 'b' "
                        "8 x 8 (a 'resize' stage makes them alike)");
    assert_ok(
        ost_dataset_put(f->batch, OST_DATASET, "{}", NULL, 0, &none, &err),
        &err);
    commit(f->batch);
    fails(f, "{" SIDES "}", none, "port 'in' has no items");
}

static void models_that_do_not_fit_are_no_beginning(void **state)
{
    fixture *f = *state;
    ost_digest data = pictures(f, 0, 6);
    ost_done_msg other = train_on(f, everything, 1, data);
    ost_step_input ports[] = {
        input("in", data), input("init", must(&other)->outputs[1].artifact)
    };
    ost_done_msg done =
        run(f, &ost_stage_train_gan, "{" SIDES "}", 1, ports, 2);

    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error,
                        "port 'init': no weight of the model fits the "
                        "generator: the first is 'discriminator.0.weight' "
                        "there and 'generator.0.weight' here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(results_do_not_hang_on_threads, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_training_survives_being_cut_off,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(both_models_say_what_they_are, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(rows_take_every_item_once_in_an_epoch,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(initial_weights_come_from_another_model,
                                        setup, teardown),
        cmocka_unit_test(the_average_lets_go_of_the_first_weights),
        cmocka_unit_test_setup_teardown(two_domains_need_not_be_as_many, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(drawn_images_have_no_parents, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(series_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(penalties_go_on_as_well, setup,
                                        teardown),
        cmocka_unit_test(linear_falls_to_nothing),
        cmocka_unit_test_setup_teardown(combinations_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(pictures_that_do_not_fit_are_named,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(fields_that_do_not_fit_are_named, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(models_that_do_not_fit_are_no_beginning,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
