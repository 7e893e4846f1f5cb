/* stages/measure.c - the extent of a mask, and what lies under it, as numbers
 *
 * Each measure becomes an attribute of the item, "MASK.MEASURE": the number of
 * marked pixels (`area`), that number as a share of the picture (`fraction`),
 * in square millimeters (`area_mm2`, by spacing.y and spacing.x), the sum and
 * the mean of an image's values under the mask (`sum`, `mean`), and the number
 * of connected components of a least size (`components`).  The mean over no
 * pixel is left out.
 *
 * In a montage of `rows` x `cols` frames the same thing is seen several times:
 * `frame_components` is the number in the frame that has most.
 */
#include "base/text.h"
#include "kernels/connected.h"
#include "stages/geometry.h"
#include "stages/montage_cells.h"

#include <string.h>

#include "base/banned.h"

typedef struct measure_params {
    const char *mask;
    ost_str_list measures;
    const char *field;
    const char *to;
    int64_t least;
    int64_t neighbors;
    int64_t rows;
    int64_t cols;
    int missing;
} measure_params;

enum { MISSING_ERROR, MISSING_ZERO };

static const ost_param params[] = {
    OST_PARAM(measure_params, mask, STR, "the mask", .dflt = "\"mask\""),
    OST_PARAM(measure_params, measures, STR_LIST,
              "any of area, fraction, area_mm2, sum, mean, components and "
              "frame_components",
              .dflt = "[\"area\"]", .min_len = 1, .max_len = 7),
    OST_PARAM(measure_params, field, STR, "the image of 'sum' and 'mean'",
              .dflt = "\"image\""),
    OST_PARAM(measure_params, to, STR,
              "beginning of the attributes' names; the mask's name by default",
              .dflt = "null"),
    OST_PARAM(measure_params, least, I64,
              "pixels of the smallest component that counts", .dflt = "1",
              .min = 1, .max = 1e15),
    OST_PARAM(measure_params, neighbors, I64,
              "components hang together over corners (8) or sides alone (4)",
              .dflt = "8", .choices = "4|8"),
    OST_PARAM(measure_params, rows, I64,
              "frame_components: frames below each other", .dflt = "1",
              .min = 1, .max = 1000),
    OST_PARAM(measure_params, cols, I64,
              "frame_components: frames next to each other", .dflt = "1",
              .min = 1, .max = 1000),
    OST_PARAM(measure_params, missing, CHOICE,
              "an item without the mask: fail, or nothing is marked in it",
              .dflt = "\"error\"", .choices = "error|zero"),
    OST_END,
};

typedef struct measuring {
    ost_stage_ctx *ctx;
    const ost_item *in;
    ost_item *out;
    bool there; /* the mask */
    ost_tensor mask;
    ost_rect frame;
    ost_sum marked; /* over the mask itself: how many */
} measuring;

static ost_rc add(measuring *m, const char *measure, double value)
{
    const measure_params *p = ost_ctx_params(m->ctx);
    ost_arena *arena = ost_ctx_arena(m->ctx);

    ost_item_set_number(
        arena, m->out,
        ost_arena_printf(arena, "%s.%s", p->to ? p->to : p->mask, measure),
        value);
    return OST_OK;
}

static ost_rc add_area(measuring *m, const char *measure, ost_err *err)
{
    (void)err;
    return add(m, measure, (double)m->marked.count);
}

static ost_rc add_fraction(measuring *m, const char *measure, ost_err *err)
{
    double all = (double)m->frame.height * (double)m->frame.width;

    (void)err;
    return add(m, measure, all > 0 ? (double)m->marked.count / all : 0.0);
}

static ost_rc add_area_mm2(measuring *m, const char *measure, ost_err *err)
{
    const ost_attr *y = ost_item_attr(m->in, "spacing.y");
    const ost_attr *x = ost_item_attr(m->in, "spacing.x");

    if (!y || !x || !(y->number > 0) || !(x->number > 0))
        return ost_fail(err, OST_EINPUT,
                        "it has no 'spacing.y' and 'spacing.x' for area_mm2");
    return add(m, measure, (double)m->marked.count * y->number * x->number);
}

static ost_rc sum_image(measuring *m, ost_sum *sum, ost_err *err)
{
    const measure_params *p = ost_ctx_params(m->ctx);
    ost_plane_kind kind;
    ost_tensor image;
    ost_rc rc;

    *sum = (ost_sum){ 0 };
    if (!m->there)
        return OST_OK;
    rc = ost_open_plane(m->ctx, m->in, p->field, &kind, &image, err);
    if (rc)
        return rc;
    if (image.ndim != 2 || image.shape[0] != m->mask.shape[0] ||
        image.shape[1] != m->mask.shape[1])
        return ost_fail(err, OST_EINPUT,
                        "field '%s' is not a gray image of the mask's size",
                        p->field);
    return ost_cpu_marked_sum(&m->mask, &image, sum, err);
}

static ost_rc add_sum(measuring *m, const char *measure, ost_err *err)
{
    ost_sum sum;
    ost_rc rc = sum_image(m, &sum, err);

    return rc ? rc : add(m, measure, sum.sum);
}

