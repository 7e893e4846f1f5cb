/* stages/splitting.h - the division of a dataset, while it is made
 *
 * stages/split.c says what the parameters mean; split_strata.c numbers the
 * classes and levels, split_drawn.c draws, split_given.c reads divisions that
 * others made, split_table.c checks and counts what came out.
 */
#ifndef OST_STAGES_SPLITTING_H
#define OST_STAGES_SPLITTING_H

#include "stages/stage.h"

typedef struct ost_split_params {
    int method;
    int like;
    int64_t folds;
    int64_t fold;
    int64_t repeat;
    double fraction;
    int64_t count;
    double validation;
    int64_t validation_count;
    bool stratify;
    bool group;
    int strata;
    const char *level;
    ost_f64_list levels;
    int64_t random_state;
    const char *of;
    const json_t *value;
    const char *column;
    const json_t *values;
    ost_file file;
    int listed;
    int unlisted;
    int divided;
    bool write_splits;
} ost_split_params;

/* In the order of the choices. */
enum { OST_HOLDOUT, OST_KFOLD, OST_LEAVE_ONE_OUT, OST_COLUMN, OST_NNUNET };
enum { OST_OWN, OST_SKLEARN };
enum { OST_BY_CLASS, OST_BY_LEVEL, OST_BY_BOTH };
enum { OST_LISTED_ID, OST_LISTED_NAME, OST_LISTED_GROUP };
enum { OST_UNLISTED_ERROR, OST_UNLISTED_DROP };
enum { OST_DIVIDED_AUTO, OST_DIVIDED_ERROR, OST_DIVIDED_WARN };

/* Parts, in the order of the output ports. */
enum { OST_TRAIN, OST_TEST, OST_VALIDATION, OST_PARTS, OST_LEFT_OUT };

typedef struct ost_splitting {
    ost_stage_ctx *ctx;
    const ost_split_params *p;
    const ost_item *items;
    size_t n;
    const char **units; /* per item: what may not be divided */
    uint32_t *groups;   /* per item, by first appearance */
    uint32_t n_groups;
    const char **class_names; /* per item; "" without a label */
    const char **level_names; /* per item; NULL when no level is asked for */
    uint32_t *strata;         /* per item, by first appearance */
    uint32_t n_strata;
    const char **strata_keys;  /* per stratum: sorted, they are in order */
    const char **strata_names; /* per stratum, for people */
    uint32_t *fold;            /* per item: the fold whose test set it is in */
    uint32_t n_folds;
    uint32_t test_fold;
    uint8_t *part; /* per item */
    size_t left_out;
    size_t divided; /* groups in more than one part */
} ost_splitting;

/* Names the class of each item, its level and its stratum. */
ost_rc ost_split_number(ost_splitting *s, ost_err *err);
/* The same strata numbered in sorted order, from the arena. */
const uint32_t *ost_split_sorted_strata(ost_splitting *s);

/* Fills fold, n_folds and part (train and test). */
ost_rc ost_split_draw(ost_splitting *s, ost_err *err);
ost_rc ost_split_read(ost_splitting *s, ost_err *err);
/* Makes a part of what would be trained on the validation set. */
ost_rc ost_split_draw_validation(ost_splitting *s, ost_err *err);

/* What an item is called where cases are listed. */
const char *ost_split_case(const ost_split_params *p, const ost_item *item);

/* Refuses or notes what is wrong with the division; emits the counts, and the
 * list of all folds when it is asked for. */
ost_rc ost_split_check(ost_splitting *s, ost_err *err);
ost_rc ost_split_emit_table(ost_splitting *s, ost_err *err);
ost_rc ost_split_emit_list(ost_splitting *s, ost_err *err);

#endif
