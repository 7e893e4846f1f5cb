/* tests/unit/test_run.c - runs with a worker that only pretends */
/* links: engine stage_desc store base */
#include "base/proc.h"
#include "engine/run.h"
#include "tests/support/fake_worker.h"
#include "tests/support/plan.h"
#include "tests/support/small_stages.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "base/banned.h"

/* What a run did. */
typedef struct ran {
    planned p;
    ost_run_result result;
    ost_err err;
    ost_rc rc;
} ran;

static ran run_with(ost_store *s, const char *text, const ost_bindings *b,
                    ost_run_options o)
{
    ost_plan_options none = { 0 };
    ran r = { .rc = OST_OK };

    assert_ok(try_plan(&r.p, s, text, b, none, &r.err), &r.err);
    o.worker = "/proc/self/exe";
    if (!o.jobs)
        o.jobs = 2;
    r.rc = ost_run_execute(r.p.plan, &o, &r.result, &r.err);
    return r;
}

static ran run(ost_store *s, const char *text)
{
    ost_bindings none = { 0 };

    return run_with(s, text, &none, (ost_run_options){ 0 });
}

static void ran_free(ran *r)
{
    ost_run_result_release(&r->result);
    planned_free(&r->p);
}

static void check_counts(const ran *r, uint32_t cached, uint32_t computed,
                         uint32_t failed, uint32_t skipped)
{
    assert_int_equal(r->result.counts.cached, cached);
    assert_int_equal(r->result.counts.ran, computed);
    assert_int_equal(r->result.counts.failed, failed);
    assert_int_equal(r->result.counts.skipped, skipped);
}

/* How many steps workers have computed in this folder. */
static size_t computed(void)
{
    ost_buf text = { 0 };
    size_t n = 0;

    if (!ost_fs_read("computed", 1 << 24, &text, NULL)) {
        for (size_t i = 0; i < text.len; i++)
            n += text.data[i] == '\n';
    }
    ost_buf_release(&text);
    return n;
}

static int fresh_folder(void **state)
{
    (void)state;
    unlink("computed");
    unlink("once");
    return 0;
}

#define CHAIN                                          \
    NODES("'make': { 'stage': 'make' },"               \
          "'read': { 'stage': 'read', 'in': 'make' }," \
          "'note': { 'stage': 'note', 'in': 'read' }")

static void a_chain_runs_once(void **state)
{
    ost_store *s = new_store("s");
    ran r = run(s, CHAIN);

    (void)state;
    assert_ok(r.rc, &r.err);
    check_counts(&r, 0, 3, 0, 0);
    assert_int_equal(r.result.counts.computed, 3);
    assert_int_equal(computed(), 3);
    ran_free(&r);
    r = run(s, CHAIN);
    assert_ok(r.rc, &r.err);
    check_counts(&r, 3, 0, 0, 0);
    assert_int_equal(computed(), 3);
    ran_free(&r);
    ost_store_close(s);
}

#define MANY(n)                                                 \
    WORKFLOW("'axes': { 'k': { 'range': " n " } }, 'nodes': {"  \
             "'a': { 'stage': 'note', 'per': ['k'],"            \
             "       'with': { 'data': '${k}' } },"             \
             "'b': { 'stage': 'note', 'per': ['k'], 'in': 'a'," \
             "       'with': { 'data': ['${k}'] } },"           \
             "'all': { 'stage': 'note', 'in': 'b' } },"         \
             "'outputs': { 'all': 'all', 'some': 'b' }")

static ost_digest output_of(const ran *r, const char *step)
{
    return *ost_plan_outputs(r->p.plan, step_of(r->p.plan, step));
}

/* Whatever the number of workers, the same outputs. */
static void many_steps_with_one_worker_or_eight(void **state)
{
    ost_bindings none = { 0 };
    ost_digest all[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        ost_store *s = new_store("s");
        ran r = run_with(s, MANY("400"), &none,
                         (ost_run_options){ .jobs = i ? 8 : 1 });

        assert_ok(r.rc, &r.err);
        check_counts(&r, 0, 801, 0, 0);
        all[i] = output_of(&r, "all");
        ran_free(&r);
        ost_store_close(s);
    }
    assert_true(ost_digest_equal(&all[0], &all[1]));
    assert_int_equal(computed(), 2 * 801);
}

