/* tests/unit/test_evaluate_images.c - generated images beside real ones */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/item_sets.h"

#include <math.h>

#include "base/banned.h"

extern const ost_stage ost_stage_evaluate_images;
const ost_stage *const ost_stages[] = { &ost_stage_evaluate_images, NULL };

/* Items PREFIX0.. with features of `d` numbers, and pictures of 2 x 2. */
static void add_set(item_set *s, const char *prefix, int n, int64_t d,
                    float shift, const char *extractor)
{
    ost_arena *arena = &s->f->arena;

    for (int i = 0; i < n; i++) {
        ost_item *item =
            set_item(s, ost_arena_printf(arena, "%s%d", prefix, i), "p", NULL);
        float *v = OST_ARENA_ARRAY(arena, float, (size_t)d);

        for (int64_t k = 0; k < d; k++)
            v[k] = shift + (float)((i * 7 + k * 3) % 11);
        set_field(s, item, "features", OST_F32, 1, &d, v);
        set_image(s, item, "image", 2, 2, (unsigned)i + (unsigned)shift);
        if (extractor)
            ost_item_set_text(arena, item, "extractor", extractor);
    }
}

static ost_step_input a_set(step_fixture *f, const char *port, int n, int64_t d,
                            float shift, const char *extractor)
{
    item_set s = { .f = f };

    add_set(&s, port, n, d, shift, extractor);
    return finish_set(&s, port);
}

static double number_at(const json_t *v, const char *a, const char *b,
                        const char *c)
{
    v = json_object_get(v, a);
    v = b ? json_object_get(v, b) : v;
    v = c ? json_object_get(v, c) : v;
    assert_true(json_is_number(v));
    return json_number_value(v);
}

static json_t *metrics_of(step_fixture *f, const ost_done_msg *done)
{
    json_t *doc = json_loads(output_artifact(f, done, "metrics").meta, 0, NULL);

    assert_non_null(doc);
    return doc;
}

static void a_shift_is_the_distance(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[] = { a_set(f, "generated", 11, 3, 2, "net"),
                            a_set(f, "real", 11, 3, 0, "net") };
    ost_done_msg done = run_stage(f, "evaluate_images", "{}", in, 2);
    json_t *doc = metrics_of(f, &done);

    assert_true(fabs(number_at(doc, "fid", NULL, NULL) - 3 * 4) < 1e-9);
    assert_string_equal(json_string_value(json_object_get(doc, "extractor")),
                        "net");
    assert_true(json_is_false(json_object_get(doc, "rank_deficient")));
    assert_int_equal(json_array_size(json_object_get(doc, "warnings")), 0);
    assert_true(json_is_null(json_object_get(doc, "n_training")));
    assert_true(json_is_null(json_object_get(
        json_object_get(json_object_get(doc, "kid"), "subsets"), "value")));
    json_decref(doc);
}

/* Real images of patients p0, p1, ...; all items of a set are exposed to the
 * same groups (NULL: none). */
static ost_step_input exposed_set(step_fixture *f, const char *port,
                                  const char *exposure)
{
    item_set s = { .f = f };

    add_set(&s, port, 4, 2, 0, "net");
    for (size_t i = 0; i < s.n; i++) {
        s.items[i].group = ost_arena_printf(&f->arena, "p%zu", i);
        if (exposure)
            set_exposure(&s, &s.items[i], exposure);
    }
    return finish_set(&s, port);
}

/* What is found of "judge: leaked of checked", a line each. */
static const char *leaks_of(step_fixture *f, const char *made, const char *real)
{
    ost_step_input in[] = { exposed_set(f, "generated", made),
                            exposed_set(f, "real", real) };
    ost_done_msg done = run_stage(f, "evaluate_images", "{}", in, 2);
    json_t *doc = metrics_of(f, &done);
    const json_t *leakage = json_object_get(doc, "leakage"), *part;
    const char *text = "";
    size_t i;

    json_array_foreach(json_object_get(leakage, "parts"), i, part) text =
        ost_arena_printf(
            &f->arena, "%s%s: %d of %d\n", text,
            json_string_value(json_object_get(part, "judge")),
            (int)json_integer_value(json_object_get(part, "n_leaked")),
            (int)json_integer_value(json_object_get(part, "n_checked")));
    json_decref(doc);
    return text;
}

