/* stages/pooled_scores.h - the predictions of a patient on their way to one
 *
 * Between stages/pool.c, which gathers them, and stages/pooled_scores.c, which
 * makes one score of several.
 */
#ifndef OST_STAGES_POOLED_SCORES_H
#define OST_STAGES_POOLED_SCORES_H

#include "base/map.h"
#include "base/vec.h"
#include "stages/stage.h"

enum { OST_POOL_MEAN, OST_POOL_MAX, OST_POOL_VOTE };
enum { OST_POOL_SAME, OST_POOL_ANY, OST_POOL_NONE };
enum { OST_POOL_CLASSES, OST_POOL_LABELS, OST_POOL_NUMBER };

typedef struct ost_pool_params {
    int by;
    int how;
    int label;
    const char *positive;
} ost_pool_params;

/* The predictions under one name, in the order of their inputs. */
typedef struct ost_pool_bucket {
    const char *name;
    OST_VEC(ost_item) items;
} ost_pool_bucket;

typedef struct ost_pooling {
    ost_stage_ctx *ctx;
    const ost_pool_params *p;
    int kind;
    OST_VEC(const char *) classes; /* sorted by name */
    size_t positive;               /* of two; else SIZE_MAX */
    ost_map names;                 /* -> bucket */
    OST_VEC(ost_pool_bucket) buckets;
} ost_pooling;

/* What is predicted of the bucket comes into `out`: a score for each class and
 * the attribute `predicted`.  OST_EINPUT names the item that lacks one. */
ost_rc ost_pool_scores(ost_pooling *p, const ost_pool_bucket *b, ost_item *out,
                       ost_err *err);

#endif
