/* stages/coco.h - annotations as COCO has them, one JSON file for all pictures
 *
 * `segmentation` may be polygons, runs as numbers, or runs as compressed text;
 * an annotation without one is a box alone.  Each annotation is an object;
 * its label is the name of its category, its group its id.
 */
#ifndef OST_STAGES_COCO_H
#define OST_STAGES_COCO_H

#include "stages/annotation.h"

/* What the file says of one picture. */
typedef struct ost_coco_picture {
    const char *file_name;
    const char *marks; /* JSON text for ost_coco_read() */
} ost_coco_picture;

/* Takes a file of at most 1 GiB apart and checks all that is in it; in the
 * arena.  OST_EINPUT has "name:line:column: /pointer: ..."; OST_ENOTFOUND,
 * without a message, when it is JSON of another kind (not with all of `images`,
 * `annotations` and `categories`). */
ost_rc ost_coco_split(const char *name, const void *data, size_t size,
                      ost_arena *arena, ost_coco_picture **pictures, size_t *n,
                      ost_err *err);

/* What was said of one picture, from `marks`; in the arena. */
ost_rc ost_coco_read(const char *marks, ost_arena *arena, ost_annotation *out,
                     ost_err *err);

#endif
