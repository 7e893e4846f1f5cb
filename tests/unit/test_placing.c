/* tests/unit/test_placing.c - which nodes of a plan compute on a GPU */
/* links: engine stage_desc store base */
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "engine/plan_memo.h"
#include "tests/support/fake_gpus.h"
#include "tests/support/plan.h"
#include "tests/support/small_stages.h"

#include "base/banned.h"

/* A node of each need, and one that nobody said anything of. */
#define EACH                                                              \
    NODES("'said': { 'stage': 'weigh' },"                                 \
          "'no': { 'stage': 'weigh', 'needs': { 'gpu': 'no' } },"         \
          "'prefer': { 'stage': 'weigh', 'needs': { 'gpu': 'prefer' } }," \
          "'cpu': { 'stage': 'make' }")
#define REQUIRED \
    NODES("'must': { 'stage': 'weigh', 'needs': { 'gpu': 'require' } }")

static const ost_place *place_of(const planned *p, const char *step)
{
    return &ost_plan_node_of(p->plan, step_of(p->plan, step))->place;
}

static void check_place(const planned *p, const char *step, const char *numeric,
                        const char *computes, bool gpu)
{
    const ost_place *place = place_of(p, step);

    assert_string_equal(place->numeric, numeric);
    assert_string_equal(place->computes, computes);
    assert_int_equal(place->gpu, gpu);
}

static planned plan_with(ost_store *s, const char *text, ost_plan_options o)
{
    ost_bindings none = { 0 };
    ost_err err = { 0 };
    planned p;

    assert_ok(try_plan(&p, s, text, &none, o, &err), &err);
    return p;
}

/* The message begins and ends like this. */
static void check_refusal(ost_store *s, const char *text, ost_plan_options o,
                          ost_rc rc, const char *begin, const char *end)
{
    ost_bindings none = { 0 };
    ost_err err = { 0 };
    planned p;

    assert_int_equal(try_plan(&p, s, text, &none, o, &err), rc);
    if (!ost_starts_with(err.text, begin) || !ost_ends_with(err.text, end))
        fail_msg("%s", err.text);
    planned_free(&p);
}

static void needs_decide_when_there_is_a_gpu(void **state)
{
    const char *cpu = ost_cpu_numeric_class();
    ost_store *s = new_store("s");
    planned p;

    (void)state;
    have_gpus(TWO_GPUS);
    p = plan_with(s, EACH, (ost_plan_options){ 0 });
    check_place(&p, "said", cpu, cpu, false);
    check_place(&p, "no", cpu, cpu, false);
    check_place(&p, "prefer", "sim-f32", "sim-f32", true);
    check_place(&p, "cpu", "", cpu, false);
    planned_free(&p);
    p = plan_with(s, EACH, (ost_plan_options){ .backend = "cuda" });
    check_place(&p, "said", "sim-f32", "sim-f32", true);
    check_place(&p, "no", cpu, cpu, false);
    check_place(&p, "prefer", "sim-f32", "sim-f32", true);
    check_place(&p, "cpu", "", cpu, false);
    planned_free(&p);
    p = plan_with(s, EACH, (ost_plan_options){ .backend = "cpu" });
    check_place(&p, "prefer", cpu, cpu, false);
    assert_null(place_of(&p, "prefer")->why);
    assert_false(p.plan->placing.looked);
    planned_free(&p);
    p = plan_with(s, REQUIRED, (ost_plan_options){ 0 });
    check_place(&p, "must", "sim-f32", "sim-f32", true);
    planned_free(&p);
    ost_store_close(s);
}

static void without_a_gpu_the_reason_is_told(void **state)
{
    static const char none[] = "this build has no CUDA backend "
                               "(libosteon_cuda.so is not beside osteon)";
    const char *cpu = ost_cpu_numeric_class();
    ost_store *s = new_store("s");
    planned p = plan_with(s, EACH, (ost_plan_options){ 0 });

    (void)state;
    check_place(&p, "prefer", cpu, cpu, false);
    assert_string_equal(place_of(&p, "prefer")->why, none);
    assert_null(place_of(&p, "said")->why);
    planned_free(&p);
    check_refusal(s, REQUIRED, (ost_plan_options){ 0 }, OST_EUNSUPPORTED,
                  "node 'must' requires a GPU: this build", "beside osteon)");
    check_refusal(s, EACH, (ost_plan_options){ .backend = "cuda" },
                  OST_EUNSUPPORTED,
                  "node 'said' is to run with '--backend cuda': this build",
                  "(use '--backend auto' or 'cpu')");
    have_gpus("gpu=GPU-0,80,80,90");
    check_refusal(
        s, REQUIRED, (ost_plan_options){ .backend = "cpu" }, OST_EUNSUPPORTED,
        "node 'must' requires a GPU: ", "'--backend cpu' was asked for");
    check_refusal(s, REQUIRED, (ost_plan_options){ .gpus = "none" },
                  OST_EUNSUPPORTED,
                  "node 'must' requires a GPU: ", "'--gpus none' leaves none");
    check_refusal(s, REQUIRED, (ost_plan_options){ .gpus = "GPU-1" },
                  OST_EUSAGE, "--gpus: no GPU 'GPU-1', did you mean 'GPU-0'?",
                  "lists them)");
    ost_store_close(s);
}

