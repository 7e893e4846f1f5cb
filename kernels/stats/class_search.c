/* kernels/stats/class_search.c - matrices of several classes that print means
 *
 * Diagonals are gone through class by class, the last two of them by the line
 * that the mean recall leaves; column totals likewise, the last two by the
 * parabola that the mean precision leaves.
 */
#include "kernels/stats/class_search.h"

#include <math.h>

#include "base/banned.h"

/* --- figures ------------------------------------------------------------- */

static ost_ratio share(int64_t k, int64_t n)
{
    return n == 0 ? ost_ratio_of(0, 1) : ost_ratio_of(k, n);
}

static ost_ratio figure_of_class(ost_figure which, int64_t n, int64_t total,
                                 int64_t right, int64_t predicted)
{
    int64_t neither = n - total - predicted + right;

    switch (which) {
    case OST_FIGURE_PRECISION:
        return share(right, predicted);
    case OST_FIGURE_SPECIFICITY:
        return share(neither, n - total);
    case OST_FIGURE_NPV:
        return share(neither, n - predicted);
    case OST_FIGURE_F1:
        return share(2 * right, total + predicted);
    case OST_FIGURE_ACCURACY:
    case OST_FIGURE_RECALL:
    case OST_FIGURE_BALANCED_ACCURACY:
    case OST_FIGURES:
        break;
    }
    return share(right, total);
}

ost_ratio ost_class_figure(ost_figure which, size_t classes,
                           const int64_t *total, const ost_class_solution *s)
{
    ost_ratio sum = ost_ratio_of(0, 1);
    int64_t n = 0, right = 0;

    for (size_t k = 0; k < classes; k++) {
        n += total[k];
        right += s->right[k];
    }
    if (which == OST_FIGURE_ACCURACY)
        return share(right, n);
    for (size_t k = 0; k < classes; k++)
        sum = ost_ratio_add(sum, figure_of_class(which, n, total[k],
                                                 s->right[k], s->predicted[k]));
    return ost_ratio_div(sum, ost_ratio_of((int64_t)classes, 1));
}

static bool prints_all(const ost_class_search *search,
                       const ost_class_solution *s)
{
    for (int i = 0; i < OST_FIGURES; i++)
        if (search->printed[i] &&
            !ost_printed_exact(search->printed[i],
                               ost_class_figure((ost_figure)i, search->classes,
                                                search->total, s)))
            return false;
    return true;
}

/* --- the search ---------------------------------------------------------- */

/* A range of a sum over the classes, a little too wide. */
typedef struct {
    double low;
    double high;
} range;

typedef struct {
    ost_class_search *search;
    int64_t n;
    int64_t wrong; /* cases off the diagonal */
    range recall;  /* of the sums over the classes */
    range precision;
    range f1;
    ost_class_solution s;
    bool ended;
} walk;

static range sum_range(const ost_class_search *search, ost_figure which)
{
    const ost_printed *p = search->printed[which];
    double k = (double)search->classes;

    if (!p)
        return (range){ -1, k + 1 };
    return (range){ k * (double)p->lower / (double)p->den - 1e-9,
                    k * (double)p->upper / (double)p->den + 1e-9 };
}

static bool step(walk *w)
{
    w->ended = w->ended || ++w->search->steps > w->search->patience;
    return !w->ended;
}

static double quotient(int64_t k, int64_t n)
{
    return n == 0 ? 0 : (double)k / (double)n;
}

/* The most of what is predicted as class k without being one. */
static int64_t most_false(const walk *w, size_t k)
{
    return w->wrong - (w->search->total[k] - w->s.right[k]);
}

/* All totals are set: those that print everything are found. */
static void try_totals(walk *w, double precision)
{
    size_t k = w->search->classes - 1;
    int64_t wrong = w->s.predicted[k] - w->s.right[k];
    double f1 = 0;

    if (!step(w) || wrong < 0 || wrong > most_false(w, k) ||
        precision < w->precision.low || precision > w->precision.high)
        return;
    for (size_t i = 0; i < w->search->classes; i++)
        f1 += quotient(2 * w->s.right[i],
                       w->search->total[i] + w->s.predicted[i]);
    if (f1 < w->f1.low || f1 > w->f1.high || !prints_all(w->search, &w->s))
        return;
    if (!w->search->found(w->search->user, &w->s))
        w->ended = true;
}

