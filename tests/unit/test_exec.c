/* tests/unit/test_exec.c - programs on files */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/step.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

extern const ost_stage ost_stage_exec, ost_stage_value;
const ost_stage *const ost_stages[] = { &ost_stage_exec, &ost_stage_value,
                                        NULL };

static int setup(void **state)
{
    int rc = step_setup(state);

    ((step_fixture *)*state)->exec_allowed = true;
    return rc;
}

static const char *text_of(step_fixture *f, const ost_done_msg *done,
                           const char *path)
{
    const ost_item *items;
    const unsigned char *data;
    size_t n, size;

    items = output_items(f, done, "out", &n);
    data = field_bytes(f, item_named(items, n, path), "bytes", &size);
    return ost_arena_strndup(&f->arena, (const char *)data, size);
}

static void nothing_runs_unless_allowed(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done;

    f->exec_allowed = false;
    done = run_stage(f, "exec", "{\"command\":[\"true\"]}", NULL, 0);
    assert_int_equal(done.rc, OST_EDENIED);
    assert_non_null(strstr(done.error, "--allow exec"));
}

static void declared_outputs_are_collected(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done;
    size_t n;

    done = run_stage(f, "exec",
                     "{\"command\":[\"mkdir -p d/e; echo 1 > d/e/x; echo 2 > "
                     "y; echo 3 > z; echo said\"],\"shell\":true,"
                     "\"outputs\":[\"d\",\"y\"],"
                     "\"standard_output\":\"log/out.txt\"}",
                     NULL, 0);
    (void)output_items(f, &done, "out", &n);
    assert_int_equal(n, 3);
    assert_string_equal(text_of(f, &done, "d/e/x"), "1\n");
    assert_string_equal(text_of(f, &done, "y"), "2\n");
    assert_string_equal(text_of(f, &done, "log/out.txt"), "said\n");
}

static void arguments_reach_the_program_as_they_are(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done;

    done = run_stage(f, "exec",
                     "{\"command\":[\"printf\",\"%s.\",\"a b\",\"$HOME\","
                     "\"`x`;|\"],\"standard_output\":\"o\"}",
                     NULL, 0);
    assert_string_equal(text_of(f, &done, "o"), "a b.$HOME.`x`;|.");
}

static void the_environment_is_small(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done;
    const char *text;

    assert_int_equal(setenv("OSTEON_TEST_SECRET", "x", 1), 0);
    done = run_stage(f, "exec",
                     "{\"command\":[\"env\"],\"env\":{\"A\":\"1 2\"},"
                     "\"standard_output\":\"o\"}",
                     NULL, 0);
    text = text_of(f, &done, "o");
    assert_null(strstr(text, "SECRET"));
    assert_non_null(strstr(text, "A=1 2\n"));
    assert_non_null(strstr(text, "LANG=C.UTF-8\n"));
}

static void a_failure_ends_with_its_last_words(void **state)
{
    static const struct {
        const char *with, *error;
    } rows[] = {
        { "{\"command\":[\"echo one >&2; echo two; exit 3\"],\"shell\":true}",
          "command 'echo one >&2; echo two; exit 3': exit status 3: one\ntwo" },
        { "{\"command\":[\"kill -9 $$\"],\"shell\":true}",
          "command 'kill -9 $$': killed by signal 9 (Killed)" },
        { "{\"command\":[\"true\"],\"outputs\":[\"x\"]}",
          "the command made no output 'x'" },
        { "{\"command\":[\"ln\",\"-s\",\"/etc/passwd\",\"x\"],"
          "\"outputs\":[\"x\"]}",
          "output 'x' is neither a file nor a folder" },
    };
    step_fixture *f = *state;
    ost_done_msg done;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        done = run_stage(f, "exec", rows[i].with, NULL, 0);
        assert_int_equal(done.rc, OST_EFAIL);
        assert_string_equal(done.error, rows[i].error);
    }
    done = run_stage(f, "exec", "{\"command\":[\"no-such-program\"]}", NULL, 0);
    assert_true(done.rc != OST_OK);
    assert_non_null(strstr(done.error, "no-such-program"));
}

static void long_output_is_cut_from_the_front(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done;

    done = run_stage(f, "exec",
                     "{\"command\":[\"seq 1 20000; echo the end; exit 1\"],"
                     "\"shell\":true}",
                     NULL, 0);
    assert_int_equal(done.rc, OST_EFAIL);
    assert_non_null(strstr(done.error, "20000\nthe end"));
    assert_null(strstr(done.error, "\n10000\n"));
    assert_true(strlen(done.error) < 2000);
}

/* The program leaves another one behind that holds its output open. */
static void what_a_program_leaves_behind_is_not_waited_for(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done;

    done = run_stage(f, "exec",
                     "{\"command\":[\"sleep 60 & echo $! > pid\"],"
                     "\"shell\":true,\"outputs\":[\"pid\"]}",
                     NULL, 0);
    assert_int_equal(done.rc, OST_OK);
    assert_int_equal(
        kill((pid_t)strtol(text_of(f, &done, "pid"), NULL, 10), SIGKILL), 0);
}

