/* tests/property/test_audit_searches.c - figures printed from real matrices
 *
 * Random confusion matrices are printed with random decimals.  The searches
 * find them, and find exactly what going through every matrix finds, also when
 * a digit is changed so that often nothing is left.  What prints how is decided
 * here by another formula than theirs.
 */
/* links: base stats */
#include "kernels/stats/class_search.h"
#include "kernels/stats/confusion_search.h"
#include "tests/support/check.h"
#include "tests/support/seed.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* A figure as digits: value / 10^decimals, of a hundredth if percent. */
typedef struct {
    int64_t value;
    int64_t scale; /* 10^decimals, times 100 if percent */
    char text[32];
    ost_printed printed;
} figure;

static void print_figure(figure *f, int64_t value, int decimals, bool percent)
{
    int64_t ten = 1;

    for (int i = 0; i < decimals; i++)
        ten *= 10;
    f->value = value;
    f->scale = ten * (percent ? 100 : 1);
    if (decimals)
        snprintf(f->text, sizeof(f->text), "%lld.%0*lld%s",
                 (long long)(value / ten), decimals, (long long)(value % ten),
                 percent ? " %" : "");
    else
        snprintf(f->text, sizeof(f->text), "%lld%s", (long long)value,
                 percent ? " %" : "");
    assert_true(ost_printed_parse(f->text, OST_ROUNDING_NEAREST, &f->printed));
}

/* k/n as people print it, halves up. */
static void print_share(figure *f, int64_t k, int64_t n, ost_rng *r)
{
    bool percent = ost_rng_below(r, 2);
    int decimals = (int)ost_rng_below(r, 4) + (percent ? 0 : 1);
    int64_t scale = percent ? 100 : 1;

    for (int i = 0; i < decimals; i++)
        scale *= 10;
    print_figure(f, n == 0 ? 0 : (2 * k * scale + n) / (2 * n), decimals,
                 percent);
}

/* |k/n - value/scale| is at most half a unit of the last digit. */
static bool prints_so(const figure *f, int64_t k, int64_t n)
{
    int64_t distance;

    if (n == 0) {
        k = 0;
        n = 1;
    }
    distance = k * f->scale - f->value * n;
    return 2 * (distance < 0 ? -distance : distance) <= n;
}

/* Whether a printed figure takes i/m, by all that can be asked. */
static bool asked_all_ways(const figure *f, int64_t i, int64_t m)
{
    bool so = prints_so(f, i, m), above, below;
    int64_t low, high;

    above = ost_printed_numerators(&f->printed, m, m, &low, &high) &&
            low <= i && i <= high;
    below = so;
    if (i > 0)
        below = ost_printed_denominators(&f->printed, i, 60, &low, &high) &&
                low <= m && m <= high;
    return ost_printed_ratio(&f->printed, i, m) == so &&
           ost_printed_exact(&f->printed, ost_ratio_of(i, m)) == so &&
           above == so && below == so;
}

static const char *one_figure(ost_rng *r)
{
    int64_t n = 1 + (int64_t)ost_rng_below(r, 60);
    int64_t k = (int64_t)ost_rng_below(r, (uint64_t)n + 1);
    figure f;

    print_share(&f, k, n, r);
    if (!ost_printed_ratio(&f.printed, k, n))
        return "a share does not print as it prints";
    for (int64_t m = 1; m <= 60; m++)
        for (int64_t i = 0; i <= m; i++)
            if (!asked_all_ways(&f, i, m))
                return "a share is taken by one way and not by another";
    return NULL;
}

/* --- two classes --------------------------------------------------------- */

static void parts_of(ost_figure which, const ost_binary_matrix *m, int64_t *k,
                     int64_t *n)
{
    int64_t p = m->tp + m->fn, q = m->fp + m->tn;
    const struct {
        int64_t k;
        int64_t n;
    } parts[OST_FIGURES] = {
        [OST_FIGURE_ACCURACY] = { m->tp + m->tn, p + q },
        [OST_FIGURE_RECALL] = { m->tp, p },
        [OST_FIGURE_SPECIFICITY] = { m->tn, q },
        [OST_FIGURE_PRECISION] = { m->tp, m->tp + m->fp },
        [OST_FIGURE_NPV] = { m->tn, m->tn + m->fn },
        [OST_FIGURE_F1] = { 2 * m->tp, 2 * m->tp + m->fp + m->fn },
        [OST_FIGURE_BALANCED_ACCURACY] = { m->tp * q + m->tn * p, 2 * p * q },
    };

    *k = parts[which].k;
    *n = parts[which].n;
}

static bool all_print_so(const figure *f, const bool *has,
                         const ost_binary_matrix *m)
{
    for (int i = 0; i < OST_FIGURES; i++) {
        int64_t k, n;

        parts_of((ost_figure)i, m, &k, &n);
        if (has[i] && !prints_so(&f[i], k, n))
            return false;
    }
    return true;
}

