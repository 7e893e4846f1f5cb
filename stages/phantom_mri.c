/* stages/phantom_mri.c - a study of MRI-like slices through the thighs
 *
 * Cross-sections as a fat-suppressed scan with contrast agent shows them: fat
 * and marrow dark, muscle gray, cortical bone black, vessels and the tumor
 * bright.  Every patient has one tumor in or beside a femur.  A benign one is
 * round, even, with a dark rim; a malignant one is lobed and uneven, with
 * dead parts and edema around; how far the two differ is `contrast`, and each
 * tumor lies somewhere around its class.  The images of a patient are slices
 * through the same tumor at several heights.  Noise is that of magnitudes
 * (Rician), over a smooth shading by the coil.
 */
#include "base/alloc.h"
#include "kernels/exact.h"
#include "kernels/pixel.h"
#include "stages/phantom.h"
#include "stages/phantom_shapes.h"

#include <math.h>

#include "base/banned.h"

/* Lengths in mm; x to the right, y down, from the middle of the picture. */
typedef struct anatomy {
    double half_x; /* of a thigh */
    double half_y;
    double apart; /* its middle from that of the picture */
    double fat;   /* thickness below the skin */
    double femur; /* outer radius */
    double cortex;
    double femur_x; /* from the middle of the thigh, outwards */
    double femur_y;
    double side; /* -1 or 1: the thigh with the tumor */
    double tumor_x;
    double tumor_y;
    double radius;
    double ratio;
    double turn_x;
    double turn_y;
    double grade; /* 0 benign ... 1 malignant */
    double bright;
    uint32_t texture;
} anatomy;

typedef struct plan {
    anatomy a;
    double field; /* width of the picture */
    double shift_x;
    double shift_y;
    double height; /* of the slice in the tumor, -1..1 */
    double noise;
    double shade_x; /* slope of the coil's shading */
    double shade_y;
    uint32_t grain;
} plan;

/* ---- draws ---- */

static double about(ost_rng *r, double mean, double deviation)
{
    double sum = 0.0;

    for (int k = 0; k < 3; k++)
        sum += ost_rng_range(r, -1.0, 1.0);
    return mean + deviation * sum;
}

static void patient(ost_rng *r, const ost_phantom_shot *first, void *made)
{
    double differ = first->params->contrast * 0.4;
    double across, angle, off;
    anatomy *a = made;

    a->half_x = ost_rng_range(r, 66.0, 80.0);
    a->half_y = a->half_x * ost_rng_range(r, 1.0, 1.15);
    a->apart = a->half_x + ost_rng_range(r, 3.0, 8.0);
    a->fat = ost_rng_range(r, 7.0, 20.0);
    a->femur = ost_rng_range(r, 13.5, 16.5);
    a->cortex = ost_rng_range(r, 4.5, 6.5);
    a->femur_x = ost_rng_range(r, 0.0, 10.0);
    a->femur_y = ost_rng_range(r, -14.0, 2.0);
    a->side = ost_rng_below(r, 2) ? 1.0 : -1.0;
    across = about(r, 32.0, 7.0);
    a->radius = 0.5 * (across < 7.0 ? 7.0 : across > 39.0 ? 39.0 : across);
    a->ratio = ost_rng_range(r, 1.0, 1.35);
    ost_exact_sincos(ost_rng_range(r, 0.0, 360.0), &a->turn_y, &a->turn_x);
    off = ost_rng_range(r, 0.0, 14.0);
    ost_exact_sincos(ost_rng_range(r, 0.0, 360.0), &angle, &across);
    a->tumor_x = off * across;
    a->tumor_y = off * angle;
    a->grade = about(r, first->class_index ? 0.5 + differ : 0.5 - differ, 0.09);
    a->grade = ost_shape_clamp01(a->grade);
    a->bright = ost_rng_range(r, 0.66, 0.78);
    a->texture = ost_rng_u32(r);
}

static void shot(ost_rng *r, const void *made, ost_phantom_shot *shot)
{
    static const double noise_of[] = { 0.022, 0.03, 0.038, 0.026 };
    plan *p = shot->plan;
    double step = shot->count > 1
                      ? 2.0 * (double)shot->index / (double)(shot->count - 1)
                      : 1.0;

    p->a = *(const anatomy *)made;
    p->field = ost_rng_range(r, 340.0, 370.0);
    p->shift_x = ost_rng_range(r, -6.0, 6.0);
    p->shift_y = ost_rng_range(r, -8.0, 8.0);
    p->height = (step - 1.0) * 0.6;
    p->noise = noise_of[shot->site_number % 4] * ost_rng_range(r, 0.85, 1.2);
    p->shade_x = ost_rng_range(r, -0.12, 0.12);
    p->shade_y = ost_rng_range(r, -0.12, 0.12);
    p->grain = ost_rng_u32(r);
    (void)ost_phantom_add(
        shot, ost_arena_printf(shot->arena, "images/%s.png", shot->id));
    (void)ost_phantom_add(
        shot, ost_arena_printf(shot->arena, "masks/%s_lesion.png", shot->id));
}

