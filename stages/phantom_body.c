/* stages/phantom_body.c - a whole body as a bone scan sees it */
#include "stages/phantom_body.h"

#include "kernels/exact.h"
#include "stages/phantom_shapes.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

const char *const ost_body_site_name[OST_BODY_SITES] = {
    [OST_BODY_NONE] = "",         [OST_BODY_SPINE] = "spine",
    [OST_BODY_PELVIS] = "pelvis", [OST_BODY_SCAPULA] = "scapula",
    [OST_BODY_RIB] = "rib",       [OST_BODY_FEMUR] = "femur",
    [OST_BODY_OTHER] = "other",
};

/* Parts off the middle are there on both sides. */
static const ost_body_part bones[] = {
    /* skull, jaw, neck */
    { OST_BODY_OTHER, { 0, 128 }, { 0, 142 }, { 36, 34 }, 26, 0.9, 1.0 },
    { OST_BODY_OTHER, { -22, 112 }, { 22, 112 }, { 12, 12 }, 16, 0.8, 1.0 },
    { OST_BODY_NONE, { 0, 148 }, { 0, 160 }, { 13, 11 }, 40, 1.0, 0.2 },
    { OST_BODY_NONE, { 14, 150 }, { 12, 176 }, { 6, 5 }, 26, 1.0, 0.5 },
    { OST_BODY_NONE, { 0, 178 }, { 10, 176 }, { 6, 5 }, 34, 1.0, 0.4 },
    { OST_BODY_SPINE, { 0, 178 }, { 0, 215 }, { 8, 9 }, 30, 0.6, 1.0 },
    /* spine */
    { OST_BODY_SPINE, { 0, 215 }, { 0, 300 }, { 9, 10 }, 48, 0.45, 1.0 },
    { OST_BODY_SPINE, { 0, 300 }, { 0, 384 }, { 10, 12 }, 54, 0.7, 1.0 },
    { OST_BODY_PELVIS, { 0, 386 }, { 0, 420 }, { 13, 7 }, 44, 0.45, 1.0 },
    /* shoulder girdle */
    { OST_BODY_OTHER, { 0, 222 }, { 0, 240 }, { 9, 6 }, 52, 1.0, 0.15 },
    { OST_BODY_OTHER, { 0, 240 }, { 0, 292 }, { 6, 5 }, 44, 1.0, 0.15 },
    { OST_BODY_OTHER, { 6, 224 }, { 60, 206 }, { 4, 4.5 }, 34, 1.0, 0.35 },
    { OST_BODY_SCAPULA, { 60, 212 }, { 40, 272 }, { 8, 5 }, 38, 0.35, 1.0 },
    { OST_BODY_SCAPULA, { 58, 214 }, { 28, 226 }, { 5, 5 }, 30, 0.3, 1.0 },
    { OST_BODY_SCAPULA, { 30, 226 }, { 40, 270 }, { 4, 4 }, 22, 0.25, 1.0 },
    { OST_BODY_OTHER, { 66, 208 }, { 68, 216 }, { 11, 10 }, 42, 1.0, 0.8 },
    /* arms */
    { OST_BODY_OTHER, { 68, 214 }, { 86, 326 }, { 7, 6 }, 22, 0.9, 0.9 },
    { OST_BODY_NONE, { 86, 326 }, { 88, 336 }, { 8, 8 }, 26, 0.9, 0.9 },
    { OST_BODY_NONE, { 85, 334 }, { 94, 428 }, { 4, 4 }, 17, 0.9, 0.9 },
    { OST_BODY_NONE, { 91, 334 }, { 100, 428 }, { 4, 4 }, 17, 0.9, 0.9 },
    { OST_BODY_NONE, { 98, 430 }, { 98, 470 }, { 8, 6 }, 18, 0.9, 0.9 },
    /* pelvis */
    { OST_BODY_PELVIS, { 14, 386 }, { 12, 410 }, { 5, 5 }, 58, 0.4, 1.0 },
    { OST_BODY_PELVIS, { 16, 382 }, { 46, 372 }, { 5, 6 }, 36, 0.8, 1.0 },
    { OST_BODY_PELVIS, { 46, 372 }, { 52, 394 }, { 6, 5 }, 40, 1.0, 0.7 },
    { OST_BODY_PELVIS, { 30, 386 }, { 40, 424 }, { 14, 9 }, 24, 0.8, 0.9 },
    { OST_BODY_PELVIS, { 40, 424 }, { 42, 434 }, { 11, 11 }, 36, 1.0, 0.8 },
    { OST_BODY_PELVIS, { 5, 442 }, { 28, 434 }, { 5, 5 }, 34, 1.0, 0.5 },
    { OST_BODY_PELVIS, { 26, 436 }, { 22, 460 }, { 6, 5 }, 34, 0.8, 0.9 },
    /* legs */
    { OST_BODY_FEMUR, { 43, 432 }, { 56, 444 }, { 8, 9 }, 36, 1.0, 0.9 },
    { OST_BODY_FEMUR, { 56, 444 }, { 41, 588 }, { 8, 7 }, 24, 1.0, 0.9 },
    { OST_BODY_OTHER, { 40, 592 }, { 40, 604 }, { 13, 14 }, 28, 1.0, 0.8 },
    { OST_BODY_OTHER, { 39, 614 }, { 39, 624 }, { 13, 10 }, 30, 1.0, 0.8 },
    { OST_BODY_NONE, { 40, 600 }, { 40, 604 }, { 8, 8 }, 18, 1.0, 0.1 },
    { OST_BODY_OTHER, { 39, 626 }, { 33, 765 }, { 7.5, 6 }, 20, 1.0, 0.8 },
    { OST_BODY_NONE, { 48, 626 }, { 41, 766 }, { 3, 3 }, 12, 0.9, 0.9 },
    { OST_BODY_NONE, { 33, 772 }, { 34, 782 }, { 10, 11 }, 26, 0.9, 0.9 },
    { OST_BODY_NONE, { 35, 786 }, { 44, 836 }, { 11, 9 }, 22, 1.0, 0.6 },
};