/* The last two totals add up to `rest`; the first of them is within
 * low..high. */
static void try_between(walk *w, double precision, int64_t rest, int64_t low,
                        int64_t high)
{
    size_t k = w->search->classes - 2;

    for (int64_t c = low; c <= high && !w->ended; c++) {
        w->s.predicted[k] = c;
        w->s.predicted[k + 1] = rest - c;
        try_totals(w, precision + quotient(w->s.right[k], c) +
                          quotient(w->s.right[k + 1], rest - c));
    }
}

/* Where a/c + b/(rest - c) is `level`: false when nowhere. */
static bool roots(double a, double b, double rest, double level, double *low,
                  double *high)
{
    double half = (level * rest + a - b) / (2 * level);
    double square = half * half - a * rest / level;

    if (!(level > 0) || !(square >= 0))
        return false;
    *low = half - sqrt(square);
    *high = half + sqrt(square);
    return true;
}

static int64_t at_least(int64_t low, double v)
{
    return v > (double)low ? (int64_t)v : low;
}

static int64_t at_most(int64_t high, double v)
{
    return v < (double)high ? (int64_t)v : high;
}

static void last_totals(walk *w, double precision, int64_t wrong)
{
    size_t k = w->search->classes - 2;
    int64_t a = w->s.right[k], b = w->s.right[k + 1];
    int64_t rest = a + b + wrong, low = a, high = a + most_false(w, k);
    double outer_low, outer_high, inner_low, inner_high;

    high = high > a + wrong ? a + wrong : high;
    if (a == 0 || b == 0 || !w->search->printed[OST_FIGURE_PRECISION]) {
        try_between(w, precision, rest, low, high);
        return;
    }
    if (!roots((double)a, (double)b, (double)rest,
               w->precision.high - precision, &outer_low, &outer_high))
        return;
    low = at_least(low, outer_low - 1);
    high = at_most(high, outer_high + 1);
    if (!roots((double)a, (double)b, (double)rest, w->precision.low - precision,
               &inner_low, &inner_high) ||
        inner_high - inner_low < 4) {
        try_between(w, precision, rest, low, high);
        return;
    }
    try_between(w, precision, rest, low, at_most(high, inner_low + 1));
    try_between(w, precision, rest, at_least(low, inner_high - 1), high);
}

/* Totals of class k and further, of which `wrong` are false. */
static void walk_totals(walk *w, size_t k, double precision, int64_t wrong)
{
    int64_t most = most_false(w, k);

    if (k + 2 == w->search->classes) {
        last_totals(w, precision, wrong);
        return;
    }
    most = most > wrong ? wrong : most;
    for (int64_t i = 0; i <= most && step(w); i++) {
        int64_t c = w->s.right[k] + i;

        w->s.predicted[k] = c;
        walk_totals(w, k + 1, precision + quotient(w->s.right[k], c),
                    wrong - i);
    }
}

static void try_diagonal(walk *w, double recall)
{
    if (!step(w) || recall < w->recall.low || recall > w->recall.high)
        return;
    for (size_t k = 0; k < w->search->classes; k++)
        if (most_false(w, k) < 0)
            return;
    walk_totals(w, 0, 0, w->wrong);
}

/* The last two of the diagonal add up to `right`. */
static void last_right(walk *w, double recall, int64_t right)
{
    size_t k = w->search->classes - 2;
    int64_t a = w->search->total[k], b = w->search->total[k + 1];
    int64_t low = right > b ? right - b : 0, high = right > a ? a : right;
    double slope = 1 / (double)a - 1 / (double)b;
    double from = recall + (double)right / (double)b;

    if (w->search->printed[OST_FIGURE_RECALL] && a != b) {
        double x = (w->recall.low - from) / slope;
        double y = (w->recall.high - from) / slope;

        low = at_least(low, fmin(x, y) - 1);
        high = at_most(high, fmax(x, y) + 1);
    }
    for (int64_t d = low; d <= high && !w->ended; d++) {
        w->s.right[k] = d;
        w->s.right[k + 1] = right - d;
        try_diagonal(w, recall + quotient(d, a) + quotient(right - d, b));
    }
}

