/* kernels/stats/members.h - the items of each class
 */
#ifndef OST_KERNELS_STATS_MEMBERS_H
#define OST_KERNELS_STATS_MEMBERS_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

typedef struct ost_members {
    size_t *first;   /* [class]: where its items begin; one more at the end */
    uint32_t *index; /* items, class by class, in order */
} ost_members;

/* In the arena. */
ost_members ost_members_of(ost_arena *arena, const uint32_t *classes, size_t n,
                           uint32_t n_classes);

#endif