static void the_record_names_every_step(void **state)
{
    ost_store *s = new_store("s");
    ran r = run(s, MANY("3"));
    ost_arena arena = { 0 };
    ost_buf text = { 0 };
    ost_run_record record;
    ost_err err = { 0 };

    (void)state;
    assert_ok(r.rc, &r.err);
    assert_ok(ost_store_get(s, OST_TABLE_RUNS, r.result.id, strlen(r.result.id),
                            &text, &err),
              &err);
    assert_ok(ost_run_record_decode(text.data, text.len, &arena, &record, &err),
              &err);
    assert_string_equal(record.workflow, "w");
    assert_int_equal(record.n_steps, 7);
    assert_string_equal(record.steps[1].name, "a[k=1]");
    assert_string_equal(record.steps[6].name, "all");
    assert_int_equal(record.steps[6].verdict, OST_RUN_RAN);
    assert_int_equal(record.n_outputs, 4);
    assert_string_equal(record.outputs[0].port, "all");
    assert_int_equal(record.exit_status, 0);
    ost_buf_release(&text);
    ost_arena_release(&arena);
    ran_free(&r);
    ost_store_close(s);
}

/* --- failures ------------------------------------------------------------- */

#define ONE_BAD(word, more)                                               \
    NODES("'bad': { 'stage': 'make', 'with': { 'word': '" word "' }" more \
          " }, 'after': { 'stage': 'read', 'in': 'bad' },"                \
          "'good': { 'stage': 'make', 'with': { 'size': 5 } },"           \
          "'more': { 'stage': 'read', 'in': 'good' }")

static const ost_run_options go_on = { .keep_going = true };

static void an_error_is_passed_on(void **state)
{
    ost_bindings none = { 0 };
    ost_store *s = new_store("s");
    ran r = run_with(s, ONE_BAD("fail", ""), &none, go_on);
    ost_buf memo = { 0 };
    ost_batch *batch;

    (void)state;
    assert_int_equal(r.rc, OST_EFAIL);
    assert_string_equal(r.err.text, "1 step failed");
    check_counts(&r, 0, 2, 1, 1);
    assert_int_equal(r.result.failures.len, 1);
    assert_string_equal(r.result.failures.data[0].message,
                        "image 'x.png' is upside down");
    batch = ost_batch_new(s);
    assert_ok(ost_batch_get_memo(batch, &fake_memo, &memo, &r.err), &r.err);
    assert_string_equal(ost_buf_str(&memo), "item");
    ost_buf_release(&memo);
    ost_batch_free(batch);
    ran_free(&r);
    /* A failure is not remembered. */
    r = run_with(s, ONE_BAD("fail", ""), &none, go_on);
    check_counts(&r, 2, 0, 1, 1);
    ran_free(&r);
    ost_store_close(s);
}

static void a_crash_fails_the_step_with_its_log(void **state)
{
    ost_bindings none = { 0 };
    ost_store *s = new_store("s");
    ran r = run_with(s, ONE_BAD("crash", ""), &none, go_on);

    (void)state;
    assert_int_equal(r.rc, OST_EFAIL);
    check_counts(&r, 0, 2, 1, 1);
    assert_int_equal(r.result.failures.data[0].rc, OST_ECRASH);
    assert_string_equal(
        r.result.failures.data[0].message,
        "worker process died: killed by signal 6 (Aborted); its "
        "log ends with:\nabout to crash in bad");
    ran_free(&r);
    ost_store_close(s);
}

