/* tests/property/test_tone_properties.c - what changes of levels always do */
/* links: base kernels */
#include "kernels/image.h"
#include "kernels/tone.h"
#include "tests/support/seed.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { SIDE = 40, BYTES = SIDE * SIDE * 3 * 4 };

/* A drawn image: any type, one to three channels, sides from 0 to SIDE - 1. */
typedef struct sample {
    ost_tensor t;
    size_t bytes;
    unsigned char data[BYTES];
} sample;

static sample in, out, back;

static void shape_like(sample *s, const ost_tensor *t, ost_dtype dtype)
{
    s->t = ost_tensor_of(s->data, dtype, t->ndim, t->shape);
    s->bytes = (size_t)ost_tensor_count(&s->t) * ost_dtype_size(dtype);
    memset(s->data, 0xA5, sizeof(s->data));
}

static int64_t side(ost_rng *r)
{
    return ost_rng_below(r, 5) == 0 ? (int64_t)ost_rng_below(r, 3)
                                    : (int64_t)ost_rng_below(r, SIDE);
}

static double value(const sample *s, int64_t i)
{
    return s->t.dtype == OST_U8 ? s->data[i]
           : s->t.dtype == OST_U16
               ? ((const uint16_t *)(const void *)s->data)[i]
               : (double)((const float *)(const void *)s->data)[i];
}

static void draw(ost_rng *r, ost_dtype dtype)
{
    int64_t shape[3] = { side(r), side(r), 1 + (int64_t)ost_rng_below(r, 3) };
    ost_tensor t = ost_tensor_of(in.data, dtype, shape[2] > 1 ? 3 : 2, shape);

    shape_like(&in, &t, dtype);
    for (int64_t i = 0; i < ost_tensor_count(&t); i++)
        if (dtype == OST_U8)
            in.data[i] = (uint8_t)ost_rng_u32(r);
        else if (dtype == OST_U16)
            ((uint16_t *)(void *)in.data)[i] = (uint16_t)ost_rng_u32(r);
        else
            ((float *)(void *)in.data)[i] = (float)ost_rng_range(r, -9, 9);
}

static ost_dtype any_type(ost_rng *r)
{
    static const ost_dtype dtypes[] = { OST_U8, OST_U16, OST_F32 };

    return dtypes[ost_rng_below(r, 3)];
}

static bool same(const sample *a, const sample *b)
{
    return a->bytes == b->bytes && memcmp(a->data, b->data, a->bytes) == 0;
}

static const char *inverting_twice_changes_nothing(ost_rng *r)
{
    ost_dtype dtype = ost_rng_below(r, 2) ? OST_U8 : OST_U16;
    double full = dtype == OST_U8 ? 255 : 65535;
    ost_ramp_spec spec = {
        .gain = -1, .to_low = full, .least = 0, .most = full
    };

    draw(r, dtype);
    shape_like(&out, &in.t, dtype);
    shape_like(&back, &in.t, dtype);
    if (ost_cpu_ramp(&in.t, &spec, &out.t, NULL) ||
        ost_cpu_ramp(&out.t, &spec, &back.t, NULL))
        return "a ramp failed";
    return same(&in, &back) ? NULL : "the negative of the negative differs";
}

/* In the order of the values, between the ends, and off the formula by no more
 * than single precision. */
static const char *ramps_are_straight_and_end(ost_rng *r)
{
    ost_dtype to = any_type(r);
    double full = to == OST_U8 ? 255 : to == OST_U16 ? 65535 : 1;
    double size;
    ost_ramp_spec spec = {
        .low = ost_rng_range(r, -9, 300),
        .to_low = ost_rng_range(r, 0, full),
        .gain = ost_rng_range(r, -2, 2),
        .least = ost_rng_range(r, 0, full / 3),
        .most = ost_rng_range(r, full / 2, full),
    };

    draw(r, any_type(r));
    shape_like(&out, &in.t, to);
    if (ost_cpu_ramp(&in.t, &spec, &out.t, NULL))
        return "a ramp failed";
    size = to == OST_F32 ? 0 : 0.5;
    for (int64_t i = 0; i < ost_tensor_count(&in.t); i++) {
        double v = value(&in, i);
        double want = spec.to_low + (v - spec.low) * spec.gain;
        double slack = size + 1e-6 * (fabs(spec.to_low) + fabs(want) +
                                      fabs(v * spec.gain) + 1);

        want = fmin(fmax(want, spec.least), spec.most);
        if (fabs(value(&out, i) - want) > slack)
            return "a value is off the line";
    }
    return NULL;
}

