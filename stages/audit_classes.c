/* stages/audit_classes.c - rows of several classes on one test set
 *
 * Without class totals all of them are searched: the figures of most rows do
 * not change when classes trade places, so that totals are first sought in
 * rising order, and then given to the classes in every way that the rows with
 * known cells, and those that tell some classes from the others, leave.
 */
#include "base/vec.h"
#include "kernels/stats/class_search.h"
#include "stages/audit_rows.h"

#include <string.h>

#include "base/banned.h"

/* Steps of one search, and of the search for totals, before they give up. */
static const uint64_t patience_row = UINT64_C(100000000);
static const uint64_t patience_totals = UINT64_C(150000000);

enum { KEEPS = OST_SEARCH_KEEPS, MOST_MATRICES = 1000000, MOST_TOTALS = 64 };

typedef struct {
    int64_t v[OST_AUDIT_CLASSES];
} totals;

typedef OST_VEC(totals) totals_list;

/* --- one row with given totals ------------------------------------------- */

typedef struct {
    const ost_audit_table *table;
    const ost_audit_row *row;
    const int64_t *total;
    const ost_class_cells *known;
    uint64_t enough; /* matrices after which the search ends */
    uint64_t n;      /* solutions */
    uint64_t matrices;
    ost_class_solution first[KEEPS];
    ost_class_cells matrix; /* of the first solution */
} row_search;

static bool keep_solution(void *user, const ost_class_solution *s)
{
    row_search *r = user;
    ost_class_cells one = { { { 0 } } };
    uint64_t n = ost_class_matrices(r->table->n_classes, r->total, s, r->known,
                                    r->enough - r->matrices, &one);

    if (n == 0)
        return true;
    if (r->n == 0)
        r->matrix = one;
    if (r->n < KEEPS)
        r->first[r->n] = *s;
    r->n++;
    r->matrices += n;
    return r->matrices < r->enough;
}

static int64_t positives_of(const ost_audit_table *t, const ost_audit_row *row,
                            const int64_t *total)
{
    int64_t n = 0;

    for (size_t k = 0; k < t->n_classes; k++)
        n += row->positive >> k & 1 ? total[k] : 0;
    return n;
}

static int64_t sum_of(const ost_audit_table *t, const int64_t *total)
{
    int64_t n = 0;

    for (size_t k = 0; k < t->n_classes; k++)
        n += total[k];
    return n;
}

/* What there is for a row; false when the search gave up. */
static bool search_classes(row_search *r, uint64_t patience, uint64_t *steps)
{
    ost_class_search search = { .classes = r->table->n_classes,
                                .patience = patience,
                                .found = keep_solution,
                                .user = r };
    bool all;

    memcpy(search.total, r->total, sizeof(*r->total) * search.classes);
    for (int i = 0; i < OST_FIGURES; i++)
        if (r->row->figure[i].text)
            search.printed[i] = &r->row->figure[i].printed;
    all = ost_class_search_run(&search);
    *steps += search.steps;
    return all || r->matrices >= r->enough;
}

/* Whether a row is possible, whatever its cells if `known` has none;
 * `*gave_up` when that is not known. */
static bool possible(const ost_audit_table *t, const ost_audit_row *row,
                     const int64_t *total, const ost_class_cells *known,
                     uint64_t *steps, bool *gave_up)
{
    row_search r = {
        .table = t, .row = row, .total = total, .known = known, .enough = 1
    };
    ost_binary_search two = { .most = patience_row };
    ost_binary_figures f;

    if (row->positive) {
        f = ost_audit_printed_of(row);
        ost_binary_search_add(&f, sum_of(t, total), positives_of(t, row, total),
                              &two);
        *steps += two.steps;
        *gave_up |= two.found == 0 && !ost_binary_search_ended(&two);
        return two.found > 0;
    }
    if (!search_classes(&r, patience_row, steps))
        *gave_up = true;
    return r.n > 0;
}

/* --- all totals ---------------------------------------------------------- */