static void nonsense_ends_the_worker(void **state)
{
    ost_bindings none = { 0 };
    ost_store *s = new_store("s");
    ran r = run_with(s, ONE_BAD("babble", ""), &none, go_on);

    (void)state;
    assert_int_equal(r.rc, OST_EFAIL);
    check_counts(&r, 0, 2, 1, 1);
    assert_int_equal(r.result.failures.data[0].rc, OST_EPROTO);
    ran_free(&r);
    ost_store_close(s);
}

static void a_timeout_ends_a_step(void **state)
{
    ost_bindings none = { 0 };
    ost_store *s = new_store("s");
    ran r = run_with(s, ONE_BAD("hang", ", 'timeout': 0.2"), &none, go_on);

    (void)state;
    assert_int_equal(r.rc, OST_EFAIL);
    check_counts(&r, 0, 2, 1, 1);
    assert_int_equal(r.result.failures.data[0].rc, OST_ETIMEOUT);
    ran_free(&r);
    ost_store_close(s);
}

static void retries_are_tried(void **state)
{
    ost_store *s = new_store("s");
    ran r = run(s, ONE_BAD("once", ", 'retries': 1"));

    (void)state;
    assert_ok(r.rc, &r.err);
    check_counts(&r, 0, 4, 0, 0);
    ran_free(&r);
    ost_store_close(s);
}

/* Among tiny steps that travel together only the guilty one fails. */
static void company_does_not_suffer(void **state)
{
    static const char text[] =
        WORKFLOW("'axes': { 'k': { 'range': 100 }, 'one': { 'values': ["
                 "'crash', 'x', 'y'] } }, 'nodes': {"
                 "'a': { 'stage': 'note', 'per': ['k'],"
                 "       'with': { 'data': '${k}' } },"
                 "'b': { 'stage': 'make', 'per': ['one'],"
                 "       'with': { 'word': '${one}' } } }");
    ost_bindings none = { 0 };
    ost_store *s = new_store("s");
    ran r = run_with(s, text, &none,
                     (ost_run_options){ .keep_going = true, .jobs = 1 });

    (void)state;
    assert_int_equal(r.rc, OST_EFAIL);
    check_counts(&r, 0, 102, 1, 0);
    ran_free(&r);
    ost_store_close(s);
}

static void without_keep_going_nothing_new_starts(void **state)
{
    ost_bindings none = { 0 };
    ost_store *s = new_store("s");
    ran r = run_with(s,
                     NODES("'bad': { 'stage': 'make', 'with': { 'word': "
                           "'fail' } },"
                           "'make': { 'stage': 'make' },"
                           "'read': { 'stage': 'read', 'in': 'make' }"),
                     &none, (ost_run_options){ .jobs = 1 });

    (void)state;
    assert_int_equal(r.rc, OST_EFAIL);
    assert_int_equal(r.result.counts.failed, 1);
    assert_int_equal(r.result.counts.failed + r.result.counts.ran +
                         r.result.counts.skipped,
                     3);
    assert_true(r.result.counts.skipped > 0);
    ran_free(&r);
    ost_store_close(s);
}

static void no_worker_to_start(void **state)
{
    ost_run_options o = { .worker = "./nobody", .jobs = 1 };
    ost_store *s = new_store("s");
    planned p = plan_of(s, CHAIN);
    ost_run_result result;
    ost_err err = { 0 };

    (void)state;
    assert_int_equal(ost_run_execute(p.plan, &o, &result, &err), OST_ENOTFOUND);
    assert_non_null(strstr(err.text, "cannot start './nobody'"));
    ost_run_result_release(&result);
    planned_free(&p);
    ost_store_close(s);
}

/* --- interrupts ----------------------------------------------------------- */

static void interrupt_at_start(void *user, const ost_event *e)
{
    const char *wanted = user;

    if (e->kind == OST_EVENT_STEP_STARTED && strcmp(e->name, wanted) == 0)
        raise(SIGINT);
}

