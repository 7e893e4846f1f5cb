/* engine/report_flow.c - how many images and patients were where in the study
 *
 * A diagram in the manner of CONSORT and STARD: points below each other, what
 * was lost between two of them to the right, branches side by side.  Points
 * that differ in their axis values only, and stem from the same, share a box
 * when they are many.
 */
#include "engine/report_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum {
    BOX_W = 196,
    LOST_W = 186,
    GAP_X = 22,
    GAP_Y = 30,
    LINE = 16,
    PAD = 10,
    MOST_LINES = 6,
    MOST_BESIDE = 2, /* boxes of one name; more share one */
    MOST_POINTS = 200,
    NO_POINT = -1,
};

typedef struct {
    const char *title;
    const char *lines[MOST_LINES];
    size_t n_lines;
    const char *lost[MOST_LINES]; /* "" when nothing was */
    size_t n_lost;
    int parent;
    size_t level;
    size_t n_children;
    double width; /* of all that stems from it */
    double x;     /* middle */
} box;

typedef struct {
    ost_report_page *p;
    const json_t *points;
    box *boxes;
    int *box_of; /* per point */
    size_t n;
    size_t levels;
    double *top; /* per level */
    double height;
} flow;

/* --- boxes --------------------------------------------------------------- */

static const char *counted(flow *f, uint64_t n, const char *one,
                           const char *many)
{
    const char *words;
    ost_buf text = { 0 };

    ost_report_counted(&text, n, one, many);
    words = ost_arena_strdup(&f->p->arena, ost_buf_str(&text));
    ost_buf_release(&text);
    return words;
}

static void add_labels(flow *f, box *b, const json_t *labels)
{
    const char *name;
    json_t *n;

    if (json_object_size(labels) > 4)
        return;
    json_object_foreach((json_t *)(uintptr_t)labels, name, n)
    {
        if (b->n_lines < MOST_LINES)
            b->lines[b->n_lines++] =
                ost_arena_printf(&f->p->arena, "%s: %lld", name,
                                 (long long)json_integer_value(n));
    }
}

static void add_lost(flow *f, box *b, const json_t *point, const char *why)
{
    const json_t *lost = json_object_get(point, "lost");
    uint64_t items = ost_report_number(lost, "n_items");
    uint64_t groups = ost_report_number(lost, "n_groups");

    if (items == 0 && groups == 0)
        return;
    b->lost[b->n_lost++] = "Left out";
    if (items > 0)
        b->lost[b->n_lost++] = counted(f, items, "image", "images");
    if (groups > 0)
        b->lost[b->n_lost++] = counted(f, groups, "patient", "patients");
    if (*why)
        b->lost[b->n_lost++] = why;
}

static const char *why_of(const flow *f, size_t i)
{
    for (size_t k = 0; k < json_array_size(f->points); k++) {
        const json_t *from =
            json_object_get(json_array_get(f->points, k), "from");
        const char *why = ost_report_text(json_array_get(f->points, k), "why");

        if (json_is_integer(from) &&
            json_integer_value(from) == (json_int_t)i && *why)
            return why;
    }
    return "";
}

/* Points of one name that stem from the same one. */
static size_t count_alike(const flow *f, size_t i)
{
    const json_t *point = json_array_get(f->points, i);
    size_t n = 0;

    if (json_object_size(json_object_get(point, "axes")) == 0)
        return 1;
    for (size_t k = 0; k < json_array_size(f->points); k++) {
        const json_t *other = json_array_get(f->points, k);

        n += strcmp(ost_report_text(other, "name"),
                    ost_report_text(point, "name")) == 0 &&
             json_equal(json_object_get(other, "from"),
                        json_object_get(point, "from"));
    }
    return n;
}

/* "31 to 35 images" of all points that share a box. */
static const char *range_of(flow *f, size_t i, const char *member,
                            const char *words)
{
    const json_t *point = json_array_get(f->points, i);
    uint64_t low = UINT64_MAX, high = 0;

    for (size_t k = 0; k < json_array_size(f->points); k++) {
        const json_t *other = json_array_get(f->points, k);
        uint64_t n = ost_report_number(other, member);

        if (strcmp(ost_report_text(other, "name"),
                   ost_report_text(point, "name")) != 0 ||
            !json_equal(json_object_get(other, "from"),
                        json_object_get(point, "from")))
            continue;
        low = n < low ? n : low;
        high = n > high ? n : high;
    }
    if (low == high)
        return ost_arena_printf(&f->p->arena, "%llu %s each",
                                (unsigned long long)low, words);
    return ost_arena_printf(&f->p->arena, "%llu to %llu %s each",
                            (unsigned long long)low, (unsigned long long)high,
                            words);
}

