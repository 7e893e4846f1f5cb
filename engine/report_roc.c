/* engine/report_roc.c - ROC curves and precision-recall curves */
#include "engine/report_impl.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

static const ost_plot square = {
    .left = 56,
    .right = 376,
    .top = 10,
    .bottom = 330,
    .x1 = 1,
    .y1 = 1,
};

/* What the two kinds of curves call their parts. */
typedef struct {
    const char *curve;
    const char *x;
    const char *y;
    const char *area;
} kind;

static const kind roc = { "roc", "fpr", "tpr", "auc" };
static const kind pr = { "pr", "recall", "precision", "average_precision" };

/* The sets that have a curve of their own: folds, or the classes of a pooled
 * set with several, or labels, or the arms of a comparison. */
static const json_t *curve_sets(const json_t *document, const kind *k)
{
    const json_t *classes =
        json_object_get(json_object_get(document, "pooled"), "per_class");
    const json_t *labels =
        json_object_get(json_object_get(document, "pooled"), "labels");

    if (json_array_size(classes) > 0)
        return classes;
    if (json_object_get(document, "arms"))
        return json_object_get(document, "arms");
    if (json_object_get(json_array_get(labels, 0), k->curve))
        return labels;
    return json_object_get(document, "folds");
}

static bool has_curve(const json_t *set, const kind *k)
{
    return json_array_size(
               json_object_get(json_object_get(set, k->curve), k->x)) > 0;
}

static bool any_curve(const json_t *document, const kind *k)
{
    const json_t *sets = curve_sets(document, k);

    if (has_curve(json_object_get(document, "pooled"), k))
        return true;
    for (size_t i = 0; i < json_array_size(sets); i++)
        if (has_curve(json_array_get(sets, i), k))
            return true;
    return false;
}

/* Precision is a step function of recall: it is drawn as one. */
static void add_curve(ost_report_page *p, ost_report_figure *f,
                      const json_t *curve, const kind *k, const char *class)
{
    size_t n, m;
    double *x = ost_report_array(p, json_object_get(curve, k->x), &n);
    double *y = ost_report_array(p, json_object_get(curve, k->y), &m);
    double *sx, *sy;

    n = n < m ? n : m;
    if (n == 0)
        return;
    if (k == &roc) {
        ost_plot_path(&f->body, &square, class, x, y, n);
        return;
    }
    sx = OST_ARENA_ARRAY(&p->arena, double, 2 * n);
    sy = OST_ARENA_ARRAY(&p->arena, double, 2 * n);
    m = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            sx[m] = x[i];
            sy[m++] = y[i - 1];
        }
        sx[m] = x[i];
        sy[m++] = y[i];
    }
    ost_plot_path(&f->body, &square, class, sx, sy, m);
}

/* Down one side and up the other. */
static bool add_band(ost_report_page *p, ost_report_figure *f,
                     const json_t *band)
{
    size_t n, m, k;
    double *x = ost_report_array(p, json_object_get(band, "fpr"), &n);
    double *lower = ost_report_array(p, json_object_get(band, "lower"), &m);
    double *upper = ost_report_array(p, json_object_get(band, "upper"), &k);
    double *round_x, *round_y;

    if (n == 0 || n != m || n != k)
        return false;
    round_x = OST_ARENA_ARRAY(&p->arena, double, 2 * n);
    round_y = OST_ARENA_ARRAY(&p->arena, double, 2 * n);
    for (size_t i = 0; i < n; i++) {
        round_x[i] = x[i];
        round_y[i] = upper[i];
        round_x[2 * n - 1 - i] = x[i];
        round_y[2 * n - 1 - i] = lower[i];
    }
    ost_plot_path(&f->body, &square, "band", round_x, round_y, 2 * n);
    return true;
}

static void add_sets(ost_report_page *p, ost_report_figure *f,
                     const json_t *document, const kind *k, bool averaged)
{
    const json_t *sets = curve_sets(document, k);
    const char *by = ost_report_by(document);
    size_t n = json_array_size(sets);

    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(sets, i);
        const char *class = ost_report_series(p, i, averaged ? " thin" : "");
        const json_t *name = json_object_get(one, "class");
        const char *words;

        if (!has_curve(one, k))
            continue;
        name = name ? name : json_object_get(one, "label");
        name = name ? name : json_object_get(one, "name");
        words = name ? ost_report_words(p, name)
                     : ost_arena_printf(
                           &p->arena, "%s %s", by,
                           ost_report_words(p, json_object_get(one, by)));
        add_curve(p, f, json_object_get(one, k->curve), k, class);
        ost_report_line_key(p, f, class, words, json_object_get(one, k->area),
                            ost_report_interval_of(one, k->area));
    }
}

