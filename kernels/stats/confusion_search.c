/* kernels/stats/confusion_search.c - 2 x 2 tables that print given figures */
#include "kernels/stats/confusion_search.h"

#include "base/banned.h"

/* A figure as a quotient; of nothing it is 0 of 0. */
static void quotient_of(ost_figure which, const ost_binary_matrix *m,
                        int64_t *k, int64_t *n)
{
    int64_t positive = m->tp + m->fn, negative = m->fp + m->tn;

    switch (which) {
    case OST_FIGURE_RECALL:
        *k = m->tp;
        *n = positive;
        return;
    case OST_FIGURE_SPECIFICITY:
        *k = m->tn;
        *n = negative;
        return;
    case OST_FIGURE_PRECISION:
        *k = m->tp;
        *n = m->tp + m->fp;
        return;
    case OST_FIGURE_NPV:
        *k = m->tn;
        *n = m->tn + m->fn;
        return;
    case OST_FIGURE_F1:
        *k = 2 * m->tp;
        *n = 2 * m->tp + m->fp + m->fn;
        return;
    case OST_FIGURE_BALANCED_ACCURACY:
        positive = positive ? positive : 1;
        negative = negative ? negative : 1;
        *k = m->tp * negative + m->tn * positive;
        *n = 2 * positive * negative;
        return;
    case OST_FIGURE_ACCURACY:
    case OST_FIGURES:
        break;
    }
    *k = m->tp + m->tn;
    *n = positive + negative;
}

ost_ratio ost_figure_of(ost_figure which, const ost_binary_matrix *m)
{
    int64_t k, n;

    quotient_of(which, m, &k, &n);
    return n == 0 ? ost_ratio_of(0, 1) : ost_ratio_of(k, n);
}

static bool is_count(int64_t given, int64_t has)
{
    return given < 0 || given == has;
}

bool ost_binary_prints(const ost_binary_figures *f, const ost_binary_matrix *m)
{
    const ost_binary_matrix *c = &f->counts;

    if (!is_count(c->tp, m->tp) || !is_count(c->fp, m->fp) ||
        !is_count(c->fn, m->fn) || !is_count(c->tn, m->tn))
        return false;
    for (int i = 0; i < OST_FIGURES; i++) {
        int64_t k, n;

        if (!f->printed[i])
            continue;
        quotient_of((ost_figure)i, m, &k, &n);
        if (!ost_printed_ratio(f->printed[i], k, n))
            return false;
    }
    return true;
}

typedef struct {
    int64_t low;
    int64_t high;
} range;

static void narrow(range *r, int64_t low, int64_t high)
{
    r->low = low > r->low ? low : r->low;
    r->high = high < r->high ? high : r->high;
}

static const range nothing = { 0, -1 };

/* The false positives that the figures leave, with so many true ones. */
static range false_positives(const ost_binary_figures *f, int64_t positive,
                             int64_t negative, int64_t tp)
{
    const ost_printed *const *p = f->printed;
    range r = { 0, negative };
    int64_t low, high, n = positive + negative;

    if (p[OST_FIGURE_SPECIFICITY]) {
        if (!ost_printed_numerators(p[OST_FIGURE_SPECIFICITY], negative,
                                    negative, &low, &high))
            return nothing;
        narrow(&r, negative - high, negative - low);
    }
    if (p[OST_FIGURE_ACCURACY]) {
        if (!ost_printed_numerators(p[OST_FIGURE_ACCURACY], n, n, &low, &high))
            return nothing;
        narrow(&r, tp + negative - high, tp + negative - low);
    }
    if (p[OST_FIGURE_PRECISION] && tp > 0) {
        if (!ost_printed_denominators(p[OST_FIGURE_PRECISION], tp, n, &low,
                                      &high))
            return nothing;
        narrow(&r, low - tp, high - tp);
    }
    if (p[OST_FIGURE_F1] && tp > 0) {
        if (!ost_printed_denominators(p[OST_FIGURE_F1], 2 * tp, 2 * n, &low,
                                      &high))
            return nothing;
        narrow(&r, low - tp - positive, high - tp - positive);
    }
    if (f->counts.fp >= 0)
        narrow(&r, f->counts.fp, f->counts.fp);
    return r;
}

bool ost_binary_search_ended(const ost_binary_search *search)
{
    return search->most == 0 || search->steps <= search->most;
}

void ost_binary_search_add(const ost_binary_figures *f, int64_t n,
                           int64_t positive, ost_binary_search *search)
{
    const ost_printed *recall = f->printed[OST_FIGURE_RECALL];
    int64_t negative = n - positive;
    range tp = { 0, positive };

    search->matrices += (uint64_t)(positive + 1) * (uint64_t)(negative + 1);
    search->steps++;
    if (recall &&
        !ost_printed_numerators(recall, positive, positive, &tp.low, &tp.high))
        return;
    if (f->counts.tp >= 0)
        narrow(&tp, f->counts.tp, f->counts.tp);
    for (int64_t k = tp.low; k <= tp.high && ost_binary_search_ended(search);
         k++) {
        range fp = false_positives(f, positive, negative, k);

        search->steps++;
        for (int64_t j = fp.low;
             j <= fp.high && ost_binary_search_ended(search); j++) {
            ost_binary_matrix m = { k, j, positive - k, negative - j };

            search->steps++;
            if (!ost_binary_prints(f, &m))
                continue;
            if (search->found < OST_SEARCH_KEEPS)
                search->first[search->found] = m;
            search->found++;
        }
    }
}
