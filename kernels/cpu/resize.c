/* kernels/cpu/resize.c - change the size of an image
 *
 * Every method is separable, and each axis is a table: for output position i
 * the input positions that it takes and their weights.  Nearest copies;
 * linear has two taps; area has as many as the pixel covers.  u8 linear runs
 * in OpenCV's fixed point with 11 bits for a weight, everything else in single
 * precision.
 */
#include "base/alloc.h"
#include "kernels/cpu/resize_cubic.h"
#include "kernels/cpu/resize_linear.h"
#include "kernels/cpu/rows.h"
#include "kernels/image.h"
#include "kernels/pixel.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* Taps of one axis: output i is the weighted sum of the input positions
 * first[i] ... first[i] + taps - 1, clamped to last. */
typedef struct axis {
    int64_t from; /* input length */
    int64_t to;   /* output length */
    int64_t taps; /* the same for all positions; weights may be 0 */
    int64_t *first;
    float *weight; /* to x taps */
} axis;

static void axis_release(axis *a)
{
    ost_free(a->first);
    ost_free(a->weight);
}

static ost_rc axis_init(axis *a, int64_t from, int64_t to, bool area,
                        ost_err *err)
{
    *a = (axis){ .from = from, .to = to, .taps = area ? from / to + 2 : 2 };
    a->first = ost_try_alloc((size_t)to, sizeof(*a->first));
    a->weight = ost_try_alloc((size_t)to * (size_t)a->taps, sizeof(float));
    if (a->first && a->weight)
        return OST_OK;
    return ost_fail(err, OST_ENOMEM, "resize: no memory for %lld positions",
                    (long long)to);
}

/* Position and fraction as OpenCV computes them.  It moves the fraction of
 * positions left and right of the image to 0 and lets that of rows above and
 * below be: both read one pixel twice then, so that only rounding differs. */
static void fill_linear(const axis *a, bool columns)
{
    double scale = 1.0 / ((double)a->to / (double)a->from);

    for (int64_t i = 0; i < a->to; i++) {
        float f = (float)(((double)i + 0.5) * scale - 0.5);
        int64_t j = (int64_t)floorf(f);

        f -= (float)j;
        if (columns && j < 0) {
            j = 0;
            f = 0.0f;
        }
        if (columns && j >= a->from - 1) {
            j = a->from - 1;
            f = 0.0f;
        }
        a->first[i] = j;
        a->weight[2 * i] = 1.0f - f;
        a->weight[2 * i + 1] = f;
    }
}

/* Output i covers i * from / to ... (i + 1) * from / to; in units of 1 / to
 * that is a matter of integers. */
static void fill_area(const axis *a)
{
    for (int64_t i = 0; i < a->to; i++) {
        int64_t begin = i * a->from, end = begin + a->from;

        a->first[i] = begin / a->to;
        for (int64_t k = 0; k < a->taps; k++) {
            int64_t left = (a->first[i] + k) * a->to, right = left + a->to;
            int64_t covered =
                (right < end ? right : end) - (left > begin ? left : begin);

            a->weight[i * a->taps + k] =
                covered > 0 ? (float)((double)covered / (double)a->from) : 0;
        }
    }
}

static int64_t clamped(const axis *a, int64_t i)
{
    return ost_px_clamp(i, 0, a->from - 1);
}

/* ---- nearest ---- */

static void resize_nearest(const ost_image *in, const ost_image *out)
{
    double scale_y = 1.0 / ((double)out->h / (double)in->h);
    double scale_x = 1.0 / ((double)out->w / (double)in->w);

    for (int64_t y = 0; y < out->h; y++) {
        int64_t v = (int64_t)floor((double)y * scale_y);

        v = v < in->h ? v : in->h - 1;
        for (int64_t x = 0; x < out->w; x++) {
            int64_t u = (int64_t)floor((double)x * scale_x);

            u = u < in->w ? u : in->w - 1;
            for (int64_t c = 0; c < in->c; c++)
                memcpy(ost_image_at(out, y, x, c), ost_image_at(in, v, u, c),
                       in->size);
        }
    }
}

/* ---- single precision ---- */

