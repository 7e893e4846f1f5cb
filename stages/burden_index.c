/* stages/burden_index.c - how much of the uptake of a bone scan is in lesions
 *
 * The bone scan tumor burden index of a frame is
 *
 *     K L / ((K - 1) L + R - B)
 *
 * with the sums of uptake over lesions (L), over the bladder (B) and over the
 * whole frame (R).  What is in the bladder is no lesion, whatever the mask of
 * lesions says, so that the index lies between 0 and 1.  Where nothing is left
 * of the frame it is 0.  With x = L / (R - B) it is K x / ((K - 1) x + 1): K
 * spreads small shares, and K = 1 is the share itself.
 *
 * Uptake is the value of a pixel, or where hot spots are dark what it lacks to
 * `white` (255 of u8, 65535 of u16).
 *
 * A picture of several frames in `rows` x `cols` cells (stage `montage`) gets
 * TO.frame1, TO.frame2, ... row by row, and TO, their mean.
 */
#include "kernels/areas.h"
#include "stages/montage_cells.h"

#include "base/banned.h"

enum { HOT_BRIGHT, HOT_DARK };
enum { MISSING_ERROR, MISSING_ZERO };

typedef struct burden_params {
    double k;
    const char *field;
    const char *lesion;
    const char *bladder;
    int hot;
    double white;
    int64_t rows;
    int64_t cols;
    int missing;
    const char *to;
} burden_params;

static const ost_param params[] = {
    OST_PARAM(burden_params, k, F64, "how much small burdens are spread",
              .dflt = "5", .min = 1, .max = 1000),
    OST_PARAM(burden_params, field, STR, "the image", .dflt = "\"image\""),
    OST_PARAM(burden_params, lesion, STR, "mask of the lesions",
              .dflt = "\"mask.lesion\""),
    OST_PARAM(burden_params, bladder, STR,
              "mask of the bladder, which does not count",
              .dflt = "\"mask.bladder\""),
    OST_PARAM(burden_params, hot, CHOICE, "what much uptake looks like",
              .dflt = "\"bright\"", .choices = "bright|dark"),
    OST_PARAM(burden_params, white, F64,
              "where hot spots are dark: value of no uptake; unset: 255 of u8, "
              "65535 of u16",
              .dflt = "null", .min = 0, .max = 1e9),
    OST_PARAM(burden_params, rows, I64, "frames below each other", .dflt = "1",
              .min = 1, .max = 1000),
    OST_PARAM(burden_params, cols, I64, "frames next to each other",
              .dflt = "1", .min = 1, .max = 1000),
    OST_PARAM(burden_params, missing, CHOICE,
              "an item without a mask: fail, or nothing is marked in it",
              .dflt = "\"error\"", .choices = "error|zero"),
    OST_PARAM(burden_params, to, STR, "beginning of the attributes' names",
              .dflt = "\"burden\""),
    OST_END,
};

static ost_rc check(const void *with, ost_err *err)
{
    const burden_params *p = with;

    if (p->white > 0 && p->hot != HOT_DARK)
        return ost_fail(err, OST_EWORKFLOW,
                        "'white' is for hot spots that are dark ('hot')");
    return OST_OK;
}

/* A frame: the image, and what is marked in it. */
typedef struct frame {
    ost_tensor image;
    ost_tensor bladder; /* no data: nothing is marked */
    ost_tensor marked;  /* lesions and bladder */
} frame;

/* Uptake of `sum.count` pixels. */
static double uptake(const burden_params *p, const ost_tensor *image,
                     ost_sum sum)
{
    double white = p->white > 0              ? p->white
                   : image->dtype == OST_U16 ? 65535.0
                                             : 255.0;

    return p->hot == HOT_DARK ? white * (double)sum.count - sum.sum : sum.sum;
}

