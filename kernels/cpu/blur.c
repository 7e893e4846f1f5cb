/* kernels/cpu/blur.c - Gaussian blur
 *
 * Weights are OpenCV's, in double.  Integers are blurred in fixed point
 * (blur_fixed.c).  Single precision is separable too: rows are convolved along
 * x into a ring of rows, and the ring is summed along y; sums run from the
 * center outwards, so that a mirrored image has the mirrored blur.
 */
#include "base/alloc.h"
#include "kernels/cpu/blur_fixed.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/exact.h"
#include "kernels/image.h"
#include "kernels/pixel.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

typedef struct blur {
    ost_image in;
    ost_image out;
    int64_t reach;
    float *weight; /* reach + 1, from the center outwards */
    float *padded; /* a row with `reach` more on both sides */
    float *ring;   /* 2 * reach + 1 rows, convolved along x */
    float *sum;
    void *memory;
} blur;

static ost_rc take_memory(blur *b, ost_err *err)
{
    size_t w = (size_t)b->in.w, reach = (size_t)b->reach;
    float *p;

    b->memory = ost_try_alloc(reach + 1 + (w + 2 * reach) + (2 * reach + 2) * w,
                              sizeof(float));
    if (!b->memory)
        return ost_fail(err, OST_ENOMEM, "blur: no memory for %lld x %lld",
                        (long long)b->in.h, (long long)b->in.w);
    p = b->memory;
    b->weight = p;
    b->padded = p + reach + 1 + reach;
    b->sum = b->padded + w + reach;
    b->ring = b->sum + w;
    return OST_OK;
}

static float *ring_row(const blur *b, int64_t y)
{
    return b->ring + (y % (2 * b->reach + 1)) * b->in.w;
}

static void blur_row(const blur *b, int64_t y, int64_t c)
{
    float *restrict sum = ring_row(b, y), *restrict p = b->padded;
    int64_t w = b->in.w;

    ost_row_get(&b->in, y, c, p);
    for (int64_t k = 1; k <= b->reach; k++) {
        p[-k] = p[0];
        p[w - 1 + k] = p[w - 1];
    }
    for (int64_t x = 0; x < w; x++)
        sum[x] = b->weight[0] * p[x];
    for (int64_t k = 1; k <= b->reach; k++) {
        float weight = b->weight[k];

        for (int64_t x = 0; x < w; x++)
            sum[x] += weight * (p[x - k] + p[x + k]);
    }
}

static void blur_columns(const blur *b, int64_t y, int64_t c)
{
    float *restrict sum = b->sum;
    const float *restrict row = ring_row(b, y);
    int64_t w = b->in.w, last = b->in.h - 1;

    for (int64_t x = 0; x < w; x++)
        sum[x] = b->weight[0] * row[x];
    for (int64_t k = 1; k <= b->reach; k++) {
        const float *restrict up = ring_row(b, y - k < 0 ? 0 : y - k);
        const float *restrict down = ring_row(b, y + k > last ? last : y + k);
        float weight = b->weight[k];

        for (int64_t x = 0; x < w; x++)
            sum[x] += weight * (up[x] + down[x]);
    }
    ost_row_put(&b->out, y, c, sum);
}

/* Row y needs the rows to y + reach.  The first and the last row stay in the
 * ring as long as they stand in for rows outside of the image: row 0 is
 * overwritten by row 2 * reach + 1, which row reach + 1 is the first to need,
 * and that one does not reach above the image. */
static void blur_channel(const blur *b, int64_t c)
{
    int64_t ready = 0;

    for (int64_t y = 0; y < b->in.h; y++) {
        for (; ready < b->in.h && ready <= y + b->reach; ready++)
            blur_row(b, ready, c);
        blur_columns(b, y, c);
    }
}

/* ---- the whole ---- */

static ost_rc blur_floats(const ost_image *in, const ost_image *out,
                          int64_t reach, const double *weight, ost_err *err)
{
    blur b = { .in = *in, .out = *out, .reach = reach };
    ost_rc rc = take_memory(&b, err);

    if (rc)
        return rc;
    for (int64_t k = 0; k <= reach; k++)
        b.weight[k] = (float)weight[k];
    for (int64_t c = 0; c < in->c; c++)
        blur_channel(&b, c);
    ost_free(b.memory);
    return OST_OK;
}

/* The weights of a bell, from its center outwards, that add up to 1. */
static void fill_weights(double *weight, int64_t reach, double sigma)
{
    double factor = -0.125 / (sigma * sigma), sum = 0.0;

    for (int64_t k = reach; k > 0; k--) {
        weight[k] = ost_exact_exp((double)(4 * k * k) * factor);
        sum += weight[k];
    }
    sum = sum * 2.0 + 1.0;
    weight[0] = 1.0;
    for (int64_t k = 0; k <= reach; k++)
        weight[k] *= 1.0 / sum;
}

static ost_rc check(const ost_image *in, const ost_image *out, double sigma,
                    int64_t size, ost_err *err)
{
    ost_rc rc;

    if (!(sigma >= 0.0 && sigma <= OST_BLUR_MAX_SIGMA))
        return ost_fail(err, OST_EINPUT, "blur: sigma %g is not in 0..%d",
                        sigma, OST_BLUR_MAX_SIGMA);
    if (size < 0 || size > OST_BLUR_MAX_SIZE || (size > 0 && size % 2 == 0))
        return ost_fail(err, OST_EINPUT,
                        "blur: a size of %lld is not odd or not in 0..%d",
                        (long long)size, OST_BLUR_MAX_SIZE);
    rc = ost_image_alike(in, out, err);
    if (rc)
        return rc;
    if (in->h != out->h || in->w != out->w)
        return ost_fail(err, OST_EINPUT, "blur: sizes differ");
    return OST_OK;
}

ost_rc ost_blur_begin(const ost_tensor *image, double sigma, int64_t size,
                      const ost_tensor *out, ost_blur_work *b, ost_err *err)
{
    ost_rc rc;

    *b = (ost_blur_work){ 0 };
    rc = ost_image_of(image, "image", &b->in, err);
    if (!rc)
        rc = ost_image_of(out, "blurred image", &b->out, err);
    if (!rc)
        rc = check(&b->in, &b->out, sigma, size, err);
    if (rc)
        return rc;
    if (size == 0)
        size = (int64_t)rint(sigma * (b->in.dtype == OST_U8 ? 6 : 8) + 1.0) | 1;
    if (sigma == 0.0 || size == 1 || ost_image_is_empty(&b->in))
        return OST_OK;
    b->reach = size / 2;
    b->weight = ost_try_alloc((size_t)b->reach + 1, sizeof(*b->weight));
    if (!b->weight)
        return ost_fail(err, OST_ENOMEM, "blur: no memory for weights");
    fill_weights(b->weight, b->reach, sigma);
    return OST_OK;
}

ost_rc ost_cpu_blur(const ost_tensor *image, double sigma, int64_t size,
                    ost_tensor *out, ost_err *err)
{
    ost_blur_work b;
    ost_rc rc = ost_blur_begin(image, sigma, size, out, &b, err);

    if (rc)
        return rc;
    if (b.reach == 0)
        return ost_cpu_copy(image, out, err);
    rc = b.in.dtype == OST_F32
             ? blur_floats(&b.in, &b.out, b.reach, b.weight, err)
             : ost_blur_fixed(&b.in, &b.out, b.reach, b.weight, err);
    ost_free(b.weight);
    return rc;
}
