/* tests/unit/test_choose.c - the best of several candidates */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/item_sets.h"

#include "base/banned.h"

extern const ost_stage ost_stage_choose;
const ost_stage *const ost_stages[] = { &ost_stage_choose, NULL };

enum { MOST = 32 };

typedef struct {
    step_fixture *f;
    ost_step_input in[MOST];
    uint32_t n;
} candidates;

/* An input at the value of an axis; fold 1 is the same for all of them. */
static void add(candidates *c, const char *port, ost_digest d,
                const char *epochs, bool folded)
{
    const char **axes = OST_ARENA_ARRAY(&c->f->arena, const char *, 4);

    axes[0] = "epochs";
    axes[1] = epochs;
    axes[2] = "fold";
    axes[3] = "1";
    c->in[c->n] = step_input_of(port, d);
    c->in[c->n].axes = axes;
    c->in[c->n++].n_axes = folded ? 2 : 1;
}

/* Metrics that were measured on `groups`. */
static void add_metrics(candidates *c, const char *epochs, const char *text,
                        const char *groups)
{
    ost_artifact a = { .type = OST_METRICS, .meta = text };
    ost_item holder = { 0 };
    item_set s = { .f = c->f };
    ost_err err = { 0 };
    ost_digest d;

    if (groups)
        set_exposure(&s, &holder, groups);
    a.exposure = holder.exposure;
    assert_ok(ost_artifact_put(c->f->batch, &a, &d, &err), &err);
    commit(c->f->batch);
    add(c, "metrics", d, epochs, true);
}

static ost_digest put_model(step_fixture *f, const char *name)
{
    ost_ref ref = { .name = "weights.safetensors", .size = strlen(name) };
    ost_artifact a = {
        .type = OST_MODEL,
        .meta = ost_arena_printf(&f->arena, "{\"name\":\"%s\"}", name),
        .refs = &ref,
        .n_refs = 1,
    };
    ost_err err = { 0 };
    ost_digest d;

    assert_ok(
        ost_batch_put_blob(f->batch, name, strlen(name), &ref.digest, &err),
        &err);
    assert_ok(ost_artifact_put(f->batch, &a, &d, &err), &err);
    commit(f->batch);
    return d;
}

static ost_digest put_set(step_fixture *f, const char *id, const char *meta)
{
    item_set s = { .f = f };

    set_image(&s, set_item(&s, id, "p1", "well"), "image", 2, 2, 7);
    return finish_items(&s, "datasets", OST_DATASET, meta).artifact;
}

static ost_digest put_dataset(step_fixture *f, const char *id)
{
    return put_set(f, id, "{\"k\":1}");
}

static const char *auc(step_fixture *f, const char *value)
{
    return ost_arena_printf(&f->arena,
                            "{\"pooled\":{\"auc\":%s,\"n_items\":12}}", value);
}

static const json_t *choice_of(step_fixture *f, const ost_done_msg *done,
                               json_t **doc)
{
    *doc = json_loads(output_artifact(f, done, "choice").meta, 0, NULL);
    assert_non_null(*doc);
    return *doc;
}

static void the_best_comes_out_unchanged(void **state)
{
    step_fixture *f = *state;
    candidates c = { .f = f };
    ost_digest models[3], sets[3];
    ost_done_msg done;
    json_t *doc;

    add_metrics(&c, "1", auc(f, "0.7"), NULL);
    add_metrics(&c, "2", auc(f, "0.9"), NULL);
    add_metrics(&c, "4", auc(f, "0.8"), NULL);
    for (int i = 2; i >= 0; i--) {
        static const char *const epochs[] = { "1", "2", "4" };

        models[i] = put_model(f, epochs[i]);
        sets[i] = put_dataset(f, epochs[i]);
        add(&c, "models", models[i], epochs[i], true);
        add(&c, "datasets", sets[i], epochs[i], false);
    }
    done = run_stage(f, "choose", "{}", c.in, c.n);
    (void)choice_of(f, &done, &doc);
    assert_string_equal(json_string_value(json_object_get(doc, "reason")),
                        "the largest 'pooled.auc' of 3 candidates");
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(doc, "chosen"), "epochs")),
                        "2");
    assert_int_equal(json_array_size(json_object_get(doc, "candidates")), 3);
    json_decref(doc);
    {
        ost_digest model = output_digest(&done, "model");
        ost_digest set = output_digest(&done, "dataset");

        assert_true(ost_digest_equal(&model, &models[1]));
        assert_true(ost_digest_equal(&set, &sets[1]));
    }
    assert_int_equal(output_artifact(f, &done, "predictions").n_items, 0);
    done = run_stage(f, "choose", "{\"goal\":\"min\"}", c.in, c.n);
    {
        ost_digest model = output_digest(&done, "model");

        assert_true(ost_digest_equal(&model, &models[0]));
    }
}

static const char *chosen_epochs(step_fixture *f, candidates *c,
                                 const char *with)
{
    ost_done_msg done = run_stage(f, "choose", with, c->in, c->n);
    const char *epochs;
    json_t *doc;

    (void)choice_of(f, &done, &doc);
    epochs = ost_arena_strdup(&f->arena,
                              json_string_value(json_object_get(
                                  json_object_get(doc, "chosen"), "epochs")));
    json_decref(doc);
    return epochs;
}

