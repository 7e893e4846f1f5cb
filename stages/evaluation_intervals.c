/* stages/evaluation_intervals.c - how sure the numbers of a block are
 *
 * 95 %, of cases that do not depend on each other: DeLong's for the area,
 * Wilson's for proportions.
 */
#include "kernels/stats/intervals.h"
#include "stages/evaluation_blocks.h"

#include "base/banned.h"

static json_t *interval_json(ost_interval i, const char *method,
                             const char *reason)
{
    if (!isfinite(i.lo))
        return ost_number_or(OST_UNDEFINED, reason);
    return json_pack("{s:f, s:f, s:f, s:s}", "lo", i.lo, "hi", i.hi, "level",
                     0.95, "method", method);
}

static void add_proportion(json_t *out, const char *name, uint64_t k,
                           uint64_t n)
{
    json_object_set_new(out, name,
                        interval_json(ost_wilson_interval(k, n, 0.95), "wilson",
                                      OST_ZERO_BELOW));
}

/* Of one class against the others. */
static void add_class(const ost_block *b, uint32_t k, json_t *out)
{
    ost_class_counts c = ost_confusion_class(&b->confusion, k);
    uint64_t positive = c.tp + c.fn, negative = c.tn + c.fp;
    ost_scores s;
    ost_ranking r;

    add_proportion(out, "precision", c.tp, c.tp + c.fp);
    add_proportion(out, "recall", c.tp, positive);
    add_proportion(out, "specificity", c.tn, negative);
    add_proportion(out, "npv", c.tn, c.tn + c.fn);
    if (!b->e->cases->score)
        return;
    s = ost_block_scores(b, k);
    r = ost_ranking_of(&s);
    json_object_set_new(
        out, "auc",
        interval_json(
            ost_normal_interval(ost_ranking_auc(&r),
                                ost_ranking_delong_variance(&r), 0.95),
            "delong",
            positive < 2 || negative < 2 ? "fewer than two items of a class"
                                         : OST_ONE_CLASS));
    ost_ranking_release(&r);
}

void ost_block_intervals(ost_block *b)
{
    const json_t *each = json_object_get(b->out, "per_class");
    uint64_t right = 0;

    for (size_t k = 0; k < b->confusion.classes; k++)
        right += b->confusion.count[k * b->confusion.classes + k];
    add_proportion(b->intervals, "accuracy", right, b->n);
    if (b->e->positive != OST_NO_CLASS)
        add_class(b, b->e->positive, b->intervals);
    for (uint32_t k = 0; k < json_array_size(each); k++)
        add_class(b, k, json_object_get(json_array_get(each, k), "intervals"));
}
