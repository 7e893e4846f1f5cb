/* stages/phantom_shapes.c - what made-up anatomy is built from */
#include "stages/phantom_shapes.h"

#include "kernels/exact.h"

#include <math.h>

#include "base/banned.h"

double ost_shape_clamp01(double v)
{
    return v < 0.0 ? 0.0 : v > 1.0 ? 1.0 : v;
}

double ost_shape_ramp(double from, double to, double v)
{
    double t = ost_shape_clamp01((v - from) / (to - from));

    return t * t * (3.0 - 2.0 * t);
}

double ost_shape_chord(double r, double v)
{
    double d = r * r - v * v;

    return r > 0.0 && d > 0.0 ? 2.0 * sqrt(d) : 0.0;
}

double ost_shape_distance(const double from[2], const double to[2], double x,
                          double y, double *along)
{
    double ax = to[0] - from[0], ay = to[1] - from[1];
    double px = x - from[0], py = y - from[1];
    double square = ax * ax + ay * ay;
    double t =
        square > 0.0 ? ost_shape_clamp01((px * ax + py * ay) / square) : 0.0;
    double dx = px - t * ax, dy = py - t * ay;

    *along = t;
    return sqrt(dx * dx + dy * dy);
}

/* ---- random numbers of places ---- */

static uint32_t hash(int64_t x, int64_t y, uint32_t seed)
{
    uint32_t h = (uint32_t)x * 0x9E3779B1u ^ (uint32_t)y * 0x85EBCA77u ^ seed;

    h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
    h = (h ^ (h >> 12)) * 0x297A2D39u;
    return h ^ h >> 15;
}

double ost_shape_lattice(int64_t x, int64_t y, uint32_t seed)
{
    return (double)hash(x, y, seed) / 4294967296.0 * 2.0 - 1.0;
}

double ost_shape_unit(int64_t x, int64_t y, uint32_t seed)
{
    return (double)hash(x, y, seed) / 4294967296.0;
}

double ost_shape_field(double x, double y, uint32_t seed)
{
    double fx = floor(x), fy = floor(y), tx = x - fx, ty = y - fy;
    int64_t ix = (int64_t)fx, iy = (int64_t)fy;
    double a, b;

    tx = tx * tx * (3.0 - 2.0 * tx);
    ty = ty * ty * (3.0 - 2.0 * ty);
    a = ost_shape_lattice(ix, iy, seed);
    a += (ost_shape_lattice(ix + 1, iy, seed) - a) * tx;
    b = ost_shape_lattice(ix, iy + 1, seed);
    b += (ost_shape_lattice(ix + 1, iy + 1, seed) - b) * tx;
    return a + (b - a) * ty;
}

/* A plain sum of uniform numbers is close enough to normal. */
double ost_shape_grain(int64_t x, int64_t y, uint32_t seed)
{
    double sum = 0.0;

    for (uint32_t k = 0; k < 4; k++)
        sum += ost_shape_lattice(x, y, seed + 0x632BE5ABu * k);
    return sum * 0.8660254037844386; /* variance 1: 4 / 3 before */
}

/* Up to a mean of 24 by the inverse of the distribution. */
uint32_t ost_shape_poisson(double mean, int64_t x, int64_t y, uint32_t seed)
{
    double u, p, sum, v;
    uint32_t k = 0;

    if (!(mean > 0.0))
        return 0;
    if (mean >= 24.0) {
        v = mean + sqrt(mean) * ost_shape_grain(x, y, seed) + 0.5;
        return v > 0.0 ? (uint32_t)v : 0;
    }
    u = ost_shape_unit(x, y, seed);
    p = sum = ost_exact_exp(-mean);
    while (u >= sum && k < 120) {
        k++;
        p *= mean / (double)k;
        sum += p;
    }
    return k;
}

void ost_shape_box(const uint8_t *mask, int64_t h, int64_t w, int64_t box[4])
{
    box[0] = w;
    box[1] = h;
    box[2] = box[3] = 0;
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            if (!mask[y * w + x])
                continue;
            box[0] = x < box[0] ? x : box[0];
            box[1] = y < box[1] ? y : box[1];
            box[2] = x + 1 > box[2] ? x + 1 : box[2];
            box[3] = y + 1;
        }
    if (box[3] == 0)
        box[0] = box[1] = 0;
}
