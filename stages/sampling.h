/* stages/sampling.h - which items an epoch takes, in which order
 *
 * Either every item once, or so many of each class: a class that has fewer
 * gives all its items as often as they go in and some of them, drawn, once
 * more; a class that has more gives a drawn part, another one in each epoch.
 */
#ifndef OST_STAGES_SAMPLING_H
#define OST_STAGES_SAMPLING_H

#include "stages/target.h"

/* In the order of the words of OST_SAMPLINGS. */
typedef enum ost_sampling_kind {
    OST_SAMPLE_SHUFFLE,
    OST_SAMPLE_BALANCED, /* as many items as there are, evenly of each class */
} ost_sampling_kind;

#define OST_SAMPLINGS "shuffle|balanced"

typedef struct ost_sampling {
    size_t n;           /* items there are */
    size_t epoch_items; /* items of an epoch */
    size_t n_classes;   /* 0: every item once */
    size_t *wanted;     /* of each class in an epoch */
    size_t *first;      /* of each class in `members`, and one more: the end */
    uint32_t *members;  /* items, class by class */
} ost_sampling;

/* Refuses a `per_class` (null: none) that is neither a number nor an object
 * from class to number; OST_EWORKFLOW. */
ost_rc ost_sampling_check(ost_sampling_kind kind, const json_t *per_class,
                          ost_err *err);

/* How to draw from `n` items; `per_class` takes the place of `kind`.
 * OST_EINPUT names an item without a class, a class without a number, or a
 * number without a class.  Borrowed until the step is finished. */
ost_rc ost_sampling_open(ost_stage_ctx *ctx, ost_sampling_kind kind,
                         const json_t *per_class, const ost_target *target,
                         const ost_item *items, size_t n, ost_sampling *s,
                         ost_err *err);

/* Draws an epoch: epoch_items indices, in order. */
void ost_sampling_draw(const ost_sampling *s, ost_rng *rng, uint32_t *index);

#endif
