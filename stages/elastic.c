/* stages/elastic.c - smooth displacements of the places of a picture */
#include "stages/elastic.h"

#include "base/alloc.h"
#include "kernels/pixel_noise.h"

#include <math.h>

#include "base/banned.h"

/* A component of the vector at a point of the grid, -1 to 1. */
static double vector(const ost_elastic *e, int64_t y, int64_t x, uint32_t axis)
{
    uint32_t h = ost_px_hash((uint32_t)x * 0x9E3779B1u ^ e->seed);

    h = ost_px_hash(h ^ (uint32_t)y * 0x85EBCA77u ^ axis * 0xC2B2AE3Du);
    return (double)h / 4294967296.0 * 2.0 - 1.0;
}

/* Weights of the four points around a place, `t` behind the second. */
static void weigh(double t, double w[4])
{
    double u = 1.0 - t;

    w[0] = u * u * u / 6.0;
    w[1] = (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0;
    w[2] = (3.0 * u * u * u - 6.0 * u * u + 4.0) / 6.0;
    w[3] = t * t * t / 6.0;
}

static void displace(const ost_elastic *e, double x, double y, double by[2])
{
    double gx = x / e->sigma, gy = y / e->sigma, wx[4], wy[4];
    int64_t ix = (int64_t)floor(gx), iy = (int64_t)floor(gy);

    weigh(gx - floor(gx), wx);
    weigh(gy - floor(gy), wy);
    by[0] = by[1] = 0.0;
    for (int j = 0; j < 4; j++)
        for (int i = 0; i < 4; i++)
            for (uint32_t k = 0; k < 2; k++)
                by[k] += wy[j] * wx[i] * vector(e, iy + j - 1, ix + i - 1, k);
    by[0] *= e->alpha;
    by[1] *= e->alpha;
}

ost_rc ost_elastic_map(const ost_elastic *e, const ost_affine *affine,
                       int64_t height, int64_t width, ost_tensor *map,
                       ost_err *err)
{
    const int64_t shape[3] = { height, width, 2 };
    const double *m = affine->m;
    float *at = ost_try_alloc((size_t)(height * width), 2 * sizeof(*at));

    *map = ost_tensor_of(at, OST_F32, 3, shape);
    if (!at)
        return ost_fail(err, OST_ENOMEM, "no memory for a displacement");
    for (int64_t row = 0; row < height; row++)
        for (int64_t col = 0; col < width; col++, at += 2) {
            int64_t seen = e->mirror ? width - 1 - col : col;
            double by[2], x, y;

            displace(e, (double)seen, (double)row, by);
            x = (double)col + (e->mirror ? -by[0] : by[0]);
            y = (double)row + by[1];
            at[0] = (float)(m[0] * x + m[1] * y + m[2]);
            at[1] = (float)(m[3] * x + m[4] * y + m[5]);
        }
    return OST_OK;
}

bool ost_elastic_box(const ost_tensor *map, const double from[4], double to[4])
{
    const float *at = map->data;
    bool any = false;

    for (int64_t row = 0; row < map->shape[0]; row++)
        for (int64_t col = 0; col < map->shape[1]; col++, at += 2) {
            double x = (double)at[0] + 0.5, y = (double)at[1] + 0.5;

            if (x < from[0] || x >= from[2] || y < from[1] || y >= from[3])
                continue;
            to[0] = any && to[0] < (double)col ? to[0] : (double)col;
            to[1] = any ? to[1] : (double)row;
            to[2] = any && to[2] > (double)col + 1 ? to[2] : (double)col + 1;
            to[3] = (double)row + 1;
            any = true;
        }
    return any;
}
