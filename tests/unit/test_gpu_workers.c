/* tests/unit/test_gpu_workers.c - runs on GPUs that are made up, with workers
 * that only pretend */
/* links: engine stage_desc store base */
#include "base/proc.h"
#include "engine/run.h"
#include "tests/support/fake_gpus.h"
#include "tests/support/fake_worker.h"
#include "tests/support/plan.h"
#include "tests/support/small_stages.h"

#include "base/banned.h"

#define PREFER "'needs': { 'gpu': 'prefer' }"

/* Steps that say a word, one for each of the sizes. */
#define FOLDS_ON(sizes, word, more)                                   \
    WORKFLOW("'axes': { 'k': { 'values': [" sizes "] } }, 'nodes': {" \
             "'a': { 'stage': 'weigh', 'per': ['k'], " more           \
             ", 'with': { 'word': '" word "', 'size': '${k}' } },"    \
             "'cpu': { 'stage': 'make' } }")
#define FOLDS(sizes, word) FOLDS_ON(sizes, word, PREFER)

/* What a run did. */
typedef struct ran {
    planned p;
    ost_run_result result;
    ost_err err;
    ost_rc rc;
} ran;

static ran run_with(ost_store *s, const char *text, ost_run_options o)
{
    ost_plan_options none = { 0 };
    ost_bindings nothing = { 0 };
    ran r = { .rc = OST_OK };

    assert_ok(try_plan(&r.p, s, text, &nothing, none, &r.err), &r.err);
    o.worker = "/proc/self/exe";
    o.jobs = 1;
    r.rc = ost_run_execute(r.p.plan, &o, &r.result, &r.err);
    return r;
}

static ran run(ost_store *s, const char *text)
{
    return run_with(s, text, (ost_run_options){ 0 });
}

static void ran_free(ran *r)
{
    ost_run_result_release(&r->result);
    planned_free(&r->p);
}

static int fresh_machine(void **state)
{
    static const char *const files[] = { "computed", "once", "where",
                                         "at.GPU-0000aaaa", "at.GPU-1111bbbb" };

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        unlink(files[i]);
    have_no_gpus(state);
    have_gpus(TWO_GPUS);
    return 0;
}

/* How many lines of the file "where" have both parts. */
static size_t lines_with(const char *a, const char *b)
{
    ost_buf text = { 0 };
    char *rest = NULL;
    size_t n = 0;

    if (!ost_fs_read("where", 1 << 24, &text, NULL)) {
        for (char *line =
                 strtok_r((char *)(uintptr_t)ost_buf_str(&text), "\n", &rest);
             line; line = strtok_r(NULL, "\n", &rest))
            n += strstr(line, a) && strstr(line, b);
    }
    ost_buf_release(&text);
    return n;
}

static const char *message_of(const ran *r, size_t i)
{
    assert_true(i < r->result.failures.len);
    return r->result.failures.data[i].message;
}

/* --- where steps go ------------------------------------------------------- */

/* Both steps wait for each other: neither could do so alone. */
static void two_gpus_work_side_by_side(void **state)
{
    ost_store *s = new_store("s");
    ran r = run(s, FOLDS("1, 2", "meet"));

    (void)state;
    assert_ok(r.rc, &r.err);
    assert_int_equal(r.result.counts.ran, 3);
    assert_int_equal(lines_with("a[", "GPU-0000aaaa sim-f32"), 1);
    assert_int_equal(lines_with("a[", "GPU-1111bbbb sim-f32"), 1);
    assert_int_equal(lines_with("cpu ", " none cpu-f32"), 1);
    ran_free(&r);
    ost_store_close(s);
}

/* Not of the machine: all of them would not fit there. */
static void memory_is_the_gpus(void **state)
{
    static const char text[] = FOLDS_ON(
        "1, 2, 3, 4", "x", "'needs': { 'gpu': 'prefer', 'memory': '50 GB' }");
    ost_store *s = new_store("s");
    ran r = run_with(s, text, (ost_run_options){ .memory = 1 });

    (void)state;
    assert_ok(r.rc, &r.err);
    assert_int_equal(lines_with("a[", "GPU-0000aaaa sim-f32 50000000000"), 4);
    ran_free(&r);
    ost_store_close(s);
}

/* --- GPUs that fail ------------------------------------------------------- */

static void a_lost_gpu_fails_its_step_alone(void **state)
{
    static const char text[] = NODES(
        "'a': { 'stage': 'weigh', " PREFER ", 'with': { 'word': 'lost' } },"
        "'b': { 'stage': 'weigh', " PREFER ", 'with': { 'size': 2 } },"
        "'cpu': { 'stage': 'make' }");
    ost_store *s = new_store("s");
    ran r = run_with(s, text, (ost_run_options){ .keep_going = true });

    (void)state;
    assert_int_equal(r.rc, OST_EFAIL);
    assert_int_equal(r.result.counts.ran, 2);
    assert_int_equal(r.result.counts.failed, 1);
    assert_int_equal(r.result.failures.data[0].rc, OST_EDEVICE);
    assert_non_null(strstr(message_of(&r, 0), "the device cannot multiply"));
    assert_non_null(strstr(message_of(&r, 0), "fallen off the bus in a"));
    ran_free(&r);
    ost_store_close(s);
}

static void a_worker_whose_gpu_failed_is_replaced(void **state)
{
    ost_store *s = new_store("s");
    ran r;

    (void)state;
    have_gpus("gpu=GPU-0000aaaa,80,80,90");
    r = run(s, FOLDS_ON("1, 2, 3", "shaky", PREFER ", 'retries': 1"));
    assert_ok(r.rc, &r.err);
    assert_int_equal(r.result.counts.ran, 4);
    assert_int_equal(lines_with("a[", "GPU-0000aaaa sim-f32"), 3);
    ran_free(&r);
    ost_store_close(s);
}

