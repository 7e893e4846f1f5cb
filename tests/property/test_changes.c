/* tests/property/test_changes.c - drawn changes of pictures can be undone
 *
 * Pictures are linear ramps: straight maps of them are exact but for positions,
 * which are rounded to 1/32 of a pixel, so a change and its inverse give the
 * picture back wherever nothing came in from the sides.
 */
/* links: stages store base kernels */
#include "base/alloc.h"
#include "stages/changes.h"
#include "tests/support/seed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { CASES = 3000, SIDE = 40, MOST = SIDE * SIDE };

typedef struct ramp {
    int64_t h;
    int64_t w;
    double a;
    double b;
    double c;
} ramp;

/* Ranges are read through the table of stages; none is needed here. */
const ost_stage *const ost_stages[] = { NULL };

static float in_data[MOST], out_data[MOST], back_data[MOST], other_data[MOST];

static double at_ramp(const ramp *p, double x, double y)
{
    return p->a + p->b * x + p->c * y;
}

/* What a ramp changes by over what rounding moves a position: half of 1/32 of a
 * pixel, and twice half of 1/1024. */
static double rounding(const ramp *p)
{
    return (fabs(p->b) + fabs(p->c)) * (1.0 / 64 + 1.0 / 1024);
}

static ost_tensor picture(float *data, int64_t h, int64_t w)
{
    return ost_tensor_of(data, OST_F32, 2, (int64_t[]){ h, w });
}

/* One side in five is of a single pixel. */
static int64_t draw_side(ost_rng *r)
{
    return ost_rng_below(r, 5) ? 1 + (int64_t)ost_rng_below(r, SIDE) : 1;
}

static ramp draw_ramp(ost_rng *r, ost_tensor *t)
{
    ramp p = { draw_side(r), draw_side(r), ost_rng_range(r, -9, 9),
               ost_rng_range(r, -2, 2), ost_rng_range(r, -2, 2) };

    *t = picture(in_data, p.h, p.w);
    for (int64_t y = 0; y < p.h; y++)
        for (int64_t x = 0; x < p.w; x++)
            in_data[y * p.w + x] = (float)at_ramp(&p, (double)x, (double)y);
    return p;
}

static ost_change_ranges draw_ranges(ost_rng *r)
{
    return (ost_change_ranges){
        .rotate = ost_rng_range(r, 0, 180),
        .translate = ost_rng_range(r, 0, 6),
        .translate_share = ost_rng_range(r, 0, 0.2),
        .scale = ost_rng_range(r, 0, 0.5),
        .shear = ost_rng_range(r, 0, 30),
        .flip_h = 0.5,
        .flip_v = 0.5,
        .elastic_sigma = ost_rng_range(r, 1, 20),
        .fill = -1000.0,
    };
}

static ost_affine inverse(const ost_affine *a)
{
    const double *m = a->m;
    double det = m[0] * m[4] - m[1] * m[3];
    ost_affine i = { { m[4] / det, -m[1] / det, 0, -m[3] / det, m[0] / det,
                       0 } };

    i.m[2] = -(i.m[0] * m[2] + i.m[1] * m[5]);
    i.m[5] = -(i.m[3] * m[2] + i.m[4] * m[5]);
    return i;
}

static bool inside(double x, double y, const ramp *p, double margin)
{
    return x >= margin && y >= margin && x <= (double)p->w - 1.0 - margin &&
           y <= (double)p->h - 1.0 - margin;
}

/* Each pixel that came from inside shows the ramp there. */
static const char *changes_show_the_place_they_say(ost_rng *r)
{
    ost_change_ranges ranges = draw_ranges(r);
    ost_change c = ost_change_draw(&ranges, r);
    ost_tensor in, out;
    ramp p = draw_ramp(r, &in);
    ost_affine map = ost_change_map(&c, p.h, p.w);

    out = picture(out_data, p.h, p.w);
    if (ost_change_plane(&c, 0, &in, &out, NULL))
        return "a change failed";
    for (int64_t y = 0; y < p.h; y++)
        for (int64_t x = 0; x < p.w; x++) {
            const double *m = map.m;
            double u = m[0] * (double)x + m[1] * (double)y + m[2];
            double v = m[3] * (double)x + m[4] * (double)y + m[5];

            if (inside(u, v, &p, 0.0) &&
                fabs((double)out_data[y * p.w + x] - at_ramp(&p, u, v)) >
                    rounding(&p) + 2e-3)
                return "a pixel does not show its place";
        }
    return NULL;
}

