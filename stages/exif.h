/* stages/exif.h - how a picture is to be turned before it is looked at
 *
 * Cameras and scanners store the pixels as they come and write a number from 1
 * to 8 into the file: which side of the stored picture is the upper one, which
 * the left one.  It is the one tag of EXIF that is wanted here; all else in
 * there (times, places, names) stays in the file.
 */
#ifndef OST_STAGES_EXIF_H
#define OST_STAGES_EXIF_H

#include "stages/decode.h"

/* The orientation that an EXIF block (a small TIFF: "II*\0" or "MM\0*" and a
 * list of tags) asks for; 1, as stored, when it is damaged or says nothing. */
int ost_exif_orientation(const void *data, size_t size);

/* Turns the picture: 2 mirrors left and right, 3 turns by 180 degrees, 4
 * mirrors top and bottom, 5 transposes, 6 turns clockwise by 90 degrees, 7
 * transposes along the other diagonal, 8 turns counterclockwise by 90 degrees.
 * Any other number leaves it as it is. */
ost_rc ost_picture_orient(ost_picture *p, int orientation, ost_err *err);

#endif
