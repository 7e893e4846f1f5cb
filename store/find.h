/* store/find.h - what a person means by a word: a run, a step, a digest
 *
 *     ID or a beginning of one     a run; "latest" is the newest
 *     RUN:STEP                     an output of a step of that run
 *     RUN:STEP.PORT
 *     hexadecimal digits           a blob, or the key of a node; four digits
 *                                  or more, as long as only one begins so
 */
#ifndef OST_STORE_FIND_H
#define OST_STORE_FIND_H

#include "base/err.h"
#include "store/store.h"

enum { OST_FIND_RUN_ID = 128 };

typedef enum ost_found_kind {
    OST_FOUND_RUN,
    OST_FOUND_NODE, /* key of a computed node */
    OST_FOUND_BLOB, /* perhaps an artifact */
} ost_found_kind;

typedef struct ost_found {
    ost_found_kind kind;
    char run[OST_FIND_RUN_ID];
    ost_digest digest;
} ost_found;

/* OST_ENOTFOUND says what there is instead, OST_EUSAGE names an ambiguous
 * beginning. */
ost_rc ost_find(ost_store *s, const char *word, ost_found *found, ost_err *err);
/* The same, for a run alone. */
ost_rc ost_find_run(ost_store *s, const char *word, char run[OST_FIND_RUN_ID],
                    ost_err *err);

#endif
