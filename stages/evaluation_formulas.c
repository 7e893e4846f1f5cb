/* stages/evaluation_formulas.c - intervals of proportions and areas
 *
 * Formulas take cases as independent: they hold where each group has one.
 */
#include "kernels/stats/intervals.h"
#include "stages/evaluation_blocks.h"

#include "base/banned.h"

bool ost_formulas_hold(const ost_evaluation *e)
{
    const ost_evaluate_params *p = e->params;

    if (p->interval != OST_INTERVAL_AUTO)
        return p->interval == OST_INTERVAL_FORMULA;
    return !e->clustered || p->resample == OST_RESAMPLE_ITEM ||
           p->bootstrap == 0;
}

static json_t *interval_json(const ost_block *b, ost_interval i,
                             const char *method, const char *reason)
{
    if (!isfinite(i.lo))
        return ost_number_or(OST_UNDEFINED, reason);
    return json_pack("{s:f, s:f, s:f, s:s}", "lo", i.lo, "hi", i.hi, "level",
                     b->e->params->level, "method", method);
}

/* The same of ends that have a logarithm in them. */
static json_t *rounded_json(const ost_block *b, ost_interval i,
                            const char *method, const char *reason)
{
    json_t *out = interval_json(b, i, method, reason);

    if (json_object_get(out, "lo")) {
        json_object_set_new(out, "lo", ost_rounded_or(i.lo, reason));
        json_object_set_new(out, "hi", ost_rounded_or(i.hi, reason));
    }
    return out;
}

json_t *ost_proportion_interval(const ost_block *b, uint64_t k, uint64_t n)
{
    double level = b->e->params->level;

    if (b->e->params->proportion == OST_PROPORTION_WILSON)
        return interval_json(b, ost_wilson_interval(k, n, level), "wilson",
                             OST_ZERO_BELOW);
    return rounded_json(b, ost_clopper_pearson_interval(k, n, level),
                        "clopper_pearson", OST_ZERO_BELOW);
}

/* Scores that separate the classes leave DeLong a point that says nothing. */
static json_t *area_interval(const ost_block *b, uint32_t k, uint64_t positive,
                             uint64_t negative)
{
    const char *reason = positive < 2 || negative < 2
                             ? "fewer than two items of a class"
                             : "DeLong's variance is 0";
    double level = b->e->params->level, area, variance;
    ost_scores s = ost_block_scores(b, k);
    ost_ranking r = ost_ranking_of(&s);

    area = ost_ranking_auc(&r);
    variance = ost_ranking_delong_variance(&r);
    ost_ranking_release(&r);
    if (!(variance > 0))
        variance = OST_UNDEFINED;
    if (b->e->params->area == OST_AREA_DELONG_LOGIT)
        return rounded_json(b, ost_logit_interval(area, variance, level),
                            "delong_logit", reason);
    return interval_json(b, ost_normal_interval(area, variance, level),
                         "delong", reason);
}

/* Of one class against the others. */
static void add_formulas(const ost_block *b, uint32_t k, json_t *out)
{
    ost_class_counts c = ost_confusion_class(&b->confusion, k);
    uint64_t positive = c.tp + c.fn, negative = c.tn + c.fp;

    json_object_set_new(out, "precision",
                        ost_proportion_interval(b, c.tp, c.tp + c.fp));
    json_object_set_new(out, "recall",
                        ost_proportion_interval(b, c.tp, positive));
    json_object_set_new(out, "specificity",
                        ost_proportion_interval(b, c.tn, negative));
    json_object_set_new(out, "npv",
                        ost_proportion_interval(b, c.tn, c.tn + c.fn));
    if (b->e->cases->score)
        json_object_set_new(out, "auc",
                            area_interval(b, k, positive, negative));
}

void ost_block_formulas(ost_block *b)
{
    const json_t *each = json_object_get(b->out, "per_class");
    uint64_t right = 0;

    for (size_t k = 0; k < b->confusion.classes; k++)
        right += b->confusion.count[k * b->confusion.classes + k];
    json_object_set_new(b->intervals, "accuracy",
                        ost_proportion_interval(b, right, b->n));
    if (b->e->positive != OST_NO_CLASS)
        add_formulas(b, b->e->positive, b->intervals);
    for (uint32_t k = 0; k < json_array_size(each); k++)
        add_formulas(b, k,
                     json_object_get(json_array_get(each, k), "intervals"));
}
