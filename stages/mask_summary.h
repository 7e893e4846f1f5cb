/* stages/mask_summary.h - numbers of many pictures in few, as JSON
 *
 * For the stage `evaluate_masks`.
 */
#ifndef OST_STAGES_MASK_SUMMARY_H
#define OST_STAGES_MASK_SUMMARY_H

#include "stages/mask_scores.h"
#include "stages/stage.h"

typedef struct ost_mask_row {
    const ost_item *item;
    const ost_item *reference; /* the same, or its counterpart */
    const char *part;          /* value of the axis, or NULL */
    double spacing[2];         /* rows, columns; 1 and 1 in pixels */
    ost_mask_scores scores;
} ost_mask_row;

typedef struct ost_mask_rows {
    size_t n;
    ost_mask_row *v;
} ost_mask_rows;

typedef struct ost_mask_summary {
    ost_stage_ctx *ctx;
    const ost_mask_rows *rows;
    ost_arena *arena;
    size_t replicates;
    uint64_t seed;
    json_t *warnings; /* grows */
} ost_mask_summary;

/* OST_EINPUT when no item has one of the attributes. */
ost_rc ost_mask_check_subgroups(const ost_mask_rows *rows,
                                const ost_str_list *names, ost_err *err);

/* A block of all; one for each part, each value of an attribute; the numbers
 * of each picture.  Caller decrefs. */
json_t *ost_mask_pooled(const ost_mask_summary *m);
json_t *ost_mask_folds(const ost_mask_summary *m, const char *axis);
json_t *ost_mask_subgroups(const ost_mask_summary *m,
                           const ost_str_list *names);
json_t *ost_mask_items(const ost_mask_summary *m);

#endif
