/* kernels/cpu/resize_axis.c - where the pixels of a resized image come from */
#include "kernels/cpu/resize_axis.h"

#include "base/alloc.h"
#include "kernels/pixel.h"

#include <math.h>

#include "base/banned.h"

typedef ost_resize_axis axis;

void ost_resize_axis_release(axis *a)
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

static bool shrinks(int64_t from, int64_t to, bool area)
{
    return area && to < from;
}

ost_rc ost_resize_axes_init(const ost_image *in, const ost_image *out,
                            bool area, axis *down, axis *along, ost_err *err)
{
    bool shrinks_y = shrinks(in->h, out->h, area);
    bool shrinks_x = shrinks(in->w, out->w, area);
    ost_rc rc = axis_init(down, in->h, out->h, shrinks_y, err);

    if (!rc)
        rc = axis_init(along, in->w, out->w, shrinks_x, err);
    if (rc)
        return rc;
    if (shrinks_y)
        fill_area(down);
    else
        fill_linear(down, false);
    if (shrinks_x)
        fill_area(along);
    else
        fill_linear(along, true);
    return OST_OK;
}

bool ost_resize_is_linear_u8(const ost_image *in, const ost_image *out,
                             bool area)
{
    return in->dtype == OST_U8 && !shrinks(in->h, out->h, area) &&
           !shrinks(in->w, out->w, area);
}

void ost_resize_nearest(int64_t from, int64_t to, int64_t *position)
{
    double scale = 1.0 / ((double)to / (double)from);

    for (int64_t i = 0; i < to; i++) {
        int64_t at = (int64_t)floor((double)i * scale);

        position[i] = at < from ? at : from - 1;
    }
}

void ost_cubic_fill(ost_cubic_taps *t, int64_t i, int64_t from, int64_t to)
{
    const float a = -0.75f;
    double scale = 1.0 / ((double)to / (double)from);
    float x = (float)(((double)i + 0.5) * scale - 0.5);
    int64_t first = (int64_t)floorf(x) - 1;
    float *w = t->weight, y;

    x -= floorf(x);
    y = 1.0f - x;
    t->first = first;
    w[0] = ((a * (x + 1.0f) - 5.0f * a) * (x + 1.0f) + 8.0f * a) * (x + 1.0f) -
           4.0f * a;
    w[1] = ((a + 2.0f) * x - (a + 3.0f)) * x * x + 1.0f;
    w[2] = ((a + 2.0f) * y - (a + 3.0f)) * y * y + 1.0f;
    w[3] = 1.0f - w[0] - w[1] - w[2];
    for (int k = 0; k < OST_CUBIC_TAPS; k++) {
        t->at[k] = ost_px_clamp(first + k, 0, from - 1);
        t->fixed[k] = (int32_t)rintf(w[k] * (float)(1 << OST_CUBIC_BITS));
    }
}