static void order_decides_among_equals(void **state)
{
    step_fixture *f = *state;
    candidates c = { .f = f };

    add_metrics(&c, "1", auc(f, "0.885"), NULL);
    add_metrics(&c, "2", auc(f, "0.9"), NULL);
    add_metrics(&c, "4", auc(f, "0.9"), NULL);
    add_metrics(&c, "8", auc(f, "0.7"), NULL);
    assert_string_equal(chosen_epochs(f, &c, "{}"), "2");
    assert_string_equal(chosen_epochs(f, &c, "{\"ties\":\"last\"}"), "4");
    assert_string_equal(chosen_epochs(f, &c, "{\"tolerance\":0.02}"), "1");
    assert_string_equal(chosen_epochs(f, &c, "{\"goal\":\"min\"}"), "8");
}

static void undefined_metrics_are_counted(void **state)
{
    step_fixture *f = *state;
    candidates c = { .f = f }, none = { .f = f };
    const char *missing = "{\"value\":null,\"reason\":\"one class\"}";
    ost_done_msg done;
    json_t *doc;

    add_metrics(&c, "1", auc(f, missing), NULL);
    add_metrics(&c, "2", auc(f, "0.5"), NULL);
    done = run_stage(f, "choose", "{}", c.in, c.n);
    (void)choice_of(f, &done, &doc);
    assert_int_equal(json_integer_value(json_object_get(doc, "n_undefined")),
                     1);
    assert_string_equal(
        json_string_value(json_object_get(
            json_object_get(
                json_array_get(json_object_get(doc, "candidates"), 0), "value"),
            "reason")),
        "one class");
    json_decref(doc);
    assert_non_null(strstr(done.notes, "undefined for 1 of 2 candidates"));
    add_metrics(&none, "1", auc(f, missing), NULL);
    done = run_stage(f, "choose", "{}", none.in, none.n);
    assert_fails(&done, "'pooled.auc' is undefined for all 1 candidates; the "
                        "first, 'epochs=1, fold=1': one class");
}

static void filters_are_counted(void **state)
{
    step_fixture *f = *state;
    candidates c = { .f = f };
    ost_done_msg done;
    const json_t *rows;
    json_t *doc;

    add_metrics(&c, "1", auc(f, "0.7"), NULL);
    add_metrics(&c, "2", auc(f, "0.9"), NULL);
    add(&c, "datasets", put_dataset(f, "a"), "1", true);
    add(&c, "datasets",
        put_set(f, "b",
                "{\"filter\":{\"dropped\":3,\"kept\":5,\"threshold\":0.5}}"),
        "2", true);
    done = run_stage(f, "choose", "{}", c.in, c.n);
    rows = json_object_get(choice_of(f, &done, &doc), "candidates");
    assert_null(json_object_get(json_array_get(rows, 0), "kept"));
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(rows, 1), "kept")),
        5);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(doc, "chosen"), "dropped")),
                     3);
    assert_true(json_number_value(json_object_get(json_array_get(rows, 1),
                                                  "threshold")) == 0.5);
    json_decref(doc);
}

static void bad_metrics_are_named(void **state)
{
    step_fixture *f = *state;
    candidates c = { .f = f };
    ost_done_msg done;

    add_metrics(&c, "1", auc(f, "\"high\""), NULL);
    done = run_stage(f, "choose", "{}", c.in, c.n);
    assert_fails(&done, "param 'metric': 'pooled.auc' of candidate 'epochs=1, "
                        "fold=1' is no number");
    done = run_stage(f, "choose", "{\"metric\":\"pooled.auk\"}", c.in, c.n);
    assert_fails(&done,
                 "param 'metric': the metrics of candidate 'epochs=1, fold=1' "
                 "have no 'auk' of 'pooled.auk' (did you mean 'auc'?)");
    add(&c, "models", put_model(f, "m"), "2", true);
    done = run_stage(f, "choose", "{\"metric\":\"pooled.n_items\"}", c.in, c.n);
    assert_fails(&done,
                 "candidate 'epochs=1, fold=1': 0 of 1 artifacts at port "
                 "'models' belong to it, where one should (axes and rows line "
                 "up by name)");
}

static void the_measured_decided(void **state)
{
    step_fixture *f = *state;
    candidates c = { .f = f };
    const char *const *groups;
    ost_done_msg done;
    ost_artifact a;
    ost_err err = { 0 };
    size_t n;

    add_metrics(&c, "1", auc(f, "0.7"), "p7 p8");
    add_metrics(&c, "2", auc(f, "0.9"), "p7 p9");
    add(&c, "models", put_model(f, "a"), "1", true);
    add(&c, "models", put_model(f, "b"), "2", true);
    add(&c, "datasets", put_dataset(f, "x"), "1", true);
    add(&c, "datasets", put_dataset(f, "y"), "2", true);
    done = run_stage(f, "choose", "{}", c.in, c.n);
    a = output_artifact(f, &done, "model");
    assert_ok(
        ost_groups_get(f->batch, &a.exposure, &f->arena, &groups, &n, &err),
        &err);
    assert_int_equal(n, 3); /* p1 is in a candidate, and decided nothing */
    assert_string_equal(exposure_of(f, output_items(f, &done, "dataset", &n)),
                        "p7 p8 p9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(the_best_comes_out_unchanged),
        step_test(order_decides_among_equals),
        step_test(undefined_metrics_are_counted),
        step_test(filters_are_counted),
        step_test(bad_metrics_are_named),
        step_test(the_measured_decided),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