static const char *changes_are_undone_by_their_inverse(ost_rng *r)
{
    ost_change_ranges ranges = draw_ranges(r);
    ost_change c = ost_change_draw(&ranges, r);
    ost_warp_spec spec = { .fill = -1000.0f };
    ost_tensor in, out, back;
    ramp p = draw_ramp(r, &in);
    ost_affine map = ost_change_map(&c, p.h, p.w);

    spec.map = inverse(&map);
    out = picture(out_data, p.h, p.w);
    back = picture(back_data, p.h, p.w);
    if (ost_change_plane(&c, 0, &in, &out, NULL) ||
        ost_cpu_warp(&out, &spec, &back, NULL))
        return "a change failed";
    for (int64_t y = 0; y < p.h; y++)
        for (int64_t x = 0; x < p.w; x++) {
            const double *m = spec.map.m;
            double u = m[0] * (double)x + m[1] * (double)y + m[2];
            double v = m[3] * (double)x + m[4] * (double)y + m[5];
            double margin = 2.0 / (1.0 - ranges.scale) + 1.5;
            /* The change may make the ramp steeper by this. */
            double steepest = fabs(map.m[0]) + fabs(map.m[1]) + fabs(map.m[3]) +
                              fabs(map.m[4]);

            /* Far enough from the sides that only ramp was looked at. */
            if (inside(u, v, &p, 1.0) &&
                inside((double)x, (double)y, &p, margin) &&
                fabs((double)back_data[y * p.w + x] -
                     at_ramp(&p, (double)x, (double)y)) >
                    (1.0 + steepest) * rounding(&p) + 5e-3)
                return "a change and its inverse are not the identity";
        }
    return NULL;
}

/* Flips, quarter turns and whole shifts lose nothing but what leaves. */
static const char *whole_steps_are_undone_exactly(ost_rng *r)
{
    ost_change_ranges ranges = { .translate = 8.0, .fill = -1000.0 };
    ost_change c = { .ranges = &ranges, .motion.scale = 1.0, .gamma = 1.0 };
    ost_warp_spec spec = { .fill = -1000.0f };
    ost_tensor in, out, back;
    ramp p = draw_ramp(r, &in);
    ost_affine map;

    c.motion.flip_x = ost_rng_below(r, 2);
    c.motion.flip_y = ost_rng_below(r, 2);
    c.motion.rotate = ost_rng_below(r, 2) ? 180.0 : 0.0;
    if (p.h == p.w && ost_rng_below(r, 2))
        c.motion.rotate += 90.0;
    c.shift_x = ((double)ost_rng_below(r, 17) - 8.0) / 8.0;
    c.shift_y = ((double)ost_rng_below(r, 17) - 8.0) / 8.0;
    for (int64_t i = 0; i < p.h * p.w; i++)
        in_data[i] = (float)ost_rng_range(r, -9, 9);
    map = ost_change_map(&c, p.h, p.w);
    spec.map = inverse(&map);
    out = picture(out_data, p.h, p.w);
    back = picture(back_data, p.h, p.w);
    if (ost_change_plane(&c, 0, &in, &out, NULL) ||
        ost_cpu_warp(&out, &spec, &back, NULL))
        return "a change failed";
    for (int64_t y = 0; y < p.h; y++)
        for (int64_t x = 0; x < p.w; x++) {
            float v = back_data[y * p.w + x];
            double u = spec.map.m[0] * (double)x + spec.map.m[1] * (double)y +
                       spec.map.m[2];
            double w = spec.map.m[3] * (double)x + spec.map.m[4] * (double)y +
                       spec.map.m[5];

            if (inside(u, w, &p, 0.0) ? v != in_data[y * p.w + x]
                                      : v != -1000.0f)
                return "whole steps were not undone";
        }
    return NULL;
}

static void mirror(const float *from, const ramp *p, float *to)
{
    for (int64_t y = 0; y < p->h; y++)
        for (int64_t x = 0; x < p->w; x++)
            to[y * p->w + x] = from[y * p->w + p->w - 1 - x];
}

