/* stages/changed_pictures.h - pictures changed anew each time they are taken
 *
 * What stands at a place of an epoch is changed by numbers that hang on the
 * epoch and the place alone, as a stage 'augment' changes it: before the
 * normalization, in the type that it is stored in.
 */
#ifndef OST_STAGES_CHANGED_PICTURES_H
#define OST_STAGES_CHANGED_PICTURES_H

#include "stages/changes.h"
#include "stages/picture_set.h"

typedef struct ost_changed_pictures {
    ost_stage_ctx *ctx;
    const ost_picture_set *set;
    const ost_change_ranges *ranges;
    uint64_t key;
    size_t most; /* pictures at a time */
    size_t size; /* bytes of one, at most */
    unsigned char *bytes;
    ost_tensor *tensors; /* on them */
    uint32_t *index;     /* 0, 1, 2, ... */
    ost_change *drawn;   /* of the pictures that were loaded last */
} ost_changed_pictures;

/* For batches of at most `most` pictures of `set`; `key` names the stream of
 * random numbers.  Caller releases with ost_changed_pictures_release(). */
ost_rc ost_changed_pictures_init(ost_changed_pictures *c, ost_stage_ctx *ctx,
                                 const ost_picture_set *set,
                                 const ost_change_ranges *ranges, uint64_t key,
                                 size_t most, ost_err *err);
void ost_changed_pictures_release(ost_changed_pictures *c);

/* As ost_picture_set_load(), for the pictures index[0..count-1] that stand at
 * `place` and behind it in epoch `epoch`. */
ost_rc ost_changed_pictures_load(ost_changed_pictures *c,
                                 const ost_normalization *norm, uint64_t epoch,
                                 uint64_t place, const uint32_t *index,
                                 size_t count, float *out, ost_err *err);

#endif