static const ost_body_part soft_parts[] = {
    { OST_BODY_NONE, { 0, 130 }, { 0, 150 }, { 38, 34 }, 14, 1, 1 },
    { OST_BODY_NONE, { 0, 165 }, { 0, 215 }, { 26, 30 }, 18, 1, 1 },
    { OST_BODY_NONE, { 10, 208 }, { 60, 220 }, { 22, 18 }, 22, 1, 1 },
    { OST_BODY_NONE, { 0, 262 }, { 0, 300 }, { 64, 61 }, 24, 1, 1 },
    { OST_BODY_NONE, { 0, 300 }, { 0, 400 }, { 61, 60 }, 24, 1, 1 },
    { OST_BODY_NONE, { 0, 400 }, { 0, 425 }, { 62, 60 }, 24, 1, 1 },
    { OST_BODY_NONE, { 62, 218 }, { 86, 330 }, { 20, 15 }, 17, 1, 1 },
    { OST_BODY_NONE, { 86, 330 }, { 97, 430 }, { 14, 9 }, 13, 1, 1 },
    { OST_BODY_NONE, { 97, 432 }, { 98, 474 }, { 11, 8 }, 11, 1, 1 },
    { OST_BODY_NONE, { 34, 430 }, { 40, 590 }, { 34, 22 }, 20, 1, 1 },
    { OST_BODY_NONE, { 40, 600 }, { 37, 660 }, { 20, 20 }, 16, 1, 1 },
    { OST_BODY_NONE, { 37, 660 }, { 34, 770 }, { 20, 12 }, 14, 1, 1 },
    { OST_BODY_NONE, { 34, 775 }, { 44, 840 }, { 14, 12 }, 11, 1, 1 },
};

/* ---- a body ---- */

typedef struct build {
    double wide;
    double high;
    double dense;
    uint32_t seed;
} build;

/* A little elsewhere than in the table, each end on its own; touching ends
 * move together because their places in the table are the same. */
static void move_point(const build *d, const double in[2], double side,
                       double out[2])
{
    int64_t x = (int64_t)(in[0] / 6.0), y = (int64_t)(in[1] / 12.0);
    double dx = 1.2 * ost_shape_lattice(x, y, d->seed);
    double dy = 1.5 * ost_shape_lattice(x, y, d->seed + 1);

    out[0] = side * (in[0] + (in[0] != 0.0 ? dx : 0.0)) * d->wide;
    out[1] = 95.0 + (in[1] - 95.0 + dy) * d->high;
}

static void add_part(ost_body_part *list, size_t *n, const ost_body_part *p,
                     const build *d, double side)
{
    ost_body_part *q = &list[*n];
    int64_t k = (int64_t)*n;

    assert(*n < OST_BODY_PARTS);
    *q = *p;
    move_point(d, p->from, side, q->from);
    move_point(d, p->to, side, q->to);
    q->radius[0] *= d->wide;
    q->radius[1] *= d->wide;
    q->uptake *= d->dense * (1.0 + 0.12 * ost_shape_lattice(k, 7, d->seed));
    (*n)++;
}

