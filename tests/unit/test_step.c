/* tests/unit/test_step.c - the framework around a stage, with small stages */
/* links: stages store base */
#include "base/text.h"
#include "stages/context.h"
#include "stages/params.h"
#include "tests/support/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- stages that exist for this test ----------------------------------- */

typedef struct shift_params {
    int64_t by;
    const char *field;
} shift_params;

static const ost_param shift_table[] = {
    OST_PARAM(shift_params, by, I64, "added to each pixel", .dflt = "1",
              .min = 0, .max = 9),
    OST_PARAM(shift_params, field, STR, "field", .dflt = "\"image\""),
    OST_END,
};

static ost_rc shift_map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const shift_params *p = ost_ctx_params(ctx);
    ost_tensor from, to;
    ost_item *out;
    ost_rc rc;

    rc = ost_item_tensor(ctx, in, p->field, &from, err);
    if (!rc)
        rc = ost_emit_like(ctx, in, &out, p->field, OST_U8, &from, &to, err);
    if (rc)
        return rc;
    for (int64_t i = 0; i < ost_tensor_count(&from); i++)
        ((uint8_t *)to.data)[i] =
            (uint8_t)(((const uint8_t *)from.data)[i] + p->by);
    return OST_OK;
}

static const ost_stage shift = {
    .name = "shift",
    .version = 1,
    .summary = "Adds to each pixel.",
    .param_size = sizeof(shift_params),
    .params = shift_table,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false },
                        { "other", OST_DATASET, "joined", false, true }),
    .outputs = OST_PORTS({ "out", OST_DATASET, "images", false, false }),
    .reads = "@field",
    .map = shift_map,
};

static const ost_param no_params[] = { OST_END };

/* Two copies of each item, with a drawn attribute; drops what is "bad". */
static ost_rc twice_prepare(ost_stage_ctx *ctx, ost_err *err)
{
    const ost_item *items;
    size_t n;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    for (size_t i = 0; i < n && !rc; i++)
        ost_ctx_direct(ctx, i, strcmp(items[i].id, "bad") == 0 ? NULL : "keep");
    return rc;
}

static ost_rc twice_map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    assert_string_equal(ost_ctx_directive(ctx), "keep");
    for (int copy = 0; copy < 2; copy++) {
        ost_item *out = ost_derive(ctx, in, copy);
        ost_rng r = ost_ctx_rng(ctx, in, (uint64_t)copy);
        ost_rc rc;

        ost_item_set_number(ost_ctx_arena(ctx), out, "draw", ost_rng_f64(&r));
        rc = ost_emit(ctx, "out", out, err);
        if (rc)
            return rc;
    }
    ost_note(ctx, "doubled");
    return OST_OK;
}

static const ost_stage twice = {
    .name = "twice",
    .version = 1,
    .summary = "Doubles.",
    .flags = OST_STAGE_DRAWS,
    .params = no_params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS({ "out", OST_DATASET, "images", false, false }),
    .prepare = twice_prepare,
    .map = twice_map,
};

static ost_rc learn_run(ost_stage_ctx *ctx, ost_err *err)
{
    json_t *meta = json_pack("{s:i}", "answer", 42);
    ost_rc rc = ost_emit_meta(ctx, "model", meta, err);

    json_decref(meta);
    if (!rc)
        rc = ost_emit_blob(ctx, "model", "weights", "abc", 3, err);
    return rc;
}

static const ost_stage learn = {
    .name = "learn",
    .version = 1,
    .summary = "A model that saw its input.",
    .params = no_params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS({ "model", OST_MODEL, "the model", false, false }),
    .run = learn_run,
};

/* Items of its own, and of those that came in. */
static ost_rc dream_run(ost_stage_ctx *ctx, ost_err *err)
{
    const ost_item *items;
    size_t n;
    ost_rc rc =
        ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);

    if (!rc)
        rc = ost_emit(ctx, "out", ost_derive(ctx, &items[0], 7), err);
    return rc ? rc
              : ost_emit(ctx, "out", ost_new_item(ctx, "dreamt", NULL), err);
}

static const ost_stage dream = {
    .name = "dream",
    .version = 1,
    .summary = "Items of what it learned.",
    .flags = OST_STAGE_LEARNS,
    .params = no_params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS({ "out", OST_DATASET, "items", false, false }),
    .run = dream_run,
};

