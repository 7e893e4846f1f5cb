/* tests/unit/test_outputs.c - artifacts as files, gates, and runs asked before
 */
/* links: engine stage_desc store base */
#include "engine/gate.h"
#include "engine/outputs.h"
#include "engine/plan_memo.h"
#include "tests/support/plan.h"
#include "tests/support/small_stages.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

/* --- JSON for people ------------------------------------------------------ */

static void json_is_laid_out(void **state)
{
    static const char expected[] = "{\n"
                                   "  \"a\": [1, 2, 3],\n"
                                   "  \"b\": {\n"
                                   "    \"c\": {\"d\": \"x,{[:\\\"\"},\n"
                                   "    \"e\": {}\n"
                                   "  },\n"
                                   "  \"f\": [\n"
                                   "    {\"g\": null}\n"
                                   "  ]\n"
                                   "}\n";
    ost_buf out = { 0 };

    (void)state;
    ost_outputs_json(&out, "{\"a\":[1,2,3],\"b\":{\"c\":{\"d\":\"x,{[:\\\"\"},"
                           "\"e\":{}},\"f\":[{\"g\":null}]}");
    assert_string_equal(ost_buf_str(&out), expected);
    ost_buf_reset(&out);
    ost_outputs_json(&out, "[]");
    assert_string_equal(ost_buf_str(&out), "[]\n");
    ost_buf_release(&out);
}

/* --- artifacts to write --------------------------------------------------- */

typedef struct bench {
    ost_store *store;
    ost_batch *batch;
    ost_arena arena;
} bench;

static bench open_bench(void)
{
    bench b = { .store = new_store("s") };

    b.batch = ost_batch_new(b.store);
    return b;
}

static void close_bench(bench *b)
{
    ost_batch_free(b->batch);
    ost_store_close(b->store);
    ost_arena_release(&b->arena);
}

static ost_digest document(bench *b, ost_artifact_type type, const char *json)
{
    ost_buf text = quoted(json);
    ost_artifact a = { .type = type, .meta = ost_buf_str(&text) };
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(ost_artifact_put(b->batch, &a, &d, &err), &err);
    ost_buf_release(&text);
    return d;
}

static void write_outcome(bench *b, ost_outcome_output *outputs, size_t n)
{
    ost_outcome o = {
        .run = "r", .workflow = "w", .outputs = outputs, .n_outputs = n
    };
    ost_err err = { 0 };

    assert_ok(ost_run_outputs(b->batch, &o, NULL, "out", &err), &err);
}

static void check_file(const char *path, const char *expected)
{
    ost_buf text = { 0 };
    ost_err err = { 0 };

    assert_ok(ost_fs_read(path, 1 << 20, &text, &err), &err);
    assert_string_equal(ost_buf_str(&text), expected);
    ost_buf_release(&text);
}

static void metrics_alone_and_gathered(void **state)
{
    const char *first[] = { "fold", "0" }, *second[] = { "fold", "1" };
    ost_outcome_part parts[2] = {
        { .axes = first, .n_axes = 1, .root = "" },
        { .axes = second, .n_axes = 1, .root = "" },
    };
    ost_outcome_output outputs[] = { { "one", parts, 1 },
                                     { "both", parts, 2 } };
    bench b = open_bench();

    (void)state;
    parts[0].artifact = document(&b, OST_METRICS, "{'auc':0.5}");
    parts[1].artifact = document(&b, OST_METRICS, "{'auc':0.75}");
    write_outcome(&b, outputs, 2);
    check_file("out/one.json", "{\"auc\": 0.5}\n");
    check_file("out/both.json", "[\n"
                                "  {\n"
                                "    \"axes\": {\"fold\": \"0\"},\n"
                                "    \"metrics\": {\"auc\": 0.5}\n"
                                "  },\n"
                                "  {\n"
                                "    \"axes\": {\"fold\": \"1\"},\n"
                                "    \"metrics\": {\"auc\": 0.75}\n"
                                "  }\n"
                                "]\n");
    close_bench(&b);
}

