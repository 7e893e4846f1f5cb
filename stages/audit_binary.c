/* stages/audit_binary.c - whether counts exist that give the figures of a row
 *
 * All 2 x 2 tables of so many cases are searched.  A table that gives so many
 * sizes, or no number of positives, is searched over all that it leaves.
 */
#include "kernels/stats/confusion.h"
#include "kernels/stats/intervals.h"
#include "stages/audit_rows.h"

#include "base/banned.h"

/* Steps of a search before it gives up: a second or two. */
static const uint64_t patience = UINT64_C(50000000);

/* --- one matrix ---------------------------------------------------------- */

static void add_intervals(json_t *out, const ost_binary_matrix *m)
{
    int64_t p = m->tp + m->fn, n = m->fp + m->tn;
    json_t *all = json_object();

    if (p + n > 0)
        json_object_set_new(all, "accuracy",
                            ost_audit_intervals_of((uint64_t)(m->tp + m->tn),
                                                   (uint64_t)(p + n)));
    if (p > 0)
        json_object_set_new(
            all, "recall",
            ost_audit_intervals_of((uint64_t)m->tp, (uint64_t)p));
    if (n > 0)
        json_object_set_new(
            all, "specificity",
            ost_audit_intervals_of((uint64_t)m->tn, (uint64_t)n));
    json_object_set_new(out, "intervals", all);
}

json_t *ost_audit_matrix_json(const ost_binary_matrix *m)
{
    static const char *const names[OST_FIGURES] = {
        "accuracy", "recall", "specificity",      "precision",
        "npv",      "f1",     "balanced_accuracy"
    };
    uint64_t cells[4] = { (uint64_t)m->tn, (uint64_t)m->fp, (uint64_t)m->fn,
                          (uint64_t)m->tp };
    ost_confusion c = { .classes = 2, .count = cells };
    json_t *out = json_pack("{s:I, s:I, s:I, s:I}", "tp", (json_int_t)m->tp,
                            "fp", (json_int_t)m->fp, "fn", (json_int_t)m->fn,
                            "tn", (json_int_t)m->tn);

    for (int i = 0; i < OST_FIGURES; i++)
        json_object_set_new(
            out, names[i],
            ost_audit_real(ost_ratio_double(ost_figure_of((ost_figure)i, m))));
    json_object_set_new(out, "mcc", ost_audit_real(ost_mcc(&c)));
    json_object_set_new(out, "kappa", ost_audit_real(ost_kappa(&c)));
    return out;
}

/* --- a count out of n ---------------------------------------------------- */

/* The sizes for which the accuracies of rows from..to-1 are all k/n. */
static size_t whole_sizes(const ost_audit_table *t, size_t from, size_t to,
                          int64_t *sizes)
{
    size_t found = 0;

    for (size_t i = 0; i < t->n.n; i++) {
        bool all = true;

        for (size_t j = from; j < to && all; j++) {
            const ost_audit_figure *f = &t->rows[j].figure[OST_FIGURE_ACCURACY];
            int64_t low, high;

            all = !f->text || ost_printed_numerators(&f->printed, t->n.v[i],
                                                     t->n.v[i], &low, &high);
        }
        if (all)
            sizes[found++] = t->n.v[i];
    }
    return found;
}

static const char *listed(ost_audit *a, const int64_t *v, size_t n)
{
    enum { MOST = 8 };
    const char *text = "";

    for (size_t i = 0; i < n && i < MOST; i++)
        text = ost_arena_printf(a->arena, "%s%s%lld", text, i ? ", " : "",
                                (long long)v[i]);
    return n > MOST
               ? ost_arena_printf(a->arena, "%s and %zu more", text, n - MOST)
               : text;
}

static json_t *counts_json(const int64_t *v, size_t n)
{
    enum { MOST = 100 };
    json_t *out = json_array();

    for (size_t i = 0; i < n && i < MOST; i++)
        json_array_append_new(out, json_integer(v[i]));
    return out;
}

