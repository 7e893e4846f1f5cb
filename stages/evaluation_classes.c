/* stages/evaluation_classes.c - blocks of more than two classes
 *
 * Each class is held against the rest; the headline numbers are plain means
 * over the classes (macro).  What is undefined for a class is left out of a
 * mean.
 */
#include "kernels/stats/folds.h"
#include "kernels/stats/multiclass.h"
#include "kernels/stats/precision_recall.h"
#include "stages/evaluation_blocks.h"

#include <string.h>

#include "base/banned.h"

/* Plain and support-weighted means of a rate over the classes. */
static void add_means(const ost_block *b, const char *name,
                      double (*rate)(const ost_class_counts *,
                                     ost_zero_division),
                      json_t *weighted)
{
    const ost_confusion *c = &b->confusion;
    double *v = OST_ARENA_ARRAY(b->arena, double, c->classes);
    uint64_t *support = OST_ARENA_ARRAY(b->arena, uint64_t, c->classes);
    const char *reason = b->n ? OST_ZERO_BELOW : OST_NO_ITEMS;

    for (size_t k = 0; k < c->classes; k++) {
        ost_class_counts counts = ost_confusion_class(c, k);

        v[k] = rate(&counts, (ost_zero_division)b->e->params->zero_division);
        support[k] = counts.tp + counts.fn;
    }
    json_object_set_new(b->out, name,
                        ost_number_or(ost_mean_of(v, c->classes).mean, reason));
    json_object_set_new(
        weighted, name,
        ost_number_or(ost_weighted_mean(v, support, c->classes), reason));
}

static json_t *micro_json(const ost_block *b)
{
    const char *reason = b->n ? OST_ZERO_BELOW : OST_NO_ITEMS;
    ost_class_means m =
        ost_class_means_of(&b->confusion, NULL, b->confusion.classes,
                           (ost_zero_division)b->e->params->zero_division);

    return json_pack("{s:o, s:o, s:o}", "precision",
                     ost_number_or(m.micro.precision, reason), "recall",
                     ost_number_or(m.micro.recall, reason), "f1",
                     ost_number_or(m.micro.f1, reason));
}

static json_t *class_json(const ost_block *b, uint32_t k)
{
    const char *name = b->e->cases->classes[k];
    ost_class_counts counts = ost_confusion_class(&b->confusion, k);
    uint64_t n = counts.tp + counts.fn;
    json_t *out = json_pack("{s:s, s:I, s:I, s:I}", "class", name, "n",
                            (json_int_t)n, "n_positive", (json_int_t)n,
                            "n_negative", (json_int_t)(b->n - n));
    const char *place =
        ost_arena_printf(b->arena, "%s, class '%s'", b->where, name);
    ost_scores s;
    ost_roc roc;

    ost_block_rates(b, place, &counts, out);
    if (b->e->cases->score) {
        s = ost_block_scores(b, k);
        ost_block_areas(b, place, &s, b->points ? OST_CURVE_SHORT : 0, out,
                        &roc);
    }
    json_object_set_new(out, "intervals", json_object());
    return out;
}

static void add_areas(const ost_block *b, const double *score)
{
    size_t classes = b->e->cases->n_classes;
    const char *reason = b->n ? OST_ONE_CLASS : OST_NO_ITEMS;
    ost_multiclass_auc m =
        ost_multiclass_auc_of(b->truth, score, b->n, classes, b->arena);
    ost_average_precisions p =
        ost_class_average_precisions(b->truth, score, b->n, classes, b->arena);
    const struct {
        const char *name;
        double value;
    } areas[] = {
        { "auc", m.ovr_macro },
        { "auc_weighted", m.ovr_weighted },
        { "auc_micro", m.ovr_micro },
        { "auc_ovo", m.ovo_macro },
        { "auc_ovo_weighted", m.ovo_weighted },
        { "average_precision", p.macro },
        { "average_precision_weighted", p.weighted },
        { "average_precision_micro", p.micro },
    };

    for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++)
        json_object_set_new(b->out, areas[i].name,
                            ost_number_or(areas[i].value, reason));
}

static void add_probabilities(const ost_block *b, const double *score)
{
    size_t classes = b->e->cases->n_classes;
    bool fine =
        ost_probabilities_check(score, b->n * classes) == b->n * classes;
    const char *reason = fine ? OST_NO_ITEMS : OST_NO_PROBABILITIES;
    double brier = OST_UNDEFINED, loss = OST_UNDEFINED;
    ost_calibration c;

    if (fine) {
        brier = ost_class_brier(b->truth, score, b->n, classes);
        loss = ost_class_log_loss(b->truth, score, b->n, classes);
    }
    json_object_set_new(b->out, "brier", ost_number_or(brier, reason));
    json_object_set_new(b->out, "log_loss", ost_rounded_or(loss, reason));
    if (b->points == OST_CURVE_NONE)
        return;
    if (!fine || b->n == 0) {
        json_object_set_new(b->out, "calibration",
                            ost_number_or(OST_UNDEFINED, reason));
        return;
    }
    c = ost_class_calibration(b->truth, score, b->n, classes,
                              (size_t)b->e->params->bins, OST_BINS_UNIFORM,
                              b->arena);
    json_object_set_new(b->out, "calibration", ost_calibration_json(&c));
}

void ost_block_classes(ost_block *b)
{
    size_t classes = b->e->cases->n_classes;
    json_t *each = json_array(), *weighted = json_object();
    double *score;

    for (uint32_t k = 0; k < classes; k++)
        json_array_append_new(each, class_json(b, k));
    add_means(b, "precision", ost_precision, weighted);
    add_means(b, "recall", ost_recall, weighted);
    add_means(b, "specificity", ost_specificity, weighted);
    add_means(b, "npv", ost_npv, weighted);
    add_means(b, "f1", ost_f1, weighted);
    json_object_set_new(b->out, "weighted", weighted);
    json_object_set_new(b->out, "micro", micro_json(b));
    json_object_set_new(b->out, "per_class", each);
    if (!b->e->cases->score) {
        json_object_set_new(b->out, "auc",
                            ost_number_or(OST_UNDEFINED, OST_NO_SCORES));
        return;
    }
    score = OST_ARENA_ARRAY(b->arena, double, b->n *classes);
    for (size_t k = 0; k < classes; k++)
        for (size_t i = 0; i < b->n; i++)
            score[i * classes + k] = b->e->cases->score[k][b->index[i]];
    add_areas(b, score);
    add_probabilities(b, score);
}