/* ---- tissue ---- */

/* How deep inside of the tumor a point is: below 1 inside. */
static double tumor_depth(const plan *p, double x, double y)
{
    const anatomy *a = &p->a;
    double size = a->radius * sqrt(1.0 - p->height * p->height);
    double u = (x * a->turn_x + y * a->turn_y) / size;
    double v = (y * a->turn_x - x * a->turn_y) / size * a->ratio;
    double z = p->height * 4.0, d = sqrt(u * u + v * v);
    double lobes, ragged;

    if (d > 2.5)
        return d;
    lobes = ost_shape_field(u * 1.3 + z, v * 1.3 - z, a->texture + 11);
    ragged = ost_shape_field(u * 4.0, v * 4.0 + z, a->texture + 12);
    return d + a->grade * (0.34 * lobes + 0.13 * ragged) + 0.05 * lobes;
}

static double tumor_signal(const plan *p, double x, double y)
{
    const anatomy *a = &p->a;
    double coarse = ost_shape_field(x / 5.5, y / 5.5, a->texture + 21);
    double fine = ost_shape_field(x / 2.2, y / 2.2, a->texture + 22);
    double dead = ost_shape_ramp(
        0.25, 0.6, ost_shape_field(x / 9.0, y / 9.0, a->texture + 23));

    return a->bright + a->grade * (0.12 * coarse + 0.10 * fine - 0.20 * dead) +
           0.02 * fine;
}

static double muscle_signal(const plan *p, double x, double y, uint32_t side)
{
    uint32_t texture = p->a.texture + side;
    double a = ost_shape_field(x / 24.0, y / 24.0, texture + 1);
    double b = ost_shape_field(x / 17.0, y / 17.0, texture + 2);
    double fiber = ost_shape_field(x / 3.0, y / 5.0, p->a.texture + 3);
    double seam = fabs(a) < fabs(b) ? fabs(a) : fabs(b);

    /* Between muscles lies a little fat, which is dark here. */
    return 0.36 + 0.025 * fiber -
           0.10 * (1.0 - ost_shape_ramp(0.02, 0.10, seam));
}

static double vessel_signal(double x, double y, double below)
{
    static const double vessels[][3] = { { -30.0, 8.0, 4.0 },
                                         { -24.0, 16.0, 4.8 },
                                         { -6.0, 30.0, 2.6 } };
    double most = below;

    for (size_t i = 0; i < sizeof(vessels) / sizeof(vessels[0]); i++) {
        double dx = x - vessels[i][0], dy = y - vessels[i][1];
        double in =
            1.0 - ost_shape_ramp(vessels[i][2] - 1.0, vessels[i][2] + 1.0,
                                 sqrt(dx * dx + dy * dy));

        most += (0.58 - most) * in;
    }
    return most;
}

/* Signal of a point of one thigh; x outwards from its middle. */
static double thigh_signal(const plan *p, double x, double y, bool ill,
                           double *inside)
{
    const anatomy *a = &p->a;
    double u = x / a->half_x, v = y / a->half_y;
    double form = 0.05 * ost_shape_field(u * 1.1, v * 1.1, a->texture + 6);
    double skin = (1.0 - sqrt(u * u + v * v) + form - 0.03) * a->half_x;
    double fx = x - a->femur_x, fy = y - a->femur_y;
    double bone = sqrt(fx * fx + fy * fy) +
                  0.8 * ost_shape_field(fx / 9.0, fy / 9.0, a->texture + 4);
    double marrow = 0.20 + 0.04 * ost_shape_field(x / 2.5, y / 2.5, a->texture);
    double s, d, edema, rim;

    *inside = 2.0;
    if (skin <= 0.0)
        return 0.0;
    s = 0.16 + 0.03 * ost_shape_field(x / 6.0, y / 6.0, a->texture + 5);
    s += 0.14 * (1.0 - ost_shape_ramp(1.2, 2.8, skin));
    s += (vessel_signal(x, y, muscle_signal(p, x, y, ill ? 0 : 40)) - s) *
         ost_shape_ramp(a->fat - 0.8, a->fat + 0.8, skin);
    s += (0.035 - s) *
         (1.0 - ost_shape_ramp(a->femur - 0.7, a->femur + 0.7, bone));
    s +=
        (marrow - s) * (1.0 - ost_shape_ramp(a->femur - a->cortex - 0.7,
                                             a->femur - a->cortex + 0.7, bone));
    s *= ost_shape_ramp(0.0, 1.2, skin);
    if (!ill || skin < 3.0)
        return s;
    d = tumor_depth(p, fx - a->tumor_x, fy - a->tumor_y);
    *inside = d;
    edema = 0.20 * a->grade * (1.0 - ost_shape_ramp(1.0, 2.0, d));
    rim = (1.0 - a->grade) * ost_shape_ramp(0.98, 1.06, d) *
          (1.0 - ost_shape_ramp(1.08, 1.22, d));
    s += edema * (0.7 - s) * 1.4;
    s += (0.08 - s) * rim;
    return s + (tumor_signal(p, fx, fy) - s) *
                   (1.0 - ost_shape_ramp(0.95, 1.05, d));
}