static ost_rc judge_run(ost_stage_ctx *ctx, ost_err *err)
{
    const ost_item *items;
    size_t n;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "data", 0), &items, &n, err);
    for (size_t i = 0; i < n && !rc; i++)
        rc = ost_emit(ctx, "out", ost_derive(ctx, &items[i], -1), err);
    if (!rc)
        rc = ost_emit(ctx, "out", ost_new_item(ctx, "zz", NULL), err);
    return rc;
}

static const ost_stage judge = {
    .name = "judge",
    .version = 1,
    .summary = "Uses a model.",
    .params = no_params,
    .inputs = OST_PORTS({ "model", OST_MODEL, "model", false, false },
                        { "data", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS({ "out", OST_PREDICTIONS, "scores", false, false }),
    .run = judge_run,
};

const ost_stage *const ost_stages[] = { &dream, &judge, &learn,
                                        &shift, &twice, NULL };

/* --- helpers ------------------------------------------------------------ */

static void add_item(ost_batch *b, ost_item *item, ost_field *f, const char *id,
                     const char *group, unsigned char fill)
{
    unsigned char pixels[12];
    ost_err err = { 0 };

    memset(pixels, fill, sizeof(pixels));
    *f = (ost_field){ .name = "image",
                      .dtype = OST_U8,
                      .ndim = 2,
                      .shape = { 3, 4 },
                      .stride = { 4, 1 } };
    assert_ok(ost_batch_put_blob(b, pixels, sizeof(pixels), &f->blob, &err),
              &err);
    *item = (ost_item){ .id = id, .group = group, .fields = f, .n_fields = 1 };
}

static ost_digest small_dataset(ost_batch *b, unsigned char first)
{
    static const char *const ids[] = { "a", "b", "bad" };
    static const char *const groups[] = { "p1", "p2", "p2" };
    ost_item items[3];
    ost_field fields[3];
    ost_err err = { 0 };
    ost_digest d;

    for (int i = 0; i < 3; i++)
        add_item(b, &items[i], &fields[i], ids[i], groups[i],
                 (unsigned char)(first + i));
    assert_ok(ost_dataset_put(b, OST_DATASET, "{}", items, 3, &d, &err), &err);
    commit(b);
    return d;
}

static ost_done_msg run_step(ost_batch *b, const char *stage,
                             const char *params, uint32_t threads,
                             const ost_step_input *inputs, uint32_t n_inputs,
                             ost_arena *arena)
{
    ost_step_msg msg = { .name = stage,
                         .stage = stage,
                         .params = params,
                         .seed = "7",
                         .numeric = "",
                         .threads = threads,
                         .inputs = inputs,
                         .n_inputs = n_inputs };
    ost_done_msg done;
    ost_err err = { 0 };

    ost_step_execute(b, &msg, NULL, arena, &done);
    assert_ok(ost_batch_add_encoded(b, done.batch, done.batch_size, &err),
              &err);
    commit(b);
    return done;
}

static ost_step_input input(const char *port, ost_digest d)
{
    return (
        ost_step_input){ .port = port, .row = "", .root = "", .artifact = d };
}

static const ost_item *read_items(ost_batch *b, const ost_digest *d,
                                  ost_arena *arena, size_t *n)
{
    ost_artifact a;
    ost_item *items;
    ost_err err = { 0 };

    assert_ok(ost_artifact_get(b, d, arena, &a, &err), &err);
    assert_ok(ost_dataset_items(b, &a, arena, &items, n, &err), &err);
    return items;
}

static const char by_one[] = "{\"by\":1,\"field\":\"image\"}";

/* --- tests --------------------------------------------------------------- */

static void a_map_stage_is_remembered_per_page_and_per_item(void **state)
{
    fixture *f = *state;
    ost_step_input in = input("in", small_dataset(f->batch, 10));
    ost_done_msg one, two, three;

    one = run_step(f->batch, "shift", by_one, 1, &in, 1, &f->arena);
    assert_int_equal(one.rc, OST_OK);
    assert_int_equal(one.computed, 3);
    two = run_step(f->batch, "shift", by_one, 2, &in, 1, &f->arena);
    assert_int_equal(two.computed, 0);
    assert_int_equal(two.remembered, 3);
    assert_memory_equal(&one.outputs[0].artifact, &two.outputs[0].artifact, 32);
    /* pixels 11, 12, 13: two of the three were seen before */
    in = input("in", small_dataset(f->batch, 11));
    three = run_step(f->batch, "shift", by_one, 1, &in, 1, &f->arena);
    assert_int_equal(three.computed, 1);
    assert_int_equal(three.remembered, 2);
}

static void a_map_stage_computes_what_it_says(void **state)
{
    fixture *f = *state;
    ost_step_input in = input("in", small_dataset(f->batch, 10));
    ost_done_msg done;
    const ost_item *items;
    ost_blob blob;
    ost_err err = { 0 };
    size_t n;

    done = run_step(f->batch, "shift", by_one, 2, &in, 1, &f->arena);
    items = read_items(f->batch, &done.outputs[0].artifact, &f->arena, &n);
    assert_int_equal(n, 3);
    assert_string_equal(items[1].id, "b");
    assert_string_equal(items[1].group, "p2");
    assert_ok(ost_batch_blob(f->batch, &items[1].fields[0].blob, &blob, &err),
              &err);
    assert_int_equal(blob.size, 12);
    assert_int_equal(blob.data[11], 12);
    ost_blob_release(&blob);
}

static void threads_do_not_change_a_result(void **state)
{
    fixture *f = *state;
    ost_step_input in = input("in", small_dataset(f->batch, 10));
    ost_done_msg one, other;

    one = run_step(f->batch, "twice", "{}", 1, &in, 1, &f->arena);
    for (uint32_t t = 2; t <= 4; t++) {
        ost_store *s = new_store("other");
        ost_batch *b = ost_batch_new(s);

        in = input("in", small_dataset(b, 10));
        other = run_step(b, "twice", "{}", t, &in, 1, &f->arena);
        assert_memory_equal(&one.outputs[0].artifact,
                            &other.outputs[0].artifact, 32);
        ost_batch_free(b);
        ost_store_close(s);
    }
}

static void directives_drop_items_and_copies_know_their_parents(void **state)
{
    fixture *f = *state;
    ost_step_input in = input("in", small_dataset(f->batch, 10));

    for (int again = 0; again < 2; again++) {
        ost_done_msg done =
            run_step(f->batch, "twice", "{}", 1, &in, 1, &f->arena);
        const ost_item *items;
        size_t n;

        assert_string_equal(done.notes, "doubled\ndoubled\n");
        items = read_items(f->batch, &done.outputs[0].artifact, &f->arena, &n);
        assert_int_equal(n, 4);
        assert_string_equal(items[3].id, "b#1");
        assert_string_equal(items[3].parents[0], "b");
        assert_string_equal(items[3].group, "p2");
        assert_non_null(ost_item_attr(&items[3], "draw"));
        assert_true(ost_item_attr(&items[3], "draw")->number !=
                    ost_item_attr(&items[2], "draw")->number);
    }
}

static void exposure_reaches_models_and_what_they_touch(void **state)
{
    fixture *f = *state;
    ost_digest data = small_dataset(f->batch, 10);
    ost_step_input in[2] = { input("in", data), { 0 } };
    const char *const *groups;
    const ost_item *items;
    ost_done_msg done;
    ost_artifact model;
    ost_err err = { 0 };
    size_t n;

    done = run_step(f->batch, "learn", "{}", 1, in, 1, &f->arena);
    assert_int_equal(done.rc, OST_OK);
    assert_ok(ost_artifact_get(f->batch, &done.outputs[0].artifact, &f->arena,
                               &model, &err),
              &err);
    assert_ok(
        ost_groups_get(f->batch, &model.exposure, &f->arena, &groups, &n, &err),
        &err);
    assert_int_equal(n, 2);
    assert_string_equal(groups[0], "p1");
    assert_string_equal(groups[1], "p2");
    in[0] = input("model", done.outputs[0].artifact);
    in[1] = input("data", data);
    done = run_step(f->batch, "judge", "{}", 1, in, 2, &f->arena);
    assert_int_equal(done.rc, OST_OK);
    items = read_items(f->batch, &done.outputs[0].artifact, &f->arena, &n);
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++)
        assert_memory_equal(&items[i].exposure, &model.exposure, 32);
}

static void items_of_what_was_learned_are_exposed_as_a_model(void **state)
{
    fixture *f = *state;
    ost_step_input in = input("in", small_dataset(f->batch, 10));
    ost_done_msg done = run_step(f->batch, "dream", "{}", 1, &in, 1, &f->arena);
    const ost_item *items;
    const char *const *groups;
    ost_err err = { 0 };
    size_t n, n_groups;

    assert_int_equal(done.rc, OST_OK);
    items = read_items(f->batch, &done.outputs[0].artifact, &f->arena, &n);
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++) {
        assert_ok(ost_groups_get(f->batch, &items[i].exposure, &f->arena,
                                 &groups, &n_groups, &err),
                  &err);
        assert_int_equal(n_groups, 2);
        assert_string_equal(groups[0], "p1");
        assert_string_equal(groups[1], "p2");
    }
}