static void judges_that_know_the_patients_are_found(void **state)
{
    step_fixture *f = *state;

    assert_string_equal(leaks_of(f, NULL, NULL), "");
    assert_string_equal(leaks_of(f, "q1 q2", "q1"),
                        "extractor: 0 of 4\ngenerator: 0 of 4\n");
    assert_string_equal(leaks_of(f, "p1 q1", "q1"),
                        "extractor: 0 of 4\ngenerator: 1 of 4\n");
    assert_string_equal(leaks_of(f, "p3", NULL), "generator: 1 of 4\n");
    /* What is made of them is exposed to the extractor as well. */
    assert_string_equal(leaks_of(f, "p0 p1", "p0 p1"), "extractor: 2 of 4\n");
}

static void leaks_are_warned_of_unless_they_are_errors(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[] = { exposed_set(f, "generated", "p1"),
                            exposed_set(f, "real", NULL) };
    ost_done_msg done = run_stage(f, "evaluate_images", "{}", in, 2);

    assert_int_equal(done.rc, OST_OK);
    assert_non_null(strstr(done.notes, "judge generator: 1 of 4): 'p1'"));
    done = run_stage(f, "evaluate_images", "{\"leakage\":\"error\"}", in, 2);
    assert_int_equal(done.rc, OST_EINPUT);
    assert_non_null(strstr(done.error, "leakage: 1 of 4 items"));
    done = run_stage(f, "evaluate_images", "{\"leakage\":\"off\"}", in, 2);
    assert_null(strstr(done.notes, "leakage"));
}

static void subsets_are_seeded_and_the_same_for_all_threads(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[] = { a_set(f, "generated", 12, 3, 2, "net"),
                            a_set(f, "real", 9, 3, 0, "net") };
    const char *with = "{\"subsets\":7,\"subset_size\":5}";
    ost_digest one, threads, seed;
    ost_done_msg done;
    json_t *doc;

    done = run_stage(f, "evaluate_images", with, in, 2);
    one = output_digest(&done, "metrics");
    doc = metrics_of(f, &done);
    assert_int_equal((int)number_at(doc, "kid", "subsets", "size"), 5);
    assert_true(number_at(doc, "kid", "subsets", "std") > 0);
    json_decref(doc);
    f->threads = 3;
    done = run_stage(f, "evaluate_images", with, in, 2);
    threads = output_digest(&done, "metrics");
    f->seed = "8";
    done = run_stage(f, "evaluate_images", with, in, 2);
    seed = output_digest(&done, "metrics");
    assert_true(ost_digest_equal(&one, &threads));
    assert_false(ost_digest_equal(&one, &seed));
}

static void copies_are_found(void **state)
{
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in[3];
    ost_done_msg done;
    json_t *doc;
    const json_t *pair;

    add_set(&s, "far", 6, 3, 500, "net");
    add_set(&s, "learned", 2, 3, 0, "net"); /* the first two of them */
    in[0] = finish_set(&s, "generated");
    in[1] = a_set(f, "real", 5, 3, 1, "net");
    in[2] = a_set(f, "training", 8, 3, 0, "net");
    done = run_stage(f, "evaluate_images", "{\"quantile\":0.5,\"pairs\":2}", in,
                     3);
    doc = metrics_of(f, &done);
    assert_int_equal(
        (int)number_at(doc, "memorization", "features", "n_identical"), 2);
    assert_int_equal((int)number_at(doc, "memorization", "features", "n_below"),
                     2);
    assert_true(fabs(number_at(doc, "memorization", "features", "share") -
                     0.25) < 1e-12);
    pair = json_object_get(
        json_object_get(json_object_get(doc, "memorization"), "features"),
        "nearest");
    assert_int_equal(json_array_size(pair), 2);
    pair = json_array_get(pair, 1);
    assert_string_equal(json_string_value(json_object_get(pair, "generated")),
                        "learned1");
    assert_string_equal(json_string_value(json_object_get(pair, "learned")),
                        "training1");
    json_decref(doc);
}

