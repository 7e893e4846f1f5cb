/* kernels/cpu/softmax_cross_entropy.c - the loss of classifiers, in double */
#include "kernels/cpu/threads.h"
#include "kernels/cpu/value_loss.h"

#include <math.h>

#include "base/banned.h"

/* What all positions share. */
typedef struct frame {
    const ost_class_loss *l;
    int64_t classes;
    int64_t area; /* positions of an item */
    double total;
} frame;

static double weight_of(const ost_class_loss *l, int64_t n)
{
    int32_t y = l->classes[n];

    if (y < 0)
        return 0.0;
    return l->class_weights ? (double)l->class_weights[y] : 1.0;
}

/* Highest of k logits, and the logarithm of the sum of exp(logit - highest). */
static double log_sum(const float *x, int64_t k, int64_t step, double *highest)
{
    double sum = 0.0;

    *highest = (double)x[0];
    for (int64_t i = 1; i < k; i++)
        if ((double)x[i * step] > *highest)
            *highest = (double)x[i * step];
    for (int64_t i = 0; i < k; i++)
        sum += exp((double)x[i * step] - *highest);
    return log(sum);
}

/* What position n adds to the loss. */
static double position(const frame *f, int64_t n)
{
    const ost_class_loss *l = f->l;
    int64_t k = f->classes;
    int64_t at = n / f->area * k * f->area + n % f->area;
    const float *x = (const float *)l->logits.data + at;
    double highest;
    double log_z = log_sum(x, k, f->area, &highest);
    double w = f->total > 0.0 ? weight_of(l, n) / f->total : 0.0;
    double loss = 0.0;

    for (int64_t i = 0; i < k; i++) {
        int64_t step = i * f->area;
        double p = exp((double)x[step] - highest - log_z);
        double right = i == l->classes[n] ? 1.0 : 0.0;

        if (l->probabilities)
            l->probabilities[at + step] = (float)p;
        if (l->grad)
            l->grad[at + step] = w > 0.0 ? (float)(w * (p - right)) : 0.0f;
        if (right > 0.0 && w > 0.0)
            loss = w * ((double)x[step] - highest - log_z);
    }
    return -loss;
}

static double span(const frame *f, int64_t a, int64_t e)
{
    double loss = 0.0;

    for (int64_t n = a; n < e; n++)
        loss += position(f, n);
    return loss;
}

ost_rc ost_cpu_softmax_cross_entropy(const ost_class_loss *l, ost_err *err)
{
    frame f = { l, l->logits.shape[1], 1, l->total };
    double part[OST_LOSS_PIECES];
    double own = 0.0;
    int64_t count;
    int pieces;

    for (int i = 2; i < l->logits.ndim; i++)
        f.area *= l->logits.shape[i];
    count = l->logits.shape[0] * f.area;
    for (int64_t n = 0; n < count; n++) {
        if (l->classes[n] >= f.classes)
            return ost_fail(err, OST_EINPUT,
                            "item %lld has class %d of only %lld",
                            (long long)(n / f.area), (int)l->classes[n],
                            (long long)f.classes);
        own += weight_of(l, n);
    }
    if (!(f.total > 0.0))
        f.total = own;
    pieces = ost_loss_pieces(count);
    OST_OMP("omp parallel for schedule(static)")
    for (int i = 0; i < pieces; i++)
        part[i] =
            span(&f, ost_loss_piece(count, i), ost_loss_piece(count, i + 1));
    if (l->loss)
        *l->loss = ost_loss_sum(part, pieces);
    return OST_OK;
}
