/* kernels/cpu/resize.c - change the size of an image
 *
 * Every method is separable, and each axis is a table: for output position i
 * the input positions that it takes and their weights.  Nearest copies;
 * linear has two taps; area has as many as the pixel covers.  u8 linear runs
 * in OpenCV's fixed point with 11 bits for a weight, everything else in single
 * precision.
 */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/resize_axis.h"
#include "kernels/cpu/resize_cubic.h"
#include "kernels/cpu/resize_linear.h"
#include "kernels/cpu/rows.h"
#include "kernels/image.h"
#include "kernels/pixel.h"

#include <string.h>

#include "base/banned.h"

typedef ost_resize_axis axis;

static int64_t clamped(const axis *a, int64_t i)
{
    return ost_px_clamp(i, 0, a->from - 1);
}

/* ---- nearest ---- */

static ost_rc resize_nearest(const ost_image *in, const ost_image *out,
                             ost_err *err)
{
    int64_t *rows = ost_try_alloc((size_t)(out->h + out->w), sizeof(*rows));
    int64_t *columns;

    if (!rows)
        return ost_fail(err, OST_ENOMEM, "resize: no memory for positions");
    columns = rows + out->h;
    ost_resize_nearest(in->h, out->h, rows);
    ost_resize_nearest(in->w, out->w, columns);
    for (int64_t y = 0; y < out->h; y++)
        for (int64_t x = 0; x < out->w; x++)
            for (int64_t c = 0; c < in->c; c++)
                memcpy(ost_image_at(out, y, x, c),
                       ost_image_at(in, rows[y], columns[x], c), in->size);
    ost_free(rows);
    return OST_OK;
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
    axis down = { 0 }, along = { 0 };
    float *memory = NULL;
    ost_rc rc = ost_resize_axes_init(in, out, area, &down, &along, err);

    if (rc)
        goto out;
    memory = ost_try_alloc((size_t)in->w + 3 * (size_t)out->w, sizeof(float));
    if (!memory) {
        rc = ost_fail(err, OST_ENOMEM, "resize: no memory for rows");
        goto out;
    }
    if (ost_resize_is_linear_u8(in, out, area))
        rc = ost_resize_linear_u8(
            in, out, &(ost_linear_axis){ down.first, down.weight },
            &(ost_linear_axis){ along.first, along.weight }, err);
    else
        resize_float(in, out, &down, &along, memory);
out:
    ost_free(memory);
    ost_resize_axis_release(&along);
    ost_resize_axis_release(&down);
    return rc;
}

ost_rc ost_resize_check(const ost_tensor *image, ost_resize_method method,
                        const ost_tensor *resized, ost_image *in,
                        ost_image *out, ost_err *err)
{
    ost_rc rc = ost_image_of(image, "image", in, err);

    if (!rc)
        rc = ost_image_of(resized, "resized image", out, err);
    if (!rc)
        rc = ost_image_alike(in, out, err);
    if (rc || ost_image_is_empty(out))
        return rc;
    if (ost_image_is_empty(in))
        return ost_fail(err, OST_EINPUT, "resize: the image has no pixels");
    if (method > OST_RESIZE_CUBIC)
        return ost_fail(err, OST_EINPUT, "resize: unknown method %d",
                        (int)method);
    return OST_OK;
}

ost_rc ost_cpu_resize(const ost_tensor *image, ost_resize_method method,
                      ost_tensor *resized, ost_err *err)
{
    ost_image in, out;
    ost_rc rc = ost_resize_check(image, method, resized, &in, &out, err);

    if (rc || ost_image_is_empty(&out))
        return rc;
    if (method == OST_RESIZE_NEAREST)
        return resize_nearest(&in, &out, err);
    if (method == OST_RESIZE_CUBIC)
        return ost_resize_cubic(&in, &out, err);
    if (method == OST_RESIZE_LINEAR && ost_resize_half_u8(&in, &out))
        return OST_OK;
    return resize_by_taps(&in, &out, method != OST_RESIZE_LINEAR, err);
}
