/* engine/report_curves.c - ROC curves and training curves */
#include "engine/report_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const ost_plot roc_plot = {
    .left = 56,
    .right = 376,
    .top = 10,
    .bottom = 330,
    .x1 = 1,
    .y1 = 1,
};

/* --- ROC ---------------------------------------------------------------- */

static void add_curve(ost_report_page *p, const json_t *roc, const char *class)
{
    size_t n, m;
    double *x = ost_report_array(p, json_object_get(roc, "fpr"), &n);
    double *y = ost_report_array(p, json_object_get(roc, "tpr"), &m);

    ost_plot_path(p->out, &roc_plot, class, x, y, n < m ? n : m);
}

/* mean -+ standard deviation, down one side and up the other. */
static void add_band(ost_report_page *p, const json_t *mean)
{
    size_t n, m, k;
    double *x = ost_report_array(p, json_object_get(mean, "fpr"), &n);
    double *lower = ost_report_array(p, json_object_get(mean, "lower"), &m);
    double *upper = ost_report_array(p, json_object_get(mean, "upper"), &k);
    double *round_x, *round_y;

    if (n == 0 || n != m || n != k)
        return;
    round_x = OST_ARENA_ARRAY(&p->arena, double, 2 * n);
    round_y = OST_ARENA_ARRAY(&p->arena, double, 2 * n);
    for (size_t i = 0; i < n; i++) {
        round_x[i] = x[i];
        round_y[i] = upper[i];
        round_x[2 * n - 1 - i] = x[i];
        round_y[2 * n - 1 - i] = lower[i];
    }
    ost_plot_path(p->out, &roc_plot, "band", round_x, round_y, 2 * n);
}

/* Where the predictions of the confusion matrix lie on the plane. */
static void add_operating_point(ost_buf *out, const json_t *set)
{
    if (!ost_report_has(set, "recall") || !ost_report_has(set, "specificity"))
        return;
    ost_buf_adds(out, "<circle class=\"point\" r=\"4.5\"");
    ost_svg_attr(out, "cx",
                 ost_plot_x(&roc_plot, 1 - json_number_value(json_object_get(
                                               set, "specificity"))));
    ost_svg_attr(out, "cy",
                 ost_plot_y(&roc_plot,
                            json_number_value(json_object_get(set, "recall"))));
    ost_buf_adds(out, "/>\n");
}

static void series_class(char *class, size_t size, size_t i, const char *more)
{
    snprintf(class, size, "line s%zu%s", i % OST_REPORT_COLORS, more);
}

static void add_key(ost_buf *out, const char *class, const char *name,
                    const json_t *value, const json_t *number,
                    const json_t *interval)
{
    ost_buf_addf(out,
                 "<li><svg class=\"key\" viewBox=\"0 0 22 8\" width=\"22\" "
                 "height=\"8\" aria-hidden=\"true\"><path class=\"%s\" "
                 "d=\"M1 4H21\"/></svg><span>",
                 class);
    ost_buf_add_html(out, name);
    if (value) {
        ost_buf_addc(out, ' ');
        ost_report_value(out, value);
    }
    ost_buf_adds(out, "</span><b>");
    ost_report_rate(out, number);
    ost_buf_adds(out, "</b><small>");
    ost_report_interval(out, interval);
    ost_buf_adds(out, "</small></li>\n");
}

/* The sets that have a curve of their own: folds, or the classes of a pooled
 * set with several. */
static const json_t *curve_sets(const json_t *document)
{
    const json_t *classes =
        json_object_get(json_object_get(document, "pooled"), "per_class");

    return json_array_size(classes) > 0 ? classes
                                        : json_object_get(document, "folds");
}