static ost_rc index_of(const burden_params *p, const frame *f, double *index,
                       ost_err *err)
{
    ost_sum all, bladder = { 0 }, marked;
    double lesion, rest;
    ost_rc rc;

    rc = ost_cpu_marked_sum(&f->image, &f->image, &all, err);
    if (!rc && f->bladder.data)
        rc = ost_cpu_marked_sum(&f->bladder, &f->image, &bladder, err);
    if (!rc)
        rc = ost_cpu_marked_sum(&f->marked, &f->image, &marked, err);
    if (rc)
        return rc;
    /* Pixels of 0 add nothing to the sum, but they count. */
    all.count = f->image.shape[0] * f->image.shape[1];
    lesion = uptake(p, &f->image, marked) - uptake(p, &f->image, bladder);
    if (marked.count == bladder.count)
        lesion = 0.0;
    rest = uptake(p, &f->image, all) - uptake(p, &f->image, bladder);
    if (!isfinite(rest) || lesion < 0.0 || rest < lesion)
        return ost_fail(err, OST_EINPUT,
                        "field '%s' is no uptake: its sums are %g in lesions "
                        "and %g in all, and no value can be below 0",
                        p->field, lesion, rest);
    *index = rest > 0.0 ? p->k * lesion / ((p->k - 1.0) * lesion + rest) : 0.0;
    return OST_OK;
}

/* --- the item ------------------------------------------------------------ */

static ost_rc open_image(ost_stage_ctx *ctx, const ost_item *in, ost_tensor *t,
                         ost_err *err)
{
    const burden_params *p = ost_ctx_params(ctx);
    ost_plane_kind kind;
    ost_rc rc = ost_open_plane(ctx, in, p->field, &kind, t, err);

    if (rc)
        return rc;
    if (t->ndim != 2)
        return ost_fail(err, OST_EINPUT, "field '%s' is not a gray image",
                        p->field);
    if (p->hot == HOT_DARK && t->dtype == OST_F32 && !(p->white > 0))
        return ost_fail(err, OST_EINPUT,
                        "field '%s' is of f32: param 'white' says what no "
                        "uptake is",
                        p->field);
    return ost_cells_divide(p->rows, p->cols, t->shape[0], t->shape[1], err);
}

/* A mask of the image's size; without data when there is none. */
static ost_rc open_mask(ost_stage_ctx *ctx, const ost_item *in,
                        const char *name, const ost_tensor *image,
                        ost_tensor *mask, ost_err *err)
{
    const burden_params *p = ost_ctx_params(ctx);
    ost_rc rc;

    *mask = (ost_tensor){ 0 };
    if (!ost_item_field(in, name) && p->missing == MISSING_ZERO)
        return OST_OK;
    rc = ost_open_mask(ctx, in, name, mask, err);
    if (!rc && (mask->ndim != 2 || mask->shape[0] != image->shape[0] ||
                mask->shape[1] != image->shape[1]))
        rc = ost_fail(err, OST_EINPUT,
                      "field '%s' is not a mask of the size of '%s'", name,
                      p->field);
    return rc;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const burden_params *p = ost_ctx_params(ctx);
    ost_item *out = ost_derive(ctx, in, -1);
    ost_arena *arena = ost_ctx_arena(ctx);
    const ost_cells cells = { p->rows, p->cols };
    ost_tensor image, lesion, bladder, marked;
    double sum = 0.0;
    ost_rc rc = open_image(ctx, in, &image, err);

    if (!rc)
        rc = open_mask(ctx, in, p->lesion, &image, &lesion, err);
    if (!rc)
        rc = open_mask(ctx, in, p->bladder, &image, &bladder, err);
    if (rc)
        return rc;
    marked = ost_tensor_of(NULL, OST_U8, 2, image.shape);
    marked.data = ost_arena_alloc(arena, (size_t)ost_tensor_count(&marked));
    if (lesion.data)
        rc = ost_cpu_mark(&lesion, &marked, err);
    if (!rc && bladder.data)
        rc = ost_cpu_mark(&bladder, &marked, err);
    for (int64_t i = 0; i < p->rows * p->cols && !rc; i++) {
        frame f = { ost_cell_of(&image, &cells, i),
                    bladder.data ? ost_cell_of(&bladder, &cells, i) : bladder,
                    ost_cell_of(&marked, &cells, i) };
        double index = 0.0;

        rc = index_of(p, &f, &index, err);
        ost_item_set_number(
            arena, out,
            ost_arena_printf(arena, "%s.frame%lld", p->to, (long long)i + 1),
            index);
        sum += index;
    }
    if (rc)
        return rc;
    ost_item_set_number(arena, out, p->to, sum / (double)(p->rows * p->cols));
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_burden_index = {
    .name = "burden_index",
    .version = 1, /* bump when any output byte can change */
    .summary = "Gives bone scans their tumor burden index.",
    .param_size = sizeof(burden_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET,
                          "scans with masks of lesions and of the bladder",
                          false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the same items with numbers", false, false }),
    .check = check,
    .reads = "@field @lesion @bladder",
    .map = map,
};
