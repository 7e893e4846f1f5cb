/* stages/normalize.c - bring the values of images to a common range
 *
 * Two levels of the image, low and high, become the two numbers of `range`:
 * the least and the largest value (`minmax`), two percentiles (`percentile`,
 * what lies beyond is clipped), or the mean and the mean plus one standard
 * deviation (`zscore`).  The levels are those of the item, or with
 * "scope": "dataset" of all items: their extremes, their common mean and
 * deviation, or the medians of their percentiles.  NaN and infinite values do
 * not count.  An image without contrast becomes the first number of `range`.
 *
 * `clahe` evens out the histograms of tiles of a u8 or u16 image, with a limit
 * on what that does to contrast, bit for bit as OpenCV's createCLAHE; the full
 * range of its type then becomes `range`.
 */
#include "base/alloc.h"
#include "kernels/backend.h"
#include "kernels/image.h"
#include "kernels/tone.h"
#include "stages/planes.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { METHOD_MINMAX, METHOD_ZSCORE, METHOD_PERCENTILE, METHOD_CLAHE };
enum { SCOPE_ITEM, SCOPE_DATASET };

typedef struct normalize_params {
    int method;
    int scope;
    ost_f64_list percentiles;
    double clip_limit;
    ost_i64_list tiles;
    int type;
    ost_f64_list range;
    const char *field;
    const char *to;
} normalize_params;

static const ost_param params[] = {
    OST_PARAM(normalize_params, method, CHOICE, "which levels are taken",
              .dflt = "\"minmax\"",
              .choices = "minmax|zscore|percentile|clahe"),
    OST_PARAM(normalize_params, scope, CHOICE,
              "levels of each item, or common ones of the dataset",
              .dflt = "\"item\"", .choices = "item|dataset"),
    OST_PARAM(normalize_params, percentiles, F64_LIST,
              "the two percentiles of method 'percentile'", .dflt = "[1, 99]",
              .min = 0, .max = 100, .min_len = 2, .max_len = 2),
    OST_PARAM(normalize_params, clip_limit, F64,
              "'clahe': how many times its mean count a gray level may have; 0 "
              "is no limit",
              .dflt = "2", .min = 0, .max = 1e6),
    OST_PARAM(normalize_params, tiles, I64_LIST,
              "'clahe': tiles from top to bottom and from left to right",
              .dflt = "[8, 8]", .min = 1, .max = 32, .min_len = 2,
              .max_len = 2),
    OST_PARAM(normalize_params, type, CHOICE, "element type of the result",
              .dflt = "\"f32\"", .choices = "f32|u8|u16"),
    OST_PARAM(normalize_params, range, F64_LIST,
              "what the levels become; unset: 0 and 1, 255 or 65535",
              .dflt = "null", .min = -1e9, .max = 1e9, .max_len = 2),
    OST_PARAM(normalize_params, field, STR, "field that is read",
              .dflt = "\"image\""),
    OST_PARAM(normalize_params, to, STR,
              "field that is written; unset: the same", .dflt = "null"),
    OST_END,
};

static const struct {
    ost_dtype dtype;
    double full;
} types[] = { { OST_F32, 1.0 }, { OST_U8, 255.0 }, { OST_U16, 65535.0 } };

static ost_rc check(const void *with, ost_err *err)
{
    const normalize_params *p = with;

    if (p->range.n != 0 && p->range.n != 2)
        return ost_fail(err, OST_EWORKFLOW, "'range' needs two numbers");
    if (p->percentiles.v[0] >= p->percentiles.v[1])
        return ost_fail(err, OST_EWORKFLOW,
                        "'percentiles' are not in ascending order");
    if (p->method == METHOD_ZSCORE && p->type != 0 && p->range.n == 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "z-scores have no place in an integer type without a "
                        "'range' (\"range\": [128, 168] puts the mean at 128)");
    if (p->method == METHOD_CLAHE && p->scope == SCOPE_DATASET)
        return ost_fail(err, OST_EWORKFLOW,
                        "tiles have levels of their own, not those of the "
                        "dataset (\"scope\": \"item\")");
    return OST_OK;
}

/* What becomes the two ends of the range. */
typedef struct levels {
    double low;
    double high;
} levels;

