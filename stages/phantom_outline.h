/* stages/phantom_outline.h - outlines of a mask as a person would draw them */
#ifndef OST_STAGES_PHANTOM_OUTLINE_H
#define OST_STAGES_PHANTOM_OUTLINE_H

#include "base/err.h"

#include <jansson.h>
#include <stdint.h>

/* Appends a polygon of LabelMe for each 8-connected component of a mask of h
 * rows of w (not 0 is inside).  Its corners are pixels on the outer border:
 * drawn as LabelMe draws it, a spot is covered exactly, and with it its holes;
 * of lines of one pixel and corners that just touch, a pixel may differ. */
ost_rc ost_outline_add(json_t *shapes, const char *label, const uint8_t *mask,
                       int64_t h, int64_t w, ost_err *err);

#endif
