/* tests/unit/test_plan.c - keys, verdicts and reasons of steps */
/* links: engine stage_desc store base */
#include "tests/support/plan.h"
#include "tests/support/small_stages.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

#define CHAIN(low)                                              \
    NODES("'make': { 'stage': 'make' },"                        \
          "'read': { 'stage': 'read', 'in': 'make' },"          \
          "'blur': { 'stage': 'blur', 'in': 'read', 'with': { " \
          "'rate': " low " } },"                                \
          "'note': { 'stage': 'note', 'in': 'blur' }")

static void key_of(ost_store *s, const char *text, const char *step,
                   char hex[OST_DIGEST_HEX])
{
    planned p = plan_of(s, text);

    ost_digest_hex(&p.plan->steps[step_of(p.plan, step)].key, hex);
    planned_free(&p);
}

static void keys_name_what_decides_the_bytes(void **state)
{
    char one[OST_DIGEST_HEX], other[OST_DIGEST_HEX];
    ost_store *s = new_store("s");

    (void)state;
    key_of(s, NODES("'a': { 'stage': 'make', 'with': { 'size': 3 } }"), "a",
           one);
    key_of(s,
           NODES("'b': { 'with': { 'word': 'x', 'size': 3 }, 'stage': 'make', "
                 "'title': 'T', 'retries': 2, 'timeout': 5 }"),
           "b", other);
    assert_string_equal(one, other);
    key_of(s, NODES("'a': { 'stage': 'make', 'with': { 'size': 4 } }"), "a",
           other);
    assert_string_not_equal(one, other);
    key_of(s,
           NODES("'a': { 'stage': 'make', 'with': { 'size': 3 }, 'seed': 9 }"),
           "a", other);
    assert_string_not_equal(one, other);
    ost_store_close(s);
}

/* A stage that does not draw has no seed in its key. */
static void seed_counts_only_for_those_who_draw(void **state)
{
    static const char text[] = NODES("'note': { 'stage': 'note' }");
    char one[OST_DIGEST_HEX], other[OST_DIGEST_HEX];
    ost_store *s = new_store("s");

    (void)state;
    key_of(s, text, "note", one);
    key_of(s, WORKFLOW("'seed': 5, 'nodes': { 'note': { 'stage': 'note' } }"),
           "note", other);
    assert_string_equal(one, other);
    ost_store_close(s);
}

static void nothing_is_built(void **state)
{
    ost_store *s = new_store("s");
    planned p = plan_of(s, CHAIN("0.5"));

    (void)state;
    assert_int_equal(p.plan->n_steps, 4);
    check_verdict(&p, "make", OST_VERDICT_RUN, "first run");
    check_verdict(&p, "read", OST_VERDICT_MAYBE, "waits for make");
    check_verdict(&p, "note", OST_VERDICT_MAYBE, "waits for blur");
    assert_true(ost_digest_is_zero(&p.plan->steps[1].key));
    planned_free(&p);
    ost_store_close(s);
}

static void build_chain(ost_store *s)
{
    planned p = plan_of(s, CHAIN("0.5"));

    pretend(&p, "make", "made");
    pretend(&p, "read", "red");
    pretend(&p, "blur", "blurred");
    pretend(&p, "note", "noted");
    planned_free(&p);
}

static void everything_is_built(void **state)
{
    ost_store *s = new_store("s");
    planned p;

    (void)state;
    build_chain(s);
    p = plan_of(s, CHAIN("0.5"));
    check_verdict(&p, "make", OST_VERDICT_CACHED, "nothing changed");
    check_verdict(&p, "note", OST_VERDICT_CACHED, "nothing changed");
    planned_free(&p);
    ost_store_close(s);
}

