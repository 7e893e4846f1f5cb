/* stages/phantom_xray.c - draws X-ray-like pictures of a knee
 *
 * Coordinates: x across the limb (positive to the fibula's side), y along it,
 * down, in mm from the middle of the joint.
 */
#include "stages/phantom_xray.h"

#include "kernels/exact.h"
#include "kernels/pixel.h"

#include <math.h>

#include "base/banned.h"

/* Attenuation per mm. */
static const double per_soft = 0.011, per_bone = 0.050;

static double clamp01(double v)
{
    return v < 0.0 ? 0.0 : v > 1.0 ? 1.0 : v;
}

/* 0 below `from`, 1 above `to`, smooth between. */
static double ramp(double from, double to, double v)
{
    double t = clamp01((v - from) / (to - from));

    return t * t * (3.0 - 2.0 * t);
}

/* Length of a ray through a cylinder of radius r, v beside its axis. */
static double chord(double r, double v)
{
    double d = r * r - v * v;

    return r > 0.0 && d > 0.0 ? 2.0 * sqrt(d) : 0.0;
}

/* ---- smooth random fields ---- */

static double lattice(int64_t x, int64_t y, uint32_t seed)
{
    uint32_t h = (uint32_t)x * 0x9E3779B1u ^ (uint32_t)y * 0x85EBCA77u ^ seed;

    h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
    h = (h ^ (h >> 12)) * 0x297A2D39u;
    h ^= h >> 15;
    return (double)h / 4294967296.0 * 2.0 - 1.0;
}

/* -1..1, with features of size 1. */
static double field_noise(double x, double y, uint32_t seed)
{
    double fx = floor(x), fy = floor(y), tx = x - fx, ty = y - fy;
    int64_t ix = (int64_t)fx, iy = (int64_t)fy;
    double a, b;

    tx = tx * tx * (3.0 - 2.0 * tx);
    ty = ty * ty * (3.0 - 2.0 * ty);
    a = lattice(ix, iy, seed);
    a += (lattice(ix + 1, iy, seed) - a) * tx;
    b = lattice(ix, iy + 1, seed);
    b += (lattice(ix + 1, iy + 1, seed) - b) * tx;
    return a + (b - a) * ty;
}

/* ---- bones ---- */

/* A long bone at one point: how far the point is from its axis and from its
 * end, and what the bone is like there. */
typedef struct slice {
    double across; /* distance from the axis */
    double depth;  /* distance from the end, into the bone */
    double radius;
    double wall;    /* of cortical bone */
    double spongy;  /* density of the inside, 1 is cortical */
    double flatten; /* thickness along the ray against the width */
} slice;

static double lesion_weight(const ost_xray_lesion *l, double x, double y,
                            double *ring)
{
    double dx = x - l->x, dy = y - l->y;
    double u = dx * l->turn_x + dy * l->turn_y;
    double v = (dy * l->turn_x - dx * l->turn_y) * l->ratio;
    double wobble, d = sqrt(u * u + v * v) / l->radius;

    *ring = 0.0;
    if (d > 2.0)
        return 0.0;
    wobble = field_noise(x / 5.0, y / 5.0, l->shape) * 0.24 +
             field_noise(x / 2.2, y / 2.2, l->shape + 7) * 0.12;
    d += wobble;
    *ring = ramp(0.6, 1.0, d) * (1.0 - ramp(1.0, 1.6, d));
    return 1.0 - ramp(1.0 - 0.25 - 0.65 * l->edge, 1.05, d);
}

/* The pattern of fine bars inside of the ends. */
static double trabeculae(const ost_xray_anatomy *a, double x, double y)
{
    return 0.26 * field_noise(x / 1.1, y / 2.2, a->texture) +
           0.13 * field_noise(x / 3.0, y / 4.5, a->texture + 1) +
           0.12 * field_noise(x / 14.0, y / 14.0, a->texture + 2);
}

/* Bone along the ray through (x, y), in mm of cortical bone. */
static double bone_thickness(const slice *s, const ost_xray_anatomy *a,
                             const ost_xray_view *view, double x, double y)
{
    double outer, inner, end, bone, ring, weight;

    if (s->depth <= 0.0 || s->across >= s->radius || s->across <= -s->radius)
        return 0.0;
    outer = chord(s->radius, s->across) * s->flatten;
    inner = chord(s->radius - s->wall, s->across) * s->flatten;
    end = sqrt(clamp01(s->depth / 9.0));
    bone = (outer - inner) + s->spongy * (1.0 + trabeculae(a, x, y)) * inner;
    bone *= end;
    /* The plate of dense bone under the cartilage. */
    bone += 4.5 * ramp(0.0, 1.0, s->depth) * (1.0 - ramp(1.2, 3.5, s->depth)) *
            sqrt(outer / (2.0 * s->radius));
    if (!view->has_lesion)
        return bone;
    weight = lesion_weight(&view->lesion, x, y, &ring);
    bone *= 1.0 - view->lesion.lytic * weight;
    bone += (view->lesion.sclerotic * weight + view->lesion.rim * ring) *
            sqrt(outer);
    return bone;
}

