/* kernels/stats/confusion.h - confusion matrices and what follows from them
 */
#ifndef OST_KERNELS_STATS_CONFUSION_H
#define OST_KERNELS_STATS_CONFUSION_H

#include "base/arena.h"
#include "kernels/stats/undefined.h"

#include <stddef.h>
#include <stdint.h>

/* count[truth * classes + predicted] */
typedef struct ost_confusion {
    size_t classes;
    uint64_t *count;
} ost_confusion;

/* What a quotient with a zero denominator is taken for. */
typedef enum ost_zero_division {
    OST_ZERO_IS_0,
    OST_ZERO_IS_1,
    OST_ZERO_IS_UNDEFINED,
} ost_zero_division;

ost_confusion ost_confusion_of(const uint32_t *truth, const uint32_t *predicted,
                               size_t n, size_t classes, ost_arena *arena);

/* One class against all others, as numerators and denominators. */
typedef struct ost_class_counts {
    uint64_t tp;
    uint64_t fp;
    uint64_t fn;
    uint64_t tn;
} ost_class_counts;

ost_class_counts ost_confusion_class(const ost_confusion *c, size_t k);

double ost_precision(const ost_class_counts *c, ost_zero_division zero);
double ost_recall(const ost_class_counts *c, ost_zero_division zero);
double ost_specificity(const ost_class_counts *c, ost_zero_division zero);
/* Negative predictive value: tn / (tn + fn). */
double ost_npv(const ost_class_counts *c, ost_zero_division zero);
/* 2 tp / (2 tp + fp + fn): the zero rule applies only when all three are 0. */
double ost_f1(const ost_class_counts *c, ost_zero_division zero);

/* Precision, recall and F1 of several classes in one number each. */
typedef struct ost_class_mean {
    double precision;
    double recall;
    double f1;
} ost_class_mean;

typedef struct ost_class_means {
    ost_class_mean macro;    /* plain means, zero-division values included */
    ost_class_mean weighted; /* by the cases of each class */
    ost_class_mean micro;    /* from the summed counts */
} ost_class_means;

/* Over the n classes label[], each < classes and there once; NULL: all.  Cases
 * of other classes count where they are called one of these.  With all classes
 * the micro means all equal the accuracy, with some they do not.  Undefined
 * values (OST_ZERO_IS_UNDEFINED) are left out of means.  When none of the
 * classes has cases, the weighted recall is the zero-division value, and the
 * weighted precision and F1 are it too, or 0 when one of them was called. */
ost_class_means ost_class_means_of(const ost_confusion *c,
                                   const uint32_t *label, size_t n,
                                   ost_zero_division zero);

/* NaN without cases. */
double ost_accuracy(const ost_confusion *c);
/* Mean recall over the classes that are there. */
double ost_balanced_accuracy(const ost_confusion *c);
/* Matthews correlation; 0 when truth or prediction is constant. */
double ost_mcc(const ost_confusion *c);
/* Cohen's kappa; NaN when chance alone agrees everywhere. */
double ost_kappa(const ost_confusion *c);

#endif