static void float_row(const axis *along, const float *restrict row,
                      float *restrict sum)
{
    for (int64_t x = 0; x < along->to; x++) {
        const float *weight = along->weight + x * along->taps;
        float s = 0.0f;

        for (int64_t k = 0; k < along->taps; k++)
            if (weight[k] != 0.0f)
                s += weight[k] * row[clamped(along, along->first[x] + k)];
        sum[x] = s;
    }
}

static void add_row(int64_t w, float weight, const float *restrict row,
                    float *restrict sum)
{
    for (int64_t x = 0; x < w; x++)
        sum[x] += weight * row[x];
}

/* Rows come in order, so that one input row serves all output rows that need
 * it while it is at hand: the last two are kept. */
static void resize_float(const ost_image *in, const ost_image *out,
                         const axis *down, const axis *along, float *memory)
{
    float *row = memory, *sum = row + in->w, *ring = sum + out->w;

    for (int64_t c = 0; c < in->c; c++) {
        int64_t kept[2] = { -1, -1 };

        for (int64_t y = 0; y < out->h; y++) {
            memset(sum, 0, (size_t)out->w * sizeof(float));
            for (int64_t k = 0; k < down->taps; k++) {
                float weight = down->weight[y * down->taps + k];
                int64_t v = clamped(down, down->first[y] + k);
                float *part = ring + (v & 1) * out->w;

                if (weight == 0.0f)
                    continue;
                if (kept[v & 1] != v) {
                    ost_row_get(in, v, c, row);
                    float_row(along, row, part);
                    kept[v & 1] = v;
                }
                add_row(out->w, weight, part, sum);
            }
            ost_row_put(out, y, c, sum);
        }
    }
}

/* ---- the whole ---- */

static ost_rc resize_by_taps(const ost_image *in, const ost_image *out,
                             bool area, ost_err *err)
{
    bool shrinks_y = area && out->h < in->h;
    bool shrinks_x = area && out->w < in->w;
    axis down = { 0 }, along = { 0 };
    float *memory = NULL;
    ost_rc rc;

    rc = axis_init(&down, in->h, out->h, shrinks_y, err);
    if (!rc)
        rc = axis_init(&along, in->w, out->w, shrinks_x, err);
    if (rc)
        goto out;
    memory = ost_try_alloc((size_t)in->w + 3 * (size_t)out->w, sizeof(float));
    if (!memory) {
        rc = ost_fail(err, OST_ENOMEM, "resize: no memory for rows");
        goto out;
    }
    if (shrinks_y)
        fill_area(&down);
    else
        fill_linear(&down, false);
    if (shrinks_x)
        fill_area(&along);
    else
        fill_linear(&along, true);
    if (in->dtype == OST_U8 && !shrinks_y && !shrinks_x)
        rc = ost_resize_linear_u8(
            in, out, &(ost_linear_axis){ down.first, down.weight },
            &(ost_linear_axis){ along.first, along.weight }, err);
    else
        resize_float(in, out, &down, &along, memory);
out:
    ost_free(memory);
    axis_release(&along);
    axis_release(&down);
    return rc;
}

ost_rc ost_cpu_resize(const ost_tensor *image, ost_resize_method method,
                      ost_tensor *resized, ost_err *err)
{
    ost_image in, out;
    ost_rc rc;

    rc = ost_image_of(image, "image", &in, err);
    if (!rc)
        rc = ost_image_of(resized, "resized image", &out, err);
    if (!rc)
        rc = ost_image_alike(&in, &out, err);
    if (rc || ost_image_is_empty(&out))
        return rc;
    if (ost_image_is_empty(&in))
        return ost_fail(err, OST_EINPUT, "resize: the image has no pixels");
    switch (method) {
    case OST_RESIZE_NEAREST:
        resize_nearest(&in, &out);
        return OST_OK;
    case OST_RESIZE_LINEAR:
        if (ost_resize_half_u8(&in, &out))
            return OST_OK;
        return resize_by_taps(&in, &out, false, err);
    case OST_RESIZE_AUTO:
    case OST_RESIZE_AREA:
        return resize_by_taps(&in, &out, true, err);
    case OST_RESIZE_CUBIC:
        return ost_resize_cubic(&in, &out, err);
    }
    return ost_fail(err, OST_EINPUT, "resize: unknown method %d", (int)method);
}