static void add_mean(ost_report_page *p, ost_report_figure *f,
                     const json_t *mean)
{
    ost_buf value = { 0 }, small = { 0 };

    add_curve(p, f, mean, &roc, "line main");
    ost_report_rate(&value, json_object_get(mean, "auc"));
    ost_buf_adds(&small, "\xc2\xb1\xe2\x80\xaf");
    ost_report_rate(&small, json_object_get(mean, "auc_std"));
    ost_figure_key(f,
                   "<path class=\"band\" d=\"M1 0H21V8H1Z\"/>"
                   "<path class=\"line main\" d=\"M1 4H21\"/>",
                   "Mean curve \xc2\xb1 SD", ost_buf_str(&value),
                   ost_buf_str(&small));
    ost_buf_release(&value);
    ost_buf_release(&small);
}

/* Where the calls of the confusion matrix lie. */
static void add_called(ost_report_page *p, ost_report_figure *f,
                       const json_t *document, const kind *k)
{
    const json_t *pooled = json_object_get(document, "pooled");
    const json_t *threshold = json_object_get(document, "threshold");
    double x = k == &roc ? 1 - ost_report_real(pooled, "specificity")
                         : ost_report_real(pooled, "recall");
    double y = ost_report_real(pooled, k == &roc ? "recall" : "precision");

    if (!*ost_report_text(document, "positive") || !isfinite(x) || !isfinite(y))
        return;
    ost_svg_circle(&f->body, "point", ost_plot_x(&square, x),
                   ost_plot_y(&square, y), 4.5);
    ost_figure_key(f, "<circle class=\"point\" cx=\"11\" cy=\"4\" r=\"3.5\"/>",
                   json_is_number(threshold)
                       ? ost_arena_printf(&p->arena,
                                          "Pooled, from a score of %.3g",
                                          json_number_value(threshold))
                       : "Pooled, as called",
                   "", "");
}

void ost_report_roc(ost_report_page *p, const json_t *document)
{
    const json_t *pooled = json_object_get(document, "pooled");
    const json_t *mean = json_object_get(document, "mean_roc");
    const json_t *sets = curve_sets(document, &roc);
    const json_t *band =
        json_object_get(json_object_get(pooled, "roc"), "band");
    bool averaged = json_is_array(json_object_get(mean, "tpr")) &&
                    json_array_size(sets) > 1;
    const char *class = averaged ? "line pooled" : "line main";
    ost_report_figure *f;

    if (!any_curve(document, &roc))
        return;
    ost_report_open(p, "roc", "ROC curves");
    f = ost_figure_new(&p->arena, ost_report_id(p, "roc"), "",
                       "True positive rate against false positive rate, with "
                       "the areas under the curves.",
                       "chart", 392, 374);
    ost_plot_axes(&f->body, &square, 0.2, 0.2, "1 \xe2\x88\x92 specificity",
                  "Sensitivity");
    ost_svg_line(&f->body, "chance", square.left, square.bottom, square.right,
                 square.top);
    if (averaged)
        add_band(p, f, mean);
    else if (band)
        add_band(p, f, band);
    add_sets(p, f, document, &roc, averaged);
    if (averaged)
        add_mean(p, f, mean);
    if (has_curve(pooled, &roc)) {
        add_curve(p, f, json_object_get(pooled, "roc"), &roc, class);
        ost_report_line_key(p, f, class, "Pooled",
                            json_object_get(pooled, "auc"),
                            ost_report_interval_of(pooled, "auc"));
    }
    add_called(p, f, document, &roc);
    ost_report_figure_put(p, f);
    ost_report_close(p);
}

void ost_report_recall(ost_report_page *p, const json_t *document)
{
    const json_t *pooled = json_object_get(document, "pooled");
    double share = ost_report_real(pooled, "n_positive") /
                   ost_report_real(pooled, "n_items");
    ost_report_figure *f;

    if (!any_curve(document, &pr))
        return;
    ost_report_open(p, "recall", "Precision and recall");
    f = ost_figure_new(&p->arena, ost_report_id(p, "precision-recall"), "",
                       "Precision against recall, with the average "
                       "precisions.",
                       "chart", 392, 374);
    ost_plot_axes(&f->body, &square, 0.2, 0.2, "Recall (sensitivity)",
                  "Precision");
    if (share >= 0 && share <= 1)
        ost_svg_line(&f->body, "chance", square.left,
                     ost_plot_y(&square, share), square.right,
                     ost_plot_y(&square, share));
    add_sets(p, f, document, &pr, has_curve(pooled, &pr));
    if (has_curve(pooled, &pr)) {
        add_curve(p, f, json_object_get(pooled, "pr"), &pr, "line main");
        ost_report_line_key(
            p, f, "line main", "Pooled",
            json_object_get(pooled, "average_precision"),
            ost_report_interval_of(pooled, "average_precision"));
    }
    if (share >= 0 && share <= 1)
        ost_figure_key(f, "<path class=\"chance\" d=\"M1 4H21\"/>",
                       "Share of positives", "", "");
    add_called(p, f, document, &pr);
    ost_report_figure_put(p, f);
    ost_report_close(p);
}
