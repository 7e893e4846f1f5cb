/* engine/report_quality.c - how near a generator came as it learned
 *
 * Documents of `evaluate_images` that differ in the axis `step` are points of a
 * curve; those without it are what it is to be compared with: noise, a mean
 * image, another generator.  A comparison that lies far above the curve is
 * named with its number and not drawn, so that the curve keeps its height.
 */
#include "base/text.h"
#include "engine/report_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define STEP   "step"
#define HUGEST 1e30
enum { MOST_CURVES = 12 };

typedef struct {
    const char *name; /* of the curve, or of what stands beside */
    double step;      /* NaN: beside */
    const json_t *document;
    size_t curve;
} point;

typedef struct {
    point *points; /* by curve and step, then those beside */
    size_t n;
    size_t beside; /* index of the first of them */
    const char *curves[MOST_CURVES];
    size_t n_curves;
} quality;

/* --- which documents ----------------------------------------------------- */

static bool is_images(const json_t *entry)
{
    return strcmp(ost_report_text(json_object_get(entry, "document"), "kind"),
                  "images") == 0;
}

static double step_of(const json_t *entry)
{
    const char *text = ost_report_text(json_object_get(entry, "axes"), STEP);
    double v;

    return *text && ost_parse_f64(text, &v) && v >= 0 && v < HUGEST
               ? v
               : (double)NAN;
}

/* The entry's name without the step. */
static const char *curve_name(ost_report_page *p, const json_t *entry)
{
    json_t *axes = json_copy(json_object_get(entry, "axes"));
    const char *name = ost_report_text(entry, "name");
    const char *axis;
    json_t *value;

    json_object_del(axes, STEP);
    json_object_foreach(axes, axis, value) name =
        ost_arena_printf(&p->arena, "%s%s%s %s", name, *name ? ", " : "", axis,
                         json_is_string(value) ? json_string_value(value) : "");
    name = ost_arena_strdup(&p->arena, *name ? name : "generated");
    json_decref(axes);
    return name;
}

static size_t curve_of(quality *q, const char *name)
{
    size_t i = 0;

    while (i < q->n_curves && strcmp(q->curves[i], name) != 0)
        i++;
    if (i == q->n_curves && i < MOST_CURVES)
        q->curves[q->n_curves++] = name;
    return i;
}

static int by_place(const void *a, const void *b)
{
    const point *x = a, *y = b;
    bool beside[2] = { isnan(x->step), isnan(y->step) };

    if (beside[0] != beside[1])
        return beside[0] ? 1 : -1;
    if (x->curve != y->curve)
        return x->curve < y->curve ? -1 : 1;
    return beside[0] || x->step == y->step ? 0 : x->step < y->step ? -1 : 1;
}

/* False when there is no curve: fewer than two steps. */
static bool gather(ost_report_page *p, quality *q)
{
    const json_t *all = json_object_get(p->doc, "metrics");
    size_t steps = 0;

    *q = (quality){ 0 };
    q->points = OST_ARENA_ARRAY(&p->arena, point, json_array_size(all) + 1);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *entry = json_array_get(all, i);
        point *at = &q->points[q->n];

        if (!is_images(entry))
            continue;
        *at = (point){ .name = curve_name(p, entry),
                       .step = step_of(entry),
                       .document = json_object_get(entry, "document") };
        /* In the order of the page among those beside. */
        at->curve = isnan(at->step) ? i : curve_of(q, at->name);
        if (!isnan(at->step) && at->curve == MOST_CURVES)
            continue;
        steps += !isnan(at->step);
        q->n++;
    }
    if (steps < 2)
        return false;
    qsort(q->points, q->n, sizeof(*q->points), by_place);
    q->beside = steps;
    return true;
}

bool ost_report_is_in_quality(ost_report_page *p, const json_t *entry)
{
    const json_t *document = json_object_get(entry, "document");
    quality q;

    if (!is_images(entry) || !gather(p, &q))
        return false;
    for (size_t i = 0; i < q.beside; i++) {
        bool last =
            i + 1 == q.beside || q.points[i + 1].curve != q.points[i].curve;

        if (last && q.points[i].document == document)
            return false;
    }
    return true;
}

/* --- figures ------------------------------------------------------------- */

