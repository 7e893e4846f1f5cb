/* stages/predict.c - what a model makes of pictures
 *
 * Each item keeps id, group, labels and attributes.  By what the model was
 * taught (stages/target.h) it gets the attributes
 *
 *     one class   "score.CLASS" for each class, the softmax of its output or
 *                 its share of all their sigmoids, and "predicted", the class
 *                 with the highest one (the first of equal ones).  One output
 *                 for two classes is the score of the positive one, the other
 *                 has 1 - score.
 *     labels      "score.LABEL" for each, and "predicted", those above 0.5
 *                 with '|' between them
 *     a number    "predicted", the number
 *
 * A model that was taught an attribute leaves what the item has of it as its
 * label: what is predicted stands beside what is true.  A score depends on the
 * model and the picture alone, never on the items beside it, and is remembered
 * by both.
 */
#include "base/text.h"
#include "kernels/backend.h"
#include "stages/inference.h"
#include "stages/model.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

typedef struct predict_params {
    const char *field;
} predict_params;

static const ost_param params[] = {
    OST_PARAM(predict_params, field, STR,
              "field that is judged; unset: the one the model was trained on",
              .dflt = "null"),
    OST_END,
};

typedef struct prediction {
    ost_stage_ctx *ctx;
    ost_backend *backend;
    ost_model model;
    char model_hex[2 * sizeof(ost_digest) + 1];
    ost_picture_set set;
    const char *field;
    size_t outputs; /* of the network, for an item */
    float *logits;  /* n x outputs */
    size_t computed;
} prediction;

/* Whether the network's output is what the model is said to give. */
static ost_rc check_output(prediction *p, const ost_inference *inf,
                           ost_err *err)
{
    const ost_model *m = &p->model;
    ost_tensor out = ost_net_output(inf->net);
    bool single = m->kind == OST_TARGET_LABEL && m->n_classes == 2 &&
                  ost_network_scores(m->network) == OST_SCORES_SIGMOID;
    size_t want = m->kind == OST_TARGET_NUMBER ? 1 : m->n_classes;

    p->outputs = inf->outputs;
    if (out.ndim != 2)
        return ost_fail(err, OST_EINPUT,
                        "the model's network gives pictures, target '%s' is "
                        "for one that ends in a row of outputs",
                        m->target);
    if (p->outputs == want || (single && p->outputs == 1))
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "the model has %zu classes and %zu outputs", m->n_classes,
                    p->outputs);
}

static void softmax(const float *logits, size_t k, double *score)
{
    double highest = (double)logits[0];
    double sum = 0.0;

    for (size_t i = 1; i < k; i++)
        if ((double)logits[i] > highest)
            highest = (double)logits[i];
    for (size_t i = 0; i < k; i++) {
        score[i] = exp((double)logits[i] - highest);
        sum += score[i];
    }
    for (size_t i = 0; i < k; i++)
        score[i] /= sum;
}

static double sigmoid(double x)
{
    return x >= 0.0 ? 1.0 / (1.0 + exp(-x)) : exp(x) / (1.0 + exp(x));
}

/* A score for each class. */
static void scores_of(const prediction *p, const float *x, double *score)
{
    const ost_model *m = &p->model;

    if (ost_network_scores(m->network) == OST_SCORES_SOFTMAX) {
        softmax(x, m->n_classes, score);
    } else if (p->outputs == 1 && m->n_classes == 2) {
        score[m->positive] = sigmoid((double)x[0]);
        score[1 - m->positive] = sigmoid(-(double)x[0]);
    } else {
        double sum = 0.0;

        for (size_t c = 0; c < m->n_classes; c++)
            sum += score[c] = sigmoid((double)x[c]);
        for (size_t c = 0; m->kind == OST_TARGET_LABEL && c < m->n_classes; c++)
            score[c] = sum > 0.0 ? score[c] / sum : 1.0 / (double)m->n_classes;
    }
}

/* What is true of a taught attribute becomes the label. */
static void set_truth(prediction *p, ost_item *out)
{
    ost_arena *arena = ost_ctx_arena(p->ctx);
    const char *dot = strchr(p->model.target, '.');
    const ost_attr *a = dot ? ost_item_attr(out, dot + 1) : NULL;

    if (a && a->kind == OST_ATTR_TEXT)
        ost_item_set_label(arena, out, a->text);
    else if (a)
        ost_item_set_label(arena, out,
                           ost_arena_printf(arena, "%.9g", a->number));
    else if (dot)
        ost_item_set_label(arena, out, NULL);
}

static const char *names_above_half(prediction *p, const double *score)
{
    ost_buf text = { 0 };
    const char *kept;

    for (size_t c = 0; c < p->model.n_classes; c++)
        if (score[c] > 0.5)
            ost_buf_addf(&text, "%s%s", text.len ? "|" : "",
                         p->model.classes[c]);
    kept = ost_arena_strdup(ost_ctx_arena(p->ctx), ost_buf_str(&text));
    ost_buf_release(&text);
    return kept;
}

