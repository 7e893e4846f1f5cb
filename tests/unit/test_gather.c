/* tests/unit/test_gather.c - stages that make something of several items */
/* links: stages store base */
#include "tests/support/step.h"

#include <string.h>

#include "base/banned.h"

/* --- a stage that exists for this test ---------------------------------- */

/* Adds the pixels of a patient's items; leaves out what is called "x...". */
static ost_rc total_bucket(ost_stage_ctx *ctx, const ost_item *in,
                           const char **name, ost_err *err)
{
    if (strcmp(in->id, "wrong") == 0)
        return ost_fail(err, OST_EINPUT, "no place for it");
    if (in->id[0] != 'x')
        *name = ost_arena_printf(ost_ctx_arena(ctx), "of %s", in->group);
    return OST_OK;
}

static ost_rc total_gather(ost_stage_ctx *ctx, const ost_item *const *items,
                           size_t n, ost_err *err)
{
    const ost_item *other = ost_ctx_joined(ctx, "other");
    ost_item *out = ost_new_item(ctx, items[0]->group, items[0]->group);
    ost_tensor sum, t;
    ost_rc rc;

    rc = ost_new_field(ctx, out, "image", OST_U8, 1, (int64_t[]){ 4 }, &sum,
                       err);
    if (!rc && strcmp(items[0]->id, "again") == 0) {
        memset(sum.data, 99, 4);
        rc = ost_new_field(ctx, out, "image", OST_U8, 1, (int64_t[]){ 4 }, &sum,
                           err);
    }
    for (size_t i = 0; i < n && !rc; i++) {
        if (i > 0 && strcmp(items[i - 1]->id, items[i]->id) >= 0)
            return ost_fail(err, OST_EFAIL, "not in the order of ids");
        if (strcmp(items[i]->id, "bad") == 0)
            return ost_fail(err, OST_EINPUT, "item 'bad' cannot be added");
        rc = ost_item_tensor(ctx, items[i], "image", &t, err);
        for (int k = 0; k < 4 && !rc; k++)
            ((uint8_t *)sum.data)[k] = (uint8_t)(((uint8_t *)sum.data)[k] +
                                                 ((const uint8_t *)t.data)[k]);
    }
    if (rc)
        return rc;
    ost_note(ctx, "%zu of %s%s", n, items[0]->group,
             other ? " and another" : "");
    return ost_emit(ctx, "out", out, err);
}

static ost_rc total_prepare(ost_stage_ctx *ctx, ost_err *err)
{
    const ost_item *items;
    size_t n;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    for (size_t i = 0; i < n && !rc; i++)
        ost_ctx_direct(ctx, i, strcmp(items[i].id, "drop") == 0 ? NULL : "in");
    return rc;
}

static const ost_param no_params[] = { OST_END };

static const ost_stage total = {
    .name = "total",
    .version = 1,
    .summary = "Adds the pixels of a patient.",
    .params = no_params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false },
                        { "other", OST_DATASET, "joined", false, true }),
    .outputs = OST_PORTS({ "out", OST_DATASET, "sums", false, false }),
    .prepare = total_prepare,
    .bucket = total_bucket,
    .gather = total_gather,
};

const ost_stage *const ost_stages[] = { &total, NULL };

/* --- helpers ------------------------------------------------------------ */

typedef struct row {
    const char *id;
    const char *group;
    unsigned char pixel;
    const char *exposed; /* to this group, or NULL */
} row;

static ost_digest put_rows(step_fixture *f, const row *rows, size_t n)
{
    ost_item *items = OST_ARENA_ARRAY(&f->arena, ost_item, n);
    ost_field *fields = OST_ARENA_ARRAY(&f->arena, ost_field, n);
    ost_err err = { 0 };
    ost_digest d;

    for (size_t i = 0; i < n; i++) {
        unsigned char pixels[4];

        memset(pixels, rows[i].pixel, sizeof(pixels));
        fields[i] = (ost_field){ .name = "image",
                                 .dtype = OST_U8,
                                 .ndim = 1,
                                 .shape = { 4 },
                                 .stride = { 1 } };
        assert_ok(ost_batch_put_blob(f->batch, pixels, sizeof(pixels),
                                     &fields[i].blob, &err),
                  &err);
        items[i] = (ost_item){ .id = rows[i].id,
                               .group = rows[i].group,
                               .fields = &fields[i],
                               .n_fields = 1 };
        if (rows[i].exposed)
            assert_ok(ost_groups_put(f->batch, &rows[i].exposed, 1,
                                     &items[i].exposure, &err),
                      &err);
    }
    assert_ok(ost_dataset_put(f->batch, OST_DATASET, "{}", items, n, &d, &err),
              &err);
    commit(f->batch);
    return d;
}

