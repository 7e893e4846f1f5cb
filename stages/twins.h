/* stages/twins.h - judged pictures that training has under another name
 *
 * The same picture under two patient ids lies in training and test set at once,
 * and no group gives it away.  Here the pictures of what is judged are compared
 * with those of the groups that what judged them had learned from: by all
 * their pixels, and by their wide hash (picture_hash.h).  A picture without
 * contrast is like any other of its kind, and is not looked at.
 *
 * A judged item's picture is the one of its id, of its id before the first '#',
 * or else all pictures of its group.
 */
#ifndef OST_STAGES_TWINS_H
#define OST_STAGES_TWINS_H

#include "base/map.h"
#include "base/vec.h"
#include "stages/picture_marks.h"
#include "stages/stage.h"
#include "stages/wide_hashes.h"

typedef struct ost_twin {
    const char *part;        /* of the judged item, or NULL */
    const ost_item *picture; /* of the judged item */
    const ost_item *same_as; /* of a group behind what judged it */
    int distance;            /* of the hashes */
    bool identical;          /* pixel for pixel */
} ost_twin;

/* A zeroed one is empty: nothing is found. */
typedef struct ost_twins {
    ost_stage_ctx *ctx;
    int distance;
    OST_VEC(const ost_item *) items;
    ost_picture_mark *marks;
    ost_map by_id;
    ost_map by_group;  /* -> first item; others by next_of_group */
    ost_map by_pixels; /* -> first item; others by next_alike */
    uint32_t *next_of_group;
    uint32_t *next_alike;
    ost_wide_hashes near; /* of items with contrast: near_item[] */
    OST_VEC(uint32_t) near_item;
    OST_VEC(ost_twin) found; /* the nearest of each judged item */
    size_t n_judged;         /* with a picture */
    size_t n_without;        /* ... and without one */
    size_t n_identical;      /* judged items */
    size_t n_near;
} ost_twins;

/* Reads the datasets at a port; an item that stands there twice counts once.
 * Pictures are near when their hashes differ in at most `distance` bits. */
ost_rc ost_twins_open(ost_twins *t, ost_stage_ctx *ctx, const char *port,
                      const char *field, int distance, ost_err *err);
void ost_twins_close(ost_twins *t);

/* Compares the pictures of a judged item with those of `groups`, sorted, to
 * which its own group does not belong. */
void ost_twins_look(ost_twins *t, const ost_item *judged, const char *part,
                    const char *const *groups, size_t n_groups);

/* What was found:
 *
 *     {"n_pictures", "n_judged": items with a picture, "n_without": others,
 *      "n_identical", "n_near", "pairs": [{"item", "group", axis: part,
 *      "same_as", "same_as_group", "distance", "identical"}, ...],
 *      "n_not_listed"}
 *
 * identical ones first.  Caller decrefs. */
json_t *ost_twins_json(ost_twins *t, const char *axis);
/* Appends "'a' of 'P1' is 'b' of 'P2', ..." of the first few. */
void ost_twins_tell(ost_twins *t, bool identical, ost_buf *out);

#endif