static ost_rc levels_of(ost_stage_ctx *ctx, const ost_item *item, levels *l,
                        ost_levels *all, ost_err *err)
{
    const normalize_params *p = ost_ctx_params(ctx);
    ost_plane_kind kind;
    ost_tensor t;
    double value[2];
    ost_rc rc;

    rc = ost_open_plane(ctx, item, p->field, &kind, &t, err);
    if (!rc)
        rc = ost_ctx_images(ctx)->levels(&t, all, err);
    if (rc)
        return rc;
    l->low = p->method == METHOD_ZSCORE ? all->mean : all->min;
    l->high = p->method == METHOD_ZSCORE ? all->mean + all->std : all->max;
    if (p->method == METHOD_PERCENTILE) {
        rc = ost_ctx_images(ctx)->percentiles(&t, p->percentiles.v, 2, value,
                                              err);
        l->low = value[0];
        l->high = value[1];
    }
    return rc;
}

/* ---- the levels of a dataset ---- */

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), compare_numbers);
    return n == 0 ? 0.0 : (v[(n - 1) / 2] + v[n / 2]) / 2.0;
}

/* Mean and deviation of everything, from those of the items. */
static levels pool(const ost_levels *of, size_t n)
{
    double count = 0.0, sum = 0.0, squares = 0.0, mean;

    for (size_t i = 0; i < n; i++) {
        count += (double)of[i].count;
        sum += (double)of[i].count * of[i].mean;
    }
    mean = count > 0.0 ? sum / count : 0.0;
    for (size_t i = 0; i < n; i++)
        squares +=
            (double)of[i].count *
            (of[i].std * of[i].std + (of[i].mean - mean) * (of[i].mean - mean));
    return (levels){ mean, mean + (count > 0.0 ? sqrt(squares / count) : 0.0) };
}

static ost_rc levels_of_all(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                            levels *l, ost_err *err)
{
    const normalize_params *p = ost_ctx_params(ctx);
    ost_arena *arena = ost_ctx_arena(ctx);
    ost_levels *all = OST_ARENA_ARRAY(arena, ost_levels, n + 1);
    double *low = OST_ARENA_ARRAY(arena, double, n + 1);
    double *high = OST_ARENA_ARRAY(arena, double, n + 1);
    size_t seen = 0;

    for (size_t i = 0; i < n; i++) {
        levels one;
        ost_rc rc = levels_of(ctx, &items[i], &one, &all[seen], err);

        if (rc) {
            ost_err_at(err, "item '%s'", items[i].id);
            return rc;
        }
        ost_ctx_return(ctx);
        if (all[seen].count == 0)
            continue;
        low[seen] = one.low;
        high[seen] = one.high;
        seen++;
    }
    if (p->method == METHOD_ZSCORE) {
        *l = pool(all, seen);
    } else {
        double bottom = median(low, seen), top = median(high, seen);

        /* The medians left both in order. */
        if (p->method == METHOD_PERCENTILE)
            *l = (levels){ bottom, top };
        else
            *l = (levels){ low[0], high[seen > 0 ? seen - 1 : 0] };
    }
    return OST_OK;
}

static ost_rc prepare(ost_stage_ctx *ctx, ost_err *err)
{
    const normalize_params *p = ost_ctx_params(ctx);
    const char *directive = "";
    const ost_item *items;
    levels l;
    size_t n;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    if (!rc && p->scope == SCOPE_DATASET) {
        rc = levels_of_all(ctx, items, n, &l, err);
        if (!rc)
            directive = ost_arena_printf(ost_ctx_arena(ctx),
                                         "{\"low\":%.17g,\"high\":%.17g}",
                                         l.low, l.high);
    }
    for (size_t i = 0; i < n && !rc; i++)
        ost_ctx_direct(ctx, i, directive);
    return rc;
}

/* ---- one item ---- */

static ost_rc find_levels(ost_stage_ctx *ctx, const ost_item *in, levels *l,
                          ost_err *err)
{
    const normalize_params *p = ost_ctx_params(ctx);
    ost_levels unused;
    json_t *directive;
    ost_rc rc = OST_OK;

    if (p->scope == SCOPE_ITEM)
        return levels_of(ctx, in, l, &unused, err);
    directive = json_loads(ost_ctx_directive(ctx), 0, NULL);
    if (json_unpack(directive, "{s:F,s:F}", "low", &l->low, "high", &l->high))
        rc = ost_fail(err, OST_EPROTO, "wrong directive");
    json_decref(directive);
    return rc;
}