static void walk_right(walk *w, size_t k, double recall, int64_t right)
{
    int64_t most = w->search->total[k];

    if (k + 2 == w->search->classes) {
        last_right(w, recall, right);
        return;
    }
    most = most > right ? right : most;
    for (int64_t d = 0; d <= most && step(w); d++) {
        w->s.right[k] = d;
        walk_right(w, k + 1, recall + quotient(d, w->search->total[k]),
                   right - d);
    }
}

bool ost_class_search_run(ost_class_search *search)
{
    const ost_printed *accuracy = search->printed[OST_FIGURE_ACCURACY];
    walk w = { .search = search };
    int64_t low = 0, high;

    for (size_t k = 0; k < search->classes; k++)
        w.n += search->total[k];
    high = w.n;
    if (w.n > OST_SEARCH_CASES)
        return false;
    if (accuracy && !ost_printed_numerators(accuracy, w.n, w.n, &low, &high))
        return true;
    w.recall = sum_range(search, OST_FIGURE_RECALL);
    w.precision = sum_range(search, OST_FIGURE_PRECISION);
    w.f1 = sum_range(search, OST_FIGURE_F1);
    for (int64_t right = low; right <= high && !w.ended; right++) {
        w.wrong = w.n - right;
        walk_right(&w, 0, 0, right);
    }
    return !w.ended;
}

/* --- whole matrices ------------------------------------------------------ */

typedef struct {
    size_t classes;
    const ost_class_cells *given;
    uint64_t most;
    uint64_t n;
    int64_t row_left[OST_SEARCH_CLASSES];
    int64_t column_left[OST_SEARCH_CLASSES];
    ost_class_cells cell;
    ost_class_cells *first;
} filling;

static void fill(filling *f, size_t i, size_t j);

static void next_cell(filling *f, size_t i, size_t j)
{
    if (j + 1 < f->classes)
        fill(f, i, j + 1);
    else if (f->row_left[i] != 0)
        return;
    else if (i + 1 < f->classes)
        fill(f, i + 1, 0);
    else if (f->n++ == 0)
        *f->first = f->cell;
}

static int64_t room_after(const filling *f, size_t i, size_t j)
{
    int64_t room = 0;

    for (size_t k = j + 1; k < f->classes; k++)
        if (k != i)
            room += f->column_left[k];
    return room;
}

/* Sets cell i, j in all ways that the totals leave. */
static void fill(filling *f, size_t i, size_t j)
{
    int64_t low, high, given = f->given->of[i][j];

    if (i == j) {
        if (given < 0 || given == f->cell.of[i][j])
            next_cell(f, i, j);
        return;
    }
    high =
        f->row_left[i] < f->column_left[j] ? f->row_left[i] : f->column_left[j];
    low = f->row_left[i] - room_after(f, i, j);
    low = low < 0 ? 0 : low;
    if (i + 1 == f->classes || (i + 2 == f->classes && j + 1 == f->classes))
        low = f->column_left[j] > low ? f->column_left[j] : low;
    if (given >= 0) {
        low = given > low ? given : low;
        high = given < high ? given : high;
    }
    for (int64_t v = low; v <= high && f->n < f->most; v++) {
        f->cell.of[i][j] = v;
        f->row_left[i] -= v;
        f->column_left[j] -= v;
        next_cell(f, i, j);
        f->row_left[i] += v;
        f->column_left[j] += v;
    }
}

uint64_t ost_class_matrices(size_t classes, const int64_t *total,
                            const ost_class_solution *s,
                            const ost_class_cells *known, uint64_t most,
                            ost_class_cells *first)
{
    filling f = {
        .classes = classes, .given = known, .most = most, .first = first
    };

    for (size_t k = 0; k < classes; k++) {
        f.row_left[k] = total[k] - s->right[k];
        f.column_left[k] = s->predicted[k] - s->right[k];
        f.cell.of[k][k] = s->right[k];
    }
    fill(&f, 0, 0);
    return f.n;
}