static void add_parts(ost_body_part *list, size_t *n, const ost_body_part *from,
                      size_t count, const build *d)
{
    for (size_t i = 0; i < count; i++) {
        bool middle = from[i].from[0] == 0.0 && from[i].to[0] == 0.0;
        bool crosses = from[i].from[0] < 0.0;

        add_part(list, n, &from[i], d, 1.0);
        if (!middle && !crosses)
            add_part(list, n, &from[i], d, -1.0);
    }
}

/* Ten pairs: along the back outwards and down, and forward to the middle. */
static void add_ribs(ost_body *b, const build *d)
{
    for (int i = 0; i < 10; i++) {
        double top = 220.0 + 12.5 * i;
        double wide = i < 6 ? 34.0 + 4.4 * i : 56.0 - 1.5 * (i - 6);
        double end = i < 7 ? 9.0 + 1.5 * i : 30.0 + 5.0 * (i - 7);
        const ost_body_part parts[] = {
            { OST_BODY_RIB,
              { 9, top },
              { wide * 0.75, top + 3 },
              { 3, 3 },
              26,
              0.35,
              1.0 },
            { OST_BODY_RIB,
              { wide * 0.75, top + 3 },
              { wide, top + 18 },
              { 3, 3 },
              27,
              0.7,
              0.85 },
            { OST_BODY_RIB,
              { wide, top + 18 },
              { wide * 0.8, top + 29 },
              { 3, 3 },
              25,
              1.0,
              0.45 },
            { OST_BODY_RIB,
              { wide * 0.8, top + 29 },
              { end, top + 24 },
              { 3, 2.5 },
              20,
              1.0,
              0.2 },
        };

        add_parts(b->bones, &b->n_bones, parts, 4, d);
    }
}

void ost_body_draw(ost_rng *r, ost_body *b)
{
    build d = { .wide = ost_rng_range(r, 0.88, 1.1),
                .high = ost_rng_range(r, 0.93, 1.03),
                .dense = ost_rng_range(r, 0.8, 1.2),
                .seed = ost_rng_u32(r) };
    build soft = d;

    memset(b, 0, sizeof(*b));
    b->texture = ost_rng_u32(r);
    add_parts(b->bones, &b->n_bones, bones, sizeof(bones) / sizeof(bones[0]),
              &d);
    add_ribs(b, &d);
    soft.dense = ost_rng_range(r, 0.75, 1.15);
    add_parts(b->soft, &b->n_soft, soft_parts,
              sizeof(soft_parts) / sizeof(soft_parts[0]), &soft);
    b->bladder[0] = ost_rng_range(r, -3.0, 3.0);
    b->bladder[1] = 95.0 + (424.0 - 95.0) * d.high + ost_rng_range(r, -3, 3);
    b->bladder[2] = ost_rng_range(r, 8.0, 17.0);
    b->bladder[3] = b->bladder[2] * ost_rng_range(r, 0.65, 0.9);
    b->bladder_uptake = ost_rng_range(r, 120.0, 420.0);
    b->kidney[0] = ost_rng_range(r, 10.0, 45.0);
    b->kidney[1] = ost_rng_range(r, 10.0, 45.0);
}

/* ---- spots ---- */

static double length_of(const ost_body_part *p)
{
    double dx = p->to[0] - p->from[0], dy = p->to[1] - p->from[1];

    return sqrt(dx * dx + dy * dy) + p->radius[0];
}

static const ost_body_part *choose_part(ost_rng *r, const ost_body *b,
                                        ost_body_site site)
{
    const ost_body_part *last = &b->bones[0];
    double all = 0.0, at;

    for (size_t i = 0; i < b->n_bones; i++)
        if (b->bones[i].site == site)
            all += length_of(&b->bones[i]);
    at = ost_rng_range(r, 0.0, all);
    for (size_t i = 0; i < b->n_bones; i++) {
        if (b->bones[i].site != site)
            continue;
        last = &b->bones[i];
        at -= length_of(last);
        if (at < 0.0)
            break;
    }
    return last;
}

static ost_body_spot *new_spot(ost_rng *r, ost_body *b, double radius)
{
    ost_body_spot *s = &b->spots[b->n_spots++];

    assert(b->n_spots <= OST_BODY_LESIONS);
    s->radius = radius;
    s->ratio = ost_rng_range(r, 1.0, 1.7);
    ost_exact_sincos(ost_rng_range(r, 0.0, 360.0), &s->turn_y, &s->turn_x);
    s->shape = ost_rng_u32(r);
    return s;
}