/* Every learned image is there twice, at a distance of 0. */
static void copies_of_what_is_there_twice_are_copies(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[] = { a_set(f, "generated", 8, 3, 0, "net"),
                            a_set(f, "real", 5, 3, 1, "net"),
                            a_set(f, "training", 22, 3, 0, "net") };
    ost_done_msg done =
        run_stage(f, "evaluate_images", "{\"space\":\"features\"}", in, 3);
    json_t *doc = metrics_of(f, &done);

    assert_true(number_at(doc, "memorization", "features", "threshold") <= 0);
    assert_int_equal(
        (int)number_at(doc, "memorization", "features", "n_identical"), 8);
    assert_true(fabs(number_at(doc, "memorization", "features", "share") - 1) <
                1e-12);
    json_decref(doc);
}

static void few_images_are_warned_of(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[] = { a_set(f, "generated", 3, 4, 2, "net"),
                            a_set(f, "real", 5, 4, 0, "net") };
    ost_done_msg done = run_stage(f, "evaluate_images", "{}", in, 2);
    json_t *doc = metrics_of(f, &done);

    assert_true(json_is_true(json_object_get(doc, "rank_deficient")));
    assert_int_equal(json_array_size(json_object_get(doc, "warnings")), 1);
    assert_non_null(strstr(done.notes, "3 generated images have a covariance"));
    json_decref(doc);
}

static void what_cannot_be_compared_is_refused(void **state)
{
    step_fixture *f = *state;
    ost_step_input in[2];
    ost_done_msg done;

    in[0] = a_set(f, "generated", 1, 3, 0, "net");
    in[1] = a_set(f, "real", 5, 3, 0, "net");
    done = run_stage(f, "evaluate_images", "{}", in, 2);
    assert_fails(&done, "port 'generated': a set of images has at least 2, "
                        "this one 1");
    in[0] = a_set(f, "generated", 5, 4, 0, "net");
    done = run_stage(f, "evaluate_images", "{}", in, 2);
    assert_fails(&done, "port 'real' has 3 features, port 'generated' 4");
    in[0] = a_set(f, "generated", 5, 3, 0, "other");
    done = run_stage(f, "evaluate_images", "{}", in, 2);
    assert_fails(&done,
                 "port 'real': the features of item 'real0' are by 'net', "
                 "those of others by 'other': distances are between features "
                 "of one extractor");
    in[0] = a_set(f, "generated", 5, 3, 0, NULL);
    done = run_stage(f, "evaluate_images", "{}", in, 2);
    assert_fails(&done,
                 "port 'generated': item 'generated0' does not say what made "
                 "its features (attribute 'extractor', or the param)");
    in[0] = a_set(f, "generated", 5, 3, NAN, "net");
    done = run_stage(f, "evaluate_images", "{}", in, 2);
    assert_fails(&done, "port 'generated': item 'generated0' has a value in "
                        "'features' that is not finite");
    done = run_stage(f, "evaluate_images", "{\"field\":\"code\"}", in, 2);
    assert_fails(&done, "port 'generated': item 'generated0' has no field "
                        "'code' (the stage 'features' makes features)");
}

static void rows_of_other_lengths_are_refused(void **state)
{
    step_fixture *f = *state;
    item_set s = { .f = f };
    ost_step_input in[2];
    ost_done_msg done;

    add_set(&s, "a", 3, 3, 0, "net");
    add_set(&s, "b", 1, 2, 0, "net");
    in[0] = finish_set(&s, "generated");
    in[1] = a_set(f, "real", 5, 3, 0, "net");
    done = run_stage(f, "evaluate_images", "{}", in, 2);
    assert_fails(&done, "port 'generated': field 'features' of item 'b0' has "
                        "another shape than that of 'a0'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(a_shift_is_the_distance),
        step_test(judges_that_know_the_patients_are_found),
        step_test(leaks_are_warned_of_unless_they_are_errors),
        step_test(subsets_are_seeded_and_the_same_for_all_threads),
        step_test(copies_are_found),
        step_test(copies_of_what_is_there_twice_are_copies),
        step_test(few_images_are_warned_of),
        step_test(what_cannot_be_compared_is_refused),
        step_test(rows_of_other_lengths_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