static void add_roc_drawing(ost_report_page *p, const json_t *document)
{
    const json_t *sets = curve_sets(document);
    const json_t *pooled = json_object_get(document, "pooled");
    const json_t *mean = json_object_get(document, "mean_roc");
    bool averaged = json_is_array(json_object_get(mean, "tpr")) &&
                    json_array_size(sets) > 1;
    char class[32];

    ost_svg_open(p, "chart roc", 392, 374, "ROC curves",
                 "True positive rate against false positive rate. The areas "
                 "are listed beside the drawing.");
    ost_plot_axes(p->out, &roc_plot, 0.2, 0.2, "1 \xe2\x88\x92 specificity",
                  "Sensitivity");
    ost_svg_line(p->out, "chance", roc_plot.left, roc_plot.bottom,
                 roc_plot.right, roc_plot.top);
    if (averaged)
        add_band(p, mean);
    for (size_t i = 0; i < json_array_size(sets); i++) {
        series_class(class, sizeof(class), i, averaged ? " thin" : "");
        add_curve(p, json_object_get(json_array_get(sets, i), "roc"), class);
    }
    add_curve(p, json_object_get(pooled, "roc"),
              averaged ? "line pooled" : "line main");
    if (averaged)
        add_curve(p, mean, "line main");
    if (*ost_report_text(document, "positive"))
        add_operating_point(p->out, pooled);
    ost_svg_close(p);
}

static void add_roc_keys(ost_buf *out, const json_t *document)
{
    const json_t *sets = curve_sets(document);
    const json_t *pooled = json_object_get(document, "pooled");
    const json_t *mean = json_object_get(document, "mean_roc");
    const char *by = ost_report_by(document);
    bool averaged = json_is_array(json_object_get(mean, "tpr")) &&
                    json_array_size(sets) > 1;
    bool two = *ost_report_text(document, "positive") != 0;
    char class[32];

    ost_buf_adds(out, "<ul class=\"keys\">\n");
    for (size_t i = 0; i < json_array_size(sets); i++) {
        const json_t *one = json_array_get(sets, i);
        const json_t *name = json_object_get(one, two ? by : "class");

        series_class(class, sizeof(class), i, averaged ? " thin" : "");
        add_key(out, class, two ? by : "", name, json_object_get(one, "auc"),
                json_object_get(json_object_get(one, "intervals"), "auc"));
    }
    if (averaged) {
        ost_buf_adds(out, "<li><svg class=\"key\" viewBox=\"0 0 22 8\" "
                          "width=\"22\" height=\"8\" aria-hidden=\"true\">"
                          "<path class=\"band\" d=\"M1 0H21V8H1Z\"/><path "
                          "class=\"line main\" d=\"M1 4H21\"/></svg>"
                          "<span>Mean curve \xc2\xb1 SD</span><b>");
        ost_report_rate(out, json_object_get(mean, "auc"));
        ost_buf_adds(out, "</b><small>\xc2\xb1\xe2\x80\xaf");
        ost_report_rate(out, json_object_get(mean, "auc_std"));
        ost_buf_adds(out, "</small></li>\n");
    }
    if (two)
        add_key(out, averaged ? "line pooled" : "line main", "Pooled", NULL,
                json_object_get(pooled, "auc"),
                json_object_get(json_object_get(pooled, "intervals"), "auc"));
    if (two && ost_report_has(pooled, "recall"))
        ost_buf_adds(out, "<li><svg class=\"key\" viewBox=\"0 0 22 8\" "
                          "width=\"22\" height=\"8\" aria-hidden=\"true\">"
                          "<circle class=\"point\" cx=\"11\" cy=\"4\" "
                          "r=\"3.5\"/></svg><span class=\"all\">Pooled, as "
                          "called</span>"
                          "</li>\n");
    ost_buf_adds(out, "</ul>\n");
}

static bool any_curve(const json_t *document)
{
    const json_t *sets = curve_sets(document);

    if (json_object_get(
            json_object_get(json_object_get(document, "pooled"), "roc"), "fpr"))
        return true;
    for (size_t i = 0; i < json_array_size(sets); i++) {
        if (json_object_get(json_object_get(json_array_get(sets, i), "roc"),
                            "fpr"))
            return true;
    }
    return false;
}

