/* cli/show.h - what is in the store, in words */
#ifndef OST_CLI_SHOW_H
#define OST_CLI_SHOW_H

#include "base/buf.h"
#include "base/err.h"
#include "store/find.h"
#include "store/store.h"

#include <stddef.h>

/* Appends a description of what was found: a run with its steps, a node with
 * its key's components, an artifact with its first `items` items (and, when
 * `item` is given, all of that one), else a plain blob. */
ost_rc ost_show(ost_store *s, const ost_found *found, size_t items,
                const char *item, ost_buf *out, ost_err *err);

/* Appends one line per run, newest first; at most `limit`. */
ost_rc ost_show_runs(ost_store *s, size_t limit, ost_buf *out, ost_err *err);

#endif
