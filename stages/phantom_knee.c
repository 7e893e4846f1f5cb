/* stages/phantom_knee.c - draws X-ray-like pictures of a knee
 *
 * Coordinates: x across the limb (positive to the fibula's side), y along it,
 * down, in mm from the middle of the joint.
 */
#include "stages/phantom_knee.h"

#include "kernels/exact.h"
#include "stages/phantom_shapes.h"

#include <math.h>

#include "base/banned.h"

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

/* The pattern of fine bars inside of the ends. */
static double trabeculae(const ost_knee_anatomy *a, double x, double y)
{
    return 0.26 * ost_shape_field(x / 1.1, y / 2.2, a->texture) +
           0.13 * ost_shape_field(x / 3.0, y / 4.5, a->texture + 1) +
           0.12 * ost_shape_field(x / 14.0, y / 14.0, a->texture + 2);
}

/* Bone along the ray through (x, y), in mm of cortical bone. */
static double bone_thickness(const slice *s, const ost_knee_anatomy *a,
                             const ost_knee_view *view, double x, double y)
{
    double outer, inner, end, bone;

    if (s->depth <= 0.0 || s->across >= s->radius || s->across <= -s->radius)
        return 0.0;
    outer = ost_shape_chord(s->radius, s->across) * s->flatten;
    inner = ost_shape_chord(s->radius - s->wall, s->across) * s->flatten;
    end = sqrt(ost_shape_clamp01(s->depth / 9.0));
    bone = (outer - inner) + s->spongy * (1.0 + trabeculae(a, x, y)) * inner;
    bone *= end;
    /* The plate of dense bone under the cartilage. */
    bone += 4.5 * ost_shape_ramp(0.0, 1.0, s->depth) *
            (1.0 - ost_shape_ramp(1.2, 3.5, s->depth)) *
            sqrt(outer / (2.0 * s->radius));
    if (!view->has_lesion)
        return bone;
    return ost_film_lesion_change(&view->lesion, x, y, bone, outer);
}

static void femur_at(const ost_knee_anatomy *a, bool lateral, double x,
                     double y, slice *s)
{
    double up = -y - a->gap / 2.0;
    double near = 1.0 - ost_shape_ramp(16.0, 60.0, up);
    double center = lateral ? 7.0 * near * near : 0.0;
    double width = a->shaft + a->flare * near * (lateral ? 0.72 : 1.0);
    double v = x - center, end = 0.0;
    double side = fabs(v) / width;

    if (lateral) {
        end = 13.0 * side * side;
    } else {
        double notch = 1.0 - ost_shape_clamp01(fabs(v) / 7.5);
        double round = side > 0.5 ? (side - 0.5) * 2.0 : 0.0;

        end = 7.5 * notch * notch * (3.0 - 2.0 * notch) + 9.0 * round * round;
    }
    s->across = v;
    s->depth = up - end;
    s->radius = width * (1.0 - 0.1 * (1.0 - ost_shape_ramp(0.0, 20.0, up)));
    s->wall = 1.0 + (a->cortex * a->shaft - 1.0) * (1.0 - near) * (1.0 - near);
    s->spongy = 0.03 + a->trabecula * near;
    s->flatten = 1.0 - 0.3 * near;
}

