/* stages/picture_marks.h - by which the pictures of many items are known
 *
 * What stages/picture_hash.h makes of a picture is remembered by the picture's
 * bytes, so that each picture is read once in the life of a store.
 */
#ifndef OST_STAGES_PICTURE_MARKS_H
#define OST_STAGES_PICTURE_MARKS_H

#include "stages/stage.h"
#include "stages/wide_hashes.h"

/* What is wanted. */
enum ost_marks_wanted {
    OST_MARK_PIXELS = 1u << 0,
    OST_MARK_DHASH = 1u << 1,
    OST_MARK_PHASH = 1u << 2,
    OST_MARK_WIDE = 1u << 3,
};

typedef struct ost_picture_mark {
    ost_digest pixels;
    uint64_t dhash;
    uint64_t phash;
    ost_wide_hash wide;
} ost_picture_mark;

/* The marks of field `field` of `n` items, and how many were not remembered in
 * *fresh.  OST_EINPUT names the item without a picture there. */
ost_rc ost_picture_marks(ost_stage_ctx *ctx, const ost_item *const *items,
                         size_t n, const char *field, unsigned wanted,
                         ost_picture_mark *marks, size_t *fresh, ost_err *err);

#endif