static box *new_box(flow *f, size_t i)
{
    const json_t *from = json_object_get(json_array_get(f->points, i), "from");
    box *b = &f->boxes[f->n];

    f->box_of[i] = (int)f->n++;
    b->parent = NO_POINT;
    if (json_is_integer(from) && json_integer_value(from) >= 0 &&
        json_integer_value(from) < (json_int_t)i) {
        b->parent = f->box_of[json_integer_value(from)];
        b->level = f->boxes[b->parent].level + 1;
        f->boxes[b->parent].n_children++;
    }
    if (b->level + 1 > f->levels)
        f->levels = b->level + 1;
    return b;
}

static void add_point(flow *f, size_t i)
{
    const json_t *point = json_array_get(f->points, i);
    size_t alike = count_alike(f, i);
    box *b;

    for (size_t k = 0; alike > MOST_BESIDE && k < i; k++) {
        const json_t *other = json_array_get(f->points, k);

        if (strcmp(ost_report_text(other, "name"),
                   ost_report_text(point, "name")) == 0 &&
            json_equal(json_object_get(other, "from"),
                       json_object_get(point, "from"))) {
            f->box_of[i] = f->box_of[k];
            return;
        }
    }
    b = new_box(f, i);
    if (alike > MOST_BESIDE) {
        b->title = ost_arena_printf(&f->p->arena, "%s \xc3\x97 %zu",
                                    ost_report_text(point, "name"), alike);
        b->lines[b->n_lines++] = range_of(f, i, "n_items", "images");
        b->lines[b->n_lines++] = range_of(f, i, "n_groups", "patients");
        return;
    }
    b->title = ost_report_entry_name(f->p, point, i);
    b->lines[b->n_lines++] =
        counted(f, ost_report_number(point, "n_items"), "image", "images");
    b->lines[b->n_lines++] =
        counted(f, ost_report_number(point, "n_groups"), "patient", "patients");
    add_labels(f, b, json_object_get(point, "labels"));
    add_lost(f, b, point, why_of(f, i));
}

/* --- places -------------------------------------------------------------- */

static double box_height(const box *b)
{
    return 2 * PAD + LINE * (double)(1 + b->n_lines) - 4;
}

static double lost_height(const box *b)
{
    return b->n_lost ? 2 * PAD + LINE * (double)b->n_lost - 4 : 0;
}

/* Children stand after their parents, so one way back sums all widths. */
static void place(flow *f)
{
    double *next = OST_ARENA_ARRAY(&f->p->arena, double, f->n + 1);
    double right = 0, y = 2;

    for (size_t i = f->n; i-- > 0;) {
        box *b = &f->boxes[i];
        double own = b->n_lost ? 2 * (GAP_X + LOST_W) : BOX_W;

        b->width = fmax(b->width, fmax(own, BOX_W) + GAP_X);
        if (b->parent != NO_POINT)
            f->boxes[b->parent].width += b->width;
    }
    for (size_t i = 0; i < f->n; i++) {
        box *b = &f->boxes[i];
        double inner = 0;

        for (size_t k = i + 1; k < f->n; k++)
            inner += f->boxes[k].parent == (int)i ? f->boxes[k].width : 0;
        b->x = (b->parent == NO_POINT ? right : next[b->parent]) + b->width / 2;
        if (b->parent == NO_POINT)
            right += b->width;
        else
            next[b->parent] += b->width;
        next[i] = b->x - inner / 2;
    }
    f->top = OST_ARENA_ARRAY(&f->p->arena, double, f->levels + 1);
    for (size_t level = 0; level < f->levels; level++) {
        double tallest = 0, lost = 0;

        f->top[level] = y;
        for (size_t i = 0; i < f->n; i++)
            if (f->boxes[i].level == level) {
                tallest = fmax(tallest, box_height(&f->boxes[i]));
                lost = fmax(lost, lost_height(&f->boxes[i]));
            }
        y += tallest + (lost > 0 ? lost + GAP_Y + 8 : GAP_Y);
    }
    f->height = y - GAP_Y + 2;
}

/* --- drawing ------------------------------------------------------------- */

static void add_texts(flow *f, ost_buf *out, const char *const *lines, size_t n,
                      double x, double y, double width, bool first_is_title)
{
    for (size_t i = 0; i < n; i++)
        ost_svg_text(out, i == 0 && first_is_title ? "mid" : "mid sub", x,
                     y + LINE * (double)i,
                     ost_text_fit(&f->p->arena, lines[i],
                                  i == 0 && first_is_title ? 13 : 11,
                                  width - 12));
}

static void add_box(flow *f, ost_buf *out, const box *b)
{
    const char *lines[MOST_LINES + 1] = { b->title };
    double y = f->top[b->level];

    memcpy(lines + 1, b->lines, b->n_lines * sizeof(*lines));
    ost_buf_adds(out, "<g class=\"node\">");
    ost_svg_rect(out, "box", b->x - BOX_W / 2.0, y, BOX_W, box_height(b), 5);
    add_texts(f, out, lines, b->n_lines + 1, b->x, y + PAD + 10, BOX_W, true);
    ost_buf_adds(out, "</g>\n");
}

