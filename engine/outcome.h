/* engine/outcome.h - what stands under "outputs" after a run
 *
 * An outcome knows its artifacts by digest, so that outputs can be written, and
 * gates shown again, without the workflow.
 */
#ifndef OST_ENGINE_OUTCOME_H
#define OST_ENGINE_OUTCOME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "engine/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One artifact of an output: several when the output gathers over axes. */
typedef struct ost_outcome_part {
    const char **axes; /* name, value, name, value ... */
    uint32_t n_axes;   /* pairs */
    ost_digest artifact;
    ost_digest exported; /* the files of a dataset, or zero */
    const char *root;    /* folder of a source, "" for what is in the store */
} ost_outcome_part;

typedef struct ost_gate_result {
    const char *output;
    const char *path;
    const char *op;
    double bound;
    const char *found; /* the value as text, or why there is none */
    bool passed;
} ost_gate_result;

typedef struct ost_outcome_output {
    const char *name;
    ost_outcome_part *parts;
    size_t n_parts;
} ost_outcome_output;

typedef struct ost_outcome {
    const char *run;      /* id */
    const char *workflow; /* name */
    uint64_t wall_ns;
    uint64_t steps;
    ost_outcome_output *outputs;
    size_t n_outputs;
    ost_gate_result *gates;
    size_t n_gates;
} ost_outcome;

/* Collects the outputs of which every artifact is known, and judges their
 * gates.  Everything lives in the arena. */
ost_rc ost_outcome_make(const ost_plan *plan, ost_batch *batch, const char *run,
                        ost_arena *arena, ost_outcome *o, ost_err *err);
/* True when no gate failed. */
bool ost_outcome_passed(const ost_outcome *o);
/* The same of a plan that has run: OST_EGATE when a gate failed. */
ost_rc ost_outcome_judge(const ost_plan *plan, ost_batch *batch, ost_err *err);
/* A table of the gates, a line each: "passed  metrics: pooled.auc >= 0.8 (is
 * 0.924)". */
void ost_outcome_gates(const ost_outcome *o, ost_buf *out);

void ost_outcome_encode(ost_buf *out, const ost_outcome *o);
/* Everything is copied into the arena; false when malformed. */
bool ost_outcome_decode(ost_reader *r, ost_arena *arena, ost_outcome *o);
/* True when every artifact is still in the store. */
bool ost_outcome_present(const ost_outcome *o, ost_store *store);

#endif