static void tibia_at(const ost_knee_anatomy *a, bool lateral, double x,
                     double y, slice *s)
{
    double down = y - a->gap / 2.0;
    double near = 1.0 - ost_shape_ramp(7.0, 54.0, down);
    double width = a->shaft * 0.96 + a->flare * near * (lateral ? 0.7 : 0.97);
    double v = x - a->lean * down - (lateral ? 4.0 * near : 0.0);
    double side = fabs(v) / width, end = 0.0;

    if (lateral) {
        end = 1.5 + 0.08 * v;
    } else {
        double spine = 1.0 - ost_shape_clamp01(fabs(fabs(v) - 3.6) / 4.2);
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

static void fibula_at(const ost_knee_anatomy *a, bool lateral, double x,
                      double y, slice *s)
{
    double down = y - a->gap / 2.0 - 13.0;
    double near = 1.0 - ost_shape_ramp(3.0, 22.0, down);
    double axis = lateral ? a->shaft * 0.9 + 7.0 : a->shaft + a->flare * 0.82;

    s->across = x - axis - (a->lean - 0.05) * down;
    s->radius = a->shaft * 0.36 + 2.2 * near;
    s->depth = down - 5.0 * (s->across / s->radius) * (s->across / s->radius);
    s->wall = 1.0 + 1.1 * (1.0 - near);
    s->spongy = 0.06 + a->trabecula * 0.7 * near;
    s->flatten = 0.9;
}

/* The kneecap: in front of the femur, or faint upon it. */
static double patella(const ost_knee_anatomy *a, bool lateral, double x,
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

static double soft_thickness(const ost_knee_anatomy *a, bool lateral, double x,
                             double y)
{
    double thigh = ost_shape_ramp(0.0, 70.0, -y),
           calf = ost_shape_ramp(10.0, 60.0, y);
    double half = a->soft + 9.0 * thigh + 4.0 * calf;
    double behind = lateral ? 8.0 * ost_shape_ramp(-20.0, 40.0, y) : 0.0;
    double whole = ost_shape_chord(half, x - behind);
    double lean = ost_shape_chord(half - 6.0, x - behind);

    /* The outer layer is fat, which stops less. */
    return 0.55 * (whole - lean) + 0.9 * lean;
}

static double spots(const ost_knee_view *v, double x, double y)
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
static double attenuation(const ost_knee_anatomy *a, const ost_knee_view *v,
                          double x, double y)
{
    void (*const bones[])(const ost_knee_anatomy *, bool, double, double,
                          slice *) = { femur_at, tibia_at, fibula_at };
    double bone = 0.0;

    for (int i = 0; i < 3; i++) {
        slice s;

        bones[i](a, v->lateral, x, y, &s);
        bone += bone_thickness(&s, a, v, x, y);
    }
    bone += patella(a, v->lateral, x, y) + spots(v, x, y);
    return ost_film_per_soft * soft_thickness(a, v->lateral, x, y) +
           ost_film_per_bone * a->density * bone;
}

/* 0 at the picture's margin, 1 inside of the collimated field. */
static double collimator(const ost_knee_view *v, double px, double py)
{
    double margin = 0.5 - (fabs(px) > fabs(py) ? fabs(px) : fabs(py));

    if (v->collimated <= 0.0)
        return 1.0;
    return ost_shape_ramp(v->collimated - 0.008, v->collimated + 0.008, margin);
}

static void expose(const ost_knee_anatomy *a, const ost_knee_view *v, int64_t h,
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

            density += 0.05 * ost_shape_field(x / 60.0, y / 60.0, v->grain);
            density += v->noise * ost_film_roughness(density) *
                       ost_shape_grain(col, row, v->grain);
            plate[row * w + col] =
                (float)(ost_film_gray(density, v->gamma, v->bright) * inside +
                        3.0 * (1.0 - inside));
        }
}

void ost_knee_render(const ost_knee_anatomy *a, const ost_knee_view *v,
                     int64_t h, int64_t w, float *scratch, uint8_t *pixels)
{
    expose(a, v, h, w, scratch);
    ost_film_develop(scratch, h, w, pixels);
}

/* ---- draws ---- */

void ost_knee_draw_anatomy(ost_rng *r, ost_knee_anatomy *a)
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
static void place_lesion(ost_rng *r, const ost_knee_anatomy *a,
                         ost_film_lesion *l)
{
    double far = ost_rng_range(r, 13.0, 42.0);
    double reach = a->shaft * 0.5 +
                   a->flare * 0.7 * (1.0 - ost_shape_ramp(8.0, 48.0, far));

    l->y = ost_rng_below(r, 5) < 3 ? -far : far;
    l->x = ost_rng_range(r, -reach, reach) + (l->y > 0.0 ? a->lean * far : 0.0);
}

void ost_knee_draw_lesion(ost_rng *r, const ost_knee_anatomy *a,
                          double contrast, ost_film_lesion *l)
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
        l->lytic = 0.8 * ost_shape_clamp01(strength);
        l->rim = kind == 0 ? 0.0 : 3.6 * strength;
    } else { /* grown dense */
        l->sclerotic = 4.2 * strength;
    }
}

void ost_knee_draw_view(ost_rng *r, bool lateral, unsigned site,
                        ost_knee_view *v)
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
    v->spots = (int)ost_rng_below(r, OST_KNEE_SPOTS + 1);
    for (int i = 0; i < OST_KNEE_SPOTS; i++) {
        v->spot[i][0] = ost_rng_range(r, -45.0, 45.0);
        v->spot[i][1] = ost_rng_range(r, -70.0, 70.0);
        v->spot[i][2] = ost_rng_range(r, 1.5, 4.5);
        v->spot[i][3] = ost_rng_range(r, 0.4, 2.0);
    }
}

void ost_knee_add_lesion(ost_rng *r, const ost_film_lesion *l, ost_knee_view *v)
{
    double size = ost_rng_range(r, 0.85, 1.15);
    double strength = ost_rng_range(r, 0.75, 1.25);

    v->has_lesion = true;
    v->lesion = *l;
    v->lesion.x += ost_rng_range(r, -2.0, 2.0);
    v->lesion.y += ost_rng_range(r, -2.0, 2.0);
    v->lesion.radius *= size;
    v->lesion.lytic = ost_shape_clamp01(l->lytic * strength);
    v->lesion.sclerotic *= strength;
    v->lesion.rim *= strength;
}