static void femur_at(const ost_xray_anatomy *a, bool lateral, double x,
                     double y, slice *s)
{
    double up = -y - a->gap / 2.0;
    double near = 1.0 - ramp(16.0, 60.0, up);
    double center = lateral ? 7.0 * near * near : 0.0;
    double width = a->shaft + a->flare * near * (lateral ? 0.72 : 1.0);
    double v = x - center, end = 0.0;
    double side = fabs(v) / width;

    if (lateral) {
        end = 13.0 * side * side;
    } else {
        double notch = 1.0 - clamp01(fabs(v) / 7.5);
        double round = side > 0.5 ? (side - 0.5) * 2.0 : 0.0;

        end = 7.5 * notch * notch * (3.0 - 2.0 * notch) + 9.0 * round * round;
    }
    s->across = v;
    s->depth = up - end;
    s->radius = width * (1.0 - 0.1 * (1.0 - ramp(0.0, 20.0, up)));
    s->wall = 1.0 + (a->cortex * a->shaft - 1.0) * (1.0 - near) * (1.0 - near);
    s->spongy = 0.03 + a->trabecula * near;
    s->flatten = 1.0 - 0.3 * near;
}

static void tibia_at(const ost_xray_anatomy *a, bool lateral, double x,
                     double y, slice *s)
{
    double down = y - a->gap / 2.0;
    double near = 1.0 - ramp(7.0, 54.0, down);
    double width = a->shaft * 0.96 + a->flare * near * (lateral ? 0.7 : 0.97);
    double v = x - a->lean * down - (lateral ? 4.0 * near : 0.0);
    double side = fabs(v) / width, end = 0.0;

    if (lateral) {
        end = 1.5 + 0.08 * v;
    } else {
        double spine = 1.0 - clamp01(fabs(fabs(v) - 3.6) / 4.2);
        double round = side > 0.8 ? (side - 0.8) * 5.0 : 0.0;

        end = -3.4 * spine * spine + 3.0 * round * round;
    }
    s->across = v;
    s->depth = down - end;
    s->radius = width;
    s->wall = 1.0 + (a->cortex * a->shaft - 1.0) * (1.0 - near) * (1.0 - near);
    s->spongy = 0.03 + a->trabecula * near;
    s->flatten = 1.0 - 0.3 * near;
}

static void fibula_at(const ost_xray_anatomy *a, bool lateral, double x,
                      double y, slice *s)
{
    double down = y - a->gap / 2.0 - 13.0;
    double near = 1.0 - ramp(3.0, 22.0, down);
    double axis = lateral ? a->shaft * 0.9 + 7.0 : a->shaft + a->flare * 0.82;

    s->across = x - axis - (a->lean - 0.05) * down;
    s->radius = a->shaft * 0.36 + 2.2 * near;
    s->depth = down - 5.0 * (s->across / s->radius) * (s->across / s->radius);
    s->wall = 1.0 + 1.1 * (1.0 - near);
    s->spongy = 0.06 + a->trabecula * 0.7 * near;
    s->flatten = 0.9;
}

/* The kneecap: in front of the femur, or faint upon it. */
static double patella(const ost_xray_anatomy *a, bool lateral, double x,
                      double y)
{
    double cx = lateral ? -(a->shaft + a->flare * 0.72 + 4.0) : 1.0;
    double u = (x - cx) / (lateral ? 7.5 : 16.0);
    double v = (y + 27.0) / 17.0;
    double inside = 1.0 - u * u - v * v;

    if (inside <= 0.0)
        return 0.0;
    return (lateral ? 9.0 : 4.0) * sqrt(inside) *
           (0.75 + 0.25 * (1.0 - inside));
}

/* ---- the picture ---- */

static double soft_thickness(const ost_xray_anatomy *a, bool lateral, double x,
                             double y)
{
    double thigh = ramp(0.0, 70.0, -y), calf = ramp(10.0, 60.0, y);
    double half = a->soft + 9.0 * thigh + 4.0 * calf;
    double behind = lateral ? 8.0 * ramp(-20.0, 40.0, y) : 0.0;
    double whole = chord(half, x - behind);
    double lean = chord(half - 6.0, x - behind);

    /* The outer layer is fat, which stops less. */
    return 0.55 * (whole - lean) + 0.9 * lean;
}