static void an_interrupt_keeps_what_is_finished(void **state)
{
    static const char text[] =
        NODES("'make': { 'stage': 'make' },"
              "'read': { 'stage': 'read', 'in': 'make' },"
              "'long': { 'stage': 'make', 'with': { 'word': 'hang' } },"
              "'last': { 'stage': 'note', 'in': ['read', 'long'] }");
    char name[] = "long";
    ost_watch watch = { .tell = interrupt_at_start, .user = name };
    ost_bindings none = { 0 };
    ost_store *s = new_store("s");
    ran r = run_with(s, text, &none,
                     (ost_run_options){ .watches = &watch, .n_watches = 1 });

    (void)state;
    assert_int_equal(r.rc, OST_EINTERRUPTED);
    assert_int_equal(r.result.counts.failed, 0);
    assert_true(r.result.counts.skipped >= 2);
    assert_int_equal(r.result.counts.ran, computed());
    ran_free(&r);
    ost_store_close(s);
}

/* --- checks --------------------------------------------------------------- */

static void a_stage_refuses_its_parameters(void **state)
{
    static const char text[] =
        NODES("'one': { 'stage': 'make', 'with': { 'size': 12 } },"
              "'two': { 'stage': 'make', 'with': { 'size': 13 } }");
    ost_store *s = new_store("s");
    ran r = run(s, text);

    (void)state;
    assert_int_equal(r.rc, OST_EWORKFLOW);
    assert_string_equal(r.err.text,
                        "1 node with parameters that do not go together");
    assert_memory_equal(
        ost_buf_str(&r.result.refusals),
        "w.json:1:125: /nodes/two/with: node 'two': size 13 brings bad luck\n",
        67);
    assert_int_equal(computed(), 0);
    ran_free(&r);
    ost_store_close(s);
}

/* --- sources -------------------------------------------------------------- */

/* A file that changes while a step reads it fails the step. */
static void a_source_changes_under_a_step(void **state)
{
    static const char text[] =
        WORKFLOW("'inputs': { 'files': { 'type': 'files' } }, 'nodes': {"
                 "'slow': { 'stage': 'make', 'with': { 'word': 'touch' } },"
                 "'both': { 'stage': 'note', 'in': ['slow', '$files'] } }");
    char *folder = realpath(".", NULL);
    char *where = ost_path_join(folder, "files");
    ost_setting bind = { "files", where };
    ost_bindings b = { .binds = &bind, .n_binds = 1 };
    ost_store *s = new_store("s");
    ran r;

    (void)state;
    ost_fs_mkdirs(where, NULL);
    unlink("files/a");
    append_line("files/a", "one");
    r = run_with(s, text, &b, (ost_run_options){ 0 });
    assert_int_equal(r.rc, OST_EFAIL);
    check_counts(&r, 0, 1, 1, 0);
    assert_int_equal(r.result.failures.data[0].rc, OST_ECHANGED);
    assert_non_null(strstr(r.result.failures.data[0].message,
                           "files/a' changed while it was used"));
    ran_free(&r);
    r = run_with(s, text, &b, (ost_run_options){ 0 });
    assert_ok(r.rc, &r.err);
    check_counts(&r, 1, 1, 0, 0);
    ran_free(&r);
    ost_free(where);
    free(folder);
    ost_store_close(s);
}

/* --- two processes -------------------------------------------------------- */

/* Runs the workflow in another process: "computed" then counts both. */
static int run_in_child(const char *store)
{
    ost_store *s = old_store(store);
    ran r = run(s, MANY("100"));
    int status = r.rc ? 1 : 0;

    ran_free(&r);
    ost_store_close(s);
    return status;
}

static void two_runs_compute_each_step_once(void **state)
{
    const char *argv[] = { "/proc/self/exe", "--run", "s", NULL };
    ost_proc_spec spec = { .argv = argv,
                           .stdin_fd = -1,
                           .stdout_fd = -1,
                           .stderr_fd = -1,
                           .passed_fd = -1 };
    ost_store *s = new_store("s");
    ost_err err = { 0 };
    int status = -1;
    pid_t pid;
    ran r;

    (void)state;
    assert_ok(ost_proc_spawn(&spec, &pid, &err), &err);
    r = run(s, MANY("100"));
    assert_ok(r.rc, &r.err);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(computed(), 201);
    ran_free(&r);
    ost_store_close(s);
}

