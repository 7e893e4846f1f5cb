/* kernels/stats/multiclass.c - areas of several classes */
#include "kernels/stats/multiclass.h"

#include "base/alloc.h"
#include "kernels/stats/folds.h"

#include "base/banned.h"

/* The cases as a two-class problem: scores of class `k`, positive where the
 * truth is `k`; `other` < classes keeps the cases of these two classes only. */
typedef struct {
    uint8_t *positive;
    double *score;
} two_class_room;

static double area_of(const uint32_t *truth, const double *score, size_t n,
                      size_t classes, size_t k, size_t other,
                      two_class_room *room)
{
    ost_scores s = { room->positive, room->score, 0 };

    for (size_t i = 0; i < n; i++) {
        if (other < classes && truth[i] != k && truth[i] != other)
            continue;
        room->positive[s.n] = truth[i] == k;
        room->score[s.n++] = score[i * classes + k];
    }
    return ost_auc(&s);
}

static void ovo_means(const uint32_t *truth, const double *score, size_t n,
                      size_t classes, const uint64_t *support,
                      two_class_room *room, ost_multiclass_auc *m)
{
    size_t pairs = classes * (classes - 1) / 2, p = 0;
    double *v = ost_xalloc(sizeof(*v) * (pairs + 1));
    uint64_t *weight = ost_xalloc(sizeof(*weight) * (pairs + 1));

    for (size_t a = 0; a < classes; a++) {
        for (size_t b = a + 1; b < classes; b++, p++) {
            v[p] = (area_of(truth, score, n, classes, a, b, room) +
                    area_of(truth, score, n, classes, b, a, room)) /
                   2;
            weight[p] = support[a] + support[b];
        }
    }
    m->ovo_macro = ost_mean_of(v, pairs).mean;
    m->ovo_weighted = ost_weighted_mean(v, weight, pairs);
    ost_free(v);
    ost_free(weight);
}

ost_multiclass_auc ost_multiclass_auc_of(const uint32_t *truth,
                                         const double *score, size_t n,
                                         size_t classes, ost_arena *arena)
{
    ost_multiclass_auc m = { .each = OST_ARENA_ARRAY(arena, double, classes) };
    uint64_t *support = ost_xalloc(sizeof(*support) * (classes + 1));
    two_class_room room = {
        .positive = ost_xalloc(n * classes + 1),
        .score = ost_xalloc(sizeof(double) * (n + 1)),
    };
    ost_scores all = { room.positive, score, n * classes };

    for (size_t i = 0; i < n; i++)
        support[truth[i]]++;
    for (size_t k = 0; k < classes; k++)
        m.each[k] = area_of(truth, score, n, classes, k, classes, &room);
    m.ovr_macro = ost_mean_of(m.each, classes).mean;
    m.ovr_weighted = ost_weighted_mean(m.each, support, classes);
    ovo_means(truth, score, n, classes, support, &room, &m);
    for (size_t i = 0; i < n * classes; i++)
        room.positive[i] = truth[i / classes] == i % classes;
    m.ovr_micro = ost_auc(&all);
    ost_free(support);
    ost_free(room.positive);
    ost_free(room.score);
    return m;
}