static double spots(const ost_xray_view *v, double x, double y)
{
    double sum = 0.0;

    for (int i = 0; i < v->spots; i++) {
        double dx = x - v->spot[i][0], dy = y - v->spot[i][1];
        double inside =
            1.0 - (dx * dx + dy * dy) / (v->spot[i][2] * v->spot[i][2]);

        if (inside > 0.0)
            sum += v->spot[i][3] * inside;
    }
    return sum;
}

/* Optical density of the ray through (x, y): what stops the radiation. */
static double attenuation(const ost_xray_anatomy *a, const ost_xray_view *v,
                          double x, double y)
{
    void (*const bones[])(const ost_xray_anatomy *, bool, double, double,
                          slice *) = { femur_at, tibia_at, fibula_at };
    double bone = 0.0;

    for (int i = 0; i < 3; i++) {
        slice s;

        bones[i](a, v->lateral, x, y, &s);
        bone += bone_thickness(&s, a, v, x, y);
    }
    bone += patella(a, v->lateral, x, y) + spots(v, x, y);
    return per_soft * soft_thickness(a, v->lateral, x, y) +
           per_bone * a->density * bone;
}

/* A plain sum of uniform numbers is close enough to normal. */
static double grain(int64_t x, int64_t y, uint32_t seed)
{
    double sum = 0.0;

    for (uint32_t k = 0; k < 4; k++)
        sum += lattice(x, y, seed + 0x632BE5ABu * k);
    return sum * 0.8660254037844386; /* variance 1: 4 / 3 before */
}

/* Fewer quanta, more noise: the inverse of the square root of what arrives,
 * exp(density / 2), by the beginning of its series. */
static double roughness(double density)
{
    double d = density / 2.0;

    return 1.0 + d * (1.0 + d * (0.5 + d * (1.0 / 6.0 + d / 24.0)));
}

/* Gray value of a density: the film's S-shaped curve, never quite white. */
static double film(const ost_xray_view *v, double density)
{
    double t = (density - 0.05) * v->gamma + v->bright;
    double square = t > 0.0 ? t * t : 0.0;

    return 5.0 + 292.0 * square / (square + 3.2);
}

/* 0 at the picture's margin, 1 inside of the collimated field. */
static double collimator(const ost_xray_view *v, double px, double py)
{
    double margin = 0.5 - (fabs(px) > fabs(py) ? fabs(px) : fabs(py));

    if (v->collimated <= 0.0)
        return 1.0;
    return ramp(v->collimated - 0.008, v->collimated + 0.008, margin);
}

static void expose(const ost_xray_anatomy *a, const ost_xray_view *v, int64_t h,
                   int64_t w, float *plate)
{
    double longer = (double)(h > w ? h : w);
    double mm = v->field / longer;

    for (int64_t row = 0; row < h; row++)
        for (int64_t col = 0; col < w; col++) {
            double px = (double)col + 0.5 - (double)w / 2.0;
            double py = (double)row + 0.5 - (double)h / 2.0;
            double u = px * mm - v->shift_x, t = py * mm - v->shift_y;
            double x = (u * v->cosine + t * v->sine) * v->mirror / a->size;
            double y = (t * v->cosine - u * v->sine) / a->size;
            double density = attenuation(a, v, x, y);
            double inside = collimator(v, px / longer, py / longer);

            density += 0.05 * field_noise(x / 60.0, y / 60.0, v->grain);
            density +=
                v->noise * roughness(density) * grain(col, row, v->grain);
            plate[row * w + col] =
                (float)(film(v, density) * inside + 3.0 * (1.0 - inside));
        }
}

void ost_xray_render(const ost_xray_anatomy *a, const ost_xray_view *v,
                     int64_t h, int64_t w, float *scratch, uint8_t *pixels)
{
    expose(a, v, h, w, scratch);
    /* The plate's unsharpness: a little of the neighbors. */
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const float *row = scratch + y * w;
            const float *up = scratch + (y > 0 ? y - 1 : y) * w;
            const float *down = scratch + (y < h - 1 ? y + 1 : y) * w;
            int64_t l = x > 0 ? x - 1 : x, r = x < w - 1 ? x + 1 : x;
            float near = (up[x] + down[x]) + (row[l] + row[r]);
            float far = (up[l] + down[r]) + (up[r] + down[l]);

            pixels[y * w + x] =
                ost_px_u8((row[x] * 8.0f + near * 1.5f + far * 0.5f) / 16.0f);
        }
}

/* ---- draws ---- */

