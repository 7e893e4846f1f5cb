/* kernels/stats/precision_recall.c - precision against recall */
#include "kernels/stats/precision_recall.h"

#include "base/alloc.h"
#include "kernels/stats/folds.h"
#include "kernels/stats/scores.h"

#include "base/banned.h"

ost_pr ost_ranking_pr(const ost_ranking *r, ost_arena *arena)
{
    double positives = r->positives > 0 ? (double)r->positives : OST_UNDEFINED;
    ost_pr pr = { .n = r->levels == 0 ? 0 : r->levels + 1 };

    pr.recall = OST_ARENA_ARRAY(arena, double, r->levels + 1);
    pr.precision = OST_ARENA_ARRAY(arena, double, r->levels + 1);
    pr.threshold = OST_ARENA_ARRAY(arena, double, r->levels + 1);
    for (size_t k = 0; k < r->levels; k++) {
        size_t from = r->levels - 1 - k;
        double called = (double)((uint64_t)r->tps[from] + r->fps[from]);

        pr.recall[k] = r->tps[from] / positives;
        pr.precision[k] = r->tps[from] / called;
        pr.threshold[k] = r->score[from];
    }
    pr.recall[r->levels] = 0;
    pr.precision[r->levels] = 1;
    return pr;
}

ost_pr ost_pr_curve(const ost_scores *s, ost_arena *arena)
{
    ost_ranking r = ost_ranking_of(s);
    ost_pr pr = ost_ranking_pr(&r, arena);

    ost_ranking_release(&r);
    return pr;
}

ost_average_precisions ost_average_precisions_of(const uint8_t *positive,
                                                 const double *score, size_t n,
                                                 size_t labels,
                                                 ost_arena *arena)
{
    ost_average_precisions a = {
        .each = OST_ARENA_ARRAY(arena, double, labels),
    };
    const ost_scores all = { positive, score, n * labels };
    uint8_t *one = ost_xalloc(n + 1);
    double *column = ost_xalloc((n + 1) * sizeof(*column));
    uint64_t *support = ost_xalloc((labels + 1) * sizeof(*support));
    ost_mean mean;

    for (size_t k = 0; k < labels; k++) {
        const ost_scores s = { one, column, n };

        for (size_t i = 0; i < n; i++) {
            one[i] = positive[i * labels + k];
            column[i] = score[i * labels + k];
        }
        support[k] = ost_scores_positives(&s);
        a.each[k] = ost_average_precision(&s);
    }
    mean = ost_mean_of(a.each, labels);
    a.macro = mean.mean;
    a.skipped = mean.skipped;
    a.weighted = ost_weighted_mean(a.each, support, labels);
    a.micro = ost_average_precision(&all);
    ost_free(one);
    ost_free(column);
    ost_free(support);
    return a;
}

ost_average_precisions ost_class_average_precisions(const uint32_t *truth,
                                                    const double *score,
                                                    size_t n, size_t classes,
                                                    ost_arena *arena)
{
    uint8_t *positive = ost_xalloc(n * classes + 1);
    ost_average_precisions a;

    for (size_t i = 0; i < n; i++)
        positive[i * classes + truth[i]] = 1;
    a = ost_average_precisions_of(positive, score, n, classes, arena);
    ost_free(positive);
    return a;
}
