/* stages/evaluation_subgroups.h - blocks by attributes of the items */
#ifndef OST_STAGES_EVALUATION_SUBGROUPS_H
#define OST_STAGES_EVALUATION_SUBGROUPS_H

#include "stages/evaluation.h"

/* Param `subgroups`.  OST_EWORKFLOW says what it may be. */
ost_rc ost_subgroups_check(const json_t *subgroups, ost_err *err);
/* An array with a block for each value of each attribute; NULL when the param
 * is null.  OST_EINPUT when no item has an attribute, or when it takes too many
 * numbers to be anything but a measurement.  Caller decrefs. */
ost_rc ost_subgroups_json(const ost_evaluation *e, json_t **subgroups,
                          ost_err *err);

#endif