static void a_missing_field_names_item_and_fields(void **state)
{
    fixture *f = *state;
    ost_step_input in = input("in", small_dataset(f->batch, 10));
    ost_done_msg done;

    done = run_step(f->batch, "shift", "{\"by\":1,\"field\":\"mask\"}", 2, &in,
                    1, &f->arena);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(
        done.error,
        "3 bad items: item 'a': there is no field 'mask' (there is 'image'); "
        "item 'b': there is no field 'mask' (there is 'image'); "
        "item 'bad': there is no field 'mask' (there is 'image')");
    assert_int_equal(done.n_outputs, 0);
}

enum { MANY = 300 };

/* Pages end between root items alone: this one is longer than a window. */
static ost_digest long_page(fixture *f)
{
    ost_item items[MANY];
    ost_field fields[MANY];
    ost_err err = { 0 };
    ost_digest d;

    for (int i = 0; i < MANY; i++)
        add_item(f->batch, &items[i], &fields[i],
                 ost_arena_printf(&f->arena, "r#%d", i), "p",
                 (unsigned char)(i % 200));
    assert_ok(
        ost_dataset_put(f->batch, OST_DATASET, "{}", items, MANY, &d, &err),
        &err);
    commit(f->batch);
    return d;
}

static void of_many_bad_items_five_are_named(void **state)
{
    fixture *f = *state;
    ost_step_input in = input("in", long_page(f));

    for (uint32_t threads = 1; threads <= 2; threads++) {
        ost_done_msg done =
            run_step(f->batch, "shift", "{\"by\":1,\"field\":\"mask\"}",
                     threads, &in, 1, &f->arena);
        const char *end = done.error + strlen(done.error);

        assert_int_equal(done.rc, OST_EINPUT);
        assert_true(ost_starts_with(
            done.error, "at least 128 bad items: item 'r#0': there is no"));
        assert_non_null(strstr(done.error, "item 'r#101'"));
        assert_null(strstr(done.error, "item 'r#102'"));
        assert_string_equal(end - 5, "; ...");
    }
}

