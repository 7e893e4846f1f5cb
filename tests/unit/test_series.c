/* tests/unit/test_series.c - sequence, frames */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/item_sets.h"

#include "base/banned.h"

extern const ost_stage ost_stage_sequence, ost_stage_frames;
const ost_stage *const ost_stages[] = { &ost_stage_frames, &ost_stage_sequence,
                                        NULL };

enum { H = 2, W = 3, SIZE = H * W };

static void image(item_set *s, const char *id, const char *group,
                  const char *label, double day, unsigned seed)
{
    ost_item *i = set_item(s, id, group, label);

    set_image(s, i, "image", H, W, seed);
    ost_item_set_number(&s->f->arena, i, "day", day);
    ost_item_set_text(&s->f->arena, i, "site", "A");
}

/* Four of p1, not in the order of their ids; one of p2. */
static ost_step_input patients(step_fixture *f)
{
    item_set s = { .f = f };

    image(&s, "a", "p1", "x", 9, 1);
    image(&s, "b", "p1", "x", 2, 2);
    image(&s, "c", "p1", "y", 2, 3);
    image(&s, "d", "p1", "x", -4, 4);
    image(&s, "e", "p2", "y", 0, 5);
    return finish_set(&s, "in");
}

/* The images of a series, by the numbers that they were made from. */
static const char *images_in(step_fixture *f, const ost_item *item)
{
    const unsigned char *have = field_bytes(f, item, "frames", NULL);
    const ost_field *field = ost_item_field(item, "frames");
    ost_buf text = { 0 };
    const char *copy;

    assert_int_equal(field->ndim, 3);
    assert_int_equal(field->shape[1], H);
    assert_int_equal(field->shape[2], W);
    for (int64_t t = 0; t < field->shape[0]; t++)
        for (unsigned seed = 1; seed <= 9; seed++) {
            unsigned char want[SIZE];

            fill_bytes(want, SIZE, seed);
            if (memcmp(have + t * SIZE, want, SIZE) == 0)
                ost_buf_addf(&text, "%u", seed);
        }
    copy = ost_arena_strdup(&f->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return copy;
}

/* "id:images id:images" */
static const char *series_at(step_fixture *f, const ost_done_msg *done)
{
    const char *text = "";
    const ost_item *items;
    size_t n;

    items = output_items(f, done, "out", &n);
    for (size_t i = 0; i < n; i++)
        text = ost_arena_printf(&f->arena, "%s%s%s:%s", text, i ? " " : "",
                                items[i].id, images_in(f, &items[i]));
    return text;
}

static void sequence_goes_by_time(void **state)
{
    static const struct {
        const char *with, *series;
    } rows[] = {
        { "{\"length\":4}", "p1:4231 p2:5555" },
        { "{\"length\":2}", "p1:42 p2:55" },
        { "{\"length\":2,\"long\":\"last\"}", "p1:31 p2:55" },
        { "{\"length\":2,\"long\":\"windows\"}",
          "p1#0:42 p1#1:23 p1#2:31 p2#0:55" },
        { "{\"length\":2,\"long\":\"windows\",\"stride\":2}",
          "p1#0:42 p1#1:31 p2#0:55" },
        { "{\"length\":2,\"short\":\"drop\"}", "p1:42" },
        { "{\"length\":6,\"short\":\"repeat_first\"}", "p1:444231 p2:555555" },
        { "{\"length\":6,\"short\":\"repeat_last\"}", "p1:423111 p2:555555" },
        { "{\"length\":4,\"order\":\"id\"}", "p1:1234 p2:5555" },
        { "{\"length\":1,\"within\":[\"day\"]}",
          "p1/-4:4 p1/2:2 p1/9:1 p2/0:5" },
        { "{\"length\":1,\"by\":\"root\"}", "a:1 b:2 c:3 d:4 e:5" },
    };
    step_fixture *f = *state;
    ost_step_input in = patients(f);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_done_msg done = run_stage(f, "sequence", rows[i].with, &in, 1);

        assert_string_equal(series_at(f, &done), rows[i].series);
    }
}

static void sequence_keeps_what_images_share(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = patients(f);
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "sequence", "{\"length\":5}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_string_equal(items[0].group, "p1");
    assert_string_equal(ost_item_attr(&items[0], "site")->text, "A");
    assert_null(ost_item_attr(&items[0], "day"));
    assert_true(ost_item_attr(&items[0], "frame.0.day")->number == -4);
    assert_true(ost_item_attr(&items[0], "frame.4.day")->number == 9);
    assert_true(ost_item_attr(&items[0], "sequence.images")->number == 4);
    assert_true(ost_item_attr(&items[0], "sequence.of")->number == 4);
    assert_true(ost_item_attr(&items[1], "sequence.images")->number == 1);
    assert_int_equal(items[0].n_parents, 5);
    assert_string_equal(items[0].parents[0], "d");
    assert_string_equal(items[0].parents[4], "a");
    assert_string_equal(done.notes, "2 of 2 series have fewer than 5 images "
                                    "and are filled up\n");
}

