/* tests/unit/test_target.c - what networks are taught, and how it is judged */
/* links: stages kernels store base */
/* on: cpu cuda */

#include "stages/target.h"
#include "tests/support/backend_case.h"
#include "tests/support/squares.h"

#include <math.h>

#include "base/banned.h"

/* A stage that runs what the test wants to try within a step. */
typedef ost_rc (*trial)(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                        ost_err *err);
static trial tried;

static ost_rc run_trial(ost_stage_ctx *ctx, ost_err *err)
{
    const ost_item *items;
    size_t n;
    ost_rc rc =
        ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);

    return rc ? rc : tried(ctx, items, n, err);
}

static const ost_param no_params[] = { OST_END };
static const ost_stage stage_trial = {
    .name = "trial",
    .version = 1,
    .summary = "Runs a test.",
    .params = no_params,
    .inputs = OST_PORTS({ .name = "in", .type = OST_DATASET, .help = "items" }),
    .outputs = OST_NO_PORTS,
    .run = run_trial,
};

const ost_stage *const ost_stages[] = { &stage_trial, NULL };

static void try(step_fixture *f, trial what, ost_digest data)
{
    ost_step_input in = step_input_of("in", data);
    ost_done_msg done;

    tried = what;
    done = run_stage(f, "trial", "{}", &in, 1);
    if (done.rc)
        fail_msg("%s", done.error);
}

/* --- losses ------------------------------------------------------------ */

static ost_network *network_of(const char *scores)
{
    char *text = ost_xprintf("{\"osteon_model\": 1, \"name\": \"n\", "
                             "\"scores\": \"%s\", \"layers\": [{\"op\": "
                             "\"relu\"}]}",
                             scores);
    ost_network *network = NULL;
    ost_err err = { 0 };

    assert_ok(ost_network_read("n.json", text, strlen(text), NULL, NULL,
                               &network, &err),
              &err);
    ost_free(text);
    return network;
}

/* What a loss is expected to be for outputs that are all 0 and then for those
 * that are all 1, over the first four items: none, left, right, both. */
typedef struct loss_case {
    ost_target_spec spec;
    const char *scores;
    const char *weights; /* JSON, or NULL */
    int ndim;
    int64_t shape[4];
    double loss[2];
    double metric[2];
} loss_case;

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double dice_loss(double p)
{
    double sums[] = { 0.0, 16.0, 16.0, 32.0 };
    double loss = 0.0;

    for (int i = 0; i < 4; i++)
        loss += 1.0 - (2.0 * p * sums[i] + 1.0) / (p * 256.0 + sums[i] + 1.0);
    return loss / 4.0;
}

/* Cross-entropy with `yes` of `n` wanted 1, whose weight is `w`. */
static double cross_entropy(double x, double yes, double n, double w,
                            double gamma)
{
    double p = sigmoid(x);

    return -(w * yes * pow(1.0 - p, gamma) * log(p) +
             (n - yes) * pow(p, gamma) * log(1.0 - p)) /
           n;
}

/* Outputs and gradients are in memory of the host; adds to `score`. */
static ost_rc compare(ost_target *t, ost_backend *b,
                      const ost_target_batch *batch, const ost_tensor *output,
                      float *grad, ost_target_score *score, ost_err *err)
{
    int64_t count = ost_tensor_count(output);
    ost_tensor there = *output;
    float *slope = device_floats(b, NULL, count);
    ost_rc rc = ost_target_load(t, batch, err);

    there.data = device_floats(b, output->data, count);
    if (!rc)
        rc = ost_target_loss(t, b, batch, &there, grad ? slope : NULL, err);
    if (!rc)
        rc = b->finish(b, err);
    if (!rc)
        ost_target_judge(t, score);
    if (grad)
        device_get(b, slope, grad, count);
    b->release(b, there.data);
    b->release(b, slope);
    return rc;
}

/* The gradient that `target` gives for all four items at once is the one it
 * gives for one and three of them with the total of all. */
