/* stages/phantom_film.h - what made-up X-rays of bones have in common
 *
 * How a lesion changes the bone in the way of a ray, and how film and quanta
 * make a gray value of what stops the radiation.
 */
#ifndef OST_STAGES_PHANTOM_FILM_H
#define OST_STAGES_PHANTOM_FILM_H

#include <stdint.h>

/* A lesion: an ellipse with an irregular edge inside of a bone; mm. */
typedef struct ost_film_lesion {
    double x;
    double y;
    double radius;
    double ratio;  /* of the axes */
    double turn_x; /* direction of the first axis */
    double turn_y;
    double edge;      /* 0 sharp ... 1 fading from the middle on */
    double lytic;     /* share of the bone that is gone */
    double sclerotic; /* bone that is added */
    double rim;       /* bone that is added around */
    uint32_t shape;   /* seed of the irregular edge */
} ost_film_lesion;

/* 1 in the middle, 0 outside; how much of the rim is there goes to `*ring`. */
double ost_film_lesion_weight(const ost_film_lesion *l, double x, double y,
                              double *ring);
/* Bone in the way of a ray of length `outer` through the bone, changed. */
double ost_film_lesion_change(const ost_film_lesion *l, double x, double y,
                              double bone, double outer);

/* Attenuation per mm of soft tissue and of cortical bone. */
extern const double ost_film_per_soft, ost_film_per_bone;

/* Fewer quanta, more noise: how much more behind an optical density. */
double ost_film_roughness(double density);
/* Gray value of a density: an S-shaped curve, never quite white. */
double ost_film_gray(double density, double gamma, double bright);
/* The plate's unsharpness: a little of the neighbors, then 8 bits. */
void ost_film_develop(const float *plate, int64_t h, int64_t w,
                      uint8_t *pixels);

#endif