static const uint8_t pixels[6] = { 1, 2, 3, 4, 5, 255 };

static ost_digest dataset(step_fixture *f, ost_artifact_type type)
{
    ost_item item = { .id = "a/one", .group = "p1" };
    ost_field field = { .name = "image",
                        .dtype = OST_U8,
                        .ndim = 2,
                        .shape = { 2, 3 },
                        .stride = { 3, 1 } };
    ost_err err = { 0 };
    ost_digest d;

    ost_item_set_label(&f->arena, &item, "sick");
    if (type == OST_DATASET) {
        assert_ok(ost_batch_put_blob(f->batch, pixels, 6, &field.blob, &err),
                  &err);
        ost_item_set_field(&f->arena, &item, &field);
    } else {
        ost_item_set_number(&f->arena, &item, "score.sick", 0.75);
        ost_item_set_number(&f->arena, &item, "score.well", 0.25);
        ost_item_set_text(&f->arena, &item, "predicted", "sick");
    }
    assert_ok(ost_dataset_put(f->batch, type, "{}", &item, 1, &d, &err), &err);
    commit(f->batch);
    return d;
}

static ost_digest model(step_fixture *f)
{
    ost_ref ref = { .name = "weights", .size = 3 };
    ost_artifact a = {
        .type = OST_MODEL, .meta = "{\"classes\":[]}", .refs = &ref, .n_refs = 1
    };
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_batch_put_blob(f->batch, "abc", 3, &ref.digest, &err), &err);
    assert_ok(ost_artifact_put(f->batch, &a, &d, &err), &err);
    commit(f->batch);
    return d;
}

static void inputs_of_every_type_appear_as_files(void **state)
{
    static const char *const axes[] = { "fold", "2" };
    step_fixture *f = *state;
    ost_done_msg numbers =
        run_stage(f, "value", "{\"data\":{\"x\":1}}", NULL, 0);
    ost_done_msg made = run_stage(
        f, "exec", "{\"command\":[\"touch\",\"y\"],\"outputs\":[\"y\"]}", NULL,
        0);
    ost_step_input in[5] = {
        step_input_of("in", dataset(f, OST_DATASET)),
        step_input_of("in", dataset(f, OST_PREDICTIONS)),
        step_input_of("in", output_digest(&numbers, "out")),
        step_input_of("in", output_digest(&made, "out")),
        step_input_of("in", model(f)),
    };
    ost_done_msg done;

    in[0].row = "images";
    in[1].axes = axes;
    in[1].n_axes = 1;
    done = run_stage(f, "exec",
                     "{\"command\":[\"cd in; find . -type f | sort; cat "
                     "images/items.csv 1.fold=2.csv 2.json 4/model.json "
                     "4/weights\"],\"shell\":true,\"standard_output\":\"o\"}",
                     in, 5);
    assert_string_equal(text_of(f, &done, "o"),
                        "./1.fold=2.csv\n./2.json\n./3/y\n./4/model.json\n"
                        "./4/weights\n./images/a/one.png\n"
                        "./images/items.csv\n"
                        "path,id,group,label,parents\n"
                        "a/one.png,a/one,p1,sick,\n"
                        "id,group,fold,label,predicted,score_sick,score_well\n"
                        "a/one,p1,2,sick,sick,0.75,0.25\n"
                        "{\"x\":1}{\"classes\":[]}abc");
}

static void nothing_is_left_on_the_disk(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done;
    const char *path;

    done =
        run_stage(f, "exec",
                  "{\"command\":[\"pwd\"],\"standard_output\":\"o\"}", NULL, 0);
    path = text_of(f, &done, "o");
    path = ost_arena_strndup(&f->arena, path, strlen(path) - 1);
    assert_int_equal(path[0], '/');
    assert_int_equal(access(path, F_OK), -1);
}

static void what_one_step_leaves_no_other_finds(void **state)
{
    static const char *const with[] = {
        "{\"command\":[\"true\"]}",
        "{\"command\":[\"touch\",\"x\",\".y\"]}",
        "{\"command\":[\"chmod 500 .\"],\"shell\":true}",
        "{\"command\":[\"ls -A; stat -c %a .\"],\"shell\":true,"
        "\"standard_output\":\"o\"}",
    };
    step_fixture *f = *state;
    ost_done_msg done;

    for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
        done = run_stage(f, "exec", with[i], NULL, 0);
    assert_string_equal(text_of(f, &done, "o"), "o\n700\n");
}

#define exec_test(test) \
    cmocka_unit_test_setup_teardown(test, setup, step_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        exec_test(nothing_runs_unless_allowed),
        exec_test(declared_outputs_are_collected),
        exec_test(arguments_reach_the_program_as_they_are),
        exec_test(the_environment_is_small),
        exec_test(a_failure_ends_with_its_last_words),
        exec_test(long_output_is_cut_from_the_front),
        exec_test(what_a_program_leaves_behind_is_not_waited_for),
        exec_test(inputs_of_every_type_appear_as_files),
        exec_test(nothing_is_left_on_the_disk),
        exec_test(what_one_step_leaves_no_other_finds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