/* Whatever groups and attributes hold, and the ids say which is which. */
static void series_of_other_names_do_not_meet(void **state)
{
    static const struct {
        const char *id, *group, *view;
    } rows[] = { { "1", "a/b", "c" },
                 { "2", "a", "b/c" },
                 { "3", "a", "b%2Fc" },
                 { "4", "a/b", "c" } };
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    for (size_t i = 0; i < 4; i++) {
        ost_item *item = set_item(&s, rows[i].id, rows[i].group, NULL);

        set_image(&s, item, "image", 2, 2, 1);
        ost_item_set_text(&f->arena, item, "view", rows[i].view);
    }
    in = finish_set(&s, "in");
    done = run_stage(f, "sequence",
                     "{\"length\":2,\"order\":\"id\",\"within\":[\"view\"]}",
                     &in, 1);
    assert_string_equal(ids_at(f, &done, "out"), "a/b%252Fc a/b%2Fc a/b/c");
}

static void sequence_settles_labels(void **state)
{
    static const struct {
        const char *with, *label;
    } rows[] = {
        { "{\"length\":3}", "y" },
        { "{\"length\":3,\"labels\":\"first\"}", "x" },
        { "{\"length\":3,\"labels\":\"any\"}", "x|y" },
        { "{\"length\":2,\"labels\":\"same\"}", "x" },
    };
    step_fixture *f = *state;
    ost_step_input in = patients(f);
    ost_done_msg done;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ost_buf text = { 0 };
        const ost_item *items;
        size_t n;

        done = run_stage(f, "sequence", rows[i].with, &in, 1);
        items = output_items(f, &done, "out", &n);
        ost_item_add_labels(&text, &items[0]);
        assert_string_equal(ost_buf_str(&text), rows[i].label);
        ost_buf_release(&text);
    }
    done =
        run_stage(f, "sequence", "{\"length\":3,\"labels\":\"same\"}", &in, 1);
    assert_non_null(strstr(done.error,
                           "item 'd' has the label 'x' and item 'c' 'y' "
                           "(labels: last, first or any settles that)"));
}

static void sequence_names_what_does_not_fit(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = patients(f);
    item_set s = { .f = f };
    ost_done_msg done;

    done =
        run_stage(f, "sequence", "{\"length\":2,\"order\":\"time\"}", &in, 1);
    assert_non_null(strstr(done.error, "item 'a' has no attribute 'time' "
                                       "(order: \"id\" goes by id)"));
    done = run_stage(f, "sequence", "{\"length\":2,\"within\":[\"view\"]}", &in,
                     1);
    assert_non_null(
        strstr(done.error, "item 'a' has no attribute 'view' (within)"));
    done =
        run_stage(f, "sequence", "{\"length\":2,\"short\":\"error\"}", &in, 1);
    assert_non_null(strstr(done.error, "there are 1 images and 2 make a series "
                                       "(short: repeat_first, repeat_last or "
                                       "drop)"));
    done =
        run_stage(f, "sequence", "{\"length\":2,\"also\":[\"mask\"]}", &in, 1);
    assert_non_null(strstr(done.error, "there is no field 'mask'"));
    done = run_stage(f, "sequence", "{\"length\":2,\"to\":\"x\"}", &in, 1);
    assert_non_null(strstr(done.error, "frames cannot be called 'x'"));
    image(&s, "a", "p", "x", 1, 1);
    ost_item_set_number(&f->arena, set_item(&s, "b", "p", "x"), "day", 2);
    set_image(&s, &s.items[1], "image", 4, 4, 2);
    in = finish_set(&s, "in");
    done = run_stage(f, "sequence", "{\"length\":2}", &in, 1);
    assert_non_null(strstr(done.error, "item 'b' is 4 x 4 (u8), item 'a' 2 x 3 "
                                       "(u8) ('resize' makes them alike)"));
}

static void frames_are_views(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = patients(f);
    const ost_item *series, *items;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "sequence", "{\"length\":4}", &in, 1);
    series = output_items(f, &done, "out", &n);
    in = step_input_of("in", output_digest(&done, "out"));
    done = run_stage(f, "frames", "{}", &in, 1);
    assert_string_equal(ids_at(f, &done, "out"),
                        "p1#0 p1#1 p1#2 p1#3 p2#0 p2#1 p2#2 p2#3");
    items = output_items(f, &done, "out", &n);
    assert_true(ost_digest_equal(&ost_item_field(&items[2], "image")->blob,
                                 &ost_item_field(&series[0], "frames")->blob));
    assert_int_equal(ost_item_field(&items[2], "image")->offset, 2 * SIZE);
    assert_true(ost_item_attr(&items[0], "day")->number == -4);
    assert_true(ost_item_attr(&items[2], "frame")->number == 2);
    assert_string_equal(items[2].parents[0], "p1");
    assert_null(ost_item_attr(&items[2], "frame.2.day"));
    assert_null(ost_item_attr(&items[2], "sequence.of"));
}

