/* stages/prediction_table.h - predictions of all inputs of a port as one table
 *
 * Shared by the stages that judge predictions.
 */
#ifndef OST_STAGES_PREDICTION_TABLE_H
#define OST_STAGES_PREDICTION_TABLE_H

#include "stages/stage.h"

/* What one item is predicted as.  `truth` is OST_NO_CLASS for an item without
 * label, `predicted` for one that has neither scores nor the attribute
 * `predicted`.  Of several labels `has` and `says` hold a 0 or 1 per label
 * instead; of numbers `number` is what was predicted and `actual` what is true,
 * NaN without label. */
#define OST_NO_CLASS UINT32_MAX
#define OST_NO_PART  UINT32_MAX

typedef struct ost_prediction {
    const ost_item *item;
    uint32_t truth;
    uint32_t predicted;
    const double *score; /* one per class, or NULL */
    const char *part;    /* value of the axis that divides them, or NULL */
    uint32_t part_index; /* among the parts, or OST_NO_PART */
    const uint8_t *has;
    const uint8_t *says;
    double number;
    double actual;
} ost_prediction;

typedef enum ost_prediction_kind {
    OST_PREDICTS_CLASS,
    OST_PREDICTS_LABELS,
    OST_PREDICTS_NUMBER,
} ost_prediction_kind;

/* Classes (or labels) are sorted by name.  `scored`: every item has a score per
 * class, or with `mixed` those that have any.  A part of several axes is called
 * by their values with '/' between them. */
typedef struct ost_prediction_table {
    ost_prediction_kind kind;
    size_t n_classes;
    const char **classes;
    size_t n;
    ost_prediction *rows;
    size_t n_parts;
    const char **parts; /* in axis order */
    size_t n_axes;
    const char **part_values; /* n_axes for each part */
    size_t n_labeled;
    bool scored;
    bool mixed;
} ost_prediction_table;

/* What is wanted of the predictions at a port. */
typedef struct ost_prediction_request {
    const char *const *axes; /* whose values divide the items */
    size_t n_axes;
    const char *label; /* of several labels the only one, or NULL */
    unsigned kinds;    /* 1u << ost_prediction_kind: what is welcome */
    bool mixed;        /* items without any score may stand among scored ones */
    /* Which items are read, or NULL for all.  An input of which none is has no
     * say in what the classes are. */
    bool (*keep)(const void *user, const ost_input *in, const ost_item *item);
    const void *user;
} ost_prediction_request;

/* Reads port `port`.  An axis is one of the inputs, or the attribute
 * "axis.NAME" of the items.
 *
 * Classes are those of the inputs' metadata and of the attributes
 * "score.CLASS"; without any, labels and predictions say them.  An item is
 * predicted as its attribute `predicted` says, else as the class with the
 * highest score, the first of equal ones.  OST_EINPUT names the item whose
 * label or prediction is not among the classes, or whose score is missing or
 * not finite.
 *
 * Predictions of several labels (kind "labels") with a `label` give a table
 * about that one: its classes are "LABEL" and "not LABEL", an item is predicted
 * by its score being above 0.5, and every item is labeled.  Inputs of a kind
 * that is not welcome, or of two kinds, are OST_EINPUT. */
ost_rc ost_prediction_table_of(ost_stage_ctx *ctx, const char *port,
                               const ost_prediction_request *request,
                               ost_prediction_table *table, ost_err *err);
/* The same for one axis, and for classes only (or the one `label`). */
ost_rc ost_prediction_table_read(ost_stage_ctx *ctx, const char *port,
                                 const char *axis, const char *label,
                                 ost_prediction_table *table, ost_err *err);

/* Index of a class, or OST_NO_CLASS. */
uint32_t ost_prediction_class(const ost_prediction_table *t, const char *name);

/* The class that a two-class problem is about: `name`, or when it is NULL the
 * one that ost_positive_of_two() says; OST_NO_CLASS when there are not two
 * classes and no name.  OST_EINPUT when `name` is no class or there are more
 * than two. */
ost_rc ost_prediction_positive(const ost_prediction_table *t, const char *name,
                               uint32_t *positive, ost_err *err);

#endif