/* `t` is contiguous.  NaN stays NaN. */
static void clip(ost_tensor *t, double a, double b)
{
    double lo = fmin(a, b), hi = fmax(a, b);
    double most = t->dtype == OST_U8 ? 255.0 : 65535.0;
    double least = fmin(fmax(ceil(lo), 0.0), most);
    double largest = fmin(fmax(floor(hi), 0.0), most);

    for (int64_t i = 0; i < ost_tensor_count(t); i++) {
        if (t->dtype == OST_F32) {
            float *v = (float *)t->data + i;

            *v = *v < (float)lo ? (float)lo : *v > (float)hi ? (float)hi : *v;
        } else if (t->dtype == OST_U16) {
            uint16_t *v = (uint16_t *)t->data + i;

            *v = (uint16_t)fmin(fmax(*v, least), largest);
        } else {
            uint8_t *v = (uint8_t *)t->data + i;

            *v = (uint8_t)fmin(fmax(*v, least), largest);
        }
    }
}

/* ---- by tiles ---- */

static ost_rc equalize_plane(void *user, ost_plane_kind kind,
                             const ost_tensor *in, ost_tensor *out,
                             ost_err *err)
{
    const normalize_params *p = ost_ctx_params(user);
    const ost_backend *images = ost_ctx_images(user);
    ost_clahe_spec spec = { .clip_limit = p->clip_limit,
                            .rows = (int)p->tiles.v[0],
                            .columns = (int)p->tiles.v[1] };
    double full = in->dtype == OST_U8 ? 255.0 : 65535.0;
    double a = p->range.n ? p->range.v[0] : 0.0;
    double b = p->range.n ? p->range.v[1] : types[p->type].full;
    ost_tensor even = *out;
    ost_rc rc;

    (void)kind;
    if (in->dtype == OST_F32)
        return ost_fail(err, OST_EINPUT,
                        "f32 has no gray levels to count (\"type\": \"u16\" of "
                        "another 'normalize' makes them)");
    if (in->dtype != out->dtype) {
        even = ost_tensor_of(NULL, in->dtype, in->ndim, in->shape);
        even.data = ost_try_alloc((size_t)ost_tensor_count(in) + 1,
                                  ost_dtype_size(in->dtype));
        if (!even.data)
            return ost_fail(err, OST_ENOMEM, "no memory for a copy");
    }
    rc = images->clahe(in, &spec, &even, err);
    if (!rc && (in->dtype != out->dtype || p->range.n))
        rc = images->rescale(&even, (b - a) / full, a, out, err);
    if (even.data != out->data)
        ost_free(even.data);
    return rc;
}

static ost_rc map_tiles(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const normalize_params *p = ost_ctx_params(ctx);
    ost_plane_map m = { .to = p->to,
                        .dtype = types[p->type].dtype,
                        .body = equalize_plane,
                        .user = ctx };
    ost_item *out = ost_derive(ctx, in, -1);
    ost_rc rc = ost_map_planes(ctx, in, p->field, &m, out, err);

    if (rc)
        return rc;
    return ost_emit(ctx, "out", out, err);
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const normalize_params *p = ost_ctx_params(ctx);
    double a = p->range.n ? p->range.v[0] : 0.0;
    double b = p->range.n ? p->range.v[1] : types[p->type].full;
    ost_plane_kind kind;
    ost_tensor src = { 0 }, dst;
    ost_field made;
    ost_item *out;
    double scale;
    levels l;
    ost_rc rc;

    if (p->method == METHOD_CLAHE)
        return map_tiles(ctx, in, err);
    out = ost_derive(ctx, in, -1);
    rc = find_levels(ctx, in, &l, err);
    if (!rc)
        rc = ost_open_plane(ctx, in, p->field, &kind, &src, err);
    made = (ost_field){ .name = p->to ? p->to : p->field,
                        .dtype = types[p->type].dtype,
                        .ndim = src.ndim };
    if (!rc)
        rc = ost_plane_check_name(kind, &made, err);
    if (!rc)
        rc = ost_new_field(ctx, out, made.name, made.dtype, src.ndim, src.shape,
                           &dst, err);
    if (rc)
        return rc;
    scale = l.high > l.low ? (b - a) / (l.high - l.low) : 0.0;
    rc =
        ost_ctx_images(ctx)->rescale(&src, scale, a - l.low * scale, &dst, err);
    if (rc)
        return rc;
    if (p->method == METHOD_PERCENTILE)
        clip(&dst, a, b);
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_normalize = {
    .name = "normalize",
    .version = 2, /* bump when any output byte can change */
    .summary = "Brings the values of images to a common range.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(normalize_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "the images, normalized", false, false }),
    .reads = "@field",
    .check = check,
    .prepare = prepare,
    .map = map,
};
