/* kernels/cpu/blur.c - Gaussian blur
 *
 * Separable: rows are convolved along x into a ring of rows, and the ring is
 * summed along y.  Weights are normalized in double and used in single
 * precision; sums run from the center outwards, so that a mirrored image has
 * the mirrored blur.
 */
#include "base/alloc.h"
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

static void fill_weights(const blur *b, double sigma)
{
    double total = 1.0;

    for (int64_t k = 1; k <= b->reach; k++)
        total += 2.0 * ost_exact_exp((double)(-k * k) / (2.0 * sigma * sigma));
    for (int64_t k = 0; k <= b->reach; k++)
        b->weight[k] =
            (float)(ost_exact_exp((double)(-k * k) / (2.0 * sigma * sigma)) /
                    total);
}

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

ost_rc ost_cpu_blur(const ost_tensor *image, double sigma, ost_tensor *out,
                    ost_err *err)
{
    blur b = { 0 };
    ost_rc rc;

    if (!(sigma >= 0.0 && sigma <= 1000.0))
        return ost_fail(err, OST_EINPUT, "blur: sigma %g is not in 0..1000",
                        sigma);
    rc = ost_image_of(image, "image", &b.in, err);
    if (!rc)
        rc = ost_image_of(out, "blurred image", &b.out, err);
    if (!rc)
        rc = ost_image_alike(&b.in, &b.out, err);
    if (rc)
        return rc;
    if (b.in.h != b.out.h || b.in.w != b.out.w)
        return ost_fail(err, OST_EINPUT, "blur: sizes differ");
    if (sigma == 0.0 || ost_image_is_empty(&b.in))
        return ost_cpu_copy(image, out, err);
    b.reach = (int64_t)ceil(3.0 * sigma);
    rc = take_memory(&b, err);
    if (rc)
        return rc;
    fill_weights(&b, sigma);
    for (int64_t c = 0; c < b.in.c; c++)
        blur_channel(&b, c);
    ost_free(b.memory);
    return OST_OK;
}