static const char *cases(const ost_audit *a, const ost_audit_table *t,
                         const int64_t *sizes)
{
    ost_audit *writing = (ost_audit *)(uintptr_t)a;

    return listed(writing, sizes ? sizes : t->n.v, t->n.n);
}

static void whole_row(ost_audit *a, const ost_audit_table *t, size_t index,
                      int64_t *sizes)
{
    const ost_audit_row *row = &t->rows[index];
    const ost_audit_figure *f = &row->figure[OST_FIGURE_ACCURACY];
    double printed = (double)f->printed.value / (double)f->printed.den;
    int64_t low, high;
    size_t found;

    if (!f->text)
        return;
    found = whole_sizes(t, index, index + 1, sizes);
    if (found == 0) {
        const char *products = "";

        for (size_t i = 0; i < t->n.n && i < 4; i++)
            products = ost_arena_printf(
                a->arena, "%s%s%s * %lld = %.6g", products, i ? ", " : "",
                f->text, (long long)t->n.v[i], printed * (double)t->n.v[i]);
        ost_audit_add(a, row->about, "whole_counts", OST_INFEASIBLE,
                      "no whole number of cases out of %s prints as accuracy "
                      "%s (%s)%s",
                      cases(a, t, NULL), f->text, products,
                      t->mean_over > 1
                          ? ", as a mean over folds of equal size"
                          : ": it is at best a mean over folds or runs");
        return;
    }
    if (t->n.n > 1)
        return;
    (void)ost_printed_numerators(&f->printed, sizes[0], sizes[0], &low, &high);
    ost_audit_add(
        a, row->about, "whole_counts", OST_CONSISTENT,
        "accuracy %s is %lld%s of %lld cases", f->text, (long long)low,
        low < high ? ost_arena_printf(a->arena, " to %lld", (long long)high)
                   : "",
        (long long)sizes[0]);
}

void ost_audit_whole_rule(ost_audit *a, const ost_audit_table *t)
{
    int64_t *sizes = OST_ARENA_ARRAY(a->arena, int64_t, t->n.n + 1);
    size_t found;

    if (t->n.n == 0)
        return;
    for (size_t i = 0; i < t->n_rows; i++)
        whole_row(a, t, i, sizes);
    if (t->n.n == 1 || t->n_rows == 1)
        return;
    found = whole_sizes(t, 0, t->n_rows, sizes);
    ost_audit_add(a, t->about, "whole_counts",
                  found ? OST_CONSISTENT : OST_INFEASIBLE,
                  found ? "the accuracies of all rows are whole numbers of "
                          "cases for n = %s alone"
                        : "no size among %s makes the accuracies of all rows "
                          "whole numbers of cases",
                  listed(a, found ? sizes : t->n.v, found ? found : t->n.n));
    ost_audit_witness(a, json_pack("{s:o}", "n", counts_json(sizes, found)));
}

/* --- the search ---------------------------------------------------------- */

ost_binary_figures ost_audit_printed_of(const ost_audit_row *row)
{
    ost_binary_figures f = { .counts = row->counts };

    for (int i = 0; i < OST_FIGURES; i++)
        if (row->figure[i].text)
            f.printed[i] = &row->figure[i].printed;
    return f;
}

/* One test set that is possible: its size and how many are positive. */
typedef struct {
    int64_t n;
    int64_t positive;
} test_set;

/* Calls for every test set that the table leaves; ends early when told. */
typedef bool (*visit)(void *user, test_set set);

static bool all_test_sets(const ost_audit_table *t, visit f, void *user)
{
    for (size_t i = 0; i < t->n.n; i++) {
        int64_t n = t->n.v[i];

        if (t->positives.n == 0) {
            for (int64_t p = 0; p <= n; p++)
                if (!f(user, (test_set){ n, p }))
                    return false;
            continue;
        }
        for (size_t j = 0; j < t->positives.n; j++)
            if (t->positives.v[j] <= n &&
                !f(user, (test_set){ n, t->positives.v[j] }))
                return false;
    }
    return true;
}

typedef struct {
    ost_binary_figures figures;
    ost_binary_search search;
} one_row;

