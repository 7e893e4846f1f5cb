/* engine/plan_memo.h - the answer to a run that was asked before
 *
 * Table PLANS holds, under a digest of the document's bytes and of everything
 * on the command line, what the last such run came to, with what it depended on
 * beyond that: other files, by digest, sources, by fingerprint, and the GPUs of
 * the machine if a node wanted one.  When those are as they were, and the
 * outputs still there, nothing need be parsed or planned.
 */
#ifndef OST_ENGINE_PLAN_MEMO_H
#define OST_ENGINE_PLAN_MEMO_H

#include "engine/outcome.h"

typedef struct ost_memo_query {
    const char *document; /* path */
    const ost_bindings *bindings;
    const char *backend;
    const char *numerics; /* of the command line, or NULL; likewise: */
    const char *gpus;
    const char *const *targets;
    size_t n_targets;
    bool exports;
} ost_memo_query;

/* The digest that an answer is kept under. */
ost_rc ost_plan_memo_key(const ost_memo_query *query, ost_key *key,
                         ost_err *err);
/* True, and the outcome in the arena, when there is an answer that still
 * holds.  `sights` (or NULL) keeps what was seen of sources on the way. */
bool ost_plan_memo_get(ost_store *store, const ost_key *key, ost_sights *sights,
                       ost_arena *arena, ost_outcome *outcome);
/* Keeps the outcome of a run without failures. */
void ost_plan_memo_put(ost_batch *batch, const ost_key *key,
                       const ost_plan *plan, const ost_outcome *outcome);

#endif