static const json_t *value_of(const json_t *document, const char *name)
{
    const json_t *v = json_object_get(document, name);

    return json_is_object(v) && !json_object_get(v, "reason")
               ? json_object_get(v, "value")
               : v;
}

/* A number that can be drawn. */
static bool number_of(const point *at, const char *name, double *y)
{
    const json_t *v = value_of(at->document, name);

    *y = json_number_value(v);
    return json_is_number(v) && fabs(*y) < HUGEST;
}

/* From 0 to what the curve needs; what stands beside fits in up to twice its
 * height. */
static ost_plot plot_of(const quality *q, const char *name)
{
    ost_plot plot = {
        .left = 56, .right = 396, .top = 10, .bottom = 210, .x0 = 0, .x1 = 1
    };
    double highest = 0, step;

    for (size_t i = 0; i < q->n; i++) {
        double y;

        if (i == q->beside)
            highest = plot.y1;
        if (!number_of(&q->points[i], name, &y) ||
            (i >= q->beside && y > 2 * highest))
            continue;
        plot.y0 = fmin(plot.y0, y);
        plot.y1 = fmax(plot.y1, y);
        if (i < q->beside)
            plot.x1 = fmax(plot.x1, q->points[i].step);
    }
    if (!(plot.y1 > plot.y0))
        plot.y1 = plot.y0 + 1;
    step = ost_plot_step(plot.y1 - plot.y0, 5);
    plot.y1 = ceil(plot.y1 / step - 1e-9) * step;
    plot.y0 = floor(plot.y0 / step + 1e-9) * step;
    return plot;
}

/* Digits of a distance: small ones of a network's features, huge ones of
 * features that are no network's. */
static int digits_of(double v)
{
    return fabs(v) >= 10 ? 1 : 3;
}

static void add_key(ost_report_page *p, ost_report_figure *f, const char *class,
                    const char *name, const json_t *value, const char *small)
{
    double v = json_number_value(value);
    ost_buf text = { 0 };

    if (json_is_number(value))
        ost_number_text(&text, v, digits_of(v), false);
    ost_figure_key(f,
                   ost_arena_printf(
                       &p->arena, "<path class=\"%s\" d=\"M1 4H21\"/>", class),
                   name, ost_buf_str(&text), small);
    ost_buf_release(&text);
}

/* One curve, and its last value as the key. */
static void add_curve(ost_report_page *p, ost_report_figure *f,
                      const ost_plot *plot, const quality *q, size_t curve,
                      const char *name)
{
    const char *class = ost_report_series(p, curve, "");
    double *x = OST_ARENA_ARRAY(&p->arena, double, q->n);
    double *y = OST_ARENA_ARRAY(&p->arena, double, q->n);
    const json_t *last = NULL;
    size_t n = 0;

    for (size_t i = 0; i < q->beside; i++) {
        if (q->points[i].curve != curve ||
            !number_of(&q->points[i], name, &y[n]))
            continue;
        x[n++] = q->points[i].step;
        last = value_of(q->points[i].document, name);
    }
    if (n > 1)
        ost_plot_path(&f->body, plot, class, x, y, n);
    for (size_t i = 0; i < n; i++)
        ost_svg_circle(&f->body, ost_arena_printf(&p->arena, "%s dot", class),
                       ost_plot_x(plot, x[i]), ost_plot_y(plot, y[i]), 2.5);
    add_key(p, f, class, q->curves[curve], last, "at the end");
}

static void add_beside(ost_report_page *p, ost_report_figure *f,
                       const ost_plot *plot, const point *at, size_t i,
                       const char *name)
{
    const json_t *v = value_of(at->document, name);
    const char *class =
        ost_arena_printf(&p->arena, "line plain d%zu", i % 5 + 1);
    double y;
    bool drawn = number_of(at, name, &y) && y <= plot->y1 && y >= plot->y0;

    if (drawn)
        ost_svg_line(&f->body, class, plot->left, ost_plot_y(plot, y),
                     plot->right, ost_plot_y(plot, y));
    add_key(p, f, class, at->name, v,
            drawn || !json_is_number(v) ? "" : "above the figure");
}

/* Numbers at an axis have at most four digits: it counts thousands of
 * thousands ... where it must. */