static void add_head(ost_buf *out, double x, double y, bool down)
{
    ost_buf_adds(out, "<path class=\"head\" d=\"M");
    ost_svg_number(out, x);
    ost_buf_addc(out, ' ');
    ost_svg_number(out, y);
    ost_buf_adds(out, down ? "l-3 -6h6Z\"/>\n" : "l-6 -3v6Z\"/>\n");
}

static void add_lost_box(flow *f, ost_buf *out, const box *b)
{
    double y = f->top[b->level] + box_height(b) + GAP_Y / 2.0;
    double x = b->x + GAP_X, middle = y + lost_height(b) / 2;

    if (b->n_lost == 0)
        return;
    ost_svg_line(out, "edge", b->x, middle, x, middle);
    add_head(out, x, middle, false);
    ost_buf_adds(out, "<g class=\"node lost\">");
    ost_svg_rect(out, "box", x, y, LOST_W, lost_height(b), 5);
    add_texts(f, out, b->lost, b->n_lost, x + LOST_W / 2.0, y + PAD + 10,
              LOST_W, false);
    ost_buf_adds(out, "</g>\n");
}

static void add_edge(flow *f, ost_buf *out, const box *b)
{
    const box *from = &f->boxes[b->parent];
    double y0 = f->top[from->level] + box_height(from);
    double y1 = f->top[b->level], bus = y1 - GAP_Y / 2.0 + 4;

    ost_buf_adds(out, "<path class=\"edge\" d=\"M");
    ost_svg_number(out, from->x);
    ost_buf_addc(out, ' ');
    ost_svg_number(out, y0);
    ost_buf_addc(out, 'V');
    ost_svg_number(out, bus);
    ost_buf_addc(out, 'H');
    ost_svg_number(out, b->x);
    ost_buf_addc(out, 'V');
    ost_svg_number(out, y1);
    ost_buf_adds(out, "\"/>\n");
    add_head(out, b->x, y1, true);
}

static void add_figure(flow *f)
{
    double left = (double)INFINITY, right = 0;
    ost_report_figure *fig;

    for (size_t i = 0; i < f->n; i++) {
        const box *b = &f->boxes[i];

        left = fmin(left, b->x - BOX_W / 2.0);
        right = fmax(right, b->x + (b->n_lost ? GAP_X + LOST_W : BOX_W / 2.0));
    }
    for (size_t i = 0; i < f->n; i++)
        f->boxes[i].x += 2 - left;
    fig = ost_figure_new(&f->p->arena, "flow", "",
                         "Images and patients at points of the study, and what "
                         "was left out between them.",
                         "drawing", right - left + 4, f->height);
    fig->below = true;
    fig->frame = right - left > 480 ? "flow scroll" : "flow";
    for (size_t i = 0; i < f->n; i++)
        if (f->boxes[i].parent != NO_POINT)
            add_edge(f, &fig->body, &f->boxes[i]);
    for (size_t i = 0; i < f->n; i++) {
        add_lost_box(f, &fig->body, &f->boxes[i]);
        add_box(f, &fig->body, &f->boxes[i]);
    }
    ost_report_figure_put(f->p, fig);
}

static void add_table(ost_report_page *p, const json_t *points)
{
    ost_report_table *t = ost_table_new(&p->arena, "flow", "");
    static const char *const names[] = {
        "Point",           "From",
        "Images",          "Patients",
        "Images left out", "Patients left out"
    };

    for (size_t c = 0; c < 6; c++)
        ost_table_column(t, names[c], c < 2 ? OST_COLUMN_TEXT : 0);
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *point = json_array_get(points, i);
        const json_t *from = json_object_get(point, "from");
        const json_t *lost = json_object_get(point, "lost");
        size_t at = (size_t)json_integer_value(from);

        ost_table_row(t, "");
        ost_table_text(t, ost_report_entry_name(p, point, i));
        ost_table_text(
            t, json_is_integer(from) && at < i
                   ? ost_report_entry_name(p, json_array_get(points, at), at)
                   : "");
        ost_table_count(t, ost_report_number(point, "n_items"));
        ost_table_count(t, ost_report_number(point, "n_groups"));
        ost_table_value(t, json_object_get(lost, "n_items"));
        ost_table_value(t, json_object_get(lost, "n_groups"));
    }
    ost_report_table_put(p, t);
}

void ost_report_flow(ost_report_page *p)
{
    const json_t *points = json_object_get(p->doc, "flow");
    size_t n = json_array_size(points);
    flow f = { .p = p, .points = points };

    if (n == 0 || n > MOST_POINTS)
        return;
    f.boxes = OST_ARENA_ARRAY(&p->arena, box, n);
    f.box_of = OST_ARENA_ARRAY(&p->arena, int, n);
    for (size_t i = 0; i < n; i++)
        add_point(&f, i);
    place(&f);
    ost_report_open(p, "flow", "Study flow");
    add_figure(&f);
    if (!ost_report_is_html(p))
        add_table(p, points);
    ost_report_close(p);
}