void ost_body_add_lesion(ost_rng *r, ost_body *b, ost_body_site site,
                         double radius, double uptake, double hollow)
{
    const ost_body_part *p = choose_part(r, b, site);
    ost_body_spot *s = new_spot(r, b, radius);
    double t = ost_rng_range(r, 0.1, 0.9);

    s->lesion = true;
    s->site = site;
    s->x = p->from[0] + (p->to[0] - p->from[0]) * t +
           ost_rng_range(r, -0.5, 0.5) * p->radius[0];
    s->y = p->from[1] + (p->to[1] - p->from[1]) * t +
           ost_rng_range(r, -0.5, 0.5) * p->radius[0];
    s->uptake = uptake;
    s->hollow = hollow;
    s->front = p->front < 0.4 ? 0.4 : p->front;
    s->back = p->back < 0.4 ? 0.4 : p->back;
}

/* Shoulders, knees, ankles and the lower back. */
void ost_body_add_wear(ost_rng *r, ost_body *b, double uptake)
{
    static const double joints[][4] = { { 66, 210, 1.0, 0.7 },
                                        { 46, 604, 1.0, 0.6 },
                                        { 34, 608, 1.0, 0.6 },
                                        { 34, 776, 0.9, 0.9 },
                                        { 9, 374, 0.6, 1.0 } };
    const double *j = joints[ost_rng_below(r, 5)];
    ost_body_spot *s = new_spot(r, b, ost_rng_range(r, 3.0, 5.5));

    s->x =
        (ost_rng_below(r, 2) ? 1.0 : -1.0) * j[0] + ost_rng_range(r, -2.0, 2.0);
    s->y = j[1] + ost_rng_range(r, -3.0, 3.0);
    s->uptake = uptake;
    s->front = j[2];
    s->back = j[3];
}

/* Uptake of a spot at a point, as a share of its own. */
static double spot_weight(const ost_body_spot *s, double x, double y)
{
    double dx = x - s->x, dy = y - s->y;
    double u = (dx * s->turn_x + dy * s->turn_y) / s->radius;
    double v = (dy * s->turn_x - dx * s->turn_y) / s->radius * s->ratio;
    double d = sqrt(u * u + v * v);

    if (d > 2.2)
        return 0.0;
    d += 0.22 * ost_shape_field(u * 1.6, v * 1.6, s->shape);
    return (1.0 - ost_shape_ramp(0.4, 1.6, d)) -
           s->hollow * (1.0 - ost_shape_ramp(0.1, 0.7, d));
}

/* ---- the picture ---- */

typedef struct canvas {
    const ost_body *body;
    const ost_body_view *view;
    int64_t h;
    int64_t w;
    float *soft;
    float *bone;
} canvas;

/* The point of the body that the middle of a pixel shows. */
static void to_body(const canvas *c, int64_t row, int64_t col, double *x,
                    double *y)
{
    const ost_body_view *v = c->view;
    double px = ((double)col + 0.5 - (double)c->w / 2.0) * v->unit;
    double py = ((double)row + 0.5 - (double)c->h / 2.0) * v->unit;

    px = (v->back ? -px : px) - v->shift_x;
    py -= v->shift_y;
    *x = px * v->cosine + py * v->sine;
    *y = py * v->cosine - px * v->sine + 480.0;
}

/* The rows that may show what lies between two heights of the body, with all
 * that a small angle does. */
static void rows_of(const canvas *c, double top, double bottom, int64_t *first,
                    int64_t *end)
{
    const ost_body_view *v = c->view;
    double middle = (double)c->h / 2.0, slack = 14.0;
    double a = (top - 480.0 - slack + v->shift_y) / v->unit + middle;
    double b = (bottom - 480.0 + slack + v->shift_y) / v->unit + middle;

    *first = a < 0.0 ? 0 : (int64_t)a;
    *end = b > (double)c->h ? c->h : b < 0.0 ? 0 : (int64_t)b;
}

/* 1 in the middle of a part, 0 outside, as blurred as a camera sees it. */
static double edge(double d, double radius)
{
    double blur = radius < 5.0 ? 0.7 : 3.5 / radius;

    return 1.0 - ost_shape_ramp(1.0 - blur, 1.0 + 0.75 * blur, d);
}