void ost_report_roc(ost_report_page *p, const json_t *document)
{
    char id[32];

    if (!any_curve(document))
        return;
    snprintf(id, sizeof(id), "roc%u", ++p->ids);
    ost_report_open(p, id, "ROC curves");
    ost_buf_adds(p->out, "<div class=\"plot\">\n");
    add_roc_drawing(p, document);
    add_roc_keys(p->out, document);
    ost_buf_adds(p->out, "</div>\n");
    ost_report_close(p);
}

/* --- training ----------------------------------------------------------- */

enum { MOST_MEASURES = 6 };

typedef struct {
    const char *names[MOST_MEASURES];
    size_t n;
    double low;
    double high;
    double epochs;
} measures;

static bool is_loss(const char *name)
{
    return strstr(name, "loss") != NULL;
}

static bool is_measure(const char *name)
{
    static const char *const others[] = { "epoch", "lr",      "learning_rate",
                                          "rate",  "seconds", "step" };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(name, others[i]) == 0)
            return false;
    }
    return true;
}

static double epoch_of(const json_t *entry, size_t i)
{
    const json_t *epoch = json_object_get(entry, "epoch");

    return json_is_number(epoch) ? json_number_value(epoch) : (double)(i + 1);
}

static void note_measure(measures *m, const char *name, double v)
{
    size_t i = 0;

    while (i < m->n && strcmp(m->names[i], name) != 0)
        i++;
    if (i == MOST_MEASURES)
        return;
    if (i == m->n)
        m->names[m->n++] = name;
    if (isfinite(v)) {
        m->low = fmin(m->low, v);
        m->high = fmax(m->high, v);
    }
}

/* What all histories measure that is (not) a loss. */
static measures find_measures(const json_t *models, bool loss)
{
    measures m = { .low = (double)INFINITY, .high = -(double)INFINITY };

    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *history =
            json_object_get(json_array_get(models, i), "history");

        for (size_t k = 0; k < json_array_size(history); k++) {
            json_t *entry = json_array_get(history, k), *v;
            const char *name;

            m.epochs = fmax(m.epochs, epoch_of(entry, k));
            json_object_foreach(entry, name, v)
            {
                if (json_is_number(v) && is_measure(name) &&
                    is_loss(name) == loss)
                    note_measure(&m, name, json_number_value(v));
            }
        }
    }
    return m;
}

/* From 0, and up to 1 where that is the natural end. */
static ost_plot training_plot(const measures *m, bool loss)
{
    ost_plot plot = {
        .left = 56, .right = 396, .top = 10, .bottom = 210, .x0 = 1
    };
    double step;

    plot.x1 = fmax(m->epochs, 2);
    plot.y0 = fmin(m->low, 0);
    plot.y1 = m->high;
    if (!loss && m->low >= 0 && m->high <= 1) {
        plot.y1 = 1;
        plot.y0 = m->low >= 0.5 ? 0.5 : 0;
    }
    if (!(plot.y1 > plot.y0))
        plot.y1 = plot.y0 + 1;
    step = ost_plot_step(plot.y1 - plot.y0, 5);
    plot.y1 = ceil(plot.y1 / step - 1e-9) * step;
    plot.y0 = floor(plot.y0 / step + 1e-9) * step;
    return plot;
}

static void add_history(ost_report_page *p, const ost_plot *plot,
                        const json_t *history, const char *name,
                        const char *class)
{
    size_t n = json_array_size(history), found = 0;
    double *x = OST_ARENA_ARRAY(&p->arena, double, n);
    double *y = OST_ARENA_ARRAY(&p->arena, double, n);

    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(history, i);

        if (!ost_report_has(entry, name))
            continue;
        x[found] = epoch_of(entry, i);
        y[found++] = json_number_value(json_object_get(entry, name));
    }
    if (found == 1) {
        ost_buf_addf(p->out, "<circle class=\"%s dot\" r=\"3\"", class);
        ost_svg_attr(p->out, "cx", ost_plot_x(plot, x[0]));
        ost_svg_attr(p->out, "cy", ost_plot_y(plot, y[0]));
        ost_buf_adds(p->out, "/>\n");
    } else if (found > 1) {
        ost_plot_path(p->out, plot, class, x, y, found);
    }
}