static uint64_t count_matrices(const figure *f, const bool *has, int64_t n,
                               int64_t p)
{
    uint64_t found = 0;

    for (int64_t tp = 0; tp <= p; tp++)
        for (int64_t fp = 0; fp <= n - p; fp++) {
            ost_binary_matrix m = { tp, fp, p - tp, n - p - fp };

            found += all_print_so(f, has, &m);
        }
    return found;
}

/* Now and then the last digit of a figure goes up by one. */
static void change(figure *f)
{
    if (f->value >= f->scale)
        return;
    f->value++;
    f->printed.lower += 2;
    f->printed.upper += 2;
}

static bool are_witnesses(const ost_binary_search *found, const figure *f,
                          const bool *has, int64_t p)
{
    for (uint64_t i = 0; i < found->found && i < OST_SEARCH_KEEPS; i++)
        if (!all_print_so(f, has, &found->first[i]) ||
            found->first[i].tp + found->first[i].fn != p)
            return false;
    return true;
}

static const char *one_matrix(ost_rng *r)
{
    int64_t n = 2 + (int64_t)ost_rng_below(r, 40);
    int64_t p = 1 + (int64_t)ost_rng_below(r, (uint64_t)n - 1);
    int64_t tp = (int64_t)ost_rng_below(r, (uint64_t)p + 1);
    int64_t fp = (int64_t)ost_rng_below(r, (uint64_t)(n - p) + 1);
    ost_binary_matrix truth = { tp, fp, p - tp, n - p - fp };
    ost_binary_figures figures = { .counts = { -1, -1, -1, -1 } };
    ost_binary_search found = { 0 };
    figure f[OST_FIGURES];
    bool has[OST_FIGURES];
    bool changed = ost_rng_below(r, 2);

    for (int i = 0; i < OST_FIGURES; i++) {
        int64_t k, of;

        parts_of((ost_figure)i, &truth, &k, &of);
        print_share(&f[i], k, of, r);
        has[i] = ost_rng_below(r, 2);
        figures.printed[i] = has[i] ? &f[i].printed : NULL;
        if (changed)
            change(&f[i]);
    }
    ost_binary_search_add(&figures, n, p, &found);
    if (found.found != count_matrices(f, has, n, p))
        return "the search finds more or less than there is";
    if (!changed && !ost_binary_prints(&figures, &truth))
        return "a matrix does not print its own figures";
    if (!are_witnesses(&found, f, has, p))
        return "what was found does not print the figures";
    return NULL;
}

/* --- three classes ------------------------------------------------------- */

enum { K = 3 };

typedef struct {
    int64_t of[K][K];
} matrix;

static const ost_figure means[] = { OST_FIGURE_ACCURACY, OST_FIGURE_PRECISION,
                                    OST_FIGURE_RECALL, OST_FIGURE_F1,
                                    OST_FIGURE_SPECIFICITY };
enum { MEANS = sizeof(means) / sizeof(means[0]) };

/* A mean over three classes as one fraction. */
static void mean_parts(ost_figure which, const matrix *m, int64_t *num,
                       int64_t *den)
{
    int64_t n = 0, right = 0;

    *num = 0;
    *den = 1;
    for (int i = 0; i < K; i++)
        for (int j = 0; j < K; j++) {
            n += m->of[i][j];
            right += i == j ? m->of[i][j] : 0;
        }
    for (int k = 0; k < K; k++) {
        int64_t row = 0, column = 0, d = m->of[k][k], a = d, b;

        for (int i = 0; i < K; i++) {
            row += m->of[k][i];
            column += m->of[i][k];
        }
        b = row;
        if (which == OST_FIGURE_PRECISION)
            b = column;
        if (which == OST_FIGURE_F1) {
            a = 2 * d;
            b = row + column;
        }
        if (which == OST_FIGURE_SPECIFICITY) {
            a = n - row - column + d;
            b = n - row;
        }
        if (b == 0) {
            a = 0;
            b = 1;
        }
        *num = *num * b + a * *den;
        *den *= b;
    }
    *den *= K;
    if (which == OST_FIGURE_ACCURACY) {
        *num = right;
        *den = n;
    }
}

static bool means_print_so(const figure *f, const bool *has, const matrix *m)
{
    for (int i = 0; i < MEANS; i++) {
        int64_t num, den;

        mean_parts(means[i], m, &num, &den);
        if (has[i] && !prints_so(&f[i], num, den))
            return false;
    }
    return true;
}

/* Row i in all ways that add up to its total, then the rows after it. */
static uint64_t count_rows(const figure *f, const bool *has,
                           const int64_t *total, matrix *m, int i)
{
    uint64_t found = 0;

    if (i == K)
        return means_print_so(f, has, m);
    for (int64_t a = 0; a <= total[i]; a++)
        for (int64_t b = 0; a + b <= total[i]; b++) {
            m->of[i][0] = a;
            m->of[i][1] = b;
            m->of[i][2] = total[i] - a - b;
            found += count_rows(f, has, total, m, i + 1);
        }
    return found;
}

