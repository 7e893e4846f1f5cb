/* kernels/stats/count_tests.c - tables of counts, paired proportions */
#include "base/alloc.h"
#include "kernels/stats/distributions.h"
#include "kernels/stats/hypothesis.h"
#include "kernels/stats/sums.h"

#include <assert.h>

#include "base/banned.h"

static const ost_test nothing = {
    .statistic = OST_UNDEFINED,
    .df = OST_UNDEFINED,
    .p = OST_UNDEFINED,
    .estimate = OST_UNDEFINED,
    .interval = { OST_UNDEFINED, OST_UNDEFINED },
};

/* --- two by two ---------------------------------------------------------- */

typedef struct {
    double cell[4];
    double row[2];
    double column[2];
    double n;
} margins;

static margins margins_of(const ost_two_by_two *t)
{
    margins m = { .n = 0 };

    for (size_t i = 0; i < 4; i++) {
        m.cell[i] = (double)t->count[i];
        m.row[i / 2] += m.cell[i];
        m.column[i % 2] += m.cell[i];
        m.n += m.cell[i];
    }
    return m;
}

/* Shares of a and b, and Newcombe's interval of their difference. */
static ost_test shares(const ost_two_by_two *t, const margins *m)
{
    ost_test out = nothing;
    ost_interval a =
        ost_wilson_interval(t->count[0], (uint64_t)m->row[0], 0.95);
    ost_interval b =
        ost_wilson_interval(t->count[2], (uint64_t)m->row[1], 0.95);
    double p = m->cell[0] / m->row[0], q = m->cell[2] / m->row[1];

    if (m->row[0] == 0 || m->row[1] == 0)
        return out;
    out.estimate = p - q;
    out.interval.lo =
        out.estimate - sqrt((p - a.lo) * (p - a.lo) + (b.hi - q) * (b.hi - q));
    out.interval.hi =
        out.estimate + sqrt((a.hi - p) * (a.hi - p) + (q - b.lo) * (q - b.lo));
    return out;
}

static ost_test chi_square(const ost_two_by_two *t, bool yates)
{
    margins m = margins_of(t);
    ost_test out = shares(t, &m);
    double across = m.cell[0] * m.cell[3] - m.cell[1] * m.cell[2];
    double product = m.row[0] * m.row[1] * m.column[0] * m.column[1];

    if (m.n == 0)
        return out;
    out.df = 1;
    across = yates ? fmax(fabs(across) - m.n / 2, 0) : across;
    out.statistic = product > 0 ? m.n * (across * across / product) : 0;
    out.p = ost_chi_square_sf(out.statistic, 1);
    return out;
}

ost_test ost_pearson_chi_square(const ost_two_by_two *t)
{
    return chi_square(t, false);
}

ost_test ost_yates_chi_square(const ost_two_by_two *t)
{
    return chi_square(t, true);
}

double ost_least_expected(const ost_two_by_two *t)
{
    margins m = margins_of(t);

    return m.n > 0
               ? fmin(m.row[0], m.row[1]) * fmin(m.column[0], m.column[1]) / m.n
               : OST_UNDEFINED;
}

/* Adds up the weights of first cells from `k` away from the mode, which weighs
 * 1; `step` is -1 or 1, and each weight follows from the one before.  Weights
 * fall, so those below a vanishing one are 0. */
static void add_side(const margins *m, double k, int step, double limit,
                     ost_sum *all, ost_sum *extreme)
{
    double other = m->n - m->row[0] - m->column[0], w = 1;
    double low = fmax(0, -other), high = fmin(m->row[0], m->column[0]);

    for (; step > 0 ? k < high : k > low; k += step) {
        w *= step > 0 ? (m->row[0] - k) / (k + 1) *
                            ((m->column[0] - k) / (other + k + 1))
                      : k / (m->row[0] - k + 1) *
                            ((other + k) / (m->column[0] - k + 1));
        if (w == 0)
            break;
        ost_sum_add(all, w);
        if (w <= limit)
            ost_sum_add(extreme, w);
    }
}

/* Weight of the first cell `at` when that of the mode is 1. */
static double weight_of(const margins *m, double mode, double at)
{
    double other = m->n - m->row[0] - m->column[0], w = 1;

    for (double k = mode; k < at; k++)
        w *= (m->row[0] - k) / (k + 1) * ((m->column[0] - k) / (other + k + 1));
    for (double k = mode; k > at; k--)
        w *= k / (m->row[0] - k + 1) * ((other + k) / (m->column[0] - k + 1));
    return w;
}