static ost_rc compare_parts(ost_target *t, ost_backend *b, const loss_case *c,
                            float *x, ost_err *err)
{
    const uint32_t index[] = { 0, 1, 2, 3 };
    double total = ost_target_total(t, index, 4);
    ost_tensor out = ost_tensor_of(x, OST_F32, c->ndim, c->shape);
    size_t each = (size_t)ost_tensor_count(&out) / 4;
    float *whole = ost_xalloc(4 * each * sizeof(*whole));
    float *parts = ost_xalloc(4 * each * sizeof(*parts));
    ost_target_score a = { 0 }, s = { 0 };
    ost_target_batch all = { .index = index, .n = 4, .total = total };
    ost_rc rc = compare(t, b, &all, &out, whole, &a, err);

    for (size_t at = 0, n = 1; at < 4 && !rc; at += n, n = 3) {
        ost_target_batch part = { .index = index + at,
                                  .n = at ? 3 : 1,
                                  .total = total };
        ost_tensor some = out;

        n = part.n;
        some.data = x + at * each;
        some.shape[0] = (int64_t)n;
        rc = compare(t, b, &part, &some, parts + at * each, &s, err);
    }
    for (size_t i = 0; i < 4 * each && !rc; i++)
        assert_true(fabs((double)(whole[i] - parts[i])) < 1e-6);
    assert_true(fabs(ost_target_score_loss(&a) - ost_target_score_loss(&s)) <
                1e-9);
    ost_free(parts);
    ost_free(whole);
    return rc;
}

static ost_rc try_case(ost_stage_ctx *ctx, const ost_item *items,
                       const loss_case *c, ost_backend *b, ost_err *err)
{
    const uint32_t index[] = { 0, 1, 2, 3 };
    json_t *weights =
        c->weights ? json_loads(c->weights, JSON_DECODE_ANY, NULL) : NULL;
    ost_network *network = network_of(c->scores);
    ost_tensor out = ost_tensor_of(NULL, OST_F32, c->ndim, c->shape);
    size_t count = (size_t)ost_tensor_count(&out);
    float *x = ost_xalloc(count * sizeof(*x));
    ost_target_spec spec = c->spec;
    ost_target *t;
    ost_rc rc;

    spec.class_weights = weights;
    rc = ost_target_open(ctx, &spec, items, 4, &t, err);
    if (!rc)
        rc = ost_target_check_output(t, network, &out, err);
    for (int v = 0; v < 2 && !rc; v++) {
        ost_target_batch batch = { .index = index,
                                   .n = 4,
                                   .total = ost_target_total(t, index, 4) };
        ost_target_score s = { 0 };

        for (size_t i = 0; i < count; i++)
            x[i] = (float)v;
        out.data = x;
        rc = compare(t, b, &batch, &out, NULL, &s, err);
        if (fabs(ost_target_score_loss(&s) - c->loss[v]) > 1e-5 ||
            fabs(ost_target_score_metric(&s) - c->metric[v]) > 1e-12)
            fail_msg("%s %s: %.9g not %.9g, %.9g not %.9g", c->spec.name,
                     c->scores, ost_target_score_loss(&s), c->loss[v],
                     ost_target_score_metric(&s), c->metric[v]);
        if (!rc)
            rc = compare_parts(t, b, c, x, err);
    }
    ost_free(x);
    ost_network_free(network);
    json_decref(weights);
    return rc;
}

