/* stages/evaluation_summary.c - means over blocks: folds, repeats */
#include "stages/evaluation_summary.h"

#include "base/alloc.h"
#include "stages/evaluation.h"

#include "base/banned.h"

static const char *const classes[] = {
    "accuracy", "auc",         "f1",  "balanced_accuracy", "precision",
    "recall",   "specificity", "npv", "average_precision", "mcc",
    "kappa",    "brier",       NULL,
};
static const char *const labels[] = {
    "subset_accuracy",
    "hamming_loss",
    "accuracy",
    "auc",
    "f1",
    "precision",
    "recall",
    "specificity",
    "average_precision",
    "brier",
    NULL,
};
static const char *const numbers[] = {
    "mean_absolute_error", "rmse", "bias", "r2", "pearson_r", NULL,
};

ost_mean ost_mean_over(const json_t *blocks, const char *name)
{
    size_t n = json_array_size(blocks);
    double *v = ost_xalloc(sizeof(*v) * (n + 1));
    ost_mean m;

    for (size_t i = 0; i < n; i++)
        v[i] = ost_member_number(json_array_get(blocks, i), name);
    m = ost_mean_of(v, n);
    ost_free(v);
    return m;
}

static json_t *mean_json(ost_mean m)
{
    static const char reason[] = "undefined everywhere";

    return json_pack("{s:o, s:o, s:I, s:I}", "mean",
                     ost_number_or(m.mean, reason), "std",
                     ost_number_or(m.std, reason), "n", (json_int_t)m.n,
                     "skipped", (json_int_t)m.skipped);
}

json_t *ost_summary_json(const json_t *blocks, ost_prediction_kind kind)
{
    const char *const *names = kind == OST_PREDICTS_LABELS   ? labels
                               : kind == OST_PREDICTS_NUMBER ? numbers
                                                             : classes;
    json_t *out = json_object();

    for (; *names; names++)
        json_object_set_new(out, *names,
                            mean_json(ost_mean_over(blocks, *names)));
    return out;
}

json_t *ost_mean_roc_json(const ost_evaluation *e, const ost_roc *curves,
                          size_t n, const json_t *blocks)
{
    enum { N = OST_MEAN_ROC_POINTS };
    ost_mean_roc m;

    if (n == 0)
        return ost_number_or(OST_UNDEFINED, "nothing to take a mean over");
    if (e->kind != OST_PREDICTS_CLASS || e->positive == OST_NO_CLASS)
        return ost_number_or(OST_UNDEFINED, "not two classes");
    if (!e->cases->score)
        return ost_number_or(OST_UNDEFINED, "no scores");
    if (!ost_mean_roc_of(curves, n, &m))
        return ost_number_or(OST_UNDEFINED, "one class");
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:I, s:I}", "fpr",
        ost_number_array(m.fpr, N), "tpr", ost_number_array(m.tpr, N), "std",
        ost_number_array(m.std, N), "lower", ost_number_array(m.lower, N),
        "upper", ost_number_array(m.upper, N), "auc", m.auc, "auc_std",
        ost_mean_over(blocks, "auc").std, "n", (json_int_t)m.used, "skipped",
        (json_int_t)m.skipped);
}