typedef struct {
    const ost_audit_table *table;
    size_t *order; /* rows that do not know classes apart, the one that
                      refused the latest totals first */
    size_t n_order;
    uint64_t seen; /* totals that were tried */
    uint64_t steps;
    bool gave_up;
    totals_list rising;
    totals_list found;
} totals_search;

static void try_rising(totals_search *s, const totals *is)
{
    ost_class_cells none;

    memset(&none, 0xff, sizeof(none)); /* all -1 */
    s->seen++;
    for (size_t i = 0; i < s->n_order && !s->gave_up; i++) {
        size_t row = s->order[i];

        if (possible(s->table, &s->table->rows[row], is->v, &none, &s->steps,
                     &s->gave_up))
            continue;
        memmove(s->order + 1, s->order, sizeof(*s->order) * i);
        s->order[0] = row;
        return;
    }
    s->gave_up = s->gave_up || s->steps > patience_totals ||
                 s->rising.len >= MOST_TOTALS;
    if (!s->gave_up)
        ost_vec_push(&s->rising, *is);
}

static void walk_rising(totals_search *s, totals *is, size_t k, int64_t rest)
{
    int64_t left = (int64_t)(s->table->n_classes - k);
    int64_t from = k ? is->v[k - 1] : 1;

    if (left == 1) {
        is->v[k] = rest;
        try_rising(s, is);
        return;
    }
    for (int64_t v = from; v * left <= rest && !s->gave_up; v++) {
        is->v[k] = v;
        walk_rising(s, is, k + 1, rest - v);
    }
}

static bool equal(const totals *a, const totals *b)
{
    return memcmp(a->v, b->v, sizeof(a->v)) == 0;
}

/* Gives the totals to the classes in every way that the other rows leave. */
static void walk_ways(totals_search *s, totals *is, size_t k)
{
    const ost_audit_table *t = s->table;

    if (k < t->n_classes) {
        for (size_t i = k; i < t->n_classes && !s->gave_up; i++) {
            int64_t v = is->v[i];

            is->v[i] = is->v[k];
            is->v[k] = v;
            walk_ways(s, is, k + 1);
            is->v[k] = is->v[i];
            is->v[i] = v;
        }
        return;
    }
    for (size_t i = 0; i < s->found.len; i++)
        if (equal(&s->found.data[i], is))
            return;
    for (size_t i = 0; i < t->n_rows; i++)
        if ((t->rows[i].has_cells || t->rows[i].positive) &&
            !possible(t, &t->rows[i], is->v, &t->rows[i].cell, &s->steps,
                      &s->gave_up))
            return;
    ost_vec_push(&s->found, *is);
}

static void search_totals(ost_audit *a, totals_search *s, int64_t n)
{
    const ost_audit_table *t = s->table;
    totals is = { { 0 } };

    s->order = OST_ARENA_ARRAY(a->arena, size_t, t->n_rows);
    for (size_t i = 0; i < t->n_rows; i++)
        if (!t->rows[i].positive)
            s->order[s->n_order++] = i;
    walk_rising(s, &is, 0, n);
    for (size_t i = 0; i < s->rising.len && !s->gave_up; i++)
        walk_ways(s, &s->rising.data[i], 0);
}

/* --- documents ----------------------------------------------------------- */

static json_t *by_class(const ost_audit_table *t, const int64_t *v)
{
    json_t *out = json_object();

    for (size_t k = 0; k < t->n_classes; k++)
        json_object_set_new(out, t->classes[k], json_integer(v[k]));
    return out;
}

static json_t *list_of_totals(const ost_audit_table *t, const totals_list *l)
{
    json_t *out = json_array();

    for (size_t i = 0; i < l->len; i++)
        json_array_append_new(out, by_class(t, l->data[i].v));
    return out;
}

static json_t *rising_json(const ost_audit_table *t, const totals_list *l)
{
    json_t *out = json_array();

    for (size_t i = 0; i < l->len; i++) {
        json_t *one = json_array();

        for (size_t k = 0; k < t->n_classes; k++)
            json_array_append_new(one, json_integer(l->data[i].v[k]));
        json_array_append_new(out, one);
    }
    return out;
}

