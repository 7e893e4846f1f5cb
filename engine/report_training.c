/* engine/report_training.c - training curves */
#include "engine/report_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

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

static void add_history(ost_report_page *p, ost_report_figure *f,
                        const ost_plot *plot, const json_t *history,
                        const char *name, const char *class)
{
    size_t n = json_array_size(history), found = 0;
    double *x = OST_ARENA_ARRAY(&p->arena, double, n);
    double *y = OST_ARENA_ARRAY(&p->arena, double, n);

    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(history, i);

        if (!ost_report_has(entry, name))
            continue;
        x[found] = epoch_of(entry, i);
        y[found++] = ost_report_real(entry, name);
    }
    if (found == 1)
        ost_svg_circle(&f->body, ost_arena_printf(&p->arena, "%s dot", class),
                       ost_plot_x(plot, x[0]), ost_plot_y(plot, y[0]), 3);
    else if (found > 1)
        ost_plot_path(&f->body, plot, class, x, y, found);
}

/* What the colors stand for, and the line styles when there are several. */
static void add_keys(ost_report_page *p, ost_report_figure *f,
                     const json_t *models, const measures *m)
{
    size_t n = json_array_size(models);

    for (size_t i = 0; n > 1 && i < n; i++)
        ost_report_line_key(
            p, f,
            ost_arena_printf(&p->arena, "line s%zu", i % OST_REPORT_COLORS),
            ost_report_entry_name(p, json_array_get(models, i), i), NULL, NULL);
    for (size_t k = 0; m->n > 1 && k < m->n; k++)
        ost_report_line_key(p, f,
                            ost_arena_printf(&p->arena, "line plain d%zu", k),
                            m->names[k], NULL, NULL);
}

static void add_training_plot(ost_report_page *p, const json_t *models,
                              bool loss)
{
    measures m = find_measures(models, loss);
    ost_report_figure *f;
    ost_plot plot;

    if (m.n == 0 || m.low > m.high)
        return;
    plot = training_plot(&m, loss);
    f = ost_figure_new(&p->arena, loss ? "loss" : "measures",
                       ost_report_heading(p, loss       ? "loss"
                                             : m.n == 1 ? m.names[0]
                                                        : "measures"),
                       "By epoch, one line per model.", "chart training", 410,
                       256);
    f->below = true;
    ost_plot_axes(&f->body, &plot, fmax(ost_plot_step(plot.x1 - plot.x0, 8), 1),
                  ost_plot_step(plot.y1 - plot.y0, 5), "Epoch", "");
    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *history =
            json_object_get(json_array_get(models, i), "history");

        for (size_t k = 0; k < m.n; k++)
            add_history(p, f, &plot, history, m.names[k],
                        ost_arena_printf(&p->arena, "line s%zu d%zu",
                                         i % OST_REPORT_COLORS, k));
    }
    add_keys(p, f, models, &m);
    ost_report_figure_put(p, f);
}

void ost_report_training(ost_report_page *p)
{
    const json_t *models = json_object_get(p->doc, "models");
    bool html = ost_report_is_html(p);
    size_t with_history = 0;

    for (size_t i = 0; i < json_array_size(models); i++)
        with_history += json_array_size(json_object_get(
                            json_array_get(models, i), "history")) > 0;
    if (with_history == 0)
        return;
    ost_report_open(p, "training", "Training");
    ost_buf_adds(p->out, html ? "<div class=\"plots\">\n" : "");
    add_training_plot(p, models, true);
    add_training_plot(p, models, false);
    ost_buf_adds(p->out, html ? "</div>\n" : "");
    ost_report_close(p);
}
