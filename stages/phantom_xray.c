/* stages/phantom_xray.c - a study of X-ray-like images of knees
 *
 * From the front or from the side; some have a lesion in a bone, eaten away or
 * grown dense, from plain to hardly visible.  A patient with a lesion has it
 * at one place, but it does not show on each of the images: so labels go with
 * patients and some patients have both.
 */
#include "base/alloc.h"
#include "stages/phantom.h"
#include "stages/phantom_knee.h"

#include "base/banned.h"

typedef struct anatomy {
    ost_knee_anatomy knee;
    ost_film_lesion lesion;
    int64_t sure; /* the image that shows the lesion in any case */
} anatomy;

typedef struct plan {
    ost_knee_anatomy knee;
    ost_knee_view view;
} plan;

static void patient(ost_rng *r, const ost_phantom_shot *first, void *made)
{
    anatomy *a = made;

    a->sure = (int64_t)ost_rng_below(r, (uint64_t)first->count);
    ost_knee_draw_anatomy(r, &a->knee);
    ost_knee_draw_lesion(r, &a->knee, first->params->contrast, &a->lesion);
}

static void shot(ost_rng *r, const void *made, ost_phantom_shot *shot)
{
    const anatomy *a = made;
    plan *p = shot->plan;
    bool lateral = ost_rng_below(r, 10) < 3;
    bool shown = ost_rng_below(r, 4) > 0 || shot->index == a->sure;

    p->knee = a->knee;
    ost_knee_draw_view(r, lateral, shot->site_number, &p->view);
    if (shot->class_index == 1 && shown)
        ost_knee_add_lesion(r, &a->lesion, &p->view);
    (void)ost_phantom_add(
        shot, ost_arena_printf(shot->arena, "images/%s.png", shot->id));
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
                    ost_phantom_label(shot, p->view.has_lesion),
                    p->view.lateral ? "lateral" : "front");
    ost_buf_addc(&shot->rows, '\n');
    ost_free(scratch);
    ost_free(pixels);
    return rc;
}

const ost_phantom_kind ost_phantom_xray = {
    .columns = "",
    .n_classes = 2,
    .labels = { "normal", "lesion" },
    .size = { 128, 128 },
    .images = { 2, 4 },
    .anatomy_size = sizeof(anatomy),
    .plan_size = sizeof(plan),
    .patient = patient,
    .shot = shot,
    .draw = draw,
};
