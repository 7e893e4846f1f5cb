/* kernels/cpu/percentiles.c - percentiles of an image's values
 *
 * Integer images are counted in a histogram, f32 images are sorted.
 */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cpu/rows.h"
#include "kernels/image.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

enum { LEVELS = 65536 };

/* The values in order: a histogram, or the values themselves. */
typedef struct ordered {
    int64_t count;
    int64_t *histogram;
    float *sorted;
} ordered;

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* The value that `rank` others precede. */
static double value_of_rank(const ordered *o, int64_t rank)
{
    int64_t before = 0;

    if (o->sorted)
        return (double)o->sorted[rank];
    for (int v = 0; v < LEVELS; v++) {
        before += o->histogram[v];
        if (before > rank)
            return v;
    }
    return LEVELS - 1;
}

static ost_rc order(const ost_image *in, float *row, ordered *o, ost_err *err)
{
    size_t size = (size_t)(in->h * in->w) * (size_t)in->c;

    if (in->dtype == OST_F32)
        o->sorted = ost_try_alloc(size, sizeof(float));
    else
        o->histogram = ost_try_alloc(LEVELS, sizeof(int64_t));
    if (!o->sorted && !o->histogram)
        return ost_fail(err, OST_ENOMEM,
                        "percentiles: no memory for %zu values", size);
    for (int64_t c = 0; c < in->c; c++)
        for (int64_t y = 0; y < in->h; y++) {
            ost_row_get(in, y, c, row);
            for (int64_t x = 0; x < in->w; x++)
                if (o->histogram) {
                    o->histogram[(int)row[x]]++;
                    o->count++;
                } else if (isfinite(row[x])) {
                    o->sorted[o->count++] = row[x];
                }
        }
    if (o->sorted)
        qsort(o->sorted, (size_t)o->count, sizeof(float), compare_floats);
    return OST_OK;
}

ost_rc ost_percentiles_check(const ost_tensor *image, const double *percent,
                             int count, double *value, ost_image *in,
                             ost_err *err)
{
    for (int i = 0; i < count; i++) {
        value[i] = 0.0;
        if (!(percent[i] >= 0.0 && percent[i] <= 100.0))
            return ost_fail(err, OST_EINPUT, "percentiles: %g is not in 0..100",
                            percent[i]);
    }
    return ost_image_of(image, "image", in, err);
}

ost_between ost_percentile_place(double percent, int64_t count)
{
    double at = percent / 100.0 * (double)(count - 1);
    int64_t below = (int64_t)floor(at);

    return (ost_between){ below, below + 1 < count ? below + 1 : below,
                          at - (double)below };
}

double ost_percentile_of(const ost_between *b, double low, double high)
{
    return low + (high - low) * b->share;
}

ost_rc ost_cpu_percentiles(const ost_tensor *image, const double *percent,
                           int count, double *value, ost_err *err)
{
    ordered o = { 0 };
    ost_image in;
    float *row;
    ost_rc rc = ost_percentiles_check(image, percent, count, value, &in, err);

    if (rc || ost_image_is_empty(&in))
        return rc;
    ost_image_flatten(&in);
    row = ost_try_alloc((size_t)in.w, sizeof(*row));
    if (!row)
        return ost_fail(err, OST_ENOMEM, "percentiles: no memory for a row");
    rc = order(&in, row, &o, err);
    for (int i = 0; !rc && o.count > 0 && i < count; i++) {
        ost_between b = ost_percentile_place(percent[i], o.count);

        value[i] = ost_percentile_of(&b, value_of_rank(&o, b.below),
                                     value_of_rank(&o, b.above));
    }
    ost_free(o.histogram);
    ost_free(o.sorted);
    ost_free(row);
    return rc;
}
