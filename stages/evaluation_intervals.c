/* stages/evaluation_intervals.c - how sure the numbers of a block of classes
 * are
 *
 * Proportions and areas have formulas (evaluation_formulas.c).  Where they do
 * not hold, and for the other numbers, cases (or whole groups) are drawn again:
 * a replicate's numbers are computed by one walk over the cases in the order of
 * their scores, each as often as it was drawn.
 */
#include "base/alloc.h"
#include "kernels/stats/sorting.h"
#include "stages/evaluation_bootstrap.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

/* --- replicates ------------------------------------------------------------
 */

/* Numbers of a whole block, then those of each class. */
enum { ACCURACY, BALANCED_ACCURACY, MCC, KAPPA, OVERALL };
enum {
    PRECISION,
    RECALL,
    SPECIFICITY,
    NPV,
    F1,
    AUC,
    AVERAGE_PRECISION,
    BRIER,
    OF_CLASS
};
const char *const ost_kept_names[OST_KEPT] = {
    "accuracy",
    "balanced_accuracy",
    "mcc",
    "kappa",
    "precision",
    "recall",
    "specificity",
    "npv",
    "f1",
    "auc",
    "average_precision",
    "brier",
};
static_assert(OVERALL + OF_CLASS == OST_KEPT, "a name for each number");

/* The cases in the order of one class's scores. */
typedef struct {
    uint32_t k;
    uint32_t *order;    /* cases, by falling score; NULL without scores */
    uint32_t *positive; /* of order[i]: all bits, or none */
    uint8_t *last;      /* of its score */
    double *miss;       /* squared distance of the score from the truth */
    bool probabilities;
} sorted_class;

/* Of two classes the weights come in the order of the positive one's scores, of
 * more in the order of the block. */
typedef struct {
    const ost_block *b;
    bool both; /* the block has both of two classes */
    size_t classes;
    sorted_class *sorted; /* per judged class */
    size_t n_sorted;
    uint32_t *cell;   /* truth * classes + predicted, per weight */
    double *all_miss; /* of more than two classes, all together; or NULL */
    double *taken;    /* per class, as in a replicate: what the block takes for
                         rates it does not have; NaN: it has them */
} resampling;

static void sort_class(const ost_block *b, uint32_t k, sorted_class *c)
{
    ost_scores s;

    *c = (sorted_class){ .k = k };
    if (!b->e->cases->score)
        return;
    s = ost_block_scores(b, k);
    c->order = OST_ARENA_ARRAY(b->arena, uint32_t, b->n);
    c->positive = OST_ARENA_ARRAY(b->arena, uint32_t, b->n);
    c->last = OST_ARENA_ARRAY(b->arena, uint8_t, b->n);
    c->miss = OST_ARENA_ARRAY(b->arena, double, b->n);
    ost_sort_falling(s.score, b->n, c->order);
    for (size_t i = 0; i < b->n; i++) {
        uint32_t at = c->order[i];
        double miss = s.score[at] - s.positive[at];

        c->positive[i] = s.positive[at] ? UINT32_MAX : 0;
        c->last[i] = i + 1 == b->n || s.score[at] > s.score[c->order[i + 1]];
        c->miss[i] = miss * miss;
    }
    c->probabilities = ost_probabilities_check(s.score, s.n) == s.n;
}

/* What a walk down the scores finds. */
typedef struct {
    uint64_t doubled; /* pairs in the right order, twice */
    double precision; /* summed over positives */
    double miss;
} score_walk;

/* One step for every case and replicate: without branches that depend on what
 * was drawn. */
static score_walk walk(const sorted_class *c, const uint32_t *weight,
                       const uint32_t *order, size_t n)
{
    uint64_t tps = 0, fps = 0, level_tp = 0, level_fp = 0;
    double miss[2] = { 0, 0 };
    score_walk w = { 0 };

    for (size_t i = 0; i < n; i++) {
        uint32_t drawn = weight[order ? order[i] : i];
        uint32_t positive = drawn & c->positive[i];
        uint64_t seen;

        miss[i % 2] += c->miss[i] * (double)(int32_t)drawn;
        level_tp += positive;
        level_fp += drawn - positive;
        if (!c->last[i])
            continue;
        w.doubled += level_fp * (2 * tps + level_tp);
        tps += level_tp;
        fps += level_fp;
        seen = tps + fps;
        seen += seen == 0;
        w.precision += (double)(int64_t)level_tp *
                       ((double)(int64_t)tps / (double)(int64_t)seen);
        level_tp = level_fp = 0;
    }
    w.miss = miss[0] + miss[1];
    return w;
}

/* The numbers of one class; `w` is NULL without scores.  What has a zero
 * denominator in a replicate is undefined there, whatever the block takes it
 * for: a replicate without positives says nothing of recall. */
