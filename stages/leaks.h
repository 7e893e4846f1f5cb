/* stages/leaks.h - whether what judged an item had learned from its group
 *
 * Every item carries its exposure: the groups that trained any model upstream
 * of it, were it a classifier, a generator or a filter.  An item whose own
 * group is among them was not judged from outside: the group leaked.
 *
 *     ost_leak_check c = { .ctx = ctx, .mode = p->leakage, .axis = "fold" };
 *     ost_leaks_add(&c, item, part);      for everything that is judged
 *     rc = ost_leaks_finish(&c, &leakage, err);
 *     if (!rc) json_object_set_new(metrics, "leakage", leakage);
 *     ost_leaks_release(&c);
 *
 * Takes time linear in the items and in the distinct exposures.
 */
#ifndef OST_STAGES_LEAKS_H
#define OST_STAGES_LEAKS_H

#include "base/vec.h"
#include "stages/stage.h"
#include "stages/twins.h"

/* What becomes of a leak; the words of a parameter, in this order. */
typedef enum ost_leakage {
    OST_LEAKAGE_ERROR,
    OST_LEAKAGE_WARN,
    OST_LEAKAGE_OFF,
} ost_leakage;

#define OST_LEAKAGE_CHOICES "error|warn|off"
#define OST_LEAKAGE_HELP                                                     \
    "what to do when an item's group was among those that trained what "     \
    "judged, made or chose it: refuse, say so in the metrics and the run's " \
    "summary, or do not look"

/* Of pictures that are nearly the same; identical ones are a leak. */
#define OST_DUPLICATES_HELP                                                   \
    "what to do when a picture of an item is nearly one that what judged it " \
    "had learned from, of another patient"

/* One item that is judged. */
typedef struct ost_leak_row {
    const ost_item *item;
    const ost_digest *exposure; /* of what judged it */
    const char *part;           /* fold, arm; or NULL */
} ost_leak_row;

typedef struct ost_leak_check {
    ost_stage_ctx *ctx;
    ost_leakage mode;
    const char *axis; /* what `part` is a value of */
    ost_twins *twins; /* open, to be looked for as well; or NULL */
    ost_leakage near; /* what becomes of those that are not identical */
    OST_VEC(ost_leak_row) rows;
} ost_leak_check;

/* Adds an item that was judged by what it is itself exposed to (a prediction, a
 * mask), or by something else that is exposed to `exposure`.  Everything is
 * borrowed until the check is finished; nothing happens when `mode` is off. */
void ost_leaks_add(ost_leak_check *c, const ost_item *item, const char *part);
void ost_leaks_add_against(ost_leak_check *c, const ost_item *item,
                           const ost_digest *exposure, const char *part);

/* Looks, and says what was found:
 *
 *     {"mode": "error" | "warn" | "off",
 *      "n_checked": items whose exposure is known, "n_unknown": the others,
 *      "n_leaked": items, "n_groups": their groups, "groups": [first names],
 *      "by": axis, "parts": [{axis: value, "n_checked", "n_leaked",
 *                             "n_groups", "groups"}],
 *      "duplicates": of twins.h}
 *
 * with parts and duplicates only when there are any, and only `mode` when it is
 * off.  When something leaked and the mode is error: OST_EINPUT, and no
 * document; when it is warn, a note.  Caller decrefs. */
ost_rc ost_leaks_finish(ost_leak_check *c, json_t **leakage, ost_err *err);
void ost_leaks_release(ost_leak_check *c);

#endif
