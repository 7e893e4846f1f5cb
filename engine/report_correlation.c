/* engine/report_correlation.c - two numbers of items against each other */
#include "engine/report_impl.h"

#include <math.h>

#include "base/banned.h"

enum { SIDE = 320 };

/* From below the smallest to above the largest, in steps of grid lines. */
static void find_range(const double *v, size_t n, double *low, double *high,
                       double *step)
{
    *low = (double)INFINITY;
    *high = -(double)INFINITY;
    for (size_t i = 0; i < n; i++)
        if (isfinite(v[i])) {
            *low = fmin(*low, v[i]);
            *high = fmax(*high, v[i]);
        }
    if (*low > *high) {
        *low = 0;
        *high = 1;
    }
    if (!(*high - *low > 1e-9 * fmax(1, fabs(*high)))) {
        *low -= 0.5;
        *high += 0.5;
    }
    *step = ost_plot_step(*high - *low, 5);
    *low = floor(*low / *step + 1e-9) * *step;
    *high = ceil(*high / *step - 1e-9) * *step;
}

static void add_scatter(ost_report_page *p, const json_t *document)
{
    const json_t *points = json_object_get(document, "points");
    size_t n = json_array_size(points);
    double *x = OST_ARENA_ARRAY(&p->arena, double, n + 1);
    double *y = OST_ARENA_ARRAY(&p->arena, double, n + 1);
    ost_plot plot = {
        .left = 64, .right = 64 + SIDE, .top = 10, .bottom = 10 + SIDE
    };
    double x_step, y_step;
    ost_report_figure *f;

    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(points, i);
        const json_t *u = json_array_get(one, 0), *v = json_array_get(one, 1);

        x[i] = json_is_number(u) ? json_number_value(u) : (double)NAN;
        y[i] = json_is_number(v) ? json_number_value(v) : (double)NAN;
    }
    find_range(x, n, &plot.x0, &plot.x1, &x_step);
    find_range(y, n, &plot.y0, &plot.y1, &y_step);
    f = ost_figure_new(&p->arena, ost_report_id(p, "correlation"), "",
                       "A point for each item, or for each patient.", "chart",
                       402, 376);
    ost_plot_axes(
        &f->body, &plot, x_step, y_step,
        ost_text_fit(&p->arena, ost_report_text(document, "x"), 12, SIDE),
        ost_text_fit(&p->arena, ost_report_text(document, "y"), 12, SIDE));
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]) && isfinite(y[i]))
            ost_svg_circle(&f->body, "dots", ost_plot_x(&plot, x[i]),
                           ost_plot_y(&plot, y[i]), n > 500 ? 2 : 3.5);
    ost_report_figure_put(p, f);
}

static void add_numbers(ost_report_page *p, const json_t *pooled)
{
    static const char *const kinds[][3] = {
        { "pearson_r", "pearson_p", "Pearson, about a line" },
        { "spearman_r", "spearman_p", "Spearman, about ranks" },
    };
    ost_report_table *t =
        ost_table_new(&p->arena, ost_report_id(p, "correlations"), "");

    ost_table_column(t, "", OST_COLUMN_TEXT);
    ost_table_column(t, "Correlation", 0);
    ost_table_column(t, "p", 0);
    for (size_t k = 0; k < 2; k++) {
        const char *name = kinds[k][0];

        if (!json_object_get(pooled, name))
            continue;
        ost_table_row(t, "");
        ost_table_text(t, kinds[k][2]);
        ost_table_interval(t, json_object_get(pooled, name),
                           ost_report_interval_of(pooled, name), 3, false);
        ost_table_p(t, json_object_get(pooled, kinds[k][1]));
    }
    t->note = ost_arena_printf(
        &p->arena, "%llu items of %llu patients.",
        (unsigned long long)ost_report_number(pooled, "n_items"),
        (unsigned long long)ost_report_number(pooled, "n_groups"));
    ost_report_table_put(p, t);
}

void ost_report_correlation(ost_report_page *p, const json_t *document)
{
    ost_report_open(p, "correlation", "Correlation");
    add_scatter(p, document);
    add_numbers(p, json_object_get(document, "pooled"));
    ost_report_leakage(p, document);
    ost_report_list(p, "warnings", json_object_get(document, "warnings"));
    ost_report_close(p);
}