/* One of two fails every step that it gets: it gets three. */
static void a_gpu_that_always_fails_is_given_up(void **state)
{
    ost_store *s = new_store("s");
    ran r = run(s, FOLDS_ON("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12", "bad0",
                            PREFER ", 'retries': 3"));

    (void)state;
    assert_ok(r.rc, &r.err);
    assert_int_equal(r.result.counts.ran, 13);
    assert_int_equal(lines_with("a[", "GPU-1111bbbb"), 12);
    assert_in_range(lines_with("GPU-0000aaaa", "lost"), 1, 3);
    ran_free(&r);
    ost_store_close(s);
}

static void without_a_gpu_that_works_steps_fail(void **state)
{
    ost_store *s = new_store("s");
    ran r;

    (void)state;
    have_gpus("gpu=GPU-0000aaaa,80,80,90");
    r = run_with(s, FOLDS("1, 2, 3, 4, 5", "bad0"),
                 (ost_run_options){ .keep_going = true });
    assert_int_equal(r.rc, OST_EFAIL);
    assert_int_equal(r.result.counts.failed, 5);
    assert_int_equal(r.result.counts.ran, 1);
    assert_string_equal(message_of(&r, 4),
                        "no GPU is left that works; the last failure was: the "
                        "device cannot multiply");
    ran_free(&r);
    ost_store_close(s);
}

/* --- what is remembered --------------------------------------------------- */

typedef struct seen_events {
    ost_buf text;
} seen_events;

static void see(void *user, const ost_event *e)
{
    seen_events *seen = user;

    if (e->kind == OST_EVENT_STEP_STARTED || e->kind == OST_EVENT_STEP_FINISHED)
        ost_event_json(&seen->text, e);
}

static void events_name_the_gpu(void **state)
{
    seen_events seen = { { 0 } };
    ost_watch watch = { .tell = see, .user = &seen };
    ost_store *s = new_store("s");
    ran r;

    (void)state;
    have_gpus("gpu=GPU-0000aaaa,80,80,90");
    r = run_with(s, FOLDS("1", "x"),
                 (ost_run_options){ .watches = &watch, .n_watches = 1 });
    assert_ok(r.rc, &r.err);
    for (const char *line = ost_buf_str(&seen.text); *line;
         line = strchr(line, '\n') + 1) {
        char *one = ost_xstrndup(line, strcspn(line, "\n"));
        bool named = strstr(one, "\"gpu\":\"GPU-0000aaaa\",\"gpu_name\":\""
                                 "Fake 80GB\"") != NULL;

        assert_int_equal(named, strstr(one, "\"stage\":\"weigh\"") != NULL);
        ost_free(one);
    }
    ost_buf_release(&seen.text);
    ran_free(&r);
    ost_store_close(s);
}

static ost_node_record record_of(const ran *r, const char *step,
                                 ost_arena *arena)
{
    const ost_key *key = &r->p.plan->steps[step_of(r->p.plan, step)].key;
    ost_buf text = { 0 };
    ost_node_record record;
    ost_err err = { 0 };

    assert_ok(ost_store_get(r->p.plan->store, OST_TABLE_NODES, key->b,
                            sizeof(key->b), &text, &err),
              &err);
    assert_ok(ost_node_record_decode(text.data, text.len, arena, &record, &err),
              &err);
    ost_buf_release(&text);
    return record;
}

static void check_meta(const ran *r, const char *part)
{
    ost_arena arena = { 0 };
    ost_run_record record;
    ost_buf text = { 0 };
    ost_err err = { 0 };

    assert_ok(ost_store_get(r->p.plan->store, OST_TABLE_RUNS, r->result.id,
                            strlen(r->result.id), &text, &err),
              &err);
    assert_ok(ost_run_record_decode(text.data, text.len, &arena, &record, &err),
              &err);
    if (!strstr(record.meta, part))
        fail_msg("no %s in %s", part, record.meta);
    ost_buf_release(&text);
    ost_arena_release(&arena);
}

/* Of what ran, and later of what is cached. */
static void records_name_the_gpu(void **state)
{
    static const char device[] =
        "Fake 80GB (GPU-0000aaaa), driver 580.65, cuFake 1.2";
    ost_arena arena = { 0 };
    ost_store *s = new_store("s");
    ran r;

    (void)state;
    have_gpus("gpu=GPU-0000aaaa,80,80,90");
    for (int i = 0; i < 2; i++) {
        r = run(s, FOLDS("1, 2", "x"));
        assert_ok(r.rc, &r.err);
        assert_int_equal(r.result.counts.cached, i ? 3 : 0);
        assert_string_equal(record_of(&r, "a[k=2]", &arena).device, device);
        assert_string_equal(record_of(&r, "cpu", &arena).device, "");
        check_meta(&r, "\"gpus\":[{\"gpu\":\"Fake 80GB (GPU-0000aaaa), driver "
                       "580.65, cuFake 1.2\",\"steps\":[\"a[k=1]\","
                       "\"a[k=2]\"]}]");
        ran_free(&r);
    }
    ost_arena_release(&arena);
    ost_store_close(s);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh_machine)
    const struct CMUnitTest tests[] = {
        TEST(two_gpus_work_side_by_side),
        TEST(memory_is_the_gpus),
        TEST(a_lost_gpu_fails_its_step_alone),
        TEST(a_worker_whose_gpu_failed_is_replaced),
        TEST(a_gpu_that_always_fails_is_given_up),
        TEST(without_a_gpu_that_works_steps_fail),
        TEST(events_name_the_gpu),
        TEST(records_name_the_gpu),
    };

    if (argc == 3 && strcmp(argv[1], "--store") == 0)
        return fake_worker(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
