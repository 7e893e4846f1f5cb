/* stages/memorization.h - whether generated images are copies
 *
 * A generated image that is nearer to one that its generator learned from than
 * nearly all of these are to each other was remembered, not made.
 */
#ifndef OST_STAGES_MEMORIZATION_H
#define OST_STAGES_MEMORIZATION_H

#include "stages/stage.h"

/* Images as rows of numbers. */
typedef struct ost_image_rows {
    const ost_item *items;
    size_t n;
    size_t d;
    float *rows; /* n x d */
} ost_image_rows;

/* Reads a field of every item, of any shape, as numbers in a row.  OST_EINPUT
 * names the item whose field is missing, of another
 * shape than the first one's, or not finite; `port` is for messages.  Rows live
 * until the step is finished. */
ost_rc ost_image_rows_read(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                           const char *field, const char *port,
                           ost_image_rows *rows, ost_err *err);

typedef struct ost_memorization {
    double quantile; /* of distances within `learned` */
    size_t pairs;    /* how many to list */
    double unit;     /* that distances are divided by */
} ost_memorization;

/* Holds every row of `made` against the nearest of `learned`; `count` >= 2.
 *
 *     {"threshold", "n", "n_below", "n_identical", "share",
 *      "intervals": {"share": {...}},
 *      "nearest": [{"generated", "learned", "distance"}]}
 *
 * Caller decrefs. */
ost_rc ost_memorization_judge(ost_stage_ctx *ctx, const ost_memorization *how,
                              const ost_image_rows *made,
                              const ost_image_rows *learned, json_t **out,
                              ost_err *err);

#endif
