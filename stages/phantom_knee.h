/* stages/phantom_knee.h - draws X-ray-like pictures of a knee
 *
 * A picture is computed as a projection: the thickness of soft tissue and of
 * bone along each ray (bones are tubes of cortical bone around marrow that
 * widen towards the joint), a film curve, and noise that grows where little
 * radiation arrives.  Everything is additions, products, divisions and square
 * roots in a fixed order, so that a seed gives the same pixels on every
 * machine.
 */
#ifndef OST_STAGES_PHANTOM_KNEE_H
#define OST_STAGES_PHANTOM_KNEE_H

#include "base/rng.h"
#include "stages/phantom_film.h"

#include <stdbool.h>
#include <stdint.h>

/* What stays the same for all pictures of a patient; lengths in mm. */
typedef struct ost_knee_anatomy {
    double size;      /* factor on all lengths */
    double shaft;     /* half-width of the femur's shaft */
    double flare;     /* how far it widens at the joint */
    double cortex;    /* share of the half-width that is cortical */
    double density;   /* of cortical bone */
    double trabecula; /* of the bone inside of the ends */
    double soft;      /* half-width of the limb */
    double gap;       /* of the joint */
    double lean;      /* of the tibia against the femur, mm per mm */
    uint32_t texture; /* seed of the trabecular pattern */
} ost_knee_anatomy;

enum { OST_KNEE_SPOTS = 3 };

/* One exposure. */
typedef struct ost_knee_view {
    bool lateral;
    double field;   /* width of the picture, mm */
    double shift_x; /* of the joint, mm */
    double shift_y;
    double cosine; /* of the limb's angle */
    double sine;
    double mirror;     /* -1 for a left knee */
    double noise;      /* standard deviation where nothing is in the way */
    double gamma;      /* steepness of the film curve */
    double bright;     /* shift of the film curve */
    double collimated; /* width of the dark border, share of the picture */
    uint32_t grain;    /* seed of the noise */
    bool has_lesion;
    ost_film_lesion lesion;
    /* Harmless dense spots: x, y, radius, thickness. */
    double spot[OST_KNEE_SPOTS][4];
    int spots;
} ost_knee_view;

void ost_knee_draw_anatomy(ost_rng *r, ost_knee_anatomy *a);
/* Somewhere in the bones; `contrast` scales how far it stands out. */
void ost_knee_draw_lesion(ost_rng *r, const ost_knee_anatomy *a,
                          double contrast, ost_film_lesion *l);
/* `site` decides about noise and film; no lesion yet. */
void ost_knee_draw_view(ost_rng *r, bool lateral, unsigned site,
                        ost_knee_view *v);
/* Puts the patient's lesion into a view, as it happens to look on the day. */
void ost_knee_add_lesion(ost_rng *r, const ost_film_lesion *l,
                         ost_knee_view *v);

/* Fills `pixels`, h rows of w; `scratch` holds as many floats. */
void ost_knee_render(const ost_knee_anatomy *a, const ost_knee_view *v,
                     int64_t h, int64_t w, float *scratch, uint8_t *pixels);

#endif