static void a_parameter_changed(void **state)
{
    ost_store *s = new_store("s");
    planned p;

    (void)state;
    build_chain(s);
    p = plan_of(s, CHAIN("0.25"));
    check_verdict(&p, "read", OST_VERDICT_CACHED, "nothing changed");
    check_verdict(&p, "blur", OST_VERDICT_RUN, "param rate: 0.5 -> 0.25");
    check_verdict(&p, "note", OST_VERDICT_MAYBE, "waits for blur");
    planned_free(&p);
    ost_store_close(s);
}

static void explain(planned *p, const char *name, const char *expected)
{
    ost_buf text = { 0 };
    ost_err err = { 0 };

    assert_ok(ost_plan_explain(p->plan, step_of(p->plan, name), &text, &err),
              &err);
    assert_string_equal(ost_buf_str(&text), expected);
    ost_buf_release(&text);
}

static void the_chain_leads_to_the_parameter(void **state)
{
    ost_store *s = new_store("s");
    planned p;

    (void)state;
    build_chain(s);
    p = plan_of(s, CHAIN("0.25"));
    explain(&p, "note",
            "note: maybe\n  an input must be computed first: blur: param "
            "rate: 0.5 -> 0.25\n");
    pretend(&p, "blur", "blurred less");
    planned_free(&p);
    p = plan_of(s, CHAIN("0.25"));
    check_verdict(&p, "note", OST_VERDICT_RUN,
                  "input in changed (via blur: param rate: 0.5 -> 0.25)");
    planned_free(&p);
    ost_store_close(s);
}

/* Another parameter, the same output: what reads it has the same key. */
static void same_bytes_end_the_change(void **state)
{
    ost_store *s = new_store("s");
    planned p;

    (void)state;
    build_chain(s);
    p = plan_of(s, CHAIN("0.25"));
    pretend(&p, "blur", "blurred");
    planned_free(&p);
    p = plan_of(s, CHAIN("0.25"));
    check_verdict(&p, "blur", OST_VERDICT_CACHED, "nothing changed");
    check_verdict(&p, "note", OST_VERDICT_CACHED, "nothing changed");
    planned_free(&p);
    ost_store_close(s);
}

static void another_stage_version(void **state)
{
    ost_store *s = new_store("s");
    ost_batch *b = ost_batch_new(s);
    ost_node_record record = {
        .components = "stage=note\nversion=7\nparam.rate=0.5\n"
                      "param.mode=\"soft\"\nparam.sizes=[8,8]\n"
                      "param.data=null\n",
        .notes = "",
    };
    ost_key key = { { 1 } };
    ost_buf text = { 0 };
    planned p;

    (void)state;
    ost_node_record_encode(&text, &record);
    ost_batch_put(b, OST_TABLE_NODES, key.b, sizeof(key.b), text.data,
                  text.len);
    ost_recent_put(b, "w", "note", &key, 1);
    commit(b);
    ost_batch_free(b);
    p = plan_of(s, NODES("'note': { 'stage': 'note' }"));
    check_verdict(&p, "note", OST_VERDICT_RUN, "stage version 7 -> 1");
    planned_free(&p);
    ost_buf_release(&text);
    ost_store_close(s);
}

static void delete_record(ost_store *s, ost_table table, const void *key,
                          size_t n)
{
    ost_batch *b = ost_batch_new(s);

    ost_batch_put(b, table, key, n, NULL, 0);
    commit(b);
    ost_batch_free(b);
}

static void outputs_that_are_gone(void **state)
{
    ost_store *s = new_store("s");
    planned p;
    ost_digest d;
    ost_key key;

    (void)state;
    build_chain(s);
    p = plan_of(s, CHAIN("0.5"));
    key = p.plan->steps[step_of(p.plan, "note")].key;
    d = *ost_plan_outputs(p.plan, step_of(p.plan, "note"));
    planned_free(&p);
    delete_record(s, OST_TABLE_BLOBS, d.b, sizeof(d.b));
    p = plan_of(s, CHAIN("0.5"));
    check_verdict(&p, "note", OST_VERDICT_RUN,
                  "output is missing from the store");
    planned_free(&p);
    delete_record(s, OST_TABLE_NODES, key.b, sizeof(key.b));
    p = plan_of(s, CHAIN("0.5"));
    check_verdict(&p, "note", OST_VERDICT_RUN, "output was removed by gc");
    planned_free(&p);
    ost_store_close(s);
}

