/* stages/phantom_scan.h - what the kinds of whole-body bone scans share */
#ifndef OST_STAGES_PHANTOM_SCAN_H
#define OST_STAGES_PHANTOM_SCAN_H

#include "stages/phantom.h"
#include "stages/phantom_body.h"

enum { OST_SCAN_VIEWS = 2 };

extern const char *const ost_scan_view_name[OST_SCAN_VIEWS];

/* An exam: what .shot draws. */
typedef struct ost_scan_plan {
    ost_body body;
    ost_body_view view[OST_SCAN_VIEWS];
    uint64_t uid;
} ost_scan_plan;

/* Draws how the body lies under both cameras, and the exam's number. */
void ost_scan_plan_draw(ost_rng *r, const ost_body *body,
                        ost_phantom_shot *shot);
/* A place for the next lesion; sites weigh as in `share`, 100 in all. */
ost_body_site ost_scan_draw_site(ost_rng *r,
                                 const double share[OST_BODY_SITES]);
/* Pixels of `frames` views, from `view` on, as DICOM in file `file`. */
void ost_scan_encode(ost_phantom_shot *shot, size_t file, unsigned view,
                     unsigned frames, const uint16_t *pixels);
/* Where the body's lesions are, "spine|rib", and how many there are. */
void ost_scan_sites(const ost_body *body, ost_buf *sites, size_t *lesions);

#endif