/* What the line styles stand for, when there are several. */
static void add_measure_keys(ost_buf *out, const measures *m)
{
    if (m->n < 2)
        return;
    ost_buf_adds(out, "<ul class=\"keys inline\">\n");
    for (size_t k = 0; k < m->n; k++) {
        ost_buf_addf(out,
                     "<li><svg class=\"key\" viewBox=\"0 0 22 8\" width=\"22\" "
                     "height=\"8\" aria-hidden=\"true\"><path class=\"line "
                     "plain d%zu\" d=\"M1 4H21\"/></svg><span>",
                     k);
        ost_buf_add_html(out, m->names[k]);
        ost_buf_adds(out, "</span></li>\n");
    }
    ost_buf_adds(out, "</ul>\n");
}

static void add_training_plot(ost_report_page *p, const json_t *models,
                              bool loss)
{
    measures m = find_measures(models, loss);
    ost_plot plot;
    char class[32];

    if (m.n == 0 || m.low > m.high)
        return;
    plot = training_plot(&m, loss);
    ost_buf_adds(p->out, "<figure>\n<figcaption>");
    ost_report_heading(p->out, loss       ? "loss"
                               : m.n == 1 ? m.names[0]
                                          : "measures");
    ost_buf_adds(p->out, "</figcaption>\n");
    ost_svg_open(p, "chart training", 410, 256,
                 loss ? "Loss by epoch" : "Measures by epoch",
                 "One line per model.");
    ost_plot_axes(p->out, &plot, fmax(ost_plot_step(plot.x1 - plot.x0, 8), 1),
                  ost_plot_step(plot.y1 - plot.y0, 5), "Epoch", "");
    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *history =
            json_object_get(json_array_get(models, i), "history");

        for (size_t k = 0; k < m.n; k++) {
            snprintf(class, sizeof(class), "line s%zu d%zu",
                     i % OST_REPORT_COLORS, k);
            add_history(p, &plot, history, m.names[k], class);
        }
    }
    ost_svg_close(p);
    add_measure_keys(p->out, &m);
    ost_buf_adds(p->out, "</figure>\n");
}

void ost_report_training(ost_report_page *p)
{
    const json_t *models = json_object_get(p->doc, "models");
    size_t n = json_array_size(models), with_history = 0;

    for (size_t i = 0; i < n; i++)
        with_history += json_array_size(json_object_get(
                            json_array_get(models, i), "history")) > 0;
    if (with_history == 0)
        return;
    ost_report_open(p, "training", "Training");
    ost_buf_adds(p->out, "<div class=\"plots\">\n");
    add_training_plot(p, models, true);
    add_training_plot(p, models, false);
    ost_buf_adds(p->out, "</div>\n");
    if (n > 1) {
        ost_buf_adds(p->out, "<ul class=\"keys inline\">\n");
        for (size_t i = 0; i < n; i++) {
            ost_buf_addf(p->out,
                         "<li><svg class=\"key\" viewBox=\"0 0 22 8\" "
                         "width=\"22\" height=\"8\" aria-hidden=\"true\"><path "
                         "class=\"line s%zu\" d=\"M1 4H21\"/></svg><span>",
                         i % OST_REPORT_COLORS);
            ost_report_entry_name(p->out, json_array_get(models, i), i);
            ost_buf_adds(p->out, "</span></li>\n");
        }
        ost_buf_adds(p->out, "</ul>\n");
    }
    ost_report_close(p);
}