static void targets_and_force(void **state)
{
    const char *target = "read", *forced = "make", *wrong = "raed";
    ost_bindings none = { 0 };
    ost_plan_options o = { .targets = &target, .n_targets = 1 };
    ost_store *s = new_store("s");
    ost_err err = { 0 };
    planned p;

    (void)state;
    build_chain(s);
    assert_ok(try_plan(&p, s, CHAIN("0.5"), &none, o, &err), &err);
    assert_int_equal(p.plan->n_out, 2);
    assert_true(p.plan->steps[step_of(p.plan, "note")].flags & OST_STEP_OUT);
    assert_false(p.plan->steps[step_of(p.plan, "make")].flags & OST_STEP_OUT);
    planned_free(&p);
    o = (ost_plan_options){ .forced = &forced, .n_forced = 1 };
    assert_ok(try_plan(&p, s, CHAIN("0.5"), &none, o, &err), &err);
    check_verdict(&p, "make", OST_VERDICT_RUN, "forced");
    check_verdict(&p, "read", OST_VERDICT_MAYBE, "waits for make");
    planned_free(&p);
    o = (ost_plan_options){ .targets = &wrong, .n_targets = 1 };
    assert_int_equal(try_plan(&p, s, CHAIN("0.5"), &none, o, &err), OST_EUSAGE);
    assert_string_equal(err.text,
                        "--target: no node 'raed' (did you mean 'read'?)");
    planned_free(&p);
    ost_store_close(s);
}

static void one_step_of_a_node_as_target(void **state)
{
    const char *target = "b[k=1]";
    ost_plan_options o = { .targets = &target, .n_targets = 1 };
    ost_bindings none = { 0 };
    ost_store *s = new_store("s");
    ost_err err = { 0 };
    planned p;

    (void)state;
    assert_ok(try_plan(&p, s,
                       WORKFLOW("'axes': { 'k': { 'values': [1, 2, 3] } },"
                                "'nodes': {"
                                "'a': { 'stage': 'make', 'per': ['k'],"
                                "       'with': { 'size': '${k}' } },"
                                "'b': { 'stage': 'read', 'per': ['k'],"
                                "       'in': 'a' } }"),
                       &none, o, &err),
              &err);
    assert_int_equal(p.plan->n_out, 4);
    assert_false(p.plan->steps[step_of(p.plan, "a[k=1]")].flags & OST_STEP_OUT);
    assert_true(p.plan->steps[step_of(p.plan, "a[k=2]")].flags & OST_STEP_OUT);
    planned_free(&p);
    ost_store_close(s);
}

static void gathered_inputs_are_named_by_their_axes(void **state)
{
    ost_store *s = new_store("s");
    planned p =
        plan_of(s, WORKFLOW("'axes': { 'k': { 'values': [5, 7] } }, 'nodes': {"
                            "'a': { 'stage': 'make', 'per': ['k'],"
                            "       'with': { 'size': '${k}' } },"
                            "'all': { 'stage': 'note', 'in': 'a' } }"));
    ost_buf text = { 0 };
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_plan_components(p.plan, step_of(p.plan, "all"), &text, NULL,
                                  NULL, &err),
              &err);
    assert_non_null(strstr(ost_buf_str(&text), "\nin.in[0;k=5]=0000"));
    assert_non_null(strstr(ost_buf_str(&text), "\nin.in[1;k=7]=0000"));
    ost_buf_release(&text);
    planned_free(&p);
    ost_store_close(s);
}

