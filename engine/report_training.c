/* engine/report_training.c - training curves */
#include "engine/report_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define HUGEST 1e30 /* what is drawn at all */
enum { MOST_MEASURES = 8 };

/* What a figure is of.  Networks that play against each other have losses of
 * two sides, which say nothing beside one another. */
typedef enum { LOSS, MEASURES, DISCRIMINATOR, GENERATOR } content;

static const char *const contents[] = {
    [LOSS] = "loss",
    [MEASURES] = "measures",
    [DISCRIMINATOR] = "discriminator losses",
    [GENERATOR] = "generator losses",
};

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

/* The discriminator's model has the history of the generator's. */
static bool is_repeated(const json_t *models, const json_t *model)
{
    if (strcmp(ost_report_text(model, "kind"), "discriminator") != 0)
        return false;
    for (size_t i = 0; i < json_array_size(models); i++)
        if (strcmp(ost_report_text(json_array_get(models, i), "kind"),
                   "generator") == 0)
            return true;
    return false;
}

/* The history of model `i` as far as it is shown. */
static const json_t *history_of(const json_t *models, size_t i)
{
    const json_t *model = json_array_get(models, i);

    return is_repeated(models, model) ? NULL
                                      : json_object_get(model, "history");
}

/* Which figure a measure of a model belongs to. */
static content content_of(const json_t *model, const char *name)
{
    if (*ost_report_text(model, "objective") && strncmp(name, "d_", 2) == 0)
        return DISCRIMINATOR;
    if (*ost_report_text(model, "objective") && strncmp(name, "g_", 2) == 0)
        return GENERATOR;
    return is_loss(name) ? LOSS : MEASURES;
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
    if (fabs(v) < HUGEST) {
        m->low = fmin(m->low, v);
        m->high = fmax(m->high, v);
    }
}

/* What all histories measure for a figure. */
static measures find_measures(const json_t *models, content what)
{
    measures m = { .low = (double)INFINITY, .high = -(double)INFINITY };

    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *model = json_array_get(models, i);
        const json_t *history = history_of(models, i);

        for (size_t k = 0; k < json_array_size(history); k++) {
            json_t *entry = json_array_get(history, k), *v;
            const char *name;

            m.epochs = fmax(m.epochs, epoch_of(entry, k));
            json_object_foreach(entry, name, v)
            {
                if (json_is_number(v) && is_measure(name) &&
                    content_of(model, name) == what)
                    note_measure(&m, name, json_number_value(v));
            }
        }
    }
    return m;
}

/* From 0, and up to 1 where that is the natural end. */
static ost_plot training_plot(const measures *m, content what)
{
    ost_plot plot = {
        .left = 56, .right = 396, .top = 10, .bottom = 210, .x0 = 1
    };
    double step;

    plot.x1 = fmax(m->epochs, 2);
    plot.y0 = fmin(m->low, 0);
    plot.y1 = m->high;
    if (what == MEASURES && m->low >= 0 && m->high <= 1) {
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

        if (!ost_report_has(entry, name) ||
            !(fabs(ost_report_real(entry, name)) < HUGEST))
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

/* Colors tell models apart and patterns measures; measures have colors where
 * there is one model of many of them. */
static bool colors_measures(const json_t *models, const measures *m,
                            content what)
{
    size_t shown = 0;

    for (size_t i = 0; i < json_array_size(models); i++)
        shown += json_array_size(history_of(models, i)) > 0;
    return what >= DISCRIMINATOR && shown == 1 && m->n > 1;
}

/* What the colors stand for, and the line styles when there are several. */
static void add_keys(ost_report_page *p, ost_report_figure *f,
                     const json_t *models, const measures *m, bool by_measure)
{
    size_t n = json_array_size(models);

    for (size_t i = 0; n > 1 && !by_measure && i < n; i++)
        if (json_array_size(history_of(models, i)) > 0)
            ost_report_line_key(
                p, f,
                ost_arena_printf(&p->arena, "line s%zu", i % OST_REPORT_COLORS),
                ost_report_entry_name(p, json_array_get(models, i), i), NULL,
                NULL);
    for (size_t k = 0; m->n > 1 && k < m->n; k++)
        ost_report_line_key(
            p, f,
            by_measure ? ost_report_series(p, k, "")
                       : ost_arena_printf(&p->arena, "line plain d%zu", k % 6),
            m->names[k], NULL, NULL);
}

static const char *figure_title(ost_report_page *p, const measures *m,
                                content what)
{
    return ost_report_heading(
        p, what == MEASURES && m->n == 1 ? m->names[0] : contents[what]);
}

static void add_training_plot(ost_report_page *p, const json_t *models,
                              content what)
{
    measures m = find_measures(models, what);
    bool by_measure = colors_measures(models, &m, what);
    ost_report_figure *f;
    ost_plot plot;

    if (m.n == 0 || m.low > m.high)
        return;
    plot = training_plot(&m, what);
    f = ost_figure_new(&p->arena,
                       what == DISCRIMINATOR ? "discriminator-losses"
                       : what == GENERATOR   ? "generator-losses"
                                             : contents[what],
                       figure_title(p, &m, what),
                       by_measure ? "By epoch, one line per loss."
                                  : "By epoch, one line per model.",
                       "chart training", 410, 256);
    f->below = true;
    ost_plot_axes(&f->body, &plot, fmax(ost_plot_step(plot.x1 - plot.x0, 8), 1),
                  ost_plot_step(plot.y1 - plot.y0, 5), "Epoch", "");
    for (size_t i = 0; i < json_array_size(models); i++)
        for (size_t k = 0; k < m.n; k++)
            add_history(p, f, &plot, history_of(models, i), m.names[k],
                        by_measure
                            ? ost_report_series(p, k, "")
                            : ost_arena_printf(&p->arena, "line s%zu d%zu",
                                               i % OST_REPORT_COLORS, k % 6));
    add_keys(p, f, models, &m, by_measure);
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
    for (int what = LOSS; what <= GENERATOR; what++)
        add_training_plot(p, models, (content)what);
    ost_buf_adds(p->out, html ? "</div>\n" : "");
    ost_report_close(p);
}