static ost_done_msg run_total(step_fixture *f, const row *rows, size_t n)
{
    ost_step_input in = step_input_of("in", put_rows(f, rows, n));

    return run_stage(f, "total", "{}", &in, 1);
}

static int pixel_of(step_fixture *f, const ost_item *item)
{
    ost_err err = { 0 };
    ost_blob blob;
    int pixel;

    assert_ok(ost_batch_blob(f->batch, &item->fields[0].blob, &blob, &err),
              &err);
    assert_int_equal(blob.size, 4);
    pixel = blob.data[3];
    ost_blob_release(&blob);
    return pixel;
}

static const row family[] = {
    { "a", "p2", 1, NULL }, { "b", "p1", 2, "left" },   { "c", "p2", 4, NULL },
    { "d", "p1", 8, NULL }, { "drop", "p1", 16, NULL }, { "x", "p1", 32, NULL },
    { "y", "p3", 64, NULL }
};
enum { FAMILY = sizeof(family) / sizeof(family[0]) };

/* --- tests --------------------------------------------------------------- */

static void a_bucket_has_the_items_of_its_name(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done = run_total(f, family, FAMILY);
    const ost_item *items;
    size_t n;

    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 3);
    assert_string_equal(items[0].id, "p1");
    assert_int_equal(pixel_of(f, &items[0]), 10);
    assert_int_equal(pixel_of(f, &items[1]), 5);
    assert_int_equal(pixel_of(f, &items[2]), 64);
    /* in the order of the first items */
    assert_string_equal(done.notes, "2 of p2\n2 of p1\n1 of p3\n");
}

static void a_second_run_remembers_every_bucket(void **state)
{
    step_fixture *f = *state;
    ost_done_msg one = run_total(f, family, FAMILY);
    ost_done_msg two = run_total(f, family, FAMILY);

    assert_int_equal(one.computed, 5);
    assert_int_equal(one.remembered, 0);
    assert_int_equal(two.computed, 0);
    assert_int_equal(two.remembered, 5);
    assert_string_equal(two.notes, one.notes);
    assert_memory_equal(&one.outputs[0].artifact, &two.outputs[0].artifact,
                        OST_DIGEST_SIZE);
}

static void a_changed_item_recomputes_its_bucket_alone(void **state)
{
    step_fixture *f = *state;
    row rows[FAMILY];
    ost_done_msg done;

    memcpy(rows, family, sizeof(rows));
    run_total(f, rows, FAMILY);
    rows[2].pixel++;
    done = run_total(f, rows, FAMILY);
    assert_int_equal(done.computed, 2);
    assert_int_equal(done.remembered, 3);
    rows[3].id = "dd"; /* the same pixels under another name */
    done = run_total(f, rows, FAMILY);
    assert_int_equal(done.computed, 2);
    rows[6].exposed = "right";
    done = run_total(f, rows, FAMILY);
    assert_int_equal(done.computed, 1);
}

static void what_comes_out_is_exposed_to_all_of_its_bucket(void **state)
{
    step_fixture *f = *state;
    row rows[FAMILY];

    memcpy(rows, family, sizeof(rows));
    rows[3].exposed = "right";
    for (int again = 0; again < 2; again++) {
        ost_done_msg done = run_total(f, rows, FAMILY);
        const char *const *groups;
        const ost_item *items;
        ost_err err = { 0 };
        size_t n;

        items = output_items(f, &done, "out", &n);
        assert_true(ost_digest_is_zero(&items[1].exposure));
        assert_true(ost_digest_is_zero(&items[2].exposure));
        assert_ok(ost_groups_get(f->batch, &items[0].exposure, &f->arena,
                                 &groups, &n, &err),
                  &err);
        assert_int_equal(n, 2);
        assert_string_equal(groups[0], "left");
        assert_string_equal(groups[1], "right");
    }
}