static void class_numbers(const ost_confusion *c, const sorted_class *of,
                          const score_walk *w, double *out)
{
    const ost_zero_division zero = OST_ZERO_IS_UNDEFINED;
    ost_class_counts counts = ost_confusion_class(c, of->k);
    double positives = (double)(counts.tp + counts.fn);
    double negatives = (double)(counts.tn + counts.fp);

    out[PRECISION] = ost_precision(&counts, zero);
    out[RECALL] = ost_recall(&counts, zero);
    out[SPECIFICITY] = ost_specificity(&counts, zero);
    out[NPV] = ost_npv(&counts, zero);
    out[F1] = ost_f1(&counts, zero);
    out[AUC] = out[AVERAGE_PRECISION] = out[BRIER] = OST_UNDEFINED;
    if (!w)
        return;
    if (positives > 0 && negatives > 0)
        out[AUC] = (double)w->doubled / (2.0 * positives * negatives);
    if (positives > 0)
        out[AVERAGE_PRECISION] = w->precision / positives;
    if (of->probabilities)
        out[BRIER] = w->miss / (positives + negatives);
}

static void overall_numbers(const ost_confusion *c, double *out)
{
    out[ACCURACY] = ost_accuracy(c);
    out[BALANCED_ACCURACY] = ost_balanced_accuracy(c);
    out[MCC] = ost_mcc(c);
    out[KAPPA] = ost_kappa(c);
}

/* The matrix of two classes, from all cases drawn, those of the second class,
 * those predicted as it, and those that are both. */
static void count_two(const resampling *r, const uint32_t *weight,
                      uint64_t count[4])
{
    uint64_t all = 0, truth = 0, predicted = 0, both = 0;

    for (size_t i = 0; i < r->b->n; i++) {
        uint32_t drawn = weight[i], cell = r->cell[i];

        all += drawn;
        truth += drawn & (0 - (cell >> 1));
        predicted += drawn & (0 - (cell & 1));
        both += drawn & (0 - (cell >> 1 & cell & 1));
    }
    count[3] = both;
    count[2] = truth - both;
    count[1] = predicted - both;
    count[0] = all - truth - predicted + both;
}

/* A replicate of one class tells of single cases alone: the others come from a
 * block of two. */
static void skip_one_class(double *out)
{
    for (size_t j = BALANCED_ACCURACY; j < OVERALL + BRIER; j++)
        out[j] = OST_UNDEFINED;
}

/* An ost_statistics: of two classes. */
static void numbers_of_two(void *user, const uint32_t *weight, double *out)
{
    const resampling *r = user;
    const sorted_class *of = &r->sorted[0];
    uint64_t count[4];
    const ost_confusion c = { 2, count };
    score_walk w = { 0 };

    count_two(r, weight, count);
    if (of->order)
        w = walk(of, weight, NULL, r->b->n);
    overall_numbers(&c, out);
    class_numbers(&c, of, of->order ? &w : NULL, out + OVERALL);
    if (r->both && (count[0] + count[1] == 0 || count[2] + count[3] == 0))
        skip_one_class(out);
}

/* Mean of number `j` over the classes, without those that a replicate does not
 * have; what the block itself does not have stands in its mean, too. */
static double mean_over(const resampling *r, const double *each, size_t j)
{
    double sum = 0, found = 0;

    for (size_t k = 0; k < r->n_sorted; k++) {
        double v = each[k * OF_CLASS + j];

        if (isnan(v))
            v = r->taken[k * OF_CLASS + j];
        if (isnan(v))
            continue;
        sum += v;
        found += 1;
    }
    return found > 0 ? sum / found : OST_UNDEFINED;
}

/* An ost_statistics: of more classes, the means over them and each. */
static void numbers_of_more(void *user, const uint32_t *weight, double *out)
{
    const resampling *r = user;
    uint64_t *count = ost_xalloc(sizeof(*count) * r->classes * r->classes);
    const ost_confusion c = { r->classes, count };
    double *each = out + OVERALL + OF_CLASS, miss = 0, total = 0;

    for (size_t i = 0; i < r->b->n; i++)
        count[r->cell[i]] += weight[i];
    overall_numbers(&c, out);
    for (size_t k = 0; k < r->n_sorted; k++) {
        const sorted_class *of = &r->sorted[k];
        score_walk w = { 0 };

        if (of->order)
            w = walk(of, weight, of->order, r->b->n);
        class_numbers(&c, of, of->order ? &w : NULL, each + k * OF_CLASS);
    }
    for (size_t j = 0; j < OF_CLASS; j++)
        out[OVERALL + j] = mean_over(r, each, j);
    for (size_t i = 0; i < r->b->n && r->all_miss; i++) {
        miss += r->all_miss[i] * weight[i];
        total += weight[i];
    }
    if (r->all_miss)
        out[OVERALL + BRIER] = miss / total;
    ost_free(count);
}