static void predictions_become_one_table(void **state)
{
    const ost_attr sure[] = {
        { .name = "predicted", .kind = OST_ATTR_TEXT, .text = "lesion" },
        { .name = "score.lesion", .kind = OST_ATTR_NUMBER, .number = 0.1 },
        { .name = "score.a,b", .kind = OST_ATTR_NUMBER, .number = 1.0 / 3 },
    };
    const ost_attr gathered[] = {
        { .name = "axis.fold", .kind = OST_ATTR_TEXT, .text = "7" },
        { .name = "predicted", .kind = OST_ATTR_TEXT, .text = "x" },
    };
    const char *axes[] = { "arm", "real", "fold", "2" };
    const char *label = "le\"sion";
    ost_outcome_part parts[2] = { { .axes = axes, .n_axes = 2, .root = "" },
                                  { .root = "" } };
    ost_outcome_output output = { "scores", parts, 2 };
    bench b = open_bench();
    ost_err err = { 0 };
    ost_item item;

    (void)state;
    item = (ost_item){ .id = "b,1",
                       .group = "p",
                       .labels = &label,
                       .n_labels = 1,
                       .attrs = sure,
                       .n_attrs = 3 };
    assert_ok(ost_dataset_put(b.batch, OST_PREDICTIONS, "{}", &item, 1,
                              &parts[0].artifact, &err),
              &err);
    item =
        (ost_item){ .id = "a", .group = "p", .attrs = gathered, .n_attrs = 2 };
    assert_ok(ost_dataset_put(b.batch, OST_PREDICTIONS, "{}", &item, 1,
                              &parts[1].artifact, &err),
              &err);
    write_outcome(&b, &output, 1);
    check_file("out/scores.csv",
               "id,group,fold,arm,label,predicted,\"score_a,b\",score_lesion\n"
               "\"b,1\",p,2,real,\"le\"\"sion\",lesion,0.333333333,0.1\n"
               "a,p,7,,,x,,\n");
    close_bench(&b);
}

static ost_digest files_of(bench *b, const char *const *names, size_t n)
{
    ost_item items[4] = { { .id = NULL } };
    ost_field fields[4] = { { .name = NULL } };
    ost_err err = { 0 };
    ost_digest d;

    for (size_t i = 0; i < n; i++) {
        fields[i] = (ost_field){ .name = "bytes",
                                 .dtype = OST_U8,
                                 .ndim = 1,
                                 .shape = { (int64_t)strlen(names[i]) },
                                 .stride = { 1 } };
        assert_ok(ost_batch_put_blob(b->batch, names[i], strlen(names[i]),
                                     &fields[i].blob, &err),
                  &err);
        items[i] = (ost_item){
            .id = names[i], .group = "g", .fields = &fields[i], .n_fields = 1
        };
    }
    assert_ok(ost_dataset_put(b->batch, OST_FILES, "{}", items, n, &d, &err),
              &err);
    return d;
}

static void files_replace_what_was_written_before(void **state)
{
    const char *first[] = { "a.txt", "sub/b.txt" }, *second[] = { "c.txt" };
    ost_outcome_part part = { .root = "" };
    ost_outcome_output output = { "files", &part, 1 };
    bench b = open_bench();

    (void)state;
    part.artifact = files_of(&b, first, 2);
    write_outcome(&b, &output, 1);
    check_file("out/files/a.txt", "a.txt");
    check_file("out/files/sub/b.txt", "sub/b.txt");
    part.artifact = files_of(&b, second, 1);
    write_outcome(&b, &output, 1);
    check_file("out/files/c.txt", "c.txt");
    assert_int_not_equal(access("out/files/a.txt", F_OK), 0);
    close_bench(&b);
}

static void a_folder_of_somebody_else_is_left_alone(void **state)
{
    const char *names[] = { "a.txt" };
    ost_outcome_part part = { .root = "" };
    ost_outcome_output output = { "mine", &part, 1 };
    ost_outcome o = { .run = "r", .outputs = &output, .n_outputs = 1 };
    bench b = open_bench();
    ost_err err = { 0 };

    (void)state;
    ost_fs_mkdirs("out/mine", NULL);
    assert_ok(ost_fs_write_atomic("out/mine/thesis.tex", "x", 1, false, &err),
              &err);
    part.artifact = files_of(&b, names, 1);
    assert_int_equal(ost_run_outputs(b.batch, &o, NULL, "out", &err), OST_EIO);
    assert_non_null(strstr(err.text, "was not written by osteon"));
    check_file("out/mine/thesis.tex", "x");
    close_bench(&b);
}

static void names_stay_in_the_folder(void **state)
{
    const char *names[] = { "../../evil" };
    ost_outcome_part part = { .root = "" };
    ost_outcome_output output = { "files2", &part, 1 };
    ost_outcome o = { .run = "r", .outputs = &output, .n_outputs = 1 };
    bench b = open_bench();
    ost_err err = { 0 };

    (void)state;
    part.artifact = files_of(&b, names, 1);
    assert_int_equal(ost_run_outputs(b.batch, &o, NULL, "out", &err),
                     OST_EINPUT);
    output.name = "../evil";
    assert_int_equal(ost_run_outputs(b.batch, &o, NULL, "out", &err),
                     OST_EWORKFLOW);
    assert_int_not_equal(access("evil", F_OK), 0);
    close_bench(&b);
}

