/* tests/property/test_image_properties.c - what image operators always do */
/* links: base kernels */
#include "base/alloc.h"
#include "kernels/cpu/wide.h"
#include "kernels/image.h"
#include "kernels/tone.h"
#include "tests/support/seed.h"

#include <string.h>

#include "base/banned.h"

enum { SIDE = 40, BYTES = SIDE * SIDE * 3 * 4 };

/* A drawn image: any type, one to three channels, sides from 1 to SIDE. */
typedef struct sample {
    ost_tensor t;
    size_t bytes;
    unsigned char data[BYTES];
} sample;

static sample in, out, back;

static void shape_like(sample *s, const ost_tensor *t)
{
    s->t = ost_tensor_of(s->data, t->dtype, t->ndim, t->shape);
    s->bytes = (size_t)ost_tensor_count(&s->t) * ost_dtype_size(t->dtype);
    memset(s->data, 0xA5, sizeof(s->data));
}

static void draw(ost_rng *r)
{
    static const ost_dtype dtypes[] = { OST_U8, OST_U16, OST_F32 };
    ost_dtype dtype = dtypes[ost_rng_below(r, 3)];
    int64_t shape[3] = { 1 + (int64_t)ost_rng_below(r, SIDE),
                         1 + (int64_t)ost_rng_below(r, SIDE),
                         1 + (int64_t)ost_rng_below(r, 3) };
    ost_tensor t = ost_tensor_of(in.data, dtype, shape[2] > 1 ? 3 : 2, shape);

    shape_like(&in, &t);
    for (int64_t i = 0; i < ost_tensor_count(&t); i++)
        if (dtype == OST_U8)
            in.data[i] = (uint8_t)ost_rng_u32(r);
        else if (dtype == OST_U16)
            ((uint16_t *)(void *)in.data)[i] = (uint16_t)ost_rng_u32(r);
        else
            ((float *)(void *)in.data)[i] = (float)ost_rng_range(r, -9, 9);
}

static ost_rc move(const ost_motion *motion, bool nearest, sample *from,
                   sample *to)
{
    ost_warp_spec spec = {
        .map = ost_affine_of(motion, from->t.shape[0], from->t.shape[1]),
        .nearest = nearest,
    };

    shape_like(to, &from->t);
    return ost_cpu_warp(&from->t, &spec, &to->t, NULL);
}

static bool same(const sample *a, const sample *b)
{
    return a->bytes == b->bytes && memcmp(a->data, b->data, a->bytes) == 0;
}

static const char *no_motion_and_two_flips_are_identity(ost_rng *r)
{
    const ost_motion still = { .scale = 1 };
    ost_motion flip = { .scale = 1 };
    bool nearest = ost_rng_below(r, 2);

    draw(r);
    if (move(&still, nearest, &in, &out) || !same(&in, &out))
        return "an image that was not moved changed";
    flip.flip_x = ost_rng_below(r, 2);
    flip.flip_y = !flip.flip_x || ost_rng_below(r, 2);
    if (move(&flip, nearest, &in, &out) || move(&flip, nearest, &out, &back) ||
        !same(&in, &back))
        return "an image flipped twice changed";
    return NULL;
}

static const char *four_quarter_turns_are_identity(ost_rng *r)
{
    const ost_motion turn = { .scale = 1, .rotate = 90 };
    bool nearest = ost_rng_below(r, 2);
    int64_t side;

    draw(r);
    side = in.t.shape[0] < in.t.shape[1] ? in.t.shape[0] : in.t.shape[1];
    in.t = ost_tensor_of(in.data, in.t.dtype, in.t.ndim,
                         (int64_t[]){ side, side, in.t.shape[2] });
    in.bytes = (size_t)ost_tensor_count(&in.t) * ost_dtype_size(in.t.dtype);
    if (move(&turn, nearest, &in, &out) || move(&turn, nearest, &out, &back) ||
        move(&turn, nearest, &back, &out) || move(&turn, nearest, &out, &back))
        return "a turn failed";
    return same(&in, &back) ? NULL : "four quarter turns changed an image";
}

static const char *resizing_stays_between_the_extremes(ost_rng *r)
{
    int64_t shape[3];
    ost_levels before, after;
    ost_tensor to;

    draw(r);
    shape[0] = 1 + (int64_t)ost_rng_below(r, SIDE);
    shape[1] = 1 + (int64_t)ost_rng_below(r, SIDE);
    shape[2] = in.t.shape[2];
    to = ost_tensor_of(out.data, in.t.dtype, in.t.ndim, shape);
    shape_like(&out, &to);
    for (int m = OST_RESIZE_AUTO; m <= OST_RESIZE_AREA; m++) {
        double slack = in.t.dtype == OST_F32 ? 1e-5 : 0;

        if (ost_cpu_resize(&in.t, (ost_resize_method)m, &out.t, NULL) ||
            ost_cpu_levels(&in.t, &before, NULL) ||
            ost_cpu_levels(&out.t, &after, NULL))
            return "resizing failed";
        if (after.min < before.min - slack || after.max > before.max + slack)
            return "resizing made values that were not there";
    }
    return NULL;
}

