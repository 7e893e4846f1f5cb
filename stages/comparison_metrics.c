/* stages/comparison_metrics.c - what is compared: one number of an arm */
#include "stages/comparison.h"

#include <string.h>

#include "base/banned.h"

enum { AUC, ACCURACY, RECALL, SPECIFICITY, PRECISION, NPV, F1, BALANCED, MCC };

static const ost_comparison_metric metrics[] = {
    [AUC] = { "auc", true, true, false },
    [ACCURACY] = { "accuracy", false, false, true },
    [RECALL] = { "recall", true, false, true },
    [SPECIFICITY] = { "specificity", true, false, true },
    [PRECISION] = { "precision", true, false, false },
    [NPV] = { "npv", true, false, false },
    [F1] = { "f1", true, false, false },
    [BALANCED] = { "balanced_accuracy", true, false, false },
    [MCC] = { "mcc", true, false, false },
};
enum { METRICS = sizeof(metrics) / sizeof(metrics[0]) };

const ost_comparison_metric *ost_comparison_metric_named(const char *name)
{
    for (size_t i = 0; i < METRICS; i++) {
        if (strcmp(metrics[i].name, name) == 0)
            return &metrics[i];
    }
    return NULL;
}

const char *const *ost_comparison_metric_names(size_t *n)
{
    static const char *names[METRICS];

    for (size_t i = 0; i < METRICS; i++)
        names[i] = metrics[i].name;
    *n = METRICS;
    return names;
}

bool ost_comparison_right(const ost_judged *j, size_t i)
{
    return j->hit[i] == j->said[i];
}

bool ost_comparison_counts(const ost_comparison_metric *m, const ost_judged *j,
                           size_t i)
{
    if (m == &metrics[RECALL])
        return j->hit[i];
    return m != &metrics[SPECIFICITY] || !j->hit[i];
}

ost_judged ost_comparison_gather(const ost_comparison *c, const uint32_t *index,
                                 size_t n, ost_arena *arena)
{
    uint8_t *hit = OST_ARENA_ARRAY(arena, uint8_t, n);
    uint8_t *said = OST_ARENA_ARRAY(arena, uint8_t, n);
    bool scored = c->positive != OST_NO_CLASS && c->scored;
    double *score = scored ? OST_ARENA_ARRAY(arena, double, n) : NULL;

    for (size_t i = 0; i < n; i++) {
        hit[i] = c->hit[index[i]];
        said[i] = c->said[index[i]];
        if (scored)
            score[i] = c->cases.score[c->positive][index[i]];
    }
    return (ost_judged){ n, hit, said, score };
}

double ost_comparison_rate(const ost_comparison_metric *m,
                           const uint64_t count[4])
{
    uint64_t table[4] = { count[0], count[1], count[2], count[3] };
    ost_confusion both = { .classes = 2, .count = table };
    ost_class_counts c = {
        .tp = count[3], .fp = count[1], .fn = count[2], .tn = count[0]
    };
    const ost_zero_division zero = OST_ZERO_IS_UNDEFINED;

    switch (m - metrics) {
    case ACCURACY:
        return ost_accuracy(&both);
    case RECALL:
        return ost_recall(&c, zero);
    case SPECIFICITY:
        return ost_specificity(&c, zero);
    case PRECISION:
        return ost_precision(&c, zero);
    case NPV:
        return ost_npv(&c, zero);
    case F1:
        return ost_f1(&c, zero);
    case BALANCED:
        return (ost_recall(&c, zero) + ost_specificity(&c, zero)) / 2;
    default:
        return c.tp + c.fn > 0 && c.tn + c.fp > 0 ? ost_mcc(&both)
                                                  : OST_UNDEFINED;
    }
}

double ost_comparison_value(const ost_comparison_metric *m, const ost_judged *j)
{
    uint64_t count[4] = { 0 };

    if (m->scored)
        return ost_auc(&(ost_scores){ j->hit, j->score, j->n });
    for (size_t i = 0; i < j->n; i++)
        count[2 * j->hit[i] + j->said[i]]++;
    return ost_comparison_rate(m, count);
}
