/* engine/report_calibration.c - how often scores come true */
#include "engine/report_impl.h"

#include <math.h>

#include "base/banned.h"

enum { BAR_TOP = 354, BAR_HEIGHT = 44 };

static const ost_plot square = {
    .left = 56,
    .right = 376,
    .top = 10,
    .bottom = 330,
    .x1 = 1,
    .y1 = 1,
};

/* How many scores lie in each bin, below the plot. */
static void add_bars(ost_report_figure *f, const json_t *bins)
{
    double most = 1;

    for (size_t i = 0; i < json_array_size(bins); i++)
        most = fmax(most, ost_report_real(json_array_get(bins, i), "n"));
    for (size_t i = 0; i < json_array_size(bins); i++) {
        const json_t *bin = json_array_get(bins, i);
        double lower = ost_report_real(bin, "lower");
        double upper = ost_report_real(bin, "upper");
        double n = ost_report_real(bin, "n");
        double height = BAR_HEIGHT * n / most;
        double x = ost_plot_x(&square, lower);

        if (!(n > 0) || !(upper > lower))
            continue;
        ost_svg_rect(&f->body, "bars", x + 0.5, BAR_TOP + BAR_HEIGHT - height,
                     fmax(ost_plot_x(&square, upper) - x - 1, 1), height, 0);
    }
    ost_svg_text(&f->body, "tick end", square.left - 7, BAR_TOP + 11, "n");
    ost_svg_line(&f->body, "axis", square.left, BAR_TOP + BAR_HEIGHT,
                 square.right, BAR_TOP + BAR_HEIGHT);
}

static void add_points(ost_report_page *p, ost_report_figure *f,
                       const json_t *bins)
{
    size_t n = json_array_size(bins), found = 0;
    double *x = OST_ARENA_ARRAY(&p->arena, double, n);
    double *y = OST_ARENA_ARRAY(&p->arena, double, n);

    for (size_t i = 0; i < n; i++) {
        const json_t *bin = json_array_get(bins, i);
        double lower, upper;

        x[found] = ost_report_real(bin, "score");
        y[found] = ost_report_real(bin, "observed");
        if (!isfinite(x[found]) || !isfinite(y[found]))
            continue;
        if (ost_interval_ends(json_object_get(bin, "interval"), &lower, &upper))
            ost_svg_line(&f->body, "reach", ost_plot_x(&square, x[found]),
                         ost_plot_y(&square, lower),
                         ost_plot_x(&square, x[found]),
                         ost_plot_y(&square, upper));
        found++;
    }
    ost_plot_path(&f->body, &square, "line main", x, y, found);
    for (size_t i = 0; i < found; i++)
        ost_svg_circle(&f->body, "mark", ost_plot_x(&square, x[i]),
                       ost_plot_y(&square, y[i]), 4);
}

static void add_key(ost_report_page *p, ost_report_figure *f, const char *words,
                    const json_t *set, const char *name)
{
    ost_buf value = { 0 };

    if (!json_object_get(set, name))
        return;
    ost_report_rate(&value, json_object_get(set, name));
    ost_figure_key(f, "", words, ost_buf_str(&value), "");
    ost_buf_release(&value);
    (void)p;
}

static void add_table(ost_report_page *p, const json_t *bins)
{
    ost_report_table *t =
        ost_table_new(&p->arena, ost_report_id(p, "calibration"), "");
    static const char *const names[] = { "From", "To", "Images", "Mean score",
                                         "Observed" };
    static const char *const members[] = { "lower", "upper", "n", "score",
                                           "observed" };

    for (size_t c = 0; c < 5; c++)
        ost_table_column(t, names[c], 0);
    for (size_t i = 0; i < json_array_size(bins); i++) {
        ost_table_row(t, "");
        for (size_t c = 0; c < 5; c++)
            ost_table_number(
                t, json_object_get(json_array_get(bins, i), members[c]),
                c == 2 ? 0 : 3, false);
    }
    ost_report_table_put(p, t);
}

void ost_report_calibration(ost_report_page *p, const json_t *document)
{
    const json_t *pooled = json_object_get(document, "pooled");
    const json_t *calibration = json_object_get(pooled, "calibration");
    const json_t *bins = json_object_get(calibration, "bins");
    ost_report_figure *f;

    if (json_array_size(bins) == 0)
        return;
    ost_report_open(p, "calibration", "Calibration");
    f = ost_figure_new(&p->arena, ost_report_id(p, "calibration"), "",
                       "Observed share of positives against the mean score, "
                       "by bins of scores, with the number of scores below.",
                       "chart", 392, 442);
    ost_plot_axes(&f->body, &square, 0.2, 0.2, "", "Observed share");
    ost_svg_line(&f->body, "chance", square.left, square.bottom, square.right,
                 square.top);
    add_points(p, f, bins);
    add_bars(f, bins);
    ost_svg_text(&f->body, "name mid", (square.left + square.right) / 2,
                 BAR_TOP + BAR_HEIGHT + 22, "Mean score of a bin");
    ost_figure_key(f, "<path class=\"line main\" d=\"M1 4H21\"/>", "Pooled", "",
                   "");
    ost_figure_key(f, "<path class=\"chance\" d=\"M1 4H21\"/>",
                   "Scores that come true", "", "");
    add_key(p, f, "Expected calibration error", calibration, "ece");
    add_key(p, f, "Largest calibration error", calibration, "mce");
    add_key(p, f, "Brier score", pooled, "brier");
    ost_report_figure_put(p, f);
    if (!ost_report_is_html(p))
        add_table(p, bins);
    ost_report_close(p);
}
