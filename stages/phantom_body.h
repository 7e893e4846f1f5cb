/* stages/phantom_body.h - a whole body as a bone scan sees it
 *
 * Bones are tapered lines with an uptake and with how much of it the camera in
 * front and the one behind sees; soft tissue is the same with wide lines.
 * Lengths are 1/256 of the width of a usual picture (about 2.3 mm), x from the
 * middle of the body, y from the top of the picture, as seen from the front.
 */
#ifndef OST_STAGES_PHANTOM_BODY_H
#define OST_STAGES_PHANTOM_BODY_H

#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a lesion can be, in the order of reports. */
typedef enum ost_body_site {
    OST_BODY_NONE, /* not a place for lesions */
    OST_BODY_SPINE,
    OST_BODY_PELVIS,
    OST_BODY_SCAPULA,
    OST_BODY_RIB,
    OST_BODY_FEMUR,
    OST_BODY_OTHER,
    OST_BODY_SITES,
} ost_body_site;

extern const char *const ost_body_site_name[OST_BODY_SITES];

typedef struct ost_body_part {
    ost_body_site site;
    double from[2];
    double to[2];
    double radius[2]; /* at `from` and at `to` */
    double uptake;    /* counts in its middle */
    double front;     /* share that each camera sees */
    double back;
} ost_body_part;

enum { OST_BODY_PARTS = 192, OST_BODY_SOFT = 32, OST_BODY_LESIONS = 16 };

/* A place of higher uptake, malignant or worn. */
typedef struct ost_body_spot {
    bool lesion;
    ost_body_site site;
    double x;
    double y;
    double radius;
    double ratio;
    double turn_x;
    double turn_y;
    double uptake;
    double hollow; /* share that is missing in the middle */
    double front;
    double back;
    uint32_t shape;
} ost_body_spot;

typedef struct ost_body {
    ost_body_part bones[OST_BODY_PARTS];
    size_t n_bones;
    ost_body_part soft[OST_BODY_SOFT];
    size_t n_soft;
    ost_body_spot spots[OST_BODY_LESIONS];
    size_t n_spots;
    double bladder[4]; /* x, y and both half-axes */
    double bladder_uptake;
    double kidney[2]; /* left and right uptake */
    uint32_t texture;
} ost_body;

/* A body without spots. */
void ost_body_draw(ost_rng *r, ost_body *b);
/* Adds a lesion at a site (the parts of which weigh by their length). */
void ost_body_add_lesion(ost_rng *r, ost_body *b, ost_body_site site,
                         double radius, double uptake, double hollow);
/* Adds the uptake of a worn joint. */
void ost_body_add_wear(ost_rng *r, ost_body *b, double uptake);

/* How a picture lies over the body. */
typedef struct ost_body_view {
    bool back;
    double unit; /* lengths of a pixel */
    double shift_x;
    double shift_y;
    double cosine;
    double sine;
    double dose; /* factor on all counts */
    uint32_t grain;
} ost_body_view;

/* Fills the picture of h rows of w, and masks of lesions and bladder (255);
 * `scratch` holds two floats for each pixel. */
void ost_body_render(const ost_body *b, const ost_body_view *v, int64_t h,
                     int64_t w, float *scratch, uint16_t *pixels,
                     uint8_t *lesions, uint8_t *bladder);

#endif