static ost_rc try_losses(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                         ost_err *err)
{
    const loss_case cases[] = {
        { { .name = "attribute.side" },
          "softmax",
          NULL,
          2,
          { 4, 4 },
          { log(4.0), log(4.0) },
          { 0.25, 0.25 } },
        { { .name = "attribute.found" },
          "sigmoid",
          NULL,
          2,
          { 4, 1 },
          { log(2.0), cross_entropy(1, 3, 4, 1, 0) },
          { 0.25, 0.75 } },
        { { .name = "attribute.found", .positive = "no" },
          "sigmoid",
          "\"balanced\"",
          2,
          { 4, 1 },
          { cross_entropy(0, 1, 4, 3, 0), cross_entropy(1, 1, 4, 3, 0) },
          { 0.75, 0.25 } },
        { { .name = "attribute.found" },
          "softmax",
          "{\"no\": 3}",
          2,
          { 4, 2 },
          { log(2.0), log(2.0) },
          { 0.25, 0.25 } },
        { { .name = "labels" },
          "sigmoid",
          NULL,
          2,
          { 4, 2 },
          { log(2.0), cross_entropy(1, 4, 8, 1, 0) },
          { 0.5, 0.5 } },
        { { .name = "labels", .loss = OST_TARGET_FOCAL, .focal_gamma = 2 },
          "sigmoid",
          "{\"left\": 2, \"right\": 2}",
          2,
          { 4, 2 },
          { cross_entropy(0, 4, 8, 2, 2), cross_entropy(1, 4, 8, 2, 2) },
          { 0.5, 0.5 } },
        { { .name = "attribute.squares" },
          "none",
          NULL,
          2,
          { 4, 1 },
          { 1.5, 0.5 },
          { 1.0, 0.5 } },
        { { .name = "attribute.squares", .loss = OST_TARGET_L1 },
          "none",
          NULL,
          2,
          { 4, 1 },
          { 1.0, 0.5 },
          { 1.0, 0.5 } },
        { { .name = "mask.square" },
          "sigmoid",
          NULL,
          4,
          { 4, 1, SIDE, SIDE },
          { dice_loss(0.5), dice_loss(sigmoid(1)) },
          { 0.0, 128.0 / (1024.0 + 64.0) } },
        { { .name = "mask.square", .loss = OST_TARGET_SIGMOID_CROSS_ENTROPY },
          "sigmoid",
          "\"balanced\"",
          4,
          { 4, 1, SIDE, SIDE },
          { cross_entropy(0, 64, 1024, 15, 0),
            cross_entropy(1, 64, 1024, 15, 0) },
          { 0.0, 128.0 / (1024.0 + 64.0) } },
    };
    ost_backend *b = NULL;
    ost_rc rc = ost_backend_open(backend_case_name(), 2, &b, err);

    assert_true(n >= 4);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) && !rc; i++)
        rc = try_case(ctx, items, &cases[i], b, err);
    ost_backend_close(b);
    return rc;
}

static void losses_are_those_of_the_formulas(void **state)
{
    step_fixture *f = *state;

    try(f, try_losses, items_of(f, 0, 4, NULL));
}

/* --- what does not fit ------------------------------------------------- */

typedef struct misfit {
    ost_target_spec spec;
    const char *scores;
    int ndim;
    int64_t shape[4];
    const char *text;
} misfit;