static const char *count_in(ost_report_page *p, ost_plot *plot,
                            const char *heading)
{
    int power = 0;

    while (fmax(plot->y1, -plot->y0) >= 1e4 * pow(10, power))
        power += 3;
    if (power == 0)
        return heading;
    plot->y0 /= pow(10, power);
    plot->y1 /= pow(10, power);
    return ost_arena_printf(&p->arena, "%s / 10^%d", heading, power);
}

static void add_figure(ost_report_page *p, const quality *q, const char *name)
{
    ost_plot plot = plot_of(q, name), axes = plot;
    const char *heading = ost_report_heading(p, name);
    ost_report_figure *f = ost_figure_new(
        &p->arena, ost_arena_printf(&p->arena, "%s-over-training", name),
        count_in(p, &axes, heading),
        ost_arena_printf(&p->arena,
                         "%s by update; less is nearer to the real images.",
                         heading),
        "chart training", 410, 256);

    f->below = true;
    ost_plot_axes(&f->body, &axes, ost_plot_step(axes.x1 - axes.x0, 6),
                  ost_plot_step(axes.y1 - axes.y0, 5), "Update", "");
    for (size_t i = 0; i < q->n_curves; i++)
        add_curve(p, f, &plot, q, i, name);
    for (size_t i = q->beside; i < q->n; i++)
        add_beside(p, f, &plot, &q->points[i], i - q->beside, name);
    ost_report_figure_put(p, f);
}

/* --- the table ----------------------------------------------------------- */

static void add_share(ost_report_table *t, const json_t *document)
{
    const json_t *copies = json_object_get(document, "memorization");
    const json_t *found = json_object_get(copies, "features");

    if (!json_object_get(found, "share"))
        found = json_object_get(copies, "pixels");
    if (json_is_number(json_object_get(found, "share")))
        ost_table_number(t, json_object_get(found, "share"), 3, false);
    else
        ost_table_missing(t, "nobody looked for copies");
}

static void add_row(const quality *q, size_t i, ost_report_table *t)
{
    const point *at = &q->points[i];
    const json_t *kid = value_of(at->document, "kid");
    bool last = i + 1 == q->beside ||
                (i < q->beside && q->points[i + 1].curve != at->curve);

    ost_table_row(t, last ? "chosen" : "");
    ost_table_text(t, at->name);
    if (isnan(at->step))
        ost_table_text(t, "");
    else
        ost_table_count(t, (uint64_t)fmax(at->step, 0));
    ost_table_number(t, value_of(at->document, "fid"), 2, false);
    ost_table_number(t, kid, fabs(json_number_value(kid)) >= 10 ? 1 : 4, false);
    add_share(t, at->document);
    ost_table_value(t, json_object_get(at->document, "n_generated"));
}

static void add_table(ost_report_page *p, const quality *q)
{
    ost_report_table *t = ost_table_new(&p->arena, "quality", "");

    ost_table_column(t, "Images", OST_COLUMN_TEXT);
    ost_table_column(t, "Update", 0);
    ost_table_column(t, "FID", 0);
    ost_table_column(t, "KID", 0);
    ost_table_column(t, "Too near", 0);
    ost_table_column(t, "Generated", OST_COLUMN_MINOR);
    for (size_t i = 0; i < q->n; i++)
        add_row(q, i, t);
    t->note = ost_arena_printf(
        &p->arena,
        "Against %llu real images by %llu features of %s.  Too near: share of "
        "images that are nearer to one that was learned from than those are "
        "to each other.",
        (unsigned long long)ost_report_number(q->points[0].document, "n_real"),
        (unsigned long long)ost_report_number(q->points[0].document, "dims"),
        ost_report_text(q->points[0].document, "extractor"));
    ost_report_table_put(p, t);
}

void ost_report_quality(ost_report_page *p)
{
    bool html = ost_report_is_html(p);
    quality q;

    if (!gather(p, &q))
        return;
    ost_report_open(p, "quality", "Quality over the training");
    ost_buf_adds(p->out, html ? "<div class=\"plots\">\n" : "");
    add_figure(p, &q, "fid");
    add_figure(p, &q, "kid");
    ost_buf_adds(p->out, html ? "</div>\n" : "");
    add_table(p, &q);
    ost_report_close(p);
}
