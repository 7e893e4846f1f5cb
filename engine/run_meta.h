/* engine/run_meta.h - what a run's record says beside its steps */
#ifndef OST_ENGINE_RUN_META_H
#define OST_ENGINE_RUN_META_H

#include "engine/plan.h"

/* Appends a JSON object: "osteon" (version), "backend", "numeric" (the classes
 * of the plan), "seed", "params", "bindings" (as they were typed), "sources"
 * (files, bytes, digest), "files" (name and SHA-256 of each document), "graph"
 * (left out beyond 500 nodes). */
void ost_run_meta(const ost_plan *plan, const ost_bindings *bindings,
                  const char *backend, const char *version, ost_buf *out);

#endif