static void a_page_of_any_length_is_remembered_whole(void **state)
{
    fixture *f = *state;
    ost_step_input in = input("in", long_page(f));
    ost_done_msg one, two;

    one = run_step(f->batch, "shift", by_one, 2, &in, 1, &f->arena);
    assert_int_equal(one.rc, OST_OK);
    assert_int_equal(one.computed + one.remembered, MANY);
    two = run_step(f->batch, "shift", by_one, 1, &in, 1, &f->arena);
    assert_int_equal(two.computed, 0);
    assert_int_equal(two.remembered, MANY);
    assert_memory_equal(&one.outputs[0].artifact, &two.outputs[0].artifact, 32);
}

static void faults_of_parameters_are_all_reported(void **state)
{
    json_t *with = json_loads("{\"bye\":1,\"by\":12,\"field\":3}", 0, NULL);
    ost_param_faults faults = { 0 };

    (void)state;
    ost_params_check(&shift, with, &faults);
    assert_int_equal(faults.len, 3);
    assert_string_equal(faults.data[0].text, "stage 'shift' has no param 'bye' "
                                             "(did you mean 'by'?)");
    assert_true(faults.data[0].key);
    assert_string_equal(faults.data[1].text, "param 'by': 12 is out of range "
                                             "(expected integer from 0 to 9)");
    assert_string_equal(faults.data[1].pointer, "/by");
    assert_string_equal(faults.data[2].text,
                        "param 'field': expected string, not 3");
    ost_vec_release(&faults);
    json_decref(with);
}

