/* stages/phantom_series.c - radiographs of a bone tumor over a chemotherapy
 *
 * Knees from the front, as in stages/phantom_knee.c, with a tumor in the broad
 * end of the femur or of the tibia.  Every patient has an image before the
 * chemotherapy and one towards its end; as many as the parameter `series` says
 * have two before and two during it.  All images of a patient show the same
 * leg, positioned nearly alike.
 *
 * What decides is the necrosis rate, the share of the tumor that the drugs
 * killed, in percent.  A tumor that responds shrinks, its edge becomes sharp,
 * and bone grows in it and around it; one that does not grows and eats on.  It
 * is a matter of degree: rates next to each other look alike, whatever
 * threshold lies between, and patients differ in how much of it shows.  Before
 * the chemotherapy the rate shows a little, too: tumors that will respond are
 * on average somewhat smaller and denser.  That is a rule of ours, without
 * which images from before could say nothing.
 *
 * Patients of the last class have no tumor and one image: contours of normal
 * bones.  The class 80 to 90 is called as the one from 90 on is, so that the
 * label stands for the threshold of 80 %, and `necrosis` for any other.
 */
#include "base/alloc.h"
#include "kernels/exact.h"
#include "stages/phantom.h"
#include "stages/phantom_knee.h"
#include "stages/phantom_shapes.h"

#include "base/banned.h"

enum { BELOW_80, FROM_80, FROM_90, NORMAL };

typedef struct anatomy {
    ost_knee_anatomy knee;
    ost_knee_view view; /* as the patient is positioned at first */
    ost_film_lesion tumor;
    double necrosis; /* percent */
    double response; /* 0 grows on, 1 dies */
    double shows;    /* how much of that an image shows */
} anatomy;

typedef struct plan {
    ost_knee_anatomy knee;
    ost_knee_view view;
    double necrosis;
    const char *phase;
} plan;

/* ---- draws ---- */

static double draw_necrosis(ost_rng *r, size_t class_index)
{
    switch (class_index) {
    case FROM_80:
        return 80.0 + (double)ost_rng_below(r, 10);
    case FROM_90:
        return 90.0 + (double)ost_rng_below(r, 11);
    default:
        return 10.0 + (double)ost_rng_below(r, 70);
    }
}

/* Before the chemotherapy: eaten away, cloudy, with an unsharp edge. */
static void draw_tumor(ost_rng *r, double contrast, anatomy *a)
{
    ost_film_lesion *l = &a->tumor;
    double far = ost_rng_range(r, 16.0, 34.0);
    double reach = a->knee.shaft * 0.4 +
                   a->knee.flare * 0.4 * (1.0 - ost_shape_ramp(8.0, 48.0, far));

    l->y = ost_rng_below(r, 5) < 3 ? -far : far;
    l->x = ost_rng_range(r, -reach, reach) +
           (l->y > 0.0 ? a->knee.lean * far : 0.0);
    l->radius = ost_rng_range(r, 11.0, 16.0) + 3.0 * (1.0 - a->response);
    l->ratio = ost_rng_range(r, 1.0, 1.4);
    ost_exact_sincos(ost_rng_range(r, 0.0, 360.0), &l->turn_y, &l->turn_x);
    l->edge = ost_rng_range(r, 0.3, 0.8);
    l->lytic = ost_rng_range(r, 0.75, 0.95) * ost_shape_clamp01(contrast);
    l->sclerotic = (ost_rng_range(r, 0.0, 0.2) + 0.3 * a->response) * contrast;
    l->rim = ost_rng_range(r, 0.6, 1.6) * contrast;
    l->shape = ost_rng_u32(r);
}

static void patient(ost_rng *r, const ost_phantom_shot *first, void *made)
{
    anatomy *a = made;

    a->necrosis = draw_necrosis(r, first->class_index);
    a->response = ost_shape_ramp(50.0, 100.0, a->necrosis);
    a->shows = ost_rng_range(r, 0.5, 1.2);
    ost_knee_draw_anatomy(r, &a->knee);
    draw_tumor(r, first->params->contrast, a);
    ost_knee_draw_view(r, false, first->site_number, &a->view);
}

/* The same leg on another day: a few degrees and millimeters off. */
static void position_again(ost_rng *r, ost_knee_view *v)
{
    double sine, cosine, turned;

    ost_exact_sincos(ost_rng_range(r, -1.5, 1.5), &sine, &cosine);
    turned = v->sine * cosine + v->cosine * sine;
    v->cosine = v->cosine * cosine - v->sine * sine;
    v->sine = turned;
    v->field *= ost_rng_range(r, 0.985, 1.015);
    v->shift_x += ost_rng_range(r, -1.5, 1.5);
    v->shift_y += ost_rng_range(r, -1.5, 1.5);
    v->bright += ost_rng_range(r, -0.01, 0.01);
    v->grain = ost_rng_u32(r);
}

