/* stages/series.h - items that become one, and come apart again
 *
 * Shared by stages that make a series or a picture of several items.  What all
 * of them have in common the one item has too; what differs is kept as
 * "frame.K.NAME" (K from 0), so that the items can be made again as they were.
 * Attributes "sequence.NAME" are about the one item alone.
 */
#ifndef OST_STAGES_SERIES_H
#define OST_STAGES_SERIES_H

#include "stages/stage.h"

/* In the order of OST_SERIES_BY. */
enum { OST_SERIES_GROUP, OST_SERIES_PARENT, OST_SERIES_ROOT };
#define OST_SERIES_BY "group|parent|root"

/* In the order of OST_SERIES_LABELS. */
enum { OST_SERIES_LAST, OST_SERIES_FIRST, OST_SERIES_SAME, OST_SERIES_ANY };
#define OST_SERIES_LABELS "last|first|same|any"

/* Which items belong together, and in what order. */
typedef struct ost_series_spec {
    int by;
    ost_str_list within; /* attributes that they also have in common */
    const char *order;   /* an attribute, or "id" */
} ost_series_spec;

/* What the items of a series are called together: the group, parent or root,
 * and behind slashes the values of `within`, whose own / and % are written %2F
 * and %25: no two series have one name.  OST_EINPUT names an attribute
 * that the item lacks. */
ost_rc ost_series_name(ost_arena *arena, const ost_series_spec *spec,
                       const ost_item *item, const char **name, ost_err *err);

/* Puts items in order: numbers before texts, and equal ones by id.  OST_EINPUT
 * names the item that lacks the attribute. */
ost_rc ost_series_sort(const ost_series_spec *spec, const ost_item **items,
                       size_t n, ost_err *err);

/* A new item made of `n` items: named `id`, in their group, with their ids as
 * parents, their attributes as said above, and labels as `labels` says (`same`:
 * OST_EINPUT when they differ).  It has no fields. */
ost_rc ost_series_new(ost_stage_ctx *ctx, const char *id,
                      const ost_item *const *items, size_t n, int labels,
                      ost_item **out, ost_err *err);

/* What item `k` of `n` was, as far as `series` knows: its attributes and, when
 * `series` has a parent for each, its id.  NULL for one that is a repetition of
 * an earlier item.  Without `restore`, every one is there and called "ID#k".
 * OST_EINPUT when there are not `n` parents.  It has no fields. */
ost_rc ost_series_part(ost_stage_ctx *ctx, const ost_item *series, size_t k,
                       size_t n, bool restore, ost_item **out, ost_err *err);

/* Notes which fields of the items neither are `field` nor among `also`: they
 * are left out of what is made. */
void ost_series_note_fields(ost_stage_ctx *ctx, const ost_item *items, size_t n,
                            const char *field, const ost_str_list *also);

#endif