static ost_ratio balanced_area(const ost_audit_table *t, const int64_t *total,
                               const ost_class_solution *s)
{
    ost_ratio sum = ost_ratio_add(
        ost_class_figure(OST_FIGURE_RECALL, t->n_classes, total, s),
        ost_class_figure(OST_FIGURE_SPECIFICITY, t->n_classes, total, s));

    return ost_ratio_div(sum, ost_ratio_of(2, 1));
}

static json_t *solution_json(const ost_audit_table *t, const int64_t *total,
                             const ost_class_solution *s)
{
    static const struct {
        const char *name;
        ost_figure figure;
    } shown[] = { { "accuracy", OST_FIGURE_ACCURACY },
                  { "precision", OST_FIGURE_PRECISION },
                  { "recall", OST_FIGURE_RECALL },
                  { "f1", OST_FIGURE_F1 } };
    json_t *out = json_pack("{s:o, s:o}", "diagonal", by_class(t, s->right),
                            "predicted", by_class(t, s->predicted));

    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        json_object_set_new(out, shown[i].name,
                            ost_audit_real(ost_ratio_double(ost_class_figure(
                                shown[i].figure, t->n_classes, total, s))));
    json_object_set_new(
        out, "auc_of_labels",
        ost_audit_real(ost_ratio_double(balanced_area(t, total, s))));
    return out;
}

static json_t *matrix_json(const ost_audit_table *t,
                           const ost_class_cells *matrix)
{
    json_t *out = json_object();

    for (size_t k = 0; k < t->n_classes; k++)
        json_object_set_new(out, t->classes[k], by_class(t, matrix->of[k]));
    return out;
}

/* The matrix with classes merged as a row of two classes of the table has
 * them: for comparisons that are like for like. */
static void add_merged(const ost_audit_table *t, const ost_class_cells *matrix,
                       json_t *witness)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        unsigned positive = t->rows[i].positive;
        ost_binary_matrix m = { 0 };

        if (!positive)
            continue;
        for (size_t a = 0; a < t->n_classes; a++)
            for (size_t b = 0; b < t->n_classes; b++) {
                bool truth = positive >> a & 1, taken = positive >> b & 1;

                *(truth   ? taken ? &m.tp : &m.fn
                  : taken ? &m.fp
                          : &m.tn) += matrix->of[a][b];
            }
        json_object_set_new(witness, "merged", ost_audit_matrix_json(&m));
        return;
    }
}

/* --- verdicts ------------------------------------------------------------ */

static const char *totals_text(ost_audit *a, const ost_audit_table *t,
                               const int64_t *total)
{
    const char *text = "";

    for (size_t k = 0; k < t->n_classes; k++)
        text = ost_arena_printf(a->arena, "%s%s%s %lld", text, k ? ", " : "",
                                t->classes[k], (long long)total[k]);
    return text;
}

static void witness_of_row(ost_audit *a, const row_search *r)
{
    const ost_audit_table *t = r->table;
    json_t *all = json_array(), *out;
    ost_ratio exact[KEEPS];
    size_t n = r->n < KEEPS ? (size_t)r->n : KEEPS;

    for (size_t i = 0; i < n; i++) {
        json_array_append_new(all, solution_json(t, r->total, &r->first[i]));
        exact[i] = balanced_area(t, r->total, &r->first[i]);
    }
    out = json_pack("{s:I, s:I, s:o}", "n_solutions", (json_int_t)r->n,
                    "n_matrices", (json_int_t)r->matrices, "solutions", all);
    if (r->matrices == 1) {
        json_object_set_new(out, "matrix", matrix_json(t, &r->matrix));
        add_merged(t, &r->matrix, out);
    }
    ost_audit_witness(a, out);
    ost_audit_labels_rule(a, r->row, exact, r->n <= KEEPS ? n : 0);
}