static bool search_row(void *user, test_set set)
{
    one_row *r = user;

    ost_binary_search_add(&r->figures, set.n, set.positive, &r->search);
    return ost_binary_search_ended(&r->search);
}

static void labels_of(ost_audit *a, const ost_audit_row *row,
                      const ost_binary_search *s)
{
    ost_ratio exact[OST_SEARCH_KEEPS];
    size_t n = s->found <= OST_SEARCH_KEEPS ? (size_t)s->found : 0;

    for (size_t i = 0; i < n; i++)
        exact[i] = ost_figure_of(OST_FIGURE_BALANCED_ACCURACY, &s->first[i]);
    ost_audit_labels_rule(a, row, exact, n);
}

/* One figure alone says nothing that other rules do not. */
static bool worth_a_search(const ost_binary_figures *f)
{
    const ost_binary_matrix *c = &f->counts;
    int n = (c->tp >= 0) + (c->fp >= 0) + (c->fn >= 0) + (c->tn >= 0);

    for (int i = 0; i < OST_FIGURES; i++)
        n += f->printed[i] != NULL;
    return n > 1;
}

/* Means of these over folds with the same counts are those of the summed
 * matrix, and every matrix is a sum of such; with other figures, or other
 * counts in each fold, that is not so. */
static bool keep_linear(const ost_audit_table *t, ost_binary_figures *f)
{
    f->printed[OST_FIGURE_PRECISION] = NULL;
    f->printed[OST_FIGURE_NPV] = NULL;
    f->printed[OST_FIGURE_F1] = NULL;
    return t->n.n == 1 && t->positives.n == 1;
}

static void judge_row(ost_audit *a, const ost_audit_table *t,
                      const ost_audit_row *row)
{
    one_row r = { .figures = ost_audit_printed_of(row),
                  .search = { .most = patience } };
    const ost_binary_matrix *m = r.search.first;
    const char *what = t->mean_over > 1
                           ? "figures of this row but precision, NPV and F1 "
                             "(counts summed over the folds)"
                           : "figures of this row";
    json_t *found;

    if (t->mean_over > 1 && !keep_linear(t, &r.figures))
        return;
    if (!worth_a_search(&r.figures))
        return;
    if (!all_test_sets(t, search_row, &r)) {
        ost_audit_add(a, row->about, "confusion_matrix", OST_UNDECIDED,
                      "the search is too large: say 'positives', or fewer "
                      "sizes 'n', or another figure");
        return;
    }
    if (r.search.found == 0)
        ost_audit_add(a, row->about, "confusion_matrix", OST_INFEASIBLE,
                      "no confusion matrix of %s cases%s prints all %s",
                      cases(a, t, NULL),
                      t->positives.n ? " with so many positives" : "", what);
    else if (r.search.found == 1)
        ost_audit_add(a, row->about, "confusion_matrix", OST_CONSISTENT,
                      "one confusion matrix prints all %s: tp %lld, fp %lld, "
                      "fn %lld, tn %lld",
                      what, (long long)m->tp, (long long)m->fp,
                      (long long)m->fn, (long long)m->tn);
    else
        ost_audit_add(a, row->about, "confusion_matrix", OST_CONSISTENT,
                      "%llu confusion matrices print all %s",
                      (unsigned long long)r.search.found, what);
    ost_audit_searched(a, "matrices", r.search.matrices);
    found = json_array();
    for (size_t i = 0; i < r.search.found && i < OST_SEARCH_KEEPS; i++)
        json_array_append_new(found, ost_audit_matrix_json(&m[i]));
    if (r.search.found == 1)
        add_intervals(json_array_get(found, 0), m);
    ost_audit_witness(a,
                      json_pack("{s:I, s:o}", "n_matrices",
                                (json_int_t)r.search.found, "matrices", found));
    if (t->mean_over == 1)
        labels_of(a, row, &r.search);
}

/* --- rows of one test set ------------------------------------------------ */

typedef struct {
    const ost_audit_table *table;
    ost_binary_figures *figures;
    json_t *sets; /* the first that all rows are possible on */
    uint64_t found;
    uint64_t matrices;
    uint64_t steps;
} common_search;