static void memory_that_no_gpu_has(void **state)
{
    static const char text[] =
        NODES("'big': { 'stage': 'weigh', 'needs': { 'gpu': 'prefer',"
              " 'memory': '50 GB' } },"
              "'huge': { 'stage': 'weigh', 'needs': { 'gpu': 'prefer',"
              " 'memory': '100 GB' } }");
    const char *cpu = ost_cpu_numeric_class();
    ost_store *s = new_store("s");
    planned p;

    (void)state;
    have_gpus(TWO_GPUS);
    p = plan_with(s, text, (ost_plan_options){ 0 });
    check_place(&p, "big", "sim-f32", "sim-f32", true);
    check_place(&p, "huge", cpu, cpu, false);
    assert_string_equal(place_of(&p, "huge")->why,
                        "it needs 100 GB, the largest GPU has 80 GB");
    planned_free(&p);
    p = plan_with(s, text, (ost_plan_options){ .gpus = "GPU-1111bbbb" });
    check_place(&p, "big", cpu, cpu, false);
    planned_free(&p);
    ost_store_close(s);
}

/* --- classes -------------------------------------------------------------- */

#define NUMERICS(word)                                               \
    "{ 'osteon': 1, 'name': 'w', 'numerics': '" word "', 'nodes': {" \
    "'a': { 'stage': 'weigh', 'needs': { 'gpu': 'prefer' } } } }"

static ost_key key_with(ost_store *s, const char *text, ost_plan_options o)
{
    planned p = plan_with(s, text, o);
    ost_key key = p.plan->steps[step_of(p.plan, "a")].key;

    planned_free(&p);
    return key;
}

static void numerics_decide_the_class(void **state)
{
    ost_store *s = new_store("s");
    const char *cpu = ost_cpu_numeric_class();
    planned p;

    (void)state;
    have_gpus(TWO_GPUS);
    p = plan_with(s, NUMERICS("bf16"), (ost_plan_options){ 0 });
    check_place(&p, "a", "sim-bf16", "sim-bf16", true);
    planned_free(&p);
    p = plan_with(s, NUMERICS("bf16"),
                  (ost_plan_options){ .numerics = "f32-tuned" });
    check_place(&p, "a", "sim-f32-tuned", "sim-f32-tuned", true);
    planned_free(&p);
    p = plan_with(s, NUMERICS("bf16"), (ost_plan_options){ .backend = "cpu" });
    check_place(&p, "a", cpu, cpu, false);
    planned_free(&p);
    p = plan_with(s, NUMERICS("portable"), (ost_plan_options){ 0 });
    check_place(&p, "a", "cpu-f32-portable", "cpu-f32-portable", false);
    assert_string_equal(place_of(&p, "a")->why,
                        "numerics 'portable' are the CPU's");
    planned_free(&p);
    check_refusal(s, NUMERICS("portable"),
                  (ost_plan_options){ .backend = "cuda" }, OST_EUSAGE,
                  "numerics 'portable' are the CPU's", "beside them");
    check_refusal(s, NUMERICS("f32"), (ost_plan_options){ .numerics = "f23" },
                  OST_EUSAGE, "unknown numerics 'f23', did you mean 'f32'?",
                  "portable)");
    check_refusal(s, NUMERICS("f32"), (ost_plan_options){ .backend = "gpu" },
                  OST_EUSAGE, "unknown backend 'gpu'", "cpu or cuda)");
    ost_store_close(s);
}

static void a_class_is_part_of_the_key(void **state)
{
    static const char *const words[] = { "f32", "tf32", "bf16", "portable" };
    ost_store *s = new_store("s");
    ost_key keys[6];

    (void)state;
    keys[5] = key_with(s, NUMERICS("f32"), (ost_plan_options){ 0 });
    have_gpus(TWO_GPUS);
    for (size_t i = 0; i < 4; i++)
        keys[i] = key_with(s, NUMERICS("f32"),
                           (ost_plan_options){ .numerics = words[i] });
    keys[4] =
        key_with(s, NUMERICS("f32"), (ost_plan_options){ .backend = "cpu" });
    assert_true(ost_digest_equal(&keys[4], &keys[5]));
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < i; k++)
            assert_false(ost_digest_equal(&keys[i], &keys[k]));
    }
    ost_store_close(s);
}

