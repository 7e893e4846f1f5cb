/* tests/unit/test_record.c - records of nodes and runs survive their encoding
 */
/* links: base store */
#include "store/record.h"
#include "tests/support/store.h"

#include "base/banned.h"

static const ost_output outputs[] = {
    { .port = "train", .type = 1, .items = 70 },
    { .port = "test", .type = 1, .artifact = { { 1, 2 } }, .items = 30 },
};

static void a_node_record_reads_back(void **state)
{
    ost_node_record r = { .components = "stage=split\nversion=1\n",
                          .outputs = outputs,
                          .n_outputs = 2,
                          .seconds = 0.25,
                          .wall_ns = 1234567890123456789u,
                          .computed = 5,
                          .remembered = 300,
                          .notes = "3 items have no group\n" };
    ost_node_record back;
    ost_arena arena = { 0 };
    ost_buf out = { 0 };
    ost_err err = { 0 };

    (void)state;
    ost_node_record_encode(&out, &r);
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(
            ost_node_record_decode(out.data, n, &arena, &back, &err),
            OST_ECORRUPT);
    assert_ok(ost_node_record_decode(out.data, out.len, &arena, &back, &err),
              &err);
    ost_buf_release(&out);
    assert_string_equal(back.components, r.components);
    assert_string_equal(back.notes, r.notes);
    assert_int_equal(back.n_outputs, 2);
    assert_string_equal(back.outputs[1].port, "test");
    assert_int_equal(back.outputs[1].items, 30);
    assert_int_equal(back.outputs[1].artifact.b[1], 2);
    assert_true(back.seconds == 0.25);
    assert_true(back.wall_ns == r.wall_ns);
    assert_int_equal(back.computed, 5);
    assert_int_equal(back.remembered, 300);
    ost_arena_release(&arena);
}

/* One without a device is as earlier versions wrote it. */
static void a_device_is_recorded(void **state)
{
    ost_node_record r = { .components = "stage=train\n",
                          .notes = "",
                          .device = "H100 (GPU-1), driver 580" };
    ost_node_record back;
    ost_arena arena = { 0 };
    ost_buf with = { 0 }, without = { 0 };
    ost_err err = { 0 };

    (void)state;
    ost_node_record_encode(&with, &r);
    r.device = "";
    ost_node_record_encode(&without, &r);
    assert_int_equal(without.data[0], 1);
    assert_int_equal(with.data[0], 2);
    for (size_t n = 0; n < with.len; n++)
        assert_int_equal(
            ost_node_record_decode(with.data, n, &arena, &back, &err),
            OST_ECORRUPT);
    assert_ok(ost_node_record_decode(with.data, with.len, &arena, &back, &err),
              &err);
    assert_string_equal(back.device, "H100 (GPU-1), driver 580");
    assert_ok(
        ost_node_record_decode(without.data, without.len, &arena, &back, &err),
        &err);
    assert_string_equal(back.device, "");
    ost_buf_release(&with);
    ost_buf_release(&without);
    ost_arena_release(&arena);
}

static void a_run_record_reads_back(void **state)
{
    const ost_run_step steps[] = {
        { .name = "train[fold=2]",
          .stage = "train",
          .verdict = OST_RUN_FAILED,
          .key = { { 7 } },
          .seconds = 3,
          .message = "item 'x': no image" },
        { .name = "report",
          .stage = "report",
          .verdict = OST_RUN_SKIPPED,
          .message = "" },
    };
    ost_run_record r = { .id = "20260301-120000-1",
                         .workflow = "contour baseline",
                         .meta = "{\"seed\":1}",
                         .started_ns = 10,
                         .finished_ns = 20,
                         .exit_status = -1,
                         .steps = steps,
                         .n_steps = 2,
                         .outputs = outputs,
                         .n_outputs = 1 };
    ost_run_record back;
    ost_arena arena = { 0 };
    ost_buf out = { 0 };
    ost_err err = { 0 };

    (void)state;
    ost_run_record_encode(&out, &r);
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(
            ost_run_record_decode(out.data, n, &arena, &back, &err),
            OST_ECORRUPT);
    assert_ok(ost_run_record_decode(out.data, out.len, &arena, &back, &err),
              &err);
    ost_buf_release(&out);
    assert_string_equal(back.id, r.id);
    assert_string_equal(back.workflow, r.workflow);
    assert_string_equal(back.meta, r.meta);
    assert_int_equal(back.started_ns, 10);
    assert_int_equal(back.finished_ns, 20);
    assert_int_equal(back.exit_status, -1);
    assert_int_equal(back.n_steps, 2);
    assert_string_equal(back.steps[0].name, "train[fold=2]");
    assert_string_equal(back.steps[0].message, "item 'x': no image");
    assert_int_equal(back.steps[0].verdict, OST_RUN_FAILED);
    assert_int_equal(back.steps[0].key.b[0], 7);
    assert_int_equal(back.steps[1].verdict, OST_RUN_SKIPPED);
    assert_true(ost_digest_is_zero(&back.steps[1].key));
    assert_int_equal(back.n_outputs, 1);
    ost_arena_release(&arena);
}

static void empty_records_read_back(void **state)
{
    ost_node_record node = { .components = NULL };
    ost_run_record run = { .id = NULL };
    ost_arena arena = { 0 };
    ost_buf out = { 0 };
    ost_err err = { 0 };

    (void)state;
    ost_node_record_encode(&out, &node);
    assert_ok(ost_node_record_decode(out.data, out.len, &arena, &node, &err),
              &err);
    assert_string_equal(node.components, "");
    ost_buf_reset(&out);
    ost_run_record_encode(&out, &run);
    assert_ok(ost_run_record_decode(out.data, out.len, &arena, &run, &err),
              &err);
    assert_string_equal(run.id, "");
    ost_buf_release(&out);
    ost_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_record_reads_back),
        cmocka_unit_test(a_device_is_recorded),
        cmocka_unit_test(a_run_record_reads_back),
        cmocka_unit_test(empty_records_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