static void a_model_per_fold(void **state)
{
    const char *first[] = { "fold", "0" }, *second[] = { "fold", "a/b" };
    ost_outcome_part parts[2] = {
        { .axes = first, .n_axes = 1, .root = "" },
        { .axes = second, .n_axes = 1, .root = "" },
    };
    ost_outcome_output output = { "model", parts, 2 };
    ost_ref ref = { .name = "weights.bin", .size = 3 };
    ost_artifact a = { .type = OST_MODEL,
                       .meta = "{\"classes\":[\"x\"]}",
                       .refs = &ref,
                       .n_refs = 1 };
    bench b = open_bench();
    ost_err err = { 0 };

    (void)state;
    assert_ok(ost_batch_put_blob(b.batch, "www", 3, &ref.digest, &err), &err);
    assert_ok(ost_artifact_put(b.batch, &a, &parts[0].artifact, &err), &err);
    parts[1].artifact = parts[0].artifact;
    write_outcome(&b, &output, 1);
    check_file("out/model/fold=0/weights.bin", "www");
    check_file("out/model/fold=a%2Fb/model.json",
               "{\n  \"classes\": [\"x\"]\n}\n");
    close_bench(&b);
}

/* --- gates ---------------------------------------------------------------- */

static void gate(bench *b, const ost_digest *metrics, const char *path,
                 const char *op, double bound, bool passes, const char *found)
{
    const ost_gate g = { path, op, bound };
    ost_gate_result result;
    ost_err err = { 0 };

    assert_ok(ost_gate_judge(b->batch, "metrics", &g, metrics, &b->arena,
                             &result, &err),
              &err);
    assert_int_equal(result.passed, passes);
    assert_string_equal(result.found, found);
}

static void gates_are_judged(void **state)
{
    bench b = open_bench();
    ost_digest d = document(&b, OST_METRICS,
                            "{'pooled':{'auc':0.9,'f1':{'value':0.5},"
                            "'none':{'value':null,'reason':'one class'}},"
                            "'folds':[{'auc':1},{'auc':0.25}],'t':'x'}");

    (void)state;
    gate(&b, &d, "pooled.auc", ">=", 0.9, true, "is 0.9");
    gate(&b, &d, "pooled.auc", ">", 0.9, false, "is 0.9");
    gate(&b, &d, "pooled.auc", "<", 0.95, true, "is 0.9");
    gate(&b, &d, "pooled.auc", "<=", 0.5, false, "is 0.9");
    gate(&b, &d, "pooled.auc", "==", 0.9, true, "is 0.9");
    gate(&b, &d, "pooled.f1", "==", 0.5, true, "is 0.5");
    gate(&b, &d, "folds.1.auc", "<", 0.5, true, "is 0.25");
    gate(&b, &d, "folds.2.auc", "<", 0.5, false, "is not there");
    gate(&b, &d, "pooled.none", ">", 0, false, "undefined: one class");
    gate(&b, &d, "t", ">", 0, false, "is not a number");
    gate(&b, &d, "pooled.acu", ">", 0, false, "is not there");
    close_bench(&b);
}

/* --- runs that were asked before ------------------------------------------ */

static void an_outcome_survives_its_bytes(void **state)
{
    const char *axes[] = { "fold", "0" };
    ost_outcome_part parts[2] = { { .axes = axes,
                                    .n_axes = 1,
                                    .artifact = { { 1 } },
                                    .exported = { { 2 } },
                                    .root = "" },
                                  { .artifact = { { 3 } }, .root = "/x" } };
    ost_outcome_output outputs[] = { { "a", parts, 2 }, { "b", NULL, 0 } };
    ost_gate_result gates[] = { { "a", "x.y", ">=", 0.5, "is 1", true } };
    ost_outcome o = { "run", "w", 77, 5, outputs, 2, gates, 1 }, back;
    ost_buf one = { 0 }, two = { 0 };
    ost_arena arena = { 0 };
    ost_reader r;

    (void)state;
    ost_outcome_encode(&one, &o);
    r = ost_reader_of(one.data, one.len);
    assert_true(ost_outcome_decode(&r, &arena, &back));
    assert_int_equal(ost_read_left(&r), 0);
    assert_string_equal(back.outputs[0].parts[0].axes[1], "0");
    assert_string_equal(back.gates[0].found, "is 1");
    ost_outcome_encode(&two, &back);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len);
    for (size_t n = 0; n < one.len; n++) {
        r = ost_reader_of(one.data, n);
        assert_false(ost_outcome_decode(&r, &arena, &back));
    }
    ost_buf_release(&one);
    ost_buf_release(&two);
    ost_arena_release(&arena);
}