static ost_rc emit_item(prediction *p, size_t i, double *score, ost_err *err)
{
    const ost_model *m = &p->model;
    const float *x = p->logits + i * p->outputs;
    ost_arena *arena = ost_ctx_arena(p->ctx);
    ost_item *out = ost_derive(p->ctx, &p->set.items[i], -1);
    size_t best = 0;

    out->fields = NULL;
    out->n_fields = 0;
    set_truth(p, out);
    if (m->kind == OST_TARGET_NUMBER) {
        ost_item_set_number(arena, out, "predicted", (double)x[0]);
        return ost_emit(p->ctx, "predictions", out, err);
    }
    scores_of(p, x, score);
    for (size_t c = 0; c < m->n_classes; c++) {
        ost_item_set_number(arena, out,
                            ost_arena_printf(arena, "score.%s", m->classes[c]),
                            score[c]);
        if (score[c] > score[best])
            best = c;
    }
    ost_item_set_text(arena, out, "predicted",
                      m->kind == OST_TARGET_LABELS ? names_above_half(p, score)
                                                   : m->classes[best]);
    return ost_emit(p->ctx, "predictions", out, err);
}

static ost_rc emit(prediction *p, ost_err *err)
{
    const ost_model *m = &p->model;
    double *score =
        OST_ARENA_ARRAY(ost_ctx_arena(p->ctx), double, m->n_classes + 1);
    json_t *names = json_array();
    json_t *meta;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < p->set.n && !rc; i++)
        rc = emit_item(p, i, score, err);
    for (size_t c = 0; c < m->n_classes; c++)
        json_array_append_new(names, json_string(m->classes[c]));
    meta = json_pack("{s:o}", "classes", names);
    if (m->kind != OST_TARGET_LABEL)
        json_object_set_new(meta, "kind",
                            json_string(ost_target_kind_word(m->kind)));
    if (!rc)
        rc = ost_emit_meta(p->ctx, "predictions", meta, err);
    json_decref(meta);
    ost_count_items(p->ctx, p->computed, p->set.n - p->computed);
    return rc;
}

static ost_rc open_pictures(prediction *p, ost_err *err)
{
    const predict_params *with = ost_ctx_params(p->ctx);
    const ost_item *items;
    size_t n;
    ost_rc rc = ost_ctx_items(p->ctx, ost_ctx_input(p->ctx, "data", 0), &items,
                              &n, err);

    p->field = with->field ? with->field : p->model.field;
    if (!rc)
        rc = ost_picture_set_open(p->ctx, items, n, p->field, &p->set, err);
    if (!rc)
        rc = ost_model_check_pictures(&p->model, &p->set, err);
    return rc;
}

static ost_rc judge(prediction *p, ost_err *err)
{
    ost_inference inf = { 0 };
    ost_inference_memo memo = { .inf = &inf,
                                .ctx = p->ctx,
                                .set = &p->set,
                                .norm = &p->model.norm,
                                .field = p->field,
                                .name = p->model_hex };
    ost_rc rc = ost_inference_init(&inf, p->model.network, p->model.weights,
                                   &p->set, err);

    if (!rc)
        rc = check_output(p, &inf, err);
    if (!rc) {
        memo.kept = p->outputs;
        p->logits = OST_ARENA_ARRAY(ost_ctx_arena(p->ctx), float,
                                    p->set.n * p->outputs);
        rc = ost_inference_remember(&memo, p->logits, &p->computed, err);
    }
    ost_inference_release(&inf);
    return rc;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const ost_input *in = ost_ctx_input(ctx, "model", 0);
    prediction p = { .ctx = ctx };
    ost_rc rc;

    ost_hex(p.model_hex, in->digest.b, sizeof(in->digest.b));
    rc = ost_ctx_backend(ctx, &p.backend, err);
    if (!rc)
        rc = ost_model_open(ctx, in, p.backend, &p.model, err);
    if (!rc && p.model.kind == OST_TARGET_MASK)
        rc = ost_fail(err, OST_EINPUT,
                      "the model marks pixels (target '%s'): 'predict' is for "
                      "classes and numbers",
                      p.model.target);
    if (!rc)
        rc = open_pictures(&p, err);
    if (!rc && p.set.n > 0)
        rc = judge(&p, err);
    if (!rc)
        rc = emit(&p, err);
    ost_model_release(&p.model);
    return rc;
}

const ost_stage ost_stage_predict = {
    .name = "predict",
    .version = 7, /* bump when any output byte can change */
    .summary = "Lets a trained network judge pictures.",
    .flags = OST_STAGE_FLOAT | OST_STAGE_GPU | OST_STAGE_KEEPS,
    .param_size = sizeof(predict_params),
    .params = params,
    .inputs = OST_PORTS({ "model", OST_MODEL, "the model", false, false },
                        { "data", OST_DATASET, "pictures", false, false }),
    .outputs =
        OST_PORTS({ "predictions", OST_PREDICTIONS,
                    "the items with what the model says", false, false }),
    .run = run,
};
