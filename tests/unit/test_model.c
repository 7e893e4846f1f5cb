/* tests/unit/test_model.c - what models say of themselves, right or wrong */
/* links: stages kernels store base */
#include "stages/model.h"
#include "tests/support/step.h"

#include "base/banned.h"

/* One member of a good model's metadata replaced, and what comes of it. */
typedef struct change {
    const char *member;
    const char *value; /* JSON; NULL: without it */
    const char *error; /* NULL: fine */
} change;

static const char good[] =
    "{\"network\": \"n\", \"architecture\": {\"osteon_model\": 1, "
    "\"name\": \"n\", \"scores\": \"sigmoid\", \"layers\": [{\"op\": "
    "\"relu\"}]}, \"params\": {}, \"classes\": [\"a\", \"b\"], "
    "\"target\": {\"name\": \"attribute.x\", \"kind\": \"label\", "
    "\"positive\": \"a\"}, \"input\": {\"field\": \"frames\", "
    "\"channels\": 1, \"frames\": 4, \"height\": 8, \"width\": 6}, "
    "\"normalization\": {\"mean\": [1], \"std\": [2]}}";

static const change changes[] = {
    { "target", "{\"kind\": \"labels\"}", NULL },
    { "target", NULL, NULL },
    { "target", "3", "the model's 'target' is malformed" },
    { "target", "{\"kind\": \"lable\"}", "the model's 'target' is malformed" },
    { "target", "{\"kind\": \"label\", \"positive\": \"c\"}",
      "the model's 'target' is malformed" },
    { "target", "{\"kind\": \"label\", \"positive\": 1}",
      "the model's 'target' is malformed" },
    { "classes", "[\"a\"]", "the model's 'classes' is malformed" },
    { "classes", "[\"a\", 2]", "the model's 'classes' is malformed" },
    { "input",
      "{\"field\": \"frames\", \"channels\": 1, \"frames\": -1, \"height\": "
      "8, \"width\": 6}",
      "the model's 'input' is malformed" },
    { "normalization", "{\"mean\": [1], \"std\": [0]}",
      "the model's 'normalization' is malformed" },
};

static ost_rc try_changes(ost_stage_ctx *ctx, ost_err *err)
{
    (void)err;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        const change *c = &changes[i];
        json_t *meta = json_loads(good, 0, NULL);
        json_t *value =
            c->value ? json_loads(c->value, JSON_DECODE_ANY, NULL) : NULL;
        ost_model model;
        ost_err e = { 0 };
        ost_rc rc;

        assert_non_null(meta);
        if (value)
            json_object_set_new(meta, c->member, value);
        else
            json_object_del(meta, c->member);
        rc = ost_model_describe(ctx, meta, &model, &e);
        assert_int_equal(rc, c->error ? OST_EINPUT : OST_OK);
        if (c->error)
            assert_string_equal(e.text, c->error);
        ost_model_release(&model);
        json_decref(meta);
    }
    return OST_OK;
}

static ost_rc try_good(ost_stage_ctx *ctx, ost_err *err)
{
    json_t *meta = json_loads(good, 0, NULL);
    int64_t shape[OST_MAX_DIMS];
    ost_model model;

    assert_ok(ost_model_describe(ctx, meta, &model, err), err);
    assert_int_equal(model.kind, OST_TARGET_LABEL);
    assert_string_equal(model.target, "attribute.x");
    assert_int_equal(model.positive, 0);
    assert_int_equal(ost_model_shape(&model, 3, shape), 5);
    assert_memory_equal(shape, ((int64_t[]){ 3, 1, 4, 8, 6 }),
                        5 * sizeof(*shape));
    ost_model_release(&model);
    json_decref(meta);
    return OST_OK;
}

static ost_rc run_both(ost_stage_ctx *ctx, ost_err *err)
{
    ost_rc rc = try_good(ctx, err);

    return rc ? rc : try_changes(ctx, err);
}

static const ost_param no_params[] = { OST_END };
static const ost_stage stage_trial = {
    .name = "trial",
    .version = 1,
    .summary = "Runs a test.",
    .params = no_params,
    .inputs = OST_NO_PORTS,
    .outputs = OST_NO_PORTS,
    .run = run_both,
};
const ost_stage *const ost_stages[] = { &stage_trial, NULL };

static void models_that_are_wrong_are_refused(void **state)
{
    step_fixture *f = *state;
    ost_done_msg done = run_stage(f, "trial", "{}", NULL, 0);

    if (done.rc)
        fail_msg("%s", done.error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(models_that_are_wrong_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