ost_test ost_fisher_exact(const ost_two_by_two *t)
{
    margins m = margins_of(t);
    ost_test out = shares(t, &m);
    ost_sum all = { 1, 0 }, extreme = { 0, 0 };
    double mode, limit;

    if (m.n == 0 || m.n > 1e8)
        return nothing;
    out.statistic = m.cell[0] * m.cell[3] / (m.cell[1] * m.cell[2]);
    mode = floor((m.row[0] + 1) * (m.column[0] + 1) / (m.n + 2));
    limit = weight_of(&m, mode, m.cell[0]) * (1 + 1e-7);
    if (limit >= 1)
        ost_sum_add(&extreme, 1);
    add_side(&m, mode, 1, limit, &all, &extreme);
    add_side(&m, mode, -1, limit, &all, &extreme);
    out.p = fmin(ost_sum_total(&extreme) / ost_sum_total(&all), 1);
    return out;
}

/* --- larger tables ------------------------------------------------------- */

ost_test ost_table_chi_square(const uint64_t *count, size_t rows,
                              size_t columns, double *least)
{
    double *row = ost_xalloc((rows + columns + 1) * sizeof(*row));
    double *column = row + rows, n = 0, smallest = OST_UNDEFINED;
    size_t used_rows = 0, used_columns = 0;
    ost_sum sum = { 0, 0 };
    ost_test out = nothing;

    for (size_t i = 0; i < rows * columns; i++) {
        row[i / columns] += (double)count[i];
        column[i % columns] += (double)count[i];
        n += (double)count[i];
    }
    for (size_t i = 0; i < rows; i++)
        used_rows += row[i] > 0;
    for (size_t i = 0; i < columns; i++)
        used_columns += column[i] > 0;
    for (size_t i = 0; i < rows * columns && n > 0; i++) {
        double expected = row[i / columns] * (column[i % columns] / n);
        double off = (double)count[i] - expected;

        if (expected > 0) {
            ost_sum_add(&sum, off * off / expected);
            smallest = fmin(smallest, expected);
        }
    }
    if (used_rows > 1 && used_columns > 1) {
        out.df = (double)((used_rows - 1) * (used_columns - 1));
        out.statistic = ost_sum_total(&sum);
        out.p = ost_chi_square_sf(out.statistic, out.df);
    } else if (n > 0) {
        out.df = 0;
        out.statistic = 0;
        out.p = 1;
    }
    if (least)
        *least = smallest;
    ost_free(row);
    return out;
}

/* --- paired proportions -------------------------------------------------- */

static ost_test paired_shares(uint64_t b, uint64_t c, uint64_t n)
{
    ost_test out = nothing;
    double cases = (double)n + 2, p, q, half;

    assert(b <= n && c <= n - b);
    if (n == 0)
        return out;
    p = ((double)b + 1) / cases;
    q = ((double)c + 1) / cases;
    half = OST_Z95 * sqrt((p + q - (p - q) * (p - q)) / cases);
    out.estimate = ((double)b - (double)c) / (double)n;
    out.interval.lo = fmax(p - q - half, -1);
    out.interval.hi = fmin(p - q + half, 1);
    return out;
}

ost_test ost_mcnemar_exact(uint64_t b, uint64_t c, uint64_t n)
{
    ost_test out = paired_shares(b, c, n);
    double fewer = (double)(b < c ? b : c), all = (double)(b + c);

    out.statistic = fewer;
    out.p = all > 0 ? fmin(2 * ost_binomial_cdf(fewer, all, 0.5), 1) : 1;
    return out;
}

ost_test ost_mcnemar_chi_square(uint64_t b, uint64_t c, uint64_t n,
                                bool corrected)
{
    ost_test out = paired_shares(b, c, n);
    double off = fabs((double)b - (double)c), all = (double)(b + c);

    if (corrected)
        off = fmax(off - 1, 0);
    out.df = 1;
    out.statistic = all > 0 ? off * off / all : 0;
    out.p = ost_chi_square_sf(out.statistic, 1);
    return out;
}

ost_test ost_mcnemar(uint64_t b, uint64_t c, uint64_t n)
{
    return b + c < 25 ? ost_mcnemar_exact(b, c, n)
                      : ost_mcnemar_chi_square(b, c, n, true);
}