typedef struct {
    int64_t size;
    const json_t *names;
} odd_params;

static void choices_of_numbers_and_objects_are_checked(void **state)
{
    static const ost_param table[] = {
        OST_PARAM(odd_params, size, I64, "size", .dflt = "3", .choices = "3|5"),
        OST_PARAM(odd_params, names, OBJECT, "names", .dflt = "null"),
        OST_END,
    };
    const ost_stage odd = { .name = "odd", .params = table };
    json_t *good = json_loads("{\"size\":5.0,\"names\":{}}", 0, NULL);
    json_t *bad = json_loads("{\"size\":4,\"names\":[]}", 0, NULL);
    ost_param_faults faults = { 0 };

    (void)state;
    ost_params_check(&odd, good, &faults);
    assert_int_equal(faults.len, 0);
    ost_params_check(&odd, bad, &faults);
    assert_int_equal(faults.len, 2);
    assert_string_equal(faults.data[0].text,
                        "param 'size': expected one of 3, 5, not 4");
    assert_string_equal(faults.data[1].text,
                        "param 'names': expected object, not []");
    ost_vec_release(&faults);
    json_decref(good);
    json_decref(bad);
}

static void keys_take_defaults_for_what_is_not_given(void **state)
{
    json_t *with = json_loads("{\"by\":1.0}", 0, NULL);
    json_t *full = NULL;
    ost_buf text = { 0 };
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_params_complete(&shift, with, NULL, NULL, &full, &err), &err);
    ost_params_key(&shift, full, &text);
    assert_string_equal(ost_buf_str(&text),
                        "param.by=1\nparam.field=\"image\"\n");
    json_decref(full);
    json_decref(with);
    ost_buf_release(&text);
}

static void messages_survive_the_wire(void **state)
{
    const char *axes[] = { "fold", "2" };
    ost_step_input in = {
        .port = "in", .row = "r", .axes = axes, .n_axes = 1, .root = "/x"
    };
    ost_step_msg m = { .tag = 9,
                       .name = "n",
                       .stage = "s",
                       .params = "{}",
                       .seed = "7",
                       .numeric = "",
                       .threads = 2,
                       .inputs = &in,
                       .n_inputs = 1,
                       .secret = { .known = true, .key = { 1, 2, 3 } } };
    ost_step_msg back;
    ost_arena arena = { 0 };
    ost_buf wire = { 0 };
    const unsigned char *body;
    size_t size, at = 0;
    ost_msg kind;

    (void)state;
    ost_step_msg_encode(&wire, &m);
    for (size_t cut = 0; cut < wire.len; cut++) {
        ost_buf part = { .data = wire.data, .len = cut };

        assert_int_equal(ost_msg_next(&part, &at, &kind, &body, &size), 0);
    }
    assert_int_equal(ost_msg_next(&wire, &at, &kind, &body, &size), 1);
    assert_int_equal(kind, OST_MSG_STEP);
    assert_true(ost_step_msg_decode(body, size, &arena, &back));
    assert_int_equal(back.tag, 9);
    assert_string_equal(back.inputs[0].axes[1], "2");
    assert_string_equal(back.inputs[0].root, "/x");
    assert_true(back.secret.known);
    assert_memory_equal(back.secret.key, m.secret.key, sizeof(m.secret.key));
    for (size_t cut = 0; cut < size; cut++)
        assert_false(ost_step_msg_decode(body, cut, &arena, &back));
    ost_arena_release(&arena);
    ost_buf_release(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_map_stage_is_remembered_per_page_and_per_item, setup, teardown),
        cmocka_unit_test_setup_teardown(a_map_stage_computes_what_it_says,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(threads_do_not_change_a_result, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            directives_drop_items_and_copies_know_their_parents, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            exposure_reaches_models_and_what_they_touch, setup, teardown),
        cmocka_unit_test_setup_teardown(
            items_of_what_was_learned_are_exposed_as_a_model, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_field_names_item_and_fields,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(of_many_bad_items_five_are_named, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_page_of_any_length_is_remembered_whole, setup, teardown),
        cmocka_unit_test(faults_of_parameters_are_all_reported),
        cmocka_unit_test(choices_of_numbers_and_objects_are_checked),
        cmocka_unit_test(keys_take_defaults_for_what_is_not_given),
        cmocka_unit_test(messages_survive_the_wire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