static void paint(const canvas *c, const ost_body_part *p, bool soft)
{
    double most = p->radius[0] > p->radius[1] ? p->radius[0] : p->radius[1];
    double top = p->from[1] < p->to[1] ? p->from[1] : p->to[1];
    double bottom = p->from[1] < p->to[1] ? p->to[1] : p->from[1];
    double seen = c->view->back ? p->back : p->front;
    int64_t first, end;

    rows_of(c, top - 1.6 * most, bottom + 1.6 * most, &first, &end);
    for (int64_t row = first; row < end; row++)
        for (int64_t col = 0; col < c->w; col++) {
            float *at = (soft ? c->soft : c->bone) + row * c->w + col;
            double x, y, t, d, v, r;

            to_body(c, row, col, &x, &y);
            d = ost_shape_distance(p->from, p->to, x, y, &t);
            r = p->radius[0] + (p->radius[1] - p->radius[0]) * t;
            d /= r;
            if (d > 1.6)
                continue;
            if (soft) {
                v = p->uptake * sqrt(ost_shape_clamp01(1.03 - d * d));
                *at = (float)v > *at ? (float)v : *at;
            } else {
                v = p->uptake * seen * edge(d, r);
                /* Where bones cross, both are seen, but not twice. */
                *at += (float)v - 0.6f * ((float)v < *at ? (float)v : *at);
            }
        }
}

/* The disks between the vertebrae take up less. */
static double disks(double x, double y)
{
    double period = y / 15.0 - floor(y / 15.0);
    double near = ost_shape_ramp(12.0, 16.0, fabs(x));

    if (y < 200.0 || y > 388.0)
        return 1.0;
    return 1.0 - 0.3 * (1.0 - near) *
                     (1.0 - ost_shape_ramp(0.0, 0.22, fabs(period - 0.5)));
}

static double ellipse(double x, double y, double cx, double cy, double rx,
                      double ry)
{
    double u = (x - cx) / rx, v = (y - cy) / ry;

    return sqrt(u * u + v * v);
}

/* Counts of organs and spots; says whether a lesion or the bladder is it. */
static double organs(const canvas *c, double x, double y, bool *lesion,
                     bool *bladder)
{
    const ost_body *b = c->body;
    bool back = c->view->back;
    double d = ellipse(x, y, b->bladder[0], b->bladder[1], b->bladder[2],
                       b->bladder[3]);
    double sum = b->bladder_uptake * (back ? 0.45 : 1.0) *
                 (1.0 - ost_shape_ramp(0.55, 1.35, d));

    *bladder = d < 1.0;
    *lesion = false;
    for (int k = 0; k < 2; k++) {
        double kidney = ellipse(x, y, k ? 25.0 : -25.0, 350.0, 10.0, 17.0);

        sum += b->kidney[k] * (back ? 1.0 : 0.35) *
               (1.0 - ost_shape_ramp(0.5, 1.3, kidney));
    }
    for (size_t i = 0; i < b->n_spots; i++) {
        const ost_body_spot *s = &b->spots[i];
        double weight = spot_weight(s, x, y);

        sum += s->uptake * weight * (back ? s->back : s->front);
        if (s->lesion && weight > 0.5)
            *lesion = true;
    }
    return sum;
}

void ost_body_render(const ost_body *b, const ost_body_view *v, int64_t h,
                     int64_t w, float *scratch, uint16_t *pixels,
                     uint8_t *lesions, uint8_t *bladder)
{
    const canvas c = { b, v, h, w, scratch, scratch + h * w };

    memset(scratch, 0, (size_t)(2 * h * w) * sizeof(*scratch));
    for (size_t i = 0; i < b->n_soft; i++)
        paint(&c, &b->soft[i], true);
    for (size_t i = 0; i < b->n_bones; i++)
        paint(&c, &b->bones[i], false);
    for (int64_t row = 0; row < h; row++)
        for (int64_t col = 0; col < w; col++) {
            int64_t at = row * w + col;
            bool ill, full;
            double x, y, sum;
            uint32_t n;

            to_body(&c, row, col, &x, &y);
            sum = (double)c.bone[at] * disks(x, y) *
                  (1.0 + 0.2 * ost_shape_field(x / 7.0, y / 7.0, b->texture));
            sum += (double)c.soft[at] *
                   (1.0 +
                    0.1 * ost_shape_field(x / 25.0, y / 25.0, b->texture + 1));
            sum += 0.6 + organs(&c, x, y, &ill, &full);
            n = ost_shape_poisson(sum * v->dose, col, row, v->grain);
            pixels[at] = (uint16_t)(n < 65535 ? n : 65535);
            lesions[at] = ill ? 255 : 0;
            bladder[at] = full ? 255 : 0;
        }
}