typedef struct {
    size_t classes;
    const int64_t *total;
    uint64_t matrices;
    bool sound;
} counting;

static bool count_solution(void *user, const ost_class_solution *s)
{
    counting *c = user;
    ost_class_cells none, first;
    int64_t predicted[K] = { 0 };
    uint64_t n;

    memset(&none, 0xff, sizeof(none));
    n = ost_class_matrices(c->classes, c->total, s, &none, UINT64_MAX, &first);
    c->matrices += n;
    for (int i = 0; i < K; i++) {
        int64_t row = 0;

        for (int j = 0; j < K; j++) {
            row += first.of[i][j];
            predicted[j] += first.of[i][j];
        }
        c->sound =
            c->sound && row == c->total[i] && first.of[i][i] == s->right[i];
    }
    c->sound = c->sound && n > 0 &&
               memcmp(predicted, s->predicted, sizeof(predicted)) == 0;
    return true;
}

/* Few cases, none of the classes empty. */
static void draw_matrix(ost_rng *r, matrix *m, int64_t *total)
{
    for (int i = 0; i < K; i++) {
        total[i] = 0;
        for (int j = 0; j < K; j++) {
            m->of[i][j] = (int64_t)ost_rng_below(r, i == j ? 4 : 2);
            total[i] += m->of[i][j];
        }
        if (total[i] == 0)
            total[i] = m->of[i][i] = 1;
    }
}

static const char *one_mean(ost_rng *r)
{
    ost_class_search search = { .classes = K,
                                .patience = UINT64_MAX,
                                .found = count_solution };
    counting c = { .classes = K, .total = search.total, .sound = true };
    bool has[MEANS], changed = ost_rng_below(r, 2);
    figure f[MEANS];
    matrix m;

    draw_matrix(r, &m, search.total);
    for (int i = 0; i < MEANS; i++) {
        int64_t num, den;

        mean_parts(means[i], &m, &num, &den);
        print_share(&f[i], num, den, r);
        has[i] = ost_rng_below(r, 2);
        search.printed[means[i]] = has[i] ? &f[i].printed : NULL;
        if (changed)
            change(&f[i]);
    }
    search.user = &c;
    if (!ost_class_search_run(&search))
        return "the search gave up";
    if (c.matrices != count_rows(f, has, search.total, &m, 0))
        return "the search finds more or less than there is";
    if (!c.sound)
        return "a witness does not have the totals";
    return NULL;
}

/* --- fractions ----------------------------------------------------------- */

static const char *one_fraction(ost_rng *r)
{
    int64_t n[4];
    ost_ratio a, b, sum, product;

    for (int i = 0; i < 4; i++)
        n[i] = (int64_t)ost_rng_below(r, 2001) - (i % 2 ? 0 : 1000);
    n[1] += 1;
    n[3] += 1;
    a = ost_ratio_of(n[0], n[1]);
    b = ost_ratio_of(n[2], n[3]);
    sum = ost_ratio_of(n[0] * n[3] + n[2] * n[1], n[1] * n[3]);
    product = ost_ratio_of(n[0] * n[2], n[1] * n[3]);
    if (ost_ratio_compare(ost_ratio_add(a, b), sum) != 0 ||
        ost_ratio_compare(ost_ratio_sub(sum, b), a) != 0)
        return "a sum is wrong";
    if (ost_ratio_compare(ost_ratio_mul(a, b), product) != 0)
        return "a product is wrong";
    if (ost_ratio_valid(ost_ratio_div(a, b)) != (n[2] != 0))
        return "a division by 0 is valid, or another is not";
    if (ost_ratio_compare(a, b) !=
        (n[0] * n[3] > n[2] * n[1]) - (n[0] * n[3] < n[2] * n[1]))
        return "the order is wrong";
    return NULL;
}

/* --- tests --------------------------------------------------------------- */

static void printed_figures_stand_for_what_prints_so(void **state)
{
    (void)state;
    assert_int_equal(each_seed(1000, one_figure), 0);
}

static void matrices_of_two_classes_are_all_found(void **state)
{
    (void)state;
    assert_int_equal(each_seed(4000, one_matrix), 0);
}

static void matrices_of_three_classes_are_all_found(void **state)
{
    (void)state;
    assert_int_equal(each_seed(1500, one_mean), 0);
}

static void fractions_are_exact(void **state)
{
    (void)state;
    assert_int_equal(each_seed(5000, one_fraction), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printed_figures_stand_for_what_prints_so),
        cmocka_unit_test(matrices_of_two_classes_are_all_found),
        cmocka_unit_test(matrices_of_three_classes_are_all_found),
        cmocka_unit_test(fractions_are_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