void ost_xray_draw_anatomy(ost_rng *r, ost_xray_anatomy *a)
{
    a->size = ost_rng_range(r, 0.93, 1.08);
    a->shaft = ost_rng_range(r, 12.0, 15.0);
    a->flare = ost_rng_range(r, 20.0, 25.0);
    a->cortex = ost_rng_range(r, 0.3, 0.44);
    a->density = ost_rng_range(r, 0.88, 1.06);
    a->trabecula = ost_rng_range(r, 0.2, 0.28);
    a->soft = ost_rng_range(r, 50.0, 58.0);
    a->gap = ost_rng_range(r, 3.0, 6.5);
    a->lean = ost_rng_range(r, -0.04, 0.06);
    a->texture = ost_rng_u32(r);
}

/* In the broad end of the femur or of the tibia, or a little further. */
static void place_lesion(ost_rng *r, const ost_xray_anatomy *a,
                         ost_xray_lesion *l)
{
    double far = ost_rng_range(r, 13.0, 42.0);
    double reach =
        a->shaft * 0.5 + a->flare * 0.7 * (1.0 - ramp(8.0, 48.0, far));

    l->y = ost_rng_below(r, 5) < 3 ? -far : far;
    l->x = ost_rng_range(r, -reach, reach) + (l->y > 0.0 ? a->lean * far : 0.0);
}

void ost_xray_draw_lesion(ost_rng *r, const ost_xray_anatomy *a,
                          double contrast, ost_xray_lesion *l)
{
    uint64_t kind = ost_rng_below(r, 10);
    double angle = ost_rng_range(r, 0.0, 360.0);
    /* From faint to plain. */
    double strength = ost_rng_range(r, 0.42, 1.0) * contrast;

    place_lesion(r, a, l);
    l->radius = ost_rng_range(r, 8.0, 14.0);
    l->ratio = ost_rng_range(r, 1.0, 1.6);
    ost_exact_sincos(angle, &l->turn_y, &l->turn_x);
    l->edge = 0.2 + 0.8 * ost_rng_f64(r);
    l->shape = ost_rng_u32(r);
    l->lytic = l->sclerotic = l->rim = 0.0;
    if (kind < 5) { /* eaten away, mostly with a rim */
        l->lytic = 0.8 * clamp01(strength);
        l->rim = kind == 0 ? 0.0 : 3.6 * strength;
    } else { /* grown dense */
        l->sclerotic = 4.2 * strength;
    }
}

void ost_xray_draw_view(ost_rng *r, bool lateral, unsigned site,
                        ost_xray_view *v)
{
    static const double noise_of[] = { 0.010, 0.015, 0.021, 0.013 };
    static const double gamma_of[] = { 1.0, 1.05, 0.96, 1.02 };

    v->lateral = lateral;
    v->field = ost_rng_range(r, 118.0, 130.0);
    v->shift_x = ost_rng_range(r, -6.0, 6.0);
    v->shift_y = ost_rng_range(r, -6.0, 6.0);
    ost_exact_sincos(ost_rng_range(r, -7.0, 7.0), &v->sine, &v->cosine);
    v->mirror = ost_rng_below(r, 2) ? 1.0 : -1.0;
    v->noise = noise_of[site % 4] * ost_rng_range(r, 0.8, 1.3);
    v->gamma = gamma_of[site % 4] * ost_rng_range(r, 0.97, 1.03);
    v->bright = ost_rng_range(r, -0.02, 0.03);
    v->collimated =
        ost_rng_below(r, 4) == 0 ? ost_rng_range(r, 0.02, 0.045) : 0.0;
    v->grain = ost_rng_u32(r);
    v->has_lesion = false;
    v->spots = (int)ost_rng_below(r, OST_XRAY_SPOTS + 1);
    for (int i = 0; i < OST_XRAY_SPOTS; i++) {
        v->spot[i][0] = ost_rng_range(r, -45.0, 45.0);
        v->spot[i][1] = ost_rng_range(r, -70.0, 70.0);
        v->spot[i][2] = ost_rng_range(r, 1.5, 4.5);
        v->spot[i][3] = ost_rng_range(r, 0.4, 2.0);
    }
}

void ost_xray_add_lesion(ost_rng *r, const ost_xray_lesion *l, ost_xray_view *v)
{
    double size = ost_rng_range(r, 0.85, 1.15);
    double strength = ost_rng_range(r, 0.75, 1.25);

    v->has_lesion = true;
    v->lesion = *l;
    v->lesion.x += ost_rng_range(r, -2.0, 2.0);
    v->lesion.y += ost_rng_range(r, -2.0, 2.0);
    v->lesion.radius *= size;
    v->lesion.lytic = clamp01(l->lytic * strength);
    v->lesion.sclerotic *= strength;
    v->lesion.rim *= strength;
}