static void a_dataset_is_joined_to_the_first_item(void **state)
{
    static const row other[] = { { "b", "p1", 7, "joined" },
                                 { "c", "p2", 7, NULL } };
    step_fixture *f = *state;
    ost_step_input in[2] = {
        step_input_of("in", put_rows(f, family, FAMILY)),
        step_input_of("other", put_rows(f, other, 2)),
    };
    ost_done_msg done;
    const char *const *groups;
    const ost_item *items;
    ost_err err = { 0 };
    size_t n;

    run_total(f, family, FAMILY);
    done = run_stage(f, "total", "{}", in, 2);
    assert_string_equal(done.notes, "2 of p2\n2 of p1 and another\n1 of p3\n");
    assert_int_equal(done.computed, 2); /* the joined one alone */
    items = output_items(f, &done, "out", &n);
    assert_ok(ost_groups_get(f->batch, &items[0].exposure, &f->arena, &groups,
                             &n, &err),
              &err);
    assert_int_equal(n, 2);
    assert_string_equal(groups[0], "joined");
}

static void threads_do_not_change_a_result(void **state)
{
    step_fixture *f = *state;
    enum { MANY = 300 };
    row rows[MANY];
    ost_digest first = { { 0 } };

    for (int i = 0; i < MANY; i++)
        rows[i] = (row){ ost_arena_printf(&f->arena, "i%d", i),
                         ost_arena_printf(&f->arena, "p%d", i % 71),
                         (unsigned char)i, NULL };
    for (uint32_t threads = 1; threads <= 4; threads += 3) {
        ost_store *s = new_store("other");
        step_fixture g = { .store = s,
                           .batch = ost_batch_new(s),
                           .threads = threads,
                           .seed = "7",
                           .numeric = "" };
        ost_done_msg done = run_total(&g, rows, MANY);

        assert_int_equal(done.rc, OST_OK);
        assert_int_equal(done.computed, MANY);
        if (threads == 1)
            first = done.outputs[0].artifact;
        assert_memory_equal(&first, &done.outputs[0].artifact, OST_DIGEST_SIZE);
        ost_batch_free(g.batch);
        ost_store_close(s);
        ost_arena_release(&g.arena);
    }
}

static void a_failing_bucket_is_named_and_others_are_kept(void **state)
{
    static const row rows[] = { { "a", "p1", 1, NULL },
                                { "bad", "p2", 2, NULL },
                                { "c", "p2", 2, NULL } };
    static const row mended[] = { { "a", "p1", 1, NULL },
                                  { "c", "p2", 2, NULL } };
    static const row wrong[] = { { "wrong", "p1", 1, NULL } };
    step_fixture *f = *state;
    ost_done_msg done = run_total(f, rows, 3);

    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error,
                        "bucket 'of p2': item 'bad' cannot be added");
    done = run_total(f, mended, 2);
    assert_int_equal(done.computed, 1);
    assert_int_equal(done.remembered, 1);
    done = run_total(f, wrong, 1);
    assert_string_equal(done.error, "item 'wrong': no place for it");
}

static void a_field_made_again_takes_the_place_of_the_first(void **state)
{
    static const row rows[] = { { "again", "p1", 5, NULL } };
    step_fixture *f = *state;
    ost_done_msg done = run_total(f, rows, 1);
    const ost_item *items;
    size_t n;

    items = output_items(f, &done, "out", &n);
    assert_int_equal(n, 1);
    assert_int_equal(pixel_of(f, &items[0]), 5);
}

static void no_items_make_nothing(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done = run_total(f, NULL, 0);
    size_t n;

    output_items(f, &done, "out", &n);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(a_bucket_has_the_items_of_its_name),
        step_test(a_second_run_remembers_every_bucket),
        step_test(a_changed_item_recomputes_its_bucket_alone),
        step_test(what_comes_out_is_exposed_to_all_of_its_bucket),
        step_test(a_dataset_is_joined_to_the_first_item),
        step_test(threads_do_not_change_a_result),
        step_test(a_failing_bucket_is_named_and_others_are_kept),
        step_test(a_field_made_again_takes_the_place_of_the_first),
        step_test(no_items_make_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