static bool search_common(void *user, test_set set)
{
    enum { MOST = 20 };
    common_search *c = user;
    bool all = true;

    for (size_t i = 0; i < c->table->n_rows && all; i++) {
        ost_binary_search s = { .most = patience };

        ost_binary_search_add(&c->figures[i], set.n, set.positive, &s);
        c->matrices += s.matrices;
        c->steps += s.steps;
        all = s.found > 0;
    }
    if (all && c->found++ < MOST)
        json_array_append_new(c->sets,
                              json_pack("{s:I, s:I}", "n", (json_int_t)set.n,
                                        "positives", (json_int_t)set.positive));
    return c->steps <= patience;
}

static void judge_common(ost_audit *a, const ost_audit_table *t)
{
    common_search c = { .table = t, .sets = json_array() };

    c.figures = OST_ARENA_ARRAY(a->arena, ost_binary_figures, t->n_rows);
    for (size_t i = 0; i < t->n_rows; i++)
        c.figures[i] = ost_audit_printed_of(&t->rows[i]);
    if (!all_test_sets(t, search_common, &c))
        ost_audit_add(a, t->about, "common_test_set", OST_UNDECIDED,
                      "the search is too large: say 'positives', or fewer "
                      "sizes 'n'");
    else if (c.found)
        ost_audit_add(a, t->about, "common_test_set", OST_CONSISTENT,
                      "all %zu rows are possible on one test set; %llu pairs "
                      "of size and positives are left",
                      t->n_rows, (unsigned long long)c.found);
    else
        ost_audit_add(a, t->about, "common_test_set", OST_INFEASIBLE,
                      "no test set of %s cases makes all %zu rows possible, "
                      "whatever its number of positives",
                      cases(a, t, NULL), t->n_rows);
    ost_audit_searched(a, "matrices", c.matrices);
    ost_audit_witness(a, json_pack("{s:o}", "test_sets", c.sets));
}

/* --- hard labels --------------------------------------------------------- */

void ost_audit_labels_rule(ost_audit *a, const ost_audit_row *row,
                           const ost_ratio *exact, size_t n)
{
    ost_printed either;

    if (!row->auc.text || n == 0)
        return;
    (void)ost_printed_parse(row->auc.text, OST_ROUNDING_EITHER, &either);
    for (size_t i = 0; i < n; i++) {
        double v = ost_ratio_double(exact[i]);

        if (!ost_printed_exact(&either, exact[i]))
            continue;
        ost_audit_add(a, row->about, "auc_from_labels", OST_PLAUSIBLE,
                      "AUC %s is the balanced accuracy %.6f of the confusion "
                      "matrix%s",
                      row->auc.text, v,
                      ost_printed_exact(&row->auc.printed, exact[i])
                          ? ""
                          : " with its decimals cut off");
        ost_audit_witness(
            a, json_pack("{s:o}", "balanced_accuracy", ost_audit_real(v)));
        ost_audit_warn(a, "this AUC was probably computed from predicted "
                          "labels; compute it from scores");
        return;
    }
    ost_audit_add(a, row->about, "auc_from_labels", OST_CONSISTENT,
                  "AUC %s is no balanced accuracy (%s)", row->auc.text,
                  ost_audit_number(a, ost_ratio_double(exact[0])));
    ost_audit_witness(a, json_pack("{s:o}", "balanced_accuracy",
                                   ost_audit_real(ost_ratio_double(exact[0]))));
}

/* --- a table ------------------------------------------------------------- */

void ost_audit_binary_row(ost_audit *a, const ost_audit_table *t,
                          const ost_audit_row *row)
{
    ost_audit_figures(a, t, row);
    if (t->n.n > 0)
        judge_row(a, t, row);
}

void ost_audit_binary(ost_audit *a, const ost_audit_table *t)
{
    ost_audit_whole_rule(a, t);
    for (size_t i = 0; i < t->n_rows; i++)
        ost_audit_binary_row(a, t, &t->rows[i]);
    if (t->common && t->mean_over == 1 && t->n.n > 0 && t->n_rows > 1)
        judge_common(a, t);
}