static const misfit misfits[] = {
    { { .name = "labels" },
      "softmax",
      2,
      { 4, 2 },
      "target 'labels' with loss 'sigmoid_cross_entropy' needs a network with "
      "\"scores\": \"sigmoid\", network 'n' has \"softmax\"" },
    { { .name = "attribute.squares" },
      "sigmoid",
      2,
      { 4, 1 },
      "target 'attribute.squares' with loss 'l2' needs a network with "
      "\"scores\": \"none\", network 'n' has \"sigmoid\"" },
    { { .name = "attribute.side", .loss = OST_TARGET_FOCAL },
      "softmax",
      2,
      { 4, 4 },
      "target 'attribute.side' with loss 'focal' needs a network with "
      "\"scores\": \"sigmoid\", network 'n' has \"softmax\"" },
    { { .name = "attribute.side" },
      "softmax",
      2,
      { 4, 3 },
      "network 'n' has 3 outputs, the data 4 classes (its last layer should "
      "have \"out\": \"${classes}\")" },
    { { .name = "attribute.found" },
      "softmax",
      2,
      { 4, 1 },
      "network 'n' has 1 outputs, the data 2 classes (its last layer should "
      "have \"out\": \"${classes}\")" },
    { { .name = "attribute.found" },
      "softmax",
      4,
      { 4, 2, 8, 8 },
      "network 'n' gives pictures (4x2x8x8), target 'attribute.found' is for "
      "one that ends in a row of outputs" },
    { { .name = "attribute.squares" },
      "none",
      2,
      { 4, 2 },
      "network 'n' has 2 outputs, target 'attribute.squares' is one number "
      "(its last layer should have \"out\": \"${classes}\")" },
    { { .name = "mask.square" },
      "sigmoid",
      4,
      { 4, 1, 8, 8 },
      "network 'n' gives 1x8x8 for an item, field 'mask.square' needs "
      "1x16x16" },
    { { .name = "attribute.squares", .loss = OST_TARGET_FOCAL },
      "sigmoid",
      2,
      { 4, 1 },
      "param 'loss': 'focal' is not for target 'attribute.squares', which has "
      "numbers" },
    { { .name = "attribute.side", .loss = OST_TARGET_L1 },
      "none",
      2,
      { 4, 4 },
      "param 'loss': 'l1' is not for target 'attribute.side', which has "
      "classes" },
    { { .name = "attribute.found", .positive = "yess" },
      "sigmoid",
      2,
      { 4, 1 },
      "param 'positive': no class 'yess' (did you mean 'yes'?)" },
    { { .name = "labels", .positive = "left" },
      "sigmoid",
      2,
      { 4, 2 },
      "param 'positive' is for one of two classes, not for target 'labels'" },
};

static ost_rc try_misfits(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                          ost_err *err)
{
    (void)err;
    for (size_t i = 0; i < sizeof(misfits) / sizeof(misfits[0]); i++) {
        const misfit *m = &misfits[i];
        ost_network *network = network_of(m->scores);
        ost_tensor out = ost_tensor_of(NULL, OST_F32, m->ndim, m->shape);
        ost_err e = { 0 };
        ost_target *t;
        ost_rc rc = ost_target_open(ctx, &m->spec, items, n, &t, &e);

        if (!rc)
            rc = ost_target_check_output(t, network, &out, &e);
        assert_int_equal(rc, OST_EINPUT);
        assert_string_equal(e.text, m->text);
        ost_network_free(network);
    }
    return OST_OK;
}

static void networks_that_do_not_fit_are_refused(void **state)
{
    step_fixture *f = *state;

    try(f, try_misfits, items_of(f, 0, 8, NULL));
}

/* --- words ------------------------------------------------------------- */

static void refused(const char *name, int loss, const char *weights,
                    const char *text)
{
    json_t *w = json_loads(weights, JSON_DECODE_ANY, NULL);
    ost_target_spec spec = { .name = name, .loss = loss, .class_weights = w };
    ost_err err = { 0 };

    assert_int_equal(ost_target_check(&spec, &err), OST_EWORKFLOW);
    assert_string_equal(err.text, text);
    json_decref(w);
}

static void words_are_refused_before_anything_runs(void **state)
{
    static const char names[] = " (there are 'label', 'labels', "
                                "'attribute.NAME' and 'mask.NAME')";
    char text[160];

    (void)state;
    snprintf(text, sizeof(text), "param 'target': there is no 'lable'%s",
             names);
    refused("lable", 0, "\"none\"", text);
    snprintf(text, sizeof(text), "param 'target': there is no 'mask.'%s",
             names);
    refused("mask.", 0, "\"none\"", text);
    refused("label", OST_TARGET_DICE, "\"none\"",
            "param 'loss': 'dice' is not for target 'label'");
    refused("mask.a", OST_TARGET_DICE, "\"balanced\"",
            "param 'class_weights': loss 'dice' knows no weights");
    refused("label", 0, "\"equal\"",
            "param 'class_weights' must be 'none', 'balanced' or an object "
            "from class to weight");
    refused("label", 0, "{\"a\": 0}",
            "param 'class_weights': the weight of 'a' must be a number above "
            "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(losses_are_those_of_the_formulas),
        step_test(networks_that_do_not_fit_are_refused),
        cmocka_unit_test(words_are_refused_before_anything_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