static void frames_make_the_images_again(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = patients(f);
    const ost_item *before, *after;
    ost_done_msg done;
    ost_err err = { 0 };
    ost_item *items;
    ost_artifact a;
    size_t n, m;

    assert_ok(ost_artifact_get(f->batch, &in.artifact, &f->arena, &a, &err),
              &err);
    assert_ok(ost_dataset_items(f->batch, &a, &f->arena, &items, &n, &err),
              &err);
    before = items;
    done = run_stage(f, "sequence", "{\"length\":5}", &in, 1);
    in = step_input_of("in", output_digest(&done, "out"));
    done = run_stage(f, "frames", "{\"ids\":\"parents\"}", &in, 1);
    after = output_items(f, &done, "out", &m);
    assert_int_equal(m, n);
    for (size_t i = 0; i < n; i++) {
        const ost_field *x = ost_item_field(&after[i], "image");

        assert_string_equal(after[i].id, before[i].id);
        assert_string_equal(after[i].group, before[i].group);
        assert_string_equal(ost_item_label(&after[i]),
                            ost_item_label(&before[i]));
        assert_int_equal(after[i].n_attrs, before[i].n_attrs);
        assert_true(ost_item_attr(&after[i], "day")->number ==
                    ost_item_attr(&before[i], "day")->number);
        assert_memory_equal(field_bytes(f, &after[i], "image", NULL) +
                                x->offset,
                            field_bytes(f, &before[i], "image", NULL), SIZE);
    }
}

static void what_is_no_part_of_a_series_is_noted(void **state)
{
    const float box[4] = { 0, 0, 1, 1 };
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in;
    ost_done_msg done;

    image(&s, "a", "p", "x", 1, 1);
    set_image(&s, s.items, "contour", H, W, 3);
    set_image(&s, s.items, "mask", H, W, 2);
    image(&s, "b", "q", "x", 1, 1);
    set_field(&s, &s.items[1], "boxes", OST_F32, 2, (int64_t[]){ 1, 4 }, box);
    set_image(&s, &s.items[1], "mask", H, W, 2);
    in = finish_set(&s, "in");
    done =
        run_stage(f, "sequence", "{\"length\":1,\"also\":[\"mask\"]}", &in, 1);
    assert_string_equal(done.notes, "fields that are left out: 'contour', "
                                    "'boxes' ('also' takes stacks)\n");
    in = step_input_of("in", output_digest(&done, "out"));
    done = run_stage(f, "frames", "{}", &in, 1);
    assert_string_equal(done.notes, "fields that are left out: 'mask' ('also' "
                                    "takes stacks)\n");
    done = run_stage(f, "frames", "{\"also\":[\"mask\"]}", &in, 1);
    assert_string_equal(done.notes, "");
}

/* Attributes that are called as what a series keeps of labels, and whose
 * numbers need all their digits. */
static void odd_attributes_come_back(void **state)
{
    step_fixture *f = *state;
    const ost_item *items;
    item_set s = { .f = f };
    ost_step_input in;
    ost_done_msg done;
    size_t n;

    for (int i = 0; i < 4; i++) {
        image(&s, (const char *[]){ "a", "b", "c", "d" }[i], "p", "x", i, 1);
        ost_item_set_number(&f->arena, &s.items[i], "label", i);
        ost_item_set_number(&f->arena, &s.items[i], "exam",
                            1234567890.0 + i / 2);
    }
    in = finish_set(&s, "in");
    done = run_stage(f, "sequence", "{\"length\":2,\"within\":[\"exam\"]}", &in,
                     1);
    assert_string_equal(ids_at(f, &done, "out"), "p/1234567890 p/1234567891");
    in = step_input_of("in", output_digest(&done, "out"));
    done = run_stage(f, "frames", "{\"ids\":\"parents\"}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) {
        assert_true(ost_item_attr(&items[i], "label")->number == (double)i);
        assert_string_equal(ost_item_label(&items[i]), "x");
    }
    done = run_stage(f, "frames", "{\"to\":\"frames\"}", &in, 1);
    assert_non_null(strstr(done.error, "this image cannot be called 'frames'"));
}

static void frames_name_what_is_no_series(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = patients(f);
    unsigned char pixels[2 * SIZE] = { 0 };
    item_set s = { .f = f };
    ost_done_msg done;

    done = run_stage(f, "frames", "{}", &in, 1);
    assert_non_null(strstr(done.error, "item 'a': there is no stack (T, H, W) "
                                       "in field 'frames'"));
    set_field(&s, set_item(&s, "a", "p", NULL), "frames", OST_U8, 3,
              (int64_t[]){ 2, H, W }, pixels);
    in = finish_set(&s, "in");
    done = run_stage(f, "frames", "{\"ids\":\"parents\"}", &in, 1);
    assert_non_null(strstr(done.error, "item 'a' has 0 parents and 2 parts: "
                                       "their ids are not known (ids: "
                                       "number)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(sequence_goes_by_time),
        step_test(sequence_keeps_what_images_share),
        step_test(series_of_other_names_do_not_meet),
        step_test(sequence_settles_labels),
        step_test(sequence_names_what_does_not_fit),
        step_test(frames_are_views),
        step_test(frames_make_the_images_again),
        step_test(what_is_no_part_of_a_series_is_noted),
        step_test(odd_attributes_come_back),
        step_test(frames_name_what_is_no_series),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