static void write_text(const char *path, const char *text)
{
    ost_err err = { 0 };

    assert_ok(ost_fs_write_atomic(path, text, strlen(text), false, &err), &err);
}

static void a_source_changed(void **state)
{
    static const char text[] =
        WORKFLOW("'inputs': { 'files': { 'type': 'files' } }, 'nodes': {"
                 "'read': { 'stage': 'read', 'in': '$files' },"
                 "'note': { 'stage': 'note', 'in': 'read' } }");
    char *folder = realpath(".", NULL);
    char *where = ost_path_join(folder, "files");
    ost_setting bind = { "files", where };
    ost_bindings b = { .binds = &bind, .n_binds = 1 };
    ost_store *s = new_store("s");
    ost_err err = { 0 };
    planned p;

    (void)state;
    assert_ok(ost_fs_mkdirs(where, &err), &err);
    write_text("files/a", "one");
    write_text("files/b", "two");
    assert_ok(try_plan(&p, s, text, &b, (ost_plan_options){ 0 }, &err), &err);
    commit(p.batch);
    pretend(&p, "read", "red");
    pretend(&p, "note", "noted");
    planned_free(&p);
    write_text("files/a", "other");
    write_text("files/c", "three");
    unlink("files/b");
    assert_ok(try_plan(&p, s, text, &b, (ost_plan_options){ 0 }, &err), &err);
    check_verdict(&p, "read", OST_VERDICT_RUN,
                  "input in changed (via source files: 1 file new, 1 changed, "
                  "1 gone)");
    explain(&p, "note",
            "note: maybe\n  an input must be computed first: read <- source "
            "files: 1 file new, 1 changed, 1 gone\n");
    planned_free(&p);
    ost_free(where);
    free(folder);
    ost_store_close(s);
}

/* The newest of equally near earlier keys is the one to compare with. */
static void recent_keys_are_ordered_and_few(void **state)
{
    ost_recent_key recent[OST_RECENT];
    ost_store *s = new_store("s");
    ost_batch *b = ost_batch_new(s);

    (void)state;
    assert_false(ost_recent_any(s, "w"));
    for (uint8_t i = 1; i <= 12; i++) {
        ost_key key = { { i } };

        ost_recent_put(b, "w", "a", &key, i);
    }
    ost_recent_put(b, "w", "a", &(ost_key){ { 8 } }, 99);
    ost_recent_put(b, "w2", "a", &(ost_key){ { 1 } }, 1);
    commit(b);
    assert_true(ost_recent_any(s, "w"));
    assert_int_equal(ost_recent_get(s, "w", "a", recent), OST_RECENT);
    assert_int_equal(recent[0].key.b[0], 8);
    assert_int_equal(recent[0].wall_ns, 99);
    assert_int_equal(recent[1].key.b[0], 12);
    assert_int_equal(recent[7].key.b[0], 5);
    assert_int_equal(ost_recent_get(s, "w", "b", recent), 0);
    ost_recent_put(b, "w", "a", &(ost_key){ { 8 } }, 100);
    assert_int_equal(ost_batch_count(b), 0);
    ost_batch_free(b);
    ost_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_name_what_decides_the_bytes),
        cmocka_unit_test(seed_counts_only_for_those_who_draw),
        cmocka_unit_test(nothing_is_built),
        cmocka_unit_test(everything_is_built),
        cmocka_unit_test(a_parameter_changed),
        cmocka_unit_test(the_chain_leads_to_the_parameter),
        cmocka_unit_test(same_bytes_end_the_change),
        cmocka_unit_test(another_stage_version),
        cmocka_unit_test(outputs_that_are_gone),
        cmocka_unit_test(targets_and_force),
        cmocka_unit_test(one_step_of_a_node_as_target),
        cmocka_unit_test(gathered_inputs_are_named_by_their_axes),
        cmocka_unit_test(a_source_changed),
        cmocka_unit_test(recent_keys_are_ordered_and_few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