/* ---- the picture ---- */

/* Millimeters of a pixel: the thighs fill a picture of the usual form. */
static double pixel_size(const plan *p, const ost_phantom_shot *shot)
{
    double wide = (double)shot->width,
           high = (double)shot->height * 700.0 / 460.0;

    return p->field / (wide > high ? wide : high);
}

static uint8_t magnitude(const plan *p, double s, int64_t x, int64_t y)
{
    double re = s + p->noise * ost_shape_grain(x, y, p->grain);
    double im = p->noise * ost_shape_grain(x, y, p->grain + 977);

    return ost_px_u8((float)(255.0 * 1.12 * sqrt(re * re + im * im)));
}

static void expose(const ost_phantom_shot *shot, uint8_t *pixels, uint8_t *mask)
{
    const plan *p = shot->plan;
    const anatomy *a = &p->a;
    double mm = pixel_size(p, shot), best = 1e9;
    int64_t h = shot->height, w = shot->width, nearest = 0;

    for (int64_t row = 0; row < h; row++)
        for (int64_t col = 0; col < w; col++) {
            double px = ((double)col + 0.5 - (double)w / 2.0) * mm;
            double py = ((double)row + 0.5 - (double)h / 2.0) * mm;
            double x = px - p->shift_x, y = py - p->shift_y;
            double side = x < 0.0 ? -1.0 : 1.0, d;
            double s =
                thigh_signal(p, x * side - a->apart, y, side == a->side, &d);
            double shade =
                1.0 + p->shade_x * px / 175.0 + p->shade_y * py / 115.0 +
                0.05 * ost_shape_field(px / 90.0, py / 90.0, p->grain + 5);

            pixels[row * w + col] = magnitude(p, s * shade, col, row);
            mask[row * w + col] = d < 1.0 ? 255 : 0;
            if (d < best) {
                best = d;
                nearest = row * w + col;
            }
        }
    /* A tumor below the size of a pixel is still somewhere. */
    mask[nearest] = 255;
}

static void describe(ost_phantom_shot *shot, const uint8_t *mask)
{
    const plan *p = shot->plan;
    double mm = pixel_size(p, shot);
    int64_t box[4];

    ost_shape_box(mask, shot->height, shot->width, box);
    ost_phantom_row(shot, shot->files[0].path,
                    ost_phantom_label(shot, shot->class_index), "axial");
    ost_buf_addf(&shot->rows, ",%s,%lld,%lld,%lld,%lld,%.4f,%.4f,%.1f,%lld\n",
                 shot->files[1].path, (long long)box[0], (long long)box[1],
                 (long long)box[2], (long long)box[3], mm, mm,
                 2.0 * p->a.radius, (long long)shot->index);
}

static ost_rc draw(ost_phantom_shot *shot, ost_err *err)
{
    size_t n = (size_t)(shot->height * shot->width);
    uint8_t *pixels = ost_try_alloc(n, 2);
    ost_rc rc;

    if (!pixels)
        return ost_fail(err, OST_ENOMEM, "no memory for an image");
    expose(shot, pixels, pixels + n);
    describe(shot, pixels + n);
    rc = ost_phantom_png(shot, 0, pixels, err);
    if (!rc)
        rc = ost_phantom_png(shot, 1, pixels + n, err);
    ost_free(pixels);
    return rc;
}

const ost_phantom_kind ost_phantom_mri = {
    .columns = ",mask.lesion,box_x0,box_y0,box_x1,box_y1,spacing.y,spacing.x,"
               "diameter_mm,slice",
    .n_classes = 2,
    .labels = { "benign", "malignant" },
    .shares = { 335.0, 165.0 },
    .size = { 460, 700 },
    .images = { 1, 1 },
    .anatomy_size = sizeof(anatomy),
    .plan_size = sizeof(plan),
    .patient = patient,
    .shot = shot,
    .draw = draw,
};
