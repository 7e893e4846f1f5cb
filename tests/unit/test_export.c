/* tests/unit/test_export.c - a dataset as files, and back */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/step.h"

#include "base/banned.h"

extern const ost_stage ost_stage_export, ost_stage_ingest;
const ost_stage *const ost_stages[] = { &ost_stage_export, &ost_stage_ingest,
                                        NULL };

static void add_field(step_fixture *f, ost_item *item, const char *name,
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

static const uint8_t narrow[6] = { 1, 2, 3, 4, 5, 255 };
static const uint16_t wide[6] = { 1, 2, 3, 4, 5, 65535 };
static const float real[6] = { 1, 2.5f, -3, 4, 5, 1e9f };

static ost_step_input three_items(step_fixture *f)
{
    static const char *const parents[] = { "x", "y" };
    ost_item items[3] = {
        { .id = "a/one", .group = "p1" },
        { .id = "a/two#1", .group = "p1", .parents = parents, .n_parents = 2 },
        { .id = "three", .group = "three" }
    };
    ost_err err = { 0 };
    ost_digest d;

    add_field(f, &items[0], "image", OST_U8, 2, 3, narrow);
    add_field(f, &items[0], "mask.lung", OST_U8, 2, 3, narrow);
    add_field(f, &items[1], "image", OST_U16, 3, 2, wide);
    add_field(f, &items[2], "image", OST_F32, 2, 3, real);
    ost_item_set_label(&f->arena, &items[0], "sick, very");
    ost_item_set_label(&f->arena, &items[1], "well");
    ost_item_set_number(&f->arena, &items[0], "age", 0.1);
    ost_item_set_text(&f->arena, &items[1], "path", "a \"quoted\" text");
    assert_ok(ost_dataset_put(f->batch, OST_DATASET, "{}", items, 3, &d, &err),
              &err);
    commit(f->batch);
    return step_input_of("in", d);
}

static void files_and_table_are_named_after_the_items(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = three_items(f);
    const ost_item *files;
    const unsigned char *text;
    ost_done_msg done;
    size_t n, size;

    done = run_stage(f, "export", "{}", &in, 1);
    files = output_items(f, &done, "out", &n);
    assert_int_equal(n, 5);
    item_named(files, n, "a/one.png");
    item_named(files, n, "a/one.mask.lung.png");
    item_named(files, n, "a/two#1.png");
    item_named(files, n, "three.npy");
    text = field_bytes(f, item_named(files, n, "items.csv"), "bytes", &size);
    assert_string_equal(
        ost_arena_strndup(&f->arena, (const char *)text, size),
        "path,id,group,label,parents,mask.lung,age,attr_path\n"
        "a/one.png,a/one,p1,\"sick, very\",,a/one.mask.lung.png,0.1,\n"
        "a/two#1.png,a/two#1,p1,well,x|y,,,\"a \"\"quoted\"\" text\"\n"
        "three.npy,three,three,,,,,\n");
    assert_string_equal(output_artifact(f, &done, "out").meta,
                        "{\"manifest\":\"items.csv\"}");
}

static void fields_are_chosen_by_pattern(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = three_items(f);
    const ost_item *files;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "export", "{\"fields\":[\"mask.*\"],\"table\":false}",
                     &in, 1);
    files = output_items(f, &done, "out", &n);
    assert_int_equal(n, 1);
    assert_string_equal(files[0].id, "a/one.mask.lung.png");
}

static void threads_do_not_change_the_files(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = three_items(f);
    ost_digest one, three;
    ost_done_msg done;

    done = run_stage(f, "export", "{}", &in, 1);
    one = output_digest(&done, "out");
    f->threads = 3;
    done = run_stage(f, "export", "{}", &in, 1);
    three = output_digest(&done, "out");
    assert_true(ost_digest_equal(&one, &three));
}

/* What is exported comes back by `ingest`, pixels, labels and all. */
static void what_is_exported_can_be_ingested(void **state)
{
    step_fixture *f = *state;
    ost_step_input in = three_items(f);
    const ost_item *items, *item;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "export", "{\"fields\":[\"image\"]}", &in, 1);
    in = step_input_of("in", output_digest(&done, "out"));
    done = run_stage(f, "ingest", "{}", &in, 1);
    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 3);
    item = item_named(items, n, "three");
    assert_int_equal(item->fields[0].dtype, OST_F32);
    assert_memory_equal(field_bytes(f, item, "image", NULL), real,
                        sizeof(real));
    item = item_named(items, n, "a/one");
    assert_string_equal(item->group, "p1");
    assert_string_equal(ost_item_label(item), "sick, very");
    assert_true(ost_item_attr(item, "age")->number == 0.1);
    assert_memory_equal(field_bytes(f, item, "image", NULL), narrow, 6);
    item = item_named(items, n, "a/two#1");
    assert_string_equal(ost_item_attr(item, "attr_path")->text,
                        "a \"quoted\" text");
    assert_memory_equal(field_bytes(f, item, "image", NULL), wide, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(files_and_table_are_named_after_the_items),
        step_test(fields_are_chosen_by_pattern),
        step_test(threads_do_not_change_the_files),
        step_test(what_is_exported_can_be_ingested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
