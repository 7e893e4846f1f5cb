/* stages/labelme.h - annotations as LabelMe writes them, a JSON file a picture
 *
 * polygon (also where no type is given), rectangle, circle, line, linestrip,
 * point, points and mask.  Shapes of one label with the same group_id are one
 * object, any other shape is one by itself.
 */
#ifndef OST_STAGES_LABELME_H
#define OST_STAGES_LABELME_H

#include "stages/annotation.h"

#include <stdbool.h>

typedef struct ost_labelme {
    ost_annotation annotation;
    const char *image_path; /* as written; NULL when there is none */
    const void *image;      /* the file that is in `imageData`, or NULL */
    size_t image_size;
} ost_labelme;

enum ost_labelme_flags {
    OST_LABELME_IMAGE = 1u << 0, /* decode imageData too */
    OST_LABELME_OUTER = 1u << 1, /* leave the shapes alone */
};

/* Reads a file of at most 1 GiB; everything lies in the arena.  OST_EINPUT has
 * "name:line:column: /pointer: ..." for whatever is wrong; OST_ENOTFOUND,
 * without a message, when it is JSON of another kind (no member `shapes`). */
ost_rc ost_labelme_parse(const char *name, const void *data, size_t size,
                         unsigned flags, ost_arena *arena, ost_labelme *out,
                         ost_err *err);

#endif