#define STUDY                                                                \
    WORKFLOW("'inputs': { 'files': { 'type': 'files' } }, 'nodes': {"        \
             "'read': { 'stage': 'read', 'in': '$files' },"                  \
             "'note': { 'stage': 'note', 'in': 'read' } },"                  \
             "'outputs': { 'good': { 'from': 'note', 'gate': { 'a': '> 1' }" \
             " }, 'read': 'read' }")

static void write_text(const char *path, const char *text)
{
    ost_err err = { 0 };

    assert_ok(ost_fs_write_atomic(path, text, strlen(text), false, &err), &err);
}

static ost_key memo_key(const ost_bindings *b)
{
    ost_memo_query q = { .document = "w.json",
                         .bindings = b,
                         .backend = "auto" };
    ost_err err = { 0 };
    ost_key key;

    assert_ok(ost_plan_memo_key(&q, &key, &err), &err);
    return key;
}

static bool remembered(ost_store *s, const ost_key *key, const char *run)
{
    ost_arena arena = { 0 };
    ost_outcome o;
    bool found = ost_plan_memo_get(s, key, NULL, &arena, &o);

    if (found)
        assert_string_equal(o.run, run);
    ost_arena_release(&arena);
    return found;
}

static void what_was_asked_is_remembered(void **state)
{
    char *folder = realpath(".", NULL);
    char *where = ost_path_join(folder, "files");
    ost_setting bind = { "files", where }, set = { "x", "1" };
    ost_bindings b = { .binds = &bind, .n_binds = 1 }, c;
    ost_store *s = new_store("s");
    ost_plan_options none = { 0 };
    ost_arena arena = { 0 };
    ost_err err = { 0 };
    ost_outcome o;
    ost_buf text = quoted(STUDY);
    ost_key key, other;
    planned p;

    (void)state;
    ost_fs_mkdirs("files", NULL);
    write_text("files/a", "one");
    write_text("w.json", ost_buf_str(&text));
    key = memo_key(&b);
    assert_false(remembered(s, &key, ""));
    assert_ok(try_plan(&p, s, STUDY, &b, none, &err), &err);
    pretend(&p, "read", "red");
    assert_ok(ost_outcome_make(p.plan, p.batch, "r1", &arena, &o, &err), &err);
    assert_int_equal(o.n_outputs, 1); /* "good" is not known yet */
    assert_string_equal(o.outputs[0].name, "read");
    ost_plan_memo_put(p.batch, &key, p.plan, &o);
    commit(p.batch);
    assert_true(remembered(s, &key, "r1"));
    c = b;
    c.sets = &set;
    c.n_sets = 1;
    other = memo_key(&c);
    assert_false(ost_digest_equal(&key, &other));
    write_text("files/b", "two");
    assert_false(remembered(s, &key, "r1"));
    unlink("files/b");
    assert_true(remembered(s, &key, "r1"));
    ost_batch_put(p.batch, OST_TABLE_BLOBS, o.outputs[0].parts[0].artifact.b,
                  OST_DIGEST_SIZE, NULL, 0);
    commit(p.batch);
    assert_false(remembered(s, &key, "r1"));
    write_text("w.json", "{}");
    other = memo_key(&b);
    assert_false(ost_digest_equal(&key, &other));
    planned_free(&p);
    ost_buf_release(&text);
    ost_arena_release(&arena);
    ost_free(where);
    free(folder);
    ost_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_laid_out),
        cmocka_unit_test(metrics_alone_and_gathered),
        cmocka_unit_test(predictions_become_one_table),
        cmocka_unit_test(files_replace_what_was_written_before),
        cmocka_unit_test(a_folder_of_somebody_else_is_left_alone),
        cmocka_unit_test(names_stay_in_the_folder),
        cmocka_unit_test(a_model_per_fold),
        cmocka_unit_test(gates_are_judged),
        cmocka_unit_test(an_outcome_survives_its_bytes),
        cmocka_unit_test(what_was_asked_is_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
