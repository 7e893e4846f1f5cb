/* stages/phantom_bone.c - a study of X-ray-like images of long bones
 *
 * A whole humerus, tibia (with the fibula) or femur from the front.  Patients
 * of the second class have a lesion in it, mostly near an end, eaten away or
 * grown dense; each of their images shows it.  A projection as in
 * stages/phantom_knee.c: cortical tubes around marrow, soft tissue, film.
 */
#include "base/alloc.h"
#include "kernels/exact.h"
#include "stages/phantom.h"
#include "stages/phantom_film.h"
#include "stages/phantom_shapes.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum { STATIONS = 11, SHAFTS = 2 };

/* The outline of a bone along its length: where (share of the length), the
 * middle and the half-width, in mm; a half-width of 0 ends the list. */
typedef struct station {
    double at;
    double center;
    double half;
} station;

/* `head`: x, y and radius of the ball, and of the neck that bears it. */
typedef struct bone_shape {
    const char *name;
    double length;
    double soft; /* half-width of the limb */
    double head[3];
    double neck;
    double neck_end[2];
    station shaft[SHAFTS][STATIONS];
} bone_shape;

static const bone_shape shapes[] = {
    { "humerus",
      320.0,
      45.0,
      { -13.0, 23.0, 23.5 },
      15.0,
      { 2.0, 42.0 },
      { { { 0.02, 6.0, 12.0 },
          { 0.06, 6.0, 20.0 },
          { 0.11, 4.0, 21.0 },
          { 0.20, 1.0, 13.0 },
          { 0.50, 0.0, 10.5 },
          { 0.78, 0.0, 11.5 },
          { 0.90, 0.0, 21.0 },
          { 0.955, 0.0, 29.0 },
          { 1.00, -2.0, 22.0 } } } },
    { "tibia",
      370.0,
      55.0,
      { 0.0, 0.0, 0.0 },
      0.0,
      { 0.0, 0.0 },
      { { { 0.0, 0.0, 35.0 },
          { 0.04, 0.0, 36.0 },
          { 0.09, 0.0, 30.0 },
          { 0.17, 0.0, 19.0 },
          { 0.35, 0.0, 13.5 },
          { 0.65, 0.0, 12.0 },
          { 0.86, 0.0, 14.0 },
          { 0.95, 0.0, 23.0 },
          { 1.00, 0.0, 22.0 } },
        { { 0.06, 33.0, 8.5 },
          { 0.12, 30.0, 6.0 },
          { 0.50, 26.0, 5.5 },
          { 0.88, 24.0, 6.0 },
          { 0.97, 28.0, 9.5 },
          { 1.03, 30.0, 8.0 } } } },
    { "femur",
      450.0,
      72.0,
      { -42.0, 25.0, 24.0 },
      15.5,
      { 4.0, 62.0 },
      { { { 0.03, 16.0, 8.0 },
          { 0.07, 14.0, 18.0 },
          { 0.13, 5.0, 24.0 },
          { 0.20, 1.0, 17.0 },
          { 0.50, 0.0, 13.5 },
          { 0.72, 0.0, 15.5 },
          { 0.86, -1.0, 25.0 },
          { 0.94, -2.0, 39.0 },
          { 0.97, -2.0, 40.0 },
          { 1.00, -2.0, 36.0 } } } },
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

typedef struct anatomy {
    const bone_shape *shape;
    double size;
    double width; /* factor on half-widths */
    double cortex;
    double spongy;
    double density;
    double soft;
    uint32_t texture;
    ost_film_lesion lesion;
} anatomy;

typedef struct plan {
    anatomy a;
    bool ill;
    double field; /* length of the picture, mm */
    double shift_x;
    double shift_y;
    double cosine;
    double sine;
    double mirror;
    double noise;
    double gamma;
    double bright;
    uint32_t grain;
} plan;

static const bone_shape *find_shape(const char *name)
{
    for (size_t i = 0; i < SHAPES; i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    return NULL;
}

static ost_rc check(const ost_phantom_params *p, ost_err *err)
{
    for (size_t i = 0; i < p->bones.n; i++)
        if (!find_shape(p->bones.v[i]))
            return ost_fail(err, OST_EWORKFLOW,
                            "'bones' knows humerus, tibia and femur, and no "
                            "'%s'",
                            p->bones.v[i]);
    return OST_OK;
}

/* Middle and half-width at `at`; false beyond the ends.  `*end` is how far the
 * nearer end is, as a share of the length. */
static bool shaft_at(const station *s, double at, double *center, double *half,
                     double *end)
{
    size_t last = 0, i = 0;
    double t;

    while (last + 1 < STATIONS && s[last + 1].half > 0.0)
        last++;
    if (s[0].half <= 0.0 || at <= s[0].at || at >= s[last].at)
        return false;
    while (at > s[i + 1].at)
        i++;
    t = ost_shape_ramp(s[i].at, s[i + 1].at, at);
    *center = s[i].center + (s[i + 1].center - s[i].center) * t;
    *half = s[i].half + (s[i + 1].half - s[i].half) * t;
    *end = at - s[0].at < s[last].at - at ? at - s[0].at : s[last].at - at;
    return true;
}

/* ---- draws ---- */

static void draw_lesion(ost_rng *r, double contrast, anatomy *a)
{
    double strength = ost_rng_range(r, 0.45, 1.0) * contrast;
    double center = 0.0, half = 10.0, end, at;
    ost_film_lesion *l = &a->lesion;

    at = ost_rng_below(r, 2) ? ost_rng_range(r, 0.08, 0.3)
                             : ost_rng_range(r, 0.7, 0.94);
    (void)shaft_at(a->shape->shaft[0], at, &center, &half, &end);
    l->x = center + ost_rng_range(r, -0.6, 0.6) * half;
    l->y = at * a->shape->length;
    l->radius = ost_rng_range(r, 0.5, 0.9) * half + 4.0;
    l->ratio = ost_rng_range(r, 1.0, 1.6);
    ost_exact_sincos(ost_rng_range(r, 0.0, 360.0), &l->turn_y, &l->turn_x);
    l->edge = 0.2 + 0.8 * ost_rng_f64(r);
    l->shape = ost_rng_u32(r);
    if (ost_rng_below(r, 2)) {
        l->lytic = 0.85 * ost_shape_clamp01(strength);
        l->rim = ost_rng_below(r, 3) ? 2.4 * strength : 0.0;
    } else {
        l->sclerotic = 3.6 * strength;
    }
}

static void patient(ost_rng *r, const ost_phantom_shot *first, void *made)
{
    const ost_phantom_params *p = first->params;
    anatomy *a = made;

    a->shape = find_shape(p->bones.v[(size_t)first->number % p->bones.n]);
    a->size = ost_rng_range(r, 0.9, 1.08);
    a->width = ost_rng_range(r, 0.9, 1.1);
    a->cortex = ost_rng_range(r, 0.32, 0.46);
    a->spongy = ost_rng_range(r, 0.2, 0.28);
    a->density = ost_rng_range(r, 0.88, 1.06);
    a->soft = a->shape->soft * ost_rng_range(r, 0.85, 1.15);
    a->texture = ost_rng_u32(r);
    draw_lesion(r, p->contrast, a);
}

static void shot(ost_rng *r, const void *made, ost_phantom_shot *shot)
{
    static const double noise_of[] = { 0.012, 0.017, 0.023, 0.015 };
    plan *p = shot->plan;

    p->a = *(const anatomy *)made;
    p->ill = shot->class_index == 1;
    p->field = p->a.shape->length * ost_rng_range(r, 1.12, 1.2);
    p->shift_x = ost_rng_range(r, -8.0, 8.0);
    p->shift_y = ost_rng_range(r, -6.0, 6.0);
    ost_exact_sincos(ost_rng_range(r, -4.0, 4.0), &p->sine, &p->cosine);
    p->mirror = ost_rng_below(r, 2) ? 1.0 : -1.0;
    p->noise = noise_of[shot->site_number % 4] * ost_rng_range(r, 0.8, 1.3);
    p->gamma = ost_rng_range(r, 0.96, 1.04);
    p->bright = ost_rng_range(r, -0.02, 0.03);
    p->grain = ost_rng_u32(r);
    (void)ost_phantom_add(
        shot, ost_arena_printf(shot->arena, "images/%s.png", shot->id));
    if (p->ill)
        (void)ost_phantom_add(
            shot,
            ost_arena_printf(shot->arena, "masks/%s_lesion.png", shot->id));
}

/* ---- the projection ---- */

static double trabeculae(const anatomy *a, double x, double y)
{
    return 0.26 * ost_shape_field(x / 1.6, y / 3.0, a->texture) +
           0.14 * ost_shape_field(x / 4.5, y / 7.0, a->texture + 1) +
           0.12 * ost_shape_field(x / 16.0, y / 16.0, a->texture + 2);
}

/* Bone of a shaft along the ray, and how long the ray is in it. */
static double shaft_bone(const anatomy *a, const station *s, double x, double y,
                         double *outer)
{
    double center, half, end, slim, wall, inner, bone, flat;

    *outer = 0.0;
    if (!shaft_at(s, y / a->shape->length, &center, &half, &end))
        return 0.0;
    half *= a->width;
    slim = 1.0 - ost_shape_ramp(15.0, 24.0, half);
    wall = 1.4 + (a->cortex * half - 1.4) * slim;
    flat = 0.72 + 0.2 * slim;
    *outer = ost_shape_chord(half, x - center) * flat;
    inner = ost_shape_chord(half - wall, x - center) * flat;
    bone = *outer - inner;
    bone +=
        (0.05 + a->spongy * (1.0 - slim)) * (1.0 + trabeculae(a, x, y)) * inner;
    flat = (x - center) / half;
    end = end * a->shape->length - 0.3 * half * flat * flat * (1.0 - slim);
    return bone * sqrt(ost_shape_clamp01(end / 8.0));
}

/* A ball of spongy bone in a thin shell, on a neck. */
static double head_bone(const anatomy *a, double x, double y, double *outer)
{
    const bone_shape *b = a->shape;
    double dx = x - b->head[0], dy = y - b->head[1], along, off;
    double ball, neck, inner;

    *outer = 0.0;
    if (b->head[2] <= 0.0)
        return 0.0;
    ball = ost_shape_chord(b->head[2], sqrt(dx * dx + dy * dy));
    inner = ost_shape_chord(b->head[2] - 1.4, sqrt(dx * dx + dy * dy));
    ball = ball - inner + a->spongy * (1.0 + trabeculae(a, x, y)) * inner;
    off = ost_shape_distance(b->head, b->neck_end, x, y, &along);
    *outer = ost_shape_chord(b->neck, off);
    inner = ost_shape_chord(b->neck - 2.0, off);
    neck = *outer - inner + a->spongy * (1.0 + trabeculae(a, x, y)) * inner;
    return ball > neck ? ball : neck;
}

static double density_at(const plan *p, double x, double y)
{
    const anatomy *a = &p->a;
    double bone = 0.0, most = 0.0, outer, one;
    double limb = ost_shape_chord(a->soft, x - 6.0);
    double lean = ost_shape_chord(a->soft - 9.0, x - 6.0);

    for (int i = 0; i < SHAFTS; i++) {
        one = shaft_bone(a, a->shape->shaft[i], x, y, &outer);
        bone = one > bone ? one : bone;
        most = outer > most ? outer : most;
    }
    one = head_bone(a, x, y, &outer);
    bone = one > bone ? one : bone;
    most = outer > most ? outer : most;
    if (p->ill && most > 0.0)
        bone = ost_film_lesion_change(&a->lesion, x, y, bone, most);
    return ost_film_per_soft * 0.8 * (0.55 * (limb - lean) + 0.9 * lean) +
           ost_film_per_bone * a->density * bone;
}

static bool in_bone(const anatomy *a, double x, double y)
{
    double outer, bone = head_bone(a, x, y, &outer);

    for (int i = 0; i < SHAFTS; i++)
        bone += shaft_bone(a, a->shape->shaft[i], x, y, &outer);
    return bone > 0.0;
}

static void expose(const ost_phantom_shot *shot, float *plate, uint8_t *mask)
{
    const plan *p = shot->plan;
    const anatomy *a = &p->a;
    double high = (double)shot->height, wide = 2.0 * (double)shot->width;
    double mm = p->field / (high < wide ? high : wide);

    for (int64_t row = 0; row < shot->height; row++)
        for (int64_t col = 0; col < shot->width; col++) {
            double px = ((double)col + 0.5 - (double)shot->width / 2.0) * mm;
            double py = ((double)row + 0.5 - high / 2.0) * mm;
            double u = px - p->shift_x, t = py - p->shift_y, ring;
            double x = (u * p->cosine + t * p->sine) * p->mirror / a->size;
            double y = (t * p->cosine - u * p->sine) / a->size +
                       0.5 * a->shape->length;
            double density = density_at(p, x, y);

            density += 0.05 * ost_shape_field(x / 70.0, y / 70.0, p->grain);
            density += p->noise * ost_film_roughness(density) *
                       ost_shape_grain(col, row, p->grain);
            plate[row * shot->width + col] =
                (float)ost_film_gray(density, p->gamma, p->bright);
            mask[row * shot->width + col] =
                p->ill &&
                        ost_film_lesion_weight(&a->lesion, x, y, &ring) > 0.1 &&
                        in_bone(a, x, y)
                    ? 255
                    : 0;
        }
}

static void describe(ost_phantom_shot *shot, const uint8_t *mask)
{
    const plan *p = shot->plan;
    int64_t box[4];

    ost_phantom_row(shot, shot->files[0].path,
                    ost_phantom_label(shot, shot->class_index), "front");
    ost_buf_addf(&shot->rows, ",%s", p->a.shape->name);
    if (shot->n_files == 2) {
        ost_shape_box(mask, shot->height, shot->width, box);
        ost_buf_addf(&shot->rows, ",%s,%lld,%lld,%lld,%lld\n",
                     shot->files[1].path, (long long)box[0], (long long)box[1],
                     (long long)box[2], (long long)box[3]);
    } else {
        ost_buf_adds(&shot->rows, ",,,,,\n");
    }
}

static ost_rc draw(ost_phantom_shot *shot, ost_err *err)
{
    size_t n = (size_t)(shot->height * shot->width);
    uint8_t *pixels = ost_try_alloc(n, 2);
    float *plate = ost_try_alloc(n, sizeof(*plate));
    ost_rc rc;

    if (pixels && plate) {
        expose(shot, plate, pixels + n);
        ost_film_develop(plate, shot->height, shot->width, pixels);
        describe(shot, pixels + n);
        rc = ost_phantom_png(shot, 0, pixels, err);
        if (!rc && shot->n_files == 2)
            rc = ost_phantom_png(shot, 1, pixels + n, err);
    } else {
        rc = ost_fail(err, OST_ENOMEM, "no memory for an image");
    }
    ost_free(plate);
    ost_free(pixels);
    return rc;
}

const ost_phantom_kind ost_phantom_bone = {
    .columns = ",bone,mask.lesion,box_x0,box_y0,box_x1,box_y1",
    .n_classes = 2,
    .labels = { "normal", "lesion" },
    .size = { 256, 128 },
    .images = { 1, 1 },
    .anatomy_size = sizeof(anatomy),
    .plan_size = sizeof(plan),
    .check = check,
    .patient = patient,
    .shot = shot,
    .draw = draw,
};
