/* kernels/cpu/levels.c - extremes, mean and deviation of an image's values
 *
 * Summed in double, row by row (exactly for integer images): first the mean,
 * then the squares of the distances to it.
 */
#include "base/alloc.h"
#include "kernels/cpu/rows.h"
#include "kernels/image.h"

#include <math.h>

#include "base/banned.h"

typedef struct tally {
    int64_t count;
    double min;
    double max;
    double sum; /* of values, or of squared distances to `center` */
    double center;
} tally;

static void tally_row(tally *t, const float *row, int64_t w, bool squares)
{
    double sum = 0.0;

    for (int64_t x = 0; x < w; x++) {
        double v = (double)row[x];

        if (!isfinite(v))
            continue;
        if (squares) {
            sum += (v - t->center) * (v - t->center);
            continue;
        }
        t->min = t->count == 0 || v < t->min ? v : t->min;
        t->max = t->count == 0 || v > t->max ? v : t->max;
        t->count++;
        sum += v;
    }
    t->sum += sum;
}

static void tally_image(tally *t, const ost_image *in, float *row, bool squares)
{
    t->sum = 0.0;
    for (int64_t c = 0; c < in->c; c++)
        for (int64_t y = 0; y < in->h; y++) {
            ost_row_get(in, y, c, row);
            tally_row(t, row, in->w, squares);
        }
}

ost_rc ost_cpu_levels(const ost_tensor *image, ost_levels *levels, ost_err *err)
{
    tally t = { 0 };
    ost_image in;
    float *row;
    ost_rc rc;

    *levels = (ost_levels){ 0 };
    rc = ost_image_of(image, "image", &in, err);
    if (rc || ost_image_is_empty(&in))
        return rc;
    ost_image_flatten(&in);
    row = ost_try_alloc((size_t)in.w, sizeof(*row));
    if (!row)
        return ost_fail(err, OST_ENOMEM, "levels: no memory for a row");
    tally_image(&t, &in, row, false);
    if (t.count > 0) {
        t.center = t.sum / (double)t.count;
        *levels = (ost_levels){
            .count = t.count, .min = t.min, .max = t.max, .mean = t.center
        };
        tally_image(&t, &in, row, true);
        levels->std = sqrt(t.sum / (double)t.count);
    }
    ost_free(row);
    return OST_OK;
}
