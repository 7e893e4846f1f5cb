/* kernels/stats/confusion.c - confusion matrices */
#include "kernels/stats/confusion.h"

#include "base/alloc.h"
#include "kernels/stats/folds.h"

#include <assert.h>

#include "base/banned.h"

ost_confusion ost_confusion_of(const uint32_t *truth, const uint32_t *predicted,
                               size_t n, size_t classes, ost_arena *arena)
{
    ost_confusion c = { .classes = classes };

    c.count = OST_ARENA_ARRAY(arena, uint64_t, classes * classes);
    for (size_t i = 0; i < n; i++) {
        assert(truth[i] < classes && predicted[i] < classes);
        c.count[truth[i] * classes + predicted[i]]++;
    }
    return c;
}

static uint64_t row_sum(const ost_confusion *c, size_t k)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < c->classes; i++)
        sum += c->count[k * c->classes + i];
    return sum;
}

static uint64_t column_sum(const ost_confusion *c, size_t k)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < c->classes; i++)
        sum += c->count[i * c->classes + k];
    return sum;
}

static uint64_t diagonal_sum(const ost_confusion *c)
{
    uint64_t sum = 0;

    for (size_t k = 0; k < c->classes; k++)
        sum += c->count[k * c->classes + k];
    return sum;
}

static uint64_t total(const ost_confusion *c)
{
    uint64_t sum = 0;

    for (size_t k = 0; k < c->classes; k++)
        sum += row_sum(c, k);
    return sum;
}

ost_class_counts ost_confusion_class(const ost_confusion *c, size_t k)
{
    ost_class_counts counts = { .tp = c->count[k * c->classes + k] };

    counts.fn = row_sum(c, k) - counts.tp;
    counts.fp = column_sum(c, k) - counts.tp;
    counts.tn = total(c) - counts.tp - counts.fn - counts.fp;
    return counts;
}

static double quotient(uint64_t num, uint64_t den, ost_zero_division zero)
{
    if (den > 0)
        return (double)num / (double)den;
    return zero == OST_ZERO_IS_0   ? 0
           : zero == OST_ZERO_IS_1 ? 1
                                   : OST_UNDEFINED;
}

double ost_precision(const ost_class_counts *c, ost_zero_division zero)
{
    return quotient(c->tp, c->tp + c->fp, zero);
}

double ost_recall(const ost_class_counts *c, ost_zero_division zero)
{
    return quotient(c->tp, c->tp + c->fn, zero);
}

double ost_specificity(const ost_class_counts *c, ost_zero_division zero)
{
    return quotient(c->tn, c->tn + c->fp, zero);
}

double ost_npv(const ost_class_counts *c, ost_zero_division zero)
{
    return quotient(c->tn, c->tn + c->fn, zero);
}

double ost_f1(const ost_class_counts *c, ost_zero_division zero)
{
    return quotient(2 * c->tp, 2 * c->tp + c->fp + c->fn, zero);
}

static ost_class_mean mean_of(const ost_class_counts *c, ost_zero_division zero)
{
    return (ost_class_mean){
        .precision = ost_precision(c, zero),
        .recall = ost_recall(c, zero),
        .f1 = ost_f1(c, zero),
    };
}

/* The weighted means when there is nothing to weigh by. */
static ost_class_mean mean_without_cases(const ost_class_counts *all,
                                         ost_zero_division zero)
{
    double taken = quotient(0, 0, zero);
    double called = all->tp + all->fp > 0 ? 0 : taken;

    return (ost_class_mean){ called, taken, called };
}

ost_class_means ost_class_means_of(const ost_confusion *c,
                                   const uint32_t *label, size_t n,
                                   ost_zero_division zero)
{
    size_t count = label ? n : c->classes;
    double *v = ost_xalloc((3 * count + 1) * sizeof(*v));
    double *recall = v + count, *f1 = recall + count;
    uint64_t *support = ost_xalloc((count + 1) * sizeof(*support));
    ost_class_counts all = { 0 };
    ost_class_means m;

    for (size_t i = 0; i < count; i++) {
        ost_class_counts one = ost_confusion_class(c, label ? label[i] : i);
        ost_class_mean each = mean_of(&one, zero);

        v[i] = each.precision;
        recall[i] = each.recall;
        f1[i] = each.f1;
        support[i] = one.tp + one.fn;
        all.tp += one.tp;
        all.fp += one.fp;
        all.fn += one.fn;
    }
    m.macro = (ost_class_mean){ ost_mean_of(v, count).mean,
                                ost_mean_of(recall, count).mean,
                                ost_mean_of(f1, count).mean };
    m.weighted = (ost_class_mean){ ost_weighted_mean(v, support, count),
                                   ost_weighted_mean(recall, support, count),
                                   ost_weighted_mean(f1, support, count) };
    if (all.tp + all.fn == 0)
        m.weighted = mean_without_cases(&all, zero);
    m.micro = mean_of(&all, zero);
    ost_free(v);
    ost_free(support);
    return m;
}

double ost_accuracy(const ost_confusion *c)
{
    return quotient(diagonal_sum(c), total(c), OST_ZERO_IS_UNDEFINED);
}

double ost_balanced_accuracy(const ost_confusion *c)
{
    double sum = 0, present = 0;

    for (size_t k = 0; k < c->classes; k++) {
        uint64_t cases = row_sum(c, k);

        if (cases == 0)
            continue;
        sum += (double)c->count[k * c->classes + k] / (double)cases;
        present += 1;
    }
    return present > 0 ? sum / present : OST_UNDEFINED;
}

double ost_mcc(const ost_confusion *c)
{
    double n = (double)total(c), agree = n * (double)diagonal_sum(c);
    double truths = n * n, calls = n * n;

    for (size_t k = 0; k < c->classes; k++) {
        double row = (double)row_sum(c, k), column = (double)column_sum(c, k);

        agree -= row * column;
        truths -= row * row;
        calls -= column * column;
    }
    if (!(n > 0))
        return OST_UNDEFINED;
    if (!(truths > 0) || !(calls > 0))
        return 0;
    return agree / sqrt(truths * calls);
}

double ost_kappa(const ost_confusion *c)
{
    double n = (double)total(c), chance = 0;

    for (size_t k = 0; k < c->classes; k++)
        chance += (double)row_sum(c, k) * (double)column_sum(c, k);
    if (!(n * n - chance > 0))
        return OST_UNDEFINED;
    return (n * (double)diagonal_sum(c) - chance) / (n * n - chance);
}