/* Exact stages have no class, but for what the stand-in computed. */
static void exact_stages_trust_no_stand_in(void **state)
{
    static const char text[] =
        NODES("'make': { 'stage': 'make' },"
              "'read': { 'stage': 'read', 'in': 'make' },"
              "'learn': { 'stage': 'learn', 'in': 'read',"
              " 'needs': { 'gpu': 'prefer' } }");
    ost_store *s = new_store("s");
    planned p = plan_with(s, text, (ost_plan_options){ 0 });

    (void)state;
    check_place(&p, "learn", "", ost_cpu_numeric_class(), false);
    planned_free(&p);
    have_gpus(TWO_GPUS);
    p = plan_with(s, text, (ost_plan_options){ .numerics = "tf32" });
    check_place(&p, "learn", "sim-f32", "sim-tf32", true);
    planned_free(&p);
    ost_store_close(s);
}

/* --- the memo of a whole plan --------------------------------------------- */

static ost_key memo_key(const char *numerics, const char *gpus)
{
    ost_bindings none = { 0 };
    ost_memo_query q = { .document = "w.json",
                         .bindings = &none,
                         .backend = "auto",
                         .numerics = numerics,
                         .gpus = gpus };
    ost_err err = { 0 };
    ost_key key;

    assert_ok(ost_plan_memo_key(&q, &key, &err), &err);
    return key;
}

static bool remembered(ost_store *s, const ost_key *key)
{
    ost_arena arena = { 0 };
    ost_outcome o;
    bool found = ost_plan_memo_get(s, key, NULL, &arena, &o);

    ost_arena_release(&arena);
    return found;
}

static void remember(planned *p, const ost_key *key)
{
    ost_outcome o = { .run = "r1", .workflow = "w" };

    o.wall_ns = ost_wall_ns();
    ost_plan_memo_put(p->batch, key, p->plan, &o);
    commit(p->batch);
}

/* What was computed on a GPU answers nobody without it, and the reverse. */
static void a_memo_depends_on_the_gpus(void **state)
{
    ost_store *s = new_store("s");
    ost_buf text = quoted(NUMERICS("f32"));
    ost_err err = { 0 };
    ost_key key, other;
    planned p;

    (void)state;
    assert_ok(ost_fs_write_atomic("w.json", text.data, text.len, false, &err),
              &err);
    key = memo_key(NULL, NULL);
    other = memo_key("bf16", NULL);
    assert_false(ost_digest_equal(&key, &other));
    other = memo_key(NULL, "1");
    assert_false(ost_digest_equal(&key, &other));
    p = plan_with(s, NUMERICS("f32"), (ost_plan_options){ 0 });
    remember(&p, &key);
    planned_free(&p);
    assert_true(remembered(s, &key));
    have_gpus(TWO_GPUS);
    assert_false(remembered(s, &key));
    p = plan_with(s, NUMERICS("f32"), (ost_plan_options){ 0 });
    remember(&p, &key);
    planned_free(&p);
    assert_true(remembered(s, &key));
    have_gpus("gpu=GPU-7,80,1,90 gpu=GPU-8,40,1,90"); /* as good as before */
    assert_true(remembered(s, &key));
    have_gpus("gpu=GPU-7,24,1,90");
    assert_false(remembered(s, &key));
    have_no_gpus(state);
    assert_false(remembered(s, &key));
    ost_buf_release(&text);
    ost_store_close(s);
}

/* Who wants no GPU does not depend on what there is. */
static void a_memo_without_gpus_does_not(void **state)
{
    static const char document[] = NODES("'a': { 'stage': 'weigh' }");
    ost_store *s = new_store("s");
    ost_buf text = quoted(document);
    ost_err err = { 0 };
    ost_key key;
    planned p;

    (void)state;
    assert_ok(ost_fs_write_atomic("w.json", text.data, text.len, false, &err),
              &err);
    key = memo_key(NULL, NULL);
    p = plan_with(s, document, (ost_plan_options){ 0 });
    remember(&p, &key);
    planned_free(&p);
    have_gpus(TWO_GPUS);
    assert_true(remembered(s, &key));
    ost_buf_release(&text);
    ost_store_close(s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, have_no_gpus)
    const struct CMUnitTest tests[] = {
        TEST(needs_decide_when_there_is_a_gpu),
        TEST(without_a_gpu_the_reason_is_told),
        TEST(memory_that_no_gpu_has),
        TEST(numerics_decide_the_class),
        TEST(a_class_is_part_of_the_key),
        TEST(exact_stages_trust_no_stand_in),
        TEST(a_memo_depends_on_the_gpus),
        TEST(a_memo_without_gpus_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