/* What `progress` (0 to 1) of a chemotherapy makes of the tumor. */
static void treat(const anatomy *a, double contrast, double progress,
                  ost_film_lesion *l)
{
    double good = progress * a->response * a->shows;
    double bad = progress * (1.0 - a->response) * a->shows;

    *l = a->tumor;
    l->radius *= 1.0 + 0.4 * bad - 0.3 * good;
    l->edge *= 1.0 - 0.7 * good;
    l->lytic *= 1.0 - 0.6 * good;
    l->sclerotic += 1.4 * good * contrast;
    l->rim += 1.8 * good * contrast;
}

/* Day of the image and how much of the chemotherapy is over by then. */
static double schedule(ost_rng *r, ost_phantom_shot *shot)
{
    int64_t late = (int64_t)ost_rng_below(r, 10);

    if (shot->index == 0) {
        shot->day = 0;
        return 0.0;
    }
    if (shot->count == 4 && shot->index == 1) {
        shot->day = 7 + late;
        return 0.0;
    }
    if (shot->count == 4 && shot->index == 2) {
        shot->day = 45 + late;
        return ost_rng_range(r, 0.45, 0.6);
    }
    shot->day = 80 + late;
    return ost_rng_range(r, 0.9, 1.0);
}

static void shot(ost_rng *r, const void *made, ost_phantom_shot *shot)
{
    const anatomy *a = made;
    plan *p = shot->plan;
    double progress = schedule(r, shot);

    p->knee = a->knee;
    p->view = a->view;
    p->necrosis = a->necrosis;
    p->phase = shot->class_index == NORMAL ? ""
               : progress > 0.0            ? "during"
                                           : "before";
    position_again(r, &p->view);
    p->view.has_lesion = shot->class_index != NORMAL;
    if (p->view.has_lesion)
        treat(a, shot->params->contrast, progress, &p->view.lesion);
    (void)ost_phantom_add(
        shot, ost_arena_printf(shot->arena, "images/%s.png", shot->id));
}

/* Who has a series: evenly spread over those with a tumor, who stand in order
 * of their class, so that each class has its share. */
static int64_t count(const ost_phantom_params *p, const size_t *of_class,
                     size_t rank)
{
    uint64_t n = of_class[BELOW_80] + of_class[FROM_80] + of_class[FROM_90];
    uint64_t series = p->series < 0 ? (n * 33 + 59) / 119 : (uint64_t)p->series;
    uint64_t at;

    if (rank < of_class[NORMAL])
        return 1;
    at = rank - of_class[NORMAL];
    series = series < n ? series : n;
    return (at + 1) * series / n > at * series / n ? 4 : 2;
}

static ost_rc draw(ost_phantom_shot *shot, ost_err *err)
{
    const plan *p = shot->plan;
    size_t n = (size_t)(shot->height * shot->width);
    uint8_t *pixels = ost_try_alloc(n, 1);
    float *scratch = ost_try_alloc(n, sizeof(*scratch));
    ost_rc rc;

    if (pixels && scratch) {
        ost_knee_render(&p->knee, &p->view, shot->height, shot->width, scratch,
                        pixels);
        rc = ost_phantom_png(shot, 0, pixels, err);
    } else {
        rc = ost_fail(err, OST_ENOMEM, "no memory for an image");
    }
    ost_phantom_row(shot, shot->files[0].path,
                    ost_phantom_label(shot, shot->class_index), "front");
    ost_buf_addf(&shot->rows, ",%s,", p->phase);
    if (shot->class_index != NORMAL)
        ost_buf_addf(&shot->rows, "%.0f", p->necrosis);
    ost_buf_addc(&shot->rows, '\n');
    ost_free(scratch);
    ost_free(pixels);
    return rc;
}

const ost_phantom_kind ost_phantom_series = {
    .columns = ",phase,necrosis",
    .n_classes = 4,
    .labels = { [BELOW_80] = "below80",
                [FROM_80] = "above80",
                [FROM_90] = "above80",
                [NORMAL] = "normal" },
    .shares = { [BELOW_80] = 68.0, [FROM_80] = 11.0, [FROM_90] = 40.0 },
    .size = { 256, 256 },
    .images = { 2, 4 },
    .anatomy_size = sizeof(anatomy),
    .plan_size = sizeof(plan),
    .count = count,
    .patient = patient,
    .shot = shot,
    .draw = draw,
};
