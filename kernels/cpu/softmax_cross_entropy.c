/* kernels/cpu/softmax_cross_entropy.c - the loss of classifiers
 *
 * A few numbers per item: one thread, in double.
 */
#include "kernels/cpu/cpu.h"

#include <math.h>

#include "base/banned.h"

static double weight_of(const ost_class_loss *l, int64_t n)
{
    int32_t y = l->classes[n];

    if (y < 0)
        return 0.0;
    return l->class_weights ? (double)l->class_weights[y] : 1.0;
}

/* Highest logit, and the logarithm of the sum of exp(logit - highest). */
static double log_sum(const float *x, int64_t k, double *highest)
{
    double sum = 0.0;

    *highest = (double)x[0];
    for (int64_t i = 1; i < k; i++)
        if ((double)x[i] > *highest)
            *highest = (double)x[i];
    for (int64_t i = 0; i < k; i++)
        sum += exp((double)x[i] - *highest);
    return log(sum);
}

ost_rc ost_cpu_softmax_cross_entropy(const ost_class_loss *l, ost_err *err)
{
    int64_t count = l->logits.shape[0];
    int64_t k = l->logits.shape[1];
    const float *logits = l->logits.data;
    double total = 0.0;
    double loss = 0.0;

    for (int64_t n = 0; n < count; n++) {
        if (l->classes[n] >= k)
            return ost_fail(err, OST_EINPUT,
                            "item %lld has class %d of only %lld", (long long)n,
                            (int)l->classes[n], (long long)k);
        total += weight_of(l, n);
    }
    for (int64_t n = 0; n < count; n++) {
        const float *x = logits + n * k;
        double highest;
        double log_z = log_sum(x, k, &highest);
        double w = total > 0.0 ? weight_of(l, n) / total : 0.0;

        for (int64_t i = 0; i < k; i++) {
            double p = exp((double)x[i] - highest - log_z);
            double right = i == l->classes[n] ? 1.0 : 0.0;

            if (l->probabilities)
                l->probabilities[n * k + i] = (float)p;
            if (l->grad)
                l->grad[n * k + i] = w > 0.0 ? (float)(w * (p - right)) : 0.0f;
            if (right > 0.0 && w > 0.0)
                loss -= w * ((double)x[i] - highest - log_z);
        }
    }
    if (l->loss)
        *l->loss = loss;
    return OST_OK;
}