/* What the camera behind sees changes as what the one in front sees. */
static const char *mirrored_changes_do_the_same_to_mirrored_pictures(ost_rng *r)
{
    ost_change_ranges ranges = draw_ranges(r);
    ost_tensor in, out, back, other;
    ost_change c, m;
    ramp p = draw_ramp(r, &in);

    ranges.elastic = ost_rng_below(r, 2) ? ost_rng_range(r, 0, 4) : 0.0;
    ranges.border = 1;
    c = ost_change_draw(&ranges, r);
    m = ost_change_mirror(&c);
    out = picture(out_data, p.h, p.w);
    back = picture(back_data, p.h, p.w);
    other = picture(other_data, p.h, p.w);
    mirror(in_data, &p, back_data);
    if (ost_change_plane(&c, 0, &in, &out, NULL) ||
        ost_change_plane(&m, 0, &back, &other, NULL))
        return "a change failed";
    mirror(other_data, &p, back_data);
    for (int64_t i = 0; i < p.h * p.w; i++)
        if (fabs((double)out_data[i] - (double)back_data[i]) >
            2.0 * rounding(&p) + 2e-2)
            return "a mirrored picture went elsewhere";
    return NULL;
}

/* The map's places, the box of a mask and the mask agree. */
static const char *elastic_boxes_hold_what_they_held(ost_rng *r)
{
    const ost_elastic e = { .alpha = ost_rng_range(r, 0, 6),
                            .sigma = ost_rng_range(r, 1, 20),
                            .seed = ost_rng_u32(r),
                            .mirror = ost_rng_below(r, 2) };
    const ost_affine still = { { 1, 0, 0, 0, 1, 0 } };
    int64_t h = draw_side(r), w = draw_side(r);
    int64_t x0 = (int64_t)ost_rng_below(r, (uint64_t)w);
    int64_t y0 = (int64_t)ost_rng_below(r, (uint64_t)h);
    int64_t x1 = x0 + 1 + (int64_t)ost_rng_below(r, (uint64_t)(w - x0));
    int64_t y1 = y0 + 1 + (int64_t)ost_rng_below(r, (uint64_t)(h - y0));
    const double from[4] = { (double)x0, (double)y0, (double)x1, (double)y1 };
    double to[4] = { 0 }, seen[4] = { 1e9, 1e9, -1e9, -1e9 };
    const char *wrong = NULL;
    ost_tensor map;
    bool any;

    if (ost_elastic_map(&e, &still, h, w, &map, NULL))
        return "no map";
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const float *at = (const float *)map.data + 2 * (y * w + x);
            double u = (double)at[0], v = (double)at[1];

            if (fabs(u - (double)x) > e.alpha + 1e-4 ||
                fabs(v - (double)y) > e.alpha + 1e-4)
                wrong = "a pixel went farther than alpha";
            u = floor(u + 0.5);
            v = floor(v + 0.5);
            if (u < from[0] || u >= from[2] || v < from[1] || v >= from[3])
                continue;
            seen[0] = fmin(seen[0], (double)x);
            seen[1] = fmin(seen[1], (double)y);
            seen[2] = fmax(seen[2], (double)x + 1);
            seen[3] = fmax(seen[3], (double)y + 1);
        }
    any = ost_elastic_box(&map, from, to);
    if (!wrong && any != (seen[2] > seen[0]))
        wrong = "a box is there or not";
    if (!wrong && any && memcmp(seen, to, sizeof(to)) != 0)
        wrong = "a box does not hold what it held";
    ost_free(map.data);
    return wrong;
}

/* Any change of any picture works, and an edge that is repeated keeps a
 * picture of one value as it is. */
static const char *flat_pictures_stay_flat(ost_rng *r)
{
    ost_change_ranges ranges = draw_ranges(r);
    ost_tensor in, out;
    ramp p = draw_ramp(r, &in);
    ost_change c;

    ranges.border = 1;
    ranges.elastic = ost_rng_range(r, 0, 9);
    ranges.gamma = ranges.contrast = 0.9;
    c = ost_change_draw(&ranges, r);
    for (int64_t i = 0; i < p.h * p.w; i++)
        in_data[i] = 3.25f;
    out = picture(out_data, p.h, p.w);
    if (ost_change_plane(&c, OST_CHANGE_TONE, &in, &out, NULL))
        return "a change failed";
    for (int64_t i = 0; i < p.h * p.w; i++)
        if (fabs((double)out_data[i] - 3.25) > 1e-5)
            return "a flat picture is not flat";
    return NULL;
}

int main(void)
{
    int failed = each_seed(CASES, changes_show_the_place_they_say);

    failed += each_seed(CASES, changes_are_undone_by_their_inverse);
    failed += each_seed(CASES, whole_steps_are_undone_exactly);
    failed +=
        each_seed(CASES, mirrored_changes_do_the_same_to_mirrored_pictures);
    failed += each_seed(CASES, elastic_boxes_hold_what_they_held);
    failed += each_seed(CASES, flat_pictures_stay_flat);
    return failed ? 1 : 0;
}