static void judge_row(ost_audit *a, const ost_audit_table *t,
                      const ost_audit_row *row, const int64_t *total)
{
    row_search r = { .table = t,
                     .row = row,
                     .total = total,
                     .known = &row->cell,
                     .enough = MOST_MATRICES };
    const char *least, *text = totals_text(a, t, total);
    uint64_t steps = 0;

    if (!search_classes(&r, patience_row, &steps)) {
        ost_audit_add(a, row->about, "confusion_matrix", OST_UNDECIDED,
                      "the search is too large: more figures or more decimals "
                      "narrow it");
        return;
    }
    least = r.matrices >= MOST_MATRICES ? "at least " : "";
    if (r.n == 0)
        ost_audit_add(a, row->about, "confusion_matrix", OST_INFEASIBLE,
                      "no confusion matrix of %s prints all figures of this "
                      "row",
                      text);
    else
        ost_audit_add(
            a, row->about, "confusion_matrix", OST_CONSISTENT,
            "%s%llu diagonal%s with predicted totals print%s all figures "
            "(%s%llu confusion matri%s of %s)",
            least, (unsigned long long)r.n, r.n == 1 ? "" : "s",
            r.n == 1 ? "s" : "", least, (unsigned long long)r.matrices,
            r.matrices == 1 ? "x" : "ces", text);
    ost_audit_searched(a, "candidates", steps);
    witness_of_row(a, &r);
}

/* A row of two classes on the same test set, as a table of its own. */
static void judge_two(ost_audit *a, const ost_audit_table *t,
                      ost_audit_row *row, const int64_t *total)
{
    int64_t n = sum_of(t, total), positive = positives_of(t, row, total);
    ost_audit_table two = { .about = t->about,
                            .n = { 1, &n },
                            .positives = { 1, &positive },
                            .share_within = ost_ratio_of(0, 1),
                            .mean_over = 1,
                            .n_rows = 1,
                            .rows = row };

    ost_audit_binary_row(a, &two, row);
}

static void judge_rows(ost_audit *a, const ost_audit_table *t,
                       const int64_t *total)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        if (t->rows[i].positive)
            judge_two(a, t, &t->rows[i], total);
        else
            judge_row(a, t, &t->rows[i], total);
    }
}

static void judge_totals(ost_audit *a, const ost_audit_table *t,
                         const totals_search *s, int64_t n)
{
    if (s->gave_up) {
        ost_audit_add(a, t->about, "class_totals", OST_UNDECIDED,
                      "the search for class totals is too large: say "
                      "'totals', or give more rows or more decimals");
        return;
    }
    if (s->found.len == 0)
        ost_audit_add(a, t->about, "class_totals", OST_INFEASIBLE,
                      "no class totals that add up to %lld make all %zu rows "
                      "possible",
                      (long long)n, t->n_rows);
    else if (s->found.len == 1)
        ost_audit_add(a, t->about, "class_totals", OST_CONSISTENT,
                      "all %zu rows are possible for one choice of class "
                      "totals alone: %s",
                      t->n_rows, totals_text(a, t, s->found.data[0].v));
    else
        ost_audit_add(a, t->about, "class_totals", OST_CONSISTENT,
                      "all %zu rows are possible for %zu choices of class "
                      "totals",
                      t->n_rows, s->found.len);
    ost_audit_searched(a, "totals", s->seen);
    ost_audit_searched(a, "candidates", s->steps);
    ost_audit_witness(a, json_pack("{s:o, s:o}", "unordered",
                                   rising_json(t, &s->rising), "totals",
                                   list_of_totals(t, &s->found)));
}

void ost_audit_classes(ost_audit *a, const ost_audit_table *t)
{
    totals_search s = { .table = t };

    ost_audit_whole_rule(a, t);
    if (t->has_totals) {
        judge_rows(a, t, t->totals);
        return;
    }
    if (t->n.n != 1) {
        ost_audit_add(a, t->about, "class_totals", OST_UNDECIDED,
                      "a search for class totals needs one size 'n'");
        return;
    }
    search_totals(a, &s, t->n.v[0]);
    judge_totals(a, t, &s, t->n.v[0]);
    if (!s.gave_up && s.found.len == 1)
        judge_rows(a, t, s.found.data[0].v);
    ost_vec_release(&s.rising);
    ost_vec_release(&s.found);
}
