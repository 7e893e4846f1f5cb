/* kernels/stats/members.c - the items of each class
 */
#include "kernels/stats/members.h"

#include "base/banned.h"

ost_members ost_members_of(ost_arena *arena, const uint32_t *classes, size_t n,
                           uint32_t n_classes)
{
    ost_members m = {
        .first = OST_ARENA_ARRAY(arena, size_t, (size_t)n_classes + 1),
        .index = OST_ARENA_ARRAY(arena, uint32_t, n + 1),
    };
    size_t *at = OST_ARENA_ARRAY(arena, size_t, (size_t)n_classes + 1);

    for (size_t i = 0; i < n; i++)
        m.first[classes[i] + 1]++;
    for (uint32_t c = 0; c < n_classes; c++) {
        m.first[c + 1] += m.first[c];
        at[c] = m.first[c];
    }
    for (size_t i = 0; i < n; i++)
        m.index[at[classes[i]]++] = (uint32_t)i;
    return m;
}