/* Mean of what is not NaN. */
double ost_strided_mean(const double *v, size_t n, size_t stride)
{
    double sum = 0, found = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(v[i * stride]))
            continue;
        sum += v[i * stride];
        found += 1;
    }
    return found > 0 ? sum / found : OST_UNDEFINED;
}

/* Squared distances of all classes' scores from the truth, per case. */
static double *add_misses(const ost_block *b, const resampling *r)
{
    double *all = OST_ARENA_ARRAY(b->arena, double, b->n);

    for (size_t k = 0; k < r->n_sorted; k++) {
        const sorted_class *c = &r->sorted[k];

        if (!c->order || !c->probabilities)
            return NULL;
        for (size_t i = 0; i < b->n; i++)
            all[c->order[i]] += c->miss[i];
    }
    return all;
}

static double *rates_taken(const ost_block *b, size_t classes)
{
    static double (*const rates[])(const ost_class_counts *,
                                   ost_zero_division) = {
        [PRECISION] = ost_precision,
        [RECALL] = ost_recall,
        [SPECIFICITY] = ost_specificity,
        [NPV] = ost_npv,
        [F1] = ost_f1,
    };
    ost_zero_division zero = (ost_zero_division)b->e->params->zero_division;
    double *taken = OST_ARENA_ARRAY(b->arena, double, classes *OF_CLASS);

    for (size_t i = 0; i < classes * OF_CLASS; i++) {
        ost_class_counts c = ost_confusion_class(&b->confusion, i / OF_CLASS);
        size_t j = i % OF_CLASS;

        taken[i] = j <= F1 && isnan(rates[j](&c, OST_ZERO_IS_UNDEFINED))
                       ? rates[j](&c, zero)
                       : OST_UNDEFINED;
    }
    return taken;
}

static void prepare(const ost_block *b, resampling *r)
{
    size_t classes = b->e->cases->n_classes;
    bool two = b->e->positive != OST_NO_CLASS;
    const uint32_t *order;

    *r = (resampling){
        .b = b,
        .classes = classes,
        .n_sorted = two ? 1 : classes,
    };
    r->sorted = OST_ARENA_ARRAY(b->arena, sorted_class, r->n_sorted);
    r->cell = OST_ARENA_ARRAY(b->arena, uint32_t, b->n);
    for (size_t k = 0; k < r->n_sorted; k++)
        sort_class(b, two ? b->e->positive : (uint32_t)k, &r->sorted[k]);
    order = two ? r->sorted[0].order : NULL;
    for (size_t i = 0; i < b->n; i++) {
        size_t at = order ? order[i] : i;

        r->cell[i] = b->truth[at] * (uint32_t)classes + b->predicted[at];
        r->both |= b->truth[i] != b->truth[0];
    }
    if (two)
        return;
    r->all_miss = add_misses(b, r);
    r->taken = rates_taken(b, classes);
}

/* Members that a block does not have get no interval. */
static void add_replicated(const ost_block *b, const ost_replicates *r,
                           size_t at, uint32_t k, const char *const *names,
                           size_t n, const json_t *block, json_t *intervals)
{
    for (size_t j = 0; j < n; j++) {
        const json_t *v = json_object_get(block, names[j]);
        json_t *i;

        if (!json_is_number(v) || json_object_get(intervals, names[j]))
            continue;
        i = ost_certain_interval(b, names[j], k, json_number_value(v));
        json_object_set_new(intervals, names[j],
                            i ? i : ost_replicates_interval(b, r, at + j));
    }
}

static void add_bootstrap(ost_block *b)
{
    const json_t *each = json_object_get(b->out, "per_class");
    size_t classes = json_array_size(each);
    size_t k = OVERALL + OF_CLASS + classes * OF_CLASS;
    resampling r;
    ost_replicates found;

    prepare(b, &r);
    if (b->e->positive != OST_NO_CLASS)
        found = ost_replicates_of(b, numbers_of_two, &r, k, r.sorted[0].order,
                                  b->truth);
    else
        found = ost_replicates_of(b, numbers_of_more, &r, k, NULL, b->truth);
    add_replicated(b, &found, 0, b->e->positive, ost_kept_names, OST_KEPT,
                   b->out, b->intervals);
    for (size_t c = 0; c < classes; c++) {
        const json_t *one = json_array_get(each, c);

        add_replicated(b, &found, OVERALL + OF_CLASS + c * OF_CLASS,
                       (uint32_t)c, ost_kept_names + OVERALL, OF_CLASS, one,
                       json_object_get(one, "intervals"));
    }
    if (b->e->keep && found.value)
        memcpy(b->e->keep, found.value, found.n * k * sizeof(double));
    ost_replicates_release(&found);
}

void ost_block_intervals(ost_block *b)
{
    if (ost_formulas_hold(b->e))
        ost_block_formulas(b);
    if (ost_drawing_of(b->e).replicates > 0 && b->n > 0)
        add_bootstrap(b);
}
