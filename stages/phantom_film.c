/* stages/phantom_film.c - what made-up X-rays of bones have in common */
#include "stages/phantom_film.h"

#include "kernels/pixel.h"
#include "stages/phantom_shapes.h"

#include <math.h>

#include "base/banned.h"

const double ost_film_per_soft = 0.011, ost_film_per_bone = 0.050;

double ost_film_lesion_weight(const ost_film_lesion *l, double x, double y,
                              double *ring)
{
    double dx = x - l->x, dy = y - l->y;
    double u = dx * l->turn_x + dy * l->turn_y;
    double v = (dy * l->turn_x - dx * l->turn_y) * l->ratio;
    double wobble, d = sqrt(u * u + v * v) / l->radius;

    *ring = 0.0;
    if (d > 2.0)
        return 0.0;
    wobble = ost_shape_field(x / 5.0, y / 5.0, l->shape) * 0.24 +
             ost_shape_field(x / 2.2, y / 2.2, l->shape + 7) * 0.12;
    d += wobble;
    *ring = ost_shape_ramp(0.6, 1.0, d) * (1.0 - ost_shape_ramp(1.0, 1.6, d));
    return 1.0 - ost_shape_ramp(1.0 - 0.25 - 0.65 * l->edge, 1.05, d);
}

double ost_film_lesion_change(const ost_film_lesion *l, double x, double y,
                              double bone, double outer)
{
    double ring, weight = ost_film_lesion_weight(l, x, y, &ring);

    bone *= 1.0 - l->lytic * weight;
    bone += (l->sclerotic * weight + l->rim * ring) * sqrt(outer);
    return bone;
}

/* exp(density / 2), the inverse of the square root of what arrives, by the
 * beginning of its series. */
double ost_film_roughness(double density)
{
    double d = density / 2.0;

    return 1.0 + d * (1.0 + d * (0.5 + d * (1.0 / 6.0 + d / 24.0)));
}

double ost_film_gray(double density, double gamma, double bright)
{
    double t = (density - 0.05) * gamma + bright;
    double square = t > 0.0 ? t * t : 0.0;

    return 5.0 + 292.0 * square / (square + 3.2);
}

void ost_film_develop(const float *plate, int64_t h, int64_t w, uint8_t *pixels)
{
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const float *row = plate + y * w;
            const float *up = plate + (y > 0 ? y - 1 : y) * w;
            const float *down = plate + (y < h - 1 ? y + 1 : y) * w;
            int64_t l = x > 0 ? x - 1 : x, r = x < w - 1 ? x + 1 : x;
            float near = (up[x] + down[x]) + (row[l] + row[r]);
            float far = (up[l] + down[r]) + (up[r] + down[l]);

            pixels[y * w + x] =
                ost_px_u8((row[x] * 8.0f + near * 1.5f + far * 0.5f) / 16.0f);
        }
}
