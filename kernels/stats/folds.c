/* kernels/stats/folds.c - means over folds */
#include "kernels/stats/folds.h"

#include "base/alloc.h"
#include "kernels/stats/line.h"

#include "base/banned.h"

ost_mean ost_mean_of(const double *v, size_t n)
{
    ost_mean m = { .mean = OST_UNDEFINED, .std = OST_UNDEFINED };
    double sum = 0, squares = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(v[i]))
            continue;
        sum += v[i];
        m.n++;
    }
    m.skipped = n - m.n;
    if (m.n == 0)
        return m;
    m.mean = sum / (double)m.n;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(v[i]))
            squares += (v[i] - m.mean) * (v[i] - m.mean);
    }
    m.std = sqrt(squares / (double)m.n);
    return m;
}

double ost_weighted_mean(const double *v, const uint64_t *weight, size_t n)
{
    double sum = 0, total = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(v[i]))
            continue;
        sum += v[i] * (double)weight[i];
        total += (double)weight[i];
    }
    return total > 0 ? sum / total : OST_UNDEFINED;
}

static bool curve_defined(const ost_roc *c)
{
    return c->n > 0 && !isnan(c->fpr[0]) && !isnan(c->tpr[0]);
}

bool ost_mean_roc_of(const ost_roc *curves, size_t n, ost_mean_roc *m)
{
    enum { LAST = OST_MEAN_ROC_POINTS - 1 };
    double *at = ost_xalloc(sizeof(*at) * (n + 1));

    *m = (ost_mean_roc){ .auc = OST_UNDEFINED };
    for (size_t i = 0; i < n; i++)
        m->used += curve_defined(&curves[i]);
    m->skipped = n - m->used;
    for (size_t k = 0; m->used > 0 && k <= LAST; k++) {
        double x = k == LAST ? 1 : (double)k * (1.0 / LAST);
        size_t found = 0;
        ost_mean mean;

        for (size_t i = 0; i < n; i++) {
            if (curve_defined(&curves[i]))
                at[found++] =
                    k == 0 ? 0
                           : ost_interpolate(curves[i].fpr, curves[i].tpr,
                                             curves[i].n, x);
        }
        mean = ost_mean_of(at, found);
        m->fpr[k] = x;
        m->std[k] = mean.std;
        m->tpr[k] = k == LAST ? 1 : mean.mean;
        m->lower[k] = fmax(m->tpr[k] - mean.std, 0);
        m->upper[k] = fmin(m->tpr[k] + mean.std, 1);
    }
    ost_free(at);
    if (m->used > 0)
        m->auc = ost_trapezoid(m->fpr, m->tpr, OST_MEAN_ROC_POINTS);
    return m->used > 0;
}