/* --- events --------------------------------------------------------------- */

static void collect_events(void *user, const ost_event *e)
{
    ost_event_json(user, e);
}

static void events_tell_the_story(void **state)
{
    static const char *const kinds[] = { "run_started",   "step_started",
                                         "step_finished", "step_started",
                                         "step_finished", "step_started",
                                         "step_finished", "run_finished" };
    ost_buf text = { 0 };
    ost_watch watch = { .tell = collect_events, .user = &text };
    ost_bindings none = { 0 };
    ost_store *s = new_store("s");
    ran r = run_with(s, CHAIN, &none,
                     (ost_run_options){ .watches = &watch, .n_watches = 1 });
    const char *line = ost_buf_str(&text);

    (void)state;
    assert_ok(r.rc, &r.err);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        json_t *event = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);

        assert_non_null(event);
        assert_string_equal(json_string_value(json_object_get(event, "event")),
                            kinds[i]);
        if (strcmp(kinds[i], "step_finished") == 0) {
            assert_string_equal(
                json_string_value(json_object_get(event, "verdict")), "ran");
            assert_int_equal(
                json_object_size(json_object_get(event, "outputs")), 1);
        }
        json_decref(event);
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(line, "");
    ost_buf_release(&text);
    ran_free(&r);
    ost_store_close(s);
}

static void a_gate_decides_how_a_run_ends(void **state)
{
    ost_buf text = { 0 };
    ost_watch watch = { .tell = collect_events, .user = &text };
    ost_bindings none = { 0 };
    ost_store *s = new_store("s");

    (void)state;
    for (int i = 0; i < 2; i++) {
        ran r = run_with(
            s,
            WORKFLOW("'nodes': { 'a': { 'stage': 'note' } }, 'outputs': {"
                     "'a': { 'from': 'a', 'gate': { 'value': '> 1' } } }"),
            &none, (ost_run_options){ .watches = &watch, .n_watches = 1 });

        assert_int_equal(r.rc, OST_EGATE);
        check_counts(&r, i == 1, i == 0, 0, 0);
        assert_non_null(strstr(ost_buf_str(&text),
                               "\"status\":\"failed\",\"exit_status\":3"));
        ost_buf_reset(&text);
        ran_free(&r);
    }
    ost_buf_release(&text);
    ost_store_close(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_chain_runs_once, fresh_folder),
        cmocka_unit_test_setup(many_steps_with_one_worker_or_eight,
                               fresh_folder),
        cmocka_unit_test_setup(the_record_names_every_step, fresh_folder),
        cmocka_unit_test_setup(an_error_is_passed_on, fresh_folder),
        cmocka_unit_test_setup(a_crash_fails_the_step_with_its_log,
                               fresh_folder),
        cmocka_unit_test_setup(nonsense_ends_the_worker, fresh_folder),
        cmocka_unit_test_setup(a_timeout_ends_a_step, fresh_folder),
        cmocka_unit_test_setup(retries_are_tried, fresh_folder),
        cmocka_unit_test_setup(company_does_not_suffer, fresh_folder),
        cmocka_unit_test_setup(without_keep_going_nothing_new_starts,
                               fresh_folder),
        cmocka_unit_test_setup(no_worker_to_start, fresh_folder),
        cmocka_unit_test_setup(an_interrupt_keeps_what_is_finished,
                               fresh_folder),
        cmocka_unit_test_setup(a_stage_refuses_its_parameters, fresh_folder),
        cmocka_unit_test_setup(a_source_changes_under_a_step, fresh_folder),
        cmocka_unit_test_setup(two_runs_compute_each_step_once, fresh_folder),
        cmocka_unit_test_setup(events_tell_the_story, fresh_folder),
        cmocka_unit_test_setup(a_gate_decides_how_a_run_ends, fresh_folder),
    };

    if (argc == 3 && strcmp(argv[1], "--store") == 0)
        return fake_worker(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--run") == 0)
        return run_in_child(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