static ost_rc add_mean(measuring *m, const char *measure, ost_err *err)
{
    ost_sum sum;
    ost_rc rc = sum_image(m, &sum, err);

    if (rc || sum.count == 0)
        return rc;
    return add(m, measure, sum.sum / (double)sum.count);
}

/* How many components of a mask are large enough. */
static ost_rc count_components(const measuring *m, const ost_tensor *mask,
                               double *n, ost_err *err)
{
    const measure_params *p = ost_ctx_params(m->ctx);
    ost_components found = { 0 };
    ost_rc rc = ost_cpu_components(
        mask, p->neighbors == 4 ? OST_COMPONENTS_SIDES : 0, &found, err);

    *n = 0;
    for (int32_t i = 0; i < found.count; i++)
        *n += found.all[i].area >= p->least;
    ost_components_release(&found);
    return rc;
}

static ost_rc add_components(measuring *m, const char *measure, ost_err *err)
{
    double n = 0;
    ost_rc rc = m->there ? count_components(m, &m->mask, &n, err) : OST_OK;

    return rc ? rc : add(m, measure, n);
}

static ost_rc add_frame_components(measuring *m, const char *measure,
                                   ost_err *err)
{
    const measure_params *p = ost_ctx_params(m->ctx);
    ost_cells cells = { p->rows, p->cols };
    double n, most = 0;
    ost_rc rc = OST_OK;

    if (m->there)
        rc = ost_cells_divide(p->rows, p->cols, m->frame.height, m->frame.width,
                              err);
    for (int64_t i = 0; m->there && i < p->rows * p->cols && !rc; i++) {
        ost_tensor frame = ost_cell_of(&m->mask, &cells, i);

        rc = count_components(m, &frame, &n, err);
        most = n > most ? n : most;
    }
    return rc ? rc : add(m, measure, most);
}

static const struct {
    const char *name;
    ost_rc (*add)(measuring *m, const char *measure, ost_err *err);
} measures[] = {
    { "area", add_area },
    { "fraction", add_fraction },
    { "area_mm2", add_area_mm2 },
    { "sum", add_sum },
    { "mean", add_mean },
    { "components", add_components },
    { "frame_components", add_frame_components },
};

static ost_rc check(const void *with, ost_err *err)
{
    const measure_params *p = with;
    const char *names[sizeof(measures) / sizeof(measures[0])];
    const size_t n = sizeof(names) / sizeof(names[0]);

    for (size_t k = 0; k < n; k++)
        names[k] = measures[k].name;
    for (size_t i = 0; i < p->measures.n; i++) {
        const char *word = p->measures.v[i];
        const char *near = ost_nearest(word, names, n);
        size_t k = 0;

        while (k < n && strcmp(names[k], word) != 0)
            k++;
        if (k == n)
            return ost_fail(err, OST_EWORKFLOW,
                            "'measures' names no measure '%s'%s%s%s", word,
                            near ? " (did you mean '" : "", near ? near : "",
                            near ? "'?)" : "");
    }
    return OST_OK;
}

static ost_rc open_mask(measuring *m, ost_err *err)
{
    const measure_params *p = ost_ctx_params(m->ctx);
    ost_plane_kind kind;
    ost_rc rc;

    if (!ost_item_field(m->in, p->mask) && p->missing == MISSING_ZERO)
        return OST_OK;
    rc = ost_open_plane(m->ctx, m->in, p->mask, &kind, &m->mask, err);
    if (!rc && m->mask.ndim != 2)
        rc = ost_fail(err, OST_EINPUT, "field '%s' is no mask", p->mask);
    if (rc)
        return rc;
    m->there = true;
    m->frame.height = m->mask.shape[0];
    m->frame.width = m->mask.shape[1];
    return ost_cpu_marked_sum(&m->mask, &m->mask, &m->marked, err);
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const measure_params *p = ost_ctx_params(ctx);
    measuring m = { .ctx = ctx, .in = in, .out = ost_derive(ctx, in, -1) };
    ost_rc rc = open_mask(&m, err);

    for (size_t i = 0; i < p->measures.n && !rc; i++)
        for (size_t k = 0; k < sizeof(measures) / sizeof(measures[0]); k++)
            if (strcmp(measures[k].name, p->measures.v[i]) == 0 && !rc)
                rc = measures[k].add(&m, measures[k].name, err);
    return rc ? rc : ost_emit(ctx, "out", m.out, err);
}

const ost_stage ost_stage_measure = {
    .name = "measure",
    .version = 1, /* bump when any output byte can change */
    .summary = "Gives items the area of a mask, or what lies under it.",
    .flags = OST_STAGE_KEEPS,
    .param_size = sizeof(measure_params),
    .params = params,
    .inputs =
        OST_PORTS({ "in", OST_DATASET, "images with masks", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the same items with numbers", false, false }),
    .check = check,
    .reads = "@mask @field attr:spacing.y attr:spacing.x",
    .map = map,
};
