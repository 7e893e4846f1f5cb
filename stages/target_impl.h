/* stages/target_impl.h - the inside of ost_target
 *
 *     target.c          which items have what: classes, weights
 *     target_loss.c     outputs against that: losses and metrics
 */
#ifndef OST_STAGES_TARGET_IMPL_H
#define OST_STAGES_TARGET_IMPL_H

#include "stages/target.h"

struct ost_target {
    ost_target_kind kind;
    const char *name;   /* "attribute.age" */
    const char *member; /* "age"; NULL where the name has no dot */
    const char *port;   /* where the items stand, for messages */
    const ost_item *items;
    size_t n;

    size_t n_classes;
    const char *const *classes; /* sorted */
    int32_t *class_of;          /* label: by item */

    ost_target_loss_kind loss;
    const float *class_weights; /* by class, or NULL */
};

#endif