static const char *higher_thresholds_find_fewer_edges(ost_rng *r)
{
    ost_canny_spec spec = { .aperture = 3 + 2 * (int)ost_rng_below(r, 3),
                            .l2 = ost_rng_below(r, 2) };
    int64_t shape[2];
    ost_tensor first, second;

    do
        draw(r);
    while (in.t.dtype != OST_U8);
    shape[0] = in.t.shape[0];
    shape[1] = in.t.shape[1];
    first = ost_tensor_of(out.data, OST_U8, 2, shape);
    second = ost_tensor_of(back.data, OST_U8, 2, shape);
    spec.low = ost_rng_range(r, 0, 400);
    spec.high = spec.low + ost_rng_range(r, 0, 400);
    if (ost_cpu_canny(&in.t, &spec, &first, NULL))
        return "canny failed";
    spec.low += ost_rng_range(r, 0, 100);
    spec.high += ost_rng_range(r, 100, 300);
    if (ost_cpu_canny(&in.t, &spec, &second, NULL))
        return "canny failed";
    for (int64_t i = 0; i < ost_tensor_count(&first); i++)
        if (back.data[i] > out.data[i])
            return "a higher threshold found another edge";
    return NULL;
}

/* --- widths of vectors ---------------------------------------------------- */

enum { BLURRED, RESIZED, WARPED, LINE, RAMP, EDGES, OPERATORS };

typedef struct work {
    int op;
    double number; /* sigma, degrees, gain */
    int64_t height;
    int64_t width;
} work;

/* Does it to `in`, into `to`. */
static ost_rc do_work(const work *w, sample *to)
{
    const ost_motion motion = { .scale = 1.1, .rotate = w->number * 9 };
    const ost_ramp_spec ramp = { .gain = w->number, .least = -4, .most = 200 };
    const ost_canny_spec canny = { .aperture = 3,
                                   .low = 40,
                                   .high = 90 + w->number };
    const int64_t shape[3] = { w->height, w->width, in.t.shape[2] };
    ost_tensor t;

    shape_like(to, &in.t);
    switch (w->op) {
    case BLURRED:
        return ost_cpu_blur(&in.t, w->number, 0, &to->t, NULL);
    case RESIZED:
        t = ost_tensor_of(to->data, in.t.dtype, in.t.ndim, shape);
        shape_like(to, &t);
        return ost_cpu_resize(&in.t, OST_RESIZE_LINEAR, &to->t, NULL);
    case WARPED:
        return move(&motion, false, &in, to);
    case LINE:
        return ost_cpu_rescale(&in.t, w->number, 3, &to->t, NULL);
    case RAMP:
        return ost_cpu_ramp(&in.t, &ramp, &to->t, NULL);
    default:
        t = ost_tensor_of(to->data, OST_U8, 2, in.t.shape);
        shape_like(to, &t);
        return in.t.dtype == OST_U8 ? ost_cpu_canny(&in.t, &canny, &to->t, NULL)
                                    : OST_OK;
    }
}

static const char *all_widths_of_vectors_make_the_same_bytes(ost_rng *r)
{
    static const char *const names[OPERATORS] = { "blur", "resize", "warp",
                                                  "line", "ramp",   "canny" };
    const char *wrong = NULL;

    draw(r);
    for (int i = 0; i < OPERATORS && !wrong; i++) {
        work w = { .op = i,
                   .number = ost_rng_range(r, 0, 4),
                   .height = 1 + (int64_t)ost_rng_below(r, SIDE),
                   .width = 1 + (int64_t)ost_rng_below(r, SIDE) };

        ost_cpu_width_at_most(OST_WIDTH_ANY);
        if (do_work(&w, &out))
            wrong = names[i];
        for (int most = OST_WIDTH_AVX2; most <= OST_WIDTH_AVX512; most++) {
            ost_cpu_width_at_most((ost_width)most);
            if (do_work(&w, &back) || !same(&out, &back))
                wrong = names[i];
        }
    }
    return wrong;
}

int main(void)
{
    int failed = each_seed(300, no_motion_and_two_flips_are_identity);

    failed += each_seed(200, four_quarter_turns_are_identity);
    failed += each_seed(200, resizing_stays_between_the_extremes);
    failed += each_seed(300, all_widths_of_vectors_make_the_same_bytes);
    failed += each_seed(200, higher_thresholds_find_fewer_edges);
    return failed != 0;
}