static const char *gray_lies_between_its_colors(ost_rng *r)
{
    int64_t shape[2];
    ost_tensor gray;

    do
        draw(r, any_type(r));
    while (in.t.ndim != 3 || in.t.shape[2] != 3);
    memcpy(shape, in.t.shape, sizeof(shape));
    gray = ost_tensor_of(out.data, in.t.dtype, 2, shape);
    shape_like(&out, &gray, in.t.dtype);
    if (ost_cpu_gray(&in.t, &out.t, NULL))
        return "no gray";
    for (int64_t i = 0; i < ost_tensor_count(&out.t); i++) {
        double a = value(&in, 3 * i), b = value(&in, 3 * i + 1);
        double c = value(&in, 3 * i + 2), g = value(&out, i);

        if (g < fmin(fmin(a, b), c) - 1e-5 || g > fmax(fmax(a, b), c) + 1e-5)
            return "a gray level is out of its colors";
    }
    return NULL;
}

/* Any strides are the same image; channels are taken alone; the order of
 * levels in a tile of its own does not change. */
static const char *equalizing_keeps_order_and_follows_strides(ost_rng *r)
{
    ost_dtype dtype = ost_rng_below(r, 2) ? OST_U8 : OST_U16;
    ost_clahe_spec spec = { .clip_limit = ost_rng_range(r, 0, 5),
                            .rows = 1 + (int)ost_rng_below(r, 5),
                            .columns = 1 + (int)ost_rng_below(r, 5) };
    ost_tensor turned, into;

    draw(r, dtype);
    shape_like(&out, &in.t, dtype);
    shape_like(&back, &in.t, dtype);
    turned = in.t;
    into = back.t;
    if (in.t.ndim == 3) { /* the channels in reverse */
        size_t skip = (size_t)(in.t.shape[2] - 1) * ost_dtype_size(dtype);

        turned.data = in.data + skip;
        turned.stride[2] = -1;
        into.data = back.data + skip;
        into.stride[2] = -1;
    }
    if (ost_cpu_clahe(&in.t, &spec, &out.t, NULL) ||
        ost_cpu_clahe(&turned, &spec, &into, NULL))
        return "clahe failed";
    if (!same(&out, &back))
        return "another order of channels is another image";
    spec.rows = spec.columns = 1;
    if (in.t.ndim == 3 || ost_tensor_count(&in.t) == 0)
        return NULL;
    if (ost_cpu_clahe(&in.t, &spec, &out.t, NULL))
        return "clahe failed";
    for (int64_t i = 1; i < ost_tensor_count(&in.t); i++)
        if ((value(&in, i) < value(&in, i - 1) &&
             value(&out, i) > value(&out, i - 1)) ||
            (value(&in, i) == value(&in, i - 1) &&
             value(&out, i) != value(&out, i - 1)))
            return "levels changed their order";
    return NULL;
}

/* A flat image stays flat, the same size is a copy, and a view is read as its
 * copy. */
static const char *curves_keep_what_is_flat_or_of_the_same_size(ost_rng *r)
{
    ost_dtype dtype = any_type(r);
    int64_t shape[3];
    ost_tensor to;
    double level;

    do
        draw(r, dtype);
    while (ost_tensor_count(&in.t) == 0);
    shape_like(&out, &in.t, dtype);
    if (ost_cpu_resize(&in.t, OST_RESIZE_CUBIC, &out.t, NULL))
        return "resizing failed";
    if (!same(&in, &out))
        return "the same size is another image";
    for (int64_t i = 1; i < ost_tensor_count(&in.t); i++)
        memcpy(in.data + (size_t)i * ost_dtype_size(dtype), in.data,
               ost_dtype_size(dtype));
    level = value(&in, 0);
    memcpy(shape, in.t.shape, sizeof(shape));
    shape[0] = 1 + (int64_t)ost_rng_below(r, SIDE - 1);
    shape[1] = 1 + (int64_t)ost_rng_below(r, SIDE - 1);
    to = ost_tensor_of(out.data, dtype, in.t.ndim, shape);
    shape_like(&out, &to, dtype);
    if (ost_cpu_resize(&in.t, OST_RESIZE_CUBIC, &out.t, NULL))
        return "resizing failed";
    for (int64_t i = 0; i < ost_tensor_count(&out.t); i++)
        if (fabs(value(&out, i) - level) > (dtype == OST_F32 ? 1e-4 : 0))
            return "a flat image is not flat";
    return NULL;
}

int main(void)
{
    int failed = each_seed(500, inverting_twice_changes_nothing);

    failed += each_seed(1000, ramps_are_straight_and_end);
    failed += each_seed(300, gray_lies_between_its_colors);
    failed += each_seed(300, equalizing_keeps_order_and_follows_strides);
    failed += each_seed(500, curves_keep_what_is_flat_or_of_the_same_size);
    return failed != 0;
}
